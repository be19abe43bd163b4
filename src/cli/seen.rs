//! What this machine has seen of a vault and must never miss again.

use super::opened::Opened;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::objection::{Kind as No, Objection};
use crate::vault::record::Digest;

impl Opened {
    /// The names of the evidence that must never go away, whether it is genuine or not.
    fn lasting(&self) -> Vec<(String, bool, &[u8])> {
        let named = |word: &str, file: &[u8]| format!("{word} {}", Digest::of(file));
        let minutes = self.evidence.minutes.iter();
        let withdrawals = self.evidence.withdrawals.iter();
        minutes
            .map(|(_, file)| (named("minutes", file), false, file.as_slice()))
            .chain(withdrawals.map(|(_, file)| (named("withdrawal", file), true, file.as_slice())))
            .collect()
    }

    /// What was seen on this machine and isn't here.
    pub(super) fn missing(&self) -> Vec<String> {
        let here = self.lasting();
        let is_here = |seen: &&String| here.iter().any(|(name, ..)| name == *seen);
        self.seen
            .iter()
            .filter(|seen| !is_here(seen))
            .cloned()
            .collect()
    }

    /// Remembers what is new and genuine; says whether there was anything.
    pub(super) fn see_what_is_new(&mut self) -> bool {
        let new = |(name, ..): &(String, bool, &[u8])| !self.seen.contains(name);
        let found: Vec<String> = self
            .lasting()
            .into_iter()
            .filter(new)
            .filter(|(_, withdrawal, file)| {
                if *withdrawal {
                    self.requests().into_iter().flatten().any(|found| {
                        Objection::read(
                            file,
                            No::Withdrawal,
                            self.manifest(),
                            &found.verified,
                            self.now,
                        )
                        .is_ok()
                    })
                } else {
                    // The result is written last: minutes without it are of a `perform` that was
                    // stopped, and the next one writes them anew.
                    Minutes::read(file, self.manifest()).is_ok_and(|(minutes, _)| {
                        let results = &mut self.evidence.results.iter();
                        results.any(|(_, result)| Digest::of(result) == minutes.result)
                    })
                }
            })
            .map(|(name, ..)| name)
            .collect();
        let any = !found.is_empty();
        self.seen.extend(found);
        any
    }
}
