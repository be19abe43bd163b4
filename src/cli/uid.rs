//! `quorate uid add|retire`: the key's own user IDs.

use clap::{Args, Subcommand};

use super::Identity;
use super::changes::{self, Along};
use super::context::Context;
use super::gather::Gathering;
use super::report::Failure;
use crate::openpgp::change::Wishes;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Open a request to add a user ID to the key
    #[command(after_help = super::example::UID_ADD)]
    Add(Options),
    /// Open a request to retire a user ID of the key, for ever
    #[command(after_help = super::example::UID_RETIRE)]
    Retire(Options),
}

#[derive(Args)]
pub(super) struct Options {
    /// The user ID: its whole text; to retire one its address does
    #[arg(value_name = "TEXT")]
    user_id: String,
    #[command(flatten)]
    along: Along,
    #[command(flatten)]
    gathering: Gathering,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Add(options) => {
            let add = vec![options.user_id.clone()];
            let wishes = Wishes {
                add,
                ..Wishes::default()
            };
            open(context, options, wishes)
        }
        Command::Retire(options) => retire(context, options),
    }
}

/// The same under two names.
pub(super) fn retire(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let retire = vec![options.user_id.clone()];
    let wishes = Wishes {
        retire,
        ..Wishes::default()
    };
    open(context, options, wishes)
}

fn open(context: &Context<'_>, options: &Options, mut wishes: Wishes) -> Result<(), Failure> {
    let opened = context.open()?;
    options.along.join(&mut wishes)?;
    changes::open(
        context,
        &opened,
        &wishes,
        &options.identity,
        &options.gathering,
    )
}
