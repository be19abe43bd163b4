//! Plans and drafts: there and back, and what becomes of a changed byte.

use proptest::prelude::*;
use quorate::openpgp::draft::{Destination, Draft, DraftError};
use quorate::openpgp::key::MasterKey;
use quorate::openpgp::plan::{Algorithm, Certainty, Notation, Plan, Reason, Stamp, SubkeyUse, Why};
use quorate::openpgp::statement;
use sequoia_openpgp as openpgp;

use openpgp::crypto::mpi;
use openpgp::packet::signature::subpacket::{Subpacket, SubpacketArea, SubpacketValue};
use openpgp::packet::signature::{Signature4, SignatureBuilder};
use openpgp::packet::{Key, Packet, Signature, UserID, key, key::Key4};
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::serialize::{Marshal, MarshalInto};
use openpgp::types::{Curve, HashAlgorithm, SignatureType};

const NOW: u32 = 1_780_910_000;

fn subkey() -> Key<key::SecretParts, key::SubordinateRole> {
    Key::from(Key4::generate_ecc(true, Curve::Ed25519).unwrap())
}

fn target() -> Key<key::PublicParts, key::PrimaryRole> {
    let key: Key4<key::SecretParts, key::PrimaryRole> =
        Key4::generate_ecc(true, Curve::Ed25519).unwrap();
    Key::from(key).parts_into_public()
}

fn back_signature(
    sub: &Key<key::SecretParts, key::SubordinateRole>,
    master: &MasterKey,
) -> Signature {
    let mut pair = sub.clone().into_keypair().unwrap();
    SignatureBuilder::new(SignatureType::PrimaryKeyBinding)
        .set_hash_algo(HashAlgorithm::SHA512)
        .sign_primary_key_binding(&mut pair, master.primary(), sub)
        .unwrap()
}

fn notations() -> impl Strategy<Value = Vec<Notation>> {
    proptest::collection::btree_map("[a-z]{1,8}@example\\.org", "[ -~é]{0,40}", 0..4).prop_map(
        |map| {
            map.into_iter()
                .map(|(name, value)| Notation { name, value })
                .collect()
        },
    )
}

/// A plan of every kind, over keys made for this run.
fn plans() -> impl Strategy<Value = Plan> {
    let values = (
        0..12_u8,
        1..u32::MAX,
        any::<bool>(),
        notations(),
        "[^\\x00]{0,60}",
        0..4_u8,
    );
    values.prop_map(|(kind, seconds, flag, notations, text, certainty)| {
        let master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
        let stamp = master.stamp(NOW).unwrap();
        let primary = master.primary().clone();
        let why = Why {
            reason: Reason::ALL[usize::from(certainty)],
            text: notations
                .iter()
                .map(|notation| notation.value.as_str())
                .collect(),
        };
        let user_id = UserID::from(text.as_str());
        let certainty = [
            Certainty::Generic,
            Certainty::Persona,
            Certainty::Casual,
            Certainty::Positive,
        ][usize::from(certainty)];
        let expires_after = flag.then_some(seconds);
        match kind {
            0 | 1 => Plan::Certify {
                stamp,
                certainty,
                expires_after,
                notations,
                target: target(),
                user_id,
            },
            2 => Plan::KeySelf {
                stamp,
                expires_after: seconds,
                primary,
            },
            3 => Plan::UserIdSelf {
                stamp,
                expires_after: seconds,
                primary_user_id: flag,
                primary,
                user_id,
            },
            4 => {
                let sub = subkey();
                let back_signature = Some(Box::new(back_signature(&sub, &master)));
                let subkey = sub.parts_into_public();
                let usage = SubkeyUse::Sign;
                Plan::SubkeyBinding {
                    stamp,
                    expires_after,
                    usage,
                    back_signature,
                    primary,
                    subkey,
                }
            }
            5 => Plan::RevokeKey {
                stamp,
                why,
                primary,
            },
            6 => {
                let subkey = subkey().parts_into_public();
                Plan::RevokeSubkey {
                    stamp,
                    why,
                    primary,
                    subkey,
                }
            }
            7 => Plan::RevokeUserId {
                stamp,
                text: why.text,
                primary,
                user_id,
            },
            8 => Plan::RevokeCertification {
                stamp,
                text: why.text,
                target: target(),
                user_id,
            },
            9 => statement_plan(stamp, &text),
            10 => Plan::Succeed {
                stamp,
                target: target(),
                user_id,
            },
            _ => Plan::Manifest {
                stamp,
                text: text.into_bytes(),
            },
        }
    })
}

/// A statement of what is plain in a text.
fn statement_plan(stamp: Stamp, text: &str) -> Plan {
    let plain = text.split('\n').map(|line| {
        let seen = line.chars().filter(|c| statement::is_plain(&c.to_string()));
        seen.collect::<String>().trim_end().to_owned()
    });
    let text = format!("- a\n{}\nb", plain.collect::<Vec<_>>().join("\n"));
    Plan::Statement { stamp, text }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_plan_survives_the_way_there_and_back(plan in plans()) {
        let draft = Draft::encode(plan.clone()).unwrap();
        let back = Draft::decode(draft.bytes()).unwrap();
        prop_assert_eq!(back.plan(), &plan);
        prop_assert_eq!(back.bytes(), draft.bytes());
        prop_assert_eq!(back.digest(), draft.digest());
    }

    #[test]
    fn every_changed_byte_is_refused_or_decodes_to_another_plan(
        plan in plans(), change in 1..=255_u8,
    ) {
        let draft = Draft::encode(plan.clone()).unwrap();
        for position in 0..draft.bytes().len() {
            let mut changed = draft.bytes().to_vec();
            changed[position] ^= change;
            if let Ok(other) = Draft::decode(&changed) {
                prop_assert!(*other.plan() != plan, "byte {position} is not read");
            }
        }
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Draft::decode(&bytes);
    }

    #[test]
    fn a_draft_cut_short_or_continued_is_refused(plan in plans(), extra in any::<u8>()) {
        let draft = Draft::encode(plan.clone()).unwrap();
        if let Plan::Manifest { .. } | Plan::Statement { .. } = plan {
            return Ok(()); // its text may end anywhere; it is another text then
        }
        for length in 0..draft.bytes().len() {
            prop_assert!(Draft::decode(&draft.bytes()[..length]).is_err());
        }
        let mut longer = draft.bytes().to_vec();
        longer.push(extra);
        prop_assert!(Draft::decode(&longer).is_err());
    }
}

/// A certification's draft, its signature rebuilt by `change`.
fn tampered(change: impl FnOnce(&Signature4, &mut Vec<Subpacket>) -> Signature4) -> DraftError {
    let master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let draft = Draft::encode(Plan::Certify {
        stamp: master.stamp(NOW).unwrap(),
        certainty: Certainty::Generic,
        expires_after: Some(86_400),
        notations: vec![],
        target: target(),
        user_id: UserID::from("Target <target@example.org>"),
    })
    .unwrap();
    let PacketParserResult::Some(parser) = PacketParser::from_bytes(draft.bytes()).unwrap() else {
        panic!("a draft begins with a packet")
    };
    let Packet::Signature(Signature::V4(original)) = parser.packet.clone() else {
        panic!("a draft begins with a signature")
    };
    let framed = Packet::from(Signature::from(original.clone()))
        .to_vec()
        .unwrap()
        .len();
    let mut list: Vec<Subpacket> = original.hashed_area().iter().cloned().collect();
    let changed = change(&original, &mut list);
    let mut bytes = Packet::from(Signature::from(changed)).to_vec().unwrap();
    bytes.extend_from_slice(&draft.bytes()[framed..]);
    match Draft::decode(&bytes) {
        Err(error) => error,
        Ok(_) => panic!("a tampered draft was accepted"),
    }
}

fn rebuilt(original: &Signature4, hashed: Vec<Subpacket>, unhashed: Vec<Subpacket>) -> Signature4 {
    Signature4::new(
        original.typ(),
        original.pk_algo(),
        original.hash_algo(),
        SubpacketArea::new(hashed).unwrap(),
        SubpacketArea::new(unhashed).unwrap(),
        *original.digest_prefix(),
        original.mpis().clone(),
    )
}

#[test]
fn a_doubled_subpacket_is_refused() {
    let error = tampered(|original, list| {
        let expiry = list[1].clone();
        list.push(expiry);
        rebuilt(original, list.clone(), vec![])
    });
    assert_eq!(error, DraftError::Doubled(3));
}

#[test]
fn an_unlisted_subpacket_is_refused() {
    let error = tampered(|original, list| {
        let uri = SubpacketValue::PolicyURI(b"https://example.org".to_vec());
        list.push(Subpacket::new(uri, false).unwrap());
        rebuilt(original, list.clone(), vec![])
    });
    assert_eq!(error, DraftError::Unlisted(26));
}

#[test]
fn reordered_subpackets_are_refused() {
    let error = tampered(|original, list| {
        list.swap(0, 1);
        rebuilt(original, list.clone(), vec![])
    });
    assert_eq!(error, DraftError::NotCanonical);
}

#[test]
fn anything_unhashed_is_refused() {
    let error = tampered(|original, list| {
        let unhashed = vec![list[2].clone()];
        rebuilt(original, list.clone(), unhashed)
    });
    assert_eq!(error, DraftError::Unhashed);
}

#[test]
fn sha1_is_refused() {
    let error = tampered(|original, list| {
        Signature4::new(
            original.typ(),
            original.pk_algo(),
            HashAlgorithm::SHA1,
            SubpacketArea::new(list.clone()).unwrap(),
            SubpacketArea::default(),
            *original.digest_prefix(),
            original.mpis().clone(),
        )
    });
    assert_eq!(error, DraftError::Hash(2));
}

#[test]
fn an_unknown_signature_type_is_refused() {
    let error = tampered(|original, list| {
        Signature4::new(
            SignatureType::Timestamp,
            original.pk_algo(),
            original.hash_algo(),
            SubpacketArea::new(list.clone()).unwrap(),
            SubpacketArea::default(),
            *original.digest_prefix(),
            original.mpis().clone(),
        )
    });
    assert_eq!(error, DraftError::Kind(0x40));
}

#[test]
fn a_value_already_filled_in_is_refused() {
    let error = tampered(|original, list| {
        let value = mpi::Signature::EdDSA {
            r: mpi::MPI::new(&[1]),
            s: mpi::MPI::new(&[1]),
        };
        Signature4::new(
            original.typ(),
            original.pk_algo(),
            original.hash_algo(),
            SubpacketArea::new(list.clone()).unwrap(),
            SubpacketArea::default(),
            *original.digest_prefix(),
            value,
        )
    });
    assert_eq!(error, DraftError::HasValue);
}

#[test]
fn a_certification_may_not_carry_the_manifests_notation() {
    let master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let plan = Plan::Certify {
        stamp: master.stamp(NOW).unwrap(),
        certainty: Certainty::Generic,
        expires_after: None,
        notations: vec![Notation {
            name: "manifest@quorate".into(),
            value: "1".into(),
        }],
        target: target(),
        user_id: UserID::from("x"),
    };
    assert_eq!(Draft::encode(plan).err(), Some(DraftError::Notation));
}

#[test]
fn a_self_signature_over_another_key_is_refused() {
    let master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let stamp = master.stamp(NOW).unwrap();
    let plan = Plan::KeySelf {
        stamp,
        expires_after: 1,
        primary: target(),
    };
    assert_eq!(Draft::encode(plan).err(), Some(DraftError::Foreign));
}

#[test]
fn only_a_hard_revocation_is_kept_or_released() {
    let master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let plan = |reason| Plan::RevokeKey {
        stamp: master.stamp(NOW).unwrap(),
        why: Why::only(reason),
        primary: master.primary().clone(),
    };
    for reason in Reason::ALL {
        for destination in [Destination::Sealed, Destination::Released] {
            let draft = Draft::encode(plan(reason)).unwrap().to(destination);
            assert_eq!(draft.is_ok(), reason.is_hard(), "{reason:?}");
        }
    }
    let certify = Plan::KeySelf {
        stamp: master.stamp(NOW).unwrap(),
        expires_after: 1,
        primary: master.primary().clone(),
    };
    let draft = Draft::encode(certify).unwrap();
    assert_eq!(
        draft.to(Destination::Sealed).err(),
        Some(DraftError::Destination)
    );
}

#[test]
fn words_that_a_terminal_obeys_are_refused_in_revocations_and_statements() {
    let master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    for text in ["a\u{1b}[2J", "a\nb", "a\u{202e}b", &"a".repeat(501)] {
        let plan = Plan::RevokeKey {
            stamp: master.stamp(NOW).unwrap(),
            why: Why {
                reason: Reason::Retired,
                text: text.to_owned(),
            },
            primary: master.primary().clone(),
        };
        assert_eq!(Draft::encode(plan).err(), Some(DraftError::WhyText));
    }
    for text in ["", "a\n", "a \nb", "a\r\nb", "a\tb", "a\u{200b}b"] {
        let plan = Plan::Statement {
            stamp: master.stamp(NOW).unwrap(),
            text: text.to_owned(),
        };
        assert_eq!(Draft::encode(plan).err(), Some(DraftError::Statement));
    }
}

#[test]
fn a_false_back_signature_is_refused() {
    let master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let (sub, other) = (subkey(), subkey());
    let plan = Plan::SubkeyBinding {
        stamp: master.stamp(NOW).unwrap(),
        expires_after: None,
        usage: SubkeyUse::Sign,
        back_signature: Some(Box::new(back_signature(&other, &master))),
        primary: master.primary().clone(),
        subkey: sub.parts_into_public(),
    };
    assert_eq!(Draft::encode(plan).err(), Some(DraftError::BackSignature));
}

#[test]
fn a_filled_draft_is_the_draft_with_its_value_and_nothing_else_is() {
    let mut master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let plan = |text: &str| Plan::Certify {
        stamp: master.stamp(NOW).unwrap(),
        certainty: Certainty::Positive,
        expires_after: None,
        notations: vec![],
        target: target(),
        user_id: UserID::from(text),
    };
    let (asked, other) = (
        Draft::encode(plan("a")).unwrap(),
        Draft::encode(plan("b")).unwrap(),
    );
    let signed = master.sign(&asked).unwrap().bytes().to_vec();
    let primary = master.primary().clone();
    assert!(asked.is_fulfilled_by(&signed, &primary).is_some());
    assert!(other.is_fulfilled_by(&signed, &primary).is_none());
    assert!(asked.is_fulfilled_by(&signed, &target()).is_none());
    let mut damaged = signed.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(asked.is_fulfilled_by(&damaged, &primary).is_none());
}

#[test]
fn an_rsa_key_signs_drafts_too() {
    let key: Key4<key::SecretParts, key::PrimaryRole> = Key4::generate_rsa(2048).unwrap();
    let mut file = Vec::new();
    Packet::from(Key::from(key)).serialize(&mut file).unwrap();
    let mut master = MasterKey::read(&file).unwrap();
    let plan = Plan::Certify {
        stamp: master.stamp(NOW).unwrap(),
        certainty: Certainty::Generic,
        expires_after: Some(1),
        notations: vec![],
        target: target(),
        user_id: UserID::from("x"),
    };
    let draft = Draft::encode(plan).unwrap();
    assert_eq!(Draft::decode(draft.bytes()).unwrap().plan(), draft.plan());
    let signed = master.sign(&draft).unwrap().bytes().to_vec();
    assert!(
        draft
            .is_fulfilled_by(&signed, &master.primary().clone())
            .is_some()
    );
}

#[test]
fn a_manifest_signed_by_any_other_key_than_the_primary_is_refused() {
    use quorate::openpgp::manifest_signature::{ManifestSignatureError, plan, to_armor, verify};
    let text = b"format = 1\n";
    let mut master = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let mut host = MasterKey::generate(Algorithm::EdDsa, NOW).unwrap();
    let own = master.sign_itself("Key <key@example.org>", 86_400).unwrap();
    let certificate = master.to_certificate(&own).unwrap();
    let fingerprint = master.primary().fingerprint();
    let check = |armor: &[u8], text: &[u8]| verify(&certificate, &fingerprint, text, armor);

    let draft = Draft::encode(plan(master.primary(), NOW, text).unwrap()).unwrap();
    let good = to_armor(&master.sign(&draft).unwrap()).unwrap();
    assert_eq!(check(&good, text).as_ref(), Ok(master.primary()));
    assert_eq!(
        check(&good, b"format = 2\n"),
        Err(ManifestSignatureError::Bad)
    );

    // By the signing host's key, under its own name, and under the master's.
    let foreign = Draft::encode(plan(host.primary(), NOW, text).unwrap()).unwrap();
    let signed = host.sign(&foreign).unwrap();
    let under_its_own_name = to_armor(&signed).unwrap();
    assert_eq!(
        check(&under_its_own_name, text),
        Err(ManifestSignatureError::NotAManifestSignature)
    );
    let Packet::Signature(signature) = Packet::from_bytes(signed.bytes()).unwrap() else {
        panic!("not a signature");
    };
    let value = signature.mpis().clone();
    let under_the_masters = to_armor(&draft.fill(value).unwrap()).unwrap();
    assert_eq!(
        check(&under_the_masters, text),
        Err(ManifestSignatureError::Bad)
    );

    // A release signature, which has no such notation.
    let mut pair = {
        let key: Key4<key::SecretParts, key::UnspecifiedRole> =
            Key4::generate_ecc(true, Curve::Ed25519).unwrap();
        Key::from(key).into_keypair().unwrap()
    };
    let release = SignatureBuilder::new(SignatureType::Binary)
        .sign_message(&mut pair, text)
        .unwrap();
    let bytes = Packet::from(release).to_vec().unwrap();
    assert_eq!(
        check(&bytes, text),
        Err(ManifestSignatureError::NotAManifestSignature)
    );
}
