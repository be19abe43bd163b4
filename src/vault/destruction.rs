//! A destruction: a holder's signed word that an own share, and each copy of it that the holder knows, is destroyed.

use quorate_share::{Kind, SetId};

use super::manifest::Manifest;
use super::receipt::{About, ReceiptError, take_name, take_signed};
use super::record::{Digest, Record, sign};
use crate::roster::holder_key::{HolderKey, Namespace};
use crate::roster::name::Name;
use crate::world::Timestamp;

/// The most bytes that it may have.
pub const MAX_DESTRUCTION: usize = 16 << 10;

/// Whose share of which set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destruction {
    /// Master or revocation.
    pub kind: Kind,
    /// The share set.
    pub set: SetId,
    /// The digest of what the manifest says about it.
    pub section: Digest,
    /// Who says so.
    pub holder: Name,
    /// When.
    pub signed: Timestamp,
}

impl Destruction {
    /// The signed file.
    ///
    /// # Errors
    /// [`ReceiptError::Record`].
    pub fn sign(&self, manifest: &Manifest, key: &HolderKey) -> Result<Vec<u8>, ReceiptError> {
        let payload = About::begin("destruction", manifest, self.kind, self.set, self.section)
            .line("holder", self.holder.as_str())
            .line("signed", self.signed.to_string())
            .finish()?;
        Ok(sign(&payload, key, Namespace::Destruction)?)
    }

    /// Where its file goes, relative to the vault.
    #[must_use]
    pub fn path(&self, file: &[u8]) -> String {
        let digest = Digest::of(file).to_string();
        format!("receipts/{}-{}.destruction", self.holder, &digest[..6])
    }

    /// Reads and verifies one.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn read(file: &[u8], manifest: &Manifest) -> Result<Self, ReceiptError> {
        let mut record = Record::parse(file, "destruction", MAX_DESTRUCTION)?;
        let about = About::take(&mut record)?;
        let holder = take_name(&mut record, "holder")?;
        let signed = take_signed(&mut record)?;
        about.said_by(&holder, &record, manifest, Namespace::Destruction)?;
        Ok(Self {
            kind: about.kind,
            set: about.set,
            section: about.section,
            holder,
            signed,
        })
    }
}
