//! What commands share: the vault that is meant, who types, what is written and how.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use quorate_share::Kind;
use sequoia_openpgp::Fingerprint;

use super::Common;
use super::opened::Opened;
use super::opened::evidence::{Evidence, has_conflict};
use super::opened::read_once::ReadOnce;
use super::opened::seen::Seen;
use super::own_share::unlocked::Unlocked;
use super::report::{self, Exit, Failure, path};
use crate::ceremony::explain;
use crate::ceremony::request::Request;
use crate::roster::name::Name;
use crate::session::front::Coming;
use crate::vault::manifest::{MAX_MANIFEST, SignedManifest};
use crate::vault::pins::{PinError, PinStore, Pins};
use crate::vault::record::Digest;
use crate::world::safe_text::defused;
use crate::world::{
    Batch, Kind as FileKind, LockGuard, SafeText, TerminalError, World, sweep_temporaries,
};

/// The world and the common options.
pub(super) struct Context<'w> {
    pub world: World<'w>,
    pub(super) common: Common,
    /// The standard output belongs to a pipe.
    output_taken: Cell<bool>,
    /// What comes next is done by the same command, and needn't be advised.
    pub(super) goes_on: Cell<bool>,
    /// What was typed or unlocked, so that one command asks once. Wiped with the command.
    pub(super) unlocked: Rc<RefCell<Unlocked>>,
}

impl<'w> Context<'w> {
    pub(super) fn new(world: World<'w>, common: Common) -> Self {
        Self {
            world,
            common,
            output_taken: Cell::new(false),
            goes_on: Cell::new(false),
            unlocked: Rc::default(),
        }
    }

    /// From now on everything that is said goes to the standard error.
    pub(super) fn leave_the_output_free(&self) {
        self.output_taken.set(true);
    }

    /// What was asked for.
    pub(super) fn say(&self, text: &str) {
        if self.output_taken.get() {
            self.world.terminal.note(text);
        } else {
            self.world.terminal.say(text);
        }
    }

    /// Advice, which `--quiet` leaves out.
    pub(super) fn advise(&self, text: &str) {
        if !self.common.quiet {
            self.say(text);
        }
    }

    pub(super) fn note(&self, text: &str) {
        self.world.terminal.note(text);
    }

    pub(super) fn warn(&self, text: &str) {
        self.world
            .terminal
            .note(&defused(&format!("quorate: warning: {text}")));
    }

    /// Asks for what an option can tell as well; without a terminal that option is named.
    pub(super) fn ask(&self, question: &str, option: &str) -> Result<String, Failure> {
        let answer = self.world.terminal.ask(question);
        answer.map_err(|error| match error {
            TerminalError::None => Failure::new(
                Exit::Usage,
                "a question has to be asked, and there is no terminal",
            )
            .fact(question.trim())
            .next(format!(
                "run it at a terminal (over ssh: ssh -t), or: {option}"
            )),
            other => other.into(),
        })
    }

    /// The folder that `init` and `create` work in.
    pub(super) fn new_folder(&self) -> PathBuf {
        match &self.common.vault {
            Some(folder) => self.world.surroundings.resolve(folder),
            None => self.world.surroundings.current_dir.clone(),
        }
    }

    /// The nearest folder with a vault.toml, from here or from `--vault`.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
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
        let none = Failure::new(
            Exit::Usage,
            format!("there is no vault in {}", path(&start)),
        );
        if self.world.files.kind(&start.join("team.toml"))? == Some(FileKind::File) {
            return Err(none
                .fact("it isn't made yet: there is a team.toml, and no vault.toml")
                .next("quorate roster check, then: quorate create --as YOUR-NAME"));
        }
        Err(none
            .fact("a vault is a folder with a vault.toml")
            .next("cd into it, or name it: --vault DIR; to make one: quorate init"))
    }

    /// This machine's memory.
    pub(super) fn state(&self) -> Result<&Path, Failure> {
        self.world.surroundings.state.as_deref().ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "no home directory: what this machine knows has no place",
            )
            .next("set HOME, or XDG_STATE_HOME to a folder of yours")
        })
    }

    pub(super) fn pins(&self) -> Result<PinStore<'_>, Failure> {
        Ok(PinStore::new(self.world.files, self.state()?))
    }

    pub(super) fn expected_key(&self) -> Result<Option<Fingerprint>, Failure> {
        let Some(text) = &self.common.key else {
            return Ok(None);
        };
        let whole = whole_fingerprint(text, &[40, 64]);
        whole.map(Some).ok_or_else(|| {
            Failure::new(Exit::Usage, "--key wants a whole fingerprint")
                .fact("40 hexadecimal digits; spaces may be left in if it is quoted")
        })
    }

    /// The manifest's bytes, and what it says if its own key signed it.
    fn manifest(&self, folder: &Path) -> Result<(Vec<u8>, SignedManifest), Failure> {
        let bytes = self
            .world
            .files
            .read(&folder.join("vault.toml"), MAX_MANIFEST)?
            .to_vec();
        if has_conflict(&bytes) {
            return Err(Failure::new(
                Exit::Forged,
                "vault.toml holds a git merge conflict: two manifests met",
            )
            .fact("a manifest changes only by a dealing; two with one predecessor are an alarm")
            .fact("nothing in the folder was believed")
            .next("git merge --abort; then call the others: who dealt what?"));
        }
        let signed = SignedManifest::read_unpinned(&bytes).map_err(|error| {
            Failure::new(Exit::Forged, "vault.toml is not what the key signed")
                .fact(SafeText::limited(&error.to_string(), 300).to_string())
                .next("git status; git checkout vault.toml; compare with another root's copy")
        })?;
        Ok((bytes, signed))
    }

    /// The folder and its manifest, signed by its own key; whether that key is known, is not asked.
    pub(super) fn at_hand(&self) -> Result<(PathBuf, SignedManifest), Failure> {
        let folder = self.folder()?;
        let (_, signed) = self.manifest(&folder)?;
        Ok((folder, signed))
    }

    /// The vault for a root: pinned, or pinned now after the question of the first use.
    pub(super) fn open(&self) -> Result<Opened, Failure> {
        let folder = self.folder()?;
        let (bytes, signed) = self.manifest(&folder)?;
        let store = self.pins()?;
        let vault = signed.vault_id;
        let damaged = |error: &PinError| report::pins(error, &folder);
        let mut pins = match store.read(&folder, &vault)?.map_err(|e| damaged(&e))? {
            Some(mut pins) => {
                pins.check(&signed).map_err(|e| damaged(&e))?;
                self.compare(&signed, &folder)?;
                pins.advance(&signed);
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
            let name = self.member_name(&signed, name.trim())?;
            if pins.me.as_deref() != Some(name.as_str()) {
                pins.me = Some(name.to_string());
                store.write(&folder, &vault, &pins, self.world.random)?;
            }
        }
        let me = pins.me.as_deref().and_then(|name| Name::parse(name).ok());
        let evidence = Evidence::read(self.world.files, &folder)?;
        for file in &evidence.unreadable {
            self.warn(&format!("{file}; it is left aside"));
        }
        let mut opened = Opened {
            folder,
            bytes,
            signed,
            evidence,
            now: self.world.clock.now(),
            me,
            pins,
            read_once: ReadOnce::default(),
        };
        let Seen { missing, new } = opened.beside_what_was_seen();
        if !missing.is_empty() {
            let whom = opened
                .me
                .as_ref()
                .map_or_else(String::new, |me| format!(", {me}"));
            let mut failure = Failure::new(
                Exit::Forged,
                format!("this folder is older than what this machine has seen{whom}"),
            );
            for one in missing.iter().take(5) {
                failure = failure.fact(format!(
                    "not here any more: {}",
                    SafeText::limited(one, 100)
                ));
            }
            return Err(failure
                .fact(format!(
                    "in all {} of {} that were seen",
                    missing.len(),
                    opened.pins.seen.len()
                ))
                .next("git pull; if this stays, call another root before you answer anything"));
        }
        if !new.is_empty() {
            opened.pins.seen.extend(new);
            store.write(&opened.folder, &vault, &opened.pins, self.world.random)?;
        }
        Ok(opened)
    }

    /// The vault for anybody: compared with `--key` if given, not pinned.
    pub(super) fn open_unpinned(&self) -> Result<Opened, Failure> {
        let folder = self.folder()?;
        let (bytes, signed) = self.manifest(&folder)?;
        self.compare(&signed, &folder)?;
        let evidence = Evidence::read(self.world.files, &folder)?;
        let pins = Pins::of(&signed, None);
        Ok(Opened {
            folder,
            bytes,
            signed,
            evidence,
            now: self.world.clock.now(),
            me: None,
            pins,
            read_once: ReadOnce::default(),
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

    pub(super) fn first_use(&self, signed: &SignedManifest, folder: &Path) -> Result<(), Failure> {
        if self.compare(signed, folder)? {
            return Ok(());
        }
        if !self.world.terminal.is_interactive() {
            return Err(Failure::new(Exit::Usage, "this machine sees this key for the first time")
                .fact("somebody has to compare its fingerprint, and there is no terminal to ask at")
                .next("give it as you know it by voice or paper: --key FINGERPRINT"));
        }
        self.say("This machine sees this key for the first time. Compare it with what you know");
        self.say("by voice or on paper, not with this folder:");
        self.say(&format!("  {}", explain::fingerprint(&signed.fingerprint)));
        let answer = self.world.terminal.ask("The same? Type yes: ")?;
        if answer.trim() != "yes" {
            return Err(Failure::new(Exit::Failed, "not accepted")
                .fact("nothing was changed")
                .next("the same command again, and yes; or, as you know it: --key FINGERPRINT"));
        }
        self.say("remembered; anything older than this, or other, is refused here from now on");
        Ok(())
    }

    /// The vault's lock, with the leftovers of a killed command swept away.
    pub(super) fn lock(&self, folder: &Path) -> Result<LockGuard, Failure> {
        let guard = self.world.files.lock(&folder.join(".quorate.lock"))?;
        let mut swept = 0;
        for sub in [
            "",
            "keys",
            "succession",
            "receipts",
            "requests",
            "approvals",
            "results",
            "minutes",
            "revocations",
            "attestations",
            "drills",
            "out",
            "sealed/master.1",
            "sealed/revocation.1",
            "sealed/alone.1",
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
                self.must_be_a_folder(&parent)?;
                batch = batch.folder(parent, 0o755);
            }
        }
        for (relative, bytes) in files {
            batch = batch.replace(opened.folder.join(relative), bytes, 0o644);
        }
        batch.commit(self.world.files, self.world.random)?;
        Ok(())
    }

    /// Refuses to write into what isn't a folder: a link that git brought may lead anywhere.
    pub(super) fn must_be_a_folder(&self, folder: &Path) -> Result<(), Failure> {
        match self.world.files.kind(folder)? {
            None | Some(FileKind::Folder) => Ok(()),
            Some(_) => Err(
                Failure::new(Exit::Forged, format!("{} isn't a folder", path(folder)))
                    .next("git checkout; a vault has no links"),
            ),
        }
    }

    /// Refuses unless the share set is in force. What was made in advance for the worst day waits for nobody's
    /// receipt.
    pub(super) fn needs_force_for(
        &self,
        opened: &Opened,
        request: &Request,
    ) -> Result<(), Failure> {
        match request.kind {
            Kind::Revocation => Ok(()),
            kind => {
                self.needs_force(opened, kind)?;
                match opened.is_bound_anew(request)? {
                    true => self.needs_attestation(opened),
                    false => Ok(()),
                }
            }
        }
    }

    /// Refuses unless the share set is in force.
    pub(super) fn needs_force(&self, opened: &Opened, kind: Kind) -> Result<(), Failure> {
        let force = opened.force(kind, self.world.clock.now())?;
        if force.is_in_force() {
            return Ok(());
        }
        let missing = force.not_closed();
        let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
        Err(
            Failure::new(Exit::Quorum, "the key is waiting for receipts")
                .fact(format!("missing: {}", missing.join(", ")))
                .next("each of them: quorate share receipt"),
        )
    }

    /// Starts a worker, which waits for its job; `what` names it if it can't be started.
    pub(super) fn worker(&self, what: &str) -> Result<Coming, Failure> {
        Coming::start(&self.world.programs.worker_program())
            .map_err(|error| report::session(what, &error))
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
}

/// A fingerprint as somebody typed it, with spaces or without, of so many digits.
pub(super) fn whole_fingerprint(text: &str, digits: &[usize]) -> Option<Fingerprint> {
    let compact: String = text.split_whitespace().collect();
    let parsed = compact.parse().ok();
    parsed.filter(|_| digits.contains(&compact.len()))
}

impl Context<'_> {
    /// Was `--key` given?
    pub(super) fn names_the_key(&self) -> bool {
        self.common.key.is_some()
    }
}
