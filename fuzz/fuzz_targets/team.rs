//! What people write and send: team.toml, sealed shares, identities, receipts' containers.
#![no_main]

use quorate::ceremony::submission::{normalized, split};
use quorate::roster::config::Config;
use quorate::roster::opening::AgeIdentity;
use quorate::roster::sealed_share::SealedShare;
use quorate::roster::sealing::Recipient;
use quorate::vault::pins::Pins;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Config::parse(bytes) {
        let _ = error.to_string();
    }
    let _ = SealedShare::parse(bytes);
    let _ = AgeIdentity::from_file(bytes);
    let _ = Recipient::from_any_file(bytes, 1_800_000_000);
    if let Ok((vault, pins)) = Pins::import(bytes) {
        assert_eq!(Pins::import(pins.export(&vault).as_bytes()), Ok((vault, pins)));
    }
    for part in split(bytes) {
        let _ = normalized(part);
    }
});
