//! The mail address in a user ID: keys with one address that follow one another are taken for successive.

use sequoia_openpgp::packet::UserID;

/// The address in its one form, lower case.
pub(super) fn of(user_id: &UserID) -> Option<String> {
    plain(user_id.value()).or_else(|| user_id.email_normalized().ok().flatten())
}

/// The address as succession.sh finds it, also where the user ID isn't in the form of a mailbox.
pub(super) fn at_end(user_id: &UserID) -> Option<String> {
    let text = String::from_utf8_lossy(user_id.value());
    let inner = text.strip_suffix('>').unwrap_or(&text);
    let word = inner.rsplit(['<', ' ']).next()?;
    (word.contains('@') && !word.contains('>')).then(|| word.to_lowercase())
}

/// What [`UserID::email_normalized`] says of a user ID as nearly all are, `Name (comment) <local@example.org>`. That
/// compiles an expression in each process, which takes longer than reading the vault.
fn plain(user_id: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(user_id).ok()?;
    let (name, address) = text.strip_suffix('>')?.split_once(" <")?;
    let (name, comment) = match name.split_once(" (") {
        Some((name, comment)) => (name, comment.strip_suffix(')')?),
        None => (name, "none"),
    };
    let (local, domain) = address.split_once('@')?;
    let is = |text: &str, also: &[u8]| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || also.contains(&b);
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(plain)
    };
    let is_domain =
        domain.len() < 64 && domain.contains('.') && domain.split('.').all(|l| is(l, b""));
    (is(name, b" ") && is(comment, b" ./-") && is(local, b"+-_") && is_domain)
        .then(|| address.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_without_the_expression_is_what_sequoia_reads(
            name in "[A-Za-z0-9 ]{1,12}",
            comment in proptest::option::of("[ -~]{0,6}"),
            local in "[A-Za-z0-9+_-]{1,6}",
            domain in "[A-Za-z0-9]{1,5}(\\.[A-Za-z0-9]{1,5}){0,3}",
        ) {
            let comment = comment.map_or_else(String::new, |text| format!("({text}) "));
            for text in [
                format!("{name} {comment}<{local}@{domain}>"),
                format!("{name} {comment}<{local}@{domain}> "),
                format!("{name}{comment}<{local}@{domain}>"),
            ] {
                if let Some(address) = plain(text.as_bytes()) {
                    let sequoias = UserID::from(text.as_str()).email_normalized();
                    prop_assert_eq!(Some(address), sequoias.unwrap(), "{}", text);
                }
            }
        }

        #[test]
        fn nothing_else_is_read_otherwise_than_sequoia_reads_it(text in "[a-zA-Z0-9@.<>() é\"-]{0,24}") {
            if let Some(address) = plain(text.as_bytes()) {
                prop_assert_eq!(Some(address), UserID::from(text.as_str()).email_normalized().unwrap());
            }
        }
    }

    #[test]
    fn the_usual_user_ids_are_plain() {
        for text in [
            "Release <release@example.org>",
            "Example Infra Root (2026.2/Hibiscus) <infra-root@Example.org>",
        ] {
            assert!(plain(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "release@example.org",
            "R <r@localhost>",
            "R (a) (b) <r@example.org>",
            "R <\"r\"@example.org>",
        ] {
            assert_eq!(plain(text.as_bytes()), None, "{text}");
        }
    }
}
