//! Would the world accept a certificate? What its verifiers refuse, now or from a day on, and what is
//! merely unwise.
//!
//! Sequoia is asked itself: its standard policy is run for the given time and, by bisection, for
//! times to come. What gpg 2.2 refuses is written down here and compared with the real gpg by tests.

use std::time::SystemTime;

use sequoia_openpgp as openpgp;

use openpgp::Cert;
use openpgp::cert::prelude::*;
use openpgp::packet::Signature;
use openpgp::packet::key::PublicParts;
use openpgp::policy::{AsymmetricAlgorithm, HashAlgoSecurity, Policy, StandardPolicy};
use openpgp::types::{HashAlgorithm, PublicKeyAlgorithm, RevocationStatus, SignatureType};

use super::self_signatures::own_end;
use crate::world::Timestamp;

mod fact;
mod gpg;

pub use fact::{Fact, Finding, Part, Severity, Verifier};
use gpg::{GPG_USER_ID, critical, unknown_key};

/// Everything that is found in `cert` at `now`, the worst first.
#[must_use]
pub fn lint(cert: &Cert, now: Timestamp) -> Vec<Finding> {
    let mut search = Search {
        cert,
        now,
        lenient: lenient(now),
        found: Vec::new(),
        whole: Vec::new(),
    };
    search.whole();
    search.user_ids();
    search.subkeys();
    search.unknown_to_gpg();
    search.found.sort_by_key(|finding| finding.severity);
    search.found
}

/// The standard policy with all that Sequoia refuses for age: what else is wrong is looked for
/// behind a weak hash, too.
fn lenient(now: Timestamp) -> StandardPolicy<'static> {
    let mut policy = StandardPolicy::at(SystemTime::from(now));
    for hash in [
        HashAlgorithm::SHA1,
        HashAlgorithm::MD5,
        HashAlgorithm::RipeMD,
    ] {
        policy.accept_hash(hash);
    }
    for algorithm in AsymmetricAlgorithm::variants() {
        policy.accept_asymmetric_algo(algorithm);
    }
    policy
}

/// The first second, from `now` on, at which something isn't accepted any more, if one comes before
/// the year 2106. What is refused once stays refused.
fn first_refusal(now: Timestamp, accepted: impl Fn(Timestamp) -> bool) -> Option<Timestamp> {
    let (mut good, mut bad) = (now.seconds(), u64::from(u32::MAX) - 1);
    let at = |seconds| Timestamp::from_seconds(seconds).unwrap_or(Timestamp::LATEST);
    if !accepted(now) {
        return Some(now);
    }
    if accepted(at(bad)) {
        return None;
    }
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if accepted(at(middle)) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Some(at(bad))
}

struct Search<'c> {
    cert: &'c Cert,
    now: Timestamp,
    lenient: StandardPolicy<'static>,
    found: Vec<Finding>,
    /// What was found about the whole certificate.
    whole: Vec<(Fact, Severity)>,
}

impl Search<'_> {
    fn time(&self) -> SystemTime {
        self.now.into()
    }

    fn add(&mut self, severity: Severity, part: Part, fact: Fact) {
        // What the whole certificate is refused for needn't be said of each part.
        let mut told = self.whole.iter();
        let is_told = told.any(|(known, since)| *known == fact && *since <= severity);
        if part == Part::Certificate {
            self.whole.push((fact.clone(), severity));
        }
        if !is_told {
            self.found.push(Finding {
                severity,
                part,
                fact,
            });
        }
    }

    fn refused_from(&self, when: Timestamp) -> Severity {
        if when <= self.now {
            Severity::Refused
        } else {
            Severity::RefusedFrom(when)
        }
    }

    /// Why Sequoia refuses a part that is sound otherwise: the hash of its self-signatures, or else
    /// the key.
    fn reason<'s>(
        when: Timestamp,
        mut signatures: impl Iterator<Item = &'s Signature>,
        key: (PublicKeyAlgorithm, Option<usize>),
    ) -> Fact {
        let policy = StandardPolicy::at(SystemTime::from(when));
        let refused = |signature: &&Signature| {
            policy
                .signature(signature, HashAlgoSecurity::SecondPreImageResistance)
                .is_err()
        };
        match signatures.find(refused) {
            Some(signature) => Fact::WeakHash(signature.hash_algo()),
            None => Fact::WeakKey(key.0, key.1),
        }
    }

    fn whole(&mut self) {
        let (cert, time) = (self.cert, self.time());
        let here = || Part::Certificate;
        if cert.is_tsk() {
            self.add(Severity::Refused, here(), Fact::Secret);
        }
        let key = cert.primary_key().key();
        let made = Timestamp::from(key.creation_time());
        if made > self.now {
            self.add(self.refused_from(self.now), here(), Fact::NotYet(made));
            return;
        }
        let lenient = self.lenient.clone();
        let Ok(valid) = cert.with_policy(&lenient, time) else {
            let fact = self.critical().unwrap_or(Fact::NoSelfSignature);
            self.add(Severity::Refused, here(), fact);
            return;
        };
        let accepted = |when: Timestamp| {
            let policy = StandardPolicy::at(SystemTime::from(when));
            cert.with_policy(&policy, time).is_ok()
        };
        if let Some(when) = first_refusal(self.now, accepted) {
            let user_ids = cert
                .userids()
                .flat_map(|user_id| user_id.self_signatures().collect::<Vec<_>>());
            let signatures = cert.primary_key().self_signatures().chain(user_ids);
            let fact = Self::reason(when, signatures, (key.pk_algo(), key.mpis().bits()));
            self.add(self.refused_from(when), here(), fact);
        }
        match valid.revocation_status() {
            RevocationStatus::Revoked(revocations) => {
                let hard = revocations.iter().any(|signature| {
                    signature.reason_for_revocation().is_none_or(|(reason, _)| {
                        reason.revocation_type() == openpgp::types::RevocationType::Hard
                    })
                });
                if hard {
                    self.add(Severity::Refused, here(), Fact::RevokedHard);
                } else {
                    self.add(Severity::Advice, here(), Fact::RevokedSoft);
                }
            }
            RevocationStatus::CouldBe(_) | RevocationStatus::NotAsFarAsWeKnow => {}
        }
        self.ends(&valid);
        let flags = valid.primary_key().key_flags();
        if flags.is_none() {
            self.add(Severity::Refused, here(), Fact::NoKeyFlags);
        } else if !valid.primary_key().for_certification() {
            self.add(Severity::Refused, here(), Fact::CannotCertify);
        }
        let signs = valid
            .keys()
            .for_signing()
            .any(|key| !matches!(key.revocation_status(), RevocationStatus::Revoked(_)));
        if !signs {
            self.add(Severity::Refused, here(), Fact::CannotSign);
        }
        if cert.userids().next().is_some()
            && cert.userids().all(|u| u.certifications().next().is_none())
        {
            self.add(Severity::Advice, here(), Fact::NobodyCertifies);
        }
    }

    /// The end of the key, as both read it.
    fn ends(&mut self, valid: &ValidCert<'_>) {
        let key = self.cert.primary_key().key();
        let end = valid
            .primary_key()
            .key_expiration_time()
            .map(Timestamp::from);
        if let Some(end) = end.filter(|end| *end <= self.now) {
            self.add(Severity::Advice, Part::Certificate, Fact::Expired(end));
        }
        let newest = valid
            .userids()
            .map(|user_id| user_id.binding_signature())
            .max_by_key(|signature| signature.signature_creation_time());
        if let (Some(binding), Ok(direct)) = (newest, valid.direct_key_signature()) {
            let end =
                |signature: &Signature| signature.key_expiration_time(key).map(Timestamp::from);
            let (user_id, direct_key) = (end(binding), end(direct));
            // One that says nothing of an end leaves it to the user ID, with all of them.
            if direct_key.is_some() && user_id != direct_key {
                let fact = Fact::TwoEnds {
                    user_id,
                    direct_key,
                };
                self.add(Severity::Advice, Part::Certificate, fact);
            }
        }
    }

    /// Something critical in a self-signature that stands against it.
    fn critical(&self) -> Option<Fact> {
        let user_ids = self
            .cert
            .userids()
            .flat_map(|user_id| user_id.self_signatures().collect::<Vec<_>>());
        let signatures = self.cert.primary_key().self_signatures().chain(user_ids);
        signatures.filter_map(critical).next()
    }

    fn user_ids(&mut self) {
        let (cert, time) = (self.cert, self.time());
        let lenient = self.lenient.clone();
        let is_sound = cert.with_policy(&lenient, time).is_ok();
        let mut signed = 0;
        for user_id in cert.userids() {
            let part = || Part::UserId(user_id.userid().value().to_vec());
            let length = user_id.userid().value().len();
            if length > GPG_USER_ID {
                self.add(Severity::Refused, part(), Fact::LongUserId(length));
            }
            // One that was revoked is over, whatever else it is; often gpg left nothing of it but that.
            let revoked = matches!(
                user_id.revocation_status(&lenient, time),
                RevocationStatus::Revoked(_)
            );
            if user_id.clone().with_policy(&lenient, time).is_err() {
                if is_sound && !revoked {
                    let fact = user_id
                        .self_signatures()
                        .find_map(critical)
                        .unwrap_or(Fact::NoSelfSignature);
                    self.add(Severity::Refused, part(), fact);
                }
                continue;
            }
            signed += 1;
            if revoked {
                continue;
            }
            let accepted = |when: Timestamp| {
                let policy = StandardPolicy::at(SystemTime::from(when));
                // A key that is refused as a whole was told above.
                cert.with_policy(&policy, time).is_err()
                    || user_id.clone().with_policy(&policy, time).is_ok()
            };
            if let Some(when) = first_refusal(self.now, accepted)
                && let Fact::WeakHash(hash) = Self::reason(
                    when,
                    user_id.self_signatures(),
                    (PublicKeyAlgorithm::Unknown(0), None),
                )
            {
                self.add(self.refused_from(when), part(), Fact::WeakHash(hash));
            }
        }
        if signed == 0 && is_sound {
            self.add(Severity::Refused, Part::Certificate, Fact::NoUserId);
        }
    }

    fn subkeys(&mut self) {
        let (cert, time) = (self.cert, self.time());
        let lenient = self.lenient.clone();
        let valid = cert.with_policy(&lenient, time).ok();
        let primary_end = valid
            .as_ref()
            .and_then(|valid| valid.primary_key().key_expiration_time())
            .map(Timestamp::from);
        for subkey in cert.keys().subkeys() {
            let part = || Part::Subkey(subkey.key().fingerprint());
            if subkey.key().creation_time() > time {
                let made = Timestamp::from(subkey.key().creation_time());
                self.add(Severity::Refused, part(), Fact::NotYet(made));
                continue;
            }
            if matches!(
                subkey.revocation_status(&lenient, time),
                RevocationStatus::Revoked(_)
            ) {
                continue;
            }
            let Ok(bound) = subkey.clone().with_policy(&lenient, time) else {
                if valid.is_some() {
                    let fact = if self.lacks_back_signature(&subkey) {
                        Fact::NoBackSignature
                    } else {
                        subkey
                            .self_signatures()
                            .find_map(critical)
                            .unwrap_or(Fact::NoSelfSignature)
                    };
                    self.add(Severity::Refused, part(), fact);
                }
                continue;
            };
            let accepted = |when: Timestamp| {
                let policy = StandardPolicy::at(SystemTime::from(when));
                cert.with_policy(&policy, time).is_err()
                    || subkey.clone().with_policy(&policy, time).is_ok()
            };
            if let Some(when) = first_refusal(self.now, accepted) {
                let key = (subkey.key().pk_algo(), subkey.key().mpis().bits());
                let fact = Self::reason(when, subkey.self_signatures(), key);
                self.add(self.refused_from(when), part(), fact);
            }
            if bound.key_flags().is_none() {
                self.add(Severity::Refused, part(), Fact::NoKeyFlags);
            }
            if bound.for_transport_encryption() || bound.for_storage_encryption() {
                self.add(Severity::Advice, part(), Fact::EncryptionSubkey);
            }
            // One without an end of its own ends with the primary key.
            let life = bound.binding_signature().key_validity_period();
            let end = own_end(subkey.key(), life).map(Timestamp::from);
            if let (Some(primary), Some(subkey)) = (primary_end, end)
                && subkey > primary
            {
                let fact = Fact::Outlives { primary, subkey };
                self.add(Severity::Advice, part(), fact);
            }
        }
    }

    /// Is there a binding that wants to sign, is the primary key's, and holds no signature back?
    fn lacks_back_signature(&self, subkey: &SubordinateKeyAmalgamation<'_, PublicParts>) -> bool {
        let primary = self.cert.primary_key().key();
        self.cert
            .bad_signatures()
            .chain(subkey.self_signatures())
            .any(|signature| {
                signature.typ() == SignatureType::SubkeyBinding
                    && signature
                        .key_flags()
                        .is_some_and(|flags| flags.for_signing())
                    && signature.embedded_signatures().next().is_none()
                    && is_about(signature, primary, subkey.key())
            })
    }

    fn unknown_to_gpg(&mut self) {
        for key in self.cert.keys() {
            let part = if key.primary() {
                Part::Certificate
            } else {
                Part::Subkey(key.key().fingerprint())
            };
            if let Some(what) = unknown_key(key.key()) {
                self.add(Severity::Refused, part.clone(), Fact::UnknownToGpg(what));
            }
            let user_ids = self
                .cert
                .userids()
                .flat_map(|user_id| user_id.self_signatures().collect::<Vec<_>>());
            let signatures: Vec<_> = if key.primary() {
                user_ids.collect()
            } else {
                key.self_signatures().collect()
            };
            let modern = |hash| matches!(hash, HashAlgorithm::SHA3_256 | HashAlgorithm::SHA3_512);
            if let Some(signature) = signatures.iter().find(|s| modern(s.hash_algo())) {
                let fact = Fact::UnknownToGpg(signature.hash_algo().to_string());
                self.add(Severity::Refused, part.clone(), fact);
            }
            if let Some(fact) = signatures.into_iter().find_map(critical) {
                self.add(Severity::Refused, part, fact);
            }
        }
    }
}

/// Was a binding made over these two keys? By the first two bytes of the digest (RFC 9580 §5.2.3),
/// which is enough to tell subkeys apart in a message to people.
fn is_about(
    signature: &Signature,
    primary: &openpgp::packet::Key<PublicParts, openpgp::packet::key::PrimaryRole>,
    subkey: &openpgp::packet::Key<PublicParts, openpgp::packet::key::SubordinateRole>,
) -> bool {
    let Ok(context) = signature.hash_algo().context() else {
        return false;
    };
    let mut context = context.for_signature(signature.version());
    if signature
        .hash_subkey_binding(&mut context, primary, subkey)
        .is_err()
    {
        return false;
    }
    context
        .into_digest()
        .is_ok_and(|digest| digest.get(..2) == Some(signature.digest_prefix()))
}

#[cfg(test)]
mod tests;
