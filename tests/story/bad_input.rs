//! Files, texts and surroundings that are wrong, by accident or on purpose.

use super::team::Team;
use quorate::world::doubles::ScriptedTerminal;
use quorate::world::{Environment, RealFiles};
use sequoia_openpgp as openpgp;

use openpgp::cert::CertBuilder;
use openpgp::serialize::SerializeInto as _;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

fn served() -> Team {
    static MADE: OnceLock<Team> = OnceLock::new();
    let team = MADE.get_or_init(|| Team::in_service(2)).copy();
    team.run(
        "anna",
        &["status", "--as", "anna", "--key", &team.fingerprint()],
    )
    .exits(0);
    team
}

/// Certifying this file is refused, and the vault stays as it is.
#[track_caller]
fn refused(team: &Team, name: &str, bytes: &[u8], sentence: &str) {
    let file = team.path(name);
    std::fs::write(&file, bytes).unwrap();
    let before = team.snapshot();
    let identity = team.identity("anna");
    let arguments = [
        "certify",
        file.to_str().unwrap(),
        "-i",
        identity.to_str().unwrap(),
    ];
    team.run("anna", &arguments).exits(1).says(sentence);
    assert!(before == team.snapshot());
}

#[test]
fn targets_that_can_not_be_certified_are_named() {
    let team = served();
    refused(&team, "empty", b"", "no OpenPGP certificate");
    refused(&team, "text", b"hello there\n", "no OpenPGP certificate");
    refused(&team, "binary", &[0xff; 4000], "no OpenPGP certificate");
    let (cert, revocation) = CertBuilder::new()
        .add_userid("R <r@example.org>")
        .generate()
        .unwrap();
    let armored = cert.armored().to_vec().unwrap();
    refused(&team, "cut", &armored[..armored.len() / 2], "certificate");
    refused(
        &team,
        "secret",
        &cert.as_tsk().armored().to_vec().unwrap(),
        "SECRET",
    );
    let (revoked, _) = cert.clone().insert_packets(revocation).unwrap();
    refused(
        &team,
        "revoked",
        &revoked.armored().to_vec().unwrap(),
        "is revoked",
    );
    let (bare, _) = CertBuilder::new().generate().unwrap();
    refused(
        &team,
        "bare",
        &bare.armored().to_vec().unwrap(),
        "no user ID",
    );
    let (old, _) = CertBuilder::new()
        .add_userid("Old <old@example.org>")
        .set_creation_time(SystemTime::now() - Duration::from_secs(86_400 * 30))
        .set_validity_period(Duration::from_secs(86_400))
        .generate()
        .unwrap();
    refused(
        &team,
        "old",
        &old.armored().to_vec().unwrap(),
        "has expired",
    );
    let manifest = std::fs::read_to_string(team.vault().join("vault.toml")).unwrap();
    let own = manifest
        .split("certificate = \"\"\"\n")
        .nth(1)
        .unwrap()
        .split("\"\"\"")
        .next()
        .unwrap();
    refused(&team, "own", own.as_bytes(), "the master key itself");
    let huge = team.path("huge");
    std::fs::File::create(&huge)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    team.run("anna", &["certify", huge.to_str().unwrap()])
        .exits(1)
        .says("larger than");
    team.run("anna", &["certify", team.path("none").to_str().unwrap()])
        .exits(1)
        .says("there is no");
    let good = team.target("good.asc");
    team.run("anna", &["certify", &good, "--until", "yesterday"])
        .exits(2)
        .says("no day");
    team.run("anna", &["certify", &good, "--until", "2020-01-01"])
        .exits(2)
        .says("is over");
    team.run("anna", &["certify", &good, "--type", "0x30"])
        .exits(2)
        .says("no type");
    team.run("anna", &["certify", &good, "--notation", "x"])
        .exits(2)
        .says("NAME@DOMAIN");
    team.run(
        "anna",
        &["certify", &good, "--notation", "manifest@quorate=1"],
    )
    .exits(2)
    .says("notation");
    team.run("anna", &["certify", &good, "--user-id", "nobody"])
        .exits(1)
        .says("it has: Target");
}

#[test]
fn a_certification_that_outlives_the_key_is_told_of() {
    let team = served();
    let good = team.target("good.asc");
    let identity = team.identity("anna");
    let identity = identity.to_str().unwrap();
    let certify = |days| {
        let until = team.now().plus_days(days).day();
        let done = team.run(
            "anna",
            &["certify", &good, "--until", &until, "-i", identity],
        );
        done.exits(0);
        done.noted.contains("the key itself expires 20")
    };
    assert!(!certify(20));
    assert!(certify(500));
}

#[test]
fn what_a_terminal_would_obey_is_shown_as_text() {
    let team = served();
    let evil = "Ev\u{1b}[2Jil \u{202e}gro.elpmaxe@live\u{200b} <evil@example.org>";
    let (cert, _) = CertBuilder::new()
        .add_userid(evil)
        .set_creation_time(SystemTime::from(team.now()) - Duration::from_secs(60))
        .generate()
        .unwrap();
    let file = team.path("evil.asc");
    std::fs::write(&file, cert.armored().to_vec().unwrap()).unwrap();
    let identity = team.identity("anna");
    let done = team.run(
        "anna",
        &[
            "certify",
            file.to_str().unwrap(),
            "-i",
            identity.to_str().unwrap(),
        ],
    );
    done.exits(0).says("\\u{202e}");
    let id = done.request();
    let shown = team.run("ben", &["show", &id, "--key", &team.fingerprint()]);
    for text in [&done.said, &shown.exits(0).said] {
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{202e}') && !text.contains('\u{200b}')
        );
    }
}

#[test]
fn an_altered_request_is_refused_by_everybody() {
    let team = served();
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let submission = team.submission("ben", &id);
    let file = team.vault().join(format!("requests/{id}.request"));
    let text = std::fs::read_to_string(&file).unwrap();
    let unsigned = text.split("-----BEGIN").next().unwrap().to_owned();
    let altered = text.replacen("opener: anna", "opener: ben", 1);
    let machine = text.replacen("machine: desk", "machine: dusk", 1);
    let base64 = text
        .replacen("\n Aw", "\n Bw", 1)
        .replacen("\n A", "\n B", 1);
    for bad in [
        unsigned,
        altered,
        machine,
        base64,
        text[..text.len() / 2].to_owned(),
    ] {
        std::fs::write(&file, &bad).unwrap();
        let before = team.snapshot();
        team.performs(&id, &[&submission])
            .exits(4)
            .says("quorate: error:");
        let key = team.fingerprint();
        team.run("cleo", &["show", &id, "--key", &key]).exits(4);
        team.run("cleo", &["verify", "--key", &key])
            .exits(4)
            .says("not genuine");
        let identity = team.identity("cleo");
        let arguments = [
            "approve",
            &id,
            "--as",
            "cleo",
            "--way",
            "voice",
            "--words",
            "a b c d e f g h",
            "-i",
        ];
        let mut arguments = arguments.to_vec();
        arguments.push(identity.to_str().unwrap());
        team.run("cleo", &arguments).exits(4);
        assert!(before == team.snapshot());
    }
    std::fs::write(&file, &text).unwrap();
    team.performs(&id, &[&submission]).exits(0);
}

#[test]
fn a_request_of_another_vault_is_refused() {
    let (team, other) = (served(), Team::in_service(2));
    let id = other.opens();
    let from = other.vault().join(format!("requests/{id}.request"));
    std::fs::create_dir_all(team.vault().join("requests")).unwrap();
    std::fs::copy(from, team.vault().join(format!("requests/{id}.request"))).unwrap();
    team.run("anna", &["show", &id])
        .exits(4)
        .says("another vault");
    team.run("anna", &["status"])
        .exits(0)
        .says("it isn't counted");
}

#[test]
fn an_altered_vault_is_refused() {
    let team = served();
    let manifest = team.vault().join("vault.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let other = Team::in_service(2);
    let foreign = std::fs::read_to_string(other.vault().join("vault.toml")).unwrap();
    let swapped_signature = format!(
        "{}[signature]{}",
        text.split("[signature]").next().unwrap(),
        foreign.split("[signature]").nth(1).unwrap()
    );
    for bad in [
        text.replacen("needed = 2", "needed = 3", 1),
        text.replacen("format = 1", "format = 2", 1),
        text.replacen("[policy]", "[policy]\nextra = 1", 1),
        text.replace('\n', "\r\n"),
        text[..text.len() / 2].to_owned(),
        swapped_signature,
        String::new(),
    ] {
        assert_ne!(bad, text);
        std::fs::write(&manifest, &bad).unwrap();
        team.run("anna", &["status"])
            .exits(4)
            .says("vault.toml is not what the key signed");
        team.run("anna", &["verify"]).exits(4);
    }
    std::fs::remove_file(&manifest).unwrap();
    team.run("anna", &["status"])
        .exits(2)
        .says("there is no vault");
    std::fs::write(&manifest, &text).unwrap();
    team.run("anna", &["status"]).exits(0);
}

#[test]
fn an_altered_file_of_the_vault_is_named() {
    let team = served();
    let key = team.fingerprint();
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    for name in [
        "master.1.age",
        "revocation.1.age",
        "practice.1.age",
        "sealed/master.1/ben.age",
    ] {
        let file = team.vault().join(name);
        let bytes = std::fs::read(&file).unwrap();
        let mut altered = bytes.clone();
        altered[200] ^= 1;
        std::fs::write(&file, &altered).unwrap();
        team.run("eve", &["verify", "--key", &key])
            .exits(4)
            .says(name);
        std::fs::write(&file, &bytes).unwrap();
    }
    let master = team.vault().join("master.1.age");
    let bytes = std::fs::read(&master).unwrap();
    // A file with a huge work factor never reaches age: its digest is another one.
    std::fs::write(
        &master,
        b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 60\n",
    )
    .unwrap();
    let submission = team.submission("ben", &id);
    team.performs(&id, &[&submission])
        .exits(4)
        .says("master file is not the one");
    std::fs::write(&master, &bytes).unwrap();
    let sealed = team.vault().join("sealed/master.1/ben.age");
    let good = std::fs::read(&sealed).unwrap();
    std::fs::copy(team.vault().join("sealed/master.1/cleo.age"), &sealed).unwrap();
    let identity = team.identity("ben");
    let verify = ["share", "verify", "-i", identity.to_str().unwrap()];
    team.run("ben", &verify)
        .exits(4)
        .says("isn't the file that was dealt");
    std::fs::write(&sealed, good).unwrap();
    team.run("ben", &verify).exits(0);
    let wrong = team.identity("cleo");
    let other = team.copy();
    other
        .run("ben", &["status", "--as", "ben", "--key", &key])
        .exits(0);
    other
        .run("ben", &["share", "verify", "-i", wrong.to_str().unwrap()])
        .exits(1)
        .says("sealed to another key");
}

#[test]
fn evidence_ahead_of_the_clock_is_named_and_not_counted() {
    let team = Team::of(&["anna", "ben"], 2);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    team.receipt("anna").exits(0);
    team.days_pass(100);
    team.receipt("ben").exits(0);
    let early = team.copy();
    let key = early.fingerprint();
    early
        .run("anna", &["status", "--as", "anna", "--key", &key])
        .exits(0)
        .says("IN SERVICE");
    let manifest = quorate::world::Timestamp::from(SystemTime::now());
    let back = Team::copy_at(&team, manifest);
    back.run("anna", &["status", "--as", "anna", "--key", &key])
        .exits(0)
        .says("WAITING FOR RECEIPTS")
        .says("ahead of this clock");
}

#[test]
fn a_config_that_can_not_work_makes_nothing() {
    let team = Team::of(&["anna", "ben"], 2);
    let config = team.vault().join("team.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    for (bad, sentence) in [
        (text.replace("master = 2", "master = 3"), "master"),
        (text.replace("master = 2", "mastre = 2"), "master"),
        (
            text.replace("revocation = 2", "revocation = 1"),
            "revocation",
        ),
        (text.replace("keys/ben.age", "keys/anna.age"), "anna"),
        (text.replace("keys/ben.age", "../ben.age"), "keys/"),
        (
            text.replace("keys/ben.age", "keys/nobody.age"),
            "there is no keys/nobody.age",
        ),
        (
            text.replace("attest = \"none\"", "attest = \"majority\""),
            "attest",
        ),
        (text.replace("[key]", "[key"), "line"),
    ] {
        assert_ne!(bad, text, "{sentence}");
        std::fs::write(&config, &bad).unwrap();
        let before = team.snapshot();
        team.run("anna", &["create", "--as", "anna"])
            .exits(2)
            .says(sentence);
        assert!(before == team.snapshot());
    }
    std::fs::write(&config, &text).unwrap();
    std::fs::write(
        team.vault().join("keys/ben.age"),
        std::fs::read(team.identity("ben")).unwrap(),
    )
    .unwrap();
    team.run("anna", &["create", "--as", "anna"])
        .exits(2)
        .says("ben");
    assert!(!team.vault().join("vault.toml").exists());
}

#[test]
fn without_a_home_or_a_terminal_it_says_what_is_missing() {
    let team = served();
    let path: Environment = [("PATH".into(), std::env::var_os("PATH").unwrap())].into();
    let files = RealFiles::default();
    let done = team.run_in(&path, &["status"], &files, &ScriptedTerminal::new());
    done.exits(2).says("no home directory");
    let fresh = team.copy();
    let _ = std::fs::remove_dir_all(fresh.home("dan").join(".local"));
    fresh
        .run("dan", &["status"])
        .exits(2)
        .says("--key FINGERPRINT");
    fresh
        .run("dan", &["share", "verify", "--key", &fresh.fingerprint()])
        .exits(2)
        .says("--as NAME");
    fresh
        .run("dan", &["status", "--key", "abcd"])
        .exits(2)
        .says("whole fingerprint");
    let mut other = fresh.fingerprint();
    other.replace_range(0..1, if other.starts_with('0') { "1" } else { "0" });
    fresh
        .run("dan", &["status", "--key", &other])
        .exits(4)
        .says("another key");
}

#[test]
fn a_hostile_environment_reaches_neither_worker_nor_gpg() {
    let team = served();
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let trap = team.path("trap");
    std::fs::create_dir(&trap).unwrap();
    let sprung = team.path("sprung");
    let script = format!("#!/bin/sh\ntouch {}\n", sprung.display());
    for name in ["gpg", "quorate", "age"] {
        let file = trap.join(name);
        std::fs::write(&file, &script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(&file, mode).unwrap();
    }
    let config = format!(
        "openssl_conf = x\n[x]\nengines = e\n[e]\nz = z\n[z]\ndynamic_path = {}/evil.so\n",
        trap.display()
    );
    std::fs::write(trap.join("openssl.cnf"), config).unwrap();
    let submission = team.submission("ben", &id);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_quorate"))
        .args([
            "perform",
            &id,
            submission.to_str().unwrap(),
            "--key",
            &team.fingerprint(),
        ])
        .current_dir(team.vault())
        .env_clear()
        .env("HOME", team.home("anna"))
        .env("PATH", format!("{}:.:/usr/bin:/bin", trap.display()))
        .env("OPENSSL_CONF", trap.join("openssl.cnf"))
        .env("OPENSSL_MODULES", &trap)
        .env("TMPDIR", "/nonexistent")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!sprung.exists());
}

#[test]
fn a_huge_file_among_the_evidence_keeps_nobody_from_working() {
    let team = served();
    let huge = team.vault().join("receipts/zz-000000.receipt");
    std::fs::File::create(&huge)
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    team.run("anna", &["status"])
        .exits(0)
        .says("left aside")
        .says("IN SERVICE");
    let key = team.fingerprint();
    team.run("eve", &["verify", "--key", &key])
        .exits(4)
        .says("zz-000000.receipt");
}

#[test]
fn two_targets_of_one_name_are_refused_before_anything_is_written() {
    let team = served();
    let one = team.target("same.asc");
    std::fs::create_dir(team.path("other")).unwrap();
    let two = team.path("other/same.asc");
    std::fs::copy(&one, &two).unwrap();
    let before = team.snapshot();
    team.run("anna", &["certify", &one, two.to_str().unwrap()])
        .exits(2)
        .says("two files are called same.asc");
    assert!(before == team.snapshot());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_out_is_not_followed() {
    let team = served();
    let id = team.opens();
    team.approves("ben", &id).exits(0);
    let elsewhere = team.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, team.vault().join("out")).unwrap();
    team.performs(&id, &[&team.submission("ben", &id)])
        .exits(4)
        .says("out isn't a folder");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    std::fs::remove_file(team.vault().join("out")).unwrap();
    team.performs(&id, &[]).exits(0);
}

#[test]
fn one_key_under_two_names_makes_no_vault() {
    let team = Team::of(&["anna", "ben"], 2);
    let keys = team.vault().join("keys");
    std::fs::copy(keys.join("anna.age"), keys.join("ben.age")).unwrap();
    let before = team.snapshot();
    team.run("anna", &["create", "--as", "anna"])
        .exits(2)
        .says("anna and ben have the same key");
    assert!(before == team.snapshot());
}

#[test]
fn the_roster_is_told_in_sentences_before_anything_is_made() {
    let team = Team::needing(3);
    let before = team.snapshot();
    let good = team.run("anna", &["roster", "check"]);
    good.exits(0)
        .says("3 of 5 use it; 2 of 5 end it")
        .says("any 2          end the key for ever, and use it for nothing")
        .says("the key stays usable after the loss of any 2, not of 3")
        .says("nothing stands against it");
    assert!(before == team.snapshot());

    // Everything that is wrong, at once.
    let config = std::fs::read_to_string(team.vault().join("team.toml")).unwrap();
    let bad = config
        .replace("[root.eve]", "[root.0rn]")
        .replace("[root.dan]", "[root.om]")
        .replace("0rn", "orn");
    std::fs::write(team.vault().join("team.toml"), bad).unwrap();
    let keys = team.vault().join("keys");
    std::fs::copy(keys.join("anna.age"), keys.join("ben.age")).unwrap();
    std::fs::write(keys.join("cleo.age"), "AGE-SECRET-KEY-1").unwrap();
    team.run("anna", &["roster", "check"])
        .exits(2)
        .says("om and orn look alike")
        .says("anna and ben have the same key")
        .says("keys/cleo.age: holds an age SECRET key")
        .says("CAN'T BE SEALED TO");
    assert!(!team.vault().join("vault.toml").exists());

    let two = Team::of(&["anna", "ben"], 2);
    two.run("anna", &["roster", "check"])
        .exits(0)
        .says("when any one of you loses the own key");
}

#[test]
fn an_openpgp_key_that_cannot_be_sealed_to_is_told_with_its_reason() {
    let team = Team::needing(3);
    let config = std::fs::read_to_string(team.vault().join("team.toml")).unwrap();
    let keys = team.vault().join("keys");
    let with = |fingerprint: &str| {
        let anna = config.replacen("\"keys/anna.age\"", &format!("\"{fingerprint}\""), 1);
        assert_ne!(anna, config);
        std::fs::write(team.vault().join("team.toml"), anna).unwrap();
        let done = team.run("anna", &["roster", "check"]);
        done.exits(2).says("CAN'T BE SEALED TO");
        done
    };
    let month = Duration::from_secs(86_400 * 30);
    let made = |name: &str, builder: CertBuilder<'_>| {
        let (cert, _) = builder.add_userid(name).generate().unwrap();
        let file = keys.join(format!("{name}.asc"));
        std::fs::write(file, cert.armored().to_vec().unwrap()).unwrap();
        cert.fingerprint().to_hex()
    };
    // There is no certificate at all, only another kind of file.
    let nowhere = "0".repeat(40);
    with(&nowhere).says(&format!("anna: keys/ has no certificate {nowhere}"));
    let old = CertBuilder::new()
        .set_creation_time(SystemTime::now() - month)
        .set_validity_period(month / 2);
    let old = made("old", old.add_transport_encryption_subkey());
    with(&old).says(&format!("anna: {old} expired on 2"));
    let signs = made("signs", CertBuilder::new().add_signing_subkey());
    with(&signs).says(&format!("anna: {signs} has no key to encrypt to"));
}

#[test]
fn a_vault_that_is_not_made_yet_is_told_from_none() {
    let team = Team::needing(3);
    team.run("anna", &[])
        .exits(2)
        .says("there is a team.toml, and no vault.toml")
        .says("next: quorate roster check, then: quorate create");
    std::fs::remove_file(team.vault().join("team.toml")).unwrap();
    team.run("anna", &[])
        .exits(2)
        .says("to make one: quorate init");
    // As init leaves it: what is missing, a line each.
    std::fs::remove_dir_all(team.vault().join("keys")).unwrap();
    team.run("anna", &["init"]).exits(0);
    team.run("anna", &["create", "--as", "anna"])
        .exits(2)
        .says("\n  line 6, key.user-id\n  line 11, cycles")
        .says("nothing was made");
}

#[test]
fn without_a_terminal_the_option_that_answers_is_named() {
    let team = served();
    let id = team.opens();
    let key = team.fingerprint();
    let known = ["approve", &id, "--as", "ben", "--key", &key];
    team.run("ben", &known)
        .exits(2)
        .says("How did anna give you the words")
        .says("or: --way WAY --words 'WORDS'");
    team.run("ben", &["share", "show"])
        .exits(2)
        .says("or: --yes");
    Team::needing(3)
        .run("anna", &["create"])
        .exits(2)
        .says("Who are you (anna, ben, cleo, dan, eve)?")
        .says("or: --as NAME");
}

#[test]
fn evidence_with_other_line_ends_or_of_another_kind_is_told_as_that() {
    let team = served();
    let id = team.opens();
    let key = team.fingerprint();
    let receipts = std::fs::read_dir(team.vault().join("receipts")).unwrap();
    let receipt = receipts.map(|entry| entry.unwrap().path()).next().unwrap();
    let text = std::fs::read_to_string(&receipt).unwrap();
    std::fs::write(&receipt, text.replace('\n', "\r\n")).unwrap();
    let approval = team.vault().join(format!("approvals/{id}-anna.approval"));
    std::fs::write(approval, "nothing").unwrap();
    team.run("eve", &["verify", "--key", &key])
        .exits(4)
        .says(".receipt: its lines end in CR LF now")
        .says(".approval: not an approval");
}

#[test]
fn a_plugin_that_is_missing_or_that_others_could_have_put_there_is_not_run() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    let team = Team::in_service(3);
    // The identity of a plugin that nobody has.
    let identity = "AGE-PLUGIN-NOSUCH-1ES4KG9";
    let file = team.home("ben").join("plugin.txt");
    std::fs::write(&file, identity).unwrap();
    let verify = ["share", "verify", "-i", file.to_str().unwrap()];
    team.run("ben", &verify)
        .exits(1)
        .says("age-plugin-nosuch can't be run")
        .says("isn't installed");

    let open = team.path("open");
    std::fs::create_dir(&open).unwrap();
    let program = open.join("age-plugin-nosuch");
    std::fs::write(&program, "#!/bin/sh\ntouch ~/was-run\n").unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
    let environment = Environment::from([
        ("PATH".into(), open.into_os_string()),
        ("HOME".into(), team.home("ben").into_os_string()),
    ]);
    let (files, terminal) = (RealFiles::default(), ScriptedTerminal::new());
    team.run_in(&environment, &verify, &files, &terminal)
        .exits(1)
        .says("lies where others can write");
    assert!(!team.home("ben").join("was-run").exists());
}

#[test]
fn a_key_file_that_is_not_there_says_how_to_name_it() {
    let team = Team::in_service(2);
    let key = team.fingerprint();
    let verify = ["share", "verify", "--as", "ben", "--key", &key];
    team.run("ben", &[&verify[..], &["-i", "age-identity.txt"]].concat())
        .exits(1)
        .says("there is no ")
        .says("with its folder: -i ~/FILE");
}
