//! What the host is for: releases, which a stranger verifies with the published certificate alone.

use super::machine::Machine;
use super::master::{Master, fingerprint};

/// A release job, as docs/signing-host.md has it.
const JOB: &str = "
set -eu
quorate host status
printf 'int main;' >main.c
tar czf example-1.0.tar.gz main.c
python3 -m zipfile -c example-1.0-py3-none-any.whl main.c
for file in example-1.0.tar.gz example-1.0-py3-none-any.whl; do
  gpg --batch --local-user 'SUBKEY!' --armor --detach-sign $file
done
git init -q --bare ../example.git
git init -q .
git config user.name Release
git config user.email release@example.org
git config user.signingkey 'SUBKEY!'
git add main.c
git commit -qm 'The program'
git tag -s -m 'example 1.0' v1.0
git push -q ../example.git HEAD:main v1.0
gpg -q --armor --export MASTER >../published.asc
";

#[test]
fn a_tarball_a_wheel_and_a_tag_are_signed_and_a_stranger_verifies_all_three() {
    let (host, stranger, master) = (Machine::new(), Machine::new(), Master::new());
    let (offer, _) = master.installed_on(&host);
    let subkey = fingerprint(&offer);
    let fill = |line: &str| {
        line.replace("SUBKEY", &subkey)
            .replace("MASTER", &master.fingerprint())
            .replace("HOST", host.work().parent().unwrap().to_str().unwrap())
    };
    host.must(&fill(JOB));
    // The stranger has the public certificate and nothing of the host.
    stranger.must(&fill("gpg -q --import HOST/published.asc"));
    for file in ["example-1.0.tar.gz", "example-1.0-py3-none-any.whl"] {
        let verify = fill(&format!(
            "gpg --batch --status-fd 1 --verify HOST/work/{file}.asc HOST/work/{file}"
        ));
        let said = stranger.must(&verify);
        let valid = said
            .lines()
            .find(|line| line.contains(" VALIDSIG "))
            .unwrap();
        assert!(valid.contains(&subkey) && valid.ends_with(&master.fingerprint()));
        stranger.must(&fill(&format!(
            "sq verify --signer-cert HOST/published.asc --detached HOST/work/{file}.asc HOST/work/{file}"
        )));
        // Another file, the same signature.
        let changed = stranger.shell(&fill(&format!(
            "cp HOST/work/{file} x && printf x >>x && gpg --verify HOST/work/{file}.asc x"
        )));
        assert!(!changed.status.success());
    }
    stranger.must(&fill("git clone -q -b main HOST/example.git"));
    stranger.must("git -C example verify-tag v1.0");
    let raw = stranger.shell("git -C example verify-tag --raw v1.0");
    let raw = String::from_utf8_lossy(&raw.stderr).into_owned();
    assert!(raw.contains("VALIDSIG") && raw.contains(&subkey), "{raw}");
}

#[test]
fn the_installed_primary_is_a_stub_and_the_advice_is_ready_to_paste() {
    let (host, master) = (Machine::new(), Master::new());
    let offered = master.offered_by(&host, &[]);
    // What some people have in it.
    host.must("printf 'armor\\nquiet\\nkeyid-format long\\nno-greeting\\n' >$GNUPGHOME/gpg.conf");
    let bound = master.bind(&offered.offer, host.now(), None);
    let file = host.file("bound.asc", &super::master::armored(&bound));
    let done = host.run(&["host", "install", &file]);
    let subkey = fingerprint(&offered.offer);
    done.exits(0)
        .says(&format!(
            "gpg --local-user '{subkey}!' --armor --detach-sign FILE"
        ))
        .says(&format!("git config --global user.signingkey '{subkey}!'"));
    let listed = host.must("gpg -q --list-secret-keys");
    assert!(
        listed.contains("sec#") && listed.contains("ssb "),
        "{listed}"
    );
    // Installing it once more changes nothing.
    host.run(&["host", "install", &file]).exits(0);
    assert_eq!(host.secrets().len(), 1);
}
