//! `quorate verify`: everything in a vault, or single files, checked from public data alone.

mod changes;
mod told;

use std::path::{Path, PathBuf};

use clap::Args;
use quorate_share::Kind;
use sha2::{Digest as _, Sha256};

use super::attest::attested;
use super::context::Context;
use super::keys::MAX_KEY_FILE;
use super::opened::evidence::read_folder;
use super::opened::unverified::named;
use super::opened::{Found, Opened};
use super::report::{Exit, Failure, path};
use super::screen;
use crate::ceremony::approval::Approval;
use crate::ceremony::asked::REQUEST;
use crate::ceremony::explain;
use crate::ceremony::minutes::Minutes;
use crate::ceremony::objection::Kind as No;
use crate::ceremony::outcome::Outcome;
use crate::ceremony::verified::VerifiedRequest;
use crate::vault::closing::Closing;
use crate::vault::destruction::Destruction;
use crate::vault::manifest::split;
use crate::vault::receipt::Receipt;
use crate::world::{SafeText, Timestamp};

#[derive(Args)]
pub(super) struct Options {
    /// Only these files of the vault: receipts, requests, approvals, results, minutes, attestations, drills
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the allowed-signers file for `ssh-keygen -Y verify`, and nothing else
    #[arg(long)]
    allowed_signers: bool,
    /// Print the signed part of vault.toml, and nothing else: what gpg verifies
    #[arg(long, conflicts_with = "allowed_signers")]
    signed_part: bool,
}

/// What is wrong, file by file.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) bad: Vec<String>,
    good: usize,
}

impl Findings {
    /// Counts a file as good, or notes what is wrong with it.
    pub(super) fn note<E: std::fmt::Display>(
        &mut self,
        file: &Path,
        checked: Result<String, E>,
    ) -> Option<String> {
        match checked {
            Ok(text) => {
                self.good += 1;
                Some(text)
            }
            Err(error) => {
                let error = SafeText::limited(&error.to_string(), 300);
                self.bad.push(format!("{}: {error}", path(file)));
                None
            }
        }
    }
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let mut opened = context.open_unpinned()?;
    if options.allowed_signers {
        context.say(opened.manifest().allowed_signers().trim_end());
        return Ok(());
    }
    if options.signed_part {
        let (body, _) =
            split(&opened.bytes).map_err(|error| Failure::new(Exit::Forged, error.to_string()))?;
        context.say(
            String::from_utf8_lossy(body)
                .strip_suffix('\n')
                .unwrap_or_default(),
        );
        return Ok(());
    }
    if !options.files.is_empty() {
        // A file from elsewhere may be the first attestation.
        let (files, evidence) = (context.world.files, &mut opened.evidence);
        let what = ("keys", "");
        evidence.keys = read_folder(
            files,
            &opened.folder,
            what,
            MAX_KEY_FILE,
            &mut evidence.unreadable,
        )?;
        return single(context, &opened, &options.files);
    }
    whole(context, &opened)
}

/// One piece of evidence, whatever it is.
fn check(opened: &Opened, file: &[u8]) -> Result<String, String> {
    let manifest = opened.manifest();
    let head = file.split(|b| *b == b'\n').next().unwrap_or_default();
    let of = |file: &[u8]| -> Option<Found> { opened.request_of(named(file, &REQUEST)?) };
    let no_request = || "the request that it belongs to isn't in this vault".to_owned();
    match head {
        b"quorate receipt 1" => Receipt::read(file, manifest)
            .map(|r| format!("receipt by {}, {}", r.holder, r.signed.day()))
            .map_err(|e| e.to_string()),
        b"quorate request 1" => VerifiedRequest::read(file, manifest)
            .map(|v| {
                let request = v.request();
                format!(
                    "request {} by {}: {}",
                    v.digest().short(),
                    request.opener,
                    explain::title(&request.drafts)
                )
            })
            .map_err(|e| e.to_string()),
        b"quorate approval 1" => {
            let found = of(file).ok_or_else(no_request)?;
            Approval::read(file, manifest, &*found.verified, opened.now)
                .map(|a| format!("approval of {} by {}", found.id, a.holder))
                .map_err(|e| e.to_string())
        }
        b"quorate destruction 1" => Destruction::read(file, manifest)
            .map(|d| format!("shares destroyed, says {}, {}", d.holder, d.signed.day()))
            .map_err(|e| e.to_string()),
        b"quorate closing 1" => Closing::read(file, manifest)
            .map(|c| {
                format!(
                    "receipts closed without {} by {}, {}",
                    c.without,
                    c.holder,
                    c.signed.day()
                )
            })
            .map_err(|e| e.to_string()),
        b"quorate decline 1" | b"quorate withdrawal 1" => {
            let kind = if head == b"quorate decline 1" {
                No::Decline
            } else {
                No::Withdrawal
            };
            let found = of(file).ok_or_else(no_request)?;
            opened
                .objection(&found, kind, file)
                .map(|o| format!("{} of {} by {}", kind.word(), found.id, o.holder))
                .map_err(|e| e.to_string())
        }
        b"quorate result 1" => {
            let found = of(file).ok_or_else(no_request)?;
            let outcome = Outcome::read(file, &found.verified, opened.primary())
                .map_err(|e| e.to_string())?;
            if !opened.is_proved(&found, &outcome) {
                return Err(
                    "what is sealed in it is proved by no quorum and its minutes".to_owned(),
                );
            }
            let told = opened.told_result(&found, &outcome, opened.approvals(&found).len());
            Ok(format!("result of {}: {told}", found.id))
        }
        b"quorate minutes 1" => {
            let (minutes, _) = Minutes::read(file, manifest).map_err(|e| e.to_string())?;
            Ok(format!(
                "minutes of {} by {}",
                minutes.request.short(),
                minutes.operator
            ))
        }
        b"quorate attempt 1" => opened.check_attempt(file),
        _ if head.starts_with(b"-----BEGIN PGP PUBLIC KEY") => opened.check_attestation(file),
        // What a mail program or core.autocrlf does to a file; nobody need have meant it.
        _ if head.starts_with(b"quorate ") && head.ends_with(b"\r") => {
            Err("its lines end in CR LF now, which no signature covers".to_owned())
        }
        _ => opened
            .check_drill(file)
            .unwrap_or_else(|| Err("no evidence that this program knows".to_owned())),
    }
}

/// The same, of the kind that belongs where it lies: nobody looks for a request among drills.
fn in_its_place(opened: &Opened, word: &str, file: &[u8]) -> Result<String, String> {
    let head = format!("quorate {} ", word.replace(' ', "-"));
    if word != "attestation" && !file.starts_with(head.as_bytes()) {
        let article = if word.starts_with('a') { "an" } else { "a" };
        return Err(format!("not {article} {word}"));
    }
    check(opened, file)
}

fn single(context: &Context<'_>, opened: &Opened, files: &[PathBuf]) -> Result<(), Failure> {
    let mut findings = Findings::default();
    for file in files {
        let full = context.world.surroundings.resolve(file);
        let bytes = context
            .world
            .files
            .read(&full, crate::ceremony::request::MAX_REQUEST)?;
        if let Some(text) = findings.note(file, check(opened, &bytes)) {
            context.say(&format!("{}   {text}", path(file)));
        }
    }
    context.say(&format!(
        "signed in the vault of {}",
        explain::fingerprint(&opened.fingerprint)
    ));
    end(&findings)
}

fn end(findings: &Findings) -> Result<(), Failure> {
    if findings.bad.is_empty() {
        return Ok(());
    }
    let count = findings.bad.len();
    let mut failure = Failure::new(
        Exit::Forged,
        format!(
            "{count} file{} not genuine",
            if count == 1 { " is" } else { "s are" }
        ),
    );
    for bad in findings.bad.iter().take(20) {
        failure = failure.fact(bad.clone());
    }
    Err(failure.next("git log FILE tells who brought it; git checkout brings the former one back"))
}

fn whole(context: &Context<'_>, opened: &Opened) -> Result<(), Failure> {
    let manifest = opened.manifest();
    let mut findings = Findings::default();
    files(context, opened, &mut findings)?;
    changes::check(context, opened, &mut findings)?;

    let evidence = &opened.evidence;
    findings.bad.extend(evidence.unreadable.iter().cloned());
    let kinds = [
        ("receipt", &evidence.receipts),
        ("request", &evidence.requests),
        ("closing", &evidence.closings),
        ("destruction", &evidence.destructions),
        ("withdrawal", &evidence.withdrawals),
        ("approval", &evidence.approvals),
        ("decline", &evidence.declines),
        ("result", &evidence.results),
        ("minutes", &evidence.minutes),
        ("attempt", &evidence.attempts),
        ("attestation", &evidence.attestations),
        ("drill", &evidence.drills),
        ("drill answer", &evidence.drill_answers),
        ("drill decline", &evidence.drill_declines),
        ("drill withdrawal", &evidence.drill_withdrawals),
        ("drill minutes", &evidence.drill_minutes),
        ("drill attempt", &evidence.drill_attempts),
    ];
    let mut counts = Vec::new();
    for (word, files) in kinds {
        for (file, bytes) in files {
            findings.note(file, in_its_place(opened, word, bytes));
        }
        let always = matches!(
            word,
            "receipt" | "request" | "approval" | "result" | "minutes"
        );
        if files.is_empty() && !always {
            continue;
        }
        let s = if files.len() == 1 || word.ends_with("minutes") {
            ""
        } else {
            "s"
        };
        counts.push(format!("{} {word}{s}", files.len()));
    }
    // A genuine result of another request, in the place of this one's.
    for found in opened.requests().into_iter().flatten() {
        let file = format!("results/{}.result", found.id);
        if opened.outcome(&found).is_err() && !findings.bad.iter().any(|bad| bad.starts_with(&file))
        {
            findings
                .bad
                .push(format!("{file}: the result of another request"));
        }
    }
    let named = context.names_the_key();
    let by = if named {
        "signed by the key you named"
    } else {
        "signed by its own key; compare:"
    };
    let state = if findings.bad.is_empty() {
        "GENUINE"
    } else {
        "NOT ALL GENUINE"
    };
    let threshold = |kind| manifest.set(kind).map_or(0, |set| set.threshold.get());
    context.say(&format!(
        "{state:<12} {} roots, master {} of {}, revocation {} of {}:",
        manifest.roster.len(),
        threshold(Kind::Master),
        manifest.roster.len(),
        threshold(Kind::Revocation),
        manifest.roster.len(),
    ));
    context.say(&format!("{:<12} {by}", ""));
    if !named {
        context.say(&format!(
            "             {}",
            explain::fingerprint(&manifest.fingerprint)
        ));
    }
    let attested = opened.attested()?;
    if attested.needed > 0 || !attested.by.is_empty() {
        let names: Vec<_> = attested.by.iter().map(|(name, _)| name).collect();
        context.say(&format!(
            "attested     {}: {}",
            attested::by(opened, &attested),
            screen::list(&names)
        ));
    }
    for (file, error) in attested.aside.iter().filter(|(_, e)| !e.is_forged()) {
        let why = opened.why_not(error);
        context.say(&format!("             {} doesn't count: {why}", path(file)));
    }
    told::requests_and_drills(context, opened);
    if !evidence.drills.is_empty() {
        context.say(&format!("last drill   {}", opened.last_drill().line()));
    }
    context.say(&format!(
        "in all       {}: {} good, {} bad",
        rows(&counts, ", ", 66).join("\n             "),
        findings.good,
        findings.bad.len()
    ));
    if let Some(made) = made_before(opened) {
        context.say(&format!(
            "the key was made {made}, the vault {}: secrecy before that day is not claimed",
            opened.manifest().created.day()
        ));
    }
    context.say(
        "can't be seen from here: whether an operator copied the key, and who these\npeople are",
    );
    end(&findings)
}

/// Parts, as many on each row as it has columns for.
fn rows(parts: &[String], between: &str, columns: usize) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let between = if number + 1 < parts.len() {
            between
        } else {
            ""
        };
        match rows.last_mut() {
            Some(row) if row.len() + part.len() + between.trim_end().len() <= columns => {
                row.push_str(part);
                row.push_str(between);
            }
            _ => rows.push(format!("{part}{between}")),
        }
    }
    rows.iter().map(|row| row.trim_end().to_owned()).collect()
}

/// When an imported key was made.
fn made_before(opened: &Opened) -> Option<String> {
    let made = Timestamp::from(opened.primary().creation_time());
    (made < opened.created).then(|| made.day())
}

/// The files that the manifest has digests of.
fn files(context: &Context<'_>, opened: &Opened, findings: &mut Findings) -> Result<(), Failure> {
    let mut wanted: Vec<(&str, [u8; 32])> = Vec::new();
    for set in opened.manifest().sets() {
        wanted.push((&set.file, set.file_sha256));
        wanted.push((&set.practice_file, set.practice_sha256));
        wanted.extend(
            set.shares
                .iter()
                .map(|d| (d.sealed.as_str(), d.sealed_sha256)),
        );
    }
    let copies = opened.manifest().own_copies.iter();
    wanted.extend(copies.map(|copy| (copy.sealed.as_str(), copy.sealed_sha256)));
    wanted.sort_unstable();
    wanted.dedup();
    let ended = opened.has_ended()?;
    let mut taken = 0;
    for (name, digest) in wanted {
        let file = opened.folder.join(name);
        // The master file may be kept elsewhere; the others belong here.
        if context.world.files.kind(&file)?.is_none() {
            let share = opened
                .manifest()
                .sets()
                .iter()
                .any(|set| set.shares.iter().any(|dealt| dealt.sealed == *name));
            if ended && (share || name.starts_with("master.")) {
                taken += 1;
            } else if name.starts_with("master.") {
                context.say(&format!(
                    "             {name} isn't here; it may be kept elsewhere"
                ));
            } else {
                findings.bad.push(format!("{name}: missing"));
            }
            continue;
        }
        let bytes = context.world.files.read(&file, 16 << 20)?;
        let same = <[u8; 32]>::from(Sha256::digest(&bytes)) == digest;
        let checked = if same {
            Ok(String::new())
        } else {
            Err("altered since the key signed its digest")
        };
        findings.note(Path::new(name), checked);
    }
    if taken > 0 {
        context.say(&format!(
            "             the key has ended, and {taken} of its secret files were taken away"
        ));
    }
    Ok(())
}
