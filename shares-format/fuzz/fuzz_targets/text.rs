//! The reader of share texts. `cargo +nightly fuzz run text` in the folder `shares-format`, with the vectors to start from:
//! `cargo +nightly fuzz run text fuzz/corpus/text vectors/good vectors/transport vectors/outer vectors/damage vectors/body`.

#![no_main]

#[path = "../../tests/share/parser.rs"]
mod parser;

libfuzzer_sys::fuzz_target!(|text: &[u8]| parser::holds_for(text));
