//! `--here`: the answers one after the other at one keyboard.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::Identity;
use super::carry_out::{Arrived, Table};
use super::opened::Opened;
use super::report::{Exit, Failure};
use super::screen;
use super::table::why;
use crate::roster::name::Name;
use crate::world::TerminalError;

pub(super) fn run(table: &Table<'_>, own: Arrived) -> Result<(), Failure> {
    let context = table.context;
    let terminal = context.world.terminal;
    let request = table.found.verified.request();
    let opened = context.open()?;
    let set = opened.set(request.kind)?;
    let needed = usize::from(set.threshold.get());
    context.say("");
    context.say(&format!(
        "request {}: each who agrees answers here. What the key would sign stands above.",
        table.found.id
    ));
    context.say("This machine could copy each share that is opened on it; there is no second one to compare with.");
    let mut answered = vec![table.me.clone()];
    let mut arrived = vec![own];
    while arrived.len() < needed {
        let missing: Vec<Name> = set
            .shares
            .iter()
            .map(|dealt| dealt.holder.clone())
            .filter(|name| !answered.contains(name))
            .collect();
        context.say("");
        let question = format!(
            "{} of {needed}. Who is next ({}; or stop)? ",
            arrived.len(),
            screen::list(&missing)
        );
        let name = match terminal.ask(&question) {
            Ok(name) if name.trim() == "stop" => return Err(table.end("stopped at the terminal")),
            Ok(name) => name,
            Err(error) => return Err(table.end(&why(error))),
        };
        let Some(who) = missing.iter().find(|who| who.as_str() == name.trim()) else {
            context.note("one of those names");
            continue;
        };
        match answer(table, &opened, who) {
            Ok(Some(submission)) => {
                answered.push(who.clone());
                arrived.push(submission);
            }
            Ok(None) => context.say(&format!("{who} has not approved")),
            // A wrong file or passphrase is no reason to begin anew.
            Err(failure) => context.note(&failure.text()),
        }
    }
    context.say("");
    let question = format!("{needed} of {needed}. Carry it out? Type yes: ");
    match terminal.ask(&question) {
        Ok(answer) if answer.trim() == "yes" => table.carry_out_now(&arrived),
        Ok(_) => Err(table.end("not carried out after all")),
        Err(error) => Err(table.end(&why(error))),
    }
}

/// One holder's answer; none if it is no.
fn answer(table: &Table<'_>, opened: &Opened, who: &Name) -> Result<Option<Arrived>, Failure> {
    let context = table.context;
    let terminal = context.world.terminal;
    let request = table.found.verified.request();
    let stopped = |error: TerminalError| Failure::new(Exit::Failed, why(error));
    let agreed = terminal
        .ask(&format!("{who}, do you approve? Type yes: "))
        .map_err(stopped)?;
    if agreed.trim() != "yes" {
        return Ok(None);
    }
    let mut identity = Identity::default();
    if opened.member(who)?.seal.has_a_file() {
        let file = terminal
            .ask(&format!("{who}, the file of your key: "))
            .map_err(stopped)?;
        // No shell stands between the keyboard and this.
        let home = context.world.surroundings.home.as_deref();
        let file = file.trim();
        identity.identity = Some(match (file.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(file),
        });
    }
    let own = context.open_own(opened, who, request.kind, &identity)?;
    let answer = own.approve(&table.found.verified, "here", context.world.clock.now())?;
    context.say(&format!(
        "{who} approved; the share was true and is closed again"
    ));
    Ok(Some((
        PathBuf::from(format!("{who}'s answer")),
        Zeroizing::new(answer.submission),
    )))
}
