//! What was read of the evidence once. To read a piece is to verify it, and a command looks at the same one often.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use sequoia_openpgp::Cert;

use super::evidence::Piece;
use super::{Found, Opened};
use crate::ceremony::drill::VerifiedDrill;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::outcome::Outcome;
use crate::ceremony::request::RequestError;
use crate::ceremony::verified::VerifiedRequest;
use crate::cli::report::Failure;
use crate::vault::record::Digest;

/// By what it was read from: a file's path in the vault, or a request's id.
type Memory<K, V> = RefCell<HashMap<K, V>>;

/// What one opened vault has verified so far. Its evidence doesn't change while it is open.
#[derive(Default)]
pub(in crate::cli) struct ReadOnce {
    pub(in crate::cli) in_use: OnceCell<Cert>,
    requests: Memory<PathBuf, Result<Found, Rc<RequestError>>>,
    drills: Memory<PathBuf, Result<Found<VerifiedDrill>, Rc<RequestError>>>,
    minutes: Memory<PathBuf, Option<Rc<(Minutes, Digest)>>>,
    outcomes: Memory<String, Option<Rc<Outcome>>>,
}

fn remembered<K: Hash + Eq, V: Clone>(
    memory: &Memory<K, V>,
    key: K,
    read: impl FnOnce() -> V,
) -> V {
    if let Some(known) = memory.borrow().get(&key) {
        return known.clone();
    }
    let new = read();
    memory.borrow_mut().insert(key, new.clone());
    new
}

/// Reads what is asked, a request or a drill, out of a file of the vault.
fn asked<A>(
    memory: &Memory<PathBuf, Result<Found<A>, Rc<RequestError>>>,
    relative: &Path,
    file: &Piece,
    read: impl FnOnce(&[u8]) -> Result<A, RequestError>,
) -> Result<Found<A>, Rc<RequestError>> {
    remembered(memory, relative.to_owned(), || {
        Ok(Found {
            id: Opened::id_of(relative),
            file: Arc::clone(file),
            verified: Rc::new(read(file).map_err(Rc::new)?),
        })
    })
}

impl Opened {
    /// The request in a file of the vault, verified.
    pub(super) fn request_in(
        &self,
        relative: &Path,
        file: &Piece,
    ) -> Result<Found, Rc<RequestError>> {
        asked(&self.read_once.requests, relative, file, |file| {
            VerifiedRequest::read(file, self.manifest())
        })
    }

    /// The drill in a file of the vault, verified.
    pub(in crate::cli) fn drill_in(
        &self,
        relative: &Path,
        file: &Piece,
    ) -> Result<Found<VerifiedDrill>, Rc<RequestError>> {
        asked(&self.read_once.drills, relative, file, |file| {
            VerifiedDrill::read(file, self.manifest())
        })
    }

    /// The minutes in a file of the vault, and what others name them by; `None` if they aren't genuine.
    pub(super) fn minutes_in(&self, relative: &Path, file: &[u8]) -> Option<Rc<(Minutes, Digest)>> {
        remembered(&self.read_once.minutes, relative.to_owned(), || {
            Minutes::read(file, self.manifest()).ok().map(Rc::new)
        })
    }

    /// All genuine minutes, and what others name them by.
    pub(super) fn all_minutes(&self) -> impl Iterator<Item = Rc<(Minutes, Digest)>> + '_ {
        let files = self.evidence.minutes.iter();
        files.filter_map(|(relative, file)| self.minutes_in(relative, file))
    }

    /// The result of the request with this id, read by `read` unless it was read before; an error is not remembered.
    pub(super) fn outcome_once(
        &self,
        id: &str,
        read: impl FnOnce() -> Result<Option<Outcome>, Failure>,
    ) -> Result<Option<Rc<Outcome>>, Failure> {
        if let Some(known) = self.read_once.outcomes.borrow().get(id) {
            return Ok(known.clone());
        }
        let new = read()?.map(Rc::new);
        let mut outcomes = self.read_once.outcomes.borrow_mut();
        outcomes.insert(id.to_owned(), new.clone());
        Ok(new)
    }
}
