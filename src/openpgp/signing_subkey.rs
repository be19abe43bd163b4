//! The signing host's subkey: its packet from the agent's numbers, and the back-signature (0x19) by which
//! it agrees to its primary key (RFC 9580 §5.2.1.9).
//!
//! A back-signature made here has one form: SHA-512, the creation time and the issuer's fingerprint in the
//! hashed area, nothing in the other one.

use sequoia_openpgp as openpgp;

use openpgp::crypto::mpi;
use openpgp::packet::key::Key4;
use openpgp::packet::signature::Signature4;
use openpgp::packet::signature::subpacket::{Subpacket, SubpacketArea, SubpacketValue};
use openpgp::packet::{Key, Signature};
use openpgp::types::{Curve, HashAlgorithm, SignatureType, Timestamp};

use super::plan::{Algorithm, Primary, Subkey};
use crate::world::gpg::agent::{PublicKey, Value};

/// Bits of an RSA subkey below which it isn't bound: what is new has to last beyond 2030.
pub const RSA_LEAST: usize = 3072;
/// Bits above which nothing is gained.
const RSA_MOST: usize = 8192;

/// Why a subkey isn't bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubkeyError {
    /// Not of version 4.
    #[error("a subkey of version {0}; version 4 is needed")]
    Version(u8),
    /// An algorithm that doesn't sign, or is weak.
    #[error("a subkey of {0}; Ed25519 (EdDSA) or RSA is needed")]
    Algorithm(String),
    /// Too short, or too long.
    #[error("an RSA subkey of {0} bits; {RSA_LEAST} to {RSA_MOST} are taken")]
    Bits(usize),
    /// Numbers that make no key.
    #[error("numbers that make no key")]
    Numbers,
}

/// Why a back-signature proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackSignatureError {
    /// Another type of signature.
    #[error("a signature of type 0x{0:02x}, not 0x19")]
    Kind(u8),
    /// Not of version 4.
    #[error("a signature of version {0}, not 4")]
    Version(u8),
    /// A weak hash.
    #[error("a signature over {0}; SHA-256 or SHA-512 is needed")]
    Hash(String),
    /// More or other things in it than its time and its issuer.
    #[error("a signature that says more than its time and its issuer")]
    Contents,
    /// Older than the subkey, which can't be.
    #[error("a signature older than its subkey")]
    Time,
    /// It doesn't verify.
    #[error("a signature that doesn't fit: the subkey did not agree to this primary key")]
    Forged,
    /// It can't be made.
    #[error("the crypto backend failed")]
    Backend,
}

/// The subkey's packet, of version 4, with the given time of creation.
///
/// # Errors
/// [`SubkeyError`]
pub fn subkey_of(public: &PublicKey, created: u32) -> Result<Subkey, SubkeyError> {
    let (algorithm, numbers) = match public {
        PublicKey::Ed25519(point) => {
            // 0x40: a compressed point in its own form (RFC 9580 §9.2.1).
            let q = mpi::MPI::new(&[&[0x40], point.as_slice()].concat());
            let curve = Curve::Ed25519;
            (Algorithm::EdDsa, mpi::PublicKey::EdDSA { curve, q })
        }
        PublicKey::Rsa { n, e } => {
            let (n, e) = (mpi::MPI::new(n), mpi::MPI::new(e));
            (Algorithm::Rsa, mpi::PublicKey::RSA { e, n })
        }
    };
    let created = std::time::SystemTime::from(Timestamp::from(created));
    let key = Key4::new(created, algorithm.code(), numbers).map_err(|_| SubkeyError::Numbers)?;
    let subkey = Key::from(key);
    check_subkey(&subkey)?;
    Ok(subkey)
}

/// The subkey's numbers, for its keygrip. None if it is of a kind that no host makes.
#[must_use]
pub fn public_of(subkey: &Subkey) -> Option<PublicKey> {
    match subkey.mpis() {
        mpi::PublicKey::EdDSA {
            curve: Curve::Ed25519,
            q,
        } => match q.value() {
            [0x40, point @ ..] => Some(PublicKey::Ed25519(point.try_into().ok()?)),
            _ => None,
        },
        mpi::PublicKey::RSA { e, n } => Some(PublicKey::Rsa {
            n: n.value().to_vec(),
            e: e.value().to_vec(),
        }),
        _ => None,
    }
}

/// May a subkey like this be bound?
///
/// # Errors
/// [`SubkeyError`]
pub fn check_subkey(subkey: &Subkey) -> Result<(), SubkeyError> {
    if subkey.version() != 4 {
        return Err(SubkeyError::Version(subkey.version()));
    }
    let other = || SubkeyError::Algorithm(subkey.pk_algo().to_string());
    match (Algorithm::of(subkey.pk_algo()), public_of(subkey)) {
        (Some(Algorithm::EdDsa), Some(PublicKey::Ed25519(_))) => Ok(()),
        (Some(Algorithm::Rsa), Some(PublicKey::Rsa { n, e })) => {
            let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
            if !(RSA_LEAST..=RSA_MOST).contains(&bits) {
                return Err(SubkeyError::Bits(bits));
            }
            // Odd numbers, and an exponent that OpenSSL and gpg both take.
            let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
            let usual = (3..=8).contains(&e.len()) || e == [3] || e == [17];
            (odd(&n) && odd(&e) && usual)
                .then_some(())
                .ok_or(SubkeyError::Numbers)
        }
        _ => Err(other()),
    }
}

/// A back-signature that waits for its value.
pub struct Unsigned<'k> {
    primary: &'k Primary,
    subkey: &'k Subkey,
    template: Signature4,
    digest: [u8; 64],
}

impl<'k> Unsigned<'k> {
    /// By this subkey for this primary key, at this time.
    ///
    /// # Errors
    /// [`BackSignatureError::Backend`]
    pub fn new(
        primary: &'k Primary,
        subkey: &'k Subkey,
        created: u32,
    ) -> Result<Self, BackSignatureError> {
        let backend = |_| BackSignatureError::Backend;
        let algorithm = Algorithm::of(subkey.pk_algo()).ok_or(BackSignatureError::Backend)?;
        let template = Signature4::new(
            SignatureType::PrimaryKeyBinding,
            subkey.pk_algo(),
            HashAlgorithm::SHA512,
            area(subkey, created).map_err(backend)?,
            SubpacketArea::default(),
            [0, 0],
            algorithm.empty_value(),
        );
        let fields = Signature::from(template.clone());
        let mut context = HashAlgorithm::SHA512
            .context()
            .map_err(backend)?
            .for_signature(4);
        fields
            .hash_primary_key_binding(&mut context, primary, subkey)
            .map_err(backend)?;
        let digest = context.into_digest().map_err(backend)?;
        let digest = digest.try_into().map_err(|_| BackSignatureError::Backend)?;
        Ok(Self {
            primary,
            subkey,
            template,
            digest,
        })
    }

    /// What the subkey signs: SHA-512.
    #[must_use]
    pub fn digest(&self) -> &[u8; 64] {
        &self.digest
    }

    /// With its value, verified before it is given out.
    ///
    /// # Errors
    /// [`BackSignatureError::Forged`] if the value doesn't fit.
    pub fn fill(self, value: &Value) -> Result<Signature, BackSignatureError> {
        let value = match value {
            Value::EdDsa { r, s } => mpi::Signature::EdDSA {
                r: mpi::MPI::new(r),
                s: mpi::MPI::new(s),
            },
            Value::Rsa { s } => mpi::Signature::RSA {
                s: mpi::MPI::new(s),
            },
        };
        self.fill_with(value)
    }

    /// The same with a value as OpenPGP has it.
    ///
    /// # Errors
    /// [`BackSignatureError::Forged`] if the value doesn't fit.
    pub fn fill_with(self, value: mpi::Signature) -> Result<Signature, BackSignatureError> {
        let made = Signature::from(Signature4::new(
            self.template.typ(),
            self.template.pk_algo(),
            self.template.hash_algo(),
            self.template.hashed_area().clone(),
            SubpacketArea::default(),
            [self.digest[0], self.digest[1]],
            value,
        ));
        check_back_signature(&made, self.primary, self.subkey)?;
        Ok(made)
    }
}

fn area(subkey: &Subkey, created: u32) -> openpgp::Result<SubpacketArea> {
    SubpacketArea::new(vec![
        Subpacket::new(
            SubpacketValue::SignatureCreationTime(Timestamp::from(created)),
            true,
        )?,
        Subpacket::new(
            SubpacketValue::IssuerFingerprint(subkey.fingerprint()),
            false,
        )?,
    ])
}

/// Does the subkey agree to this primary key, in the one form?
///
/// # Errors
/// [`BackSignatureError`]
pub fn check_back_signature(
    back: &Signature,
    primary: &Primary,
    subkey: &Subkey,
) -> Result<(), BackSignatureError> {
    if back.typ() != SignatureType::PrimaryKeyBinding {
        return Err(BackSignatureError::Kind(back.typ().into()));
    }
    if back.version() != 4 {
        return Err(BackSignatureError::Version(back.version()));
    }
    let hash = back.hash_algo();
    if !matches!(hash, HashAlgorithm::SHA256 | HashAlgorithm::SHA512) {
        return Err(BackSignatureError::Hash(hash.to_string()));
    }
    let created = back
        .signature_creation_time()
        .and_then(|time| Timestamp::try_from(time).ok())
        .map(u32::from)
        .ok_or(BackSignatureError::Contents)?;
    let expected = area(subkey, created).map_err(|_| BackSignatureError::Backend)?;
    if *back.hashed_area() != expected || back.unhashed_area().iter().next().is_some() {
        return Err(BackSignatureError::Contents);
    }
    if std::time::SystemTime::from(Timestamp::from(created)) < subkey.creation_time() {
        return Err(BackSignatureError::Time);
    }
    verify(back, primary, subkey)
}

/// Does the value fit, and the prefix of the digest, too? Sequoia leaves the prefix aside, and gpg calls a
/// signature bad whose prefix is wrong (RFC 9580 §5.2.3).
///
/// # Errors
/// [`BackSignatureError::Forged`]
pub(super) fn verify(
    back: &Signature,
    primary: &Primary,
    subkey: &Subkey,
) -> Result<(), BackSignatureError> {
    let forged = |_| BackSignatureError::Forged;
    back.verify_primary_key_binding(primary, subkey)
        .map_err(forged)?;
    let mut context = back
        .hash_algo()
        .context()
        .map_err(forged)?
        .for_signature(back.version());
    back.hash_primary_key_binding(&mut context, primary, subkey)
        .map_err(forged)?;
    let digest = context.into_digest().map_err(forged)?;
    match digest.starts_with(back.digest_prefix()) {
        true => Ok(()),
        false => Err(BackSignatureError::Forged),
    }
}
