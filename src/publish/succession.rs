//! `succession.asc`: the chain of all keys, from which a stranger who has the first one gets to the
//! newest with gpg alone ([`SCRIPT`]), although the older ones have expired long since.
//!
//! A revocation as retired or superseded is left out: it takes nothing from what was signed before,
//! and gpg 2.2, once it has one, takes the key as revoked at every time.
//!
//! In it are, of each key: the primary key with its own signatures, the user IDs with theirs, the
//! certifications by the neighbours in the chain and by those who attest, and the subkeys that sign,
//! so that the end of the walk can verify a release. Nothing else of what others certified.

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::packet::Signature;
use openpgp::serialize::Serialize as _;
use openpgp::types::RevocationType;
use openpgp::{Cert, Fingerprint, Packet};

use crate::openpgp::armor::enarmor;
use crate::openpgp::lineage::{Link, Missing, certification, in_order, link, links};
use crate::world::Timestamp;

/// Walks the chain with gpg alone: `sh succession.sh FINGERPRINT [succession.asc]`.
pub const SCRIPT: &str = include_str!("succession.sh");

/// Why no chain is made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    /// A chain has at least two keys.
    #[error("fewer than two keys")]
    TooFew,
    /// The newer key isn't certified by the older one.
    #[error("{to} is not certified by {from}: {why}")]
    Gap {
        /// The older key.
        from: Fingerprint,
        /// The newer one.
        to: Fingerprint,
        /// What is wrong.
        why: Missing,
    },
    /// A file holds a secret key.
    #[error("{0} holds secret key material")]
    Secret(Fingerprint),
    /// sequoia couldn't merge or write, which it has no reason for.
    #[error("{0}")]
    Sequoia(String),
}

/// The chain and what is in it.
pub struct Succession {
    /// In armour.
    pub file: Vec<u8>,
    /// The keys, oldest first.
    pub keys: Vec<Fingerprint>,
    /// The steps; each has a certification forward.
    pub links: Vec<Link>,
    /// Who attests which key with a signature that is in it.
    pub attested: Vec<(Fingerprint, Fingerprint)>,
}

/// Makes the chain of `certs`, with the certifications by the primary keys of `attesters`.
///
/// # Errors
/// [`SuccessionError`]; a chain with a gap would lead nobody anywhere.
pub fn succession(
    certs: Vec<Cert>,
    attesters: &[Cert],
    now: Timestamp,
) -> Result<Succession, SuccessionError> {
    let sequoia = |error: anyhow::Error| SuccessionError::Sequoia(error.to_string());
    if let Some(secret) = certs.iter().find(|cert| cert.is_tsk()) {
        return Err(SuccessionError::Secret(secret.fingerprint()));
    }
    let certs = in_order(certs).map_err(sequoia)?;
    if certs.len() < 2 {
        return Err(SuccessionError::TooFew);
    }
    let links = links(&certs, now);
    if let Some((link, why)) = links
        .iter()
        .find_map(|link| Some((link, link.forward.as_ref().err()?)))
    {
        return Err(SuccessionError::Gap {
            from: link.from.clone(),
            to: link.to.clone(),
            why: why.clone(),
        });
    }
    let mut packets = Vec::new();
    let mut attested = Vec::new();
    for (index, cert) in certs.iter().enumerate() {
        let neighbours = [index.checked_sub(1), Some(index + 1)];
        let neighbours = neighbours.into_iter().flatten();
        let mut signatures: Vec<Signature> = neighbours
            .filter_map(|at| certs.get(at))
            .filter_map(|other| link(other, cert, &certs, now).ok())
            .map(|certification| certification.signature)
            .collect();
        for attester in attesters {
            if let Ok(certification) = certification(attester, cert, now) {
                signatures.push(certification.signature);
                attested.push((attester.fingerprint(), cert.fingerprint()));
            }
        }
        write(cert, &signatures, &mut packets).map_err(sequoia)?;
    }
    Ok(Succession {
        file: enarmor(Kind::PublicKey, &packets).map_err(sequoia)?,
        keys: certs.iter().map(Cert::fingerprint).collect(),
        links,
        attested,
    })
}

/// One key with its own signatures and these of others.
fn write(cert: &Cert, others: &[Signature], out: &mut Vec<u8>) -> openpgp::Result<()> {
    let mut put = |packet: Packet| packet.export(out);
    let primary = cert.primary_key();
    put(Packet::from(primary.key().clone()))?;
    let hard = primary.self_revocations().filter(is_hard);
    for signature in hard.chain(primary.self_signatures()) {
        put(signature.clone().into())?;
    }
    for user_id in cert.userids() {
        if user_id.self_signatures().next().is_none() {
            continue;
        }
        put(user_id.userid().clone().into())?;
        let own = user_id.self_revocations().chain(user_id.self_signatures());
        // A certification that counts was never taken back, so its revocation needn't come along.
        let certifications = user_id
            .certifications()
            .filter(|signature| others.contains(signature));
        for signature in own.chain(certifications) {
            put(signature.clone().into())?;
        }
    }
    for subkey in cert.keys().subkeys() {
        let signs = subkey.self_signatures().any(|signature| {
            signature
                .key_flags()
                .is_some_and(|flags| flags.for_signing())
        });
        if !signs {
            continue;
        }
        put(subkey.key().clone().into())?;
        for signature in subkey.self_revocations().chain(subkey.self_signatures()) {
            put(signature.clone().into())?;
        }
    }
    Ok(())
}

/// Does the revocation say that nothing which was ever signed counts?
#[allow(clippy::trivially_copy_pass_by_ref)] // taken by filter
fn is_hard(revocation: &&Signature) -> bool {
    revocation
        .reason_for_revocation()
        .is_none_or(|(reason, _)| reason.revocation_type() == RevocationType::Hard)
}

#[cfg(test)]
mod tests;
