//! Two machines' memories of one vault, and two clones of it that went on separately.

use std::path::Path;
use std::process::Command;

use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;

use crate::team::{Done, Team};

fn git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.org"])
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "merge.conflictStyle=merge",
        ])
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

#[track_caller]
fn must(folder: &Path, arguments: &[&str]) {
    let (good, said) = git(folder, arguments);
    assert!(good, "git {arguments:?}: {said}");
}

/// The vault of the team under git, everything in it committed.
fn under_git(team: &Team) {
    must(&team.vault(), &["init", "-q"]);
    commit(&team.vault());
}

fn commit(folder: &Path) {
    must(folder, &["add", "."]);
    must(folder, &["commit", "-q", "-m", "all"]);
}

/// What was done in each comes to the other, without a conflict.
#[track_caller]
fn meet(vault: &Path, clone: &Path) {
    commit(vault);
    commit(clone);
    for (here, there) in [(vault, clone), (clone, vault)] {
        let there = there.to_str().unwrap();
        must(
            here,
            &["pull", "-q", "--no-rebase", "--no-edit", there, "main"],
        );
    }
}

/// A command in another clone.
fn at(team: &Team, clone: &Path, who: &str, arguments: &[&str]) -> Done {
    let all = [arguments, &["--vault", clone.to_str().unwrap()]].concat();
    team.run(who, &all)
}

#[test]
fn what_one_machine_remembers_another_learns() {
    let team = Team::in_service(2);
    under_git(&team);
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    team.performs(&id, &[&team.submission("ben", &id)]).exits(0);
    let file = team.path("juniper.pins");
    let file = file.to_str().unwrap();
    team.run("anna", &["pins", "export", file])
        .exits(0)
        .says("2 files that were seen");
    team.run("anna", &["pins", "export", file]).exits(1);
    let key = team.fingerprint();

    // Ben's second machine: nobody there has compared the fingerprint yet.
    std::fs::create_dir(team.home("ben-2")).unwrap();
    let terminal = ScriptedTerminal::new();
    terminal.answer("no");
    let import = ["pins", "import", file];
    team.run_with("ben-2", &import, &RealFiles::default(), &terminal)
        .exits(1)
        .says("not accepted");
    let known = [&import[..], &["--key", &key]].concat();
    team.run("ben-2", &known)
        .exits(0)
        .says("2 files that were seen");
    team.run("ben-2", &known).exits(0);

    // It has never seen the folder as it is now, and yet misses what goes away.
    must(&team.vault(), &["stash", "-q", "-u"]);
    team.run("ben-2", &["status"])
        .exits(4)
        .says("older than what this machine has seen");
    std::fs::create_dir(team.home("ben-3")).unwrap();
    team.run("ben-3", &known)
        .exits(4)
        .says("older than what this machine has seen");
    must(&team.vault(), &["stash", "pop", "-q"]);
    team.run("ben-3", &["status"]).exits(0);
}

#[test]
fn pins_of_another_vault_or_manifest_are_refused_with_both_values() {
    let (team, other) = (Team::in_service(2), Team::in_service(2));
    let exported = |team: &Team| team.run("anna", &["pins", "export"]).exits(0).said.clone();
    let (own, theirs) = (exported(&team), exported(&other));
    let state = || team.run("anna", &["pins", "export"]).exits(0).said.clone();
    let import = |text: &str| {
        let file = team.path("some.pins");
        std::fs::write(&file, text).unwrap();
        team.run("anna", &["pins", "import", file.to_str().unwrap()])
    };
    import(&theirs).exits(4).says("about another vault");
    let digest = own
        .lines()
        .find(|line| line.starts_with("manifest"))
        .unwrap();
    let forked = own.replace(digest, &format!("manifest = \"{}\"", "ab".repeat(32)));
    import(&forked)
        .exits(4)
        .says("another manifest than this machine knows")
        .says(&"ab".repeat(32));
    import(&own.replace("generation = 1", "generation = 2"))
        .exits(4)
        .says("generation seen 2, here 1");
    import(&own.replace(&team.fingerprint(), &other.fingerprint()))
        .exits(4)
        .says("another key than this machine knows");
    for junk in [
        "",
        "quorate pins 2\n",
        "quorate pins 1\nx = 1\n",
        &own.replace("manifest", "manifold"),
    ] {
        import(junk)
            .exits(2)
            .says("isn't what `pins export` writes");
    }
    import(&own.replace("seen = []", "seen = [\"minutes 12\"]")).exits(2);
    assert_eq!(state(), own, "nothing was changed");
    import(&own.replace('\n', "\r\n")).exits(0);
}

#[test]
fn two_clones_that_went_on_separately_merge_by_themselves() {
    let team = Team::needing(2);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    for name in ["anna", "ben", "cleo"] {
        team.receipt(name).exits(0);
    }
    under_git(&team);
    let clone = team.path("clone");
    must(&team.path("."), &["clone", "-q", "vault", "clone"]);
    let key = team.fingerprint();
    let there = |who: &str, arguments: &[&str]| {
        let identity = team.identity(who);
        let known = ["--as", who, "--key", &key, "-i", identity.to_str().unwrap()];
        at(&team, &clone, who, &[arguments, &known].concat())
    };
    // Receipts here and there.
    team.receipt("dan").exits(0);
    there("eve", &["share", "receipt"]).exits(0);
    there("ben", &["share", "receipt"]).exits(0);
    meet(&team.vault(), &clone);
    // A request and its answers here, another one there, and both results.
    let one = team.opens();
    let target = team.target("there.asc");
    let other = there("ben", &["certify", &target]).exits(0).request();
    meet(&team.vault(), &clone);
    team.approves("cleo", &one).exits(0);
    let words = at(&team, &clone, "ben", &["show", &other, "--words"]);
    let words = words.exits(0).said.replace('\n', " ");
    there(
        "dan",
        &["approve", &other, "--way", "voice", "--words", &words],
    )
    .exits(0);
    let from = team.submission("cleo", &one);
    team.performs(&one, &[&from]).exits(0);
    let from = team.submission("dan", &other);
    at(
        &team,
        &clone,
        "ben",
        &["perform", &other, from.to_str().unwrap()],
    )
    .exits(0);
    meet(&team.vault(), &clone);
    team.verifies().says("2 minutes").says("0 bad");
}

#[test]
fn a_conflict_that_git_left_is_named() {
    let team = Team::in_service(2);
    under_git(&team);
    // Two branches with different manifests, as two dealings would make them.
    let manifest = team.vault().join("vault.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    must(&team.vault(), &["checkout", "-q", "-b", "other"]);
    std::fs::write(&manifest, text.replace("format = 1", "format = 1 # one")).unwrap();
    let receipt = std::fs::read_dir(team.vault().join("receipts")).unwrap();
    let receipt = receipt.map(|entry| entry.unwrap().path()).next().unwrap();
    commit(&team.vault());
    must(&team.vault(), &["checkout", "-q", "main"]);
    std::fs::write(&manifest, text.replace("format = 1", "format = 1 # two")).unwrap();
    commit(&team.vault());
    let (merged, _) = git(&team.vault(), &["merge", "other"]);
    assert!(!merged);
    for command in [&["status"][..], &["verify"], &["share", "receipt"]] {
        team.run("anna", command)
            .exits(4)
            .says("vault.toml holds a git merge conflict: two manifests met");
    }
    must(&team.vault(), &["merge", "--abort"]);
    std::fs::write(&manifest, &text).unwrap();
    let before = std::fs::read_to_string(&receipt).unwrap();
    std::fs::write(
        &receipt,
        format!("<<<<<<< HEAD\n{before}=======\n>>>>>>> other\n"),
    )
    .unwrap();
    team.run("anna", &["status"])
        .exits(0)
        .says("a git merge conflict is left in it");
    std::fs::write(&receipt, before).unwrap();
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("<<<<<<< HEAD\n{text}")).unwrap();
    team.run("anna", &["roster", "check"])
        .exits(2)
        .says("line 1");
}
