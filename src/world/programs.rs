//! Other programs: what is asked of them and what they leave behind.
use sha2::{Digest, Sha256};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// Most bytes kept of what a program says on its standard error; the rest is read and dropped.
pub const MAX_STDERR: usize = 64 * 1024;

/// The programs that quorate runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// GnuPG.
    Gpg,
    /// GnuPG's way to its agent.
    GpgConnectAgent,
    /// git, for `--commit`.
    Git,
}

impl Program {
    /// The name to look for in `PATH`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpg => "gpg",
            Self::GpgConnectAgent => "gpg-connect-agent",
            Self::Git => "git",
        }
    }
}

/// A program to be run. No secret may be in the arguments or the environment.
pub struct Command<'a> {
    /// Which one.
    pub program: Program,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// What it reads on its standard input.
    pub stdin: &'a [u8],
    /// Variables beside those that are passed through.
    pub env: Vec<(OsString, OsString)>,
    /// Most bytes that it may write to its standard output.
    pub output_limit: usize,
    /// How long it may run; without a limit it may wait for a person.
    pub time_limit: Option<Duration>,
}

impl<'a> Command<'a> {
    /// With arguments and input, no further variables, at most 64 KiB of output.
    pub fn new<S: AsRef<OsStr>>(program: Program, args: &[S], stdin: &'a [u8]) -> Self {
        let args = args.iter().map(|arg| arg.as_ref().to_owned()).collect();
        Self {
            program,
            args,
            stdin,
            env: Vec::new(),
            output_limit: 64 * 1024,
            time_limit: None,
        }
    }
}

/// What a program left behind.
pub struct Output {
    /// The exit code; none if a signal ended it.
    pub status: Option<i32>,
    /// Its standard output, which may be secret.
    pub stdout: Zeroizing<Vec<u8>>,
    /// Its standard error, at most [`MAX_STDERR`] bytes.
    pub stderr: Vec<u8>,
}

/// Why a program gave no [`Output`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramsError {
    /// It is in none of the trusted folders of `PATH`.
    #[error("{} not found", .program.name())]
    NotFound {
        /// Which one.
        program: Program,
        /// Where it would have been, had others not been able to change it: relative entries of
        /// `PATH`, files and folders that belong to somebody else or that others can write.
        skipped: Vec<PathBuf>,
    },
    /// It could not be started or talked to.
    #[error("{}: {kind}", .program.name())]
    Failed {
        /// Which one.
        program: Program,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// It wrote more than was asked for, and was ended.
    #[error("{} wrote more than {limit} bytes", .program.name())]
    OutputTooBig {
        /// Which one.
        program: Program,
        /// Bytes.
        limit: usize,
    },
    /// It ran longer than it may, and was ended.
    #[error("{} took too long", .program.name())]
    TimedOut {
        /// Which one.
        program: Program,
    },
}

/// What starts programs.
pub trait Programs: Sync {
    /// Runs a program to its end. It keeps the terminal, so that it may ask for a passphrase there.
    ///
    /// # Errors
    /// Only if it didn't run or wrote too much; a bad exit code is not an error here.
    fn run(&self, command: &Command<'_>) -> Result<Output, ProgramsError>;

    /// The program file to start as the session's worker: this very program.
    fn worker_program(&self) -> PathBuf;

    /// SHA-256 of that file, for requests to name.
    ///
    /// # Errors
    /// The file can't be read.
    fn own_digest(&self) -> io::Result<[u8; 32]> {
        digest_of(std::fs::File::open(self.worker_program())?)
    }

    /// The plugin that another library would start by this name: the first in `PATH`, if nobody else could
    /// have put it there.
    ///
    /// # Errors
    /// The first of that name, where others can write; nothing if there is none.
    fn find_plugin(&self, name: &str) -> Result<PathBuf, Option<PathBuf>> {
        let _ = name;
        Err(None)
    }

    /// Begins with [`Programs::own_digest`] beside other work: some megabytes are read.
    fn begin_own_digest(&self) {}
}

/// SHA-256 of a file.
pub(super) fn digest_of(mut file: std::fs::File) -> io::Result<[u8; 32]> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest.finalize().into()),
            count => digest.update(&buffer[..count]),
        }
    }
}
