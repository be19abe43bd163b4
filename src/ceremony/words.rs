//! Eight words that compare what two machines have: 88 bits of the request's digest.
//!
//! They are no secret. The opener's machine prints them, the opener says them by another way than
//! the request's, and the approver's machine compares them with the request that it has. Four
//! words (44 bits) could be ground out in half an hour; eight can't.

use sequoia_openpgp::Fingerprint;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::vault::record::Digest;

/// So many words are compared.
pub const COUNT: usize = 8;

/// The words of a request, or of several that are approved together: 11 bits each, from the front
/// of SHA-256 over a domain string and the digests in ascending order, from the BIP-39 list.
#[must_use]
pub fn of(requests: &[Digest]) -> [&'static str; COUNT] {
    let mut sorted: Vec<&[u8]> = requests.iter().map(Digest::as_bytes).collect();
    sorted.sort_unstable();
    let mut hash = Sha256::new_with_prefix(b"quorate words v1\0");
    for digest in sorted {
        hash.update(digest);
    }
    pick(&hash.finalize())
}

/// The words of a key, to read aloud beside its fingerprint: as [`of`], over a domain string of their own and
/// the fingerprint's bytes. They are shorter to say, not stronger; who has the fingerprint can compute them.
#[must_use]
pub fn of_key(fingerprint: &Fingerprint) -> [&'static str; COUNT] {
    let mut hash = Sha256::new_with_prefix(b"quorate key words v1\0");
    hash.update(fingerprint.as_bytes());
    pick(&hash.finalize())
}

fn pick(bits: &[u8]) -> [&'static str; COUNT] {
    let list = bip39::Language::English.word_list();
    std::array::from_fn(|word| {
        let index = (word * 11..word * 11 + 11).fold(0_usize, |index, bit| {
            index << 1 | usize::from(bits[bit / 8] >> (7 - bit % 8) & 1)
        });
        list[index]
    })
}

/// Are these the words? Case, spaces and commas don't matter, and the first four letters of a
/// word do, since no two words of the list share them. It isn't told which word was wrong.
#[must_use]
pub fn fit(typed: &str, expected: &[&str; COUNT]) -> bool {
    let typed = split(typed);
    if typed.len() != COUNT {
        return false;
    }
    typed
        .iter()
        .zip(expected)
        .fold(true, |good, (typed, word)| {
            let four = word.get(..4).unwrap_or(word);
            let fits = word.starts_with(typed.as_str()) && typed.len() >= four.len();
            good & bool::from(u8::from(fits).ct_eq(&1))
        })
}

/// So many words were typed.
#[must_use]
pub fn count(typed: &str) -> usize {
    split(typed).len()
}

fn split(typed: &str) -> Vec<String> {
    typed
        .split(|c: char| c.is_whitespace() || c == ',' || c == '.')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_depend_on_every_request_and_not_on_their_order() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        assert_eq!(of(&[a, b]), of(&[b, a]));
        assert_ne!(of(&[a]), of(&[a, b]));
        assert_ne!(of(&[a]), of(&[b]));
    }

    #[test]
    fn the_words_of_a_key_are_its_own_and_not_those_of_a_request() {
        let key = |text: &str| of_key(&text.parse().unwrap());
        let one = key("A4C123B1612DD272D1371C17149D439536B3F1C7");
        assert_eq!(
            one,
            key("A4C1 23B1 612D D272 D137  1C17 149D 4395 36B3 F1C7")
        );
        assert_ne!(one, key("A4C123B1612DD272D1371C17149D439536B3F1C8"));
        assert!(fit(&one.join(" "), &one));
    }

    #[test]
    fn first_letters_do_and_fewer_do_not() {
        let words = of(&[Digest::of(b"x")]);
        let short: Vec<&str> = words.iter().map(|w| w.get(..4).unwrap_or(w)).collect();
        assert!(fit(&words.join(" "), &words));
        assert!(fit(&short.join(", ").to_uppercase(), &words));
        assert!(!fit(&short[..7].join(" "), &words));
        let three: Vec<&str> = words.iter().map(|w| &w[..3]).collect();
        assert!(!fit(&three.join(" "), &of(&[Digest::of(b"y")])));
        assert!(!fit("", &words));
        assert_eq!((count(&short[..7].join(" , ")), count("")), (7, 0));
    }

    #[test]
    fn no_two_words_of_the_list_share_their_first_four_letters() {
        let list = bip39::Language::English.word_list();
        let mut heads: Vec<&str> = list.iter().map(|w| w.get(..4).unwrap_or(w)).collect();
        heads.sort_unstable();
        heads.dedup();
        assert_eq!((list.len(), heads.len()), (2048, 2048));
    }
}
