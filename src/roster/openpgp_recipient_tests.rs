//! Tests of sealing to OpenPGP certificates, with Sequoia's own decryption; gpg's is in `tests/`.

use std::io::Read;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::crypto::SessionKey;
use openpgp::packet::{PKESK, SKESK};
use openpgp::parse::Parse;
use openpgp::parse::stream::*;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::SerializeInto;
use openpgp::types::{KeyFlags, ReasonForRevocation, SymmetricAlgorithm};
use openpgp::{Cert, Fingerprint, KeyHandle};

use super::sealing::*;

const NOW: u64 = 1_780_000_000;
const DAYS: u64 = 86_400;

fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn builder() -> CertBuilder<'static> {
    CertBuilder::new()
        .add_userid("Anna <anna@example.org>")
        .set_creation_time(time(NOW - 10 * DAYS))
}

fn with_encryption() -> Cert {
    builder()
        .add_storage_encryption_subkey()
        .generate()
        .unwrap()
        .0
}

fn public(cert: &Cert) -> Vec<u8> {
    cert.armored().to_vec().unwrap()
}

fn refused(bytes: &[u8], fingerprint: &Fingerprint, now: u64) -> OpenPgpRecipientError {
    OpenPgpRecipient::find(bytes, fingerprint, now).unwrap_err()
}

fn revoke(cert: Cert, at: u64) -> Cert {
    let mut signer = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let signature = CertRevocationBuilder::new()
        .set_signature_creation_time(time(at))
        .unwrap()
        .set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b"")
        .unwrap()
        .build(&mut signer, &cert, None)
        .unwrap();
    cert.insert_packets(signature).unwrap().0
}

/// Opens with one subkey's secret, and remembers how the message was made.
struct Opener<'a> {
    cert: &'a Cert,
    recipients: usize,
}

impl VerificationHelper for Opener<'_> {
    fn get_certs(&mut self, _: &[KeyHandle]) -> openpgp::Result<Vec<Cert>> {
        Ok(Vec::new())
    }
    fn check(&mut self, structure: MessageStructure) -> openpgp::Result<()> {
        let layers: Vec<_> = structure.into_iter().collect();
        assert_eq!(layers.len(), 1, "encryption alone, without compression");
        let MessageLayer::Encryption {
            sym_algo,
            aead_algo,
        } = &layers[0]
        else {
            panic!("not encrypted");
        };
        assert_eq!((*sym_algo, *aead_algo), (SymmetricAlgorithm::AES256, None));
        Ok(())
    }
}

impl DecryptionHelper for Opener<'_> {
    fn decrypt(
        &mut self,
        pkesks: &[PKESK],
        _: &[SKESK],
        algo: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> openpgp::Result<Option<Cert>> {
        self.recipients = pkesks.len();
        for pkesk in pkesks {
            assert_eq!(pkesk.version(), 3);
            for key in self.cert.keys().unencrypted_secret() {
                let mut pair = key.key().clone().into_keypair()?;
                if pkesk.recipient() == Some(key.key().key_handle())
                    || pkesk.recipient() == Some(KeyHandle::from(key.key().keyid()))
                {
                    let opened = pkesk.decrypt(&mut pair, algo);
                    if opened.is_some_and(|(algo, session)| decrypt(algo, &session)) {
                        return Ok(None);
                    }
                }
            }
        }
        Err(openpgp::anyhow::anyhow!("no key"))
    }
}

/// The plaintext, and how many keys the message is for.
fn open(cert: &Cert, sealed: &[u8]) -> (Vec<u8>, usize) {
    let policy = StandardPolicy::new();
    let helper = Opener {
        cert,
        recipients: 0,
    };
    let mut opening = DecryptorBuilder::from_bytes(sealed)
        .unwrap()
        .with_policy(&policy, time(NOW), helper)
        .unwrap();
    let mut plaintext = Vec::new();
    opening.read_to_end(&mut plaintext).unwrap();
    (plaintext, opening.helper_ref().recipients)
}

#[test]
fn the_certificate_is_found_among_others_and_its_holder_opens() {
    let (cert, other) = (with_encryption(), with_encryption());
    let both = [other.to_vec().unwrap(), cert.to_vec().unwrap()].concat();
    for bytes in [public(&cert), both] {
        let recipient = Recipient::openpgp(&bytes, &cert.fingerprint(), NOW).unwrap();
        let again = Recipient::openpgp(&public(&cert), &cert.fingerprint(), NOW).unwrap();
        assert!(recipient.is_the_same_as(&again));
        assert_eq!(recipient.extension(), "asc");
        for size in [0, 1, 1000, MAX_SEALED] {
            let plaintext = vec![7; size];
            let sealed = seal(&recipient, &plaintext).unwrap();
            assert!(sealed.starts_with(b"-----BEGIN PGP MESSAGE-----\n"));
            assert_eq!(open(&cert, &sealed), (plaintext, 1));
        }
    }
}

#[test]
fn every_valid_encryption_key_is_sealed_to_and_no_other() {
    let year = Duration::from_secs(365 * DAYS);
    let flags = |storage| match storage {
        true => KeyFlags::empty().set_storage_encryption(),
        false => KeyFlags::empty().set_transport_encryption(),
    };
    let (cert, _) = builder()
        .add_subkey(flags(true), None, None)
        .add_subkey(flags(false), year, None)
        .add_subkey(flags(true), Duration::from_secs(5 * DAYS), None)
        .add_signing_subkey()
        .generate()
        .unwrap();
    let recipient = OpenPgpRecipient::find(&public(&cert), &cert.fingerprint(), NOW).unwrap();
    let short = Duration::from_secs(5 * DAYS);
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, time(NOW)).unwrap();
    let keys: Vec<_> = valid
        .keys()
        .subkeys()
        .filter(|key| !key.for_signing() && key.key_validity_period() != Some(short))
        .map(|key| key.key().fingerprint())
        .collect();
    assert_eq!(keys.len(), 2);
    let sealed_to: Vec<_> = recipient.keys().collect();
    assert_eq!(sealed_to, keys);
    let sealed = seal(&Recipient::OpenPgp(Box::new(recipient)), b"share").unwrap();
    assert_eq!(open(&cert, &sealed), (b"share".to_vec(), 2));
}

#[test]
fn a_recipient_survives_the_way_through_its_bytes() {
    let cert = with_encryption();
    let recipient = Recipient::openpgp(&public(&cert), &cert.fingerprint(), NOW).unwrap();
    let bytes = recipient.to_bytes().unwrap();
    let again = Recipient::from_bytes(&bytes).unwrap();
    assert_eq!(again.to_bytes().unwrap(), bytes);
    assert_eq!(open(&cert, &seal(&again, b"share").unwrap()).0, b"share");
    for at in 0..bytes.len() {
        assert!(Recipient::from_bytes(&bytes[..at]).is_err(), "{at}");
    }
    // What is no key to encrypt to, such as the whole certificate, isn't looked at.
    let whole = [b"\x01", public(&cert).as_slice()].concat();
    assert!(Recipient::from_bytes(&whole).is_err());
    let age = Recipient::from_bytes(
        b"\x02age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    )
    .unwrap();
    assert_eq!(age.extension(), "age");
    let again = Recipient::from_bytes(&age.to_bytes().unwrap()).unwrap();
    assert!(again.is_the_same_as(&age));
    for bad in [
        &b""[..],
        b"\x03",
        b"\x01",
        b"\x01\0\0\0\0\0\0\0\0",
        b"\x02",
        b"\x02\xff",
        b"\x02age1",
    ] {
        assert!(Recipient::from_bytes(bad).is_err());
    }
}

#[test]
fn more_than_the_limit_is_not_sealed() {
    let cert = with_encryption();
    let recipient = Recipient::openpgp(&public(&cert), &cert.fingerprint(), NOW).unwrap();
    let limit = MAX_SEALED;
    let error = seal(&recipient, &vec![0; limit + 1]).unwrap_err();
    assert!(matches!(error, SealError::TooBig { limit: found } if found == limit));
}

#[test]
fn a_fingerprint_that_is_not_there_is_named_with_those_that_are() {
    let (cert, other) = (with_encryption(), with_encryption());
    let error = refused(&public(&cert), &other.fingerprint(), NOW);
    let OpenPgpRecipientError::NoSuchCert { wanted, found } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (wanted, found),
        (other.fingerprint(), vec![cert.fingerprint()])
    );
    let subkey = cert.keys().subkeys().next().unwrap().key().fingerprint();
    let error = refused(&public(&cert), &subkey, NOW);
    assert!(
        matches!(error, OpenPgpRecipientError::Subkey { primary, .. } if primary == cert.fingerprint())
    );
}

#[test]
fn an_expired_early_or_revoked_certificate_is_refused() {
    let (cert, _) = builder()
        .add_storage_encryption_subkey()
        .set_validity_period(Duration::from_secs(20 * DAYS))
        .generate()
        .unwrap();
    let fingerprint = cert.fingerprint();
    let find = |now| OpenPgpRecipient::find(&public(&cert), &fingerprint, now);
    let since = NOW + 10 * DAYS;
    assert!(find(since - 1).is_ok());
    for now in [since, since + 500 * DAYS] {
        let error = find(now).unwrap_err();
        assert!(
            matches!(error, OpenPgpRecipientError::Expired { since: s } if s == since),
            "{error:?}"
        );
    }
    let from = NOW - 10 * DAYS;
    let error = find(from - 1).unwrap_err();
    assert!(matches!(error, OpenPgpRecipientError::NotYetValid { from: f } if f == from));
    let revoked = revoke(with_encryption(), NOW - DAYS);
    let error = refused(&public(&revoked), &revoked.fingerprint(), NOW);
    assert!(matches!(error, OpenPgpRecipientError::Revoked));
}

#[test]
fn a_certificate_without_a_key_for_encryption_says_why() {
    let why = |cert: &Cert, now| match refused(&public(cert), &cert.fingerprint(), now) {
        OpenPgpRecipientError::NoEncryptionKey { why } => why,
        other => panic!("{other:?}"),
    };
    let none = builder().add_signing_subkey().generate().unwrap().0;
    assert_eq!(why(&none, NOW), NoKey::None);
    let expired = builder()
        .add_subkey(
            KeyFlags::empty().set_storage_encryption(),
            Duration::from_secs(5 * DAYS),
            None,
        )
        .generate()
        .unwrap()
        .0;
    assert_eq!(
        why(&expired, NOW),
        NoKey::Expired {
            since: NOW - 5 * DAYS
        }
    );
    let cert = with_encryption();
    let mut signer = cert
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let subkey = cert.keys().subkeys().next().unwrap();
    let signature = SubkeyRevocationBuilder::new()
        .set_signature_creation_time(time(NOW - DAYS))
        .unwrap()
        .set_reason_for_revocation(ReasonForRevocation::KeyRetired, b"")
        .unwrap()
        .build(&mut signer, &cert, subkey.key(), None)
        .unwrap();
    let revoked = cert.clone().insert_packets(signature).unwrap().0;
    assert_eq!(why(&revoked, NOW), NoKey::Revoked);
}

#[test]
fn a_private_key_among_the_certificates_is_named_before_all_else() {
    let cert = with_encryption();
    let secret = cert.as_tsk().to_vec().unwrap();
    let both = [with_encryption().to_vec().unwrap(), secret].concat();
    let error = refused(&both, &cert.fingerprint(), NOW);
    assert!(
        matches!(error, OpenPgpRecipientError::SecretKey { fingerprint } if fingerprint == cert.fingerprint())
    );
}

#[test]
fn other_bytes_are_no_certificate_and_never_panic() {
    let cert = with_encryption();
    let fingerprint = cert.fingerprint();
    for bytes in [
        &b""[..],
        b"hello",
        b"\xff\xfe\0",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n",
    ] {
        let error = refused(bytes, &fingerprint, NOW);
        assert!(
            matches!(error, OpenPgpRecipientError::NotOpenPgp),
            "{error:?}"
        );
    }
    let binary = cert.to_vec().unwrap();
    for at in 0..binary.len() {
        let _ = OpenPgpRecipient::find(&binary[..at], &fingerprint, NOW);
        let mut bad = binary.clone();
        bad[at] ^= 0x10;
        let _ = OpenPgpRecipient::find(&bad, &fingerprint, NOW);
    }
    let huge = vec![0xff; 100 << 20];
    let error = refused(&huge, &fingerprint, NOW);
    assert!(matches!(error, OpenPgpRecipientError::TooBig { .. }));
    assert!(OpenPgpRecipient::find(&public(&cert), &fingerprint, u64::MAX).is_ok());
}
