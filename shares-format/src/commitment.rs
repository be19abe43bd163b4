//! Commitments: what a manifest says in public about a share, so that a false one is known before it is used.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::hex;
use crate::share::Share;
use crate::values::{Seat, SetId, ValueError};

/// Keeps this digest apart from every other use of SHA-256.
const DOMAIN: &[u8] = b"quorate-share commitment v1\0";

/// SHA-256 over a domain and the share's whole body (`SPEC.md` § 4). Compared in constant time, shown as 64 lower-case hexadecimal digits.
///
/// It hides the share as long as that can't be guessed: for a secret of few bits don't publish it.
#[derive(Debug, Clone, Copy)]
pub struct Commitment([u8; 32]);

/// The share isn't the one that was committed to. Why, can't be known: nobody is to blame for this alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the share of seat {seat} of set {set} is not the one that was dealt")]
pub struct FalseShare {
    /// The set that the share says it belongs to.
    pub set: SetId,
    /// The seat that it says it is of.
    pub seat: Seat,
}

/// A share that matches its commitment.
pub struct TrueShare(Share);

impl Commitment {
    /// The commitment of these 32 bytes, as a manifest has them.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lets through the one share that this commits to.
    ///
    /// # Errors
    /// [`FalseShare`]; the share is wiped.
    pub fn check(&self, share: Share) -> Result<TrueShare, FalseShare> {
        if *self != share.commitment() {
            return Err(FalseShare {
                set: share.header().set,
                seat: share.seat(),
            });
        }
        Ok(TrueShare(share))
    }
}

impl Share {
    /// The public commitment to this share, its header and seat included.
    pub fn commitment(&self) -> Commitment {
        let mut hash = Sha256::new();
        hash.update(DOMAIN);
        hash.update(&*self.to_body());
        Commitment(hash.finalize().into())
    }
}

impl TrueShare {
    /// The share.
    pub fn share(&self) -> &Share {
        &self.0
    }

    /// The share, no longer known as true.
    pub fn into_share(self) -> Share {
        self.0
    }
}

impl fmt::Debug for TrueShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TrueShare").field(&self.0).finish()
    }
}

impl PartialEq for Commitment {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Commitment {}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::lower(&self.0))
    }
}

impl FromStr for Commitment {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        hex::parse(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(ValueError::Hex { digits: 64 })
    }
}
