//! A rehearsal before its judges: Sequoia, the house's lint, and the real gpg in a keyring that is thrown away.

use std::collections::HashMap;
use std::time::Duration;

use sequoia_openpgp::Cert;
use sequoia_openpgp::serialize::SerializeInto as _;

use super::several;
use crate::cli::context::Context;
use crate::cli::lint::words::{about, by, said};
use crate::cli::report::{Exit, Failure};
use crate::openpgp::draft::Destination;
use crate::openpgp::lint::{Fact, Finding, Severity, lint};
use crate::openpgp::plan::Plan;
use crate::openpgp::rehearsal::{Effect, Refused, Rehearsal, Rehearsed};
use crate::openpgp::self_signatures::is_revoked;
use crate::world::Timestamp;
use crate::world::gpg::GpgError;
use crate::world::gpg::judged::Judged;
use crate::world::gpg::keyserver::{KeyserverError, Throwaway};

/// Certificates of others, binary.
pub(in crate::cli) type Files = Vec<Vec<u8>>;

/// How long one call of gpg may take: it checks ten thousand certifications at a time.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a judge finds wrong, a line each.
type Complaints = Vec<String>;

/// Lets both judge, and says what they say.
///
/// # Errors
/// A judge that doesn't accept what it should, or that isn't there.
pub(in crate::cli) fn judge(
    context: &Context<'_>,
    rehearsal: &Rehearsal,
    files: &Files,
) -> Result<(), Failure> {
    let at = rehearsal.judged_at(context.world.clock.now());
    let mut wrong = by_sequoia(context, rehearsal, at);
    wrong.extend(by_lint(context, rehearsal, at));
    match by_gpg(context, rehearsal, files, at) {
        Ok(found) => {
            tell(context, "gpg:", &found, rehearsal);
            wrong.extend(found.into_iter().map(|what| format!("gpg: {what}")));
        }
        Err(error) if wrong.is_empty() => return Err(failure(&error)),
        Err(error) => context.warn(&format!("gpg could not be asked: {error}")),
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(
        Exit::Forged,
        "what this request would make isn't accepted by everybody",
    );
    for what in wrong.iter().take(10) {
        failure = failure.fact(what);
    }
    Err(failure
        .fact("nothing was signed by the real key; nothing was changed")
        .next("don't approve it; show this to its opener"))
}

fn tell(context: &Context<'_>, who: &str, wrong: &Complaints, rehearsal: &Rehearsal) {
    let line = match wrong.is_empty() {
        true => format!("accepts {}", accepted(rehearsal)),
        false => "REFUSES something, see below".to_owned(),
    };
    context.say(&format!("{who:<10} {line}"));
}

/// What there is to accept, by what each does.
fn accepted(rehearsal: &Rehearsal) -> String {
    let count = |is: fn(&Rehearsed) -> bool| rehearsal.rehearsed.iter().filter(|r| is(r)).count();
    let kinds = [
        (
            count(|one| {
                matches!(
                    one.draft.plan(),
                    Plan::Certify { .. } | Plan::Succeed { .. }
                )
            }),
            "certified",
        ),
        (
            count(|one| matches!(one.draft.plan(), Plan::RevokeCertification { .. })),
            "taken back",
        ),
        (
            count(|one| {
                matches!(
                    one.draft.plan(),
                    Plan::KeySelf { .. } | Plan::UserIdSelf { .. } | Plan::SubkeyBinding { .. }
                )
            }),
            "in force",
        ),
        (
            count(|one| one.revokes() && one.draft.destination() != Destination::Sealed),
            "seen as revoked",
        ),
        (
            count(|one| one.draft.destination() == Destination::Sealed),
            "for the worst day, tried on a copy: seen as revoked there",
        ),
        (
            count(|one| matches!(one.draft.plan(), Plan::Statement { .. })),
            "a statement that verifies",
        ),
    ];
    let kinds: Vec<String> = kinds
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    format!(
        "{}: {}",
        several(rehearsal.rehearsed.len(), "signature"),
        kinds.join(";\n           ")
    )
}

fn by_sequoia(context: &Context<'_>, rehearsal: &Rehearsal, at: Timestamp) -> Complaints {
    let mut wrong = Vec::new();
    for (number, one) in (1..).zip(&rehearsal.rehearsed) {
        let seen = rehearsal.seen_by_sequoia(one, at).and_then(|effect| {
            match one.revokes() == (effect == Effect::Revoked) {
                true => Ok(()),
                false => Err(Refused::NotRevoked),
            }
        });
        if let Err(refused) = seen {
            wrong.push(format!("signature {number}: {refused}"));
        }
    }
    tell(context, "Sequoia:", &wrong, rehearsal);
    let by = |what| format!("Sequoia: {what}");
    wrong.into_iter().map(by).collect()
}

/// What the certificate is refused for now and wasn't before.
fn by_lint(context: &Context<'_>, rehearsal: &Rehearsal, at: Timestamp) -> Complaints {
    let before = lint(&rehearsal.before, at);
    let is_new = |finding: &Finding| !before.contains(finding);
    let mut wrong = Vec::new();
    for finding in lint(&rehearsal.after, at).into_iter().filter(is_new) {
        let is_meant = is_meant(rehearsal, &finding);
        let text = format!("{}{}", about(&finding.part), said(&finding.fact));
        let (_, who) = by(&finding.fact);
        match finding.severity {
            Severity::Refused if !is_meant => {
                context.say(&format!("lint:      refused by {who}: {text}"));
                wrong.push(format!("lint: {text}"));
            }
            Severity::Refused => context.say(&format!("lint:      as is meant: {text}")),
            Severity::RefusedFrom(from) => context.say(&format!(
                "lint:      {who} will refuse it from {}: {text}",
                from.day()
            )),
            Severity::Advice => context.say(&format!("lint:      {text}")),
        }
    }
    wrong
}

/// That a revoked key is refused is what its revocation is for.
pub(in crate::cli) fn is_meant(rehearsal: &Rehearsal, finding: &Finding) -> bool {
    let ends = rehearsal.rehearsed.iter().any(|one| {
        let is_out = one.draft.destination() != Destination::Sealed;
        is_out && matches!(one.draft.plan(), Plan::RevokeKey { .. })
    });
    ends && matches!(finding.fact, Fact::RevokedHard | Fact::CannotSign)
}

fn by_gpg(
    context: &Context<'_>,
    rehearsal: &Rehearsal,
    files: &Files,
    at: Timestamp,
) -> Result<Complaints, KeyserverError> {
    let keyring = keyring_for(context)?;
    let mut wrong = Vec::new();
    keyring.import_at(&exported(&rehearsal.after), at)?;
    for file in files {
        keyring.import_at(file, at)?;
    }
    let is_sealed = |one: &&Rehearsed| one.draft.destination() == Destination::Sealed;
    let (sealed, out): (Vec<&Rehearsed>, Vec<&Rehearsed>) =
        rehearsal.rehearsed.iter().partition(is_sealed);
    compare(rehearsal, &out, &keyring.judge(at)?, at, &mut wrong);
    for one in out {
        let Ok(Some(message)) = rehearsal.message(one) else {
            continue;
        };
        let whole = rehearsal.primary.fingerprint().to_hex();
        match keyring.verify(&message, at) {
            Ok(signer) if signer == whole => (),
            Ok(signer) => wrong.push(format!("the statement is signed by {signer}")),
            Err(KeyserverError::Failed { said }) => {
                wrong.push(format!("the statement doesn't verify: {said}"));
            }
            Err(other) => return Err(other),
        }
    }
    for one in sealed {
        // Each in a keyring of its own: of two revocations of a subkey gpg keeps one.
        let keyring = keyring_for(context)?;
        match rehearsal.released(one) {
            Ok(cert) => keyring.import_at(&exported(&cert), at)?,
            Err(error) => wrong.push(error.to_string()),
        }
        compare(rehearsal, &[one], &keyring.judge(at)?, at, &mut wrong);
    }
    Ok(wrong)
}

fn keyring_for<'w>(context: &Context<'w>) -> Result<Throwaway<'w>, KeyserverError> {
    let world = context.world;
    let keyring = Throwaway::new(world.programs, world.files, world.random)?;
    Ok(keyring.with_patience(PATIENCE))
}

/// Writing to memory has no reason to fail; what isn't there gpg doesn't take.
fn exported(cert: &Cert) -> Vec<u8> {
    cert.export_to_vec().unwrap_or_default()
}

/// Does gpg show each of these signatures as good, and what they revoke as revoked?
fn compare(
    rehearsal: &Rehearsal,
    signatures: &[&Rehearsed],
    judged: &Judged,
    at: Timestamp,
    wrong: &mut Complaints,
) {
    let own = rehearsal.primary.fingerprint().to_hex();
    let key_id = own.get(24..).unwrap_or(&own);
    let mut good: HashMap<(String, u8, u64), usize> = HashMap::new();
    let listed = judged.signatures.iter();
    for seen in listed.filter(|seen| seen.is_good && seen.by == key_id) {
        *good
            .entry((seen.certificate.clone(), seen.kind, seen.created))
            .or_default() += 1;
    }
    let shows_revoked = |key: &str| judged.revoked.iter().any(|revoked| revoked == key);
    let mut user_ids = 0;
    for one in signatures {
        let plan = one.draft.plan();
        let revoked = match plan {
            Plan::Statement { .. } | Plan::Manifest { .. } => continue,
            Plan::RevokeKey { .. } => shows_revoked(&own),
            // To gpg everything under a revoked primary is revoked; it marks the primary.
            Plan::RevokeSubkey { subkey, .. } => {
                shows_revoked(&subkey.fingerprint().to_hex()) || shows_revoked(&own)
            }
            Plan::RevokeUserId { .. } => {
                user_ids += 1;
                shows_revoked(&own) || judged.revoked_user_ids >= user_ids
            }
            _ => true,
        };
        let certificate = one.about().map_or_else(|| own.clone(), |key| key.to_hex());
        let kind = one.kind();
        let created = u64::from(plan.stamp().created);
        let left = good.get_mut(&(certificate.clone(), kind, created));
        match left {
            Some(count) if *count > 0 => *count -= 1,
            // Of several revocations of a subkey gpg keeps one.
            _ if was_revoked(rehearsal, plan, at) && revoked => (),
            _ => wrong.push(format!(
                "no good signature of type 0x{kind:02x} is shown on {certificate}"
            )),
        }
        if !revoked {
            wrong.push(format!(
                "what the signature of type 0x{kind:02x} on {certificate} revokes isn't shown as revoked"
            ));
        }
    }
}

/// Was the subkey revoked before the request?
fn was_revoked(rehearsal: &Rehearsal, plan: &Plan, at: Timestamp) -> bool {
    let Plan::RevokeSubkey { subkey, .. } = plan else {
        return false;
    };
    is_revoked(&rehearsal.before, &subkey.fingerprint(), at) == Some(true)
}

/// gpg gave no judgement.
fn failure(error: &KeyserverError) -> Failure {
    let half = "Sequoia accepts it; gpg wasn't asked, so the rehearsal is half of one";
    let failed = |what: String| Failure::new(Exit::Failed, what).fact(half);
    match error {
        KeyserverError::Gpg(GpgError::Missing { .. }) => {
            failed("gpg isn't here, which is to judge the rehearsal".to_owned())
                .next("install GnuPG; then again")
        }
        KeyserverError::Files(error) => Failure::from(error.clone()).fact(half),
        KeyserverError::Failed { said } => Failure::new(
            Exit::Forged,
            "gpg doesn't take the certificate that the request would make",
        )
        .fact(format!("gpg: {said}")),
        KeyserverError::Slow => failed(format!(
            "gpg gave no answer within {} seconds",
            PATIENCE.as_secs()
        )),
        KeyserverError::Gpg(error) => failed(format!("gpg could not be asked: {error}")),
    }
}
