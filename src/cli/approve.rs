//! `quorate approve`: a holder compares requests, types the words, and sends the share.

use std::path::{Path, PathBuf};

use clap::Args;
use quorate_share::Kind;

use super::context::Context;
use super::expect::Expected;
use super::opened::{Found, Opened};
use super::own_share::{Answer, OwnShare};
use super::report::{Exit, Failure, path, request as request_failure};
use super::{Identity, display, inbox, new_holders, screen};
use crate::ceremony::approval::WAYS;
use crate::ceremony::words;
use crate::roster::name::Name;
use crate::vault::record::Digest;
use crate::world::{Batch, SafeText};

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it; several of one opener are approved together
    #[arg(required = true, value_name = "REQUEST")]
    requests: Vec<String>,
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
    expected: Expected,
    #[command(flatten)]
    identity: Identity,
}

impl Options {
    fn piped(&self) -> bool {
        self.out.as_deref() == Some(Path::new("-"))
    }
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    if options.piped() {
        context.leave_the_output_free();
    }
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let requests = wanted(context, &opened, &me, &options.requests)?;
    options.expected.compare(context, &opened)?;
    let folder = folder(context, &opened, options)?;
    let together = requests.len() > 1;
    let mut approved = Vec::with_capacity(requests.len());
    for (number, found) in requests.iter().enumerate() {
        if together {
            context.say(&format!(
                "request {} of {}: {}",
                number + 1,
                requests.len(),
                found.id
            ));
        }
        approved.push(explain(context, &opened, found, &me)?);
    }
    let way = compare_words(context, options, &requests)?;

    // The secret comes last: nobody's share is opened for what doesn't fit.
    let kind = requests
        .first()
        .map_or(Kind::Master, |found| found.verified.request().kind);
    let own = context.open_own(&opened, &me, kind, &options.identity)?;
    let answers = requests
        .iter()
        .map(|found| Answered::make(context, found, &me, &own, &way))
        .collect::<Result<Vec<_>, _>>()?;
    let mut batch = Batch::new();
    if !options.piped() {
        for answer in &answers {
            batch = batch.replace(folder.join(&answer.name), answer.submission.clone(), 0o600);
        }
        batch.commit(context.world.files, context.world.random)?;
    }
    let approvals = answers
        .iter()
        .map(|answer| (answer.approval_path.clone(), answer.approval.clone()))
        .collect();
    context.write(&opened, approvals)?;

    context.say("");
    for (found, before) in requests.iter().zip(&approved) {
        let others = before.iter().filter(|name| **name != me).count();
        context.say(&format!(
            "{me} approved request {}; that makes {} of {} needed",
            found.id,
            others + 1,
            opened.set(kind)?.threshold.get()
        ));
    }
    if options.piped() {
        for answer in &answers {
            context
                .world
                .terminal
                .say(String::from_utf8_lossy(&answer.submission).trim_end());
        }
        context.say("the submission went to the standard output");
    } else {
        context.say(&format!(
            "send to {} by any way; only that machine can open it; not for git:",
            opener(&requests)
        ));
        for answer in &answers {
            context.say(&format!("  {}", path(&folder.join(&answer.name))));
        }
    }
    let paths: Vec<String> = answers
        .iter()
        .map(|answer| answer.approval_path.display().to_string())
        .collect();
    context.share_by_git(
        &opened.folder,
        &paths.join(" "),
        &format!("Approve {}: {me}", ids(&requests)),
    );
    Ok(())
}

fn ids(requests: &[Found]) -> String {
    let ids: Vec<&str> = requests.iter().map(|found| found.id.as_str()).collect();
    ids.join(" ")
}

fn opener(requests: &[Found]) -> String {
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
        let request = found.verified.request();
        found
            .verified
            .open_at(context.world.clock.now())
            .map_err(|error| request_failure(&found.id, &error))?;
        context.needs_force_for(opened, request)?;
        opened.wants_answers(&found)?;
        opened.same_state(&found)?;
        opened.no_other_on_its_state(&found, me)?;
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

/// Where the submissions go.
fn folder(context: &Context<'_>, opened: &Opened, options: &Options) -> Result<PathBuf, Failure> {
    if options.piped() {
        return Ok(context.world.surroundings.current_dir.clone());
    }
    let why_not = "it is not for git: it holds your share, encrypted";
    inbox::outgoing(context, opened, options.out.as_deref(), why_not)
}

/// Everything that a person has to know before saying yes; gives who has said it already.
fn explain(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    me: &Name,
) -> Result<Vec<Name>, Failure> {
    let request = found.verified.request();
    let opener = &request.opener;
    context.say(&format!(
        "{opener} asks (signed with {opener}'s share key, {}), {me}:",
        screen::minute(request.opened)
    ));
    context.say("");
    context.say(&format!(
        "  with key  {}   (the known)",
        crate::ceremony::explain::fingerprint(&request.fingerprint)
    ));
    display::to_compare(context, opened, request)?;
    context.say("");
    if request.successor.is_some() {
        new_holders::tell(context, opened, request)?;
        context.say("");
    }
    let machine = SafeText::new(&request.machine);
    context.say(&match request.kind {
        Kind::Revocation => format!(
            "Who could copy all revocations that were made in advance: {opener}, on {machine}."
        ),
        _ => format!(
            "Who could copy the key: {opener}, on {machine}, for the second in which it exists."
        ),
    });
    let (there, here) = (SafeText::limited(&request.program, 120), context.program()?);
    context.say(&format!("  program there: {there}"));
    if request.program == here {
        context.say("  the same build as yours");
    } else {
        context.say(&format!("  ANOTHER build than yours: {here}"));
    }
    if opened.any_root_may_revoke {
        context.say("Any one root alone can end this key: so the team chose when it was made.");
    }
    context.say("Can't be undone: a share once sent; a signature once seen by others.");
    let approvals = opened.approvals(found);
    let names: Vec<_> = approvals
        .iter()
        .map(|(approval, _)| approval.holder.clone())
        .collect();
    let declined: Vec<_> = opened
        .declines(found)
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
    Ok(names)
}

/// Asks for the words and the way by which they came, which is recorded.
fn compare_words(
    context: &Context<'_>,
    options: &Options,
    requests: &[Found],
) -> Result<String, Failure> {
    let terminal = context.world.terminal;
    let opener = opener(requests);
    let way = match &options.way {
        Some(way) => way.clone(),
        None => terminal.ask(&format!(
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
        None => terminal.ask("The eight words (first letters do): ")?,
    };
    let digests: Vec<Digest> = requests
        .iter()
        .map(|found| found.verified.digest())
        .collect();
    let (what, these) = match requests.len() {
        1 => ("the request", "this request"),
        _ => ("these requests together", "these requests"),
    };
    if !words::fit(&typed, &words::of(&digests)) {
        return Err(Failure::new(
            Exit::Forged,
            format!("these are not the words of {what} that you have here"),
        )
        .fact(format!(
            "mistyped, or {opener}'s request is another one; your share was not opened"
        ))
        .next(format!(
            "call {opener}, compare `quorate show {}`, and type them again",
            ids(requests)
        )));
    }
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
