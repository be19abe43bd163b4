//! Putting new certifications into a certificate, all other bytes untouched.
//!
//! Nothing is parsed and written anew, so no packet of the owner's gets lost, whatever it is.

use std::collections::HashSet;

use sequoia_openpgp as openpgp;

use openpgp::cert::raw::RawCertParser;
use openpgp::packet::Tag;
use openpgp::parse::Parse;

/// Why a signature has no place.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SpliceError {
    /// The file isn't a series of certificates any more.
    #[error("not a series of certificates")]
    NotCertificates,
    /// The key and user ID that were certified are not in the file.
    #[error("certified packets number {index} are not in the file")]
    NotThere {
        /// Which of the insertions, from 0.
        index: usize,
    },
}

/// A signature and the bodies of the packets that it belongs to.
pub struct Insertion<'a> {
    /// The body of the certified primary key packet.
    pub key: &'a [u8],
    /// The body of the certified user ID packet.
    pub user_id: &'a [u8],
    /// The signature packet, with its framing.
    pub signature: &'a [u8],
}

/// `packets` (binary, any number of certificates) with each signature put after the last packet
/// that belongs to its user ID.
///
/// # Errors
/// [`SpliceError`]; then nothing was put anywhere.
pub fn splice(packets: &[u8], insertions: &[Insertion<'_>]) -> Result<Vec<u8>, SpliceError> {
    let extra: usize = insertions.iter().map(|i| i.signature.len()).sum();
    let mut out = Vec::with_capacity(packets.len() + extra);
    let mut placed = vec![false; insertions.len()];
    // In the order of their keys, and those of one key in the order in which they came.
    let mut by_key: Vec<usize> = (0..insertions.len()).collect();
    by_key.sort_by_key(|index| insertions[*index].key);
    let certs = RawCertParser::from_bytes(packets).map_err(|_| SpliceError::NotCertificates)?;
    for cert in certs {
        let cert = cert.map_err(|_| SpliceError::NotCertificates)?;
        let mut wanted: &[usize] = &[];
        let mut pending: Vec<usize> = Vec::new();
        for packet in cert.packets() {
            if packet.tag() == Tag::PublicKey {
                let key = packet.body();
                let start = by_key.partition_point(|index| insertions[*index].key < key);
                let count = by_key[start..].partition_point(|index| insertions[*index].key == key);
                wanted = &by_key[start..start + count];
            }
            // The next component begins: what belongs to the former one goes before it.
            if matches!(
                packet.tag(),
                Tag::UserID | Tag::UserAttribute | Tag::PublicSubkey
            ) {
                for index in pending.drain(..) {
                    out.extend_from_slice(insertions[index].signature);
                }
            }
            out.extend_from_slice(packet.as_bytes());
            if packet.tag() == Tag::UserID {
                let here = wanted
                    .iter()
                    .filter(|i| insertions[**i].user_id == packet.body());
                for index in here {
                    if !placed[*index] {
                        placed[*index] = true;
                        pending.push(*index);
                    }
                }
            }
        }
        for index in pending.drain(..) {
            out.extend_from_slice(insertions[index].signature);
        }
    }
    match placed.iter().position(|done| !done) {
        Some(index) => Err(SpliceError::NotThere { index }),
        None => Ok(out),
    }
}

/// The bodies of all primary key packets in `packets`.
#[must_use]
pub fn primary_bodies(packets: &[u8]) -> HashSet<Vec<u8>> {
    let Ok(certs) = RawCertParser::from_bytes(packets) else {
        return HashSet::new();
    };
    certs
        .flatten()
        .filter_map(|cert| Some(cert.packet(0)?.body().to_vec()))
        .collect()
}
