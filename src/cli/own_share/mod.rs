//! Opening what is sealed to the person at this machine: an own share, an own request's secrets.

mod plugin;
pub(super) mod unlocked;

use std::path::Path;
use std::rc::Rc;

use quorate_share::{Kind, find_all};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Identity;
use super::context::Context;
use super::opened::Opened;
use super::report::{self, Exit, Failure, path};
use crate::ceremony::approval::Approval;
use crate::ceremony::asked::Asked;
use crate::ceremony::drill::VerifiedDrill;
use crate::ceremony::submission;
use crate::ceremony::verified::VerifiedRequest;
use crate::roster::age_file::OpenError;
use crate::roster::name::Name;
use crate::roster::opening::{AgeIdentity, IdentityError, IdentityFile};
use crate::roster::sealed_share::SealedShare;
use crate::roster::sealing::TypedPassphrase;
use crate::session::harden::harden_front;
use crate::vault::manifest::{Dealt, Seal};
use crate::vault::render::kind_word;
use crate::world::{TerminalError, Timestamp, gpg};

const MAX_SEALED: usize = 256 << 10;
const MAX_OPENED: usize = 64 << 10;
const MAX_IDENTITY: usize = 1 << 20;

/// An own sealed share, opened and checked.
pub(super) struct OwnShare<'m> {
    pub sealed: SealedShare,
    pub dealt: &'m Dealt,
    /// The passphrase that opened it, if one did.
    pub typed: Option<TypedPassphrase>,
}

/// An answer in its two parts, as files.
pub(super) struct Answer {
    /// For the vault.
    pub approval: Vec<u8>,
    /// For the opener's machine, encrypted to it.
    pub submission: Vec<u8>,
}

impl OwnShare<'_> {
    /// Says yes to a request; `way` is how the words came.
    pub(super) fn approve(
        &self,
        verified: &VerifiedRequest,
        way: &str,
        signed: Timestamp,
    ) -> Result<Answer, Failure> {
        self.answer(verified, &self.sealed.share_text, way, signed)
    }

    /// Takes part in a drill: of what is sealed the practice share alone is passed on.
    pub(super) fn practise(
        &self,
        drill: &VerifiedDrill,
        way: &str,
        signed: Timestamp,
    ) -> Result<Answer, Failure> {
        self.answer(drill, &self.sealed.practice_text, way, signed)
    }

    fn answer(
        &self,
        asked: &impl Asked,
        share_text: &str,
        way: &str,
        signed: Timestamp,
    ) -> Result<Answer, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::new(
                Exit::Failed,
                format!("the answer can't be written: {error}"),
            )
        };
        let key = &self.sealed.holder_key;
        let approval = Approval {
            vault: asked.vault(),
            request: asked.digest(),
            set: asked.set(),
            holder: self.dealt.holder.clone(),
            seat: self.dealt.seat,
            way: way.to_owned(),
            signed,
        }
        .sign_as(asked.form(), key)
        .map_err(|error| failed(&error))?;
        let submission =
            submission::make(asked, &approval, share_text, key).map_err(|error| failed(&error))?;
        Ok(Answer {
            approval,
            submission,
        })
    }
}

/// What was sealed to the person here.
pub(super) struct Decrypted {
    pub text: Zeroizing<Vec<u8>>,
    typed: Option<TypedPassphrase>,
}

/// So often a passphrase may be typed anew.
pub(super) const TRIES: usize = 3;

impl Context<'_> {
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
        if self.world.files.kind(&file)?.is_none() {
            let gone = |exit| Failure::new(exit, format!("{} isn't here", path(&file)));
            return Err(match opened.has_ended()? {
                true => {
                    gone(Exit::Failed).fact("the key has ended, and its shares may be destroyed")
                }
                false => gone(Exit::Forged)
                    .fact("the key signed that this folder has it")
                    .next(format!("git checkout {}", dealt.sealed)),
            });
        }
        let sealed = self.world.files.read(&file, MAX_SEALED)?;
        if <[u8; 32]>::from(Sha256::digest(&sealed)) != dealt.sealed_sha256 {
            return Err(Failure::new(
                Exit::Forged,
                format!("{} isn't the file that was dealt", path(&file)),
            )
            .fact("its digest differs from the one that the key signed; it was not opened")
            .next(format!("git checkout {}", dealt.sealed)));
        }
        let Decrypted { text, typed } = self.decrypt(opened, me, &file, &sealed, identity)?;
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
        Ok(OwnShare {
            sealed: own,
            dealt,
            typed,
        })
    }

    /// The identity's path, kept with the pins, so that it needn't be typed again.
    pub(super) fn remember_identity(&self, opened: &Opened, given: &Path) -> Result<(), Failure> {
        let full = self.world.surroundings.resolve(given);
        let text = full.to_str().map(str::to_owned);
        // Who isn't known yet has no key to be remembered.
        if opened.pins.identity == text || opened.pins.me.is_none() {
            return Ok(());
        }
        let mut pins = opened.pins.clone();
        pins.identity = text;
        self.pins()?
            .write(&opened.folder, &opened.vault_id, &pins, self.world.random)?;
        Ok(())
    }

    /// Decrypts what is sealed to a member: OpenPGP through gpg, a passphrase by asking for it, age and
    /// ssh with the identity file that was given, or the one that was given before.
    pub(super) fn decrypt(
        &self,
        opened: &Opened,
        me: &Name,
        file: &Path,
        sealed: &[u8],
        identity: &Identity,
    ) -> Result<Decrypted, Failure> {
        let seal = &opened.member(me)?.seal;
        let kind = match seal {
            Seal::OpenPgp(_) => {
                let text = gpg::decrypt(self.world.programs, sealed)
                    .map_err(|error| report::gpg(file, &error))?;
                return Ok(Decrypted { text, typed: None });
            }
            Seal::Passphrase => return self.by_passphrase(file, sealed),
            Seal::Age(_) => "age",
            Seal::Ssh(_) => "ssh",
        };
        // What is remembered is the file of who usually sits here.
        let usual = opened.me.is_none() || opened.me.as_ref() == Some(me);
        let remembered = opened.pins.identity.as_deref().map(Path::new);
        let remembered = remembered.filter(|_| usual);
        let Some(given) = identity.identity.as_deref().or(remembered) else {
            return Err(Failure::new(
                Exit::Usage,
                format!("{} is sealed to your {kind} key", path(file)),
            )
            .next(match seal {
                Seal::Ssh(_) => "name the file of your private ssh key: -i ~/.ssh/id_ed25519",
                _ => "name your identity file: -i FILE",
            }));
        };
        let key = self.identity_file(given)?;
        let text = key.open(sealed, MAX_OPENED);
        let text = match text {
            Err(OpenError::NotForThisIdentity) if !key.plugins().is_empty() => {
                plugin::open(&self.world, key.plugins(), sealed, MAX_OPENED)?
            }
            other => other.map_err(|error| match error {
                OpenError::NotForThisIdentity => Failure::new(
                    Exit::Failed,
                    format!("{} is sealed to another key", path(file)),
                )
                .fact(format!("{} opens something else", path(given)))
                .next(format!(
                    "name the file that belongs to your {kind} key: -i FILE"
                )),
                other => Failure::new(Exit::Forged, format!("{}: {other}", path(file))),
            })?,
        };
        if usual && identity.identity.is_some() {
            self.remember_identity(opened, given)?;
        }
        Ok(Decrypted { text, typed: None })
    }

    /// Reads an identity file; its own passphrase is asked for, up to three times.
    fn identity_file(&self, given: &Path) -> Result<Rc<AgeIdentity>, Failure> {
        let full = self.world.surroundings.resolve(given);
        if let Some((path, identity)) = &self.unlocked.borrow().file
            && *path == full
        {
            return Ok(Rc::clone(identity));
        }
        let bytes = self.world.files.read(&full, MAX_IDENTITY);
        let bytes = bytes.map_err(|error| {
            let failure = Failure::from(error);
            failure.next("name the file of your own key, with its folder: -i ~/FILE")
        })?;
        let unusable = |error: &IdentityError| {
            Failure::new(
                Exit::Usage,
                format!("{} can't be used: {error}", path(given)),
            )
        };
        let locked = match AgeIdentity::from_file(&bytes).map_err(|error| unusable(&error))? {
            IdentityFile::Open(identity) => return Ok(Rc::new(identity)),
            IdentityFile::NeedsPassphrase(locked) => locked,
        };
        let prompt = format!("passphrase of {} (not shown): ", path(given));
        let identity = self.three_times(&prompt, given, |typed| match locked.unlock(typed) {
            Ok(identity) => Ok(Some(Rc::new(identity))),
            Err(error) if error.is_mistyped() => Ok(None),
            Err(error) => Err(unusable(&error)),
        })?;
        self.unlocked.borrow_mut().file = Some((full, Rc::clone(&identity)));
        Ok(identity)
    }

    fn by_passphrase(&self, file: &Path, sealed: &[u8]) -> Result<Decrypted, Failure> {
        let before = self.unlocked.borrow().typed.clone();
        if let Some(typed) = before
            && let Ok(text) = typed.open(sealed, MAX_OPENED)
        {
            let typed = Some(typed);
            return Ok(Decrypted { text, typed });
        }
        let prompt = "passphrase of your share (not shown): ";
        let (typed, text) = self.three_times(prompt, file, |typed| {
            let typed = TypedPassphrase::of(typed.as_bytes());
            match typed.open(sealed, MAX_OPENED) {
                Ok(text) => Ok(Some((typed, text))),
                Err(OpenError::WrongPassphrase) => Ok(None),
                Err(other) => Err(Failure::new(
                    Exit::Forged,
                    format!("{}: {other}", path(file)),
                )),
            }
        })?;
        self.unlocked.borrow_mut().typed = Some(typed.clone());
        let typed = Some(typed);
        Ok(Decrypted { text, typed })
    }

    /// Asks for a passphrase until it opens, up to three times; `None` stands for a wrong one.
    fn three_times<T>(
        &self,
        prompt: &str,
        file: &Path,
        open: impl Fn(&str) -> Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        for _ in 0..TRIES {
            let typed = self.world.terminal.ask_secret(prompt);
            let typed = typed.map_err(|error| match error {
                TerminalError::None => Failure::new(
                    Exit::Usage,
                    "a passphrase has to be typed, and there is no terminal",
                )
                .fact(format!("it opens {}", path(file)))
                .next("run it at a terminal (over ssh: ssh -t)"),
                other => other.into(),
            })?;
            match open(&typed)? {
                Some(opened) => return Ok(opened),
                None => self.note("that isn't it"),
            }
        }
        Err(Failure::new(
            Exit::Failed,
            format!("{} was not opened: {TRIES} wrong passphrases", path(file)),
        )
        .fact("nothing was changed; try again as often as you want"))
    }
}
