//! The announcement of a new key: a team's template filled with the facts, a text fit to be signed in
//! the clear (RFC 9580 §7).

use std::collections::BTreeMap;

/// Most bytes of a template or of what it becomes.
pub const MAX_TEXT: usize = 256 * 1024;
/// Longest line, in bytes, that mail carries (RFC 5322 §2.1.1).
const MAX_LINE: usize = 998;

/// What is used where a team has no template of its own.
pub const TEMPLATE: &str = include_str!("announcement.txt");

/// The places that a template may have, with what each stands for.
pub const PLACES: [(&str, &str); 11] = [
    ("new-user-id", "the new key's user ID"),
    (
        "new-fingerprint",
        "its fingerprint, in groups as gpg prints it",
    ),
    ("new-start", "the day from which it signs"),
    ("new-end", "the day on which it expires"),
    ("old-user-id", "the old key's user ID"),
    ("old-fingerprint", "its fingerprint"),
    ("old-end", "the day on which it expires"),
    ("why", "why the key is changed"),
    ("where", "where the new key is found"),
    ("verify", "how a reader checks it"),
    ("team", "who announces it"),
];

/// Why a template, or the text that it becomes, can't be used. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnouncementError {
    /// A place that nobody knows.
    #[error("line {line}: {{{found}}} is no place; {{{nearest}}} is")]
    Unknown {
        /// Where.
        line: usize,
        /// As it stands there.
        found: String,
        /// What was most likely meant.
        nearest: &'static str,
    },
    /// A `{` without its `}`, or one alone.
    #[error("line {line}: a brace alone")]
    Brace {
        /// Where.
        line: usize,
    },
    /// A place in the template, and nothing known to put there.
    #[error("nothing is known for {{{place}}}")]
    Empty {
        /// Which.
        place: &'static str,
    },
    /// A tab: a signature made over it wouldn't survive everywhere.
    #[error("line {line}: a tab")]
    Tab {
        /// Where.
        line: usize,
    },
    /// A carriage return or another control character.
    #[error("line {line}: a control character")]
    Control {
        /// Where.
        line: usize,
    },
    /// Blanks at the end of a line, which are no part of what is signed.
    #[error("line {line}: blanks at the end")]
    TrailingBlank {
        /// Where.
        line: usize,
    },
    /// Longer than mail carries.
    #[error("line {line}: longer than {MAX_LINE} bytes")]
    LongLine {
        /// Where.
        line: usize,
    },
    /// A line that mail programs change: `From ` at the margin.
    #[error("line {line}: begins with 'From ', which mail programs change")]
    From {
        /// Where.
        line: usize,
    },
    /// Nothing in it.
    #[error("empty")]
    Nothing,
    /// More than [`MAX_TEXT`].
    #[error("longer than {MAX_TEXT} bytes")]
    TooLong,
}

/// What is put into the places; one that a template doesn't use may be missing.
pub type Facts = BTreeMap<&'static str, String>;

/// `template` with `{place}` replaced by its fact; `{{` and `}}` are braces.
///
/// # Errors
/// [`AnnouncementError`], also for what the text wouldn't be signed with.
pub fn fill(template: &str, facts: &Facts) -> Result<String, AnnouncementError> {
    if template.len() > MAX_TEXT {
        return Err(AnnouncementError::TooLong);
    }
    let mut text = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        let line = 1 + template[..template.len() - brace.len()]
            .matches('\n')
            .count();
        if let Some(after) = brace.strip_prefix("{{") {
            text.push('{');
            rest = after;
            continue;
        }
        if let Some(after) = brace.strip_prefix("}}") {
            text.push('}');
            rest = after;
            continue;
        }
        let inner = brace
            .strip_prefix('{')
            .ok_or(AnnouncementError::Brace { line })?;
        let end = inner
            .find(['}', '{', '\n'])
            .filter(|end| inner[*end..].starts_with('}'))
            .ok_or(AnnouncementError::Brace { line })?;
        let found = &inner[..end];
        let place = PLACES
            .iter()
            .map(|(place, _)| *place)
            .find(|place| *place == found)
            .ok_or_else(|| AnnouncementError::Unknown {
                line,
                found: found.chars().take(40).collect(),
                nearest: nearest(found),
            })?;
        let fact = facts
            .get(place)
            .filter(|fact| !fact.trim().is_empty())
            .ok_or(AnnouncementError::Empty { place })?;
        text.push_str(fact);
        rest = &inner[end + 1..];
    }
    text.push_str(rest);
    while text.ends_with('\n') {
        text.pop();
    }
    text.push('\n');
    check(&text)?;
    Ok(text)
}

/// Is the text one that every program signs and verifies alike?
///
/// # Errors
/// [`AnnouncementError`] for the first line that isn't.
pub fn check(text: &str) -> Result<(), AnnouncementError> {
    if text.trim().is_empty() {
        return Err(AnnouncementError::Nothing);
    }
    if text.len() > MAX_TEXT {
        return Err(AnnouncementError::TooLong);
    }
    for (index, content) in text.split('\n').enumerate() {
        let line = index + 1;
        if content.contains('\t') {
            return Err(AnnouncementError::Tab { line });
        }
        if content.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(AnnouncementError::Control { line });
        }
        if content.ends_with(char::is_whitespace) {
            return Err(AnnouncementError::TrailingBlank { line });
        }
        if content.len() > MAX_LINE {
            return Err(AnnouncementError::LongLine { line });
        }
        if content.starts_with("From ") {
            return Err(AnnouncementError::From { line });
        }
    }
    Ok(())
}

/// The known place that is most like what was written.
fn nearest(found: &str) -> &'static str {
    PLACES
        .iter()
        .map(|(place, _)| *place)
        .min_by_key(|place| distance(place, found))
        .unwrap_or_default()
}

/// How many letters have to be put in, left out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let changed = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        PLACES
            .iter()
            .map(|(place, _)| (*place, format!("<{place}>")))
            .collect()
    }

    #[test]
    fn the_template_that_comes_along_uses_every_place_and_can_be_signed() {
        let text = fill(TEMPLATE, &facts()).unwrap();
        for (place, _) in PLACES {
            assert!(text.contains(&format!("<{place}>")), "{place}");
        }
        let wide = text.lines().find(|line| line.chars().count() > 78);
        assert_eq!(wide, None);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"));
    }

    #[test]
    fn an_unknown_place_is_named_with_the_nearest_known_one() {
        let unknown = fill("a\n{new-fingerprnt}\n", &facts());
        assert_eq!(
            unknown,
            Err(AnnouncementError::Unknown {
                line: 2,
                found: "new-fingerprnt".into(),
                nearest: "new-fingerprint"
            })
        );
        for alone in ["a {\n", "a } b", "{new\n}", "{a{b}}"] {
            let refused = fill(alone, &facts());
            assert!(
                matches!(refused, Err(AnnouncementError::Brace { line: 1 })),
                "{alone}"
            );
        }
        assert_eq!(fill("{{why}} {why}", &facts()).unwrap(), "{why} <why>\n");
        let mut few = facts();
        few.insert("why", " ".into());
        assert_eq!(
            fill("{why}", &few),
            Err(AnnouncementError::Empty { place: "why" })
        );
    }

    #[test]
    fn a_text_that_would_not_verify_everywhere_is_refused_by_line() {
        use AnnouncementError as E;
        for (text, error) in [
            ("a\tb\n", E::Tab { line: 1 }),
            ("a\n b \n", E::TrailingBlank { line: 2 }),
            ("a\r\nb\n", E::Control { line: 1 }),
            ("a\n\nFrom here\n", E::From { line: 3 }),
            ("\n \n", E::Nothing),
        ] {
            assert_eq!(check(text), Err(error));
        }
        assert_eq!(check(&"a".repeat(999)), Err(E::LongLine { line: 1 }));
        // A fact is looked at like the template.
        let mut facts = facts();
        facts.insert("why", "a\u{1b}[2J".into());
        assert_eq!(fill("{why}", &facts), Err(E::Control { line: 1 }));
        assert_eq!(check("- dashes, Žofie, 山田\n"), Ok(()));
    }

    proptest::proptest! {
        #[test]
        fn any_template_is_filled_or_refused_and_what_comes_out_can_be_signed(template in "\\PC{0,60}|(\\{|\\}|why|\n|[a-z ]){0,30}") {
            if let Ok(text) = fill(&template, &facts()) {
                proptest::prop_assert!(check(&text).is_ok());
            }
        }
    }
}
