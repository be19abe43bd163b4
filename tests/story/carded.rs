//! A holder's card: what is on it, in any language, and that nothing secret is.

use super::team::{Done, Team};
use quorate::world::RealFiles;
use quorate::world::doubles::{FaultyFiles, ScriptedTerminal};
use std::sync::OnceLock;

fn served() -> Team {
    static MADE: OnceLock<Team> = OnceLock::new();
    MADE.get_or_init(|| Team::in_service(3)).copy()
}

/// The holder needs no key for it.
fn card(team: &Team, who: &str, more: &[&str]) -> Done {
    let key = team.fingerprint();
    let known = ["share", "card", "--as", who, "--key", &key];
    team.run(who, &[&known, more].concat())
}

#[test]
fn a_card_says_what_one_holds_whom_to_call_and_what_to_do() {
    let team = served();
    let before = team.snapshot();
    std::fs::remove_file(team.identity("ben")).unwrap();
    let done = card(&team, "ben", &[]);
    done.exits(0)
        .says("Holder's card: ben")
        .says("Story (Juniper) <story@example.org>")
        .says("Any 3 of 5 holders")
        .says("Any 2 of 5 can revoke")
        .says("sealed/master.1/ben.age")
        .says("sealed/revocation.1/ben.age")
        .says("sealed to your age key\n  age1")
        .says("quorate revoke key --live")
        .says("docs/break-glass.md");
    for name in ["anna", "cleo", "dan", "eve"] {
        done.says(&format!("  {name:<14} ____"));
    }
    assert!(!done.said.contains("  ben  "), "{}", done.said);
    // The fingerprint as it is read aloud.
    let digits: String = done.said.split_whitespace().collect();
    assert!(digits.contains(&team.fingerprint()));
    let wide = done.said.lines().find(|line| line.chars().count() > 90);
    assert!(wide.is_none(), "{wide:?}");
    assert!(before == team.snapshot());
    team.holds_no_secret();
}

#[test]
fn a_page_is_written_once_and_has_neither_script_nor_link() {
    let team = served();
    let file = team.path("card.html");
    let arguments = ["--html", file.to_str().unwrap()];
    card(&team, "dan", &arguments)
        .exits(0)
        .says("dan's card; nothing on it is secret");
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
    assert!(page.contains("Story (Juniper) &lt;story@example.org&gt;"));
    for bad in ["<script", "http:", "https:", "src=", "href="] {
        assert!(!page.contains(bad), "{bad}");
    }
    // What lies there isn't overwritten.
    card(&team, "dan", &arguments)
        .exits(1)
        .says("is there already");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), page);
}

#[test]
fn a_team_translates_the_texts_once() {
    let team = served();
    let file = team.path("card.toml");
    let name = file.to_str().unwrap();
    card(&team, "anna", &["--write-texts", name])
        .exits(0)
        .says("to be translated");
    let english = std::fs::read_to_string(&file).unwrap();
    let german = english
        .replacen("language = \"en\"", "language = \"de\"", 1)
        .replacen("Holder's card: {holder}", "Karte für {holder}", 1)
        .replacen("\"Whom to call\"", "\"Wen du anrufst\"", 1);
    std::fs::write(&file, &german).unwrap();
    card(&team, "anna", &["--texts", name])
        .exits(0)
        .says("Karte für anna")
        .says("\nWen du anrufst\n");
    let bad = german.replacen("für {holder}", "für {holdr}", 1);
    std::fs::write(&file, bad).unwrap();
    card(&team, "anna", &["--texts", name])
        .exits(2)
        .says("the nearest known is {holder}");
    let bad = german.replacen("[hold]\ntitle", "[hold]\ntitel", 1);
    std::fs::write(&file, bad).unwrap();
    card(&team, "anna", &["--texts", name])
        .exits(2)
        .says("'hold.titel' is unknown; the nearest known is 'hold.title'")
        .says("'hold.title' is missing; is it 'hold.titel'?");
    for bytes in [&b"\xff\xfe"[..], b"", b"x = 1\n", b"\x1b[2J"] {
        std::fs::write(&file, bytes).unwrap();
        let done = card(&team, "anna", &["--texts", name]);
        done.exits(2).says("can't be used for a card");
        assert!(!done.noted.contains('\u{1b}'));
    }
    std::fs::File::create(&file)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    card(&team, "anna", &["--texts", name])
        .exits(1)
        .says("larger than");
    card(&team, "anna", &["--texts", "nowhere.toml"])
        .exits(1)
        .says("there is no");
}

#[test]
fn a_card_is_made_of_what_the_key_signed_only() {
    let team = served();
    let manifest = team.vault().join("vault.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replacen("story@", "evil@", 1)).unwrap();
    card(&team, "ben", &[]).exits(4);
    std::fs::write(&manifest, &text).unwrap();
    card(&team, "ben", &[]).exits(0);
    card(&team, "frank", &[])
        .exits(2)
        .says("isn't on the roster");
}

#[test]
fn a_full_disk_leaves_no_half_card() {
    let team = served();
    card(&team, "ben", &[]).exits(0);
    let file = team.path("card.html");
    let arguments = ["share", "card", "--html", file.to_str().unwrap()];
    for n in 1.. {
        let files = FaultyFiles::stopping_half_written_at(RealFiles::default(), n);
        let done = team.run_with("ben", &arguments, &files, &ScriptedTerminal::new());
        let whole = std::fs::read_to_string(&file).map(|page| page.ends_with("</html>\n"));
        assert!(whole.is_err() || whole.unwrap_or_default(), "half a page");
        if !files.is_stopped() {
            done.exits(0);
            break;
        }
        let _ = std::fs::remove_file(&file);
    }
}

#[test]
fn a_practice_share_is_printed_after_the_same_question_and_the_real_one_is_not() {
    let team = served();
    let identity = team.identity("ben");
    card(&team, "ben", &[]).exits(0);
    for set in ["master", "revocation"] {
        let arguments = ["share", "practice", "--of", set, "-i"];
        let arguments = [&arguments[..], &[identity.to_str().unwrap()]].concat();
        let terminal = ScriptedTerminal::new();
        terminal.answer("no");
        let done = team.run_with("ben", &arguments, &RealFiles::default(), &terminal);
        done.exits(1).says("not shown").says("PRACTICE share");
        assert!(!done.said.contains("BEGIN QUORATE"));
        let terminal = ScriptedTerminal::new();
        terminal.answer("yes");
        let done = team.run_with("ben", &arguments, &RealFiles::default(), &terminal);
        done.exits(0).says("BEGIN QUORATE PRACTICE SHARE");
        assert!(!done.said.contains("BEGIN QUORATE SHARE"));
    }
    team.as_holder("ben", &["share", "practice", "--of", "both", "--yes"])
        .exits(2)
        .says("master or revocation");
}
