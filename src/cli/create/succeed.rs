//! `create --succeeds`: what a new key needs to know of the old one, and the announcement that both will sign.

use std::path::Path;

use sequoia_openpgp::Fingerprint;
use sequoia_openpgp::serialize::SerializeInto as _;

use crate::ceremony::explain;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure, path};
use crate::publish::announcement::{self, Facts, TEMPLATE};
use crate::session::succession::{NEW_FINGERPRINT, Succeeds};
use crate::world::{Kind as FileKind, SafeText, Timestamp};

/// A team's own template, in the folder of the new key or of the old one.
pub(super) const TEAMS_TEMPLATE: &str = "texts/announcement.txt";
const MAX_TEMPLATE: usize = 64 << 10;

/// The key that will be made.
pub(in crate::cli) struct New<'n> {
    pub user_id: &'n str,
    pub expires: Timestamp,
    pub folder: &'n Path,
}

/// Looks at the old vault, fills in the announcement and asks whether it is final.
pub(in crate::cli) fn prepare(
    context: &Context<'_>,
    old: &Path,
    new: &New<'_>,
    is_final: bool,
) -> Result<Succeeds, Failure> {
    let old = context.at(&context.world.surroundings.resolve(old), None);
    let opened = old.open()?;
    can_be_succeeded(&opened, new.user_id)?;
    let text = fill(context, &opened, new)?;
    context.say("The announcement is signed by the new key now and by the old one later, word for");
    context.say("word:");
    for line in text.trim_end().split('\n') {
        context.say(&format!("  | {}", SafeText::whole_line(line)));
    }
    context.say("(its own fingerprint is put in when it is made; to change it later costs a new");
    context.say("quorum)");
    if !is_final {
        let answer = context.world.terminal.ask("Is it final? Type yes: ")?;
        if answer.trim() != "yes" {
            return Err(Failure::new(Exit::Failed, "not final yet")
                .fact("nothing was made")
                .next(format!(
                    "write your own: {TEAMS_TEMPLATE}, in the folder of the new key or of the old one"
                )));
        }
    }
    let in_use = opened.in_use()?;
    let certificate = in_use
        .export_to_vec()
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    Ok(Succeeds {
        certificate,
        user_id: opened.key_now()?.user_id,
        announcement: text,
    })
}

/// Refuses a key that has ended: what it would say of another one is void.
pub(in crate::cli) fn still_vouches(opened: &Opened) -> Result<(), Failure> {
    let key = opened.key_now()?;
    if let Some(why) = key.revoked {
        return Err(
            Failure::new(Exit::Failed, format!("the old key is revoked: {why}"))
                .fact("what it would say about a successor is void; nothing was made")
                .next(
                    "make the new key without --succeeds; the roots attest it with their own keys",
                ),
        );
    }
    if key.expires <= opened.now {
        return Err(Failure::new(
            Exit::Failed,
            format!("the old key has expired, {}", key.expires.day()),
        )
        .fact("what it would say about a successor counts for nobody; nothing was made")
        .next("there: quorate extend --until DAY; or make the new key without --succeeds"));
    }
    Ok(())
}

/// Refuses a key that can't vouch for another one any more, or has done so already.
pub(in crate::cli) fn can_be_succeeded(opened: &Opened, new_user_id: &str) -> Result<(), Failure> {
    opened.needs_the_time()?;
    still_vouches(opened)?;
    let key = opened.key_now()?;
    if let Some(successor) = opened.successors()?.first() {
        return Err(
            Failure::new(Exit::Failed, "the old key has a successor already")
                .fact(format!(
                    "{}, by request {}",
                    explain::fingerprint(&successor.fingerprint),
                    successor.request
                ))
                .fact("there are never two; nothing was made")
                .next("there: quorate rotate"),
        );
    }
    if let Some((id, successor)) = opened.asked_to_succeed()? {
        return Err(Failure::new(
            Exit::Failed,
            "the old key's holders are asked about a successor already",
        )
        .fact(format!(
            "{}, by request {id}",
            explain::fingerprint(&successor)
        ))
        .fact("there are never two; nothing was made")
        .next(format!(
            "clone its vault, then: quorate rotate --successor DIR; or its opener: quorate withdraw {id}"
        )));
    }
    if key.user_id == new_user_id {
        return Err(Failure::new(
            Exit::Usage,
            "the new key would have the user ID of the old one",
        )
        .fact(SafeText::new(new_user_id).to_string())
        .next("name the new cycle: --cycle NAME, or change key.user-id in team.toml"));
    }
    Ok(())
}

impl Opened {
    /// An open request about a successor.
    fn asked_to_succeed(&self) -> Result<Option<(String, Fingerprint)>, Failure> {
        for found in self.requests().into_iter().flatten() {
            let Some(successor) = found.successor() else {
                continue;
            };
            if self.outcome(&found)?.is_none() && self.is_alive(&found)? {
                return Ok(Some((found.id, successor)));
            }
        }
        Ok(None)
    }
}

fn fill(context: &Context<'_>, opened: &Opened, new: &New<'_>) -> Result<String, Failure> {
    let files = context.world.files;
    let mut template = (None, TEMPLATE.to_owned());
    for folder in [new.folder, &opened.folder] {
        let file = folder.join(TEAMS_TEMPLATE);
        if files.kind(&file)? == Some(FileKind::File) {
            let bytes = files.read(&file, MAX_TEMPLATE)?;
            let text = String::from_utf8(bytes.to_vec())
                .map_err(|_| Failure::new(Exit::Usage, format!("{} is not UTF-8", path(&file))))?;
            template = (Some(file), text);
            break;
        }
    }
    let old = opened.key_now()?;
    let team = old.user_id.split(" <").next().unwrap_or(&old.user_id);
    let team = team.split(" (").next().unwrap_or(team).to_owned();
    let facts = Facts::from([
        ("new-user-id", new.user_id.to_owned()),
        ("new-fingerprint", NEW_FINGERPRINT.to_owned()),
        ("new-start", "the start of the new cycle".to_owned()),
        ("new-end", new.expires.day()),
        ("old-user-id", old.user_id.clone()),
        ("old-fingerprint", explain::fingerprint(&opened.fingerprint)),
        ("old-end", old.expires.day()),
        (
            "why",
            "we change the key at the start of each development cycle.".to_owned(),
        ),
        (
            "where",
            "  where you found the old one, and on the keyservers".to_owned(),
        ),
        (
            "verify",
            "  gpg --import BOTH-KEYS, then gpg --check-sigs NEW-KEY shows the old key's\n  \
             signature; gpg --verify of this text tells of two good ones. Who has only\n  \
             one of the keys fetches the other first: its fingerprint stands above."
                .to_owned(),
        ),
        ("team", team),
    ]);
    announcement::fill(&template.1, &facts).map_err(|error| {
        let what = match &template.0 {
            Some(file) => format!("{}: {error}", path(file)),
            None => format!("the announcement: {error}"),
        };
        Failure::new(Exit::Usage, SafeText::limited(&what, 500).to_string())
            .fact("nothing was made")
    })
}
