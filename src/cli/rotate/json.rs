//! `quorate rotate --json`: where the succession stands, for programs; nothing is done.

use quorate_share::Kind;
use serde_json::{Value, json};

use super::{Asked, Succession};
use crate::cli::context::Context;
use crate::cli::create::succeed;
use crate::cli::opened::{Found, Opened};
use crate::cli::report::Failure;
use crate::roster::name::Name;

/// Before a successor is made.
pub(super) fn without_successor(old: &Opened) -> Result<Value, Failure> {
    let step = match succeed::still_vouches(old) {
        Ok(()) => "successor",
        Err(_) => "ended",
    };
    Ok(json!({
        "format": 1, "step": step, "old": key(old)?, "new": null,
        "receipts": null, "attestations": null, "request": null,
    }))
}

impl Succession<'_> {
    /// With one.
    pub(super) fn to_json(&self) -> Result<Value, Failure> {
        let missing = self.missing_receipts()?;
        let attested = self.new.attested()?;
        let asked = self.asked()?;
        let step = match self.step(&missing, attested.is_enough(), &asked) {
            5 => "publish",
            _ if succeed::still_vouches(self.old).is_err() => "ended",
            2 => "receipts",
            3 => "attestations",
            _ => "approvals",
        };
        let mut new = key(self.new)?;
        new["folder"] = json!(self.new.folder.to_string_lossy());
        let request = match &asked {
            Asked::Not => Value::Null,
            Asked::Open(found) => self.request(found, "open")?,
            Asked::Done(found) => self.request(found, "carried-out")?,
        };
        let by: Vec<&Name> = attested.by.iter().map(|(name, _)| name).collect();
        Ok(json!({
            "format": 1, "step": step, "old": key(self.old)?, "new": new,
            "receipts": {
                "given": self.new.roster.len() - missing.len(),
                "missing": names(&missing),
            },
            "attestations": {
                "needed": attested.needed,
                "by": names(&by),
                "missing": names(&attested.missing()),
            },
            "request": request,
        }))
    }

    fn request(&self, found: &Found, state: &str) -> Result<Value, Failure> {
        let mut value = one(self.context, self.old, found)?;
        value["state"] = json!(state);
        value["pair"] = match self.other(found)? {
            None => Value::Null,
            Some(other) => one(&other.context, &other.opened, &other.found)?,
        };
        Ok(value)
    }
}

/// A request and its answers.
fn one(context: &Context<'_>, opened: &Opened, found: &Found) -> Result<Value, Failure> {
    let desk = context.desk(opened, &found.verified.digest())?;
    let request = found.verified.request();
    Ok(json!({
        "id": found.id,
        "opened_by": request.opener.to_string(),
        "closes": request.closes.to_string(),
        "needed": opened.set(Kind::Master)?.threshold.get(),
        "approved": names(&opened.approved_by(found)),
        "arrived_here": desk.arrived(context.world.files)?.len(),
    }))
}

fn key(opened: &Opened) -> Result<Value, Failure> {
    let now = opened.key_now()?;
    Ok(json!({
        "fingerprint": opened.fingerprint.to_hex(),
        "user_id": now.user_id,
        "expires": now.expires.to_string(),
    }))
}

fn names(names: &[impl ToString]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
