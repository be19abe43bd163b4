//! What gpg finds about the certificates and messages that are put into a keyring of their own.

use super::Status;
use super::keyserver::{KeyserverError, Throwaway};
use crate::world::Timestamp;
use crate::world::programs::Output;

/// What gpg shows of a keyring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Every signature that it lists.
    pub signatures: Vec<CheckedSignature>,
    /// The fingerprints of the keys, primaries and subkeys, that it shows as revoked.
    pub revoked: Vec<String>,
    /// How many user IDs it shows as revoked.
    pub revoked_user_ids: usize,
}

/// A signature, as `--check-sigs` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSignature {
    /// The fingerprint of the certificate that it stands in.
    pub certificate: String,
    /// Did it verify?
    pub is_good: bool,
    /// The type of RFC 9580 §5.2.1.
    pub kind: u8,
    /// The key ID of who made it, 16 hexadecimal digits.
    pub by: String,
    /// Its date, in seconds since 1970.
    pub created: u64,
}

impl Throwaway<'_> {
    /// Runs gpg with a clock that stands at this time, so that nothing depends on how long anything takes, and with
    /// this folder as its home, so that nothing of the user's is touched.
    fn run_at(&self, at: Timestamp, args: &[&str], stdin: &[u8]) -> Result<Output, KeyserverError> {
        let clock = format!("--faked-system-time={}!", at.seconds());
        let home = format!("--homedir={}", self.folder().display());
        self.run(&[&[clock.as_str(), home.as_str()], args].concat(), stdin)
    }

    /// Puts certificates in at this time; one of others may be a key and a user ID without their own signatures.
    ///
    /// # Errors
    /// [`KeyserverError::Failed`] if gpg takes none of them.
    pub fn import_at(&self, certificates: &[u8], at: Timestamp) -> Result<(), KeyserverError> {
        let output = self.run_at(
            at,
            &[
                "--allow-non-selfsigned-uid",
                "--import-options=no-import-clean,no-import-minimal,no-repair-keys",
                "--import",
            ],
            certificates,
        )?;
        let status = Status::read(&output.stderr);
        match status.has("IMPORT_OK") {
            true => Ok(()),
            false => Err(KeyserverError::Failed { said: status.last }),
        }
    }

    /// Checks every signature of the keyring.
    ///
    /// # Errors
    /// [`KeyserverError`]
    pub fn judge(&self, at: Timestamp) -> Result<Judged, KeyserverError> {
        let output = self.run_at(
            at,
            &[
                // Without a trustdb gpg 2.2 ends with a fatal error when it lists under `always`.
                "--trust-model=direct",
                "--list-options=show-unusable-subkeys",
                "--with-colons",
                "--check-sigs",
            ],
            b"",
        )?;
        if output.status != Some(0) {
            let said = Status::read(&output.stderr).last;
            return Err(KeyserverError::Failed { said });
        }
        Ok(read(&String::from_utf8_lossy(&output.stdout)))
    }

    /// The fingerprint of the key whose signature in a cleartext-signed message is good.
    ///
    /// # Errors
    /// [`KeyserverError::Failed`] if none is.
    pub fn verify(&self, message: &[u8], at: Timestamp) -> Result<String, KeyserverError> {
        let output = self.run_at(at, &["--verify"], message)?;
        let status = Status::read(&output.stderr);
        let valid = status.all("VALIDSIG").next();
        let by = valid.and_then(|args| args.first().map(|by| (*by).to_owned()));
        match (output.status, by) {
            (Some(0), Some(by)) => Ok(by),
            _ => Err(KeyserverError::Failed { said: status.last }),
        }
    }
}

/// gpg's list (its `doc/DETAILS`).
fn read(text: &str) -> Judged {
    let mut judged = Judged::default();
    let mut certificate = String::new();
    let (mut is_primary, mut is_revoked) = (false, false);
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        match field(0) {
            kind @ ("pub" | "sub") => {
                is_primary = kind == "pub";
                is_revoked = field(1) == "r";
            }
            "fpr" => {
                if is_primary {
                    certificate = field(9).to_owned();
                }
                if is_revoked {
                    judged.revoked.push(field(9).to_owned());
                }
            }
            "uid" if field(1) == "r" => judged.revoked_user_ids += 1,
            "sig" | "rev" => {
                // `13x`: the type, exportable.
                let kind = field(10).get(..2);
                let kind = kind.and_then(|kind| u8::from_str_radix(kind, 16).ok());
                if let (Some(kind), Ok(created)) = (kind, field(5).parse()) {
                    judged.signatures.push(CheckedSignature {
                        certificate: certificate.clone(),
                        is_good: field(1) == "!",
                        kind,
                        by: field(4).to_owned(),
                        created,
                    });
                }
            }
            _ => (),
        }
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: &str = "\
tru::1:1795562543:0:3:1:5
pub:r:255:22:C1D9961A98C6F30E:1795562543:1827098714::-:::scSC:::::ed25519:::0:
fpr:::::::::C3EE256A253569B7A038451AC1D9961A98C6F30E:
rev:!::22:C1D9961A98C6F30E:1795562544::::A <a@x>:20x,02::C3EE256A253569B7A038451AC1D9961A98C6F30E:::10:
uid:r::::1795562543::5430BC1D4C781F62F148E5CA864F25F47413089E::A <a@x>::::::::::0:
sig:!::22:C1D9961A98C6F30E:1795562543::::A <a@x>:13x:::::10:
sig:-::22:AAAAAAAAAAAAAAAA:1795562545::::[?]:10x:::::10:
sub:r:255:22:2FF3A96AA3C04D6C:1795562714::::::s:::::ed25519::
fpr:::::::::C988E445F1941B7CB06009132FF3A96AA3C04D6C:
";

    #[test]
    fn signatures_are_read_with_where_they_stand_and_whether_they_are_good() {
        let judged = read(LIST);
        let revoked = [
            "C3EE256A253569B7A038451AC1D9961A98C6F30E",
            "C988E445F1941B7CB06009132FF3A96AA3C04D6C",
        ];
        assert_eq!(judged.revoked, revoked);
        assert_eq!(judged.revoked_user_ids, 1);
        let seen: Vec<_> = judged
            .signatures
            .iter()
            .map(|one| (one.is_good, one.kind, one.created))
            .collect();
        let expected = [
            (true, 0x20, 1_795_562_544),
            (true, 0x13, 1_795_562_543),
            (false, 0x10, 1_795_562_545),
        ];
        assert_eq!(seen, expected);
        let here = |one: &CheckedSignature| one.certificate == revoked[0];
        assert!(judged.signatures.iter().all(here));
    }

    proptest! {
        #[test]
        fn any_list_is_read_without_a_panic(text in "(pub|sub|fpr|uid|sig|rev|[:\\n!a-f0-9]){0,60}") {
            let _ = read(&text);
        }
    }
}
