//! Lines whose characters are wrong.

use serde_json::json;

use super::super::naive::{joined, line, whole};
use super::{Vectors, master};

/// The text of seat 2 with line `number` replaced.
fn with_line(number: usize, new: &str) -> String {
    let mut lines = master(2).lines();
    lines[3 + number] = new.into();
    joined(&lines)
}

pub fn damage(vectors: &mut Vectors) {
    let lines = master(2).lines();
    let third = lines[6].clone();
    // Characters of a line, counted from 1 without blanks, and where they are.
    let columns: Vec<usize> = (3..third.len())
        .filter(|&at| third.as_bytes()[at] != b' ')
        .collect();
    let wrong = |line: &str, characters: &[usize]| -> String {
        let mut line = line.as_bytes().to_vec();
        for &character in characters {
            let place = &mut line[columns[character - 1]];
            *place = if *place == b'q' { b'g' } else { b'q' };
        }
        String::from_utf8(line).unwrap()
    };
    let mut add = |name: &str, number: usize, new: &str, fault: &str, at: &[usize]| {
        let place = if number == 8 {
            "ck".into()
        } else {
            number.to_string()
        };
        let damaged = json!([{ "place": place, "line": number + 4, "fault": fault, "at": at }]);
        let facts = json!({ "damaged": damaged, "of": 7 });
        vectors.refused(
            &format!("damage/{name}"),
            with_line(number, new),
            "damaged",
            facts,
        );
    };
    for character in [1, 14, 24, 25, 28] {
        add(
            &format!("character-{character}-wrong"),
            3,
            &wrong(&third, &[character]),
            "one",
            &[character],
        );
    }
    add(
        "two-characters-wrong",
        3,
        &wrong(&third, &[5, 19]),
        "two",
        &[5, 19],
    );
    let mut exchanged = third.as_bytes().to_vec();
    exchanged.swap(columns[9], columns[10]);
    let exchanged = String::from_utf8(exchanged).unwrap();
    assert_ne!(exchanged, third);
    add("neighbours-exchanged", 3, &exchanged, "two", &[10, 11]);
    add(
        "three-characters-wrong",
        3,
        &wrong(&third, &[2, 9, 21]),
        "many",
        &[],
    );
    let groups: Vec<&str> = third.split_whitespace().collect();
    let mut swapped = groups.clone();
    swapped.swap(2, 3);
    add("groups-exchanged", 3, &swapped.join(" "), "many", &[]);
    add(
        "other-lines-characters",
        3,
        &format!("03{}", &lines[5][2..]),
        "other-line",
        &[],
    );
    let mut missing = third.clone();
    missing.remove(columns[9]);
    add("character-missing", 3, &missing, "length", &[27, 3]);
    let mut doubled = third.clone();
    doubled.insert(columns[9], third.as_bytes()[columns[9]].into());
    add("character-doubled", 3, &doubled, "length", &[29, 3]);
    add("group-missing", 3, &groups[..7].join(" "), "length", &[24]);
    for (name, foreign) in [
        ("zero", '0'),
        ("one", '1'),
        ("eight", '8'),
        ("nine", '9'),
        ("umlaut", 'ü'),
        ("dash", '-'),
    ] {
        let mut typed = third.clone();
        typed.replace_range(columns[6]..columns[6] + 1, &foreign.to_string());
        add(&format!("character-is-{name}"), 3, &typed, "foreign", &[7]);
    }
    let last: Vec<&str> = lines[10].split_whitespace().collect();
    add(
        "last-line-short",
        7,
        &last[1..].join(" ").replacen(last[1], "07", 1),
        "length",
        &[16],
    );
    add(
        "check-line-character-wrong",
        8,
        &wrong(&lines[11], &[3]),
        "one",
        &[3],
    );
    add("check-line-short", 8, "ck abcd efgh", "length", &[8]);
    add(
        "check-line-with-data",
        8,
        &format!("ck{}", &third[2..]),
        "length",
        &[28],
    );

    let mut two = lines.clone();
    two[4] = wrong(&lines[4], &[3]);
    two[9] = wrong(&lines[9], &[8, 9]);
    let damaged = json!([
        { "place": "1", "line": 5, "fault": "one", "at": [3] },
        { "place": "6", "line": 10, "fault": "two", "at": [8, 9] },
    ]);
    vectors.refused(
        "damage/two-lines",
        joined(&two),
        "damaged",
        json!({ "damaged": damaged, "of": 7 }),
    );

    let foreign = master(3).lines();
    vectors.refused(
        "damage/line-of-other-share",
        with_line(5, &foreign[8]),
        "whole",
        json!({}),
    );
    vectors.refused(
        "damage/check-line-of-other-share",
        with_line(8, &foreign[11]),
        "whole",
        json!({}),
    );
    let shown = whole(&master(2).body());
    let almost: Vec<u8> = shown
        .iter()
        .enumerate()
        .map(|(i, &s)| s ^ u8::from(i == 11))
        .collect();
    vectors.refused(
        "damage/check-of-whole-one-bit-off",
        with_line(8, &line("ck", 8, &almost)),
        "whole",
        json!({}),
    );
}
