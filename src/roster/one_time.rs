//! The one-time identity of a request.

use age::secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::age_file::{self, OpenError};
use super::age_recipient::AgeRecipient;
use super::opening::IdentityError;

/// The age identity of one request, made by its opener and deleted when the request was carried out. Wiped when dropped.
pub struct OneTimeIdentity(Box<age::x25519::Identity>);

impl OneTimeIdentity {
    /// Makes one, from the operating system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(Box::new(age::x25519::Identity::generate()))
    }

    /// The `age1…` text that submissions are encrypted to.
    #[must_use]
    pub fn recipient(&self) -> AgeRecipient {
        AgeRecipient::of(&self.0)
    }

    /// The `AGE-SECRET-KEY-1…` text, without line feed.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Reads what [`OneTimeIdentity::to_text`] writes, to the letter.
    ///
    /// # Errors
    ///
    /// [`IdentityError::NotAnIdentity`].
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let wrong = IdentityError::NotAnIdentity { line: 1 };
        if text.len() > 128 {
            return Err(wrong);
        }
        match text.parse() {
            Ok(identity) => {
                let identity = Self(Box::new(identity));
                if *identity.to_text() == text {
                    Ok(identity)
                } else {
                    Err(wrong)
                }
            }
            Err(_) => Err(wrong),
        }
    }

    /// Opens a submission of at most `limit` bytes of plaintext.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(&self, sealed: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        age_file::decrypt(&*self.0, sealed, limit, 0)
    }
}
