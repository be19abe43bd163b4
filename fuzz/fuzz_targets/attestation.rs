//! What roots hand in as attestations: a public key as gpg exports it, with some bytes changed.
#![no_main]

use std::sync::OnceLock;

use quorate::openpgp::attestation::{Signer, Subject, check, evidence, read};
use quorate::world::Timestamp;
use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::packet::UserID;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::SignatureType;

const USER_ID: &str = "Infra <infra@example.org>";

struct Case {
    master: Cert,
    signers: Vec<Signer>,
    exported: Vec<u8>,
    now: Timestamp,
}

fn case() -> &'static Case {
    static CASE: OnceLock<Case> = OnceLock::new();
    CASE.get_or_init(|| {
        let cert = |user_id: &str| {
            let built = CertBuilder::new().add_userid(user_id).generate();
            built.expect("a key").0
        };
        let (master, anna) = (cert(USER_ID), cert("Anna <anna@example.org>"));
        let key = anna.primary_key().key().clone().parts_into_secret();
        let mut pair = key.expect("a secret").into_keypair().expect("a pair");
        let user_id = UserID::from(USER_ID);
        let primary = master.primary_key().key();
        let signature = SignatureBuilder::new(SignatureType::GenericCertification)
            .sign_userid_binding(&mut pair, primary, &user_id)
            .expect("a signature");
        let master = master.strip_secret_key_material();
        let signed = master.clone().insert_packets(signature).expect("a key").0;
        Case {
            exported: signed.to_vec().expect("its bytes"),
            master,
            signers: vec![Signer {
                fingerprint: anna.fingerprint(),
                cert: Some(anna.strip_secret_key_material()),
            }],
            now: Timestamp::from(std::time::SystemTime::now()),
        }
    })
}

fn look(case: &Case, file: &[u8]) {
    let primary = case.master.primary_key().key().clone();
    let subject = Subject {
        primary: &primary,
        user_id: USER_ID,
    };
    let _ = evidence(file, subject, &case.signers, case.now);
    let Ok(handed_in) = read(file) else {
        return;
    };
    for found in &handed_in.found {
        match check(found, subject, &case.signers, case.now) {
            Ok(one) => {
                let again = evidence(&one.file, subject, &case.signers, case.now);
                assert_eq!(again, Ok(one), "what counts has one form");
            }
            Err(error) => drop(error.to_string()),
        }
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let case = case();
    look(case, bytes);
    let mut changed = case.exported.clone();
    for patch in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([patch[0], patch[1]])) % changed.len();
        changed[at] = patch[2];
    }
    look(case, &changed);
});
