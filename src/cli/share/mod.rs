//! `quorate share verify|receipt|show|practice|card`: a holder's own shares, all of them in one call.

mod card;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quorate_share::Kind;

use super::attest::attested::lacking;
use super::context::Context;
use super::expect::Expected;
use super::report::{Exit, Failure};
use super::revoke::alone;
use super::{Identity, example, screen};
use crate::vault::receipt::Receipt;
use crate::vault::render::kind_word;
use crate::world::Timestamp;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Open your shares and compare them with what the key signed; nothing is shown or written
    #[command(after_help = "Example:\n  quorate share verify -i age-identity.txt")]
    Verify(Own),
    /// Sign that your shares open and are true; the key is in force when all have done so
    #[command(
        after_help = "Writes receipts/.\n\nExample:\n  quorate share receipt --as ben -i age-identity.txt\n  quorate share receipt --expect-roster my-copy-of-team.toml"
    )]
    Receipt(ReceiptOptions),
    /// Print a share as text, to be written down: whoever sees it has it
    #[command(after_help = "Example:\n  quorate share show --of revocation --yes")]
    Show(Show),
    /// Print a practice share as text: it opens the practice file, which is worthless
    #[command(after_help = example::SHARE_PRACTICE)]
    Practice(Show),
    /// One page for you: what you hold, whom to call, what to do on the worst day
    #[command(after_help = example::SHARE_CARD)]
    Card(card::Options),
}

#[derive(Args)]
pub(super) struct Own {
    #[command(flatten)]
    identity: Identity,
}

#[derive(Args)]
pub(super) struct ReceiptOptions {
    #[command(flatten)]
    expected: Expected,
    #[command(flatten)]
    own: Own,
}

#[derive(Args)]
pub(super) struct Show {
    /// Which share: master or revocation
    #[arg(long = "of", value_name = "SET", default_value = "master")]
    of: String,
    /// You are alone with your screen
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    identity: Identity,
}

const KINDS: [Kind; 2] = [Kind::Master, Kind::Revocation];

fn purpose(kind: Kind) -> &'static str {
    if kind == Kind::Master {
        "for using the key"
    } else {
        "for revoking it"
    }
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Verify(own) => verify(context, own),
        Command::Receipt(options) => receipt(context, options),
        Command::Show(show) => print(context, show, Which::Real),
        Command::Practice(show) => print(context, show, Which::Practice),
        Command::Card(options) => card::run(context, options),
    }
}

fn verify(context: &Context<'_>, own: &Own) -> Result<(), Failure> {
    let opened = context.open()?;
    let me = context.me(&opened)?;
    for kind in KINDS {
        context.open_own(&opened, &me, kind, &own.identity)?;
        context.say(&format!(
            "{:<18}  opens; it is the share that was dealt to you",
            purpose(kind)
        ));
    }
    if opened.any_root_may_revoke {
        alone::verify(context, &opened, &me, &own.identity)?;
        let what = "for ending it alone";
        context.say(&format!(
            "{what:<18}  opens; the key's own revocations are in it"
        ));
    }
    context.say("nothing was shown, sent or written");
    Ok(())
}

fn receipt(context: &Context<'_>, options: &ReceiptOptions) -> Result<(), Failure> {
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let own = &options.own;
    options.expected.compare(context, &opened)?;
    let now: Timestamp = context.world.clock.now();
    let mut files = Vec::new();
    for kind in KINDS {
        let share = context.open_own(&opened, &me, kind, &own.identity)?;
        let manifest = opened.manifest();
        let section = manifest
            .section_digest(kind)
            .ok_or_else(|| Failure::new(Exit::Forged, "vault.toml has no such share set"))?;
        let receipt = Receipt {
            kind,
            set: opened.set(kind)?.set,
            section,
            holder: me.clone(),
            seat: share.dealt.seat,
            signed: now,
        };
        let file = receipt
            .sign(manifest, &share.sealed.holder_key)
            .map_err(|error| {
                Failure::new(
                    Exit::Failed,
                    format!("the receipt can't be written: {error}"),
                )
            })?;
        files.push((PathBuf::from(Receipt::path(&me, &file)), file));
    }
    let paths: Vec<String> = files
        .iter()
        .map(|(path, _)| path.display().to_string())
        .collect();
    context.write(&opened, files)?;
    context.say(&format!(
        "{me} signed on {}: both own shares opened and are true",
        now.day()
    ));
    context.say(&format!("  {}", paths.join("   ")));
    let again = context.open()?;
    let missing = again.force(Kind::Master, now)?.missing;
    if missing.is_empty() {
        context.say("that was the last receipt: the key can be used");
        let attested = again.attested()?;
        if !attested.is_enough() {
            context.say(&format!(
                "before a signing subkey is bound, {} must sign it: quorate attest",
                lacking(&attested)
            ));
        }
    } else {
        context.say(&format!(
            "{me}, nothing else waits for you. Missing: {}",
            screen::list(&missing)
        ));
    }
    context.share_by_git(&opened.folder, "receipts", &format!("Receipts: {me}"));
    Ok(())
}

/// Which of the two shares in a sealed one.
#[derive(Clone, Copy, PartialEq)]
enum Which {
    Real,
    Practice,
}

fn print(context: &Context<'_>, show: &Show, which: Which) -> Result<(), Failure> {
    let kind = set_named(&show.of)?;
    if !show.yes {
        let set = kind_word(kind);
        // Both are asked for alike, so that the hands learn one way; what one sees tells which it is.
        context.note(&match which {
            Which::Real => format!("whoever sees the next lines has your share of the {set} set"),
            Which::Practice => {
                format!("the next lines are your PRACTICE share of the {set} set: it opens nothing of worth")
            }
        });
        let answer = context.ask("Are you alone with this screen? Type yes: ", "--yes")?;
        if answer.trim() != "yes" {
            return Err(Failure::new(Exit::Failed, "not shown").fact("nothing was changed"));
        }
    }
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let share = context.open_own(&opened, &me, kind, &show.identity)?;
    let text = match which {
        Which::Real => &share.sealed.share_text,
        Which::Practice => &share.sealed.practice_text,
    };
    context.say(text.trim_end());
    Ok(())
}

/// The share set that `--of` names.
pub(super) fn set_named(of: &str) -> Result<Kind, Failure> {
    match of {
        "master" => Ok(Kind::Master),
        "revocation" => Ok(Kind::Revocation),
        _ => Err(Failure::new(Exit::Usage, "--of is master or revocation")),
    }
}
