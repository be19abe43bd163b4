//! `team.toml`: the whole input of `create`, read strictly.

use jiff::ToSpan;
use jiff::civil::Date;
use sequoia_openpgp::Fingerprint;
use thiserror::Error;

pub use super::config_error::{ConfigError, Place, Problem};
use super::config_read;
use super::name::Name;

/// Most bytes of `team.toml`: 256 KiB.
pub const MAX_CONFIG: usize = 256 << 10;
/// Most months that a key lives.
pub const MAX_MONTHS: i32 = 13;
/// Most roots; a seat is one byte that is not zero.
pub const MAX_ROOTS: usize = 255;

/// Stands for the cycle's name in the user ID.
pub(super) const CYCLE: &str = "{cycle}";
const DAY: u64 = 86_400;

/// The config, valid as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `key.user-id`, perhaps with `{cycle}` in it; see [`Config::user_id`].
    pub user_id: String,
    /// `key.algorithm`.
    pub algorithm: Algorithm,
    /// `key.outlives`, in days.
    pub outlives: u16,
    /// `[cycles]`, at least one, by last day.
    pub cycles: Vec<Cycle>,
    /// `needed.master`: at least 2, at most the number of roots.
    pub master: u8,
    /// `needed.revocation`: at least 2, at most `master`.
    pub revocation: u8,
    /// `policy.attest`.
    pub attest: Attest,
    /// `policy.request-days`, 1 to 14.
    pub request_days: u8,
    /// `policy.any-root-may-revoke`: each root gets a copy of the key's revocations, to be used alone.
    pub any_root_may_revoke: bool,
    /// `[root.NAME]`, 2 to 255, in the order of the file. No two have the same seal, no two attest with the
    /// same key.
    pub roots: Vec<Root>,
}

/// The master key's algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// EdDSA over Curve25519, in a v4 key.
    Ed25519,
    /// RSA of 4096 bits, in a v4 key.
    Rsa4096,
}

/// How many roots have to sign the key before it enters service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attest {
    /// Nobody has to.
    None,
    /// More than half of all roots, also of those who can't.
    Majority,
    /// So many, at least one.
    Number(u8),
}

impl Attest {
    /// So many of this number of roots are needed.
    #[must_use]
    pub fn needed(self, roots: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Majority => roots / 2 + 1,
            Self::Number(number) => number.into(),
        }
    }
}

/// A cycle of releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    /// As it stands in the user ID.
    pub name: String,
    /// The last day, which still belongs to it.
    pub last_day: Date,
}

/// A root of the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The name, `[root.NAME]`.
    pub name: Name,
    /// Where the shares go.
    pub seal: Seal,
    /// The OpenPGP key to attest with, if one is named.
    pub attest: Option<Fingerprint>,
    /// The line of `[root.NAME]`, for messages about the key.
    pub line: usize,
}

impl Root {
    /// The OpenPGP key that this root attests with: the one that is named, else the one that shares are
    /// sealed to.
    #[must_use]
    pub fn attest_key(&self) -> Option<&Fingerprint> {
        self.attest.as_ref().or(match &self.seal {
            Seal::OpenPgp(fingerprint) => Some(fingerprint),
            Seal::File(_) | Seal::Passphrase => None,
        })
    }
}

/// Where a root's shares go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// To the OpenPGP certificate with this primary key, somewhere in `keys/`.
    OpenPgp(Fingerprint),
    /// To what stands in `keys/NAME`; here the file name alone.
    File(String),
    /// To a passphrase that is typed when the vault is made.
    Passphrase,
}

/// No expiry can be given.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExpiryError {
    /// The cycle is over at the time of making.
    #[error("the cycle ended on {last_day}")]
    Over {
        /// Its last day.
        last_day: Date,
    },
    /// The key would live longer than 13 months.
    #[error("would expire on {expiry}, at most {latest} is allowed")]
    TooLate {
        /// When it would expire.
        expiry: Date,
        /// Thirteen months after it is made.
        latest: Date,
    },
    /// A time out of all bounds.
    #[error("a time out of all bounds")]
    OutOfBounds,
}

/// The commented `team.toml` that `init` writes. It names what is still to be filled in, and is refused until that is done.
#[must_use]
pub fn template() -> &'static str {
    include_str!("team.toml")
}

impl Config {
    /// Reads `team.toml`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], the first in the order of the rules; of places still to be filled in, all.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        if bytes.len() > MAX_CONFIG {
            return Err(ConfigError::TooBig {
                found: bytes.len(),
                limit: MAX_CONFIG,
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|b| **b == b'\n').count();
            ConfigError::NotText { line }
        })?;
        config_read::read(text)
    }

    /// The user ID for a cycle.
    #[must_use]
    pub fn user_id(&self, cycle: &Cycle) -> String {
        self.user_id.replace(CYCLE, &cycle.name)
    }

    /// The first cycle that is not over at a time (seconds since 1970); days begin at midnight UTC.
    #[must_use]
    pub fn cycle_at(&self, now: u64) -> Option<&Cycle> {
        self.cycles
            .iter()
            .find(|cycle| now < end_of(cycle.last_day))
    }

    /// When the key of a cycle expires, in seconds since 1970: at the end of the day (UTC), so many days after the last one.
    ///
    /// # Errors
    ///
    /// [`ExpiryError`] if the cycle is over at `created` (seconds since 1970), or the key would live more than 13 months.
    pub fn key_expiry(&self, cycle: &Cycle, created: u64) -> Result<u64, ExpiryError> {
        if created >= end_of(cycle.last_day) {
            return Err(ExpiryError::Over {
                last_day: cycle.last_day,
            });
        }
        let out = |_| ExpiryError::OutOfBounds;
        let days = i32::from(self.outlives).days();
        let expiry = cycle.last_day.checked_add(days).map_err(out)?;
        let created = i64::try_from(created).map_err(|_| ExpiryError::OutOfBounds)?;
        let created = jiff::Timestamp::from_second(created).map_err(out)?;
        let today = jiff::tz::Offset::UTC.to_datetime(created).date();
        let latest = today.checked_add(MAX_MONTHS.months()).map_err(out)?;
        if expiry > latest {
            return Err(ExpiryError::TooLate { expiry, latest });
        }
        // The last second of that day, so that every reader in UTC shows that date.
        Ok(end_of(expiry) - 1)
    }
}

/// The first second that no longer belongs to a day.
fn end_of(day: Date) -> u64 {
    let since = day.duration_since(Date::constant(1970, 1, 1)).as_secs();
    u64::try_from(since).unwrap_or(0) + DAY
}
