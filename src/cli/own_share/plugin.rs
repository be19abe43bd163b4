//! Opening with the plugin of an age identity. Plugins are run for opening only, never when sealing.
//!
//! The age crate starts `age-plugin-NAME` as it finds it in `PATH`, so it is looked for here first: it must be the
//! first of that name, and lie where nobody else can write.

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use crate::cli::report::{Exit, Failure, path};
use crate::roster::age_file::OpenError;
use crate::roster::opening::open_with;
use crate::world::{SafeText, World};

/// What a plugin may ask here: a passphrase or a PIN at the terminal. The rest is shown and not answered. The age
/// crate wants a value without a lifetime, so it is the real terminal, not the one of a [`World`].
#[derive(Clone)]
struct AtTheTerminal;

impl age::Callbacks for AtTheTerminal {
    fn display_message(&self, message: &str) {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "plugin: {}",
            SafeText::limited(message, 300)
        );
    }

    fn confirm(&self, message: &str, _: &str, _: Option<&str>) -> Option<bool> {
        self.display_message(message);
        None
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.display_message(description);
        None
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        use crate::world::Terminal as _;
        let prompt = format!(
            "plugin: {} (not shown): ",
            SafeText::limited(description, 300)
        );
        let typed = crate::world::RealTerminal::default()
            .ask_secret(&prompt)
            .ok()?;
        Some(SecretString::from(typed.to_string()))
    }
}

/// Asks each plugin in turn.
pub(in crate::cli) fn open(
    world: &World<'_>,
    identities: &[age::plugin::Identity],
    sealed: &[u8],
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut names: Vec<&str> = identities
        .iter()
        .map(age::plugin::Identity::plugin)
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let program = format!("age-plugin-{name}");
        let found = world.programs.find_plugin(&program).map_err(|found| {
            let failure = Failure::new(Exit::Failed, format!("{program} can't be run"));
            match found {
                None => failure
                    .fact("it isn't installed, or not in PATH")
                    .next("install it as its authors say, then try again"),
                Some(place) => failure
                    .fact(format!(
                        "the first of that name, {}, lies where others can write",
                        path(&place)
                    ))
                    .next(
                        "put it where only root and you can write, and that folder first in PATH",
                    ),
            }
        })?;
        world.terminal.note(&format!(
            "{} is asked; it may wait for a touch or a PIN",
            path(&found)
        ));
        let plugin = age::plugin::IdentityPluginV1::new(name, identities, AtTheTerminal)
            .map_err(|_| Failure::new(Exit::Failed, format!("{program} can't be run")))?;
        match open_with(&plugin, sealed, limit) {
            Ok(text) => return Ok(text),
            Err(OpenError::NotForThisIdentity) => {}
            Err(error) => {
                return Err(Failure::new(
                    Exit::Failed,
                    format!("{program} did not open it: {error}"),
                )
                .fact(
                    "what a plugin says is not believed: the share is checked against the manifest",
                ));
            }
        }
    }
    Err(
        Failure::new(Exit::Failed, "no plugin opens what is sealed to you")
            .next("name the identity file that belongs to your recipient: -i FILE"),
    )
}
