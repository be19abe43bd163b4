//! The files in `out/`: certificates with their certifications, all other bytes untouched.

use crate::ceremony::outcome::Outcome;
use crate::cli::context::Context;
use crate::cli::desk::Desk;
use crate::cli::opened::{Found, Opened};
use crate::cli::report::{Exit, Failure};
use crate::openpgp::Plan;
use crate::openpgp::armor::enarmor;
use crate::openpgp::draft::Draft;
use crate::openpgp::splice::{Insertion, primary_bodies, splice};
use crate::world::{Batch, SafeText};
use std::path::PathBuf;

/// Writes the certificates of a request with their certifications to `out/`.
pub(in crate::cli) fn write(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    desk: &Desk,
    outcome: &Outcome,
) -> Result<Vec<PathBuf>, Failure> {
    let files = context.world.files;
    let out = opened.folder.join("out");
    let targets = desk.targets(files)?;
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let bodies = bodies(&found.verified.request().drafts, outcome)?;
    context.must_be_a_folder(&out).map_err(|failure| {
        failure
            .fact("results and minutes are in the vault; only the files in out/ could not be made")
    })?;
    let mut batch = Batch::new().folder(&out, 0o755);
    let mut written = Vec::new();
    let mut placed = vec![false; bodies.len()];
    for (name, armored, file) in targets {
        let packets = files.read(&file, crate::ceremony::request::MAX_REQUEST)?;
        let keys = primary_bodies(&packets);
        let here: Vec<usize> = (0..bodies.len())
            .filter(|i| keys.contains(bodies[*i].key.as_slice()))
            .collect();
        let insertions: Vec<Insertion<'_>> = here
            .iter()
            .map(|i| Insertion {
                key: &bodies[*i].key,
                user_id: bodies[*i].user_id,
                signature: bodies[*i].signature,
            })
            .collect();
        drop(keys);
        let spliced = splice(&packets, &insertions).map_err(|error| swapped(&name, &error))?;
        for index in here {
            placed[index] = true;
        }
        let bytes = if armored {
            enarmor(sequoia_openpgp::armor::Kind::PublicKey, &spliced)
                .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?
        } else {
            spliced
        };
        let path = out.join(&name);
        batch = batch.replace(&path, bytes, 0o644);
        written.push(path);
    }
    if placed.contains(&false) {
        return Err(swapped(
            "the stored certificates",
            &"a certified key is missing",
        ));
    }
    batch.commit(files, context.world.random)?;
    Ok(written)
}

fn swapped(name: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Exit::Forged,
        format!(
            "{} isn't the certificate that was approved: {error}",
            SafeText::new(name)
        ),
    )
    .fact("results and minutes are in the vault; only the file in out/ could not be made")
}

struct Bodies<'a> {
    key: Vec<u8>,
    user_id: &'a [u8],
    signature: &'a [u8],
}

fn bodies<'a>(drafts: &'a [Draft], outcome: &'a Outcome) -> Result<Vec<Bodies<'a>>, Failure> {
    use sequoia_openpgp::serialize::MarshalInto;
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, error.to_string());
    let mut bodies = Vec::with_capacity(drafts.len());
    for (draft, signed) in outcome.signed(drafts) {
        let (Plan::Certify {
            target, user_id, ..
        }
        | Plan::RevokeCertification {
            target, user_id, ..
        }) = draft.plan()
        else {
            continue;
        };
        bodies.push(Bodies {
            key: target.to_vec().map_err(|e| failed(&e))?,
            user_id: user_id.value(),
            signature: signed.bytes(),
        });
    }
    Ok(bodies)
}
