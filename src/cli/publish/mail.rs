//! `quorate publish mail`: a signed announcement or statement as a message file, for the program that sends it.

use std::path::PathBuf;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::statement::Message;
use crate::publish::mail::{Head, MailError, message};
use crate::publish::mail_signed;
use crate::world::Batch;

/// A statement has at most 64 KiB, its signatures a few.
const MAX_TEXT: usize = 256 << 10;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The cleartext-signed file: out/announcement.asc, or a statement
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who sends it: an address, or 'Name <address>'
    #[arg(long, value_name = "ADDRESS")]
    from: String,
    /// Who gets it; may be repeated
    #[arg(long, value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// One line
    #[arg(long, value_name = "TEXT")]
    subject: String,
    /// As PGP/MIME (RFC 3156), the signatures beside the text; the text has to begin with an empty line, as the
    /// announcement does unless the team's own template is otherwise
    #[arg(long)]
    mime: bool,
    /// Where to
    #[arg(long, value_name = "FILE", default_value = "announcement.eml")]
    out: PathBuf,
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let world = &context.world;
    let file = world.surroundings.resolve(&options.file);
    let bytes = world.files.read(&file, MAX_TEXT)?;
    let shown = path(&options.file);
    let text = std::str::from_utf8(&bytes)
        .ok()
        // Nor one with more behind its signatures, which a reader would take for signed.
        .filter(|text| Message::read(text.as_bytes()).is_some())
        .ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{shown} is no cleartext-signed text"))
                .fact("nothing was written")
                .next("quorate rotate writes out/announcement.asc, quorate statement a statement")
        })?;
    let to: Vec<&str> = options.to.iter().map(String::as_str).collect();
    let head = Head {
        from: &options.from,
        to: &to,
        subject: &options.subject,
        date: world.clock.now(),
    };
    let made = match options.mime {
        true => mail_signed::message(&head, &bytes),
        false => message(&head, text),
    };
    let made = made.map_err(|error| {
        let failure = Failure::new(Exit::Usage, format!("{shown}: {error}"));
        let failure = match error {
            MailError::NoEmptyLine | MailError::NotAscii => failure.fact(
                "what was signed is no part of a message; another one would have to be signed",
            ),
            _ => failure,
        };
        let failure = failure.fact("nothing was written");
        match error {
            MailError::NoEmptyLine | MailError::NotAscii | MailError::Hash(_) => {
                failure.next("quorate publish mail, without --mime: the text as it was signed")
            }
            _ => failure,
        }
    })?;
    let out = world.surroundings.resolve(&options.out);
    Batch::new()
        .replace(&out, made, 0o644)
        .commit(world.files, world.random)?;
    let out = path(&options.out);
    context.say(&match options.mime {
        true => format!(
            "wrote {out}, PGP/MIME: both parts are what the keys signed, and their signatures"
        ),
        false => format!("wrote {out}; the signed text in it is unchanged"),
    });
    context.advise(&format!("next: sendmail -i -t <{out}"));
    Ok(())
}
