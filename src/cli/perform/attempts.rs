//! What was tried in vain, at a request or a drill: recorded once, and told.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::ceremony::RequestError;
use crate::ceremony::asked::{Asked, Form, REQUEST};
use crate::ceremony::attempt::{Attempt, AttemptError, Ending};
use crate::ceremony::submission::Verdict;
use crate::cli::context::Context;
use crate::cli::desk::Desk;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::one_time;
use crate::cli::desk::table::Table;
use crate::cli::opened::evidence::Pieces;
use crate::cli::opened::unverified::is_about;
use crate::cli::opened::{Found, Opened};
use crate::cli::report::Failure;
use crate::cli::{Identity, screen};
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::session::drill::DrillVerdict;
use crate::session::front::Ran;
use crate::session::refusal::Refusal;
use crate::vault::record::Digest;

/// So many attempts are told one by one.
pub(in crate::cli) const TOLD: usize = 8;

/// What came of the submissions, sorted.
#[derive(Default)]
pub(in crate::cli) struct Sorted {
    submissions: u32,
    counted: Vec<Name>,
    false_shares: Vec<Name>,
    real_shares: Vec<Name>,
    unopened: u32,
    unfit: u32,
}

impl Sorted {
    /// They lay there, and nobody opened them.
    fn unseen(submissions: usize) -> Self {
        Self {
            submissions: u32::try_from(submissions).unwrap_or(u32::MAX),
            ..Self::default()
        }
    }

    pub(in crate::cli) fn of(verdicts: &[Verdict]) -> Self {
        let mut sorted = Self::default();
        verdicts.iter().for_each(|verdict| sorted.take(verdict));
        sorted
    }

    pub(in crate::cli) fn of_a_drill(verdicts: &[DrillVerdict]) -> Self {
        let mut sorted = Self::default();
        for verdict in verdicts {
            match verdict {
                DrillVerdict::Answer(verdict) => sorted.take(verdict),
                DrillVerdict::Real(name) => {
                    sorted.submissions += 1;
                    once(&mut sorted.real_shares, name);
                }
            }
        }
        sorted
    }

    fn take(&mut self, verdict: &Verdict) {
        self.submissions += 1;
        match verdict {
            Verdict::True(name) => once(&mut self.counted, name),
            Verdict::False(name) => once(&mut self.false_shares, name),
            Verdict::Again(_) => {}
            Verdict::Unopened => self.unopened += 1,
            Verdict::Refused(_) => self.unfit += 1,
        }
    }

    /// Was a share of anybody's opened?
    fn had_shares(&self) -> bool {
        let lists = [&self.counted, &self.false_shares, &self.real_shares];
        lists.iter().any(|list| !list.is_empty())
    }
}

fn once(list: &mut Vec<Name>, name: &Name) {
    if !list.contains(name) {
        list.push(name.clone());
    }
}

/// What was tried, by whom, and how it ended.
pub(in crate::cli) struct Tried<'a, A: Asked> {
    pub context: &'a Context<'a>,
    pub opened: &'a Opened,
    pub found: &'a Found<A>,
    pub me: &'a Name,
}

impl<A: Asked> Tried<'_, A> {
    /// A session was given shares, and refused. Without a share of anybody's there is nothing to be told.
    fn in_vain(&self, sorted: Sorted, refusal: &Refusal, ran: &Ran, key: &HolderKey) {
        if !sorted.had_shares() {
            return;
        }
        let ending = match refusal {
            Refusal::TooFew => Ending::TooFew,
            other => {
                let told = other.to_string();
                let word = told.split(':').next().unwrap_or_default();
                Ending::Refused(word.to_owned())
            }
        };
        let milliseconds = (ran.seconds * 1000.0) as u32;
        let session = Some((ran.hardening.to_string(), milliseconds));
        self.tell_once(self.attempt(ending, sorted, session), |attempt| {
            self.record(attempt, key)
        });
    }

    /// It had closed, and nothing was opened. The key that signs this is wanted only if it isn't told already; who
    /// can't give it is told so, and no more.
    pub(in crate::cli) fn too_late(
        &self,
        error: &RequestError,
        submissions: &[Arrived],
        desk: &Desk,
        identity: &Identity,
    ) -> Result<(), Failure> {
        let closed = matches!(error, RequestError::Closed(_));
        if !closed || self.opened.ended(self.found)?.is_some() || submissions.is_empty() {
            return Ok(());
        }
        let (context, sorted) = (self.context, Sorted::unseen(submissions.len()));
        self.tell_once(self.attempt(Ending::Expired, sorted, None), |attempt| {
            context
                .note("it has closed; your key is asked for once more, to sign that it was tried");
            let secrets = one_time::open(context, self.opened, self.me, desk, identity)?;
            self.record(attempt, &secrets.holder_key)
        });
        Ok(())
    }

    /// Records it, unless the very same is there.
    fn tell_once(
        &self,
        attempt: Result<Attempt, Failure>,
        record: impl FnOnce(&Attempt) -> Result<PathBuf, Failure>,
    ) {
        match attempt {
            Ok(attempt) if self.is_told(&attempt) => {}
            attempt => self.tell(attempt.and_then(|attempt| record(&attempt))),
        }
    }

    fn attempt(
        &self,
        ending: Ending,
        sorted: Sorted,
        session: Option<(String, u32)>,
    ) -> Result<Attempt, Failure> {
        let (context, asked) = (self.context, &*self.found.verified);
        Ok(Attempt {
            vault: asked.vault(),
            request: asked.digest(),
            set: asked.set(),
            operator: self.me.clone(),
            machine: context.world.surroundings.machine.to_string(),
            program: context.program()?,
            tried: context.world.clock.now(),
            ending,
            submissions: sorted.submissions,
            counted: sorted.counted,
            false_shares: sorted.false_shares,
            real_shares: sorted.real_shares,
            unopened: sorted.unopened,
            unfit: sorted.unfit,
            session,
            // Drills stand apart from the graph of what was done with the key.
            heads: match asked.is_a_drill() {
                true => Vec::new(),
                false => self.opened.heads(),
            },
        })
    }

    fn is_told(&self, attempt: &Attempt) -> bool {
        let attempts = self.opened.attempts(&*self.found.verified);
        attempts.iter().any(|other| attempt.says_the_same_as(other))
    }

    /// Signs it; gives where it was written.
    fn record(&self, attempt: &Attempt, key: &HolderKey) -> Result<PathBuf, Failure> {
        let failed = |error: AttemptError| {
            Failure::new(
                crate::cli::report::Exit::Failed,
                format!("it is refused: {error}"),
            )
        };
        let file = attempt
            .sign(self.found.verified.form(), key)
            .map_err(failed)?;
        // The worker is believed in nothing: what it gave must be what everybody will read.
        let read = Attempt::read(&file, self.found.verified.form(), self.opened.manifest());
        read.and_then(|(read, _)| {
            read.fits(&*self.found.verified, self.opened.manifest(), attempt.tried)
        })
        .map_err(failed)?;
        let folder = folder(&*self.found.verified);
        let digest = Digest::of(&file).to_string();
        let path = PathBuf::from(format!(
            "{folder}/{}-{}.attempt",
            self.found.id,
            &digest[..8]
        ));
        self.context
            .write(self.opened, vec![(path.clone(), file)])?;
        Ok(path)
    }

    fn tell(&self, written: Result<PathBuf, Failure>) {
        let context = self.context;
        match written {
            Ok(file) => {
                context.say(&format!("recorded   {}", crate::cli::report::path(&file)));
                // Three lines for git would stand between a tired reader and what is missing.
                let folder = folder(&*self.found.verified);
                if context.common.commit {
                    let message = format!("Tried {}", self.found.id);
                    context.share_by_git(&self.opened.folder, folder, &message);
                } else {
                    context.advise(&format!(
                        "           for the others to see: {} add {folder}",
                        context.git_at(&self.opened.folder)
                    ));
                }
            }
            Err(failure) => context.warn(&format!(
                "that this was tried is not recorded: {}",
                failure.what()
            )),
        }
    }
}

impl<A: Asked> Table<'_, A> {
    /// Records that this was tried in vain.
    pub(in crate::cli) fn was_in_vain(
        &self,
        opened: &Opened,
        sorted: Sorted,
        refusal: &Refusal,
        ran: &Ran,
    ) {
        let tried = Tried {
            context: self.context,
            opened,
            found: self.found,
            me: self.me,
        };
        tried.in_vain(sorted, refusal, ran, &self.secrets.holder_key);
    }
}

/// Where its evidence lies.
fn folder(asked: &impl Asked) -> &'static str {
    match asked.is_a_drill() {
        true => "drills",
        false => "minutes",
    }
}

impl Opened {
    /// What was tried at a request or a drill, oldest first; what doesn't fit isn't counted, a copy counts once.
    pub(in crate::cli) fn attempts(&self, asked: &impl Asked) -> Vec<Attempt> {
        let pieces: &Pieces = match asked.is_a_drill() {
            true => &self.evidence.drill_attempts,
            false => &self.evidence.attempts,
        };
        let read = |file: &[u8]| Attempt::read(file, asked.form(), self.manifest()).ok();
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut counted: HashSet<Digest> = HashSet::new();
        for (_, file) in pieces {
            if is_about(file, asked)
                && let Some((attempt, digest)) = read(file)
                && attempt.fits(asked, self.manifest(), self.now).is_ok()
                && counted.insert(digest)
            {
                attempts.push(attempt);
            }
        }
        attempts.sort_by_key(|attempt| attempt.tried);
        attempts
    }

    /// The same in words, one for each line: the newest, and how many were before. Its opener can write as many as he likes.
    pub(in crate::cli) fn told_attempts(&self, asked: &impl Asked) -> Vec<String> {
        let attempts = self.attempts(asked);
        let before = attempts.len().saturating_sub(TOLD);
        let newest = attempts.iter().skip(before).map(told);
        let before = (before > 0).then(|| format!("{before} times before"));
        before.into_iter().chain(newest).collect()
    }

    /// One attempt at a request, for `verify`.
    pub(in crate::cli) fn check_attempt(&self, file: &[u8]) -> Result<String, String> {
        let (attempt, _, id) = self.attempt_in(file)?;
        let operator = &attempt.operator;
        Ok(format!("attempt at {id} by {operator}: {}", told(&attempt)))
    }

    /// An attempt at a request that is here, what others name it by, and the request's id.
    pub(in crate::cli) fn attempt_in(
        &self,
        file: &[u8],
    ) -> Result<(Attempt, Digest, String), String> {
        self.attempt_at(file, &REQUEST, |digest| self.request_of(digest))
    }

    /// The same of a request or a drill, which `find` looks for.
    pub(in crate::cli) fn attempt_at<A: Asked>(
        &self,
        file: &[u8],
        form: &Form,
        find: impl FnOnce(Digest) -> Option<Found<A>>,
    ) -> Result<(Attempt, Digest, String), String> {
        let (attempt, digest) =
            Attempt::read(file, form, self.manifest()).map_err(|e| e.to_string())?;
        let about = form.about;
        let found = find(attempt.request)
            .ok_or_else(|| format!("the {about} that it belongs to isn't in this vault"))?;
        attempt
            .fits(&*found.verified, self.manifest(), self.now)
            .map_err(|e| e.to_string())?;
        Ok((attempt, digest, found.id))
    }
}

/// `2026-06-15 09:14 UTC: quorum not reached; true: anna; FALSE: ben`.
pub(in crate::cli) fn told(attempt: &Attempt) -> String {
    let time = screen::minute(attempt.tried);
    format!("{time}: {}", how_it_ended(attempt).join("; "))
}

/// The same without the time, part by part.
pub(in crate::cli) fn how_it_ended(attempt: &Attempt) -> Vec<String> {
    let mut told = vec![match &attempt.ending {
        Ending::TooFew => "quorum not reached".to_owned(),
        Ending::Expired => "it had closed, nothing was opened".to_owned(),
        Ending::Refused(word) => format!("refused by the session ({word})"),
    }];
    for (word, names) in [
        ("true", &attempt.counted),
        ("FALSE", &attempt.false_shares),
        ("REAL, in a drill", &attempt.real_shares),
    ] {
        if !names.is_empty() {
            told.push(format!("{word}: {}", screen::list(names)));
        }
    }
    for (number, what) in [(attempt.unopened, "not opened"), (attempt.unfit, "unfit")] {
        if number > 0 {
            told.push(format!("{number} {what}"));
        }
    }
    told
}
