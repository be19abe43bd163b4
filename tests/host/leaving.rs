//! The secret leaves the host.

use quorate::world::RealFiles;
use quorate::world::doubles::ScriptedTerminal;

use super::machine::Machine;
use super::master::{Master, armored, fingerprint};

#[test]
fn after_leaving_nothing_can_sign_and_the_public_key_is_still_there() {
    let (host, master) = (Machine::new(), Master::new());
    let (offer, _) = master.installed_on(&host);
    host.run(&["host", "leave"]).exits(2);
    let terminal = ScriptedTerminal::new();
    terminal.answer("0000");
    let leave = ["host", "leave"];
    let done = host.run_with(&leave, &RealFiles::default(), &terminal);
    if !fingerprint(&offer).starts_with("0000") {
        done.exits(1).says("not the first four digits");
    }
    assert_eq!(host.secrets().len(), 1);
    let terminal = ScriptedTerminal::new();
    terminal.answer(&fingerprint(&offer)[..4].to_lowercase());
    host.run_with(&leave, &RealFiles::default(), &terminal)
        .exits(0)
        .says("gone     1 secret(s)")
        .says("backups");
    assert_eq!(host.secrets().len(), 0);
    host.must(&format!("gpg -q --list-keys {}", master.fingerprint()));
    host.run(&["host", "status"]).exits(1).says("must not sign");
    host.run(&["host", "leave", "--yes"]).exits(2);
}

#[test]
fn a_subkey_that_was_replaced_leaves_alone() {
    let (host, master) = (Machine::new(), Master::new());
    let (first, cert) = master.installed_on(&host);
    let second = master.offered_by(&host, &[]).offer;
    assert_ne!(fingerprint(&first), fingerprint(&second));
    let bound = master.bind(&second, host.now(), None);
    let both = cert.merge_public(bound).unwrap();
    let file = host.file("both.asc", &armored(&both));
    let old = fingerprint(&first);
    host.run(&["host", "install", &file])
        .exits(0)
        .says(&format!("quorate host leave --subkey {old}"));
    assert_eq!(host.secrets().len(), 2);
    host.run(&["host", "leave", "--yes", "--subkey", &old])
        .exits(0);
    assert_eq!(host.secrets().len(), 1);
    let fit = host.run(&["host", "status", "--json"]);
    fit.exits(0).says(&fingerprint(&second));
}
