//! The rules that hold for any manifest, whoever signed it.

use quorate_share::Kind;

use super::manifest::{Manifest, ManifestError, Member, ShareSet};

impl Manifest {
    /// The rules that hold for any manifest.
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        let rule = |holds: bool, what| {
            if holds {
                Ok(())
            } else {
                Err(ManifestError::Rule(what))
            }
        };
        let [master, revocation] = self.sets.as_slice() else {
            return Err(ManifestError::Rule(
                "it has not one master and one revocation set",
            ));
        };
        rule(
            master.kind == Kind::Master && revocation.kind == Kind::Revocation,
            "its share sets are not master and revocation",
        )?;
        rule(
            revocation.threshold <= master.threshold,
            "more are needed to revoke than to use the key",
        )?;
        let mut keys: Vec<_> = self
            .sets
            .iter()
            .flat_map(|set| &set.shares)
            .map(|d| *d.holder_key.as_bytes())
            .collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        rule(keys.len() == all, "a holder key stands twice")?;
        let mut attesters: Vec<_> = self.roster.iter().filter_map(Member::attest_key).collect();
        let able = attesters.len();
        attesters.sort_unstable();
        attesters.dedup();
        rule(attesters.len() == able, "two roots attest with one key")?;
        rule(
            self.attest.needed(self.roster.len()) <= able,
            "more must attest than can",
        )?;
        for set in &self.sets {
            self.check_set(set)?;
        }
        self.check_own_copies()
    }

    fn check_own_copies(&self) -> Result<(), ManifestError> {
        if self.own_copies.is_empty() {
            return Ok(());
        }
        if !self.any_root_may_revoke {
            return Err(ManifestError::Rule(
                "it has copies for each root, and no root may use one",
            ));
        }
        let holders = self.own_copies.iter().map(|copy| &copy.holder);
        if !holders.eq(self.roster.iter().map(|member| &member.name)) {
            return Err(ManifestError::Rule("not each root has one copy"));
        }
        for copy in &self.own_copies {
            let stem = format!("sealed/alone.1/{}.", copy.holder);
            if !matches!(copy.sealed.strip_prefix(&stem), Some("asc" | "age")) {
                return Err(ManifestError::Rule("a copy has an unexpected name"));
            }
        }
        Ok(())
    }

    fn check_set(&self, set: &ShareSet) -> Result<(), ManifestError> {
        let rule = |holds: bool, what| {
            if holds {
                Ok(())
            } else {
                Err(ManifestError::Rule(what))
            }
        };
        let word = super::render::kind_word(set.kind);
        let generation = set.generation.get();
        let mut seats: Vec<u8> = set.shares.iter().map(|dealt| dealt.seat.get()).collect();
        seats.sort_unstable();
        seats.dedup();
        rule(
            usize::from(set.threshold.get()) <= seats.len(),
            "a threshold above the seats",
        )?;
        rule(
            set.file == format!("{word}.{generation}.age"),
            "a file has an unexpected name",
        )?;
        rule(
            set.practice_file == format!("practice.{generation}.age"),
            "a practice file has an unexpected name",
        )?;
        for (index, dealt) in set.shares.iter().enumerate() {
            rule(
                self.member(&dealt.holder).is_some(),
                "a holder is not on the roster",
            )?;
            let others = &set.shares[..index];
            rule(
                !others.iter().any(|o| o.holder == dealt.holder),
                "a holder stands twice in a set",
            )?;
            let same_seat = others.iter().find(|other| other.seat == dealt.seat);
            rule(
                same_seat.is_none_or(|other| other.commitment == dealt.commitment),
                "a seat has two different shares",
            )?;
            let stem = format!("sealed/{word}.{generation}/{}.", dealt.holder);
            rule(
                matches!(dealt.sealed.strip_prefix(&stem), Some("asc" | "age")),
                "a sealed share has an unexpected name",
            )?;
        }
        Ok(())
    }
}
