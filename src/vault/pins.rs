//! What this machine remembers of a vault. What goes back behind it is refused.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sequoia_openpgp::Fingerprint;
use serde::{Deserialize, Serialize};

use super::manifest::SignedManifest;
use super::record::Digest;
use crate::roster::name::Name;
use crate::world::{Batch, Files, FilesError, Kind, Random, Staged};

/// Most bytes of pins: 4 MiB.
pub const MAX_PINS: usize = 4 << 20;
/// The first line of exported pins.
const HEAD: &str = "quorate pins 1\n";

/// Why a vault isn't the one that this machine knows.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PinError {
    /// Another key.
    #[error("another key: {found} instead of {known}")]
    OtherKey {
        /// What is remembered.
        known: String,
        /// What is there.
        found: String,
    },
    /// An older generation.
    #[error("generation {found}, older than {known}")]
    Older {
        /// What is remembered.
        known: u32,
        /// What is there.
        found: u32,
    },
    /// The same generation, with another manifest.
    #[error("another manifest of the same generation: {found} instead of {known}")]
    Forked {
        /// What is remembered.
        known: String,
        /// What is there.
        found: String,
    },
    /// The file of the pins can't be read.
    #[error("damaged: {0}")]
    Damaged(String),
}

/// The memory of one vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pins {
    /// The primary key's fingerprint, in hexadecimal.
    pub fingerprint: String,
    /// The highest generation seen.
    pub generation: u32,
    /// The digest of that manifest.
    pub manifest: String,
    /// Who sits at this machine.
    pub me: Option<String>,
    /// The age identity file, as a path.
    pub identity: Option<String>,
    /// Minutes, results, withdrawals and learnt revocations that were seen here, each by kind and SHA-256: they never go
    /// away.
    #[serde(default)]
    pub seen: Vec<String>,
}

/// What is carried to another machine: what everybody sees, not who sits here.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Exported {
    vault: String,
    fingerprint: String,
    generation: u32,
    manifest: String,
    #[serde(default)]
    seen: Vec<String>,
}

/// Where the pins lie: for a vault by its id, and by its folder, so that a folder whose vault was
/// swapped for another one is noticed.
pub struct PinStore<'a> {
    files: &'a dyn Files,
    state: &'a Path,
}

impl<'a> PinStore<'a> {
    /// In this state directory.
    #[must_use]
    pub fn new(files: &'a dyn Files, state: &'a Path) -> Self {
        Self { files, state }
    }

    /// The folder of what is remembered about a vault on this machine.
    #[must_use]
    pub fn vault_folder(&self, vault: &[u8; 16]) -> PathBuf {
        self.state.join(HEXLOWER.encode(vault))
    }

    /// What is remembered about a folder, of one kind.
    #[must_use]
    pub fn of_folder(&self, kind: &str, folder: &Path) -> PathBuf {
        let name = Digest::of(folder.as_os_str().as_encoded_bytes()).to_string();
        self.state.join(kind).join(&name[..32])
    }

    /// Which vault a folder holds.
    fn folder_pin(&self, folder: &Path) -> PathBuf {
        self.of_folder("folders", folder)
    }

    /// The pins of a vault in a folder: `None` at the first use.
    ///
    /// # Errors
    /// [`FilesError`]; inside, [`PinError`].
    pub fn read(
        &self,
        folder: &Path,
        vault: &[u8; 16],
    ) -> Result<Result<Option<Pins>, PinError>, FilesError> {
        // What this folder held at the last use counts first: its id is ours, not the vault's.
        let by_folder = self.folder_pin(folder);
        let known = match self.files.kind(&by_folder)? {
            Some(Kind::File) => {
                let text = self.files.read(&by_folder, 64)?;
                Some(String::from_utf8_lossy(&text).trim().to_owned())
            }
            _ => None,
        };
        let here = HEXLOWER.encode(vault);
        let file = self
            .state
            .join(known.as_ref().unwrap_or(&here))
            .join("pins.toml");
        if self.files.kind(&file)?.is_none() {
            return Ok(Ok(None));
        }
        let text = self.files.read(&file, MAX_PINS)?;
        let pins = std::str::from_utf8(&text)
            .map_err(|_| "not text".to_owned())
            .and_then(|text| toml::from_str::<Pins>(text).map_err(|e| e.message().to_owned()));
        Ok(pins.map(Some).map_err(PinError::Damaged))
    }

    /// What this machine remembers of a vault of this key, wherever it lies.
    ///
    /// # Errors
    /// [`FilesError`].
    pub fn of_key(&self, key: &Fingerprint) -> Result<Option<Pins>, FilesError> {
        if self.files.kind(self.state)? != Some(Kind::Folder) {
            return Ok(None);
        }
        for entry in self.files.list(self.state)? {
            let file = self.state.join(&entry.name).join("pins.toml");
            if entry.kind != Kind::Folder || self.files.kind(&file)? != Some(Kind::File) {
                continue;
            }
            let text = self.files.read(&file, MAX_PINS)?;
            let pins = std::str::from_utf8(&text)
                .ok()
                .and_then(|text| toml::from_str::<Pins>(text).ok());
            let pins = pins.filter(|pins| pins.key().is_ok_and(|known| known == *key));
            if pins.is_some() {
                return Ok(pins);
            }
        }
        Ok(None)
    }

    /// Writes the pins of the vault in this folder.
    ///
    /// # Errors
    /// [`FilesError`].
    pub fn write(
        &self,
        folder: &Path,
        vault: &[u8; 16],
        pins: &Pins,
        random: &dyn Random,
    ) -> Result<(), FilesError> {
        self.stage(folder, vault, pins, random)?.place()
    }

    /// Writes the pins beside their place.
    ///
    /// # Errors
    /// [`FilesError`].
    pub fn stage(
        &self,
        folder: &Path,
        vault: &[u8; 16],
        pins: &Pins,
        random: &dyn Random,
    ) -> Result<Staged<'a>, FilesError> {
        let own = self.vault_folder(vault);
        let by_folder = self.folder_pin(folder);
        let text = toml::to_string(pins).unwrap_or_default();
        let mut batch = Batch::new()
            .folder_within(self.state, 0o700)
            .folder(self.state.join("folders"), 0o700)
            .folder(&own, 0o700)
            .replace(own.join("pins.toml"), text.into_bytes(), 0o600);
        // Which vault a folder is changes once; forcing it to the disk anew would cost as much as the pins.
        let id = HEXLOWER.encode(vault).into_bytes();
        let known = self.files.read(&by_folder, id.len());
        if !known.is_ok_and(|known| *known == id) {
            batch = batch.replace(by_folder, id, 0o600);
        }
        batch.stage(self.files, random)
    }
}

impl Pins {
    /// Of a manifest that has just been accepted.
    #[must_use]
    pub fn of(signed: &SignedManifest, me: Option<&Name>) -> Self {
        Self {
            fingerprint: signed.manifest().fingerprint.to_hex(),
            generation: generation(signed),
            manifest: signed.digest().to_string(),
            me: me.map(ToString::to_string),
            identity: None,
            seen: Vec::new(),
        }
    }

    /// The pins of a vault as a text for another machine, without who sits here.
    #[must_use]
    pub fn export(&self, vault: &[u8; 16]) -> String {
        let exported = Exported {
            vault: HEXLOWER.encode(vault),
            fingerprint: self.fingerprint.clone(),
            generation: self.generation,
            manifest: self.manifest.clone(),
            seen: self.seen.clone(),
        };
        format!("{HEAD}{}", toml::to_string(&exported).unwrap_or_default())
    }

    /// Reads [`Pins::export`]: the vault's id and the pins.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn import(file: &[u8]) -> Result<([u8; 16], Self), String> {
        let text = std::str::from_utf8(file).map_err(|_| "not a text".to_owned())?;
        let text = text.replace("\r\n", "\n");
        let body = text.strip_prefix(HEAD).ok_or("another first line")?;
        let exported: Exported = toml::from_str(body).map_err(|e| e.message().to_owned())?;
        let vault = HEXLOWER
            .decode(exported.vault.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or("no vault id")?;
        let is_one = |name: &String| {
            let kinds = [
                "minutes ",
                "result ",
                "withdrawal ",
                "drill-withdrawal ",
                "revocation ",
            ];
            let digest = kinds.iter().find_map(|kind| name.strip_prefix(kind));
            digest.is_some_and(|hex| HEXLOWER.decode(hex.as_bytes()).is_ok_and(|d| d.len() == 32))
        };
        if !exported.seen.iter().all(is_one) {
            return Err("something seen that is no digest".to_owned());
        }
        let pins = Self {
            fingerprint: exported.fingerprint,
            generation: exported.generation,
            manifest: exported.manifest,
            me: None,
            identity: None,
            seen: exported.seen,
        };
        pins.key().map_err(|error| error.to_string())?;
        Ok((vault, pins))
    }

    /// With all that another machine remembers of the same vault; both fit the manifest at hand.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        for name in &other.seen {
            if !self.seen.contains(name) {
                self.seen.push(name.clone());
            }
        }
        if other.generation > self.generation {
            self.generation = other.generation;
            self.manifest = other.manifest.clone();
        }
        self
    }

    /// Takes over what a manifest that passed [`Pins::check`] says: the same, or what follows.
    pub fn advance(&mut self, signed: &SignedManifest) {
        self.generation = generation(signed);
        self.manifest = signed.digest().to_string();
    }

    /// The pinned fingerprint.
    ///
    /// # Errors
    /// [`PinError::Damaged`].
    pub fn key(&self) -> Result<Fingerprint, PinError> {
        self.fingerprint
            .parse()
            .map_err(|_| PinError::Damaged("the fingerprint".into()))
    }

    /// Is this the manifest that is remembered, or one that follows it?
    ///
    /// # Errors
    /// [`PinError`].
    pub fn check(&self, signed: &SignedManifest) -> Result<(), PinError> {
        let found = signed.manifest().fingerprint.to_hex();
        if found != self.fingerprint {
            return Err(PinError::OtherKey {
                known: self.fingerprint.clone(),
                found,
            });
        }
        let found = generation(signed);
        if found < self.generation {
            return Err(PinError::Older {
                known: self.generation,
                found,
            });
        }
        let digest = signed.digest().to_string();
        if found == self.generation && digest != self.manifest {
            return Err(PinError::Forked {
                known: self.manifest.clone(),
                found: digest,
            });
        }
        Ok(())
    }
}

fn generation(signed: &SignedManifest) -> u32 {
    signed
        .manifest()
        .sets()
        .iter()
        .map(|set| set.generation.get())
        .max()
        .unwrap_or(0)
}
