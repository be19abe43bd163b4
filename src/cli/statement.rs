//! `quorate statement`: a plain text to the users, signed by the master key on its own.

use std::path::PathBuf;

use clap::Args;
use quorate_share::Kind;

use super::context::Context;
use super::gather::Gathering;
use super::open_request::{self, Ask};
use super::report::{Exit, Failure, path};
use super::{Identity, changes, display};
use crate::openpgp::draft::Draft;
use crate::openpgp::plan::Plan;
use crate::openpgp::self_signatures;
use crate::openpgp::statement::{self, MAX_STATEMENT, StatementError};

#[derive(Args)]
pub(super) struct Options {
    /// The text: UTF-8, lines ending in LF, no tabs, no blanks at the end of a line
    file: PathBuf,
    #[command(flatten)]
    gathering: Gathering,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let me = context.me(&opened)?;
    context.needs_force(&opened, Kind::Master)?;
    context.needs_life(&opened)?;
    let full = context.world.surroundings.resolve(&options.file);
    let bytes = context.world.files.read(&full, MAX_STATEMENT)?;
    let text = statement::read(&bytes).map_err(|error| {
        let failure = Failure::new(Exit::Usage, format!("{}: {error}", path(&options.file)))
            .fact("what is signed must look alike everywhere; no request was opened");
        match error {
            StatementError::CarriageReturn(_) => failure.next("sed -i 's/\\r$//' FILE"),
            StatementError::TrailingBlank(_) => failure.next("sed -i 's/[ \\t]*$//' FILE"),
            _ => failure,
        }
    })?;
    let stamp =
        self_signatures::stamp(&opened.in_use()?, opened.now).map_err(|e| changes::refused(&e))?;
    let draft = Draft::encode(Plan::Statement { stamp, text })
        .map_err(|error| Failure::new(Exit::Usage, format!("this can't be signed: {error}")))?;
    let drafts = vec![draft];
    context.say("The key would sign this, and nothing else:");
    display::to_ask(context, &opened, &drafts)?;
    open_request::open(
        context,
        &opened,
        &me,
        &options.identity,
        Ask::of_master(drafts),
        &options.gathering,
    )
}
