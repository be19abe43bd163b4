//! The directory: manifest, evidence and what follows from it, pins, atomic writes, lock.
//!
//! - [`record`]: the text that all evidence has; [`receipt`]: one kind of it
//! - [`manifest`]: `vault.toml`, the constitution; [`render`]: its one text
//! - [`force`]: what receipts come to; [`attested`]: what attestations come to
//! - [`pins`]: what this machine remembers of a vault

pub mod attested;
pub mod closing;
pub mod destruction;
pub mod force;
pub mod manifest;
mod manifest_rules;
mod manifest_toml;
pub mod pins;
pub mod receipt;
pub mod record;
pub mod render;
