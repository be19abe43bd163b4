//! `quorate share card`: one page for a holder, with nothing secret on it.

mod catalogue;
mod html;
mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use quorate_share::Kind;

use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure, path};
use crate::roster::name::Name;
use crate::vault::manifest::{Seal, ShareSet};
use crate::world::{Batch, SafeText};
use catalogue::{BUILT_IN, Catalogue, MAX_TEXTS, Problem, fill};

/// So many problems of a file of texts are named.
const NAMED: usize = 10;

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// Write the card as a page that prints well on A4
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Take the texts from this file, translated by the team
    #[arg(long, value_name = "FILE")]
    texts: Option<PathBuf>,
    /// Write the built-in texts to this file, to be translated, and no card
    #[arg(long, value_name = "FILE", conflicts_with_all = ["html", "texts"])]
    write_texts: Option<PathBuf>,
}

/// A heading and what stands below it, in paragraphs or points.
struct Section {
    title: String,
    lines: Vec<String>,
}

/// What is on a card, in words, harmless for a terminal and not yet escaped for a page.
struct Card {
    language: String,
    title: String,
    subtitle: String,
    /// What stands before the fingerprint.
    key: String,
    fingerprint: String,
    /// What one has and where.
    about: Vec<Section>,
    /// Whom to call: a heading with its words, and the names, each with room for a number.
    call: Section,
    names: Vec<Name>,
    contact: Vec<String>,
    /// What to do, step by step.
    worst: Section,
    never: Section,
    /// What happens to oneself.
    cases: Vec<Section>,
    footer: String,
}

pub(in crate::cli) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    if let Some(file) = &options.write_texts {
        write(context, file, BUILT_IN.to_owned())?;
        context.say(&format!(
            "{}: the texts of a card, to be translated",
            path(file)
        ));
        context.advise("what stands before each = stays; then: quorate share card --texts FILE");
        return Ok(());
    }
    let catalogue = texts(context, options.texts.as_deref())?;
    let opened = context.open()?;
    let me = context.me(&opened)?;
    let card = Card::of(&opened, &me, &catalogue, &context.world.clock.now().day())?;
    let Some(file) = &options.html else {
        context.say(text::page(&card).trim_end());
        return Ok(());
    };
    write(context, file, html::page(&card))?;
    context.say(&format!(
        "{}: {me}'s card; nothing on it is secret",
        path(file)
    ));
    context.advise("print it, write the numbers on it by hand, keep it where you find it at night");
    Ok(())
}

fn write(context: &Context<'_>, file: &Path, text: String) -> Result<(), Failure> {
    let world = &context.world;
    Batch::new()
        .put(world.surroundings.resolve(file), text.into_bytes(), 0o644)
        .commit(world.files, world.random)?;
    Ok(())
}

fn texts(context: &Context<'_>, file: Option<&Path>) -> Result<Catalogue, Failure> {
    let world = &context.world;
    let (name, read) = match file {
        None => ("the built-in texts".to_owned(), Catalogue::built_in()),
        Some(file) => {
            let bytes = world
                .files
                .read(&world.surroundings.resolve(file), MAX_TEXTS)?;
            (path(file).to_string(), Catalogue::parse(&bytes))
        }
    };
    read.map_err(|problems| {
        let mut failure = Failure::new(Exit::Usage, format!("{name} can't be used for a card"));
        for problem in problems.iter().take(NAMED) {
            failure = failure.fact(SafeText::limited(&problem.to_string(), 300).to_string());
        }
        if problems.len() > NAMED {
            failure = failure.fact(format!("and {} more", problems.len() - NAMED));
        }
        failure.next(match problems.as_slice() {
            [Problem::NotText | Problem::Syntax(_)] => "mend it, or begin anew: --write-texts FILE",
            _ => "the keys are those of: quorate share card --write-texts FILE",
        })
    })
}

impl Card {
    fn of(opened: &Opened, me: &Name, texts: &Catalogue, day: &str) -> Result<Self, Failure> {
        let values = values(opened, me, texts, day)?;
        let text = |key: &str| fill(texts.text(key), &values);
        let lines = |key: &str| {
            let lines = texts.lines(key).iter();
            lines.map(|line| fill(line, &values)).collect::<Vec<_>>()
        };
        let section = |key: &str| Section {
            title: text(&format!("{key}.title")),
            lines: lines(&format!("{key}.lines")),
        };
        Ok(Self {
            language: text("language"),
            title: text("title"),
            subtitle: text("subtitle"),
            key: text("key"),
            fingerprint: explain::fingerprint(&opened.fingerprint),
            about: ["hold", "can", "where"].map(section).into(),
            call: section("call"),
            names: others(opened, me).cloned().collect(),
            contact: lines("contact.lines"),
            worst: section("worst"),
            never: section("never"),
            cases: ["lost", "pressed", "leave"].map(section).into(),
            footer: text("footer"),
        })
    }
}

fn others<'o>(opened: &'o Opened, me: &'o Name) -> impl Iterator<Item = &'o Name> {
    let names = opened.roster.iter().map(|member| &member.name);
    names.filter(move |name| *name != me)
}

/// What is filled in, from the manifest that the key signed.
fn values(
    opened: &Opened,
    me: &Name,
    texts: &Catalogue,
    day: &str,
) -> Result<BTreeMap<&'static str, String>, Failure> {
    let (master, revocation) = (opened.set(Kind::Master)?, opened.set(Kind::Revocation)?);
    let file = |set: &ShareSet| {
        let dealt = set.of(me).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{me} holds no share here")).next("--as NAME")
        })?;
        Ok::<_, Failure>(SafeText::new(&dealt.sealed).to_string())
    };
    let numbers = |set: &ShareSet| {
        (
            set.threshold.get().to_string(),
            set.shares.len().to_string(),
        )
    };
    let (master_needed, master_of) = numbers(master);
    let (revocation_needed, revocation_of) = numbers(revocation);
    let seal = &opened.member(me)?.seal;
    let (kind, key) = match seal {
        Seal::OpenPgp(fingerprint) => ("openpgp", explain::fingerprint(fingerprint)),
        Seal::Age(_) => ("age", seal.value()),
        Seal::Ssh(_) => ("ssh", seal.value()),
        Seal::Passphrase => ("passphrase", String::new()),
    };
    let others: Vec<&str> = others(opened, me).map(Name::as_str).collect();
    let mut values = BTreeMap::from([
        ("holder", me.to_string()),
        ("others", others.join(", ")),
        ("day", day.to_owned()),
        ("user-id", SafeText::new(&opened.user_id).to_string()),
        ("fingerprint", explain::fingerprint(&opened.fingerprint)),
        ("master-needed", master_needed),
        ("master-of", master_of),
        ("revocation-needed", revocation_needed),
        ("revocation-of", revocation_of),
        ("master-file", file(master)?),
        ("revocation-file", file(revocation)?),
        ("seal-key", SafeText::limited(&key, 100).to_string()),
    ]);
    let seal = fill(texts.text(&format!("seal.{kind}")), &values);
    values.insert("seal", seal);
    Ok(values)
}
