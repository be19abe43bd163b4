//! A request whose answers are taken at once: looked at, carried out, or ended for everybody to see.

use super::carry_out::{Arrived, Secrets, Session};
use super::context::Context;
use super::desk::Desk;
use super::opened::{Found, Opened};
use super::report::{self, Exit, Failure};
use crate::ceremony::objection::Kind;
use crate::ceremony::submission::Verdict;
use crate::roster::name::Name;
use crate::session::front::{Purpose, Signing};
use crate::world::TerminalError;

/// A request whose answers are taken now, and all that belongs to it.
pub(super) struct Table<'a> {
    pub context: &'a Context<'a>,
    pub me: &'a Name,
    pub found: &'a Found,
    pub desk: &'a Desk,
    pub secrets: &'a Secrets,
    pub strict: bool,
}

impl Table<'_> {
    fn session<'s>(&'s self, opened: &'s Opened) -> Session<'s> {
        Session {
            opened,
            found: self.found,
            me: self.me,
            desk: self.desk,
            secrets: self.secrets,
            strict: self.strict,
        }
    }

    /// Looks at one submission in a locked-up process of its own, which signs nothing: a single share never
    /// makes a quorum.
    pub(super) fn look_at(
        &self,
        opened: &Opened,
        submission: &Arrived,
    ) -> Result<Verdict, Failure> {
        let worker = self.context.worker(Purpose::Sign, &self.found.id)?;
        let (signing, _) =
            self.session(opened)
                .sign(self.context, worker, std::slice::from_ref(submission))?;
        match signing {
            Signing::Refused(mut failure) => match failure.verdicts.pop() {
                Some(verdict) => Ok(verdict),
                None => Err(report::refused(&self.found.id, &failure.refusal)),
            },
            Signing::Done(_) => Err(Failure::new(
                Exit::Forged,
                "the session signed with one share",
            )),
        }
    }

    /// Carries the request out with these submissions, on the vault as it is now.
    pub(super) fn carry_out(&self, submissions: &[Arrived]) -> Result<(), Failure> {
        let opened = self.context.open()?;
        opened.not_ended(self.found)?;
        let worker = self.context.worker(Purpose::Sign, &self.found.id)?;
        self.session(&opened)
            .carry_out(self.context, worker, submissions)
    }

    /// Ends the request, for everybody to see, since nobody can carry it out any more.
    pub(super) fn end(&self, because: &str) -> Failure {
        let id = &self.found.id;
        let failure = Failure::new(Exit::Quorum, format!("{id} ended: {because}"));
        match self.withdraw(because) {
            Ok(()) => failure
                .fact("nothing was signed; its one-time key was in memory only, and is gone")
                .next(format!(
                    "git add requests approvals && git commit -m 'Withdraw {id}: {}' && git push",
                    self.me
                )),
            Err(error) => failure
                .fact("nothing was signed; its one-time key was in memory only, and is gone")
                .fact(format!(
                    "its withdrawal could not be written: {}",
                    error.what()
                ))
                .next(format!("quorate withdraw {id} --because '{because}'")),
        }
    }

    fn withdraw(&self, because: &str) -> Result<(), Failure> {
        let opened = self.context.open()?;
        let key = &self.secrets.holder_key;
        let (path, file) = opened.object(self.found, Kind::Withdrawal, self.me, because, key)?;
        self.context.write(&opened, vec![(path, file)])?;
        self.desk.clear(self.context.world.files)?;
        Ok(())
    }
}

/// Why a person at the terminal ended it.
pub(super) fn why(error: TerminalError) -> String {
    match error {
        TerminalError::Interrupted => "stopped at the terminal".to_owned(),
        TerminalError::Closed | TerminalError::None => "the terminal was closed".to_owned(),
        other => format!("the terminal failed: {other}"),
    }
}
