//! `quorate roster check`: what team.toml and keys/ come to, before anything is made.

pub(super) mod attesters;
mod challenge;
pub(super) mod seats;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::context::Context;
use super::create::{choose_cycle, read_config};
use super::keys::Keys;
use super::report::{Exit, Failure};
use super::screen;
use crate::ceremony::explain;
use crate::roster::config::Algorithm;
use crate::roster::name::Name;
use crate::roster::sealing::Recipient;
use crate::vault::manifest::Seal;
use crate::world::{SafeText, Timestamp};
use attesters::Attesters;
use challenge::Challenges;
use seats::key_of;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Tell what team.toml and keys/ come to: settings, keys, thresholds, whose loss would end it
    #[command(after_help = super::example::ROSTER)]
    Check(Check),
}

#[derive(Args)]
pub(super) struct Check {
    /// The cycle that the key is for; default: the one that runs now, or the next
    #[arg(long, value_name = "NAME")]
    cycle: Option<String>,
    /// Write a message for each root to this folder, which only the own key opens
    #[arg(long, value_name = "DIR", conflicts_with = "answer")]
    challenge: Option<PathBuf>,
    /// The six words that a root found in such a message; may be repeated
    #[arg(long, value_name = "NAME=WORDS")]
    answer: Vec<String>,
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    let Command::Check(options) = command;
    let folder = context.new_folder();
    let config = read_config(context, &folder)?;
    let now = context.world.clock.now();
    let cycle = choose_cycle(&config, options.cycle.as_deref(), now.seconds())?;
    let mut problems = Vec::new();
    let expires = match config.key_expiry(cycle, now.seconds()) {
        Ok(seconds) => Timestamp::from_seconds(seconds),
        Err(error) => {
            problems.push(format!("the key: {error}"));
            None
        }
    };
    let day = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.day());
    let roots = config.roots.len();
    context.say(&format!(
        "key          {}, {}",
        SafeText::new(&config.user_id(cycle)),
        match config.algorithm {
            Algorithm::Ed25519 => "Ed25519",
            Algorithm::Rsa4096 => "RSA 4096",
        }
    ));
    context.say(&format!(
        "expires      {}, {} days after its cycle",
        day(expires),
        config.outlives
    ));
    context.say(&format!(
        "needed       {} of {roots} use it; {} of {roots} end it",
        config.master, config.revocation
    ));
    context.say(&format!(
        "requests     close after {} days",
        config.request_days
    ));
    let keys = Keys::read(context.world.files, &folder.join("keys"))?;
    let attesters = Attesters::of(&config, &keys, now);
    context.say(&format!("attest       {}", attesters.policy()));
    if let Some(told) = attesters.told() {
        context.say(&screen::folded(&format!("             {told}"), 13));
    }
    problems.extend(attesters.problems);
    context.say("roots");

    let mut found: Vec<(&Name, Seal, Recipient)> = Vec::new();
    let mut lines = Vec::new();
    for root in &config.roots {
        let name = &root.name;
        let told = match key_of(context, &folder, &keys, root) {
            Err(failure) => {
                problems.push(failure.what().to_owned());
                "CAN'T BE SEALED TO".to_owned()
            }
            Ok(None) => "a passphrase, chosen when the vault is made".to_owned(),
            Ok(Some((seal, recipient))) => {
                if let Some((other, _, _)) = found
                    .iter()
                    .find(|(_, _, key)| key.is_the_same_as(&recipient))
                {
                    problems.push(format!(
                        "{other} and {name} have the same key: one person would hold two shares"
                    ));
                }
                let mut told = describe(&seal);
                if let Recipient::OpenPgp(key) = &recipient {
                    let ends = key.expires().and_then(Timestamp::from_seconds);
                    if let (Some(ends), Some(expires)) = (ends, expires)
                        && ends < expires
                    {
                        told += &format!(
                            "; expires {}, BEFORE the key: gpg still opens, but nothing new can be sealed to it",
                            ends.day()
                        );
                    }
                }
                found.push((name, seal, recipient));
                told
            }
        };
        lines.push((name, told));
    }
    let asked: Vec<challenge::Root<'_>> = found
        .iter()
        .map(|(name, seal, recipient)| challenge::Root {
            name,
            seal,
            recipient,
        })
        .collect();
    let mut challenges = Challenges::read(context, &folder)?;
    if !options.answer.is_empty() {
        challenges.take(context, &folder, &options.answer, &asked)?;
    }
    for (name, told) in lines {
        let line = format!("  {:<10} {told}", name.to_string());
        context.say(&screen::folded(&line, 13));
        let root = asked.iter().find(|root| root.name == name);
        if let Some(answered) = root.and_then(|root| challenges.told(root)) {
            context.say(&format!("  {:<10} {answered}", ""));
        }
    }
    for (at, one) in config.roots.iter().enumerate() {
        for other in &config.roots[at + 1..] {
            if looks_like(&one.name, &other.name) {
                context.warn(&format!(
                    "{} and {} look alike: two people, or a slip?",
                    one.name, other.name
                ));
            }
        }
    }
    coalitions(context, config.master, config.revocation, roots);
    if let (Some(out), true) = (&options.challenge, problems.is_empty()) {
        return challenges.ask(context, &folder, out, &asked);
    }
    if problems.is_empty() {
        let silent: Vec<&Name> = asked
            .iter()
            .filter(|root| challenges.waits_for(root))
            .map(|root| root.name)
            .collect();
        match silent.is_empty() {
            true => context.say("nothing stands against it"),
            false => context.say(&format!(
                "nothing else stands against it, but nobody knows whether these can open what is sealed to them: {}",
                screen::list(&silent)
            )),
        }
        context.advise("  next: quorate create --as NAME");
        return Ok(());
    }
    let mut failure = Failure::new(Exit::Usage, "this can't be made so");
    for problem in &problems {
        failure = failure.fact(problem.clone());
    }
    Err(failure.next("mend team.toml or keys/, then: quorate roster check"))
}

fn describe(seal: &Seal) -> String {
    match seal {
        Seal::OpenPgp(fingerprint) => format!("OpenPGP {}", explain::fingerprint(fingerprint)),
        Seal::Age(recipient) => format!("age {recipient}"),
        Seal::Ssh(key) => {
            let (kind, rest) = key.split_once(' ').unwrap_or((key, ""));
            let tail = rest.len().saturating_sub(16);
            format!("ssh {kind} …{}", rest.get(tail..).unwrap_or(rest))
        }
        Seal::Passphrase => "a passphrase".to_owned(),
    }
}

/// What so many of them can do together, and how many losses end what.
fn coalitions(context: &Context<'_>, master: u8, revocation: u8, roots: usize) {
    let (master, revocation) = (usize::from(master), usize::from(revocation));
    context.say("who can do what");
    context.say(&format!(
        "  {:<14} nothing, whatever they have",
        format!("fewer than {revocation}")
    ));
    if revocation < master {
        let span = if master - revocation == 1 {
            format!("{revocation}")
        } else {
            format!("{revocation} to {}", master - 1)
        };
        context.say(&format!(
            "  {:<14} end the key for ever, and use it for nothing",
            format!("any {span}")
        ));
    }
    context.say(&format!(
        "  {:<14} use the key for everything, also against the others",
        format!("any {master}")
    ));
    let spare = roots - master;
    if spare == 0 {
        context.warn(&format!(
            "{master} of {roots}: when any one of you loses the own key, the master key can't be used any more"
        ));
    } else {
        context.say(&format!(
            "  {:<14} the key stays usable after the loss of any {spare}, not of {};",
            "losses",
            spare + 1
        ));
        context.say(&format!(
            "  {:<14} ending it takes {revocation} who are left",
            ""
        ));
    }
}

/// The same to a hurried eye: `l` and `1`, `o` and `0`, `rn` and `m`, hyphens.
fn looks_like(one: &Name, other: &Name) -> bool {
    let plain = |name: &Name| {
        name.as_str()
            .replace('-', "")
            .replace(['1', 'i'], "l")
            .replace('0', "o")
            .replace("rn", "m")
            .replace("vv", "w")
    };
    plain(one) == plain(other)
}
