//! `quorate attest --collect`: what others signed, wherever they did, becomes evidence; or it is said why not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::write;
use crate::cli::context::Context;
use crate::cli::keys::Keys;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure, path as safe};
use crate::openpgp::attestation::{self, Attestation, AttestationError, HandedIn, MAX_HANDED_IN};
use crate::vault::attested::Attesters;
use crate::world::Kind as FileKind;

/// So many refusals of one file are told; a public key may have hundreds of signatures.
const TOLD: usize = 20;

/// What was found in all files.
#[derive(Default)]
struct Collected {
    good: Vec<(PathBuf, Attestation)>,
    refused: bool,
    forged: bool,
}

pub(super) fn run(context: &Context<'_>, files: &[PathBuf]) -> Result<(), Failure> {
    let opened = context.open()?;
    let keys = Keys::read(context.world.files, &opened.folder.join("keys"))?;
    let attesters = opened.attesters(&keys)?;
    let mut collected = Collected::default();
    for file in files {
        for one in inside(context, file)? {
            let bytes = context.world.files.read(&one, MAX_HANDED_IN)?;
            let shown = if one == context.world.surroundings.resolve(file) {
                file
            } else {
                &one
            };
            look(context, &opened, &attesters, shown, &bytes, &mut collected);
        }
    }
    let nothing = collected.good.is_empty();
    let written = keep(context, &opened, &attesters, &keys, collected.good)?;
    let opened = context.open()?;
    let attested = opened.attested()?;
    context.say("");
    context.tell_attested(&opened, &attested);
    if written.is_empty() {
        if collected.refused && nothing {
            let exit = if collected.forged {
                Exit::Forged
            } else {
                Exit::Failed
            };
            return Err(Failure::new(exit, "nothing in these files counts")
                .fact("why, is said above for each; nothing was changed")
                .next("ask whom it concerns for: quorate attest"));
        }
        return Ok(());
    }
    let message = format!("Attested: {}", written.join(", "));
    context.share_by_git(&opened.folder, "attestations", &message);
    Ok(())
}

/// A file, or those in a folder.
fn inside(context: &Context<'_>, named: &Path) -> Result<Vec<PathBuf>, Failure> {
    let full = context.world.surroundings.resolve(named);
    if context.world.files.kind(&full)? != Some(FileKind::Folder) {
        return Ok(vec![full]);
    }
    let entries = context.world.files.list(&full)?;
    let files = entries.iter().filter(|entry| entry.kind == FileKind::File);
    Ok(files.map(|entry| full.join(&entry.name)).collect())
}

/// Looks at all signatures of one file.
fn look(
    context: &Context<'_>,
    opened: &Opened,
    attesters: &Attesters<'_>,
    file: &Path,
    bytes: &[u8],
    collected: &mut Collected,
) {
    // What concerns a root comes first: of strangers there may be hundreds.
    let (mut of_roots, mut of_others) = (BTreeSet::new(), BTreeSet::new());
    let mut good: Vec<Attestation> = Vec::new();
    let handed_in = attestation::read(bytes).unwrap_or_else(|_| HandedIn {
        found: Vec::new(),
        damaged: 1,
    });
    if handed_in.damaged > 0 {
        collected.forged = true;
        of_roots.insert(opened.why_not(&AttestationError::Damaged));
    }
    for found in &handed_in.found {
        let (subject, signers) = (attesters.subject(), attesters.signers());
        match attestation::check(found, subject, signers, opened.now) {
            Ok(attestation) if good.contains(&attestation) => {}
            Ok(attestation) => good.push(attestation),
            // Everybody's export has them.
            Err(AttestationError::Own) => {}
            Err(error) => {
                collected.forged |= matches!(error, AttestationError::Bad(_));
                let sentence = opened.why_not(&error);
                let (of_roots, of_others) = (&mut of_roots, &mut of_others);
                let about = if error.is_of_a_root() {
                    of_roots
                } else {
                    of_others
                };
                about.insert(sentence);
            }
        }
    }
    let mut sentences: Vec<String> = of_roots.into_iter().chain(of_others).collect();
    if good.is_empty() && sentences.is_empty() {
        sentences.push("nobody but the key itself has signed it there".to_owned());
    }
    collected.refused |= !sentences.is_empty();
    for sentence in sentences.iter().take(TOLD) {
        context.say(&format!("{}: doesn't count: {sentence}", safe(file)));
    }
    if sentences.len() > TOLD {
        context.say(&format!(
            "{}: {} more don't count",
            safe(file),
            sentences.len() - TOLD
        ));
    }
    let good = good.into_iter().map(|one| (file.to_owned(), one));
    collected.good.extend(good);
}

/// Writes what is new and counts, and each revocation.
fn keep(
    context: &Context<'_>,
    opened: &Opened,
    attesters: &Attesters<'_>,
    keys: &Keys,
    mut good: Vec<(PathBuf, Attestation)>,
) -> Result<Vec<String>, Failure> {
    // Revocations first, so that what they take back isn't called new; then each root's newest.
    good.sort_by_key(|(_, one)| (!one.revokes, std::cmp::Reverse(one.made)));
    let here = opened.evidence.attestations.iter();
    let mut here: Vec<(PathBuf, Vec<u8>)> = here
        .map(|(path, file)| (path.clone(), file.to_vec()))
        .collect();
    let count = |files: &[(PathBuf, Vec<u8>)]| {
        let files = files.iter();
        let files = files.map(|(path, file)| (path.as_path(), file.as_slice()));
        attesters.count(files, opened.now)
    };
    let mut written: Vec<String> = Vec::new();
    for (from, one) in good {
        let (Some(name), Some(path)) = (attesters.name(&one.signer), attesters.path(&one)) else {
            continue;
        };
        let (path, day) = (PathBuf::from(path), one.made.day());
        let tell = |text: String| context.say(&format!("{}: {text}", safe(&from)));
        if here.iter().any(|(other, _)| *other == path) {
            tell(format!("{name}'s of {day} is in the vault already"));
            continue;
        }
        let before = count(&here);
        here.push((path.clone(), one.file.clone()));
        let after = count(&here);
        if one.revokes {
            write(context, opened, keys, &one)?;
            tell(format!(
                "{name} took the own signature back on {day}   {}",
                safe(&path)
            ));
            written.push(format!("{name} took it back"));
        } else if let Some((_, error)) = after.aside.iter().find(|(other, _)| *other == path) {
            tell(format!("doesn't count: {}", opened.why_not(error)));
            here.pop();
        } else if before.has(name) {
            tell(format!(
                "doesn't count: {name} has attested already, and counts once"
            ));
            here.pop();
        } else {
            write(context, opened, keys, &one)?;
            tell(format!("{name} signed on {day}   {}", safe(&path)));
            written.push(name.to_string());
        }
    }
    Ok(written)
}
