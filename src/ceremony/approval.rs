//! An approval: a holder's public word that a request may be carried out, or that a drill was answered. It
//! holds no secret.

use quorate_share::{Seat, SetId};

use super::asked::{Asked, Form, REQUEST};
use super::fields::{hex, unhex};
use crate::roster::holder_key::{HolderKey, SigError};
use crate::roster::name::Name;
use crate::vault::manifest::Manifest;
use crate::vault::record::{Digest, Record, RecordError, RecordWriter, sign};
use crate::world::Timestamp;

/// The most bytes that an approval may have.
pub const MAX_APPROVAL: usize = 16 << 10;

/// The ways by which the words may have come.
pub const WAYS: [&str; 6] = ["voice", "room", "paper", "other", OPENER, "here"];
/// The way of the opener's own approval, and of nobody else's.
pub const OPENER: &str = "opener";

/// Who approves what, and how the words were compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Approval {
    /// The vault.
    pub vault: [u8; 16],
    /// The request, or the drill.
    pub request: Digest,
    /// The share set that was asked.
    pub set: SetId,
    /// Who approves.
    pub holder: Name,
    /// The holder's seat in that set.
    pub seat: Seat,
    /// One of [`WAYS`]; `opener` for the opener's own approval, `here` for one that was given on the opener's
    /// machine, where there is nothing to compare.
    pub way: String,
    /// When.
    pub signed: Timestamp,
}

/// Why a file is no approval of a request.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// Of another request: perhaps an old one, sent again.
    #[error("an answer to another request, {0}")]
    OtherRequest(Digest),
    /// Of another vault or share set.
    #[error("an answer for another vault or share set")]
    OtherSet,
    /// By nobody who holds that seat.
    #[error("{0} does not hold that seat")]
    NotAHolder(Name),
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

impl Approval {
    /// The signed file, as an answer to a request.
    ///
    /// # Errors
    /// [`ApprovalError::Record`].
    pub fn sign(&self, key: &HolderKey) -> Result<Vec<u8>, ApprovalError> {
        self.sign_as(&REQUEST, key)
    }

    /// The signed file, in the form of what is answered.
    ///
    /// # Errors
    /// [`ApprovalError::Record`].
    pub fn sign_as(&self, form: &Form, key: &HolderKey) -> Result<Vec<u8>, ApprovalError> {
        let payload = RecordWriter::new(form.approval)
            .line("vault", hex(&self.vault))
            .line(form.about, self.request.to_string())
            .line("set", self.set.to_string())
            .line("holder", self.holder.to_string())
            .line("seat", self.seat.get().to_string())
            .line("words-by", &self.way)
            .line("signed", self.signed.to_string())
            .finish()?;
        Ok(sign(&payload, key, form.approves)?)
    }

    /// Reads an approval of a request, or an answer to a drill, and verifies it with the holder key of the set that is asked.
    ///
    /// # Errors
    /// [`ApprovalError`].
    pub fn read(
        file: &[u8],
        manifest: &Manifest,
        request: &impl Asked,
        now: Timestamp,
    ) -> Result<Self, ApprovalError> {
        let form = request.form();
        let mut record = Record::parse(file, form.approval, MAX_APPROVAL)?;
        let approval = Self::fields(&mut record, form)?;
        if approval.vault != manifest.vault_id || approval.set != request.set() {
            return Err(ApprovalError::OtherSet);
        }
        if approval.request != request.digest() {
            return Err(ApprovalError::OtherRequest(approval.request));
        }
        let dealt = request
            .dealt_to(manifest, &approval.holder, approval.seat)
            .ok_or_else(|| ApprovalError::NotAHolder(approval.holder.clone()))?;
        record
            .verify(&dealt.holder_key, form.approves)
            .map_err(|error| ApprovalError::Signature {
                holder: approval.holder.clone(),
                error,
            })?;
        // Else it would be told as the opener's.
        if approval.way == OPENER && approval.holder != *request.opener() {
            return Err(ApprovalError::Value("words-by"));
        }
        if !request.can_be_answered_on(approval.signed, now) {
            return Err(ApprovalError::Time(approval.signed));
        }
        Ok(approval)
    }

    fn fields(record: &mut Record, form: &Form) -> Result<Self, ApprovalError> {
        let bad = ApprovalError::Value;
        let vault = unhex(&record.take_line("vault")?).ok_or(bad("vault"))?;
        let request = record
            .take_line(form.about)?
            .parse()
            .map_err(|_| bad(form.about))?;
        let set = record.take_line("set")?.parse().map_err(|_| bad("set"))?;
        let holder = Name::parse(&record.take_line("holder")?).map_err(|_| bad("holder"))?;
        let seat = seat(&record.take_line("seat")?).ok_or(bad("seat"))?;
        let way = record.take_line("words-by")?;
        if !WAYS.contains(&way.as_str()) {
            return Err(bad("words-by"));
        }
        let signed = record
            .take_line("signed")?
            .parse()
            .map_err(|_| bad("signed"))?;
        record.end()?;
        Ok(Self {
            vault,
            request,
            set,
            holder,
            seat,
            way,
            signed,
        })
    }
}

/// A seat from its canonical number.
pub(super) fn seat(text: &str) -> Option<Seat> {
    let number: u8 = text.parse().ok()?;
    if number.to_string() != text {
        return None;
    }
    Seat::new(number).ok()
}
