//! `quorate lineage`: from key to key, who certified whom, when, and what is missing.

use std::path::PathBuf;

use clap::Args;
use sequoia_openpgp::Cert;

use super::certificates;
use super::context::Context;
use super::report::{Exit, Failure};
use crate::openpgp::lineage::{Certification, Link, Missing, in_order, links};
use crate::publish::release_site::grouped;
use crate::world::{SafeText, Timestamp};

#[derive(Args)]
pub(super) struct Options {
    /// The certificates, or folders with them, in any order
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let now = context.world.clock.now();
    let certs = chain(context, &options.files)?;
    let links = links(&certs, now);
    for (index, cert) in certs.iter().enumerate() {
        context.say(&format!(
            "{}  {}",
            Timestamp::from(cert.primary_key().key().creation_time()).day(),
            certificates::name(cert)
        ));
        context.say(&format!("            {}", grouped(&cert.fingerprint())));
        if let Some(link) = links.get(index) {
            context.say(&format!("  {}", step(link)));
        }
    }
    let missing = links.iter().filter(|link| link.forward.is_err()).count();
    if missing == 0 {
        context.say(&format!(
            "whole: who trusts the first key gets to the last, in {} step{}",
            links.len(),
            if links.len() == 1 { "" } else { "s" }
        ));
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failed,
        format!("{missing} of {} links are missing", links.len()),
    )
    .fact("who trusts the key before a gap can't get to the one after it")
    .next("if the certification was made and lost: publish the certificate again, never minimal"))
}

/// The certificates in the order in which they were made, at least two.
pub(super) fn chain(context: &Context<'_>, files: &[PathBuf]) -> Result<Vec<Cert>, Failure> {
    let read = certificates::read_good(context, files)?;
    let certs: Vec<Cert> = read.into_iter().flat_map(|file| file.certs).collect();
    certificates::refuse_secrets(&certs.iter().collect::<Vec<_>>())?;
    let certs = in_order(certs).map_err(|error| {
        Failure::new(
            Exit::Failed,
            SafeText::limited(&error.to_string(), 200).to_string(),
        )
    })?;
    if certs.len() < 2 {
        return Err(
            Failure::new(Exit::Usage, "a succession has at least two keys")
                .next("name the old key's file and the new key's"),
        );
    }
    Ok(certs)
}

/// `| certified 2021-10-26 (0x10), and back 2021-10-27`.
pub(super) fn step(link: &Link) -> String {
    let made = |c: &Certification| format!("{} (0x{:02x})", c.made.day(), u8::from(c.kind));
    let back = match &link.back {
        Ok(certification) => format!(", and back {}", made(certification)),
        Err(Missing::None) => String::new(),
        Err(why) => format!("; back: {}", missing(why)),
    };
    match &link.forward {
        Ok(certification) => format!("| certified {}{back}", made(certification)),
        Err(why) => format!("| MISSING: {}{back}", missing(why)),
    }
}

/// Why a link is missing.
pub(super) fn missing(why: &Missing) -> String {
    match why {
        Missing::None => "the newer key isn't certified by the older one".to_owned(),
        Missing::Wrong => "there is a certification, and it doesn't verify".to_owned(),
        Missing::WeakHash(hash) => format!("the certification uses {hash}, which can be forged"),
        Missing::NotValidThen(made) => {
            format!("certified {}, when the older key was not valid", made.day())
        }
        Missing::SignerRevoked => {
            "the key that certified is revoked: nothing that it signed counts".to_owned()
        }
        Missing::TakenBack(day) => format!("the certification was taken back {}", day.day()),
        Missing::Ended(day) => format!("the certification ended {}", day.day()),
        Missing::NotYet(day) => format!("the certification is dated {}", day.day()),
        Missing::OtherAddress => {
            "the older key certifies it under another address than its own: many keys are certified so, \
             and a successor under the same one"
                .to_owned()
        }
        Missing::NotAsSuccessor => {
            "the older key certifies it, but not as its successor, as it does say of the one that is"
                .to_owned()
        }
        Missing::Local => "the certification is marked as local: gpg passes it on to nobody".into(),
    }
}
