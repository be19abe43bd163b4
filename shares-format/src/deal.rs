//! Dealing a secret, by the `blahaj` crate (the maintained fork of `sharks`).

use std::convert::Infallible;

use rand_core::{CryptoRng, TryCryptoRng, TryRng};
use sharks::Sharks;
use zeroize::{Zeroize, Zeroizing};

use crate::body::MAX_DATA;
use crate::share::{SetHeader, Share};
use crate::values::Seat;

/// What can't be dealt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DealError {
    /// A secret has 1 to 1024 bytes.
    #[error("a secret of {0} bytes")]
    SecretLength(usize),
    /// More seats would be needed than there are.
    #[error("a threshold of {threshold} above {seats} seats")]
    ThresholdAboveSeats {
        /// How many seats the header asks for.
        threshold: u8,
        /// How many there would be.
        seats: u8,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// Deals `secret` to the seats 1 to `seats`, in this order. Any `header.threshold` of the shares give it back.
///
/// The coefficients in blahaj's memory are not wiped by it: run this under an allocator that zeroes what it frees.
///
/// # Errors
/// [`DealError::SecretLength`], [`DealError::ThresholdAboveSeats`].
pub fn deal(
    secret: &[u8],
    header: &SetHeader,
    seats: u8,
    rng: &mut impl CryptoRng,
) -> Result<Vec<Share>, DealError> {
    let threshold = header.threshold.get();
    if secret.is_empty() || secret.len() > MAX_DATA {
        return Err(DealError::SecretLength(secret.len()));
    }
    if threshold > seats {
        return Err(DealError::ThresholdAboveSeats { threshold, seats });
    }
    let mut shares = Vec::with_capacity(seats.into());
    for dealt in Sharks(threshold).dealer_rng(secret, rng).take(seats.into()) {
        // First x, then y.
        let point = Zeroizing::new(Vec::from(&dealt));
        let (x, y) = point.split_at(1);
        let (Ok(seat), data) = (Seat::new(x[0]), Zeroizing::new(y.to_vec())) else {
            continue; // Not reached: blahaj counts x from 1.
        };
        // The length was checked above, so each of them is made.
        shares.extend(Share::new(*header, seat, data));
    }
    Ok(shares)
}

/// [`deal`] with random bytes from the operating system alone.
///
/// # Errors
/// As [`deal`], and [`DealError::NoRandomness`].
pub fn deal_with_os_rng(
    secret: &[u8],
    header: &SetHeader,
    seats: u8,
) -> Result<Vec<Share>, DealError> {
    let mut source = OsSource {
        buffer: Zeroizing::new([0; 512]),
        used: 512,
        failed: false,
    };
    let shares = deal(secret, header, seats, &mut source)?;
    if source.failed {
        return Err(DealError::NoRandomness);
    }
    Ok(shares)
}

/// Random bytes of the operating system, some at a time, since blahaj asks for each coefficient singly.
/// blahaj's interface can't fail; a failure is kept here, and what was dealt is thrown away.
struct OsSource {
    buffer: Zeroizing<[u8; 512]>,
    used: usize,
    failed: bool,
}

impl OsSource {
    fn next<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used == self.buffer.len() {
                self.failed |= getrandom::fill(&mut *self.buffer).is_err();
                self.used = 0;
            }
            *byte = self.buffer[self.used];
            self.buffer[self.used].zeroize();
            self.used += 1;
        }
    }
}

impl TryRng for OsSource {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.next()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.next()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for OsSource {}
