//! What can be wrong with `team.toml`.

use std::fmt;

use thiserror::Error;

/// A place in `team.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// The setting with its table, for example `needed.master`.
    pub field: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands in a config file may be hostile.
        write!(f, "line {}, {}", self.line, self.field.escape_debug())
    }
}

/// What is wrong with the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// Nothing in it.
    #[error("empty")]
    Empty,
    /// More characters than allowed.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// Most bytes allowed.
        limit: usize,
    },
    /// Controls, or characters that change the direction of the text or can't be seen.
    #[error("has the character U+{code:04X}, which can't be seen or changes what is seen")]
    Invisible {
        /// The character.
        code: u32,
    },
    /// White space at an end.
    #[error("begins or ends with white space")]
    Edges,
    /// One of `<>{}` in the name of a cycle, or a brace in the user ID that is not of `{cycle}`.
    #[error("has the character {found:?} out of place")]
    Misplaced {
        /// The character.
        found: char,
    },
    /// A number outside its range.
    #[error("{found} is not between {least} and {most}")]
    Range {
        /// What stands there.
        found: i64,
        /// Least allowed.
        least: i64,
        /// Most allowed.
        most: i64,
    },
    /// A word that is none of those allowed.
    #[error("{found:?} is none of {}", .allowed.join(", "))]
    Word {
        /// What stands there.
        found: String,
        /// The words allowed.
        allowed: &'static [&'static str],
    },
    /// Not of the form `28 days`.
    #[error("not a number of days, as in \"28 days\"")]
    Days,
    /// Not the name of a root.
    #[error(
        "not a name: a lower-case letter, then at most 31 lower-case letters, digits and hyphens"
    )]
    Name,
    /// Not a date, as 2026-10-03.
    #[error("not a date alone, as in 2026-10-03")]
    Date,
    /// A last day that is not after that of the cycle before.
    #[error("not after the last day of the cycle before")]
    CycleOrder,
    /// Neither a fingerprint, nor a file in `keys/`, nor a passphrase.
    #[error(
        "neither an OpenPGP fingerprint (40 hexadecimal digits), nor a file in keys/, nor \"passphrase\""
    )]
    Seal,
    /// Not a fingerprint.
    #[error("not an OpenPGP fingerprint (40 hexadecimal digits)")]
    Fingerprint,
    /// A path that leads out of `keys/`, or into a folder below it.
    #[error("not a plain file name in keys/")]
    Path,
    /// The same key for two roots, who would be one.
    #[error("the same as that of {other}")]
    SameSeal {
        /// The root named before.
        other: String,
    },
    /// The same key to attest with for two roots, who would be one.
    #[error("{other} attests with the same key")]
    SameAttest {
        /// The root named before.
        other: String,
    },
    /// A threshold above the number of roots.
    #[error("{threshold} needed of {roots} roots")]
    MoreThanRoots {
        /// The threshold.
        threshold: u8,
        /// How many roots there are.
        roots: usize,
    },
    /// The threshold of the revocations above that of the master key.
    #[error("{revocation} needed to revoke, but {master} to do everything else")]
    MoreThanMaster {
        /// Needed to revoke.
        revocation: u8,
        /// Needed for the master key.
        master: u8,
    },
    /// Too few or too many of something.
    #[error("{found} of them, at least {least} and at most {most} are needed")]
    Count {
        /// How many there are.
        found: usize,
        /// Fewest allowed.
        least: usize,
        /// Most allowed.
        most: usize,
    },
}

/// Why `team.toml` is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Larger than any such file.
    #[error("{found} bytes, at most {limit} are allowed")]
    TooBig {
        /// Bytes found.
        found: usize,
        /// Most bytes allowed.
        limit: usize,
    },
    /// Not UTF-8, which is what TOML is written in.
    #[error("line {line} is not UTF-8 text")]
    NotText {
        /// Line, from 1.
        line: usize,
    },
    /// Not TOML, or a setting twice.
    #[error("line {line}, column {column}: {}", what.escape_debug())]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What the parser says.
        what: String,
    },
    /// Places that still hold what `quorate init` wrote.
    #[error("{} still to be filled in", .0.iter().map(Place::to_string).collect::<Vec<_>>().join("; "))]
    Unfilled(Vec<Place>),
    /// A setting that doesn't exist.
    #[error("{at}: unknown; the nearest known is {nearest}")]
    UnknownKey {
        /// Where, and what stands there.
        at: Place,
        /// The setting that was perhaps meant.
        nearest: String,
    },
    /// A setting that must be there.
    #[error("{field} is missing")]
    Missing {
        /// Which.
        field: String,
    },
    /// A value of another type.
    #[error("{at}: {wanted} is wanted, not {found}")]
    WrongType {
        /// Where.
        at: Place,
        /// For example `a string`.
        wanted: &'static str,
        /// For example `integer`.
        found: &'static str,
    },
    /// A value of the right type that is not allowed.
    #[error("{at}: {problem}")]
    Bad {
        /// Where.
        at: Place,
        /// What is wrong with it.
        problem: Problem,
    },
}
