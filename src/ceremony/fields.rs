//! How values stand in the fields of records.

use quorate_share::Kind;

/// A day, in seconds: evidence that is dated further ahead of the clock isn't counted.
pub const DAY: u64 = 86_400;

/// The word for a share set in evidence.
pub(super) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Master | Kind::PracticeMaster => "master",
        Kind::Revocation | Kind::PracticeRevocation => "revocation",
    }
}

/// And back.
pub(super) fn word_kind(word: &str) -> Option<Kind> {
    match word {
        "master" => Some(Kind::Master),
        "revocation" => Some(Kind::Revocation),
        _ => None,
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Sixteen bytes from lower-case hexadecimal.
pub(super) fn unhex(text: &str) -> Option<[u8; 16]> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .ok()?
        .try_into()
        .ok()
}
