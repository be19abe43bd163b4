//! Why a request is none.

use super::successor::SuccessorError;
use crate::openpgp::draft::DraftError;
use crate::roster::holder_key::SigError;
use crate::roster::name::Name;
use crate::vault::record::RecordError;
use crate::world::Timestamp;

/// Why a file is no request, or no drill, that can be answered.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// A draft breaks a rule.
    #[error("draft {number}: {error}")]
    Draft {
        /// Which, from 1.
        number: usize,
        /// The rule.
        error: DraftError,
    },
    /// No drafts, or too many.
    #[error("{0} drafts")]
    Count(usize),
    /// Another vault's.
    #[error("a request of another vault")]
    OtherVault,
    /// Of a share set that the manifest doesn't have.
    #[error("a request to another share set")]
    OtherSet,
    /// By nobody who holds a share of the set.
    #[error("{0} holds no share of this set")]
    NotAHolder(Name),
    /// The signature doesn't fit.
    #[error("the signature of {opener} does not fit: {error}")]
    Signature {
        /// Who it says has signed.
        opener: Name,
        /// What is wrong.
        error: SigError,
    },
    /// Closes before it opens, or later than allowed.
    #[error("closes at an impossible time")]
    Times,
    /// Dated more than a day ahead of the clock.
    #[error("dated {0}, ahead of the clock")]
    Future(Timestamp),
    /// It is closed.
    #[error("closed at {0}")]
    Closed(Timestamp),
    /// A draft of another key than the vault's.
    #[error("draft {0} is not by the vault's key")]
    OtherKey(usize),
    /// It changes the own certificate and names no state, or the other way round.
    #[error("the state that it is bound to is missing, or superfluous")]
    State,
    /// The revocation set releases one revocation; the master set signs.
    #[error("draft {0} can't be asked of this share set")]
    Destination(usize),
    /// A signature would be dated otherwise than the request, and nobody would be told.
    #[error("draft {0} is not dated as its request")]
    Date(usize),
    /// Nothing in it would be seen by anybody: what is sealed proves nothing by itself.
    #[error("all that it asks for would be sealed")]
    AllSealed,
    /// Who holds the successor.
    #[error(transparent)]
    Successor(#[from] SuccessorError),
}
