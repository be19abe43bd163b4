//! The desk: where the secrets of an own request lie on the operator's machine, never in the vault.

use std::path::PathBuf;

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

    /// Is the one-time key here?
    pub(super) fn is_there(&self, files: &dyn Files) -> Result<bool, FilesError> {
        Ok(files.kind(&self.one_time)?.is_some())
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

    /// Deletes one-time key and submissions, the key first; says how many files went. The public
    /// certificates stay, so that `perform` can write its files again.
    pub(super) fn clear(&self, files: &dyn Files) -> Result<usize, FilesError> {
        let mut count = 0;
        if self.is_there(files)? {
            files.remove(&self.one_time)?;
            count += 1;
        }
        if files.kind(&self.inbox)? == Some(FileKind::Folder) {
            for entry in files.list(&self.inbox)? {
                files.remove(&self.inbox.join(&entry.name))?;
                count += 1;
            }
        }
        Ok(count)
    }
}

impl Context<'_> {
    /// Where the secrets of an own request lie on this machine.
    pub(super) fn desk(&self, opened: &Opened, request: &Digest) -> Result<Desk, Failure> {
        let vault = self.pins()?.vault_folder(&opened.vault_id);
        let folder = vault.join("requests").join(&request.to_string()[..16]);
        Ok(Desk {
            inbox: folder.join("inbox"),
            targets: folder.join("targets"),
            one_time: folder.join("one-time"),
            parents: vec![vault.clone(), vault.join("requests")],
            folder,
        })
    }
}
