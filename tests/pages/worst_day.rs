//! `docs/worst-day.md`: three roots at night, and every command of the page.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::parse::Parse as _;

use super::{commands, in_months, run};

/// Homes of the roots, with their agents, which end with the test.
struct Night {
    folder: tempfile::TempDir,
}

impl Drop for Night {
    fn drop(&mut self) {
        for who in ["ben", "cleo", "host"] {
            let gnupg = self.home(who).join(".gnupg");
            let mut gpgconf = Command::new("gpgconf");
            gpgconf.arg("--homedir").arg(gnupg);
            let _ = gpgconf.args(["--kill", "all"]).output();
        }
    }
}

impl Night {
    fn home(&self, who: &str) -> PathBuf {
        self.folder.path().join(who)
    }

    fn vault(&self) -> PathBuf {
        self.folder.path().join("vault")
    }

    #[track_caller]
    fn must(&self, who: &str, line: &str) -> String {
        let output = run(&self.home(who), &self.vault(), line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let noted = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}$ {line}\n{said}{noted}");
        said
    }

    /// A key in service, with a subkey on a signing host.
    fn falls() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("qw")
            .tempdir_in("/tmp")
            .unwrap();
        let night = Self { folder };
        for name in ["anna", "ben", "cleo", "host", "vault", "vault/keys"] {
            std::fs::create_dir(night.folder.path().join(name)).unwrap();
        }
        let mut roots = String::new();
        for who in ["anna", "ben", "cleo"] {
            let identity = night.home(who).join("age-identity.txt");
            let keys = format!(
                "age-keygen -o {0} 2>/dev/null; age-keygen -y {0} >keys/{who}.age",
                identity.display()
            );
            night.must(who, &keys);
            roots += &format!("[root.{who}]\nseal = \"keys/{who}.age\"\n");
        }
        for who in ["cleo", "host"] {
            night.must(who, "mkdir -m 700 ~/.gnupg");
        }
        night.must(
            "cleo",
            "gpg -q --batch --passphrase '' --quick-gen-key 'Cleo <cleo@example.org>' future-default default never",
        );
        let team = format!(
            "[key]\nuser-id = \"Example Infra ({{cycle}}) <infra-root@example.org>\"\n\
             [cycles]\n\"Juniper Cycle\" = {}\n[needed]\nmaster = 2\nrevocation = 2\n\
             [policy]\nattest = \"none\"\n{roots}",
            in_months(6)
        );
        std::fs::write(night.vault().join("team.toml"), team).unwrap();
        night.must("anna", "quorate create --as anna");
        for who in ["anna", "ben", "cleo"] {
            let identity = night.home(who).join("age-identity.txt");
            night.must(
                who,
                &format!(
                    "quorate share receipt --as {who} --key {} -i {}",
                    night.fingerprint(),
                    identity.display()
                ),
            );
        }
        let git = "git init -q . && git config user.name c && git config user.email c@example.org \
                   && git add -A && git commit -qm vault";
        night.must("cleo", git);
        night
    }

    fn fingerprint(&self) -> String {
        let manifest = std::fs::read_to_string(self.vault().join("vault.toml")).unwrap();
        let line = manifest.lines().find(|l| l.starts_with("fingerprint"));
        line.unwrap().split('"').nth(1).unwrap().to_owned()
    }

    /// The signing host's subkey, bound by anna and ben; gives its fingerprint.
    fn subkey(&self) -> String {
        let key = self.fingerprint();
        self.must(
            "host",
            &format!("quorate host offer --key {key} --out ../a.offer"),
        );
        let said = self.must("anna", "quorate subkey bind ../a.offer");
        let id = request(&said);
        let words = self.must("anna", &format!("quorate show {id} --words"));
        let words = words.replace('\n', " ");
        let approve = format!("quorate approve {id} --way voice --words '{words}'");
        self.must("ben", &approve);
        let ben = self.home("ben");
        self.must("anna", &format!("quorate perform {id} {}", ben.display()));
        let whole = format!("out/0x{}.asc", key.to_lowercase());
        let cert = Cert::from_file(self.vault().join(whole)).unwrap();
        cert.keys()
            .subkeys()
            .next()
            .unwrap()
            .key()
            .fingerprint()
            .to_hex()
    }
}

fn request(said: &str) -> String {
    let at = said.find("\nrequest ").unwrap() + "\nrequest ".len();
    said[at..at + 7].to_owned()
}

/// Cleo's board: the digits are typed, then the words are read off it, then yes is typed.
fn live(night: &Night, command: &str, digits: &str, answer: impl FnOnce(&str, &str)) -> String {
    let script = format!(
        "set timeout 60\nspawn -noecho bash -c $env(LINE)\n\
         expect \"first four digits\" {{ send -- \"{digits}\\r\" }}\n\
         expect \"Carry it out\" {{ send -- \"yes\\r\" }}\nexpect eof\nexit [lindex [wait] 3]\n"
    );
    let file = night.home("cleo").join("live.exp");
    std::fs::write(&file, script).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_quorate"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let mut board = Command::new("expect")
        .arg(&file)
        .current_dir(night.vault())
        .env_clear()
        .env("PATH", path)
        .env("HOME", night.home("cleo"))
        .env("LINE", command)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(board.stdout.take().unwrap());
    let (mut said, mut words, mut id) = (String::new(), String::new(), String::new());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        said += &line;
        let text = line.trim();
        if let Some(rest) = text.strip_prefix("request ") {
            id = rest[..7].to_owned();
        } else if !id.is_empty() && !text.ends_with(':') && words.split_whitespace().count() < 8 {
            words += &format!("{text} ");
        }
        if words.split_whitespace().count() == 8 {
            break;
        }
        line.clear();
    }
    answer(&id, words.trim());
    lines.read_to_string(&mut said).unwrap();
    assert!(board.wait().unwrap().success(), "{said}");
    said
}

#[test]
fn every_command_of_the_worst_day_works_at_night() {
    let night = Night::falls();
    let subkey = night.subkey();
    let whole = format!("out/0x{}.asc", night.fingerprint().to_lowercase());
    night.must("host", &format!("quorate host install {whole}"));
    night.must("host", "quorate host status");
    let page = include_str!("../../docs/worst-day.md");
    let listed = commands(page);
    assert!(listed.len() >= 11, "the page has lost its commands");
    let mut listed = listed.into_iter();
    let place = |who: &str, command: &str, id: &str, words: &str| {
        command
            .replace("REQUEST", id)
            .replace("WORDS", words)
            .replace("-i age-identity.txt", "-i ~/age-identity.txt")
            .replace("~ben", &night.home("ben").display().to_string())
            // The two machines are two homes here.
            .replace(
                "ssh cleo quorate",
                &format!("HOME={} quorate", night.home("cleo").display()),
            )
            .replace("DIGITS", &night.fingerprint()[..4])
            .replace("WHO", who)
    };
    let (who, first) = listed.next().unwrap();
    assert!(first.contains("--live"), "page 1 begins with it");
    let (other, answer) = listed.next().unwrap();
    let first = place(&who, &first, "", "");
    let said = live(&night, &first, &subkey[..4], |id, words| {
        night.must(&other, &place(&other, &answer, id, words));
    });
    assert!(
        said.contains("seen so by gpg and Sequoia; primary key untouched"),
        "{said}"
    );
    // From now on the host's release jobs stop.
    let status = run(&night.home("host"), &night.vault(), "quorate host status");
    assert_eq!(status.status.code(), Some(1));
    let small = night.vault().join(format!("out/revoked-{subkey}.asc"));
    std::fs::copy(small, night.vault().join("revoked-from-elsewhere.asc")).unwrap();
    let (mut id, mut words) = (String::new(), String::new());
    // On page 4 the key wasn't revoked before.
    let unrevoked = night.folder.path().join("unrevoked");
    for (who, command) in listed {
        if command.contains("--reason none") {
            let key = night.fingerprint();
            let line = place(&who, &command, "", "") + &format!(" --as {who} --key {key}");
            let output = run(&night.home(&who), &unrevoked, &line);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{line}\n{said}{output:?}");
            continue;
        }
        if command.contains(" revoke key ") {
            night.must("cleo", &format!("cp -a . {}", unrevoked.display()));
        }
        let said = night.must(&who, &place(&who, &command, &id, &words));
        if command.contains(" revoke key ") {
            id = request(&said);
            words = night.must("cleo", &format!("quorate show {id} --words"));
            words = words.replace('\n', " ");
        }
    }
    let revoked = night
        .vault()
        .join(format!("out/revoked-{}.asc", night.fingerprint()));
    assert!(revoked.exists());
    let listed = night.must(
        "cleo",
        &format!(
            "gpg --batch --import {whole} 2>/dev/null; gpg --list-keys --with-colons infra-root"
        ),
    );
    assert!(
        listed.lines().any(|line| line.starts_with("pub:r:")),
        "{listed}"
    );
}
