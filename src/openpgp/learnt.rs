//! Revocations of the own key that were learnt from outside: a file, a keyserver's answer.
//!
//! They are believed because they verify with the key itself, whoever brought them. What isn't signed of a
//! signature is left away: else anybody could make new ones of a public one, each of them another state.

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::cert::Cert;
use openpgp::cert::raw::RawCertParser;
use openpgp::packet::signature::subpacket::{
    Subpacket, SubpacketArea, SubpacketTag, SubpacketValue,
};
use openpgp::packet::{Packet, Signature, UserID};
use openpgp::parse::Parse;
use openpgp::serialize::Marshal;
use openpgp::types::{HashAlgorithm, SignatureType};

use super::armor::{dearmor, enarmor};
use super::plan::{Primary, Subkey};

/// The most bytes that are looked through: 16 MiB.
pub const MAX_LEARNT: usize = 16 << 20;

/// What is revoked.
#[derive(Clone, Debug, PartialEq)]
pub enum Whom {
    /// The key itself.
    Key,
    /// One of its subkeys.
    Subkey(Subkey),
    /// One of its user IDs.
    UserId(UserID),
}

/// A revocation that verifies.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// Of what.
    pub whom: Whom,
    /// The signature.
    pub signature: Signature,
    /// In the form in which a vault keeps it: primary key, what is revoked, revocation; armored.
    pub file: Vec<u8>,
}

/// Why a file tells nothing about the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LearntError {
    /// No OpenPGP certificate, or a damaged one.
    #[error("no OpenPGP certificate that can be read")]
    NotACertificate,
    /// Only other keys.
    #[error("it is about other keys")]
    OtherKey,
    /// A revocation of a subkey that this key doesn't have.
    #[error("a revocation of {0}, which is no subkey of this key")]
    UnknownSubkey(openpgp::Fingerprint),
    /// None that verifies.
    #[error("no revocation by the key itself that verifies")]
    None,
}

/// The revocations of `own`'s key in a file, each once.
///
/// # Errors
/// [`LearntError`].
pub fn read(file: &[u8], own: &Cert) -> Result<Vec<Learnt>, LearntError> {
    let (packets, _) = dearmor(file, MAX_LEARNT).map_err(|_| LearntError::NotACertificate)?;
    // A bare revocation certificate, as gpg writes one for the day of need.
    if let Ok(Packet::Signature(signature)) = Packet::from_bytes(&packets) {
        return take(own, &[(Whom::Key, signature)]);
    }
    let parser = RawCertParser::from_bytes(&packets).map_err(|_| LearntError::NotACertificate)?;
    let mut others = false;
    let mut candidates = Vec::new();
    let mut unknown = None;
    for raw in parser {
        let Ok(cert) = raw.and_then(Cert::try_from) else {
            return Err(LearntError::NotACertificate);
        };
        if cert.fingerprint() != own.fingerprint() {
            others = true;
            continue;
        }
        let of_key = cert.primary_key();
        candidates.extend(revocations(of_key.self_revocations(), &Whom::Key));
        for user_id in cert.userids() {
            let whom = Whom::UserId(user_id.userid().clone());
            candidates.extend(revocations(user_id.self_revocations(), &whom));
        }
        for subkey in cert.keys().subkeys() {
            let fingerprint = subkey.key().fingerprint();
            let known = own.keys().subkeys();
            if !known
                .into_iter()
                .any(|known| known.key().fingerprint() == fingerprint)
            {
                unknown = Some(fingerprint);
                continue;
            }
            let whom = Whom::Subkey(subkey.key().clone());
            candidates.extend(revocations(subkey.self_revocations(), &whom));
        }
    }
    match take(own, &candidates) {
        Err(LearntError::None) => Err(match (unknown, others, candidates.is_empty()) {
            (Some(subkey), ..) => LearntError::UnknownSubkey(subkey),
            (None, true, true) => LearntError::OtherKey,
            _ => LearntError::None,
        }),
        found => found,
    }
}

/// Reads one as a vault keeps it.
///
/// # Errors
/// [`LearntError`], also where the file holds more or other than the one form.
pub fn evidence(file: &[u8], own: &Cert) -> Result<Learnt, LearntError> {
    let mut found = read(file, own)?;
    match (found.pop(), found.is_empty()) {
        (Some(learnt), true) if learnt.file == file => Ok(learnt),
        _ => Err(LearntError::None),
    }
}

fn revocations<'s>(
    signatures: impl Iterator<Item = &'s Signature>,
    whom: &Whom,
) -> Vec<(Whom, Signature)> {
    signatures
        .map(|signature| (whom.clone(), signature.clone()))
        .collect()
}

/// What is signed of a signature, and who made it if that isn't signed: one form of each.
///
/// # Errors
/// If sequoia can't make the subpacket, which it has no reason for.
fn bare(signature: &Signature, primary: &Primary) -> openpgp::Result<Signature> {
    let mut bare = signature.clone();
    let mut unhashed = SubpacketArea::default();
    let names_issuer = [SubpacketTag::Issuer, SubpacketTag::IssuerFingerprint]
        .into_iter()
        .any(|tag| signature.hashed_area().subpacket(tag).is_some());
    if !names_issuer {
        let issuer = SubpacketValue::Issuer(primary.keyid());
        unhashed.add(Subpacket::new(issuer, false)?)?;
    }
    *bare.unhashed_area_mut() = unhashed;
    Ok(bare)
}

/// Are the two bytes beside the signature those of the digest, as gpg wants it? Sequoia doesn't ask, and they
/// aren't signed.
fn has_its_prefix(signature: &Signature) -> bool {
    signature
        .computed_digest()
        .is_some_and(|digest| digest.starts_with(signature.digest_prefix()))
}

/// Those that verify, by arithmetic with the primary key.
fn take(own: &Cert, candidates: &[(Whom, Signature)]) -> Result<Vec<Learnt>, LearntError> {
    let primary = own.primary_key().key();
    let mut found: Vec<Learnt> = Vec::new();
    for (whom, signature) in candidates {
        let strong = matches!(
            signature.hash_algo(),
            HashAlgorithm::SHA256 | HashAlgorithm::SHA384 | HashAlgorithm::SHA512
        );
        let kind = signature.typ();
        let verified = match whom {
            Whom::Key => {
                kind == SignatureType::KeyRevocation
                    && signature
                        .verify_primary_key_revocation(primary, primary)
                        .is_ok()
            }
            Whom::Subkey(subkey) => {
                kind == SignatureType::SubkeyRevocation
                    && signature
                        .verify_subkey_revocation(primary, primary, subkey)
                        .is_ok()
            }
            Whom::UserId(user_id) => {
                kind == SignatureType::CertificationRevocation
                    && signature
                        .verify_userid_revocation(primary, primary, user_id)
                        .is_ok()
            }
        };
        if !strong || !verified || !has_its_prefix(signature) {
            continue;
        }
        let Ok(signature) = bare(signature, primary) else {
            continue;
        };
        let mut packets = Vec::new();
        let written = Packet::from(primary.clone())
            .serialize(&mut packets)
            .and_then(|()| match whom {
                Whom::Key => Ok(()),
                Whom::Subkey(subkey) => Packet::from(subkey.clone()).serialize(&mut packets),
                Whom::UserId(user_id) => Packet::from(user_id.clone()).serialize(&mut packets),
            })
            .and_then(|()| Packet::from(signature.clone()).serialize(&mut packets))
            .and_then(|()| enarmor(Kind::PublicKey, &packets));
        let Ok(file) = written else { continue };
        if !found.iter().any(|other| other.file == file) {
            found.push(Learnt {
                whom: whom.clone(),
                signature,
                file,
            });
        }
    }
    match found.is_empty() {
        true => Err(LearntError::None),
        false => Ok(found),
    }
}

impl Learnt {
    /// The packets to be merged into a certificate.
    #[must_use]
    pub fn packets(&self) -> Vec<Packet> {
        let mut packets = Vec::new();
        match &self.whom {
            Whom::Key => (),
            Whom::Subkey(subkey) => packets.push(subkey.clone().into()),
            Whom::UserId(user_id) => packets.push(user_id.clone().into()),
        }
        packets.push(self.signature.clone().into());
        packets
    }
}

#[cfg(test)]
mod tests;
