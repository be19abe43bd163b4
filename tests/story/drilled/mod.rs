//! Drills: the whole way with practice shares, and that neither way leads over to a real request.

mod crossed;
mod declined;
mod held;

use super::team::{Done, Team};
use quorate::ceremony::DrillMinutes;
use quorate::ceremony::drill::VerifiedDrill;
use quorate::ceremony::verified::VerifiedRequest;
use quorate::roster::opening::{AgeIdentity, IdentityFile};
use quorate::roster::sealed_share::SealedShare;
use quorate::vault::manifest::SignedManifest;
use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

impl Team {
    /// Anna opens a drill.
    pub fn opens_a_drill(&self, set: &str) -> String {
        let done = self.as_holder("anna", &["drill", "open", "--of", set]);
        done.exits(0).says("nothing of the key is touched");
        let at = done.said.find("\ndrill ").unwrap();
        done.said[at + 7..at + 14].to_owned()
    }

    pub fn answers_the_drill(&self, who: &str, id: &str) -> Done {
        let words = self.run("anna", &["drill", "show", id, "--words"]);
        let words = words.exits(0).said.replace('\n', " ");
        let answer = ["drill", "answer", id, "--way", "voice", "--words", &words];
        self.as_holder(who, &answer)
    }

    pub fn drill_submission(&self, who: &str, id: &str) -> PathBuf {
        self.home(who).join(format!("drill-{id}-{who}.submission"))
    }

    fn performs_the_drill(&self, id: &str, files: &[&Path]) -> Done {
        let mut arguments = vec!["drill", "perform", id];
        arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
        self.run("anna", &arguments)
    }

    fn manifest(&self) -> SignedManifest {
        let file = std::fs::read(self.vault().join("vault.toml")).unwrap();
        SignedManifest::read_unpinned(&file).unwrap()
    }

    fn drill_file(&self, id: &str) -> PathBuf {
        self.vault().join(format!("drills/{id}.drill"))
    }

    fn verified_drill(&self, id: &str) -> VerifiedDrill {
        let file = std::fs::read(self.drill_file(id)).unwrap();
        VerifiedDrill::read(&file, self.manifest().manifest()).unwrap()
    }

    fn verified_request(&self, id: &str) -> VerifiedRequest {
        let file = self.vault().join(format!("requests/{id}.request"));
        let file = std::fs::read(file).unwrap();
        VerifiedRequest::read(&file, self.manifest().manifest()).unwrap()
    }
}

/// A team in service and an open drill with ben's and cleo's answers, made once and copied.
fn drilled() -> (Team, String) {
    static MADE: OnceLock<(Team, String)> = OnceLock::new();
    let (team, id) = MADE.get_or_init(|| {
        let team = Team::in_service(3);
        let id = team.opens_a_drill("master");
        team.answers_the_drill("ben", &id).exits(0);
        team.answers_the_drill("cleo", &id).exits(0);
        (team, id)
    });
    let copy = team.copy();
    let key = copy.fingerprint();
    copy.run("anna", &["status", "--as", "anna", "--key", &key])
        .exits(0);
    (copy, id.clone())
}

/// Opens a holder's sealed share, as the holder could with any program.
pub fn opened(team: &Team, who: &str, set: &str) -> SealedShare {
    let file = std::fs::read(team.identity(who)).unwrap();
    let IdentityFile::Open(identity) = AgeIdentity::from_file(&file).unwrap() else {
        panic!("an identity in the clear")
    };
    let sealed = std::fs::read(team.vault().join(format!("sealed/{set}.1/{who}.age"))).unwrap();
    SealedShare::parse(&identity.open(&sealed, 1 << 16).unwrap()).unwrap()
}

fn two(team: &Team, id: &str) -> (PathBuf, PathBuf) {
    (
        team.drill_submission("ben", id),
        team.drill_submission("cleo", id),
    )
}

#[test]
fn a_drill_goes_the_whole_way_and_leaves_minutes() {
    let (team, id) = drilled();
    let (ben, cleo) = two(&team, &id);
    let done = team.performs_the_drill(&id, &[&ben, &cleo]);
    done.exits(0)
        .says("ben      answered   practice share true")
        .says("hardened   memory")
        .says("opened     practice.1.age with 3 practice shares")
        .says("deleted    the one-time key")
        .says("of the master set, in less than a minute, with anna, ben, cleo")
        .says("never yet in any drill: dan, eve");
    team.run("anna", &["drill", "list"]).exits(0).says(&format!(
        "last       {} with anna, ben, cleo; never yet: dan, eve",
        team.now().day()
    ));
    team.verifies()
        .says("1 drill, 3 drill answers, 1 drill minutes")
        .says("never yet: dan, eve");
    team.holds_no_secret();
    for file in [
        format!("{id}.drill"),
        format!("{id}-ben.answer"),
        format!("{id}.minutes"),
    ] {
        team.run("anna", &["verify", &format!("drills/{file}")])
            .exits(0);
    }
    // Done is done.
    team.performs_the_drill(&id, &[])
        .exits(0)
        .says("carried out already");
    let key = team.fingerprint();
    team.run(
        "dan",
        &["drill", "answer", &id, "--as", "dan", "--key", &key],
    )
    .exits(1)
    .says("carried out already");
    // Dan takes part in the next one, of the other set, which asks two.
    team.days_pass(2);
    let next = team.opens_a_drill("revocation");
    team.answers_the_drill("dan", &next)
        .exits(0)
        .says("that makes 2 of 2");
    let file = team.drill_submission("dan", &next);
    team.performs_the_drill(&next, &[&file])
        .exits(0)
        .says("of the revocation set");
    team.run("eve", &["drill", "list", "--key", &key])
        .exits(0)
        .says("with anna, dan; never yet: eve");
}

#[test]
fn a_team_can_practise_before_the_key_is_in_force() {
    let team = Team::of(&["anna", "ben"], 2);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    let id = team.opens_a_drill("master");
    team.answers_the_drill("ben", &id).exits(0);
    let file = team.drill_submission("ben", &id);
    team.performs_the_drill(&id, &[&file]).exits(0);
    team.run("anna", &["status"])
        .exits(0)
        .says("WAITING FOR RECEIPTS");
    let day = format!("\"last_drill\": \"{}\"", team.now().day());
    team.run("anna", &["status", "--json"]).exits(0).says(&day);
}

#[test]
fn the_words_are_compared_before_the_share_is_opened() {
    let (team, id) = drilled();
    let before = team.snapshot();
    std::fs::remove_file(team.identity("dan")).unwrap();
    let wrong = ["abandon"; 8].join(" ");
    let answer = ["drill", "answer", &id, "--way", "voice", "--words", &wrong];
    team.as_holder("dan", &answer)
        .exits(4)
        .says("your share was not opened");
    let by_mail = ["drill", "answer", &id, "--way", "mail", "--words", &wrong];
    team.as_holder("dan", &by_mail).exits(2).says("is no way");
    let key = team.fingerprint();
    team.run("dan", &["drill", "show", &id, "--words", "--key", &key])
        .exits(2)
        .says("on anna's machine only");
    assert!(before == team.snapshot());
}

#[test]
fn an_answer_comes_by_pipe_into_the_inbox_too() {
    let (team, id) = drilled();
    let words = team.run("anna", &["drill", "show", &id, "--words"]);
    let words = words.said.replace('\n', " ");
    let answer = ["drill", "answer", &id, "--way", "room", "--words", &words];
    let done = team.as_holder("dan", &[&answer[..], &["--out", "-"]].concat());
    done.exits(0);
    let terminal = ScriptedTerminal::new();
    terminal.set_input(done.said.as_bytes());
    team.run_with("anna", &["submit"], &RealFiles::default(), &terminal)
        .exits(0)
        .says(&format!("stored for {id}"))
        .says("2 arrived here, 3 are needed");
    let ben = team.drill_submission("ben", &id);
    team.run("anna", &["submit", ben.to_str().unwrap()])
        .exits(0)
        .says(&format!("next: quorate drill perform {id}"));
    team.run("anna", &[])
        .exits(0)
        .says("it is your turn: enough answers to the drill have come");
    team.performs_the_drill(&id, &[])
        .exits(0)
        .says("with anna, ben, dan");
    team.run("anna", &[]).exits(0).says("nothing waits for you");
}

#[test]
fn too_few_or_one_twice_is_no_quorum_and_only_told() {
    let (team, id) = drilled();
    let (ben, again) = (
        team.drill_submission("ben", &id),
        team.path("again.submission"),
    );
    std::fs::copy(&ben, &again).unwrap();
    team.performs_the_drill(&id, &[&ben, &again])
        .exits(3)
        .says("counted once")
        .says("2 of 3 true practice shares")
        .says("missing: 1 of cleo, dan, eve");
    assert_eq!(team.attempts("drills").len(), 1);
    team.verifies().says("tried");
}

#[test]
fn an_altered_drill_is_refused_by_everybody() {
    let (team, id) = drilled();
    let words = team.run("anna", &["drill", "show", &id, "--words"]);
    let words = words.said.replace('\n', " ");
    let file = team.drill_file(&id);
    let text = std::fs::read_to_string(&file).unwrap();
    let other = team.opens_a_drill("master");
    let other = std::fs::read_to_string(team.drill_file(&other)).unwrap();
    for bad in [
        text.split("-----BEGIN").next().unwrap().to_owned(),
        text.replacen("opener: anna", "opener: ben", 1),
        text.replacen("machine: desk", "machine: dusk", 1),
        text.replacen("asked: master", "asked: revocation", 1),
        text[..text.len() / 2].to_owned(),
        format!("{text}x"),
        other,
    ] {
        std::fs::write(&file, bad).unwrap();
        let before = team.snapshot();
        let ben = team.drill_submission("ben", &id);
        // Of another set is no forgery, but nothing to be carried out.
        let code = team.performs_the_drill(&id, &[&ben]).code;
        assert!(code == 4 || code == 3, "{code}");
        let answer = ["drill", "answer", &id, "--way", "voice", "--words", &words];
        let code = team.as_holder("dan", &answer).code;
        assert!(code == 4 || code == 3, "{code}");
        assert!(before == team.snapshot());
    }
    let key = team.fingerprint();
    for bad in [&b"\xff\xfe"[..], b"", b"quorate drill 2\n"] {
        std::fs::write(&file, bad).unwrap();
        team.run("eve", &["verify", "--key", &key])
            .exits(4)
            .says("not genuine");
        team.run("anna", &["drill", "list"])
            .exits(0)
            .says("isn't counted");
    }
    std::fs::write(&file, &text).unwrap();
    let (ben, cleo) = two(&team, &id);
    team.performs_the_drill(&id, &[&ben, &cleo]).exits(0);
}

#[test]
fn a_drill_that_has_closed_or_is_another_vaults_ends_in_a_sentence() {
    let (team, id) = drilled();
    let other = Team::in_service(3);
    let foreign = other.opens_a_drill("master");
    std::fs::copy(other.drill_file(&foreign), team.drill_file(&foreign)).unwrap();
    team.performs_the_drill(&foreign, &[])
        .exits(4)
        .says("of another vault");
    std::fs::remove_file(team.drill_file(&foreign)).unwrap();
    let key = team.fingerprint();
    team.run(
        "ben",
        &["drill", "perform", &id, "--as", "ben", "--key", &key],
    )
    .exits(2)
    .says("anna opened it on desk");
    let (ben, cleo) = two(&team, &id);
    team.days_pass(8);
    team.performs_the_drill(&id, &[&ben, &cleo])
        .exits(3)
        .says("closed at")
        .says("recorded   drills/");
    team.as_holder("dan", &["drill", "answer", &id])
        .exits(3)
        .says("closed at");
    team.run("anna", &["drill", "list"])
        .exits(0)
        .says("without a quorum")
        .says("none yet");
    team.run("anna", &["drill", "open", "--of", "both"])
        .exits(2);
}

#[test]
fn minutes_that_name_who_did_not_answer_are_not_genuine() {
    let (team, id) = drilled();
    let (ben, cleo) = two(&team, &id);
    team.performs_the_drill(&id, &[&ben, &cleo]).exits(0);
    let file = team.vault().join(format!("drills/{id}.minutes"));
    let drill = team.verified_drill(&id);
    let manifest = team.manifest();
    let bytes = std::fs::read(&file).unwrap();
    let true_ones = DrillMinutes::read(&bytes, manifest.manifest(), &drill, team.now()).unwrap();
    let key = team.fingerprint();
    let with = |names: &[&str]| {
        let mut minutes = true_ones.clone();
        minutes.took_part = names
            .iter()
            .map(|name| quorate::roster::name::Name::parse(name).unwrap())
            .collect();
        minutes
    };
    let anna = opened(&team, "anna", "master").holder_key;
    // By the opener herself, who claims more than there is.
    let claimed = with(&["anna", "ben", "cleo", "dan"]).sign(&anna).unwrap();
    std::fs::write(&file, claimed).unwrap();
    team.run("eve", &["verify", "--key", &key])
        .exits(4)
        .says("dan is said to have taken part");
    team.run("anna", &["drill", "list"])
        .says("never yet: dan, eve");
    let ben = opened(&team, "ben", "master").holder_key;
    for (minutes, signer) in [
        (with(&["anna", "ben"]), &anna),
        (with(&["anna", "ben", "ben"]), &anna),
        (true_ones.clone(), &ben),
    ] {
        std::fs::write(&file, minutes.sign(signer).unwrap()).unwrap();
        team.run("eve", &["verify", "--key", &key]).exits(4);
        team.run("anna", &["drill", "list"]).says("none yet");
    }
}

#[test]
fn the_stock_program_checks_a_drills_evidence() {
    let (team, id) = drilled();
    let (ben, cleo) = two(&team, &id);
    team.performs_the_drill(&id, &[&ben, &cleo]).exits(0);
    let signers = team.run("anna", &["verify", "--allowed-signers"]);
    std::fs::write(team.path("signers"), signers.exits(0).said.as_bytes()).unwrap();
    for (file, who, space, good) in [
        (format!("{id}.drill"), "anna", "drill", true),
        (format!("{id}-ben.answer"), "ben", "drill-answer", true),
        (format!("{id}.minutes"), "anna", "drill-minutes", true),
        (format!("{id}.drill"), "anna", "request", false),
        (format!("{id}-ben.answer"), "ben", "approval", false),
        (format!("{id}.minutes"), "anna", "minutes", false),
    ] {
        let line = format!(
            "sed -n '/^-----BEGIN SSH SIGNATURE/,$p' drills/{file} >../sig; \
             sed '/^-----BEGIN SSH SIGNATURE/,$d' drills/{file} | \
             ssh-keygen -Y verify -f ../signers -I {who} -n {space}@quorate -s ../sig"
        );
        let mut shell = std::process::Command::new("bash");
        let output = shell.args(["-c", &line]).current_dir(team.vault()).output();
        assert_eq!(output.unwrap().status.success(), good, "{file} {space}");
    }
}
