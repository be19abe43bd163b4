//! Carrying out a request: the function that the whole house is built around.
//!
//! Bytes in, public bytes out. Everything is checked here again, from the manifest's signature
//! to the fingerprint of the rebuilt key; from the front end the worker believes only the pin, the
//! clock and which set is in force.

use quorate_share::{Candidates, CombineError, Commitment, Kind};
use sequoia_openpgp::Fingerprint;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::locked::LockedBytes;
use super::refusal::Refusal;
use crate::ceremony::request::VerifiedRequest;
use crate::ceremony::submission::{self, Submission, Verdict};
use crate::openpgp::key::MasterKey;
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::roster::passphrase::{Passphrase, decrypt};
use crate::vault::manifest::{ShareSet, SignedManifest};
use crate::world::Timestamp;

/// The most bytes that a master file's plaintext may have.
const MAX_KEY_FILE: usize = 1 << 20;

/// What the session is given.
pub struct SignJob<'a> {
    /// The fingerprint that this machine has pinned.
    pub pin: Fingerprint,
    /// The time.
    pub now: Timestamp,
    /// Is the set that the request asks in force? It follows from receipts, outside.
    pub in_force: bool,
    /// `vault.toml`.
    pub manifest: &'a [u8],
    /// The request's file.
    pub request: &'a [u8],
    /// The master file.
    pub key_file: &'a [u8],
    /// The one-time identity.
    pub identity: &'a [u8],
    /// The submissions, encrypted as they came.
    pub submissions: Vec<&'a [u8]>,
}

/// What the session gives back: nothing in it is secret.
pub struct SignReply {
    /// One verdict per submission, in their order.
    pub verdicts: Vec<Verdict>,
    /// The approvals that lay in the submissions which count.
    pub approvals: Vec<Vec<u8>>,
    /// Whose shares were combined.
    pub used: Vec<Name>,
    /// One signature packet per draft, in their order.
    pub signatures: Vec<Vec<u8>>,
}

/// A refusal, with the verdicts that were reached before it.
pub struct SignFailure {
    /// One verdict per submission, or none if it didn't come to that.
    pub verdicts: Vec<Verdict>,
    /// Why nothing was signed.
    pub refusal: Refusal,
}

impl From<Refusal> for SignFailure {
    fn from(refusal: Refusal) -> Self {
        Self {
            verdicts: Vec::new(),
            refusal,
        }
    }
}

/// Rebuilds the key from a quorum of submissions, signs the drafts of the request, and forgets.
///
/// # Errors
/// [`SignFailure`]; then nothing was signed.
pub fn sign(job: &SignJob<'_>) -> Result<SignReply, SignFailure> {
    // What is asked, and may it be done now?
    let manifest = SignedManifest::read(job.manifest, &job.pin)
        .map_err(|error| Refusal::Manifest(error.to_string()))?;
    let manifest = manifest.manifest();
    let request = VerifiedRequest::read(job.request, manifest)
        .map_err(|error| Refusal::Request(error.to_string()))?;
    request.open_at(job.now).map_err(|_| Refusal::Closed)?;
    let asked = request.request();
    if asked.kind != Kind::Master {
        return Err(Refusal::Request("only the master key signs drafts".into()).into());
    }
    let set = manifest
        .set(asked.kind)
        .ok_or(Refusal::Request("no such share set".into()))?;
    if !job.in_force {
        return Err(Refusal::NotInForce.into());
    }
    let digest: [u8; 32] = Sha256::digest(job.key_file).into();
    if digest != set.file_sha256 {
        return Err(Refusal::KeyFile.into());
    }

    // Who answered, and with which share?
    let identity = std::str::from_utf8(job.identity)
        .ok()
        .and_then(|text| OneTimeIdentity::parse(text).ok())
        .ok_or(Refusal::Identity)?;
    if identity.recipient().to_string() != asked.one_time {
        return Err(Refusal::Identity.into());
    }
    let mut answers = Answers::new(set);
    for file in &job.submissions {
        let verdict = match submission::open(file, &identity) {
            None => Verdict::Unopened,
            Some(opened) => match Submission::read(&opened, manifest, &request, job.now) {
                Err(error) => Verdict::Refused(error.to_string()),
                Ok(submission) => answers.take(submission),
            },
        };
        answers.verdicts.push(verdict);
    }
    let Answers {
        candidates,
        verdicts,
        approvals,
        seats,
        ..
    } = answers;
    let failed = |refusal| SignFailure {
        verdicts: verdicts.clone(),
        refusal,
    };

    // The key, for the moment that it takes.
    let quorum = candidates.quorum().map_err(|error| {
        failed(match error {
            CombineError::TooFew { .. } => Refusal::TooFew,
            other => Refusal::Combining(other.to_string()),
        })
    })?;
    let used: Vec<Name> = quorum
        .seats()
        .filter_map(|seat| {
            seats
                .iter()
                .find(|(s, _)| *s == seat)
                .map(|(_, name)| name.clone())
        })
        .collect();
    let recovered = LockedBytes::new(quorum.combine());
    let passphrase = recovered
        .expose(Passphrase::from_recovered)
        .map_err(|_| failed(Refusal::KeyFile))?;
    let opened: Zeroizing<Vec<u8>> =
        decrypt(&passphrase, job.key_file, MAX_KEY_FILE).map_err(|_| failed(Refusal::KeyFile))?;
    let opened = LockedBytes::new(opened);
    let mut key = opened
        .expose(MasterKey::read)
        .map_err(|_| failed(Refusal::KeyFile))?;
    if key.primary().fingerprint() != job.pin {
        return Err(failed(Refusal::OtherKey));
    }

    // The drafts, and nothing else.
    let mut signatures = Vec::with_capacity(asked.drafts.len());
    for draft in &asked.drafts {
        let packet = key
            .sign(draft)
            .ok()
            .and_then(|signed| signed.to_bytes().ok())
            .ok_or_else(|| failed(Refusal::Signing))?;
        signatures.push(packet);
    }
    Ok(SignReply {
        verdicts,
        approvals,
        used,
        signatures,
    })
}

/// The answers taken so far.
struct Answers<'m> {
    set: &'m ShareSet,
    candidates: Candidates,
    verdicts: Vec<Verdict>,
    approvals: Vec<Vec<u8>>,
    seats: Vec<(quorate_share::Seat, Name)>,
}

impl<'m> Answers<'m> {
    fn new(set: &'m ShareSet) -> Self {
        Self {
            set,
            candidates: Candidates::new(),
            verdicts: Vec::new(),
            approvals: Vec::new(),
            seats: Vec::new(),
        }
    }

    /// Compares the share with the commitment of the holder's seat. A false share is left out and
    /// named; its approval counts as evidence all the same.
    fn take(&mut self, submission: Submission) -> Verdict {
        let Submission {
            approval,
            approval_file,
            share,
        } = submission;
        let holder = approval.holder;
        if self.seats.iter().any(|(_, name)| *name == holder) {
            return Verdict::Again(holder);
        }
        let Some(dealt) = self.set.of(&holder) else {
            return Verdict::Refused("not a holder".into());
        };
        self.approvals.push(approval_file);
        let header = share.header();
        let fits = header.kind == self.set.kind
            && header.set == self.set.set
            && header.generation == self.set.generation
            && share.seat() == dealt.seat;
        if !fits {
            return Verdict::False(holder);
        }
        match check(&dealt.commitment, share).map(|share| self.candidates.add(share)) {
            Some(Ok(_)) => {
                self.seats.push((dealt.seat, holder.clone()));
                Verdict::True(holder)
            }
            _ => Verdict::False(holder),
        }
    }
}

fn check(commitment: &Commitment, share: quorate_share::Share) -> Option<quorate_share::TrueShare> {
    commitment.check(share).ok()
}
