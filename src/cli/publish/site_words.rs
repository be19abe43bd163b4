//! What stood against the release site's files, in words.

use sequoia_openpgp::Fingerprint;

use crate::cli::lineage::missing;
use crate::cli::report::{Exit, Failure};
use crate::publish::index_list::{self, IndexError};
use crate::publish::release_site::{PageError, PageFault, grouped};
use crate::publish::series::{FILE, SeriesError};
use crate::world::SafeText;

/// sequoia couldn't merge or write a certificate.
#[allow(clippy::needless_pass_by_value)] // taken by map_err
pub(super) fn unreadable(error: anyhow::Error) -> Failure {
    Failure::new(
        Exit::Failed,
        SafeText::limited(&error.root_cause().to_string(), 200).to_string(),
    )
}

/// The page, read again, isn't what it should be.
pub(super) fn not_reread(error: &PageError, fingerprint: &Fingerprint) -> Failure {
    let nothing = "nothing was written";
    match error {
        PageError::NotCertified(why) => Failure::new(
            Exit::Failed,
            format!("the page would lead nobody from the old key: {}", missing(why)),
        )
        .fact(format!("key {}", grouped(fingerprint)))
        .fact(nothing)
        .next("take the certificate with the certification, not a minimal export; it comes from the old key's quorum: quorate certify"),
        PageError::Fault(PageFault::NotOneCertificate) | PageError::OtherKey => {
            Failure::new(Exit::Failed, "the page, read again, isn't the certificate")
                .fact(nothing)
                .next("does a user ID in it imitate an armour? quorate lint FILE")
        }
        PageError::Fault(fault) => Failure::new(
            Exit::Failed,
            format!(
                "the site would refuse the page: {}",
                SafeText::limited(&fault.to_string(), 200)
            ),
        )
        .fact(nothing),
    }
}

/// Why the series data isn't edited.
pub(super) fn refused_series(error: &SeriesError) -> Failure {
    let safe = |text: &str| SafeText::limited(text, 60);
    let failed = |what: String| {
        Failure::new(Exit::Failed, format!("{FILE}: {what}")).fact("nothing was written")
    };
    match error {
        SeriesError::Line { line } => failed(format!("line {line} isn't understood"))
            .fact("known: '- name: NAME', its settings two columns in, and in signing-key: key, start, end")
            .next("add the three lines by hand, or write that line in the plain form"),
        SeriesError::NoSeries { name, known } => {
            let first: Vec<String> = known
                .iter()
                .take(5)
                .map(|name| safe(name).to_string())
                .collect();
            Failure::new(Exit::Usage, format!("{FILE} has no series {}", safe(name)))
                .fact(format!("it begins with: {}", first.join(", ")))
                .fact("nothing was written")
                .next("git pull there; is the series announced, and spelled so?")
        }
        SeriesError::Twice { name } => failed(format!("series {} is there twice", safe(name))),
        SeriesError::OtherKey { key } => {
            failed(format!("the series has another signing key: {}", safe(key)))
                .next("is --series right? A key that was replaced within a series is edited by hand")
        }
        SeriesError::OtherDays { start, end } => failed(format!(
            "the key stands there from {} to {}",
            safe(start),
            safe(end)
        ))
        .next("give that day as --start, or edit the file by hand"),
        SeriesError::NoPrevious => failed("no series has the previous key".to_owned())
            .next("is --previous right? git pull there"),
        SeriesError::PreviousDays { series, start, end } => failed(format!(
            "the previous key, of {}, runs from {} to {}",
            safe(series),
            safe(start),
            safe(end)
        ))
        .next("--start has to be the day on which it ends"),
    }
}

/// Why the list on the front page isn't edited.
pub(super) fn refused_list(error: &IndexError) -> Failure {
    let what = SafeText::limited(&error.to_string(), 200);
    let failure = Failure::new(Exit::Failed, format!("{}: {what}", index_list::FILE))
        .fact("nothing was written");
    match error {
        IndexError::Line { .. } => failure
            .fact("known: '* 2026-04-01..present (Larch Cycle key):', then its key, and below the list the key's link")
            .next("write that line in this form, or the new key's by hand, then again"),
        IndexError::OtherLast { .. } => {
            failure.next("is --previous right? git pull there; else add the new key by hand")
        }
        IndexError::PreviousDays { .. } => {
            failure.next("--start has to be the day on which it ends")
        }
        IndexError::OtherDays { .. } => {
            failure.next("give that day as --start, or edit the file by hand")
        }
    }
}
