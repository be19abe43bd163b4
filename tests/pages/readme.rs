//! The commands of the README, run as they stand there.

use std::collections::HashMap;

use super::{commands, in_months, packaging, run};

#[test]
fn the_ceremony_of_the_readme_works_as_it_stands_there() {
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault");
    std::fs::create_dir(&vault).unwrap();
    let home = |who: &str| folder.path().join(who);
    let mut roots = String::new();
    for who in ["anna", "ben", "cleo", "stranger"] {
        std::fs::create_dir(home(who)).unwrap();
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        let secret = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
        std::fs::write(home(who).join("age-identity.txt"), secret + "\n").unwrap();
        if who != "stranger" {
            std::fs::create_dir_all(vault.join("keys")).unwrap();
            std::fs::write(vault.join(format!("keys/{who}.age")), recipient + "\n").unwrap();
            roots += &format!("[root.{who}]\nseal = \"keys/{who}.age\"\n");
        }
    }
    let team = format!(
        "[key]\nuser-id = \"Example Infra ({{cycle}}) <infra-root@example.org>\"\n\
         algorithm = \"ed25519\"\noutlives = \"28 days\"\n\
         [cycles]\n\"Juniper Cycle\" = {}\n[needed]\nmaster = 2\nrevocation = 2\n\
         [policy]\nattest = \"none\"\nrequest-days = 7\nany-root-may-revoke = false\n{roots}",
        in_months(6)
    );
    std::fs::write(vault.join("packaging.asc"), packaging()).unwrap();

    let mut values: HashMap<&str, String> = HashMap::new();
    let listed = commands(include_str!("../../README.md"));
    assert!(
        listed.len() >= 10,
        "the README has lost its commands: {listed:?}"
    );
    for (who, command) in listed {
        // Each person's identity file lies in the own home directory.
        let mut line = command.replace(" age-identity.txt", " ~/age-identity.txt");
        for (name, value) in &values {
            line = line.replace(name, value);
        }
        let output = run(&home(&who), &vault, &line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{who}$ {line}\n{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        if command.starts_with("quorate init") {
            std::fs::write(vault.join("team.toml"), &team).unwrap();
        }
        if command.contains(" create ") {
            let manifest = std::fs::read_to_string(vault.join("vault.toml")).unwrap();
            let line = manifest
                .lines()
                .find(|l| l.starts_with("fingerprint"))
                .unwrap();
            values.insert("FINGERPRINT", line.split('"').nth(1).unwrap().to_owned());
        }
        if command.contains(" certify ") {
            let at = said.find("request ").unwrap() + "request ".len();
            let id = said[at..at + 7].to_owned();
            let words = run(&home("anna"), &vault, &format!("quorate show {id} --words"));
            values.insert("REQUEST", id);
            values.insert(
                "WORDS",
                String::from_utf8(words.stdout).unwrap().replace('\n', " "),
            );
        }
        if who == "stranger" {
            let begins = match command.contains(" verify ") {
                true => "GENUINE",
                false => "Minutes of ",
            };
            assert!(said.starts_with(begins), "{said}");
        }
    }
    assert!(vault.join("out/packaging.asc").exists());
}
