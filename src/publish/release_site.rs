//! The page of a key on a release site: a text that people read, then the armour that programs read,
//! in a file that is named by the fingerprint. The rules are those that the site's build checks.

use sequoia_openpgp as openpgp;

use openpgp::parse::Parse as _;
use openpgp::{Cert, Fingerprint};

use crate::openpgp::armor::dearmor;
use crate::openpgp::lineage::{Certification, Missing, link};
use crate::world::Timestamp;

/// Where the site keeps the pages of keys, from the top of its checkout.
pub const FOLDER: &str = "doc/source/static";
/// Most bytes of a page.
pub const MAX_PAGE: usize = 4 << 20;
/// What the line with the fingerprint begins with, as gpg prints it.
const LABEL: &str = "Key fingerprint = ";
const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// What a site's build, or its reader, would stumble over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageFault {
    /// There isn't one certificate in it, but none, several or a damaged one.
    #[error("not one whole certificate")]
    NotOneCertificate,
    /// The file should have another name.
    #[error("the file is not called {wanted}")]
    Name {
        /// As it should be.
        wanted: String,
    },
    /// The text has no line with the fingerprint.
    #[error("no line 'Key fingerprint = ' in the text")]
    NoFingerprint,
    /// The text names another key than the armour holds, or writes it otherwise than gpg.
    #[error("the text says {said}, the armour is {wanted}")]
    OtherFingerprint {
        /// In the text.
        said: String,
        /// As gpg would print it.
        wanted: String,
    },
    /// The secret half lies in it, too.
    #[error("secret key material")]
    Secret,
}

/// Why a page isn't made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// What was written would not be accepted.
    #[error(transparent)]
    Fault(#[from] PageFault),
    /// It isn't the key that it should be.
    #[error("another key")]
    OtherKey,
    /// The predecessor's certification isn't in it.
    #[error("not certified by its predecessor: {0}")]
    NotCertified(Missing),
}

/// The file's name on the site: `0x` and the fingerprint in lower case.
#[must_use]
pub fn file_name(fingerprint: &Fingerprint) -> String {
    format!("0x{}.txt", fingerprint.to_hex().to_lowercase())
}

/// Is the file named as the page of a key is?
#[must_use]
pub fn is_page_name(name: &str) -> bool {
    name.strip_prefix("0x")
        .and_then(|rest| rest.strip_suffix(".txt"))
        .is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The fingerprint as gpg groups it.
#[must_use]
pub fn grouped(fingerprint: &Fingerprint) -> String {
    fingerprint.to_spaced_hex()
}

/// The page: what gpg printed about the key, an empty line, the armour.
#[must_use]
pub fn page(listing: &str, armored: &[u8]) -> Vec<u8> {
    let mut page = String::with_capacity(listing.len() + armored.len() + 1);
    for line in listing.trim_end().lines() {
        page.push_str(line.trim_end());
        page.push('\n');
    }
    page.push('\n');
    let mut page = page.into_bytes();
    page.extend_from_slice(armored);
    page
}

/// Everything that stands against a page of this name, and its certificate if there is one.
#[must_use]
pub fn check(name: &str, page: &[u8]) -> (Option<Cert>, Vec<PageFault>) {
    let Some(cert) = certificate(page) else {
        return (None, vec![PageFault::NotOneCertificate]);
    };
    let mut faults = Vec::new();
    let wanted = file_name(&cert.fingerprint());
    if name != wanted {
        faults.push(PageFault::Name { wanted });
    }
    if cert.is_tsk() {
        faults.push(PageFault::Secret);
    }
    let text = String::from_utf8_lossy(page);
    let before = text.split(BEGIN).next().unwrap_or_default();
    let said: Vec<&str> = before
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix(LABEL))
        .collect();
    let wanted = grouped(&cert.fingerprint());
    match said.first() {
        None => faults.push(PageFault::NoFingerprint),
        Some(said) if said.trim_end() != wanted => faults.push(PageFault::OtherFingerprint {
            said: said.chars().take(80).collect(),
            wanted,
        }),
        Some(_) => {}
    }
    (Some(cert), faults)
}

/// The one certificate in a page.
fn certificate(page: &[u8]) -> Option<Cert> {
    let text = String::from_utf8_lossy(page);
    if text.matches(BEGIN).count() != 1 {
        return None;
    }
    let (packets, _) = dearmor(page, MAX_PAGE).ok()?;
    let mut certs = openpgp::cert::CertParser::from_bytes(&packets).ok()?;
    let cert = certs.next()?.ok()?;
    certs.next().is_none().then_some(cert)
}

/// Reads a page that is to be published as it was written, and demands that it is the page of this key,
/// certified by that predecessor: what a step on the way lost is noticed here.
///
/// # Errors
/// [`PageError`]; the page must not be published then.
pub fn reread(
    page: &[u8],
    fingerprint: &Fingerprint,
    predecessor: Option<&Cert>,
    now: Timestamp,
) -> Result<Option<Certification>, PageError> {
    let (cert, faults) = check(&file_name(fingerprint), page);
    if let Some(cert) = &cert
        && cert.fingerprint() != *fingerprint
    {
        return Err(PageError::OtherKey);
    }
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault.into());
    }
    let cert = cert.ok_or(PageFault::NotOneCertificate)?;
    predecessor
        .map(|old| {
            let known = std::slice::from_ref(&cert);
            link(old, &cert, known, now).map_err(PageError::NotCertified)
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const YOGA: &str = "0x01527a34f0d0080f8a5db8d6eb6c5df21b4b6363.txt";
    const XENA: &str = "0x4c29ff0e437f3351fd82bdf47c5a3bc787dc7035.txt";

    fn read(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/openstack-keys/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    }

    #[test]
    fn the_pages_that_are_published_keep_to_the_rules() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/openstack-keys");
        let mut count = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(is_page_name(&name), "{name}");
            assert_eq!(check(&name, &read(&name)).1, [], "{name}");
            count += 1;
        }
        assert_eq!(count, 12);
    }

    #[test]
    fn a_page_with_another_name_text_or_key_is_noticed() {
        let page = read(YOGA);
        let wanted = YOGA.to_owned();
        assert_eq!(check(XENA, &page).1, [PageFault::Name { wanted }]);
        let text = String::from_utf8(page).unwrap();
        let other = text.replacen("0152 7A34", "0152 7A35", 1);
        assert!(matches!(
            check(YOGA, other.as_bytes()).1[..],
            [PageFault::OtherFingerprint { .. }]
        ));
        let lower = text.replacen(
            "Key fingerprint = 0152 7A34",
            "Key fingerprint = 0152 7a34",
            1,
        );
        assert!(!check(YOGA, lower.as_bytes()).1.is_empty());
        let bare = text.replacen("Key fingerprint", "fingerprint", 1);
        assert_eq!(check(YOGA, bare.as_bytes()).1, [PageFault::NoFingerprint]);
        let cut = &text[..text.len() / 2];
        assert_eq!(
            check(YOGA, cut.as_bytes()).1,
            [PageFault::NotOneCertificate]
        );
        assert_eq!(
            check(YOGA, text.repeat(2).as_bytes()).1,
            [PageFault::NotOneCertificate]
        );
    }

    #[test]
    fn a_page_without_the_predecessors_certification_is_refused() {
        let now = Timestamp::from_day("2022-01-01").unwrap();
        let xena = check(XENA, &read(XENA)).0.unwrap();
        let yoga = check(YOGA, &read(YOGA)).0.unwrap().fingerprint();
        let made = reread(&read(YOGA), &yoga, Some(&xena), now)
            .unwrap()
            .unwrap();
        assert_eq!(made.made.day(), "2021-10-26");
        // And the other way round there never was one.
        let old = check(YOGA, &read(YOGA)).0.unwrap();
        assert_eq!(
            reread(&read(XENA), &xena.fingerprint(), Some(&old), now),
            Err(PageError::NotCertified(Missing::None))
        );
        assert_eq!(
            reread(&read(XENA), &yoga, None, now),
            Err(PageError::OtherKey)
        );
    }
}
