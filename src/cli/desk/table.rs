//! What lies before the operator: a request or a drill on the machine that opened it, and all that belongs to it.

use super::Desk;
use super::one_time::Secrets;
use crate::ceremony::verified::VerifiedRequest;
use crate::cli::context::Context;
use crate::cli::opened::Found;
use crate::roster::name::Name;

/// A request or a drill on the machine that opened it, and all that belongs to it.
pub(in crate::cli) struct Table<'a, A = VerifiedRequest> {
    pub context: &'a Context<'a>,
    pub me: &'a Name,
    pub found: &'a Found<A>,
    pub desk: &'a Desk,
    pub secrets: &'a Secrets,
    pub strict: bool,
}
