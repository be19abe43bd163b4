//! What lies in a sealed share: the share, its practice share, and the holder key.
//!
//! ```text
//! quorate sealed share 1
//!
//! -----BEGIN QUORATE SHARE-----
//! …
//! -----END QUORATE SHARE-----
//!
//! -----BEGIN QUORATE PRACTICE SHARE-----
//! …
//! -----END QUORATE PRACTICE SHARE-----
//!
//! -----BEGIN OPENSSH PRIVATE KEY-----
//! …
//! -----END OPENSSH PRIVATE KEY-----
//! ```

use thiserror::Error;
use zeroize::Zeroizing;

use super::holder_key::{HolderKey, HolderKeyError};

/// Most bytes of such a text: 64 KiB.
pub const MAX_SEALED_SHARE: usize = 64 << 10;

const TITLE: &str = "quorate sealed share 1";
const TITLE_START: &str = "quorate sealed share ";

/// One part of the text: a block between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The share.
    Share,
    /// The practice share.
    Practice,
    /// The holder key.
    HolderKey,
}

impl Part {
    fn label(self) -> &'static str {
        match self {
            Self::Share => "QUORATE SHARE",
            Self::Practice => "QUORATE PRACTICE SHARE",
            Self::HolderKey => "OPENSSH PRIVATE KEY",
        }
    }
}

/// Why a text is not a sealed share. Tells positions and nothing of the text.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SealedShareError {
    /// Larger than [`MAX_SEALED_SHARE`].
    #[error("larger than {limit} bytes")]
    TooBig {
        /// Most bytes allowed.
        limit: usize,
    },
    /// Not UTF-8, or with a carriage return.
    #[error("not a text with plain line ends")]
    NotText,
    /// The first line is another.
    #[error("not a sealed share")]
    NotASealedShare,
    /// Written by a later version of this program.
    #[error("a sealed share of another version")]
    OtherVersion,
    /// Not what should stand on this line: the text was cut, altered or added to.
    #[error("line {line}: {part:?} should begin, go on or end here")]
    Misplaced {
        /// Line, from 1.
        line: usize,
        /// The part that was being read.
        part: Part,
    },
    /// More after the end.
    #[error("line {line}: text after the end")]
    Trailing {
        /// Line, from 1.
        line: usize,
    },
    /// The holder key can't be read.
    #[error("holder key: {0}")]
    HolderKey(#[from] HolderKeyError),
}

/// The three parts of a sealed share. Wiped when dropped.
pub struct SealedShare {
    /// The share in its armour, with a line feed at the end.
    pub share_text: Zeroizing<String>,
    /// The practice share in its armour, with a line feed at the end.
    pub practice_text: Zeroizing<String>,
    /// The key that signs for this share.
    pub holder_key: HolderKey,
}

impl SealedShare {
    /// Writes the text that is sealed.
    ///
    /// # Errors
    ///
    /// What [`SealedShare::parse`] would say about the result; none if the parts are what they should be.
    pub fn to_text(&self) -> Result<Zeroizing<String>, SealedShareError> {
        let key = self.holder_key.to_text()?;
        let parts = [
            TITLE,
            "\n\n",
            &self.share_text,
            "\n",
            &self.practice_text,
            "\n",
            &key,
        ];
        // One allocation of the right size, so that no copy is left behind when it grows.
        let size = parts.iter().map(|part| part.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(size));
        for part in parts {
            text.push_str(part);
        }
        Self::parse(text.as_bytes())?;
        Ok(text)
    }

    /// Reads the text, and nothing that differs from what [`SealedShare::to_text`] writes.
    ///
    /// The shares' own texts are not looked into.
    ///
    /// # Errors
    ///
    /// [`SealedShareError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SealedShareError> {
        if bytes.len() > MAX_SEALED_SHARE {
            return Err(SealedShareError::TooBig {
                limit: MAX_SEALED_SHARE,
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SealedShareError::NotText)?;
        if text.contains('\r') {
            return Err(SealedShareError::NotText);
        }
        let Some(rest) = text
            .strip_prefix(TITLE)
            .and_then(|rest| rest.strip_prefix('\n'))
        else {
            return Err(
                if text.starts_with(TITLE_START) && !text.starts_with(TITLE) {
                    SealedShareError::OtherVersion
                } else {
                    SealedShareError::NotASealedShare
                },
            );
        };
        let mut lines = Lines { rest, line: 1 };
        let share_text = lines.block(Part::Share)?;
        let practice_text = lines.block(Part::Practice)?;
        let key = lines.block(Part::HolderKey)?;
        if !lines.rest.is_empty() {
            return Err(SealedShareError::Trailing {
                line: lines.line + 1,
            });
        }
        Ok(Self {
            share_text: Zeroizing::new(share_text.to_owned()),
            practice_text: Zeroizing::new(practice_text.to_owned()),
            holder_key: HolderKey::parse(key)?,
        })
    }
}

/// What is still to be read, and the number of the last line that was.
struct Lines<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Lines<'a> {
    /// Takes one line without its line feed; `None` if there is no whole one.
    fn next(&mut self) -> Option<&'a str> {
        self.line += 1;
        let (line, rest) = self.rest.split_once('\n')?;
        self.rest = rest;
        Some(line)
    }

    /// Takes an empty line and the block that follows, and gives the block.
    fn block(&mut self, part: Part) -> Result<&'a str, SealedShareError> {
        let misplaced = |line| SealedShareError::Misplaced { line, part };
        if self.next() != Some("") {
            return Err(misplaced(self.line));
        }
        let block = self.rest;
        let marks = |line: &str, edge: &str| {
            line.strip_prefix(edge)
                .and_then(|line| line.strip_suffix("-----"))
                .is_some_and(|label| label == part.label())
        };
        if !self.next().is_some_and(|line| marks(line, "-----BEGIN ")) {
            return Err(misplaced(self.line));
        }
        loop {
            match self.next() {
                Some(line) if marks(line, "-----END ") => {
                    return Ok(&block[..block.len() - self.rest.len()]);
                }
                Some(line) if !line.starts_with('-') => {}
                _ => return Err(misplaced(self.line)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHARE: &str = "-----BEGIN QUORATE SHARE-----\nAAAA\n-----END QUORATE SHARE-----\n";
    const PRACTICE: &str =
        "-----BEGIN QUORATE PRACTICE SHARE-----\nBBBB\n-----END QUORATE PRACTICE SHARE-----\n";

    fn sealed() -> SealedShare {
        SealedShare {
            share_text: Zeroizing::new(SHARE.to_owned()),
            practice_text: Zeroizing::new(PRACTICE.to_owned()),
            holder_key: HolderKey::generate(&mut [5; 32]),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = sealed().to_text().unwrap();
        let again = SealedShare::parse(text.as_bytes()).unwrap();
        assert_eq!(*again.share_text, SHARE);
        assert_eq!(*again.practice_text, PRACTICE);
        assert_eq!(again.holder_key.public(), sealed().holder_key.public());
        assert_eq!(*again.to_text().unwrap(), *text);
    }

    #[test]
    fn a_text_cut_anywhere_is_refused() {
        let text = sealed().to_text().unwrap();
        for at in 0..text.len() {
            assert!(SealedShare::parse(&text.as_bytes()[..at]).is_err(), "{at}");
        }
    }

    #[test]
    fn nothing_outside_the_three_blocks_may_differ() {
        let text = sealed().to_text().unwrap();
        for at in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[at] ^= 1;
            // What lies inside the two share texts is for their own parser.
            let inside = &text[at.saturating_sub(5)..(at + 5).min(text.len())];
            if !inside.contains("AAAA") && !inside.contains("BBBB") {
                assert!(SealedShare::parse(&bytes).is_err(), "{at}");
            }
        }
    }

    #[test]
    fn a_real_share_and_a_practice_share_cannot_stand_for_each_other() {
        let text = sealed().to_text().unwrap();
        let swapped = text.replace("PRACTICE SHARE", "SHARE");
        assert_eq!(
            SealedShare::parse(swapped.as_bytes()).err(),
            Some(SealedShareError::Misplaced {
                line: 7,
                part: Part::Practice
            })
        );
        let mut wrong = sealed();
        wrong.share_text = wrong.practice_text.clone();
        assert!(wrong.to_text().is_err());
    }

    #[test]
    fn parts_that_do_not_end_with_their_line_are_not_written() {
        for bad in [
            "",
            "x",
            SHARE.trim_end(),
            &format!("{SHARE}\n"),
            &SHARE.replace('\n', "\r\n"),
        ] {
            let mut wrong = sealed();
            wrong.share_text = Zeroizing::new(bad.to_owned());
            assert!(wrong.to_text().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_errors_say_where_and_not_what() {
        let text = sealed().to_text().unwrap();
        let error = |text: &str| SealedShare::parse(text.as_bytes()).err().unwrap();
        assert_eq!(error(""), SealedShareError::NotASealedShare);
        assert_eq!(error("hello\n"), SealedShareError::NotASealedShare);
        let later = text.replacen("share 1", "share 2", 1);
        assert_eq!(error(&later), SealedShareError::OtherVersion);
        assert_eq!(
            error(&text.replace('\n', "\r\n")),
            SealedShareError::NotText
        );
        let line = text.lines().count() + 1;
        assert_eq!(
            error(&format!("{}x", *text)),
            SealedShareError::Trailing { line }
        );
        let big = "a".repeat(MAX_SEALED_SHARE + 1);
        let limit = MAX_SEALED_SHARE;
        assert_eq!(error(&big), SealedShareError::TooBig { limit });
        assert_eq!(
            SealedShare::parse(b"\xff\xfeq\0").err(),
            Some(SealedShareError::NotText)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes: Vec<u8>, cut in 0usize..200) {
            prop_assert!(SealedShare::parse(&bytes).is_err());
            let text = sealed().to_text().unwrap();
            let mut mixed = text.as_bytes()[..cut].to_vec();
            mixed.extend_from_slice(&bytes);
            prop_assert!(SealedShare::parse(&mixed).is_err());
        }
    }
}
