//! Tests of `team.toml`: what is taken, and what each mistake is called.

use proptest::prelude::*;

use super::config::*;

const ANNA: &str = "4D6608697A8D41BED440E50454F31AF31768F1C7";
const EVE: &str = "C967A64CB14028D512C9791E558E08BAA719F1C7";
const ANNAS_OTHER: &str = "107F80E222F828767EFC2F91624A8940F1F8F1C7";

/// A good config of three roots.
fn good() -> String {
    format!(
        r#"
[key]
user-id   = "Example Infra ({{cycle}}) <infra-root@example.org>"
algorithm = "ed25519"
outlives  = "28 days"

[cycles]
"Juniper Cycle" = 2026-10-03
"Larch Cycle"   = 2027-04-03

[needed]
master     = 3
revocation = 2

[policy]
attest = "none"
request-days = 7
any-root-may-revoke = false

[root.eve]
seal   = "{EVE}"
[root.anna]
seal   = "4D66 0869 7A8D 41BE D440  E504 54F3 1AF3 1768 F1C7"
attest = "{ANNAS_OTHER}"
[root.ben]
seal   = "keys/ben.age"
"#
    )
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text.as_bytes())
}

/// The error after one replacement in the good config.
fn error(from: &str, to: &str) -> ConfigError {
    let text = good();
    assert!(text.contains(from), "{from}");
    parse(&text.replacen(from, to, 1)).unwrap_err()
}

/// Seconds since 1970 of a date at noon.
fn noon(date: &str) -> u64 {
    let time: jiff::Timestamp = format!("{date}T12:00:00Z").parse().unwrap();
    time.as_second().try_into().unwrap()
}

#[test]
fn a_good_config_is_read_in_the_order_of_the_file() {
    let config = parse(&good()).unwrap();
    assert_eq!(
        (config.master, config.revocation, config.outlives),
        (3, 2, 28)
    );
    assert_eq!(config.request_days, 7);
    let names: Vec<_> = config.roots.iter().map(|root| root.name.as_str()).collect();
    assert_eq!(names, ["eve", "anna", "ben"]);
    assert_eq!(config.roots[1].seal, Seal::OpenPgp(ANNA.parse().unwrap()));
    assert_eq!(config.roots[1].attest, Some(ANNAS_OTHER.parse().unwrap()));
    assert_eq!(config.roots[2].seal, Seal::File("ben.age".to_owned()));
    assert_eq!(config.roots[2].line, 25);
    let cycles: Vec<_> = config
        .cycles
        .iter()
        .map(|cycle| cycle.name.as_str())
        .collect();
    assert_eq!(cycles, ["Juniper Cycle", "Larch Cycle"]);
    assert_eq!(
        config.user_id(&config.cycles[0]),
        "Example Infra (Juniper Cycle) <infra-root@example.org>"
    );
}

#[test]
fn what_may_be_left_out_has_its_usual_value() {
    let text = good().replace("attest = \"none\"", "attest = \"majority\"");
    let (start, end) = (
        text.find("[policy]").unwrap(),
        text.find("[root.eve]").unwrap(),
    );
    let short = format!("{}{}", &text[..start], &text[end..])
        .replace("algorithm = \"ed25519\"\n", "")
        .replace("outlives  = \"28 days\"\n", "");
    let mut short = parse(&short).unwrap();
    let full = parse(&text).unwrap();
    for (root, other) in short.roots.iter_mut().zip(&full.roots) {
        root.line = other.line;
    }
    assert_eq!(short, full);
}

#[test]
fn carriage_returns_change_nothing() {
    assert_eq!(parse(&good().replace('\n', "\r\n")), parse(&good()));
}

#[test]
fn the_template_names_every_place_that_is_to_be_filled_in() {
    let ConfigError::Unfilled(places) = parse(template()).unwrap_err() else {
        panic!("filled in");
    };
    let fields: Vec<_> = places.iter().map(|place| place.field.as_str()).collect();
    let roots = ["anna", "ben", "cleo", "dan", "eve"].map(|name| format!("root.{name}.seal"));
    let mut expected = vec!["key.user-id", "cycles.FILL IN: Juniper Cycle"];
    expected.extend(roots.iter().map(String::as_str));
    assert_eq!(fields, expected);
    for place in &places {
        let line = template().lines().nth(place.line - 1).unwrap();
        assert!(line.contains("FILL IN"), "{line}");
    }
}

#[test]
fn the_filled_in_template_is_taken() {
    let mut number = 0;
    let filled: Vec<_> = template()
        .replace("FILL IN: Example", "Example")
        .replace("FILL IN: Juniper", "Juniper")
        .lines()
        .map(|line| match line.starts_with("seal = ") {
            true => {
                number += 1;
                format!("seal = \"keys/root{number}.age\"")
            }
            false => line.to_owned(),
        })
        .collect();
    let config = parse(&filled.join("\n")).unwrap();
    assert_eq!(
        (config.roots.len(), config.master, config.revocation),
        (5, 3, 2)
    );
}

#[test]
fn the_template_fits_a_terminal() {
    for line in template().lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn an_unknown_setting_names_the_nearest_and_its_line() {
    for (from, to, line, field, nearest) in [
        (
            "request-days",
            "request-day",
            17,
            "policy.request-day",
            "policy.request-days",
        ),
        ("user-id ", "userid ", 3, "key.userid", "key.user-id"),
        ("[needed]", "[need]", 11, "need", "needed"),
        (
            "[root.ben]\nseal",
            "[root.ben]\nsael",
            26,
            "root.ben.sael",
            "root.ben.seal",
        ),
        ("[key]", "master = 3\n[key]", 2, "master", "needed.master"),
    ] {
        let ConfigError::UnknownKey { at, nearest: found } = error(from, to) else {
            panic!("{to}");
        };
        assert_eq!(
            (at.line, at.field.as_str(), found.as_str()),
            (line, field, nearest)
        );
    }
}

#[test]
fn a_missing_setting_is_named() {
    for (from, field) in [
        (
            "user-id   = \"Example Infra ({cycle}) <infra-root@example.org>\"\n",
            "key.user-id",
        ),
        ("master     = 3\n", "needed.master"),
        ("revocation = 2\n", "needed.revocation"),
        ("seal   = \"keys/ben.age\"\n", "root.ben.seal"),
    ] {
        let field = field.to_owned();
        assert_eq!(error(from, ""), ConfigError::Missing { field });
    }
    let field = "key.user-id".to_owned();
    assert_eq!(parse(""), Err(ConfigError::Missing { field }));
}

#[test]
fn a_value_of_another_type_is_named_with_its_path() {
    for (from, to, field) in [
        ("master     = 3", "master = \"3\"", "needed.master"),
        ("master     = 3", "master = 3.0", "needed.master"),
        (
            "request-days = 7",
            "request-days = true",
            "policy.request-days",
        ),
        ("= false", "= \"no\"", "policy.any-root-may-revoke"),
        ("= \"28 days\"", "= 28", "key.outlives"),
        ("= \"ed25519\"", "= [\"ed25519\"]", "key.algorithm"),
        ("= 2026-10-03", "= \"2026-10-03\"", "cycles.Juniper Cycle"),
        ("= \"keys/ben.age\"", "= {}", "root.ben.seal"),
        ("[cycles]", "[[cycles]]", "cycles"),
        (
            "[root.ben]\nseal   = \"keys/ben.age\"",
            "[root]\nben = \"keys/ben.age\"",
            "root.ben",
        ),
    ] {
        match error(from, to) {
            ConfigError::WrongType { at, .. } => assert_eq!(at.field, field),
            other => panic!("{to}: {other}"),
        }
    }
}

#[test]
fn a_value_that_is_not_allowed_is_named_with_its_rule() {
    let range = |found, least, most| Problem::Range { found, least, most };
    let long = format!("\"{}\"", "x".repeat(600));
    let misplaced = |found| Problem::Misplaced { found };
    let cases = [
        ("= \"28 days\"", "= \"4 weeks\"", Problem::Days),
        ("= \"28 days\"", "= \"-1 days\"", Problem::Days),
        ("= \"28 days\"", "= \"367 days\"", Problem::Days),
        ("= \"28 days\"", "= \" days\"", Problem::Days),
        ("request-days = 7", "request-days = 0", range(0, 1, 14)),
        ("request-days = 7", "request-days = 15", range(15, 1, 14)),
        ("master     = 3", "master = 1", range(1, 2, 255)),
        ("master     = 3", "master = -3", range(-3, 2, 255)),
        ("master     = 3", "master = 0x1_00", range(256, 2, 255)),
        (
            "master     = 3",
            "master = 99999999999999999999999",
            range(i64::MAX, 2, 255),
        ),
        ("revocation = 2", "revocation = 1", range(1, 2, 255)),
        (
            "master     = 3",
            "master = 4",
            Problem::MoreThanRoots {
                threshold: 4,
                roots: 3,
            },
        ),
        (
            "master     = 3\nrevocation = 2",
            "master = 2\nrevocation = 3",
            Problem::MoreThanMaster {
                revocation: 3,
                master: 2,
            },
        ),
        ("= 2027-04-03", "= 2026-10-03", Problem::CycleOrder),
        ("= 2026-10-03", "= 2026-10-03T00:00:00Z", Problem::Date),
        ("= 2026-10-03", "= 10:00:00", Problem::Date),
        ("= 2026-10-03", "= 9999-10-03", Problem::Date),
        ("Juniper Cycle", "{cycle}", misplaced('{')),
        ("Juniper Cycle", "a <b@c>", misplaced('<')),
        ("Juniper Cycle", "", Problem::Empty),
        ("({cycle})", "({cycle)", misplaced('{')),
        ("({cycle})", "{name}", misplaced('{')),
        ("\"Example", "\" Example", Problem::Edges),
        (
            "Example",
            "\\u001b[31mExample",
            Problem::Invisible { code: 0x1b },
        ),
        (
            "Example",
            "\\u202eExample",
            Problem::Invisible { code: 0x202e },
        ),
        (
            "Example",
            "\\u200bExample",
            Problem::Invisible { code: 0x200b },
        ),
        ("Example", "Exa\\nmple", Problem::Invisible { code: 0xa }),
        (
            "\"Example Infra ({cycle}) <infra-root@example.org>\"",
            long.as_str(),
            Problem::TooLong { limit: 512 },
        ),
        ("[root.ben]", "[root.Ben]", Problem::Name),
        ("[root.ben]", "[root.\"../ben\"]", Problem::Name),
        ("keys/ben.age", "keys/../ben.age", Problem::Path),
        ("keys/ben.age", "keys/sub/ben.age", Problem::Path),
        ("keys/ben.age", "keys/..", Problem::Path),
        ("keys/ben.age", "keys/.ben", Problem::Path),
        ("keys/ben.age", "keys\\\\ben.age", Problem::Path),
        ("keys/ben.age", "/etc/passwd", Problem::Path),
        ("keys/ben.age", "./keys/ben.age", Problem::Path),
        ("keys/ben.age", "keys/", Problem::Empty),
        ("keys/ben.age", "ben.age", Problem::Seal),
        ("keys/ben.age", "", Problem::Seal),
        ("keys/ben.age", "0x4D6608697A8D41BE", Problem::Seal),
        (
            "keys/ben.age",
            ANNA,
            Problem::SameSeal {
                other: "anna".to_owned(),
            },
        ),
        ("attest = \"107F", "attest = \"107", Problem::Fingerprint),
    ];
    for (from, to, expected) in cases {
        match error(from, to) {
            ConfigError::Bad { problem, .. } => assert_eq!(problem, expected, "{to}"),
            other => panic!("{to}: {other}"),
        }
    }
    for to in ["\"sha1\"", "\"RSA4096\""] {
        let bad = error("\"ed25519\"", to);
        assert!(matches!(
            bad,
            ConfigError::Bad {
                problem: Problem::Word { .. },
                ..
            }
        ));
    }
}

#[test]
fn so_many_attest_as_the_policy_says() {
    let of = |policy: &str| parse(&good().replace("attest = \"none\"", policy)).unwrap();
    let needed = |policy| of(policy).attest.needed(5);
    assert_eq!(needed("attest = \"none\""), 0);
    assert_eq!(needed("attest = \"majority\""), 3);
    // Who says nothing gets what `init` writes.
    assert_eq!(needed(""), 3);
    assert_eq!(needed("attest = 2"), 2);
    let majorities: Vec<_> = (2..=6).map(|n| Attest::Majority.needed(n)).collect();
    assert_eq!(majorities, [2, 2, 3, 3, 4]);
    let ConfigError::Bad { problem, .. } = error("\"none\"", "4") else {
        panic!("four of three");
    };
    let (threshold, roots) = (4, 3);
    assert_eq!(problem, Problem::MoreThanRoots { threshold, roots });
}

#[test]
fn a_root_attests_with_the_key_named_or_the_own_seal_and_no_two_with_one() {
    let config = parse(&good()).unwrap();
    let keys: Vec<_> = config.roots.iter().map(Root::attest_key).collect();
    let (eve, anna) = (EVE.parse().unwrap(), ANNAS_OTHER.parse().unwrap());
    assert_eq!(keys, [Some(&eve), Some(&anna), None]);
    // The key that eve's shares are sealed to is the one that she attests with.
    let ConfigError::Bad { at, problem } = error(ANNAS_OTHER, EVE) else {
        panic!("two with one key");
    };
    assert_eq!(at.field, "root.anna.attest");
    let other = "eve".to_owned();
    assert_eq!(problem, Problem::SameAttest { other });
}

#[test]
fn that_any_root_may_revoke_has_to_be_said() {
    assert!(!parse(&good()).unwrap().any_root_may_revoke);
    let said = good().replace("= false", "= true");
    assert!(parse(&said).unwrap().any_root_may_revoke);
}

#[test]
fn too_few_roots_or_cycles_are_counted() {
    let text = good();
    let one = &text[..text.find("[root.anna]").unwrap()];
    let Err(ConfigError::Bad { problem, .. }) = parse(one) else {
        panic!("taken");
    };
    assert_eq!(
        problem,
        Problem::Count {
            found: 1,
            least: 2,
            most: 255
        }
    );
    let many: String = (0..256)
        .map(|n| format!("[root.r{n}]\nseal = \"keys/{n}\"\n"))
        .collect();
    let start = &text[..text.find("[root.eve]").unwrap()];
    let Err(ConfigError::Bad { problem, .. }) = parse(&format!("{start}{many}")) else {
        panic!("taken");
    };
    assert_eq!(
        problem,
        Problem::Count {
            found: 256,
            least: 2,
            most: 255
        }
    );
    let cycles = "\"Juniper Cycle\" = 2026-10-03\n\"Larch Cycle\"   = 2027-04-03\n";
    let ConfigError::Bad { problem, .. } = error(cycles, "") else {
        panic!("taken");
    };
    assert_eq!(
        problem,
        Problem::Count {
            found: 0,
            least: 1,
            most: 64
        }
    );
}

#[test]
fn what_is_not_toml_is_named_with_line_and_column() {
    for (from, to, place) in [
        ("master     = 3", "master = ", 12),
        ("[key]", "[key", 2),
        ("[needed]", "[key]", 11),
        ("[root.ben]", "[root.anna]", 25),
        ("revocation = 2", "master = 2", 13),
        ("= 2026-10-03", "= 2026-13-03", 8),
    ] {
        match error(from, to) {
            ConfigError::Syntax { line, column, .. } => {
                assert_eq!(line, place, "{to}");
                assert!(column > 0);
            }
            other => panic!("{to}: {other}"),
        }
    }
}

#[test]
fn other_files_are_refused_at_the_door() {
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(good().bytes().flat_map(|b| [b, 0]))
        .collect();
    assert_eq!(Config::parse(&utf16), Err(ConfigError::NotText { line: 1 }));
    assert_eq!(
        Config::parse(b"# a\n\xff"),
        Err(ConfigError::NotText { line: 2 })
    );
    let huge = vec![b'#'; 100 << 20];
    let (found, limit) = (huge.len(), MAX_CONFIG);
    assert_eq!(
        Config::parse(&huge),
        Err(ConfigError::TooBig { found, limit })
    );
    let deep = format!("a = {}", "[".repeat(MAX_CONFIG - 10));
    assert!(parse(&deep).is_err());
    let deep = format!("a{} = 1", ".a".repeat(100_000));
    assert!(parse(&deep).is_err());
}

#[test]
fn a_config_cut_anywhere_never_panics() {
    let text = good();
    for at in 0..text.len() {
        let _ = parse(&text[..at]);
    }
}

#[test]
fn messages_have_no_control_characters() {
    let hostile = parse("\"a\\u001b[31m\\u202e\" = 1")
        .unwrap_err()
        .to_string();
    assert!(!hostile.contains(['\u{1b}', '\u{202e}']), "{hostile}");
}

#[test]
fn the_key_expires_at_the_end_of_its_last_day() {
    let config = parse(&good()).unwrap();
    let expiry = config
        .key_expiry(&config.cycles[0], noon("2026-03-02"))
        .unwrap();
    assert_eq!(expiry, noon("2026-10-31") + 12 * 3600 - 1);
}

#[test]
fn no_key_lives_longer_than_thirteen_months_or_is_made_too_late() {
    let config = parse(&good()).unwrap();
    let [juniper, larch] = &config.cycles[..] else {
        panic!()
    };
    // Larch's key expires on 2027-05-01.
    assert!(config.key_expiry(larch, noon("2026-04-01")).is_ok());
    assert!(matches!(
        config.key_expiry(larch, noon("2026-03-31")),
        Err(ExpiryError::TooLate { .. })
    ));
    assert!(config.key_expiry(juniper, noon("2026-10-03")).is_ok());
    let last_day = juniper.last_day;
    assert_eq!(
        config.key_expiry(juniper, noon("2026-10-04")),
        Err(ExpiryError::Over { last_day })
    );
    assert!(config.key_expiry(juniper, u64::MAX).is_err());
}

#[test]
fn the_cycle_of_a_day_is_the_first_that_is_not_over() {
    let config = parse(&good()).unwrap();
    let at = |date| config.cycle_at(noon(date)).map(|cycle| cycle.name.as_str());
    assert_eq!(at("2026-03-02"), Some("Juniper Cycle"));
    assert_eq!(at("2026-10-03"), Some("Juniper Cycle"));
    assert_eq!(at("2026-10-04"), Some("Larch Cycle"));
    assert_eq!(at("2027-04-04"), None);
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(bytes: Vec<u8>, text in "\\PC{0,200}", at in 0usize..600) {
        let _ = Config::parse(&bytes);
        let _ = parse(&text).map_err(|error| error.to_string());
        let mut mixed = good();
        let at = at.min(mixed.len());
        mixed.insert_str(at, &text);
        let _ = parse(&mixed).map_err(|error| error.to_string());
    }
}
