//! `quorate init`: a commented `team.toml` and the folder `keys/`.

use clap::Args;

use super::context::Context;
use super::report::Failure;
use crate::roster::config::template;
use crate::world::Batch;

#[derive(Args)]
pub(super) struct Options {}

pub(super) fn run(context: &Context<'_>, _options: &Options) -> Result<(), Failure> {
    let folder = context.new_folder();
    let config = folder.join("team.toml");
    let keys = folder.join("keys");
    Batch::new()
        .folder(&keys, 0o755)
        .put(&config, template().as_bytes().to_vec(), 0o644)
        .commit(context.world.files, context.world.random)?;
    context.say("wrote team.toml and the folder keys/");
    context.advise("");
    context.advise("1  fill in team.toml: user ID, cycle, who holds shares, how many are needed");
    context.advise("2  put each root's public key into keys/: an OpenPGP certificate, an age");
    context.advise("   recipient or an ssh key");
    context.advise("3  quorate roster check    tells what that comes to");
    context.advise("4  quorate create --as YOUR-NAME");
    Ok(())
}
