//! How the front end starts the worker, and the worker's end of the channel.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::channel::{ChannelError, Message, read_message, write_message};
use super::harden::{HardenError, Hardening, lock_up, warm_up};

/// The argument that makes the program the worker.
pub const WORKER_ARGUMENT: &str = "session-worker";

/// Front to worker, first: bytes of memory that the job will need (8 bytes, big-endian).
pub const TAG_MEMORY: u8 = 1;
/// Worker to front: locked up; one field, the [`Hardening`] as text.
pub const TAG_READY: u8 = 2;
/// Worker to front: not fit for a secret; one field, why, as text.
pub const TAG_UNFIT: u8 = 3;
/// Lowest tag that is free for jobs and replies.
pub const TAG_FIRST_FREE: u8 = 16;

/// How long a worker may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long a worker may take to answer; an RSA key takes longest.
const REPLY_WITHIN: Duration = Duration::from_secs(600);

/// All of the worker's environment.
///
/// No settings and no modules of OpenSSL. Memory that was had once is kept: under `mlockall` each
/// page that goes back to the system and comes again costs a fault, and scrypt takes 1 MiB each time. There is
/// one heap: a thread's own would grow within what it reserved before, which a lock on what can be written passes over.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("OPENSSL_CONF", "/dev/null"),
    ("OPENSSL_MODULES", "/dev/null"),
    (
        "GLIBC_TUNABLES",
        "glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=1048576:\
         glibc.malloc.arena_max=1",
    ),
];

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Exit code, if it ended by itself.
    pub code: Option<i32>,
    /// Signal, if it was killed.
    pub signal: Option<i32>,
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        Self {
            code: status.code(),
            signal: status.signal(),
        }
    }
}

/// Why there is no answer from a worker.
#[derive(Debug, Error)]
pub enum StartError {
    /// It could not be started.
    #[error("the worker could not be started: {0}")]
    Spawn(io::Error),
    /// It ended before its answer, or badly after it.
    #[error("the worker ended early ({ended:?})")]
    Ended {
        /// How.
        ended: Ended,
    },
    /// It says that it isn't fit for a secret.
    #[error("the worker is not fit for a secret: {why}")]
    Unfit {
        /// What it says: a [`HardenError`].
        why: String,
    },
    /// It sent something else than was due.
    #[error("the worker sent something else than was due (tag {tag})")]
    Unexpected {
        /// What came instead; 0 for bytes after the reply.
        tag: u8,
    },
    /// It took longer than allowed.
    #[error("the worker took more than {} seconds", limit.as_secs())]
    TimedOut {
        /// The time allowed.
        limit: Duration,
    },
    /// The job or the answer didn't pass.
    #[error(transparent)]
    Channel(ChannelError),
}

/// A worker that waits for its one job. Killed when dropped.
pub struct Worker {
    child: Reaped,
    stream: UnixStream,
    hardening: Hardening,
    /// When the job was sent.
    sent: Instant,
}

/// The answer of a worker that has ended.
pub struct Reply {
    /// What it answered.
    pub message: Message,
    /// From sending the job to the end of the process.
    pub seconds: f64,
}

/// A child of our own that doesn't outlive its handle.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail only if it has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A worker that starts its libraries and locks itself up. Killed when dropped.
pub struct Starting {
    child: Reaped,
    stream: UnixStream,
}

impl Starting {
    /// Starts `program`, with nothing of our environment, and doesn't wait for it.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn spawn(program: &Path) -> Result<Self, StartError> {
        let (stream, theirs) = UnixStream::pair().map_err(StartError::Spawn)?;
        let mut command = Command::new(program);
        command
            .arg(WORKER_ARGUMENT)
            .env_clear()
            .envs(ENVIRONMENT)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = Reaped(command.spawn().map_err(StartError::Spawn)?);
        // It holds our copy of the worker's end, and without it the worker's end is noticed.
        drop(command);
        set_limit(&stream, READY_WITHIN)?;
        Ok(Self { child, stream })
    }

    /// Waits until it is locked up. `wanted_bytes` of memory are tried for the job.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn ready(self, wanted_bytes: usize) -> Result<Worker, StartError> {
        let Self { mut child, stream } = self;
        let wanted = (wanted_bytes as u64).to_be_bytes();
        let ready = write_message(&mut &stream, TAG_MEMORY, &[&wanted])
            .and_then(|()| read_message(&mut &stream))
            .map_err(|error| explain(&mut child, error, READY_WITHIN))?;
        let text = match ready.fields.as_slice() {
            [text] => String::from_utf8_lossy(text).into_owned(),
            _ => return Err(StartError::Unexpected { tag: ready.tag }),
        };
        let hardening = match ready.tag {
            TAG_READY => Hardening::parse(&text),
            TAG_UNFIT => return Err(StartError::Unfit { why: text }),
            _ => None,
        };
        Ok(Worker {
            hardening: hardening.ok_or(StartError::Unexpected { tag: ready.tag })?,
            child,
            stream,
            sent: Instant::now(),
        })
    }
}

impl Worker {
    /// Starts `program` and waits until it is locked up: see [`Starting`].
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn start(program: &Path, wanted_bytes: usize) -> Result<Self, StartError> {
        Starting::spawn(program)?.ready(wanted_bytes)
    }

    /// What the worker says that it gave up.
    #[must_use]
    pub fn hardening(&self) -> Hardening {
        self.hardening
    }

    /// Sends the job, reads the one answer and waits for the end of the process.
    ///
    /// # Errors
    ///
    /// [`StartError`], also when it answered but didn't end well.
    pub fn call(mut self, tag: u8, fields: &[&[u8]]) -> Result<Reply, StartError> {
        self.send(tag, fields)?;
        self.reply()
    }

    /// Sends the job.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn send(&mut self, tag: u8, fields: &[&[u8]]) -> Result<(), StartError> {
        self.sent = Instant::now();
        set_limit(&self.stream, REPLY_WITHIN)?;
        write_message(&mut &self.stream, tag, fields)
            .map_err(|error| explain(&mut self.child, error, REPLY_WITHIN))
    }

    /// Reads what comes before the answer.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub fn receive(&mut self) -> Result<Message, StartError> {
        read_message(&mut &self.stream)
            .map_err(|error| explain(&mut self.child, error, REPLY_WITHIN))
    }

    /// Reads the answer and waits for the end of the process.
    ///
    /// # Errors
    ///
    /// [`StartError`], also when it answered but didn't end well.
    pub fn reply(mut self) -> Result<Reply, StartError> {
        let message = self.receive()?;
        self.end(message)
    }

    /// Waits for the end of the process, whose answer this is.
    ///
    /// # Errors
    ///
    /// [`StartError`], when it didn't end well.
    pub fn end(mut self, answer: Message) -> Result<Reply, StartError> {
        // The channel closes when the process ends.
        let end = loop {
            // A signal to the front end, such as a resized terminal's, is no end of the worker.
            match (&self.stream).read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                end => break end,
            }
        };
        match end {
            Ok(0) => {}
            Ok(_) => return Err(StartError::Unexpected { tag: 0 }),
            Err(error) => return Err(explain(&mut self.child, error.into(), REPLY_WITHIN)),
        }
        let status = self.child.0.wait().map_err(channel_io)?;
        if !status.success() {
            return Err(StartError::Ended {
                ended: status.into(),
            });
        }
        Ok(Reply {
            message: answer,
            seconds: self.sent.elapsed().as_secs_f64(),
        })
    }
}

fn channel_io(error: io::Error) -> StartError {
    StartError::Channel(ChannelError::Io(error))
}

fn set_limit(stream: &UnixStream, limit: Duration) -> Result<(), StartError> {
    stream
        .set_read_timeout(Some(limit))
        .and_then(|()| stream.set_write_timeout(Some(limit)))
        .map_err(channel_io)
}

/// A closed channel means that the process has ended: how is what matters.
fn explain(child: &mut Reaped, error: ChannelError, limit: Duration) -> StartError {
    match error {
        ChannelError::TimedOut => StartError::TimedOut { limit },
        ChannelError::Closed | ChannelError::Cut => match end_of(child) {
            Ok(status) => StartError::Ended {
                ended: status.into(),
            },
            Err(error) => channel_io(error),
        },
        other => StartError::Channel(other),
    }
}

/// The channel closes a moment before the process is gone. One that closed it and lives on is killed.
fn end_of(child: &mut Reaped) -> io::Result<ExitStatus> {
    for _ in 0..100 {
        if let Some(status) = child.0.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.0.kill()?;
    child.0.wait()
}

/// The worker's end of the channel.
pub struct Channel(File);

/// Why a worker can't begin.
#[derive(Debug, Error)]
pub enum BeginError {
    /// Nothing came, or it could not be answered.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// Not started by the front end: something else came first.
    #[error("not what a front end sends first")]
    NotStart,
    /// Not fit for a secret; the front end was told.
    #[error(transparent)]
    Harden(#[from] HardenError),
}

impl Channel {
    /// Takes descriptor 0. Nothing is read through the standard library's own buffer, which isn't wiped.
    ///
    /// # Errors
    ///
    /// Descriptor 0 is closed, or there are no more descriptors.
    pub fn take() -> io::Result<Self> {
        let own = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self(File::from(own)))
    }

    /// Gives up everything but the channel and says so. Afterwards comes the job.
    ///
    /// # Errors
    ///
    /// [`BeginError`].
    pub fn ready(&mut self) -> Result<Hardening, BeginError> {
        // Libraries read their configuration and load their parts at first use, which isn't
        // possible afterwards.
        let locked_up = warm_up().map(|()| lock_up(self));
        let memory = self.receive()?;
        let wanted = match memory.fields.as_slice() {
            [wanted] if memory.tag == TAG_MEMORY => <[u8; 8]>::try_from(wanted.as_slice()),
            _ => return Err(BeginError::NotStart),
        };
        let wanted = wanted.map_err(|_| BeginError::NotStart)?;
        // What can't be counted isn't there either.
        let wanted = usize::try_from(u64::from_be_bytes(wanted)).unwrap_or(usize::MAX);
        match locked_up.and_then(|locked_up| locked_up.try_memory(wanted)) {
            Ok(hardening) => {
                self.send(TAG_READY, &[hardening.to_string().as_bytes()])?;
                Ok(hardening)
            }
            Err(error) => {
                self.send(TAG_UNFIT, &[error.to_string().as_bytes()])?;
                Err(error.into())
            }
        }
    }

    /// Sends one message.
    ///
    /// # Errors
    ///
    /// [`ChannelError`].
    pub fn send(&mut self, tag: u8, fields: &[&[u8]]) -> Result<(), ChannelError> {
        write_message(&mut self.0, tag, fields)
    }

    /// Receives one message.
    ///
    /// # Errors
    ///
    /// [`ChannelError`].
    pub fn receive(&mut self) -> Result<Message, ChannelError> {
        read_message(&mut self.0)
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
