//! The master key: making it, writing it for the master file, reading it back, signing a draft.

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::crypto::{KeyPair, Signer as _};
use openpgp::packet::{Key, Packet, UserID, key, key::Key4};
use openpgp::parse::{PacketParser, PacketParserResult, Parse};
use openpgp::serialize::Marshal;
use openpgp::types::{Curve, Timestamp};
use zeroize::Zeroizing;

use super::armor::enarmor;
use super::draft::{Draft, DraftError, Signed};
use super::plan::{Algorithm, Hash, Plan, Primary, Stamp};

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
    primary: Primary,
}

impl MasterKey {
    /// A new Ed25519 key (version 4, RFC 9580 §5.5.2), created at the given second.
    ///
    /// # Errors
    /// [`KeyError::Backend`].
    pub fn generate(created: u32) -> Result<Self, KeyError> {
        let mut key: Key4<key::SecretParts, key::PrimaryRole> =
            Key4::generate_ecc(true, Curve::Ed25519).map_err(backend)?;
        key.set_creation_time(Timestamp::from(created))
            .map_err(backend)?;
        Self::from_key(key.into())
    }

    fn from_key(key: Key<key::SecretParts, key::PrimaryRole>) -> Result<Self, KeyError> {
        let primary = key.clone().parts_into_public();
        Algorithm::of(primary.pk_algo()).ok_or(KeyError::NoKey)?;
        let pair = key.into_keypair().map_err(backend)?;
        Ok(Self { pair, primary })
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
            Packet::SecretKey(key) if !key.secret().is_encrypted() => Self::from_key(key),
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
        let value = self.pair.sign(algorithm, digest).map_err(backend)?;
        Ok(draft.fill(value))
    }

    /// The transferable secret key in armour, not encrypted: the plaintext of the master file,
    /// what `gpg --import` takes.
    ///
    /// # Errors
    /// [`KeyError::Backend`].
    pub fn to_file(&self, own: &OwnSignatures) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let secret: Key<key::SecretParts, key::PrimaryRole> =
            Key::from(self.pair.clone()).role_into_primary();
        let packets = own.packets(Packet::SecretKey(secret))?;
        enarmor(Kind::SecretKey, &packets)
            .map(Zeroizing::new)
            .map_err(backend)
    }

    /// The certificate in armour, as created.
    ///
    /// # Errors
    /// [`KeyError::Backend`].
    pub fn to_certificate(&self, own: &OwnSignatures) -> Result<Vec<u8>, KeyError> {
        let packets = own.packets(Packet::PublicKey(self.primary.clone()))?;
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
    ) -> Result<OwnSignatures, KeyError> {
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
        Ok(OwnSignatures {
            direct: self.sign(&direct)?,
            user_id,
            binding: self.sign(&binding)?,
        })
    }

    /// A hard revocation certificate in armour, as `gpg --import` takes it.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn revocation(
        &mut self,
        reason: super::plan::HardReason,
        created: u32,
    ) -> Result<Vec<u8>, KeyError> {
        let stamp = self.stamp(created)?;
        let primary = self.primary.clone();
        let draft = Draft::encode(Plan::RevokeKey {
            stamp,
            reason,
            primary,
        })?;
        let signed = self.sign(&draft)?;
        enarmor(Kind::PublicKey, &signed.to_bytes()?).map_err(backend)
    }
}

/// The self-signatures that a new key has.
pub struct OwnSignatures {
    direct: Signed,
    user_id: UserID,
    binding: Signed,
}

impl OwnSignatures {
    fn packets(&self, primary: Packet) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(2048));
        primary.serialize(&mut *bytes).map_err(backend)?;
        bytes.extend_from_slice(&self.direct.to_bytes()?);
        Packet::from(self.user_id.clone())
            .serialize(&mut *bytes)
            .map_err(backend)?;
        bytes.extend_from_slice(&self.binding.to_bytes()?);
        Ok(bytes)
    }
}
