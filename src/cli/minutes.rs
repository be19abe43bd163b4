//! `quorate minutes`: what happened to a request, day by day, from what each of those who took part has signed.

use std::collections::HashSet;

use clap::Args;

use super::context::Context;
use super::opened::answers::Ended;
use super::opened::{Found, Opened};
use super::perform::attempts::{self, TOLD};
use super::report::{Exit, Failure};
use super::screen;
use crate::ceremony::approval::{Approval, OPENER};
use crate::ceremony::explain;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::objection::Kind as No;
use crate::session::harden::Hardening;
use crate::vault::render::kind_word;
use crate::world::{SafeText, Timestamp};

/// Where what was done stands, and where a line of it goes on.
const COLUMN: usize = 20;

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it; without one, all of them, oldest first
    #[arg(value_name = "REQUEST")]
    requests: Vec<String>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open_unpinned()?;
    let mut damaged = 0;
    let mut damage = |what: &str| {
        damaged += 1;
        context.warn(what);
    };
    for file in &opened.evidence.unreadable {
        damage(file);
    }
    let mut requests = Vec::new();
    for wanted in &options.requests {
        requests.push(opened.request(wanted)?);
    }
    if options.requests.is_empty() {
        for found in opened.requests() {
            match found {
                Ok(found) => requests.push(found),
                Err((id, error)) => damage(&format!(
                    "request {}: {}",
                    SafeText::limited(&id, 80),
                    SafeText::limited(&error.to_string(), 300)
                )),
            }
        }
        requests.sort_by_key(|found| found.verified.request().opened);
    }
    for (number, found) in requests.iter().enumerate() {
        if number > 0 {
            context.say("");
        }
        if let Err(failure) = tell(context, &opened, found) {
            damage(failure.what());
        }
    }
    match requests.is_empty() {
        false => proof(context, &opened),
        true if damaged == 0 => context.say("no request is here"),
        true => {}
    }
    if damaged > 0 {
        let what = format!("not genuine, or not readable: {damaged}; the rest was told");
        return Err(Failure::new(Exit::Forged, what).next("quorate verify"));
    }
    Ok(())
}

/// What of it nobody has to believe.
fn proof(context: &Context<'_>, opened: &Opened) {
    let named = match context.names_the_key() {
        true => "which you named",
        false => "compare it (--key)",
    };
    context.say("");
    context.say("proved   who said what, by their signatures; the result, by the key's");
    context.say("told     times, machines, programs and ways, by each signer; what was reported");
    context.say("         or tried, by the opener alone");
    context.say("unseen   what was taken out of this folder");
    context.say(&format!(
        "key      {}, {named}",
        opened.primary().fingerprint()
    ));
}

/// What somebody did, and when by that machine's clock.
struct Event {
    when: Timestamp,
    lines: Vec<String>,
}

impl Event {
    fn new(when: Timestamp, line: String) -> Self {
        let lines = vec![line];
        Self { when, lines }
    }
}

fn tell(context: &Context<'_>, opened: &Opened, found: &Found) -> Result<(), Failure> {
    let request = found.verified.request();
    let title = explain::title(&request.drafts);
    context.say(&screen::folded(
        &format!("Minutes of {}: {title}", found.id),
        2,
    ));
    let set = opened.set(request.kind)?;
    context.say(&format!(
        "  asked of the {} set, {} of {} needed",
        kind_word(request.kind),
        set.threshold.get(),
        set.shares.len()
    ));
    if request.with.is_some() {
        context.say("  one of a pair; the other is another key's, in that key's vault");
    }
    let approvals = opened.approvals(found);
    let approvals: Vec<Approval> = approvals
        .into_iter()
        .map(|(approval, _)| approval)
        .collect();
    let outcome = opened.outcome(found);
    let recorded = outcome.as_ref().ok().and_then(Option::as_ref);
    let mut known = HashSet::new();
    // A copy is nothing of its own.
    let reports = opened.minutes_by_opener(found);
    let mut reports: Vec<_> = reports.filter(|one| known.insert(one.1)).collect();
    // Its opener can write as many as he likes: those of the result that is here come first.
    reports.sort_by_key(|one| recorded.is_none_or(|outcome| outcome.digest != one.0.result));
    let mut events = answered(opened, found, &approvals);
    for minutes in reports.iter().take(TOLD) {
        let mut event = report(opened, found, &approvals, &minutes.0);
        if recorded.is_some_and(|outcome| outcome.digest != minutes.0.result) {
            event
                .lines
                .push("of ANOTHER result than the one that is here".to_owned());
        }
        events.push(event);
    }
    // Clocks differ by up to a day; what answers or reports still comes after what it is about.
    events.sort_by_key(|event| event.when);
    events.insert(0, opening(found, &approvals));
    for event in events {
        tell_event(context, event);
    }
    let result = match &outcome {
        Ok(Some(outcome)) => opened.told_result(found, outcome, approvals.len()),
        Ok(None) if !reports.is_empty() => "not here, or not proved by what is here".to_owned(),
        Ok(None) => unanswered(opened, found)?,
        Err(_) => "NOT GENUINE".to_owned(),
    };
    context.say(&screen::folded(&format!("result   {result}"), 9));
    outcome.map(drop)
}

fn tell_event(context: &Context<'_>, event: Event) {
    let time = screen::minute(event.when);
    let mut time = time.trim_end_matches(" UTC");
    for line in event.lines {
        // What goes on below is indented, so that no quoted text can pass for a line of ours.
        let line = format!("  {time:<16}  {line}");
        context.say(&screen::folded(&line, COLUMN + 4));
        time = "";
    }
}

/// Why there is no result.
fn unanswered(opened: &Opened, found: &Found) -> Result<String, Failure> {
    let closes = screen::minute(found.verified.request().closes);
    Ok(match opened.ended(found)? {
        Some(Ended::Withdrawn(no)) => format!("none: withdrawn by {}", no.holder),
        Some(Ended::Declined { left, needed, .. }) => {
            format!("none: declined, {needed} are needed and {left} are left")
        }
        None if opened.is_alive(found)? => format!("none yet; it closes {closes}"),
        None if found.verified.request().closes <= opened.now => {
            format!("none: it closed {closes}")
        }
        None => "none: what it was asked for has changed since".to_owned(),
    })
}

fn opening(found: &Found, approvals: &[Approval]) -> Event {
    let request = found.verified.request();
    let approved = approvals.iter().any(|one| one.way == OPENER);
    let program = request.program.split(" sha256 ").next().unwrap_or_default();
    let line = format!(
        "{} opened it{} ({}, {})",
        request.opener,
        if approved { " and approved" } else { "" },
        named(&request.machine),
        named(program)
    );
    Event::new(request.opened, line)
}

/// What was answered, and what was tried.
fn answered(opened: &Opened, found: &Found, approvals: &[Approval]) -> Vec<Event> {
    let mut events = Vec::new();
    for approval in approvals {
        let how = match approval.way.as_str() {
            // Told with the opening.
            OPENER => continue,
            "here" => "at the opener's machine",
            "room" => "words in one room",
            "paper" => "words on paper",
            "voice" => "words by voice",
            _ => "words by another way",
        };
        let line = format!("{} approved ({how})", approval.holder);
        events.push(Event::new(approval.signed, line));
    }
    for (kind, did) in [(No::Decline, "declined"), (No::Withdrawal, "took it back")] {
        let mut all: Vec<_> = opened.objections(found, kind).collect();
        all.sort_by_key(|no| no.signed);
        let mut told = HashSet::new();
        // Of several by one holder the last.
        for no in all.into_iter().rev() {
            if told.insert(no.holder.clone()) {
                let line = format!("{} {did}: {}", no.holder, quoted(&no.because));
                events.push(Event::new(no.signed, line));
            }
        }
    }
    let tried = opened.attempts(&*found.verified);
    let before = tried.len().saturating_sub(TOLD);
    for (number, attempt) in tried.iter().enumerate().skip(before) {
        let mut lines = attempts::how_it_ended(attempt);
        lines.insert(0, format!("{} tried in vain:", attempt.operator));
        if number == before && before > 0 {
            lines.push(format!("and {before} times before"));
        }
        let when = attempt.tried;
        events.push(Event { when, lines });
    }
    events
}

/// What the operator reports of the session.
fn report(opened: &Opened, found: &Found, approvals: &[Approval], minutes: &Minutes) -> Event {
    let (operator, used) = (&minutes.operator, screen::list(&minutes.used));
    let mut lines = vec![format!("{operator} reports: shares of {used} used")];
    let mut missing = minutes.used.clone();
    missing.retain(|name| !approvals.iter().any(|one| one.holder == *name));
    if !missing.is_empty() {
        lines.push(format!(
            "whose approvals AREN'T HERE: {}",
            screen::list(&missing)
        ));
    }
    if !minutes.refused.is_empty() {
        let refused = screen::list(&minutes.refused);
        lines.push(format!("refused as false: shares of {refused}"));
    }
    let hardening = match Hardening::parse(&minutes.hardening).map(|known| known.missing()) {
        Some(missing) if missing.is_empty() => "hardening complete".to_owned(),
        Some(missing) => format!("hardened, but without {}", missing.join(", ")),
        None => format!("hardening in no known form: {}", quoted(&minutes.hardening)),
    };
    let seconds = minutes.milliseconds as f64 / 1000.0;
    let machine = named(&minutes.machine);
    lines.push(format!("{hardening}; {seconds:.3} s on {machine}"));
    let (earliest, latest) = (found.verified.request().opened, opened.now);
    let when = minutes.performed;
    if when.plus_days(1) < earliest || when > latest.plus_days(1) {
        lines.push("at a time that CAN'T BE".to_owned());
    }
    Event { when, lines }
}

/// Somebody's own words: what they quote themselves is made plain.
fn quoted(text: &str) -> String {
    let text = SafeText::limited(text, 200).to_string();
    format!("\"{}\"", text.replace('"', "'"))
}

/// A machine or a program, quoted if it is called like nothing that is one.
fn named(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._+ ".contains(c);
    match text.chars().all(fits) && text.len() <= 60 {
        true => text.to_owned(),
        false => quoted(text),
    }
}
