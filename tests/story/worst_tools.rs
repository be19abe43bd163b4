//! What surrounds a holder and doesn't work: keys in agents only, cards that aren't there, broken keyrings, clocks,
//! and inboxes full of junk.

use std::path::Path;
use std::process::Command;

use quorate::world::doubles::ScriptedTerminal;
use quorate::world::{Environment, RealFiles};
use sequoia_openpgp as openpgp;

use openpgp::cert::prelude::*;
use openpgp::crypto::S2K;
use openpgp::crypto::mpi::SecretKeyChecksum;
use openpgp::packet::key::Encrypted;
use openpgp::parse::Parse as _;
use openpgp::serialize::{Serialize as _, SerializeInto as _};
use openpgp::types::SymmetricAlgorithm;
use openpgp::{Cert, Packet};

use crate::team::{Done, Team};

#[test]
fn an_ssh_key_that_only_an_agent_has_is_a_sentence() {
    let team = Team::of(&["anna", "ben"], 2);
    let key = team.home("ben").join("id_ed25519");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let public = key.with_extension("pub");
    std::fs::copy(&public, team.vault().join("keys/ben.pub")).unwrap();
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(config, text.replace("keys/ben.age", "keys/ben.pub")).unwrap();
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    // All that ben has on the disk is the public half.
    let fingerprint = team.fingerprint();
    let ben = |arguments: &[&str]| {
        let known = ["--as", "ben", "--key", &fingerprint];
        team.run("ben", &[&["share", "verify"], arguments, &known].concat())
    };
    ben(&[])
        .exits(2)
        .says("name the file of your private ssh key");
    ben(&["-i", public.to_str().unwrap()])
        .exits(2)
        .says("the public half of an ssh key")
        .says("an agent can't decrypt");
    ben(&["-i", key.to_str().unwrap()]).exits(0);
}

/// A team of whom ben has an OpenPGP key in a gpg home.
struct WithGpg {
    team: Team,
    home: tempfile::TempDir,
}

impl Drop for WithGpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"])
            .output();
    }
}

impl WithGpg {
    fn new(cert: &Cert) -> Self {
        let team = Team::of(&["anna", "ben"], 2);
        let public = cert.clone().strip_secret_key_material();
        let armored = public.armored().to_vec().unwrap();
        std::fs::write(team.vault().join("keys/ben.asc"), armored).unwrap();
        let config = team.vault().join("team.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let seal = cert.fingerprint().to_hex();
        std::fs::write(config, text.replace("keys/ben.age", &seal)).unwrap();
        team.run("anna", &["create", "--as", "anna"]).exits(0);
        let home = tempfile::Builder::new()
            .prefix("qw")
            .tempdir_in("/tmp")
            .unwrap();
        Self { team, home }
    }

    fn import(&self, key: &[u8]) {
        let file = self.home.path().join("key");
        std::fs::write(&file, key).unwrap();
        let imported = Command::new("gpg")
            .args(["-q", "--batch", "--homedir"])
            .arg(self.home.path())
            .arg("--import")
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&imported.stderr).into_owned();
        assert!(imported.status.success(), "{said}");
    }

    fn ben(&self) -> Done {
        let environment = Environment::from([
            ("PATH".into(), std::env::var_os("PATH").unwrap()),
            ("HOME".into(), self.team.home("ben").into_os_string()),
            ("GNUPGHOME".into(), self.home.path().into()),
        ]);
        let fingerprint = self.team.fingerprint();
        let arguments = ["share", "verify", "--as", "ben", "--key", &fingerprint];
        let terminal = ScriptedTerminal::new();
        self.team
            .run_in(&environment, &arguments, &RealFiles::default(), &terminal)
    }
}

fn key() -> Cert {
    let (cert, _) = CertBuilder::new()
        .add_userid("Ben <ben@example.org>")
        .add_transport_encryption_subkey()
        .set_creation_time(std::time::SystemTime::now() - std::time::Duration::from_secs(3600))
        .generate()
        .unwrap();
    cert
}

/// The key as gpg has it when its secrets are on a card.
fn on_a_card(cert: &Cert) -> Vec<u8> {
    let stub = || {
        let serial = [&b"\0GNU\x02\x10"[..], &[0xd2; 16]].concat();
        let s2k = S2K::Private {
            tag: 101,
            parameters: Some(serial.into()),
        };
        let none = SymmetricAlgorithm::Unencrypted;
        Encrypted::new(s2k, none, Some(SecretKeyChecksum::Sum16), Box::default())
    };
    let mut bytes = Vec::new();
    for packet in cert.clone().into_packets() {
        let packet = match packet {
            Packet::PublicKey(key) => Packet::SecretKey(key.add_secret(stub().into()).0),
            Packet::PublicSubkey(key) => Packet::SecretSubkey(key.add_secret(stub().into()).0),
            other => other,
        };
        packet.serialize(&mut bytes).unwrap();
    }
    bytes
}

#[test]
fn a_card_that_is_not_there_is_a_sentence() {
    let cert = key();
    let scene = WithGpg::new(&cert);
    scene.ben().exits(1).says("gpg");
    let public = cert.clone().strip_secret_key_material();
    scene.import(&on_a_card(&public));
    let done = scene.ben();
    done.exits(1).says("card");
    assert!(!done.noted.contains("panicked"));
}

#[test]
fn a_broken_keyring_is_a_sentence_and_a_mended_one_works() {
    let cert = key();
    let scene = WithGpg::new(&cert);
    let mut secret = Vec::new();
    cert.as_tsk().serialize(&mut secret).unwrap();
    assert!(Cert::from_bytes(&secret).unwrap().is_tsk());
    scene.import(&secret);
    scene.ben().exits(0);
    let ring = scene.home.path().join("pubring.kbx");
    let whole = std::fs::read(&ring).unwrap();
    std::fs::write(&ring, [&b"junk"[..], &whole[..40]].concat()).unwrap();
    scene.ben().exits(1).says("gpg");
    std::fs::write(&ring, whole).unwrap();
    scene.ben().exits(0);
}

#[test]
fn ten_thousand_files_of_junk_keep_nobody_from_working() {
    let team = Team::in_service(2);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let junk = team.path("junk");
    std::fs::create_dir(&junk).unwrap();
    let text = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n";
    let state = team.home("anna").join(".local/state/quorate");
    let found = Command::new("find")
        .arg(state)
        .args(["-name", "inbox"])
        .output()
        .unwrap();
    let inbox = String::from_utf8(found.stdout).unwrap();
    for number in 0..10_000 {
        let name = format!("{number:016x}.submission");
        std::fs::write(Path::new(inbox.trim()).join(name), text).unwrap();
    }
    team.run("anna", &["status"]).exits(0);
    let late = team.submission("ben", &id);
    team.run("anna", &["submit", late.to_str().unwrap()])
        .exits(1)
        .says("submissions lie here already")
        .says("nothing was stored");
    let done = team.performs(&id, &[&late]);
    done.exits(0).says("9995 more can't be opened");
    assert!(done.noted.lines().count() < 20, "{}", done.noted);
    team.verifies();
}

#[test]
fn a_clock_that_is_wrong_is_noticed_and_never_moves_anything() {
    let team = Team::in_service(2);
    let id = team.opens();
    let now = team.now();
    // A year ahead: the request has closed and the key has expired, for this machine alone.
    let ahead = Team::copy_at(&team, now.plus_days(365));
    ahead.as_holder("ben", &["approve", &id]).exits(3);
    ahead
        .run("ben", &["status"])
        .exits(0)
        .says("ENDED: EXPIRED");
    // Half a day behind is nothing; two days behind, everything comes from the future.
    let earlier = |seconds: u64| {
        let at = std::time::SystemTime::from(now) - std::time::Duration::from_secs(seconds);
        Team::copy_at(&team, at.into())
    };
    let half = earlier(12 * 3600);
    half.approves("ben", &id).exits(0);
    let behind = earlier(2 * 86_400);
    behind
        .as_holder("ben", &["approve", &id])
        .exits(1)
        .says("ahead of this clock");
    assert_eq!(
        behind.snapshot().len(),
        team.snapshot().len(),
        "nothing was written"
    );
}
