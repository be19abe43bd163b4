//! Makes all vectors: texts that are read, a text for every rule that one can break, and sets of texts that combine or don't.

mod damage;
mod outer;
mod sets;
mod text;

use serde_json::{Value, json};

use super::naive::{Fields, commitment, hex};

/// A passphrase as quorate makes them, of the tests' own.
pub const SECRET: &[u8] = b"correcthorsebatterystaple234567abcdefghijklmnopqrstu";

/// All files with their contents, `index.json` the last.
pub fn make() -> Vec<(String, Vec<u8>)> {
    let mut vectors = Vectors::default();
    text::good(&mut vectors);
    text::transport(&mut vectors);
    outer::outer(&mut vectors);
    damage::damage(&mut vectors);
    sets::bodies(&mut vectors);
    sets::sets(&mut vectors);
    let index = json!({
        "about": "What a reader makes of each file here; the names of the errors are those of SPEC.md.",
        "texts": vectors.texts,
        "sets": vectors.sets,
    });
    let index = format!("{:#}\n", index).into_bytes();
    vectors.files.push(("index.json".into(), index));
    vectors.files
}

#[derive(Default)]
struct Vectors {
    files: Vec<(String, Vec<u8>)>,
    texts: Vec<Value>,
    sets: Vec<Value>,
}

impl Vectors {
    fn reads(&mut self, name: &str, text: impl Into<Vec<u8>>, share: &Fields) {
        self.file(name, text, json!({ "share": described(share) }));
    }

    fn refused(&mut self, name: &str, text: impl Into<Vec<u8>>, error: &str, facts: Value) {
        let mut expected = json!({ "error": error });
        merge(&mut expected, facts);
        self.file(name, text, expected);
    }

    fn file(&mut self, name: &str, text: impl Into<Vec<u8>>, mut expected: Value) {
        let name = format!("{name}.txt");
        merge(&mut expected, json!({ "file": name }));
        self.texts.push(expected);
        self.files.push((name, text.into()));
    }

    fn set(&mut self, name: &str, files: &[&str], mut expected: Value) {
        let files: Vec<String> = files.iter().map(|file| format!("{file}.txt")).collect();
        merge(&mut expected, json!({ "name": name, "files": files }));
        self.sets.push(expected);
    }
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn described(share: &Fields) -> Value {
    json!({
        "kind": share.kind,
        "set": hex(&share.set),
        "key": hex(&share.fingerprint),
        "generation": share.generation,
        "threshold": share.threshold,
        "seat": share.seat,
        "data": hex(&share.data),
        "commitment": commitment(&share.body()),
    })
}

fn master(seat: u8) -> Fields {
    Fields::dealt("master", SECRET, 3, seat)
}

fn practice(seat: u8) -> Fields {
    let mut share = Fields::dealt("practice", b"a secret of no worth at all", 3, seat);
    share.kind = 3;
    share
}
