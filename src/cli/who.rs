//! Who types: remembered, said by `--as`, or asked; and the same person at another vault.

use std::path::Path;

use super::Common;
use super::context::Context;
use super::opened::Opened;
use super::report::{Exit, Failure};
use crate::roster::name::Name;
use crate::vault::manifest::{Manifest, SignedManifest};
use crate::vault::pins::Pins;
use crate::world::{SafeText, Staged};

impl Context<'_> {
    /// A name that must be on the roster.
    pub(super) fn member_name(&self, manifest: &Manifest, text: &str) -> Result<Name, Failure> {
        let name = Name::parse(text)
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
        let me = self.member_name(opened.manifest(), answer.trim())?;
        let mut pins = opened.pins.clone();
        pins.me = Some(me.to_string());
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
            None => self.ask(&format!("Who are you ({list})? "), "--as NAME")?,
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

    /// The pins of a vault that is made here, written beside their place.
    pub(super) fn pins_of_new(
        &self,
        folder: &Path,
        signed: &SignedManifest,
        me: &Name,
    ) -> Result<Staged<'_>, Failure> {
        let pins = Pins::of(signed, Some(me));
        let store = self.pins()?;
        Ok(store.stage(folder, &signed.vault_id, &pins, self.world.random)?)
    }
}

impl<'w> Context<'w> {
    /// The same person at another vault.
    pub(super) fn at(&self, folder: &Path, me: Option<&Name>) -> Context<'w> {
        let me = me.map(ToString::to_string);
        let common = Common {
            vault: Some(folder.to_owned()),
            key: None,
            me: me.or_else(|| self.common.me.clone()),
            ..self.common.clone()
        };
        let mut there = Context::new(self.world, common);
        // One command asks once.
        there.unlocked = std::rc::Rc::clone(&self.unlocked);
        there
    }
}
