//! `quorate approve … --out - | ssh host quorate submit`, through a real sshd of the test's own.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::team::Team;

/// A server on loopback, which ends with the test.
struct Sshd {
    server: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn keygen(file: &Path) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(file)
        .status();
    assert!(made.unwrap().success());
}

impl Sshd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        keygen(&path("host"));
        keygen(&path("user"));
        std::fs::copy(path("user.pub"), path("authorized")).unwrap();
        // Where root runs it, it wants this empty folder of the system's.
        let _ = std::fs::create_dir("/run/sshd");
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\n",
            path("host").display(),
            path("authorized").display(),
        );
        std::fs::write(path("config"), config).unwrap();
        let server = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(path("config"))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sshd = Self {
            server,
            port,
            folder,
        };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return sshd;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("sshd doesn't listen");
    }

    /// Types a command on the other side, with this on its input.
    fn run(&self, command: &str, input: &[u8]) -> Output {
        let mut ssh = Command::new("ssh")
            .args([
                "-F",
                "none",
                "-o",
                "BatchMode=yes",
                "-o",
                "IdentitiesOnly=yes",
            ])
            .args([
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
            ])
            .args(["-o", "LogLevel=ERROR", "-p", &self.port.to_string(), "-i"])
            .arg(self.folder.path().join("user"))
            .args(["127.0.0.1", command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that refuses early doesn't read to the end.
        let _ = ssh.stdin.take().unwrap().write_all(input);
        ssh.wait_with_output().unwrap()
    }
}

#[test]
fn an_answer_goes_over_ssh_and_one_that_was_cut_is_not_stored() {
    let sshd = Sshd::start();
    let team = Team::in_service(2);
    let id = team.opens();
    let words = team.words(&id);
    let approve = [
        "approve", &id, "--way", "voice", "--words", &words, "--out", "-",
    ];
    let answer = team.as_holder("ben", &approve).exits(0).said.clone();
    let submit = format!(
        "cd '{}' && HOME='{}' '{}' submit",
        team.vault().display(),
        team.home("anna").display(),
        env!("CARGO_BIN_EXE_quorate"),
    );
    for cut in [0, 1, 300, answer.len() - 40] {
        let refused = sshd.run(&submit, &answer.as_bytes()[..cut]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(4), "{cut}: {said}");
        assert!(said.contains("holds no whole submission"), "{said}");
    }
    team.run("anna", &["perform", &id])
        .exits(3)
        .says("1 of 2 true shares");
    let stored = sshd.run(&submit, answer.as_bytes());
    let said = String::from_utf8_lossy(&stored.stdout).into_owned();
    assert!(
        stored.status.success(),
        "{}",
        String::from_utf8_lossy(&stored.stderr)
    );
    assert!(said.contains(&format!("stored for {id}")), "{said}");
    team.run("anna", &["perform", &id]).exits(0);
    team.verifies();
}
