//! A root who opens pairs with a program of his own: the pair isn't what those who answer are told, or stops others.

use std::path::Path;

use quorate::ceremony::asked::REQUEST;
use quorate::ceremony::attempt::{Attempt, Ending};
use quorate::ceremony::minutes::Minutes;
use quorate::ceremony::pair;
use quorate::ceremony::request::Request;
use quorate::ceremony::verified::VerifiedRequest;
use quorate::session::refusal::Refusal;
use quorate::session::sign::{SignJob, sign_pair};
use quorate::vault::manifest::SignedManifest;
use quorate::vault::record::Digest;

use super::drilled::opened;
use super::paired::{Pair, paired};
use super::rotated::{larch, receipts, rotate, team};
use super::team::{Done, Team};

fn manifest(folder: &Path) -> SignedManifest {
    let file = std::fs::read(folder.join("vault.toml")).unwrap();
    SignedManifest::read_unpinned(&file).unwrap()
}

fn request(folder: &Path, id: &str) -> Request {
    let file = std::fs::read(folder.join(format!("requests/{id}.request"))).unwrap();
    let verified = VerifiedRequest::read(&file, &manifest(folder)).unwrap();
    verified.request().clone()
}

/// Signs a request as its opener; gives its file.
fn signed(team: &Team, request: &Request) -> Vec<u8> {
    let who = request.opener.to_string();
    request
        .sign(&opened(team, &who, "master").holder_key)
        .unwrap()
}

#[test]
fn a_request_for_a_successor_is_paired_with_that_keys_and_no_other() {
    let team = team(2);
    let Pair { old, .. } = paired(&team);
    // A vault that the opener made alone: its key signs whatever he likes.
    let own = Team::in_service(2);
    let (mut this, mut that) = (
        request(&team.vault(), &old),
        request(&own.vault(), &own.opens()),
    );
    (this.with, that.with) = (Some(that.alone().unwrap()), Some(this.alone().unwrap()));
    let (this, that) = (signed(&team, &this), signed(&own, &that));
    let read =
        |team: &Team, file: &[u8]| VerifiedRequest::read(file, &manifest(&team.vault())).unwrap();
    let (one, other) = (read(&team, &this), read(&own, &that));
    assert!(!pair::is_one(&one, &other));
    assert!(!pair::is_one(&other, &one));
    let parts = |team: &Team| {
        let read = |name: &str| std::fs::read(team.vault().join(name)).unwrap();
        (read("vault.toml"), read("master.1.age"))
    };
    let (here, there) = (parts(&team), parts(&own));
    let job = |(manifest, key_file): &'_ (Vec<u8>, Vec<u8>), request: &[u8]| {
        let leak = |bytes: &[u8]| -> &'static [u8] { Vec::leak(bytes.to_vec()) };
        SignJob {
            pin: SignedManifest::read_unpinned(manifest)
                .unwrap()
                .fingerprint
                .clone(),
            now: team.now(),
            in_force: true,
            manifest: leak(manifest),
            request: leak(request),
            key_file: leak(key_file),
            kept: &[],
            identity: &[],
            submissions: Vec::new(),
        }
    };
    for jobs in [
        [&job(&here, &this), &job(&there, &that)],
        [&job(&there, &that), &job(&here, &this)],
    ] {
        let failure = sign_pair(jobs).err().unwrap();
        assert_eq!(failure.failure.refusal, Refusal::NoPair);
    }
}

#[test]
fn a_pair_without_its_other_keeps_no_answer_to_another_request_out() {
    let team = team(2);
    let Pair { old, new, .. } = paired(&team);
    let mut forged = request(&team.vault(), &old);
    forged.opener = "ben".parse().unwrap();
    forged.with = Some(Digest::of(b"nothing"));
    let file = signed(&team, &forged);
    let id = VerifiedRequest::read(&file, &manifest(&team.vault()))
        .unwrap()
        .digest()
        .short();
    let place = team.vault().join(format!("requests/{id}.request"));
    std::fs::write(&place, file).unwrap();
    let other = team.opens();
    team.approves("ben", &other).exits(0);
    let submission = team.submission("ben", &other);
    let submit = ["submit", submission.to_str().unwrap()];
    team.run("anna", &submit)
        .exits(0)
        .says(&format!("stored for {other}"));
    // Nor does an own pair, of which somebody has taken one away.
    std::fs::remove_file(larch(&team).join(format!("requests/{new}.request"))).unwrap();
    team.run("anna", &submit)
        .exits(0)
        .says(&format!("the request that {old} names isn't in"))
        .says("it lay here already");
}

#[test]
fn new_holders_with_known_names_and_other_keys_are_told() {
    let team = team(2);
    // Who makes the successor has put a key of his own in eve's place.
    let keys = larch(&team).join("keys");
    std::fs::create_dir_all(&keys).unwrap();
    std::fs::copy(
        team.vault().join("team.toml"),
        larch(&team).join("team.toml"),
    )
    .unwrap();
    for name in &team.names {
        let file = format!("{name}.age");
        std::fs::copy(team.vault().join("keys").join(&file), keys.join(&file)).unwrap();
    }
    let own = age::x25519::Identity::generate();
    std::fs::write(keys.join("eve.age"), own.to_public().to_string()).unwrap();
    let identity = team.identity("eve");
    let true_one = std::fs::read(&identity).unwrap();
    rotate(&team).exits(0);
    {
        use age::secrecy::ExposeSecret as _;
        std::fs::write(&identity, own.to_string().expose_secret()).unwrap();
    }
    receipts(&team);
    std::fs::write(&identity, true_one).unwrap();
    let id = rotate(&team).exits(0).request();
    team.run("ben", &["show", &id])
        .exits(0)
        .says("other keys than here: eve");
}

/// That somebody has tried something, says whoever signs it.
fn attempt(team: &Team, asked: &Request, at: Digest, by: &str, milliseconds: u32) -> Attempt {
    Attempt {
        vault: asked.vault,
        request: at,
        set: asked.set,
        operator: by.parse().unwrap(),
        machine: "desk".into(),
        program: "quorate".into(),
        tried: team.now(),
        ending: Ending::TooFew,
        submissions: 1,
        counted: Vec::new(),
        false_shares: Vec::new(),
        real_shares: Vec::new(),
        unopened: 1,
        unfit: 0,
        session: Some(("none".into(), milliseconds)),
        heads: Vec::new(),
    }
}

#[test]
fn attempts_at_nothing_keep_no_minutes_out_of_the_graph() {
    let team = Team::in_service(2);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let ben = team.submission("ben", &id);
    // Ben tells of twenty requests that nobody opened, and names nothing that he saw.
    let key = opened(&team, "ben", "master").holder_key;
    let asked = request(&team.vault(), &id);
    std::fs::create_dir_all(team.vault().join("minutes")).unwrap();
    for number in 0..20_u8 {
        let attempt = attempt(&team, &asked, Digest::of(&[number]), "ben", 1);
        let file = attempt.sign(&REQUEST, &key).unwrap();
        let name = format!("minutes/{number}.attempt");
        std::fs::write(team.vault().join(name), file).unwrap();
    }
    team.performs(&id, &[&ben]).exits(0);
    let minutes = |id: &str| {
        let file = team.vault().join(format!("minutes/{id}.minutes"));
        Minutes::read(&std::fs::read(file).unwrap(), &manifest(&team.vault())).unwrap()
    };
    let (first, digest) = minutes(&id);
    assert_eq!(first.heads, []);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    assert_eq!(minutes(&id).0.heads, [digest]);
}

#[test]
fn a_successors_manifest_obeys_no_terminal() {
    let team = team(2);
    rotate(&team).exits(0);
    receipts(&team);
    let id = rotate(&team).exits(0).request();
    let place = team.vault().join("requests");
    let text = std::fs::read_to_string(place.join(format!("{id}.request"))).unwrap();
    let (payload, _) = text.split_once("-----BEGIN SSH").unwrap();
    let (before, _) = payload.split_once("successor:\n").unwrap();
    let genuine = std::fs::read(larch(&team).join("vault.toml")).unwrap();
    let evil = [
        b"\"\\u001b[2J\\u202eharmless\" = 1\n".as_slice(),
        genuine.as_slice(),
    ]
    .concat();
    let mut forged = format!("{before}successor:\n");
    for line in data_encoding::BASE64.encode(&evil).as_bytes().chunks(76) {
        forged.push_str(&format!(" {}\n", std::str::from_utf8(line).unwrap()));
    }
    let key = opened(&team, "anna", "master").holder_key;
    let file = quorate::vault::record::sign(
        forged.as_bytes(),
        &key,
        quorate::roster::holder_key::Namespace::Request,
    );
    let id = Digest::of(forged.as_bytes()).short();
    std::fs::write(place.join(format!("{id}.request")), file.unwrap()).unwrap();
    let harmless = |done: Done| {
        let all = format!("{}{}", done.said, done.noted);
        assert!(!all.contains(['\u{1b}', '\u{202e}']), "{all:?}");
    };
    for command in [&["show", &id][..], &["verify"], &["status"]] {
        harmless(team.run("anna", command));
    }
    // In the vault's own, and in the team's settings, too.
    std::fs::write(team.vault().join("vault.toml"), &evil).unwrap();
    harmless(team.run("anna", &["status"]));
    std::fs::write(team.vault().join("team.toml"), &evil).unwrap();
    harmless(team.run("anna", &["roster", "check"]));
}

#[test]
fn a_result_that_its_opener_invented_is_remembered_by_nobody() {
    let team = Team::in_service(2);
    let id = team.opens();
    let asked = request(&team.vault(), &id);
    let junk = b"quorate result 1\njunk\n";
    let minutes = Minutes {
        vault: asked.vault,
        request: asked.alone().unwrap(),
        result: Digest::of(junk),
        operator: "anna".parse().unwrap(),
        machine: "desk".into(),
        program: "quorate".into(),
        performed: team.now(),
        used: Vec::new(),
        refused: Vec::new(),
        hardening: "none".into(),
        milliseconds: 1,
        any_root_may_revoke: false,
        heads: Vec::new(),
    };
    let minutes = minutes
        .sign(&opened(&team, "anna", "master").holder_key)
        .unwrap();
    let put = |name: &str, file: &[u8]| {
        let file_name = team.vault().join(name);
        std::fs::create_dir_all(file_name.parent().unwrap()).unwrap();
        std::fs::write(&file_name, file).unwrap();
        file_name
    };
    let files = [
        put(&format!("minutes/{id}.minutes"), &minutes),
        put(&format!("results/{id}.result"), junk),
    ];
    let key = team.fingerprint();
    let status = ["status", "--as", "ben", "--key", &key];
    team.run("ben", &status)
        .exits(4)
        .says("is not the result of that request");
    // Once they are gone the work goes on.
    for file in files {
        std::fs::remove_file(file).unwrap();
    }
    team.run("ben", &status).exits(0);
}

#[test]
fn an_opener_who_tells_of_many_attempts_fills_nobodys_screen() {
    let team = Team::in_service(2);
    let id = team.opens();
    let (key, asked) = (
        opened(&team, "anna", "master").holder_key,
        request(&team.vault(), &id),
    );
    std::fs::create_dir_all(team.vault().join("minutes")).unwrap();
    for number in 0..50_u32 {
        let attempt = attempt(&team, &asked, asked.alone().unwrap(), "anna", number);
        let file = attempt.sign(&REQUEST, &key).unwrap();
        std::fs::write(team.vault().join(format!("minutes/{number}.attempt")), file).unwrap();
    }
    for command in [&["show", &id][..], &["status"], &["verify"]] {
        let done = team.run("anna", command);
        done.exits(0).says("tried").says("42 times before");
        assert!(done.said.lines().count() < 60, "{}", done.said);
    }
}

#[test]
fn requests_that_nobody_can_carry_out_keep_no_succession_from_going_on() {
    let team = team(2);
    rotate(&team).exits(0);
    receipts(&team);
    let id = rotate(&team).exits(0).request();
    for number in 0..6_u8 {
        let mut forged = request(&team.vault(), &id);
        forged.opener = "ben".parse().unwrap();
        forged.with = Some(Digest::of(&[number]));
        let file = signed(&team, &forged);
        let forged = VerifiedRequest::read(&file, &manifest(&team.vault())).unwrap();
        let name = format!("requests/{}.request", forged.digest().short());
        std::fs::write(team.vault().join(name), file).unwrap();
    }
    rotate(&team)
        .exits(3)
        .says(&format!("{id} waits for approvals: 1 of 2"));
    team.as_holder("anna", &["rotate", "--json"]).exits(0);
    team.approves("cleo", &id).exits(0);
    let submission = team.submission("cleo", &id);
    team.run("anna", &["submit", submission.to_str().unwrap()])
        .exits(0);
    rotate(&team).exits(0).says("the old key vouches");
}
