//! A closing: a holder's signed note that receipts are closed without one person, shown ever after.

use quorate_share::{Kind, SetId};

use super::manifest::Manifest;
use super::receipt::{About, ReceiptError};
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
        let bad = ReceiptError::Value;
        let mut record = Record::parse(file, "closing", MAX_CLOSING)?;
        let about = About::take(&mut record)?;
        let without = Name::parse(&record.take_line("without")?).map_err(|_| bad("without"))?;
        let holder = Name::parse(&record.take_line("holder")?).map_err(|_| bad("holder"))?;
        let signed = record
            .take_line("signed")?
            .parse()
            .map_err(|_| bad("signed"))?;
        record.end()?;
        let here = about.of(manifest)?;
        if here.of(&without).is_none() || without == holder {
            return Err(bad("without"));
        }
        let dealt = here
            .of(&holder)
            .ok_or_else(|| ReceiptError::NotAHolder(holder.clone()))?;
        record
            .verify(&dealt.holder_key, Namespace::Closing)
            .map_err(|error| ReceiptError::Signature {
                holder: holder.clone(),
                error,
            })?;
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
