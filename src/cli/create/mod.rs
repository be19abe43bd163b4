//! `quorate create`: the vault that `team.toml` describes.

mod discard;
mod import;
pub(super) mod succeed;

use clap::Args;
use quorate_share::Threshold;
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

use super::context::Context;
use super::keys::Keys;
use super::lint::say as say_lint;
use super::own_share::TRIES;
use super::report::{Exit, Failure, path, session};
use super::roster::attesters::Attesters;
use super::roster::seats::seat;
use crate::ceremony::explain::fingerprint;
use crate::openpgp::lint::lint;
use crate::openpgp::plan::Algorithm;
use crate::roster::config::{Algorithm as ConfigAlgorithm, Config, Cycle};
use crate::roster::config_error::ConfigError;
use crate::session::deal::{DealJob, Made, Seat};
use crate::session::front::{self, Coming, Dealing, SessionError};
use crate::session::origin::Origin;
use crate::session::refusal::Refusal;
use crate::vault::manifest::{Seal, SignedManifest};
use crate::world::{Batch, Kind, SafeText, Staged, Timestamp};

const MAX_CONFIG: usize = 256 << 10;

#[derive(Args, Default)]
pub(super) struct Options {
    /// The cycle that the key is for; default: the one that runs now, or the next
    #[arg(long, value_name = "NAME")]
    cycle: Option<String>,
    #[command(flatten)]
    import: import::ImportOptions,
    /// Make the successor of this vault's key: certify the old key and sign the announcement along
    #[arg(long, value_name = "DIR", conflicts_with_all = ["import", "discard"])]
    succeeds: Option<PathBuf>,
    /// With --succeeds: the announcement is final, as the template has it; don't ask
    #[arg(long = "final", requires = "succeeds")]
    is_final: bool,
    /// Remove a vault that nobody has a receipt for; asks for the fingerprint's first digits
    #[arg(long)]
    discard: bool,
    /// Refuse to work if this machine lacks any hardening
    #[arg(long)]
    strict: bool,
}

impl Options {
    /// The successor of the key in a folder.
    pub(super) fn of_successor(cycle: &str, old: &Path, is_final: bool, strict: bool) -> Self {
        Self {
            cycle: Some(cycle.to_owned()),
            succeeds: Some(old.to_owned()),
            is_final,
            strict,
            ..Self::default()
        }
    }
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    if options.discard {
        return discard::run(context);
    }
    let world = &context.world;
    let folder = context.new_folder();
    holds_none(context, &folder)?;
    // It loads its libraries while the keys are read; it has nothing yet, and ends if it gets nothing.
    let coming = context.worker("the vault")?;
    let config = read_config(context, &folder)?;
    let me = context.roster_name(config.roots.iter().map(|root| &root.name))?;
    let now = world.clock.now();
    let cycle = choose_cycle(&config, options.cycle.as_deref(), now.seconds())?;
    let user_id = config.user_id(cycle);
    let algorithm = match config.algorithm {
        ConfigAlgorithm::Ed25519 => Algorithm::EdDsa,
        ConfigAlgorithm::Rsa4096 => Algorithm::Rsa,
    };
    let (origin, taken) = match import::read(context, &options.import, &user_id, algorithm, now)? {
        Some((import, taken)) => (Origin::Import(Box::new(import)), Some(taken)),
        None => {
            let expires = key_expiry(&config, cycle, now)?;
            let subkey_for = options.import.host(context, now)?;
            let new = Origin::New {
                algorithm,
                expires,
                subkey_for,
            };
            (new, None)
        }
    };
    let succeeds = match &options.succeeds {
        Some(old) => {
            let new = succeed::New {
                user_id: &user_id,
                expires: key_expiry(&config, cycle, now)?,
                folder: &folder,
            };
            Some(succeed::prepare(context, old, &new, options.is_final)?)
        }
        None => None,
    };
    let mut seats: Vec<Seat> = Vec::with_capacity(config.roots.len());
    let keys = Keys::read(world.files, &folder.join("keys"))?;
    for root in &config.roots {
        let seat = seat(context, &folder, &keys, root)?;
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
    let attesters = Attesters::of(&config, &keys, now);
    if !attesters.problems.is_empty() {
        let failure = Failure::new(Exit::Usage, "the policy of attesting can't be met");
        let problems = attesters.problems.iter();
        return Err(problems
            .fold(failure, |failure, problem| failure.fact(problem.clone()))
            .fact("nothing was made")
            .next("mend policy.attest or [root.NAME] attest in team.toml, or keys/"));
    }
    let line = format!(
        "roster    {} roots, all can be sealed to{}",
        seats.len(),
        attesters
            .told()
            .map_or_else(String::new, |told| format!("; {told}"))
    );
    context.say(&super::screen::folded(&line, 10));

    let mut vault_id = [0_u8; 16];
    world.random.fill(&mut vault_id)?;
    let threshold = |k| Threshold::new(k).map_err(|e| Failure::new(Exit::Usage, e.to_string()));
    let mut job = DealJob {
        vault_id,
        origin,
        user_id,
        now,
        master: threshold(config.master)?,
        revocation: threshold(config.revocation)?,
        attest: config.attest,
        request_days: config.request_days.into(),
        any_root_may_revoke: config.any_root_may_revoke,
        succeeds,
        seats,
    };
    let locked = taken.as_ref().is_some_and(|taken| taken.is_locked);
    let dealing = deal(context, options.strict, coming, &mut job, locked)?;
    // Written beside while the worker checks what it made, and put in place once it has.
    let vault = context.lock(&folder)?;
    // Another create, or a pull, may have brought one while this one asked and made.
    holds_none(context, &folder)?;
    let staged = stage(context, &folder, dealing.files())?;
    let signed = read_back(dealing.files())?;
    let manifest = signed.manifest();
    let pins = context.pins_of_new(&folder, &signed, &me)?;
    let certificate = Cert::from_bytes(manifest.certificate.as_bytes()).ok();
    let findings = certificate.map(|certificate| lint(&certificate, now));
    let (made, ran) = dealing
        .checked()
        .map_err(|error| session("the vault", &error))?;
    staged.place()?;
    drop(vault);
    compare(context, &folder, &made)?;
    pins.place()?;
    let missing = ran.hardening.missing();
    context.say(&format!(
        "session   {}; {:.3} s",
        if missing.is_empty() {
            "memory locked, no dumps, Landlock, seccomp: nothing missing".to_owned()
        } else {
            format!("hardened, but without {}", missing.join(", "))
        },
        ran.seconds
    ));
    context.say("checked   every share was used to rebuild; every file opens as it lies on disk");
    if let Some(findings) = &findings {
        say_lint(context, findings, 9);
    }

    context.say("");
    let verb = if taken.is_some() {
        "taken over"
    } else {
        "made"
    };
    context.say(&format!(
        "The key is {verb}. It can do nothing until all of you have given receipts."
    ));
    context.say(&format!("  {}", SafeText::new(&manifest.user_id)));
    context.say(&format!("  {}", fingerprint(&manifest.fingerprint)));
    context.say(&format!(
        "  expires {};  {} of {} use it;  {} of {} revoke it",
        manifest.expires.day(),
        config.master,
        config.roots.len(),
        config.revocation,
        config.roots.len()
    ));
    context.say("  read the fingerprint to the others by voice or on paper, not by mail");
    let leaving = made.iter().map(|file| file.path.as_str());
    let leaving: Vec<&str> = leaving.filter(|path| path.starts_with("out/")).collect();
    match &taken {
        Some(taken) => taken.tell(context, now, &leaving),
        None => tell_subkey(context, &leaving),
    }
    if manifest.any_root_may_revoke {
        context.say("");
        context
            .say("ANY ONE of you can end this key, alone and for ever: so you chose in team.toml.");
        context.say("A thief of one root's disk and key can, too. quorate revoke key --alone");
    }
    context.advise("");
    context.advise("Who does what now, each on the own machine, after `git pull`:");
    for member in &manifest.roster {
        let (how, what) = match member.seal {
            Seal::OpenPgp(_) => ("OpenPGP", "quorate share receipt            gpg asks"),
            Seal::Age(_) => (
                "age",
                "quorate share receipt -i FILE    FILE: your age identity",
            ),
            Seal::Ssh(_) => (
                "ssh",
                "quorate share receipt -i FILE    FILE: your private key",
            ),
            Seal::Passphrase => (
                "passphrase",
                "quorate share receipt            asks for the passphrase",
            ),
        };
        context.advise(&format!(
            "  {:<8} {how:<11} {what}",
            member.name.to_string()
        ));
    }
    let needed = manifest.attest.needed(manifest.roster.len());
    if needed > 0 {
        context.advise(&format!(
            "then {needed} of you sign the key, each with the own key: quorate attest"
        ));
    }
    context.advise("");
    context.advise(&format!(
        "This machine ({}) could have copied the key. No receipt changes that.",
        world.surroundings.machine
    ));
    let mut shared = ".gitignore team.toml keys vault.toml master.1.age revocation.1.age \
                    practice.1.age sealed"
        .to_owned();
    if has_succession(&made) {
        shared.push_str(" succession");
    }
    context.share_by_git(
        &folder,
        &shared,
        &format!("Key: {}", SafeText::new(&cycle.name)),
    );
    Ok(())
}

/// A vault that lies there is never replaced.
fn holds_none(context: &Context<'_>, folder: &Path) -> Result<(), Failure> {
    match context.world.files.kind(&folder.join("vault.toml"))? {
        None => Ok(()),
        Some(_) => Err(Failure::new(
            Exit::Usage,
            format!("{} holds a vault already", path(folder)),
        )
        .fact("nothing was changed")
        .next("quorate status")),
    }
}

/// Does it come with what the key and its predecessor say of each other?
fn has_succession(made: &[Made]) -> bool {
    made.iter().any(|file| file.path.starts_with("succession/"))
}

/// What holds of a subkey that was made along: it can sign before anybody has attested the key.
fn tell_subkey(context: &Context<'_>, leaving: &[&str]) {
    if leaving.is_empty() {
        return;
    }
    context.say("");
    context.say("A signing subkey was made along, ahead of receipts and attestation: whoever has");
    context.say("its file and its host's key can sign from now on. This machine could have copied");
    context.say("it, too.");
    for file in leaving {
        context.say(&format!("  {file}"));
    }
    context.say("  is for the signing host alone: decrypted there, gpg --import takes it");
}

/// Runs the session; asks for the passphrase of an imported key as long as it is wrong.
fn deal(
    context: &Context<'_>,
    strict: bool,
    coming: Coming,
    job: &mut DealJob,
    locked: bool,
) -> Result<Dealing, Failure> {
    let mut coming = Some(coming);
    for tried in 0..TRIES {
        if let (Origin::Import(import), true) = (&mut job.origin, locked) {
            let typed = context
                .world
                .terminal
                .ask_secret("passphrase of the key that is imported (not shown): ")?;
            import.passphrase = Zeroizing::new(typed.as_bytes().to_vec());
        }
        let worker = match coming.take() {
            Some(coming) => coming,
            None => context.worker("the vault")?,
        };
        match front::deal(worker, strict, job) {
            Err(SessionError::Refused(Refusal::Passphrase)) if locked => {
                context.note(&match tried + 1 {
                    TRIES => "that is not its passphrase".to_owned(),
                    _ => "that is not its passphrase; once more".to_owned(),
                });
            }
            done => return done.map_err(|error| session("the vault", &error)),
        }
    }
    Err(Failure::new(
        Exit::Failed,
        format!("the passphrase was wrong {TRIES} times"),
    )
    .fact("nothing was made")
    .next("export the key again, and try its passphrase: gpg --export-secret-keys FINGERPRINT"))
}

/// When a key that is made for this cycle expires.
fn key_expiry(config: &Config, cycle: &Cycle, now: Timestamp) -> Result<Timestamp, Failure> {
    config
        .key_expiry(cycle, now.seconds())
        .ok()
        .and_then(Timestamp::from_seconds)
        .ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!(
                    "the cycle '{}' gives the key no possible life",
                    SafeText::new(&cycle.name)
                ),
            )
            .fact("a key lives until the cycle's last day and outlives it; 13 months at most")
            .next("change [cycles] or key.outlives in team.toml")
        })
}

pub(super) fn read_config(context: &Context<'_>, folder: &Path) -> Result<Config, Failure> {
    let file = folder.join("team.toml");
    if context.world.files.kind(&file)?.is_none() {
        return Err(
            Failure::new(Exit::Usage, format!("there is no {}", path(&file))).next("quorate init"),
        );
    }
    let text = context.world.files.read(&file, MAX_CONFIG)?;
    Config::parse(&text).map_err(|error| {
        let failure = match &error {
            // As many as there are; each on a line of its own.
            ConfigError::Unfilled(places) => places.iter().fold(
                Failure::new(Exit::Usage, "team.toml: still to be filled in"),
                |failure, place| {
                    failure.fact(SafeText::limited(&place.to_string(), 200).to_string())
                },
            ),
            _ => Failure::new(
                Exit::Usage,
                format!("team.toml: {}", SafeText::limited(&error.to_string(), 2000)),
            ),
        };
        failure
            .fact("nothing was made")
            .next("mend team.toml, then: quorate roster check")
    })
}

pub(super) fn choose_cycle<'c>(
    config: &'c Config,
    name: Option<&str>,
    now: u64,
) -> Result<&'c Cycle, Failure> {
    match name {
        Some(name) => config
            .cycles
            .iter()
            .find(|cycle| cycle.name == name)
            .ok_or_else(|| {
                let known: Vec<&str> = config
                    .cycles
                    .iter()
                    .map(|cycle| cycle.name.as_str())
                    .collect();
                Failure::new(
                    Exit::Usage,
                    format!("team.toml has no cycle '{}'", SafeText::new(name)),
                )
                .fact(format!("it has: {}", SafeText::new(&known.join(", "))))
            }),
        None => config.cycle_at(now).ok_or_else(|| {
            Failure::new(Exit::Usage, "all cycles in team.toml are over")
                .next("add the coming cycle and its last day to [cycles]")
        }),
    }
}

/// Writes the files beside their places, vault.toml last.
fn stage<'a>(context: &Context<'a>, folder: &Path, made: &[Made]) -> Result<Staged<'a>, Failure> {
    let world = &context.world;
    let mut batch = Batch::new();
    let mut subs = vec!["sealed", "sealed/master.1", "sealed/revocation.1"];
    for sub in ["succession", "sealed/alone.1", "out"] {
        let within = format!("{sub}/");
        if made.iter().any(|file| file.path.starts_with(&within)) {
            subs.push(sub);
        }
    }
    for sub in subs {
        let sub = folder.join(sub);
        // A link would lead out of the vault, and git keeps the link alone.
        if world
            .files
            .kind(&sub)?
            .is_some_and(|kind| kind != Kind::Folder)
        {
            return Err(
                Failure::new(Exit::Failed, format!("{} is no folder", path(&sub)))
                    .fact("nothing was made")
                    .next("take it away, and ask who put it there: git log"),
            );
        }
        batch = batch.folder(sub, 0o755);
    }
    batch = batch.replace(folder.join(".gitignore"), context.gitignore(folder)?, 0o644);
    // What lies there from a create that was killed has no vault.toml, so it is nobody's.
    for file in made {
        batch = batch.replace(folder.join(&file.path), file.bytes.clone(), 0o644);
    }
    Ok(batch.stage(world.files, world.random)?)
}

/// Compares the disk with what the session returned.
fn compare(context: &Context<'_>, folder: &Path, made: &[Made]) -> Result<(), Failure> {
    let files = context.world.files;
    for file in made {
        let there = files.read(&folder.join(&file.path), file.bytes.len() + 1)?;
        if *there != file.bytes {
            return Err(Failure::new(
                Exit::Failed,
                format!("{} isn't on the disk as it was made", file.path),
            )
            .next("check the disk; remove vault.toml and create anew"));
        }
    }
    Ok(())
}

/// The manifest among the files.
fn read_back(made: &[Made]) -> Result<SignedManifest, Failure> {
    let bytes = made.last().map_or(&[][..], |file| &file.bytes);
    SignedManifest::read_unpinned(bytes).map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("vault.toml can't be read back: {error}"),
        )
    })
}
