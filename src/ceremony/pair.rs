//! A pair: two requests, of two keys, that stand or fall together.
//!
//! Each names the digest that the other would have without that line. So each says all about the other, neither fits
//! a third one, and whoever has one of the two knows the words of both. The session signs both or none.

use sha2::{Digest as _, Sha256};

use super::asked::Asked as _;
use super::verified::VerifiedRequest;
use crate::vault::record::Digest;

/// What the eight words of a pair are over: the two digests, in ascending order, behind a domain string.
#[must_use]
pub fn digest(one: Digest, other: Digest) -> Digest {
    let (first, second) = (one.min(other), one.max(other));
    let mut hash = Sha256::new_with_prefix(b"quorate pair v1\0");
    hash.update(first.as_bytes());
    hash.update(second.as_bytes());
    Digest::from(<[u8; 32]>::from(hash.finalize()))
}

/// Is each the one that the other names, of another vault and key, and asked by the same person? Of one that certifies a
/// successor the other is that key's: so are those told who see only the one.
#[must_use]
pub fn is_one(one: &VerifiedRequest, other: &VerifiedRequest) -> bool {
    one.request().with == Some(other.alone())
        && other.request().with == Some(one.alone())
        && one.vault() != other.vault()
        && one.request().fingerprint != other.request().fingerprint
        && one.opener() == other.opener()
        && is_the_successors(one, other)
        && is_the_successors(other, one)
}

/// Is `other` of the key that `one` certifies as its successor, if it certifies one?
fn is_the_successors(one: &VerifiedRequest, other: &VerifiedRequest) -> bool {
    one.request().successor.as_ref().is_none_or(|successor| {
        let new = successor.signed();
        new.fingerprint == other.request().fingerprint && new.vault_id == other.vault()
    })
}
