//! Opening a request: common to all commands that ask for the key.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use quorate_share::Kind;
use zeroize::Zeroizing;

use super::context::Context;
use super::desk::Desk;
use super::desk::one_time;
use super::desk::one_time::Secrets;
use super::desk::table::Table;
use super::gather::Gathering;
use super::opened::{Found, Opened};
use super::own_share::{Answer, OwnShare};
use super::report::{Exit, Failure, path};
use super::{Identity, screen};
use crate::ceremony::approval::OPENER;
use crate::ceremony::explain;
use crate::ceremony::request::Request;
use crate::ceremony::successor::Successor;
use crate::ceremony::verified::VerifiedRequest;
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
    /// Who holds the successor that it certifies.
    pub successor: Option<Arc<Successor>>,
}

impl Ask {
    /// Signatures of the master key that leave its own certificate as it is.
    pub(super) fn of_master(drafts: Vec<Draft>) -> Self {
        Self {
            kind: Kind::Master,
            drafts,
            targets: Vec::new(),
            state: None,
            successor: None,
        }
    }
}

/// A request that isn't signed yet, with what only its opener has.
struct Prepared<'o, 'w> {
    context: &'o Context<'w>,
    opened: &'o Opened,
    own: OwnShare<'o>,
    one_time_key: OneTimeIdentity,
    request: Request,
    targets: Vec<Target>,
}

/// A request, signed, and the opener's own answer to it.
struct Signed {
    found: Found,
    answer: Answer,
    desk: Desk,
}

fn prepare<'o, 'w>(
    context: &'o Context<'w>,
    opened: &'o Opened,
    me: &Name,
    identity: &Identity,
    ask: Ask,
) -> Result<Prepared<'o, 'w>, Failure> {
    let manifest = opened.manifest();
    let set = opened.set(ask.kind)?;
    let own = context.open_own(opened, me, ask.kind, identity)?;
    let one_time_key = OneTimeIdentity::generate();
    let now = context.world.clock.now();
    let request = Request {
        vault: manifest.vault_id,
        fingerprint: manifest.fingerprint.clone(),
        kind: ask.kind,
        set: set.set,
        generation: set.generation,
        opener: me.clone(),
        machine: context.world.surroundings.machine.to_string(),
        program: context.program()?,
        opened: now,
        closes: now.plus_days(manifest.request_days),
        one_time: one_time_key.recipient().to_string(),
        state: ask.state,
        with: None,
        drafts: ask.drafts,
        successor: ask.successor,
    };
    Ok(Prepared {
        context,
        opened,
        own,
        one_time_key,
        request,
        targets: ask.targets,
    })
}

fn failed(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("the request can't be written: {error}"),
    )
}

impl Prepared<'_, '_> {
    /// Signs it, and answers it as its opener.
    fn sign(&mut self) -> Result<Signed, Failure> {
        let (context, opened) = (self.context, self.opened);
        let file = self
            .request
            .sign(&self.own.sealed.holder_key)
            .map_err(|e| failed(&e))?;
        // Ten thousand drafts are 20 MiB; one set of them in memory is enough.
        self.request.drafts = Vec::new();
        // Read back as the others will read it, before anybody is asked.
        let verified = VerifiedRequest::read(&file, opened.manifest()).map_err(|e| failed(&e))?;
        let digest = verified.digest();
        let id = opened.new_request_id(context.world.files, &digest)?;
        let answer = self.own.approve(&verified, OPENER, self.request.opened)?;
        Ok(Signed {
            desk: context.desk(opened, &digest)?,
            found: Found {
                id,
                file: Arc::new(Zeroizing::new(file)),
                verified: Rc::new(verified),
            },
            answer,
        })
    }

    /// Puts on the desk what only this machine has; of a request whose answers come later the one-time key, too.
    fn put_on_desk(&mut self, signed: &Signed, later: bool) -> Result<(), Failure> {
        let (world, desk) = (&self.context.world, &signed.desk);
        let mut batch = Batch::new();
        for folder in desk.folders() {
            batch = batch.folder(folder, 0o700);
        }
        for (number, target) in std::mem::take(&mut self.targets).into_iter().enumerate() {
            let form = if target.armored { "asc" } else { "pgp" };
            let name = format!("{number:04}.{form}.{}", target.name);
            batch = batch.put(desk.targets.join(name), target.packets, 0o600);
        }
        if later {
            let sealed =
                one_time::sealed(self.context, self.opened, &self.own, &self.one_time_key)?;
            let own = desk
                .inbox
                .join(format!("{}.submission", self.request.opener));
            batch = batch.put(own, signed.answer.submission.clone(), 0o600).put(
                desk.one_time.clone(),
                sealed,
                0o600,
            );
        }
        batch.commit(world.files, world.random)?;
        Ok(())
    }

    /// Into the vault: only now, with the one-time key at hand; an approval without its request would be an orphan.
    fn publish(&self, signed: &Signed) -> Result<(), Failure> {
        let id = &signed.found.id;
        let opener = &self.request.opener;
        self.context.write(
            self.opened,
            vec![
                (
                    PathBuf::from(format!("requests/{id}.request")),
                    signed.found.file.to_vec(),
                ),
                (
                    PathBuf::from(format!("approvals/{id}-{opener}.approval")),
                    signed.answer.approval.clone(),
                ),
            ],
        )
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
    let mut prepared = prepare(context, opened, me, identity, ask)?;
    let signed = prepared.sign()?;
    prepared.put_on_desk(&signed, !gathering.is_now())?;
    // From here on another terminal can see that the key is in this process's memory.
    let live = match gathering.is_now() {
        true => Some(context.world.files.lock(&signed.desk.live)?),
        false => None,
    };
    prepared.publish(&signed)?;
    let Some(live) = live else {
        let has = format!("has {me}");
        context.say("");
        context.say(&is_open(opened, &signed.found, &has)?);
        tell_words(context, &[&signed.found]);
        return tell_git_and_others(context, opened, &signed.found, "");
    };
    let Prepared {
        own, one_time_key, ..
    } = prepared;
    let secrets = Secrets {
        identity: LockedBytes::new(Zeroizing::new(one_time_key.to_text().as_bytes().to_vec())),
        holder_key: own.sealed.holder_key,
    };
    drop(one_time_key);
    let own = (
        PathBuf::from("your own"),
        Zeroizing::new(signed.answer.submission),
    );
    let table = Table {
        context,
        me,
        found: &signed.found,
        desk: &signed.desk,
        secrets: &secrets,
        strict: gathering.strict,
    };
    let done = gathering.run(&table, own);
    drop(live);
    done
}

/// What is asked of the holders of one vault.
pub(super) type Asking<'o, 'w> = (&'o Context<'w>, &'o Opened, Ask);

/// Opens a pair: requests in two vaults that stand or fall together. The first is written last: with it both are open.
pub(super) fn open_pair(
    me: &Name,
    identity: &Identity,
    first: Asking<'_, '_>,
    second: Asking<'_, '_>,
) -> Result<(), Failure> {
    let mut one = prepare(first.0, first.1, me, identity, first.2)?;
    let mut other = prepare(second.0, second.1, me, identity, second.2)?;
    let alone = (
        one.request.alone().map_err(|e| failed(&e))?,
        other.request.alone().map_err(|e| failed(&e))?,
    );
    (one.request.with, other.request.with) = (Some(alone.1), Some(alone.0));
    let (this, that) = (one.sign()?, other.sign()?);
    other.put_on_desk(&that, true)?;
    one.put_on_desk(&this, true)?;
    other.publish(&that)?;
    one.publish(&this)?;
    let context = one.context;
    context.say("");
    let has = format!("has {me}");
    context.say(&is_open(one.opened, &this.found, &has)?);
    let there = format!("{has}; in {}", path(&other.opened.folder));
    context.say(&is_open(other.opened, &that.found, &there)?);
    context.say("The two are a pair: carried out together or not at all, by quorate rotate.");
    tell_words(context, &[&this.found]);
    other.context.share_by_git(
        &other.opened.folder,
        &format!(
            "requests/{0}.request approvals/{0}-{me}.approval",
            that.found.id
        ),
        &format!("Request {}, one of a pair", that.found.id),
    );
    let also = format!(
        "\n| Who holds a share of the new key only, in its vault: quorate approve {}",
        that.found.id
    );
    tell_git_and_others(context, one.opened, &this.found, &also)
}

fn is_open(opened: &Opened, found: &Found, more: &str) -> Result<String, Failure> {
    let asked = found.verified.request();
    let set = opened.set(asked.kind)?;
    Ok(format!(
        "request {} is open; closes {}; needs {} of {}, {more}",
        found.id,
        screen::minute(asked.closes),
        set.threshold.get(),
        set.shares.len()
    ))
}

fn tell_words(context: &Context<'_>, requests: &[&Found]) {
    let digests: Vec<Digest> = requests.iter().map(|f| f.verified.compared()).collect();
    context.say("Give these eight words to each of the others by voice, never with the request:");
    context.say(&screen::words(&words::of(&digests)));
    for found in requests {
        context.say(&format!(
            "(again, on this machine only: quorate show {} --words)",
            found.id
        ));
    }
}

fn tell_git_and_others(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    also: &str,
) -> Result<(), Failure> {
    let (id, asked) = (&found.id, found.verified.request());
    let (me, title) = (&asked.opener, explain::title(&asked.drafts));
    context.share_by_git(
        &opened.folder,
        &format!("requests/{id}.request approvals/{id}-{me}.approval"),
        &format!("Request {id}: {title}"),
    );
    let set = opened.set(asked.kind)?;
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
        "| Needs {} of {} by {}. Call me for the eight words, then:",
        set.threshold.get(),
        set.shares.len(),
        screen::minute(asked.closes)
    ));
    context.advise(&format!("|   git pull && quorate approve {id}{also}"));
    Ok(())
}
