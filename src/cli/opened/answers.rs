//! Answers to requests and drills, as the evidence has them: approvals, declines, withdrawals, what they come to.

use std::collections::HashSet;
use std::path::PathBuf;

use super::evidence::Pieces;
use super::unverified::is_about;
use super::{Found, Opened};
use crate::ceremony::approval::Approval;
use crate::ceremony::asked::Asked;
use crate::ceremony::objection::{Kind as No, Objection, ObjectionError};
use crate::cli::report::{Exit, Failure};
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::world::SafeText;

/// How a request or a drill ended without a result.
pub(in crate::cli) enum Ended {
    /// Its opener took it back.
    Withdrawn(Objection),
    /// So many declined that too few are left.
    Declined {
        by: Vec<Objection>,
        left: usize,
        needed: usize,
    },
}

/// What was said to a request or a drill: a no, and the answers that outdo it.
struct Said<'o> {
    declines: &'o Pieces,
    withdrawals: &'o Pieces,
    answers: &'o Pieces,
}

impl Opened {
    fn said_to(&self, asked: &impl Asked) -> Said<'_> {
        let evidence = &self.evidence;
        match asked.is_a_drill() {
            true => Said {
                declines: &evidence.drill_declines,
                withdrawals: &evidence.drill_withdrawals,
                answers: &evidence.drill_answers,
            },
            false => Said {
                declines: &evidence.declines,
                withdrawals: &evidence.withdrawals,
                answers: &evidence.approvals,
            },
        }
    }

    /// Reads a decline or a withdrawal of a request or a drill.
    pub(in crate::cli) fn objection(
        &self,
        found: &Found<impl Asked>,
        kind: No,
        file: &[u8],
    ) -> Result<Objection, ObjectionError> {
        Objection::read(file, kind, self.manifest(), &*found.verified, self.now)
    }

    /// Who said yes.
    pub(in crate::cli) fn approved_by(&self, found: &Found<impl Asked>) -> Vec<Name> {
        let approvals = self.approvals(found).into_iter();
        approvals.map(|(approval, _)| approval.holder).collect()
    }

    /// Who declined.
    pub(in crate::cli) fn declined_by(&self, found: &Found<impl Asked>) -> Vec<Name> {
        let declines = self.declines(found).into_iter();
        declines.map(|decline| decline.holder).collect()
    }

    /// A decline or a withdrawal by a holder of the set that is asked: where it goes, and the signed file.
    pub(in crate::cli) fn object(
        &self,
        found: &Found<impl Asked>,
        kind: No,
        holder: &Name,
        because: &str,
        key: &HolderKey,
    ) -> Result<(PathBuf, Vec<u8>), Failure> {
        let asked = &*found.verified;
        let dealt = self
            .set(asked.kind())?
            .of(holder)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("{holder} holds no share of it")))?;
        let objection = Objection {
            kind,
            vault: asked.vault(),
            request: asked.digest(),
            set: asked.set(),
            holder: holder.clone(),
            seat: dealt.seat,
            because: because.to_owned(),
            signed: self.now,
        };
        let file = objection.sign(asked.form(), key).map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("the {} can't be written: {error}", kind.word()),
            )
        })?;
        let id = &found.id;
        let path = match (kind, asked.is_a_drill()) {
            (No::Decline, false) => format!("approvals/{id}-{holder}.decline"),
            (No::Withdrawal, false) => format!("requests/{id}.withdrawal"),
            (No::Decline, true) => format!("drills/{id}-{holder}.decline"),
            (No::Withdrawal, true) => format!("drills/{id}.withdrawal"),
        };
        Ok((PathBuf::from(path), file))
    }

    /// The valid yeses, one per holder.
    pub(in crate::cli) fn approvals(&self, found: &Found<impl Asked>) -> Vec<(Approval, PathBuf)> {
        let asked = &*found.verified;
        let about = self.said_to(asked).answers.iter();
        let about = about.filter(|(_, file)| is_about(file, asked));
        let mut list: Vec<(Approval, PathBuf)> = about
            .filter_map(|(relative, file)| {
                let answer = Approval::read(file, self.manifest(), asked, self.now).ok()?;
                Some((answer, relative.clone()))
            })
            .collect();
        list.sort_by_key(|(answer, _)| answer.signed);
        // Of several by one holder the first: whoever brings an old one back under another name changes nothing.
        let mut known: HashSet<Name> = HashSet::new();
        list.retain(|(answer, _)| known.insert(answer.holder.clone()));
        list
    }

    /// The valid objections of one kind.
    pub(in crate::cli) fn objections(
        &self,
        found: &Found<impl Asked>,
        kind: No,
    ) -> impl Iterator<Item = Objection> {
        let said = self.said_to(&*found.verified);
        let files = match kind {
            No::Decline => said.declines,
            No::Withdrawal => said.withdrawals,
        };
        let about = files
            .iter()
            .filter(|(_, file)| is_about(file, &*found.verified));
        about.filter_map(move |(_, file)| self.objection(found, kind, file).ok())
    }

    /// The valid declines, one per holder, of those who haven't said yes later.
    pub(in crate::cli) fn declines(&self, found: &Found<impl Asked>) -> Vec<Objection> {
        let mut list: Vec<Objection> = Vec::new();
        for decline in self.objections(found, No::Decline) {
            if !list.iter().any(|other| other.holder == decline.holder) {
                list.push(decline);
            }
        }
        // Most have none; then nobody's answer needs to be verified for it.
        if !list.is_empty() {
            let approved = self.approved_by(found);
            list.retain(|decline| !approved.contains(&decline.holder));
        }
        list.sort_by_key(|decline| decline.signed);
        list
    }

    /// The holders who aren't among those who declined, and how many of them are needed.
    pub(in crate::cli) fn still_possible(
        &self,
        found: &Found<impl Asked>,
        declined: &[Objection],
    ) -> Result<(Vec<Name>, usize), Failure> {
        let set = self.set(found.verified.kind())?;
        let open = set
            .shares
            .iter()
            .map(|dealt| dealt.holder.clone())
            .filter(|holder| !declined.iter().any(|decline| decline.holder == *holder))
            .collect();
        Ok((open, usize::from(set.threshold.get())))
    }

    /// Whether it was withdrawn, or declined by too many.
    pub(in crate::cli) fn ended(
        &self,
        found: &Found<impl Asked>,
    ) -> Result<Option<Ended>, Failure> {
        if let Some(withdrawal) = self.objections(found, No::Withdrawal).next() {
            return Ok(Some(Ended::Withdrawn(withdrawal)));
        }
        let by = self.declines(found);
        let (open, needed) = self.still_possible(found, &by)?;
        let left = open.len();
        Ok((left < needed).then_some(Ended::Declined { by, left, needed }))
    }

    /// Can a request without a result still be carried out?
    pub(in crate::cli) fn is_alive(&self, found: &Found) -> Result<bool, Failure> {
        Ok(found.verified.open_at(self.now).is_ok()
            && self.ended(found)?.is_none()
            && self.same_state(found).is_ok())
    }

    /// Refuses what was withdrawn, or what too many declined.
    pub(in crate::cli) fn not_ended(&self, found: &Found<impl Asked>) -> Result<(), Failure> {
        let id = match found.verified.is_a_drill() {
            true => format!("drill {}", found.id),
            false => found.id.clone(),
        };
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
    pub(in crate::cli) fn wants_answers(&self, found: &Found) -> Result<(), Failure> {
        if self.outcome(found)?.is_some() {
            return Err(Failure::new(
                Exit::Failed,
                format!("{} was carried out already", found.id),
            ));
        }
        self.not_ended(found)
    }
}
