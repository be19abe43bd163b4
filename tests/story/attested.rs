//! The roots sign the master key, each with the own gpg, and the vault counts them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;

use crate::team::{Done, Team};

/// Five people with age shares; all but eve have an OpenPGP key to attest with, in a gpg of their own.
struct Attesting {
    team: Team,
    key: String,
}

/// The agents of a test end with it.
impl Drop for Attesting {
    fn drop(&mut self) {
        for who in ["anna", "ben", "cleo", "dan", "eve", "mallory"] {
            let _ = Command::new("gpgconf")
                .arg("--homedir")
                .arg(self.team.home(who).join(".gnupg"))
                .args(["--kill", "all"])
                .output();
        }
    }
}

/// gpg in somebody's home, and nobody else's.
#[track_caller]
fn gpg(home: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("gpg")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .args(["-q", "--batch", "--yes", "--passphrase", ""])
        .args(["--pinentry-mode", "loopback", "--trust-model", "always"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "gpg {arguments:?}: {complained}");
    output.stdout
}

/// A key made a minute before the team's clock, and its fingerprint.
fn key_of(team: &Team, who: &str, user_id: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let home = team.home(who);
    let folder = home.join(".gnupg");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o700)).unwrap();
    // Only RSA can be had with SHA-1.
    let algorithm = if who == "cleo" { "rsa2048" } else { "ed25519" };
    let minute_ago = format!("--faked-system-time={}", team.now().seconds() - 60);
    gpg(
        &home,
        &[
            &minute_ago,
            "--quick-gen-key",
            user_id,
            algorithm,
            "sign",
            "never",
        ],
    );
    let listed = gpg(&home, &["--list-keys", "--with-colons", user_id]);
    let listed = String::from_utf8(listed).unwrap();
    let line = listed.lines().find(|line| line.starts_with("fpr")).unwrap();
    line.split(':').nth(9).unwrap().to_owned()
}

impl Attesting {
    /// A team whose vault is not made yet.
    fn planned(policy: &str) -> Self {
        let this = Self {
            team: Team::needing(3),
            key: String::new(),
        };
        let team = &this.team;
        let config = team.vault().join("team.toml");
        let mut text = std::fs::read_to_string(&config).unwrap();
        text = text.replace("attest = \"none\"", policy);
        for who in ["anna", "ben", "cleo", "dan"] {
            let key = key_of(team, who, &format!("{who} <{who}@example.org>"));
            let own = format!("seal = \"keys/{who}.age\"\n");
            text = text.replace(&own, &format!("{own}attest = \"{key}\"\n"));
            let certificate = gpg(&team.home(who), &["--armor", "--export", &key]);
            std::fs::write(team.vault().join(format!("keys/{who}.asc")), certificate).unwrap();
        }
        std::fs::write(&config, text).unwrap();
        this
    }

    fn in_force(policy: &str) -> Self {
        let mut this = Self::planned(policy);
        let team = &this.team;
        team.run("anna", &["create", "--as", "anna"])
            .exits(0)
            .says("eve can't attest");
        for name in &team.names {
            team.receipt(name).exits(0);
        }
        this.key = team.fingerprint();
        // Everybody who signs without quorate has the key in the own gpg.
        std::fs::create_dir(this.team.home("mallory")).unwrap();
        let file = this.team.path("key.asc");
        std::fs::write(&file, this.team.certificate()).unwrap();
        for who in ["anna", "ben", "cleo", "dan"] {
            gpg(&this.team.home(who), &["--import", file.to_str().unwrap()]);
        }
        this
    }

    fn attests(&self, who: &str) -> Done {
        self.team.run(who, &["attest", "--yes", "--key", &self.key])
    }

    /// What somebody's gpg exports of the key, as a file.
    fn exported(&self, who: &str, name: &str, options: &[&str]) -> String {
        let arguments = [options, &["--armor", "--export", &self.key]].concat();
        let file = self.team.path(name);
        std::fs::write(&file, gpg(&self.team.home(who), &arguments)).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn signs(&self, who: &str, options: &[&str], verb: &str) {
        let arguments = [options, &[verb, &self.key]].concat();
        gpg(&self.team.home(who), &arguments);
    }

    fn collects(&self, file: &str) -> Done {
        self.team.run("anna", &["attest", "--collect", file])
    }

    fn attestations(&self) -> Vec<PathBuf> {
        let folder = self.team.vault().join("attestations");
        let entries = std::fs::read_dir(folder);
        let mut all: Vec<PathBuf> = entries.map_or(Vec::new(), |all| {
            all.map(|entry| entry.unwrap().path()).collect()
        });
        all.sort();
        all
    }

    /// The verdict on a file that must not change anything.
    #[track_caller]
    fn refuses(&self, file: &str, exit: u8, sentence: &str) {
        let before = self.attestations();
        self.collects(file).exits(exit).says(sentence);
        assert_eq!(self.attestations(), before);
    }
}

#[test]
fn three_of_five_attest_each_with_the_own_gpg() {
    let story = Attesting::in_force("attest = \"majority\"");
    let team = &story.team;
    let status = || team.run("anna", &["status"]);
    status().exits(0).says("WAITING FOR ATTESTATION");
    status()
        .says("by 0 of 5 (3 needed)")
        .says("can't: no OpenPGP key");
    let json = team.run("anna", &["status", "--json"]).said;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["key"]["state"], "waiting-for-attestation");
    assert_eq!(json["attestation"]["needed"], 3);
    team.run("ben", &[])
        .exits(0)
        .says("it is your turn")
        .says("quorate attest");
    team.run("eve", &[])
        .exits(0)
        .says("3 more of anna, ben, cleo, dan");
    team.run("eve", &["attest"]).exits(2).says("no OpenPGP key");
    // Other keys can be certified meanwhile.
    let id = team.opens();
    team.run("ben", &["show", &id]).exits(0);

    team.run("ben", &["attest", "--yes"]).exits(2).says("--key");
    let keyring = team.home("ben").join(".gnupg/pubring.kbx");
    let before = std::fs::read(&keyring).unwrap();
    let asked = ScriptedTerminal::new();
    asked.answer("no");
    let declined = team.run_with("ben", &["attest"], &RealFiles::default(), &asked);
    declined
        .exits(1)
        .says("nothing was changed")
        .says("remembered");
    assert!(story.attestations().is_empty());
    let asked = ScriptedTerminal::new();
    asked.answer("yes");
    let done = team.run_with("ben", &["attest"], &RealFiles::default(), &asked);
    done.exits(0)
        .says("ben signed on")
        .says("2 more of anna, cleo, dan")
        .says("git add attestations");
    assert!(std::fs::read(&keyring).unwrap() == before);
    assert!(
        !team
            .path("ben/.local/state/quorate")
            .join("attest")
            .exists()
    );
    story.attests("ben").exits(0).says("you have attested");

    // Dan has gpg and no quorate; he sends what gpg exports.
    story.signs("dan", &[], "--quick-sign-key");
    let file = story.exported("dan", "dan.asc", &[]);
    story.collects(&file).exits(0).says("dan signed on");
    story.collects(&file).exits(0).says("in the vault already");
    team.run("cleo", &["status", "--remind"])
        .exits(0)
        .says("text for cleo")
        .says("quorate attest");
    team.verifies().says("by 2 of 5 (3 needed): ben, dan");

    story.attests("cleo").exits(0);
    status().exits(0).says("IN SERVICE").says("by 3 of 5");
    team.run("anna", &[]).exits(0).says("nothing waits for you");
    team.verifies().says("3 attestations");
    let one = story.attestations().remove(0);
    team.run("eve", &["verify", one.to_str().unwrap()])
        .exits(0)
        .says("attestation by ben");

    // gpg checks what the vault keeps; it wants to be told that the user ID's own signature is elsewhere.
    let keys = team.vault().join("keys");
    let mut files = story.attestations();
    files.extend(["ben", "cleo", "dan"].map(|who| keys.join(format!("{who}.asc"))));
    let eve = team.home("eve");
    std::fs::create_dir(eve.join(".gnupg")).unwrap();
    gpg(&eve, &["--import", team.path("key.asc").to_str().unwrap()]);
    let mut import = vec!["--allow-non-selfsigned-uid", "--import"];
    import.extend(files.iter().map(|file| file.to_str().unwrap()));
    gpg(&eve, &import);
    let shown = gpg(&eve, &["--with-colons", "--check-sigs", &story.key]);
    let shown = String::from_utf8(shown).unwrap();
    let good = |line: &&str| line.starts_with("sig:!:") && line.contains(":10x:");
    assert_eq!(shown.lines().filter(good).count(), 3, "{shown}");
}

#[test]
fn what_does_not_count_is_told_and_changes_nothing() {
    let story = Attesting::in_force("attest = 2");
    let team = &story.team;
    let mallory = key_of(team, "mallory", "Mallory <mallory@example.org>");
    let home = team.home("mallory");
    gpg(&home, &["--import", team.path("key.asc").to_str().unwrap()]);
    story.signs("mallory", &[], "--quick-sign-key");
    let file = story.exported("mallory", "stranger.asc", &[]);
    story.refuses(&file, 1, "by a stranger");
    story.refuses(&file, 1, &mallory);

    // Ben signs mallory's key instead.
    let other = team.path("mallory.asc");
    std::fs::write(&other, gpg(&home, &["--export", &mallory])).unwrap();
    let bens = team.home("ben");
    gpg(&bens, &["--import", other.to_str().unwrap()]);
    gpg(&bens, &["--quick-sign-key", &mallory]);
    std::fs::write(&other, gpg(&bens, &["--export", &mallory])).unwrap();
    story.refuses(other.to_str().unwrap(), 1, "over another key");

    // Only for his own machine, and sent all the same.
    story.signs("ben", &[], "--quick-lsign-key");
    let local = ["--export-options", "export-local-sigs"];
    let file = story.exported("ben", "local.asc", &local);
    story.refuses(&file, 1, "ben's signature is not exportable");

    let old = ["--cert-digest-algo", "SHA1", "--allow-weak-key-signatures"];
    story.signs("cleo", &old, "--quick-sign-key");
    let file = story.exported("cleo", "weak.asc", &[]);
    story.refuses(&file, 1, "cleo's signature was made with SHA1");

    // A second key of anna's is a stranger's to the vault; with the first she counts once.
    let second = key_of(team, "anna", "Anna's other <anna@example.net>");
    story.signs("anna", &["--local-user", &second], "--quick-sign-key");
    let file = story.exported("anna", "second.asc", &[]);
    story.refuses(&file, 1, &second);
    story.attests("anna").exits(0).says("by 1 of 5");
    let first = String::from_utf8(gpg(
        &team.home("anna"),
        &["--list-keys", "--with-colons", "anna@example.org"],
    ));
    let first = first.unwrap();
    let first = first.lines().find(|line| line.starts_with("fpr")).unwrap();
    let first = first.split(':').nth(9).unwrap();
    story.signs("anna", &["--local-user", first], "--quick-sign-key");
    let file = story.exported("anna", "twice.asc", &[]);
    story
        .collects(&file)
        .exits(0)
        .says("by a stranger")
        .says("counts once");
    assert_eq!(story.attestations().len(), 1);

    let damaged = team.path("damaged.asc");
    let text = std::fs::read_to_string(&file)
        .unwrap()
        .replacen("\n\nm", "\n\nn", 1);
    std::fs::write(&damaged, &text[..text.len() / 2]).unwrap();
    story.refuses(damaged.to_str().unwrap(), 4, "doesn't count");
    std::fs::write(&damaged, "no key at all").unwrap();
    story.refuses(damaged.to_str().unwrap(), 4, "no OpenPGP certificate");
}

#[test]
fn an_attestation_that_was_taken_back_or_ran_out_is_not_counted_any_more() {
    let story = Attesting::in_force("attest = 2");
    let team = &story.team;
    // Ben's runs out after two days.
    story.signs("ben", &["--default-cert-expire", "2d"], "--quick-sign-key");
    let bens = story.exported("ben", "ben.asc", &[]);
    story.signs("dan", &[], "--quick-sign-key");
    let dans = story.exported("dan", "dan.asc", &[]);
    team.run("anna", &["attest", "--collect", &bens, &dans])
        .exits(0)
        .says("by 2 of 5 (2 needed)");
    team.run("anna", &["status"]).exits(0).says("IN SERVICE");

    team.days_pass(3);
    team.run("anna", &["status"])
        .exits(0)
        .says("WAITING FOR ATTESTATION")
        .says("ben's signature expired on");
    story.refuses(&bens, 1, "ben's signature expired on");
    // It is genuine all the same.
    team.verifies().says("doesn't count").says("by 1 of 5");

    // Dan takes his back with gpg, and sends that.
    let key = [story.key.as_str()];
    let dan = team.home("dan");
    let own = String::from_utf8(gpg(&dan, &["--list-secret-keys", "--with-colons"])).unwrap();
    let own = own.lines().find(|line| line.starts_with("fpr")).unwrap();
    let own = own.split(':').nth(9).unwrap();
    gpg(&dan, &[&["--quick-revoke-sig"][..], &key, &[own]].concat());
    let revoked = story.exported("dan", "revoked.asc", &[]);
    story
        .collects(&revoked)
        .exits(0)
        .says("dan took the own signature back")
        .says("by 0 of 5");
    story.refuses(&dans, 0, "in the vault already");
    team.run("anna", &["status"])
        .exits(0)
        .says("dan's signature was revoked on");
    team.verifies().says("doesn't count");
}

#[test]
fn a_forged_attestation_in_the_vault_is_named_by_verify_and_counted_by_nobody() {
    let story = Attesting::in_force("attest = 1");
    let team = &story.team;
    story.attests("anna").exits(0);
    let good = story.attestations().remove(0);
    let name = good.file_name().unwrap().to_str().unwrap().to_owned();
    let bytes = std::fs::read(&good).unwrap();
    let signers = ["ben", "cleo"];
    // Under another name it is still anna's.
    for who in signers {
        std::fs::write(good.with_file_name(name.replace("anna", who)), &bytes).unwrap();
    }
    team.run("ben", &["status"]).exits(0).says("by 1 of 5");
    std::fs::write(&good, team.certificate()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let body = text.find("\n\n").unwrap() + 40;
    let flipped = if &text[body..=body] == "A" { "B" } else { "A" };
    let text = format!("{}{flipped}{}", &text[..body], &text[body + 1..]);
    for who in signers {
        std::fs::write(good.with_file_name(name.replace("anna", who)), &text).unwrap();
    }
    team.run("ben", &["status"])
        .exits(0)
        .says("WAITING FOR ATTESTATION")
        .says("it isn't counted");
    let done = team.run("eve", &["verify", "--key", &story.key]);
    done.exits(4)
        .says("attestations/")
        .says("3 files are not genuine");
}

#[test]
fn a_policy_that_can_not_be_met_makes_nothing() {
    let story = Attesting::planned("attest = 5");
    let team = &story.team;
    let create = || team.run("anna", &["create", "--as", "anna"]);
    let before = team.snapshot();
    create()
        .exits(2)
        .says("only these can: anna, ben, cleo, dan")
        .says("eve");
    team.run("anna", &["roster", "check"]).exits(2).says("eve");
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("attest = 5", "attest = 4")).unwrap();
    team.run("anna", &["roster", "check"])
        .exits(0)
        .says("4 of 5 must sign the key")
        .says("eve can't attest");
    std::fs::remove_file(team.vault().join("keys/ben.asc")).unwrap();
    create()
        .exits(2)
        .says("ben attests with")
        .says("keys/ has no certificate");
    let made: Vec<_> = team.snapshot().into_keys().collect();
    assert!(before.len() == made.len() + 1);
}

#[test]
fn who_attests_with_what_is_part_of_an_own_copy() {
    let story = Attesting::in_force("attest = \"majority\"");
    let team = &story.team;
    let copy = team.path("copy.toml");
    let text = std::fs::read_to_string(team.vault().join("team.toml")).unwrap();
    std::fs::write(&copy, &text).unwrap();
    let compared = || {
        team.as_holder(
            "ben",
            &[
                "share",
                "receipt",
                "--expect-roster",
                copy.to_str().unwrap(),
            ],
        )
    };
    compared().exits(0);
    std::fs::write(
        &copy,
        text.replace("attest = \"majority\"", "attest = \"none\""),
    )
    .unwrap();
    compared().exits(4).says("3 must attest; in your copy 0");
    let at = text.find("attest = \"").unwrap();
    let at = at + text[at + 1..].find("attest = \"").unwrap() + 1 + "attest = \"".len();
    let other = format!("{}{}{}", &text[..at], "0".repeat(40), &text[at + 40..]);
    std::fs::write(&copy, other).unwrap();
    compared().exits(4).says("attests with");
}
