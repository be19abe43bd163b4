//! The file system of the machine.
use super::files::{Entry, Fault, Files, FilesError, Kind, LockGuard, MAX_ENTRIES, Operation};
use super::reading::{Stop, read_bounded};
use rustix::fs::{FlockOperation, OFlags, RenameFlags};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The file system of the machine.
#[derive(Clone, Debug)]
pub struct RealFiles {
    /// How long to wait for a lock: 5 seconds unless said otherwise.
    pub lock_wait: Duration,
}

impl Default for RealFiles {
    fn default() -> Self {
        Self {
            lock_wait: Duration::from_secs(5),
        }
    }
}

/// Runs the work of one operation and gives its fault the path.
fn with_path<T>(
    operation: Operation,
    path: &Path,
    work: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, FilesError> {
    work().map_err(|fault| FilesError {
        operation,
        path: path.to_owned(),
        fault,
    })
}

fn flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

/// So often a lock is looked at before it counts as held.
const STARTING: usize = 4;

impl Files for RealFiles {
    fn read(&self, path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, FilesError> {
        with_path(Operation::Read, path, || {
            // Looked at first, since merely opening a device may do something; and again afterwards,
            // since the name may lead elsewhere by then.
            if !std::fs::metadata(path)?.is_file() {
                return Err(Fault::NotAFile);
            }
            let extra = flags(OFlags::NONBLOCK | OFlags::NOCTTY);
            let file = OpenOptions::new()
                .read(true)
                .custom_flags(extra)
                .open(path)?;
            let found = file.metadata()?;
            if !found.is_file() {
                return Err(Fault::NotAFile);
            }
            let length = usize::try_from(found.len()).unwrap_or(usize::MAX);
            if length > limit {
                return Err(Fault::TooBig { limit });
            }
            read_bounded(&file, length, limit).map_err(|stop| match stop {
                Stop::TooBig => Fault::TooBig { limit },
                Stop::Io(error) => error.into(),
            })
        })
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>, FilesError> {
        with_path(Operation::List, folder, || {
            let mut entries = Vec::new();
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                if entries.len() == MAX_ENTRIES {
                    return Err(Fault::TooBig { limit: MAX_ENTRIES });
                }
                entries.push(Entry {
                    name: entry.file_name(),
                    kind: entry.file_type()?.into(),
                });
            }
            entries.sort_unstable_by(|one, other| one.name.cmp(&other.name));
            Ok(entries)
        })
    }

    fn kind(&self, path: &Path) -> Result<Option<Kind>, FilesError> {
        with_path(Operation::Look, path, || {
            match std::fs::symlink_metadata(path) {
                Ok(found) => Ok(Some(found.file_type().into())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn create_dir(&self, path: &Path, mode: u32) -> Result<(), FilesError> {
        with_path(Operation::CreateFolder, path, || {
            Ok(std::fs::DirBuilder::new().mode(mode).create(path)?)
        })
    }

    fn write_new(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), FilesError> {
        with_path(Operation::Write, path, || {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode)
                .open(path)?;
            file.write_all(bytes).map_err(|error| {
                // Half a file helps nobody. If it can't be removed, the first error says why.
                let _ = std::fs::remove_file(path);
                Fault::from(error)
            })?;
            // A hint to begin writing to the disk now: of several files that are forced to it one after the other,
            // the first then waits for all. Whoever ignores it loses nothing but time.
            #[cfg(target_os = "linux")]
            let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
            Ok(())
        })
    }

    fn sync(&self, path: &Path) -> Result<(), FilesError> {
        with_path(Operation::Sync, path, || Ok(File::open(path)?.sync_all()?))
    }

    fn sync_dir(&self, folder: &Path) -> Result<(), FilesError> {
        self.sync(folder)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FilesError> {
        with_path(Operation::Rename, to, || Ok(std::fs::rename(from, to)?))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> Result<(), FilesError> {
        with_path(Operation::Rename, to, || {
            use rustix::fs::CWD;
            use rustix::io::Errno;
            match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
                Ok(()) => Ok(()),
                // Some network file systems can't. The lock keeps other commands away meanwhile.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                    if self.kind(to).map_err(|error| error.fault)?.is_some() {
                        return Err(Fault::Exists);
                    }
                    Ok(std::fs::rename(from, to)?)
                }
                Err(error) => Err(error.into()),
            }
        })
    }

    fn remove(&self, path: &Path) -> Result<(), FilesError> {
        with_path(Operation::Remove, path, || Ok(std::fs::remove_file(path)?))
    }

    fn remove_dir(&self, path: &Path) -> Result<(), FilesError> {
        with_path(Operation::Remove, path, || Ok(std::fs::remove_dir(path)?))
    }

    fn lock(&self, path: &Path) -> Result<LockGuard, FilesError> {
        with_path(Operation::Lock, path, || {
            let extra = flags(OFlags::NOFOLLOW | OFlags::NONBLOCK);
            let mut how = OpenOptions::new();
            how.write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(extra);
            let file = how.open(path)?;
            let start = Instant::now();
            loop {
                match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                    Ok(()) => {
                        return Ok(LockGuard::from(OwnedFd::from(file)));
                    }
                    Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < self.lock_wait => {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    Err(rustix::io::Errno::WOULDBLOCK) => return Err(Fault::Locked),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        })
    }

    fn is_locked(&self, path: &Path) -> Result<bool, FilesError> {
        with_path(Operation::Lock, path, || {
            let mut how = OpenOptions::new();
            how.read(true)
                .custom_flags(flags(OFlags::NOFOLLOW | OFlags::NONBLOCK));
            let file = match how.open(path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
                opened => opened?,
            };
            // A program that is just being started has its parent's lock, too, until it runs.
            for _ in 0..STARTING {
                match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
                    Ok(()) => return Ok(false),
                    Err(rustix::io::Errno::WOULDBLOCK) => {
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(true)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    const FILES: RealFiles = RealFiles {
        lock_wait: Duration::ZERO,
    };

    #[track_caller]
    fn fault<T>(result: Result<T, FilesError>) -> Fault {
        match result {
            Ok(_) => panic!("should have failed"),
            Err(error) => error.fault,
        }
    }

    #[test]
    fn a_lock_is_seen_while_somebody_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("live");
        assert!(!FILES.is_locked(&file).unwrap());
        assert!(!file.exists(), "looking makes nothing");
        let guard = FILES.lock(&file).unwrap();
        assert!(FILES.is_locked(&file).unwrap());
        drop(guard);
        assert!(!FILES.is_locked(&file).unwrap());
    }

    #[test]
    fn a_file_is_read_up_to_the_limit_and_no_further() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        FILES.write_new(&path, b"12345", 0o600).unwrap();
        assert_eq!(**FILES.read(&path, 5).unwrap(), *b"12345");
        assert_eq!(fault(FILES.read(&path, 4)), Fault::TooBig { limit: 4 });
        // A terabyte that takes no room on the disk.
        File::create(dir.path().join("big"))
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        assert_eq!(
            fault(FILES.read(&dir.path().join("big"), 9)),
            Fault::TooBig { limit: 9 }
        );
        // Such files claim to be empty.
        assert!(
            !FILES
                .read(Path::new("/proc/self/status"), 100_000)
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            fault(FILES.read(Path::new("/proc/self/status"), 9)),
            Fault::TooBig { limit: 9 }
        );
    }

    #[test]
    fn pipes_devices_and_folders_are_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        let mode = rustix::fs::Mode::RUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        for path in [&pipe, Path::new("/dev/zero"), dir.path()] {
            assert_eq!(fault(FILES.read(path, 10)), Fault::NotAFile, "{path:?}");
        }
        assert_eq!(
            fault(FILES.read(&dir.path().join("none"), 10)),
            Fault::NotFound
        );
    }

    #[test]
    fn what_exists_is_neither_overwritten_nor_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        FILES.write_new(&at("a"), b"a", 0o600).unwrap();
        FILES.write_new(&at("b"), b"b", 0o644).unwrap();
        symlink(at("c"), at("link")).unwrap();
        assert_eq!(fault(FILES.write_new(&at("a"), b"x", 0o600)), Fault::Exists);
        assert_eq!(
            fault(FILES.write_new(&at("link"), b"x", 0o600)),
            Fault::Exists
        );
        assert_eq!(fault(FILES.rename_new(&at("a"), &at("b"))), Fault::Exists);
        assert_eq!(fault(FILES.create_dir(&at("a"), 0o700)), Fault::Exists);
        assert_eq!(std::fs::metadata(at("a")).unwrap().mode() & 0o777, 0o600);
        FILES.rename_new(&at("a"), &at("d")).unwrap();
        FILES.rename(&at("d"), &at("b")).unwrap();
        FILES.sync(&at("b")).unwrap();
        FILES.sync_dir(dir.path()).unwrap();
        assert_eq!(**FILES.read(&at("b"), 1).unwrap(), *b"a");
        let names: Vec<_> = FILES.list(dir.path()).unwrap();
        assert_eq!(
            names
                .iter()
                .map(|e| (e.text().unwrap(), e.kind))
                .collect::<Vec<_>>(),
            [("b", Kind::File), ("link", Kind::Link)]
        );
        assert_eq!(FILES.kind(&at("link")), Ok(Some(Kind::Link)));
        assert_eq!(FILES.kind(&at("a")), Ok(None));
        FILES.create_dir(&at("folder"), 0o700).unwrap();
        FILES.write_new(&at("folder/x"), b"", 0o600).unwrap();
        assert_eq!(fault(FILES.remove_dir(&at("folder"))), Fault::Exists);
    }

    #[test]
    fn a_lock_keeps_out_a_second_holder_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = FILES.lock(&path).unwrap();
        assert_eq!(fault(FILES.lock(&path)), Fault::Locked);
        drop(held);
        drop(FILES.lock(&path).unwrap());
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_full_disk_is_named_as_such() {
        let full = io::Error::from(rustix::io::Errno::NOSPC);
        assert_eq!(Fault::from(full), Fault::Full);
        assert_eq!(Fault::from(rustix::io::Errno::DQUOT), Fault::Full);
        assert_eq!(Fault::from(rustix::io::Errno::ROFS), Fault::ReadOnly);
        assert_eq!(Fault::from(rustix::io::Errno::ACCESS), Fault::Denied);
    }
}
