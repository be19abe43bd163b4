//! The desk: where the secrets of an own request lie on the operator's machine, never in the vault, and what comes in and
//! goes out there.

pub(super) mod inbox;
pub(super) mod one_time;
pub(super) mod table;

use std::path::{Path, PathBuf};

use super::context::Context;
use super::opened::Opened;
use super::report::Failure;
use crate::vault::record::Digest;
use crate::world::{Files, FilesError, Kind as FileKind};

/// The folder of one own request on the operator's machine: never in the vault.
pub(super) struct Desk {
    folder: PathBuf,
    parents: Vec<PathBuf>,
    pub inbox: PathBuf,
    pub targets: PathBuf,
    pub one_time: PathBuf,
    /// Locked as long as the one-time key is in the memory of a process.
    pub live: PathBuf,
}

/// Where the one-time key of a request is, as seen from this machine.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum OneTimeKey {
    /// Here, sealed to its opener.
    OnDisk,
    /// In the memory of a live session on this machine.
    InMemory,
    /// Nowhere any more: such a session ended without a word.
    Lost,
    /// Not on this machine, or used up.
    Elsewhere,
}

impl OneTimeKey {
    /// Can something on this machine open answers?
    pub(super) fn is_here(self) -> bool {
        matches!(self, Self::OnDisk | Self::InMemory)
    }
}

/// What was deleted from a desk.
#[derive(Default)]
pub(super) struct Cleared {
    pub key: bool,
    pub live: bool,
    pub submissions: usize,
}

impl Desk {
    /// All folders, outermost first.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut folders = self.parents.clone();
        folders.extend([
            self.folder.clone(),
            self.inbox.clone(),
            self.targets.clone(),
        ]);
        folders
    }

    /// Where the one-time key is.
    pub(super) fn key(&self, files: &dyn Files) -> Result<OneTimeKey, FilesError> {
        Ok(if files.kind(&self.one_time)?.is_some() {
            OneTimeKey::OnDisk
        } else if files.kind(&self.live)?.is_none() {
            OneTimeKey::Elsewhere
        } else if files.is_locked(&self.live)? {
            OneTimeKey::InMemory
        } else {
            OneTimeKey::Lost
        })
    }

    /// What has arrived: files of submissions.
    pub(super) fn arrived(&self, files: &dyn Files) -> Result<Vec<PathBuf>, FilesError> {
        if files.kind(&self.inbox)? != Some(FileKind::Folder) {
            return Ok(Vec::new());
        }
        submissions_in(files, &self.inbox)
    }

    /// The stored certificates: name, armored, path.
    pub(super) fn targets(
        &self,
        files: &dyn Files,
    ) -> Result<Vec<(String, bool, PathBuf)>, FilesError> {
        if files.kind(&self.targets)? != Some(FileKind::Folder) {
            return Ok(Vec::new());
        }
        let entries = files.list(&self.targets)?;
        Ok(entries
            .iter()
            .filter_map(|entry| {
                let name = entry.name.to_str()?;
                let mut parts = name.splitn(3, '.');
                let (_, form, rest) = (parts.next()?, parts.next()?, parts.next()?);
                Some((
                    rest.to_owned(),
                    form == "asc",
                    self.targets.join(&entry.name),
                ))
            })
            .collect())
    }

    /// Is nothing secret left of the request on this machine?
    pub(super) fn is_cleared(&self, files: &dyn Files) -> Result<bool, FilesError> {
        for file in [&self.one_time, &self.live] {
            if files.kind(file)?.is_some() {
                return Ok(false);
            }
        }
        Ok(files.kind(&self.inbox)?.is_none() || files.list(&self.inbox)?.is_empty())
    }

    /// Deletes one-time key and submissions, the key first. The public certificates stay, so that `perform` can
    /// write its files again.
    pub(super) fn clear(&self, files: &dyn Files) -> Result<Cleared, FilesError> {
        let mut cleared = Cleared::default();
        for (file, was) in [
            (&self.one_time, &mut cleared.key),
            (&self.live, &mut cleared.live),
        ] {
            if files.kind(file)?.is_some() {
                files.remove(file)?;
                *was = true;
            }
        }
        if files.kind(&self.inbox)? == Some(FileKind::Folder) {
            for entry in files.list(&self.inbox)? {
                files.remove(&self.inbox.join(&entry.name))?;
                cleared.submissions += 1;
            }
        }
        Ok(cleared)
    }
}

/// The files of submissions in a folder.
pub(super) fn submissions_in(files: &dyn Files, folder: &Path) -> Result<Vec<PathBuf>, FilesError> {
    let entries = files.list(folder)?;
    let submissions = entries.iter().filter(|entry| {
        let name = entry.text();
        entry.kind == FileKind::File && name.is_some_and(|name| name.ends_with(".submission"))
    });
    Ok(submissions.map(|entry| folder.join(&entry.name)).collect())
}

impl Context<'_> {
    /// Where the secrets of an own request lie on this machine.
    pub(super) fn desk(&self, opened: &Opened, request: &Digest) -> Result<Desk, Failure> {
        self.desk_in(opened, "requests", request)
    }

    /// Where those of an own drill lie.
    pub(super) fn drill_desk(&self, opened: &Opened, drill: &Digest) -> Result<Desk, Failure> {
        self.desk_in(opened, "drills", drill)
    }

    fn desk_in(&self, opened: &Opened, all: &str, digest: &Digest) -> Result<Desk, Failure> {
        let vault = self.pins()?.vault_folder(&opened.vault_id);
        let folder = vault.join(all).join(&digest.to_string()[..16]);
        Ok(Desk {
            inbox: folder.join("inbox"),
            targets: folder.join("targets"),
            one_time: folder.join("one-time"),
            live: folder.join("live"),
            parents: vec![vault.clone(), vault.join(all)],
            folder,
        })
    }
}
