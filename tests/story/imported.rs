//! Keys that gpg made come into custody: RSA and Ed25519, with and without passphrase, with subkeys.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use quorate::openpgp::import::{Export, Wish};
use quorate::world::doubles::ScriptedTerminal;
use quorate::world::{RealFiles, Timestamp};

use crate::team::{Done, Team};

const PASSPHRASE: &str = "open sesame 99";
const USER_ID: &str = "Old Release <old@example.org>";

/// A gpg home of its own.
struct Gpg(tempfile::TempDir);

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.0.path())
            .args(["--kill", "all"])
            .output();
    }
}

impl Gpg {
    fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("qi")
            .tempdir_in("/tmp")
            .unwrap();
        Self(home)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut gpg = Command::new("gpg");
        gpg.env("GNUPGHOME", self.0.path())
            .args(["-q", "--batch", "--pinentry-mode", "loopback"])
            .args(arguments)
            .stdin(Stdio::null());
        gpg
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command(arguments).output().unwrap();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {complained}");
        output.stdout
    }

    fn text(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments)).unwrap()
    }

    /// The fingerprints of the one key in it, primary first.
    fn fingerprints(&self) -> Vec<String> {
        let listed = self.text(&["--list-keys", "--with-colons"]);
        let of = |line: &str| Some(line.strip_prefix("fpr:")?.split(':').nth(8)?.to_owned());
        listed.lines().filter_map(of).collect()
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let file = self.0.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        file
    }

    /// Makes the old key, with a subkey for each of these usages.
    fn with_key(passphrase: &str, algorithm: &str, subkeys: &[(&str, &str)]) -> Self {
        let gpg = Self::new();
        let then = days_ago(3);
        let secret = ["--faked-system-time", &then, "--passphrase", passphrase];
        let make = ["--quick-gen-key", USER_ID, algorithm, "cert,sign", "1y"];
        gpg.run(&[&secret[..], &make].concat());
        let primary = gpg.fingerprints().remove(0);
        for (algorithm, usage) in subkeys {
            let add = ["--quick-add-key", &primary, algorithm, usage, "1y"];
            gpg.run(&[&secret[..], &add].concat());
        }
        gpg
    }

    fn export(&self, passphrase: &str) -> Vec<u8> {
        self.run(&["--passphrase", passphrase, "--export-secret-keys"])
    }
}

/// A time before the team's clock, which stands still, as gpg takes it.
fn days_ago(days: u64) -> String {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400);
    let then = then.duration_since(std::time::UNIX_EPOCH).unwrap();
    then.as_secs().to_string()
}

/// Three people with age keys and this key in their team.toml.
fn team(algorithm: &str) -> Team {
    let team = Team::of(&["anna", "ben", "cleo"], 2);
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text
        .replace("Story ({cycle}) <story@example.org>", USER_ID)
        .replace("\"ed25519\"", &format!("\"{algorithm}\""));
    std::fs::write(config, text).unwrap();
    team
}

fn create(team: &Team, terminal: &ScriptedTerminal, arguments: &[&str]) -> Done {
    let all = [&["create", "--as", "anna"], arguments].concat();
    team.run_with("anna", &all, &RealFiles::default(), terminal)
}

fn import(team: &Team, export: &[u8], arguments: &[&str]) -> Done {
    let terminal = ScriptedTerminal::new();
    terminal.set_input(export);
    create(team, &terminal, &[&["--import", "-"], arguments].concat())
}

/// Receipts by all, one certification, and what gpg says of it.
#[track_caller]
fn certifies(team: &Team) {
    for name in &team.names {
        team.receipt(name).exits(0);
    }
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    team.verifies()
        .says("secrecy before that day is not claimed");
    let stranger = Gpg::new();
    let certificate = stranger.file("cert", team.certificate().as_bytes());
    let target = team.vault().join("out/target.asc");
    for file in [&certificate, &target] {
        stranger.run(&["--import", file.to_str().unwrap()]);
    }
    let checked = stranger.text(&["--check-sigs", "--with-colons", "target.asc@example.org"]);
    let long = &team.fingerprint()[24..];
    assert!(
        checked
            .lines()
            .any(|line| line.starts_with("sig:!") && line.contains(long)),
        "{checked}"
    );
}

/// Opens a file that was sealed to the age identity of a host.
fn opened(identity: &Path, sealed: &Path) -> Vec<u8> {
    let output = Command::new("age")
        .args(["-d", "-i"])
        .args([identity, sealed])
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn an_rsa_key_with_a_passphrase_signs_in_custody_and_its_subkey_on_the_host() {
    let old = Gpg::with_key(
        PASSPHRASE,
        "rsa3072",
        &[("rsa2048", "sign"), ("rsa2048", "encr")],
    );
    let [_, signing, decrypting] = &old.fingerprints()[..] else {
        panic!("three keys")
    };
    let team = team("rsa4096");
    let host = age::x25519::Identity::generate();
    let host_file = team.path("host.age");
    std::fs::write(&host_file, host.to_public().to_string()).unwrap();
    let identity = team.path("host.txt");
    let secret = age::secrecy::ExposeSecret::expose_secret(&host.to_string()).to_owned();
    std::fs::write(&identity, secret).unwrap();

    let file = team.path("old.pgp");
    std::fs::write(&file, old.export(PASSPHRASE)).unwrap();
    let terminal = ScriptedTerminal::new();
    terminal.secret("not this one");
    terminal.secret(PASSPHRASE);
    let arguments = [
        "--import",
        file.to_str().unwrap(),
        "--subkey-for",
        host_file.to_str().unwrap(),
        "--drop",
        decrypting,
    ];
    create(&team, &terminal, &arguments)
        .exits(0)
        .says("that is not its passphrase; once more")
        .says("Secrecy before")
        .says("shred -u");
    team.holds_no_secret();
    certifies(&team);

    // The subkey opens on the host alone, where the primary shows as absent, and signs there.
    let sealed = team.vault().join(format!("out/subkey-{signing}.age"));
    let gpg = Gpg::new();
    let file = gpg.file("subkey", &opened(&identity, &sealed));
    gpg.run(&["--import", file.to_str().unwrap()]);
    let listed = gpg.text(&["--list-secret-keys", "--with-colons"]);
    let secrets: Vec<&str> = listed
        .lines()
        .filter(|line| line.starts_with("sec:") || line.starts_with("ssb:"))
        .map(|line| line.split(':').nth(14).unwrap())
        .collect();
    assert_eq!(secrets, ["#", "+"], "{listed}");
    let signed = gpg.file("signed", b"a release");
    gpg.run(&["--detach-sign", signed.to_str().unwrap()]);
    let mut verify = old.command(&["--verify"]);
    let signature = gpg.0.path().join("signed.sig");
    assert!(
        verify
            .args([&signature, &signed])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn what_lies_in_the_master_file_is_the_key_for_gpg_without_its_subkeys() {
    let old = Gpg::with_key(PASSPHRASE, "rsa3072", &[("rsa2048", "sign")]);
    let fingerprints = old.fingerprints();
    let wish = Wish {
        user_id: USER_ID,
        drop: &[fingerprints[1].parse().unwrap()],
        subkeys_have_a_home: false,
        now: Timestamp::from(std::time::SystemTime::now()),
    };
    let export = Export::read(&old.export(PASSPHRASE)).unwrap();
    assert!(export.is_locked());
    export.check(&wish).unwrap();
    assert!(export.take(&wish, b"another").is_err());
    let imported = export.take(&wish, PASSPHRASE.as_bytes()).unwrap();
    let gpg = Gpg::new();
    let file = gpg.file("key", &imported.key.to_file(&imported.own).unwrap());
    gpg.run(&["--import", file.to_str().unwrap()]);
    assert_eq!(gpg.fingerprints(), fingerprints[..1]);
    let signed = gpg.file("signed", b"a text");
    gpg.run(&["--detach-sign", signed.to_str().unwrap()]);
    let certificate = imported.key.to_certificate(&imported.own).unwrap();
    let stranger = Gpg::new();
    let file = stranger.file("cert", &certificate);
    stranger.run(&["--import", file.to_str().unwrap()]);
    assert_eq!(
        stranger.fingerprints(),
        fingerprints,
        "the public half is whole"
    );
}

#[test]
fn an_ed25519_key_without_a_passphrase_comes_through_a_pipe() {
    let old = Gpg::with_key("", "ed25519", &[]);
    let team = team("ed25519");
    import(&team, &old.export(""), &[])
        .exits(0)
        .says("The key is taken over");
    assert_eq!(team.fingerprint(), old.fingerprints()[0]);
    certifies(&team);
}

#[test]
fn what_would_be_lost_or_cannot_be_used_is_refused() {
    let old = Gpg::with_key("", "ed25519", &[("cv25519", "encr"), ("ed25519", "sign")]);
    let [primary, decrypting, signing] = &old.fingerprints()[..] else {
        panic!("three keys")
    };
    let team = team("ed25519");
    let before = team.snapshot();
    let export = old.export("");
    import(&team, &export, &[]).exits(2).says(&format!(
        "the secret of subkey {decrypting}, which is for decrypting"
    ));
    import(&team, &export, &["--drop", decrypting])
        .exits(2)
        .says(&format!("the secret of signing subkey {signing}"));
    import(&team, &export, &["--drop", primary])
        .exits(2)
        .says(decrypting);
    let drops = ["--drop", decrypting, "--drop", signing];
    import(&team, &export, &[&drops[..], &["--drop", primary]].concat())
        .exits(2)
        .says("no secret of a subkey");
    import(&team, &export, &["--drop", "0xABC"]).exits(2);
    import(&team, b"not a key", &[])
        .exits(2)
        .says("not one OpenPGP key");
    import(&team, &[export.clone(), export.clone()].concat(), &[]).exits(2);
    import(&team, &export[..export.len() - 9], &drops).exits(2);
    import(&team, &old.run(&["--export"]), &[])
        .exits(2)
        .says("only the public half");
    let without = old.run(&["--export-secret-subkeys"]);
    import(&team, &without, &[]).exits(2).says("sec#");
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("Old Release", "New Release")).unwrap();
    import(&team, &export, &drops)
        .exits(2)
        .says("user IDs that are all others: Old Release");
    std::fs::write(&config, text.replace("\"ed25519\"", "\"rsa4096\"")).unwrap();
    import(&team, &export, &drops)
        .exits(2)
        .says("another algorithm");
    std::fs::write(&config, &text).unwrap();
    let set = ["--quick-set-expire", primary, "0"];
    old.run(&[&["--faked-system-time", &days_ago(2)][..], &set].concat());
    import(&team, &old.export(""), &drops)
        .exits(2)
        .says("a key that never expires");
    assert_eq!(team.snapshot(), before);
    import(&team, &export, &drops).exits(0);
}

#[test]
fn a_passphrase_mistyped_three_times_makes_nothing() {
    let old = Gpg::with_key(PASSPHRASE, "ed25519", &[]);
    let team = team("ed25519");
    let before = team.snapshot();
    let terminal = ScriptedTerminal::new();
    terminal.set_input(&old.export(PASSPHRASE));
    for typed in ["one", "two", "three"] {
        terminal.secret(typed);
    }
    create(&team, &terminal, &["--import", "-"])
        .exits(1)
        .says("the passphrase was wrong 3 times");
    assert_eq!(team.snapshot(), before);
}

#[test]
fn an_rsa_4096_key_is_made_and_used() {
    let team = team("rsa4096");
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    let gpg = Gpg::new();
    let file = gpg.file("cert", team.certificate().as_bytes());
    gpg.run(&["--import", file.to_str().unwrap()]);
    let listed = gpg.text(&["--list-keys", "--with-colons"]);
    assert!(listed.contains(":4096:1:"), "{listed}");
    for name in &team.names {
        team.receipt(name).exits(0);
    }
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    team.verifies();
}
