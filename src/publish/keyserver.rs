//! What a keyserver kept of a certificate that was sent to it.

use std::collections::BTreeSet;

use sequoia_openpgp as openpgp;

use openpgp::packet::Signature;
use openpgp::serialize::MarshalInto as _;
use openpgp::{Cert, Fingerprint, KeyHandle};

/// Where a keyserver is: `hkps://host`, `hkp://host:port`, and the same with https and http.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

/// The text is no address of a keyserver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address like hkps://keyserver.example.org")]
pub struct NotAUrl;

impl std::str::FromStr for Url {
    type Err = NotAUrl;

    /// Strict: a scheme that gpg speaks, a host, perhaps a port; a host alone is taken with hkps.
    fn from_str(text: &str) -> Result<Self, NotAUrl> {
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("hkps://{text}")
        };
        let (scheme, place) = whole.split_once("://").ok_or(NotAUrl)?;
        let is_known = ["hkps", "hkp", "https", "http"].contains(&scheme);
        let is_place = !place.is_empty()
            && place.len() <= 260
            && place
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~:[]/".contains(&b))
            && place.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        if is_known && is_place {
            Ok(Self(whole))
        } else {
            Err(NotAUrl)
        }
    }
}

impl Url {
    /// As gpg takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the server gives back beside what was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stripped {
    /// User IDs that it keeps back.
    pub user_ids: Vec<Vec<u8>>,
    /// Certifications by others that are missing: each signer with their number.
    pub certifications: Vec<(KeyHandle, usize)>,
    /// Subkeys that are missing.
    pub subkeys: Vec<Fingerprint>,
    /// How many of the key's own signatures are missing: without the newest it looks as before.
    pub own: usize,
    /// How many certifications were sent.
    pub certifications_sent: usize,
}

impl Stripped {
    /// Has everything arrived?
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.user_ids.is_empty()
            && self.certifications.is_empty()
            && self.subkeys.is_empty()
            && self.own == 0
    }
}

/// What a server can be expected to keep: all exportable signatures, by their bytes.
struct Content {
    own: BTreeSet<Vec<u8>>,
    others: Vec<(Vec<u8>, KeyHandle)>,
}

fn content(cert: &Cert) -> Content {
    let mut content = Content {
        own: BTreeSet::new(),
        others: Vec::new(),
    };
    // What a signature says and is, without its unhashed area, which servers may rewrite.
    let core = |signature: &Signature| {
        let mut core = signature.hashed_area().to_vec().unwrap_or_default();
        core.push(u8::from(signature.typ()));
        core.extend(signature.mpis().to_vec().unwrap_or_default());
        core
    };
    let is_public = |signature: &&Signature| signature.exportable().is_ok();
    let mut keep = |own: Vec<&Signature>, others: Vec<&Signature>| {
        content
            .own
            .extend(own.into_iter().filter(is_public).map(core));
        for signature in others.into_iter().filter(is_public) {
            let issuer = signature.get_issuers().into_iter().next();
            let issuer = issuer.unwrap_or_else(|| KeyHandle::KeyID(openpgp::KeyID::wildcard()));
            content.others.push((core(signature), issuer));
        }
    };
    for key in cert.keys() {
        keep(
            key.self_signatures()
                .chain(key.self_revocations())
                .collect(),
            key.certifications()
                .chain(key.other_revocations())
                .collect(),
        );
    }
    for user_id in cert.userids() {
        keep(
            user_id
                .self_signatures()
                .chain(user_id.self_revocations())
                .collect(),
            user_id
                .certifications()
                .chain(user_id.other_revocations())
                .collect(),
        );
    }
    content
}

/// What is missing in `got` of what was `sent`. That more came back, older signatures for instance, is
/// how keyservers are, and no fault.
#[must_use]
pub fn stripped(sent: &Cert, got: &Cert) -> Stripped {
    let (out, back) = (content(sent), content(got));
    let kept: BTreeSet<&Vec<u8>> = back.others.iter().map(|(core, _)| core).collect();
    let mut certifications: Vec<(KeyHandle, usize)> = Vec::new();
    for (core, issuer) in &out.others {
        if kept.contains(core) {
            continue;
        }
        match certifications.iter_mut().find(|(known, _)| known == issuer) {
            Some((_, count)) => *count += 1,
            None => certifications.push((issuer.clone(), 1)),
        }
    }
    Stripped {
        user_ids: sent
            .userids()
            .map(|user_id| user_id.userid().value().to_vec())
            .filter(|value| got.userids().all(|other| other.userid().value() != value))
            .collect(),
        certifications,
        subkeys: sent
            .keys()
            .subkeys()
            .map(|key| key.key().fingerprint())
            .filter(|wanted| {
                got.keys()
                    .subkeys()
                    .all(|key| key.key().fingerprint() != *wanted)
            })
            .collect(),
        own: out.own.difference(&back.own).count(),
        certifications_sent: out.others.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openpgp::parse::Parse as _;

    fn yoga() -> Cert {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/openstack-keys/0x01527a34f0d0080f8a5db8d6eb6c5df21b4b6363.txt"
        );
        Cert::from_file(file).unwrap()
    }

    #[test]
    fn what_a_server_left_out_is_told_one_by_one() {
        let sent = yoga();
        assert!(stripped(&sent, &sent).is_nothing());
        // As gpg reads back by default: no certifications by others.
        let own = sent.clone().retain_user_attributes(|_| false);
        let packets = own.into_packets().filter(|packet| {
            let openpgp::Packet::Signature(signature) = packet else {
                return true;
            };
            signature
                .get_issuers()
                .iter()
                .any(|i| i.aliases(sent.key_handle()))
        });
        let got = Cert::from_packets(packets).unwrap();
        let lost = stripped(&sent, &got);
        assert_eq!((lost.certifications.len(), lost.own), (3, 0));
        assert_eq!(lost.certifications_sent, 3);
        // As a server that publishes addresses only when they were confirmed.
        let bare = sent.clone().retain_userids(|_| false);
        let lost = stripped(&sent, &bare);
        assert_eq!((lost.user_ids.len(), lost.own), (1, 1));
        let few = sent.clone().retain_subkeys(|_| false);
        assert_eq!(stripped(&sent, &few).subkeys.len(), 2);
        // More than was sent is no fault.
        assert!(stripped(&few, &sent).is_nothing());
    }

    #[test]
    fn only_addresses_that_gpg_takes_are_taken() {
        let url = |text: &str| text.parse::<Url>().map(|url| url.0);
        assert_eq!(url("keys.example.org").unwrap(), "hkps://keys.example.org");
        assert_eq!(
            url("hkp://127.0.0.1:11371").unwrap(),
            "hkp://127.0.0.1:11371"
        );
        for bad in [
            "",
            "ftp://a",
            "hkps://",
            "-x",
            "hkps://-x",
            "hkps://a b",
            "a\nb",
            "hkp://a?b",
            "ldap://a",
        ] {
            assert_eq!(url(bad), Err(NotAUrl), "{bad}");
        }
    }
}
