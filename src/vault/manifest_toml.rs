//! Reading a manifest's TOML: every field known, every value possible.

use std::str::FromStr;

use data_encoding::HEXLOWER;
use quorate_share::{Generation, Kind, Seat, Threshold};
use serde::Deserialize;

use super::manifest::{Dealt, Manifest, Member, OwnCopy, Seal, ShareSet};
use crate::roster::config::Attest;
use crate::roster::holder_key::HolderPublic;
use crate::roster::name::Name;
use crate::world::SafeText;

/// What can be wrong.
pub(super) enum Problem {
    Syntax(String),
    Version(u32),
    Rule(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Text {
    #[allow(dead_code)] // read first, by itself
    format: u32,
    vault: String,
    previous: Option<String>,
    key: KeyText,
    policy: PolicyText,
    root: Vec<RootText>,
    master: SetText,
    revocation: SetText,
    #[serde(default)]
    own_copy: Vec<OwnCopyText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct KeyText {
    fingerprint: String,
    user_id: String,
    created: String,
    expires: String,
    predecessor: Option<String>,
    revocation_recipient: String,
    certificate: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyText {
    attest: AttestText,
    request_days: u32,
    any_root_may_revoke: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AttestText {
    Word(String),
    Number(u8),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RootText {
    name: String,
    openpgp: Option<String>,
    age: Option<String>,
    ssh: Option<String>,
    passphrase: Option<bool>,
    attest: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SetText {
    set: String,
    practice_set: String,
    generation: u32,
    needed: u8,
    file: String,
    file_sha256: String,
    practice_file: String,
    practice_sha256: String,
    dealt: String,
    share: Vec<ShareText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ShareText {
    seat: u8,
    holder: String,
    holder_key: String,
    commitment: String,
    practice_commitment: String,
    sealed: String,
    sealed_sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct OwnCopyText {
    holder: String,
    sealed: String,
    sealed_sha256: String,
}

/// Only to name a version to come before its fields are complained about.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

fn value<T: FromStr>(text: &str, rule: &'static str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::Rule(rule))
}

fn bytes<const N: usize>(text: &str, rule: &'static str) -> Result<[u8; N], Problem> {
    let bytes = HEXLOWER
        .decode(text.as_bytes())
        .map_err(|_| Problem::Rule(rule))?;
    bytes.try_into().map_err(|_| Problem::Rule(rule))
}

pub(super) fn parse(text: &str) -> Result<Manifest, Problem> {
    // It repeats names from the text, which may be anybody's: a request carries the manifest of another key.
    let syntax = |error: toml::de::Error| {
        Problem::Syntax(SafeText::limited(error.message(), 300).to_string())
    };
    let version: Version = toml::from_str(text).map_err(syntax)?;
    if version.format != 1 {
        return Err(Problem::Version(version.format));
    }
    let text: Text = toml::from_str(text).map_err(syntax)?;
    let policy = &text.policy;
    let attest = match &policy.attest {
        AttestText::Word(word) if word == "none" => Some(Attest::None),
        AttestText::Word(word) if word == "majority" => Some(Attest::Majority),
        AttestText::Number(number) if *number > 0 => Some(Attest::Number(*number)),
        _ => None,
    };
    let unknown = Problem::Rule("a policy that this program doesn't know");
    let (Some(attest), 1..=14) = (attest, policy.request_days) else {
        return Err(unknown);
    };
    let certificate = text.key.certificate;
    Ok(Manifest {
        vault_id: bytes(&text.vault, "the vault's id is damaged")?,
        fingerprint: value(&text.key.fingerprint, "the fingerprint is damaged")?,
        user_id: text.key.user_id,
        created: value(&text.key.created, "a time is damaged")?,
        expires: value(&text.key.expires, "a time is damaged")?,
        certificate,
        roster: text
            .root
            .into_iter()
            .map(member)
            .collect::<Result<_, _>>()?,
        attest,
        request_days: policy.request_days,
        any_root_may_revoke: policy.any_root_may_revoke,
        sets: vec![
            set(Kind::Master, text.master)?,
            set(Kind::Revocation, text.revocation)?,
        ],
        own_copies: text
            .own_copy
            .into_iter()
            .map(own_copy)
            .collect::<Result<_, _>>()?,
        predecessor: text
            .key
            .predecessor
            .map(|text| value(&text, "the predecessor is damaged"))
            .transpose()?,
        revocation_recipient: text.key.revocation_recipient,
        previous: text
            .previous
            .map(|text| value(&text, "a digest is damaged"))
            .transpose()?,
    })
}

fn member(text: RootText) -> Result<Member, Problem> {
    let seal = match (text.openpgp, text.age, text.ssh, text.passphrase) {
        (Some(fingerprint), None, None, None) => {
            Seal::OpenPgp(value(&fingerprint, "a fingerprint is damaged")?)
        }
        (None, Some(recipient), None, None) => Seal::Age(recipient),
        (None, None, Some(key), None) => Seal::Ssh(key),
        (None, None, None, Some(true)) => Seal::Passphrase,
        _ => return Err(Problem::Rule("a root has not one seal")),
    };
    let attest = text
        .attest
        .map(|text| value(&text, "a fingerprint is damaged"))
        .transpose()?;
    Ok(Member {
        name: name(&text.name)?,
        seal,
        attest,
    })
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::parse(text).map_err(|_| Problem::Rule("a root's name is impossible"))
}

fn set(kind: Kind, text: SetText) -> Result<ShareSet, Problem> {
    Ok(ShareSet {
        kind,
        set: value(&text.set, "a set's id is damaged")?,
        practice_set: value(&text.practice_set, "a set's id is damaged")?,
        generation: Generation::new(text.generation).map_err(|_| Problem::Rule("generation 0"))?,
        threshold: Threshold::new(text.needed).map_err(|_| Problem::Rule("a threshold below 2"))?,
        file: text.file,
        file_sha256: bytes(&text.file_sha256, "a digest is damaged")?,
        practice_file: text.practice_file,
        practice_sha256: bytes(&text.practice_sha256, "a digest is damaged")?,
        dealt: value(&text.dealt, "a time is damaged")?,
        shares: text
            .share
            .into_iter()
            .map(share)
            .collect::<Result<_, _>>()?,
    })
}

fn own_copy(text: OwnCopyText) -> Result<OwnCopy, Problem> {
    Ok(OwnCopy {
        holder: name(&text.holder)?,
        sealed: text.sealed,
        sealed_sha256: bytes(&text.sealed_sha256, "a digest is damaged")?,
    })
}

fn share(text: ShareText) -> Result<Dealt, Problem> {
    Ok(Dealt {
        seat: Seat::new(text.seat).map_err(|_| Problem::Rule("seat 0"))?,
        holder: name(&text.holder)?,
        holder_key: HolderPublic::parse(&text.holder_key)
            .map_err(|_| Problem::Rule("a holder key is damaged"))?,
        commitment: value(&text.commitment, "a commitment is damaged")?,
        practice_commitment: value(&text.practice_commitment, "a commitment is damaged")?,
        sealed: text.sealed,
        sealed_sha256: bytes(&text.sealed_sha256, "a digest is damaged")?,
    })
}
