//! The one text of a manifest: TOML, in fixed order, one way to write each value.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;
use quorate_share::Kind;

use super::manifest::{Dealt, Manifest, Seal, ShareSet};
use crate::roster::config::Attest;

/// The first lines, for people who open the file.
const HEAD: &str = "\
# vault.toml: the constitution of this vault, signed by the key itself (at the end).
# It changes only by a dealing or a replacement; nothing in it is secret.

";

/// `master` or `revocation`.
#[must_use]
pub fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Master | Kind::PracticeMaster => "master",
        Kind::Revocation | Kind::PracticeRevocation => "revocation",
    }
}

impl Manifest {
    /// The signed part of the file.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut text = String::with_capacity(4096);
        text.push_str(HEAD);
        pair(&mut text, "format", 1);
        quoted(&mut text, "vault", &HEXLOWER.encode(&self.vault_id));
        if let Some(previous) = &self.previous {
            quoted(&mut text, "previous", &previous.to_string());
        }
        text.push_str("\n[key]\n");
        quoted(&mut text, "fingerprint", &self.fingerprint.to_hex());
        quoted(&mut text, "user-id", &self.user_id);
        quoted(&mut text, "created", &self.created.to_string());
        quoted(&mut text, "expires", &self.expires.to_string());
        if let Some(predecessor) = &self.predecessor {
            quoted(&mut text, "predecessor", &predecessor.to_hex());
        }
        quoted(
            &mut text,
            "revocation-recipient",
            &self.revocation_recipient,
        );
        let _ = writeln!(text, "certificate = \"\"\"\n{}\"\"\"", self.certificate);
        text.push_str("\n[policy]\n");
        match self.attest {
            Attest::None => quoted(&mut text, "attest", "none"),
            Attest::Majority => quoted(&mut text, "attest", "majority"),
            Attest::Number(number) => pair(&mut text, "attest", number),
        }
        pair(&mut text, "request-days", self.request_days);
        pair(&mut text, "any-root-may-revoke", self.any_root_may_revoke);
        for member in &self.roster {
            text.push_str("\n[[root]]\n");
            quoted(&mut text, "name", member.name.as_str());
            match &member.seal {
                Seal::OpenPgp(fingerprint) => quoted(&mut text, "openpgp", &fingerprint.to_hex()),
                Seal::Age(recipient) => quoted(&mut text, "age", recipient),
                Seal::Ssh(key) => quoted(&mut text, "ssh", key),
                Seal::Passphrase => pair(&mut text, "passphrase", true),
            }
            if let Some(attest) = &member.attest {
                quoted(&mut text, "attest", &attest.to_hex());
            }
        }
        for set in &self.sets {
            set_text(&mut text, set);
        }
        for copy in &self.own_copies {
            text.push_str("\n[[own-copy]]\n");
            quoted(&mut text, "holder", copy.holder.as_str());
            quoted(&mut text, "sealed", &copy.sealed);
            quoted(
                &mut text,
                "sealed-sha256",
                &HEXLOWER.encode(&copy.sealed_sha256),
            );
        }
        text.push('\n');
        text.into_bytes()
    }

    /// What a receipt's digest is over.
    #[must_use]
    pub(super) fn render_section(&self, set: &ShareSet) -> Vec<u8> {
        let mut text = String::with_capacity(2048);
        quoted(&mut text, "vault", &HEXLOWER.encode(&self.vault_id));
        quoted(&mut text, "fingerprint", &self.fingerprint.to_hex());
        set_text(&mut text, set);
        text.into_bytes()
    }
}

fn set_text(text: &mut String, set: &ShareSet) {
    let word = kind_word(set.kind);
    let _ = writeln!(text, "\n[{word}]");
    quoted(text, "set", &set.set.to_string());
    quoted(text, "practice-set", &set.practice_set.to_string());
    pair(text, "generation", set.generation.get());
    pair(text, "needed", set.threshold.get());
    quoted(text, "file", &set.file);
    quoted(text, "file-sha256", &HEXLOWER.encode(&set.file_sha256));
    quoted(text, "practice-file", &set.practice_file);
    quoted(
        text,
        "practice-sha256",
        &HEXLOWER.encode(&set.practice_sha256),
    );
    quoted(text, "dealt", &set.dealt.to_string());
    for dealt in &set.shares {
        share_text(text, word, dealt);
    }
}

fn share_text(text: &mut String, word: &str, dealt: &Dealt) {
    let _ = writeln!(text, "\n[[{word}.share]]");
    pair(text, "seat", dealt.seat.get());
    quoted(text, "holder", dealt.holder.as_str());
    quoted(text, "holder-key", &dealt.holder_key.to_string());
    quoted(text, "commitment", &dealt.commitment.to_string());
    quoted(
        text,
        "practice-commitment",
        &dealt.practice_commitment.to_string(),
    );
    quoted(text, "sealed", &dealt.sealed);
    quoted(
        text,
        "sealed-sha256",
        &HEXLOWER.encode(&dealt.sealed_sha256),
    );
}

fn pair(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{name} = {value}");
}

/// A basic string; what TOML demands to be escaped is, and nothing else.
fn quoted(text: &mut String, name: &str, value: &str) {
    text.push_str(name);
    text.push_str(" = \"");
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
    if value.bytes().all(is_plain) {
        text.push_str(value);
        text.push_str("\"\n");
        return;
    }
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            c if c.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push_str("\"\n");
}
