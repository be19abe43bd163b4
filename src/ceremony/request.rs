//! A request: what is to be signed, to the byte, and who asks.

use std::sync::Arc;

use quorate_share::{Generation, Kind, SetId};
use sequoia_openpgp::Fingerprint;

use super::asked::Head;
use super::fields::DAY;
pub use super::request_error::RequestError;
use super::successor::{Successor, SuccessorError};
use crate::openpgp::draft::{Destination, Draft, DraftError, MAX_DRAFT};
use crate::roster::holder_key::{HolderKey, Namespace};
use crate::roster::name::Name;
use crate::vault::record::{Digest, Record};
use crate::world::Timestamp;

/// The most bytes that a request file may have: some 60,000 certifications.
pub const MAX_REQUEST: usize = 64 << 20;
/// The most drafts in a request.
pub const MAX_DRAFTS: usize = 100_000;
/// A request closes after so many days at most.
pub const MAX_DAYS: u32 = 14;

/// What is asked of the holders of a share set.
#[derive(Clone)]
pub struct Request {
    /// The vault.
    pub vault: [u8; 16],
    /// The primary key that signs.
    pub fingerprint: Fingerprint,
    /// Master or revocation set.
    pub kind: Kind,
    /// The share set that is asked.
    pub set: SetId,
    /// Its generation.
    pub generation: Generation,
    /// Who asks.
    pub opener: Name,
    /// The machine that will hold the session, as its owner names it.
    pub machine: String,
    /// The version of the program there, and the SHA-256 of its file.
    pub program: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it closes.
    pub closes: Timestamp,
    /// The age recipient that submissions are encrypted to.
    pub one_time: String,
    /// The state that it changes ([`super::state`]): of a request that touches the own certificate.
    pub state: Option<Digest>,
    /// The request of another key that it stands or falls with, by its digest alone ([`super::pair`]).
    pub with: Option<Digest>,
    /// What is signed.
    pub drafts: Vec<Draft>,
    /// Of a request that certifies a successor: who holds that key.
    pub successor: Option<Arc<Successor>>,
}

impl Request {
    /// The text that the opener signs.
    ///
    /// # Errors
    /// [`RequestError::Record`].
    pub fn payload(&self) -> Result<Vec<u8>, RequestError> {
        self.payload_with(self.with)
    }

    /// The digest that it would have alone: its own, unless it is one of a pair.
    ///
    /// # Errors
    /// [`RequestError::Record`].
    pub fn alone(&self) -> Result<Digest, RequestError> {
        Ok(Digest::of(&self.payload_with(None)?))
    }

    fn payload_with(&self, with: Option<Digest>) -> Result<Vec<u8>, RequestError> {
        let size: usize = self
            .drafts
            .iter()
            .map(|draft| draft.bytes().len() + 5)
            .sum();
        let mut block = Vec::with_capacity(size);
        for draft in &self.drafts {
            block.push(destination_code(draft.destination()));
            let length = u32::try_from(draft.bytes().len()).unwrap_or(u32::MAX);
            block.extend_from_slice(&length.to_be_bytes());
            block.extend_from_slice(draft.bytes());
        }
        let head = Head {
            vault: self.vault,
            fingerprint: self.fingerprint.clone(),
            kind: self.kind,
            set: self.set,
            generation: self.generation,
            opener: self.opener.clone(),
        };
        let mut record = head
            .begin("request")
            .line("machine", &self.machine)
            .line("program", &self.program)
            .line("opened", self.opened.to_string())
            .line("closes", self.closes.to_string())
            .line("one-time", &self.one_time)
            .line("state", state_line(self.state));
        if let Some(with) = with {
            record = record.line("with", with.to_string());
        }
        record = record
            .line("count", self.drafts.len().to_string())
            .block("drafts", &block);
        if let Some(successor) = &self.successor {
            record = record.block("successor", successor.file());
        }
        Ok(record.finish()?)
    }

    /// The signed file.
    ///
    /// # Errors
    /// [`RequestError::Record`].
    pub fn sign(&self, key: &HolderKey) -> Result<Vec<u8>, RequestError> {
        Ok(crate::vault::record::sign(
            &self.payload()?,
            key,
            Namespace::Request,
        )?)
    }

    /// Reads a request's form. Who signed it is not known yet: see [`VerifiedRequest`].
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn read(record: &mut Record<'_>) -> Result<Self, RequestError> {
        let Head {
            vault,
            fingerprint,
            kind,
            set,
            generation,
            opener,
        } = Head::read(record)?;
        let machine = record.take_line("machine")?;
        let program = record.take_line("program")?;
        let opened = time(record, "opened")?;
        let closes = time(record, "closes")?;
        let one_time = record.take_line("one-time")?;
        crate::roster::age_recipient::AgeRecipient::parse(&one_time)
            .map_err(|_| RequestError::Value("one-time"))?;
        let state = match record.take_line("state")?.as_str() {
            UNBOUND => None,
            digest => Some(digest.parse().map_err(|_| RequestError::Value("state"))?),
        };
        let with = match record.is_next("with") {
            false => None,
            true => {
                let with = record.take_line("with")?.parse();
                Some(with.map_err(|_| RequestError::Value("with"))?)
            }
        };
        let count: usize = record
            .take_line("count")?
            .parse()
            .map_err(|_| RequestError::Value("count"))?;
        let block = record.take_block("drafts")?;
        let successor = match record.is_next("successor") {
            false => None,
            true => Some(record.take_block("successor")?),
        };
        record.end()?;
        let drafts = drafts(&block, count)?;
        let successor = match successor {
            Some(file) => Some(Arc::new(Successor::read(file, &fingerprint, &drafts)?)),
            None if drafts.iter().any(|draft| draft.plan().is_succession()) => {
                return Err(SuccessorError::Missing.into());
            }
            None => None,
        };
        for (index, draft) in drafts.iter().enumerate() {
            if draft.plan().stamp().issuer != fingerprint {
                return Err(RequestError::OtherKey(index + 1));
            }
        }
        check_destinations(kind, &drafts)?;
        check_dates(opened, &drafts)?;
        let changes_itself = drafts
            .iter()
            .any(|draft| draft.destination() != Destination::Released && draft.plan().is_bound());
        if changes_itself != state.is_some() {
            return Err(RequestError::State);
        }
        if closes <= opened || closes.seconds_since(opened) > u64::from(MAX_DAYS) * DAY {
            return Err(RequestError::Times);
        }
        Ok(Self {
            vault,
            fingerprint,
            kind,
            set,
            generation,
            opener,
            machine,
            program,
            opened,
            closes,
            one_time,
            state,
            with,
            drafts,
            successor,
        })
    }
}

/// The word where a request is bound to no state.
pub const UNBOUND: &str = "unbound";

fn state_line(state: Option<Digest>) -> String {
    state.map_or_else(|| UNBOUND.to_owned(), |digest| digest.to_string())
}

fn destination_code(destination: Destination) -> u8 {
    match destination {
        Destination::Out => 0,
        Destination::Sealed => 1,
        Destination::Released => 2,
    }
}

/// The master set signs, for everybody or for the worst day; the revocation set gives out one revocation.
fn check_destinations(kind: Kind, drafts: &[Draft]) -> Result<(), RequestError> {
    let released = |draft: &Draft| draft.destination() == Destination::Released;
    if drafts
        .iter()
        .all(|draft| draft.destination() == Destination::Sealed)
    {
        return Err(RequestError::AllSealed);
    }
    if kind == Kind::Revocation && drafts.len() != 1 {
        return Err(RequestError::Destination(drafts.len()));
    }
    match drafts
        .iter()
        .position(|draft| released(draft) != (kind == Kind::Revocation))
    {
        Some(index) => Err(RequestError::Destination(index + 1)),
        None => Ok(()),
    }
}

/// What is signed now is dated now: a date to come would outdo all that the key says until then, and one long ago
/// would decide which old signatures a revocation ends.
fn check_dates(opened: Timestamp, drafts: &[Draft]) -> Result<(), RequestError> {
    let released = |draft: &Draft| draft.destination() == Destination::Released;
    let dated = |draft: &Draft| u64::from(draft.plan().stamp().created);
    match drafts
        .iter()
        .position(|draft| !released(draft) && dated(draft).abs_diff(opened.seconds()) > DAY + 60)
    {
        Some(index) => Err(RequestError::Date(index + 1)),
        None => Ok(()),
    }
}

fn drafts(block: &[u8], count: usize) -> Result<Vec<Draft>, RequestError> {
    if count == 0 || count > MAX_DRAFTS {
        return Err(RequestError::Count(count));
    }
    let mut drafts = Vec::with_capacity(count);
    let mut rest = block;
    for number in 1..=count {
        let short = || RequestError::Draft {
            number,
            error: DraftError::NotPackets,
        };
        let (destination, after) = rest.split_first().ok_or_else(short)?;
        let destination = match *destination {
            0 => Destination::Out,
            1 => Destination::Sealed,
            2 => Destination::Released,
            _ => return Err(RequestError::Value("drafts")),
        };
        let (length, after) = after.split_first_chunk::<4>().ok_or_else(short)?;
        let length = u32::from_be_bytes(*length) as usize;
        if length > MAX_DRAFT || length > after.len() {
            return Err(short());
        }
        let (bytes, after) = after.split_at(length);
        let draft = Draft::decode(bytes)
            .and_then(|draft| draft.to(destination))
            .map_err(|error| RequestError::Draft { number, error })?;
        // The manifest is signed by a dealing only, never because a request carries it.
        if matches!(draft.plan(), crate::openpgp::Plan::Manifest { .. }) {
            return Err(RequestError::Draft {
                number,
                error: DraftError::Kind(0),
            });
        }
        drafts.push(draft);
        rest = after;
    }
    if rest.is_empty() {
        Ok(drafts)
    } else {
        Err(RequestError::Count(count))
    }
}

pub(super) fn time(record: &mut Record<'_>, name: &'static str) -> Result<Timestamp, RequestError> {
    record
        .take_line(name)?
        .parse()
        .map_err(|_| RequestError::Value(name))
}
