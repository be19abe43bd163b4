//! The locked-up process: harden, rebuild, sign, deal; its channel to the front end.
//!
//! The front end [starts](start::Worker::start) the program once more as the worker. The worker
//! [takes its channel](start::Channel::take), [locks itself up](start::Channel::ready), receives one job, answers once
//! and ends; the process's end wipes what libraries kept.

pub mod channel;
pub mod harden;
pub mod locked;
pub mod start;
