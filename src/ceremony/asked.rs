//! What an answer answers: a request, or a drill. The two have one form and different words and
//! namespaces, so that no answer to one of them is ever an answer to the other.

use quorate_share::{Generation, Kind, Seat, SetId};
use sequoia_openpgp::Fingerprint;

use super::fields::{DAY, hex, kind_word, unhex, word_kind};
use super::request_error::RequestError;
use crate::roster::holder_key::Namespace;
use crate::roster::name::Name;
use crate::vault::manifest::{Dealt, Manifest, ShareSet};
use crate::vault::record::{Digest, Record, RecordWriter};
use crate::world::Timestamp;

/// The words and namespaces of one kind of answers.
pub struct Form {
    /// The head word of the public part.
    pub approval: &'static str,
    /// The head word of the part that is encrypted.
    pub submission: &'static str,
    /// The field that names what is answered.
    pub about: &'static str,
    /// What the public part is signed for.
    pub approves: Namespace,
    /// What the encrypted part is signed for.
    pub submits: Namespace,
    /// The head word of a holder's no, and what it is signed for.
    pub decline: (&'static str, Namespace),
    /// The head word of the opener's taking it back, and what that is signed for.
    pub withdrawal: (&'static str, Namespace),
    /// The head word of a report that it was tried in vain.
    pub attempt: &'static str,
    /// What that is signed for.
    pub tries: Namespace,
}

/// Of answers to requests: they carry shares.
pub const REQUEST: Form = Form {
    approval: "approval",
    submission: "submission",
    about: "request",
    approves: Namespace::Approval,
    submits: Namespace::Submission,
    decline: ("decline", Namespace::Decline),
    withdrawal: ("withdrawal", Namespace::Withdrawal),
    attempt: "attempt",
    tries: Namespace::Attempt,
};

/// Of answers to drills: they carry practice shares.
pub const DRILL: Form = Form {
    approval: "drill-answer",
    submission: "drill-submission",
    about: "drill",
    approves: Namespace::DrillAnswer,
    submits: Namespace::DrillSubmission,
    decline: ("drill-decline", Namespace::DrillDecline),
    withdrawal: ("drill-withdrawal", Namespace::DrillWithdrawal),
    attempt: "drill-attempt",
    tries: Namespace::DrillAttempt,
};

/// Something signed that holders of a share set answer.
pub trait Asked {
    /// The form of its answers.
    fn form(&self) -> &'static Form;
    /// The vault.
    fn vault(&self) -> [u8; 16];
    /// The SHA-256 of what its opener signed.
    fn digest(&self) -> Digest;
    /// Who opened it, and alone can carry it out.
    fn opener(&self) -> &Name;
    /// Whose holders answer: of the master or the revocation set.
    fn kind(&self) -> Kind;
    /// The set whose shares are sent: of a drill the practice set.
    fn set(&self) -> SetId;
    /// When it was opened.
    fn opened(&self) -> Timestamp;
    /// When it closes.
    fn closes(&self) -> Timestamp;
    /// The age recipient that submissions are encrypted to.
    fn one_time(&self) -> &str;

    /// A drill, and no request?
    fn is_a_drill(&self) -> bool {
        self.form().attempt == DRILL.attempt
    }

    /// Can it be answered and carried out at this moment?
    ///
    /// # Errors
    /// [`RequestError::Future`], [`RequestError::Closed`].
    fn open_at(&self, now: Timestamp) -> Result<(), RequestError> {
        if self.opened().seconds() > now.seconds() + DAY {
            return Err(RequestError::Future(self.opened()));
        }
        if self.closes() <= now {
            return Err(RequestError::Closed(self.closes()));
        }
        Ok(())
    }

    /// What the holder of a seat of the set that is asked was dealt.
    fn dealt_to<'m>(&self, manifest: &'m Manifest, holder: &Name, seat: Seat) -> Option<&'m Dealt> {
        let set = manifest.set(self.kind())?;
        set.of(holder).filter(|dealt| dealt.seat == seat)
    }

    /// Can an answer bear this date? Two machines' clocks may differ; a day is what the rules allow
    /// both ways.
    fn can_be_answered_on(&self, signed: Timestamp, now: Timestamp) -> bool {
        let (signed, opened) = (signed.seconds(), self.opened().seconds());
        signed + DAY >= opened && signed <= now.seconds() + DAY
    }
}

/// The first fields: they say whose signature it must have.
pub(super) struct Head {
    pub vault: [u8; 16],
    pub fingerprint: Fingerprint,
    pub kind: Kind,
    pub set: SetId,
    pub generation: Generation,
    pub opener: Name,
}

impl Head {
    /// Begins a record of this kind with them.
    pub fn begin(&self, word: &'static str) -> RecordWriter {
        RecordWriter::new(word)
            .line("vault", hex(&self.vault))
            .line("key", self.fingerprint.to_hex())
            .line("asked", kind_word(self.kind))
            .line("set", self.set.to_string())
            .line("generation", self.generation.get().to_string())
            .line("opener", self.opener.to_string())
    }

    pub fn read(record: &mut Record<'_>) -> Result<Self, RequestError> {
        let bad = RequestError::Value;
        Ok(Self {
            vault: unhex(&record.take_line("vault")?).ok_or(bad("vault"))?,
            fingerprint: record.take_line("key")?.parse().map_err(|_| bad("key"))?,
            kind: word_kind(&record.take_line("asked")?).ok_or(bad("asked"))?,
            set: record.take_line("set")?.parse().map_err(|_| bad("set"))?,
            generation: record
                .take_line("generation")?
                .parse()
                .ok()
                .and_then(|number| Generation::new(number).ok())
                .ok_or(bad("generation"))?,
            opener: Name::parse(&record.take_line("opener")?).map_err(|_| bad("opener"))?,
        })
    }

    /// The set of the manifest that is meant; `id` tells which of its two names must stand here.
    pub fn set<'m>(
        &self,
        manifest: &'m Manifest,
        id: fn(&ShareSet) -> SetId,
    ) -> Result<&'m ShareSet, RequestError> {
        if self.vault != manifest.vault_id || self.fingerprint != manifest.fingerprint {
            return Err(RequestError::OtherVault);
        }
        let set = manifest.set(self.kind).ok_or(RequestError::OtherSet)?;
        if id(set) != self.set || set.generation != self.generation {
            return Err(RequestError::OtherSet);
        }
        Ok(set)
    }

    /// What the opener was dealt of that set.
    pub fn opener_in<'m>(&self, set: &'m ShareSet) -> Result<&'m Dealt, RequestError> {
        let dealt = set.of(&self.opener);
        dealt.ok_or_else(|| RequestError::NotAHolder(self.opener.clone()))
    }
}
