//! Rotations that can't be, or not like that: what is said, and that nothing is made.

use std::time::{Duration, SystemTime};

use quorate::world::Timestamp;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::parse::Parse as _;

use super::rotated::{answered, asked, larch, receipts, rotate, successor, with_a_calendar};
use super::team::Team;

fn team() -> Team {
    with_a_calendar(Team::of(&["anna", "ben", "cleo"], 2))
}

/// The team's settings, changed, in the folder of the next key.
fn prepares(team: &Team, change: impl Fn(&str) -> String) {
    let folder = larch(team);
    std::fs::create_dir_all(folder.join("keys")).unwrap();
    for name in &team.names {
        let key = format!("keys/{name}.age");
        std::fs::copy(team.vault().join(&key), folder.join(&key)).unwrap();
    }
    let config = std::fs::read_to_string(team.vault().join("team.toml")).unwrap();
    std::fs::write(folder.join("team.toml"), change(&config)).unwrap();
}

fn is_made(team: &Team) -> bool {
    larch(team).join("vault.toml").exists()
}

#[test]
fn a_new_roster_that_cannot_meet_its_threshold_makes_nothing() {
    let team = team();
    for (from, to, what) in [
        ("master = 2", "master = 4", "master"),
        ("revocation = 2", "revocation = 3", "revocation"),
        ("master = 2", "master = 1", "master"),
        ("attest = \"none\"", "attest = 2", "attest"),
    ] {
        prepares(&team, |config| config.replace(from, to));
        rotate(&team).exits(2).says(what).says("nothing was made");
        assert!(!is_made(&team), "{to}");
    }
    // With a number that fits it goes on in that folder.
    prepares(&team, |config| config.replace("master = 2", "master = 3"));
    rotate(&team).exits(0).says("3 of 3 use it");
}

#[test]
fn who_leaves_approves_without_the_new_vault_and_needs_no_receipt() {
    let team = team();
    prepares(&team, |config| {
        let (kept, _) = config.split_once("[root.cleo]").unwrap();
        kept.to_owned()
    });
    rotate(&team).exits(0).says("2 of 2 use it");
    let (key, folder) = (successor(&team), larch(&team));
    for name in ["anna", "ben"] {
        let identity = team.identity(name);
        let [folder, identity] = [&folder, &identity].map(|path| path.to_str().unwrap());
        let typed = ["share", "receipt", "--as", name, "--key", &key];
        let typed = [&typed[..], &["-i", identity, "--vault", folder]].concat();
        team.run(name, &typed).exits(0);
    }
    let id = rotate(&team).exits(0).request();
    let approved = team.approves("cleo", &id);
    approved.exits(0).says("succeed");
    assert!(!approved.said.contains("a key that this machine knows"));
    let submission = team.submission("cleo", &id);
    team.run("anna", &["submit", submission.to_str().unwrap()])
        .exits(0);
    rotate(&team).exits(0).says("the old key vouches");
}

#[test]
fn a_key_whose_holders_are_asked_already_gets_no_other_successor() {
    let team = team();
    asked(&team);
    // Another root, whose clone has the request and not the new vault.
    let other = team.copy();
    std::fs::remove_dir_all(larch(&other)).unwrap();
    let ben = other.as_holder("ben", &["rotate", "--final"]);
    ben.exits(1).says("are asked about a successor already");
    assert!(!is_made(&other));
}

#[test]
fn a_successor_that_is_not_in_force_has_no_successor_of_its_own() {
    let team = team();
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let mallow = format!(
        "\"Mallow Cycle\" = {}\n[needed]",
        team.now().plus_days(350).day()
    );
    std::fs::write(&config, text.replace("[needed]", &mallow)).unwrap();
    rotate(&team).exits(0).says("made");
    let folder = larch(&team);
    let there = |team: &Team| {
        let identity = team.identity("anna");
        let [folder, identity] = [&folder, &identity].map(|path| path.to_str().unwrap());
        team.run(
            "anna",
            &["rotate", "--final", "--vault", folder, "-i", identity],
        )
    };
    there(&team).exits(3).says("waiting for receipts");
    receipts(&team);
    let id = rotate(&team).exits(0).request();
    answered(&team, "ben", &id);
    rotate(&team).exits(0).says("the old key vouches");
    there(&team).exits(0).says("Larch Cycle").says("mallow");
    let made = std::fs::read_to_string(team.path("mallow/vault.toml")).unwrap();
    // Whoever falsifies the first key's word is seen, and it isn't given out.
    let vouched = folder.join("succession/certified.asc");
    let good = std::fs::read(&vouched).unwrap();
    let verify = |code| {
        let (key, folder) = (successor(&team), folder.to_str().unwrap());
        team.run("eve", &["verify", "--key", &key, "--vault", folder])
            .exits(code);
    };
    verify(0);
    std::fs::copy(folder.join("succession/predecessor.asc"), &vouched).unwrap();
    verify(4);
    std::fs::write(&vouched, good).unwrap();
    verify(0);
    assert!(made.contains(&successor(&team)));
    // The first key's rotation is what it was.
    rotate(&team).exits(0).says("the old key vouches");
}

#[test]
fn an_old_key_that_ends_in_the_middle_says_what_is_still_possible() {
    let team = team();
    rotate(&team).exits(0).says("made");
    receipts(&team);
    let later = Team::copy_at(&team, team.now().plus_days(215));
    later
        .as_holder("anna", &["rotate", "--successor", "../larch"])
        .exits(1)
        .says("has expired")
        .says("quorate extend");
    let id = rotate(&team).exits(0).request();
    let digits = team.fingerprint()[..4].to_owned();
    let opened = team.as_holder("ben", &["revoke", "key", "--confirm", &digits]);
    let revocation = opened.exits(0).request();
    let words = team.run("ben", &["show", &revocation, "--words"]);
    let words = words.exits(0).said.replace('\n', " ");
    let approve = ["approve", &revocation, "--way", "voice", "--words", &words];
    team.as_holder("cleo", &approve).exits(0);
    let submission = team.submission("cleo", &revocation);
    let perform = ["perform", &revocation, submission.to_str().unwrap()];
    team.run("ben", &perform).exits(0).says("REVOKED");
    // The request about the successor is dead, and no other is opened.
    let words = team.words(&id);
    let approve = ["approve", &id, "--way", "voice", "--words", &words];
    team.as_holder("cleo", &approve)
        .exits(3)
        .says("another state of the key");
    let refused = rotate(&team);
    refused.exits(1).says("is revoked").says("attest");
    assert!(!team.vault().join("out/announcement.asc").exists());
}

#[test]
fn a_clock_before_a_keys_creation_makes_and_asks_nothing() {
    let team = team();
    let before = SystemTime::from(team.now()) - Duration::from_secs(30 * 86_400);
    let early = Team::copy_at(&team, Timestamp::from(before));
    early
        .as_holder("anna", &["rotate", "--final"])
        .exits(1)
        .says("clock");
    assert!(!is_made(&early));
    // The same between the two keys.
    rotate(&team).exits(0).says("made");
    receipts(&team);
    let id_before = std::fs::read_dir(team.vault().join("requests")).map_or(0, Iterator::count);
    let early = Team::copy_at(&team, Timestamp::from(before));
    early
        .as_holder("anna", &["rotate", "--successor", "../larch"])
        .exits(1)
        .says("clock");
    let after = std::fs::read_dir(early.vault().join("requests")).map_or(0, Iterator::count);
    assert_eq!(after, id_before);
}

#[test]
fn an_announcement_that_git_or_a_hand_has_changed_is_not_signed_again() {
    let team = team();
    rotate(&team).exits(0).says("made");
    receipts(&team);
    let file = larch(&team).join("succession/announcement.asc");
    let good = std::fs::read_to_string(&file).unwrap();
    let hash = "Hash: SHA512\n\n";
    assert!(good.contains(hash));
    let bad = [
        good.replace('\n', "\r\n").into_bytes(),
        good.replacen("Cycle", "Cycle ", 1).into_bytes(),
        good.replacen("Larch Cycle)", "Larch Cycle) ", 1)
            .into_bytes(),
        good.replacen(' ', "\t", 1).into_bytes(),
        good.replacen("Larch", "Larc\u{0}", 1).into_bytes(),
        [good.as_bytes(), b"\xff\xfe"].concat(),
        good.replacen(hash, &format!("{hash}One line more.\n"), 1)
            .into_bytes(),
        Vec::new(),
    ];
    for bytes in &bad {
        std::fs::write(&file, bytes).unwrap();
        rotate(&team).exits(4).says("not what the new key signed");
    }
    std::fs::write(&file, &good).unwrap();
    let id = rotate(&team).exits(0).request();
    answered(&team, "ben", &id);
    // The old key's word is durable before the files are looked at; mended, it goes on.
    std::fs::write(&file, &bad[0]).unwrap();
    rotate(&team).exits(4).says("git checkout succession");
    let out = team.vault().join("out/announcement.asc");
    assert!(!out.exists());
    std::fs::write(&file, &good).unwrap();
    rotate(&team).exits(0).says("the old key vouches");
    assert!(out.exists());
}

#[test]
fn an_old_key_that_expires_while_its_holders_answer_has_said_it_in_time() {
    let team = team();
    team.days_pass(205);
    rotate(&team).exits(0).says("made");
    receipts(&team);
    let id = rotate(&team).exits(0).request();
    team.days_pass(5);
    answered(&team, "ben", &id);
    rotate(&team).exits(0).says("the old key vouches");
    let new = Cert::from_file(
        team.vault()
            .join(format!("out/0x{}.asc", successor(&team).to_lowercase())),
    );
    let new = new.unwrap();
    let certified = new.userids().next().unwrap();
    let by_old = certified.certifications().next().unwrap();
    let made = Timestamp::from(by_old.signature_creation_time().unwrap());
    assert!(made < team.now() && made.plus_days(6) > team.now());
}
