//! GnuPG, the program: the one module that starts it. Cards, agents and pinentries are its business.
pub mod agent;
mod keygrip;
pub mod keyring;
pub mod sexp;

use super::programs::{Command, Output, Program, Programs, ProgramsError};
use super::safe_text::SafeText;
use std::path::PathBuf;
use zeroize::Zeroizing;

pub mod certify;
pub mod judged;
pub mod keyserver;

/// Most bytes of a message that is decrypted here.
pub const MAX_PLAINTEXT: usize = 64 * 1024;

/// The oldest gpg that is worked with: 2.2 of 2017 keeps secret keys in its agent and knows all options
/// used here.
pub const OLDEST: (u32, u32) = (2, 2);

/// Why gpg didn't decrypt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpgError {
    /// There is no gpg in the trusted folders of `PATH`.
    #[error("gpg not found")]
    Missing {
        /// Where one lay that others can change, so that it was passed over.
        skipped: Vec<PathBuf>,
    },
    /// It is older than [`OLDEST`].
    #[error("gpg {version} is too old")]
    TooOld {
        /// As it calls itself.
        version: SafeText,
    },
    /// The bytes are no encrypted OpenPGP message.
    #[error("no encrypted OpenPGP message")]
    NotAMessage,
    /// None of the keys that it is encrypted to is there.
    #[error("no secret key")]
    NoSecretKey {
        /// Their key IDs, 16 hexadecimal digits; all zero if hidden.
        wanted: Vec<SafeText>,
    },
    /// The user dismissed the pinentry.
    #[error("cancelled")]
    Cancelled,
    /// The passphrase or PIN was wrong, as often as gpg lets it be.
    #[error("wrong passphrase or PIN")]
    BadPassphrase,
    /// The card counts too many wrong PINs.
    #[error("the card's PIN is blocked")]
    PinBlocked,
    /// The card with the key is not there.
    #[error("no card")]
    NoCard,
    /// gpg has no program to ask for the passphrase, or that has no terminal or screen.
    #[error("no pinentry")]
    NoPinentry,
    /// gpg's agent doesn't run and can't be started.
    #[error("no agent")]
    NoAgent,
    /// Nobody answered the pinentry in time.
    #[error("time out")]
    TimedOut,
    /// A key is there, but the message doesn't decrypt with it: it was changed.
    #[error("the message is damaged")]
    Damaged,
    /// The message holds more than [`MAX_PLAINTEXT`] bytes.
    #[error("more than {limit} bytes")]
    TooBig {
        /// Bytes.
        limit: usize,
    },
    /// It could not be started or talked to.
    #[error("gpg: {0}")]
    Failed(std::io::ErrorKind),
    /// gpg failed in a way not known here.
    #[error("gpg: {last}")]
    Other {
        /// Its exit code, none after a signal.
        status: Option<i32>,
        /// The last line that it wrote for people.
        last: SafeText,
    },
}

impl From<ProgramsError> for GpgError {
    fn from(error: ProgramsError) -> Self {
        match error {
            ProgramsError::NotFound { skipped, .. } => Self::Missing { skipped },
            ProgramsError::OutputTooBig { limit, .. } => Self::TooBig { limit },
            ProgramsError::Failed { kind, .. } => Self::Failed(kind),
            ProgramsError::TimedOut { .. } => Self::TimedOut,
        }
    }
}

/// No questions by gpg itself (the agent asks, through its pinentry), no network, no judgement about
/// trust. The user's `gpg.conf` is read: it may say where the agent and the keys are.
/// Not `--quiet`: gpg would leave out the status lines that tell why a key didn't open the message.
/// Not `--max-output`: gpg 2.2 doesn't keep to it; our own limit does.
const OPTIONS: [&str; 10] = [
    "--batch",
    "--no-tty",
    "--status-fd=2",
    "--display-charset=utf-8",
    "--trust-model=always",
    "--no-auto-check-trustdb",
    "--no-auto-key-retrieve",
    "--disable-dirmngr",
    "--output=-",
    "--decrypt",
];

/// Decrypts an OpenPGP message, armored or not, with whichever of the user's keys fits. Waits for the
/// user as long as a pinentry does. Says nothing about who made the message.
///
/// # Errors
/// [`GpgError`]; nothing of the plaintext is given out unless gpg found it unchanged.
pub fn decrypt(programs: &dyn Programs, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, GpgError> {
    let mut command = Command::new(Program::Gpg, &OPTIONS, sealed);
    command.output_limit = MAX_PLAINTEXT;
    let output = programs.run(&command)?;
    let status = Status::read(&output.stderr);
    // Without the second, gpg also gives out a message that was never encrypted.
    if output.status == Some(0) && status.has("DECRYPTION_OKAY") {
        return Ok(output.stdout);
    }
    Err(status.error(programs, &output))
}

/// gpg's status lines (its `doc/DETAILS`): a keyword and its arguments.
struct Status {
    lines: Vec<String>,
    /// The last line that is not one, for people.
    last: SafeText,
}

impl Status {
    fn read(stderr: &[u8]) -> Self {
        let text = String::from_utf8_lossy(stderr);
        let (status, other): (Vec<_>, Vec<_>) =
            text.lines().partition(|line| line.starts_with("[GNUPG:] "));
        Self {
            lines: status
                .iter()
                .map(|line| line["[GNUPG:] ".len()..].to_owned())
                .collect(),
            last: SafeText::new(
                other
                    .last()
                    .map_or("", |line| line.trim_start_matches("gpg: ")),
            ),
        }
    }

    /// The arguments of all lines with this keyword.
    fn all<'s>(&'s self, keyword: &'s str) -> impl Iterator<Item = Vec<&'s str>> {
        let words = self
            .lines
            .iter()
            .map(|line| line.split(' ').collect::<Vec<_>>());
        words
            .filter(move |words| words[0] == keyword)
            .map(|words| words[1..].to_vec())
    }

    fn has(&self, keyword: &str) -> bool {
        self.all(keyword).next().is_some()
    }

    /// The codes of libgpg-error that came with errors, without the part that tells the source.
    fn codes(&self) -> impl Iterator<Item = u32> {
        let code = |text: &&str| text.parse::<u32>().ok().map(|code| code & 0xffff);
        self.all("ERROR")
            .filter_map(move |args| args.get(1).and_then(code))
    }

    fn error(&self, programs: &dyn Programs, output: &Output) -> GpgError {
        // The codes of `gpg-error.h`; the first that tells something.
        let told = self.codes().find_map(|code| match code {
            10 => Some(GpgError::Damaged),
            11 | 87 => Some(GpgError::BadPassphrase),
            62 => Some(GpgError::TimedOut),
            77 | 78 => Some(GpgError::NoAgent),
            85 | 86 => Some(GpgError::NoPinentry),
            99 | 198 | 277 => Some(GpgError::Cancelled),
            108 | 110 | 112 | 119 => Some(GpgError::NoCard),
            130 => Some(GpgError::PinBlocked),
            _ => None,
        });
        if let Some(told) = told {
            return told;
        }
        let ids = |keyword| -> Vec<SafeText> {
            let first = |args: Vec<&str>| args.first().map(|id| SafeText::limited(id, 16));
            self.all(keyword).filter_map(first).collect()
        };
        let mut wanted = ids("NO_SECKEY");
        if wanted.is_empty() && self.has("DECRYPTION_FAILED") && !self.has("DECRYPTION_INFO") {
            // With `quiet` in the user's gpg.conf: it never came to decrypting.
            wanted = ids("ENC_TO");
        }
        if !wanted.is_empty() {
            return GpgError::NoSecretKey { wanted };
        }
        let not_encrypted = output.status == Some(0) && !self.has("BEGIN_DECRYPTION");
        if self.has("NODATA") || not_encrypted {
            return GpgError::NotAMessage;
        }
        if self.has("DECRYPTION_FAILED") || self.has("BADMDC") {
            return GpgError::Damaged;
        }
        if let Some(version) = too_old(programs) {
            return GpgError::TooOld { version };
        }
        GpgError::Other {
            status: output.status,
            last: self.last.clone(),
        }
    }
}

/// gpg's version if it is older than [`OLDEST`].
fn too_old(programs: &dyn Programs) -> Option<SafeText> {
    let output = programs
        .run(&Command::new(Program::Gpg, &["--version"], b""))
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.lines().next()?.rsplit(' ').next()?;
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    let found = (numbers.next()??, numbers.next()??);
    (found < OLDEST).then(|| SafeText::limited(version, 20))
}

#[cfg(test)]
mod tests;
