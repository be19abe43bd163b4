//! The series data of a release site, edited as a text: only the lines of the series concerned change,
//! and what isn't understood is refused, not rewritten.
//!
//! The file is a YAML list of mappings, `- name: …` at the margin and the settings two columns in, as
//! openstack/releases keeps it in `data/series_status.yaml`.

use sequoia_openpgp::Fingerprint;

use crate::world::Timestamp;

/// Where the site keeps it, from the top of its checkout.
pub const FILE: &str = "data/series_status.yaml";
/// Most bytes of it.
pub const MAX_SERIES: usize = 1 << 20;

/// Why the series data isn't edited. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// A line that this program doesn't know how to read.
    #[error("line {line} isn't understood")]
    Line {
        /// Which.
        line: usize,
    },
    /// No series of that name.
    #[error("no series {name}")]
    NoSeries {
        /// As asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Two series of one name.
    #[error("two series {name}")]
    Twice {
        /// The name.
        name: String,
    },
    /// The series has a signing key already.
    #[error("the series has another signing key")]
    OtherKey {
        /// Which, as it stands there.
        key: String,
    },
    /// The key stands there with other days.
    #[error("the key stands there from {start} to {end}")]
    OtherDays {
        /// As it stands there.
        start: String,
        /// As it stands there.
        end: String,
    },
    /// The previous key isn't anybody's signing key.
    #[error("no series has the previous key")]
    NoPrevious,
    /// The previous key ended on another day already, or would end before it began.
    #[error("the previous key ({series}) runs from {start} to {end}")]
    PreviousDays {
        /// Whose.
        series: String,
        /// As it stands there.
        start: String,
        /// As it stands there.
        end: String,
    },
}

/// What the new key's entry says.
pub struct Entry<'a> {
    /// The series.
    pub series: &'a str,
    /// Its signing key.
    pub key: &'a Fingerprint,
    /// The day from which it signs.
    pub start: Timestamp,
    /// The key that ends on that day, if there was one.
    pub previous: Option<&'a Fingerprint>,
}

/// The data with the entry.
#[derive(Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole text.
    pub text: String,
    /// The series whose key ends, if one does.
    pub ended: Option<String>,
    /// Did anything change?
    pub changed: bool,
}

/// One item of the list.
#[derive(Default)]
struct Item {
    name: String,
    /// Where its last setting ends: the index of the line after it.
    end: usize,
    key: Option<SigningKey>,
}

/// `signing-key:` with the lines of its settings.
#[derive(Default)]
struct SigningKey {
    key: Option<(usize, String)>,
    start: Option<(usize, String)>,
    end: Option<(usize, String)>,
}

impl SigningKey {
    fn days(&self) -> (String, String) {
        let day = |setting: &Option<(usize, String)>| {
            setting
                .as_ref()
                .map_or_else(String::new, |(_, v)| v.clone())
        };
        (day(&self.start), day(&self.end))
    }

    fn is(&self, key: &Fingerprint) -> bool {
        self.key
            .as_ref()
            .is_some_and(|(_, there)| *there == lower(key))
    }
}

fn lower(key: &Fingerprint) -> String {
    key.to_hex().to_lowercase()
}

/// `text` with `entry` in it: the series' `signing-key`, and the previous key's `end`.
///
/// # Errors
/// [`SeriesError`].
pub fn edit(text: &str, entry: &Entry<'_>) -> Result<Edited, SeriesError> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let items = read(text, &lines)?;
    let mut named = items.iter().filter(|item| item.name == entry.series);
    let item = named.next().ok_or_else(|| SeriesError::NoSeries {
        name: entry.series.to_owned(),
        known: items.iter().map(|item| item.name.clone()).collect(),
    })?;
    if named.next().is_some() {
        return Err(SeriesError::Twice {
            name: entry.series.to_owned(),
        });
    }
    let start = entry.start.day();
    let mut changed = false;
    let mut ended = None;
    let keyed = items.iter().any(|item| item.key.is_some());
    // Where no series has a key yet there is nothing to end.
    if let Some(previous) = entry.previous.filter(|_| keyed) {
        let mut holders = items
            .iter()
            .filter_map(|item| Some((item, item.key.as_ref()?)))
            .filter(|(_, key)| key.is(previous));
        let (old, key) = holders.next().ok_or(SeriesError::NoPrevious)?;
        let (from, to) = key.days();
        let line = key.end.as_ref().map(|(line, _)| *line);
        match line {
            Some(line) if to == "present" && from <= start => {
                lines[line] = format!("    end: {start}");
                changed = true;
            }
            Some(_) if to == start => {}
            _ => {
                return Err(SeriesError::PreviousDays {
                    series: old.name.clone(),
                    start: from,
                    end: to,
                });
            }
        }
        ended = Some(old.name.clone());
    }
    match &item.key {
        Some(there) if there.is(entry.key) => {
            let (from, to) = there.days();
            if from != start || to != "present" {
                return Err(SeriesError::OtherDays {
                    start: from,
                    end: to,
                });
            }
        }
        Some(there) => {
            return Err(SeriesError::OtherKey {
                key: there
                    .key
                    .as_ref()
                    .map_or_else(String::new, |(_, k)| k.clone()),
            });
        }
        None => {
            let new = [
                "  signing-key:".to_owned(),
                format!("    key: {}", scalar(&lower(entry.key))),
                format!("    start: {start}"),
                "    end: present".to_owned(),
            ];
            lines.splice(item.end..item.end, new);
            changed = true;
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    Ok(Edited {
        text,
        ended,
        changed,
    })
}

/// A fingerprint that YAML could take for a number is quoted.
fn scalar(hex: &str) -> String {
    if hex.bytes().all(|b| b.is_ascii_digit() || b == b'e') {
        format!("'{hex}'")
    } else {
        hex.to_owned()
    }
}

/// The value of `key: value`: a plain word or one in quotes, nothing that YAML gives another meaning.
fn value(text: &str) -> Option<String> {
    let text = text.trim_end();
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return (!inner.contains([quote, '\\'])).then(|| inner.to_owned());
        }
    }
    let special = text.starts_with(['&', '*', '!', '|', '>', '{', '[', '%', '@', '`', '"', '\'']);
    (!special && !text.contains(" #") && !text.contains(": ")).then(|| text.to_owned())
}

/// The list, or the first line that isn't understood.
fn read(text: &str, lines: &[String]) -> Result<Vec<Item>, SeriesError> {
    let mut items: Vec<Item> = Vec::new();
    let mut in_key = false;
    for (index, line) in lines.iter().enumerate() {
        let odd = || SeriesError::Line { line: index + 1 };
        if line.contains(['\t', '\r', '\0']) {
            return Err(odd());
        }
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') || (index == 0 && line == "---") {
            continue;
        }
        let indent = line.len() - bare.len();
        if let Some(name) = line.strip_prefix("- name: ") {
            let name = value(name).ok_or_else(odd)?;
            items.push(Item {
                name,
                end: index + 1,
                key: None,
            });
            in_key = false;
            continue;
        }
        let item = items.last_mut().ok_or_else(odd)?;
        item.end = index + 1;
        match indent {
            0 | 1 | 3 => return Err(odd()),
            2 => {
                in_key = bare.trim_end() == "signing-key:";
                if in_key {
                    if item.key.is_some() {
                        return Err(odd());
                    }
                    item.key = Some(SigningKey::default());
                } else if bare.starts_with("signing-key") || bare.starts_with("name:") {
                    // Written in a way that isn't known here, or told twice.
                    return Err(odd());
                }
            }
            4 if in_key => {
                let key = item.key.as_mut().ok_or_else(odd)?;
                let (name, rest) = bare.split_once(": ").ok_or_else(odd)?;
                let setting = match name {
                    "key" => &mut key.key,
                    "start" => &mut key.start,
                    "end" => &mut key.end,
                    _ => return Err(odd()),
                };
                if setting.is_some() {
                    return Err(odd());
                }
                *setting = Some((index, value(rest).ok_or_else(odd)?));
            }
            _ if in_key => return Err(odd()),
            _ => {}
        }
    }
    let whole = items
        .iter()
        .filter_map(|item| Some((item.end, item.key.as_ref()?)))
        .find(|(_, key)| key.key.is_none() || key.start.is_none() || key.end.is_none());
    match whole {
        Some((line, _)) => Err(SeriesError::Line { line }),
        None if text.ends_with('\n') || text.is_empty() => Ok(items),
        None => Err(SeriesError::Line { line: lines.len() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XENA: &str = "4C29FF0E437F3351FD82BDF47C5A3BC787DC7035";
    const YOGA: &str = "01527A34F0D0080F8A5DB8D6EB6C5DF21B4B6363";
    const DATA: &str = "---\n# The series, newest first\n- name: yoga\n  release-id: 2022.1\n  \
        status: development\n  next-phase:\n    status: maintained\n    date: 2022-03-30\n\n- name: xena\n  \
        status: maintained\n  signing-key:\n    key: 4c29ff0e437f3351fd82bdf47c5a3bc787dc7035\n    \
        start: 2021-05-01\n    end: present\n  # its notes\n  initial-release: 2021-10-06\n";

    fn key(text: &str) -> Fingerprint {
        text.parse().unwrap()
    }

    fn put(text: &str, series: &str, start: &str, previous: bool) -> Result<Edited, SeriesError> {
        edit(
            text,
            &Entry {
                series,
                key: &key(YOGA),
                start: Timestamp::from_day(start).unwrap(),
                previous: previous.then(|| key(XENA)).as_ref(),
            },
        )
    }

    #[test]
    fn the_new_key_begins_on_the_day_on_which_the_previous_one_ends() {
        let done = put(DATA, "yoga", "2021-10-26", true).unwrap();
        let expected = DATA
            .replace(
                "    date: 2022-03-30\n",
                "    date: 2022-03-30\n  signing-key:\n    key: 01527a34f0d0080f8a5db8d6eb6c5df21b4b6363\n    \
                 start: 2021-10-26\n    end: present\n",
            )
            .replace("    end: present\n  # its", "    end: 2021-10-26\n  # its");
        assert_eq!(done.text, expected);
        assert_eq!((done.ended.as_deref(), done.changed), (Some("xena"), true));
        // Done again it changes nothing.
        let again = put(&done.text, "yoga", "2021-10-26", true).unwrap();
        assert_eq!((again.text, again.changed), (done.text, false));
    }

    #[test]
    fn what_stands_there_already_and_differs_is_refused() {
        let done = put(DATA, "yoga", "2021-10-26", true).unwrap().text;
        assert!(matches!(
            put(&done, "yoga", "2021-11-01", true),
            Err(SeriesError::PreviousDays { .. })
        ));
        assert!(matches!(
            put(&done, "yoga", "2021-11-01", false),
            Err(SeriesError::OtherDays { .. })
        ));
        assert!(matches!(
            put(DATA, "xena", "2021-10-26", false),
            Err(SeriesError::OtherKey { .. })
        ));
        assert!(matches!(
            put(DATA, "zed", "2021-10-26", false),
            Err(SeriesError::NoSeries { .. })
        ));
        let unknown = DATA.replace("4c29ff", "4c29fe");
        assert_eq!(
            put(&unknown, "yoga", "2021-10-26", true),
            Err(SeriesError::NoPrevious)
        );
        assert!(matches!(
            put(DATA, "yoga", "2021-04-30", true),
            Err(SeriesError::PreviousDays { .. })
        ));
    }

    #[test]
    fn what_isnt_understood_is_refused_with_its_line() {
        for (from, to) in [
            ("  status: development", "\tstatus: development"),
            ("    start: 2021-05-01", "    start: &day 2021-05-01"),
            ("    start: 2021-05-01", "    begin: 2021-05-01"),
            ("  signing-key:\n", "  signing-key: {key: 1}\n"),
            ("    end: present\n", ""),
            ("- name: xena", "- {name: xena}"),
            ("- name: xena", "other:"),
            ("2021-10-06\n", "2021-10-06"),
        ] {
            let odd = DATA.replace(from, to);
            assert_ne!(odd, DATA);
            let refused = put(&odd, "yoga", "2021-10-26", true);
            assert!(
                matches!(refused, Err(SeriesError::Line { .. })),
                "{to}: {refused:?}"
            );
        }
        let twice = format!("{DATA}- name: yoga\n  status: future\n");
        assert!(matches!(
            put(&twice, "yoga", "2021-10-26", true),
            Err(SeriesError::Twice { .. })
        ));
    }

    #[test]
    fn a_fingerprint_that_looks_like_a_number_is_quoted() {
        assert_eq!(scalar("0012e4"), "'0012e4'");
        assert_eq!(scalar("0012f4"), "0012f4");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic_or_lose_other_lines(text in "(- name: [a-z]{1,3}\n|  status: [a-z ]{0,5}\n|  signing-key:\n|    (key|start|end): [a-z0-9]{0,4}\n|\\PC{0,9}\n){0,12}") {
            if let Ok(done) = put(&text, "a", "2021-10-26", false) {
                let rest: Vec<&str> = done.text.lines().collect();
                let mut at = 0;
                for line in text.lines() {
                    at += rest[at..].iter().position(|l| *l == line).unwrap() + 1;
                }
            }
        }
    }
}
