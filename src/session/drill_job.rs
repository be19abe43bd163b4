//! A drill's job and its answer as fields of messages.

use sequoia_openpgp::Fingerprint;

use super::drill::{DrillFailure, DrillJob, DrillReply, DrillVerdict};
use super::job::{Fields, text, time};
use super::refusal::Refusal;
use crate::roster::name::Name;

impl DrillJob<'_> {
    /// The fields of the job: pin, time, manifest, drill, practice file, identity, then the submissions.
    #[must_use]
    pub fn to_fields(&self) -> Vec<Vec<u8>> {
        let mut fields = vec![
            self.pin.as_bytes().to_vec(),
            self.now.seconds().to_be_bytes().to_vec(),
            self.manifest.to_vec(),
            self.drill.to_vec(),
            self.practice_file.to_vec(),
            self.identity.to_vec(),
        ];
        fields.extend(self.submissions.iter().map(|file| file.to_vec()));
        fields
    }

    /// Reads [`DrillJob::to_fields`].
    #[must_use]
    pub fn from_fields(fields: &Fields) -> Option<DrillJob<'_>> {
        let [
            pin,
            now,
            manifest,
            drill,
            practice_file,
            identity,
            submissions @ ..,
        ] = fields
        else {
            return None;
        };
        Some(DrillJob {
            pin: Fingerprint::from_bytes(4, pin).ok()?,
            now: time(now)?,
            manifest,
            drill,
            practice_file,
            identity,
            submissions: submissions.iter().map(|file| file.as_slice()).collect(),
        })
    }
}

fn lines(verdicts: &[DrillVerdict]) -> Vec<u8> {
    let lines: Vec<String> = verdicts.iter().map(DrillVerdict::to_line).collect();
    lines.join("\n").into_bytes()
}

fn read_lines(field: &[u8]) -> Option<Vec<DrillVerdict>> {
    let lines = text(field)?.split('\n').filter(|line| !line.is_empty());
    lines.map(DrillVerdict::from_line).collect()
}

impl DrillReply {
    /// The fields of the answer: verdicts, names, public answers.
    #[must_use]
    pub fn into_fields(self) -> Vec<Vec<u8>> {
        let names: Vec<&str> = self.took_part.iter().map(Name::as_str).collect();
        let mut fields = vec![lines(&self.verdicts), names.join(" ").into_bytes()];
        fields.extend(self.answers);
        fields
    }

    /// Reads [`DrillReply::into_fields`].
    #[must_use]
    pub fn from_fields(fields: &Fields) -> Option<Self> {
        let [verdicts, names, answers @ ..] = fields else {
            return None;
        };
        let names = text(names)?.split(' ').map(|name| Name::parse(name).ok());
        Some(Self {
            verdicts: read_lines(verdicts)?,
            took_part: names.collect::<Option<_>>()?,
            answers: answers.iter().map(|file| file.to_vec()).collect(),
        })
    }
}

impl DrillFailure {
    /// The fields of the refusal: why, and the verdicts.
    #[must_use]
    pub fn into_fields(self) -> Vec<Vec<u8>> {
        vec![self.refusal.to_string().into_bytes(), lines(&self.verdicts)]
    }

    /// Reads [`DrillFailure::into_fields`].
    #[must_use]
    pub fn from_fields(fields: &Fields) -> Option<Self> {
        let [refusal, verdicts] = fields else {
            return None;
        };
        Some(Self {
            refusal: Refusal::from_line(text(refusal)?)?,
            verdicts: read_lines(verdicts)?,
        })
    }
}
