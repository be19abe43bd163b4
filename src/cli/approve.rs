//! `quorate approve`: a holder compares a request, types the words, and sends the share.

use std::path::{Path, PathBuf};

use clap::Args;

use super::context::Context;
use super::report::{Exit, Failure, path, request as request_failure};
use super::{Identity, certify, screen};
use crate::ceremony::approval::{Approval, WAYS};
use crate::ceremony::{submission, words};
use crate::world::{Batch, SafeText};

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it
    request: String,
    /// The eight words, if there is no terminal to type them at
    #[arg(long, value_name = "WORDS", requires = "way")]
    words: Option<String>,
    /// How the opener gave you the words: voice, room, paper or other
    #[arg(long, value_name = "WAY")]
    way: Option<String>,
    /// The folder for the submission; default: your home directory. With - it is written to the
    /// standard output, for a pipe, and everything else to the standard error
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let world = &context.world;
    let piped = options.out.as_deref() == Some(Path::new("-"));
    if piped {
        context.leave_the_output_free();
    }
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let found = opened.request(&options.request)?;
    let (id, verified) = (&found.id, &found.verified);
    let request = verified.request();
    let now = world.clock.now();
    verified
        .open_at(now)
        .map_err(|error| request_failure(id, &error))?;
    context.needs_force(&opened, request.kind)?;
    opened.wants_answers(&found)?;
    let set = opened.set(request.kind)?;
    let dealt = set
        .of(&me)
        .ok_or_else(|| Failure::new(Exit::Usage, format!("{me} holds no share for this")))?;
    let opener = &request.opener;
    let digest = verified.digest();

    context.say(&format!(
        "{opener} asks (signed with {opener}'s share key, {}), {me}:",
        screen::minute(request.opened)
    ));
    context.say("");
    context.say(&format!(
        "  with key  {}   (the known)",
        crate::ceremony::explain::fingerprint(&request.fingerprint)
    ));
    certify::show(context, &opened, &request.drafts);
    let plural = if request.drafts.len() == 1 { "" } else { "s" };
    context.say(&format!(
        "  nothing else is signed: {} signature{plural}, read from the bytes, not from {opener}'s text",
        request.drafts.len()
    ));
    context.say("");
    context.say(&format!(
        "Who could copy the key: {opener}, on {}, for the second in which it exists.",
        SafeText::new(&request.machine)
    ));
    let same = if request.program == context.program()? {
        "the same build as yours"
    } else {
        "ANOTHER build than yours"
    };
    context.say(&format!(
        "  program there: {}, {same}",
        SafeText::limited(&request.program, 40)
    ));
    context.say("Can't be undone: a share once sent; a certification once seen by others.");
    let approvals = opened.approvals(&found);
    let names: Vec<_> = approvals
        .iter()
        .map(|(approval, _)| approval.holder.clone())
        .collect();
    let declined: Vec<_> = opened
        .declines(&found)
        .into_iter()
        .map(|decline| decline.holder)
        .collect();
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
    context.say("");

    let way = match &options.way {
        Some(way) => way.clone(),
        None => world.terminal.ask(&format!(
            "How did {opener} give you the words (voice, room, paper, other)? "
        ))?,
    };
    let way = way.trim().to_lowercase();
    if !WAYS[..4].contains(&way.as_str()) {
        return Err(
            Failure::new(Exit::Usage, format!("'{}' is no way", SafeText::new(&way)))
                .fact("one of voice, room, paper, other; your share was not opened"),
        );
    }
    let typed = match &options.words {
        Some(words) => words.clone(),
        None => world.terminal.ask("The eight words (first letters do): ")?,
    };
    if !words::fit(&typed, &words::of(&[digest])) {
        return Err(Failure::new(
            Exit::Forged,
            "these are not the words of the request that you have here",
        )
        .fact(format!(
            "mistyped, or {opener}'s request is another one; your share was not opened"
        ))
        .next(format!(
            "call {opener}, compare `quorate show {id}`, and type them again"
        )));
    }
    context.say("they fit this request");

    let own = context.open_own(&opened, &me, request.kind, &options.identity)?;
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Failed,
            format!("the answer can't be written: {error}"),
        )
    };
    let approval = Approval {
        vault: request.vault,
        request: digest,
        set: request.set,
        holder: me.clone(),
        seat: dealt.seat,
        way,
        signed: now,
    };
    let key = &own.sealed.holder_key;
    let approval_file = approval.sign(key).map_err(|e| failed(&e))?;
    let sealed = submission::make(verified, &approval_file, &own.sealed.share_text, key)
        .map_err(|e| failed(&e))?;

    // For `submit`, which can't open it; nobody believes this line.
    let head = format!("quorate submission: request {digest} from {me}\n");
    let sealed = [head.as_bytes(), &sealed].concat();
    let folder = match &options.out {
        Some(_) if piped => opened.folder.clone(),
        Some(folder) => world.surroundings.resolve(folder),
        None => world.surroundings.home.clone().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "no home directory is set, so the submission has no place",
            )
            .next("name one: --out DIR")
        })?,
    };
    if !piped && folder.starts_with(&opened.folder) {
        return Err(
            Failure::new(Exit::Usage, "the submission would lie in the vault")
                .fact("it is not for git: it holds your share, encrypted")
                .next("name another folder: --out DIR"),
        );
    }
    let file = folder.join(format!("{id}-{me}.submission"));
    if !piped {
        Batch::new()
            .replace(&file, sealed.clone(), 0o600)
            .commit(world.files, world.random)?;
    }
    let relative = PathBuf::from(format!("approvals/{id}-{me}.approval"));
    context.write(&opened, vec![(relative.clone(), approval_file)])?;

    let count = names.iter().filter(|name| **name != me).count() + 1;
    context.say("");
    context.say(&format!(
        "{me} approved request {id}; that makes {count} of {} needed",
        set.threshold.get()
    ));
    if piped {
        world
            .terminal
            .say(String::from_utf8_lossy(&sealed).trim_end());
        context.say("the submission went to the standard output");
    } else {
        context.say(&format!(
            "send to {opener} by any way; only that machine can open it; not for git:"
        ));
        context.say(&format!("  {}", path(&file)));
    }
    context.share_by_git(
        &opened.folder,
        &relative.display().to_string(),
        &format!("Approve {id}: {me}"),
    );
    Ok(())
}
