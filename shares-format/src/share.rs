//! A share and the header that it has in common with all shares of its set.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::body::{self, BodyError};
use crate::values::{Generation, KeyFingerprint, Kind, Seat, SetId, Threshold};

/// What all shares of one set have in common. All of it is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SetHeader {
    /// The set's random name.
    pub set: SetId,
    /// What the set's secret opens.
    pub kind: Kind,
    /// The primary key that the set belongs to.
    pub fingerprint: KeyFingerprint,
    /// The dealing that made the set.
    pub generation: Generation,
    /// How many seats are needed.
    pub threshold: Threshold,
}

/// One seat's share of a secret. Its data are wiped on drop and appear in no output of `Debug`.
///
/// Nothing says yet that it is the share that was dealt: [`crate::Commitment::check`] does.
pub struct Share {
    header: SetHeader,
    seat: Seat,
    data: Zeroizing<Vec<u8>>,
}

impl Share {
    /// A share from its parts. `data` is as long as the secret, 1 to 1024 bytes.
    ///
    /// # Errors
    /// [`BodyError::DataLength`].
    pub fn new(header: SetHeader, seat: Seat, data: Zeroizing<Vec<u8>>) -> Result<Self, BodyError> {
        body::check_data_length(data.len())?;
        Ok(Self { header, seat, data })
    }

    /// What the share has in common with its set.
    pub fn header(&self) -> &SetHeader {
        &self.header
    }

    /// The share's x coordinate.
    pub fn seat(&self) -> Seat {
        self.seat
    }

    /// The secret part: the bytes that `gfcombine` reads from a file `NAME.<seat, three digits>`.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The whole share as bytes (`SPEC.md` § 2), secret as the data are.
    pub fn to_body(&self) -> Zeroizing<Vec<u8>> {
        body::encode(self)
    }

    /// The share of these bytes (`SPEC.md` § 2). There is one encoding of each share; no other is taken.
    ///
    /// # Errors
    /// [`BodyError`] names the rule that the bytes break.
    pub fn from_body(body: &[u8]) -> Result<Self, BodyError> {
        body::decode(body)
    }

    /// Whether the two are the same share in everything. Takes the same time wherever they differ.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.to_body().ct_eq(&other.to_body()).into()
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share")
            .field("header", &self.header)
            .field("seat", &self.seat)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_nothing_of_the_data() {
        let header = SetHeader {
            set: SetId([1; 16]),
            kind: Kind::Master,
            fingerprint: KeyFingerprint::V4([2; 20]),
            generation: Generation::FIRST,
            threshold: Threshold::new(2).unwrap(),
        };
        let data = Zeroizing::new(vec![0xee; 3]);
        let share = Share::new(header, Seat::new(9).unwrap(), data).unwrap();
        let shown = format!("{share:?} {:x?}", share);
        assert!(!shown.contains("238") && !shown.contains("ee,"), "{shown}");
        assert!(shown.ends_with(".. }"), "{shown}");
    }
}
