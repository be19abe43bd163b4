//! `quorate create --discard`: a vault that nobody has a receipt for, and that nobody will use.

use std::path::Path;

use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure, path};
use crate::session::deal::alone_path;
use crate::vault::receipt::Receipt;

pub(super) fn run(context: &Context<'_>) -> Result<(), Failure> {
    let opened = context.open()?;
    is_unused(&opened)?;
    let manifest = opened.manifest();
    context.say("Discarded would be the key");
    context.say(&format!(
        "  {}",
        explain::fingerprint(&manifest.fingerprint)
    ));
    context.say("with all that can rebuild it, in this folder. Copies elsewhere stay.");
    let digits = &manifest.fingerprint.to_hex()[..4];
    let typed = context
        .world
        .terminal
        .ask("Type the first four digits of it to discard it: ")?;
    if !typed.trim().eq_ignore_ascii_case(digits) {
        return Err(Failure::new(Exit::Failed, "not discarded").fact("nothing was changed"));
    }
    let mut names = vec!["vault.toml".to_owned()];
    for set in manifest.sets() {
        names.extend([set.file.clone(), set.practice_file.clone()]);
        names.extend(set.shares.iter().map(|dealt| dealt.sealed.clone()));
    }
    if manifest.any_root_may_revoke {
        for member in &manifest.roster {
            names.extend(["asc", "age"].map(|form| alone_path(&member.name, form)));
        }
    }
    names.sort();
    names.dedup();
    // Without vault.toml the others are nobody's, and a next `create` may replace them.
    names.sort_by_key(|name| name != "vault.toml");
    let _lock = context.lock(&opened.folder)?;
    // A receipt may have come while the digits were typed.
    is_unused(&context.open()?)?;
    let files = context.world.files;
    let mut removed = 0;
    for name in &names {
        let file = opened.folder.join(name);
        if files.kind(&file)?.is_some() {
            files.remove(&file)?;
            removed += 1;
        }
    }
    files.sync_dir(&opened.folder)?;
    context.say(&format!(
        "discarded; {removed} files removed from {}",
        path(Path::new(&opened.folder))
    ));
    context.advise("this machine still remembers the old key: begin the next one in a new folder");
    context.share_by_git(&opened.folder, "-u .", "Discard a key that nobody held");
    Ok(())
}

/// Has nobody relied on it yet?
fn is_unused(opened: &Opened) -> Result<(), Failure> {
    let manifest = opened.manifest();
    let receipts = opened
        .evidence
        .receipts
        .iter()
        .filter(|(_, file)| Receipt::read(file, manifest).is_ok())
        .count();
    if receipts > 0 || !opened.evidence.requests.is_empty() {
        return Err(Failure::new(Exit::Failed, "this vault is in use")
            .fact(format!(
                "{receipts} receipts, {} requests; nothing was changed",
                opened.evidence.requests.len()
            ))
            .next("a key that has holders ends by expiry or by its revocation"));
    }
    Ok(())
}
