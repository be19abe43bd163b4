//! The chain, walked by a stranger with the real gpg and the script alone.

use sequoia_openpgp as openpgp;

use openpgp::parse::Parse as _;

use super::home::{Home, REAL};

/// Three keys of the past, each certified by the one before, the first ones expired long since.
fn three(home: &Home) -> [String; 3] {
    let a = home.key("Aster", "2019-01-01", "ed25519", 300);
    let b = home.key("Birch", "2019-09-01", "rsa2048", 300);
    let c = home.key("Cedar", "2020-05-01", "ed25519", 300);
    home.certifies(&a, &b, "2019-09-02");
    home.certifies(&b, &a, "2019-09-03");
    home.certifies(&b, &c, "2020-05-02");
    for (key, file) in [(&a, "a.asc"), (&b, "b.asc"), (&c, "c.asc")] {
        home.export(key, file);
    }
    [a, b, c]
}

#[test]
fn a_stranger_with_the_first_key_walks_to_the_newest_with_gpg_alone() {
    let home = Home::new();
    let [a, b, c] = three(&home);
    home.sh("quorate publish succession c.asc a.asc b.asc --out out.asc")
        .exits(0)
        .says("| certified 2019-09-02 (0x13), and back 2019-09-03 (0x13)")
        .says("| certified 2020-05-02 (0x13)");
    home.sh("quorate lineage a.asc b.asc c.asc")
        .exits(0)
        .says("whole: who trusts the first key gets to the last, in 2 steps");
    let stranger = Home::new();
    for file in ["out.asc", "succession.sh"] {
        stranger.write(file, home.read(file));
    }
    let walked = stranger.sh(&format!("sh succession.sh {a} out.asc"));
    let keys: Vec<&str> = walked
        .exits(0)
        .said
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(keys, [a.as_str(), &b, &c], "{}", walked.said);
    walked.says("certified 2020-05-02");
    // The stranger's own keyring stays empty.
    let own = stranger.sh("gpg --list-keys | wc -l").said;
    assert_eq!(own.trim(), "0");
    // Backwards nobody is led, and from another key there is no way.
    stranger
        .sh(&format!("sh succession.sh {c} out.asc"))
        .exits(1)
        .says("no newer key");
    let nobody = "0123456789ABCDEF0123456789ABCDEF01234567";
    stranger
        .sh(&format!("sh succession.sh {nobody} out.asc"))
        .exits(1);
    stranger.sh("sh succession.sh 1234 out.asc").exits(2);
}

#[test]
fn a_chain_keeps_the_attestations_asked_for_and_no_others() {
    let home = Home::new();
    let [_, _, c] = three(&home);
    for (name, person) in [("Root", "root"), ("Passer", "passer")] {
        let key = home.key(name, "2019-01-01", "ed25519", 900);
        home.certifies(&key, &c, "2020-05-03");
        home.export(&key, &format!("{person}.asc"));
    }
    home.export(&c, "c.asc");
    home.sh("quorate publish succession a.asc b.asc c.asc --attester root.asc --out out.asc")
        .exits(0)
        .says("attested by 1");
    let signers = home.sh("gpg --list-packets out.asc | grep -c ':signature packet'");
    // Of each key its own, the two links forward, the one back, the one attestation.
    assert_eq!(signers.said.trim(), "7");
}

#[test]
fn a_gap_is_refused_and_so_is_a_forged_link() {
    let home = Home::new();
    let [a, ..] = three(&home);
    home.sh("quorate publish succession a.asc c.asc")
        .exits(1)
        .says("the newer key isn't certified by the older one")
        .says("nothing was written");
    assert!(!home.path("succession.asc").exists());
    // A file that claims a link and has none: the script believes gpg, not the claim.
    home.sh("quorate publish succession a.asc b.asc --out two.asc")
        .exits(0);
    home.sh("gpg --dearmor <two.asc >two.pgp").exits(0);
    let packets = std::fs::read(home.path("two.pgp")).unwrap();
    home.write("forged.pgp", forge(&packets));
    home.sh(&format!("sh succession.sh {a} forged.pgp"))
        .exits(1);
}

/// Every certification by another key, with its last byte flipped.
fn forge(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let file = openpgp::cert::raw::RawCertParser::from_bytes(bytes).unwrap();
    for cert in file.flatten() {
        for packet in cert.packets() {
            let mut raw = packet.as_bytes().to_vec();
            if packet.tag() == openpgp::packet::Tag::Signature {
                let read = openpgp::Packet::from_bytes(packet.as_bytes()).unwrap();
                let openpgp::Packet::Signature(signature) = read else {
                    panic!()
                };
                let own = openpgp::KeyHandle::from(cert.fingerprint());
                if !signature.get_issuers().iter().any(|i| i.aliases(&own)) {
                    *raw.last_mut().unwrap() ^= 1;
                }
            }
            out.extend_from_slice(&raw);
        }
    }
    out
}

#[test]
fn user_ids_that_are_an_address_alone_are_walked_too() {
    let home = Home::new();
    let make = |day: &str| {
        home.sh(&format!(
            "gpg -q --batch --yes --passphrase '' --faked-system-time {day}T000000! --quick-gen-key Infra@example.org ed25519 cert,sign 300d"
        ))
        .exits(0);
    };
    make("20190101");
    make("20190901");
    let listed = home
        .sh("gpg --with-colons --list-keys | awk -F: '/^fpr/{print $10}'")
        .said;
    let keys: Vec<&str> = listed.lines().collect();
    home.certifies(keys[0], keys[1], "2019-09-02");
    // Also from one file.
    home.sh("gpg --armor --export >both.asc; quorate publish succession both.asc")
        .exits(0);
    home.export(keys[0], "a.asc");
    home.export(keys[1], "b.asc");
    home.sh("quorate publish succession a.asc b.asc").exits(0);
    home.sh(&format!("sh succession.sh {}", keys[0]))
        .exits(0)
        .says(keys[1]);
}

#[test]
fn a_key_that_was_certified_for_another_reason_is_no_successor() {
    let home = Home::new();
    let [a, b, _] = three(&home);
    // The master key also certifies the packagers' key, whose owner would like to be more.
    home.sh("gpg -q --batch --passphrase '' --faked-system-time 20190301T000000! --quick-gen-key 'Packaging <packaging@example.org>' ed25519 cert,sign 900d")
        .exits(0);
    let packaging = home
        .sh("gpg --with-colons --list-keys Packaging | awk -F: '/^fpr/{print $10; exit}'")
        .said;
    home.certifies(&a, packaging.trim(), "2019-03-02");
    // And gives itself the team's address, which nobody certifies.
    home.sh(&format!(
        "gpg -q --batch --faked-system-time 20190303T000000! --quick-add-uid {} 'Team <infra@example.org>'",
        packaging.trim()
    ))
    .exits(0);
    home.export(packaging.trim(), "packaging.asc");
    home.sh("quorate lineage a.asc packaging.asc")
        .exits(1)
        .says("under another address than its own");
    home.sh("quorate publish succession a.asc packaging.asc")
        .exits(1);
    home.sh("cat a.asc packaging.asc b.asc >all.asc; quorate publish succession a.asc b.asc")
        .exits(0);
    home.sh(&format!("sh succession.sh {a} all.asc | tail -n 1"))
        .says(&b);
}

#[test]
fn a_key_that_names_its_successor_is_followed_to_no_other() {
    let home = Home::new();
    home.write("succession.sh", quorate::publish::succession::SCRIPT);
    let old = home.key("Aster", "2019-01-01", "ed25519", 300);
    let foreign = home.key("Helper", "2019-02-01", "ed25519", 900);
    let next = home.key("Birch", "2019-09-01", "ed25519", 300);
    home.certifies(&old, &foreign, "2019-02-02");
    let export = || {
        for (key, file) in [(&old, "a.asc"), (&foreign, "f.asc"), (&next, "b.asc")] {
            home.export(key, file);
        }
        home.sh("cat a.asc f.asc b.asc >all.asc").exits(0);
    };
    export();
    home.sh(&format!("sh succession.sh {old} all.asc | tail -n 1"))
        .says(&foreign);
    let names = |day: &str, key: &str| {
        home.sh(&format!(
            "gpg -q --batch --yes --faked-system-time {day}T000000! --default-cert-level 3 \
             --cert-notation successor@quorate=1 -u {old} --quick-sign-key {key}"
        ))
        .exits(0);
    };
    names("20190902", &next);
    export();
    home.sh("quorate lineage a.asc b.asc").exits(0);
    home.sh("quorate lineage a.asc f.asc b.asc")
        .exits(1)
        .says("but not as its successor");
    home.sh(&format!("sh succession.sh {old} all.asc | tail -n 1"))
        .says(&next);
    // Nor if the one that it named was taken back.
    home.sh(&format!(
        "printf '1\\nrevsig\\nn\\ny\\ny\\n0\\n\\ny\\nsave\\n' | gpg -q --faked-system-time 20190904T000000! --no-tty --command-fd 0 -u {old} --edit-key {next}"
    ));
    export();
    home.sh("gpg --list-packets b.asc | grep -c 'sigclass 0x30'")
        .says("1");
    home.sh(&format!("sh succession.sh {old} all.asc")).exits(1);
    home.sh("quorate lineage a.asc f.asc b.asc")
        .exits(1)
        .says("2 of 2 links are missing");
}

#[test]
fn a_certification_that_was_taken_back_leads_nowhere() {
    let home = Home::new();
    let [a, b, _] = three(&home);
    home.sh(&format!(
        "printf '1\\nrevsig\\nn\\ny\\ny\\n0\\n\\ny\\nsave\\n' | gpg -q --faked-system-time 20190904T000000! --no-tty --command-fd 0 -u {a} --edit-key {b}"
    ));
    home.export(&b, "b.asc");
    home.sh("gpg --list-packets b.asc | grep -c 'sigclass 0x30'")
        .says("1");
    home.sh("quorate lineage a.asc b.asc")
        .exits(1)
        .says("taken back 2019-09-04");
    home.sh("quorate publish succession b.asc c.asc; cat a.asc b.asc >all.asc")
        .exits(0);
    home.sh(&format!("sh succession.sh {a} all.asc")).exits(1);
}

#[test]
fn a_key_that_is_revoked_as_compromised_leads_nowhere_and_a_retired_one_does() {
    let home = Home::new();
    let [a, ..] = three(&home);
    home.sh("quorate publish succession a.asc b.asc --out before.asc")
        .exits(0);
    // gpg wrote a revocation without a reason when it made the key: a hard one.
    home.sh(&format!(
        "sed 's/^:---/---/' .gnupg/openpgp-revocs.d/{a}.rev | gpg -q --batch --import"
    ))
    .exits(0);
    home.export(&a, "a.asc");
    home.sh("quorate publish succession a.asc b.asc --out after.asc")
        .exits(1)
        .says("revoked");
    home.sh("quorate lint a.asc").exits(1).says("it is revoked");
    home.sh("cat before.asc a.asc >both.asc").exits(0);
    home.sh(&format!("sh succession.sh {a} both.asc"))
        .exits(1)
        .says("compromised");
    let [c, d] = [
        home.key("Dahlia", "2019-01-01", "ed25519", 300),
        home.key("Elder", "2019-09-01", "ed25519", 300),
    ];
    home.certifies(&c, &d, "2019-09-02");
    // Retired after the successor was certified.
    home.sh(&format!(
        "printf 'y\\n3\\n\\ny\\n' | gpg -q --faked-system-time 20191001T000000! --no-tty --command-fd 0 --gen-revoke {c} >retired.asc && gpg -q --batch --import retired.asc"
    ))
    .exits(0);
    home.export(&c, "c.asc");
    home.export(&d, "d.asc");
    home.sh("quorate publish succession c.asc d.asc --out retired-chain.asc")
        .exits(0);
    home.sh(&format!("sh succession.sh {c} retired-chain.asc"))
        .exits(0)
        .says(&d);
}

#[test]
fn the_one_link_of_the_real_keys_is_walked() {
    let home = Home::new();
    let (xena, yoga) = (
        "4C29FF0E437F3351FD82BDF47C5A3BC787DC7035",
        "01527A34F0D0080F8A5DB8D6EB6C5DF21B4B6363",
    );
    let file = |key: &str| format!("{REAL}/0x{}.txt", key.to_lowercase());
    home.sh(&format!(
        "quorate publish succession {} {}",
        file(xena),
        file(yoga)
    ))
    .exits(0);
    home.sh(&format!("sh succession.sh {xena}"))
        .exits(0)
        .says(yoga)
        .says("certified 2021-10-26");
}
