//! `docs/signing-host.md` and `docs/release-job.sh`. What the roots do is done by the test's own master
//! key, where the page shows their commands.

use super::commands;
use super::machine::Machine;
use super::master::{Master, armored, fingerprint};
use quorate::ceremony::offer::Offer;

/// The root's commands that need a quorum.
fn is_the_quorums(command: &str) -> bool {
    ["subkey bind", "approve", "perform"]
        .iter()
        .any(|word| command.starts_with(&format!("quorate {word}")))
}

#[test]
fn every_command_of_the_signing_hosts_page_works() {
    let (release, stranger, master) = (Machine::new(), Machine::new(), Master::new());
    let public = armored(&master.cert());
    release.file("juniper.asc", &public);
    release.file("example-1.0.tar.gz", b"a tarball");
    release.must(
        "git init -q example && cd example && git config --global user.name Release && \
         git config --global user.email release@example.org && git commit -q --allow-empty -m first",
    );
    let mut subkey = String::new();
    let mut offered = 0;
    let listed = commands(include_str!("../../docs/signing-host.md"));
    assert!(
        listed.len() > 15,
        "the page has lost its commands: {listed:?}"
    );
    for (who, command) in listed {
        let line = command
            .replace("FINGERPRINT", &master.fingerprint())
            .replace("SUBKEY", &subkey);
        if is_the_quorums(&line) {
            assert_ne!(who, "release");
            continue;
        }
        if who == "stranger" {
            let work = release.work();
            stranger.must(&format!("cp -r {}/. .", work.display()));
            stranger.must(&line);
            continue;
        }
        assert_eq!(who, "release");
        if line.contains("host install") {
            let file = release
                .work()
                .join(format!("offer-{}.offer", &subkey[..16]));
            let primary = master.cert().primary_key().key().clone();
            let offer = Offer::read(&std::fs::read(file).unwrap(), &primary, release.now());
            let bound = armored(&master.bind(&offer.unwrap(), release.now(), None));
            release.file("bound.asc", &bound);
            // From then on this is what is published.
            release.file("juniper.asc", &bound);
            release.file("published.asc", &bound);
        }
        let said = release.must(&line);
        if line.contains("host offer") {
            offered += 1;
            let found = said.lines().find_map(|line| line.strip_prefix("subkey "));
            subkey = found.unwrap().split_whitespace().collect();
        }
        if line.contains("--list-secret-keys") {
            assert!(said.contains("sec#") && said.contains("ssb "), "{said}");
        }
    }
    assert_eq!(offered, 2);
    assert_eq!(release.secrets().len(), 0, "it has left");
}

#[test]
fn the_release_job_signs_what_it_is_given_and_stops_at_a_revocation() {
    let (release, master) = (Machine::new(), Master::new());
    let (offer, cert) = master.installed_on(&release);
    for file in ["a.tar.gz", "b.whl"] {
        release.file(file, file.as_bytes());
    }
    let job = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/release-job.sh");
    let said = release.must(&format!("{job} a.tar.gz b.whl"));
    assert!(said.contains("signed a.tar.gz\nsigned b.whl"), "{said}");
    let said = release.must("gpg --batch --status-fd 1 --verify b.whl.asc b.whl");
    assert!(said.contains(&fingerprint(&offer)), "{said}");

    let subkey = offer.subkey.fingerprint();
    release.file("revoked.asc", &armored(&master.revoke(&cert, &subkey)));
    release.must("rm *.tar.gz.asc");
    let stopped = release.shell(&format!("QUORATE_CERTIFICATE=revoked.asc {job} a.tar.gz"));
    assert_eq!(stopped.status.code(), Some(1));
    assert!(!release.work().join("a.tar.gz.asc").exists());
}
