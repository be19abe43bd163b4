//! `docs/signing-host.md` and `docs/release-job.sh`, run as they stand there by roots and hosts.

use std::collections::BTreeMap;

use super::machine::Machine;
use super::master::{Master, armored, fingerprint};
use super::quorum::Quorum;
use super::{commands, in_months};

/// Who types, and what stands for what in the lines.
struct Scene {
    quorum: Quorum,
    release: Machine,
    newhost: Machine,
    stranger: Machine,
    values: BTreeMap<&'static str, String>,
    refusals: Vec<String>,
}

impl Scene {
    fn set() -> Self {
        let quorum = Quorum::in_force().attested();
        let until = in_months(8);
        let values = BTreeMap::from([("FINGERPRINT", quorum.fingerprint()), ("UNTIL", until)]);
        let scene = Self {
            quorum,
            release: Machine::new(),
            newhost: Machine::new(),
            stranger: Machine::new(),
            values,
            refusals: Vec::new(),
        };
        scene.publish();
        scene.release.file("example-1.0.tar.gz", b"a tarball");
        scene.release.must(
            "git init -q example && cd example && git config --global user.name Release && \
             git config --global user.email release@example.org && git commit -q --allow-empty -m first",
        );
        scene
    }

    fn host(&self, who: &str) -> &Machine {
        match who {
            "release" => &self.release,
            "newhost" => &self.newhost,
            "stranger" => &self.stranger,
            other => panic!("nobody is called {other}"),
        }
    }

    /// Everybody fetches the certificate as it is published.
    fn publish(&self) {
        let certificate = self.quorum.certificate();
        for host in [&self.release, &self.newhost, &self.stranger] {
            host.file("juniper.asc", &certificate);
            host.file("published.asc", &certificate);
        }
    }

    fn types(&mut self, who: &str, command: &str) {
        let mut line = command.to_owned();
        for (name, value) in &self.values {
            line = line.replace(name, value);
        }
        for root in ["anna", "ben"] {
            let home = self.quorum.home(root).display().to_string();
            line = line.replace(&format!("~{root}"), &home);
        }
        if ["anna", "ben", "cleo"].contains(&who) {
            let said = self.quorum.must(who, &line);
            if said.contains("\nrequest ") {
                let (id, words) = self.quorum.opened(who, &said);
                self.values.extend([("REQUEST", id), ("WORDS", words)]);
            }
            if line.contains(" perform ") {
                self.quorum.wait_for_its_time();
                self.publish();
            }
            return;
        }
        if who == "stranger" {
            let work = self.release.work();
            self.stranger.must(&format!("cp -r {}/. .", work.display()));
        }
        if line.contains("bound.asc") {
            let bound = format!("bound-{}.asc", self.values["OFFERED"]);
            self.host(who).file("bound.asc", &self.quorum.out(&bound));
        }
        let output = self.host(who).shell(&line);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let noted = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{who}$ {line}\n{said}{noted}");
        if line.contains("|| ") {
            self.refusals.push(noted);
        }
        if line.contains("host offer") {
            let found = said.lines().find_map(|line| line.strip_prefix("subkey "));
            let subkey: String = found.unwrap().split_whitespace().collect();
            let file = format!("offer-{}.offer", &subkey[..16]);
            let file = self.host(who).work().join(file).display().to_string();
            self.values.extend([("OFFER", file), ("OFFERED", subkey)]);
        }
        // Only what is installed is called SUBKEY on the page.
        if line.contains("host install bound.asc") {
            let subkey = self.values["OFFERED"].clone();
            self.values.insert("DIGITS", subkey[..4].to_owned());
            self.values.insert("SUBKEY", subkey);
        }
        if line.contains("--list-secret-keys") {
            assert!(said.contains("sec#") && said.contains("ssb "), "{said}");
        }
    }
}

#[test]
fn every_command_of_the_signing_hosts_page_works() {
    let mut scene = Scene::set();
    let listed = commands(include_str!("../../docs/signing-host.md"));
    assert!(
        listed.len() > 30,
        "the page has lost its commands: {listed:?}"
    );
    for (who, command) in listed {
        scene.types(&who, &command);
    }
    let [superseded, revoked] = scene.refusals.as_slice() else {
        panic!("{:?}", scene.refusals);
    };
    assert!(superseded.contains("revoked, superseded"), "{superseded}");
    assert!(revoked.contains("revoked, compromised"), "{revoked}");
    assert_eq!(scene.release.secrets().len(), 0, "it has left");
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
