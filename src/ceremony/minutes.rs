//! Minutes: the operator's signed report about a session. Request, approvals and results prove
//! themselves; what only the operator's machine saw stands here.

use super::fields::{hex, unhex};
use crate::roster::holder_key::{HolderKey, Namespace, SigError};
use crate::roster::name::Name;
use crate::vault::manifest::Manifest;
use crate::vault::record::{Digest, Record, RecordError, RecordWriter, sign};
use crate::world::Timestamp;

/// The most bytes that minutes may have.
pub const MAX_MINUTES: usize = 256 << 10;

/// What the operator reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minutes {
    /// The vault.
    pub vault: [u8; 16],
    /// The request that was carried out.
    pub request: Digest,
    /// Its result.
    pub result: Digest,
    /// Who carried it out.
    pub operator: Name,
    /// On which machine.
    pub machine: String,
    /// With which program.
    pub program: String,
    /// When.
    pub performed: Timestamp,
    /// Whose shares were combined.
    pub used: Vec<Name>,
    /// Whose shares were refused as false.
    pub refused: Vec<Name>,
    /// What the worker said of its hardening.
    pub hardening: String,
    /// How long the session's process lived, in milliseconds.
    pub milliseconds: u64,
    /// Could any one root end the key alone? What a reader should know of a vault's revocations.
    pub any_root_may_revoke: bool,
    /// The newest minutes that the operator saw: a graph, as in git.
    pub heads: Vec<Digest>,
}

/// Why a file holds no minutes of this vault.
#[derive(Debug, thiserror::Error)]
pub enum MinutesError {
    /// The file's form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A field's value.
    #[error("the field '{0}' has no possible value")]
    Value(&'static str),
    /// Of another vault.
    #[error("minutes of another vault")]
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
}

impl Minutes {
    /// The signed file.
    ///
    /// # Errors
    /// [`MinutesError::Record`].
    pub fn sign(&self, key: &HolderKey) -> Result<Vec<u8>, MinutesError> {
        let payload = RecordWriter::new("minutes")
            .line("vault", hex(&self.vault))
            .line("request", self.request.to_string())
            .line("result", self.result.to_string())
            .line("operator", self.operator.to_string())
            .line("machine", &self.machine)
            .line("program", &self.program)
            .line("performed", self.performed.to_string())
            .line("used", names(&self.used))
            .line("refused", names(&self.refused))
            .line("hardening", &self.hardening)
            .line("milliseconds", self.milliseconds.to_string())
            .line("any-root-may-revoke", self.any_root_may_revoke.to_string())
            .line("heads", heads(&self.heads))
            .finish()?;
        Ok(sign(&payload, key, Namespace::Minutes)?)
    }

    /// Reads minutes and verifies them with a holder key of the operator's.
    ///
    /// # Errors
    /// [`MinutesError`].
    pub fn read(file: &[u8], manifest: &Manifest) -> Result<(Self, Digest), MinutesError> {
        let mut record = Record::parse(file, "minutes", MAX_MINUTES)?;
        let minutes = Self::fields(&mut record)?;
        if minutes.vault != manifest.vault_id {
            return Err(MinutesError::OtherVault);
        }
        let keys: Vec<_> = manifest
            .sets()
            .iter()
            .filter_map(|set| set.of(&minutes.operator))
            .map(|dealt| &dealt.holder_key)
            .collect();
        let mut verdict = Err(MinutesError::NotAHolder(minutes.operator.clone()));
        for key in keys {
            match record.verify(key, Namespace::Minutes) {
                Ok(()) => return Ok((minutes, record.digest())),
                Err(error) => {
                    let operator = minutes.operator.clone();
                    verdict = Err(MinutesError::Signature { operator, error });
                }
            }
        }
        verdict
    }

    fn fields(record: &mut Record) -> Result<Self, MinutesError> {
        let bad = MinutesError::Value;
        let vault = unhex(&record.take_line("vault")?).ok_or(bad("vault"))?;
        let request = record
            .take_line("request")?
            .parse()
            .map_err(|_| bad("request"))?;
        let result = record
            .take_line("result")?
            .parse()
            .map_err(|_| bad("result"))?;
        let operator = Name::parse(&record.take_line("operator")?).map_err(|_| bad("operator"))?;
        let machine = record.take_line("machine")?;
        let program = record.take_line("program")?;
        let performed = record
            .take_line("performed")?
            .parse()
            .map_err(|_| bad("performed"))?;
        let used = read_names(&record.take_line("used")?).ok_or(bad("used"))?;
        let refused = read_names(&record.take_line("refused")?).ok_or(bad("refused"))?;
        let hardening = record.take_line("hardening")?;
        let milliseconds = record
            .take_line("milliseconds")?
            .parse()
            .map_err(|_| bad("milliseconds"))?;
        let any_root_may_revoke = record
            .take_line("any-root-may-revoke")?
            .parse()
            .map_err(|_| bad("any-root-may-revoke"))?;
        let heads = read_heads(&record.take_line("heads")?).ok_or(bad("heads"))?;
        record.end()?;
        Ok(Self {
            vault,
            request,
            result,
            operator,
            machine,
            program,
            performed,
            used,
            refused,
            hardening,
            milliseconds,
            any_root_may_revoke,
            heads,
        })
    }
}

const NONE: &str = "none";

pub(super) fn names(list: &[Name]) -> String {
    let texts: Vec<&str> = list.iter().map(Name::as_str).collect();
    if texts.is_empty() {
        NONE.to_owned()
    } else {
        texts.join(" ")
    }
}

pub(super) fn read_names(text: &str) -> Option<Vec<Name>> {
    if text == NONE {
        return Some(Vec::new());
    }
    text.split(' ').map(|name| Name::parse(name).ok()).collect()
}

// At most a few heads are ever seen; more than fit a line would be an attack on the reader.
const MAX_HEADS: usize = 12;

pub(super) fn heads(list: &[Digest]) -> String {
    let texts: Vec<String> = list
        .iter()
        .take(MAX_HEADS)
        .map(ToString::to_string)
        .collect();
    if texts.is_empty() {
        NONE.to_owned()
    } else {
        texts.join(" ")
    }
}

pub(super) fn read_heads(text: &str) -> Option<Vec<Digest>> {
    if text == NONE {
        return Some(Vec::new());
    }
    let heads: Option<Vec<Digest>> = text.split(' ').map(|digest| digest.parse().ok()).collect();
    heads.filter(|heads| heads.len() <= MAX_HEADS)
}
