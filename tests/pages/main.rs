//! The pages that show commands, each run as it stands there.

mod handbook;
#[allow(dead_code)]
#[path = "../host/machine.rs"]
mod machine;
#[allow(dead_code)]
#[path = "../host/master.rs"]
mod master;
mod publishing;
#[allow(dead_code)]
#[path = "../host/quorum.rs"]
mod quorum;
mod readme;
mod rotation;
mod signing_host;
mod worst_day;

use std::path::Path;
use std::process::{Command, Output};

/// Lines `anna$ …` of a page's console blocks.
fn commands(page: &str) -> Vec<(String, String)> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside
            && let Some((who, command)) = line.split_once("$ ")
            && who.bytes().all(|byte| byte.is_ascii_lowercase())
        {
            found.push((who.to_owned(), command.to_owned()));
        }
    }
    found
}

fn run(home: &Path, vault: &Path, command: &str) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_quorate"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    Command::new("bash")
        .args(["-c", command])
        .current_dir(vault)
        .env_clear()
        .env("PATH", path)
        .env("HOME", home)
        .output()
        .unwrap()
}

/// A day some months ahead, so that the tests live as long as the clock runs.
fn in_months(months: u32) -> String {
    let now = quorate::world::Timestamp::from(std::time::SystemTime::now());
    now.plus_days(months * 30).day()
}

fn packaging() -> Vec<u8> {
    let (packaging, _) = sequoia_openpgp::cert::CertBuilder::new()
        .add_userid("Example Packaging <packaging@example.org>")
        .generate()
        .unwrap();
    sequoia_openpgp::serialize::SerializeInto::to_vec(&packaging.armored()).unwrap()
}
