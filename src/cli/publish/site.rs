//! `quorate publish site`: the key's page, the series data and the front page's list, written into a checkout of the release
//! site. What is written is read again first, and git is asked what lies there already.

use std::path::{Path, PathBuf};

use clap::Args;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::{Cert, Fingerprint};

use super::site_words::{not_reread, refused_list, refused_series, unreadable};
use crate::cli::certificates;
use crate::cli::context::{Context, whole_fingerprint};
use crate::cli::report::{Exit, Failure, path};
use crate::openpgp::armor::enarmor;
use crate::publish::index_list::{self, MAX_INDEX};
use crate::publish::release_site::{
    FOLDER, MAX_PAGE, check, file_name, grouped, is_page_name, page, reread,
};
use crate::publish::series::{self, Edited, Entry, MAX_SERIES};
use crate::world::gpg::keyserver::Throwaway;
use crate::world::{Batch, Command, Kind as FileKind, Program, SafeText, Timestamp};

#[derive(Args)]
pub(in crate::cli) struct Options {
    /// The checkout's folder
    #[arg(value_name = "CHECKOUT")]
    checkout: PathBuf,
    /// The certificate; without it, the vault's certificate in use
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The series that the key signs, as data/series_status.yaml calls it
    #[arg(long, value_name = "NAME")]
    series: String,
    /// The day from which it signs, which is the last of the previous key: 2026-10-05
    #[arg(long, value_name = "DAY")]
    start: String,
    /// The key before it: a file, or the fingerprint of one whose page is in the checkout
    #[arg(
        long,
        value_name = "FILE|FINGERPRINT",
        required_unless_present = "first"
    )]
    previous: Option<String>,
    /// There is none: this is the team's first key
    #[arg(long, conflicts_with = "previous")]
    first: bool,
}

/// The checkout.
struct Site {
    root: PathBuf,
    /// As typed.
    shown: PathBuf,
}

impl Site {
    fn page(&self, fingerprint: &Fingerprint) -> PathBuf {
        self.root.join(FOLDER).join(file_name(fingerprint))
    }
}

pub(super) fn run(context: &Context<'_>, options: &Options) -> Result<(), Failure> {
    let now = context.world.clock.now();
    let start = Timestamp::from_day(&options.start).map_err(|_| {
        let text = SafeText::limited(&options.start, 40);
        Failure::new(Exit::Usage, format!("--start {text} is no day"))
            .next("a day as 2026-10-05, in UTC")
    })?;
    let cert = certificates::read_single(context, options.file.as_deref())?;
    certificates::refuse_secrets(&[&cert])?;
    let fingerprint = cert.fingerprint();
    let site = Site {
        root: context.world.surroundings.resolve(&options.checkout),
        shown: options.checkout.clone(),
    };
    is_a_checkout(context, &site)?;
    let previous = match &options.previous {
        Some(text) => Some(previous(context, &site, text)?),
        None => None,
    };
    if previous.as_ref().map(Cert::fingerprint) == Some(fingerprint.clone()) {
        return Err(Failure::new(Exit::Usage, "--previous names the key itself"));
    }
    foreign(context, &site, &fingerprint)?;

    // What others have added to the page since stays there.
    let there = standing(context, &site, &fingerprint)?;
    let cert = match &there {
        Some((_, there)) => there.clone().merge_public(cert).map_err(unreadable)?,
        None => cert,
    };
    let new_page = write_page(context, &cert, previous.as_ref())?;
    let certified = reread(&new_page, &fingerprint, previous.as_ref(), now)
        .map_err(|error| not_reread(&error, &fingerprint))?;

    let file = site.root.join(series::FILE);
    let old_series = context.world.files.read(&file, MAX_SERIES)?.to_vec();
    let text = String::from_utf8(old_series)
        .map_err(|_| Failure::new(Exit::Failed, format!("{} isn't UTF-8", series::FILE)))?;
    let previous_key = previous.as_ref().map(Cert::fingerprint);
    let entry = Entry {
        series: &options.series,
        key: &fingerprint,
        start,
        previous: previous_key.as_ref(),
    };
    let edited = series::edit(&text, &entry).map_err(|error| refused_series(&error))?;
    let list = list(context, &site, &entry)?;

    let mut batch = Batch::new();
    let mut changed = Vec::new();
    if there.as_ref().is_none_or(|(bytes, _)| *bytes != new_page) {
        changed.push(format!("{FOLDER}/{}", file_name(&fingerprint)));
        batch = batch.replace(site.page(&fingerprint), new_page, 0o644);
    }
    if edited.changed {
        changed.push(series::FILE.to_owned());
        batch = batch.replace(&file, edited.text.clone().into_bytes(), 0o644);
    }
    if let Some(list) = list {
        changed.push(index_list::FILE.to_owned());
        batch = batch.replace(site.root.join(index_list::FILE), list, 0o644);
    }
    clean(context, &site, &changed)?;
    batch.commit(context.world.files, context.world.random)?;
    context.say(&format!("key        {}", grouped(&fingerprint)));
    if let Some(certified) = certified {
        context.say(&format!(
            "certified  by its predecessor on {}, read again from the page",
            certified.made.day()
        ));
    }
    tell(context, options, &site, &edited, &changed);
    Ok(())
}

fn tell(
    context: &Context<'_>,
    options: &Options,
    site: &Site,
    edited: &Edited,
    changed: &[String],
) {
    let series = SafeText::limited(&options.series, 60);
    let ended = edited.ended.as_ref().map_or_else(String::new, |ended| {
        format!("; that of {} ends", SafeText::limited(ended, 60))
    });
    context.say(&format!(
        "series     {series}: the key starts {}{ended}",
        options.start
    ));
    if changed.is_empty() {
        context.say("unchanged  everything stands there already");
        return;
    }
    for file in changed {
        context.say(&format!("wrote      {file}"));
    }
    context.advise("");
    context.advise("look at it, then propose it there as the site wants it:");
    context.advise(&format!("  cd {}", path(&site.shown)));
    context.advise(&format!("  git add {}", changed.join(" ")));
    context.advise(&format!("  git commit -m 'Signing key of {series}'"));
}

/// The front page with the new key in its list, if it has one and that isn't there already.
fn list(context: &Context<'_>, site: &Site, entry: &Entry<'_>) -> Result<Option<Vec<u8>>, Failure> {
    let (files, page) = (context.world.files, site.root.join(index_list::FILE));
    if files.kind(&page)? != Some(FileKind::File) {
        return Ok(None);
    }
    let bytes = files.read(&page, MAX_INDEX)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(Exit::Failed, format!("{} isn't UTF-8", index_list::FILE)))?;
    let edited = index_list::edit(text, entry).map_err(|error| refused_list(&error))?;
    let changed = edited.filter(|edited| edited != text);
    Ok(changed.map(String::into_bytes))
}

/// A folder with the two places, under git.
fn is_a_checkout(context: &Context<'_>, site: &Site) -> Result<(), Failure> {
    let files = context.world.files;
    let has_both = files.kind(&site.root.join(FOLDER))? == Some(FileKind::Folder)
        && files.kind(&site.root.join(series::FILE))? == Some(FileKind::File);
    if has_both {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Usage,
        format!("{} is no checkout of the release site", path(&site.shown)),
    )
    .fact(format!("wanted there: {FOLDER}/ and {}", series::FILE))
    .next("git clone the site, then name that folder"))
}

/// The key before: from a file, or from its page in the checkout.
fn previous(context: &Context<'_>, site: &Site, text: &str) -> Result<Cert, Failure> {
    let Some(fingerprint) = whole_fingerprint(text, &[40]) else {
        return certificates::read_single(context, Some(Path::new(text)));
    };
    let name = file_name(&fingerprint);
    let file = site.page(&fingerprint);
    if context.world.files.kind(&file)?.is_none() {
        return Err(Failure::new(
            Exit::Usage,
            format!("the previous key has no page in the checkout: {FOLDER}/{name}"),
        )
        .next("name its file: --previous FILE"));
    }
    let bytes = context.world.files.read(&file, MAX_PAGE)?;
    match check(&name, &bytes).0 {
        Some(cert) if cert.fingerprint() == fingerprint => Ok(cert),
        _ => Err(Failure::new(
            Exit::Forged,
            format!("{FOLDER}/{name} isn't the page of that key"),
        )
        .next("git log that file tells who brought it")),
    }
}

/// The page that stands there already, if it is this key's.
fn standing(
    context: &Context<'_>,
    site: &Site,
    fingerprint: &Fingerprint,
) -> Result<Option<(Vec<u8>, Cert)>, Failure> {
    let file = site.page(fingerprint);
    if context.world.files.kind(&file)?.is_none() {
        return Ok(None);
    }
    let bytes = context.world.files.read(&file, MAX_PAGE)?.to_vec();
    let name = file_name(fingerprint);
    match check(&name, &bytes).0 {
        Some(cert) if cert.fingerprint() == *fingerprint => Ok(Some((bytes, cert))),
        found => {
            let what = found.map_or_else(
                || "no whole certificate".to_owned(),
                |cert| format!("the key {}", cert.fingerprint()),
            );
            Err(Failure::new(
                Exit::Forged,
                format!("{FOLDER}/{name} stands there, and holds {what}"),
            )
            .fact("nothing was written")
            .next("git log that file tells who brought it; remove it if it is nobody's"))
        }
    }
}

/// Pages that aren't what their names say.
fn foreign(context: &Context<'_>, site: &Site, own: &Fingerprint) -> Result<(), Failure> {
    let folder = site.root.join(FOLDER);
    for entry in context.world.files.list(&folder)? {
        let Some(name) = entry.text().filter(|name| is_page_name(name)) else {
            continue;
        };
        if entry.kind != FileKind::File || name == file_name(own) {
            continue;
        }
        let bytes = context.world.files.read(&folder.join(name), MAX_PAGE)?;
        for fault in check(name, &bytes).1 {
            let fault = SafeText::limited(&fault.to_string(), 200);
            context.warn(&format!("{FOLDER}/{name}: {fault}"));
        }
    }
    Ok(())
}

/// The page's text from gpg, its armour whole.
fn write_page(
    context: &Context<'_>,
    cert: &Cert,
    previous: Option<&Cert>,
) -> Result<Vec<u8>, Failure> {
    let world = context.world;
    let packets = cert.export_to_vec().map_err(unreadable)?;
    let armored = enarmor(Kind::PublicKey, &packets).map_err(unreadable)?;
    let by_gpg = |error| super::keyserver::failure(&error, "the page", "write");
    let keyring = Throwaway::new(world.programs, world.files, world.random).map_err(by_gpg)?;
    if let Some(previous) = previous {
        // So that gpg prints whose the certification is.
        let packets = previous.export_to_vec().map_err(unreadable)?;
        keyring.import(&packets).map_err(by_gpg)?;
    }
    keyring.import(&packets).map_err(by_gpg)?;
    let listing = keyring
        .listing(&cert.fingerprint().to_hex())
        .map_err(by_gpg)?;
    Ok(page(&listing, &armored))
}

/// Nobody else's change may be lost or go along: what is written was as git knows it.
fn clean(context: &Context<'_>, site: &Site, written: &[String]) -> Result<(), Failure> {
    let arguments = ["-C".as_ref(), site.root.as_os_str()]
        .into_iter()
        .chain(
            [
                "status",
                "--porcelain=v1",
                "--untracked-files=all",
                "--",
                ".",
            ]
            .map(AsRef::as_ref),
        )
        .collect::<Vec<&std::ffi::OsStr>>();
    let mut command = Command::new(Program::Git, &arguments, b"");
    command.output_limit = 4 << 20;
    let output = context.world.programs.run(&command).map_err(|error| {
        Failure::new(Exit::Failed, format!("git can't be asked: {error}"))
            .fact("nothing was written")
    })?;
    if output.status != Some(0) {
        return Err(Failure::new(
            Exit::Usage,
            format!("{} is no git checkout", path(&site.shown)),
        )
        .fact("what lies there already can't be told; nothing was written")
        .next("git clone the site, then name that folder"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let local: Vec<&str> = text
        .lines()
        .filter_map(|line| line.get(3..))
        .map(|file| file.trim_matches('"'))
        .collect();
    let lost: Vec<&&str> = local
        .iter()
        // git names files from the top of its repository, which may be above the site's.
        .filter(|file| written.iter().any(|own| Path::new(file).ends_with(own)))
        .collect();
    if !lost.is_empty() {
        let mut failure = Failure::new(
            Exit::Failed,
            format!(
                "{} has local changes in what would be written",
                path(&site.shown)
            ),
        );
        for file in lost {
            failure = failure.fact(SafeText::limited(file, 200).to_string());
        }
        return Err(failure
            .fact("nothing was written")
            .next("git diff; commit or undo them, then again"));
    }
    if !local.is_empty() && !written.is_empty() {
        context.warn(&format!(
            "{} has {} other local change{}, the first {}",
            path(&site.shown),
            local.len(),
            if local.len() == 1 { "" } else { "s" },
            SafeText::limited(local.first().copied().unwrap_or_default(), 100)
        ));
    }
    Ok(())
}
