//! A closing: a holder's signed note that receipts are closed without one person, shown ever after.

use data_encoding::HEXLOWER;
use quorate_share::{Kind, SetId};

use super::manifest::Manifest;
use super::receipt::ReceiptError;
use super::record::{Digest, Record, RecordWriter, sign};
use super::render::kind_word;
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
        let payload = RecordWriter::new("closing")
            .line("vault", HEXLOWER.encode(&manifest.vault_id))
            .line("key", manifest.fingerprint.to_hex())
            .line("share-of", kind_word(self.kind))
            .line("set", self.set.to_string())
            .line("section", self.section.to_string())
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
        let vault = record.take_line("vault")?;
        let key = record.take_line("key")?;
        let kind = match record.take_line("share-of")?.as_str() {
            "master" => Kind::Master,
            "revocation" => Kind::Revocation,
            _ => return Err(bad("share-of")),
        };
        let set: SetId = record.take_line("set")?.parse().map_err(|_| bad("set"))?;
        let section: Digest = record
            .take_line("section")?
            .parse()
            .map_err(|_| bad("section"))?;
        let without = Name::parse(&record.take_line("without")?).map_err(|_| bad("without"))?;
        let holder = Name::parse(&record.take_line("holder")?).map_err(|_| bad("holder"))?;
        let signed = record
            .take_line("signed")?
            .parse()
            .map_err(|_| bad("signed"))?;
        record.end()?;
        let here = manifest.set(kind).ok_or(ReceiptError::Other)?;
        let same = vault == HEXLOWER.encode(&manifest.vault_id)
            && key == manifest.fingerprint.to_hex()
            && set == here.set
            && manifest.section_digest(kind) == Some(section);
        if !same {
            return Err(ReceiptError::Other);
        }
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
            kind,
            set,
            section,
            without,
            holder,
            signed,
        })
    }
}
