//! A vault that was opened: its manifest, its evidence, and what commands look up in them.

pub(super) mod answers;
pub(super) mod evidence;
pub(super) mod in_use;
pub(super) mod key_now;
pub(super) mod read_once;
pub(super) mod results;
pub(super) mod seen;
pub(super) mod unverified;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use quorate_share::Kind;
use sequoia_openpgp::Fingerprint;

use super::report::{self, Exit, Failure};
use crate::ceremony::approval::Approval;
use crate::ceremony::asked::Asked;
use crate::ceremony::request::RequestError;
use crate::ceremony::verified::VerifiedRequest;
use crate::openpgp::plan::{Plan, Primary};
use crate::roster::name::Name;
use crate::vault::closing::Closing;
use crate::vault::force::Force;
use crate::vault::manifest::{Manifest, Member, ShareSet, SignedManifest};
use crate::vault::pins::Pins;
use crate::vault::receipt::Receipt;
use crate::vault::record::Digest;
use crate::world::{Files, SafeText};
use evidence::{Evidence, Piece, Pieces};
use read_once::ReadOnce;
use unverified::may_be_about_itself;

const MAX_FILE: usize = 16 << 20;

/// A vault that this machine accepts.
pub(super) struct Opened {
    pub folder: PathBuf,
    pub bytes: Vec<u8>,
    pub signed: SignedManifest,
    pub evidence: Evidence,
    /// When it was opened: evidence dated more than a day later isn't counted.
    pub now: crate::world::Timestamp,
    pub(super) me: Option<Name>,
    /// What this machine remembers of it.
    pub(super) pins: Pins,
    pub(super) read_once: ReadOnce,
}

/// A request that was looked up, or a drill; its parts, which may be megabytes, are shared.
pub(super) struct Found<A = VerifiedRequest> {
    pub id: String,
    pub file: Piece,
    pub verified: Rc<A>,
}

impl<A> Clone for Found<A> {
    fn clone(&self) -> Self {
        Self {
            id: self.id.clone(),
            file: Arc::clone(&self.file),
            verified: Rc::clone(&self.verified),
        }
    }
}

impl Found {
    /// The key that this request would certify as the successor.
    pub(super) fn successor(&self) -> Option<Fingerprint> {
        let mut drafts = self.verified.request().drafts.iter();
        drafts.find_map(|draft| match draft.plan() {
            Plan::Succeed { target, .. } => Some(target.fingerprint()),
            _ => None,
        })
    }
}

impl std::ops::Deref for Opened {
    type Target = Manifest;

    fn deref(&self) -> &Manifest {
        self.signed.manifest()
    }
}

/// The digits of a request's id; the second where another one begins with the same.
const LENGTHS: [usize; 2] = [7, 16];

/// What it can be called.
pub(super) fn ids_of(digest: Digest) -> [String; 2] {
    let text = digest.to_string();
    LENGTHS.map(|length| text[..length].to_owned())
}

/// Can this be the id of what has this digest?
pub(super) fn is_id_of(id: &str, digest: Digest) -> bool {
    is_an_id(id) && digest.to_string().starts_with(id)
}

/// Has it the length of one?
pub(super) fn is_an_id(id: &str) -> bool {
    LENGTHS.contains(&id.len())
}

/// Can an id begin so?
pub(super) fn may_be_an_id(text: &str) -> bool {
    text.len() >= 4 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The files whose ids begin so. Who types a whole id means that one: others that begin with it may be anybody's.
pub(super) fn named_by<'e>(pieces: &'e Pieces, wanted: &str) -> Vec<&'e (PathBuf, Piece)> {
    let id = |piece: &(PathBuf, Piece)| Opened::id_of(&piece.0);
    if !may_be_an_id(wanted) {
        return Vec::new();
    }
    let begin = pieces
        .iter()
        .filter(|piece| is_an_id(&id(piece)) && id(piece).starts_with(wanted));
    let begin: Vec<_> = begin.collect();
    match begin.iter().find(|piece| id(piece) == wanted) {
        Some(exact) => vec![exact],
        None => begin,
    }
}

/// Those that stand under their own ids, each once, under the shorter one: a copy is nothing of its own.
pub(super) fn each_once<A: Asked, E>(all: Vec<Result<Found<A>, E>>) -> Vec<Result<Found<A>, E>> {
    let mut shortest: HashMap<Digest, usize> = HashMap::new();
    for found in all.iter().flatten() {
        let digest = found.verified.digest();
        if is_id_of(&found.id, digest) {
            let known = shortest.entry(digest).or_insert(found.id.len());
            *known = found.id.len().min(*known);
        }
    }
    let stays = |one: &Result<Found<A>, E>| {
        one.as_ref().map_or(true, |found| {
            let digest = found.verified.digest();
            is_id_of(&found.id, digest) && shortest.get(&digest) == Some(&found.id.len())
        })
    };
    let mut all = all;
    all.retain(stays);
    all
}

impl Opened {
    pub(super) fn manifest(&self) -> &Manifest {
        self.signed.manifest()
    }

    /// The vault's primary key.
    pub(super) fn primary(&self) -> &Primary {
        self.signed.primary()
    }

    pub(super) fn remembered_me(&self) -> Option<&Name> {
        self.me.as_ref()
    }

    pub(super) fn set(&self, kind: Kind) -> Result<&ShareSet, Failure> {
        self.manifest()
            .set(kind)
            .ok_or_else(|| Failure::new(Exit::Forged, "vault.toml has no such share set"))
    }

    pub(super) fn member(&self, name: &Name) -> Result<&Member, Failure> {
        self.manifest()
            .member(name)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("{name} isn't on the roster")))
    }

    /// A file of the vault.
    pub(super) fn read(&self, files: &dyn Files, relative: &str) -> Result<Vec<u8>, Failure> {
        let file = self.folder.join(relative);
        let bytes = files.read(&file, MAX_FILE)?;
        Ok(bytes.to_vec())
    }

    /// What receipts come to, the damaged ones left aside.
    pub(super) fn force(&self, kind: Kind, now: crate::world::Timestamp) -> Result<Force, Failure> {
        let receipts: Vec<Receipt> = self
            .evidence
            .receipts
            .iter()
            .filter_map(|(_, file)| Receipt::of_kind(kind, file, self.manifest()))
            .collect();
        let closings: Vec<Closing> = self
            .evidence
            .closings
            .iter()
            .filter_map(|(_, file)| Closing::read(file, self.manifest()).ok())
            .collect();
        Ok(Force::of(self.set(kind)?, &receipts, &closings, now))
    }

    /// The id of a request in its file's name.
    pub(super) fn id_of(relative: &Path) -> String {
        relative
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// Looks a request up by its id, or the beginning of it, and verifies it.
    pub(super) fn request(&self, wanted: &str) -> Result<Found, Failure> {
        let wanted = wanted.trim();
        let wanted = wanted.strip_suffix(".request").unwrap_or(wanted);
        let wanted = wanted.rsplit('/').next().unwrap_or(wanted);
        let mut matching = named_by(&self.evidence.requests, wanted).into_iter();
        let (Some((relative, file)), more) = (matching.next(), matching.next()) else {
            let ids: Vec<String> = self
                .evidence
                .requests
                .iter()
                .map(|(r, _)| Self::id_of(r))
                .collect();
            let here = if ids.is_empty() {
                "none".to_owned()
            } else {
                ids.join(", ")
            };
            return Err(Failure::new(
                Exit::Usage,
                format!("there is no request {}", SafeText::new(wanted)),
            )
            .fact(format!("requests here: {}", SafeText::limited(&here, 400)))
            .next(match may_be_an_id(wanted) {
                true if self.is_a_drill(wanted) => format!(
                    "it is a drill: quorate drill answer {wanted}, quorate drill perform {wanted}"
                ),
                true => "git pull".to_owned(),
                false => "an id, or its first four digits or more".to_owned(),
            }));
        };
        if more.is_some() {
            return Err(
                Failure::new(Exit::Usage, format!("several requests begin with {wanted}"))
                    .next("type more of the id"),
            );
        }
        let id = Self::id_of(relative);
        let found = self
            .request_in(relative, file)
            .map_err(|error| report::request(&id, &error))?;
        let digest = found.verified.digest();
        if !digest.to_string().starts_with(&id) {
            return Err(Failure::new(
                Exit::Forged,
                format!("requests/{id}.request is another request"),
            )
            .fact(format!("its contents are {}", digest.short()))
            .next("git checkout requests"));
        }
        // A copy of it under the longer id is nothing of its own.
        Ok(self.request_of(digest).unwrap_or(found))
    }

    /// All requests: those that verify, and what is wrong with the others.
    pub(super) fn requests(&self) -> Vec<Result<Found, (String, Rc<RequestError>)>> {
        let read = |(relative, file): &(PathBuf, Piece)| {
            let found = self.request_in(relative, file);
            found.map_err(|error| (Self::id_of(relative), error))
        };
        each_once(self.evidence.requests.iter().map(read).collect())
    }

    /// The genuine requests that can have changed the own certificate. The certifications of strangers, which are nearly
    /// all in an old vault, aren't even verified for it.
    pub(super) fn requests_about_itself(&self) -> impl Iterator<Item = Found> + '_ {
        let files = self.evidence.requests.iter();
        let files = files.filter(|(_, file)| may_be_about_itself(file));
        let all = files.map(|(relative, file)| self.request_in(relative, file));
        each_once(all.collect()).into_iter().flatten()
    }

    /// The request with this digest.
    pub(super) fn request_of(&self, digest: Digest) -> Option<Found> {
        ids_of(digest).iter().find_map(|id| {
            let name = PathBuf::from(format!("requests/{id}.request"));
            let mut requests = self.evidence.requests.iter();
            let (relative, file) = requests.find(|(path, _)| *path == name)?;
            let found = self.request_in(relative, file).ok()?;
            (found.verified.digest() == digest).then_some(found)
        })
    }

    /// Seven digits, or more if another request begins with the same.
    pub(super) fn new_request_id(
        &self,
        files: &dyn Files,
        digest: &Digest,
    ) -> Result<String, Failure> {
        for id in ids_of(*digest) {
            let name = format!("requests/{id}.request");
            if files.kind(&self.folder.join(name))?.is_none() {
                return Ok(id);
            }
        }
        Err(Failure::new(
            Exit::Failed,
            "this very request is open already",
        ))
    }

    /// The holder of an approval that came in a submission.
    pub(super) fn holder_of(&self, file: &[u8], found: &Found) -> Result<Name, Failure> {
        Approval::read(
            file,
            self.manifest(),
            &*found.verified,
            crate::world::Timestamp::LATEST,
        )
        .map(|approval| approval.holder)
        .map_err(|error| Failure::new(Exit::Forged, format!("an approval is damaged: {error}")))
    }
}
