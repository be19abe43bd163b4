//! `lint` and `lineage` beside gpg and sq, on the published keys of a real team and on odd ones.

use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::cert::{CertBuilder, CertParser};
use openpgp::parse::Parse as _;
use openpgp::serialize::SerializeInto as _;

use super::home::{Home, REAL};

/// The four whose self-signatures use SHA-1: Ocata, Pike, Queens, Rocky.
const REFUSED: [&str; 4] = ["Ocata", "Pike", "Queens", "Rocky"];

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// The codes of what was found about the only certificate.
fn facts(home: &Home, file: &str) -> Vec<String> {
    let linted = json(&home.sh(&format!("quorate lint --json {file}")).said);
    let findings = linted["certificates"][0]["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["fact"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn of_the_real_keys_it_finds_the_four_that_sequoia_refuses() {
    let home = Home::new();
    let done = home.sh(&format!("quorate lint --json {REAL}"));
    let linted = json(&done.exits(1).said);
    let certificates = linted["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 12);
    for one in certificates {
        let name = one["user_id"].as_str().unwrap();
        let expected = REFUSED.iter().any(|cycle| name.contains(cycle));
        assert_eq!(one["refused"].as_bool().unwrap(), expected, "{name}");
        // The real sq says the same.
        let file = one["file"].as_str().unwrap();
        let inspected = home.sh(&format!("sq inspect {file}")).said;
        assert_eq!(
            inspected.contains("SHA1 is not considered secure"),
            expected,
            "{inspected}"
        );
    }
}

#[test]
fn of_the_real_keys_it_finds_the_links_that_gpg_finds_and_no_other() {
    let home = Home::new();
    let linted = json(&home.sh(&format!("quorate lint --json {REAL}")).said);
    let links = linted["links"].as_array().unwrap();
    assert_eq!(links.len(), 11);
    home.sh(&format!("gpg -q --import {REAL}/*.txt")).exits(0);
    let mut missing = 0;
    for link in links {
        let (from, to) = (link["from"].as_str().unwrap(), link["to"].as_str().unwrap());
        // gpg checks no certification by a key that has expired since: each at its time.
        let listed = home.sh(&format!(
            "gpg -q --with-colons --list-sigs {to} | awk -F: '$1 == \"sig\" && $13 == \"{from}\" {{ print $6 }}'"
        ));
        let good = listed.said.lines().any(|second| {
            let checked = home.sh(&format!(
                "gpg -q --faked-system-time {second}! --with-colons --check-sigs {to} | grep -c '^sig:!.*:{from}:'"
            ));
            checked.said.trim() == "1"
        });
        assert_eq!(link["certified"].is_string(), good, "{from} {to}");
        missing += usize::from(!good);
    }
    assert_eq!(missing, 10);
    home.sh(&format!("quorate lineage {REAL}"))
        .exits(1)
        .says("10 of 11 links are missing")
        .says("| certified 2021-10-26 (0x10)");
}

#[test]
fn what_gpg_does_not_import_is_named_before() {
    let home = Home::new();
    let (cert, _) = CertBuilder::new().add_signing_subkey().generate().unwrap();
    let cert = cert.strip_secret_key_material();
    home.write("bare.pgp", cert.to_vec().unwrap());
    assert!(facts(&home, "bare.pgp").contains(&"no-user-id".to_owned()));
    home.sh("gpg --batch --import bare.pgp").says("no user ID");
    let (cert, _) = CertBuilder::new()
        .set_profile(openpgp::Profile::RFC9580)
        .unwrap()
        .add_userid("Six <six@example.org>")
        .add_signing_subkey()
        .generate()
        .unwrap();
    home.write(
        "six.pgp",
        cert.strip_secret_key_material().to_vec().unwrap(),
    );
    assert!(facts(&home, "six.pgp").contains(&"unknown-to-gpg".to_owned()));
    home.sh("gpg --batch --import six.pgp; gpg --list-keys | grep -c six")
        .says("0\n");
    let long = format!("{} <long@example.org>", "a".repeat(2100));
    let (cert, _) = CertBuilder::new()
        .add_userid(long)
        .add_signing_subkey()
        .generate()
        .unwrap();
    home.write(
        "long.pgp",
        cert.strip_secret_key_material().to_vec().unwrap(),
    );
    assert!(facts(&home, "long.pgp").contains(&"long-user-id".to_owned()));
    home.sh("gpg --batch --import long.pgp; gpg --list-keys | grep -c long")
        .says("0\n");
}

#[test]
fn a_critical_notation_makes_gpg_and_sequoia_refuse() {
    use openpgp::packet::signature::SignatureBuilder;
    use openpgp::packet::signature::subpacket::NotationDataFlags;
    let home = Home::new();
    let (cert, _) = CertBuilder::new()
        .add_userid("Odd <odd@example.org>")
        .add_signing_subkey()
        .generate()
        .unwrap();
    let primary = cert.primary_key().key().clone();
    let mut pair = primary.parts_into_secret().unwrap().into_keypair().unwrap();
    let user_id = cert.userids().next().unwrap();
    let template = user_id.self_signatures().next().unwrap().clone();
    let odd = SignatureBuilder::from(template)
        .set_signature_creation_time(std::time::SystemTime::now())
        .unwrap()
        .add_notation("x@example.org", b"y", NotationDataFlags::empty(), true)
        .unwrap();
    let odd = user_id.userid().bind(&mut pair, &cert, odd).unwrap();
    let packets = [
        openpgp::Packet::from(cert.primary_key().key().clone().take_secret().0),
        user_id.userid().clone().into(),
        odd.into(),
    ];
    let cert = Cert::from_packets(packets.into_iter()).unwrap();
    home.write("odd.pgp", cert.to_vec().unwrap());
    assert_eq!(facts(&home, "odd.pgp")[0], "critical");
    home.sh("gpg --batch --import odd.pgp")
        .says("contains no user ID");
    home.sh("quorate lint odd.pgp")
        .exits(1)
        .says("refused by gpg and Sequoia: a self-signature demands notation x@example.org");
}

#[test]
fn a_day_from_which_sequoia_will_refuse_is_told() {
    let home = Home::new();
    home.sh(
        "gpg -q --batch --passphrase '' --quick-gen-key 'Old <old@example.org>' dsa2048 cert,sign 1y",
    )
    .exits(0);
    home.export("old@example.org", "old.asc");
    home.sh("quorate lint old.asc")
        .exits(0)
        .says("ok today")
        .says("will be refused by Sequoia from 2030-02-01: the key is DSA");
    let linted = json(&home.sh("quorate lint --json old.asc").said);
    let first = &linted["certificates"][0]["findings"][0];
    assert_eq!(first["from"], "2030-02-01T00:00:00Z");
}

#[test]
fn a_damaged_file_is_exit_4_and_prose_beside_keys_is_passed_over() {
    let home = Home::new();
    let yoga = format!("{REAL}/0x01527a34f0d0080f8a5db8d6eb6c5df21b4b6363.txt");
    let page = std::fs::read_to_string(&yoga).unwrap();
    home.write("keys/yoga.asc", &page);
    home.write("keys/notes.txt", "about these keys\n");
    home.sh("quorate lint keys").exits(0).says("Yoga");
    home.write("keys/cut.asc", &page[..page.len() - 400]);
    home.sh("quorate lint keys").exits(4).says("keys/cut.asc");
    home.sh("quorate lint keys/notes.txt").exits(4);
    home.sh("quorate lint nothing.asc")
        .exits(1)
        .says("nothing.asc");
    home.sh("mkdir none; quorate lint none").exits(2);
    // A page under another key's name.
    home.write("0x4c29ff0e437f3351fd82bdf47c5a3bc787dc7035.txt", &page);
    home.sh("quorate lint 0x4c29ff0e437f3351fd82bdf47c5a3bc787dc7035.txt")
        .exits(1)
        .says("refused by the release site: the file is not called 0x01527a34");
}

#[test]
fn the_schema_names_what_is_printed_no_more_and_no_less() {
    let home = Home::new();
    let printed = json(&home.sh(&format!("quorate lint --json {REAL}")).said);
    let schema = json(include_str!("../../docs/lint.schema.json"));
    super::schema::fits(&printed, &schema, "");
}

#[test]
fn of_a_large_real_keyring_it_refuses_those_that_sq_refuses() {
    let keyrings = [
        "/usr/share/keyrings/debian-keyring.gpg",
        "/usr/share/keyrings/debian-keyring.pgp",
    ];
    let mut keyrings = keyrings.iter();
    let keyring = keyrings.find(|file| std::path::Path::new(file).exists());
    // Every tenth: the whole takes a while unoptimised.
    let certs = CertParser::from_file(keyring.unwrap()).unwrap();
    let mut sample = Vec::new();
    for cert in certs.step_by(10).flatten() {
        sample.extend(cert.to_vec().unwrap());
    }
    let home = Home::new();
    home.write("sample.pgp", sample);
    let linted = json(&home.sh("quorate lint --json sample.pgp").said);
    let certificates = linted["certificates"].as_array().unwrap();
    let refused = certificates.iter().filter(|one| {
        let mut findings = one["findings"].as_array().unwrap().iter();
        findings.any(|f| {
            f["fact"] == "weak-hash"
                && f["severity"] == "refused"
                && f["part"]["kind"] == "certificate"
        })
    });
    let refused = refused.count();
    let sq = home.sh(
        "sq inspect sample.pgp | awk '/^ *Fingerprint:/ { getline; if (/No binding signature/) n++ } END { print n + 0 }'",
    );
    assert_eq!(sq.said.trim(), refused.to_string());
    assert!(certificates.len() > 80 && refused > 3);
}
