//! `quorate revoke`: the key, a subkey, a user ID, a certification; by the way that is possible.

pub(super) mod aftermath;
pub(super) mod alone;
mod learn;
mod take_back;

use clap::{Args, Subcommand};
use quorate_share::Kind;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation as _;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Fingerprint};

use super::changes;
use super::context::Context;
use super::gather::Gathering;
use super::open_request::{self, Ask};
use super::opened::Opened;
use super::report::{Exit, Failure, path};
use super::subkey::subkey_named;
use super::{Identity, display};
use crate::ceremony::explain;
use crate::openpgp::change::{self, Wishes};
use crate::openpgp::draft::{Destination, Draft};
use crate::openpgp::plan::{Algorithm, Hash, MAX_WHY, Plan, Reason, Stamp, Why};
use crate::openpgp::self_signatures;
use crate::world::SafeText;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// The master key itself: everything under it ends
    #[command(after_help = super::example::REVOKE_KEY)]
    Key(KeyOptions),
    /// One signing subkey; the master key stays
    #[command(after_help = super::example::REVOKE_SUBKEY)]
    Subkey(SubkeyOptions),
    /// A user ID of the key (the same as `uid retire`)
    #[command(after_help = super::example::REVOKE_UID)]
    Uid(super::uid::Options),
    /// Take over a revocation that is known outside: a file, a keyserver's answer
    #[command(after_help = super::example::REVOKE_LEARN)]
    Learn(learn::Options),
    /// A certification that this key made of somebody's user ID
    #[command(after_help = super::example::REVOKE_CERTIFICATION)]
    Certification(take_back::Options),
}

#[derive(Args)]
pub(super) struct How {
    /// compromised or none: made in advance, released by the revocation set; superseded or retired: made
    /// fresh by the master set
    #[arg(long, value_name = "REASON", default_value = "compromised")]
    pub(super) reason: String,
    /// A sentence for whoever looks at the key; such a revocation is made fresh by the master set
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Who shall do it: revocation or master set; default: the revocation set where it can
    #[arg(long, value_name = "SET")]
    by: Option<String>,
    /// The first four digits of what is revoked, if there is no terminal to type them at
    #[arg(long, value_name = "DIGITS")]
    pub(super) confirm: Option<String>,
    #[command(flatten)]
    gathering: Gathering,
    #[command(flatten)]
    pub(super) identity: Identity,
}

#[derive(Args)]
pub(super) struct KeyOptions {
    /// Without anybody else, from your own copy; only where the team decided so when the key was made
    #[arg(long, conflicts_with_all = ["by", "text", "live", "here"])]
    alone: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Args)]
pub(super) struct SubkeyOptions {
    /// Which one; default: the one in use, if there is only one
    #[arg(value_name = "FINGERPRINT")]
    subkey: Option<String>,
    #[command(flatten)]
    how: How,
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Uid(options) => super::uid::retire(context, options),
        Command::Learn(options) => learn::run(context, options),
        Command::Certification(options) => take_back::run(context, options),
        Command::Key(KeyOptions { alone, how }) => {
            let opened = context.open()?;
            let key = opened.fingerprint.clone();
            match alone {
                true => alone::run(context, &opened, how),
                false => revoke(context, &opened, &key, how),
            }
        }
        Command::Subkey(SubkeyOptions { subkey, how }) => {
            let opened = context.open()?;
            let in_use = opened.in_use()?;
            let key = match subkey {
                Some(text) => subkey_named(text)?,
                None => the_one_in_use(&opened, &in_use)?,
            };
            revoke(context, &opened, &key, how)
        }
    }
}

/// The signing subkey that is meant if nobody names one.
fn the_one_in_use(opened: &Opened, cert: &Cert) -> Result<Fingerprint, Failure> {
    let policy = StandardPolicy::new();
    let now = std::time::SystemTime::from(self_signatures::look_at(cert, opened.now));
    let live: Vec<Fingerprint> = cert
        .keys()
        .subkeys()
        .with_policy(&policy, now)
        .for_signing()
        .filter(|key| !matches!(key.revocation_status(), RevocationStatus::Revoked(_)))
        .map(|key| key.key().fingerprint())
        .collect();
    match live.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::new(
            Exit::Usage,
            "no signing subkey of the key is in use, as far as this vault tells",
        )
        .next("git pull; or name one: quorate revoke subkey FINGERPRINT")),
        several => {
            let mut failure = Failure::new(Exit::Usage, "several signing subkeys are in use");
            for one in several {
                failure = failure.fact(explain::fingerprint(one));
            }
            Err(failure.next("name the one: quorate revoke subkey FINGERPRINT"))
        }
    }
}

/// The way that a revocation goes.
enum Way {
    /// It was made in advance.
    Release(Box<Draft>),
    /// The master key makes it now.
    Fresh(Why),
}

fn revoke(
    context: &Context<'_>,
    opened: &Opened,
    key: &Fingerprint,
    how: &How,
) -> Result<(), Failure> {
    let in_use = opened.in_use()?;
    let what = match *key == opened.fingerprint {
        true => "key",
        false => "subkey",
    };
    not_revoked_already(context, opened, &in_use, key)?;
    let (kind, drafts, state) = match choose(opened, key, how)? {
        Way::Release(draft) => (Kind::Revocation, vec![*draft], None),
        Way::Fresh(why) => {
            context.needs_force(opened, Kind::Master)?;
            let wishes = Wishes {
                revoke: vec![(key.clone(), why)],
                ..Wishes::default()
            };
            let drafts = change::drafts(&in_use, opened.now, &wishes)
                .map_err(|error| changes::refused(&error))?;
            (Kind::Master, drafts, Some(opened.state()?))
        }
    };
    let me = context.me(opened)?;
    let set = opened.set(kind)?;
    context.say(&format!(
        "way        {} of {} of the {}",
        set.threshold.get(),
        set.shares.len(),
        match kind {
            Kind::Revocation => "revocation set, without the master key",
            _ => "master set; the master key makes the revocation now",
        }
    ));
    display::to_ask(context, opened, &drafts)?;
    if what == "key" {
        context
            .say("  If the key is only lost, and nobody else can have it, let it expire instead:");
        context.say("  then everything that it signed honestly stays good.");
    }
    confirm(context, key, what, how.confirm.as_deref())?;
    let ask = Ask {
        kind,
        state,
        ..Ask::of_master(drafts)
    };
    open_request::open(context, opened, &me, &how.identity, ask, &how.gathering)
}

/// Says so, and emits the certificate again, if there is nothing left to revoke.
pub(super) fn not_revoked_already(
    context: &Context<'_>,
    opened: &Opened,
    cert: &Cert,
    key: &Fingerprint,
) -> Result<(), Failure> {
    match self_signatures::is_revoked(cert, key, opened.now) {
        Some(false) => return Ok(()),
        Some(true) => (),
        None => {
            return Err(Failure::new(
                Exit::Usage,
                format!("no key {key} belongs to this one, as far as this vault tells"),
            )
            .next("quorate status tells the subkeys; git pull"));
        }
    }
    let file = super::perform::own_files::emit(context, opened, cert)?;
    Err(Failure::new(
        Exit::Usage,
        format!("{} is revoked already", explain::fingerprint(key)),
    )
    .fact(format!(
        "the whole certificate with its revocation is here again: {}",
        path(&file)
    ))
    .next("publish it once more, wherever the key is known"))
}

fn choose(opened: &Opened, key: &Fingerprint, how: &How) -> Result<Way, Failure> {
    let usage = |what: String| Failure::new(Exit::Usage, what).fact("no request was opened");
    let reason = Reason::from_word(&how.reason).ok_or_else(|| {
        let words: Vec<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
        usage(format!(
            "--reason {} is none",
            SafeText::limited(&how.reason, 40)
        ))
        .next(format!("one of {}", words.join(", ")))
    })?;
    let by_master = match how.by.as_deref() {
        None => how.text.is_some() || !reason.is_hard(),
        Some("master") => true,
        Some("revocation") => false,
        Some(other) => {
            return Err(
                usage(format!("--by {} is no set", SafeText::limited(other, 40)))
                    .next("--by revocation or --by master"),
            );
        }
    };
    if by_master {
        let text = how.text.clone().unwrap_or_default();
        if text.len() > MAX_WHY {
            return Err(usage(format!("--text has more than {MAX_WHY} bytes")));
        }
        return Ok(Way::Fresh(Why { reason, text }));
    }
    if !reason.is_hard() || how.text.is_some() {
        return Err(usage(
            "what was made in advance has no other reason and no words".to_owned(),
        )
        .fact("made in advance are: compromised, none; their date and words can't be chosen any more")
        .next("--reason compromised without --text, or --by master"));
    }
    match opened.made_in_advance(key, reason)? {
        Some(draft) => Ok(Way::Release(Box::new(draft))),
        None => Err(usage(format!(
            "no revocation of {key} as {} was made in advance",
            reason.word()
        ))
        .next("the master set can make it: --by master")),
    }
}

impl Opened {
    /// The draft of a revocation that lies in the revocation set's custody.
    pub(super) fn made_in_advance(
        &self,
        key: &Fingerprint,
        reason: Reason,
    ) -> Result<Option<Draft>, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, error.to_string());
        let release = |draft: Draft| {
            draft
                .to(Destination::Released)
                .map(Some)
                .map_err(|error| failed(&error))
        };
        let primary = self.primary().clone();
        let stamp = Stamp {
            issuer: primary.fingerprint(),
            algorithm: Algorithm::of(primary.pk_algo())
                .ok_or_else(|| failed(&"the key's algorithm isn't known here"))?,
            hash: Hash::Sha512,
            created: self
                .created
                .to_openpgp()
                .ok_or_else(|| failed(&"the key's time can't be"))?,
        };
        let why = Why::only(reason);
        // As `create` made it, of the key and of each subkey that it had then.
        let plan = if *key == primary.fingerprint() {
            Plan::RevokeKey {
                stamp,
                why,
                primary,
            }
        } else {
            let created = Cert::from_bytes(self.certificate.as_bytes()).map_err(|e| failed(&e))?;
            let mut subkeys = created.keys().subkeys();
            let Some(subkey) = subkeys.find(|one| one.key().fingerprint() == *key) else {
                return Ok(self.kept(key, reason)?.map(|(draft, _)| draft));
            };
            Plan::RevokeSubkey {
                stamp,
                why,
                primary,
                subkey: subkey.key().clone(),
            }
        };
        release(Draft::encode(plan).map_err(|error| failed(&error))?)
    }

    /// The sealed revocation of a subkey, and its draft as one to be released.
    pub(super) fn kept(
        &self,
        key: &Fingerprint,
        reason: Reason,
    ) -> Result<Option<(Draft, Vec<u8>)>, Failure> {
        for found in self.requests_about_itself() {
            let drafts = &found.verified.request().drafts;
            let is_it = |draft: &Draft| match draft.plan() {
                Plan::RevokeSubkey { subkey, why, .. } => {
                    draft.destination() == Destination::Sealed
                        && subkey.fingerprint() == *key
                        && why.reason == reason
                }
                _ => false,
            };
            if !drafts.iter().any(is_it) {
                continue;
            }
            let Some(outcome) = self.outcome(&found)? else {
                continue;
            };
            let mut sealed = outcome.sealed(drafts);
            if let Some((draft, file)) = sealed.find(|(draft, _)| is_it(draft)) {
                let released = draft
                    .clone()
                    .to(Destination::Released)
                    .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
                return Ok(Some((released, file.to_vec())));
            }
        }
        Ok(None)
    }
}

/// The last question before a request that can't be taken back.
pub(super) fn confirm(
    context: &Context<'_>,
    key: &Fingerprint,
    what: &str,
    given: Option<&str>,
) -> Result<(), Failure> {
    let digits = &key.to_hex()[..4];
    let typed = match given {
        Some(given) => given.to_owned(),
        None => context.world.terminal.ask(&format!(
            "Type the first four digits of the {what} to open the request: "
        ))?,
    };
    match typed.trim().eq_ignore_ascii_case(digits) {
        true => Ok(()),
        false => Err(Failure::new(
            Exit::Usage,
            format!("these are not the first four digits of the {what}"),
        )
        .fact(explain::fingerprint(key))
        .fact("no request was opened")),
    }
}
