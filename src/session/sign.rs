//! Carrying out a request: the function that the whole house is built around.
//!
//! The master set's quorum signs drafts; the revocation set's gives out one revocation that was made in advance.
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
use crate::openpgp::draft::{Destination, Draft};
use crate::openpgp::key::MasterKey;
use crate::openpgp::manifest_signature::primary_of;
use crate::openpgp::revocation;
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::roster::passphrase::{Passphrase, decrypt};
use crate::roster::sealing::{AgeRecipient, Recipient, seal};
use crate::vault::manifest::{Manifest, ShareSet, SignedManifest};
use crate::world::Timestamp;

/// The most bytes that a master or revocation file's plaintext may have.
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
    /// The file that the share set's passphrase opens: the master file, or the revocation file.
    pub key_file: &'a [u8],
    /// The sealed revocation of a subkey, if that is to be released; else empty.
    pub kept: &'a [u8],
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
    /// One value per draft, in their order: a signature packet, or one that is sealed to the revocation set.
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
    let set = manifest
        .set(asked.kind)
        .ok_or(Refusal::Request("no such share set".into()))?;
    // What was made in advance for the worst day waits for nobody's receipt.
    if !job.in_force && asked.kind != Kind::Revocation {
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
    let signatures = opened
        .expose(|opened| match asked.kind {
            Kind::Revocation => released(job, manifest, opened, &asked.drafts),
            _ => signed(job, manifest, opened, &asked.drafts),
        })
        .map_err(failed)?;
    Ok(SignReply {
        verdicts,
        approvals,
        used,
        signatures,
    })
}

/// Signs the drafts, and nothing else, with the key in an opened master file.
fn signed(
    job: &SignJob<'_>,
    manifest: &Manifest,
    opened: &[u8],
    drafts: &[Draft],
) -> Result<Vec<Vec<u8>>, Refusal> {
    let mut key = MasterKey::read(opened).map_err(|_| Refusal::KeyFile)?;
    if key.primary().fingerprint() != job.pin {
        return Err(Refusal::OtherKey);
    }
    let mut values = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let signed = key.sign(draft).map_err(|_| Refusal::Signing)?;
        let value = match draft.destination() {
            Destination::Out => Ok(signed.bytes().to_vec()),
            // It leaves this process only under the revocation set's key.
            Destination::Sealed => revocation::certificate(draft.plan(), &signed)
                .map_err(|_| Refusal::Signing)
                .and_then(|armor| seal_to(&manifest.revocation_recipient, &armor)),
            Destination::Released => Err(Refusal::Request("nothing to sign".into())),
        };
        values.push(value?);
    }
    Ok(values)
}

fn seal_to(recipient: &str, revocation: &[u8]) -> Result<Vec<u8>, Refusal> {
    let recipient = AgeRecipient::parse(recipient).map_err(|_| Refusal::Signing)?;
    seal(&Recipient::Age(recipient), revocation).map_err(|_| Refusal::Signing)
}

/// The one revocation that is asked for, out of an opened revocation file: in it, or sealed to its identity. It is
/// believed because it verifies.
fn released(
    job: &SignJob<'_>,
    manifest: &Manifest,
    opened: &[u8],
    drafts: &[Draft],
) -> Result<Vec<Vec<u8>>, Refusal> {
    let [draft] = drafts else {
        return Err(Refusal::Request("one revocation at a time".into()));
    };
    let primary = primary_of(manifest.certificate.as_bytes())
        .map_err(|error| Refusal::Manifest(error.to_string()))?;
    if let Some(found) = revocation::find(opened, draft, &primary) {
        return Ok(vec![found]);
    }
    if job.kept.is_empty() {
        return Err(Refusal::NoSuchRevocation);
    }
    let kept = identity_in(opened)
        .ok_or(Refusal::KeyFile)?
        .open(job.kept, MAX_KEY_FILE)
        .map_err(|_| Refusal::Kept)?;
    let found = revocation::find(&kept, draft, &primary).ok_or(Refusal::NoSuchRevocation)?;
    Ok(vec![found])
}

/// The age identity in a revocation file, which opens the revocations of later subkeys.
fn identity_in(opened: &[u8]) -> Option<OneTimeIdentity> {
    let text = std::str::from_utf8(opened).ok()?;
    let line = text
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-"))?;
    OneTimeIdentity::parse(line).ok()
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
