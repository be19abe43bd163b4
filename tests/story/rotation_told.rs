//! `rotate --json`: where a succession stands, told to programs at each step, and nothing done.

use super::paired;
use super::rotated::{answered, receipts, rotate, successor, team};
use super::schema::fits;
use super::team::Team;

/// What is told; nothing is changed by it.
#[track_caller]
fn told(team: &Team) -> serde_json::Value {
    let before = team.snapshot();
    let done = team.run("anna", &["rotate", "--json"]);
    assert_eq!(team.snapshot(), before);
    let told: serde_json::Value = serde_json::from_str(&done.exits(0).said).unwrap();
    let schema = include_str!("../../docs/rotation.schema.json");
    fits(&told, &serde_json::from_str(schema).unwrap(), "");
    told
}

#[test]
fn each_step_of_a_succession_is_told_to_programs() {
    let team = team(2);
    let first = told(&team);
    assert_eq!(first["step"], "successor");
    assert_eq!(first["old"]["fingerprint"], team.fingerprint().as_str());
    rotate(&team).exits(0);
    let made = told(&team);
    assert_eq!(made["step"], "receipts");
    assert_eq!(made["new"]["fingerprint"], successor(&team).as_str());
    assert_eq!(made["receipts"]["missing"].as_array().unwrap().len(), 5);
    receipts(&team);
    assert_eq!(told(&team)["step"], "approvals");
    let id = rotate(&team).exits(0).request();
    let asked = told(&team);
    assert_eq!(asked["request"]["id"], id.as_str());
    assert_eq!(asked["request"]["arrived_here"], 1);
    assert!(asked["request"]["pair"].is_null());
    answered(&team, "ben", &id);
    assert_eq!(told(&team)["request"]["arrived_here"], 2);
    rotate(&team).exits(0);
    let done = told(&team);
    assert_eq!(done["step"], "publish");
    assert_eq!(done["request"]["state"], "carried-out");
    let typed = ["rotate", "--json", "--final"];
    team.run("anna", &typed).exits(2);
}

#[test]
fn a_pair_is_told_with_both_requests() {
    let team = team(2);
    let pair = paired::paired(&team);
    let told = told(&team);
    assert_eq!(told["request"]["id"], pair.old.as_str());
    assert_eq!(told["request"]["pair"]["id"], pair.new.as_str());
    assert_eq!(told["request"]["pair"]["approved"][0], "anna");
}

#[test]
fn that_a_key_has_ended_is_told_too() {
    let team = team(2);
    let later = Team::copy_at(&team, team.now().plus_days(400));
    let key = later.fingerprint();
    later
        .run("anna", &["status", "--key", &key, "--as", "anna"])
        .exits(0);
    assert_eq!(told(&later)["step"], "ended");
}
