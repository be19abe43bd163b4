//! Keyrings that are thrown away: what gpg prints about a certificate, what it sends to a keyserver,
//! what comes back from one. The user's own keyring and `gpg.conf` stay out of it; the network is
//! dirmngr's business, with the user's `dirmngr.conf`.

use super::{GpgError, Status};
use crate::world::files::Operation;
use crate::world::programs::{Command, Output, Program, Programs, ProgramsError};
use crate::world::{Fault, Files, FilesError, Kind, Random, SafeText};
use data_encoding::HEXLOWER;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Most bytes of certificates that are taken back out of a keyring.
pub const MAX_EXPORT: usize = 16 << 20;
/// How long a server may take: gpg and dirmngr themselves would wait for ever.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The options of every call. No agent: there is no secret here.
const OPTIONS: [&str; 9] = [
    "--no-options",
    "--batch",
    "--no-tty",
    "--status-fd=2",
    "--display-charset=utf-8",
    "--no-default-keyring",
    "--trust-model=always",
    "--no-auto-check-trustdb",
    "--no-auto-key-retrieve",
];

/// What a keyserver did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// A certificate with the wanted fingerprint is in the keyring now.
    Certificate,
    /// The server answered without a certificate that gpg could read.
    Nothing {
        /// What gpg said last.
        said: SafeText,
    },
    /// It gave a certificate without a user ID, which gpg doesn't import.
    NoUserId,
    /// It gave another certificate than was asked for; gpg threw it away.
    AnotherKey,
}

/// Why a keyserver couldn't be talked to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyserverError {
    /// gpg itself can't be used.
    #[error(transparent)]
    Gpg(#[from] GpgError),
    /// The keyring that is thrown away can't be made.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// gpg didn't reach the server, or the server refused.
    #[error("{said}")]
    Failed {
        /// What gpg said last.
        said: SafeText,
    },
    /// No answer within [`PATIENCE`].
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Slow,
}

impl From<ProgramsError> for KeyserverError {
    fn from(error: ProgramsError) -> Self {
        match error {
            ProgramsError::TimedOut { .. } => Self::Slow,
            other => Self::Gpg(other.into()),
        }
    }
}

/// A folder with a keyring for gpg, removed when this is dropped.
pub struct Throwaway<'w> {
    programs: &'w dyn Programs,
    files: &'w dyn Files,
    folder: PathBuf,
    patience: Duration,
}

impl<'w> Throwaway<'w> {
    /// An empty one, in a folder of its own below `/tmp` that nobody else can enter.
    ///
    /// # Errors
    /// The folder can't be made.
    pub fn new(
        programs: &'w dyn Programs,
        files: &'w dyn Files,
        random: &dyn Random,
    ) -> Result<Self, KeyserverError> {
        let mut bytes = [0; 8];
        random.fill(&mut bytes).map_err(|_| FilesError {
            operation: Operation::CreateFolder,
            path: "/tmp".into(),
            fault: Fault::NoRandomness,
        })?;
        let folder = Path::new("/tmp").join(format!("quorate-{}", HEXLOWER.encode(&bytes)));
        files.create_dir(&folder, 0o700)?;
        Ok(Self {
            programs,
            files,
            folder,
            patience: PATIENCE,
        })
    }

    /// With another patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where it lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn run(&self, args: &[&str], stdin: &[u8]) -> Result<Output, KeyserverError> {
        let place = |option: &str, name: &str| {
            let mut argument = OsString::from(option);
            argument.push(self.folder.join(name));
            argument
        };
        let mut all: Vec<OsString> = OPTIONS.iter().map(OsString::from).collect();
        all.push(place("--keyring=", "keys.kbx"));
        all.push(place("--trustdb-name=", "trust.gpg"));
        all.extend(args.iter().map(OsString::from));
        let mut command = Command::new(Program::Gpg, &all, stdin);
        command.output_limit = MAX_EXPORT;
        command.time_limit = Some(self.patience);
        // What gpg prints for people is read here, and published.
        command.env.push(("LC_ALL".into(), "C.UTF-8".into()));
        Ok(self.programs.run(&command)?)
    }

    /// Puts certificates in, as gpg reads them: what it doesn't understand is left out.
    ///
    /// # Errors
    /// [`KeyserverError::Failed`] if gpg takes none of them.
    pub fn import(&self, certificates: &[u8]) -> Result<(), KeyserverError> {
        let output = self.run(
            &[
                "--import-options=no-import-clean,no-import-minimal,no-repair-keys",
                "--import",
            ],
            certificates,
        )?;
        let status = Status::read(&output.stderr);
        if status.has("IMPORT_OK") {
            return Ok(());
        }
        Err(KeyserverError::Failed { said: status.last })
    }

    /// The certificate as gpg has it, binary; empty if it has none. Neither clean nor minimal.
    ///
    /// # Errors
    /// [`KeyserverError`].
    pub fn export(&self, fingerprint: &str) -> Result<Zeroizing<Vec<u8>>, KeyserverError> {
        let options = "--export-options=no-export-clean,no-export-minimal";
        Ok(self.run(&[options, "--export", fingerprint], b"")?.stdout)
    }

    /// What gpg prints about a key for people: fingerprint, user IDs, signatures, subkeys.
    ///
    /// # Errors
    /// [`KeyserverError`].
    pub fn listing(&self, fingerprint: &str) -> Result<String, KeyserverError> {
        let output = self.run(
            &[
                "--list-options=no-show-uid-validity,show-unusable-subkeys",
                "--fingerprint",
                "--keyid-format=0xlong",
                "--list-sigs",
                fingerprint,
            ],
            b"",
        )?;
        if output.status != Some(0) {
            let said = Status::read(&output.stderr).last;
            return Err(KeyserverError::Failed { said });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// dirmngr wants the user's own folder, and with the options above gpg doesn't make it where it is
    /// missing; asked for a key in the ordinary way it does.
    fn own_folder(&self) -> Result<(), KeyserverError> {
        let nobody = "0000000000000000000000000000000000000000";
        let args = [
            "--batch",
            "--no-tty",
            "--no-auto-check-trustdb",
            "--list-keys",
            nobody,
        ];
        let mut command = Command::new(Program::Gpg, &args, b"");
        command.time_limit = Some(self.patience);
        self.programs.run(&command)?;
        Ok(())
    }

    /// Sends a key that is in the keyring.
    ///
    /// # Errors
    /// [`KeyserverError`]. That there is none says little: some servers answer that they stored a key
    /// and didn't. Read it back.
    pub fn send(&self, url: &str, fingerprint: &str) -> Result<(), KeyserverError> {
        self.own_folder()?;
        let output = self.run(&["--keyserver", url, "--send-keys", fingerprint], b"")?;
        let status = Status::read(&output.stderr);
        if output.status == Some(0) && !status.has("FAILURE") {
            return Ok(());
        }
        Err(KeyserverError::Failed { said: status.last })
    }

    /// Asks a server for a key and puts it into the keyring, with the certifications by others, which
    /// gpg would leave away by default.
    ///
    /// # Errors
    /// [`KeyserverError`].
    pub fn receive(&self, url: &str, fingerprint: &str) -> Result<Received, KeyserverError> {
        self.own_folder()?;
        let options = "--keyserver-options=no-self-sigs-only,no-import-clean,no-import-minimal,no-honor-keyserver-url";
        let output = self.run(
            &[options, "--keyserver", url, "--recv-keys", fingerprint],
            b"",
        )?;
        let status = Status::read(&output.stderr);
        let came = status
            .all("IMPORT_OK")
            .any(|args| args.get(1) == Some(&fingerprint));
        if came {
            return Ok(Received::Certificate);
        }
        // `IMPORT_RES processed no_user_id …`
        let counts: Option<(u64, u64)> = status.all("IMPORT_RES").next().and_then(|args| {
            let number = |at: usize| args.get(at)?.parse().ok();
            Some((number(0)?, number(1)?))
        });
        match counts {
            Some((_, bare)) if bare > 0 => Ok(Received::NoUserId),
            Some((processed, _)) if processed > 0 => Ok(Received::AnotherKey),
            Some(_) => Ok(Received::Nothing { said: status.last }),
            None if status.has("NODATA") => Ok(Received::Nothing { said: status.last }),
            None => Err(KeyserverError::Failed { said: status.last }),
        }
    }
}

impl Drop for Throwaway<'_> {
    fn drop(&mut self) {
        // Public keys only; what can't be removed harms nobody.
        if let Ok(entries) = self.files.list(&self.folder) {
            for entry in entries {
                let path = self.folder.join(entry.name);
                // gpg leaves an empty folder for secret keys where this is its home.
                let _ = match entry.kind {
                    Kind::Folder => self.files.remove_dir(&path),
                    _ => self.files.remove(&path),
                };
            }
        }
        let _ = self.files.remove_dir(&self.folder);
    }
}
