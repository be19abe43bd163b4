//! Texts whose armour, lines or information are wrong.

use serde_json::{Value, json};

use super::super::naive::{hex, joined};
use super::{Vectors, master, practice};

pub fn outer(vectors: &mut Vectors) {
    let share = master(2);
    let text = share.text();
    let lines = share.lines();
    let without = |at: usize| joined(&[&lines[..at], &lines[at + 1..]].concat());
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines.insert(at, line.into());
        joined(&lines)
    };
    let wide = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let marked = format!("\u{feff}{text}");
    let last = lines.len() - 1;
    let none = || json!({});
    let at = |line: usize| json!({ "line": line });
    let mut add = |name: &str, text: Vec<u8>, error: &str, facts: Value| {
        vectors.refused(&format!("outer/{name}"), text, error, facts);
    };
    add("empty", vec![], "empty", none());
    add("blanks-only", b" \r\n\t\n> \n".to_vec(), "empty", none());
    add(
        "byte-order-mark-only",
        b"\xef\xbb\xbf".to_vec(),
        "empty",
        none(),
    );
    add(
        "no-share",
        b"Nothing was attached, sorry.\n".to_vec(),
        "no-share",
        none(),
    );
    add(
        "other-armour",
        text.replace("QUORATE", "PGP").into(),
        "no-share",
        none(),
    );
    add(
        "utf-16-little-endian",
        wide(&marked, u16::to_le_bytes),
        "utf-16",
        none(),
    );
    add(
        "utf-16-big-endian",
        wide(&marked, u16::to_be_bytes),
        "utf-16",
        none(),
    );
    add(
        "utf-16-without-mark",
        wide(&text, u16::to_le_bytes),
        "utf-16",
        none(),
    );
    add(
        "zero-byte",
        [text.as_bytes(), b"\0"].concat(),
        "binary",
        json!({ "offset": text.len() }),
    );
    add(
        "end-cut-off",
        text.as_bytes()[..text.len() - 20].to_vec(),
        "end-missing",
        at(1),
    );
    add("end-missing", without(last).into(), "end-missing", at(1));
    add(
        "cut-off-in-line-3",
        text[..text.find("\n04").unwrap() - 9].into(),
        "end-missing",
        at(1),
    );
    add(
        "begin-missing",
        without(0).into(),
        "begin-missing",
        at(last),
    );
    add(
        "begun-twice",
        with(4, &lines[0]).into(),
        "end-missing",
        at(1),
    );
    add(
        "end-of-practice-share",
        text.replace("END QUORATE", "END QUORATE PRACTICE").into(),
        "end-differs",
        at(last + 1),
    );
    add(
        "armour-alone",
        joined(&[&lines[0], &lines[last]]).into(),
        "no-lines",
        at(1),
    );
    add(
        "check-line-alone",
        joined(&[&lines[0], &lines[1], &lines[last - 1], &lines[last]]).into(),
        "no-lines",
        at(1),
    );
    add(
        "check-line-missing",
        without(last - 1).into(),
        "check-missing",
        at(last),
    );
    add(
        "check-line-twice",
        with(last, &lines[last - 1]).into(),
        "stray",
        at(last + 1),
    );
    add(
        "line-missing",
        without(6).into(),
        "number",
        json!({ "line": 7, "expected": 3, "found": 4 }),
    );
    add(
        "line-twice",
        with(6, &lines[5]).into(),
        "number",
        json!({ "line": 7, "expected": 3, "found": 2 }),
    );
    add(
        "line-0",
        joined(&lines).replace("\n01 ", "\n00 ").into(),
        "number",
        json!({ "line": 5, "expected": 1, "found": 0 }),
    );
    let mut swapped = lines.clone();
    swapped.swap(5, 6);
    add(
        "lines-out-of-order",
        joined(&swapped).into(),
        "number",
        json!({ "line": 6, "expected": 2, "found": 3 }),
    );
    add(
        "line-broken-in-two",
        text.replacen("\n03 ", "\n03\n", 1).into(),
        "stray",
        at(7),
    );
    add(
        "words-between-lines",
        with(6, "I hope you can read this").into(),
        "stray",
        at(7),
    );
    add(
        "words-after-check-line",
        with(last, "that is all").into(),
        "stray",
        at(last + 1),
    );
    add(
        "number-with-one-digit",
        text.replace("\n03 ", "\n3 ").into(),
        "stray",
        at(7),
    );
    add(
        "information-missing",
        without(2).into(),
        "information-lines",
        json!({ "found": 2 }),
    );
    add(
        "information-line-too-many",
        with(1, "Comment: hello").into(),
        "information-lines",
        json!({ "found": 4 }),
    );
    add(
        "information-says-other-seat",
        text.replace("seat 2,", "seat 3,").into(),
        "information",
        at(2),
    );
    add(
        "information-says-other-key",
        text.replace("\nkey ", "\nkey 0").into(),
        "information",
        at(3),
    );
    add(
        "information-says-other-set",
        without(3)
            .replace("\n01 ", &format!("\nset {}\n01 ", hex(&[0; 16])))
            .into(),
        "information",
        at(4),
    );
    let practice_armour = text.replace("QUORATE", "QUORATE PRACTICE");
    add(
        "share-in-practice-armour",
        practice_armour.into(),
        "armour",
        at(1),
    );
    let real_armour = practice(2).text().replace(" PRACTICE", "");
    add(
        "practice-share-in-armour-of-a-real-one",
        real_armour.into(),
        "armour",
        at(1),
    );

    let mut long = master(2);
    long.data = vec![7; 1060];
    add("74-lines", long.text().into(), "too-many-lines", at(78));
    vectors.file(
        "outer/too-large",
        text,
        // Stored small: the reader of this index puts line feeds behind it.
        json!({ "error": "too-large", "size": 65537, "fill_up_to": 65537 }),
    );
}
