//! Reading a share's text: strict about the share, lenient about what transport does around it.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::normal::{self, Line};
use super::{
    CHECK_LABEL, DamagedLine, GROUP, INFORMATION, LineFault, MAX_LINES, PER_LINE, Place, TextError,
    WHOLE, armour_name, information, whole_check,
};
use crate::base32;
use crate::check::{self, CHECKS, Slip};
use crate::share::Share;
use crate::values::Kind;

impl Share {
    /// The one share in `text`. What transport does without harm is read over (`SPEC.md` § 3.4): a byte order mark, CRLF, `>` quoting, indentation, blanks,
    /// upper case, text around the armour, the same share twice.
    ///
    /// # Errors
    /// [`TextError`], with positions and never a part of the text.
    pub fn from_text(text: &[u8]) -> Result<Self, TextError> {
        let mut shares = find_all(text)?;
        match (shares.pop(), shares.len()) {
            (Some(share), 0) => Ok(share),
            (_, others) => Err(TextError::Several { count: others + 1 }),
        }
    }
}

/// All different shares in `text`, in their order: a sealed share holds a share and a practice share. One that comes again is given once.
///
/// # Errors
/// As [`Share::from_text`], but for `Several`. One damaged share makes the whole an error.
pub fn find_all(text: &[u8]) -> Result<Vec<Share>, TextError> {
    let lines = normal::lines(text)?;
    let mut shares: Vec<Share> = Vec::new();
    let mut begun: Option<(usize, bool)> = None;
    for (at, line) in lines.iter().enumerate() {
        match (begun, armour(line.text)) {
            (_, None) => {}
            (None, Some(Armour::Begin { practice })) => begun = Some((at, practice)),
            (None, Some(Armour::End { .. })) => {
                return Err(TextError::BeginMissing { line: line.number });
            }
            (Some((begin, _)), Some(Armour::Begin { .. })) => {
                return Err(TextError::EndMissing {
                    line: lines[begin].number,
                });
            }
            (Some((begin, sort)), Some(Armour::End { practice })) => {
                if sort != practice {
                    return Err(TextError::EndDiffers { line: line.number });
                }
                let share = read_block(&lines[begin], &lines[begin + 1..at], line, practice)?;
                if !shares.iter().any(|known| known.is_same_as(&share)) {
                    shares.push(share);
                }
                begun = None;
            }
        }
    }
    if let Some((begin, _)) = begun {
        return Err(TextError::EndMissing {
            line: lines[begin].number,
        });
    }
    if shares.is_empty() {
        return Err(TextError::NoShare);
    }
    Ok(shares)
}

enum Armour {
    Begin { practice: bool },
    End { practice: bool },
}

/// What a line is of an armour, if anything.
fn armour(line: &[u8]) -> Option<Armour> {
    let inner = line.strip_prefix(b"-----")?.strip_suffix(b"-----")?;
    [Kind::Master, Kind::PracticeMaster]
        .into_iter()
        .find_map(|kind| {
            let practice = kind.is_practice();
            let is = |word: &str| same_words(inner, &format!("{word} {}", armour_name(kind)));
            is("BEGIN")
                .then_some(Armour::Begin { practice })
                .or(is("END").then_some(Armour::End { practice }))
        })
}

/// Whether the line has these words, in either case and with any blanks between.
fn same_words(line: &[u8], words: &str) -> bool {
    fn split(text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text.split(|byte| matches!(byte, b' ' | b'\t'))
            .filter(|word| !word.is_empty())
    }
    let mut expected = split(words.as_bytes());
    split(line).all(|word| {
        expected
            .next()
            .is_some_and(|other| word.eq_ignore_ascii_case(other))
    }) && expected.next().is_none()
}

/// Reads what is between an armour's two ends.
fn read_block(
    begin: &Line,
    block: &[Line],
    end: &Line,
    practice: bool,
) -> Result<Share, TextError> {
    let first = block
        .iter()
        .position(|line| !matches!(label(line), Label::None))
        .unwrap_or(block.len());
    let (informed, rest) = block.split_at(first);
    let (numbered, checked) = in_order(begin, rest, end)?;
    if informed.len() != INFORMATION {
        return Err(TextError::InformationLines {
            found: informed.len(),
        });
    }
    let body = read_lines(numbered, checked)?;
    let share = Share::from_body(&body)?;
    let kind = share.header().kind;
    if kind.is_practice() != practice {
        return Err(TextError::Armour {
            line: begin.number,
            kind,
        });
    }
    for (line, expected) in informed.iter().zip(information(&share)) {
        if !same_words(line.text, &expected) {
            return Err(TextError::Information { line: line.number });
        }
    }
    Ok(share)
}

enum Label {
    Number(u8),
    Check,
    None,
}

/// What a line begins with: two digits and a blank, or the check line's label and a blank.
fn label(line: &Line) -> Label {
    match *line.text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', b' ' | b'\t', ..] => {
            Label::Number((tens - b'0') * 10 + (ones - b'0'))
        }
        [c, k, b' ' | b'\t', ..] if [c, k].eq_ignore_ascii_case(CHECK_LABEL.as_bytes()) => {
            Label::Check
        }
        _ => Label::None,
    }
}

/// The numbered lines and the check line, if they are there, each once and in their order, and nothing else is.
fn in_order<'a, 'b>(
    begin: &Line,
    lines: &'b [Line<'a>],
    end: &Line,
) -> Result<(&'b [Line<'a>], &'b Line<'a>), TextError> {
    for (at, line) in lines.iter().enumerate() {
        match label(line) {
            Label::None => return Err(TextError::Stray { line: line.number }),
            Label::Check if at == 0 => return Err(TextError::NoLines { line: begin.number }),
            Label::Check => {
                return match lines.get(at + 1) {
                    Some(stray) => Err(TextError::Stray { line: stray.number }),
                    None => Ok((&lines[..at], line)),
                };
            }
            Label::Number(_) if at == MAX_LINES => {
                return Err(TextError::TooManyLines { line: line.number });
            }
            Label::Number(found) => {
                // At most 73, so it fits a byte.
                let expected = at as u8 + 1;
                if found != expected {
                    return Err(TextError::Number {
                        line: line.number,
                        expected,
                        found,
                    });
                }
            }
        }
    }
    Err(match lines {
        [] => TextError::NoLines { line: begin.number },
        _ => TextError::CheckMissing { line: end.number },
    })
}

/// The body that the lines carry, with each line's own check and that of the whole.
fn read_lines(numbered: &[Line], checked: &Line) -> Result<Zeroizing<Vec<u8>>, TextError> {
    // At most 73, so it fits a byte.
    let of = numbered.len() as u8;
    let mut symbols = Zeroizing::new(Vec::with_capacity(numbered.len() * PER_LINE));
    let mut damaged = Vec::new();
    for (line, number) in numbered.iter().zip(1..) {
        // Eight characters carry five bytes, so the last line has one, two or three times eight.
        let lengths: &[usize] = if number == of {
            &[8, 16, PER_LINE]
        } else {
            &[PER_LINE]
        };
        match read_line(line, number, lengths) {
            Ok(line) => symbols.extend_from_slice(&line[..line.len() - CHECKS]),
            Err(fault) => damaged.push(DamagedLine {
                place: Place::Line(number),
                line: line.number,
                fault,
            }),
        }
    }
    let whole = read_line(checked, of + 1, &[WHOLE]).map_err(|fault| {
        damaged.push(DamagedLine {
            place: Place::CheckLine,
            line: checked.number,
            fault,
        });
    });
    let (Ok(whole), true) = (whole, damaged.is_empty()) else {
        return Err(TextError::Damaged { lines: damaged, of });
    };
    let body = base32::bytes(&symbols);
    if !bool::from(whole_check(&body).ct_eq(&whole[..WHOLE])) {
        return Err(TextError::Whole);
    }
    Ok(body)
}

/// The symbols of one line, data and check, which agree. `lengths` are those that its data may have.
fn read_line(line: &Line, number: u8, lengths: &[usize]) -> Result<Zeroizing<Vec<u8>>, LineFault> {
    // The label is two bytes and a blank.
    let text = &line.text[2..];
    let mut symbols = Zeroizing::new(Vec::with_capacity(text.len()));
    for &character in text.iter().filter(|byte| !matches!(byte, b' ' | b'\t')) {
        let character = base32::symbol(character).ok_or(LineFault::Foreign {
            character: symbols.len() + 1,
        })?;
        symbols.push(character);
    }
    let found = symbols.len();
    if !lengths.iter().any(|data| found == data + CHECKS) {
        return Err(LineFault::Length {
            found,
            group: odd_group(text),
        });
    }
    match check::find_slip(number, &symbols) {
        None => Ok(symbols),
        Some(Slip::One(at)) => Err(LineFault::One { character: at + 1 }),
        Some(Slip::Two(first, second)) => Err(LineFault::Two {
            first: first + 1,
            second: second + 1,
        }),
        Some(Slip::Number) => Err(LineFault::OtherLine),
        Some(Slip::Many) => Err(LineFault::Many),
    }
}

/// The first group that hasn't four characters, from 1.
fn odd_group(text: &[u8]) -> Option<usize> {
    text.split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|group| !group.is_empty())
        .zip(1..)
        .find_map(|(group, number)| (group.len() != GROUP).then_some(number))
}
