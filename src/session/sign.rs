//! Carrying out a request: the function that the whole house is built around.
//!
//! The master set's quorum signs drafts; the revocation set's gives out one revocation that was made in advance.
//! Bytes in, public bytes out. Everything is checked here again, from the manifest's signature
//! to the fingerprint of the rebuilt key; from the front end the worker believes only the pin, the
//! clock and which set is in force.

use quorate_share::Kind;
use sequoia_openpgp::Fingerprint;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::answers::{Answers, Wanted, identity, pinned, set_of};
use super::locked::LockedBytes;
use super::refusal::Refusal;
use crate::ceremony::pair;
use crate::ceremony::submission::{self, Submission, Verdict};
use crate::ceremony::verified::VerifiedRequest;
use crate::openpgp::draft::{Destination, Draft};
use crate::openpgp::key::MasterKey;
use crate::openpgp::plan::Primary;
use crate::openpgp::revocation;
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::roster::passphrase::{Passphrase, decrypt};
use crate::roster::sealing::{AgeRecipient, Recipient, seal};
use crate::vault::manifest::{Manifest, SignedManifest};
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

/// Why nothing of a pair was signed.
pub struct PairFailure {
    /// Whose fault: 0 or 1.
    pub of: usize,
    /// What is wrong with it.
    pub failure: SignFailure,
}

/// Rebuilds the key from a quorum of submissions, signs the drafts of the request, and forgets.
///
/// # Errors
/// [`SignFailure`]; then nothing was signed.
pub fn sign(job: &SignJob<'_>) -> Result<SignReply, SignFailure> {
    let checked = Checked::of(job)?;
    if checked.request.request().with.is_some() {
        return Err(Refusal::Alone.into());
    }
    let ready = Ready::of(job, &checked)?;
    let values = ready.values()?;
    Ok(ready.reply(values))
}

/// Carries out both requests of a pair, each with its own key and quorum, or none of them.
///
/// # Errors
/// [`PairFailure`]; then nothing was signed for either.
pub fn sign_pair(jobs: [&SignJob<'_>; 2]) -> Result<[SignReply; 2], PairFailure> {
    let of = |of| move |failure| PairFailure { of, failure };
    let first = Checked::of(jobs[0]).map_err(|refusal| of(0)(refusal.into()))?;
    let second = Checked::of(jobs[1]).map_err(|refusal| of(1)(refusal.into()))?;
    if !pair::is_one(&first.request, &second.request) {
        return Err(of(1)(Refusal::NoPair.into()));
    }
    // Both quorums, before either key signs anything.
    let first = Ready::of(jobs[0], &first).map_err(of(0))?;
    let second = Ready::of(jobs[1], &second).map_err(of(1))?;
    let (these, those) = (
        first.values().map_err(of(0))?,
        second.values().map_err(of(1))?,
    );
    Ok([first.reply(these), second.reply(those)])
}

/// What is asked, and may it be done now?
struct Checked {
    manifest: SignedManifest,
    request: VerifiedRequest,
}

impl Checked {
    fn of(job: &SignJob<'_>) -> Result<Self, Refusal> {
        let manifest = pinned(job.manifest, &job.pin)?;
        let request = VerifiedRequest::read(job.request, &manifest)
            .map_err(|error| Refusal::Request(error.to_string()))?;
        request.open_at(job.now).map_err(|_| Refusal::Closed)?;
        let kind = request.request().kind;
        let set = set_of(&manifest, kind)?;
        // What was made in advance for the worst day waits for nobody's receipt.
        if !job.in_force && kind != Kind::Revocation {
            return Err(Refusal::NotInForce);
        }
        let digest: [u8; 32] = Sha256::digest(job.key_file).into();
        if digest != set.file_sha256 {
            return Err(Refusal::KeyFile);
        }
        Ok(Self { manifest, request })
    }
}

/// A quorum has answered, and its file is open.
struct Ready<'a> {
    job: &'a SignJob<'a>,
    checked: &'a Checked,
    verdicts: Vec<Verdict>,
    approvals: Vec<Vec<u8>>,
    used: Vec<Name>,
    opened: LockedBytes,
}

impl<'a> Ready<'a> {
    /// Who answered, and with which share? Then the key, for the moment that it takes.
    fn of(job: &'a SignJob<'a>, checked: &'a Checked) -> Result<Self, SignFailure> {
        let (manifest, request) = (checked.manifest.manifest(), &checked.request);
        let asked = request.request();
        let identity = identity(job.identity, &asked.one_time)?;
        let mut answers = Answers::new(set_of(manifest, asked.kind)?, Wanted::Real);
        let mut verdicts = Vec::with_capacity(job.submissions.len());
        for file in &job.submissions {
            let verdict = match submission::open(file, &identity) {
                None => Verdict::Unopened,
                Some(opened) => match Submission::read(&opened, manifest, request, job.now) {
                    Err(error) => Verdict::Refused(error.to_string()),
                    Ok(submission) => answers.take(submission),
                },
            };
            verdicts.push(verdict);
        }
        let failed = |refusal| SignFailure {
            verdicts: verdicts.clone(),
            refusal,
        };
        let (used, recovered) = answers.combine().map_err(failed)?;
        let passphrase = recovered
            .expose(Passphrase::from_recovered)
            .map_err(|_| failed(Refusal::KeyFile))?;
        let opened: Zeroizing<Vec<u8>> = decrypt(&passphrase, job.key_file, MAX_KEY_FILE)
            .map_err(|_| failed(Refusal::KeyFile))?;
        Ok(Self {
            job,
            checked,
            verdicts,
            approvals: answers.approvals,
            used,
            opened: LockedBytes::new(opened),
        })
    }

    /// One value per draft.
    fn values(&self) -> Result<Vec<Vec<u8>>, SignFailure> {
        let Self { job, checked, .. } = self;
        let manifest = &checked.manifest;
        let asked = checked.request.request();
        let values = self.opened.expose(|opened| match asked.kind {
            Kind::Revocation => released(job, manifest.primary(), opened, &asked.drafts),
            _ => signed(job, manifest, opened, &asked.drafts),
        });
        values.map_err(|refusal| SignFailure {
            verdicts: self.verdicts.clone(),
            refusal,
        })
    }

    fn reply(self, signatures: Vec<Vec<u8>>) -> SignReply {
        SignReply {
            verdicts: self.verdicts,
            approvals: self.approvals,
            used: self.used,
            signatures,
        }
    }
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
    primary: &Primary,
    opened: &[u8],
    drafts: &[Draft],
) -> Result<Vec<Vec<u8>>, Refusal> {
    let [draft] = drafts else {
        return Err(Refusal::Request("one revocation at a time".into()));
    };
    if let Some(found) = revocation::find(opened, draft, primary) {
        return Ok(vec![found]);
    }
    if job.kept.is_empty() {
        return Err(Refusal::NoSuchRevocation);
    }
    let kept = identity_in(opened)
        .ok_or(Refusal::KeyFile)?
        .open(job.kept, MAX_KEY_FILE)
        .map_err(|_| Refusal::Kept)?;
    let found = revocation::find(&kept, draft, primary).ok_or(Refusal::NoSuchRevocation)?;
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
