//! What holds for the parser whatever it is given. The fuzz target and the test of mutated vectors both call this.

use quorate_share::{Share, find_all};

/// Panics if a text is read that isn't the canonical text of its shares, transport's harmless changes aside.
pub fn holds_for(text: &[u8]) {
    let Ok(shares) = find_all(text) else {
        assert!(Share::from_text(text).is_err());
        return;
    };
    assert!(!shares.is_empty());
    assert_eq!(Share::from_text(text).is_ok(), shares.len() == 1);
    let read = plain(text);
    for share in &shares {
        let canonical = share.to_text();
        let again = Share::from_text(canonical.as_bytes());
        assert!(again.is_ok_and(|again| again.is_same_as(share)));
        let body = Share::from_body(&share.to_body());
        assert!(body.is_ok_and(|again| again.is_same_as(share)));
        let canonical = plain(canonical.as_bytes());
        assert!(
            read.windows(canonical.len()).any(|part| part == canonical),
            "a text was read that differs from its canonical form"
        );
    }
}

/// The text without what transport may change: quoting and outer blanks, blank lines, blanks, upper case.
fn plain(text: &[u8]) -> Vec<u8> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut plain = Vec::with_capacity(text.len());
    for line in text.split(|&byte| byte == b'\n') {
        let start = line.iter().position(|byte| !b" \t>".contains(byte));
        let line = &line[start.unwrap_or(line.len())..];
        let end = line.iter().rposition(|byte| !b" \t\r".contains(byte));
        let line = &line[..end.map_or(0, |end| end + 1)];
        if !line.is_empty() {
            let kept = line.iter().filter(|byte| !b" \t".contains(byte));
            plain.extend(kept.map(u8::to_ascii_lowercase));
            plain.push(b'\n');
        }
    }
    plain
}
