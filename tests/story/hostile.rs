//! A root who opens requests with a program of his own, and whoever can push: what the others' programs say.

use quorate::ceremony::outcome::{Outcome, Value, write};
use quorate::ceremony::request::MAX_REQUEST;
use quorate::ceremony::verified::VerifiedRequest;
use quorate::openpgp::draft::Draft;
use quorate::openpgp::manifest_signature::primary_of;
use quorate::openpgp::plan::Plan;
use quorate::vault::manifest::SignedManifest;
use quorate::vault::record::Record;

use super::changed::{carried_out, offer};
use super::drilled::opened;
use super::team::Team;

fn manifest(team: &Team) -> SignedManifest {
    let file = std::fs::read(team.vault().join("vault.toml")).unwrap();
    SignedManifest::read_unpinned(&file).unwrap()
}

fn read(team: &Team, id: &str) -> VerifiedRequest {
    let file = team.vault().join(format!("requests/{id}.request"));
    VerifiedRequest::read(&std::fs::read(file).unwrap(), manifest(team).manifest()).unwrap()
}

/// Anna's request with other plans, signed with her own holder key; under its true id.
pub fn forges(team: &Team, id: &str, change: impl Fn(&mut Plan)) -> String {
    let mut request = read(team, id).request().clone();
    request.drafts = request
        .drafts
        .iter()
        .map(|draft| {
            let mut plan = draft.plan().clone();
            change(&mut plan);
            let made = Draft::encode(plan).unwrap();
            made.to(draft.destination()).unwrap()
        })
        .collect();
    let file = request
        .sign(&opened(team, "anna", "master").holder_key)
        .unwrap();
    let digest = Record::parse(&file, "request", MAX_REQUEST)
        .unwrap()
        .digest()
        .to_string();
    let id = digest[..7].to_owned();
    std::fs::write(team.vault().join(format!("requests/{id}.request")), file).unwrap();
    id
}

fn team() -> Team {
    let team = Team::in_service(2);
    team.as_holder("ben", &["share", "verify"]).exits(0);
    team
}

/// A request of anna's that changes the key.
fn extends(team: &Team) -> String {
    let until = team.now().plus_days(200).day();
    team.as_holder("anna", &["extend", "--until", &until])
        .exits(0)
        .request()
}

#[test]
fn a_signature_that_would_be_dated_otherwise_than_its_request_is_refused() {
    let team = team();
    let id = extends(&team);
    for shift in [3 * 86_400, -3 * 86_400] {
        let forged = forges(&team, &id, |plan| {
            let created = match plan {
                Plan::KeySelf { stamp, .. } | Plan::UserIdSelf { stamp, .. } => &mut stamp.created,
                _ => unreachable!(),
            };
            *created = u32::try_from(i64::from(*created) + shift).unwrap();
        });
        team.run("ben", &["show", &forged])
            .exits(4)
            .says("is not dated as its request");
    }
}

#[test]
fn everything_that_would_be_signed_is_shown() {
    let team = team();
    let new = "Story Team <team@example.org>";
    carried_out(&team, &["uid", "add", new]);
    let id = team
        .as_holder("anna", &["uid", "retire", "story@example.org"])
        .exits(0)
        .request();
    let words = "Use 0xEVIL instead.";
    let forged = forges(&team, &id, |plan| match plan {
        Plan::RevokeUserId { text, .. } => *text = words.to_owned(),
        Plan::UserIdSelf {
            primary_user_id, ..
        } => *primary_user_id = true,
        _ => (),
    });
    team.run("ben", &["show", &forged]).exits(0).says(words);
    let id = extends(&team);
    let forged = forges(&team, &id, |plan| {
        if let Plan::UserIdSelf {
            primary_user_id, ..
        } = plan
        {
            *primary_user_id = true;
        }
    });
    team.run("ben", &["show", &forged])
        .exits(0)
        .says("the one that is shown first");
}

#[test]
fn two_changes_of_one_state_are_not_approved_together() {
    let team = team();
    let until = |days| team.now().plus_days(days).day();
    let extend = |days| {
        let until = until(days);
        let done = team.as_holder("anna", &["extend", "--until", &until]);
        done.exits(0).request()
    };
    let (one, other) = (extend(200), extend(220));
    let words = team.words_of(&[&one, &other]);
    team.as_holder(
        "ben",
        &["approve", &one, &other, "--way", "voice", "--words", &words],
    )
    .exits(3)
    .says("change the same state of the key");
}

#[test]
fn a_revocation_whose_result_is_taken_away_is_missed_by_who_has_seen_it() {
    let team = team();
    let digits = team.fingerprint()[..4].to_owned();
    let opened = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = opened.exits(0).request();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    for who in ["anna", "ben"] {
        team.run(who, &["status"]).exits(0).says("ENDED: REVOKED");
    }
    let result = team.vault().join(format!("results/{id}.result"));
    let kept = std::fs::read(&result).unwrap();
    std::fs::remove_file(&result).unwrap();
    for who in ["anna", "ben"] {
        team.run(who, &["status"])
            .exits(4)
            .says("older than what this machine has seen");
    }
    let key = team.fingerprint();
    team.run("eve", &["verify", "--key", &key])
        .says("its minutes are here, its result isn't");
    // In conflict it isn't there either.
    let conflict = [kept.as_slice(), b"\n<<<<<<< HEAD\n"].concat();
    std::fs::write(&result, conflict).unwrap();
    team.run("ben", &["status"]).exits(4);
    std::fs::write(&result, kept).unwrap();
    team.run("ben", &["status"]).exits(0);
}

#[test]
fn sealed_values_count_by_the_quorum_and_its_minutes_alone() {
    let team = team();
    let (file, _) = offer(&team, "a.offer");
    carried_out(&team, &["subkey", "bind", &file]);
    let id = only_request(&team);
    let request = read(&team, &id);
    let signed = manifest(&team);
    let primary = primary_of(signed.manifest().certificate.as_bytes()).unwrap();
    let path = team.vault().join(format!("results/{id}.result"));
    let genuine = std::fs::read(&path).unwrap();
    let outcome = Outcome::read(&genuine, &request, &primary).unwrap();
    // Sealed to somebody else, as it may be: nobody sees that from outside.
    let junk = b"-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----\n";
    let values: Vec<Vec<u8>> = outcome
        .values
        .iter()
        .map(|value| match value {
            Value::Signed(signed) => signed.bytes().to_vec(),
            Value::Sealed(_) => junk.to_vec(),
        })
        .collect();
    let forged = write(request.digest(), &values).unwrap();
    std::fs::write(&path, &forged).unwrap();
    let key = team.fingerprint();
    team.run("eve", &["verify", "--key", &key])
        .exits(4)
        .says("proved by no quorum");
    std::fs::write(&path, &genuine).unwrap();
    team.verifies();
    // Without the approvals it is nobody's word.
    for entry in std::fs::read_dir(team.vault().join("approvals")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    team.run("eve", &["verify", "--key", &key])
        .exits(4)
        .says("proved by no quorum");
}

fn only_request(team: &Team) -> String {
    let mut files = std::fs::read_dir(team.vault().join("requests")).unwrap();
    let name = files.next().unwrap().unwrap().file_name();
    name.to_str().unwrap().split('.').next().unwrap().to_owned()
}

#[test]
fn junk_that_nobody_signed_stops_nothing() {
    let team = team();
    let id = team.opens();
    let junk = team.vault().join(format!("results/{id}.result"));
    std::fs::create_dir_all(junk.parent().unwrap()).unwrap();
    std::fs::write(&junk, "junk").unwrap();
    let request = team.vault().join(format!("requests/{id}.request"));
    let alias = team.vault().join(format!("requests/{id}f.request"));
    std::fs::copy(request, alias).unwrap();
    team.run("anna", &["status"]).exits(0).says(&id);
    let key = team.fingerprint();
    team.run("eve", &["verify", "--key", &key]).exits(4);
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
}

#[test]
fn clearing_a_retired_vault_follows_no_link_into_another() {
    let team = team();
    let later = Team::copy_at(&team, team.now().plus_days(400));
    let living = team.vault().join("sealed");
    std::fs::remove_dir_all(later.vault().join("sealed")).unwrap();
    std::os::unix::fs::symlink(&living, later.vault().join("sealed")).unwrap();
    later
        .as_holder("anna", &["retire", "--clear", "--yes"])
        .exits(4)
        .says("isn't a folder");
    assert!(living.join("master.1/anna.age").exists());
}

#[test]
fn a_copy_of_a_request_or_a_drill_under_another_name_stops_nothing() {
    let team = team();
    let id = extends(&team);
    let digest = read(&team, &id).digest().to_string();
    let place = team.vault().join("requests");
    std::fs::copy(
        place.join(format!("{id}.request")),
        place.join(format!("{}.request", &digest[..16])),
    )
    .unwrap();
    team.run("anna", &["status"]).exits(0);
    team.approves("ben", &id).exits(0);
    team.approves("ben", &id).exits(0);
    // Whoever types the copy's id, means the one request.
    team.performs(&digest[..16], &[&team.submission("ben", &id)])
        .exits(0);
    let result = |id: &str| team.vault().join(format!("results/{id}.result"));
    assert!(result(&id).exists() && !result(&digest[..16]).exists());
    // Nor does a copy hide the result of a request that had the longer id.
    let told = format!("expires {}", team.now().plus_days(200).day());
    team.run("ben", &["status"]).exits(0).says(&told);
    std::fs::rename(result(&id), result(&digest[..16])).unwrap();
    team.run("ben", &["status"]).exits(0).says(&told);

    let id = team.opens_a_drill("master");
    let place = team.vault().join("drills");
    let file = place.join(format!("{id}.drill"));
    std::fs::copy(&file, place.join(format!("{id}f.drill"))).unwrap();
    std::fs::write(team.vault().join(format!("requests/{id}0.request")), "junk").unwrap();
    let done = team.run("anna", &["drill", "list"]);
    assert_eq!(done.exits(0).said.matches(&id).count(), 1, "{}", done.said);
    team.answers_the_drill("ben", &id).exits(0);
    team.as_holder("cleo", &["decline", &id, "--because", "away"])
        .exits(0)
        .says("declined");
}
