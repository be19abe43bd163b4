//! `quorate receipts close`: in force although one is missing, signed and shown.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quorate_share::Kind;

use super::context::Context;
use super::report::{Exit, Failure};
use super::{Identity, screen};
use crate::vault::closing::Closing;
use crate::vault::force::together;
use crate::vault::render::kind_word;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Close the receipts without one person, by name; signed with your holder key, shown ever after
    #[command(after_help = super::example::CLOSE)]
    Close(Close),
}

#[derive(Args)]
pub(super) struct Close {
    /// Whose receipt is missing
    #[arg(long, value_name = "NAME")]
    without: String,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    let Command::Close(options) = command;
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let without = context.member_name(opened.manifest(), &options.without)?;
    if without == me {
        return Err(Failure::new(
            Exit::Usage,
            "nobody closes the receipts without the own one",
        )
        .next("quorate share receipt"));
    }
    let mut files = Vec::new();
    for kind in [Kind::Master, Kind::Revocation] {
        let (set, force) = (opened.set(kind)?, opened.force(kind, opened.now)?);
        if !force.missing.contains(&without) {
            continue;
        }
        let (k, n) = (usize::from(set.threshold.get()), set.shares.len());
        if n == k {
            return Err(Failure::new(
                Exit::Usage,
                format!(
                    "the {} set needs all {n} of you, so {without} can't be missing",
                    kind_word(kind)
                ),
            )
            .fact("nothing was changed"));
        }
        if force.shown.len() < k + 1 {
            return Err(Failure::new(
                Exit::Quorum,
                format!(
                    "too early: {} receipts of the {} set, {} are needed",
                    force.shown.len(),
                    kind_word(kind),
                    k + 1
                ),
            )
            .fact("one more than use the key, so that the loss of one doesn't end it")
            .next("the others: quorate share receipt"));
        }
        let own = context.open_own(&opened, &me, kind, &options.identity)?;
        let manifest = opened.manifest();
        let closing = Closing {
            kind,
            set: set.set,
            section: manifest
                .section_digest(kind)
                .ok_or_else(|| Failure::new(Exit::Forged, "vault.toml has no such share set"))?,
            without: without.clone(),
            holder: me.clone(),
            signed: opened.now,
        };
        let file = closing
            .sign(manifest, &own.sealed.holder_key)
            .map_err(|error| {
                Failure::new(Exit::Failed, format!("the note can't be written: {error}"))
            })?;
        files.push((PathBuf::from(closing.path(&file)), file));
    }
    if files.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{without} has shown that the own shares open; nothing is missing"),
        ));
    }
    context.write(&opened, files)?;
    let opened = context.open()?;
    context.say(&format!(
        "{me} closed the receipts without {without}; that is shown ever after"
    ));
    context.say(&format!("  whether {without}'s shares open, nobody knows;"));
    context.say(&format!(
        "  a later receipt of {without} is taken at any time"
    ));
    let (master, revocation) = (
        opened.force(Kind::Master, opened.now)?,
        opened.force(Kind::Revocation, opened.now)?,
    );
    if master.is_in_force() && revocation.is_in_force() {
        context.say("the key can be used");
    } else {
        let missing = together(&master.not_closed(), &revocation.not_closed());
        context.say(&format!("still missing: {}", screen::list(&missing)));
    }
    context.share_by_git(
        &opened.folder,
        "receipts",
        &format!("Receipts closed without {without}: {me}"),
    );
    Ok(())
}
