//! The SHA-256 of the program itself, remembered between commands: hashing some megabytes costs as much as
//! everything else that a small command does.
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use data_encoding::HEXLOWER;

use super::programs::digest_of;
use super::{Batch, Files as _, FilesError, OsRandom, RealFiles};

/// A file that was changed less than so many seconds ago could change again without a new time.
const SETTLED: i64 = 10;
/// More than any line that is remembered here.
const MAX_LINE: usize = 512;

/// SHA-256 of `program`, if `memory` was written about the very same file: same device, inode, size, and times
/// of the last change to contents and inode, the latter of which nobody can set.
pub(super) fn recalled(program: &Path, memory: &Path) -> Option<[u8; 32]> {
    recall(memory, &identity(&std::fs::metadata(program).ok()?))
}

/// SHA-256 of `program`, from `memory` as [`recalled`] or from the file.
///
/// # Errors
/// The program can't be read.
pub(super) fn remembered(program: &Path, memory: &Path) -> io::Result<[u8; 32]> {
    let opened = File::open(program)?;
    let metadata = opened.metadata()?;
    let identity = identity(&metadata);
    if let Some(digest) = recall(memory, &identity) {
        return Ok(digest);
    }
    let digest = digest_of(opened)?;
    if has_settled(&metadata) {
        // Without a memory the next command computes it again.
        let _ = keep(memory, &identity, &digest);
    }
    Ok(digest)
}

fn identity(file: &Metadata) -> String {
    format!(
        "{}:{} {} {}.{:09} {}.{:09}",
        file.dev(),
        file.ino(),
        file.size(),
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec(),
    )
}

fn has_settled(file: &Metadata) -> bool {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.is_ok_and(|now| {
        i64::try_from(now.as_secs())
            .is_ok_and(|now| file.ctime().max(file.mtime()).saturating_add(SETTLED) < now)
    })
}

fn recall(memory: &Path, identity: &str) -> Option<[u8; 32]> {
    let line = RealFiles::default().read(memory, MAX_LINE).ok()?;
    let hex = std::str::from_utf8(&line)
        .ok()?
        .strip_prefix(identity)?
        .strip_prefix(" sha256 ")?
        .strip_suffix('\n')?;
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

fn keep(memory: &Path, identity: &str, digest: &[u8; 32]) -> Result<(), FilesError> {
    let line = format!("{identity} sha256 {}\n", HEXLOWER.encode(digest));
    Batch::new()
        .replace(memory, line.into_bytes(), 0o600)
        .commit(&RealFiles::default(), &OsRandom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};
    use std::fs;

    /// A program file, old enough to be remembered.
    fn program(folder: &Path, text: &str) -> std::path::PathBuf {
        let file = folder.join("program");
        fs::write(&file, text).unwrap();
        file
    }

    #[test]
    fn the_same_file_is_remembered_and_another_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("program-digest");
        let file = program(folder.path(), "one");
        let metadata = fs::metadata(&file).unwrap();
        keep(&memory, &identity(&metadata), &[7; 32]).unwrap();
        assert_eq!(remembered(&file, &memory).unwrap(), [7; 32]);
        let file = program(folder.path(), "another");
        let true_digest = <[u8; 32]>::from(Sha256::digest(b"another"));
        assert_eq!(remembered(&file, &memory).unwrap(), true_digest);
    }

    #[test]
    fn what_was_changed_just_now_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("program-digest");
        remembered(&program(folder.path(), "new"), &memory).unwrap();
        assert!(!memory.exists());
    }

    #[test]
    fn a_damaged_memory_counts_for_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("program-digest");
        let file = program(folder.path(), "one");
        let line = format!("{} sha256 ", identity(&fs::metadata(&file).unwrap()));
        let true_digest = <[u8; 32]>::from(Sha256::digest(b"one"));
        for end in ["", "\n", "00\n", &"0g".repeat(32), &"00".repeat(32)] {
            fs::write(&memory, format!("{line}{end}")).unwrap();
            assert_eq!(remembered(&file, &memory).unwrap(), true_digest, "{end}");
        }
    }
}
