//! A plan's fields, one by one, so that two plans can be compared.

use sequoia_openpgp as openpgp;

use openpgp::packet::Key;
use openpgp::packet::key::{KeyRole, PublicParts};
use openpgp::serialize::MarshalInto as _;

use super::stand_in::created;
use crate::openpgp::draft::Draft;
use crate::openpgp::plan::{Plan, Primary, Stamp, Subkey};

/// The fields of a plan, in one order for each kind.
struct Fields {
    /// What must be the same.
    same: Vec<(&'static str, String)>,
    /// What names a key, or comes from it.
    own: Vec<(&'static str, String)>,
}

/// The fields that differ, all of them about keys.
///
/// # Errors
/// The first field that differs and mustn't, or an issuer that is the same.
pub(super) fn differences(real: &Draft, other: &Draft) -> Result<Vec<&'static str>, &'static str> {
    if real.destination() != other.destination() {
        return Err("destination");
    }
    let (real, other) = (Fields::of(real.plan()), Fields::of(other.plan()));
    if real.same.len() != other.same.len() || real.own.len() != other.own.len() {
        return Err("kind");
    }
    let mut pairs = real.same.iter().zip(&other.same);
    if let Some((field, _)) = pairs.find(|(one, two)| one != two) {
        return Err(field.0);
    }
    let pairs = real.own.iter().zip(&other.own);
    let differing: Vec<_> = pairs
        .filter(|(one, two)| one != two)
        .map(|(field, _)| field.0)
        .collect();
    match differing.contains(&"issuer") {
        true => Ok(differing),
        false => Err("issuer"),
    }
}

impl Fields {
    fn of(plan: &Plan) -> Self {
        let mut fields = Self::of_stamp(plan.stamp());
        match plan {
            Plan::Certify {
                certainty,
                expires_after,
                notations,
                target,
                user_id,
                stamp: _,
            } => {
                fields.same("kind", "certify");
                fields.same("certainty", format!("{certainty:?}"));
                fields.same("end", format!("{expires_after:?}"));
                fields.same("notations", format!("{notations:?}"));
                fields.target(target, user_id.value());
            }
            Plan::Succeed {
                target,
                user_id,
                stamp: _,
            } => {
                fields.same("kind", "succeed");
                fields.target(target, user_id.value());
            }
            Plan::KeySelf {
                expires_after,
                primary,
                stamp: _,
            } => {
                fields.same("kind", "key");
                fields.same("end", expires_after.to_string());
                fields.primary(primary);
            }
            Plan::UserIdSelf {
                expires_after,
                primary_user_id,
                primary,
                user_id,
                stamp: _,
            } => {
                fields.same("kind", "user ID");
                fields.same("end", expires_after.to_string());
                fields.same("primary user ID", primary_user_id.to_string());
                fields.same("user ID", format!("{:?}", user_id.value()));
                fields.primary(primary);
            }
            Plan::SubkeyBinding {
                expires_after,
                usage,
                back_signature,
                primary,
                subkey,
                stamp: _,
            } => {
                fields.same("kind", "bind");
                fields.same("end", format!("{expires_after:?}"));
                fields.same("usage", format!("{usage:?}"));
                let made = back_signature.as_deref().map(created);
                fields.same("date of the back-signature", format!("{made:?}"));
                fields.primary(primary);
                fields.subkey(subkey);
                let bytes = back_signature.as_ref().map(|back| back.to_vec().ok());
                fields.own("back-signature", format!("{bytes:?}"));
            }
            Plan::RevokeKey {
                why,
                primary,
                stamp: _,
            } => {
                fields.same("kind", "revoke key");
                fields.same("reason", format!("{why:?}"));
                fields.primary(primary);
            }
            Plan::RevokeSubkey {
                why,
                primary,
                subkey,
                stamp: _,
            } => {
                fields.same("kind", "revoke subkey");
                fields.same("reason", format!("{why:?}"));
                fields.primary(primary);
                fields.subkey(subkey);
            }
            Plan::RevokeUserId {
                text,
                primary,
                user_id,
                stamp: _,
            } => {
                fields.same("kind", "revoke user ID");
                fields.same("text", text.as_str());
                fields.same("user ID", format!("{:?}", user_id.value()));
                fields.primary(primary);
            }
            Plan::RevokeCertification {
                text,
                target,
                user_id,
                stamp: _,
            } => {
                fields.same("kind", "revoke certification");
                fields.same("text", text.as_str());
                fields.target(target, user_id.value());
            }
            Plan::Statement { text, stamp: _ } => {
                fields.same("kind", "statement");
                fields.same("text", text.as_str());
            }
            Plan::Manifest { text, stamp: _ } => {
                fields.same("kind", "manifest");
                fields.same("text", format!("{text:?}"));
            }
        }
        fields
    }

    fn of_stamp(stamp: &Stamp) -> Self {
        let Stamp {
            issuer,
            algorithm,
            hash,
            created,
        } = stamp;
        let mut fields = Self {
            same: Vec::new(),
            own: Vec::new(),
        };
        fields.own("issuer", issuer.to_hex());
        fields.same("algorithm", format!("{algorithm:?}"));
        fields.same("hash", format!("{hash:?}"));
        fields.same("date", created.to_string());
        fields
    }

    fn same(&mut self, name: &'static str, value: impl Into<String>) {
        self.same.push((name, value.into()));
    }

    fn own(&mut self, name: &'static str, value: impl Into<String>) {
        self.own.push((name, value.into()));
    }

    fn target(&mut self, target: &Primary, user_id: &[u8]) {
        self.same("target", packet(target));
        self.same("user ID", format!("{user_id:?}"));
    }

    fn primary(&mut self, primary: &Primary) {
        self.own("primary key", packet(primary));
        self.same("length of the key", format!("{:?}", primary.mpis().bits()));
        self.same("date of the key", format!("{:?}", primary.creation_time()));
    }

    fn subkey(&mut self, subkey: &Subkey) {
        self.own("subkey", packet(subkey));
        self.own("algorithm of the subkey", subkey.pk_algo().to_string());
        let made = subkey.creation_time();
        self.same("date of the subkey", format!("{made:?}"));
    }
}

fn packet<R: KeyRole>(key: &Key<PublicParts, R>) -> String {
    format!("{:?}", key.to_vec().ok())
}
