//! What several commands print alike.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::report::path;
use crate::ceremony::explain::Line;
use crate::session::front::Ran;
use crate::world::Timestamp;

/// `certify   text`, labels in a column of ten.
#[must_use]
pub fn lines(lines: &[Line]) -> String {
    let rows: Vec<String> = lines
        .iter()
        .map(|l| format!("  {:<9} {}", l.label, l.text))
        .collect();
    rows.join("\n")
}

/// `in 5 days 2 hours`, `in 3 minutes`; `now` when it is over.
#[must_use]
pub fn time_left(now: Timestamp, until: Timestamp) -> String {
    let left = until.seconds_since(now);
    let s = |n: u64| if n == 1 { "" } else { "s" };
    let (days, hours, minutes) = (left / 86_400, left / 3600 % 24, left / 60 % 60);
    match (days, hours) {
        _ if until <= now => "now".to_owned(),
        (0, 0) => format!("in {minutes} minute{}", s(minutes)),
        (0, _) => format!("in {hours} hour{}", s(hours)),
        (_, 0) => format!("in {days} day{}", s(days)),
        _ => format!("in {days} day{} {hours} hour{}", s(days), s(hours)),
    }
}

/// `2026-06-15 09:14 UTC`.
#[must_use]
pub fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    let (day, clock) = text.split_once('T').unwrap_or((&text, "00:00"));
    format!("{day} {} UTC", clock.get(..5).unwrap_or(clock))
}

/// A folder as a colleague can type it: from the own folder, if it lies near, not from this machine's root.
#[must_use]
pub fn beside(context: &Context<'_>, folder: &Path) -> String {
    let here = context
        .folder()
        .unwrap_or_else(|_| context.world.surroundings.current_dir.clone());
    path(&typed_from(&here, folder, ".")).to_string()
}

/// A folder as it is typed in another one: what lies in it after `below`, what lies beside it after `..`, others whole.
#[must_use]
pub fn typed_from(here: &Path, folder: &Path, below: &str) -> PathBuf {
    let near = |up: &Path, begin: &str| {
        let rest = folder.strip_prefix(up).ok()?;
        Some(Path::new(begin).join(rest))
    };
    near(here, below)
        .or_else(|| near(here.parent()?, ".."))
        .unwrap_or_else(|| folder.to_owned())
}

/// How the session was locked up and how long it lived.
#[must_use]
pub fn hardened(ran: &Ran) -> String {
    let missing = ran.hardening.missing();
    let what = if missing.is_empty() {
        "memory, dumps, Landlock, seccomp: nothing missing".to_owned()
    } else {
        format!("complete, but without {}", missing.join(", "))
    };
    format!("hardened   {what}; {:.3} s, ended", ran.seconds)
}

/// The eight words, four on a line.
#[must_use]
pub fn words(words: &[&str]) -> String {
    let rows: Vec<String> = words
        .chunks(4)
        .map(|row| {
            row.iter()
                .map(|word| format!("{word:<9}"))
                .collect::<String>()
        })
        .map(|row| format!("  {}", row.trim_end()))
        .collect();
    rows.join("\n")
}

/// Most columns of a line: a terminal's, if nobody has made it wider.
const COLUMNS: usize = 80;

/// A line that goes on below itself, after `indent` blanks, where it would be wider than a terminal: after a semicolon,
/// if that is enough. Words stay whole.
#[must_use]
pub fn folded(line: &str, indent: usize) -> String {
    let mut all = String::new();
    let mut column = 0;
    for part in line.split_inclusive("; ") {
        let fits_below = indent + wide(part) <= COLUMNS;
        if column > indent && fits_below && column + wide(part) > COLUMNS {
            column = go_on_below(&mut all, indent);
        }
        // A run of blanks belongs to the word before it, so that columns stay where they are.
        for word in part.split_inclusive(' ') {
            if column > indent && column + wide(word) > COLUMNS {
                column = go_on_below(&mut all, indent);
            }
            all.push_str(word);
            column += word.chars().count();
        }
    }
    all
}

/// Columns without the blanks at the end.
fn wide(text: &str) -> usize {
    text.trim_end_matches(' ').chars().count()
}

fn go_on_below(all: &mut String, indent: usize) -> usize {
    all.truncate(all.trim_end_matches(' ').len());
    all.push('\n');
    all.push_str(&" ".repeat(indent));
    indent
}

/// `anna, ben, cleo`.
#[must_use]
pub fn list(names: &[impl ToString]) -> String {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_folded_only_where_it_is_wider_than_a_terminal() {
        let short = "needs          3 of 5; 1 approved";
        assert_eq!(folded(short, 15), short);
        let just = format!("label     {} {}", "a".repeat(34), "b".repeat(35));
        assert_eq!(folded(&just, 10), just);
        let over = format!("label     {} {}", "a".repeat(34), "b".repeat(36));
        let two = format!("label     {}\n          {}", "a".repeat(34), "b".repeat(36));
        assert_eq!(folded(&over, 10), two);
        let parts = format!("label     {}; {} d, e", "a".repeat(34), "b".repeat(34));
        let two = format!(
            "label     {};\n          {} d, e",
            "a".repeat(34),
            "b".repeat(34)
        );
        assert_eq!(folded(&parts, 10), two);
        // What can't be broken isn't.
        let long = format!("  {}", "c".repeat(100));
        assert_eq!(folded(&long, 2), long);
    }

    #[test]
    fn time_left_is_told_in_the_two_largest_units() {
        let now = Timestamp::from_seconds(1_000_000).unwrap();
        let left = |seconds| time_left(now, now.plus_seconds(seconds));
        assert_eq!(left(0), "now");
        assert_eq!(left(60), "in 1 minute");
        assert_eq!(left(7200), "in 2 hours");
        assert_eq!(left(5 * 86_400 + 7200), "in 5 days 2 hours");
    }
}
