//! `create --import`: a key that was made elsewhere, on its way into custody.

use clap::Args;
use sequoia_openpgp::Fingerprint;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

use crate::ceremony::explain;
use crate::cli::context::{Context, whole_fingerprint};
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::import::{Export, ImportError, MAX_IMPORT, Wish};
use crate::openpgp::plan::Algorithm;
use crate::roster::sealing::Recipient;
use crate::session::origin::Import;
use crate::world::{SafeText, Timestamp};

/// Most bytes of a file that names a signing host's key.
const MAX_HOST: usize = 1 << 20;

#[derive(Args, Default)]
pub(super) struct ImportOptions {
    /// Take over a key that exists: what `gpg --export-secret-keys` wrote, or - for the standard input
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,
    /// Make a signing subkey along, its secret sealed to its host: a file with one age recipient, ssh host key
    /// or OpenPGP certificate. Of an imported key the signing subkeys that it has go there
    #[arg(long, value_name = "FILE")]
    subkey_for: Option<PathBuf>,
    /// The fingerprint of the ssh host key in that file, SHA256:…, as its host shows it; asked for if missing
    #[arg(long, value_name = "SHA256", requires = "subkey_for")]
    host_fingerprint: Option<String>,
    /// The fingerprint of a subkey of an imported key whose secret may be lost
    #[arg(long, value_name = "FINGERPRINT", requires = "import")]
    drop: Vec<String>,
}

/// What is known of an exported key.
pub(super) struct Taken {
    /// Whether a passphrase has to be asked for.
    pub is_locked: bool,
    fingerprint: Fingerprint,
    source: Option<PathBuf>,
}

/// Reads the export and refuses what can't be taken, before anybody is asked for anything.
pub(in crate::cli) fn read(
    context: &Context<'_>,
    options: &ImportOptions,
    user_id: &str,
    algorithm: Algorithm,
    now: Timestamp,
) -> Result<Option<(Import, Taken)>, Failure> {
    let Some(file) = &options.import else {
        return Ok(None);
    };
    let world = &context.world;
    let (name, source, bytes) = if file == Path::new("-") {
        (
            "the standard input".to_owned(),
            None,
            world.terminal.input(MAX_IMPORT)?,
        )
    } else {
        let typed = path(file).to_string();
        let file = world.surroundings.resolve(file);
        let bytes = Zeroizing::new(world.files.read(&file, MAX_IMPORT)?.to_vec());
        (typed, Some(file), bytes)
    };
    let drop = fingerprints(&options.drop)?;
    let subkey_for = options.host(context, now)?;
    let wish = Wish {
        user_id,
        drop: &drop,
        subkeys_have_a_home: subkey_for.is_some(),
        now,
    };
    let refused = |error: &ImportError| refused(&name, user_id, error);
    let export = Export::read(&bytes).map_err(|error| refused(&error))?;
    export.check(&wish).map_err(|error| refused(&error))?;
    if export.algorithm() != Some(algorithm) {
        return Err(Failure::new(
            Exit::Usage,
            format!("{name}: the key is of another algorithm than team.toml says"),
        )
        .fact("nothing was made")
        .next(
            "set key.algorithm in team.toml: \"ed25519\", or \"rsa4096\" for RSA of any length",
        ));
    }
    let taken = Taken {
        is_locked: export.is_locked(),
        fingerprint: export.fingerprint(),
        source,
    };
    let import = Import {
        file: bytes,
        passphrase: Zeroizing::default(),
        drop,
        subkey_for,
    };
    Ok(Some((import, taken)))
}

fn fingerprints(texts: &[String]) -> Result<Vec<Fingerprint>, Failure> {
    let parse = |text: &String| {
        whole_fingerprint(text, &[40]).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "--drop wants the whole fingerprint of a subkey",
            )
            .next("gpg --with-subkey-fingerprint --list-secret-keys")
        })
    };
    texts.iter().map(parse).collect()
}

impl ImportOptions {
    /// The signing host's key, if one is named. What an ssh host key is worth shows only beside the host itself, so
    /// its fingerprint is asked for.
    pub(in crate::cli) fn host(
        &self,
        context: &Context<'_>,
        now: Timestamp,
    ) -> Result<Option<Recipient>, Failure> {
        let Some(named) = &self.subkey_for else {
            return Ok(None);
        };
        let file = context.world.surroundings.resolve(named);
        let bytes = context.world.files.read(&file, MAX_HOST)?;
        let recipient = Recipient::from_any_file(&bytes, now.seconds()).map_err(|error| {
            Failure::new(Exit::Usage, format!("{}: {error}", path(named)))
                .fact("--subkey-for wants one age recipient, ssh public key or OpenPGP certificate")
                .fact("nothing was made")
        })?;
        if let Recipient::Ssh(key) = &recipient {
            let shown = match &self.host_fingerprint {
                Some(given) => given.clone(),
                None => {
                    context.say("on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
                    let question = "Type the fingerprint that it shows, SHA256:…: ";
                    context.world.terminal.ask(question)?
                }
            };
            let fingerprint = key.fingerprint();
            if shown.trim() != fingerprint {
                return Err(Failure::new(
                    Exit::Forged,
                    format!(
                        "{} holds another host key than the one that you named",
                        path(named)
                    ),
                )
                .fact(format!("in the file  {fingerprint}"))
                .fact("nothing was made")
                .next("fetch the host's key again, by a way that you trust"));
            }
        }
        Ok(Some(recipient))
    }
}

fn refused(name: &str, user_id: &str, error: &ImportError) -> Failure {
    let why = SafeText::limited(&error.to_string(), 1000);
    let failure = Failure::new(Exit::Usage, format!("{name} holds {why}")).fact("nothing was made");
    match error {
        ImportError::NotAKey | ImportError::Public | ImportError::Stub => failure.next(
            "where the whole key is: gpg --export-secret-keys FINGERPRINT | quorate create --import -",
        ),
        ImportError::Endless | ImportError::Expired(_) => {
            failure.next("gpg --quick-set-expire FINGERPRINT 1y, then export it again")
        }
        ImportError::Invalid(_) => Failure::new(Exit::Usage, format!("{name}: the key is {why}"))
            .fact("nothing was made")
            .next("new self-signatures: gpg --quick-set-expire FINGERPRINT 1y, then export it again"),
        ImportError::Revoked => Failure::new(Exit::Usage, format!("{name}: the key is revoked"))
            .fact("nothing was made; what is revoked needs no custody"),
        ImportError::OtherUserId(_) => failure
            .fact(format!("team.toml says: {}", SafeText::new(user_id)))
            .next("set key.user-id in team.toml to one of them"),
        ImportError::Subkey { fingerprint, .. } => failure
            .fact("only the master key goes into custody; this secret would be lost with the export")
            .next(format!("keep it elsewhere first, then name it: --drop {fingerprint}")),
        ImportError::Homeless(fingerprint) => failure
            .fact("it belongs to the signing host")
            .next(format!("--subkey-for FILE (the host's key), or lose it: --drop {fingerprint}")),
        ImportError::NoSuchSubkey(_) => {
            failure.next("gpg --with-subkey-fingerprint --list-secret-keys")
        }
        ImportError::Algorithm(_) | ImportError::Passphrase | ImportError::Backend(_) => failure,
    }
}

impl Taken {
    /// What nobody should forget once the vault is made.
    pub(in crate::cli) fn tell(&self, context: &Context<'_>, now: Timestamp, leaving: &[&str]) {
        context.say("");
        context.say(&format!(
            "The key is older than this vault. Secrecy before {} is not claimed: who had it or a",
            now.day()
        ));
        context.say("copy of it until now has it still, and needs none of you.");
        for file in leaving {
            context.say(&format!("  {file}"));
        }
        if !leaving.is_empty() {
            context.say("  is for the signing host alone: decrypted there, gpg --import takes it");
        }
        context.advise("Once all receipts are there, take the key away from where it was:");
        if let Some(source) = &self.source {
            context.advise(&format!("  shred -u {}", path(source)));
        }
        context.advise(&format!("  gpg --delete-secret-keys {}", self.fingerprint));
        context.advise(&format!(
            "  and each backup of {}",
            explain::fingerprint(&self.fingerprint)
        ));
    }
}
