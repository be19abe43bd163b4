//! `docs/rotation.md`: a cycle's end, by three roots, a signing host and a stranger; every command of the page.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use super::publishing::Keyserver;
use super::{commands, in_months, run};

const PEOPLE: [&str; 5] = ["anna", "ben", "cleo", "release", "stranger"];

/// Homes, two vaults and a checkout of the release site; agents end with it.
struct Place {
    folder: tempfile::TempDir,
}

impl Drop for Place {
    fn drop(&mut self) {
        for who in PEOPLE {
            let mut gpgconf = Command::new("gpgconf");
            gpgconf.arg("--homedir").arg(self.path(who).join(".gnupg"));
            let _ = gpgconf.args(["--kill", "all"]).output();
        }
    }
}

/// A key whose cycle ends in a month, in service; the next one stands in the calendar.
const TEAM: &str = r#"
set -eu
age-keygen -o ~/age-identity.txt 2>/dev/null
age-keygen -y ~/age-identity.txt >"keys/$WHO.age"
printf '[root.%s]\nseal = "keys/%s.age"\n' "$WHO" "$WHO" >>team.toml
if [ "$WHO" != cleo ]; then
  gpg -q --batch --passphrase '' --quick-gen-key "$WHO <$WHO@example.org>" ed25519 sign never
  gpg -q --armor --export >"keys/$WHO.asc"
  printf 'attest = "%s"\n' "$(gpg --list-keys --with-colons | awk -F: '/^fpr/{print $10; exit}')" >>team.toml
fi
"#;

const SITE: &str = r#"
set -eu
mkdir -p ../releases/data ../releases/doc/source/static
cd ../releases
printf -- '---\n- name: larch\n  status: development\n' >data/series_status.yaml
git init -q .
git add .
git -c user.name=t -c user.email=t@example.org commit -qm x
"#;

/// At a terminal where every question is answered with yes.
const YES: &str = "set timeout 60\nspawn -noecho bash -c $env(LINE)\n\
    expect {\n -re {Type yes: $} { send -- \"yes\\r\"; exp_continue }\n eof\n}\nexit [lindex [wait] 3]\n";

impl Place {
    fn with_a_key_in_service() -> Self {
        let folder = tempfile::Builder::new().prefix("qr").tempdir_in("/tmp");
        let place = Self {
            folder: folder.unwrap(),
        };
        std::fs::create_dir_all(place.path("juniper/keys")).unwrap();
        std::fs::create_dir(place.path("onak")).unwrap();
        let team = format!(
            "[key]\nuser-id = \"Example Infra ({{cycle}}) <infra-root@example.org>\"\n\
             [cycles]\n\"Juniper Cycle\" = {}\n\"Larch Cycle\" = {}\n[needed]\nmaster = 2\nrevocation = 2\n\
             [policy]\nattest = \"majority\"\n",
            in_months(1),
            in_months(7)
        );
        std::fs::write(place.path("juniper/team.toml"), team).unwrap();
        for who in PEOPLE {
            std::fs::create_dir(place.path(who)).unwrap();
            place.must(who, "mkdir -m 700 ~/.gnupg");
            std::fs::write(place.path(who).join("yes.exp"), YES).unwrap();
        }
        for who in ["anna", "ben", "cleo"] {
            place.must(who, &format!("WHO={who}\n{TEAM}"));
        }
        place.must("anna", "quorate create --as anna");
        let key = place.key("juniper");
        for who in ["anna", "ben", "cleo"] {
            let receipt =
                format!("quorate share receipt --as {who} --key {key} -i ~/age-identity.txt");
            place.must(who, &receipt);
        }
        for who in ["anna", "ben"] {
            place.must(who, &format!("quorate attest --yes --key {key}"));
        }
        place.must("anna", SITE);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn shell(&self, who: &str, line: &str) -> Output {
        run(&self.path(who), &self.path("juniper"), line)
    }

    #[track_caller]
    fn must(&self, who: &str, line: &str) -> String {
        let output = self.shell(who, line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let noted = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}$ {line}\n{said}{noted}");
        // gpg tells everything there.
        said + &noted
    }

    /// The fingerprint of the key in a folder.
    fn key(&self, vault: &str) -> String {
        let manifest = std::fs::read_to_string(self.path(vault).join("vault.toml")).unwrap();
        let line = manifest.lines().find(|l| l.starts_with("fingerprint"));
        line.unwrap().split('"').nth(1).unwrap().to_owned()
    }

    /// A line of the page as it is typed here.
    fn typed(&self, command: &str, values: &HashMap<&'static str, String>) -> String {
        let mut line = command.to_owned();
        for name in ["JUNIPER", "LARCH"] {
            if let Some(key) = values.get(name) {
                line = line.replace(&format!("0x{name}"), &format!("0x{}", key.to_lowercase()));
            }
        }
        for (name, value) in values {
            line = line.replace(name, value);
        }
        line.replace("~ben", &self.path("ben").display().to_string())
    }
}

/// What stands on the page between two headings; to the end, if the second isn't there.
fn between<'p>(page: &'p str, from: &str, to: &str) -> &'p str {
    let at = page.find(from).expect("the section");
    let rest = &page[at..];
    &rest[..rest.find(to).unwrap_or(rest.len())]
}

impl Place {
    /// Types commands of the page; gives each with what it said.
    fn walk(
        &self,
        listed: Vec<(String, String)>,
        values: &mut HashMap<&'static str, String>,
    ) -> Vec<(String, String)> {
        let place = self;
        let mut told = Vec::new();
        for (who, command) in listed {
            let line = place.typed(&command, values);
            let said = if command == "quorate rotate" {
                place.must(&who, &format!("LINE='{line}' expect ~/yes.exp"))
            } else {
                place.must(&who, &line)
            };
            if place.path("larch/vault.toml").exists() {
                values.insert("LARCH", place.key("larch"));
            }
            let said = said.replace('\r', "");
            let opened = said.split_once("\nrequest ");
            if let Some((_, rest)) = opened.filter(|(_, rest)| rest[7..].starts_with(" is open")) {
                let id = rest[..7].to_owned();
                let vault = if command.contains("../larch") {
                    "--vault ../larch"
                } else {
                    ""
                };
                let words = place.must(&who, &format!("quorate show {id} --words {vault}"));
                values.insert("WORDS", words.replace('\n', " ").trim().to_owned());
                values.insert("REQUEST", id);
            }
            if command.contains("host offer") {
                let written = std::fs::read_dir(place.path("juniper")).unwrap();
                let files = written.map(|entry| entry.unwrap().file_name().into_string().unwrap());
                let offer = files.into_iter().find(|name| name.starts_with("offer-"));
                values.insert("OFFER", offer.unwrap());
            }
            told.push((command, said));
        }
        told
    }
}

const PAGE: &str = include_str!("../../docs/rotation.md");
const AT_ONCE: &str = "## 4 and 5 at once";

#[test]
fn both_keys_are_asked_at_once_as_the_page_says() {
    let place = Place::with_a_key_in_service();
    let mut values = HashMap::from([("JUNIPER", place.key("juniper"))]);
    let before = commands(between(PAGE, "# Rotation", "## 4:"));
    let at_once = commands(between(PAGE, AT_ONCE, "\n## 6"));
    assert!(at_once.len() >= 6, "the section has lost its commands");
    place.walk(before, &mut values);
    let told = place.walk(at_once, &mut values);
    let last = |command: &str| {
        let mut told = told.iter().rev();
        let (_, said) = told.find(|(typed, _)| typed.starts_with(command)).unwrap();
        said.clone()
    };
    assert!(last("quorate approve").contains("request 2 of 2"));
    assert!(last("quorate rotate").contains("the old key vouches for the new one"));
    assert!(last("quorate host install").contains("signing"));
}

#[test]
fn every_command_of_the_page_works_in_its_order() {
    let place = Place::with_a_key_in_service();
    let server = Keyserver::starts(&place.path("onak"));
    let juniper = place.key("juniper");
    let mut values = HashMap::from([
        ("KEYSERVER", server.url.clone()),
        ("START", in_months(1)),
        ("DIGITS", juniper[..4].to_owned()),
        ("JUNIPER", juniper.clone()),
    ]);
    // A successor is a younger key, for whoever walks the chain: by a second at least, where years lie between in life.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let mut listed = commands(between(PAGE, "# Rotation", AT_ONCE));
    listed.extend(commands(between(PAGE, "\n## 6", "\n## none")));
    assert!(listed.len() >= 35, "the page has lost its commands");
    let told = place.walk(listed, &mut values);
    let said = |command: &str| -> Vec<&str> {
        let those = told.iter().filter(|(typed, _)| typed.starts_with(command));
        those.map(|(_, said)| said.as_str()).collect()
    };
    assert!(said("quorate status")[0].contains("ROTATION DUE"));
    assert!(said("quorate rotate ||")[0].contains("too early"));
    assert!(said("quorate rotate ||")[0].contains("missing: ben, cleo"));
    let larch = &values["LARCH"];
    let links = said("gpg --check-sigs")[0];
    let by_old = |line: &str| line.starts_with("sig!") && line.contains(&juniper[24..]);
    assert!(links.lines().any(by_old), "{links}");
    let announced = said("gpg --verify")[0];
    assert_eq!(
        announced.matches("Good signature").count(),
        2,
        "{announced}"
    );
    // The roots' signatures go along, unasked.
    let chain = said("quorate publish succession")[0];
    assert_eq!(chain.matches("attested by 2").count(), 2, "{chain}");
    let walked = said("sh out/succession.sh")[0];
    let last = walked.lines().rfind(|line| line.starts_with(larch));
    assert!(last.is_some(), "{walked}");
    assert!(said("quorate retire")[5].contains("nothing is left to do"));
    assert!(said("quorate verify")[0].contains("GENUINE"));
    // What the new vault gives out has the old key's word, too.
    let whole = place.path(&format!("larch/out/0x{}.asc", larch.to_lowercase()));
    let whole = place.must(
        "stranger",
        &format!("gpg --list-packets {}", whole.display()),
    );
    let by_old = whole.matches(&format!("keyid {}", &juniper[24..])).count();
    assert_eq!(by_old, 1, "{whole}");
    // What was published has the signing host's subkey and the old key's word.
    let page = place.path(&format!(
        "releases/doc/source/static/0x{}.txt",
        larch.to_lowercase()
    ));
    let listed = place.must(
        "stranger",
        &format!(
            "gpg --show-keys --with-colons {} | grep -c ^sub:",
            page.display()
        ),
    );
    assert_eq!(listed.trim(), "1");
}
