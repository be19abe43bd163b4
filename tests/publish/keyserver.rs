//! `publish keyserver` with a real keyserver, onak, and with some that fail in the ways they do.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quorate::world::gpg::keyserver::{KeyserverError, Throwaway};
use quorate::world::{Environment, OsRandom, RealFiles, RealPrograms};

use super::home::{Home, REAL};

const YOGA: &str = "0x01527a34f0d0080f8a5db8d6eb6c5df21b4b6363.txt";

/// A server on loopback; it ends with its input.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start(mode: &[&str]) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/publish/keyserver.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut port).unwrap();
        assert!(!port.is_empty(), "the server didn't start");
        Self {
            child,
            port: port.trim().to_owned(),
        }
    }

    fn url(&self) -> String {
        format!("hkp://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn yoga(home: &Home) {
    let page = std::fs::read(format!("{REAL}/{YOGA}")).unwrap();
    home.write("yoga.asc", page);
}

#[test]
fn what_is_sent_to_a_real_keyserver_arrives_whole() {
    let home = Home::new();
    yoga(&home);
    std::fs::create_dir(home.path("onak")).unwrap();
    let server = Server::start(&["onak", home.path("onak").to_str().unwrap()]);
    home.sh(&format!(
        "quorate publish keyserver {} yoga.asc",
        server.url()
    ))
    .exits(0)
    .says("arrived    whole")
    .says("3 certifications by others");
    // The user's own keyring isn't touched, and gpg's own default loses what was kept.
    assert_eq!(home.sh("gpg --list-keys | wc -l").said.trim(), "0");
    let key = "01527A34F0D0080F8A5DB8D6EB6C5DF21B4B6363";
    home.sh(&format!(
        "gpg -q --batch --keyserver {} --recv-keys {key} && gpg --with-colons --list-sigs {key} | grep -c '^sig.*:10x'",
        server.url()
    ))
    .says("0\n");
}

#[test]
fn what_a_server_strips_is_named_and_the_step_stays_open() {
    let home = Home::new();
    yoga(&home);
    home.sh("gpg -q --batch --import-options import-minimal --import yoga.asc; gpg --export >minimal.pgp")
        .exits(0);
    let server = Server::start(&["answers", home.path("minimal.pgp").to_str().unwrap()]);
    home.sh(&format!(
        "quorate publish keyserver {} yoga.asc",
        server.url()
    ))
    .exits(1)
    .says("doesn't give back everything")
    .says("certifications missing: 1 by 4C29FF0E437F3351FD82BDF47C5A3BC787DC7035")
    .says("in all 3 of 3");
}

#[test]
fn a_server_that_lies_or_gives_no_user_id_or_nonsense_is_named() {
    let home = Home::new();
    yoga(&home);
    let run = |server: &Server| {
        home.sh(&format!(
            "quorate publish keyserver {} yoga.asc",
            server.url()
        ))
    };
    let xena = format!("{REAL}/0x4c29ff0e437f3351fd82bdf47c5a3bc787dc7035.txt");
    let liar = Server::start(&["answers", &xena]);
    run(&liar).exits(1).says("ANOTHER KEY").says("stays open");
    // As a server that publishes addresses only when they were confirmed.
    home.sh("gpg --dearmor <yoga.asc >yoga.pgp").exits(0);
    let whole = std::fs::read(home.path("yoga.pgp")).unwrap();
    home.write("bare.pgp", &whole[..53]);
    let bare = Server::start(&["answers", home.path("bare.pgp").to_str().unwrap()]);
    run(&bare)
        .exits(1)
        .says("without a user ID")
        .says("mailbox");
    home.write("empty", "");
    let empty = Server::start(&["answers", home.path("empty").to_str().unwrap()]);
    run(&empty).exits(1).says("gives back no certificate");
    let huge = Server::start(&["huge"]);
    run(&huge).exits(1).says("gives back no certificate");
}

#[test]
fn a_server_that_is_down_is_named_and_so_is_what_is_no_address() {
    let home = Home::new();
    yoga(&home);
    // The port of a server that has just ended.
    let url = Server::start(&["slow"]).url();
    home.sh(&format!("quorate publish keyserver {url} yoga.asc"))
        .exits(1)
        .says("gpg could not send to")
        .says("stays open");
    home.sh("quorate publish keyserver ftp://example.org yoga.asc")
        .exits(2)
        .says("is no keyserver");
    home.sh("quorate publish keyserver hkp://localhost:1")
        .exits(2);
    let key = home.key("Own", &Home::today(), "ed25519", 30);
    home.sh(&format!(
        "gpg -q --batch --export-secret-keys {key} >secret.pgp"
    ))
    .exits(0);
    home.sh("quorate publish keyserver hkp://localhost:1 secret.pgp")
        .exits(2)
        .says("holds a secret key");
}

#[test]
fn a_first_time_user_can_publish_and_one_whose_server_was_down_can_try_again() {
    let home = Home::new();
    yoga(&home);
    std::fs::create_dir(home.path("onak")).unwrap();
    home.sh("rmdir .gnupg").exits(0);
    let server = Server::start(&["onak", home.path("onak").to_str().unwrap()]);
    let line = format!("quorate publish keyserver {} yoga.asc", server.url());
    home.sh(&line).exits(0).says("arrived    whole");
    let gone = Server::start(&["slow"]).url();
    home.sh(&format!("quorate publish keyserver {gone} yoga.asc"))
        .exits(1)
        .says("gpgconf --kill dirmngr; then again");
    // dirmngr takes the whole machine for dead, the port that works, too.
    home.sh("gpgconf --kill dirmngr").exits(0);
    home.sh(&line).exits(0).says("arrived    whole");
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let home = Home::new();
    let server = Server::start(&["slow"]);
    let path = ("PATH".into(), std::env::var_os("PATH").unwrap());
    let own = ("HOME".into(), home.path("").into_os_string());
    let programs = RealPrograms::new(Environment::from([path, own]));
    let files = RealFiles::default();
    let keyring = Throwaway::new(&programs, &files, &OsRandom)
        .unwrap()
        .with_patience(Duration::from_secs(3));
    let page = std::fs::read(Path::new(REAL).join(YOGA)).unwrap();
    keyring.import(&page).unwrap();
    let key = "01527A34F0D0080F8A5DB8D6EB6C5DF21B4B6363";
    let given_up = keyring.receive(&server.url(), key);
    assert!(
        matches!(given_up, Err(KeyserverError::Slow)),
        "{given_up:?}"
    );
    // And it is usable afterwards.
    assert!(keyring.listing(key).unwrap().contains("Yoga Cycle"));
    let folder = keyring.folder().to_owned();
    drop(keyring);
    assert!(!folder.exists());
}
