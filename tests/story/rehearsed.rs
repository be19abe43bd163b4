//! Requests run through with keys that are thrown away, before anybody answers them.

use std::collections::BTreeMap;

use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;

use super::changed::{carried_out, offer};
use super::rotated;
use super::team::{Done, Team};

/// Ben, who has no share open and isn't the opener, rehearses; the vault stays as it is.
#[track_caller]
fn rehearses(team: &Team, id: &str) -> Done {
    let key = team.fingerprint();
    let before = team.snapshot();
    let done = team.run("ben", &["rehearse", id, "--key", &key]);
    assert_eq!(team.snapshot(), before);
    assert!(!done.said.contains("-----BEGIN"), "{}", done.said);
    done
}

/// It was accepted by both, and every part of it says what it is.
#[track_caller]
fn accepted(done: &Done) {
    done.exits(0)
        .says("REHEARSAL   with a key that is thrown away; nothing below is real")
        .says("thrown away ")
        .says("rehearsed signature 1 of ")
        .says("issuer")
        .says("Sequoia:   accepts ")
        .says("gpg:       accepts ")
        .says("the key is thrown away, nothing was written, nothing of it is real");
}

#[test]
fn a_certification_is_rehearsed_before_and_after_it_is_made() {
    let team = Team::in_service(2);
    let id = team.opens();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("Target <target.asc@example.org>")
        .says("signature 0x10")
        .says("issuer, digest, value; nothing else")
        .says("gpg:       accepts 1 signature: 1 certified");
    // The real key stands there as what is stood for, and nowhere else.
    let real = team.fingerprint();
    assert!(!done.said.contains(&real), "{}", done.said);
    // On the opener's machine the stored certificate is there, too.
    let at_desk = team.run("anna", &["rehearse", &id]);
    accepted(&at_desk);
    at_desk.says("certificates of others with it: 1 file");

    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    accepted(&rehearses(&team, &id));
    let certified = team.vault().join("out/target.asc");
    let back = ["revoke", "certification", certified.to_str().unwrap()];
    let id = team.as_holder("anna", &back).exits(0).request();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("1 taken back");
}

#[test]
fn an_extension_with_a_user_id_is_rehearsed_also_when_the_key_has_changed_since() {
    let team = Team::in_service(2);
    let until = team.now().plus_days(300).day();
    let command = [
        "uid",
        "add",
        "Team <team@example.org>",
        "--and-extend",
        &until,
    ];
    let id = team.as_holder("anna", &command).exits(0).request();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("Ed25519, with the dates, 1 user ID and 0 subkeys of the real one")
        .says("3 in force")
        .says("+ user ID Team <team@example.org>")
        .says("primary key");
    let later = team.now().plus_days(250).day();
    let other = team.as_holder("anna", &["extend", "--until", &later]);
    let other = other.exits(0).request();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    accepted(&rehearses(&team, &id));
    rehearses(&team, &other)
        .exits(3)
        .says("another state of the key");
    // What came later is left aside when the first one is rehearsed again.
    carried_out(&team, &["uid", "retire", "story@example.org"]);
    accepted(&rehearses(&team, &id));
}

#[test]
fn a_bound_subkey_and_what_revokes_it_are_rehearsed_and_the_sealed_ones_tried_on_a_copy() {
    let team = Team::in_service(2);
    let (file, fingerprint) = offer(&team, "a.offer");
    let bind = team.as_holder("anna", &["subkey", "bind", &file]);
    let id = bind.exits(0).request();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("issuer, primary key, subkey, back-signature, digest, value")
        .says("the real one will lie in custody, sealed; this one isn't kept")
        .says("2 for the worst day, tried on a copy: seen as revoked there")
        .says("+ public subkey ");
    assert!(!done.said.contains(&fingerprint), "{}", done.said);
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    accepted(&rehearses(&team, &id));

    let revoke = ["revoke", "subkey", "--confirm", &fingerprint[..4]];
    let id = team.as_holder("anna", &revoke).exits(0).request();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("the real one lies in custody, made in advance; it wasn't touched")
        .says("1 seen as revoked");
    // When it was retired meanwhile, the release can still end it for good; gpg keeps one of both revocations.
    carried_out(&team, &[&revoke[..], &["--reason", "retired"]].concat());
    accepted(&rehearses(&team, &id));
}

#[test]
fn a_succession_is_rehearsed_with_its_announcement() {
    let team = rotated::team(2);
    let id = rotated::asked(&team);
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("its successor")
        .says("2 signatures: 1 certified;\n           1 a statement that verifies");
}

#[test]
fn many_certifications_are_a_line_each() {
    let team = Team::in_service(2);
    let targets: Vec<String> = (0..8).map(|n| team.target(&format!("t{n}.asc"))).collect();
    let mut command = vec!["certify"];
    command.extend(targets.iter().map(String::as_str));
    let id = team.as_holder("anna", &command).exits(0).request();
    for who in ["anna", "ben"] {
        let key = team.fingerprint();
        let done = team.run(who, &["rehearse", &id, "--key", &key]);
        done.exits(0)
            .says("Target <t7.asc@example.org>")
            .says("in all: 8 rehearsed signatures")
            .says("gpg:       accepts 8 signatures: 8 certified");
    }
}

#[test]
fn the_end_of_the_key_is_rehearsed_by_both_ways() {
    let team = Team::in_service(2);
    let digits = team.fingerprint()[..4].to_owned();
    let soft = [
        "revoke",
        "key",
        "--reason",
        "retired",
        "--text",
        "over",
        "--confirm",
        &digits,
    ];
    let id = team.as_holder("anna", &soft).exits(0).request();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("retired").says("over").says("1 seen as revoked");
    let hard = ["revoke", "key", "--confirm", &digits];
    let id = team.as_holder("anna", &hard).exits(0).request();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("release")
        .says("lint:      as is meant: it is revoked");
    // An expired key can be revoked, too.
    let later = Team::copy_at(&team, team.now().plus_days(400));
    let id = later.as_holder("anna", &hard).exits(0).request();
    accepted(&rehearses(&later, &id));
}

#[test]
fn a_statement_is_rehearsed_word_for_word() {
    let team = Team::in_service(2);
    let file = team.path("statement.txt");
    std::fs::write(&file, "To the users:\n\n- all is well\n").unwrap();
    let command = ["statement", file.to_str().unwrap()];
    let id = team.as_holder("anna", &command).exits(0).request();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("| - all is well")
        .says("the text, 28 bytes")
        .says("1 a statement that verifies");
}

#[test]
fn what_is_forged_is_of_another_vault_or_has_closed_is_said_so() {
    let team = Team::in_service(2);
    let id = team.opens();
    let file = team.vault().join(format!("requests/{id}.request"));
    let good = std::fs::read(&file).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&file, bad).unwrap();
    rehearses(&team, &id).exits(4);
    std::fs::write(&file, &good).unwrap();

    let another = Team::in_service(2);
    std::fs::create_dir_all(another.vault().join("requests")).unwrap();
    std::fs::write(
        another.vault().join(format!("requests/{id}.request")),
        &good,
    )
    .unwrap();
    rehearses(&another, &id)
        .exits(4)
        .says("a request of another vault");
    rehearses(&team, "00000000").exits(2).says("no request");

    let late = Team::copy_at(&team, team.now().plus_days(8));
    let done = rehearses(&late, &id);
    accepted(&done);
    done.says("it can't be carried out any more");
}

#[test]
fn without_gpg_the_rehearsal_is_half_of_one_and_says_so() {
    let team = Team::in_service(2);
    let id = team.opens();
    let environment = BTreeMap::from([
        ("PATH".into(), team.path("nowhere").into_os_string()),
        ("HOME".into(), team.home("anna").into_os_string()),
    ]);
    let files = RealFiles::default();
    let terminal = ScriptedTerminal::new();
    let done = team.run_in(&environment, &["rehearse", &id], &files, &terminal);
    done.exits(1)
        .says("Sequoia:   accepts 1 signature")
        .says("gpg isn't here")
        .says("install GnuPG");
}

#[test]
fn a_gpg_that_shows_no_good_signature_makes_it_fail() {
    let team = Team::in_service(2);
    let id = team.opens();
    let folder = team.path("false");
    std::fs::create_dir(&folder).unwrap();
    let script = "#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] IMPORT_OK 1 A' >&2\n";
    std::fs::write(folder.join("gpg"), script).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.join("gpg"), mode).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let environment = BTreeMap::from([
        ("PATH".into(), path.into()),
        ("HOME".into(), team.home("anna").into_os_string()),
    ]);
    let files = RealFiles::default();
    let terminal = ScriptedTerminal::new();
    let done = team.run_in(&environment, &["rehearse", &id], &files, &terminal);
    done.exits(4)
        .says("Sequoia:   accepts 1 signature")
        .says("gpg:       REFUSES something")
        .says("no good signature of type 0x10")
        .says("don't approve it");
}

#[test]
fn a_request_to_an_rsa_key_is_rehearsed_with_one() {
    let team = Team::needing(2);
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("ed25519", "rsa4096")).unwrap();
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    for name in &team.names {
        team.receipt(name).exits(0);
    }
    let id = team.opens();
    let done = rehearses(&team, &id);
    accepted(&done);
    done.says("takes some seconds").says("RSA, with the dates");
}
