//! `quorate submit`: an answer into the inbox of the operator's machine, from a file, a paste or a pipe.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::desk::{Desk, OneTimeKey};
use super::opened::{Found, Opened};
use super::pair::{self, Other};
use super::report::{Exit, Failure, path};
use crate::ceremony::asked::Asked as _;
use crate::ceremony::submission::{BEGIN, END, MAX_SUBMISSION, normalized, split};
use crate::vault::record::Digest;
use crate::world::{Batch, Kind as FileKind};

/// Most files in an inbox; more than anybody's team sends.
const MAX_INBOX: usize = 1000;

#[derive(Args)]
pub(super) struct Options {
    /// Files with submissions, as they came; without any, the standard input is read
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The request or drill that they answer, if they don't say so and several of yours are open
    #[arg(long, value_name = "ID")]
    request: Option<String>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let mut texts = Vec::new();
    for file in &options.files {
        let full = context.world.surroundings.resolve(file);
        texts.push((
            path(file).to_string(),
            context.world.files.read(&full, MAX_SUBMISSION)?,
        ));
    }
    if texts.is_empty() {
        if context.world.terminal.is_interactive() {
            context.note("paste the submission, then Ctrl-D on a line of its own:");
        }
        let text = context.world.terminal.input(MAX_SUBMISSION)?;
        texts.push(("the standard input".to_owned(), text));
    }
    let mine = mine(context, &opened)?;
    let each = texts
        .iter()
        .flat_map(|(name, text)| split(text).into_iter().map(move |part| (name, part)));
    for (name, text) in each {
        let armor = normalized(text);
        if !armor.starts_with(BEGIN) || !armor.trim_ascii_end().ends_with(END) {
            return Err(Failure::new(Exit::Forged, format!("{name} holds no whole submission"))
                .fact("one begins with BEGIN AGE ENCRYPTED FILE and ends with END AGE ENCRYPTED FILE")
                .fact("nothing was stored")
                .next("ask for it again; a file or a pipe cuts less than a mail"));
        }
        let Mine {
            id,
            desk,
            needed,
            perform,
            ..
        } = request_of(&mine, options, text)?;
        let folders = desk.folders();
        let here = match context.world.files.kind(&desk.inbox)? {
            Some(FileKind::Folder) => context.world.files.list(&desk.inbox)?.len(),
            _ => 0,
        };
        if here >= MAX_INBOX {
            return Err(
                Failure::new(Exit::Failed, format!("{here} submissions lie here already"))
                    .fact("nothing was stored")
                    .next(format!("look into {}", path(&desk.inbox))),
            );
        }
        let digest = Digest::of(&armor).to_string();
        let file = desk.inbox.join(format!("{}.submission", &digest[..16]));
        let again = context.world.files.kind(&file)?.is_some();
        let mut batch = Batch::new();
        for folder in folders {
            batch = batch.folder(folder, 0o700);
        }
        batch
            .replace(&file, armor, 0o600)
            .commit(context.world.files, context.world.random)?;
        context.say(&if again {
            format!("{name}: it lay here already, for {id}")
        } else {
            format!("{name}:\n  stored for {id}; what is in it shows when it is carried out")
        });
        if desk.key(context.world.files)? == OneTimeKey::InMemory {
            context.advise("its live session shows it now");
            continue;
        }
        let count = context.world.files.list(&desk.inbox)?.len();
        context.advise(&format!("{count} arrived here, {needed} are needed"));
        if count >= usize::from(*needed) {
            context.advise(&format!("  next: {perform}"));
        }
    }
    Ok(())
}

/// An open request or drill of this machine.
struct Mine {
    id: String,
    digest: Digest,
    desk: Desk,
    needed: u8,
    /// What carries it out.
    perform: String,
}

/// All requests and drills of this machine that can still be answered.
fn mine(context: &Context<'_>, opened: &Opened) -> Result<Vec<Mine>, Failure> {
    let mut mine = Vec::new();
    for found in opened.requests().into_iter().flatten() {
        let Some(first) = request(context, opened, &found)? else {
            continue;
        };
        let perform = first.perform.clone();
        mine.push(first);
        // What is wrong with the other keeps no answer to anything else out.
        match other_of(context, opened, &found) {
            Ok(None) => {}
            Ok(Some((there, opened, found))) => {
                let second = request(&there, &opened, &found)?;
                mine.extend(second.map(|second| Mine { perform, ..second }));
            }
            Err(failure) => context.warn(&format!(
                "the other one of the pair {} can't be answered: {}",
                found.id,
                failure.what()
            )),
        }
    }
    for found in opened.drills().into_iter().flatten() {
        let digest = found.verified.digest();
        let desk = context.drill_desk(opened, &digest)?;
        let open = found.verified.open_at(opened.now).is_ok() && opened.not_ended(&found).is_ok();
        if open && desk.key(context.world.files)?.is_here() {
            mine.push(Mine {
                needed: opened.set(found.verified.kind())?.threshold.get(),
                perform: format!("quorate drill perform {}", found.id),
                id: found.id,
                digest,
                desk,
            });
        }
    }
    Ok(mine)
}

/// A request, if it is of this machine and can still be answered.
fn request(context: &Context<'_>, opened: &Opened, found: &Found) -> Result<Option<Mine>, Failure> {
    let digest = found.verified.digest();
    let desk = context.desk(opened, &digest)?;
    let open = found.verified.open_at(opened.now).is_ok() && opened.not_ended(found).is_ok();
    if !open || !desk.key(context.world.files)?.is_here() {
        return Ok(None);
    }
    Ok(Some(Mine {
        needed: opened.set(found.verified.request().kind)?.threshold.get(),
        perform: format!("quorate perform {}", found.id),
        id: found.id.clone(),
        digest,
        desk,
    }))
}

/// The other one of a pair, where this machine has its vault: answers to both come together.
fn other_of<'w>(
    context: &Context<'w>,
    opened: &Opened,
    found: &Found,
) -> Result<Option<(Context<'w>, Opened, Found)>, Failure> {
    let (Some(_), Some(me)) = (found.verified.request().with, opened.remembered_me()) else {
        return Ok(None);
    };
    // What was carried out or has closed is asked for nowhere.
    if found.verified.open_at(opened.now).is_err() {
        return Ok(None);
    }
    let Some(folder) = pair::folder(context, opened, found, None)? else {
        return Ok(None);
    };
    let other = Other::open(context, found, me, &folder)?;
    Ok(Some((other.context, other.opened, other.found)))
}

/// The one that a submission answers: named, or said in the text, or the only one.
fn request_of<'m>(mine: &'m [Mine], options: &Options, text: &[u8]) -> Result<&'m Mine, Failure> {
    let text = String::from_utf8_lossy(text);
    let fits = |mine: &Mine| match &options.request {
        Some(wanted) => mine.id.starts_with(wanted.as_str()) && wanted.len() >= 4,
        None => text.contains(&mine.digest.to_string()),
    };
    let ids: Vec<String> = mine.iter().map(|mine| mine.id.clone()).collect();
    let only = mine.len() == 1 && options.request.is_none();
    let found = mine.iter().find(|mine| fits(mine));
    found.or(mine.first().filter(|_| only)).ok_or_else(|| {
        let failure = Failure::new(
            Exit::Usage,
            "no open request of this machine is answered by that",
        );
        if ids.is_empty() {
            failure
                .fact("none is open here")
                .next("submit on the machine that opened the request")
        } else {
            failure
                .fact(format!("open here: {}; nothing was stored", ids.join(", ")))
                .next("name the one that is meant: --request ID")
        }
    })
}
