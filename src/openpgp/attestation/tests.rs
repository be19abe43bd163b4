//! What counts, and each thing that doesn't, with keys and signatures made here.

use std::time::{Duration, SystemTime};

use openpgp::cert::CertBuilder;
use openpgp::crypto::hash::Hash as _;
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::signature::subpacket::{NotationData, NotationDataFlags};
use openpgp::parse::Parse as _;
use openpgp::types::{HashAlgorithm, ReasonForRevocation};

use super::*;

const MASTER: &str = "Infra (Juniper) <infra@example.org>";
const DAY: u64 = 86_400;

/// A master key, two roots' keys, and a clock ten days after all were made.
struct Case {
    master: Cert,
    anna: Cert,
    ben: Cert,
    made: SystemTime,
    now: Timestamp,
}

fn cert(user_id: &str, made: SystemTime) -> Cert {
    let built = CertBuilder::new().add_userid(user_id);
    let built = built.set_creation_time(Some(made)).generate();
    built.unwrap().0
}

impl Case {
    fn new() -> Self {
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Self {
            master: cert(MASTER, made),
            anna: cert("Anna <anna@example.org>", made),
            ben: cert("Ben <ben@example.org>", made),
            made,
            now: Timestamp::from(made + Duration::from_secs(10 * DAY)),
        }
    }

    fn on_day(&self, day: u64) -> SystemTime {
        self.made + Duration::from_secs(day * DAY)
    }

    fn signers(&self) -> Vec<Signer> {
        let public = |cert: &Cert| Signer {
            fingerprint: cert.fingerprint(),
            cert: Some(cert.clone().strip_secret_key_material()),
        };
        vec![public(&self.anna), public(&self.ben)]
    }

    /// On the second day, if the builder doesn't say otherwise.
    fn builder(&self, typ: SignatureType) -> SignatureBuilder {
        SignatureBuilder::new(typ)
            .set_signature_creation_time(self.on_day(2))
            .unwrap()
    }

    fn plain(&self) -> SignatureBuilder {
        self.builder(SignatureType::GenericCertification)
    }

    fn signed(&self, by: &Cert, over: &Cert, user_id: &str, builder: SignatureBuilder) -> Vec<u8> {
        let key = by.primary_key().key().clone().parts_into_secret();
        let mut pair = key.unwrap().into_keypair().unwrap();
        let user_id = UserID::from(user_id);
        let primary = over.primary_key().key();
        let signature = builder.sign_userid_binding(&mut pair, primary, &user_id);
        let mut packets = Packet::from(primary.clone()).to_vec().unwrap();
        packets.extend(Packet::from(user_id).to_vec().unwrap());
        packets.extend(Packet::from(signature.unwrap()).to_vec().unwrap());
        packets
    }

    fn by_anna(&self, builder: SignatureBuilder) -> Vec<u8> {
        self.signed(&self.anna, &self.master, MASTER, builder)
    }

    fn with<T>(&self, job: impl FnOnce(Subject<'_>) -> T) -> T {
        let primary = self.master.primary_key().key().clone();
        job(Subject {
            primary: &primary,
            user_id: MASTER,
        })
    }

    /// The verdict on the only signature of a file.
    fn check(&self, file: &[u8]) -> Result<Attestation, AttestationError> {
        let found = read(file)?.found;
        assert_eq!(found.len(), 1);
        self.with(|subject| check(&found[0], subject, &self.signers(), self.now))
    }

    fn evidence(&self, file: &[u8]) -> Result<Attestation, AttestationError> {
        self.with(|subject| evidence(file, subject, &self.signers(), self.now))
    }
}

#[test]
fn a_root_s_certification_counts_and_has_one_form() {
    let case = Case::new();
    for typ in [
        SignatureType::GenericCertification,
        SignatureType::PersonaCertification,
        SignatureType::CasualCertification,
        SignatureType::PositiveCertification,
    ] {
        let handed_in = case.by_anna(case.builder(typ));
        let attestation = case.check(&handed_in).unwrap();
        assert_eq!(attestation.signer, case.anna.fingerprint());
        assert_eq!(attestation.made, Timestamp::from(case.on_day(2)));
        assert!(!attestation.revokes);
        // In armour or not, handed in again or read from the vault: the same.
        assert_eq!(case.evidence(&attestation.file).unwrap(), attestation);
        assert_eq!(case.check(&attestation.file).unwrap(), attestation);
    }
}

#[test]
fn a_whole_exported_key_and_several_blocks_of_armour_are_looked_through() {
    let case = Case::new();
    let found = |by: &Cert| {
        let packets = case.signed(by, &case.master, MASTER, case.plain());
        Cert::from_bytes(&packets).unwrap()
    };
    let master = case.master.clone().strip_secret_key_material();
    let whole = master.merge_public(found(&case.anna)).unwrap();
    let whole = whole.merge_public(found(&case.ben)).unwrap();
    let file = whole.armored().to_vec().unwrap();
    let handed_in = read(&file).unwrap();
    let verdicts: Vec<_> = case.with(|subject| {
        let found = handed_in.found.iter();
        found
            .map(|one| check(one, subject, &case.signers(), case.now))
            .collect()
    });
    assert_eq!(verdicts.iter().filter(|one| one.is_ok()).count(), 2);
    assert!(verdicts.contains(&Err(AttestationError::Own)));

    let one = enarmor(Kind::PublicKey, &case.by_anna(case.plain())).unwrap();
    let quoted: String = String::from_utf8(file).unwrap();
    let both = [one, b"and here is hers:\n".to_vec(), quoted.into_bytes()].concat();
    assert_eq!(read(&both).unwrap().found.len(), handed_in.found.len() + 1);
}

#[test]
fn what_does_not_count_is_told_apart() {
    use AttestationError as E;
    let case = Case::new();
    let anna = case.anna.fingerprint();
    let stranger = cert("Mallory <mallory@example.org>", case.made);
    let fault = |file: &[u8]| case.check(file).unwrap_err();

    let by = case.signed(&stranger, &case.master, MASTER, case.plain());
    assert_eq!(fault(&by), E::Stranger(stranger.fingerprint().into()));
    let over = case.signed(&case.anna, &stranger, MASTER, case.plain());
    assert_eq!(fault(&over), E::OtherKey(stranger.fingerprint()));
    let user_id = "Infra (Larch) <infra@example.org>";
    let other = case.signed(&case.anna, &case.master, user_id, case.plain());
    let (signer, user_id) = (anna.clone(), user_id.as_bytes().to_vec());
    assert_eq!(fault(&other), E::OtherUserId { signer, user_id });
    let own = case.signed(&case.master, &case.master, MASTER, case.plain());
    assert_eq!(fault(&own), E::Own);

    let sha1 = case.by_anna(case.plain().set_hash_algo(HashAlgorithm::SHA1));
    let (signer, hash) = (anna.clone(), HashAlgorithm::SHA1);
    assert_eq!(fault(&sha1), E::Weak { signer, hash });
    let local = case.plain().set_exportable_certification(false).unwrap();
    assert_eq!(fault(&case.by_anna(local)), E::Local(anna.clone()));
    let day = Duration::from_secs(DAY);
    let short = case.plain().set_signature_validity_period(day).unwrap();
    let (signer, since) = (anna.clone(), Timestamp::from(case.on_day(3)));
    assert_eq!(fault(&case.by_anna(short)), E::Expired { signer, since });
    let long = case.plain().set_signature_validity_period(day * 9).unwrap();
    assert!(case.check(&case.by_anna(long)).is_ok());

    let dated = |time: SystemTime| {
        let builder = case.plain().set_signature_creation_time(time).unwrap();
        case.by_anna(builder)
    };
    let (signer, made) = (anna.clone(), Timestamp::from(case.on_day(12)));
    assert_eq!(fault(&dated(case.on_day(12))), E::Ahead { signer, made });
    assert!(case.check(&dated(case.on_day(10) + day / 2)).is_ok());

    let nobody = NotationDataFlags::empty();
    let strange = case
        .plain()
        .add_notation("x@example.org", b"1", nobody, true);
    assert!(matches!(
        fault(&case.by_anna(strange.unwrap())),
        E::Unacceptable { .. }
    ));
}

#[test]
fn a_signature_from_before_the_key_was_made_does_not_count() {
    let mut case = Case::new();
    case.master = cert(MASTER, case.on_day(5));
    let file = case.by_anna(case.plain());
    let (signer, made) = (case.anna.fingerprint(), Timestamp::from(case.on_day(2)));
    let early = AttestationError::BeforeKey { signer, made };
    assert_eq!(case.check(&file), Err(early));
}

#[test]
fn a_root_s_key_must_have_been_good_when_it_signed() {
    let mut case = Case::new();
    let file = case.by_anna(case.plain());
    let mut pair = {
        let key = case.anna.primary_key().key().clone().parts_into_secret();
        key.unwrap().into_keypair().unwrap()
    };
    let good = case.anna.clone();
    let mut revoked = |reason, day| {
        let revocation = openpgp::cert::CertRevocationBuilder::new()
            .set_signature_creation_time(case.on_day(day))
            .unwrap()
            .set_reason_for_revocation(reason, b"")
            .unwrap()
            .build(&mut pair, &good, None)
            .unwrap();
        good.clone().insert_packets(revocation).unwrap().0
    };
    let retired_after = revoked(ReasonForRevocation::KeyRetired, 5);
    let retired_before = revoked(ReasonForRevocation::KeyRetired, 1);
    let stolen_after = revoked(ReasonForRevocation::KeyCompromised, 5);
    case.anna = retired_after;
    assert!(case.check(&file).is_ok());
    for cert in [retired_before, stolen_after] {
        case.anna = cert;
        let (signer, fault) = (case.anna.fingerprint(), KeyFault::Revoked);
        assert_eq!(
            case.check(&file),
            Err(AttestationError::Key { signer, fault })
        );
    }

    let day = Duration::from_secs(DAY);
    let built = CertBuilder::new().add_userid("Anna <anna@example.org>");
    let built = built.set_creation_time(Some(case.made));
    case.anna = built.set_validity_period(Some(day)).generate().unwrap().0;
    let file = case.by_anna(case.plain());
    let fault = KeyFault::Expired(Timestamp::from(case.on_day(1)));
    let signer = case.anna.fingerprint();
    assert_eq!(
        case.check(&file),
        Err(AttestationError::Key { signer, fault })
    );
}

#[test]
fn who_has_no_certificate_at_hand_can_not_be_checked() {
    let case = Case::new();
    let found = read(&case.by_anna(case.plain())).unwrap().found;
    let fingerprint = case.anna.fingerprint();
    let unknown = [Signer {
        fingerprint: fingerprint.clone(),
        cert: None,
    }];
    let verdict = case.with(|subject| check(&found[0], subject, &unknown, case.now));
    assert_eq!(verdict, Err(AttestationError::NoCertificate(fingerprint)));
}

#[test]
fn a_revocation_is_read_as_one() {
    let case = Case::new();
    let key = case.anna.primary_key().key().clone().parts_into_secret();
    let mut pair = key.unwrap().into_keypair().unwrap();
    let user_id = UserID::from(MASTER);
    let primary = case.master.primary_key().key();
    let mut hash = HashAlgorithm::SHA512.context().unwrap().for_signature(4);
    primary.hash(&mut hash).unwrap();
    user_id.hash(&mut hash).unwrap();
    let revocation = case
        .builder(SignatureType::CertificationRevocation)
        .set_hash_algo(HashAlgorithm::SHA512)
        .sign_hash(&mut pair, hash)
        .unwrap();
    let mut packets = Packet::from(primary.clone()).to_vec().unwrap();
    packets.extend(Packet::from(user_id).to_vec().unwrap());
    packets.extend(Packet::from(revocation).to_vec().unwrap());
    let attestation = case.check(&packets).unwrap();
    assert!(attestation.revokes);
    assert_eq!(case.evidence(&attestation.file).unwrap(), attestation);
}

#[test]
fn evidence_is_one_signature_in_its_one_form() {
    let case = Case::new();
    let anna = case.check(&case.by_anna(case.plain())).unwrap();
    let ben = case.signed(&case.ben, &case.master, MASTER, case.plain());
    let (packets, _) = dearmor(&anna.file, MAX_ATTESTATION).unwrap();
    let two = enarmor(Kind::PublicKey, &[packets.clone(), ben].concat()).unwrap();
    let not_one = Some(AttestationError::NotCanonical);
    assert_eq!(case.evidence(&two).err(), not_one);
    let whole = case.master.clone().strip_secret_key_material();
    let whole = whole.merge_public(Cert::from_bytes(&packets).unwrap());
    let whole = whole.unwrap().armored().to_vec().unwrap();
    assert_eq!(case.evidence(&whole).err(), not_one);
    // As it was handed in, with what nobody signed: a date, a salt, anything.
    let loose = case.by_anna(case.plain());
    let found = read(&loose).unwrap().found;
    let mut signature = found[0].signature.clone();
    let note = NotationData::new("x@example.org", b"y", NotationDataFlags::empty());
    let note = Subpacket::new(SubpacketValue::NotationData(note), false).unwrap();
    signature.unhashed_area_mut().add(note).unwrap();
    let mut packets = Packet::from(found[0].key.clone()).to_vec().unwrap();
    packets.extend(Packet::from(found[0].user_id.clone()).to_vec().unwrap());
    packets.extend(Packet::from(signature).to_vec().unwrap());
    let loose = enarmor(Kind::PublicKey, &packets).unwrap();
    assert!(case.check(&loose).is_ok());
    assert_eq!(case.evidence(&loose).err(), not_one);
}

#[test]
fn damage_is_told_and_nothing_panics() {
    let case = Case::new();
    for nothing in [&b""[..], b"hello", &[0xff; 300], b"-----BEGIN PGP"] {
        assert_eq!(read(nothing).err(), Some(AttestationError::Damaged));
    }
    let good = case.by_anna(case.plain());
    let last = good.len() - 1;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let verdicts = read(&bad).map(|handed_in| {
            let found = handed_in.found.iter();
            case.with(|subject| {
                let good =
                    found.filter(|one| check(one, subject, &case.signers(), case.now).is_ok());
                good.count()
            })
        });
        if at == last {
            assert_eq!(verdicts, Ok(0));
        }
    }
    for length in 0..good.len() {
        let _ = read(&good[..length]);
    }
}
