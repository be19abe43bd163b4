//! The key's own certificate, changed by requests: extended, user IDs, a bound subkey, a statement, revocations.

use quorate::openpgp::plan::Primary;
use quorate::openpgp::signing_subkey::Unsigned;
use quorate::world::doubles::ScriptedTerminal;
use quorate::world::gpg::agent::Value;
use quorate::world::{RealFiles, Timestamp};
use sequoia_openpgp as openpgp;

use openpgp::cert::Cert;
use openpgp::cert::amalgamation::ValidAmalgamation as _;
use openpgp::crypto::{Signer as _, mpi};
use openpgp::packet::Key;
use openpgp::packet::key::{Key4, SubordinateRole};
use openpgp::parse::Parse as _;
use openpgp::policy::StandardPolicy;
use openpgp::types::{Curve, HashAlgorithm, RevocationStatus};

use quorate::ceremony::offer::Offer;

use super::team::{Done, Team};

/// Three of five, all receipts there.
fn team() -> Team {
    Team::in_service(2)
}

fn primary(team: &Team) -> Primary {
    let cert = Cert::from_bytes(team.certificate().as_bytes()).unwrap();
    cert.primary_key().key().clone()
}

/// A number without its leading zeros, with them again.
fn thirty_two(number: &[u8]) -> [u8; 32] {
    let mut all = [0; 32];
    all[32 - number.len()..].copy_from_slice(number);
    all
}

/// What a signing host would offer, made here without its gpg: tests/host.rs has the real one.
pub fn offer(team: &Team, name: &str) -> (String, String) {
    offer_to(team, &primary(team), name)
}

/// The same for any master key.
pub fn offer_to(team: &Team, primary: &Primary, name: &str) -> (String, String) {
    let created = std::time::SystemTime::from(team.now()) - std::time::Duration::from_secs(60);
    let mut key: Key4<_, SubordinateRole> = Key4::generate_ecc(true, Curve::Ed25519).unwrap();
    key.set_creation_time(created).unwrap();
    let key: Key<_, SubordinateRole> = key.into();
    let subkey = key.clone().parts_into_public();
    let seconds = Timestamp::from(created).to_openpgp().unwrap();
    let unsigned = Unsigned::new(primary, &subkey, seconds).unwrap();
    let mut pair = key.into_keypair().unwrap();
    let value = match pair.sign(HashAlgorithm::SHA512, unsigned.digest()).unwrap() {
        mpi::Signature::EdDSA { r, s } => Value::EdDsa {
            r: thirty_two(r.value()),
            s: thirty_two(s.value()),
        },
        _ => unreachable!("an Ed25519 key"),
    };
    let back_signature = unsigned.fill(&value).unwrap();
    let fingerprint = subkey.fingerprint().to_hex();
    let offer = Offer {
        primary: primary.fingerprint(),
        host: "signing01".to_owned(),
        made: Timestamp::from(created),
        subkey,
        back_signature,
    };
    let file = team.path(name);
    std::fs::write(&file, offer.to_file().unwrap()).unwrap();
    (file.to_str().unwrap().to_owned(), fingerprint)
}

/// Anna opens, ben approves, anna carries out; gives what was said at each step.
#[track_caller]
pub fn carried_out(team: &Team, command: &[&str]) -> (Done, Done) {
    let opened = team.as_holder("anna", command);
    let id = opened.exits(0).request();
    let approved = team.approves("ben", &id);
    approved.exits(0);
    let done = team.performs(&id, &[&team.submission("ben", &id)]);
    done.exits(0);
    team.verifies();
    (approved, done)
}

/// The certificate that was written for publishing.
#[track_caller]
pub fn published(team: &Team) -> Cert {
    let name = format!("out/0x{}.asc", team.fingerprint().to_lowercase());
    Cert::from_file(team.vault().join(name)).unwrap()
}

fn in_a_moment(team: &Team) -> std::time::SystemTime {
    std::time::SystemTime::from(team.now()) + std::time::Duration::from_secs(30)
}

fn ends(team: &Team, cert: &Cert) -> Vec<Timestamp> {
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, in_a_moment(team)).unwrap();
    let made = cert.primary_key().key().creation_time();
    let mut ends = vec![Timestamp::from(
        valid.primary_key().key_expiration_time().unwrap(),
    )];
    for user_id in valid.userids() {
        let life = user_id.binding_signature().key_validity_period().unwrap();
        ends.push(Timestamp::from(made + life));
    }
    ends
}

#[test]
fn the_key_is_extended_in_every_place_that_a_program_reads() {
    let team = team();
    let until = team.now().plus_days(300).day();
    let (approved, _) = carried_out(&team, &["extend", "--until", &until]);
    approved.says("old").says(&format!("valid until {until}"));
    let ends = ends(&team, &published(&team));
    assert_eq!(ends.len(), 2);
    assert!(ends.iter().all(|end| end.day() == until), "{ends:?}");
    team.run("anna", &["status"]).exits(0).says(&until);
}

#[test]
fn user_ids_come_and_go_and_several_changes_are_approved_at_once() {
    let team = team();
    let new = "Story Team <team@example.org>";
    let until = team.now().plus_days(250).day();
    let (approved, _) = carried_out(&team, &["uid", "add", new, "--and-extend", &until]);
    approved.says("not a user ID of the key").says(new);
    let cert = published(&team);
    assert_eq!(cert.userids().count(), 2);
    assert_eq!(ends(&team, &cert).len(), 3);

    carried_out(&team, &["uid", "retire", "story@example.org"]);
    let cert = published(&team);
    let policy = StandardPolicy::new();
    let valid = cert.with_policy(&policy, in_a_moment(&team)).unwrap();
    let live: Vec<_> = valid
        .userids()
        .filter(|id| !matches!(id.revocation_status(), RevocationStatus::Revoked(_)))
        .map(|id| String::from_utf8_lossy(id.userid().value()).into_owned())
        .collect();
    assert_eq!(live, [new]);
    assert_eq!(
        valid.primary_userid().unwrap().userid().value(),
        new.as_bytes()
    );

    team.as_holder("anna", &["uid", "retire", "team@example.org"])
        .exits(2)
        .says("last user ID");
    team.as_holder("anna", &["uid", "add", new])
        .exits(2)
        .says("there already");
    let old = "Story (Juniper) <story@example.org>";
    team.as_holder("anna", &["uid", "add", old])
        .exits(2)
        .says("was retired, for ever");
    team.as_holder("anna", &["uid", "retire", "nobody@example.org"])
        .exits(2)
        .says("there are: Story Team");
}

#[test]
fn a_user_id_that_not_everybody_sees_alike_is_refused() {
    let team = team();
    let long = "a".repeat(10_000);
    for text in ["a\nb <x@example.org>", "", " a", "a\u{202e}b", &long] {
        team.as_holder("anna", &["uid", "add", text])
            .exits(2)
            .says("no request was opened");
    }
    assert!(!team.vault().join("requests").exists());
}

#[test]
fn ends_that_can_not_be_are_refused() {
    let team = team();
    for (day, what) in [
        ("2020-01-01", "is over"),
        ("2199-01-01", "too far away"),
        ("next year", "is no day"),
    ] {
        team.as_holder("anna", &["extend", "--until", day])
            .exits(2)
            .says(what);
    }
}

#[test]
fn a_subkey_is_bound_with_its_revocations_for_the_worst_day() {
    let team = team();
    let (file, fingerprint) = offer(&team, "a.offer");
    let (approved, done) = carried_out(&team, &["subkey", "bind", &file]);
    approved
        .says("not bound to the key")
        .says("kept for the worst day");
    done.says("2 revocations for the worst day")
        .says("quorate host install");
    let cert = published(&team);
    let policy = StandardPolicy::new();
    let live = |cert: &Cert| {
        cert.keys()
            .with_policy(&policy, in_a_moment(&team))
            .alive()
            .revoked(false)
            .for_signing()
            .subkeys()
            .map(|key| key.key().fingerprint().to_hex())
            .collect::<Vec<_>>()
    };
    assert_eq!(live(&cert), std::slice::from_ref(&fingerprint));
    for reason in ["compromised", "none"] {
        let kept = format!("revocations/{fingerprint}.{reason}.age");
        assert!(team.vault().join(kept).exists(), "{reason}");
    }
    team.holds_no_secret();
    let kept = team
        .vault()
        .join(format!("revocations/{fingerprint}.none.age"));
    let good = std::fs::read(&kept).unwrap();
    std::fs::write(&kept, "other").unwrap();
    team.run("eve", &["verify"])
        .exits(4)
        .says("altered since its result");
    std::fs::remove_file(&kept).unwrap();
    team.run("eve", &["verify"]).exits(4).says("missing");
    std::fs::write(&kept, good).unwrap();
    team.as_holder("anna", &["subkey", "bind", &file])
        .exits(2)
        .says("bound already");

    // A new one takes its place, the old one is superseded, in one request.
    let (next, next_fingerprint) = offer(&team, "b.offer");
    carried_out(
        &team,
        &["subkey", "bind", &next, "--replaces", &fingerprint],
    );
    assert_eq!(
        live(&published(&team)),
        std::slice::from_ref(&next_fingerprint)
    );

    // The worst day: two of the revocation set, without the master file.
    std::fs::remove_file(team.vault().join("master.1.age")).unwrap();
    let digits = next_fingerprint[..4].to_owned();
    let opened = team.as_holder("anna", &["revoke", "subkey", "--confirm", &digits]);
    opened
        .exits(0)
        .says("2 of 5 of the revocation set")
        .says("refused by Sequoia");
    let id = opened.request();
    team.approves("ben", &id).exits(0).says("released");
    team.performs(&id, &[&team.submission("ben", &id)])
        .exits(0)
        .says("released   1 signature")
        .says("seen so by gpg and Sequoia; primary key untouched");
    let statement = std::fs::read(team.vault().join("out/statement.txt")).unwrap();
    let statement = quorate::openpgp::statement::read(&statement).unwrap();
    assert!(statement.contains("is revoked. The key itself is not."));
    assert!(live(&published(&team)).is_empty());
    let revoked = team
        .vault()
        .join(format!("out/revoked-{next_fingerprint}.asc"));
    let merges = Cert::from_file(revoked).unwrap();
    assert_eq!(merges.keys().subkeys().count(), 1);
    team.as_holder(
        "anna",
        &["revoke", "subkey", &next_fingerprint, "--confirm", &digits],
    )
    .exits(2)
    .says("revoked already");
    team.as_holder("anna", &["revoke", "subkey"])
        .exits(2)
        .says("no signing subkey");
}

#[test]
fn the_key_is_revoked_by_the_revocation_set_alone() {
    let team = team();
    std::fs::remove_file(team.vault().join("master.1.age")).unwrap();
    let digits = team.fingerprint()[..4].to_owned();
    let wrong = team.as_holder("anna", &["revoke", "key", "--confirm", "0000x"]);
    wrong.exits(2).says("no request was opened");
    let opened = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = opened.exits(0).says("let it expire instead").request();
    team.approves("ben", &id).exits(0);
    let done = team.performs(&id, &[&team.submission("ben", &id)]);
    done.exits(0)
        .says("enough old copies open the revocations that were made in advance.");
    let cert = published(&team);
    let policy = StandardPolicy::new();
    assert!(matches!(
        cert.revocation_status(&policy, in_a_moment(&team)),
        RevocationStatus::Revoked(_)
    ));
    let key = team.fingerprint();
    team.run("eve", &["verify", "--key", &key]).exits(0);
    let again = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    again.exits(2).says("revoked already").says("out/0x");
}

#[test]
fn a_subkey_made_along_is_sealed_to_its_host_and_can_be_revoked_without_the_master_set() {
    let team = Team::needing(2);
    let host = team.identity("dan");
    let recipient = team.vault().join("keys/dan.age");
    let for_host = team.path("host.age");
    std::fs::copy(recipient, &for_host).unwrap();
    team.run(
        "anna",
        &[
            "create",
            "--as",
            "anna",
            "--subkey-for",
            for_host.to_str().unwrap(),
        ],
    )
    .exits(0)
    .says("ahead of receipts and attestation");
    let file = std::fs::read_dir(team.vault().join("out")).unwrap().next();
    let file = file.unwrap().unwrap().path();
    let opened = std::process::Command::new("age")
        .args(["-d", "-i", host.to_str().unwrap()])
        .arg(&file)
        .output()
        .unwrap();
    let secret = Cert::from_bytes(&opened.stdout).unwrap();
    let subkey = secret.keys().subkeys().next().unwrap();
    assert!(subkey.key().has_unencrypted_secret());
    let fingerprint = subkey.key().fingerprint().to_hex();
    assert!(file.to_string_lossy().contains(&fingerprint));
    for name in &team.names {
        team.receipt(name).exits(0);
    }
    team.run("anna", &["status"])
        .exits(0)
        .says("in service, bound");
    std::fs::remove_file(team.vault().join("master.1.age")).unwrap();
    carried_out(&team, &["revoke", "subkey", "--confirm", &fingerprint[..4]]);
    team.run("anna", &["status"]).exits(0).says("REVOKED");
}

#[test]
fn the_fingerprint_of_an_ssh_host_key_is_asked_for() {
    let team = Team::needing(2);
    let key = team.path("host_key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let public = team.path("host_key.pub");
    let shown = std::process::Command::new("ssh-keygen")
        .arg("-lf")
        .arg(&public)
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let fingerprint = shown.split(' ').nth(1).unwrap();
    let create = |given: &str| {
        let public = public.to_str().unwrap();
        let arguments = [
            "create",
            "--as",
            "anna",
            "--subkey-for",
            public,
            "--host-fingerprint",
            given,
        ];
        team.run("anna", &arguments)
    };
    create("SHA256:AAAA").exits(4).says("another host key");
    assert!(!team.vault().join("vault.toml").exists());
    create(fingerprint)
        .exits(0)
        .says("for the signing host alone");
}

#[test]
fn an_expired_key_can_be_revoked_by_both_ways() {
    let team = team();
    let later = Team::copy_at(&team, team.now().plus_days(400));
    let digits = later.fingerprint()[..4].to_owned();
    later
        .run("anna", &["status", "--key", &later.fingerprint()])
        .says("ENDED: EXPIRED");
    let target = later.target("late.asc");
    later
        .as_holder("anna", &["certify", &target])
        .exits(1)
        .says("has expired");
    later
        .as_holder("anna", &["uid", "add", "X <x@example.org>"])
        .exits(1)
        .says("has expired");
    let command = ["revoke", "key", "--reason", "retired", "--confirm", &digits];
    let opened = later.as_holder("anna", &command);
    let id = opened.exits(0).request();
    later.approves("ben", &id).exits(0);
    later
        .performs(&id, &[&later.submission("ben", &id)])
        .exits(0);
    let later = Team::copy_at(&team, team.now().plus_days(400));
    let opened = later.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = opened.exits(0).request();
    later.approves("ben", &id).exits(0);
    later
        .performs(&id, &[&later.submission("ben", &id)])
        .exits(0);
    later.run("anna", &["status"]).says("ENDED: REVOKED");
}

#[test]
fn a_revocation_learnt_from_outside_is_taken_over_and_never_forgotten() {
    let team = team();
    let (file, fingerprint) = offer(&team, "a.offer");
    carried_out(&team, &["subkey", "bind", &file]);
    let elsewhere = team.copy();
    carried_out(
        &elsewhere,
        &["revoke", "subkey", "--confirm", &fingerprint[..4]],
    );
    let revoked = elsewhere
        .vault()
        .join(format!("out/revoked-{fingerprint}.asc"));
    let another = Team::in_service(2);
    another
        .run("anna", &["revoke", "learn", revoked.to_str().unwrap()])
        .exits(2)
        .says("about other keys");
    team.run("anna", &["revoke", "learn", revoked.to_str().unwrap()])
        .exits(0)
        .says("REVOKED: the subkey");
    team.run("anna", &["status"]).exits(0).says("REVOKED");
    team.verifies();
    team.run("anna", &["revoke", "learn", revoked.to_str().unwrap()])
        .exits(0)
        .says("known here already");
    let cert = published(&team);
    assert_eq!(
        cert.keys()
            .subkeys()
            .next()
            .unwrap()
            .self_revocations()
            .count(),
        1
    );
    // Whoever takes it away again is noticed.
    let folder = team.vault().join("revocations");
    let learnt = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "asc"))
        .unwrap();
    let bytes = std::fs::read(&learnt).unwrap();
    std::fs::remove_file(&learnt).unwrap();
    team.run("anna", &["status"])
        .exits(4)
        .says("older than what this machine has seen");
    let mut forged = bytes.clone();
    let middle = forged.len() / 2;
    forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
    std::fs::write(&learnt, forged).unwrap();
    team.run("eve", &["verify"]).exits(4);
    std::fs::write(&learnt, bytes).unwrap();
    team.run("anna", &["status"]).exits(0);
    let junk = team.path("junk");
    std::fs::write(&junk, "junk").unwrap();
    team.run("anna", &["revoke", "learn", junk.to_str().unwrap()])
        .exits(4)
        .says("no OpenPGP certificate");
}

#[test]
fn a_revocation_file_of_another_vault_or_damaged_releases_nothing() {
    let team = team();
    let digits = team.fingerprint()[..4].to_owned();
    let opened = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = opened.exits(0).request();
    team.approves("ben", &id).exits(0);
    let file = team.vault().join("revocation.1.age");
    let good = std::fs::read(&file).unwrap();
    for bad in [&good[..good.len() / 2], b"", &[&good[..], b"x"].concat()] {
        std::fs::write(&file, bad).unwrap();
        team.performs(&id, &[&team.submission("ben", &id)])
            .exits(4)
            .says("the revocation file is not the one");
        assert!(!team.vault().join("results").exists());
    }
    std::fs::write(&file, good).unwrap();
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
}

#[test]
fn too_few_release_nothing() {
    let team = Team::in_service(3);
    let digits = team.fingerprint()[..4].to_owned();
    let opened = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = opened.exits(0).request();
    let before = team.all_but_attempts();
    team.performs(&id, &[]).exits(3).says("1 of 2 true shares");
    assert_eq!(team.all_but_attempts(), before);
}

#[test]
fn soft_reasons_and_words_are_made_fresh_by_the_master_set() {
    let team = team();
    let digits = team.fingerprint()[..4].to_owned();
    let text = "succeeded by the key of the next cycle";
    let command = [
        "revoke",
        "key",
        "--reason",
        "superseded",
        "--text",
        text,
        "--confirm",
        &digits,
    ];
    let (approved, _) = carried_out(&team, &command);
    approved.says(text).says("superseded");
    let cert = published(&team);
    let revocation = cert
        .primary_key()
        .self_revocations()
        .next()
        .unwrap()
        .clone();
    let (code, said) = revocation.reason_for_revocation().unwrap();
    assert_eq!((u8::from(code), said), (1, text.as_bytes()));
    team.days_pass(1);
    team.as_holder(
        "anna",
        &[
            "revoke",
            "key",
            "--text",
            "x",
            "--by",
            "revocation",
            "--confirm",
            &digits,
        ],
    )
    .exits(2)
    .says("revoked already");
}

#[test]
fn a_second_request_on_the_same_state_is_neither_approved_nor_carried_out() {
    let team = team();
    let until = |days| team.now().plus_days(days).day();
    let first = team.as_holder("anna", &["extend", "--until", &until(300)]);
    let first = first.exits(0).request();
    let second = team.as_holder("anna", &["extend", "--until", &until(200)]);
    let second = second.exits(0).request();
    team.approves("ben", &first).exits(0);
    team.approves("ben", &second)
        .exits(3)
        .says(&format!("you have approved {first}"));
    team.approves("cleo", &second).exits(0);
    team.performs(&first, &[&team.submission("ben", &first)])
        .exits(0);
    team.performs(&second, &[&team.submission("cleo", &second)])
        .exits(3)
        .says("another state of the key");
    team.approves("dan", &second)
        .exits(3)
        .says("another state of the key");
}

#[test]
fn a_statement_is_signed_word_for_word_and_verifies() {
    let team = team();
    let file = team.path("statement.txt");
    let text = "To the users:\n\n- we rotate our key\nFrom now on, compare fingerprints.\n";
    std::fs::write(&file, text).unwrap();
    let (approved, done) = carried_out(&team, &["statement", file.to_str().unwrap()]);
    approved.says("| - we rotate our key");
    done.says("gpg --verify");
    let signed = std::fs::read_dir(team.vault().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().contains("statement-"))
        .unwrap();
    let home = team.path("stranger");
    std::fs::create_dir(&home).unwrap();
    let gpg = |arguments: &[&str], input: Option<&str>| {
        let mut command = std::process::Command::new("gpg");
        command.arg("--homedir").arg(&home).arg("--batch");
        command
            .args(["--no-autostart", "--status-fd=1"])
            .args(arguments);
        if let Some(input) = input {
            command.arg(input);
        }
        let output = command.output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let certificate = team.path("key.asc");
    std::fs::write(&certificate, team.certificate()).unwrap();
    gpg(&["--import"], certificate.to_str());
    // The test's clock stands a moment behind; gpg's may not.
    let verified = gpg(&["--verify"], signed.to_str());
    assert!(verified.contains("[GNUPG:] VALIDSIG"), "{verified}");
    for (bad, what) in [
        ("a\r\nb\n", "CR LF"),
        ("a \n", "blank"),
        ("a\tb\n", "can't be seen"),
    ] {
        std::fs::write(&file, bad).unwrap();
        team.as_holder("anna", &["statement", file.to_str().unwrap()])
            .exits(2)
            .says(what);
    }
}

#[test]
fn a_certification_is_taken_back() {
    let team = team();
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    let certified = team.vault().join("out/target.asc");
    let (approved, _) = carried_out(
        &team,
        &["revoke", "certification", certified.to_str().unwrap()],
    );
    approved
        .says("take back")
        .says("certified (type 0x10, exportable)");
    let cert = Cert::from_file(&certified).unwrap();
    let user_id = cert.userids().next().unwrap();
    assert_eq!(user_id.other_revocations().count(), 1);
}

#[test]
fn a_request_killed_at_the_question_leaves_nothing() {
    let team = team();
    let terminal = ScriptedTerminal::new();
    let (key, identity) = (team.fingerprint(), team.identity("anna"));
    let arguments = [
        "revoke",
        "key",
        "--as",
        "anna",
        "--key",
        &key,
        "-i",
        identity.to_str().unwrap(),
    ];
    let done = team.run_with("anna", &arguments, &RealFiles::default(), &terminal);
    done.exits(2);
    assert!(!team.vault().join("requests").exists());
}
