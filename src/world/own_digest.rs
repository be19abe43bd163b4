//! The SHA-256 of the program itself, remembered between commands: hashing some megabytes costs as much as
//! everything else that a small command does.
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::programs::digest_of;

/// A file that was changed less than so many seconds ago could change again without a new time.
const SETTLED: i64 = 10;
/// More than any line that is remembered here.
const MAX_LINE: u64 = 512;

/// SHA-256 of `program`, from `memory` if that was written about the very same file: same device, inode,
/// size, and times of the last change to contents and inode, the latter of which nobody can set.
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
    let mut line = String::new();
    File::open(memory)
        .ok()?
        .take(MAX_LINE)
        .read_to_string(&mut line)
        .ok()?;
    let hex = line
        .strip_prefix(identity)?
        .strip_prefix(" sha256 ")?
        .strip_suffix('\n')?;
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(digest)
}

fn keep(memory: &Path, identity: &str, digest: &[u8; 32]) -> io::Result<()> {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    // Beside the others' in the same folder, which exists only where quorate has been used.
    let beside = memory.with_extension(std::process::id().to_string());
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&beside)?;
    let written = file.write_all(format!("{identity} sha256 {hex}\n").as_bytes());
    let kept = written.and_then(|()| std::fs::rename(&beside, memory));
    if kept.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    kept
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
