//! `quorate retire`: the end of a key that has served its time, and what of it is left.

use std::path::{Path, PathBuf};

use clap::Args;
use quorate_share::Kind;

use super::Identity;
use super::context::Context;
use super::opened::Opened;
use super::report::{Exit, Failure, path};
use super::screen;
use crate::roster::name::Name;
use crate::vault::destruction::Destruction;
use crate::vault::render::kind_word;

#[derive(Args)]
pub(super) struct Options {
    /// Sign that your shares, and each copy of them that you know, are destroyed; opens them a last time
    #[arg(long, conflicts_with = "clear")]
    destroyed: bool,
    /// Take the master file and the sealed shares out of the folder; what can be verified stays
    #[arg(long)]
    clear: bool,
    /// Don't ask before --clear
    #[arg(long, requires = "clear")]
    yes: bool,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    if options.destroyed {
        has_ended(&opened)?;
        return destroyed(context, &opened, &options.identity);
    }
    if options.clear {
        has_ended(&opened)?;
        return clear(context, &opened, options.yes);
    }
    tell(context, &opened)
}

/// Refuses to take apart what can still be used.
fn has_ended(opened: &Opened) -> Result<(), Failure> {
    let key = opened.key_now()?;
    if key.has_ended(opened.now) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        format!("the key lives until {}", key.expires.day()),
    )
    .fact("as long as it does, its shares are needed to end it")
    .next("let it expire, or: quorate revoke key --reason retired"))
}

fn tell(context: &Context<'_>, opened: &Opened) -> Result<(), Failure> {
    let key = opened.key_now()?;
    let ended = key.has_ended(opened.now);
    let step = |done: bool| if done { "done" } else { "  - " };
    context.say(&format!(
        "{}  ended: {}",
        step(ended),
        match &key.revoked {
            Some(why) => format!("revoked {why}"),
            None => format!("by itself on {}", key.expires.day()),
        }
    ));
    let successors = opened.successors()?;
    context.say(&format!(
        "{}  a successor is certified",
        step(!successors.is_empty())
    ));
    let gone = opened.destructions();
    let left: Vec<&Name> = opened
        .roster
        .iter()
        .map(|member| &member.name)
        .filter(|name| !gone.contains(name))
        .collect();
    context.say(&format!(
        "{}  shares destroyed: {} of {}; not yet said by: {}",
        step(left.is_empty()),
        gone.len(),
        opened.roster.len(),
        screen::list(&left)
    ));
    let master = opened.set(Kind::Master)?.file.clone();
    let there = context
        .world
        .files
        .kind(&opened.folder.join(&master))?
        .is_some();
    context.say(&format!("{}  {master} is out of the folder", step(!there)));
    context.say("");
    context.say("What this doesn't achieve: git and backups keep every file; a share that was");
    context.say("copied is still a share. What can be verified stays for ever: the manifest,");
    context.say("requests, results, minutes.");
    context.advise(match (ended, left.is_empty(), there) {
        (false, ..) => {
            "  next: let it expire; or, with a sentence for the users:\n        quorate revoke key --reason retired"
        }
        (true, false, _) => "  next, each of you: quorate retire --destroyed",
        (true, true, true) => "  next: quorate retire --clear",
        (true, true, false) => "  nothing is left to do",
    });
    Ok(())
}

fn destroyed(context: &Context<'_>, opened: &Opened, identity: &Identity) -> Result<(), Failure> {
    let me = context.me(opened)?;
    let mut files = Vec::new();
    for kind in [Kind::Master, Kind::Revocation] {
        let own = context.open_own(opened, &me, kind, identity)?;
        let manifest = opened.manifest();
        let destruction = Destruction {
            kind,
            set: opened.set(kind)?.set,
            section: manifest
                .section_digest(kind)
                .ok_or_else(|| Failure::new(Exit::Forged, "vault.toml has no such share set"))?,
            holder: me.clone(),
            signed: opened.now,
        };
        let file = destruction
            .sign(manifest, &own.sealed.holder_key)
            .map_err(|error| {
                Failure::new(Exit::Failed, format!("the word can't be written: {error}"))
            })?;
        files.push((PathBuf::from(destruction.path(&file)), file));
    }
    context.write(opened, files)?;
    context.say(&format!(
        "{me} signed that both own shares and each known copy of them are destroyed"
    ));
    context.say("now do it: paper, notes, printed cards; and the key that opens them, if it opens");
    context.say("nothing else:");
    for kind in [Kind::Master, Kind::Revocation] {
        if let Some(dealt) = opened.set(kind)?.of(&me) {
            context.say(&format!(
                "  {} ({}; it stays in git and in backups)",
                dealt.sealed,
                kind_word(kind)
            ));
        }
    }
    context.share_by_git(&opened.folder, "receipts", &format!("Destroyed: {me}"));
    Ok(())
}

fn clear(context: &Context<'_>, opened: &Opened, yes: bool) -> Result<(), Failure> {
    let mut names: Vec<String> = Vec::new();
    for set in opened.manifest().sets() {
        if set.kind == Kind::Master {
            names.push(set.file.clone());
        }
        names.extend(set.shares.iter().map(|dealt| dealt.sealed.clone()));
    }
    let files = context.world.files;
    let mut there = Vec::new();
    for name in names {
        // A link that git brought may lead into another vault.
        for folder in Path::new(&name).ancestors().skip(1) {
            context.must_be_a_folder(&opened.folder.join(folder))?;
        }
        if files.kind(&opened.folder.join(&name))?.is_some() {
            there.push(name);
        }
    }
    if there.is_empty() {
        context.say("nothing is left to be taken away");
        return Ok(());
    }
    if !yes {
        let question = format!(
            "Take {} files out of the folder, the master file and all sealed shares?\nType yes: ",
            there.len()
        );
        if context.world.terminal.ask(&question)?.trim() != "yes" {
            return Err(Failure::new(Exit::Failed, "not cleared").fact("nothing was changed"));
        }
    }
    let _lock = context.lock(&opened.folder)?;
    for name in &there {
        files.remove(&opened.folder.join(name))?;
    }
    files.sync_dir(&opened.folder)?;
    context.say(&format!(
        "{} files were taken out of {}; git and backups still have them",
        there.len(),
        path(&opened.folder)
    ));
    context.share_by_git(&opened.folder, "-u .", "Retired: no share left in the tree");
    Ok(())
}

impl Opened {
    /// Whether the key is revoked or expired.
    pub(super) fn has_ended(&self) -> Result<bool, Failure> {
        Ok(self.key_now()?.has_ended(self.now))
    }

    /// Who has signed that both own shares are destroyed.
    pub(super) fn destructions(&self) -> Vec<&Name> {
        let said: Vec<Destruction> = self
            .evidence
            .destructions
            .iter()
            .filter_map(|(_, file)| Destruction::read(file, self.manifest()).ok())
            .filter(|one| one.signed <= self.now.plus_days(1))
            .collect();
        let both = |name: &Name| {
            [Kind::Master, Kind::Revocation].iter().all(|kind| {
                said.iter()
                    .any(|one| one.holder == *name && one.kind == *kind)
            })
        };
        self.roster
            .iter()
            .map(|member| &member.name)
            .filter(|name| both(name))
            .collect()
    }
}
