//! The master key: making it, writing it for the master file, reading it back, signing a draft.

use sequoia_openpgp as openpgp;

use openpgp::Fingerprint;
use openpgp::armor::Kind;
use openpgp::crypto::{KeyPair, S2K, Signer as _};
use openpgp::packet::key::{Encrypted, SecretKeyMaterial};
use openpgp::packet::{Key, Packet, UserID, key, key::Key4};
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::serialize::Marshal;
use openpgp::types::{Curve, HashAlgorithm, SymmetricAlgorithm, Timestamp};
use zeroize::Zeroizing;

use super::armor::enarmor;
use super::draft::{Draft, DraftError, Signed};
use super::plan::{Algorithm, Hash, Plan, Primary, Reason, Stamp, Subkey, SubkeyUse, Why};
use super::rsa::RsaSigner;
use super::{revocation, signing_subkey};

/// GnuPG's mark for a secret that isn't there, or on a card.
pub(super) const GNU_STUB: u8 = 101;
/// The length of the RSA keys that are made here.
const RSA_BITS: usize = 4096;

/// Why a key can't be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The crypto backend failed.
    #[error("the crypto backend failed: {0}")]
    Backend(String),
    /// The bytes hold no usable secret primary key.
    #[error("no usable secret primary key in the master file")]
    NoKey,
    /// A draft of another key.
    #[error("the draft names another key")]
    OtherKey,
    /// A draft that can't be encoded.
    #[error(transparent)]
    Draft(#[from] DraftError),
}

fn backend(error: anyhow::Error) -> KeyError {
    KeyError::Backend(error.to_string())
}

/// The secret master key. It lives inside the session only.
pub struct MasterKey {
    pair: KeyPair,
    /// Signs for the pair if that is of RSA.
    rsa: Option<RsaSigner>,
    primary: Primary,
}

impl MasterKey {
    /// A new version 4 key (RFC 9580 §5.5.2), Ed25519 or RSA of 4096 bits, created at the given second.
    ///
    /// # Errors
    /// [`KeyError::Backend`].
    pub fn generate(algorithm: Algorithm, created: u32) -> Result<Self, KeyError> {
        Self::generate_of(algorithm, RSA_BITS, created)
    }

    fn generate_of(algorithm: Algorithm, bits: usize, created: u32) -> Result<Self, KeyError> {
        let mut key: Key4<key::SecretParts, key::PrimaryRole> = match algorithm {
            Algorithm::EdDsa => Key4::generate_ecc(true, Curve::Ed25519),
            Algorithm::Rsa => Key4::generate_rsa(bits),
        }
        .map_err(backend)?;
        key.set_creation_time(Timestamp::from(created))
            .map_err(backend)?;
        Self::from_key(key.into())
    }

    /// A new key of the algorithm, the length and the time of `model`: what a rehearsal signs with.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn like(model: &Primary) -> Result<Self, KeyError> {
        let algorithm = Algorithm::of(model.pk_algo()).ok_or(KeyError::NoKey)?;
        let created = Timestamp::try_from(model.creation_time()).map_err(backend)?;
        let bits = model.mpis().bits().unwrap_or(RSA_BITS);
        Self::generate_of(algorithm, bits, created.into())
    }

    /// With a secret primary key that is not encrypted.
    ///
    /// # Errors
    /// [`KeyError::NoKey`].
    pub(super) fn from_key(key: Key<key::SecretParts, key::PrimaryRole>) -> Result<Self, KeyError> {
        // `parts_into_public` would leave the secret where it is.
        let (primary, _) = key.clone().take_secret();
        let rsa = match (Algorithm::of(primary.pk_algo()), key.secret()) {
            (Some(Algorithm::EdDsa), SecretKeyMaterial::Unencrypted(_)) => None,
            (Some(Algorithm::Rsa), SecretKeyMaterial::Unencrypted(secret)) => Some(
                secret
                    .map(|secret| RsaSigner::new(primary.mpis(), secret))
                    .map_err(|_| KeyError::NoKey)?,
            ),
            _ => return Err(KeyError::NoKey),
        };
        let pair = key.into_keypair().map_err(backend)?;
        Ok(Self { pair, rsa, primary })
    }

    /// Reads the key from the plaintext of a master file: a transferable secret key.
    ///
    /// # Errors
    /// [`KeyError::NoKey`].
    pub fn read(file: &[u8]) -> Result<Self, KeyError> {
        let parsed = PacketParser::from_bytes(file).map_err(|_| KeyError::NoKey)?;
        let PacketParserResult::Some(parser) = parsed else {
            return Err(KeyError::NoKey);
        };
        let (first, _) = parser.next().map_err(|_| KeyError::NoKey)?;
        match first {
            Packet::SecretKey(key) => Self::from_key(key),
            _ => Err(KeyError::NoKey),
        }
    }

    /// The public half.
    #[must_use]
    pub fn primary(&self) -> &Primary {
        &self.primary
    }

    /// A stamp of this key for a plan.
    ///
    /// # Errors
    /// [`KeyError::NoKey`]: never for a key that was read or made here.
    pub fn stamp(&self, created: u32) -> Result<Stamp, KeyError> {
        let algorithm = Algorithm::of(self.primary.pk_algo()).ok_or(KeyError::NoKey)?;
        let issuer = self.primary.fingerprint();
        Ok(Stamp {
            issuer,
            algorithm,
            hash: Hash::Sha512,
            created,
        })
    }

    /// Signs a draft: the one thing that the key does.
    ///
    /// # Errors
    /// [`KeyError::OtherKey`], [`KeyError::Backend`].
    pub fn sign(&mut self, draft: &Draft) -> Result<Signed, KeyError> {
        if draft.plan().stamp().issuer != self.primary.fingerprint() {
            return Err(KeyError::OtherKey);
        }
        let (algorithm, digest) = draft.digest();
        let value = match &self.rsa {
            Some(rsa) => rsa
                .sign(algorithm, digest)
                .map_err(|error| KeyError::Backend(error.to_string()))?,
            None => self.pair.sign(algorithm, digest).map_err(backend)?,
        };
        draft
            .fill(value)
            .map_err(|error| KeyError::Backend(error.to_string()))
    }

    /// The transferable secret key in armour, not encrypted: the plaintext of the master file,
    /// what `gpg --import` takes.
    ///
    /// # Errors
    /// [`KeyError::Backend`].
    pub fn to_file(&self, own: &OwnPackets) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let secret: Key<key::SecretParts, key::PrimaryRole> =
            Key::from(self.pair.clone()).role_into_primary();
        let packets = with_primary(Packet::SecretKey(secret), &[&own.itself])?;
        enarmor(Kind::SecretKey, &packets)
            .map(Zeroizing::new)
            .map_err(backend)
    }

    /// The certificate in armour, as created.
    ///
    /// # Errors
    /// [`KeyError::Backend`].
    pub fn to_certificate(&self, own: &OwnPackets) -> Result<Vec<u8>, KeyError> {
        let primary = Packet::PublicKey(self.primary.clone());
        let packets = with_primary(primary, &[&own.itself, &own.subkeys])?;
        enarmor(Kind::PublicKey, &packets).map_err(backend)
    }

    /// Plans and signs what makes the key a certificate: the direct-key signature and the binding
    /// of its user ID, both with the same expiry, since gpg and Sequoia read different ones.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn sign_itself(
        &mut self,
        user_id: &str,
        expires_after: u32,
    ) -> Result<OwnPackets, KeyError> {
        let created = u32::try_from(
            self.primary
                .creation_time()
                .duration_since(std::time::UNIX_EPOCH)
                .map_err(|_| KeyError::NoKey)?
                .as_secs(),
        )
        .map_err(|_| KeyError::NoKey)?;
        let primary = self.primary.clone();
        let user_id = UserID::from(user_id);
        let stamp = self.stamp(created)?;
        let direct = Draft::encode(Plan::KeySelf {
            stamp: stamp.clone(),
            expires_after,
            primary: primary.clone(),
        })?;
        let binding = Draft::encode(Plan::UserIdSelf {
            stamp,
            expires_after,
            primary_user_id: true,
            primary,
            user_id: user_id.clone(),
        })?;
        let mut itself = self.sign(&direct)?.bytes().to_vec();
        Packet::from(user_id)
            .serialize(&mut itself)
            .map_err(backend)?;
        itself.extend_from_slice(self.sign(&binding)?.bytes());
        Ok(OwnPackets {
            itself,
            subkeys: Vec::new(),
            bound: Vec::new(),
        })
    }

    /// A hard revocation certificate in armour, as `gpg --import` takes it: of the key itself, or of a subkey.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn revocation(
        &mut self,
        reason: Reason,
        subkey: Option<&Subkey>,
        created: u32,
    ) -> Result<Vec<u8>, KeyError> {
        let stamp = self.stamp(created)?;
        let primary = self.primary.clone();
        let why = Why::only(reason);
        let plan = match subkey.cloned() {
            None => Plan::RevokeKey {
                stamp,
                why,
                primary,
            },
            Some(subkey) => Plan::RevokeSubkey {
                stamp,
                why,
                primary,
                subkey,
            },
        };
        let draft = Draft::encode(plan)?;
        let signed = self.sign(&draft)?;
        revocation::certificate(draft.plan(), &signed).map_err(backend)
    }

    /// Makes a signing subkey of Ed25519 and binds it, to last as long as the key. What is given back is the file
    /// for its host: a transferable secret key in armour, not encrypted, the primary's secret left out.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn make_subkey(
        &mut self,
        own: &mut OwnPackets,
        created: u32,
    ) -> Result<(Fingerprint, Zeroizing<Vec<u8>>), KeyError> {
        let mut key: Key4<key::SecretParts, key::SubordinateRole> =
            Key4::generate_ecc(true, Curve::Ed25519).map_err(backend)?;
        key.set_creation_time(Timestamp::from(created))
            .map_err(backend)?;
        let secret: Key<key::SecretParts, key::SubordinateRole> = key.into();
        let (subkey, _) = secret.clone().take_secret();
        let unsigned = signing_subkey::Unsigned::new(&self.primary, &subkey, created)
            .map_err(|error| KeyError::Backend(error.to_string()))?;
        let mut pair = secret.clone().into_keypair().map_err(backend)?;
        let value = pair
            .sign(HashAlgorithm::SHA512, unsigned.digest())
            .map_err(backend)?;
        let back_signature = unsigned
            .fill_with(value)
            .map_err(|error| KeyError::Backend(error.to_string()))?;
        let draft = Draft::encode(Plan::SubkeyBinding {
            stamp: self.stamp(created)?,
            expires_after: None,
            usage: SubkeyUse::Sign,
            back_signature: Some(Box::new(back_signature)),
            primary: self.primary.clone(),
            subkey: subkey.clone(),
        })?;
        let signed = self.sign(&draft)?;
        let binding = signed.bytes();
        let mut file = with_primary(stub_of(self.primary.clone()), &[&own.itself])?;
        Packet::SecretSubkey(secret)
            .serialize(&mut *file)
            .map_err(backend)?;
        file.extend_from_slice(binding);
        let armored = enarmor(Kind::SecretKey, &file).map_err(backend)?;
        Packet::PublicSubkey(subkey.clone())
            .serialize(&mut own.subkeys)
            .map_err(backend)?;
        own.subkeys.extend_from_slice(binding);
        let fingerprint = subkey.fingerprint();
        own.bound.push(subkey);
        Ok((fingerprint, Zeroizing::new(armored)))
    }
}

/// The primary key as gpg writes one whose secret is elsewhere: S2K 101, "GNU", mode 1.
pub(super) fn stub_of(primary: Primary) -> Packet {
    let s2k = S2K::Private {
        tag: GNU_STUB,
        parameters: Some(b"\0GNU\x01".to_vec().into()),
    };
    let nothing = Encrypted::new(
        s2k,
        SymmetricAlgorithm::Unencrypted,
        Some(openpgp::crypto::mpi::SecretKeyChecksum::Sum16),
        Box::default(),
    );
    let (stub, _) = primary.add_secret(nothing.into());
    Packet::SecretKey(stub)
}

/// What a certificate has beside its primary key, in packets; nothing by others.
pub struct OwnPackets {
    /// Direct-key signatures, user IDs with their self-signatures.
    pub(super) itself: Vec<u8>,
    /// Public subkeys with their bindings.
    pub(super) subkeys: Vec<u8>,
    /// Those of them that are in use.
    pub(super) bound: Vec<Subkey>,
}

impl OwnPackets {
    /// The subkeys in use: each gets its revocations for the worst day.
    #[must_use]
    pub fn bound(&self) -> &[Subkey] {
        &self.bound
    }
}

/// A primary key and what follows it.
pub(super) fn with_primary(
    primary: Packet,
    rest: &[&[u8]],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let size: usize = rest.iter().map(|part| part.len()).sum();
    // Room for the largest secret key, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + (16 << 10)));
    primary.serialize(&mut *bytes).map_err(backend)?;
    for part in rest {
        bytes.extend_from_slice(part);
    }
    Ok(bytes)
}
