//! A submission: approval and share together, encrypted to the request's one-time recipient.
//!
//! The share inside is signed together with the request's digest, so it can't be carried over to
//! another request by anybody but its holder. An answer to a drill has the same form, other words,
//! and a practice share inside.

use quorate_share::Share;
use zeroize::Zeroizing;

use super::approval::{Approval, ApprovalError};
use super::asked::Asked;
use crate::roster::age_recipient::AgeRecipient;
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::roster::sealing::{Recipient, seal};
use crate::vault::manifest::Manifest;
use crate::vault::record::{Record, RecordError, RecordWriter, sign};
use crate::world::Timestamp;

/// The most bytes that a submission may have, encrypted or opened.
pub const MAX_SUBMISSION: usize = 128 << 10;

/// The first line of a submission's armour.
pub const BEGIN: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// The last one.
pub const END: &[u8] = b"-----END AGE ENCRYPTED FILE-----";

/// What came of one submission, as the worker tells it. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Approved by this holder, and the share is the one that was dealt.
    True(Name),
    /// Approved by this holder, but the share isn't the one that was dealt.
    False(Name),
    /// The same holder's again, the same share: counted once.
    Again(Name),
    /// It can't be opened with the one-time identity: for another request, or damaged.
    Unopened,
    /// Opened, but it isn't an answer to this request.
    Refused(String),
}

impl Verdict {
    /// One line for the channel.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self {
            Self::True(name) => format!("true {name}"),
            Self::False(name) => format!("false {name}"),
            Self::Again(name) => format!("again {name}"),
            Self::Unopened => "unopened".to_owned(),
            // One line for each verdict: nobody's text makes a second one.
            Self::Refused(why) => format!("refused {}", why.replace(['\n', '\r'], " ")),
        }
    }

    /// Reads [`Verdict::to_line`].
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let name = || Name::parse(rest).ok();
        match word {
            "true" => Some(Self::True(name()?)),
            "false" => Some(Self::False(name()?)),
            "again" => Some(Self::Again(name()?)),
            "unopened" => Some(Self::Unopened),
            "refused" => Some(Self::Refused(rest.to_owned())),
            _ => None,
        }
    }
}

/// Why an opened submission isn't an answer to the request.
#[derive(Debug, thiserror::Error)]
pub enum SubmissionError {
    /// The form.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The approval inside.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The share inside can't be read.
    #[error("the share inside can't be read")]
    ShareText,
    /// Share and digest aren't signed by the holder who approved.
    #[error("share and request are not signed together by {0}")]
    Signature(Name),
    /// It can't be encrypted.
    #[error("it can't be encrypted")]
    Sealing,
}

/// An opened submission, its signatures verified.
pub struct Submission {
    /// The approval inside.
    pub approval: Approval,
    /// The approval's file, for the vault.
    pub approval_file: Vec<u8>,
    /// The share, not yet compared with its commitment.
    pub share: Share,
}

/// Makes a submission: approval file and share, signed together, encrypted to the request's
/// one-time recipient, in armour.
///
/// # Errors
/// [`SubmissionError::Record`], [`SubmissionError::Sealing`].
pub fn make(
    request: &impl Asked,
    approval_file: &[u8],
    share_text: &str,
    key: &HolderKey,
) -> Result<Vec<u8>, SubmissionError> {
    let form = request.form();
    let payload = Zeroizing::new(
        RecordWriter::new(form.submission)
            .line(form.about, request.digest().to_string())
            .block("approval", approval_file)
            .block("share", share_text.as_bytes())
            .finish()?,
    );
    let signed = Zeroizing::new(sign(&payload, key, form.submits)?);
    let recipient =
        AgeRecipient::parse(request.one_time()).map_err(|_| SubmissionError::Sealing)?;
    seal(&Recipient::Age(recipient), &signed).map_err(|_| SubmissionError::Sealing)
}

/// A line without what mail puts around it: quoting, indentation, blanks at its end.
#[must_use]
pub fn unquoted(line: &[u8]) -> &[u8] {
    let start = line
        .iter()
        .position(|b| !matches!(b, b' ' | b'\t' | b'>'))
        .unwrap_or(line.len());
    line[start..].trim_ascii_end()
}

/// The armour of a submission as it came by mail or paste: line ends, quoting and indentation
/// are taken off, and a text pasted twice is read once.
#[must_use]
pub fn normalized(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut inside = false;
    for line in text.split(|byte| *byte == b'\n' || *byte == b'\r') {
        let line = unquoted(line);
        inside |= line == BEGIN;
        if inside && !line.is_empty() {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        if inside && line == END {
            break;
        }
    }
    out
}

/// Each submission of a text that holds several, with what stands before it; the whole text if it holds at most one.
#[must_use]
pub fn split(text: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(END.len()).position(|window| window == END) {
        let (part, after) = rest.split_at(at + END.len());
        parts.push(part);
        rest = after;
    }
    // What follows the last end is a signature of a mail, unless another one begins there.
    if parts.is_empty() || rest.windows(9).any(|window| window == b"BEGIN AGE") {
        parts.push(rest);
    }
    parts
}

/// Opens a submission: `None` if the one-time identity doesn't open it.
#[must_use]
pub fn open(file: &[u8], identity: &OneTimeIdentity) -> Option<Zeroizing<Vec<u8>>> {
    identity.open(&normalized(file), MAX_SUBMISSION).ok()
}

impl Submission {
    /// Reads an opened submission and verifies both signatures in it.
    ///
    /// # Errors
    /// [`SubmissionError`].
    pub fn read(
        opened: &[u8],
        manifest: &Manifest,
        request: &impl Asked,
        now: Timestamp,
    ) -> Result<Self, SubmissionError> {
        let form = request.form();
        let mut record = Record::parse(opened, form.submission, MAX_SUBMISSION)?;
        let digest = record.take_line(form.about)?;
        let approval_file = record.take_block("approval")?.to_vec();
        let share_text = Zeroizing::new(record.take_block("share")?.to_vec());
        record.end()?;
        let approval = Approval::read(&approval_file, manifest, request, now)?;
        if digest != approval.request.to_string() {
            return Err(ApprovalError::OtherRequest(approval.request).into());
        }
        let dealt = request
            .dealt_to(manifest, &approval.holder, approval.seat)
            .ok_or_else(|| ApprovalError::NotAHolder(approval.holder.clone()))?;
        record
            .verify(&dealt.holder_key, form.submits)
            .map_err(|_| SubmissionError::Signature(approval.holder.clone()))?;
        let share = Share::from_text(&share_text).map_err(|_| SubmissionError::ShareText)?;
        Ok(Self {
            approval,
            approval_file,
            share,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_line_whatever_it_says() {
        let line = Verdict::Refused("no\ntrue ben\r\n".into()).to_line();
        assert_eq!(line, "refused no true ben  ");
    }

    #[test]
    fn several_in_one_text_are_told_apart() {
        let one = "-----BEGIN AGE ENCRYPTED FILE-----\nYWJj\n-----END AGE ENCRYPTED FILE-----\n";
        let other = one.replace("YWJj", "eHl6");
        let text = format!("ben's\n{one}\ncleo's\n{other}-- \nsent by mail\n");
        let parts = split(text.as_bytes());
        let armors: Vec<_> = parts.iter().map(|part| normalized(part)).collect();
        assert_eq!(armors, [one.as_bytes(), other.as_bytes()]);
        assert_eq!(split(b"nothing"), [b"nothing"]);
        assert_eq!(split(&one.as_bytes()[..60]).len(), 1);
    }

    #[test]
    fn what_mail_and_paste_do_to_a_text_is_undone() {
        let armor = "-----BEGIN AGE ENCRYPTED FILE-----\nYWJj\n-----END AGE ENCRYPTED FILE-----\n";
        let quoted = armor.replace('\n', "\r\n> ");
        let twice = format!("Hi,\n> {quoted}\n{armor}");
        for text in [armor.to_owned(), twice, armor.replace('\n', "  \n    ")] {
            assert_eq!(normalized(text.as_bytes()), armor.as_bytes());
        }
    }

    #[test]
    fn a_verdict_survives_the_channel() {
        let anna = Name::parse("anna").unwrap();
        for verdict in [
            Verdict::True(anna.clone()),
            Verdict::False(anna.clone()),
            Verdict::Again(anna),
            Verdict::Unopened,
            Verdict::Refused("an answer to another request".into()),
        ] {
            assert_eq!(Verdict::from_line(&verdict.to_line()), Some(verdict));
        }
        assert_eq!(Verdict::from_line("true Not A Name"), None);
    }
}
