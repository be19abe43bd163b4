//! The state that a request is bound to: the manifest, and all that the key has said about itself.
//!
//! Of two requests on one state only one can be carried out: the second would be void without a word
//! (of two self-signatures the newer one counts), or bring back what the first one ended.

use sequoia_openpgp::Cert;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::signature::subpacket::SubpacketArea;
use sequoia_openpgp::serialize::MarshalInto as _;
use sha2::{Digest as _, Sha256};

use crate::openpgp::self_signatures::own_signatures;
use crate::vault::record::Digest;

/// The state of a vault whose certificate in use is this one, and whose key has certified these successors (their
/// fingerprints' bytes). Certifications of others and attestations by others aren't part of it: they come at any time. Nor is what isn't signed of a signature: anybody could change it.
#[must_use]
pub fn of(manifest: Digest, in_use: &Cert, successors: &[Vec<u8>]) -> Digest {
    let mut signatures: Vec<[u8; 32]> = own_signatures(in_use)
        .filter_map(|signature| signed_of(signature).to_vec().ok())
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

/// A signature without its unhashed area.
fn signed_of(signature: &Signature) -> Signature {
    let mut signed = signature.clone();
    *signed.unhashed_area_mut() = SubpacketArea::default();
    signed
}

#[cfg(test)]
mod tests {
    use super::*;
    use sequoia_openpgp::cert::CertBuilder;
    use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};

    #[test]
    fn what_is_not_signed_of_a_signature_is_no_part_of_the_state() {
        let (cert, revocation) = CertBuilder::new().generate().unwrap();
        let state = |signature: Signature| {
            let cert = cert.clone().insert_packets(signature).unwrap().0;
            of(Digest::of(b"manifest"), &cert, &[])
        };
        let mut noted = revocation.clone();
        let note = SubpacketValue::PolicyURI(b"x".to_vec());
        let note = Subpacket::new(note, false).unwrap();
        noted.unhashed_area_mut().add(note).unwrap();
        assert_ne!(noted, revocation);
        assert_eq!(state(noted), state(revocation.clone()));
        let before = of(Digest::of(b"manifest"), &cert, &[]);
        assert_ne!(before, state(revocation));
    }
}
