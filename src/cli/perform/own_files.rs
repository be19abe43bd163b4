//! The files in `out/` that a change of the own certificate leaves, and statements.

use std::path::PathBuf;

use sequoia_openpgp::Fingerprint;
use sequoia_openpgp::armor::Kind as Armor;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::serialize::SerializeInto as _;

use crate::ceremony::outcome::Outcome;
use crate::cli::context::Context;
use crate::cli::lint;
use crate::cli::opened::{Found, Opened};
use crate::cli::report::{Exit, Failure, path};
use crate::cli::revoke::aftermath::{self, Revoked};
use crate::openpgp::armor::enarmor;
use crate::openpgp::draft::Draft;
use crate::openpgp::{Plan, revocation, statement};
use crate::world::Batch;

/// A file that was written, and what to do with it.
pub(in crate::cli) struct Written {
    pub path: PathBuf,
    pub next: Option<String>,
}

/// Where the sealed revocation of a subkey lies, relative to the vault.
pub(in crate::cli) fn sealed_path(draft: &Draft) -> Option<PathBuf> {
    let (key, why) = match draft.plan() {
        Plan::RevokeSubkey { subkey, why, .. } => (subkey.fingerprint(), why),
        Plan::RevokeKey { primary, why, .. } => (primary.fingerprint(), why),
        _ => return None,
    };
    Some(PathBuf::from(format!(
        "revocations/{}.{}.age",
        key.to_hex(),
        why.reason.word()
    )))
}

/// Writes what a result changes about the own certificate, and the statements that it signs.
pub(in crate::cli) fn write(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    outcome: &Outcome,
) -> Result<Vec<Written>, Failure> {
    let drafts = &found.verified.request().drafts;
    let out = opened.folder.join("out");
    let failed = |error: anyhow::Error| Failure::new(Exit::Failed, error.to_string());
    let mut files: Vec<(String, Vec<u8>, Option<String>)> = Vec::new();
    let mut whole = None;
    for (draft, signed) in outcome.signed(drafts) {
        let plan = draft.plan();
        if plan.is_about_itself() && whole.is_none() {
            whole = Some(opened.in_use_with(Some((drafts, outcome)))?);
        }
        match (plan, &whole) {
            (Plan::SubkeyBinding { subkey, .. }, Some(cert)) => {
                let fingerprint = subkey.fingerprint();
                let file = format!("bound-{fingerprint}.asc");
                let next = format!("on the signing host: quorate host install {file}");
                files.push((file, bound(cert, &fingerprint).map_err(failed)?, Some(next)));
            }
            (Plan::RevokeKey { .. } | Plan::RevokeSubkey { .. }, _) => {
                let bytes = revocation::certificate(plan, signed).map_err(failed)?;
                if let Some(revoked) = Revoked::by(plan) {
                    files.push((format!("revoked-{}.asc", revoked.key), bytes, None));
                }
            }
            (Plan::Succeed { target, .. }, _) => {
                let file = format!("succession-{}.asc", target.fingerprint());
                let bytes = revocation::packets_of(plan, signed).map_err(failed)?;
                let bytes = enarmor(Armor::PublicKey, &bytes).map_err(failed)?;
                let next = "quorate rotate puts the certificates and the announcement together";
                files.push((file, bytes, Some(next.to_owned())));
            }
            (Plan::Statement { text, .. }, _) => {
                let signature = signed.signature().map_err(failed)?;
                let message = statement::to_message(text, &[signature]);
                let file = format!("statement-{}.txt", found.id);
                let next = format!("anybody: gpg --verify {file}");
                files.push((file, message.map_err(failed)?, Some(next)));
            }
            _ => (),
        }
    }
    let mut revoked = None;
    if let Some(cert) = whole {
        let file = file_of(&cert);
        let cert = opened.as_published(cert)?;
        let bytes = armored(&cert).map_err(failed)?;
        match Revoked::of(drafts) {
            Some(one) => {
                let text = aftermath::statement(opened, &one, context.world.clock.now());
                files.push((file.clone(), bytes, None));
                files.push((aftermath::STATEMENT.to_owned(), text.into_bytes(), None));
                revoked = Some((one, file, cert));
            }
            None => {
                lint::tell(context, &cert, 10);
                let next = "publish the whole certificate; gpg --import it where the key is used";
                files.push((file, bytes, Some(next.to_owned())));
            }
        }
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    context.must_be_a_folder(&out)?;
    let mut batch = Batch::new().folder(&out, 0o755);
    let mut written = Vec::with_capacity(files.len());
    for (name, bytes, next) in files {
        let path = out.join(name);
        batch = batch.replace(&path, bytes, 0o644);
        written.push(Written { path, next });
    }
    batch.commit(context.world.files, context.world.random)?;
    if let Some((one, file, cert)) = revoked {
        aftermath::seen_by_both(context, &cert, &one, context.world.clock.now())?;
        aftermath::tell_next(context, opened, &one, &file);
    }
    Ok(written)
}

/// Writes what follows from a revocation that needed no request, and tells it.
pub(in crate::cli) fn after_a_revocation(
    context: &Context<'_>,
    opened: &Opened,
    draft: &Draft,
    file: &[u8],
) -> Result<(), Failure> {
    let Some(revoked) = Revoked::by(draft.plan()) else {
        return Ok(());
    };
    let now = context.world.clock.now();
    let out = opened.folder.join("out");
    let whole = emit(context, opened, &opened.in_use()?)?;
    let small = out.join(format!("revoked-{}.asc", revoked.key));
    let text = out.join(aftermath::STATEMENT);
    let said = aftermath::statement(opened, &revoked, now);
    Batch::new()
        .replace(&small, file.to_vec(), 0o644)
        .replace(&text, said.into_bytes(), 0o644)
        .commit(context.world.files, context.world.random)?;
    let cert = opened.as_published(opened.in_use()?)?;
    aftermath::seen_by_both(context, &cert, &revoked, now)?;
    for one in [&whole, &small, &text] {
        context.say(&format!("  {}", path(one)));
    }
    aftermath::tell_next(context, opened, &revoked, &file_of(&cert));
    Ok(())
}

/// The file of a whole certificate.
fn file_of(cert: &Cert) -> String {
    format!("0x{}.asc", cert.fingerprint().to_hex().to_lowercase())
}

/// Writes the whole certificate to `out/`.
pub(in crate::cli) fn emit(
    context: &Context<'_>,
    opened: &Opened,
    cert: &Cert,
) -> Result<PathBuf, Failure> {
    let out = opened.folder.join("out");
    context.must_be_a_folder(&out)?;
    let cert = opened.as_published(cert.clone())?;
    let bytes = armored(&cert).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let path = out.join(file_of(&cert));
    Batch::new()
        .folder(&out, 0o755)
        .replace(&path, bytes, 0o644)
        .commit(context.world.files, context.world.random)?;
    Ok(path)
}

/// The certificate with this one subkey: what its host imports.
fn bound(cert: &Cert, subkey: &Fingerprint) -> Result<Vec<u8>, anyhow::Error> {
    let only = cert
        .clone()
        .retain_subkeys(|key| key.key().fingerprint() == *subkey);
    armored(&only)
}

/// What may leave the house, in armour.
pub(in crate::cli) fn armored(cert: &Cert) -> Result<Vec<u8>, anyhow::Error> {
    enarmor(Armor::PublicKey, &cert.export_to_vec()?)
}
