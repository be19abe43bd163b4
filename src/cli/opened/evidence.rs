//! The evidence of a vault, as it lies in its folders: read, and nothing of it verified.

use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::ceremony::approval::MAX_APPROVAL;
use crate::ceremony::attempt::MAX_ATTEMPT;
use crate::ceremony::drill::MAX_DRILL;
use crate::ceremony::drill_minutes::MAX_DRILL_MINUTES;
use crate::ceremony::minutes::MAX_MINUTES;
use crate::ceremony::objection::MAX_OBJECTION;
use crate::ceremony::outcome::MAX_OUTCOME;
use crate::ceremony::request::MAX_REQUEST;
use crate::cli::keys::MAX_KEY_FILE;
use crate::cli::report::path;
use crate::openpgp::attestation::MAX_ATTESTATION;
use crate::vault::closing::MAX_CLOSING;
use crate::vault::destruction::MAX_DESTRUCTION;
use crate::vault::receipt::MAX_RECEIPT;
use crate::world::{Entry, Fault, Files, FilesError, Kind as FileKind};

/// The most bytes of one revocation that was learnt.
const MAX_LEARNT_FILE: usize = 64 << 10;
const MAX_SUCCESSION: usize = 1 << 20;

/// Files of a vault: relative path and bytes.
pub(in crate::cli) type Pieces = Vec<(PathBuf, Piece)>;
/// The bytes of a file, which may be megabytes: read once and shared.
pub(in crate::cli) type Piece = Arc<Zeroizing<Vec<u8>>>;

/// The evidence files of a vault.
#[derive(Default)]
pub(in crate::cli) struct Evidence {
    pub receipts: Pieces,
    pub closings: Pieces,
    pub destructions: Pieces,
    pub requests: Pieces,
    pub withdrawals: Pieces,
    pub declines: Pieces,
    pub approvals: Pieces,
    pub results: Pieces,
    pub minutes: Pieces,
    pub attempts: Pieces,
    /// Revocations that were learnt from outside.
    pub learnt: Pieces,
    /// What a key and the one that it succeeds say of each other.
    pub succession: Pieces,
    pub attestations: Pieces,
    pub drills: Pieces,
    pub drill_answers: Pieces,
    pub drill_minutes: Pieces,
    pub drill_attempts: Pieces,
    pub drill_withdrawals: Pieces,
    pub drill_declines: Pieces,
    /// What the roots handed in; read only where attestations are to be checked with it.
    pub keys: Pieces,
    /// Files that could not be read, and why.
    pub unreadable: Vec<String>,
}

impl Evidence {
    /// Reads all evidence. A file that is too big, or may not be read, is named and left aside: it
    /// mustn't keep people from working.
    pub(in crate::cli) fn read(files: &dyn Files, folder: &Path) -> Result<Self, FilesError> {
        let mut unreadable = Vec::new();
        let mut listed: HashMap<&str, Vec<Entry>> = HashMap::new();
        let mut read = |sub: &'static str, extension: &str, limit: usize| {
            let entries = match listed.entry(sub) {
                Occupied(known) => known.into_mut(),
                Vacant(new) => new.insert(entries_of(files, &folder.join(sub))?),
            };
            read_those(
                files,
                folder,
                sub,
                of_ending(entries, extension),
                limit,
                &mut unreadable,
            )
        };
        let attestations = read("attestations", ".asc", MAX_ATTESTATION)?;
        let keys = match attestations.is_empty() {
            true => Vec::new(),
            false => read("keys", "", MAX_KEY_FILE)?,
        };
        Ok(Self {
            attestations,
            keys,
            receipts: read("receipts", ".receipt", MAX_RECEIPT)?,
            closings: read("receipts", ".closing", MAX_CLOSING)?,
            destructions: read("receipts", ".destruction", MAX_DESTRUCTION)?,
            requests: read("requests", ".request", MAX_REQUEST)?,
            withdrawals: read("requests", ".withdrawal", MAX_OBJECTION)?,
            declines: read("approvals", ".decline", MAX_OBJECTION)?,
            approvals: read("approvals", ".approval", MAX_APPROVAL)?,
            results: read("results", ".result", MAX_OUTCOME)?,
            minutes: read("minutes", ".minutes", MAX_MINUTES)?,
            attempts: read("minutes", ".attempt", MAX_ATTEMPT)?,
            learnt: read("revocations", ".asc", MAX_LEARNT_FILE)?,
            succession: read("succession", ".asc", MAX_SUCCESSION)?,
            drills: read("drills", ".drill", MAX_DRILL)?,
            drill_answers: read("drills", ".answer", MAX_APPROVAL)?,
            drill_minutes: read("drills", ".minutes", MAX_DRILL_MINUTES)?,
            drill_withdrawals: read("drills", ".withdrawal", MAX_OBJECTION)?,
            drill_declines: read("drills", ".decline", MAX_OBJECTION)?,
            drill_attempts: read("drills", ".attempt", MAX_ATTEMPT)?,
            unreadable,
        })
    }
}

/// The files of a folder of the vault with this ending.
pub(in crate::cli) fn read_folder(
    files: &dyn Files,
    vault: &Path,
    (sub, extension): (&str, &str),
    limit: usize,
    unreadable: &mut Vec<String>,
) -> Result<Pieces, FilesError> {
    let entries = entries_of(files, &vault.join(sub))?;
    let those = of_ending(&entries, extension);
    read_those(files, vault, sub, those, limit, unreadable)
}

/// What lies in a folder; nothing, if there is none.
fn entries_of(files: &dyn Files, folder: &Path) -> Result<Vec<Entry>, FilesError> {
    match files.kind(folder)? {
        Some(FileKind::Folder) => files.list(folder),
        _ => Ok(Vec::new()),
    }
}

fn of_ending<'e>(entries: &'e [Entry], extension: &str) -> impl Iterator<Item = &'e Entry> {
    entries.iter().filter(move |entry| {
        let name = entry.text();
        entry.kind == FileKind::File && name.is_some_and(|name| name.ends_with(extension))
    })
}

fn read_those<'e>(
    files: &dyn Files,
    vault: &Path,
    sub: &str,
    entries: impl Iterator<Item = &'e Entry>,
    limit: usize,
    unreadable: &mut Vec<String>,
) -> Result<Pieces, FilesError> {
    let mut found = Vec::new();
    for entry in entries {
        let relative = Path::new(sub).join(&entry.name);
        match files.read(&vault.join(&relative), limit) {
            Ok(bytes) if has_conflict(&bytes) => unreadable.push(format!(
                "{}: a git merge conflict is left in it",
                path(&relative)
            )),
            Ok(bytes) => found.push((relative, Arc::new(bytes))),
            Err(FilesError {
                fault: fault @ (Fault::TooBig { .. } | Fault::Denied),
                ..
            }) => unreadable.push(format!("{}: {fault}", path(&relative))),
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}

/// Did git leave the marks of a conflict in it? Nothing that quorate writes has such lines.
pub(in crate::cli) fn has_conflict(text: &[u8]) -> bool {
    text.starts_with(b"<<<<<<< ")
        || text
            .windows(9)
            .any(|line| line[0] == b'\n' && line == b"\n<<<<<<< ")
}
