//! gpg's keyring, as the signing host needs it: what is there, importing a certificate, and whether a
//! subkey really signs.

use super::{GpgError, Status};
use crate::world::programs::{Command, Output, Program, Programs};

/// Most bytes of a certificate or a list.
pub const MAX_OUTPUT: usize = 8 << 20;
/// Most bytes of a text that is signed as a proof: one length byte in its packet.
pub const MAX_PROOF: usize = 180;

/// As for decrypting: no questions, no network, no judgement about trust; and packets as they are, whatever
/// the user's `gpg.conf` says.
const OPTIONS: [&str; 9] = [
    "--batch",
    "--no-armor",
    "--no-tty",
    "--status-fd=2",
    "--display-charset=utf-8",
    "--trust-model=always",
    "--no-auto-check-trustdb",
    "--no-auto-key-retrieve",
    "--disable-dirmngr",
];

/// A key in gpg's list, `gpg --with-colons` (its `doc/DETAILS`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// 40 hexadecimal digits, upper case.
    pub fingerprint: String,
    /// gpg's letter: `r` revoked, `e` expired, `i` invalid, and others that are no fault.
    pub validity: char,
    /// When it expires, in seconds since 1970; none if never.
    pub expires: Option<u64>,
    /// Is the secret in the agent (not a stub, `sec#`)?
    pub has_secret: bool,
}

/// A primary key of which some secret is there, and its subkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretKey {
    /// The primary key.
    pub primary: Listed,
    /// The subkeys, in gpg's order.
    pub subkeys: Vec<Listed>,
}

/// A signature that gpg found good, from its VALIDSIG line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Valid {
    /// What signed: 40 hexadecimal digits.
    pub by: String,
    /// The primary key that it belongs to. Only this says whose signature it is: gpg is content with any
    /// subkey, also of a revoked key.
    pub primary: String,
}

fn run(programs: &dyn Programs, args: &[&str], stdin: &[u8]) -> Result<(Output, Status), GpgError> {
    let all: Vec<&str> = OPTIONS.iter().chain(args).copied().collect();
    let mut command = Command::new(Program::Gpg, &all, stdin);
    command.output_limit = MAX_OUTPUT;
    let output = programs.run(&command)?;
    let status = Status::read(&output.stderr);
    Ok((output, status))
}

fn failed(output: &Output, status: &Status) -> GpgError {
    // `FAILURE WHERE CODE`; the codes are those of `gpg-error.h`.
    let code = |args: Vec<&str>| args.get(1)?.parse::<u32>().ok();
    let mut codes = status.all("FAILURE").filter_map(code);
    match codes.find_map(|code| match code & 0xffff {
        77 | 78 => Some(GpgError::NoAgent),
        85 | 86 => Some(GpgError::NoPinentry),
        99 | 198 | 277 => Some(GpgError::Cancelled),
        11 | 87 => Some(GpgError::BadPassphrase),
        17 => Some(GpgError::NoSecretKey { wanted: Vec::new() }),
        _ => None,
    }) {
        Some(told) => told,
        None => GpgError::Other {
            status: output.status,
            last: status.last.clone(),
        },
    }
}

/// The key with this fingerprint, if gpg has it with any secret of it.
///
/// # Errors
/// [`GpgError`]; none if gpg merely has no such secret.
pub fn secret_key(programs: &dyn Programs, primary: &str) -> Result<Option<SecretKey>, GpgError> {
    let args = ["--with-colons", "--list-secret-keys", primary];
    let (output, _) = run(programs, &args, b"")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found = secret_keys(&text).into_iter();
    Ok(found.find(|key| key.primary.fingerprint == primary))
}

/// Reads a list of secret keys.
fn secret_keys(text: &str) -> Vec<SecretKey> {
    let mut keys: Vec<SecretKey> = Vec::new();
    // The record whose fingerprint comes on the next line.
    let mut open: Option<(bool, Listed)> = None;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number - 1).copied().unwrap_or_default();
        match field(1) {
            kind @ ("sec" | "ssb") => {
                let listed = Listed {
                    fingerprint: String::new(),
                    validity: field(2).chars().next().unwrap_or('-'),
                    expires: field(7).parse().ok(),
                    // `+`: in the agent; else `#` for a stub, or a card's number.
                    has_secret: field(15) == "+",
                };
                open = Some((kind == "sec", listed));
            }
            "fpr" => {
                let Some((is_primary, mut listed)) = open.take() else {
                    continue;
                };
                listed.fingerprint = field(10).to_owned();
                match (is_primary, keys.last_mut()) {
                    (true, _) => keys.push(SecretKey {
                        primary: listed,
                        subkeys: Vec::new(),
                    }),
                    (false, Some(key)) => key.subkeys.push(listed),
                    (false, None) => {}
                }
            }
            _ => {}
        }
    }
    keys
}

/// The fingerprints of all keys that have one of these user IDs, to the letter.
///
/// # Errors
/// [`GpgError`]; none if there is no such key.
pub fn with_user_ids(programs: &dyn Programs, ids: &[String]) -> Result<Vec<String>, GpgError> {
    let wanted: Vec<String> = ids.iter().map(|id| format!("={id}")).collect();
    let mut args = vec!["--with-colons", "--list-keys", "--"];
    args.extend(wanted.iter().map(String::as_str));
    let (output, _) = run(programs, &args, b"")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with("pub:") {
            let next = lines.next().unwrap_or_default();
            let fingerprint = next.split(':').nth(9).unwrap_or_default().to_owned();
            if !found.contains(&fingerprint) {
                found.push(fingerprint);
            }
        }
    }
    Ok(found)
}

/// The certificate with this fingerprint as gpg has it; empty if it hasn't.
///
/// # Errors
/// [`GpgError`].
pub fn export(programs: &dyn Programs, primary: &str) -> Result<Vec<u8>, GpgError> {
    let (output, _) = run(programs, &["--export", primary], b"")?;
    Ok(output.stdout.to_vec())
}

/// Puts a certificate into the keyring, or merges it with what is there.
///
/// # Errors
/// [`GpgError`].
pub fn import(programs: &dyn Programs, certificate: &[u8]) -> Result<(), GpgError> {
    let (output, status) = run(programs, &["--import"], certificate)?;
    match output.status == Some(0) && status.has("IMPORT_OK") {
        true => Ok(()),
        false => Err(failed(&output, &status)),
    }
}

/// The fingerprints of the keys in a certificate (binary packets) that gpg shows as revoked. Nothing is imported.
///
/// # Errors
/// [`GpgError`].
pub fn shown_as_revoked(
    programs: &dyn Programs,
    certificate: &[u8],
) -> Result<Vec<String>, GpgError> {
    // In a fresh home gpg 2.2 ends with a fatal error when it lists under `always`: there is no trustdb yet.
    let args = ["--trust-model=direct", "--with-colons", "--show-keys"];
    let (output, status) = run(programs, &args, certificate)?;
    if output.status != Some(0) {
        return Err(failed(&output, &status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut found = Vec::new();
    let mut revoked = false;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        match fields.first() {
            Some(&("pub" | "sub")) => revoked = fields.get(1) == Some(&"r"),
            Some(&"fpr") if revoked => {
                found.extend(fields.get(9).map(|fingerprint| (*fingerprint).to_owned()));
            }
            _ => (),
        }
    }
    Ok(found)
}

/// Signs a text with this very subkey, as a release job does.
///
/// # Errors
/// [`GpgError`].
pub fn detach_sign(
    programs: &dyn Programs,
    subkey: &str,
    text: &[u8],
) -> Result<Vec<u8>, GpgError> {
    // The mark forbids gpg to choose another subkey.
    let user = format!("--local-user={subkey}!");
    let args = [&user, "--output=-", "--detach-sign"];
    let (output, status) = run(programs, &args, text)?;
    match output.status == Some(0) && status.has("SIG_CREATED") {
        true => Ok(output.stdout.to_vec()),
        false => Err(failed(&output, &status)),
    }
}

/// What gpg finds valid about a detached signature. It needs no file: the signature goes before a packet
/// with the text (RFC 9580 §5.9, and the older form of a signed message of §10.3).
///
/// # Errors
/// [`GpgError`], if it isn't valid, too.
pub fn verify(programs: &dyn Programs, signature: &[u8], text: &[u8]) -> Result<Valid, GpgError> {
    let length = text.len() + 6;
    if text.len() > MAX_PROOF {
        return Err(GpgError::TooBig { limit: MAX_PROOF });
    }
    let mut message = signature.to_vec();
    message.extend([0xCB, u8::try_from(length).unwrap_or(0), b'b', 0, 0, 0, 0, 0]);
    message.extend_from_slice(text);
    let (output, status) = run(programs, &["--verify"], &message)?;
    let mut valid = status.all("VALIDSIG").filter_map(|args| {
        Some(Valid {
            by: (*args.first()?).to_owned(),
            primary: (*args.get(9)?).to_owned(),
        })
    });
    match (output.status, valid.next(), valid.next()) {
        (Some(0), Some(one), None) => Ok(one),
        _ => Err(failed(&output, &status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::doubles::ScriptedPrograms;
    use proptest::prelude::*;

    const LIST: &str = "\
sec:-:255:22:C1D9961A98C6F30E:1795562543:1827098714::-:::scSC:::#::ed25519:::0:
fpr:::::::::C3EE256A253569B7A038451AC1D9961A98C6F30E:
grp:::::::::5334C90C2C1874C7AC5786F1E206BBC480395634:
uid:-::::1795562543::5430BC1D4C781F62F148E5CA864F25F47413089E::A <a@x>::::::::::0:
ssb:r:255:22:2FF3A96AA3C04D6C:1795562714::::::s:::+::ed25519::
fpr:::::::::C988E445F1941B7CB06009132FF3A96AA3C04D6C:
";

    #[test]
    fn a_stub_is_told_from_a_secret_that_is_there() {
        let programs = ScriptedPrograms::default();
        programs.output(0, LIST.as_bytes(), b"");
        let primary = "C3EE256A253569B7A038451AC1D9961A98C6F30E";
        let found = secret_key(&programs, primary).unwrap().unwrap();
        assert!(!found.primary.has_secret && found.primary.expires == Some(1_827_098_714));
        assert!(found.subkeys[0].has_secret && found.subkeys[0].validity == 'r');
        programs.output(0, LIST.as_bytes(), b"");
        assert_eq!(secret_key(&programs, &"A".repeat(40)), Ok(None));
    }

    #[test]
    fn only_one_valid_signature_on_exit_zero_counts() {
        let line = b"[GNUPG:] VALIDSIG BB 2026-11-24 1795562543 0 4 0 22 8 00 AA\n";
        let verify = |status, stderr: &[u8]| {
            let programs = ScriptedPrograms::default();
            programs.output(status, b"", stderr);
            super::verify(&programs, b"", b"")
        };
        let (by, primary) = ("BB".to_owned(), "AA".to_owned());
        assert_eq!(verify(0, line), Ok(Valid { by, primary }));
        assert!(verify(1, line).is_err() && verify(0, b"").is_err());
        assert!(verify(0, &line.repeat(2)).is_err());
        assert!(verify(0, b"[GNUPG:] VALIDSIG BB\n").is_err());
    }

    proptest! {
        #[test]
        fn any_list_is_read_without_a_panic(text in "(sec|ssb|fpr|uid|[:\\n+#a-f0-9]){0,60}") {
            let _ = secret_keys(&text);
        }
    }
}
