//! `quorate host status`: may this host sign today? For release jobs, without a question and without a share.

use std::path::PathBuf;

use clap::Args;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::{Cert, Fingerprint};
use serde_json::json;

use super::install::days;
use super::key::{self, Known};
use super::memory::{Memory, State};
use super::verdict::{Facts, Verdict};
use super::words;
use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::signing_subkey::public_of;
use crate::openpgp::standing::find;
use crate::world::gpg::GpgError;
use crate::world::gpg::agent::{self, Keygrip};
use crate::world::gpg::keyring::{self, SecretKey};
use crate::world::{Timestamp, World};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// For programs: docs/host-status.schema.json describes it
    #[arg(long)]
    json: bool,
    /// The certificate in use, as published, where no clone of the vault is at hand
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Unfit, too, if it expires in fewer days
    #[arg(long, value_name = "N")]
    min_days: Option<u32>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let remembered = Memory::keys(context)?;
    let in_use = in_use(context, options, &remembered)?;
    let primary = primary(context, in_use.as_ref(), &remembered)?;
    if let (Some(known), Some(file)) = (&in_use, &options.certificate) {
        key::must_be(&known.cert, &primary, path(file).as_str())?;
    }
    let memory = Memory::read(context, &primary)?;
    let (listed, exported) = ask_gpg(&context.world, &primary.to_hex());
    let failed = |error| words::gpg("list its keys", &error);
    let (listed, exported) = (listed.map_err(failed)?, exported.map_err(failed)?);
    let in_gpg = Cert::from_bytes(&exported).ok();
    let subkey = match memory
        .as_ref()
        .and_then(|memory| memory.newest(State::Installed))
    {
        Some(installed) => Some(installed.fingerprint()?),
        None => listed.as_ref().and_then(in_agent),
    };
    let Some(subkey) = subkey else {
        return Err(none(context, options, &primary, memory.as_ref()));
    };
    let now = context.world.clock.now();
    let facts = Facts {
        primary: &primary,
        subkey: &subkey,
        listed: listed.as_ref(),
        in_gpg: in_gpg.as_ref(),
        in_use: in_use.as_ref(),
        min_days: options.min_days,
        now,
    };
    let mut verdict = facts.judge();
    if verdict.lacks_the_secret() && agent_is_silent(&context.world, &facts) {
        verdict.blame_the_agent();
    }
    if options.json {
        say_json(context, &facts, &verdict);
    }
    if !verdict.reasons.is_empty() {
        return Err(unfit(&subkey, &verdict));
    }
    if !options.json {
        let cert = in_gpg.as_ref();
        context.say(&format!("may sign   {}", explain::fingerprint(&subkey)));
        if let Some(cert) = cert {
            context.say(&format!("of         {}", key::user_id(cert)));
        }
        context.say(&format!("           {}", explain::fingerprint(&primary)));
        context.say(&format!("           {}", ends(verdict.expires, now)));
        if in_use.is_none() {
            context
                .advise("known from this gpg alone: a revocation that wasn't imported isn't seen");
            context.advise("  next: run it in a clone of the vault, or with --certificate FILE");
        }
    }
    Ok(())
}

fn ends(expires: Option<Timestamp>, now: Timestamp) -> String {
    expires.map_or_else(
        || "never expires".to_owned(),
        |end| format!("expires {} (in {} days)", end.day(), days(end, now)),
    )
}

/// The certificate in use, if there is one beside gpg's own copy.
fn in_use(
    context: &Context<'_>,
    options: &Options,
    remembered: &[Fingerprint],
) -> Result<Option<Known>, Failure> {
    match &options.certificate {
        Some(file) => Ok(Some(Known {
            cert: key::read(context, file)?,
            from: key::From::File,
        })),
        None => key::of_vault(context, remembered),
    }
}

/// Whose subkey is meant: `--key`, else the vault's, else the only one that is remembered.
fn primary(
    context: &Context<'_>,
    in_use: Option<&Known>,
    remembered: &[Fingerprint],
) -> Result<Fingerprint, Failure> {
    if let Some(named) = context.expected_key()? {
        return Ok(named);
    }
    if let Some(known) = in_use.filter(|known| known.from == key::From::Vault) {
        return Ok(known.cert.fingerprint());
    }
    // A certificate file says which of the remembered ones is meant; it can't bring in another.
    let of_file = in_use.map(|known| known.cert.fingerprint());
    if let Some(one) = of_file.filter(|one| remembered.contains(one)) {
        return Ok(one);
    }
    match remembered {
        [one] => Ok(one.clone()),
        [] => Err(Failure::new(
            Exit::Failed,
            "this host must not sign: it has no subkey that quorate knows of",
        )
        .next("quorate host offer; or, for a key that is there: --key FINGERPRINT")),
        several => {
            let mut failure = Failure::new(Exit::Usage, "this host has subkeys of several keys");
            for one in several.iter().take(5) {
                failure = failure.fact(explain::fingerprint(one));
            }
            Err(failure.next("say which one: --key FINGERPRINT"))
        }
    }
}

/// gpg's two answers, asked for at once.
fn ask_gpg(
    world: &World<'_>,
    primary: &str,
) -> (
    Result<Option<SecretKey>, GpgError>,
    Result<Vec<u8>, GpgError>,
) {
    let programs = world.programs;
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new();
        let exporting = builder.spawn_scoped(scope, || keyring::export(programs, primary));
        let listed = keyring::secret_key(programs, primary);
        let exported = match exporting.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(exported)) => exported,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(_) => keyring::export(programs, primary),
        };
        (listed, exported)
    })
}

/// Is the secret unseen only because gpg doesn't reach its agent? Asked where it is unseen, so that a fit
/// host needs no third program.
fn agent_is_silent(world: &World<'_>, facts: &Facts<'_>) -> bool {
    let subkey = facts.in_gpg.and_then(|cert| find(cert, facts.subkey));
    let grip = subkey.and_then(|subkey| Keygrip::of(&public_of(&subkey)?));
    // An agent that has it, and of which gpg sees nothing, is as silent as none.
    grip.is_some_and(|grip| agent::has(world.programs, grip) != Ok(false))
}

/// The newest subkey whose secret is there, where nothing is remembered: gpg would take that one.
fn in_agent(listed: &SecretKey) -> Option<Fingerprint> {
    let mut subkeys = listed.subkeys.iter().rev();
    subkeys.find(|one| one.has_secret)?.fingerprint.parse().ok()
}

/// Nothing is installed.
fn none(
    context: &Context<'_>,
    options: &Options,
    primary: &Fingerprint,
    memory: Option<&Memory>,
) -> Failure {
    if options.json {
        let value = json!({
            "format": 1, "fit": false, "key": primary.to_hex(), "subkey": null,
            "expires": null, "days_left": null, "certificate": null,
            "reasons": [{
                "code": "no-subkey", "words": "no subkey of this key is installed",
                "since": null, "seen_in": "gpg"
            }],
        });
        context.say(&format!("{value:#}"));
    }
    let failure = Failure::new(
        Exit::Failed,
        "this host must not sign: no subkey of this key is installed",
    )
    .fact(explain::fingerprint(primary));
    let offered = memory.and_then(|memory| memory.newest(State::Offered));
    match offered.map(super::memory::Remembered::fingerprint) {
        Some(Ok(offered)) => failure
            .fact(format!(
                "offered, not installed:  {}",
                explain::fingerprint(&offered)
            ))
            .next("once the roots have bound it: quorate host install FILE"),
        _ => failure.next("quorate host offer"),
    }
}

fn unfit(subkey: &Fingerprint, verdict: &Verdict) -> Failure {
    let mut reasons = verdict.reasons.iter();
    let Some(worst) = reasons.next() else {
        return Failure::new(Exit::Failed, "the subkey in this gpg must not sign");
    };
    let mut failure = Failure::new(
        Exit::Failed,
        format!("the subkey in this gpg must not sign: {}", worst.words),
    );
    let subkey = explain::fingerprint(subkey);
    failure = match worst.since {
        Some(since) => failure.fact(format!("since {}:  {subkey}", words::minute(since))),
        None => failure.fact(subkey),
    };
    failure = match (worst.seen_in, worst.code) {
        ("gpg", _) => failure,
        ("vault", "absent") => failure.fact("so says the vault; this gpg has it"),
        (_, "absent") => failure.fact("so says the certificate file; this gpg has it"),
        ("vault", _) => failure.fact("so says the vault; this gpg doesn't know it yet"),
        _ => failure.fact("so says the certificate file; this gpg doesn't know it yet"),
    };
    for reason in reasons.take(5) {
        let since = reason.since.map(words::minute);
        let since = since.map_or_else(String::new, |since| format!(", since {since}"));
        failure = failure.fact(format!("also: {}{since}", reason.words));
    }
    failure.next(worst.next)
}

fn say_json(context: &Context<'_>, facts: &Facts<'_>, verdict: &Verdict) {
    let reasons: Vec<serde_json::Value> = verdict
        .reasons
        .iter()
        .map(|reason| {
            json!({
                "code": reason.code,
                "words": reason.words,
                "since": reason.since.map(|since| since.to_string()),
                "seen_in": reason.seen_in,
            })
        })
        .collect();
    let value = json!({
        "format": 1,
        "fit": verdict.reasons.is_empty(),
        "key": facts.primary.to_hex(),
        "subkey": facts.subkey.to_hex(),
        "expires": verdict.expires.map(|end| end.to_string()),
        "days_left": verdict.expires.map(|end| days(end, facts.now)),
        "certificate": facts.in_use.map(|known| known.from.word()),
        "reasons": reasons,
    });
    context.say(&format!("{value:#}"));
}
