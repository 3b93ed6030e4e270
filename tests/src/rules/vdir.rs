//! Folders as a far side: a mailbox is a folder, and its user a program that edits files.

use super::far::{FarSide, Item, Mailbox, address_of};
use pimkit::{
    Clock, CollectionId, Connector, ItemId, Kind, State, Value,
    formats::{Authoring, InlineBlobs},
    state_sqlite::SqliteState,
    vdir::{Config, Vdir},
};
use pimkit_contract::FakeClock;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tempfile::TempDir;

/// A place for folders, one for each user.
#[derive(Debug)]
pub struct Folders {
    dir: TempDir,
    clock: FakeClock,
}

/// A folder with sub-folders for contacts, events and tasks.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    address: String,
    clock: FakeClock,
    made: Arc<AtomicU64>,
}

impl FarSide for Folders {
    const NAME: &'static str = "vdir";
    type Mailbox = Folder;

    /// A minute from now: files that are written now count as settled.
    fn clock() -> FakeClock {
        let soon = SystemTime::now() + Duration::from_secs(60);
        FakeClock::at(soon.try_into().unwrap())
    }

    fn open(clock: &FakeClock) -> Self {
        // In memory where there is such a place: these tests are not of how fast a disk flushes.
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        Self { dir, clock: clock.clone() }
    }

    fn mailbox(&self, user: &str) -> Folder {
        let root = self.dir.path().join(user);
        for kind in [Kind::Contact, Kind::Event, Kind::Task] {
            fs::create_dir_all(root.join(kind.plural())).unwrap();
        }
        Folder { root, address: address_of(user), clock: self.clock.clone(), made: Arc::default() }
    }

    fn state(&self) -> Arc<dyn State> {
        Arc::new(SqliteState::open(self.dir.path().join("sync.db")).unwrap())
    }
}

impl Folder {
    fn habits(&self) -> Authoring {
        Authoring::new(self.clock.now(), "-//A user//1.0//EN")
    }

    /// Writes a file as another program does, at the time that the clock shows.
    fn save(&self, path: &Path, bytes: &[u8]) {
        fs::write(path, bytes).unwrap();
        let now = SystemTime::from(self.clock.now());
        fs::File::options().write(true).open(path).unwrap().set_modified(now).unwrap();
    }
}

impl Mailbox for Folder {
    fn connector(&self) -> Arc<dyn Connector> {
        let config = Config::default().address(self.address.clone()).clock(Arc::new(self.clock.clone()));
        Arc::new(Vdir::open(&self.root, config).unwrap())
    }

    fn put<R: Item>(&self, collection: &CollectionId, record: R) -> ItemId {
        let name = loop {
            let name = format!("own-{}.{}", self.made.fetch_add(1, Ordering::Relaxed), R::EXTENSION);
            if !self.root.join(collection.as_str()).join(&name).exists() {
                break name;
            }
        };
        let uid = record.uid().map_or_else(|| format!("{}-{name}", self.address), str::to_owned);
        let record = record.with(&[("uid".into(), Value::from(uid))].into()).unwrap();
        let bytes = R::author(&record, &self.habits(), &InlineBlobs::new()).unwrap();
        self.save(&self.root.join(collection.as_str()).join(&name), &bytes);
        ItemId::from(format!("{collection}/{name}"))
    }

    fn edit<R: Item>(&self, id: &ItemId, set: impl FnOnce(&mut R)) {
        let path = self.root.join(id.as_str());
        let text = fs::read(&path).unwrap();
        let base = R::read(&text).unwrap();
        let mut target = base.clone();
        set(&mut target);
        let patched = R::patch(&text, &base, &target, &self.habits(), &InlineBlobs::new()).unwrap();
        self.save(&path, &patched);
    }

    fn delete<R: Item>(&self, id: &ItemId) {
        fs::remove_file(self.root.join(id.as_str())).unwrap();
    }

    /// A folder sends nothing.
    fn outbox(&self) -> Vec<String> {
        Vec::new()
    }
}
