use super::*;
use openpgp::Packet;
use openpgp::cert::CertBuilder;
use openpgp::packet::Key;
use openpgp::packet::key::{Key4, SubordinateRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::signature::subpacket::NotationDataFlags;
use openpgp::parse::Parse as _;
use openpgp::types::{Curve, KeyFlags};
use std::time::Duration;

const YEAR: u64 = 31_536_000;

fn now() -> Timestamp {
    Timestamp::from_day("2026-06-01").unwrap()
}

fn builder(name: &str) -> CertBuilder<'_> {
    CertBuilder::new()
        .add_userid(name)
        .set_primary_key_flags(KeyFlags::empty().set_certification().set_signing())
        .set_creation_time(Some(SystemTime::from(now()) - Duration::from_secs(3600)))
        .set_validity_period(Some(Duration::from_secs(YEAR)))
}

fn facts(cert: &Cert) -> Vec<Fact> {
    lint(cert, now()).into_iter().map(|f| f.fact).collect()
}

fn real(name: &str) -> Cert {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/openstack-keys/");
    Cert::from_file(format!("{folder}{name}")).unwrap()
}

const ROCKY: &str = "0xc31292066be772022438222c184fd3e1edf21a78.txt";

#[test]
fn a_sound_key_lacks_only_the_certifications_of_others() {
    let (cert, _) = builder("A <a@example.org>").generate().unwrap();
    let cert = cert.strip_secret_key_material();
    assert_eq!(facts(&cert), [Fact::NobodyCertifies]);
}

#[test]
fn sha_1_is_refused_now_and_was_to_be_refused_from_a_day_on_before() {
    let rocky = real(ROCKY);
    let hash = Fact::WeakHash(HashAlgorithm::SHA1);
    let at = |day: &str| lint(&rocky, Timestamp::from_day(day).unwrap())[0].clone();
    assert_eq!(
        (at("2026-06-01").severity, at("2026-06-01").fact),
        (Severity::Refused, hash.clone())
    );
    let until = Timestamp::from_day("2023-02-01").unwrap();
    let earlier = at("2022-06-01");
    assert_eq!(
        (earlier.severity, earlier.fact),
        (Severity::RefusedFrom(until), hash)
    );
}

#[test]
fn what_is_about_the_whole_key_is_told_once() {
    let found = lint(&real(ROCKY), now());
    let refused: Vec<_> = found
        .iter()
        .filter(|f| f.severity == Severity::Refused)
        .collect();
    assert_eq!(refused.len(), 1, "{found:?}");
    assert!(found.iter().any(|f| matches!(f.fact, Fact::Expired(_))));
    assert!(found.iter().any(|f| f.fact == Fact::EncryptionSubkey));
    // Its encryption subkey has no end of its own.
    assert!(
        !found
            .iter()
            .any(|f| matches!(f.fact, Fact::Outlives { .. }))
    );
}

#[test]
fn a_key_that_cannot_sign_or_certify_or_has_no_flags_is_refused() {
    let (only_certifies, _) = builder("A <a@example.org>")
        .set_primary_key_flags(KeyFlags::empty().set_certification())
        .generate()
        .unwrap();
    assert!(facts(&only_certifies).contains(&Fact::CannotSign));
    let (cert, _) = builder("A <a@example.org>").generate().unwrap();
    assert_eq!(facts(&cert)[0], Fact::Secret);
    let (no_user_id, _) = CertBuilder::new()
        .add_signing_subkey()
        .set_creation_time(Some(SystemTime::from(now()) - Duration::from_secs(60)))
        .generate()
        .unwrap();
    assert!(facts(&no_user_id).contains(&Fact::NoUserId));
}

#[test]
fn a_signing_subkey_that_did_not_sign_back_is_named() {
    let (cert, _) = builder("A <a@example.org>")
        .add_signing_subkey()
        .generate()
        .unwrap();
    let subkey = cert.keys().subkeys().next().unwrap().key().clone();
    let mut pair = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let bare = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(SystemTime::from(now()) - Duration::from_secs(60))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap()
        .sign_subkey_binding(&mut pair, None, &subkey)
        .unwrap();
    let packets = cert
        .clone()
        .retain_subkeys(|_| false)
        .into_packets()
        .chain([subkey.clone().into(), bare.into()]);
    let cert = Cert::from_packets(packets).unwrap();
    let found = lint(&cert, now());
    let about = found.iter().find(|f| f.fact == Fact::NoBackSignature);
    assert_eq!(
        about.unwrap().part,
        Part::Subkey(subkey.fingerprint()),
        "{found:?}"
    );
}

#[test]
fn a_critical_notation_and_two_ends_are_found() {
    let (cert, _) = builder("A <a@example.org>").generate().unwrap();
    let mut pair = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let user_id = cert.userids().next().unwrap();
    let template = user_id.self_signatures().next().unwrap().clone();
    let renewed = |change: &dyn Fn(SignatureBuilder) -> SignatureBuilder,
                   pair: &mut openpgp::crypto::KeyPair| {
        let builder = SignatureBuilder::from(template.clone())
            .set_signature_creation_time(SystemTime::from(now()) - Duration::from_secs(60))
            .unwrap();
        let signature = user_id.userid().bind(pair, &cert, change(builder)).unwrap();
        cert.clone().insert_packets(signature).unwrap().0
    };
    let critical = renewed(
        &|builder| {
            builder
                .add_notation("x@example.org", b"y", NotationDataFlags::empty(), true)
                .unwrap()
        },
        &mut pair,
    );
    let wanted = Fact::Critical("notation x@example.org".into());
    assert!(facts(&critical).contains(&wanted), "{:?}", facts(&critical));
    let longer = renewed(
        &|builder| {
            builder
                .set_key_validity_period(Some(Duration::from_secs(2 * YEAR)))
                .unwrap()
        },
        &mut pair,
    );
    let two = facts(&longer);
    assert!(
        two.iter().any(|fact| matches!(fact, Fact::TwoEnds { .. })),
        "{two:?}"
    );
}

#[test]
fn a_moment_of_refusal_is_found_to_the_second() {
    let at = |seconds| Timestamp::from_seconds(seconds).unwrap();
    for end in [1_800_000_000, 2_000_000_001, 4_000_000_000] {
        let found = first_refusal(now(), |time| time < at(end));
        assert_eq!(found, Some(at(end)));
    }
    assert_eq!(first_refusal(now(), |_| true), None);
    assert_eq!(first_refusal(now(), |_| false), Some(now()));
}

#[test]
fn a_subkey_without_an_end_of_its_own_ends_with_the_key() {
    let outlives = |life: Option<u64>| {
        let (cert, _) = builder("A <a@example.org>").generate().unwrap();
        let primary = cert.primary_key().key().clone();
        let mut pair = primary.parts_into_secret().unwrap().into_keypair().unwrap();
        let born = SystemTime::from(now()) - Duration::from_secs(60);
        let mut subkey: Key4<_, SubordinateRole> =
            Key4::generate_ecc(false, Curve::Cv25519).unwrap();
        subkey.set_creation_time(born).unwrap();
        let subkey = Key::from(subkey);
        let binding = SignatureBuilder::new(SignatureType::SubkeyBinding)
            .set_signature_creation_time(born)
            .unwrap()
            .set_key_flags(KeyFlags::empty().set_transport_encryption())
            .unwrap()
            .set_key_validity_period(life.map(Duration::from_secs))
            .unwrap();
        let binding = subkey.bind(&mut pair, &cert, binding).unwrap();
        let packets = [Packet::from(subkey), binding.into()];
        let cert = cert.insert_packets(packets).unwrap().0;
        let mut facts = facts(&cert.strip_secret_key_material()).into_iter();
        facts.any(|fact| matches!(fact, Fact::Outlives { .. }))
    };
    assert!(!outlives(None));
    assert!(outlives(Some(YEAR)));
}
