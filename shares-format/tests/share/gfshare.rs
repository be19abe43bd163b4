//! The same arithmetic as libgfshare (the real gfsplit and gfcombine) and blahaj, both ways.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::vectors::SECRET;
use proptest::prelude::*;
use quorate_share::{
    Candidates, Generation, KeyFingerprint, Kind, Seat, SetHeader, SetId, Share, Threshold,
    deal_with_os_rng,
};
use zeroize::Zeroizing;

fn header(threshold: u8) -> SetHeader {
    SetHeader {
        set: SetId([3; 16]),
        kind: Kind::Master,
        fingerprint: KeyFingerprint::V4([4; 20]),
        generation: Generation::FIRST,
        threshold: Threshold::new(threshold).unwrap(),
    }
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; install libgfshare-bin, coreutils, sed and grep")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output.stdout
}

fn gfcombine(folder: &Path, parts: &[String]) -> Vec<u8> {
    run(Command::new("gfcombine")
        .current_dir(folder)
        .args(["-o", "combined"])
        .args(parts));
    fs::read(folder.join("combined")).unwrap()
}

#[test]
fn gfcombine_combines_what_we_dealt() {
    for (k, n) in [(2, 2), (3, 5), (5, 9), (100, 255)] {
        let folder = tempfile::tempdir().unwrap();
        let shares = deal_with_os_rng(SECRET, &header(k), n).unwrap();
        let mut parts = Vec::new();
        for share in shares.iter().rev().take(k.into()) {
            let name = format!("part.{:03}", share.seat().get());
            fs::write(folder.path().join(&name), share.data()).unwrap();
            parts.push(name);
        }
        assert_eq!(gfcombine(folder.path(), &parts), SECRET, "{k} of {n}");
    }
}

#[test]
fn we_combine_what_gfsplit_dealt() {
    for (k, n) in [(2, 2), (3, 5), (7, 20), (60, 200)] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), SECRET).unwrap();
        // The order of these options matters to gfsplit.
        run(Command::new("gfsplit").current_dir(folder.path()).args([
            "-m",
            &n.to_string(),
            "-n",
            &k.to_string(),
            "secret",
            "part",
        ]));
        let mut candidates = Candidates::of(header(k));
        for seat in 1..=255 {
            let Ok(data) = fs::read(folder.path().join(format!("part.{seat:03}"))) else {
                continue;
            };
            let seat = Seat::new(seat).unwrap();
            let share = Share::new(header(k), seat, Zeroizing::new(data)).unwrap();
            candidates.add_unverified(share).unwrap();
        }
        assert_eq!(
            candidates.seats().len(),
            n,
            "gfsplit draws its seats by lot"
        );
        assert_eq!(
            *candidates.quorum().unwrap().combine(),
            SECRET,
            "{k} of {n}"
        );
    }
}

#[test]
fn coreutils_take_the_raw_share_out_of_the_text_as_the_specification_says() {
    let specification =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("SPEC.md")).unwrap();
    let start = specification.find("    sed -n").unwrap();
    let command = &specification[start..];
    let command = &command[..command.find("\n\n").unwrap()];

    let folder = tempfile::tempdir().unwrap();
    let shares = deal_with_os_rng(SECRET, &header(3), 5).unwrap();
    let mut practised = header(3);
    practised.kind = Kind::PracticeMaster;
    let practice = deal_with_os_rng(b"0123456789", &practised, 5).unwrap();
    let mut parts = Vec::new();
    for (share, practice) in shares.iter().zip(&practice).skip(1).take(3) {
        let opened = format!(
            "quorate sealed share 1\n\n{}\n{}\n-----BEGIN OPENSSH PRIVATE KEY-----\n3abc\n",
            *share.to_text(),
            *practice.to_text()
        );
        fs::write(folder.path().join("opened.txt"), opened).unwrap();
        let part = format!("part.{:03}", share.seat().get());
        let command = command.replace("part.002", &part);
        run(Command::new("sh")
            .current_dir(folder.path())
            .args(["-c", &command]));
        assert_eq!(fs::read(folder.path().join(&part)).unwrap(), share.data());
        parts.push(part);
    }
    assert_eq!(gfcombine(folder.path(), &parts), SECRET);
}

fn theirs(share: &Share) -> sharks::Share {
    let mut point = vec![share.seat().get()];
    point.extend(share.data());
    sharks::Share::try_from(point.as_slice()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn blahaj_and_we_combine_each_others_shares(k in 2..=80u8, more in 0..=175u8, secret in prop::collection::vec(any::<u8>(), 1..40), skip in 0..=175usize) {
        let n = k + more;
        let skip = skip.min(more.into());
        let shares = deal_with_os_rng(&secret, &header(k), n).unwrap();
        let chosen: Vec<sharks::Share> = shares[skip..].iter().take(k.into()).map(theirs).collect();
        let peer = sharks::Sharks(k);
        prop_assert_eq!(peer.recover(&chosen), Ok(secret.clone()));

        let mut candidates = Candidates::of(header(k));
        for share in sharks::Sharks(k).dealer(&secret).take(n.into()).skip(skip) {
            let point = Vec::from(&share);
            let seat = Seat::new(point[0]).unwrap();
            let data = Zeroizing::new(point[1..].to_vec());
            candidates.add_unverified(Share::new(header(k), seat, data).unwrap()).unwrap();
        }
        prop_assert_eq!(&*candidates.quorum().unwrap().combine(), &secret);
    }
}
