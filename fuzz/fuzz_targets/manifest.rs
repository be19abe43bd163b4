//! The manifest: what is read is written again to the same bytes.
#![no_main]

use quorate::vault::manifest::{Manifest, SignedManifest, split};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = SignedManifest::read_unpinned(bytes);
    let _ = split(bytes);
    if let Ok(manifest) = Manifest::parse(bytes) {
        assert_eq!(manifest.render(), bytes);
    }
});
