//! A closing: a holder's signed note that receipts are closed without one person, shown ever after.

use quorate_share::{Kind, SetId};

use super::manifest::Manifest;
use super::receipt::{About, ReceiptError, take_name, take_signed};
use super::record::{Digest, Record, sign};
use crate::roster::holder_key::{HolderKey, Namespace};
use crate::roster::name::Name;
use crate::world::Timestamp;

/// The most bytes that a closing may have.
pub const MAX_CLOSING: usize = 16 << 10;

/// Who closes the receipts of a set, and without whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Master or revocation.
    pub kind: Kind,
    /// The share set.
    pub set: SetId,
    /// The digest of what the manifest says about it.
    pub section: Digest,
    /// Whose receipt is missing.
    pub without: Name,
    /// Who says so.
    pub holder: Name,
    /// When.
    pub signed: Timestamp,
}

impl Closing {
    /// The signed file.
    ///
    /// # Errors
    /// [`ReceiptError::Record`].
    pub fn sign(&self, manifest: &Manifest, key: &HolderKey) -> Result<Vec<u8>, ReceiptError> {
        let payload = About::begin("closing", manifest, self.kind, self.set, self.section)
            .line("without", self.without.as_str())
            .line("holder", self.holder.as_str())
            .line("signed", self.signed.to_string())
            .finish()?;
        Ok(sign(&payload, key, Namespace::Closing)?)
    }

    /// Where its file goes, relative to the vault.
    #[must_use]
    pub fn path(&self, file: &[u8]) -> String {
        let digest = Digest::of(file).to_string();
        format!(
            "receipts/{}-without-{}-{}.closing",
            self.holder,
            self.without,
            &digest[..6]
        )
    }

    /// Reads and verifies a closing.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn read(file: &[u8], manifest: &Manifest) -> Result<Self, ReceiptError> {
        let mut record = Record::parse(file, "closing", MAX_CLOSING)?;
        let about = About::take(&mut record)?;
        let without = take_name(&mut record, "without")?;
        let holder = take_name(&mut record, "holder")?;
        let signed = take_signed(&mut record)?;
        let (here, _) = about.said_by(&holder, &record, manifest, Namespace::Closing)?;
        if here.of(&without).is_none() || without == holder {
            return Err(ReceiptError::Value("without"));
        }
        Ok(Self {
            kind: about.kind,
            set: about.set,
            section: about.section,
            without,
            holder,
            signed,
        })
    }
}
