//! `docs/handbook.md`: four roots with a key of each kind, and every command of the page.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{commands, in_months, packaging, run};

const PASSPHRASE: &str = "correct horse battery staple";

/// Runs a command, at a terminal where dan's passphrase is typed when one is asked for.
fn typing(home: &Path, vault: &Path, command: &str) -> std::process::Output {
    let script = home.join("typed.exp");
    let text = format!(
        "set timeout 60\nspawn -noecho bash -c $env(LINE)\n\
         expect {{\n -re \"(passphrase|again).*: $\" {{ send -- \"{PASSPHRASE}\\r\"; exp_continue }}\n eof\n}}\n\
         exit [lindex [wait] 3]\n"
    );
    std::fs::write(&script, text).unwrap();
    let quoted = command.replace('\'', "'\\''");
    run(
        home,
        vault,
        &format!("LINE='{quoted}' expect {}", script.display()),
    )
}

/// The agents of this test end with it.
struct Homes(PathBuf);

impl Drop for Homes {
    fn drop(&mut self) {
        let gnupg = self.0.join("anna/.gnupg");
        let mut gpgconf = std::process::Command::new("gpgconf");
        let _ = gpgconf
            .arg("--homedir")
            .arg(gnupg)
            .args(["--kill", "all"])
            .output();
    }
}

#[test]
fn every_command_of_the_handbook_works_for_each_kind_of_key() {
    let folder = tempfile::Builder::new()
        .prefix("qh")
        .tempdir_in("/tmp")
        .unwrap();
    let homes = Homes(folder.path().to_owned());
    let home = |who: &str| homes.0.join(who);
    let vault = homes.0.join("vault");
    for name in [
        "anna",
        "ben",
        "cleo",
        "dan",
        "stranger",
        "laptop",
        "vault",
        "vault/keys",
    ] {
        std::fs::create_dir(homes.0.join(name)).unwrap();
    }
    let must = |who: &str, line: &str| {
        let output = run(&home(who), &vault, line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let noted = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}$ {line}\n{said}{noted}");
        said
    };
    must(
        "anna",
        "mkdir -m 700 ~/.gnupg; gpg -q --batch --passphrase '' --quick-gen-key 'Anna <anna@example.org>' future-default default never",
    );
    must("anna", "gpg -q --armor --export >keys/anna.asc");
    let anna = must(
        "anna",
        "gpg --list-keys --with-colons | awk -F: '/^fpr/{print $10; exit}'",
    );
    must(
        "ben",
        "age-keygen -o ~/age-identity.txt; age-keygen -y ~/age-identity.txt >keys/ben.age",
    );
    must(
        "cleo",
        "mkdir ~/.ssh; ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; cp ~/.ssh/id_ed25519.pub keys/cleo.pub",
    );
    let team = format!(
        "[key]\nuser-id = \"Example Infra ({{cycle}}) <infra-root@example.org>\"\n\
         [cycles]\n\"Juniper Cycle\" = {}\n[needed]\nmaster = 3\nrevocation = 2\n\
         [policy]\nattest = 1\n[root.anna]\nseal = \"{}\"\n[root.ben]\nseal = \"keys/ben.age\"\n\
         [root.cleo]\nseal = \"keys/cleo.pub\"\n[root.dan]\nseal = \"passphrase\"\n",
        in_months(6),
        anna.trim()
    );
    std::fs::write(vault.join("team.toml"), team).unwrap();
    std::fs::write(vault.join("packaging.asc"), packaging()).unwrap();
    std::fs::copy(
        vault.join("team.toml"),
        home("ben").join("my-copy-of-team.toml"),
    )
    .unwrap();
    let page = include_str!("../../docs/handbook.md");
    let (before, page) = page.split_at(page.find("## The first day").unwrap());
    let mut six = String::new();
    for (who, command) in commands(before) {
        let line = command
            .replace("SIX", &six)
            .replace("~anna", home("anna").to_str().unwrap());
        let said = must(&who, &line);
        six = said.lines().last().unwrap_or_default().to_owned();
    }
    let made = typing(&home("anna"), &vault, "quorate create --as anna");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stdout)
    );

    let manifest = std::fs::read_to_string(vault.join("vault.toml")).unwrap();
    let line = manifest
        .lines()
        .find(|l| l.starts_with("fingerprint"))
        .unwrap();
    let mut values = HashMap::from([
        ("FINGERPRINT", line.split('"').nth(1).unwrap().to_owned()),
        ("UNTIL", in_months(7)),
        ("LATER", in_months(9)),
    ]);
    let listed = commands(page);
    assert!(listed.len() > 45, "the handbook has lost its commands");
    for (who, command) in listed {
        let mut line = command.clone();
        // The longest names first: one is part of another.
        let mut names: Vec<_> = values.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in names {
            line = line.replace(name, value);
        }
        // People who share this machine only for the test.
        for other in ["anna", "ben", "cleo"] {
            line = line.replace(&format!("~{other}"), &home(other).display().to_string());
        }
        let output = if who == "dan" {
            typing(&home(&who), &vault, &line)
        } else {
            run(&home(&who), &vault, &line)
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let noted = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}$ {line}\n{said}{noted}");
        if said.contains(" is open; closes ") && !command.contains(" drill ") {
            let at = said.find("\nrequest ").unwrap() + "\nrequest ".len();
            let id = said[at..at + 7].to_owned();
            let words =
                |ids: &str| must("anna", &format!("quorate show {ids} --words")).replace('\n', " ");
            if let Some(before) = values.insert("REQUEST", id.clone())
                && vault.join("minutes").read_dir().map_or(0, Iterator::count) == 0
            {
                values.insert("BOTH", words(&format!("{before} {id}")));
                values.insert("BEFOREWORDS", words(&before));
                values.insert("BEFORE", before);
            }
            values.insert("WORDS", words(&id));
        }
        if command.contains(" drill open") {
            let at = said.find("\ndrill ").unwrap() + "\ndrill ".len();
            let id = said[at..at + 7].to_owned();
            let words = must("anna", &format!("quorate drill show {id} --words"));
            values.insert("DRILLSAID", words.replace('\n', " "));
            values.insert("DRILL", id);
        }
        if who == "stranger" && line.contains(" verify ") {
            assert!(said.starts_with("GENUINE"), "{said}");
        }
    }
    assert!(vault.join("out/packaging.asc").exists());
}
