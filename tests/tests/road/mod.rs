//! What the pipelines share: two folders, an app store between them, and syncs of all three kinds.
#![allow(dead_code, reason = "each test program uses its own part")]

use futures::StreamExt;
use pimkit::{
    Blob, Connector, Contact, Digest, Event, Fetched, JournalQuery, JournalRow, Kind, Record, Repository, RepositoryExt as _, State,
    Stored, Task,
    formats::{Authoring, CardVersion, InlineBlob, InlineBlobs, TextRecord},
    local::{Local, Options},
    state_sqlite::SqliteState,
    sync::{Engine, Pair, Policy, Report},
    vdir::{Config, Vdir},
};
use pimkit_contract::samples;
use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};
use tempfile::TempDir;

/// A folder `first` with what a test puts there, an app store, and an empty folder `second`.
pub(crate) struct Road {
    pub(crate) dir: TempDir,
    pub(crate) store: Arc<dyn Connector>,
    pub(crate) state: Arc<dyn State>,
    pub(crate) engine: Engine,
}

/// A folder in memory where there is one: these tests are of what arrives, not of how fast a disk flushes it.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Road {
    pub(crate) fn new() -> Self {
        let dir = scratch();
        for side in ["first", "second"] {
            for collection in ["contacts", "events", "tasks"] {
                fs::create_dir_all(dir.path().join(side).join(collection)).unwrap();
            }
        }
        let store = Arc::new(Local::open(dir.path().join("crm.db"), Options::default()).unwrap());
        let state: Arc<dyn State> = Arc::new(SqliteState::open(dir.path().join("sync.db")).unwrap());
        let engine = Engine::new(state.clone());
        Self { dir, store, state, engine }
    }

    pub(crate) fn file(&self, side: &str, kind: Kind, name: &str) -> PathBuf {
        self.dir.path().join(side).join(kind.plural()).join(name)
    }

    pub(crate) fn folder(&self, side: &str) -> Arc<dyn Connector> {
        Arc::new(Vdir::open(self.dir.path().join(side), Config::default()).unwrap())
    }

    /// Writes a record as a file, as a program with these habits writes it.
    pub(crate) fn put<R: TextRecord>(&self, side: &str, name: &str, record: &R, options: &Authoring, blobs: &InlineBlobs) {
        let name = format!("{name}.{}", R::EXTENSION);
        fs::write(self.file(side, R::KIND, &name), R::author(record, options, blobs).unwrap()).unwrap();
    }

    /// The sync of a kind between the store and a folder.
    pub(crate) fn pair<R: Record>(&self, side: &str, policy: Policy) -> Pair<R> {
        self.engine
            .pair::<R>(&format!("{side}-{}", R::KIND.plural()), self.store.clone(), self.folder(side))
            .policy(policy)
            .collections(vec![R::KIND.plural().to_owned()])
            .home("kind", "org".into(), "companies")
            .build()
            .unwrap()
    }

    pub(crate) async fn run<R: Record>(&self, side: &str) -> Report {
        let mut policy = Policy::default();
        // What one folder has is to be in the other, guests too.
        policy.set("attendees", "real").unwrap();
        let report = self.pair::<R>(side, policy).run().await.unwrap();
        assert_eq!(report.sync.verdict().exit_code(), 0, "{side} {}: {:?}", R::KIND.plural(), report.sync);
        report
    }

    /// All kinds between the store and a folder.
    pub(crate) async fn run_all(&self, side: &str) -> [Report; 3] {
        [self.run::<Contact>(side).await, self.run::<Event>(side).await, self.run::<Task>(side).await]
    }

    /// What the journal says of one run.
    pub(crate) async fn journal(&self, report: &Report) -> Vec<JournalRow> {
        let query = JournalQuery { sync: Some(report.sync.name.as_str().into()), run: Some(report.run), item: None };
        self.state.journal(query).map(Result::unwrap).collect().await
    }
}

/// Every record of an account, by uid; fails on an item that cannot be read, and on two with one uid.
pub(crate) async fn records<R: Record>(connector: &dyn Connector) -> BTreeMap<String, Stored<R>> {
    let repository = R::repository(connector).unwrap();
    let mut all = BTreeMap::new();
    for collection in repository.collections().await.unwrap() {
        if R::KIND != Kind::Contact && !collection.id.as_str().contains(R::KIND.plural()) && connector.info().id == "vdir" {
            continue;
        }
        let mut ids = Vec::new();
        let options = pimkit::ChangeOptions::default();
        let mut items = repository.items(&collection.id, pimkit::Position::Start, &options);
        while let Some(change) = items.next().await {
            let change = change.unwrap();
            assert!(!matches!(change, pimkit::Change::Unreadable { .. }), "{change:?}");
            ids.push(change.id().clone());
        }
        drop(items);
        for fetched in repository.fetch(&collection.id, &ids).await {
            match fetched {
                Fetched::Found(stored) => {
                    let uid = stored.record.uid().unwrap_or_default().to_owned();
                    assert!(all.insert(uid.clone(), *stored).is_none(), "two with the uid {uid}");
                }
                Fetched::OtherKind { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
    all
}

/// Fails unless both accounts hold the same records, equal in every field of the catalogue.
pub(crate) async fn assert_equal<R: Record>(a: &dyn Connector, b: &dyn Connector, count: usize) {
    let (a, b) = (records::<R>(a).await, records::<R>(b).await);
    assert_eq!(a.len(), count, "{}", R::KIND.plural());
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{}", R::KIND.plural());
    for (uid, one) in &a {
        let differences = pimkit::diff(&one.record, &b[uid].record);
        assert!(differences.is_empty(), "{} {uid}: {differences:?}", R::KIND.plural());
    }
}

/// How programs write: version of the card, and what they say of themselves.
pub(crate) fn habits(n: u64) -> Authoring {
    let now = jiff::Timestamp::from_second(1_700_000_000 + n as i64).unwrap();
    let version = if n.is_multiple_of(2) { CardVersion::V3 } else { CardVersion::V4 };
    Authoring::new(now, "-//A program//1.0//EN").with_card_version(version)
}

/// A contact of every sort, with its photo where it has one.
pub(crate) fn contact(n: u64) -> (Contact, InlineBlobs) {
    let mut blobs = InlineBlobs::new();
    let mut contact = match n % 10 {
        0 => samples::company(n),
        1 | 2 => samples::full_contact(n),
        _ => samples::contact(n),
    };
    if n % 10 == 3 {
        let bytes = format!("the picture of {n}").into_bytes();
        let blob = pimkit::BlobRef {
            id: format!("photo-{n}").into(),
            media_type: "image/png".to_owned(),
            size: Some(bytes.len() as u64),
            digest: Some(Digest::of(&bytes)),
            uri: None,
        };
        blobs.insert(blob.id.clone(), InlineBlob { media_type: blob.media_type.clone(), bytes });
        contact.photo = Some(blob);
    }
    (contact, blobs)
}

/// An event of every sort.
pub(crate) fn event(n: u64) -> Event {
    match n % 5 {
        0 => samples::series(n),
        1 => samples::meeting(n),
        2 => samples::full_event(n),
        _ => samples::event(n),
    }
}

/// A task of every sort.
pub(crate) fn task(n: u64) -> Task {
    match n % 3 {
        0 => samples::task_series(n),
        1 => samples::full_task(n),
        _ => samples::task(n),
    }
}

/// The bytes of a record's photo, as an account gives them.
pub(crate) async fn photo(repository: &dyn Repository<Contact>, stored: &Stored<Contact>) -> Option<Vec<u8>> {
    let photo = stored.record.photo.as_ref().filter(|p| p.uri.is_none())?;
    let blob: Blob = repository.blobs().unwrap().open(&stored.collection, &stored.id, &photo.id).await.unwrap();
    Some(blob.collect(1 << 20).await.unwrap())
}
