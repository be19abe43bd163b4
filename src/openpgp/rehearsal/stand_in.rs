//! The key that stands in for the real one, of the same shape.

use std::collections::HashMap;

use sequoia_openpgp as openpgp;

use openpgp::crypto::{KeyPair, Signer as _, mpi};
use openpgp::packet::key::{self, Key4};
use openpgp::packet::{Key, Packet, Signature};
use openpgp::types::{Curve, HashAlgorithm, Timestamp};
use openpgp::{Cert, Fingerprint};

use super::{RehearsalError, Rehearsed, broken, fields};
use crate::openpgp::draft::Draft;
use crate::openpgp::key::MasterKey;
use crate::openpgp::merge::own_packets;
use crate::openpgp::plan::{Plan, Primary, Reason, Stamp, Subkey, SubkeyUse, Why};
use crate::openpgp::signing_subkey::Unsigned;

/// The key that is thrown away, and its subkeys by the fingerprints of those that they stand for.
pub(super) struct StandIn {
    key: MasterKey,
    subkeys: HashMap<Fingerprint, StandInSubkey>,
}

#[derive(Clone)]
struct StandInSubkey {
    public: Subkey,
    pair: KeyPair,
}

impl StandIn {
    /// A new one for the key of this certificate.
    pub(super) fn like(model: &Cert) -> Result<Self, RehearsalError> {
        Ok(Self {
            key: MasterKey::like(model.primary_key().key())?,
            subkeys: HashMap::new(),
        })
    }

    pub(super) fn primary(&self) -> &Primary {
        self.key.primary()
    }

    /// The real subkeys by the fingerprints of those that stand for them.
    pub(super) fn stood_for(&self) -> HashMap<Fingerprint, Fingerprint> {
        let pairs = self.subkeys.iter();
        pairs
            .map(|(real, stand_in)| (stand_in.public.fingerprint(), real.clone()))
            .collect()
    }

    /// Of each part of the certificate its newest signature and its revocations, said by the stand-in.
    pub(super) fn certificate(
        &mut self,
        model: &Cert,
        as_of: Option<u32>,
    ) -> Result<Cert, RehearsalError> {
        let plans = self.standing(model, as_of)?;
        let mut drafts = Vec::with_capacity(plans.len());
        for plan in plans {
            let draft = Draft::encode(plan)?;
            let signed = self.key.sign(&draft)?;
            drafts.push((draft, signed));
        }
        let mut packets = vec![Packet::from(self.key.primary().clone())];
        let said = drafts.iter().map(|(draft, signed)| (draft, signed));
        packets.extend(own_packets(said).map_err(broken)?);
        Cert::from_packets(packets.into_iter()).map_err(broken)
    }

    fn standing(&mut self, model: &Cert, as_of: Option<u32>) -> Result<Vec<Plan>, RehearsalError> {
        let primary = self.key.primary().clone();
        let mut plans = Vec::new();
        let own = model.primary_key();
        let counts = |signature: &&Signature| {
            let made = created(signature);
            made.is_some_and(|made| as_of.is_none_or(|as_of| made < as_of))
        };
        if let Some(newest) = own.bundle().self_signatures().find(counts) {
            plans.push(Plan::KeySelf {
                stamp: self.stamp_of(newest)?,
                expires_after: life(newest).unwrap_or(0),
                primary: primary.clone(),
            });
        }
        for revocation in own.bundle().self_revocations().filter(counts) {
            plans.push(Plan::RevokeKey {
                stamp: self.stamp_of(revocation)?,
                why: why(revocation),
                primary: primary.clone(),
            });
        }
        for user_id in model.userids() {
            if let Some(newest) = user_id.bundle().self_signatures().find(counts) {
                plans.push(Plan::UserIdSelf {
                    stamp: self.stamp_of(newest)?,
                    expires_after: life(newest).unwrap_or(0),
                    primary_user_id: newest.primary_userid().unwrap_or(false),
                    primary: primary.clone(),
                    user_id: user_id.userid().clone(),
                });
            }
            for revocation in user_id.bundle().self_revocations().filter(counts) {
                plans.push(Plan::RevokeUserId {
                    stamp: self.stamp_of(revocation)?,
                    text: String::new(),
                    primary: primary.clone(),
                    user_id: user_id.userid().clone(),
                });
            }
        }
        for subkey in model.keys().subkeys() {
            if let Some(newest) = subkey.bundle().self_signatures().find(counts) {
                let flags = newest.key_flags();
                let usage = flags.and_then(|flags| SubkeyUse::of(&flags));
                let usage = usage.unwrap_or(SubkeyUse::Sign);
                let back = newest.embedded_signatures().next();
                let made = back.and_then(created).or_else(|| created(newest));
                let stand_in = self.subkey(subkey.key())?;
                plans.push(Plan::SubkeyBinding {
                    stamp: self.stamp_of(newest)?,
                    expires_after: life(newest),
                    usage,
                    back_signature: match usage {
                        SubkeyUse::Sign => Some(Box::new(self.back_signature(&stand_in, made)?)),
                        _ => None,
                    },
                    primary: primary.clone(),
                    subkey: stand_in.public,
                });
            }
            for revocation in subkey.bundle().self_revocations().filter(counts) {
                plans.push(Plan::RevokeSubkey {
                    stamp: self.stamp_of(revocation)?,
                    why: why(revocation),
                    primary: primary.clone(),
                    subkey: self.subkey(subkey.key())?.public,
                });
            }
        }
        Ok(plans)
    }

    fn stamp_of(&self, signature: &Signature) -> Result<Stamp, RehearsalError> {
        let made = created(signature).ok_or_else(|| broken("a signature without a date"))?;
        Ok(self.key.stamp(made)?)
    }

    /// The subkey that stands for a real one; made when it is asked for first.
    fn subkey(&mut self, real: &Subkey) -> Result<StandInSubkey, RehearsalError> {
        if let Some(known) = self.subkeys.get(&real.fingerprint()) {
            return Ok(known.clone());
        }
        let mut key: Key4<key::SecretParts, key::SubordinateRole> = match real.mpis() {
            mpi::PublicKey::RSA { .. } => Key4::generate_rsa(real.mpis().bits().unwrap_or(4096)),
            mpi::PublicKey::ECDH { .. } => Key4::generate_ecc(false, Curve::Cv25519),
            _ => Key4::generate_ecc(true, Curve::Ed25519),
        }
        .map_err(broken)?;
        key.set_creation_time(real.creation_time())
            .map_err(broken)?;
        let secret: Key<key::SecretParts, key::SubordinateRole> = key.into();
        let made = StandInSubkey {
            public: secret.clone().take_secret().0,
            pair: secret.into_keypair().map_err(broken)?,
        };
        self.subkeys.insert(real.fingerprint(), made.clone());
        Ok(made)
    }

    fn back_signature(
        &self,
        subkey: &StandInSubkey,
        made: Option<u32>,
    ) -> Result<Signature, RehearsalError> {
        let made = made.ok_or_else(|| broken("a back-signature without a date"))?;
        let unsigned = Unsigned::new(self.key.primary(), &subkey.public, made).map_err(broken)?;
        let mut pair = subkey.pair.clone();
        let value = pair
            .sign(HashAlgorithm::SHA512, unsigned.digest())
            .map_err(broken)?;
        unsigned.fill_with(value).map_err(broken)
    }

    /// Writes a draft anew for the stand-in, compares it with the real one, and signs it.
    pub(super) fn rehearse(
        &mut self,
        number: usize,
        real: &Draft,
    ) -> Result<Rehearsed, RehearsalError> {
        let draft = Draft::encode(self.rewritten(real.plan())?)?.to(real.destination())?;
        let read = Draft::decode(draft.bytes())?.to(real.destination())?;
        let differs = fields::differences(real, &read)
            .map_err(|field| RehearsalError::Differs { number, field })?;
        let value = self.key.sign(&draft)?;
        let signed = draft
            .is_fulfilled_by(value.bytes(), self.key.primary())
            .ok_or(RehearsalError::Unfit(number))?;
        Ok(Rehearsed {
            draft,
            signed,
            differs,
        })
    }

    /// The plan with the stand-in in the place of the master key, and its subkeys in that of the real ones.
    fn rewritten(&mut self, real: &Plan) -> Result<Plan, RehearsalError> {
        let own = self.key.primary().clone();
        let mut plan = real.clone();
        match &mut plan {
            Plan::Certify { .. }
            | Plan::Succeed { .. }
            | Plan::RevokeCertification { .. }
            | Plan::Statement { .. }
            | Plan::Manifest { .. } => (),
            Plan::KeySelf { primary, .. }
            | Plan::UserIdSelf { primary, .. }
            | Plan::RevokeKey { primary, .. }
            | Plan::RevokeUserId { primary, .. } => *primary = own,
            Plan::RevokeSubkey {
                primary, subkey, ..
            } => {
                *primary = own;
                *subkey = self.subkey(subkey)?.public;
            }
            Plan::SubkeyBinding {
                primary,
                subkey,
                back_signature,
                ..
            } => {
                *primary = own;
                let stand_in = self.subkey(subkey)?;
                if let Some(back) = back_signature {
                    **back = self.back_signature(&stand_in, created(back))?;
                }
                *subkey = stand_in.public;
            }
        }
        let (Plan::Certify { stamp, .. }
        | Plan::Succeed { stamp, .. }
        | Plan::KeySelf { stamp, .. }
        | Plan::UserIdSelf { stamp, .. }
        | Plan::SubkeyBinding { stamp, .. }
        | Plan::RevokeKey { stamp, .. }
        | Plan::RevokeSubkey { stamp, .. }
        | Plan::RevokeUserId { stamp, .. }
        | Plan::RevokeCertification { stamp, .. }
        | Plan::Statement { stamp, .. }
        | Plan::Manifest { stamp, .. }) = &mut plan;
        stamp.issuer = self.key.primary().fingerprint();
        Ok(plan)
    }
}

/// When a signature says that it was made.
pub(super) fn created(signature: &Signature) -> Option<u32> {
    let made = signature.signature_creation_time()?;
    Timestamp::try_from(made).ok().map(u32::from)
}

/// The life of a key, in seconds.
fn life(signature: &Signature) -> Option<u32> {
    let life = signature.key_validity_period()?;
    u32::try_from(life.as_secs()).ok()
}

fn why(revocation: &Signature) -> Why {
    let code = revocation.reason_for_revocation().map(|(code, _)| code);
    Why::only(match code.map_or(0, u8::from) {
        1 => Reason::Superseded,
        2 => Reason::Compromised,
        3 => Reason::Retired,
        _ => Reason::None,
    })
}
