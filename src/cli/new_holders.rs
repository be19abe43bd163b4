//! Who holds the successor that a request certifies: from the manifest that the request carries, beside the own roster.

use quorate_share::Kind;

use super::context::Context;
use super::opened::Opened;
use super::report::{Exit, Failure};
use super::screen;
use crate::ceremony::explain;
use crate::ceremony::request::Request;
use crate::roster::name::Name;
use crate::vault::manifest::{Manifest, Member, SignedManifest};
use crate::vault::pins::PinError;

/// Shows them, and whether this machine knows that key.
pub(super) fn tell(
    context: &Context<'_>,
    opened: &Opened,
    request: &Request,
) -> Result<(), Failure> {
    let Some(successor) = &request.successor else {
        return Ok(());
    };
    let new = successor.signed();
    let (before, after) = (names(opened.manifest()), names(new));
    let only = |these: &[Name], not: &[Name]| -> Vec<Name> {
        let mut these = these.to_vec();
        these.retain(|name| !not.contains(name));
        these
    };
    context.say("Who holds the successor, as its own key has signed it:");
    let row = |label: &str, text: String| context.say(&format!("  {label:<9} {text}"));
    row("roots", screen::list(&after));
    let (leave, join) = (only(&before, &after), only(&after, &before));
    if !(leave.is_empty() && join.is_empty()) {
        row(
            "changed",
            format!(
                "leave: {}; join: {}",
                screen::list(&leave),
                screen::list(&join)
            ),
        );
    }
    let others = with_other_keys(opened.manifest(), new);
    if !others.is_empty() {
        row(
            "keys",
            format!("other keys than here: {}", screen::list(&others)),
        );
    }
    row(
        "needed",
        format!("{}   (here {})", needed(new), needed(opened.manifest())),
    );
    if new.any_root_may_revoke {
        row("", "any one of them alone can end it".to_owned());
    }
    context.say(&compared(context, new)?);
    Ok(())
}

/// Compares the key and its manifest with what this machine remembers from an own receipt there.
fn compared(context: &Context<'_>, new: &SignedManifest) -> Result<String, Failure> {
    let known = match context.pins() {
        Ok(pins) => pins.of_key(&new.fingerprint)?,
        Err(_) => None,
    };
    let Some(known) = known else {
        return Ok(
            "The successor is UNKNOWN to this machine: compare its fingerprint by voice, or run\n\
             quorate in its own vault first."
                .to_owned(),
        );
    };
    match known.check(new) {
        Ok(()) if known.manifest != new.digest().to_string() => Ok(
            "The successor is a key that this machine knows; its manifest is a newer one than this machine has seen."
                .to_owned(),
        ),
        Ok(()) => Ok(
            "The successor is a key that this machine knows: you compared it there; its manifest is the same."
                .to_owned(),
        ),
        Err(PinError::Older { .. }) => Ok(
            "The successor is a key that this machine knows; its manifest there is a newer one."
                .to_owned(),
        ),
        Err(_) => Err(Failure::new(
            Exit::Forged,
            "the successor's manifest in the request is another one than this machine knows",
        )
        .fact(format!("key     {}", explain::fingerprint(&new.fingerprint)))
        .fact(format!("known   {}", known.manifest))
        .fact(format!("there   {}", new.digest()))
        .fact("two manifests of one generation are an alarm; no share was opened")
        .next("call the other roots, by voice")),
    }
}

/// The roots of both whose shares are sealed to another key there, or who attest with another. A name is whatever the
/// one has called it who made the key.
fn with_other_keys(here: &Manifest, there: &Manifest) -> Vec<Name> {
    let differs = |new: &&Member| {
        let old = here.member(&new.name);
        old.is_some_and(|old| old.seal != new.seal || old.attest_key() != new.attest_key())
    };
    let others = there.roster.iter().filter(differs);
    others.map(|member| member.name.clone()).collect()
}

fn names(manifest: &Manifest) -> Vec<Name> {
    let roster = manifest.roster.iter();
    roster.map(|member| member.name.clone()).collect()
}

/// `2 of 3 use it, 2 of 3 revoke it`.
fn needed(manifest: &Manifest) -> String {
    let of = |kind| {
        manifest.set(kind).map_or_else(
            || "none".to_owned(),
            |set| format!("{} of {}", set.threshold.get(), set.shares.len()),
        )
    };
    format!(
        "{} use it, {} revoke it",
        of(Kind::Master),
        of(Kind::Revocation)
    )
}
