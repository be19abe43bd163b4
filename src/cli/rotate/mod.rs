//! `quorate rotate`: where the succession stands, and its next step. Killed anywhere, it goes on.

mod ask;
mod files;
mod json;
pub(super) mod successor;

use std::path::PathBuf;

use clap::Args;
use quorate_share::Kind;

use super::context::Context;
use super::create::succeed;
use super::create::{self, read_config};
use super::opened::{Found, Opened};
use super::report::{Exit, Failure, path};
use super::{Identity, attest, perform, screen};
use crate::ceremony::{explain, pair};
use crate::roster::name::Name;
use crate::vault::force::together;
use crate::world::SafeText;
use successor::Place;

#[derive(Args)]
pub(super) struct Options {
    /// The folder of the successor's vault; default: beside this one, named after the cycle
    #[arg(long, value_name = "DIR")]
    successor: Option<PathBuf>,
    /// At the first step: the announcement is final, as the template has it; don't ask
    #[arg(long = "final")]
    is_final: bool,
    /// With the request to the old key's holders: bind the subkey that a signing host offers, by the new key's. The
    /// two requests stand or fall together
    #[arg(long, value_name = "OFFER")]
    pub bind: Option<PathBuf>,
    /// Where it stands, for programs (docs/rotation.schema.json); nothing is done
    #[arg(long, conflicts_with_all = ["is_final", "bind", "strict"])]
    json: bool,
    /// Refuse to work if this machine lacks any hardening
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    pub identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let old = context.open()?;
    old.needs_the_time()?;
    let me = context.me(&old)?;
    let folder = match successor::find(context, &old, options.successor.as_deref())? {
        Place::Made(folder) => folder,
        Place::Begun(_) | Place::Nowhere if options.json => {
            return print(context, &json::without_successor(&old)?);
        }
        Place::Begun(folder) => return first_step(context, &old, &me, options, Some(folder)),
        Place::Nowhere => return first_step(context, &old, &me, options, None),
    };
    let there = context.at(&folder, Some(&me));
    let new = there.open()?;
    if new.predecessor.as_ref() != Some(&old.fingerprint) {
        return Err(Failure::new(
            Exit::Usage,
            format!("{} doesn't hold this key's successor", path(&folder)),
        )
        .fact(match &new.predecessor {
            None => "its key succeeds none".to_owned(),
            Some(other) => format!("its key succeeds {}", explain::fingerprint(other)),
        })
        .next("name the right folder: --successor DIR"));
    }
    new.needs_the_time()?;
    only_one(&old, &new)?;
    let succession = Succession {
        context,
        there: &there,
        old: &old,
        new: &new,
        me: &me,
        options,
    };
    if options.json {
        return print(context, &succession.to_json()?);
    }
    successor::remember(context, &old, &folder, true)?;
    succession.go_on()
}

fn print(context: &Context<'_>, value: &serde_json::Value) -> Result<(), Failure> {
    context.say(&serde_json::to_string_pretty(value).unwrap_or_default());
    Ok(())
}

/// Makes the successor.
fn first_step(
    context: &Context<'_>,
    old: &Opened,
    me: &Name,
    options: &Options,
    folder: Option<PathBuf>,
) -> Result<(), Failure> {
    if options.bind.is_some() {
        return Err(too_early());
    }
    // The calendar is of no interest where nothing can be done any more.
    succeed::still_vouches(old)?;
    context.needs_force(old, Kind::Master)?;
    let config = read_config(context, &old.folder)?;
    let cycle = successor::next_cycle(&config, old)?;
    succeed::can_be_succeeded(old, &config.user_id(cycle))?;
    let folder = folder.unwrap_or_else(|| successor::beside(&old.folder, cycle));
    context.say(&format!(
        "{}\n-> {}",
        SafeText::new(&old.user_id),
        SafeText::new(&config.user_id(cycle))
    ));
    context.say("> 1 successor   2 receipts   3 attested   4 approved   5 published");
    successor::remember(context, old, &folder, false)?;
    successor::take_along(context, old, &folder)?;
    let there = context.at(&folder, Some(me));
    let create =
        create::Options::of_successor(&cycle.name, &old.folder, options.is_final, options.strict);
    create::run(&there, &create)?;
    successor::remember(context, old, &folder, true)?;
    context.say("");
    context.say(&format!(
        "made {0}: all of you: quorate share receipt --vault {0}",
        screen::beside(context, &folder)
    ));
    context.say("  next: quorate rotate (here), once the receipts have come");
    Ok(())
}

/// `--bind` before the old key's holders are asked.
fn too_early() -> Failure {
    Failure::new(Exit::Usage, "--bind goes with the old key's request")
        .fact("it isn't due yet: receipts and attestations of the new key come first; nothing was changed")
        .next("quorate rotate, without --bind")
}

/// Refuses a second successor.
fn only_one(old: &Opened, new: &Opened) -> Result<(), Failure> {
    let successors = old.successors()?;
    let Some(other) = successors
        .iter()
        .find(|successor| successor.fingerprint != new.fingerprint)
    else {
        return Ok(());
    };
    Err(
        Failure::new(Exit::Forged, "the old key has certified another successor")
            .fact(format!("there  {}", explain::fingerprint(&other.fingerprint)))
            .fact(format!("here   {}", explain::fingerprint(&new.fingerprint)))
            .fact("there are never two: the newer vault must be given up")
            .next("call the other roots; quorate create --discard in the one that nobody has receipts for"),
    )
}

/// A succession between two vaults that this machine has.
pub(super) struct Succession<'a> {
    pub context: &'a Context<'a>,
    /// The same person, at the new vault.
    pub there: &'a Context<'a>,
    pub old: &'a Opened,
    pub new: &'a Opened,
    pub me: &'a Name,
    pub options: &'a Options,
}

/// How the old key's request stands.
pub(super) enum Asked {
    Not,
    Open(Found),
    Done(Found),
}

impl Succession<'_> {
    fn go_on(&self) -> Result<(), Failure> {
        let (old, new) = (self.old, self.new);
        let key = old.key_now()?;
        self.context.say(&format!(
            "{}\n-> {}",
            SafeText::new(&old.user_id),
            SafeText::new(&new.user_id)
        ));
        self.context.say(&format!(
            "the old key expires {}, {}",
            key.expires.day(),
            screen::time_left(old.now, key.expires)
        ));
        let missing = self.missing_receipts()?;
        let attested = new.attested()?;
        let asked = self.asked()?;
        let mark = |step: u8| {
            if step == self.step(&missing, attested.is_enough(), &asked) {
                ">"
            } else {
                " "
            }
        };
        let receipts = new.roster.len() - missing.len();
        self.context.say(&format!(
            "  1 done {} 2 receipts {receipts} of {} {} 3 attested by {} ({} needed)\n{} 4 {} {} 5 published",
            mark(2),
            new.roster.len(),
            mark(3),
            attested.by.len(),
            attested.needed,
            mark(4),
            match &asked {
                Asked::Not => "approved: not asked yet".to_owned(),
                Asked::Open(found) => format!("approved {}", self.approved(found)?),
                Asked::Done(_) => "approved".to_owned(),
            },
            mark(5),
        ));
        let step = self.step(&missing, attested.is_enough(), &asked);
        self.can_bind(step, &asked)?;
        match step {
            2 => Err(
                Failure::new(Exit::Quorum, "receipts of the new key are missing")
                    .fact(format!("missing: {}", screen::list(&missing)))
                    .fact("nothing was changed")
                    .next(format!(
                        "each of them: quorate share receipt --vault {}; then: quorate rotate",
                        screen::beside(self.context, &new.folder)
                    )),
            ),
            3 => self.attest(),
            4 => match asked {
                Asked::Open(found) => self.carry_out(&found),
                _ => self.ask(),
            },
            _ => match asked {
                Asked::Done(found) => self.publish(&found),
                _ => self.ask(),
            },
        }
    }

    /// Refuses to bind a subkey where no request of the old key's is opened that it could go with.
    fn can_bind(&self, step: u8, asked: &Asked) -> Result<(), Failure> {
        let is_the_pair = |found: &Found| found.verified.request().with.is_some();
        match asked {
            _ if self.options.bind.is_none() => Ok(()),
            Asked::Not if step == 4 => Ok(()),
            // Typed again.
            Asked::Open(found) | Asked::Done(found) if is_the_pair(found) => Ok(()),
            Asked::Not => Err(too_early()),
            Asked::Open(_) | Asked::Done(_) => Err(Failure::new(
                Exit::Usage,
                "the old key's holders are asked already, without the subkey",
            )
            .fact("nothing was opened")
            .next("quorate subkey bind OFFER, in the new vault")),
        }
    }

    /// Which step is next.
    pub(super) fn step(&self, missing: &[Name], attested: bool, asked: &Asked) -> u8 {
        match asked {
            Asked::Done(_) => 5,
            _ if !missing.is_empty() => 2,
            _ if !attested => 3,
            _ => 4,
        }
    }

    /// Writes the files; first what a `perform` that was killed has left undone, its one-time key above all.
    fn publish(&self, found: &Found) -> Result<(), Failure> {
        let (context, old) = (self.context, self.old);
        let mut cleared = context
            .desk(old, &found.verified.digest())?
            .is_cleared(context.world.files)?;
        if let Some(other) = self.other(found)? {
            let digest = other.found.verified.digest();
            let desk = other.context.desk(&other.opened, &digest)?;
            cleared &= desk.is_cleared(context.world.files)?;
        }
        if !cleared {
            self.perform(found)?;
        }
        files::publish(context, old, self.new, found)
    }

    pub(super) fn perform(&self, found: &Found) -> Result<(), Failure> {
        let (strict, identity) = (self.options.strict, &self.options.identity);
        let mut options = perform::Options::of(&found.id, strict, identity);
        if found.verified.request().with.is_some() {
            options.also = Some(self.new.folder.clone());
        }
        self.context.goes_on.set(true);
        perform::run(self.context, &options)
    }

    /// Whose receipts keep the new key's sets from being in force.
    pub(super) fn missing_receipts(&self) -> Result<Vec<Name>, Failure> {
        let mut missing = Vec::new();
        for kind in [Kind::Master, Kind::Revocation] {
            let force = self.new.force(kind, self.new.now)?;
            if !force.is_in_force() {
                missing = together(&missing, &force.not_closed());
            }
        }
        Ok(missing)
    }

    fn attest(&self) -> Result<(), Failure> {
        let attested = self.new.attested()?;
        if attested.missing().contains(self.me) {
            self.there.goes_on.set(true);
            attest::run(self.there, &attest::Options::default())?;
        }
        let attested = self.there.open()?.attested()?;
        if attested.is_enough() {
            self.context
                .say("attested by enough of you; next: quorate rotate");
            return Ok(());
        }
        Err(Failure::new(
            Exit::Quorum,
            format!(
                "{} attestations of the new key are missing",
                attested.lacking()
            ),
        )
        .fact(format!("who can: {}", screen::list(&attested.missing())))
        .next(format!(
            "each of them: quorate attest --vault {}; then: quorate rotate",
            screen::beside(self.context, &self.new.folder)
        )))
    }

    /// The old key's request about this successor. Any holder can open more: of several, one that is no half of a pair
    /// comes first, then one of this machine's.
    pub(super) fn asked(&self) -> Result<Asked, Failure> {
        let mut open: Option<((bool, bool), Found)> = None;
        for found in self.old.requests().into_iter().flatten() {
            if found.successor() != Some(self.new.fingerprint.clone()) {
                continue;
            }
            if self.old.outcome(&found)?.is_some() {
                return Ok(Asked::Done(found));
            }
            if self.old.is_alive(&found)? {
                let desk = self.context.desk(self.old, &found.verified.digest())?;
                let is_here = desk.key(self.context.world.files)?.is_here();
                let rank = (self.is_whole(&found), is_here);
                if open.as_ref().is_none_or(|(best, _)| *best <= rank) {
                    open = Some((rank, found));
                }
            }
        }
        Ok(open.map_or(Asked::Not, |(_, found)| Asked::Open(found)))
    }

    /// Is it alone, or is the other one of the pair there, too?
    fn is_whole(&self, found: &Found) -> bool {
        let mut there = self.new.requests().into_iter().flatten();
        found.verified.request().with.is_none()
            || there.any(|other| pair::is_one(&found.verified, &other.verified))
    }

    fn approved(&self, found: &Found) -> Result<String, Failure> {
        let needed = self.old.set(Kind::Master)?.threshold.get();
        Ok(format!("{} of {needed}", self.old.approvals(found).len()))
    }
}
