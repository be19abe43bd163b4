//! What receipts come to: which share set is in force.

use std::collections::BTreeMap;

use super::closing::Closing;
use super::manifest::ShareSet;
use super::receipt::Receipt;
use crate::roster::name::Name;
use crate::world::Timestamp;

/// Evidence dated further ahead of the clock isn't counted.
const AHEAD: u64 = 86_400;

/// The names of both lists, each once: those of the first, then what the other adds.
#[must_use]
pub fn together(one: &[Name], other: &[Name]) -> Vec<Name> {
    let mut all = one.to_vec();
    all.extend(other.iter().filter(|name| !one.contains(name)).cloned());
    all
}

/// Who has shown that an own share opens.
#[derive(Debug)]
pub struct Force {
    /// Each holder with a receipt, and its last date.
    pub shown: BTreeMap<Name, Timestamp>,
    /// Who is missing, in the order of the seats.
    pub missing: Vec<Name>,
    /// One more receipt than the threshold.
    enough: bool,
    /// Those of the missing without whom receipts were closed, and by whom.
    pub closed: BTreeMap<Name, Name>,
    /// Receipts dated more than a day ahead of the clock: named, not counted.
    pub ahead: Vec<Name>,
}

impl Force {
    /// Of a set, from verified receipts.
    #[must_use]
    pub fn of(set: &ShareSet, receipts: &[Receipt], closings: &[Closing], now: Timestamp) -> Self {
        let mut shown: BTreeMap<Name, Timestamp> = BTreeMap::new();
        let mut ahead = Vec::new();
        for receipt in receipts.iter().filter(|receipt| receipt.set == set.set) {
            if receipt.signed.seconds() > now.seconds() + AHEAD {
                ahead.push(receipt.holder.clone());
                continue;
            }
            let last = shown
                .entry(receipt.holder.clone())
                .or_insert(receipt.signed);
            *last = (*last).max(receipt.signed);
        }
        let missing: Vec<Name> = set
            .shares
            .iter()
            .map(|dealt| &dealt.holder)
            .filter(|holder| !shown.contains_key(*holder))
            .cloned()
            .collect();
        let counted = closings.iter().filter(|closing| {
            closing.set == set.set
                && closing.signed.seconds() <= now.seconds() + AHEAD
                && missing.contains(&closing.without)
                // Who closes has shown the own share.
                && shown.contains_key(&closing.holder)
        });
        let closed = counted
            .map(|closing| (closing.without.clone(), closing.holder.clone()))
            .collect();
        Self {
            enough: shown.len() > usize::from(set.threshold.get()),
            shown,
            missing,
            closed,
            ahead,
        }
    }

    /// In force: every holder has shown it; or one more than are needed have, and a holder's signed note
    /// names each that is missing.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.missing.is_empty() || (self.enough && self.not_closed().is_empty())
    }

    /// Who is missing and not named by a closing.
    #[must_use]
    pub fn not_closed(&self) -> Vec<Name> {
        let open = self
            .missing
            .iter()
            .filter(|name| !self.closed.contains_key(*name));
        open.cloned().collect()
    }
}
