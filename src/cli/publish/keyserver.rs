//! `quorate publish keyserver`: sent by gpg, read back by gpg into a keyring that is thrown away.

use std::path::PathBuf;

use clap::Args;
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::SerializeInto as _;

use crate::cli::certificates;
use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure};
use crate::publish::keyserver::{Stripped, Url, stripped};
use crate::publish::release_site::grouped;
use crate::world::SafeText;
use crate::world::gpg::GpgError;
use crate::world::gpg::keyserver::{KeyserverError, Received, Throwaway};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The server: hkps://HOST, or hkp://HOST:PORT
    #[arg(value_name = "URL")]
    url: String,
    /// The certificate; without it, the vault's certificate in use
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let url: Url = options.url.parse().map_err(|_| {
        Failure::new(
            Exit::Usage,
            format!("{} is no keyserver", SafeText::limited(&options.url, 80)),
        )
        .next("an address like hkps://keyserver.example.org or hkp://localhost:11371")
    })?;
    let cert = certificates::read_single(context, options.file.as_deref())?;
    certificates::refuse_secrets(&[&cert])?;
    let bytes = cert
        .export_to_vec()
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let fingerprint = cert.fingerprint().to_hex();
    let server = SafeText::limited(url.as_str(), 280).to_string();
    let pending = |error: KeyserverError, doing: &str| failure(&error, &server, doing);

    let keyring = new_keyring(context).map_err(|error| pending(error, "send"))?;
    keyring
        .import(&bytes)
        .map_err(|error| pending(error, "read the certificate for"))?;
    keyring
        .send(url.as_str(), &fingerprint)
        .map_err(|error| pending(error, "send to"))?;
    context.advise(&format!(
        "sent to {server}: {}",
        grouped(&cert.fingerprint())
    ));

    let back = new_keyring(context).map_err(|error| pending(error, "read back"))?;
    let received = back
        .receive(url.as_str(), &fingerprint)
        .map_err(|error| pending(error, "read back from"))?;
    let not_there = |what: &str| {
        Failure::new(Exit::Failed, format!("{server} {what}"))
            .fact("it was sent, and what comes back isn't it: the step stays open")
    };
    match received {
        Received::Certificate => {}
        Received::Nothing { said } => {
            return Err(not_there("gives back no certificate")
                .fact(format!("gpg: {said}"))
                .next("some servers take a while; try again in an hour, or another server"));
        }
        Received::NoUserId => {
            return Err(
                not_there("gives the key without a user ID, which gpg doesn't import").next(
                    "such servers first want the address confirmed: read its mailbox, then again",
                ),
            );
        }
        Received::AnotherKey => {
            return Err(not_there("gives ANOTHER KEY than it was asked for")
                .fact("gpg threw it away")
                .next("tell its operator; use another server"));
        }
    }
    let exported = back
        .export(&fingerprint)
        .map_err(|error| pending(error, "read back from"))?;
    let got = Cert::from_bytes(&*exported)
        .ok()
        .filter(|got| got.fingerprint() == cert.fingerprint())
        .ok_or_else(|| not_there("gives back something that isn't the certificate"))?;
    tell(context, &server, &stripped(&cert, &got))
}

fn new_keyring<'w>(context: &Context<'w>) -> Result<Throwaway<'w>, KeyserverError> {
    let world = context.world;
    Throwaway::new(world.programs, world.files, world.random)
}

/// What arrived.
fn tell(context: &Context<'_>, server: &str, lost: &Stripped) -> Result<(), Failure> {
    if lost.is_nothing() {
        context.say(&format!(
            "arrived    whole: read back from {server} with all user IDs, subkeys and {} certification{} by others",
            lost.certifications_sent,
            if lost.certifications_sent == 1 { "" } else { "s" }
        ));
        context.advise("who fetches it with gpg gets the certifications only with");
        context.advise("  gpg --keyserver-options no-self-sigs-only --recv-keys FINGERPRINT");
        return Ok(());
    }
    let mut failure = Failure::new(
        Exit::Failed,
        format!("{server} doesn't give back everything"),
    );
    for user_id in lost.user_ids.iter().take(10) {
        let user_id = SafeText::from_bytes_limited(user_id, 100);
        failure = failure.fact(format!("user ID missing: {user_id}"));
    }
    for subkey in lost.subkeys.iter().take(10) {
        failure = failure.fact(format!("subkey missing: {subkey}"));
    }
    if lost.own > 0 {
        failure = failure.fact(format!("the key's own signatures missing: {}", lost.own));
    }
    for (signer, count) in lost.certifications.iter().take(10) {
        failure = failure.fact(format!("certifications missing: {count} by {signer}"));
    }
    let missing: usize = lost.certifications.iter().map(|(_, count)| count).sum();
    if missing > 0 {
        failure = failure.fact(format!(
            "in all {missing} of {} certifications by others; the old key's link may be among them",
            lost.certifications_sent
        ));
    }
    Err(failure.next("publish the chain as a file beside it: quorate publish succession"))
}

/// gpg couldn't do it.
pub(super) fn failure(error: &KeyserverError, server: &str, doing: &str) -> Failure {
    let open = "the step stays open; nothing was changed here";
    match error {
        KeyserverError::Failed { said } => {
            Failure::new(Exit::Failed, format!("gpg could not {doing} {server}"))
                .fact(format!("gpg: {said}"))
                .fact(open)
                .next("is the server up? dirmngr remembers one that was down: gpgconf --kill dirmngr; then again")
        }
        KeyserverError::Slow => Failure::new(Exit::Failed, format!("{server}: {error}"))
            .fact(open)
            .next("try again later, or another server"),
        KeyserverError::Gpg(GpgError::Missing { .. }) => {
            Failure::new(Exit::Failed, "gpg isn't here, which talks to keyservers")
                .fact(open)
                .next("install GnuPG with dirmngr; then again")
        }
        KeyserverError::Gpg(GpgError::TooBig { limit }) => Failure::new(
            Exit::Failed,
            format!("{server} gives back more than {limit} bytes for one key"),
        )
        .fact(open)
        .next("somebody may have flooded the key there; use another server"),
        KeyserverError::Gpg(error) => Failure::new(
            Exit::Failed,
            format!("gpg could not {doing} {server}: {error}"),
        )
        .fact(open),
        KeyserverError::Files(error) => Failure::from(error.clone()),
    }
}
