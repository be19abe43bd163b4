//! A receipt: a holder's signed statement that an own sealed share was opened and is true.

use data_encoding::HEXLOWER;
use quorate_share::{Kind, Seat, SetId};

use super::manifest::{Dealt, Manifest, ShareSet};
use super::record::{Digest, Record, RecordError, RecordWriter, sign};
use super::render::kind_word;
use crate::roster::holder_key::{HolderKey, Namespace, SigError};
use crate::roster::name::Name;
use crate::world::Timestamp;

/// The most bytes that a receipt may have.
pub const MAX_RECEIPT: usize = 16 << 10;

/// Why a file is no receipt of this vault's.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// Of another vault, share set, or manifest.
    #[error("a receipt for another manifest")]
    Other,
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
}

/// What a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Master or revocation.
    pub kind: Kind,
    /// The share set.
    pub set: SetId,
    /// The digest of what the manifest says about it.
    pub section: Digest,
    /// Who opened the share.
    pub holder: Name,
    /// The seat.
    pub seat: Seat,
    /// When.
    pub signed: Timestamp,
}

/// What receipts, closings and destructions are about: a share set, as a manifest has it.
pub(super) struct About {
    vault: String,
    key: String,
    pub kind: Kind,
    pub set: SetId,
    pub section: Digest,
}

impl About {
    /// Begins a record with it.
    pub(super) fn begin(
        word: &'static str,
        manifest: &Manifest,
        kind: Kind,
        set: SetId,
        section: Digest,
    ) -> RecordWriter {
        RecordWriter::new(word)
            .line("vault", HEXLOWER.encode(&manifest.vault_id))
            .line("key", manifest.fingerprint.to_hex())
            .line("share-of", kind_word(kind))
            .line("set", set.to_string())
            .line("section", section.to_string())
    }

    pub(super) fn take(record: &mut Record<'_>) -> Result<Self, ReceiptError> {
        let bad = ReceiptError::Value;
        Ok(Self {
            vault: record.take_line("vault")?,
            key: record.take_line("key")?,
            kind: match record.take_line("share-of")?.as_str() {
                "master" => Kind::Master,
                "revocation" => Kind::Revocation,
                _ => return Err(bad("share-of")),
            },
            set: record.take_line("set")?.parse().map_err(|_| bad("set"))?,
            section: record
                .take_line("section")?
                .parse()
                .map_err(|_| bad("section"))?,
        })
    }

    /// The set, if it is the one of this manifest.
    pub(super) fn of<'m>(&self, manifest: &'m Manifest) -> Result<&'m ShareSet, ReceiptError> {
        let here = manifest.set(self.kind).ok_or(ReceiptError::Other)?;
        let same = self.vault == HEXLOWER.encode(&manifest.vault_id)
            && self.key == manifest.fingerprint.to_hex()
            && self.set == here.set
            && manifest.section_digest(self.kind) == Some(self.section);
        if same {
            Ok(here)
        } else {
            Err(ReceiptError::Other)
        }
    }

    /// The share set and the holder's share of it, if the record ends here, is about this manifest's set, and is
    /// signed by that holder.
    pub(super) fn said_by<'m>(
        &self,
        holder: &Name,
        record: &Record<'_>,
        manifest: &'m Manifest,
        namespace: Namespace,
    ) -> Result<(&'m ShareSet, &'m Dealt), ReceiptError> {
        record.end()?;
        let here = self.of(manifest)?;
        let dealt = here
            .of(holder)
            .ok_or_else(|| ReceiptError::NotAHolder(holder.clone()))?;
        record
            .verify(&dealt.holder_key, namespace)
            .map_err(|error| ReceiptError::Signature {
                holder: holder.clone(),
                error,
            })?;
        Ok((here, dealt))
    }
}

/// The name in the next field.
pub(super) fn take_name(
    record: &mut Record<'_>,
    field: &'static str,
) -> Result<Name, ReceiptError> {
    Name::parse(&record.take_line(field)?).map_err(|_| ReceiptError::Value(field))
}

/// The time in the next field, which is when it was signed.
pub(super) fn take_signed(record: &mut Record<'_>) -> Result<Timestamp, ReceiptError> {
    let text = record.take_line("signed")?;
    text.parse().map_err(|_| ReceiptError::Value("signed"))
}

impl Receipt {
    /// The signed file.
    ///
    /// # Errors
    /// [`ReceiptError::Record`].
    pub fn sign(&self, manifest: &Manifest, key: &HolderKey) -> Result<Vec<u8>, ReceiptError> {
        let payload = About::begin("receipt", manifest, self.kind, self.set, self.section)
            .line("holder", self.holder.as_str())
            .line("seat", self.seat.get().to_string())
            .line("signed", self.signed.to_string())
            .finish()?;
        Ok(sign(&payload, key, Namespace::Receipt)?)
    }

    /// Where the file of a receipt goes.
    #[must_use]
    pub fn path(holder: &Name, file: &[u8]) -> String {
        format!(
            "receipts/{holder}-{}.receipt",
            &Digest::of(file).to_string()[..6]
        )
    }

    /// Reads and verifies a receipt.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn read(file: &[u8], manifest: &Manifest) -> Result<Self, ReceiptError> {
        let mut record = Record::parse(file, "receipt", MAX_RECEIPT)?;
        let about = About::take(&mut record)?;
        Self::rest(about, record, manifest)
    }

    /// The same, if it is of this kind of share: the others aren't verified.
    #[must_use]
    pub fn of_kind(kind: Kind, file: &[u8], manifest: &Manifest) -> Option<Self> {
        let mut record = Record::parse(file, "receipt", MAX_RECEIPT).ok()?;
        let about = About::take(&mut record).ok()?;
        let wanted = about.kind == kind;
        wanted.then(|| Self::rest(about, record, manifest).ok())?
    }

    fn rest(
        about: About,
        mut record: Record<'_>,
        manifest: &Manifest,
    ) -> Result<Self, ReceiptError> {
        let bad = ReceiptError::Value;
        let holder = take_name(&mut record, "holder")?;
        let seat = record.take_line("seat")?;
        let seat: Seat = seat
            .parse()
            .ok()
            .and_then(|n| Seat::new(n).ok())
            .ok_or(bad("seat"))?;
        let signed = take_signed(&mut record)?;
        let (_, dealt) = about.said_by(&holder, &record, manifest, Namespace::Receipt)?;
        if dealt.seat != seat {
            return Err(ReceiptError::NotAHolder(holder));
        }
        Ok(Self {
            kind: about.kind,
            set: about.set,
            section: about.section,
            holder,
            seat,
            signed,
        })
    }
}
