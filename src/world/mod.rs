//! Files, programs, clock, randomness and terminal: traits and the real ones.
//!
//! Everything that reaches outside the process goes through a [`World`], which is passed in. So each
//! command can be tested with a stopped clock, a full disk, or a kill between any two writes; the
//! doubles for that are in [`doubles`].
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub mod doubles;
pub mod durable;
pub mod files;
pub mod gpg;

mod own_digest;
mod parallel;
pub mod programs;
pub mod random;
mod reading;
mod real_files;
mod real_programs;
pub mod safe_text;
pub mod terminal;
pub mod timestamp;

pub use durable::{Batch, Staged, is_temporary, sweep_temporaries};
pub use files::{Entry, Fault, Files, FilesError, Kind, LockGuard, Operation};
pub use parallel::in_parallel;
pub use programs::{Command, Output, Program, Programs, ProgramsError};
pub use random::{OsRandom, Random, RandomError};
pub use real_files::RealFiles;
pub use real_programs::RealPrograms;
pub use safe_text::SafeText;
pub use terminal::{Look, RealTerminal, Terminal, TerminalError};
pub use timestamp::{Clock, NotATime, SystemClock, Timestamp};

/// All that is outside the process. Cheap to copy.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// The file system.
    pub files: &'w dyn Files,
    /// Other programs, and the own one for the worker.
    pub programs: &'w dyn Programs,
    /// The time.
    pub clock: &'w dyn Clock,
    /// The operating system's randomness.
    pub random: &'w dyn Random,
    /// Who sits in front.
    pub terminal: &'w dyn Terminal,
    /// What was read once at the start.
    pub surroundings: &'w Surroundings,
}

/// The environment as data, name to value.
pub type Environment = BTreeMap<OsString, OsString>;

/// What the process was started in: read once, plain data afterwards.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `$HOME`, if it is an absolute path.
    pub home: Option<PathBuf>,
    /// quorate's own folder for state: `$XDG_STATE_HOME` (if absolute) or `~/.local/state`, and in it
    /// `quorate`. None without either. It need not exist yet.
    pub state: Option<PathBuf>,
    /// The folder in which the command was typed.
    pub current_dir: PathBuf,
    /// The machine's host name, harmless, at most 64 characters.
    pub machine: SafeText,
}

impl Surroundings {
    /// Works the surroundings out of the given facts.
    pub fn new(environment: &Environment, current_dir: PathBuf, host_name: &[u8]) -> Self {
        let absolute = |name: &str| {
            let value = PathBuf::from(environment.get(std::ffi::OsStr::new(name))?);
            value.is_absolute().then_some(value)
        };
        let home = absolute("HOME");
        let state = absolute("XDG_STATE_HOME")
            .or_else(|| Some(home.as_ref()?.join(".local/state")))
            .map(|folder| folder.join("quorate"));
        let machine = SafeText::from_bytes_limited(host_name, 64);
        Self {
            home,
            state,
            current_dir,
            machine,
        }
    }

    /// Takes a path as a user typed it: relative ones start in the current folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.current_dir.join(path)
    }
}

/// The real world, to be kept in `main` while a [`World`] borrows from it.
pub struct RealWorld {
    files: RealFiles,
    programs: RealPrograms,
    terminal: RealTerminal,
    surroundings: Surroundings,
}

impl RealWorld {
    /// Reads the environment, the current folder and the host name, this once.
    ///
    /// # Errors
    /// The current folder was removed or can't be read.
    pub fn new() -> std::io::Result<Self> {
        let environment: Environment = std::env::vars_os().collect();
        let host = rustix::system::uname();
        let current_dir = std::env::current_dir()?;
        let surroundings = Surroundings::new(&environment, current_dir, host.nodename().to_bytes());
        Ok(Self {
            files: RealFiles::default(),
            programs: RealPrograms::new(environment).with_memory(surroundings.state.as_deref()),
            surroundings,
            terminal: RealTerminal::default(),
        })
    }

    /// The real things behind their traits.
    pub fn world(&self) -> World<'_> {
        World {
            files: &self.files,
            programs: &self.programs,
            clock: &SystemClock,
            random: &OsRandom,
            terminal: &self.terminal,
            surroundings: &self.surroundings,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        pairs
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    }

    fn state(pairs: &[(&str, &str)]) -> Option<PathBuf> {
        Surroundings::new(&environment(pairs), "/".into(), b"desk").state
    }

    #[test]
    fn the_state_folder_follows_xdg_then_home_and_never_a_relative_path() {
        let xdg = [("HOME", "/home/anna"), ("XDG_STATE_HOME", "/var/anna")];
        assert_eq!(state(&xdg), Some("/var/anna/quorate".into()));
        let relative = [("HOME", "/home/anna"), ("XDG_STATE_HOME", "anna")];
        assert_eq!(
            state(&relative),
            Some("/home/anna/.local/state/quorate".into())
        );
        assert_eq!(state(&[("HOME", "")]), None);
    }

    #[test]
    fn a_hostile_host_name_is_harmless_and_short() {
        let name = [b"\x1b[2J".as_slice(), &[b'a'; 300]].concat();
        let machine = Surroundings::new(&environment(&[]), "/".into(), &name).machine;
        assert!(machine.as_str().starts_with("\\u{1b}[2Ja"));
        assert!(machine.as_str().chars().count() <= 64);
    }
}
