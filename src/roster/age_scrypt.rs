//! The scrypt stanza of age (c2sp.org/age, 'scrypt recipient stanza') with fixed work.
//!
//! The age crate has one of its own, but it measures the machine for 2 ms whenever a recipient or an
//! identity is made, and its cap when reading depends on that. Ours writes the work factor that it is
//! told, and refuses what is above a fixed cap before any work is done.

use std::collections::HashSet;

use age::{DecryptError, EncryptError};
use age_core::format::{FILE_KEY_BYTES, FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt};
use age_core::secrecy::ExposeSecret;
use data_encoding::{BASE32_NOPAD, BASE64_NOPAD};
use zeroize::{Zeroize, Zeroizing};

const TAG: &str = "scrypt";
const SALT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const SALT_BYTES: usize = 16;
/// Characters of the salt in base64 without padding.
const SALT_CHARS: usize = 22;

/// Encrypts under a passphrase with work 2^`log_n`.
pub(crate) struct ScryptRecipient<'a> {
    pub(crate) passphrase: &'a [u8],
    pub(crate) log_n: u8,
}

/// Decrypts under a passphrase, with work of at most 2^`cap`.
pub(crate) struct ScryptIdentity<'a> {
    pub(crate) passphrase: &'a [u8],
    pub(crate) cap: u8,
}

/// The wrapping key, or `None` if scrypt can't have this work factor.
fn wrapping_key(
    passphrase: &[u8],
    salt: &[u8; SALT_BYTES],
    log_n: u8,
) -> Option<Zeroizing<[u8; 32]>> {
    // scrypt's own check of a factor of zero is an assertion.
    if !(1..64).contains(&log_n) {
        return None;
    }
    let params = scrypt::Params::new(log_n, 8, 1, 32).ok()?;
    let mut labelled = SALT_LABEL.to_vec();
    labelled.extend_from_slice(salt);
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(passphrase, &labelled, &params, key.as_mut()).ok()?;
    Some(key)
}

fn no_randomness() -> EncryptError {
    EncryptError::Io(std::io::Error::other("no randomness"))
}

impl age::Recipient for ScryptRecipient<'_> {
    fn wrap_file_key(
        &self,
        file_key: &FileKey,
    ) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).map_err(|_| no_randomness())?;
        // A label that no other recipient has: a scrypt stanza must be the only one of its file.
        let mut label = [0; 20];
        getrandom::fill(&mut label).map_err(|_| no_randomness())?;
        let key = wrapping_key(self.passphrase, &salt, self.log_n)
            .ok_or_else(|| EncryptError::Io(std::io::Error::other("work factor")))?;
        let stanza = Stanza {
            tag: TAG.to_owned(),
            args: vec![BASE64_NOPAD.encode(&salt), self.log_n.to_string()],
            body: aead_encrypt(&key, file_key.expose_secret()),
        };
        Ok((vec![stanza], HashSet::from([BASE32_NOPAD.encode(&label)])))
    }
}

/// The work factor in its canonical decimal form; 255 stands for all that is larger.
fn work_factor(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits || text.starts_with('0') {
        return None;
    }
    Some(text.parse().unwrap_or(u8::MAX))
}

impl age::Identity for ScryptIdentity<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        Some(self.unwrap(stanza))
    }
}

impl ScryptIdentity<'_> {
    fn unwrap(&self, stanza: &Stanza) -> Result<FileKey, DecryptError> {
        let [salt, log_n] = &stanza.args[..] else {
            return Err(DecryptError::InvalidHeader);
        };
        let log_n = work_factor(log_n).ok_or(DecryptError::InvalidHeader)?;
        if salt.len() != SALT_CHARS || stanza.body.len() != FILE_KEY_BYTES + 16 {
            return Err(DecryptError::InvalidHeader);
        }
        let salt: [u8; SALT_BYTES] = BASE64_NOPAD
            .decode(salt.as_bytes())
            .ok()
            .and_then(|salt| salt.try_into().ok())
            .ok_or(DecryptError::InvalidHeader)?;
        let too_much = || DecryptError::ExcessiveWork {
            required: log_n,
            target: self.cap,
        };
        if log_n > self.cap {
            return Err(too_much());
        }
        let key = wrapping_key(self.passphrase, &salt, log_n).ok_or_else(too_much)?;
        let mut opened = aead_decrypt(&key, FILE_KEY_BYTES, &stanza.body)
            .map_err(|_| DecryptError::DecryptionFailed)?;
        let file_key = FileKey::init_with_mut(|file_key| file_key.copy_from_slice(&opened));
        opened.zeroize();
        Ok(file_key)
    }
}
