//! A new key every cycle: the successor is made, its holders show that their shares open, the old quorum vouches for
//! it; from the old key to the new one leads a way for a stranger's gpg.

use std::path::PathBuf;

use quorate::openpgp::statement;
use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;
use sequoia_openpgp::cert::Cert;
use sequoia_openpgp::parse::Parse as _;

use super::stock::Stranger;
use super::team::{Done, Team};

/// A team with two cycles in its calendar, in service.
pub fn team(master: u8) -> Team {
    with_a_calendar(Team::needing(master))
}

/// Adds a cycle to a team's calendar, and puts its key in service.
pub fn with_a_calendar(team: Team) -> Team {
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let larch = format!(
        "\"Larch Cycle\" = {}\n[needed]",
        team.now().plus_days(330).day()
    );
    std::fs::write(&config, text.replace("[needed]", &larch)).unwrap();
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    for name in &team.names {
        team.receipt(name).exits(0);
    }
    team
}

pub fn larch(team: &Team) -> PathBuf {
    team.path("larch")
}

/// What a mail program does before it asks gpg (RFC 3156 §5): the part as it came, with lines ending in CR LF.
const TAKES_APART: &str = r#"
import email, email.policy
mail = email.message_from_file(open("announcement.eml"), policy=email.policy.SMTP)
assert mail.get_content_type() == "multipart/signed", mail.get_content_type()
text, signatures = mail.iter_parts()
assert text.get_content_type() == "text/plain"
assert signatures.get_content_type() == "application/pgp-signature"
open("part", "wb").write(text.as_bytes())
open("part.asc", "w").write(signatures.get_payload())
"#;

/// The successor's fingerprint.
pub fn successor(team: &Team) -> String {
    let manifest = std::fs::read_to_string(larch(team).join("vault.toml")).unwrap();
    let line = manifest.lines().find(|l| l.starts_with("fingerprint"));
    line.unwrap().split('"').nth(1).unwrap().to_owned()
}

pub fn rotate(team: &Team) -> Done {
    team.as_holder("anna", &["rotate", "--final"])
}

pub fn receipts(team: &Team) {
    let (key, folder) = (successor(team), larch(team));
    for name in &team.names {
        let identity = team.identity(name);
        let arguments = [
            "share",
            "receipt",
            "--as",
            name,
            "--key",
            &key,
            "-i",
            identity.to_str().unwrap(),
            "--vault",
            folder.to_str().unwrap(),
        ];
        team.run(name, &arguments).exits(0);
    }
}

/// As far as the old quorum's approval.
pub fn asked(team: &Team) -> String {
    rotate(team)
        .exits(0)
        .says("made ../larch")
        .says("practice.1.age sealed succession")
        .says("signed by the new key now");
    rotate(team)
        .exits(3)
        .says("receipts of the new key are missing")
        .says("quorate share receipt --vault ../larch; then");
    receipts(team);
    rotate(team).exits(0).says("succeed").request()
}

pub fn answered(team: &Team, who: &str, id: &str) {
    team.approves(who, id)
        .exits(0)
        .says("succeed")
        .says("a key that this machine knows");
    let submission = team.submission(who, id);
    team.run("anna", &["submit", submission.to_str().unwrap()])
        .exits(0);
}

#[test]
fn a_key_is_succeeded_step_by_step_and_a_stranger_walks_from_the_old_to_the_new() {
    let team = team(2);
    let status = |days| {
        let later = Team::copy_at(&team, team.now().plus_days(days));
        later.as_holder("eve", &["share", "verify"]).exits(0);
        later.run("eve", &["status"])
    };
    let quiet = status(100);
    assert!(!quiet.exits(0).said.contains("ROTATION"));
    status(150).exits(0).says("ROTATION DUE");
    let later = Team::copy_at(&team, team.now().plus_days(150));
    later.as_holder("eve", &["share", "verify"]).exits(0);
    later
        .run("eve", &[])
        .exits(0)
        .says("eve, nothing waits for you")
        .says("  ROTATION DUE: quorate rotate");
    status(180).exits(0).says("ROTATION URGENT");
    let id = asked(&team);
    rotate(&team).exits(3).says("waits for approvals: 1 of 2");
    answered(&team, "ben", &id);
    let done = rotate(&team);
    done.exits(0).says("the old key vouches for the new one");
    // What it has done it doesn't advise.
    assert!(!done.said.contains("quorate rotate puts"), "{}", done.said);
    let status = team.run("ben", &["status"]);
    status
        .exits(0)
        .says(&format!("certified by request {id}"))
        .says("keep this key in custody until it has ended");
    let json = team.run("ben", &["status", "--json"]).exits(0).said.clone();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["successor"], successor(&team).as_str());
    assert!(json["last_drill"].is_null());
    // Said again, without harm.
    rotate(&team).exits(0).says("announcement.asc");
    team.verifies();

    let out = |name: &str| team.vault().join("out").join(name);
    let file = |key: &str| out(&format!("0x{}.asc", key.to_lowercase()));
    let (old, new) = (team.fingerprint(), successor(&team));
    let stranger = Stranger::new();
    stranger.imports(&file(&old)).imports(&file(&new));
    let checked = stranger.gpg(&["--check-sigs", "--with-colons", &new]);
    let by_old = |line: &str| line.starts_with("sig:!") && line.contains(&old[24..]);
    assert!(checked.lines().any(by_old), "{checked}");
    let checked = stranger.gpg(&["--check-sigs", "--with-colons", &old]);
    let by_new = |line: &str| line.starts_with("sig:!") && line.contains(&new[24..]);
    assert!(checked.lines().any(by_new), "{checked}");
    let announcement = out("announcement.asc");
    let verified = stranger.gpg(&["--status-fd=1", "--verify", announcement.to_str().unwrap()]);
    let good = |key: &str| {
        let valid = format!("[GNUPG:] VALIDSIG {key}");
        verified
            .lines()
            .filter(|line| line.starts_with(&valid))
            .count()
    };
    assert_eq!((good(&old), good(&new)), (1, 1), "{verified}");
    let text = std::fs::read_to_string(larch(&team).join("succession/announcement.txt")).unwrap();
    assert!(statement::is_plain(text.trim_end()));
    assert!(text.contains("Larch Cycle"));
    let mail = |file: &str, subject: &str, more: &[&str]| {
        let file = team.vault().join(file);
        let to = team.path("announcement.eml");
        let arguments = [
            "publish",
            "mail",
            file.to_str().unwrap(),
            "--from",
            "Infra <infra@example.org>",
            "--to",
            "users@example.org",
            "--subject",
            subject,
            "--out",
            to.to_str().unwrap(),
        ];
        let done = team.run("anna", &[&arguments[..], more].concat());
        (done, std::fs::read_to_string(to))
    };
    let (done, none) = mail("vault.toml", "Our new key", &[]);
    done.exits(2).says("no cleartext-signed text");
    assert!(none.is_err());
    let (done, none) = mail(
        "out/announcement.asc",
        "Our new key\nBcc: eve@example.org",
        &[],
    );
    done.exits(2).says("nothing was written");
    assert!(none.is_err());
    let (done, message) = mail("out/announcement.asc", "Our new key", &[]);
    done.exits(0).says("the signed text in it is unchanged");
    let message = message.unwrap();
    let (head, body) = message.split_once("\n\n").unwrap();
    assert!(head.contains("Subject: Our new key"), "{head}");
    assert_eq!(body, std::fs::read_to_string(&announcement).unwrap());
    // As PGP/MIME: what another program takes out of it has both signatures, too.
    let (done, message) = mail("out/announcement.asc", "Our new key", &["--mime"]);
    done.exits(0).says("both parts");
    assert!(message.unwrap().contains("micalg=pgp-sha512"));
    let taken = std::process::Command::new("python3")
        .args(["-c", TAKES_APART])
        .current_dir(team.path(""))
        .output()
        .unwrap();
    assert!(taken.status.success(), "{taken:?}");
    let (part, signatures) = (team.path("part"), team.path("part.asc"));
    let verifies = |part: &std::path::Path| {
        let verify = [
            "--status-fd=1",
            "--verify",
            signatures.to_str().unwrap(),
            part.to_str().unwrap(),
        ];
        stranger.gpg(&verify)
    };
    let verified = verifies(&part);
    for key in [&old, &new] {
        assert!(
            verified.contains(&format!("[GNUPG:] VALIDSIG {key}")),
            "{verified}"
        );
    }
    let taken = std::fs::read_to_string(&part).unwrap();
    std::fs::write(&part, taken.replace("Larch Cycle", "Larch cycle")).unwrap();
    assert!(!verifies(&part).contains("VALIDSIG"));

    // The new vault keeps what the old key said, so that whatever leaves it later has it.
    let new_vault = larch(&team);
    let folder = new_vault.to_str().unwrap();
    let kept = std::fs::read(new_vault.join("succession/certified.asc")).unwrap();
    let linked = team.path("linked");
    std::fs::create_dir(&linked).unwrap();
    for key in [&old, &new] {
        std::fs::copy(file(key), linked.join(format!("{key}.asc"))).unwrap();
    }
    // The certification is dated a second after the newest signature of the old key.
    Team::copy_at(&team, team.now().plus_days(1))
        .run("anna", &["lineage", linked.to_str().unwrap()])
        .exits(0);
    team.run("anna", &["verify", "--vault", folder, "--key", &new])
        .exits(0)
        .says("GENUINE");
    // What somebody puts in its place, or in its predecessor's, is called by its name and goes nowhere.
    let stranger_by = std::fs::read(new_vault.join("succession/predecessor.asc")).unwrap();
    std::fs::write(new_vault.join("succession/certified.asc"), &stranger_by).unwrap();
    team.run("anna", &["verify", "--vault", folder, "--key", &new])
        .exits(4)
        .says("succession/certified.asc");
    std::fs::write(new_vault.join("succession/certified.asc"), &kept).unwrap();
    std::fs::write(new_vault.join("succession/predecessor.asc"), &kept).unwrap();
    team.run("anna", &["verify", "--vault", folder, "--key", &new])
        .exits(4)
        .says("succession/predecessor.asc");
    rotate(&team)
        .exits(4)
        .says("is not what the new key signed");
    std::fs::write(new_vault.join("succession/predecessor.asc"), &stranger_by).unwrap();
    // The old vault knows its successor, and makes no second one.
    let another = team.path("another");
    std::fs::create_dir_all(another.join("keys")).unwrap();
    for name in &team.names {
        let key = format!("keys/{name}.age");
        std::fs::copy(team.vault().join(&key), another.join(&key)).unwrap();
    }
    std::fs::copy(team.vault().join("team.toml"), another.join("team.toml")).unwrap();
    let arguments = [
        "create",
        "--as",
        "anna",
        "--cycle",
        "Larch Cycle",
        "--final",
        "--succeeds",
        team.vault().to_str().unwrap(),
        "--vault",
        another.to_str().unwrap(),
    ]
    .map(str::to_owned);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    team.run("anna", &arguments)
        .exits(1)
        .says("has a successor already");
}

#[test]
fn an_announcement_that_is_not_final_makes_nothing() {
    let team = team(2);
    let terminal = ScriptedTerminal::new();
    terminal.answer("no");
    let identity = team.identity("anna");
    let arguments = ["rotate", "-i", identity.to_str().unwrap()];
    team.run_with("anna", &arguments, &RealFiles::default(), &terminal)
        .exits(1)
        .says("not final yet");
    assert!(!larch(&team).join("vault.toml").exists());
    // The team's own words, and what can't be signed in them.
    std::fs::create_dir(team.vault().join("texts")).unwrap();
    let template = team.vault().join("texts/announcement.txt");
    for (text, what) in [
        ("a \n", "blank"),
        ("a\tb\n", "tab"),
        ("a\r\nb\n", "control"),
        ("{new-user-idd}\n", "{new-user-id} is"),
        ("\u{ff}{", "brace"),
    ] {
        std::fs::write(&template, text).unwrap();
        rotate(&team).exits(2).says(what);
    }
    std::fs::write(&template, b"\xff\xfe").unwrap();
    rotate(&team).exits(2).says("UTF-8");
    assert!(!larch(&team).join("vault.toml").exists());
    std::fs::write(&template, "From {old-fingerprint}\nto {new-fingerprint}\n").unwrap();
    rotate(&team).exits(2).says("From ");
    std::fs::write(&template, "Old {old-fingerprint}\nnew {new-fingerprint}\n").unwrap();
    rotate(&team).exits(0);
    let signed = std::fs::read(larch(&team).join("succession/announcement.asc")).unwrap();
    let new = Cert::from_bytes(&certificate_in(&larch(&team))).unwrap();
    let (text, _) = statement::signed_by(&signed, new.primary_key().key()).unwrap();
    let groups = new.fingerprint().to_spaced_hex();
    assert!(text.contains(&groups), "{text}\n{groups}");
}

fn certificate_in(vault: &std::path::Path) -> Vec<u8> {
    let manifest = std::fs::read_to_string(vault.join("vault.toml")).unwrap();
    let begin = manifest.find("-----BEGIN PGP PUBLIC KEY BLOCK").unwrap();
    let end = manifest.find("-----END PGP PUBLIC KEY BLOCK-----").unwrap() + 35;
    manifest.as_bytes()[begin..end].to_vec()
}

#[test]
fn an_old_key_that_has_ended_says_what_is_still_possible() {
    let team = team(2);
    let later = Team::copy_at(&team, team.now().plus_days(400));
    later
        .as_holder("anna", &["rotate", "--final"])
        .exits(1)
        .says("has expired");
    let digits = team.fingerprint()[..4].to_owned();
    let opened = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = opened.exits(0).request();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    rotate(&team)
        .exits(1)
        .says("is revoked")
        .says("without --succeeds");
    // Also where the calendar is at its end.
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let lines = text.lines().filter(|line| !line.contains("Larch"));
    std::fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
    rotate(&team).exits(1).says("is revoked");
}

#[test]
fn a_calendar_without_a_next_cycle_and_a_folder_of_another_key_are_named() {
    let team = Team::in_service(2);
    rotate(&team)
        .exits(2)
        .says("names no cycle after this key's");
    let other = Team::in_service(2);
    team.as_holder(
        "anna",
        &["rotate", "--successor", other.vault().to_str().unwrap()],
    )
    .exits(2);
}

#[test]
fn of_two_successors_on_two_clones_one_is_certified() {
    let team = team(2);
    let clone = team.copy();
    let first = asked(&team);
    let second = asked(&clone);
    // Both requests meet in one vault.
    for folder in ["requests", "approvals"] {
        for entry in std::fs::read_dir(clone.vault().join(folder)).unwrap() {
            let entry = entry.unwrap();
            let there = team.vault().join(folder).join(entry.file_name());
            std::fs::copy(entry.path(), there).unwrap();
        }
    }
    answered(&team, "ben", &first);
    rotate(&team).exits(0);
    let words = clone.words(&second);
    let approve = ["approve", &second, "--way", "voice", "--words", &words];
    team.as_holder("cleo", &approve)
        .exits(3)
        .says("another state of the key");
    let twin = larch(&clone);
    team.as_holder("anna", &["rotate", "--successor", twin.to_str().unwrap()])
        .exits(2);
}

#[test]
fn a_key_that_has_ended_is_taken_apart_and_stays_readable() {
    let team = Team::in_service(2);
    team.as_holder("anna", &["retire"])
        .exits(0)
        .says("let it expire");
    team.as_holder("anna", &["retire", "--destroyed"])
        .exits(2)
        .says("the key lives until");
    team.as_holder("anna", &["retire", "--clear", "--yes"])
        .exits(2);
    let later = Team::copy_at(&team, team.now().plus_days(400));
    let key = later.fingerprint();
    let status = || later.run("dan", &["status", "--as", "dan", "--key", &key]);
    status().exits(0).says("next           quorate retire");
    for name in &later.names {
        later
            .as_holder(name, &["retire", "--destroyed"])
            .exits(0)
            .says("each known copy");
    }
    later
        .run("anna", &["retire"])
        .exits(0)
        .says("5 of 5")
        .says("quorate retire --clear");
    later
        .run("anna", &["retire", "--clear", "--yes"])
        .exits(0)
        .says("11 files");
    later
        .run("anna", &["retire"])
        .exits(0)
        .says("nothing is left to do");
    status().exits(0).says("have nothing to do");
    assert!(!later.vault().join("master.1.age").exists());
    let sealed = later.vault().join("sealed/master.1/anna.age");
    assert!(!sealed.exists());
    let verified = later.run("eve", &["verify", "--key", &key]);
    verified
        .exits(0)
        .says("10 destructions")
        .says("11 of its secret files were taken away");
}
