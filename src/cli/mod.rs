//! The program: one file per command, a folder where one needs more. [`run`] is all that `main` calls, and all that tests need.

mod approve;
mod attest;
mod certificates;
mod certify;
mod changes;
mod context;
mod create;
mod decline;
mod desk;
mod display;
mod drill;
mod eight_words;
mod example;
mod expect;
mod extend;
mod gather;
mod git;
mod host;
mod init;
mod keys;
mod lineage;
mod lint;
mod minutes;
mod new_holders;
mod open_request;
mod opened;
mod own_share;
mod pair;
mod perform;
mod pins;
mod publish;
mod receipts;
mod rehearse;
pub mod report;
mod retire;
mod revoke;
mod roster;
mod rotate;
mod screen;
mod share;
mod show;
mod statement;
mod status;
mod subkey;
mod submit;
mod uid;
mod verify;
mod who;

use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::ceremony::objection::Kind as No;
use crate::world::World;
use context::Context;
use report::{Exit, Failure};

/// An OpenPGP master key in the custody of a team.
#[derive(Parser)]
#[command(name = "quorate", version, about, after_help = example::TOP, max_term_width = 80)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command understands.
#[derive(Args, Clone, Default)]
pub(crate) struct Common {
    /// The vault's folder; default: this folder or the nearest above with a vault.toml
    #[arg(
        long,
        global = true,
        help_heading = "Common options",
        value_name = "DIR"
    )]
    vault: Option<PathBuf>,
    /// Who you are in the roster; remembered on this machine once given
    #[arg(
        long = "as",
        global = true,
        help_heading = "Common options",
        value_name = "NAME"
    )]
    me: Option<String>,
    /// The master key's fingerprint, as you know it by voice or paper: answers the question of
    /// the first use, and is compared ever after
    #[arg(
        long,
        global = true,
        help_heading = "Common options",
        value_name = "FINGERPRINT"
    )]
    key: Option<String>,
    /// Type the git lines, too: add and commit what this command wrote; push is yours
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) commit: bool,
    /// Print results only, no advice
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) quiet: bool,
}

// The file that opens an own share, where gpg doesn't do it. No doc comment: clap would take it for the help's first
// line of every command that has this option.
#[derive(Args, Clone, Default)]
pub(crate) struct Identity {
    /// Your age identity file or private ssh key, if your shares are sealed to one; OpenPGP goes
    /// through gpg, a passphrase is asked for
    #[arg(short, long = "identity", value_name = "FILE")]
    identity: Option<PathBuf>,
}

#[derive(Subcommand)]
#[command(defer = true)]
enum Command {
    /// Write a commented team.toml and the folder keys/ into this folder
    #[command(after_help = example::INIT)]
    Init(init::Options),
    /// The team, before anything is made
    #[command(subcommand, after_help = example::ROSTER)]
    Roster(roster::Command),
    /// Make the vault that team.toml describes: key, revocations, sealed shares, manifest
    #[command(after_help = example::CREATE)]
    Create(create::Options),
    /// Your own shares: do they open, are they true?
    #[command(subcommand, after_help = example::SHARE)]
    Share(share::Command),
    /// Where the key stands, what is open, and whose turn it is
    #[command(after_help = example::STATUS)]
    Status(status::Options),
    /// Open a request to certify user IDs of certificates; your own approval goes along
    #[command(after_help = example::CERTIFY)]
    Certify(certify::Options),
    /// Open a request to let the key live longer
    #[command(after_help = example::EXTEND)]
    Extend(extend::Options),
    /// The key's own user IDs
    #[command(subcommand, after_help = example::UID)]
    Uid(uid::Command),
    /// The key's signing subkeys
    #[command(subcommand, after_help = example::SUBKEY)]
    Subkey(subkey::Command),
    /// Where the succession of the key stands, and its next step
    #[command(after_help = example::ROTATE)]
    Rotate(rotate::Options),
    /// The end of a key: what is done, what is left, and what that doesn't achieve
    #[command(after_help = example::RETIRE)]
    Retire(retire::Options),
    /// Open a request to revoke the key, a subkey, a user ID or a certification
    #[command(subcommand, after_help = example::REVOKE)]
    Revoke(revoke::Command),
    /// Open a request to sign a statement to the users with the master key
    #[command(after_help = example::STATEMENT)]
    Statement(statement::Options),
    /// Explain a request, from its bytes, to anybody
    #[command(after_help = example::SHOW)]
    Show(show::Options),
    /// Run a request through with a key that is thrown away, and let gpg and Sequoia judge what results
    #[command(after_help = example::REHEARSE)]
    Rehearse(rehearse::Options),
    /// Approve a request: compare it, type the words, send your share to its opener
    #[command(after_help = example::APPROVE)]
    Approve(approve::Options),
    /// Say no to a request or a drill, with a reason that everybody sees; your share stays where it is
    #[command(after_help = example::DECLINE)]
    Decline(decline::Options),
    /// Take back a request or a drill of your own, which ends it
    #[command(after_help = example::WITHDRAW)]
    Withdraw(decline::Options),
    /// Put an answer that came by mail, paste or ssh into this machine's inbox
    #[command(after_help = example::SUBMIT)]
    Submit(submit::Options),
    /// Receipts of the whole team
    #[command(subcommand, after_help = example::CLOSE)]
    Receipts(receipts::Command),
    /// Sign the master key with your own key, or collect what others signed
    #[command(after_help = example::ATTEST)]
    Attest(attest::Options),
    /// Carry out a request with the submissions that have come
    #[command(after_help = example::PERFORM)]
    Perform(perform::Options),
    /// The whole way with practice shares: nothing of the key is touched
    #[command(subcommand, after_help = example::DRILL)]
    Drill(drill::Command),
    /// What this machine remembers of a vault, to and from another machine
    #[command(subcommand, after_help = example::PINS)]
    Pins(pins::Command),
    /// The signing host: its own subkey, offered, installed, looked at
    #[command(subcommand, after_help = example::HOST)]
    Host(host::Command),
    /// Check everything in a vault, or single files, from public data alone
    #[command(after_help = example::VERIFY)]
    Verify(verify::Options),
    /// What happened to a request, day by day, from what each of those who took part has signed
    #[command(after_help = example::MINUTES)]
    Minutes(minutes::Options),
    /// Would the world accept a certificate, or what a request would make? What gpg, Sequoia and the release site refuse
    #[command(after_help = example::LINT)]
    Lint(lint::Options),
    /// From key to key: who certified whom, when, and what is missing
    #[command(after_help = example::LINEAGE)]
    Lineage(lineage::Options),
    /// The certificate goes out: keyserver, release site, the chain of all keys
    #[command(subcommand, after_help = example::PUBLISH)]
    Publish(publish::Command),
}

impl Command {
    /// Will it want this program's own digest, for a request, an answer or minutes?
    fn names_the_program(&self) -> bool {
        matches!(
            self,
            Self::Certify(_)
                | Self::Extend(_)
                | Self::Uid(_)
                | Self::Subkey(_)
                | Self::Revoke(_)
                | Self::Rotate(_)
                | Self::Statement(_)
                | Self::Approve(_)
                | Self::Perform(_)
                | Self::Drill(_)
        )
    }
}

/// Runs the program with these arguments (the first is its name) in this world.
pub fn run(arguments: &[OsString], world: World<'_>) -> u8 {
    // To take the tree of all commands apart again, and wipe it, would take as long as to read a vault.
    let mut tree = ManuallyDrop::new(Cli::command());
    let parsed = tree.try_get_matches_from_mut(arguments);
    let parsed = parsed.and_then(|matches| {
        Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut tree))
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let text = error.render().to_string();
            if error.use_stderr() {
                world.terminal.note(text.trim_end());
                return Exit::Usage.code();
            }
            world.terminal.say(text.trim_end());
            return Exit::Done.code();
        }
    };
    if cli.command.as_ref().is_some_and(Command::names_the_program) {
        world.programs.begin_own_digest();
    }
    let context = Context::new(world, cli.common);
    let done = match cli.command {
        None => status::my_turn(&context),
        Some(Command::Init(options)) => init::run(&context, &options),
        Some(Command::Roster(command)) => roster::run(&context, &command),
        Some(Command::Create(options)) => create::run(&context, &options),
        Some(Command::Share(command)) => share::run(&context, &command),
        Some(Command::Status(options)) => status::run(&context, &options),
        Some(Command::Certify(options)) => certify::run(&context, &options),
        Some(Command::Extend(options)) => extend::run(&context, &options),
        Some(Command::Uid(command)) => uid::run(&context, &command),
        Some(Command::Subkey(command)) => subkey::run(&context, &command),
        Some(Command::Rotate(options)) => rotate::run(&context, &options),
        Some(Command::Retire(options)) => retire::run(&context, &options),
        Some(Command::Revoke(command)) => revoke::run(&context, &command),
        Some(Command::Statement(options)) => statement::run(&context, &options),
        Some(Command::Show(options)) => show::run(&context, &options),
        Some(Command::Rehearse(options)) => rehearse::run(&context, &options),
        Some(Command::Approve(options)) => approve::run(&context, &options),
        Some(Command::Decline(options)) => decline::run(&context, No::Decline, &options),
        Some(Command::Withdraw(options)) => decline::run(&context, No::Withdrawal, &options),
        Some(Command::Submit(options)) => submit::run(&context, &options),
        Some(Command::Receipts(command)) => receipts::run(&context, &command),
        Some(Command::Attest(options)) => attest::run(&context, &options),
        Some(Command::Perform(options)) => perform::run(&context, &options),
        Some(Command::Drill(command)) => drill::run(&context, &command),
        Some(Command::Pins(command)) => pins::run(&context, &command),
        Some(Command::Host(command)) => host::run(&context, &command),
        Some(Command::Verify(options)) => verify::run(&context, &options),
        Some(Command::Minutes(options)) => minutes::run(&context, &options),
        Some(Command::Lint(options)) => lint::run(&context, &options),
        Some(Command::Lineage(options)) => lineage::run(&context, &options),
        Some(Command::Publish(command)) => publish::run(&context, &command),
    };
    match done {
        Ok(()) if world.terminal.lost_output() => {
            let lost = Failure::new(Exit::Failed, "the output could not be written");
            world.terminal.note(&lost.text());
            Exit::Failed.code()
        }
        Ok(()) => Exit::Done.code(),
        Err(failure) => {
            world.terminal.note(&failure.text());
            failure.exit.code()
        }
    }
}
