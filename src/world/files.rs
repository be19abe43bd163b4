//! The file system: the few primitive operations that durable work is made of.
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Most entries that [`Files::list`] reads of one folder.
pub const MAX_ENTRIES: usize = 100_000;

/// What was tried with which path, and what stood against it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation:?} {path:?}: {fault}")]
pub struct FilesError {
    /// What was tried.
    pub operation: Operation,
    /// With which file or folder.
    pub path: PathBuf,
    /// Why it failed.
    pub fault: Fault,
}

/// The operations of [`Files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    Read,
    List,
    Look,
    CreateFolder,
    Write,
    Sync,
    Rename,
    Remove,
    Lock,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No such file or folder.
    #[error("not found")]
    NotFound,
    /// The user may not.
    #[error("permission denied")]
    Denied,
    /// The file system is mounted read-only.
    #[error("read-only file system")]
    ReadOnly,
    /// The disk or the quota is full.
    #[error("no space left")]
    Full,
    /// The file has more bytes, or the folder more entries, than the limit.
    #[error("more than {limit} bytes or entries")]
    TooBig {
        /// Bytes of a file, entries of a folder.
        limit: usize,
    },
    /// A folder, pipe, device or socket where a regular file is needed.
    #[error("not a regular file")]
    NotAFile,
    /// Something lies there already, or the folder is not empty.
    #[error("exists already")]
    Exists,
    /// Another process holds the lock.
    #[error("locked by another process")]
    Locked,
    /// No name for a temporary file could be drawn.
    #[error("no randomness")]
    NoRandomness,
    /// The process was killed here (by a double, in a test).
    #[error("stopped")]
    Stopped,
    /// Anything else, with the system's number if it has one.
    #[error("{kind}")]
    Other {
        /// What Rust calls it.
        kind: io::ErrorKind,
        /// `errno`.
        code: Option<i32>,
    },
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as K;
        match error.kind() {
            K::NotFound => Self::NotFound,
            K::PermissionDenied => Self::Denied,
            K::ReadOnlyFilesystem => Self::ReadOnly,
            K::StorageFull | K::QuotaExceeded => Self::Full,
            K::IsADirectory => Self::NotAFile,
            K::AlreadyExists | K::DirectoryNotEmpty => Self::Exists,
            kind => Self::Other {
                kind,
                code: error.raw_os_error(),
            },
        }
    }
}

impl From<rustix::io::Errno> for Fault {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

/// What lies at a path. A symbolic link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link to anything or nothing.
    Link,
    /// A pipe, socket or device.
    Other,
}

impl From<std::fs::FileType> for Kind {
    fn from(found: std::fs::FileType) -> Self {
        match found {
            f if f.is_file() => Self::File,
            f if f.is_dir() => Self::Folder,
            f if f.is_symlink() => Self::Link,
            _ => Self::Other,
        }
    }
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name without the folder.
    pub name: OsString,
    /// What it is.
    pub kind: Kind,
}

impl Entry {
    /// The name, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        self.name.to_str()
    }
}

/// A lock that is held until this is dropped, or the process ends in any way.
#[must_use]
pub struct LockGuard {
    _held: OwnedFd,
}

impl From<OwnedFd> for LockGuard {
    /// The lock ends when the descriptor is closed.
    fn from(held: OwnedFd) -> Self {
        Self { _held: held }
    }
}

/// The file system. Every operation that changes something is one call, so that a double can count
/// them and fail or stop at each. All errors are [`FilesError`] with the path concerned.
pub trait Files: Sync {
    /// Reads a regular file (links are followed) of at most `limit` bytes. Pipes, devices and folders
    /// are refused without waiting; too big a file is refused before it is read.
    fn read(&self, path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FilesError>;
    /// The names in a folder, sorted, at most [`MAX_ENTRIES`].
    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FilesError>;
    /// What lies at the path, none if nothing does.
    fn kind(&self, path: &Path) -> Result<Option<Kind>, FilesError>;
    /// Makes one folder; [`Fault::Exists`] if something is there. The umask may take from `mode`.
    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), FilesError>;
    /// Writes a file that didn't exist, else [`Fault::Exists`]. Not durable before [`Files::sync`].
    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), FilesError>;
    /// Forces a file's content to the disk.
    fn sync(&self, path: &Path) -> Result<(), FilesError>;
    /// Forces a folder's names to the disk.
    fn sync_dir(&self, folder: &Path) -> Result<(), FilesError>;
    /// Renames, in one step; what lies at `to` is replaced.
    fn rename(&self, from: &Path, to: &Path) -> Result<(), FilesError>;
    /// Renames, in one step; [`Fault::Exists`] if something lies at `to`.
    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), FilesError>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> Result<(), FilesError>;
    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> Result<(), FilesError>;
    /// Takes the lock on a file, which is made (mode 0600) if it is missing and stays afterwards.
    /// Waits a while for another holder, then gives up with [`Fault::Locked`].
    fn lock(&self, path: &Path) -> Result<LockGuard, FilesError>;
    /// Does anybody hold the lock on a file? Nobody does if it is missing.
    fn is_locked(&self, path: &Path) -> Result<bool, FilesError>;
}
