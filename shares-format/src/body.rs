//! The binary body of a share (`SPEC.md` § 2): what is written as text, and what a commitment is made over.

use zeroize::Zeroizing;

use crate::share::{SetHeader, Share};
use crate::values::{Generation, KeyFingerprint, Kind, Seat, SetId, Threshold, ValueError};

/// The longest secret, and so the longest share data, in bytes.
pub const MAX_DATA: usize = 1024;

/// Shamir's scheme over GF(2⁸). Other numbers are left for schemes to come.
const SCHEME: u8 = 1;

/// Bodies are filled up to a multiple of this many bytes, which eight base32 characters carry exactly.
const UNIT: usize = 5;

/// A body that breaks a rule of `SPEC.md` § 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It ends within its header.
    #[error("{0} bytes are no whole header")]
    Short(usize),
    /// Made by another scheme than this program knows.
    #[error("scheme {0} is unknown")]
    Scheme(u8),
    /// A field holds what no share set can have.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Share data have 1 to 1024 bytes.
    #[error("{0} bytes of share data")]
    DataLength(usize),
    /// Not as long as its header says: cut off, or with something behind.
    #[error("a body of {found} bytes instead of {expected}")]
    Length {
        /// The length that it has.
        found: usize,
        /// The length that its header asks for.
        expected: usize,
    },
    /// The filling between header and data isn't zero.
    #[error("the filling is not zero")]
    Filling,
}

/// # Errors
/// [`BodyError::DataLength`].
pub(crate) fn check_data_length(length: usize) -> Result<(), BodyError> {
    if length == 0 || length > MAX_DATA {
        return Err(BodyError::DataLength(length));
    }
    Ok(())
}

/// The body of `share`.
pub(crate) fn encode(share: &Share) -> Zeroizing<Vec<u8>> {
    let SetHeader {
        set,
        kind,
        fingerprint,
        generation,
        threshold,
    } = share.header();
    let fingerprint = fingerprint.as_bytes();
    let length = share.data().len();
    // All of it at once, so that nothing moves and leaves a copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(27 + fingerprint.len() + length + UNIT));
    body.push(SCHEME);
    body.push(kind.number());
    body.extend_from_slice(&set.0);
    // 20 or 32, and at most 1024: both fit.
    body.push(fingerprint.len() as u8);
    body.extend_from_slice(fingerprint);
    body.extend_from_slice(&generation.get().to_be_bytes());
    body.push(threshold.get());
    body.push(share.seat().get());
    body.extend_from_slice(&(length as u16).to_be_bytes());
    let filled = (body.len() + length).next_multiple_of(UNIT) - length;
    body.resize(filled, 0);
    body.extend_from_slice(share.data());
    body
}

/// The share of `body`.
///
/// # Errors
/// [`BodyError`] for every body that [`encode`] doesn't make.
pub(crate) fn decode(body: &[u8]) -> Result<Share, BodyError> {
    let mut rest = Reader { body, at: 0 };
    let [scheme, kind] = rest.take()?;
    if scheme != SCHEME {
        return Err(BodyError::Scheme(scheme));
    }
    let kind = Kind::from_number(kind)?;
    let set = SetId(rest.take()?);
    let fingerprint = match rest.take()? {
        [20] => KeyFingerprint::V4(rest.take()?),
        [32] => KeyFingerprint::V6(rest.take()?),
        [other] => return Err(ValueError::FingerprintLength(other.into()).into()),
    };
    let generation = Generation::new(u32::from_be_bytes(rest.take()?))?;
    let [threshold, seat] = rest.take()?;
    let threshold = Threshold::new(threshold)?;
    let seat = Seat::new(seat)?;
    let length = usize::from(u16::from_be_bytes(rest.take()?));
    check_data_length(length)?;

    let expected = (rest.at + length).next_multiple_of(UNIT);
    if body.len() != expected {
        return Err(BodyError::Length {
            found: body.len(),
            expected,
        });
    }
    let (filling, data) = body[rest.at..].split_at(expected - length - rest.at);
    if filling.iter().any(|&byte| byte != 0) {
        return Err(BodyError::Filling);
    }
    let header = SetHeader {
        set,
        kind,
        fingerprint,
        generation,
        threshold,
    };
    Share::new(header, seat, Zeroizing::new(data.to_vec()))
}

/// Takes fields of fixed size from the front.
struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BodyError> {
        let field = self.body[self.at..]
            .first_chunk()
            .ok_or(BodyError::Short(self.body.len()))?;
        self.at += N;
        Ok(*field)
    }
}
