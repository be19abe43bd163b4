//! `quorate status`, and bare `quorate`: where the key stands, what is open, whose turn it is.

use clap::Args;
use quorate_share::Kind;

use super::answers::Ended;
use super::attested::lacking;
use super::context::Context;
use super::desk::OneTimeKey;
use super::key_now::KeyNow;
use super::opened::{Found, Opened};
use super::report::Failure;
use super::{screen, status_json};
use crate::ceremony::explain;
use crate::ceremony::objection::Objection;
use crate::roster::name::Name;
use crate::vault::attested::Attested;
use crate::vault::force::{Force, together};
use crate::vault::render::kind_word;
use crate::world::{SafeText, Timestamp};

#[derive(Args)]
pub(super) struct Options {
    /// For programs: docs/status.schema.json describes it
    #[arg(long)]
    json: bool,
    /// A ready text for each person that something waits for, for mail or chat
    #[arg(long, conflicts_with = "json")]
    remind: bool,
}

/// A request that can still be carried out.
pub(super) struct Open {
    pub found: Found,
    pub approved: Vec<(Name, Timestamp)>,
    pub needed: u8,
    pub waiting: Vec<Name>,
    pub declined: Vec<Objection>,
    pub arrived: usize,
    pub mine: bool,
    /// It was live here, and ended with its process.
    pub died: bool,
}

/// What a screen shows.
pub(super) struct View {
    pub opened: Opened,
    /// What the certificate in use says.
    pub key: KeyNow,
    pub now: Timestamp,
    pub master: Force,
    pub revocation: Force,
    pub attested: Attested,
    pub requests: Vec<Open>,
    pub damaged: Vec<String>,
    /// Requests that were withdrawn or declined, in words.
    pub ended: Vec<String>,
    pub done: usize,
}

impl View {
    fn of(context: &Context<'_>, opened: Opened) -> Result<Self, Failure> {
        let now = context.world.clock.now();
        let (mut requests, mut damaged, mut ended, mut done) =
            (Vec::new(), Vec::new(), Vec::new(), 0);
        for request in opened.requests() {
            let found = match request {
                Ok(found) => found,
                Err((id, error)) => {
                    damaged.push(format!("{}: {error}", SafeText::new(&id)));
                    continue;
                }
            };
            if opened.outcome(&found)?.is_some() {
                done += 1;
                continue;
            }
            if found.verified.open_at(now).is_err() {
                continue;
            }
            match opened.ended(&found)? {
                None => requests.push(open(context, &opened, found)?),
                Some(Ended::Withdrawn(no)) => ended.push(format!(
                    "{}: withdrawn by {}, \"{}\"",
                    found.id,
                    no.holder,
                    SafeText::limited(&no.because, 200)
                )),
                Some(Ended::Declined { by, .. }) => {
                    let names: Vec<Name> = by.into_iter().map(|no| no.holder).collect();
                    ended.push(format!(
                        "{}: declined by {}",
                        found.id,
                        screen::list(&names)
                    ));
                }
            }
        }
        let master = opened.force(Kind::Master, now)?;
        let revocation = opened.force(Kind::Revocation, now)?;
        let attested = opened.attested()?;
        let key = opened.key_now()?;
        Ok(Self {
            opened,
            key,
            now,
            master,
            revocation,
            attested,
            requests,
            damaged,
            ended,
            done,
        })
    }

    /// Is a receipt of this person missing, whether closed without or not?
    pub(super) fn waits_for_receipt(&self, name: &Name) -> bool {
        self.master.missing.contains(name) || self.revocation.missing.contains(name)
    }

    /// Is this person's signature on the key wanted, and the key ready for it?
    pub(super) fn waits_for_attestation(&self, name: &Name) -> bool {
        self.in_force()
            && !self.has_ended()
            && !self.attested.is_enough()
            && self.attested.missing().contains(name)
    }

    /// The requests that this person hasn't answered and that still need answers.
    pub(super) fn open_for(&self, name: &Name) -> Vec<&Open> {
        let needs = |open: &&Open| {
            open.waiting.contains(name) && open.approved.len() < usize::from(open.needed)
        };
        self.requests.iter().filter(needs).collect()
    }

    fn has_ended(&self) -> bool {
        self.key.revoked.is_some() || self.key.expires <= self.now
    }

    fn in_force(&self) -> bool {
        self.master.is_in_force() && self.revocation.is_in_force()
    }

    /// The state in one or two words, for people and for programs.
    pub(super) fn state(&self) -> (&'static str, &'static str) {
        if self.key.revoked.is_some() {
            ("ENDED: REVOKED", "ended")
        } else if self.key.expires <= self.now {
            ("ENDED: EXPIRED", "ended")
        } else if self.in_force() && self.attested.is_enough() {
            ("IN SERVICE", "in-service")
        } else if self.in_force() {
            ("WAITING FOR ATTESTATION", "waiting-for-attestation")
        } else {
            ("WAITING FOR RECEIPTS", "waiting-for-receipts")
        }
    }

    /// What the person at this machine can do now.
    pub(super) fn my_turn(&self) -> Option<(String, Vec<String>)> {
        let me = self.opened.remembered_me()?;
        if self.waits_for_receipt(me) {
            let mut next = vec!["share".to_owned(), "receipt".to_owned()];
            if self.opened.member(me).ok()?.seal.has_a_file() {
                next.extend(["-i".to_owned(), "FILE".to_owned()]);
            }
            return Some(("show that your shares open".to_owned(), next));
        }
        for request in &self.requests {
            let id = request.found.id.clone();
            let approved = request.approved.iter().any(|(name, _)| name == me);
            if request.mine && request.arrived >= usize::from(request.needed) {
                return Some((
                    "enough submissions have come".to_owned(),
                    vec!["perform".into(), id],
                ));
            }
            if request.died {
                return Some((
                    format!("{id} was live, and ended with its terminal; the others don't know"),
                    vec![
                        "withdraw".into(),
                        id,
                        "--because".into(),
                        "'its terminal was closed'".into(),
                    ],
                ));
            }
            let declined = request.declined.iter().any(|decline| decline.holder == *me);
            if !approved && !declined && request.approved.len() < usize::from(request.needed) {
                return Some((
                    format!(
                        "{} asks for your answer",
                        request.found.verified.request().opener
                    ),
                    vec!["approve".into(), id],
                ));
            }
        }
        self.waits_for_attestation(me).then(|| {
            let what = "sign the key with your own key";
            (what.to_owned(), vec!["attest".to_owned()])
        })
    }
}

fn open(context: &Context<'_>, opened: &Opened, found: Found) -> Result<Open, Failure> {
    let set = opened.set(found.verified.request().kind)?;
    let approved: Vec<(Name, Timestamp)> = opened
        .approvals(&found)
        .into_iter()
        .map(|(approval, _)| (approval.holder, approval.signed))
        .collect();
    let desk = context.desk(opened, &found.verified.digest())?;
    let key = desk.key(context.world.files)?;
    let mine = key.is_here();
    let arrived = if mine {
        desk.arrived(context.world.files)?.len()
    } else {
        0
    };
    let declined = opened.declines(&found);
    let waiting = set
        .shares
        .iter()
        .map(|dealt| dealt.holder.clone())
        .filter(|holder| !approved.iter().any(|(name, _)| name == holder))
        .filter(|holder| !declined.iter().any(|decline| decline.holder == *holder))
        .collect();
    let needed = set.threshold.get();
    Ok(Open {
        found,
        approved,
        needed,
        waiting,
        declined,
        arrived,
        mine,
        died: key == OneTimeKey::Lost,
    })
}

/// Bare `quorate`: my turn?
pub(super) fn my_turn(context: &Context<'_>) -> Result<(), Failure> {
    let mut opened = context.open()?;
    let me = context.me(&opened)?;
    opened.me = Some(me.clone());
    let view = View::of(context, opened)?;
    match view.my_turn() {
        Some((what, next)) => {
            context.say(&format!("{me}, it is your turn: {what}"));
            context.say(&format!("  next: quorate {}", next.join(" ")));
        }
        None => {
            context.say(&format!("{me}, nothing waits for you"));
            if !view.master.missing.is_empty() {
                context.say(&format!(
                    "  missing receipts: {}",
                    screen::list(&view.master.missing)
                ));
            }
            if view.in_force() && !view.attested.is_enough() {
                context.say(&format!(
                    "  missing attestations: {}",
                    lacking(&view.attested)
                ));
            }
            for request in &view.requests {
                context.say(&format!(
                    "  request {}: {} of {} approved; closes {}",
                    request.found.id,
                    request.approved.len(),
                    request.needed,
                    screen::time_left(view.now, request.found.verified.request().closes)
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let view = View::of(context, context.open()?)?;
    if options.json {
        context.say(&format!("{:#}", status_json::of(&view)));
        return Ok(());
    }
    if options.remind {
        super::remind::print(context, &view);
        return Ok(());
    }
    let opened = &view.opened;
    context.say(SafeText::new(&view.key.user_id).as_str());
    context.say(&explain::fingerprint(&opened.fingerprint));
    context.say(&format!(
        "{:<24} made {}, expires {} ({})",
        view.state().0,
        opened.created.day(),
        view.key.expires.day(),
        screen::time_left(view.now, view.key.expires)
    ));
    if let Some(why) = &view.key.revoked {
        context.say(&format!("revoked        {why}"));
    }
    context.say("");
    if let Some(due) = rotation_due(&view)? {
        context.say(&due);
        context.say("");
    }
    for (number, subkey) in view.key.subkeys.iter().enumerate() {
        context.say(&format!(
            "{:<14} {}",
            if number == 0 { "subkeys" } else { "" },
            explain::fingerprint(&subkey.fingerprint)
        ));
        context.say(&format!("{:<14} {}", "", subkey.told));
    }
    if view.in_force() {
        let last = view
            .master
            .shown
            .values()
            .chain(view.revocation.shown.values())
            .max();
        context.say(&format!(
            "shares         {}, {}; {} receipts, last {}",
            threshold(opened, Kind::Master),
            threshold(opened, Kind::Revocation),
            if view.master.missing.is_empty() && view.revocation.missing.is_empty() {
                "all"
            } else {
                "NOT ALL"
            },
            last.map_or_else(|| "-".to_owned(), |last| last.day())
        ));
        let mut closed = view.master.closed.clone();
        closed.extend(view.revocation.closed.clone());
        for (without, by) in &closed {
            context.say(&format!(
                "closed         without {without}, by {by}: whether {without}'s shares open isn't known"
            ));
        }
    } else {
        receipts(context, &view);
    }
    context.attestation_rows(opened, &view.attested, view.in_force());
    for holder in view.master.ahead.iter().chain(&view.revocation.ahead) {
        context.warn(&format!(
            "a receipt of {holder} is dated ahead of this clock; it isn't counted"
        ));
    }
    for request in &view.requests {
        request_rows(context, &view, request);
    }
    if view.requests.is_empty() {
        context.say(&format!(
            "requests       none open; {} carried out",
            view.done
        ));
    }
    for ended in &view.ended {
        context.say(&format!("ended          {ended}"));
    }
    for damaged in &view.damaged {
        context.warn(&format!("request {damaged}; it isn't counted"));
    }
    match view.my_turn() {
        Some((_, next)) => context.say(&format!("next           quorate {}", next.join(" "))),
        None => {
            let me = opened
                .remembered_me()
                .map_or_else(String::new, |me| format!(", {me},"));
            context.say(&format!("next           you{me} have nothing to do"));
        }
    }
    Ok(())
}

/// Ten weeks before the key expires its rotation is due, six weeks before it is urgent.
const DUE: u64 = 70 * 86_400;
const URGENT: u64 = 42 * 86_400;

fn rotation_due(view: &View) -> Result<Option<String>, Failure> {
    if view.has_ended() || view.key.expires.seconds_since(view.now) > DUE {
        return Ok(None);
    }
    let successors = view.opened.successors()?;
    let Some(successor) = successors.first() else {
        let left = view.key.expires.seconds_since(view.now);
        let word = if left > URGENT {
            "ROTATION DUE"
        } else {
            "ROTATION URGENT"
        };
        return Ok(Some(format!(
            "{word:<14} no successor is certified yet; next: quorate rotate"
        )));
    };
    Ok(Some(format!(
        "successor      {}, certified by request {}",
        explain::fingerprint(&successor.fingerprint),
        successor.request
    )))
}

fn threshold(opened: &Opened, kind: Kind) -> String {
    opened.manifest().set(kind).map_or_else(String::new, |set| {
        format!(
            "{} {} of {}",
            kind_word(kind),
            set.threshold.get(),
            set.shares.len()
        )
    })
}

fn receipts(context: &Context<'_>, view: &View) {
    for (kind, force) in [
        (Kind::Master, &view.master),
        (Kind::Revocation, &view.revocation),
    ] {
        let Some(set) = view.opened.manifest().set(kind) else {
            continue;
        };
        context.say(&format!(
            "receipts       {:<11} {} of {}",
            kind_word(kind),
            force.shown.len(),
            set.shares.len()
        ));
        for dealt in &set.shares {
            let date = force
                .shown
                .get(&dealt.holder)
                .map_or_else(|| "-".to_owned(), |last| last.day());
            context.say(&format!("  {:<12} {date}", dealt.holder.to_string()));
        }
    }
    let missing = together(&view.master.missing, &view.revocation.missing);
    context.say(&format!("missing        {}", screen::list(&missing)));
    context.say(&format!(
        "in force       with all {}",
        view.opened.roster.len()
    ));
}

fn request_rows(context: &Context<'_>, view: &View, open: &Open) {
    let request = open.found.verified.request();
    context.say("");
    context.say(&format!(
        "request {:<10} {}; opened by {}",
        open.found.id,
        explain::title(&request.drafts),
        request.opener
    ));
    context.say(&format!(
        "                   closes {}, {}",
        screen::minute(request.closes),
        screen::time_left(view.now, request.closes)
    ));
    for (name, when) in &open.approved {
        context.say(&format!(
            "  {:<16} approved {}",
            name.to_string(),
            screen::minute(*when)
        ));
    }
    for decline in &open.declined {
        context.say(&format!(
            "  {:<16} declined {}   \"{}\"",
            decline.holder.to_string(),
            screen::minute(decline.signed),
            SafeText::limited(&decline.because, 200)
        ));
    }
    for name in &open.waiting {
        context.say(&format!("  {:<16} -", name.to_string()));
    }
    let approved = open.approved.len();
    let missing = usize::from(open.needed).saturating_sub(approved);
    let total = approved + open.waiting.len() + open.declined.len();
    let mut needs = format!(
        "needs          {} of {total}; {approved} approved",
        open.needed
    );
    if missing > 0 {
        needs.push_str(&format!(
            "; missing: {missing} of {}",
            screen::list(&open.waiting)
        ));
    }
    if open.mine {
        needs.push_str(&format!("; {} arrived here", open.arrived));
    }
    context.say(&needs);
}
