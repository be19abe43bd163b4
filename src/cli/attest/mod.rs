//! `quorate attest`: a root signs the master key with the own key; `--collect`: what others signed.

pub(super) mod attested;
mod collect;

use std::path::{Path, PathBuf};

use clap::Args;
use sequoia_openpgp::Fingerprint;
use sequoia_openpgp::serialize::SerializeInto as _;

use super::context::Context;
use super::keys::Keys;
use super::opened::Opened;
use super::report::{self, Exit, Failure};
use crate::ceremony::{explain, words};
use crate::openpgp::armor::dearmor;
use crate::openpgp::attestation::{self, Attestation, AttestationError, MAX_HANDED_IN};
use crate::roster::name::Name;
use crate::world::gpg::GpgError;
use crate::world::gpg::certify::{Certification, certify, own_certificate};
use crate::world::{Kind as FileKind, SafeText};

#[derive(Args, Default)]
pub(super) struct Options {
    /// Take what others signed, wherever they did: attestations, exported keys, folders of them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "yes")]
    collect: Vec<PathBuf>,
    /// Don't ask; only together with --key, the fingerprint as you know it
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    if options.collect.is_empty() {
        return sign(context, options);
    }
    collect::run(context, &options.collect)
}

fn sign(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    if options.yes && !context.names_the_key() {
        return Err(Failure::new(
            Exit::Usage,
            "--yes needs --key: somebody has to have compared the fingerprint",
        )
        .next("give it as you know it by voice or paper: --key FINGERPRINT"));
    }
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let Some(own) = opened.member(&me)?.attest_key().cloned() else {
        return Err(Failure::new(
            Exit::Usage,
            format!("{me} has no OpenPGP key to attest with"),
        )
        .fact("vault.toml names none, and changes only by a dealing")
        .next("the others attest: quorate status"));
    };
    let before = opened.attested()?;
    if let Some((_, when)) = before.by.iter().find(|(name, _)| *name == me) {
        context.say(&format!(
            "{me}, you have attested this key on {}",
            when.day()
        ));
        context.tell_attested(&opened, &before);
        return Ok(());
    }
    if opened.expires <= opened.now {
        let what = format!("the key expired on {}", opened.expires.day());
        return Err(Failure::new(Exit::Quorum, what).fact("there is nothing left to attest"));
    }
    let keys = Keys::read(context.world.files, &opened.folder.join("keys"))?;
    ask(context, &opened, &me, &own, options.yes)?;
    let attestation = certified(context, &opened, &keys, &me, &own)?;
    let path = write(context, &opened, &keys, &attestation)?;
    let opened = context.open()?;
    context.say(&format!(
        "{me} signed on {}: this is the key of {}",
        attestation.made.day(),
        SafeText::new(&opened.user_id)
    ));
    context.say(&format!("  {path}"));
    let attested = opened.attested()?;
    context.tell_attested(&opened, &attested);
    if attested.is_enough() && !context.goes_on.get() {
        context.advise("enough: the key may get a signing subkey: quorate subkey bind OFFER");
    }
    context.share_by_git(&opened.folder, "attestations", &format!("Attested: {me}"));
    Ok(())
}

/// Puts an attestation into the vault.
pub(super) fn write(
    context: &Context<'_>,
    opened: &Opened,
    keys: &Keys,
    attestation: &Attestation,
) -> Result<String, Failure> {
    let path = opened.attesters(keys)?.path(attestation);
    let path = path.ok_or_else(|| Failure::new(Exit::Failed, "nobody attests with that key"))?;
    let file = (PathBuf::from(&path), attestation.file.clone());
    context.write(opened, vec![file])?;
    Ok(path)
}

/// Shows the key beside what this machine remembers, and asks.
fn ask(
    context: &Context<'_>,
    opened: &Opened,
    me: &Name,
    own: &Fingerprint,
    yes: bool,
) -> Result<(), Failure> {
    let key = &opened.fingerprint;
    let pinned = opened
        .pins
        .key()
        .map_err(|e| report::pins(&e, &opened.folder))?;
    context.say(&format!(
        "{me}, with your own key you would sign that this key"
    ));
    context.say(&format!("  key         {}", explain::fingerprint(key)));
    context.say(&format!("  in words    {}", words::of_key(key).join(" ")));
    context.say(&format!("  remembered  {}", explain::fingerprint(&pinned)));
    context.say(&format!("  belongs to  {}", SafeText::new(&opened.user_id)));
    context.say(&format!("  your key    {}", explain::fingerprint(own)));
    if yes {
        return Ok(());
    }
    context.say("Everybody can see that signature, for ever. Compare fingerprint or words with");
    context.say("what you have by voice or on paper from who made the key, not with this folder.");
    let answer = context.world.terminal.ask("The same? Type yes: ")?;
    if answer.trim() != "yes" {
        return Err(Failure::new(Exit::Failed, "not signed").fact("nothing was changed"));
    }
    Ok(())
}

/// Has gpg certify the key, and checks what came out.
fn certified(
    context: &Context<'_>,
    opened: &Opened,
    keys: &Keys,
    me: &Name,
    own: &Fingerprint,
) -> Result<Attestation, Failure> {
    let world = &context.world;
    let attesters = opened.attesters(keys)?;
    let cert = keys.certificate(own).ok_or_else(|| missing(me, own))?;
    let failed = |error| gpg(me, own, &error);
    let own_hex = own.to_hex();
    let unreadable = |_| Failure::new(Exit::Forged, "the certificate in vault.toml can't be read");
    let (mut certificates, _) =
        dearmor(opened.certificate.as_bytes(), MAX_HANDED_IN).map_err(unreadable)?;
    certificates.extend(cert.to_vec().map_err(unreadable)?);
    // What lies in keys/ may have expired since; gpg knows the newest.
    certificates.extend(
        own_certificate(world.programs, &own_hex)
            .map_err(failed)?
            .iter(),
    );

    let state = context.pins()?.vault_folder(&opened.vault_id);
    let _lock = world.files.lock(&state.join("attest.lock"))?;
    let folder = state.join("attest");
    // Also after a command that was killed.
    empty(context, &folder)?;
    world.files.create_dir(&folder, 0o700)?;
    let target = opened.fingerprint.to_hex();
    let wanted = Certification {
        certificates: &certificates,
        target: &target,
        user_id: &opened.user_id,
        signer: &own_hex,
    };
    let exported = certify(world.programs, &folder, &wanted);
    empty(context, &folder)?;
    let exported = exported.map_err(failed)?;

    let handed_in = attestation::read(&exported);
    let found = handed_in
        .map(|handed_in| handed_in.found)
        .unwrap_or_default();
    let mut why = None;
    for one in &found {
        match attestation::check(one, attesters.subject(), attesters.signers(), opened.now) {
            Ok(attestation) if attestation.signer == *own && !attestation.revokes => {
                return Ok(attestation);
            }
            Ok(_) | Err(AttestationError::Own | AttestationError::Stranger(_)) => {}
            Err(error) => why = Some(opened.why_not(&error)),
        }
    }
    let failure = Failure::new(Exit::Failed, format!("{me}'s signature wouldn't count"));
    Err(failure
        .fact(why.unwrap_or_else(|| "gpg made none".to_owned()))
        .fact("it was thrown away; nothing was changed")
        .next(format!(
            "gpg --armor --export {own} >keys/NAME.asc; is there something about certifying in gpg.conf?"
        )))
}

/// Removes the folder with gpg's keyring.
fn empty(context: &Context<'_>, folder: &Path) -> Result<(), Failure> {
    let files = context.world.files;
    if files.kind(folder)? != Some(FileKind::Folder) {
        return Ok(());
    }
    for entry in files.list(folder)? {
        files.remove(&folder.join(&entry.name))?;
    }
    Ok(files.remove_dir(folder)?)
}

fn missing(me: &Name, own: &Fingerprint) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("keys/ has no certificate of {me}'s own key {own}"),
    )
    .fact("without it nobody can check the signature; nothing was changed")
    .next(format!("gpg --armor --export {own} >keys/{me}-attest.asc"))
}

fn gpg(me: &Name, own: &Fingerprint, error: &GpgError) -> Failure {
    if let Some(failure) = report::gpg_itself("sign with your key", error) {
        return failure.fact(format!("it was to sign with {me}'s key {own}"));
    }
    let key = explain::fingerprint(own);
    match error {
        GpgError::NoSecretKey { .. } => {
            Failure::new(Exit::Failed, format!("gpg has no secret key {key}"))
                .fact(format!("{me} attests with that one; nothing was changed"))
                .next("insert the card, or sign where that key is: quorate attest --help tells how")
        }
        GpgError::NoCard => Failure::new(Exit::Failed, "gpg asks for a card to sign")
            .fact(format!("{me} attests with {key}; nothing was changed"))
            .next("insert the card and try again"),
        other => Failure::new(
            Exit::Failed,
            format!("gpg didn't sign: {}", SafeText::new(&other.to_string())),
        )
        .fact(format!("{me} attests with {key}; nothing was changed"))
        .next("sign with gpg alone, and collect it: quorate attest --help tells how"),
    }
}
