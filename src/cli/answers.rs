//! Answers other than yes, as the evidence has them: declines, withdrawals, and what they come to.

use std::path::PathBuf;

use super::opened::{Found, Opened};
use super::report::{Exit, Failure};
use crate::ceremony::objection::{Kind as No, Objection, ObjectionError};
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::world::SafeText;

/// How a request ended without a result.
pub(super) enum Ended {
    /// Its opener took it back.
    Withdrawn(Objection),
    /// So many declined that too few are left.
    Declined {
        by: Vec<Objection>,
        left: usize,
        needed: usize,
    },
}

impl Opened {
    /// Reads a decline or a withdrawal of a request.
    pub(super) fn objection(
        &self,
        found: &Found,
        kind: No,
        file: &[u8],
    ) -> Result<Objection, ObjectionError> {
        Objection::read(file, kind, self.manifest(), &found.verified, self.now)
    }

    /// A decline or a withdrawal by a holder of the set that is asked: where it goes, and the signed file.
    pub(super) fn object(
        &self,
        found: &Found,
        kind: No,
        holder: &Name,
        because: &str,
        key: &HolderKey,
    ) -> Result<(PathBuf, Vec<u8>), Failure> {
        let request = found.verified.request();
        let dealt = self
            .set(request.kind)?
            .of(holder)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("{holder} holds no share of it")))?;
        let objection = Objection {
            kind,
            vault: request.vault,
            request: found.verified.digest(),
            set: request.set,
            holder: holder.clone(),
            seat: dealt.seat,
            because: because.to_owned(),
            signed: self.now,
        };
        let file = objection.sign(key).map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("the {} can't be written: {error}", kind.word()),
            )
        })?;
        Ok((PathBuf::from(objection.path(&found.id)), file))
    }

    /// The valid declines of a request, one per holder, of those who haven't approved it later.
    pub(super) fn declines(&self, found: &Found) -> Vec<Objection> {
        let mut list: Vec<Objection> = Vec::new();
        for (_, file) in &self.evidence.declines {
            if let Ok(decline) = self.objection(found, No::Decline, file)
                && !list.iter().any(|other| other.holder == decline.holder)
            {
                list.push(decline);
            }
        }
        // Most requests have none; then nobody's approval needs to be verified for it.
        if !list.is_empty() {
            let approved = self.approvals(found);
            list.retain(|decline| {
                !approved
                    .iter()
                    .any(|(approval, _)| approval.holder == decline.holder)
            });
        }
        list.sort_by_key(|decline| decline.signed);
        list
    }

    /// The holders who aren't among those who declined, and how many of them are needed.
    pub(super) fn still_possible(
        &self,
        found: &Found,
        declined: &[Objection],
    ) -> Result<(Vec<Name>, usize), Failure> {
        let set = self.set(found.verified.request().kind)?;
        let open = set
            .shares
            .iter()
            .map(|dealt| dealt.holder.clone())
            .filter(|holder| !declined.iter().any(|decline| decline.holder == *holder))
            .collect();
        Ok((open, usize::from(set.threshold.get())))
    }

    /// Whether a request was withdrawn, or declined by too many.
    pub(super) fn ended(&self, found: &Found) -> Result<Option<Ended>, Failure> {
        let mut withdrawals = self.evidence.withdrawals.iter();
        let read = |(_, file): &(_, super::opened::Piece)| {
            self.objection(found, No::Withdrawal, file).ok()
        };
        if let Some(withdrawal) = withdrawals.find_map(read) {
            return Ok(Some(Ended::Withdrawn(withdrawal)));
        }
        let by = self.declines(found);
        let (open, needed) = self.still_possible(found, &by)?;
        let left = open.len();
        Ok((left < needed).then_some(Ended::Declined { by, left, needed }))
    }

    /// Refuses a request that was withdrawn, or that too many declined.
    pub(super) fn not_ended(&self, found: &Found) -> Result<(), Failure> {
        let id = &found.id;
        let quoted = |no: &Objection| format!("\"{}\"", SafeText::limited(&no.because, 300));
        let failure = match self.ended(found)? {
            None => return Ok(()),
            Some(Ended::Withdrawn(no)) => Failure::new(
                Exit::Quorum,
                format!("{id} was withdrawn by {}, {}", no.holder, no.signed.day()),
            )
            .fact(quoted(&no)),
            Some(Ended::Declined { by, left, needed }) => {
                let mut failure = Failure::new(
                    Exit::Quorum,
                    format!("{id} was declined: {needed} are needed, and {left} are left"),
                );
                for no in &by {
                    failure = failure.fact(format!("{}: {}", no.holder, quoted(no)));
                }
                failure
            }
        };
        Err(failure.fact("nothing was signed"))
    }

    /// Refuses a request that was carried out, or has [ended](Opened::ended).
    pub(super) fn wants_answers(&self, found: &Found) -> Result<(), Failure> {
        if self.outcome(found)?.is_some() {
            return Err(Failure::new(
                Exit::Failed,
                format!("{} was carried out already", found.id),
            ));
        }
        self.not_ended(found)
    }
}
