//! The manifest's signature: arithmetic with the pinned primary key, by fingerprint and notation,
//! without regard to expiry, revocation or policy. So an ended key's vault stays readable, and
//! the signing host's subkey can't forge it.

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::cert::raw::RawCertParser;
use openpgp::packet::{Packet, Signature};
use openpgp::parse::Parse;
use openpgp::{Fingerprint, serialize::MarshalInto};

use super::armor::{dearmor, enarmor};
use super::draft::{Draft, Signed};
use super::plan::{Algorithm, Hash, Plan, Primary, Stamp};

/// The most bytes that a manifest's signature or certificate may have.
const LIMIT: usize = 1 << 20;

/// Why a manifest isn't signed by the key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ManifestSignatureError {
    /// The certificate can't be read.
    #[error("the certificate in the manifest can't be read")]
    Certificate,
    /// The certificate is another one than the one that is known.
    #[error("the certificate in the manifest is {found}, not {expected}")]
    OtherKey {
        /// The fingerprint that is known.
        expected: Fingerprint,
        /// The fingerprint in the manifest.
        found: Fingerprint,
    },
    /// The key's algorithm isn't one that the session can sign with.
    #[error("the algorithm of the key is not allowed")]
    Algorithm,
    /// The signature can't be read, isn't a manifest's, or isn't by the primary key.
    #[error("the signature is not a manifest's signature by the primary key")]
    NotAManifestSignature,
    /// The signature does not fit the text.
    #[error("the signature does not fit the text")]
    Bad,
}

/// The public primary key of a certificate, in armour or not.
///
/// # Errors
/// [`ManifestSignatureError::Certificate`].
pub fn primary_of(certificate: &[u8]) -> Result<Primary, ManifestSignatureError> {
    let wrong = ManifestSignatureError::Certificate;
    let (packets, _) =
        dearmor(certificate, LIMIT).map_err(|_| ManifestSignatureError::Certificate)?;
    let mut certs =
        RawCertParser::from_bytes(&packets).map_err(|_| ManifestSignatureError::Certificate)?;
    match (certs.next(), certs.next()) {
        (Some(Ok(cert)), None) => Ok(cert.primary_key()),
        _ => Err(wrong),
    }
}

/// The plan of a manifest's signature.
///
/// # Errors
/// [`ManifestSignatureError::Algorithm`].
pub fn plan(primary: &Primary, created: u32, text: &[u8]) -> Result<Plan, ManifestSignatureError> {
    let algorithm = Algorithm::of(primary.pk_algo()).ok_or(ManifestSignatureError::Algorithm)?;
    let stamp = Stamp {
        issuer: primary.fingerprint(),
        algorithm,
        hash: Hash::Sha512,
        created,
    };
    Ok(Plan::Manifest {
        stamp,
        text: text.to_vec(),
    })
}

/// The signature in armour, as the manifest has it.
///
/// # Errors
/// [`ManifestSignatureError::NotAManifestSignature`] if it can't be written.
pub fn to_armor(signed: &Signed) -> Result<Vec<u8>, ManifestSignatureError> {
    enarmor(Kind::Signature, signed.bytes())
        .map_err(|_| ManifestSignatureError::NotAManifestSignature)
}

/// Checks that `text` is signed, as a manifest and with nothing else said, by the primary key with
/// the given fingerprint, and returns that key.
///
/// # Errors
/// [`ManifestSignatureError`].
pub fn verify(
    certificate: &[u8],
    fingerprint: &Fingerprint,
    text: &[u8],
    signature_armor: &[u8],
) -> Result<Primary, ManifestSignatureError> {
    let primary = primary_of(certificate)?;
    if primary.fingerprint() != *fingerprint {
        return Err(ManifestSignatureError::OtherKey {
            expected: fingerprint.clone(),
            found: primary.fingerprint(),
        });
    }
    let not_ours = |_| ManifestSignatureError::NotAManifestSignature;
    let (bytes, _) = dearmor(signature_armor, LIMIT).map_err(not_ours)?;
    let packet = Packet::from_bytes(&bytes).map_err(not_ours)?;
    let Packet::Signature(Signature::V4(signature)) = &packet else {
        return Err(ManifestSignatureError::NotAManifestSignature);
    };
    if packet.to_vec().map_err(not_ours)? != bytes {
        return Err(ManifestSignatureError::NotAManifestSignature);
    }
    // The one draft that this signature can be: made from the text at hand and the signature's
    // own time. If anything else differs, it isn't a manifest's signature.
    let created = signature
        .signature_creation_time()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|since| u32::try_from(since.as_secs()).ok())
        .ok_or(ManifestSignatureError::NotAManifestSignature)?;
    let draft = Draft::encode(plan(&primary, created, text)?)
        .map_err(|_| ManifestSignatureError::NotAManifestSignature)?;
    if draft.template_differs_from(signature) {
        return Err(ManifestSignatureError::NotAManifestSignature);
    }
    match draft.is_fulfilled_by(&bytes, &primary) {
        Some(_) => Ok(primary),
        None => Err(ManifestSignatureError::Bad),
    }
}
