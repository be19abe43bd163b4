//! `quorate show`: any request, explained to anybody from its bytes.

use clap::Args;

use super::context::Context;
use super::opened::answers::Ended;
use super::opened::{Found, Opened};
use super::report::{Exit, Failure};
use super::{display, new_holders, screen};
use crate::ceremony::words;
use crate::vault::record::Digest;
use crate::world::SafeText;

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it; several are shown one after the other
    #[arg(required = true, value_name = "REQUEST")]
    requests: Vec<String>,
    /// Print the eight words again, of several requests their common ones; on the opener's machine only
    #[arg(long)]
    words: bool,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let requests = options
        .requests
        .iter()
        .map(|wanted| opened.request(wanted))
        .collect::<Result<Vec<_>, _>>()?;
    if options.words {
        return print_words(context, &opened, &requests);
    }
    for (number, found) in requests.iter().enumerate() {
        if number > 0 {
            context.say("");
        }
        explain(context, &opened, found)?;
    }
    Ok(())
}

/// The words of requests that were opened on this machine.
fn print_words(context: &Context<'_>, opened: &Opened, requests: &[Found]) -> Result<(), Failure> {
    let mut digests: Vec<Digest> = Vec::new();
    for found in requests {
        let desk = context.desk(opened, &found.verified.digest())?;
        let digest = found.verified.compared();
        if !desk.key(context.world.files)?.is_here() {
            let opener = &found.verified.request().opener;
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "the words of {} are printed on {opener}'s machine only",
                    found.id
                ),
            )
            .fact("they compare two machines; this one has nothing to compare with by itself")
            .next(format!("ask {opener} to say them")));
        }
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }
    context.say(&screen::words(&words::of(&digests)));
    Ok(())
}

fn explain(context: &Context<'_>, opened: &Opened, found: &Found) -> Result<(), Failure> {
    let request = found.verified.request();
    context.say(&format!(
        "request {}   opened by {} on {}, {}",
        found.id,
        request.opener,
        SafeText::new(&request.machine),
        screen::minute(request.opened)
    ));
    context.say(&format!("digest     {}", found.verified.digest()));
    context.say(&format!(
        "with key   {}",
        crate::ceremony::explain::fingerprint(&request.fingerprint)
    ));
    display::to_compare(context, opened, request)?;
    new_holders::tell(context, opened, request)?;
    if request.with.is_some() {
        context.say(
            "pair       with a request of another key: both are carried out together, or none",
        );
    }
    let program = SafeText::new(&request.program).to_string();
    let program = program.replacen(" sha256 ", "\n  sha256   ", 1);
    context.say(&format!("program    {program}"));
    let set = opened.set(request.kind)?;
    let names = opened.approved_by(found);
    context.say(&format!(
        "approved   {}; needs {}",
        screen::list(&names),
        set.threshold.get()
    ));
    for no in opened.declines(found) {
        let why = SafeText::limited(&no.because, 200);
        context.say(&format!("declined   {}: \"{why}\"", no.holder));
    }
    for told in opened.told_attempts(&*found.verified) {
        context.say(&format!("tried      {told}"));
    }
    let now = context.world.clock.now();
    let ended = opened.ended(found)?;
    let state = if opened.outcome(found)?.is_some() {
        "carried out".to_owned()
    } else if let Some(Ended::Withdrawn(no)) = &ended {
        let why = SafeText::limited(&no.because, 200);
        format!("withdrawn by {}: \"{why}\"", no.holder)
    } else if let Some(Ended::Declined { left, needed, .. }) = &ended {
        format!("declined: {needed} are needed, {left} are left")
    } else if request.closes <= now {
        format!("closed {}", screen::minute(request.closes))
    } else {
        format!(
            "closes {}, {}",
            screen::minute(request.closes),
            screen::time_left(now, request.closes)
        )
    };
    context.say(&format!("state      {state}"));
    Ok(())
}
