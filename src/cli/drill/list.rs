//! `quorate drill list` and `quorate drill show`.

use super::Show;
use super::evidence::{Drilled, Found};
use crate::ceremony::asked::Asked as _;
use crate::ceremony::words;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::opened::answers::Ended;
use crate::cli::report::{Exit, Failure};
use crate::cli::screen;
use crate::vault::render::kind_word;
use crate::world::SafeText;

/// `2026-05-12 of the master set, in 5 hours, with anna, ben`.
pub(super) fn told(found: &Found, drilled: &Drilled) -> String {
    let took = match screen::time_left(found.verified.opened(), drilled.performed).as_str() {
        "now" | "in 0 minutes" => "in less than a minute".to_owned(),
        took => took.to_owned(),
    };
    format!(
        "{} of the {} set, {took}, with {}",
        drilled.performed.day(),
        kind_word(drilled.kind),
        screen::list(&drilled.with)
    )
}

pub(super) fn run(context: &Context<'_>) -> Result<(), Failure> {
    let opened = context.open()?;
    let mut drills: Vec<Found> = Vec::new();
    for drill in opened.drills() {
        match drill {
            Ok(found) => drills.push(found),
            Err((id, error)) => context.warn(&format!(
                "drills/{}.drill isn't counted: {error}",
                SafeText::new(&id)
            )),
        }
    }
    drills.sort_by_key(|found| found.verified.opened());
    for found in &drills {
        tell(context, &opened, found);
    }
    let all = opened.last_drill();
    context.say(&format!("last       {}", all.line()));
    let is_open = |found: &Found| {
        found.verified.open_at(opened.now).is_ok() && how_it_ended(&opened, found).is_none()
    };
    if all.last.is_none() && !drills.iter().any(is_open) {
        context.advise("  next: quorate drill open");
    }
    Ok(())
}

/// The drill, who declined it, and what was tried in vain before.
fn tell(context: &Context<'_>, opened: &Opened, found: &Found) {
    context.say(&line(opened, found));
    for no in opened.declines(found) {
        let why = SafeText::limited(&no.because, 200);
        context.say(&format!("{:<10} {} declined: \"{why}\"", "", no.holder));
    }
    for told in opened.told_attempts(&*found.verified) {
        context.say(&format!("{:<10} tried {told}", ""));
    }
}

/// That it was withdrawn, or declined by too many.
fn how_it_ended(opened: &Opened, found: &Found) -> Option<String> {
    Some(match opened.ended(found).ok()?? {
        Ended::Withdrawn(no) => {
            let why = SafeText::limited(&no.because, 200);
            format!("withdrawn by {}: \"{why}\"", no.holder)
        }
        Ended::Declined { left, needed, .. } => {
            format!("declined: {needed} are needed, {left} are left")
        }
    })
}

fn line(opened: &Opened, found: &Found) -> String {
    let drill = found.verified.drill();
    let state = match opened.drilled(found) {
        Some(drilled) => told(found, &drilled),
        None => {
            let ended = how_it_ended(opened, found);
            let names = opened.approved_by(found);
            let state = match found.verified.open_at(opened.now) {
                _ if ended.is_some() => ended.unwrap_or_default(),
                Ok(()) => format!("open until {}", screen::minute(drill.closes)),
                Err(_) => format!("closed {} without a quorum", screen::minute(drill.closes)),
            };
            let set = kind_word(drill.kind);
            format!("{state}; {set} set; answered: {}", screen::list(&names))
        }
    };
    format!("{:<10} opened by {}; {state}", found.id, drill.opener)
}

pub(super) fn show(context: &Context<'_>, options: &Show) -> Result<(), Failure> {
    let opened = context.open()?;
    let found = opened.drill(&options.drill)?;
    let (drill, digest) = (found.verified.drill(), found.verified.digest());
    if options.words {
        let desk = context.drill_desk(&opened, &digest)?;
        if !desk.key(context.world.files)?.is_here() {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "the words of {} are printed on {}'s machine only",
                    found.id, drill.opener
                ),
            )
            .fact("they compare two machines; this one has nothing to compare with by itself")
            .next(format!("ask {} to say them", drill.opener)));
        }
        context.say(&screen::words(&words::of(&[digest])));
        return Ok(());
    }
    context.say(super::NOTHING_AT_STAKE);
    tell(context, &opened, &found);
    context.say(&format!("digest     {digest}"));
    context.say(&format!("machine    {}", SafeText::new(&drill.machine)));
    context.say(&format!("program    {}", SafeText::new(&drill.program)));
    Ok(())
}
