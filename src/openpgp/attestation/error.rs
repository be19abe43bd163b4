//! Why a certification doesn't count.

use sequoia_openpgp as openpgp;

use openpgp::types::HashAlgorithm;
use openpgp::{Fingerprint, KeyHandle};

use crate::world::Timestamp;

/// Why a certification doesn't count.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AttestationError {
    /// No OpenPGP certificate, or a damaged one.
    #[error("no OpenPGP certificate, or damaged")]
    Damaged,
    /// Not primary key, user ID and one signature, each in its one form.
    #[error("not one certification in its one form")]
    NotCanonical,
    /// About another key.
    #[error("over another key: {0}")]
    OtherKey(Fingerprint),
    /// About another user ID of the key.
    #[error("over another user ID")]
    OtherUserId {
        /// By whom.
        signer: Fingerprint,
        /// Its bytes.
        user_id: Vec<u8>,
    },
    /// The key's own.
    #[error("a signature of the key over itself")]
    Own,
    /// By nobody's key that is asked for.
    #[error("by {0}, a stranger")]
    Stranger(KeyHandle),
    /// It doesn't say by whom.
    #[error("without an issuer")]
    Anonymous,
    /// The signer's certificate isn't at hand.
    #[error("by {0}, whose certificate isn't here")]
    NoCertificate(Fingerprint),
    /// The signature doesn't fit.
    #[error("the signature does not fit")]
    Bad(Fingerprint),
    /// Its hash can be forged.
    #[error("made with {hash}, which is too weak")]
    Weak {
        /// By whom.
        signer: Fingerprint,
        /// The algorithm.
        hash: HashAlgorithm,
    },
    /// Not acceptable for another reason.
    #[error("not acceptable: {why}")]
    Unacceptable {
        /// By whom.
        signer: Fingerprint,
        /// What the library says.
        why: String,
    },
    /// Meant for the signer's machine alone.
    #[error("not exportable")]
    Local(Fingerprint),
    /// Dated before the key was made.
    #[error("dated {made}, before the key was made")]
    BeforeKey {
        /// By whom.
        signer: Fingerprint,
        /// Its date.
        made: Timestamp,
    },
    /// Dated ahead of the clock.
    #[error("dated {made}, ahead of the clock")]
    Ahead {
        /// By whom.
        signer: Fingerprint,
        /// Its date.
        made: Timestamp,
    },
    /// It has expired itself.
    #[error("expired on {since}")]
    Expired {
        /// By whom.
        signer: Fingerprint,
        /// When.
        since: Timestamp,
    },
    /// The signer took it back.
    #[error("revoked on {since}")]
    Revoked {
        /// By whom.
        signer: Fingerprint,
        /// When.
        since: Timestamp,
    },
    /// The signer's key can't sign.
    #[error("by {signer}: {fault}")]
    Key {
        /// By whom.
        signer: Fingerprint,
        /// Why not.
        fault: KeyFault,
    },
}

impl AttestationError {
    /// Is it about a signature of a key that may attest?
    #[must_use]
    pub fn is_of_a_root(&self) -> bool {
        !matches!(
            self,
            Self::Damaged
                | Self::NotCanonical
                | Self::OtherKey(_)
                | Self::Own
                | Self::Stranger(_)
                | Self::Anonymous
        )
    }

    /// Is a file with it no genuine attestation of this vault's, rather than one that doesn't count any more?
    #[must_use]
    pub fn is_forged(&self) -> bool {
        !matches!(
            self,
            Self::Ahead { .. } | Self::Expired { .. } | Self::Revoked { .. } | Self::Key { .. }
        )
    }
}

/// Why a root's key can't attest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Revoked by its owner.
    #[error("the key is revoked")]
    Revoked,
    /// Expired at the time in question.
    #[error("the key expired on {0}")]
    Expired(Timestamp),
    /// No acceptable self-signature, too short, unknown.
    #[error("the key is not valid: {0}")]
    NotValid(String),
}
