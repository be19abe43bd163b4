//! `quorate lint REQUEST`: the certificate as a request would make it, before anybody answers.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use sequoia_openpgp::Cert;
use zeroize::Zeroizing;

use crate::ceremony::request::MAX_REQUEST;
use crate::ceremony::verified::VerifiedRequest;
use crate::cli::context::Context;
use crate::cli::opened::{Found, Opened, may_be_an_id};
use crate::cli::rehearse::judged::is_meant;
use crate::cli::rehearse::{changed_at, failed};
use crate::cli::report::{self, Failure};
use crate::openpgp::lint::{Fact, Finding, Part, Severity, lint};
use crate::openpgp::plan::{Algorithm, Plan};
use crate::openpgp::rehearsal::{Effect, Refused, Rehearsal};
use crate::vault::record::Digest;
use crate::world::Kind as FileKind;

/// How a request's file begins.
const HEAD: &[u8] = b"quorate request ";

/// What a request would make of the vault's certificate.
pub(super) struct Foreseen {
    pub id: String,
    /// The certificate as it is.
    pub cert: Cert,
    /// What would be found about it, the worst first.
    pub findings: Vec<Finding>,
    /// What of that the request brings.
    pub brought: Vec<Finding>,
}

/// The request that an argument names, by its id or its file; none if it is something else.
pub(in crate::cli) fn named(
    context: &Context<'_>,
    argument: &Path,
) -> Result<Option<Foreseen>, Failure> {
    let full = context.world.surroundings.resolve(argument);
    let text = argument.to_str().unwrap_or_default();
    match context.world.files.kind(&full)? {
        None if is_id(text) => {
            let opened = context.open_unpinned()?;
            let found = opened.request(text)?;
            foresee(context, &opened, &found).map(Some)
        }
        Some(FileKind::File) => {
            let file = context.world.files.read(&full, MAX_REQUEST)?;
            if !file.starts_with(HEAD) {
                return Ok(None);
            }
            let opened = context.open_unpinned()?;
            let verified = VerifiedRequest::read(&file, opened.manifest())
                .map_err(|error| report::request(&report::path(argument).to_string(), &error))?;
            let found = Found {
                id: verified.digest().short(),
                file: Arc::new(Zeroizing::new(file.to_vec())),
                verified: Rc::new(verified),
            };
            foresee(context, &opened, &found).map(Some)
        }
        _ => Ok(None),
    }
}

fn is_id(text: &str) -> bool {
    let digits = text.strip_suffix(".request").unwrap_or(text);
    may_be_an_id(digits) && digits.len() <= Digest::of(b"").to_string().len()
}

/// Rehearses it, and looks at what results.
fn foresee(context: &Context<'_>, opened: &Opened, found: &Found) -> Result<Foreseen, Failure> {
    let drafts = &found.verified.request().drafts;
    let is_done = opened.outcome(found)?.is_some();
    if !is_done {
        opened.same_state(found)?;
    }
    let is_rsa = |plan: &Plan| plan.stamp().algorithm == Algorithm::Rsa;
    if drafts.first().is_some_and(|draft| is_rsa(draft.plan())) {
        context.note("making a throw-away RSA key, which takes some seconds …");
    }
    let in_use = opened.in_use()?;
    let as_of = if is_done { changed_at(drafts) } else { None };
    let rehearsal =
        Rehearsal::hold(&in_use, drafts, as_of).map_err(|error| failed(&found.id, &error))?;
    let at = rehearsal.judged_at(context.world.clock.now());

    // The stand-in isn't the real key to the byte: what it has before the request says what the request changes.
    let real = |findings: Vec<Finding>| -> Vec<Finding> {
        let name = |finding: Finding| Finding {
            part: match finding.part {
                Part::Subkey(key) => {
                    let real = rehearsal.stood_for.get(&key).cloned();
                    Part::Subkey(real.unwrap_or(key))
                }
                part => part,
            },
            ..finding
        };
        findings.into_iter().map(name).collect()
    };
    let before = real(lint(&rehearsal.before, at));
    let after = real(lint(&rehearsal.after, at));
    let mut brought = refused_signatures(&rehearsal, at);
    let new = after.iter().filter(|finding| !before.contains(finding));
    brought.extend(new.cloned().map(|finding| Finding {
        severity: match is_meant(&rehearsal, &finding) {
            true => Severity::Advice,
            false => finding.severity,
        },
        ..finding
    }));
    let published = opened.as_published(in_use)?;
    let mut findings: Vec<Finding> = match is_done {
        true => before.clone(),
        false => lint(&published, at),
    };
    let ended = |finding: &Finding| before.contains(finding) && !after.contains(finding);
    findings.retain(|finding| !ended(finding) && !brought.contains(finding));
    findings.extend(brought.iter().cloned());
    findings.sort_by_key(|finding| finding.severity);
    Ok(Foreseen {
        id: found.id.clone(),
        cert: published,
        findings,
        brought,
    })
}

/// The signatures that Sequoia wouldn't accept, or that wouldn't do what they are for.
fn refused_signatures(rehearsal: &Rehearsal, at: crate::world::Timestamp) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, one) in (1..).zip(&rehearsal.rehearsed) {
        let seen = rehearsal.seen_by_sequoia(one, at);
        let why = match seen {
            Ok(effect) if one.revokes() != (effect == Effect::Revoked) => Refused::NotRevoked,
            Ok(_) => continue,
            Err(why) => why,
        };
        found.push(Finding {
            severity: Severity::Refused,
            part: Part::Certificate,
            fact: Fact::Signature(number, why.to_string()),
        });
    }
    found
}
