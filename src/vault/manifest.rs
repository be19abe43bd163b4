//! The manifest, `vault.toml`: the constitution of one generation.
//!
//! The only way to a manifest that may be believed is [`SignedManifest::read`], which demands the
//! signature of the primary key whose fingerprint is pinned.

use quorate_share::{Commitment, Generation, Kind, Seat, SetId, Threshold};
use sequoia_openpgp::Fingerprint;

use super::manifest_toml::{self, Problem};
use super::record::Digest;
use crate::openpgp::manifest_signature::{self, ManifestSignatureError};
use crate::openpgp::plan::Primary;
use crate::roster::config::Attest;
use crate::roster::holder_key::{HolderPublic, Namespace};
use crate::roster::name::Name;
use crate::world::Timestamp;

/// The most bytes that a manifest may have.
pub const MAX_MANIFEST: usize = 4 << 20;
/// The line where the signed part ends.
pub const SIGNATURE_LINE: &str = "[signature]";

/// Why a manifest isn't taken.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Over the limit.
    #[error("larger than {MAX_MANIFEST} bytes")]
    TooBig,
    /// Not UTF-8.
    #[error("not a UTF-8 text")]
    NotText,
    /// No signature at its end.
    #[error("it has no signature")]
    Unsigned,
    /// Of a version to come.
    #[error("of version {0}; this program reads version 1")]
    Version(u32),
    /// Not TOML, or a field that isn't known.
    #[error("{0}")]
    Syntax(String),
    /// A rule is broken.
    #[error("{0}")]
    Rule(&'static str),
    /// Not the one text of what it says.
    #[error("not in its one form")]
    NotCanonical,
    /// The signature.
    #[error(transparent)]
    Signature(#[from] ManifestSignatureError),
}

impl From<Problem> for ManifestError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Syntax(what) => Self::Syntax(what),
            Problem::Version(version) => Self::Version(version),
            Problem::Rule(rule) => Self::Rule(rule),
        }
    }
}

/// What a root's shares are sealed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seal {
    /// An OpenPGP certificate, by the fingerprint of its primary key.
    OpenPgp(Fingerprint),
    /// An age recipient, by value.
    Age(String),
    /// An ssh public key, by value: kind and key.
    Ssh(String),
    /// A passphrase that was typed when the shares were dealt.
    Passphrase,
}

impl Seal {
    /// The fingerprint or the key, as the manifest has it; nothing for a passphrase.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::OpenPgp(fingerprint) => fingerprint.to_hex(),
            Self::Age(value) | Self::Ssh(value) => value.clone(),
            Self::Passphrase => String::new(),
        }
    }

    /// Does the holder name a file to open it, rather than being asked?
    #[must_use]
    pub fn has_a_file(&self) -> bool {
        matches!(self, Self::Age(_) | Self::Ssh(_))
    }
}

/// A root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: Name,
    /// What shares are sealed to.
    pub seal: Seal,
    /// The OpenPGP key that attests, where it isn't the one that shares are sealed to.
    pub attest: Option<Fingerprint>,
}

impl Member {
    /// The OpenPGP key that this root attests with: the one that is named, else the one that shares are
    /// sealed to.
    #[must_use]
    pub fn attest_key(&self) -> Option<&Fingerprint> {
        self.attest.as_ref().or(match &self.seal {
            Seal::OpenPgp(fingerprint) => Some(fingerprint),
            Seal::Age(_) | Seal::Ssh(_) | Seal::Passphrase => None,
        })
    }
}

/// What one holder got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealt {
    /// The x coordinate.
    pub seat: Seat,
    /// Who.
    pub holder: Name,
    /// The public half of the holder key.
    pub holder_key: HolderPublic,
    /// Of the share.
    pub commitment: Commitment,
    /// Of the practice share.
    pub practice_commitment: Commitment,
    /// The sealed share's file, relative to the vault.
    pub sealed: String,
    /// SHA-256 of that file.
    pub sealed_sha256: [u8; 32],
}

/// A copy of the key's revocations that one root can use alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCopy {
    /// Who.
    pub holder: Name,
    /// The sealed copy's file, relative to the vault.
    pub sealed: String,
    /// SHA-256 of that file.
    pub sealed_sha256: [u8; 32],
}

/// A share set: of the master file's or the revocation file's passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareSet {
    /// [`Kind::Master`] or [`Kind::Revocation`].
    pub kind: Kind,
    /// Its name, random.
    pub set: SetId,
    /// The name of the practice set that was dealt along.
    pub practice_set: SetId,
    /// Its generation.
    pub generation: Generation,
    /// So many seats are needed.
    pub threshold: Threshold,
    /// The file that its passphrase opens, relative to the vault.
    pub file: String,
    /// SHA-256 of that file.
    pub file_sha256: [u8; 32],
    /// The practice file.
    pub practice_file: String,
    /// SHA-256 of the practice file.
    pub practice_sha256: [u8; 32],
    /// When it was dealt.
    pub dealt: Timestamp,
    /// Who got what, in the order of the seats.
    pub shares: Vec<Dealt>,
}

impl ShareSet {
    /// What this holder got.
    #[must_use]
    pub fn of(&self, holder: &Name) -> Option<&Dealt> {
        self.shares.iter().find(|dealt| dealt.holder == *holder)
    }
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// A random number.
    pub vault_id: [u8; 16],
    /// The primary key's fingerprint.
    pub fingerprint: Fingerprint,
    /// The key's user ID.
    pub user_id: String,
    /// When the key was made.
    pub created: Timestamp,
    /// When it expires, as created.
    pub expires: Timestamp,
    /// The certificate as created, in armour.
    pub certificate: String,
    /// Who holds shares.
    pub roster: Vec<Member>,
    /// How many roots must attest before a signing subkey is bound.
    pub attest: Attest,
    /// How many days a request stays open.
    pub request_days: u32,
    /// Can each root, alone, revoke the key? Then everyone was dealt its revocations, too.
    pub any_root_may_revoke: bool,
    /// The share sets: master, then revocation.
    pub sets: Vec<ShareSet>,
    /// Each root's copy of the key's revocations, in the roster's order; none where nobody may use one alone, nor in
    /// vaults that were made before the manifest had digests of them.
    pub own_copies: Vec<OwnCopy>,
    /// The fingerprint of the key that this one succeeds.
    pub predecessor: Option<Fingerprint>,
    /// The age recipient of the revocation file's identity.
    pub revocation_recipient: String,
    /// The digest of the manifest before this one.
    pub previous: Option<Digest>,
}

impl Manifest {
    /// The set of this kind.
    #[must_use]
    pub fn set(&self, kind: Kind) -> Option<&ShareSet> {
        self.sets.iter().find(|set| set.kind == kind)
    }

    /// All sets.
    #[must_use]
    pub fn sets(&self) -> &[ShareSet] {
        &self.sets
    }

    /// This root's copy of the key's revocations.
    #[must_use]
    pub fn own_copy(&self, holder: &Name) -> Option<&OwnCopy> {
        self.own_copies.iter().find(|copy| copy.holder == *holder)
    }

    /// The root of this name.
    #[must_use]
    pub fn member(&self, name: &Name) -> Option<&Member> {
        self.roster.iter().find(|member| member.name == *name)
    }

    /// The file with its signature, from [`Manifest::render`] and a signature in armour.
    #[must_use]
    pub fn with_signature(&self, armor: &[u8]) -> Vec<u8> {
        let mut file = self.render();
        file.extend_from_slice(SIGNATURE_LINE.as_bytes());
        file.extend_from_slice(b"\nopenpgp = \"\"\"\n");
        file.extend_from_slice(armor);
        file.extend_from_slice(b"\"\"\"\n");
        file
    }

    /// What a receipt is over: the digest of what the manifest says about one set, together with
    /// the vault and the key, so that nobody can show different holders different manifests.
    #[must_use]
    pub fn section_digest(&self, kind: Kind) -> Option<Digest> {
        self.set(kind)
            .map(|set| Digest::of(&self.render_section(set)))
    }

    /// The file that `ssh-keygen -Y verify -f` wants: a line per holder key, the holder's name as
    /// principal.
    #[must_use]
    pub fn allowed_signers(&self) -> String {
        let spaces = Namespace::ALL.map(Namespace::as_str).join(",");
        self.sets
            .iter()
            .flat_map(|set| &set.shares)
            .map(|dealt| {
                format!(
                    "{} namespaces=\"{spaces}\" {}\n",
                    dealt.holder, dealt.holder_key
                )
            })
            .collect()
    }
}

/// A manifest whose signature fits.
pub struct SignedManifest {
    manifest: Manifest,
    digest: Digest,
    primary: Primary,
}

impl SignedManifest {
    /// Reads a manifest that must be signed by the primary key with this fingerprint.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn read(file: &[u8], pinned: &Fingerprint) -> Result<Self, ManifestError> {
        Self::read_as(file, Some(pinned))
    }

    /// Reads a manifest that is signed by the key that it names itself. Whether that is the right
    /// key is another question: the first use of a vault asks it.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn read_unpinned(file: &[u8]) -> Result<Self, ManifestError> {
        Self::read_as(file, None)
    }

    /// Without a pin it has to be signed by the key that it names.
    fn read_as(file: &[u8], pinned: Option<&Fingerprint>) -> Result<Self, ManifestError> {
        let (body, armor) = split(file)?;
        let manifest = Manifest::parse(body)?;
        let fingerprint = pinned.unwrap_or(&manifest.fingerprint);
        let primary =
            manifest_signature::verify(manifest.certificate.as_bytes(), fingerprint, body, armor)?;
        if manifest.fingerprint != *fingerprint {
            return Err(ManifestError::Rule(
                "it names another key than its certificate",
            ));
        }
        Ok(Self {
            manifest,
            digest: Digest::of(body),
            primary,
        })
    }

    /// What it says.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The primary key that signed it, of the certificate in it.
    #[must_use]
    pub fn primary(&self) -> &Primary {
        &self.primary
    }

    /// SHA-256 of the signed part.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl std::ops::Deref for SignedManifest {
    type Target = Manifest;

    fn deref(&self) -> &Manifest {
        &self.manifest
    }
}

impl Manifest {
    /// Reads the signed part. There is one text for one manifest.
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn parse(body: &[u8]) -> Result<Self, ManifestError> {
        let text = std::str::from_utf8(body).map_err(|_| ManifestError::NotText)?;
        let manifest = manifest_toml::parse(text)?;
        manifest.check()?;
        if manifest.render() != body {
            return Err(ManifestError::NotCanonical);
        }
        Ok(manifest)
    }
}

/// The signed part and the signature in armour.
///
/// # Errors
/// [`ManifestError::TooBig`], [`ManifestError::Unsigned`].
pub fn split(file: &[u8]) -> Result<(&[u8], &[u8]), ManifestError> {
    if file.len() > MAX_MANIFEST {
        return Err(ManifestError::TooBig);
    }
    let text = std::str::from_utf8(file).map_err(|_| ManifestError::NotText)?;
    let at = text
        .find("\n[signature]\n")
        .ok_or(ManifestError::Unsigned)?
        + 1;
    let (body, rest) = text.split_at(at);
    let armor = rest
        .strip_prefix("[signature]\nopenpgp = \"\"\"\n")
        .and_then(|rest| rest.strip_suffix("\"\"\"\n"))
        .ok_or(ManifestError::Unsigned)?;
    Ok((body.as_bytes(), armor.as_bytes()))
}
