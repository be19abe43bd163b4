//! Why the worker did nothing: public facts in one line, for the channel.

/// A refusal of the worker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The manifest is not signed by the pinned key, or damaged.
    #[error("manifest: {0}")]
    Manifest(String),
    /// The request is altered, of another vault, or breaks a rule.
    #[error("request: {0}")]
    Request(String),
    /// The request has closed, or isn't open yet.
    #[error("closed")]
    Closed,
    /// One of a pair, without the other.
    #[error("alone")]
    Alone,
    /// Two requests of which one doesn't name the other.
    #[error("no-pair")]
    NoPair,
    /// The share set isn't in force.
    #[error("not-in-force")]
    NotInForce,
    /// The key's file isn't the one in the manifest, or doesn't open.
    #[error("key-file")]
    KeyFile,
    /// The one-time identity isn't the request's.
    #[error("identity")]
    Identity,
    /// Too few true shares.
    #[error("too-few")]
    TooFew,
    /// The shares don't lie on one polynomial, though each is true: the dealing was wrong.
    #[error("combining: {0}")]
    Combining(String),
    /// The rebuilt key has another fingerprint.
    #[error("other-key")]
    OtherKey,
    /// The sealed revocation of a subkey doesn't open with the revocation file's identity.
    #[error("kept")]
    Kept,
    /// The revocation that is asked for isn't in the revocation file.
    #[error("no-such-revocation")]
    NoSuchRevocation,
    /// The crypto backend couldn't sign.
    #[error("signing")]
    Signing,
    /// A vault couldn't be made.
    #[error("dealing: {0}")]
    Dealing(String),
    /// The passphrase of the key to be imported is wrong.
    #[error("passphrase")]
    Passphrase,
    /// The job isn't one that this worker knows.
    #[error("job")]
    Job,
}

impl Refusal {
    /// Reads the line that `to_string` gives.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(": ").unwrap_or((line, ""));
        let rest = rest.to_owned();
        Some(match word {
            "manifest" => Self::Manifest(rest),
            "request" => Self::Request(rest),
            "closed" => Self::Closed,
            "alone" => Self::Alone,
            "no-pair" => Self::NoPair,
            "not-in-force" => Self::NotInForce,
            "key-file" => Self::KeyFile,
            "identity" => Self::Identity,
            "too-few" => Self::TooFew,
            "combining" => Self::Combining(rest),
            "other-key" => Self::OtherKey,
            "kept" => Self::Kept,
            "no-such-revocation" => Self::NoSuchRevocation,
            "signing" => Self::Signing,
            "dealing" => Self::Dealing(rest),
            "passphrase" => Self::Passphrase,
            "job" => Self::Job,
            _ => return None,
        })
    }
}
