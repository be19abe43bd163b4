//! Somebody's certificate as a target: which of its user IDs can be certified, and why not.

use std::time::{Duration, SystemTime};

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::cert::raw::{RawCert, RawCertParser, RawPacket};
use openpgp::packet::UserID;
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::types::RevocationStatus;
use openpgp::{Cert, Fingerprint};

use super::plan::{MAX_USER_ID, Primary};

/// The most packets that a certificate may have to be certified.
pub const MAX_PACKETS: usize = 200_000;

/// Why a certificate, or a user ID of it, can't be certified.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TargetError {
    /// No OpenPGP certificate in the bytes.
    #[error("no OpenPGP certificate")]
    NotACertificate,
    /// Its self-signatures are missing or too weak.
    #[error("no acceptable self-signature: {reason}")]
    Unacceptable {
        /// What the policy said.
        reason: String,
    },
    /// It is revoked.
    #[error("revoked")]
    Revoked,
    /// It has expired.
    #[error("expired")]
    Expired,
    /// It isn't valid yet.
    #[error("made in the future")]
    NotYet,
    /// It has no user ID.
    #[error("no user ID")]
    NoUserId,
    /// None of its user IDs is wanted, valid and not revoked.
    #[error("no user ID that is wanted and valid")]
    NoneFits {
        /// The user IDs that it has.
        has: Vec<Vec<u8>>,
    },
    /// The secret half lies in the file, too.
    #[error("holds secret key material")]
    Secret,
    /// The key itself, which is extended by other means.
    #[error("is the master key itself")]
    Own,
}

/// What can be certified of one certificate.
pub struct Target {
    /// Its primary key.
    pub primary: Primary,
    /// The user IDs chosen.
    pub user_ids: Vec<UserID>,
}

/// Chooses the user IDs of `cert` that are valid at `now`, among the `wanted` ones if any are
/// named (the whole text of the user ID, or its address).
///
/// # Errors
/// [`TargetError`].
pub fn choose(
    cert: &Cert,
    own: &Fingerprint,
    wanted: &[String],
    now: u32,
) -> Result<Target, TargetError> {
    if cert.fingerprint() == *own {
        return Err(TargetError::Own);
    }
    if cert.is_tsk() {
        return Err(TargetError::Secret);
    }
    if cert.userids().next().is_none() {
        return Err(TargetError::NoUserId);
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now.into());
    let policy = StandardPolicy::new();
    let revoked = matches!(
        cert.revocation_status(&policy, time),
        RevocationStatus::Revoked(_)
    );
    if revoked {
        return Err(TargetError::Revoked);
    }
    let valid = cert.with_policy(&policy, time).map_err(|error| {
        if cert.primary_key().key().creation_time() > time {
            return TargetError::NotYet;
        }
        TargetError::Unacceptable {
            reason: error.to_string(),
        }
    })?;
    if let Err(error) = valid.alive() {
        let late = valid
            .primary_key()
            .key_expiration_time()
            .is_some_and(|end| end <= time);
        return Err(if late {
            TargetError::Expired
        } else {
            TargetError::Unacceptable {
                reason: error.to_string(),
            }
        });
    }
    let user_ids: Vec<UserID> = valid
        .userids()
        .filter(|u| !matches!(u.revocation_status(), RevocationStatus::Revoked(_)))
        .map(|u| u.userid().clone())
        .filter(|u| u.value().len() <= MAX_USER_ID && is_wanted(u, wanted))
        .collect();
    if user_ids.is_empty() {
        let has = cert
            .userids()
            .map(|u| u.userid().value().to_vec())
            .collect();
        return Err(TargetError::NoneFits { has });
    }
    let primary = cert.primary_key().key().clone();
    Ok(Target { primary, user_ids })
}

fn is_wanted(user_id: &UserID, wanted: &[String]) -> bool {
    wanted.is_empty()
        || wanted.iter().any(|w| {
            user_id.value() == w.as_bytes()
                || user_id
                    .email()
                    .ok()
                    .flatten()
                    .is_some_and(|address| address == w)
        })
}

/// One certificate among others, not read yet.
pub struct RawTarget<'a>(RawCert<'a>);

/// The certificates in some packets. They are found one by one: kept together they would take more memory than
/// their bytes.
pub struct RawTargets<'a> {
    parser: RawCertParser<'a>,
    count: usize,
}

/// The certificates in `packets`, one after the other; all are looked at before the first is given out.
///
/// # Errors
/// [`TargetError::NotACertificate`], also where only a later one is damaged.
pub fn certificates(packets: &[u8]) -> Result<RawTargets<'_>, TargetError> {
    let parser = || RawCertParser::from_bytes(packets).map_err(|_| TargetError::NotACertificate);
    let mut count = 0;
    for raw in parser()? {
        match raw {
            Ok(raw) if raw.count() <= MAX_PACKETS => count += 1,
            _ => return Err(TargetError::NotACertificate),
        }
    }
    Ok(RawTargets {
        parser: parser()?,
        count,
    })
}

impl RawTargets<'_> {
    /// How many there are in all.
    #[must_use]
    pub fn count_all(&self) -> usize {
        self.count
    }
}

impl<'a> Iterator for RawTargets<'a> {
    type Item = RawTarget<'a>;

    fn next(&mut self) -> Option<RawTarget<'a>> {
        // Every one was read before.
        self.parser.next()?.ok().map(RawTarget)
    }
}

impl RawTarget<'_> {
    /// The primary key, of a secret key its public half.
    #[must_use]
    pub fn primary_key(&self) -> Primary {
        self.0.primary_key()
    }

    /// The packets in their order.
    pub(super) fn packets(&self) -> impl Iterator<Item = RawPacket<'_>> {
        self.0.packets()
    }

    /// Reads it whole.
    ///
    /// # Errors
    /// [`TargetError::NotACertificate`].
    pub fn read(&self) -> Result<Cert, TargetError> {
        Cert::try_from(self.0.clone()).map_err(|_| TargetError::NotACertificate)
    }
}
