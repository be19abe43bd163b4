//! Does the value of a signature belong to a digest and a key?
//!
//! Ed25519 by the crate that checks the evidence, too: OpenSSL, which signs, takes five times as long for a check, and
//! half a millisecond of every command to get ready for the first. What one of them signs the other one checks.

use ed25519_dalek::{Signature, VerifyingKey};
use sequoia_openpgp as openpgp;

use openpgp::crypto::mpi;
use openpgp::types::{Curve, HashAlgorithm};

use super::plan::Primary;

/// Is `value` a signature of `digest` by `issuer`?
pub(super) fn belongs_to(
    value: &mpi::Signature,
    hash: HashAlgorithm,
    digest: &[u8],
    issuer: &Primary,
) -> bool {
    match (issuer.mpis(), value) {
        (
            mpi::PublicKey::EdDSA {
                curve: Curve::Ed25519,
                q,
            },
            mpi::Signature::EdDSA { r, s },
        ) => ed25519(q, r, s, digest).is_some(),
        _ => issuer.verify(value, hash, digest).is_ok(),
    }
}

/// RFC 8032 over the digest (RFC 9580 §5.2.3.3), strictly: no other encoding, and no point of small order.
fn ed25519(q: &mpi::MPI, r: &mpi::MPI, s: &mpi::MPI, digest: &[u8]) -> Option<()> {
    let (point, _) = q.decode_point(&Curve::Ed25519).ok()?;
    let key = VerifyingKey::from_bytes(point.try_into().ok()?).ok()?;
    // OpenPGP leaves out the zeros in front.
    let (r, s) = (r.value_padded(32).ok()?, s.value_padded(32).ok()?);
    let signature =
        Signature::from_components(r.as_ref().try_into().ok()?, s.as_ref().try_into().ok()?);
    key.verify_strict(digest, &signature).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openpgp::crypto::Signer as _;
    use openpgp::packet::key::Key4;
    use openpgp::packet::{Key, key};

    /// A key, and so many signatures by OpenSSL over digests of one byte each.
    fn signed(count: u8) -> (Primary, Vec<(Vec<u8>, mpi::Signature)>) {
        let key: Key<key::SecretParts, key::PrimaryRole> =
            Key4::generate_ecc(true, Curve::Ed25519).unwrap().into();
        let mut pair = key.clone().into_keypair().unwrap();
        let made = (0..count).map(|byte| {
            let digest = vec![byte; 64];
            let value = pair.sign(HashAlgorithm::SHA512, &digest).unwrap();
            (digest, value)
        });
        let made = made.collect();
        (key.parts_into_public(), made)
    }

    fn fits(primary: &Primary, digest: &[u8], value: &mpi::Signature) -> bool {
        belongs_to(value, HashAlgorithm::SHA512, digest, primary)
    }

    fn parts(value: &mpi::Signature) -> (&mpi::MPI, &mpi::MPI) {
        match value {
            mpi::Signature::EdDSA { r, s } => (r, s),
            _ => panic!("another algorithm"),
        }
    }

    #[test]
    fn what_openssl_signs_belongs_to_its_digest_and_key_alone() {
        let (primary, made) = signed(200);
        let (other, _) = signed(0);
        for (digest, value) in &made {
            assert!(fits(&primary, digest, value));
            assert!(!fits(&primary, &digest[1..], value));
            assert!(!fits(&other, digest, value));
            assert!(primary.verify(value, HashAlgorithm::SHA512, digest).is_ok());
        }
    }

    #[test]
    fn no_other_bytes_belong_to_the_digest() {
        let (primary, made) = signed(1);
        let (digest, value) = &made[0];
        let (r, s) = parts(value);
        let all = [r.value_padded(32).unwrap(), s.value_padded(32).unwrap()].concat();
        for bit in 0..512 {
            let mut changed = all.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = mpi::Signature::EdDSA {
                r: mpi::MPI::new(&changed[..32]),
                s: mpi::MPI::new(&changed[32..]),
            };
            assert!(!fits(&primary, digest, &changed), "bit {bit}");
        }
        let mut long = s.value().to_vec();
        long.resize(33, 0);
        for s in [&[][..], &long] {
            let (r, s) = (r.clone(), mpi::MPI::new(s));
            assert!(!fits(&primary, digest, &mpi::Signature::EdDSA { r, s }));
        }
    }

    #[test]
    fn a_value_of_the_order_more_is_another_encoding() {
        let (primary, made) = signed(1);
        let (digest, value) = &made[0];
        let (r, s) = parts(value);
        // The order of the base point (RFC 8032 §5.1), little-endian.
        let order = data_encoding::HEXLOWER
            .decode(b"edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
            .unwrap();
        let value = s.value_padded(32).unwrap();
        let mut carry = 0;
        let more = value.iter().zip(&order).map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let low = carry.to_le_bytes()[0];
            carry >>= 8;
            low
        });
        let s = mpi::MPI::new(&more.collect::<Vec<u8>>());
        let r = r.clone();
        assert!(!fits(&primary, digest, &mpi::Signature::EdDSA { r, s }));
    }
}
