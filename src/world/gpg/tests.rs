//! With the real gpg and its agent, and with scripted ones.
use super::*;
use crate::world::RealPrograms;
use crate::world::doubles::ScriptedPrograms;
use crate::world::real_programs::tests::write_script;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The real gpg in a home of its own, with its agent, which ends with it.
pub(super) struct Gpg {
    pub(super) home: tempfile::TempDir,
    pub(super) programs: RealPrograms,
}

impl Gpg {
    /// `pinentry` is the shell code that answers `GETPIN`.
    pub(super) fn new(pinentry: &str) -> Self {
        // In /tmp, since the names of sockets must be short.
        let home = tempfile::Builder::new()
            .prefix("qg")
            .tempdir_in("/tmp")
            .unwrap();
        std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o700)).unwrap();
        let mut environment: crate::world::Environment = std::env::vars_os().collect();
        environment.insert("GNUPGHOME".into(), home.path().into());
        let gpg = Self {
            home,
            programs: RealPrograms::new(environment),
        };
        gpg.set_pinentry(pinentry);
        gpg
    }

    pub(super) fn set_pinentry(&self, answer: &str) {
        let path = self.home.path().join("pinentry");
        let script = format!(
            "echo 'OK hello'\nwhile read -r verb rest; do\n  case $verb in\n  \
             GETPIN) {answer} ;;\n  BYE) echo OK; exit ;;\n  *) echo OK ;;\n  esac\ndone"
        );
        write_script(&path, &script);
        self.set_agent(&path);
    }

    fn set_agent(&self, pinentry: &Path) {
        let conf = format!("pinentry-program {}\n", pinentry.display());
        std::fs::write(self.home.path().join("gpg-agent.conf"), conf).unwrap();
        self.end_agent();
    }

    /// Makes the agent forget passphrases and read its configuration.
    fn end_agent(&self) {
        let mut kill = std::process::Command::new("gpgconf");
        kill.args(["--kill", "all"])
            .env("GNUPGHOME", self.home.path())
            .status()
            .unwrap();
    }

    pub(super) fn run(&self, args: &[&str], stdin: &[u8]) -> Vec<u8> {
        let output = self
            .programs
            .run(&Command::new(Program::Gpg, args, stdin))
            .unwrap();
        assert_eq!(
            output.status,
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout.to_vec()
    }

    pub(super) fn with_key(passphrase: &str) -> Self {
        let gpg = Self::new("echo 'D right horse'; echo OK");
        let made = [
            "--batch",
            "--quick-gen-key",
            "Anna <anna@example.org>",
            "future-default",
        ];
        match passphrase {
            "" => gpg.run(&[&["--passphrase="], &made[..]].concat(), b""),
            _ => gpg.run(&made, b""),
        };
        gpg.end_agent();
        gpg
    }

    fn sealed(&self, bytes: &[u8]) -> Vec<u8> {
        let args = [
            "--batch",
            "--trust-model=always",
            "-aer",
            "anna@example.org",
        ];
        self.run(&args, bytes)
    }

    fn error(&self, sealed: &[u8]) -> GpgError {
        decrypt(&self.programs, sealed).err().unwrap()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        self.end_agent();
    }
}

#[test]
fn a_message_to_the_own_key_opens_and_a_changed_one_does_not() {
    let gpg = Gpg::with_key("");
    let sealed = gpg.sealed(b"the share");
    assert_eq!(**decrypt(&gpg.programs, &sealed).unwrap(), *b"the share");

    let binary = gpg.run(&["--dearmor"], &sealed);
    let mut changed = binary.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(gpg.error(&changed), GpgError::Damaged);
    assert_eq!(
        decrypt(&gpg.programs, &binary[..binary.len() - 9]).err(),
        Some(GpgError::Damaged)
    );

    for nothing in [&b""[..], b"no message", &[0; 5000]] {
        assert_eq!(gpg.error(nothing), GpgError::NotAMessage);
    }
    let plain = gpg.run(&["--batch", "--store"], b"never encrypted");
    assert_eq!(gpg.error(&plain), GpgError::NotAMessage);
    // A gigabyte packed small is not unpacked.
    let bomb = gpg.sealed(&vec![0; MAX_PLAINTEXT * 4]);
    assert_eq!(
        gpg.error(&bomb),
        GpgError::TooBig {
            limit: MAX_PLAINTEXT
        }
    );

    let stranger = Gpg::new("exit");
    let wanted = match stranger.error(&sealed) {
        GpgError::NoSecretKey { wanted } => wanted,
        other => panic!("{other}"),
    };
    assert_eq!((wanted.len(), wanted[0].as_str().len()), (1, 16));
    std::fs::write(stranger.home.path().join("gpg.conf"), "quiet\n").unwrap();
    assert_eq!(stranger.error(&sealed), GpgError::NoSecretKey { wanted });
}

#[test]
fn the_agent_asks_for_the_passphrase_and_every_answer_is_told_apart() {
    let gpg = Gpg::with_key("right horse");
    let sealed = gpg.sealed(b"the share");
    assert_eq!(**decrypt(&gpg.programs, &sealed).unwrap(), *b"the share");
    gpg.set_pinentry("echo 'D wrong'; echo OK");
    assert_eq!(gpg.error(&sealed), GpgError::BadPassphrase);
    gpg.set_pinentry("echo 'ERR 83886179 Operation cancelled <Pinentry>'");
    assert_eq!(gpg.error(&sealed), GpgError::Cancelled);
    gpg.set_pinentry("echo 'ERR 83886142 Timeout <Pinentry>'");
    assert_eq!(gpg.error(&sealed), GpgError::TimedOut);
    gpg.set_agent(Path::new("/nonexistent/pinentry"));
    assert_eq!(gpg.error(&sealed), GpgError::NoPinentry);
}

#[test]
fn a_gpg_that_is_missing_or_too_old_is_named() {
    let none = ScriptedPrograms::default();
    assert_eq!(
        decrypt(&none, b"").err(),
        Some(GpgError::Missing {
            skipped: Vec::new()
        })
    );
    let old = ScriptedPrograms::default();
    old.output(2, b"", b"gpg: invalid option \"--disable-dirmngr\"\n");
    old.output(0, b"gpg (GnuPG) 1.4.23\nCopyright\n", b"");
    let version = SafeText::new("1.4.23");
    assert_eq!(decrypt(&old, b"").err(), Some(GpgError::TooOld { version }));
    let strange = ScriptedPrograms::default();
    strange.output(2, b"", b"[GNUPG:] FAILURE x 1\ngpg: \x1b[2Jno idea\n");
    strange.output(0, b"gpg (GnuPG) 2.4.7\n", b"");
    let last = SafeText::new("\x1b[2Jno idea");
    assert_eq!(
        decrypt(&strange, b"").err(),
        Some(GpgError::Other {
            status: Some(2),
            last
        })
    );
}

#[test]
fn no_secret_is_in_the_arguments() {
    let programs = ScriptedPrograms::default();
    programs.output(0, b"out", b"[GNUPG:] DECRYPTION_OKAY\n");
    assert_eq!(**decrypt(&programs, b"sealed").unwrap(), *b"out");
    assert!(programs.started()[0].ends_with("--decrypt"));
}
