//! `quorate revoke key --alone`: by any one root, where the team decided so when the key was made.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::learn;
use super::{How, confirm, not_revoked_already};
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::own_share::Decrypted;
use crate::cli::perform::own_files;
use crate::cli::report::{Exit, Failure, path};
use crate::cli::{Identity, display};
use crate::openpgp::learnt;
use crate::openpgp::plan::Reason;
use crate::openpgp::revocation;
use crate::roster::name::Name;
use crate::session::deal::alone_path;
use crate::vault::manifest::Seal;
use crate::world::SafeText;

const MAX_SEALED: usize = 256 << 10;

pub(in crate::cli) fn run(
    context: &Context<'_>,
    opened: &Opened,
    how: &How,
) -> Result<(), Failure> {
    if !opened.any_root_may_revoke {
        return Err(Failure::new(
            Exit::Usage,
            "nobody can revoke this key alone: the team decided so when it was made",
        )
        .fact("nothing was changed")
        .next("with one more of you: quorate revoke key"));
    }
    let reason = Reason::from_word(&how.reason).filter(|reason| reason.is_hard());
    let reason = reason.ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!(
                "--reason {} wasn't made in advance",
                SafeText::limited(&how.reason, 40)
            ),
        )
        .fact("made in advance are: compromised, none")
    })?;
    let me = context.me(opened)?;
    let in_use = opened.in_use()?;
    let key = opened.fingerprint.clone();
    not_revoked_already(context, opened, &in_use, &key)?;
    let draft = opened
        .made_in_advance(&key, reason)?
        .ok_or_else(|| Failure::new(Exit::Failed, "it wasn't made in advance"))?;
    context.say("way        you alone, with your own copy: nobody else is asked");
    let drafts = [draft];
    display::to_ask(context, opened, &drafts)?;
    confirm(context, &key, "key", how.confirm.as_deref())?;

    let copy = open(context, opened, &me, &how.identity)?;
    let primary = opened.primary();
    let not_there = || exchanged(&copy.file);
    let found = revocation::find(&copy.text, &drafts[0], primary).ok_or_else(not_there)?;
    let learnt = learnt::read(&found, &in_use)
        .ok()
        .and_then(|mut found| found.pop())
        .ok_or_else(not_there)?;
    let name: PathBuf = learn::name_of(&learnt);
    context.write(opened, vec![(name, learnt.file.clone())])?;

    let opened = context.open()?;
    own_files::after_a_revocation(context, &opened, &drafts[0], &learnt.file)?;
    context.share_by_git(
        &opened.folder,
        "revocations",
        &format!("The key is revoked: {me}, alone"),
    );
    Ok(())
}

/// The own copy of the key's revocations, opened.
struct OwnCopy {
    file: PathBuf,
    text: Zeroizing<Vec<u8>>,
}

/// Opens the own copy, if it is the one that was dealt.
fn open(
    context: &Context<'_>,
    opened: &Opened,
    me: &Name,
    identity: &Identity,
) -> Result<OwnCopy, Failure> {
    let extension = match opened.member(me)?.seal {
        Seal::OpenPgp(_) => "asc",
        _ => "age",
    };
    let file = opened.folder.join(alone_path(me, extension));
    let sealed = context.world.files.read(&file, MAX_SEALED)?;
    // Vaults that were made before the manifest had digests of them have none.
    if let Some(dealt) = opened.own_copy(me)
        && <[u8; 32]>::from(Sha256::digest(&sealed)) != dealt.sealed_sha256
    {
        return Err(exchanged(&file)
            .fact("its digest differs from the one that the key signed; it was not opened"));
    }
    let Decrypted { text, .. } = context.decrypt(opened, me, &file, &sealed, identity)?;
    Ok(OwnCopy { file, text })
}

fn exchanged(file: &Path) -> Failure {
    Failure::new(
        Exit::Forged,
        format!("{} doesn't hold the revocation", path(file)),
    )
    .fact("it was exchanged, or dealt wrongly; nothing was changed")
    .next("git checkout sealed; on the worst day with one more of you: quorate revoke key")
}

/// Opens the own copy, and looks for both revocations in it: are they the key's, and genuine?
pub(in crate::cli) fn verify(
    context: &Context<'_>,
    opened: &Opened,
    me: &Name,
    identity: &Identity,
) -> Result<(), Failure> {
    let copy = open(context, opened, me, identity)?;
    let primary = opened.primary();
    let key = opened.fingerprint.clone();
    for reason in [Reason::Compromised, Reason::None] {
        let draft = opened.made_in_advance(&key, reason)?;
        let found = draft.and_then(|draft| revocation::find(&copy.text, &draft, primary));
        if found.is_none() {
            return Err(exchanged(&copy.file));
        }
    }
    Ok(())
}
