//! The good way, and who may go it.

use super::changed::carried_out;
use super::team::Team;
use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;

#[test]
fn three_of_five_certify_and_everybody_can_check_it() {
    let team = Team::in_service(3);
    let id = team.opens();
    team.approves("ben", &id).exits(0).says("2 of 3 needed");
    team.approves("dan", &id).exits(0).says("3 of 3 needed");
    let done = team.performs(
        &id,
        &[&team.submission("ben", &id), &team.submission("dan", &id)],
    );
    done.exits(0)
        .says("1 signature; it is the approved draft with its value filled in");
    team.verifies().says("approved by anna, ben, dan");
    team.holds_no_secret();
    assert!(team.vault().join("out/target.asc").exists());
}

#[test]
fn a_key_under_an_address_of_this_one_is_not_certified_by_accident() {
    let team = Team::in_service(2);
    let own = team.target("story");
    let before = team.snapshot();
    team.as_holder("anna", &["certify", &own])
        .exits(2)
        .says("is under an address of this key")
        .says("quorate rotate");
    let other = team.target("helper");
    team.as_holder(
        "anna",
        &["certify", &other, "--notation", "successor@quorate=1"],
    )
    .exits(2)
    .says("quorate rotate");
    assert_eq!(team.snapshot(), before);
    // An address that the key gets later: who compares the older request is told.
    let asked = team.as_holder("anna", &["certify", &other]);
    let id = asked.exits(0).request();
    let shown = |who: &str| team.run(who, &["show", &id]).exits(0).said.clone();
    assert!(!shown("ben").contains("SUCCESSOR"));
    carried_out(&team, &["uid", "add", "Story <helper@example.org>"]);
    assert!(
        shown("ben")
            .contains("UNDER AN ADDRESS OF THIS KEY: THE WORLD WOULD TAKE IT FOR A SUCCESSOR")
    );
}

#[test]
fn a_request_carried_out_already_gives_its_recorded_result() {
    let team = Team::in_service(2);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    let before = team.snapshot();
    std::fs::remove_file(team.vault().join("out/target.asc")).unwrap();
    team.performs(&id, &[]).exits(0).says("carried out already");
    assert!(before == team.snapshot());
    let arguments = ["approve", &id, "--as", "cleo", "--key", &team.fingerprint()];
    team.run("cleo", &arguments)
        .exits(1)
        .says("carried out already");
}

#[test]
fn nothing_can_be_asked_before_every_receipt_is_there() {
    let team = Team::needing(3);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    for who in ["anna", "ben", "cleo", "dan"] {
        team.receipt(who).exits(0);
    }
    let before = team.snapshot();
    let target = team.target("t.asc");
    team.run("anna", &["certify", &target])
        .exits(3)
        .says("missing: eve");
    assert!(before == team.snapshot());
    team.receipt("eve").exits(0).says("the last receipt");
}

#[test]
fn a_request_closes_after_its_days() {
    let team = Team::in_service(2);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let submission = team.submission("ben", &id);
    team.days_pass(8);
    let before = team.all_but_attempts();
    team.performs(&id, &[&submission])
        .exits(3)
        .says("closed at");
    team.run("cleo", &["show", &id, "--key", &team.fingerprint()])
        .exits(0)
        .says("closed");
    assert!(before == team.all_but_attempts());
}

#[test]
fn other_words_are_refused_and_it_is_not_said_which() {
    let team = Team::in_service(2);
    let id = team.opens();
    let before = team.snapshot();
    let words = team.words(&id);
    let mut typed: Vec<&str> = words.split_whitespace().collect();
    typed[3] = if typed[3] == "zoo" { "zone" } else { "zoo" };
    let approve = |typed: &[&str]| {
        let words = typed.join(" ");
        team.as_holder("ben", &["approve", &id, "--way", "room", "--words", &words])
    };
    let done = approve(&typed);
    done.exits(4).says("your share was not opened");
    assert!(!done.noted.contains("zoo"));
    approve(&typed[..7])
        .exits(2)
        .says("eight words are needed, 7 were typed");
    assert!(before == team.snapshot());
}

#[test]
fn the_words_are_printed_on_the_openers_machine_only() {
    let team = Team::in_service(2);
    let id = team.opens();
    let key = team.fingerprint();
    team.run("ben", &["show", &id, "--words", "--key", &key])
        .exits(2)
        .says("anna's machine only");
}

#[test]
fn at_first_use_the_fingerprint_is_asked_for_and_remembered() {
    let team = Team::in_service(2);
    let eve = team.copy();
    let _ = std::fs::remove_dir_all(eve.home("eve").join(".local"));
    eve.run("eve", &["status"])
        .exits(2)
        .says("for the first time");
    let terminal = ScriptedTerminal::new();
    terminal.answer("no");
    eve.run_with("eve", &["status"], &RealFiles::default(), &terminal)
        .exits(1);
    let terminal = ScriptedTerminal::new();
    terminal.answer("yes");
    eve.run_with("eve", &["status"], &RealFiles::default(), &terminal)
        .exits(0)
        .says("IN SERVICE");
    eve.run("eve", &["status"]).exits(0);
    // Another vault in the same folder is noticed.
    let other = Team::in_service(2);
    let (from, to) = (other.vault(), eve.vault());
    std::fs::copy(from.join("vault.toml"), to.join("vault.toml")).unwrap();
    eve.run("eve", &["status"])
        .exits(4)
        .says("another key than this machine knows");
}

#[test]
fn status_tells_programs_and_people_whose_turn_it_is() {
    let team = Team::in_service(2);
    let id = team.opens();
    let key = team.fingerprint();
    let done = team.run("ben", &["status", "--json", "--as", "ben", "--key", &key]);
    let json: serde_json::Value = serde_json::from_str(&done.exits(0).said).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["key"]["state"], "in-service");
    assert_eq!(json["requests"][0]["id"], id.as_str());
    assert_eq!(json["requests"][0]["approved"][0], "anna");
    assert_eq!(json["my_turn"], true);
    assert_eq!(json["next"], serde_json::json!(["quorate", "approve", id]));
    // The schema names the same fields, no more and no fewer.
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/status.schema.json")).unwrap();
    let fields = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let described = &schema["properties"];
    assert_eq!(fields(&json), fields(described));
    assert_eq!(
        fields(&json["key"]),
        fields(&described["key"]["properties"])
    );
    let items = |name: &str| fields(&described[name]["items"]["properties"]);
    assert_eq!(fields(&json["requests"][0]), items("requests"));
    assert_eq!(fields(&json["share_sets"][0]), items("share_sets"));
    team.run("ben", &[]).exits(0).says("it is your turn");
}

#[test]
fn a_thousand_packets_of_a_certificate_stay_as_they_are() {
    use openpgp::packet::Packet;
    use openpgp::packet::signature::SignatureBuilder;
    use openpgp::parse::Parse as _;
    use openpgp::serialize::SerializeInto as _;
    use openpgp::types::SignatureType;
    use sequoia_openpgp as openpgp;

    let team = Team::in_service(2);
    let file = team.target("many.asc");
    let cert = openpgp::Cert::from_file(&file).unwrap();
    let user_id = cert.userids().next().unwrap().userid().clone();
    let (other, _) = openpgp::cert::CertBuilder::new()
        .add_userid("Fan <fan@example.org>")
        .generate()
        .unwrap();
    let mut pair = other
        .primary_key()
        .key()
        .clone()
        .parts_into_secret()
        .unwrap()
        .into_keypair()
        .unwrap();
    let signature = user_id
        .bind(
            &mut pair,
            &cert,
            SignatureBuilder::new(SignatureType::GenericCertification),
        )
        .unwrap();
    let one = Packet::from(signature).to_vec().unwrap();
    let mut bytes = cert.to_vec().unwrap();
    for _ in 0..10_000 {
        bytes.extend_from_slice(&one);
    }
    std::fs::write(&file, &bytes).unwrap();
    let identity = team.identity("anna");
    let done = team.run(
        "anna",
        &["certify", &file, "-i", identity.to_str().unwrap()],
    );
    let id = done.exits(0).request();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    let out = std::fs::read(team.vault().join("out/many.asc")).unwrap();
    let added = out.len() - bytes.len();
    assert!((90..300).contains(&added), "{added} bytes more");
    let at = out
        .iter()
        .zip(&bytes)
        .position(|(a, b)| a != b)
        .unwrap_or(bytes.len());
    assert!(out[..at] == bytes[..at] && out[at + added..] == bytes[at..]);
}
