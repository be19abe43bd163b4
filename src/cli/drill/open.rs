//! `quorate drill open`.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use clap::Args;
use zeroize::Zeroizing;

use super::NOTHING_AT_STAKE;
use super::evidence::Found;
use crate::ceremony::approval::OPENER;
use crate::ceremony::asked::Asked as _;
use crate::ceremony::drill::{Drill, VerifiedDrill};
use crate::ceremony::words;
use crate::cli::context::Context;
use crate::cli::desk::one_time;
use crate::cli::desk::one_time::Secrets;
use crate::cli::desk::table::Table;
use crate::cli::gather::here;
use crate::cli::opened::{Opened, ids_of};
use crate::cli::own_share::Answer;
use crate::cli::report::{Exit, Failure};
use crate::cli::share::set_named;
use crate::cli::{Identity, screen};
use crate::roster::opening::OneTimeIdentity;
use crate::session::locked::LockedBytes;
use crate::vault::record::Digest;
use crate::vault::render::kind_word;
use crate::world::Batch;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Whose holders practise: master or revocation
    #[arg(long = "of", value_name = "SET", default_value = "master")]
    of: String,
    /// Take the answers now, one after the other at this keyboard; the one-time key is in this
    /// process's memory only, and ends with it
    #[arg(long)]
    here: bool,
    /// With --here: refuse to carry it out if this machine lacks any hardening
    #[arg(long, requires = "here")]
    strict: bool,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let kind = set_named(&options.of)?;
    if options.here && !context.world.terminal.is_interactive() {
        return Err(
            Failure::new(Exit::Usage, "--here needs a terminal, and there is none")
                .fact("no drill was opened")
                .next("leave it away, and carry the drill out later: quorate drill perform"),
        );
    }
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let world = &context.world;
    let manifest = opened.manifest();
    let set = opened.set(kind)?;
    let own = context.open_own(&opened, &me, kind, &options.identity)?;
    let one_time = OneTimeIdentity::generate();
    let now = world.clock.now();
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, format!("the drill can't be written: {error}"))
    };
    let file = Drill {
        vault: manifest.vault_id,
        fingerprint: manifest.fingerprint.clone(),
        kind,
        set: set.practice_set,
        generation: set.generation,
        opener: me.clone(),
        machine: world.surroundings.machine.to_string(),
        program: context.program()?,
        opened: now,
        closes: now.plus_days(manifest.request_days),
        one_time: one_time.recipient().to_string(),
    }
    .sign(&own.sealed.holder_key)
    .map_err(|e| failed(&e))?;
    // Read back as the others will read it, before anybody is asked.
    let verified = VerifiedDrill::read(&file, manifest).map_err(|e| failed(&e))?;
    let digest = verified.digest();
    let id = new_id(context, &opened, &digest)?;
    let Answer {
        approval,
        submission,
    } = own.practise(&verified, OPENER, now)?;

    let desk = context.drill_desk(&opened, &digest)?;
    let mut batch = Batch::new();
    for folder in desk.folders() {
        batch = batch.folder(folder, 0o700);
    }
    if !options.here {
        let secret = one_time::sealed(context, &opened, &own, &one_time)?;
        let inbox = desk.inbox.join(format!("{me}.submission"));
        batch =
            batch
                .put(inbox, submission.clone(), 0o600)
                .put(desk.one_time.clone(), secret, 0o600);
    }
    batch.commit(world.files, world.random)?;
    // From here on another terminal can see that the key is in this process's memory.
    let held = match options.here {
        true => Some(world.files.lock(&desk.live)?),
        false => None,
    };
    // Only now, with the one-time key at hand; an answer without its drill would be an orphan.
    let paths = [
        format!("drills/{id}.drill"),
        format!("drills/{id}-{me}.answer"),
    ];
    let files = [file.clone(), approval];
    context.write(
        &opened,
        paths.iter().map(PathBuf::from).zip(files).collect(),
    )?;

    if let Some(held) = held {
        let found = Found {
            id,
            file: Arc::new(Zeroizing::new(file)),
            verified: Rc::new(verified),
        };
        let identity = Zeroizing::new(one_time.to_text().as_bytes().to_vec());
        let secrets = Secrets {
            identity: LockedBytes::new(identity),
            holder_key: own.sealed.holder_key,
        };
        drop(one_time);
        let table = Table {
            context,
            me: &me,
            found: &found,
            desk: &desk,
            secrets: &secrets,
            strict: options.strict,
        };
        context.say(NOTHING_AT_STAKE);
        let own = (PathBuf::from("your own"), Zeroizing::new(submission));
        let done = here::run(&table, own);
        drop(held);
        return done;
    }
    let (needed, of) = (set.threshold.get(), set.shares.len());
    let closes = screen::minute(verified.closes());
    context.say(NOTHING_AT_STAKE);
    context.say("");
    context.say(&format!(
        "drill {id} of the {} set is open; closes {closes};",
        kind_word(kind)
    ));
    context.say(&format!("needs {needed} of {of}, has {me}"));
    context.say("Give these eight words to each of the others by voice, as for a real request:");
    context.say(&screen::words(&words::of(&[digest])));
    context.say(&format!(
        "(again, on this machine only: quorate drill show {id} --words)"
    ));
    context.share_by_git(&opened.folder, &paths.join(" "), &format!("Drill {id}"));
    let others: Vec<String> = set
        .shares
        .iter()
        .filter(|dealt| dealt.holder != me)
        .map(|dealt| dealt.holder.to_string())
        .collect();
    context.advise("");
    context.advise(&format!("text for {}:", others.join(", ")));
    context.advise(&format!(
        "| {me} asks you to take part in a drill; nothing is at stake."
    ));
    context.advise(&format!(
        "| Needs {needed} of {of} by {closes}. Call me for the eight words, then:"
    ));
    context.advise(&format!("|   git pull && quorate drill answer {id}"));
    Ok(())
}

/// Seven digits, or more if another drill or a request begins with the same.
fn new_id(context: &Context<'_>, opened: &Opened, digest: &Digest) -> Result<String, Failure> {
    for id in ids_of(*digest) {
        let requests = &mut opened.evidence.requests.iter();
        let is_taken = opened.is_a_drill(&id)
            || requests.any(|(relative, _)| Opened::id_of(relative).starts_with(&id));
        let name = format!("drills/{id}.drill");
        let there = context.world.files.kind(&opened.folder.join(name))?;
        if !is_taken && there.is_none() {
            return Ok(id);
        }
    }
    Err(Failure::new(
        Exit::Failed,
        "this very drill is open already",
    ))
}
