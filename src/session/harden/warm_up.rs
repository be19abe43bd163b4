//! Starts the crypto libraries with worthless values, while files can still be opened and nobody waits yet.

use sequoia_openpgp as openpgp;

use openpgp::crypto::Signer as _;
use openpgp::packet::Key;
use openpgp::packet::key::{Key4, PrimaryRole, SecretParts};
use openpgp::types::HashAlgorithm;

use super::HardenError;
use crate::world::{OsRandom, Random};

/// Randomness, a digest, a signature: what every job needs. Everything else is linked in, too, and opens no file
/// when it is first used; `tests/session_inside.rs` uses it behind the lock.
///
/// # Errors
///
/// [`HardenError::WarmUp`]
pub fn warm_up() -> Result<(), HardenError> {
    OsRandom
        .fill(&mut [0; 1])
        .map_err(|error| because("randomness", &error))?;
    openpgp::crypto::random(&mut [0; 1]).map_err(|error| because("randomness", &error))?;
    // The hash maps' own randomness, and the clock.
    drop(std::collections::HashMap::from([(1, 1)]));
    let _ = std::time::SystemTime::now();
    signature().map_err(|error| because("OpenPGP signature", &error))
}

fn because(what: &'static str, why: &impl ToString) -> HardenError {
    HardenError::WarmUp {
        what,
        why: why.to_string(),
    }
}

fn signature() -> openpgp::Result<()> {
    let mut context = HashAlgorithm::SHA512.context()?.for_digest();
    context.update(b"warm");
    let digest = context.into_digest()?;
    let key: Key<SecretParts, PrimaryRole> = Key4::import_secret_ed25519(&[1; 32], None)?.into();
    key.into_keypair()?
        .sign(HashAlgorithm::SHA512, &digest)
        .map(drop)
}
