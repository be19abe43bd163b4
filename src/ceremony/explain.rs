//! A plan in plain words, made from the draft's bytes alone.

use sequoia_openpgp::Fingerprint;

use crate::openpgp::Plan;
use crate::openpgp::plan::{HardReason, SubkeyUse};
use crate::world::{SafeText, Timestamp};

/// A labelled line of an explanation, harmless for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// One or two words.
    pub label: &'static str,
    /// What holds.
    pub text: String,
}

fn line(label: &'static str, text: impl Into<String>) -> Line {
    Line {
        label,
        text: text.into(),
    }
}

/// A fingerprint as gpg prints it: groups of four, a wider gap in the middle.
#[must_use]
pub fn fingerprint(fingerprint: &Fingerprint) -> String {
    let hex = fingerprint.to_hex();
    let groups: Vec<&str> = hex
        .as_bytes()
        .chunks(4)
        .map(|group| std::str::from_utf8(group).unwrap_or(""))
        .collect();
    let (front, back) = groups.split_at(groups.len() / 2);
    format!("{}  {}", front.join(" "), back.join(" "))
}

/// The same for who has to compare it: the fingerprint first, then what holds now and what would.
#[must_use]
pub fn to_compare(plan: &Plan, old: &str) -> Vec<Line> {
    let mut lines = explain(plan);
    if let Plan::Certify { .. } = plan {
        lines.swap(0, 1);
        lines[0].label = "certify";
        lines[1].label = "";
        lines.insert(2, line("old", old));
    }
    for line in &mut lines {
        if line.label == "then" {
            line.label = "new";
        }
    }
    lines
}

/// What a plan does, whom it concerns and what holds then, in at most six lines.
#[must_use]
pub fn explain(plan: &Plan) -> Vec<Line> {
    match plan {
        Plan::Certify {
            target,
            user_id,
            notations,
            ..
        } => {
            let mut lines = vec![
                line("certify", SafeText::from_bytes(user_id.value()).as_str()),
                line("of key", fingerprint(&target.fingerprint())),
                line("then", effect(plan)),
            ];
            for notation in notations {
                let text = format!("{}={}", notation.name, notation.value);
                lines.push(line("notation", SafeText::new(&text).as_str()));
            }
            lines
        }
        Plan::KeySelf { primary, .. } => vec![
            line("extend", fingerprint(&primary.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::UserIdSelf {
            user_id, primary, ..
        } => vec![
            line("bind", SafeText::from_bytes(user_id.value()).as_str()),
            line("to key", fingerprint(&primary.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::SubkeyBinding { subkey, .. } => vec![
            line("bind", fingerprint(&subkey.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::RevokeKey { primary, .. } => vec![
            line("REVOKE", fingerprint(&primary.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::RevokeSubkey { subkey, .. } => vec![
            line("REVOKE", fingerprint(&subkey.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::Manifest { text, .. } => {
            vec![line(
                "manifest",
                format!("{} bytes, the constitution of a vault", text.len()),
            )]
        }
    }
}

/// What holds once the plan is carried out.
#[must_use]
pub fn effect(plan: &Plan) -> String {
    let from = u64::from(plan.stamp().created);
    match plan {
        Plan::Certify {
            certainty,
            expires_after,
            ..
        } => format!(
            "certified (type 0x{:02x}, exportable) {}",
            certainty.code(),
            until(from, *expires_after)
        ),
        Plan::KeySelf {
            expires_after,
            primary,
            ..
        }
        | Plan::UserIdSelf {
            expires_after,
            primary,
            ..
        } => {
            format!(
                "valid {}",
                until(seconds(primary.creation_time()), Some(*expires_after))
            )
        }
        Plan::SubkeyBinding {
            usage,
            expires_after,
            subkey,
            ..
        } => {
            let usage = match usage {
                SubkeyUse::Sign => "signing",
                SubkeyUse::Encrypt => "encrypting",
                SubkeyUse::Authenticate => "authenticating",
            };
            let end = until(seconds(subkey.creation_time()), *expires_after);
            format!("a subkey for {usage}, {end}")
        }
        Plan::RevokeKey { reason, .. } | Plan::RevokeSubkey { reason, .. } => match reason {
            HardReason::Compromised => "revoked as compromised; every signature is void".to_owned(),
            HardReason::None => "revoked without a reason; every signature is void".to_owned(),
        },
        Plan::Manifest { .. } => "the manifest is signed".to_owned(),
    }
}

/// One line for lists: what a plan does.
#[must_use]
pub fn brief(plan: &Plan) -> String {
    match plan {
        Plan::Certify {
            target, user_id, ..
        } => format!(
            "{}  {}  {}",
            target.fingerprint().to_hex(),
            SafeText::from_bytes(user_id.value()),
            effect(plan)
        ),
        _ => {
            let parts: Vec<String> = explain(plan)
                .into_iter()
                .map(|l| format!("{} {}", l.label, l.text))
                .collect();
            parts.join("; ")
        }
    }
}

/// What several plans come to, for a title: `certify 3 user IDs of 2 keys`.
#[must_use]
pub fn title<'p>(plans: impl Iterator<Item = &'p Plan>) -> String {
    let mut keys = std::collections::BTreeSet::new();
    let (mut certifications, mut others) = (0_usize, 0_usize);
    for plan in plans {
        match plan {
            Plan::Certify { target, .. } => {
                certifications += 1;
                keys.insert(target.fingerprint());
            }
            _ => others += 1,
        }
    }
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let keys = keys.len();
    let certify = format!(
        "certify {certifications} user ID{} of {keys} key{}",
        s(certifications),
        s(keys)
    );
    match (certifications, others) {
        (_, 0) => certify,
        (0, n) => format!("make {n} own signature{}", s(n)),
        (_, n) => format!("{certify}; make {n} own signature{}", s(n)),
    }
}

fn seconds(time: std::time::SystemTime) -> u64 {
    time.duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn until(from: u64, after: Option<u32>) -> String {
    match after {
        None => "without end".to_owned(),
        Some(after) => match Timestamp::from_seconds(from + u64::from(after)) {
            Some(end) => format!("until {}", day_or_time(end)),
            None => "beyond any date".to_owned(),
        },
    }
}

/// `2027-06-30` for the last second of a day or the first, else with the time.
#[must_use]
pub fn day_or_time(time: Timestamp) -> String {
    if time.seconds().is_multiple_of(86_400) {
        time.day()
    } else {
        time.to_string()
    }
}
