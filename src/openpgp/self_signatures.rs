//! What a certificate's key has signed about itself, and the times that follow from it.

use std::time::{Duration, SystemTime};

use sequoia_openpgp as openpgp;

use openpgp::packet::key::{KeyParts, KeyRole};
use openpgp::packet::{Key, Signature};
use openpgp::policy::StandardPolicy;
use openpgp::types::RevocationStatus;
use openpgp::{Cert, Fingerprint};

use super::change_error::ChangeError;
use super::plan::{Algorithm, Hash, Stamp};
use crate::world::Timestamp;

/// A day, in seconds.
const DAY: u64 = 86_400;

/// When a subkey ends by itself, given the life that its binding says. Sequoia's `key_expiration_time` takes
/// the primary's life, counted from the subkey's creation, for a subkey that has none of its own.
#[must_use]
pub fn own_end<P: KeyParts, R: KeyRole>(
    subkey: &Key<P, R>,
    life: Option<Duration>,
) -> Option<SystemTime> {
    life.map(|life| subkey.creation_time() + life)
}

/// A stamp for a signature of the certificate's own, made now: later than each that it has, since the newest
/// counts.
///
/// # Errors
/// [`ChangeError::Clock`], [`ChangeError::Algorithm`].
pub fn stamp(cert: &Cert, now: Timestamp) -> Result<Stamp, ChangeError> {
    let primary = cert.primary_key().key();
    let newest = newest(cert);
    if newest.seconds() > now.seconds() + DAY {
        return Err(ChangeError::Clock(newest.day()));
    }
    let made = Timestamp::from(primary.creation_time());
    if made > now {
        return Err(ChangeError::Clock(made.day()));
    }
    let at = if newest < now {
        now
    } else {
        newest.plus_seconds(1)
    };
    Ok(Stamp {
        issuer: primary.fingerprint(),
        algorithm: Algorithm::of(primary.pk_algo()).ok_or(ChangeError::Algorithm)?,
        hash: Hash::Sha512,
        created: at
            .to_openpgp()
            .ok_or_else(|| ChangeError::Clock(newest.day()))?,
    })
}

/// When the key signed about itself last, or was made.
fn newest(cert: &Cert) -> Timestamp {
    let made = cert.primary_key().key().creation_time();
    let signed = own_signatures(cert).filter_map(|signature| signature.signature_creation_time());
    Timestamp::from(signed.fold(made, SystemTime::max))
}

/// The time at which a certificate is looked at now: so that what was signed in this very second, and is dated a
/// second ahead to be the newest, counts. What is dated further ahead doesn't.
#[must_use]
pub fn look_at(cert: &Cert, now: Timestamp) -> Timestamp {
    let newest = newest(cert);
    match newest > now && newest.seconds() <= now.seconds() + 60 {
        true => newest,
        false => now,
    }
}

/// Everything that the key signed about itself: bindings and revocations.
pub fn own_signatures(cert: &Cert) -> impl Iterator<Item = &Signature> {
    let primary = cert.primary_key();
    let keys = primary.bundle();
    let of_key = keys.self_signatures().chain(keys.self_revocations());
    let of_user_ids = cert.userids().flat_map(|user_id| {
        let bundle = user_id.bundle();
        bundle.self_signatures().chain(bundle.self_revocations())
    });
    let of_subkeys = cert.keys().subkeys().flat_map(|subkey| {
        let bundle = subkey.bundle();
        bundle.self_signatures().chain(bundle.self_revocations())
    });
    of_key.chain(of_user_ids).chain(of_subkeys)
}

/// Is this key of the certificate, primary or subkey, revoked now? `None` if it isn't one of its keys.
#[must_use]
pub fn is_revoked(cert: &Cert, key: &Fingerprint, now: Timestamp) -> Option<bool> {
    let policy = StandardPolicy::new();
    let at = SystemTime::from(look_at(cert, now));
    let status = if cert.fingerprint() == *key {
        cert.revocation_status(&policy, at)
    } else {
        let mut subkeys = cert.keys().subkeys();
        let subkey = subkeys.find(|subkey| subkey.key().fingerprint() == *key)?;
        let of_subkey = subkey.bundle().revocation_status(&policy, at);
        return Some(matches!(of_subkey, RevocationStatus::Revoked(_)));
    };
    Some(matches!(status, RevocationStatus::Revoked(_)))
}
