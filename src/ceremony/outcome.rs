//! The result of a request: its drafts with their values filled in. It proves itself, so nobody
//! signs it. Of a value that was sealed to the revocation set only that can be seen, until it is released.

use super::submission::{BEGIN, END};
use super::verified::VerifiedRequest;
use crate::openpgp::draft::{Destination, Draft, Signed};
use crate::openpgp::plan::Primary;
use crate::roster::sealing::MAX_SEALED;
use crate::vault::record::{Digest, Record, RecordError, RecordWriter};
use crate::world::in_parallel;

/// The most bytes that a result may have.
pub const MAX_OUTCOME: usize = 64 << 20;

/// Why a file isn't the result of a request.
#[derive(Debug, thiserror::Error)]
pub enum OutcomeError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Of another request.
    #[error("the result of another request, {0}")]
    OtherRequest(String),
    /// Not as many signatures as drafts.
    #[error("not as many signatures as drafts")]
    Count,
    /// What should be sealed to the revocation set is no such file.
    #[error("value {0} is not sealed to the revocation set")]
    NotSealed(usize),
    /// A signature isn't the draft with its value filled in.
    #[error("signature {0} is not the approved draft with its value filled in")]
    NotTheDraft(usize),
}

/// The value of one draft.
// Nearly all are signatures, thousands of them: boxing them would cost more than it saves.
#[allow(clippy::large_enum_variant)]
pub enum Value {
    /// A signature, for everybody.
    Signed(Signed),
    /// A file of age's, sealed to the revocation set.
    Sealed(Vec<u8>),
}

/// The checked result of a request.
pub struct Outcome {
    /// One value per draft, in their order.
    pub values: Vec<Value>,
    /// SHA-256 of the file.
    pub digest: Digest,
}

/// The file that holds `signatures` (packets with their framing).
///
/// # Errors
/// [`RecordError`].
pub fn write(request: Digest, signatures: &[Vec<u8>]) -> Result<Vec<u8>, RecordError> {
    let mut block = Vec::with_capacity(signatures.iter().map(|s| s.len() + 4).sum());
    for signature in signatures {
        let length = u32::try_from(signature.len()).unwrap_or(u32::MAX);
        block.extend_from_slice(&length.to_be_bytes());
        block.extend_from_slice(signature);
    }
    RecordWriter::new("result")
        .line("request", request.to_string())
        .line("count", signatures.len().to_string())
        .block("signatures", &block)
        .finish()
}

/// Has it the form that sealing gives it? What is in it shows when the revocation set opens it.
fn is_sealed(value: &[u8]) -> bool {
    value.len() <= 2 * MAX_SEALED
        && value.starts_with(BEGIN)
        && value.trim_ascii_end().ends_with(END)
}

impl Outcome {
    /// Compares signatures with the drafts of the request, one by one, and verifies each.
    ///
    /// # Errors
    /// [`OutcomeError::Count`], [`OutcomeError::NotTheDraft`].
    pub fn check(
        signatures: &[impl AsRef<[u8]> + Sync],
        request: &VerifiedRequest,
        primary: &Primary,
        digest: Digest,
    ) -> Result<Self, OutcomeError> {
        let drafts = &request.request().drafts;
        if signatures.len() != drafts.len() {
            return Err(OutcomeError::Count);
        }
        let pairs: Vec<_> = drafts.iter().zip(signatures).collect();
        let checked = in_parallel(&pairs, |(draft, value)| {
            let value = value.as_ref();
            match draft.destination() {
                Destination::Out | Destination::Released => draft
                    .is_fulfilled_by(value, primary)
                    .map(Value::Signed)
                    .ok_or(OutcomeError::NotTheDraft(0)),
                Destination::Sealed => match is_sealed(value) {
                    true => Ok(Value::Sealed(value.to_vec())),
                    false => Err(OutcomeError::NotSealed(0)),
                },
            }
        });
        let values = checked
            .into_iter()
            .enumerate()
            .map(|(index, value)| {
                value.map_err(|error| match error {
                    OutcomeError::NotSealed(_) => OutcomeError::NotSealed(index + 1),
                    _ => OutcomeError::NotTheDraft(index + 1),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { values, digest })
    }

    /// The signatures that everybody can see, each with its draft.
    pub fn signed<'o>(
        &'o self,
        drafts: &'o [Draft],
    ) -> impl Iterator<Item = (&'o Draft, &'o Signed)> {
        let pairs = drafts.iter().zip(&self.values);
        pairs.filter_map(|(draft, value)| match value {
            Value::Signed(signed) => Some((draft, signed)),
            Value::Sealed(_) => None,
        })
    }

    /// The files that are sealed to the revocation set, each with its draft.
    pub fn sealed<'o>(
        &'o self,
        drafts: &'o [Draft],
    ) -> impl Iterator<Item = (&'o Draft, &'o [u8])> {
        let pairs = drafts.iter().zip(&self.values);
        pairs.filter_map(|(draft, value)| match value {
            Value::Sealed(file) => Some((draft, file.as_slice())),
            Value::Signed(_) => None,
        })
    }

    /// Reads and checks a result file.
    ///
    /// # Errors
    /// [`OutcomeError`].
    pub fn read(
        file: &[u8],
        request: &VerifiedRequest,
        primary: &Primary,
    ) -> Result<Self, OutcomeError> {
        let mut record = Record::parse(file, "result", MAX_OUTCOME)?;
        let of = record.take_line("request")?;
        if of != request.digest().to_string() {
            return Err(OutcomeError::OtherRequest(of));
        }
        let count = record.take_line("count")?;
        let block = record.take_block("signatures")?;
        record.end()?;
        let mut signatures = Vec::new();
        let mut rest = block.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            let (signature, after) = after.split_at_checked(length).ok_or(OutcomeError::Count)?;
            signatures.push(signature);
            rest = after;
        }
        if !rest.is_empty() || count != signatures.len().to_string() {
            return Err(OutcomeError::Count);
        }
        Self::check(&signatures, request, primary, record.digest())
    }
}
