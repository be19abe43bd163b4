//! Changes of the key's own certificate: several wishes, one request, bound to the state that it changes.

use clap::Args;

use super::context::Context;
use super::gather::Gathering;
use super::open_request::{self, Ask};
use super::opened::{Found, Opened};
use super::report::{Exit, Failure};
use super::{Identity, display};
use crate::ceremony::approval::Approval;
use crate::ceremony::request::Request;
use crate::openpgp::Plan;
use crate::openpgp::change::{self, ChangeError, Wishes};
use crate::openpgp::draft::Draft;
use crate::openpgp::plan::SubkeyUse;
use crate::roster::name::Name;
use crate::world::{SafeText, Timestamp};
use quorate_share::Kind;
use sequoia_openpgp::Fingerprint;

// What else goes into the same request, approved together. No doc comment: clap would take it for the help's first line.
#[derive(Args, Clone, Default)]
pub(super) struct Along {
    /// In the same request: let the key live until the end of this day
    #[arg(long, value_name = "DAY")]
    and_extend: Option<String>,
    /// In the same request: add this user ID; may be repeated
    #[arg(long, value_name = "TEXT")]
    and_add_uid: Vec<String>,
    /// In the same request: retire this user ID; may be repeated
    #[arg(long, value_name = "TEXT")]
    and_retire_uid: Vec<String>,
}

impl Along {
    /// Puts them to the other wishes.
    pub(super) fn join(&self, wishes: &mut Wishes) -> Result<(), Failure> {
        if let Some(day) = &self.and_extend {
            if wishes.until.is_some() {
                return Err(Failure::new(Exit::Usage, "two ends for one key")
                    .fact("--and-extend is for other commands than extend"));
            }
            wishes.until = Some(end_of("--and-extend", day)?);
        }
        wishes.add.extend(self.and_add_uid.iter().cloned());
        wishes.retire.extend(self.and_retire_uid.iter().cloned());
        Ok(())
    }
}

/// The last second of a day, so that every reader in UTC shows that date.
pub(super) fn end_of(option: &str, day: &str) -> Result<Timestamp, Failure> {
    Timestamp::from_day(day)
        .map(|begin| begin.plus_seconds(86_399))
        .map_err(|_| {
            Failure::new(
                Exit::Usage,
                format!("{option} {} is no day", SafeText::new(day)),
            )
            .next("write it as 2027-06-30")
        })
}

impl Context<'_> {
    /// Refuses what only a living key can do: its signature would be void from the first moment.
    pub(super) fn needs_life(&self, opened: &Opened) -> Result<(), Failure> {
        let key = opened.key_now()?;
        let failure = match key.revoked {
            Some(why) => Failure::new(Exit::Failed, format!("the key is revoked: {why}"))
                .next("make a new one: quorate init in another folder"),
            None if key.expires <= opened.now => Failure::new(
                Exit::Failed,
                format!("the key has expired, {}", key.expires.day()),
            )
            .next("quorate extend --until DAY, or make a new one"),
            None => return Ok(()),
        };
        Err(failure.fact("what it signed now would be void; no request was opened"))
    }
}

/// Opens a request for these changes.
pub(super) fn open(
    context: &Context<'_>,
    opened: &Opened,
    wishes: &Wishes,
    identity: &Identity,
    gathering: &Gathering,
) -> Result<(), Failure> {
    let me = context.me(opened)?;
    let ask = ask(context, opened, wishes)?;
    open_request::open(context, opened, &me, identity, ask, gathering)
}

/// What is asked of the master set for these changes, shown.
pub(super) fn ask(context: &Context<'_>, opened: &Opened, wishes: &Wishes) -> Result<Ask, Failure> {
    context.needs_force(opened, Kind::Master)?;
    if wishes.until.is_none() {
        context.needs_life(opened)?;
    }
    let in_use = opened.in_use()?;
    let drafts = change::drafts(&in_use, opened.now, wishes).map_err(|e| refused(&e))?;
    context.say("The key would sign this, and nothing else:");
    display::to_ask(context, opened, &drafts)?;
    Ok(Ask {
        state: Some(opened.state()?),
        ..Ask::of_master(drafts)
    })
}

/// Why the certificate can't be changed like that, in words.
pub(super) fn refused(error: &ChangeError) -> Failure {
    let why = SafeText::limited(&error.to_string(), 500).to_string();
    let failure = |exit| Failure::new(exit, why.clone()).fact("no request was opened");
    match error {
        ChangeError::Clock(_) => {
            failure(Exit::Failed).next("compare this machine's clock with another one")
        }
        ChangeError::Invalid(_) | ChangeError::Revoked | ChangeError::Algorithm => {
            failure(Exit::Failed).next("quorate status")
        }
        ChangeError::Past(_) | ChangeError::TooFar(..) => {
            failure(Exit::Usage).next("give a day to come, as 2027-06-30")
        }
        ChangeError::Outlives(_) => {
            failure(Exit::Usage).next("an earlier day, or extend the key along: --and-extend DAY")
        }
        ChangeError::Draft(_) => Failure::new(Exit::Usage, format!("this can't be signed: {why}"))
            .fact("no request was opened"),
        ChangeError::NoSuchKey(_) => {
            failure(Exit::Usage).next("quorate status tells the subkeys; git pull")
        }
        _ => failure(Exit::Usage),
    }
}

impl Opened {
    /// Refuses a request that was made for another state of the key than the one that is here.
    pub(super) fn same_state(&self, found: &Found) -> Result<(), Failure> {
        let Some(asked) = found.verified.request().state else {
            return Ok(());
        };
        if asked == self.state()? {
            return Ok(());
        }
        let opener = &found.verified.request().opener;
        Err(Failure::new(
            Exit::Quorum,
            format!("{} was made for another state of the key", found.id),
        )
        .fact("the key's own certificate or the manifest is not what it was when it was opened;")
        .fact("carried out now it would be void, or undo what came between; nothing was signed")
        .next(format!("git pull; if this stays, {opener} opens it anew")))
    }

    /// Would the request bind a subkey for signing that the key doesn't have?
    pub(super) fn is_bound_anew(&self, request: &Request) -> Result<bool, Failure> {
        let for_signing = |draft: &Draft| match draft.plan() {
            Plan::SubkeyBinding {
                subkey,
                usage: SubkeyUse::Sign,
                ..
            } => Some(subkey.fingerprint()),
            _ => None,
        };
        let bound: Vec<Fingerprint> = request.drafts.iter().filter_map(for_signing).collect();
        if bound.is_empty() {
            return Ok(false);
        }
        let in_use = self.in_use()?;
        let has = |key: &Fingerprint| {
            let mut subkeys = in_use.keys().subkeys();
            subkeys.any(|subkey| subkey.key().fingerprint() == *key)
        };
        Ok(!bound.iter().all(has))
    }

    /// Refuses a second request on the state of one that this holder has approved and that can still be carried out.
    pub(super) fn no_other_on_its_state(&self, found: &Found, me: &Name) -> Result<(), Failure> {
        let Some(state) = found.verified.request().state else {
            return Ok(());
        };
        for other in self.requests_about_itself() {
            let rival = other.verified.request();
            if other.verified.digest() == found.verified.digest() || rival.state != Some(state) {
                continue;
            }
            let open = other.verified.open_at(self.now).is_ok() && self.ended(&other)?.is_none();
            let approved = self.approvals(&other);
            let mine = |approval: &Approval| approval.holder == *me;
            if open && approved.iter().any(|(approval, _)| mine(approval)) {
                return Err(Failure::new(
                    Exit::Quorum,
                    format!("you have approved {} on the same state of the key", other.id),
                )
                .fact("only one of the two can be carried out; your share was not opened")
                .next(format!(
                    "wait until {} was withdrawn or has closed, or ask {} to put both into one request",
                    other.id, rival.opener
                )));
            }
        }
        Ok(())
    }
}
