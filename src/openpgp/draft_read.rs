//! Reading a draft: from hostile packets to a plan.

use sequoia_openpgp as openpgp;

use openpgp::Packet;
use openpgp::packet::Signature;
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::types::{HashAlgorithm, SignatureType};

use super::draft_error::DraftError;
use super::plan::{Algorithm, Hash, Plan, Stamp};
use super::subpackets::{Said, certainty};

/// The plan that the packets say; that they say it in the one way is for the caller to see.
pub(super) fn read_plan(bytes: &[u8]) -> Result<Plan, DraftError> {
    let (signature, covered) = split(bytes)?;
    let Signature::V4(signature) = signature else {
        return Err(DraftError::NotASignature);
    };
    if signature.unhashed_area().iter().next().is_some() {
        return Err(DraftError::Unhashed);
    }
    let hash = match signature.hash_algo() {
        HashAlgorithm::SHA256 => Hash::Sha256,
        HashAlgorithm::SHA512 => Hash::Sha512,
        other => return Err(DraftError::Hash(other.into())),
    };
    let algorithm = Algorithm::of(signature.pk_algo())
        .ok_or_else(|| DraftError::Algorithm(signature.pk_algo().into()))?;
    if *signature.mpis() != algorithm.empty_value() {
        return Err(DraftError::HasValue);
    }
    let said = Said::read(signature.hashed_area())?;
    let (created, issuer) = said.stamp_parts()?;
    let stamp = Stamp {
        issuer,
        algorithm,
        hash,
        created,
    };
    plan_of(signature.typ(), stamp, said, covered)
}

/// What follows the signature: packets, or a text.
enum Covered<'a> {
    Packets(Vec<Packet>),
    Text(&'a [u8]),
}

/// The first packet, and what follows it.
fn split(bytes: &[u8]) -> Result<(Signature, Covered<'_>), DraftError> {
    let PacketParserResult::Some(parser) =
        PacketParser::from_bytes(bytes).map_err(|_| DraftError::NotPackets)?
    else {
        return Err(DraftError::NotPackets);
    };
    let length = match parser.header().length() {
        openpgp::packet::header::BodyLength::Full(length) => *length as usize,
        _ => return Err(DraftError::NotCanonical),
    };
    let Packet::Signature(ref first) = parser.packet else {
        return Err(DraftError::NotASignature);
    };
    if matches!(first.typ(), SignatureType::Binary | SignatureType::Text) {
        // The text follows as it is. Its start is found with the length that the canonical
        // encoding of the packet has; any other framing fails when encoded again.
        let framing = match length {
            0..192 => 2,
            192..8384 => 3,
            _ => 6,
        };
        let text = bytes
            .get(framing + length..)
            .ok_or(DraftError::NotPackets)?;
        return Ok((first.clone(), Covered::Text(text)));
    }
    let mut packets = Vec::new();
    let mut signature = None;
    let mut rest = PacketParserResult::Some(parser);
    while let PacketParserResult::Some(parser) = rest {
        let (packet, next) = parser.next().map_err(|_| DraftError::NotPackets)?;
        match packet {
            Packet::Signature(first) if signature.is_none() => signature = Some(first),
            other => packets.push(other),
        }
        if packets.len() > 2 {
            return Err(DraftError::Covered);
        }
        rest = next;
    }
    Ok((
        signature.ok_or(DraftError::NotASignature)?,
        Covered::Packets(packets),
    ))
}

fn plan_of(
    kind: SignatureType,
    stamp: Stamp,
    said: Said,
    covered: Covered<'_>,
) -> Result<Plan, DraftError> {
    let mut packets = match covered {
        Covered::Text(text) if kind == SignatureType::Text => {
            let text = String::from_utf8(text.to_vec()).map_err(|_| DraftError::Statement)?;
            return Ok(Plan::Statement { stamp, text });
        }
        Covered::Text(text) => {
            return Ok(Plan::Manifest {
                stamp,
                text: text.to_vec(),
            });
        }
        Covered::Packets(packets) => packets.into_iter(),
    };
    let Some(Packet::PublicKey(first)) = packets.next() else {
        return Err(DraftError::Covered);
    };
    let second = packets.next();
    let own = first.fingerprint() == stamp.issuer;
    let expiry = said.key_expires_after;
    let code = u8::from(kind);
    match (code, second) {
        (0x13, Some(Packet::UserID(user_id))) if !own && said.is_succession() => {
            Ok(Plan::Succeed {
                stamp,
                target: first,
                user_id,
            })
        }
        (0x10..=0x13, Some(Packet::UserID(user_id))) if !own => Ok(Plan::Certify {
            stamp,
            certainty: certainty(code).ok_or(DraftError::Kind(code))?,
            expires_after: said.expires_after,
            notations: said.notations,
            target: first,
            user_id,
        }),
        (0x13, Some(Packet::UserID(user_id))) => Ok(Plan::UserIdSelf {
            stamp,
            expires_after: expiry.ok_or(DraftError::Missing("key expiration"))?,
            primary_user_id: said.primary_user_id,
            primary: first,
            user_id,
        }),
        (0x1F, None) => Ok(Plan::KeySelf {
            stamp,
            expires_after: expiry.ok_or(DraftError::Missing("key expiration"))?,
            primary: first,
        }),
        (0x18, Some(Packet::PublicSubkey(subkey))) => Ok(Plan::SubkeyBinding {
            usage: said.subkey_use()?,
            stamp,
            expires_after: expiry,
            back_signature: said.embedded.map(Box::new),
            primary: first,
            subkey,
        }),
        (0x20, None) => Ok(Plan::RevokeKey {
            stamp,
            why: said.why()?,
            primary: first,
        }),
        (0x28, Some(Packet::PublicSubkey(subkey))) => Ok(Plan::RevokeSubkey {
            stamp,
            why: said.why()?,
            primary: first,
            subkey,
        }),
        (0x30, Some(Packet::UserID(user_id))) if own => Ok(Plan::RevokeUserId {
            stamp,
            text: said.words()?,
            primary: first,
            user_id,
        }),
        (0x30, Some(Packet::UserID(user_id))) => Ok(Plan::RevokeCertification {
            stamp,
            text: said.words()?,
            target: first,
            user_id,
        }),
        (0x10..=0x13 | 0x18 | 0x1F | 0x20 | 0x28 | 0x30, _) => Err(DraftError::Covered),
        (other, _) => Err(DraftError::Kind(other)),
    }
}
