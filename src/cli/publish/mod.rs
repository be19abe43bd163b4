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
pub(super) enum Command {
    /// Send the certificate to a keyserver, read it back and say what the server kept
    Keyserver(keyserver::Options),
    /// Write the key's page and the series data into a checkout of the release site
    Site(site::Options),
    /// Write a signed announcement or statement as a message file, for the program that sends mail
    Mail(mail::Options),
    /// Write the chain of all keys, and the script that walks it with gpg alone
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
