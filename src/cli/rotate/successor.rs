//! Where the successor's vault lies: named, remembered by this machine, or beside the old one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::context::Context;
use crate::cli::create::read_config;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure, path};
use crate::roster::config::{Config, Cycle};
use crate::vault::manifest::{MAX_MANIFEST, SignedManifest};
use crate::world::{Batch, Kind as FileKind, SafeText, is_temporary};

const MAX_MEMORY: usize = 16 << 10;

/// What this machine remembers of a rotation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    /// The folder.
    successor: String,
    /// Was a vault seen there?
    made: bool,
}

/// Where the successor's vault is, or will be.
pub(in crate::cli) enum Place {
    Made(PathBuf),
    /// It was begun there, or shall be.
    Begun(PathBuf),
    Nowhere,
}

/// The folder that is named, remembered, or lies where the first step would have put it. Never a second one.
pub(in crate::cli) fn find(
    context: &Context<'_>,
    old: &Opened,
    named: Option<&Path>,
) -> Result<Place, Failure> {
    let memory = recall(context, old)?;
    let remembered = memory
        .as_ref()
        .map(|memory| PathBuf::from(&memory.successor));
    // Made by another root and cloned here, or by a first step of an old time.
    let mut beside_it = None;
    if context
        .world
        .files
        .kind(&old.folder.join("team.toml"))?
        .is_some()
    {
        let config = read_config(context, &old.folder)?;
        if let Ok(cycle) = next_cycle(&config, old) {
            beside_it = Some(beside(&old.folder, cycle));
        }
    }
    if let Some(named) = named {
        let named = context.world.surroundings.resolve(named);
        if holds_a_vault(context, &named)? {
            return Ok(Place::Made(named));
        }
        for other in [remembered, beside_it].into_iter().flatten() {
            if other != named && holds_the_successor(context, &other, old)? {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("the successor is made already, in {}", path(&other)),
                )
                .fact(format!("{} holds no vault", path(&named)))
                .fact("there are never two; nothing was made")
                .next("quorate rotate, without --successor"));
            }
        }
        return Ok(Place::Begun(named));
    }
    for other in [remembered, beside_it].into_iter().flatten() {
        if holds_a_vault(context, &other)? {
            return Ok(Place::Made(other));
        }
    }
    Ok(match memory {
        Some(memory) if memory.made => {
            let folder = PathBuf::from(memory.successor);
            return Err(Failure::new(
                Exit::Usage,
                format!("the successor's vault isn't in {} any more", path(&folder)),
            )
            .fact("a second one isn't made unasked")
            .next(
                "name where it lies now: --successor DIR; if it was discarded, name a new folder",
            ));
        }
        Some(memory) => Place::Begun(PathBuf::from(memory.successor)),
        None => Place::Nowhere,
    })
}

fn holds_a_vault(context: &Context<'_>, folder: &Path) -> Result<bool, Failure> {
    let kind = context.world.files.kind(&folder.join("vault.toml"))?;
    Ok(kind == Some(FileKind::File))
}

fn holds_the_successor(
    context: &Context<'_>,
    folder: &Path,
    old: &Opened,
) -> Result<bool, Failure> {
    if !holds_a_vault(context, folder)? {
        return Ok(false);
    }
    let files = context.world.files;
    let bytes = files.read(&folder.join("vault.toml"), MAX_MANIFEST)?;
    let signed = SignedManifest::read_unpinned(&bytes);
    Ok(signed.is_ok_and(|signed| signed.predecessor.as_ref() == Some(&old.fingerprint)))
}

fn memory_file(context: &Context<'_>, old: &Opened) -> Result<PathBuf, Failure> {
    let folder = context.pins()?.vault_folder(&old.vault_id);
    Ok(folder.join("rotation.toml"))
}

fn recall(context: &Context<'_>, old: &Opened) -> Result<Option<Memory>, Failure> {
    let file = memory_file(context, old)?;
    if context.world.files.kind(&file)?.is_none() {
        return Ok(None);
    }
    let text = context.world.files.read(&file, MAX_MEMORY)?;
    let text = std::str::from_utf8(&text).ok();
    Ok(text.and_then(|text| toml::from_str(text).ok()))
}

/// Remembers where it is, or, before it is made, where it will be: a first step that was killed goes on there.
pub(super) fn remember(
    context: &Context<'_>,
    old: &Opened,
    folder: &Path,
    made: bool,
) -> Result<(), Failure> {
    let Some(successor) = folder.to_str().map(str::to_owned) else {
        return Ok(());
    };
    let file = memory_file(context, old)?;
    let text = toml::to_string(&Memory { successor, made }).unwrap_or_default();
    let files = context.world.files;
    if files.kind(&file)?.is_some() && *files.read(&file, MAX_MEMORY)? == text.as_bytes() {
        return Ok(());
    }
    Batch::new()
        .replace(&file, text.into_bytes(), 0o600)
        .commit(files, context.world.random)?;
    Ok(())
}

/// The cycle after the one that the old key is named after.
pub(super) fn next_cycle<'c>(config: &'c Config, old: &Opened) -> Result<&'c Cycle, Failure> {
    let user_id = &old.user_id;
    let at = config
        .cycles
        .iter()
        .position(|cycle| config.user_id(cycle) == *user_id);
    let next = match at {
        Some(at) => config.cycles.get(at + 1),
        None => config.cycle_at(old.now.seconds()),
    };
    next.ok_or_else(|| {
        Failure::new(Exit::Usage, "team.toml names no cycle after this key's")
            .fact(SafeText::new(user_id).to_string())
            .next("add the coming cycle and its last day to [cycles], then: quorate rotate")
    })
}

/// `../larch` for the `Larch Cycle`.
pub(in crate::cli) fn beside(folder: &Path, cycle: &Cycle) -> PathBuf {
    let mut name = String::new();
    for c in cycle.name.to_lowercase().chars() {
        match c.is_alphanumeric() {
            true => name.push(c),
            false if !name.ends_with('-') => name.push('-'),
            false => (),
        }
    }
    let name = name.trim_matches('-');
    let mut name = name.strip_suffix("-cycle").unwrap_or(name);
    // Never the parent, and never the old vault's own folder.
    if name.is_empty() || folder.file_name().is_some_and(|own| own == name) {
        name = "successor";
    }
    folder.parent().unwrap_or(folder).join(name)
}

/// The new folder with the team's settings and keys, unless somebody has prepared one.
pub(super) fn take_along(
    context: &Context<'_>,
    old: &Opened,
    folder: &Path,
) -> Result<(), Failure> {
    let files = context.world.files;
    if files.kind(&folder.join("team.toml"))?.is_some() {
        return Ok(());
    }
    // What a first step that was killed has begun there may stay; anybody else's files are not written over.
    if files.kind(folder)?.is_some() {
        let begun = |name: &std::ffi::OsStr| name == "keys" || name == ".git";
        let other = files
            .list(folder)?
            .into_iter()
            .find(|entry| !begun(&entry.name) && !entry.name.to_str().is_some_and(is_temporary));
        if let Some(other) = other {
            return Err(Failure::new(
                Exit::Usage,
                format!("{} is there, and isn't empty", path(folder)),
            )
            .fact(format!(
                "it has {}",
                SafeText::new(&other.name.to_string_lossy())
            ))
            .fact("nothing was written into it")
            .next("name another folder: quorate rotate --successor DIR"));
        }
    }
    let mut batch = Batch::new()
        .folder(folder, 0o755)
        .folder(folder.join("keys"), 0o755);
    let keys = old.folder.join("keys");
    if files.kind(&keys)? == Some(FileKind::Folder) {
        for entry in files.list(&keys)? {
            if entry.kind == FileKind::File {
                let bytes = files.read(&keys.join(&entry.name), 32 << 20)?;
                batch = batch.replace(folder.join("keys").join(&entry.name), bytes, 0o644);
            }
        }
    }
    // Last: with it the folder is prepared.
    let team = files.read(&old.folder.join("team.toml"), 256 << 10)?;
    batch
        .replace(folder.join("team.toml"), team, 0o644)
        .commit(files, context.world.random)?;
    Ok(())
}
