//! What one command has unlocked, so that it asks once.

use std::path::PathBuf;
use std::rc::Rc;

use crate::roster::opening::AgeIdentity;
use crate::roster::typed_passphrase::TypedPassphrase;

/// The keys that one command has unlocked.
#[derive(Default)]
pub(in crate::cli) struct Unlocked {
    pub(super) typed: Option<TypedPassphrase>,
    pub(super) file: Option<(PathBuf, Rc<AgeIdentity>)>,
}
