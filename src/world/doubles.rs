//! Doubles of the world, for tests: of this library and of programs that use it.
//!
//! They are deterministic, count, fail and stop where they are told to. Nothing here is secure.
use super::programs::{Command, Output, Programs, ProgramsError};
use super::random::{Random, RandomError};
use super::terminal::{Look, Terminal, TerminalError};
use super::timestamp::{Clock, Timestamp};
use super::{Environment, RealFiles, Surroundings, World};
use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

mod faulty_files;

pub use faulty_files::FaultyFiles;

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct FixedClock(AtomicU64);

impl FixedClock {
    /// Shows this time.
    pub fn new(time: Timestamp) -> Self {
        Self(AtomicU64::new(time.seconds()))
    }

    /// Shows another time from now on, earlier or later.
    pub fn set(&self, time: Timestamp) {
        self.0.store(time.seconds(), SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(SeqCst)).unwrap_or(Timestamp::LATEST)
    }
}

/// Bytes that follow from a seed: the same in every run, different at every call.
#[derive(Debug, Default)]
pub struct SeededRandom {
    seed: u64,
    calls: AtomicU64,
}

impl SeededRandom {
    /// Begins the sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            calls: AtomicU64::new(0),
        }
    }
}

impl Random for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        for chunk in buffer.chunks_mut(32) {
            let call = self.calls.fetch_add(1, SeqCst);
            let block = Sha256::digest([self.seed.to_le_bytes(), call.to_le_bytes()].concat());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// A test that panicked elsewhere is no reason to hide what this one saw.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What somebody else does while a person thinks.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// A terminal whose user answers from lists made in advance, in order. A question beyond the list
/// finds no terminal.
#[derive(Default)]
pub struct ScriptedTerminal {
    answers: Mutex<VecDeque<(String, Option<Meanwhile>)>>,
    secrets: Mutex<VecDeque<Zeroizing<String>>>,
    input: Mutex<Zeroizing<Vec<u8>>>,
    lines: Mutex<Vec<(Voice, String)>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Voice {
    Said,
    Noted,
    Asked,
}

impl ScriptedTerminal {
    /// Nobody answers.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more answer to a question.
    pub fn answer(&self, text: &str) {
        locked(&self.answers).push_back((text.to_owned(), None));
    }

    /// The same, and what happens before it is typed.
    pub fn answer_after(&self, meanwhile: impl FnOnce() + Send + 'static, text: &str) {
        locked(&self.answers).push_back((text.to_owned(), Some(Box::new(meanwhile))));
    }

    /// One more answer to a question for a secret; it never appears in the transcript.
    pub fn secret(&self, text: &str) {
        locked(&self.secrets).push_back(Zeroizing::new(text.to_owned()));
    }

    /// What is on the standard input.
    pub fn set_input(&self, bytes: &[u8]) {
        *locked(&self.input) = Zeroizing::new(bytes.to_vec());
    }

    /// All that was said, noted, asked and answered, a line each, in order.
    pub fn transcript(&self) -> String {
        self.lines(&[Voice::Said, Voice::Noted, Voice::Asked])
    }

    /// What went to the standard output.
    pub fn said(&self) -> String {
        self.lines(&[Voice::Said])
    }

    /// What went to the standard error.
    pub fn noted(&self) -> String {
        self.lines(&[Voice::Noted])
    }

    fn lines(&self, voices: &[Voice]) -> String {
        let lines = locked(&self.lines);
        let chosen = lines.iter().filter(|(voice, _)| voices.contains(voice));
        chosen.map(|(_, line)| format!("{line}\n")).collect()
    }

    fn add(&self, voice: Voice, line: String) {
        locked(&self.lines).push((voice, line));
    }
}

impl Terminal for ScriptedTerminal {
    fn say(&self, text: &str) {
        self.add(Voice::Said, text.to_owned());
    }
    fn note(&self, text: &str) {
        self.add(Voice::Noted, text.to_owned());
    }
    fn ask(&self, prompt: &str) -> Result<String, TerminalError> {
        let next = locked(&self.answers).pop_front();
        let (answer, meanwhile) = next.ok_or(TerminalError::None)?;
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.add(Voice::Asked, format!("{prompt}{answer}"));
        Ok(answer)
    }
    fn ask_secret(&self, prompt: &str) -> Result<Zeroizing<String>, TerminalError> {
        let secret = locked(&self.secrets)
            .pop_front()
            .ok_or(TerminalError::None)?;
        self.add(Voice::Asked, prompt.to_owned());
        Ok(secret)
    }
    fn input(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        let bytes = std::mem::take(&mut *locked(&self.input));
        if bytes.len() > limit {
            Err(TerminalError::TooLong { limit })
        } else {
            Ok(bytes)
        }
    }
    fn watch(&self, board: &mut dyn FnMut(Option<&str>) -> Look) -> Result<(), TerminalError> {
        // Nobody sits here for long: the first look, and the terminal is closed.
        let Look { lines, is_last } = board(None);
        for line in lines {
            self.add(Voice::Said, line);
        }
        match is_last {
            true => Ok(()),
            false => Err(TerminalError::Closed),
        }
    }
    fn width(&self) -> usize {
        80
    }
    fn is_interactive(&self) -> bool {
        !locked(&self.answers).is_empty() || !locked(&self.secrets).is_empty()
    }
    fn lost_output(&self) -> bool {
        false
    }
}

/// Programs whose results are given in advance, in order; beyond them nothing is installed.
#[derive(Default)]
pub struct ScriptedPrograms {
    outputs: Mutex<VecDeque<Output>>,
    started: Mutex<Vec<String>>,
    worker: PathBuf,
}

impl ScriptedPrograms {
    /// With this file as the worker.
    pub fn new(worker: impl Into<PathBuf>) -> Self {
        Self {
            worker: worker.into(),
            ..Self::default()
        }
    }

    /// The next program started exits with this code and these outputs.
    pub fn output(&self, status: i32, stdout: &[u8], stderr: &[u8]) {
        let (stdout, stderr) = (Zeroizing::new(stdout.to_vec()), stderr.to_vec());
        locked(&self.outputs).push_back(Output {
            status: Some(status),
            stdout,
            stderr,
        });
    }

    /// The command lines so far.
    pub fn started(&self) -> Vec<String> {
        locked(&self.started).clone()
    }
}

impl Programs for ScriptedPrograms {
    fn run(&self, command: &Command<'_>) -> Result<Output, ProgramsError> {
        let mut line = command.program.name().to_owned();
        for arg in &command.args {
            line.push(' ');
            line.push_str(&arg.to_string_lossy());
        }
        locked(&self.started).push(line);
        let missing = ProgramsError::NotFound {
            program: command.program,
            skipped: Vec::new(),
        };
        locked(&self.outputs).pop_front().ok_or(missing)
    }
    fn worker_program(&self) -> PathBuf {
        self.worker.clone()
    }
}

/// A whole world of doubles over real files and given programs. The fields may be exchanged.
pub struct TestWorld<P: Programs> {
    /// Real files that count, fail or stop.
    pub files: FaultyFiles<RealFiles>,
    /// Scripted ones, or real ones with an environment of their own.
    pub programs: P,
    /// 2026-06-08T09:14:00Z at first.
    pub clock: FixedClock,
    /// Seed 0.
    pub random: SeededRandom,
    /// Nobody answers at first.
    pub terminal: ScriptedTerminal,
    /// The machine `desk`, home `home` and state `home/.local/state/quorate` in the given folder,
    /// which is also the current one.
    pub surroundings: Surroundings,
}

impl<P: Programs> TestWorld<P> {
    /// A world in a folder; nothing is made there yet.
    pub fn new(folder: &Path, programs: P) -> Self {
        let environment = Environment::from([("HOME".into(), folder.join("home").into())]);
        Self {
            files: FaultyFiles::new(RealFiles::default()),
            programs,
            clock: FixedClock::new(Timestamp::from_openpgp(1_780_910_040)),
            random: SeededRandom::default(),
            terminal: ScriptedTerminal::new(),
            surroundings: Surroundings::new(&environment, folder.to_owned(), b"desk"),
        }
    }

    /// The doubles behind their traits.
    pub fn world(&self) -> World<'_> {
        World {
            files: &self.files,
            programs: &self.programs,
            clock: &self.clock,
            random: &self.random,
            terminal: &self.terminal,
            surroundings: &self.surroundings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_answers_in_order_and_keeps_secrets_out_of_the_transcript() {
        let terminal = ScriptedTerminal::new();
        terminal.answer("yes");
        terminal.secret("hunter2");
        terminal.say("hello");
        assert_eq!(terminal.ask("sure? ").as_deref(), Ok("yes"));
        assert_eq!(
            terminal.ask_secret("passphrase: ").unwrap().as_str(),
            "hunter2"
        );
        assert_eq!(terminal.ask("and? "), Err(TerminalError::None));
        assert_eq!(terminal.transcript(), "hello\nsure? yes\npassphrase: \n");
        assert!(!terminal.is_interactive());
    }

    #[test]
    fn a_seed_gives_the_same_bytes_every_time_and_others_at_every_call() {
        let draw = |random: &SeededRandom| {
            let mut bytes = [0; 40];
            random.fill(&mut bytes).unwrap();
            bytes
        };
        let random = SeededRandom::new(1);
        let first = draw(&random);
        assert_eq!(first, draw(&SeededRandom::new(1)));
        assert_ne!(first, draw(&random));
        assert_ne!(first, draw(&SeededRandom::new(2)));
    }
}
