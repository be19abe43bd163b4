//! A drill at one keyboard: the one-time key in memory only, the answers one after the other.

use super::super::team::{Done, Team};
use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;

impl Team {
    /// Anna holds a drill at one keyboard, and these answers are typed.
    fn holds_a_drill(&self, answers: &[&str]) -> Done {
        let terminal = ScriptedTerminal::new();
        for answer in answers {
            terminal.answer(answer);
        }
        let identity = self.identity("anna");
        let open = ["drill", "open", "--here", "-i", identity.to_str().unwrap()];
        self.run_with("anna", &open, &RealFiles::default(), &terminal)
    }

    fn the_drill(&self) -> String {
        let drills = self.vault().join("drills").read_dir().unwrap();
        let names = drills.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let ids = names.filter_map(|name| name.strip_suffix(".drill").map(str::to_owned));
        let ids: Vec<String> = ids.collect();
        assert_eq!(ids.len(), 1);
        ids[0].clone()
    }
}

#[test]
fn a_drill_is_held_at_one_keyboard() {
    let team = Team::in_service(3);
    let (ben, dan) = (team.identity("ben"), team.identity("dan"));
    let (ben, dan) = (ben.to_str().unwrap(), dan.to_str().unwrap());
    // A wrong name, one who won't, a wrong file: none of them ends it.
    let done = team.holds_a_drill(&[
        "mallory", "cleo", "no", "ben", "yes", dan, "ben", "yes", ben, "dan", "yes", dan, "yes",
    ]);
    done.exits(0)
        .says("each who takes part answers here, with the practice share alone")
        .says("cleo has not answered")
        .says("ben answered; the practice share was true")
        .says("opened     practice.1.age with 3 practice shares")
        .says("deleted    the one-time key, which was in memory only")
        .says("with anna, ben, dan")
        .says("never yet in any drill: cleo, eve");
    let id = team.the_drill();
    let answer = team.vault().join(format!("drills/{id}-ben.answer"));
    let answer = std::fs::read_to_string(answer).unwrap();
    assert!(answer.contains("\nwords-by: here\n"), "{answer}");
    team.verifies()
        .says("1 drill, 3 drill answers, 1 drill minutes");
    team.holds_no_secret();
}

#[test]
fn a_drill_at_a_keyboard_that_ends_early_is_withdrawn_for_everybody() {
    let team = Team::in_service(3);
    let ben = team.identity("ben");
    let done = team.holds_a_drill(&["ben", "yes", ben.to_str().unwrap(), "stop"]);
    done.exits(3)
        .says("ended: stopped at the terminal")
        .says("git add drills");
    let id = team.the_drill();
    team.run("anna", &["drill", "list"])
        .exits(0)
        .says("withdrawn by anna: \"stopped at the terminal\"");
    team.verifies().says("1 drill withdrawal");
    team.run("anna", &["drill", "perform", &id]).exits(2);
}

#[test]
fn a_drill_at_a_keyboard_needs_a_terminal_and_strict_needs_the_keyboard() {
    let team = Team::in_service(3);
    let before = team.snapshot();
    team.as_holder("anna", &["drill", "open", "--here"])
        .exits(2)
        .says("--here needs a terminal");
    team.as_holder("anna", &["drill", "open", "--strict"])
        .exits(2);
    assert!(before == team.snapshot());
}
