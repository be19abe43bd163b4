//! The one-time key on its opener's machine, with the holder key for the minutes: sealed to the opener.

use zeroize::Zeroizing;

use super::Desk;
use crate::ceremony::submission::MAX_SUBMISSION;
use crate::cli::Identity;
use crate::cli::context::Context;
use crate::cli::keys::Keys;
use crate::cli::opened::Opened;
use crate::cli::own_share::OwnShare;
use crate::cli::report::{Exit, Failure, path};
use crate::roster::age_recipient::AgeRecipient;
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::roster::sealing::{Recipient, SealError, SshRecipient, seal};
use crate::session::locked::LockedBytes;
use crate::vault::manifest::Seal;

const TITLE: &str = "quorate one-time 1\n";

/// What only the opener's machine has of a request.
pub(in crate::cli) struct Secrets {
    /// The one-time identity. A live session keeps it for hours, so not where it may be swapped out.
    pub identity: LockedBytes,
    /// For the minutes.
    pub holder_key: HolderKey,
}

/// One-time key and holder key, sealed to the opener's own key.
pub(in crate::cli) fn sealed(
    context: &Context<'_>,
    opened: &Opened,
    own: &OwnShare<'_>,
    one_time: &OneTimeIdentity,
) -> Result<Vec<u8>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(
            Exit::Failed,
            format!("the one-time key can't be sealed: {error}"),
        )
    };
    let holder_key = own.sealed.holder_key.to_text().map_err(|e| failed(&e))?;
    let secret = Zeroizing::new(format!(
        "{TITLE}{}\n{}",
        one_time.to_text().trim_end(),
        holder_key.as_str()
    ));
    let recipient = own_recipient(context, opened, own)?;
    seal(&recipient, secret.as_bytes()).map_err(|e| failed(&e))
}

fn own_recipient(
    context: &Context<'_>,
    opened: &Opened,
    own: &OwnShare<'_>,
) -> Result<Recipient, Failure> {
    match &opened.member(&own.dealt.holder)?.seal {
        Seal::Age(text) => AgeRecipient::parse(text)
            .map(Recipient::Age)
            .map_err(Into::into),
        Seal::Ssh(text) => SshRecipient::parse(text)
            .map(Recipient::Ssh)
            .map_err(Into::into),
        // The one that just opened the share.
        Seal::Passphrase => own
            .typed
            .clone()
            .map(Recipient::Passphrase)
            .ok_or(SealError::BadDescription),
        Seal::OpenPgp(fingerprint) => Keys::read(context.world.files, &opened.folder.join("keys"))?
            .find(fingerprint, opened.now.seconds())?,
    }
    .map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("your own key can't be sealed to: {error}"),
        )
        .next("put your current certificate into keys/")
    })
}

/// Opens what [`sealed`] made.
pub(in crate::cli) fn open(
    context: &Context<'_>,
    opened: &Opened,
    me: &Name,
    desk: &Desk,
    identity: &Identity,
) -> Result<Secrets, Failure> {
    let sealed = context.world.files.read(&desk.one_time, MAX_SUBMISSION)?;
    let text = context
        .decrypt(opened, me, &desk.one_time, &sealed, identity)?
        .text;
    let damaged = || {
        Failure::new(Exit::Forged, format!("{} is damaged", path(&desk.one_time)))
            .next("open it anew")
    };
    let text = std::str::from_utf8(&text).map_err(|_| damaged())?;
    let rest = text.strip_prefix(TITLE).ok_or_else(damaged)?;
    let (identity, key) = rest.split_once('\n').ok_or_else(damaged)?;
    Ok(Secrets {
        identity: LockedBytes::new(Zeroizing::new(identity.as_bytes().to_vec())),
        holder_key: HolderKey::parse(key).map_err(|_| damaged())?,
    })
}
