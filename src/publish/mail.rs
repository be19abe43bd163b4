//! A text as a message file (RFC 5322) that `sendmail -t` and `git send-email` take.

use data_encoding::BASE64;

use super::announcement::{AnnouncementError, check};
use crate::world::Timestamp;

/// Longest header value in bytes: a line has 998 at most (RFC 5322 §2.1.1).
const MAX_VALUE: usize = 900;
/// Bytes of text in one encoded word, so that the word has at most 75 characters (RFC 2047 §2).
const WORD: usize = 42;

/// Who writes to whom, about what, when.
pub struct Head<'a> {
    /// `Name <address>` or an address.
    pub from: &'a str,
    /// The same, at least one.
    pub to: &'a [&'a str],
    /// One line.
    pub subject: &'a str,
    /// The date of the message.
    pub date: Timestamp,
}

/// Why no message was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Nobody to send it to, or a value that is empty, too long, or more than one line.
    #[error("the header {name} can't be that")]
    Header {
        /// Which.
        name: &'static str,
    },
    /// A sender or receiver without an address.
    #[error("the header {name} holds no address")]
    Address {
        /// Which.
        name: &'static str,
    },
    /// The text can't be sent as it is.
    #[error(transparent)]
    Text(#[from] AnnouncementError),
    /// Not cleartext-signed, or not as this program writes it.
    #[error("it is no cleartext-signed text of this program's")]
    NotSigned,
    /// Its signatures don't cover a part of a message.
    #[error("its signed text doesn't begin with an empty line")]
    NoEmptyLine,
    /// A part without headers is ASCII (RFC 2046 §5.1), and what is signed has seven bits (RFC 3156 §3).
    #[error("its signed text has letters beyond ASCII")]
    NotAscii,
    /// Two hashes, or one that has no name there.
    #[error("its hashes are {0}; PGP/MIME names one")]
    Hash(String),
}

/// The message, lines ending in a line feed as those programs want them. The text isn't changed, so
/// that a signature in it stays good. The message's own id is left to the program that sends it.
///
/// # Errors
/// [`MailError`].
pub fn message(head: &Head<'_>, text: &str) -> Result<Vec<u8>, MailError> {
    check(text)?;
    let mut lines = headers(head)?;
    lines.push("Content-Type: text/plain; charset=utf-8".to_owned());
    let bits = if text.is_ascii() { "7bit" } else { "8bit" };
    lines.push(format!("Content-Transfer-Encoding: {bits}"));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{}\n\n{text}{end}", lines.join("\n")).into_bytes())
}

/// Who, to whom, about what, when; and that it is MIME.
pub(super) fn headers(head: &Head<'_>) -> Result<Vec<String>, MailError> {
    if head.to.is_empty() {
        return Err(MailError::Header { name: "To" });
    }
    let mut lines = vec![format!("From: {}", person("From", head.from)?)];
    let people = head
        .to
        .iter()
        .map(|one| person("To", one))
        .collect::<Result<Vec<_>, _>>()?;
    lines.push(format!("To: {}", people.join(",\n ")));
    let subject = plain("Subject", head.subject)?;
    lines.push(format!("Subject: {}", words(subject)));
    lines.push(format!("Date: {}", date(head.date)));
    lines.push("MIME-Version: 1.0".to_owned());
    Ok(lines)
}

/// A value of one line.
fn plain<'a>(name: &'static str, value: &'a str) -> Result<&'a str, MailError> {
    let value = value.trim();
    if value.is_empty() || value.len() > MAX_VALUE || value.chars().any(char::is_control) {
        return Err(MailError::Header { name });
    }
    Ok(value)
}

/// `Name <address>`, the name quoted or encoded where it has to be.
fn person(name: &'static str, value: &str) -> Result<String, MailError> {
    let value = plain(name, value)?;
    let (called, address) = match value.strip_suffix('>').and_then(|v| v.rsplit_once('<')) {
        Some((called, address)) => (called.trim().trim_matches('"'), address),
        None => ("", value),
    };
    let is_address = address.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && !host.is_empty()
            && address.is_ascii()
            && !address.contains([' ', '<', '>', ',', ';', '"', '(', ')'])
            && !host.contains('@')
    });
    if !is_address {
        return Err(MailError::Address { name });
    }
    if called.is_empty() {
        return Ok(address.to_owned());
    }
    let atoms = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    let called = if !called.is_ascii() {
        words(called)
    } else if called.chars().all(atoms) {
        called.to_owned()
    } else {
        format!("\"{}\"", called.replace('\\', "\\\\").replace('"', "\\\""))
    };
    Ok(format!("{called} <{address}>"))
}

/// ASCII as it is, everything else in encoded words of base64.
fn words(text: &str) -> String {
    if text.is_ascii() && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        let is_full = words
            .last()
            .is_some_and(|word| word.len() + c.len_utf8() > WORD);
        if is_full {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let encoded: Vec<String> = words
        .iter()
        .map(|word| format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes())))
        .collect();
    encoded.join("\n ")
}

/// `Mon, 05 Oct 2026 10:05:00 +0000`.
fn date(time: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = time.to_string();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let month: usize = part(5..7).parse().unwrap_or(1);
    // The first of January 1970 was a Thursday.
    let day = usize::try_from(time.seconds() / 86_400 % 7).unwrap_or(0);
    format!(
        "{}, {} {} {} {} +0000",
        DAYS[day],
        part(8..10),
        MONTHS[(month.max(1) - 1) % 12],
        part(0..4),
        part(11..19)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head<'a>(from: &'a str, to: &'a [&'a str], subject: &'a str) -> Head<'a> {
        Head {
            from,
            to,
            subject,
            date: "2026-10-05T10:05:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_message_has_what_mail_wants_and_the_text_is_untouched() {
        let to = ["announce@example.org", "Everybody, else <all@example.org>"];
        let text = "-----BEGIN PGP SIGNED MESSAGE-----\n\n- --dash\n";
        let mail = message(&head("Infra <infra@example.org>", &to, "New key"), text).unwrap();
        assert_eq!(
            String::from_utf8(mail).unwrap(),
            format!(
                "From: Infra <infra@example.org>\nTo: announce@example.org,\n \"Everybody, else\" <all@example.org>\n\
                 Subject: New key\nDate: Mon, 05 Oct 2026 10:05:00 +0000\nMIME-Version: 1.0\n\
                 Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n{text}"
            )
        );
    }

    #[test]
    fn other_letters_are_encoded_in_the_head_and_left_alone_in_the_text() {
        let to = ["Žofie <z@example.org>"];
        let subject = "Nový klíč ".repeat(8);
        let mail = message(&head("a@example.org", &to, &subject), "Žofie\n").unwrap();
        let mail = String::from_utf8(mail).unwrap();
        let (front, text) = mail.split_once("\n\n").unwrap();
        assert!(front.is_ascii() && front.contains("8bit"));
        assert!(front.lines().all(|line| line.len() <= 90), "{front}");
        assert_eq!(text, "Žofie\n");
        let read: String = front
            .split("=?utf-8?B?")
            .skip(2)
            .map(|word| {
                let word = word.split("?=").next().unwrap();
                String::from_utf8(BASE64.decode(word.as_bytes()).unwrap()).unwrap()
            })
            .collect();
        assert_eq!(read, subject.trim());
    }

    #[test]
    fn nobody_can_put_a_second_header_into_one() {
        let to = ["all@example.org"];
        for (from, subject, name) in [
            ("a@example.org\nBcc: b@example.org", "s", "From"),
            ("a@example.org", "s\r\nBcc: b@example.org", "Subject"),
            ("a@example.org", "", "Subject"),
        ] {
            let refused = message(&head(from, &to, subject), "t\n");
            assert_eq!(refused, Err(MailError::Header { name }));
        }
        for nobody in ["Infra", "a@b@c", "<>", "a b@example.org", "a@x, b@x"] {
            let refused = message(&head(nobody, &to, "s"), "t\n");
            assert_eq!(
                refused,
                Err(MailError::Address { name: "From" }),
                "{nobody}"
            );
        }
        assert!(message(&head("a@example.org", &[], "s"), "t\n").is_err());
        assert!(message(&head("a@example.org", &to, "s"), "a\tb\n").is_err());
    }
}
