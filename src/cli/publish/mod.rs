//! `quorate publish`: the certificate goes out, and what arrived is looked at.

mod keyserver;
mod mail;
mod site;
mod site_words;
mod succession;

use clap::Subcommand;

use super::context::Context;
use super::report::Failure;

#[derive(Subcommand)]
#[command(defer = true)]
pub(super) enum Command {
    /// Send the certificate to a keyserver, read it back and say what the server kept
    #[command(after_help = "Example:\n  quorate publish keyserver hkps://keyserver.example.org")]
    Keyserver(keyserver::Options),
    /// Write the key's page, the series data and the front page's list into a checkout of the release site
    #[command(
        after_help = "Example:\n  quorate publish site ../site --series larch --start 2026-10-05 \\\n      --previous old.asc"
    )]
    Site(site::Options),
    /// Write a signed announcement or statement as a message file, for the program that sends mail
    #[command(
        after_help = "Examples:\n  quorate publish mail announcement.asc --subject News \\\n      --from r@example.org --to u@example.org\n  quorate publish mail announcement.asc --mime --subject News \\\n      --from r@example.org --to u@example.org"
    )]
    Mail(mail::Options),
    /// Write the chain of all keys, and the script that walks it with gpg alone
    #[command(
        after_help = "Example:\n  quorate publish succession juniper.asc larch.asc --out out/succession.asc"
    )]
    Succession(succession::Options),
}

pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Keyserver(options) => keyserver::run(context, options),
        Command::Mail(options) => mail::run(context, options),
        Command::Site(options) => site::run(context, options),
        Command::Succession(options) => succession::run(context, options),
    }
}
