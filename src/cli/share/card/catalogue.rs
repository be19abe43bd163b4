//! The texts of a card: built in, or a team's own with the very same keys.

use std::collections::BTreeMap;

use crate::roster::distance;
use crate::world::safe_text::is_harmful;

/// The built-in texts, in English, with a comment that tells how to translate them.
pub(super) const BUILT_IN: &str = include_str!("catalogue.toml");
/// The most bytes that a file of texts may have.
pub(super) const MAX_TEXTS: usize = 64 << 10;
/// The most characters of one text: more doesn't fit a card.
const MAX_TEXT: usize = 600;
/// The most lines of a list.
const MAX_LINES: usize = 20;

/// What stands in braces in a text and is filled in.
pub(super) const FILLED: [&str; 13] = [
    "holder",
    "others",
    "day",
    "user-id",
    "fingerprint",
    "master-needed",
    "master-of",
    "revocation-needed",
    "revocation-of",
    "master-file",
    "revocation-file",
    "seal",
    "seal-key",
];

/// One thing that stands against a file of texts.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// Not UTF-8.
    #[error("it isn't UTF-8 text")]
    NotText,
    /// Not TOML, or a key twice.
    #[error("it isn't TOML: {0}")]
    Syntax(String),
    /// A key that no card has.
    #[error("'{key}' is unknown; the nearest known is '{nearest}'")]
    Unknown { key: String, nearest: String },
    /// A key that every card needs.
    #[error("'{key}' is missing{}", hint(nearest.as_deref()))]
    Missing {
        key: String,
        /// The unknown one that was perhaps meant for it.
        nearest: Option<String>,
    },
    /// A list where a text belongs, or the other way round.
    #[error("'{key}' must be {wanted}")]
    Kind { key: String, wanted: &'static str },
    /// Something in braces that isn't filled in.
    #[error("'{key}': {{{found}}} is unknown; the nearest known is {{{nearest}}}")]
    Brace {
        key: String,
        found: String,
        nearest: &'static str,
    },
    /// A brace without its other one.
    #[error("'{key}': a brace is open")]
    OpenBrace { key: String },
    /// A character that a terminal obeys, or that nobody sees.
    #[error("'{key}' has the character U+{character:04X}, which isn't shown")]
    Character { key: String, character: u32 },
    /// Empty.
    #[error("'{key}' is empty")]
    Empty { key: String },
    /// Too long for a card.
    #[error("'{key}' is longer than {limit} {what}")]
    TooLong {
        key: String,
        limit: usize,
        what: &'static str,
    },
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; is it '{nearest}'?"))
}

/// A text, or a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Text(String),
    Lines(Vec<String>),
}

/// All texts of a card, by key, such as `hold.title`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Catalogue(BTreeMap<String, Entry>);

impl Catalogue {
    /// The one that is built in.
    pub(super) fn built_in() -> Result<Self, Vec<Problem>> {
        Self::read(BUILT_IN).map(Self)
    }

    /// A team's own: the keys of the built-in one, no more and no fewer.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        let text = std::str::from_utf8(bytes).map_err(|_| vec![Problem::NotText])?;
        let known = Self::built_in()?.0;
        let found = Self::read(text)?;
        let mut problems = Vec::new();
        for key in found.keys().filter(|key| !known.contains_key(*key)) {
            problems.push(Problem::Unknown {
                key: key.clone(),
                nearest: nearest(key, known.keys()).cloned().unwrap_or_default(),
            });
        }
        for (key, wanted) in &known {
            match (found.get(key), wanted) {
                (None, _) => {
                    let unknown = found.keys().filter(|key| !known.contains_key(*key));
                    let nearest = nearest(key, unknown).filter(|near| distance(near, key) < 4);
                    problems.push(Problem::Missing {
                        key: key.clone(),
                        nearest: nearest.cloned(),
                    });
                }
                (Some(Entry::Lines(_)), Entry::Text(_)) => problems.push(Problem::Kind {
                    key: key.clone(),
                    wanted: "a text",
                }),
                (Some(Entry::Text(_)), Entry::Lines(_)) => problems.push(Problem::Kind {
                    key: key.clone(),
                    wanted: "a list of texts",
                }),
                _ => (),
            }
        }
        if problems.is_empty() {
            Ok(Self(found))
        } else {
            Err(problems)
        }
    }

    fn read(text: &str) -> Result<BTreeMap<String, Entry>, Vec<Problem>> {
        let table: toml::Table = text
            .parse()
            .map_err(|error: toml::de::Error| vec![Problem::Syntax(error.message().to_owned())])?;
        let (mut entries, mut problems) = (BTreeMap::new(), Vec::new());
        flatten("", table, &mut entries, &mut problems);
        if problems.is_empty() {
            Ok(entries)
        } else {
            Err(problems)
        }
    }

    /// The text of a key; nothing if there is none, which a catalogue that was parsed doesn't have.
    pub(super) fn text(&self, key: &str) -> &str {
        match self.0.get(key) {
            Some(Entry::Text(text)) => text,
            _ => "",
        }
    }

    /// The lines of a key.
    pub(super) fn lines(&self, key: &str) -> &[String] {
        match self.0.get(key) {
            Some(Entry::Lines(lines)) => lines,
            _ => &[],
        }
    }
}

fn flatten(
    prefix: &str,
    table: toml::Table,
    entries: &mut BTreeMap<String, Entry>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in table {
        let key = match prefix {
            "" => name,
            prefix => format!("{prefix}.{name}"),
        };
        match value {
            toml::Value::Table(table) => flatten(&key, table, entries, problems),
            toml::Value::String(text) => match checked(&key, &text) {
                Ok(text) => drop(entries.insert(key, Entry::Text(text))),
                Err(problem) => problems.push(problem),
            },
            toml::Value::Array(list) if list.len() > MAX_LINES => {
                problems.push(Problem::TooLong {
                    key,
                    limit: MAX_LINES,
                    what: "lines",
                });
            }
            toml::Value::Array(list) => {
                let mut lines = Vec::with_capacity(list.len());
                for line in list {
                    match line.as_str().map(|line| checked(&key, line)) {
                        Some(Ok(line)) => lines.push(line),
                        Some(Err(problem)) => problems.push(problem),
                        None => problems.push(Problem::Kind {
                            key: key.clone(),
                            wanted: "a list of texts",
                        }),
                    }
                }
                entries.insert(key, Entry::Lines(lines));
            }
            _ => problems.push(Problem::Kind {
                key,
                wanted: "a text or a list of texts",
            }),
        }
    }
}

/// A text with single spaces, in which only what is known stands in braces.
fn checked(key: &str, text: &str) -> Result<String, Problem> {
    let key = || key.to_owned();
    // Typographers' spaces, too: a card is wrapped anew anyway.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(Problem::Empty { key: key() });
    }
    if text.chars().count() > MAX_TEXT {
        return Err(Problem::TooLong {
            key: key(),
            limit: MAX_TEXT,
            what: "characters",
        });
    }
    if let Some(character) = text.chars().find(|c| is_harmful(*c)) {
        return Err(Problem::Character {
            key: key(),
            character: u32::from(character),
        });
    }
    for piece in pieces(&text) {
        match piece {
            Piece::Filled(found) if !FILLED.contains(&found) => {
                let near = FILLED.iter().min_by_key(|known| distance(known, found));
                return Err(Problem::Brace {
                    key: key(),
                    found: found.to_owned(),
                    nearest: near.copied().unwrap_or_default(),
                });
            }
            Piece::Open => return Err(Problem::OpenBrace { key: key() }),
            _ => (),
        }
    }
    Ok(text)
}

fn nearest<'k>(key: &str, among: impl Iterator<Item = &'k String>) -> Option<&'k String> {
    among.min_by_key(|known| distance(known, key))
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    /// A name in braces.
    Filled(&'t str),
    /// A brace without its other one.
    Open,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        pieces.push(Piece::Plain(before));
        let Some((name, after)) = from.strip_prefix('{').and_then(|name| name.split_once('}'))
        else {
            pieces.push(Piece::Open);
            return pieces;
        };
        pieces.push(Piece::Filled(name));
        rest = after;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

/// The text with its braces filled in, once: what is filled in is text, whatever stands in it.
pub(super) fn fill(text: &str, values: &BTreeMap<&'static str, String>) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Plain(text) => text,
            Piece::Filled(name) => values.get(name).map_or("", String::as_str),
            Piece::Open => "",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(from: &str, to: &str) -> Vec<String> {
        let changed = BUILT_IN.replacen(from, to, 1);
        assert_ne!(changed, BUILT_IN, "{from} isn't there");
        let problems = Catalogue::parse(changed.as_bytes()).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_built_in_texts_are_a_catalogue() {
        let built_in = Catalogue::built_in().unwrap();
        assert_eq!(Catalogue::parse(BUILT_IN.as_bytes()), Ok(built_in));
    }

    #[test]
    fn an_unknown_and_a_missing_key_name_the_nearest() {
        assert_eq!(
            problems("\n[hold]\ntitle =", "\n[hold]\ntitel ="),
            [
                "'hold.titel' is unknown; the nearest known is 'hold.title'",
                "'hold.title' is missing; is it 'hold.titel'?"
            ]
        );
        assert_eq!(
            problems("language = \"en\"\n", ""),
            ["'language' is missing"]
        );
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(
            problems("\"en\"", "3"),
            ["'language' must be a text or a list of texts"]
        );
        assert_eq!(
            problems("\"en\"", "[\"en\"]"),
            ["'language' must be a text"]
        );
        assert_eq!(problems("\"en\"", "\" \""), ["'language' is empty"]);
        assert_eq!(
            problems("Whom to call", "Whom\\u202e to call"),
            ["'call.title' has the character U+202E, which isn't shown"]
        );
        let long = "x".repeat(MAX_TEXT + 1);
        assert_eq!(
            problems("Whom to call", &long),
            ["'call.title' is longer than 600 characters"]
        );
        assert!(problems("title = ", "title ")[0].starts_with("it isn't TOML"));
        assert_eq!(Catalogue::parse(&[0xff]), Err(vec![Problem::NotText]));
    }

    #[test]
    fn only_what_is_known_stands_in_braces() {
        assert_eq!(
            problems("{holder}\"", "{holders}\""),
            ["'title': {holders} is unknown; the nearest known is {holder}"]
        );
        assert_eq!(
            problems("{holder}\"", "{holder\""),
            ["'title': a brace is open"]
        );
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let values = BTreeMap::from([("holder", "{others}".to_owned())]);
        assert_eq!(fill("I am {holder}.", &values), "I am {others}.");
    }

    #[test]
    fn spaces_of_typographers_are_spaces() {
        let text = BUILT_IN.replacen("Whom to call", "Qui\\u00a0appeler\\u202f?", 1);
        let catalogue = Catalogue::parse(text.as_bytes()).unwrap();
        assert_eq!(catalogue.text("call.title"), "Qui appeler ?");
    }
}
