//! Certifying a user ID with one of the user's own keys, in a keyring that is thrown away afterwards.
//!
//! gpg writes a certification into the keyring where it found the key. So that the user's own keyring stays as
//! it is, gpg is given another one that holds the two certificates; the secret half is the agent's business
//! (or the card's), which asks and signs as ever.

use std::ffi::OsString;
use std::path::Path;

use zeroize::Zeroizing;

use super::{Command, GpgError, Output, Program, Programs, Status};

/// Most bytes of a certificate that gpg hands out: 4 MiB.
pub const MAX_EXPORT: usize = 4 << 20;

/// No questions by gpg itself, no network, no judgement about trust, nothing of the user's `gpg.conf` that
/// would strip what matters here.
const OPTIONS: [&str; 7] = [
    "--batch",
    "--no-tty",
    "--status-fd=2",
    "--display-charset=utf-8",
    "--trust-model=always",
    "--no-auto-check-trustdb",
    "--disable-dirmngr",
];

/// What is certified, by whom.
pub struct Certification<'a> {
    /// The certificate with the user ID, and the signer's, one after the other, binary.
    pub certificates: &'a [u8],
    /// The fingerprint of the key that is certified, in hexadecimal.
    pub target: &'a str,
    /// The user ID, whole.
    pub user_id: &'a str,
    /// The fingerprint of the signer's primary key, in hexadecimal.
    pub signer: &'a str,
}

/// The user's own copy of a certificate, which may be newer than any other; empty if there is none.
///
/// # Errors
/// [`GpgError`] if gpg can't be run.
pub fn own_certificate(
    programs: &dyn Programs,
    fingerprint: &str,
) -> Result<Zeroizing<Vec<u8>>, GpgError> {
    let output = run(programs, None, &EXPORT, &[fingerprint], b"")?;
    Ok(output.stdout)
}

/// Has gpg certify a user ID, and gives the certificate with whatever certifications gpg put on it. What they
/// are worth is to be checked by the caller.
///
/// `folder` is an empty folder of the user's own, whose contents the caller removes.
///
/// # Errors
/// [`GpgError`].
pub fn certify(
    programs: &dyn Programs,
    folder: &Path,
    wanted: &Certification<'_>,
) -> Result<Zeroizing<Vec<u8>>, GpgError> {
    let ring = Some(folder);
    let imported = run(programs, ring, &["--import"], &[], wanted.certificates)?;
    if !Status::read(&imported.stderr).has("IMPORT_OK") {
        return Err(Status::read(&imported.stderr).error(programs, &imported));
    }
    // Some keys on cards know SHA-1 as their preference, and an old gpg.conf may.
    let sign = ["--yes", "--cert-digest-algo=SHA512", "--local-user"];
    // With the sign of equality gpg takes the user ID as a whole, not as a part.
    let user_id = format!("={}", wanted.user_id);
    let arguments = [wanted.signer, "--quick-sign-key", wanted.target, &user_id];
    let signed = run(programs, ring, &sign, &arguments, b"")?;
    let status = Status::read(&signed.stderr);
    // 9: no secret key. It isn't said with an error code.
    let mut refused = status.all("INV_SGNR");
    if let Some(line) = refused.next() {
        let wanted = line.get(1).copied().unwrap_or(wanted.signer);
        return Err(GpgError::NoSecretKey {
            wanted: vec![super::SafeText::limited(wanted, 40)],
        });
    }
    if signed.status != Some(0) {
        return Err(status.error(programs, &signed));
    }
    let exported = run(programs, ring, &EXPORT, &[wanted.target], b"")?;
    if exported.stdout.is_empty() {
        return Err(Status::read(&exported.stderr).error(programs, &exported));
    }
    Ok(exported.stdout)
}

const EXPORT: [&str; 2] = [
    "--export-options=no-export-minimal,no-export-clean,no-export-attributes",
    "--export",
];

fn run(
    programs: &dyn Programs,
    folder: Option<&Path>,
    options: &[&str],
    values: &[&str],
    stdin: &[u8],
) -> Result<Output, GpgError> {
    let mut command = Command::new(Program::Gpg, &OPTIONS, stdin);
    if let Some(folder) = folder {
        let with = |option: &str, name: &str| {
            let mut argument = OsString::from(option);
            argument.push(folder.join(name));
            argument
        };
        command.args.push("--no-default-keyring".into());
        command.args.push(with("--keyring=", "certificates"));
        command.args.push(with("--trustdb-name=", "trust"));
    }
    let rest = options.iter().chain(values);
    command.args.extend(rest.map(OsString::from));
    command.output_limit = MAX_EXPORT;
    Ok(programs.run(&command)?)
}

#[cfg(test)]
mod tests;
