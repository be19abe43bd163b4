//! Attestations: certifications of the master key's user ID by the roots' own keys, and what revokes them.
//!
//! [`read`] takes whatever a root hands in; [`check`] says whether one certification counts, and why not;
//! [`evidence`] reads back the one form in which a vault keeps them: primary key, user ID and one signature.

use std::time::SystemTime;

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::packet::signature::subpacket::{
    Subpacket, SubpacketArea, SubpacketTag, SubpacketValue,
};
use openpgp::packet::{Packet, Signature, Tag, UserID};
use openpgp::policy::{HashAlgoSecurity, Policy, StandardPolicy};
use openpgp::serialize::MarshalInto as _;
use openpgp::types::{RevocationStatus, SignatureType};
use openpgp::{Cert, Fingerprint, KeyHandle, KeyID};

pub use error::{AttestationError, KeyFault};

use super::armor::{dearmor, enarmor};
use super::plan::Primary;
use super::target::{MAX_PACKETS, certificates};
use crate::world::Timestamp;

mod error;

/// Most bytes of an attestation as a vault keeps it.
pub const MAX_ATTESTATION: usize = 64 << 10;
/// Most bytes of a file that attestations are looked for in.
pub const MAX_HANDED_IN: usize = 32 << 20;
/// An attestation dated further ahead of the clock isn't counted, in seconds.
const AHEAD: u64 = 86_400;
/// Where a block of armour begins.
const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// What is attested: this user ID of this key.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The master key.
    pub primary: &'a Primary,
    /// Its user ID.
    pub user_id: &'a str,
}

/// Who may attest: a pinned fingerprint, and the certificate if it is at hand.
pub struct Signer {
    /// Of the primary key.
    pub fingerprint: Fingerprint,
    /// With all that is known of it.
    pub cert: Option<Cert>,
}

/// A certification, or the revocation of one, as it was found: nothing about it is checked.
pub struct Found {
    key: Primary,
    user_id: UserID,
    signature: Signature,
}

/// What a file held.
#[derive(Default)]
pub struct HandedIn {
    /// Certifications and revocations of user IDs, in their order.
    pub found: Vec<Found>,
    /// So many certificates were damaged.
    pub damaged: usize,
}

/// A signature that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// By which key.
    pub signer: Fingerprint,
    /// When.
    pub made: Timestamp,
    /// It takes back what the same key certified until then.
    pub revokes: bool,
    /// In the form in which a vault keeps it.
    pub file: Vec<u8>,
}

/// Reads attestations, whole exported keys, keyrings: armored, several blocks of armour, or binary.
///
/// # Errors
/// [`AttestationError::Damaged`] if there is no certificate at all.
pub fn read(file: &[u8]) -> Result<HandedIn, AttestationError> {
    let mut handed_in = HandedIn::default();
    let mut certs = 0;
    for block in blocks(file) {
        let Ok((packets, _)) = dearmor(block, MAX_HANDED_IN) else {
            handed_in.damaged += 1;
            continue;
        };
        let Ok(raw) = certificates(&packets) else {
            handed_in.damaged += 1;
            continue;
        };
        for cert in raw {
            certs += 1;
            let key = cert.primary_key();
            let mut user_id = None;
            for packet in cert.packets().take(MAX_PACKETS) {
                match packet.tag() {
                    Tag::UserID => user_id = Some(UserID::from(packet.body())),
                    Tag::Signature => {
                        let Some(user_id) = &user_id else { continue };
                        // Of a version to come, or damaged: nothing that could count.
                        if let Ok(Packet::Signature(signature)) = packet.try_into()
                            && (certifies(&signature) || revokes(&signature))
                        {
                            handed_in.found.push(Found {
                                key: key.clone(),
                                user_id: user_id.clone(),
                                signature,
                            });
                        }
                    }
                    // What follows is about a subkey or a picture.
                    Tag::PublicSubkey | Tag::SecretSubkey | Tag::UserAttribute => user_id = None,
                    _ => {}
                }
            }
        }
    }
    if certs == 0 {
        return Err(AttestationError::Damaged);
    }
    Ok(handed_in)
}

/// The blocks of armour in a text; what is binary is one.
fn blocks(file: &[u8]) -> Vec<&[u8]> {
    let is_binary = file.first().is_some_and(|byte| byte & 0x80 != 0);
    let mut starts: Vec<usize> = match is_binary {
        true => Vec::new(),
        false => file
            .windows(BEGIN.len())
            .enumerate()
            .filter(|(_, window)| *window == BEGIN)
            // Mail programs quote whole lines.
            .map(|(at, _)| {
                file[..at]
                    .iter()
                    .rposition(|b| *b == b'\n')
                    .map_or(0, |n| n + 1)
            })
            .collect(),
    };
    if starts.len() < 2 {
        return vec![file];
    }
    starts.push(file.len());
    starts
        .windows(2)
        .map(|pair| &file[pair[0]..pair[1]])
        .collect()
}

fn certifies(signature: &Signature) -> bool {
    matches!(
        signature.typ(),
        SignatureType::GenericCertification
            | SignatureType::PersonaCertification
            | SignatureType::CasualCertification
            | SignatureType::PositiveCertification
    )
}

fn revokes(signature: &Signature) -> bool {
    signature.typ() == SignatureType::CertificationRevocation
}

/// Does this signature count at a time? What another one revokes is seen only with both at hand.
///
/// # Errors
/// [`AttestationError`].
pub fn check(
    found: &Found,
    subject: Subject<'_>,
    signers: &[Signer],
    now: Timestamp,
) -> Result<Attestation, AttestationError> {
    let signature = &found.signature;
    if found.key.fingerprint() != subject.primary.fingerprint() {
        return Err(AttestationError::OtherKey(found.key.fingerprint()));
    }
    let issuers = signature.get_issuers();
    let is_by = |fingerprint: &Fingerprint| {
        let handle = KeyHandle::from(fingerprint);
        issuers.iter().any(|issuer| issuer.aliases(&handle))
    };
    if is_by(&subject.primary.fingerprint()) {
        return Err(AttestationError::Own);
    }
    let Some(issuer) = issuers.first() else {
        return Err(AttestationError::Anonymous);
    };
    let Some(signer) = signers.iter().find(|signer| is_by(&signer.fingerprint)) else {
        return Err(AttestationError::Stranger(issuer.clone()));
    };
    if found.user_id.value() != subject.user_id.as_bytes() {
        return Err(AttestationError::OtherUserId {
            signer: signer.fingerprint.clone(),
            user_id: found.user_id.value().to_vec(),
        });
    }
    let by = || signer.fingerprint.clone();
    let cert = signer.cert.as_ref();
    let cert = cert.ok_or_else(|| AttestationError::NoCertificate(by()))?;
    let key = cert.primary_key().key();
    let fits = if revokes(signature) {
        signature.verify_userid_revocation(key, &found.key, &found.user_id)
    } else {
        signature.verify_userid_binding(key, &found.key, &found.user_id)
    };
    // Only version 4 has the one form below.
    if fits.is_err() || signature.version() != 4 {
        return Err(AttestationError::Bad(by()));
    }
    let policy = StandardPolicy::at(SystemTime::from(now));
    if let Err(error) = policy.signature(signature, HashAlgoSecurity::CollisionResistance) {
        let hash = signature.hash_algo();
        let end = policy.hash_cutoff(hash, HashAlgoSecurity::CollisionResistance);
        return Err(match end {
            Some(end) if end <= SystemTime::from(now) => {
                AttestationError::Weak { signer: by(), hash }
            }
            _ => unacceptable(by(), &error),
        });
    }
    let made = signature.signature_creation_time().map(Timestamp::from);
    let made = made.ok_or_else(|| AttestationError::Unacceptable {
        signer: by(),
        why: "it has no date".to_owned(),
    })?;
    if made < Timestamp::from(found.key.creation_time()) {
        return Err(AttestationError::BeforeKey { signer: by(), made });
    }
    if made.seconds() > now.seconds() + AHEAD {
        return Err(AttestationError::Ahead { signer: by(), made });
    }
    able(cert, made, now).map_err(|fault| AttestationError::Key {
        signer: by(),
        fault,
    })?;
    if certifies(signature) {
        if signature.exportable().is_err() {
            return Err(AttestationError::Local(by()));
        }
        let end = signature.signature_expiration_time().map(Timestamp::from);
        if let Some(since) = end.filter(|end| *end <= now) {
            return Err(AttestationError::Expired {
                signer: by(),
                since,
            });
        }
    }
    let packets = canonical(found, &signer.fingerprint).map_err(|e| unacceptable(by(), &e))?;
    let file = enarmor(Kind::PublicKey, &packets).map_err(|e| unacceptable(by(), &e))?;
    Ok(Attestation {
        signer: by(),
        made,
        revokes: revokes(signature),
        file,
    })
}

fn unacceptable(signer: Fingerprint, error: &openpgp::anyhow::Error) -> AttestationError {
    AttestationError::Unacceptable {
        signer,
        why: error.to_string(),
    }
}

/// Could this key attest at that time, as far as is known now? A key that was given up since keeps what it
/// had signed; one that was revoked as stolen doesn't.
///
/// # Errors
/// [`KeyFault`].
pub fn able(cert: &Cert, at: Timestamp, now: Timestamp) -> Result<(), KeyFault> {
    let policy = StandardPolicy::at(SystemTime::from(now));
    let time = SystemTime::from(at);
    if let RevocationStatus::Revoked(_) = cert.revocation_status(&policy, time) {
        return Err(KeyFault::Revoked);
    }
    let valid = cert
        .with_policy(&policy, time)
        // The self-signatures of that time may be gone: of those at hand the newest counts.
        .or_else(|_| cert.with_policy(&policy, SystemTime::from(now)))
        .map_err(|error| KeyFault::NotValid(error.to_string()))?;
    match valid.primary_key().key_expiration_time() {
        Some(end) if end <= time => Err(KeyFault::Expired(Timestamp::from(end))),
        _ => Ok(()),
    }
}

/// Primary key, user ID and signature, nothing else. What isn't signed of a signature is the issuer's key ID
/// alone, so that there is one form of each.
fn canonical(found: &Found, signer: &Fingerprint) -> openpgp::Result<Vec<u8>> {
    let mut signature = found.signature.clone();
    let named = signature.hashed_area().subpacket(SubpacketTag::Issuer);
    let mut unhashed = SubpacketArea::default();
    if named.is_none() {
        let issuer = SubpacketValue::Issuer(KeyID::from(signer));
        unhashed.add(Subpacket::new(issuer, false)?)?;
    }
    *signature.unhashed_area_mut() = unhashed;
    let mut packets = Packet::from(found.key.clone()).to_vec()?;
    packets.extend(Packet::from(found.user_id.clone()).to_vec()?);
    packets.extend(Packet::from(signature).to_vec()?);
    Ok(packets)
}

/// Reads an attestation as a vault keeps it.
///
/// # Errors
/// [`AttestationError`].
pub fn evidence(
    file: &[u8],
    subject: Subject<'_>,
    signers: &[Signer],
    now: Timestamp,
) -> Result<Attestation, AttestationError> {
    let (packets, _) = dearmor(file, MAX_ATTESTATION).map_err(|_| AttestationError::Damaged)?;
    let HandedIn { found, damaged } = read(file)?;
    let ([found], 0) = (found.as_slice(), damaged) else {
        return Err(AttestationError::NotCanonical);
    };
    let attestation = check(found, subject, signers, now)?;
    match canonical(found, &attestation.signer) {
        Ok(one_form) if one_form == packets => Ok(attestation),
        _ => Err(AttestationError::NotCanonical),
    }
}

#[cfg(test)]
mod tests;
