//! `quorate certify`: opens a request, with the opener's own approval along.

use std::path::{Path, PathBuf};

use clap::Args;
use quorate_share::Kind;
use sequoia_openpgp::Cert;
use sequoia_openpgp::packet::UserID;

use super::context::Context;
use super::gather::Gathering;
use super::open_request::{self, Ask, Target};
use super::opened::Opened;
use super::report::{Exit, Failure, path};
use super::{Identity, display};
use crate::openpgp::draft::Draft;
use crate::openpgp::lineage::is_under_address_of;
use crate::openpgp::plan::{Algorithm, Certainty, Hash, Notation, Plan, Stamp};
use crate::openpgp::subpackets::SUCCESSOR_NOTATION;
use crate::openpgp::target::{RawTarget, TargetError, certificates, choose};
use crate::openpgp::{armor::dearmor, target};
use crate::world::{SafeText, Timestamp, in_parallel};

/// The most bytes that a file of certificates may have.
const MAX_CERTIFICATES: usize = 64 << 20;
/// So many certificates are taken apart at once.
const TOGETHER: usize = 1000;

#[derive(Args)]
pub(super) struct Options {
    /// Files of certificates, in armour or binary, one or many in each
    #[arg(required = true, value_name = "CERT")]
    certs: Vec<PathBuf>,
    /// Certify only this user ID (its whole text, or its address); may be repeated
    #[arg(long = "user-id", value_name = "TEXT")]
    user_ids: Vec<String>,
    /// When the certification ends: a day, 2027-06-30 (the moment it begins, UTC); default: never
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// How well the user ID was checked: 0x10 no statement, 0x11 not, 0x12 casually, 0x13 well
    #[arg(long = "type", value_name = "TYPE", default_value = "0x10")]
    certainty: String,
    /// A notation NAME@DOMAIN=VALUE; may be repeated
    #[arg(long, value_name = "NOTATION")]
    notation: Vec<String>,
    #[command(flatten)]
    gathering: Gathering,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let me = context.me(&opened)?;
    context.needs_force(&opened, Kind::Master)?;
    context.needs_life(&opened)?;
    let now = context.world.clock.now();
    let terms = Terms::read(&opened, options, now)?;
    let mut drafts = Vec::new();
    let mut targets = Vec::new();
    for file in &options.certs {
        let target = read_target(context, file)?;
        if targets
            .iter()
            .any(|other: &Target| other.name == target.name)
        {
            let name = SafeText::new(&target.name).to_string();
            return Err(
                Failure::new(Exit::Usage, format!("two files are called {name}"))
                    .fact("both would become the same file in out/; nothing was written")
                    .next("rename one of them, or open two requests"),
            );
        }
        terms.drafts(&target, file, &mut drafts)?;
        targets.push(target);
    }
    context.say("The key would sign this, and nothing else:");
    display::to_ask(context, &opened, &drafts)?;
    let key_ends = opened.key_now()?.expires;
    if terms.ends().is_some_and(|end| end > key_ends) {
        context.note(&format!(
            "note: the key itself expires {}, before these certifications do",
            key_ends.day()
        ));
    }
    let ask = Ask {
        targets,
        ..Ask::of_master(drafts)
    };
    open_request::open(
        context,
        &opened,
        &me,
        &options.identity,
        ask,
        &options.gathering,
    )
}

/// What is the same for every certification of the request.
struct Terms {
    stamp: Stamp,
    certainty: Certainty,
    expires_after: Option<u32>,
    notations: Vec<Notation>,
    wanted: Vec<String>,
    /// The own certificate in use.
    own: Cert,
}

impl Terms {
    /// When what is made ends, if it does.
    fn ends(&self) -> Option<Timestamp> {
        let made = u64::from(self.stamp.created);
        let after = u64::from(self.expires_after?);
        Timestamp::from_seconds(made + after)
    }

    fn read(opened: &Opened, options: &Options, now: Timestamp) -> Result<Self, Failure> {
        let usage = |what: String| Failure::new(Exit::Usage, what);
        let certainty = match options.certainty.as_str() {
            "0x10" | "generic" => Certainty::Generic,
            "0x11" | "persona" => Certainty::Persona,
            "0x12" | "casual" => Certainty::Casual,
            "0x13" | "positive" => Certainty::Positive,
            other => {
                return Err(usage(format!("--type {} is no type", SafeText::new(other)))
                    .next("one of 0x10, 0x11, 0x12, 0x13"));
            }
        };
        let expires_after = match &options.until {
            None => None,
            Some(day) => Some(seconds_until(day, now)?),
        };
        let mut notations = options
            .notation
            .iter()
            .map(|text| {
                text.split_once('=')
                    .filter(|(name, _)| name.contains('@'))
                    .map(|(name, value)| Notation {
                        name: name.into(),
                        value: value.into(),
                    })
                    .ok_or_else(|| {
                        usage(format!(
                            "--notation {} isn't NAME@DOMAIN=VALUE",
                            SafeText::new(text)
                        ))
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        notations.sort();
        if notations.iter().any(|one| one.name == SUCCESSOR_NOTATION) {
            return Err(usage(format!(
                "--notation {SUCCESSOR_NOTATION} says that the key is this one's successor"
            ))
            .next("quorate rotate"));
        }
        let primary = opened.primary();
        let stamp = Stamp {
            issuer: primary.fingerprint(),
            algorithm: Algorithm::of(primary.pk_algo()).ok_or_else(|| {
                Failure::new(Exit::Failed, "the key's algorithm isn't known here")
            })?,
            hash: Hash::Sha512,
            created: now
                .to_openpgp()
                .ok_or_else(|| Failure::new(Exit::Failed, "this clock can't be right"))?,
        };
        Ok(Self {
            stamp,
            certainty,
            expires_after,
            notations,
            wanted: options.user_ids.clone(),
            own: opened.in_use()?,
        })
    }

    fn drafts(&self, file: &Target, name: &Path, drafts: &mut Vec<Draft>) -> Result<(), Failure> {
        let mut certs = certificates(&file.packets).map_err(|error| refused(name, None, &error))?;
        let before = drafts.len();
        drafts.reserve_exact(certs.count_all());
        loop {
            let some: Vec<_> = certs.by_ref().take(TOGETHER).collect();
            if some.is_empty() {
                break;
            }
            for made in in_parallel(&some, |cert| self.drafts_of(cert, name)) {
                drafts.append(&mut made?);
            }
        }
        if drafts.len() == before {
            return Err(refused(name, None, &TargetError::NotACertificate));
        }
        Ok(())
    }

    fn drafts_of(&self, cert: &RawTarget<'_>, name: &Path) -> Result<Vec<Draft>, Failure> {
        let cert = cert.read().map_err(|error| refused(name, None, &error))?;
        let chosen = choose(&cert, &self.stamp.issuer, &self.wanted, self.stamp.created)
            .map_err(|error| refused(name, Some(cert.fingerprint().to_hex()), &error))?;
        let target::Target { primary, user_ids } = chosen;
        if let Some(user_id) = user_ids
            .iter()
            .find(|id| is_under_address_of(&self.own, id))
        {
            return Err(a_successor(name, &cert.fingerprint().to_hex(), user_id));
        }
        let draft = |user_id| {
            let plan = Plan::Certify {
                stamp: self.stamp.clone(),
                certainty: self.certainty,
                expires_after: self.expires_after,
                notations: self.notations.clone(),
                target: primary.clone(),
                user_id,
            };
            Draft::encode(plan).map_err(|error| {
                Failure::new(
                    Exit::Usage,
                    format!("{}: this can't be signed: {error}", path(name)),
                )
            })
        };
        // A draft is a kilobyte, and collecting the first would make room for four.
        let mut drafts = Vec::with_capacity(user_ids.len());
        for user_id in user_ids {
            drafts.push(draft(user_id)?);
        }
        Ok(drafts)
    }
}

fn seconds_until(day: &str, now: Timestamp) -> Result<u32, Failure> {
    let end = Timestamp::from_day(day).map_err(|_| {
        Failure::new(
            Exit::Usage,
            format!("--until {} is no day", SafeText::new(day)),
        )
        .next("write it as 2027-06-30")
    })?;
    match u32::try_from(end.seconds_since(now)) {
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(Failure::new(
            Exit::Usage,
            format!("--until {day} is over, or too far away"),
        )),
    }
}

/// A file of certificates.
pub(super) fn read_target(context: &Context<'_>, file: &Path) -> Result<Target, Failure> {
    let full = context.world.surroundings.resolve(file);
    let bytes = context.world.files.read(&full, MAX_CERTIFICATES)?;
    let name = full
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let (packets, armored) = dearmor(&bytes, MAX_CERTIFICATES)
        .map_err(|_| refused(file, None, &TargetError::NotACertificate))?;
    Ok(Target {
        name,
        packets,
        armored,
    })
}

/// Of two keys under one address the world takes the newer one, if the older certifies it, for its successor.
fn a_successor(file: &Path, cert: &str, user_id: &UserID) -> Failure {
    let named = SafeText::from_bytes(user_id.value());
    Failure::new(
        Exit::Usage,
        format!(
            "{}: {cert} is under an address of this key: {named}",
            path(file)
        ),
    )
    .fact("certified by this key, the world would take it for its successor; nothing was written")
    .next("if it is to be the successor: quorate rotate; else choose others with --user-id")
}

fn refused(file: &Path, cert: Option<String>, error: &TargetError) -> Failure {
    let file = path(file);
    let whose = cert.map_or_else(|| file.to_string(), |fpr| format!("{file}: {fpr}"));
    let refused = |what: String| {
        Failure::new(Exit::Failed, what).fact("no request was opened; nothing was written")
    };
    match error {
        TargetError::NotACertificate => refused(format!(
            "{file} holds no OpenPGP certificate that can be read"
        ))
        .next("gpg --armor --export FINGERPRINT >FILE"),
        TargetError::Secret => refused(format!("{whose} holds SECRET keys"))
            .next("take the file off this machine; ask its owner for the public certificate"),
        TargetError::NoUserId => refused(format!(
            "{whose} has no user ID, so there is nothing to certify"
        )),
        TargetError::Revoked => refused(format!("{whose} is revoked")),
        TargetError::Expired => refused(format!("{whose} has expired"))
            .next("ask its owner to extend it and to send it again"),
        TargetError::NotYet => refused(format!("{whose} is dated in the future")),
        TargetError::Own => refused(format!("{whose} is the master key itself")),
        TargetError::Unacceptable { reason } => {
            refused(format!("{whose} has no self-signature that is valid today"))
                .fact(SafeText::limited(reason, 200).to_string())
        }
        TargetError::NoneFits { has } => {
            let mut failure = refused(format!("{whose} has no valid user ID that was asked for"));
            for user_id in has.iter().take(10) {
                failure = failure.fact(format!("it has: {}", SafeText::from_bytes(user_id)));
            }
            failure.next("name one of them with --user-id, or ask its owner if all are revoked")
        }
    }
}
