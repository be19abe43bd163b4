//! What the stock gpg and sq make of a certificate that requests have changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::changed::{carried_out, offer};
use super::team::Team;

/// A stranger with a keyring of the own, which is thrown away.
pub struct Stranger {
    home: tempfile::TempDir,
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let mut gpgconf = Command::new("gpgconf");
        gpgconf.arg("--homedir").arg(self.home.path());
        let _ = gpgconf.args(["--kill", "all"]).output();
    }
}

impl Stranger {
    pub fn new() -> Self {
        let home = tempfile::Builder::new()
            .prefix("qs")
            .tempdir_in("/tmp")
            .unwrap();
        Self { home }
    }

    /// Runs gpg and gives its standard output.
    pub fn gpg(&self, arguments: &[&str]) -> String {
        let output = Command::new("gpg")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--batch", "--quiet", "--no-autostart"])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub fn imports(&self, file: &Path) -> &Self {
        self.gpg(&["--import", file.to_str().unwrap()]);
        self
    }

    /// The fields of all lines of a kind in gpg's list of keys.
    pub fn listed(&self, kind: &str) -> Vec<Vec<String>> {
        let listed = self.gpg(&["--list-keys", "--with-colons"]);
        let rows = listed.lines().map(|line| {
            let fields = line.split(':').map(str::to_owned);
            fields.collect::<Vec<_>>()
        });
        rows.filter(|row| row[0] == kind).collect()
    }
}

fn day(seconds: &str) -> String {
    let seconds: i64 = seconds.parse().unwrap();
    let time = jiff::Timestamp::from_second(seconds).unwrap();
    jiff::tz::Offset::UTC.to_datetime(time).date().to_string()
}

fn whole(team: &Team) -> PathBuf {
    let name = format!("out/0x{}.asc", team.fingerprint().to_lowercase());
    team.vault().join(name)
}

fn sq_inspects(file: &Path) -> String {
    let inspected = Command::new("sq").arg("inspect").arg(file).output();
    String::from_utf8_lossy(&inspected.unwrap().stdout).into_owned()
}

#[test]
fn gpg_and_sq_show_the_same_end_after_an_extension() {
    let team = Team::in_service_for_an_hour(2);
    let until = team.now().plus_days(300).day();
    let (file, _) = offer(&team, "a.offer");
    let bound_until = team.now().plus_days(100).day();
    carried_out(&team, &["subkey", "bind", &file, "--until", &bound_until]);
    carried_out(&team, &["extend", "--until", &until, "--subkeys"]);
    let stranger = Stranger::new();
    stranger.imports(&whole(&team));
    let shown = |kind: &str| -> Vec<String> {
        let rows = stranger.listed(kind);
        rows.iter().map(|row| day(&row[6])).collect()
    };
    assert_eq!(shown("pub"), std::slice::from_ref(&until));
    assert_eq!(shown("sub"), std::slice::from_ref(&until));
    let inspected = sq_inspects(&whole(&team));
    let ends: Vec<&str> = inspected
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Expiration time: "))
        .collect();
    assert_eq!(ends.len(), 2, "{inspected}");
    assert!(ends.iter().all(|end| end.starts_with(&until)), "{ends:?}");
}

#[test]
fn a_revoked_subkey_is_revoked_to_gpg_and_sq_and_the_primary_is_not() {
    let team = Team::in_service_for_an_hour(2);
    let (file, fingerprint) = offer(&team, "a.offer");
    carried_out(&team, &["subkey", "bind", &file]);
    let stranger = Stranger::new();
    stranger.imports(&whole(&team));
    assert_ne!(stranger.listed("sub")[0][1], "r");
    carried_out(&team, &["revoke", "subkey", "--confirm", &fingerprint[..4]]);
    // The small file alone is enough for who has the key already.
    let small = team.vault().join(format!("out/revoked-{fingerprint}.asc"));
    stranger.imports(&small);
    assert_eq!(stranger.listed("sub")[0][1], "r");
    assert_ne!(stranger.listed("pub")[0][1], "r");
    let another = Stranger::new();
    another.imports(&whole(&team));
    assert_eq!(another.listed("sub")[0][1], "r");
    assert_ne!(another.listed("pub")[0][1], "r");
    let inspected = sq_inspects(&whole(&team));
    let (before, after) = inspected.split_at(inspected.find("Subkey:").unwrap());
    assert!(!before.contains("Revoked"), "{inspected}");
    assert!(after.contains("Revoked"), "{inspected}");
}

#[test]
fn a_revoked_key_and_a_retired_user_id_are_that_to_gpg_too() {
    let team = Team::in_service_for_an_hour(2);
    let new = "Story Team <team@example.org>";
    carried_out(&team, &["uid", "add", new]);
    carried_out(&team, &["uid", "retire", "story@example.org"]);
    let stranger = Stranger::new();
    stranger.imports(&whole(&team));
    let ids: Vec<_> = stranger
        .listed("uid")
        .into_iter()
        .map(|row| (row[1] == "r", row[9].clone()))
        .collect();
    assert!(ids.contains(&(false, new.to_owned())), "{ids:?}");
    assert!(
        ids.iter()
            .any(|(revoked, id)| *revoked && id.contains("story@")),
        "{ids:?}"
    );
    let digits = team.fingerprint()[..4].to_owned();
    carried_out(&team, &["revoke", "key", "--confirm", &digits]);
    let small = team
        .vault()
        .join(format!("out/revoked-{}.asc", team.fingerprint()));
    stranger.imports(&small);
    assert_eq!(stranger.listed("pub")[0][1], "r");
    assert!(sq_inspects(&whole(&team)).contains("Revoked"));
}
