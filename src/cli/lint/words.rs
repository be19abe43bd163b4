//! What `lint` found, in words for people and in codes for programs.

use serde_json::json;

use crate::openpgp::lint::{Fact, Part, Verifier};
use crate::world::{SafeText, Timestamp};

/// Who refuses: for programs, for people.
pub(in crate::cli) fn by(fact: &Fact) -> (Option<&'static str>, &'static str) {
    match fact.refused_by() {
        Some(Verifier::Sequoia) => (Some("sequoia"), "Sequoia"),
        Some(Verifier::Gpg) => (Some("gpg"), "gpg 2.2"),
        Some(Verifier::Both) => (Some("both"), "gpg and Sequoia"),
        None => (None, ""),
    }
}

/// For programs; never changed once released.
pub(in crate::cli) fn code(fact: &Fact) -> &'static str {
    match fact {
        Fact::Secret => "secret",
        Fact::NoSelfSignature => "no-self-signature",
        Fact::WeakHash(_) => "weak-hash",
        Fact::WeakKey(..) => "weak-key",
        Fact::NotYet(_) => "not-yet",
        Fact::Expired(_) => "expired",
        Fact::RevokedHard => "revoked-hard",
        Fact::RevokedSoft => "revoked-soft",
        Fact::NoUserId => "no-user-id",
        Fact::LongUserId(_) => "long-user-id",
        Fact::CannotSign => "cannot-sign",
        Fact::CannotCertify => "cannot-certify",
        Fact::NoKeyFlags => "no-key-flags",
        Fact::NoBackSignature => "no-back-signature",
        Fact::Outlives { .. } => "outlives-primary",
        Fact::EncryptionSubkey => "encryption-subkey",
        Fact::TwoEnds { .. } => "two-ends",
        Fact::UnknownToGpg(_) => "unknown-to-gpg",
        Fact::Critical(_) => "critical",
        Fact::Signature(..) => "signature",
        Fact::NobodyCertifies => "nobody-certifies",
    }
}

/// For people.
pub(in crate::cli) fn said(fact: &Fact) -> String {
    let day = |time: &Option<Timestamp>| time.map_or_else(|| "never".to_owned(), Timestamp::day);
    match fact {
        Fact::Secret => "the file holds a SECRET key; it must not be published".to_owned(),
        Fact::NoSelfSignature => "no good self-signature".to_owned(),
        Fact::WeakHash(hash) => format!("its self-signatures use {hash}"),
        Fact::WeakKey(algorithm, bits) => match bits {
            Some(bits) => format!("the key is {algorithm} of {bits} bits"),
            None => format!("the key is {algorithm}"),
        },
        Fact::NotYet(made) => format!("it is dated {}, which is to come", made.day()),
        Fact::Expired(end) => format!(
            "it expired {}; what it signed before stays good, nothing new does",
            end.day()
        ),
        Fact::RevokedHard => "it is revoked: nothing that it ever signed counts".to_owned(),
        Fact::RevokedSoft => {
            "it is revoked as retired or superseded; what it signed before stays good".to_owned()
        }
        Fact::NoUserId => "no user ID with a self-signature; gpg doesn't import it".to_owned(),
        Fact::LongUserId(bytes) => format!("{bytes} bytes are longer than gpg reads"),
        Fact::CannotSign => "neither it nor a subkey may sign data".to_owned(),
        Fact::CannotCertify => "the primary key may not certify".to_owned(),
        Fact::NoKeyFlags => "the binding doesn't say what the key is for".to_owned(),
        Fact::NoBackSignature => {
            "a signing subkey that didn't sign back: it could be anybody's".to_owned()
        }
        Fact::Outlives { primary, subkey } => format!(
            "its end ({}) comes after the primary key's ({}), which ends it anyway",
            subkey.day(),
            primary.day()
        ),
        Fact::EncryptionSubkey => {
            "an encryption subkey: a release key needs none, and somebody may use it".to_owned()
        }
        Fact::TwoEnds {
            user_id,
            direct_key,
        } => format!(
            "expires {} by the user ID, {} by the direct-key signature: verifiers differ",
            day(user_id),
            day(direct_key)
        ),
        Fact::UnknownToGpg(what) => format!("{} isn't known there", SafeText::limited(what, 60)),
        Fact::Critical(what) => format!(
            "a self-signature demands {}, which isn't known there",
            SafeText::limited(what, 100)
        ),
        Fact::Signature(number, why) => {
            format!("signature {number}: {}", SafeText::limited(why, 200))
        }
        Fact::NobodyCertifies => {
            "nobody else certifies it; if somebody did, this copy lost it, as a minimal export does"
                .to_owned()
        }
    }
}

/// What a line begins with, nothing for the whole certificate.
pub(in crate::cli) fn about(part: &Part) -> String {
    match part {
        Part::Certificate => String::new(),
        Part::UserId(value) => {
            format!("user ID {}: ", SafeText::from_bytes_limited(value, 80))
        }
        Part::Subkey(fingerprint) => {
            let hex = fingerprint.to_hex();
            format!("subkey {}: ", hex.get(24..).unwrap_or(&hex))
        }
    }
}

/// The part, for programs.
pub(in crate::cli) fn part(part: &Part) -> serde_json::Value {
    match part {
        Part::Certificate => json!({ "kind": "certificate", "name": null }),
        Part::UserId(value) => json!({
            "kind": "user-id",
            "name": SafeText::from_bytes(value).to_string(),
        }),
        Part::Subkey(fingerprint) => json!({ "kind": "subkey", "name": fingerprint.to_hex() }),
    }
}
