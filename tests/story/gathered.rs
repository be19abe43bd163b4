//! Answers that are taken at once: `--live` on a board, `--here` at one keyboard.

use std::sync::Mutex;

use quorate::world::doubles::ScriptedTerminal;
use quorate::world::{Look, RealFiles, Terminal, TerminalError};
use zeroize::Zeroizing;

use crate::team::{Done, Team};

/// The secrets of requests on anna's machine.
fn on_the_disk(team: &Team) -> Vec<String> {
    let state = team.home("anna").join(".local/state/quorate");
    let listed = std::process::Command::new("find")
        .arg(state)
        .args([
            "-name",
            "one-time",
            "-o",
            "-name",
            "*.submission",
            "-o",
            "-name",
            "live",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn here(team: &Team, answers: &[&str]) -> Done {
    let terminal = ScriptedTerminal::new();
    for answer in answers {
        terminal.answer(answer);
    }
    let target = team.target("target.asc");
    let (key, identity) = (team.fingerprint(), team.identity("anna"));
    let arguments = [
        "certify",
        &target,
        "--here",
        "--key",
        &key,
        "-i",
        identity.to_str().unwrap(),
    ];
    team.run_with("anna", &arguments, &RealFiles::default(), &terminal)
}

fn file(team: &Team, who: &str) -> String {
    team.identity(who).to_str().unwrap().to_owned()
}

#[test]
fn three_at_one_keyboard_certify_and_no_key_touches_the_disk() {
    let team = Team::in_service(3);
    let (ben, cleo) = (file(&team, "ben"), file(&team, "cleo"));
    let done = here(
        &team,
        &[
            "ben", "yes", &ben, "nobody", "dan", "no", "cleo", "yes", &ben, "cleo", "yes", &cleo,
            "yes",
        ],
    );
    done.exits(0)
        .says("ben approved")
        .says("dan has not approved")
        .says("is sealed to another key")
        .says("the one-time key, which was in memory only");
    assert_eq!(on_the_disk(&team), Vec::<String>::new());
    team.verifies().says("approved by anna, ben, cleo");
    let remembered = team.run("anna", &["share", "verify"]);
    remembered.exits(0);
}

#[test]
fn a_table_that_breaks_up_ends_the_request_for_everybody() {
    let team = Team::in_service(3);
    let ben = file(&team, "ben");
    for (answers, because) in [
        (vec!["stop"], "stopped at the terminal"),
        (vec!["ben", "yes", &ben], "the terminal was closed"),
    ] {
        let done = here(&team, &answers);
        done.exits(3).says(because).says("nothing was signed");
        assert_eq!(on_the_disk(&team), Vec::<String>::new());
    }
    team.run("ben", &["status"])
        .exits(0)
        .says("withdrawn by anna, \"stopped at the terminal\"")
        .says("withdrawn by anna, \"the terminal was closed\"");
    team.run("anna", &["certify", &team.target("t.asc"), "--here"])
        .exits(2)
        .says("need a terminal");
    team.run("anna", &["certify", &team.target("t.asc"), "--strict"])
        .exits(2)
        .says("goes with --live or --here");
}

/// What somebody else does while the board stands, with the request's id; it gives what is pasted then.
type Meanwhile<'t> = Box<dyn FnMut(&str) -> String + Send + 't>;

/// A terminal beside which others are at work.
struct Busy<'t> {
    script: ScriptedTerminal,
    meanwhile: Mutex<Vec<Meanwhile<'t>>>,
}

impl Terminal for Busy<'_> {
    fn say(&self, text: &str) {
        self.script.say(text);
    }
    fn note(&self, text: &str) {
        self.script.note(text);
    }
    fn ask(&self, prompt: &str) -> Result<String, TerminalError> {
        self.script.ask(prompt)
    }
    fn ask_secret(&self, prompt: &str) -> Result<Zeroizing<String>, TerminalError> {
        self.script.ask_secret(prompt)
    }
    fn input(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, TerminalError> {
        self.script.input(limit)
    }
    fn watch(&self, board: &mut dyn FnMut(Option<&str>) -> Look) -> Result<(), TerminalError> {
        let id = self.id();
        let show = |look: Look| {
            self.script.say(&look.lines.join("\n"));
            look.is_last
        };
        if show(board(None)) {
            return Ok(());
        }
        for other in self.meanwhile.lock().unwrap().iter_mut() {
            for line in other(&id).lines() {
                if show(board(Some(line))) {
                    return Ok(());
                }
            }
            if show(board(None)) {
                return Ok(());
            }
        }
        Err(TerminalError::Interrupted)
    }
    fn width(&self) -> usize {
        80
    }
    fn is_interactive(&self) -> bool {
        true
    }
    fn lost_output(&self) -> bool {
        false
    }
}

impl Busy<'_> {
    fn id(&self) -> String {
        let said = self.script.said();
        let at = said.rfind("\nrequest ").unwrap() + 9;
        said[at..at + 7].to_owned()
    }
}

fn live(team: &Team, meanwhile: Vec<Meanwhile<'_>>, answers: &[&str]) -> Done {
    let busy = Busy {
        script: ScriptedTerminal::new(),
        meanwhile: Mutex::new(meanwhile),
    };
    for answer in answers {
        busy.script.answer(answer);
    }
    let target = team.target("target.asc");
    let (key, identity) = (team.fingerprint(), file(team, "anna"));
    let arguments = ["certify", &target, "--live", "--key", &key, "-i", &identity];
    let code = team.run_at("anna", &arguments, &busy);
    Done {
        code,
        said: busy.script.said(),
        noted: busy.script.noted(),
    }
}

#[test]
fn a_board_takes_answers_from_the_inbox_and_from_a_paste() {
    let team = Team::in_service(3);
    let ben = |id: &str| {
        team.approves("ben", id).exits(0);
        let submission = team.submission("ben", id);
        team.run("anna", &["submit", submission.to_str().unwrap()])
            .exits(0)
            .says("stored for");
        team.run("anna", &["perform", id])
            .exits(2)
            .says("is live: its one-time key is in the memory of another process");
        "what is no submission\n".to_owned()
    };
    let cleo = |id: &str| {
        team.approves("cleo", id).exits(0);
        let text = std::fs::read_to_string(team.submission("cleo", id)).unwrap();
        text.replace('\n', "\n> ") + "\n"
    };
    live(&team, vec![Box::new(ben), Box::new(cleo)], &["yes"])
        .exits(0)
        .says("1 of 3; still 2 of: ben, cleo, dan, eve")
        .says("2 of 3; still 1 of: cleo, dan, eve")
        .says("share true, arrived")
        .says("share true, pasted here")
        .says("which was in memory only");
    assert_eq!(on_the_disk(&team), Vec::<String>::new());
    team.verifies();
}

#[test]
fn junk_on_the_board_is_named_and_ctrl_c_ends_the_request() {
    let team = Team::in_service(2);
    let other = team.opens();
    team.approves("ben", &other).exits(0);
    let elsewhere = std::fs::read_to_string(team.submission("ben", &other)).unwrap();
    let cut = elsewhere.lines().take(5).collect::<Vec<_>>().join("\n");
    let junk = move |_: &str| format!("{cut}\n{elsewhere}\n");
    live(&team, vec![Box::new(junk)], &[])
        .exits(3)
        .says("can't be opened: for another request, or damaged")
        .says("ended: stopped at the terminal");
}

#[test]
fn declines_show_on_the_board_and_enough_of_them_end_it() {
    let team = Team::in_service(4);
    let no = |who: &'static str| {
        let team = &team;
        move |id: &str| {
            let decline = ["decline", id, "--because", "not now"];
            team.as_holder(who, &decline).exits(0);
            String::new()
        }
    };
    live(&team, vec![Box::new(no("ben")), Box::new(no("dan"))], &[])
        .exits(3)
        .says("declined   \"not now\"")
        .says("1 of 4; still 3 of: cleo, dan, eve");
    // Who thinks again after a no counts after all.
    let again = |id: &str| {
        let decline = ["decline", id, "--because", "not now"];
        team.as_holder("ben", &decline).exits(0);
        String::new()
    };
    let after_all = |who: &'static str| {
        let team = &team;
        move |id: &str| {
            team.approves(who, id).exits(0);
            std::fs::read_to_string(team.submission(who, id)).unwrap()
        }
    };
    let unsent = |id: &str| {
        team.approves("cleo", id).exits(0);
        String::new()
    };
    live(
        &team,
        vec![
            Box::new(again),
            Box::new(unsent),
            Box::new(after_all("ben")),
            Box::new(after_all("cleo")),
            Box::new(after_all("dan")),
        ],
        &["yes"],
    )
    .exits(0)
    .says("approved   but the answer isn't here yet")
    .says("ben      approved   share true, pasted here");
    assert_eq!(on_the_disk(&team), Vec::<String>::new());
}

#[test]
fn a_live_request_that_was_killed_is_named_by_the_next_command() {
    let team = Team::in_service(2);
    let id = team.opens();
    // As a kill leaves it: no key on the disk, and a mark that nobody holds.
    let state = team.home("anna").join(".local/state/quorate");
    let found = on_the_disk(&team);
    let one_time = found
        .iter()
        .find(|file| file.ends_with("one-time"))
        .unwrap();
    std::fs::rename(one_time, one_time.replace("one-time", "live")).unwrap();
    assert!(state.exists());
    team.run("anna", &["perform", &id])
        .exits(3)
        .says("was live, and ended with its terminal");
    team.run("anna", &[])
        .exits(0)
        .says("ended with its terminal")
        .says(&format!("quorate withdraw {id}"));
    let withdraw = ["withdraw", &id, "--because", "its terminal was closed"];
    team.run("anna", &withdraw).exits(0);
    assert_eq!(on_the_disk(&team), Vec::<String>::new());
}
