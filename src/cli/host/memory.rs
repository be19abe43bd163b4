//! What this machine remembers of its own subkeys, a file for each master key. Nothing in it is secret.

use std::path::PathBuf;

use sequoia_openpgp::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::world::gpg::agent::Keygrip;
use crate::world::{Batch, Kind as FileKind, LockGuard, SafeText};

const FORMAT: u32 = 1;
const MAX_MEMORY: usize = 1 << 20;

/// The subkeys that this host has made for one master key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    format: u32,
    primary: String,
    #[serde(default)]
    pub subkey: Vec<Remembered>,
}

/// One of them.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Remembered {
    fingerprint: String,
    keygrip: String,
    pub state: State,
    /// The offer, as it was written; none for a key that was found in gpg.
    pub offer: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It isn't bound yet, as far as is known here.
    Offered,
    /// Releases are signed with it.
    Installed,
    /// Another one was installed after it.
    Former,
}

impl Remembered {
    pub(super) fn new(
        fingerprint: &Fingerprint,
        keygrip: Keygrip,
        state: State,
        offer: Option<String>,
    ) -> Self {
        Self {
            fingerprint: fingerprint.to_hex(),
            keygrip: keygrip.to_string(),
            state,
            offer,
        }
    }

    pub(super) fn fingerprint(&self) -> Result<Fingerprint, Failure> {
        self.fingerprint
            .parse()
            .map_err(|_| damaged("a fingerprint"))
    }

    pub(super) fn keygrip(&self) -> Result<Keygrip, Failure> {
        Keygrip::parse(&self.keygrip).ok_or_else(|| damaged("a keygrip"))
    }
}

fn damaged(what: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("this machine's memory of its subkeys is damaged: {what}"),
    )
    .fact("it lies in the folder host/ of quorate's state directory")
    .next("move that file away; gpg still has the keys: quorate host install FILE")
}

impl Memory {
    pub(super) fn new(primary: &Fingerprint) -> Self {
        Self {
            format: FORMAT,
            primary: primary.to_hex(),
            subkey: Vec::new(),
        }
    }

    fn folder(context: &Context<'_>) -> Result<PathBuf, Failure> {
        Ok(context.state()?.join("host"))
    }

    fn file(context: &Context<'_>, primary: &Fingerprint) -> Result<PathBuf, Failure> {
        Ok(Self::folder(context)?.join(format!("{}.toml", primary.to_hex())))
    }

    /// Keeps two commands from making two keys.
    pub(super) fn lock(context: &Context<'_>) -> Result<LockGuard, Failure> {
        let folder = Self::folder(context)?;
        let world = &context.world;
        Batch::new()
            .folder_within(&folder, 0o700)
            .commit(world.files, world.random)?;
        let guard = world.files.lock(&folder.join(".lock"))?;
        crate::world::sweep_temporaries(world.files, &folder)?;
        Ok(guard)
    }

    pub(super) fn read(
        context: &Context<'_>,
        primary: &Fingerprint,
    ) -> Result<Option<Self>, Failure> {
        let file = Self::file(context, primary)?;
        if context.world.files.kind(&file)?.is_none() {
            return Ok(None);
        }
        let text = context.world.files.read(&file, MAX_MEMORY)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let memory: Self = toml::from_str(&text).map_err(|error| {
            damaged(&format!(
                "{}: {}",
                path(&file),
                SafeText::limited(error.message(), 200)
            ))
        })?;
        match memory.format == FORMAT && memory.primary == primary.to_hex() {
            true => Ok(Some(memory)),
            false => Err(damaged(&format!("{} is about something else", path(&file)))),
        }
    }

    /// The master keys for which this host has made subkeys.
    pub(super) fn keys(context: &Context<'_>) -> Result<Vec<Fingerprint>, Failure> {
        let folder = Self::folder(context)?;
        if context.world.files.kind(&folder)? != Some(FileKind::Folder) {
            return Ok(Vec::new());
        }
        let entries = context.world.files.list(&folder)?;
        Ok(entries
            .iter()
            .filter_map(|entry| entry.text()?.strip_suffix(".toml")?.parse().ok())
            .collect())
    }

    pub(super) fn write(&self, context: &Context<'_>) -> Result<(), Failure> {
        let primary = self.primary.parse().map_err(|_| damaged("a fingerprint"))?;
        let file = Self::file(context, &primary)?;
        let text = toml::to_string(self).map_err(|_| damaged("it can't be written"))?;
        let world = &context.world;
        Batch::new()
            .folder_within(file.parent().unwrap_or(&file), 0o700)
            .replace(&file, text.into_bytes(), 0o600)
            .commit(world.files, world.random)?;
        Ok(())
    }

    /// Writes what is left, or removes the file if nothing is.
    pub(super) fn write_rest(&self, context: &Context<'_>) -> Result<(), Failure> {
        if !self.subkey.is_empty() {
            return self.write(context);
        }
        let primary = self.primary.parse().map_err(|_| damaged("a fingerprint"))?;
        let file = Self::file(context, &primary)?;
        if context.world.files.kind(&file)?.is_some() {
            context.world.files.remove(&file)?;
            context.world.files.sync_dir(&Self::folder(context)?)?;
        }
        Ok(())
    }

    pub(super) fn has(&self, subkey: &Fingerprint) -> bool {
        let hex = subkey.to_hex();
        self.subkey.iter().any(|one| one.fingerprint == hex)
    }

    /// The newest subkey in this state.
    pub(super) fn newest(&self, state: State) -> Option<&Remembered> {
        self.subkey.iter().rev().find(|one| one.state == state)
    }

    /// From now on releases are signed with this one.
    pub(super) fn install(&mut self, fingerprint: &Fingerprint, keygrip: Keygrip) {
        for one in &mut self.subkey {
            if one.state == State::Installed {
                one.state = State::Former;
            }
        }
        let hex = fingerprint.to_hex();
        match self.subkey.iter_mut().find(|one| one.fingerprint == hex) {
            Some(one) => one.state = State::Installed,
            None => {
                let found = Remembered::new(fingerprint, keygrip, State::Installed, None);
                self.subkey.push(found);
            }
        }
    }
}
