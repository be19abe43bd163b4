//! Offers: made, made again, and asked for where they can't be made.

use super::machine::Machine;
use super::master::{Master, armored, fingerprint};

#[test]
fn an_offer_is_made_once_and_written_again_until_it_is_installed() {
    let (host, master) = (Machine::new(), Master::new());
    let first = master.offered_by(&host, &[]);
    assert_eq!(first.offer.host, "signing01");
    assert_eq!(host.secrets().len(), 1);

    let file = host.file("master.asc", &armored(&master.cert()));
    let key = master.fingerprint();
    let again = ["host", "offer", "--certificate", &file, "--key", &key];
    host.run(&again).exits(0).says("offered already on");
    let name = format!("offer-{}.offer", &fingerprint(&first.offer)[..16]);
    assert_eq!(std::fs::read(host.work().join(&name)).unwrap(), first.text);
    assert_eq!(host.secrets().len(), 1, "no second key was made");

    let second = master.offered_by(&host, &["--new"]);
    assert_ne!(fingerprint(&second.offer), fingerprint(&first.offer));
    assert_eq!(host.secrets().len(), 2);

    // Its secret gone, it isn't handed out again.
    host.must("rm $GNUPGHOME/private-keys-v1.d/*; gpgconf --kill all");
    host.run(&again)
        .exits(1)
        .says("isn't in gpg's agent any more");
}

#[test]
fn a_subkey_of_rsa_is_offered_where_it_is_wanted() {
    let (host, master) = (Machine::new(), Master::new());
    let made = master.offered_by(&host, &["--algorithm", "rsa4096"]);
    assert_eq!(made.offer.subkey.mpis().bits(), Some(4096));
    let bound = master.bind(&made.offer, host.now(), None);
    let file = host.file("bound.asc", &armored(&bound));
    host.run(&["host", "install", &file])
        .exits(0)
        .says("proved");
}

#[test]
fn a_certificate_alone_is_not_believed() {
    let (host, master, other) = (Machine::new(), Master::new(), Master::new());
    let file = host.file("master.asc", &armored(&master.cert()));
    let offer = ["host", "offer", "--certificate", &file];
    host.run(&offer).exits(2).says("--certificate wants --key");
    let key = other.fingerprint();
    let wrong = [&offer[..], &["--key", &key]].concat();
    host.run(&wrong)
        .exits(4)
        .says("another key than the one that is meant");
    host.run(&["host", "offer"])
        .exits(2)
        .says("there is no vault here");
    let none = host.file("none.asc", b"no certificate");
    host.run(&["host", "offer", "--certificate", &none, "--key", &key])
        .exits(1)
        .says("isn't one OpenPGP certificate");
    assert_eq!(host.secrets().len(), 0);
}

#[test]
fn an_offer_that_was_bound_or_revoked_meanwhile_is_not_sent_again() {
    let (host, master) = (Machine::new(), Master::new());
    let offered = master.offered_by(&host, &[]);
    let bound = master.bind(&offered.offer, host.now(), None);
    let key = master.fingerprint();
    let file = host.file("bound.asc", &armored(&bound));
    let offer = ["host", "offer", "--certificate", &file, "--key", &key];
    host.run(&offer).exits(0).says("have bound it already");
    let subkey = offered.offer.subkey.fingerprint();
    let file = host.file("revoked.asc", &armored(&master.revoke(&bound, &subkey)));
    let offer = ["host", "offer", "--certificate", &file, "--key", &key];
    let again = host.run(&offer);
    again.exits(0).says("wrote");
    assert!(!again.said.contains("offered already"), "{}", again.said);
    assert_eq!(host.secrets().len(), 2);
}

#[test]
fn no_subkey_is_made_for_a_key_that_has_ended() {
    let (host, master) = (Machine::new(), Master::new());
    let key = master.fingerprint();
    let revoked = master.revoke_all(&master.cert());
    let file = host.file("revoked.asc", &armored(&revoked));
    let offer = ["host", "offer", "--certificate", &file, "--key", &key];
    host.run(&offer)
        .exits(1)
        .says("the master key is revoked, compromised");
    host.days_pass(200);
    let file = host.file("master.asc", &armored(&master.cert()));
    let offer = ["host", "offer", "--certificate", &file, "--key", &key];
    host.run(&offer).exits(1).says("the master key is expired");
    assert_eq!(host.secrets().len(), 0);
}

#[test]
fn without_gpg_or_its_agent_it_says_what_is_missing() {
    let (mut host, master) = (Machine::new(), Master::new());
    let file = host.file("master.asc", &armored(&master.cert()));
    let key = master.fingerprint();
    let offer = ["host", "offer", "--certificate", &file, "--key", &key];
    let right = host.gnupg().to_str().unwrap().to_owned();
    host.set("GNUPGHOME", "/nonexistent/g");
    host.run(&offer).exits(1).says("gpg's agent doesn't run");
    host.set("GNUPGHOME", &right);
    host.set("PATH", host.work().join("empty").to_str().unwrap());
    host.run(&offer)
        .exits(1)
        .says("gpg-connect-agent isn't there")
        .says("apt-get install gpg-agent");
}
