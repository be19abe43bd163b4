//! `quorate host leave`: the secrets of this host's subkeys leave gpg's agent.

use clap::Args;
use sequoia_openpgp::Fingerprint;

use super::memory::{Memory, Remembered, State};
use super::words;
use crate::ceremony::explain;
use crate::cli::context::{Context, whole_fingerprint};
use crate::cli::report::{Exit, Failure};
use crate::world::gpg::agent::{self, AgentError};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Don't ask
    #[arg(long)]
    yes: bool,
    /// Only this subkey, as one that was replaced; default: all that were made here for the key
    #[arg(long, value_name = "FINGERPRINT")]
    subkey: Option<String>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let primary = primary(context)?;
    let _lock = Memory::lock(context)?;
    let mut memory = Memory::read(context, &primary)?.ok_or_else(|| nothing(Some(&primary)))?;
    let only = only(options)?;
    let mut going = Vec::new();
    let mut staying = Vec::new();
    for one in std::mem::take(&mut memory.subkey) {
        let fingerprint = one.fingerprint()?;
        match only.as_ref().is_none_or(|only| *only == fingerprint) {
            true => going.push((fingerprint, one)),
            false => staying.push(one),
        }
    }
    memory.subkey = staying;
    // What signs releases is named in the question, else the newest.
    let named = going
        .iter()
        .find(|(_, one)| one.state == State::Installed)
        .or(going.last())
        .map(|(fingerprint, _)| fingerprint.clone());
    let Some(named) = named else {
        return Err(nothing(Some(&primary)).fact("that subkey wasn't made by quorate on this host"));
    };
    context.say("to be deleted from gpg's agent, on this machine, without a way back:");
    for (fingerprint, one) in &going {
        context.say(&format!(
            "  {}   {}",
            explain::fingerprint(fingerprint),
            word(one.state)
        ));
    }
    context.say(&format!("  of {}", explain::fingerprint(&primary)));
    if !options.yes {
        confirm(context, &named)?;
    }
    let mut absent = 0;
    for (_, one) in &going {
        absent += usize::from(!delete(context, one)?);
    }
    // Only once the secrets are gone is it forgotten that they were there.
    memory.write_rest(context)?;
    context.say(&format!(
        "gone     {} secret(s){}; the public keys stay in gpg, to verify what was signed",
        going.len() - absent,
        match absent {
            0 => String::new(),
            count => format!(", {count} had gone before"),
        }
    ));
    context.advise("");
    context.advise("What this can't do: copies in backups and snapshots, and what the disk still");
    context.advise("holds, can sign as before, and to the world the subkey is as valid as before.");
    context.advise("  next: wipe the disk or destroy it; delete the backups of GNUPGHOME");
    context.advise("  then: if a copy may be elsewhere, the roots: quorate revoke subkey");
    Ok(())
}

/// The key that is meant: `--key`, else the only one remembered.
fn primary(context: &Context<'_>) -> Result<Fingerprint, Failure> {
    if let Some(named) = context.expected_key()? {
        return Ok(named);
    }
    let remembered = Memory::keys(context)?;
    match remembered.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(nothing(None)),
        several => {
            let mut failure = Failure::new(Exit::Usage, "this host has subkeys of several keys");
            for one in several.iter().take(5) {
                failure = failure.fact(explain::fingerprint(one));
            }
            Err(failure.next("say which one: --key FINGERPRINT"))
        }
    }
}

fn nothing(primary: Option<&Fingerprint>) -> Failure {
    let mut failure = Failure::new(
        Exit::Usage,
        "this host has no such subkey, as far as quorate knows",
    );
    if let Some(primary) = primary {
        failure = failure.fact(format!("of {}", explain::fingerprint(primary)));
    }
    failure
        .fact("nothing was changed")
        .next("gpg --list-secret-keys shows what there is; gpg --delete-secret-keys deletes it")
}

fn only(options: &Options) -> Result<Option<Fingerprint>, Failure> {
    let Some(text) = &options.subkey else {
        return Ok(None);
    };
    whole_fingerprint(text, &[40]).map(Some).ok_or_else(|| {
        Failure::new(Exit::Usage, "--subkey wants a whole fingerprint")
            .next("gpg --with-subkey-fingerprint --list-secret-keys")
    })
}

fn word(state: State) -> &'static str {
    match state {
        State::Offered => "offered, never installed",
        State::Installed => "INSTALLED: releases are signed with it",
        State::Former => "replaced by a newer one",
    }
}

fn confirm(context: &Context<'_>, subkey: &Fingerprint) -> Result<(), Failure> {
    let digits = subkey.to_hex()[..4].to_owned();
    let question = format!("Type the first four digits of {subkey}: ");
    let answer = context.world.terminal.ask(&question)?;
    match answer.trim().eq_ignore_ascii_case(&digits) {
        true => Ok(()),
        false => Err(
            Failure::new(Exit::Failed, "not the first four digits of the subkey")
                .fact("nothing was changed"),
        ),
    }
}

/// Deletes one secret; false if it was gone already.
fn delete(context: &Context<'_>, one: &Remembered) -> Result<bool, Failure> {
    match agent::delete(context.world.programs, one.keygrip()?) {
        Ok(()) => Ok(true),
        Err(AgentError::NoKey) => Ok(false),
        Err(error) => Err(words::agent("delete the secret", &error)),
    }
}
