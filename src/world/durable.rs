//! Files put in place together: written beside, forced to the disk, renamed, folders forced.
use super::files::{Fault, Files, FilesError, Kind, Operation};
use super::random::Random;
use data_encoding::HEXLOWER;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// How the names of temporary files begin; 16 hexadecimal digits follow.
const PREFIX: &str = ".quorate-tmp-";

/// A set of files to be put in place together.
///
/// The files appear in the order in which they were put, and the last one only once all others are
/// durable: so the one that makes the rest valid goes last. After an ordinary error nothing of the
/// set remains, unless a file was replaced already. A killed process leaves temporary files, which
/// [`sweep_temporaries`] removes.
#[derive(Default)]
pub struct Batch {
    folders: Vec<(PathBuf, u32)>,
    puts: Vec<Put>,
}

struct Put {
    path: PathBuf,
    bytes: Zeroizing<Vec<u8>>,
    mode: u32,
    replaces: bool,
}

impl Batch {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A folder to be made with this mode if nothing is there; those it lies in come before it.
    #[must_use]
    pub fn folder(mut self, path: impl Into<PathBuf>, mode: u32) -> Self {
        self.folders.push((path.into(), mode));
        self
    }

    /// The same, and before it all the folders that it lies in.
    #[must_use]
    pub fn folder_within(mut self, path: &Path, mode: u32) -> Self {
        let all: Vec<&Path> = path.ancestors().collect();
        for folder in all.into_iter().rev() {
            if !folder.as_os_str().is_empty() {
                self = self.folder(folder, mode);
            }
        }
        self
    }

    /// A file that must not exist yet.
    #[must_use]
    pub fn put(
        self,
        path: impl Into<PathBuf>,
        bytes: impl Into<Zeroizing<Vec<u8>>>,
        mode: u32,
    ) -> Self {
        self.with(path.into(), bytes.into(), mode, false)
    }

    /// A file that replaces what lies there, if anything does.
    #[must_use]
    pub fn replace(
        self,
        path: impl Into<PathBuf>,
        bytes: impl Into<Zeroizing<Vec<u8>>>,
        mode: u32,
    ) -> Self {
        self.with(path.into(), bytes.into(), mode, true)
    }

    fn with(mut self, path: PathBuf, bytes: Zeroizing<Vec<u8>>, mode: u32, replaces: bool) -> Self {
        self.puts.push(Put {
            path,
            bytes,
            mode,
            replaces,
        });
        self
    }

    /// Puts all in place.
    ///
    /// # Errors
    /// [`Fault::Exists`] where a file lies that was not to be replaced, seen before anything is
    /// written; everything that [`Files`] can meet. If only the last folder could not be forced to the
    /// disk, the set is in place and the error says that it may not be durable.
    pub fn commit(self, files: &dyn Files, random: &dyn Random) -> Result<(), FilesError> {
        self.stage(files, random)?.place()
    }

    /// Writes all beside, durably, and puts nothing in place.
    ///
    /// # Errors
    /// As [`Batch::commit`], as far as it comes before the first renaming. Nothing remains.
    pub fn stage<'a>(
        self,
        files: &'a dyn Files,
        random: &dyn Random,
    ) -> Result<Staged<'a>, FilesError> {
        for put in self.puts.iter().filter(|put| !put.replaces) {
            if files.kind(&put.path)?.is_some() {
                return Err(FilesError {
                    operation: Operation::Rename,
                    path: put.path.clone(),
                    fault: Fault::Exists,
                });
            }
        }
        let mut staged = Staged {
            files,
            puts: self.puts,
            changed: BTreeSet::new(),
            done: Done::default(),
        };
        staged.write(&self.folders, random)?;
        Ok(staged)
    }
}

/// A batch that lies beside its places, durably. Dropped before all is in place it takes itself back, as far as
/// nothing was replaced yet.
#[must_use = "nothing is in place yet"]
pub struct Staged<'a> {
    files: &'a dyn Files,
    puts: Vec<Put>,
    /// Folders in which names have changed or will.
    changed: BTreeSet<PathBuf>,
    done: Done,
}

impl Staged<'_> {
    fn write(&mut self, folders: &[(PathBuf, u32)], random: &dyn Random) -> Result<(), FilesError> {
        for (path, mode) in folders {
            if self.files.kind(path)?.is_none() {
                self.files.create_dir(path, *mode)?;
                self.done.folders.push(path.clone());
                self.changed.insert(folder_of(path));
            }
        }
        for put in &self.puts {
            let temporary = folder_of(&put.path).join(temporary_name(&put.path, random)?);
            // Noted before it is written: a failed write may have left something.
            self.done.temporaries.push(temporary.clone());
            self.files.write_new(&temporary, &put.bytes, put.mode)?;
        }
        for temporary in &self.done.temporaries {
            self.files.sync(temporary)?;
        }
        let theirs = self.puts.iter().map(|put| folder_of(&put.path));
        self.changed.extend(theirs);
        Ok(())
    }

    /// Puts all in place.
    ///
    /// # Errors
    /// As [`Batch::commit`].
    pub fn place(mut self) -> Result<(), FilesError> {
        let mut renames = self
            .done
            .temporaries
            .clone()
            .into_iter()
            .zip(&self.puts)
            .peekable();
        while let Some((temporary, put)) = renames.next() {
            if renames.peek().is_none() {
                // What is in other folders is durable before the last file makes it valid. Within its
                // own folder file systems keep the order of renames.
                let own = folder_of(&put.path);
                for folder in self.changed.iter().filter(|folder| **folder != own) {
                    self.files.sync_dir(folder)?;
                }
                self.changed = BTreeSet::from([own]);
            }
            if put.replaces {
                self.files.rename(&temporary, &put.path)?;
                self.done.replaced = true;
            } else {
                self.files.rename_new(&temporary, &put.path)?;
                self.done.placed.push(put.path.clone());
            }
        }
        self.done.complete = true;
        self.changed
            .iter()
            .try_for_each(|folder| self.files.sync_dir(folder))
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.done.complete {
            self.done.undo(self.files);
        }
    }
}

/// What a commit has done so far.
#[derive(Default)]
struct Done {
    folders: Vec<PathBuf>,
    temporaries: Vec<PathBuf>,
    placed: Vec<PathBuf>,
    replaced: bool,
    complete: bool,
}

impl Done {
    /// Takes back as much as can be. Errors are left alone: the first one is what counts.
    fn undo(&self, files: &dyn Files) {
        // Temporaries that were renamed are gone, so this passes over them.
        for path in &self.temporaries {
            let _ = files.remove(path);
        }
        // Once something was replaced, the new files may be what it refers to.
        if !self.replaced {
            for path in self.placed.iter().rev() {
                let _ = files.remove(path);
            }
            for path in self.folders.iter().rev() {
                let _ = files.remove_dir(path);
            }
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn temporary_name(path: &Path, random: &dyn Random) -> Result<String, FilesError> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes).map_err(|_| FilesError {
        operation: Operation::Write,
        path: path.to_owned(),
        fault: Fault::NoRandomness,
    })?;
    Ok(format!("{PREFIX}{}", HEXLOWER.encode(&bytes)))
}

/// Is this the name of a temporary file that a killed command left?
#[must_use]
pub fn is_temporary(name: &str) -> bool {
    let digits = name.strip_prefix(PREFIX).unwrap_or_default();
    digits.len() == 16 && HEXLOWER.decode(digits.as_bytes()).is_ok()
}

/// Removes the temporary files that a killed command left in a folder, not in those below it, and
/// says how many there were. A folder that doesn't exist has none. Hold the lock meanwhile.
///
/// # Errors
/// The folder can't be read or a file can't be removed.
pub fn sweep_temporaries(files: &dyn Files, folder: &Path) -> Result<usize, FilesError> {
    let entries = match files.list(folder) {
        Err(error) if error.fault == Fault::NotFound => return Ok(0),
        other => other?,
    };
    let mut count = 0;
    for entry in entries {
        if entry.kind == Kind::File && entry.text().is_some_and(is_temporary) {
            files.remove(&folder.join(&entry.name))?;
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::RealFiles;
    use crate::world::doubles::{FaultyFiles, SeededRandom};

    /// A folder with an old `c`; the batch makes `sub/a` and `b` and replaces `c` last.
    struct Place {
        dir: tempfile::TempDir,
    }

    impl Place {
        fn new() -> Self {
            let place = Self {
                dir: tempfile::tempdir().unwrap(),
            };
            std::fs::write(place.at("c"), b"old").unwrap();
            place
        }
        fn at(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }
        fn batch(&self) -> Batch {
            Batch::new()
                .folder(self.at("sub"), 0o755)
                .put(self.at("sub/a"), b"first".to_vec(), 0o600)
                .put(self.at("b"), b"second".to_vec(), 0o644)
                .replace(self.at("c"), b"third".to_vec(), 0o644)
        }
        fn commit(&self, files: &dyn Files) -> Result<(), FilesError> {
            self.batch().commit(files, &SeededRandom::new(7))
        }
        /// What lies there, without temporary files.
        fn names(&self) -> Vec<String> {
            let mut names = Vec::new();
            for folder in [self.at("."), self.at("sub")] {
                for entry in RealFiles::default().list(&folder).unwrap_or_default() {
                    names.push(entry.text().unwrap().to_owned());
                }
            }
            names.retain(|name| !name.starts_with(PREFIX));
            names
        }
        fn content(&self, name: &str) -> Vec<u8> {
            std::fs::read(self.at(name)).unwrap()
        }
        fn sweep(&self) -> usize {
            let files = RealFiles::default();
            sweep_temporaries(&files, self.dir.path()).unwrap()
                + sweep_temporaries(&files, &self.at("sub")).unwrap()
        }
        /// Every name means its whole content, and `c` is new only if all the others are there.
        #[track_caller]
        fn is_whole(&self, n: usize) {
            let names = self.names();
            for (name, content) in [("sub/a", "first"), ("b", "second")] {
                if self.at(name).exists() {
                    assert_eq!(self.content(name), content.as_bytes(), "{n}");
                }
            }
            match self.content("c").as_slice() {
                b"old" => {}
                b"third" => assert_eq!(names, ["b", "c", "sub", "a"], "{n}"),
                other => panic!("{n}: half a file: {other:?}"),
            }
        }
    }

    fn count() -> usize {
        let files = FaultyFiles::new(RealFiles::default());
        Place::new().commit(&files).unwrap();
        files.operations()
    }

    #[test]
    fn a_kill_between_any_two_writes_leaves_the_old_or_the_new() {
        // One folder, three writes, three syncs, three renames, two folder syncs.
        assert_eq!(count(), 12);
        for n in 1..=count() {
            let doubles = [
                FaultyFiles::stopping_at,
                FaultyFiles::stopping_half_written_at,
            ];
            for double in doubles {
                let place = Place::new();
                let files = double(RealFiles::default(), n);
                assert_eq!(place.commit(&files).unwrap_err().fault, Fault::Stopped);
                place.is_whole(n);
                place.sweep();
                assert_eq!(place.sweep(), 0);
                place.is_whole(n);
            }
        }
    }

    #[test]
    fn an_ordinary_error_leaves_nothing_behind_until_the_last_file_is_in_place() {
        for n in 1..=count() {
            let place = Place::new();
            let files = FaultyFiles::failing_at(RealFiles::default(), n, Fault::Full);
            assert_eq!(place.commit(&files).unwrap_err().fault, Fault::Full);
            assert_eq!(place.sweep(), 0, "{n}");
            if n == count() {
                // The last folder's sync: all is there, only its durability is in doubt.
                assert_eq!(place.content("c"), b"third");
            } else {
                assert_eq!(
                    (place.content("c"), place.names()),
                    (b"old".to_vec(), vec!["c".into()])
                );
            }
            place.is_whole(n);
        }
    }

    #[test]
    fn what_is_staged_is_in_no_place_and_goes_away_when_it_is_dropped() {
        let place = Place::new();
        let (files, random) = (RealFiles::default(), SeededRandom::new(7));
        let staged = place.batch().stage(&files, &random).unwrap();
        assert_eq!(
            (place.names(), place.content("c")),
            (vec!["c".into(), "sub".into()], b"old".to_vec())
        );
        drop(staged);
        assert_eq!((place.names(), place.sweep()), (vec!["c".into()], 0));
        place
            .batch()
            .stage(&files, &random)
            .unwrap()
            .place()
            .unwrap();
        place.is_whole(0);
        assert_eq!(place.content("c"), b"third");
    }

    #[test]
    fn an_existing_file_is_refused_before_anything_is_written() {
        let place = Place::new();
        std::fs::write(place.at("b"), b"theirs").unwrap();
        let files = FaultyFiles::new(RealFiles::default());
        let error = place.commit(&files).unwrap_err();
        assert_eq!((error.path, error.fault), (place.at("b"), Fault::Exists));
        assert_eq!(
            (files.operations(), place.content("b")),
            (0, b"theirs".to_vec())
        );
    }

    #[test]
    fn sweeping_takes_only_what_a_killed_command_left() {
        let place = Place::new();
        let names = [
            ".quorate-tmp-0123456789abcdef",
            ".quorate-tmp-notours",
            "note.quorate-tmp-",
        ];
        for name in names {
            std::fs::write(place.at(name), b"x").unwrap();
        }
        std::fs::create_dir(place.at(".quorate-tmp-fedcba9876543210")).unwrap();
        assert_eq!((place.sweep(), place.sweep()), (1, 0));
        assert!(place.at(names[1]).exists() && place.at(names[2]).exists());
    }
}
