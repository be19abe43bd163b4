//! Answers other than yes, the ways by which an answer comes, and receipts closed without somebody.

use super::team::{Done, Team};
use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;
use std::sync::OnceLock;

/// A team of five in service, three needed, with an open request of anna's.
fn asked() -> (Team, String) {
    static MADE: OnceLock<(Team, String)> = OnceLock::new();
    let (team, id) = MADE.get_or_init(|| {
        let team = Team::in_service(3);
        let id = team.opens();
        (team, id)
    });
    let copy = team.copy();
    let key = copy.fingerprint();
    copy.run("anna", &["status", "--as", "anna", "--key", &key])
        .exits(0);
    (copy, id.clone())
}

fn says_no(team: &Team, who: &str, id: &str, because: &str) -> Done {
    team.as_holder(who, &["decline", id, "--because", because])
}

fn withdraws(team: &Team, who: &str, id: &str) -> Done {
    team.as_holder(who, &["withdraw", id, "--because", "a slip"])
}

#[test]
fn a_decline_is_shown_and_the_others_carry_it_out() {
    let (team, id) = asked();
    says_no(&team, "dan", &id, "I can't reach the owner")
        .exits(0)
        .says("3 of anna, ben, cleo, eve can still carry it out");
    team.run("anna", &["status"])
        .exits(0)
        .says("\"I can't reach the owner\"");
    team.run("anna", &["show", &id])
        .exits(0)
        .says("declined   dan: \"I can't reach the owner\"");
    let json = team.run("anna", &["status", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.exits(0).said).unwrap();
    assert_eq!(json["requests"][0]["declined"], serde_json::json!(["dan"]));
    assert_eq!(
        json["requests"][0]["open"],
        serde_json::json!(["ben", "cleo", "eve"])
    );
    team.approves("ben", &id).exits(0).says("Declined: dan.");
    team.approves("cleo", &id).exits(0);
    let files = ["ben", "cleo"].map(|who| team.submission(who, &id));
    team.performs(&id, &[&files[0], &files[1]]).exits(0);
    team.verifies().says("declined by dan").says("1 decline");
}

#[test]
fn so_many_declines_that_no_quorum_is_left_end_it() {
    let (team, id) = asked();
    says_no(&team, "dan", &id, "no").exits(0);
    says_no(&team, "eve", &id, "no").exits(0);
    team.approves("ben", &id).exits(0);
    says_no(&team, "cleo", &id, "no")
        .exits(0)
        .says("that ends it");
    team.approves("cleo", &id).exits(3).says("was declined");
    let ben = team.submission("ben", &id);
    team.performs(&id, &[&ben])
        .exits(3)
        .says("was declined")
        .says("eve: \"no\"");
    team.run("anna", &["status"])
        .exits(0)
        .says("declined by cleo, dan, eve");
    says_no(&team, "cleo", &id, "again").exits(3);
}

#[test]
fn who_declined_may_approve_later_and_who_approved_cannot_decline() {
    let (team, id) = asked();
    says_no(&team, "ben", &id, "not today").exits(0);
    team.approves("ben", &id).exits(0);
    let status = team.run("anna", &["status"]);
    status.exits(0).says("2 approved");
    assert!(!status.said.contains("not today"));
    says_no(&team, "ben", &id, "no")
        .exits(2)
        .says("has approved");
}

#[test]
fn a_withdrawn_request_is_over_on_every_machine() {
    let (team, id) = asked();
    team.approves("ben", &id).exits(0);
    let words = team.words(&id);
    withdraws(&team, "ben", &id)
        .exits(2)
        .says("only anna can withdraw it");
    withdraws(&team, "anna", &id)
        .exits(0)
        .says("the one-time key and what had arrived here were deleted");
    team.run("anna", &["show", &id])
        .exits(0)
        .says("state      withdrawn by anna: \"a slip\"");
    team.as_holder(
        "cleo",
        &["approve", &id, "--way", "voice", "--words", &words],
    )
    .exits(3)
    .says("was withdrawn by anna")
    .says("\"a slip\"");
    let ben = team.submission("ben", &id);
    assert_ne!(team.performs(&id, &[&ben]).code, 0);
    team.run("cleo", &["status"])
        .exits(0)
        .says("withdrawn by anna");
    withdraws(&team, "anna", &id).exits(3);
    team.verifies()
        .says("ended without a result")
        .says("1 withdrawal");
}

#[test]
fn a_reason_must_be_one_line_that_can_be_shown() {
    let (team, id) = asked();
    let before = team.snapshot();
    for because in ["", "  ", "two\nlines", "\u{1b}[2J", &"x".repeat(1001)] {
        says_no(&team, "ben", &id, because)
            .exits(2)
            .says("one line");
    }
    assert!(before == team.snapshot());
}

#[test]
fn an_altered_decline_counts_for_nothing_and_is_found() {
    let (team, id) = asked();
    says_no(&team, "dan", &id, "no").exits(0);
    let file = team.vault().join(format!("approvals/{id}-dan.decline"));
    let text = std::fs::read_to_string(&file).unwrap();
    let forged = text
        .replace("holder: dan", "holder: eve")
        .replace("seat: 4", "seat: 5");
    assert_ne!(text, forged);
    std::fs::write(&file, forged).unwrap();
    let json = team.run("anna", &["status", "--json"]);
    assert!(
        json.exits(0).said.contains("\"declined\": []"),
        "{}",
        json.said
    );
    let key = team.fingerprint();
    team.run("anna", &["verify", "--key", &key])
        .exits(4)
        .says("dan.decline");
}

fn submits(team: &Team, arguments: &[&str], input: &[u8]) -> Done {
    let terminal = ScriptedTerminal::new();
    terminal.set_input(input);
    let all = [&["submit"], arguments].concat();
    team.run_with("anna", &all, &RealFiles::default(), &terminal)
}

#[test]
fn an_answer_comes_by_file_by_paste_and_quoted_by_mail() {
    let (team, id) = asked();
    for who in ["ben", "cleo"] {
        team.approves(who, &id).exits(0);
    }
    let ben = team.submission("ben", &id);
    submits(&team, &[ben.to_str().unwrap()], b"")
        .exits(0)
        .says("2 arrived here, 3 are needed");
    submits(&team, &[ben.to_str().unwrap()], b"")
        .exits(0)
        .says("it lay here already");
    let cleo = std::fs::read_to_string(team.submission("cleo", &id)).unwrap();
    let mail = cleo
        .lines()
        .map(|line| format!("> {line}\r\n"))
        .collect::<String>();
    let mail = format!("Hi anna,\r\nas asked:\r\n{mail}\r\ncleo\r\n");
    submits(&team, &[], mail.as_bytes())
        .exits(0)
        .says(&format!("next: quorate perform {id}"));
    team.performs(&id, &[]).exits(0);
    team.verifies();
}

#[test]
fn a_submission_that_was_cut_or_is_for_nobody_is_refused_and_nothing_stored() {
    let (team, id) = asked();
    team.approves("ben", &id).exits(0);
    let text = std::fs::read(team.submission("ben", &id)).unwrap();
    for cut in [0, 30, 200, text.len() / 2, text.len() - 20] {
        submits(&team, &[], &text[..cut])
            .exits(4)
            .says("no whole submission");
    }
    submits(&team, &["--request", "ffffffff"], &text)
        .exits(2)
        .says("nothing was stored");
    submits(&team, &[], &vec![b'x'; 10 << 20]);
    let json = team
        .run("anna", &["status", "--json"])
        .exits(0)
        .said
        .clone();
    assert!(json.contains("\"arrived_here\": 1"), "{json}");
    // Ben's machine opened nothing.
    let terminal = ScriptedTerminal::new();
    terminal.set_input(&text);
    team.run_with("ben", &["submit"], &RealFiles::default(), &terminal)
        .exits(2)
        .says("none is open here");
}

#[test]
fn approve_writes_to_a_pipe_what_submit_reads() {
    let (team, id) = asked();
    let words = team.words(&id);
    let answer = ["approve", &id, "--way", "voice", "--words", &words];
    let piped = team.as_holder("ben", &[&answer[..], &["--out", "-"]].concat());
    piped.exits(0);
    assert!(
        piped.said.starts_with("quorate submission: request "),
        "{}",
        piped.said
    );
    assert!(piped.noted.contains("ben approved request"));
    assert!(!team.submission("ben", &id).exists());
    submits(&team, &[], piped.said.as_bytes())
        .exits(0)
        .says(&format!("stored for {id}"));
}

#[test]
fn receipts_are_closed_without_one_person_who_is_named_for_ever() {
    let team = Team::needing(3);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    let close = |who: &str, without: &str| {
        team.as_holder(who, &["receipts", "close", "--without", without])
    };
    for who in ["anna", "ben", "cleo"] {
        team.receipt(who).exits(0);
    }
    close("anna", "dan").exits(3).says("too early: 3 receipts");
    team.receipt("eve").exits(0);
    close("anna", "anna").exits(2);
    close("anna", "ben").exits(2).says("nothing is missing");
    close("anna", "mallory").exits(2);
    close("dan", "anna").exits(2);
    close("anna", "dan").exits(0).says("the key can be used");
    team.run("anna", &["status"])
        .exits(0)
        .says("closed         without dan, by anna");
    team.verifies().says("2 closings");
    let id = team.opens();
    for who in ["ben", "cleo"] {
        team.approves(who, &id).exits(0);
    }
    let files = ["ben", "cleo"].map(|who| team.submission(who, &id));
    team.performs(&id, &[&files[0], &files[1]]).exits(0);
    // Dan's own receipt is taken whenever it comes.
    team.receipt("dan").exits(0);
    let status = team.run("anna", &["status"]);
    status.exits(0).says("all receipts");
    assert!(!status.said.contains("closed"));
}

#[test]
fn nobody_is_left_out_where_all_are_needed() {
    let team = Team::of(&["anna", "ben"], 2);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    team.receipt("anna").exits(0);
    let identity = team.identity("anna");
    team.run(
        "anna",
        &[
            "receipts",
            "close",
            "--without",
            "ben",
            "-i",
            identity.to_str().unwrap(),
        ],
    )
    .exits(2)
    .says("needs all 2 of you");
}

#[test]
fn a_folder_that_goes_back_behind_what_was_seen_is_refused() {
    let (team, id) = asked();
    let old = team.snapshot();
    for who in ["ben", "cleo"] {
        team.approves(who, &id).exits(0);
    }
    let files = ["ben", "cleo"].map(|who| team.submission(who, &id));
    team.performs(&id, &[&files[0], &files[1]]).exits(0);
    for who in ["anna", "ben"] {
        team.run(who, &["status"]).exits(0);
    }
    // As `git reset` to an earlier commit does it.
    for path in team
        .snapshot()
        .keys()
        .filter(|path| !old.contains_key(*path))
    {
        std::fs::remove_file(team.vault().join(path)).unwrap();
    }
    for who in ["anna", "ben"] {
        let refused = team.run(who, &["status"]);
        refused
            .exits(4)
            .says(&format!("older than what this machine has seen, {who}"));
        refused.says("not here any more: minutes");
    }
    // Whoever never saw the newer state can't know.
    let key = team.fingerprint();
    team.run("eve", &["status", "--as", "eve", "--key", &key])
        .exits(0);
}

#[test]
fn a_withdrawal_that_is_taken_away_is_missed() {
    let (team, id) = asked();
    withdraws(&team, "anna", &id).exits(0);
    let file = team.vault().join(format!("requests/{id}.withdrawal"));
    let text = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    team.run("anna", &["status"])
        .exits(4)
        .says("not here any more: withdrawal");
    std::fs::write(&file, text).unwrap();
    team.run("anna", &["status"]).exits(0);
    // Junk under that name was never believed, so nobody misses it.
    let junk = team.vault().join("requests/abcdefa.withdrawal");
    std::fs::write(&junk, "junk").unwrap();
    team.run("anna", &["status"]).exits(0);
    std::fs::remove_file(&junk).unwrap();
    team.run("anna", &["status"]).exits(0);
}

#[test]
fn a_ready_text_is_made_for_each_person_and_for_nobody_else() {
    let (team, id) = asked();
    says_no(&team, "dan", &id, "no").exits(0);
    let texts = team.run("anna", &["status", "--remind"]);
    for who in ["ben", "cleo", "eve"] {
        texts.exits(0).says(&format!("text for {who}:"));
    }
    texts.says(&format!("| or:  quorate decline {id} --because"));
    for who in ["anna", "dan"] {
        assert!(
            !texts.said.contains(&format!("text for {who}:")),
            "{}",
            texts.said
        );
    }
}

#[test]
fn commit_types_the_git_lines() {
    let team = Team::needing(3);
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.current_dir(team.vault())
            .env("HOME", team.home("anna"))
            .args(arguments);
        let output = git.output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "-q"]);
    git(&["config", "user.name", "anna"]);
    git(&["config", "user.email", "anna@example.org"]);
    team.run("anna", &["create", "--as", "anna", "--commit"])
        .exits(0)
        .says("committed: Key: Juniper");
    let identity = team.identity("anna");
    let receipt = [
        "share",
        "receipt",
        "--commit",
        "-i",
        identity.to_str().unwrap(),
    ];
    team.run("anna", &receipt)
        .exits(0)
        .says("committed: Receipts: anna");
    assert_eq!(git(&["status", "--porcelain"]), "");
    assert_eq!(
        git(&["log", "--format=%s"]),
        "Receipts: anna\nKey: Juniper\n"
    );
    // Where git refuses, the command has done its work and says what is left to type.
    std::fs::write(team.vault().join(".git/index.lock"), "").unwrap();
    team.run("anna", &receipt)
        .exits(0)
        .says("not committed")
        .says("next: git add receipts");
}

#[test]
fn a_vault_is_discarded_only_while_nobody_holds_it() {
    let team = Team::needing(3);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    let discard = |digits: &str| {
        let terminal = ScriptedTerminal::new();
        terminal.answer(digits);
        team.run_with(
            "anna",
            &["create", "--discard"],
            &RealFiles::default(),
            &terminal,
        )
    };
    let before = team.snapshot();
    discard("0000").exits(1).says("not discarded");
    team.receipt("ben").exits(0);
    let digits = team.fingerprint()[..4].to_owned();
    discard(&digits).exits(1).says("this vault is in use");
    for path in team
        .snapshot()
        .keys()
        .filter(|path| !before.contains_key(*path))
    {
        std::fs::remove_file(team.vault().join(path)).unwrap();
    }
    assert!(before == team.snapshot());
    // One comes by a pull while the digits are typed.
    let copy = team.copy();
    copy.receipt("ben").exits(0);
    let (from, to) = [&copy, &team]
        .map(|team| team.vault().join("receipts"))
        .into();
    let pull = move || std::fs::rename(from, to).unwrap();
    let terminal = ScriptedTerminal::new();
    terminal.answer_after(pull, &digits);
    let files = RealFiles::default();
    team.run_with("anna", &["create", "--discard"], &files, &terminal)
        .exits(1)
        .says("this vault is in use");
    std::fs::remove_dir_all(team.vault().join("receipts")).unwrap();
    assert!(before == team.snapshot());
    discard(&digits).exits(0).says("discarded");
    assert!(!team.vault().join("vault.toml").exists());
    assert!(!team.vault().join("master.1.age").exists());
    assert!(team.vault().join("team.toml").exists());
}

#[test]
fn who_approves_again_is_told_and_one_of_the_answers_is_enough() {
    let (team, id) = asked();
    let once = team.approves("ben", &id);
    assert!(!once.exits(0).said.contains("approved it already"));
    let first = team.path("first.submission");
    std::fs::rename(team.submission("ben", &id), &first).unwrap();
    team.approves("ben", &id)
        .exits(0)
        .says("You have approved it already.");
    team.approves("cleo", &id).exits(0);
    team.performs(&id, &[&first, &team.submission("cleo", &id)])
        .exits(0);
}

#[test]
fn a_sealed_share_that_is_missing_is_missed_with_the_way_to_get_it() {
    let (team, _) = asked();
    let sealed = "sealed/master.1/ben.age";
    std::fs::remove_file(team.vault().join(sealed)).unwrap();
    team.as_holder("ben", &["share", "verify"])
        .exits(4)
        .says("isn't here")
        .says(&format!("git checkout {sealed}"));
    // Of a key that has ended it may be gone for good.
    team.days_pass(400);
    team.as_holder("ben", &["share", "verify"])
        .exits(1)
        .says("may be destroyed");
}
