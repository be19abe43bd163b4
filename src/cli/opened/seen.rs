//! What this machine has seen of a vault and must never miss again.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::evidence::Piece;
use super::unverified::{digest_after, is_about};
use super::{Found, Opened};
use crate::ceremony::asked::Asked;
use crate::ceremony::objection::Kind as No;
use crate::openpgp::learnt;
use crate::vault::record::Digest;

/// The vault beside what was seen of it.
#[derive(Default)]
pub(in crate::cli) struct Seen {
    /// Seen before, and not here.
    pub missing: Vec<String>,
    /// Here, genuine, and never seen before.
    pub new: Vec<String>,
}

/// So many of each kind are remembered: withdrawals, and minutes of what was done, an opener can sign without end, and a
/// memory that has grown too large to be read would stop every command.
const MAX_OF_A_KIND: usize = 8_000;

fn leave_room(known: &[String], new: &mut Vec<String>) {
    let kind = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
    let mut count: HashMap<String, usize> = HashMap::new();
    for name in known {
        *count.entry(kind(name)).or_default() += 1;
    }
    new.retain(|name| {
        let count = count.entry(kind(name)).or_default();
        *count += 1;
        *count <= MAX_OF_A_KIND
    });
}

impl Opened {
    /// Compares the evidence that must never go away with the pins.
    pub(in crate::cli) fn beside_what_was_seen(&self) -> Seen {
        let known: HashSet<&str> = self.pins.seen.iter().map(String::as_str).collect();
        let (mut here, mut seen) = (HashSet::new(), Seen::default());
        let mut look = |word: &str, digest: Digest, is_genuine: &dyn Fn() -> bool| {
            let name = format!("{word} {digest}");
            // Whether it is genuine doesn't matter for what was seen to be so once. A copy is nothing new.
            let is_first = here.insert(name.clone());
            if is_first && !known.contains(name.as_str()) && is_genuine() {
                seen.new.push(name);
            }
        };
        for (path, file) in &self.evidence.minutes {
            // The result is written last: minutes without it are of a `perform` that was stopped, and the
            // next one writes them anew.
            let of_a_result = || {
                let minutes = self.minutes_in(path, file);
                minutes.is_some_and(|one| self.is_a_result(one.0.request, one.0.result))
            };
            look("minutes", Digest::of(file), &of_a_result);
        }
        let told = OnceCell::new();
        for (_, file) in &self.evidence.results {
            let result = Digest::of(file);
            let of_a_request = || {
                let told: &HashMap<_, Vec<_>> = told.get_or_init(|| self.minutes_by_result());
                let told = told.get(&result).into_iter().flatten();
                let mut told = told.filter_map(|(relative, file)| self.minutes_in(relative, file));
                told.any(|one| one.0.result == result && self.is_a_result(one.0.request, result))
            };
            look("result", result, &of_a_request);
        }
        for (_, file) in &self.evidence.withdrawals {
            look("withdrawal", Digest::of(file), &|| {
                self.is_a_withdrawal_of(self.requests().into_iter().flatten(), file)
            });
        }
        for (_, file) in &self.evidence.drill_withdrawals {
            look("drill-withdrawal", Digest::of(file), &|| {
                self.is_a_withdrawal_of(self.drills().into_iter().flatten(), file)
            });
        }
        for (_, file) in &self.evidence.learnt {
            look("revocation", Digest::of(file), &|| {
                self.is_a_revocation(file)
            });
        }
        seen.new.sort_unstable();
        leave_room(&self.pins.seen, &mut seen.new);
        let missing = self.pins.seen.iter().filter(|name| !here.contains(*name));
        seen.missing = missing.cloned().collect();
        seen
    }

    /// Does this request's result verify, and is it this one? An opener can sign minutes of anything; what is remembered
    /// could never be taken away again.
    pub(super) fn is_a_result(&self, request: Digest, result: Digest) -> bool {
        self.request_of(request).is_some_and(|found| {
            let outcome = self.outcome(&found).ok().flatten();
            outcome.is_some_and(|outcome| outcome.digest == result)
        })
    }

    fn is_a_revocation(&self, file: &[u8]) -> bool {
        let own = self.in_use();
        own.is_ok_and(|own| learnt::evidence(file, &own).is_ok())
    }

    /// The minutes that name a result, by its digest; not verified.
    fn minutes_by_result(&self) -> HashMap<Digest, Vec<&(PathBuf, Piece)>> {
        let mut told: HashMap<Digest, Vec<_>> = HashMap::new();
        for one in &self.evidence.minutes {
            if let Some(result) = digest_after(&one.1, "result") {
                told.entry(result).or_default().push(one);
            }
        }
        told
    }

    /// Of one of these? Anybody can put thousands of files there; each is read for one at most.
    fn is_a_withdrawal_of<A: Asked>(
        &self,
        mut all: impl Iterator<Item = Found<A>>,
        file: &[u8],
    ) -> bool {
        all.any(|found| {
            is_about(file, &*found.verified) && self.objection(&found, No::Withdrawal, file).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_without_end_leaves_a_memory_that_can_be_read() {
        let digest = Digest::of(b"");
        let known = vec![format!("drill-withdrawal {digest}"); MAX_OF_A_KIND - 2];
        let mut new = vec![format!("result {digest}"); 3];
        new.extend(vec![format!("drill-withdrawal {digest}"); 5]);
        leave_room(&known, &mut new);
        assert_eq!(new.len(), 5);
        assert!(new[..3].iter().all(|name| name.starts_with("result ")));
        // Of five kinds, in quotes and each on a line.
        let most = 5 * MAX_OF_A_KIND * (format!("drill-withdrawal {digest}").len() + 8);
        assert!(most < crate::vault::pins::MAX_PINS);
    }
}
