//! Requests before the verifiers' eyes, before anybody answers them.

use quorate::openpgp::plan::Plan;

use super::changed::{carried_out, offer};
use super::hostile::forges;
use super::team::{Done, Team};

/// Ben looks, who has no share open; the vault stays as it is.
#[track_caller]
fn lints(team: &Team, arguments: &[&str]) -> Done {
    let before = team.snapshot();
    let done = team.run("ben", &[&["lint"], arguments].concat());
    assert_eq!(team.snapshot(), before);
    done
}

fn json(team: &Team, argument: &str) -> serde_json::Value {
    let done = lints(team, &[argument, "--json"]);
    serde_json::from_str(&done.said).unwrap()
}

#[test]
fn a_request_that_brings_nothing_bad_is_told_as_that() {
    let team = Team::in_service(2);
    let (file, _) = offer(&team, "a.offer");
    let bind = team.as_holder("anna", &["subkey", "bind", &file]);
    let id = bind.exits(0).request();
    let done = lints(&team, &[&id]);
    done.exits(0)
        .says(&format!("as request {id} would make it"))
        .says("the request brings nothing that anybody refuses");
    let certify = team.opens();
    lints(&team, &[&certify]).exits(0).says("brings nothing");
    // By its file, too; and as what it has made.
    let file = team.vault().join(format!("requests/{id}.request"));
    lints(&team, &[file.to_str().unwrap()])
        .exits(0)
        .says(&format!("as request {id} would make it"));
    let found = &json(&team, &id)["certificates"][0];
    assert_eq!(found["request"], id.as_str());
    assert_eq!(found["fingerprint"], team.fingerprint().as_str());
    assert_eq!(found["refused"], false);
    carried_out(&team, &["uid", "add", "Team <team@example.org>"]);
    lints(&team, &[&id])
        .exits(3)
        .says("another state of the key");
}

#[test]
fn what_a_request_would_break_is_named_before_it_is_signed() {
    let team = Team::in_service(2);
    let (file, subkey) = offer(&team, "a.offer");
    let bind = team.as_holder("anna", &["subkey", "bind", &file]);
    let id = bind.exits(0).request();
    // An opener with a program of his own lets the subkey outlive the key.
    let longer = forges(&team, &id, |plan| {
        if let Plan::SubkeyBinding { expires_after, .. } = plan {
            *expires_after = Some(900 * 86_400);
        }
    });
    let done = lints(&team, &[&longer]);
    done.exits(0)
        .says("NEW advice: subkey")
        .says("comes after the primary key's");
    let findings = &json(&team, &longer)["certificates"][0]["findings"];
    let of_subkey = findings.as_array().unwrap().iter().find(|finding| {
        finding["part"]["name"] == subkey.as_str() && finding["fact"] == "outlives-primary"
    });
    assert_eq!(of_subkey.unwrap()["by_request"], true);
    // The key's end by gpg's eyes and by Sequoia's.
    let until = team.now().plus_days(200).day();
    let extend = team.as_holder("anna", &["extend", "--until", &until]);
    let id = extend.exits(0).request();
    let two = forges(&team, &id, |plan| {
        if let Plan::UserIdSelf { expires_after, .. } = plan {
            *expires_after += 86_400;
        }
    });
    lints(&team, &[&two]).says("NEW ").says("verifiers differ");
    let short = forges(&team, &id, |plan| match plan {
        Plan::KeySelf { expires_after, .. } | Plan::UserIdSelf { expires_after, .. } => {
            *expires_after = 1;
        }
        _ => (),
    });
    let done = lints(&team, &[&short]);
    assert!(
        done.said.contains("NEW ") && done.said.contains("expired"),
        "{}",
        done.said
    );
}

#[test]
fn that_a_revoked_key_is_refused_is_what_a_revocation_is_for() {
    let team = Team::in_service(2);
    let digits = team.fingerprint()[..4].to_owned();
    let revoke = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = revoke.exits(0).request();
    lints(&team, &[&id])
        .exits(0)
        .says("NEW advice: it is revoked");
}

#[test]
fn a_request_that_is_none_is_called_by_its_name() {
    let team = Team::in_service(2);
    lints(&team, &["abcdef0"])
        .exits(2)
        .says("there is no request");
    let id = team.opens();
    let file = team.vault().join(format!("requests/{id}.request"));
    let text = std::fs::read_to_string(&file).unwrap();
    let other = team.path("changed.request");
    std::fs::write(&other, text.replace("machine: desk", "machine: dusk")).unwrap();
    lints(&team, &[other.to_str().unwrap()])
        .exits(4)
        .says("was changed after anna signed it");
}
