//! Several requests with one set of words; and a holder's own copies of key and roster.

use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;

use crate::team::Team;

#[test]
fn two_requests_are_approved_with_one_set_of_words() {
    let team = Team::in_service(2);
    let (one, other) = (team.opens(), team.opens());
    let both = team.words_of(&[&one, &other]);
    assert_eq!(both, team.words_of(&[&other, &one]), "in any order");
    let answer = |words: &str, ids: &[&str]| {
        let all = [&["approve"], ids, &["--way", "voice", "--words", words]].concat();
        team.as_holder("ben", &all)
    };
    let before = team.snapshot();
    answer(&both, &[&one])
        .exits(4)
        .says("not the words of the request");
    answer(&team.words_of(&[&one]), &[&one, &other])
        .exits(4)
        .says("not the words of these requests together");
    assert_eq!(team.snapshot(), before, "nothing was written");
    answer(&both, &[&one, &other, &one])
        .exits(0)
        .says("request 1 of 2")
        .says("the words fit these requests")
        .says(&format!("approved request {one}; that makes 2 of 2"))
        .says(&format!("approved request {other}; that makes 2 of 2"));
    for id in [&one, &other] {
        team.performs(id, &[&team.submission("ben", id)]).exits(0);
    }
    team.verifies();
}

#[test]
fn both_answers_go_through_one_pipe() {
    let team = Team::in_service(2);
    let (one, other) = (team.opens(), team.opens());
    let words = team.words_of(&[&one, &other]);
    let piped = [
        "approve", &one, &other, "--way", "room", "--words", &words, "--out", "-",
    ];
    let sent = team.as_holder("ben", &piped).exits(0).said.clone();
    let terminal = ScriptedTerminal::new();
    terminal.set_input(sent.as_bytes());
    let done = team.run_with("anna", &["submit"], &RealFiles::default(), &terminal);
    done.exits(0)
        .says(&format!("stored for {one}"))
        .says(&format!("stored for {other}"));
    for id in [&one, &other] {
        team.performs(id, &[]).exits(0);
    }
}

#[test]
fn requests_of_two_openers_are_no_pair() {
    let team = Team::in_service(2);
    let one = team.opens();
    let target = team.target("another.asc");
    let other = team
        .as_holder("ben", &["certify", &target])
        .exits(0)
        .request();
    team.as_holder("cleo", &["approve", &one, &other])
        .exits(2)
        .says("are no pair");
}

#[test]
fn a_holders_own_copies_are_compared() {
    let team = Team::in_service(3);
    let id = team.opens();
    let copies = |key: &str, roster: &str| {
        let words = team.words(&id);
        let all = [
            "approve",
            &id,
            "--way",
            "voice",
            "--words",
            &words,
            "--expect-key",
            key,
            "--expect-roster",
            roster,
        ];
        team.as_holder("ben", &all)
    };
    let write = |name: &str, text: &str| {
        let file = team.path(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let manifest = std::fs::read_to_string(team.vault().join("vault.toml")).unwrap();
    let config = std::fs::read_to_string(team.vault().join("team.toml")).unwrap();
    let key = write("key.asc", &team.certificate());
    let before = team.snapshot();
    let stranger = team.target("stranger.asc");
    copies(&stranger, "x")
        .exits(4)
        .says("of another key than your copy");
    let fewer = config.replace("[root.eve]\nseal = \"keys/eve.age\"\n", "");
    copies(&key, &write("fewer.toml", &fewer))
        .exits(4)
        .says("eve is one more than in your copy");
    let other = config
        .replace("master = 3", "master = 4")
        .replace("[root.eve]", "[root.eva]");
    copies(&key, &write("other.toml", &other))
        .exits(4)
        .says("3 use the key; in your copy 4")
        .says("eva of your copy is missing");
    copies(&key, &key).exits(2).says("neither a vault.toml nor");
    let elsewhere = Team::in_service(3);
    let theirs = elsewhere.vault().join("vault.toml");
    copies(&key, theirs.to_str().unwrap())
        .exits(4)
        .says("of another key than your copy");
    assert_eq!(team.snapshot(), before, "nothing was written");
    copies(&key, &write("team.toml", &config))
        .exits(0)
        .says("it is the key in your copy")
        .says("a copy of vault.toml has those, too");
    copies(&key, &write("vault.toml", &manifest))
        .exits(0)
        .says("people, their keys and thresholds are those of your copy");
}
