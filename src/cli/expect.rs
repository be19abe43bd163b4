//! `--expect-key` and `--expect-roster`: a holder's own copies, compared with the vault.

use clap::Args;
use sequoia_openpgp::Fingerprint;
use std::path::{Path, PathBuf};

use super::context::Context;
use super::opened::Opened;
use super::report::{Exit, Failure, path};
use crate::ceremony::explain;
use crate::openpgp::manifest_signature::primary_of;
use crate::roster::config::{Config, Seal as ConfigSeal};
use crate::vault::manifest::{MAX_MANIFEST, Manifest, Seal, SignedManifest};
use crate::world::SafeText;

/// Most bytes of a certificate to compare with.
const MAX_KEY: usize = 16 << 20;

#[derive(Args)]
pub(super) struct Expected {
    /// Your own copy of the key's certificate: refuse if the vault is of another key
    #[arg(long, value_name = "FILE")]
    expect_key: Option<PathBuf>,
    /// Your own copy of team.toml or vault.toml: refuse if the vault has other people, other keys of
    /// theirs or other thresholds
    #[arg(long, value_name = "FILE")]
    expect_roster: Option<PathBuf>,
}

/// How team.toml names a key in a file.
const IN_FILES: &str = "keys/";

/// Who holds shares, sealed to what, and how many are needed: comparable whatever the file was.
struct Roster {
    roots: Vec<(String, String)>,
    /// Who attests with which key.
    attesters: Vec<(String, Option<String>)>,
    /// How many must attest.
    attest: usize,
    master: u8,
    revocation: u8,
}

impl Expected {
    /// Compares what was given, and says that it fits.
    pub(super) fn compare(&self, context: &Context<'_>, opened: &Opened) -> Result<(), Failure> {
        if let Some(file) = &self.expect_key {
            let bytes = read(context, file, MAX_KEY)?;
            let known = primary_of(&bytes).map_err(|_| {
                Failure::new(
                    Exit::Usage,
                    format!("{} holds no single certificate", path(file)),
                )
                .next("gpg --armor --export FINGERPRINT >my-copy.asc")
            })?;
            same_key(opened, &known.fingerprint(), file)?;
            context.say(&format!("it is the key in your copy, {}", path(file)));
        }
        if let Some(file) = &self.expect_roster {
            let yours = roster(opened, &read(context, file, MAX_MANIFEST)?, file)?;
            let differences = differences(&of_manifest(opened.manifest()), &yours);
            if !differences.is_empty() {
                let what = format!("the vault isn't the one of your copy, {}", path(file));
                let failure = differences
                    .into_iter()
                    .take(20)
                    .fold(Failure::new(Exit::Forged, what), |failure, difference| {
                        failure.fact(difference)
                    });
                return Err(failure.next("call another root before you answer anything"));
            }
            context.say(&format!(
                "people, their keys and thresholds are those of your copy, {}",
                path(file)
            ));
            if yours
                .roots
                .iter()
                .any(|(_, seal)| seal.starts_with(IN_FILES))
            {
                context
                    .say("  (not the keys in files of keys/: a copy of vault.toml has those, too)");
            }
        }
        Ok(())
    }
}

fn read(context: &Context<'_>, file: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let full = context.world.surroundings.resolve(file);
    Ok(context.world.files.read(&full, limit)?.to_vec())
}

fn same_key(opened: &Opened, known: &Fingerprint, file: &Path) -> Result<(), Failure> {
    if opened.fingerprint == *known {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Forged,
        format!("the vault is of another key than your copy, {}", path(file)),
    )
    .fact(format!("yours  {}", explain::fingerprint(known)))
    .fact(format!(
        "there  {}",
        explain::fingerprint(&opened.fingerprint)
    ))
    .next("call another root before you answer anything"))
}

/// What the copy says, whichever it is.
fn roster(opened: &Opened, bytes: &[u8], file: &Path) -> Result<Roster, Failure> {
    if let Ok(signed) = SignedManifest::read_unpinned(bytes) {
        same_key(opened, &signed.fingerprint, file)?;
        return Ok(of_manifest(signed.manifest()));
    }
    let config = Config::parse(bytes).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("{} is neither a vault.toml nor a team.toml", path(file)),
        )
        .fact(SafeText::limited(&error.to_string(), 500).to_string())
    })?;
    Ok(of_config(&config))
}

/// In which points the vault differs from the copy, each a sentence.
fn differences(there: &Roster, yours: &Roster) -> Vec<String> {
    let mut found = Vec::new();
    for (what, yours, there) in [
        ("use the key", yours.master, there.master),
        ("revoke it", yours.revocation, there.revocation),
    ] {
        if yours != there {
            found.push(format!("{there} {what}; in your copy {yours}"));
        }
    }
    if yours.attest != there.attest {
        let (there, yours) = (there.attest, yours.attest);
        found.push(format!("{there} must attest; in your copy {yours}"));
    }
    let key = |key: &Option<String>| key.clone().unwrap_or_else(|| "no key".to_owned());
    for (name, attests) in &there.attesters {
        let known = yours.attesters.iter().find(|(other, _)| other == name);
        if let Some((_, known)) = known.filter(|(_, known)| known != attests) {
            let (there, yours) = (key(attests), key(known));
            found.push(format!("{name} attests with {there}; in your copy {yours}"));
        }
    }
    for (name, seal) in &there.roots {
        match yours.roots.iter().find(|(other, _)| other == name) {
            None => found.push(format!("{name} is one more than in your copy")),
            // A file in keys/ is a name to team.toml, and a value to the vault.
            Some((_, known)) if known == seal || known.starts_with(IN_FILES) => (),
            Some((_, known)) => {
                found.push(format!("{name} is sealed to {seal}; in your copy {known}"));
            }
        }
    }
    for (name, _) in &yours.roots {
        if !there.roots.iter().any(|(other, _)| other == name) {
            found.push(format!("{name} of your copy is missing"));
        }
    }
    found
}

fn of_manifest(manifest: &Manifest) -> Roster {
    let needed = |kind| manifest.set(kind).map_or(0, |set| set.threshold.get());
    let seal = |seal: &Seal| match seal {
        Seal::OpenPgp(fingerprint) => fingerprint.to_hex(),
        Seal::Age(value) | Seal::Ssh(value) => value.clone(),
        Seal::Passphrase => "a passphrase".to_owned(),
    };
    let roots = manifest.roster.iter();
    Roster {
        roots: roots
            .map(|member| (member.name.to_string(), seal(&member.seal)))
            .collect(),
        attesters: manifest
            .roster
            .iter()
            .map(|root| {
                (
                    root.name.to_string(),
                    root.attest_key().map(|key| key.to_hex()),
                )
            })
            .collect(),
        attest: manifest.attest.needed(manifest.roster.len()),
        master: needed(quorate_share::Kind::Master),
        revocation: needed(quorate_share::Kind::Revocation),
    }
}

fn of_config(config: &Config) -> Roster {
    let seal = |seal: &ConfigSeal| match seal {
        ConfigSeal::OpenPgp(fingerprint) => fingerprint.to_hex(),
        ConfigSeal::File(name) => format!("{IN_FILES}{name}"),
        ConfigSeal::Passphrase => "a passphrase".to_owned(),
    };
    let roots = config.roots.iter();
    Roster {
        roots: roots
            .map(|root| (root.name.to_string(), seal(&root.seal)))
            .collect(),
        attesters: config
            .roots
            .iter()
            .map(|root| {
                (
                    root.name.to_string(),
                    root.attest_key().map(|key| key.to_hex()),
                )
            })
            .collect(),
        attest: config.attest.needed(config.roots.len()),
        master: config.master,
        revocation: config.revocation,
    }
}
