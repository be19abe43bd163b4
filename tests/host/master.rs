//! The master key, in the test's hands: it binds what a quorum would.

use std::time::Duration;

use quorate::ceremony::offer::Offer;
use quorate::openpgp::draft::Draft;
use quorate::openpgp::plan::{Algorithm, Hash, Plan, Stamp, SubkeyUse};
use quorate::world::Timestamp;
use sequoia_openpgp as openpgp;

use openpgp::cert::{CertBuilder, SubkeyRevocationBuilder};
use openpgp::crypto::{KeyPair, Signer as _};
use openpgp::packet::{Packet, Signature};
use openpgp::serialize::SerializeInto as _;
use openpgp::types::{KeyFlags, ReasonForRevocation};
use openpgp::{Cert, Fingerprint};

use super::machine::Machine;

pub const USER_ID: &str = "Example Infra (Juniper Cycle) <infra-root@example.org>";
const DAY: u64 = 86_400;

pub struct Master {
    secret: Cert,
}

/// A host whose subkey is offered.
pub struct Offered {
    pub offer: Offer,
    pub text: Vec<u8>,
}

impl Master {
    /// A key of 180 days.
    pub fn new() -> Self {
        let flags = KeyFlags::empty().set_certification().set_signing();
        let made = std::time::SystemTime::now() - Duration::from_secs(10 * DAY);
        let (secret, _) = CertBuilder::new()
            .add_userid(USER_ID)
            .set_primary_key_flags(flags)
            .set_creation_time(Some(made))
            .set_validity_period(Some(Duration::from_secs(190 * DAY)))
            .generate()
            .unwrap();
        Self { secret }
    }

    pub fn fingerprint(&self) -> String {
        self.secret.fingerprint().to_hex()
    }

    /// The secret key, as nobody but this test has it.
    pub fn secret(&self) -> Vec<u8> {
        self.secret.as_tsk().armored().to_vec().unwrap()
    }

    pub fn cert(&self) -> Cert {
        self.secret.clone().strip_secret_key_material()
    }

    fn pair(&self) -> KeyPair {
        let key = self.secret.primary_key().key().clone();
        key.parts_into_secret().unwrap().into_keypair().unwrap()
    }

    /// The host makes an offer for this key, known from a file.
    pub fn offered_by(&self, host: &Machine, more: &[&str]) -> Offered {
        let file = host.file("master.asc", &armored(&self.cert()));
        let key = self.fingerprint();
        let out = host.work().join("made.offer");
        let arguments = [
            &["host", "offer", "--certificate", &file, "--key", &key],
            &["--out", out.to_str().unwrap()][..],
            more,
        ]
        .concat();
        host.run(&arguments).exits(0);
        let text = std::fs::read(out).unwrap();
        let primary = self.cert().primary_key().key().clone();
        let offer = Offer::read(&text, &primary, host.now()).unwrap();
        Offered { offer, text }
    }

    /// What the quorum's request would carry out: the draft of a binding, with its value filled in.
    pub fn bind(&self, offer: &Offer, now: Timestamp, days: Option<u64>) -> Cert {
        let primary = self.cert().primary_key().key().clone();
        let stamp = Stamp {
            issuer: primary.fingerprint(),
            algorithm: Algorithm::of(primary.pk_algo()).unwrap(),
            hash: Hash::Sha512,
            created: now.to_openpgp().unwrap(),
        };
        let plan = Plan::SubkeyBinding {
            stamp,
            expires_after: days.map(|days| u32::try_from(days * DAY).unwrap()),
            usage: SubkeyUse::Sign,
            back_signature: Some(Box::new(offer.back_signature.clone())),
            primary,
            subkey: offer.subkey.clone(),
        };
        let draft = Draft::encode(plan).unwrap();
        let (hash, digest) = draft.digest();
        let value = self.pair().sign(hash, digest).unwrap();
        let signature = draft.fill(value).unwrap().signature().unwrap();
        let packets: Vec<Packet> = vec![offer.subkey.clone().into(), signature.into()];
        self.cert().insert_packets(packets).unwrap().0
    }

    pub fn revocation_of(&self, cert: &Cert, subkey: &Fingerprint) -> Signature {
        let found = quorate::openpgp::standing::find(cert, subkey).unwrap();
        SubkeyRevocationBuilder::new()
            .set_reason_for_revocation(ReasonForRevocation::KeyCompromised, b"")
            .unwrap()
            .build(&mut self.pair(), &self.cert(), &found, None)
            .unwrap()
    }

    pub fn revoke(&self, cert: &Cert, subkey: &Fingerprint) -> Cert {
        let revocation = self.revocation_of(cert, subkey);
        cert.clone().insert_packets(vec![revocation]).unwrap().0
    }

    pub fn revoke_all(&self, cert: &Cert) -> Cert {
        let revocation = self
            .secret
            .revoke(&mut self.pair(), ReasonForRevocation::KeyCompromised, b"")
            .unwrap();
        cert.clone().insert_packets(vec![revocation]).unwrap().0
    }

    /// A host with an installed subkey, and the certificate that it has.
    pub fn installed_on(&self, host: &Machine) -> (Offer, Cert) {
        let offered = self.offered_by(host, &[]);
        let cert = self.bind(&offered.offer, host.now(), None);
        let file = host.file("bound.asc", &armored(&cert));
        host.run(&["host", "install", &file]).exits(0);
        (offered.offer, cert)
    }
}

pub fn armored(cert: &Cert) -> Vec<u8> {
    cert.armored().to_vec().unwrap()
}

pub fn fingerprint(offer: &Offer) -> String {
    offer.subkey.fingerprint().to_hex()
}
