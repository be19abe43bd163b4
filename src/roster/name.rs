//! The short name of a root, as it stands in `team.toml` and in file names.

use std::fmt;

use thiserror::Error;

/// Most characters of a name.
pub const MAX_NAME: usize = 32;

/// A root's name: `[a-z][a-z0-9-]{0,31}`. Safe in a file name, a line of evidence and a terminal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Not a name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("not a name: a lower-case letter, then at most 31 lower-case letters, digits and hyphens")]
pub struct NameError;

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    ///
    /// [`NameError`] if it is not `[a-z][a-z0-9-]{0,31}`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let letters = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let starts = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if !starts || text.len() > MAX_NAME || !text.bytes().all(letters) {
            return Err(NameError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_lower_case_words() {
        for good in ["a", "anna", "anna-2", "a--", &"z".repeat(32)] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        let long = "z".repeat(33);
        for bad in [
            "",
            "Anna",
            "2a",
            "-a",
            "a.b",
            "a/b",
            "a b",
            "ä",
            "a\n",
            "a\u{202e}",
            &long,
        ] {
            assert_eq!(Name::parse(bad), Err(NameError), "{bad:?}");
        }
    }
}
