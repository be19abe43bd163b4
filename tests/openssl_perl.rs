//! The perl that OpenSSL is configured with: `scripts/openssl-perl`.
#![cfg(unix)]
#![forbid(unsafe_code)]

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn a_perl_of_ones_own_is_used_and_told_what_to_leave_out() {
    let dir = tempfile::tempdir().unwrap();
    let perl = dir.path().join("a perl");
    std::fs::write(&perl, "#!/bin/sh\necho \"own: $*\"\n").unwrap();
    std::fs::set_permissions(&perl, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = |argument: &str| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/openssl-perl");
        let mut command = Command::new(script);
        let done = command.arg(argument).env("PERL", &perl).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    assert!(said("./Configure").starts_with("own: ./Configure no-autoload-config "));
    assert_eq!(said("-v"), "own: -v\n");
}
