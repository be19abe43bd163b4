//! The small values of a share set. Each is checked where it is made, so inside the crate a value is valid.

use std::fmt;
use std::num::{NonZeroU8, NonZeroU32};
use std::str::FromStr;

use crate::hex;

/// A value that no share set can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A seat is an x coordinate; at x = 0 lies the secret itself.
    #[error("seat 0 does not exist")]
    SeatZero,
    /// With a threshold of 1 every share would be the secret.
    #[error("a threshold of {0} is below 2")]
    Threshold(u8),
    /// Generations count from 1.
    #[error("generation 0 does not exist")]
    GenerationZero,
    /// No kind of share set has this number.
    #[error("{0} is no kind of share set")]
    Kind(u8),
    /// An OpenPGP fingerprint has 20 bytes (version 4) or 32 (version 6).
    #[error("a fingerprint of {0} bytes")]
    FingerprintLength(usize),
    /// Not hexadecimal, or not of the right length.
    #[error("not {digits} hexadecimal digits")]
    Hex {
        /// How many digits it should be.
        digits: usize,
    },
}

/// A share's x coordinate, 1 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(NonZeroU8);

impl Seat {
    /// The seat of this number.
    ///
    /// # Errors
    /// [`ValueError::SeatZero`].
    pub fn new(number: u8) -> Result<Self, ValueError> {
        NonZeroU8::new(number).map(Self).ok_or(ValueError::SeatZero)
    }

    /// The number, 1 to 255.
    pub fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many seats are needed together, 2 to 255. [`crate::deal`] sees to it that a set has at least that many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threshold(u8);

impl Threshold {
    /// The threshold of this number.
    ///
    /// # Errors
    /// [`ValueError::Threshold`] below 2.
    pub fn new(number: u8) -> Result<Self, ValueError> {
        if number < 2 {
            return Err(ValueError::Threshold(number));
        }
        Ok(Self(number))
    }

    /// The number, 2 to 255.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a dealing: 1 at first, and one more with every dealing after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(NonZeroU32);

impl Generation {
    /// The first dealing.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The generation of this number.
    ///
    /// # Errors
    /// [`ValueError::GenerationZero`].
    pub fn new(number: u32) -> Result<Self, ValueError> {
        NonZeroU32::new(number)
            .map(Self)
            .ok_or(ValueError::GenerationZero)
    }

    /// The number, from 1.
    pub fn get(self) -> u32 {
        self.0.get()
    }

    /// The generation after this one; none after the last that 32 bits can count.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the secret of a share set opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The master file.
    Master = 1,
    /// The revocation file.
    Revocation = 2,
    /// A worthless file, in drills for the master key.
    PracticeMaster = 3,
    /// A worthless file, in drills for the revocations.
    PracticeRevocation = 4,
}

impl Kind {
    /// The four kinds in the order of their numbers.
    pub const ALL: [Self; 4] = [
        Self::Master,
        Self::Revocation,
        Self::PracticeMaster,
        Self::PracticeRevocation,
    ];

    /// The number in the share's body (`SPEC.md` § 2).
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The kind of this number.
    ///
    /// # Errors
    /// [`ValueError::Kind`] for any number but 1 to 4.
    pub fn from_number(number: u8) -> Result<Self, ValueError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.number() == number)
            .ok_or(ValueError::Kind(number))
    }

    /// Whether shares of this kind open nothing of worth.
    pub fn is_practice(self) -> bool {
        matches!(self, Self::PracticeMaster | Self::PracticeRevocation)
    }

    /// The kind that one practises for this one with; a practice kind gives itself.
    pub fn practice(self) -> Self {
        match self {
            Self::Master | Self::PracticeMaster => Self::PracticeMaster,
            Self::Revocation | Self::PracticeRevocation => Self::PracticeRevocation,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "master",
            Self::Revocation => "revocation",
            Self::PracticeMaster => "practice master",
            Self::PracticeRevocation => "practice revocation",
        })
    }
}

/// The random name of a share set, never used again. Shown as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub [u8; 16]);

impl fmt::Display for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::lower(&self.0))
    }
}

impl FromStr for SetId {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        hex::parse(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(ValueError::Hex { digits: 32 })
    }
}

/// The fingerprint of the OpenPGP primary key that the set belongs to (RFC 9580 § 5.5.4). Shown in upper-case hexadecimal without blanks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyFingerprint {
    /// Of a version 4 key.
    V4([u8; 20]),
    /// Of a version 6 key.
    V6([u8; 32]),
}

impl KeyFingerprint {
    /// The fingerprint of these bytes.
    ///
    /// # Errors
    /// [`ValueError::FingerprintLength`] unless there are 20 or 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ValueError> {
        if let Ok(bytes) = bytes.try_into() {
            return Ok(Self::V4(bytes));
        }
        bytes
            .try_into()
            .map(Self::V6)
            .map_err(|_| ValueError::FingerprintLength(bytes.len()))
    }

    /// The bytes, 20 or 32.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(bytes) => bytes,
            Self::V6(bytes) => bytes,
        }
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::upper(self.as_bytes()))
    }
}

impl FromStr for KeyFingerprint {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let bytes = hex::parse(text).ok_or(ValueError::Hex { digits: 40 })?;
        Self::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_no_set_can_have_are_refused() {
        assert_eq!(Seat::new(0), Err(ValueError::SeatZero));
        assert_eq!(Threshold::new(1), Err(ValueError::Threshold(1)));
        assert_eq!(Generation::new(0), Err(ValueError::GenerationZero));
        assert_eq!(Kind::from_number(0), Err(ValueError::Kind(0)));
        assert_eq!(Kind::from_number(5), Err(ValueError::Kind(5)));
        assert_eq!(
            KeyFingerprint::from_bytes(&[0; 21]),
            Err(ValueError::FingerprintLength(21))
        );
    }

    #[test]
    fn names_come_back_from_their_own_display() {
        let set = SetId([0xa7; 16]);
        assert_eq!(set.to_string().parse(), Ok(set));
        for fingerprint in [KeyFingerprint::V4([0xc1; 20]), KeyFingerprint::V6([9; 32])] {
            assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }
        assert!("a7".parse::<SetId>().is_err());
        assert_eq!(Generation::FIRST.next(), Generation::new(2).ok());
    }
}
