//! Which master key is meant: that of the vault at hand, of a certificate file, or the one remembered.

use std::path::Path;

use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::{Cert, Fingerprint};

use crate::ceremony::explain;
use crate::cli::Common;
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::armor::dearmor;
use crate::world::SafeText;

/// Most bytes of a certificate file.
const MAX_CERTIFICATE: usize = 8 << 20;

/// The certificate of a master key, and whence.
pub(super) struct Known {
    pub cert: Cert,
    pub from: From,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Vault,
    File,
}

impl From {
    /// In a word, for `--json`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Vault => "vault",
            Self::File => "file",
        }
    }
}

/// One certificate in a file, in armour or not.
pub(super) fn read(context: &Context<'_>, file: &Path) -> Result<Cert, Failure> {
    let name = path(file);
    let world = &context.world;
    let bytes = world
        .files
        .read(&world.surroundings.resolve(file), MAX_CERTIFICATE)?;
    let not_one = |why: &str| {
        Failure::new(
            Exit::Failed,
            format!("{name} isn't one OpenPGP certificate"),
        )
        .fact(SafeText::limited(why, 200).to_string())
        .fact("nothing was changed")
        .next("fetch it again from who sent it")
    };
    let (packets, _) =
        dearmor(&bytes, MAX_CERTIFICATE).map_err(|error| not_one(&error.to_string()))?;
    let mut certs = sequoia_openpgp::cert::CertParser::from_bytes(&packets)
        .map_err(|error| not_one(&error.to_string()))?;
    match (certs.next(), certs.next()) {
        (Some(Ok(cert)), None) if cert.is_tsk() => Err(Failure::new(
            Exit::Failed,
            format!("{name} holds a secret key, and none should travel"),
        )
        .fact("it was not imported")
        .next("tell the roots who sent it: that secret has been seen by whoever saw the file")),
        (Some(Ok(cert)), None) => Ok(cert),
        (Some(Err(error)), _) => Err(not_one(&error.to_string())),
        (None, _) => Err(not_one("it holds none")),
        (Some(_), Some(_)) => Err(not_one("it holds several")),
    }
}

/// The certificate in use, of the vault at hand; none if no vault is at hand. The first use needs no
/// question where the host has already been told the key.
pub(super) fn of_vault(
    context: &Context<'_>,
    remembered: &[Fingerprint],
) -> Result<Option<Known>, Failure> {
    match context.folder() {
        Err(failure) if failure.exit == Exit::Usage && context.common.vault.is_none() => {
            return Ok(None);
        }
        Err(failure) => return Err(failure),
        Ok(_) => {}
    }
    let (_, signed) = context.at_hand()?;
    let opened = if context.names_the_key() || !remembered.contains(&signed.fingerprint) {
        context.open()?
    } else {
        let common = Common {
            key: Some(signed.fingerprint.to_hex()),
            ..context.common.clone()
        };
        Context::new(context.world, common).open()?
    };
    Ok(Some(Known {
        cert: opened.in_use()?,
        from: From::Vault,
    }))
}

/// Is a certificate the one of this key?
pub(super) fn must_be(cert: &Cert, key: &Fingerprint, name: &str) -> Result<(), Failure> {
    if cert.fingerprint() == *key {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Forged,
        format!("{name} is of another key than the one that is meant"),
    )
    .fact(format!("meant  {}", explain::fingerprint(key)))
    .fact(format!(
        "there  {}",
        explain::fingerprint(&cert.fingerprint())
    ))
    .fact("nothing was changed")
    .next("ask the roots by voice which one is right"))
}

/// A key's first user ID, harmless.
pub(super) fn user_id(cert: &Cert) -> SafeText {
    let first = cert.userids().next();
    first.map_or_else(
        || SafeText::new("(no user ID)"),
        |id| SafeText::from_bytes_limited(id.userid().value(), 200),
    )
}
