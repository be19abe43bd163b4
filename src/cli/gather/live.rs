//! `--live`: a board on the terminal, until enough answers have come.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::at_once::why;
use crate::ceremony::submission::{BEGIN, END, MAX_SUBMISSION, Verdict, unquoted};
use crate::ceremony::words;
use crate::cli::desk::inbox::Arrived;
use crate::cli::desk::table::Table;
use crate::cli::opened::Opened;
use crate::cli::report::Failure;
use crate::cli::screen;
use crate::roster::name::Name;
use crate::world::{Look, SafeText};

/// So many submissions are looked at; a vault has at most 255 holders.
const MAX_LOOKED_AT: usize = 1000;

/// What has come so far.
struct Board<'t> {
    table: &'t Table<'t>,
    opened: Opened,
    /// Files of the inbox that were looked at.
    seen: Vec<PathBuf>,
    arrived: Vec<Arrived>,
    /// Whose answer is here, and how it came.
    rows: Vec<(Name, String)>,
    /// The last thing that is worth telling.
    news: String,
    /// A submission that is being pasted.
    paste: Zeroizing<Vec<u8>>,
    /// So many answers lay in the vault when it was looked at last.
    answers: Option<usize>,
    /// What it told then: who approved or declined, who may still approve, how many are needed.
    told: Vec<(Name, String)>,
    open: Vec<Name>,
    needed: usize,
    failed: Option<Failure>,
}

pub(super) fn run(table: &Table<'_>, own: Arrived) -> Result<(), Failure> {
    let context = table.context;
    let found = table.found;
    context.say("");
    context.say(&format!(
        "request {} is open as long as this terminal is.\nRead these eight words to the others:",
        found.id
    ));
    context.say(&screen::words(&words::of(&[found.verified.compared()])));
    let opened = context.open()?;
    context.share_by_git(
        &opened.folder,
        &format!(
            "requests/{0}.request approvals/{0}-{1}.approval",
            found.id, table.me
        ),
        &format!("Request {}, live", found.id),
    );
    context.advise("(from another terminal: this one waits)");
    context.say("");
    let mut board = Board {
        table,
        opened,
        seen: Vec::new(),
        arrived: vec![own],
        rows: vec![(table.me.clone(), "approved   opened it".to_owned())],
        news: String::new(),
        paste: Zeroizing::default(),
        answers: None,
        told: Vec::new(),
        open: Vec::new(),
        needed: usize::MAX,
        failed: None,
    };
    let watched = context.world.terminal.watch(&mut |line| board.turn(line));
    if let Some(failure) = board.failed.take() {
        table.desk.clear(context.world.files)?;
        return Err(failure);
    }
    if let Err(error) = watched {
        return Err(table.end(&why(error)));
    }
    if found.verified.open_at(context.world.clock.now()).is_err() {
        return Err(table.end("it closed before enough answers had come"));
    }
    match context.world.terminal.ask("Carry it out? Type yes: ") {
        Ok(answer) if answer.trim() == "yes" => table.carry_out_now(&board.arrived),
        Ok(_) => Err(table.end("not carried out after all")),
        Err(error) => Err(table.end(&why(error))),
    }
}

impl Board<'_> {
    /// One look: at what was pasted and at the inbox.
    fn turn(&mut self, line: Option<&str>) -> Look {
        if let Some(line) = line {
            self.pasted(line);
        }
        if let Err(failure) = self.look() {
            self.failed = Some(failure);
        }
        let now = self.table.context.world.clock.now();
        let closed = self.table.found.verified.open_at(now).is_err();
        let is_last = closed || self.failed.is_some() || self.arrived.len() >= self.needed;
        let mut lines = self.lines();
        if !is_last {
            lines.push("answers: pasted here, or by ssh, from there:".to_owned());
            lines.push(format!(
                "  quorate approve {} --out - | ssh HOST quorate submit",
                self.table.found.id
            ));
            lines.push("Ctrl-C ends the request".to_owned());
        }
        Look { lines, is_last }
    }

    /// A line of a submission, quoted by a mail program or not.
    fn pasted(&mut self, line: &str) {
        let line = unquoted(line.as_bytes());
        if line == BEGIN {
            self.paste = Zeroizing::default();
        }
        let begun = line == BEGIN || !self.paste.is_empty();
        if !begun || self.paste.len() + line.len() > MAX_SUBMISSION {
            self.paste = Zeroizing::default();
            return;
        }
        self.paste.extend_from_slice(line);
        self.paste.push(b'\n');
        if line == END {
            let submission = std::mem::take(&mut self.paste);
            let name = PathBuf::from("what was pasted");
            self.take((name, submission), "pasted here");
        }
    }

    /// What the vault tells of those whose answer isn't here, looked at again only when it has changed.
    fn look_at_the_vault(&mut self) -> Result<(), Failure> {
        let files = self.table.context.world.files;
        let approvals = self.opened.folder.join("approvals");
        let answers = match files.kind(&approvals)? {
            Some(_) => files.list(&approvals)?.len(),
            None => 0,
        };
        if self.answers == Some(answers) {
            return Ok(());
        }
        if self.answers.is_some() {
            self.opened = self.table.context.open()?;
        }
        self.answers = Some(answers);
        let found = self.table.found;
        self.opened.not_ended(found)?;
        let approved = self.opened.approvals(found).into_iter();
        let declined = self.opened.declines(found);
        (self.open, self.needed) = self.opened.still_possible(found, &declined)?;
        let approved = approved.map(|(approval, _)| {
            let what = "approved   but the answer isn't here yet".to_owned();
            (approval.holder, what)
        });
        let declined = declined.into_iter().map(|no| {
            let why = SafeText::limited(&no.because, 60);
            (no.holder, format!("declined   \"{why}\""))
        });
        self.told = approved.chain(declined).collect();
        Ok(())
    }

    fn look(&mut self) -> Result<(), Failure> {
        self.look_at_the_vault()?;
        let files = self.table.context.world.files;
        for file in self.table.desk.arrived(files)? {
            if self.seen.contains(&file) || self.seen.len() >= MAX_LOOKED_AT {
                continue;
            }
            self.seen.push(file.clone());
            match files.read(&file, MAX_SUBMISSION) {
                Ok(submission) => self.take((file, submission), "arrived"),
                Err(error) => {
                    self.news = format!("a file in the inbox was left out: {}", error.fault)
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, submission: Arrived, how: &str) {
        let verdict = match self.table.look_at(&self.opened, &submission) {
            Ok(verdict) => verdict,
            Err(failure) => {
                self.news = failure.what().to_owned();
                return;
            }
        };
        let minute = screen::minute(self.table.context.world.clock.now());
        let clock = minute.get(11..).unwrap_or(&minute);
        match verdict {
            Verdict::True(name) | Verdict::Again(name) if self.has(&name) => {
                self.news = format!("{name} again; counted once");
            }
            Verdict::True(name) | Verdict::Again(name) => {
                self.news = String::new();
                self.rows
                    .push((name, format!("approved   share true, {how} {clock}")));
                self.arrived.push(submission);
            }
            Verdict::False(name) => {
                self.news =
                    format!("{name}'s share is FALSE: not the one dealt to {name}; left out");
            }
            Verdict::Unopened => {
                self.news = format!(
                    "something {how} that can't be opened: for another request, or damaged"
                );
            }
            Verdict::Refused(why) => {
                self.news = format!("refused: {}", SafeText::limited(&why, 200));
            }
        }
    }

    fn has(&self, name: &Name) -> bool {
        self.rows.iter().any(|(other, _)| other == name)
    }

    fn lines(&self) -> Vec<String> {
        let request = self.table.found.verified.request();
        let now = self.table.context.world.clock.now();
        let mut lines = vec![format!(
            "LIVE   closes {}, {}",
            screen::minute(request.closes),
            screen::time_left(now, request.closes)
        )];
        let elsewhere = self.told.iter().filter(|(name, _)| !self.has(name));
        for (name, what) in self.rows.iter().chain(elsewhere) {
            lines.push(format!("  {:<8} {what}", name.to_string()));
        }
        let missing: Vec<&Name> = self.open.iter().filter(|name| !self.has(name)).collect();
        let (here, needed) = (self.arrived.len(), self.needed);
        lines.push(match needed.saturating_sub(here) {
            0 => format!("{needed} of {needed}"),
            still => format!(
                "{here} of {needed}; still {still} of: {}",
                screen::list(&missing)
            ),
        });
        if !self.news.is_empty() {
            lines.push(self.news.clone());
        }
        lines
    }
}
