//! What went wrong on a signing host, in words.

use std::path::PathBuf;

use crate::ceremony::offer::OfferError;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::standing::{Unfit, Whose};
use crate::world::gpg::GpgError;
use crate::world::gpg::agent::AgentError;
use crate::world::{SafeText, Timestamp};

fn missing(program: &str, package: &str, skipped: &[PathBuf]) -> Failure {
    let mut failure = Failure::new(
        Exit::Failed,
        format!("{program} isn't there; a signing host needs it"),
    )
    .next(format!("apt-get install {package}"));
    for file in skipped {
        failure = failure.fact(format!(
            "passed over, since others can write there: {}",
            path(file)
        ));
    }
    failure
}

fn no_agent(why: Option<&SafeText>) -> Failure {
    let mut failure = Failure::new(Exit::Failed, "gpg's agent doesn't run and can't be started");
    if let Some(why) = why.filter(|why| !why.as_str().is_empty()) {
        failure = failure.fact(why.to_string());
    }
    failure
        .next("gpg-connect-agent /bye shows why; is GNUPGHOME a folder of this user's (mode 700)?")
}

/// gpg's agent didn't do what it should.
pub(super) fn agent(doing: &str, error: &AgentError) -> Failure {
    match error {
        AgentError::Missing { skipped } => missing("gpg-connect-agent", "gpg-agent", skipped),
        AgentError::NoAgent(why) => no_agent(Some(why)),
        other => Failure::new(
            Exit::Failed,
            format!("gpg's agent could not {doing}: {other}"),
        )
        .fact("nothing else was changed"),
    }
}

/// gpg didn't.
pub(super) fn gpg(doing: &str, error: &GpgError) -> Failure {
    match error {
        GpgError::Missing { skipped } => missing("gpg", "gnupg", skipped),
        GpgError::NoAgent => no_agent(None),
        GpgError::BadPassphrase | GpgError::Cancelled | GpgError::NoPinentry => Failure::new(
            Exit::Failed,
            format!("gpg could not {doing}: it asks for a passphrase"),
        )
        .fact("no job can sign with a key that asks")
        .next("a new key without one: quorate host offer --new"),
        other => Failure::new(
            Exit::Failed,
            format!(
                "gpg could not {doing}: {}",
                SafeText::new(&other.to_string())
            ),
        ),
    }
}

/// A time of the kind that people compare with a log.
pub(super) fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} UTC"),
        _ => text,
    }
}

/// A reason not to sign, to follow "the subkey in this gpg must not sign: ".
pub(super) fn unfit(unfit: &Unfit) -> String {
    let of = |whose: &Whose| match whose {
        Whose::Primary => "the master key is ",
        Whose::Subkey => "",
    };
    match unfit {
        Unfit::Revoked { whose, reason, .. } => format!("{}revoked, {reason}", of(whose)),
        Unfit::Expired { whose, .. } => format!("{}expired", of(whose)),
        Unfit::NotYet { from } => format!(
            "its binding is of {}, later than this machine's clock",
            minute(*from)
        ),
        Unfit::Absent => "it isn't a subkey of that key".to_owned(),
        Unfit::NotBound { why } => format!(
            "no acceptable signature binds it: {}",
            SafeText::limited(why, 200)
        ),
        Unfit::NotForSigning => "it is bound for something else than signing".to_owned(),
    }
}

/// Since when.
pub(super) fn since(unfit: &Unfit) -> Option<Timestamp> {
    match unfit {
        Unfit::Revoked { since, .. } => *since,
        Unfit::Expired { since, .. } => Some(*since),
        Unfit::NotYet { .. } | Unfit::Absent | Unfit::NotBound { .. } | Unfit::NotForSigning => {
            None
        }
    }
}

/// An own offer that doesn't hold.
pub(super) fn offer(error: &OfferError) -> Failure {
    Failure::new(
        Exit::Failed,
        format!(
            "the offer that was made here doesn't hold: {}",
            SafeText::limited(&error.to_string(), 300)
        ),
    )
    .next("quorate host offer --new")
}
