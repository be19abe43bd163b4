//! A drill: the whole way of a request, with practice shares and the practice file.
//!
//! It is a kind of its own, with namespaces of its own, and it names the practice set. So it can't be
//! turned into a request, nor a request into it; its answers carry practice shares, and what they
//! open is worthless.

use quorate_share::{Generation, Kind, SetId};
use sequoia_openpgp::Fingerprint;

use super::asked::{Asked, DRILL, Form, Head};
use super::fields::DAY;
use super::request::{MAX_DAYS, RequestError, time};
use crate::roster::age_recipient::AgeRecipient;
use crate::roster::holder_key::{HolderKey, Namespace};
use crate::roster::name::Name;
use crate::vault::manifest::Manifest;
use crate::vault::record::{Digest, Record, sign};
use crate::world::Timestamp;

/// The most bytes that a drill's file may have.
pub const MAX_DRILL: usize = 16 << 10;

/// What is practised, and who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drill {
    /// The vault.
    pub vault: [u8; 16],
    /// The primary key whose holders practise.
    pub fingerprint: Fingerprint,
    /// Whose holders practise: of the master or the revocation set.
    pub kind: Kind,
    /// The practice set that was dealt along with it.
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
}

impl Drill {
    /// The text that the opener signs.
    ///
    /// # Errors
    /// [`RequestError::Record`].
    pub fn payload(&self) -> Result<Vec<u8>, RequestError> {
        let head = Head {
            vault: self.vault,
            fingerprint: self.fingerprint.clone(),
            kind: self.kind,
            set: self.set,
            generation: self.generation,
            opener: self.opener.clone(),
        };
        Ok(head
            .begin("drill")
            .line("machine", &self.machine)
            .line("program", &self.program)
            .line("opened", self.opened.to_string())
            .line("closes", self.closes.to_string())
            .line("one-time", &self.one_time)
            .finish()?)
    }

    /// The signed file.
    ///
    /// # Errors
    /// [`RequestError::Record`].
    pub fn sign(&self, key: &HolderKey) -> Result<Vec<u8>, RequestError> {
        Ok(sign(&self.payload()?, key, Namespace::Drill)?)
    }

    /// Reads a drill's form. Who signed it is not known yet: see [`VerifiedDrill`].
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
        AgeRecipient::parse(&one_time).map_err(|_| RequestError::Value("one-time"))?;
        record.end()?;
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
        })
    }
}

/// A drill whose signature fits a holder key of the set whose holders practise.
pub struct VerifiedDrill {
    drill: Drill,
    digest: Digest,
}

impl VerifiedDrill {
    /// Reads and verifies a drill's file.
    ///
    /// # Errors
    /// [`RequestError`]; expiry isn't one of them here, see [`Asked::open_at`].
    pub fn read(file: &[u8], manifest: &Manifest) -> Result<Self, RequestError> {
        let head = Head::read(&mut Record::parse(file, "drill", MAX_DRILL)?)?;
        let set = head.set(manifest, |set| set.practice_set)?;
        let dealt = head.opener_in(set)?;
        let mut record = Record::parse(file, "drill", MAX_DRILL)?;
        record
            .verify(&dealt.holder_key, Namespace::Drill)
            .map_err(|error| RequestError::Signature {
                opener: head.opener.clone(),
                error,
            })?;
        let drill = Drill::read(&mut record)?;
        Ok(Self {
            drill,
            digest: record.digest(),
        })
    }

    /// What is practised.
    #[must_use]
    pub fn drill(&self) -> &Drill {
        &self.drill
    }
}

impl Asked for VerifiedDrill {
    fn form(&self) -> &'static Form {
        &DRILL
    }

    fn vault(&self) -> [u8; 16] {
        self.drill.vault
    }

    fn digest(&self) -> Digest {
        self.digest
    }

    fn opener(&self) -> &Name {
        &self.drill.opener
    }

    fn kind(&self) -> Kind {
        self.drill.kind
    }

    fn set(&self) -> SetId {
        self.drill.set
    }

    fn opened(&self) -> Timestamp {
        self.drill.opened
    }

    fn closes(&self) -> Timestamp {
        self.drill.closes
    }

    fn one_time(&self) -> &str {
        &self.drill.one_time
    }
}
