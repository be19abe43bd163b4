//! Carrying a request out: the session, its answer checked, results and minutes, the end of the secrets.

use std::path::PathBuf;

use quorate_share::Kind;

use super::attempts::Sorted;
use super::own_files::sealed_path;
use super::{certified, own_files};
use crate::ceremony::explain;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::outcome::{self, Outcome};
use crate::ceremony::submission::Verdict;
use crate::cli::context::Context;
use crate::cli::desk::Desk;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::table::Table;
use crate::cli::opened::{Found, Opened};
use crate::cli::report::{self, Exit, Failure, path};
use crate::cli::screen;
use crate::openpgp::Plan;
use crate::openpgp::draft::{Destination, Draft};
use crate::roster::name::Name;
use crate::session::front::{self, Coming, Ran, Signing};
use crate::session::refusal::Refusal;
use crate::session::sign::{SignFailure, SignJob, SignReply};
use crate::world::SafeText;

impl Table<'_> {
    /// Signs with the submissions that are there, and writes what came of it.
    pub(in crate::cli) fn carry_out(
        &self,
        opened: &Opened,
        coming: Coming,
        submissions: &[Arrived],
    ) -> Result<(), Failure> {
        let (context, found) = (self.context, self.found);
        let (signing, ran) = self.sign(opened, coming, submissions)?;
        let reply = match signing {
            Signing::Done(reply) => reply,
            Signing::Refused(failure) => {
                tell_verdicts(context, submissions, &failure.verdicts);
                let sorted = Sorted::of(&failure.verdicts);
                self.was_in_vain(opened, sorted, &failure.refusal, &ran);
                return Err(refused(opened, found, &failure));
            }
        };
        tell_verdicts(context, submissions, &reply.verdicts);
        context.say(&screen::hardened(&ran));
        let (result, outcome) = self.accepted(opened, &reply)?;
        context.say(&told(&found.verified.request().drafts));
        self.record(opened, &reply, &ran, result, &outcome)?;
        // Its signatures are in the outcome, too.
        drop(reply);
        finish(context, opened, found, self.desk, &outcome)
    }

    /// The worker is believed in nothing: what it gave must be the drafts with their values.
    pub(in crate::cli) fn accepted(
        &self,
        opened: &Opened,
        reply: &SignReply,
    ) -> Result<(Vec<u8>, Outcome), Failure> {
        let verified = &self.found.verified;
        let result = outcome::write(verified.digest(), &reply.signatures)
            .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        let outcome = Outcome::read(&result, verified, opened.primary()).map_err(|error| {
            Failure::new(
                Exit::Forged,
                format!("what the session returned is refused: {error}"),
            )
            .fact("nothing was written")
        })?;
        Ok((result, outcome))
    }

    /// Has a locked-up process look at these submissions, and sign if they make a quorum.
    pub(in crate::cli) fn sign(
        &self,
        opened: &Opened,
        coming: Coming,
        submissions: &[Arrived],
    ) -> Result<(Signing, Ran), Failure> {
        self.with_job(opened, submissions, |job| {
            front::sign(coming, self.strict, job)
                .map_err(|error| report::session(&self.found.id, &error))
        })
    }

    /// What the session needs to carry it out with these submissions.
    pub(super) fn with_job<T>(
        &self,
        opened: &Opened,
        submissions: &[Arrived],
        run: impl FnOnce(&SignJob<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let world = &self.context.world;
        let set = opened.set(self.found.verified.request().kind)?;
        let key_file = opened.read(world.files, &set.file)?;
        let kept = self.kept(opened)?;
        self.secrets.identity.expose(|identity| {
            run(&SignJob {
                pin: opened.manifest().fingerprint.clone(),
                now: world.clock.now(),
                in_force: true,
                manifest: &opened.bytes,
                request: &self.found.file,
                key_file: &key_file,
                kept: &kept,
                identity,
                submissions: submissions
                    .iter()
                    .map(|(_, bytes)| bytes.as_slice())
                    .collect(),
            })
        })
    }

    /// The sealed revocation of a subkey, if this request releases it.
    fn kept(&self, opened: &Opened) -> Result<Vec<u8>, Failure> {
        let request = self.found.verified.request();
        let [draft] = request.drafts.as_slice() else {
            return Ok(Vec::new());
        };
        match (draft.destination(), draft.plan()) {
            (Destination::Released, Plan::RevokeSubkey { subkey, why, .. }) => {
                let kept = opened.kept(&subkey.fingerprint(), why.reason)?;
                Ok(kept.map_or_else(Vec::new, |(_, file)| file))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Results, minutes and approvals, durable before anything is deleted.
    pub(in crate::cli) fn record(
        &self,
        opened: &Opened,
        reply: &SignReply,
        ran: &Ran,
        result: Vec<u8>,
        outcome: &Outcome,
    ) -> Result<(), Failure> {
        let (context, found) = (self.context, self.found);
        let id = &found.id;
        let refused = reply.verdicts.iter().filter_map(|verdict| match verdict {
            Verdict::False(name) => Some(name.clone()),
            _ => None,
        });
        let minutes = Minutes {
            vault: opened.manifest().vault_id,
            request: found.verified.digest(),
            result: outcome.digest,
            operator: self.me.clone(),
            machine: context.world.surroundings.machine.to_string(),
            program: context.program()?,
            performed: context.world.clock.now(),
            used: reply.used.clone(),
            refused: refused.collect(),
            hardening: ran.hardening.to_string(),
            milliseconds: (ran.seconds * 1000.0) as u64,
            any_root_may_revoke: opened.any_root_may_revoke,
            heads: opened.heads(),
        };
        let minutes = minutes.sign(&self.secrets.holder_key).map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("the minutes can't be written: {error}"),
            )
        })?;
        let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
        for approval in &reply.approvals {
            let holder = opened.holder_of(approval, found)?;
            let relative = PathBuf::from(format!("approvals/{id}-{holder}.approval"));
            let there = context.world.files.kind(&opened.folder.join(&relative))?;
            // Who sent a false share and then a true one has approved twice; one word is enough.
            if there.is_none() && !files.iter().any(|(other, _)| *other == relative) {
                files.push((relative, approval.clone()));
            }
        }
        for (draft, sealed) in outcome.sealed(&found.verified.request().drafts) {
            if let Some(relative) = sealed_path(draft) {
                files.push((relative, sealed.to_vec()));
            }
        }
        files.push((PathBuf::from(format!("minutes/{id}.minutes")), minutes));
        files.push((PathBuf::from(format!("results/{id}.result")), result));
        context.write(opened, files)
    }
}

/// What the session has done with these drafts, in a line.
pub(in crate::cli) fn told(drafts: &[Draft]) -> String {
    let of = |destination| {
        let those = drafts
            .iter()
            .filter(|draft| draft.destination() == destination);
        those.count()
    };
    let signatures = |count: usize| match count {
        1 => "1 signature; it is the approved draft with its value filled in".to_owned(),
        count => {
            format!("{count} signatures: the approved drafts with their values filled in")
        }
    };
    if of(Destination::Released) > 0 {
        return "released   1 signature; it is the approved draft with the value made in advance"
            .to_owned();
    }
    let mut told = format!("signed     {}", signatures(of(Destination::Out)));
    let sealed = of(Destination::Sealed);
    if sealed > 0 {
        let s = if sealed == 1 { "" } else { "s" };
        told.push_str(&format!(
            "\nprepared   {sealed} revocation{s} for the worst day, sealed to the revocation set"
        ));
    }
    told
}

/// So many files that can't be opened are named.
const NAMED: usize = 5;

pub(super) fn tell_verdicts(context: &Context<'_>, submissions: &[Arrived], verdicts: &[Verdict]) {
    // The table first, in one piece.
    let (mut false_ones, mut warnings) = (Vec::new(), Vec::new());
    let mut junk = 0_usize;
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
            Verdict::Unopened if junk >= NAMED => junk += 1,
            Verdict::Unopened => {
                junk += 1;
                warnings.push(format!(
                    "a submission can't be opened, and is left out\n  for another request, or damaged: {}",
                    path(file)
                ));
            }
            Verdict::Refused(why) => warnings.push(format!(
                "{} is refused: {}; left out",
                path(file),
                SafeText::limited(why, 300)
            )),
        }
    }
    if junk > NAMED {
        warnings.push(format!("{} more can't be opened", junk - NAMED));
    }
    for warning in warnings {
        context.warn(&warning);
    }
    for name in false_ones {
        context.warn(&format!(
            "{name}'s share is damaged or false; nothing was made from it"
        ));
        context.note(&format!("  next: ask {name} to run: quorate share verify"));
    }
}

pub(in crate::cli) fn refused(opened: &Opened, found: &Found, failure: &SignFailure) -> Failure {
    let kind = found.verified.request().kind;
    if failure.refusal == Refusal::KeyFile && kind == Kind::Revocation {
        return Failure::new(
            Exit::Forged,
            "the revocation file is not the one that belongs to this vault",
        )
        .fact("nothing was released; nothing was changed")
        .next("git checkout revocation.1.age, or fetch it from another root");
    }
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
    too_few(opened, found, &used)
}

fn too_few(opened: &Opened, found: &Found, have: &[&Name]) -> Failure {
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
            "quorum not reached: {} of {needed} true shares so far",
            have.len()
        ),
    )
    .fact(format!(
        "missing: {} of {}",
        usize::from(needed) - have.len().min(usize::from(needed)),
        missing.join(", ")
    ))
    .fact("nothing was signed")
    .next(format!(
        "quorate perform {} again, when their submissions have come",
        found.id
    ))
}

/// The certificates with their certifications, to `out/`; then the secrets are deleted. Done again
/// without harm if it was interrupted.
pub(in crate::cli) fn finish(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    desk: &Desk,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let certified = certified::write(context, opened, found, desk, outcome)?;
    let own = own_files::write(context, opened, found, outcome)?;
    let cleared = desk.clear(context.world.files)?;
    let plural = if cleared.submissions == 1 { "" } else { "s" };
    if cleared.key {
        let are = match found.verified.request().kind {
            Kind::Revocation => "open the revocations that were made in advance",
            _ => "are the master key",
        };
        context.say(&format!(
            "deleted    the one-time key and {} submission{plural}. Until this disk and the key that\n           \
             sealed it are beyond recovery, enough old copies {are}.",
            cleared.submissions
        ));
    } else if cleared.live {
        context.say("deleted    the one-time key, which was in memory only: no old copy of an");
        context.say("           answer opens any more");
    }
    let title = explain::title(&found.verified.request().drafts);
    context.say("");
    context.say(&format!("done: {title}"));
    for file in &certified {
        context.say(&format!("  {}", path(file)));
    }
    for file in &own {
        context.say(&format!("  {}", path(&file.path)));
    }
    if !certified.is_empty() {
        context.advise("to publish: send the file to its owner; gpg --send-keys if they agree");
    }
    let next = own.iter().filter_map(|file| file.next.as_ref());
    for next in next.filter(|_| !context.goes_on.get()) {
        context.advise(&format!("next: {next}"));
    }
    let drafts = &found.verified.request().drafts;
    let sealed = outcome.sealed(drafts).next().is_some();
    context.share_by_git(
        &opened.folder,
        match sealed {
            true => "requests approvals results minutes revocations",
            false => "requests approvals results minutes",
        },
        &format!("Done {}", found.id),
    );
    Ok(())
}
