//! One story with nobody's part played: roots attest with their gpg, a host offers, they bind, it signs,
//! strangers verify, they extend, and they revoke.

use super::machine::Machine;
use super::quorum::Quorum;

/// A release job, as docs/signing-host.md has it.
const JOB: &str = "
set -eu
quorate host status --certificate juniper.asc
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
";

/// What a host must not do, and why.
#[track_caller]
fn must_not_sign(host: &Machine, line: &str) -> String {
    let output = host.shell(line);
    let noted = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{noted}");
    noted
}

#[test]
fn a_subkey_lives_from_its_offer_to_its_revocation() {
    let (quorum, host, stranger) = (Quorum::in_force(), Machine::new(), Machine::new());
    let key = quorum.fingerprint();
    host.file("juniper.asc", &quorum.certificate());
    let said = host.must(&format!(
        "quorate host offer --certificate juniper.asc --key {key}"
    ));
    let found = said.lines().find_map(|line| line.strip_prefix("subkey "));
    let subkey: String = found.unwrap().split_whitespace().collect();
    let offer = host.work().join(format!("offer-{}.offer", &subkey[..16]));
    let bind = format!("quorate subkey bind {}", offer.display());

    // Not before a majority has attested the key.
    let refused = quorum.shell("ben", &bind);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{why}");
    assert!(why.contains("waiting for attestation: 2 more"), "{why}");
    let quorum = quorum.attested();
    quorum.carried_out(&bind);
    host.file("bound.asc", &quorum.out(&format!("bound-{subkey}.asc")));
    host.must("quorate host install bound.asc");

    host.file("juniper.asc", &quorum.certificate());
    host.must(&JOB.replace("SUBKEY", &subkey));
    let published = stranger.file("published.asc", &quorum.certificate());
    stranger.must(&format!("gpg -q --import {published}"));
    let work = host.work();
    stranger.must(&format!("cp {}/example-* .", work.display()));
    for file in ["example-1.0.tar.gz", "example-1.0-py3-none-any.whl"] {
        let verify = format!("gpg --batch --status-fd 1 --verify {file}.asc {file}");
        let said = stranger.must(&verify);
        let mut lines = said.lines();
        let valid = lines.find(|line| line.contains(" VALIDSIG ")).unwrap();
        assert!(valid.contains(&subkey) && valid.ends_with(&key), "{valid}");
        stranger.must(&format!(
            "sq verify --signer-cert {published} --detached {file}.asc {file}"
        ));
        // Another file, the same signature.
        let changed = stranger.shell(&format!("echo >>{file} && gpg --verify {file}.asc {file}"));
        assert!(!changed.status.success());
    }
    let hub = work.with_file_name("example.git");
    stranger.must(&format!("git clone -q -b main {} example", hub.display()));
    stranger.must("git -C example verify-tag v1.0");

    // Two want to extend it; the first that is carried out makes the second void.
    let day = super::in_days(300);
    let late = quorum.approved(&format!("quorate extend --until {}", super::in_days(250)));
    let (first, words) = quorum.opened(
        "anna",
        &quorum.must("anna", &format!("quorate extend --until {day}")),
    );
    let cleo = format!("quorate approve {first} --way voice --words '{words}'");
    quorum.must("cleo", &cleo);
    let home = quorum.home("cleo");
    quorum.must(
        "anna",
        &format!("quorate perform {first} {}", home.display()),
    );
    quorum.wait_for_its_time();
    let home = quorum.home("anna");
    let void = quorum.shell("ben", &format!("quorate perform {late} {}", home.display()));
    let why = String::from_utf8_lossy(&void.stderr).into_owned();
    assert_eq!(void.status.code(), Some(3), "{why}");
    assert!(why.contains("another state of the key"), "{why}");

    // The host may sign, before and after it has heard of that.
    host.file("juniper.asc", &quorum.certificate());
    host.must("quorate host status --certificate juniper.asc");
    host.must("quorate host install juniper.asc");
    let said = host.must("quorate host status --certificate juniper.asc");
    assert!(said.contains(&format!("expires {day}")), "{said}");

    let digits = &subkey[..4];
    quorum.carried_out(&format!("quorate revoke subkey --confirm {digits}"));
    host.file("juniper.asc", &quorum.certificate());
    let sentence = "the subkey in this gpg must not sign: revoked, compromised";
    let why = must_not_sign(&host, "quorate host status --certificate juniper.asc");
    assert!(why.contains(sentence), "{why}");
    // The small file alone is enough for gpg.
    host.file("revoked.asc", &quorum.out(&format!("revoked-{subkey}.asc")));
    host.must("gpg -q --import revoked.asc");
    assert!(must_not_sign(&host, "quorate host status").contains(sentence));
    let key = format!("quorate verify --key {key}");
    assert!(quorum.must("cleo", &key).contains("GENUINE"));
}
