//! Plans: what one signature of the master key says, in plain values.
//!
//! A plan is read from a draft, never from what a requester claims, and encoded again gives
//! the same draft, byte for byte ([`super::draft`]).

use sequoia_openpgp as openpgp;

use openpgp::packet::{Key, UserID, key};
use openpgp::types::{PublicKeyAlgorithm, SignatureType};
use openpgp::{Fingerprint, crypto::mpi};

/// A public primary key.
pub type Primary = Key<key::PublicParts, key::PrimaryRole>;
/// A public subkey.
pub type Subkey = Key<key::PublicParts, key::SubordinateRole>;

/// The most bytes that a user ID may have; longer ones are refused.
pub const MAX_USER_ID: usize = 1024;
/// The most notations that a certification may carry.
pub const MAX_NOTATIONS: usize = 8;

/// The algorithm of the issuing key: it decides what an empty signature value looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    /// EdDSA over Curve25519 as version 4 keys have it (algorithm 22, RFC 9580 §9.1).
    EdDsa,
    /// RSA (algorithm 1).
    Rsa,
}

impl Algorithm {
    /// The algorithm of a key, if the session can sign with such a key.
    #[must_use]
    pub fn of(algorithm: PublicKeyAlgorithm) -> Option<Self> {
        #[allow(deprecated)] // the legacy code point is what version 4 keys use, and gpg 2.2 reads
        match algorithm {
            PublicKeyAlgorithm::EdDSA => Some(Self::EdDsa),
            PublicKeyAlgorithm::RSAEncryptSign => Some(Self::Rsa),
            _ => None,
        }
    }

    /// The OpenPGP code point.
    #[must_use]
    pub fn code(self) -> PublicKeyAlgorithm {
        #[allow(deprecated)]
        match self {
            Self::EdDsa => PublicKeyAlgorithm::EdDSA,
            Self::Rsa => PublicKeyAlgorithm::RSAEncryptSign,
        }
    }

    /// The empty value that a draft has where the signature will be.
    #[must_use]
    pub fn empty_value(self) -> mpi::Signature {
        match self {
            Self::EdDsa => mpi::Signature::EdDSA {
                r: mpi::MPI::new(&[]),
                s: mpi::MPI::new(&[]),
            },
            Self::Rsa => mpi::Signature::RSA {
                s: mpi::MPI::new(&[]),
            },
        }
    }
}

/// The hash that a draft is signed under. Nothing weaker exists here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-512, what this program plans with.
    Sha512,
}

/// Who signs, with what, and when: common to all plans.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The signing primary key.
    pub issuer: Fingerprint,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// The hash.
    pub hash: Hash,
    /// The time that the signature will bear, in seconds since 1970 (RFC 9580 §5.2.3.11).
    pub created: u32,
}

/// How thoroughly the signer checked the user ID (RFC 9580 §5.2.1, types 0x10 to 0x13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certainty {
    /// 0x10, no statement.
    Generic,
    /// 0x11, not checked at all.
    Persona,
    /// 0x12, checked casually.
    Casual,
    /// 0x13, checked thoroughly.
    Positive,
}

impl Certainty {
    /// The OpenPGP signature type.
    #[must_use]
    pub fn signature_type(self) -> SignatureType {
        match self {
            Self::Generic => SignatureType::GenericCertification,
            Self::Persona => SignatureType::PersonaCertification,
            Self::Casual => SignatureType::CasualCertification,
            Self::Positive => SignatureType::PositiveCertification,
        }
    }

    /// The number of the type, 0x10 to 0x13.
    #[must_use]
    pub fn code(self) -> u8 {
        self.signature_type().into()
    }
}

/// A human-readable notation, `name@domain=value` (RFC 9580 §5.2.3.24).
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Notation {
    /// With exactly one `@`, from the user name space.
    pub name: String,
    /// UTF-8 text.
    pub value: String,
}

/// What a key may be used for (RFC 9580 §5.2.3.29).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubkeyUse {
    /// Signing data; carries a back-signature by the subkey.
    Sign,
    /// Encrypting, in transport and storage.
    Encrypt,
    /// Authenticating.
    Authenticate,
}

/// Why a key is revoked, among the hard reasons (RFC 9580 §5.2.3.31). The soft ones depend on
/// dates that can't be known in advance, so they have no plan here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HardReason {
    /// 0: no reason given.
    None,
    /// 2: the secret key is compromised.
    Compromised,
}

/// What one signature of the master key says.
// One plan at a time is looked at, or each lies in its draft beside its bytes: boxing the larger
// variants would save nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, PartialEq, Debug)]
pub enum Plan {
    /// Certify a user ID of somebody's key.
    Certify {
        /// Who, when.
        stamp: Stamp,
        /// 0x10 to 0x13.
        certainty: Certainty,
        /// Seconds after `stamp.created` when the certification ends; `None`: never.
        expires_after: Option<u32>,
        /// In order of their names, each name once.
        notations: Vec<Notation>,
        /// The certified key.
        target: Primary,
        /// The certified user ID.
        user_id: UserID,
    },
    /// The master key's own direct-key signature (0x1F): certify and sign, until.
    KeySelf {
        /// Who, when.
        stamp: Stamp,
        /// Seconds after the key's creation when it expires.
        expires_after: u32,
        /// The master key itself.
        primary: Primary,
    },
    /// The binding of the master key's own user ID (0x13).
    UserIdSelf {
        /// Who, when.
        stamp: Stamp,
        /// Seconds after the key's creation when it expires.
        expires_after: u32,
        /// Is it the primary one?
        primary_user_id: bool,
        /// The master key itself.
        primary: Primary,
        /// The bound user ID.
        user_id: UserID,
    },
    /// The binding of a subkey (0x18).
    SubkeyBinding {
        /// Who, when.
        stamp: Stamp,
        /// Seconds after the subkey's creation when it expires; `None`: with the primary.
        expires_after: Option<u32>,
        /// What it is for.
        usage: SubkeyUse,
        /// For a signing subkey its back-signature (0x19), verified; else empty.
        back_signature: Option<openpgp::packet::Signature>,
        /// The master key itself.
        primary: Primary,
        /// The bound subkey.
        subkey: Subkey,
    },
    /// A hard revocation of the master key (0x20).
    RevokeKey {
        /// Who, when.
        stamp: Stamp,
        /// Why.
        reason: HardReason,
        /// The master key itself.
        primary: Primary,
    },
    /// A hard revocation of a subkey (0x28).
    RevokeSubkey {
        /// Who, when.
        stamp: Stamp,
        /// Why.
        reason: HardReason,
        /// The master key itself.
        primary: Primary,
        /// The revoked subkey.
        subkey: Subkey,
    },
    /// The manifest (0x00), with the critical notation that no other plan may have.
    Manifest {
        /// Who, when.
        stamp: Stamp,
        /// The manifest's text, without its signature.
        text: Vec<u8>,
    },
}

impl Plan {
    /// Who signs, with what, and when.
    #[must_use]
    pub fn stamp(&self) -> &Stamp {
        match self {
            Self::Certify { stamp, .. }
            | Self::KeySelf { stamp, .. }
            | Self::UserIdSelf { stamp, .. }
            | Self::SubkeyBinding { stamp, .. }
            | Self::RevokeKey { stamp, .. }
            | Self::RevokeSubkey { stamp, .. }
            | Self::Manifest { stamp, .. } => stamp,
        }
    }
}
