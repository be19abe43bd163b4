//! The random passphrase of a vault file: what is split into shares, and what `age` takes.

use data_encoding::BASE32_NOPAD;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use super::age_file;
pub use super::age_file::{MAX_PLAINTEXT, OpenError, SealFailed};
use super::age_scrypt::{ScryptIdentity, ScryptRecipient};

/// Characters of a passphrase.
pub const PASSPHRASE_CHARS: usize = 52;

/// Work of the files that we write, as a power of two. The passphrase has 256 bits, so the work protects
/// nothing; 2^10 is the lowest factor that other programs take for granted.
pub const WORK: u8 = 10;

/// Work of the practice file, whose plaintext everybody knows: the least that there is.
pub const PRACTICE_WORK: u8 = 1;

/// Most work that a vault file may ask for, as a power of two (4 MiB of memory, some 10 ms).
pub const WORK_CAP: u8 = 12;

/// 256 random bits as 52 characters of lower-case base32 (RFC 4648 §6, without padding).
///
/// Wiped when dropped. The characters lie on the heap, so that a move leaves no copy behind.
pub struct Passphrase(Zeroizing<Box<[u8]>>);

/// What was recovered is not a passphrase. Nothing of it is told.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PassphraseError {
    /// Not 52 characters.
    #[error("{found} characters instead of 52")]
    Length {
        /// Bytes found.
        found: usize,
    },
    /// A character is not of the alphabet `a-z2-7`, or the last one has bits that no encoder writes.
    #[error("not lower-case base32")]
    Alphabet,
}

impl Passphrase {
    /// Encodes 256 random bits, and wipes them.
    #[must_use]
    pub fn from_random(bits: &mut [u8; 32]) -> Self {
        let mut text = vec![0; PASSPHRASE_CHARS].into_boxed_slice();
        BASE32_NOPAD.encode_mut(bits, &mut text);
        text.make_ascii_lowercase();
        bits.zeroize();
        Self(Zeroizing::new(text))
    }

    /// Takes what shares were combined to, if it is a passphrase to the letter.
    ///
    /// # Errors
    ///
    /// [`PassphraseError`]; in practice the shares belonged to something else.
    pub fn from_recovered(text: &[u8]) -> Result<Self, PassphraseError> {
        if text.len() != PASSPHRASE_CHARS {
            return Err(PassphraseError::Length { found: text.len() });
        }
        if text.iter().any(u8::is_ascii_uppercase) {
            return Err(PassphraseError::Alphabet);
        }
        let upper = Zeroizing::new(text.to_ascii_uppercase());
        let mut bits = Zeroizing::new([0; 32]);
        // Refuses unknown characters, and bits after the 256th.
        BASE32_NOPAD
            .decode_mut(&upper, bits.as_mut())
            .map_err(|_| PassphraseError::Alphabet)?;
        Ok(Self(Zeroizing::new(text.into())))
    }

    /// The 52 characters, for the length of one call.
    pub fn expose<T>(&self, use_it: impl FnOnce(&[u8]) -> T) -> T {
        use_it(&self.0)
    }
}

/// Encrypts a vault file: armored age, one scrypt stanza with work 2^10.
///
/// # Errors
///
/// [`SealFailed`] if the plaintext has more than [`MAX_PLAINTEXT`] bytes or there is no randomness.
pub fn encrypt(passphrase: &Passphrase, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
    encrypt_with(passphrase, plaintext, WORK)
}

/// Encrypts a practice file: as [`encrypt`], with work 2^1.
///
/// # Errors
///
/// As [`encrypt`].
pub fn encrypt_practice(passphrase: &Passphrase, plaintext: &[u8]) -> Result<Vec<u8>, SealFailed> {
    encrypt_with(passphrase, plaintext, PRACTICE_WORK)
}

fn encrypt_with(
    passphrase: &Passphrase,
    plaintext: &[u8],
    log_n: u8,
) -> Result<Vec<u8>, SealFailed> {
    passphrase.expose(|passphrase| {
        let recipient = ScryptRecipient { passphrase, log_n };
        age_file::encrypt(&recipient, plaintext)
    })
}

/// Decrypts a vault file of at most `limit` bytes of plaintext (and at most [`MAX_PLAINTEXT`]).
///
/// # Errors
///
/// [`OpenError`]; work above 2^[`WORK_CAP`] is refused before it is done.
pub fn decrypt(
    passphrase: &Passphrase,
    file: &[u8],
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    passphrase.expose(|passphrase| {
        let identity = ScryptIdentity {
            passphrase,
            cap: WORK_CAP,
        };
        age_file::decrypt(&identity, file, limit, WORK_CAP)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use age::secrecy::SecretString;
    use proptest::prelude::*;

    fn passphrase(byte: u8) -> Passphrase {
        Passphrase::from_random(&mut [byte; 32])
    }

    fn text(passphrase: &Passphrase) -> String {
        passphrase.expose(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn the_random_bits_are_wiped() {
        let mut bits = [9; 32];
        let _passphrase = Passphrase::from_random(&mut bits);
        assert_eq!(bits, [0; 32]);
    }

    #[test]
    fn zeros_and_ones_have_their_known_texts() {
        assert_eq!(text(&passphrase(0)), "a".repeat(52));
        assert_eq!(text(&passphrase(255)), format!("{}q", "7".repeat(51)));
    }

    proptest! {
        #[test]
        fn every_passphrase_is_recovered(bits: [u8; 32]) {
            let made = Passphrase::from_random(&mut bits.clone());
            let again = made.expose(Passphrase::from_recovered).unwrap();
            prop_assert_eq!(text(&made), text(&again));
        }

        #[test]
        fn no_other_bytes_are_taken(bytes: Vec<u8>) {
            prop_assert!(Passphrase::from_recovered(&bytes).is_err());
        }
    }

    #[test]
    fn a_recovered_text_must_be_exact() {
        let good = text(&passphrase(0));
        for length in 0..52 {
            assert_eq!(
                Passphrase::from_recovered(&good.as_bytes()[..length]).err(),
                Some(PassphraseError::Length { found: length })
            );
        }
        let alphabet = |text: &str| Passphrase::from_recovered(text.as_bytes()).err();
        for bad in ["A", "1", "8", "=", "\0", "b", "\u{7f}"] {
            let bad = format!("{}{bad}", "a".repeat(51));
            assert_eq!(alphabet(&bad), Some(PassphraseError::Alphabet), "{bad}");
        }
        assert_eq!(
            alphabet(&format!("{good}\n")),
            Some(PassphraseError::Length { found: 53 })
        );
    }

    #[test]
    fn a_file_opens_under_its_passphrase_and_no_other() {
        for encrypt in [encrypt, encrypt_practice] {
            let file = encrypt(&passphrase(1), b"secret key").unwrap();
            assert_eq!(*decrypt(&passphrase(1), &file, 100).unwrap(), b"secret key");
            assert_eq!(
                decrypt(&passphrase(2), &file, 100).unwrap_err(),
                OpenError::WrongPassphrase
            );
        }
    }

    #[test]
    fn the_age_crate_opens_our_files() {
        for encrypt in [encrypt, encrypt_practice] {
            let file = encrypt(&passphrase(3), b"secret key").unwrap();
            let stock = age::scrypt::Identity::new(SecretString::from(text(&passphrase(3))));
            let plaintext = age::decrypt(&stock, &file).unwrap();
            assert_eq!(plaintext, b"secret key");
        }
    }

    fn stock_file(log_n: u8) -> Vec<u8> {
        let mut stock = age::scrypt::Recipient::new(SecretString::from(text(&passphrase(4))));
        stock.set_work_factor(log_n);
        age::encrypt(&stock, b"secret key").unwrap()
    }

    #[test]
    fn we_open_files_of_the_age_crate() {
        for log_n in [1, WORK_CAP] {
            let file = stock_file(log_n);
            assert_eq!(*decrypt(&passphrase(4), &file, 100).unwrap(), b"secret key");
        }
    }

    #[test]
    fn too_much_work_is_refused_before_it_is_done() {
        let file = stock_file(1);
        let line = file.split(|b| *b == b'\n').nth(1).unwrap();
        let stanza = String::from_utf8(line.to_vec()).unwrap();
        let with = |factor: &str| {
            let changed = format!("{}{factor}", stanza.strip_suffix('1').unwrap());
            let mut bytes = file.clone();
            let at = 22..22 + line.len();
            bytes.splice(at, changed.into_bytes());
            decrypt(&passphrase(4), &bytes, 100).unwrap_err()
        };
        for (factor, required) in [
            ("13", 13),
            ("40", 40),
            ("63", 63),
            ("64", 64),
            ("9999", 255),
        ] {
            let cap = WORK_CAP;
            assert_eq!(with(factor), OpenError::ExcessiveWork { required, cap });
        }
        for factor in [
            "0",
            "01",
            "+1",
            "-1",
            "",
            "1x",
            " 1",
            "99999999999999999999999",
        ] {
            assert_eq!(with(factor), OpenError::Damaged, "{factor}");
        }
    }

    #[test]
    fn a_file_for_a_key_is_not_for_a_passphrase() {
        let recipient = age::x25519::Identity::generate().to_public();
        let file = age::encrypt(&recipient, b"x").unwrap();
        assert_eq!(
            decrypt(&passphrase(1), &file, 100).unwrap_err(),
            OpenError::NotForThisIdentity
        );
    }
}
