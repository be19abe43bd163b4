//! `quorate drill perform`: opens the practice file with the practice shares that have come.

use std::path::PathBuf;

use clap::Args;

use super::evidence::Found;
use crate::ceremony::approval::Approval;
use crate::ceremony::asked::Asked as _;
use crate::ceremony::drill::VerifiedDrill;
use crate::ceremony::drill_minutes::DrillMinutes;
use crate::ceremony::submission::Verdict;
use crate::cli::context::Context;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::one_time::Secrets;
use crate::cli::desk::table::Table;
use crate::cli::desk::{Desk, OneTimeKey};
use crate::cli::desk::{inbox, one_time};
use crate::cli::opened::Opened;
use crate::cli::perform::attempts::{Sorted, Tried};
use crate::cli::report::{self, Exit, Failure, path};
use crate::cli::{Identity, screen};
use crate::roster::name::Name;
use crate::session::drill::{DrillFailure, DrillJob, DrillReply, DrillVerdict};
use crate::session::front::{self, Coming, Drilling, Ran};
use crate::session::refusal::Refusal;
use crate::world::{SafeText, Timestamp};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The drill: its id, or the beginning of it
    drill: String,
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
    let found = opened.drill(&options.drill)?;
    let desk = context.drill_desk(&opened, &found.verified.digest())?;
    if opened.drilled(&found).is_some() {
        context.say(&format!("drill {} was carried out already", found.id));
        return finish(context, &opened, &found, &desk);
    }
    let me = context.me(&opened)?;
    if let Some(failure) = no_key(desk.key(context.world.files)?, &found) {
        return Err(failure);
    }
    let submissions = inbox::collect(context, &desk, &me, &found.id, &options.files)?;
    let now = context.world.clock.now();
    if let Err(error) = found.verified.open_at(now) {
        let tried = Tried {
            context,
            opened: &opened,
            found: &found,
            me: &me,
        };
        tried.too_late(&error, &submissions, &desk, &options.identity)?;
        return Err(super::refused(&found.id, &error));
    }
    opened.not_ended(&found)?;

    // It starts while gpg or a person opens the identity.
    let coming = context.worker(&found.id)?;
    let secrets = one_time::open(context, &opened, &me, &desk, &options.identity)?;
    let table = Table {
        context,
        found: &found,
        me: &me,
        desk: &desk,
        secrets: &secrets,
        strict: options.strict,
    };
    table.drill(&opened, coming, &submissions)
}

impl Table<'_, VerifiedDrill> {
    /// Opens the practice file with the practice shares that are there, and writes what came of it.
    pub(super) fn drill(
        &self,
        opened: &Opened,
        coming: Coming,
        submissions: &[Arrived],
    ) -> Result<(), Failure> {
        let (context, found) = (self.context, self.found);
        let now = context.world.clock.now();
        let set = opened.set(found.verified.kind())?;
        let practice_file = opened.read(context.world.files, &set.practice_file)?;
        let drilled = self.secrets.identity.expose(|identity| {
            let job = DrillJob {
                pin: opened.manifest().fingerprint.clone(),
                now,
                manifest: &opened.bytes,
                drill: &found.file,
                practice_file: &practice_file,
                identity,
                submissions: submissions
                    .iter()
                    .map(|(_, file)| file.as_slice())
                    .collect(),
            };
            front::drill(coming, self.strict, &job)
        });
        let (drilling, ran) = drilled.map_err(|error| report::session(&found.id, &error))?;
        let reply = match drilling {
            Drilling::Done(reply) => reply,
            Drilling::Refused(failure) => {
                tell(context, submissions, &failure.verdicts);
                let sorted = Sorted::of_a_drill(&failure.verdicts);
                self.was_in_vain(opened, sorted, &failure.refusal, &ran);
                return Err(refused(opened, found, &failure));
            }
        };
        tell(context, submissions, &reply.verdicts);
        context.say(&screen::hardened(&ran));
        context.say(&format!(
            "opened     {} with {} practice shares; nothing of the key was touched",
            SafeText::new(&set.practice_file),
            reply.took_part.len()
        ));
        record(context, opened, found, self.secrets, &reply, &ran, now)?;
        finish(context, &context.open()?, found, self.desk)
    }
}

/// Why the one-time key can't be used from here, if it can't.
fn no_key(key: OneTimeKey, found: &Found) -> Option<Failure> {
    let (id, drill) = (&found.id, found.verified.drill());
    Some(match key {
        OneTimeKey::OnDisk => return None,
        OneTimeKey::InMemory => Failure::new(
            Exit::Usage,
            format!("drill {id} is being held at another terminal of this machine"),
        )
        .next("carry it out there, or end it there with Ctrl-C"),
        OneTimeKey::Lost => Failure::new(
            Exit::Quorum,
            format!("drill {id} was held at one keyboard, and ended with its terminal"),
        )
        .fact("its one-time key was in memory only; no answer to it opens any more")
        .next(format!(
            "tell the others: quorate withdraw {id} --because 'its terminal was closed'"
        )),
        OneTimeKey::Elsewhere => Failure::new(
            Exit::Usage,
            format!("the one-time key of drill {id} isn't on this machine"),
        )
        .fact(format!(
            "{} opened it on {}",
            drill.opener,
            SafeText::new(&drill.machine)
        ))
        .next("let that be done there, or open a drill of your own"),
    })
}

/// Answers and minutes, durable before anything is deleted.
fn record(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    secrets: &Secrets,
    reply: &DrillReply,
    ran: &Ran,
    now: Timestamp,
) -> Result<(), Failure> {
    let id = &found.id;
    let mut refused: Vec<Name> = Vec::new();
    for verdict in &reply.verdicts {
        if let DrillVerdict::Real(name) | DrillVerdict::Answer(Verdict::False(name)) = verdict
            && !refused.contains(name)
        {
            refused.push(name.clone());
        }
    }
    let minutes = DrillMinutes {
        drill: found.verified.digest(),
        machine: context.world.surroundings.machine.to_string(),
        program: context.program()?,
        performed: now,
        took_part: reply.took_part.clone(),
        refused,
        hardening: ran.hardening.to_string(),
        milliseconds: (ran.seconds * 1000.0) as u64,
    };
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Failed,
            format!("the minutes can't be written: {error}"),
        )
    };
    let minutes = minutes
        .sign(&secrets.holder_key)
        .map_err(|error| failed(&error))?;
    // The worker is believed in nothing: what it gave must be what everybody will read.
    DrillMinutes::read(&minutes, opened.manifest(), &found.verified, now)
        .map_err(|error| failed(&error))?;
    let mut files: Vec<(PathBuf, Vec<u8>)> = Vec::new();
    for answer in &reply.answers {
        let read = Approval::read(answer, opened.manifest(), &*found.verified, now);
        let holder = read.map_err(|error| failed(&error))?.holder;
        let relative = PathBuf::from(format!("drills/{id}-{holder}.answer"));
        let there = context.world.files.kind(&opened.folder.join(&relative))?;
        if there.is_none() && !files.iter().any(|(other, _)| *other == relative) {
            files.push((relative, answer.clone()));
        }
    }
    files.push((PathBuf::from(format!("drills/{id}.minutes")), minutes));
    context.write(opened, files)
}

/// So many files that can't be opened are named.
const NAMED: usize = 5;

fn tell(context: &Context<'_>, submissions: &[Arrived], verdicts: &[DrillVerdict]) {
    let (mut false_ones, mut real_ones, mut junk) = (Vec::new(), Vec::new(), 0_usize);
    for ((file, _), verdict) in submissions.iter().zip(verdicts) {
        let row =
            |name: &Name, what: &str| context.say(&format!("  {:<8} {what}", name.to_string()));
        match verdict {
            DrillVerdict::Answer(Verdict::True(name)) => {
                row(name, "answered   practice share true")
            }
            DrillVerdict::Answer(Verdict::Again(name)) => {
                row(name, "answered   a second time; counted once");
            }
            DrillVerdict::Answer(Verdict::False(name)) => {
                let what =
                    "answered   PRACTICE SHARE FALSE: it isn't the one that was dealt; left out";
                row(name, what);
                false_ones.push(name);
            }
            DrillVerdict::Real(name) => {
                row(
                    name,
                    "answered   A REAL SHARE, which no drill takes; left out",
                );
                real_ones.push(name);
            }
            DrillVerdict::Answer(Verdict::Unopened) => {
                junk += 1;
                if junk <= NAMED {
                    context.warn(&format!(
                        "an answer can't be opened, and is left out\n  for another drill or a request, or damaged: {}",
                        path(file)
                    ));
                }
            }
            DrillVerdict::Answer(Verdict::Refused(why)) => context.warn(&format!(
                "{} is refused: {}; left out",
                path(file),
                SafeText::limited(why, 300)
            )),
        }
    }
    if junk > NAMED {
        context.warn(&format!("{} more can't be opened", junk - NAMED));
    }
    for name in false_ones {
        context.warn(&format!("{name}'s practice share is damaged or false"));
        context.note(&format!("  next: ask {name} to run: quorate share verify"));
    }
    for name in real_ones {
        context.warn(&format!(
            "{name} sent a REAL share to a drill; it was not used, but this machine could have read it"
        ));
        context.note(&format!(
            "  next: call {name}: no quorate does that; which program did?"
        ));
    }
}

fn refused(opened: &Opened, found: &Found, failure: &DrillFailure) -> Failure {
    match &failure.refusal {
        Refusal::TooFew => too_few(opened, found, &failure.verdicts),
        Refusal::KeyFile => Failure::new(
            Exit::Forged,
            "the practice file is not the one that belongs to this vault",
        )
        .fact("the practice shares can't be tried with it; nothing was changed")
        .next("git checkout practice.1.age, or fetch it from another root"),
        Refusal::Combining(why) => Failure::new(
            Exit::Forged,
            format!("the practice shares don't fit together: {why}"),
        )
        .fact("each of them is the one that was dealt: who dealt them made a mistake, or lied")
        .next("tell the others before anybody uses this key"),
        other => report::refused(&found.id, other),
    }
}

fn too_few(opened: &Opened, found: &Found, verdicts: &[DrillVerdict]) -> Failure {
    let is_true = |name: &Name| {
        let wanted = DrillVerdict::Answer(Verdict::True(name.clone()));
        verdicts.contains(&wanted)
    };
    let Ok(set) = opened.set(found.verified.kind()) else {
        return report::refused(&found.id, &Refusal::TooFew);
    };
    let names = set.shares.iter().map(|dealt| &dealt.holder);
    let (have, missing): (Vec<&Name>, Vec<&Name>) = names.partition(|name| is_true(name));
    let needed = usize::from(set.threshold.get());
    Failure::new(
        Exit::Quorum,
        format!(
            "quorum not reached: {} of {needed} true practice shares so far",
            have.len()
        ),
    )
    .fact(format!(
        "missing: {} of {}",
        needed.saturating_sub(have.len()),
        screen::list(&missing)
    ))
    .fact("this is what a drill is for: who could not answer, and why?")
    .next(format!(
        "quorate drill perform {} again, when their submissions have come",
        found.id
    ))
}

/// The secrets are deleted; done again without harm if it was interrupted.
fn finish(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    desk: &Desk,
) -> Result<(), Failure> {
    let cleared = desk.clear(context.world.files)?;
    if cleared.key {
        let s = if cleared.submissions == 1 { "" } else { "s" };
        context.say(&format!(
            "deleted    the one-time key and {} submission{s}",
            cleared.submissions
        ));
    } else if cleared.live {
        context.say("deleted    the one-time key, which was in memory only");
    }
    context.say("");
    if let Some(drilled) = opened.drilled(found) {
        context.say(&format!(
            "done: drill {} {}",
            found.id,
            super::list::told(found, &drilled)
        ));
    }
    let never = opened.last_drill().never;
    if !never.is_empty() {
        context.say(&format!("never yet in any drill: {}", screen::list(&never)));
    }
    context.share_by_git(
        &opened.folder,
        "drills",
        &format!("Drill {} done", found.id),
    );
    Ok(())
}
