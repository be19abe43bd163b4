//! Taking a key over that was made elsewhere: what of it goes into custody, what leaves, what is refused.

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::cert::ValidCert;
use openpgp::cert::amalgamation::ValidAmalgamation as _;
use openpgp::cert::bundle::ComponentBundle;
use openpgp::crypto::{Password, S2K};
use openpgp::packet::key::{PrimaryRole, SecretKeyMaterial, SecretParts, SubordinateRole};
use openpgp::packet::{Key, Packet, Signature};
use openpgp::parse::Parse;
use openpgp::policy::StandardPolicy;
use openpgp::serialize::Marshal as _;
use openpgp::types::{PublicKeyAlgorithm, RevocationStatus};
use openpgp::{Cert, Fingerprint};
use zeroize::Zeroizing;

use super::armor::enarmor;
use super::key::{GNU_STUB, KeyError, MasterKey, OwnPackets, stub_of, with_primary};
use super::plan::Algorithm;
use crate::world::Timestamp;

/// Most bytes of a key to be imported: 1 MiB.
pub const MAX_IMPORT: usize = 1 << 20;
/// Bits of an RSA key below which it isn't taken.
const RSA_LEAST: usize = 2048;
type Subkey = Key<SecretParts, SubordinateRole>;

/// Why a key isn't taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// No OpenPGP data, damaged, or several keys.
    #[error("not one OpenPGP key")]
    NotAKey,
    /// A public key.
    #[error("only the public half of a key")]
    Public,
    /// The primary's secret is elsewhere.
    #[error("the secret of the primary key isn't in it (gpg shows it as sec# or sec>)")]
    Stub,
    /// An algorithm or a length that no session can sign with.
    #[error("a key of {0}; Ed25519 and RSA of 2048 bits or more can be taken")]
    Algorithm(String),
    /// Not what the world would accept.
    #[error("not valid today: {0}")]
    Invalid(String),
    /// Revoked.
    #[error("revoked")]
    Revoked,
    /// A key without an end.
    #[error("a key that never expires")]
    Endless,
    /// Already over.
    #[error("expired since {0}")]
    Expired(String),
    /// The passphrase doesn't open it.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// No user ID like the configured one.
    #[error("user IDs that are all others: {}", .0.join(", "))]
    OtherUserId(Vec<String>),
    /// A subkey whose secret would be lost.
    #[error("the secret of subkey {fingerprint}, which is {what}")]
    Subkey {
        /// Which one.
        fingerprint: Fingerprint,
        /// What it is for, or what is wrong with it.
        what: &'static str,
    },
    /// A signing subkey, and nobody to give it to.
    #[error("the secret of signing subkey {0}, and nobody is named to get it")]
    Homeless(Fingerprint),
    /// A subkey to drop that isn't there.
    #[error("no secret of a subkey {0} to drop")]
    NoSuchSubkey(Fingerprint),
    /// The backend failed.
    #[error("the crypto backend failed: {0}")]
    Backend(String),
}

impl From<KeyError> for ImportError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::NoKey => Self::NotAKey,
            other => Self::Backend(other.to_string()),
        }
    }
}

fn backend(error: anyhow::Error) -> ImportError {
    ImportError::Backend(error.to_string())
}

/// What is to be done with the parts of a key.
pub struct Wish<'a> {
    /// The user ID that it has to have.
    pub user_id: &'a str,
    /// Subkeys whose secrets may be lost.
    pub drop: &'a [Fingerprint],
    /// Is there somebody to get the signing subkeys?
    pub subkeys_have_a_home: bool,
    /// The time.
    pub now: Timestamp,
}

/// A key, taken apart.
pub struct Imported {
    /// The master key.
    pub key: MasterKey,
    /// What belongs to it, public.
    pub own: OwnPackets,
    /// When it expires.
    pub expires: Timestamp,
    /// The signing subkeys, each as a file for `gpg --import`, not encrypted.
    pub leaving: Vec<Leaving>,
}

/// A signing subkey on its way to the signing host.
pub struct Leaving {
    /// Which one.
    pub fingerprint: Fingerprint,
    /// A transferable secret key in armour, the primary's secret left out.
    pub file: Zeroizing<Vec<u8>>,
}

/// What can be seen of an exported key without its passphrase.
pub struct Export {
    cert: Cert,
}

impl Export {
    /// Reads what `gpg --export-secret-keys` wrote, in armour or not.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn read(file: &[u8]) -> Result<Self, ImportError> {
        if file.len() > MAX_IMPORT {
            return Err(ImportError::NotAKey);
        }
        let cert = Cert::from_bytes(file).map_err(|_| ImportError::NotAKey)?;
        let primary = cert.primary_key().key();
        match (primary.pk_algo(), primary.mpis().bits()) {
            (PublicKeyAlgorithm::RSAEncryptSign, Some(bits)) if bits < RSA_LEAST => {
                return Err(ImportError::Algorithm(format!("RSA of {bits} bits")));
            }
            (algorithm, _) if Algorithm::of(algorithm).is_none() || primary.version() != 4 => {
                let what = format!("version {}, {algorithm}", primary.version());
                return Err(ImportError::Algorithm(what));
            }
            _ => (),
        }
        let secret = primary
            .clone()
            .parts_into_secret()
            .map_err(|_| ImportError::Public)?;
        if is_stub(secret.secret()) {
            return Err(ImportError::Stub);
        }
        Ok(Self { cert })
    }

    /// The primary key's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.cert.fingerprint()
    }

    /// The algorithm of the primary key.
    #[must_use]
    pub fn algorithm(&self) -> Option<Algorithm> {
        Algorithm::of(self.cert.primary_key().key().pk_algo())
    }

    /// Is a passphrase needed for any secret in it?
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.cert
            .keys()
            .secret()
            .map(|key| key.key().secret())
            .any(|secret| secret.is_encrypted() && !is_stub(secret))
    }

    /// Checks all that can be checked without the passphrase, and takes nothing.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn check(&self, wish: &Wish<'_>) -> Result<(), ImportError> {
        let policy = StandardPolicy::new();
        let (cert, _) = self.valid(&policy, wish)?;
        self.parting(&cert, wish).map(drop)
    }

    /// Takes the key apart.
    ///
    /// # Errors
    /// [`ImportError`].
    pub fn take(&self, wish: &Wish<'_>, passphrase: &[u8]) -> Result<Imported, ImportError> {
        let policy = StandardPolicy::new();
        let (valid, expires) = self.valid(&policy, wish)?;
        let leaving = self.parting(&valid, wish)?;
        let password = Password::from(passphrase);
        let open = |key: Key<SecretParts, PrimaryRole>| match key.secret().is_encrypted() {
            true => key
                .decrypt_secret(&password)
                .map_err(|_| ImportError::Passphrase),
            false => Ok(key),
        };
        let primary = self.cert.primary_key().key().clone();
        let secret = primary
            .clone()
            .parts_into_secret()
            .map_err(|_| ImportError::Public)?;
        let key = MasterKey::from_key(open(secret)?)?;
        let own = self.own_packets(&valid)?;
        let stub = stub_of(primary);
        let leaving = leaving
            .into_iter()
            .map(|(fingerprint, subkey)| {
                let opened = open(subkey.role_into_primary())?.role_into_subordinate();
                let file = self.for_the_host(&stub, &own, opened)?;
                Ok(Leaving { fingerprint, file })
            })
            .collect::<Result<_, ImportError>>()?;
        Ok(Imported {
            key,
            own,
            expires,
            leaving,
        })
    }

    /// The certificate as it is valid now, and its end.
    fn valid<'c>(
        &'c self,
        policy: &'c StandardPolicy<'c>,
        wish: &Wish<'_>,
    ) -> Result<(ValidCert<'c>, Timestamp), ImportError> {
        let now = std::time::SystemTime::from(wish.now);
        let valid = self
            .cert
            .with_policy(policy, now)
            .map_err(|error| ImportError::Invalid(error.root_cause().to_string()))?;
        if matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
            return Err(ImportError::Revoked);
        }
        if !valid.primary_key().for_certification() {
            return Err(ImportError::Invalid("it may not certify".to_owned()));
        }
        // gpg counts the user ID's, Sequoia the direct key's: the earlier end counts here.
        let end = |signature: &Signature| {
            let life = signature.key_validity_period()?;
            Some(self.cert.primary_key().key().creation_time() + life)
        };
        let bindings = valid
            .userids()
            .map(|user_id| end(user_id.binding_signature()));
        let direct = valid.direct_key_signature().ok().map(end);
        let ends: Vec<_> = bindings.chain(direct).collect();
        let expires = ends
            .into_iter()
            .flatten()
            .min()
            .ok_or(ImportError::Endless)?;
        let expires = Timestamp::from(expires);
        if expires <= wish.now {
            return Err(ImportError::Expired(expires.day()));
        }
        let live: Vec<String> = valid
            .userids()
            .filter(|id| !matches!(id.revocation_status(), RevocationStatus::Revoked(_)))
            .map(|id| String::from_utf8_lossy(id.userid().value()).into_owned())
            .collect();
        if !live.iter().any(|user_id| user_id == wish.user_id) {
            return Err(ImportError::OtherUserId(live));
        }
        Ok((valid, expires))
    }

    /// The signing subkeys that leave. Each other secret has to be dropped by name.
    fn parting(
        &self,
        valid: &ValidCert<'_>,
        wish: &Wish<'_>,
    ) -> Result<Vec<(Fingerprint, Subkey)>, ImportError> {
        let mut dropped = Vec::new();
        let mut leaving = Vec::new();
        for subkey in self.cert.keys().subkeys().secret() {
            let fingerprint = subkey.key().fingerprint();
            if is_stub(subkey.key().secret()) {
                continue;
            }
            if wish.drop.contains(&fingerprint) {
                dropped.push(fingerprint);
                continue;
            }
            let now = valid
                .keys()
                .subkeys()
                .find(|other| other.key().fingerprint() == fingerprint);
            let what = match &now {
                None => Some("not bound to the key"),
                Some(now) if matches!(now.revocation_status(), RevocationStatus::Revoked(_)) => {
                    Some("revoked")
                }
                Some(now) if now.alive().is_err() => Some("expired"),
                Some(now) if now.for_signing() => None,
                Some(now) if now.for_transport_encryption() || now.for_storage_encryption() => {
                    Some("for decrypting")
                }
                Some(_) => Some("not for signing"),
            };
            match what {
                Some(what) => return Err(ImportError::Subkey { fingerprint, what }),
                None => leaving.push((fingerprint, subkey.key().clone())),
            }
        }
        if let Some(other) = wish.drop.iter().find(|wanted| !dropped.contains(wanted)) {
            return Err(ImportError::NoSuchSubkey(other.clone()));
        }
        match leaving.first() {
            Some((homeless, _)) if !wish.subkeys_have_a_home => {
                Err(ImportError::Homeless(homeless.clone()))
            }
            _ => Ok(leaving),
        }
    }

    /// Everything that the key itself signed; what others signed can be merged at any time.
    fn own_packets(&self, valid: &ValidCert<'_>) -> Result<OwnPackets, ImportError> {
        let mut itself = Vec::new();
        own_signatures(&mut itself, self.cert.primary_key().bundle())?;
        for user_id in self.cert.userids() {
            bound(
                &mut itself,
                user_id.userid().clone().into(),
                user_id.bundle(),
            )?;
        }
        for attribute in self.cert.user_attributes() {
            let own = attribute.user_attribute().clone().into();
            bound(&mut itself, own, attribute.bundle())?;
        }
        let mut subkeys = Vec::new();
        for subkey in self.cert.keys().subkeys() {
            let public = subkey.key().clone().parts_into_public();
            bound(&mut subkeys, Packet::PublicSubkey(public), subkey.bundle())?;
        }
        let in_use = valid.keys().subkeys().alive().revoked(false);
        let bound = in_use.map(|subkey| subkey.key().clone()).collect();
        Ok(OwnPackets {
            itself,
            subkeys,
            bound,
        })
    }

    /// A file for the signing host's gpg.
    fn for_the_host(
        &self,
        stub: &Packet,
        own: &OwnPackets,
        subkey: Subkey,
    ) -> Result<Zeroizing<Vec<u8>>, ImportError> {
        let fingerprint = subkey.fingerprint();
        let mut bytes = with_primary(stub.clone(), &[&own.itself])?;
        packet(&mut bytes, Packet::SecretSubkey(subkey))?;
        for bound in self.cert.keys().subkeys() {
            if bound.key().fingerprint() == fingerprint {
                for signature in bound.self_signatures() {
                    packet(&mut bytes, signature.clone().into())?;
                }
            }
        }
        let file = enarmor(Kind::SecretKey, &bytes).map_err(backend)?;
        Ok(Zeroizing::new(file))
    }
}

fn is_stub(secret: &SecretKeyMaterial) -> bool {
    matches!(secret, SecretKeyMaterial::Encrypted(secret)
        if matches!(secret.s2k(), S2K::Private { tag: GNU_STUB, .. }))
}

fn packet(bytes: &mut Vec<u8>, packet: Packet) -> Result<(), ImportError> {
    packet.serialize(bytes).map_err(backend)
}

/// A part of the certificate and what its key signed about it.
fn bound<C>(
    bytes: &mut Vec<u8>,
    part: Packet,
    bundle: &ComponentBundle<C>,
) -> Result<(), ImportError> {
    packet(bytes, part)?;
    own_signatures(bytes, bundle)
}

fn own_signatures<C>(bytes: &mut Vec<u8>, bundle: &ComponentBundle<C>) -> Result<(), ImportError> {
    let revocations = bundle.self_revocations();
    for signature in bundle.self_signatures().chain(revocations) {
        packet(bytes, signature.clone().into())?;
    }
    Ok(())
}
