//! What a command leaves to git: the lines to type, or, with `--commit`, typed.

use std::path::{Component, Path, PathBuf};

use super::context::Context;
use super::report::{Failure, path};
use super::screen::typed_from;
use crate::world::{Command, Kind as FileKind, Program, SafeText};

const MAX_IGNORED: usize = 64 << 10;
/// What git must not take.
const IGNORED: &str = "/out/\n/.quorate.lock\n.quorate-tmp-*\n*.submission\n";

/// `git add` of all these, in as many lines as a terminal's width wants.
fn add_lines(git: &str, files: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for file in files.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + file.chars().count() <= 80 => {
                line.push(' ');
                line.push_str(file);
            }
            _ => lines.push(format!("  {git} add {file}")),
        }
    }
    lines
}

impl Context<'_> {
    /// The git lines to type.
    pub(super) fn share_by_git(&self, folder: &Path, files: &str, message: &str) {
        let message = message.replace('\'', "");
        let git = self.git_at(folder);
        if self.common.commit {
            match self.commit(folder, files, &message) {
                Ok(()) => {
                    self.advise(&format!("committed: {message}; to share it: {git} push"));
                }
                Err(why) => {
                    self.warn(&format!("not committed: {why}"));
                    self.note(&format!(
                        "  next: {git} add {files} && {git} commit -m '{message}' && {git} push"
                    ));
                }
            }
            return;
        }
        self.advise("");
        self.advise("to share it:");
        for line in add_lines(&git, files) {
            self.advise(&line);
        }
        self.advise(&format!("  {git} commit -m '{message}' && {git} push"));
    }

    /// `git`, as it is typed here for the vault in a folder: `git -C ../larch` where that isn't the current one.
    pub(super) fn git_at(&self, folder: &Path) -> String {
        let (here, there) = (
            without_dots(&self.world.surroundings.current_dir),
            without_dots(folder),
        );
        if here == there {
            return "git".to_owned();
        }
        format!("git -C {}", path(&typed_from(&here, &there, "")))
    }

    /// What it says, typed.
    fn commit(&self, folder: &Path, files: &str, message: &str) -> Result<(), String> {
        let git = |arguments: &[&str]| -> Result<(), String> {
            let mut all = vec![std::ffi::OsStr::new("-C"), folder.as_os_str()];
            all.extend(arguments.iter().map(std::ffi::OsStr::new));
            let command = Command::new(Program::Git, &all, b"");
            let output = self
                .world
                .programs
                .run(&command)
                .map_err(|error| error.to_string())?;
            if output.status == Some(0) {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said
                .lines()
                .find(|line| !line.is_empty())
                .unwrap_or("git failed");
            Err(SafeText::limited(line, 200).to_string())
        };
        let files: Vec<&str> = files.split(' ').collect();
        git(&[&["add"][..], &files].concat())?;
        git(&["commit", "--quiet", "-m", message])
    }

    /// `.gitignore`, with what stood there before.
    pub(super) fn gitignore(&self, folder: &Path) -> Result<Vec<u8>, Failure> {
        let file = folder.join(".gitignore");
        let mut text = match self.world.files.kind(&file)? {
            Some(FileKind::File) => self.world.files.read(&file, MAX_IGNORED)?.to_vec(),
            _ => Vec::new(),
        };
        for line in IGNORED.lines() {
            if !text
                .split(|b| *b == b'\n')
                .any(|there| there == line.as_bytes())
            {
                text.extend_from_slice(line.as_bytes());
                text.push(b'\n');
            }
        }
        Ok(text)
    }
}

/// A path without `.` and `..`, as it is written.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_add_takes_a_second_line_where_a_terminal_ends() {
        assert_eq!(add_lines("git", "-u ."), ["  git add -u ."]);
        let files = ".gitignore team.toml keys vault.toml master.1.age revocation.1.age practice.1.age sealed";
        let lines = add_lines("git", files);
        assert!(lines.iter().all(|line| line.chars().count() <= 80));
        let added: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("  git add "))
            .collect();
        assert_eq!((added.len(), added.join(" ")), (2, files.to_owned()));
    }
}
