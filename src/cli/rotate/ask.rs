//! `quorate rotate` and the old key's quorum: the request is opened, alone or with one of the new key, and carried out.

use std::path::Path;
use std::sync::Arc;

use quorate_share::Kind;

use super::Succession;
use super::files;
use crate::ceremony::pair;
use crate::ceremony::successor::Successor;
use crate::cli::context::Context;
use crate::cli::gather::Gathering;
use crate::cli::open_request::{self, Ask};
use crate::cli::opened::{Found, Opened};
use crate::cli::pair::Other;
use crate::cli::report::{Exit, Failure, path};
use crate::cli::{changes, display, screen, subkey};
use crate::openpgp::draft::Draft;
use crate::openpgp::plan::Plan;
use crate::openpgp::{self_signatures, statement};
use crate::session::succession::ANNOUNCEMENT_SIGNED;

const MAX_ANNOUNCEMENT: usize = 256 << 10;

impl Succession<'_> {
    /// Asks the old key's quorum: certify the successor, and sign the same announcement.
    pub(in crate::cli) fn ask(&self) -> Result<(), Failure> {
        let (context, old, new) = (self.context, self.old, self.new);
        context.needs_force(old, Kind::Master)?;
        context.needs_life(old)?;
        let file = new.folder.join(ANNOUNCEMENT_SIGNED);
        let message = context.world.files.read(&file, MAX_ANNOUNCEMENT)?;
        let (text, _) = statement::signed_by(&message, new.primary()).ok_or_else(|| {
            Failure::new(
                Exit::Forged,
                format!("{} is not what the new key signed", path(&file)),
            )
            .next("git checkout succession, in the new vault")
        })?;
        let stamp = self_signatures::stamp(&old.in_use()?, old.now)
            .map_err(|error| crate::cli::changes::refused(&error))?;
        let plans = [
            Plan::Succeed {
                stamp: stamp.clone(),
                target: new.primary().clone(),
                user_id: new.user_id.as_str().into(),
            },
            Plan::Statement { stamp, text },
        ];
        let drafts = plans
            .into_iter()
            .map(Draft::encode)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Failure::new(Exit::Usage, format!("this can't be signed: {error}")))?;
        context.say("The old key would sign this, and nothing else:");
        display::to_ask(context, old, &drafts)?;
        let successor = Successor::read(new.bytes.clone(), &old.fingerprint, &drafts)
            .map_err(|error| Failure::new(Exit::Forged, error.to_string()))?;
        let ask = Ask {
            state: Some(old.state()?),
            successor: Some(Arc::new(successor)),
            ..Ask::of_master(drafts)
        };
        let identity = &self.options.identity;
        match &self.options.bind {
            None => {
                let later = Gathering::later();
                open_request::open(context, old, self.me, identity, ask, &later)?;
            }
            Some(offer) => {
                self.tell_left_over()?;
                context.say("");
                let along = self.ask_to_bind(offer)?;
                let first = (context, old, ask);
                open_request::open_pair(self.me, identity, first, (self.there, new, along))?;
            }
        }
        context.advise("  and when enough have approved: quorate rotate");
        Ok(())
    }

    /// What is asked of the new key's holders along.
    fn ask_to_bind(&self, offer: &Path) -> Result<Ask, Failure> {
        self.context.say("And the new key this:");
        let wishes = subkey::offered(self.there, self.new, offer, None)?;
        changes::ask(self.there, self.new, &wishes)
    }

    /// Of a pair that was being opened when this was killed, one may be there: it can't be carried out.
    fn tell_left_over(&self) -> Result<(), Failure> {
        for left in self.new.requests().into_iter().flatten() {
            let mut here = self.old.requests().into_iter().flatten();
            let is_whole = |one: Found| pair::is_one(&one.verified, &left.verified);
            if left.verified.request().with.is_none()
                || !self.new.is_alive(&left)?
                || here.any(is_whole)
            {
                continue;
            }
            self.context.warn(&format!(
                "{} in {} is one of a pair whose other was never opened; it can't be carried out",
                left.id,
                path(&self.new.folder)
            ));
            self.context.note(&format!(
                "  next: quorate withdraw {} --vault {} --because 'left over'",
                left.id,
                path(&self.new.folder)
            ));
        }
        Ok(())
    }

    /// The other one of a pair.
    pub(in crate::cli) fn other(&self, found: &Found) -> Result<Option<Other<'_>>, Failure> {
        match found.verified.request().with {
            None => Ok(None),
            Some(_) => Other::open(self.context, found, self.me, &self.new.folder).map(Some),
        }
    }

    /// Carries the request out if enough answers have come to this machine; of a pair, for both.
    pub(in crate::cli) fn carry_out(&self, found: &Found) -> Result<(), Failure> {
        let context = self.context;
        let other = self.other(found)?;
        if let Some(other) = &other {
            other.opened.not_ended(&other.found).map_err(|failure| {
                failure
                    .fact(format!("{} falls with it: the two are a pair", found.id))
                    .next(format!(
                        "quorate withdraw {} --because 'its other was ended'; then: quorate rotate",
                        found.id
                    ))
            })?;
        }
        waits(context, self.old, found, None)?;
        if let Some(other) = &other {
            waits(&other.context, &other.opened, &other.found, Some(found))?;
        }
        self.perform(found)?;
        let old = context.open()?;
        let found = old.request(&found.id)?;
        let new = self.there.open()?;
        files::publish(context, &old, &new, &found)
    }
}

/// Refuses as long as a request waits for answers; `pair` is the one that it stands or falls with.
fn waits(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    pair: Option<&Found>,
) -> Result<(), Failure> {
    let desk = context.desk(opened, &found.verified.digest())?;
    let arrived = desk.arrived(context.world.files)?.len();
    let needed = usize::from(opened.set(Kind::Master)?.threshold.get());
    let is_here = desk.key(context.world.files)?.is_here();
    if is_here && arrived >= needed {
        return Ok(());
    }
    let opener = &found.verified.request().opener;
    let mut waiting = opened.still_possible(found, &opened.declines(found))?.0;
    let approved = opened.approved_by(found);
    waiting.retain(|name| !approved.contains(name));
    let enough = approved.len() >= needed;
    let mut failure = Failure::new(
        Exit::Quorum,
        match enough {
            true => format!(
                "{} is approved by enough of you; not all they sent is here",
                found.id
            ),
            false => format!(
                "{} waits for approvals: {} of {needed} so far",
                found.id,
                approved.len()
            ),
        },
    );
    if let Some(first) = pair {
        failure = failure.fact(format!(
            "{} has enough; the two are carried out together or not at all",
            first.id
        ));
    }
    let place = match pair {
        None => String::new(),
        Some(_) => format!(" --vault {}", screen::beside(context, &opened.folder)),
    };
    let plural = if arrived == 1 { "" } else { "s" };
    let here = format!("{arrived} answer{plural} arrived on this machine; {opener} opened it");
    if enough {
        return Err(failure
            .fact(format!("approved by {}", screen::list(&approved)))
            .fact(here)
            .next(match is_here {
                true => format!("quorate submit FILE{place}; then: quorate rotate"),
                false => format!("{opener}, on the machine that opened it: quorate rotate"),
            }));
    }
    Err(failure
        .fact(format!("still open: {}", screen::list(&waiting)))
        .fact(here)
        .fact(format!(
            "submissions go to {opener}, who then types: quorate rotate"
        ))
        .next(format!("git pull && quorate approve {}{place}", found.id)))
}
