//! RSA signatures with the Chinese remainder theorem (RFC 8017 §5.1.2), which sequoia's backend leaves out:
//! a quarter of the time.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::{Padding, RsaPrivateKeyBuilder};
use sequoia_openpgp as openpgp;

use openpgp::crypto::mpi::{MPI, PublicKey, SecretKeyMaterial, Signature};
use openpgp::types::HashAlgorithm;

/// A secret RSA key, ready to sign. It lies in OpenSSL's memory, which dies with the process.
pub(super) struct RsaSigner(PKey<Private>);

/// Why a key can't sign.
#[derive(Debug, thiserror::Error)]
pub(super) enum RsaError {
    /// Another algorithm's numbers, or numbers that don't belong together.
    #[error("these numbers are no RSA key")]
    NotRsa,
    /// SHA-256 and SHA-512 are all that a draft can have.
    #[error("no such hash")]
    Hash,
    /// OpenSSL reports something.
    #[error("{0}")]
    OpenSsl(#[from] ErrorStack),
}

impl RsaSigner {
    /// With the numbers of a key as OpenPGP stores them (RFC 9580 §5.5.5.1).
    ///
    /// # Errors
    /// [`RsaError`].
    pub(super) fn new(public: &PublicKey, secret: &SecretKeyMaterial) -> Result<Self, RsaError> {
        let (PublicKey::RSA { e, n }, SecretKeyMaterial::RSA { d, p, q, .. }) = (public, secret)
        else {
            return Err(RsaError::NotRsa);
        };
        let (n, e) = (
            BigNum::from_slice(n.value())?,
            BigNum::from_slice(e.value())?,
        );
        let (d, p, q) = (
            secret_number(d.value())?,
            secret_number(p.value())?,
            secret_number(q.value())?,
        );
        let mut context = BigNumContext::new()?;
        let mut product = BigNum::new()?;
        product.checked_mul(&p, &q, &mut context)?;
        if product != n {
            return Err(RsaError::NotRsa);
        }
        let (of_p, of_q) = (
            exponent(&d, &p, &mut context)?,
            exponent(&d, &q, &mut context)?,
        );
        let mut inverse = secret_number(&[])?;
        inverse.mod_inverse(&q, &p, &mut context)?;
        let key = RsaPrivateKeyBuilder::new(n, e, d)?
            .set_factors(p, q)?
            .set_crt_params(of_p, of_q, inverse)?
            .build();
        Ok(Self(PKey::from_rsa(key)?))
    }

    /// Signs a digest, PKCS #1 version 1.5 (RFC 8017 §8.2). OpenSSL compares each result with the public key before it
    /// gives it out, so that a fault in the middle doesn't give the factors away.
    ///
    /// # Errors
    /// [`RsaError`].
    pub(super) fn sign(&self, hash: HashAlgorithm, digest: &[u8]) -> Result<Signature, RsaError> {
        let hash = match hash {
            HashAlgorithm::SHA256 => Md::sha256(),
            HashAlgorithm::SHA512 => Md::sha512(),
            _ => return Err(RsaError::Hash),
        };
        let mut context = PkeyCtx::new(&self.0)?;
        context.sign_init()?;
        context.set_rsa_padding(Padding::PKCS1)?;
        context.set_signature_md(hash)?;
        let mut value = Vec::new();
        context.sign_to_vec(digest, &mut value)?;
        let s = MPI::new(&value);
        Ok(Signature::RSA { s })
    }
}

/// A number with which OpenSSL computes in constant time.
fn secret_number(bytes: &[u8]) -> Result<BigNum, ErrorStack> {
    let mut number = BigNum::from_slice(bytes)?;
    number.set_const_time();
    Ok(number)
}

/// `d mod (prime - 1)`.
fn exponent(
    d: &BigNumRef,
    prime: &BigNumRef,
    context: &mut BigNumContext,
) -> Result<BigNum, ErrorStack> {
    let mut less = prime.to_owned()?;
    less.set_const_time();
    less.sub_word(1)?;
    let mut exponent = secret_number(&[])?;
    exponent.nnmod(d, &less, context)?;
    Ok(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openpgp::crypto::Signer as _;
    use openpgp::packet::key::{Key4, PrimaryRole, SecretKeyMaterial as Secret, SecretParts};

    fn key() -> Key4<SecretParts, PrimaryRole> {
        Key4::generate_rsa(2048).unwrap()
    }

    fn with_secret<T>(
        key: &Key4<SecretParts, PrimaryRole>,
        work: impl FnMut(&SecretKeyMaterial) -> T,
    ) -> T {
        match key.secret() {
            Secret::Unencrypted(secret) => secret.map(work),
            Secret::Encrypted(_) => panic!("encrypted"),
        }
    }

    #[test]
    fn the_signatures_are_those_that_sequoia_makes() {
        let key = key();
        let signer = with_secret(&key, |secret| RsaSigner::new(key.mpis(), secret).unwrap());
        let mut pair = openpgp::packet::Key::from(key.clone())
            .into_keypair()
            .unwrap();
        for (hash, length) in [(HashAlgorithm::SHA256, 32), (HashAlgorithm::SHA512, 64)] {
            let digest = vec![7; length];
            let ours = signer.sign(hash, &digest).unwrap();
            assert_eq!(ours, pair.sign(hash, &digest).unwrap());
            assert!(signer.sign(hash, &digest[1..]).is_err(), "a short digest");
        }
        assert!(signer.sign(HashAlgorithm::SHA1, &[7; 20]).is_err());
    }

    #[test]
    fn numbers_of_two_keys_are_no_key() {
        let (one, other) = (key(), key());
        let mixed = with_secret(&one, |secret| RsaSigner::new(other.mpis(), secret).is_err());
        assert!(mixed);
    }
}
