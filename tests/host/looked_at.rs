//! `host status`: fit, and all the ways of not being so.

use super::machine::Machine;
use super::master::{Master, armored, fingerprint};

/// The fields of the JSON that programs read.
#[track_caller]
fn json(said: &str) -> serde_json::Value {
    serde_json::from_str(said).unwrap()
}

#[test]
fn a_host_with_an_installed_subkey_may_sign() {
    let (host, master) = (Machine::new(), Master::new());
    let (offer, cert) = master.installed_on(&host);
    host.run(&["host", "status"])
        .exits(0)
        .says("may sign")
        .says("(in 180 days)");
    let file = host.file("now.asc", &armored(&cert));
    let with_file = ["host", "status", "--json", "--certificate", &file];
    let found = json(&host.run(&with_file).exits(0).said);
    assert_eq!(found["fit"], true);
    assert_eq!(found["key"], master.fingerprint());
    assert_eq!(found["subkey"], fingerprint(&offer));
    assert_eq!(found["certificate"], "file");
    assert_eq!(found["days_left"], 180);
    host.run(&["host", "status", "--min-days", "180"]).exits(0);
    let late = ["host", "status", "--json", "--min-days", "181"];
    let found = json(&host.run(&late).exits(1).said);
    assert_eq!(found["reasons"][0]["code"], "expires-soon");
    // Nobody asks, nobody is asked: no terminal, no network.
    host.must("quorate host status </dev/null");
    // The schema names every field, and no other.
    let schema = json(include_str!("../../docs/host-status.schema.json"));
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&found), names(&schema["properties"]));
    assert_eq!(
        names(&found["reasons"][0]),
        names(&schema["properties"]["reasons"]["items"]["properties"])
    );
}

#[test]
fn what_is_revoked_in_the_published_certificate_or_in_gpg_must_not_sign() {
    let (host, master) = (Machine::new(), Master::new());
    let (offer, cert) = master.installed_on(&host);
    let subkey = offer.subkey.fingerprint();
    let revoked = host.file("revoked.asc", &armored(&master.revoke(&cert, &subkey)));
    let sentence =
        "quorate: error: the subkey in this gpg must not sign: revoked, compromised\n  since ";
    host.run(&["host", "status", "--certificate", &revoked])
        .exits(1)
        .says(sentence)
        .says("this gpg doesn't know it yet")
        .says("next: publish nothing; make a new one: quorate host offer; tell the roots");
    host.run(&["host", "status"]).exits(0);
    host.must("gpg -q --import revoked.asc");
    host.run(&["host", "status"]).exits(1).says(sentence);
    // Imported again, it is still revoked.
    let bound = host.work().join("bound.asc");
    host.run(&["host", "install", bound.to_str().unwrap()])
        .exits(1)
        .says("merged with what it had, must not sign, and was not installed: revoked");
    host.run(&["host", "status"]).exits(1).says(sentence);

    let other = Machine::new();
    let (_, cert) = master.installed_on(&other);
    let dead = other.file("dead.asc", &armored(&master.revoke_all(&cert)));
    other
        .run(&["host", "status", "--certificate", &dead])
        .exits(1)
        .says("the master key is revoked, compromised");
    other.must("gpg -q --import dead.asc");
    let found = other.run(&["host", "status", "--json"]);
    assert_eq!(json(&found.exits(1).said)["reasons"][0]["code"], "revoked");
}

#[test]
fn expired_absent_foreign_and_missing_keys_must_not_sign() {
    let (host, master) = (Machine::new(), Master::new());
    host.run(&["host", "status"])
        .exits(1)
        .says("no subkey that quorate knows of");
    let offered = master.offered_by(&host, &[]);
    host.run(&["host", "status"])
        .exits(1)
        .says("offered, not installed")
        .says("quorate host install FILE");
    let cert = master.bind(&offered.offer, host.now(), Some(30));
    let file = host.file("bound.asc", &armored(&cert));
    host.run(&["host", "install", &file]).exits(0);
    // The certificate in use lacks it, or is of another key.
    let without = host.file("without.asc", &armored(&master.cert()));
    host.run(&["host", "status", "--certificate", &without])
        .exits(1)
        .says("the certificate in use doesn't have it");
    let other = host.file("other.asc", &armored(&Master::new().cert()));
    host.run(&["host", "status", "--certificate", &other])
        .exits(4)
        .says("another key than the one that is meant");

    host.days_pass(40);
    host.run(&["host", "status"])
        .exits(1)
        .says("must not sign: expired")
        .says("ask the roots to extend it");
    // Extended, and installed again.
    let longer = cert
        .merge_public(master.bind(&offered.offer, host.now(), None))
        .unwrap();
    let file = host.file("longer.asc", &armored(&longer));
    host.run(&["host", "install", &file]).exits(0);
    host.run(&["host", "status", "--certificate", &file])
        .exits(0);

    host.must("rm $GNUPGHOME/private-keys-v1.d/*; gpgconf --kill all");
    host.run(&["host", "status"])
        .exits(1)
        .says("its secret isn't in this gpg");
}

#[test]
fn the_master_keys_secret_on_a_host_is_an_alarm() {
    let (host, master) = (Machine::new(), Master::new());
    master.installed_on(&host);
    host.file("secret.asc", &master.secret());
    host.must("gpg -q --batch --import secret.asc");
    host.run(&["host", "status"])
        .exits(1)
        .says("the secret of the MASTER KEY is in this gpg");
    let bound = host.work().join("bound.asc");
    host.run(&["host", "install", bound.to_str().unwrap()])
        .exits(1)
        .says("sec#");
}

#[test]
fn a_lost_memory_costs_the_fingerprint_and_nothing_else() {
    let (host, master) = (Machine::new(), Master::new());
    let (offer, cert) = master.installed_on(&host);
    std::fs::remove_dir_all(host.state()).unwrap();
    host.run(&["host", "status"]).exits(1);
    let key = master.fingerprint();
    host.run(&["host", "status", "--key", &key])
        .exits(0)
        .says("may sign");
    let file = host.file("bound.asc", &armored(&cert));
    host.run(&["host", "install", &file]).exits(4);
    host.run(&["host", "install", &file, "--key", &key])
        .exits(0);
    let found = json(&host.run(&["host", "status", "--json"]).exits(0).said);
    assert_eq!(found["subkey"], fingerprint(&offer));
}

#[test]
fn without_gpg_or_its_agent_nothing_is_said_to_be_fit() {
    let (mut host, master) = (Machine::new(), Master::new());
    master.installed_on(&host);
    host.must("gpgconf --kill all");
    host.run(&["host", "status"]).exits(0);
    host.must("gpgconf --kill all; echo agent-program /nonexistent >$GNUPGHOME/gpg.conf");
    host.run(&["host", "status"])
        .exits(1)
        .says("must not sign: gpg doesn't reach its agent");
    let empty = host.work().join("empty");
    host.set("PATH", empty.to_str().unwrap());
    host.run(&["host", "status"])
        .exits(1)
        .says("gpg isn't there");
}
