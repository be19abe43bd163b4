//! The answers of a request or a drill, compared with what was dealt.

use quorate_share::{Candidates, CombineError, Commitment, Kind, Seat, SetId};
use sequoia_openpgp::Fingerprint;
use zeroize::Zeroizing;

use super::locked::LockedBytes;
use super::refusal::Refusal;
use crate::ceremony::submission::{Submission, Verdict};
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::vault::manifest::{Dealt, Manifest, ShareSet, SignedManifest};

/// Which shares of a set are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The real ones.
    Real,
    /// The practice shares.
    Practice,
}

impl Wanted {
    fn kind(self, set: &ShareSet) -> Kind {
        match self {
            Self::Real => set.kind,
            Self::Practice => set.kind.practice(),
        }
    }

    fn id(self, set: &ShareSet) -> SetId {
        match self {
            Self::Real => set.set,
            Self::Practice => set.practice_set,
        }
    }

    fn commitment(self, dealt: &Dealt) -> &Commitment {
        match self {
            Self::Real => &dealt.commitment,
            Self::Practice => &dealt.practice_commitment,
        }
    }
}

/// The manifest, if the pinned key signed it.
pub(super) fn pinned(manifest: &[u8], pin: &Fingerprint) -> Result<SignedManifest, Refusal> {
    SignedManifest::read(manifest, pin).map_err(|error| Refusal::Manifest(error.to_string()))
}

/// The set of that kind.
pub(super) fn set_of(manifest: &Manifest, kind: Kind) -> Result<&ShareSet, Refusal> {
    let set = manifest.set(kind);
    set.ok_or(Refusal::Request("no such share set".into()))
}

/// The one-time identity, if it is the one that answers were encrypted to.
pub(super) fn identity(bytes: &[u8], one_time: &str) -> Result<OneTimeIdentity, Refusal> {
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| OneTimeIdentity::parse(text).ok())
        .filter(|identity| identity.recipient().to_string() == one_time)
        .ok_or(Refusal::Identity)
}

/// The answers taken so far.
pub(super) struct Answers<'m> {
    set: &'m ShareSet,
    wanted: Wanted,
    candidates: Candidates,
    /// The files of the approvals.
    pub approvals: Vec<Vec<u8>>,
    seats: Vec<(Seat, Name)>,
}

impl<'m> Answers<'m> {
    pub(super) fn new(set: &'m ShareSet, wanted: Wanted) -> Self {
        Self {
            set,
            wanted,
            candidates: Candidates::new(),
            approvals: Vec::new(),
            seats: Vec::new(),
        }
    }

    /// Compares the share with the commitment of the holder's seat. A false share is left out and
    /// named; its approval counts as evidence all the same.
    pub(super) fn take(&mut self, submission: Submission) -> Verdict {
        let Submission {
            approval,
            approval_file,
            share,
        } = submission;
        let holder = approval.holder;
        if self.seats.iter().any(|(_, name)| *name == holder) {
            return Verdict::Again(holder);
        }
        let Some(dealt) = self.set.of(&holder) else {
            return Verdict::Refused("not a holder".into());
        };
        self.approvals.push(approval_file);
        let header = share.header();
        let fits = header.kind == self.wanted.kind(self.set)
            && header.set == self.wanted.id(self.set)
            && header.generation == self.set.generation
            && share.seat() == dealt.seat;
        if !fits {
            return Verdict::False(holder);
        }
        let checked = self.wanted.commitment(dealt).check(share).ok();
        match checked.map(|share| self.candidates.add(share)) {
            Some(Ok(_)) => {
                self.seats.push((dealt.seat, holder.clone()));
                Verdict::True(holder)
            }
            _ => Verdict::False(holder),
        }
    }

    /// Whose shares are true, in the order of their seats.
    pub(super) fn holders(&self) -> Vec<Name> {
        let mut seats: Vec<_> = self.seats.iter().collect();
        seats.sort_unstable_by_key(|(seat, _)| *seat);
        seats.into_iter().map(|(_, name)| name.clone()).collect()
    }

    /// Combines a quorum of the true shares: whose they were, and the secret.
    pub(super) fn combine(&self) -> Result<(Vec<Name>, LockedBytes), Refusal> {
        let quorum = self.candidates.quorum().map_err(|error| match error {
            CombineError::TooFew { .. } => Refusal::TooFew,
            other => Refusal::Combining(other.to_string()),
        })?;
        let used = quorum
            .seats()
            .filter_map(|seat| self.seats.iter().find(|(other, _)| *other == seat))
            .map(|(_, name)| name.clone())
            .collect();
        let secret: Zeroizing<Vec<u8>> = quorum.combine();
        Ok((used, LockedBytes::new(secret)))
    }
}
