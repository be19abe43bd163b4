//! The hashed area of each kind of plan: which subpackets, in which order, critical or not;
//! and reading them back. Whatever isn't listed here can't be in a draft.

use sequoia_openpgp as openpgp;

use openpgp::packet::signature::subpacket::{
    NotationData, NotationDataFlags, Subpacket, SubpacketArea, SubpacketTag, SubpacketValue,
};
use openpgp::types::{
    Duration, Features, HashAlgorithm, KeyFlags, ReasonForRevocation, SymmetricAlgorithm, Timestamp,
};
use openpgp::{Fingerprint, KeyID};

use super::draft_error::DraftError;
use super::plan::{Certainty, Notation, Plan, Reason, SubkeyUse, Why};

/// The notation of a manifest's signature: critical, so that no program takes such a signature
/// for one over a release.
pub const MANIFEST_NOTATION: &str = "manifest@quorate";

/// The notation of the certification of a successor. Not critical: to a program that doesn't know it, it is a
/// certification.
pub const SUCCESSOR_NOTATION: &str = "successor@quorate";

/// The hashed area that a plan has.
///
/// # Errors
/// [`DraftError::Unencodable`] if a value is too long for its subpacket.
pub(super) fn area_of(plan: &Plan) -> Result<SubpacketArea, DraftError> {
    let mut list = vec![(
        SubpacketValue::SignatureCreationTime(Timestamp::from(plan.stamp().created)),
        true,
    )];
    match plan {
        Plan::Certify {
            expires_after,
            notations,
            ..
        } => {
            if let Some(seconds) = expires_after {
                let value = SubpacketValue::SignatureExpirationTime(Duration::from(*seconds));
                list.push((value, true));
            }
            for notation in notations {
                list.push((readable(&notation.name, notation.value.as_bytes()), false));
            }
        }
        Plan::Succeed { .. } => list.push((readable(SUCCESSOR_NOTATION, b"1"), false)),
        Plan::KeySelf { expires_after, .. } => key_properties(&mut list, *expires_after, false),
        Plan::UserIdSelf {
            expires_after,
            primary_user_id,
            ..
        } => {
            key_properties(&mut list, *expires_after, *primary_user_id);
        }
        Plan::SubkeyBinding {
            expires_after,
            usage,
            back_signature,
            ..
        } => {
            if let Some(seconds) = expires_after {
                list.push((
                    SubpacketValue::KeyExpirationTime(Duration::from(*seconds)),
                    true,
                ));
            }
            list.push((SubpacketValue::KeyFlags(subkey_flags(*usage)), true));
            if let Some(signature) = back_signature {
                list.push((
                    SubpacketValue::EmbeddedSignature((**signature).clone()),
                    true,
                ));
            }
        }
        Plan::RevokeKey { why, .. } | Plan::RevokeSubkey { why, .. } => {
            list.push((reason(code_of(why.reason), &why.text), false));
        }
        Plan::RevokeUserId { text, .. } => {
            list.push((reason(ReasonForRevocation::UIDRetired, text), false));
        }
        Plan::RevokeCertification { text, .. } => {
            list.push((reason(ReasonForRevocation::Unspecified, text), false));
        }
        Plan::Statement { .. } => (),
        Plan::Manifest { .. } => list.push((readable(MANIFEST_NOTATION, b"1"), true)),
    }
    let issuer = &plan.stamp().issuer;
    list.push((SubpacketValue::Issuer(KeyID::from(issuer)), false));
    list.push((SubpacketValue::IssuerFingerprint(issuer.clone()), false));
    let packets: Result<Vec<_>, _> = list
        .into_iter()
        .map(|(value, critical)| Subpacket::new(value, critical))
        .collect();
    packets
        .and_then(SubpacketArea::new)
        .map_err(|_| DraftError::Unencodable)
}

fn code_of(reason: Reason) -> ReasonForRevocation {
    match reason {
        Reason::None => ReasonForRevocation::Unspecified,
        Reason::Superseded => ReasonForRevocation::KeySuperseded,
        Reason::Compromised => ReasonForRevocation::KeyCompromised,
        Reason::Retired => ReasonForRevocation::KeyRetired,
    }
}

fn reason(code: ReasonForRevocation, text: &str) -> SubpacketValue {
    SubpacketValue::ReasonForRevocation {
        code,
        reason: text.as_bytes().to_vec(),
    }
}

fn readable(name: &str, value: &[u8]) -> SubpacketValue {
    let flags = NotationDataFlags::empty().set_human_readable();
    SubpacketValue::NotationData(NotationData::new(name, value, flags))
}

fn key_properties(list: &mut Vec<(SubpacketValue, bool)>, expires_after: u32, primary: bool) {
    let ciphers = vec![SymmetricAlgorithm::AES256, SymmetricAlgorithm::AES128];
    let hashes = vec![HashAlgorithm::SHA512, HashAlgorithm::SHA256];
    list.push((
        SubpacketValue::KeyExpirationTime(Duration::from(expires_after)),
        true,
    ));
    list.push((SubpacketValue::PreferredSymmetricAlgorithms(ciphers), false));
    list.push((SubpacketValue::PreferredHashAlgorithms(hashes), false));
    if primary {
        list.push((SubpacketValue::PrimaryUserID(true), true));
    }
    let flags = KeyFlags::empty().set_certification().set_signing();
    list.push((SubpacketValue::KeyFlags(flags), true));
    list.push((
        SubpacketValue::Features(Features::empty().set_seipdv1()),
        false,
    ));
}

fn subkey_flags(usage: SubkeyUse) -> KeyFlags {
    let none = KeyFlags::empty();
    match usage {
        SubkeyUse::Sign => none.set_signing(),
        SubkeyUse::Encrypt => none.set_transport_encryption().set_storage_encryption(),
        SubkeyUse::Authenticate => none.set_authentication(),
    }
}

/// What a hashed area says, before it is known whether it may say so.
#[derive(Default)]
pub(super) struct Said {
    created: Option<u32>,
    issuer: Option<Fingerprint>,
    pub(super) expires_after: Option<u32>,
    pub(super) key_expires_after: Option<u32>,
    pub(super) notations: Vec<Notation>,
    pub(super) primary_user_id: bool,
    pub(super) flags: Option<KeyFlags>,
    reason: Option<(ReasonForRevocation, String)>,
    pub(super) embedded: Option<openpgp::packet::Signature>,
}

impl Said {
    /// Reads a hashed area whose subpackets must all be on the list of some plan. That they fit
    /// the plan at hand, and stand in its order, is checked by encoding the plan again.
    ///
    /// # Errors
    /// [`DraftError::Doubled`], [`DraftError::Unlisted`], [`DraftError::Notation`].
    pub(super) fn read(area: &SubpacketArea) -> Result<Self, DraftError> {
        let mut said = Self::default();
        let mut seen: Vec<SubpacketTag> = Vec::new();
        for subpacket in area.iter() {
            let tag = subpacket.tag();
            let repeatable = tag == SubpacketTag::NotationData;
            if !repeatable && seen.contains(&tag) {
                return Err(DraftError::Doubled(u8::from(tag)));
            }
            seen.push(tag);
            said.take(subpacket.value(), u8::from(tag))?;
        }
        Ok(said)
    }

    fn take(&mut self, value: &SubpacketValue, tag: u8) -> Result<(), DraftError> {
        match value {
            SubpacketValue::SignatureCreationTime(time) => self.created = Some(u32::from(*time)),
            SubpacketValue::SignatureExpirationTime(after) => {
                self.expires_after = Some(u32::from(*after));
            }
            SubpacketValue::KeyExpirationTime(after) => {
                self.key_expires_after = Some(u32::from(*after));
            }
            SubpacketValue::NotationData(data) => self.notations.push(notation(data)?),
            SubpacketValue::PrimaryUserID(primary) => self.primary_user_id = *primary,
            SubpacketValue::KeyFlags(flags) => self.flags = Some(flags.clone()),
            SubpacketValue::ReasonForRevocation { code, reason } => {
                let text = String::from_utf8(reason.clone()).map_err(|_| DraftError::WhyText)?;
                self.reason = Some((*code, text));
            }
            SubpacketValue::EmbeddedSignature(signature) => {
                self.embedded = Some(signature.clone());
            }
            SubpacketValue::IssuerFingerprint(issuer) => self.issuer = Some(issuer.clone()),
            // Their content follows from the plan; encoding it again compares them.
            SubpacketValue::Issuer(_)
            | SubpacketValue::PreferredSymmetricAlgorithms(_)
            | SubpacketValue::PreferredHashAlgorithms(_)
            | SubpacketValue::Features(_) => (),
            _ => return Err(DraftError::Unlisted(tag)),
        }
        Ok(())
    }

    /// Does it say that the certified key succeeds the signing one?
    pub(super) fn is_succession(&self) -> bool {
        matches!(self.notations.as_slice(), [one] if one.name == SUCCESSOR_NOTATION)
    }

    /// The time and issuer, which every plan has.
    ///
    /// # Errors
    /// [`DraftError::Missing`].
    pub(super) fn stamp_parts(&self) -> Result<(u32, Fingerprint), DraftError> {
        match (self.created, &self.issuer) {
            (Some(created), Some(issuer)) => Ok((created, issuer.clone())),
            (None, _) => Err(DraftError::Missing("creation time")),
            (_, None) => Err(DraftError::Missing("issuer fingerprint")),
        }
    }

    /// Why a key or subkey is revoked.
    ///
    /// # Errors
    /// [`DraftError::Missing`]; [`DraftError::Reason`] for one that no key is revoked for.
    pub(super) fn why(self) -> Result<Why, DraftError> {
        let (code, text) = self.reason.ok_or(DraftError::Missing("reason"))?;
        let reason = Reason::ALL.into_iter().find(|r| code_of(*r) == code);
        let reason = reason.ok_or(DraftError::Reason(u8::from(code)))?;
        Ok(Why { reason, text })
    }

    /// The words with which something is taken back that is no key. The code follows from the plan.
    ///
    /// # Errors
    /// [`DraftError::Missing`].
    pub(super) fn words(self) -> Result<String, DraftError> {
        let (_, text) = self.reason.ok_or(DraftError::Missing("reason"))?;
        Ok(text)
    }

    /// The use of a subkey, from its flags.
    ///
    /// # Errors
    /// [`DraftError::Flags`] for any other combination of flags.
    pub(super) fn subkey_use(&self) -> Result<SubkeyUse, DraftError> {
        let flags = self
            .flags
            .as_ref()
            .ok_or(DraftError::Missing("key flags"))?;
        SubkeyUse::of(flags).ok_or(DraftError::Flags)
    }
}

impl SubkeyUse {
    /// The use that these flags say, and nothing else.
    #[must_use]
    pub fn of(flags: &KeyFlags) -> Option<Self> {
        [Self::Sign, Self::Encrypt, Self::Authenticate]
            .into_iter()
            .find(|usage| *flags == subkey_flags(*usage))
    }
}

fn notation(data: &NotationData) -> Result<Notation, DraftError> {
    let value = String::from_utf8(data.value().to_vec()).map_err(|_| DraftError::Notation)?;
    Ok(Notation {
        name: data.name().to_owned(),
        value,
    })
}

/// May a certification carry these notations: names from the user name space, printable, in
/// order, each once, and never the manifest's?
pub(super) fn notations_are_allowed(notations: &[Notation]) -> bool {
    let harmless = |text: &str| !text.chars().any(char::is_control);
    notations.len() <= super::plan::MAX_NOTATIONS
        && notations.windows(2).all(|pair| pair[0].name < pair[1].name)
        && notations.iter().all(|n| {
            n.name.matches('@').count() == 1
                && !n.name.starts_with('@')
                && !n.name.ends_with("@quorate")
                && n.name.is_ascii()
                && n.name.len() <= 128
                && n.value.len() <= 512
                && !n.name.contains(char::is_whitespace)
                && harmless(&n.name)
                && harmless(&n.value)
        })
}

/// The certainty of a certification's type.
pub(super) fn certainty(code: u8) -> Option<Certainty> {
    match code {
        0x10 => Some(Certainty::Generic),
        0x11 => Some(Certainty::Persona),
        0x12 => Some(Certainty::Casual),
        0x13 => Some(Certainty::Positive),
        _ => None,
    }
}
