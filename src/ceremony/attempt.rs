//! An attempt: the operator's signed report that a request or a drill was tried and came to nothing. What came of
//! it stands in minutes; that shares were opened and it wasn't enough stands here.

use quorate_share::SetId;

use super::asked::{Asked, Form};
use super::fields::{hex, unhex};
use super::minutes::{heads, names, read_heads, read_names};
use crate::roster::holder_key::{HolderKey, SigError};
use crate::roster::name::Name;
use crate::vault::manifest::{Manifest, ShareSet};
use crate::vault::record::{Digest, Record, RecordError, RecordWriter, sign};
use crate::world::Timestamp;

/// The most bytes that an attempt may have.
pub const MAX_ATTEMPT: usize = 64 << 10;
/// The most characters of a refusal's word.
const MAX_WORD: usize = 40;

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Too few true shares.
    TooFew,
    /// It had closed; no session was started.
    Expired,
    /// The session had shares, and refused for another reason: its word, as `no-such-revocation`.
    Refused(String),
}

/// What the operator reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The vault.
    pub vault: [u8; 16],
    /// The request, or the drill.
    pub request: Digest,
    /// The share set that was asked.
    pub set: SetId,
    /// Who tried: its opener.
    pub operator: Name,
    /// On which machine.
    pub machine: String,
    /// With which program.
    pub program: String,
    /// When.
    pub tried: Timestamp,
    /// What came of it.
    pub ending: Ending,
    /// So many submissions lay there.
    pub submissions: u32,
    /// Whose shares were true.
    pub counted: Vec<Name>,
    /// Whose shares were refused as false.
    pub false_shares: Vec<Name>,
    /// Who sent a real share to a drill.
    pub real_shares: Vec<Name>,
    /// So many could not be opened.
    pub unopened: u32,
    /// So many were opened, and were no answer to this.
    pub unfit: u32,
    /// What the worker said of its hardening, and how long it lived, in milliseconds; none without a session.
    pub session: Option<(String, u32)>,
    /// The newest minutes and attempts that the operator saw.
    pub heads: Vec<Digest>,
}

/// Why a file holds no attempt of this vault.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// Of another vault.
    #[error("an attempt of another vault")]
    OtherVault,
    /// By nobody who holds a share.
    #[error("{0} holds no share")]
    NotAHolder(Name),
    /// The signature doesn't fit.
    #[error("the signature of {operator} does not fit: {error}")]
    Signature {
        /// Who it says has signed.
        operator: Name,
        /// What is wrong.
        error: SigError,
    },
    /// At another request, or at another share set.
    #[error("an attempt at another request")]
    OtherRequest,
    /// Nobody but the opener has the one-time key.
    #[error("{0} did not open it, and can't have tried")]
    NotTheOpener(Name),
    /// What it says doesn't go together.
    #[error("it can't have been so: {0}")]
    Contradiction(&'static str),
    /// Before it was opened, or a day ahead of the clock.
    #[error("dated {0}, which can't be")]
    Time(Timestamp),
}

impl Attempt {
    /// The text that the operator signs.
    ///
    /// # Errors
    /// [`AttemptError::Record`].
    pub fn payload(&self, form: &Form) -> Result<Vec<u8>, AttemptError> {
        let (hardening, milliseconds) = match &self.session {
            Some((hardening, milliseconds)) => (hardening.as_str(), milliseconds.to_string()),
            None => (NO_SESSION, "0".to_owned()),
        };
        let ending = match &self.ending {
            Ending::TooFew => TOO_FEW.to_owned(),
            Ending::Expired => EXPIRED.to_owned(),
            Ending::Refused(word) => format!("{REFUSED}{word}"),
        };
        Ok(RecordWriter::new(form.attempt)
            .line("vault", hex(&self.vault))
            .line(form.about, self.request.to_string())
            .line("set", self.set.to_string())
            .line("operator", self.operator.to_string())
            .line("machine", &self.machine)
            .line("program", &self.program)
            .line("tried", self.tried.to_string())
            .line("ending", ending)
            .line("submissions", self.submissions.to_string())
            .line("counted", names(&self.counted))
            .line("false", names(&self.false_shares))
            .line("real", names(&self.real_shares))
            .line("unopened", self.unopened.to_string())
            .line("unfit", self.unfit.to_string())
            .line("hardening", hardening)
            .line("milliseconds", milliseconds)
            .line("heads", heads(&self.heads))
            .finish()?)
    }

    /// The signed file.
    ///
    /// # Errors
    /// [`AttemptError::Record`].
    pub fn sign(&self, form: &Form, key: &HolderKey) -> Result<Vec<u8>, AttemptError> {
        Ok(sign(&self.payload(form)?, key, form.tries)?)
    }

    /// Reads an attempt and verifies it with a holder key of the operator's. Whether it fits what it names, says
    /// [`Attempt::fits`].
    ///
    /// # Errors
    /// [`AttemptError`].
    pub fn read(
        file: &[u8],
        form: &Form,
        manifest: &Manifest,
    ) -> Result<(Self, Digest), AttemptError> {
        let mut record = Record::parse(file, form.attempt, MAX_ATTEMPT)?;
        let attempt = Self::fields(&mut record, form)?;
        if attempt.vault != manifest.vault_id {
            return Err(AttemptError::OtherVault);
        }
        let mut verdict = Err(AttemptError::NotAHolder(attempt.operator.clone()));
        let dealt = manifest.sets().iter();
        for dealt in dealt.filter_map(|set| set.of(&attempt.operator)) {
            match record.verify(&dealt.holder_key, form.tries) {
                Ok(()) => return Ok((attempt, record.digest())),
                Err(error) => {
                    let operator = attempt.operator.clone();
                    verdict = Err(AttemptError::Signature { operator, error });
                }
            }
        }
        verdict
    }

    /// Can this have been an attempt at that?
    ///
    /// # Errors
    /// [`AttemptError`].
    pub fn fits(
        &self,
        asked: &impl Asked,
        manifest: &Manifest,
        now: Timestamp,
    ) -> Result<(), AttemptError> {
        if self.request != asked.digest() || self.set != asked.set() {
            return Err(AttemptError::OtherRequest);
        }
        if self.operator != *asked.opener() {
            return Err(AttemptError::NotTheOpener(self.operator.clone()));
        }
        let set = manifest
            .set(asked.kind())
            .ok_or(AttemptError::OtherRequest)?;
        for list in [&self.counted, &self.false_shares, &self.real_shares] {
            only_holders_once(list, set)?;
        }
        let no = |what| Err(AttemptError::Contradiction(what));
        let told = [&self.counted, &self.false_shares, &self.real_shares];
        let named: usize = told.iter().map(|list| list.len()).sum();
        let sorted = named as u64 + u64::from(self.unopened) + u64::from(self.unfit);
        if sorted > u64::from(self.submissions) {
            return no("more answers than submissions");
        }
        let seats = seats_of(&self.counted, set);
        match &self.ending {
            Ending::TooFew if seats >= usize::from(set.threshold.get()) => {
                return no("as many true shares as are needed");
            }
            Ending::Expired if sorted > 0 || self.session.is_some() => {
                return no("a session after it had closed");
            }
            Ending::Expired if self.tried < asked.closes() => return no("it had not closed"),
            Ending::TooFew | Ending::Refused(_) if self.session.is_none() => {
                return no("shares without a session");
            }
            Ending::TooFew | Ending::Refused(_) if self.tried >= asked.closes() => {
                return no("a session after it had closed");
            }
            _ => {}
        }
        if !asked.can_be_answered_on(self.tried, now) {
            return Err(AttemptError::Time(self.tried));
        }
        Ok(())
    }

    /// Does it say no more than another one, but for time, machine and what was seen? Tried again with the very same
    /// answers it would.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let said = |one: &Self| {
            let mut names = [
                one.counted.clone(),
                one.false_shares.clone(),
                one.real_shares.clone(),
            ];
            for list in &mut names {
                list.sort_unstable();
            }
            let numbers = [one.submissions, one.unopened, one.unfit];
            (one.request, one.ending.clone(), names, numbers)
        };
        said(self) == said(other)
    }

    /// Reads an attempt's form. Who signed it is not known yet: see [`Attempt::read`].
    ///
    /// # Errors
    /// [`AttemptError`].
    pub fn fields(record: &mut Record<'_>, form: &Form) -> Result<Self, AttemptError> {
        let bad = AttemptError::Value;
        let vault = unhex(&record.take_line("vault")?).ok_or(bad("vault"))?;
        let request = record.take_line(form.about)?;
        let request = request.parse().map_err(|_| bad(form.about))?;
        let set = record.take_line("set")?.parse().map_err(|_| bad("set"))?;
        let operator = Name::parse(&record.take_line("operator")?).map_err(|_| bad("operator"))?;
        let machine = record.take_line("machine")?;
        let program = record.take_line("program")?;
        let tried = record.take_line("tried")?;
        let tried = tried.parse().map_err(|_| bad("tried"))?;
        let ending = ending(&record.take_line("ending")?).ok_or(bad("ending"))?;
        let submissions = number(record, "submissions")?;
        let mut list = |name| read_names(&record.take_line(name)?).ok_or(bad(name));
        let (counted, false_shares, real_shares) =
            (list("counted")?, list("false")?, list("real")?);
        let unopened = number(record, "unopened")?;
        let unfit = number(record, "unfit")?;
        let hardening = record.take_line("hardening")?;
        let milliseconds = number(record, "milliseconds")?;
        let session = match (hardening.as_str(), milliseconds) {
            (NO_SESSION, 0) => None,
            (NO_SESSION, _) => return Err(bad("milliseconds")),
            _ => Some((hardening, milliseconds)),
        };
        let heads = read_heads(&record.take_line("heads")?).ok_or(bad("heads"))?;
        record.end()?;
        Ok(Self {
            vault,
            request,
            set,
            operator,
            machine,
            program,
            tried,
            ending,
            submissions,
            counted,
            false_shares,
            real_shares,
            unopened,
            unfit,
            session,
            heads,
        })
    }
}

const NO_SESSION: &str = "no session";
const TOO_FEW: &str = "quorum not reached";
const EXPIRED: &str = "expired";
const REFUSED: &str = "refused: ";

fn ending(text: &str) -> Option<Ending> {
    match text {
        TOO_FEW => Some(Ending::TooFew),
        EXPIRED => Some(Ending::Expired),
        _ => {
            let word = text.strip_prefix(REFUSED)?;
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            let is_one = !word.is_empty() && word.len() <= MAX_WORD && word.bytes().all(plain);
            is_one.then(|| Ending::Refused(word.to_owned()))
        }
    }
}

/// A number in its one form.
fn number(record: &mut Record<'_>, name: &'static str) -> Result<u32, AttemptError> {
    let text = record.take_line(name)?;
    let number: Option<u32> = text.parse().ok();
    let canonical = number.filter(|number| number.to_string() == text);
    canonical.ok_or(AttemptError::Value(name))
}

fn only_holders_once(list: &[Name], set: &ShareSet) -> Result<(), AttemptError> {
    for (index, name) in list.iter().enumerate() {
        if set.of(name).is_none() {
            return Err(AttemptError::NotAHolder(name.clone()));
        }
        if list[..index].contains(name) {
            return Err(AttemptError::Contradiction("somebody stands twice"));
        }
    }
    Ok(())
}

/// So many seats: several holders of one seat count once.
fn seats_of(list: &[Name], set: &ShareSet) -> usize {
    let dealt = list.iter().filter_map(|name| set.of(name));
    let mut seats: Vec<_> = dealt.map(|dealt| dealt.seat).collect();
    seats.sort_unstable();
    seats.dedup();
    seats.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ceremony::asked::{DRILL, REQUEST};

    #[test]
    fn what_is_read_is_written_again_to_the_same_bytes() {
        let name = |name| Name::parse(name).unwrap();
        let told = Attempt {
            vault: [7; 16],
            request: Digest::of(b"request"),
            set: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            operator: name("anna"),
            machine: "desk".into(),
            program: "quorate".into(),
            tried: Timestamp::from_seconds(1_800_000_000).unwrap(),
            ending: Ending::Refused("key-file".into()),
            submissions: 3,
            counted: vec![name("anna"), name("ben")],
            false_shares: Vec::new(),
            real_shares: vec![name("cleo")],
            unopened: 1,
            unfit: 0,
            session: Some(("complete".into(), 12)),
            heads: vec![Digest::of(b"minutes")],
        };
        let late = Attempt {
            ending: Ending::Expired,
            session: None,
            ..told.clone()
        };
        for attempt in [told, late] {
            for form in [&REQUEST, &DRILL] {
                let payload = attempt.payload(form).unwrap();
                let mut record = Record::parse(&payload, form.attempt, MAX_ATTEMPT).unwrap();
                let read = Attempt::fields(&mut record, form).unwrap();
                assert_eq!(read, attempt);
                assert_eq!(read.payload(form).unwrap(), payload);
            }
        }
    }

    #[test]
    fn an_ending_is_one_of_three_and_a_refusal_one_plain_word() {
        assert_eq!(ending("quorum not reached"), Some(Ending::TooFew));
        assert_eq!(ending("expired"), Some(Ending::Expired));
        let word = Ending::Refused("no-such-revocation".into());
        assert_eq!(ending("refused: no-such-revocation"), Some(word));
        let long = format!("refused: {}", "a".repeat(MAX_WORD + 1));
        for bad in [
            "",
            "Expired",
            "refused: ",
            "refused: a b",
            "refused: A",
            &long,
        ] {
            assert_eq!(ending(bad), None, "{bad}");
        }
    }
}
