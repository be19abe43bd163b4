//! Who has attested the key, in words: for `status`, `verify`, `attest`, and for what needs it.

use sequoia_openpgp::{Fingerprint, KeyHandle};

use crate::ceremony::{explain, words};
use crate::cli::context::Context;
use crate::cli::keys::Keys;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure, path};
use crate::cli::screen;
use crate::openpgp::attestation::{AttestationError, KeyFault};
use crate::roster::name::Name;
use crate::vault::attested::{Attested, Attesters};
use crate::vault::manifest::Seal;
use crate::world::SafeText;

/// What stands in the place of a root's date.
const CAN_NOT: &str = "can't: no OpenPGP key";

impl Opened {
    /// Who may attest, with the certificates in `keys/`.
    pub(in crate::cli) fn attesters(&self, keys: &Keys) -> Result<Attesters<'_>, Failure> {
        let find = |fingerprint: &Fingerprint| keys.certificate(fingerprint);
        Attesters::of(self.manifest(), find)
            .map_err(|_| Failure::new(Exit::Forged, "the certificate in vault.toml can't be read"))
    }

    /// Who may attest, with the certificates that were read along with the attestations.
    pub(in crate::cli) fn known_attesters(&self) -> Result<Attesters<'_>, Failure> {
        let files = self.evidence.keys.iter();
        self.attesters(&Keys::of(files.map(|(_, file)| file.as_slice())))
    }

    /// Which roots have attested the key, by the evidence in the vault.
    pub(in crate::cli) fn attested(&self) -> Result<Attested, Failure> {
        let files = self.evidence.attestations.iter();
        let files = files.map(|(path, file)| (path.as_path(), file.as_slice()));
        Ok(self.known_attesters()?.count(files, self.now))
    }

    /// Why a certification doesn't count, as a sentence without its end.
    pub(in crate::cli) fn why_not(&self, error: &AttestationError) -> String {
        use AttestationError as E;
        let whose = |signer: &Fingerprint| match self.attester(signer) {
            Some(name) => format!("{name}'s"),
            None => signer.to_hex(),
        };
        match error {
            E::Damaged => "no OpenPGP certificate, or a damaged one".to_owned(),
            E::NotCanonical => {
                "more or other than one certification in its one form; quorate attest --collect FILE makes that"
                    .to_owned()
            }
            E::OtherKey(found) => format!(
                "it is over another key, {}",
                explain::fingerprint(found)
            ),
            E::OtherUserId { signer, user_id } => format!(
                "{} signature is over another user ID: {}",
                whose(signer),
                SafeText::from_bytes_limited(user_id, 200)
            ),
            E::Own => "the key's own signature".to_owned(),
            E::Stranger(handle) => self.stranger(handle),
            E::Anonymous => "it doesn't say whose signature it is".to_owned(),
            E::NoCertificate(signer) => format!(
                "{} signature can't be checked: keys/ has no certificate {signer}",
                whose(signer)
            ),
            E::Bad(signer) => format!("{} signature doesn't fit: forged or damaged", whose(signer)),
            E::Weak { signer, hash } => format!(
                "{} signature was made with {hash}, which can be forged",
                whose(signer)
            ),
            E::Unacceptable { signer, why } => format!(
                "{} signature isn't acceptable: {}",
                whose(signer),
                SafeText::limited(why, 200)
            ),
            E::Local(signer) => format!(
                "{} signature is not exportable, made for the own machine alone (lsign)",
                whose(signer)
            ),
            E::BeforeKey { signer, made } => format!(
                "{} signature is dated {}, before the key was made",
                whose(signer),
                made.day()
            ),
            E::Ahead { signer, made } => format!(
                "{} signature is dated {made}, ahead of this clock",
                whose(signer)
            ),
            E::Expired { signer, since } => {
                format!("{} signature expired on {}", whose(signer), since.day())
            }
            E::Revoked { signer, since } => format!(
                "{} signature was revoked on {}",
                whose(signer),
                since.day()
            ),
            E::Key { signer, fault } => match fault {
                KeyFault::Revoked => format!("{} own key is revoked", whose(signer)),
                KeyFault::Expired(since) => format!(
                    "{} own key had expired on {}; if it lives on, its newer certificate is missing in keys/",
                    whose(signer),
                    since.day()
                ),
                KeyFault::NotValid(why) => format!(
                    "{} own key isn't valid: {}",
                    whose(signer),
                    SafeText::limited(why, 200)
                ),
            },
        }
    }

    /// A genuine attestation that doesn't count any more is no forgery.
    pub(in crate::cli) fn check_attestation(&self, file: &[u8]) -> Result<String, String> {
        let attesters = match self.known_attesters() {
            Ok(attesters) => attesters,
            Err(failure) => return Err(failure.what().to_owned()),
        };
        match attesters.read(file, self.now) {
            Ok(attestation) => {
                let name = attesters.name(&attestation.signer);
                let name = name.map_or_else(String::new, ToString::to_string);
                let (what, day) = match attestation.revokes {
                    true => ("attestation taken back by", attestation.made.day()),
                    false => ("attestation by", attestation.made.day()),
                };
                Ok(format!("{what} {name}, {day}"))
            }
            Err(error) if error.is_forged() => Err(self.why_not(&error)),
            Err(error) => Ok(format!(
                "attestation that doesn't count: {}",
                self.why_not(&error)
            )),
        }
    }

    fn attester(&self, signer: &Fingerprint) -> Option<&Name> {
        let mut roster = self.roster.iter();
        let member = roster.find(|member| member.attest_key() == Some(signer));
        member.map(|member| &member.name)
    }

    /// A root may have signed with another key than the one for it.
    fn stranger(&self, handle: &KeyHandle) -> String {
        let other = self.roster.iter().find(|member| match &member.seal {
            Seal::OpenPgp(seal) => handle.aliases(KeyHandle::from(seal)),
            _ => false,
        });
        match other.and_then(|member| Some((member, member.attest_key()?))) {
            Some((member, key)) => format!(
                "by the key that {0}'s shares are sealed to, {handle:X}; {0} attests with {key}",
                member.name
            ),
            None => format!("by a stranger, {handle:X}: no root attests with that key"),
        }
    }
}

impl Context<'_> {
    /// Refuses unless as many roots have attested the key as the policy asks for.
    pub(in crate::cli) fn needs_attestation(&self, opened: &Opened) -> Result<(), Failure> {
        match waiting(&opened.attested()?) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    /// What `status` shows of it: nothing where none are needed and none were given, and a row for each root
    /// where the key waits for them.
    pub(in crate::cli) fn attestation_rows(
        &self,
        opened: &Opened,
        attested: &Attested,
        in_force: bool,
    ) {
        if attested.needed > 0 || !attested.by.is_empty() {
            self.say(&format!("attested       {}", by(opened, attested)));
        }
        if in_force && !attested.is_enough() {
            for member in &opened.roster {
                let when = attested.by.iter().find(|(name, _)| *name == member.name);
                let what = match when {
                    Some((_, when)) => when.day(),
                    None if member.attest_key().is_some() => "-".to_owned(),
                    None => CAN_NOT.to_owned(),
                };
                self.say(&format!("  {:<12} {what}", member.name.to_string()));
            }
            self.say(&format!("missing        {}", lacking(attested)));
            self.say("until then     no signing subkey is bound; other keys can be certified");
        }
        self.warn_of_attestations(opened, attested);
    }

    /// Names what lies in attestations/ and doesn't count.
    pub(super) fn warn_of_attestations(&self, opened: &Opened, attested: &Attested) {
        for (file, error) in &attested.aside {
            self.warn(&format!(
                "{}: {}; it isn't counted",
                path(file),
                opened.why_not(error)
            ));
        }
    }

    /// Who has attested and who hasn't, and what to send to these.
    pub(super) fn tell_attested(&self, opened: &Opened, attested: &Attested) {
        self.say(&format!("attested     {}", by(opened, attested)));
        for (name, when) in &attested.by {
            self.say(&format!("  {:<10} {}", name.to_string(), when.day()));
        }
        for name in attested.missing() {
            self.say(&format!("  {:<10} -", name.to_string()));
        }
        for name in &attested.unable {
            self.say(&format!("  {:<10} {CAN_NOT}", name.to_string()));
        }
        if attested.is_enough() {
            return;
        }
        self.say(&format!("missing      {}", lacking(attested)));
        self.advise(&format!("text for {}:", screen::list(&attested.missing())));
        for line in reminder(opened) {
            self.advise(&format!("| {line}"));
        }
    }
}

/// Why the key can't get a signing subkey yet.
fn waiting(attested: &Attested) -> Option<Failure> {
    if attested.is_enough() {
        return None;
    }
    let by: Vec<&Name> = attested.by.iter().map(|(name, _)| name).collect();
    let what = format!("the key is waiting for attestation: {}", lacking(attested));
    Some(
        Failure::new(Exit::Quorum, what)
            .fact(format!("attested so far by: {}", screen::list(&by)))
            .fact("nothing was changed")
            .next("each of them: quorate attest"),
    )
}

/// `by 2 of 5 (3 needed)`.
pub(in crate::cli) fn by(opened: &Opened, attested: &Attested) -> String {
    let needed = match attested.needed {
        0 => "none needed".to_owned(),
        needed => format!("{needed} needed"),
    };
    format!(
        "by {} of {} ({needed})",
        attested.by.len(),
        opened.roster.len()
    )
}

/// `2 more of ben, cleo, eve`.
pub(in crate::cli) fn lacking(attested: &Attested) -> String {
    format!(
        "{} more of {}",
        attested.lacking(),
        screen::list(&attested.missing())
    )
}

/// What to send to who hasn't attested.
pub(in crate::cli) fn reminder(opened: &Opened) -> Vec<String> {
    let key = &opened.fingerprint;
    vec![
        format!("Please sign the key of {}", SafeText::new(&opened.user_id)),
        "with your own key, on your own machine:".to_owned(),
        format!("  {}", explain::fingerprint(key)),
        format!("  {}", words::of_key(key).join(" ")),
        "Compare that with what you have by voice or paper. Then:".to_owned(),
        "  git pull && quorate attest".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Timestamp;

    #[test]
    fn what_needs_attestation_is_told_how_many_are_missing_and_who_they_are() {
        let name = |text: &str| Name::parse(text).unwrap();
        let when = Timestamp::from_seconds(1_800_000_000).unwrap();
        let mut attested = Attested {
            by: vec![(name("anna"), when)],
            able: ["anna", "ben", "cleo", "dan"].map(name).to_vec(),
            unable: vec![name("eve")],
            needed: 3,
            aside: Vec::new(),
        };
        let failure = waiting(&attested).unwrap();
        assert_eq!(failure.exit, Exit::Quorum);
        let text = failure.text();
        assert!(text.contains("2 more of ben, cleo, dan"), "{text}");
        assert!(text.contains("so far by: anna"), "{text}");
        assert!(
            text.contains("next: each of them: quorate attest"),
            "{text}"
        );
        for more in ["ben", "cleo"] {
            attested.by.push((name(more), when));
        }
        assert!(waiting(&attested).is_none());
    }
}
