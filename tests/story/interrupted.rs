//! Killed between any two writes, a full disk, two at once: the vault is old or new, and the next
//! command goes on.

use std::os::unix::fs::PermissionsExt;

use super::changed::offer;
use super::team::Team;
use quorate::world::doubles::{FaultyFiles, ScriptedTerminal};
use quorate::world::{Fault, Files as _, RealFiles};

/// Runs `arguments` as `who` on copies of `team`, stopped at each operation in turn, and then lets
/// `go_on` show that the copy can be used.
fn killed_everywhere(team: &Team, who: &str, arguments: &[&str], go_on: impl Fn(&Team)) {
    killed_everywhere_typing(team, who, arguments, &[], go_on);
}

/// The same, with answers typed at the terminal.
fn killed_everywhere_typing(
    team: &Team,
    who: &str,
    arguments: &[&str],
    answers: &[&str],
    go_on: impl Fn(&Team),
) {
    killed_everywhere_exiting(team, who, arguments, answers, 0, go_on);
}

/// The same of a command that exits so when nobody stops it.
fn killed_everywhere_exiting(
    team: &Team,
    who: &str,
    arguments: &[&str],
    answers: &[&str],
    code: u8,
    go_on: impl Fn(&Team),
) {
    for half in [false, true] {
        for n in 1.. {
            assert!(n < 500, "it never ends");
            let copy = team.copy();
            let pin = ["status", "--as", who, "--key", &copy.fingerprint_or_none()];
            if copy.vault().join("vault.toml").exists() {
                copy.run(who, &pin).exits(0);
            }
            let translate = |text: &&str| {
                text.replace(
                    team.path("").to_str().unwrap(),
                    copy.path("").to_str().unwrap(),
                )
            };
            let terminal = ScriptedTerminal::new();
            for answer in answers.iter().map(translate) {
                terminal.answer(&answer);
            }
            let translated: Vec<String> = arguments.iter().map(translate).collect();
            let translated: Vec<&str> = translated.iter().map(String::as_str).collect();
            let real = RealFiles::default();
            let files = if half {
                FaultyFiles::stopping_half_written_at(real, n)
            } else {
                FaultyFiles::stopping_at(real, n)
            };
            let done = copy.run_with(who, &translated, &files, &terminal);
            copy.holds_no_secret();
            let stopped = files.is_stopped();
            if stopped {
                assert_ne!(done.code, 0, "stopped at {n}, and yet: {}", done.said);
            } else {
                done.exits(code);
            }
            go_on(&copy);
            copy.holds_no_secret();
            if !stopped {
                break;
            }
        }
    }
}

impl Team {
    fn fingerprint_or_none(&self) -> String {
        if self.vault().join("vault.toml").exists() {
            self.fingerprint()
        } else {
            String::new()
        }
    }
}

#[test]
fn create_killed_at_any_write_can_be_run_again() {
    let team = Team::of(&["anna", "ben"], 2);
    killed_everywhere(&team, "anna", &["create", "--as", "anna"], |copy| {
        // Either there is no vault yet, and it is made now, or it is whole.
        if !copy.vault().join("vault.toml").exists() {
            copy.run("anna", &["create", "--as", "anna"]).exits(0);
        }
        let key = copy.fingerprint();
        copy.run("anna", &["verify", "--key", &key])
            .exits(0)
            .says("GENUINE");
        copy.receipt("anna").exits(0);
        copy.receipt("ben").exits(0).says("the last receipt");
    });
}

fn two() -> Team {
    let team = Team::of(&["anna", "ben"], 2);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    team.receipt("anna").exits(0);
    team.receipt("ben").exits(0);
    team
}

#[test]
fn certify_killed_at_any_write_leaves_a_vault_that_works() {
    let team = two();
    let target = team.target("target.asc");
    let identity = team.identity("anna");
    let arguments = ["certify", &target, "-i", identity.to_str().unwrap()];
    killed_everywhere(&team, "anna", &arguments, |copy| {
        let id = copy.opens();
        copy.approves("ben", &id).exits(0);
        copy.performs(&id, &[&copy.submission("ben", &id)]).exits(0);
        let key = copy.fingerprint();
        copy.run("anna", &["verify", "--key", &key])
            .exits(0)
            .says("GENUINE");
    });
}

#[test]
fn a_table_killed_at_any_write_leaves_a_vault_that_works() {
    let team = two();
    let target = team.target("target.asc");
    let (anna, ben) = (team.identity("anna"), team.identity("ben"));
    let arguments = ["certify", &target, "--here", "-i", anna.to_str().unwrap()];
    let answers = ["ben", "yes", ben.to_str().unwrap(), "yes"];
    killed_everywhere_typing(&team, "anna", &arguments, &answers, |copy| {
        // What was left open can be ended, and what was done stays done.
        let requests = copy.vault().join("requests");
        let listed = requests
            .read_dir()
            .map(|all| all.map(|one| one.unwrap().file_name()));
        for name in listed.into_iter().flatten() {
            let name = name.into_string().unwrap();
            let Some(id) = name.strip_suffix(".request") else {
                continue;
            };
            if copy.vault().join(format!("results/{id}.result")).exists() {
                copy.run("anna", &["perform", id])
                    .exits(0)
                    .says("carried out already");
            } else {
                copy.run("anna", &["perform", id])
                    .exits(3)
                    .says("ended with its terminal");
                let because = ["withdraw", id, "--because", "killed"];
                copy.as_holder("anna", &because).exits(0);
            }
        }
        let id = copy.opens();
        copy.approves("ben", &id).exits(0);
        copy.performs(&id, &[&copy.submission("ben", &id)]).exits(0);
        copy.verifies();
    });
}

#[test]
fn approve_killed_at_any_write_can_be_run_again() {
    let team = two();
    let id = team.opens();
    let (words, identity) = (team.words(&id), team.identity("ben"));
    let arguments = [
        "approve",
        &id,
        "--way",
        "voice",
        "--words",
        &words,
        "-i",
        identity.to_str().unwrap(),
    ];
    killed_everywhere(&team, "ben", &arguments, |copy| {
        copy.run(
            "anna",
            &["status", "--as", "anna", "--key", &copy.fingerprint()],
        )
        .exits(0);
        copy.approves("ben", &id).exits(0);
        copy.performs(&id, &[&copy.submission("ben", &id)]).exits(0);
    });
}

#[test]
fn perform_killed_at_any_write_gives_the_same_result_when_run_again() {
    let team = two();
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let submission = team.submission("ben", &id);
    let arguments = ["perform", &id, submission.to_str().unwrap()];
    killed_everywhere(&team, "anna", &arguments, |copy| {
        let submission = copy.submission("ben", &id);
        copy.performs(&id, &[&submission]).exits(0);
        assert!(copy.vault().join("out/target.asc").exists());
        let key = copy.fingerprint();
        copy.run("anna", &["verify", "--key", &key])
            .exits(0)
            .says("1 signature");
        copy.run("anna", &["show", &id, "--words"]).exits(2);
    });
}

#[test]
fn perform_with_too_few_killed_at_any_write_is_told_once_and_stops_nothing() {
    let team = two();
    let request = team.opens();
    team.approves("ben", &request).exits(0);
    let drill = team.opens_a_drill("master");
    team.answers_the_drill("ben", &drill).exits(0);
    let perform_request = vec!["perform", &request];
    let perform_drill = vec!["drill", "perform", &drill];
    for (arguments, folder) in [(&perform_request, "minutes"), (&perform_drill, "drills")] {
        killed_everywhere_exiting(&team, "anna", arguments, &[], 3, |copy| {
            copy.verifies();
            copy.run("anna", arguments).exits(3);
            assert_eq!(copy.attempts(folder).len(), 1);
            copy.verifies().says("quorum not reached");
            let (ben, file) = (
                copy.submission("ben", &request),
                copy.drill_submission("ben", &drill),
            );
            copy.performs(&request, &[&ben]).exits(0);
            let again = ["drill", "perform", &drill, file.to_str().unwrap()];
            copy.run("anna", &again).exits(0);
            copy.verifies().says("quorum not reached");
        });
    }
}

#[test]
fn perform_of_a_subkeys_binding_killed_at_any_write_leaves_the_old_vault_or_the_new_one() {
    let team = two();
    let (file, fingerprint) = offer(&team, "a.offer");
    let opened = team.as_holder("anna", &["subkey", "bind", &file]);
    let id = opened.exits(0).request();
    team.approves("ben", &id).exits(0);
    let submission = team.submission("ben", &id);
    let arguments = ["perform", &id, submission.to_str().unwrap()];
    killed_everywhere(&team, "anna", &arguments, |copy| {
        let key = copy.fingerprint();
        let kept = ["compromised", "none"].map(|reason| {
            let file = format!("revocations/{fingerprint}.{reason}.age");
            copy.vault().join(file)
        });
        // The result counts, and comes last: with it everything that belongs to it is there.
        let result = copy.vault().join(format!("results/{id}.result"));
        let status = copy.run("anna", &["status"]);
        let bound = status.exits(0).said.contains("in service, bound");
        assert_eq!(bound, result.exists(), "{}", status.said);
        if bound {
            assert!(kept.iter().all(|file| file.exists()));
        }
        copy.run("anna", &["verify", "--key", &key])
            .exits(0)
            .says("GENUINE");

        copy.performs(&id, &[&copy.submission("ben", &id)]).exits(0);
        assert!(kept.iter().all(|file| file.exists()));
        let out = copy.vault().join("out");
        assert!(out.join(format!("bound-{fingerprint}.asc")).exists());
        copy.verifies();
    });
}

#[test]
fn a_drill_killed_at_any_write_is_done_when_run_again() {
    let team = two();
    let id = team.opens_a_drill("master");
    team.answers_the_drill("ben", &id).exits(0);
    let submission = team.drill_submission("ben", &id);
    let arguments = ["drill", "perform", &id, submission.to_str().unwrap()];
    killed_everywhere(&team, "anna", &arguments, |copy| {
        let again = copy.drill_submission("ben", &id);
        let again = ["drill", "perform", &id, again.to_str().unwrap()];
        copy.run("anna", &again).exits(0).says("with anna, ben");
        copy.verifies().says("1 drill minutes");
        copy.run("anna", &["drill", "show", &id, "--words"])
            .exits(2);
    });
}

#[test]
fn a_drill_at_one_keyboard_killed_at_any_write_leaves_one_that_can_be_ended() {
    let team = two();
    let (anna, ben) = (team.identity("anna"), team.identity("ben"));
    let arguments = ["drill", "open", "--here", "-i", anna.to_str().unwrap()];
    let answers = ["ben", "yes", ben.to_str().unwrap(), "yes"];
    killed_everywhere_typing(&team, "anna", &arguments, &answers, |copy| {
        let drills = copy.vault().join("drills");
        let listed = drills
            .read_dir()
            .map(|all| all.map(|one| one.unwrap().file_name()));
        for name in listed.into_iter().flatten() {
            let name = name.into_string().unwrap();
            let Some(id) = name.strip_suffix(".drill") else {
                continue;
            };
            if copy.vault().join(format!("drills/{id}.minutes")).exists() {
                copy.run("anna", &["drill", "perform", id])
                    .exits(0)
                    .says("carried out already");
            } else {
                copy.run("anna", &["drill", "perform", id])
                    .exits(3)
                    .says("ended with its terminal");
                let because = ["withdraw", id, "--because", "killed"];
                copy.as_holder("anna", &because).exits(0);
            }
        }
        let id = copy.opens_a_drill("master");
        copy.answers_the_drill("ben", &id).exits(0);
        let file = copy.drill_submission("ben", &id);
        let perform = ["drill", "perform", &id, file.to_str().unwrap()];
        copy.run("anna", &perform).exits(0);
        copy.verifies();
    });
}

#[test]
fn a_full_disk_or_a_read_only_folder_is_a_sentence_and_loses_nothing() {
    let team = two();
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    for fault in [Fault::Full, Fault::ReadOnly, Fault::Denied] {
        for n in 1.. {
            let copy = team.copy();
            copy.run(
                "anna",
                &["status", "--as", "anna", "--key", &copy.fingerprint()],
            )
            .exits(0);
            let submission = copy.submission("ben", &id);
            let arguments = ["perform", &id, submission.to_str().unwrap()];
            let files = FaultyFiles::failing_at(RealFiles::default(), n, fault.clone());
            let done = copy.run_with("anna", &arguments, &files, &ScriptedTerminal::new());
            if files.operations() < n {
                done.exits(0);
                break;
            }
            done.exits(1).says("quorate: error:");
            // The user's folder is named, not a file that nobody has ever seen.
            assert!(!done.noted.contains("quorate-tmp"), "{}", done.noted);
            if fault == Fault::Full && done.noted.contains("the disk is full") {
                done.says("make room there");
            }
            copy.performs(&id, &[&submission]).exits(0);
            let key = copy.fingerprint();
            copy.run("anna", &["verify", "--key", &key]).exits(0);
        }
    }
}

#[test]
fn two_commands_at_one_vault_do_not_mix() {
    let team = two();
    let files = RealFiles {
        lock_wait: std::time::Duration::from_millis(50),
    };
    let guard = files.lock(&team.vault().join(".quorate.lock")).unwrap();
    let before = team.snapshot();
    let identity = team.identity("ben");
    let arguments = ["share", "receipt", "-i", identity.to_str().unwrap()];
    let done = team.run_with("ben", &arguments, &files, &ScriptedTerminal::new());
    done.exits(1).says("another quorate is writing");
    assert!(before == team.snapshot());
    drop(guard);
    team.run_with("ben", &arguments, &files, &ScriptedTerminal::new())
        .exits(0);
}

#[test]
fn revoking_killed_at_any_write_leaves_a_vault_that_works() {
    let team = two();
    let digits = team.fingerprint()[..4].to_owned();
    let identity = team.identity("anna");
    let identity = identity.to_str().unwrap();
    let arguments = ["revoke", "key", "--confirm", &digits, "-i", identity];
    killed_everywhere(&team, "anna", &arguments, |copy| {
        let opened = copy.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
        let id = opened.exits(0).request();
        copy.approves("ben", &id).exits(0);
        copy.performs(&id, &[&copy.submission("ben", &id)]).exits(0);
    });
    let id = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = id.exits(0).request();
    team.approves("ben", &id).exits(0);
    let submission = team.submission("ben", &id);
    let arguments = ["perform", &id, submission.to_str().unwrap()];
    killed_everywhere(&team, "anna", &arguments, |copy| {
        let submission = copy.submission("ben", &id);
        copy.performs(&id, &[&submission]).exits(0).says("REVOKED");
        assert!(copy.vault().join("out/statement.txt").exists());
        copy.verifies();
    });
}

#[test]
fn of_two_creates_at_once_one_makes_the_vault_and_the_other_changes_nothing() {
    let team = Team::of(&["anna", "ben"], 2);
    let create = || {
        let done = team.run("anna", &["create", "--as", "anna"]);
        (done.code, done.said, done.noted)
    };
    let both = std::thread::scope(|scope| {
        [scope.spawn(create), scope.spawn(create)].map(|one| one.join().unwrap())
    });
    let mut codes = both.each_ref().map(|one| one.0);
    codes.sort_unstable();
    assert_eq!(codes, [0, 2], "{both:?}");
    // The one that says that it made a key says the one that lies there.
    let made = both.iter().find(|one| one.0 == 0).unwrap();
    assert!(made.1.replace(' ', "").contains(&team.fingerprint()));
    team.receipt("anna").exits(0);
    team.receipt("ben").exits(0).says("the last receipt");
}

#[test]
fn a_create_follows_no_link_out_of_the_vault() {
    let team = Team::of(&["anna", "ben"], 2);
    let elsewhere = team.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("anna.age"), "of another kind").unwrap();
    std::fs::create_dir(team.vault().join("sealed")).unwrap();
    for link in ["sealed/master.1", "sealed/revocation.1"] {
        let link = team.vault().join(link);
        std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
        let before = Team::all_below(&team.path("."));
        team.run("anna", &["create", "--as", "anna"])
            .exits(1)
            .says("is no folder");
        assert_eq!(Team::all_below(&team.path(".")), before);
        std::fs::remove_file(&link).unwrap();
    }
    team.run("anna", &["create", "--as", "anna"]).exits(0);
}

/// Hands on what the worker and the front end say to each other, up to the files that a dealing has made.
const UP_TO_THE_FILES: &str = r#"
import os, socket, struct, subprocess, sys, threading
front = socket.socket(fileno=0)
near, far = socket.socketpair()
worker = subprocess.Popen([sys.argv[1], "session-worker"], stdin=far)
far.close()
def down():
    while data := front.recv(65536):
        near.sendall(data)
threading.Thread(target=down, daemon=True).start()
def take(count):
    data = b""
    while len(data) < count:
        data += near.recv(count - len(data))
    front.sendall(data)
    return data
while True:
    tag, count = struct.unpack(">BI", take(5))
    for _ in range(count):
        take(struct.unpack(">Q", take(8))[0])
    if tag == 22:
        break
worker.kill()
worker.wait()
if sys.argv[2] == "refuses":
    front.sendall(struct.pack(">BI", 19, 0))
    os._exit(0)
os._exit(1)
"#;

#[test]
fn a_dealing_that_is_not_found_good_leaves_nothing_of_its_files() {
    let team = Team::of(&["anna", "ben"], 2);
    let proxy = team.path("proxy.py");
    std::fs::write(&proxy, UP_TO_THE_FILES).unwrap();
    let before = Team::all_below(&team.path("."));
    let ends = [
        ("refuses", "the worker's answer can't be read"),
        ("dies", "the worker ended early"),
    ];
    for (end, said) in ends {
        let worker = team.path("worker");
        let lines = format!(
            "#!/bin/sh\nexec python3 '{}' '{}' {end}\n",
            proxy.display(),
            env!("CARGO_BIN_EXE_quorate")
        );
        std::fs::write(&worker, lines).unwrap();
        std::fs::set_permissions(&worker, PermissionsExt::from_mode(0o755)).unwrap();
        team.run_by(&worker, "anna", &["create", "--as", "anna"])
            .exits(1)
            .says(said);
        std::fs::remove_file(&worker).unwrap();
        // Neither in the vault nor in what anna's machine remembers.
        let after = Team::all_below(&team.path("."));
        assert_eq!(after, before, "{end}");
    }
    team.run("anna", &["create", "--as", "anna"]).exits(0);
}
