use super::*;
use crate::openpgp::key::MasterKey;
use crate::openpgp::plan::{Algorithm, Certainty, Notation, Reason, SubkeyUse, Why};
use crate::world::Timestamp;
use openpgp::parse::Parse as _;

const MADE: u32 = 1_780_000_000;
const THEN: u32 = MADE + 1000;
const YEAR: u32 = 31_536_000;

fn now() -> Timestamp {
    Timestamp::from_seconds(u64::from(THEN) + 10).unwrap()
}

/// A key as `create` makes it, with a signing subkey, and its certificate.
fn real(algorithm: Algorithm) -> (MasterKey, Cert) {
    let mut key = MasterKey::generate(algorithm, MADE).unwrap();
    let mut own = key.sign_itself("Real <real@example.org>", YEAR).unwrap();
    key.make_subkey(&mut own, MADE).unwrap();
    let cert = Cert::from_bytes(&key.to_certificate(&own).unwrap()).unwrap();
    (key, cert)
}

fn somebody() -> Primary {
    let other = MasterKey::generate(Algorithm::EdDsa, MADE).unwrap();
    other.primary().clone()
}

/// A draft of each kind that a request can hold, none of which ends the key.
fn drafts(key: &MasterKey, cert: &Cert) -> Vec<Draft> {
    let stamp = || key.stamp(THEN).unwrap();
    let primary = || key.primary().clone();
    let subkey = cert.keys().subkeys().next().unwrap();
    let back = subkey.bundle().self_signatures().next().unwrap();
    let back = back.embedded_signatures().next().unwrap().clone();
    let subkey = subkey.key().clone();
    let notation = Notation {
        name: "who@example.org".to_owned(),
        value: "met".to_owned(),
    };
    let plans = vec![
        Plan::Certify {
            stamp: stamp(),
            certainty: Certainty::Casual,
            expires_after: Some(1000),
            notations: vec![notation],
            target: somebody(),
            user_id: "A <a@example.org>".into(),
        },
        Plan::Succeed {
            stamp: stamp(),
            target: somebody(),
            user_id: "B <b@example.org>".into(),
        },
        Plan::RevokeCertification {
            stamp: stamp(),
            text: "lost".to_owned(),
            target: somebody(),
            user_id: "C <c@example.org>".into(),
        },
        Plan::KeySelf {
            stamp: stamp(),
            expires_after: 2 * YEAR,
            primary: primary(),
        },
        Plan::UserIdSelf {
            stamp: stamp(),
            expires_after: 2 * YEAR,
            primary_user_id: true,
            primary: primary(),
            user_id: "New <new@example.org>".into(),
        },
        Plan::RevokeUserId {
            stamp: stamp(),
            text: String::new(),
            primary: primary(),
            user_id: "Real <real@example.org>".into(),
        },
        Plan::SubkeyBinding {
            stamp: stamp(),
            expires_after: Some(YEAR / 2),
            usage: SubkeyUse::Sign,
            back_signature: Some(Box::new(back)),
            primary: primary(),
            subkey: subkey.clone(),
        },
        Plan::Statement {
            stamp: stamp(),
            text: "all is well\n- still".to_owned(),
        },
    ];
    let mut drafts: Vec<Draft> = plans
        .into_iter()
        .map(|plan| Draft::encode(plan).unwrap())
        .collect();
    let revoke = Plan::RevokeSubkey {
        stamp: stamp(),
        why: Why::only(Reason::Compromised),
        primary: primary(),
        subkey,
    };
    let revoke = Draft::encode(revoke).unwrap();
    drafts.push(revoke.to(Destination::Sealed).unwrap());
    drafts
}

#[track_caller]
fn is_rehearsed(algorithm: Algorithm) {
    let (key, cert) = real(algorithm);
    let drafts = drafts(&key, &cert);
    let rehearsal = Rehearsal::hold(&cert, &drafts, None).unwrap();
    assert_ne!(rehearsal.primary.fingerprint(), cert.fingerprint());
    assert_eq!(rehearsal.primary.mpis().bits(), key.primary().mpis().bits());
    assert_eq!(
        rehearsal.primary.creation_time(),
        key.primary().creation_time()
    );
    assert_eq!(rehearsal.rehearsed.len(), drafts.len());
    for (one, real) in rehearsal.rehearsed.iter().zip(&drafts) {
        assert_eq!(one.differs[0], "issuer");
        assert_eq!(one.draft.destination(), real.destination());
        assert_eq!(one.kind(), u8::from(real.kind()));
        // The real key has nothing to do with it.
        assert!(
            real.is_fulfilled_by(one.signed.bytes(), key.primary())
                .is_none()
        );
        let effect = rehearsal.seen_by_sequoia(one, now()).unwrap();
        assert_eq!(effect == Effect::Revoked, one.revokes());
    }
    let differs: Vec<_> = rehearsal.rehearsed[6].differs.clone();
    let keys = ["issuer", "primary key", "subkey", "back-signature"];
    assert_eq!(differs[..4], keys);
    // The subkey that stands for the real one is one and the same wherever it is named.
    assert_eq!(rehearsal.after.keys().subkeys().count(), 1);
    assert!(!rehearsal.primary.has_secret());
    assert!(!rehearsal.after.is_tsk() && !rehearsal.before.is_tsk());
    let targets = rehearsal.targets().unwrap();
    let certified = rehearsal.certified(&targets, |_| true).unwrap();
    assert_eq!(
        openpgp::cert::CertParser::from_bytes(&certified)
            .unwrap()
            .count(),
        3
    );
    assert!(certified.len() > targets.len() + 300);
}

#[test]
fn each_kind_of_draft_is_written_for_the_stand_in_and_differs_in_the_keys_alone() {
    is_rehearsed(Algorithm::EdDsa);
}

#[test]
fn the_stand_in_of_an_rsa_key_is_as_long() {
    is_rehearsed(Algorithm::Rsa);
}

#[test]
fn a_plan_that_says_anything_else_is_no_rehearsal_of_it() {
    let (key, cert) = real(Algorithm::EdDsa);
    let (other, _) = real(Algorithm::EdDsa);
    let text = |key: &MasterKey, text: &str, date| {
        let stamp = key.stamp(date).unwrap();
        let text = text.to_owned();
        Draft::encode(Plan::Statement { stamp, text }).unwrap()
    };
    let real = text(&key, "a", THEN);
    let differences = |two: &Draft| fields::differences(&real, two);
    assert_eq!(differences(&text(&other, "a", THEN)), Ok(vec!["issuer"]));
    assert_eq!(differences(&text(&other, "b", THEN)), Err("text"));
    assert_eq!(differences(&text(&other, "a", MADE)), Err("date"));
    assert_eq!(differences(&text(&key, "a", THEN)), Err("issuer"));
    assert!(differences(&drafts(&key, &cert)[0]).is_err());
    let sealed = drafts(&key, &cert).pop().unwrap();
    let out = sealed.clone().to(Destination::Out).unwrap();
    assert_eq!(fields::differences(&sealed, &out), Err("destination"));
}

#[test]
fn a_value_of_another_signature_is_refused() {
    let (key, cert) = real(Algorithm::EdDsa);
    let mut rehearsal = Rehearsal::hold(&cert, &drafts(&key, &cert), None).unwrap();
    let wrong = rehearsal.rehearsed[1].signed.clone();
    for number in [0, 3, 7] {
        rehearsal.rehearsed[number].signed = wrong.clone();
        let one = &rehearsal.rehearsed[number];
        assert!(rehearsal.seen_by_sequoia(one, now()).is_err(), "{number}");
    }
}

#[test]
fn what_came_later_is_left_aside_when_the_key_is_taken_as_it_stood() {
    let (mut key, cert) = real(Algorithm::EdDsa);
    let drafts = drafts(&key, &cert);
    let extended = key.sign(&drafts[3]).unwrap();
    let ended = Plan::RevokeKey {
        stamp: key.stamp(THEN + 1).unwrap(),
        why: Why::only(Reason::Retired),
        primary: key.primary().clone(),
    };
    let ended = Draft::encode(ended).unwrap();
    let over = key.sign(&ended).unwrap();
    let packets = own_packets([(&drafts[3], &extended), (&ended, &over)]).unwrap();
    let cert = merged(cert, packets).unwrap();
    let before = |as_of| {
        let held = Rehearsal::hold(&cert, &drafts[3..4], as_of).unwrap();
        let own = held.before.primary_key();
        let dates = own
            .bundle()
            .self_signatures()
            .chain(own.bundle().self_revocations());
        dates.filter_map(stand_in::created).collect::<Vec<_>>()
    };
    assert_eq!(before(None), [THEN, THEN + 1]);
    assert_eq!(before(Some(THEN)), [MADE]);
}
