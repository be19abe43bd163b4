//! The CPU that one session's process takes, from start to end: `session_cost QUORATE RUNS`.
//!
//! Makes a vault of three age holders, two needed, in memory, asks for one certification, and
//! carries it out RUNS times in fresh workers, each with all its hardening. Prints the mean in
//! milliseconds, of the dealing worker and of the signing one. Nothing else is started, so what
//! the system counts for ended children (`/proc/self/stat`, in ticks of 10 ms) is theirs.

use std::path::Path;
use std::time::SystemTime;

use quorate::ceremony::approval::Approval;
use quorate::ceremony::request::Request;
use quorate::ceremony::submission;
use quorate::ceremony::verified::VerifiedRequest;
use quorate::openpgp::Draft;
use quorate::openpgp::plan::{Algorithm, Certainty, Hash, Plan, Primary, Stamp};
use quorate::roster::name::Name;
use quorate::roster::opening::OneTimeIdentity;
use quorate::roster::sealed_share::SealedShare;
use quorate::roster::sealing::{MAX_SEALED, Recipient};
use quorate::session::deal::{DealJob, Seat};
use quorate::session::front::{self, Coming, Signing};
use quorate::session::origin::Origin;
use quorate::session::sign::SignJob;
use quorate::vault::manifest::{Member, Seal, SignedManifest};
use quorate::world::Timestamp;
use quorate_share::{Kind, Threshold};
use sequoia_openpgp::cert::CertBuilder;

type Anything<T> = Result<T, Box<dyn std::error::Error>>;

/// Milliseconds of CPU that ended children took.
fn of_children() -> Anything<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("no stat")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks: u64 = fields[13].parse::<u64>()? + fields[14].parse::<u64>()?;
    Ok(ticks as f64 * 10.0)
}

fn main() -> Anything<()> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("session_cost QUORATE RUNS")?;
    let runs: u32 = arguments
        .next()
        .ok_or("session_cost QUORATE RUNS")?
        .parse()?;
    let program = Path::new(&program);
    let seconds = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_secs();
    let now = Timestamp::from_seconds(seconds).ok_or("the clock")?;

    let identities: Vec<OneTimeIdentity> = (0..3).map(|_| OneTimeIdentity::generate()).collect();
    let names = ["anna", "ben", "cleo"];
    let job = DealJob {
        vault_id: [7; 16],
        user_id: "Bench <bench@example.org>".to_owned(),
        now,
        origin: Origin::New {
            algorithm: Algorithm::EdDsa,
            expires: now.plus_days(100),
            subkey_for: None,
        },
        master: Threshold::new(2)?,
        revocation: Threshold::new(2)?,
        attest: quorate::roster::config::Attest::None,
        request_days: 7,
        any_root_may_revoke: false,
        succeeds: None,
        seats: names
            .iter()
            .zip(&identities)
            .map(|(name, identity)| {
                Ok(Seat {
                    member: Member {
                        name: Name::parse(name)?,
                        seal: Seal::Age(identity.recipient().to_string()),
                        attest: None,
                    },
                    recipient: Recipient::Age(identity.recipient()),
                })
            })
            .collect::<Anything<_>>()?,
    };
    let mut made = Vec::new();
    let before = of_children()?;
    for _ in 0..runs {
        made = front::deal(Coming::start(program)?, false, &job)?
            .checked()?
            .0;
    }
    let dealing = (of_children()? - before) / f64::from(runs);

    let file = |name: &str| {
        made.iter()
            .find(|file| file.path == name)
            .map(|file| file.bytes.as_slice())
    };
    let text = file("vault.toml").ok_or("vault.toml")?;
    let signed = SignedManifest::read_unpinned(text)?;
    let manifest = signed.manifest();
    let set = manifest.set(Kind::Master).ok_or("the set")?;
    let own = |seat: usize| -> Anything<SealedShare> {
        let sealed = file(&set.shares[seat].sealed).ok_or("a sealed share")?;
        let opened = identities[seat]
            .open(sealed, MAX_SEALED)
            .map_err(|e| e.to_string())?;
        Ok(SealedShare::parse(&opened)?)
    };

    let primary = signed.primary();
    let (target, _) = CertBuilder::new()
        .add_userid("Target <target@example.org>")
        .generate()?;
    let plan = Plan::Certify {
        stamp: Stamp {
            issuer: primary.fingerprint(),
            algorithm: Algorithm::of(primary.pk_algo()).ok_or("the algorithm")?,
            hash: Hash::Sha512,
            created: now.to_openpgp().ok_or("the clock")?,
        },
        certainty: Certainty::Generic,
        expires_after: None,
        notations: Vec::new(),
        target: Primary::from(target.primary_key().key().clone().role_into_primary()),
        user_id: target.userids().next().ok_or("a user ID")?.userid().clone(),
    };
    let one_time = OneTimeIdentity::generate();
    let request = Request {
        vault: manifest.vault_id,
        fingerprint: manifest.fingerprint.clone(),
        kind: Kind::Master,
        set: set.set,
        generation: set.generation,
        opener: set.shares[0].holder.clone(),
        machine: "bench".to_owned(),
        program: "bench".to_owned(),
        opened: now,
        closes: now.plus_days(7),
        one_time: one_time.recipient().to_string(),
        state: None,
        with: None,
        drafts: vec![Draft::encode(plan)?],
        successor: None,
    };
    let request = request.sign(&own(0)?.holder_key)?;
    let verified = VerifiedRequest::read(&request, manifest)?;
    let mut submissions = Vec::new();
    for seat in 0..2 {
        let sealed = own(seat)?;
        let approval = Approval {
            vault: manifest.vault_id,
            request: verified.digest(),
            set: set.set,
            holder: set.shares[seat].holder.clone(),
            seat: set.shares[seat].seat,
            way: if seat == 0 { "opener" } else { "voice" }.to_owned(),
            signed: now,
        };
        let approval = approval.sign(&sealed.holder_key)?;
        submissions.push(submission::make(
            &verified,
            &approval,
            &sealed.share_text,
            &sealed.holder_key,
        )?);
    }
    let identity = one_time.to_text();
    let job = SignJob {
        pin: manifest.fingerprint.clone(),
        now,
        in_force: true,
        manifest: text,
        request: &request,
        key_file: file(&set.file).ok_or("the master file")?,
        kept: &[],
        identity: identity.as_bytes(),
        submissions: submissions.iter().map(Vec::as_slice).collect(),
    };
    let before = of_children()?;
    for _ in 0..runs {
        match front::sign(Coming::start(program)?, false, &job)?.0 {
            Signing::Done(_) => {}
            Signing::Refused(failure) => return Err(failure.refusal.to_string().into()),
        }
    }
    let signing = (of_children()? - before) / f64::from(runs);
    println!("{dealing:.2} {signing:.2}");
    Ok(())
}
