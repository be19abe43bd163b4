//! With the real gpg and its agent.

use super::super::tests::Gpg;
use super::*;

const USER_ID: &str = "Infra (Juniper) <infra@example.org>";

/// A key of somebody else's: its fingerprint and certificate.
fn target() -> (String, Vec<u8>) {
    let gpg = Gpg::new("exit");
    gpg.run(
        &[
            "--batch",
            "--passphrase=",
            "--quick-gen-key",
            USER_ID,
            "ed25519",
        ],
        b"",
    );
    (fingerprint(&gpg), gpg.run(&["--export"], b""))
}

fn fingerprint(gpg: &Gpg) -> String {
    let listed = gpg.run(&["--list-keys", "--with-colons"], b"");
    let listed = String::from_utf8(listed).unwrap();
    let line = listed.lines().find(|line| line.starts_with("fpr")).unwrap();
    line.split(':').nth(9).unwrap().to_owned()
}

/// Has it certify the target, in a folder that is empty before.
fn certified(gpg: &Gpg, signer: &str, own: &[u8]) -> Result<Zeroizing<Vec<u8>>, GpgError> {
    let (target, certificate) = target();
    let folder = tempfile::tempdir().unwrap();
    let certificates = [certificate, own.to_vec()].concat();
    let wanted = Certification {
        certificates: &certificates,
        target: &target,
        user_id: USER_ID,
        signer,
    };
    certify(&gpg.programs, folder.path(), &wanted)
}

/// Whose signatures stand on a certificate, by key ID.
fn signers(gpg: &Gpg, certificate: &[u8]) -> String {
    let shown = gpg.run(&["--list-packets"], certificate);
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn gpg_certifies_with_the_own_key_and_the_own_keyring_stays_as_it_is() {
    let gpg = Gpg::with_key("right horse");
    let own = fingerprint(&gpg);
    let before = std::fs::read(gpg.home.path().join("pubring.kbx")).unwrap();
    let mine = own_certificate(&gpg.programs, &own).unwrap();
    // What an own gpg.conf says about exporting doesn't take the signature off again.
    let conf = "export-options export-minimal\ncert-digest-algo SHA1\n";
    std::fs::write(gpg.home.path().join("gpg.conf"), conf).unwrap();
    let certificate = certified(&gpg, &own, &mine).unwrap();
    let shown = signers(&gpg, &certificate);
    assert!(shown.contains(&format!("issuer fpr v4 {own}")), "{shown}");
    assert!(shown.contains("digest algo 10"), "{shown}");
    let after = std::fs::read(gpg.home.path().join("pubring.kbx")).unwrap();
    assert!(before == after);
}

#[test]
fn a_missing_secret_and_a_dismissed_question_are_told_apart() {
    let gpg = Gpg::with_key("right horse");
    let own = fingerprint(&gpg);
    let mine = own_certificate(&gpg.programs, &own).unwrap();
    gpg.set_pinentry("echo 'ERR 83886179 Operation cancelled <Pinentry>'");
    let cancelled = certified(&gpg, &own, &mine).err().unwrap();
    assert_eq!(cancelled, GpgError::Cancelled);
    gpg.set_pinentry("echo 'D wrong'; echo OK");
    let wrong = certified(&gpg, &own, &mine).err().unwrap();
    assert_eq!(wrong, GpgError::BadPassphrase);
    let elsewhere = Gpg::new("exit");
    let missing = certified(&elsewhere, &own, &mine).err().unwrap();
    assert!(matches!(missing, GpgError::NoSecretKey { .. }), "{missing}");
    assert!(
        own_certificate(&elsewhere.programs, &own)
            .unwrap()
            .is_empty()
    );
}
