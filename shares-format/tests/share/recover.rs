//! `recover.py` as a user runs it, with the stock python3.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::vectors::SECRET;

fn crate_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn vector(name: &str) -> String {
    crate::support::folder()
        .join(format!("{name}.txt"))
        .display()
        .to_string()
}

fn python(folder: &Path, script: &str, arguments: &[&str]) -> Output {
    // -I: nothing of the user's environment, and no packages beyond the standard library (-S).
    Command::new("python3")
        .current_dir(folder)
        .args(["-I", "-S", "-B"])
        .arg(crate_file(script))
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("python3: {error}"))
}

fn recover(folder: &Path, arguments: &[&str]) -> (i32, Vec<u8>, String) {
    let output = python(folder, "recover.py", arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("Traceback"), "{said}");
    (output.status.code().unwrap(), output.stdout, said)
}

fn here() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn python_reads_and_refuses_every_vector_as_the_index_says() {
    let folder = here();
    let output = python(folder.path(), "tests/recover_test.py", &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran 2 tests"), "{said}");
}

#[test]
fn three_shares_give_the_secret_and_nothing_else() {
    let folder = here();
    let files = [1, 4, 5].map(|seat| vector(&format!("good/master-{seat}-of-5")));
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(
        recover(folder.path(), &arguments),
        (0, SECRET.to_vec(), String::new())
    );
}

#[test]
fn two_shares_are_too_few() {
    let folder = here();
    let (code, secret, said) = recover(
        folder.path(),
        &[&vector("good/master-1-of-5"), &vector("good/master-2-of-5")],
    );
    assert_eq!((code, secret.len()), (3, 0));
    assert_eq!(said, "recover.py: 2 of 3 seats are there\n");
}

#[test]
fn a_damaged_share_is_named_with_the_place() {
    let folder = here();
    let file = vector("damage/character-14-wrong");
    let (code, secret, said) = recover(folder.path(), &[&file]);
    assert_eq!((code, secret.len()), (4, 0));
    let expected = format!(
        "recover.py: {file}: line 3 of 7 is damaged: near character 14; all other lines are good\n"
    );
    assert_eq!(said, expected);
}

#[test]
fn a_practice_share_beside_the_real_one_is_left_out() {
    let folder = here();
    let files = [
        vector("transport/share-and-practice-share"),
        vector("good/master-1-of-5"),
        vector("good/master-3-of-5"),
    ];
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(recover(folder.path(), &arguments).0, 0);
    let (code, _, said) = recover(folder.path(), &["--kind", "practice-master", &files[0]]);
    assert_eq!(
        (code, said.as_str()),
        (3, "recover.py: 1 of 3 seats are there\n")
    );
    let (code, _, said) = recover(folder.path(), &[&vector("good/practice-master")]);
    assert_eq!(code, 3);
    assert!(said.contains("practice shares only"), "{said}");
}

#[test]
fn a_vault_tells_a_false_share_from_a_true_one() {
    let folder = here();
    let index: serde_json::Value =
        serde_json::from_slice(&fs::read(crate::support::folder().join("index.json")).unwrap())
            .unwrap();
    let manifest: String = index["texts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["file"].as_str().unwrap().starts_with("good/master-"))
        .map(|entry| format!("[[seat]]\ncommitment = {}\n", entry["share"]["commitment"]))
        .collect();
    fs::write(folder.path().join("vault.toml"), manifest).unwrap();
    let run = |third: &str| {
        let files = [
            vector("good/master-1-of-5"),
            vector("good/master-2-of-5"),
            vector(third),
        ];
        recover(
            folder.path(),
            &["--vault", "vault.toml", &files[0], &files[1], &files[2]],
        )
    };
    assert_eq!(
        run("good/master-4-of-5"),
        (0, SECRET.to_vec(), String::new())
    );
    let (code, secret, said) = run("sets/one-bit-off");
    assert_eq!((code, secret.len()), (4, 0));
    assert!(
        said.contains("the share of seat 4 is not one that the vault names"),
        "{said}"
    );
    fs::write(folder.path().join("vault.toml"), "format = 1\n").unwrap();
    assert_eq!(run("good/master-4-of-5").0, 1);
}

#[test]
fn raw_files_go_to_gfcombine_and_come_back_from_gfsplit() {
    let folder = here();
    let files = [2, 3, 5].map(|seat| vector(&format!("good/master-{seat}-of-5")));
    let (code, secret, said) = recover(
        folder.path(),
        &["--raw", "part", &files[0], &files[1], &files[2]],
    );
    assert_eq!((code, secret.len()), (0, 0), "{said}");
    assert!(said.contains("gfcombine needs 3 of them"), "{said}");
    let mode = fs::metadata(folder.path().join("part.002"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let run = |program: &str, arguments: &[&str]| {
        let status = Command::new(program)
            .current_dir(folder.path())
            .args(arguments)
            .status();
        assert!(
            status
                .unwrap_or_else(|error| panic!("{program}: {error}"))
                .success()
        );
    };
    run(
        "gfcombine",
        &["-o", "secret", "part.002", "part.003", "part.005"],
    );
    assert_eq!(fs::read(folder.path().join("secret")).unwrap(), SECRET);
    // Nothing is written over.
    assert_eq!(recover(folder.path(), &["--raw", "part", &files[0]]).0, 1);

    run("gfsplit", &["-n", "3", "-m", "5", "secret", "split"]);
    let mut parts: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("split."))
        .collect();
    parts.sort();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    assert_eq!(parts.len(), 5);
    let (code, secret, said) = recover(folder.path(), &parts[1..4]);
    assert_eq!((code, secret.as_slice()), (0, SECRET), "{said}");
    assert!(said.contains("raw parts carry no checks"), "{said}");
    let all: Vec<&str> = ["--threshold", "3"]
        .into_iter()
        .chain(parts.iter().copied())
        .collect();
    assert_eq!(
        recover(folder.path(), &all),
        (0, SECRET.to_vec(), String::new())
    );
    fs::write(folder.path().join(parts[4]), [0; 52]).unwrap();
    let (code, _, said) = recover(folder.path(), &all);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("don't fit together"), "{said}");
}

#[test]
fn wrong_use_is_told_from_failure() {
    let folder = here();
    let file = vector("good/master-1-of-5");
    for usage in [
        &[][..],
        &["--nonsense", &file],
        &["--kind", "secret", &file],
        &["--threshold", "1", &file],
        &["--threshold", "3", &file],
        &["--raw"],
        &["-x", &file],
    ] {
        let (code, _, said) = recover(folder.path(), usage);
        assert_eq!(code, 2, "{usage:?}: {said}");
    }
    let (code, _, said) = recover(folder.path(), &["nowhere.txt"]);
    assert_eq!(
        (code, said.as_str()),
        (1, "recover.py: nowhere.txt: No such file or directory\n")
    );
    fs::write(folder.path().join("part.000"), "x").unwrap();
    let (code, _, said) = recover(folder.path(), &["part.000"]);
    assert_eq!(code, 4, "{said}");
    assert_eq!(recover(folder.path(), &["--help"]).0, 0);
}
