//! `quorate publish succession`: the chain as a file, and the script that walks it.

use std::path::{Path, PathBuf};

use clap::Args;
use sequoia_openpgp::Cert;

use crate::cli::certificates;
use crate::cli::context::Context;
use crate::cli::keys::Keys;
use crate::cli::lineage::{missing, step};
use crate::cli::report::{Exit, Failure, path};
use crate::cli::rotate::successor::{self, Place};
use crate::publish::release_site::grouped;
use crate::publish::succession::{SCRIPT, Succession, SuccessionError, succession};
use crate::vault::manifest::{Manifest, Member};
use crate::world::{Batch, SafeText};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The certificates, old and new, in any order, or folders with them; the vault's own comes along
    /// if there is a vault and it isn't among them
    #[arg(value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// Certificates of others who attest: their certifications are kept, too. Those of the roots are, from keys/ of
    /// the vault and of its successor's; everybody else's are left out
    #[arg(long, value_name = "FILE")]
    attester: Vec<PathBuf>,
    /// Where to; the script succession.sh is written beside it
    #[arg(long, value_name = "FILE", default_value = "succession.asc")]
    out: PathBuf,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let flat = |files: &[PathBuf]| -> Result<Vec<Cert>, Failure> {
        let read = certificates::read_good(context, files)?;
        Ok(read.into_iter().flat_map(|file| file.certs).collect())
    };
    // Without files the vault's own; one file alone is the predecessor, or the successor, of it.
    let mut certs = flat(&options.files)?;
    if certs.len() == 1 && !options.files.is_empty() {
        certs.extend(flat(&[])?);
    }
    let mut attesters = roots(context)?;
    if !options.attester.is_empty() {
        for cert in flat(&options.attester)? {
            join(&mut attesters, cert);
        }
    }
    let made = succession(certs, &attesters, context.world.clock.now()).map_err(refused)?;
    write(context, options, &made)
}

/// The certificates that the roots of the vault at hand attest with, and those of its successor's; nobody's without a
/// vault.
fn roots(context: &Context<'_>) -> Result<Vec<Cert>, Failure> {
    let mut found = Vec::new();
    if context.folder().is_err() {
        return Ok(found);
    }
    let opened = context.open_unpinned()?;
    attesters(context, &opened.folder, opened.manifest(), &mut found)?;
    if let Ok(Place::Made(folder)) = successor::find(context, &opened, None) {
        let (folder, signed) = context.at(&folder, None).at_hand()?;
        if signed.predecessor.as_ref() == Some(&opened.fingerprint) {
            attesters(context, &folder, &signed, &mut found)?;
        }
    }
    Ok(found)
}

/// Adds what `keys/` has of a roster's attest keys, which the manifest names by their fingerprints.
fn attesters(
    context: &Context<'_>,
    folder: &Path,
    manifest: &Manifest,
    found: &mut Vec<Cert>,
) -> Result<(), Failure> {
    let keys = Keys::read(context.world.files, &folder.join("keys"))?;
    let named = manifest.roster.iter().filter_map(Member::attest_key);
    for cert in named.filter_map(|key| keys.certificate(key)) {
        join(found, cert);
    }
    Ok(())
}

/// One key twice is one attester, with all that either copy has.
fn join(all: &mut Vec<Cert>, cert: Cert) {
    match all
        .iter_mut()
        .find(|one| one.fingerprint() == cert.fingerprint())
    {
        Some(known) => {
            if let Ok(merged) = known.clone().merge_public(cert) {
                *known = merged;
            }
        }
        None => all.push(cert),
    }
}

fn write(context: &Context<'_>, options: &Options, made: &Succession) -> Result<(), Failure> {
    let out = context.world.surroundings.resolve(&options.out);
    let script = out.with_file_name("succession.sh");
    Batch::new()
        .replace(&script, SCRIPT.as_bytes().to_vec(), 0o644)
        .replace(&out, made.file.clone(), 0o644)
        .commit(context.world.files, context.world.random)?;
    for (index, key) in made.keys.iter().enumerate() {
        let attested = made.attested.iter().filter(|(_, of)| of == key).count();
        let attested = match attested {
            0 => String::new(),
            n => format!("   attested by {n}"),
        };
        context.say(&format!("{}{attested}", grouped(key)));
        if let Some(link) = made.links.get(index) {
            context.say(&format!("  {}", step(link)));
        }
    }
    context.say(&format!(
        "wrote {} and {}",
        path(&options.out),
        path(&options.out.with_file_name("succession.sh"))
    ));
    if let Some(first) = made.keys.first() {
        context.advise("a stranger who knows the first fingerprint walks it with gpg alone:");
        context.advise(&format!(
            "  sh {} {first} {}",
            path(&options.out.with_file_name("succession.sh")),
            path(&options.out)
        ));
    }
    Ok(())
}

fn refused(error: SuccessionError) -> Failure {
    let nothing = "nothing was written: a chain with a gap leads nobody anywhere";
    match error {
        SuccessionError::TooFew => {
            Failure::new(Exit::Usage, "a succession has at least two keys")
                .next("name the old keys' files, or the folder with them")
        }
        SuccessionError::Gap { from, to, why } => {
            Failure::new(Exit::Failed, format!("a link is missing: {}", missing(&why)))
                .fact(format!("from {}", grouped(&from)))
                .fact(format!("to   {}", grouped(&to)))
                .fact(nothing)
                .next("name certificates that hold the certification (never a minimal export), or begin after the gap")
        }
        SuccessionError::Secret(key) => {
            Failure::new(Exit::Usage, format!("the file of {key} holds a secret key"))
                .fact("nothing was written")
                .next("gpg --armor --export FINGERPRINT writes the public half alone")
        }
        SuccessionError::Sequoia(why) => {
            Failure::new(Exit::Failed, SafeText::limited(&why, 200).to_string())
        }
    }
}
