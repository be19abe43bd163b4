//! The holder key: an Ed25519 key that lies in one sealed share and signs the evidence of its holder.
//!
//! Signatures are SSHSIG (OpenSSH, PROTOCOL.sshsig) with SHA-512 and one namespace per kind of evidence,
//! so that `ssh-keygen -Y verify` checks all of them.

use std::fmt;

use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{HashAlg, LineEnding, PrivateKey, PublicKey, SshSig};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

/// Most bytes of an armored signature. Ours have some 300.
const MAX_SIGNATURE: usize = 1024;
/// Most bytes of the text of a private key. Ours have some 400.
const MAX_PRIVATE: usize = 2048;
/// Most bytes of the text of a public key. Ours have 80.
const MAX_PUBLIC: usize = 256;

/// What a signature is for. One of one kind is never valid for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Namespace {
    /// The own sealed share was opened and is true.
    Receipt,
    /// What is asked.
    Request,
    /// A holder's public answer.
    Approval,
    /// The request's digest with the share.
    Submission,
    /// The operator's report.
    Minutes,
    /// A holder won't take part.
    Decline,
    /// The opener takes a request back.
    Withdrawal,
    /// Receipts are closed without somebody.
    Closing,
    /// The own shares are destroyed.
    Destruction,
    /// A drill is opened.
    Drill,
    /// A holder's public answer to a drill.
    DrillAnswer,
    /// The drill's digest with the practice share.
    DrillSubmission,
    /// The opener's report of a drill.
    DrillMinutes,
    /// The operator's report that it was tried in vain.
    Attempt,
    /// The same of a drill.
    DrillAttempt,
    /// A holder won't take part in a drill.
    DrillDecline,
    /// The opener takes a drill back.
    DrillWithdrawal,
}

impl Namespace {
    /// All of them: what an allowed-signers file lets a holder key sign.
    pub const ALL: [Self; 17] = [
        Self::Receipt,
        Self::Request,
        Self::Approval,
        Self::Submission,
        Self::Minutes,
        Self::Decline,
        Self::Withdrawal,
        Self::Closing,
        Self::Destruction,
        Self::Drill,
        Self::DrillAnswer,
        Self::DrillSubmission,
        Self::DrillMinutes,
        Self::Attempt,
        Self::DrillAttempt,
        Self::DrillDecline,
        Self::DrillWithdrawal,
    ];

    /// As it stands in the signature, for example `receipt@quorate`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt@quorate",
            Self::Request => "request@quorate",
            Self::Approval => "approval@quorate",
            Self::Submission => "submission@quorate",
            Self::Minutes => "minutes@quorate",
            Self::Decline => "decline@quorate",
            Self::Withdrawal => "withdrawal@quorate",
            Self::Closing => "closing@quorate",
            Self::Destruction => "destruction@quorate",
            Self::Drill => "drill@quorate",
            Self::DrillAnswer => "drill-answer@quorate",
            Self::DrillSubmission => "drill-submission@quorate",
            Self::DrillMinutes => "drill-minutes@quorate",
            Self::Attempt => "attempt@quorate",
            Self::DrillAttempt => "drill-attempt@quorate",
            Self::DrillDecline => "drill-decline@quorate",
            Self::DrillWithdrawal => "drill-withdrawal@quorate",
        }
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text of a key is not one of ours. Nothing of it is told.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HolderKeyError {
    /// Larger than any holder key.
    #[error("larger than a holder key")]
    TooBig,
    /// Not a key in OpenSSH's format.
    #[error("not an OpenSSH key")]
    NotAKey,
    /// A key of another algorithm, or encrypted.
    #[error("not an unencrypted Ed25519 key")]
    OtherKind,
    /// An Ed25519 key, but not as this program writes it.
    #[error("not in the canonical form")]
    NotCanonical,
}

/// Why a signature does not count.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SigError {
    /// Larger than any signature of ours.
    #[error("larger than a signature")]
    TooBig,
    /// Not an armored SSH signature.
    #[error("not an SSH signature")]
    NotASignature,
    /// An SSH signature, but not as OpenSSH writes it.
    #[error("not in the canonical form")]
    NotCanonical,
    /// Made for another kind of evidence.
    #[error("signed for another purpose than {wanted}")]
    OtherNamespace {
        /// The kind that was asked for.
        wanted: Namespace,
    },
    /// Made with another hash than SHA-512.
    #[error("not made with SHA-512")]
    OtherHash,
    /// Made by another key.
    #[error("signed by another key")]
    OtherKey,
    /// Made by this key, over other bytes.
    #[error("the signature does not fit the text")]
    Forged,
}

/// The secret half. Wiped when dropped; it lies on the heap, so that a move leaves no copy behind.
pub struct HolderKey {
    key: Box<PrivateKey>,
    public: HolderPublic,
}

impl HolderKey {
    /// Makes the key of 32 random bytes, and wipes them.
    #[must_use]
    pub fn generate(seed: &mut [u8; 32]) -> Self {
        let key = Self::of(Ed25519Keypair::from_seed(seed));
        seed.zeroize();
        key
    }

    fn of(pair: Ed25519Keypair) -> Self {
        Self {
            public: HolderPublic(pair.public.0),
            key: Box::new(PrivateKey::from(pair)),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &HolderPublic {
        &self.public
    }

    /// The key as an unencrypted `OPENSSH PRIVATE KEY`, with a line feed at the end.
    ///
    /// # Errors
    ///
    /// None in practice: only if the `ssh-key` crate can't encode its own key.
    pub fn to_text(&self) -> Result<Zeroizing<String>, HolderKeyError> {
        self.key
            .to_openssh(LineEnding::LF)
            .map_err(|_| HolderKeyError::NotAKey)
    }

    /// Reads what [`HolderKey::to_text`] writes, and nothing else.
    ///
    /// # Errors
    ///
    /// [`HolderKeyError`], without anything of the text.
    pub fn parse(text: &str) -> Result<Self, HolderKeyError> {
        if text.len() > MAX_PRIVATE {
            return Err(HolderKeyError::TooBig);
        }
        let parsed = PrivateKey::from_openssh(text).map_err(|_| HolderKeyError::NotAKey)?;
        let KeypairData::Ed25519(pair) = parsed.key_data() else {
            return Err(HolderKeyError::OtherKind);
        };
        let key = Self::of(pair.clone());
        if bool::from(key.to_text()?.as_bytes().ct_eq(text.as_bytes())) {
            Ok(key)
        } else {
            Err(HolderKeyError::NotCanonical)
        }
    }

    /// Signs for one purpose; armored, with a line feed at the end. The same bytes give the same signature.
    ///
    /// # Errors
    ///
    /// None in practice: only if the `ssh-key` crate can't encode its own signature.
    pub fn sign(&self, namespace: Namespace, bytes: &[u8]) -> Result<String, SigError> {
        self.key
            .sign(namespace.as_str(), HashAlg::Sha512, bytes)
            .and_then(|signature| signature.to_pem(LineEnding::LF))
            .map_err(|_| SigError::NotASignature)
    }
}

/// The public half of a holder key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HolderPublic([u8; 32]);

impl HolderPublic {
    /// Reads `ssh-ed25519 AAAA…`, without comment or line feed.
    ///
    /// # Errors
    ///
    /// [`HolderKeyError`].
    pub fn parse(text: &str) -> Result<Self, HolderKeyError> {
        if text.len() > MAX_PUBLIC {
            return Err(HolderKeyError::TooBig);
        }
        let parsed = PublicKey::from_openssh(text).map_err(|_| HolderKeyError::NotAKey)?;
        let KeyData::Ed25519(public) = parsed.key_data() else {
            return Err(HolderKeyError::OtherKind);
        };
        let key = Self(public.0);
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(HolderKeyError::NotCanonical)
        }
    }

    /// The 32 bytes of the key (RFC 8032 §5.1.5).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks that this very key signed these bytes for this purpose, in the form that [`HolderKey::sign`] writes.
    ///
    /// # Errors
    ///
    /// [`SigError`].
    pub fn verify(&self, namespace: Namespace, bytes: &[u8], armor: &str) -> Result<(), SigError> {
        if armor.len() > MAX_SIGNATURE {
            return Err(SigError::TooBig);
        }
        let signature = SshSig::from_pem(armor).map_err(|_| SigError::NotASignature)?;
        if signature.version() != SshSig::VERSION || !signature.reserved().is_empty() {
            return Err(SigError::NotASignature);
        }
        if signature.to_pem(LineEnding::LF).ok().as_deref() != Some(armor) {
            return Err(SigError::NotCanonical);
        }
        let own = KeyData::Ed25519(Ed25519PublicKey(self.0));
        if *signature.public_key() != own {
            return Err(SigError::OtherKey);
        }
        if signature.namespace() != namespace.as_str() {
            return Err(SigError::OtherNamespace { wanted: namespace });
        }
        if signature.hash_alg() != HashAlg::Sha512 {
            return Err(SigError::OtherHash);
        }
        PublicKey::from(own)
            .verify(namespace.as_str(), bytes, &signature)
            .map_err(|_| SigError::Forged)
    }
}

impl fmt::Display for HolderPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 8709 §4: two strings, each with its length.
        let mut blob = Vec::with_capacity(51);
        for part in [&b"ssh-ed25519"[..], &self.0] {
            blob.extend_from_slice(&(part.len() as u32).to_be_bytes());
            blob.extend_from_slice(part);
        }
        write!(f, "ssh-ed25519 {}", data_encoding::BASE64.encode(&blob))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMESPACES: [Namespace; 5] = [
        Namespace::Receipt,
        Namespace::Request,
        Namespace::Approval,
        Namespace::Submission,
        Namespace::Minutes,
    ];

    fn key(byte: u8) -> HolderKey {
        HolderKey::generate(&mut [byte; 32])
    }

    #[test]
    fn the_seed_is_wiped() {
        let mut seed = [1; 32];
        let _key = HolderKey::generate(&mut seed);
        assert_eq!(seed, [0; 32]);
    }

    #[test]
    fn a_key_survives_the_way_through_its_text() {
        let text = key(1).to_text().unwrap();
        let again = HolderKey::parse(&text).unwrap();
        assert_eq!(again.public(), key(1).public());
        assert_eq!(*again.to_text().unwrap(), *text);
        let public = key(1).public().to_string();
        assert_eq!(HolderPublic::parse(&public).unwrap(), *key(1).public());
    }

    #[test]
    fn a_text_that_differs_at_all_is_no_key() {
        let text = key(2).to_text().unwrap();
        for at in 0..text.len() {
            assert!(HolderKey::parse(&text[..at]).is_err());
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(HolderKey::parse(std::str::from_utf8(&bytes).unwrap()).is_err());
        }
        assert!(HolderKey::parse(&format!("{}\n", *text)).is_err());
        assert!(HolderKey::parse(&text.replace('\n', "\r\n")).is_err());
        assert_eq!(
            HolderKey::parse(&"a".repeat(MAX_PRIVATE + 1)).err(),
            Some(HolderKeyError::TooBig)
        );
    }

    #[test]
    fn a_public_key_with_a_comment_or_of_another_kind_is_refused() {
        let public = key(1).public().to_string();
        assert_eq!(
            HolderPublic::parse(&format!("{public} anna@desk")),
            Err(HolderKeyError::NotCanonical)
        );
        assert!(HolderPublic::parse(&format!("{public}\n")).is_err());
        let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY=";
        assert!(HolderPublic::parse(ecdsa).is_err());
        for at in 0..public.len() {
            assert!(HolderPublic::parse(&public[..at]).is_err());
        }
    }

    #[test]
    fn a_signature_holds_for_its_key_text_and_purpose_only() {
        for made in NAMESPACES {
            let armor = key(1).sign(made, b"text").unwrap();
            assert_eq!(armor, key(1).sign(made, b"text").unwrap());
            for wanted in NAMESPACES {
                let expected = match made == wanted {
                    true => Ok(()),
                    false => Err(SigError::OtherNamespace { wanted }),
                };
                assert_eq!(key(1).public().verify(wanted, b"text", &armor), expected);
            }
            let verify = |byte: u8, text| key(byte).public().verify(made, text, &armor);
            assert_eq!(verify(2, b"text"), Err(SigError::OtherKey));
            assert_eq!(verify(1, b"tex"), Err(SigError::Forged));
        }
    }

    #[test]
    fn a_signature_with_another_hash_is_refused() {
        let key = key(1);
        let signed = key.key.sign("minutes@quorate", HashAlg::Sha256, b"text");
        let armor = signed.unwrap().to_pem(LineEnding::LF).unwrap();
        assert_eq!(
            key.public().verify(Namespace::Minutes, b"text", &armor),
            Err(SigError::OtherHash)
        );
    }

    #[test]
    fn a_signature_that_differs_at_all_is_refused() {
        let armor = key(1).sign(Namespace::Receipt, b"text").unwrap();
        let verify = |armor: &str| key(1).public().verify(Namespace::Receipt, b"text", armor);
        assert_eq!(verify(&armor), Ok(()));
        for at in 0..armor.len() {
            assert!(verify(&armor[..at]).is_err());
            for flip in [1, 2, 0x20] {
                let mut bytes = armor.as_bytes().to_vec();
                bytes[at] ^= flip;
                assert!(verify(std::str::from_utf8(&bytes).unwrap()).is_err());
            }
        }
        assert!(verify(&format!("{armor}\n")).is_err());
        assert_eq!(
            verify(&armor.replace('\n', "\r\n")),
            Err(SigError::NotCanonical)
        );
        assert!(verify(&format!("{armor}{armor}")).is_err());
        assert_eq!(verify(&"a".repeat(5_000)), Err(SigError::TooBig));
    }

    proptest! {
        #[test]
        fn any_text_as_key_or_signature_is_refused_without_a_panic(text in "\\PC{0,600}") {
            prop_assert!(HolderKey::parse(&text).is_err());
            prop_assert!(HolderPublic::parse(&text).is_err());
            prop_assert!(key(1).public().verify(Namespace::Receipt, b"", &text).is_err());
        }

        #[test]
        fn any_armored_bytes_are_refused_without_a_panic(bytes: Vec<u8>) {
            let body = data_encoding::BASE64.encode(&bytes);
            let armor = format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n");
            prop_assert!(key(1).public().verify(Namespace::Receipt, b"", &armor).is_err());
            prop_assert!(HolderKey::parse(&armor.replace("SSH SIGNATURE", "OPENSSH PRIVATE KEY")).is_err());
            let public = format!("ssh-ed25519 {body}");
            prop_assert!(HolderPublic::parse(&public).is_err());
        }
    }
}
