//! Opening a request: common to all commands that ask for the key.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use quorate_share::Kind;
use zeroize::Zeroizing;

use super::carry_out::{Secrets, Table};
use super::context::Context;
use super::gather::Gathering;
use super::opened::{Found, Opened};
use super::own_share::Answer;
use super::report::{Exit, Failure};
use super::{Identity, one_time, screen};
use crate::ceremony::explain;
use crate::ceremony::request::{Request, VerifiedRequest};
use crate::ceremony::words;
use crate::openpgp::draft::Draft;
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::session::locked::LockedBytes;
use crate::vault::record::Digest;
use crate::world::Batch;

/// A file of certificates that results will be spliced into.
pub(super) struct Target {
    /// Its name, without folders.
    pub name: String,
    /// Its packets, out of the armour.
    pub packets: Vec<u8>,
    /// Was it in armour?
    pub armored: bool,
}

/// What is asked of the holders of a share set.
pub(super) struct Ask {
    /// Master or revocation set.
    pub kind: Kind,
    /// What is signed, or released.
    pub drafts: Vec<Draft>,
    /// Files that results are spliced into.
    pub targets: Vec<Target>,
    /// The state that it changes.
    pub state: Option<Digest>,
}

impl Ask {
    /// Signatures of the master key that leave its own certificate as it is.
    pub(super) fn of_master(drafts: Vec<Draft>) -> Self {
        Self {
            kind: Kind::Master,
            drafts,
            targets: Vec::new(),
            state: None,
        }
    }
}

/// Opens the request: the opener's approval and submission go along.
pub(super) fn open(
    context: &Context<'_>,
    opened: &Opened,
    me: &Name,
    identity: &Identity,
    ask: Ask,
    gathering: &Gathering,
) -> Result<(), Failure> {
    gathering.can_be(context)?;
    let Ask {
        kind,
        drafts,
        targets,
        state,
    } = ask;
    let world = &context.world;
    let manifest = opened.manifest();
    let set = opened.set(kind)?;
    let own = context.open_own(opened, me, kind, identity)?;
    let one_time_key = OneTimeIdentity::generate();
    let now = world.clock.now();
    let title = explain::title(&drafts);
    let request = Request {
        vault: manifest.vault_id,
        fingerprint: manifest.fingerprint.clone(),
        kind,
        set: set.set,
        generation: set.generation,
        opener: me.clone(),
        machine: world.surroundings.machine.to_string(),
        program: context.program()?,
        opened: now,
        closes: now.plus_days(manifest.request_days),
        one_time: one_time_key.recipient().to_string(),
        state,
        drafts,
    };
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Failed,
            format!("the request can't be written: {error}"),
        )
    };
    let request_file = request
        .sign(&own.sealed.holder_key)
        .map_err(|e| failed(&e))?;
    // Ten thousand drafts are 20 MiB; one set of them in memory is enough.
    drop(request);
    // Read back as the others will read it, before anybody is asked.
    let verified = VerifiedRequest::read(&request_file, manifest).map_err(|e| failed(&e))?;
    let digest = verified.digest();
    let id = opened.new_request_id(world.files, &digest)?;
    let Answer {
        approval: approval_file,
        submission: own_submission,
    } = own.approve(&verified, "opener", now)?;

    let desk = context.desk(opened, &digest)?;
    let mut batch = Batch::new();
    for folder in desk.folders() {
        batch = batch.folder(folder, 0o700);
    }
    for (number, target) in targets.into_iter().enumerate() {
        let form = if target.armored { "asc" } else { "pgp" };
        let name = format!("{number:04}.{form}.{}", target.name);
        batch = batch.put(desk.targets.join(name), target.packets, 0o600);
    }
    if !gathering.is_now() {
        let sealed = one_time::sealed(context, opened, &own, &one_time_key)?;
        batch = batch
            .put(
                desk.inbox.join(format!("{me}.submission")),
                own_submission.clone(),
                0o600,
            )
            .put(desk.one_time.clone(), sealed, 0o600);
    }
    batch.commit(world.files, world.random)?;
    // From here on another terminal can see that the key is in this process's memory.
    let live = match gathering.is_now() {
        true => Some(world.files.lock(&desk.live)?),
        false => None,
    };

    // Only now, with the one-time key at hand; an approval without its request would be an orphan.
    let request_path = PathBuf::from(format!("requests/{id}.request"));
    let approval_path = PathBuf::from(format!("approvals/{id}-{me}.approval"));
    context.write(
        opened,
        vec![
            (request_path.clone(), request_file.clone()),
            (approval_path.clone(), approval_file),
        ],
    )?;

    if let Some(live) = live {
        let found = Found {
            id,
            file: Arc::new(Zeroizing::new(request_file)),
            verified: Rc::new(verified),
        };
        let secrets = Secrets {
            identity: LockedBytes::new(Zeroizing::new(one_time_key.to_text().as_bytes().to_vec())),
            holder_key: own.sealed.holder_key,
        };
        drop(one_time_key);
        let own = (PathBuf::from("your own"), Zeroizing::new(own_submission));
        let table = Table {
            context,
            me,
            found: &found,
            desk: &desk,
            secrets: &secrets,
            strict: gathering.strict,
        };
        let done = gathering.run(&table, own);
        drop(live);
        return done;
    }
    let asked = verified.request();
    let needed = set.threshold.get();
    context.say("");
    context.say(&format!(
        "request {id} is open; closes {}; needs {needed} of {}, has {me}",
        screen::minute(asked.closes),
        set.shares.len()
    ));
    context.say("Give these eight words to each of the others by voice, never with the request:");
    context.say(&screen::words(&words::of(&[digest])));
    context.say(&format!(
        "(again, on this machine only: quorate show {id} --words)"
    ));
    context.share_by_git(
        &opened.folder,
        &format!("{} {}", request_path.display(), approval_path.display()),
        &format!("Request {id}: {title}"),
    );
    let others: Vec<String> = set
        .shares
        .iter()
        .filter(|dealt| dealt.holder != *me)
        .map(|dealt| dealt.holder.to_string())
        .collect();
    context.advise("");
    context.advise(&format!("text for {}:", others.join(", ")));
    context.advise(&format!("| {me} asks you to use the key: {title}."));
    context.advise(&format!(
        "| Needs {needed} of {} by {}. Call me for the eight words, then:",
        set.shares.len(),
        screen::minute(asked.closes)
    ));
    context.advise(&format!("|   git pull && quorate approve {id}"));
    Ok(())
}
