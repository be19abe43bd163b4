//! A request or a drill whose answers are taken at once: looked at, carried out, or ended for everybody to see.

use crate::ceremony::asked::Asked;
use crate::ceremony::objection::Kind;
use crate::ceremony::submission::Verdict;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::table::Table;
use crate::cli::opened::Opened;
use crate::cli::report::{self, Exit, Failure};
use crate::session::front::Signing;
use crate::world::TerminalError;

impl Table<'_> {
    /// Looks at one submission in a locked-up process of its own, which signs nothing: a single share never
    /// makes a quorum.
    pub(in crate::cli) fn look_at(
        &self,
        opened: &Opened,
        submission: &Arrived,
    ) -> Result<Verdict, Failure> {
        let worker = self.context.worker(&self.found.id)?;
        let (signing, _) = self.sign(opened, worker, std::slice::from_ref(submission))?;
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
    pub(in crate::cli) fn carry_out_now(&self, submissions: &[Arrived]) -> Result<(), Failure> {
        let opened = self.context.open()?;
        opened.not_ended(self.found)?;
        opened.same_state(self.found)?;
        let worker = self.context.worker(&self.found.id)?;
        self.carry_out(&opened, worker, submissions)
    }
}

impl<A: Asked> Table<'_, A> {
    /// Ends it, for everybody to see, since nobody can carry it out any more.
    pub(in crate::cli) fn end(&self, because: &str) -> Failure {
        let id = &self.found.id;
        let failure = Failure::new(Exit::Quorum, format!("{id} ended: {because}"));
        let folders = match self.found.verified.is_a_drill() {
            true => "drills",
            false => "requests approvals",
        };
        let folder = self.context.folder();
        let git = folder.map_or_else(|_| "git".to_owned(), |at| self.context.git_at(&at));
        match self.withdraw(because) {
            Ok(()) => failure
                .fact("nothing was signed; its one-time key was in memory only, and is gone")
                .next(format!(
                    "{git} add {folders} && {git} commit -m 'Withdraw {id}: {}' && {git} push",
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
pub(in crate::cli) fn why(error: TerminalError) -> String {
    match error {
        TerminalError::Interrupted => "stopped at the terminal".to_owned(),
        TerminalError::Closed | TerminalError::None => "the terminal was closed".to_owned(),
        other => format!("the terminal failed: {other}"),
    }
}
