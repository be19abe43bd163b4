//! The harness: a team of people with age keys, each with a home, one vault, one clock.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret as _;
use quorate::world::doubles::{FixedClock, ScriptedTerminal};
use quorate::world::{
    Environment, Files, OsRandom, RealFiles, RealPrograms, Surroundings, Terminal, Timestamp, World,
};
use sequoia_openpgp as openpgp;

use openpgp::cert::CertBuilder;
use openpgp::serialize::SerializeInto as _;

pub const NAMES: [&str; 5] = ["anna", "ben", "cleo", "dan", "eve"];

/// A team at work in a folder of its own.
pub struct Team {
    folder: tempfile::TempDir,
    clock: FixedClock,
    pub names: Vec<&'static str>,
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

    /// The id of the request that was opened.
    #[track_caller]
    pub fn request(&self) -> String {
        let at = self
            .said
            .find("\nrequest ")
            .unwrap_or_else(|| panic!("{}", self.noted));
        self.said[at + 9..at + 16].to_owned()
    }
}

impl Team {
    /// Five people, of whom so many use the key; two revoke it. Their vault isn't made yet.
    pub fn needing(master: u8) -> Self {
        Self::of(&NAMES, master)
    }

    pub fn of(names: &[&'static str], master: u8) -> Self {
        // The clock stands still, a little behind the real one, which makes the targets.
        let now = Timestamp::from(std::time::SystemTime::now());
        let folder = tempfile::tempdir().unwrap();
        let team = Self {
            folder,
            clock: FixedClock::new(now),
            names: names.to_vec(),
        };
        std::fs::create_dir_all(team.vault().join("keys")).unwrap();
        let mut roots = String::new();
        for name in names {
            let identity = age::x25519::Identity::generate();
            std::fs::create_dir(team.home(name)).unwrap();
            std::fs::write(team.identity(name), identity.to_string().expose_secret()).unwrap();
            let recipient = identity.to_public().to_string();
            std::fs::write(team.vault().join(format!("keys/{name}.age")), recipient).unwrap();
            roots += &format!("[root.{name}]\nseal = \"keys/{name}.age\"\n");
        }
        team.write_config(&roots, master);
        team
    }

    fn write_config(&self, roots: &str, master: u8) {
        let config = format!(
            "[key]\nuser-id = \"Story ({{cycle}}) <story@example.org>\"\nalgorithm = \"ed25519\"\n\
             outlives = \"28 days\"\n[cycles]\n\"Juniper\" = {}\n[needed]\nmaster = {master}\n\
             revocation = 2\n[policy]\nattest = \"none\"\nrequest-days = 7\n\
             any-root-may-revoke = false\n{roots}",
            self.now().plus_days(180).day()
        );
        std::fs::write(self.vault().join("team.toml"), config).unwrap();
    }

    /// A team whose vault is made and in force.
    pub fn in_service(master: u8) -> Self {
        Self::needing(master).made_and_in_force()
    }

    /// The same an hour ago, so that nothing that it signs is ahead of the clocks of the stock programs.
    pub fn in_service_for_an_hour(master: u8) -> Self {
        let team = Self::needing(master);
        let now = std::time::SystemTime::from(team.now());
        let hour = std::time::Duration::from_secs(3600);
        team.clock.set(Timestamp::from(now - hour));
        team.made_and_in_force()
    }

    fn made_and_in_force(self) -> Self {
        let team = self;
        team.run("anna", &["create", "--as", "anna"]).exits(0);
        for name in &team.names {
            team.receipt(name).exits(0);
        }
        team
    }

    /// The same people, vault and memories in another folder, so that tests needn't make them anew.
    pub fn copy(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = self.folder.path().join(".");
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .arg(from)
            .arg(folder.path())
            .status();
        assert!(copied.unwrap().success());
        // Memories of folders name the folder; each person looks at the copy for the first time.
        let team = Self {
            folder,
            clock: FixedClock::new(self.now()),
            names: self.names.clone(),
        };
        for name in &team.names {
            let _ = std::fs::remove_dir_all(team.home(name).join(".local/state/quorate/folders"));
        }
        team
    }

    /// A copy whose clock shows another time.
    pub fn copy_at(team: &Self, time: Timestamp) -> Self {
        let copy = team.copy();
        copy.clock.set(time);
        copy
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn vault(&self) -> PathBuf {
        self.path("vault")
    }

    pub fn home(&self, name: &str) -> PathBuf {
        self.path(name)
    }

    pub fn identity(&self, name: &str) -> PathBuf {
        self.home(name).join("age.txt")
    }

    pub fn now(&self) -> Timestamp {
        use quorate::world::Clock as _;
        self.clock.now()
    }

    pub fn days_pass(&self, days: u32) {
        self.clock.set(self.now().plus_days(days));
    }

    pub fn fingerprint(&self) -> String {
        let manifest = std::fs::read_to_string(self.vault().join("vault.toml")).unwrap();
        let line = manifest
            .lines()
            .find(|line| line.starts_with("fingerprint"))
            .unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    }

    pub fn run(&self, who: &str, arguments: &[&str]) -> Done {
        self.run_with(
            who,
            arguments,
            &RealFiles::default(),
            &ScriptedTerminal::new(),
        )
    }

    pub fn run_with(
        &self,
        who: &str,
        arguments: &[&str],
        files: &dyn Files,
        terminal: &ScriptedTerminal,
    ) -> Done {
        self.run_in(&self.environment(who), arguments, files, terminal)
    }

    pub fn run_in(
        &self,
        environment: &Environment,
        arguments: &[&str],
        files: &dyn Files,
        terminal: &ScriptedTerminal,
    ) -> Done {
        let code = self.code_of(environment, arguments, files, terminal);
        Done {
            code,
            said: terminal.said(),
            noted: terminal.noted(),
        }
    }

    /// At a terminal of the test's own.
    pub fn run_at(&self, who: &str, arguments: &[&str], terminal: &dyn Terminal) -> u8 {
        let environment = self.environment(who);
        self.code_of(&environment, arguments, &RealFiles::default(), terminal)
    }

    fn environment(&self, who: &str) -> Environment {
        let path: (OsString, OsString) = ("PATH".into(), std::env::var_os("PATH").unwrap());
        BTreeMap::from([path, ("HOME".into(), self.home(who).into_os_string())])
    }

    fn code_of(
        &self,
        environment: &Environment,
        arguments: &[&str],
        files: &dyn Files,
        terminal: &dyn Terminal,
    ) -> u8 {
        let worker = PathBuf::from(env!("CARGO_BIN_EXE_quorate"));
        let programs = RealPrograms::new(environment.clone())
            .with_worker(worker)
            // One for all holders: hashing the program thousands of times would take half of all tests' time.
            .with_memory(Some(Path::new(env!("CARGO_TARGET_TMPDIR"))));
        self.code_by(&programs, environment, arguments, files, terminal)
    }

    /// With another program as the worker.
    pub fn run_by(&self, worker: &Path, who: &str, arguments: &[&str]) -> Done {
        let (environment, terminal) = (self.environment(who), ScriptedTerminal::new());
        let programs = RealPrograms::new(environment.clone()).with_worker(worker.to_owned());
        let files = RealFiles::default();
        let code = self.code_by(&programs, &environment, arguments, &files, &terminal);
        Done {
            code,
            said: terminal.said(),
            noted: terminal.noted(),
        }
    }

    fn code_by(
        &self,
        programs: &RealPrograms,
        environment: &Environment,
        arguments: &[&str],
        files: &dyn Files,
        terminal: &dyn Terminal,
    ) -> u8 {
        let surroundings = Surroundings::new(environment, self.vault(), b"desk");
        let world = World {
            files,
            programs,
            clock: &self.clock,
            random: &OsRandom,
            terminal,
            surroundings: &surroundings,
        };
        let mut all = vec![OsString::from("quorate")];
        all.extend(arguments.iter().map(OsString::from));
        quorate::cli::run(&all, world)
    }

    /// A holder types a command, and says who that is, which key is meant and where the identity lies.
    pub fn as_holder(&self, who: &str, command: &[&str]) -> Done {
        let (key, identity) = (self.fingerprint(), self.identity(who));
        let identity = identity.to_str().unwrap();
        let known = ["--as", who, "--key", &key, "-i", identity];
        self.run(who, &[command, &known].concat())
    }

    pub fn receipt(&self, who: &str) -> Done {
        self.as_holder(who, &["share", "receipt"])
    }

    /// A fresh certificate in a file.
    pub fn target(&self, name: &str) -> String {
        let (cert, _) = CertBuilder::new()
            .add_userid(format!("Target <{name}@example.org>"))
            .set_creation_time(Some(
                std::time::SystemTime::from(self.now()) - std::time::Duration::from_secs(60),
            ))
            .generate()
            .unwrap();
        let file = self.path(name);
        std::fs::write(&file, cert.armored().to_vec().unwrap()).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Anna opens a request to certify a fresh certificate.
    pub fn opens(&self) -> String {
        let target = self.target("target.asc");
        let identity = self.identity("anna");
        let key = self.fingerprint();
        let done = self.run(
            "anna",
            &[
                "certify",
                &target,
                "--key",
                &key,
                "-i",
                identity.to_str().unwrap(),
            ],
        );
        done.exits(0).request()
    }

    pub fn words(&self, id: &str) -> String {
        self.words_of(&[id])
    }

    /// The common words of several requests.
    pub fn words_of(&self, ids: &[&str]) -> String {
        let arguments = [&["show"], ids, &["--words"]].concat();
        let shown = self.run("anna", &arguments);
        shown.exits(0).said.replace('\n', " ")
    }

    /// The key's certificate, as vault.toml has it.
    pub fn certificate(&self) -> String {
        let manifest = std::fs::read_to_string(self.vault().join("vault.toml")).unwrap();
        let last = "-----END PGP PUBLIC KEY BLOCK-----";
        let begin = manifest.find("-----BEGIN PGP PUBLIC KEY BLOCK").unwrap();
        let end = manifest.find(last).unwrap() + last.len();
        manifest[begin..end].to_owned() + "\n"
    }

    pub fn approves(&self, who: &str, id: &str) -> Done {
        let words = self.words(id);
        self.as_holder(who, &["approve", id, "--way", "voice", "--words", &words])
    }

    pub fn submission(&self, who: &str, id: &str) -> PathBuf {
        self.home(who).join(format!("{id}-{who}.submission"))
    }

    pub fn performs(&self, id: &str, files: &[&Path]) -> Done {
        let mut arguments = vec!["perform", id];
        arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
        self.run("anna", &arguments)
    }

    /// Everything in the vault: path and bytes.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        Self::all_below(&self.vault())
    }

    /// All files below a folder, but for locks.
    pub fn all_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, all);
                } else if !path.ends_with(".quorate.lock") {
                    all.insert(path.clone(), std::fs::read(&path).unwrap());
                }
            }
        }
        let mut all = BTreeMap::new();
        walk(folder, &mut all);
        all
    }

    /// The same without the records of what was tried in vain.
    pub fn all_but_attempts(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = self.snapshot();
        all.retain(|file, _| file.extension().is_none_or(|end| end != "attempt"));
        all
    }

    /// Nothing in the vault is a secret, or the beginning of one.
    #[track_caller]
    pub fn holds_no_secret(&self) {
        for (path, bytes) in self.snapshot() {
            for secret in [
                "AGE-SECRET-KEY-",
                "OPENSSH PRIVATE KEY",
                "QUORATE SHARE",
                "PGP PRIVATE KEY",
            ] {
                let found = bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds '{secret}'", path.display());
            }
            let name = path.to_string_lossy().into_owned();
            assert!(
                !name.ends_with(".submission") && !name.contains("one-time"),
                "{name}"
            );
        }
    }

    #[track_caller]
    pub fn verifies(&self) -> Done {
        let key = self.fingerprint();
        let done = self.run("eve", &["verify", "--key", &key]);
        done.exits(0).says("GENUINE");
        done
    }
}
