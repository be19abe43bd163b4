//! `roster check --challenge`: before anything is made, each root shows that the key in keys/ opens.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::context::Context;
use crate::cli::report::{Exit, Failure, path};
use crate::roster::name::Name;
use crate::roster::sealing::{Recipient, seal};
use crate::vault::manifest::Seal;
use crate::vault::record::Digest;
use crate::world::{Batch, SafeText, World};

/// So many words are asked for: 66 bits.
const WORDS: usize = 6;
const MAX_MEMORY: usize = 1 << 20;

/// What this machine asked of the roots of one folder.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Challenges {
    #[serde(default)]
    root: Vec<Asked>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: String,
    /// The key that was asked: another one needs another challenge.
    key: String,
    /// The digest of words, name and key.
    digest: String,
    /// The day of the answer.
    answered: Option<String>,
}

/// What is asked of one root.
pub(super) struct Root<'r> {
    pub name: &'r Name,
    pub seal: &'r Seal,
    pub recipient: &'r Recipient,
}

impl Root<'_> {
    fn digest(&self, words: &str) -> String {
        let words = words.split_whitespace().map(str::to_lowercase);
        let words = words.collect::<Vec<_>>().join(" ");
        let text = format!(
            "quorate challenge v1\0{}\0{}\0{words}",
            self.name,
            self.seal.value()
        );
        Digest::of(text.as_bytes()).to_string()
    }
}

impl Challenges {
    fn file(context: &Context<'_>, folder: &Path) -> Result<PathBuf, Failure> {
        Ok(context.pins()?.of_folder("challenges", folder))
    }

    /// What was asked before; nothing if that can't be read any more.
    pub(in crate::cli) fn read(context: &Context<'_>, folder: &Path) -> Result<Self, Failure> {
        let file = Self::file(context, folder)?;
        if context.world.files.kind(&file)?.is_none() {
            return Ok(Self::default());
        }
        let text = context.world.files.read(&file, MAX_MEMORY)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(toml::from_str(&text).unwrap_or_default())
    }

    fn write(&self, context: &Context<'_>, folder: &Path) -> Result<(), Failure> {
        let file = Self::file(context, folder)?;
        let text = toml::to_string(self).unwrap_or_default();
        let World { files, random, .. } = context.world;
        Batch::new()
            .folder_within(file.parent().unwrap_or(&file), 0o700)
            .replace(&file, text.into_bytes(), 0o600)
            .commit(files, random)?;
        Ok(())
    }

    /// Whether a root has answered, in words; none if nothing was asked.
    pub(in crate::cli) fn told(&self, root: &Root<'_>) -> Option<String> {
        Some(match &self.asked(root)?.answered {
            Some(day) => format!("opened its challenge on {}", SafeText::new(day)),
            None => "HAS NOT ANSWERED its challenge".to_owned(),
        })
    }

    /// Was a root asked that hasn't answered?
    pub(super) fn waits_for(&self, root: &Root<'_>) -> bool {
        self.asked(root)
            .is_some_and(|asked| asked.answered.is_none())
    }

    fn asked(&self, root: &Root<'_>) -> Option<&Asked> {
        let asked = self.root.iter();
        asked
            .filter(|asked| asked.name == root.name.as_str())
            .find(|asked| asked.key == root.seal.value())
    }

    /// Writes a message for each root that only the own key opens.
    pub(in crate::cli) fn ask(
        &mut self,
        context: &Context<'_>,
        folder: &Path,
        out: &Path,
        roots: &[Root<'_>],
    ) -> Result<(), Failure> {
        let world = &context.world;
        let (typed, out) = (path(out), world.surroundings.resolve(out));
        let mut batch = Batch::new().folder(&out, 0o755);
        let mut lines = Vec::new();
        for root in roots {
            let words = random_words(context)?;
            let text = format!(
                "This was sealed to {}'s key, to see whether it opens. Tell who sent it to you:\n\n{words}\n",
                root.name
            );
            let sealed = seal(root.recipient, text.as_bytes())
                .map_err(|error| Failure::new(Exit::Failed, format!("{}: {error}", root.name)))?;
            let file = format!("{}.challenge.{}", root.name, root.recipient.extension());
            let how = match root.seal {
                Seal::OpenPgp(_) => format!("gpg -d {file}"),
                _ => format!("age -d -i YOUR-KEY {file}"),
            };
            lines.push(format!("  {:<10} {how}", root.name.to_string()));
            batch = batch.replace(out.join(&file), sealed, 0o644);
            self.root.retain(|asked| asked.name != root.name.as_str());
            self.root.push(Asked {
                name: root.name.to_string(),
                key: root.seal.value(),
                digest: root.digest(&words),
                answered: None,
            });
        }
        // Known before they can be answered.
        self.write(context, folder)?;
        batch.commit(world.files, world.random)?;
        context.say(&format!(
            "wrote {} messages to {}; send each to its root, who types there:",
            roots.len(),
            typed
        ));
        for line in lines {
            context.say(&line);
        }
        context.advise("and says the six words to you; then:");
        context.advise("  next: quorate roster check --answer NAME='the six words'");
        Ok(())
    }

    /// Takes answers, `NAME=WORDS`.
    pub(in crate::cli) fn take(
        &mut self,
        context: &Context<'_>,
        folder: &Path,
        answers: &[String],
        roots: &[Root<'_>],
    ) -> Result<(), Failure> {
        for answer in answers {
            let usage = || {
                Failure::new(Exit::Usage, "--answer wants NAME='six words'")
                    .next("quorate roster check --answer ben='one two three four five six'")
            };
            let (name, words) = answer.split_once('=').ok_or_else(usage)?;
            let root = roots
                .iter()
                .find(|root| root.name.as_str() == name.trim())
                .ok_or_else(|| {
                    Failure::new(
                        Exit::Usage,
                        format!("nothing was asked of '{}'", SafeText::new(name)),
                    )
                    .next("quorate roster check --challenge DIR")
                })?;
            let digest = root.digest(words);
            let asked = self
                .root
                .iter_mut()
                .find(|asked| asked.name == root.name.as_str() && asked.digest == digest);
            let asked = asked.ok_or_else(|| {
                Failure::new(
                    Exit::Forged,
                    format!("{name}: these are not the words that were sealed to this key"),
                )
                .fact("mistyped, or an answer to an older challenge, or another key was asked")
                .next(format!(
                    "let {name} read them again, or write new ones: --challenge DIR"
                ))
            })?;
            asked.answered = Some(context.world.clock.now().day());
        }
        self.write(context, folder)
    }
}

fn random_words(context: &Context<'_>) -> Result<String, Failure> {
    let list = bip39::Language::English.word_list();
    let mut bytes = [0_u8; 2 * WORDS];
    context.world.random.fill(&mut bytes)?;
    // 65536 is a multiple of the 2048 words.
    let words: Vec<&str> = bytes
        .chunks_exact(2)
        .map(|pair| list[usize::from(u16::from_be_bytes([pair[0], pair[1]])) % list.len()])
        .collect();
    Ok(words.join(" "))
}
