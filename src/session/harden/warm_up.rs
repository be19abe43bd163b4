//! Uses every part of the crypto libraries once, with worthless keys, while files can still be opened.

use sequoia_openpgp as openpgp;

use openpgp::packet::Key;
use openpgp::packet::key::{Key4, PrimaryRole, SecretParts, SubordinateRole, UnspecifiedRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::types::{Curve, HashAlgorithm, SignatureType};

use super::{HardenError, Purpose};
use crate::roster::opening::OneTimeIdentity;
use crate::roster::sealing;
use crate::world::{OsRandom, Random};

/// Loads what the purpose needs.
///
/// # Errors
///
/// [`HardenError::WarmUp`]
pub fn warm_up(purpose: Purpose) -> Result<(), HardenError> {
    OsRandom
        .fill(&mut [0; 1])
        .map_err(|error| because("randomness", &error))?;
    openpgp::crypto::random(&mut [0; 1]).map_err(|error| because("randomness", &error))?;
    // The hash maps' own randomness, and the clock.
    drop(std::collections::HashMap::from([(1, 1)]));
    let _ = std::time::SystemTime::now();
    openpgp().map_err(|error| because("OpenPGP signature", &error))?;
    if purpose == Purpose::Deal {
        age()?;
        encryption().map_err(|error| because("OpenPGP encryption", &error))?;
    }
    Ok(())
}

fn because(what: &'static str, why: &impl ToString) -> HardenError {
    HardenError::WarmUp {
        what,
        why: why.to_string(),
    }
}

/// Digests, a key, a signature and its check.
fn openpgp() -> openpgp::Result<()> {
    for algorithm in [
        HashAlgorithm::SHA1,
        HashAlgorithm::SHA256,
        HashAlgorithm::SHA512,
    ] {
        let mut context = algorithm.context()?.for_digest();
        context.update(b"warm");
        context.into_digest()?;
    }
    let key: Key<SecretParts, PrimaryRole> = Key4::generate_ecc(true, Curve::Ed25519)?.into();
    let mut pair = key.into_keypair()?;
    let signature =
        SignatureBuilder::new(SignatureType::Binary).sign_message(&mut pair, b"warm")?;
    signature.verify_message(pair.public(), b"warm")?;
    // An RSA signature that can't be true, by a key of 2048 bits that nobody can have: the attempt
    // loads what a true one needs.
    let modulus = openssl::bn::BigNum::from_slice(&[0xff; 256])?;
    let exponent = openssl::bn::BigNum::from_u32(65537)?;
    let rsa = openssl::rsa::Rsa::from_public_components(modulus, exponent)?;
    let rsa = openssl::pkey::PKey::from_rsa(rsa)?;
    let mut context = openssl::pkey_ctx::PkeyCtx::new(&rsa)?;
    context.verify_init()?;
    context.set_rsa_padding(openssl::rsa::Padding::PKCS1)?;
    context.set_signature_md(openssl::md::Md::sha512())?;
    let _ = context.verify(&[0; 64], &[0; 256]);
    Ok(())
}

/// A message to a key of Curve25519, as shares are sealed.
fn encryption() -> openpgp::Result<()> {
    let key: Key<SecretParts, SubordinateRole> = Key4::generate_ecc(false, Curve::Cv25519)?.into();
    let key: Key<_, UnspecifiedRole> = key.parts_into_public().role_into_unspecified();
    sealing::seal_to(&[key], b"warm").map(drop)
}

/// Sealing and opening.
fn age() -> Result<(), HardenError> {
    let identity = OneTimeIdentity::generate();
    let recipient = sealing::Recipient::Age(identity.recipient());
    let sealed =
        sealing::seal(&recipient, b"warm").map_err(|error| because("age encryption", &error))?;
    identity
        .open(&sealed, 4)
        .map_err(|error| because("age decryption", &error))?;
    Ok(())
}
