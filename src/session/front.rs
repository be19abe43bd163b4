//! What the front end calls: a job to a fresh worker, its answer back.

use std::path::Path;

use super::channel::Message;
use super::deal::{DealJob, Made, Seat};
use super::drill::{DrillFailure, DrillJob, DrillReply};
use super::harden::Hardening;
use super::job::made_from_fields;
use super::pair_job::{pair_of_replies, pair_to_fields};
use super::refusal::Refusal;
use super::sign::{PairFailure, SignFailure, SignJob, SignReply};
use super::start::{Reply, StartError, Starting, Worker};
use super::tags::{DEAL, DONE, DRILL, MADE, REFUSED, SIGN, SIGN_PAIR};
use crate::roster::sealing::Recipient;

/// Why a session gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The worker couldn't be started, or ended early.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It refused.
    #[error("{0}")]
    Refused(Refusal),
    /// The answer can't be read.
    #[error("the worker's answer can't be read")]
    Answer,
    /// Hardening is missing and was demanded.
    #[error("hardening is missing: {}", .0.join(", "))]
    NotHardened(Vec<&'static str>),
}

/// How the session ran.
pub struct Ran {
    /// What the worker gave up before it was given a secret.
    pub hardening: Hardening,
    /// From the job's sending to the process's end, in seconds.
    pub seconds: f64,
}

/// What a signing came to.
pub enum Signing {
    /// Signed.
    Done(SignReply),
    /// Nothing signed.
    Refused(SignFailure),
}

/// What the signing of a pair came to.
pub enum PairSigning {
    /// Both signed.
    Done(Box<[SignReply; 2]>),
    /// Nothing signed.
    Refused(PairFailure),
}

/// What a drill came to.
pub enum Drilling {
    /// The practice file was opened.
    Done(DrillReply),
    /// It wasn't.
    Refused(DrillFailure),
}

/// A worker that starts while its job is still being prepared.
pub struct Coming(Starting);

impl Coming {
    /// Starts a worker. It waits for its job, and dies with this value.
    ///
    /// # Errors
    /// [`SessionError::Start`].
    pub fn start(program: &Path) -> Result<Self, SessionError> {
        Ok(Self(Starting::spawn(program)?))
    }
}

// What the libraries take beside the job's own bytes: trying more costs milliseconds, since every
// locked page is touched.
const ROOM_TO_SIGN: usize = 512 << 10;
/// scrypt takes 1 MiB for a vault file.
const ROOM_TO_DEAL: usize = (1 << 20) + ROOM_TO_SIGN;
/// scrypt at a person's passphrase takes 256 MiB.
const ROOM_FOR_PASSPHRASES: usize = 260 << 20;

/// The worker, locked up, with memory for a job of these fields.
fn ready(
    coming: Coming,
    strict: bool,
    fields: &[Vec<u8>],
    room: usize,
) -> Result<Worker, SessionError> {
    let size: usize = fields.iter().map(Vec::len).sum();
    // What goes in, what is made from it, and room for the libraries.
    let wanted = size * 3 + room;
    let worker = coming.0.ready(wanted)?;
    let hardening = worker.hardening();
    if strict && !hardening.is_complete() {
        return Err(SessionError::NotHardened(hardening.missing()));
    }
    Ok(worker)
}

fn borrowed(fields: &[Vec<u8>]) -> Vec<&[u8]> {
    fields.iter().map(Vec::as_slice).collect()
}

fn run(
    coming: Coming,
    strict: bool,
    tag: u8,
    fields: &[Vec<u8>],
    room: usize,
) -> Result<(Reply, Ran), SessionError> {
    let worker = ready(coming, strict, fields, room)?;
    let hardening = worker.hardening();
    let reply = worker.call(tag, &borrowed(fields))?;
    let seconds = reply.seconds;
    Ok((reply, Ran { hardening, seconds }))
}

/// Carries out a request.
///
/// # Errors
/// [`SessionError`]; a refusal of the worker's is a [`Signing::Refused`].
pub fn sign(
    coming: Coming,
    strict: bool,
    job: &SignJob<'_>,
) -> Result<(Signing, Ran), SessionError> {
    let (mut reply, ran) = run(coming, strict, SIGN, &job.to_fields(), ROOM_TO_SIGN)?;
    let fields = &mut reply.message.fields;
    let signing = match reply.message.tag {
        DONE => SignReply::from_fields(fields).map(Signing::Done),
        REFUSED => SignFailure::from_fields(fields).map(Signing::Refused),
        _ => None,
    };
    Ok((signing.ok_or(SessionError::Answer)?, ran))
}

/// Carries out both requests of a pair, or none.
///
/// # Errors
/// [`SessionError`]; a refusal of the worker's is a [`PairSigning::Refused`].
pub fn sign_pair(
    coming: Coming,
    strict: bool,
    jobs: [&SignJob<'_>; 2],
) -> Result<(PairSigning, Ran), SessionError> {
    let fields = pair_to_fields(jobs.map(SignJob::to_fields));
    let (mut reply, ran) = run(coming, strict, SIGN_PAIR, &fields, 2 * ROOM_TO_SIGN)?;
    let fields = &mut reply.message.fields;
    let signing = match reply.message.tag {
        DONE => pair_of_replies(fields).map(|replies| PairSigning::Done(Box::new(replies))),
        REFUSED => PairFailure::from_fields(fields).map(PairSigning::Refused),
        _ => None,
    };
    Ok((signing.ok_or(SessionError::Answer)?, ran))
}

/// Carries out a drill.
///
/// # Errors
/// [`SessionError`]; a refusal of the worker's is a [`Drilling::Refused`].
pub fn drill(
    coming: Coming,
    strict: bool,
    job: &DrillJob<'_>,
) -> Result<(Drilling, Ran), SessionError> {
    let (reply, ran) = run(coming, strict, DRILL, &job.to_fields(), ROOM_TO_SIGN)?;
    let fields = &reply.message.fields;
    let drilling = match reply.message.tag {
        DONE => DrillReply::from_fields(fields).map(Drilling::Done),
        REFUSED => DrillFailure::from_fields(fields).map(Drilling::Refused),
        _ => None,
    };
    Ok((drilling.ok_or(SessionError::Answer)?, ran))
}

/// A vault that is made and not checked yet.
pub struct Dealing {
    worker: Worker,
    files: Vec<Made>,
}

impl Dealing {
    /// Its files, to be written beside. Only [`Dealing::checked`] makes them a vault's.
    #[must_use]
    pub fn files(&self) -> &[Made] {
        &self.files
    }

    /// Waits until the worker has checked them and is gone.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn checked(self) -> Result<(Vec<Made>, Ran), SessionError> {
        let hardening = self.worker.hardening();
        let reply = self.worker.reply()?;
        match reply.message.tag {
            DONE => Ok((
                self.files,
                Ran {
                    hardening,
                    seconds: reply.seconds,
                },
            )),
            _ => Err(refused_dealing(&reply.message)),
        }
    }
}

/// Makes a vault.
///
/// # Errors
/// [`SessionError`].
pub fn deal(coming: Coming, strict: bool, job: &DealJob) -> Result<Dealing, SessionError> {
    let fields = job.to_fields().map_err(SessionError::Refused)?;
    let typed = |seat: &Seat| matches!(seat.recipient, Recipient::Passphrase(_));
    let room = match job.seats.iter().any(typed) {
        true => ROOM_TO_DEAL + ROOM_FOR_PASSPHRASES,
        false => ROOM_TO_DEAL,
    };
    let mut worker = ready(coming, strict, &fields, room)?;
    worker.send(DEAL, &borrowed(&fields))?;
    let message = worker.receive()?;
    match message.tag {
        MADE => Ok(Dealing {
            files: made_from_fields(&message.fields).ok_or(SessionError::Answer)?,
            worker,
        }),
        _ => {
            let reply = worker.end(message)?;
            Err(refused_dealing(&reply.message))
        }
    }
}

fn refused_dealing(answer: &Message) -> SessionError {
    let failure = match answer.tag {
        REFUSED => SignFailure::from_fields(&answer.fields),
        _ => None,
    };
    failure.map_or(SessionError::Answer, |failure| {
        SessionError::Refused(failure.refusal)
    })
}
