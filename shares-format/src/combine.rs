//! Combining: from shares that fit together back to the secret. All that can be refused is refused before a byte is combined.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::commitment::TrueShare;
use crate::gf;
use crate::share::{SetHeader, Share};
use crate::values::{Generation, KeyFingerprint, Kind, Seat, SetId, Threshold};

/// Why shares don't combine. `seat` is that of the share that was refused, `expected` is what the others have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// Fewer seats than the threshold.
    #[error("{have} of {need} seats")]
    TooFew {
        /// Different seats at hand.
        have: u8,
        /// The threshold.
        need: u8,
    },
    /// A share of this seat is here already, with other data.
    #[error("two different shares of seat {seat}")]
    SeatTwice {
        /// The seat of both.
        seat: Seat,
    },
    /// Of another set.
    #[error("seat {seat} is of set {found}, not {expected}")]
    OtherSet {
        /// The refused share's seat.
        seat: Seat,
        /// The set of the others.
        expected: SetId,
        /// The refused share's set.
        found: SetId,
    },
    /// Of another kind.
    #[error("seat {seat} is of kind {found}, not {expected}")]
    OtherKind {
        /// The refused share's seat.
        seat: Seat,
        /// The kind of the others.
        expected: Kind,
        /// The refused share's kind.
        found: Kind,
    },
    /// Of another key.
    #[error("seat {seat} is of key {found}, not {expected}")]
    OtherKey {
        /// The refused share's seat.
        seat: Seat,
        /// The key of the others.
        expected: KeyFingerprint,
        /// The refused share's key.
        found: KeyFingerprint,
    },
    /// Of another dealing.
    #[error("seat {seat} is of generation {found}, not {expected}")]
    OtherGeneration {
        /// The refused share's seat.
        seat: Seat,
        /// The generation of the others.
        expected: Generation,
        /// The refused share's generation.
        found: Generation,
    },
    /// With another threshold.
    #[error("seat {seat} has the threshold {found}, not {expected}")]
    OtherThreshold {
        /// The refused share's seat.
        seat: Seat,
        /// The threshold of the others.
        expected: Threshold,
        /// The refused share's threshold.
        found: Threshold,
    },
    /// Of a secret of another length.
    #[error("seat {seat} has {found} bytes, not {expected}")]
    OtherLength {
        /// The refused share's seat.
        seat: Seat,
        /// The data length of the others, in bytes.
        expected: usize,
        /// The refused share's, in bytes.
        found: usize,
    },
    /// These seats don't lie on the polynomial through the first k. At least one of all the shares is false, and maybe none of these.
    #[error("{} seats do not lie on the polynomial of the others", seats.len())]
    OffPolynomial {
        /// The seats that don't fit.
        seats: Vec<Seat>,
        /// The seats that the polynomial was drawn through.
        drawn_through: Vec<Seat>,
    },
}

/// What became of a share that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// Its seat is new.
    New,
    /// The same share was here already; it counts once.
    Again,
}

/// Shares that fit together so far, one per seat.
#[derive(Default)]
pub struct Candidates {
    header: Option<SetHeader>,
    length: Option<usize>,
    shares: BTreeMap<Seat, Share>,
}

impl Candidates {
    /// For shares of whatever set the first one is of.
    pub fn new() -> Self {
        Self::default()
    }

    /// For shares of this set only.
    pub fn of(header: SetHeader) -> Self {
        Self {
            header: Some(header),
            ..Self::default()
        }
    }

    /// Takes a share that matches its commitment.
    ///
    /// # Errors
    /// Every variant of [`CombineError`] but `TooFew` and `OffPolynomial`. What was taken before stays.
    pub fn add(&mut self, share: TrueShare) -> Result<Added, CombineError> {
        self.add_unverified(share.into_share())
    }

    /// Takes a share that nothing vouches for but its own check characters. A false one among exactly k gives a false secret without an error.
    /// For recovery without a manifest, and for tests.
    ///
    /// # Errors
    /// As [`Candidates::add`].
    pub fn add_unverified(&mut self, share: Share) -> Result<Added, CombineError> {
        let expected = *self.header.get_or_insert(*share.header());
        fits(&expected, &share)?;
        let (seat, found) = (share.seat(), share.data().len());
        let expected = *self.length.get_or_insert(found);
        if found != expected {
            return Err(CombineError::OtherLength {
                seat,
                expected,
                found,
            });
        }
        match self.shares.entry(seat) {
            Entry::Vacant(place) => {
                place.insert(share);
                Ok(Added::New)
            }
            Entry::Occupied(place) if place.get().is_same_as(&share) => Ok(Added::Again),
            Entry::Occupied(_) => Err(CombineError::SeatTwice { seat }),
        }
    }

    /// The header that all have in common, once it is known.
    pub fn header(&self) -> Option<&SetHeader> {
        self.header.as_ref()
    }

    /// The different seats, in rising order.
    pub fn seats(&self) -> impl ExactSizeIterator<Item = Seat> {
        self.shares.keys().copied()
    }

    /// The shares as a quorum: there are k of them, and every further one lies on the polynomial through the first k seats.
    ///
    /// # Errors
    /// [`CombineError::TooFew`] (of an empty collection with the least threshold there is), [`CombineError::OffPolynomial`].
    pub fn quorum(&self) -> Result<Quorum<'_>, CombineError> {
        let need = self.header.map_or(2, |header| header.threshold.get());
        if self.shares.len() < usize::from(need) {
            // Seats are bytes, so their number fits one.
            let have = self.shares.len() as u8;
            return Err(CombineError::TooFew { have, need });
        }
        let mut shares = self.shares.values();
        let base: Vec<&Share> = shares.by_ref().take(need.into()).collect();
        let quorum = Quorum {
            points: base.iter().map(|share| share.seat().get()).collect(),
            base,
        };
        let off: Vec<Seat> = shares
            .filter(|share| !bool::from(quorum.at(share.seat().get()).ct_eq(share.data())))
            .map(Share::seat)
            .collect();
        if !off.is_empty() {
            return Err(CombineError::OffPolynomial {
                seats: off,
                drawn_through: quorum.seats().collect(),
            });
        }
        Ok(quorum)
    }
}

/// Exactly k shares of different seats that fit together, with all further ones checked against them.
pub struct Quorum<'a> {
    points: Vec<u8>,
    base: Vec<&'a Share>,
}

impl Quorum<'_> {
    /// The secret.
    pub fn combine(&self) -> Zeroizing<Vec<u8>> {
        self.at(0)
    }

    /// The seats that are combined, in rising order.
    pub fn seats(&self) -> impl Iterator<Item = Seat> {
        self.base.iter().map(|share| share.seat())
    }

    /// The value at `x` of the polynomial through the k shares. `x` is none of their seats.
    fn at(&self, x: u8) -> Zeroizing<Vec<u8>> {
        let length = self.base.first().map_or(0, |share| share.data().len());
        let mut value = Zeroizing::new(vec![0; length]);
        for (weight, share) in gf::weights(&self.points, x).into_iter().zip(&self.base) {
            gf::add_scaled(&mut value, weight, share.data());
        }
        value
    }
}

/// Whether `share` is of the set that `expected` describes; the first difference is the error.
fn fits(expected: &SetHeader, share: &Share) -> Result<(), CombineError> {
    let (seat, found) = (share.seat(), share.header());
    if found.fingerprint != expected.fingerprint {
        return Err(CombineError::OtherKey {
            seat,
            expected: expected.fingerprint,
            found: found.fingerprint,
        });
    }
    if found.kind != expected.kind {
        return Err(CombineError::OtherKind {
            seat,
            expected: expected.kind,
            found: found.kind,
        });
    }
    if found.generation != expected.generation {
        return Err(CombineError::OtherGeneration {
            seat,
            expected: expected.generation,
            found: found.generation,
        });
    }
    if found.set != expected.set {
        return Err(CombineError::OtherSet {
            seat,
            expected: expected.set,
            found: found.set,
        });
    }
    if found.threshold != expected.threshold {
        return Err(CombineError::OtherThreshold {
            seat,
            expected: expected.threshold,
            found: found.threshold,
        });
    }
    Ok(())
}
