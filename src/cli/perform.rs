//! `quorate perform`: carries out a request with the submissions that have come.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::carry_out::{Arrived, Secrets, Table, finish};
use super::context::Context;
use super::desk::{Desk, OneTimeKey, submissions_in};
use super::opened::{Found, Opened};
use super::report::{self, Exit, Failure, path};
use super::{Identity, screen};
use crate::ceremony::submission::MAX_SUBMISSION;
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::session::front::Purpose;
use crate::session::locked::LockedBytes;
use crate::world::{Kind as FileKind, SafeText};

/// So many bytes of submissions are looked at: a thousand times what a team sends.
const MAX_TOGETHER: usize = 64 << 20;

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

impl Options {
    /// Of this request, with what lies in the inbox.
    pub(super) fn of(request: &str, strict: bool, identity: &Identity) -> Self {
        Self {
            request: request.to_owned(),
            files: Vec::new(),
            strict,
            identity: identity.clone(),
        }
    }
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
    if let Some(failure) = no_key(desk.key(context.world.files)?, &found) {
        return Err(failure);
    }
    let submissions = collect(context, &desk, &me, id, &options.files)?;
    found
        .verified
        .open_at(now)
        .map_err(|error| closed(&opened, &found, &error))?;
    opened.not_ended(&found)?;
    context.needs_force_for(&opened, request)?;
    opened.same_state(&found)?;

    // It starts while gpg or a person opens the identity.
    let coming = context.worker(Purpose::Sign, id)?;
    let secrets = open_desk(context, &opened, &me, &desk, &options.identity)?;
    let table = Table {
        context,
        found: &found,
        me: &me,
        desk: &desk,
        secrets: &secrets,
        strict: options.strict,
    };
    table.carry_out(&opened, coming, &submissions)
}

/// Why the one-time key can't be used from here, if it can't.
fn no_key(key: OneTimeKey, found: &Found) -> Option<Failure> {
    let (id, request) = (&found.id, found.verified.request());
    Some(match key {
        OneTimeKey::OnDisk => return None,
        OneTimeKey::InMemory => Failure::new(
            Exit::Usage,
            format!("{id} is live: its one-time key is in the memory of another process here"),
        )
        .next("carry it out there, or end it there with Ctrl-C"),
        OneTimeKey::Lost => Failure::new(
            Exit::Quorum,
            format!("{id} was live, and ended with its terminal"),
        )
        .fact("its one-time key was in memory only; no answer to it opens any more")
        .next(format!(
            "tell the others: quorate withdraw {id} --because 'its terminal was closed'"
        )),
        OneTimeKey::Elsewhere => Failure::new(
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
        )),
    })
}

/// The submissions that were named, the own one, and what else lies in the inbox: path and bytes. Whoever fills the
/// inbox with junk keeps nobody from working: what is named counts first.
fn collect(
    context: &Context<'_>,
    desk: &Desk,
    me: &Name,
    id: &str,
    named: &[PathBuf],
) -> Result<Vec<Arrived>, Failure> {
    let files = context.world.files;
    let mut paths = Vec::new();
    for name in named {
        let place = context.world.surroundings.resolve(name);
        match files.kind(&place)? {
            Some(FileKind::Folder) => {
                let all = submissions_in(files, &place)?;
                paths.extend(all.into_iter().filter(|file| !names_another(file, id)));
            }
            Some(_) => paths.push(place),
            None => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("there is no {}", path(&place)),
                ));
            }
        }
    }
    let mut arrived = desk.arrived(files)?;
    let own = desk.inbox.join(format!("{me}.submission"));
    arrived.sort_by_key(|file| *file != own);
    paths.extend(arrived);
    let (mut submissions, mut together, mut left) = (Vec::new(), 0, 0_usize);
    for file in paths {
        if together >= MAX_TOGETHER {
            left += 1;
            continue;
        }
        match files.read(&file, MAX_SUBMISSION) {
            Ok(bytes) => {
                together += bytes.len();
                submissions.push((file, bytes));
            }
            Err(error) => {
                context.warn(&format!("{} was left out: {}", path(&file), error.fault));
            }
        }
    }
    if left > 0 {
        context.warn(&format!(
            "{left} more files were not looked at: together they are too large"
        ));
        context.note(&format!(
            "  next: name the good ones, or look into {}",
            path(&desk.inbox)
        ));
    }
    Ok(submissions)
}

/// A file that `approve` wrote for another request, by its name: `c41f9e2-ben.submission`.
fn names_another(file: &Path, id: &str) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    let named = name.and_then(|name| name.split_once('-'));
    named.is_some_and(|(named, _)| {
        named.len() == id.len() && named != id && named.bytes().all(|b| b.is_ascii_hexdigit())
    })
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
        identity: LockedBytes::new(Zeroizing::new(identity.as_bytes().to_vec())),
        holder_key: HolderKey::parse(key).map_err(|_| damaged())?,
    })
}

fn closed(opened: &Opened, found: &Found, error: &crate::ceremony::RequestError) -> Failure {
    let approvals = opened.approvals(found);
    let names: Vec<String> = approvals
        .iter()
        .map(|(approval, _)| approval.holder.to_string())
        .collect();
    report::request(&found.id, error).fact(format!("approved by then: {}", screen::list(&names)))
}
