//! Offers as a host makes them, and as nobody should take them.
use super::*;
use crate::openpgp::signing_subkey::Unsigned;
use crate::world::gpg::agent::Value;
use openpgp::crypto::{Signer as _, mpi};
use openpgp::packet::key::{Key4, SecretParts, SubordinateRole};
use openpgp::packet::signature::SignatureBuilder;
use openpgp::packet::{Key, key};
use openpgp::types::{Curve, HashAlgorithm, PublicKeyAlgorithm, SignatureType};
use proptest::prelude::*;
use std::sync::OnceLock;

const NOW: u32 = 1_780_910_040;

fn now() -> Timestamp {
    Timestamp::from_openpgp(NOW)
}

fn time(seconds: u32) -> std::time::SystemTime {
    Timestamp::from_openpgp(seconds).into()
}

fn made<R: key::KeyRole>(seconds: u32) -> Key<SecretParts, R> {
    let mut key: Key4<SecretParts, R> = Key4::generate_ecc(true, Curve::Ed25519).unwrap();
    key.set_creation_time(time(seconds)).unwrap();
    key.into()
}

struct Host {
    primary: Key<SecretParts, key::PrimaryRole>,
    subkey: Key<SecretParts, SubordinateRole>,
}

impl Host {
    fn new(seconds: u32) -> Self {
        Self {
            primary: made(1_700_000_000),
            subkey: made(seconds),
        }
    }

    fn primary(&self) -> Primary {
        self.primary.clone().parts_into_public()
    }

    fn subkey(&self) -> Subkey {
        self.subkey.clone().parts_into_public()
    }

    fn offer_at(&self, made: u32, signed: u32) -> Offer {
        let (primary, subkey) = (self.primary(), self.subkey());
        let unsigned = Unsigned::new(&primary, &subkey, signed).unwrap();
        let mut pair = self.subkey.clone().into_keypair().unwrap();
        let value = pair.sign(HashAlgorithm::SHA512, unsigned.digest()).unwrap();
        let mpi::Signature::EdDSA { r, s } = value else {
            panic!("another kind of value");
        };
        let padded = |number: mpi::MPI| number.value_padded(32).unwrap().to_vec();
        let value = Value::EdDsa {
            r: padded(r).try_into().unwrap(),
            s: padded(s).try_into().unwrap(),
        };
        let back_signature = unsigned.fill(&value).unwrap();
        Offer {
            primary: primary.fingerprint(),
            host: "signing01".to_owned(),
            made: Timestamp::from_openpgp(made),
            subkey,
            back_signature,
        }
    }

    fn offer(&self) -> Offer {
        self.offer_at(NOW, NOW)
    }

    fn read(&self, offer: &Offer) -> Result<Offer, OfferError> {
        Offer::read(&offer.to_file().unwrap(), &self.primary(), now())
    }

    /// The offer with another back-signature, made by sequoia's own builder.
    fn signed_as(&self, kind: SignatureType, hash: HashAlgorithm) -> Result<Offer, OfferError> {
        let mut pair = self.subkey.clone().into_keypair().unwrap();
        let builder = SignatureBuilder::new(kind)
            .set_hash_algo(hash)
            .set_signature_creation_time(time(NOW))
            .unwrap();
        let (primary, subkey) = (self.primary(), self.subkey());
        let back_signature = match kind {
            SignatureType::PrimaryKeyBinding => {
                builder.sign_primary_key_binding(&mut pair, &primary, &subkey)
            }
            _ => builder.sign_subkey_binding(&mut pair, Some(&primary), &subkey),
        };
        self.read(&Offer {
            back_signature: back_signature.unwrap(),
            ..self.offer()
        })
    }

    /// The offer with another subkey, under the old back-signature.
    fn with_subkey(&self, algorithm: PublicKeyAlgorithm, numbers: mpi::PublicKey) -> OfferError {
        let subkey = Key4::new(time(NOW), algorithm, numbers).unwrap().into();
        let other = Offer {
            subkey,
            ..self.offer()
        };
        self.read(&other).unwrap_err()
    }
}

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::new(NOW))
}

#[test]
fn what_a_host_offers_is_read_as_it_was_written() {
    let offer = host().offer();
    assert_eq!(host().read(&offer), Ok(offer.clone()));
    assert!(offer.file_name().starts_with("offer-") && offer.file_name().len() == 28);
}

#[test]
fn an_offer_for_another_master_key_is_refused_whatever_it_names() {
    let other = Host::new(NOW);
    let offer = host().offer();
    let named = OfferError::OtherPrimary(offer.primary.clone());
    assert_eq!(other.read(&offer), Err(named));
    // Its name exchanged, the back-signature is still for the first.
    let renamed = Offer {
        primary: other.primary().fingerprint(),
        ..offer
    };
    assert_eq!(other.read(&renamed), Err(BackSignatureError::Forged.into()));
}

#[test]
fn without_a_back_signature_or_with_a_false_one_nothing_is_proved() {
    let text = String::from_utf8(host().offer().to_file().unwrap()).unwrap();
    let (front, _) = text.split_once("back-signature:\n").unwrap();
    let read = |text: String| Offer::read(text.as_bytes(), &host().primary(), now()).unwrap_err();
    assert_eq!(
        read(format!("{front}back-signature:\n")),
        OfferError::NoBackSignature
    );
    let expected = "back-signature";
    assert_eq!(
        read(front.to_owned()),
        RecordError::Field { expected }.into()
    );
    // Another host's subkey, or its signature.
    let other = Host::new(NOW).offer();
    let forged = Offer {
        subkey: other.subkey,
        ..host().offer()
    };
    // The signature names its own issuer.
    assert_eq!(
        host().read(&forged),
        Err(BackSignatureError::Contents.into())
    );
    let elsewhere = Host {
        primary: made(1_700_000_000),
        subkey: host().subkey.clone(),
    };
    let forged = Offer {
        back_signature: elsewhere.offer().back_signature,
        ..host().offer()
    };
    assert_eq!(host().read(&forged), Err(BackSignatureError::Forged.into()));
}

#[test]
fn weak_or_other_signatures_are_no_back_signatures() {
    let error = |kind, hash| host().signed_as(kind, hash).unwrap_err();
    let back = SignatureType::PrimaryKeyBinding;
    assert_eq!(
        error(back, HashAlgorithm::SHA1),
        BackSignatureError::Hash("SHA1".to_owned()).into()
    );
    assert_eq!(
        error(SignatureType::SubkeyBinding, HashAlgorithm::SHA512),
        BackSignatureError::Kind(0x18).into()
    );
    // The builder adds a salt.
    assert_eq!(
        error(back, HashAlgorithm::SHA512),
        BackSignatureError::Contents.into()
    );
    let early = Host::new(NOW).offer_at(NOW, NOW);
    assert!(early.to_file().is_ok());
}

#[test]
fn weak_and_foreign_kinds_of_subkeys_are_refused() {
    let number = |bytes: usize| mpi::MPI::new(&vec![0xC1; bytes]);
    let rsa = |bytes: usize| {
        let numbers = mpi::PublicKey::RSA {
            e: mpi::MPI::new(&[1, 0, 1]),
            n: number(bytes),
        };
        host().with_subkey(PublicKeyAlgorithm::RSAEncryptSign, numbers)
    };
    assert_eq!(rsa(128), SubkeyError::Bits(1024).into());
    assert_eq!(rsa(256), SubkeyError::Bits(2048).into());
    assert_eq!(rsa(2000), SubkeyError::Bits(16000).into());
    // Long enough: what is wrong is the signature only.
    assert_eq!(rsa(384), BackSignatureError::Contents.into());
    let (p, q, g, y) = (number(256), number(32), number(256), number(256));
    let dsa = mpi::PublicKey::DSA {
        p: p.clone(),
        q,
        g: g.clone(),
        y: y.clone(),
    };
    let other = |error| matches!(error, OfferError::Subkey(SubkeyError::Algorithm(_)));
    #[allow(deprecated)]
    let (dsa_code, elgamal_code) = (PublicKeyAlgorithm::DSA, PublicKeyAlgorithm::ElGamalEncrypt);
    assert!(other(host().with_subkey(dsa_code, dsa)));
    let elgamal = mpi::PublicKey::ElGamal { p, g, y };
    assert!(other(host().with_subkey(elgamal_code, elgamal)));
    let ecdsa = mpi::PublicKey::ECDSA {
        curve: Curve::NistP256,
        q: mpi::MPI::new(&[&[4_u8], &[0x11; 64][..]].concat()),
    };
    assert!(other(host().with_subkey(PublicKeyAlgorithm::ECDSA, ecdsa)));
}

/// The offer's text with the block of one field exchanged.
fn with_block(name: &str, block: &[u8]) -> Result<Offer, OfferError> {
    let offer = host().offer();
    let packet = |packet: Packet| packet.to_vec().unwrap();
    let own = [
        ("subkey", packet(offer.subkey.clone().into())),
        ("back-signature", packet(offer.back_signature.into())),
    ];
    let mut writer = RecordWriter::new("offer")
        .line("key", offer.primary.to_hex())
        .line("host", offer.host)
        .line("made", offer.made.to_string());
    for (field, bytes) in own {
        let bytes = if field == name { block } else { &bytes };
        writer = writer.block(field, bytes);
    }
    let text = writer.finish().unwrap();
    Offer::read(&text, &host().primary(), now())
}

#[test]
fn packets_of_other_versions_kinds_framings_and_numbers_are_refused() {
    let subkey = Packet::from(host().subkey()).to_vec().unwrap();
    let refused = |block: &[u8]| with_block("subkey", block).unwrap_err();
    assert!(with_block("subkey", &subkey).is_ok());
    let wrong = OfferError::Packet("subkey");
    for version in [2, 3, 5, 6] {
        let mut other = subkey.clone();
        other[2] = version;
        assert!(
            matches!(
                refused(&other),
                OfferError::Packet("subkey") | OfferError::Subkey(_)
            ),
            "{version}"
        );
    }
    assert_eq!(refused(&[]), wrong);
    assert_eq!(refused(&[subkey.clone(), subkey.clone()].concat()), wrong);
    assert_eq!(refused(&subkey[..subkey.len() - 1]), wrong);
    let primary = Packet::from(host().primary()).to_vec().unwrap();
    assert_eq!(refused(&primary), wrong);
    // The secret half.
    let secret = Packet::from(host().subkey.clone()).to_vec().unwrap();
    assert_eq!(refused(&secret), wrong);
    // The old framing, and a length of five bytes.
    let body = &subkey[2..];
    let old = [&[0xB8, subkey[1]], body].concat();
    assert_eq!(refused(&old), OfferError::NotCanonical);
    let long = [&[subkey[0], 0xFF, 0, 0, 0, subkey[1]], body].concat();
    assert_eq!(refused(&long), OfferError::NotCanonical);
    let signature = with_block("back-signature", &subkey);
    assert_eq!(signature, Err(OfferError::Packet("back-signature")));
}

#[test]
fn dates_ahead_and_long_names_are_refused() {
    let day = 86_400;
    let tomorrow = Host::new(NOW).offer_at(NOW + day, NOW);
    assert!(matches!(
        host().read(&tomorrow),
        Err(OfferError::OtherPrimary(_))
    ));
    let late = host().offer_at(NOW + day + 1, NOW);
    assert!(matches!(host().read(&late), Err(OfferError::Future(_))));
    let late = host().offer_at(NOW, NOW + day + 1);
    assert!(matches!(host().read(&late), Err(OfferError::Future(_))));
    let young = Host::new(NOW + 2 * day);
    let late = young.offer_at(NOW, NOW + 2 * day);
    assert!(matches!(young.read(&late), Err(OfferError::Future(_))));
    assert!(host().read(&host().offer_at(NOW + day, NOW + day)).is_ok());

    let named = |host: String| Offer {
        host,
        ..super::tests::host().offer()
    };
    assert!(host().read(&named("ß".repeat(64))).is_ok());
    assert_eq!(
        host().read(&named("a".repeat(65))),
        Err(OfferError::Value("host"))
    );
    assert!(named("a\nb".to_owned()).to_file().is_err());
    let big = [host().offer().to_file().unwrap(), vec![b' '; MAX_OFFER]].concat();
    let limit = MAX_OFFER;
    assert_eq!(
        Offer::read(&big, &host().primary(), now()),
        Err(RecordError::TooBig { limit }.into())
    );
}

proptest! {
    #[test]
    fn no_changed_byte_is_overlooked_but_those_that_nobody_vouches_for(
        position in 0_usize..2000,
        change in 1..=255_u8,
    ) {
        let offer = host().offer();
        let mut text = offer.to_file().unwrap();
        let position = position % text.len();
        text[position] ^= change;
        if let Ok(read) = Offer::read(&text, &host().primary(), now()) {
            prop_assert_eq!(&read.subkey, &offer.subkey);
            prop_assert_eq!(&read.back_signature, &offer.back_signature);
            prop_assert_eq!(read.to_file().unwrap(), text);
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, tail: Vec<u8>) {
        let primary = host().primary();
        let _ = Offer::read(&bytes, &primary, now());
        let mut text = host().offer().to_file().unwrap();
        text.extend(tail);
        let _ = Offer::read(&text, &primary, now());
        let _ = with_block("subkey", &bytes);
        let _ = with_block("back-signature", &bytes);
    }
}

#[test]
fn a_wrong_prefix_of_the_digest_is_a_forged_signature_as_it_is_to_gpg() {
    use openpgp::packet::signature::Signature4;
    let mut offer = host().offer();
    let Signature::V4(good) = &offer.back_signature else {
        panic!("version 4");
    };
    let [first, second] = *good.digest_prefix();
    offer.back_signature = Signature4::new(
        good.typ(),
        good.pk_algo(),
        good.hash_algo(),
        good.hashed_area().clone(),
        good.unhashed_area().clone(),
        [first ^ 1, second],
        good.mpis().clone(),
    )
    .into();
    assert_eq!(host().read(&offer), Err(BackSignatureError::Forged.into()));
}
