//! An ssh public key as recipient (age's `ssh-ed25519` and `ssh-rsa` stanzas), out of a file in `keys/`.

use std::fmt;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::age_file;
use super::sealing::SealError;

/// Most bytes of a file with an ssh public key: 16 KiB.
const MAX_FILE: usize = 16 << 10;
/// How every ssh public key of an allowed kind begins.
const ED25519: &str = "ssh-ed25519";
const RSA: &str = "ssh-rsa";

/// The points of small order on Ed25519's curve, little-endian, the top bit cleared; 0, 1, p - 1, p, p + 1 and the
/// two of order 8. Who seals to one of them seals to everybody.
const WORTHLESS: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// An ssh public key of a kind that age seals to: Ed25519, or RSA of 2048 to 4096 bits.
#[derive(Clone)]
pub struct SshRecipient {
    recipient: age::ssh::Recipient,
    text: String,
}

/// Why a file holds no ssh key that shares can be sealed to.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SshRecipientError {
    /// The file is larger than any such file.
    #[error("larger than {limit} bytes")]
    TooBig {
        /// Most bytes allowed.
        limit: usize,
    },
    /// Not UTF-8, or with control characters.
    #[error("not a text file")]
    NotText,
    /// The file holds a SECRET: a private key.
    #[error("holds a private key")]
    SecretKey,
    /// More than one key.
    #[error("more than one key, the second on line {line}")]
    Several {
        /// Line, from 1.
        line: usize,
    },
    /// No ssh key, or one with a slip of the pen.
    #[error("not an ssh public key")]
    NotAKey,
    /// A kind that can sign but that nothing can be sealed to.
    #[error("an ssh key of the kind {kind:?}: nothing can be sealed to it")]
    Kind {
        /// The first word of the line.
        kind: String,
    },
    /// An RSA key of fewer than 2048 bits or more than 4096.
    #[error("an RSA key that is too {}", if *.large { "large; at most 4096 bits" } else { "small; at least 2048 bits" })]
    Size {
        /// Too large, or too small.
        large: bool,
    },
    /// A point that everybody knows the secret of.
    #[error("a worthless key: anybody could open what is sealed to it")]
    Worthless,
}

impl SshRecipient {
    /// Does a file begin as an ssh public key does?
    #[must_use]
    pub fn is_meant_by(file: &[u8]) -> bool {
        let text = String::from_utf8_lossy(&file[..file.len().min(MAX_FILE)]);
        let first = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'));
        first.is_some_and(|line| {
            ["ssh-", "ecdsa-", "sk-"]
                .iter()
                .any(|kind| line.starts_with(kind))
        })
    }

    /// The fingerprint as `ssh-keygen -l` shows it: `SHA256:` and base64 without padding.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let key = self.text.split(' ').nth(1).unwrap_or_default();
        // The text was parsed when this value was made, so that it decodes.
        let blob = BASE64.decode(key.as_bytes()).unwrap_or_default();
        format!("SHA256:{}", BASE64_NOPAD.encode(&Sha256::digest(blob)))
    }

    /// Reads a file with one public key, as `ssh-keygen` writes it; the comment is left out.
    ///
    /// # Errors
    ///
    /// [`SshRecipientError`].
    pub fn from_file(file: &[u8]) -> Result<Self, SshRecipientError> {
        if file.len() > MAX_FILE {
            return Err(SshRecipientError::TooBig { limit: MAX_FILE });
        }
        let text = std::str::from_utf8(file).map_err(|_| SshRecipientError::NotText)?;
        if text.contains("PRIVATE KEY") {
            return Err(SshRecipientError::SecretKey);
        }
        let control = |c: char| c.is_control() && !"\n\r\t".contains(c);
        if text.contains(control) {
            return Err(SshRecipientError::NotText);
        }
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (_, line) = lines.next().ok_or(SshRecipientError::NotAKey)?;
        if let Some((line, _)) = lines.next() {
            return Err(SshRecipientError::Several { line });
        }
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some(kind), Some(key)) => Self::parse(&format!("{kind} {key}")),
            _ => Err(SshRecipientError::NotAKey),
        }
    }

    /// Reads the kind and the key, a space between them, to the letter.
    ///
    /// # Errors
    ///
    /// [`SshRecipientError`].
    pub fn parse(text: &str) -> Result<Self, SshRecipientError> {
        use age::ssh::ParseRecipientKeyError as Refused;
        let (kind, key) = text.split_once(' ').ok_or(SshRecipientError::NotAKey)?;
        if kind != ED25519 && kind != RSA {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"-@.".contains(&b);
            return Err(if kind.len() <= 64 && kind.bytes().all(plain) {
                SshRecipientError::Kind {
                    kind: kind.to_owned(),
                }
            } else {
                SshRecipientError::NotAKey
            });
        }
        let recipient: age::ssh::Recipient = text.parse().map_err(|error| match error {
            Refused::RsaModulusTooLarge => SshRecipientError::Size { large: true },
            Refused::RsaModulusTooSmall => SshRecipientError::Size { large: false },
            _ => SshRecipientError::NotAKey,
        })?;
        if recipient.to_string() != text {
            return Err(SshRecipientError::NotAKey);
        }
        if kind == ED25519 {
            let body = BASE64
                .decode(key.as_bytes())
                .map_err(|_| SshRecipientError::NotAKey)?;
            let mut point: [u8; 32] = *body.last_chunk().ok_or(SshRecipientError::NotAKey)?;
            point[31] &= 0x7f;
            if WORTHLESS.contains(&HEXLOWER.encode(&point).as_str()) {
                return Err(SshRecipientError::Worthless);
            }
        }
        Ok(Self {
            recipient,
            text: text.to_owned(),
        })
    }

    pub(super) fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        age_file::encrypt(&self.recipient, plaintext).map_err(|error| SealError::Failed {
            why: error.to_string(),
        })
    }
}

impl fmt::Display for SshRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for SshRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+IG5faBb6bfkHp1vuWPP9D9X34b1dGVBt+wZAFQ6EE";

    fn with_point(hex: &str) -> String {
        let mut body = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        body.extend(HEXLOWER.decode(hex.as_bytes()).unwrap());
        format!("ssh-ed25519 {}", BASE64.encode(&body))
    }

    #[test]
    fn a_comment_and_empty_lines_are_left_out() {
        for file in [
            GOOD.to_owned(),
            format!("{GOOD} cleo@willow\r\n"),
            format!("# cleo's\n\n  {GOOD}  a b c\n\n"),
        ] {
            assert!(SshRecipient::is_meant_by(file.as_bytes()));
            let read = SshRecipient::from_file(file.as_bytes()).unwrap();
            assert_eq!(read.to_string(), GOOD);
        }
    }

    #[test]
    fn every_other_file_is_named_for_what_it_is() {
        let kind = |kind: &str| SshRecipientError::Kind { kind: kind.into() };
        let cases = [
            (String::new(), SshRecipientError::NotAKey),
            ("hello".into(), SshRecipientError::NotAKey),
            (GOOD[..60].into(), SshRecipientError::NotAKey),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl".into(),
                SshRecipientError::SecretKey,
            ),
            ("ssh-dss AAAA".into(), kind("ssh-dss")),
            (
                "ecdsa-sha2-nistp256 AAAA".into(),
                kind("ecdsa-sha2-nistp256"),
            ),
            (
                "sk-ssh-ed25519@openssh.com AAAA".into(),
                kind("sk-ssh-ed25519@openssh.com"),
            ),
            ("\u{1b}[31m AAAA".into(), SshRecipientError::NotText),
            (
                format!("{GOOD}\n{GOOD}\n"),
                SshRecipientError::Several { line: 2 },
            ),
            (
                "#".repeat(MAX_FILE + 1),
                SshRecipientError::TooBig { limit: MAX_FILE },
            ),
        ];
        for (file, expected) in cases {
            let refused = SshRecipient::from_file(file.as_bytes()).unwrap_err();
            assert_eq!(refused, expected, "{}", &file[..file.len().min(40)]);
        }
    }

    #[test]
    fn keys_that_everybody_can_open_are_refused() {
        for point in WORTHLESS {
            let refused = SshRecipient::parse(&with_point(point)).unwrap_err();
            assert_eq!(refused, SshRecipientError::Worthless, "{point}");
            let negative = format!(
                "{}{:02x}",
                &point[..62],
                0x80 | u8::from_str_radix(&point[62..], 16).unwrap()
            );
            assert!(SshRecipient::parse(&with_point(&negative)).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>, body: Vec<u8>) {
            prop_assert!(SshRecipient::from_file(&bytes).is_err());
            for kind in [ED25519, RSA] {
                let _ = SshRecipient::parse(&format!("{kind} {}", BASE64.encode(&body)));
            }
        }
    }
}
