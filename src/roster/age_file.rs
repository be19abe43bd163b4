//! Whole age files in memory (age-encryption.org/v1), with limits on every size.
//!
//! The age crate parses a header again with each line that it reads, so a header of many short lines
//! costs time by the square of its size. Here the armour is taken off first, and the header is measured
//! before it is parsed.

use std::io::{Read, Write};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{DecryptError, Decryptor, Encryptor};
use thiserror::Error;
use zeroize::Zeroizing;

/// Most bytes of plaintext that any age file of a vault may hold: 4 MiB.
pub const MAX_PLAINTEXT: usize = 4 << 20;

/// Most bytes of an age header. One stanza has some 150; a file sealed to a person's other keys, too, a few more.
const MAX_HEADER: usize = 8 << 10;

/// First line of every age header.
const INTRO: &[u8] = b"age-encryption.org/v1\n";

/// First line of an armored age file.
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// Why an age file could not be opened.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum OpenError {
    /// The bytes don't begin as an age file does.
    #[error("not an age file")]
    NotAge,
    /// The file, or what is in it, has more bytes than allowed.
    #[error("larger than {limit} bytes")]
    TooBig {
        /// Most bytes of plaintext allowed.
        limit: usize,
    },
    /// The header has more bytes than any file of ours.
    #[error("header larger than {limit} bytes")]
    HeaderTooBig {
        /// Most bytes of header allowed.
        limit: usize,
    },
    /// The file asks for more scrypt work than allowed.
    #[error("scrypt work factor 2^{required}, at most 2^{cap} is allowed")]
    ExcessiveWork {
        /// What the file asks for, as a power of two; 255 stands for all that is larger.
        required: u8,
        /// What is allowed, as a power of two.
        cap: u8,
    },
    /// Intact as far as can be seen, but sealed to other keys.
    #[error("sealed to another key")]
    NotForThisIdentity,
    /// The passphrase is not that of the file.
    #[error("another passphrase")]
    WrongPassphrase,
    /// Truncated, altered, or followed by other data.
    #[error("damaged age file")]
    Damaged,
}

/// Encrypts to one recipient, armored. Needs the operating system's randomness and nothing else.
///
/// # Errors
///
/// [`SealFailed`] if the plaintext is larger than [`MAX_PLAINTEXT`] or there is no randomness.
pub(crate) fn encrypt(
    recipient: &dyn age::Recipient,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealFailed> {
    if plaintext.len() > MAX_PLAINTEXT {
        return Err(SealFailed);
    }
    let sealing = Encryptor::with_recipients(std::iter::once(recipient)).map_err(|_| SealFailed)?;
    let mut file = Vec::with_capacity(plaintext.len() * 3 / 2 + 1024);
    let write = |file: &mut Vec<u8>| -> std::io::Result<()> {
        let armor = ArmoredWriter::wrap_output(file, Format::AsciiArmor)?;
        let mut payload = sealing.wrap_output(armor)?;
        payload.write_all(plaintext)?;
        payload.finish()?.finish()?;
        Ok(())
    };
    write(&mut file).map_err(|_| SealFailed)?;
    Ok(file)
}

/// An age file could not be made.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("can't be encrypted: too large, or no randomness")]
pub struct SealFailed;

/// Decrypts a whole file, armored or binary, of at most `limit` bytes of plaintext.
///
/// `cap` is only for the message when the identity refuses a work factor.
pub(crate) fn decrypt(
    identity: &dyn age::Identity,
    file: &[u8],
    limit: usize,
    cap: u8,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let limit = limit.min(MAX_PLAINTEXT);
    let binary = dearmor(file, limit)?;
    let opening = Decryptor::new_buffered(&binary[..]).map_err(|_| OpenError::Damaged)?;
    let payload = opening
        .decrypt(std::iter::once(identity))
        .map_err(|error| match error {
            DecryptError::NoMatchingKeys => OpenError::NotForThisIdentity,
            DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                OpenError::WrongPassphrase
            }
            DecryptError::ExcessiveWork { required, .. } => {
                OpenError::ExcessiveWork { required, cap }
            }
            _ => OpenError::Damaged,
        })?;
    // The plaintext is smaller than the file, so the buffer never grows and leaves no copy behind.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(binary.len().min(limit) + 1));
    payload
        .take(limit as u64 + 1)
        .read_to_end(&mut plaintext)
        .map_err(|_| OpenError::Damaged)?;
    if plaintext.len() > limit {
        return Err(OpenError::TooBig { limit });
    }
    Ok(plaintext)
}

/// Takes the armour off, if there is one, and measures the header.
fn dearmor(file: &[u8], limit: usize) -> Result<Vec<u8>, OpenError> {
    // Base64 in lines adds 37 %, authentication 16 bytes for each 64 KiB.
    if file.len() > limit.saturating_mul(2).saturating_add(4 * MAX_HEADER) {
        return Err(OpenError::TooBig { limit });
    }
    if !file.trim_ascii_start().starts_with(ARMOR) && !file.starts_with(&INTRO[..19]) {
        return Err(OpenError::NotAge);
    }
    let mut binary = Vec::with_capacity(file.len());
    ArmoredReader::new(file)
        .read_to_end(&mut binary)
        .map_err(|_| OpenError::Damaged)?;
    if !binary.starts_with(INTRO) {
        return Err(OpenError::Damaged);
    }
    let head = &binary[..binary.len().min(MAX_HEADER)];
    if !head.windows(5).any(|five| five == b"\n--- ") {
        return Err(if head.len() == MAX_HEADER {
            OpenError::HeaderTooBig { limit: MAX_HEADER }
        } else {
            OpenError::Damaged
        });
    }
    Ok(binary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (age::x25519::Identity, age::x25519::Recipient) {
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public();
        (identity, recipient)
    }

    #[test]
    fn what_is_encrypted_comes_back() {
        let (identity, recipient) = pair();
        for size in [0, 1, 65_535, 65_536, 65_537, MAX_PLAINTEXT] {
            let plaintext = vec![7; size];
            let file = encrypt(&recipient, &plaintext).unwrap();
            assert!(file.starts_with(ARMOR));
            assert_eq!(*decrypt(&identity, &file, size, 0).unwrap(), plaintext);
        }
        assert!(encrypt(&recipient, &vec![0; MAX_PLAINTEXT + 1]).is_err());
    }

    #[test]
    fn a_byte_too_many_is_too_big() {
        let (identity, recipient) = pair();
        let file = encrypt(&recipient, &[1; 100]).unwrap();
        assert_eq!(
            decrypt(&identity, &file, 99, 0).unwrap_err(),
            OpenError::TooBig { limit: 99 }
        );
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let (identity, recipient) = pair();
        let file = encrypt(&recipient, b"plain").unwrap();
        // Without the last line feed it is still whole.
        for length in 0..file.len() - 1 {
            assert!(
                decrypt(&identity, &file[..length], 100, 0).is_err(),
                "{length}"
            );
        }
        assert!(decrypt(&identity, &file[..file.len() - 1], 100, 0).is_ok());
    }

    #[test]
    fn a_changed_byte_is_refused() {
        let (identity, recipient) = pair();
        let file = encrypt(&recipient, b"plain").unwrap();
        for at in 0..file.len() {
            let mut bad = file.clone();
            bad[at] ^= 0x04;
            assert!(decrypt(&identity, &bad, 100, 0).is_err(), "{at}");
        }
    }

    #[test]
    fn data_after_the_armour_is_refused() {
        let (identity, recipient) = pair();
        let mut file = encrypt(&recipient, b"plain").unwrap();
        file.extend_from_slice(b"more");
        assert_eq!(
            decrypt(&identity, &file, 100, 0).unwrap_err(),
            OpenError::Damaged
        );
    }

    #[test]
    fn carriage_returns_in_the_armour_are_harmless() {
        let (identity, recipient) = pair();
        let file = String::from_utf8(encrypt(&recipient, b"plain").unwrap()).unwrap();
        let file = file.replace('\n', "\r\n");
        assert_eq!(
            *decrypt(&identity, file.as_bytes(), 100, 0).unwrap(),
            b"plain"
        );
    }

    #[test]
    fn other_files_are_named_as_such() {
        let (identity, _) = pair();
        for bytes in [
            &b""[..],
            b"\x00\xff\xfe",
            b"-----BEGIN PGP MESSAGE-----\n",
            b"age-enc",
        ] {
            assert_eq!(
                decrypt(&identity, bytes, 100, 0).unwrap_err(),
                OpenError::NotAge
            );
        }
        let huge = vec![b'a'; 100 << 20];
        assert_eq!(
            decrypt(&identity, &huge, 100, 0).unwrap_err(),
            OpenError::TooBig { limit: 100 }
        );
    }

    #[test]
    fn a_header_of_many_lines_costs_no_time() {
        let (identity, _) = pair();
        let mut file = INTRO.to_vec();
        for _ in 0..1_000_000 {
            file.extend_from_slice(b"-> a\n\n");
        }
        file.extend_from_slice(b"--- AAAA\n");
        assert_eq!(
            decrypt(&identity, &file, MAX_PLAINTEXT, 0).unwrap_err(),
            OpenError::HeaderTooBig { limit: MAX_HEADER }
        );
    }
}
