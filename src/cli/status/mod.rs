//! `quorate status`, and bare `quorate`: where the key stands, what is open, whose turn it is.

mod json;
mod remind;
mod view;

use clap::Args;
use quorate_share::Kind;

use super::attest::attested::lacking;
use super::context::Context;
use super::opened::Opened;
use super::opened::in_use::Successor;
use super::report::Failure;
use super::screen;
use crate::ceremony::explain;
use crate::vault::force::together;
use crate::vault::render::kind_word;
use crate::world::SafeText;
use view::{Open, View};

#[derive(Args)]
pub(super) struct Options {
    /// For programs: docs/status.schema.json describes it
    #[arg(long)]
    json: bool,
    /// A ready text for each person that something waits for, for mail or chat
    #[arg(long, conflicts_with = "json")]
    remind: bool,
}

/// Bare `quorate`: my turn?
pub(super) fn my_turn(context: &Context<'_>) -> Result<(), Failure> {
    let mut opened = context.open()?;
    let me = context.me(&opened)?;
    opened.me = Some(me.clone());
    let view = View::of(context, opened)?;
    match view.my_turn() {
        Some((what, next)) => {
            context.say(&format!("{me}, it is your turn: {what}"));
            context.say(&format!("  next: quorate {}", next.join(" ")));
        }
        None => {
            context.say(&format!("{me}, nothing waits for you"));
            if !view.master.missing.is_empty() {
                context.say(&format!(
                    "  missing receipts: {}",
                    screen::list(&view.master.missing)
                ));
            }
            if view.in_force() && !view.attested.is_enough() {
                context.say(&format!(
                    "  missing attestations: {}",
                    lacking(&view.attested)
                ));
            }
            for request in &view.requests {
                let here = match request.mine {
                    true => format!(", {} arrived here", request.arrived),
                    false => String::new(),
                };
                context.say(&format!(
                    "  request {}: {} of {} approved{here}; closes {}",
                    request.found.id,
                    request.approved.len(),
                    request.needed,
                    screen::time_left(view.now, request.found.verified.request().closes)
                ));
            }
            for drill in &view.drills {
                context.say(&format!(
                    "  drill {} by {} is open: quorate drill show {0}",
                    drill.id, drill.opener
                ));
            }
            let successors = view.opened.successors()?;
            if let Some(word) = rotation_due(&view, successors.first()) {
                context.say(&format!("  {word}: quorate rotate"));
            }
            if let Some(next) = after_its_end(context, &view, successors.first())? {
                context.say("  the key has ended");
                context.say(&format!("  next: {next}"));
            }
        }
    }
    Ok(())
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let view = View::of(context, context.open()?)?;
    if options.json {
        context.say(&format!("{:#}", json::of(&view)?));
        return Ok(());
    }
    if options.remind {
        remind::print(context, &view);
        return Ok(());
    }
    let opened = &view.opened;
    context.say(SafeText::new(&view.key.user_id).as_str());
    context.say(&explain::fingerprint(&opened.fingerprint));
    context.say(&format!(
        "{:<24} made {}, expires {} ({})",
        view.state().0,
        opened.created.day(),
        view.key.expires.day(),
        days_left(&screen::time_left(view.now, view.key.expires))
    ));
    if let Some(why) = &view.key.revoked {
        context.say(&format!("revoked        {why}"));
    }
    context.say("");
    let successors = opened.successors()?;
    let of_rotation = rotation(&view, successors.first());
    if !of_rotation.is_empty() {
        for line in of_rotation {
            context.say(&line);
        }
        context.say("");
    }
    for (number, subkey) in view.key.subkeys.iter().enumerate() {
        context.say(&format!(
            "{:<14} {}",
            if number == 0 { "subkeys" } else { "" },
            explain::fingerprint(&subkey.fingerprint)
        ));
        context.say(&format!("{:<14} {}", "", subkey.told));
    }
    if view.in_force() {
        let last = view
            .master
            .shown
            .values()
            .chain(view.revocation.shown.values())
            .max();
        context.say(&format!(
            "shares         {}, {}; {} receipts, last {}",
            threshold(opened, Kind::Master),
            threshold(opened, Kind::Revocation),
            if view.master.missing.is_empty() && view.revocation.missing.is_empty() {
                "all"
            } else {
                "NOT ALL"
            },
            last.map_or_else(|| "-".to_owned(), |last| last.day())
        ));
        let mut closed = view.master.closed.clone();
        closed.extend(view.revocation.closed.clone());
        for (without, by) in &closed {
            context.say(&format!("closed         without {without}, by {by}:"));
            context.say(&format!(
                "               whether {without}'s shares open isn't known"
            ));
        }
    } else {
        receipts(context, &view);
    }
    context.attestation_rows(opened, &view.attested, view.in_force());
    if view.in_force() && !view.has_ended() {
        context.say(&format!("last drill     {}", opened.last_drill().line()));
    }
    for holder in view.master.ahead.iter().chain(&view.revocation.ahead) {
        context.warn(&format!(
            "a receipt of {holder} is dated ahead of this clock; it isn't counted"
        ));
    }
    for request in &view.requests {
        request_rows(context, &view, request);
    }
    if view.requests.is_empty() {
        context.say(&format!(
            "requests       none open; {} carried out",
            view.done
        ));
    }
    for ended in &view.ended {
        context.say(&format!("ended          {ended}"));
    }
    for damaged in &view.damaged {
        context.warn(&format!("request {damaged}; it isn't counted"));
    }
    match view.my_turn() {
        Some((_, next)) => context.say(&format!("next           quorate {}", next.join(" "))),
        None => {
            let next = without_a_turn(context, &view, successors.first())?;
            context.say(&format!("next           {next}"));
        }
    }
    Ok(())
}

/// `in 53 days`, without the hours.
fn days_left(left: &str) -> &str {
    match left.split_once(" days ") {
        Some((days, _)) => &left[..days.len() + " days".len()],
        None => left,
    }
}

/// What is next if it is nobody's turn.
fn without_a_turn(
    context: &Context<'_>,
    view: &View,
    successor: Option<&Successor>,
) -> Result<String, Failure> {
    if let Some(next) = after_its_end(context, view, successor)? {
        return Ok(next.to_owned());
    }
    let me = view
        .opened
        .remembered_me()
        .map_or_else(String::new, |me| format!(", {me},"));
    let lacks_answers = |open: &Open| open.approved.len() < usize::from(open.needed);
    let others = match view.requests.iter().any(lacks_answers) {
        true => "; for those who haven't answered: quorate status --remind",
        false => "",
    };
    Ok(format!("you{me} have nothing to do{others}"))
}

/// What is left to do for a key that has ended.
fn after_its_end(
    context: &Context<'_>,
    view: &View,
    successor: Option<&Successor>,
) -> Result<Option<&'static str>, Failure> {
    let opened = &view.opened;
    // What `retire --clear` takes away.
    let mut holds_shares = false;
    for dealt in &opened.set(Kind::Revocation)?.shares {
        let sealed = opened.folder.join(&dealt.sealed);
        holds_shares |= context.world.files.kind(&sealed)?.is_some();
    }
    Ok(match (&view.key.revoked, successor) {
        _ if !view.has_ended() || !holds_shares => None,
        (Some(_), None) => {
            Some("make a new key in a new folder, and tell the users: docs/worst-day.md")
        }
        _ => Some("quorate retire"),
    })
}

/// Ten weeks before the key expires its rotation is due, six weeks before it is urgent.
const DUE: u64 = 70 * 86_400;
const URGENT: u64 = 42 * 86_400;

/// That a successor is certified, or that it is time for one.
fn rotation(view: &View, successor: Option<&Successor>) -> Vec<String> {
    if let Some(successor) = successor {
        let mut lines = vec![format!(
            "successor      {}",
            explain::fingerprint(&successor.fingerprint)
        )];
        let by = format!("certified by request {}", successor.request);
        lines.push(format!("{:<14} {by}", ""));
        if !view.has_ended() {
            let keep = "keep this key in custody until it has ended";
            lines.push(format!("{:<14} {keep}", ""));
        }
        return lines;
    }
    let next = "no successor is certified yet; next: quorate rotate";
    let due = rotation_due(view, None).map(|word| format!("{word:<14} {next}"));
    due.into_iter().collect()
}

/// Is it time for a successor?
fn rotation_due(view: &View, successor: Option<&Successor>) -> Option<&'static str> {
    let left = view.key.expires.seconds_since(view.now);
    match successor {
        None if !view.has_ended() && left <= URGENT => Some("ROTATION URGENT"),
        None if !view.has_ended() && left <= DUE => Some("ROTATION DUE"),
        _ => None,
    }
}

fn threshold(opened: &Opened, kind: Kind) -> String {
    opened.manifest().set(kind).map_or_else(String::new, |set| {
        format!(
            "{} {} of {}",
            kind_word(kind),
            set.threshold.get(),
            set.shares.len()
        )
    })
}

fn receipts(context: &Context<'_>, view: &View) {
    for (kind, force) in [
        (Kind::Master, &view.master),
        (Kind::Revocation, &view.revocation),
    ] {
        let Some(set) = view.opened.manifest().set(kind) else {
            continue;
        };
        context.say(&format!(
            "receipts       {:<11} {} of {}",
            kind_word(kind),
            force.shown.len(),
            set.shares.len()
        ));
        for dealt in &set.shares {
            let date = force
                .shown
                .get(&dealt.holder)
                .map_or_else(|| "-".to_owned(), |last| last.day());
            context.say(&format!("  {:<12} {date}", dealt.holder.to_string()));
        }
    }
    let missing = together(&view.master.missing, &view.revocation.missing);
    context.say(&format!("missing        {}", screen::list(&missing)));
    context.say(&format!(
        "in force       with all {}",
        view.opened.roster.len()
    ));
}

fn request_rows(context: &Context<'_>, view: &View, open: &Open) {
    let request = open.found.verified.request();
    context.say("");
    context.say(&format!(
        "request {:<10} {}; opened by {}",
        open.found.id,
        explain::title(&request.drafts),
        request.opener
    ));
    context.say(&format!(
        "                   closes {}, {}",
        screen::minute(request.closes),
        screen::time_left(view.now, request.closes)
    ));
    for (name, when) in &open.approved {
        context.say(&format!(
            "  {:<16} approved {}",
            name.to_string(),
            screen::minute(*when)
        ));
    }
    for decline in &open.declined {
        context.say(&format!(
            "  {:<16} declined {}   \"{}\"",
            decline.holder.to_string(),
            screen::minute(decline.signed),
            SafeText::limited(&decline.because, 200)
        ));
    }
    for name in &open.waiting {
        context.say(&format!("  {:<16} -", name.to_string()));
    }
    for told in view.opened.told_attempts(&*open.found.verified) {
        context.say(&format!("tried          {told}"));
    }
    let approved = open.approved.len();
    let missing = usize::from(open.needed).saturating_sub(approved);
    let total = approved + open.waiting.len() + open.declined.len();
    let mut needs = format!(
        "needs          {} of {total}; {approved} approved",
        open.needed
    );
    if missing > 0 {
        needs.push_str(&format!(
            "; missing: {missing} of {}",
            screen::list(&open.waiting)
        ));
    }
    if open.mine {
        needs.push_str(&format!("; {} arrived here", open.arrived));
    }
    context.say(&screen::folded(&needs, 15));
}
