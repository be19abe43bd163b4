//! May this subkey of this certificate sign today? Judged more strictly than either gpg or Sequoia would:
//! what one of them takes as an end is an end here.

use sequoia_openpgp as openpgp;

use openpgp::Fingerprint;
use openpgp::cert::prelude::*;
use openpgp::packet::Signature;
use openpgp::policy::StandardPolicy;
use openpgp::types::ReasonForRevocation;

use super::plan::Subkey;
use crate::world::Timestamp;

/// Whose end it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The primary key's.
    Primary,
    /// The subkey's.
    Subkey,
}

/// A reason not to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Revoked, by whatever self-signature and from whatever time: gpg doesn't look at that, either.
    Revoked {
        /// Which key.
        whose: Whose,
        /// The reason given, in a word.
        reason: &'static str,
        /// When.
        since: Option<Timestamp>,
    },
    /// Past its end.
    Expired {
        /// Which key.
        whose: Whose,
        /// When.
        since: Timestamp,
    },
    /// Bound from a time on that is still to come, by this clock.
    NotYet {
        /// When.
        from: Timestamp,
    },
    /// The subkey isn't in the certificate.
    Absent,
    /// It is, but no acceptable signature binds it for signing.
    NotBound {
        /// What Sequoia says.
        why: String,
    },
    /// Bound for something else.
    NotForSigning,
}

/// What a certificate says about a subkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// All that speaks against signing, the worst first; empty if nothing does.
    pub unfit: Vec<Unfit>,
    /// When the first of the two keys expires.
    pub expires: Option<Timestamp>,
}

/// The subkey with this fingerprint.
#[must_use]
pub fn find(cert: &Cert, fingerprint: &Fingerprint) -> Option<Subkey> {
    let mut subkeys = cert.keys().subkeys();
    subkeys
        .find(|subkey| subkey.key().fingerprint() == *fingerprint)
        .map(|subkey| subkey.key().clone().parts_into_public())
}

/// Judges the subkey at a time.
#[must_use]
pub fn standing(cert: &Cert, subkey: &Fingerprint, now: Timestamp) -> Standing {
    let mut judged = Judged::primary(cert, now);
    let mut subkeys = cert.keys().subkeys();
    let Some(found) = subkeys.find(|other| other.key().fingerprint() == *subkey) else {
        judged.unfit.push(Unfit::Absent);
        return judged.standing(now);
    };
    if let Some(revocation) = found.self_revocations().next() {
        judged.unfit.push(revoked(Whose::Subkey, revocation));
    }
    let policy = StandardPolicy::new();
    // The certificate itself may be refused; that was said already.
    if judged.is_acceptable {
        match found.with_policy(&policy, std::time::SystemTime::from(now)) {
            Ok(bound) => {
                let end = bound.key_expiration_time();
                judged.ends.extend(end.map(|end| (Whose::Subkey, end)));
                if !bound.for_signing() {
                    judged.unfit.push(Unfit::NotForSigning);
                }
            }
            Err(error) => {
                let bound = found.self_signatures();
                let first = bound
                    .filter_map(|signature| signature.signature_creation_time())
                    .map(Timestamp::from)
                    .min();
                judged.unfit.push(match first {
                    Some(from) if from > now => Unfit::NotYet { from },
                    _ => not_bound(&error),
                });
            }
        }
    }
    judged.standing(now)
}

/// Judges the primary key alone, for who wants a subkey bound to it.
#[must_use]
pub fn primary_standing(cert: &Cert, now: Timestamp) -> Standing {
    Judged::primary(cert, now).standing(now)
}

#[derive(Default)]
struct Judged {
    unfit: Vec<Unfit>,
    ends: Vec<(Whose, std::time::SystemTime)>,
    is_acceptable: bool,
}

impl Judged {
    fn primary(cert: &Cert, now: Timestamp) -> Self {
        let mut judged = Self::default();
        let primary = cert.primary_key();
        if let Some(revocation) = primary.self_revocations().next() {
            judged.unfit.push(revoked(Whose::Primary, revocation));
        }
        let policy = StandardPolicy::new();
        match cert.with_policy(&policy, std::time::SystemTime::from(now)) {
            Ok(valid) => {
                judged.is_acceptable = true;
                let end = valid.primary_key().key_expiration_time();
                judged.ends.extend(end.map(|end| (Whose::Primary, end)));
                // gpg counts what the user IDs' signatures say.
                for user_id in valid.userids() {
                    let life = user_id.binding_signature().key_validity_period();
                    let end = life.map(|life| primary.key().creation_time() + life);
                    judged.ends.extend(end.map(|end| (Whose::Primary, end)));
                }
            }
            Err(error) => judged.unfit.push(not_bound(&error)),
        }
        judged
    }

    fn standing(mut self, now: Timestamp) -> Standing {
        self.ends.sort_by_key(|(_, end)| *end);
        let first = self.ends.first();
        let first = first.map(|(whose, end)| (*whose, Timestamp::from(*end)));
        if let Some((whose, since)) = first.filter(|(_, end)| *end <= now) {
            self.unfit.push(Unfit::Expired { whose, since });
        }
        Standing {
            unfit: self.unfit,
            expires: first.map(|(_, end)| end),
        }
    }
}

fn not_bound(error: &anyhow::Error) -> Unfit {
    Unfit::NotBound {
        why: error.root_cause().to_string(),
    }
}

fn revoked(whose: Whose, revocation: &Signature) -> Unfit {
    let reason = match revocation.reason_for_revocation() {
        Some((ReasonForRevocation::KeyCompromised, _)) => "compromised",
        Some((ReasonForRevocation::KeySuperseded, _)) => "superseded",
        Some((ReasonForRevocation::KeyRetired, _)) => "retired",
        _ => "no reason given",
    };
    Unfit::Revoked {
        whose,
        reason,
        since: revocation.signature_creation_time().map(Timestamp::from),
    }
}

#[cfg(test)]
mod tests;
