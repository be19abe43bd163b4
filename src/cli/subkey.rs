//! `quorate subkey bind`: the signing host's own subkey, bound by the quorum.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sequoia_openpgp::Fingerprint;

use super::Identity;
use super::changes::{self, Along, end_of};
use super::context::{Context, whole_fingerprint};
use super::gather::Gathering;
use super::opened::Opened;
use super::report::{Exit, Failure, path};
use crate::ceremony::explain;
use crate::ceremony::offer::{MAX_OFFER, Offer, OfferError};
use crate::openpgp::change::{Bind, Wishes};
use crate::openpgp::plan::{Reason, Why};
use crate::world::{SafeText, Timestamp};

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Open a request to bind the subkey that a signing host offers
    #[command(after_help = super::example::SUBKEY_BIND)]
    Bind(Options),
}

#[derive(Args)]
pub(super) struct Options {
    /// What `quorate host offer` wrote on the signing host
    #[arg(value_name = "OFFER")]
    offer: PathBuf,
    /// The last day on which the subkey is valid, UTC; default: as long as the key
    #[arg(long, value_name = "DAY")]
    until: Option<String>,
    /// In the same request: revoke this older subkey as superseded; without it an older one is left to expire
    #[arg(long, value_name = "FINGERPRINT")]
    replaces: Option<String>,
    #[command(flatten)]
    along: Along,
    #[command(flatten)]
    gathering: Gathering,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    let Command::Bind(options) = command;
    let opened = context.open()?;
    let until = match &options.until {
        None => None,
        Some(day) => Some(end_of("--until", day)?),
    };
    let mut wishes = offered(context, &opened, &options.offer, until)?;
    if let Some(text) = &options.replaces {
        wishes
            .revoke
            .push((subkey_named(text)?, Why::only(Reason::Superseded)));
    }
    options.along.join(&mut wishes)?;
    changes::open(
        context,
        &opened,
        &wishes,
        &options.identity,
        &options.gathering,
    )
}

/// The subkey that a host offers, to be bound to an attested key.
pub(super) fn offered(
    context: &Context<'_>,
    opened: &Opened,
    file: &Path,
    until: Option<Timestamp>,
) -> Result<Wishes, Failure> {
    context.needs_attestation(opened)?;
    let offer = read(context, opened, file)?;
    context.say(&format!(
        "offered by a host that calls itself {}, {}; compare with its owner:",
        SafeText::limited(&offer.host, 64),
        offer.made.day()
    ));
    context.say(&format!(
        "  {}",
        explain::fingerprint(&offer.subkey.fingerprint())
    ));
    Ok(Wishes {
        bind: Some(Bind {
            subkey: offer.subkey,
            back_signature: offer.back_signature,
            until,
        }),
        ..Wishes::default()
    })
}

/// A fingerprint as somebody typed it.
pub(super) fn subkey_named(text: &str) -> Result<Fingerprint, Failure> {
    whole_fingerprint(text, &[40]).ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("'{}' is no whole fingerprint", SafeText::limited(text, 80)),
        )
        .fact("40 hexadecimal digits; spaces may be left in if it is quoted")
        .next("quorate status tells the subkeys")
    })
}

fn read(context: &Context<'_>, opened: &Opened, offer: &Path) -> Result<Offer, Failure> {
    let file = context.world.surroundings.resolve(offer);
    let bytes = context.world.files.read(&file, MAX_OFFER)?;
    let primary = opened.primary();
    Offer::read(&bytes, primary, opened.now).map_err(|error| {
        let name = path(offer);
        let why = SafeText::limited(&error.to_string(), 300);
        let failure = Failure::new(Exit::Forged, format!("{name} can't be bound: {why}"))
            .fact("no request was opened");
        match error {
            OfferError::OtherPrimary(_) => failure
                .fact(format!(
                    "here     {}",
                    explain::fingerprint(&primary.fingerprint())
                ))
                .next(
                    "on the signing host, with this key's vault or certificate: quorate host offer",
                ),
            OfferError::Future(_) => failure.next("compare the clocks of both machines"),
            _ => failure.next("ask for it again, and compare the fingerprint with its owner"),
        }
    })
}
