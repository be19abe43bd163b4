//! Whom the old key is succeeded by, as its holders see it from the request alone.

use quorate::ceremony::request::MAX_REQUEST;
use quorate::roster::holder_key::Namespace;
use quorate::vault::record::{Record, sign};

use super::drilled::opened;
use super::rotated::{asked, larch, receipts, rotate, successor, team};
use super::team::{Done, NAMES, Team};

/// The text of a request up to its signature, line by line.
fn lines(team: &Team, id: &str) -> Vec<String> {
    let file = team.vault().join(format!("requests/{id}.request"));
    let text = std::fs::read_to_string(file).unwrap();
    let end = text.find("-----BEGIN SSH").unwrap();
    text[..end].lines().map(str::to_owned).collect()
}

/// Anna signs another text with her own share key; under its true id.
fn signs(team: &Team, lines: &[String]) -> String {
    let payload = lines.join("\n") + "\n";
    let key = opened(team, "anna", "master").holder_key;
    let file = sign(payload.as_bytes(), &key, Namespace::Request).unwrap();
    let record = Record::parse(&file, "request", MAX_REQUEST).unwrap();
    let id = record.digest().to_string()[..7].to_owned();
    std::fs::write(team.vault().join(format!("requests/{id}.request")), file).unwrap();
    id
}

/// The same request with this for a successor's manifest.
fn with_manifest(lines: &[String], manifest: &[u8]) -> Vec<String> {
    let at = lines.iter().position(|line| line == "successor:").unwrap();
    let block = quorate::vault::record::RecordWriter::new("request").block("successor", manifest);
    let block = String::from_utf8(block.finish().unwrap()).unwrap();
    let mut changed = lines[..at].to_vec();
    changed.extend(block.lines().skip(1).map(str::to_owned));
    changed
}

fn shows(team: &Team, who: &str, id: &str) -> Done {
    let key = team.fingerprint();
    team.run(who, &["show", id, "--as", who, "--key", &key])
}

#[test]
fn who_leaves_sees_who_holds_the_new_key_from_the_request_alone() {
    let mut team = team(2);
    // A folder that the team has prepared: eve isn't in it, and three are needed.
    std::fs::create_dir_all(larch(&team).join("keys")).unwrap();
    let text = std::fs::read_to_string(team.vault().join("team.toml")).unwrap();
    let text = text
        .replace("[root.eve]\nseal = \"keys/eve.age\"\n", "")
        .replace("master = 2", "master = 3");
    std::fs::write(larch(&team).join("team.toml"), text).unwrap();
    for name in &NAMES[..4] {
        let key = format!("keys/{name}.age");
        std::fs::copy(team.vault().join(&key), larch(&team).join(&key)).unwrap();
    }
    rotate(&team).exits(0).says("made");
    team.names.pop();
    receipts(&team);
    let id = rotate(&team).exits(0).request();
    // Eve has never seen the new vault, and needn't have it.
    std::fs::rename(larch(&team), team.path("elsewhere")).unwrap();
    for who in ["eve", "dan"] {
        shows(&team, who, &id)
            .exits(0)
            .says("roots     anna, ben, cleo, dan\n")
            .says("leave: eve; join: nobody")
            .says("3 of 4 use it, 2 of 4 revoke it   (here 2 of 5 use it");
    }
    team.approves("eve", &id)
        .exits(0)
        .says("UNKNOWN to this machine");
    team.approves("dan", &id)
        .exits(0)
        .says("a key that this machine knows: you compared it there; its manifest is the same");
}

#[test]
fn a_request_with_any_other_manifest_than_its_successors_is_refused() {
    let team = team(2);
    let twin = team.copy();
    let id = asked(&team);
    let true_one = lines(&team, &id);
    let refused = |changed: &[String], why: &str| {
        let id = signs(&team, changed);
        shows(&team, "ben", &id).exits(4).says(why);
        team.as_holder("ben", &["approve", &id]).exits(4).says(why);
    };
    // Signed by this very key, by another successor of it, by nobody any more, and not there at all.
    let read = |folder: &std::path::Path| std::fs::read(folder.join("vault.toml")).unwrap();
    refused(
        &with_manifest(&true_one, &read(&team.vault())),
        "the successor's manifest",
    );
    rotate(&twin).exits(0).says("made");
    refused(
        &with_manifest(&true_one, &read(&larch(&twin))),
        "the successor's manifest",
    );
    let changed = String::from_utf8(read(&larch(&team))).unwrap();
    let changed = changed.replace("needed = 2", "needed = 3");
    refused(
        &with_manifest(&true_one, changed.as_bytes()),
        "the successor's manifest",
    );
    let at = true_one.iter().position(|line| line == "successor:");
    refused(&true_one[..at.unwrap()], "without that key's manifest");
    // A request that names no successor has no use for one.
    let plain = lines(&team, &team.opens());
    let with_one = [&plain[..], &true_one[at.unwrap()..]].concat();
    refused(&with_one, "0 successors, and one manifest");
}

#[test]
fn two_manifests_of_the_new_key_are_an_alarm_for_who_has_given_a_receipt() {
    let team = team(2);
    let id = asked(&team);
    let state = team.home("ben").join(".local/state/quorate");
    let new = successor(&team);
    let pins = state
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path().join("pins.toml"))
        .find(|file| std::fs::read_to_string(file).is_ok_and(|text| text.contains(&new)))
        .unwrap();
    let text = std::fs::read_to_string(&pins).unwrap();
    let at = text.find("manifest = \"").unwrap() + 12;
    let other = [&text[..at], &"0".repeat(64), &text[at + 64..]].concat();
    std::fs::write(&pins, other).unwrap();
    let why = "another one than this machine knows";
    shows(&team, "ben", &id).exits(4).says(why);
    team.as_holder("ben", &["approve", &id]).exits(4).says(why);
}
