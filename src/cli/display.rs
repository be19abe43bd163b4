//! What a request does, shown to who asks for it and to who compares it: from the drafts' bytes, beside what holds now.

use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::ValidAmalgamation as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;

use super::context::Context;
use super::opened::Opened;
use super::opened::results::subject;
use super::report::Failure;
use super::screen;
use crate::ceremony::explain::{self, Line};
use crate::ceremony::request::Request;
use crate::openpgp::Plan;
use crate::openpgp::draft::{Destination, Draft};
use crate::openpgp::lineage::is_under_address_of;
use crate::openpgp::self_signatures::{look_at, own_end};
use crate::world::Timestamp;

/// So many drafts are shown with their fingerprints spread; more, a line each.
const IN_FULL: usize = 6;
/// So many certifications.
const CERTIFICATIONS_IN_FULL: usize = 3;

/// A certification that makes a successor by accident, or by somebody's design.
const AS_SUCCESSOR: &str = "UNDER AN ADDRESS OF THIS KEY: THE WORLD WOULD TAKE IT FOR A SUCCESSOR";

/// Shows what drafts do, to who asks for them.
pub(super) fn to_ask(
    context: &Context<'_>,
    opened: &Opened,
    drafts: &[Draft],
) -> Result<(), Failure> {
    show(context, opened, drafts, explain::to_ask)
}

/// Shows what a request does to who compares it: fingerprints first, old and new.
pub(super) fn to_compare(
    context: &Context<'_>,
    opened: &Opened,
    request: &Request,
) -> Result<(), Failure> {
    let Request { drafts, opener, .. } = request;
    show(context, opened, drafts, explain::to_compare)?;
    let released = drafts
        .iter()
        .any(|draft| draft.destination() == Destination::Released);
    let (what, count) = match released {
        true => ("released", drafts.len()),
        false => ("signed", drafts.len()),
    };
    let plural = if count == 1 { "" } else { "s" };
    context.say(&format!(
        "  nothing else is {what}: {count} signature{plural},"
    ));
    context.say(&format!("  read from the bytes, not from {opener}'s text"));
    Ok(())
}

fn show(
    context: &Context<'_>,
    opened: &Opened,
    drafts: &[Draft],
    lines: impl Fn(&Draft, &str) -> Vec<Line>,
) -> Result<(), Failure> {
    let certifies = |draft: &Draft| matches!(draft.plan(), Plan::Certify { .. });
    let in_full = match drafts.iter().all(certifies) {
        true => CERTIFICATIONS_IN_FULL,
        false => IN_FULL,
    };
    let needs_own = |draft: &Draft| draft.plan().is_about_itself() || certifies(draft);
    let in_use = match drafts.iter().any(needs_own) {
        true => Some(opened.in_use()?),
        false => None,
    };
    let warning = |draft: &Draft| match (draft.plan(), &in_use) {
        (Plan::Certify { user_id, .. }, Some(own)) if is_under_address_of(own, user_id) => {
            Some(format!("  {AS_SUCCESSOR}"))
        }
        _ => None,
    };
    if drafts.len() > in_full {
        for draft in drafts {
            context.say(&format!("  {}", explain::brief(draft)));
            if let Some(warning) = warning(draft) {
                context.say(&warning);
            }
        }
        context.say(&format!("  in all: {}", explain::title(drafts)));
        return Ok(());
    }
    let before = opened.certified_before(drafts);
    for draft in drafts {
        let old = match (subject(draft.plan()), &in_use) {
            (Some(subject), _) => before
                .get(&subject)
                .cloned()
                .unwrap_or_else(|| "not certified by us, as far as this vault tells".to_owned()),
            (None, Some(cert)) if draft.plan().is_about_itself() => {
                standing(cert, draft.plan(), opened.now)
            }
            (None, _) => match (draft.plan(), opened.successors()?.first()) {
                (Plan::Succeed { .. }, None) => "no successor".to_owned(),
                (Plan::Succeed { .. }, Some(other)) => format!(
                    "ANOTHER successor: {}",
                    explain::fingerprint(&other.fingerprint)
                ),
                _ => String::new(),
            },
        };
        context.say(&screen::lines(&lines(draft, &old)));
        if let Some(warning) = warning(draft) {
            context.say(&warning);
        }
    }
    Ok(())
}

/// What the certificate in use says now about what a plan changes.
fn standing(cert: &Cert, plan: &Plan, now: Timestamp) -> String {
    let policy = StandardPolicy::new();
    let now = SystemTime::from(look_at(cert, now));
    let Ok(valid) = cert.with_policy(&policy, now) else {
        return "the key is not valid now".to_owned();
    };
    let until = |end: Option<SystemTime>| match end {
        None => "without end".to_owned(),
        Some(end) => {
            let over = if end <= now { "EXPIRED" } else { "valid until" };
            format!("{over} {}", explain::day_or_time(Timestamp::from(end)))
        }
    };
    let primary = valid.primary_key();
    let revoked = |status: RevocationStatus<'_>| matches!(status, RevocationStatus::Revoked(_));
    match plan {
        Plan::KeySelf { .. } | Plan::RevokeKey { .. } => match revoked(valid.revocation_status()) {
            true => "REVOKED already".to_owned(),
            false => until(primary.key_expiration_time()),
        },
        Plan::UserIdSelf { user_id, .. } | Plan::RevokeUserId { user_id, .. } => {
            let found = valid.userids().find(|id| id.userid() == user_id);
            match found {
                None => "not a user ID of the key".to_owned(),
                Some(id) if revoked(id.revocation_status()) => "retired already".to_owned(),
                Some(id) => {
                    let life = id.binding_signature().key_validity_period();
                    let made = cert.primary_key().key().creation_time();
                    format!("in use, {}", until(life.map(|life| made + life)))
                }
            }
        }
        Plan::SubkeyBinding { subkey, .. } | Plan::RevokeSubkey { subkey, .. } => {
            let wanted = subkey.fingerprint();
            let found = valid
                .keys()
                .subkeys()
                .find(|key| key.key().fingerprint() == wanted);
            match found {
                None => "not bound to the key".to_owned(),
                Some(key) if revoked(key.revocation_status()) => "REVOKED already".to_owned(),
                Some(key) => {
                    let life = key.binding_signature().key_validity_period();
                    match own_end(key.key(), life) {
                        None => "bound, as long as the key".to_owned(),
                        end => format!("bound, {}", until(end)),
                    }
                }
            }
        }
        _ => String::new(),
    }
}
