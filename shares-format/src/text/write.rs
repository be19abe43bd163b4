//! Writing a share's one canonical text.

use zeroize::Zeroizing;

use super::{CHECK_LABEL, GROUP, PER_LINE, armour_name, information, whole_check};
use crate::share::Share;
use crate::{base32, check};

/// Columns of the data in a full line: six groups of four and the blanks between.
const DATA_COLUMNS: usize = PER_LINE + PER_LINE / GROUP - 1;

/// Columns of a whole line with its end: label, blank, data, two blanks, check, line feed.
const LINE_COLUMNS: usize = 3 + DATA_COLUMNS + 2 + check::CHECKS + 1;

impl Share {
    /// The share as text, its one canonical form (`SPEC.md` § 3), secret as the share is.
    pub fn to_text(&self) -> Zeroizing<String> {
        let body = self.to_body();
        let symbols = base32::symbols(&body);
        let lines = symbols.len().div_ceil(PER_LINE);
        let name = armour_name(self.header().kind);
        let information = information(self);

        // All of it at once, so that nothing moves and leaves a copy behind.
        let fixed: usize = information.iter().map(|line| line.len() + 1).sum();
        let room = 2 * (name.len() + 20) + fixed + (lines + 1) * LINE_COLUMNS;
        let mut text = Zeroizing::new(String::with_capacity(room));
        text.push_str("-----BEGIN ");
        text.push_str(name);
        text.push_str("-----\n");
        for line in &information {
            text.push_str(line);
            text.push('\n');
        }
        // At most 73 lines, so their number fits a byte.
        let mut number = 0u8;
        for data in symbols.chunks(PER_LINE) {
            number += 1;
            push_line(&mut text, &format!("{number:02}"), number, data);
        }
        push_line(&mut text, CHECK_LABEL, number + 1, &whole_check(&body));
        text.push_str("-----END ");
        text.push_str(name);
        text.push_str("-----\n");
        debug_assert!(text.len() <= room, "the text moved");
        text
    }
}

/// One line: label, data in groups, check characters in their own column.
fn push_line(text: &mut String, label: &str, number: u8, data: &[u8]) {
    text.push_str(label);
    let start = text.len();
    for group in data.chunks(GROUP) {
        text.push(' ');
        push_symbols(text, group);
    }
    while text.len() < start + 1 + DATA_COLUMNS + 2 {
        text.push(' ');
    }
    push_symbols(text, &check::symbols(number, data));
    text.push('\n');
}

fn push_symbols(text: &mut String, symbols: &[u8]) {
    text.extend(
        symbols
            .iter()
            .map(|&symbol| char::from(base32::letter(symbol))),
    );
}
