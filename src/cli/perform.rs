//! `quorate perform`: carries out a request with the submissions that have come.

use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use super::certified;
use super::context::Context;
use super::desk::Desk;
use super::opened::{Found, Opened};
use super::report::{self, Exit, Failure, path};
use super::{Identity, screen};
use crate::ceremony::explain;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::outcome::{self, Outcome};
use crate::ceremony::submission::{MAX_SUBMISSION, Verdict};
use crate::openpgp::draft::Draft;
use crate::openpgp::manifest_signature::primary_of;
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::session::front::{self, Coming, Purpose, Ran, Signing};
use crate::session::refusal::Refusal;
use crate::session::sign::{SignFailure, SignJob, SignReply};
use crate::world::{Kind as FileKind, SafeText};

/// A submission as it came: its file and its bytes.
type Arrived = (PathBuf, Zeroizing<Vec<u8>>);

/// So many submissions are looked at; a vault has at most 255 holders.
const MAX_SUBMISSIONS: usize = 1000;

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it
    request: String,
    /// Submissions, or folders of them; this machine's inbox is looked at in any case
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Refuse to work if this machine lacks any hardening
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let found = opened.request(&options.request)?;
    let id = &found.id;
    let desk = context.desk(&opened, &found.verified.digest())?;
    if let Some(outcome) = opened.outcome(&found)? {
        context.say(&format!(
            "request {id} was carried out already; this is its recorded result"
        ));
        return finish(context, &opened, &found, &desk, &outcome);
    }
    let me = context.me(&opened)?;
    let request = found.verified.request();
    let now = context.world.clock.now();
    if !desk.is_there(context.world.files)? {
        return Err(Failure::new(
            Exit::Usage,
            format!("the one-time key of {id} isn't on this machine"),
        )
        .fact(format!(
            "{} opened it on {}",
            request.opener,
            SafeText::new(&request.machine)
        ))
        .next(format!(
            "let {} perform it, or open a request of your own",
            request.opener
        )));
    }
    let submissions = collect(context, &desk, &options.files)?;
    found
        .verified
        .open_at(now)
        .map_err(|error| closed(context, &opened, &found, &error))?;
    opened.not_ended(&found)?;
    context.needs_force(&opened, request.kind)?;
    let primary = primary_of(opened.manifest().certificate.as_bytes())
        .map_err(|error| Failure::new(Exit::Forged, error.to_string()))?;

    // It starts while gpg or a person opens the identity.
    let coming = Coming::start(&context.world.programs.worker_program(), Purpose::Sign)
        .map_err(|error| report::session(id, &error))?;
    let secrets = open_desk(context, &opened, &me, &desk, &options.identity)?;
    let key_file = opened.read(context.world.files, &opened.set(request.kind)?.file)?;
    let job = SignJob {
        pin: opened.manifest().fingerprint.clone(),
        now,
        in_force: true,
        manifest: &opened.bytes,
        request: &found.file,
        key_file: &key_file,
        identity: secrets.identity.as_bytes(),
        submissions: submissions
            .iter()
            .map(|(_, bytes)| bytes.as_slice())
            .collect(),
    };
    let (signing, ran) =
        front::sign(coming, options.strict, &job).map_err(|error| report::session(id, &error))?;
    let reply = match signing {
        Signing::Done(reply) => reply,
        Signing::Refused(failure) => {
            tell_verdicts(context, &submissions, &failure.verdicts);
            return Err(refused(&opened, &found, &failure));
        }
    };
    tell_verdicts(context, &submissions, &reply.verdicts);
    context.say(&screen::hardened(&ran));

    // The worker is believed in nothing: what it gave must be the drafts with their values.
    let result = outcome::write(found.verified.digest(), &reply.signatures)
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let outcome = Outcome::read(&result, &found.verified, &primary).map_err(|error| {
        Failure::new(
            Exit::Forged,
            format!("what the session returned is refused: {error}"),
        )
        .fact("nothing was written")
    })?;
    let count = outcome.signatures.len();
    context.say(&if count == 1 {
        "signed     1 signature; it is the approved draft with its value filled in".to_owned()
    } else {
        format!("signed     {count} signatures; they are the approved drafts with their values filled in")
    });
    record(
        context,
        &opened,
        &found,
        &me,
        &secrets.holder_key,
        &reply,
        &ran,
        result,
        &outcome,
    )?;
    finish(context, &opened, &found, &desk, &outcome)
}

/// The submissions in the inbox and in what was named: path and bytes.
fn collect(context: &Context<'_>, desk: &Desk, named: &[PathBuf]) -> Result<Vec<Arrived>, Failure> {
    let files = context.world.files;
    let mut paths = Vec::new();
    let named = named
        .iter()
        .map(|name| context.world.surroundings.resolve(name));
    for place in std::iter::once(desk.inbox.clone()).chain(named) {
        match files.kind(&place)? {
            Some(FileKind::Folder) => {
                let entries = files.list(&place)?;
                let inside = entries.iter().filter(|e| {
                    e.kind == FileKind::File
                        && e.text().is_some_and(|name| name.ends_with(".submission"))
                });
                paths.extend(inside.map(|entry| place.join(&entry.name)));
            }
            Some(_) => paths.push(place),
            None if place == desk.inbox => (),
            None => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("there is no {}", path(&place)),
                ));
            }
        }
    }
    if paths.len() > MAX_SUBMISSIONS {
        return Err(Failure::new(
            Exit::Failed,
            format!(
                "{} submissions are more than {MAX_SUBMISSIONS}",
                paths.len()
            ),
        )
        .next("name those that you want to use"));
    }
    let mut submissions = Vec::new();
    for file in paths {
        match files.read(&file, MAX_SUBMISSION) {
            Ok(bytes) => submissions.push((file, bytes)),
            Err(error) => {
                context.warn(&format!("{} was left out: {}", path(&file), error.fault));
            }
        }
    }
    Ok(submissions)
}

/// What was sealed to the opener when the request was opened.
struct Secrets {
    identity: Zeroizing<String>,
    holder_key: HolderKey,
}

fn open_desk(
    context: &Context<'_>,
    opened: &Opened,
    me: &Name,
    desk: &Desk,
    identity: &Identity,
) -> Result<Secrets, Failure> {
    let sealed = context.world.files.read(&desk.one_time, MAX_SUBMISSION)?;
    let text = context
        .decrypt(opened, me, &desk.one_time, &sealed, identity)?
        .text;
    let damaged = || {
        Failure::new(Exit::Forged, format!("{} is damaged", path(&desk.one_time)))
            .next("open a new request")
    };
    let text = std::str::from_utf8(&text).map_err(|_| damaged())?;
    let rest = text
        .strip_prefix("quorate one-time 1\n")
        .ok_or_else(damaged)?;
    let (identity, key) = rest.split_once('\n').ok_or_else(damaged)?;
    Ok(Secrets {
        identity: Zeroizing::new(identity.to_owned()),
        holder_key: HolderKey::parse(key).map_err(|_| damaged())?,
    })
}

fn tell_verdicts(context: &Context<'_>, submissions: &[Arrived], verdicts: &[Verdict]) {
    let mut false_ones = Vec::new();
    for ((file, _), verdict) in submissions.iter().zip(verdicts) {
        let row =
            |name: &Name, what: &str| context.say(&format!("  {:<8} {what}", name.to_string()));
        match verdict {
            Verdict::True(name) => row(name, "approved   share true"),
            Verdict::False(name) => {
                row(
                    name,
                    &format!("approved   SHARE FALSE: it isn't the one dealt to {name}; left out"),
                );
                false_ones.push(name.clone());
            }
            Verdict::Again(name) => row(name, "approved   a second time; counted once"),
            Verdict::Unopened => context.warn(&format!(
                "{} can't be opened: for another request, or damaged; left out",
                path(file)
            )),
            Verdict::Refused(why) => context.warn(&format!(
                "{} is refused: {}; left out",
                path(file),
                SafeText::limited(why, 300)
            )),
        }
    }
    for name in false_ones {
        context.warn(&format!(
            "{name}'s share is damaged or false; nothing was made from it"
        ));
        context.note(&format!("  next: ask {name} to run: quorate share verify"));
    }
}

fn refused(opened: &Opened, found: &Found, failure: &SignFailure) -> Failure {
    if failure.refusal != Refusal::TooFew {
        return report::refused(&found.id, &failure.refusal);
    }
    let used: Vec<&Name> = failure
        .verdicts
        .iter()
        .filter_map(|verdict| match verdict {
            Verdict::True(name) => Some(name),
            _ => None,
        })
        .collect();
    too_few(opened, found, &used, "so far")
}

fn too_few(opened: &Opened, found: &Found, have: &[&Name], when: &str) -> Failure {
    let request = found.verified.request();
    let Ok(set) = opened.set(request.kind) else {
        return report::refused(&found.id, &Refusal::NotInForce);
    };
    let missing: Vec<String> = set
        .shares
        .iter()
        .filter(|dealt| !have.contains(&&dealt.holder))
        .map(|dealt| dealt.holder.to_string())
        .collect();
    let needed = set.threshold.get();
    Failure::new(
        Exit::Quorum,
        format!(
            "quorum not reached: {} of {needed} true shares {when}",
            have.len()
        ),
    )
    .fact(format!(
        "missing: {} of {}",
        usize::from(needed) - have.len().min(usize::from(needed)),
        missing.join(", ")
    ))
    .fact("nothing was signed; the vault is unchanged")
    .next(format!(
        "quorate perform {} again, when their submissions have come",
        found.id
    ))
}

fn closed(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    error: &crate::ceremony::RequestError,
) -> Failure {
    let approvals = opened.approvals(found);
    let names: Vec<String> = approvals
        .iter()
        .map(|(approval, _)| approval.holder.to_string())
        .collect();
    let _ = context;
    report::request(&found.id, error).fact(format!("approved by then: {}", screen::list(&names)))
}

/// Results, minutes and approvals, durable before anything is deleted.
#[allow(clippy::too_many_arguments)] // all of them are facts of one event, used here once
fn record(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    me: &Name,
    key: &HolderKey,
    reply: &SignReply,
    ran: &Ran,
    result: Vec<u8>,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let id = &found.id;
    let refused = reply.verdicts.iter().filter_map(|verdict| match verdict {
        Verdict::False(name) => Some(name.clone()),
        _ => None,
    });
    let minutes = Minutes {
        vault: opened.manifest().vault_id,
        request: found.verified.digest(),
        result: outcome.digest,
        operator: me.clone(),
        machine: context.world.surroundings.machine.to_string(),
        program: context.program()?,
        performed: context.world.clock.now(),
        used: reply.used.clone(),
        refused: refused.collect(),
        hardening: ran.hardening.to_string(),
        milliseconds: (ran.seconds * 1000.0) as u64,
        heads: opened.heads(),
    };
    let minutes = minutes.sign(key).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("the minutes can't be written: {error}"),
        )
    })?;
    let mut files = Vec::new();
    for approval in &reply.approvals {
        let holder = opened.holder_of(approval, found)?;
        let relative = PathBuf::from(format!("approvals/{id}-{holder}.approval"));
        if context
            .world
            .files
            .kind(&opened.folder.join(&relative))?
            .is_none()
        {
            files.push((relative, approval.clone()));
        }
    }
    files.push((PathBuf::from(format!("minutes/{id}.minutes")), minutes));
    files.push((PathBuf::from(format!("results/{id}.result")), result));
    context.write(opened, files)
}

/// The certificates with their certifications, to `out/`; then the secrets are deleted. Done again
/// without harm if it was interrupted.
fn finish(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    desk: &Desk,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let written = certified::write(context, opened, found, desk, outcome)?;
    let deleted = desk.clear(context.world.files)?;
    if deleted > 0 {
        let submissions = deleted.saturating_sub(1);
        let plural = if submissions == 1 { "" } else { "s" };
        context.say(&format!(
            "deleted    the one-time key and {submissions} submission{plural}. Until this disk and the key that\n           \
             sealed it are beyond recovery, enough old copies are the master key."
        ));
    }
    let title = explain::title(found.verified.request().drafts.iter().map(Draft::plan));
    context.say("");
    context.say(&format!("done: {title}"));
    for file in &written {
        context.say(&format!("  {}", path(file)));
    }
    context.advise("to publish: send the file to its owner; gpg --send-keys if they agree");
    context.share_by_git(
        &opened.folder,
        "results minutes approvals",
        &format!("Done {}", found.id),
    );
    Ok(())
}
