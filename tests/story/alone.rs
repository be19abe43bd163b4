//! Where the team chose so, any one root ends the key with an own copy of its revocations.

use std::path::PathBuf;

use super::changed::published;
use super::team::Team;
use quorate::vault::manifest::{Manifest, ManifestError, split};

/// A team whose members can each end the key, before any receipt.
fn any_root_may() -> Team {
    let team = Team::needing(2);
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("revoke = false", "revoke = true")).unwrap();
    team.run("anna", &["create", "--as", "anna"])
        .exits(0)
        .says("ANY ONE of you can end this key");
    team
}

fn copy_of(team: &Team, who: &str) -> PathBuf {
    team.vault().join(format!("sealed/alone.1/{who}.age"))
}

#[test]
fn any_one_root_ends_the_key_only_where_the_team_chose_so() {
    let team = Team::in_service(2);
    let digits = team.fingerprint()[..4].to_owned();
    let alone = ["revoke", "key", "--alone", "--confirm", &digits];
    team.as_holder("dan", &alone)
        .exits(2)
        .says("nobody can revoke this key alone");
    let manifest = std::fs::read_to_string(team.vault().join("vault.toml")).unwrap();
    assert!(!manifest.contains("own-copy"));

    let team = any_root_may();
    let digits = team.fingerprint()[..4].to_owned();
    let alone = ["revoke", "key", "--alone", "--confirm", &digits];
    team.holds_no_secret();
    // Before any receipt, too: this is for the worst day.
    team.as_holder("dan", &alone)
        .exits(0)
        .says("you alone")
        .says("seen so by gpg and Sequoia");
    team.run("dan", &["status"])
        .exits(0)
        .says("ENDED: REVOKED")
        .says("make a new key in a new folder, and tell the users: docs/worst-day.md");
    team.verifies();
    let cert = published(&team);
    assert_eq!(cert.primary_key().self_revocations().count(), 1);
    team.as_holder("eve", &alone)
        .exits(2)
        .says("revoked already");
}

#[test]
fn a_copy_is_looked_at_by_its_holder_and_its_digest_by_everybody() {
    let team = any_root_may();
    team.as_holder("dan", &["share", "verify"])
        .exits(0)
        .says("for ending it alone  opens; the key's own revocations are in it");
    team.verifies();

    let key = team.fingerprint();
    let digits = key[..4].to_owned();
    let alone = ["revoke", "key", "--alone", "--confirm", &digits];
    let other = any_root_may();
    let file = copy_of(&team, "dan");
    let true_one = std::fs::read(&file).unwrap();
    let mut damaged = true_one.clone();
    let last = damaged.len() - 60;
    damaged[last] ^= 1;
    for (what, bytes) in [
        ("ben's", std::fs::read(copy_of(&team, "ben")).unwrap()),
        (
            "another vault's",
            std::fs::read(copy_of(&other, "dan")).unwrap(),
        ),
        ("a damaged one", damaged),
        ("half of it", true_one[..true_one.len() / 2].to_vec()),
        ("nothing", Vec::new()),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let before = team.snapshot();
        team.as_holder("dan", &["share", "verify"])
            .exits(4)
            .says("sealed/alone.1/dan.age doesn't hold the revocation")
            .says("it was not opened");
        let done = team.as_holder("dan", &alone);
        assert_eq!(done.code, 4, "{what}: {}", done.noted);
        assert!(before == team.snapshot());
        team.run("eve", &["verify", "--key", &key])
            .exits(4)
            .says("sealed/alone.1/dan.age: altered since the key signed its digest");
    }
    std::fs::remove_file(&file).unwrap();
    team.run("eve", &["verify", "--key", &key])
        .exits(4)
        .says("sealed/alone.1/dan.age: missing");
    team.as_holder("dan", &["share", "verify"]).exits(1);
    // Everybody else's is what it was.
    team.as_holder("eve", &["share", "verify"]).exits(0);
    std::fs::write(&file, &true_one).unwrap();
    team.verifies();
}

#[test]
fn a_manifest_names_each_roots_copy_once_or_none_as_the_older_ones() {
    let team = any_root_may();
    let file = std::fs::read(team.vault().join("vault.toml")).unwrap();
    let (body, _) = split(&file).unwrap();
    let text = std::str::from_utf8(body).unwrap();
    let (head, copies) = text.split_once("[[own-copy]]\n").unwrap();
    let copies: Vec<&str> = copies.trim_end().split("\n\n[[own-copy]]\n").collect();
    assert_eq!(copies.len(), 5);
    let with = |copies: &[&str]| {
        let blocks: Vec<String> = copies
            .iter()
            .map(|copy| format!("[[own-copy]]\n{copy}\n"))
            .collect();
        let text = format!("{head}{}\n", blocks.join("\n"));
        Manifest::parse(text.as_bytes())
    };
    assert_eq!(with(&copies).unwrap().own_copies.len(), 5);
    let older = format!("{}\n\n", head.trim_end());
    let older = Manifest::parse(older.as_bytes()).unwrap();
    assert!(older.any_root_may_revoke && older.own_copies.is_empty());

    let mut turned = copies.clone();
    turned.swap(0, 1);
    let elsewhere = copies[0].replace("alone.1/anna", "alone.1/ben");
    let out = copies[0].replace("sealed/alone.1", "../alone.1");
    let first = |copy: &str| {
        let mut all: Vec<String> = copies.iter().map(ToString::to_string).collect();
        all[0] = copy.to_owned();
        all
    };
    for bad in [
        turned.iter().map(ToString::to_string).collect(),
        copies[..4].iter().map(ToString::to_string).collect(),
        first(copies[1]),
        first(&elsewhere),
        first(&out),
    ] {
        let bad: Vec<&str> = bad.iter().map(String::as_str).collect();
        assert!(matches!(with(&bad), Err(ManifestError::Rule(_))), "{bad:?}");
    }
    let nobody_may = text.replace("any-root-may-revoke = true", "any-root-may-revoke = false");
    let refused = Manifest::parse(nobody_may.as_bytes());
    assert!(matches!(refused, Err(ManifestError::Rule(_))));
    let again = format!("{}\nmore = 1\n", copies[0]);
    assert!(matches!(with(&[&again]), Err(ManifestError::Syntax(_))));
}
