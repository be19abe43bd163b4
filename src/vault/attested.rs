//! What attestations come to: which roots have signed the key, and whether they are enough.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sequoia_openpgp::{Cert, Fingerprint};

use super::manifest::{Manifest, Member};
use super::record::Digest;
use crate::openpgp::attestation::{self, Attestation, AttestationError, Signer, Subject};
use crate::openpgp::manifest_signature::primary_of;
use crate::openpgp::plan::Primary;
use crate::roster::name::Name;
use crate::world::Timestamp;

/// Who may attest a vault's key: its manifest, and the roots' certificates as far as they are at hand.
pub struct Attesters<'m> {
    manifest: &'m Manifest,
    primary: Primary,
    signers: Vec<Signer>,
}

/// Who has attested.
#[derive(Debug)]
pub struct Attested {
    /// Each root who has, and when, in the order of the roster.
    pub by: Vec<(Name, Timestamp)>,
    /// The roots who have a key to attest with.
    pub able: Vec<Name>,
    /// The roots who have none.
    pub unable: Vec<Name>,
    /// So many are needed.
    pub needed: usize,
    /// Files that don't count, and why not.
    pub aside: Vec<(PathBuf, AttestationError)>,
}

impl<'m> Attesters<'m> {
    /// Of a manifest, with certificates found by their fingerprints.
    ///
    /// # Errors
    /// [`AttestationError::Damaged`] if the manifest's own certificate can't be read.
    pub fn of(
        manifest: &'m Manifest,
        find: impl Fn(&Fingerprint) -> Option<Cert>,
    ) -> Result<Self, AttestationError> {
        let primary = primary_of(manifest.certificate.as_bytes());
        let keys = manifest.roster.iter().filter_map(Member::attest_key);
        let signers = keys.map(|fingerprint| Signer {
            fingerprint: fingerprint.clone(),
            cert: find(fingerprint),
        });
        Ok(Self {
            manifest,
            primary: primary.map_err(|_| AttestationError::Damaged)?,
            signers: signers.collect(),
        })
    }

    /// What is attested.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            primary: &self.primary,
            user_id: &self.manifest.user_id,
        }
    }

    /// With whose certificates.
    #[must_use]
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// The root who attests with this key.
    #[must_use]
    pub fn name(&self, signer: &Fingerprint) -> Option<&'m Name> {
        let mut roster = self.manifest.roster.iter();
        let member = roster.find(|member| member.attest_key() == Some(signer));
        member.map(|member| &member.name)
    }

    /// Reads one file of the vault.
    ///
    /// # Errors
    /// [`AttestationError`].
    pub fn read(&self, file: &[u8], now: Timestamp) -> Result<Attestation, AttestationError> {
        attestation::evidence(file, self.subject(), &self.signers, now)
    }

    /// Where the file of an attestation goes.
    #[must_use]
    pub fn path(&self, attestation: &Attestation) -> Option<String> {
        let name = self.name(&attestation.signer)?;
        let digest = Digest::of(&attestation.file).to_string();
        Some(format!("attestations/{name}-{}.asc", &digest[..6]))
    }

    /// What all files of the vault come to. Each root counts once, with the newest certification, unless
    /// it was taken back since.
    #[must_use]
    pub fn count<'f>(
        &self,
        files: impl IntoIterator<Item = (&'f Path, &'f [u8])>,
        now: Timestamp,
    ) -> Attested {
        let mut aside = Vec::new();
        let mut certified: BTreeMap<Fingerprint, (Timestamp, PathBuf)> = BTreeMap::new();
        let mut revoked: BTreeMap<Fingerprint, Timestamp> = BTreeMap::new();
        for (path, file) in files {
            let Attestation {
                signer,
                made,
                revokes,
                ..
            } = match self.read(file, now) {
                Ok(attestation) => attestation,
                Err(error) => {
                    aside.push((path.to_owned(), error));
                    continue;
                }
            };
            if revokes {
                let last = revoked.entry(signer).or_insert(made);
                *last = (*last).max(made);
            } else if certified.get(&signer).is_none_or(|(last, _)| *last < made) {
                certified.insert(signer, (made, path.to_owned()));
            }
        }
        certified.retain(|signer, (made, path)| match revoked.get(signer) {
            Some(since) if *since >= *made => {
                let (signer, since) = (signer.clone(), *since);
                aside.push((
                    std::mem::take(path),
                    AttestationError::Revoked { signer, since },
                ));
                false
            }
            _ => true,
        });
        let roster = &self.manifest.roster;
        let when = |member: &Member| Some(certified.get(member.attest_key()?)?.0);
        let by = roster
            .iter()
            .filter_map(|member| Some((member.name.clone(), when(member)?)));
        let by = by.collect();
        let (able, unable): (Vec<&Member>, Vec<&Member>) = roster
            .iter()
            .partition(|member| member.attest_key().is_some());
        let names = |members: Vec<&Member>| members.into_iter().map(|m| m.name.clone()).collect();
        Attested {
            by,
            able: names(able),
            unable: names(unable),
            needed: self.manifest.attest.needed(roster.len()),
            aside,
        }
    }
}

impl Attested {
    /// Have as many attested as the policy asks for?
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.by.len() >= self.needed
    }

    /// So many more are needed.
    #[must_use]
    pub fn lacking(&self) -> usize {
        self.needed.saturating_sub(self.by.len())
    }

    /// Has this root attested?
    #[must_use]
    pub fn has(&self, name: &Name) -> bool {
        self.by.iter().any(|(by, _)| by == name)
    }

    /// Who could attest and hasn't, in the order of the roster.
    #[must_use]
    pub fn missing(&self) -> Vec<Name> {
        let missing = self.able.iter().filter(|name| !self.has(name));
        missing.cloned().collect()
    }
}
