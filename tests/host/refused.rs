//! Certificates that aren't installed, and installations that were stopped.

use quorate::world::RealFiles;
use quorate::world::doubles::{FaultyFiles, ScriptedTerminal};
use sequoia_openpgp::serialize::SerializeInto as _;

use super::machine::Machine;
use super::master::{Master, USER_ID, armored};

#[test]
fn a_certificate_of_another_key_or_without_the_own_subkey_is_refused() {
    let (host, master) = (Machine::new(), Master::new());
    let offered = master.offered_by(&host, &[]);
    let other = Master::new();
    let file = host.file("other.asc", &armored(&other.cert()));
    host.run(&["host", "install", &file])
        .exits(4)
        .says("for which this host has offered nothing");
    let file = host.file("unbound.asc", &armored(&master.cert()));
    host.run(&["host", "install", &file])
        .exits(1)
        .says("binds no subkey whose secret is in this gpg");
    // Another host's.
    let elsewhere = Machine::new();
    let theirs = master.offered_by(&elsewhere, &[]);
    let bound = master.bind(&theirs.offer, host.now(), None);
    let file = host.file("theirs.asc", &armored(&bound));
    host.run(&["host", "install", &file])
        .exits(1)
        .says("binds no subkey whose secret is in this gpg");
    // The primary of one, the binding of the other.
    let foreign = Master::new();
    let primary_only = foreign.cert();
    let mine = master.bind(&offered.offer, host.now(), None);
    let packets: Vec<_> = mine
        .keys()
        .subkeys()
        .flat_map(|subkey| {
            let key = subkey.key().clone().parts_into_public();
            let bound = subkey.self_signatures().cloned().map(Into::into);
            std::iter::once(sequoia_openpgp::Packet::from(key)).chain(bound)
        })
        .collect();
    let (grafted, _) = primary_only.insert_packets(packets).unwrap();
    let file = host.file("grafted.asc", &armored(&grafted));
    let key = foreign.fingerprint();
    let done = host.run(&["host", "install", &file, "--key", &key]);
    assert_ne!(done.code, 0, "{}", done.said);
    assert_eq!(host.must("gpg -q --list-keys"), "", "nothing was imported");
}

#[test]
fn a_subkey_that_has_ended_is_not_installed() {
    let (host, master) = (Machine::new(), Master::new());
    let offered = master.offered_by(&host, &[]);
    let bound = master.bind(&offered.offer, host.now(), Some(30));
    let subkey = offered.offer.subkey.fingerprint();
    let file = host.file("revoked.asc", &armored(&master.revoke(&bound, &subkey)));
    host.run(&["host", "install", &file])
        .exits(1)
        .says("and was not installed: revoked, compromised");
    let file = host.file("dead.asc", &armored(&master.revoke_all(&bound)));
    host.run(&["host", "install", &file])
        .exits(1)
        .says("the master key is revoked");
    host.days_pass(40);
    let file = host.file("bound.asc", &armored(&bound));
    host.run(&["host", "install", &file])
        .exits(1)
        .says("was not installed: expired");
    assert_eq!(host.must("gpg -q --list-keys"), "", "nothing was imported");
}

#[test]
fn another_key_with_the_same_user_id_stops_it() {
    let (host, master) = (Machine::new(), Master::new());
    let offered = master.offered_by(&host, &[]);
    host.must(&format!(
        "gpg -q --batch --passphrase '' --quick-gen-key '{USER_ID}' ed25519 sign never"
    ));
    let bound = master.bind(&offered.offer, host.now(), None);
    let file = host.file("bound.asc", &armored(&bound));
    let other = host.must("gpg -q --list-keys --with-colons | awk -F: '/^fpr/{print $10; exit}'");
    host.run(&["host", "install", &file])
        .exits(1)
        .says("another key with the same user ID")
        .says(other.trim());
    host.must(&format!(
        "gpg -q --batch --yes --delete-secret-and-public-key {}",
        other.trim()
    ));
    host.run(&["host", "install", &file]).exits(0);
}

#[test]
fn a_secret_key_or_several_certificates_are_not_taken() {
    let (host, master) = (Machine::new(), Master::new());
    let offered = master.offered_by(&host, &[]);
    let bound = master.bind(&offered.offer, host.now(), None);
    let two = [
        bound.to_vec().unwrap(),
        Master::new().cert().to_vec().unwrap(),
    ]
    .concat();
    let file = host.file("two.pgp", &two);
    host.run(&["host", "install", &file])
        .exits(1)
        .says("it holds several");
    let file = host.file("junk.asc", &armored(&bound)[..200]);
    host.run(&["host", "install", &file])
        .exits(1)
        .says("isn't one OpenPGP certificate");
    host.must("gpg -q --batch --passphrase '' --quick-gen-key x@example.org ed25519 sign never");
    host.must("gpg -q --batch --export-secret-keys x@example.org >secret.pgp");
    host.run(&["host", "install", "secret.pgp"])
        .exits(1)
        .says("holds a secret key");
    // Binary is as good as armour.
    let file = host.file("bound.pgp", &bound.to_vec().unwrap());
    host.run(&["host", "install", &file]).exits(0);
}

#[test]
fn stopped_at_any_write_it_goes_on() {
    let (host, master) = (Machine::new(), Master::new());
    let offered = master.offered_by(&host, &[]);
    let bound = master.bind(&offered.offer, host.now(), None);
    let file = host.file("bound.asc", &armored(&bound));
    let install = ["host", "install", &file];
    for n in 1.. {
        assert!(n < 50, "it never ends");
        let files = FaultyFiles::stopping_at(RealFiles::default(), n);
        let done = host.run_with(&install, &files, &ScriptedTerminal::new());
        if !files.is_stopped() {
            done.exits(0);
            break;
        }
        assert_ne!(done.code, 0);
    }
    host.run(&install).exits(0).says("installed");
    host.run(&["host", "status"]).exits(0);
}

#[test]
fn an_offer_stopped_at_any_write_can_be_made_again() {
    let master = Master::new();
    let host = Machine::new();
    let file = host.file("master.asc", &armored(&master.cert()));
    let key = master.fingerprint();
    let offer = ["host", "offer", "--certificate", &file, "--key", &key];
    for n in 1.. {
        assert!(n < 50, "it never ends");
        let files = FaultyFiles::stopping_at(RealFiles::default(), n);
        host.run_with(&offer, &files, &ScriptedTerminal::new());
        if !files.is_stopped() {
            break;
        }
    }
    host.run(&offer).exits(0).says("offered already");
    let offered = master.offered_by(&host, &[]);
    let bound = master.bind(&offered.offer, host.now(), None);
    let file = host.file("bound.asc", &armored(&bound));
    host.run(&["host", "install", &file]).exits(0);
}
