//! The share as text (`SPEC.md` § 3): armour, information lines, numbered lines of base32 with check characters, and a check of the whole.

mod normal;
mod read;
mod write;

pub use read::find_all;

use sha2::{Digest, Sha256};

use crate::body::BodyError;
use crate::share::Share;
use crate::values::Kind;

/// The longest text that is read, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;

/// Data characters in a full line.
const PER_LINE: usize = 24;

/// Characters between two blanks.
const GROUP: usize = 4;

/// Lines between the armour's head and the first numbered line.
const INFORMATION: usize = 3;

/// The most numbered lines there can be: the longest body has 1085 bytes, 1736 characters.
const MAX_LINES: usize = 73;

/// Characters of the check over the whole, 60 bits.
const WHOLE: usize = 12;

/// What the check line has where the others have their number.
const CHECK_LABEL: &str = "ck";

/// Keeps the whole check apart from the commitment, which is public.
const WHOLE_DOMAIN: &[u8] = b"quorate-share text v1\0";

/// A text that isn't one share. Positions only, never a part of the text; lines of the text count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// More than [`MAX_TEXT`] bytes.
    #[error("{size} bytes of text")]
    TooLarge {
        /// The text's size in bytes.
        size: usize,
    },
    /// Nothing but blanks.
    #[error("nothing in it")]
    Empty,
    /// Text of 16 bits a character.
    #[error("UTF-16 text")]
    Utf16,
    /// A zero byte: not text.
    #[error("a zero byte at offset {offset}")]
    Binary {
        /// Where it is, from 0.
        offset: usize,
    },
    /// Text without a share.
    #[error("no share in it")]
    NoShare,
    /// The armour's end without its begin.
    #[error("an end without a begin in line {line}")]
    BeginMissing {
        /// The line of the end.
        line: usize,
    },
    /// The armour's begin without its end: cut off.
    #[error("a begin without an end in line {line}")]
    EndMissing {
        /// The line of the begin.
        line: usize,
    },
    /// Begins as a share and ends as a practice share, or the reverse.
    #[error("the end in line {line} is of another sort than its begin")]
    EndDiffers {
        /// The line of the end.
        line: usize,
    },
    /// More than one share where one was asked for.
    #[error("{count} different shares")]
    Several {
        /// How many different ones.
        count: usize,
    },
    /// No numbered line within the armour.
    #[error("no numbered lines after line {line}")]
    NoLines {
        /// The line of the begin.
        line: usize,
    },
    /// More numbered lines than any share has.
    #[error("too many lines in line {line}")]
    TooManyLines {
        /// The first line too many.
        line: usize,
    },
    /// A numbered line is missing, doubled or out of its place.
    #[error("number {found} instead of {expected} in line {line}")]
    Number {
        /// Where it is.
        line: usize,
        /// The number whose turn it is.
        expected: u8,
        /// The number that is there.
        found: u8,
    },
    /// Neither numbered nor the check line.
    #[error("line {line} is not of the share")]
    Stray {
        /// Where it is.
        line: usize,
    },
    /// The check line is missing.
    #[error("the check line is missing before line {line}")]
    CheckMissing {
        /// The line of the end.
        line: usize,
    },
    /// Some lines are damaged; all others are good.
    #[error("{}", damage(lines, *of))]
    Damaged {
        /// The damaged ones, in their order.
        lines: Vec<DamagedLine>,
        /// How many numbered lines there are.
        of: u8,
    },
    /// Every line is good, but they don't belong together: lines of different shares.
    #[error("good lines that do not belong together")]
    Whole,
    /// The lines between head and first number are not three.
    #[error("{found} information lines")]
    InformationLines {
        /// How many there are.
        found: usize,
    },
    /// An information line says other than the share itself.
    #[error("the information in line {line} is not what the share says")]
    Information {
        /// Where it is.
        line: usize,
    },
    /// A practice share in the armour of a real one, or the reverse.
    #[error("the armour in line {line} is not that of a {kind} share")]
    Armour {
        /// The line of the begin.
        line: usize,
        /// The kind that the share says it is.
        kind: Kind,
    },
    /// The text is whole, but what it carries breaks a rule.
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// Which of a share's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The line of this number.
    Line(u8),
    /// The check line at the end.
    CheckLine,
}

/// A damaged line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DamagedLine {
    /// Which one.
    pub place: Place,
    /// Its line in the text, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: LineFault,
}

/// What is wrong with a line. Characters count from 1, from the first after the number, blanks left out: the fifth begins the second group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineFault {
    /// A character that no share has (such as 0, 1, 8 and 9).
    Foreign {
        /// Which one.
        character: usize,
    },
    /// Too many or too few characters.
    Length {
        /// How many there are.
        found: usize,
        /// The first group that hasn't four, from 1, if any.
        group: Option<usize>,
    },
    /// This character is wrong.
    One {
        /// Which one.
        character: usize,
    },
    /// These two are wrong, or exchanged. A false trail if it is three that are wrong and they look so.
    Two {
        /// The one.
        first: usize,
        /// The other.
        second: usize,
    },
    /// Another line's characters under this number.
    OtherLine,
    /// More than two wrong characters; where can't be said.
    Many,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::CheckLine => f.write_str("the check line"),
        }
    }
}

impl std::fmt::Display for LineFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Foreign { character } => write!(f, "impossible character {character}"),
            Self::Length { found, group } => {
                write!(f, "{found} characters")?;
                group.map_or(Ok(()), |group| write!(f, ", see group {group}"))
            }
            Self::One { character } => write!(f, "near character {character}"),
            Self::Two { first, second } => write!(f, "near characters {first} and {second}"),
            Self::OtherLine => f.write_str("another line's characters"),
            Self::Many => f.write_str("in several places"),
        }
    }
}

fn damage(lines: &[DamagedLine], of: u8) -> String {
    let each: Vec<String> = lines
        .iter()
        .map(|damaged| match damaged.place {
            Place::Line(number) => format!("line {number} of {of} is damaged, {}", damaged.fault),
            Place::CheckLine => format!("the check line is damaged, {}", damaged.fault),
        })
        .collect();
    each.join("; ")
}

/// The name in the armour of a kind's shares.
fn armour_name(kind: Kind) -> &'static str {
    if kind.is_practice() {
        "QUORATE PRACTICE SHARE"
    } else {
        "QUORATE SHARE"
    }
}

/// What the information lines say, without line ends.
fn information(share: &Share) -> [String; INFORMATION] {
    let header = share.header();
    let purpose = match header.kind {
        Kind::Master => "share for the master key",
        Kind::Revocation => "share for the revocations",
        Kind::PracticeMaster => "practice share for the master key",
        Kind::PracticeRevocation => "practice share for the revocations",
    };
    [
        format!(
            "{purpose}, seat {}, {} seats needed, generation {}",
            share.seat(),
            header.threshold,
            header.generation
        ),
        format!("key {}", header.fingerprint),
        format!("set {}", header.set),
    ]
}

/// The symbols of the check over the whole: the first 60 bits of a SHA-256 of the body.
fn whole_check(body: &[u8]) -> [u8; WHOLE] {
    let mut hash = Sha256::new();
    hash.update(WHOLE_DOMAIN);
    hash.update(body);
    let digest = hash.finalize();
    let bits = digest
        .iter()
        .take(8)
        .fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    std::array::from_fn(|i| (bits >> (59 - 5 * i)) as u8 & 31)
}
