//! The programs of the machine: found where nobody else can write, run with a short environment.
use super::Environment;
use super::own_digest;
use super::programs::{Command, MAX_STDERR, Output, Program, Programs, ProgramsError, digest_of};
use super::reading::{Stop, read_bounded};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread::Builder;
use zeroize::Zeroizing;

/// Where to look when there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What a program gets of the environment, as far as it is set. Nothing that loads code or moves
/// temporary files: no `LD_*`, `OPENSSL_CONF`, `TMPDIR`. `PATH` comes cleaned.
const PASSED: [&str; 13] = [
    "HOME",
    "GNUPGHOME",
    "TERM",
    "LANG",
    "LANGUAGE",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "GPG_TTY",
    "PINENTRY_USER_DATA",
];

/// The programs of the machine.
#[derive(Clone, Debug)]
pub struct RealPrograms {
    environment: Environment,
    worker: Option<PathBuf>,
    /// Where the own digest is remembered.
    memory: Option<PathBuf>,
    /// The own digest, once it was computed; `None` if the file couldn't be read.
    digest: Arc<OnceLock<Option<[u8; 32]>>>,
}

impl RealPrograms {
    /// With the environment to look in; the process's own is never read here.
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            worker: None,
            memory: None,
            digest: Arc::default(),
        }
    }

    /// With another file as the worker, for tests whose own program isn't quorate.
    #[must_use]
    pub fn with_worker(mut self, worker: PathBuf) -> Self {
        self.worker = Some(worker);
        self.digest = Arc::default();
        self
    }

    /// With a folder of the user's own, which need not exist, to remember the program's digest in.
    #[must_use]
    pub fn with_memory(mut self, folder: Option<&Path>) -> Self {
        self.memory = folder.map(|folder| folder.join("program-digest"));
        self
    }

    /// The own digest: from memory or from the file.
    fn digest(&self) -> io::Result<[u8; 32]> {
        let file = self.worker_program();
        match &self.memory {
            Some(memory) => own_digest::remembered(&file, memory),
            None => digest_of(std::fs::File::open(file)?),
        }
    }

    fn path(&self) -> &OsStr {
        let path = self.environment.get(OsStr::new("PATH"));
        path.map_or(OsStr::new(DEFAULT_PATH), OsString::as_os_str)
    }

    fn find(&self, program: Program) -> Result<Found, ProgramsError> {
        let path = self.path();
        let (mut found, mut skipped, mut folders) = (None, Vec::new(), Vec::new());
        for entry in std::env::split_paths(path).filter(|entry| !entry.as_os_str().is_empty()) {
            let candidate = entry.join(program.name());
            if !entry.is_absolute() {
                skipped.push(candidate);
                continue;
            }
            let folder = trusted(&entry).filter(|folder| folder.is_dir());
            let there = candidate.is_file();
            match (folder, there) {
                (Some(folder), false) => folders.push(folder),
                (Some(folder), true) => {
                    folders.push(folder);
                    match trusted(&candidate).filter(|file| is_executable(file)) {
                        Some(file) => found = found.or(Some(file)),
                        None => skipped.push(candidate),
                    }
                }
                (None, true) => skipped.push(candidate),
                (None, false) => {}
            }
        }
        let file = found.ok_or(ProgramsError::NotFound { program, skipped })?;
        // Entries with a colon can't come out of splitting, but links may lead to such a folder.
        folders.retain(|folder| !folder.as_os_str().as_encoded_bytes().contains(&b':'));
        let path = std::env::join_paths(folders).unwrap_or_else(|_| DEFAULT_PATH.into());
        Ok(Found { file, path })
    }

    fn start(&self, command: &Command<'_>) -> Result<io::Result<Child>, ProgramsError> {
        let found = self.find(command.program)?;
        let mut child = std::process::Command::new(found.file);
        child
            .arg0(command.program.name())
            .args(&command.args)
            .env_clear();
        for (name, value) in &self.environment {
            let locale = name.as_encoded_bytes().starts_with(b"LC_");
            if locale || PASSED.iter().any(|passed| name == passed) {
                child.env(name, value);
            }
        }
        let told = self.environment.contains_key(OsStr::new("GPG_TTY"));
        if let (false, Some(terminal)) = (told, terminal_name()) {
            child.env("GPG_TTY", terminal);
        }
        child
            .env("PATH", found.path)
            .envs(command.env.iter().map(|(name, value)| (name, value)));
        child
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(child.spawn())
    }
}

struct Found {
    file: PathBuf,
    /// The trusted folders, for the program's own `PATH`.
    path: OsString,
}

/// The real place of a file or folder, if only root and this user can change what lies there: it and
/// all folders above belong to one of the two, and others can't write, except in sticky folders above
/// (as `/tmp`), where they can't touch what isn't theirs.
fn trusted(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let user = rustix::process::geteuid().as_raw();
    let safe = |place: &Path| {
        let found = place.symlink_metadata().ok()?;
        let owned = found.uid() == 0 || found.uid() == user;
        let sticky = found.is_dir() && place != real && found.mode() & 0o1000 != 0;
        (owned && (sticky || found.mode() & 0o022 == 0)).then_some(())
    };
    real.ancestors()
        .all(|place| safe(place).is_some())
        .then_some(real)
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|found| found.permissions().mode() & 0o111 != 0)
}

/// The terminal on the standard input or error, for a pinentry that draws on it.
fn terminal_name() -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt;
    let name = rustix::termios::ttyname(io::stdin(), Vec::new())
        .or_else(|_| rustix::termios::ttyname(io::stderr(), Vec::new()));
    Some(OsString::from_vec(name.ok()?.into_bytes()))
}

impl Programs for RealPrograms {
    fn run(&self, command: &Command<'_>) -> Result<Output, ProgramsError> {
        let program = command.program;
        let failed = |error: io::Error| ProgramsError::Failed {
            program,
            kind: error.kind(),
        };
        let mut child = self.start(command)?.map_err(failed)?;
        let (result, too_long) = in_time(&mut child, command);
        if result.is_err() || too_long {
            // It may wait for somebody who has gone.
            let _ = child.kill();
        }
        let status = child.wait().map_err(failed)?.code();
        if too_long {
            return Err(ProgramsError::TimedOut { program });
        }
        match result {
            Ok((stdout, stderr)) => Ok(Output {
                status,
                stdout,
                stderr,
            }),
            Err(Stop::Io(error)) => Err(failed(error)),
            Err(Stop::TooBig) => Err(ProgramsError::OutputTooBig {
                program,
                limit: command.output_limit,
            }),
        }
    }

    fn worker_program(&self) -> PathBuf {
        let own = || match cfg!(target_os = "linux") {
            // The file that runs, even if another took its name meanwhile.
            true => Ok(PathBuf::from("/proc/self/exe")),
            false => std::env::current_exe(),
        };
        self.worker
            .clone()
            .or_else(|| own().ok())
            .unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
    }

    fn find_plugin(&self, name: &str) -> Result<PathBuf, Option<PathBuf>> {
        let first = std::env::split_paths(self.path())
            .map(|folder| folder.join(name))
            .find(|candidate| is_executable(candidate))
            .ok_or(None)?;
        let folder = first
            .parent()
            .is_some_and(|folder| trusted(folder).is_some());
        match trusted(&first) {
            Some(file) if folder && first.is_absolute() => Ok(file),
            _ => Err(Some(first)),
        }
    }

    fn own_digest(&self) -> io::Result<[u8; 32]> {
        // Waits for the one that has begun, if one has.
        match self.digest.get_or_init(|| self.digest().ok()) {
            Some(digest) => Ok(*digest),
            None => self.digest(),
        }
    }

    fn begin_own_digest(&self) {
        let (cell, programs) = (Arc::clone(&self.digest), self.clone());
        let memory = programs.memory.as_deref();
        let known =
            memory.and_then(|memory| own_digest::recalled(&programs.worker_program(), memory));
        if known.is_some() {
            cell.get_or_init(|| known);
            return;
        }
        // Without a thread, `own_digest` computes it later.
        let _ = Builder::new().stack_size(128 * 1024).spawn(move || {
            cell.get_or_init(|| programs.digest().ok());
        });
    }
}

/// What a program wrote on its standard output and error.
type Heard = (Zeroizing<Vec<u8>>, Vec<u8>);

/// [`talk`], and whether the program was ended because its time was over.
fn in_time(child: &mut Child, command: &Command<'_>) -> (Result<Heard, Stop>, bool) {
    let Some(limit) = command.time_limit else {
        return (talk(child, command), false);
    };
    let id = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let (done, over) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let watching = Builder::new()
            .stack_size(128 * 1024)
            .spawn_scoped(scope, move || {
                use std::sync::mpsc::RecvTimeoutError::Timeout;
                let too_long = over.recv_timeout(limit) == Err(Timeout);
                // Nobody has waited for the child yet, so the number is still its own.
                if let (true, Some(id)) = (too_long, id) {
                    let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
                }
                too_long
            });
        let watching = match watching {
            Ok(watching) => watching,
            Err(error) => return (Err(Stop::Io(error)), false),
        };
        let result = talk(child, command);
        drop(done);
        (result, watching.join().unwrap_or(false))
    })
}

/// Feeds the program and reads both outputs at once, so that neither side waits for the other. The
/// secret one is read in this thread; the helpers have small stacks, in case memory is locked.
fn talk(child: &mut Child, command: &Command<'_>) -> Result<Heard, Stop> {
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let pipe = || Stop::Io(io::ErrorKind::BrokenPipe.into());
    let small = || Builder::new().stack_size(128 * 1024);
    std::thread::scope(|scope| {
        let feeding = small().spawn_scoped(scope, move || {
            // A program that has seen enough closes its input: no error.
            stdin.map(|mut stdin| stdin.write_all(command.stdin))
        });
        let listening = small().spawn_scoped(scope, move || {
            let mut heard = Vec::new();
            if let Some(mut stderr) = stderr {
                let _ = Read::by_ref(&mut stderr)
                    .take(MAX_STDERR as u64)
                    .read_to_end(&mut heard);
                let _ = io::copy(&mut stderr, &mut io::sink());
            }
            heard
        });
        let result = match (&feeding, &listening) {
            (Ok(_), Ok(_)) => read_bounded(stdout.ok_or_else(pipe)?, 4096, command.output_limit),
            (Err(error), _) | (_, Err(error)) => Err(Stop::Io(error.kind().into())),
        };
        if result.is_err() {
            let _ = child.kill();
        }
        let heard = listening.map_err(Stop::Io)?.join().map_err(|_| pipe())?;
        Ok((result?, heard))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use std::fs;

    /// Writes a shell script. By another process: were it open for writing here while another test
    /// forks, the kernel would refuse to run it for a moment.
    pub(in crate::world) fn write_script(path: &Path, text: &str) {
        let draft = path.with_extension("draft");
        fs::write(&draft, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&draft, PermissionsExt::from_mode(0o755)).unwrap();
        let mut copy = std::process::Command::new("cp");
        assert!(
            copy.arg("--remove-destination")
                .arg(&draft)
                .arg(path)
                .status()
                .unwrap()
                .success()
        );
    }

    /// A fake gpg, a shell script, in a folder of its own.
    struct Fake {
        dir: tempfile::TempDir,
    }

    impl Fake {
        fn new(script: &str) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let fake = Self { dir };
            fs::create_dir(fake.folder()).unwrap();
            write_script(&fake.folder().join("gpg"), script);
            fake.mode("bin", 0o755);
            fake.mode("bin/gpg", 0o755);
            fake
        }
        fn folder(&self) -> PathBuf {
            self.dir.path().join("bin")
        }
        fn mode(&self, name: &str, mode: u32) {
            fs::set_permissions(self.dir.path().join(name), PermissionsExt::from_mode(mode))
                .unwrap();
        }
        fn run_with(&self, more: &[(&str, &str)], stdin: &[u8]) -> Result<Output, ProgramsError> {
            let mut environment = Environment::from([("PATH".into(), self.folder().into())]);
            environment.extend(more.iter().map(|(name, value)| (name.into(), value.into())));
            RealPrograms::new(environment).run(&Command::new(Program::Gpg, &[""; 0], stdin))
        }
        #[track_caller]
        fn is_skipped(&self) {
            let skipped = vec![self.folder().join("gpg")];
            let error = self.run_with(&[], b"").err();
            assert_eq!(
                error,
                Some(ProgramsError::NotFound {
                    program: Program::Gpg,
                    skipped
                })
            );
        }
    }

    #[test]
    fn input_and_both_outputs_pass_even_when_all_are_larger_than_a_pipe() {
        let fake = Fake::new("while read -r l; do echo $l; echo $l >&2; done; exit 3");
        let line = [vec![b'a'; 999], vec![b'\n']].concat();
        let output = fake.run_with(&[], &line.repeat(64)).unwrap();
        assert_eq!((output.status, output.stdout.len()), (Some(3), 64_000));
        assert_eq!(output.stderr.len(), 64_000);
    }

    #[test]
    fn a_program_that_reads_nothing_or_writes_without_end_does_no_harm() {
        assert_eq!(
            Fake::new("exit 0")
                .run_with(&[], &[0; 1 << 20])
                .unwrap()
                .status,
            Some(0)
        );
        let endless = Fake::new("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done");
        let error = endless.run_with(&[], &[0; 1 << 20]).err();
        let limit = 64 * 1024;
        assert_eq!(
            error,
            Some(ProgramsError::OutputTooBig {
                program: Program::Gpg,
                limit
            })
        );
        assert_eq!(
            Fake::new("kill -9 $$").run_with(&[], b"").unwrap().status,
            None
        );
    }

    #[test]
    fn a_program_whose_time_is_over_is_ended() {
        let fake = Fake::new("exec /bin/sleep 600");
        let environment = Environment::from([("PATH".into(), fake.folder().into())]);
        let mut command = Command::new(Program::Gpg, &[""; 0], b"");
        command.time_limit = Some(std::time::Duration::from_millis(200));
        let error = RealPrograms::new(environment.clone()).run(&command).err();
        let program = Program::Gpg;
        assert_eq!(error, Some(ProgramsError::TimedOut { program }));
        write_script(&fake.folder().join("gpg"), "echo in time");
        command.time_limit = Some(std::time::Duration::from_secs(600));
        let output = RealPrograms::new(environment).run(&command).unwrap();
        assert_eq!(output.stdout.as_slice(), b"in time\n");
    }

    #[test]
    fn only_the_listed_part_of_the_environment_is_passed_on() {
        let fake = Fake::new("export -p");
        let hostile = [
            ("LD_PRELOAD", "/tmp/x.so"),
            ("OPENSSL_CONF", "/tmp/x"),
            ("TMPDIR", "/tmp/x"),
            ("LC_ALL", "C"),
            ("GNUPGHOME", "/tmp/g"),
        ];
        let output = fake.run_with(&hostile, b"").unwrap();
        let seen = String::from_utf8_lossy(&output.stdout);
        let has = |name: &str| seen.contains(&format!("export {name}="));
        assert!(has("LC_ALL") && has("GNUPGHOME") && has("PATH"));
        assert!(
            !has("LD_PRELOAD") && !has("OPENSSL_CONF") && !has("TMPDIR"),
            "{seen}"
        );
    }

    #[test]
    fn programs_and_folders_that_others_can_change_are_passed_over_and_named() {
        let fake = Fake::new("exit 0");
        fake.mode("bin", 0o777);
        fake.is_skipped();
        fake.mode("bin", 0o1777);
        fake.is_skipped();
        fake.mode("bin", 0o755);
        fake.mode("bin/gpg", 0o775);
        fake.is_skipped();
        fake.mode("bin/gpg", 0o644);
        fake.is_skipped();
        fake.mode("bin/gpg", 0o755);
        fake.mode("", 0o757);
        fake.is_skipped();
        fake.mode("", 0o700);
        fake.run_with(&[], b"").unwrap();
        // A link is judged by where it leads.
        let target = fake.dir.path().join("elsewhere");
        fs::rename(fake.folder().join("gpg"), &target).unwrap();
        std::os::unix::fs::symlink(&target, fake.folder().join("gpg")).unwrap();
        fake.run_with(&[], b"").unwrap();
        fake.mode("elsewhere", 0o777);
        fake.is_skipped();
    }

    #[test]
    fn relative_entries_of_path_are_never_looked_into() {
        let environment = Environment::from([("PATH".into(), ".::bin".into())]);
        let error = RealPrograms::new(environment).run(&Command::new(Program::Gpg, &[""; 0], b""));
        let skipped = vec!["./gpg".into(), "bin/gpg".into()];
        assert_eq!(
            error.err(),
            Some(ProgramsError::NotFound {
                program: Program::Gpg,
                skipped
            })
        );
    }

    #[test]
    fn the_worker_is_this_very_program() {
        let programs = RealPrograms::new(Environment::new());
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(
            programs.own_digest().unwrap(),
            <[u8; 32]>::from(Sha256::digest(own))
        );
        let other = programs.with_worker("/nowhere".into());
        assert_eq!(other.worker_program(), PathBuf::from("/nowhere"));
        assert!(other.own_digest().is_err());
    }
}
