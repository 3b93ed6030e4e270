//! A folder to try things in.
#![allow(dead_code, unreachable_pub, reason = "each test file takes what it needs")]

use pimkit_contract::FakeClock;
use pimkit_core::{
    Change, ChangeOptions, Collection, CollectionId, Connector, Contact, Error, Event, Fetched, Field, ItemId, Mark, Next, Outcome,
    Position, Record, Repository, Revision, Stored, Task, Value, Write, WriteOptions,
};
use pimkit_vdir::{Config, Vdir};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

pub struct Folder {
    pub dir: tempfile::TempDir,
    pub clock: FakeClock,
}

/// A minute after the files of a test are made, so that they count as settled unless a test says otherwise.
pub fn settled_clock() -> FakeClock {
    FakeClock::at(SystemTime::now().checked_add(Duration::from_secs(60)).unwrap().try_into().unwrap())
}

impl Folder {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), clock: settled_clock() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub fn open(&self) -> Vdir {
        Vdir::open(self.dir.path(), Config::default().clock(Arc::new(self.clock.clone()))).unwrap()
    }

    pub fn contacts(&self) -> Arc<dyn Repository<Contact>> {
        self.open().contacts().unwrap()
    }
    pub fn events(&self) -> Arc<dyn Repository<Event>> {
        self.open().events().unwrap()
    }
    pub fn tasks(&self) -> Arc<dyn Repository<Task>> {
        self.open().tasks().unwrap()
    }

    /// Every name below the folder, in order.
    pub fn tree(&self) -> Vec<String> {
        fn walk(root: &Path, at: &Path, names: &mut Vec<String>) {
            for entry in fs::read_dir(at).unwrap() {
                let path = entry.unwrap().path();
                names.push(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
                if path.is_dir() && !path.is_symlink() {
                    walk(root, &path, names);
                }
            }
        }
        let mut names = Vec::new();
        walk(self.dir.path(), self.dir.path(), &mut names);
        names.sort();
        names
    }
}

pub fn root() -> CollectionId {
    Vdir::root_collection()
}

pub fn id(text: &str) -> ItemId {
    ItemId::from(text)
}

pub fn card(uid: &str, name: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:{name}\r\nN:{name};;;;\r\nEND:VCARD\r\n")
}

pub fn event(uid: &str, title: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART:20260301T100000Z\r\nDTEND:20260301T110000Z\r\nSUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

pub fn task(uid: &str, title: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//x//EN\r\nBEGIN:VTODO\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\n\
         SUMMARY:{title}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"
    )
}

/// One whole round.
pub async fn round<R: Record>(repository: &Arc<dyn Repository<R>>, collection: &CollectionId) -> Vec<Change<R>> {
    paged(repository, collection, 100).await.0
}

/// One whole round in pages of this size, and how many pages there were.
pub async fn paged<R: Record>(repository: &Arc<dyn Repository<R>>, collection: &CollectionId, size: u32) -> (Vec<Change<R>>, usize) {
    let options = ChangeOptions::default().page_size(size);
    let mut changes = Vec::new();
    let mut page = repository.changes(collection, Position::Start, &options).await.unwrap();
    let mut pages = 1;
    loop {
        changes.extend(page.changes);
        match page.next {
            Next::More(token) => {
                page = repository.changes(collection, Position::Page(&token), &options).await.unwrap();
                pages += 1;
            }
            Next::Done { complete, .. } => {
                assert!(complete);
                return (changes, pages);
            }
        }
    }
}

/// The revisions that a round lists.
pub async fn revisions<R: Record>(repository: &Arc<dyn Repository<R>>, collection: &CollectionId) -> BTreeMap<ItemId, Revision> {
    let listed = round(repository, collection).await.into_iter().filter_map(|change| match change {
        Change::Listed { id, revision } => Some((id, revision.unwrap())),
        _ => None,
    });
    listed.collect()
}

pub async fn fetch<R: Record>(repository: &Arc<dyn Repository<R>>, collection: &CollectionId, id: &ItemId) -> Fetched<R> {
    repository.fetch(collection, std::slice::from_ref(id)).await.remove(0)
}

pub async fn found<R: Record>(repository: &Arc<dyn Repository<R>>, collection: &CollectionId, id: &ItemId) -> Stored<R> {
    match fetch(repository, collection, id).await {
        Fetched::Found(stored) => *stored,
        other => panic!("{id}: {other:?}"),
    }
}

pub async fn write<R: Record>(repository: &Arc<dyn Repository<R>>, collection: &CollectionId, write: Write<R>) -> Outcome<R> {
    repository.write(collection, vec![write], &WriteOptions::default()).await.remove(0)
}

pub fn update<R: Record>(stored: &Stored<R>, fields: &[(&str, Value)]) -> Write<R> {
    let fields = fields.iter().map(|(path, value)| (Field::from(*path), value.clone())).collect();
    Write::Update {
        id: stored.id.clone(),
        revision: stored.revision.clone(),
        base: Box::new(stored.record.clone()),
        target: Box::new(stored.record.with(&fields).unwrap()),
        mark: None,
    }
}

pub fn create<R: Record>(mark: &str, record: R) -> Write<R> {
    Write::Create { mark: Mark::from(mark), record }
}

/// What was stored.
pub fn written<R: Record>(outcome: Outcome<R>) -> Stored<R> {
    match outcome {
        Outcome::Written { id, revision, now, left_out } => {
            let now = *now.unwrap();
            assert_eq!((Some(&now.revision), &now.id), (revision.as_ref(), &id));
            assert!(left_out.is_empty(), "{left_out:?}");
            now
        }
        other => panic!("{other:?}"),
    }
}

pub fn refused<R: Record>(outcome: Outcome<R>) -> Error {
    match outcome {
        Outcome::Refused(error) => error,
        other => panic!("{other:?}"),
    }
}

pub fn conflict<R: Record>(outcome: Outcome<R>) -> Option<Stored<R>> {
    match outcome {
        Outcome::Conflict { now } => now.map(|now| *now),
        other => panic!("{other:?}"),
    }
}

pub fn named(collections: &[Collection]) -> Vec<(&str, &str)> {
    collections.iter().map(|c| (c.id.as_str(), c.name.as_str())).collect()
}

/// Gives a file this time of change.
pub fn set_changed(path: &Path, time: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}
