//! The other request of a pair: in which vault it lies, and whether it is the right one.

use std::path::{Path, PathBuf};

use quorate_share::Kind;

use super::context::Context;
use super::opened::{Found, Opened};
use super::report::{Exit, Failure, path};
use super::rotate::successor::{self, Place};
use super::screen;
use crate::ceremony::pair;
use crate::roster::name::Name;
use crate::world::Kind as FileKind;

/// The other request, in its own vault.
pub(super) struct Other<'w> {
    /// The same person there.
    pub context: Context<'w>,
    pub opened: Opened,
    pub found: Found,
}

/// The folder of the other vault: the one that is named, or where this machine has the successor.
pub(super) fn folder(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    named: Option<&Path>,
) -> Result<Option<PathBuf>, Failure> {
    if let Some(named) = named {
        let folder = context.world.surroundings.resolve(named);
        let kind = context.world.files.kind(&folder.join("vault.toml"))?;
        return match kind {
            Some(FileKind::File) => Ok(Some(folder)),
            _ => Err(
                Failure::new(Exit::Usage, format!("there is no vault in {}", path(named)))
                    .fact("nothing was opened")
                    .next("name the folder of the other vault: --also DIR"),
            ),
        };
    }
    let Some(successor) = &found.verified.request().successor else {
        return Ok(None);
    };
    // That its folder is gone, or that team.toml names no next cycle, is no obstacle to who needn't go there.
    let Ok(Place::Made(folder)) = successor::find(context, opened, None) else {
        return Ok(None);
    };
    let (_, there) = context.at(&folder, None).at_hand()?;
    Ok((there.fingerprint == successor.signed().fingerprint).then_some(folder))
}

/// Where the other request is, it has to be named.
pub(super) fn not_at_hand(found: &Found) -> Failure {
    Failure::new(
        Exit::Usage,
        format!(
            "{} is one of a pair, and the vault of the other isn't at hand",
            found.id
        ),
    )
    .fact("both stand or fall together; nothing was opened")
    .next("clone it, or name its folder: --also DIR")
}

/// Refuses a key that nobody has compared on this machine, where there is no terminal to ask at: `--key` names the
/// other one.
fn is_known(context: &Context<'_>, there: &Context<'_>, folder: &Path) -> Result<(), Failure> {
    if there.world.terminal.is_interactive() {
        return Ok(());
    }
    let (_, signed) = there.at_hand()?;
    if there.pins()?.of_key(&signed.fingerprint)?.is_some() {
        return Ok(());
    }
    let folder = screen::beside(context, folder);
    Err(Failure::new(
        Exit::Usage,
        "this machine sees the key of the other vault for the first time",
    )
    .fact("somebody has to compare its fingerprint; nothing was opened")
    .next(format!(
        "quorate status --vault {folder} --key FINGERPRINT, as you know it by voice or paper"
    )))
}

impl<'w> Other<'w> {
    /// Opens the other vault and looks the other request up.
    pub(super) fn open(
        context: &Context<'w>,
        found: &Found,
        me: &Name,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let there = context.at(folder, Some(me));
        is_known(context, &there, folder)?;
        let opened = there.open()?;
        let mut all = opened.requests().into_iter().flatten();
        let Some(other) = all.find(|other| pair::is_one(&found.verified, &other.verified)) else {
            return Err(Failure::new(
                Exit::Forged,
                format!(
                    "the request that {} names isn't in {}",
                    found.id,
                    path(folder)
                ),
            )
            .fact("another one in its place makes no pair; nothing was opened")
            .next("git pull there; if this stays, call the opener"));
        };
        drop(all);
        Ok(Self {
            context: there,
            opened,
            found: other,
        })
    }

    /// The other request, if this person holds a share of that key, too.
    pub(super) fn to_answer(
        context: &Context<'w>,
        opened: &Opened,
        requests: &[Found],
        me: &Name,
        named: Option<&Path>,
    ) -> Result<Option<Self>, Failure> {
        let mut tied = requests
            .iter()
            .filter(|found| found.verified.request().with.is_some());
        let (Some(found), more) = (tied.next(), tied.next()) else {
            return match named {
                None => Ok(None),
                Some(_) => Err(Failure::new(
                    Exit::Usage,
                    "none of these requests is one of a pair",
                )
                .fact("--also names the vault of the other; nothing was opened")),
            };
        };
        if more.is_some() {
            return Err(Failure::new(Exit::Usage, "two pairs in one approval")
                .fact("nothing was opened")
                .next("approve them one after the other"));
        }
        let successor = &found.verified.request().successor;
        let holds = |manifest: &crate::vault::manifest::Manifest| {
            let set = manifest.set(Kind::Master);
            set.is_some_and(|set| set.of(me).is_some())
        };
        let Some(folder) = folder(context, opened, found, named)? else {
            return match successor {
                Some(successor) if holds(successor.signed()) => Err(not_at_hand(found)),
                _ => Ok(None),
            };
        };
        let (_, there) = context.at(&folder, None).at_hand()?;
        match (holds(&there), successor) {
            (true, _) => Self::open(context, found, me, &folder).map(Some),
            // Another vault was named, in which this person holds nothing.
            (false, Some(successor))
                if there.fingerprint != successor.signed().fingerprint
                    && holds(successor.signed()) =>
            {
                Err(not_at_hand(found))
            }
            (false, _) => Ok(None),
        }
    }
}
