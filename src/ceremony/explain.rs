//! A plan in plain words, made from the draft's bytes alone.

use sequoia_openpgp::Fingerprint;

use crate::openpgp::Plan;
use crate::openpgp::draft::{Destination, Draft};
use crate::openpgp::plan::{Primary, Reason, SubkeyUse, Why};
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

/// A draft for who asks for it: what it does, what holds now, what then.
#[must_use]
pub fn to_ask(draft: &Draft, old: &str) -> Vec<Line> {
    let mut lines = of_draft(draft);
    if let Some(then) = lines.iter().position(|line| line.label == "then") {
        lines.insert(then, line("now", old));
    }
    lines
}

/// The same for who has to compare it: the fingerprint first, then what holds now and what would.
#[must_use]
pub fn to_compare(draft: &Draft, old: &str) -> Vec<Line> {
    let mut lines = of_draft(draft);
    if let Plan::Certify { .. } = draft.plan() {
        lines.swap(0, 1);
        lines[0].label = "certify";
        lines[1].label = "";
    }
    if let Some(then) = lines.iter().position(|line| line.label == "then") {
        lines[then].label = "new";
        lines.insert(then, line("old", old));
    }
    lines
}

/// What a draft does, and where its value goes.
#[must_use]
pub fn of_draft(draft: &Draft) -> Vec<Line> {
    let mut lines = explain(draft.plan());
    match draft.destination() {
        Destination::Out => (),
        Destination::Sealed => {
            let what = title_of(draft.plan());
            lines = vec![
                line("prepare", what),
                line("", "kept for the worst day, sealed to the revocation set;"),
                line("", "nothing is revoked now"),
            ];
        }
        Destination::Released => {
            lines[0].label = "release";
            lines.insert(1, line("", "the revocation that was made in advance"));
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
                line("certify", whole(user_id.value()).as_str()),
                line("of key", fingerprint(&target.fingerprint())),
                line("then", effect(plan)),
            ];
            for notation in notations {
                let text = format!("{}={}", notation.name, notation.value);
                lines.push(line("notation", whole(text.as_bytes()).as_str()));
            }
            lines
        }
        Plan::Succeed {
            target, user_id, ..
        } => vec![
            line("succeed", fingerprint(&target.fingerprint())),
            line("named", whole(user_id.value()).as_str()),
            line("then", effect(plan)),
        ],
        Plan::KeySelf { primary, .. } => vec![
            line("extend", fingerprint(&primary.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::UserIdSelf {
            user_id, primary, ..
        } => vec![
            line("bind", whole(user_id.value()).as_str()),
            line("to key", fingerprint(&primary.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::SubkeyBinding { subkey, .. } => vec![
            line("bind", fingerprint(&subkey.fingerprint())),
            line("then", effect(plan)),
        ],
        Plan::RevokeKey { primary, why, .. } => revoke(&primary.fingerprint(), why, plan),
        Plan::RevokeSubkey { subkey, why, .. } => revoke(&subkey.fingerprint(), why, plan),
        Plan::RevokeUserId {
            user_id,
            primary,
            text,
            ..
        } => taken_back("retire", user_id.value(), primary, text, plan),
        Plan::RevokeCertification {
            user_id,
            target,
            text,
            ..
        } => taken_back("take back", user_id.value(), target, text, plan),
        Plan::Statement { text, .. } => {
            let mut lines = vec![line("sign", "this statement, word for word:")];
            let said = text.split('\n');
            lines.extend(said.map(|said| line("", format!("| {}", SafeText::whole_line(said)))));
            lines
        }
        Plan::Manifest { text, .. } => {
            vec![line(
                "manifest",
                format!("{} bytes, the constitution of a vault", text.len()),
            )]
        }
    }
}

fn taken_back(
    what: &'static str,
    user_id: &[u8],
    of: &Primary,
    text: &str,
    plan: &Plan,
) -> Vec<Line> {
    let mut lines = vec![
        line(what, whole(user_id).as_str()),
        line("of key", fingerprint(&of.fingerprint())),
        line("then", effect(plan)),
    ];
    if !text.is_empty() {
        lines.push(line("saying", whole(text.as_bytes()).as_str()));
    }
    lines
}

fn revoke(key: &Fingerprint, why: &Why, plan: &Plan) -> Vec<Line> {
    let mut lines = vec![line("REVOKE", fingerprint(key)), line("then", effect(plan))];
    for sentence in consequences(why.reason) {
        lines.push(line("", sentence));
    }
    if !why.text.is_empty() {
        lines.push(line("saying", whole(why.text.as_bytes()).as_str()));
    }
    lines
}

/// Nothing of what is signed is cut.
fn whole(text: &[u8]) -> SafeText {
    SafeText::from_bytes_limited(text, usize::MAX)
}

/// What a reason does to signatures that were made before, in the programs that check them; two lines.
#[must_use]
pub fn consequences(reason: Reason) -> [&'static str; 2] {
    if reason.is_hard() {
        [
            "EVERY signature of it, honest old ones too, is refused by Sequoia;",
            "gpg --verify warns and still exits 0. It can't be taken back.",
        ]
    } else {
        [
            "Signatures made before stay good to Sequoia; gpg shows the key as",
            "revoked, whatever their date, and its --verify warns and exits 0.",
        ]
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
        } => format!(
            "valid {}",
            until(seconds(primary.creation_time()), Some(*expires_after))
        ),
        Plan::UserIdSelf {
            expires_after,
            primary,
            primary_user_id,
            ..
        } => {
            let first = match primary_user_id {
                true => ", the one that is shown first",
                false => "",
            };
            let end = until(seconds(primary.creation_time()), Some(*expires_after));
            format!("valid {end}{first}")
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
            let made = seconds(subkey.creation_time());
            let end = match expires_after {
                None => "as long as the key".to_owned(),
                Some(_) => until(made, *expires_after),
            };
            format!("a subkey for {usage}, {end}")
        }
        Plan::RevokeKey { why, .. } | Plan::RevokeSubkey { why, .. } => {
            format!("revoked: {}", reason_words(why.reason))
        }
        Plan::Succeed { .. } => {
            "this key vouches for it as its successor (type 0x13, exportable); there is one, for ever"
                .to_owned()
        }
        Plan::RevokeUserId { .. } => "used no more, for ever".to_owned(),
        Plan::RevokeCertification { .. } => "not certified by us any more".to_owned(),
        Plan::Statement { .. } => "the statement is signed".to_owned(),
        Plan::Manifest { .. } => "the manifest is signed".to_owned(),
    }
}

/// A reason in words.
#[must_use]
pub fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "no reason given",
        Reason::Superseded => "superseded, another key takes its place",
        Reason::Compromised => "compromised",
        Reason::Retired => "retired, used no more",
    }
}

/// One line for lists: what a draft does.
#[must_use]
pub fn brief(draft: &Draft) -> String {
    if let (
        Plan::Certify {
            target,
            user_id,
            notations,
            ..
        },
        Destination::Out,
    ) = (draft.plan(), draft.destination())
    {
        let mut text = format!(
            "{}  {}  {}",
            target.fingerprint().to_hex(),
            whole(user_id.value()),
            effect(draft.plan())
        );
        for notation in notations {
            let said = format!("{}={}", notation.name, notation.value);
            text.push_str(&format!("; notation {}", whole(said.as_bytes())));
        }
        return text;
    }
    let parts: Vec<String> = of_draft(draft)
        .into_iter()
        .filter(|line| !line.text.is_empty())
        .map(|line| format!("{} {}", line.label, line.text).trim().to_owned())
        .collect();
    parts.join("; ")
}

/// The last digits of a fingerprint: enough for a title, never for comparing.
fn short(fingerprint: &Fingerprint) -> String {
    let hex = fingerprint.to_hex();
    format!(
        "…{}",
        hex.get(hex.len().saturating_sub(8)..).unwrap_or(&hex)
    )
}

/// What a plan other than a certification does, for a title.
fn title_of(plan: &Plan) -> String {
    match plan {
        Plan::Certify { .. } => "certify a user ID".to_owned(),
        Plan::Succeed { target, .. } => {
            format!("certify the successor {}", short(&target.fingerprint()))
        }
        Plan::KeySelf { .. } => format!("extend the key: {}", effect(plan)),
        Plan::UserIdSelf { user_id, .. } => {
            format!("bind the user ID {}", SafeText::from_bytes(user_id.value()))
        }
        Plan::SubkeyBinding { subkey, .. } => {
            format!("bind the subkey {}", short(&subkey.fingerprint()))
        }
        Plan::RevokeKey { why, .. } => format!("revoke the key, {}", reason_words(why.reason)),
        Plan::RevokeSubkey { subkey, why, .. } => format!(
            "revoke the subkey {}, {}",
            short(&subkey.fingerprint()),
            reason_words(why.reason)
        ),
        Plan::RevokeUserId { user_id, .. } => {
            format!(
                "retire the user ID {}",
                SafeText::from_bytes(user_id.value())
            )
        }
        Plan::RevokeCertification { user_id, .. } => format!(
            "take back the certification of {}",
            SafeText::from_bytes(user_id.value())
        ),
        Plan::Statement { .. } => "sign a statement".to_owned(),
        Plan::Manifest { .. } => "sign a manifest".to_owned(),
    }
}

/// What several drafts come to, for a title: `certify 3 user IDs of 2 keys`. What is only prepared isn't in it.
#[must_use]
pub fn title(drafts: &[Draft]) -> String {
    let mut keys = std::collections::BTreeSet::new();
    let mut certifications = 0_usize;
    let mut parts = Vec::new();
    for draft in drafts {
        match (draft.plan(), draft.destination()) {
            (_, Destination::Sealed) => (),
            (Plan::Certify { target, .. }, _) => {
                certifications += 1;
                keys.insert(target.fingerprint());
            }
            (plan, _) => parts.push(title_of(plan)),
        }
    }
    if certifications > 0 {
        let s = |n: usize| if n == 1 { "" } else { "s" };
        let keys = keys.len();
        parts.insert(
            0,
            format!(
                "certify {certifications} user ID{} of {keys} key{}",
                s(certifications),
                s(keys)
            ),
        );
    }
    if parts.is_empty() {
        return "revocations for the worst day, sealed".to_owned();
    }
    parts.join("; ")
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
    if matches!(time.seconds() % 86_400, 0 | 86_399) {
        time.day()
    } else {
        time.to_string()
    }
}
