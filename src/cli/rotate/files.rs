//! What a rotation leaves in `out/`: both certificates with what they say of each other, and the announcement.

use sequoia_openpgp::Cert;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::packet::Packet;

use crate::cli::context::Context;
use crate::cli::lint;
use crate::cli::opened::{Found, Opened};
use crate::cli::perform::own_files::armored;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::armor::enarmor;
use crate::openpgp::plan::Plan;
use crate::openpgp::{revocation, statement};
use crate::session::succession::{ANNOUNCEMENT_SIGNED, CERTIFIED, PREDECESSOR};
use crate::world::Batch;

const MAX_FILE: usize = 1 << 20;

/// Writes the files; again without harm.
pub(in crate::cli) fn publish(
    context: &Context<'_>,
    old: &Opened,
    new: &Opened,
    found: &Found,
) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, error.to_string());
    let files = context.world.files;
    let drafts = &found.verified.request().drafts;
    let outcome = old
        .outcome(found)?
        .ok_or_else(|| Failure::new(Exit::Quorum, format!("{} has no result yet", found.id)))?;
    let (mut successor, mut announcement) = (None, None);
    for (draft, signed) in outcome.signed(drafts) {
        let signature = signed.signature().map_err(|e| failed(&e))?;
        match draft.plan() {
            Plan::Succeed { .. } => {
                let packets = revocation::packets_of(draft.plan(), signed);
                let packets = packets.map_err(|e| failed(&e))?;
                successor = Some(enarmor(Kind::PublicKey, &packets).map_err(|e| failed(&e))?);
            }
            Plan::Statement { text, .. } => {
                announcement = Some((text.clone(), signature));
            }
            _ => (),
        }
    }
    let (Some(certified), Some((text, by_old))) = (successor, announcement) else {
        return Err(Failure::new(
            Exit::Forged,
            format!("{} is no request of a rotation", found.id),
        ));
    };
    let damaged = |file: &str| {
        Failure::new(
            Exit::Forged,
            format!(
                "{} is not what the new key signed",
                path(&new.folder.join(file))
            ),
        )
        .next("git checkout succession, in the new vault")
    };
    let message = files.read(&new.folder.join(ANNOUNCEMENT_SIGNED), MAX_FILE)?;
    let (by_new_text, by_new) = statement::signed_by(&message, new.primary())
        .ok_or_else(|| damaged(ANNOUNCEMENT_SIGNED))?;
    if by_new_text != text {
        return Err(damaged(ANNOUNCEMENT_SIGNED)
            .fact("the old key signed another text; the two don't belong together"));
    }
    let both = statement::to_message(&text, &[by_new, by_old]).map_err(|e| failed(&e))?;

    // The new vault keeps what the old key says of its key: each certificate that leaves it has it from now on.
    let kept = new.folder.join(CERTIFIED);
    if files.kind(&kept)?.is_none() || *files.read(&kept, MAX_FILE)? != *certified {
        context.write(new, vec![(CERTIFIED.into(), certified)])?;
        context.share_by_git(&new.folder, "succession", "Certified by the old key");
    }
    let new = &context.at(&new.folder, None).open()?;
    let new_cert = new.as_published(new.in_use()?)?;
    let said_of_old = new.of_predecessor().ok_or_else(|| damaged(PREDECESSOR))?;
    let (old_user_id, by_new) = said_of_old.map_err(|_| damaged(PREDECESSOR))?;
    let old_cert = old
        .as_published(old.in_use()?)?
        .insert_packets(vec![Packet::from(old_user_id), by_new.into()])
        .map_err(|e| failed(&e))?
        .0;

    let out = old.folder.join("out");
    context.say("");
    lint::tell(context, &new_cert, 10);
    context.must_be_a_folder(&out)?;
    let name = |cert: &Cert| format!("0x{}.asc", cert.fingerprint().to_hex().to_lowercase());
    let written = [
        (name(&new_cert), armored(&new_cert).map_err(|e| failed(&e))?),
        (name(&old_cert), armored(&old_cert).map_err(|e| failed(&e))?),
        ("announcement.asc".to_owned(), both),
    ];
    let mut batch = Batch::new().folder(&out, 0o755);
    for (name, bytes) in &written {
        batch = batch.replace(out.join(name), bytes.clone(), 0o644);
    }
    let lock = context.lock(&old.folder)?;
    batch.commit(files, context.world.random)?;
    drop(lock);
    context.say("done: the old key vouches for the new one, the new one for the old, and both");
    context.say("signed the announcement");
    for (name, _) in &written {
        context.say(&format!("  {}", path(&out.join(name))));
    }
    let [(new_file, _), (old_file, _), _] = &written;
    let here = &context.world.surroundings.current_dir;
    let typed = |name: &String| {
        let file = out.join(name);
        path(file.strip_prefix(here).unwrap_or(&file))
    };
    let (new_file, old_file) = (typed(new_file), typed(old_file));
    if new.key_now()?.subkeys.is_empty() {
        context.advise("first, on the signing host: quorate host offer, in the new vault;");
        context.advise("bind it there; then again: quorate rotate");
    }
    context.advise(&format!("next   quorate lint {old_file} {new_file}"));
    context.advise("       quorate publish site|keyserver|succession (docs/rotation.md)");
    context.advise("       then send the announcement");
    context.advise("the old key stays in custody until it has ended; then: quorate retire");
    Ok(())
}
