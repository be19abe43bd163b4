//! `quorate perform`: carries out a request with the submissions that have come.

pub(super) mod attempts;
pub(super) mod carry_out;
mod certified;
pub(super) mod own_files;
mod pair;

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::desk::OneTimeKey;
use super::desk::table::Table;
use super::desk::{inbox, one_time};
use super::opened::{Found, Opened};
use super::report::{self, Exit, Failure};
use super::{Identity, screen};
use crate::ceremony::RequestError;
use crate::world::SafeText;
use attempts::Tried;
use carry_out::finish;

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it
    request: String,
    /// Submissions, or folders of them; this machine's inbox is looked at in any case
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Of one of a pair: the folder of the other request's vault, if it isn't where `rotate` looks for it
    #[arg(long, value_name = "DIR")]
    pub also: Option<PathBuf>,
    /// Refuse to work if this machine lacks any hardening
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub identity: Identity,
}

impl Options {
    /// Of this request, with what lies in the inbox.
    pub(super) fn of(request: &str, strict: bool, identity: &Identity) -> Self {
        Self {
            request: request.to_owned(),
            files: Vec::new(),
            also: None,
            strict,
            identity: identity.clone(),
        }
    }
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    // It loads its libraries while the vault is read; it has nothing yet, and ends if it gets nothing.
    let coming = context.worker(SafeText::new(&options.request).as_str())?;
    let opened = context.open()?;
    let found = opened.request(&options.request)?;
    if found.verified.request().with.is_some() {
        return pair::run(context, coming, opened, found, options);
    }
    let id = &found.id;
    let desk = context.desk(&opened, &found.verified.digest())?;
    if let Some(outcome) = opened.outcome(&found)? {
        context.say(&format!(
            "request {id} was carried out already; this is its recorded result"
        ));
        return finish(context, &opened, &found, &desk, &outcome);
    }
    let me = context.me(&opened)?;
    let request = found.verified.request();
    let now = context.world.clock.now();
    if let Some(failure) = no_key(desk.key(context.world.files)?, &found) {
        return Err(failure);
    }
    let submissions = inbox::collect(context, &desk, &me, id, &options.files)?;
    if let Err(error) = found.verified.open_at(now) {
        let tried = Tried {
            context,
            opened: &opened,
            found: &found,
            me: &me,
        };
        tried.too_late(&error, &submissions, &desk, &options.identity)?;
        return Err(closed(&opened, &found, &error));
    }
    opened.not_ended(&found)?;
    context.needs_force_for(&opened, request)?;
    opened.same_state(&found)?;

    let secrets = one_time::open(context, &opened, &me, &desk, &options.identity)?;
    let table = Table {
        context,
        found: &found,
        me: &me,
        desk: &desk,
        secrets: &secrets,
        strict: options.strict,
    };
    table.carry_out(&opened, coming, &submissions)
}

/// Why the one-time key can't be used from here, if it can't.
pub(super) fn no_key(key: OneTimeKey, found: &Found) -> Option<Failure> {
    let (id, request) = (&found.id, found.verified.request());
    Some(match key {
        OneTimeKey::OnDisk => return None,
        OneTimeKey::InMemory => Failure::new(
            Exit::Usage,
            format!("{id} is live: its one-time key is in the memory of another process here"),
        )
        .next("carry it out there, or end it there with Ctrl-C"),
        OneTimeKey::Lost => Failure::new(
            Exit::Quorum,
            format!("{id} was live, and ended with its terminal"),
        )
        .fact("its one-time key was in memory only; no answer to it opens any more")
        .next(format!(
            "tell the others: quorate withdraw {id} --because 'its terminal was closed'"
        )),
        OneTimeKey::Elsewhere => Failure::new(
            Exit::Usage,
            format!("the one-time key of {id} isn't on this machine"),
        )
        .fact(format!(
            "{} opened it on {}",
            request.opener,
            SafeText::new(&request.machine)
        ))
        .next(format!(
            "let {} perform it, or open a request of your own",
            request.opener
        )),
    })
}

pub(super) fn closed(opened: &Opened, found: &Found, error: &RequestError) -> Failure {
    let names = screen::list(&opened.approved_by(found));
    report::request(&found.id, error).fact(format!("approved by then: {names}"))
}
