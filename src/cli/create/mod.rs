//! `quorate create`: the vault that `team.toml` describes.

mod discard;
mod files;
mod import;
pub(super) mod succeed;
mod told;

use clap::Args;
use quorate_share::Threshold;
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

use files::{compare, holds_none, read_back, stage};
use told::Told;

use super::context::Context;
use super::keys::Keys;
use super::own_share::TRIES;
use super::report::{Exit, Failure, path, session};
use super::roster::attesters::Attesters;
use super::roster::seats;
use crate::openpgp::lint::lint;
use crate::openpgp::plan::Algorithm;
use crate::roster::config::{Algorithm as ConfigAlgorithm, Config, Cycle};
use crate::roster::config_error::ConfigError;
use crate::session::deal::DealJob;
use crate::session::front::{self, Coming, Dealing, SessionError};
use crate::session::origin::Origin;
use crate::session::refusal::Refusal;
use crate::world::{SafeText, Timestamp};

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
    let keys = Keys::read(world.files, &folder.join("keys"))?;
    let seats = seats::of_all(context, &folder, &keys, &config)?;
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
    let lock = context.lock(&folder)?;
    // Another create may have made one while this one asked and dealt.
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
    // A pull takes no lock.
    holds_none(context, &folder)?;
    staged.place()?;
    drop(lock);
    compare(context, &folder, &made)?;
    pins.place()?;
    let told = Told {
        context,
        manifest,
        made: &made,
    };
    told.session(&ran, findings.as_ref());
    told.key(taken.as_ref());
    told.next();
    let mut shared = ".gitignore team.toml keys vault.toml master.1.age revocation.1.age \
                    practice.1.age sealed"
        .to_owned();
    if made.iter().any(|file| file.path.starts_with("succession/")) {
        shared.push_str(" succession");
    }
    context.share_by_git(
        &folder,
        &shared,
        &format!("Key: {}", SafeText::new(&cycle.name)),
    );
    Ok(())
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
