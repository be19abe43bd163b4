//! Errors become words and exit codes here, and nowhere else.
//!
//! The shape: what happened; whom or what it concerns; what to do next. No blame, no secret.

use std::path::Path;

use crate::ceremony::request::RequestError;
use crate::roster::holder_key::SigError;
use crate::session::front::SessionError;
use crate::session::refusal::Refusal;
use crate::vault::pins::PinError;
use crate::world::gpg::GpgError;
use crate::world::safe_text::defused;
use crate::world::{Fault, FilesError, SafeText, TerminalError, is_temporary};

/// What the program's end tells the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: failed, for a reason of this machine.
    Failed,
    /// 2: the command can't be meant so.
    Usage,
    /// 3: no quorum, expired, declined, not in force.
    Quorum,
    /// 4: forged, damaged, tampered with or rolled back.
    Forged,
}

impl Exit {
    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Quorum => 3,
            Self::Forged => 4,
        }
    }
}

/// A failed command: what its user is told.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    what: String,
    facts: Vec<String>,
    next: Option<String>,
}

impl Failure {
    /// What happened.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            facts: Vec::new(),
            next: None,
        }
    }

    /// A line more: whom it concerns, what was left unchanged.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// What to do.
    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// What happened, alone.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The text for the terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("quorate: error: {}", self.what);
        for fact in &self.facts {
            text.push_str("\n  ");
            text.push_str(fact);
        }
        if let Some(next) = &self.next {
            text.push_str("\n  next: ");
            text.push_str(next);
        }
        defused(&text)
    }
}

/// A file that is only there while another is written is nobody's: its folder is what has no room, or isn't there.
fn as_typed(file: &Path) -> &Path {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    match (is_temporary(&name), file.parent()) {
        (true, Some(folder)) => folder,
        _ => file,
    }
}

/// A path for the terminal.
#[must_use]
pub fn path(path: &Path) -> SafeText {
    SafeText::limited(&path.to_string_lossy(), 4096)
}

impl From<FilesError> for Failure {
    fn from(error: FilesError) -> Self {
        let file = path(as_typed(&error.path));
        let failed = |what: String| Self::new(Exit::Failed, what);
        match error.fault {
            Fault::NotFound => failed(format!("there is no {file}")),
            Fault::Denied => failed(format!("no permission for {file}")),
            Fault::ReadOnly => failed(format!(
                "{file} can't be written: the file system is read-only"
            ))
            .fact("nothing was changed"),
            Fault::Full => failed(format!("{file} can't be written: the disk is full"))
                .fact("nothing was changed")
                .next("make room there, then the same command again"),
            Fault::TooBig { limit } => failed(format!("{file} is larger than {limit} bytes"))
                .fact("quorate reads nothing that large there; it was not read"),
            Fault::NotAFile => failed(format!("{file} is not a regular file")),
            Fault::Exists => failed(format!("{file} is there already")).fact("nothing was changed"),
            Fault::Locked => failed("another quorate is writing in this folder".to_owned())
                .fact(format!("it holds the lock {file}"))
                .next("wait until it has ended, then try again"),
            Fault::NoRandomness => failed("the system gives no random numbers".to_owned()),
            Fault::Stopped => failed("stopped".to_owned()),
            Fault::Other { kind, .. } => failed(format!("{file}: {kind}")),
        }
    }
}

impl From<TerminalError> for Failure {
    fn from(error: TerminalError) -> Self {
        match error {
            TerminalError::None => Self::new(
                Exit::Usage,
                "a question has to be asked, and there is no terminal",
            )
            .next("run it at a terminal (over ssh: ssh -t), or give an option (see --help)"),
            TerminalError::Interrupted | TerminalError::Closed => {
                Self::new(Exit::Failed, "stopped at a question").fact("nothing was changed")
            }
            other => Self::new(Exit::Failed, format!("the answer can't be read: {other}")),
        }
    }
}

impl From<crate::world::RandomError> for Failure {
    fn from(_: crate::world::RandomError) -> Self {
        Self::new(Exit::Failed, "the system gives no random numbers")
    }
}

/// What stands against gpg, whatever it was to do.
#[must_use]
pub fn gpg_itself(to: &str, error: &GpgError) -> Option<Failure> {
    let failed = |what: String| Failure::new(Exit::Failed, what);
    Some(match error {
        GpgError::Missing { skipped } => {
            let mut failure = failed(format!("gpg isn't there; it is needed to {to}"))
                .next("apt-get install gnupg");
            for folder in skipped {
                failure = failure.fact(format!(
                    "passed over, since others can write there: {}",
                    path(folder)
                ));
            }
            failure
        }
        GpgError::Cancelled => {
            failed("you cancelled gpg's question".into()).fact("nothing was changed")
        }
        GpgError::BadPassphrase => failed("gpg was given a wrong passphrase or PIN".into())
            .fact("nothing was changed")
            .next("the same command again; gpg asks for the passphrase of your own key"),
        GpgError::PinBlocked => failed("the card's PIN is blocked".into()),
        GpgError::NoPinentry => failed("gpg has no way to ask for the passphrase".into())
            .fact("no pinentry could be started")
            .next("apt-get install pinentry-curses, and: export GPG_TTY=$(tty)"),
        _ => return None,
    })
}

/// A sealed share that gpg couldn't open.
#[must_use]
pub fn gpg(sealed: &Path, error: &GpgError) -> Failure {
    if let Some(failure) = gpg_itself("open an OpenPGP-sealed share", error) {
        return failure;
    }
    let file = path(sealed);
    let failed = |what: String| Failure::new(Exit::Failed, what);
    match error {
        GpgError::NoSecretKey { wanted } => failed(format!("gpg has no secret key for {file}"))
            .fact(format!(
                "it is sealed to {}",
                SafeText::new(&format!("{wanted:?}"))
            ))
            .next(
                "insert the card, or run it on the machine that has the key; is GNUPGHOME right?",
            ),
        GpgError::NoCard => failed(format!("gpg asks for a card to open {file}"))
            .next("insert the card and try again"),
        GpgError::NotAMessage | GpgError::Damaged | GpgError::TooBig { .. } => {
            Failure::new(Exit::Forged, format!("{file} is damaged: {error}"))
                .next("git checkout that file from the commit that made the vault")
        }
        other => failed(format!(
            "gpg could not open {file}: {}",
            SafeText::new(&other.to_string())
        )),
    }
}

/// A request that can't be answered or carried out.
#[must_use]
pub fn request(id: &str, error: &RequestError) -> Failure {
    let forged = |what: String| Failure::new(Exit::Forged, what);
    match error {
        RequestError::Signature { opener, error } => {
            let why = match error {
                SigError::Forged => format!("{id} was changed after {opener} signed it"),
                _ => format!("{id} is not signed with {opener}'s share key of this vault"),
            };
            forged(why)
                .fact("the signature doesn't fit its contents; no share was opened")
                .next(format!("tell {opener} by phone, and ask for a new request"))
        }
        RequestError::Closed(when) => Failure::new(Exit::Quorum, format!("{id} closed at {when}"))
            .fact("nothing was signed, and nothing will be")
            .next("whoever still wants it opens a new request"),
        RequestError::Future(when) => Failure::new(
            Exit::Failed,
            format!("{id} is dated {when}, ahead of this clock"),
        )
        .next("compare the clocks of both machines"),
        RequestError::Draft { number, error } => forged(format!(
            "{id} can't be approved: signature {number} breaks a rule of drafts"
        ))
        .fact(error.to_string())
        .next("tell the opener; the program there is another one, or was changed"),
        RequestError::OtherVault => forged(format!("{id} is a request of another vault")),
        RequestError::OtherSet => Failure::new(
            Exit::Quorum,
            format!("{id} asks a share set that is not in force here"),
        ),
        other => forged(format!("{id} is damaged: {other}"))
            .next("fetch it again from whoever opened it"),
    }
}

/// A session that gave nothing.
#[must_use]
pub fn session(id: &str, error: &SessionError) -> Failure {
    match error {
        SessionError::Refused(refusal) => refused(id, refusal),
        SessionError::NotHardened(missing) => {
            let mut failure = Failure::new(
                Exit::Failed,
                "this machine lacks hardening, and --strict demands it",
            );
            for what in missing {
                failure = failure.fact(format!("missing: {what}"));
            }
            failure.next("use a machine that has it, or leave --strict away and know the risk")
        }
        other => Failure::new(Exit::Failed, format!("the session failed: {other}"))
            .fact("nothing was signed; nothing was changed"),
    }
}

/// A refusal of the worker's that has no numbers to tell.
#[must_use]
pub fn refused(id: &str, refusal: &Refusal) -> Failure {
    let forged = |what: String| {
        Failure::new(Exit::Forged, what).fact("nothing was signed; nothing was changed")
    };
    match refusal {
        Refusal::Manifest(why) => forged(format!("vault.toml is not what the key signed: {why}"))
            .next("git status; compare with another root's copy"),
        Refusal::Request(why) => {
            forged(format!("{id} was refused: {why}")).next("open a new request")
        }
        Refusal::Closed => Failure::new(Exit::Quorum, format!("{id} is closed")),
        Refusal::Alone => Failure::new(
            Exit::Quorum,
            format!("{id} is one of a pair, and the other one isn't here"),
        )
        .fact("both are carried out together, or none; nothing was signed"),
        Refusal::NoPair => forged(format!(
            "{id} and the request beside it don't name each other"
        ))
        .next("git checkout requests, in both vaults; ask their opener"),
        Refusal::NotInForce => Failure::new(
            Exit::Quorum,
            "the shares are not in force: receipts are missing",
        )
        .next("quorate status"),
        Refusal::KeyFile => {
            forged("the master file is not the one that belongs to this vault".into())
                .next("git checkout master.1.age, or fetch it from another root")
        }
        Refusal::Kept => forged(
            "the subkey's sealed revocation doesn't open with this vault's revocation file".into(),
        )
        .next("git checkout results revocations; else: --by master"),
        Refusal::NoSuchRevocation => {
            forged("the revocation file doesn't hold the revocation that was asked for".into())
                .next("the other reason may be there: --reason none; else: --by master")
        }
        Refusal::Identity => forged(format!(
            "the one-time key on this machine isn't that of {id}"
        )),
        Refusal::TooFew => Failure::new(Exit::Quorum, "quorum not reached"),
        Refusal::Combining(why) => forged(format!("the shares don't fit together: {why}")),
        Refusal::OtherKey => forged("the rebuilt key is another one".into()),
        Refusal::Passphrase => Failure::new(Exit::Failed, "the passphrase is wrong"),
        Refusal::Signing | Refusal::Dealing(_) | Refusal::Job => {
            Failure::new(Exit::Failed, format!("the session failed: {refusal}"))
        }
    }
}

/// Why a vault isn't the one that this machine knows.
#[must_use]
pub fn pins(error: &PinError, folder: &Path) -> Failure {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_words_of_an_error_are_obeyed_by_a_terminal() {
        let failure = Failure::new(Exit::Forged, "a\u{1b}[2J")
            .fact("b\rc")
            .next("d\u{202e}");
        let shown = "quorate: error: a\\u{1b}[2J\n  b\\u{d}c\n  next: d\\u{202e}";
        assert_eq!(failure.text(), shown);
    }
}
