//! Reading TOML strictly: every key must be known, every value has its type, every error has its line.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::config_error::{ConfigError, Place, Problem};

/// A key with the place where it stands.
pub(crate) type Key<'i> = Spanned<DeString<'i>>;
/// A value with the place where it stands.
pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

/// The settings that exist, as full paths; `*` stands for a name that the user chooses.
pub(crate) const KNOWN: &[&str] = &[
    "key.user-id",
    "key.algorithm",
    "key.outlives",
    "cycles.*",
    "needed.master",
    "needed.revocation",
    "policy.attest",
    "policy.request-days",
    "policy.any-root-may-revoke",
    "root.*.seal",
    "root.*.attest",
];

/// A text, for its line numbers.
pub(crate) struct Source<'i>(pub(crate) &'i str);

impl<'i> Source<'i> {
    /// Parses the whole text.
    pub(crate) fn parse(&self) -> Result<DeTable<'i>, ConfigError> {
        DeTable::parse(self.0)
            .map(Spanned::into_inner)
            .map_err(|error| {
                let at = error.span().map_or(0, |span| span.start).min(self.0.len());
                let before = &self.0.as_bytes()[..at];
                let start = before
                    .iter()
                    .rposition(|b| *b == b'\n')
                    .map_or(0, |n| n + 1);
                ConfigError::Syntax {
                    line: line(before),
                    column: at - start + 1,
                    what: error.message().to_owned(),
                }
            })
    }

    /// Where something stands.
    pub(crate) fn place<T>(&self, what: &Spanned<T>, field: &str) -> Place {
        let at = what.span().start.min(self.0.len());
        Place {
            line: line(&self.0.as_bytes()[..at]),
            field: field.to_owned(),
        }
    }

    /// A value that is not allowed.
    pub(crate) fn bad<T>(&self, what: &Spanned<T>, field: &str, problem: Problem) -> ConfigError {
        ConfigError::Bad {
            at: self.place(what, field),
            problem,
        }
    }

    fn wrong_type(&self, value: &Value<'_>, field: &str, wanted: &'static str) -> ConfigError {
        ConfigError::WrongType {
            at: self.place(value, field),
            wanted,
            found: value.get_ref().type_str(),
        }
    }

    /// The entries of a table in the order of the file.
    pub(crate) fn table<'t>(
        &self,
        value: &'t Value<'i>,
        field: &str,
    ) -> Result<Vec<(&'t Key<'i>, &'t Value<'i>)>, ConfigError> {
        let table = value.get_ref().as_table();
        let table = table.ok_or_else(|| self.wrong_type(value, field, "a table"))?;
        Ok(in_order(table))
    }

    pub(crate) fn string<'t>(
        &self,
        value: &'t Value<'i>,
        field: &str,
    ) -> Result<&'t str, ConfigError> {
        let text = value.get_ref().as_str();
        text.ok_or_else(|| self.wrong_type(value, field, "a string"))
    }

    pub(crate) fn boolean(&self, value: &Value<'i>, field: &str) -> Result<bool, ConfigError> {
        let truth = value.get_ref().as_bool();
        truth.ok_or_else(|| self.wrong_type(value, field, "true or false"))
    }

    /// A whole number between two others.
    pub(crate) fn number(
        &self,
        value: &Value<'i>,
        field: &str,
        least: u8,
        most: u8,
    ) -> Result<u8, ConfigError> {
        let number = value.get_ref().as_integer();
        let number = number.ok_or_else(|| self.wrong_type(value, field, "a whole number"))?;
        let digits = number.as_str().replace('_', "");
        // What doesn't fit is out of every range here.
        let found = i64::from_str_radix(&digits, number.radix()).unwrap_or(i64::MAX);
        u8::try_from(found)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| {
                let (least, most) = (i64::from(least), i64::from(most));
                self.bad(value, field, Problem::Range { found, least, most })
            })
    }

    /// A date without a time.
    pub(crate) fn date(
        &self,
        value: &Value<'i>,
        field: &str,
    ) -> Result<jiff::civil::Date, ConfigError> {
        let date = value.get_ref().as_datetime();
        let date = date.ok_or_else(|| self.wrong_type(value, field, "a date as 2026-10-03"))?;
        let bad = || self.bad(value, field, Problem::Date);
        if date.time.is_some() || date.offset.is_some() {
            return Err(bad());
        }
        let date = date.date.ok_or_else(bad)?;
        let part = |number: u8| i8::try_from(number).unwrap_or(0);
        i16::try_from(date.year)
            .ok()
            .filter(|year| (1970..=2105).contains(year))
            .and_then(|year| jiff::civil::Date::new(year, part(date.month), part(date.day)).ok())
            .ok_or_else(bad)
    }

    /// The error for a key that doesn't exist in a table (`""` for the file itself).
    pub(crate) fn unknown(&self, key: &Key<'i>, table: &str) -> ConfigError {
        let path = |name: &str| match table {
            "" => name.to_owned(),
            _ => format!("{table}.{name}"),
        };
        let found = key.get_ref();
        ConfigError::UnknownKey {
            at: self.place(key, &path(found)),
            nearest: nearest(table, found),
        }
    }

    /// Every place whose key or string value begins with the mark.
    pub(crate) fn marked(&self, table: &DeTable<'i>, mark: &str) -> Vec<Place> {
        let mut places = Vec::new();
        self.collect_marked(table, "", mark, &mut places);
        places
    }

    fn collect_marked(&self, table: &DeTable<'i>, path: &str, mark: &str, into: &mut Vec<Place>) {
        for (key, value) in in_order(table) {
            let field = match path {
                "" => key.get_ref().to_string(),
                _ => format!("{path}.{}", key.get_ref()),
            };
            let text = value.get_ref().as_str().unwrap_or_default();
            if key.get_ref().starts_with(mark) || text.starts_with(mark) {
                into.push(self.place(key, &field));
            }
            if let Some(table) = value.get_ref().as_table() {
                self.collect_marked(table, &field, mark, into);
            }
        }
    }
}

/// The entries of a table in the order of the file; the map itself sorts by name.
pub(crate) fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// The number of the line that begins or goes on after these bytes, from 1.
fn line(before: &[u8]) -> usize {
    1 + before.iter().filter(|b| **b == b'\n').count()
}

/// The known setting that an unknown key of a table most likely means, with its path.
fn nearest(table: &str, found: &str) -> String {
    // A key that exists, in another table.
    let last = |path: &str| path.rsplit('.').next().is_some_and(|name| name == found);
    if let Some(path) = KNOWN.iter().find(|path| last(path)) {
        return path.replace('*', "NAME");
    }
    // The file's own keys are the tables; a root's are the same for every root.
    let pattern = match table.strip_prefix("root.") {
        Some(_) => "root.*",
        None => table,
    };
    let depth = if pattern.is_empty() {
        0
    } else {
        pattern.split('.').count()
    };
    let candidates = KNOWN.iter().filter_map(|path| {
        let name = path.split('.').nth(depth)?;
        let inside = pattern.is_empty() || path.strip_prefix(pattern)?.starts_with('.');
        inside.then_some(name)
    });
    let name = candidates
        .min_by_key(|name| distance(name, found))
        .unwrap_or_default();
    match table {
        "" => name.to_owned(),
        _ => format!("{table}.{name}"),
    }
}

/// Edit distance (Levenshtein), of the first 64 characters.
pub(crate) fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other
        .chars()
        .take(64)
        .flat_map(char::to_lowercase)
        .collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (one, other, edits) in [
            ("", "", 0),
            ("a", "", 1),
            ("attest", "atest", 1),
            ("seal", "sael", 2),
        ] {
            assert_eq!(distance(one, other), edits);
        }
    }

    #[test]
    fn the_nearest_setting_is_of_the_same_table() {
        for (table, found, expected) in [
            ("", "need", "needed"),
            ("", "polcy", "policy"),
            ("", "roots", "root"),
            ("key", "userid", "key.user-id"),
            ("key", "algo", "key.algorithm"),
            ("needed", "revocations", "needed.revocation"),
            ("policy", "request_days", "policy.request-days"),
            ("root.anna", "seals", "root.anna.seal"),
            ("", "master", "needed.master"),
            ("key", "seal", "root.NAME.seal"),
        ] {
            assert_eq!(nearest(table, found), expected);
        }
    }
}
