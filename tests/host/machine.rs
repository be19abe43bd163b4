//! A host: a home, a keyring, a clock, and a shell.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use quorate::world::doubles::{FixedClock, ScriptedTerminal};
use quorate::world::{
    Clock as _, Environment, Files, OsRandom, RealFiles, RealPrograms, Surroundings, Timestamp,
    World,
};

fn path_with_quorate() -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_quorate"));
    let path = std::env::var("PATH").unwrap();
    format!("{}:{path}", binary.parent().unwrap().display())
}

/// A shell without a network, where the system lets a user make such a place, and with nothing else in
/// its environment than where programs are.
pub fn alone(line: &str) -> Command {
    static WORKS: LazyLock<bool> = LazyLock::new(|| {
        let tried = Command::new("unshare").args(["-r", "-n", "true"]).output();
        tried.is_ok_and(|output| output.status.success())
    });
    let mut command = Command::new(if *WORKS { "unshare" } else { "bash" });
    if *WORKS {
        command.args(["-r", "-n", "bash"]);
    }
    command.args(["-c", line]).env_clear();
    command.env("PATH", path_with_quorate());
    command
}

/// A machine that makes releases; its agent ends with it.
pub struct Machine {
    folder: tempfile::TempDir,
    clock: FixedClock,
    environment: Environment,
}

/// What a command did.
pub struct Done {
    pub code: u8,
    pub said: String,
    pub noted: String,
}

impl Done {
    #[track_caller]
    pub fn exits(&self, code: u8) -> &Self {
        assert_eq!(self.code, code, "{}{}", self.said, self.noted);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        let all = format!("{}{}", self.said, self.noted);
        assert!(all.contains(text), "no '{text}' in:\n{all}");
        self
    }
}

impl Machine {
    pub fn new() -> Self {
        // In /tmp, since the names of sockets must be short.
        let folder = tempfile::Builder::new().prefix("qs").tempdir_in("/tmp");
        let folder = folder.unwrap();
        for name in ["work", "g"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder.path().join("g"), private).unwrap();
        let environment: BTreeMap<OsString, OsString> = [
            ("PATH", std::env::var_os("PATH").unwrap()),
            ("HOME", folder.path().into()),
            ("GNUPGHOME", folder.path().join("g").into()),
        ]
        .map(|(name, value)| (name.into(), value))
        .into();
        Self {
            clock: FixedClock::new(Timestamp::from(std::time::SystemTime::now())),
            folder,
            environment,
        }
    }

    /// The folder in which commands are typed.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub fn gnupg(&self) -> PathBuf {
        self.folder.path().join("g")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join(".local/state/quorate")
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.work().join(name);
        std::fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn days_pass(&self, days: u32) {
        self.clock.set(self.now().plus_days(days));
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.into(), value.into());
    }

    pub fn run(&self, arguments: &[&str]) -> Done {
        self.run_with(arguments, &RealFiles::default(), &ScriptedTerminal::new())
    }

    pub fn run_with(
        &self,
        arguments: &[&str],
        files: &dyn Files,
        terminal: &ScriptedTerminal,
    ) -> Done {
        let programs = RealPrograms::new(self.environment.clone());
        let surroundings = Surroundings::new(&self.environment, self.work(), b"signing01");
        let world = World {
            files,
            programs: &programs,
            clock: &self.clock,
            random: &OsRandom,
            terminal,
            surroundings: &surroundings,
        };
        let mut all = vec![OsString::from("quorate")];
        all.extend(arguments.iter().map(OsString::from));
        let code = quorate::cli::run(&all, world);
        Done {
            code,
            said: terminal.said(),
            noted: terminal.noted(),
        }
    }

    /// A line in the machine's shell.
    pub fn shell(&self, line: &str) -> Output {
        alone(line)
            .current_dir(self.work())
            .envs(&self.environment)
            .env("PATH", path_with_quorate())
            .output()
            .unwrap()
    }

    #[track_caller]
    pub fn must(&self, line: &str) -> String {
        let output = self.shell(line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let noted = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "$ {line}\n{said}{noted}");
        said
    }

    /// The secrets in the agent, by keygrip.
    pub fn secrets(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.gnupg().join("private-keys-v1.d"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let mut gpgconf = Command::new("gpgconf");
        let _ = gpgconf
            .arg("--homedir")
            .arg(self.gnupg())
            .args(["--kill", "all"])
            .output();
    }
}
