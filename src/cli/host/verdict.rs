//! May the subkey in this gpg sign? All facts in, the reasons against it out.

use sequoia_openpgp::{Cert, Fingerprint};

use super::key::Known;
use super::words;
use crate::openpgp::standing::{Standing, Unfit, Whose, standing};
use crate::world::Timestamp;
use crate::world::gpg::keyring::{Listed, SecretKey};

/// What is known when it is judged.
pub(super) struct Facts<'f> {
    pub primary: &'f Fingerprint,
    pub subkey: &'f Fingerprint,
    /// gpg's list, if some secret of the key is there.
    pub listed: Option<&'f SecretKey>,
    /// The certificate as gpg has it.
    pub in_gpg: Option<&'f Cert>,
    /// The certificate in use, from the vault or a file.
    pub in_use: Option<&'f Known>,
    pub min_days: Option<u32>,
    pub now: Timestamp,
}

/// A reason against it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reason {
    /// For programs.
    pub code: &'static str,
    /// For people, to follow "must not sign: ".
    pub words: String,
    pub since: Option<Timestamp>,
    /// Where it was seen: `gpg`, `vault` or `file`.
    pub seen_in: &'static str,
    pub next: &'static str,
}

/// The verdict.
pub(super) struct Verdict {
    /// The worst first; it may sign if there are none.
    pub reasons: Vec<Reason>,
    /// The earliest end that anybody sees.
    pub expires: Option<Timestamp>,
}

impl Verdict {
    pub(super) fn lacks_the_secret(&self) -> bool {
        self.reasons.iter().any(|reason| reason.code == "no-secret")
    }

    /// The secret may be there: gpg doesn't reach its agent.
    pub(super) fn blame_the_agent(&mut self) {
        for reason in &mut self.reasons {
            if reason.code == "no-secret" {
                reason.code = "no-agent";
                reason.words = "gpg doesn't reach its agent, which has the secrets".to_owned();
                reason.next = "gpg --list-secret-keys shows why; then run it again";
            }
        }
    }
}

const NEW_ONE: &str = "publish nothing; make a new one: quorate host offer; tell the roots";
const ASK: &str = "publish nothing; ask the roots which key is in service";
const EXTEND: &str = "publish nothing; ask the roots to extend it, then: quorate host install FILE";
const CLOCKS: &str = "compare the clocks; if this one is right, wait";
const PULL: &str = "git pull in the vault; quorate host install FILE; if it stays, ask the roots";

impl Facts<'_> {
    pub(super) fn judge(&self) -> Verdict {
        let mut reasons = Vec::new();
        let mut ends = Vec::new();
        match self.in_gpg {
            Some(cert) => {
                let standing = standing(cert, self.subkey, self.now);
                ends.extend(standing.expires);
                take(&mut reasons, &standing, "gpg");
            }
            None => reasons.push(Reason {
                code: "no-key",
                words: "gpg doesn't know its master key".to_owned(),
                since: None,
                seen_in: "gpg",
                next: "quorate host install FILE, with the file that the roots sent",
            }),
        }
        if let Some(known) = self.in_use {
            let standing = standing(&known.cert, self.subkey, self.now);
            ends.extend(standing.expires);
            take(&mut reasons, &standing, known.from.word());
        }
        self.ask_gpg(&mut reasons, &mut ends);
        let expires = ends.into_iter().min();
        if let (Some(end), Some(least)) = (expires, self.min_days)
            && reasons.is_empty()
            && end < self.now.plus_days(least)
        {
            reasons.push(Reason {
                code: "expires-soon",
                words: format!("it expires on {}, in less than {least} days", end.day()),
                since: None,
                seen_in: "gpg",
                next: EXTEND,
            });
        }
        // Stable: what gpg says comes before what another source says of the same.
        reasons.sort_by_key(|reason| weight(reason.code));
        reasons.dedup_by(|later, first| later.code == first.code && later.words == first.words);
        Verdict { reasons, expires }
    }

    /// What gpg's own list says: it would act on that.
    fn ask_gpg(&self, reasons: &mut Vec<Reason>, ends: &mut Vec<Timestamp>) {
        let gpg = |code, words: &str, next| Reason {
            code,
            words: words.to_owned(),
            since: None,
            seen_in: "gpg",
            next,
        };
        let no_secret = || gpg("no-secret", "its secret isn't in this gpg", NEW_ONE);
        let Some(listed) = self.listed else {
            if self.in_gpg.is_some() {
                reasons.push(no_secret());
            }
            return;
        };
        if listed.primary.has_secret {
            reasons.push(gpg(
                "primary-secret",
                "the secret of the MASTER KEY is in this gpg, outside its custody",
                "sign nothing here; call the roots before you touch it",
            ));
        }
        let hex = self.subkey.to_hex();
        let subkey = listed.subkeys.iter().find(|one| one.fingerprint == hex);
        if !subkey.is_some_and(|one| one.has_secret) {
            reasons.push(no_secret());
        }
        let end = |one: &Listed| one.expires.and_then(Timestamp::from_seconds);
        for (one, whose) in [
            (Some(&listed.primary), Whose::Primary),
            (subkey, Whose::Subkey),
        ] {
            let Some(one) = one else { continue };
            ends.extend(end(one));
            let of = match whose {
                Whose::Primary => "the master key is ",
                Whose::Subkey => "",
            };
            let (code, what) = match one.validity {
                'r' => ("revoked", "revoked"),
                'e' => ("expired", "expired"),
                'i' | 'n' => ("not-bound", "invalid for gpg"),
                'd' => ("disabled", "disabled in gpg"),
                _ => continue,
            };
            // Sequoia has told the same with its reason.
            let same = |told: &str| told == code || (told, code) == ("not-yet", "not-bound");
            if !reasons.iter().any(|reason| same(reason.code)) {
                reasons.push(gpg(code, &format!("{of}{what}"), next(code)));
            }
        }
    }
}

fn take(reasons: &mut Vec<Reason>, standing: &Standing, seen_in: &'static str) {
    for unfit in &standing.unfit {
        let code = match unfit {
            Unfit::Revoked { .. } => "revoked",
            Unfit::Expired { .. } => "expired",
            Unfit::NotYet { .. } => "not-yet",
            Unfit::Absent => "absent",
            Unfit::NotBound { .. } => "not-bound",
            Unfit::NotForSigning => "not-for-signing",
        };
        let words = match (unfit, seen_in) {
            (Unfit::Absent, "vault" | "file") => {
                "the certificate in use doesn't have it".to_owned()
            }
            _ => words::unfit(unfit),
        };
        let next = match seen_in {
            "gpg" => next(code),
            _ if code == "absent" => PULL,
            _ => next(code),
        };
        reasons.push(Reason {
            code,
            words,
            since: words::since(unfit),
            seen_in,
            next,
        });
    }
}

fn next(code: &str) -> &'static str {
    match code {
        "revoked" => NEW_ONE,
        "expired" => EXTEND,
        "not-yet" => CLOCKS,
        _ => ASK,
    }
}

/// Which reason is told first.
fn weight(code: &str) -> usize {
    const ORDER: [&str; 10] = [
        "primary-secret",
        "revoked",
        "no-key",
        "no-secret",
        "not-yet",
        "not-bound",
        "absent",
        "not-for-signing",
        "expired",
        "disabled",
    ];
    let place = ORDER.iter().position(|other| *other == code);
    place.unwrap_or(ORDER.len())
}
