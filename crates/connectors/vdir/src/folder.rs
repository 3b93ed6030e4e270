//! What is in a folder: collections, names, the small files beside the items.

use crate::{
    config::Config,
    connector::{COLOR, DISPLAYNAME},
    disk::{self, Problem, Text},
    error,
    find::Uids,
    leftover,
    listing::Rounds,
    names,
    version::{Stamp, Version, hash},
};
use jiff::Timestamp;
use pimkit_core::{AccountId, CollectionId, Error, ErrorKind, Result};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

/// How many of our own writes are remembered.
const REMEMBERED: usize = 20_000;

/// One opened folder, shared by its repositories.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) root: PathBuf,
    pub(crate) account: AccountId,
    pub(crate) config: Config,
    pub(crate) rounds: Rounds,
    pub(crate) uids: Uids,
    /// Files as we wrote them, whose stamp tells every later edit.
    own: Mutex<HashMap<PathBuf, Stamp>>,
    swept: Mutex<BTreeSet<PathBuf>>,
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) text: String,
    /// The name is not UTF-8: `text` is what can be shown of it, and not a path.
    pub(crate) damaged: bool,
}

pub(crate) fn damaged_name() -> Error {
    error::unreadable("the file's name is not UTF-8; rename the file")
}

impl Shared {
    pub(crate) fn new(root: PathBuf, account: AccountId, config: Config) -> Self {
        Self { root, account, config, rounds: Rounds::default(), uids: Uids::default(), own: Mutex::default(), swept: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.config.now()
    }

    /// The folder of a collection, which is there.
    pub(crate) fn folder(&self, id: &CollectionId) -> Result<PathBuf> {
        let path = names::folder(&self.root, id)?;
        if self.is_folder(&path)? {
            return Ok(path);
        }
        // The root may have gone with it: then nothing is known of the collection.
        Err(if path != self.root && self.is_folder(&self.root)? { error::folder_gone(id.as_str()) } else { error::root_gone(&self.root) })
    }

    /// Whether a folder, and not a link to one, is there.
    fn is_folder(&self, path: &Path) -> Result<bool> {
        match fs::symlink_metadata(path) {
            Ok(meta) => Ok(meta.is_dir()),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
            Err(e) => Err(error::disk("the folder cannot be looked at; check its permissions", e)),
        }
    }

    /// The sub-folders that are collections: neither hidden nor links, in order of name.
    pub(crate) fn folders(&self) -> Result<Vec<String>> {
        let mut folders = Vec::new();
        self.each_entry(&self.root, |entry| {
            if entry.file_type()?.is_dir()
                && let Ok(name) = entry.file_name().into_string()
                && names::folder(&self.root, &CollectionId::from(name.clone())).is_ok()
            {
                folders.push(name);
            }
            Ok(())
        })?;
        folders.sort();
        Ok(folders)
    }

    /// The names of a folder's items of this extension, in order. Whole or not at all. What a killed process of ours left
    /// there is removed.
    pub(crate) fn names(&self, folder: &Path, extension: &str) -> Result<Vec<Name>> {
        let (mut found, mut leftovers) = (Vec::new(), Vec::new());
        self.each_entry(folder, |entry| {
            let name = entry.file_name();
            let (text, damaged) = match name.into_string() {
                Ok(text) => (text, false),
                Err(name) => (name.to_string_lossy().into_owned(), true),
            };
            if leftover::is_ours(&text) {
                leftovers.push(entry.path());
            } else if names::has_extension(&text, extension) && !entry.file_type()?.is_dir() {
                found.push(Name { text, damaged });
            }
            Ok(())
        })?;
        self.sweep_leftovers(&leftovers, extension);
        found.sort();
        Ok(found)
    }

    /// Every entry of a folder; `CollectionGone` when it is not there.
    pub(crate) fn each_entry(&self, folder: &Path, mut each: impl FnMut(&fs::DirEntry) -> io::Result<()>) -> Result<()> {
        let mut walk = || -> io::Result<()> {
            for entry in fs::read_dir(folder)? {
                each(&entry?)?;
            }
            Ok(())
        };
        walk().map_err(|e| match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if folder == self.root => error::root_gone(&self.root),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => match self.is_folder(&self.root) {
                Ok(true) => error::folder_gone(&folder.file_name().unwrap_or_default().to_string_lossy()),
                _ => error::root_gone(&self.root),
            },
            _ => error::disk("the folder cannot be listed; check its permissions", e),
        })
    }

    /// A small file beside the items, as vdirsyncer keeps `displayname` and `color`: its first line.
    pub(crate) fn beside(&self, folder: &Path, name: &str) -> Option<String> {
        let path = folder.join(name);
        disk::look(&path).ok()?;
        let mut text = String::new();
        fs::File::open(path).ok()?.take(4096).read_to_string(&mut text).ok()?;
        let line = text.lines().next().unwrap_or_default().trim();
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// The version of a file as it stands. It is read only when its stamp alone may not tell.
    pub(crate) fn version(&self, path: &Path) -> Result<Version, Problem> {
        let stamp = Stamp::of(&disk::look(path)?);
        if self.tells(path, stamp) {
            return Ok(Version { stamp, hash: None });
        }
        disk::read(path).map(|text| self.version_of(path, &text))
    }

    /// The version of a file that was read.
    pub(crate) fn version_of(&self, path: &Path, text: &Text) -> Version {
        let tells = self.tells(path, text.stamp);
        Version { stamp: text.stamp, hash: (!tells).then(|| hash(&text.bytes)) }
    }

    /// Whether every later edit of the file shows in its stamp.
    fn tells(&self, path: &Path, stamp: Stamp) -> bool {
        !stamp.is_fresh(self.now()) || self.own.lock().unwrap_or_else(PoisonError::into_inner).get(path) == Some(&stamp)
    }

    /// Remembers a file as we wrote it.
    pub(crate) fn wrote(&self, path: &Path, stamp: Stamp) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= REMEMBERED {
            // The oldest are no longer fresh; those that are get a hash.
            own.clear();
        }
        own.insert(path.to_owned(), stamp);
    }

    /// Whether the folder never held anything: it is as old as its last change. A file system that does not keep the time
    /// of making (NFS) says nothing of it.
    pub(crate) fn never_held(&self, folder: &Path) -> bool {
        let Ok(meta) = fs::symlink_metadata(folder) else { return false };
        matches!((meta.created(), meta.modified()), (Ok(made), Ok(changed)) if changed <= made)
    }

    /// Removes what a killed process left in a folder. Once per folder; a listing looks each time.
    pub(crate) fn sweep(&self, folder: &Path, extension: &str) {
        if self.swept.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned()) {
            // What cannot be listed is said when it is asked for.
            let _ = self.names(folder, extension);
        }
    }

    fn sweep_leftovers(&self, leftovers: &[PathBuf], extension: &str) {
        let now = SystemTime::from(self.now());
        for path in leftovers {
            leftover::sweep(path, now, |folder| self.strangers(folder, extension).is_ok_and(|count| count == 0));
        }
    }

    /// How many entries of a folder are neither items of this extension nor what stands beside them.
    pub(crate) fn strangers(&self, folder: &Path, extension: &str) -> Result<u64> {
        let mut strangers = 0;
        self.each_entry(folder, |entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let ours = names::has_extension(&name, extension) || [DISPLAYNAME, COLOR].contains(&name.as_ref()) || leftover::is_draft(&name);
            if !ours || !entry.file_type()?.is_file() {
                strangers += 1;
            }
            Ok(())
        })?;
        Ok(strangers)
    }
}

/// The refusal of writes in a folder that may only be read.
pub(crate) fn read_only() -> Error {
    Error::new(ErrorKind::Unavailable, "the folder may only be read; give yourself write permission to it, or sync one way")
}
