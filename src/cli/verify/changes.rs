//! What `verify` checks of changes of the own certificate: the sealed revocations, and that no two changed one state.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::Findings;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::perform::own_files::sealed_path;
use crate::cli::report::Failure;
use crate::openpgp::draft::{Destination, Draft};
use crate::session::succession::{CERTIFIED, PREDECESSOR};
use crate::vault::record::Digest;
use crate::world::{Kind as FileKind, is_temporary};

/// The most bytes of a sealed revocation.
const MAX_KEPT: usize = 256 << 10;
const FOLDER: &str = "revocations";

pub(in crate::cli) fn check(
    context: &Context<'_>,
    opened: &Opened,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let files = context.world.files;
    let mut expected: HashMap<PathBuf, Vec<u8>> = HashMap::new();
    // Of a `perform` that was stopped before its result, which counts, was there; the next one replaces them.
    let mut unrecorded: HashSet<PathBuf> = HashSet::new();
    let mut states: HashMap<Digest, String> = HashMap::new();
    for found in opened.requests().into_iter().flatten() {
        let request = found.verified.request();
        let outcome = match opened.outcome(&found) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => {
                let sealed = |draft: &&Draft| draft.destination() == Destination::Sealed;
                let drafts = request.drafts.iter().filter(sealed);
                unrecorded.extend(drafts.filter_map(sealed_path));
                continue;
            }
            Err(_) => continue,
        };
        if let Some(state) = request.state
            && let Some(other) = states.insert(state, found.id.clone())
        {
            findings.bad.push(format!(
                "results/{}.result: it and {other} changed the same state of the key",
                found.id
            ));
        }
        for (draft, sealed) in outcome.sealed(&request.drafts) {
            if let Some(path) = sealed_path(draft) {
                expected.insert(path, sealed.to_vec());
            }
        }
    }
    let folder = opened.folder.join(FOLDER);
    if files.kind(&folder)? == Some(FileKind::Folder) {
        for entry in files.list(&folder)? {
            let relative = Path::new(FOLDER).join(&entry.name);
            let learnt = relative.extension().is_some_and(|end| end == "asc");
            let known =
                learnt || expected.contains_key(&relative) || unrecorded.contains(&relative);
            if !known && !entry.text().is_some_and(is_temporary) {
                findings.note(&relative, Err("no result of this vault made it"));
            }
        }
    }
    for (name, said) in [
        (CERTIFIED, opened.by_predecessor()),
        (PREDECESSOR, opened.of_predecessor()),
    ] {
        if let Some(said) = said {
            findings.note(Path::new(name), said.map(|_| String::new()));
        }
    }
    let in_use = opened.in_use()?;
    for (relative, learnt) in opened.learnt(&in_use) {
        findings.note(relative, learnt.map(|_| String::new()));
    }
    for (relative, bytes) in &expected {
        let path = opened.folder.join(relative);
        let checked = match files.kind(&path)? {
            None => Err("missing; it can be had again from its result"),
            Some(_) if *files.read(&path, MAX_KEPT)? == *bytes => Ok(String::new()),
            Some(_) => Err("altered since its result was recorded"),
        };
        findings.note(relative, checked);
    }
    Ok(())
}
