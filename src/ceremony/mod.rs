//! What is asked and what is answered: request, approval, submission, quorum, minutes.

pub mod approval;
pub mod explain;
pub mod minutes;
pub mod objection;
pub mod offer;
pub mod outcome;
pub mod request;
pub mod state;
pub mod submission;
pub mod words;

pub use approval::Approval;
pub use minutes::Minutes;
pub use offer::Offer;
pub use outcome::Outcome;
pub use request::{Request, RequestError};
pub use submission::{Submission, Verdict};
