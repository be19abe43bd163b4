//! The certificate in use: as created, with all that the key has signed about itself since.

use std::path::Path;

use sequoia_openpgp::packet::{Packet, Signature, UserID};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::{Cert, Fingerprint};

use super::Opened;
use crate::ceremony::outcome::Outcome;
use crate::ceremony::state;
use crate::cli::report::{Exit, Failure};
use crate::openpgp::Plan;
use crate::openpgp::draft::Draft;
use crate::openpgp::learnt::{self, Learnt, LearntError};
use crate::openpgp::merge::{merged, own_packets};
use crate::openpgp::plan::Primary;
use crate::session::succession::{CERTIFIED, PREDECESSOR};
use crate::vault::record::Digest;

/// A successor, certified.
pub(in crate::cli) struct Successor {
    pub fingerprint: Fingerprint,
    /// By which request.
    pub request: String,
}

impl Opened {
    /// The certificate as created, and what results of this vault have added to it. A view: it lies nowhere.
    pub(in crate::cli) fn in_use(&self) -> Result<Cert, Failure> {
        if let Some(known) = self.read_once.in_use.get() {
            return Ok(known.clone());
        }
        let cert = self.in_use_with(None)?;
        Ok(self.read_once.in_use.get_or_init(|| cert).clone())
    }

    /// The same, with one more result, which isn't in the vault yet.
    pub(in crate::cli) fn in_use_with(
        &self,
        more: Option<(&[Draft], &Outcome)>,
    ) -> Result<Cert, Failure> {
        let created = Cert::from_bytes(self.manifest().certificate.as_bytes()).map_err(broken)?;
        let mut packets = Vec::new();
        if !self.evidence.results.is_empty() {
            for found in self.requests_about_itself() {
                let drafts = &found.verified.request().drafts;
                if !drafts.iter().any(|draft| draft.plan().is_about_itself()) {
                    continue;
                }
                if let Some(outcome) = self.outcome(&found)? {
                    packets.extend(own_packets(outcome.signed(drafts)).map_err(broken)?);
                }
            }
        }
        if let Some((drafts, outcome)) = more {
            packets.extend(own_packets(outcome.signed(drafts)).map_err(broken)?);
        }
        let made_here = merged(created, packets).map_err(broken)?;
        let learnt = self.learnt(&made_here);
        let learnt = learnt.into_iter().filter_map(|(_, learnt)| learnt.ok());
        let packets = learnt.flat_map(|learnt| learnt.packets()).collect();
        merged(made_here, packets).map_err(broken)
    }

    /// The revocations that were learnt from outside, each with its file; those that aren't what they should be, too.
    pub(in crate::cli) fn learnt(&self, own: &Cert) -> Vec<(&Path, Result<Learnt, LearntError>)> {
        let files = self.evidence.learnt.iter();
        files
            .map(|(path, file)| (path.as_path(), learnt::evidence(file, own)))
            .collect()
    }

    /// The certificate as it is published: with the attestations that count, and with what the key that it succeeds
    /// says of it.
    pub(in crate::cli) fn as_published(&self, cert: Cert) -> Result<Cert, Failure> {
        let attesters = self.known_attesters()?;
        let mut packets: Vec<Packet> = Vec::new();
        for (_, file) in &self.evidence.attestations {
            let Ok(attestation) = attesters.read(file, self.now) else {
                continue;
            };
            let parsed = Cert::from_bytes(&attestation.file).map_err(broken)?;
            for user_id in parsed.userids() {
                packets.push(user_id.userid().clone().into());
                packets.extend(user_id.signatures().cloned().map(Packet::from));
            }
        }
        if let Some(Ok((user_id, certification))) = self.by_predecessor() {
            packets.extend([Packet::from(user_id), certification.into()]);
        }
        merged(cert, packets).map_err(broken)
    }

    /// What the key that this one succeeds says of it, once its quorum has said it; an error if the file says
    /// something else.
    pub(in crate::cli) fn by_predecessor(
        &self,
    ) -> Option<Result<(UserID, Signature), &'static str>> {
        let said = self.succession_file(CERTIFIED)?;
        Some(
            self.old_primary()
                .and_then(|old| one_certification(said, self.primary(), &old)),
        )
    }

    /// What this key says of the one that it succeeds.
    pub(in crate::cli) fn of_predecessor(
        &self,
    ) -> Option<Result<(UserID, Signature), &'static str>> {
        let said = self.succession_file(PREDECESSOR)?;
        Some(
            self.old_primary()
                .and_then(|old| one_certification(said, &old, self.primary())),
        )
    }

    fn old_primary(&self) -> Result<Primary, &'static str> {
        let file = self.succession_file(PREDECESSOR);
        let old = file.and_then(|file| Cert::from_bytes(file).ok());
        let old = old.filter(|old| Some(old.fingerprint()) == self.predecessor);
        old.map(|old| old.primary_key().key().clone())
            .ok_or("succession/predecessor.asc isn't the key that this one succeeds")
    }

    fn succession_file(&self, name: &str) -> Option<&[u8]> {
        let mut all = self.evidence.succession.iter();
        let found = all.find(|(path, _)| path == Path::new(name));
        found.map(|(_, file)| file.as_slice())
    }

    /// The state that a request about the certificate is bound to.
    pub(in crate::cli) fn state(&self) -> Result<Digest, Failure> {
        let successors = self.successors()?;
        let bytes: Vec<Vec<u8>> = successors
            .iter()
            .map(|successor| successor.fingerprint.as_bytes().to_vec())
            .collect();
        Ok(state::of(self.signed.digest(), &self.in_use()?, &bytes))
    }

    /// The keys that this one has certified as its successors. There is one, unless somebody broke the rules.
    pub(in crate::cli) fn successors(&self) -> Result<Vec<Successor>, Failure> {
        let mut found = Vec::new();
        if self.evidence.results.is_empty() {
            return Ok(found);
        }
        for request in self.requests_about_itself() {
            let drafts = &request.verified.request().drafts;
            let succeeds = |draft: &Draft| matches!(draft.plan(), Plan::Succeed { .. });
            if !drafts.iter().any(succeeds) {
                continue;
            }
            let Some(outcome) = self.outcome(&request)? else {
                continue;
            };
            for (draft, _) in outcome.signed(drafts) {
                if let Plan::Succeed { target, .. } = draft.plan() {
                    found.push(Successor {
                        fingerprint: target.fingerprint(),
                        request: request.id.clone(),
                    });
                }
            }
        }
        found.sort_by_key(|successor| successor.fingerprint.to_hex());
        Ok(found)
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::new(
        Exit::Forged,
        format!("the certificate in this vault can't be put together: {error}"),
    )
}

/// The one certification of `of` by `by` that a file holds, with the user ID that it is about; nothing else may be in
/// it.
fn one_certification(
    file: &[u8],
    of: &Primary,
    by: &Primary,
) -> Result<(UserID, Signature), &'static str> {
    let other = "it holds anything else than one certification";
    let cert = Cert::from_bytes(file).map_err(|_| "it holds no certificate")?;
    if cert.fingerprint() != of.fingerprint() || cert.keys().subkeys().next().is_some() {
        return Err(other);
    }
    let mut user_ids = cert.userids();
    let (Some(user_id), None) = (user_ids.next(), user_ids.next()) else {
        return Err(other);
    };
    let mut signatures = user_id.signatures();
    let (Some(signature), None) = (signatures.next(), signatures.next()) else {
        return Err(other);
    };
    signature
        .verify_userid_binding(by, of, user_id.userid())
        .map_err(|_| "its certification doesn't verify")?;
    Ok((user_id.userid().clone(), signature.clone()))
}
