//! `quorate pins export|import`: what this machine remembers of a vault, carried to another machine.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::context::Context;
use super::report::{self, Exit, Failure, path};
use crate::ceremony::explain;
use crate::vault::pins::{MAX_PINS, PinError, Pins};
use crate::world::{Batch, SafeText};

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Write what this machine remembers: the key, the manifest, all that was seen
    #[command(
        after_help = "Examples:\n  quorate pins export >juniper.pins\n  quorate pins export juniper.pins"
    )]
    Export(Export),
    /// Take over what another machine remembers; the folder must not lie behind either of the two
    #[command(
        after_help = "Writes this machine's state, not the vault.\n\nExample:\n  quorate pins import juniper.pins"
    )]
    Import(Import),
}

#[derive(Args)]
pub(super) struct Export {
    /// Where to; default: the standard output
    file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Import {
    /// What `pins export` wrote
    file: PathBuf,
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Export(options) => export(context, options),
        Command::Import(options) => import(context, options),
    }
}

fn export(context: &Context<'_>, options: &Export) -> Result<(), Failure> {
    let opened = context.open()?;
    let text = opened.pins.export(&opened.vault_id);
    let Some(file) = &options.file else {
        context.say(text.trim_end());
        return Ok(());
    };
    let world = &context.world;
    Batch::new()
        .put(world.surroundings.resolve(file), text.into_bytes(), 0o644)
        .commit(world.files, world.random)?;
    context.say(&format!(
        "{}: the key, its manifest and {}; nothing in it is secret",
        path(file),
        seen(&opened.pins)
    ));
    context.advise("carry it by a way that you trust: who changes it, changes what is believed");
    Ok(())
}

fn import(context: &Context<'_>, options: &Import) -> Result<(), Failure> {
    let world = &context.world;
    let full = world.surroundings.resolve(&options.file);
    let file = world.files.read(&full, MAX_PINS)?;
    let name = path(&options.file);
    let (vault, theirs) = Pins::import(&file).map_err(|why| {
        Failure::new(
            Exit::Usage,
            format!(
                "{name} isn't what `pins export` writes: {}",
                SafeText::limited(&why, 200)
            ),
        )
        .fact("nothing was changed")
    })?;
    let (folder, signed) = context.at_hand()?;
    if signed.vault_id != vault {
        return Err(Failure::new(
            Exit::Forged,
            format!("{name} is about another vault than {}", path(&folder)),
        )
        .fact(format!("there  {}", signed.fingerprint))
        .fact(format!("file   {}", theirs.fingerprint))
        .next("cd into the vault that is meant, or ask who gave you the file"));
    }
    let store = context.pins()?;
    let failed = |error: &PinError| report::pins(error, &folder);
    theirs.check(&signed).map_err(|error| failed(&error))?;
    let own = store
        .read(&folder, &vault)?
        .map_err(|error| failed(&error))?;
    let pins = match own {
        Some(own) => {
            own.check(&signed).map_err(|error| failed(&error))?;
            own.with(&theirs)
        }
        None => {
            context.first_use(&signed, &folder)?;
            theirs
        }
    };
    store.write(&folder, &vault, &pins, world.random)?;
    context.say(&format!(
        "remembered here from now on: {}, and {}",
        explain::fingerprint(&signed.fingerprint),
        seen(&pins)
    ));
    // Whether the folder has all of that is the next question, and the answer may be a refusal.
    context.open().map(drop)
}

fn seen(pins: &Pins) -> String {
    match pins.seen.len() {
        1 => "one file that was seen".to_owned(),
        count => format!("{count} files that were seen"),
    }
}
