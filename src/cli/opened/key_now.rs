//! The key as it stands now: what the certificate in use says of it, for people.

use std::time::SystemTime;

use sequoia_openpgp::cert::amalgamation::ValidAmalgamation as _;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Fingerprint};

use super::Opened;
use crate::cli::report::{Exit, Failure};
use crate::openpgp::self_signatures::{look_at, own_end};
use crate::world::{SafeText, Timestamp};

/// The key now.
pub(in crate::cli) struct KeyNow {
    /// The primary user ID.
    pub user_id: String,
    /// When it expires.
    pub expires: Timestamp,
    /// When and why it was revoked.
    pub revoked: Option<String>,
    pub subkeys: Vec<SubkeyNow>,
}

impl KeyNow {
    /// Is it revoked or expired?
    pub(in crate::cli) fn has_ended(&self, now: Timestamp) -> bool {
        self.revoked.is_some() || self.expires <= now
    }
}

/// A signing subkey now.
pub(in crate::cli) struct SubkeyNow {
    pub fingerprint: Fingerprint,
    /// For a screen.
    pub told: String,
    /// One word, for programs.
    pub state: &'static str,
    /// When it expires, if it ends by itself before the key does.
    pub expires: Option<Timestamp>,
}

impl Opened {
    /// Refuses a clock that shows a time before the key was made: receipts and signatures would seem to be missing,
    /// and what is signed now would be void. A day's difference is between machines.
    pub(in crate::cli) fn needs_the_time(&self) -> Result<(), Failure> {
        if self.now.plus_days(1) >= self.created {
            return Ok(());
        }
        Err(Failure::new(
            Exit::Failed,
            format!("this machine's clock shows {}", self.now.day()),
        )
        .fact(format!(
            "the key {} was made on {}; nothing was changed",
            SafeText::new(&self.user_id),
            self.created.day()
        ))
        .next("set the clock, then: quorate rotate"))
    }

    /// The key as it stands now.
    pub(in crate::cli) fn key_now(&self) -> Result<KeyNow, Failure> {
        let cert = self.in_use()?;
        let policy = StandardPolicy::new();
        let now = look_at(&cert, self.now);
        let at = SystemTime::from(now);
        let revoked = why_revoked(cert.revocation_status(&policy, at));
        let valid = cert.with_policy(&policy, at).ok();
        let expires = valid
            .as_ref()
            .and_then(|valid| valid.primary_key().key_expiration_time())
            .map_or(self.expires, Timestamp::from);
        let user_id = valid
            .as_ref()
            .and_then(|valid| valid.primary_userid().ok())
            .map_or_else(
                || self.user_id.clone(),
                |id| String::from_utf8_lossy(id.userid().value()).into_owned(),
            );
        Ok(KeyNow {
            user_id,
            expires,
            revoked,
            subkeys: subkeys(&cert, &policy, now),
        })
    }
}

fn subkeys(cert: &Cert, policy: &StandardPolicy<'_>, now: Timestamp) -> Vec<SubkeyNow> {
    let mut found = Vec::new();
    let at = SystemTime::from(now);
    for key in cert.keys().subkeys().with_policy(policy, at).for_signing() {
        let bound = key.binding_signature().signature_creation_time();
        let bound = bound.map_or_else(|| "?".to_owned(), |bound| Timestamp::from(bound).day());
        let life = key.binding_signature().key_validity_period();
        let expires = own_end(key.key(), life).map(Timestamp::from);
        let (state, told) = match (why_revoked(key.revocation_status()), expires) {
            (Some(why), _) => ("revoked", format!("REVOKED {why}")),
            (None, Some(end)) if end <= now => ("expired", format!("expired {}", end.day())),
            (None, Some(end)) => (
                "in-service",
                format!("in service, bound {bound}, until {}", end.day()),
            ),
            (None, None) => ("in-service", format!("in service, bound {bound}")),
        };
        found.push(SubkeyNow {
            fingerprint: key.key().fingerprint(),
            told,
            state,
            expires,
        });
    }
    found
}

/// `2026-07-19, compromised`
pub(super) fn why_revoked(status: RevocationStatus<'_>) -> Option<String> {
    let RevocationStatus::Revoked(signatures) = status else {
        return None;
    };
    // A hard one says more than a soft one that came before it.
    let hardest = |signature: &&&Signature| {
        signature
            .reason_for_revocation()
            .map_or(0, |(code, _)| match u8::from(code) {
                0 => 1,
                2 => 0,
                _ => 2,
            })
    };
    let signature = signatures.iter().min_by_key(hardest)?;
    let when = signature
        .signature_creation_time()
        .map_or_else(String::new, |when| Timestamp::from(when).day());
    let why = match signature.reason_for_revocation() {
        Some((code, _)) if u8::from(code) == 0 => "no reason given".to_owned(),
        Some((code, text)) => {
            let text = SafeText::limited(&String::from_utf8_lossy(text), 200).to_string();
            let word = match u8::from(code) {
                1 => "superseded",
                2 => "compromised",
                3 => "retired",
                _ => "for a reason of another kind",
            };
            match text.is_empty() {
                true => word.to_owned(),
                false => format!("{word}: {text}"),
            }
        }
        None => "no reason given".to_owned(),
    };
    Some(format!("{when}, {why}"))
}
