//! What a person sees of a request before saying yes.

use quorate_share::Kind;

use crate::cli::context::Context;
use crate::cli::opened::{Found, Opened};
use crate::cli::report::Failure;
use crate::cli::{display, new_holders, screen};
use crate::roster::name::Name;
use crate::world::SafeText;

/// Everything that a person has to know before saying yes; gives who has said it already.
pub(in crate::cli) fn explain(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    me: &Name,
    other: Option<&str>,
) -> Result<Vec<Name>, Failure> {
    let request = found.verified.request();
    let opener = &request.opener;
    context.say(&format!(
        "{opener} asks (signed with {opener}'s share key, {}), {me}:",
        screen::minute(request.opened)
    ));
    context.say("");
    context.say(&format!(
        "  with key  {}   (the known)",
        crate::ceremony::explain::fingerprint(&request.fingerprint)
    ));
    display::to_compare(context, opened, request)?;
    context.say("");
    if request.successor.is_some() {
        new_holders::tell(context, opened, request)?;
        context.say("");
    }
    if request.with.is_some() {
        context.say(&paired(found, other));
        context.say("");
    }
    let machine = SafeText::new(&request.machine);
    context.say(&match request.kind {
        Kind::Revocation => format!(
            "Who could copy all revocations that were made in advance: {opener}, on {machine}."
        ),
        _ => format!(
            "Who could copy the key: {opener}, on {machine}, for the second in which it exists."
        ),
    });
    let (there, here) = (SafeText::limited(&request.program, 120), context.program()?);
    let there = there.to_string().replacen(" sha256 ", "\n    sha256 ", 1);
    context.say(&format!("  program there: {there}"));
    if request.program == here {
        context.say("  the same build as yours");
    } else {
        let here = here.replacen(" sha256 ", "\n    sha256 ", 1);
        context.say(&format!("  ANOTHER build than yours: {here}"));
    }
    if opened.any_root_may_revoke {
        context.say("Any one root alone can end this key: so the team chose when it was made.");
    }
    context.say("Can't be undone: a share once sent; a signature once seen by others.");
    let names = opened.approved_by(found);
    let declined = opened.declined_by(found);
    let declined = if declined.is_empty() {
        String::new()
    } else {
        format!(" Declined: {}.", screen::list(&declined))
    };
    context.say(&format!(
        "Closes {}. Approved: {}.{declined}",
        screen::minute(request.closes),
        screen::list(&names)
    ));
    if names.contains(me) {
        context.say("You have approved it already. Again makes a new file to send; one is enough.");
    }
    context.say("");
    Ok(names)
}

/// What it means that a request is one of a pair; `other` is the id of the one that is answered along.
fn paired(found: &Found, other: Option<&str>) -> String {
    let what = match (other, &found.verified.request().successor) {
        (Some(other), _) => format!("with request {other}, which you see here, too"),
        (None, Some(_)) => {
            "with one of the new key, which asks that key's holders; you hold no share of it"
                .to_owned()
        }
        (None, None) => format!(
            "with one of another key; if you hold a share of that, too, answer both at once:\n\
             quorate approve {} --also DIR, with the folder of its vault",
            found.id
        ),
    };
    format!("One of a pair: carried out together or not at all, {what}.")
}
