//! `quorate minutes`: what happened, told from the evidence to anybody.

use super::drilled::opened;
use super::submissions::forged;
use super::team::Team;

#[test]
fn a_stranger_is_told_who_did_what_and_when() {
    let team = Team::in_service(3);
    let id = team.opens();
    team.days_pass(1);
    let refusal = ["decline", &id, "--because", "I can't reach the owner"];
    team.as_holder("dan", &refusal).exits(0);
    team.days_pass(1);
    let practice = opened(&team, "ben", "master").practice_text;
    team.approves("ben", &id).exits(0);
    forged(&team, &id, "ben", &practice);
    let ben = team.submission("ben", &id);
    team.performs(&id, &[&ben]).exits(3);
    team.days_pass(1);
    team.approves("cleo", &id).exits(0);
    team.approves("eve", &id).exits(0);
    let files = ["cleo", "eve"].map(|who| team.submission(who, &id));
    team.performs(&id, &[&ben, &files[0], &files[1]]).exits(0);

    let key = team.fingerprint();
    let done = team.run("stranger", &["minutes", &id, "--key", &key]);
    let said = &done.exits(0).said;
    let days: Vec<String> = said
        .lines()
        .filter_map(|line| Some(line.strip_prefix("  2")?.get(..9)?.to_owned()))
        .collect();
    assert!(days.is_sorted() && days.len() == 7, "{said}");
    // Without the times, and how long the session took.
    let told: Vec<&str> = said
        .lines()
        .map(|line| match line.strip_prefix("  ") {
            Some(line) => line.get(18..).unwrap_or(line),
            None => line,
        })
        .map(|line| line.split(" s on ").next().unwrap())
        .collect();
    let told = told.join("\n");
    let version = env!("CARGO_PKG_VERSION");
    let (begin, end) = told.split_once("hardening complete; ").unwrap();
    assert_eq!(
        begin,
        format!(
            "Minutes of {id}: certify 1 user ID of 1 key\n\
             anna opened it and approved (desk, quorate {version})\n\
             dan declined: \"I can't reach the owner\"\n\
             ben approved (words by voice)\n\
             anna tried in vain:\n\
             quorum not reached\n\
             true: anna\n\
             FALSE: ben\n\
             cleo approved (words by voice)\n\
             eve approved (words by voice)\n\
             anna reports: shares of anna, cleo, eve used\n\
             refused as false: shares of ben\n"
        )
    );
    let (seconds, end) = end.split_once('\n').unwrap();
    assert!(seconds.parse::<f64>().unwrap() < 600.0);
    assert_eq!(
        end,
        format!(
            "result   1 signature, equal to the approved draft\n\
             proved by signatures: all but what was reported or tried, which is the opener's\n\
             signed word. The times are UTC, by the clock of each one's machine. The key is\n\
             {key}, which you named"
        )
    );
    // Nothing is kept of it, and another key is refused.
    let unnamed = team.run("stranger", &["minutes", &id]);
    unnamed.exits(0).says(&format!("{key}, compare it (--key)"));
    let other = Team::in_service(2).fingerprint();
    let wrong = ["minutes", &id, "--key", &other];
    team.run("stranger", &wrong).exits(4);
}

#[test]
fn without_a_name_all_requests_are_told_and_none_that_is_not_genuine() {
    let team = Team::in_service(2);
    let key = team.fingerprint();
    let minutes = |code| {
        let done = team.run("stranger", &["minutes", "--key", &key]);
        done.exits(code);
        done
    };
    minutes(0).says("no request was ever opened");
    let first = team.opens();
    team.as_holder("anna", &["withdraw", &first, "--because", "a slip"])
        .exits(0);
    team.days_pass(1);
    let second = team.opens();
    let done = minutes(0);
    done.says("anna took it back: \"a slip\"")
        .says("result   none, it had ended before")
        .says("result   none yet, it closes 20");
    let at = |id: &str| done.said.find(&format!("Minutes of {id}")).unwrap();
    assert!(at(&first) < at(&second));
    assert_eq!(done.said.matches("proved by signatures").count(), 1);

    // An answer that isn't signed by its holder is nobody's.
    team.approves("ben", &second).exits(0);
    let approval = team
        .vault()
        .join(format!("approvals/{second}-ben.approval"));
    let genuine = std::fs::read_to_string(&approval).unwrap();
    std::fs::write(&approval, genuine.replace("voice", "paper")).unwrap();
    assert!(!minutes(0).said.contains("ben"));
    // The others are told of, whatever became of one request.
    let request = team.vault().join(format!("requests/{first}.request"));
    let bytes = std::fs::read_to_string(&request).unwrap();
    std::fs::write(&request, bytes.replacen("opener: anna", "opener: cleo", 1)).unwrap();
    minutes(4)
        .says(&format!("Minutes of {second}"))
        .says(&format!("warning: request {first}"))
        .says("requests that can't be told of: 1");
}

#[test]
fn a_result_that_is_missing_is_missed() {
    let team = Team::in_service(2);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    std::fs::remove_file(team.vault().join(format!("results/{id}.result"))).unwrap();
    // Somebody who hasn't seen it.
    let key = team.fingerprint();
    team.run("stranger", &["minutes", &id, "--key", &key])
        .exits(0)
        .says("anna reports: shares of anna, ben used")
        .says("result   isn't here, although the minutes are");
}
