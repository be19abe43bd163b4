//! The minutes of a drill: who took part, and how long it took.

use super::asked::Asked as _;
use super::drill::VerifiedDrill;
use super::fields::DAY;
use super::minutes::{names, read_names};
use crate::roster::holder_key::{HolderKey, Namespace, SigError};
use crate::roster::name::Name;
use crate::vault::manifest::Manifest;
use crate::vault::record::{Digest, Record, RecordError, RecordWriter, sign};
use crate::world::Timestamp;

/// The most bytes that they may have.
pub const MAX_DRILL_MINUTES: usize = 64 << 10;

/// What the opener reports of a drill that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillMinutes {
    /// The drill.
    pub drill: Digest,
    /// On which machine.
    pub machine: String,
    /// With which program.
    pub program: String,
    /// When.
    pub performed: Timestamp,
    /// Whose practice shares were true; each has an answer as evidence.
    pub took_part: Vec<Name>,
    /// Whose were refused: false ones, and real shares.
    pub refused: Vec<Name>,
    /// What the worker said of its hardening.
    pub hardening: String,
    /// How long the session's process lived, in milliseconds.
    pub milliseconds: u64,
}

/// Why a file holds no minutes of a drill.
#[derive(Debug, thiserror::Error)]
pub enum DrillMinutesError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// Of another drill.
    #[error("minutes of another drill, {0}")]
    OtherDrill(Digest),
    /// The manifest has no set for it.
    #[error("minutes of another share set")]
    OtherSet,
    /// Not by who opened it.
    #[error("the signature doesn't fit {opener}, who opened the drill: {error}")]
    Signature {
        /// Who opened it.
        opener: Name,
        /// What is wrong.
        error: SigError,
    },
    /// Fewer than are needed, or one who holds no share of the set, or the same twice.
    #[error("those who are said to have taken part are no quorum")]
    NoQuorum,
    /// Before the drill was opened, or after it had closed, or a day ahead of the clock.
    #[error("dated {0}, which can't be")]
    Time(Timestamp),
}

impl DrillMinutes {
    /// The signed file.
    ///
    /// # Errors
    /// [`DrillMinutesError::Record`].
    pub fn sign(&self, key: &HolderKey) -> Result<Vec<u8>, DrillMinutesError> {
        let payload = RecordWriter::new("drill-minutes")
            .line("drill", self.drill.to_string())
            .line("machine", &self.machine)
            .line("program", &self.program)
            .line("performed", self.performed.to_string())
            .line("took-part", names(&self.took_part))
            .line("refused", names(&self.refused))
            .line("hardening", &self.hardening)
            .line("milliseconds", self.milliseconds.to_string())
            .finish()?;
        Ok(sign(&payload, key, Namespace::DrillMinutes)?)
    }

    /// The drill that a file says to be about, unverified: to find it.
    ///
    /// # Errors
    /// [`DrillMinutesError`].
    pub fn about(file: &[u8]) -> Result<Digest, DrillMinutesError> {
        let mut record = Record::parse(file, "drill-minutes", MAX_DRILL_MINUTES)?;
        let digest = record.take_line("drill")?;
        digest
            .parse()
            .map_err(|_| DrillMinutesError::Value("drill"))
    }

    /// Reads the minutes of a drill and verifies them with its opener's holder key.
    ///
    /// # Errors
    /// [`DrillMinutesError`].
    pub fn read(
        file: &[u8],
        manifest: &Manifest,
        drill: &VerifiedDrill,
        now: Timestamp,
    ) -> Result<Self, DrillMinutesError> {
        let mut record = Record::parse(file, "drill-minutes", MAX_DRILL_MINUTES)?;
        let minutes = Self::fields(&mut record)?;
        if minutes.drill != drill.digest() {
            return Err(DrillMinutesError::OtherDrill(minutes.drill));
        }
        let opener = &drill.drill().opener;
        let set = manifest
            .set(drill.kind())
            .ok_or(DrillMinutesError::OtherSet)?;
        let dealt = set.of(opener).ok_or(DrillMinutesError::OtherSet)?;
        record
            .verify(&dealt.holder_key, Namespace::DrillMinutes)
            .map_err(|error| DrillMinutesError::Signature {
                opener: opener.clone(),
                error,
            })?;
        let mut seats: Vec<_> = minutes
            .took_part
            .iter()
            .filter_map(|name| set.of(name))
            .map(|dealt| dealt.seat)
            .collect();
        seats.sort_unstable();
        seats.dedup();
        if seats.len() != minutes.took_part.len() || seats.len() < usize::from(set.threshold.get())
        {
            return Err(DrillMinutesError::NoQuorum);
        }
        let in_time = minutes.performed.seconds() <= drill.closes().seconds() + DAY;
        if !in_time || !drill.can_be_answered_on(minutes.performed, now) {
            return Err(DrillMinutesError::Time(minutes.performed));
        }
        Ok(minutes)
    }

    fn fields(record: &mut Record<'_>) -> Result<Self, DrillMinutesError> {
        let bad = DrillMinutesError::Value;
        let minutes = Self {
            drill: record
                .take_line("drill")?
                .parse()
                .map_err(|_| bad("drill"))?,
            machine: record.take_line("machine")?,
            program: record.take_line("program")?,
            performed: record
                .take_line("performed")?
                .parse()
                .map_err(|_| bad("performed"))?,
            took_part: read_names(&record.take_line("took-part")?).ok_or(bad("took-part"))?,
            refused: read_names(&record.take_line("refused")?).ok_or(bad("refused"))?,
            hardening: record.take_line("hardening")?,
            milliseconds: record
                .take_line("milliseconds")?
                .parse()
                .map_err(|_| bad("milliseconds"))?,
        };
        record.end()?;
        Ok(minutes)
    }
}
