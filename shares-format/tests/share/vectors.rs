//! The crate and every vector of `vectors/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use quorate_share::{
    BodyError, Candidates, CombineError, Commitment, LineFault, Place, Share, TextError,
    ValueError, find_all,
};
use serde_json::{Value, json};

fn index() -> Value {
    let index = fs::read(crate::support::folder().join("index.json")).unwrap();
    serde_json::from_slice(&index).unwrap()
}

fn list<'a>(of: &'a Value, name: &str) -> &'a [Value] {
    of[name].as_array().unwrap()
}

fn text_of(entry: &Value) -> Vec<u8> {
    let mut text =
        fs::read(crate::support::folder().join(entry["file"].as_str().unwrap())).unwrap();
    if let Some(size) = entry["fill_up_to"].as_u64() {
        text.resize(size as usize, b'\n');
    }
    text
}

#[test]
fn every_text_is_read_or_refused_as_the_index_says() {
    for entry in list(&index(), "texts") {
        let file = &entry["file"];
        let text = text_of(entry);
        if let Some(shares) = entry.get("shares") {
            let read: Vec<Value> = find_all(&text).unwrap().iter().map(described).collect();
            assert_eq!(&json!(read), shares, "{file}");
            continue;
        }
        match (Share::from_text(&text), entry.get("share")) {
            (Ok(read), Some(share)) => {
                assert_eq!(&described(&read), share, "{file}");
                let again = Share::from_text(read.to_text().as_bytes()).unwrap();
                assert!(again.is_same_as(&read), "{file}");
                if !file.as_str().unwrap().starts_with("transport/") {
                    assert_eq!(read.to_text().as_bytes(), text, "{file}");
                }
            }
            (Err(error), None) => {
                let mut expected = entry.clone();
                let fields = expected.as_object_mut().unwrap();
                fields.remove("file");
                fields.remove("fill_up_to");
                assert_eq!(refusal(&error), expected, "{file}: {error}");
            }
            (read, _) => panic!("{file}: {read:?}"),
        }
    }
}

#[test]
fn every_set_combines_or_is_refused_as_the_index_says() {
    let index = index();
    for set in list(&index, "sets") {
        let name = &set["name"];
        match (combined(set), set.get("secret")) {
            (Ok(secret), Some(expected)) => assert_eq!(&json!(secret), expected, "{name}"),
            (Err(error), None) => {
                let mut expected = set.clone();
                let fields = expected.as_object_mut().unwrap();
                for field in ["name", "files", "commitments"] {
                    fields.remove(field);
                }
                assert_eq!(error, expected, "{name}");
            }
            (outcome, _) => panic!("{name}: {outcome:?}"),
        }
    }
}

fn combined(set: &Value) -> Result<String, Value> {
    let mut candidates = Candidates::new();
    for file in list(set, "files") {
        let text = fs::read(crate::support::folder().join(file.as_str().unwrap())).unwrap();
        let share = Share::from_text(&text).unwrap();
        let seat = share.seat().get();
        let Some(commitments) = set.get("commitments") else {
            candidates
                .add_unverified(share)
                .map_err(|error| clash(&error))?;
            continue;
        };
        let known = commitments[usize::from(seat) - 1].as_str().unwrap();
        let known: Commitment = known.parse().unwrap();
        let share = known
            .check(share)
            .map_err(|error| json!({ "error": "false-share", "seat": error.seat.get() }))?;
        candidates.add(share).map_err(|error| clash(&error))?;
    }
    let quorum = candidates.quorum().map_err(|error| clash(&error))?;
    Ok(crate::support::naive::hex(&quorum.combine()))
}

#[test]
fn every_file_is_in_the_index_and_every_error_has_a_vector() {
    let index = index();
    let listed: BTreeSet<PathBuf> = list(&index, "texts")
        .iter()
        .map(|entry| entry["file"].as_str().unwrap().into())
        .collect();
    let mut stored = BTreeSet::new();
    for folder in fs::read_dir(crate::support::folder()).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            for file in fs::read_dir(folder).unwrap() {
                let file = file.unwrap().path();
                stored.insert(
                    file.strip_prefix(crate::support::folder())
                        .unwrap()
                        .to_path_buf(),
                );
            }
        } else {
            assert_eq!(folder.file_name(), Some("index.json".as_ref()));
        }
    }
    assert_eq!(listed, stored);

    let specification =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("SPEC.md")).unwrap();
    let named: BTreeSet<&str> = specification
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let shown: BTreeSet<&str> = [list(&index, "texts"), list(&index, "sets")]
        .concat()
        .iter()
        .filter_map(|entry| entry.get("error")?.as_str().map(str::to_owned))
        .map(|name| &*name.leak())
        .collect();
    assert_eq!(
        named, shown,
        "the errors of SPEC.md and those that a vector shows"
    );
}

#[test]
fn the_stored_vectors_are_those_that_the_maker_makes() {
    for (name, made) in crate::support::vectors::make() {
        let stored = fs::read(crate::support::folder().join(&name)).unwrap_or_default();
        if name == "index.json" {
            let made: Value = serde_json::from_slice(&made).unwrap();
            assert_eq!(
                made,
                index(),
                "run: cargo run -p quorate-share --example make_vectors"
            );
        } else {
            assert!(
                made == stored,
                "{name}; run: cargo run -p quorate-share --example make_vectors"
            );
        }
    }
}

#[test]
fn no_error_shows_a_part_of_the_text() {
    // Any five characters in a row would be told by chance alone in some word.
    let secret =
        fs::read_to_string(crate::support::folder().join("good/master-2-of-5.txt")).unwrap();
    let groups: Vec<&str> = secret
        .lines()
        .skip(4)
        .flat_map(|line| line.split(' '))
        .filter(|group| group.len() == 4)
        .collect();
    for entry in list(&index(), "texts") {
        if let Err(error) = Share::from_text(&text_of(entry)) {
            let shown = format!("{error} {error:?}");
            for group in &groups {
                assert!(!shown.contains(group), "{}: {shown}", entry["file"]);
            }
        }
    }
}

fn described(share: &Share) -> Value {
    let header = share.header();
    json!({
        "kind": header.kind.number(),
        "set": header.set.to_string(),
        "key": header.fingerprint.to_string().to_lowercase(),
        "generation": header.generation.get(),
        "threshold": header.threshold.get(),
        "seat": share.seat().get(),
        "data": crate::support::naive::hex(share.data()),
        "commitment": share.commitment().to_string(),
    })
}

/// The error under its name in SPEC.md, with its facts.
fn refusal(error: &TextError) -> Value {
    let plain = |name: &str| json!({ "error": name });
    let at = |name: &str, line: &usize| json!({ "error": name, "line": line });
    match error {
        TextError::TooLarge { size } => json!({ "error": "too-large", "size": size }),
        TextError::Empty => plain("empty"),
        TextError::Utf16 => plain("utf-16"),
        TextError::Binary { offset } => json!({ "error": "binary", "offset": offset }),
        TextError::NoShare => plain("no-share"),
        TextError::BeginMissing { line } => at("begin-missing", line),
        TextError::EndMissing { line } => at("end-missing", line),
        TextError::EndDiffers { line } => at("end-differs", line),
        TextError::Several { count } => json!({ "error": "several", "count": count }),
        TextError::NoLines { line } => at("no-lines", line),
        TextError::TooManyLines { line } => at("too-many-lines", line),
        TextError::Number {
            line,
            expected,
            found,
        } => {
            json!({ "error": "number", "line": line, "expected": expected, "found": found })
        }
        TextError::Stray { line } => at("stray", line),
        TextError::CheckMissing { line } => at("check-missing", line),
        TextError::Damaged { lines, of } => {
            let damaged: Vec<Value> = lines.iter().map(damage).collect();
            json!({ "error": "damaged", "damaged": damaged, "of": of })
        }
        TextError::Whole => plain("whole"),
        TextError::InformationLines { found } => {
            json!({ "error": "information-lines", "found": found })
        }
        TextError::Information { line } => at("information", line),
        TextError::Armour { line, .. } => at("armour", line),
        TextError::Body(error) => plain(match error {
            BodyError::Short(_) => "body-short",
            BodyError::Scheme(_) => "scheme",
            BodyError::Value(ValueError::Kind(_)) => "kind",
            BodyError::Value(ValueError::FingerprintLength(_)) => "fingerprint-length",
            BodyError::Value(ValueError::GenerationZero) => "generation",
            BodyError::Value(ValueError::Threshold(_)) => "threshold",
            BodyError::Value(ValueError::SeatZero) => "seat",
            BodyError::Value(ValueError::Hex { .. }) => unreachable!("a body has no hexadecimal"),
            BodyError::DataLength(_) => "data-length",
            BodyError::Length { .. } => "body-length",
            BodyError::Filling => "filling",
        }),
    }
}

fn damage(line: &quorate_share::DamagedLine) -> Value {
    let place = match line.place {
        Place::Line(number) => number.to_string(),
        Place::CheckLine => "ck".into(),
    };
    let (fault, at) = match line.fault {
        LineFault::Foreign { character } => ("foreign", vec![character]),
        LineFault::Length { found, group } => {
            ("length", [found].into_iter().chain(group).collect())
        }
        LineFault::One { character } => ("one", vec![character]),
        LineFault::Two { first, second } => ("two", vec![first, second]),
        LineFault::OtherLine => ("other-line", vec![]),
        LineFault::Many => ("many", vec![]),
    };
    json!({ "place": place, "line": line.line, "fault": fault, "at": at })
}

fn clash(error: &CombineError) -> Value {
    let (name, seat) = match error {
        CombineError::TooFew { have, need } => {
            return json!({ "error": "too-few", "have": have, "need": need });
        }
        CombineError::OffPolynomial { seats, .. } => {
            let seats: Vec<u8> = seats.iter().map(|seat| seat.get()).collect();
            return json!({ "error": "off-polynomial", "seats": seats });
        }
        CombineError::SeatTwice { seat } => ("seat-twice", seat),
        CombineError::OtherSet { seat, .. } => ("other-set", seat),
        CombineError::OtherKind { seat, .. } => ("other-kind", seat),
        CombineError::OtherKey { seat, .. } => ("other-key", seat),
        CombineError::OtherGeneration { seat, .. } => ("other-generation", seat),
        CombineError::OtherThreshold { seat, .. } => ("other-threshold", seat),
        CombineError::OtherLength { seat, .. } => ("other-length", seat),
    };
    json!({ "error": name, "seat": seat.get() })
}
