//! `quorate approve`: a holder compares requests, types the words, and sends the share.

mod shown;

use std::path::PathBuf;

use clap::Args;
use quorate_share::Kind;

use super::Identity;
use super::context::Context;
use super::desk::inbox::Outgoing;
use super::eight_words::{About, Heard};
use super::expect::Expected;
use super::opened::{Found, Opened};
use super::own_share::{Answer, OwnShare};
use super::pair::Other;
use super::report::{Exit, Failure, path, request as request_failure};
use crate::ceremony::pair;
use crate::roster::name::Name;
use crate::vault::record::Digest;
use crate::world::Batch;
use shown::explain;

/// Why the vault is no place for a submission.
const NOT_FOR_GIT: &str = "it is not for git: it holds your share, encrypted";

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it; several of one opener are approved together
    #[arg(required = true, value_name = "REQUEST")]
    requests: Vec<String>,
    #[command(flatten)]
    heard: Heard,
    #[command(flatten)]
    outgoing: Outgoing,
    /// Of one of a pair: the folder of the other request's vault, if it isn't where `rotate` looks for it
    #[arg(long, value_name = "DIR")]
    also: Option<PathBuf>,
    #[command(flatten)]
    expected: Expected,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    if options.outgoing.is_piped() {
        context.leave_the_output_free();
    }
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let requests = wanted(context, &opened, &me, &options.requests)?;
    let other = Other::to_answer(context, &opened, &requests, &me, options.also.as_deref())?;
    options.expected.compare(context, &opened)?;
    let folder = options.outgoing.folder(context, &opened, NOT_FOR_GIT)?;
    let mut sides = vec![Side {
        context,
        opened: &opened,
        requests: requests.iter().collect(),
    }];
    if let Some(other) = &other {
        if options.outgoing.is_piped() {
            other.context.leave_the_output_free();
        }
        can_be_answered(&other.context, &other.opened, &other.found, &me)?;
        options
            .outgoing
            .folder(&other.context, &other.opened, NOT_FOR_GIT)?;
        sides.push(Side {
            context: &other.context,
            opened: &other.opened,
            requests: vec![&other.found],
        });
    }
    let all: Vec<&Found> = sides
        .iter()
        .flat_map(|side| side.requests.clone())
        .collect();
    let approved = explain_all(&sides, &me)?;
    let way = compare_words(context, options, &all)?;

    // The secret comes last: nobody's share is opened for what doesn't fit.
    let mut answers = Vec::with_capacity(all.len());
    for side in &sides {
        answers.push(side.answers(&me, &way, &options.identity)?);
    }
    let submissions = || answers.iter().flatten();
    let mut batch = Batch::new();
    if !options.outgoing.is_piped() {
        for answer in submissions() {
            batch = batch.replace(folder.join(&answer.name), answer.submission.clone(), 0o600);
        }
        batch.commit(context.world.files, context.world.random)?;
    }
    for (side, answers) in sides.iter().zip(&answers) {
        let approvals = answers
            .iter()
            .map(|answer| (answer.approval_path.clone(), answer.approval.clone()))
            .collect();
        side.context.write(side.opened, approvals)?;
    }

    context.say("");
    let of_sides = sides
        .iter()
        .flat_map(|side| side.requests.iter().map(move |found| (side, found)));
    for ((side, found), before) in of_sides.zip(&approved) {
        let others = before.iter().filter(|name| **name != me).count();
        context.say(&format!(
            "{me} approved request {}; that makes {} of {} needed",
            found.id,
            others + 1,
            side.opened
                .set(found.verified.request().kind)?
                .threshold
                .get()
        ));
    }
    if options.outgoing.is_piped() {
        for answer in submissions() {
            context
                .world
                .terminal
                .say(String::from_utf8_lossy(&answer.submission).trim_end());
        }
        context.say("the submission went to the standard output");
    } else {
        context.say(&format!(
            "send to {} by any way; only that machine can open it; not for git:",
            opener(&all)
        ));
        for answer in submissions() {
            context.say(&format!("  {}", path(&folder.join(&answer.name))));
        }
    }
    for (side, answers) in sides.iter().zip(&answers) {
        let paths: Vec<String> = answers
            .iter()
            .map(|answer| answer.approval_path.display().to_string())
            .collect();
        side.context.share_by_git(
            &side.opened.folder,
            &paths.join(" "),
            &format!("Approve {}: {me}", ids(&side.requests)),
        );
    }
    Ok(())
}

/// Requests of one vault that are approved together with others.
struct Side<'s, 'w> {
    context: &'s Context<'w>,
    opened: &'s Opened,
    requests: Vec<&'s Found>,
}

impl Side<'_, '_> {
    /// Opens the share and answers each of them.
    fn answers(&self, me: &Name, way: &str, identity: &Identity) -> Result<Vec<Answered>, Failure> {
        let kind = self
            .requests
            .first()
            .map_or(Kind::Master, |found| found.verified.request().kind);
        let own = self.context.open_own(self.opened, me, kind, identity)?;
        let answer = |found: &&Found| Answered::make(self.context, found, me, &own, way);
        self.requests.iter().map(answer).collect()
    }
}

/// Shows all of them; gives who has approved each already.
fn explain_all(sides: &[Side<'_, '_>], me: &Name) -> Result<Vec<Vec<Name>>, Failure> {
    let mut all: Vec<(&Side<'_, '_>, &Found)> = Vec::new();
    for side in sides {
        all.extend(side.requests.iter().map(|found| (side, *found)));
    }
    let count = all.len();
    // Of a pair there is one in each vault.
    let other_of = |found: &Found| {
        let mut others = all.iter().map(|(_, other)| *other);
        others.find(|other| pair::is_one(&found.verified, &other.verified))
    };
    let mut approved = Vec::with_capacity(count);
    for (number, (side, found)) in (1..).zip(&all) {
        let other = other_of(found).map(|other| other.id.as_str());
        if count > 1 {
            let place = match sides.len() {
                1 => String::new(),
                _ => format!(", in {}", path(&side.opened.folder)),
            };
            let heading = format!("request {number} of {count}: {}{place}", found.id);
            side.context.say(&heading);
        }
        approved.push(explain(side.context, side.opened, found, me, other)?);
    }
    let has = |found: &Found| {
        let mut both = all.iter().zip(&approved);
        both.any(|((_, other), by)| other.id == found.id && by.contains(me))
    };
    for (side, found) in &all {
        if let Some(other) = other_of(found).filter(|other| has(found) && !has(other)) {
            side.context.say(&format!(
                "Your approval of {} is here, that of {} isn't: stopped in the middle. Both are made anew.",
                found.id, other.id
            ));
        }
    }
    Ok(approved)
}

fn ids(requests: &[&Found]) -> String {
    let ids: Vec<&str> = requests.iter().map(|found| found.id.as_str()).collect();
    ids.join(" ")
}

fn opener(requests: &[&Found]) -> String {
    requests
        .first()
        .map(|found| found.verified.request().opener.to_string())
        .unwrap_or_default()
}

/// The requests that are named: each open, all of one opener and one share set, none twice.
fn wanted(
    context: &Context<'_>,
    opened: &Opened,
    me: &Name,
    names: &[String],
) -> Result<Vec<Found>, Failure> {
    let mut requests: Vec<Found> = Vec::with_capacity(names.len());
    for name in names {
        let found = opened.request(name)?;
        can_be_answered(context, opened, &found, me)?;
        let request = found.verified.request();
        if let Some(first) = requests.first() {
            let before = first.verified.request();
            if before.opener != request.opener || before.set != request.set {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("{} and {} are no pair", first.id, found.id),
                )
                .fact("the words are one opener's, over requests to one share set; nothing was opened")
                .next("approve them one after the other"));
            }
        }
        let rival = |other: &&Found| {
            other.id != found.id
                && request.state.is_some()
                && other.verified.request().state == request.state
        };
        if let Some(other) = requests.iter().find(rival) {
            return Err(Failure::new(
                Exit::Quorum,
                format!(
                    "{} and {} change the same state of the key",
                    other.id, found.id
                ),
            )
            .fact("only one of the two can be carried out; your share was not opened")
            .next(format!(
                "ask {} to put both into one request",
                request.opener
            )));
        }
        if !requests.iter().any(|other| other.id == found.id) {
            requests.push(found);
        }
    }
    Ok(requests)
}

/// Is it open, and would an answer of this holder's lead to something?
fn can_be_answered(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    me: &Name,
) -> Result<(), Failure> {
    found
        .verified
        .open_at(context.world.clock.now())
        .map_err(|error| request_failure(&found.id, &error))?;
    context.needs_force_for(opened, found.verified.request())?;
    opened.wants_answers(found)?;
    opened.same_state(found)?;
    opened.no_other_on_its_state(found, me)
}

/// Compares the words of all that is answered together; the way by which they came is recorded.
fn compare_words(
    context: &Context<'_>,
    options: &Options,
    requests: &[&Found],
) -> Result<String, Failure> {
    let mut digests: Vec<Digest> = requests
        .iter()
        .map(|found| found.verified.compared())
        .collect();
    // Both of a pair have the same words.
    digests.sort_unstable();
    digests.dedup();
    let (what, these) = match requests.len() {
        1 => ("the request", "this request"),
        _ => ("these requests together", "these requests"),
    };
    let about = About {
        opener: &opener(requests),
        what,
        show: &format!("quorate show {}", ids(requests)),
        digests,
    };
    let way = about.compare(context, &options.heard)?;
    context.say(&format!("the words fit {these}"));
    Ok(way)
}

/// A holder's answer to one request, and where its parts go.
struct Answered {
    approval: Vec<u8>,
    approval_path: PathBuf,
    submission: Vec<u8>,
    name: String,
}

impl Answered {
    fn make(
        context: &Context<'_>,
        found: &Found,
        me: &Name,
        own: &OwnShare<'_>,
        way: &str,
    ) -> Result<Self, Failure> {
        let (id, digest) = (&found.id, found.verified.digest());
        let Answer {
            approval,
            submission,
        } = own.approve(&found.verified, way, context.world.clock.now())?;
        // For `submit`, which can't open it; nobody believes this line.
        let head = format!("quorate submission: request {digest} from {me}\n");
        Ok(Self {
            approval,
            approval_path: PathBuf::from(format!("approvals/{id}-{me}.approval")),
            submission: [head.as_bytes(), &submission].concat(),
            name: format!("{id}-{me}.submission"),
        })
    }
}
