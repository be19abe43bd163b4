//! `quorate drill answer`: as `approve`, with the practice share.

use std::path::PathBuf;

use clap::Args;

use super::NOTHING_AT_STAKE;
use super::evidence::Found;
use crate::ceremony::asked::Asked as _;
use crate::cli::context::Context;
use crate::cli::desk::inbox::Outgoing;
use crate::cli::eight_words::{About, Heard};
use crate::cli::opened::Opened;
use crate::cli::own_share::Answer;
use crate::cli::report::{Failure, path};
use crate::cli::{Identity, screen};
use crate::roster::name::Name;
use crate::vault::render::kind_word;
use crate::world::{Batch, SafeText};

/// Why the vault is no place for a submission.
const NOT_FOR_GIT: &str = "it is not for git, and neither is that of a real request";

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The drill: its id, or the beginning of it
    drill: String,
    #[command(flatten)]
    heard: Heard,
    #[command(flatten)]
    outgoing: Outgoing,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    if options.outgoing.is_piped() {
        context.leave_the_output_free();
    }
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let found = opened.drill(&options.drill)?;
    let (id, drill) = (&found.id, &*found.verified);
    drill
        .open_at(context.world.clock.now())
        .map_err(|error| super::refused(id, &error))?;
    if opened.drilled(&found).is_some() {
        return Err(super::done_already(id));
    }
    opened.not_ended(&found)?;
    let folder = options.outgoing.folder(context, &opened, NOT_FOR_GIT)?;
    explain(context, &opened, &found, &me)?;
    let way = compare_words(context, options, &found)?;

    // The own share comes last, as it does when it is the real one.
    let own = context.open_own(&opened, &me, drill.kind(), &options.identity)?;
    let Answer {
        approval,
        submission,
    } = own.practise(drill, &way, context.world.clock.now())?;
    // For `submit`, which can't open it; nobody believes this line.
    let head = format!(
        "quorate drill submission: drill {} from {me}\n",
        drill.digest()
    );
    let submission = [head.as_bytes(), &submission].concat();
    let file = folder.join(format!("drill-{id}-{me}.submission"));
    if !options.outgoing.is_piped() {
        Batch::new()
            .replace(&file, submission.clone(), 0o600)
            .commit(context.world.files, context.world.random)?;
    }
    let relative = format!("drills/{id}-{me}.answer");
    context.write(&opened, vec![(PathBuf::from(&relative), approval)])?;

    let answered = opened.approved_by(&found);
    let others = answered.iter().filter(|name| **name != me).count();
    context.say("");
    context.say(&format!(
        "{me} answered drill {id}; that makes {} of {} needed",
        others + 1,
        opened.set(drill.kind())?.threshold.get()
    ));
    if options.outgoing.is_piped() {
        let text = String::from_utf8_lossy(&submission);
        context.world.terminal.say(text.trim_end());
        context.say("the submission went to the standard output");
    } else {
        context.say(&format!(
            "send to {} by the way that you would use for a real one; not for git:",
            drill.drill().opener
        ));
        context.say(&format!("  {}", path(&file)));
    }
    context.share_by_git(&opened.folder, &relative, &format!("Drill {id}: {me}"));
    Ok(())
}

fn explain(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    me: &Name,
) -> Result<(), Failure> {
    let drill = found.verified.drill();
    let opener = &drill.opener;
    context.say(NOTHING_AT_STAKE);
    context.say(&format!(
        "{opener} asks (signed with {opener}'s share key, {}), {me}:",
        screen::minute(drill.opened)
    ));
    context.say(&format!(
        "  open {} with {} practice shares of the {} set",
        SafeText::new(&opened.set(drill.kind)?.practice_file),
        opened.set(drill.kind)?.threshold.get(),
        kind_word(drill.kind)
    ));
    context.say(&format!(
        "  on {}, {}",
        SafeText::new(&drill.machine),
        SafeText::limited(&drill.program, 120)
            .to_string()
            .replacen(" sha256 ", "\n    sha256 ", 1)
    ));
    if drill.program != context.program()? {
        context.say("  ANOTHER build than yours");
    }
    context.say(&format!(
        "Closes {}. Answered: {}.",
        screen::minute(drill.closes),
        screen::list(&opened.approved_by(found))
    ));
    context.say("");
    Ok(())
}

/// Compares the words; the way by which they came is recorded.
fn compare_words(
    context: &Context<'_>,
    options: &Options,
    found: &Found,
) -> Result<String, Failure> {
    let about = About {
        opener: found.verified.drill().opener.as_str(),
        what: "the drill",
        show: &format!("quorate drill show {}", found.id),
        digests: vec![found.verified.digest()],
    };
    let way = about.compare(context, &options.heard)?;
    context.say("they fit this drill");
    Ok(way)
}
