//! A person's home in a folder of its own, with keys that gpg makes there, at any time of the past.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub struct Home(tempfile::TempDir);

/// What a command did.
pub struct Done {
    pub code: i32,
    pub said: String,
    pub noted: String,
}

impl Done {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap(),
            said: text(&output.stdout),
            noted: text(&output.stderr),
        }
    }

    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
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

impl Home {
    pub fn new() -> Self {
        // The agents' sockets want a short path.
        let home = Self(
            tempfile::Builder::new()
                .prefix("qp")
                .tempdir_in("/tmp")
                .unwrap(),
        );
        home.sh("mkdir -m 700 .gnupg").exits(0);
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A line as somebody would type it, in the home.
    pub fn sh(&self, line: &str) -> Done {
        let binary = Path::new(env!("CARGO_BIN_EXE_quorate"));
        let path = format!(
            "{}:{}",
            binary.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let output = Command::new("bash")
            .args(["-c", line])
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.0.path())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        Done::of(&output)
    }

    /// A key made on that day, which expires after some days; its fingerprint.
    pub fn key(&self, name: &str, day: &str, algorithm: &str, days: u32) -> String {
        let time = day.replace('-', "");
        self.sh(&format!(
            "gpg -q --batch --passphrase '' --faked-system-time {time}T000000! \
             --quick-gen-key '{name} Cycle <infra@example.org>' {algorithm} cert,sign {days}d"
        ))
        .exits(0);
        let listed = self
            .sh(&format!(
                "gpg --with-colons --list-keys '{name} Cycle' | awk -F: '/^fpr/{{print $10; exit}}'"
            ))
            .said;
        listed.trim().to_owned()
    }

    /// One key certifies another on that day, with 0x13.
    pub fn certifies(&self, by: &str, of: &str, day: &str) {
        let time = day.replace('-', "");
        self.sh(&format!(
            "gpg -q --batch --yes --faked-system-time {time}T000000! --default-cert-level 3 \
             -u {by} --quick-sign-key {of}"
        ))
        .exits(0);
    }

    /// The certificate in a file of the home.
    pub fn export(&self, key: &str, file: &str) {
        self.sh(&format!("gpg -q --armor --export {key} >{file}"))
            .exits(0);
    }

    /// Some seconds before now, so that no clock's fraction matters.
    pub fn today() -> String {
        let now = quorate::world::Timestamp::from(std::time::SystemTime::now());
        now.day()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.path(".gnupg"))
            .args(["--kill", "all"])
            .output();
    }
}

/// The real keys of a real team.
pub const REAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/openstack-keys");
