//! `quorate perform` of one of a pair: both are carried out in one session, or none.

use std::path::PathBuf;
use std::rc::Rc;

use super::attempts::Sorted;
use super::carry_out::{finish, refused, tell_verdicts, told};
use super::{Options, closed, no_key};
use crate::ceremony::outcome::Outcome;
use crate::cli::context::Context;
use crate::cli::desk::Desk;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::table::Table;
use crate::cli::desk::{inbox, one_time};
use crate::cli::opened::{Found, Opened};
use crate::cli::pair::{self, Other};
use crate::cli::report::{self, Failure};
use crate::cli::screen;
use crate::roster::name::Name;
use crate::session::front::{self, Coming, PairSigning};

/// One of the two, in its vault.
struct Side<'s, 'w> {
    context: &'s Context<'w>,
    opened: &'s Opened,
    found: &'s Found,
    desk: Desk,
}

pub(super) fn run(
    context: &Context<'_>,
    coming: Coming,
    opened: Opened,
    found: Found,
    options: &Options,
) -> Result<(), Failure> {
    let me = context.me(&opened)?;
    let folder = pair::folder(context, &opened, &found, options.also.as_deref())?
        .ok_or_else(|| pair::not_at_hand(&found))?;
    let other = Other::open(context, &found, &me, &folder)?;
    let sides = [
        Side::of(context, &opened, &found)?,
        Side::of(&other.context, &other.opened, &other.found)?,
    ];
    let recorded = [sides[0].recorded()?, sides[1].recorded()?];
    if let [Some(first), Some(second)] = &recorded {
        for (side, outcome) in sides.iter().zip([first, second]) {
            side.context.say(&format!(
                "request {} was carried out already; this is its recorded result",
                side.found.id
            ));
            side.finish(outcome)?;
        }
        return Ok(());
    }
    for (side, recorded) in sides.iter().zip(&recorded) {
        side.can_be_performed(recorded.is_some())?;
    }
    let [this, that] = &sides;
    let submissions = [
        this.collect(&me, &options.files, that)?,
        that.collect(&me, &options.files, this)?,
    ];
    let secrets = [this.secrets(&me, options)?, that.secrets(&me, options)?];
    let tables = [0, 1].map(|at| Table {
        context: sides[at].context,
        me: &me,
        found: sides[at].found,
        desk: &sides[at].desk,
        secrets: &secrets[at],
        strict: options.strict,
    });
    let (signing, ran) = tables[0].with_job(this.opened, &submissions[0], |first| {
        tables[1].with_job(that.opened, &submissions[1], |second| {
            front::sign_pair(coming, options.strict, [first, second])
                .map_err(|error| report::session(&found.id, &error))
        })
    })?;
    let replies = match signing {
        PairSigning::Done(replies) => *replies,
        PairSigning::Refused(refusal) => {
            let at = usize::from(refusal.of != 0);
            let (side, failure) = (&sides[at], &refusal.failure);
            side.tell(&submissions[at], &failure.verdicts);
            let sorted = Sorted::of(&failure.verdicts);
            tables[at].was_in_vain(side.opened, sorted, &failure.refusal, &ran);
            return Err(refused(side.opened, side.found, failure).fact(format!(
                "{} and {} are a pair: both are carried out or none",
                this.found.id, that.found.id
            )));
        }
    };
    for (at, reply) in replies.iter().enumerate() {
        sides[at].tell(&submissions[at], &reply.verdicts);
    }
    context.say(&screen::hardened(&ran));
    // Both are looked at before either is written.
    let accepted = [
        tables[0].accepted(this.opened, &replies[0])?,
        tables[1].accepted(that.opened, &replies[1])?,
    ];
    let mut outcomes = Vec::with_capacity(2);
    for (at, (recorded, (result, outcome))) in recorded.into_iter().zip(accepted).enumerate() {
        let side = &sides[at];
        if let Some(recorded) = recorded {
            side.context.say(&format!(
                "recorded   {} already, by a perform that was stopped",
                side.found.id
            ));
            outcomes.push(recorded);
            continue;
        }
        side.context
            .say(&told(&side.found.verified.request().drafts));
        tables[at].record(side.opened, &replies[at], &ran, result, &outcome)?;
        outcomes.push(Rc::new(outcome));
    }
    // Nothing secret goes before both results are there.
    for (side, outcome) in sides.iter().zip(&outcomes) {
        side.finish(outcome)?;
    }
    Ok(())
}

impl<'s, 'w> Side<'s, 'w> {
    fn of(context: &'s Context<'w>, opened: &'s Opened, found: &'s Found) -> Result<Self, Failure> {
        Ok(Self {
            context,
            opened,
            found,
            desk: context.desk(opened, &found.verified.digest())?,
        })
    }

    /// Its result, if it has one.
    fn recorded(&self) -> Result<Option<Rc<Outcome>>, Failure> {
        self.opened.outcome(self.found)
    }

    /// Refuses what can't be carried out now. Of one that has its result, only the key is asked for.
    fn can_be_performed(&self, is_recorded: bool) -> Result<(), Failure> {
        let (context, opened, found) = (self.context, self.opened, self.found);
        // First, since a withdrawal takes the key away.
        if !is_recorded {
            opened.not_ended(found)?;
        }
        if let Some(failure) = no_key(self.desk.key(context.world.files)?, found) {
            return Err(failure);
        }
        found
            .verified
            .open_at(context.world.clock.now())
            .map_err(|error| closed(opened, found, &error))?;
        if is_recorded {
            return Ok(());
        }
        context.needs_force_for(opened, found.verified.request())?;
        opened.same_state(found)
    }

    /// What has come for it; a file that was written for the other isn't looked at.
    fn collect(
        &self,
        me: &Name,
        named: &[PathBuf],
        other: &Side<'_, '_>,
    ) -> Result<Vec<Arrived>, Failure> {
        let beginning = format!("{}-", other.found.id);
        let named: Vec<PathBuf> = named
            .iter()
            .filter(|file| {
                let name = file.file_name().and_then(|name| name.to_str());
                !name.is_some_and(|name| name.starts_with(&beginning))
            })
            .cloned()
            .collect();
        inbox::collect(self.context, &self.desk, me, &self.found.id, &named)
    }

    fn secrets(
        &self,
        me: &Name,
        options: &Options,
    ) -> Result<crate::cli::desk::one_time::Secrets, Failure> {
        one_time::open(self.context, self.opened, me, &self.desk, &options.identity)
    }

    fn tell(&self, submissions: &[Arrived], verdicts: &[crate::ceremony::submission::Verdict]) {
        self.context.say(&format!("request {}", self.found.id));
        tell_verdicts(self.context, submissions, verdicts);
    }

    fn finish(&self, outcome: &Outcome) -> Result<(), Failure> {
        finish(self.context, self.opened, self.found, &self.desk, outcome)
    }
}
