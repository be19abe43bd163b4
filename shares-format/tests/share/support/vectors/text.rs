//! Texts that are read, and what transport does to them without harm.

use serde_json::json;

use super::super::naive::{Fields, digest, joined};
use super::{Vectors, described, master, practice};

pub fn good(vectors: &mut Vectors) {
    for seat in [1, 2, 3, 4, 5] {
        let share = master(seat);
        vectors.reads(&format!("good/master-{seat}-of-5"), share.text(), &share);
    }
    let mut add = |name: &str, change: &dyn Fn(&mut Fields)| {
        let mut share = master(2);
        change(&mut share);
        vectors.reads(&format!("good/{name}"), share.text(), &share);
    };
    add("revocation", &|share| share.kind = 2);
    add("practice-master", &|share| share.kind = 3);
    add("practice-revocation", &|share| share.kind = 4);
    add("version-6-key", &|share| {
        share.fingerprint = digest("a version 6 key")
    });
    add("highest-numbers", &|share| {
        share.generation = u32::MAX;
        (share.threshold, share.seat) = (255, 255);
    });
    add("one-byte", &|share| share.data = vec![0x5a]);
    for length in [53, 54, 55, 56] {
        add(&format!("filling-for-{length}-bytes"), &|share| {
            share.data.resize(length, 0xee);
        });
    }
    add("longest", &|share| {
        share.data = (0..32)
            .flat_map(|i| digest(&format!("longest {i}")))
            .collect();
        share.fingerprint = digest("a version 6 key");
    });
}

pub fn transport(vectors: &mut Vectors) {
    let share = master(2);
    let lines = share.lines();
    let each = |change: &dyn Fn(&String) -> String| -> String {
        joined(&lines.iter().map(change).collect::<Vec<_>>())
    };
    let text = share.text();
    let mut add = |name: &str, text: String| {
        vectors.reads(&format!("transport/{name}"), text, &share);
    };
    add("crlf", text.replace('\n', "\r\n"));
    add("no-last-line-end", text.trim_end().to_string());
    add("quoted", each(&|line| format!("> {line}")));
    add(
        "quoted-twice-without-blank",
        each(&|line| format!(">>{line}")),
    );
    add("indented", each(&|line| format!("\t  {line}")));
    add("trailing-blanks", each(&|line| format!("{line} \t ")));
    add("upper-case", text.to_uppercase());
    add("lower-case", text.to_lowercase());
    add("double-spaced", text.replace('\n', "\n\n"));
    add("tabs", each(&|line| line.replace(' ', "\t")));
    add(
        "single-blanks",
        each(&|line| line.split_whitespace().collect::<Vec<_>>().join(" ")),
    );
    add(
        "no-groups",
        each(&|line| match line.split_once(' ') {
            Some((label, rest)) if label.len() == 2 => format!("{label} {}", rest.replace(' ', "")),
            _ => line.clone(),
        }),
    );
    add("twice-pasted", format!("{text}{text}"));
    add(
        "twice-pasted-once-quoted",
        format!("{text}\n{}", each(&|line| format!("> {line}"))),
    );
    add(
        "text-around",
        format!("Dear Ben,\n01 here it is: ck\n\n{text}-- \nAnna\n"),
    );
    add("byte-order-mark", format!("\u{feff}{text}"));

    let other = practice(2);
    vectors.file(
        "transport/share-and-practice-share",
        format!("quorate sealed share 1\n\n{text}\n{}", other.text()),
        json!({ "shares": [described(&share), described(&other)] }),
    );
    vectors.refused(
        "outer/two-different-shares",
        format!("{text}{}", master(3).text()),
        "several",
        json!({ "count": 2 }),
    );
}
