//! Roots, seats, holder keys, sealing and opening.
//!
//! - [`config`]: `team.toml`, the whole input of `create`; [`config_error`]: what can be wrong with it
//! - [`name`]: the short name of a root
//! - [`sealing`]: to whom shares are sealed; [`opening`]: how a holder opens an own one
//! - [`sealed_share`]: what lies inside; [`holder_key`]: the key that signs a holder's evidence
//! - [`passphrase`]: what is split, and the files that lie under it
//! - [`age_file`]: whole age files with limits, shared by the modules above
//!
//! Everything here works in memory: bytes in, bytes out, no file, program, network or thread.

pub mod age_file;
pub mod age_recipient;
mod age_scrypt;
pub mod config;
pub mod config_error;
mod config_read;
#[cfg(test)]
mod config_tests;
mod config_toml;
pub mod holder_key;
pub mod name;
mod one_time;
pub mod opening;
mod openpgp_recipient;
#[cfg(test)]
mod openpgp_recipient_tests;
pub mod passphrase;
pub mod sealed_share;
pub mod sealing;
mod ssh_recipient;
pub mod typed_passphrase;

pub(crate) use config_toml::distance;
