//! `quorate drill open|show|answer|perform|list`: the whole way with practice shares.

mod answer;
mod evidence;
mod here;
mod list;
mod open;
mod perform;

use clap::{Args, Subcommand};

use super::context::Context;
use super::example;
use super::report::{Exit, Failure};
use crate::ceremony::request::RequestError;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Open a drill; your own answer goes along
    #[command(after_help = example::DRILL_OPEN)]
    Open(open::Options),
    /// Show a drill, or its eight words again
    #[command(after_help = "Example:\n  quorate drill show 3f2a1b9 --words")]
    Show(Show),
    /// Answer a drill: type the words, send your practice share to its opener
    #[command(after_help = example::DRILL_ANSWER)]
    Answer(answer::Options),
    /// Carry out a drill with the answers that have come
    #[command(after_help = example::DRILL_PERFORM)]
    Perform(perform::Options),
    /// All drills: who took part, how long it took, who never did
    #[command(after_help = "Example:\n  quorate drill list")]
    List,
}

#[derive(Args)]
pub(super) struct Show {
    /// The drill: its id, or the beginning of it
    drill: String,
    /// Print the eight words again; on the opener's machine only
    #[arg(long)]
    words: bool,
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Open(options) => open::run(context, options),
        Command::Show(options) => list::show(context, options),
        Command::Answer(options) => answer::run(context, options),
        Command::Perform(options) => perform::run(context, options),
        Command::List => list::run(context),
    }
}

/// What every screen of a drill says.
const NOTHING_AT_STAKE: &str =
    "This is a DRILL, with practice shares: nothing of the key is touched,\nwhatever is answered.";

/// A drill that was carried out.
pub(super) fn done_already(id: &str) -> Failure {
    Failure::new(Exit::Failed, format!("drill {id} was carried out already"))
}

/// A drill that can't be answered or carried out.
pub(super) fn refused(id: &str, error: &RequestError) -> Failure {
    let forged = |what: String| {
        Failure::new(Exit::Forged, what)
            .fact("no share was opened; nothing was changed")
            .next("tell who opened it; it isn't harmless because it is called a drill")
    };
    match error {
        RequestError::Signature { opener, .. } => forged(format!(
            "drill {id} isn't what {opener} signed with the share key of this vault"
        )),
        RequestError::Closed(when) => {
            Failure::new(Exit::Quorum, format!("drill {id} closed at {when}"))
                .fact("nothing was lost by it")
                .next("whoever still wants one opens another: quorate drill open")
        }
        RequestError::Future(when) => Failure::new(
            Exit::Failed,
            format!("drill {id} is dated {when}, ahead of this clock"),
        )
        .next("compare the clocks of both machines"),
        RequestError::OtherVault => forged(format!("drill {id} is of another vault")),
        RequestError::OtherSet => Failure::new(
            Exit::Quorum,
            format!("drill {id} is of shares that aren't the newest here"),
        ),
        other => forged(format!("drill {id} is damaged: {other}")),
    }
}
