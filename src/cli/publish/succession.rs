//! `quorate publish succession`: the chain as a file, and the script that walks it.

use std::path::PathBuf;

use clap::Args;
use sequoia_openpgp::Cert;

use crate::cli::certificates;
use crate::cli::context::Context;
use crate::cli::lineage::{missing, step};
use crate::cli::report::{Exit, Failure, path};
use crate::publish::release_site::grouped;
use crate::publish::succession::{SCRIPT, Succession, SuccessionError, succession};
use crate::world::{Batch, SafeText};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The certificates, old and new, in any order, or folders with them; the vault's own comes along
    /// if there is a vault and it isn't among them
    #[arg(value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// Certificates of those who attest: their certifications are kept, everybody else's left out
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
    let attesters = match options.attester.as_slice() {
        [] => Vec::new(),
        files => flat(files)?,
    };
    let made = succession(certs, &attesters, context.world.clock.now()).map_err(refused)?;
    write(context, options, &made)
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
