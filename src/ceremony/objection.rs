//! A holder's no, and the opener's own: declines and withdrawals, of requests and of drills. Public evidence, each with its
//! reason.

use quorate_share::{Seat, SetId};

use super::approval::seat;
use super::asked::{Asked, Form};
use super::fields::hex;
use crate::roster::holder_key::{HolderKey, Namespace, SigError};
use crate::roster::name::Name;
use crate::vault::manifest::Manifest;
use crate::vault::record::{Digest, Record, RecordError, RecordWriter, sign};
use crate::world::Timestamp;

/// The most bytes that such a file may have.
pub const MAX_OBJECTION: usize = 16 << 10;
/// The most bytes of a reason.
pub const MAX_REASON: usize = 1000;

/// Whose no it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A holder won't take part.
    Decline,
    /// The opener takes it back, which ends it.
    Withdrawal,
}

/// Who says no to what, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Objection {
    /// Decline or withdrawal.
    pub kind: Kind,
    /// The vault.
    pub vault: [u8; 16],
    /// The request, or the drill.
    pub request: Digest,
    /// The share set that was asked.
    pub set: SetId,
    /// Who.
    pub holder: Name,
    /// The holder's seat in that set.
    pub seat: Seat,
    /// In the holder's words, one line.
    pub because: String,
    /// When.
    pub signed: Timestamp,
}

/// Why a file is no decline or withdrawal of a request.
#[derive(Debug, thiserror::Error)]
pub enum ObjectionError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// Of another request, vault or set.
    #[error("about another request")]
    OtherRequest,
    /// By nobody who holds that seat, or not by the opener.
    #[error("{0} can't say that")]
    NotTheirs(Name),
    /// The signature doesn't fit.
    #[error("the signature of {holder} does not fit: {error}")]
    Signature {
        /// Who it says has signed.
        holder: Name,
        /// What is wrong.
        error: SigError,
    },
    /// Signed before the request was opened, or a day ahead of the clock.
    #[error("dated {0}, which can't be")]
    Time(Timestamp),
}

impl Kind {
    /// How people call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Decline => "decline",
            Self::Withdrawal => "withdrawal",
        }
    }

    /// The head word of its record, and what it is signed for.
    fn of(self, form: &Form) -> (&'static str, Namespace) {
        match self {
            Self::Decline => form.decline,
            Self::Withdrawal => form.withdrawal,
        }
    }
}

/// A reason that can be shown in one line: not empty, not too long, no control characters.
#[must_use]
pub fn is_a_reason(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= MAX_REASON && !text.chars().any(char::is_control)
}

impl Objection {
    /// The signed file.
    ///
    /// # Errors
    /// [`ObjectionError::Record`].
    pub fn sign(&self, form: &Form, key: &HolderKey) -> Result<Vec<u8>, ObjectionError> {
        let (word, namespace) = self.kind.of(form);
        let payload = RecordWriter::new(word)
            .line("vault", hex(&self.vault))
            .line(form.about, self.request.to_string())
            .line("set", self.set.to_string())
            .line("holder", self.holder.to_string())
            .line("seat", self.seat.get().to_string())
            .line("because", &self.because)
            .line("signed", self.signed.to_string())
            .finish()?;
        Ok(sign(&payload, key, namespace)?)
    }

    /// Reads and verifies one.
    ///
    /// # Errors
    /// [`ObjectionError`].
    pub fn read(
        file: &[u8],
        kind: Kind,
        manifest: &Manifest,
        asked: &impl Asked,
        now: Timestamp,
    ) -> Result<Self, ObjectionError> {
        let bad = ObjectionError::Value;
        let form = asked.form();
        let (word, namespace) = kind.of(form);
        let mut record = Record::parse(file, word, MAX_OBJECTION)?;
        let vault = record.take_line("vault")?;
        let of = record.take_line(form.about)?;
        let set: SetId = record.take_line("set")?.parse().map_err(|_| bad("set"))?;
        let holder = Name::parse(&record.take_line("holder")?).map_err(|_| bad("holder"))?;
        let seat = seat(&record.take_line("seat")?).ok_or(bad("seat"))?;
        let because = record.take_line("because")?;
        let signed: Timestamp = record
            .take_line("signed")?
            .parse()
            .map_err(|_| bad("signed"))?;
        record.end()?;
        let same = vault == hex(&manifest.vault_id)
            && of == asked.digest().to_string()
            && set == asked.set();
        if !same {
            return Err(ObjectionError::OtherRequest);
        }
        if !is_a_reason(&because) {
            return Err(bad("because"));
        }
        let theirs = kind == Kind::Decline || holder == *asked.opener();
        let dealt = asked
            .dealt_to(manifest, &holder, seat)
            .filter(|_| theirs)
            .ok_or_else(|| ObjectionError::NotTheirs(holder.clone()))?;
        record
            .verify(&dealt.holder_key, namespace)
            .map_err(|error| ObjectionError::Signature {
                holder: holder.clone(),
                error,
            })?;
        if !asked.can_be_answered_on(signed, now) {
            return Err(ObjectionError::Time(signed));
        }
        Ok(Self {
            kind,
            vault: manifest.vault_id,
            request: asked.digest(),
            set,
            holder,
            seat,
            because,
            signed,
        })
    }
}
