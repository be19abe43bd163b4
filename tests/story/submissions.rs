//! What arrives: true, false, twice, quoted, cut, for another request.

use super::team::Team;
use quorate::ceremony::submission;
use quorate::ceremony::verified::VerifiedRequest;
use quorate::roster::opening::{AgeIdentity, IdentityFile};
use quorate::roster::sealed_share::SealedShare;
use quorate::vault::manifest::SignedManifest;
use std::path::PathBuf;
use std::sync::OnceLock;

/// A team in service and an open request with ben's and cleo's answers, made once and copied.
fn asked() -> (Team, String) {
    static MADE: OnceLock<(Team, String)> = OnceLock::new();
    let (team, id) = MADE.get_or_init(|| {
        let team = Team::in_service(3);
        let id = team.opens();
        team.approves("ben", &id).exits(0);
        team.approves("cleo", &id).exits(0);
        (team, id)
    });
    let copy = team.copy();
    // Anna's memory of the folder is made anew.
    copy.run(
        "anna",
        &["status", "--as", "anna", "--key", &copy.fingerprint()],
    )
    .exits(0);
    (copy, id.clone())
}

/// Opens a holder's sealed share, as the holder could with any program.
fn opened(team: &Team, who: &str, set: &str) -> SealedShare {
    let file = std::fs::read(team.identity(who)).unwrap();
    let IdentityFile::Open(identity) = AgeIdentity::from_file(&file).unwrap() else {
        panic!("an identity in the clear")
    };
    let sealed = std::fs::read(team.vault().join(format!("sealed/{set}.1/{who}.age"))).unwrap();
    SealedShare::parse(&identity.open(&sealed, 1 << 16).unwrap()).unwrap()
}

/// A submission by `who` with a share text of the test's choosing.
pub fn forged(team: &Team, id: &str, who: &str, share: &str) -> PathBuf {
    let manifest = std::fs::read(team.vault().join("vault.toml")).unwrap();
    let manifest = SignedManifest::read_unpinned(&manifest).unwrap();
    let request = std::fs::read(team.vault().join(format!("requests/{id}.request"))).unwrap();
    let request = VerifiedRequest::read(&request, manifest.manifest()).unwrap();
    let approval =
        std::fs::read(team.vault().join(format!("approvals/{id}-{who}.approval"))).unwrap();
    let own = opened(team, who, "master");
    let file = submission::make(&request, &approval, share, &own.holder_key).unwrap();
    let path = team.submission(who, id);
    std::fs::write(&path, file).unwrap();
    path
}

#[test]
fn too_few_submissions_change_nothing_but_that_they_are_told() {
    let (team, id) = asked();
    let before = team.all_but_attempts();
    let done = team.performs(&id, &[&team.submission("ben", &id)]);
    done.exits(3)
        .says("2 of 3 true shares")
        .says("missing: 1 of cleo, dan, eve");
    assert!(before == team.all_but_attempts());
    team.performs(
        &id,
        &[&team.submission("ben", &id), &team.submission("cleo", &id)],
    )
    .exits(0);
}

#[test]
fn the_same_holder_counts_once() {
    let (team, id) = asked();
    let ben = team.submission("ben", &id);
    let again = team.path("again.submission");
    std::fs::copy(&ben, &again).unwrap();
    let done = team.performs(&id, &[&ben, &again]);
    done.exits(3)
        .says("2 of 3 true shares")
        .says("counted once");
}

#[test]
fn a_false_share_is_left_out_and_its_holder_named() {
    let (team, id) = asked();
    team.approves("dan", &id).exits(0);
    let practice = opened(&team, "ben", "master").practice_text;
    forged(&team, &id, "ben", &practice);
    let files = ["ben", "cleo", "dan"].map(|who| team.submission(who, &id));
    let files: Vec<_> = files.iter().map(PathBuf::as_path).collect();
    let done = team.performs(&id, &files);
    done.exits(0)
        .says("SHARE FALSE")
        .says("ask ben to run: quorate share verify");
    team.verifies();
    let minutes =
        std::fs::read_to_string(team.vault().join(format!("minutes/{id}.minutes"))).unwrap();
    assert!(
        minutes.contains("\nrefused: ben\n") && minutes.contains("\nused: anna cleo dan\n"),
        "{minutes}"
    );
}

#[test]
fn who_sends_a_false_share_and_then_the_true_one_counts() {
    let (team, id) = asked();
    team.approves("ben", &id).exits(0);
    let (sent, good) = (team.submission("ben", &id), team.path("good.submission"));
    std::fs::copy(&sent, &good).unwrap();
    forged(
        &team,
        &id,
        "ben",
        &opened(&team, "ben", "master").practice_text,
    );
    // Neither approval has come by git.
    let approval = team.vault().join(format!("approvals/{id}-ben.approval"));
    std::fs::remove_file(approval).unwrap();
    let cleo = team.submission("cleo", &id);
    team.performs(&id, &[&sent, &good, &cleo])
        .exits(0)
        .says("SHARE FALSE")
        .says("ben      approved   share true");
    team.verifies().says("0 bad");
}

#[test]
fn shares_of_another_kind_seat_or_vault_are_false() {
    let (team, id) = asked();
    let other = Team::in_service(3);
    let shares = [
        opened(&team, "ben", "master").practice_text,
        opened(&team, "ben", "revocation").share_text,
        opened(&team, "cleo", "master").share_text,
        opened(&other, "ben", "master").share_text,
    ];
    for share in shares {
        forged(&team, &id, "ben", &share);
        let before = team.all_but_attempts();
        let files = ["ben", "cleo"].map(|who| team.submission(who, &id));
        let done = team.performs(&id, &[&files[0], &files[1]]);
        done.exits(3)
            .says("SHARE FALSE: it isn't the one dealt to ben");
        assert!(before == team.all_but_attempts());
    }
}

#[test]
fn a_share_text_that_can_not_be_read_is_refused_without_being_shown() {
    let (team, id) = asked();
    let share = opened(&team, "ben", "master").share_text;
    let damaged = share.replacen("01 ", "01 q", 1);
    for text in ["", "x", &share[..share.len() / 2], &damaged] {
        forged(&team, &id, "ben", text);
        let done = team.performs(
            &id,
            &[&team.submission("ben", &id), &team.submission("cleo", &id)],
        );
        done.exits(3).says("refused");
        let secret = share.lines().find(|line| line.starts_with("02 ")).unwrap();
        assert!(!done.noted.contains(secret) && !done.said.contains(secret));
    }
}

#[test]
fn a_submission_for_another_request_is_left_out() {
    let (team, id) = asked();
    let other = team.opens();
    let ben = team.submission("ben", &id);
    team.performs(&other, &[&ben])
        .exits(3)
        .says("for another request, or damaged");
}

#[test]
fn what_mail_does_to_a_submission_is_harmless_and_what_damages_it_is_named() {
    let (team, id) = asked();
    let ben = team.submission("ben", &id);
    let cleo = team.submission("cleo", &id);
    let text = std::fs::read_to_string(&ben).unwrap();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let damaged: [Vec<u8>; 6] = [
        Vec::new(),
        b"hello".to_vec(),
        text.as_bytes()[..text.len() / 2].to_vec(),
        utf16,
        vec![0; 1000],
        vec![b'A'; 200 << 10],
    ];
    let before = team.all_but_attempts();
    for bytes in damaged {
        std::fs::write(&ben, &bytes).unwrap();
        team.performs(&id, &[&ben, &cleo]).exits(3).says("left out");
        assert!(before == team.all_but_attempts());
    }
    // 100 MB that take no room on the disk.
    std::fs::File::create(&ben)
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    team.performs(&id, &[&ben, &cleo]).exits(3).says("left out");
    let quoted = text
        .lines()
        .map(|line| format!("> {line}\r\n"))
        .collect::<String>();
    let mail = format!("Hello anna,\r\n\r\n{quoted}\r\n{text}\n-- \nben\n");
    let indented = text
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect::<String>();
    for harmless in [mail, indented, text.replace('\n', "\r\n")] {
        let copy = team.copy();
        copy.run(
            "anna",
            &["status", "--as", "anna", "--key", &copy.fingerprint()],
        )
        .exits(0);
        std::fs::write(copy.submission("ben", &id), harmless).unwrap();
        copy.performs(
            &id,
            &[&copy.submission("ben", &id), &copy.submission("cleo", &id)],
        )
        .exits(0);
    }
}

#[test]
fn an_unknown_file_or_request_is_a_sentence() {
    let (team, id) = asked();
    team.performs(&id, &[&team.path("nothing")])
        .exits(2)
        .says("there is no");
    team.performs("ffffffff", &[])
        .exits(2)
        .says("there is no request")
        .says("next: git pull");
    team.performs(&id[..3], &[])
        .exits(2)
        .says("its first four digits");
    team.run(
        "cleo",
        &["perform", &id, "--key", &team.fingerprint(), "--as", "cleo"],
    )
    .exits(2)
    .says("isn't on this machine");
}
