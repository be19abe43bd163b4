//! A certificate with what its key has signed about itself since.

use sequoia_openpgp as openpgp;

use openpgp::packet::Packet;
use openpgp::{Cert, Result};

use super::draft::{Draft, Signed};
use super::plan::Plan;

/// What signed drafts add to the own certificate: signatures, each after the part that it is about.
///
/// # Errors
/// Never for what a draft was filled to.
pub fn own_packets<'s>(
    signed: impl IntoIterator<Item = (&'s Draft, &'s Signed)>,
) -> Result<Vec<Packet>> {
    let mut packets = Vec::new();
    for (draft, signed) in signed {
        match draft.plan() {
            Plan::KeySelf { .. } | Plan::RevokeKey { .. } => (),
            Plan::UserIdSelf { user_id, .. } | Plan::RevokeUserId { user_id, .. } => {
                packets.push(user_id.clone().into());
            }
            Plan::SubkeyBinding { subkey, .. } | Plan::RevokeSubkey { subkey, .. } => {
                packets.push(subkey.clone().into());
            }
            _ => continue,
        }
        packets.push(signed.signature()?.into());
    }
    Ok(packets)
}

/// The certificate with these packets.
///
/// # Errors
/// What sequoia reports, of packets that are no part of a certificate.
pub fn merged(cert: Cert, packets: Vec<Packet>) -> Result<Cert> {
    match packets.is_empty() {
        true => Ok(cert),
        false => Ok(cert.insert_packets(packets)?.0),
    }
}
