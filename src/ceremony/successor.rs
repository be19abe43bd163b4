//! The successor that a request certifies, as its own vault describes it: the new manifest, carried along, so that
//! those who leave with the old key see whom they hand it to.

use sequoia_openpgp::Fingerprint;

use crate::openpgp::draft::Draft;
use crate::openpgp::plan::Plan;
use crate::vault::manifest::{ManifestError, SignedManifest};

/// A manifest that the certified key has signed itself.
pub struct Successor {
    file: Vec<u8>,
    signed: SignedManifest,
}

/// Why a request can't carry this manifest.
#[derive(Debug, thiserror::Error)]
pub enum SuccessorError {
    /// It certifies a successor, and doesn't say who holds it.
    #[error("it certifies a successor without that key's manifest")]
    Missing,
    /// It certifies none, or two.
    #[error("{0} successors, and one manifest")]
    Count(usize),
    /// Not signed by the certified key, or damaged.
    #[error("the successor's manifest: {0}")]
    Manifest(#[from] ManifestError),
    /// It succeeds another key, or none.
    #[error("the successor's manifest names another predecessor than this key")]
    OtherPredecessor,
    /// Its key has another user ID than the one that would be certified.
    #[error("the successor's manifest names another user ID than the one that would be certified")]
    OtherUserId,
}

impl Successor {
    /// The manifest in `file`, of the key that these drafts of `predecessor` certify.
    ///
    /// # Errors
    /// [`SuccessorError`].
    pub fn read(
        file: Vec<u8>,
        predecessor: &Fingerprint,
        drafts: &[Draft],
    ) -> Result<Self, SuccessorError> {
        let mut certified = drafts.iter().filter_map(|draft| match draft.plan() {
            Plan::Succeed {
                target, user_id, ..
            } => Some((target.fingerprint(), user_id)),
            _ => None,
        });
        let Some((fingerprint, user_id)) = certified.next() else {
            return Err(SuccessorError::Count(0));
        };
        let more = certified.count();
        if more > 0 {
            return Err(SuccessorError::Count(1 + more));
        }
        let signed = SignedManifest::read(&file, &fingerprint)?;
        if signed.predecessor.as_ref() != Some(predecessor) {
            return Err(SuccessorError::OtherPredecessor);
        }
        if signed.user_id.as_bytes() != user_id.value() {
            return Err(SuccessorError::OtherUserId);
        }
        Ok(Self { file, signed })
    }

    /// `vault.toml` of the successor, as it was when the request was opened.
    #[must_use]
    pub fn file(&self) -> &[u8] {
        &self.file
    }

    /// What it says.
    #[must_use]
    pub fn signed(&self) -> &SignedManifest {
        &self.signed
    }
}
