//! What this machine has seen of a vault and must never miss again.

use super::opened::Opened;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::objection::Kind as No;
use crate::openpgp::learnt;
use crate::vault::record::Digest;

/// The vault beside what was seen of it.
#[derive(Default)]
pub(super) struct Seen {
    /// Seen before, and not here.
    pub missing: Vec<String>,
    /// Here, genuine, and never seen before.
    pub new: Vec<String>,
}

impl Opened {
    /// Compares the evidence that must never go away with the pins.
    pub(super) fn beside_what_was_seen(&self) -> Seen {
        let known = &self.pins.seen;
        let (mut here, mut seen) = (Vec::new(), Seen::default());
        let mut look = |word: &str, file: &[u8], is_genuine: &dyn Fn(&[u8]) -> bool| {
            let name = format!("{word} {}", Digest::of(file));
            if !known.contains(&name) && is_genuine(file) {
                seen.new.push(name.clone());
            }
            // Whether it is genuine doesn't matter for what was seen to be so once.
            here.push(name);
        };
        for (_, file) in &self.evidence.minutes {
            look("minutes", file, &|file| self.are_minutes_of_a_result(file));
        }
        for (_, file) in &self.evidence.results {
            look("result", file, &|file| self.is_a_result_of_minutes(file));
        }
        for (_, file) in &self.evidence.withdrawals {
            look("withdrawal", file, &|file| self.is_a_withdrawal(file));
        }
        for (_, file) in &self.evidence.drill_withdrawals {
            look("drill-withdrawal", file, &|file| {
                self.is_a_drills_withdrawal(file)
            });
        }
        for (_, file) in &self.evidence.learnt {
            look("revocation", file, &|file| self.is_a_revocation(file));
        }
        let missing = known.iter().filter(|name| !here.contains(name));
        seen.missing = missing.cloned().collect();
        seen
    }

    /// The result is written last: minutes without it are of a `perform` that was stopped, and the
    /// next one writes them anew.
    fn are_minutes_of_a_result(&self, file: &[u8]) -> bool {
        Minutes::read(file, self.manifest()).is_ok_and(|(minutes, _)| {
            let mut results = self.evidence.results.iter();
            results.any(|(_, result)| Digest::of(result) == minutes.result)
        })
    }

    fn is_a_result_of_minutes(&self, file: &[u8]) -> bool {
        let digest = Digest::of(file);
        let minutes = self.evidence.minutes.iter();
        let mut minutes = minutes.filter_map(|(_, file)| Minutes::read(file, self.manifest()).ok());
        minutes.any(|(minutes, _)| minutes.result == digest)
    }

    fn is_a_revocation(&self, file: &[u8]) -> bool {
        let own = self.in_use();
        own.is_ok_and(|own| learnt::evidence(file, &own).is_ok())
    }

    fn is_a_drills_withdrawal(&self, file: &[u8]) -> bool {
        let mut drills = self.drills().into_iter().flatten();
        drills.any(|found| self.objection(&found, No::Withdrawal, file).is_ok())
    }

    fn is_a_withdrawal(&self, file: &[u8]) -> bool {
        let mut requests = self.requests().into_iter().flatten();
        requests.any(|found| self.objection(&found, No::Withdrawal, file).is_ok())
    }
}
