//! A drill that somebody declines, or that its opener takes back.

use super::super::team::Team;
use super::{drilled, opened, two};
use quorate::ceremony::asked::{Asked as _, DRILL, REQUEST};
use quorate::ceremony::objection::{Kind, Objection};
use quorate::roster::name::Name;

impl Team {
    fn declines_the_drill(&self, who: &str, id: &str) -> super::Done {
        self.as_holder(who, &["decline", id, "--because", "I am on a train"])
    }

    fn withdraws_the_drill(&self, who: &str, id: &str) -> super::Done {
        self.as_holder(who, &["withdraw", id, "--because", "next week is better"])
    }
}

#[test]
fn who_declines_a_drill_is_told_and_the_others_go_on() {
    let (team, id) = drilled();
    team.declines_the_drill("dan", &id)
        .exits(0)
        .says("dan declined")
        .says("3 of anna, ben, cleo, eve can still carry it out")
        .says(&format!("git add drills/{id}-dan.decline"));
    team.run("anna", &["drill", "list"])
        .exits(0)
        .says("dan declined: \"I am on a train\"");
    team.verifies().says("1 drill decline");
    team.run("anna", &["verify", &format!("drills/{id}-dan.decline")])
        .exits(0)
        .says(&format!("decline of drill {id} by dan"));
    // Who answered has answered.
    team.declines_the_drill("ben", &id)
        .exits(2)
        .says("ask for: quorate withdraw");
    // Who declined may answer later.
    team.answers_the_drill("dan", &id).exits(0);
    let shown = team.run("anna", &["drill", "show", &id]);
    assert!(!shown.exits(0).said.contains("declined"), "{}", shown.said);
    let (ben, cleo) = two(&team, &id);
    team.performs_the_drill(&id, &[&ben, &cleo]).exits(0);
    team.declines_the_drill("eve", &id)
        .exits(1)
        .says("carried out already");
    team.withdraws_the_drill("anna", &id).exits(1);
}

#[test]
fn a_drill_that_too_many_decline_has_ended() {
    let team = Team::in_service(3);
    let id = team.opens_a_drill("master");
    team.as_holder("dan", &["share", "verify"]).exits(0);
    team.run("dan", &[])
        .exits(0)
        .says("it is your turn: anna asks you to take part in a drill")
        .says(&format!("next: quorate drill answer {id}"));
    for who in ["ben", "cleo"] {
        team.declines_the_drill(who, &id).exits(0);
    }
    team.declines_the_drill("dan", &id)
        .exits(0)
        .says("that ends it: 3 are needed, and 2 are left");
    let words = ["drill", "answer", &id, "--way", "voice", "--words", "any"];
    team.as_holder("eve", &words)
        .exits(3)
        .says("was declined: 3 are needed, and 2 are left");
    team.performs_the_drill(&id, &[]).exits(3);
    assert!(team.attempts("drills").is_empty());
    team.run("anna", &["drill", "list"])
        .exits(0)
        .says("declined: 3 are needed, 2 are left")
        .says("next: quorate drill open");
    team.verifies().says("3 drill declines");
}

#[test]
fn a_withdrawn_drill_stays_withdrawn_for_whoever_saw_it() {
    let (team, id) = drilled();
    team.withdraws_the_drill("ben", &id)
        .exits(2)
        .says("only anna can withdraw it");
    team.withdraws_the_drill("anna", &id)
        .exits(0)
        .says("the one-time key and what had arrived here were deleted")
        .says(&format!("git add drills/{id}.withdrawal"));
    let (ben, cleo) = two(&team, &id);
    team.performs_the_drill(&id, &[&ben, &cleo]).exits(2);
    let words = ["drill", "answer", &id, "--way", "voice", "--words", "any"];
    team.as_holder("dan", &words)
        .exits(3)
        .says("was withdrawn by anna")
        .says("next week is better");
    team.declines_the_drill("dan", &id).exits(3);
    team.run("anna", &["drill", "list"])
        .exits(0)
        .says("withdrawn by anna");
    team.verifies().says("1 drill withdrawal");
    // Taken away, it would bring the drill back to life.
    let file = team.vault().join(format!("drills/{id}.withdrawal"));
    let kept = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    team.run("dan", &["drill", "list"])
        .exits(4)
        .says("not here any more: drill-withdrawal");
    // Another machine knows it from this one's memory.
    let pins = team.path("pins");
    std::fs::write(&file, kept).unwrap();
    team.run("dan", &["pins", "export", pins.to_str().unwrap()])
        .exits(0);
    let key = team.fingerprint();
    std::fs::remove_dir_all(team.home("eve").join(".local")).unwrap();
    let import = ["pins", "import", pins.to_str().unwrap(), "--key", &key];
    team.run("eve", &import).exits(0);
    std::fs::remove_file(&file).unwrap();
    team.run("eve", &["status"])
        .exits(4)
        .says("not here any more: drill-withdrawal");
}

#[test]
fn a_no_to_a_request_is_none_to_a_drill_and_a_forged_one_is_named() {
    let (team, id) = drilled();
    let request_id = team.opens();
    let (drill, request) = (team.verified_drill(&id), team.verified_request(&request_id));
    let (anna, dan) = (
        opened(&team, "anna", "master").holder_key,
        opened(&team, "dan", "master").holder_key,
    );
    let manifest = team.manifest();
    let seat = |who: &str| {
        let set = manifest.manifest().set(drill.kind()).unwrap();
        set.of(&Name::parse(who).unwrap()).unwrap().seat
    };
    let no = |kind, who: &str| Objection {
        kind,
        vault: manifest.manifest().vault_id,
        request: drill.digest(),
        set: drill.set(),
        holder: Name::parse(who).unwrap(),
        seat: seat(who),
        because: "no".into(),
        signed: team.now(),
    };
    let of_the_request = Objection {
        request: request.digest(),
        set: request.set(),
        ..no(Kind::Withdrawal, "anna")
    };
    let key = team.fingerprint();
    let (withdrawal, decline) = (format!("{id}.withdrawal"), format!("{id}-dan.decline"));
    let late = Objection {
        signed: team.now().plus_days(3),
        ..no(Kind::Decline, "dan")
    };
    for (name, bad) in [
        // Of the request, in the form of a drill; of the drill, in the form of a request.
        (&withdrawal, of_the_request.sign(&DRILL, &anna).unwrap()),
        (
            &withdrawal,
            no(Kind::Withdrawal, "anna").sign(&REQUEST, &anna).unwrap(),
        ),
        (&withdrawal, of_the_request.sign(&REQUEST, &anna).unwrap()),
        // By who didn't open it; by another's key; a no of the other kind.
        (
            &withdrawal,
            no(Kind::Withdrawal, "dan").sign(&DRILL, &dan).unwrap(),
        ),
        (
            &withdrawal,
            no(Kind::Withdrawal, "anna").sign(&DRILL, &dan).unwrap(),
        ),
        (
            &withdrawal,
            no(Kind::Decline, "anna").sign(&DRILL, &anna).unwrap(),
        ),
        (
            &decline,
            no(Kind::Decline, "dan").sign(&DRILL, &anna).unwrap(),
        ),
        (&decline, late.sign(&DRILL, &dan).unwrap()),
        (&decline, b"quorate drill-decline 1\n".to_vec()),
        (&decline, Vec::new()),
    ] {
        let file = team.vault().join("drills").join(name);
        std::fs::write(&file, bad).unwrap();
        team.run("eve", &["verify", "--key", &key])
            .exits(4)
            .says(&format!("drills/{name}"));
        let listed = team.run("anna", &["drill", "list"]);
        listed.exits(0).says("open until");
        assert!(!listed.said.contains("declined"), "{}", listed.said);
        std::fs::remove_file(&file).unwrap();
    }
    // Nor does a drill's no stop the request.
    let true_one = no(Kind::Withdrawal, "anna").sign(&DRILL, &anna).unwrap();
    let file = team
        .vault()
        .join(format!("requests/{request_id}.withdrawal"));
    std::fs::write(&file, true_one).unwrap();
    team.run("eve", &["verify", "--key", &key]).exits(4);
    std::fs::remove_file(&file).unwrap();
    team.run("anna", &["status"])
        .exits(0)
        .says(&format!("request {request_id}"));
}
