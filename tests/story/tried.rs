//! Tried with too few, too late, or refused by the session: nothing is signed, and that it was tried is told by a record
//! of its own.

use super::drilled::opened;
use super::team::Team;
use quorate::ceremony::asked::REQUEST;
use quorate::ceremony::attempt::{Attempt, Ending};
use quorate::roster::name::Name;
use quorate::vault::manifest::SignedManifest;
use std::path::PathBuf;

impl Team {
    /// The records of what was tried in vain.
    pub fn attempts(&self, folder: &str) -> Vec<PathBuf> {
        let folder = self.vault().join(folder);
        let all = folder.read_dir().into_iter().flatten();
        let mut all: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
        all.retain(|file| file.extension().is_some_and(|end| end == "attempt"));
        all.sort();
        all
    }

    fn attempt(&self) -> Attempt {
        let all = self.attempts("minutes");
        assert_eq!(all.len(), 1, "{all:?}");
        let file = std::fs::read(&all[0]).unwrap();
        let manifest = std::fs::read(self.vault().join("vault.toml")).unwrap();
        let manifest = SignedManifest::read_unpinned(&manifest).unwrap();
        Attempt::read(&file, &REQUEST, manifest.manifest())
            .unwrap()
            .0
    }
}

#[test]
fn too_few_release_nothing_and_the_attempt_is_recorded_once() {
    let team = Team::in_service(3);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let ben = team.submission("ben", &id);
    team.performs(&id, &[&ben])
        .exits(3)
        .says("2 of 3 true shares")
        .says("nothing was signed")
        .says("recorded   minutes/")
        .says("git add minutes");
    assert!(!team.vault().join("results").exists());
    let attempt = team.attempt();
    assert_eq!(attempt.ending, Ending::TooFew);
    let names: Vec<&str> = attempt.counted.iter().map(Name::as_str).collect();
    assert_eq!(names, ["ben", "anna"]);
    // The very same submissions again say nothing new, an hour later neither.
    let before = team.snapshot();
    team.performs(&id, &[&ben]).exits(3);
    team.days_pass(1);
    team.performs(&id, &[&ben]).exits(3);
    assert!(before == team.snapshot());
    // Fewer of them do.
    team.performs(&id, &[]).exits(3).says("1 of 3 true shares");
    assert_eq!(team.attempts("minutes").len(), 2);
    let shown = team.run("anna", &["show", &id]);
    shown.exits(0).says(": quorum not reached; true: ben, anna");
    team.run("anna", &["status"])
        .exits(0)
        .says("tried          20")
        .says("for those who haven't answered: quorate status --remind");
    team.verifies()
        .says("tried 20")
        .says("2 attempts")
        .says("quorum not reached; true: anna");
    // It stands in nobody's way, and stays.
    team.approves("cleo", &id).exits(0);
    let cleo = team.submission("cleo", &id);
    team.performs(&id, &[&ben, &cleo]).exits(0);
    team.verifies().says("2 attempts");
    let minutes = team.vault().join(format!("minutes/{id}.minutes"));
    let minutes = std::fs::read_to_string(minutes).unwrap();
    let heads = minutes.lines().find(|line| line.starts_with("heads: "));
    // The second names the first, the minutes name the second.
    assert_eq!(heads.unwrap().len(), "heads: ".len() + 64);
    team.holds_no_secret();
}

#[test]
fn a_revocation_by_one_releases_nothing_and_is_told_too() {
    let team = Team::in_service(3);
    let digits = team.fingerprint()[..4].to_owned();
    let opened = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = opened.exits(0).request();
    team.performs(&id, &[])
        .exits(3)
        .says("1 of 2 true shares")
        .says("recorded   minutes/");
    assert_eq!(team.attempt().ending, Ending::TooFew);
    team.run("anna", &["status"]).exits(0).says("IN SERVICE");
    team.verifies().says("quorum not reached; true: anna");
}

#[test]
fn junk_alone_is_no_attempt_and_beside_shares_it_is_counted() {
    let team = Team::in_service(3);
    let id = team.opens();
    let junk = team.path("junk.submission");
    std::fs::write(&junk, "nothing").unwrap();
    // Without the own answer there is no share at all.
    let state = team.home("anna").join(".local/state/quorate");
    let find = std::process::Command::new("find")
        .arg(&state)
        .args(["-name", "anna.submission"])
        .output();
    let own = String::from_utf8(find.unwrap().stdout).unwrap();
    let own = PathBuf::from(own.trim());
    let kept = std::fs::read(&own).unwrap();
    std::fs::remove_file(&own).unwrap();
    team.performs(&id, &[&junk]).exits(3);
    assert!(team.attempts("minutes").is_empty());
    std::fs::write(&own, kept).unwrap();
    team.performs(&id, &[&junk]).exits(3);
    let attempt = team.attempt();
    assert_eq!((attempt.submissions, attempt.unopened), (2, 1));
    team.verifies().says("true: anna; 1 not opened");
}

#[test]
fn a_request_that_has_closed_is_told_once_without_a_session() {
    let team = Team::in_service(3);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let ben = team.submission("ben", &id);
    team.days_pass(8);
    let identity = team.identity("anna");
    let perform = ["perform", &id, ben.to_str().unwrap()];
    let with_key = [&perform[..], &["-i", identity.to_str().unwrap()]].concat();
    team.run("anna", &with_key)
        .exits(3)
        .says("approved by then: anna, ben")
        .says("recorded   minutes/");
    let attempt = team.attempt();
    assert_eq!((attempt.ending, attempt.session), (Ending::Expired, None));
    assert_eq!(attempt.submissions, 2);
    let before = team.snapshot();
    team.run("anna", &with_key).exits(3);
    assert!(before == team.snapshot());
    team.verifies().says("it had closed, nothing was opened");
    // Who withdrew it has told enough.
    let other = team.opens();
    let because = ["withdraw", &other, "--because", "a new one follows"];
    team.as_holder("anna", &because).exits(0);
    team.days_pass(8);
    team.performs(&other, &[]);
    assert_eq!(team.attempts("minutes").len(), 1);
}

#[test]
fn a_forged_attempt_is_named_a_copied_one_stops_nothing_and_neither_counts() {
    let team = Team::in_service(3);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.approves("cleo", &id).exits(0);
    let (ben, cleo) = (team.submission("ben", &id), team.submission("cleo", &id));
    team.performs(&id, &[&ben]).exits(3);
    let true_one = team.attempt();
    let file = team.attempts("minutes").remove(0);
    let bytes = std::fs::read(&file).unwrap();
    let key = team.fingerprint();

    // A copy under another name counts once.
    let copied = team.vault().join("minutes/copy.attempt");
    std::fs::copy(&file, &copied).unwrap();
    let told = team.verifies();
    assert_eq!(told.said.matches("tried 20").count(), 1, "{}", told.said);
    std::fs::remove_file(&copied).unwrap();

    let anna = opened(&team, "anna", "master").holder_key;
    let ben_key = opened(&team, "ben", "master").holder_key;
    let with = |change: &dyn Fn(&mut Attempt)| {
        let mut attempt = true_one.clone();
        change(&mut attempt);
        attempt
    };
    let name = |name: &str| Name::parse(name).unwrap();
    let altered = String::from_utf8(bytes.clone()).unwrap();
    let mut bad = vec![
        altered
            .replacen("counted: ben anna", "counted: dan anna", 1)
            .into_bytes(),
        altered
            .split("-----BEGIN")
            .next()
            .unwrap()
            .as_bytes()
            .to_vec(),
        bytes[..bytes.len() / 2].to_vec(),
        b"\xff\xfe".to_vec(),
        Vec::new(),
        b"quorate attempt 2\n".to_vec(),
        true_one.sign(&REQUEST, &ben_key).unwrap(),
    ];
    // By the opener herself, who tells what can't be.
    for lie in [
        with(&|one| one.counted = vec![name("anna"), name("ben"), name("cleo")]),
        with(&|one| one.counted = vec![name("anna"), name("anna")]),
        with(&|one| one.counted = vec![name("mallory")]),
        with(&|one| one.submissions = 1),
        with(&|one| one.session = None),
        with(&|one| one.ending = Ending::Expired),
        with(&|one| one.tried = team.now().plus_days(9)),
        with(&|one| one.tried = team.now().plus_days(2)),
    ] {
        bad.push(lie.sign(&REQUEST, &anna).unwrap());
    }
    // By another holder, of what only the opener can try.
    let other = with(&|one| one.operator = name("ben"));
    bad.push(other.sign(&REQUEST, &ben_key).unwrap());
    let forged = team.vault().join("minutes/forged.attempt");
    for bad in bad {
        std::fs::write(&forged, &bad).unwrap();
        let text = String::from_utf8_lossy(&bad).into_owned();
        let done = team.run("eve", &["verify", "--key", &key]);
        assert_eq!(done.code, 4, "{text}{}", done.said);
        done.says("minutes/forged.attempt");
        assert_eq!(done.said.matches("tried 20").count(), 1, "{text}");
        let shown = team.run("anna", &["show", &id]);
        assert_eq!(shown.exits(0).said.matches("tried ").count(), 1);
    }
    team.performs(&id, &[&ben, &cleo]).exits(0);
    team.run("eve", &["verify", "--key", &key]).exits(4);
    std::fs::remove_file(&forged).unwrap();
    team.verifies();
    // A quorum that the session refused for another reason is told with its word.
    let refused = with(&|one| {
        one.ending = Ending::Refused("no-such-revocation".into());
        one.counted = vec![name("anna"), name("ben"), name("cleo")];
        one.submissions = 3;
    });
    std::fs::write(&forged, refused.sign(&REQUEST, &anna).unwrap()).unwrap();
    team.verifies()
        .says("refused by the session (no-such-revocation); true: anna, ben, cleo");
    std::fs::remove_file(&forged).unwrap();
    // Alone, too, and by the stock program.
    let relative = format!("minutes/{}", file.file_name().unwrap().to_str().unwrap());
    team.run("anna", &["verify", &relative])
        .exits(0)
        .says(&format!("attempt at {id} by anna"));
    let signers = team.run("anna", &["verify", "--allowed-signers"]);
    std::fs::write(team.path("signers"), signers.exits(0).said.as_bytes()).unwrap();
    for (space, good) in [
        ("attempt", true),
        ("minutes", false),
        ("drill-attempt", false),
    ] {
        let line = format!(
            "sed -n '/^-----BEGIN SSH SIGNATURE/,$p' {relative} >../sig; \
             sed '/^-----BEGIN SSH SIGNATURE/,$d' {relative} | \
             ssh-keygen -Y verify -f ../signers -I anna -n {space}@quorate -s ../sig"
        );
        let mut shell = std::process::Command::new("bash");
        let output = shell.args(["-c", &line]).current_dir(team.vault()).output();
        assert_eq!(output.unwrap().status.success(), good, "{space}");
    }
}

#[test]
fn an_attempt_of_another_vault_or_of_a_drill_is_none_here() {
    let team = Team::in_service(3);
    let id = team.opens();
    team.performs(&id, &[]).exits(3);
    let drill = team.opens_a_drill("master");
    let perform = ["drill", "perform", &drill];
    team.run("anna", &perform)
        .exits(3)
        .says("recorded   drills/");
    let before = team.snapshot();
    team.run("anna", &perform).exits(3);
    assert!(before == team.snapshot());
    team.run("anna", &["drill", "list"])
        .exits(0)
        .says("tried 20");
    team.verifies().says("1 attempt").says("1 drill attempt");

    let key = team.fingerprint();
    let other = Team::in_service(3);
    let foreign = other.opens();
    other.performs(&foreign, &[]).exits(3);
    for from in [
        other.attempts("minutes").remove(0),
        team.attempts("drills").remove(0),
    ] {
        let there = team.vault().join("minutes/0000000-00000000.attempt");
        std::fs::copy(from, &there).unwrap();
        team.run("eve", &["verify", "--key", &key])
            .exits(4)
            .says("0000000-00000000.attempt");
        std::fs::remove_file(there).unwrap();
    }
}
