//! `roster check --challenge`: do the keys in keys/ open, before anything is sealed to them?

use std::process::Command;

use crate::team::Team;

/// The words that a root finds with the stock program.
fn words(team: &Team, who: &str) -> String {
    let output = Command::new("age")
        .args(["-d", "-i"])
        .arg(team.identity(who))
        .arg(team.path(&format!("challenges/{who}.challenge.age")))
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().last().unwrap().to_owned()
}

#[test]
fn a_root_shows_that_the_own_key_opens_before_anything_is_made() {
    let team = Team::of(&["anna", "ben", "cleo"], 2);
    let out = team.path("challenges");
    let out = out.to_str().unwrap();
    let before = team.snapshot();
    let check = |arguments: &[&str]| {
        let all = [&["roster", "check"], arguments].concat();
        team.run("anna", &all)
    };
    check(&["--answer", "ben=one two three four five six"])
        .exits(4)
        .says("not the words that were sealed");
    check(&["--challenge", out])
        .exits(0)
        .says("age -d -i YOUR-KEY ben.challenge.age");
    check(&[])
        .exits(0)
        .says("HAS NOT ANSWERED")
        .says("nobody knows whether these can open what is sealed to them: anna, ben, cleo");
    let (ben, cleo) = (words(&team, "ben"), words(&team, "cleo"));
    assert_eq!(ben.split(' ').count(), 6);
    check(&["--answer", &format!("ben={cleo}")])
        .exits(4)
        .says("ben: these are not the words");
    check(&["--answer", "ben"]).exits(2);
    check(&["--answer", "bob=x"])
        .exits(2)
        .says("nothing was asked of 'bob'");
    let shouted = format!("ben= {} ", ben.to_uppercase());
    check(&["--answer", &shouted, "--answer", &format!("cleo={cleo}")])
        .exits(0)
        .says("opened its challenge on");
    assert_eq!(team.snapshot(), before, "nothing was written there");

    // Another key of the same root has shown nothing.
    let other = age::x25519::Identity::generate().to_public().to_string();
    std::fs::write(team.vault().join("keys/ben.age"), other).unwrap();
    let said = check(&[]).exits(0).said.clone();
    assert_eq!(said.matches("opened its challenge").count(), 1, "{said}");
}
