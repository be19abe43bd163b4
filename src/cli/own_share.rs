//! Opening what is sealed to the person at this machine: an own share, an own request's secrets.

use std::path::Path;

use quorate_share::{Kind, find_all};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::Identity;
use super::context::Context;
use super::opened::Opened;
use super::report::{self, Exit, Failure, path};
use crate::roster::age_file::OpenError;
use crate::roster::name::Name;
use crate::roster::opening::{AgeIdentity, IdentityFile};
use crate::roster::sealed_share::SealedShare;
use crate::session::harden::harden_front;
use crate::vault::manifest::{Dealt, Seal};
use crate::vault::pins::Pins;
use crate::vault::render::kind_word;
use crate::world::gpg;

const MAX_SEALED: usize = 256 << 10;
const MAX_OPENED: usize = 64 << 10;
const MAX_IDENTITY: usize = 1 << 20;

/// An own sealed share, opened and checked.
pub(super) struct OwnShare<'m> {
    pub sealed: SealedShare,
    pub dealt: &'m Dealt,
}

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
    pub(super) fn remember_identity(&self, opened: &Opened, given: &Path) -> Result<(), Failure> {
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
}
