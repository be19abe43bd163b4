use super::*;
use openpgp::cert::CertBuilder;
use openpgp::packet::signature::Signature4;

fn file(signature: &Signature) -> Vec<u8> {
    let mut packets = Vec::new();
    let packet = Packet::from(signature.clone());
    packet.serialize(&mut packets).unwrap();
    packets
}

#[test]
fn whatever_somebody_adds_to_a_revocation_there_is_one_form_of_it() {
    let (cert, revocation) = CertBuilder::new().generate().unwrap();
    let cert = cert.strip_secret_key_material();
    let mut noted = revocation.clone();
    let note = SubpacketValue::PolicyURI(b"https://example.org/read-me".to_vec());
    let note = Subpacket::new(note, false).unwrap();
    noted.unhashed_area_mut().add(note).unwrap();
    let one = |signature: &Signature| {
        let mut found = read(&file(signature), &cert).unwrap();
        assert_eq!(found.len(), 1);
        found.remove(0)
    };
    let (plain, changed) = (one(&revocation), one(&noted));
    assert_eq!(plain.file, changed.file);
    assert_eq!(plain.signature.unhashed_area().iter().count(), 0);
    assert!(evidence(&plain.file, &cert).is_ok());
    // As a file of the vault only the one form counts.
    let primary = cert.primary_key().key().clone();
    let packets = [Packet::from(primary), noted.into()];
    let mut bytes = Vec::new();
    for packet in packets {
        packet.serialize(&mut bytes).unwrap();
    }
    let kept = enarmor(Kind::PublicKey, &bytes).unwrap();
    assert!(read(&kept, &cert).is_ok() && evidence(&kept, &cert).is_err());
}

#[test]
fn a_revocation_with_other_bytes_of_its_digest_is_not_taken() {
    let (cert, revocation) = CertBuilder::new().generate().unwrap();
    let [first, second] = *revocation.digest_prefix();
    let changed = Signature4::new(
        revocation.typ(),
        revocation.pk_algo(),
        revocation.hash_algo(),
        revocation.hashed_area().clone(),
        revocation.unhashed_area().clone(),
        [first ^ 1, second],
        revocation.mpis().clone(),
    );
    let read = read(&file(&changed.into()), &cert);
    assert_eq!(read.err(), Some(LearntError::None));
}

#[test]
fn who_made_a_revocation_stays_known_where_it_is_not_signed() {
    let (cert, revocation) = CertBuilder::new().generate().unwrap();
    let primary = cert.primary_key().key().clone();
    let mut unnamed = revocation;
    *unnamed.unhashed_area_mut() = SubpacketArea::default();
    let fields = Signature4::new(
        unnamed.typ(),
        unnamed.pk_algo(),
        unnamed.hash_algo(),
        SubpacketArea::default(),
        SubpacketArea::default(),
        *unnamed.digest_prefix(),
        unnamed.mpis().clone(),
    );
    let bare = bare(&fields.into(), &primary).unwrap();
    assert_eq!(bare.get_issuers(), [primary.keyid().into()]);
}
