//! `--here`: the answers one after the other at one keyboard, to a request or a drill.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::at_once::why;
use crate::ceremony::asked::Asked;
use crate::cli::Identity;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::table::Table;
use crate::cli::opened::Opened;
use crate::cli::own_share::{Answer, OwnShare};
use crate::cli::report::{Exit, Failure};
use crate::cli::screen;
use crate::roster::name::Name;
use crate::world::TerminalError;

/// What a request and a drill do each in their own way.
pub(in crate::cli) trait AtOneKeyboard {
    /// What those who sit there are told first.
    fn invitation(&self) -> String;
    /// What each is asked.
    fn question(&self) -> &'static str;
    /// What is told of who has answered.
    fn thanks(&self) -> &'static str;
    /// What is told of who won't.
    fn regrets(&self) -> &'static str;
    /// One holder's answer.
    fn answer_of(&self, own: &OwnShare<'_>) -> Result<Answer, Failure>;
    /// The end, with the answers of enough.
    fn carry_out_now(&self, arrived: &[Arrived]) -> Result<(), Failure>;
}

impl AtOneKeyboard for Table<'_> {
    fn invitation(&self) -> String {
        format!(
            "request {}: each who agrees answers here.\n\
             What the key would sign stands above. This machine could copy each share that is\n\
             opened on it; there is no second one to compare with.",
            self.found.id
        )
    }

    fn question(&self) -> &'static str {
        "do you approve?"
    }

    fn thanks(&self) -> &'static str {
        "approved; the share was true and is closed again"
    }

    fn regrets(&self) -> &'static str {
        "has not approved"
    }

    fn answer_of(&self, own: &OwnShare<'_>) -> Result<Answer, Failure> {
        own.approve(&self.found.verified, "here", self.context.world.clock.now())
    }

    fn carry_out_now(&self, arrived: &[Arrived]) -> Result<(), Failure> {
        Table::carry_out_now(self, arrived)
    }
}

pub(in crate::cli) fn run<A: Asked>(table: &Table<'_, A>, own: Arrived) -> Result<(), Failure>
where
    for<'t> Table<'t, A>: AtOneKeyboard,
{
    let context = table.context;
    let terminal = context.world.terminal;
    let opened = context.open()?;
    let set = opened.set(table.found.verified.kind())?;
    let needed = usize::from(set.threshold.get());
    context.say("");
    context.say(&table.invitation());
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
            Ok(None) => context.say(&format!("{who} {}", table.regrets())),
            // A wrong file or passphrase is no reason to begin anew.
            Err(failure) => context.note(&failure.text()),
        }
    }
    context.say("");
    let question = format!("{needed} of {needed}. Carry it out? Type yes: ");
    match terminal.ask(&question) {
        Ok(answer) if answer.trim() == "yes" => AtOneKeyboard::carry_out_now(table, &arrived),
        Ok(_) => Err(table.end("not carried out after all")),
        Err(error) => Err(table.end(&why(error))),
    }
}

/// One holder's answer; none if it is no.
fn answer<A: Asked>(
    table: &Table<'_, A>,
    opened: &Opened,
    who: &Name,
) -> Result<Option<Arrived>, Failure>
where
    for<'t> Table<'t, A>: AtOneKeyboard,
{
    let context = table.context;
    let terminal = context.world.terminal;
    let stopped = |error: TerminalError| Failure::new(Exit::Failed, why(error));
    let agreed = terminal
        .ask(&format!("{who}, {} Type yes: ", table.question()))
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
    let own = context.open_own(opened, who, table.found.verified.kind(), &identity)?;
    let answer = table.answer_of(&own)?;
    context.say(&format!("{who} {}", table.thanks()));
    Ok(Some((
        PathBuf::from(format!("{who}'s answer")),
        Zeroizing::new(answer.submission),
    )))
}
