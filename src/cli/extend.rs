//! `quorate extend`: the key lives longer.

use clap::Args;

use super::Identity;
use super::changes::{self, Along, end_of};
use super::context::Context;
use super::gather::Gathering;
use super::report::Failure;
use crate::openpgp::change::Wishes;

#[derive(Args)]
pub(super) struct Options {
    /// The last day on which the key is valid, UTC
    #[arg(long, value_name = "DAY")]
    until: String,
    /// Subkeys that end before that day shall live as long
    #[arg(long)]
    subkeys: bool,
    #[command(flatten)]
    along: Along,
    #[command(flatten)]
    gathering: Gathering,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let mut wishes = Wishes {
        until: Some(end_of("--until", &options.until)?),
        subkeys_too: options.subkeys,
        ..Wishes::default()
    };
    options.along.join(&mut wishes)?;
    changes::open(
        context,
        &opened,
        &wishes,
        &options.identity,
        &options.gathering,
    )
}
