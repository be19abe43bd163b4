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
/// The most bytes of the words in a revocation.
pub const MAX_WHY: usize = 500;
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

/// Why a key or subkey is revoked (RFC 9580 §5.2.3.31).
///
/// The hard ones void every signature, whenever it was made, so they can be made in advance. What the soft ones do
/// depends on their date, so they are made fresh only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// 0: no reason given. Hard.
    None,
    /// 1: another key takes its place. Soft.
    Superseded,
    /// 2: the secret key is compromised. Hard.
    Compromised,
    /// 3: it is used no more. Soft.
    Retired,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::None,
        Self::Superseded,
        Self::Compromised,
        Self::Retired,
    ];

    /// Does it void every signature of the key, old ones too?
    #[must_use]
    pub fn is_hard(self) -> bool {
        matches!(self, Self::None | Self::Compromised)
    }

    /// The word that people type and files are named by.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Superseded => "superseded",
            Self::Compromised => "compromised",
            Self::Retired => "retired",
        }
    }

    /// Reads [`Reason::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// A revocation's reason together with what its makers add in their own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Why {
    /// The machine's word.
    pub reason: Reason,
    /// The people's words, for whoever looks at the key; may be empty.
    pub text: String,
}

impl Why {
    /// A reason without further words.
    #[must_use]
    pub fn only(reason: Reason) -> Self {
        let text = String::new();
        Self { reason, text }
    }
}

/// What one signature of the master key says.
// Ten thousand certifications lie in their drafts. The one part that would make them all larger is boxed; the
// others don't take more than a certification.
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
    /// Certify the key that succeeds this one (0x13), with the notation that says so.
    Succeed {
        /// Who, when.
        stamp: Stamp,
        /// The successor.
        target: Primary,
        /// Its user ID.
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
        back_signature: Option<Box<openpgp::packet::Signature>>,
        /// The master key itself.
        primary: Primary,
        /// The bound subkey.
        subkey: Subkey,
    },
    /// A revocation of the master key (0x20).
    RevokeKey {
        /// Who, when.
        stamp: Stamp,
        /// Why.
        why: Why,
        /// The master key itself.
        primary: Primary,
    },
    /// A revocation of a subkey (0x28).
    RevokeSubkey {
        /// Who, when.
        stamp: Stamp,
        /// Why.
        why: Why,
        /// The master key itself.
        primary: Primary,
        /// The revoked subkey.
        subkey: Subkey,
    },
    /// An own user ID is used no more (0x30, reason 32).
    RevokeUserId {
        /// Who, when.
        stamp: Stamp,
        /// In the makers' words; may be empty.
        text: String,
        /// The master key itself.
        primary: Primary,
        /// The user ID.
        user_id: UserID,
    },
    /// A certification of somebody's user ID is taken back (0x30, no reason).
    RevokeCertification {
        /// Who, when.
        stamp: Stamp,
        /// In the makers' words; may be empty.
        text: String,
        /// The key that was certified.
        target: Primary,
        /// Its user ID.
        user_id: UserID,
    },
    /// A statement to the users: a plain text, cleartext-signed (0x01, RFC 9580 §7).
    Statement {
        /// Who, when.
        stamp: Stamp,
        /// Lines that end in LF, the last one without; see [`super::statement::is_plain`].
        text: String,
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
            | Self::Succeed { stamp, .. }
            | Self::KeySelf { stamp, .. }
            | Self::UserIdSelf { stamp, .. }
            | Self::SubkeyBinding { stamp, .. }
            | Self::RevokeKey { stamp, .. }
            | Self::RevokeSubkey { stamp, .. }
            | Self::RevokeUserId { stamp, .. }
            | Self::RevokeCertification { stamp, .. }
            | Self::Statement { stamp, .. }
            | Self::Manifest { stamp, .. } => stamp,
        }
    }

    /// Must it name the state that it changes: the own certificate, or the succession?
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.is_about_itself() || self.is_succession()
    }

    /// Does it name the key's successor?
    #[must_use]
    pub fn is_succession(&self) -> bool {
        matches!(self, Self::Succeed { .. })
    }

    /// Does it change the key's own certificate?
    #[must_use]
    pub fn is_about_itself(&self) -> bool {
        match self {
            Self::KeySelf { .. }
            | Self::UserIdSelf { .. }
            | Self::SubkeyBinding { .. }
            | Self::RevokeKey { .. }
            | Self::RevokeSubkey { .. }
            | Self::RevokeUserId { .. } => true,
            Self::Certify { .. }
            | Self::Succeed { .. }
            | Self::RevokeCertification { .. }
            | Self::Statement { .. }
            | Self::Manifest { .. } => false,
        }
    }
}
