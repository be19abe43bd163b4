//! Revocations as certificates that `gpg --import` takes, and finding one in a text of them.

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::packet::Packet;
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::serialize::{Marshal, MarshalInto};

use super::armor::{dearmor, enarmor};
use super::draft::{Draft, Signed};
use super::plan::{Plan, Primary};

/// The most bytes of one block of armour.
const MAX_BLOCK: usize = 256 << 10;
const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// A revocation in the form that merges by itself: primary key, subkey, revocation. A bare revocation of a subkey
/// imports as nothing.
///
/// # Errors
/// Whatever sequoia reports; writing to memory has no other reason to fail.
pub fn certificate(plan: &Plan, signed: &Signed) -> openpgp::Result<Vec<u8>> {
    enarmor(Kind::PublicKey, &packets_of(plan, signed)?)
}

/// What a plan is about, and its signature: packets that merge by themselves.
///
/// # Errors
/// Whatever sequoia reports; a plan about no key.
pub fn packets_of(plan: &Plan, signed: &Signed) -> openpgp::Result<Vec<u8>> {
    let mut packets = Vec::new();
    match plan {
        Plan::RevokeKey { primary, .. } => {
            Packet::from(primary.clone()).serialize(&mut packets)?;
        }
        Plan::RevokeSubkey {
            primary, subkey, ..
        } => {
            Packet::from(primary.clone()).serialize(&mut packets)?;
            Packet::from(subkey.clone()).serialize(&mut packets)?;
        }
        Plan::Succeed {
            target, user_id, ..
        } => {
            Packet::from(target.clone()).serialize(&mut packets)?;
            Packet::from(user_id.clone()).serialize(&mut packets)?;
        }
        _ => return Err(openpgp::Error::InvalidArgument("not about a key".into()).into()),
    }
    packets.extend_from_slice(signed.bytes());
    Ok(packets)
}

/// The signature packet that fulfils `draft`, in any block of armour of a text: what a revocation file holds.
#[must_use]
pub fn find(text: &[u8], draft: &Draft, primary: &Primary) -> Option<Vec<u8>> {
    let mut rest = std::str::from_utf8(text).ok()?;
    while let Some(start) = rest.find(BEGIN) {
        let length = rest[start..].find(END)? + END.len();
        let block = &rest[start..start + length];
        rest = &rest[start + length..];
        let found = signatures(block.as_bytes())
            .into_iter()
            .find(|packet| draft.is_fulfilled_by(packet, primary).is_some());
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The signature packets of one block; none where it is damaged.
fn signatures(block: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let Ok((packets, _)) = dearmor(block, MAX_BLOCK) else {
        return found;
    };
    let Ok(mut next) = PacketParser::from_bytes(&packets) else {
        return found;
    };
    while let PacketParserResult::Some(parser) = next {
        let Ok((packet, after)) = parser.next() else {
            break;
        };
        if let Packet::Signature(_) = &packet
            && let Ok(bytes) = packet.to_vec()
        {
            found.push(bytes);
        }
        next = after;
    }
    found
}
