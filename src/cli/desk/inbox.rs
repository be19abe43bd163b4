//! Submissions: what has arrived for an own request or drill, to be looked at together, and where an own one goes.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::{Desk, submissions_in};
use crate::ceremony::submission::MAX_SUBMISSION;
use crate::cli::context::Context;
use crate::cli::opened::Opened;
use crate::cli::report::{Exit, Failure, path};
use crate::roster::name::Name;
use crate::world::Kind as FileKind;

/// A submission as it came: its file, or what stands for it, and its bytes.
pub(in crate::cli) type Arrived = (PathBuf, Zeroizing<Vec<u8>>);

/// So many bytes of submissions are looked at: a thousand times what a team sends.
const MAX_TOGETHER: usize = 64 << 20;

/// The submissions that were named, the own one, and what else lies in the inbox: path and bytes. Whoever fills the
/// inbox with junk keeps nobody from working: what is named counts first.
pub(in crate::cli) fn collect(
    context: &Context<'_>,
    desk: &Desk,
    me: &Name,
    id: &str,
    named: &[PathBuf],
) -> Result<Vec<Arrived>, Failure> {
    let files = context.world.files;
    let mut paths = Vec::new();
    for name in named {
        let place = context.world.surroundings.resolve(name);
        match files.kind(&place)? {
            Some(FileKind::Folder) => {
                let all = submissions_in(files, &place)?;
                paths.extend(all.into_iter().filter(|file| !names_another(file, id)));
            }
            Some(_) => paths.push(place),
            None => {
                return Err(Failure::new(
                    Exit::Usage,
                    format!("there is no {}", path(&place)),
                ));
            }
        }
    }
    let mut arrived = desk.arrived(files)?;
    let own = desk.inbox.join(format!("{me}.submission"));
    arrived.sort_by_key(|file| *file != own);
    paths.extend(arrived);
    let (mut submissions, mut together, mut left) = (Vec::new(), 0, 0_usize);
    for file in paths {
        if together >= MAX_TOGETHER {
            left += 1;
            continue;
        }
        match files.read(&file, MAX_SUBMISSION) {
            Ok(bytes) => {
                together += bytes.len();
                submissions.push((file, bytes));
            }
            Err(error) => {
                context.warn(&format!("{} was left out: {}", path(&file), error.fault));
            }
        }
    }
    if left > 0 {
        context.warn(&format!(
            "{left} more files were not looked at: together they are too large"
        ));
        context.note(&format!(
            "  next: name the good ones, or look into {}",
            path(&desk.inbox)
        ));
    }
    Ok(submissions)
}

/// A file that was written for another request or drill, by its name: `c41f9e2-ben.submission`,
/// `drill-3f2a1b9-ben.submission`.
fn names_another(file: &Path, id: &str) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    let name = name.map(|name| name.strip_prefix("drill-").unwrap_or(name));
    let named = name.and_then(|name| name.split_once('-'));
    named.is_some_and(|(named, _)| {
        named.len() == id.len() && named != id && named.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

// Where an own submission goes. No doc comment, which clap would put at the head of each command with this option.
#[derive(Args)]
pub(in crate::cli) struct Outgoing {
    /// The folder for the submission; default: your home directory. With - it is written to the
    /// standard output, for a pipe, and everything else to the standard error
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Outgoing {
    /// Through a pipe?
    pub(in crate::cli) fn is_piped(&self) -> bool {
        self.out.as_deref() == Some(Path::new("-"))
    }

    /// The folder that was named, else the home directory; never the vault, and `why_not`.
    pub(in crate::cli) fn folder(
        &self,
        context: &Context<'_>,
        opened: &Opened,
        why_not: &'static str,
    ) -> Result<PathBuf, Failure> {
        let surroundings = context.world.surroundings;
        if self.is_piped() {
            return Ok(surroundings.current_dir.clone());
        }
        let folder = match &self.out {
            Some(folder) => surroundings.resolve(folder),
            None => surroundings.home.clone().ok_or_else(|| {
                Failure::new(
                    Exit::Usage,
                    "no home directory is set, so the submission has no place",
                )
                .next("name one: --out DIR")
            })?,
        };
        if folder.starts_with(&opened.folder) {
            return Err(
                Failure::new(Exit::Usage, "the submission would lie in the vault")
                    .fact(why_not)
                    .next("name another folder: --out DIR"),
            );
        }
        Ok(folder)
    }
}
