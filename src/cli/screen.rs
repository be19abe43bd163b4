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
    fn time_left_is_told_in_the_two_largest_units() {
        let now = Timestamp::from_seconds(1_000_000).unwrap();
        let left = |seconds| time_left(now, now.plus_seconds(seconds));
        assert_eq!(left(0), "now");
        assert_eq!(left(60), "in 1 minute");
        assert_eq!(left(7200), "in 2 hours");
        assert_eq!(left(5 * 86_400 + 7200), "in 5 days 2 hours");
    }
}
