//! The list of keys on a release site's front page, edited as a text, where the page keeps one by hand:
//!
//! ```text
//! * 2020-10-30..2021-05-06 (Wallaby Cycle key):
//!   `key 0x5d2d…`_ (details__)
//! * 2021-05-06..present (Xena Cycle key):
//!   `key 0x4c29…`_ (details__)
//!
//! .. _`key 0x5d2d…`: _static/0x5d2d….txt
//! .. __: http://…search=0x5d2d…
//! ```
//!
//! The new entry is the last one with another key, name and days, so it looks as its site wants it. A page without
//! such a list (some sites make it from the series data) is left alone.

use sequoia_openpgp::Fingerprint;

use super::series::Entry;

/// Where the site keeps it, from the top of its checkout.
pub const FILE: &str = "doc/source/index.rst";
/// Most bytes of it.
pub const MAX_INDEX: usize = 1 << 20;
/// What a name ends with.
const CYCLE_KEY: &str = " Cycle key";

/// Why the list isn't edited. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// An entry, or its link, that this program doesn't know how to read.
    #[error("line {line} isn't understood")]
    Line {
        /// Which.
        line: usize,
    },
    /// The last entry is of another key.
    #[error("the last key of the list is {key}")]
    OtherLast {
        /// As it stands there.
        key: String,
    },
    /// The last key ended on another day already.
    #[error("the previous key runs from {start} to {end}")]
    PreviousDays {
        /// As it stands there.
        start: String,
        /// As it stands there.
        end: String,
    },
    /// The key stands there with another day.
    #[error("the key stands there from {start}")]
    OtherDays {
        /// As it stands there.
        start: String,
    },
}

/// One entry: two lines.
struct Item<'t> {
    /// The index of its first line.
    at: usize,
    start: &'t str,
    end: &'t str,
    name: &'t str,
    /// In lower case, without `0x`.
    key: &'t str,
}

/// The page with the entry; `None` if it has no such list.
///
/// # Errors
/// [`IndexError`].
pub fn edit(text: &str, entry: &Entry<'_>) -> Result<Option<String>, IndexError> {
    let lines: Vec<&str> = text.split('\n').collect();
    let items = items(&lines)?;
    let Some(last) = items.last() else {
        return Ok(None);
    };
    let hex = |key: &Fingerprint| key.to_hex().to_lowercase();
    let (key, start) = (hex(entry.key), entry.start.day());
    if let Some(known) = items.iter().find(|item| item.key == key) {
        return match known.start == start {
            true => Ok(Some(text.to_owned())),
            false => Err(IndexError::OtherDays {
                start: known.start.to_owned(),
            }),
        };
    }
    if entry.previous.map(hex).as_deref() != Some(last.key) {
        let key = format!("0x{}", last.key);
        return Err(IndexError::OtherLast { key });
    }
    if (last.end != "present" && last.end != start) || *last.start >= *start {
        return Err(IndexError::PreviousDays {
            start: last.start.to_owned(),
            end: last.end.to_owned(),
        });
    }
    let link = format!(".. _`key 0x{}`:", last.key);
    let Some(link) = lines.iter().position(|line| line.starts_with(&link)) else {
        return Err(IndexError::Line { line: last.at + 2 });
    };
    let anonymous = |line: &&&str| line.starts_with(".. __:") && line.contains(last.key);
    let links = 1 + usize::from(lines.get(link + 1).filter(anonymous).is_some());
    let anew = |line: &str| line.replace(last.key, &key);

    let mut edited: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    // From the end, so that the indices hold.
    let new = lines[link..link + links].iter().map(|line| anew(line));
    edited.splice(link + links..link + links, new.collect::<Vec<_>>());
    let name = cycle_key(entry.series);
    let new = [
        format!("* {start}..present ({name}):"),
        anew(lines[last.at + 1]),
    ];
    edited.splice(last.at + 2..last.at + 2, new);
    edited[last.at] = format!("* {}..{start} ({}):", last.start, last.name);
    Ok(Some(edited.join("\n")))
}

/// `Larch Cycle key`.
fn cycle_key(series: &str) -> String {
    let mut letters = series.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}{CYCLE_KEY}", letters.as_str())
}

fn items<'t>(lines: &[&'t str]) -> Result<Vec<Item<'t>>, IndexError> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        // Only what ends like that is meant to be one.
        let Some(rest) = line
            .strip_suffix("):")
            .filter(|line| line.ends_with(CYCLE_KEY))
        else {
            continue;
        };
        let bad = IndexError::Line { line: at + 1 };
        let head = rest
            .strip_prefix("* ")
            .and_then(|rest| rest.split_once(" ("));
        let Some((days, name)) = head else {
            return Err(bad);
        };
        let days = days.split_once("..").filter(|(start, _)| start.len() == 10);
        let key = lines
            .get(at + 1)
            .and_then(|line| line.strip_prefix("  `key 0x"));
        let key = key
            .and_then(|rest| rest.split_once('`'))
            .map(|(key, _)| key);
        let is_key = |key: &&str| {
            key.len() == 40
                && key
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let (Some((start, end)), Some(key)) = (days, key.filter(is_key)) else {
            return Err(bad);
        };
        found.push(Item {
            at,
            start,
            end,
            name,
            key,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "4C29FF0E437F3351FD82BDF47C5A3BC787DC7035";
    const NEW: &str = "01527A34F0D0080F8A5DB8D6EB6C5DF21B4B6363";

    fn page() -> String {
        let old = OLD.to_lowercase();
        format!(
            "Signatures\n==========\n\n* 2020-10-30..2021-05-06 (Wallaby Cycle key):\n  `key 0x5d2d1e4fb8d38e6af76c50d53d4fec30cf5ce3da`_ (details__)\n\
             * 2021-05-06..present (Xena Cycle key):\n  `key 0x{old}`_ (details__)\n\n\
             .. _`key 0x5d2d1e4fb8d38e6af76c50d53d4fec30cf5ce3da`: _static/0x5d2d1e4fb8d38e6af76c50d53d4fec30cf5ce3da.txt\n.. __: http://x/?0x5d2d1e4fb8d38e6af76c50d53d4fec30cf5ce3da\n\
             .. _`key 0x{old}`: _static/0x{old}.txt\n.. __: http://x/?0x{old}\n\nMore\n"
        )
    }

    fn edited(
        text: &str,
        start: &str,
        previous: Option<&str>,
    ) -> Result<Option<String>, IndexError> {
        let previous: Option<Fingerprint> = previous.map(|key| key.parse().unwrap());
        let entry = Entry {
            series: "yoga",
            key: &NEW.parse().unwrap(),
            start: crate::world::Timestamp::from_day(start).unwrap(),
            previous: previous.as_ref(),
        };
        edit(text, &entry)
    }

    #[test]
    fn the_new_entry_follows_the_last_one_and_looks_like_it() {
        let new = NEW.to_lowercase();
        let old = OLD.to_lowercase();
        let text = edited(&page(), "2021-10-26", Some(OLD)).unwrap().unwrap();
        let expected = page()
            .replace(
                &format!("* 2021-05-06..present (Xena Cycle key):\n  `key 0x{old}`_ (details__)\n"),
                &format!(
                    "* 2021-05-06..2021-10-26 (Xena Cycle key):\n  `key 0x{old}`_ (details__)\n\
                     * 2021-10-26..present (Yoga Cycle key):\n  `key 0x{new}`_ (details__)\n"
                ),
            )
            .replace(
                "\n\nMore",
                &format!(
                    "\n.. _`key 0x{new}`: _static/0x{new}.txt\n.. __: http://x/?0x{new}\n\nMore"
                ),
            );
        assert_eq!(text, expected);
        // Again without a change.
        assert_eq!(
            edited(&text, "2021-10-26", Some(OLD)),
            Ok(Some(text.clone()))
        );
        let other = edited(&text, "2021-10-27", Some(OLD));
        assert!(
            matches!(other, Err(IndexError::OtherDays { .. })),
            "{other:?}"
        );
    }

    #[test]
    fn a_page_without_a_list_is_left_alone_and_an_odd_one_is_refused() {
        assert_eq!(edited("Keys\n====\n", "2021-10-26", Some(OLD)), Ok(None));
        for (from, to, line) in [
            ("* 2021-05-06..present", "* since 2021", 6),
            ("  `key 0x4c29", "  key 0x4c29", 6),
            (".. _`key 0x4c29", ".. _`Key 0x4c29", 7),
        ] {
            let odd = page().replace(from, to);
            assert_eq!(
                edited(&odd, "2021-10-26", Some(OLD)),
                Err(IndexError::Line { line }),
                "{from}"
            );
        }
        let refused = edited(&page(), "2021-10-26", Some(NEW));
        assert!(matches!(refused, Err(IndexError::OtherLast { .. })));
        assert!(matches!(
            edited(&page(), "2021-10-26", None),
            Err(IndexError::OtherLast { .. })
        ));
        for start in ["2021-05-06", "2021-01-01"] {
            let refused = edited(&page(), start, Some(OLD));
            assert!(
                matches!(refused, Err(IndexError::PreviousDays { .. })),
                "{start}"
            );
        }
    }
}
