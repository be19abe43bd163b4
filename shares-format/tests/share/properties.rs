//! Quorums, texts and damage, over whatever proptest thinks of.

use std::fs;

use proptest::prelude::*;
use proptest::sample::Index;
use quorate_share::{
    Added, Candidates, CombineError, Generation, KeyFingerprint, Kind, LineFault, Place, Seat,
    SetHeader, SetId, Share, TextError, Threshold, deal_with_os_rng, find_all,
};
use zeroize::Zeroizing;

fn headers() -> impl Strategy<Value = SetHeader> {
    let fingerprint = prop_oneof![
        any::<[u8; 20]>().prop_map(KeyFingerprint::V4),
        any::<[u8; 32]>().prop_map(KeyFingerprint::V6),
    ];
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let numbers = (1..=u32::MAX, 2..=255u8);
    (any::<[u8; 16]>(), kind, fingerprint, numbers).prop_map(
        |(set, kind, fingerprint, (generation, threshold))| SetHeader {
            set: SetId(set),
            kind,
            fingerprint,
            generation: Generation::new(generation).unwrap(),
            threshold: Threshold::new(threshold).unwrap(),
        },
    )
}

fn shares() -> impl Strategy<Value = Share> {
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 52),
        prop::collection::vec(any::<u8>(), 1..=1024),
    ];
    (headers(), 1..=255u8, data).prop_map(|(header, seat, data)| {
        Share::new(header, Seat::new(seat).unwrap(), Zeroizing::new(data)).unwrap()
    })
}

/// A set of at least k shares, k of them chosen in any order first.
fn dealings() -> impl Strategy<Value = (Vec<u8>, SetHeader, u8, Vec<usize>)> {
    let small = (2..=9u8).prop_flat_map(|n| (Just(n), 2..=n));
    let any_size = (2..=255u8).prop_flat_map(|n| (Just(n), 2..=n));
    (prop_oneof![small, any_size], headers()).prop_flat_map(|((n, k), mut header)| {
        header.threshold = Threshold::new(k).unwrap();
        let order: Vec<usize> = (0..usize::from(n)).collect();
        let secret = prop::collection::vec(any::<u8>(), 1..60);
        (secret, Just(header), Just(n), Just(order).prop_shuffle())
    })
}

/// The shares in this order, wrapped so that each can be taken once.
fn dealt(secret: &[u8], header: &SetHeader, n: u8, order: &[usize]) -> Vec<Share> {
    let shares = deal_with_os_rng(secret, header, n).unwrap();
    let mut shares: Vec<Option<Share>> = shares.into_iter().map(Some).collect();
    order.iter().map(|&at| shares[at].take().unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_k_of_n_give_the_secret_and_fewer_never_combine((secret, header, n, order) in dealings()) {
        let k = header.threshold.get();
        let mut candidates = Candidates::of(header);
        for (share, have) in dealt(&secret, &header, n, &order).into_iter().zip(0..n) {
            if have < k {
                let refused = candidates.quorum().err();
                prop_assert_eq!(refused, Some(CombineError::TooFew { have, need: k }));
            } else if have == k || have % 64 == 0 {
                prop_assert_eq!(&*candidates.quorum().unwrap().combine(), &secret);
            }
            let commitment = share.commitment();
            prop_assert_eq!(candidates.add(commitment.check(share).unwrap()), Ok(Added::New));
        }
        // All of them, which checks each beyond k against the others.
        prop_assert_eq!(&*candidates.quorum().unwrap().combine(), &secret);
    }

    #[test]
    fn a_changed_share_beyond_k_is_noticed((secret, header, n, order) in dealings(), at in any::<Index>(), byte in any::<Index>(), error in 1..=255u8) {
        let k = usize::from(header.threshold.get());
        prop_assume!(k < usize::from(n));
        let shares = dealt(&secret, &header, n, &order);
        let at = at.index(shares.len());
        let changed = shares[at].seat();
        let mut candidates = Candidates::new();
        for share in shares {
            let mut data = Zeroizing::new(share.data().to_vec());
            if share.seat() == changed {
                data[byte.index(secret.len())] ^= error;
                let false_share = Share::new(header, changed, data.clone()).unwrap();
                prop_assert_eq!(share.commitment().check(false_share).unwrap_err().seat, changed);
            }
            candidates.add_unverified(Share::new(header, share.seat(), data).unwrap()).unwrap();
        }
        let Err(CombineError::OffPolynomial { seats, drawn_through }) = candidates.quorum().map(|_| ()) else {
            return Err(TestCaseError::fail("the changed share was not noticed"));
        };
        prop_assert!(seats == [changed] || drawn_through.contains(&changed));
    }

    #[test]
    fn every_share_survives_text_and_body(share in shares()) {
        let text = share.to_text();
        prop_assert!(Share::from_text(text.as_bytes()).unwrap().is_same_as(&share));
        prop_assert!(Share::from_body(&share.to_body()).unwrap().is_same_as(&share));
        crate::parser::holds_for(text.as_bytes());
    }

    #[test]
    fn any_changed_byte_of_a_body_gives_another_share_or_none(share in shares(), at in any::<Index>(), error in 1..=255u8) {
        let mut body = share.to_body();
        let at = at.index(body.len());
        body[at] ^= error;
        if let Ok(other) = Share::from_body(&body) {
            prop_assert!(!other.is_same_as(&share));
            prop_assert!(share.commitment().check(other).is_err());
        }
    }

    #[test]
    fn a_share_of_another_header_never_joins(own in shares(), other in headers()) {
        prop_assume!(own.header() != &other);
        let mut candidates = Candidates::of(other);
        prop_assert!(candidates.add_unverified(own).is_err());
        prop_assert_eq!(candidates.seats().len(), 0);
    }
}

/// Every byte of a text changed to some other: refused with the place, or the same share.
#[test]
fn every_changed_byte_of_a_text_is_found_and_named() {
    let file = crate::support::folder().join("good/master-2-of-5.txt");
    let text = fs::read(file).unwrap();
    let share = Share::from_text(&text).unwrap();
    for at in 0..text.len() {
        let before = &text[..at];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let column = before
            .iter()
            .rev()
            .take_while(|&&byte| byte != b'\n')
            .count();
        for new in (0..=255u8).filter(|&new| new != text[at]) {
            let mut changed = text.clone();
            changed[at] = new;
            let error = match Share::from_text(&changed) {
                Ok(read) => {
                    assert!(read.is_same_as(&share));
                    crate::parser::holds_for(&changed);
                    continue;
                }
                Err(error) => error,
            };
            let data = (5..=12).contains(&line) && column > 2 && new != b'\n' && new != 0;
            if data && !b" \t\r>".contains(&new) && text[at] != b' ' && text[at] != b'\n' {
                assert_named(&error, line, &text, before.len() - column, column);
            } else {
                named_otherwise(&error, line);
            }
        }
    }
}

/// A wrong character in a numbered line or the check line.
fn assert_named(error: &TextError, line: usize, text: &[u8], start: usize, column: usize) {
    let TextError::Damaged { lines, of: 7 } = error else {
        panic!("line {line}, column {column}: {error}");
    };
    let place = if line == 12 {
        Place::CheckLine
    } else {
        Place::Line(line as u8 - 4)
    };
    let blanks = text[start + 2..start + column]
        .iter()
        .filter(|&&byte| byte == b' ')
        .count();
    let character = column - 1 - blanks;
    let [damaged] = lines[..] else {
        panic!("{error}")
    };
    assert_eq!((damaged.place, damaged.line), (place, line));
    let one = LineFault::One { character };
    assert!(
        damaged.fault == one || damaged.fault == LineFault::Foreign { character },
        "{error}"
    );
}

/// Any other change: the error names the line, or that the armour is broken.
fn named_otherwise(error: &TextError, changed: usize) {
    let near = |line: usize| line.abs_diff(changed) <= 2;
    match error {
        TextError::Number { line, .. }
        | TextError::Stray { line }
        | TextError::Information { line }
        | TextError::CheckMissing { line }
        | TextError::BeginMissing { line }
        | TextError::EndDiffers { line } => {
            assert!(near(*line) || changed == 1, "{changed}: {error}")
        }
        TextError::Damaged { lines, .. } => assert!(
            lines.iter().all(|damaged| near(damaged.line)),
            "{changed}: {error}"
        ),
        TextError::EndMissing { .. } => assert!(changed >= 12, "{changed}: {error}"),
        TextError::InformationLines { .. } => assert!(changed <= 5, "{changed}: {error}"),
        TextError::Binary { .. } => {}
        other => panic!("line {changed}: {other}"),
    }
}

#[derive(Debug, Clone)]
enum Change {
    Put(Index, u8),
    Insert(Index, u8),
    Remove(Index, usize),
    Repeat(Index, usize, Index),
    Cut(Index),
    Line(Index, Index),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let byte =
        || prop_oneof![3 => prop::sample::select(b"a2QZ09 \t\n\r>-ck".to_vec()), 1 => any::<u8>()];
    let place = any::<Index>;
    let change = prop_oneof![
        4 => (place(), byte()).prop_map(|(at, byte)| Change::Put(at, byte)),
        4 => (place(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        2 => (place(), 1..40usize).prop_map(|(at, count)| Change::Remove(at, count)),
        2 => (place(), 1..700usize, place()).prop_map(|(from, count, to)| Change::Repeat(from, count, to)),
        1 => place().prop_map(Change::Cut),
        2 => (place(), place()).prop_map(|(one, other)| Change::Line(one, other)),
    ];
    prop::collection::vec(change, 1..6)
}

fn changed(mut text: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let size = text.len();
        if size == 0 {
            break;
        }
        match change {
            Change::Put(at, byte) => text[at.index(size)] = *byte,
            Change::Insert(at, byte) => text.insert(at.index(size), *byte),
            Change::Remove(at, count) => {
                let at = at.index(size);
                text.drain(at..size.min(at + count));
            }
            Change::Repeat(from, count, to) => {
                let from = from.index(size);
                let part = text[from..size.min(from + count)].to_vec();
                let to = to.index(size);
                text.splice(to..to, part);
            }
            Change::Cut(at) => text.truncate(at.index(size)),
            Change::Line(one, other) => {
                let mut lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
                let (one, other) = (one.index(lines.len()), other.index(lines.len()));
                lines.swap(one, other);
                text = lines.concat();
            }
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_read_that_is_not_canonical(which in any::<Index>(), changes in changes()) {
        let files = vectors();
        let (_, text) = &files[which.index(files.len())];
        crate::parser::holds_for(&changed(text.clone(), &changes));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(text in prop::collection::vec(any::<u8>(), 0..300)) {
        crate::parser::holds_for(&text);
        let _ = Share::from_body(&text);
    }
}

/// All vectors, made once.
fn vectors() -> &'static [(String, Vec<u8>)] {
    static VECTORS: std::sync::OnceLock<Vec<(String, Vec<u8>)>> = std::sync::OnceLock::new();
    VECTORS.get_or_init(|| {
        let mut made = crate::support::vectors::make();
        made.retain(|(name, _)| name != "index.json");
        made
    })
}

#[test]
fn every_vector_keeps_the_parsers_promises() {
    for (_, text) in vectors() {
        crate::parser::holds_for(text);
    }
}

#[test]
fn a_text_of_many_shares_is_read_within_its_limit() {
    let share = vectors()
        .iter()
        .find(|(name, _)| name == "good/master-1-of-5.txt")
        .unwrap();
    let text = share.1.repeat(100);
    assert_eq!(find_all(&text).unwrap().len(), 1);
}
