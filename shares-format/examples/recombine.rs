//! Times our combining beside blahaj's, in this process: a line `job ours_ns peer_ns` for each size. Run it with `--release`.

use std::hint::black_box;
use std::time::Instant;

use quorate_share::{
    Candidates, Generation, KeyFingerprint, Kind, SetHeader, SetId, Share, Threshold,
    deal_with_os_rng,
};

/// A passphrase of 256 bits as base32.
const SECRET: [u8; 52] = *b"abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for (k, n, rounds) in [(3, 5, 20_000), (128, 255, 50)] {
        let header = SetHeader {
            set: SetId([1; 16]),
            kind: Kind::Master,
            fingerprint: KeyFingerprint::V4([2; 20]),
            generation: Generation::FIRST,
            threshold: Threshold::new(k)?,
        };
        let mut shares = deal_with_os_rng(&SECRET, &header, n)?;
        // The last k, so that nothing is easy.
        shares.drain(..usize::from(n - k));
        let theirs: Vec<sharks::Share> = shares.iter().map(as_theirs).collect::<Result<_, _>>()?;

        let mut candidates = Candidates::of(header);
        for share in shares {
            candidates.add_unverified(share)?;
        }
        let ours = least(rounds, || {
            let quorum = black_box(&candidates).quorum().ok();
            assert!(quorum.is_some_and(|quorum| *quorum.combine() == SECRET));
        });
        let peer = sharks::Sharks(k);
        let peer = least(rounds, || {
            let secret = peer.recover(black_box(&theirs));
            assert!(secret.is_ok_and(|secret| secret == SECRET));
        });
        println!("recombine-{k}-of-{n} {ours} {peer}");
    }
    Ok(())
}

fn as_theirs(share: &Share) -> Result<sharks::Share, &'static str> {
    let point: Vec<u8> = std::iter::once(share.seat().get())
        .chain(share.data().iter().copied())
        .collect();
    sharks::Share::try_from(point.as_slice())
}

/// The shortest of many runs, in nanoseconds.
fn least(rounds: u32, mut job: impl FnMut()) -> u128 {
    let times = (0..rounds).map(|_| {
        let start = Instant::now();
        job();
        start.elapsed().as_nanos()
    });
    times.min().unwrap_or_default()
}
