//! A key that somebody exported: as it comes, and a true one with bytes changed.
#![no_main]

use std::sync::OnceLock;

use quorate::openpgp::import::{Export, Wish};
use quorate::world::Timestamp;
use sequoia_openpgp as openpgp;

use openpgp::cert::CertBuilder;
use openpgp::serialize::Serialize as _;

const USER_ID: &str = "Old Release <old@example.org>";

/// A key with a signing and a decrypting subkey, and the time at which it is looked at.
fn key() -> &'static (Vec<u8>, Timestamp) {
    static KEY: OnceLock<(Vec<u8>, Timestamp)> = OnceLock::new();
    KEY.get_or_init(|| {
        let year = std::time::Duration::from_secs(365 * 86_400);
        let (cert, _) = CertBuilder::new()
            .add_userid(USER_ID)
            .add_signing_subkey()
            .add_transport_encryption_subkey()
            .set_validity_period(year)
            .generate()
            .expect("a key");
        let mut bytes = Vec::new();
        cert.as_tsk().serialize(&mut bytes).expect("its bytes");
        let now = Timestamp::from(std::time::SystemTime::now() + std::time::Duration::from_secs(60));
        (bytes, now)
    })
}

fn read(bytes: &[u8], now: Timestamp) {
    let Ok(export) = Export::read(bytes) else {
        return;
    };
    let wish = Wish {
        user_id: USER_ID,
        drop: &[],
        subkeys_have_a_home: true,
        now,
    };
    let _ = (export.is_locked(), export.fingerprint(), export.algorithm());
    if let Err(error) = export.check(&wish) {
        let _ = error.to_string();
    }
    if let Ok(imported) = export.take(&wish, b"") {
        let file = imported.key.to_file(&imported.own);
        assert!(file.is_ok(), "what was taken can be written");
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (whole, now) = key();
    read(bytes, *now);
    let mut changed = whole.clone();
    for patch in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([patch[0], patch[1]])) % changed.len();
        changed[at] = patch[2];
    }
    read(&changed, *now);
});
