//! Drafts: what is read as one is the one encoding of what it was read as.
#![no_main]

use quorate::openpgp::Draft;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(draft) = Draft::decode(bytes) {
        assert_eq!(draft.bytes(), bytes);
        let again = Draft::encode(draft.plan().clone()).expect("a plan that was read");
        assert_eq!(again.bytes(), bytes);
    }
});
