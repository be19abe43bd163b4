//! The files of a new vault: beside their places while the worker checks them, then in place, then compared.

use std::path::Path;

use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::session::deal::Made;
use crate::vault::manifest::SignedManifest;
use crate::world::{Batch, Kind, Staged};

/// What makes a folder a vault.
const MANIFEST: &str = "vault.toml";

/// A vault that lies there is never replaced.
pub(super) fn holds_none(context: &Context<'_>, folder: &Path) -> Result<(), Failure> {
    match context.world.files.kind(&folder.join(MANIFEST))? {
        None => Ok(()),
        Some(_) => Err(Failure::new(
            Exit::Usage,
            format!("{} holds a vault already", path(folder)),
        )
        .fact("nothing was changed")
        .next("quorate status")),
    }
}

/// Writes the files beside their places, vault.toml last.
pub(super) fn stage<'a>(
    context: &Context<'a>,
    folder: &Path,
    made: &[Made],
) -> Result<Staged<'a>, Failure> {
    let world = &context.world;
    let mut batch = Batch::new();
    let mut subs = vec!["sealed", "sealed/master.1", "sealed/revocation.1"];
    for sub in ["succession", "sealed/alone.1", "out"] {
        let within = format!("{sub}/");
        if made.iter().any(|file| file.path.starts_with(&within)) {
            subs.push(sub);
        }
    }
    for sub in subs {
        let sub = folder.join(sub);
        // A link would lead out of the vault, and git keeps the link alone.
        if world
            .files
            .kind(&sub)?
            .is_some_and(|kind| kind != Kind::Folder)
        {
            return Err(
                Failure::new(Exit::Failed, format!("{} is no folder", path(&sub)))
                    .fact("nothing was made")
                    .next("take it away, and ask who put it there: git log"),
            );
        }
        batch = batch.folder(sub, 0o755);
    }
    batch = batch.replace(folder.join(".gitignore"), context.gitignore(folder)?, 0o644);
    // What lies there from a create that was killed has no vault.toml, so it is nobody's.
    for file in made {
        let place = folder.join(&file.path);
        batch = match file.path.as_str() {
            MANIFEST => batch.put(place, file.bytes.clone(), 0o644),
            _ => batch.replace(place, file.bytes.clone(), 0o644),
        };
    }
    Ok(batch.stage(world.files, world.random)?)
}

/// Compares the disk with what the session returned.
pub(super) fn compare(context: &Context<'_>, folder: &Path, made: &[Made]) -> Result<(), Failure> {
    let files = context.world.files;
    for file in made {
        let there = files.read(&folder.join(&file.path), file.bytes.len() + 1)?;
        if *there != file.bytes {
            return Err(Failure::new(
                Exit::Failed,
                format!("{} isn't on the disk as it was made", file.path),
            )
            .next("check the disk; remove vault.toml and create anew"));
        }
    }
    Ok(())
}

/// The manifest among the files.
pub(super) fn read_back(made: &[Made]) -> Result<SignedManifest, Failure> {
    let bytes = made.last().map_or(&[][..], |file| &file.bytes);
    SignedManifest::read_unpinned(bytes).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("vault.toml can't be read back: {error}"),
        )
    })
}
