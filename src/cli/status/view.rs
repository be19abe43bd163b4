//! What a screen shows of a vault: where the key stands, what is open, whose turn it is.

use quorate_share::Kind;

use crate::ceremony::asked::Asked as _;
use crate::ceremony::objection::Objection;
use crate::cli::context::Context;
use crate::cli::desk::OneTimeKey;
use crate::cli::opened::answers::Ended;
use crate::cli::opened::key_now::KeyNow;
use crate::cli::opened::{Found, Opened};
use crate::cli::report::Failure;
use crate::cli::screen;
use crate::roster::name::Name;
use crate::vault::attested::Attested;
use crate::vault::force::Force;
use crate::world::{SafeText, Timestamp};

/// A request that can still be carried out.
pub(in crate::cli) struct Open {
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

/// A drill that can still be carried out.
pub(super) struct OpenDrill {
    pub id: String,
    pub opener: Name,
    /// Who can answer and hasn't; nobody if enough have.
    waiting: Vec<Name>,
    /// Enough answers have come to this machine, which opened it.
    can_be_performed: bool,
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
    pub drills: Vec<OpenDrill>,
    pub damaged: Vec<String>,
    /// Requests that were withdrawn or declined, in words.
    pub ended: Vec<String>,
    pub done: usize,
}

impl View {
    pub(in crate::cli) fn of(context: &Context<'_>, opened: Opened) -> Result<Self, Failure> {
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
        let drills = match key.has_ended(now) {
            true => Vec::new(),
            false => open_drills(context, &opened)?,
        };
        Ok(Self {
            opened,
            key,
            now,
            master,
            revocation,
            attested,
            requests,
            drills,
            damaged,
            ended,
            done,
        })
    }

    /// Is a receipt of this person missing, whether closed without or not? A revoked key needs none any more.
    pub(super) fn waits_for_receipt(&self, name: &Name) -> bool {
        self.key.revoked.is_none()
            && (self.master.missing.contains(name) || self.revocation.missing.contains(name))
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

    pub(in crate::cli) fn has_ended(&self) -> bool {
        self.key.has_ended(self.now)
    }

    pub(in crate::cli) fn in_force(&self) -> bool {
        self.master.is_in_force() && self.revocation.is_in_force()
    }

    /// The state in one or two words, for people and for programs.
    pub(in crate::cli) fn state(&self) -> (&'static str, &'static str) {
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
    pub(in crate::cli) fn my_turn(&self) -> Option<(String, Vec<String>)> {
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
        if self.waits_for_attestation(me) {
            let what = "sign the key with your own key";
            return Some((what.to_owned(), vec!["attest".to_owned()]));
        }
        self.drills.iter().find_map(|drill| {
            let next = |what: &str| vec!["drill".to_owned(), what.to_owned(), drill.id.clone()];
            if drill.can_be_performed {
                return Some((
                    "enough answers to the drill have come".to_owned(),
                    next("perform"),
                ));
            }
            drill.waiting.contains(me).then(|| {
                let what = format!("{} asks you to take part in a drill", drill.opener);
                (what, next("answer"))
            })
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

fn open_drills(context: &Context<'_>, opened: &Opened) -> Result<Vec<OpenDrill>, Failure> {
    let mut drills = Vec::new();
    // What is wrong with the others, `drill list` tells.
    for found in opened.drills().into_iter().flatten() {
        if found.verified.open_at(opened.now).is_err()
            || opened.drilled(&found).is_some()
            || opened.ended(&found)?.is_some()
        {
            continue;
        }
        let declined = opened.declines(&found);
        let (mut waiting, needed) = opened.still_possible(&found, &declined)?;
        let answered = opened.approved_by(&found);
        waiting.retain(|name| !answered.contains(name));
        if answered.len() >= needed {
            waiting.clear();
        }
        let desk = context.drill_desk(opened, &found.verified.digest())?;
        let files = context.world.files;
        drills.push(OpenDrill {
            opener: found.verified.drill().opener.clone(),
            waiting,
            can_be_performed: desk.key(files)?.is_here() && desk.arrived(files)?.len() >= needed,
            id: found.id,
        });
    }
    Ok(drills)
}
