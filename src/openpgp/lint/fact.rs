//! What `lint` can find, and how much it matters.

use sequoia_openpgp as openpgp;

use openpgp::Fingerprint;
use openpgp::types::{HashAlgorithm, PublicKeyAlgorithm};

use crate::world::Timestamp;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A verifier refuses it now.
    Refused,
    /// A verifier accepts it until then.
    RefusedFrom(Timestamp),
    /// Nothing refuses it.
    Advice,
}

/// Who refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verifier {
    /// Everything built on the library of that name: `sq`, `sqv`, apt and rpm of newer systems.
    Sequoia,
    /// GnuPG 2.2.
    Gpg,
    /// Both.
    Both,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole certificate.
    Certificate,
    /// One user ID, as it stands there.
    UserId(Vec<u8>),
    /// One subkey.
    Subkey(Fingerprint),
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Secret key material lies beside the public one.
    Secret,
    /// No self-signature is good.
    NoSelfSignature,
    /// The self-signatures use this hash.
    WeakHash(HashAlgorithm),
    /// The key is of this algorithm and of so many bits.
    WeakKey(PublicKeyAlgorithm, Option<usize>),
    /// It begins later.
    NotYet(Timestamp),
    /// It ended; what was signed before stays good.
    Expired(Timestamp),
    /// It was revoked as compromised or without a reason: nothing that it ever signed counts.
    RevokedHard,
    /// It was revoked as superseded or retired; what was signed before stays good.
    RevokedSoft,
    /// There is no user ID with a self-signature: gpg doesn't import it.
    NoUserId,
    /// The user ID is longer than gpg reads, in bytes.
    LongUserId(usize),
    /// Neither the primary key nor a subkey may sign data.
    CannotSign,
    /// The primary key may not certify.
    CannotCertify,
    /// The binding says nothing about what the key is for.
    NoKeyFlags,
    /// The signing subkey didn't sign back.
    NoBackSignature,
    /// The subkey's own end comes after the primary key's.
    Outlives {
        /// The end of the primary key.
        primary: Timestamp,
        /// The end of the subkey.
        subkey: Timestamp,
    },
    /// An encryption subkey, which a key that signs releases has no use for.
    EncryptionSubkey,
    /// The user ID's binding tells another end than the direct-key signature: gpg and versions of
    /// Sequoia read different ones.
    TwoEnds {
        /// The user ID's.
        user_id: Option<Timestamp>,
        /// The direct-key signature's.
        direct_key: Option<Timestamp>,
    },
    /// gpg 2.2 doesn't know the algorithm or version.
    UnknownToGpg(String),
    /// A self-signature demands something critical that its verifiers don't know.
    Critical(String),
    /// A signature that a request asks for isn't accepted: which, from 1, and why.
    Signature(usize, String),
    /// Nobody else's certification is in it, as after a minimal export.
    NobodyCertifies,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What it is about.
    pub part: Part,
    /// What it is.
    pub fact: Fact,
}

impl Fact {
    /// Who refuses because of it; nobody if it is advice.
    #[must_use]
    pub fn refused_by(&self) -> Option<Verifier> {
        match self {
            Self::WeakHash(_) | Self::WeakKey(..) | Self::NoKeyFlags | Self::Signature(..) => {
                Some(Verifier::Sequoia)
            }
            Self::NoUserId | Self::LongUserId(_) | Self::UnknownToGpg(_) => Some(Verifier::Gpg),
            Self::NoSelfSignature
            | Self::NotYet(_)
            | Self::RevokedHard
            | Self::CannotSign
            | Self::CannotCertify
            | Self::NoBackSignature
            | Self::Critical(_) => Some(Verifier::Both),
            Self::Secret
            | Self::Expired(_)
            | Self::RevokedSoft
            | Self::Outlives { .. }
            | Self::EncryptionSubkey
            | Self::TwoEnds { .. }
            | Self::NobodyCertifies => None,
        }
    }
}
