//! What a plan's values must keep to, before they are encoded and after they were decoded.

use sequoia_openpgp as openpgp;

use openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};
use openpgp::packet::{Signature, UserID};
use openpgp::types::{HashAlgorithm, SignatureType};

use super::draft_error::DraftError;
use super::plain_text::is_plain;
use super::plan::{MAX_USER_ID, MAX_WHY, Plan, Primary, Stamp, Subkey, SubkeyUse};
use super::signing_subkey;
use super::subpackets::notations_are_allowed;
use crate::world::safe_text::is_harmless;

/// The rules that a plan's values must keep, whoever made it.
pub(super) fn check(plan: &Plan) -> Result<(), DraftError> {
    let fits = |id: &UserID| match id.value().len() <= MAX_USER_ID {
        true => Ok(()),
        false => Err(DraftError::TooLong),
    };
    let words = |text: &str| match text.len() <= MAX_WHY && is_harmless(text) {
        true => Ok(()),
        false => Err(DraftError::WhyText),
    };
    let own = |primary: &Primary, stamp: &Stamp| {
        if primary.fingerprint() == stamp.issuer {
            Ok(())
        } else {
            Err(DraftError::Foreign)
        }
    };
    match plan {
        Plan::Certify {
            stamp,
            notations,
            user_id,
            target,
            expires_after,
            ..
        } => {
            if !notations_are_allowed(notations) {
                return Err(DraftError::Notation);
            }
            if *expires_after == Some(0) {
                return Err(DraftError::NotCanonical); // zero means never (RFC 9580 §5.2.3.18)
            }
            // A certification of the own key would be a self-signature under another name.
            if target.fingerprint() == stamp.issuer {
                return Err(DraftError::Foreign);
            }
            fits(user_id)
        }
        Plan::Succeed {
            stamp,
            target,
            user_id,
        } => {
            fits(user_id)?;
            match target.fingerprint() == stamp.issuer {
                true => Err(DraftError::Foreign),
                false => Ok(()),
            }
        }
        Plan::UserIdSelf {
            stamp,
            primary,
            user_id,
            ..
        } => {
            fits(user_id)?;
            own(primary, stamp)
        }
        Plan::KeySelf { stamp, primary, .. } => own(primary, stamp),
        Plan::RevokeKey {
            stamp,
            why,
            primary,
        }
        | Plan::RevokeSubkey {
            stamp,
            why,
            primary,
            ..
        } => {
            words(&why.text)?;
            own(primary, stamp)
        }
        Plan::RevokeUserId {
            stamp,
            text,
            primary,
            user_id,
        } => {
            words(text)?;
            fits(user_id)?;
            own(primary, stamp)
        }
        Plan::RevokeCertification {
            stamp,
            text,
            target,
            user_id,
        } => {
            words(text)?;
            fits(user_id)?;
            // What the key says about its own user IDs has another plan.
            match target.fingerprint() == stamp.issuer {
                true => Err(DraftError::Foreign),
                false => Ok(()),
            }
        }
        Plan::Statement { text, .. } => match is_plain(text) {
            true => Ok(()),
            false => Err(DraftError::Statement),
        },
        Plan::SubkeyBinding {
            stamp,
            primary,
            subkey,
            usage,
            back_signature,
            ..
        } => {
            own(primary, stamp)?;
            let needed = *usage == SubkeyUse::Sign;
            match back_signature {
                None if !needed => Ok(()),
                Some(back) if needed && back_signature_is_good(back, primary, subkey) => Ok(()),
                _ => Err(DraftError::BackSignature),
            }
        }
        Plan::Manifest { .. } => Ok(()),
    }
}

fn back_signature_is_good(back: &Signature, primary: &Primary, subkey: &Subkey) -> bool {
    let strong = matches!(
        back.hash_algo(),
        HashAlgorithm::SHA256 | HashAlgorithm::SHA512
    );
    back.typ() == SignatureType::PrimaryKeyBinding
        && strong
        && says_nothing_else(back, subkey)
        && signing_subkey::verify(back, primary, subkey).is_ok()
}

/// Only when it was made and by whom, as gpg and Sequoia write it: nobody is shown more of it.
fn says_nothing_else(back: &Signature, subkey: &Subkey) -> bool {
    let salt = |value: &[u8], name: &str| name == SALT && value.len() == 32;
    let hashed = |subpacket: &Subpacket| match subpacket.value() {
        SubpacketValue::SignatureCreationTime(_) => true,
        SubpacketValue::IssuerFingerprint(issuer) => *issuer == subkey.fingerprint(),
        SubpacketValue::Issuer(issuer) => *issuer == subkey.keyid(),
        SubpacketValue::NotationData(notation) => salt(notation.value(), notation.name()),
        _ => false,
    };
    let unhashed = |subpacket: &Subpacket| match subpacket.value() {
        SubpacketValue::Issuer(issuer) => *issuer == subkey.keyid(),
        SubpacketValue::IssuerFingerprint(issuer) => *issuer == subkey.fingerprint(),
        _ => false,
    };
    back.hashed_area().iter().count() <= 4
        && back.hashed_area().iter().all(hashed)
        && back.unhashed_area().iter().count() <= 2
        && back.unhashed_area().iter().all(unhashed)
}

/// The random notation that Sequoia adds to what it signs.
const SALT: &str = "salt@notations.sequoia-pgp.org";
