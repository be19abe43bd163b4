//! What belongs to a request and comes to a drill, or the other way round; and what is false.

use super::{drilled, opened, two};
use crate::team::Team;
use quorate::ceremony::asked::{Asked, Form};
use quorate::ceremony::drill::VerifiedDrill;
use quorate::ceremony::submission;
use quorate::ceremony::verified::VerifiedRequest;
use quorate::session::drill::{DrillJob, drill};
use quorate::session::refusal::Refusal;
use quorate::vault::record::Digest;
use quorate::world::Timestamp;
use quorate_share::{Kind, SetId};
use std::path::PathBuf;

/// A submission to a drill by `who` with a share text of the test's choosing.
fn forged(team: &Team, id: &str, who: &str, share: &str) -> PathBuf {
    let answer = std::fs::read(team.vault().join(format!("drills/{id}-{who}.answer"))).unwrap();
    let key = opened(team, who, "master").holder_key;
    let file = submission::make(&team.verified_drill(id), &answer, share, &key).unwrap();
    let path = team.drill_submission(who, id);
    std::fs::write(&path, file).unwrap();
    path
}

/// What asks, with answers encrypted to somebody else's one-time recipient.
struct Redirected<'a, A>(&'a A, &'a str);

impl<A: Asked> Asked for Redirected<'_, A> {
    fn form(&self) -> &'static Form {
        self.0.form()
    }
    fn vault(&self) -> [u8; 16] {
        self.0.vault()
    }
    fn digest(&self) -> Digest {
        self.0.digest()
    }
    fn opener(&self) -> &quorate::roster::name::Name {
        self.0.opener()
    }
    fn kind(&self) -> Kind {
        self.0.kind()
    }
    fn set(&self) -> SetId {
        self.0.set()
    }
    fn opened(&self) -> Timestamp {
        self.0.opened()
    }
    fn closes(&self) -> Timestamp {
        self.0.closes()
    }
    fn one_time(&self) -> &str {
        self.1
    }
}

#[test]
fn a_real_share_sent_to_a_drill_is_refused_and_named() {
    let (team, id) = drilled();
    forged(
        &team,
        &id,
        "ben",
        &opened(&team, "ben", "master").share_text,
    );
    let (ben, cleo) = two(&team, &id);
    let before = team.all_but_attempts();
    team.performs_the_drill(&id, &[&ben, &cleo])
        .exits(3)
        .says("ben      answered   A REAL SHARE")
        .says("ben sent a REAL share to a drill")
        .says("2 of 3 true practice shares");
    team.verifies()
        .says("true: cleo, anna; REAL, in a drill: ben");
    assert!(before == team.all_but_attempts());
    team.answers_the_drill("dan", &id).exits(0);
    let dan = team.drill_submission("dan", &id);
    team.performs_the_drill(&id, &[&ben, &cleo, &dan])
        .exits(0)
        .says("with anna, cleo, dan");
    let minutes = team.vault().join(format!("drills/{id}.minutes"));
    let minutes = std::fs::read_to_string(minutes).unwrap();
    assert!(minutes.contains("\nrefused: ben\n"), "{minutes}");
    // Ben's public answer is no word that he took part.
    team.run("anna", &["drill", "list"])
        .says("never yet: ben, eve");
}

#[test]
fn practice_shares_of_another_seat_set_or_vault_are_false() {
    let (team, id) = drilled();
    let other = Team::in_service(3);
    for share in [
        opened(&team, "cleo", "master").practice_text,
        opened(&team, "ben", "revocation").practice_text,
        opened(&other, "ben", "master").practice_text,
    ] {
        forged(&team, &id, "ben", &share);
        let (ben, cleo) = two(&team, &id);
        team.performs_the_drill(&id, &[&ben, &cleo])
            .exits(3)
            .says("PRACTICE SHARE FALSE")
            .says("ask ben to run: quorate share verify");
    }
}

#[test]
fn an_answer_to_a_request_is_none_to_a_drill_and_the_other_way_round() {
    let (team, drill_id) = drilled();
    let request_id = team.opens();
    team.approves("ben", &request_id).exits(0);
    team.approves("cleo", &request_id).exits(0);
    let real = team.submission("ben", &request_id);
    let (ben, cleo) = two(&team, &drill_id);
    // As they were sent, neither opens at the other.
    let before = team.all_but_attempts();
    team.performs_the_drill(&drill_id, &[&real, &cleo])
        .exits(3)
        .says("can't be opened");
    team.performs(&request_id, &[&ben, &cleo])
        .exits(3)
        .says("can't be opened");
    // Encrypted anew to the other's key by a holder who wants to know.
    let (drill, request) = (
        team.verified_drill(&drill_id),
        team.verified_request(&request_id),
    );
    let own = opened(&team, "ben", "master");
    let answer = format!("drills/{drill_id}-ben.answer");
    let answer = std::fs::read(team.vault().join(answer)).unwrap();
    let approval = format!("approvals/{request_id}-ben.approval");
    let approval = std::fs::read(team.vault().join(approval)).unwrap();
    let file = team.path("over.submission");
    for share in [&own.share_text, &own.practice_text] {
        let to_drill = Redirected(&request, drill.one_time());
        let bytes = submission::make(&to_drill, &approval, share, &own.holder_key).unwrap();
        std::fs::write(&file, bytes).unwrap();
        team.performs_the_drill(&drill_id, &[&file, &cleo])
            .exits(3)
            .says("no drill-submission");
        let to_request = Redirected(&drill, request.one_time());
        let bytes = submission::make(&to_request, &answer, share, &own.holder_key).unwrap();
        std::fs::write(&file, bytes).unwrap();
        let real = team.submission("cleo", &request_id);
        team.performs(&request_id, &[&file, &real])
            .exits(3)
            .says("no submission");
        // The public part of one in the form of the other.
        let bytes = submission::make(&drill, &approval, share, &own.holder_key).unwrap();
        std::fs::write(&file, bytes).unwrap();
        team.performs_the_drill(&drill_id, &[&file, &cleo])
            .exits(3)
            .says("no drill-answer");
        let bytes = submission::make(&request, &answer, share, &own.holder_key).unwrap();
        std::fs::write(&file, bytes).unwrap();
        team.performs(&request_id, &[&file, &real])
            .exits(3)
            .says("no approval");
    }
    assert!(before == team.all_but_attempts());
    // The commands don't cross either.
    team.run("anna", &["perform", &drill_id])
        .exits(2)
        .says("it is a drill");
    team.performs_the_drill(&request_id, &[])
        .exits(2)
        .says("a real request");
}

#[test]
fn a_record_of_one_kind_is_not_taken_for_the_other() {
    let (team, drill_id) = drilled();
    let request_id = team.opens();
    let drill = std::fs::read_to_string(team.drill_file(&drill_id)).unwrap();
    let request = team.vault().join(format!("requests/{request_id}.request"));
    let text = std::fs::read_to_string(&request).unwrap();
    let manifest = team.manifest();
    // As it stands, and with the other's first line.
    let as_request = drill.replacen("quorate drill 1", "quorate request 1", 1);
    for file in [&drill, &as_request] {
        assert!(VerifiedRequest::read(file.as_bytes(), manifest.manifest()).is_err());
    }
    let as_drill = text.replacen("quorate request 1", "quorate drill 1", 1);
    for file in [&text, &as_drill] {
        assert!(VerifiedDrill::read(file.as_bytes(), manifest.manifest()).is_err());
        std::fs::write(team.drill_file(&request_id), file).unwrap();
        // With another first line it names another set, which no drill asks.
        let code = team.performs_the_drill(&request_id, &[]).code;
        assert!(code == 3 || code == 4, "{code}");
        let key = team.fingerprint();
        team.run("eve", &["verify", "--key", &key]).exits(4);
    }
}

#[test]
fn answers_to_an_earlier_drill_are_none_to_the_next() {
    let (team, first) = drilled();
    let (ben, cleo) = two(&team, &first);
    team.performs_the_drill(&first, &[&ben, &cleo]).exits(0);
    team.days_pass(1);
    let next = team.opens_a_drill("master");
    team.performs_the_drill(&next, &[&ben, &cleo])
        .exits(3)
        .says("can't be opened")
        .says("1 of 3");
    // Encrypted anew by who has opened the earlier ones.
    let (old, new) = (team.verified_drill(&first), team.verified_drill(&next));
    let answer = std::fs::read(team.vault().join(format!("drills/{first}-ben.answer"))).unwrap();
    let own = opened(&team, "ben", "master");
    let again = Redirected(&old, new.one_time());
    let bytes = submission::make(&again, &answer, &own.practice_text, &own.holder_key).unwrap();
    std::fs::write(&ben, bytes).unwrap();
    team.performs_the_drill(&next, &[&ben, &cleo])
        .exits(3)
        .says("an answer to another request");
}

#[test]
fn the_worker_opens_no_other_file_in_a_drill() {
    let (team, id) = drilled();
    let read = |name: &str| std::fs::read(team.vault().join(name)).unwrap();
    let (manifest, record) = (read("vault.toml"), read(&format!("drills/{id}.drill")));
    for file in ["master.1.age", "revocation.1.age"] {
        let practice_file = read(file);
        let job = DrillJob {
            pin: team.fingerprint().parse().unwrap(),
            now: team.now(),
            manifest: &manifest,
            drill: &record,
            practice_file: &practice_file,
            identity: b"",
            submissions: Vec::new(),
        };
        let failure = drill(&job).err().unwrap();
        assert_eq!(failure.refusal, Refusal::KeyFile);
    }
    // The front end says the same in words.
    std::fs::copy(
        team.vault().join("master.1.age"),
        team.vault().join("practice.1.age"),
    )
    .unwrap();
    let (ben, cleo) = two(&team, &id);
    team.performs_the_drill(&id, &[&ben, &cleo])
        .exits(4)
        .says("practice file is not the one");
}
