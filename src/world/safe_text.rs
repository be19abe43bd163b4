//! Text from outside, made harmless for a terminal.
use std::fmt;

/// Text from keys, requests and files that may be shown: nothing in it moves the cursor, changes the
/// direction of writing or is invisible. What would do so is shown as an escape such as `\u{202e}`, a
/// byte that is not UTF-8 as `\x{ff}`. For display only; never parsed again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(String);

/// Longest text in characters unless another limit is given.
pub const LIMIT: usize = 256;

impl SafeText {
    /// Makes a text harmless and cuts it, with `…`, after [`LIMIT`] characters.
    pub fn new(text: &str) -> Self {
        Self::limited(text, LIMIT)
    }

    /// The same with another limit, at least 1, in characters of what is shown.
    pub fn limited(text: &str, limit: usize) -> Self {
        Self::from_bytes_limited(text.as_bytes(), limit)
    }

    /// Takes bytes that claim to be UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::from_bytes_limited(bytes, LIMIT)
    }

    /// A line of a text that is shown to be approved, whole however long it is. Up to eight spaces one after the
    /// other are text: fingerprints and lists have them.
    pub fn whole_line(text: &str) -> Self {
        Self::with(text.as_bytes(), usize::MAX, 8)
    }

    /// The same with another limit.
    pub fn from_bytes_limited(bytes: &[u8], limit: usize) -> Self {
        Self::with(bytes, limit, 1)
    }

    fn with(bytes: &[u8], limit: usize, spaces: usize) -> Self {
        let mut shown = Cut {
            text: String::new(),
            left: limit.max(1),
            last_fit: 0,
            is_cut: false,
        };
        // At the beginning there is none to be in front of, unless spaces are text.
        let mut run = usize::from(spaces == 1);
        for chunk in bytes.utf8_chunks() {
            let mut chars = chunk.valid().chars().peekable();
            while let Some(c) = chars.next() {
                // A backslash that begins what looks like an escape is one itself, so that nobody
                // can fake one. So is one space too many, which could push text to the next line.
                let imitates = c == '\\' && matches!(chars.peek(), Some('u' | 'x'));
                let pads = c == ' ' && run >= spaces;
                if imitates || pads || is_harmful(c) {
                    shown.push(&format!("\\u{{{:x}}}", u32::from(c)));
                } else {
                    shown.push(c.encode_utf8(&mut [0; 4]));
                }
                if shown.is_cut {
                    return Self(shown.text);
                }
                run = if c == ' ' { run + 1 } else { 0 };
            }
            for byte in chunk.invalid() {
                shown.push(&format!("\\x{{{byte:02x}}}"));
            }
            if shown.is_cut {
                break;
            }
        }
        Self(shown.text)
    }

    /// The harmless text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A finished text with line ends of its own: what a terminal would obey in it is shown as an escape, and nothing else is
/// changed. The net below those who should have made what they quote harmless.
#[must_use]
pub fn defused(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c == '\n' || !is_harmful(c) {
            true => shown.push(c),
            false => shown.extend(c.escape_unicode()),
        }
    }
    shown
}

/// A text that grows until its limit, then ends in `…`. Escapes are kept whole.
struct Cut {
    text: String,
    left: usize,
    /// Length of the text that still leaves room for the `…`.
    last_fit: usize,
    is_cut: bool,
}

impl Cut {
    fn push(&mut self, piece: &str) {
        let length = piece.chars().count();
        if self.is_cut {
            return;
        }
        if length > self.left {
            self.text.truncate(self.last_fit);
            self.text.push('…');
            self.is_cut = true;
            return;
        }
        self.text.push_str(piece);
        self.left -= length;
        if self.left > 0 {
            self.last_fit = self.text.len();
        }
    }
}

/// Controls, bidirectional controls, line separators, all that Unicode calls default-ignorable (it is
/// invisible), spaces other than the one of ASCII, private and unassigned-for-ever characters.
pub fn is_harmful(c: char) -> bool {
    // Nearly all that is ever looked at.
    if matches!(c, ' '..='~') {
        return false;
    }
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164
            | 0xE000..=0xF8FF | 0xFDD0..=0xFDEF | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0
            | 0xFFF0..=0xFFFF | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0x10FFFF)
}

/// Is nothing in it [harmful](is_harmful)?
pub fn is_harmless(text: &str) -> bool {
    !text.chars().any(is_harmful)
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn shows(from: &[u8], to: &str) {
        assert_eq!(SafeText::from_bytes(from).as_str(), to);
    }

    #[test]
    fn names_of_people_stay_as_they_are() {
        let name = "Žofie Ångström (Jöns) <z@example.org>, 山田, Ελένη, \\o/";
        assert_eq!(SafeText::new(name).as_str(), name);
    }

    #[test]
    fn a_line_that_is_to_be_approved_is_whole_and_keeps_its_spaces() {
        let line = format!("  16EA 0256  2751 {}end", "x".repeat(900));
        assert_eq!(SafeText::whole_line(&line).as_str(), line);
        let pushed = format!("a{}b", " ".repeat(9));
        let shown = format!("a{}\\u{{20}}b", " ".repeat(8));
        assert_eq!(SafeText::whole_line(&pushed).as_str(), shown);
    }

    #[test]
    fn the_net_keeps_lines_and_escapes_and_lets_nothing_through_that_a_terminal_obeys() {
        let plain = "what: \\u{1b}\n  next: Žofie";
        assert_eq!(defused(plain), plain);
        assert_eq!(
            defused("a\u{1b}[2J\r\u{202e}b"),
            "a\\u{1b}[2J\\u{d}\\u{202e}b"
        );
    }

    #[test]
    fn what_could_trick_a_terminal_or_an_eye_becomes_visible() {
        shows(b"a\x1b[31mb\x07\n\x7f", "a\\u{1b}[31mb\\u{7}\\u{a}\\u{7f}");
        shows(
            "a\u{202e}b\u{200b}\u{2066}\u{feff}".as_bytes(),
            "a\\u{202e}b\\u{200b}\\u{2066}\\u{feff}",
        );
        shows(
            "\u{9b}2J\u{2028}\u{e0041}\u{fe0f}".as_bytes(),
            "\\u{9b}2J\\u{2028}\\u{e0041}\\u{fe0f}",
        );
        shows(b"a\xff\xc3(", "a\\x{ff}\\x{c3}(");
        shows(b"Anna   ok\xc2\xa0", "Anna \\u{20}\\u{20}ok\\u{a0}");
        shows(b"\\u{1b}", "\\u{5c}u{1b}");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(SafeText::limited("abcd", 4).as_str(), "abcd");
        assert_eq!(SafeText::limited("abcde", 4).as_str(), "abc…");
        assert_eq!(SafeText::limited("ab\u{1b}cd", 6).as_str(), "ab…");
        assert_eq!(SafeText::limited("ab", 0).as_str(), "…");
    }

    proptest! {
        #[test]
        fn nothing_harmful_ever_comes_out(bytes: Vec<u8>, text: String, limit in 0usize..40) {
            for text in [SafeText::from_bytes(&bytes), SafeText::new(&text), SafeText::limited(&text, limit)] {
                prop_assert!(!text.as_str().chars().any(is_harmful));
                prop_assert!(!text.as_str().contains("  "));
            }
            prop_assert!(SafeText::limited(&text, limit).as_str().chars().count() <= limit.max(1));
        }
    }
}
