//! The text that all evidence has: a head line, fields in a fixed order, a signature.
//!
//! ```text
//! quorate receipt 1
//! holder: anna
//! drafts:
//!  AAAA…
//! -----BEGIN SSH SIGNATURE-----
//! ```
//!
//! The signature (SSHSIG) covers every byte before its first line, so that the stock `ssh-keygen
//! -Y verify` checks it. There is one text for one content; anything else is refused.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use sha2::{Digest as _, Sha256};

use crate::roster::holder_key::{HolderKey, HolderPublic, Namespace, SigError};
use crate::world::safe_text::is_harmless;

/// Where the signature begins.
const SIGNATURE: &str = "-----BEGIN SSH SIGNATURE-----";
/// Base64 characters on a line of a block.
const WIDTH: usize = 76;
/// The bytes that they stand for.
const LINE_BYTES: usize = WIDTH / 4 * 3;
/// A whole line of a block: a space, the characters, a line feed.
const LINE: usize = WIDTH + 2;
/// The most bytes that a one-line value may have.
pub const MAX_LINE: usize = 1024;
/// The version that this program writes and reads.
pub const VERSION: u32 = 1;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first seven hexadecimal digits: how people name it.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string()[..7].to_owned()
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Not 64 lower-case hexadecimal digits.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not 64 lower-case hexadecimal digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NotADigest)?;
        Ok(Self(bytes.try_into().map_err(|_| NotADigest)?))
    }
}

/// Why a text is no evidence of its kind.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecordError {
    /// Over the limit, in bytes.
    #[error("larger than {limit} bytes")]
    TooBig {
        /// The limit.
        limit: usize,
    },
    /// Empty.
    #[error("empty")]
    Empty,
    /// Not UTF-8: binary, or UTF-16.
    #[error("not a UTF-8 text")]
    NotText,
    /// Another kind of file.
    #[error("no {wanted}")]
    NotThisKind {
        /// What it should be.
        wanted: &'static str,
    },
    /// Of a version to come.
    #[error("of version {0}; this program reads version {VERSION}")]
    Version(u32),
    /// A line that can't stand there.
    #[error("line {line} is damaged")]
    BadLine {
        /// From 1.
        line: usize,
    },
    /// Another field was due.
    #[error("the field '{expected}' is missing or not in its place")]
    Field {
        /// The field that was due.
        expected: &'static str,
    },
    /// A field too many.
    #[error("a field too many")]
    TrailingField,
    /// A value that can't be written on a line.
    #[error("the value of '{0}' can't be written")]
    Value(&'static str),
    /// No signature where one is needed.
    #[error("unsigned")]
    Unsigned,
    /// The signature couldn't be made.
    #[error("it could not be signed")]
    NotSigned,
}

/// Writes the text of a piece of evidence.
pub struct RecordWriter {
    text: Vec<u8>,
    bad: Option<&'static str>,
}

impl RecordWriter {
    /// Begins one of this kind.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self {
            text: format!("quorate {kind} {VERSION}\n").into_bytes(),
            bad: None,
        }
    }

    /// A value on a line.
    #[must_use]
    pub fn line(mut self, name: &'static str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if !is_line_value(value) {
            self.bad = self.bad.or(Some(name));
        }
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b": ");
        self.text.extend_from_slice(value.as_bytes());
        self.text.push(b'\n');
        self
    }

    /// Bytes, in base64 on lines that begin with a space.
    #[must_use]
    pub fn block(mut self, name: &'static str, bytes: &[u8]) -> Self {
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b":\n");
        // Growing by doubling would take three times the memory of a block of megabytes.
        self.text
            .reserve_exact((bytes.len() / LINE_BYTES + 1) * LINE);
        for piece in bytes.chunks(LINE_BYTES) {
            let mut line = [0_u8; WIDTH];
            let length = BASE64.encode_len(piece.len());
            BASE64.encode_mut(piece, &mut line[..length]);
            self.text.push(b' ');
            self.text.extend_from_slice(&line[..length]);
            self.text.push(b'\n');
        }
        self
    }

    /// The text.
    ///
    /// # Errors
    /// [`RecordError::Value`] if a value can't stand on a line.
    pub fn finish(self) -> Result<Vec<u8>, RecordError> {
        match self.bad {
            Some(name) => Err(RecordError::Value(name)),
            None => Ok(self.text),
        }
    }
}

/// May this stand on a line: not empty, no blanks around, nothing that a terminal obeys?
fn is_line_value(value: &str) -> bool {
    !value.is_empty() && value.len() <= MAX_LINE && value.trim() == value && is_harmless(value)
}

/// The text with its signature.
///
/// # Errors
/// [`RecordError::NotSigned`].
pub fn sign(payload: &[u8], key: &HolderKey, namespace: Namespace) -> Result<Vec<u8>, RecordError> {
    let armor = key
        .sign(namespace, payload)
        .map_err(|_| RecordError::NotSigned)?;
    let mut file = Vec::with_capacity(payload.len() + armor.len() + 1);
    file.extend_from_slice(payload);
    file.extend_from_slice(armor.as_bytes());
    if !armor.ends_with('\n') {
        file.push(b'\n');
    }
    Ok(file)
}

/// A piece of evidence that is being read, field by field.
pub struct Record<'a> {
    payload: &'a str,
    signature: Option<&'a str>,
    rest: &'a str,
    line: usize,
}

impl<'a> Record<'a> {
    /// Looks at the head line and finds the signature, if there is one.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn parse(file: &'a [u8], kind: &'static str, limit: usize) -> Result<Self, RecordError> {
        if file.len() > limit {
            return Err(RecordError::TooBig { limit });
        }
        if file.is_empty() {
            return Err(RecordError::Empty);
        }
        let text = std::str::from_utf8(file).map_err(|_| RecordError::NotText)?;
        // Every line ends in a line feed, and no field begins with a dash, so the first line that
        // does is the signature's.
        let start = text.find("\n-----BEGIN").map_or(text.len(), |at| at + 1);
        let (payload, signature) = text.split_at(start);
        if !signature.is_empty() && !signature.starts_with(SIGNATURE) {
            return Err(RecordError::NotThisKind { wanted: kind });
        }
        let (head, rest) = payload
            .split_once('\n')
            .ok_or(RecordError::NotThisKind { wanted: kind })?;
        let version = head
            .strip_prefix("quorate ")
            .and_then(|head| head.strip_prefix(kind))
            .and_then(|head| head.strip_prefix(' '))
            .ok_or(RecordError::NotThisKind { wanted: kind })?;
        match version.parse::<u32>() {
            Ok(VERSION) if version == "1" => (),
            Ok(other) if other > VERSION => return Err(RecordError::Version(other)),
            _ => return Err(RecordError::BadLine { line: 1 }),
        }
        let signature = (!signature.is_empty()).then_some(signature);
        Ok(Self {
            payload,
            signature,
            rest,
            line: 1,
        })
    }

    fn next_line(&mut self, expected: &'static str) -> Result<&'a str, RecordError> {
        self.line += 1;
        let (line, rest) = self
            .rest
            .split_once('\n')
            .ok_or(RecordError::Field { expected })?;
        let value = line
            .strip_prefix(expected)
            .and_then(|line| line.strip_prefix(':'))
            .ok_or(RecordError::Field { expected })?;
        self.rest = rest;
        Ok(value)
    }

    /// Is the next field of this name? For fields that not every piece of evidence has.
    #[must_use]
    pub fn is_next(&self, name: &str) -> bool {
        let rest = self.rest.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(':'))
    }

    /// The value of the next field, which must be of this name.
    ///
    /// # Errors
    /// [`RecordError::Field`], [`RecordError::BadLine`].
    pub fn take_line(&mut self, name: &'static str) -> Result<String, RecordError> {
        let value = self.next_line(name)?;
        match value.strip_prefix(' ') {
            Some(value) if is_line_value(value) => Ok(value.to_owned()),
            _ => Err(RecordError::BadLine { line: self.line }),
        }
    }

    /// The bytes of the next field, which must be of this name.
    ///
    /// # Errors
    /// [`RecordError::Field`], [`RecordError::BadLine`].
    pub fn take_block(&mut self, name: &'static str) -> Result<Vec<u8>, RecordError> {
        if !self.next_line(name)?.is_empty() {
            return Err(RecordError::BadLine { line: self.line });
        }
        // Room for all that may follow, which lies in memory already.
        let mut bytes = Vec::with_capacity((self.rest.len() / LINE + 1) * LINE_BYTES);
        let mut last_was_full = true;
        while let Some(after) = self.rest.strip_prefix(' ') {
            self.line += 1;
            let bad = RecordError::BadLine { line: self.line };
            let Some((line, rest)) = after.split_once('\n') else {
                return Err(bad);
            };
            if !last_was_full || line.is_empty() || line.len() > WIDTH {
                return Err(bad);
            }
            last_was_full = line.len() == WIDTH && !line.ends_with('=');
            let mut piece = [0_u8; LINE_BYTES];
            let Ok(room) = BASE64.decode_len(line.len()) else {
                return Err(bad);
            };
            let Ok(length) = BASE64.decode_mut(line.as_bytes(), &mut piece[..room]) else {
                return Err(bad);
            };
            bytes.extend_from_slice(&piece[..length]);
            self.rest = rest;
        }
        Ok(bytes)
    }

    /// There must be no further field.
    ///
    /// # Errors
    /// [`RecordError::TrailingField`].
    pub fn end(&self) -> Result<(), RecordError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(RecordError::TrailingField)
        }
    }

    /// What the signature covers.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload.as_bytes()
    }

    /// SHA-256 of what the signature covers: the identity of the piece of evidence.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.payload())
    }

    /// Is it signed by this key, for this purpose?
    ///
    /// # Errors
    /// [`SigError`]; an unsigned record has [`SigError::NotASignature`].
    pub fn verify(&self, key: &HolderPublic, namespace: Namespace) -> Result<(), SigError> {
        key.verify(
            namespace,
            self.payload(),
            self.signature.ok_or(SigError::NotASignature)?,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_survives_the_way_and_no_changed_byte_is_overlooked(
            value in "[a-z0-9][a-z0-9 ]{0,30}[a-z0-9]",
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            change in 1..=255_u8,
        ) {
            let text = RecordWriter::new("receipt")
                .line("a", &value).block("b", &bytes).line("c", "1").finish().unwrap();
            let read = |file: &[u8]| -> Result<(String, Vec<u8>, String), RecordError> {
                let mut record = Record::parse(file, "receipt", 10_000)?;
                let parts = (record.take_line("a")?, record.take_block("b")?, record.take_line("c")?);
                record.end()?;
                Ok(parts)
            };
            let expected = (value, bytes, "1".to_owned());
            prop_assert_eq!(read(&text), Ok(expected.clone()));
            for position in 0..text.len() {
                let mut changed = text.clone();
                changed[position] ^= change;
                prop_assert_ne!(read(&changed), Ok(expected.clone()));
                prop_assert!(read(&text[..position]).is_err());
            }
        }
    }

    #[test]
    fn what_a_terminal_obeys_can_not_be_written() {
        for value in ["", " a", "a\nb", "a\u{1b}[2J", "a\u{202e}b"] {
            assert!(
                RecordWriter::new("receipt")
                    .line("a", value)
                    .finish()
                    .is_err(),
                "{value:?}"
            );
        }
    }

    #[test]
    fn other_versions_and_kinds_are_named() {
        let parse = |text: &'static str| Record::parse(text.as_bytes(), "receipt", 99).err();
        assert_eq!(parse("quorate receipt 2\n"), Some(RecordError::Version(2)));
        assert_eq!(
            parse("quorate request 1\n"),
            Some(RecordError::NotThisKind { wanted: "receipt" })
        );
        assert_eq!(parse(""), Some(RecordError::Empty));
    }
}
