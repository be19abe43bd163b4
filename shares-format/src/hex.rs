//! Hexadecimal for what is public: set ids, fingerprints, commitments. Never for a share.

/// `bytes` as lower-case hexadecimal.
pub(crate) fn lower(bytes: &[u8]) -> String {
    with(b"0123456789abcdef", bytes)
}

/// `bytes` as upper-case hexadecimal.
pub(crate) fn upper(bytes: &[u8]) -> String {
    with(b"0123456789ABCDEF", bytes)
}

fn with(digits: &[u8; 16], bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(digits[usize::from(value)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// The bytes that `text` stands for; either case, two digits a byte, nothing else.
pub(crate) fn parse(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| (digit as char).to_digit(16);
    digits
        .chunks_exact(2)
        .map(|pair| Some((value(pair[0])? * 16 + value(pair[1])?) as u8))
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn hexadecimal_comes_back_in_either_case_and_nothing_else_is_taken() {
        assert_eq!(super::parse("00fFA5"), Some(vec![0, 255, 0xa5]));
        assert_eq!(super::upper(&[0, 255, 0xa5]), "00FFA5");
        assert_eq!(super::lower(&[0, 255, 0xa5]), "00ffa5");
        for wrong in ["0", "0g", "+1", " 1", "é"] {
            assert_eq!(super::parse(wrong), None, "{wrong}");
        }
    }
}
