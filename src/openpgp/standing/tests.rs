//! Keys that may sign and keys that may not.
use super::*;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::types::SignatureType;
use std::time::Duration;

const DAY: u64 = 86_400;

fn at(days: u64) -> Timestamp {
    Timestamp::from_seconds(1_780_910_040 + days * DAY).unwrap()
}

/// A key made on day 0 for 300 days, with a signing subkey for 200.
fn cert() -> (Cert, Fingerprint) {
    let (cert, _) = CertBuilder::new()
        .add_userid("Example <a@example.org>")
        .set_creation_time(Some(at(0).into()))
        .set_validity_period(Some(Duration::from_secs(300 * DAY)))
        .add_subkey(
            openpgp::types::KeyFlags::empty().set_signing(),
            Some(Duration::from_secs(200 * DAY)),
            None,
        )
        .generate()
        .unwrap();
    let subkey = cert.keys().subkeys().next().unwrap().key().fingerprint();
    (cert, subkey)
}

#[test]
fn a_bound_subkey_may_sign_until_the_first_end() {
    let (cert, subkey) = cert();
    let expires = Some(at(200));
    assert_eq!(
        standing(&cert, &subkey, at(199)),
        Standing {
            unfit: Vec::new(),
            expires
        }
    );
    let after = standing(&cert, &subkey, at(201));
    let (whose, since) = (Whose::Subkey, at(200));
    assert_eq!(after.unfit, [Unfit::Expired { whose, since }]);
    assert_eq!(primary_standing(&cert, at(201)).unfit, []);
    let whose = Whose::Primary;
    let since = at(300);
    assert_eq!(
        primary_standing(&cert, at(301)).unfit,
        [Unfit::Expired { whose, since }]
    );
}

#[test]
fn a_binding_that_is_ahead_of_the_clock_is_told_as_that() {
    let (cert, subkey) = cert();
    let mut pair = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let found = cert.keys().subkeys().next().unwrap();
    let only = found.self_signatures().next().unwrap().clone();
    let later = SignatureBuilder::from(only)
        .set_signature_creation_time(at(5))
        .unwrap()
        .sign_subkey_binding(&mut pair, Some(cert.primary_key().key()), found.key())
        .unwrap();
    let packets = cert.clone().retain_subkeys(|_| false).into_packets();
    let key = found.key().clone().parts_into_public();
    let rest = [openpgp::Packet::from(key), later.into()];
    let ahead = Cert::from_packets(packets.chain(rest)).unwrap();
    let from = at(5);
    assert_eq!(
        standing(&ahead, &subkey, at(4)).unfit,
        [Unfit::NotYet { from }]
    );
    assert_eq!(standing(&ahead, &subkey, at(5)).unfit, []);
}

#[test]
fn a_revocation_counts_whatever_its_reason_and_its_date() {
    let (cert, subkey) = cert();
    let primary = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap();
    let mut pair = primary.into_keypair().unwrap();
    let public = cert.primary_key().key();
    let found = find(&cert, &subkey).unwrap();
    for (reason, word) in [
        (ReasonForRevocation::KeyCompromised, "compromised"),
        (ReasonForRevocation::KeySuperseded, "superseded"),
        (ReasonForRevocation::KeyRetired, "retired"),
        (ReasonForRevocation::Unspecified, "no reason given"),
    ] {
        // Dated ahead: gpg takes it as in force.
        let revocation = SignatureBuilder::new(SignatureType::SubkeyRevocation)
            .set_signature_creation_time(at(150))
            .unwrap()
            .set_reason_for_revocation(reason, b"")
            .unwrap()
            .sign_subkey_binding(&mut pair, Some(public), &found)
            .unwrap();
        let (revoked, _) = cert.clone().insert_packets(vec![revocation]).unwrap();
        let judged = standing(&revoked, &subkey, at(100));
        assert_eq!(
            judged.unfit.first(),
            Some(&Unfit::Revoked {
                whose: Whose::Subkey,
                reason: word,
                since: Some(at(150)),
            })
        );
        assert_eq!(primary_standing(&revoked, at(100)).unfit, []);
    }
}

#[test]
fn a_subkey_that_is_absent_or_of_another_key_may_not_sign() {
    let (cert, subkey) = cert();
    let (other, _) = self::cert();
    assert_eq!(standing(&other, &subkey, at(1)).unfit, [Unfit::Absent]);
    // Grafted on another key, its binding proves nothing.
    let packets: Vec<openpgp::Packet> = cert
        .keys()
        .subkeys()
        .flat_map(|subkey| {
            let key = subkey.key().clone().parts_into_public();
            let bound = subkey.self_signatures().cloned().map(Into::into);
            std::iter::once(openpgp::Packet::from(key)).chain(bound)
        })
        .collect();
    let (grafted, _) = other.insert_packets(packets).unwrap();
    let judged = standing(&grafted, &subkey, at(1));
    assert!(
        matches!(
            judged.unfit.as_slice(),
            [Unfit::Absent | Unfit::NotBound { .. }]
        ),
        "{judged:?}"
    );
}

#[test]
fn a_subkey_for_encryption_may_not_sign() {
    let (cert, _) = CertBuilder::new()
        .add_userid("Example <a@example.org>")
        .set_creation_time(Some(at(0).into()))
        .add_transport_encryption_subkey()
        .generate()
        .unwrap();
    let subkey = cert.keys().subkeys().next().unwrap().key().fingerprint();
    assert_eq!(
        standing(&cert, &subkey, at(1)).unfit,
        [Unfit::NotForSigning]
    );
}
