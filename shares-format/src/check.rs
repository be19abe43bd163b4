//! Check characters: a Reed-Solomon code over GF(2⁵) that says where a typist slipped (`SPEC.md` § 5).
//!
//! The word of a line is its number (two symbols), its data (up to 24) and four check symbols; as a polynomial, first symbol highest, it is
//! a multiple of (x−1)(x−α)(x−α²)(x−α³) with α = 2 in the field modulo x⁵+x²+1. Two words differ in five symbols at least:
//! up to four wrong ones are always noticed, and up to two are found. Nothing is ever corrected: a machine that guesses at shares guesses wrong some day.

/// Check symbols per line.
pub(crate) const CHECKS: usize = 4;

/// The symbols that stand for the line's number.
const NUMBER: usize = 2;

/// The generator without its leading 1, from x³ down to 1.
const GENERATOR: [u8; CHECKS] = generator();

/// What is wrong with a line, by the number of the symbol in it, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    /// This symbol alone.
    One(usize),
    /// These two.
    Two(usize, usize),
    /// Only the number: these are another line's symbols.
    Number,
    /// Three or more.
    Many,
}

/// `a` times `b`, without branches on a value.
const fn mul(mut a: u8, b: u8) -> u8 {
    let (mut product, mut bit) = (0, 0);
    while bit < 5 {
        product ^= a & ((b >> bit) & 1).wrapping_neg();
        a = (a << 1) ^ (0x25 & ((a >> 4) & 1).wrapping_neg());
        bit += 1;
    }
    product
}

/// 2 to the power of `exponent`.
const fn alpha(exponent: usize) -> u8 {
    let (mut power, mut i) = (1, 0);
    while i < exponent {
        power = mul(power, 2);
        i += 1;
    }
    power
}

/// (x−1)(x−α)(x−α²)(x−α³), multiplied out one factor after the other.
const fn generator() -> [u8; CHECKS] {
    let mut product = [0; CHECKS + 1];
    product[CHECKS] = 1;
    let mut j = 0;
    while j < CHECKS {
        // Times x moves all one place up, which is to the front; minus is plus here.
        let mut i = 0;
        while i < CHECKS {
            product[i] = product[i + 1] ^ mul(product[i], alpha(j));
            i += 1;
        }
        product[CHECKS] = mul(product[CHECKS], alpha(j));
        j += 1;
    }
    let [_, rest @ ..] = product;
    rest
}

/// The check symbols of a line's data.
pub(crate) fn symbols(number: u8, data: &[u8]) -> [u8; CHECKS] {
    // Division by the generator; the remainder is the check.
    let mut rest = [0; CHECKS];
    for symbol in numbered(number).chain(data.iter().copied()) {
        let factor = rest[0] ^ symbol;
        rest.rotate_left(1);
        rest[CHECKS - 1] = 0;
        for (rest, coefficient) in rest.iter_mut().zip(GENERATOR) {
            *rest ^= mul(factor, coefficient);
        }
    }
    rest
}

/// Looks for the slip in a line's symbols, its data and the check.
pub(crate) fn find_slip(number: u8, line: &[u8]) -> Option<Slip> {
    let mut syndromes = [0; CHECKS];
    for (j, syndrome) in syndromes.iter_mut().enumerate() {
        let root = alpha(j);
        *syndrome = numbered(number)
            .chain(line.iter().copied())
            .fold(0, |value, symbol| mul(value, root) ^ symbol);
    }
    if syndromes == [0; CHECKS] {
        return None;
    }
    let length = NUMBER + line.len();
    // A wrong symbol at `place` adds error · X^j to syndrome j.
    let locator = |place: usize| alpha(length - 1 - place);
    let explained = |x: u8, e: u8, y: u8, f: u8| {
        let (mut e, mut f) = (e, f);
        syndromes.iter().all(|&syndrome| {
            let fits = syndrome == e ^ f;
            (e, f) = (mul(e, x), mul(f, y));
            fits
        })
    };
    for place in 0..length {
        if explained(locator(place), syndromes[0], 0, 0) {
            return Some(match place.checked_sub(NUMBER) {
                Some(symbol) => Slip::One(symbol),
                None => Slip::Number,
            });
        }
    }
    for second in 1..length {
        for first in 0..second {
            let (x, y) = (locator(first), locator(second));
            // e + f = S₀ and eX + fY = S₁.
            let f = mul(syndromes[1] ^ mul(x, syndromes[0]), inverse(x ^ y));
            let e = syndromes[0] ^ f;
            if explained(x, e, y, f) {
                return Some(
                    match (first.checked_sub(NUMBER), second.checked_sub(NUMBER)) {
                        (Some(first), Some(second)) => Slip::Two(first, second),
                        (None, None) => Slip::Number,
                        _ => Slip::Many,
                    },
                );
            }
        }
    }
    Some(Slip::Many)
}

/// a³⁰, since a³¹ = 1.
fn inverse(a: u8) -> u8 {
    (1..30).fold(a, |power, _| mul(power, a))
}

/// The two symbols of a line's number.
fn numbered(number: u8) -> impl Iterator<Item = u8> {
    [number >> 5, number & 31].into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u8) -> Vec<u8> {
        let mut line: Vec<u8> = (0..24).map(|i| (i * 7 + number) % 32).collect();
        line.extend(symbols(number, &line));
        line
    }

    #[test]
    fn the_generator_is_that_of_the_specification() {
        assert_eq!(GENERATOR, [15, 19, 23, 10]);
    }

    #[test]
    fn a_true_line_has_no_slip() {
        for number in [1, 31, 32, 74] {
            assert_eq!(find_slip(number, &line(number)), None);
        }
    }

    #[test]
    fn every_wrong_symbol_is_found() {
        for place in 0..28 {
            for error in 1..32 {
                let mut line = line(3);
                line[place] ^= error;
                assert_eq!(find_slip(3, &line), Some(Slip::One(place)));
            }
        }
    }

    #[test]
    fn every_two_wrong_symbols_are_found() {
        for second in 1..28 {
            for first in 0..second {
                let mut line = line(3);
                line[first] ^= 1 + (first as u8 * 5 + second as u8) % 31;
                line[second] ^= 1 + (first as u8 + second as u8 * 3) % 31;
                assert_eq!(find_slip(3, &line), Some(Slip::Two(first, second)));
            }
        }
    }

    #[test]
    fn three_and_four_wrong_symbols_are_noticed() {
        for seed in 0..20_000usize {
            let mut line = line(3);
            let places = [
                seed % 7,
                7 + seed / 7 % 7,
                14 + seed / 49 % 7,
                21 + seed / 343 % 7,
            ];
            for (i, place) in places.into_iter().enumerate().skip(seed % 2) {
                line[place] ^= 1 + ((seed >> i) % 31) as u8;
            }
            assert!(find_slip(3, &line).is_some());
        }
    }

    #[test]
    fn a_line_under_another_number_is_known_as_such() {
        for number in (1..75).filter(|&number| number != 40) {
            assert_eq!(find_slip(number, &line(40)), Some(Slip::Number));
        }
    }
}
