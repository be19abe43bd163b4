//! `quorate lint`: would the world accept a certificate, or what a request would make of one?

mod request;
pub(super) mod words;

use std::path::PathBuf;

use clap::Args;
use sequoia_openpgp::Cert;
use serde_json::json;

use super::certificates::{self, Damaged, Read};
use super::context::Context;
use super::report::{Exit, Failure};
use crate::openpgp::lineage::{Link, common_address, in_order, links};
use crate::openpgp::lint::{Fact, Finding, Part, Severity, lint};
use crate::publish::release_site::{PageFault, check, grouped, is_page_name};
use crate::world::{SafeText, Timestamp};
use words::{about, by, code, said};

#[derive(Args)]
pub(super) struct Options {
    /// Certificates, or folders with them, or requests of the vault by id or file: these before anything is signed.
    /// Without any, the vault's certificate in use
    #[arg(value_name = "FILE|FOLDER|REQUEST")]
    files: Vec<PathBuf>,
    /// For programs: docs/lint.schema.json describes it
    #[arg(long)]
    json: bool,
}

/// One certificate and what was found about it.
struct Linted<'r> {
    file: String,
    cert: &'r Cert,
    findings: Vec<Finding>,
    page: Vec<PageFault>,
    /// The request that would make it, and what of the findings that brings.
    request: Option<(&'r str, &'r [Finding])>,
}

impl Linted<'_> {
    fn has(&self, severity: fn(&Severity) -> bool) -> bool {
        self.findings.iter().any(|f| severity(&f.severity))
    }

    fn is_refused(&self) -> bool {
        self.has(|s| *s == Severity::Refused) || !self.page.is_empty()
    }

    /// Or is it only a user ID or a subkey?
    fn is_refused_whole(&self) -> bool {
        let mut whole = self.findings.iter().filter(|f| f.part == Part::Certificate);
        whole.any(|f| f.severity == Severity::Refused) || !self.page.is_empty()
    }

    fn is_expired(&self) -> bool {
        self.findings
            .iter()
            .any(|f| matches!(f.fact, Fact::Expired(_)))
    }

    /// Does its request bring this?
    fn brings(&self, finding: &Finding) -> bool {
        self.request
            .is_some_and(|(_, brought)| brought.contains(finding))
    }

    fn will_be(&self) -> bool {
        !self.is_refused() && self.has(|s| matches!(s, Severity::RefusedFrom(_)))
    }
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let now = context.world.clock.now();
    let (mut requests, mut files) = (Vec::new(), Vec::new());
    for argument in &options.files {
        match request::named(context, argument)? {
            Some(foreseen) => requests.push(foreseen),
            None => files.push(argument.clone()),
        }
    }
    let (read, damaged) = match files.is_empty() && !requests.is_empty() {
        true => (Vec::new(), Vec::new()),
        false => certificates::read(context, &files)?,
    };
    let mut linted: Vec<Linted<'_>> = read
        .iter()
        .flat_map(|file| file.certs.iter().map(move |cert| (file, cert)))
        .map(|(file, cert)| Linted {
            file: file.shown(),
            cert,
            findings: lint(cert, now),
            page: page(file),
            request: None,
        })
        .collect();
    linted.extend(requests.iter().map(|foreseen| Linted {
        file: format!("as request {} would make it", foreseen.id),
        cert: &foreseen.cert,
        findings: foreseen.findings.clone(),
        page: Vec::new(),
        request: Some((&foreseen.id, &foreseen.brought)),
    }));
    let (address, steps) = succession(&linted, now)?;
    if options.json {
        let value = as_json(&linted, &steps, &damaged, now);
        context.say(&serde_json::to_string_pretty(&value).unwrap_or_default());
    } else {
        for one in &linted {
            show(context, one);
        }
        if let Some(address) = address {
            show_succession(context, &address, &steps);
        }
    }
    end(context, options, &linted, &damaged)
}

/// What stands against a file that is named as the page of a key.
fn page(file: &Read) -> Vec<PageFault> {
    let name = file
        .file
        .as_ref()
        .and_then(|file| file.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    if is_page_name(&name) {
        // The secret half is found in the certificate already.
        let faults = check(&name, &file.bytes).1.into_iter();
        faults.filter(|f| *f != PageFault::Secret).collect()
    } else {
        Vec::new()
    }
}

/// Certificates with one address follow one another.
fn succession(
    linted: &[Linted<'_>],
    now: Timestamp,
) -> Result<(Option<String>, Vec<Link>), Failure> {
    let files = linted.iter().filter(|one| one.request.is_none());
    let certs: Vec<Cert> = files.map(|one| one.cert.clone()).collect();
    let Some(address) = common_address(&certs) else {
        return Ok((None, Vec::new()));
    };
    let certs = in_order(certs).map_err(|error| {
        Failure::new(
            Exit::Failed,
            SafeText::limited(&error.to_string(), 200).to_string(),
        )
    })?;
    if certs.len() < 2 {
        return Ok((None, Vec::new()));
    }
    Ok((Some(address), links(&certs, now)))
}

fn show(context: &Context<'_>, one: &Linted<'_>) {
    let state = match (one.is_refused(), one.is_expired(), one.will_be()) {
        (true, ..) if one.is_refused_whole() => "REFUSED",
        (true, ..) => "in part",
        (false, true, _) => "expired",
        (false, false, true) => "ok today",
        (false, false, false) => "ok",
    };
    context.say(&format!("{state:<9} {}", certificates::name(one.cert)));
    context.say(&format!("          {}", grouped(&one.cert.fingerprint())));
    context.say(&format!("          {}", one.file));
    for fault in &one.page {
        context.say(&format!(
            "  refused by the release site: {}",
            SafeText::limited(&fault.to_string(), 200)
        ));
    }
    for finding in &one.findings {
        let new = if one.brings(finding) { "NEW " } else { "" };
        context.say(&format!("  {new}{}", line(finding)));
    }
    if one.request.is_some_and(|(_, brought)| brought.is_empty()) {
        context.say("  the request brings nothing that anybody refuses");
    }
}

fn line(finding: &Finding) -> String {
    let what = format!("{}{}", about(&finding.part), said(&finding.fact));
    let by = by(&finding.fact).1;
    match finding.severity {
        Severity::Refused if by.is_empty() => format!("refused: {what}"),
        Severity::Refused => format!("refused by {by}: {what}"),
        Severity::RefusedFrom(day) => {
            format!("will be refused by {by} from {}: {what}", day.day())
        }
        Severity::Advice => format!("advice: {what}"),
    }
}

/// Tells what the world would say of a certificate that was just made or is about to leave; in a column of this width.
pub(super) fn tell(context: &Context<'_>, cert: &Cert, width: usize) {
    say(context, &lint(cert, context.world.clock.now()), width);
}

/// Tells such findings.
pub(super) fn say(context: &Context<'_>, findings: &[Finding], width: usize) {
    let refused = |finding: &&Finding| finding.severity != Severity::Advice;
    if !findings.iter().any(|finding| refused(&finding)) {
        context.say(&format!(
            "{:<width$} gpg and Sequoia accept the certificate",
            "lint"
        ));
    }
    for finding in findings.iter().filter(refused) {
        context.warn(&format!("lint: {}", line(finding)));
    }
}

fn show_succession(context: &Context<'_>, address: &str, steps: &[Link]) {
    let missing = steps.iter().filter(|link| link.forward.is_err()).count();
    context.say("");
    context.say(&format!(
        "succession of {}: {} keys, {missing} of {} links missing",
        SafeText::limited(address, 80),
        steps.len() + 1,
        steps.len()
    ));
    if missing > 0 {
        context.say("  who trusts one of these keys can't get to the next; see: quorate lineage");
    }
}

fn as_json(
    linted: &[Linted<'_>],
    steps: &[Link],
    damaged: &[Damaged],
    now: Timestamp,
) -> serde_json::Value {
    let certificates: Vec<serde_json::Value> = linted
        .iter()
        .map(|one| {
            let page = one.page.iter().map(|fault| {
                json!({
                    "severity": "refused", "from": null, "by": "release-site",
                    "part": { "kind": "page", "name": one.file },
                    "fact": "page",
                    "text": SafeText::limited(&fault.to_string(), 200).to_string(),
                    "by_request": false,
                })
            });
            let findings = one.findings.iter().map(|finding| {
                let (severity, from) = match finding.severity {
                    Severity::Refused => ("refused", None),
                    Severity::RefusedFrom(day) => ("refused-from", Some(day.to_string())),
                    Severity::Advice => ("advice", None),
                };
                json!({
                    "severity": severity, "from": from, "by": by(&finding.fact).0,
                    "part": words::part(&finding.part),
                    "fact": code(&finding.fact), "text": said(&finding.fact),
                    "by_request": one.brings(finding),
                })
            });
            json!({
                "file": one.file,
                "request": one.request.map(|(id, _)| id),
                "fingerprint": one.cert.fingerprint().to_hex(),
                "user_id": certificates::name(one.cert).to_string(),
                "refused": one.is_refused(),
                "findings": page.chain(findings).collect::<Vec<_>>(),
            })
        })
        .collect();
    let links: Vec<serde_json::Value> = steps
        .iter()
        .map(|link| {
            json!({
                "from": link.from.to_hex(),
                "to": link.to.to_hex(),
                "certified": link.forward.as_ref().ok().map(|c| c.made.to_string()),
                "missing": link.forward.as_ref().err().map(ToString::to_string),
            })
        })
        .collect();
    let damaged: Vec<serde_json::Value> = damaged
        .iter()
        .map(|bad| json!({ "file": bad.file, "why": bad.why }))
        .collect();
    json!({
        "format": 1,
        "time": now.to_string(),
        "certificates": certificates,
        "links": links,
        "damaged": damaged,
    })
}

fn end(
    context: &Context<'_>,
    options: &Options,
    linted: &[Linted<'_>],
    damaged: &[Damaged],
) -> Result<(), Failure> {
    let refused = linted.iter().filter(|one| one.is_refused()).count();
    let later = linted.iter().filter(|one| one.will_be()).count();
    let count = linted.len();
    let s = if count == 1 { "" } else { "s" };
    if !options.json && count > 1 {
        let expired = linted.iter().filter(|one| one.is_expired()).count();
        context.say(&format!(
            "in all    {count} certificates: {refused} refused now, {later} from a day on; {expired} expired"
        ));
    }
    if !damaged.is_empty() {
        let mut failure = Failure::new(
            Exit::Forged,
            format!(
                "{} file{} no whole certificate",
                damaged.len(),
                if damaged.len() == 1 {
                    " holds"
                } else {
                    "s hold"
                }
            ),
        );
        for bad in damaged.iter().take(20) {
            failure = failure.fact(format!("{}: {}", bad.file, bad.why));
        }
        return Err(failure.next("fetch them again from where they were published"));
    }
    if refused > 0 {
        let is = if refused == 1 { "is" } else { "are" };
        return Err(Failure::new(
            Exit::Failed,
            format!("{refused} of {count} certificate{s} {is} refused, whole or in part"),
        ));
    }
    Ok(())
}
