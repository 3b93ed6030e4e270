//! Writing items: one outcome per write, each file whole or untouched.

use crate::{
    blocking::blocking,
    disk::{self, Draft, Problem, Replaced, Text},
    error,
    files::{Files, Held},
    folder::read_only,
    names,
    version::Version,
};
use pimkit_core::{
    CollectionId, Delete, Error, ErrorKind, Field, ItemId, Mark, Outcome, Persistence, Result, Revision, Write, WriteOptions,
};
use pimkit_formats::{
    compose::{self, Composed, Given},
    resource::TextRecord,
};
use std::{
    collections::{BTreeSet, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// The writes of one call.
pub(crate) struct Batch<R> {
    files: Files<R>,
    collection: CollectionId,
    state: Arc<Mutex<State>>,
}

impl<R> Clone for Batch<R> {
    fn clone(&self) -> Self {
        Self { files: self.files.clone(), collection: self.collection.clone(), state: Arc::clone(&self.state) }
    }
}

#[derive(Default)]
struct State {
    /// The names in the folder by their lower case, read before the first create.
    names: Option<HashMap<String, Vec<String>>>,
    /// Folders whose names are not durable yet.
    dirty: BTreeSet<PathBuf>,
}

/// What stands under a name.
enum Taken {
    Free,
    Same,
    OtherCase,
}

type Step<R> = Result<Outcome<R>, Outcome<R>>;

/// How many writes are done at a time beside the runtime, at most; fewer where they hold many bytes.
const TOGETHER: usize = 100;

/// The bytes of pictures and files after which no further write is taken along.
const HEAVY: usize = 8 << 20;

/// A write with all that it needs.
enum Ready<R> {
    Create(Mark, Given<R>),
    Update(ItemId, Revision, Box<R>, Given<R>),
    Move(ItemId, Revision, CollectionId),
    Delete(ItemId, Revision),
    Trash,
}

impl<R: TextRecord> Ready<R> {
    /// Opens what a write speaks of.
    async fn of(write: Write<R>, options: &WriteOptions) -> Self {
        match write {
            Write::Create { mark, record } => Self::Create(mark, compose::gather(&R::default(), record, options).await),
            Write::Update { id, revision, base, target, mark: _ } => {
                let given = compose::gather(&*base, *target, options).await;
                Self::Update(id, revision, base, given)
            }
            Write::Move { id, revision, to } => Self::Move(id, revision, to),
            Write::Delete { mode: Delete::Trash, .. } => Self::Trash,
            Write::Delete { id, revision, mode: Delete::Permanent } => Self::Delete(id, revision),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Create(_, given) | Self::Update(_, _, _, given) => given.inline.values().map(|blob| blob.bytes.len()).sum(),
            Self::Move(..) | Self::Delete(..) | Self::Trash => 0,
        }
    }
}

fn refused<R>(error: Error) -> Outcome<R> {
    Outcome::Refused(error.during("vdir.write"))
}

fn unknown<R>(error: Error) -> Outcome<R> {
    Outcome::Unknown(error.during("vdir.write"))
}

impl<R: TextRecord> Batch<R> {
    pub(crate) fn new(files: Files<R>, collection: CollectionId) -> Self {
        Self { files, collection, state: Arc::default() }
    }

    /// Does the writes in order.
    pub(crate) async fn run(self, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        let this = self.clone();
        let folder = match blocking(move || this.prepared()).await.and_then(|ready| ready) {
            Ok(folder) => folder,
            Err(e) => return writes.iter().map(|_| refused(e.clone())).collect(),
        };
        let mut outcomes = Vec::with_capacity(writes.len());
        let (mut ready, mut bytes) = (Vec::new(), 0);
        for write in writes {
            let write = Ready::of(write, options).await;
            bytes += write.bytes();
            ready.push(write);
            if ready.len() >= TOGETHER || bytes >= HEAVY {
                bytes = 0;
                outcomes.extend(self.several(&folder, std::mem::take(&mut ready)).await);
            }
        }
        outcomes.extend(self.several(&folder, ready).await);
        let this = self.clone();
        if let Err(e) = blocking(move || this.make_durable()).await.and_then(|done| done) {
            for outcome in &mut outcomes {
                if matches!(outcome, Outcome::Written { .. }) {
                    *outcome = unknown(e.clone());
                }
            }
        }
        outcomes
    }

    fn prepared(&self) -> Result<PathBuf> {
        let folder = self.files.shared.folder(&self.collection)?;
        if !disk::is_writable(&folder) {
            return Err(read_only());
        }
        self.files.shared.sweep(&folder, R::EXTENSION);
        Ok(folder)
    }

    /// One sync for all names of the batch: no outcome is told before it.
    fn make_durable(&self) -> Result<()> {
        let dirty = std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).dirty);
        dirty
            .iter()
            .try_for_each(|folder| disk::sync_folder(folder))
            .map_err(|e| error::disk("the folder's names could not be made durable; check the disk", e))
    }

    fn touch(&self, folder: &Path) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).dirty.insert(folder.to_owned());
    }

    /// Does some writes in order, beside the runtime: one way there and back for all of them.
    async fn several(&self, folder: &Path, writes: Vec<Ready<R>>) -> Vec<Outcome<R>> {
        let (this, folder, asked) = (self.clone(), folder.to_owned(), writes.len());
        match blocking(move || writes.into_iter().map(|write| this.one(&folder, write)).collect()).await {
            Ok(outcomes) => outcomes,
            Err(e) => (0..asked).map(|_| unknown(e.clone())).collect(),
        }
    }

    fn one(&self, folder: &Path, write: Ready<R>) -> Outcome<R> {
        let done = match write {
            Ready::Create(mark, given) => self.create(folder, &mark, given),
            Ready::Update(id, revision, base, given) => self.update(folder, &id, &revision, &base, given),
            Ready::Move(id, revision, to) => self.relocate(folder, &id, &revision, &to),
            Ready::Trash => {
                let error = Error::new(ErrorKind::Unavailable, "a folder has no trash; delete for good, or ignore deletes");
                Err(refused(error.persistence(Persistence::Permanent)))
            }
            Ready::Delete(id, revision) => self.delete(folder, &id, &revision),
        };
        match done {
            Ok(outcome) | Err(outcome) => outcome,
        }
    }

    /// The file that a write is about, at the version that it was planned against, and readable.
    fn planned(&self, folder: &Path, id: &ItemId, revision: &Revision) -> Result<(PathBuf, String, Text, R), Outcome<R>> {
        let Some(name) = names::file_name(&self.collection, id, R::EXTENSION).map_err(refused)?.map(str::to_owned) else {
            return Err(Outcome::Conflict { now: None });
        };
        let path = folder.join(&name);
        let text = match disk::read(&path) {
            Ok(text) => text,
            Err(Problem::Missing) => {
                self.files.shared.folder(&self.collection).map_err(refused)?;
                return Err(Outcome::Conflict { now: None });
            }
            Err(Problem::Unreadable(unread)) => return Err(refused(unread.error.with("item", &name))),
        };
        if !Version::parse(revision).is_some_and(|planned| planned.is_still(text.stamp, &text.bytes)) {
            return Err(self.conflict(&name, &path, &text));
        }
        match R::read(&text.bytes) {
            Ok(record) => Ok((path, name, text, record)),
            Err(e) => Err(refused(Error::from(e).with("item", &name))),
        }
    }

    fn conflict(&self, name: &str, path: &Path, text: &Text) -> Outcome<R> {
        match self.files.understood(&self.collection, name, path, text) {
            Held::Item(stored) => Outcome::Conflict { now: Some(stored) },
            _ => Outcome::Conflict { now: None },
        }
    }

    /// The conflict of a file that changed while we were about to write it.
    fn overtaken(&self, name: &str, path: &Path) -> Outcome<R> {
        match disk::read(path) {
            Ok(text) => self.conflict(name, path, &text),
            Err(_) => Outcome::Conflict { now: None },
        }
    }

    /// What was composed and put in place: it was read before, and is not read again.
    fn placed(&self, name: &str, path: &Path, text: &Text, record: R, left_out: Vec<(Field, Error)>) -> Outcome<R> {
        let stored = self.files.placed(&self.collection, name, path, text, record);
        Outcome::Written { id: stored.id.clone(), revision: Some(stored.revision.clone()), now: Some(Box::new(stored)), left_out }
    }

    /// What stands there.
    fn written(&self, collection: &CollectionId, name: &str, path: &Path, text: &Text, left_out: Vec<(Field, Error)>) -> Outcome<R> {
        let id = names::item_id(collection, name);
        match self.files.understood(collection, name, path, text) {
            Held::Item(stored) => Outcome::Written { id, revision: Some(stored.revision.clone()), now: Some(stored), left_out },
            _ => Outcome::Written { id, revision: None, now: None, left_out },
        }
    }

    fn compose(&self, old: Option<(&[u8], &R)>, given: Given<R>) -> Result<Composed<R>> {
        compose::compose(old, given, &self.files.authoring(), disk::LARGEST)
    }

    fn update(&self, folder: &Path, id: &ItemId, revision: &Revision, base: &R, given: Given<R>) -> Step<R> {
        let (path, name, text, _) = self.planned(folder, id, revision)?;
        if text.meta.permissions().readonly() {
            return Err(refused(write_protected(&name)));
        }
        let composed = self.compose(Some((&text.bytes, base)), given).map_err(|e| refused(e.with("item", &name)))?;
        let Composed { bytes, record, left_out } = composed;
        if bytes == text.bytes {
            return Ok(self.written(&self.collection, &name, &path, &text, left_out));
        }
        let (draft, drafted) = Draft::write(folder, &bytes, Some(&text.meta)).map_err(|e| refused(cannot_write(e)))?;
        match disk::replace(draft, &path, &text.bytes) {
            Ok(Replaced::Done) => {}
            Ok(Replaced::Changed) => return Err(self.overtaken(&name, &path)),
            Err(e) => return Err(unknown(cannot_write(e))),
        }
        self.touch(folder);
        if drafted.settled {
            self.files.shared.wrote(&path, drafted.stamp);
        }
        let text = Text { bytes, stamp: drafted.stamp, meta: drafted.meta };
        Ok(self.placed(&name, &path, &text, record, left_out))
    }

    fn create(&self, folder: &Path, mark: &Mark, mut given: Given<R>) -> Step<R> {
        // Files are told apart by UID (RFC 5545 section 3.8.4.7; vdirsyncer keys items by it).
        given.target = compose::with_uid(given.target, "pimkit-vdir", mark).map_err(refused)?;
        let Composed { bytes, record, left_out } = self.compose(None, given).map_err(refused)?;
        // A name may be taken by another program between look and write: look again.
        for _ in 0..3 {
            for name in names::candidates(mark, R::EXTENSION) {
                let path = folder.join(&name);
                let replaces = match self.taken(folder, &name).map_err(refused)? {
                    Taken::OtherCase => continue,
                    Taken::Free => false,
                    Taken::Same => match self.first(&name, &path, &record)? {
                        Some(outcome) => return Ok(outcome),
                        // Our own empty placeholder, from a crash on a file system that cannot do better.
                        None => true,
                    },
                };
                let (draft, drafted) = Draft::write(folder, &bytes, None).map_err(|e| refused(cannot_write(e)))?;
                let placed = if replaces { disk::replace(draft, &path, b"").map(|_| ()) } else { draft.place(&path) };
                match placed {
                    Ok(()) => {}
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => break,
                    Err(e) => return Err(unknown(cannot_write(e))),
                }
                self.touch(folder);
                self.note(&name);
                if drafted.settled {
                    self.files.shared.wrote(&path, drafted.stamp);
                }
                let text = Text { bytes, stamp: drafted.stamp, meta: drafted.meta };
                return Ok(self.placed(&name, &path, &text, record, left_out));
            }
            self.state.lock().unwrap_or_else(PoisonError::into_inner).names = None;
        }
        Err(refused(Error::new(ErrorKind::InvalidData, "every file name for the new item is taken; move the files of that name away")))
    }

    /// The answer of a create whose file is there already; `None` when it is an empty placeholder.
    fn first(&self, name: &str, path: &Path, meant: &R) -> Result<Option<Outcome<R>>, Outcome<R>> {
        let text = match disk::read(path) {
            Ok(text) => text,
            Err(Problem::Missing) => return Ok(None),
            Err(Problem::Unreadable(unread)) => return Err(refused(unread.error.with("item", name))),
        };
        if text.bytes.is_empty() {
            return Ok(None);
        }
        match self.files.understood(&self.collection, name, path, &text) {
            Held::Item(stored) if stored.record.uid().map(str::trim) == meant.uid().map(str::trim) => Ok(Some(Outcome::Written {
                id: stored.id.clone(),
                revision: Some(stored.revision.clone()),
                now: Some(stored),
                left_out: Vec::new(),
            })),
            Held::Item(stored) => Err(Outcome::Conflict { now: Some(stored) }),
            _ => Err(Outcome::Conflict { now: None }),
        }
    }

    fn relocate(&self, folder: &Path, id: &ItemId, revision: &Revision, to: &CollectionId) -> Step<R> {
        let target = self.files.shared.folder(to).map_err(refused)?;
        if !disk::is_writable(&target) {
            return Err(refused(read_only()));
        }
        let (path, name, text, _) = self.planned(folder, id, revision)?;
        if target == folder {
            return Ok(self.written(&self.collection, &name, &path, &text, Vec::new()));
        }
        for name in [name.clone(), names::elsewhere(&name, id)] {
            let goal = target.join(&name);
            match disk::rename_new(&path, &goal) {
                Ok(()) => {
                    self.touch(folder);
                    self.touch(&target);
                    return Ok(self.written(to, &name, &goal, &text, Vec::new()));
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Outcome::Conflict { now: None }),
                Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
                    let error =
                        Error::new(ErrorKind::Unavailable, "the collections lie on two disks, where a file cannot be moved in one step");
                    return Err(refused(error.persistence(Persistence::Permanent)));
                }
                Err(e) => return Err(unknown(cannot_write(e))),
            }
        }
        Err(refused(
            Error::new(ErrorKind::InvalidData, "the collection has a file of this name; rename one of the two").with("item", &name),
        ))
    }

    fn delete(&self, folder: &Path, id: &ItemId, revision: &Revision) -> Step<R> {
        let (path, name, text, _) = self.planned(folder, id, revision)?;
        if text.meta.permissions().readonly() {
            return Err(refused(write_protected(&name)));
        }
        match disk::remove(&path, &text.bytes) {
            Ok(Replaced::Done) => {
                self.touch(folder);
                Ok(Outcome::written(id.clone(), None))
            }
            Ok(Replaced::Changed) => Err(self.overtaken(&name, &path)),
            Err(e) => Err(unknown(cannot_write(e))),
        }
    }

    fn taken(&self, folder: &Path, name: &str) -> Result<Taken> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.names.is_none() {
            let mut names: HashMap<String, Vec<String>> = HashMap::new();
            self.files.shared.each_entry(folder, |entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                names.entry(name.to_lowercase()).or_default().push(name);
                Ok(())
            })?;
            state.names = Some(names);
        }
        let known = state.names.as_ref().and_then(|names| names.get(&name.to_lowercase()));
        Ok(match known {
            None => Taken::Free,
            Some(names) if names.iter().any(|n| n == name) => Taken::Same,
            Some(_) => Taken::OtherCase,
        })
    }

    fn note(&self, name: &str) {
        if let Some(names) = self.state.lock().unwrap_or_else(PoisonError::into_inner).names.as_mut() {
            names.entry(name.to_lowercase()).or_default().push(name.to_owned());
        }
    }
}

fn cannot_write(e: io::Error) -> Error {
    error::disk("the file cannot be written; check the folder's permissions and the disk's free space", e)
}

fn write_protected(name: &str) -> Error {
    Error::new(ErrorKind::PermissionDenied, "the file is write-protected; give it write permission").with("item", name)
}
