//! What `create` tells: the session, the key, and who does what now.

use quorate_share::Kind;

use super::import::Taken;
use crate::ceremony::explain::fingerprint;
use crate::cli::context::Context;
use crate::cli::lint::say as say_lint;
use crate::openpgp::lint::Finding;
use crate::session::deal::Made;
use crate::session::front::Ran;
use crate::vault::manifest::{Manifest, Seal};
use crate::world::SafeText;

/// A vault that was made.
pub(super) struct Told<'t> {
    pub context: &'t Context<'t>,
    pub manifest: &'t Manifest,
    pub made: &'t [Made],
}

impl Told<'_> {
    /// How the session was locked up, what was checked, and whether the world will accept the certificate.
    pub(super) fn session(&self, ran: &Ran, findings: Option<&Vec<Finding>>) {
        let context = self.context;
        let missing = ran.hardening.missing();
        context.say(&format!(
            "session   {}; {:.3} s",
            if missing.is_empty() {
                "memory locked, no dumps, Landlock, seccomp: nothing missing".to_owned()
            } else {
                format!("hardened, but without {}", missing.join(", "))
            },
            ran.seconds
        ));
        context
            .say("checked   every share was used to rebuild; every file opens as it lies on disk");
        if let Some(findings) = findings {
            say_lint(context, findings, 9);
        }
    }

    /// The key, and what holds of it already.
    pub(super) fn key(&self, taken: Option<&Taken>) {
        let (context, manifest) = (self.context, self.manifest);
        let needed = |kind| manifest.set(kind).map_or(0, |set| set.threshold.get());
        context.say("");
        let verb = if taken.is_some() {
            "taken over"
        } else {
            "made"
        };
        context.say(&format!(
            "The key is {verb}. It can do nothing until all of you have given receipts."
        ));
        context.say(&format!("  {}", SafeText::new(&manifest.user_id)));
        context.say(&format!("  {}", fingerprint(&manifest.fingerprint)));
        context.say(&format!(
            "  expires {};  {} of {} use it;  {} of {} revoke it",
            manifest.expires.day(),
            needed(Kind::Master),
            manifest.roster.len(),
            needed(Kind::Revocation),
            manifest.roster.len()
        ));
        context.say("  read the fingerprint to the others by voice or on paper, not by mail");
        let leaving = self.made.iter().map(|file| file.path.as_str());
        let leaving: Vec<&str> = leaving.filter(|path| path.starts_with("out/")).collect();
        match taken {
            Some(taken) => taken.tell(context, context.world.clock.now(), &leaving),
            None => tell_subkey(context, &leaving),
        }
        if manifest.any_root_may_revoke {
            context.say("");
            context.say(
                "ANY ONE of you can end this key, alone and for ever: so you chose in team.toml.",
            );
            context.say("A thief of one root's disk and key can, too. quorate revoke key --alone");
        }
    }

    /// Who does what now.
    pub(super) fn next(&self) {
        let (context, manifest) = (self.context, self.manifest);
        context.advise("");
        context.advise("Who does what now, each on the own machine, after `git pull`:");
        for member in &manifest.roster {
            let (how, what) = match member.seal {
                Seal::OpenPgp(_) => ("OpenPGP", "quorate share receipt            gpg asks"),
                Seal::Age(_) => (
                    "age",
                    "quorate share receipt -i FILE    FILE: your age identity",
                ),
                Seal::Ssh(_) => (
                    "ssh",
                    "quorate share receipt -i FILE    FILE: your private key",
                ),
                Seal::Passphrase => (
                    "passphrase",
                    "quorate share receipt            asks for the passphrase",
                ),
            };
            context.advise(&format!(
                "  {:<8} {how:<11} {what}",
                member.name.to_string()
            ));
        }
        let needed = manifest.attest.needed(manifest.roster.len());
        if needed > 0 {
            context.advise(&format!(
                "then {needed} of you sign the key, each with the own key: quorate attest"
            ));
        }
        context.advise("");
        context.advise(&format!(
            "This machine ({}) could have copied the key. No receipt changes that.",
            context.world.surroundings.machine
        ));
    }
}

/// What holds of a subkey that was made along: it can sign before anybody has attested the key.
fn tell_subkey(context: &Context<'_>, leaving: &[&str]) {
    if leaving.is_empty() {
        return;
    }
    context.say("");
    context.say("A signing subkey was made along, ahead of receipts and attestation: whoever has");
    context.say("its file and its host's key can sign from now on. This machine could have copied");
    context.say("it, too.");
    for file in leaving {
        context.say(&format!("  {file}"));
    }
    context.say("  is for the signing host alone: decrypted there, gpg --import takes it");
}
