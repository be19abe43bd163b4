//! What transport does to a text without harm, undone: byte order mark, line ends, quoting, indentation, blank lines.

use super::{MAX_TEXT, TextError};

/// A line of the text without quoting and outer blanks.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    /// Its number in the text, from 1.
    pub number: usize,
    /// What is left of it, never empty.
    pub text: &'a [u8],
}

/// The lines of a text that aren't blank.
///
/// # Errors
/// `TooLarge`, `Utf16`, `Binary`, `Empty`.
pub(super) fn lines(text: &[u8]) -> Result<Vec<Line<'_>>, TextError> {
    if text.len() > MAX_TEXT {
        return Err(TextError::TooLarge { size: text.len() });
    }
    refuse_other_encodings(text)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let lines: Vec<Line> = text
        .split(|&byte| byte == b'\n')
        .zip(1..)
        .map(|(line, number)| Line {
            number,
            text: unquoted(line),
        })
        .filter(|line| !line.text.is_empty())
        .collect();
    if lines.is_empty() {
        return Err(TextError::Empty);
    }
    Ok(lines)
}

/// The line without what is before and after it: blanks, the `>` of quoting, a carriage return.
fn unquoted(mut line: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'>', rest @ ..] = line {
        line = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r'] = line {
        line = rest;
    }
    line
}

fn refuse_other_encodings(text: &[u8]) -> Result<(), TextError> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Err(TextError::Utf16);
    }
    let Some(offset) = text.iter().position(|&byte| byte == 0) else {
        return Ok(());
    };
    // Of ASCII in UTF-16, every other byte is zero, and none between.
    let other_encoding = (0..2).any(|parity| {
        let all = |parity: usize, zero: bool| {
            let mut bytes = text.iter().skip(parity).step_by(2);
            bytes.all(|&byte| (byte == 0) == zero)
        };
        text.len().is_multiple_of(2) && all(parity, true) && all(1 - parity, false)
    });
    if other_encoding {
        return Err(TextError::Utf16);
    }
    Err(TextError::Binary { offset })
}
