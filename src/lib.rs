//! quorate keeps an OpenPGP master key in the custody of a team.
//!
//! The map, from the top down; a module calls those below it and never up:
//!
//! - [`cli`]: one file or folder per command, errors turned into words and exit codes
//! - [`session`]: the locked-up process that rebuilds the key and signs
//! - [`publish`]: what leaves the house: keyservers, release site, succession, announcement
//! - [`ceremony`]: request, approval, submission, quorum, minutes
//! - [`vault`]: the directory, the manifest, evidence and what follows from it
//! - [`roster`]: roots, holder keys, sealing and opening
//! - [`openpgp`]: plans and drafts, keys, certificates: pure functions
//! - [`world`]: files, programs, clock, randomness and terminal
#![forbid(unsafe_code)]

pub mod ceremony;
pub mod cli;
pub mod openpgp;
pub mod publish;
pub mod roster;
pub mod session;
pub mod vault;
pub mod world;
