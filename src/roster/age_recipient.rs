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
    #[error("an age recipient of the kind {kind:?}: nothing is sealed to it, only to X25519")]
    OtherKind {
        /// The letters between `age1` and the next `1`.
        kind: String,
    },
    /// An OpenPGP certificate; these are named by fingerprint.
    #[error("an OpenPGP certificate; name it by its fingerprint: seal = \"FINGERPRINT\"")]
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
        if has(b"-----BEGIN PGP") || file.first().is_some_and(|b| *b == 0xc6 || b & 0xfc == 0x98) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn a_file_may_have_comments_and_white_space() {
        for file in [
            GOOD,
            &format!("# ben's\r\n\n  {GOOD}\r\n\n"),
            &format!("{GOOD}\n# end"),
        ] {
            assert_eq!(
                AgeRecipient::from_file(file.as_bytes())
                    .unwrap()
                    .to_string(),
                GOOD
            );
        }
    }

    #[test]
    fn every_other_file_is_named_for_what_it_is() {
        let secret = format!("# public key: {GOOD}\nage-secret-key-1QQ\n");
        let several = format!("{GOOD}\n{GOOD}\n");
        let upper = GOOD.to_uppercase();
        let slip = GOOD.replace("ql3z", "q13z");
        let mixed = GOOD.replace("ql3z", "qL3z");
        let cases: [(&[u8], AgeRecipientError); 22] = [
            (b"", AgeRecipientError::Empty),
            (b"# nothing\n", AgeRecipientError::Empty),
            (b"hello", AgeRecipientError::NotARecipient { line: 1 }),
            (b"\x00\x01", AgeRecipientError::NotText),
            (b"age1\x1b[31m", AgeRecipientError::NotText),
            (b"\x80\x81", AgeRecipientError::NotText),
            (secret.as_bytes(), AgeRecipientError::SecretIdentity),
            (b"AGE-PLUGIN-YUBIKEY-1QQ", AgeRecipientError::SecretIdentity),
            (
                b"-----BEGIN OPENSSH PRIVATE KEY-----",
                AgeRecipientError::SecretKey,
            ),
            (
                b"-----BEGIN PGP PRIVATE KEY BLOCK-----",
                AgeRecipientError::SecretKey,
            ),
            (
                b"-----BEGIN PGP PUBLIC KEY BLOCK-----",
                AgeRecipientError::OpenPgp,
            ),
            (b"\x98\x33\x04", AgeRecipientError::OpenPgp),
            (b"\xc6\x33\x04", AgeRecipientError::OpenPgp),
            // A recipient in UTF-16, and what is nothing.
            (b"\xff\xfea\0g\0e\x001\0", AgeRecipientError::NotText),
            (b"\xe5\x33\x04", AgeRecipientError::NotText),
            (b"ssh-ed25519 AAAA ben", AgeRecipientError::SshKey),
            (several.as_bytes(), AgeRecipientError::Several { line: 2 }),
            (
                upper.as_bytes(),
                AgeRecipientError::NotARecipient { line: 1 },
            ),
            (
                slip.as_bytes(),
                AgeRecipientError::OtherKind {
                    kind: "q".to_owned(),
                },
            ),
            (
                mixed.as_bytes(),
                AgeRecipientError::NotARecipient { line: 1 },
            ),
            (
                b"age1yubikey1qqqq",
                AgeRecipientError::OtherKind {
                    kind: "yubikey".to_owned(),
                },
            ),
            (
                &vec![b'#'; MAX_FILE + 1],
                AgeRecipientError::TooBig { limit: MAX_FILE },
            ),
        ];
        for (file, expected) in cases {
            assert_eq!(AgeRecipient::from_file(file), Err(expected));
        }
    }

    #[test]
    fn a_recipient_cut_or_changed_anywhere_is_refused() {
        for at in 0..GOOD.len() {
            assert!(AgeRecipient::parse(&GOOD[..at]).is_err());
            let mut bytes = GOOD.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(AgeRecipient::parse(std::str::from_utf8(&bytes).unwrap()).is_err());
        }
    }

    /// A recipient of these bytes; bech32 (BIP-173) is small enough to be written for a test.
    fn bech32(bytes: &[u8]) -> String {
        const CHARS: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        let mut fives = Vec::new();
        let (mut bits, mut count) = (0u32, 0);
        for byte in bytes {
            bits = bits << 8 | u32::from(*byte);
            count += 8;
            while count >= 5 {
                count -= 5;
                fives.push((bits >> count & 31) as u8);
            }
        }
        if count > 0 {
            fives.push((bits << (5 - count) & 31) as u8);
        }
        let mut check = 1u32;
        let head = b"age".iter().map(|c| c >> 5).chain([0]);
        let head = head.chain(b"age".iter().map(|c| c & 31));
        for five in head.chain(fives.iter().copied()).chain([0; 6]) {
            let top = check >> 25;
            check = (check & 0x1ff_ffff) << 5 ^ u32::from(five);
            for (i, g) in [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
                .iter()
                .enumerate()
            {
                if top >> i & 1 == 1 {
                    check ^= g;
                }
            }
        }
        check ^= 1;
        fives.extend((0..6).map(|i| (check >> (5 * (5 - i)) & 31) as u8));
        let text: String = fives
            .iter()
            .map(|f| char::from(CHARS[usize::from(*f)]))
            .collect();
        format!("age1{text}")
    }

    #[test]
    fn points_that_open_for_everybody_are_refused_and_seal_nothing() {
        for point in WORTHLESS {
            for top in [0, 0x80] {
                let mut bytes = data_encoding::HEXLOWER.decode(point.as_bytes()).unwrap();
                bytes[31] |= top;
                let text = bech32(&bytes);
                assert!(text.parse::<age::x25519::Recipient>().is_ok());
                assert_eq!(
                    AgeRecipient::parse(&text),
                    Err(AgeRecipientError::Worthless { line: 1 })
                );
            }
        }
        assert!(
            AgeRecipient::parse(&bech32(&[9; 32]))
                .unwrap()
                .seal(b"x")
                .is_ok()
        );
        assert!(AgeRecipient::parse(&bech32(&[9; 31])).is_err());
        assert!(AgeRecipient::parse(&bech32(&[9; 33])).is_err());
    }

    proptest! {
        #[test]
        fn any_file_is_judged_without_a_panic(bytes: Vec<u8>, text in "age1\\PC{0,80}") {
            prop_assert!(AgeRecipient::from_file(&bytes).is_err());
            prop_assert!(AgeRecipient::from_file(text.as_bytes()).is_err());
        }

        #[test]
        fn any_other_point_can_be_sealed_to(point: [u8; 32]) {
            prop_assert!(AgeRecipient::parse(&bech32(&point)).unwrap().seal(b"x").is_ok());
        }
    }
}
