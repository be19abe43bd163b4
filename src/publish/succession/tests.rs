use super::*;
use openpgp::cert::CertBuilder;
use openpgp::cert::CertParser;
use openpgp::packet::UserID;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::parse::Parse as _;
use openpgp::policy::StandardPolicy;
use openpgp::types::SignatureType;
use std::time::{Duration, SystemTime};

const DAY: u64 = 86_400;
const BORN: u64 = 1_600_000_000;

fn day(days: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(BORN + days * DAY)
}

fn now() -> Timestamp {
    Timestamp::from_seconds(BORN + 2000 * DAY).unwrap()
}

/// A key that lives for 200 days.
fn key(name: &str, born: u64) -> Cert {
    living(name, born, 200)
}

fn living(name: &str, born: u64, days: u64) -> Cert {
    let (cert, _) = CertBuilder::new()
        .add_userid(format!("{name} <infra@example.org>"))
        .add_signing_subkey()
        .add_transport_encryption_subkey()
        .set_creation_time(Some(day(born)))
        .set_validity_period(Some(Duration::from_secs(days * DAY)))
        .generate()
        .unwrap();
    cert
}

fn signed(by: &Cert, of: &Cert, when: u64, exportable: bool) -> Cert {
    let mut pair = by
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let user_id: UserID = of.userids().next().unwrap().userid().clone();
    let mut builder = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_signature_creation_time(day(when))
        .unwrap();
    if !exportable {
        builder = builder.set_exportable_certification(false).unwrap();
    }
    let signature = user_id.bind(&mut pair, of, builder).unwrap();
    of.clone().insert_packets(signature).unwrap().0
}

fn public(cert: &Cert) -> Cert {
    cert.clone().strip_secret_key_material()
}

#[test]
fn a_chain_holds_the_links_and_attestations_and_nothing_else() {
    let (a, b, c) = (key("A", 0), key("B", 150), key("C", 300));
    let (root, passer_by) = (living("Root", 0, 900), living("Passer-by", 0, 900));
    let b = signed(&a, &b, 160, true);
    let a = signed(&b, &a, 161, true);
    let c = signed(&passer_by, &signed(&b, &c, 310, true), 315, true);
    let c = signed(&root, &c, 320, true);
    let certs = vec![public(&c), public(&a), public(&b)];
    let made = succession(certs, &[public(&root)], now()).unwrap();
    assert_eq!(
        made.keys,
        [a.fingerprint(), b.fingerprint(), c.fingerprint()]
    );
    assert_eq!(made.attested, [(root.fingerprint(), c.fingerprint())]);
    assert!(made.links[0].back.is_ok() && made.links[1].back.is_err());
    let read: Vec<Cert> = CertParser::from_bytes(&made.file)
        .unwrap()
        .collect::<openpgp::Result<_>>()
        .unwrap();
    assert_eq!(read.len(), 3);
    let others = |cert: &Cert| cert.userids().next().unwrap().certifications().count();
    assert_eq!(read.iter().map(others).collect::<Vec<_>>(), [1, 1, 2]);
    let policy = StandardPolicy::new();
    for cert in &read {
        let born = cert.primary_key().key().creation_time();
        let valid = cert
            .with_policy(&policy, born + Duration::from_secs(DAY))
            .unwrap();
        assert_eq!(valid.keys().subkeys().for_signing().count(), 1);
        assert_eq!(cert.keys().subkeys().count(), 1);
    }
}

#[test]
fn a_link_is_judged_at_the_time_it_was_made() {
    let (a, b) = (key("A", 0), key("B", 150));
    let made = |when, exportable| {
        let b = signed(&a, &b, when, exportable);
        succession(vec![public(&a), public(&b)], &[], now()).map(|made| made.keys.len())
    };
    assert_eq!(made(199, true), Ok(2));
    let why = |result| match result {
        Err(SuccessionError::Gap { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert!(matches!(why(made(201, true)), Missing::NotValidThen(_)));
    assert_eq!(why(made(160, false)), Missing::Local);
    assert!(matches!(why(made(3000, true)), Missing::NotYet(_)));
    let alone = succession(vec![public(&a)], &[], now());
    assert!(matches!(alone, Err(SuccessionError::TooFew)));
    let unrelated = succession(vec![public(&a), public(&b)], &[], now());
    assert!(matches!(
        unrelated,
        Err(SuccessionError::Gap {
            why: Missing::None,
            ..
        })
    ));
    let secret = succession(vec![a.clone(), public(&b)], &[], now());
    assert!(matches!(secret, Err(SuccessionError::Secret(_))));
}
