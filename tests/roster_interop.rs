//! What the roster writes is read by the stock programs, and the other way round: age, gpg, ssh-keygen.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use quorate::roster::holder_key::{HolderKey, Namespace, SigError};
use quorate::roster::opening::{
    AgeIdentity, IdentityError, IdentityFile, OneTimeIdentity, OpenError,
};
use quorate::roster::passphrase::{self, Passphrase};
use quorate::roster::sealing::{Recipient, TypedPassphrase, seal};
use tempfile::TempDir;

fn folder() -> TempDir {
    // Short, since the agent's socket lies in it.
    tempfile::Builder::new()
        .prefix("q")
        .tempdir_in("/tmp")
        .unwrap()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that has read enough closes its end.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[track_caller]
fn good(output: Output) -> Vec<u8> {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    output.stdout
}

/// Runs a program at a terminal and types the answers when they are asked for.
fn at_a_terminal(folder: &Path, program: &str, answers: &[(&str, &str)]) {
    let mut script = format!("set timeout 60\nspawn -noecho {program}\n");
    for (question, answer) in answers {
        script.push_str(&format!(
            "expect {{\n-nocase {{{question}}} {{ send -- \"{answer}\\r\" }}\ntimeout {{ exit 9 }}\neof {{ exit 8 }}\n}}\n"
        ));
    }
    script.push_str("expect {\neof {}\ntimeout { exit 9 }\n}\nexit [lindex [wait] 3]\n");
    let output = run(
        Command::new("expect").arg("-").current_dir(folder),
        script.as_bytes(),
    );
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

#[test]
fn age_opens_a_vault_file_with_the_typed_passphrase() {
    let folder = folder();
    let passphrase = Passphrase::from_random(&mut [0x5a; 32]);
    let typed = passphrase.expose(|text| String::from_utf8(text.to_vec()).unwrap());
    for encrypt in [passphrase::encrypt, passphrase::encrypt_practice] {
        let file = encrypt(&passphrase, b"the key").unwrap();
        fs::write(folder.path().join("master.1.age"), file).unwrap();
        let program = "age -d -o out master.1.age";
        at_a_terminal(folder.path(), program, &[("passphrase", &typed)]);
        assert_eq!(fs::read(folder.path().join("out")).unwrap(), b"the key");
        fs::remove_file(folder.path().join("out")).unwrap();
    }
}

#[test]
fn age_and_we_open_what_the_other_sealed() {
    let folder = folder();
    let key = folder.path().join("ben.txt");
    good(run(Command::new("age-keygen").arg("-o").arg(&key), b""));
    let recipient = good(run(Command::new("age-keygen").arg("-y").arg(&key), b""));
    let sealed = seal(&Recipient::from_key_file(&recipient).unwrap(), b"share").unwrap();
    let opened = run(Command::new("age").arg("-d").arg("-i").arg(&key), &sealed);
    assert_eq!(good(opened), b"share");

    let Ok(IdentityFile::Open(identity)) = AgeIdentity::from_file(&fs::read(&key).unwrap()) else {
        panic!("an identity of age-keygen is not taken");
    };
    let to = String::from_utf8(recipient).unwrap();
    for armor in [&["-a"][..], &[]] {
        let mut age = Command::new("age");
        let sealed = good(run(age.args(armor).arg("-r").arg(to.trim()), b"share"));
        assert_eq!(*identity.open(&sealed, 100).unwrap(), b"share");
    }
}

#[test]
fn ssh_keys_of_both_kinds_open_with_and_without_a_passphrase() {
    let folder = folder();
    for (kind, bits) in [("ed25519", "256"), ("rsa", "2048")] {
        for passphrase in ["", "correct horse"] {
            let key = folder.path().join(format!("{kind}{}", passphrase.len()));
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", kind, "-b", bits, "-N", passphrase, "-f"]);
            good(run(keygen.arg(&key), b""));
            let public = fs::read(key.with_extension("pub")).unwrap();
            let recipient = Recipient::from_key_file(&public).unwrap();
            let sealed = seal(&recipient, b"share").unwrap();
            let file = fs::read(&key).unwrap();
            let identity = match AgeIdentity::from_file(&file).unwrap() {
                IdentityFile::Open(identity) => {
                    // The stock program asks for the passphrase of an encrypted key at a terminal.
                    let opened = run(Command::new("age").arg("-d").arg("-i").arg(&key), &sealed);
                    assert_eq!(good(opened), b"share");
                    assert_eq!(passphrase, "");
                    identity
                }
                IdentityFile::NeedsPassphrase(locked) => {
                    let error = locked.unlock("battery staple").err().unwrap();
                    assert!(error.is_mistyped(), "{error}");
                    locked.unlock(passphrase).unwrap()
                }
            };
            assert_eq!(*identity.open(&sealed, 100).unwrap(), b"share");
            let refused = AgeIdentity::from_file(&public).err();
            assert_eq!(refused, Some(IdentityError::SshPublic));
        }
    }
    let ecdsa = folder.path().join("ecdsa");
    let mut keygen = Command::new("ssh-keygen");
    good(run(
        keygen
            .args(["-q", "-t", "ecdsa", "-N", "", "-f"])
            .arg(&ecdsa),
        b"",
    ));
    let refused = Recipient::from_key_file(&fs::read(ecdsa.with_extension("pub")).unwrap());
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("nothing can be sealed")
    );
    let refused = AgeIdentity::from_file(&fs::read(&ecdsa).unwrap())
        .err()
        .unwrap();
    assert!(
        matches!(refused, IdentityError::SshKind { .. }),
        "{refused}"
    );
}

#[test]
fn age_opens_what_was_sealed_to_a_typed_passphrase() {
    let folder = folder();
    let typed = TypedPassphrase::choose("correct horse battery").unwrap();
    let sealed = seal(&Recipient::Passphrase(typed), b"share").unwrap();
    fs::write(folder.path().join("dan.age"), sealed).unwrap();
    let answers = [("passphrase", "correct horse battery")];
    at_a_terminal(folder.path(), "age -d -o out dan.age", &answers);
    assert_eq!(fs::read(folder.path().join("out")).unwrap(), b"share");
}

#[test]
fn age_reads_a_one_time_identity() {
    let folder = folder();
    let identity = OneTimeIdentity::generate();
    let key = folder.path().join("once");
    fs::write(&key, identity.to_text().as_bytes()).unwrap();
    let sealed = seal(&Recipient::Age(identity.recipient()), b"submission").unwrap();
    let opened = run(Command::new("age").arg("-d").arg("-i").arg(&key), &sealed);
    assert_eq!(good(opened), b"submission");
}

#[test]
fn an_identity_encrypted_by_age_is_unlocked() {
    let folder = folder();
    let identity = OneTimeIdentity::generate();
    fs::write(folder.path().join("plain"), identity.to_text().as_bytes()).unwrap();
    let answers = [
        ("passphrase", "correct horse"),
        ("confirm", "correct horse"),
    ];
    at_a_terminal(folder.path(), "age -p -o locked plain", &answers);
    let file = fs::read(folder.path().join("locked")).unwrap();
    let Ok(IdentityFile::NeedsPassphrase(locked)) = AgeIdentity::from_file(&file) else {
        panic!("not seen as encrypted");
    };
    let unlocked = locked.unlock("correct horse").unwrap();
    let recipients: Vec<_> = unlocked.recipients().collect();
    assert_eq!(recipients, [identity.recipient().to_string()]);
    assert_eq!(
        locked.unlock("battery staple").err(),
        Some(IdentityError::Locked(OpenError::WrongPassphrase))
    );
}

/// A folder for gpg with an agent of its own, which ends with it.
struct Gpg(TempDir);

impl Gpg {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("GNUPGHOME", self.0.path()).env("LC_ALL", "C");
        command
    }

    fn gpg(&self, args: &[&str], input: &[u8]) -> Output {
        run(self.command("gpg").arg("--batch").args(args), input)
    }

    /// Makes a key without passphrase and gives its fingerprint.
    fn make(&self, algorithm: &str) -> sequoia_openpgp::Fingerprint {
        let make = [
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--quick-gen-key",
        ];
        let mut args = make.to_vec();
        args.extend(["Anna <anna@example.org>", algorithm, "default", "1y"]);
        good(self.gpg(&args, b""));
        let list = good(self.gpg(&["--with-colons", "--list-keys"], b""));
        let list = String::from_utf8(list).unwrap();
        let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.trim_matches(|c| c == ':')
            .rsplit(':')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = run(self.command("gpgconf").args(["--kill", "all"]), b"");
    }
}

#[test]
fn gpg_opens_what_is_sealed_to_its_keys() {
    for algorithm in ["future-default", "rsa2048"] {
        let home = Gpg(folder());
        let fingerprint = home.make(algorithm);
        let export: &[&[&str]] = &[&["--export"], &["--armor", "--export"]];
        for args in export {
            if algorithm == "rsa2048" {
                // Its primary has no subkey until one is added.
                let id = fingerprint.to_hex();
                let add = [
                    "--pinentry-mode",
                    "loopback",
                    "--passphrase",
                    "",
                    "--quick-add-key",
                ];
                let add = [&add[..], &[&id, "rsa2048", "encr", "1y"]].concat();
                good(home.gpg(&add, b""));
            }
            let certificate = good(home.gpg(args, b""));
            let recipient = Recipient::openpgp(&certificate, &fingerprint, now()).unwrap();
            let again = Recipient::from_bytes(&recipient.to_bytes().unwrap()).unwrap();
            let sealed = seal(&again, b"share\n").unwrap();
            assert_eq!(
                good(home.gpg(&["--quiet", "--decrypt"], &sealed)),
                b"share\n"
            );
            let packets = good(home.gpg(&["--list-packets"], &sealed));
            let packets = String::from_utf8(packets).unwrap();
            assert!(packets.contains("mdc_method: 2"), "{packets}");
            assert!(
                !packets.contains("aead") && !packets.contains("compressed"),
                "{packets}"
            );
        }
    }
}

#[test]
fn a_secret_key_exported_by_gpg_is_refused() {
    let home = Gpg(folder());
    let fingerprint = home.make("future-default");
    let secret = good(home.gpg(
        &[
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--export-secret-keys",
        ],
        b"",
    ));
    let error = Recipient::openpgp(&secret, &fingerprint, now()).unwrap_err();
    assert!(
        error.to_string().starts_with("holds the private key"),
        "{error}"
    );
}

/// Verifies with `ssh-keygen -Y verify` and an allowed-signers line for one namespace.
fn ssh_verify(folder: &Path, key: &HolderKey, namespace: &str, armor: &str, text: &[u8]) -> bool {
    let line = format!("anna namespaces=\"{namespace}\" {}\n", key.public());
    fs::write(folder.join("allowed"), line).unwrap();
    fs::write(folder.join("sig"), armor).unwrap();
    let mut verify = Command::new("ssh-keygen");
    verify.current_dir(folder).args([
        "-Y", "verify", "-f", "allowed", "-I", "anna", "-n", namespace, "-s", "sig",
    ]);
    run(&mut verify, text).status.success()
}

const NAMESPACES: [Namespace; 5] = [
    Namespace::Receipt,
    Namespace::Request,
    Namespace::Approval,
    Namespace::Submission,
    Namespace::Minutes,
];

#[test]
fn ssh_keygen_verifies_our_signatures_each_for_its_purpose() {
    let folder = folder();
    let key = HolderKey::generate(&mut [3; 32]);
    for made in NAMESPACES {
        let armor = key.sign(made, b"evidence\n").unwrap();
        for wanted in NAMESPACES {
            let verified = ssh_verify(folder.path(), &key, wanted.as_str(), &armor, b"evidence\n");
            assert_eq!(verified, made == wanted);
        }
        assert!(!ssh_verify(
            folder.path(),
            &key,
            made.as_str(),
            &armor,
            b"evidence"
        ));
    }
    let other = HolderKey::generate(&mut [4; 32]);
    let armor = other.sign(Namespace::Receipt, b"evidence\n").unwrap();
    assert!(!ssh_verify(
        folder.path(),
        &key,
        "receipt@quorate",
        &armor,
        b"evidence\n"
    ));
}

#[test]
fn ssh_keygen_signs_with_a_holder_key_to_the_same_bytes() {
    let folder = folder();
    let key = HolderKey::generate(&mut [3; 32]);
    let file = folder.path().join("holder");
    fs::write(&file, key.to_text().unwrap().as_bytes()).unwrap();
    let mut mode = fs::metadata(&file).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut mode, 0o600);
    fs::set_permissions(&file, mode).unwrap();

    let public = good(run(
        Command::new("ssh-keygen").arg("-y").arg("-f").arg(&file),
        b"",
    ));
    let public = String::from_utf8(public).unwrap();
    assert_eq!(public.trim_end(), key.public().to_string());

    for namespace in NAMESPACES {
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-Y", "sign", "-n", namespace.as_str(), "-f"])
            .arg(&file);
        let armor = String::from_utf8(good(run(&mut sign, b"evidence\n"))).unwrap();
        assert_eq!(armor, key.sign(namespace, b"evidence\n").unwrap());
        let verify = |text: &[u8]| key.public().verify(namespace, text, &armor);
        assert_eq!(verify(b"evidence\n"), Ok(()));
        assert_eq!(verify(b"evidence"), Err(SigError::Forged));
    }
}
