//! What came of requests: results that count, and minutes.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;

use sequoia_openpgp::packet::UserID;

use super::unverified::{line_after, may_be_about_one};
use super::{Found, Opened, ids_of};
use crate::ceremony::explain;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::outcome::Outcome;
use crate::cli::report::{Exit, Failure};
use crate::openpgp::Plan;
use crate::openpgp::draft::{Destination, Draft};
use crate::openpgp::plan::Primary;
use crate::vault::record::Digest;
use crate::world::SafeText;

impl Opened {
    /// The recorded result of a request, checked; `None` if there is none.
    pub(in crate::cli) fn outcome(&self, found: &Found) -> Result<Option<Rc<Outcome>>, Failure> {
        self.outcome_once(&found.id, || self.read_outcome(found))
    }

    fn read_outcome(&self, found: &Found) -> Result<Option<Outcome>, Failure> {
        let recorded = self.outcome_under(&found.id, found);
        if let Ok(Some(_)) = recorded {
            return recorded;
        }
        // Carried out under its longer id, before somebody put a copy of it under the shorter one.
        let others = ids_of(found.verified.digest());
        let mut others = others.iter().filter(|id| **id != found.id);
        let other = others.find_map(|id| self.outcome_under(id, found).ok().flatten());
        other.map_or(recorded, |outcome| Ok(Some(outcome)))
    }

    fn outcome_under(&self, id: &str, found: &Found) -> Result<Option<Outcome>, Failure> {
        let name = PathBuf::from(format!("results/{id}.result"));
        let Some((_, file)) = self.evidence.results.iter().find(|(path, _)| *path == name) else {
            return Ok(None);
        };
        let primary = self.primary();
        match Outcome::read(file, &found.verified, primary) {
            Ok(outcome) if self.is_proved(found, &outcome) => Ok(Some(outcome)),
            // What its opener signed no minutes of, and nobody's signature proves, anybody could have put here.
            Ok(_) => Ok(None),
            Err(_) if !self.was_carried_out(found) => Ok(None),
            Err(error) => Err(Failure::new(
                Exit::Forged,
                format!("{} is not the result of that request", name.display()),
            )
            .fact(SafeText::limited(&error.to_string(), 300).to_string())
            .next(format!(
                "git log {0} tells who brought it; git checkout the former one, or take it away if there was none",
                name.display()
            ))),
        }
    }

    /// A signature of the master key proves itself. What is sealed doesn't: there the quorum's approvals have to be
    /// here, and minutes in which the opener names this very result.
    pub(in crate::cli) fn is_proved(&self, found: &Found, outcome: &Outcome) -> bool {
        let request = found.verified.request();
        let sealed = |draft: &Draft| draft.destination() == Destination::Sealed;
        if !request.drafts.iter().any(sealed) {
            return true;
        }
        let mut minutes = self.minutes_by_opener(found);
        let named = minutes.any(|one| one.0.result == outcome.digest);
        named && self.approvals(found).len() >= self.needed(found)
    }

    /// How many approvals a request needs; more than there can be where its set isn't known.
    fn needed(&self, found: &Found) -> usize {
        let set = self.manifest().set(found.verified.request().kind);
        set.map_or(u8::MAX, |set| set.threshold.get()).into()
    }

    /// Do minutes say so?
    pub(in crate::cli) fn was_carried_out(&self, found: &Found) -> bool {
        self.minutes_by_opener(found).next().is_some()
    }

    /// The minutes of a request by who opened it: nobody else can carry it out.
    pub(in crate::cli) fn minutes_by_opener(
        &self,
        found: &Found,
    ) -> impl Iterator<Item = Rc<(Minutes, Digest)>> {
        let (request, opener) = (found.verified.digest(), &found.verified.request().opener);
        self.all_minutes()
            .filter(move |one| one.0.request == request && one.0.operator == *opener)
    }

    /// What is in a result, and what is missing beside it and its approvals: `1 signature, equal to the approved draft`.
    pub(in crate::cli) fn told_result(
        &self,
        found: &Found,
        outcome: &Outcome,
        approved: usize,
    ) -> String {
        let request = found.verified.request();
        let s = |n: usize| if n == 1 { "" } else { "s" };
        let needed = self.needed(found);
        let enough = approved >= needed;
        let drafts = if enough { "approved draft" } else { "draft" };
        let mut parts = Vec::new();
        let signed = outcome.signed(&request.drafts).count();
        if signed > 0 {
            let (s, own) = (s(signed), if signed == 1 { "the" } else { "their" });
            parts.push(format!("{signed} signature{s}, equal to {own} {drafts}{s}"));
        }
        let sealed = outcome.sealed(&request.drafts).count();
        if sealed > 0 {
            let s = s(sealed);
            parts.push(format!(
                "{sealed} sealed revocation{s}, which only the revocation set can open"
            ));
        }
        if !enough {
            parts.push(format!("ONLY {approved} of {needed} approvals are here"));
        }
        parts.join("; ")
    }

    /// What results of this vault last did to the subjects of these drafts: in words, by subject.
    pub(in crate::cli) fn certified_before(&self, drafts: &[Draft]) -> HashMap<Vec<u8>, String> {
        let mut told = HashMap::new();
        let subjects = |drafts: &[Draft]| -> HashSet<Vec<u8>> {
            drafts
                .iter()
                .filter_map(|one| subject(one.plan()))
                .collect()
        };
        let mut wanted = subjects(drafts);
        if wanted.is_empty() || self.evidence.results.is_empty() {
            return told;
        }
        let user_ids: Vec<&[u8]> = drafts
            .iter()
            .filter_map(|one| certified(one.plan()))
            .map(|(_, user_id)| user_id.value())
            .collect();
        let requests = self.evidence.requests.iter();
        let mut requests: Vec<_> = requests
            .filter(|(_, file)| may_be_about_one(file, &user_ids))
            .collect();
        requests.sort_by_cached_key(|(_, file)| Reverse(line_after(file, "opened")));
        for (relative, file) in requests {
            let Ok(found) = self.request_in(relative, file) else {
                continue;
            };
            let Some(found) = self.request_of(found.verified.digest()) else {
                continue;
            };
            let drafts = &found.verified.request().drafts;
            if subjects(drafts).is_disjoint(&wanted) || !matches!(self.outcome(&found), Ok(Some(_)))
            {
                continue;
            }
            for draft in drafts.iter().rev() {
                let Some(subject) = subject(draft.plan()).filter(|one| wanted.remove(one)) else {
                    continue;
                };
                told.insert(
                    subject,
                    format!("{} by request {}", explain::effect(draft.plan()), found.id),
                );
            }
            if wanted.is_empty() {
                break;
            }
        }
        told
    }

    /// The newest minutes and attempts: those that no others name.
    pub(in crate::cli) fn heads(&self) -> Vec<Digest> {
        let minutes: Vec<_> = self.all_minutes().collect();
        let attempts = self.evidence.attempts.iter();
        // Each tells of what its operator opened: of nothing else can anybody have tried.
        let attempts: Vec<_> = attempts
            .filter_map(|(_, file)| self.attempt_in(file).ok())
            .collect();
        let by_minutes = minutes.iter().flat_map(|one| one.0.heads.iter());
        let by_attempts = attempts.iter().flat_map(|(one, _, _)| one.heads.iter());
        let named: HashSet<Digest> = by_minutes.chain(by_attempts).copied().collect();
        let not_named = |heads: &mut dyn Iterator<Item = Digest>| {
            let mut heads: Vec<Digest> = heads.filter(|head| !named.contains(head)).collect();
            heads.sort_unstable();
            heads.dedup();
            heads
        };
        // Only so many stand in new minutes: what was done comes before what was tried, and before what somebody tells.
        let mut heads = not_named(&mut minutes.iter().map(|one| one.1));
        let is_done = |head: &Digest| {
            let mut told = minutes.iter().filter(|one| one.1 == *head);
            told.any(|one| self.is_a_result(one.0.request, one.0.result))
        };
        heads.sort_by_cached_key(|head| !is_done(head));
        heads.extend(not_named(&mut attempts.iter().map(|one| one.1)));
        heads
    }
}

/// Whose user ID a plan is about, for comparing with earlier results; none for what is about the own key.
pub(in crate::cli) fn subject(plan: &Plan) -> Option<Vec<u8>> {
    certified(plan).map(|(target, user_id)| {
        let mut subject = target.fingerprint().as_bytes().to_vec();
        subject.extend_from_slice(user_id.value());
        subject
    })
}

fn certified(plan: &Plan) -> Option<(&Primary, &UserID)> {
    match plan {
        Plan::Certify {
            target, user_id, ..
        }
        | Plan::RevokeCertification {
            target, user_id, ..
        } => Some((target, user_id)),
        _ => None,
    }
}
