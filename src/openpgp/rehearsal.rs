//! A rehearsal: what a request would make, made with a key that is thrown away.
//!
//! The stand-in has the shape of the real key: algorithm, length, times, user IDs, subkeys. Each draft is written
//! anew for it by the one encoder and compared with the real one, field by field. All of it is in memory.

use std::collections::HashMap;

use sequoia_openpgp as openpgp;

use openpgp::packet::{Packet, UserID};
use openpgp::serialize::{Marshal as _, MarshalInto as _};
use openpgp::{Cert, Fingerprint};

use super::draft::{Destination, Draft, DraftError, Signed};
use super::key::KeyError;
use super::merge::{merged, own_packets};
use super::plan::{Plan, Primary};
use super::splice::{Insertion, SpliceError, splice};
use super::statement;

mod fields;
mod stand_in;
mod verdict;

use stand_in::StandIn;
pub use verdict::{Effect, Refused};

/// Why a rehearsal can't be held.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The stand-in can't be made, or can't sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A draft can't be written for it.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// What was written for it says something else than the real draft.
    #[error("signature {number} of the rehearsal differs in more than the key: {field}")]
    Differs {
        /// Which draft, from 1.
        number: usize,
        /// In what.
        field: &'static str,
    },
    /// A value that doesn't fit its draft.
    #[error("signature {0} of the rehearsal doesn't fit its draft")]
    Unfit(usize),
    /// The crypto backend, or putting packets together.
    #[error("{0}")]
    OpenPgp(String),
}

fn broken(error: impl std::fmt::Display) -> RehearsalError {
    RehearsalError::OpenPgp(error.to_string())
}

/// A draft as the stand-in signed it.
pub struct Rehearsed {
    /// The draft, written for the stand-in.
    pub draft: Draft,
    /// With its value.
    pub signed: Signed,
    /// What differs from the real draft: fields that name a key.
    pub differs: Vec<&'static str>,
}

impl Rehearsed {
    /// Does it revoke a key, a subkey or a user ID of the own certificate?
    #[must_use]
    pub fn revokes(&self) -> bool {
        matches!(
            self.draft.plan(),
            Plan::RevokeKey { .. } | Plan::RevokeSubkey { .. } | Plan::RevokeUserId { .. }
        )
    }

    /// The type of the signature (RFC 9580 §5.2.1).
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.draft.kind().into()
    }

    /// Somebody else's key that it is about.
    #[must_use]
    pub fn about(&self) -> Option<Fingerprint> {
        match self.draft.plan() {
            Plan::Certify { target, .. }
            | Plan::Succeed { target, .. }
            | Plan::RevokeCertification { target, .. } => Some(target.fingerprint()),
            _ => None,
        }
    }
}

/// A request, made with a stand-in; the secret half is gone already.
pub struct Rehearsal {
    /// The stand-in's primary key.
    pub primary: Primary,
    /// Its certificate as the real one stands before the request.
    pub before: Cert,
    /// The same afterwards. What is kept for the worst day isn't in it.
    pub after: Cert,
    /// The drafts in their order.
    pub rehearsed: Vec<Rehearsed>,
    /// The subkeys that its own stand for, by the fingerprints of its own.
    pub stood_for: HashMap<Fingerprint, Fingerprint>,
}

impl Rehearsal {
    /// Makes a stand-in for the key of `in_use`, and signs `drafts` with it. With `as_of` the certificate is taken as
    /// it stood before that second: what the key signed about itself from then on is left aside.
    ///
    /// # Errors
    /// [`RehearsalError`].
    pub fn hold(
        in_use: &Cert,
        drafts: &[Draft],
        as_of: Option<u32>,
    ) -> Result<Self, RehearsalError> {
        let mut stand_in = StandIn::like(in_use)?;
        let before = stand_in.certificate(in_use, as_of)?;
        let rehearsed = (1..)
            .zip(drafts)
            .map(|(number, draft)| stand_in.rehearse(number, draft))
            .collect::<Result<Vec<_>, _>>()?;
        let out = rehearsed
            .iter()
            .filter(|one| one.draft.destination() != Destination::Sealed)
            .map(|one| (&one.draft, &one.signed));
        let after = own_packets(out)
            .and_then(|packets| merged(before.clone(), packets))
            .map_err(broken)?;
        Ok(Self {
            primary: stand_in.primary().clone(),
            before,
            after,
            rehearsed,
            stood_for: stand_in.stood_for(),
        })
    }

    /// The certificate on the worst day, when this one was released, too.
    ///
    /// # Errors
    /// [`RehearsalError::OpenPgp`]
    pub fn released(&self, sealed: &Rehearsed) -> Result<Cert, RehearsalError> {
        own_packets([(&sealed.draft, &sealed.signed)])
            .and_then(|packets| merged(self.after.clone(), packets))
            .map_err(broken)
    }

    /// The keys and user IDs of others that the drafts are about, in packets and with nothing else: what stands for
    /// their certificates where these aren't at hand.
    ///
    /// # Errors
    /// [`RehearsalError::OpenPgp`]
    pub fn targets(&self) -> Result<Vec<u8>, RehearsalError> {
        let mut packets = Vec::new();
        let mut last = None;
        let mut of_others: Vec<_> = self.of_others().map(|(_, about)| about).collect();
        of_others.sort_by_cached_key(|(target, user_id)| {
            (target.fingerprint().to_hex(), user_id.value().to_vec())
        });
        of_others.dedup();
        for (target, user_id) in of_others {
            if last != Some(target) {
                Packet::from(target.clone())
                    .serialize(&mut packets)
                    .map_err(broken)?;
                last = Some(target);
            }
            Packet::from(user_id.clone())
                .serialize(&mut packets)
                .map_err(broken)?;
        }
        Ok(packets)
    }

    /// `packets`, certificates of others, with what the stand-in says about those of `keys` (the bodies of
    /// their primary key packets).
    ///
    /// # Errors
    /// [`SpliceError`]
    pub fn certified(
        &self,
        packets: &[u8],
        is_there: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u8>, SpliceError> {
        let bodies: Vec<(Vec<u8>, &[u8], &[u8])> = self
            .of_others()
            .filter_map(|(one, (target, user_id))| {
                let key = target.to_vec().ok()?;
                Some((key, user_id.value(), one.signed.bytes()))
            })
            .filter(|(key, _, _)| is_there(key))
            .collect();
        let insertions: Vec<Insertion<'_>> = bodies
            .iter()
            .map(|(key, user_id, signature)| Insertion {
                key,
                user_id,
                signature,
            })
            .collect();
        splice(packets, &insertions)
    }

    /// What is said about others, each with the key and user ID that it is about.
    pub fn of_others(&self) -> impl Iterator<Item = (&Rehearsed, (&Primary, &UserID))> {
        self.rehearsed
            .iter()
            .filter_map(|one| match one.draft.plan() {
                Plan::Certify {
                    target, user_id, ..
                }
                | Plan::Succeed {
                    target, user_id, ..
                }
                | Plan::RevokeCertification {
                    target, user_id, ..
                } => Some((one, (target, user_id))),
                _ => None,
            })
    }

    /// The cleartext-signed message of a statement.
    ///
    /// # Errors
    /// [`RehearsalError::OpenPgp`]
    pub fn message(&self, one: &Rehearsed) -> Result<Option<Vec<u8>>, RehearsalError> {
        let Plan::Statement { text, .. } = one.draft.plan() else {
            return Ok(None);
        };
        let signature = one.signed.signature().map_err(broken)?;
        let message = statement::to_message(text, &[signature]);
        message.map(Some).map_err(broken)
    }
}

#[cfg(test)]
mod tests;
