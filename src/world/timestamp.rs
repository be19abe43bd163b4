//! Time: whole seconds in UTC, written as RFC 3339.
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

const DAY: u64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z, never later than [`Timestamp::LATEST`].
///
/// The text form is the one of RFC 3339 with capital letters, no fraction and the zone `Z`:
/// `2026-06-08T09:14:00Z`. Reading is strict: only what printing would give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(u64);

/// The text is no time of the form `2026-06-08T09:14:00Z` (or no day `2026-06-08`) from 1970 to 9998.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time of the form 2026-06-08T09:14:00Z")]
pub struct NotATime;

impl Timestamp {
    /// The last second of the year 9998: all times up to it can be written and read back.
    pub const LATEST: Self = Self(253_370_764_799);

    /// The time so many seconds after 1970-01-01T00:00:00Z; none after [`Timestamp::LATEST`].
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds <= Self::LATEST.0 {
            Some(Self(seconds))
        } else {
            None
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The time in an OpenPGP packet (RFC 9580 § 3.5).
    pub const fn from_openpgp(seconds: u32) -> Self {
        Self(seconds as u64)
    }

    /// As an OpenPGP packet has it, 32 bits: none after February 2106.
    pub fn to_openpgp(self) -> Option<u32> {
        u32::try_from(self.0).ok()
    }

    /// So many seconds later, at most [`Timestamp::LATEST`].
    #[must_use]
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        match Self::from_seconds(self.0.saturating_add(seconds)) {
            Some(later) => later,
            None => Self::LATEST,
        }
    }

    /// So many days of 86,400 seconds later, at most [`Timestamp::LATEST`].
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        self.plus_seconds(days as u64 * DAY)
    }

    /// Seconds from an earlier time to this one; 0 if that one is later.
    pub const fn seconds_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Midnight UTC at which the day of the form `2026-06-08` begins.
    ///
    /// # Errors
    /// [`NotATime`] for everything else, a real day of the calendar only.
    pub fn from_day(text: &str) -> Result<Self, NotATime> {
        if text.len() != 10 {
            return Err(NotATime);
        }
        format!("{text}T00:00:00Z").parse()
    }

    /// The day in UTC, as `2026-06-08`.
    pub fn day(self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never an error: the type holds only what jiff can show.
        let seconds = i64::try_from(self.0).map_err(|_| fmt::Error)?;
        let shown = jiff::Timestamp::from_second(seconds).map_err(|_| fmt::Error)?;
        write!(f, "{shown}")
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        if text.len() != 20 {
            return Err(NotATime);
        }
        let read: jiff::Timestamp = text.parse().map_err(|_| NotATime)?;
        let seconds = u64::try_from(read.as_second()).map_err(|_| NotATime)?;
        let time = Self::from_seconds(seconds).ok_or(NotATime)?;
        // The parser is lenient (zones, leap seconds, small letters); one way to write it is enough.
        if time.to_string() == text {
            Ok(time)
        } else {
            Err(NotATime)
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = NotATime;
    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl From<SystemTime> for Timestamp {
    /// Drops the fraction. What lies before 1970 becomes 1970.
    fn from(time: SystemTime) -> Self {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Self(0).plus_seconds(since.as_secs())
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        SystemTime::UNIX_EPOCH + Duration::from_secs(time.0)
    }
}

/// What tells the time.
pub trait Clock: Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_one_way_to_write_a_time_is_read() {
        let time: Timestamp = "2026-06-08T09:14:00Z".parse().unwrap();
        assert_eq!(time.seconds(), 1_780_910_040);
        assert_eq!(
            Timestamp::from_day("2026-06-08")
                .unwrap()
                .plus_seconds(9 * 3600 + 14 * 60),
            time
        );
        for bad in [
            "",
            "2026-06-08",
            "2026-06-08 09:14:00Z",
            "2026-06-08t09:14:00z",
            "2026-06-08T09:14:60Z",
            "2026-06-08T09:14:00.5Z",
            "2026-06-08T09:14:00+00:00",
            "2026-02-30T09:14:00Z",
            "1969-12-31T23:59:59Z",
            "9999-01-01T00:00:00Z",
            " 2026-06-08T09:14:0Z",
            "2026-06-08T09:14:00Z\n",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(NotATime), "{bad:?}");
        }
        for bad in [
            "2026-6-8",
            "2026-02-29",
            "2026-06-08T",
            "20260608",
            "-026-06-08",
            "2026-06-08Z",
        ] {
            assert_eq!(Timestamp::from_day(bad), Err(NotATime), "{bad:?}");
        }
    }

    #[test]
    fn a_time_never_runs_over_its_range() {
        assert_eq!(Timestamp::LATEST.plus_days(1), Timestamp::LATEST);
        assert_eq!(Timestamp::LATEST.to_string(), "9998-12-31T23:59:59Z");
        assert_eq!(Timestamp::from_seconds(u64::MAX), None);
        assert_eq!(
            Timestamp::from_openpgp(u32::MAX).to_openpgp(),
            Some(u32::MAX)
        );
        assert_eq!(
            Timestamp::from_openpgp(u32::MAX)
                .plus_seconds(1)
                .to_openpgp(),
            None
        );
    }

    proptest! {
        #[test]
        fn every_time_survives_text_and_system_time(seconds in 0..=Timestamp::LATEST.0) {
            let time = Timestamp(seconds);
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            prop_assert_eq!(Timestamp::from(SystemTime::from(time)), time);
            prop_assert!(Timestamp::from_day(&time.day()).unwrap() <= time);
        }

        #[test]
        fn any_text_at_all_is_read_without_a_panic(text in "\\PC{0,24}") {
            let _ = text.parse::<Timestamp>();
            let _ = Timestamp::from_day(&text);
        }
    }
}
