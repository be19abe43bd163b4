//! Jobs and answers as fields of messages: the one place that knows their order.

use std::mem::take;

use quorate_share::Threshold;
use sequoia_openpgp::Fingerprint;
use zeroize::Zeroizing;

use super::deal::{DealJob, Made, Seat};
use super::origin::{Import, Origin};
use super::refusal::Refusal;
use super::sign::{SignFailure, SignJob, SignReply};
use super::succession::Succeeds;
use crate::ceremony::submission::Verdict;
use crate::openpgp::plan::Algorithm;
use crate::roster::config::Attest;
use crate::roster::name::Name;
use crate::roster::sealing::Recipient;
use crate::vault::manifest::{Member, Seal};
use crate::world::Timestamp;

pub(super) type Fields = [Zeroizing<Vec<u8>>];

pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

pub(super) fn number(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

pub(super) fn time(bytes: &[u8]) -> Option<Timestamp> {
    Timestamp::from_seconds(number(bytes)?)
}

impl SignJob<'_> {
    /// The fields of the job: pin, time, in force, manifest, request, key file, sealed revocation, identity, then
    /// the submissions.
    #[must_use]
    pub fn to_fields(&self) -> Vec<Vec<u8>> {
        // The identity is copied once here; the allocator wipes it when the call is over.
        let mut fields = vec![
            self.pin.as_bytes().to_vec(),
            self.now.seconds().to_be_bytes().to_vec(),
            vec![u8::from(self.in_force)],
            self.manifest.to_vec(),
            self.request.to_vec(),
            self.key_file.to_vec(),
            self.kept.to_vec(),
            self.identity.to_vec(),
        ];
        fields.extend(self.submissions.iter().map(|file| file.to_vec()));
        fields
    }

    /// Reads [`SignJob::to_fields`].
    #[must_use]
    pub fn from_fields(fields: &Fields) -> Option<SignJob<'_>> {
        let [
            pin,
            now,
            in_force,
            manifest,
            request,
            key_file,
            kept,
            identity,
            submissions @ ..,
        ] = fields
        else {
            return None;
        };
        Some(SignJob {
            pin: Fingerprint::from_bytes(4, pin).ok()?,
            now: time(now)?,
            in_force: in_force.as_slice() == [1],
            manifest,
            request,
            key_file,
            kept,
            identity,
            submissions: submissions.iter().map(|file| file.as_slice()).collect(),
        })
    }
}

fn verdict_lines(verdicts: &[Verdict]) -> Vec<u8> {
    let lines: Vec<String> = verdicts.iter().map(Verdict::to_line).collect();
    lines.join("\n").into_bytes()
}

fn read_verdicts(field: &[u8]) -> Option<Vec<Verdict>> {
    let text = text(field)?;
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split('\n').map(Verdict::from_line).collect()
}

impl SignReply {
    /// The fields of the answer: verdicts, names used, number of approvals, approvals, signatures.
    #[must_use]
    pub fn into_fields(self) -> Vec<Vec<u8>> {
        let used: Vec<&str> = self.used.iter().map(Name::as_str).collect();
        let mut fields = vec![
            verdict_lines(&self.verdicts),
            used.join(" ").into_bytes(),
            (self.approvals.len() as u64).to_be_bytes().to_vec(),
        ];
        fields.extend(self.approvals);
        fields.extend(self.signatures);
        fields
    }

    /// Reads [`SignReply::into_fields`], and takes approvals and signatures out of them: nothing in them is secret,
    /// and there may be ten thousand.
    #[must_use]
    pub fn from_fields(fields: &mut Fields) -> Option<Self> {
        let [verdicts, used, approvals, rest @ ..] = fields else {
            return None;
        };
        let count = usize::try_from(number(approvals)?).ok()?;
        let (approvals, signatures) = rest.split_at_mut_checked(count)?;
        let used = text(used)?.split(' ').map(|name| Name::parse(name).ok());
        let taken = |fields: &mut Fields| fields.iter_mut().map(|one| take(&mut **one)).collect();
        Some(Self {
            verdicts: read_verdicts(verdicts)?,
            used: used.collect::<Option<_>>()?,
            approvals: taken(approvals),
            signatures: taken(signatures),
        })
    }
}

impl SignFailure {
    /// The fields of the refusal: why, and the verdicts.
    #[must_use]
    pub fn into_fields(self) -> Vec<Vec<u8>> {
        vec![
            self.refusal.to_string().into_bytes(),
            verdict_lines(&self.verdicts),
        ]
    }

    /// Reads [`SignFailure::into_fields`].
    #[must_use]
    pub fn from_fields(fields: &Fields) -> Option<Self> {
        let [refusal, verdicts] = fields else {
            return None;
        };
        let refusal = Refusal::from_line(text(refusal)?)?;
        Some(Self {
            refusal,
            verdicts: read_verdicts(verdicts)?,
        })
    }
}

impl DealJob {
    /// The fields of the job; five for each root at the end.
    ///
    /// # Errors
    /// [`Refusal::Dealing`] if a recipient can't be written.
    pub fn to_fields(&self) -> Result<Vec<Vec<u8>>, Refusal> {
        let mut fields = vec![
            self.vault_id.to_vec(),
            self.user_id.clone().into_bytes(),
            self.now.seconds().to_be_bytes().to_vec(),
            vec![
                self.master.get(),
                self.revocation.get(),
                u8::from(self.any_root_may_revoke),
            ],
            match self.attest {
                Attest::None => vec![],
                Attest::Majority => vec![MAJORITY],
                Attest::Number(number) => vec![number],
            },
            u64::from(self.request_days).to_be_bytes().to_vec(),
        ];
        fields.extend(match &self.succeeds {
            None => [vec![], vec![], vec![]],
            Some(old) => [
                old.certificate.clone(),
                old.user_id.clone().into_bytes(),
                old.announcement.clone().into_bytes(),
            ],
        });
        fields.extend(self.origin.to_fields()?);
        for seat in &self.seats {
            let recipient = seat.recipient.to_bytes();
            let kind = match &seat.member.seal {
                Seal::OpenPgp(_) => 0,
                Seal::Age(_) => 1,
                Seal::Ssh(_) => 2,
                Seal::Passphrase => 3,
            };
            let attest = seat
                .member
                .attest
                .as_ref()
                .map_or(&[][..], Fingerprint::as_bytes);
            fields.push(seat.member.name.as_str().as_bytes().to_vec());
            fields.push(vec![kind]);
            fields.push(seat.member.seal.value().into_bytes());
            fields.push(attest.to_vec());
            fields.push(recipient.map_err(|error| Refusal::Dealing(error.to_string()))?);
        }
        Ok(fields)
    }

    /// Reads [`DealJob::to_fields`].
    #[must_use]
    pub fn from_fields(fields: &Fields) -> Option<Self> {
        let [
            vault_id,
            user_id,
            now,
            thresholds,
            attest,
            days,
            old_certificate,
            old_user_id,
            announcement,
            rest @ ..,
        ] = fields
        else {
            return None;
        };
        let [master, revocation, any_root @ (0 | 1)] = thresholds.as_slice() else {
            return None;
        };
        let (origin, roots) = rest.split_at_checked(ORIGIN_FIELDS)?;
        let seats = roots.chunks(5).map(seat).collect::<Option<Vec<_>>>()?;
        Some(Self {
            vault_id: vault_id.as_slice().try_into().ok()?,
            user_id: text(user_id)?.to_owned(),
            now: time(now)?,
            origin: Origin::from_fields(origin)?,
            master: Threshold::new(*master).ok()?,
            revocation: Threshold::new(*revocation).ok()?,
            attest: match attest.as_slice() {
                [] => Attest::None,
                [MAJORITY] => Attest::Majority,
                [number] => Attest::Number(*number),
                _ => return None,
            },
            request_days: u32::try_from(number(days)?).ok()?,
            any_root_may_revoke: *any_root == 1,
            succeeds: match old_certificate.as_slice() {
                [] => None,
                certificate => Some(Succeeds {
                    certificate: certificate.to_vec(),
                    user_id: text(old_user_id)?.to_owned(),
                    announcement: text(announcement)?.to_owned(),
                }),
            },
            seats,
        })
    }
}

/// Stands for [`Attest::Majority`]; so many can't be demanded by number.
const MAJORITY: u8 = 0;
/// So many fields has an [`Origin`].
const ORIGIN_FIELDS: usize = 5;
/// The first of them.
const NEW_EDDSA: u8 = 0;
const NEW_RSA: u8 = 1;
const IMPORT: u8 = 2;

impl Origin {
    fn to_fields(&self) -> Result<[Vec<u8>; ORIGIN_FIELDS], Refusal> {
        Ok(match self {
            Self::New {
                algorithm,
                expires,
                subkey_for,
            } => {
                let kind = match algorithm {
                    Algorithm::EdDsa => NEW_EDDSA,
                    Algorithm::Rsa => NEW_RSA,
                };
                let expires = expires.seconds().to_be_bytes().to_vec();
                [vec![kind], expires, vec![], vec![], host_field(subkey_for)?]
            }
            // The secrets are copied once here; the allocator wipes them when the call is over.
            Self::Import(import) => [
                vec![IMPORT],
                import.file.to_vec(),
                import.passphrase.to_vec(),
                import
                    .drop
                    .iter()
                    .flat_map(|fingerprint| fingerprint.as_bytes().to_vec())
                    .collect(),
                host_field(&import.subkey_for)?,
            ],
        })
    }

    fn from_fields(fields: &Fields) -> Option<Self> {
        let [kind, first, passphrase, drop, host] = fields else {
            return None;
        };
        let subkey_for = match host.as_slice() {
            [] => None,
            bytes => Some(Recipient::from_bytes(bytes).ok()?),
        };
        let algorithm = match kind.as_slice() {
            [NEW_EDDSA] => Algorithm::EdDsa,
            [NEW_RSA] => Algorithm::Rsa,
            [IMPORT] => {
                let drop = drop.chunks(20);
                let import = Import {
                    file: first.clone(),
                    passphrase: passphrase.clone(),
                    drop: drop
                        .map(|bytes| Fingerprint::from_bytes(4, bytes).ok())
                        .collect::<Option<_>>()?,
                    subkey_for,
                };
                return Some(Self::Import(Box::new(import)));
            }
            _ => return None,
        };
        let expires = time(first)?;
        Some(Self::New {
            algorithm,
            expires,
            subkey_for,
        })
    }
}

/// A signing host's key; empty if there is none.
fn host_field(host: &Option<Recipient>) -> Result<Vec<u8>, Refusal> {
    let bytes = host.as_ref().map(Recipient::to_bytes).transpose();
    let bytes = bytes.map_err(|error| Refusal::Dealing(error.to_string()))?;
    Ok(bytes.unwrap_or_default())
}

fn seat(fields: &Fields) -> Option<Seat> {
    let [name, kind, value, attest, recipient] = fields else {
        return None;
    };
    let value = text(value)?;
    let seal = match kind.as_slice() {
        [0] => Seal::OpenPgp(value.parse().ok()?),
        [1] => Seal::Age(value.to_owned()),
        [2] => Seal::Ssh(value.to_owned()),
        [3] if value.is_empty() => Seal::Passphrase,
        _ => return None,
    };
    let attest = match attest.as_slice() {
        [] => None,
        bytes => Some(Fingerprint::from_bytes(4, bytes).ok()?),
    };
    Some(Seat {
        member: Member {
            name: Name::parse(text(name)?).ok()?,
            seal,
            attest,
        },
        recipient: Recipient::from_bytes(recipient).ok()?,
    })
}

/// The fields of a dealing's answer: path and bytes of each file.
#[must_use]
pub fn made_to_fields(files: &[Made]) -> Vec<&[u8]> {
    files
        .iter()
        .flat_map(|file| [file.path.as_bytes(), &file.bytes])
        .collect()
}

/// Reads [`made_to_fields`].
#[must_use]
pub fn made_from_fields(fields: &Fields) -> Option<Vec<Made>> {
    fields
        .chunks(2)
        .map(|pair| {
            let [path, bytes] = pair else {
                return None;
            };
            Some(Made {
                path: text(path)?.to_owned(),
                bytes: bytes.to_vec(),
            })
        })
        .collect()
}
