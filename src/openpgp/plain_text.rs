//! The plain text of a statement: what can't be seen alike by everybody isn't signed.

use crate::world::safe_text::is_harmless;

/// The most bytes of a statement: 64 KiB.
pub const MAX_STATEMENT: usize = 64 << 10;
/// The most bytes of a line: what mail carries unbroken (RFC 5322 §2.1.1).
pub const MAX_LINE: usize = 998;

/// Why a text is no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Over [`MAX_STATEMENT`].
    #[error("it has more than {MAX_STATEMENT} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// A line over [`MAX_LINE`].
    #[error("line {0} has more than {MAX_LINE} bytes")]
    LongLine(usize),
    /// CR LF, or CR alone: what some programs make of it verifies elsewhere as another text.
    #[error("line {0} ends in CR LF")]
    CarriageReturn(usize),
    /// A blank at the end of a line: the framework doesn't sign it.
    #[error("line {0} ends in a blank, which would not be signed")]
    TrailingBlank(usize),
    /// A tab, another control character, or one that changes the direction or has no width.
    #[error("line {0} holds a character that can't be seen")]
    Invisible(usize),
}

/// The text of a statement from a file: its last line may end in line feeds, which aren't part of it.
///
/// # Errors
/// [`StatementError`], with the line from 1.
pub fn read(file: &[u8]) -> Result<String, StatementError> {
    if file.len() > MAX_STATEMENT {
        return Err(StatementError::TooLong);
    }
    let text = std::str::from_utf8(file).map_err(|_| StatementError::NotText)?;
    let text = text.trim_end_matches('\n');
    check(text)?;
    Ok(text.to_owned())
}

/// Does every program that prints this text, or verifies it, see the same?
#[must_use]
pub fn is_plain(text: &str) -> bool {
    check(text).is_ok()
}

fn check(text: &str) -> Result<(), StatementError> {
    if text.is_empty() || text.ends_with('\n') {
        return Err(StatementError::Empty);
    }
    if text.len() > MAX_STATEMENT {
        return Err(StatementError::TooLong);
    }
    for (number, line) in (1..).zip(text.split('\n')) {
        if line.len() > MAX_LINE {
            return Err(StatementError::LongLine(number));
        }
        if line.contains('\r') {
            return Err(StatementError::CarriageReturn(number));
        }
        if line.ends_with([' ', '\t']) {
            return Err(StatementError::TrailingBlank(number));
        }
        if !is_harmless(line) {
            return Err(StatementError::Invisible(number));
        }
    }
    Ok(())
}
