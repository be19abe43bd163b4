//! After a revocation: that gpg and Sequoia see it, a statement to the users, and what is next.

use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::{Cert, Fingerprint};

use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure};
use crate::openpgp::draft::Draft;
use crate::openpgp::plan::{Plan, Reason, Why};
use crate::openpgp::self_signatures;
use crate::world::gpg::{GpgError, keyring};
use crate::world::{SafeText, Timestamp};

/// The name of the statement in `out/`.
pub(in crate::cli) const STATEMENT: &str = "statement.txt";

/// What was revoked.
pub(in crate::cli) struct Revoked {
    pub key: Fingerprint,
    pub why: Why,
    is_primary: bool,
}

impl Revoked {
    /// What a plan revokes, if that is a key.
    pub(in crate::cli) fn by(plan: &Plan) -> Option<Self> {
        let (key, why, is_primary) = match plan {
            Plan::RevokeKey { primary, why, .. } => (primary.fingerprint(), why, true),
            Plan::RevokeSubkey { subkey, why, .. } => (subkey.fingerprint(), why, false),
            _ => return None,
        };
        Some(Self {
            key,
            why: why.clone(),
            is_primary,
        })
    }

    /// The first of a request.
    pub(in crate::cli) fn of(drafts: &[Draft]) -> Option<Self> {
        let mut revoked = drafts
            .iter()
            .filter(|draft| draft.destination() != crate::openpgp::Destination::Sealed)
            .filter_map(|draft| Self::by(draft.plan()));
        revoked.next()
    }
}

/// The merged certificate must show it, to Sequoia and to the real gpg, and nothing else.
pub(in crate::cli) fn seen_by_both(
    context: &Context<'_>,
    cert: &Cert,
    revoked: &Revoked,
    now: Timestamp,
) -> Result<(), Failure> {
    let here = self_signatures::is_revoked(cert, &revoked.key, now) == Some(true);
    let primary = self_signatures::is_revoked(cert, &cert.fingerprint(), now) == Some(true);
    let not_seen = |by: &str| {
        Failure::new(
            Exit::Forged,
            format!("{by} doesn't show {} as revoked", revoked.key),
        )
        .fact("the revocation is in results/; the certificate in out/ isn't what it should be")
    };
    if !here {
        return Err(not_seen("Sequoia"));
    }
    let packets = cert
        .export_to_vec()
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let gpg = match keyring::shown_as_revoked(context.world.programs, &packets) {
        Ok(shown) if shown.contains(&revoked.key.to_hex()) => "gpg and Sequoia",
        // To gpg everything under a revoked primary is revoked; it marks the primary.
        Ok(shown) if shown.contains(&cert.fingerprint().to_hex()) => "gpg and Sequoia",
        Ok(_) => return Err(not_seen("gpg")),
        Err(GpgError::Missing { .. }) => "Sequoia (gpg isn't here to be asked)",
        Err(error) => {
            context.warn(&format!(
                "gpg could not be asked: {}",
                SafeText::limited(&error.to_string(), 200)
            ));
            "Sequoia"
        }
    };
    let untouched = match (revoked.is_primary, primary) {
        (false, false) => "; primary key untouched",
        _ => "",
    };
    let why = match revoked.why.reason {
        Reason::None => ", no reason given".to_owned(),
        reason => format!(" as {}", reason.word()),
    };
    context.say(&format!(
        "REVOKED    {}{why};\n           seen so by {gpg}{untouched}",
        explain::fingerprint(&revoked.key)
    ));
    Ok(())
}

/// A text to the users, to be signed by what is left to sign with. Lines of 72 characters, LF, no blanks at their
/// ends, so that it can be cleartext-signed.
pub(in crate::cli) fn statement(opened: &Opened, revoked: &Revoked, now: Timestamp) -> String {
    let user_id = SafeText::new(&opened.user_id);
    let key = explain::fingerprint(&opened.fingerprint);
    let today = now.day();
    let what = match revoked.is_primary {
        true => format!("Our key\n  {key}\nis revoked. With it every key under it is."),
        false => format!(
            "The signing subkey\n  {}\nof our key\n  {key}\nis revoked. The key itself is not.",
            explain::fingerprint(&revoked.key)
        ),
    };
    let because = explain::reason_words(revoked.why.reason);
    let text = match revoked.why.text.is_empty() {
        true => String::new(),
        false => format!("\n{}", SafeText::new(&revoked.why.text)),
    };
    let distrust = if revoked.why.reason.is_hard() {
        "Do not trust any signature of it, whatever its date: who has the secret\n\
         can date a signature at will. That voids our honest old releases, too;\n\
         those that we vouch for will be signed anew."
    } else {
        "Signatures that it made before stay good. It makes no new ones: do not\n\
         trust one that is dated later."
    };
    let next = match (revoked.is_primary, revoked.why.reason) {
        (true, Reason::Superseded) => {
            "Take our next key, and compare its fingerprint with where we publish it."
        }
        (true, _) => "Wait for our next key, and compare its fingerprint by two ways.",
        (false, _) => {
            "Fetch our key again, and compare the fingerprint above. Releases from\n\
             now on are signed by another subkey of it."
        }
    };
    format!(
        "To everybody who verifies what {user_id} signs\n\
         {today}\n\n\
         {what}\n\n\
         Why: {because}.{text}\n\n\
         {distrust}\n\n\
         Mind that gpg --verify only warns about a revoked key, and still exits\n\
         with 0: read what it prints. Sequoia refuses.\n\n\
         What to do: {next}\n"
    )
}

/// What is next, numbered.
pub(in crate::cli) fn tell_next(
    context: &Context<'_>,
    opened: &Opened,
    revoked: &Revoked,
    whole: &str,
) {
    context.advise(&format!(
        "next   1  gpg --import out/{whole}\n          gpg --send-keys {}",
        opened.fingerprint.to_hex()
    ));
    context.advise(&format!(
        "       2  each of you: gpg --clearsign out/{STATEMENT}; send it to the users"
    ));
    let succeeded = matches!(opened.successors(), Ok(all) if !all.is_empty());
    context.advise(match revoked.is_primary {
        true if succeeded => {
            "       3  it has a successor; what is left to do here: quorate retire"
        }
        true => "       3  a new key: quorate init in another folder, quorate create",
        false => "       3  a new host: quorate host offer there, then quorate subkey bind OFFER",
    });
}
