//! `quorate decline` and `quorate withdraw`: a holder's no, and the opener's.

use clap::Args;

use super::context::Context;
use super::opened::{Found, Opened};
use super::report::{Exit, Failure, request as request_failure};
use super::{Identity, screen};
use crate::ceremony::objection::{Kind, MAX_REASON, is_a_reason};
use crate::roster::name::Name;

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it
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
    let found = opened.request(&options.request)?;
    let id = &found.id;
    let request = found.verified.request();
    if !is_a_reason(&options.because) {
        return Err(
            Failure::new(Exit::Usage, "--because wants a reason in one line").fact(format!(
                "at most {MAX_REASON} bytes, without control characters"
            )),
        );
    }
    found
        .verified
        .open_at(opened.now)
        .map_err(|error| request_failure(id, &error))?;
    opened.wants_answers(&found)?;
    match kind {
        Kind::Decline => may_decline(&opened, &found, &me)?,
        Kind::Withdrawal if request.opener == me => {}
        Kind::Withdrawal => {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "{id} was opened by {}; only {} can withdraw it",
                    request.opener, request.opener
                ),
            )
            .next(format!("quorate decline {id} --because '…'")));
        }
    }
    let own = context.open_own(&opened, &me, request.kind, &options.identity)?;
    let key = &own.sealed.holder_key;
    let (path, file) = opened.object(&found, kind, &me, options.because.trim(), key)?;
    context.write(&opened, vec![(path.clone(), file)])?;
    let opened = context.open()?;
    match kind {
        Kind::Decline => {
            let declined = opened.declines(&found);
            let (open, needed) = opened.still_possible(&found, &declined)?;
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
            let desk = context.desk(&opened, &found.verified.digest())?;
            let cleared = desk.clear(context.world.files)?;
            context.say(&format!(
                "{me} withdrew {id}; nobody's program answers it or carries it out any more"
            ));
            if cleared.key {
                context.say("the one-time key and what had arrived here were deleted");
            }
            if request.with.is_some() {
                context.say(
                    "the other one of the pair falls with it; withdraw that, too, in its own vault",
                );
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

/// Who has approved can't decline: the share may have been sent.
fn may_decline(opened: &Opened, found: &Found, me: &Name) -> Result<(), Failure> {
    let approved = opened.approvals(found);
    if approved.iter().any(|(approval, _)| approval.holder == *me) {
        let opener = &found.verified.request().opener;
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
