//! From key to key: which certificate certifies which, each judged at the time when it was made.
//!
//! A certification counts if the signer was alive and not revoked when it made it, if nothing took it
//! back, and if it may be passed on. Its hash is judged by today's policy: what a weak hash lets
//! people forge can bear an old date. The signer's own self-signatures are judged by the policy of
//! that day, since whoever walks the chain trusts the signer already.
//!
//! A key that has ever said of a certification that it makes a successor ([`SUCCESSOR_NOTATION`]) is followed
//! along such certifications only: one that it made for another reason leads nowhere.

use std::time::SystemTime;

use sequoia_openpgp as openpgp;

use openpgp::packet::signature::subpacket::SubpacketValue;
use openpgp::packet::{Signature, UserID};
use openpgp::policy::{Policy, StandardPolicy};
use openpgp::types::{RevocationStatus, SignatureType};
use openpgp::{Cert, Fingerprint};

use super::address;
use super::subpackets::SUCCESSOR_NOTATION;
use crate::world::Timestamp;

/// A certification of a user ID that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certification {
    /// When it was made.
    pub made: Timestamp,
    /// 0x10 to 0x13.
    pub kind: SignatureType,
    /// The user ID that is certified.
    pub user_id: Vec<u8>,
    /// The signature itself.
    pub signature: Signature,
}

/// Why there is no certification that counts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// There is none at all.
    #[error("not certified")]
    None,
    /// There is one, and it doesn't verify.
    #[error("the signature is wrong")]
    Wrong,
    /// It uses a hash that isn't trusted any more.
    #[error("hash {0}")]
    WeakHash(String),
    /// The signer wasn't valid when it was made.
    #[error("made {}, when the signer was not valid", .0.day())]
    NotValidThen(Timestamp),
    /// The signer is revoked as compromised, so that nothing that it signed counts.
    #[error("the signer is revoked")]
    SignerRevoked,
    /// The signer took it back.
    #[error("taken back {}", .0.day())]
    TakenBack(Timestamp),
    /// It ended.
    #[error("ended {}", .0.day())]
    Ended(Timestamp),
    /// It is dated in the future.
    #[error("dated {}", .0.day())]
    NotYet(Timestamp),
    /// It is marked as local, so that gpg doesn't pass it on.
    #[error("not exportable")]
    Local,
    /// A user ID is certified, and none with an address of the older key: a master key certifies many
    /// keys, and only one under its own address is its successor.
    #[error("certified under another address")]
    OtherAddress,
    /// It is certified, and not as the successor, by a key that says of its successor that it is one.
    #[error("certified, but not as the successor")]
    NotAsSuccessor,
}

impl Missing {
    /// How near to a good one: of several the nearest is told.
    fn rank(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Wrong => 1,
            Self::WeakHash(_) => 2,
            Self::NotYet(_) => 3,
            Self::NotValidThen(_) => 4,
            Self::SignerRevoked => 5,
            Self::Ended(_) => 6,
            Self::Local => 7,
            Self::TakenBack(_) => 8,
            Self::OtherAddress => 9,
            Self::NotAsSuccessor => 10,
        }
    }
}

/// The first certification of a user ID of `of` by the primary key of `by` that counts at `now`.
///
/// # Errors
/// [`Missing`], of several reasons the one that came nearest.
pub fn certification(by: &Cert, of: &Cert, now: Timestamp) -> Result<Certification, Missing> {
    certification_where(by, of, now, |_| true, |_| true)
}

/// The certification that makes `of` the successor of `by`, or the other way round: one that counts, of
/// a user ID with an address that both have; from the older key to the newer one with the notation, if `by`
/// has ever made one with it in a certificate `among` those that are known.
///
/// # Errors
/// [`Missing`].
pub fn link(
    by: &Cert,
    of: &Cert,
    among: &[Cert],
    now: Timestamp,
) -> Result<Certification, Missing> {
    let own = addresses(by);
    let is_shared = |user_id: &UserID| is_under(user_id, &own);
    let says_so = is_younger(of, by) && among.iter().any(|other| has_made_successor(by, other));
    let counts = |signature: &Signature| !says_so || makes_successor(signature);
    certification_where(by, of, now, is_shared, counts).map_err(|missing| {
        if says_so && certification_where(by, of, now, is_shared, |_| true).is_ok() {
            return Missing::NotAsSuccessor;
        }
        match certification(by, of, now) {
            Ok(_) => Missing::OtherAddress,
            Err(_) => missing,
        }
    })
}

/// Would the world take who is certified under this user ID for the successor of `own`'s key?
#[must_use]
pub fn is_under_address_of(own: &Cert, user_id: &UserID) -> bool {
    let theirs = seen_in(user_id);
    // Whether the key signed its own user ID matters, and costs something, only where the address is the same.
    let mut same = own.userids().filter(|own| {
        let ours = seen_in(own.userid());
        ours.iter().any(|address| theirs.contains(address))
    });
    same.any(|own| own.self_signatures().next().is_some())
}

fn is_younger(this: &Cert, than: &Cert) -> bool {
    let born = |cert: &Cert| cert.primary_key().key().creation_time();
    born(this) > born(than)
}

/// Does the signed part say that the certified key is the successor, word for word as a draft says it?
fn makes_successor(signature: &Signature) -> bool {
    signature.typ() == SignatureType::PositiveCertification
        && signature
            .hashed_area()
            .iter()
            .any(|part| match part.value() {
                SubpacketValue::NotationData(one) => {
                    one.name() == SUCCESSOR_NOTATION && one.value() == b"1"
                }
                _ => false,
            })
}

/// Has `by` ever made this younger key its successor, if only for a time? By arithmetic: nobody else can say so.
fn has_made_successor(by: &Cert, of: &Cert) -> bool {
    let (signer, certified) = (by.primary_key().key(), of.primary_key().key());
    let own = addresses(by);
    let mut user_ids = of.userids().filter(|id| is_under(id.userid(), &own));
    is_younger(of, by)
        && user_ids.any(|id| {
            let mut marked = id.certifications().filter(|s| makes_successor(s));
            marked.any(|s| {
                s.verify_userid_binding(signer, certified, id.userid())
                    .is_ok()
            })
        })
}

fn is_under(user_id: &UserID, own: &[String]) -> bool {
    seen_in(user_id).iter().any(|address| own.contains(address))
}

/// The addresses that the world may see in a user ID.
fn seen_in(user_id: &UserID) -> Vec<String> {
    let both = [address::of(user_id), address::at_end(user_id)];
    both.into_iter().flatten().collect()
}

fn addresses(cert: &Cert) -> Vec<String> {
    let signed = cert
        .userids()
        .filter(|u| u.self_signatures().next().is_some());
    signed.filter_map(|u| address::of(u.userid())).collect()
}

fn certification_where(
    by: &Cert,
    of: &Cert,
    now: Timestamp,
    is_meant: impl Fn(&UserID) -> bool,
    counts: impl Fn(&Signature) -> bool,
) -> Result<Certification, Missing> {
    let mut nearest = Missing::None;
    let mut first: Option<Certification> = None;
    let handle = by.key_handle();
    for user_id in of.userids().filter(|u| is_meant(u.userid())) {
        // Also what Sequoia sorted out as bad: that it is there and wrong is worth telling.
        let issued =
            |signature: &&Signature| signature.get_issuers().iter().any(|i| i.aliases(&handle));
        let taken_back = user_id
            .other_revocations()
            .filter(issued)
            .filter(|signature| {
                signature
                    .verify_userid_revocation(
                        by.primary_key().key(),
                        of.primary_key().key(),
                        user_id.userid(),
                    )
                    .is_ok()
            })
            .filter_map(|signature| signature.signature_creation_time())
            .max()
            .map(Timestamp::from);
        let certifications = user_id.certifications().filter(issued);
        for signature in certifications.filter(|signature| counts(signature)) {
            match judge(by, of, user_id.userid(), signature, taken_back, now) {
                Ok(made) if first.as_ref().is_none_or(|f| made < f.made) => {
                    first = Some(Certification {
                        made,
                        kind: signature.typ(),
                        user_id: user_id.userid().value().to_vec(),
                        signature: signature.clone(),
                    });
                }
                Ok(_) => {}
                Err(missing) if missing.rank() > nearest.rank() => nearest = missing,
                Err(_) => {}
            }
        }
    }
    first.ok_or(nearest)
}

fn judge(
    by: &Cert,
    of: &Cert,
    user_id: &UserID,
    signature: &Signature,
    taken_back: Option<Timestamp>,
    now: Timestamp,
) -> Result<Timestamp, Missing> {
    signature
        .verify_userid_binding(by.primary_key().key(), of.primary_key().key(), user_id)
        .map_err(|_| Missing::Wrong)?;
    let made_at = signature.signature_creation_time().ok_or(Missing::Wrong)?;
    let made = Timestamp::from(made_at);
    // gpg refuses a signature that is older than the key under it.
    if made_at < of.primary_key().key().creation_time() {
        return Err(Missing::Wrong);
    }
    if made > now {
        return Err(Missing::NotYet(made));
    }
    let today = StandardPolicy::at(SystemTime::from(now));
    today
        .signature(signature, user_id.hash_algo_security())
        .map_err(|_| Missing::WeakHash(signature.hash_algo().to_string()))?;
    let then = StandardPolicy::at(made_at);
    if matches!(
        by.revocation_status(&then, made_at),
        RevocationStatus::Revoked(_)
    ) {
        return Err(Missing::SignerRevoked);
    }
    let valid = by
        .with_policy(&then, made_at)
        .map_err(|_| Missing::NotValidThen(made))?;
    if valid.alive().is_err() || !valid.primary_key().for_certification() {
        return Err(Missing::NotValidThen(made));
    }
    if let Some(end) = signature.signature_expiration_time().map(Timestamp::from)
        && end <= now
    {
        return Err(Missing::Ended(end));
    }
    if signature.exportable().is_err() {
        return Err(Missing::Local);
    }
    match taken_back {
        // The later of the two counts.
        Some(back) if back >= made => Err(Missing::TakenBack(back)),
        _ => Ok(made),
    }
}

/// One step from a key to its successor.
pub struct Link {
    /// The older key.
    pub from: Fingerprint,
    /// The newer one.
    pub to: Fingerprint,
    /// The newer key certified by the older one: what a user needs who trusts the older.
    pub forward: Result<Certification, Missing>,
    /// And back.
    pub back: Result<Certification, Missing>,
}

/// The links between certificates that follow one another.
#[must_use]
pub fn links(certs: &[Cert], now: Timestamp) -> Vec<Link> {
    certs
        .windows(2)
        .map(|pair| {
            let (from, to) = (&pair[0], &pair[1]);
            Link {
                from: from.fingerprint(),
                to: to.fingerprint(),
                forward: link(from, to, certs, now),
                back: link(to, from, certs, now),
            }
        })
        .collect()
}

/// In the order in which they were made, each once (copies merged).
///
/// # Errors
/// If two copies of one certificate can't be merged, which sequoia has no reason for.
pub fn in_order(certs: Vec<Cert>) -> openpgp::Result<Vec<Cert>> {
    let mut merged: Vec<Cert> = Vec::new();
    for cert in certs {
        match merged
            .iter()
            .position(|known| known.fingerprint() == cert.fingerprint())
        {
            Some(at) => {
                let known = merged.swap_remove(at);
                merged.push(known.merge_public(cert)?);
            }
            None => merged.push(cert),
        }
    }
    merged.sort_by_key(|cert| (cert.primary_key().key().creation_time(), cert.fingerprint()));
    Ok(merged)
}

/// The address that all of them have in a user ID: keys with one address that follow one another in
/// time are taken as successive.
#[must_use]
pub fn common_address(certs: &[Cert]) -> Option<String> {
    let (first, rest) = certs.split_first()?;
    addresses(first)
        .into_iter()
        .find(|address| rest.iter().all(|cert| addresses(cert).contains(address)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openpgp::cert::CertBuilder;

    #[test]
    fn an_own_address_is_known_in_whatever_form_either_user_id_has_it() {
        for own in [
            "Release <release@example.org>",
            "Release <<release@example.org>",
        ] {
            let (cert, _) = CertBuilder::general_purpose(Some(own)).generate().unwrap();
            let is_own = |id: &str| is_under_address_of(&cert, &UserID::from(id));
            assert!(is_own("Someone (else) <Release@Example.org>"), "{own}");
            assert!(is_own("Someone <<release@example.org>"), "{own}");
            assert!(!is_own("Someone <someone@example.org>"), "{own}");
        }
    }
}
