//! The drills of a vault, as its evidence has them.

use std::path::PathBuf;
use std::rc::Rc;

use quorate_share::Kind;

use crate::ceremony::approval::Approval;
use crate::ceremony::asked::{Asked as _, DRILL};
use crate::ceremony::drill::VerifiedDrill;
use crate::ceremony::drill_minutes::{DrillMinutes, DrillMinutesError};
use crate::ceremony::objection::Kind as No;
use crate::ceremony::request::RequestError;
use crate::cli::opened::evidence::Piece;
use crate::cli::opened::unverified::named;
use crate::cli::opened::{self, Opened};
use crate::cli::perform::attempts;
use crate::cli::report::{Exit, Failure};
use crate::cli::screen;
use crate::roster::name::Name;
use crate::vault::record::Digest;
use crate::world::{SafeText, Timestamp};

/// A drill that was looked up.
pub(in crate::cli) type Found = opened::Found<VerifiedDrill>;

/// A drill that was carried out.
pub(in crate::cli) struct Drilled {
    pub kind: Kind,
    pub performed: Timestamp,
    /// Those of whom the minutes say so, and whose own signed answer is here.
    pub with: Vec<Name>,
}

/// What the drills of a vault come to.
pub(in crate::cli) struct Drills {
    /// The newest that was carried out.
    pub last: Option<Drilled>,
    /// The holders who never took part in any.
    pub never: Vec<Name>,
}

impl Drills {
    /// `2026-05-12 with anna, ben; never yet: dan`, for `status`.
    pub(in crate::cli) fn line(&self) -> String {
        let Some(last) = &self.last else {
            return "none yet".to_owned();
        };
        let mut line = format!("{} with {}", last.performed.day(), screen::list(&last.with));
        if !self.never.is_empty() {
            line.push_str(&format!("; never yet: {}", screen::list(&self.never)));
        }
        line
    }
}

impl Opened {
    /// All drills: those that verify, and what is wrong with the others.
    pub(in crate::cli) fn drills(&self) -> Vec<Result<Found, (String, Rc<RequestError>)>> {
        let read = |(relative, file): &(PathBuf, Piece)| {
            let found = self.drill_in(relative, file);
            found.map_err(|error| (Self::id_of(relative), error))
        };
        opened::each_once(self.evidence.drills.iter().map(read).collect())
    }

    /// Does the id of a drill begin so?
    pub(in crate::cli) fn is_a_drill(&self, beginning: &str) -> bool {
        let mut drills = self.evidence.drills.iter();
        drills.any(|(relative, _)| Self::id_of(relative).starts_with(beginning))
    }

    /// Is it a drill that is named so, and no request?
    pub(in crate::cli) fn names_a_drill(&self, wanted: &str) -> bool {
        let wanted = wanted.trim();
        let drills = opened::named_by(&self.evidence.drills, wanted);
        let requests = opened::named_by(&self.evidence.requests, wanted);
        let is_whole = |ids: &[&(PathBuf, Piece)]| {
            ids.iter()
                .any(|(relative, _)| Self::id_of(relative) == wanted)
        };
        match is_whole(&drills) {
            true => !is_whole(&requests),
            false => !drills.is_empty() && requests.is_empty(),
        }
    }

    /// Looks a drill up by its id, or the beginning of it, and verifies it.
    pub(in crate::cli) fn drill(&self, wanted: &str) -> Result<Found, Failure> {
        let wanted = wanted.trim();
        let begins = |relative: &PathBuf| Self::id_of(relative).starts_with(wanted);
        let drills = &self.evidence.drills;
        let mut matching = opened::named_by(drills, wanted).into_iter();
        let (Some((relative, file)), None) = (matching.next(), matching.next()) else {
            let requests = &self.evidence.requests;
            let is_real = opened::may_be_an_id(wanted)
                && requests.iter().any(|(relative, _)| begins(relative));
            let ids: Vec<String> = drills.iter().map(|(r, _)| Self::id_of(r)).collect();
            let here = SafeText::limited(&screen::list(&ids), 400).to_string();
            return Err(Failure::new(
                Exit::Usage,
                format!("there is no one drill {}", SafeText::new(wanted)),
            )
            .fact(format!("drills here: {here}"))
            .next(match is_real {
                true => format!("it is no drill, but a real request: quorate show {wanted}"),
                false => "git pull".to_owned(),
            }));
        };
        let id = Self::id_of(relative);
        let found = self
            .drill_in(relative, file)
            .map_err(|error| super::refused(&id, &error))?;
        let digest = found.verified.digest();
        if !digest.to_string().starts_with(&id) {
            return Err(
                Failure::new(Exit::Forged, format!("drills/{id}.drill is another drill"))
                    .fact(format!("its contents are {}", digest.short()))
                    .next("git checkout drills"),
            );
        }
        // A copy of it under the longer id is nothing of its own.
        Ok(self.drill_of(digest).unwrap_or(found))
    }

    /// The drill with this digest.
    fn drill_of(&self, digest: Digest) -> Option<Found> {
        let mut all = self.drills().into_iter().flatten();
        all.find(|found| found.verified.digest() == digest)
    }

    fn minutes_of(&self, found: &Found, file: &[u8]) -> Result<DrillMinutes, DrillMinutesError> {
        DrillMinutes::read(file, self.manifest(), &found.verified, self.now)
    }

    /// Was it carried out, and with whom? `None` if not; minutes that don't verify don't count.
    pub(in crate::cli) fn drilled(&self, found: &Found) -> Option<Drilled> {
        let name = PathBuf::from(format!("drills/{}.minutes", found.id));
        let mut files = self.evidence.drill_minutes.iter();
        let (_, file) = files.find(|(path, _)| *path == name)?;
        let minutes = self.minutes_of(found, file).ok()?;
        let answered_by = self.approved_by(found);
        let answered = |name: &Name| answered_by.contains(name);
        Some(Drilled {
            kind: found.verified.kind(),
            performed: minutes.performed,
            with: minutes.took_part.into_iter().filter(answered).collect(),
        })
    }

    /// The newest drill of either set, and who never took part in one.
    pub(in crate::cli) fn last_drill(&self) -> Drills {
        let all = self.drills().into_iter().flatten();
        let done: Vec<Drilled> = all.filter_map(|found| self.drilled(&found)).collect();
        let took_part = |name: &Name| done.iter().any(|drilled| drilled.with.contains(name));
        let names = self.roster.iter().map(|member| &member.name);
        let never = names.filter(|name| !took_part(name)).cloned().collect();
        let last = done.into_iter().max_by_key(|drilled| drilled.performed);
        Drills { last, never }
    }

    /// One piece of a drill's evidence, for `verify`; nothing if it is of another kind.
    pub(in crate::cli) fn check_drill(&self, file: &[u8]) -> Option<Result<String, String>> {
        let head = file.split(|b| *b == b'\n').next().unwrap_or_default();
        Some(match head {
            b"quorate drill 1" => VerifiedDrill::read(file, self.manifest())
                .map(|drill| {
                    let (id, opener) = (drill.digest().short(), &drill.drill().opener);
                    format!("drill {id} by {opener}")
                })
                .map_err(|error| error.to_string()),
            b"quorate drill-answer 1" => self.check_answer(file),
            b"quorate drill-decline 1" => self.check_no(file, No::Decline),
            b"quorate drill-withdrawal 1" => self.check_no(file, No::Withdrawal),
            b"quorate drill-minutes 1" => self.check_minutes(file),
            b"quorate drill-attempt 1" => self.check_drill_attempt(file),
            _ => return None,
        })
    }

    /// The drill that an answer or an objection names.
    fn drill_about(&self, file: &[u8]) -> Result<Found, String> {
        let found = named(file, &DRILL).and_then(|digest| self.drill_of(digest));
        found.ok_or_else(|| "the drill that it belongs to isn't in this vault".to_owned())
    }

    fn check_answer(&self, file: &[u8]) -> Result<String, String> {
        let found = self.drill_about(file)?;
        Approval::read(file, self.manifest(), &*found.verified, self.now)
            .map(|answer| format!("answer to drill {} by {}", found.id, answer.holder))
            .map_err(|error| error.to_string())
    }

    fn check_no(&self, file: &[u8], kind: No) -> Result<String, String> {
        let found = self.drill_about(file)?;
        self.objection(&found, kind, file)
            .map(|no| format!("{} of drill {} by {}", kind.word(), found.id, no.holder))
            .map_err(|error| error.to_string())
    }

    fn check_drill_attempt(&self, file: &[u8]) -> Result<String, String> {
        let (attempt, _, id) = self.attempt_at(file, &DRILL, |digest| self.drill_of(digest))?;
        let (operator, told) = (&attempt.operator, attempts::told(&attempt));
        Ok(format!("attempt at drill {id} by {operator}: {told}"))
    }

    fn check_minutes(&self, file: &[u8]) -> Result<String, String> {
        let digest = DrillMinutes::about(file).map_err(|error| error.to_string())?;
        let found = self
            .drill_of(digest)
            .ok_or("the drill that they belong to isn't in this vault")?;
        let minutes = self.minutes_of(&found, file).map_err(|e| e.to_string())?;
        let answered_by = self.approved_by(&found);
        let mut took_part = minutes.took_part.iter();
        if let Some(name) = took_part.find(|name| !answered_by.contains(name)) {
            return Err(format!(
                "{name} is said to have taken part, and no answer of theirs is here"
            ));
        }
        Ok(format!(
            "minutes of drill {} by {}",
            found.id,
            found.verified.drill().opener
        ))
    }
}
