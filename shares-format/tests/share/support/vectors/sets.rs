//! Bodies that break a rule, and sets that combine or don't.

use serde_json::{Value, json};

use super::super::naive::{Fields, commitment, hex, joined, lines, symbols};
use super::{SECRET, Vectors, master, merge};

pub fn bodies(vectors: &mut Vectors) {
    let mut add = |name: &str, error: &str, change: &dyn Fn(&mut Fields)| {
        let mut share = master(2);
        change(&mut share);
        vectors.refused(&format!("body/{name}"), share.text(), error, json!({}));
    };
    add("scheme-0", "scheme", &|share| share.scheme = 0);
    add("scheme-2", "scheme", &|share| share.scheme = 2);
    add("kind-0", "kind", &|share| share.kind = 0);
    add("kind-5", "kind", &|share| share.kind = 5);
    for length in [0, 19, 21, 33, 255] {
        add(
            &format!("fingerprint-of-{length}-bytes"),
            "fingerprint-length",
            &|share| {
                share.fingerprint.resize(length, 0xaa);
            },
        );
    }
    add("generation-0", "generation", &|share| share.generation = 0);
    add("threshold-0", "threshold", &|share| share.threshold = 0);
    add("threshold-1", "threshold", &|share| share.threshold = 1);
    add("seat-0", "seat", &|share| share.seat = 0);
    add("no-data", "data-length", &|share| share.data.clear());
    add("length-0", "data-length", &|share| share.length = Some(0));
    add("length-1025", "data-length", &|share| {
        share.length = Some(1025)
    });
    add("length-5-above-data", "body-length", &|share| {
        share.length = Some(57)
    });
    add("length-5-below-data", "body-length", &|share| {
        share.length = Some(47)
    });
    add("bytes-behind-data", "body-length", &|share| {
        share.trailing = vec![0; 5]
    });
    add("filling-not-zero", "filling", &|share| {
        share.filling = Some(1)
    });
    add("filling-of-data", "filling", &|share| {
        share.length = Some(51)
    });
    let body = master(2).body();
    for length in [5, 20, 45] {
        let text = joined(&lines(false, &master(2).information(), &body[..length]));
        vectors.refused(
            &format!("body/cut-to-{length}-bytes"),
            text,
            "body-short",
            json!({}),
        );
    }
    assert_eq!(symbols(&body).len(), 160);
}

pub fn sets(vectors: &mut Vectors) {
    let own = |seat: u8| format!("good/master-{seat}-of-5");
    let secret = || json!({ "secret": hex(SECRET) });
    vectors.set("three of five", &[&own(1), &own(3), &own(5)], secret());
    vectors.set(
        "three of five in another order",
        &[&own(5), &own(2), &own(4)],
        secret(),
    );
    vectors.set(
        "all five",
        &[&own(1), &own(2), &own(3), &own(4), &own(5)],
        secret(),
    );
    vectors.set(
        "the same share twice",
        &[&own(1), &own(3), "transport/quoted", &own(2)],
        secret(),
    );
    let all: Vec<Value> = (1..=5)
        .map(|seat| json!(commitment(&master(seat).body())))
        .collect();
    let mut committed = secret();
    merge(&mut committed, json!({ "commitments": all }));
    vectors.set(
        "three with their commitments",
        &[&own(1), &own(2), &own(4)],
        committed,
    );

    let few = json!({ "error": "too-few", "have": 2, "need": 3 });
    vectors.set("two of three needed", &[&own(1), &own(3)], few.clone());
    vectors.set(
        "one share twice and another",
        &[&own(1), &own(1), &own(3)],
        few,
    );

    let mut add = |name: &str, error: &str, change: &dyn Fn(&mut Fields)| {
        let mut share = master(4);
        change(&mut share);
        let file = format!("sets/{name}");
        vectors.reads(&file, share.text(), &share);
        let seat = share.seat;
        vectors.set(
            name,
            &[&own(1), &own(2), &own(3), &file],
            json!({ "error": error, "seat": seat }),
        );
    };
    add("other-set", "other-set", &|share| share.set[15] ^= 1);
    add("other-kind", "other-kind", &|share| share.kind = 2);
    add("practice-for-real", "other-kind", &|share| share.kind = 3);
    add("other-key", "other-key", &|share| share.fingerprint[0] ^= 1);
    add("other-key-version", "other-key", &|share| {
        share.fingerprint.resize(32, 0)
    });
    add("other-generation", "other-generation", &|share| {
        share.generation = 2
    });
    add("other-threshold", "other-threshold", &|share| {
        share.threshold = 4
    });
    add("other-length", "other-length", &|share| share.data.push(0));
    add("two-shares-of-seat-3", "seat-twice", &|share| {
        share.seat = 3
    });

    let mut off = master(4);
    off.data[51] ^= 0x40;
    vectors.reads("sets/one-bit-off", off.text(), &off);
    vectors.set(
        "a fourth share that does not fit",
        &[&own(1), &own(2), &own(3), "sets/one-bit-off"],
        json!({ "error": "off-polynomial", "seats": [4] }),
    );
    vectors.set(
        "a false share among the first three",
        &["sets/one-bit-off", &own(1), &own(2), &own(5)],
        json!({ "error": "off-polynomial", "seats": [5] }),
    );
    let all: Vec<Value> = (1..=5)
        .map(|seat| json!(commitment(&master(seat).body())))
        .collect();
    vectors.set(
        "a share that its commitment refuses",
        &[&own(1), &own(2), "sets/one-bit-off"],
        json!({ "error": "false-share", "seat": 4, "commitments": all }),
    );
}
