//! A signing host's offer: the file as it comes, and a true subkey with bytes changed. What is read is
//! written again to the same bytes. And what an agent says.
#![no_main]

use std::sync::OnceLock;

use quorate::ceremony::offer::Offer;
use quorate::openpgp::plan::Primary;
use quorate::vault::record::RecordWriter;
use quorate::world::Timestamp;
use quorate::world::gpg::sexp::Sexp;
use sequoia_openpgp as openpgp;

use openpgp::cert::CertBuilder;
use openpgp::packet::Packet;
use openpgp::serialize::MarshalInto as _;

/// A primary key, a subkey's packet and its back-signature's, as another program made them.
fn key() -> &'static (Primary, Vec<u8>, Vec<u8>) {
    static KEY: OnceLock<(Primary, Vec<u8>, Vec<u8>)> = OnceLock::new();
    KEY.get_or_init(|| {
        let (cert, _) = CertBuilder::new().add_signing_subkey().generate().expect("a key");
        let subkey = cert.keys().subkeys().next().expect("a subkey");
        let bound = subkey.self_signatures().next().expect("a binding");
        let back = bound.embedded_signatures().next().expect("a back-signature");
        let public = subkey.key().clone().parts_into_public();
        (
            cert.primary_key().key().clone().parts_into_public(),
            Packet::from(public).to_vec().expect("its bytes"),
            Packet::from(back.clone()).to_vec().expect("its bytes"),
        )
    })
}

fn read(file: &[u8], primary: &Primary) {
    if let Ok(offer) = Offer::read(file, primary, Timestamp::LATEST) {
        assert_eq!(offer.to_file().expect("an offer that was read"), file);
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = Sexp::parse(bytes);
    let (primary, subkey, back) = key();
    read(bytes, primary);
    let mut packets = [subkey.clone(), back.clone()];
    for patch in bytes.chunks_exact(4) {
        let packet = &mut packets[usize::from(patch[0] & 1)];
        let at = usize::from(u16::from_be_bytes([patch[1], patch[2]])) % packet.len();
        packet[at] = patch[3];
    }
    let text = RecordWriter::new("offer")
        .line("key", primary.fingerprint().to_hex())
        .line("host", "fuzz")
        .line("made", "2026-07-20T08:00:00Z")
        .block("subkey", &packets[0])
        .block("back-signature", &packets[1])
        .finish()
        .expect("a text");
    read(&text, primary);
});
