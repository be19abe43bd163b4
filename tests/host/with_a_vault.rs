//! A clone of the vault on the host: the key comes from there, and is compared once.

use super::machine::Machine;
use super::master::{Master, armored};
use super::team::Team;

#[test]
fn a_clone_of_the_vault_names_the_key_and_is_compared_at_the_first_use() {
    let team = Team::of(&["anna", "ben"], 2);
    team.run("anna", &["create", "--as", "anna"]).exits(0);
    let host = Machine::new();
    let vault = team.vault();
    let vault = vault.to_str().unwrap();
    let before = team.snapshot();
    host.run(&["host", "offer", "--vault", vault])
        .exits(2)
        .says("first time")
        .says("--key FINGERPRINT");
    let other = Master::new();
    let key = other.fingerprint();
    host.run(&["host", "offer", "--vault", vault, "--key", &key])
        .exits(4);
    assert_eq!(host.secrets().len(), 0);
    let key = team.fingerprint();
    host.run(&["host", "offer", "--vault", vault, "--key", &key])
        .exits(0)
        .says("Story (Juniper) <story@example.org>");
    host.run(&["host", "offer", "--vault", vault])
        .exits(0)
        .says("offered already");
    assert_eq!(host.secrets().len(), 1);
    // Not bound yet.
    host.run(&["host", "install", "--vault", vault])
        .exits(1)
        .says("the vault's certificate binds no subkey whose secret is in this gpg");
    host.run(&["host", "install"])
        .exits(2)
        .says("no vault is here");
    host.run(&["host", "status", "--vault", vault])
        .exits(1)
        .says("offered, not installed");
    // Nothing of this is the vault's business.
    assert_eq!(team.snapshot(), before);
    // A host of two masters says which is meant.
    let file = host.file("other.asc", &armored(&other.cert()));
    let key = other.fingerprint();
    host.run(&["host", "offer", "--certificate", &file, "--key", &key])
        .exits(0);
    host.run(&["host", "status"]).exits(2).says("several keys");
    host.run(&["host", "leave", "--yes"])
        .exits(2)
        .says("several keys");
    host.run(&["host", "leave", "--yes", "--key", &key])
        .exits(0);
    assert_eq!(host.secrets().len(), 1);
}
