//! To whom a share is sealed: an OpenPGP certificate, an age recipient, an ssh key, or a passphrase.

use thiserror::Error;

pub use super::age_recipient::{AgeRecipient, AgeRecipientError};
pub use super::openpgp_recipient::{
    Certificates, NoKey, OpenPgpKeys, OpenPgpRecipient, OpenPgpRecipientError,
};
pub use super::ssh_recipient::{SshRecipient, SshRecipientError};
pub use super::typed_passphrase::{TypedPassphrase, TypedPassphraseError};

/// Most bytes of plaintext that are sealed at once: 64 KiB.
pub const MAX_SEALED: usize = 64 << 10;

/// Whom a share is sealed to, checked and ready.
#[derive(Debug, Clone)]
pub enum Recipient {
    /// All encryption keys of an OpenPGP certificate that are valid at one time.
    OpenPgp(Box<OpenPgpRecipient>),
    /// The same keys alone, as the worker gets them.
    OpenPgpKeys(OpenPgpKeys),
    /// One age X25519 recipient.
    Age(AgeRecipient),
    /// One ssh key.
    Ssh(SshRecipient),
    /// A passphrase that was typed.
    Passphrase(TypedPassphrase),
}

/// Why something was not sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// Nothing to seal to in an OpenPGP certificate.
    #[error(transparent)]
    OpenPgp(#[from] OpenPgpRecipientError),
    /// Nothing to seal to in a file that should hold an age recipient.
    #[error(transparent)]
    Age(#[from] AgeRecipientError),
    /// Nothing to seal to in a file that should hold an ssh key.
    #[error(transparent)]
    Ssh(#[from] SshRecipientError),
    /// The plaintext is larger than [`MAX_SEALED`].
    #[error("more than {limit} bytes to seal")]
    TooBig {
        /// Most bytes allowed.
        limit: usize,
    },
    /// The encryption itself failed: an algorithm that the library lacks, or no randomness.
    #[error("encryption failed: {why}")]
    Failed {
        /// What the library says.
        why: String,
    },
    /// Bytes that don't describe a recipient.
    #[error("not a description of a recipient")]
    BadDescription,
}

const KIND_OPENPGP: u8 = 1;
const KIND_AGE: u8 = 2;
const KIND_SSH: u8 = 3;
const KIND_PASSPHRASE: u8 = 4;

impl Recipient {
    /// The certificate of this fingerprint, out of all that are in `bytes`; see [`OpenPgpRecipient::find`].
    ///
    /// # Errors
    ///
    /// [`SealError::OpenPgp`].
    pub fn openpgp(
        bytes: &[u8],
        fingerprint: &sequoia_openpgp::Fingerprint,
        now: u64,
    ) -> Result<Self, SealError> {
        let found = OpenPgpRecipient::find(bytes, fingerprint, now)?;
        Ok(Self::OpenPgp(Box::new(found)))
    }

    /// The recipient in the text of a file of `keys/`: see [`AgeRecipient::from_file`] and
    /// [`SshRecipient::from_file`].
    ///
    /// # Errors
    ///
    /// [`SealError::Age`], [`SealError::Ssh`].
    pub fn from_key_file(file: &[u8]) -> Result<Self, SealError> {
        if SshRecipient::is_meant_by(file) {
            return Ok(Self::Ssh(SshRecipient::from_file(file)?));
        }
        Ok(Self::Age(AgeRecipient::from_file(file)?))
    }

    /// The one recipient in a file of whichever kind: OpenPGP, age, or ssh.
    ///
    /// # Errors
    ///
    /// [`SealError`], of the kind that the file seems to be of.
    pub fn from_any_file(file: &[u8], now: u64) -> Result<Self, SealError> {
        let armored = file.trim_ascii_start().starts_with(b"-----BEGIN PGP ");
        // Binary packets begin with the high bit set (RFC 9580 §4.2).
        if armored || file.first().is_some_and(|byte| byte & 0x80 != 0) {
            let found = OpenPgpRecipient::only(file, now)?;
            return Ok(Self::OpenPgp(Box::new(found)));
        }
        Self::from_key_file(file)
    }

    /// Are the two one and the same key, so that their holders are one person to the mathematics?
    #[must_use]
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::OpenPgp(one), Self::OpenPgp(other)) => one.fingerprint() == other.fingerprint(),
            (Self::Age(one), Self::Age(other)) => one == other,
            (Self::Ssh(one), Self::Ssh(other)) => one.to_string() == other.to_string(),
            (Self::Passphrase(one), Self::Passphrase(other)) => one.is_the_same_as(other),
            _ => false,
        }
    }

    /// What the sealed file's name ends with: `asc` or `age`.
    #[must_use]
    pub fn extension(&self) -> &'static str {
        match self {
            Self::OpenPgp(_) | Self::OpenPgpKeys(_) => "asc",
            Self::Age(_) | Self::Ssh(_) | Self::Passphrase(_) => "age",
        }
    }

    /// The recipient as bytes, to be handed to another process of this program.
    ///
    /// One byte for the kind; then for OpenPGP the keys alone, so that next to the shares nobody's certificate is
    /// parsed, for age and ssh the text, for a passphrase the SECRET itself: these bytes go through the worker's
    /// channel and nowhere else.
    ///
    /// # Errors
    ///
    /// [`SealError::Failed`] if a key can't be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        match self {
            Self::OpenPgp(recipient) => recipient.sealed_to().after(KIND_OPENPGP),
            Self::OpenPgpKeys(keys) => keys.after(KIND_OPENPGP),
            Self::Age(recipient) => {
                let mut bytes = vec![KIND_AGE];
                bytes.extend_from_slice(recipient.to_string().as_bytes());
                Ok(bytes)
            }
            Self::Ssh(recipient) => Ok([&[KIND_SSH], recipient.to_string().as_bytes()].concat()),
            Self::Passphrase(passphrase) => Ok([&[KIND_PASSPHRASE], passphrase.expose()].concat()),
        }
    }

    /// Reads what [`Recipient::to_bytes`] wrote: of an OpenPGP certificate its keys.
    ///
    /// # Errors
    ///
    /// [`SealError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        match bytes.split_first() {
            Some((&KIND_OPENPGP, packets)) => Ok(Self::OpenPgpKeys(
                OpenPgpKeys::read(packets).ok_or(SealError::BadDescription)?,
            )),
            Some((&KIND_AGE, text)) => {
                let text = std::str::from_utf8(text).map_err(|_| SealError::BadDescription)?;
                Ok(Self::Age(AgeRecipient::parse(text)?))
            }
            Some((&KIND_SSH, text)) => {
                let text = std::str::from_utf8(text).map_err(|_| SealError::BadDescription)?;
                Ok(Self::Ssh(SshRecipient::parse(text)?))
            }
            Some((&KIND_PASSPHRASE, bytes)) => Ok(Self::Passphrase(TypedPassphrase::of(bytes))),
            _ => Err(SealError::BadDescription),
        }
    }
}

/// Seals at most [`MAX_SEALED`] bytes; armored. Computing and randomness only: no file, no thread.
///
/// # Errors
///
/// [`SealError::TooBig`], [`SealError::Failed`].
pub fn seal(recipient: &Recipient, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    if plaintext.len() > MAX_SEALED {
        return Err(SealError::TooBig { limit: MAX_SEALED });
    }
    match recipient {
        Recipient::OpenPgp(recipient) => recipient.sealed_to().seal(plaintext),
        Recipient::OpenPgpKeys(keys) => keys.seal(plaintext),
        Recipient::Age(recipient) => recipient.seal(plaintext),
        Recipient::Ssh(recipient) => recipient.seal(plaintext),
        Recipient::Passphrase(passphrase) => passphrase.seal(plaintext),
    }
}
