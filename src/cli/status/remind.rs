//! `quorate status --remind`: a ready text for each person that something waits for.

use super::view::View;
use crate::ceremony::explain;
use crate::cli::attest::attested::reminder;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::screen;
use crate::roster::name::Name;
use crate::world::SafeText;

/// Prints the texts, each after the name it is for.
pub(in crate::cli) fn print(context: &Context<'_>, view: &View) {
    let opened = &view.opened;
    let mut nobody = true;
    for member in &opened.roster {
        let mut lines = Vec::new();
        if view.waits_for_receipt(&member.name) {
            lines.push(format!(
                "{}: please show that your shares of this key open, on your own machine:",
                SafeText::new(&opened.user_id)
            ));
            lines.push(format!("  {}", explain::fingerprint(&opened.fingerprint)));
            lines.push(
                "Compare the fingerprint with what you have by voice or paper. Then:".to_owned(),
            );
            lines.push(format!(
                "  git pull && quorate share receipt{}",
                identity(opened, &member.name)
            ));
        }
        if view.waits_for_attestation(&member.name) {
            lines.extend(reminder(opened));
        }
        for request in view.open_for(&member.name) {
            let asked = request.found.verified.request();
            let (id, opener) = (&request.found.id, &asked.opener);
            lines.push(format!(
                "{opener} asks you to {}.",
                explain::title(&asked.drafts)
            ));
            lines.push(format!(
                "Needs {} by {}, has {}. Call {opener} for the eight words, then:",
                request.needed,
                screen::minute(asked.closes),
                request.approved.len()
            ));
            lines.push(format!(
                "  git pull && quorate approve {id}{}",
                identity(opened, &member.name)
            ));
            lines.push(format!("or:  quorate decline {id} --because 'your reason'"));
        }
        if lines.is_empty() {
            continue;
        }
        nobody = false;
        context.say(&format!("text for {}:", member.name));
        for line in lines {
            context.say(&format!("| {line}"));
        }
        context.say("");
    }
    if nobody {
        context.say("nothing waits for anybody");
    }
}

fn identity(opened: &Opened, name: &Name) -> &'static str {
    match opened.manifest().member(name) {
        Some(member) if member.seal.has_a_file() => " -i FILE",
        _ => "",
    }
}
