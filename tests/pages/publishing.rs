//! `docs/publishing.md`: every command of the page, between two keys that gpg made.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{commands, in_months, run};

/// A real keyserver on loopback; it ends with the test.
pub struct Keyserver {
    pub url: String,
    server: Child,
}

impl Keyserver {
    /// In this folder.
    pub fn starts(folder: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/publish/keyserver.py");
        let mut server = Command::new("python3")
            .args([script, "onak"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let stdout = server.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut port).unwrap();
        Self {
            url: format!("hkp://127.0.0.1:{}", port.trim()),
            server,
        }
    }
}

impl Drop for Keyserver {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

/// The agents of this test end with it.
struct Ends {
    homes: PathBuf,
}

impl Drop for Ends {
    fn drop(&mut self) {
        for who in ["anna", "stranger"] {
            let _ = Command::new("gpgconf")
                .arg("--homedir")
                .arg(self.homes.join(who).join(".gnupg"))
                .args(["--kill", "all"])
                .output();
        }
    }
}

const KEYS: &str = r#"
set -eu
mkdir -m 700 ~/.gnupg
make() { gpg -q --batch --passphrase '' --quick-gen-key "Example Infra ($1 Cycle) <infra@example.org>" ed25519 cert,sign 1y; }
key() { gpg --with-colons --list-keys "$1 Cycle" | awk -F: '/^fpr/{print $10; exit}'; }
make Juniper; sleep 1; make Larch
gpg -q --batch --yes --default-cert-level 3 -u "$(key Juniper)" --quick-sign-key "$(key Larch)"
gpg -q --armor --export "$(key Juniper)" >juniper.asc
gpg -q --armor --export "$(key Larch)" >larch.asc
mkdir -p out ../releases/data ../releases/doc/source/static
printf -- '---\n- name: larch\n  status: development\n' >../releases/data/series_status.yaml
cd ../releases
git init -q .
git add .
git -c user.name=t -c user.email=t@example.org commit -qm x
key Juniper
key Larch
"#;

#[test]
fn every_command_of_the_page_works() {
    let folder = tempfile::Builder::new()
        .prefix("qb")
        .tempdir_in("/tmp")
        .unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["anna", "stranger", "work", "onak"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    let server = Keyserver::starts(&path("onak"));
    let ends = Ends {
        homes: folder.path().to_owned(),
    };
    let made = run(&path("anna"), &path("work"), KEYS);
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    let noted = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{said}{noted}");
    // gpg talks before it.
    let lines: Vec<&str> = said.lines().collect();
    let keys = &lines[lines.len() - 2..];
    assert!(
        run(&path("stranger"), &path("work"), "mkdir -m 700 ~/.gnupg")
            .status
            .success()
    );

    let listed = commands(include_str!("../../docs/publishing.md"));
    assert!(listed.len() >= 7, "the page has lost its commands");
    for (who, command) in listed {
        let line = command
            .replace("KEYSERVER", &server.url)
            .replace("JUNIPER", keys[0])
            .replace("LARCH", keys[1])
            .replace("START", &in_months(3));
        let output = run(&path(&who), &path("work"), &line);
        assert!(
            output.status.success(),
            "{who}$ {line}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        if line.starts_with("sh ") {
            let walked = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                walked.lines().last().unwrap().starts_with(keys[1]),
                "{walked}"
            );
        }
    }
    // The stranger has the link, too.
    let links = run(
        &path("stranger"),
        &path("work"),
        &format!(
            "gpg --with-colons --list-sigs {} | grep -c '^sig.*:{}:'",
            keys[1], keys[0]
        ),
    );
    assert_eq!(links.stdout, b"1\n");
    drop(ends);
}
