//! Drafts: a plan's one encoding, a signature packet with an empty value and the public packets
//! that it covers.
//!
//! [`Draft::encode`] and [`Draft::decode`] are the only ways to a [`Draft`], and decoding ends by
//! encoding the plan again and comparing the bytes. So what an approver was shown is what the
//! session hashes, and there is no second encoding in which something could hide.

use sequoia_openpgp as openpgp;

use openpgp::crypto::hash::Hash as _;
use openpgp::crypto::mpi;
use openpgp::packet::signature::Signature4;
use openpgp::packet::signature::subpacket::SubpacketArea;
use openpgp::packet::{Packet, Signature};
use openpgp::parse::Parse;
use openpgp::serialize::{Marshal, MarshalInto};
use openpgp::types::{HashAlgorithm, SignatureType};

pub use super::draft_error::{DraftError, MAX_DRAFT};
use super::draft_read::read_plan;
use super::draft_rules::check;
use super::plan::{Hash, Plan, Primary};
use super::subpackets::area_of;
use super::value::belongs_to;

/// Where the value of a draft goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// Into the result, for everybody to see.
    Out,
    /// Sealed to the revocation set: a hard revocation that is made now for the worst day.
    Sealed,
    /// It was made in advance, and comes out of the revocation set's custody.
    Released,
}

/// A plan together with its one encoding, and where its value goes.
///
/// A request may have ten thousand, so the signature that is in the bytes isn't kept beside them.
#[derive(Clone)]
pub struct Draft {
    plan: Plan,
    destination: Destination,
    bytes: Box<[u8]>,
    digest: Box<[u8]>,
}

/// A draft with its value filled in, as bytes: sequoia's own form takes six times as much memory.
#[derive(Clone)]
pub struct Signed(Box<[u8]>);

impl Signed {
    /// The signature packet with its framing.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The signature, read out of its packet.
    ///
    /// # Errors
    /// Never for what a draft was filled to.
    pub fn signature(&self) -> openpgp::Result<Signature> {
        match Packet::from_bytes(&self.0)? {
            Packet::Signature(signature) => Ok(signature),
            _ => Err(openpgp::Error::MalformedPacket("not a signature".into()).into()),
        }
    }
}

impl Draft {
    /// The one encoding of `plan`.
    ///
    /// # Errors
    /// The rules of [`DraftError`] that a plan can break.
    pub fn encode(plan: Plan) -> Result<Self, DraftError> {
        check(&plan)?;
        let algorithm = hash_of(&plan);
        let empty = || plan.stamp().algorithm.empty_value();
        let digest = digest(&plan, signature(&plan, [0, 0], empty())?, algorithm)
            .map_err(|_| DraftError::Unencodable)?;
        let template = signature(&plan, [digest[0], digest[1]], empty())?;
        let mut bytes = Vec::new();
        let mut put = |packet: Packet| {
            packet
                .serialize(&mut bytes)
                .map_err(|_| DraftError::Unencodable)
        };
        put(Signature::from(template).into())?;
        match &plan {
            Plan::Certify {
                target, user_id, ..
            }
            | Plan::Succeed {
                target, user_id, ..
            }
            | Plan::RevokeCertification {
                target, user_id, ..
            } => {
                put(target.clone().into())?;
                put(user_id.clone().into())?;
            }
            Plan::UserIdSelf {
                primary, user_id, ..
            }
            | Plan::RevokeUserId {
                primary, user_id, ..
            } => {
                put(primary.clone().into())?;
                put(user_id.clone().into())?;
            }
            Plan::KeySelf { primary, .. } | Plan::RevokeKey { primary, .. } => {
                put(primary.clone().into())?;
            }
            Plan::SubkeyBinding {
                primary, subkey, ..
            }
            | Plan::RevokeSubkey {
                primary, subkey, ..
            } => {
                put(primary.clone().into())?;
                put(subkey.clone().into())?;
            }
            Plan::Statement { text, .. } => bytes.extend_from_slice(text.as_bytes()),
            Plan::Manifest { text, .. } => bytes.extend_from_slice(text),
        }
        if bytes.len() > MAX_DRAFT {
            return Err(DraftError::TooLong);
        }
        Ok(Self {
            plan,
            destination: Destination::Out,
            bytes: bytes.into(),
            digest: digest.into(),
        })
    }

    /// The same draft, its value for another destination.
    ///
    /// # Errors
    /// [`DraftError::Destination`].
    pub fn to(mut self, destination: Destination) -> Result<Self, DraftError> {
        let hard = match &self.plan {
            Plan::RevokeKey { why, .. } | Plan::RevokeSubkey { why, .. } => why.reason.is_hard(),
            _ => false,
        };
        if destination != Destination::Out && !hard {
            return Err(DraftError::Destination);
        }
        self.destination = destination;
        Ok(self)
    }

    /// Where its value goes.
    #[must_use]
    pub fn destination(&self) -> Destination {
        self.destination
    }

    /// Reads a draft from hostile bytes.
    ///
    /// # Errors
    /// [`DraftError`] says which rule the bytes break.
    pub fn decode(bytes: &[u8]) -> Result<Self, DraftError> {
        if bytes.len() > MAX_DRAFT {
            return Err(DraftError::TooLong);
        }
        let plan = read_plan(bytes)?;
        let draft = Self::encode(plan)?;
        if *draft.bytes != *bytes {
            return Err(DraftError::NotCanonical);
        }
        Ok(draft)
    }

    /// What will be signed.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The type of the signature (RFC 9580 §5.2.1).
    #[must_use]
    pub fn kind(&self) -> SignatureType {
        signature_type(&self.plan)
    }

    /// The encoding.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash algorithm and the digest that the master key signs (RFC 9580 §5.2.4).
    #[must_use]
    pub fn digest(&self) -> (HashAlgorithm, &[u8]) {
        (hash_of(&self.plan), &self.digest)
    }

    /// The draft with `value` in the place of the empty one. Nothing is verified here.
    ///
    /// # Errors
    /// [`DraftError::Unencodable`]: never for a value of the issuer's algorithm.
    pub fn fill(&self, value: mpi::Signature) -> Result<Signed, DraftError> {
        let prefix = [self.digest[0], self.digest[1]];
        let filled = signature(&self.plan, prefix, value)?;
        let bytes = Packet::from(Signature::from(filled)).to_vec();
        let bytes = bytes.map_err(|_| DraftError::Unencodable)?;
        Ok(Signed(bytes.into()))
    }

    /// Does `signature` say anything else than this draft, its value left aside?
    #[must_use]
    pub fn template_differs_from(&self, signature: &Signature4) -> bool {
        signature_type(&self.plan) != signature.typ()
            || area_of(&self.plan).as_ref() != Ok(signature.hashed_area())
            || hash_of(&self.plan) != signature.hash_algo()
            || signature.unhashed_area().iter().next().is_some()
    }

    /// Is `packet` this draft with its value filled in, and does the value verify with `issuer`?
    #[must_use]
    pub fn is_fulfilled_by(&self, packet: &[u8], issuer: &Primary) -> Option<Signed> {
        if issuer.fingerprint() != self.plan.stamp().issuer {
            return None;
        }
        let Ok(Packet::Signature(Signature::V4(found))) = Packet::from_bytes(packet) else {
            return None;
        };
        let filled = self.fill(found.mpis().clone()).ok()?;
        if *filled.0 != *packet {
            return None;
        }
        belongs_to(found.mpis(), hash_of(&self.plan), &self.digest, issuer).then_some(filled)
    }
}

fn hash_of(plan: &Plan) -> HashAlgorithm {
    match plan.stamp().hash {
        Hash::Sha256 => HashAlgorithm::SHA256,
        Hash::Sha512 => HashAlgorithm::SHA512,
    }
}

/// The signature that a plan describes, with this digest prefix and this value.
fn signature(
    plan: &Plan,
    prefix: [u8; 2],
    value: mpi::Signature,
) -> Result<Signature4, DraftError> {
    Ok(Signature4::new(
        signature_type(plan),
        plan.stamp().algorithm.code(),
        hash_of(plan),
        area_of(plan)?,
        SubpacketArea::default(),
        prefix,
        value,
    ))
}

fn digest(plan: &Plan, template: Signature4, algorithm: HashAlgorithm) -> openpgp::Result<Vec<u8>> {
    let fields = Signature::from(template);
    let mut context = algorithm.context()?.for_signature(4);
    match plan {
        Plan::Certify {
            target, user_id, ..
        }
        | Plan::Succeed {
            target, user_id, ..
        }
        | Plan::RevokeCertification {
            target, user_id, ..
        } => {
            fields.hash_userid_binding(&mut context, target, user_id)?;
        }
        Plan::UserIdSelf {
            primary, user_id, ..
        }
        | Plan::RevokeUserId {
            primary, user_id, ..
        } => {
            fields.hash_userid_binding(&mut context, primary, user_id)?;
        }
        Plan::KeySelf { primary, .. } | Plan::RevokeKey { primary, .. } => {
            fields.hash_direct_key(&mut context, primary)?;
        }
        Plan::SubkeyBinding {
            primary, subkey, ..
        }
        | Plan::RevokeSubkey {
            primary, subkey, ..
        } => {
            fields.hash_subkey_binding(&mut context, primary, subkey)?;
        }
        Plan::Statement { text, .. } => {
            context.update(text.replace('\n', "\r\n").as_bytes());
            fields.hash(&mut context)?;
        }
        Plan::Manifest { text, .. } => {
            context.update(text);
            fields.hash(&mut context)?;
        }
    }
    context.into_digest()
}

fn signature_type(plan: &Plan) -> SignatureType {
    match plan {
        Plan::Certify { certainty, .. } => certainty.signature_type(),
        Plan::KeySelf { .. } => SignatureType::DirectKey,
        Plan::UserIdSelf { .. } | Plan::Succeed { .. } => SignatureType::PositiveCertification,
        Plan::SubkeyBinding { .. } => SignatureType::SubkeyBinding,
        Plan::RevokeKey { .. } => SignatureType::KeyRevocation,
        Plan::RevokeSubkey { .. } => SignatureType::SubkeyRevocation,
        Plan::RevokeUserId { .. } | Plan::RevokeCertification { .. } => {
            SignatureType::CertificationRevocation
        }
        Plan::Statement { .. } => SignatureType::Text,
        Plan::Manifest { .. } => SignatureType::Binary,
    }
}
