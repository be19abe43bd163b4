//! `--live`: a board on the terminal, until enough answers have come.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::carry_out::Arrived;
use super::opened::Opened;
use super::report::Failure;
use super::screen;
use super::table::{Table, why};
use crate::ceremony::submission::{MAX_SUBMISSION, Verdict};
use crate::ceremony::words;
use crate::roster::name::Name;
use crate::world::{Look, SafeText};

/// So many submissions are looked at; a vault has at most 255 holders.
const MAX_LOOKED_AT: usize = 1000;
const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";

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
    paste: Zeroizing<String>,
    /// So many answers lay in the vault when it was looked at last.
    answers: usize,
    failed: Option<Failure>,
}

pub(super) fn run(table: &Table<'_>, own: Arrived) -> Result<(), Failure> {
    let context = table.context;
    let found = table.found;
    let request = found.verified.request();
    context.say("");
    context.say(&format!(
        "request {} is open as long as this terminal is. Read these eight words to the others:",
        found.id
    ));
    context.say(&screen::words(&words::of(&[found.verified.digest()])));
    context.share_by_git(
        &context.open()?.folder,
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
        opened: context.open()?,
        seen: Vec::new(),
        arrived: vec![own],
        rows: vec![(table.me.clone(), "approved   opened it".to_owned())],
        news: String::new(),
        paste: Zeroizing::default(),
        answers: 0,
        failed: None,
    };
    let needed = usize::from(board.opened.set(request.kind)?.threshold.get());
    let watched = context
        .world
        .terminal
        .watch(&mut |line| board.turn(line, needed));
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
        Ok(answer) if answer.trim() == "yes" => table.carry_out(&board.arrived),
        Ok(_) => Err(table.end("not carried out after all")),
        Err(error) => Err(table.end(&why(error))),
    }
}

impl Board<'_> {
    /// One look: at what was pasted and at the inbox.
    fn turn(&mut self, line: Option<&str>, needed: usize) -> Look {
        if let Some(line) = line {
            self.pasted(line);
        }
        if let Err(failure) = self.look() {
            self.failed = Some(failure);
        }
        let now = self.table.context.world.clock.now();
        let closed = self.table.found.verified.open_at(now).is_err();
        let is_last = closed || self.failed.is_some() || self.arrived.len() >= needed;
        let mut lines = self.lines(needed);
        if !is_last {
            lines.push(format!(
                "answers: pasted here, or  quorate approve {} --out - | ssh HOST quorate submit",
                self.table.found.id
            ));
            lines.push("Ctrl-C ends the request".to_owned());
        }
        Look { lines, is_last }
    }

    /// A line of a submission, quoted by a mail program or not.
    fn pasted(&mut self, line: &str) {
        let line = line.trim_start_matches(['>', ' ', '\t']).trim_end();
        if line == BEGIN {
            self.paste = Zeroizing::default();
        }
        let begun = line == BEGIN || !self.paste.is_empty();
        if !begun || self.paste.len() + line.len() > MAX_SUBMISSION {
            self.paste = Zeroizing::default();
            return;
        }
        self.paste.push_str(line);
        self.paste.push('\n');
        if line == END {
            let text = std::mem::take(&mut self.paste);
            let submission = Zeroizing::new(text.as_bytes().to_vec());
            let name = PathBuf::from("what was pasted");
            self.take((name, submission), "pasted here");
        }
    }

    fn look(&mut self) -> Result<(), Failure> {
        let files = self.table.context.world.files;
        let approvals = self.opened.folder.join("approvals");
        let answers = match files.kind(&approvals)? {
            Some(_) => files.list(&approvals)?.len(),
            None => 0,
        };
        if answers != self.answers {
            self.answers = answers;
            self.opened = self.table.context.open()?;
            self.opened.not_ended(self.table.found)?;
        }
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

    /// A line for each who has said something: whose answer is here, and what the vault tells of others.
    fn rows(&self) -> Vec<String> {
        let found = self.table.found;
        let mut rows = self.rows.clone();
        for (approval, _) in self.opened.approvals(found) {
            if !self.has(&approval.holder) {
                let what = "approved   but the answer isn't here yet".to_owned();
                rows.push((approval.holder, what));
            }
        }
        for decline in self.opened.declines(found) {
            if !self.has(&decline.holder) {
                let why = SafeText::limited(&decline.because, 60);
                rows.push((decline.holder, format!("declined   \"{why}\"")));
            }
        }
        rows.iter()
            .map(|(name, what)| format!("  {:<8} {what}", name.to_string()))
            .collect()
    }

    fn lines(&self, needed: usize) -> Vec<String> {
        let request = self.table.found.verified.request();
        let now = self.table.context.world.clock.now();
        let mut lines = vec![format!(
            "LIVE   closes {}, {}",
            screen::minute(request.closes),
            screen::time_left(now, request.closes)
        )];
        lines.extend(self.rows());
        let missing: Vec<Name> = self
            .opened
            .set(request.kind)
            .map(|set| {
                set.shares
                    .iter()
                    .map(|dealt| dealt.holder.clone())
                    .collect()
            })
            .unwrap_or_else(|_: Failure| Vec::new());
        let declined = self.opened.declines(self.table.found);
        let no = |name: &Name| declined.iter().any(|decline| decline.holder == *name);
        let missing: Vec<Name> = missing
            .into_iter()
            .filter(|name| !self.has(name) && !no(name))
            .collect();
        lines.push(match needed.saturating_sub(self.arrived.len()) {
            0 => format!("{needed} of {needed}"),
            still => format!(
                "{} of {needed}; still {still} of: {}",
                self.arrived.len(),
                screen::list(&missing)
            ),
        });
        if !self.news.is_empty() {
            lines.push(self.news.clone());
        }
        lines
    }
}
