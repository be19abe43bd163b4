//! To whom the shares of each root go: a key out of `keys/`, or a passphrase that is chosen now.

use std::path::Path;

use crate::cli::context::Context;
use crate::cli::keys::Keys;
use crate::cli::own_share::TRIES;
use crate::cli::report::{Exit, Failure};
use crate::roster::config::{Config, Root, Seal as ConfigSeal};
use crate::roster::name::Name;
use crate::roster::sealing::{
    NoKey, OpenPgpRecipientError as Refused, Recipient, SealError, TypedPassphrase,
};
use crate::session::deal::Seat;
use crate::vault::manifest::{Member, Seal};
use crate::world::{SafeText, Timestamp};
use sequoia_openpgp::Fingerprint;

/// The seats of all roots: no key and no passphrase twice.
pub(in crate::cli) fn of_all(
    context: &Context<'_>,
    folder: &Path,
    keys: &Keys,
    config: &Config,
) -> Result<Vec<Seat>, Failure> {
    let mut seats: Vec<Seat> = Vec::with_capacity(config.roots.len());
    for root in &config.roots {
        let seat = seat(context, folder, keys, root)?;
        // One key under two names is one person to the mathematics: the threshold would be a lie.
        let same = |other: &&Seat| other.recipient.is_the_same_as(&seat.recipient);
        if let Some(other) = seats.iter().find(same) {
            let names = format!("{} and {}", other.member.name, root.name);
            let what = match seat.member.seal {
                Seal::Passphrase => "passphrase",
                _ => "key",
            };
            return Err(
                Failure::new(Exit::Usage, format!("{names} have the same {what}"))
                    .fact("one person would hold two shares; nothing was made")
                    .next(format!(
                        "mend [root.{}] in team.toml (line {})",
                        root.name, root.line
                    )),
            );
        }
        seats.push(seat);
    }
    Ok(seats)
}

/// To whom this root's shares go: a key out of `keys/`, or a passphrase that is chosen now.
fn seat(context: &Context<'_>, folder: &Path, keys: &Keys, root: &Root) -> Result<Seat, Failure> {
    let (seal, recipient) = match key_of(context, folder, keys, root)? {
        Some(found) => found,
        None => {
            let typed = choose_passphrase(context, &root.name)?;
            (Seal::Passphrase, Recipient::Passphrase(typed))
        }
    };
    let member = Member {
        name: root.name.clone(),
        seal,
        attest: root.attest.clone(),
    };
    Ok(Seat { member, recipient })
}

/// A root's key, looked up in `keys/`; none for who chooses a passphrase.
pub(super) fn key_of(
    context: &Context<'_>,
    folder: &Path,
    keys: &Keys,
    root: &Root,
) -> Result<Option<(Seal, Recipient)>, Failure> {
    let now = context.world.clock.now().seconds();
    let files = context.world.files;
    let refused = |what: String| {
        Failure::new(Exit::Usage, format!("{}: {what}", root.name))
            .fact("nothing was made")
            .next(format!(
                "mend [root.{}] in team.toml (line {}), or the key in keys/",
                root.name, root.line
            ))
    };
    let found = match &root.seal {
        ConfigSeal::File(name) => {
            let file = folder.join("keys").join(name);
            if files.kind(&file)?.is_none() {
                return Err(refused(format!("there is no keys/{}", SafeText::new(name))));
            }
            let recipient = Recipient::from_key_file(&files.read(&file, 64 << 10)?)
                .map_err(|error| refused(format!("keys/{}: {error}", SafeText::new(name))))?;
            let seal = match &recipient {
                Recipient::Ssh(key) => Seal::Ssh(key.to_string()),
                Recipient::Age(key) => Seal::Age(key.to_string()),
                Recipient::OpenPgp(_) | Recipient::OpenPgpKeys(_) | Recipient::Passphrase(_) => {
                    return Err(refused(format!(
                        "keys/{} is no such key",
                        SafeText::new(name)
                    )));
                }
            };
            (seal, recipient)
        }
        ConfigSeal::Passphrase => return Ok(None),
        ConfigSeal::OpenPgp(wanted) => {
            let recipient = keys
                .find(wanted, now)?
                .map_err(|error| refused(unsealable(wanted, &error)))?;
            (Seal::OpenPgp(wanted.clone()), recipient)
        }
    };
    Ok(Some(found))
}

/// Why nothing can be sealed to the OpenPGP key that a root has in team.toml.
fn unsealable(wanted: &Fingerprint, error: &SealError) -> String {
    let day = |seconds: u64| {
        let day = Timestamp::from_seconds(seconds).map(|at| at.day());
        day.unwrap_or_default()
    };
    match error {
        SealError::OpenPgp(Refused::NoSuchCert { .. } | Refused::NotOpenPgp) => {
            format!("keys/ has no certificate {wanted}")
        }
        SealError::OpenPgp(Refused::Expired { since }) => {
            format!("{wanted} expired on {}", day(*since))
        }
        SealError::OpenPgp(Refused::NoEncryptionKey { why }) => {
            let why = match why {
                NoKey::None => String::new(),
                NoKey::Expired { since } => format!(": the last one expired on {}", day(*since)),
                NoKey::Revoked => ": all are revoked".to_owned(),
                NoKey::Unsupported => ": none of a known algorithm".to_owned(),
            };
            format!("{wanted} has no key to encrypt to{why}")
        }
        other => format!("{wanted}: {other}"),
    }
}

/// Asks a root for a passphrase of the own choice, twice.
fn choose_passphrase(context: &Context<'_>, name: &Name) -> Result<TypedPassphrase, Failure> {
    let terminal = context.world.terminal;
    for _ in 0..TRIES {
        let typed = terminal.ask_secret(&format!("{name}: choose a passphrase (not shown): "))?;
        match TypedPassphrase::choose(&typed) {
            Err(error) => context.note(&format!("{error}; choose another")),
            Ok(passphrase) => {
                let again = terminal.ask_secret(&format!("{name}: again: "))?;
                if passphrase.is_the_same_as(&TypedPassphrase::of(again.as_bytes())) {
                    return Ok(passphrase);
                }
                context.note("the two differ; once more from the beginning");
            }
        }
    }
    Err(
        Failure::new(Exit::Failed, format!("{name} has not chosen a passphrase"))
            .fact("nothing was made")
            .next("quorate create"),
    )
}
