//! A pair: the old key certifies the new one, the new one binds a host's subkey, and both stand or fall together.

use std::cell::Cell;
use std::path::PathBuf;

use quorate::ceremony::verified::VerifiedRequest;
use quorate::openpgp::manifest_signature::primary_of;
use quorate::session::refusal::Refusal;
use quorate::session::sign::{SignJob, sign, sign_pair};
use quorate::vault::manifest::SignedManifest;
use quorate::world::RealFiles;
use quorate::world::doubles::{FaultyFiles, ScriptedTerminal};
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse as _;

use super::changed::offer_to;
use super::rotated::{larch, receipts, rotate, successor, team};
use super::rotation_killed::{below, copy, nothing_is_unfinished, two};
use super::team::{Done, Team};

/// What a signing host offers to the new key.
fn offer(team: &Team) -> (String, String) {
    let manifest = std::fs::read(larch(team).join("vault.toml")).unwrap();
    let manifest = SignedManifest::read_unpinned(&manifest).unwrap();
    let primary = primary_of(manifest.certificate.as_bytes()).unwrap();
    offer_to(team, &primary, "offer.txt")
}

fn binds(team: &Team, offer: &str) -> Done {
    team.as_holder("anna", &["rotate", "--bind", offer])
}

/// A pair, as anna's `rotate` opens it: the ids of the old key's request and of the new one's, and the subkey.
pub struct Pair {
    pub old: String,
    pub new: String,
    subkey: String,
}

fn opened(team: &Team) -> Pair {
    let (file, subkey) = offer(team);
    let done = binds(team, &file);
    done.exits(0)
        .says("The two are a pair")
        .says("a subkey for signing");
    ids(&done, subkey)
}

fn ids(done: &Done, subkey: String) -> Pair {
    let mut ids = done.said.match_indices("\nrequest ").map(|(at, _)| {
        let id = &done.said[at + 9..at + 16];
        id.to_owned()
    });
    Pair {
        old: ids.next().unwrap(),
        new: ids.next().unwrap(),
        subkey,
    }
}

/// A successor with receipts, and a pair.
pub fn paired(team: &Team) -> Pair {
    rotate(team).exits(0).says("made");
    receipts(team);
    opened(team)
}

fn at_larch(team: &Team, who: &str, command: &[&str]) -> Done {
    let (folder, key) = (larch(team), successor(team));
    let place = ["--vault", folder.to_str().unwrap(), "--key", &key];
    team.run(who, &[command, &place].concat())
}

fn submits(team: &Team, who: &str, ids: &[&str]) {
    for id in ids {
        let file = team.submission(who, id);
        team.run("anna", &["submit", file.to_str().unwrap()])
            .exits(0)
            .says(&format!("stored for {id}"));
    }
}

fn has_result(folder: PathBuf, id: &str) -> bool {
    folder.join(format!("results/{id}.result")).exists()
}

#[track_caller]
fn nothing_was_signed(team: &Team) {
    for folder in [team.vault(), larch(team)] {
        assert!(below(&folder.join("results")).is_empty());
        // That it was tried may stand there.
        let minutes = below(&folder.join("minutes"));
        assert!(
            minutes
                .iter()
                .all(|file| file.extension().unwrap() == "attempt")
        );
    }
}

#[track_caller]
fn both_are_done(team: &Team, pair: &Pair) {
    assert!(has_result(team.vault(), &pair.old));
    assert!(has_result(larch(team), &pair.new));
    team.verifies();
    at_larch(team, "eve", &["verify"]).exits(0).says("GENUINE");
    let new = successor(team);
    let file = team
        .vault()
        .join(format!("out/0x{}.asc", new.to_lowercase()));
    let cert = std::fs::read(file).unwrap();
    let cert = Cert::from_bytes(&cert).unwrap();
    let mut subkeys = cert.keys().subkeys();
    assert!(subkeys.any(|subkey| subkey.key().fingerprint().to_hex() == pair.subkey));
    // Nothing that opens answers is left.
    for file in below(&team.home("anna").join(".local/state/quorate")) {
        let path = file.to_str().unwrap();
        assert!(!path.ends_with("/one-time"), "left: {path}");
        assert!(!path.contains("/inbox/"), "left: {path}");
    }
}

#[test]
fn a_pair_is_answered_with_one_set_of_words_and_carried_out_in_one_session() {
    let team = team(2);
    let pair = paired(&team);
    // The same words, from whichever of the two they are read.
    let words = team.words(&pair.old);
    let there = at_larch(&team, "anna", &["show", &pair.new, "--words"]);
    assert_eq!(there.exits(0).said.replace('\n', " "), words);
    assert_eq!(team.words_of(&[&pair.old, &pair.old]), words);
    rotate(&team).exits(3).says("waits for approvals: 1 of 2");
    let done = team.approves("ben", &pair.old);
    done.exits(0)
        .says("request 1 of 2")
        .says("request 2 of 2")
        .says("the words fit these requests")
        .says(&format!(
            "One of a pair: carried out together or not at all, with request {}",
            pair.new
        ))
        .says("a key that this machine knows")
        .says("a subkey for signing")
        .says("git -C ../larch add approvals/")
        .says(&format!(
            "ben approved request {}; that makes 2 of 2",
            pair.old
        ))
        .says(&format!(
            "ben approved request {}; that makes 2 of 2",
            pair.new
        ));
    // Approved by enough, and what ben sent isn't here.
    rotate(&team)
        .exits(3)
        .says("not all they sent is here")
        .says("1 answer arrived on this machine")
        .says("next: quorate submit FILE; then: quorate rotate");
    // One answer is not enough for either.
    submits(&team, "ben", &[&pair.old]);
    rotate(&team)
        .exits(3)
        .says(&format!("{} is approved by enough", pair.new))
        .says("carried out together or not at all");
    team.performs(&pair.old, &[])
        .exits(3)
        .says("quorum not reached: 1 of 2")
        .says("are a pair");
    nothing_was_signed(&team);
    at_larch(&team, "eve", &["verify"]).exits(0).says("tried ");
    submits(&team, "ben", &[&pair.new]);
    rotate(&team)
        .exits(0)
        .says("the old key vouches for the new one");
    both_are_done(&team, &pair);
    rotate(&team).exits(0).says("announcement.asc");
    team.performs(&pair.old, &[])
        .exits(0)
        .says("was carried out already");
}

#[test]
fn what_each_of_a_pair_names_is_found_with_sed_and_sha256sum() {
    let team = team(2);
    let pair = paired(&team);
    let old = team.vault().join(format!("requests/{}.request", pair.old));
    let new = larch(&team).join(format!("requests/{}.request", pair.new));
    for (one, other) in [(&old, &new), (&new, &old)] {
        let digest = std::process::Command::new("sh")
            .args([
                "-c",
                r#"sed -e '/BEGIN SSH/,$d' -e '/^with: /d' "$0" | sha256sum"#,
            ])
            .arg(one)
            .output()
            .unwrap();
        let digest = String::from_utf8(digest.stdout).unwrap();
        let named = std::fs::read_to_string(other).unwrap();
        assert!(
            named.contains(&format!("\nwith: {}\n", &digest[..64])),
            "{digest}"
        );
    }
}

#[test]
fn of_a_pair_a_holder_of_one_key_answers_one_and_it_counts() {
    let mut team = team(2);
    // Eve leaves: the new key's folder was prepared without her.
    std::fs::create_dir_all(larch(&team).join("keys")).unwrap();
    let text = std::fs::read_to_string(team.vault().join("team.toml")).unwrap();
    let text = text.replace("[root.eve]\nseal = \"keys/eve.age\"\n", "");
    std::fs::write(larch(&team).join("team.toml"), text).unwrap();
    for name in &team.names[..4] {
        let key = format!("keys/{name}.age");
        std::fs::copy(team.vault().join(&key), larch(&team).join(&key)).unwrap();
    }
    rotate(&team).exits(0).says("made");
    team.names.pop();
    receipts(&team);
    let pair = opened(&team);
    team.approves("eve", &pair.old)
        .exits(0)
        .says("with one of the new key, which asks that key's holders; you hold no share of it")
        .says("leave: eve");
    let words = team.words(&pair.old);
    let identity = team.identity("dan");
    let typed = [
        "approve",
        &pair.new,
        "--as",
        "dan",
        "--way",
        "voice",
        "--words",
        &words,
        "-i",
        identity.to_str().unwrap(),
    ];
    at_larch(&team, "dan", &typed)
        .exits(0)
        .says("if you hold a share of that, too, answer both at once")
        .says("the words fit this request");
    submits(&team, "eve", &[&pair.old]);
    submits(&team, "dan", &[&pair.new]);
    rotate(&team).exits(0);
    both_are_done(&team, &pair);
    // Who holds a share of the new key has to have its vault.
    std::fs::rename(larch(&team), team.path("away")).unwrap();
    team.performs(&pair.old, &[]).exits(2).says("isn't at hand");
    let there = team.path("away");
    let typed = ["perform", &pair.old, "--also", there.to_str().unwrap()];
    team.run("anna", &typed)
        .exits(0)
        .says("was carried out already");
}

#[test]
fn one_of_a_pair_is_not_answered_without_the_vault_of_the_other() {
    let team = team(2);
    let pair = paired(&team);
    let words = team.words(&pair.old);
    std::fs::rename(larch(&team), team.path("away")).unwrap();
    let approve = ["approve", &pair.old, "--way", "voice", "--words", &words];
    team.as_holder("ben", &approve)
        .exits(2)
        .says("the vault of the other isn't at hand");
    let away = team.path("away");
    let named = [&approve[..], &["--also", away.to_str().unwrap()]].concat();
    team.as_holder("ben", &named)
        .exits(0)
        .says("request 2 of 2");
    let other = team.opens();
    let words = team.words(&other);
    let alone = ["approve", &other, "--way", "voice", "--words", &words];
    let named = [&alone[..], &["--also", away.to_str().unwrap()]].concat();
    team.as_holder("ben", &named)
        .exits(2)
        .says("none of these requests is one of a pair");
}

#[test]
fn the_other_key_of_a_pair_is_compared_before_it_is_answered_for() {
    let team = team(2);
    let pair = paired(&team);
    let words = team.words(&pair.old);
    let approve = ["approve", &pair.old, "--way", "voice", "--words", &words];
    // Cleo has given her receipt on another machine.
    std::fs::remove_dir_all(team.home("cleo").join(".local")).unwrap();
    team.as_holder("cleo", &approve)
        .exits(2)
        .says("quorate status --vault ../larch --key FINGERPRINT");
    at_larch(&team, "cleo", &["status"]).exits(0);
    team.as_holder("cleo", &approve).exits(0).says("2 of 2");
}

#[test]
fn a_pair_of_which_one_was_swapped_is_answered_by_nobody() {
    let team = team(2);
    let pair = paired(&team);
    let (other, _) = offer(&team);
    // Another pair of the same keys: its new half in the place of the true one.
    let twin = copy(&team);
    std::fs::remove_file(twin.vault().join(format!("requests/{}.request", pair.old))).unwrap();
    let second = ids(binds(&twin, &other).exits(0), String::new());
    let file = |team: &Team, id: &str| {
        let file = larch(team).join(format!("requests/{id}.request"));
        std::fs::read(file).unwrap()
    };
    let swapped = file(&twin, &second.new);
    let true_one = file(&team, &pair.new);
    let place = larch(&team).join("requests");
    std::fs::write(place.join(format!("{}.request", second.new)), &swapped).unwrap();
    std::fs::remove_file(place.join(format!("{}.request", pair.new))).unwrap();
    team.approves("ben", &pair.old)
        .exits(4)
        .says("another one in its place makes no pair");
    // The words of one pair are not those of another.
    std::fs::write(place.join(format!("{}.request", pair.new)), &true_one).unwrap();
    let words = twin.words(&second.old);
    let approve = ["approve", &pair.old, "--way", "voice", "--words", &words];
    team.as_holder("ben", &approve)
        .exits(4)
        .says("are not the words");
    nothing_was_signed(&team);
}

#[test]
fn the_session_signs_both_of_a_pair_or_none_whatever_the_front_end_asks() {
    let team = team(2);
    let pair = paired(&team);
    let request = |folder: &PathBuf, id: &str| {
        std::fs::read(folder.join(format!("requests/{id}.request"))).unwrap()
    };
    let read = |folder: &PathBuf, name: &str| std::fs::read(folder.join(name)).unwrap();
    let (old, new) = (team.vault(), larch(&team));
    let files = |folder: &PathBuf, id: &str| {
        (
            read(folder, "vault.toml"),
            request(folder, id),
            read(folder, "master.1.age"),
        )
    };
    let (this, that) = (files(&old, &pair.old), files(&new, &pair.new));
    let job = |files: &'_ (Vec<u8>, Vec<u8>, Vec<u8>)| {
        let pin = SignedManifest::read_unpinned(&files.0).unwrap();
        let leak = |bytes: &[u8]| -> &'static [u8] { Vec::leak(bytes.to_vec()) };
        SignJob {
            pin: pin.fingerprint.clone(),
            now: team.now(),
            in_force: true,
            manifest: leak(&files.0),
            request: leak(&files.1),
            key_file: leak(&files.2),
            kept: &[],
            identity: &[],
            submissions: Vec::new(),
        }
    };
    for one in [&this, &that] {
        let refusal = sign(&job(one)).err().unwrap().refusal;
        assert_eq!(refusal, Refusal::Alone);
    }
    // A pair is two, each of which names the other.
    for (first, second) in [(&this, &this), (&that, &that)] {
        let failure = sign_pair([&job(first), &job(second)]).err().unwrap();
        assert_eq!(failure.failure.refusal, Refusal::NoPair);
    }
    let alone = (this.0.clone(), request(&old, &team.opens()), this.2.clone());
    let failure = sign_pair([&job(&alone), &job(&that)]).err().unwrap();
    assert_eq!(failure.failure.refusal, Refusal::NoPair);
    // The true pair comes as far as the one-time keys.
    let failure = sign_pair([&job(&this), &job(&that)]).err().unwrap();
    assert_eq!(failure.failure.refusal, Refusal::Identity);
    let manifest = SignedManifest::read_unpinned(&this.0).unwrap();
    let verified = VerifiedRequest::read(&this.1, &manifest).unwrap();
    assert_ne!(verified.compared(), verified.digest());
}

#[test]
fn with_one_of_a_pair_the_other_falls() {
    let team = team(2);
    let pair = paired(&team);
    let copy = copy(&team);
    at_larch(
        &copy,
        "anna",
        &["withdraw", &pair.new, "--because", "the wrong host"],
    )
    .exits(0);
    copy.approves("ben", &pair.old)
        .exits(3)
        .says("was withdrawn");
    copy.as_holder("anna", &["rotate"])
        .exits(3)
        .says("falls with it")
        .says("quorate withdraw");
    copy.as_holder("anna", &["perform", &pair.old])
        .exits(3)
        .says("was withdrawn");
    nothing_was_signed(&copy);
    // And the other way round.
    team.run("anna", &["withdraw", &pair.old, "--because", "not yet"])
        .exits(0);
    team.as_holder("ben", &["approve", &pair.old])
        .exits(3)
        .says("was withdrawn");
    nothing_was_signed(&team);
}

#[test]
fn a_subkey_goes_with_the_old_keys_request_and_at_no_other_time() {
    let team = team(2);
    let none = team.path("none");
    let early = ["rotate", "--bind", none.to_str().unwrap()];
    team.as_holder("anna", &early)
        .exits(2)
        .says("it isn't due yet");
    assert!(!larch(&team).exists());
    rotate(&team).exits(0);
    team.as_holder("anna", &early)
        .exits(2)
        .says("it isn't due yet");
    receipts(&team);
    team.as_holder("anna", &early).exits(1);
    nothing_was_signed(&team);
    rotate(&team).exits(0).request();
    team.as_holder("anna", &early)
        .exits(2)
        .says("asked already, without the subkey");
}

/// Types a command on copies of the team, killed at each operation in turn.
fn killed_everywhere(team: &Team, who: &str, command: &[&str], goes_on: impl Fn(&Team)) {
    for n in 1.. {
        assert!(n < 600, "it never ends");
        let copy = copy(team);
        let files = FaultyFiles::stopping_half_written_at(RealFiles::default(), n);
        let (key, identity) = (copy.fingerprint(), copy.identity(who));
        let known = ["--as", who, "--key", &key, "-i", identity.to_str().unwrap()];
        let typed = [command, &known].concat();
        let done = copy.run_with(who, &typed, &files, &ScriptedTerminal::new());
        let stopped = files.is_stopped();
        if !stopped {
            done.exits(0);
        }
        goes_on(&copy);
        if !stopped {
            break;
        }
    }
}

#[test]
fn an_answer_to_a_pair_killed_at_any_write_is_given_again_and_none_is_used_alone() {
    let team = two();
    rotate(&team).exits(0);
    receipts(&team);
    let pair = opened(&team);
    // Each person looks at the copies' folders for the first time, and has compared the key.
    let words = team.words(&pair.old);
    let approve = ["approve", &pair.old, "--way", "voice", "--words", &words];
    let halves = Cell::new(0);
    killed_everywhere(&team, "ben", &approve, |copy| {
        at_larch(copy, "ben", &["status", "--as", "ben"]).exits(0);
        let has = |folder: PathBuf, id: &str| {
            folder.join(format!("approvals/{id}-ben.approval")).exists()
        };
        let half = has(copy.vault(), &pair.old) && !has(larch(copy), &pair.new);
        let again = copy.as_holder("ben", &approve);
        again.exits(0);
        if half {
            again.says("stopped in the middle");
            halves.set(halves.get() + 1);
        }
        nothing_is_unfinished(copy);
    });
    assert!(halves.get() > 0);
}

#[test]
fn a_pair_killed_at_any_write_of_its_carrying_out_comes_to_the_same_end() {
    let team = two();
    rotate(&team).exits(0);
    receipts(&team);
    let pair = opened(&team);
    team.approves("ben", &pair.old).exits(0);
    submits(&team, "ben", &[&pair.old, &pair.new]);
    killed_everywhere(&team, "anna", &["rotate"], |copy| {
        copy.as_holder("anna", &["rotate"]).exits(0);
        both_are_done(copy, &pair);
        nothing_is_unfinished(copy);
    });
}

#[test]
fn a_pair_killed_at_any_write_of_its_opening_is_opened_anew() {
    let team = two();
    rotate(&team).exits(0);
    receipts(&team);
    let (file, subkey) = offer(&team);
    let times = Cell::new(0);
    killed_everywhere(&team, "anna", &["rotate", "--bind", &file], |copy| {
        times.set(times.get() + 1);
        let again = binds(copy, &file);
        let pair = match again.code {
            0 => ids(&again, subkey.clone()),
            // It was opened, and waits.
            _ => {
                again.exits(3).says("waits for approvals");
                let only = |folder: PathBuf| {
                    let files = below(&folder.join("requests"));
                    let [file] = &files[..] else {
                        panic!("{files:?}")
                    };
                    file.file_stem().unwrap().to_str().unwrap().to_owned()
                };
                Pair {
                    old: only(copy.vault()),
                    new: only(larch(copy)),
                    subkey: subkey.clone(),
                }
            }
        };
        // It is the same way from here, and a long one.
        if times.get() % 4 != 0 {
            return;
        }
        copy.approves("ben", &pair.old).exits(0);
        submits(copy, "ben", &[&pair.old, &pair.new]);
        copy.as_holder("anna", &["rotate"]).exits(0);
        assert!(has_result(copy.vault(), &pair.old));
        assert!(has_result(larch(copy), &pair.new));
        nothing_is_unfinished(copy);
    });
}
