//! `quorate revoke certification`: a certification that this key made is taken back.

use std::path::PathBuf;

use clap::Args;
use quorate_share::Kind;

use crate::cli::certify::read_target;
use crate::cli::context::Context;
use crate::cli::gather::Gathering;
use crate::cli::open_request::{self, Ask};
use crate::cli::report::{Exit, Failure, path};
use crate::cli::{Identity, changes, display};
use crate::openpgp::draft::Draft;
use crate::openpgp::plan::Plan;
use crate::openpgp::self_signatures;
use crate::openpgp::target::certificates;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The file of the certificate that was certified
    #[arg(value_name = "CERT")]
    cert: PathBuf,
    /// Only this user ID (its whole text, or its address); may be repeated
    #[arg(long = "user-id", value_name = "TEXT")]
    user_ids: Vec<String>,
    /// A sentence for whoever looks at it
    #[arg(long, value_name = "TEXT", default_value = "")]
    text: String,
    #[command(flatten)]
    gathering: Gathering,
    #[command(flatten)]
    identity: Identity,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let me = context.me(&opened)?;
    context.needs_force(&opened, Kind::Master)?;
    let target = read_target(context, &options.cert)?;
    let stamp =
        self_signatures::stamp(&opened.in_use()?, opened.now).map_err(|e| changes::refused(&e))?;
    let unreadable = || {
        Failure::new(
            Exit::Failed,
            format!("{} holds no certificate", path(&options.cert)),
        )
    };
    let mut drafts = Vec::new();
    for raw in certificates(&target.packets).map_err(|_| unreadable())? {
        let cert = raw.read().map_err(|_| unreadable())?;
        for user_id in cert.userids() {
            let by_us = user_id.certifications().any(|signature| {
                signature
                    .issuer_fingerprints()
                    .any(|issuer| *issuer == stamp.issuer)
            });
            let text = String::from_utf8_lossy(user_id.userid().value()).into_owned();
            let address = user_id.userid().email().ok().flatten().map(str::to_owned);
            let wanted = options.user_ids.is_empty()
                || options
                    .user_ids
                    .iter()
                    .any(|id| *id == text || Some(id) == address.as_ref());
            if !by_us || !wanted {
                continue;
            }
            let plan = Plan::RevokeCertification {
                stamp: stamp.clone(),
                text: options.text.clone(),
                target: cert.primary_key().key().clone(),
                user_id: user_id.userid().clone(),
            };
            let draft = Draft::encode(plan).map_err(|error| {
                Failure::new(Exit::Usage, format!("this can't be signed: {error}"))
            })?;
            drafts.push(draft);
        }
    }
    if drafts.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{} bears no certification of this key that is meant",
                path(&options.cert)
            ),
        )
        .fact("no request was opened")
        .next("take the certificate with the certification on it: out/, or its owner's export"));
    }
    context.say("The key would sign this, and nothing else:");
    display::to_ask(context, &opened, &drafts)?;
    let ask = Ask {
        targets: vec![target],
        ..Ask::of_master(drafts)
    };
    open_request::open(
        context,
        &opened,
        &me,
        &options.identity,
        ask,
        &options.gathering,
    )
}
