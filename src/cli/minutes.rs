//! `quorate minutes`: what happened to a request, day by day, from what each of those who took part has signed.

use clap::Args;

use super::context::Context;
use super::opened::{Found, Opened};
use super::perform::attempts;
use super::report::{Exit, Failure};
use super::screen;
use crate::ceremony::explain;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::objection::Kind as No;
use crate::session::harden::Hardening;
use crate::world::{SafeText, Timestamp};

/// So many attempts of an opener are told one by one.
const TOLD: usize = 8;

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it; without one, all of them, oldest first
    #[arg(value_name = "REQUEST")]
    requests: Vec<String>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open_unpinned()?;
    let mut damaged = 0;
    let mut requests = Vec::new();
    if options.requests.is_empty() {
        for found in opened.requests() {
            match found {
                Ok(found) => requests.push(found),
                Err((id, error)) => {
                    damaged += 1;
                    context.warn(&format!(
                        "request {}: {}",
                        SafeText::limited(&id, 80),
                        SafeText::limited(&error.to_string(), 300)
                    ));
                }
            }
        }
        requests.sort_by_key(|found| found.verified.request().opened);
        if requests.is_empty() {
            context.say("no request was ever opened");
        }
    } else {
        for wanted in &options.requests {
            requests.push(opened.request(wanted)?);
        }
    }
    for (number, found) in requests.iter().enumerate() {
        if number > 0 {
            context.say("");
        }
        tell(context, &opened, found)?;
    }
    if !requests.is_empty() {
        proof(context, &opened);
    }
    if damaged > 0 {
        return Err(Failure::new(
            Exit::Forged,
            format!("requests that can't be told of: {damaged}"),
        )
        .next("quorate verify"));
    }
    Ok(())
}

/// What of it nobody has to believe.
fn proof(context: &Context<'_>, opened: &Opened) {
    context.say("proved by signatures: all but what was reported or tried, which is the opener's");
    context.say("signed word. The times are UTC, by the clock of each one's machine. The key is");
    let named = match context.names_the_key() {
        true => "which you named",
        false => "compare it (--key)",
    };
    let key = opened.primary().fingerprint();
    context.say(&format!("{key}, {named}"));
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
    // By a lie nobody can come before the request: an answer that is older isn't one.
    let mut events = said(opened, found);
    events.sort_by_key(|event| event.when);
    let outcome = opened.outcome(found);
    let reports: Vec<_> = opened.minutes_by_opener(found).collect();
    for minutes in &reports {
        let mut event = report(&minutes.0);
        let recorded = outcome.as_ref().ok().and_then(Option::as_ref);
        if recorded.is_some_and(|outcome| outcome.digest != minutes.0.result) {
            event
                .lines
                .push("of ANOTHER result than the one that is here".to_owned());
        }
        events.push(event);
    }
    for event in events {
        let time = screen::minute(event.when);
        let mut time = time.trim_end_matches(" UTC");
        for line in event.lines {
            context.say(&screen::folded(&format!("  {time:<16}  {line}"), 20));
            time = "";
        }
    }
    let now = context.world.clock.now();
    let result = match outcome? {
        Some(outcome) => {
            let n = outcome.values.len();
            let s = if n == 1 { "" } else { "s" };
            format!("{n} signature{s}, equal to the approved draft{s}")
        }
        None if !reports.is_empty() => "isn't here, although the minutes are".to_owned(),
        None if opened.ended(found)?.is_some() => "none, it had ended before".to_owned(),
        None if request.closes <= now => {
            format!("none, it closed {}", screen::minute(request.closes))
        }
        None => format!("none yet, it closes {}", screen::minute(request.closes)),
    };
    context.say(&format!("result   {result}"));
    Ok(())
}

/// What was asked and answered.
fn said(opened: &Opened, found: &Found) -> Vec<Event> {
    let request = found.verified.request();
    let opener = &request.opener;
    let approvals = opened.approvals(found);
    let both = approvals.iter().any(|(one, _)| one.way == "opener");
    let program = SafeText::limited(&request.program, 100).to_string();
    let program = program.split(" sha256 ").next().unwrap_or_default();
    let mut events = vec![Event::new(
        request.opened,
        format!(
            "{opener} opened it{} ({}, {program})",
            if both { " and approved" } else { "" },
            SafeText::limited(&request.machine, 60)
        ),
    )];
    for (approval, _) in approvals {
        let how = match approval.way.as_str() {
            "opener" => continue,
            "here" => format!("at {opener}'s machine"),
            "room" => "words in one room".to_owned(),
            "paper" => "words on paper".to_owned(),
            "other" => "words by another way".to_owned(),
            way => format!("words by {way}"),
        };
        let line = format!("{} approved ({how})", approval.holder);
        events.push(Event::new(approval.signed, line));
    }
    for (kind, did) in [(No::Decline, "declined"), (No::Withdrawal, "took it back")] {
        let mut known = Vec::new();
        for no in opened.objections(found, kind) {
            // A copy is nothing of its own.
            if !known.contains(&no) {
                let why = SafeText::limited(&no.because, 200);
                let line = format!("{} {did}: \"{why}\"", no.holder);
                events.push(Event::new(no.signed, line));
                known.push(no);
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
fn report(minutes: &Minutes) -> Event {
    let mut lines = vec![format!(
        "{} reports: shares of {} used",
        minutes.operator,
        screen::list(&minutes.used)
    )];
    if !minutes.refused.is_empty() {
        let refused = screen::list(&minutes.refused);
        lines.push(format!("refused as false: shares of {refused}"));
    }
    let hardening = match Hardening::parse(&minutes.hardening).map(|known| known.missing()) {
        Some(missing) if missing.is_empty() => "hardening complete".to_owned(),
        Some(missing) => format!("hardened, but without {}", missing.join(", ")),
        None => format!("hardening {}", SafeText::limited(&minutes.hardening, 100)),
    };
    lines.push(format!(
        "{hardening}; {:.3} s on {}",
        minutes.milliseconds as f64 / 1000.0,
        SafeText::limited(&minutes.machine, 60)
    ));
    let when = minutes.performed;
    Event { when, lines }
}
