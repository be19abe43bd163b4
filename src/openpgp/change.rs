//! What a team changes about its own certificate: from the certificate in use and the wishes to drafts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sequoia_openpgp as openpgp;

use openpgp::cert::ValidCert;
use openpgp::cert::prelude::*;
use openpgp::packet::{Signature, UserID};
use openpgp::policy::StandardPolicy;
use openpgp::types::RevocationStatus;
use openpgp::{Cert, Fingerprint};

pub use super::change_error::ChangeError;
use super::draft::{Destination, Draft};
use super::plan::{MAX_USER_ID, Plan, Primary, Reason, Stamp, Subkey, SubkeyUse, Why};
use super::self_signatures::{own_end, stamp};
use crate::world::Timestamp;
use crate::world::safe_text::is_harmless;

/// A day, in seconds.
const DAY: u64 = 86_400;

/// What is to be different afterwards. Several wishes become one request.
#[derive(Default)]
pub struct Wishes {
    /// When the key expires: rewrites the direct-key signature and every user ID's binding, since gpg and Sequoia
    /// read different ones.
    pub until: Option<Timestamp>,
    /// Subkeys that end before that shall last as long, too.
    pub subkeys_too: bool,
    /// User IDs to be added.
    pub add: Vec<String>,
    /// User IDs to be used no more.
    pub retire: Vec<String>,
    /// A subkey to be bound.
    pub bind: Option<Bind>,
    /// Keys to be revoked, the primary or subkeys.
    pub revoke: Vec<(Fingerprint, Why)>,
}

/// A subkey that its owner offers.
pub struct Bind {
    /// The subkey.
    pub subkey: Subkey,
    /// Its own signature over the primary.
    pub back_signature: Signature,
    /// When it expires; else with the primary.
    pub until: Option<Timestamp>,
}

/// The drafts that fulfil all wishes at once.
///
/// # Errors
/// [`ChangeError`].
pub fn drafts(cert: &Cert, now: Timestamp, wishes: &Wishes) -> Result<Vec<Draft>, ChangeError> {
    let policy = StandardPolicy::new();
    Change::begin(cert, &policy, now)?.drafts(wishes)
}

/// The seconds that the format wants for an end: after a key's creation, in 32 bits.
fn seconds_after(created: SystemTime, until: Timestamp) -> Result<u32, ChangeError> {
    let created = Timestamp::from(created);
    let latest = || created.plus_seconds(u32::MAX.into()).day();
    u32::try_from(until.seconds_since(created))
        .map_err(|_| ChangeError::TooFar(until.day(), latest()))
}

struct Change<'c> {
    cert: &'c Cert,
    valid: ValidCert<'c>,
    primary: Primary,
    stamp: Stamp,
    now: Timestamp,
}

impl<'c> Change<'c> {
    fn begin(
        cert: &'c Cert,
        policy: &'c StandardPolicy<'c>,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        let stamp = stamp(cert, now)?;
        let at = UNIX_EPOCH + Duration::from_secs(stamp.created.into());
        let valid = cert
            .with_policy(policy, at)
            .map_err(|error| ChangeError::Invalid(error.root_cause().to_string()))?;
        Ok(Self {
            cert,
            valid,
            primary: cert.primary_key().key().clone(),
            stamp,
            now,
        })
    }

    fn drafts(&self, wishes: &Wishes) -> Result<Vec<Draft>, ChangeError> {
        if matches!(self.valid.revocation_status(), RevocationStatus::Revoked(_)) {
            return Err(ChangeError::Revoked);
        }
        let mut drafts = Vec::new();
        let ends = self.ends(wishes.until)?;
        let live = self.user_ids();
        let retired = self.retired(wishes, &live)?;
        let added = self.added(wishes)?;
        let stay: Vec<&UserID> = live
            .iter()
            .map(|(user_id, _)| user_id)
            .filter(|user_id| !retired.contains(user_id))
            .collect();
        let Some(first) = stay.first().copied().or(added.first()) else {
            return Err(ChangeError::LastUserId);
        };
        let was_primary = live.iter().find(|(_, primary)| *primary).map(|(id, _)| id);
        let primary_stays = was_primary.is_some_and(|id| !retired.contains(&id));
        if wishes.until.is_some() {
            drafts.push(Draft::encode(Plan::KeySelf {
                stamp: self.stamp.clone(),
                expires_after: ends,
                primary: self.primary.clone(),
            })?);
        }
        for user_id in stay.iter().copied().chain(&added) {
            let is_new = added.contains(user_id);
            let becomes_primary = !primary_stays && user_id == first && !retired.is_empty();
            if wishes.until.is_some() || is_new || becomes_primary {
                let primary_user_id =
                    becomes_primary || was_primary.is_some_and(|id| id == user_id);
                drafts.push(Draft::encode(Plan::UserIdSelf {
                    stamp: self.stamp.clone(),
                    expires_after: ends,
                    primary_user_id,
                    primary: self.primary.clone(),
                    user_id: user_id.clone(),
                })?);
            }
        }
        for user_id in retired {
            drafts.push(Draft::encode(Plan::RevokeUserId {
                stamp: self.stamp.clone(),
                text: String::new(),
                primary: self.primary.clone(),
                user_id: user_id.clone(),
            })?);
        }
        let key_ends =
            Timestamp::from(self.primary.creation_time() + Duration::from_secs(ends.into()));
        if wishes.subkeys_too {
            self.subkeys_last(key_ends, &mut drafts)?;
        }
        if let Some(bind) = &wishes.bind {
            self.bind(bind, key_ends, &mut drafts)?;
        }
        for (key, why) in &wishes.revoke {
            drafts.push(self.revoke(key, why)?);
        }
        match drafts.is_empty() {
            true => Err(ChangeError::Nothing),
            false => Ok(drafts),
        }
    }

    /// When the key ends afterwards, in seconds after its creation.
    fn ends(&self, until: Option<Timestamp>) -> Result<u32, ChangeError> {
        let created = self.primary.creation_time();
        let Some(until) = until else {
            let now = self.valid.primary_key().key_expiration_time();
            let end = now.ok_or_else(|| ChangeError::Invalid("it never expires".to_owned()))?;
            return seconds_after(created, Timestamp::from(end));
        };
        if until <= self.now {
            return Err(ChangeError::Past(until.day()));
        }
        seconds_after(created, until)
    }

    /// The user IDs in use, and which is the primary one.
    fn user_ids(&self) -> Vec<(UserID, bool)> {
        let primary = self.valid.primary_userid().ok();
        let primary = primary.map(|id| id.userid().clone());
        self.valid
            .userids()
            .filter(|id| !matches!(id.revocation_status(), RevocationStatus::Revoked(_)))
            .map(|id| {
                let id = id.userid().clone();
                let is_primary = primary.as_ref() == Some(&id);
                (id, is_primary)
            })
            .collect()
    }

    fn retired<'l>(
        &self,
        wishes: &Wishes,
        live: &'l [(UserID, bool)],
    ) -> Result<Vec<&'l UserID>, ChangeError> {
        let mut retired = Vec::new();
        for wanted in &wishes.retire {
            let found = live.iter().find(|(id, _)| {
                let address = id.email().ok().flatten();
                id.value() == wanted.as_bytes() || address == Some(wanted.as_str())
            });
            let Some((found, _)) = found else {
                let there = live.iter();
                let there = there.map(|(id, _)| String::from_utf8_lossy(id.value()).into_owned());
                return Err(ChangeError::NoSuchUserId(there.collect()));
            };
            if !retired.contains(&found) {
                retired.push(found);
            }
        }
        Ok(retired)
    }

    fn added(&self, wishes: &Wishes) -> Result<Vec<UserID>, ChangeError> {
        let mut added: Vec<UserID> = Vec::new();
        for text in &wishes.add {
            let is_plain = !text.is_empty()
                && text.len() <= MAX_USER_ID
                && text.trim() == text
                && is_harmless(text);
            if !is_plain {
                return Err(ChangeError::UserIdForm);
            }
            let user_id = UserID::from(text.as_str());
            // What was revoked for ever can't come back.
            let mut valid = self.valid.userids();
            let is_live = valid.any(|id| {
                let revoked = matches!(id.revocation_status(), RevocationStatus::Revoked(_));
                *id.userid() == user_id && !revoked
            });
            if is_live || added.contains(&user_id) {
                return Err(ChangeError::UserIdThere(text.clone()));
            }
            if self.cert.userids().any(|id| *id.userid() == user_id) {
                return Err(ChangeError::UserIdRetired(text.clone()));
            }
            added.push(user_id);
        }
        Ok(added)
    }

    /// Bindings anew for the subkeys that would end before the key does.
    fn subkeys_last(&self, ends: Timestamp, drafts: &mut Vec<Draft>) -> Result<(), ChangeError> {
        for subkey in self.valid.keys().subkeys() {
            let revoked = matches!(subkey.revocation_status(), RevocationStatus::Revoked(_));
            // One without an end of its own ends with the key, and needs nothing.
            let life = subkey.binding_signature().key_validity_period();
            let Some(end) = own_end(subkey.key(), life) else {
                continue;
            };
            if revoked || Timestamp::from(end) >= ends || Timestamp::from(end) <= self.now {
                continue;
            }
            let key = subkey.key().clone();
            let odd = || ChangeError::OddSubkey(key.fingerprint());
            let binding = subkey.binding_signature();
            let usage = SubkeyUse::of(&binding.key_flags().ok_or_else(odd)?).ok_or_else(odd)?;
            let back = binding.embedded_signatures().next();
            let draft = Draft::encode(Plan::SubkeyBinding {
                stamp: self.stamp.clone(),
                expires_after: Some(seconds_after(key.creation_time(), ends)?),
                usage,
                back_signature: back
                    .filter(|_| usage == SubkeyUse::Sign)
                    .cloned()
                    .map(Box::new),
                primary: self.primary.clone(),
                subkey: key.clone(),
            });
            drafts.push(draft.map_err(|_| odd())?);
        }
        Ok(())
    }

    /// The binding, and the two hard revocations for the worst day.
    fn bind(
        &self,
        bind: &Bind,
        key_ends: Timestamp,
        drafts: &mut Vec<Draft>,
    ) -> Result<(), ChangeError> {
        let fingerprint = bind.subkey.fingerprint();
        let there = self.cert.keys().subkeys();
        if there
            .into_iter()
            .any(|key| key.key().fingerprint() == fingerprint)
        {
            return Err(ChangeError::BoundAlready(fingerprint));
        }
        if Timestamp::from(bind.subkey.creation_time()).seconds() > self.now.seconds() + DAY {
            return Err(ChangeError::Clock(
                Timestamp::from(bind.subkey.creation_time()).day(),
            ));
        }
        let expires_after = match bind.until {
            None => None,
            Some(until) if until <= self.now => return Err(ChangeError::Past(until.day())),
            Some(until) if until > key_ends => return Err(ChangeError::Outlives(key_ends.day())),
            Some(until) => Some(seconds_after(bind.subkey.creation_time(), until)?),
        };
        drafts.push(Draft::encode(Plan::SubkeyBinding {
            stamp: self.stamp.clone(),
            expires_after,
            usage: SubkeyUse::Sign,
            back_signature: Some(Box::new(bind.back_signature.clone())),
            primary: self.primary.clone(),
            subkey: bind.subkey.clone(),
        })?);
        for reason in [Reason::Compromised, Reason::None] {
            let draft = Draft::encode(Plan::RevokeSubkey {
                stamp: self.stamp.clone(),
                why: Why::only(reason),
                primary: self.primary.clone(),
                subkey: bind.subkey.clone(),
            })?;
            drafts.push(draft.to(Destination::Sealed)?);
        }
        Ok(())
    }

    fn revoke(&self, key: &Fingerprint, why: &Why) -> Result<Draft, ChangeError> {
        let (stamp, primary, why) = (self.stamp.clone(), self.primary.clone(), why.clone());
        if *key == primary.fingerprint() {
            let plan = Plan::RevokeKey {
                stamp,
                why,
                primary,
            };
            return Ok(Draft::encode(plan)?);
        }
        let mut subkeys = self.cert.keys().subkeys();
        let subkey = subkeys
            .find(|subkey| subkey.key().fingerprint() == *key)
            .ok_or_else(|| ChangeError::NoSuchKey(key.clone()))?;
        if is_revoked_for_good(subkey.bundle().self_revocations()) {
            return Err(ChangeError::RevokedAlready(key.clone()));
        }
        Ok(Draft::encode(Plan::RevokeSubkey {
            stamp,
            why,
            primary,
            subkey: subkey.key().clone(),
        })?)
    }
}

/// Is there a revocation that no later signature undoes?
fn is_revoked_for_good<'s>(mut revocations: impl Iterator<Item = &'s Signature>) -> bool {
    use openpgp::types::RevocationType;
    revocations.any(|signature| {
        let reason = signature.reason_for_revocation();
        reason.is_none_or(|(code, _)| code.revocation_type() == RevocationType::Hard)
    })
}
