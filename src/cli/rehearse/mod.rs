//! `quorate rehearse`: a request run through with a key that is thrown away, before anybody opens a share.

pub(super) mod judged;

use std::collections::HashSet;

use clap::Args;
use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::{Cert, PacketPile};

use super::context::Context;
use super::opened::{Found, Opened};
use super::report::{Exit, Failure};
use super::screen;
use crate::ceremony::explain;
use crate::ceremony::request::MAX_REQUEST;
use crate::openpgp::draft::{Destination, Draft};
use crate::openpgp::plan::{Algorithm, Plan};
use crate::openpgp::rehearsal::{Rehearsal, RehearsalError, Rehearsed};
use crate::openpgp::splice::primary_bodies;
use crate::world::SafeText;
use judged::{Files, judge};

/// So many signatures are shown with each of their packets; more, a line each.
const IN_FULL: usize = 6;

#[derive(Args)]
pub(super) struct Options {
    /// The request: its id, or the beginning of it
    #[arg(value_name = "REQUEST")]
    request: String,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let opened = context.open()?;
    let found = opened.request(&options.request)?;
    let is_done = opened.outcome(&found)?.is_some();
    if !is_done {
        opened.same_state(&found)?;
    }
    let drafts = &found.verified.request().drafts;
    let in_use = opened.in_use()?;
    head(context, &opened, &found, is_done);
    if drafts[0].plan().stamp().algorithm == Algorithm::Rsa {
        context.note("making a throw-away RSA key, which takes some seconds …");
    }
    let as_of = if is_done { changed_at(drafts) } else { None };
    let rehearsal =
        Rehearsal::hold(&in_use, drafts, as_of).map_err(|error| failed(&found.id, &error))?;
    context.say(&format!(
        "thrown away {}",
        explain::fingerprint(&rehearsal.primary.fingerprint())
    ));
    context.say(&format!(
        "            {}, with the dates, {} and {} of the real one, and none of its secrets",
        match drafts[0].plan().stamp().algorithm {
            Algorithm::EdDsa => "Ed25519",
            Algorithm::Rsa => "RSA",
        },
        several(rehearsal.before.userids().count(), "user ID"),
        several(rehearsal.before.keys().subkeys().count(), "subkey"),
    ));
    show(context, drafts, &rehearsal)?;
    let files = files(context, &opened, &found, &rehearsal)?;
    certificates(context, &rehearsal, &files)?;
    context.say("");
    judge(context, &rehearsal, &files)?;
    context.say(&format!(
        "rehearsed  {}, each compared field by field with its draft in the request",
        several(drafts.len(), "signature")
    ));
    context.say("           the key is thrown away, nothing was written, nothing of it is real");
    Ok(())
}

/// `3 signatures`.
pub(super) fn several(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

fn head(context: &Context<'_>, opened: &Opened, found: &Found, is_done: bool) {
    let request = found.verified.request();
    context.say("REHEARSAL   with a key that is thrown away; nothing below is real");
    context.say(&format!(
        "request     {} by {} on {}, {}",
        found.id,
        request.opener,
        SafeText::new(&request.machine),
        screen::minute(request.opened)
    ));
    if is_done {
        context.say("state       carried out; rehearsed as the key stood before");
    } else if request.closes <= opened.now {
        context.say(&format!(
            "state       closed {}; it can't be carried out any more",
            screen::minute(request.closes)
        ));
    }
    context.say(&format!(
        "stands for  {}",
        explain::fingerprint(&request.fingerprint)
    ));
}

/// From when on a request changed the certificate.
pub(super) fn changed_at(drafts: &[Draft]) -> Option<u32> {
    let changing = drafts.iter().filter(|draft| {
        draft.plan().is_about_itself() && draft.destination() != Destination::Released
    });
    changing.map(|draft| draft.plan().stamp().created).min()
}

pub(super) fn failed(id: &str, error: &RehearsalError) -> Failure {
    let exit = match error {
        RehearsalError::Differs { .. } | RehearsalError::Unfit(_) => Exit::Forged,
        _ => Exit::Failed,
    };
    Failure::new(exit, format!("{id} can't be rehearsed: {error}"))
        .fact("nothing was signed by the real key; nothing was changed")
}

/// Each signature: what it does, its packets, and what differs from the real draft.
fn show(context: &Context<'_>, drafts: &[Draft], rehearsal: &Rehearsal) -> Result<(), Failure> {
    let count = drafts.len();
    if count > IN_FULL {
        context.say("");
        for (one, real) in rehearsal.rehearsed.iter().zip(drafts) {
            context.say(&format!(
                "  {}; {} bytes",
                explain::brief(&one.draft),
                one.signed.bytes().len()
            ));
            differs(one, real)?;
        }
        context.say(&format!(
            "  in all: {count} rehearsed signatures; each differs from its draft in keys, digest and value alone"
        ));
        return Ok(());
    }
    for (number, (one, real)) in (1..).zip(rehearsal.rehearsed.iter().zip(drafts)) {
        context.say("");
        context.say(&format!("rehearsed signature {number} of {count}"));
        context.say(&screen::lines(&explain::of_draft(&one.draft)));
        let line = |label: &str, text: &str| context.say(&format!("  {label:<9} {text}"));
        for (label, text) in packets(one)? {
            line(label, &text);
        }
        line("differs", &differs(one, real)?);
        match real.destination() {
            Destination::Out => (),
            Destination::Sealed => line(
                "",
                "the real one will lie in custody, sealed; this one isn't kept",
            ),
            Destination::Released => line(
                "",
                "the real one lies in custody, made in advance; it wasn't touched",
            ),
        }
    }
    Ok(())
}

/// The signature, and what it covers.
fn packets(one: &Rehearsed) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut lines = vec![(
        "packet",
        format!(
            "{}, {} bytes",
            words(&one.signed.signature().map_err(|e| odd(&e))?.into()),
            one.signed.bytes().len()
        ),
    )];
    // Texts follow their signatures as they are.
    let text = match one.draft.plan() {
        Plan::Statement { text, .. } => Some(text.len()),
        Plan::Manifest { text, .. } => Some(text.len()),
        _ => None,
    };
    if let Some(length) = text {
        lines.push(("over", format!("the text, {length} bytes")));
        return Ok(lines);
    }
    let pile = PacketPile::from_bytes(one.draft.bytes()).map_err(|e| odd(&e))?;
    for packet in pile.children().skip(1) {
        lines.push(("over", sized(packet)));
    }
    Ok(lines)
}

/// What differs from the real draft, in words.
fn differs(one: &Rehearsed, real: &Draft) -> Result<String, Failure> {
    if one.draft.digest().1 == real.digest().1 {
        return Err(Failure::new(
            Exit::Forged,
            "the rehearsal has the digest of the real request",
        ));
    }
    Ok(format!(
        "{}, digest, value; nothing else",
        one.differs.join(", ")
    ))
}

fn odd(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("the rehearsal can't be put together: {error}"),
    )
}

/// A packet in words.
fn words(packet: &Packet) -> String {
    match packet {
        Packet::PublicKey(key) => format!("public key {}", key.fingerprint()),
        Packet::PublicSubkey(key) => format!("public subkey {}", key.fingerprint()),
        Packet::UserID(user_id) => {
            format!(
                "user ID {}",
                SafeText::from_bytes_limited(user_id.value(), 80)
            )
        }
        Packet::Signature(signature) => format!(
            "signature 0x{:02x}, {}, {}",
            u8::from(signature.typ()),
            signature.pk_algo(),
            signature.hash_algo()
        ),
        other => other.tag().to_string(),
    }
}

fn sized(packet: &Packet) -> String {
    format!("{}, {} bytes", words(packet), packet.serialized_len())
}

/// The certificates of others, with what the throw-away key says about them: the stored ones where this is the
/// opener's machine, else their keys and user IDs alone.
fn files(
    context: &Context<'_>,
    opened: &Opened,
    found: &Found,
    rehearsal: &Rehearsal,
) -> Result<Files, Failure> {
    let mut files = Files::new();
    if rehearsal.of_others().next().is_none() {
        return Ok(files);
    }
    let mut placed = HashSet::new();
    let desk = context.desk(opened, &found.verified.digest())?;
    for (name, _, file) in desk.targets(context.world.files)? {
        let packets = context.world.files.read(&file, MAX_REQUEST)?;
        let keys = primary_bodies(&packets);
        let certified = rehearsal.certified(&packets, |key| keys.contains(key));
        let certified = certified.map_err(|error| {
            Failure::new(
                Exit::Forged,
                format!(
                    "{} isn't the certificate that was asked about: {error}",
                    SafeText::new(&name)
                ),
            )
        })?;
        files.push(certified);
        placed.extend(keys);
    }
    let targets = rehearsal.targets().map_err(|e| odd(&e))?;
    let all = primary_bodies(&targets);
    if !all.is_subset(&placed) {
        let certified = rehearsal.certified(&targets, |_| true);
        files.push(certified.map_err(|e| odd(&e))?);
    }
    Ok(files)
}

/// The certificates that result, packet by packet.
fn certificates(
    context: &Context<'_>,
    rehearsal: &Rehearsal,
    files: &Files,
) -> Result<(), Failure> {
    let before = packets_of(&rehearsal.before)?;
    let after = packets_of(&rehearsal.after)?;
    if after.len() > before.len() {
        context.say("");
        context.say("the throw-away certificate then, what is new marked with +");
        for packet in &after {
            let mark = if before.contains(packet) { ' ' } else { '+' };
            context.say(&format!("  {mark} {}", sized(packet)));
        }
    }
    if !files.is_empty() {
        let bytes: usize = files.iter().map(Vec::len).sum();
        context.say("");
        context.say(&format!(
            "certificates of others with it: {}, {bytes} bytes",
            several(files.len(), "file")
        ));
    }
    Ok(())
}

fn packets_of(cert: &Cert) -> Result<Vec<Packet>, Failure> {
    let bytes = cert.export_to_vec().map_err(|e| odd(&e))?;
    let pile = PacketPile::from_bytes(&bytes).map_err(|e| odd(&e))?;
    Ok(pile.into_children().collect())
}
