//! What gpg 2.2 doesn't read. Written down here and compared with the real one by tests.

use sequoia_openpgp as openpgp;

use openpgp::packet::Signature;
use openpgp::packet::key::PublicParts;
use openpgp::packet::signature::subpacket::{SubpacketTag, SubpacketValue};
use openpgp::types::{Curve, PublicKeyAlgorithm};

use super::Fact;

/// Longest user ID that gpg reads, in bytes (its `MAX_UID_PACKET_LENGTH`).
pub(super) const GPG_USER_ID: usize = 2048;
/// Most bits of a number that gpg reads (its `MAX_EXTERN_MPI_BITS`).
const GPG_BITS: usize = 16_384;
/// The newest subpacket whose critical use gpg 2.2 understands: issuer fingerprint.
const GPG_SUBPACKET: u8 = 33;

/// What is critical in a signature, and not known to the verifiers.
pub(super) fn critical(signature: &Signature) -> Option<Fact> {
    let mut critical = signature.hashed_area().iter().filter(|s| s.critical());
    critical.find_map(|subpacket| match subpacket.value() {
        SubpacketValue::NotationData(notation) => {
            Some(Fact::Critical(format!("notation {}", notation.name())))
        }
        _ if u8::from(subpacket.tag()) > GPG_SUBPACKET => {
            Some(Fact::Critical(subpacket.tag().to_string()))
        }
        _ if matches!(subpacket.tag(), SubpacketTag::Unknown(_)) => {
            Some(Fact::Critical(subpacket.tag().to_string()))
        }
        _ => None,
    })
}

/// What gpg 2.2 doesn't know about a key.
pub(super) fn unknown_key<R: openpgp::packet::key::KeyRole>(
    key: &openpgp::packet::Key<PublicParts, R>,
) -> Option<String> {
    use openpgp::crypto::mpi::PublicKey;
    if key.version() != 4 {
        return Some(format!("version {}", key.version()));
    }
    let curve = match key.mpis() {
        PublicKey::EdDSA { curve, .. }
        | PublicKey::ECDSA { curve, .. }
        | PublicKey::ECDH { curve, .. } => Some(curve),
        _ => None,
    };
    if let Some(Curve::Unknown(_)) = curve {
        return Some("an unknown curve".to_owned());
    }
    #[allow(deprecated)] // gpg still reads what nobody should make any more
    let is_known = matches!(
        key.pk_algo(),
        PublicKeyAlgorithm::RSAEncryptSign
            | PublicKeyAlgorithm::RSAEncrypt
            | PublicKeyAlgorithm::RSASign
            | PublicKeyAlgorithm::ElGamalEncrypt
            | PublicKeyAlgorithm::DSA
            | PublicKeyAlgorithm::ECDH
            | PublicKeyAlgorithm::ECDSA
            | PublicKeyAlgorithm::EdDSA
    );
    let too_long = curve.is_none() && key.mpis().bits().is_some_and(|bits| bits > GPG_BITS);
    (!is_known || too_long).then(|| key.pk_algo().to_string())
}
