//! Why the own certificate can't be changed as somebody wishes.

use sequoia_openpgp::Fingerprint;

use super::draft_error::DraftError;
use super::plan::MAX_USER_ID;

/// Why a change can't be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The clock shows a time before the key was made, or a day before its newest signature.
    #[error("the clock is behind the key: its newest signature is of {0}")]
    Clock(String),
    /// The certificate isn't valid now, for a reason other than its expiry.
    #[error("the key is not valid: {0}")]
    Invalid(String),
    /// It is revoked.
    #[error("the key is revoked")]
    Revoked,
    /// An end that is over, or before the key was made.
    #[error("{0} is over")]
    Past(String),
    /// An end beyond what the format can say (32 bits of seconds after the key's creation).
    #[error("{0} is too far away: at most {1}")]
    TooFar(String, String),
    /// A subkey would outlive the key.
    #[error("the subkey would outlive the key, which expires {0}")]
    Outlives(String),
    /// Not a user ID that everybody sees alike.
    #[error("a user ID has 1 to {MAX_USER_ID} bytes, no line feed and nothing invisible")]
    UserIdForm,
    /// It is there already.
    #[error("the user ID is there already: {0}")]
    UserIdThere(String),
    /// It was retired.
    #[error("the user ID was retired, for ever: {0}")]
    UserIdRetired(String),
    /// It isn't there, or retired already.
    #[error("there is no such user ID in use; there are: {}", .0.join(", "))]
    NoSuchUserId(Vec<String>),
    /// The key would be left without one.
    #[error("it is the last user ID in use")]
    LastUserId,
    /// No such key.
    #[error("no key {0} in the certificate")]
    NoSuchKey(Fingerprint),
    /// It is revoked already.
    #[error("{0} is revoked already")]
    RevokedAlready(Fingerprint),
    /// It is bound already.
    #[error("{0} is bound already")]
    BoundAlready(Fingerprint),
    /// A subkey whose binding this program can't write anew.
    #[error("the binding of {0} can't be written anew")]
    OddSubkey(Fingerprint),
    /// An algorithm that the session can't sign with.
    #[error("the algorithm of the key is not known here")]
    Algorithm,
    /// Nothing would change.
    #[error("nothing would change")]
    Nothing,
    /// A draft's rule.
    #[error(transparent)]
    Draft(#[from] DraftError),
}
