//! An age X25519 recipient, out of a file that a root put into `keys/`.

use std::fmt;

use age_core::primitives::bech32_decode;
use thiserror::Error;

use super::age_file;
use super::sealing::SealError;

/// Most bytes of a file with a recipient: 16 KiB.
const MAX_FILE: usize = 16 << 10;

/// An age X25519 recipient, in the canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AgeRecipient(age::x25519::Recipient);

/// Why a file holds no recipient that shares can be sealed to. Nothing of the file is told.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum AgeRecipientError {
    /// The file is larger than any such file.
    #[error("larger than {limit} bytes")]
    TooBig {
        /// Most bytes allowed.
        limit: usize,
    },
    /// Not UTF-8, or with control characters.
    #[error("not a text file")]
    NotText,
    /// Nothing but comments.
    #[error("no recipient in it")]
    Empty,
    /// The file holds a SECRET: an age identity. It must not be shared, and not lie in `keys/`.
    #[error("holds an age SECRET key")]
    SecretIdentity,
    /// The file holds a SECRET: a private ssh or OpenPGP key.
    #[error("holds a private key")]
    SecretKey,
    /// An ssh key, which this version doesn't seal to.
    #[error("an ssh key")]
    SshKey,
    /// A recipient that only a plugin, or another kind than X25519, can seal to.
    #[error("an age recipient of the kind {kind:?}")]
    OtherKind {
        /// The letters between `age1` and the next `1`.
        kind: String,
    },
    /// An OpenPGP certificate; these are named by fingerprint.
    #[error("an OpenPGP certificate")]
    OpenPgp,
    /// More than one recipient.
    #[error("more than one recipient, the second on line {line}")]
    Several {
        /// Line, from 1.
        line: usize,
    },
    /// Something else, or a recipient with a slip of the pen.
    #[error("line {line} is not an age recipient")]
    NotARecipient {
        /// Line, from 1.
        line: usize,
    },
    /// A point that everybody knows the secret of.
    #[error("line {line} is a worthless recipient: anybody could open what is sealed to it")]
    Worthless {
        /// Line, from 1.
        line: usize,
    },
}

/// The points of small order on Curve25519 and its twist, little-endian, top bit cleared. Who seals to one
/// of them gets a shared secret of zeros; the age crate panics on it.
const WORTHLESS: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

impl AgeRecipient {
    /// Reads a file with one `age1…` line. Empty lines and lines that begin with `#` are left out.
    ///
    /// # Errors
    ///
    /// [`AgeRecipientError`].
    pub fn from_file(file: &[u8]) -> Result<Self, AgeRecipientError> {
        if file.len() > MAX_FILE {
            return Err(AgeRecipientError::TooBig { limit: MAX_FILE });
        }
        // First of all, before anything else is said about the file.
        let upper = file.to_ascii_uppercase();
        let has = |what: &[u8]| upper.windows(what.len()).any(|part| part == what);
        if has(b"AGE-SECRET-KEY-") || has(b"AGE-PLUGIN-") {
            return Err(AgeRecipientError::SecretIdentity);
        }
        if has(b"PRIVATE KEY") {
            return Err(AgeRecipientError::SecretKey);
        }
        if has(b"-----BEGIN PGP")
            || file
                .first()
                .is_some_and(|b| b & 0xc0 == 0xc0 || b & 0xfc == 0x98)
        {
            return Err(AgeRecipientError::OpenPgp);
        }
        let text = std::str::from_utf8(file).map_err(|_| AgeRecipientError::NotText)?;
        if text
            .chars()
            .any(|c| c.is_control() && !"\n\r\t".contains(c))
        {
            return Err(AgeRecipientError::NotText);
        }
        let mut found = None;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if found.is_some() {
                return Err(AgeRecipientError::Several { line: at + 1 });
            }
            found = Some(Self::parse_line(line, at + 1)?);
        }
        found.ok_or(AgeRecipientError::Empty)
    }

    /// Reads the `age1…` text alone, to the letter.
    ///
    /// # Errors
    ///
    /// [`AgeRecipientError`], with the line 1.
    pub fn parse(text: &str) -> Result<Self, AgeRecipientError> {
        if text.len() > MAX_FILE {
            return Err(AgeRecipientError::TooBig { limit: MAX_FILE });
        }
        Self::parse_line(text, 1)
    }

    fn parse_line(text: &str, line: usize) -> Result<Self, AgeRecipientError> {
        const SSH: [&str; 3] = ["ssh-", "ecdsa-", "sk-"];
        if SSH.iter().any(|kind| text.starts_with(kind)) {
            return Err(AgeRecipientError::SshKey);
        }
        let wrong = || AgeRecipientError::NotARecipient { line };
        let rest = text.strip_prefix("age1").ok_or_else(wrong)?;
        if let Some((kind, _)) = rest.rsplit_once('1') {
            let plain = kind
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
            return Err(if plain && kind.len() <= 32 {
                AgeRecipientError::OtherKind {
                    kind: kind.to_owned(),
                }
            } else {
                wrong()
            });
        }
        let recipient: age::x25519::Recipient = text.parse().map_err(|_| wrong())?;
        if recipient.to_string() != text {
            return Err(wrong());
        }
        let mut point = bech32_decode(
            text,
            |_| (),
            |_| Ok(()),
            |_, point| Ok(point.collect::<Vec<u8>>()),
        )
        .map_err(|()| wrong())?;
        if let Some(top) = point.last_mut() {
            *top &= 0x7f;
        }
        let point = data_encoding::HEXLOWER.encode(&point);
        if WORTHLESS.contains(&point.as_str()) {
            return Err(AgeRecipientError::Worthless { line });
        }
        Ok(Self(recipient))
    }

    /// The public half of an identity.
    pub(super) fn of(identity: &age::x25519::Identity) -> Self {
        Self(identity.to_public())
    }

    pub(super) fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        age_file::encrypt(&self.0, plaintext).map_err(|error| SealError::Failed {
            why: error.to_string(),
        })
    }
}

impl fmt::Display for AgeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
