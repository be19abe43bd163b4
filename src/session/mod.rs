//! The locked-up process: harden, rebuild, sign, deal; its channel to the front end.
//!
//! The front end [starts](start::Worker::start) the program once more as the worker. The worker
//! [takes its channel](start::Channel::take), [locks itself up](start::Channel::ready), receives
//! one job, answers once and ends; the process's end wipes what libraries kept.
//!
//! Read in this order: [`worker`], [`sign`], [`harden`]; `docs/session.md` walks through them.

mod answers;
pub mod channel;
pub mod deal;
pub mod drill;
mod drill_job;
pub mod front;
pub mod harden;
mod job;
pub mod locked;
pub mod origin;
mod pair_job;
pub mod refusal;
pub mod sign;
pub mod start;
pub mod succession;
mod tags;
pub mod worker;
