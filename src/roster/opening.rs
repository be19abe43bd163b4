//! How a holder opens what is sealed with age: identity files, and ssh keys as such.
//!
//! OpenPGP is opened by the `gpg` program, not here.

use age_core::format::{FileKey, Stanza};
use thiserror::Error;
use zeroize::Zeroizing;

use super::age_file;
pub use super::age_file::OpenError;
use super::age_scrypt::ScryptIdentity;
pub use super::one_time::OneTimeIdentity;

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
    /// The public half of an ssh key; an agent that has the other half can't decrypt.
    #[error(
        "the public half of an ssh key; the file of the private key is needed, an agent can't decrypt"
    )]
    SshPublic,
    /// An ssh key that can sign but not decrypt, or that lies in another way in its file.
    #[error("an ssh key that can't decrypt: {kind}")]
    SshKind {
        /// What age says about it.
        kind: &'static str,
    },
    /// No ssh key, although it begins like one.
    #[error("not an ssh key that can be read")]
    SshDamaged,
    /// The passphrase is not that of the ssh key.
    #[error("another passphrase")]
    SshPassphrase,
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

/// One or several identities of a person. Wiped when dropped.
pub struct AgeIdentity {
    keys: Vec<OwnKey>,
    plugins: Vec<age::plugin::Identity>,
}

enum OwnKey {
    Age(age::x25519::Identity),
    Ssh(Box<age::ssh::Identity>),
}

/// An identity file, or an ssh key, that is encrypted under a passphrase.
pub struct LockedIdentity(Locked);

enum Locked {
    File(Vec<u8>),
    Ssh(Box<age::ssh::EncryptedKey>),
}

impl AgeIdentity {
    /// Reads an identity file: lines `AGE-SECRET-KEY-1…` or `AGE-PLUGIN-…` and comments, as `age-keygen` and
    /// plugins write it, or such a file encrypted by `age -p`, or the file of an ssh private key.
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
            let locked = LockedIdentity(Locked::File(file.to_vec()));
            return Ok(IdentityFile::NeedsPassphrase(locked));
        }
        if start.starts_with(b"-----BEGIN OPENSSH PRIVATE KEY")
            || start.starts_with(b"-----BEGIN RSA PRIVATE KEY")
        {
            return Self::from_ssh(start);
        }
        Self::from_plain(file).map(IdentityFile::Open)
    }

    fn from_ssh(file: &[u8]) -> Result<IdentityFile, IdentityError> {
        use age::ssh::{Identity, UnsupportedKey};
        match Identity::from_buffer(file, None).map_err(|_| IdentityError::SshDamaged)? {
            key @ Identity::Unencrypted(_) => Ok(IdentityFile::Open(Self::of_ssh(key))),
            Identity::Encrypted(key) => Ok(IdentityFile::NeedsPassphrase(LockedIdentity(
                Locked::Ssh(Box::new(key)),
            ))),
            Identity::Unsupported(kind) => Err(IdentityError::SshKind {
                kind: match kind {
                    UnsupportedKey::EncryptedPem => {
                        "an old encrypted PEM file; ssh-keygen -p rewrites it"
                    }
                    UnsupportedKey::EncryptedSsh(_) => "encrypted with a cipher that age lacks",
                    UnsupportedKey::Hardware(_) => "it lies in a security key",
                    UnsupportedKey::Type(_) => "only ed25519 and rsa can",
                },
            }),
        }
    }

    fn of_ssh(key: age::ssh::Identity) -> Self {
        Self {
            keys: vec![OwnKey::Ssh(Box::new(key))],
            plugins: Vec::new(),
        }
    }

    fn from_plain(file: &[u8]) -> Result<Self, IdentityError> {
        let text = std::str::from_utf8(file).map_err(|_| IdentityError::NotText)?;
        // One allocation of the right size, so that no copy is left behind when it grows.
        let mut keys = Vec::with_capacity(MAX_IDENTITIES);
        let mut plugins = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if keys.len() + plugins.len() == MAX_IDENTITIES {
                return Err(IdentityError::TooMany {
                    limit: MAX_IDENTITIES,
                });
            }
            match identity_of(line, at + 1)? {
                Line::Own(identity) => keys.push(OwnKey::Age(identity)),
                Line::Plugin(identity) => plugins.push(identity),
            }
        }
        if keys.is_empty() && plugins.is_empty() {
            return Err(IdentityError::Empty);
        }
        Ok(Self { keys, plugins })
    }

    /// The recipients that belong to the X25519 identities.
    pub fn recipients(&self) -> impl Iterator<Item = String> + '_ {
        self.keys.iter().filter_map(|key| match key {
            OwnKey::Age(identity) => Some(identity.to_public().to_string()),
            OwnKey::Ssh(_) => None,
        })
    }

    /// The identities that only a plugin can use.
    #[must_use]
    pub fn plugins(&self) -> &[age::plugin::Identity] {
        &self.plugins
    }

    /// Opens a sealed file of at most `limit` bytes of plaintext. Plugins aren't asked.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(&self, sealed: &[u8], limit: usize) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        age_file::decrypt(&AnyOf(&self.keys), sealed, limit, 0)
    }
}

/// Opens a sealed file with an identity that is used elsewhere, such as a plugin's.
///
/// # Errors
///
/// [`OpenError`].
pub fn open_with(
    identity: &dyn age::Identity,
    sealed: &[u8],
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    age_file::decrypt(identity, sealed, limit, 0)
}

enum Line {
    Own(age::x25519::Identity),
    Plugin(age::plugin::Identity),
}

/// Which identity is meant by a line, or what the line is instead.
fn identity_of(line: &str, number: usize) -> Result<Line, IdentityError> {
    let starts = |what: &str| {
        line.get(..what.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(what))
    };
    if starts("AGE-PLUGIN-") {
        let identity: age::plugin::Identity = line
            .parse()
            .map_err(|_| IdentityError::NotAnIdentity { line: number })?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if identity.plugin().len() > 32 || !identity.plugin().bytes().all(plain) {
            return Err(IdentityError::NotAnIdentity { line: number });
        }
        return Ok(Line::Plugin(identity));
    }
    if starts("age1") {
        return Err(IdentityError::Recipient { line: number });
    }
    if starts("-----BEGIN PGP") {
        return Err(IdentityError::OpenPgp);
    }
    if starts("-----BEGIN") && line.ends_with("PRIVATE KEY-----") {
        return Err(IdentityError::SshDamaged);
    }
    if starts("ssh-") || starts("ecdsa-") || starts("sk-") {
        return Err(IdentityError::SshPublic);
    }
    line.parse()
        .map(Line::Own)
        .map_err(|_| IdentityError::NotAnIdentity { line: number })
}

impl LockedIdentity {
    /// Decrypts the file with the person's passphrase. May take seconds and 256 MiB.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Locked`], also when the file asks for more work than 2^[`IDENTITY_WORK_CAP`];
    /// what [`AgeIdentity::from_file`] says about the file inside.
    pub fn unlock(&self, passphrase: &str) -> Result<AgeIdentity, IdentityError> {
        let file = match &self.0 {
            Locked::File(file) => file,
            Locked::Ssh(key) => {
                let passphrase = age::secrecy::SecretString::from(passphrase.to_owned());
                let key = key
                    .decrypt(passphrase)
                    .map_err(|_| IdentityError::SshPassphrase)?;
                return Ok(AgeIdentity::of_ssh(key.into()));
            }
        };
        let identity = ScryptIdentity {
            passphrase: passphrase.as_bytes(),
            cap: IDENTITY_WORK_CAP,
        };
        let plain = age_file::decrypt(&identity, file, MAX_IDENTITY_FILE, IDENTITY_WORK_CAP)?;
        AgeIdentity::from_plain(&plain)
    }
}

impl IdentityError {
    /// Was only the passphrase wrong, so that it may be typed again?
    #[must_use]
    pub fn is_mistyped(&self) -> bool {
        matches!(
            self,
            Self::SshPassphrase | Self::Locked(OpenError::WrongPassphrase)
        )
    }
}

/// Tries several identities on each stanza.
struct AnyOf<'a>(&'a [OwnKey]);

impl age::Identity for AnyOf<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.0.iter().find_map(|key| match key {
            OwnKey::Age(identity) => identity.unwrap_stanza(stanza),
            OwnKey::Ssh(identity) => identity.unwrap_stanza(stanza),
        })
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
        let unlocked = locked.unlock("correct horse").unwrap();
        let recipients: Vec<_> = unlocked.recipients().collect();
        assert_eq!(recipients, [identity.recipient().to_string()]);
        assert_eq!(
            locked.unlock("horse").err(),
            Some(IdentityError::Locked(OpenError::WrongPassphrase))
        );
        assert_eq!(
            lock(&secret(&identity), 19).unlock("correct horse").err(),
            Some(IdentityError::Locked(OpenError::ExcessiveWork {
                required: 19,
                cap: 18
            }))
        );
        assert_eq!(
            lock("nothing", 1).unlock("correct horse").err(),
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
                IdentityError::NotAnIdentity { line: 2 },
            ),
            (
                b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl",
                IdentityError::SshDamaged,
            ),
            (b"ssh-ed25519 AAAA anna", IdentityError::SshPublic),
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
