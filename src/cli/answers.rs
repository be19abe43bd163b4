//! Answers other than yes, as the evidence has them: declines, withdrawals, and what they come to.

use super::opened::{Found, Opened};
use super::report::{Exit, Failure};
use crate::ceremony::objection::{Kind as No, Objection};
use crate::roster::name::Name;
use crate::world::SafeText;

impl Opened {
    /// The valid declines of a request, one per holder, of those who haven't approved it later.
    pub(super) fn declines(&self, found: &Found) -> Vec<Objection> {
        let approved = self.approvals(found);
        let mut list: Vec<Objection> = Vec::new();
        for (_, file) in &self.evidence.declines {
            let read = |file| {
                Objection::read(
                    file,
                    No::Decline,
                    self.manifest(),
                    &found.verified,
                    self.now,
                )
            };
            let Ok(decline) = read(file) else { continue };
            let taken_back = approved
                .iter()
                .any(|(approval, _)| approval.holder == decline.holder);
            if !taken_back && !list.iter().any(|other| other.holder == decline.holder) {
                list.push(decline);
            }
        }
        list.sort_by_key(|decline| decline.signed);
        list
    }

    /// The opener's withdrawal of a request, if there is one.
    pub(super) fn withdrawal(&self, found: &Found) -> Option<Objection> {
        self.evidence.withdrawals.iter().find_map(|(_, file)| {
            Objection::read(
                file,
                No::Withdrawal,
                self.manifest(),
                &found.verified,
                self.now,
            )
            .ok()
        })
    }

    /// The holders who haven't declined, and how many of them are needed.
    pub(super) fn still_possible(&self, found: &Found) -> Result<(Vec<Name>, usize), Failure> {
        let declined = self.declines(found);
        let set = self.set(found.verified.request().kind)?;
        let open = set
            .shares
            .iter()
            .map(|dealt| dealt.holder.clone())
            .filter(|holder| !declined.iter().any(|decline| decline.holder == *holder))
            .collect();
        Ok((open, usize::from(set.threshold.get())))
    }

    /// Refuses a request that was withdrawn, or that too many declined.
    pub(super) fn not_ended(&self, found: &Found) -> Result<(), Failure> {
        if let Some(withdrawal) = self.withdrawal(found) {
            return Err(Failure::new(
                Exit::Quorum,
                format!(
                    "{} was withdrawn by {}, {}",
                    found.id,
                    withdrawal.holder,
                    withdrawal.signed.day()
                ),
            )
            .fact(format!(
                "\"{}\"",
                SafeText::limited(&withdrawal.because, 300)
            ))
            .fact("nothing was signed"));
        }
        let (open, needed) = self.still_possible(found)?;
        if open.len() < needed {
            let mut failure = Failure::new(
                Exit::Quorum,
                format!(
                    "{} was declined: {needed} are needed, and {} are left",
                    found.id,
                    open.len()
                ),
            );
            for decline in self.declines(found) {
                failure = failure.fact(format!(
                    "{}: \"{}\"",
                    decline.holder,
                    SafeText::limited(&decline.because, 300)
                ));
            }
            return Err(failure.fact("nothing was signed"));
        }
        Ok(())
    }
}
