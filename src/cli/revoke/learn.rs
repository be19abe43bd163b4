//! `quorate revoke learn`: a revocation that is known outside is taken over, and never forgotten.

use std::path::PathBuf;

use clap::Args;

use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::perform::own_files;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::learnt::{self, Learnt, LearntError, MAX_LEARNT, Whom};
use crate::vault::record::Digest;
use crate::world::SafeText;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// A revocation certificate, or the key's certificate with its revocation
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let in_use = opened.in_use()?;
    let known: Vec<_> = crate::openpgp::self_signatures::own_signatures(&in_use).collect();
    let mut new = Vec::new();
    let mut old = 0_usize;
    for file in &options.files {
        let full = context.world.surroundings.resolve(file);
        let bytes = context.world.files.read(&full, MAX_LEARNT)?;
        let found = learnt::read(&bytes, &in_use).map_err(|error| refused(&path(file), &error))?;
        for learnt in found {
            match known.iter().any(|k| k.normalized_eq(&learnt.signature)) {
                true => old += 1,
                false => new.push(learnt),
            }
        }
    }
    drop(known);
    if new.is_empty() {
        context.say(&format!(
            "known here already: {old} revocation{}; nothing was changed",
            if old == 1 { "" } else { "s" }
        ));
        let file = own_files::emit(context, &opened, &in_use)?;
        context.say(&format!("  {}", path(&file)));
        return Ok(());
    }
    let mut files = Vec::new();
    for learnt in &new {
        context.say(&told(learnt));
        files.push((name_of(learnt), learnt.file.clone()));
    }
    context.write(&opened, files)?;
    // Read again: pinned from now on.
    let opened = context.open()?;
    let file = own_files::emit(context, &opened, &opened.in_use()?)?;
    context.say("taken over; this machine refuses a folder without it from now on");
    context.say(&format!("  {}", path(&file)));
    context.share_by_git(
        &opened.folder,
        "revocations",
        "A revocation, learnt from outside",
    );
    Ok(())
}

/// Where it lies in the vault.
pub(super) fn name_of(learnt: &Learnt) -> PathBuf {
    let digest = Digest::of(&learnt.file).to_string();
    PathBuf::from(format!("revocations/learnt-{}.asc", &digest[..12]))
}

fn told(learnt: &Learnt) -> String {
    let what = match &learnt.whom {
        Whom::Key => "REVOKED: the key itself".to_owned(),
        Whom::Subkey(subkey) => format!(
            "REVOKED: the subkey {}",
            explain::fingerprint(&subkey.fingerprint())
        ),
        Whom::UserId(user_id) => format!(
            "retired: the user ID {}",
            SafeText::from_bytes_limited(user_id.value(), 200)
        ),
    };
    format!("{what}; it verifies with the key itself")
}

fn refused(file: &SafeText, error: &LearntError) -> Failure {
    let exit = match error {
        LearntError::NotACertificate | LearntError::None => Exit::Forged,
        LearntError::OtherKey | LearntError::UnknownSubkey(_) => Exit::Usage,
    };
    let failure = Failure::new(exit, format!("{file}: {error}")).fact("nothing was changed");
    match error {
        LearntError::UnknownSubkey(_) => {
            failure.next("git pull: the request that bound it may be missing here")
        }
        _ => failure.next("compare the fingerprint with quorate status"),
    }
}
