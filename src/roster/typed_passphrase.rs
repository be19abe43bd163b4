//! A passphrase that a root chose and typed, for a share that has no key to be sealed to.

use std::fmt;

use subtle::ConstantTimeEq as _;
use thiserror::Error;
use zeroize::Zeroizing;

use super::age_file::{self, OpenError};
use super::age_scrypt::{ScryptIdentity, ScryptRecipient};
use super::sealing::SealError;

/// Work of a file under a person's passphrase, as a power of two: 256 MiB of memory and about a second, as
/// `age -p` takes.
pub const WORK: u8 = 18;
/// Fewest characters.
pub const LEAST: usize = 12;
/// Most bytes.
pub const MOST: usize = 1024;

/// A passphrase of a person's own. Wiped when dropped, shown nowhere.
#[derive(Clone)]
pub struct TypedPassphrase(Zeroizing<Box<[u8]>>);

/// Why a passphrase isn't taken. Nothing of it is told.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TypedPassphraseError {
    /// Too short to withstand guessing.
    #[error("shorter than {LEAST} characters")]
    TooShort,
    /// Longer than anybody types.
    #[error("longer than {MOST} bytes")]
    TooLong,
    /// The same character over and over.
    #[error("one character over and over")]
    Monotonous,
}

impl TypedPassphrase {
    /// Takes a passphrase that was chosen: at least [`LEAST`] characters, not all the same.
    ///
    /// # Errors
    ///
    /// [`TypedPassphraseError`].
    pub fn choose(text: &str) -> Result<Self, TypedPassphraseError> {
        if text.len() > MOST {
            return Err(TypedPassphraseError::TooLong);
        }
        if text.chars().count() < LEAST {
            return Err(TypedPassphraseError::TooShort);
        }
        let first = text.chars().next();
        if text.chars().all(|c| Some(c) == first) {
            return Err(TypedPassphraseError::Monotonous);
        }
        Ok(Self::of(text.as_bytes()))
    }

    /// Takes what was typed to open; whether it is the right one, the file tells.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for the channel to the worker.
    pub(super) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Did two roots choose the same? In constant time.
    #[must_use]
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    pub(super) fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let recipient = ScryptRecipient {
            passphrase: &self.0,
            log_n: WORK,
        };
        age_file::encrypt(&recipient, plaintext).map_err(|error| SealError::Failed {
            why: error.to_string(),
        })
    }

    /// Opens a file of at most `limit` bytes of plaintext. May take seconds and 256 MiB.
    ///
    /// # Errors
    ///
    /// [`OpenError`], also where the file asks for more work than 2^[`WORK`].
    pub fn open(&self, sealed: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let identity = ScryptIdentity {
            passphrase: &self.0,
            cap: WORK,
        };
        age_file::decrypt(&identity, sealed, limit, WORK)
    }
}

impl fmt::Debug for TypedPassphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a passphrase")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_guessed_is_refused() {
        let refused = |text: &str| TypedPassphrase::choose(text).err();
        assert_eq!(refused("short"), Some(TypedPassphraseError::TooShort));
        assert_eq!(
            refused(&"ü".repeat(11)),
            Some(TypedPassphraseError::TooShort)
        );
        assert_eq!(
            refused(&"a".repeat(40)),
            Some(TypedPassphraseError::Monotonous)
        );
        assert_eq!(
            refused(&"ab".repeat(600)),
            Some(TypedPassphraseError::TooLong)
        );
        assert_eq!(refused("correct horse battery"), None);
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let passphrase = TypedPassphrase::of(b"correct horse battery");
        assert_eq!(format!("{passphrase:?}"), "a passphrase");
    }

    #[test]
    fn it_opens_what_it_sealed_and_the_stock_reader_does_too() {
        let passphrase = TypedPassphrase::choose("correct horse battery").unwrap();
        let sealed = passphrase.seal(b"share").unwrap();
        assert_eq!(*passphrase.open(&sealed, 100).unwrap(), b"share");
        assert_eq!(
            TypedPassphrase::of(b"another").open(&sealed, 100).err(),
            Some(OpenError::WrongPassphrase)
        );
        let stock = age::scrypt::Identity::new("correct horse battery".to_owned().into());
        assert_eq!(age::decrypt(&stock, &sealed).unwrap(), b"share");
    }
}
