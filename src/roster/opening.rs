//! How a holder opens what is sealed with age, and the one-time identity of a request.
//!
//! OpenPGP is opened by the `gpg` program, not here.

use age::secrecy::ExposeSecret;
use thiserror::Error;
use zeroize::Zeroizing;

use super::age_file;
pub use super::age_file::OpenError;
use super::age_recipient::AgeRecipient;
use super::age_scrypt::ScryptIdentity;

/// Most bytes of an identity file: 64 KiB.
pub const MAX_IDENTITY_FILE: usize = 64 << 10;

/// Most work that a person's own identity file may ask for, as a power of two: 256 MiB of memory and
/// some seconds; `age -p` writes 2^18.
pub const IDENTITY_WORK_CAP: u8 = 18;

/// Most identities of one file.
const MAX_IDENTITIES: usize = 64;

/// Why a file can't be used as an age identity. Nothing of the file is told.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum IdentityError {
    /// The file is larger than any such file.
    #[error("larger than {limit} bytes")]
    TooBig {
        /// Most bytes allowed.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("not a text file")]
    NotText,
    /// Nothing but comments.
    #[error("no identity in it")]
    Empty,
    /// Something else on a line.
    #[error("line {line} is not an age identity")]
    NotAnIdentity {
        /// Line, from 1.
        line: usize,
    },
    /// A recipient, which is the public half.
    #[error("line {line} is an age recipient, not an identity")]
    Recipient {
        /// Line, from 1.
        line: usize,
    },
    /// An identity of a plugin, which this version doesn't run.
    #[error("line {line} is an identity of a plugin")]
    Plugin {
        /// Line, from 1.
        line: usize,
    },
    /// An ssh key, which this version doesn't open with.
    #[error("an ssh key")]
    SshKey,
    /// An OpenPGP key; `gpg` finds these by itself.
    #[error("an OpenPGP key")]
    OpenPgp,
    /// More identities than anybody has.
    #[error("more than {limit} identities")]
    TooMany {
        /// Most identities allowed.
        limit: usize,
    },
    /// An encrypted identity file that could not be decrypted.
    #[error("encrypted identity file: {0}")]
    Locked(#[from] OpenError),
}

/// What was found in an identity file.
pub enum IdentityFile {
    /// Identities in the clear.
    Open(AgeIdentity),
    /// Encrypted under a passphrase.
    NeedsPassphrase(LockedIdentity),
}

/// One or several age X25519 identities of a person. Wiped when dropped.
pub struct AgeIdentity(Vec<age::x25519::Identity>);

/// An identity file that is encrypted under a passphrase.
pub struct LockedIdentity(Vec<u8>);

impl AgeIdentity {
    /// Reads an identity file: lines `AGE-SECRET-KEY-1…` and comments, as `age-keygen` writes it, or such a
    /// file encrypted by `age -p`.
    ///
    /// # Errors
    ///
    /// [`IdentityError`].
    pub fn from_file(file: &[u8]) -> Result<IdentityFile, IdentityError> {
        if file.len() > MAX_IDENTITY_FILE {
            return Err(IdentityError::TooBig {
                limit: MAX_IDENTITY_FILE,
            });
        }
        let start = file.trim_ascii_start();
        if start.starts_with(b"-----BEGIN AGE ENCRYPTED FILE")
            || start.starts_with(b"age-encryption.org/")
        {
            return Ok(IdentityFile::NeedsPassphrase(LockedIdentity(file.to_vec())));
        }
        Self::from_plain(file).map(IdentityFile::Open)
    }

    fn from_plain(file: &[u8]) -> Result<Self, IdentityError> {
        let text = std::str::from_utf8(file).map_err(|_| IdentityError::NotText)?;
        // One allocation of the right size, so that no copy is left behind when it grows.
        let mut identities = Vec::with_capacity(MAX_IDENTITIES);
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let identity = identity_of(line, at + 1)?;
            if identities.len() == MAX_IDENTITIES {
                return Err(IdentityError::TooMany {
                    limit: MAX_IDENTITIES,
                });
            }
            identities.push(identity);
        }
        if identities.is_empty() {
            return Err(IdentityError::Empty);
        }
        Ok(Self(identities))
    }

    /// The recipients that belong to these identities.
    pub fn recipients(&self) -> impl Iterator<Item = String> + '_ {
        self.0
            .iter()
            .map(|identity| identity.to_public().to_string())
    }

    /// Opens a sealed file of at most `limit` bytes of plaintext.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(&self, sealed: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        age_file::decrypt(&AnyOf(&self.0), sealed, limit, 0)
    }
}

/// Which identity is meant by a line, or what the line is instead.
fn identity_of(line: &str, number: usize) -> Result<age::x25519::Identity, IdentityError> {
    let starts = |what: &str| {
        line.get(..what.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(what))
    };
    if starts("AGE-PLUGIN-") || starts("AGE-SECRET-KEY-PQ-") {
        return Err(IdentityError::Plugin { line: number });
    }
    if starts("age1") {
        return Err(IdentityError::Recipient { line: number });
    }
    if starts("-----BEGIN PGP") {
        return Err(IdentityError::OpenPgp);
    }
    if (starts("-----BEGIN") && line.ends_with("PRIVATE KEY-----")) || starts("ssh-") {
        return Err(IdentityError::SshKey);
    }
    line.parse()
        .map_err(|_| IdentityError::NotAnIdentity { line: number })
}

impl LockedIdentity {
    /// Decrypts the file with the person's passphrase. May take seconds and 256 MiB.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Locked`], also when the file asks for more work than 2^[`IDENTITY_WORK_CAP`];
    /// what [`AgeIdentity::from_file`] says about the file inside.
    pub fn unlock(&self, passphrase: &[u8]) -> Result<AgeIdentity, IdentityError> {
        let identity = ScryptIdentity {
            passphrase,
            cap: IDENTITY_WORK_CAP,
        };
        let plain = age_file::decrypt(&identity, &self.0, MAX_IDENTITY_FILE, IDENTITY_WORK_CAP)?;
        AgeIdentity::from_plain(&plain)
    }
}

/// Tries several identities on each stanza.
struct AnyOf<'a>(&'a [age::x25519::Identity]);

impl age::Identity for AnyOf<'_> {
    fn unwrap_stanza(
        &self,
        stanza: &age_core::format::Stanza,
    ) -> Option<Result<age_core::format::FileKey, age::DecryptError>> {
        self.0
            .iter()
            .find_map(|identity| identity.unwrap_stanza(stanza))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster::age_scrypt::ScryptRecipient;
    use crate::roster::sealing::{Recipient, seal};
    use proptest::prelude::*;

    fn secret(identity: &OneTimeIdentity) -> String {
        identity.to_text().to_string()
    }

    fn opened(file: &str) -> AgeIdentity {
        match AgeIdentity::from_file(file.as_bytes()) {
            Ok(IdentityFile::Open(identity)) => identity,
            Ok(IdentityFile::NeedsPassphrase(_)) => panic!("locked"),
            Err(error) => panic!("{error}"),
        }
    }

    fn refused(file: &[u8]) -> IdentityError {
        match AgeIdentity::from_file(file) {
            Err(error) => error,
            Ok(_) => panic!("taken"),
        }
    }

    #[test]
    fn each_of_several_identities_opens() {
        let one = OneTimeIdentity::generate();
        let other = OneTimeIdentity::generate();
        let file = format!("# a\r\n\n  {}\n{}\n", secret(&one), secret(&other));
        let both = opened(&file);
        let recipients: Vec<_> = both.recipients().collect();
        assert_eq!(
            recipients,
            [one.recipient().to_string(), other.recipient().to_string()]
        );
        for recipient in [one.recipient(), other.recipient()] {
            let sealed = seal(&Recipient::Age(recipient), b"share").unwrap();
            assert_eq!(*both.open(&sealed, 100).unwrap(), b"share");
        }
    }

    #[test]
    fn what_is_sealed_to_another_is_named_so() {
        let sealed = seal(
            &Recipient::Age(OneTimeIdentity::generate().recipient()),
            b"x",
        )
        .unwrap();
        let other = OneTimeIdentity::generate();
        assert_eq!(
            other.open(&sealed, 100).unwrap_err(),
            OpenError::NotForThisIdentity
        );
        let identity = opened(&secret(&other));
        assert_eq!(
            identity.open(&sealed, 100).unwrap_err(),
            OpenError::NotForThisIdentity
        );
    }

    #[test]
    fn a_one_time_identity_survives_the_way_through_its_text() {
        let identity = OneTimeIdentity::generate();
        let again = OneTimeIdentity::parse(&identity.to_text()).unwrap();
        let sealed = seal(&Recipient::Age(identity.recipient()), b"share").unwrap();
        assert_eq!(*again.open(&sealed, 5).unwrap(), b"share");
        let text = secret(&identity);
        for at in 0..text.len() {
            assert!(OneTimeIdentity::parse(&text[..at]).is_err());
        }
        for bad in [text.to_lowercase(), format!("{text}\n"), "a".repeat(1000)] {
            assert!(OneTimeIdentity::parse(&bad).is_err());
        }
    }

    #[test]
    fn an_encrypted_identity_file_opens_with_its_passphrase() {
        let identity = OneTimeIdentity::generate();
        let lock = |plain: &str, log_n| {
            let recipient = ScryptRecipient {
                passphrase: b"correct horse",
                log_n,
            };
            let file = age_file::encrypt(&recipient, plain.as_bytes()).unwrap();
            match AgeIdentity::from_file(&file) {
                Ok(IdentityFile::NeedsPassphrase(locked)) => locked,
                _ => panic!("not locked"),
            }
        };
        let locked = lock(&secret(&identity), 4);
        let unlocked = locked.unlock(b"correct horse").unwrap();
        let recipients: Vec<_> = unlocked.recipients().collect();
        assert_eq!(recipients, [identity.recipient().to_string()]);
        assert_eq!(
            locked.unlock(b"horse").err(),
            Some(IdentityError::Locked(OpenError::WrongPassphrase))
        );
        assert_eq!(
            lock(&secret(&identity), 19).unlock(b"correct horse").err(),
            Some(IdentityError::Locked(OpenError::ExcessiveWork {
                required: 19,
                cap: 18
            }))
        );
        assert_eq!(
            lock("nothing", 1).unlock(b"correct horse").err(),
            Some(IdentityError::NotAnIdentity { line: 1 })
        );
    }

    #[test]
    fn every_other_file_is_named_for_what_it_is() {
        let identity = OneTimeIdentity::generate();
        let recipient = identity.recipient().to_string();
        let many = format!("{}\n", secret(&identity)).repeat(MAX_IDENTITIES + 1);
        let cases: [(&[u8], IdentityError); 11] = [
            (b"", IdentityError::Empty),
            (b"# AGE-SECRET-KEY\n\n", IdentityError::Empty),
            (b"\xff\xfeA\0", IdentityError::NotText),
            (b"# a\nhello\n", IdentityError::NotAnIdentity { line: 2 }),
            (recipient.as_bytes(), IdentityError::Recipient { line: 1 }),
            (
                b"\nAGE-PLUGIN-YUBIKEY-1QQQQ",
                IdentityError::Plugin { line: 2 },
            ),
            (
                b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl",
                IdentityError::SshKey,
            ),
            (b"ssh-ed25519 AAAA anna", IdentityError::SshKey),
            (
                b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
                IdentityError::OpenPgp,
            ),
            (
                many.as_bytes(),
                IdentityError::TooMany {
                    limit: MAX_IDENTITIES,
                },
            ),
            (
                &vec![b'#'; MAX_IDENTITY_FILE + 1],
                IdentityError::TooBig {
                    limit: MAX_IDENTITY_FILE,
                },
            ),
        ];
        for (file, expected) in cases {
            assert_eq!(refused(file), expected);
        }
    }

    #[test]
    fn an_identity_cut_anywhere_is_refused() {
        let text = secret(&OneTimeIdentity::generate());
        for at in 0..text.len() {
            refused(&text.as_bytes()[..at]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            prop_assert!(AgeIdentity::from_file(&bytes).is_err());
            prop_assert!(OneTimeIdentity::generate().open(&bytes, 100).is_err());
            let file = [b"age-encryption.org/v1\n-> X25519 ", &bytes[..]].concat();
            prop_assert!(OneTimeIdentity::generate().open(&file, 100).is_err());
        }
    }
}
