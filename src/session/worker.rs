//! The worker: one job, one answer, the end. A dealing hands out its files before the answer, which says that they are checked.

use super::channel::Message;
use super::deal::{DealJob, deal};
use super::drill::{DrillJob, drill};
use super::job::made_to_fields;
use super::pair_job::{pair_from_fields, pair_to_fields};
use super::refusal::Refusal;
use super::sign::{SignFailure, SignJob, SignReply, sign, sign_pair};
use super::start::Channel;
use super::tags::{DEAL, DONE, DRILL, MADE, REFUSED, SIGN, SIGN_PAIR};

/// Locks this process up, does the one job and ends it. The front end reads how it went from
/// the answer; the exit code only tells whether there was one.
#[must_use]
pub fn main() -> std::process::ExitCode {
    let worked = Channel::take().ok().and_then(|mut channel| {
        channel.ready().ok()?;
        let job = channel.receive().ok()?;
        let (tag, fields) = match job.tag {
            DEAL => dealt(&job, &mut channel)?,
            _ => answer(&job),
        };
        let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        channel.send(tag, &fields).ok()
    });
    match worked {
        Some(()) => std::process::ExitCode::SUCCESS,
        None => std::process::ExitCode::FAILURE,
    }
}

fn answer(job: &Message) -> (u8, Vec<Vec<u8>>) {
    match job.tag {
        SIGN => match SignJob::from_fields(&job.fields) {
            Some(job) => match sign(&job) {
                Ok(reply) => (DONE, reply.into_fields()),
                Err(failure) => (REFUSED, failure.into_fields()),
            },
            None => refused(Refusal::Job),
        },
        SIGN_PAIR => match pair_from_fields(&job.fields) {
            Some([first, second]) => match sign_pair([&first, &second]) {
                Ok(replies) => (DONE, pair_to_fields(replies.map(SignReply::into_fields))),
                Err(failure) => (REFUSED, failure.into_fields()),
            },
            None => refused(Refusal::Job),
        },
        DRILL => match DrillJob::from_fields(&job.fields) {
            Some(job) => match drill(&job) {
                Ok(reply) => (DONE, reply.into_fields()),
                Err(failure) => (REFUSED, failure.into_fields()),
            },
            None => refused(Refusal::Job),
        },
        _ => refused(Refusal::Job),
    }
}

/// A dealing: its files at once, so that the front end can write them beside, and the answer once they are checked.
fn dealt(job: &Message, channel: &mut Channel) -> Option<(u8, Vec<Vec<u8>>)> {
    let made = match DealJob::from_fields(&job.fields) {
        Some(job) => deal(&job),
        None => Err(Refusal::Job),
    };
    let checked = match made {
        Ok(made) => {
            channel.send(MADE, &made_to_fields(&made.files)).ok()?;
            made.check()
        }
        Err(refusal) => Err(refusal),
    };
    Some(match checked {
        Ok(()) => (DONE, Vec::new()),
        Err(refusal) => refused(refusal),
    })
}

fn refused(refusal: Refusal) -> (u8, Vec<Vec<u8>>) {
    (REFUSED, SignFailure::from(refusal).into_fields())
}
