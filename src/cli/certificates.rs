//! Certificates from files and folders, or the vault's own.

use std::path::{Path, PathBuf};

use sequoia_openpgp::Cert;

use super::context::Context;
use super::opened::Opened;
use super::report::{Exit, Failure, path};
use crate::openpgp::armor::dearmor;
use crate::openpgp::target::certificates;
use crate::world::{FilesError, Kind as FileKind, SafeText};

/// Most bytes of a file with certificates, in armour or not.
const MAX_FILE: usize = 64 << 20;
/// What files with certificates are called. Others in a folder are passed over.
const ENDINGS: [&str; 6] = [".asc", ".gpg", ".pgp", ".key", ".txt", ".cert"];
const ARMOR: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// A file and the certificates in it, at least one.
pub(super) struct Read {
    /// As typed, or found in the folder that was typed; none for the vault's.
    pub file: Option<PathBuf>,
    /// As it lies there.
    pub bytes: Vec<u8>,
    /// In the file's order.
    pub certs: Vec<Cert>,
}

impl Read {
    /// For people.
    pub(super) fn shown(&self) -> String {
        match &self.file {
            Some(file) => path(file).to_string(),
            None => "vault.toml".to_owned(),
        }
    }
}

/// A file that holds no certificate, or a damaged one.
pub(super) struct Damaged {
    /// For people.
    pub file: String,
    /// What is wrong.
    pub why: String,
}

/// All files named and all in the folders named; without any, the vault's certificate in use, for
/// anybody to look at.
pub(super) fn read(
    context: &Context<'_>,
    files: &[PathBuf],
) -> Result<(Vec<Read>, Vec<Damaged>), Failure> {
    if files.is_empty() {
        return Ok((vec![own(published(&context.open_unpinned()?)?)], Vec::new()));
    }
    let (mut found, mut damaged) = (Vec::new(), Vec::new());
    for file in files {
        let full = context.world.surroundings.resolve(file);
        if context.world.files.kind(&full)? != Some(FileKind::Folder) {
            sort(file, read_one(context, file)?, &mut found, &mut damaged);
            continue;
        }
        let before = found.len() + damaged.len();
        for entry in context.world.files.list(&full)? {
            let name = entry.name.to_string_lossy().to_lowercase();
            let is_file = matches!(entry.kind, FileKind::File | FileKind::Link);
            if !is_file || !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                continue;
            }
            let inside = file.join(&entry.name);
            let one = read_one(context, &inside)?;
            // A text that never was a key isn't a damaged one.
            let is_prose = name.ends_with(".txt") && one.1.is_err() && !has(&one.0, ARMOR);
            if !is_prose {
                sort(&inside, one, &mut found, &mut damaged);
            }
        }
        if found.len() + damaged.len() == before {
            return Err(
                Failure::new(Exit::Usage, format!("no certificates in {}", path(file))).fact(
                    format!("looked for files that end in {}", ENDINGS.join(", ")),
                ),
            );
        }
    }
    Ok((found, damaged))
}

fn published(opened: &Opened) -> Result<Cert, Failure> {
    opened.as_published(opened.in_use()?)
}

fn own(cert: Cert) -> Read {
    Read {
        file: None,
        bytes: Vec::new(),
        certs: vec![cert],
    }
}

/// The same where every file has to be good, and the vault the one that this machine knows: what comes of
/// it goes out into the world.
pub(super) fn read_good(context: &Context<'_>, files: &[PathBuf]) -> Result<Vec<Read>, Failure> {
    if files.is_empty() {
        return Ok(vec![own(published(&context.open()?)?)]);
    }
    let (found, damaged) = read(context, files)?;
    match damaged.into_iter().next() {
        None => Ok(found),
        Some(bad) => Err(
            Failure::new(Exit::Forged, format!("{}: {}", bad.file, bad.why))
                .next("fetch it again from where it was published"),
        ),
    }
}

/// The one certificate of a file, or the vault's.
pub(super) fn read_single(context: &Context<'_>, file: Option<&Path>) -> Result<Cert, Failure> {
    let files: Vec<PathBuf> = file.iter().map(|file| (*file).to_owned()).collect();
    let mut certs: Vec<Cert> = read_good(context, &files)?
        .into_iter()
        .flat_map(|read| read.certs)
        .collect();
    match (certs.pop(), certs.is_empty()) {
        (Some(cert), true) => Ok(cert),
        _ => Err(Failure::new(
            Exit::Usage,
            format!(
                "{} holds more than one certificate",
                file.map_or_else(String::new, |file| path(file).to_string())
            ),
        )
        .next("name a file with the one that is meant")),
    }
}

/// A secret key must not leave the house, and needn't be looked at any further.
pub(super) fn refuse_secrets(certs: &[&Cert]) -> Result<(), Failure> {
    match certs.iter().find(|cert| cert.is_tsk()) {
        None => Ok(()),
        Some(cert) => Err(Failure::new(
            Exit::Usage,
            format!("the file of {} holds a secret key", cert.fingerprint()),
        )
        .fact("nothing was sent or written")
        .next("gpg --armor --export FINGERPRINT writes the public half alone")),
    }
}

/// The first user ID, for people.
pub(super) fn name(cert: &Cert) -> SafeText {
    cert.userids().next().map_or_else(
        || SafeText::new("(no user ID)"),
        |user_id| SafeText::from_bytes_limited(user_id.userid().value(), 120),
    )
}

type One = (Vec<u8>, Result<Vec<Cert>, String>);

fn sort(file: &Path, one: One, found: &mut Vec<Read>, damaged: &mut Vec<Damaged>) {
    let (bytes, certs) = one;
    match certs {
        Ok(certs) => found.push(Read {
            file: Some(file.to_owned()),
            bytes,
            certs,
        }),
        Err(why) => damaged.push(Damaged {
            file: path(file).to_string(),
            why,
        }),
    }
}

fn read_one(context: &Context<'_>, file: &Path) -> Result<One, FilesError> {
    let full = context.world.surroundings.resolve(file);
    let bytes = context.world.files.read(&full, MAX_FILE)?.to_vec();
    let certs = parse(&bytes);
    Ok((bytes, certs))
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

fn parse(bytes: &[u8]) -> Result<Vec<Cert>, String> {
    let why = |error: String| SafeText::limited(&error, 200).to_string();
    let is_binary = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    if !is_binary && !has(bytes, b"-----BEGIN PGP ") {
        return Err("no OpenPGP certificate".to_owned());
    }
    let (packets, _) = dearmor(bytes, MAX_FILE)
        .map_err(|error| why(format!("the armour is damaged: {}", error.root_cause())))?;
    let certs: Vec<Cert> = certificates(&packets)
        .and_then(|raw| raw.map(|one| one.read()).collect())
        .map_err(|error| why(error.to_string()))?;
    if certs.is_empty() {
        return Err("no OpenPGP certificate".to_owned());
    }
    Ok(certs)
}
