//! A request: what is to be signed, to the byte, and who asks.

use quorate_share::{Generation, Kind, SetId};
use sequoia_openpgp::Fingerprint;

use super::asked::{Asked, Form, Head, REQUEST};
use crate::openpgp::draft::{Destination, Draft, DraftError, MAX_DRAFT};
use crate::roster::holder_key::{HolderKey, Namespace, SigError};
use crate::roster::name::Name;
use crate::vault::manifest::Manifest;
use crate::vault::record::{Digest, Record, RecordError};
use crate::world::Timestamp;

/// The most bytes that a request file may have: some 60,000 certifications.
pub const MAX_REQUEST: usize = 64 << 20;
/// The most drafts in a request.
pub const MAX_DRAFTS: usize = 100_000;
/// A request closes after so many days at most.
pub const MAX_DAYS: u32 = 14;
/// A day, in seconds: evidence that is dated further ahead of the clock isn't counted.
pub const DAY: u64 = 86_400;

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
    /// What is signed.
    pub drafts: Vec<Draft>,
}

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
}

impl Request {
    /// The text that the opener signs.
    ///
    /// # Errors
    /// [`RequestError::Record`].
    pub fn payload(&self) -> Result<Vec<u8>, RequestError> {
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
        Ok(head
            .begin("request")
            .line("machine", &self.machine)
            .line("program", &self.program)
            .line("opened", self.opened.to_string())
            .line("closes", self.closes.to_string())
            .line("one-time", &self.one_time)
            .line("state", state_line(self.state))
            .line("count", self.drafts.len().to_string())
            .block("drafts", &block)
            .finish()?)
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
        let count: usize = record
            .take_line("count")?
            .parse()
            .map_err(|_| RequestError::Value("count"))?;
        let block = record.take_block("drafts")?;
        record.end()?;
        let drafts = drafts(&block, count)?;
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
            drafts,
        })
    }
}

/// The word where a request is bound to no state.
const UNBOUND: &str = "unbound";

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

/// A request whose signature fits a holder key of the very set that it asks.
pub struct VerifiedRequest {
    request: Request,
    digest: Digest,
}

impl VerifiedRequest {
    /// Reads and verifies a request file.
    ///
    /// # Errors
    /// [`RequestError`]; expiry isn't one of them here, see [`VerifiedRequest::open_at`].
    pub fn read(file: &[u8], manifest: &Manifest) -> Result<Self, RequestError> {
        // The signature first: drafts that the opener didn't sign aren't even decoded.
        let head = Head::read(&mut Record::parse(file, "request", MAX_REQUEST)?)?;
        let set = head.set(manifest, |set| set.set)?;
        let dealt = head.opener_in(set)?;
        let opener = head.opener.clone();
        let mut record = Record::parse(file, "request", MAX_REQUEST)?;
        record
            .verify(&dealt.holder_key, Namespace::Request)
            .map_err(|error| RequestError::Signature { opener, error })?;
        let request = Request::read(&mut record)?;
        Ok(Self {
            request,
            digest: record.digest(),
        })
    }

    /// What is asked.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The SHA-256 of what the opener signed: the request's identity.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Can it be answered and carried out at this moment?
    ///
    /// # Errors
    /// [`RequestError::Future`], [`RequestError::Closed`].
    pub fn open_at(&self, now: Timestamp) -> Result<(), RequestError> {
        Asked::open_at(self, now)
    }
}

impl Asked for VerifiedRequest {
    fn form(&self) -> &'static Form {
        &REQUEST
    }

    fn vault(&self) -> [u8; 16] {
        self.request.vault
    }

    fn digest(&self) -> Digest {
        self.digest
    }

    fn opener(&self) -> &Name {
        &self.request.opener
    }

    fn kind(&self) -> Kind {
        self.request.kind
    }

    fn set(&self) -> SetId {
        self.request.set
    }

    fn opened(&self) -> Timestamp {
        self.request.opened
    }

    fn closes(&self) -> Timestamp {
        self.request.closes
    }

    fn one_time(&self) -> &str {
        &self.request.one_time
    }
}

/// The word for a share set in evidence.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Master | Kind::PracticeMaster => "master",
        Kind::Revocation | Kind::PracticeRevocation => "revocation",
    }
}

pub(super) fn word_kind(word: &str) -> Option<Kind> {
    match word {
        "master" => Some(Kind::Master),
        "revocation" => Some(Kind::Revocation),
        _ => None,
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Sixteen bytes from lower-case hexadecimal.
pub(super) fn unhex(text: &str) -> Option<[u8; 16]> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .ok()?
        .try_into()
        .ok()
}
