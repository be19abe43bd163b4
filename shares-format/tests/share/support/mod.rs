//! What the tests and the maker of the vectors share.

pub mod naive;
pub mod vectors;

use std::path::PathBuf;

/// The folder with the vectors.
pub fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "vectors"].iter().collect()
}
