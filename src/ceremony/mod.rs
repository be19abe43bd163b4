//! What is asked and what is answered: request, drill, approval, submission, quorum, minutes.

pub mod approval;
pub mod asked;
pub mod attempt;
pub mod drill;
pub mod drill_minutes;
pub mod explain;
mod fields;
pub mod minutes;
pub mod objection;
pub mod offer;
pub mod outcome;
pub mod pair;
pub mod request;
mod request_error;
pub mod state;
pub mod submission;
pub mod successor;
pub mod verified;
pub mod words;

pub use approval::Approval;
pub use asked::Asked;
pub use attempt::Attempt;
pub use drill::Drill;
pub use drill_minutes::DrillMinutes;
pub use minutes::Minutes;
pub use offer::Offer;
pub use outcome::Outcome;
pub use request::{Request, RequestError};
pub use submission::{Submission, Verdict};
