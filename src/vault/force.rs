//! What receipts come to: which share set is in force.

use std::collections::BTreeMap;

use super::manifest::ShareSet;
use super::receipt::Receipt;
use crate::roster::name::Name;
use crate::world::Timestamp;

/// Evidence dated further ahead of the clock isn't counted.
const AHEAD: u64 = 86_400;

/// Who has shown that an own share opens.
#[derive(Debug)]
pub struct Force {
    /// Each holder with a receipt, and its last date.
    pub shown: BTreeMap<Name, Timestamp>,
    /// Who is missing, in the order of the seats.
    pub missing: Vec<Name>,
    /// Receipts dated more than a day ahead of the clock: named, not counted.
    pub ahead: Vec<Name>,
}

impl Force {
    /// Of a set, from verified receipts.
    #[must_use]
    pub fn of(set: &ShareSet, receipts: &[Receipt], now: Timestamp) -> Self {
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
        let missing = set
            .shares
            .iter()
            .map(|dealt| &dealt.holder)
            .filter(|holder| !shown.contains_key(*holder))
            .cloned()
            .collect();
        Self {
            shown,
            missing,
            ahead,
        }
    }

    /// In force: every holder has shown it.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.missing.is_empty()
    }
}
