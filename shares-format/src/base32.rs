//! Base32 (RFC 4648 § 6) in lower case, one symbol of five bits at a time. Without tables and without branches on a value, as the field arithmetic.

use zeroize::Zeroizing;

/// The letter or digit of a symbol from 0 to 31: `a` to `z`, then `2` to `7`.
pub(crate) fn letter(symbol: u8) -> u8 {
    // All ones from symbol 26 on; from 'a' + 26 down to '2' it is 73.
    let digit = (25u8.wrapping_sub(symbol) >> 7).wrapping_neg();
    b'a'.wrapping_add(symbol).wrapping_sub(digit & 73)
}

/// The symbol of a letter or digit in either case; none of any other byte.
pub(crate) fn symbol(letter: u8) -> Option<u8> {
    // All ones where `letter` is one of the `count` from `first` on.
    let within = |first: u8, count: u16| {
        (u16::from(letter.wrapping_sub(first)).wrapping_sub(count) >> 8) as u8
    };
    let (upper, lower, digit) = (within(b'A', 26), within(b'a', 26), within(b'2', 6));
    let value = (letter.wrapping_sub(b'A') & upper)
        | (letter.wrapping_sub(b'a') & lower)
        | (letter.wrapping_sub(b'2').wrapping_add(26) & digit);
    let known = upper | lower | digit;
    (known != 0).then_some(value)
}

/// The symbols of `bytes`, whose number is a multiple of five: eight for every five.
pub(crate) fn symbols(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut symbols = Zeroizing::new(Vec::with_capacity(bytes.len() / 5 * 8));
    for unit in bytes.chunks_exact(5) {
        let bits = unit
            .iter()
            .fold(0, |bits, &byte| bits << 8 | u64::from(byte));
        symbols.extend((0..8).rev().map(|place| (bits >> (5 * place)) as u8 & 31));
    }
    symbols
}

/// The bytes of `symbols`, whose number is a multiple of eight: five for every eight.
pub(crate) fn bytes(symbols: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(symbols.len() / 8 * 5));
    for unit in symbols.chunks_exact(8) {
        let bits = unit
            .iter()
            .fold(0, |bits, &symbol| bits << 5 | u64::from(symbol));
        bytes.extend((0..5).rev().map(|place| (bits >> (8 * place)) as u8));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_that_of_the_standard_in_either_case() {
        let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
        for byte in 0..=255u8 {
            let place = alphabet
                .iter()
                .position(|&known| known == byte.to_ascii_lowercase());
            assert_eq!(symbol(byte).map(usize::from), place, "{byte}");
        }
        for (value, &known) in alphabet.iter().enumerate() {
            assert_eq!(letter(value as u8), known);
        }
    }

    #[test]
    fn the_examples_of_the_standard_come_out() {
        let text: Vec<u8> = symbols(b"fooba")
            .iter()
            .map(|&symbol| letter(symbol))
            .collect();
        assert_eq!(text, b"mzxw6ytb");
        assert_eq!(*bytes(&symbols(b"0123456789")), b"0123456789");
    }
}
