//! Sequoia's judgement of a rehearsal, by its standard policy.

use std::io;
use std::time::SystemTime;

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::packet::Signature;
use openpgp::parse::Parse as _;
use openpgp::parse::stream::{MessageLayer, MessageStructure, VerificationHelper, VerifierBuilder};
use openpgp::policy::{HashAlgoSecurity, Policy as _, StandardPolicy};
use openpgp::types::RevocationStatus;
use openpgp::{Cert, KeyHandle};

use super::{Rehearsal, RehearsalError, Rehearsed};
use crate::openpgp::draft::Destination;
use crate::openpgp::plan::Plan;
use crate::openpgp::self_signatures::{is_revoked, look_at};
use crate::world::Timestamp;

/// What a signature does, as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A certification of somebody else, or what takes one back: it verifies.
    Verifies,
    /// It is the binding that counts.
    InForce,
    /// What it is about is seen as revoked.
    Revoked,
    /// The statement verifies.
    Statement,
}

/// Why a signature isn't accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It doesn't verify.
    #[error("it doesn't verify: {0}")]
    Bad(String),
    /// The policy.
    #[error("the policy refuses it: {0}")]
    Policy(String),
    /// The certificate isn't valid with it.
    #[error("the certificate is not valid: {0}")]
    Certificate(String),
    /// Another signature counts.
    #[error("it isn't the signature that counts")]
    NotInForce,
    /// What should be revoked isn't.
    #[error("what it revokes isn't seen as revoked")]
    NotRevoked,
}

impl Rehearsal {
    /// The time at which the rehearsal is judged: now, or a moment later if the newest signature is dated so.
    #[must_use]
    pub fn judged_at(&self, now: Timestamp) -> Timestamp {
        let dates = self.rehearsed.iter();
        let newest = dates
            .filter_map(|one| Timestamp::from_seconds(one.draft.plan().stamp().created.into()))
            .filter(|date| date.seconds() <= now.seconds() + 60)
            .max();
        look_at(&self.after, now).max(newest.unwrap_or(now))
    }

    /// What Sequoia finds about one signature at a time, [`Rehearsal::judged_at`].
    ///
    /// # Errors
    /// [`Refused`]
    pub fn seen_by_sequoia(&self, one: &Rehearsed, now: Timestamp) -> Result<Effect, Refused> {
        let policy = StandardPolicy::new();
        let at = SystemTime::from(now);
        let bad = |error: anyhow::Error| Refused::Bad(error.root_cause().to_string());
        let signature = one.signed.signature().map_err(bad)?;
        policy
            .signature(&signature, HashAlgoSecurity::CollisionResistance)
            .map_err(|error| Refused::Policy(error.root_cause().to_string()))?;
        let released;
        let cert = match one.draft.destination() {
            Destination::Sealed => {
                let with = self.released(one);
                released = with.map_err(|error: RehearsalError| Refused::Bad(error.to_string()))?;
                &released
            }
            Destination::Out | Destination::Released => &self.after,
        };
        let valid = cert
            .with_policy(&policy, at)
            .map_err(|error| Refused::Certificate(error.root_cause().to_string()))?;
        let counts = |found: Option<&Signature>| match found {
            Some(found) if found.normalized_eq(&signature) => Ok(Effect::InForce),
            _ => Err(Refused::NotInForce),
        };
        let revoked = |revoked: bool| match revoked {
            true => Ok(Effect::Revoked),
            false => Err(Refused::NotRevoked),
        };
        match one.draft.plan() {
            Plan::Certify {
                target, user_id, ..
            }
            | Plan::Succeed {
                target, user_id, ..
            } => signature
                .verify_userid_binding(&self.primary, target, user_id)
                .map(|()| Effect::Verifies)
                .map_err(bad),
            Plan::RevokeCertification {
                target, user_id, ..
            } => signature
                .verify_userid_revocation(&self.primary, target, user_id)
                .map(|()| Effect::Verifies)
                .map_err(bad),
            Plan::KeySelf { .. } => counts(valid.direct_key_signature().ok()),
            Plan::UserIdSelf { user_id, .. } => {
                let found = valid.userids().find(|id| id.userid() == user_id);
                counts(found.as_ref().map(|found| found.binding_signature()))
            }
            Plan::SubkeyBinding { subkey, .. } => {
                let wanted = subkey.fingerprint();
                let mut subkeys = valid.keys().subkeys();
                let found = subkeys.find(|key| key.key().fingerprint() == wanted);
                counts(found.as_ref().map(|found| found.binding_signature()))
            }
            Plan::RevokeKey { primary, .. } => {
                revoked(is_revoked(cert, &primary.fingerprint(), now) == Some(true))
            }
            Plan::RevokeSubkey { subkey, .. } => {
                revoked(is_revoked(cert, &subkey.fingerprint(), now) == Some(true))
            }
            Plan::RevokeUserId { user_id, .. } => {
                let found = valid.userids().find(|id| id.userid() == user_id);
                let status = found.as_ref().map(|found| found.revocation_status());
                revoked(matches!(status, Some(RevocationStatus::Revoked(_))))
            }
            Plan::Statement { .. } => {
                let message = self.message(one);
                let message = message.map_err(|error| Refused::Bad(error.to_string()))?;
                verify(&message.unwrap_or_default(), &self.after, &policy, at)
                    .map(|()| Effect::Statement)
                    .map_err(bad)
            }
            Plan::Manifest { .. } => Ok(Effect::Verifies),
        }
    }
}

/// Verifies a message as any program on Sequoia does.
fn verify(
    message: &[u8],
    cert: &Cert,
    policy: &StandardPolicy<'_>,
    at: SystemTime,
) -> openpgp::Result<()> {
    let mut verifier =
        VerifierBuilder::from_bytes(message)?.with_policy(policy, at, Signer(cert))?;
    io::copy(&mut verifier, &mut io::sink())?;
    Ok(())
}

struct Signer<'c>(&'c Cert);

impl VerificationHelper for Signer<'_> {
    fn get_certs(&mut self, _: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(vec![self.0.clone()])
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> openpgp::Result<()> {
        let mut why = "no signature".to_owned();
        for layer in structure {
            let MessageLayer::SignatureGroup { results } = layer else {
                continue;
            };
            for result in results {
                match result {
                    Ok(_) => return Ok(()),
                    Err(error) => why = error.to_string(),
                }
            }
        }
        Err(openpgp::Error::BadSignature(why).into())
    }
}
