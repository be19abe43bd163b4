//! What a piece of evidence says before it is verified: enough to leave aside what is about something else, never to
//! believe it.

use data_encoding::BASE64;

use crate::ceremony::asked::{Asked, Form};
use crate::ceremony::request::UNBOUND;
use crate::vault::record::Digest;

/// Does an answer, an objection, a result, minutes or an attempt name this request or drill? A vault of ten years has
/// thousands that name others.
pub(in crate::cli) fn is_about(file: &[u8], asked: &impl Asked) -> bool {
    named(file, asked.form()) == Some(asked.digest())
}

/// The request or drill that such a piece names.
pub(in crate::cli) fn named(file: &[u8], form: &Form) -> Option<Digest> {
    digest_after(file, form.about)
}

/// The digest in a line of this name.
pub(super) fn digest_after(file: &[u8], name: &str) -> Option<Digest> {
    let digits = line_after(file, name)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The value of the first line of this name.
pub(super) fn line_after<'f>(file: &'f [u8], name: &str) -> Option<&'f [u8]> {
    let value = after(file, format!("\n{name}: ").as_bytes())?;
    value.split(|byte| *byte == b'\n').next()
}

/// Can this request change the own certificate? One that can says which state of it, or asks the revocation set; the
/// reader refuses any other.
pub(super) fn may_be_about_itself(request: &[u8]) -> bool {
    let says = |name, value: &str| line_after(request, name) == Some(value.as_bytes());
    !(says("asked", "master") && says("state", UNBOUND))
}

/// Can a draft of this request be about one of these user IDs? Their bytes stand in it as they are.
pub(super) fn may_be_about_one(request: &[u8], user_ids: &[&[u8]]) -> bool {
    let lines = after(request, b"\ndrafts:\n").unwrap_or_default();
    let lines = lines.split(|byte| *byte == b'\n');
    let lines = lines.map_while(|line| line.strip_prefix(b" "));
    let drafts: Vec<u8> = lines
        .map_while(|line| BASE64.decode(line).ok())
        .flatten()
        .collect();
    let mut user_ids = user_ids.iter();
    user_ids.any(|user_id| after(&drafts, user_id).is_some())
}

/// What follows the first place of some bytes.
fn after<'f>(file: &'f [u8], bytes: &[u8]) -> Option<&'f [u8]> {
    if bytes.is_empty() {
        return Some(file);
    }
    let mut places = file.windows(bytes.len());
    let at = places.position(|place| place == bytes)?;
    file.get(at + bytes.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "quorate request 1\nvault: 00\nasked: master\nmachine: of state: unbound\n";

    #[test]
    fn only_a_request_of_the_master_set_that_is_bound_to_no_state_is_left_aside() {
        let digest = Digest::of(b"a state");
        let unbound = format!("{HEAD}state: unbound\ncount: 1\n");
        assert!(!may_be_about_itself(unbound.as_bytes()));
        for other in [
            format!("{HEAD}state: {digest}\ncount: 1\n"),
            format!("{HEAD}state: {digest}\ncount: 1\nstate: unbound\n"),
            unbound.replace("asked: master", "asked: revocation"),
            unbound.replace('\n', "\r\n"),
            HEAD.to_owned(),
            String::new(),
        ] {
            assert!(may_be_about_itself(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_user_id_is_found_in_drafts_across_the_lines_of_a_request() {
        let user_id = "Anna Müller <anna@example.org>".as_bytes();
        for before in 0..70 {
            let mut drafts = vec![7; before];
            drafts.extend_from_slice(user_id);
            let record = crate::vault::record::RecordWriter::new("request")
                .line("count", "1")
                .block("drafts", &drafts);
            let file = record.finish().unwrap();
            assert!(may_be_about_one(&file, &[b"Ben", user_id]));
            assert!(!may_be_about_one(
                &file,
                &[b"Ben", b"Anna <anna@example.org>"]
            ));
        }
        assert!(!may_be_about_one(b"", &[user_id]));
        assert!(may_be_about_one(b"", &[b""]));
    }
}
