// What both programs do: read the certificates of a file, choose, make drafts and read them back.

use std::time::{Instant, SystemTime};

use quorate::openpgp::Draft;
use quorate::openpgp::plan::{Algorithm, Certainty, Hash, Plan, Stamp};
use quorate::openpgp::target::{certificates, choose};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("which file?")?;
    let packets = std::fs::read(file)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let start = Instant::now();
    let mut bytes = 0;
    for cert in certificates(&packets)? {
        let cert = cert.read()?;
        let issuer = sequoia_openpgp::Fingerprint::from_bytes(4, &[1; 20])?;
        let chosen = choose(&cert, &issuer, &[], u32::try_from(now)?)?;
        for user_id in chosen.user_ids {
            let plan = Plan::Certify {
                stamp: Stamp {
                    issuer: issuer.clone(),
                    algorithm: Algorithm::EdDsa,
                    hash: Hash::Sha512,
                    created: u32::try_from(now)?,
                },
                certainty: Certainty::Generic,
                expires_after: None,
                notations: Vec::new(),
                target: chosen.primary.clone(),
                user_id,
            };
            let draft = Draft::encode(plan)?;
            bytes += Draft::decode(draft.bytes())?.bytes().len();
        }
    }
    println!("{:.3} {bytes}", start.elapsed().as_secs_f64() * 1000.0);
    Ok(())
}
