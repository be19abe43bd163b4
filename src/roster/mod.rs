//! Roots, seats, holder keys, sealing and opening.

pub mod config;
pub mod holder_key;
pub mod opening;
pub mod passphrase;
pub mod sealed_share;
pub mod sealing;
