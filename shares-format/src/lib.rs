//! Threshold shares over GF(2⁸): dealing, combining, commitments and the share text.
//!
//! A secret of 1 to 1024 bytes is dealt to seats 1 to 255; any `k` of them (`k` at least 2) give it back, fewer tell nothing. The arithmetic is
//! that of libgfshare and blahaj, so the bytes of a share are what `gfcombine` reads. `SPEC.md` beside this crate says
//! everything that another reader needs.
//!
//! The way of a share is written in types. Each step can be taken only through the one before it:
//!
//! ```text
//! deal ──> Share ──to_text──> (paper, mail) ──from_text──> Share ──Commitment::check──> TrueShare
//!                                                                                          │
//!                                        secret <──combine── Quorum <──quorum── Candidates <─┘
//! ```
//!
//! ```
//! use quorate_share::{Candidates, Generation, KeyFingerprint, Kind, SetHeader, SetId, Share, Threshold};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let header = SetHeader {
//!     set: SetId([7; 16]),
//!     kind: Kind::Master,
//!     fingerprint: KeyFingerprint::V4([0xab; 20]),
//!     generation: Generation::FIRST,
//!     threshold: Threshold::new(2)?,
//! };
//! let shares = quorate_share::deal_with_os_rng(b"a long random passphrase", &header, 3)?;
//! let commitments: Vec<_> = shares.iter().map(Share::commitment).collect();
//!
//! let mut candidates = Candidates::of(header);
//! for (share, commitment) in shares.iter().zip(&commitments).skip(1) {
//!     let read = Share::from_text(share.to_text().as_bytes())?;
//!     candidates.add(commitment.check(read)?)?;
//! }
//! assert_eq!(&*candidates.quorum()?.combine(), b"a long random passphrase");
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod base32;
mod body;
mod check;
mod combine;
mod commitment;
mod deal;
mod gf;
mod hex;
mod share;
mod text;
mod values;

pub use body::{BodyError, MAX_DATA};
pub use combine::{Added, Candidates, CombineError, Quorum};
pub use commitment::{Commitment, FalseShare, TrueShare};
pub use deal::{DealError, deal, deal_with_os_rng};
pub use rand_core;
pub use share::{SetHeader, Share};
pub use text::{DamagedLine, LineFault, MAX_TEXT, Place, TextError, find_all};
pub use values::{Generation, KeyFingerprint, Kind, Seat, SetId, Threshold, ValueError};
