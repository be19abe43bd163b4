//! Why some bytes are no draft.

/// The most bytes that a draft may have. A certification of an RSA 16384 key has some 2,300;
/// the manifest's draft carries the manifest.
pub const MAX_DRAFT: usize = 4 << 20;

/// Why some bytes are no draft.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DraftError {
    /// Longer than [`MAX_DRAFT`].
    #[error("longer than {MAX_DRAFT} bytes")]
    TooLong,
    /// Not a sequence of OpenPGP packets.
    #[error("not a sequence of OpenPGP packets")]
    NotPackets,
    /// The first packet is not a version 4 signature.
    #[error("does not begin with a version 4 signature packet")]
    NotASignature,
    /// The signature's value isn't empty.
    #[error("the signature already has a value")]
    HasValue,
    /// A hash other than SHA-256 or SHA-512.
    #[error("hash algorithm {0} is not allowed")]
    Hash(u8),
    /// An issuing algorithm that the session doesn't know.
    #[error("signature algorithm {0} is not allowed")]
    Algorithm(u8),
    /// Something stands in the unhashed area.
    #[error("something stands in the unhashed area")]
    Unhashed,
    /// A signature type that is on no list.
    #[error("signature type 0x{0:02x} is not allowed")]
    Kind(u8),
    /// A subpacket stands twice.
    #[error("subpacket {0} stands twice")]
    Doubled(u8),
    /// A subpacket that is on no list.
    #[error("subpacket {0} is not allowed")]
    Unlisted(u8),
    /// A subpacket is missing.
    #[error("the {0} is missing")]
    Missing(&'static str),
    /// Key flags that are on no list.
    #[error("these key flags are not allowed")]
    Flags,
    /// A notation that no draft may have.
    #[error("a notation is not allowed")]
    Notation,
    /// A reason that no key is revoked for.
    #[error("revocation reason {0} is not allowed")]
    Reason(u8),
    /// The words of a revocation are too long, or hold what a terminal obeys.
    #[error("the words of the revocation are not allowed")]
    WhyText,
    /// A statement that is no plain text.
    #[error("the statement is no plain text")]
    Statement,
    /// Only a hard revocation can be kept for the worst day, or released.
    #[error("only a hard revocation can be sealed or released")]
    Destination,
    /// The covered packets are not those that this type covers.
    #[error("the covered packets do not fit the signature type")]
    Covered,
    /// A self-signature over another key than the issuer's.
    #[error("a self-signature that covers another key than its issuer")]
    Foreign,
    /// The subkey's back-signature is missing or false.
    #[error("the back-signature of the subkey is missing or false")]
    BackSignature,
    /// The plan has other bytes: order, lengths or contents differ.
    #[error("not the one encoding of what it says")]
    NotCanonical,
    /// The plan can't be encoded.
    #[error("the plan can't be encoded")]
    Unencodable,
}
