//! `quorate decline` and `quorate withdraw`: a holder's no, and the opener's, to a request or a drill.

use clap::Args;

use super::context::Context;
use super::desk::Desk;
use super::drill;
use super::opened::{Found, Opened};
use super::report::{Exit, Failure, request as request_failure};
use super::{Identity, screen};
use crate::ceremony::asked::Asked;
use crate::ceremony::objection::{Kind, MAX_REASON, is_a_reason};
use crate::roster::name::Name;

#[derive(Args)]
pub(super) struct Options {
    /// The request or drill: its id, or the beginning of it
    request: String,
    /// Why, in one line; everybody will see it
    #[arg(long, value_name = "REASON")]
    because: String,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, kind: Kind, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let me = context.me(&opened)?;
    if !is_a_reason(&options.because) {
        return Err(
            Failure::new(Exit::Usage, "--because wants a reason in one line").fact(format!(
                "at most {MAX_REASON} bytes, without control characters"
            )),
        );
    }
    if opened.names_a_drill(&options.request) {
        let found = opened.drill(&options.request)?;
        let id = &found.id;
        let drill = &*found.verified;
        drill
            .open_at(opened.now)
            .map_err(|error| drill::refused(id, &error))?;
        if opened.drilled(&found).is_some() {
            return Err(drill::done_already(id));
        }
        opened.not_ended(&found)?;
        let desk = context.drill_desk(&opened, &drill.digest())?;
        return object(context, opened, &me, kind, options, &found, &desk);
    }
    let found = opened.request(&options.request)?;
    let id = &found.id;
    let request = &*found.verified;
    request
        .open_at(opened.now)
        .map_err(|error| request_failure(id, &error))?;
    opened.wants_answers(&found)?;
    let desk = context.desk(&opened, &request.digest())?;
    object(context, opened, &me, kind, options, &found, &desk)?;
    if kind == Kind::Withdrawal && request.request().with.is_some() {
        context
            .say("the other one of the pair falls with it; withdraw that, too, in its own vault");
    }
    Ok(())
}

fn object<A: Asked>(
    context: &Context<'_>,
    opened: Opened,
    me: &Name,
    kind: Kind,
    options: &Options,
    found: &Found<A>,
    desk: &Desk,
) -> Result<(), Failure> {
    let (id, asked) = (&found.id, &*found.verified);
    let opener = asked.opener();
    match kind {
        Kind::Decline => may_decline(&opened, found, me)?,
        Kind::Withdrawal if opener == me => {}
        Kind::Withdrawal => {
            return Err(Failure::new(
                Exit::Usage,
                format!("{id} was opened by {opener}; only {opener} can withdraw it"),
            )
            .next(format!("quorate decline {id} --because '…'")));
        }
    }
    let own = context.open_own(&opened, me, asked.kind(), &options.identity)?;
    let key = &own.sealed.holder_key;
    let (path, file) = opened.object(found, kind, me, options.because.trim(), key)?;
    context.write(&opened, vec![(path.clone(), file)])?;
    let opened = context.open()?;
    match kind {
        Kind::Decline => {
            let declined = opened.declines(found);
            let (open, needed) = opened.still_possible(found, &declined)?;
            context.say(&format!(
                "{me} declined {id}; nothing of the share left this machine"
            ));
            if open.len() >= needed {
                context.say(&format!(
                    "{needed} of {} can still carry it out",
                    screen::list(&open)
                ));
            } else {
                context.say(&format!(
                    "that ends it: {needed} are needed, and {} are left",
                    open.len()
                ));
            }
        }
        Kind::Withdrawal => {
            let cleared = desk.clear(context.world.files)?;
            context.say(&format!(
                "{me} withdrew {id}; nobody's program answers it or carries it out any more"
            ));
            if cleared.key {
                context.say("the one-time key and what had arrived here were deleted");
            }
        }
    }
    context.share_by_git(
        &opened.folder,
        &path.display().to_string(),
        &format!(
            "{} {id}: {me}",
            if kind == Kind::Decline {
                "Decline"
            } else {
                "Withdraw"
            }
        ),
    );
    Ok(())
}

/// Who has approved can't decline: the share may have been sent. In a drill it is the same, since it teaches.
fn may_decline(opened: &Opened, found: &Found<impl Asked>, me: &Name) -> Result<(), Failure> {
    if opened.approved_by(found).contains(me) {
        let opener = found.verified.opener();
        return Err(Failure::new(
            Exit::Usage,
            format!("{me} has approved {} already", found.id),
        )
        .fact("a share that was sent can't be called back")
        .next(if opener == me {
            format!("quorate withdraw {} --because '…'", found.id)
        } else {
            format!("call {opener} and ask for: quorate withdraw {}", found.id)
        }));
    }
    Ok(())
}
