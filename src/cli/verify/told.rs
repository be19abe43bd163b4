//! What `verify` tells of each request, and of drills that were tried in vain.

use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::opened::{Found, Opened};
use crate::cli::screen;

pub(super) fn requests_and_drills(context: &Context<'_>, opened: &Opened) {
    for found in opened.requests().into_iter().flatten() {
        describe(context, opened, &found);
    }
    for found in opened.drills().into_iter().flatten() {
        for told in opened.told_attempts(&*found.verified) {
            context.say(&format!("{:<12} drill; tried {told}", found.id));
        }
    }
}

fn describe(context: &Context<'_>, opened: &Opened, found: &Found) {
    let request = found.verified.request();
    let names = opened.approved_by(found);
    let declined = opened.declined_by(found);
    let declined = if declined.is_empty() {
        String::new()
    } else {
        format!("; declined by {}", screen::list(&declined))
    };
    let line = format!(
        "{:<12} {}; opened by {}; approved by {}{declined}",
        found.id,
        explain::title(&request.drafts),
        request.opener,
        screen::list(&names)
    );
    context.say(&screen::folded(&line, 13));
    if request.with.is_some() {
        context.say("             one of a pair; the other is another key's, in that key's vault");
    }
    for told in opened.told_attempts(&*found.verified) {
        context.say(&format!("             tried {told}"));
    }
    match opened.outcome(found) {
        Ok(Some(outcome)) => {
            let told = opened.told_result(found, &outcome, names.len());
            let line = format!("             {told}; no other result");
            context.say(&screen::folded(&line, 13));
        }
        Ok(None) if opened.was_carried_out(found) => {
            context.warn(&format!(
                "{}: its minutes are here, its result isn't: stopped before it was written, or taken away; \
                 {} can tell, and write it anew",
                found.id, request.opener
            ));
        }
        Ok(None) if opened.not_ended(found).is_err() => {
            context.say("             ended without a result: withdrawn or declined");
        }
        Ok(None) if request.closes <= context.world.clock.now() => {
            context.say("             closed without a result");
        }
        Ok(None) => context.say("             open"),
        Err(_) => context.say("             ITS RESULT IS NOT GENUINE"),
    }
}
