//! What people write and send: team.toml, sealed shares, identities, receipts' containers.
#![no_main]

use quorate::roster::config::Config;
use quorate::roster::opening::AgeIdentity;
use quorate::roster::sealed_share::SealedShare;
use quorate::roster::sealing::Recipient;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = Config::parse(bytes) {
        let _ = error.to_string();
    }
    let _ = SealedShare::parse(bytes);
    let _ = AgeIdentity::from_file(bytes);
    let _ = Recipient::age(bytes);
});
