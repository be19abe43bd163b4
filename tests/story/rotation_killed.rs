//! `rotate` killed at any write of any of its steps, and typed again: it comes to the same end, with one
//! successor, and with all evidence that was there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quorate::world::RealFiles;
use quorate::world::doubles::{FaultyFiles, ScriptedTerminal};

use super::rotated::{answered, larch, receipts, successor, with_a_calendar};
use super::team::{Done, Team};

pub fn two() -> Team {
    with_a_calendar(Team::of(&["anna", "ben"], 2))
}

/// At a terminal, where anna says that the fingerprint is the right one if she is asked.
fn rotate(team: &Team) -> Done {
    let terminal = ScriptedTerminal::new();
    terminal.answer("yes");
    let identity = team.identity("anna");
    let typed = ["rotate", "--final", "-i", identity.to_str().unwrap()];
    team.run_with("anna", &typed, &RealFiles::default(), &terminal)
}

/// A copy in which nobody's memory leads to the original.
pub fn copy(team: &Team) -> Team {
    let copy = team.copy();
    let (from, to) = (team.path(""), copy.path(""));
    for file in below(&copy.home("anna").join(".local/state/quorate")) {
        if file.ends_with("rotation.toml") {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.replace(from.to_str().unwrap(), to.to_str().unwrap());
            std::fs::write(&file, text).unwrap();
        }
    }
    let key = copy.fingerprint();
    copy.run("anna", &["status", "--as", "anna", "--key", &key])
        .exits(0);
    copy
}

/// All files below a folder.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in folder.read_dir().into_iter().flatten() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(below(&path)),
            false => all.push(path),
        }
    }
    all
}

/// What may never be lost again, once its name is there.
fn evidence(team: &Team) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for vault in vaults(team) {
        let mut files = vec![vault.join("vault.toml")];
        for folder in [
            "receipts",
            "requests",
            "approvals",
            "results",
            "minutes",
            "succession",
        ] {
            files.extend(below(&vault.join(folder)));
        }
        files.retain(|file| !file.to_str().unwrap().contains(".quorate-tmp-"));
        // Minutes without a result are of a session that was killed; the next one writes them anew.
        files.retain(|file| {
            let result = vault.join("results").join(file.file_name().unwrap());
            file.extension().is_none_or(|form| form != "minutes")
                || result.with_extension("result").exists()
        });
        let read = |file: PathBuf| (file.clone(), std::fs::read(file).unwrap());
        all.extend(files.into_iter().map(read));
    }
    all
}

/// The folders with a vault, made or beside the first.
pub fn vaults(team: &Team) -> Vec<PathBuf> {
    let entries = team.path("").read_dir().unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    folders
        .filter(|folder| folder.join("vault.toml").exists())
        .collect()
}

/// The team goes on until the old key vouches for the new one.
fn goes_on_to_the_end(team: &Team) {
    let before = evidence(team);
    let mut ended = false;
    for _ in 0..12 {
        let done = rotate(team);
        let said = format!("{}{}", done.said, done.noted);
        match done.code {
            0 if said.contains("the old key vouches for the new one") => {
                ended = true;
                break;
            }
            0 => (),
            3 if said.contains("receipts of the new key are missing") => receipts(team),
            3 if said.contains("waits for approvals") => {
                let at = said.find(" waits for approvals").unwrap();
                let id = said[at - 7..at].to_owned();
                answered(team, "ben", &id);
            }
            code => panic!("{code}: {said}"),
        }
    }
    assert!(ended, "it goes round in a circle");
    for (file, bytes) in before {
        let there = std::fs::read(&file).ok();
        assert!(there.as_ref() == Some(&bytes), "lost: {}", file.display());
    }
    is_at_the_end(team);
}

#[track_caller]
fn has_one_successor(team: &Team) {
    let vaults = vaults(team);
    assert_eq!(vaults.len(), 2, "{vaults:?}");
    let new = vaults
        .iter()
        .find(|folder| **folder != team.vault())
        .unwrap();
    let manifest = std::fs::read_to_string(new.join("vault.toml")).unwrap();
    let line = manifest.lines().find(|l| l.starts_with("fingerprint"));
    let key = line.unwrap().split('"').nth(1).unwrap();
    let verify = ["verify", "--key", key, "--vault", new.to_str().unwrap()];
    team.run("eve", &verify).exits(0).says("GENUINE");
}

#[track_caller]
pub fn nothing_is_unfinished(team: &Team) {
    for folder in vaults(team) {
        let mut files = below(&folder);
        files.retain(|file| file.to_str().unwrap().contains(".quorate-tmp-"));
        assert!(files.is_empty(), "{files:?}");
    }
}

fn is_at_the_end(team: &Team) {
    has_one_successor(team);
    nothing_is_unfinished(team);
    team.verifies();
    let new = successor(team);
    let out = team.vault().join("out");
    for key in [team.fingerprint(), new] {
        assert!(out.join(format!("0x{}.asc", key.to_lowercase())).exists());
    }
    let announcement = std::fs::read_to_string(out.join("announcement.asc")).unwrap();
    assert!(announcement.contains("Larch Cycle"));
    team.holds_no_secret();
    // Of the request that was carried out, nothing secret is left on anna's machine.
    let results = below(&team.vault().join("results"));
    assert_eq!(results.len(), 1);
    let id = results[0].file_stem().unwrap().to_str().unwrap().to_owned();
    for file in below(&team.home("anna").join(".local/state/quorate")) {
        let path = file.to_str().unwrap();
        assert!(
            !path.contains(&format!("/requests/{id}")) || path.contains("/targets/"),
            "left: {path}"
        );
    }
}

/// Types `rotate` on copies of the team, killed at each operation in turn; then each goes on.
pub fn killed_everywhere(team: &Team, more: &[&str], goes_on: impl Fn(&Team)) {
    for n in 1.. {
        assert!(n < 500, "it never ends");
        let copy = copy(team);
        // Half of what is written arrives; nothing of it is what the kill before it has left.
        let files = FaultyFiles::stopping_half_written_at(RealFiles::default(), n);
        let identity = copy.identity("anna");
        let typed = ["rotate", "--final", "-i", identity.to_str().unwrap()];
        let typed = [&typed, more].concat();
        let done = copy.run_with("anna", &typed, &files, &ScriptedTerminal::new());
        let stopped = files.is_stopped();
        match stopped {
            true => assert_ne!(done.code, 0, "stopped at {n}: {}", done.said),
            false => {
                done.exits(0);
            }
        }
        goes_on(&copy);
        if !stopped {
            break;
        }
    }
}

#[test]
fn the_first_step_killed_at_any_write_makes_one_successor() {
    let team = two();
    killed_everywhere(&team, &["--successor", "../elsewhere"], |copy| {
        // It goes on where it was begun, without being told again.
        let before = vaults(copy);
        let mut done = rotate(copy);
        if before.len() == 1 {
            done.exits(0).says("made");
            done = rotate(copy);
        }
        done.exits(3).says("receipts of the new key are missing");
        has_one_successor(copy);
        nothing_is_unfinished(copy);
    });
    // As long as it is to be used, here and under any other name.
    rotate(&team).exits(0).says("made");
    let arguments = ["rotate", "--final", "--successor", "../another"];
    team.run("anna", &arguments).exits(2).says("made already");
    std::fs::rename(larch(&team), team.path("moved")).unwrap();
    rotate(&team).exits(2).says("any more");
    let arguments = ["rotate", "--successor", "../moved"];
    team.run("anna", &arguments).exits(3).says("receipts");
    rotate(&team).exits(3).says("receipts");
}

#[test]
fn asking_killed_at_any_write_is_taken_up_again() {
    let team = two();
    rotate(&team).exits(0).says("made");
    receipts(&team);
    killed_everywhere(&team, &[], goes_on_to_the_end);
}

#[test]
fn carrying_out_killed_at_any_write_comes_to_the_same_end() {
    let team = two();
    rotate(&team).exits(0).says("made");
    receipts(&team);
    let id = rotate(&team).exits(0).request();
    answered(&team, "ben", &id);
    killed_everywhere(&team, &[], goes_on_to_the_end);
}

#[test]
fn the_last_step_killed_at_any_write_can_be_said_again() {
    let team = two();
    goes_on_to_the_end(&team);
    killed_everywhere(&team, &[], goes_on_to_the_end);
}
