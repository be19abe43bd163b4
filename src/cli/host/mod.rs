//! `quorate host …`: the signing host's own subkey. No secret travels, and no share is needed.

mod install;
mod key;
mod leave;
mod memory;
mod offer;
mod status;
mod verdict;
mod words;

use clap::Subcommand;

use super::context::Context;
use super::example;
use super::report::Failure;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Make this host's own signing subkey and the file that asks the roots to bind it
    #[command(after_help = example::HOST_OFFER)]
    Offer(offer::Options),
    /// Take over the certificate with the bound subkey, and prove that gpg signs with it
    #[command(after_help = example::HOST_INSTALL)]
    Install(install::Options),
    /// May this host sign today? For release jobs: 0 yes, 1 no
    #[command(after_help = example::HOST_STATUS)]
    Status(status::Options),
    /// Delete the secret of this host's subkey
    #[command(after_help = example::HOST_LEAVE)]
    Leave(leave::Options),
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Offer(options) => offer::run(context, options),
        Command::Install(options) => install::run(context, options),
        Command::Status(options) => status::run(context, options),
        Command::Leave(options) => leave::run(context, options),
    }
}
