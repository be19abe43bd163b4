//! The rules of `team.toml`: from its text to a [`Config`].

use sequoia_openpgp::Fingerprint;

use super::config::{Algorithm, Attest, CYCLE, Config, Cycle, MAX_ROOTS, Root, Seal};
use super::config_error::{ConfigError, Problem};
use super::config_toml::{Key, Source, Value, in_order};
use super::name::Name;

/// Most bytes of a user ID after the cycle's name was put in.
const MAX_USER_ID: usize = 512;
/// Most bytes of a cycle's name.
const MAX_CYCLE: usize = 64;
/// Most cycles.
const MAX_CYCLES: usize = 64;
/// Most days that a key outlives its cycle.
const MAX_OUTLIVES: u16 = 366;
/// How the template marks what is still to be filled in.
const UNFILLED: &str = "FILL IN";

/// Reads the whole text.
pub(super) fn read(text: &str) -> Result<Config, ConfigError> {
    let source = Source(text);
    let file = source.parse()?;
    let mut raw = Raw::default();
    for (key, value) in in_order(&file) {
        match &**key.get_ref() {
            "key" => raw.key(&source, value)?,
            "cycles" => raw.cycles = Some(value),
            "needed" => raw.needed(&source, value)?,
            "policy" => raw.policy(&source, value)?,
            "root" => raw.roots = Some(value),
            _ => return Err(source.unknown(key, "")),
        }
    }
    let unfilled = source.marked(&file, UNFILLED);
    if !unfilled.is_empty() {
        return Err(ConfigError::Unfilled(unfilled));
    }
    raw.check(&source)
}

/// The tables and values as they are found, each with its place.
#[derive(Default)]
struct Raw<'t, 'i> {
    user_id: Option<&'t Value<'i>>,
    algorithm: Option<&'t Value<'i>>,
    outlives: Option<&'t Value<'i>>,
    cycles: Option<&'t Value<'i>>,
    master: Option<&'t Value<'i>>,
    revocation: Option<&'t Value<'i>>,
    attest: Option<&'t Value<'i>>,
    request_days: Option<&'t Value<'i>>,
    any_root: Option<&'t Value<'i>>,
    roots: Option<&'t Value<'i>>,
}

fn missing(field: &str) -> ConfigError {
    ConfigError::Missing {
        field: field.to_owned(),
    }
}

impl<'t, 'i> Raw<'t, 'i> {
    fn key(&mut self, source: &Source<'i>, table: &'t Value<'i>) -> Result<(), ConfigError> {
        for (key, value) in source.table(table, "key")? {
            match &**key.get_ref() {
                "user-id" => self.user_id = Some(value),
                "algorithm" => self.algorithm = Some(value),
                "outlives" => self.outlives = Some(value),
                _ => return Err(source.unknown(key, "key")),
            }
        }
        Ok(())
    }

    fn needed(&mut self, source: &Source<'i>, table: &'t Value<'i>) -> Result<(), ConfigError> {
        for (key, value) in source.table(table, "needed")? {
            match &**key.get_ref() {
                "master" => self.master = Some(value),
                "revocation" => self.revocation = Some(value),
                _ => return Err(source.unknown(key, "needed")),
            }
        }
        Ok(())
    }

    fn policy(&mut self, source: &Source<'i>, table: &'t Value<'i>) -> Result<(), ConfigError> {
        for (key, value) in source.table(table, "policy")? {
            match &**key.get_ref() {
                "attest" => self.attest = Some(value),
                "request-days" => self.request_days = Some(value),
                "any-root-may-revoke" => self.any_root = Some(value),
                _ => return Err(source.unknown(key, "policy")),
            }
        }
        Ok(())
    }

    fn check(self, source: &Source<'i>) -> Result<Config, ConfigError> {
        let user_id_at = self.user_id.ok_or_else(|| missing("key.user-id"))?;
        let user_id = checked_user_id(source, user_id_at)?;
        let algorithm = self
            .algorithm
            .map_or(Ok(Algorithm::Ed25519), |at| algorithm(source, at))?;
        let outlives = self.outlives.map_or(Ok(28), |at| outlives(source, at))?;
        let cycles = checked_cycles(source, self.cycles.ok_or_else(|| missing("cycles"))?)?;
        let longest = cycles.iter().map(|cycle| cycle.name.len()).max();
        if user_id.len() + longest.unwrap_or(0) > MAX_USER_ID {
            let limit = MAX_USER_ID;
            return Err(source.bad(user_id_at, "key.user-id", Problem::TooLong { limit }));
        }
        let roots_at = self.roots.ok_or_else(|| missing("root"))?;
        let roots = checked_roots(source, roots_at)?;
        let master_at = self.master.ok_or_else(|| missing("needed.master"))?;
        let master = threshold(source, master_at, "needed.master", roots.len())?;
        let revocation_at = self
            .revocation
            .ok_or_else(|| missing("needed.revocation"))?;
        let field = "needed.revocation";
        let revocation = threshold(source, revocation_at, field, roots.len())?;
        if revocation > master {
            let problem = Problem::MoreThanMaster { revocation, master };
            return Err(source.bad(revocation_at, field, problem));
        }
        let attest = self
            .attest
            .map_or(Ok(Attest::Majority), |at| attest(source, at, roots.len()))?;
        let request_days = self
            .request_days
            .map_or(Ok(7), |at| source.number(at, "policy.request-days", 1, 14))?;
        let any_root_may_revoke = self.any_root.map_or(Ok(false), |at| {
            source.boolean(at, "policy.any-root-may-revoke")
        })?;
        Ok(Config {
            user_id,
            algorithm,
            outlives,
            cycles,
            master,
            revocation,
            attest,
            request_days,
            any_root_may_revoke,
            roots,
        })
    }
}

/// A text that people will see: not empty, nothing in it that can't be seen or changes what is seen.
fn visible(text: &str, limit: usize) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    if text.len() > limit {
        return Err(Problem::TooLong { limit });
    }
    let invisible = |c: &char| {
        c.is_control()
            || matches!(*c,
                '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    if let Some(found) = text.chars().find(invisible) {
        return Err(Problem::Invisible {
            code: u32::from(found),
        });
    }
    if text.trim() != text {
        return Err(Problem::Edges);
    }
    Ok(())
}

fn checked_user_id(source: &Source<'_>, value: &Value<'_>) -> Result<String, ConfigError> {
    let field = "key.user-id";
    let text = source.string(value, field)?;
    let bad = |problem| source.bad(value, field, problem);
    visible(text, MAX_USER_ID).map_err(bad)?;
    if let Some(found) = text.replace(CYCLE, "").chars().find(|c| "{}".contains(*c)) {
        return Err(bad(Problem::Misplaced { found }));
    }
    Ok(text.to_owned())
}

fn algorithm(source: &Source<'_>, value: &Value<'_>) -> Result<Algorithm, ConfigError> {
    let field = "key.algorithm";
    match source.string(value, field)? {
        "ed25519" => Ok(Algorithm::Ed25519),
        "rsa4096" => Ok(Algorithm::Rsa4096),
        found => Err(source.bad(
            value,
            field,
            Problem::Word {
                found: found.to_owned(),
                allowed: &["\"ed25519\"", "\"rsa4096\""],
            },
        )),
    }
}

fn outlives(source: &Source<'_>, value: &Value<'_>) -> Result<u16, ConfigError> {
    let field = "key.outlives";
    let text = source.string(value, field)?;
    let days = text.strip_suffix(" days").or(text.strip_suffix(" day"));
    days.filter(|days| !days.is_empty() && days.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|days| days.parse().ok())
        .filter(|days| *days <= MAX_OUTLIVES)
        .ok_or_else(|| source.bad(value, field, Problem::Days))
}

fn checked_cycles(source: &Source<'_>, table: &Value<'_>) -> Result<Vec<Cycle>, ConfigError> {
    let entries = source.table(table, "cycles")?;
    if entries.is_empty() || entries.len() > MAX_CYCLES {
        let problem = Problem::Count {
            found: entries.len(),
            least: 1,
            most: MAX_CYCLES,
        };
        return Err(source.bad(table, "cycles", problem));
    }
    let mut cycles: Vec<Cycle> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let name = key.get_ref();
        let field = format!("cycles.{name}");
        visible(name, MAX_CYCLE).map_err(|problem| source.bad(key, &field, problem))?;
        if let Some(found) = name.chars().find(|c| "<>{}".contains(*c)) {
            return Err(source.bad(key, &field, Problem::Misplaced { found }));
        }
        let last_day = source.date(value, &field)?;
        if cycles
            .last()
            .is_some_and(|before| before.last_day >= last_day)
        {
            return Err(source.bad(value, &field, Problem::CycleOrder));
        }
        cycles.push(Cycle {
            name: name.to_string(),
            last_day,
        });
    }
    Ok(cycles)
}

fn threshold(
    source: &Source<'_>,
    value: &Value<'_>,
    field: &str,
    roots: usize,
) -> Result<u8, ConfigError> {
    let threshold = source.number(value, field, 2, u8::MAX)?;
    if usize::from(threshold) > roots {
        let problem = Problem::MoreThanRoots { threshold, roots };
        return Err(source.bad(value, field, problem));
    }
    Ok(threshold)
}

/// Whether so many can sign depends on keys; that so many are there is asked here.
fn attest(source: &Source<'_>, value: &Value<'_>, roots: usize) -> Result<Attest, ConfigError> {
    let field = "policy.attest";
    if value.get_ref().is_integer() {
        let threshold = source.number(value, field, 1, u8::MAX)?;
        if usize::from(threshold) > roots {
            let problem = Problem::MoreThanRoots { threshold, roots };
            return Err(source.bad(value, field, problem));
        }
        return Ok(Attest::Number(threshold));
    }
    match source.string(value, field)? {
        "none" => Ok(Attest::None),
        "majority" => Ok(Attest::Majority),
        found => Err(source.bad(
            value,
            field,
            Problem::Word {
                found: found.to_owned(),
                allowed: &["\"majority\"", "\"none\"", "a number"],
            },
        )),
    }
}

fn checked_roots(source: &Source<'_>, table: &Value<'_>) -> Result<Vec<Root>, ConfigError> {
    let entries = source.table(table, "root")?;
    if entries.len() < 2 || entries.len() > MAX_ROOTS {
        let problem = Problem::Count {
            found: entries.len(),
            least: 2,
            most: MAX_ROOTS,
        };
        return Err(source.bad(table, "root", problem));
    }
    let mut roots: Vec<Root> = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        let (root, seal_at, attest_at) = checked_root(source, key, value)?;
        if let Some(other) = roots.iter().find(|other| other.seal == root.seal) {
            let problem = Problem::SameSeal {
                other: other.name.to_string(),
            };
            return Err(source.bad(seal_at, &format!("root.{}.seal", root.name), problem));
        }
        let same =
            |other: &&Root| root.attest_key().is_some() && other.attest_key() == root.attest_key();
        if let Some(other) = roots.iter().find(same) {
            let problem = Problem::SameAttest {
                other: other.name.to_string(),
            };
            // Seals differ, so one of the two names the key; the later line is the one to look at.
            let at = attest_at.unwrap_or(seal_at);
            return Err(source.bad(at, &format!("root.{}.attest", root.name), problem));
        }
        roots.push(root);
    }
    Ok(roots)
}

fn checked_root<'t, 'i>(
    source: &Source<'i>,
    key: &Key<'i>,
    table: &'t Value<'i>,
) -> Result<(Root, &'t Value<'i>, Option<&'t Value<'i>>), ConfigError> {
    let path = format!("root.{}", key.get_ref());
    let name = Name::parse(key.get_ref()).map_err(|_| source.bad(key, &path, Problem::Name))?;
    let (mut seal_at, mut attest_at) = (None, None);
    for (key, value) in source.table(table, &path)? {
        match &**key.get_ref() {
            "seal" => seal_at = Some(value),
            "attest" => attest_at = Some(value),
            _ => return Err(source.unknown(key, &path)),
        }
    }
    let field = format!("{path}.seal");
    let seal_at = seal_at.ok_or_else(|| missing(&field))?;
    let seal = checked_seal(source, seal_at, &field)?;
    let field = format!("{path}.attest");
    let attest = attest_at.map(|at| {
        let text = source.string(at, &field)?;
        fingerprint(text).ok_or_else(|| source.bad(at, &field, Problem::Fingerprint))
    });
    let root = Root {
        name,
        seal,
        attest: attest.transpose()?,
        line: source.place(key, &path).line,
    };
    Ok((root, seal_at, attest_at))
}

fn checked_seal(source: &Source<'_>, at: &Value<'_>, field: &str) -> Result<Seal, ConfigError> {
    let text = source.string(at, field)?;
    if text == "passphrase" {
        return Ok(Seal::Passphrase);
    }
    if let Some(file) = text.strip_prefix("keys/") {
        return match visible(file, 255) {
            Ok(()) if !file.starts_with('.') && !file.contains(['/', '\\']) => {
                Ok(Seal::File(file.to_owned()))
            }
            Ok(()) => Err(source.bad(at, field, Problem::Path)),
            Err(problem) => Err(source.bad(at, field, problem)),
        };
    }
    if text.contains(['/', '\\']) {
        return Err(source.bad(at, field, Problem::Path));
    }
    let seal = fingerprint(text).map(Seal::OpenPgp);
    seal.ok_or_else(|| source.bad(at, field, Problem::Seal))
}

/// A v4 fingerprint: 40 hexadecimal digits with spaces anywhere.
fn fingerprint(text: &str) -> Option<Fingerprint> {
    let digits = text.bytes().filter(|b| *b != b' ').collect::<Vec<_>>();
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(&digits).ok()?;
    Some(Fingerprint::V4(bytes.try_into().ok()?))
}
