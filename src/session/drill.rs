//! Carrying out a drill: as [`super::sign`], with practice shares and the practice file. No job of
//! this kind is ever given a key's file, and what it opens must be the worthless text.

use sequoia_openpgp::Fingerprint;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::answers::{Answers, Wanted, identity, pinned, set_of};
use super::deal::practice_text;
use super::refusal::Refusal;
use crate::ceremony::asked::Asked as _;
use crate::ceremony::drill::VerifiedDrill;
use crate::ceremony::submission::{self, Submission, Verdict};
use crate::roster::name::Name;
use crate::roster::passphrase::{Passphrase, decrypt};
use crate::world::Timestamp;

/// The most bytes that the practice file's plaintext may have.
const MAX_PRACTICE: usize = 16 << 10;

/// What the worker is given.
pub struct DrillJob<'a> {
    /// The fingerprint that this machine has pinned.
    pub pin: Fingerprint,
    /// The time.
    pub now: Timestamp,
    /// `vault.toml`.
    pub manifest: &'a [u8],
    /// The drill's file.
    pub drill: &'a [u8],
    /// The practice file of the set.
    pub practice_file: &'a [u8],
    /// The one-time identity.
    pub identity: &'a [u8],
    /// The submissions, encrypted as they came.
    pub submissions: Vec<&'a [u8]>,
}

/// What came of one submission to a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrillVerdict {
    /// As to a request.
    Answer(Verdict),
    /// This holder signed an answer to the drill with a real share in it. It was not used.
    Real(Name),
}

impl DrillVerdict {
    /// One line for the channel.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self {
            Self::Answer(verdict) => verdict.to_line(),
            Self::Real(name) => format!("real {name}"),
        }
    }

    /// Reads [`DrillVerdict::to_line`].
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        match line.strip_prefix("real ") {
            Some(name) => Name::parse(name).ok().map(Self::Real),
            None => Verdict::from_line(line).map(Self::Answer),
        }
    }
}

/// What the worker gives back: nothing in it is secret.
pub struct DrillReply {
    /// One verdict per submission, in their order.
    pub verdicts: Vec<DrillVerdict>,
    /// The public answers that lay in the submissions which count.
    pub answers: Vec<Vec<u8>>,
    /// Whose practice shares were true: so many as are needed, or more.
    pub took_part: Vec<Name>,
}

/// A refusal, with the verdicts that were reached before it.
pub struct DrillFailure {
    /// One verdict per submission, or none if it didn't come to that.
    pub verdicts: Vec<DrillVerdict>,
    /// Why the practice file was not opened.
    pub refusal: Refusal,
}

impl From<Refusal> for DrillFailure {
    fn from(refusal: Refusal) -> Self {
        Self {
            verdicts: Vec::new(),
            refusal,
        }
    }
}

/// Opens the practice file with a quorum of practice shares, and forgets.
///
/// # Errors
/// [`DrillFailure`].
pub fn drill(job: &DrillJob<'_>) -> Result<DrillReply, DrillFailure> {
    let manifest = pinned(job.manifest, &job.pin)?;
    let manifest = manifest.manifest();
    let drill = VerifiedDrill::read(job.drill, manifest)
        .map_err(|error| Refusal::Request(error.to_string()))?;
    drill.open_at(job.now).map_err(|_| Refusal::Closed)?;
    let set = set_of(manifest, drill.kind())?;
    // The key's own files have other digests, so none of them is opened here.
    let digest: [u8; 32] = Sha256::digest(job.practice_file).into();
    if digest != set.practice_sha256 {
        return Err(Refusal::KeyFile.into());
    }
    let identity = identity(job.identity, drill.one_time())?;
    let mut answers = Answers::new(set, Wanted::Practice);
    let mut verdicts = Vec::with_capacity(job.submissions.len());
    for file in &job.submissions {
        let verdict = match submission::open(file, &identity) {
            None => Verdict::Unopened,
            Some(opened) => match Submission::read(&opened, manifest, &drill, job.now) {
                Err(error) => Verdict::Refused(error.to_string()),
                Ok(submission) if !submission.share.header().kind.is_practice() => {
                    verdicts.push(DrillVerdict::Real(submission.approval.holder));
                    continue;
                }
                Ok(submission) => answers.take(submission),
            },
        };
        verdicts.push(DrillVerdict::Answer(verdict));
    }
    let failed = |refusal| DrillFailure {
        verdicts: verdicts.clone(),
        refusal,
    };
    let (_, recovered) = answers.combine().map_err(failed)?;
    let passphrase = recovered
        .expose(Passphrase::from_recovered)
        .map_err(|_| failed(Refusal::KeyFile))?;
    let opened: Zeroizing<Vec<u8>> = decrypt(&passphrase, job.practice_file, MAX_PRACTICE)
        .map_err(|_| failed(Refusal::KeyFile))?;
    let expected = practice_text(&job.pin);
    if !bool::from(opened.as_slice().ct_eq(expected.as_bytes())) {
        return Err(failed(Refusal::KeyFile));
    }
    Ok(DrillReply {
        took_part: answers.holders(),
        answers: answers.approvals,
        verdicts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_survives_the_channel() {
        let anna = Name::parse("anna").unwrap();
        for verdict in [
            DrillVerdict::Real(anna.clone()),
            DrillVerdict::Answer(Verdict::True(anna)),
            DrillVerdict::Answer(Verdict::Refused("real anna".into())),
        ] {
            assert_eq!(DrillVerdict::from_line(&verdict.to_line()), Some(verdict));
        }
        assert_eq!(DrillVerdict::from_line("real Not A Name"), None);
    }
}
