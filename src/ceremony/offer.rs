//! An offer: a signing host's own subkey, with the back-signature that proves that the host has its secret
//! and means this very master key. A request of the quorum binds it. Nothing in it is secret.
//!
//! ```text
//! quorate offer 1
//! key: A4C1…
//! host: signing01
//! made: 2026-07-20T08:00:00Z
//! subkey:
//!  <OpenPGP public subkey packet>
//! back-signature:
//!  <OpenPGP signature packet, type 0x19>
//! ```
//!
//! It bears no signature of its own: who changes the host's name or the time changes what is believed of
//! nothing but these two.

use sequoia_openpgp as openpgp;

use openpgp::packet::{Packet, Signature};
use openpgp::parse::{PacketParser, PacketParserResult, Parse as _};
use openpgp::serialize::MarshalInto as _;
use openpgp::{Fingerprint, packet::header::BodyLength};

use crate::openpgp::plan::{Primary, Subkey};
use crate::openpgp::signing_subkey::{
    BackSignatureError, SubkeyError, check_back_signature, check_subkey,
};
use crate::vault::record::{Record, RecordError, RecordWriter};
use crate::world::Timestamp;

/// The most bytes that an offer may have: one of RSA 8192 has some 3,300.
pub const MAX_OFFER: usize = 8 << 10;
/// The most characters of a host's name.
pub const MAX_HOST: usize = 64;
/// How far a clock may be ahead of ours.
const A_DAY: u32 = 1;

/// What a host offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// The master key that shall bind it.
    pub primary: Fingerprint,
    /// The host, as it calls itself: one line. Nobody has checked it.
    pub host: String,
    /// When it was made, by the host's clock.
    pub made: Timestamp,
    /// The subkey.
    pub subkey: Subkey,
    /// Its signature over master key and subkey (0x19), verified.
    pub back_signature: Signature,
}

/// Why a file is no offer that could be bound.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// For another master key.
    #[error("made for the key {0}")]
    OtherPrimary(Fingerprint),
    /// No single packet of the kind that should be there.
    #[error("the field '{0}' is not the one packet that belongs there")]
    Packet(&'static str),
    /// There is no back-signature.
    #[error("without the subkey's own signature")]
    NoBackSignature,
    /// The subkey.
    #[error(transparent)]
    Subkey(#[from] SubkeyError),
    /// The back-signature.
    #[error(transparent)]
    BackSignature(#[from] BackSignatureError),
    /// Dated more than a day ahead.
    #[error("dated {0}, ahead of this clock")]
    Future(Timestamp),
    /// Another text than the one that says this.
    #[error("not the one text of what it says")]
    NotCanonical,
}

impl Offer {
    /// Its text.
    ///
    /// # Errors
    /// [`OfferError::Record`], [`OfferError::Packet`]
    pub fn to_file(&self) -> Result<Vec<u8>, OfferError> {
        let subkey = Packet::from(self.subkey.clone())
            .to_vec()
            .map_err(|_| OfferError::Packet("subkey"))?;
        let back_signature = Packet::from(self.back_signature.clone())
            .to_vec()
            .map_err(|_| OfferError::Packet("back-signature"))?;
        Ok(RecordWriter::new("offer")
            .line("key", self.primary.to_hex())
            .line("host", &self.host)
            .line("made", self.made.to_string())
            .block("subkey", &subkey)
            .block("back-signature", &back_signature)
            .finish()?)
    }

    /// The name of its file, with the first 16 digits of the subkey's fingerprint.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("offer-{}.offer", &self.subkey.fingerprint().to_hex()[..16])
    }

    /// Reads one from hostile bytes and checks all that can be checked: what comes out can be bound to
    /// `primary`.
    ///
    /// # Errors
    /// [`OfferError`] says which rule the bytes break.
    pub fn read(file: &[u8], primary: &Primary, now: Timestamp) -> Result<Self, OfferError> {
        let mut record = Record::parse(file, "offer", MAX_OFFER)?;
        let key = record.take_line("key")?;
        let key: Fingerprint = key.parse().map_err(|_| OfferError::Value("key"))?;
        let host = record.take_line("host")?;
        if host.chars().count() > MAX_HOST {
            return Err(OfferError::Value("host"));
        }
        let made: Timestamp = record
            .take_line("made")?
            .parse()
            .map_err(|_| OfferError::Value("made"))?;
        let subkey = record.take_block("subkey")?;
        let back_signature = record.take_block("back-signature")?;
        record.end()?;
        if key != primary.fingerprint() {
            return Err(OfferError::OtherPrimary(key));
        }
        let Some(Packet::PublicSubkey(subkey)) = only_packet(&subkey) else {
            return Err(OfferError::Packet("subkey"));
        };
        check_subkey(&subkey)?;
        if back_signature.is_empty() {
            return Err(OfferError::NoBackSignature);
        }
        let Some(Packet::Signature(back_signature)) = only_packet(&back_signature) else {
            return Err(OfferError::Packet("back-signature"));
        };
        check_back_signature(&back_signature, primary, &subkey)?;
        let signed = back_signature.signature_creation_time();
        let times = [Some(made), signed.map(Timestamp::from)];
        // The subkey is no younger than its signature.
        if let Some(late) = times
            .into_iter()
            .flatten()
            .find(|time| *time > now.plus_days(A_DAY))
        {
            return Err(OfferError::Future(late));
        }
        let offer = Self {
            primary: key,
            host,
            made,
            subkey,
            back_signature,
        };
        if offer.to_file()? != file {
            return Err(OfferError::NotCanonical);
        }
        Ok(offer)
    }
}

/// The packet, if the bytes hold one of known length and nothing else.
fn only_packet(bytes: &[u8]) -> Option<Packet> {
    let Ok(PacketParserResult::Some(parser)) = PacketParser::from_bytes(bytes) else {
        return None;
    };
    if !matches!(parser.header().length(), BodyLength::Full(_)) {
        return None;
    }
    match parser.next() {
        Ok((packet, PacketParserResult::EOF(_))) => Some(packet),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
