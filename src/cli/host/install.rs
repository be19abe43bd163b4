//! `quorate host install FILE`: the certificate with the bound subkey goes into this host's gpg, which then
//! has to prove that it signs with it.

use std::path::PathBuf;

use clap::Args;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::{Cert, Fingerprint};

use super::memory::{Memory, State};
use super::{key, words};
use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::self_signatures::look_at;
use crate::openpgp::signing_subkey::public_of;
use crate::openpgp::standing::{Standing, Unfit, standing};
use crate::world::gpg::agent::{self, Keygrip};
use crate::world::gpg::keyring;
use crate::world::{SafeText, Timestamp};

/// So many seconds ahead of this clock a certificate is waited for, and no more.
const MOST_AHEAD: u64 = 3;

/// More subkeys than this no key of a team has.
const MOST_SUBKEYS: usize = 64;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The certificate that came back, with the bound subkey; default: the one in use, of the vault at hand
    file: Option<PathBuf>,
}

/// A subkey of the certificate whose secret this host has.
struct Own {
    fingerprint: Fingerprint,
    grip: Keygrip,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let (cert, name) = match &options.file {
        Some(file) => (key::read(context, file)?, path(file).to_string()),
        None => (of_vault(context)?, "the vault's certificate".to_owned()),
    };
    let primary = cert.fingerprint();
    if let Some(named) = context.expected_key()? {
        key::must_be(&cert, &named, &name)?;
    }
    let _lock = Memory::lock(context)?;
    let memory = match (&options.file, Memory::read(context, &primary)?) {
        (_, Some(memory)) => memory,
        // That key was compared when the vault was opened.
        (None, None) => Memory::new(&primary),
        (Some(_), None) => unexpected(context, &cert, &name)?,
    };
    let now = at_its_time(context, &cert);
    let own = own_subkey(context, &cert, &memory, &name)?;
    let standing = standing(&cert, &own.fingerprint, now);
    must_be_fit(&standing, &own, &name)?;
    nobody_else_has_its_user_id(context, &cert)?;
    import(context, &cert)?;
    check(context, &primary, &own)?;
    // What gpg knew before, as a revocation, stays.
    let in_gpg = in_gpg(context, &primary)?;
    must_be_fit(
        &self::standing(&in_gpg, &own.fingerprint, now),
        &own,
        "this gpg, merged with what it had,",
    )?;
    prove(context, &primary, &own.fingerprint, now)?;
    // Last, so that an installation that was stopped begins anew, and changes nothing by that.
    let mut memory = memory;
    memory.install(&own.fingerprint, own.grip);
    memory.write(context)?;
    tell(context, &cert, &own, &standing, &memory, now);
    Ok(())
}

/// The time now. A change that follows another within a second is dated a second ahead, and gpg doesn't sign with what
/// is of a time to come: that is waited for.
fn at_its_time(context: &Context<'_>, cert: &Cert) -> Timestamp {
    let now = context.world.clock.now();
    let ahead = look_at(cert, now).seconds_since(now);
    if (1..=MOST_AHEAD).contains(&ahead) {
        std::thread::sleep(std::time::Duration::from_secs(ahead));
    }
    context.world.clock.now()
}

fn of_vault(context: &Context<'_>) -> Result<Cert, Failure> {
    let remembered = Memory::keys(context)?;
    let known = key::of_vault(context, &remembered)?;
    known.map(|known| known.cert).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            "which certificate? no file is named, and no vault is here",
        )
        .next("quorate host install FILE, with the file that the roots sent")
    })
}

/// A file of a key for which nothing was offered here: only with `--key`.
fn unexpected(context: &Context<'_>, cert: &Cert, name: &str) -> Result<Memory, Failure> {
    let primary = cert.fingerprint();
    if context.names_the_key() {
        return Ok(Memory::new(&primary));
    }
    let offered = Memory::keys(context)?;
    let mut failure = Failure::new(
        Exit::Forged,
        format!("{name} is of a key for which this host has offered nothing"),
    )
    .fact(format!("there    {}", explain::fingerprint(&primary)));
    for other in offered.iter().take(5) {
        failure = failure.fact(format!("offered  {}", explain::fingerprint(other)));
    }
    Err(failure
        .fact("nothing was changed")
        .next("ask the roots by voice; if that key is right: --key FINGERPRINT, as they say it"))
}

/// The offered subkey, the newest first, or another one whose secret is in gpg's agent.
fn own_subkey(
    context: &Context<'_>,
    cert: &Cert,
    memory: &Memory,
    name: &str,
) -> Result<Own, Failure> {
    let mut there = Vec::new();
    for subkey in cert.keys().subkeys().take(MOST_SUBKEYS) {
        let subkey = subkey.key();
        if let Some(grip) = public_of(subkey).and_then(|public| Keygrip::of(&public)) {
            let fingerprint = subkey.fingerprint();
            there.push(Own { fingerprint, grip });
        }
    }
    let mut order = Vec::new();
    for state in [State::Offered, State::Installed] {
        for one in memory.subkey.iter().rev().filter(|one| one.state == state) {
            order.push(one.fingerprint()?);
        }
    }
    // The sort is stable: what isn't remembered keeps its order, after the others, the newest first.
    there.reverse();
    there.sort_by_key(|own| {
        let place = order.iter().position(|other| *other == own.fingerprint);
        place.unwrap_or(usize::MAX)
    });
    let listed: Vec<String> = there
        .iter()
        .map(|own| explain::fingerprint(&own.fingerprint))
        .collect();
    for own in there {
        let has = agent::has(context.world.programs, own.grip)
            .map_err(|error| words::agent("be asked for the secret", &error))?;
        if has {
            return Ok(own);
        }
    }
    let mut failure = Failure::new(
        Exit::Failed,
        format!("{name} binds no subkey whose secret is in this gpg"),
    );
    for one in listed.iter().take(5) {
        failure = failure.fact(format!("there    {one}"));
    }
    for one in order.iter().take(5) {
        failure = failure.fact(format!("offered  {}", explain::fingerprint(one)));
    }
    Err(failure
        .fact("nothing was changed")
        .next("is GNUPGHOME the one of the offer, and this the certificate that came back for it?"))
}

fn must_be_fit(standing: &Standing, own: &Own, name: &str) -> Result<(), Failure> {
    let Some(worst) = standing.unfit.first() else {
        return Ok(());
    };
    let exit = match worst {
        Unfit::NotBound { .. } | Unfit::Absent => Exit::Forged,
        _ => Exit::Failed,
    };
    let mut failure = Failure::new(
        exit,
        format!(
            "the subkey in {name} must not sign, and was not installed: {}",
            words::unfit(worst)
        ),
    );
    let subkey = explain::fingerprint(&own.fingerprint);
    failure = match words::since(worst) {
        Some(since) => failure.fact(format!("since {}:  {subkey}", words::minute(since))),
        None => failure.fact(subkey),
    };
    Err(failure.next(match worst {
        Unfit::Revoked { .. } => {
            "gpg --import that file, if gpg doesn't know it yet; then: quorate host offer --new"
        }
        Unfit::Expired { .. } => {
            "ask the roots to extend it, or a new one: quorate host offer --new"
        }
        Unfit::NotYet { .. } => "compare the clocks; if this one is right, wait, and run it again",
        _ => "tell the roots; fetch the file again from who sent it",
    }))
}

fn nobody_else_has_its_user_id(context: &Context<'_>, cert: &Cert) -> Result<(), Failure> {
    let texts = cert
        .userids()
        .filter_map(|id| std::str::from_utf8(id.userid().value()).ok());
    // gpg would read a line break as the end; such a user ID selects nothing.
    let ids: Vec<String> = texts
        .filter(|text| !text.is_empty() && !text.chars().any(char::is_control))
        .map(str::to_owned)
        .collect();
    if ids.is_empty() {
        return Err(Failure::new(
            Exit::Failed,
            "the certificate has no user ID, so gpg would not take it",
        )
        .next("ask the roots for the file that `perform` wrote, as it is"));
    }
    let own = cert.fingerprint().to_hex();
    let found = keyring::with_user_ids(context.world.programs, &ids)
        .map_err(|error| words::gpg("list its keys", &error))?;
    let Some(other) = found.iter().find(|other| **other != own) else {
        return Ok(());
    };
    let other = SafeText::limited(other, 64);
    Err(Failure::new(
        Exit::Failed,
        "this gpg has another key with the same user ID",
    )
    .fact(format!("user ID  {}", key::user_id(cert)))
    .fact(format!("other    {other}"))
    .fact("a job that chooses by user ID could sign with the wrong one; nothing was changed")
    .next(format!(
        "if it isn't needed: gpg --delete-secret-and-public-key {other}"
    )))
}

fn import(context: &Context<'_>, cert: &Cert) -> Result<(), Failure> {
    let bytes = cert.to_vec().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("the certificate can't be written: {error}"),
        )
    })?;
    keyring::import(context.world.programs, &bytes)
        .map_err(|error| words::gpg("import the certificate", &error))
}

/// The certificate as gpg has it now.
fn in_gpg(context: &Context<'_>, primary: &Fingerprint) -> Result<Cert, Failure> {
    let exported = keyring::export(context.world.programs, &primary.to_hex())
        .map_err(|error| words::gpg("export the certificate", &error))?;
    Cert::from_bytes(&exported).map_err(|_| {
        Failure::new(
            Exit::Failed,
            "gpg imported the certificate, and doesn't give it out again",
        )
        .fact(explain::fingerprint(primary))
        .next("gpg --check-signatures; then run this command again")
    })
}

/// Has gpg the subkey's secret, and not the primary's?
fn check(context: &Context<'_>, primary: &Fingerprint, own: &Own) -> Result<(), Failure> {
    let found = keyring::secret_key(context.world.programs, &primary.to_hex())
        .map_err(|error| words::gpg("list its secret keys", &error))?;
    let subkey = own.fingerprint.to_hex();
    let unseen = || {
        Failure::new(
            Exit::Failed,
            "gpg imported the certificate, and still doesn't show the subkey's secret",
        )
        .fact(explain::fingerprint(&own.fingerprint))
        .next("gpg --list-secret-keys; then run this command again")
    };
    let found = found.ok_or_else(unseen)?;
    if found.primary.has_secret {
        return Err(primary_is_here(primary));
    }
    let mut subkeys = found.subkeys.iter();
    match subkeys.any(|one| one.fingerprint == subkey && one.has_secret) {
        true => Ok(()),
        false => Err(unseen()),
    }
}

/// The one thing that must never be on a host.
pub(super) fn primary_is_here(primary: &Fingerprint) -> Failure {
    Failure::new(
        Exit::Failed,
        "the secret of the MASTER KEY is in this gpg, outside its custody",
    )
    .fact(format!(
        "gpg shows `sec`, not `sec#`:  {}",
        explain::fingerprint(primary)
    ))
    .next("sign nothing here; call the roots before you touch it")
}

/// Lets gpg sign a text, and verify it.
fn prove(
    context: &Context<'_>,
    primary: &Fingerprint,
    subkey: &Fingerprint,
    now: Timestamp,
) -> Result<(), Failure> {
    let programs = context.world.programs;
    let text = format!("quorate host install: a test, not a release. {now}\n");
    let signature = keyring::detach_sign(programs, &subkey.to_hex(), text.as_bytes())
        .map_err(|error| words::gpg("sign with the subkey", &error))?;
    let valid = keyring::verify(programs, &signature, text.as_bytes())
        .map_err(|error| words::gpg("verify its own signature", &error))?;
    if valid.by == subkey.to_hex() && valid.primary == primary.to_hex() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failed,
        "gpg signed a test with another key than the installed one",
    )
    .fact(format!("signed by  {}", SafeText::limited(&valid.by, 64)))
    .fact(format!(
        "of         {}",
        SafeText::limited(&valid.primary, 64)
    ))
    .next("look for default-key and local-user in gpg.conf"))
}

fn tell(
    context: &Context<'_>,
    cert: &Cert,
    own: &Own,
    standing: &Standing,
    memory: &Memory,
    now: Timestamp,
) {
    let hex = own.fingerprint.to_hex();
    let until = standing.expires.map_or_else(
        || "it never expires".to_owned(),
        |end| format!("expires {} (in {} days)", end.day(), days(end, now)),
    );
    context.say(&format!(
        "installed  {}",
        explain::fingerprint(&own.fingerprint)
    ));
    context.say(&format!("of         {}", key::user_id(cert)));
    context.say(&format!(
        "           {}",
        explain::fingerprint(&cert.fingerprint())
    ));
    context.say(&format!("           {until}"));
    context.say("proved     gpg signed a text with it and finds it valid as that key's");
    if let Some(former) = memory.newest(State::Former)
        && let Ok(former) = former.fingerprint()
    {
        context.say(&format!("former     {}", explain::fingerprint(&former)));
        context.say("           its secret is still here; once no job uses it:");
        context.say(&format!("           quorate host leave --subkey {former}"));
    }
    context.advise("");
    context.advise("For the jobs; the ! keeps gpg from choosing another key:");
    context.advise(&format!(
        "  gpg --local-user '{hex}!' --armor --detach-sign FILE"
    ));
    context.advise(&format!("  git config --global user.signingkey '{hex}!'"));
    context.advise("  quorate host status     first in every job: 0 it may sign, 1 it must not");
}

/// Whole days until then.
pub(super) fn days(end: Timestamp, now: Timestamp) -> u64 {
    end.seconds_since(now) / 86_400
}
