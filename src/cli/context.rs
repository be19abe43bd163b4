//! What commands share: the vault that is meant, who types, how an own share is opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use quorate_share::{Kind, find_all};
use sequoia_openpgp::Fingerprint;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::report::{self, Exit, Failure, path};
use super::{Common, Identity};
use crate::ceremony::approval::{Approval, MAX_APPROVAL};
use crate::ceremony::explain;
use crate::ceremony::minutes::{MAX_MINUTES, Minutes};
use crate::ceremony::outcome::{MAX_OUTCOME, Outcome, OutcomeError};
use crate::ceremony::request::{MAX_REQUEST, RequestError, VerifiedRequest};
use crate::openpgp::manifest_signature::primary_of;
use crate::roster::age_file::OpenError;
use crate::roster::name::Name;
use crate::roster::opening::{AgeIdentity, IdentityFile};
use crate::roster::sealed_share::SealedShare;
use crate::session::harden::harden_front;
use crate::vault::force::Force;
use crate::vault::manifest::{
    Dealt, MAX_MANIFEST, Manifest, Member, Seal, ShareSet, SignedManifest,
};
use crate::vault::pins::{PinError, PinStore, Pins};
use crate::vault::receipt::{MAX_RECEIPT, Receipt};
use crate::vault::record::Digest;
use crate::vault::render::kind_word;
use crate::world::{
    Batch, Fault, Files, FilesError, Kind as FileKind, LockGuard, SafeText, World, gpg,
    sweep_temporaries,
};

const MAX_SEALED: usize = 256 << 10;
const MAX_OPENED: usize = 64 << 10;
const MAX_IDENTITY: usize = 1 << 20;
const MAX_FILE: usize = 16 << 20;
/// What git must not take.
const IGNORED: &str = "/out/\n/.quorate.lock\n.quorate-tmp-*\n*.submission\n";

/// The world and the common options.
pub(super) struct Context<'w> {
    pub world: World<'w>,
    common: Common,
}

/// A vault that this machine accepts.
pub(super) struct Opened {
    pub folder: PathBuf,
    pub bytes: Vec<u8>,
    pub signed: SignedManifest,
    pub evidence: Evidence,
    /// When it was opened: evidence dated more than a day later isn't counted.
    pub now: crate::world::Timestamp,
    me: Option<Name>,
    identity: Option<PathBuf>,
}

/// The evidence files of a vault: relative path and bytes.
#[derive(Default)]
pub(super) struct Evidence {
    pub receipts: Vec<(PathBuf, Zeroizing<Vec<u8>>)>,
    pub requests: Vec<(PathBuf, Zeroizing<Vec<u8>>)>,
    pub approvals: Vec<(PathBuf, Zeroizing<Vec<u8>>)>,
    pub results: Vec<(PathBuf, Zeroizing<Vec<u8>>)>,
    pub minutes: Vec<(PathBuf, Zeroizing<Vec<u8>>)>,
    /// Files that could not be read, and why.
    pub unreadable: Vec<String>,
}

/// A request that was looked up.
pub(super) struct Found {
    pub id: String,
    pub file: Zeroizing<Vec<u8>>,
    pub verified: VerifiedRequest,
}

/// An own sealed share, opened and checked.
pub(super) struct OwnShare<'m> {
    pub sealed: SealedShare,
    pub dealt: &'m Dealt,
}

impl<'w> Context<'w> {
    pub(super) fn new(world: World<'w>, common: Common) -> Self {
        Self { world, common }
    }

    /// What was asked for.
    pub(super) fn say(&self, text: &str) {
        self.world.terminal.say(text);
    }

    /// Advice, which `--quiet` leaves out.
    pub(super) fn advise(&self, text: &str) {
        if !self.common.quiet {
            self.world.terminal.say(text);
        }
    }

    pub(super) fn note(&self, text: &str) {
        self.world.terminal.note(text);
    }

    pub(super) fn warn(&self, text: &str) {
        self.world
            .terminal
            .note(&format!("quorate: warning: {text}"));
    }

    /// The git lines to type.
    pub(super) fn share_by_git(&self, files: &str, message: &str) {
        let message = message.replace('\'', "");
        self.advise("");
        self.advise("to share it:");
        self.advise(&format!("  git add {files}"));
        self.advise(&format!("  git commit -m '{message}' && git push"));
    }

    /// The folder that `init` and `create` work in.
    pub(super) fn new_folder(&self) -> PathBuf {
        match &self.common.vault {
            Some(folder) => self.world.surroundings.resolve(folder),
            None => self.world.surroundings.current_dir.clone(),
        }
    }

    /// The nearest folder with a vault.toml, from here or from `--vault`.
    fn folder(&self) -> Result<PathBuf, Failure> {
        let start = self.new_folder();
        let candidates: Vec<&Path> = match self.common.vault {
            Some(_) => vec![&start],
            None => start.ancestors().collect(),
        };
        for folder in candidates {
            if self.world.files.kind(&folder.join("vault.toml"))? == Some(FileKind::File) {
                return Ok(folder.to_owned());
            }
        }
        Err(Failure::new(
            Exit::Usage,
            format!("there is no vault in {}", path(&start)),
        )
        .fact("a vault is a folder with a vault.toml")
        .next("cd into it, or name it: --vault DIR; to make one: quorate init"))
    }

    /// This machine's memory.
    fn state(&self) -> Result<&Path, Failure> {
        self.world.surroundings.state.as_deref().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "no home directory: what this machine knows has no place",
            )
            .next("set HOME, or XDG_STATE_HOME to a folder of yours")
        })
    }

    fn pins(&self) -> Result<PinStore<'_>, Failure> {
        Ok(PinStore::new(self.world.files, self.state()?))
    }

    fn expected_key(&self) -> Result<Option<Fingerprint>, Failure> {
        let Some(text) = &self.common.key else {
            return Ok(None);
        };
        let compact: String = text.split_whitespace().collect();
        match compact.parse::<Fingerprint>() {
            Ok(fingerprint) if compact.len() == 40 || compact.len() == 64 => Ok(Some(fingerprint)),
            _ => Err(Failure::new(Exit::Usage, "--key wants a whole fingerprint")
                .fact("40 hexadecimal digits; spaces may be left in if it is quoted")),
        }
    }

    /// The manifest's bytes, and what it says if its own key signed it.
    fn manifest(&self, folder: &Path) -> Result<(Vec<u8>, SignedManifest), Failure> {
        let bytes = self
            .world
            .files
            .read(&folder.join("vault.toml"), MAX_MANIFEST)?
            .to_vec();
        let signed = SignedManifest::read_unpinned(&bytes).map_err(|error| {
            Failure::new(Exit::Forged, "vault.toml is not what the key signed")
                .fact(SafeText::limited(&error.to_string(), 300).to_string())
                .next("git status; git checkout vault.toml; compare with another root's copy")
        })?;
        Ok((bytes, signed))
    }

    /// The vault for a root: pinned, or pinned now after the question of the first use.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        let folder = self.folder()?;
        let (bytes, signed) = self.manifest(&folder)?;
        let store = self.pins()?;
        let vault = signed.vault_id;
        let damaged = |error: &PinError| pin_failure(error, &folder);
        let mut pins = match store.read(&folder, &vault)?.map_err(|e| damaged(&e))? {
            Some(pins) => {
                pins.check(&signed).map_err(|e| damaged(&e))?;
                self.compare(&signed, &folder)?;
                pins
            }
            None => {
                self.first_use(&signed, &folder)?;
                let pins = Pins::of(&signed, None);
                store.write(&folder, &vault, &pins, self.world.random)?;
                pins
            }
        };
        if let Some(name) = &self.common.me {
            let name = self.member_name(&signed, name)?;
            if pins.me.as_deref() != Some(name.as_str()) {
                pins.me = Some(name.to_string());
                store.write(&folder, &vault, &pins, self.world.random)?;
            }
        }
        let me = pins.me.as_deref().and_then(|name| Name::parse(name).ok());
        let identity = pins.identity.clone().map(PathBuf::from);
        let evidence = Evidence::read(self.world.files, &folder)?;
        for file in &evidence.unreadable {
            self.warn(&format!("{file}; it is left aside"));
        }
        Ok(Opened {
            folder,
            bytes,
            signed,
            evidence,
            now: self.world.clock.now(),
            me,
            identity,
        })
    }

    /// The vault for anybody: compared with `--key` if given, not pinned.
    pub(super) fn open_unpinned(&self) -> Result<Opened, Failure> {
        let folder = self.folder()?;
        let (bytes, signed) = self.manifest(&folder)?;
        self.compare(&signed, &folder)?;
        let evidence = Evidence::read(self.world.files, &folder)?;
        Ok(Opened {
            folder,
            bytes,
            signed,
            evidence,
            now: self.world.clock.now(),
            me: None,
            identity: None,
        })
    }

    /// Did `--key` name this very key?
    fn compare(&self, signed: &SignedManifest, folder: &Path) -> Result<bool, Failure> {
        match self.expected_key()? {
            None => Ok(false),
            Some(expected) if expected == signed.fingerprint => Ok(true),
            Some(expected) => Err(Failure::new(
                Exit::Forged,
                format!(
                    "the vault in {} is of another key than the one that you named",
                    path(folder)
                ),
            )
            .fact(format!("named  {}", explain::fingerprint(&expected)))
            .fact(format!(
                "there  {}",
                explain::fingerprint(&signed.fingerprint)
            ))
            .next("ask the others by voice which one is right")),
        }
    }

    fn first_use(&self, signed: &SignedManifest, folder: &Path) -> Result<(), Failure> {
        if self.compare(signed, folder)? {
            return Ok(());
        }
        if !self.world.terminal.is_interactive() {
            return Err(Failure::new(Exit::Usage, "this machine sees this key for the first time")
                .fact("somebody has to compare its fingerprint, and there is no terminal to ask at")
                .next("give it as you know it by voice or paper: --key FINGERPRINT"));
        }
        self.say(
            "This machine sees this key for the first time. Compare it with what you know by voice",
        );
        self.say("or on paper, not with this folder:");
        self.say(&format!("  {}", explain::fingerprint(&signed.fingerprint)));
        let answer = self.world.terminal.ask("The same? Type yes: ")?;
        if answer.trim() != "yes" {
            return Err(Failure::new(Exit::Failed, "not accepted").fact("nothing was changed"));
        }
        self.say("remembered; anything older than this, or other, is refused here from now on");
        Ok(())
    }

    /// A name that must be on the roster.
    fn member_name(&self, manifest: &Manifest, text: &str) -> Result<Name, Failure> {
        let name = Name::parse(text.trim())
            .ok()
            .filter(|name| manifest.member(name).is_some());
        name.ok_or_else(|| {
            let names: Vec<String> = manifest.roster.iter().map(|m| m.name.to_string()).collect();
            Failure::new(
                Exit::Usage,
                format!("'{}' isn't on the roster", SafeText::new(text)),
            )
            .fact(format!("it has: {}", names.join(", ")))
        })
    }

    /// Who types: as remembered, as said by `--as`, or asked now.
    pub(super) fn me(&self, opened: &Opened) -> Result<Name, Failure> {
        if let Some(me) = &opened.me {
            return Ok(me.clone());
        }
        let names: Vec<String> = opened.roster.iter().map(|m| m.name.to_string()).collect();
        if !self.world.terminal.is_interactive() {
            return Err(Failure::new(Exit::Usage, "who are you in the roster?")
                .next(format!("--as NAME, one of {}", names.join(", "))));
        }
        let answer = self
            .world
            .terminal
            .ask(&format!("Who are you ({})? ", names.join(", ")))?;
        let me = self.member_name(opened.manifest(), &answer)?;
        let mut pins = Pins::of(&opened.signed, Some(&me));
        pins.identity = opened
            .identity
            .as_ref()
            .map(|p| p.to_string_lossy().into_owned());
        self.pins()?
            .write(&opened.folder, &opened.vault_id, &pins, self.world.random)?;
        Ok(me)
    }

    /// Who creates: a name of the config.
    pub(super) fn roster_name<'n>(
        &self,
        names: impl Iterator<Item = &'n Name>,
    ) -> Result<Name, Failure> {
        let names: Vec<&Name> = names.collect();
        let list = names
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        let text = match &self.common.me {
            Some(name) => name.clone(),
            None => self
                .world
                .terminal
                .ask(&format!("Who are you ({list})? "))?,
        };
        let found = names
            .into_iter()
            .find(|name| name.as_str() == text.trim())
            .cloned();
        found.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("'{}' isn't in team.toml", SafeText::new(&text)),
            )
            .fact(format!("it has: {list}"))
        })
    }

    /// Pins a vault that was made here.
    pub(super) fn remember_new(
        &self,
        folder: &Path,
        signed: &SignedManifest,
        me: &Name,
    ) -> Result<(), Failure> {
        let pins = Pins::of(signed, Some(me));
        self.pins()?
            .write(folder, &signed.vault_id, &pins, self.world.random)?;
        Ok(())
    }

    /// The vault's lock, with the leftovers of a killed command swept away.
    pub(super) fn lock(&self, folder: &Path) -> Result<LockGuard, Failure> {
        let guard = self.world.files.lock(&folder.join(".quorate.lock"))?;
        let mut swept = 0;
        for sub in [
            "",
            "receipts",
            "requests",
            "approvals",
            "results",
            "minutes",
            "out",
            "sealed/master.1",
            "sealed/revocation.1",
        ] {
            let folder = folder.join(sub);
            if self.world.files.kind(&folder)? == Some(FileKind::Folder) {
                swept += sweep_temporaries(self.world.files, &folder)?;
            }
        }
        if swept > 0 {
            self.note(&format!(
                "an earlier command was stopped in the middle; its {swept} unfinished file(s) were removed"
            ));
        }
        Ok(guard)
    }

    /// Puts evidence into the vault, under its lock, durably; the last file makes the rest valid.
    pub(super) fn write(
        &self,
        opened: &Opened,
        files: Vec<(PathBuf, Vec<u8>)>,
    ) -> Result<(), Failure> {
        let _lock = self.lock(&opened.folder)?;
        let mut batch = Batch::new();
        for (relative, _) in &files {
            if let Some(parent) = relative.parent() {
                let parent = opened.folder.join(parent);
                if matches!(self.world.files.kind(&parent)?, Some(kind) if kind != FileKind::Folder)
                {
                    return Err(Failure::new(
                        Exit::Forged,
                        format!("{} isn't a folder", path(&parent)),
                    )
                    .next("git checkout; a vault has no links"));
                }
                batch = batch.folder(parent, 0o755);
            }
        }
        for (relative, bytes) in files {
            batch = batch.replace(opened.folder.join(relative), bytes, 0o644);
        }
        batch.commit(self.world.files, self.world.random)?;
        Ok(())
    }

    /// `.gitignore`, with what stood there before.
    pub(super) fn gitignore(&self, folder: &Path) -> Result<Vec<u8>, Failure> {
        let file = folder.join(".gitignore");
        let mut text = match self.world.files.kind(&file)? {
            Some(FileKind::File) => self.world.files.read(&file, MAX_OPENED)?.to_vec(),
            _ => Vec::new(),
        };
        for line in IGNORED.lines() {
            if !text
                .split(|b| *b == b'\n')
                .any(|there| there == line.as_bytes())
            {
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
            }
        }
        Ok(text)
    }

    /// Refuses unless the share set is in force.
    pub(super) fn needs_force(&self, opened: &Opened, kind: Kind) -> Result<(), Failure> {
        let force = opened.force(kind, self.world.clock.now())?;
        if force.is_in_force() {
            return Ok(());
        }
        let missing: Vec<String> = force.missing.iter().map(ToString::to_string).collect();
        Err(
            Failure::new(Exit::Quorum, "the key is waiting for receipts")
                .fact(format!("missing: {}", missing.join(", ")))
                .next("each of them: quorate share receipt"),
        )
    }

    /// Version and digest of this program, as requests and minutes name it.
    pub(super) fn program(&self) -> Result<String, Failure> {
        let digest = self.world.programs.own_digest().map_err(|error| {
            Failure::new(
                Exit::Failed,
                format!("this program can't read itself: {error}"),
            )
        })?;
        Ok(format!(
            "quorate {} sha256 {}",
            env!("CARGO_PKG_VERSION"),
            Digest::from(digest)
        ))
    }

    /// Opens the own share of a set and checks it against the manifest.
    pub(super) fn open_own<'m>(
        &self,
        opened: &'m Opened,
        me: &Name,
        kind: Kind,
        identity: &Identity,
    ) -> Result<OwnShare<'m>, Failure> {
        harden_front();
        let dealt = opened.set(kind)?.of(me).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("{me} holds no share of the {} set", kind_word(kind)),
            )
        })?;
        let file = opened.folder.join(&dealt.sealed);
        let sealed = self.world.files.read(&file, MAX_SEALED)?;
        if <[u8; 32]>::from(Sha256::digest(&sealed)) != dealt.sealed_sha256 {
            return Err(Failure::new(
                Exit::Forged,
                format!("{} isn't the file that was dealt", path(&file)),
            )
            .fact("its digest differs from the one that the key signed; it was not opened")
            .next(format!("git checkout {}", dealt.sealed)));
        }
        let text = self.decrypt_as(opened, me, &file, &sealed, identity)?;
        let not_true = |what: &str| {
            Failure::new(Exit::Forged, format!("{} opens, but {what}", path(&file)))
                .fact("who dealt it made a mistake, or lied")
                .next("tell the others before anybody uses this key")
        };
        let own = SealedShare::parse(&text).map_err(|e| not_true(&e.to_string()))?;
        if *own.holder_key.public() != dealt.holder_key {
            return Err(not_true(
                "the key in it isn't the holder key in the manifest",
            ));
        }
        for (text, commitment, wanted) in [
            (&own.share_text, &dealt.commitment, kind),
            (
                &own.practice_text,
                &dealt.practice_commitment,
                kind.practice(),
            ),
        ] {
            let mut shares =
                find_all(text.as_bytes()).map_err(|_| not_true("a share in it can't be read"))?;
            let share = shares.pop().ok_or_else(|| not_true("a share is missing"))?;
            if share.header().kind != wanted || share.seat() != dealt.seat {
                return Err(not_true(
                    "a share in it is another one than the one that was dealt",
                ));
            }
            commitment
                .check(share)
                .map_err(|_| not_true("a share in it isn't the one that was dealt"))?;
        }
        Ok(OwnShare { sealed: own, dealt })
    }

    /// Decrypts what is sealed to a member: through gpg, or with an age identity file.
    fn decrypt_as(
        &self,
        opened: &Opened,
        me: &Name,
        file: &Path,
        sealed: &[u8],
        identity: &Identity,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let text = self.decrypt(opened, file, sealed, identity)?;
        if let (Some(given), Seal::Age(_)) = (&identity.identity, &opened.member(me)?.seal) {
            self.remember_identity(opened, given)?;
        }
        Ok(text)
    }

    /// The identity's path, kept with the pins, so that it needn't be typed again.
    fn remember_identity(&self, opened: &Opened, given: &Path) -> Result<(), Failure> {
        let full = self.world.surroundings.resolve(given);
        if opened.identity.as_ref() == Some(&full) {
            return Ok(());
        }
        let mut pins = Pins::of(&opened.signed, opened.me.as_ref());
        if pins.me.is_none() {
            return Ok(());
        }
        pins.identity = full.to_str().map(str::to_owned);
        self.pins()?
            .write(&opened.folder, &opened.vault_id, &pins, self.world.random)?;
        Ok(())
    }

    /// Decrypts an armored file: age by identity file, OpenPGP through gpg.
    /// The identity file is the given one, or the one that was given before.
    pub(super) fn decrypt(
        &self,
        opened: &Opened,
        file: &Path,
        sealed: &[u8],
        identity: &Identity,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        if !sealed.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
            return gpg::decrypt(self.world.programs, sealed).map_err(|e| report::gpg(file, &e));
        }
        let Some(identity) = identity.identity.as_ref().or(opened.identity.as_ref()) else {
            return Err(Failure::new(
                Exit::Usage,
                format!("{} is sealed to an age key", path(file)),
            )
            .next("name your identity file: -i FILE"));
        };
        let full = self.world.surroundings.resolve(identity);
        let bytes = self.world.files.read(&full, MAX_IDENTITY)?;
        let unusable = |what: String| {
            Failure::new(
                Exit::Usage,
                format!("{} can't be used: {what}", path(identity)),
            )
        };
        let identity = match AgeIdentity::from_file(&bytes).map_err(|e| unusable(e.to_string()))? {
            IdentityFile::Open(identity) => identity,
            IdentityFile::NeedsPassphrase(locked) => {
                let prompt = format!("passphrase of {} (not shown): ", path(identity));
                let passphrase = self.world.terminal.ask_secret(&prompt)?;
                locked
                    .unlock(passphrase.as_bytes())
                    .map_err(|e| unusable(e.to_string()))?
            }
        };
        identity
            .open(sealed, MAX_OPENED)
            .map_err(|error| match error {
                OpenError::NotForThisIdentity => Failure::new(
                    Exit::Failed,
                    format!("{} is sealed to another key", path(file)),
                )
                .next("name the identity file that belongs to your recipient: -i FILE"),
                other => Failure::new(Exit::Forged, format!("{}: {other}", path(file))),
            })
    }

    /// Where the secrets of an own request lie on this machine.
    pub(super) fn desk(&self, opened: &Opened, request: &Digest) -> Result<Desk, Failure> {
        let vault = self.pins()?.vault_folder(&opened.vault_id);
        let folder = vault.join("requests").join(&request.to_string()[..16]);
        Ok(Desk {
            inbox: folder.join("inbox"),
            targets: folder.join("targets"),
            one_time: folder.join("one-time"),
            parents: vec![vault.clone(), vault.join("requests")],
            folder,
        })
    }
}

fn pin_failure(error: &PinError, folder: &Path) -> Failure {
    let here = path(folder);
    match error {
        PinError::OtherKey { known, found } => Failure::new(
            Exit::Forged,
            format!("{here} holds another key than this machine knows"),
        )
        .fact(format!("known  {known}"))
        .fact(format!("there  {found}")),
        PinError::Older { known, found } => Failure::new(
            Exit::Forged,
            format!("{here} is older than what this machine has seen"),
        )
        .fact(format!("generation seen {known}, here {found}")),
        PinError::Forked { known, found } => Failure::new(
            Exit::Forged,
            format!("{here} has another manifest than this machine knows"),
        )
        .fact(format!("known  {known}"))
        .fact(format!("there  {found}")),
        PinError::Damaged(why) => {
            return Failure::new(
                Exit::Failed,
                format!("this machine's memory of {here} is damaged: {why}"),
            )
            .next("move the state directory away; the fingerprint has to be compared anew");
        }
    }
    .next("git pull; if this stays, call another root before you answer anything")
}

/// The folder of one own request on the operator's machine: never in the vault.
pub(super) struct Desk {
    folder: PathBuf,
    parents: Vec<PathBuf>,
    pub inbox: PathBuf,
    pub targets: PathBuf,
    pub one_time: PathBuf,
}

impl Desk {
    /// All folders, outermost first.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let mut folders = self.parents.clone();
        folders.extend([
            self.folder.clone(),
            self.inbox.clone(),
            self.targets.clone(),
        ]);
        folders
    }

    /// Is the one-time key here?
    pub(super) fn is_there(&self, files: &dyn Files) -> Result<bool, FilesError> {
        Ok(files.kind(&self.one_time)?.is_some())
    }

    /// The stored certificates: name, armored, path.
    pub(super) fn targets(
        &self,
        files: &dyn Files,
    ) -> Result<Vec<(String, bool, PathBuf)>, FilesError> {
        if files.kind(&self.targets)? != Some(FileKind::Folder) {
            return Ok(Vec::new());
        }
        let entries = files.list(&self.targets)?;
        Ok(entries
            .iter()
            .filter_map(|entry| {
                let name = entry.name.to_str()?;
                let mut parts = name.splitn(3, '.');
                let (_, form, rest) = (parts.next()?, parts.next()?, parts.next()?);
                Some((
                    rest.to_owned(),
                    form == "asc",
                    self.targets.join(&entry.name),
                ))
            })
            .collect())
    }

    /// Deletes one-time key and submissions, the key first; says how many files went. The public
    /// certificates stay, so that `perform` can write its files again.
    pub(super) fn clear(&self, files: &dyn Files) -> Result<usize, FilesError> {
        let mut count = 0;
        if self.is_there(files)? {
            files.remove(&self.one_time)?;
            count += 1;
        }
        if files.kind(&self.inbox)? == Some(FileKind::Folder) {
            for entry in files.list(&self.inbox)? {
                files.remove(&self.inbox.join(&entry.name))?;
                count += 1;
            }
        }
        Ok(count)
    }
}

impl Evidence {
    /// Reads all evidence. A file that is too big, or may not be read, is named and left aside: it
    /// mustn't keep people from working.
    fn read(files: &dyn Files, folder: &Path) -> Result<Self, FilesError> {
        let mut unreadable = Vec::new();
        let mut read = |sub: &str, extension: &str, limit: usize| {
            let mut found = Vec::new();
            let dir = folder.join(sub);
            if files.kind(&dir)? == Some(FileKind::Folder) {
                for entry in files.list(&dir)? {
                    let text = entry.text();
                    if entry.kind == FileKind::File
                        && text.is_some_and(|name| name.ends_with(extension))
                    {
                        let relative = Path::new(sub).join(&entry.name);
                        match files.read(&folder.join(&relative), limit) {
                            Ok(bytes) => found.push((relative, bytes)),
                            Err(FilesError {
                                fault: fault @ (Fault::TooBig { .. } | Fault::Denied),
                                ..
                            }) => unreadable.push(format!("{}: {fault}", path(&relative))),
                            Err(other) => return Err(other),
                        }
                    }
                }
            }
            Ok::<_, FilesError>(found)
        };
        Ok(Self {
            receipts: read("receipts", ".receipt", MAX_RECEIPT)?,
            requests: read("requests", ".request", MAX_REQUEST)?,
            approvals: read("approvals", ".approval", MAX_APPROVAL)?,
            results: read("results", ".result", MAX_OUTCOME)?,
            minutes: read("minutes", ".minutes", MAX_MINUTES)?,
            unreadable,
        })
    }
}

impl std::ops::Deref for Opened {
    type Target = Manifest;

    fn deref(&self) -> &Manifest {
        self.signed.manifest()
    }
}

impl Opened {
    pub(super) fn manifest(&self) -> &Manifest {
        self.signed.manifest()
    }

    pub(super) fn remembered_me(&self) -> Option<&Name> {
        self.me.as_ref()
    }

    pub(super) fn set(&self, kind: Kind) -> Result<&ShareSet, Failure> {
        self.manifest()
            .set(kind)
            .ok_or_else(|| Failure::new(Exit::Forged, "vault.toml has no such share set"))
    }

    pub(super) fn member(&self, name: &Name) -> Result<&Member, Failure> {
        self.manifest()
            .member(name)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("{name} isn't on the roster")))
    }

    /// A file of the vault.
    pub(super) fn read(&self, files: &dyn Files, relative: &str) -> Result<Vec<u8>, Failure> {
        let file = self.folder.join(relative);
        let bytes = files.read(&file, MAX_FILE)?;
        Ok(bytes.to_vec())
    }

    /// What receipts come to, the damaged ones left aside.
    pub(super) fn force(&self, kind: Kind, now: crate::world::Timestamp) -> Result<Force, Failure> {
        let receipts: Vec<Receipt> = self
            .evidence
            .receipts
            .iter()
            .filter_map(|(_, file)| Receipt::read(file, self.manifest()).ok())
            .collect();
        Ok(Force::of(self.set(kind)?, &receipts, now))
    }

    /// The id of a request in its file's name.
    fn id_of(relative: &Path) -> String {
        relative
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// Looks a request up by its id, or the beginning of it, and verifies it.
    pub(super) fn request(&self, wanted: &str) -> Result<Found, Failure> {
        let wanted = wanted.trim();
        let wanted = wanted.strip_suffix(".request").unwrap_or(wanted);
        let wanted = wanted.rsplit('/').next().unwrap_or(wanted);
        let is_id = wanted.len() >= 4 && wanted.bytes().all(|b| b.is_ascii_hexdigit());
        let mut matching = self
            .evidence
            .requests
            .iter()
            .filter(|(relative, _)| is_id && Self::id_of(relative).starts_with(wanted));
        let (Some((relative, file)), more) = (matching.next(), matching.next()) else {
            let ids: Vec<String> = self
                .evidence
                .requests
                .iter()
                .map(|(r, _)| Self::id_of(r))
                .collect();
            let here = if ids.is_empty() {
                "none".to_owned()
            } else {
                ids.join(", ")
            };
            return Err(Failure::new(
                Exit::Usage,
                format!("there is no request {}", SafeText::new(wanted)),
            )
            .fact(format!("requests here: {}", SafeText::limited(&here, 400)))
            .next("git pull"));
        };
        if more.is_some() {
            return Err(
                Failure::new(Exit::Usage, format!("several requests begin with {wanted}"))
                    .next("type more of the id"),
            );
        }
        let id = Self::id_of(relative);
        let verified = VerifiedRequest::read(file, self.manifest())
            .map_err(|error| report::request(&id, &error))?;
        if !verified.digest().to_string().starts_with(&id) {
            return Err(Failure::new(
                Exit::Forged,
                format!("requests/{id}.request is another request"),
            )
            .fact(format!("its contents are {}", verified.digest().short()))
            .next("git checkout requests"));
        }
        Ok(Found {
            id,
            file: file.clone(),
            verified,
        })
    }

    /// All requests: those that verify, and what is wrong with the others.
    pub(super) fn requests(&self) -> Vec<Result<Found, (String, RequestError)>> {
        self.evidence
            .requests
            .iter()
            .map(|(relative, file)| {
                let id = Self::id_of(relative);
                match VerifiedRequest::read(file, self.manifest()) {
                    Ok(verified) => Ok(Found {
                        id,
                        file: file.clone(),
                        verified,
                    }),
                    Err(error) => Err((id, error)),
                }
            })
            .collect()
    }

    /// Seven digits, or more if another request begins with the same.
    pub(super) fn new_request_id(
        &self,
        files: &dyn Files,
        digest: &Digest,
    ) -> Result<String, Failure> {
        let text = digest.to_string();
        for length in [7, 16] {
            let name = format!("requests/{}.request", &text[..length]);
            if files.kind(&self.folder.join(name))?.is_none() {
                return Ok(text[..length].to_owned());
            }
        }
        Err(Failure::new(
            Exit::Failed,
            "this very request is open already",
        ))
    }

    /// The valid approvals of a request, one per holder.
    pub(super) fn approvals(&self, found: &Found) -> Vec<(Approval, PathBuf)> {
        let mut list: Vec<(Approval, PathBuf)> = Vec::new();
        for (relative, file) in &self.evidence.approvals {
            let Ok(approval) = Approval::read(file, self.manifest(), &found.verified, self.now)
            else {
                continue;
            };
            if !list
                .iter()
                .any(|(other, _)| other.holder == approval.holder)
            {
                list.push((approval, relative.clone()));
            }
        }
        list.sort_by_key(|(approval, _)| approval.signed);
        list
    }

    /// The holder of an approval that came in a submission.
    pub(super) fn holder_of(&self, file: &[u8], found: &Found) -> Result<Name, Failure> {
        Approval::read(
            file,
            self.manifest(),
            &found.verified,
            crate::world::Timestamp::LATEST,
        )
        .map(|approval| approval.holder)
        .map_err(|error| Failure::new(Exit::Forged, format!("an approval is damaged: {error}")))
    }

    /// The recorded result of a request, checked; `None` if there is none.
    pub(super) fn outcome(&self, found: &Found) -> Result<Option<Outcome>, Failure> {
        let name = PathBuf::from(format!("results/{}.result", found.id));
        let Some((_, file)) = self.evidence.results.iter().find(|(path, _)| *path == name) else {
            return Ok(None);
        };
        let primary = primary_of(self.manifest().certificate.as_bytes())
            .map_err(|error| Failure::new(Exit::Forged, error.to_string()))?;
        Outcome::read(file, &found.verified, &primary)
            .map(Some)
            .map_err(|error: OutcomeError| {
                Failure::new(
                    Exit::Forged,
                    format!("{} is not the result of that request", name.display()),
                )
                .fact(SafeText::limited(&error.to_string(), 300).to_string())
                .next(format!("git checkout {}", name.display()))
            })
    }

    /// What earlier results of this vault certified, by subject: in words.
    pub(super) fn certified_before(&self) -> HashMap<Vec<u8>, String> {
        let mut map = HashMap::new();
        if self.evidence.results.is_empty() {
            return map;
        }
        for found in self.requests().into_iter().flatten() {
            if !matches!(self.outcome(&found), Ok(Some(_))) {
                continue;
            }
            for draft in &found.verified.request().drafts {
                let subject = super::open_request::subject(draft.plan());
                map.insert(
                    subject,
                    format!("{} by request {}", explain::effect(draft.plan()), found.id),
                );
            }
        }
        map
    }

    /// The newest minutes: those that no others name.
    pub(super) fn heads(&self) -> Vec<Digest> {
        let all: Vec<(Minutes, Digest)> = self
            .evidence
            .minutes
            .iter()
            .filter_map(|(_, file)| Minutes::read(file, self.manifest()).ok())
            .collect();
        let named: Vec<Digest> = all
            .iter()
            .flat_map(|(minutes, _)| minutes.heads.iter().copied())
            .collect();
        let mut heads: Vec<Digest> = all
            .iter()
            .map(|(_, digest)| *digest)
            .filter(|d| !named.contains(d))
            .collect();
        heads.sort_unstable();
        heads
    }
}

impl Context<'_> {
    /// Was `--key` given?
    pub(super) fn names_the_key(&self) -> bool {
        self.common.key.is_some()
    }
}
