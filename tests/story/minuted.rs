//! `quorate minutes`: what happened, told from the evidence to anybody.

use super::drilled::opened;
use super::submissions::forged;
use super::team::Team;
use quorate::ceremony::approval::Approval;
use quorate::ceremony::verified::VerifiedRequest;
use quorate::vault::manifest::SignedManifest;

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
    let version = env!("CARGO_PKG_VERSION");
    let day = |number| {
        let opened = said.lines().nth(2).unwrap();
        let opened: quorate::world::Timestamp =
            format!("{}T00:00:00Z", &opened[2..12]).parse().unwrap();
        opened.plus_days(number).day().to_string()
    };
    let (begin, end) = said.split_once("hardening complete; ").unwrap();
    let (seconds, end) = end.split_once(" s on desk\n").unwrap();
    assert!(seconds.parse::<f64>().unwrap() < 600.0);
    // The hour is that of the test.
    let begin: Vec<String> = begin
        .lines()
        .map(|line| match line.strip_prefix("  2") {
            Some(rest) => format!("2{} {}", &rest[..9], &rest[17..]),
            None => line.trim_start().to_owned(),
        })
        .collect();
    assert_eq!(
        begin.join("\n"),
        format!(
            "Minutes of {id}: certify 1 user ID of 1 key\n\
             asked of the master set, 3 of 5 needed\n\
             {0} anna opened it and approved (desk, quorate {version})\n\
             {1} dan declined: \"I can't reach the owner\"\n\
             {2} ben approved (words by voice)\n\
             {2} anna tried in vain:\n\
             quorum not reached\n\
             true: anna\n\
             FALSE: ben\n\
             {3} cleo approved (words by voice)\n\
             {3} eve approved (words by voice)\n\
             {3} anna reports: shares of anna, cleo, eve used\n\
             refused as false: shares of ben\n",
            day(0),
            day(1),
            day(2),
            day(3)
        )
    );
    assert_eq!(
        end,
        format!(
            "result   1 signature, equal to the approved draft\n\n\
             proved   who said what, by their signatures; the result, by the key's\n\
             told     times, machines, programs and ways, by each signer; what was reported\n         \
             or tried, by the opener alone\n\
             unseen   what was taken out of this folder\n\
             key      {key}, which you named\n"
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
    minutes(0).says("no request is here");
    let first = team.opens();
    team.as_holder("anna", &["withdraw", &first, "--because", "a slip"])
        .exits(0);
    team.days_pass(1);
    let second = team.opens();
    let done = minutes(0);
    done.says("anna took it back: \"a slip\"")
        .says("result   none: withdrawn by anna")
        .says("result   none yet; it closes 20");
    let at = |id: &str| done.said.find(&format!("Minutes of {id}")).unwrap();
    assert!(at(&first) < at(&second));
    assert_eq!(done.said.matches("proved   ").count(), 1);

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
        .says("not genuine, or not readable: 1");
    std::fs::remove_file(team.vault().join(format!("requests/{second}.request"))).unwrap();
    assert!(!minutes(4).said.contains("no request"));
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
        .says("result   not here, or not proved by what is here");
}

/// The approval that lies in the vault, with another way, signed by its holder.
fn approves_by(team: &Team, who: &str, id: &str, way: &str) {
    let read = |name: &str| std::fs::read(team.vault().join(name)).unwrap();
    let manifest = SignedManifest::read_unpinned(&read("vault.toml")).unwrap();
    let manifest = manifest.manifest();
    let request =
        VerifiedRequest::read(&read(&format!("requests/{id}.request")), manifest).unwrap();
    let path = format!("approvals/{id}-{who}.approval");
    let genuine = Approval::read(&read(&path), manifest, &request, team.now()).unwrap();
    let way = way.to_owned();
    let key = opened(team, who, "master").holder_key;
    let file = Approval { way, ..genuine }.sign(&key).unwrap();
    std::fs::write(team.vault().join(path), file).unwrap();
}

#[test]
fn nobody_approves_as_the_opener_but_the_opener() {
    let team = Team::in_service(2);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    approves_by(&team, "ben", &id, "room");
    let minutes = || team.run("stranger", &["minutes", &id]);
    minutes().exits(0).says("ben approved (words in one room)");
    approves_by(&team, "ben", &id, "opener");
    assert!(!minutes().exits(0).said.contains("ben"));
    std::fs::remove_file(team.vault().join(format!("approvals/{id}-anna.approval"))).unwrap();
    let done = minutes();
    assert!(
        !done.exits(0).said.contains("and approved"),
        "{}",
        done.said
    );
}

#[test]
fn what_is_false_or_missing_in_one_request_hides_nothing_of_the_others() {
    let team = Team::in_service(2);
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = team.opens();
        team.approves("ben", &id).exits(0);
        team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
        team.days_pass(1);
        ids.push(id);
    }
    let at = |name: &str, id: &str, end: &str| team.vault().join(format!("{name}/{id}.{end}"));
    // A result of another request, and minutes that somebody copied.
    std::fs::copy(
        at("results", &ids[0], "result"),
        at("results", &ids[1], "result"),
    )
    .unwrap();
    std::fs::copy(
        at("minutes", &ids[0], "minutes"),
        at("minutes", "copy", "minutes"),
    )
    .unwrap();
    std::fs::remove_file(
        team.vault()
            .join(format!("approvals/{}-ben.approval", ids[2])),
    )
    .unwrap();
    let done = team.run("stranger", &["minutes"]);
    done.exits(4)
        .says("result   NOT GENUINE")
        .says("not genuine, or not readable: 1")
        .says("proved   ")
        .says("whose approvals AREN'T HERE: ben")
        .says("1 signature, equal to the draft; ONLY 1 of 2 approvals are here");
    let said = &done.said;
    for id in &ids {
        assert_eq!(said.matches(&format!("Minutes of {id}")).count(), 1);
    }
    assert_eq!(said.matches("reports: shares").count(), 3, "{said}");
    team.run("stranger", &["verify"])
        .exits(4)
        .says("equal to the draft; ONLY 1 of 2 approvals are here");
    // What can't be read is missed, too.
    let conflict = "<<<<<<< HEAD\n=======\n>>>>>>> other\n";
    let broken = team
        .vault()
        .join(format!("approvals/{}-anna.approval", ids[0]));
    std::fs::write(broken, conflict).unwrap();
    team.run("stranger", &["minutes", &ids[0]])
        .exits(4)
        .says("not genuine, or not readable: 1");
}

#[test]
fn what_is_sealed_is_told_as_nothing_that_anybody_can_see_into() {
    let team = Team::in_service(2);
    let digits = team.fingerprint()[..4].to_owned();
    let done = team.as_holder("anna", &["revoke", "key", "--confirm", &digits]);
    let id = done.exits(0).request();
    team.run("stranger", &["minutes", &id])
        .exits(0)
        .says("asked of the revocation set, 2 of ")
        .says("result   none yet; it closes");
}

#[test]
fn quoted_words_pass_for_no_line_of_the_program() {
    let team = Team::in_service(2);
    let id = team.opens();
    let because = format!("{}\"; true: anna, cleo", "no ".repeat(20));
    team.as_holder("dan", &["decline", &id, "--because", &because])
        .exits(0);
    let done = team.run("stranger", &["minutes", &id]);
    let said = &done.exits(0).said;
    assert!(
        said.contains("'; true: anna, cleo\"") || said.contains("'; true:"),
        "{said}"
    );
    for line in said.lines() {
        assert!(
            !line.starts_with(&format!("{}true:", " ".repeat(20))),
            "{said}"
        );
    }
}
