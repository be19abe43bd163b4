//! `quorate status --json`.

use quorate_share::Kind;
use serde_json::json;

use super::view::View;
use crate::ceremony::explain;
use crate::cli::report::Failure;
use crate::roster::name::Name;
use crate::vault::render::kind_word;

/// Everything that the screen shows, for programs: docs/status.schema.json describes it.
pub(in crate::cli) fn of(view: &View) -> Result<serde_json::Value, Failure> {
    let opened = &view.opened;
    let names = |names: &mut dyn Iterator<Item = &Name>| -> Vec<String> {
        names.map(ToString::to_string).collect()
    };
    let sets: Vec<serde_json::Value> = [
        (Kind::Master, &view.master),
        (Kind::Revocation, &view.revocation),
    ]
    .into_iter()
    .filter_map(|(kind, force)| {
        let set = opened.manifest().set(kind)?;
        Some(json!({
            "kind": kind_word(kind),
            "generation": set.generation.get(),
            "needed": set.threshold.get(),
            "seats": set.shares.len(),
            "receipts": names(&mut force.shown.keys()),
            "missing": names(&mut force.missing.iter()),
            "closed_without": names(&mut force.closed.keys()),
        }))
    })
    .collect();
    let requests: Vec<serde_json::Value> = view
        .requests
        .iter()
        .map(|open| {
            let request = open.found.verified.request();
            json!({
                "id": open.found.id,
                "digest": open.found.verified.digest().to_string(),
                "what": explain::title(&request.drafts),
                "opened_by": request.opener.to_string(),
                "opened": request.opened.to_string(),
                "closes": request.closes.to_string(),
                "needed": open.needed,
                "approved": names(&mut open.approved.iter().map(|(name, _)| name)),
                "declined": names(&mut open.declined.iter().map(|decline| &decline.holder)),
                "open": names(&mut open.waiting.iter()),
                "arrived_here": open.arrived,
            })
        })
        .collect();
    let (turn, attested) = (view.my_turn(), &view.attested);
    let subkeys: Vec<serde_json::Value> = view
        .key
        .subkeys
        .iter()
        .map(|subkey| {
            json!({
                "fingerprint": subkey.fingerprint.to_hex(),
                "state": subkey.state,
                "expires": subkey.expires.map(|end| end.to_string()),
            })
        })
        .collect();
    let next: Vec<String> = turn
        .as_ref()
        .map(|(_, next)| {
            std::iter::once("quorate".to_owned())
                .chain(next.clone())
                .collect()
        })
        .unwrap_or_default();
    let successors = opened.successors()?;
    let last_drill = opened.last_drill().last;
    Ok(json!({
        "format": 1,
        "key": {
            "fingerprint": opened.fingerprint.to_hex(),
            "user_id": view.key.user_id,
            "state": view.state().1,
            "created": opened.created.to_string(),
            "expires": view.key.expires.to_string(),
            "revoked": view.key.revoked,
        },
        "subkeys": subkeys,
        "share_sets": sets,
        "attestation": {
            "needed": attested.needed,
            "able": names(&mut attested.able.iter()),
            "by": names(&mut attested.by.iter().map(|(name, _)| name)),
            "missing": names(&mut attested.missing().iter()),
        },
        "requests": requests,
        "carried_out": view.done,
        "last_drill": last_drill.map(|drill| drill.performed.day()),
        "successor": successors.first().map(|successor| successor.fingerprint.to_hex()),
        "me": opened.remembered_me().map(ToString::to_string),
        "my_turn": turn.is_some(),
        "next": next,
    }))
}
