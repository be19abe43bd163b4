//! The real quorum: three roots, two of whom use the key, each with a home, a gpg and a shell. Its
//! policy wants a majority's attestations. The clock is the real one.

use std::path::PathBuf;
use std::process::{Command, Output};

use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::{Cert, Packet};

use super::machine::alone;

/// Who has an OpenPGP key to attest with; cleo has none.
const ATTESTING: [&str; 2] = ["anna", "ben"];

/// Roots at work, with all receipts there; their agents end with it.
pub struct Quorum {
    folder: tempfile::TempDir,
}

impl Drop for Quorum {
    fn drop(&mut self) {
        for who in ATTESTING {
            let mut gpgconf = Command::new("gpgconf");
            gpgconf.arg("--homedir").arg(self.home(who).join(".gnupg"));
            let _ = gpgconf.args(["--kill", "all"]).output();
        }
    }
}

impl Quorum {
    /// Nobody has attested the key yet.
    pub fn in_force() -> Self {
        let folder = tempfile::Builder::new().prefix("qq").tempdir_in("/tmp");
        let this = Self {
            folder: folder.unwrap(),
        };
        std::fs::create_dir_all(this.vault().join("keys")).unwrap();
        let mut roots = String::new();
        for who in ["anna", "ben", "cleo"] {
            std::fs::create_dir(this.home(who)).unwrap();
            this.must(
                who,
                &format!("age-keygen -o ~/age.txt; age-keygen -y ~/age.txt >keys/{who}.age"),
            );
            roots += &format!("[root.{who}]\nseal = \"keys/{who}.age\"\n");
            if ATTESTING.contains(&who) {
                this.must(who, &format!(
                    "mkdir -m 700 ~/.gnupg; gpg -q --batch --passphrase '' --quick-gen-key \
                     '{who} <{who}@example.org>' ed25519 sign never; gpg -q --armor --export >keys/{who}.asc"
                ));
                let own = "gpg --list-keys --with-colons | awk -F: '/^fpr/{print $10; exit}'";
                roots += &format!("attest = \"{}\"\n", this.must(who, own).trim());
            }
        }
        let now = quorate::world::Timestamp::from(std::time::SystemTime::now());
        let team = format!(
            "[key]\nuser-id = \"Example Infra ({{cycle}}) <infra-root@example.org>\"\n\
             [cycles]\n\"Juniper Cycle\" = {}\n[needed]\nmaster = 2\nrevocation = 2\n\
             [policy]\nattest = \"majority\"\n{roots}",
            now.plus_days(180).day()
        );
        std::fs::write(this.vault().join("team.toml"), team).unwrap();
        this.must("anna", "quorate create --as anna");
        let key = this.fingerprint();
        for who in ["anna", "ben", "cleo"] {
            this.must(
                who,
                &format!("quorate share receipt --as {who} --key {key} -i ~/age.txt"),
            );
        }
        this
    }

    pub fn attested(self) -> Self {
        for who in ATTESTING {
            self.must(
                who,
                &format!("quorate attest --yes --key {}", self.fingerprint()),
            );
        }
        self
    }

    pub fn home(&self, who: &str) -> PathBuf {
        self.folder.path().join(who)
    }

    pub fn vault(&self) -> PathBuf {
        self.folder.path().join("vault")
    }

    pub fn out(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.vault().join("out").join(name)).unwrap()
    }

    /// The key's certificate as it is published, or as it was made if nothing has changed it.
    pub fn certificate(&self) -> Vec<u8> {
        let name = format!("out/0x{}.asc", self.fingerprint().to_lowercase());
        std::fs::read(self.vault().join(name)).unwrap_or_else(|_| {
            let block = "/BEGIN PGP PUBLIC/,/END PGP PUBLIC/";
            self.must("anna", &format!("awk '{block}' vault.toml"))
                .into()
        })
    }

    pub fn fingerprint(&self) -> String {
        let manifest = std::fs::read_to_string(self.vault().join("vault.toml")).unwrap();
        let mut lines = manifest.lines();
        let line = lines.find(|line| line.starts_with("fingerprint")).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    }

    /// A line in a root's shell, in the vault.
    pub fn shell(&self, who: &str, line: &str) -> Output {
        alone(line)
            .current_dir(self.vault())
            .env("HOME", self.home(who))
            .output()
            .unwrap()
    }

    #[track_caller]
    pub fn must(&self, who: &str, line: &str) -> String {
        let output = self.shell(who, line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let noted = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{who}$ {line}\n{said}{noted}");
        said
    }

    /// The request that somebody's command opened, and its words.
    #[track_caller]
    pub fn opened(&self, who: &str, said: &str) -> (String, String) {
        let at = said.find("\nrequest ").unwrap() + "\nrequest ".len();
        let id = said[at..at + 7].to_owned();
        let words = self.must(who, &format!("quorate show {id} --words"));
        (id, words.replace('\n', " "))
    }

    /// Ben asks, and anna approves; nothing is carried out yet.
    #[track_caller]
    pub fn approved(&self, command: &str) -> String {
        let (id, words) = self.opened("ben", &self.must("ben", command));
        self.must(
            "anna",
            &format!("quorate approve {id} --way voice --words '{words}'"),
        );
        id
    }

    /// Ben asks, anna approves, ben carries it out.
    #[track_caller]
    pub fn carried_out(&self, command: &str) -> String {
        let id = self.approved(command);
        let anna = self.home("anna");
        let said = self.must("ben", &format!("quorate perform {id} {}", anna.display()));
        self.wait_for_its_time();
        said
    }

    /// A change is dated a second after the newest one before it, and tests are faster than people: waits until
    /// the clock has reached what was signed.
    pub fn wait_for_its_time(&self) {
        let cert = Cert::from_bytes(&self.certificate()).unwrap();
        let packets = cert.into_packets();
        let dates = packets.filter_map(|packet| match packet {
            Packet::Signature(signature) => signature.signature_creation_time(),
            _ => None,
        });
        let newest = dates.max().unwrap();
        while std::time::SystemTime::now() < newest {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}
