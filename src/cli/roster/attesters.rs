//! Who can attest a key that isn't made yet, and whether they are enough for the policy.

use sequoia_openpgp::Cert;

use crate::cli::keys::Keys;
use crate::cli::screen;
use crate::openpgp::attestation::{KeyFault, able};
use crate::roster::config::{Config, Root};
use crate::roster::name::Name;
use crate::world::{SafeText, Timestamp};

/// What `keys/` has for attesting.
pub(in crate::cli) struct Attesters {
    /// Who has a key for it.
    able: Vec<Name>,
    /// Who has none.
    unable: Vec<Name>,
    /// So many are needed.
    needed: usize,
    roots: usize,
    /// What stands against it, each a sentence.
    pub problems: Vec<String>,
}

impl Attesters {
    /// Looks up the key of each root who is to attest.
    pub(in crate::cli) fn of(config: &Config, keys: &Keys, now: Timestamp) -> Self {
        let mut found = Self {
            able: Vec::new(),
            unable: Vec::new(),
            needed: config.attest.needed(config.roots.len()),
            roots: config.roots.len(),
            problems: Vec::new(),
        };
        let mut known: Vec<(&Name, Cert)> = Vec::new();
        for root in &config.roots {
            let name = root.name.clone();
            match key(root, keys, now) {
                None => found.unable.push(name),
                // What stands against a key that shares are sealed to is said there.
                Some(Err(_)) if root.attest.is_none() => found.able.push(name),
                Some(Err(problem)) => found.problems.push(problem),
                Some(Ok(cert)) => {
                    // One key with two dates has two fingerprints, and is one person.
                    let mpis = cert.primary_key().key().mpis();
                    let same =
                        |(_, other): &&(&Name, Cert)| other.primary_key().key().mpis() == mpis;
                    if let Some((other, _)) = known.iter().find(same) {
                        found.problems.push(format!(
                            "{other} and {name} attest with the same key: one person would count twice"
                        ));
                    }
                    found.able.push(name);
                    known.push((&root.name, cert));
                }
            }
        }
        if found.able.len() < found.needed && found.problems.is_empty() {
            found.problems.push(format!(
                "{} of {} must attest, and only these can: {}; no OpenPGP key in team.toml: {}",
                found.needed,
                config.roots.len(),
                screen::list(&found.able),
                screen::list(&found.unable)
            ));
        }
        found
    }

    /// `dan can't attest (3 of the others must)`; nothing if everybody can, or nobody must.
    pub(in crate::cli) fn told(&self) -> Option<String> {
        if self.needed == 0 || self.unable.is_empty() {
            return None;
        }
        Some(format!(
            "{} can't attest ({} of the others must)",
            screen::list(&self.unable),
            self.needed
        ))
    }

    /// `3 of 5 must sign the key before it gets a signing subkey`.
    pub(in crate::cli) fn policy(&self) -> String {
        match self.needed {
            0 => "nobody has to sign the key".to_owned(),
            needed => {
                format!(
                    "{needed} of {} must sign the key before it gets a signing subkey",
                    self.roots
                )
            }
        }
    }
}

/// The certificate of a root's attest key; none for who has no such key.
fn key(root: &Root, keys: &Keys, now: Timestamp) -> Option<Result<Cert, String>> {
    let (name, wanted) = (&root.name, root.attest_key()?);
    let Some(cert) = keys.certificate(wanted) else {
        return Some(Err(format!(
            "{name} attests with {wanted}, and keys/ has no certificate of it: nobody could check that"
        )));
    };
    let why = match able(&cert, now, now) {
        Ok(()) => return Some(Ok(cert)),
        Err(KeyFault::Revoked) => "is revoked".to_owned(),
        Err(KeyFault::Expired(since)) => format!("expired on {}", since.day()),
        Err(KeyFault::NotValid(why)) => {
            format!("isn't valid: {}", SafeText::limited(&why, 200))
        }
    };
    Some(Err(format!("{name} attests with {wanted}, which {why}")))
}
