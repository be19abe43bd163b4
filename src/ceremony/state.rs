//! The state that a request is bound to: the manifest, and all that the key has said about itself.
//!
//! Of two requests on one state only one can be carried out: the second would be void without a word
//! (of two self-signatures the newer one counts), or bring back what the first one ended.

use sequoia_openpgp::Cert;
use sequoia_openpgp::serialize::MarshalInto as _;
use sha2::{Digest as _, Sha256};

use crate::openpgp::self_signatures::own_signatures;
use crate::vault::record::Digest;

/// The state of a vault whose certificate in use is this one, and whose key has certified these successors (their
/// fingerprints' bytes). Certifications of others and attestations by others aren't part of it: they come at any time.
#[must_use]
pub fn of(manifest: Digest, in_use: &Cert, successors: &[Vec<u8>]) -> Digest {
    let mut signatures: Vec<[u8; 32]> = own_signatures(in_use)
        .filter_map(|signature| signature.to_vec().ok())
        .map(|bytes| Sha256::digest(bytes).into())
        .collect();
    signatures.sort_unstable();
    signatures.dedup();
    let mut hash = Sha256::new_with_prefix(b"quorate state v1\0");
    hash.update(manifest.as_bytes());
    for signature in signatures {
        hash.update(signature);
    }
    for successor in successors {
        hash.update(b"successor\0");
        hash.update(successor);
    }
    Digest::from(<[u8; 32]>::from(hash.finalize()))
}
