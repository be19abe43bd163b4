//! Plans and drafts, keys, certificates, revocations: pure functions.
//!
//! The heart is [`draft`]: everything that the master key signs is a [`plan::Plan`],
//! and a plan has exactly one encoding, its draft.

mod address;
pub mod armor;
pub mod attestation;
pub mod change;
mod change_error;
pub mod draft;
mod draft_error;
mod draft_read;
mod draft_rules;
pub mod import;
pub mod key;
pub mod learnt;
pub mod lineage;
pub mod lint;
pub mod manifest_signature;
pub mod merge;
mod plain_text;
pub mod plan;
pub mod rehearsal;
pub mod revocation;
mod rsa;
pub mod self_signatures;
pub mod signing_subkey;
pub mod splice;
pub mod standing;
pub mod statement;
pub mod subpackets;
pub mod target;
mod value;

pub use draft::{Destination, Draft, DraftError, Signed};
pub use plan::Plan;
