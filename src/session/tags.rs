//! The jobs of the worker and its answers, as tags of messages.

use super::start::TAG_FIRST_FREE;

/// To the worker: make a vault ([`super::deal`]).
pub const DEAL: u8 = TAG_FIRST_FREE;
/// To the worker: carry out a request ([`super::sign`]).
pub const SIGN: u8 = TAG_FIRST_FREE + 1;
/// From the worker: done; the fields depend on the job.
pub const DONE: u8 = TAG_FIRST_FREE + 2;
/// From the worker: refused; one field, [`super::refusal::Refusal`] in a line.
pub const REFUSED: u8 = TAG_FIRST_FREE + 3;
/// From the worker, before the answer to [`DEAL`]: the files that it made and still has to check.
pub const MADE: u8 = TAG_FIRST_FREE + 6;
/// To the worker: carry out a drill ([`super::drill`]).
pub const DRILL: u8 = TAG_FIRST_FREE + 4;
/// To the worker: carry out a pair of requests ([`super::sign::sign_pair`]).
pub const SIGN_PAIR: u8 = TAG_FIRST_FREE + 5;
