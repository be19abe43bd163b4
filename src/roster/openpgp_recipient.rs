//! An OpenPGP certificate that shares are sealed to.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sequoia_openpgp as openpgp;

use openpgp::armor;
use openpgp::cert::prelude::*;
use openpgp::crypto::SessionKey;
use openpgp::crypto::symmetric::{BlockCipherMode, Encryptor, PaddingMode};
use openpgp::packet::header::{BodyLength, CTB};
use openpgp::packet::key::{PublicParts, UnspecifiedRole};
use openpgp::packet::pkesk::PKESK3;
use openpgp::packet::{Key, Literal, Tag};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::Marshal;
use openpgp::types::{DataFormat, HashAlgorithm, KeyFlags, RevocationStatus, SymmetricAlgorithm};
use openpgp::{Cert, Fingerprint, Packet, PacketPile};
use thiserror::Error;
use zeroize::Zeroizing;

use super::sealing::SealError;

/// Most bytes of a file with certificates: 8 MiB.
const MAX_FILE: usize = 8 << 20;
/// The version that comes first in an encrypted packet with an MDC.
const SEIPD_VERSION: u8 = 1;
/// Tag and length of the packet with the SHA-1 that ends the plaintext (RFC 9580 §5.13.1).
const MDC_HEADER: [u8; 2] = [0xd3, 20];
/// Latest time that an OpenPGP signature can carry.
const LATEST: u64 = u32::MAX as u64;

/// A certificate with at least one key to encrypt to, valid at one time.
#[derive(Debug, Clone)]
pub struct OpenPgpRecipient {
    cert: Cert,
    keys: OpenPgpKeys,
    time: u64,
    expires: Option<u64>,
}

/// Keys to encrypt to, at least one. Whoever made the list has checked whose they are and that they are valid.
#[derive(Debug, Clone)]
pub struct OpenPgpKeys(Vec<Key<PublicParts, UnspecifiedRole>>);

/// Why a certificate has no key to encrypt to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoKey {
    /// No key is meant for encryption.
    None,
    /// The last of those that are meant for encryption expired (seconds since 1970).
    Expired {
        /// When.
        since: u64,
    },
    /// All that are meant for encryption and not expired are revoked.
    Revoked,
    /// None of an algorithm that this program can encrypt to.
    Unsupported,
}

/// Why nothing can be sealed to a certificate.
#[derive(Debug, Clone, Error)]
pub enum OpenPgpRecipientError {
    /// The file is larger than allowed.
    #[error("larger than {limit} bytes")]
    TooBig {
        /// Most bytes allowed.
        limit: usize,
    },
    /// No OpenPGP certificate, or one that is damaged.
    #[error("not an OpenPGP certificate")]
    NotOpenPgp,
    /// The file holds a SECRET: a private key.
    #[error("holds the private key of {fingerprint}")]
    SecretKey {
        /// Whose.
        fingerprint: Fingerprint,
    },
    /// Good certificates, but none with this fingerprint.
    #[error("no certificate {wanted}")]
    NoSuchCert {
        /// The one that was looked for.
        wanted: Fingerprint,
        /// Those that are there, at most ten.
        found: Vec<Fingerprint>,
    },
    /// The fingerprint belongs to a subkey.
    #[error("{subkey} is a subkey of {primary}")]
    Subkey {
        /// The one that was looked for.
        subkey: Fingerprint,
        /// The certificate that it hangs off.
        primary: Fingerprint,
    },
    /// Expired (seconds since 1970).
    #[error("expired")]
    Expired {
        /// When.
        since: u64,
    },
    /// Made after the time of asking (seconds since 1970).
    #[error("not valid yet")]
    NotYetValid {
        /// From when on.
        from: u64,
    },
    /// Revoked by its owner.
    #[error("revoked")]
    Revoked,
    /// Not valid for another reason: self-signatures too old or weak, for example.
    #[error("not valid: {why}")]
    NotValid {
        /// What the library says.
        why: String,
    },
    /// Valid, but with no key to encrypt to.
    #[error("no key to encrypt to")]
    NoEncryptionKey {
        /// Why not.
        why: NoKey,
    },
}

use OpenPgpRecipientError as Refused;

impl OpenPgpRecipient {
    /// Finds the certificate of a primary key among all in `bytes` (armored or not), and checks that it is
    /// valid at `now` (seconds since 1970) and has keys to encrypt to.
    ///
    /// # Errors
    ///
    /// [`OpenPgpRecipientError`].
    pub fn find(bytes: &[u8], fingerprint: &Fingerprint, now: u64) -> Result<Self, Refused> {
        Certificates::read(bytes)?.find(fingerprint, now)
    }

    /// The one certificate in `bytes`.
    pub(super) fn only(bytes: &[u8], now: u64) -> Result<Self, Refused> {
        let Certificates(mut certs) = Certificates::read(bytes)?;
        match (certs.pop(), certs.pop()) {
            (Some(cert), None) => Self::new(cert, now),
            _ => Err(Refused::NotOpenPgp),
        }
    }

    fn new(cert: Cert, now: u64) -> Result<Self, Refused> {
        let policy = StandardPolicy::new();
        let at = UNIX_EPOCH + Duration::from_secs(now.min(LATEST));
        let made = seconds(cert.primary_key().key().creation_time());
        if made > now {
            return Err(Refused::NotYetValid { from: made });
        }
        if let RevocationStatus::Revoked(_) = cert.revocation_status(&policy, at) {
            return Err(Refused::Revoked);
        }
        let not_valid = |error: openpgp::anyhow::Error| Refused::NotValid {
            why: error.to_string(),
        };
        let valid = cert.with_policy(&policy, at).map_err(not_valid)?;
        if let Some(since) = valid
            .primary_key()
            .key_expiration_time()
            .filter(|t| *t <= at)
        {
            return Err(Refused::Expired {
                since: seconds(since),
            });
        }
        valid.alive().map_err(not_valid)?;
        let keys = encryption_keys(&valid, at).map_err(|why| Refused::NoEncryptionKey { why })?;
        // The primary key's end, or that of the last key to encrypt to, if it comes before.
        let own = valid.primary_key().key_expiration_time();
        let last = valid
            .keys()
            .for_storage_encryption()
            .for_transport_encryption()
            .map(|key| key.key_expiration_time())
            .reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)))
            .flatten();
        let expires = own.into_iter().chain(last).min().map(seconds);
        Ok(Self {
            keys: OpenPgpKeys(keys),
            cert,
            time: now,
            expires,
        })
    }

    /// The primary key's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.cert.fingerprint()
    }

    /// When nothing more can be sealed to it (seconds since 1970), if ever.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.expires
    }

    /// The whole certificate, as it was found.
    #[must_use]
    pub fn cert(&self) -> &Cert {
        &self.cert
    }

    /// The keys that are sealed to.
    pub fn keys(&self) -> impl Iterator<Item = Fingerprint> + '_ {
        self.keys.0.iter().map(Key::fingerprint)
    }

    /// The time at which all this was checked, in seconds since 1970.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.time
    }

    pub(super) fn sealed_to(&self) -> &OpenPgpKeys {
        &self.keys
    }
}

impl OpenPgpKeys {
    /// As packets, after one byte.
    pub(super) fn after(&self, first: u8) -> Result<Vec<u8>, SealError> {
        let mut bytes = vec![first];
        for key in &self.0 {
            let packet = Packet::from(key.clone().role_into_subordinate());
            packet.serialize(&mut bytes).map_err(failed)?;
        }
        Ok(bytes)
    }

    /// Of packets; `None` if there is none, or another one.
    pub(super) fn read(packets: &[u8]) -> Option<Self> {
        let pile = PacketPile::from_bytes(packets).ok()?;
        let keys = pile.into_children().map(|packet| match packet {
            Packet::PublicSubkey(key) => Some(key.role_into_unspecified()),
            _ => None,
        });
        let keys: Vec<_> = keys.collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    pub(super) fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        seal_to(&self.0, plaintext).map_err(failed)
    }
}

/// A message to these keys: SEIPDv1 with AES-256 and without compression, which gpg 2.2 reads, too (RFC 9580 §5.13.1).
///
/// Put together here, since sequoia's writer of encrypted messages takes a buffer of 4 MiB each time and the
/// allocator wipes it, which takes longer than the rest of a sealing. A share has a kilobyte.
pub(crate) fn seal_to(
    keys: &[Key<PublicParts, UnspecifiedRole>],
    plaintext: &[u8],
) -> openpgp::Result<Vec<u8>> {
    let algorithm = SymmetricAlgorithm::AES256;
    let session_key = SessionKey::new(algorithm.key_size()?)?;
    let sealed = Vec::with_capacity(plaintext.len() * 3 / 2 + 4096);
    let mut armor = armor::Writer::new(sealed, armor::Kind::Message)?;
    for key in keys {
        let mut packet = PKESK3::for_recipient(algorithm, &session_key, key)?;
        packet.set_recipient(Some(key.keyid()));
        Packet::from(packet).serialize(&mut armor)?;
    }

    // What is encrypted: a block of randomness, its last two bytes again, the literal packet, and the
    // SHA-1 of all that and of its own packet's header.
    let mut prefix = [0; 16];
    openpgp::crypto::random(&mut prefix)?;
    let mut literal = Literal::new(DataFormat::Binary);
    literal.set_body(plaintext.to_vec());
    let mut clear = Zeroizing::new(Vec::with_capacity(plaintext.len() + 128));
    clear.extend_from_slice(&prefix);
    clear.extend_from_slice(&prefix[14..]);
    Packet::Literal(literal).serialize(&mut *clear)?;
    clear.extend_from_slice(&MDC_HEADER);
    let mut digest = HashAlgorithm::SHA1.context()?.for_digest();
    digest.update(&clear);
    clear.extend_from_slice(&digest.into_digest()?);

    CTB::new(Tag::SEIP).serialize(&mut armor)?;
    BodyLength::Full(u32::try_from(1 + clear.len())?).serialize(&mut armor)?;
    armor.write_all(&[SEIPD_VERSION])?;
    let (mode, padding) = (BlockCipherMode::CFB, PaddingMode::None);
    let mut encrypted = Encryptor::new(algorithm, mode, padding, &session_key, None, armor)?;
    encrypted.write_all(&clear)?;
    Ok(encrypted.finalize()?.finalize()?)
}

fn failed(error: openpgp::anyhow::Error) -> SealError {
    SealError::Failed {
        why: error.to_string(),
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// All certificates of a file, read once.
pub struct Certificates(Vec<Cert>);

impl Certificates {
    /// The certificate with this primary key, valid or not.
    #[must_use]
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<&Cert> {
        self.0
            .iter()
            .find(|cert| cert.fingerprint() == *fingerprint)
    }

    /// Reads a file, armored or not. A private key in it is an error before everything else.
    ///
    /// # Errors
    ///
    /// [`OpenPgpRecipientError`].
    pub fn read(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > MAX_FILE {
            return Err(Refused::TooBig { limit: MAX_FILE });
        }
        let parser = CertParser::from_bytes(bytes).map_err(|_| Refused::NotOpenPgp)?;
        let mut certs = Vec::new();
        for cert in parser {
            match cert {
                Ok(cert) => certs.push(cert),
                // Of a kind that the library doesn't know: somebody else's, old or new.
                Err(error) if unknown_kind(&error) => {}
                // What is damaged may have lost a revocation.
                Err(_) => return Err(Refused::NotOpenPgp),
            }
        }
        if let Some(secret) = certs.iter().find(|cert| cert.is_tsk()) {
            return Err(Refused::SecretKey {
                fingerprint: secret.fingerprint(),
            });
        }
        if certs.is_empty() {
            return Err(Refused::NotOpenPgp);
        }
        Ok(Self(certs))
    }

    /// The certificate with this primary key, checked: see [`OpenPgpRecipient::find`].
    ///
    /// # Errors
    ///
    /// [`OpenPgpRecipientError`].
    pub fn find(&self, fingerprint: &Fingerprint, now: u64) -> Result<OpenPgpRecipient, Refused> {
        let mut found = Vec::new();
        for cert in &self.0 {
            if cert.fingerprint() == *fingerprint {
                return OpenPgpRecipient::new(cert.clone(), now);
            }
            if cert
                .keys()
                .any(|key| key.key().fingerprint() == *fingerprint)
            {
                return Err(Refused::Subkey {
                    subkey: fingerprint.clone(),
                    primary: cert.fingerprint(),
                });
            }
            if found.len() < 10 {
                found.push(cert.fingerprint());
            }
        }
        Err(Refused::NoSuchCert {
            wanted: fingerprint.clone(),
            found,
        })
    }
}

fn unknown_kind(error: &openpgp::anyhow::Error) -> bool {
    let error = error.downcast_ref();
    matches!(error, Some(openpgp::Error::UnsupportedCert(..)))
}

/// Every key for encryption that is alive, not revoked, and of an algorithm that we have.
fn encryption_keys(
    cert: &ValidCert<'_>,
    at: SystemTime,
) -> Result<Vec<Key<PublicParts, UnspecifiedRole>>, NoKey> {
    let meant = KeyFlags::empty()
        .set_storage_encryption()
        .set_transport_encryption();
    let all: Vec<_> = cert.keys().key_flags(&meant).collect();
    if all.is_empty() {
        return Err(NoKey::None);
    }
    let alive: Vec<_> = all.iter().filter(|key| key.alive().is_ok()).collect();
    if alive.is_empty() {
        let since = all.iter().filter_map(|key| key.key_expiration_time());
        let since = since.filter(|time| *time <= at).max();
        return Err(since.map_or(NoKey::None, |time| NoKey::Expired {
            since: seconds(time),
        }));
    }
    let kept: Vec<_> = alive
        .into_iter()
        .filter(|key| !matches!(key.revocation_status(), RevocationStatus::Revoked(_)))
        .collect();
    if kept.is_empty() {
        return Err(NoKey::Revoked);
    }
    let keys: Vec<_> = kept
        .into_iter()
        .filter(|key| key.key().pk_algo().is_supported())
        .map(|key| key.key().clone())
        .collect();
    if keys.is_empty() {
        return Err(NoKey::Unsupported);
    }
    Ok(keys)
}
