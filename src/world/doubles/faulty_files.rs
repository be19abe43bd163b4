//! Files that fail or stop where they are told to.
use crate::world::files::{Entry, Fault, Files, FilesError, Kind, LockGuard, Operation};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use zeroize::Zeroizing;

/// What happens at the chosen operation.
#[derive(Clone, Debug)]
enum Plan {
    Nothing,
    Fail(Fault),
    Stop { half_written: bool },
}

/// Files that count the operations which change something, and fail or stop at a chosen one.
///
/// To test every kill: run once and ask [`FaultyFiles::operations`], then run again for each `n`
/// from 1 to that number with [`FaultyFiles::stopping_at`].
#[derive(Debug)]
pub struct FaultyFiles<F: Files> {
    files: F,
    plan: Plan,
    at: usize,
    count: AtomicUsize,
    stopped: AtomicBool,
}

impl<F: Files> FaultyFiles<F> {
    /// Only counts.
    pub fn new(files: F) -> Self {
        Self::with(files, 0, Plan::Nothing)
    }

    /// The `n`-th operation (from 1) that changes something fails once, with nothing changed.
    pub fn failing_at(files: F, n: usize, fault: Fault) -> Self {
        Self::with(files, n, Plan::Fail(fault))
    }

    /// The `n`-th operation that changes something doesn't happen, nor does any other afterwards, not
    /// even reading: as if the process had been killed. All give [`Fault::Stopped`].
    pub fn stopping_at(files: F, n: usize) -> Self {
        Self::with(
            files,
            n,
            Plan::Stop {
                half_written: false,
            },
        )
    }

    /// The same, but if the `n`-th operation writes, half of the bytes arrive.
    pub fn stopping_half_written_at(files: F, n: usize) -> Self {
        Self::with(files, n, Plan::Stop { half_written: true })
    }

    fn with(files: F, at: usize, plan: Plan) -> Self {
        Self {
            files,
            plan,
            at,
            count: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// How many operations were asked for that change something.
    pub fn operations(&self) -> usize {
        self.count.load(SeqCst)
    }

    /// Whether the chosen stop was reached.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(SeqCst)
    }

    fn alive(&self, operation: Operation, path: &Path) -> Result<(), FilesError> {
        if self.is_stopped() {
            return Err(FilesError {
                operation,
                path: path.to_owned(),
                fault: Fault::Stopped,
            });
        }
        Ok(())
    }

    /// Counts; `half` is what a half-written stop still does.
    fn change(
        &self,
        operation: Operation,
        path: &Path,
        half: impl FnOnce(),
    ) -> Result<(), FilesError> {
        self.alive(operation, path)?;
        if self.count.fetch_add(1, SeqCst) + 1 != self.at {
            return Ok(());
        }
        let fault = match &self.plan {
            Plan::Nothing => return Ok(()),
            Plan::Fail(fault) => fault.clone(),
            Plan::Stop { half_written } => {
                if *half_written {
                    half();
                }
                self.stopped.store(true, SeqCst);
                Fault::Stopped
            }
        };
        Err(FilesError {
            operation,
            path: path.to_owned(),
            fault,
        })
    }
}

impl<F: Files> Files for FaultyFiles<F> {
    fn read(&self, path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FilesError> {
        self.alive(Operation::Read, path)?;
        self.files.read(path, limit)
    }
    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FilesError> {
        self.alive(Operation::List, folder)?;
        self.files.list(folder)
    }
    fn kind(&self, path: &Path) -> Result<Option<Kind>, FilesError> {
        self.alive(Operation::Look, path)?;
        self.files.kind(path)
    }
    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), FilesError> {
        self.change(Operation::CreateFolder, path, || ())?;
        self.files.create_dir(path, mode)
    }
    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), FilesError> {
        self.change(Operation::Write, path, || {
            let _ = self.files.write_new(path, &bytes[..bytes.len() / 2], mode);
        })?;
        self.files.write_new(path, bytes, mode)
    }
    fn sync(&self, path: &Path) -> Result<(), FilesError> {
        self.change(Operation::Sync, path, || ())?;
        self.files.sync(path)
    }
    fn sync_dir(&self, folder: &Path) -> Result<(), FilesError> {
        self.change(Operation::Sync, folder, || ())?;
        self.files.sync_dir(folder)
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FilesError> {
        self.change(Operation::Rename, to, || ())?;
        self.files.rename(from, to)
    }
    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), FilesError> {
        self.change(Operation::Rename, to, || ())?;
        self.files.rename_new(from, to)
    }
    fn remove(&self, path: &Path) -> Result<(), FilesError> {
        self.change(Operation::Remove, path, || ())?;
        self.files.remove(path)
    }
    fn remove_dir(&self, path: &Path) -> Result<(), FilesError> {
        self.change(Operation::Remove, path, || ())?;
        self.files.remove_dir(path)
    }
    fn lock(&self, path: &Path) -> Result<LockGuard, FilesError> {
        self.change(Operation::Lock, path, || ())?;
        self.files.lock(path)
    }
    fn is_locked(&self, path: &Path) -> Result<bool, FilesError> {
        self.files.is_locked(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::RealFiles;

    #[test]
    fn a_stopped_process_neither_reads_nor_writes_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let files = FaultyFiles::stopping_half_written_at(RealFiles::default(), 1);
        assert_eq!(
            files.write_new(&path, b"1234", 0o600).unwrap_err().fault,
            Fault::Stopped
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"12");
        assert_eq!(files.read(&path, 9).unwrap_err().fault, Fault::Stopped);
        assert_eq!(files.remove(&path).unwrap_err().fault, Fault::Stopped);
        assert!(path.exists() && files.is_stopped());
    }
}
