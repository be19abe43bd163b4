//! A request whose answers are taken at once: looked at, carried out, or ended for everybody to see.

use std::path::PathBuf;

use super::carry_out::{Arrived, Secrets, Session, worker};
use super::context::Context;
use super::desk::Desk;
use super::opened::{Found, Opened};
use super::report::{self, Exit, Failure};
use crate::ceremony::objection::{Kind, Objection};
use crate::ceremony::submission::Verdict;
use crate::roster::name::Name;
use crate::session::front::Signing;
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
        let session = |error| report::session(&self.found.id, &error);
        let set = opened.set(self.found.verified.request().kind)?;
        let key_file = opened.read(self.context.world.files, &set.file)?;
        let worker = worker(self.context, &self.found.id)?;
        let (signing, _) = self
            .session(opened)
            .sign(
                self.context,
                worker,
                &key_file,
                std::slice::from_ref(submission),
            )
            .map_err(session)?;
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
        let worker = worker(self.context, &self.found.id)?;
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
        let request = self.found.verified.request();
        let set = opened.set(request.kind)?;
        let dealt = set
            .of(self.me)
            .ok_or_else(|| Failure::new(Exit::Failed, "no seat"))?;
        let objection = Objection {
            kind: Kind::Withdrawal,
            vault: request.vault,
            request: self.found.verified.digest(),
            set: request.set,
            holder: self.me.clone(),
            seat: dealt.seat,
            because: because.to_owned(),
            signed: self.context.world.clock.now(),
        };
        let file = objection
            .sign(&self.secrets.holder_key)
            .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
        let path = objection.path(&self.found.id);
        self.context
            .write(&opened, vec![(PathBuf::from(&path), file)])?;
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
