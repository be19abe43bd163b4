//! `quorate host offer`: a signing subkey of the host's own, and the file that asks the roots to bind it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sequoia_openpgp::Fingerprint;

use super::key::{self, Known};
use super::memory::{Memory, Remembered, State};
use super::words;
use crate::ceremony::explain;
use crate::ceremony::offer::{MAX_HOST, Offer};
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::plan::{Algorithm, Primary};
use crate::openpgp::signing_subkey::{BackSignatureError, Unsigned, subkey_of};
use crate::openpgp::standing::{Unfit, primary_standing, standing};
use crate::world::gpg::agent::{self, Keygrip, Kind};
use crate::world::{Batch, Kind as FileKind, SafeText, Timestamp};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The master key's certificate, where no clone of the vault is at hand; needs --key
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The subkey's algorithm
    #[arg(long, value_name = "NAME", default_value = "ed25519")]
    algorithm: SubkeyAlgorithm,
    /// Where to write the offer; default: offer-….offer in this folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Make another subkey although one is offered already
    #[arg(long)]
    new: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SubkeyAlgorithm {
    /// Short keys and signatures; every gpg since 2.1
    Ed25519,
    /// RSA of 4096 bits, for verifiers that need it
    Rsa4096,
}

impl SubkeyAlgorithm {
    fn kind(self) -> Kind {
        match self {
            Self::Ed25519 => Kind::Ed25519,
            Self::Rsa4096 => Kind::Rsa4096,
        }
    }

    fn of(offer: &Offer) -> Option<Self> {
        Some(match Algorithm::of(offer.subkey.pk_algo())? {
            Algorithm::EdDsa => Self::Ed25519,
            Algorithm::Rsa => Self::Rsa4096,
        })
    }
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let known = known(context, options)?;
    let primary = known.cert.primary_key().key().clone();
    let fingerprint = primary.fingerprint();
    let now = context.world.clock.now();
    if let Some(unfit) = primary_standing(&known.cert, now).unfit.first() {
        return Err(Failure::new(
            Exit::Failed,
            format!("no subkey is made for this key: {}", words::unfit(unfit)),
        )
        .fact(explain::fingerprint(&fingerprint))
        .next("ask the roots for the key that is in service now"));
    }
    let _lock = Memory::lock(context)?;
    let mut memory =
        Memory::read(context, &fingerprint)?.unwrap_or_else(|| Memory::new(&fingerprint));
    let mut there = memory.newest(State::Offered).filter(|_| !options.new);
    if let Some(offered) = there
        && let Bound::Ended = bound(&known, &offered.fingerprint()?, now)
    {
        there = None;
    }
    let is_there = there.is_some();
    let (offer, text) = match there {
        Some(remembered) => again(context, remembered, &primary, now)?,
        None => {
            let (offer, text, grip) = make(context, options, &primary, now)?;
            let subkey = offer.subkey.fingerprint();
            let kept = String::from_utf8_lossy(&text).into_owned();
            let one = Remembered::new(&subkey, grip, State::Offered, Some(kept));
            memory.subkey.push(one);
            if let Err(failure) = memory.write(context) {
                // A secret that nobody remembers is only a danger; but the last step of writing may have
                // failed with the memory in place.
                let read = Memory::read(context, &fingerprint);
                if read.is_ok_and(|memory| !memory.is_some_and(|memory| memory.has(&subkey))) {
                    let _ = agent::delete(context.world.programs, grip);
                }
                return Err(failure);
            }
            (offer, text)
        }
    };
    let file = write(context, options, &offer, text)?;
    tell(context, options, &known, &offer, &file, is_there);
    Ok(())
}

/// What became of an offered subkey, as the certificate tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bound {
    NotYet,
    Yes,
    /// Revoked or expired since.
    Ended,
}

fn bound(known: &Known, subkey: &Fingerprint, now: Timestamp) -> Bound {
    let unfit = standing(&known.cert, subkey, now).unfit;
    match unfit.first() {
        None => Bound::Yes,
        Some(Unfit::Revoked { .. } | Unfit::Expired { .. }) => Bound::Ended,
        Some(_) => Bound::NotYet,
    }
}

fn known(context: &Context<'_>, options: &Options) -> Result<Known, Failure> {
    let Some(file) = &options.certificate else {
        let remembered = Memory::keys(context)?;
        return match key::of_vault(context, &remembered)? {
            Some(known) => Ok(known),
            None => Err(
                Failure::new(Exit::Usage, "for which key? there is no vault here")
                    .fact("a subkey is made for one master key, which it names and agrees to")
                    .next("cd into a clone of the vault, or: --certificate FILE --key FINGERPRINT"),
            ),
        };
    };
    let cert = key::read(context, file)?;
    let expected = context.expected_key()?.ok_or_else(|| {
        Failure::new(Exit::Usage, "--certificate wants --key along with it")
            .fact(format!(
                "{} holds  {}",
                path(file),
                explain::fingerprint(&cert.fingerprint())
            ))
            .fact("a file proves nothing: whoever sent it may have made the key in it")
            .next("give the fingerprint as you know it by voice or paper: --key FINGERPRINT")
    })?;
    key::must_be(&cert, &expected, path(file).as_str())?;
    Ok(Known {
        cert,
        from: key::From::File,
    })
}

/// The offer that was made before, if its secret is still there.
fn again(
    context: &Context<'_>,
    remembered: &Remembered,
    primary: &Primary,
    now: Timestamp,
) -> Result<(Offer, Vec<u8>), Failure> {
    let grip = remembered.keygrip()?;
    let programs = context.world.programs;
    let is_there = agent::has(programs, grip).map_err(|error| words::agent("be asked", &error))?;
    if !is_there {
        return Err(Failure::new(
            Exit::Failed,
            "the secret of the subkey that was offered isn't in gpg's agent any more",
        )
        .fact(explain::fingerprint(&remembered.fingerprint()?))
        .fact("was GNUPGHOME another folder then?")
        .next("quorate host offer --new; and tell the roots not to bind the other one"));
    }
    let text = remembered.offer.clone().unwrap_or_default().into_bytes();
    let offer = Offer::read(&text, primary, now).map_err(|error| words::offer(&error))?;
    Ok((offer, text))
}

/// Makes the key in the agent, and has the agent sign that it agrees to the primary key.
fn make(
    context: &Context<'_>,
    options: &Options,
    primary: &Primary,
    now: Timestamp,
) -> Result<(Offer, Vec<u8>, Keygrip), Failure> {
    let programs = context.world.programs;
    let odd = |what: &str| Failure::new(Exit::Failed, format!("gpg's agent made {what}"));
    let created = now
        .to_openpgp()
        .ok_or_else(|| Failure::new(Exit::Failed, "the clock is beyond what OpenPGP can say"))?;
    let public = agent::generate(programs, options.algorithm.kind())
        .map_err(|error| words::agent("make a key", &error))?;
    let grip = Keygrip::of(&public).ok_or_else(|| odd("a key without a name"))?;
    let signed = (|| {
        let subkey = subkey_of(&public, created).map_err(|error| odd(&error.to_string()))?;
        let unsigned = Unsigned::new(primary, &subkey, created)
            .map_err(|error: BackSignatureError| odd(&error.to_string()))?;
        let value = agent::sign(programs, grip, unsigned.digest())
            .map_err(|error| words::agent("sign with the new key", &error))?;
        let back_signature = unsigned
            .fill(&value)
            .map_err(|error| odd(&error.to_string()))?;
        let offer = Offer {
            primary: primary.fingerprint(),
            host: host_name(&context.world.surroundings.machine),
            made: now,
            subkey,
            back_signature,
        };
        let text = offer.to_file().map_err(|error| words::offer(&error))?;
        // What the roots will check is checked here first.
        Offer::read(&text, primary, now).map_err(|error| words::offer(&error))?;
        Ok((offer, text, grip))
    })();
    if signed.is_err() {
        // A key that nobody can name is of no use; if it can't be deleted, the first error counts.
        let _ = agent::delete(programs, grip);
    }
    signed
}

/// The machine's name as a value of a line.
fn host_name(machine: &SafeText) -> String {
    let name: String = machine.as_str().chars().take(MAX_HOST).collect();
    match name.trim() {
        "" => "unknown".to_owned(),
        name => name.to_owned(),
    }
}

/// Writes the file and gives its name as the user would type it.
fn write(
    context: &Context<'_>,
    options: &Options,
    offer: &Offer,
    text: Vec<u8>,
) -> Result<PathBuf, Failure> {
    let world = &context.world;
    let mut file = options.out.clone().unwrap_or_default();
    let place = world.surroundings.resolve(&file);
    if options.out.is_none() || world.files.kind(&place)? == Some(FileKind::Folder) {
        file = file.join(offer.file_name());
    }
    Batch::new()
        .replace(world.surroundings.resolve(&file), text, 0o644)
        .commit(world.files, world.random)?;
    Ok(file)
}

fn tell(
    context: &Context<'_>,
    options: &Options,
    known: &Known,
    offer: &Offer,
    file: &std::path::Path,
    is_there: bool,
) {
    let subkey: Fingerprint = offer.subkey.fingerprint();
    let name = path(file);
    if is_there {
        context.say(&format!(
            "offered already on {}, not installed yet; no second key was made (--new makes one)",
            offer.made.day()
        ));
        if SubkeyAlgorithm::of(offer) != Some(options.algorithm) {
            context.note("quorate: warning: it is of another algorithm; --new makes one of that");
        }
    }
    context.say(&format!("subkey   {}", explain::fingerprint(&subkey)));
    context.say(&format!("for      {}", key::user_id(&known.cert)));
    context.say(&format!(
        "         {}",
        explain::fingerprint(&offer.primary)
    ));
    context.say(&format!("wrote    {name}   nothing in it is secret"));
    context.advise("");
    let now = context.world.clock.now();
    if bound(known, &subkey, now) == Bound::Yes {
        context.advise("The roots have bound it already.");
        context.advise("in the vault, or with the file that came back:");
        context.advise("  next: quorate host install");
        return;
    }
    context.advise("Its secret is in gpg's agent on this machine and nowhere else, without a");
    context.advise("passphrase: who can read this user's GNUPGHOME can sign with it.");
    context.advise("Send the file to a root by any way; read the subkey's fingerprint to them by");
    context.advise("voice.");
    context.advise("a root, in the vault:");
    context.advise(&format!("  next: quorate subkey bind {name}"));
    context.advise("here, with the file that comes back:");
    context.advise("  then: quorate host install FILE");
}
