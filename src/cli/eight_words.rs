//! The eight words: a holder types what the opener said, and by which way it came, before the own share is opened.

use clap::Args;

use super::context::Context;
use super::report::{Exit, Failure};
use crate::ceremony::approval::WAYS;
use crate::ceremony::words;
use crate::vault::record::Digest;
use crate::world::SafeText;

/// So often is asked for the way: who types the words there needn't begin anew.
const TRIES: usize = 3;
/// What tells the way and the words where nobody can be asked.
const BY_OPTION: &str = "--way WAY --words 'WORDS'";
const UNOPENED: &str = "your share was not opened";

// What a holder heard, where it isn't typed at a terminal. No doc comment: clap would put it at the head of the help.
#[derive(Args)]
pub(super) struct Heard {
    /// The eight words, if there is no terminal to type them at
    #[arg(long, value_name = "WORDS", requires = "way")]
    words: Option<String>,
    /// How the opener gave you the words: voice, room, paper or other
    #[arg(long, value_name = "WAY")]
    way: Option<String>,
}

/// What the words are about.
pub(super) struct About<'a> {
    /// Who has them on the own machine, and gave them.
    pub opener: &'a str,
    /// `the request`, `the drill`.
    pub what: &'a str,
    /// What shows it again.
    pub show: &'a str,
    /// Of all that is answered together.
    pub digests: Vec<Digest>,
}

impl About<'_> {
    /// Compares the words, given or asked for; answers the way by which they came, which is recorded.
    pub(super) fn compare(&self, context: &Context<'_>, heard: &Heard) -> Result<String, Failure> {
        let way = self.way(context, heard.way.as_deref())?;
        let typed = match &heard.words {
            Some(words) => words.clone(),
            None => context.ask("The eight words (four letters do): ", BY_OPTION)?,
        };
        let Self {
            opener, what, show, ..
        } = self;
        let count = words::count(&typed);
        // Too few can't be a forger's.
        if count != words::COUNT {
            let failure = format!("eight words are needed, {count} were typed");
            return Err(Failure::new(Exit::Usage, failure)
                .fact(UNOPENED)
                .next(format!("the same command again; {opener} has the words")));
        }
        if !words::fit(&typed, &words::of(&self.digests)) {
            return Err(Failure::new(
                Exit::Forged,
                format!("these are not the words of {what} that you have here"),
            )
            .fact(format!(
                "mistyped, or what {opener} asks is something else; {UNOPENED}"
            ))
            .next(format!(
                "call {opener}, compare `{show}`, and type them again"
            )));
        }
        Ok(way)
    }

    /// The way by which the words came, given or asked for.
    fn way(&self, context: &Context<'_>, given: Option<&str>) -> Result<String, Failure> {
        let question = format!(
            "How did {} give you the words (voice, room, paper, other)? ",
            self.opener
        );
        let mut way = String::new();
        for number in 0..TRIES {
            if number > 0 {
                context.say("  one of voice, room, paper, other; the words are asked for next");
            }
            let typed = match given {
                Some(way) => way.to_owned(),
                None => context.ask(&question, BY_OPTION)?,
            };
            way = typed.trim().to_lowercase();
            if WAYS[..4].contains(&way.as_str()) {
                return Ok(way);
            }
            if given.is_some() {
                break;
            }
        }
        Err(Failure::new(
            Exit::Usage,
            format!("'{}' is no way", SafeText::limited(&way, 40)),
        )
        .fact(format!("one of voice, room, paper, other; {UNOPENED}")))
    }
}
