//! Taking the answers at once, while the request's one-time key is in memory only: `--live` and `--here`.

mod at_once;
pub(super) mod here;
mod live;

use clap::Args;

use super::context::Context;
use super::desk::inbox::Arrived;
use super::desk::table::Table;
use super::report::{Exit, Failure};

#[derive(Args)]
pub(super) struct Gathering {
    /// Wait for the answers now: the one-time key is in this process's memory only, and ends with it
    #[arg(long, conflicts_with = "here")]
    live: bool,
    /// Take the answers now, one after the other at this keyboard; the one-time key as with --live
    #[arg(long)]
    here: bool,
    /// With --live or --here: refuse to carry it out if this machine lacks any hardening
    #[arg(long)]
    pub strict: bool,
}

impl Gathering {
    /// The answers come later.
    pub(super) fn later() -> Self {
        Self {
            live: false,
            here: false,
            strict: false,
        }
    }

    /// Are the answers taken now?
    pub(super) fn is_now(&self) -> bool {
        self.live || self.here
    }

    /// Refuses before anything is asked of anybody.
    pub(super) fn can_be(&self, context: &Context<'_>) -> Result<(), Failure> {
        if self.strict && !self.is_now() {
            return Err(
                Failure::new(Exit::Usage, "--strict goes with --live or --here")
                    .fact("otherwise nothing is carried out yet")
                    .next("quorate perform REQUEST --strict, once the answers have come"),
            );
        }
        if self.is_now() && !context.world.terminal.is_interactive() {
            return Err(Failure::new(
                Exit::Usage,
                "--live and --here need a terminal, and there is none",
            )
            .fact("no request was opened")
            .next("leave it away, and carry the request out later: quorate perform"));
        }
        Ok(())
    }

    /// Takes the answers, and carries the request out or ends it.
    pub(super) fn run(&self, table: &Table<'_>, own: Arrived) -> Result<(), Failure> {
        match self.here {
            true => here::run(table, own),
            false => live::run(table, own),
        }
    }
}
