//! What an installation leaves in gpg.

use super::machine::Machine;
use super::master::{Master, fingerprint};

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
