//! 1,000 vCards and 1,000 iCalendar resources of every sort go from a folder into the app store and
//! from there into a second folder, equal in every field; then both ends are edited.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod writings;

use pimkit::{
    CollectionId, Connector, Contact, Event, Field, Fields, JournalQuery, Record, RepositoryExt, State, Task,
    local::{Local, Options},
    state_sqlite::SqliteState,
    sync::{Engine, Policy, Report, Verdict},
    vdir::{Config, Vdir},
};
use pimkit_contract::FakeClock;
use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};
use writings::{CARDS, fill, lay_out_calendars, lay_out_cards, write};

struct Pipeline {
    clock: FakeClock,
    dir: tempfile::TempDir,
    crm: Arc<dyn Connector>,
    first: Arc<dyn Connector>,
    second: Arc<dyn Connector>,
    engine: Engine,
    state: Arc<SqliteState>,
}

impl Pipeline {
    fn new(lay_out: fn(&Path, &FakeClock)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = FakeClock::default();
        for name in ["first", "second"] {
            fs::create_dir_all(dir.path().join(name).join("home")).unwrap();
        }
        lay_out(&dir.path().join("first/home"), &clock);
        let folder = |name: &str| -> Arc<dyn Connector> {
            Arc::new(Vdir::open(dir.path().join(name), Config::default().clock(Arc::new(clock.clone()))).unwrap())
        };
        let (first, second) = (folder("first"), folder("second"));
        let crm = Arc::new(Local::open(dir.path().join("crm.db"), Options::default().clock(Arc::new(clock.clone()))).unwrap());
        let state = Arc::new(SqliteState::open(dir.path().join("sync.db")).unwrap());
        let engine = Engine::new(state.clone()).clock(Arc::new(clock.clone()));
        Self { clock, dir, crm, first, second, engine, state }
    }

    /// One run of a sync, spawned as an app would spawn it.
    async fn run<R: Record>(&self, name: &str, right: &Arc<dyn Connector>, policy: &[(&str, &str)]) -> Report {
        self.clock.advance(Duration::from_secs(60));
        let mut set = Policy::default();
        // What one folder has is to be in the other, guests too.
        set.set("attendees", "real").unwrap();
        for (key, word) in policy {
            set.set(key, word).unwrap();
        }
        let pair = self.engine.pair::<R>(&format!("{name}-{}", R::KIND.plural()), self.crm.clone(), right.clone());
        let pair = pair.policy(set).home("kind", "org".into(), "companies").build().unwrap();
        let report = tokio::spawn(async move { pair.run().await }).await.unwrap().unwrap();
        self.clock.advance(Duration::from_secs(60));
        report
    }

    async fn both<R: Record>(&self, policy: &[(&str, &str)]) -> [Report; 2] {
        [self.run::<R>("first", &self.first, policy).await, self.run::<R>("second", &self.second, policy).await]
    }
}

/// Every record of a kind, by uid, as fields.
async fn records<R: Record>(connector: &Arc<dyn Connector>) -> BTreeMap<String, Fields> {
    let repository = R::repository(connector.as_ref()).unwrap();
    let mut all = BTreeMap::new();
    for collection in repository.collections().await.unwrap() {
        for (record, _) in read_all::<R>(connector, &collection.id).await {
            let uid = record.uid().unwrap().to_owned();
            assert!(all.insert(uid.clone(), record.fields()).is_none(), "{uid} is there twice");
        }
    }
    all
}

async fn read_all<R: Record>(connector: &Arc<dyn Connector>, collection: &CollectionId) -> Vec<(R, pimkit::Stored<R>)> {
    use futures::TryStreamExt;
    let repository = R::repository(connector.as_ref()).unwrap();
    let options = pimkit::ChangeOptions::default();
    let lines: Vec<pimkit::Change<R>> = repository.items(collection, pimkit::Position::Start, &options).try_collect().await.unwrap();
    let mut all = Vec::new();
    let mut fetch = Vec::new();
    for line in lines {
        match line {
            pimkit::Change::Upserted(stored) => all.push((stored.record.clone(), *stored)),
            pimkit::Change::Listed { id, .. } => fetch.push(id),
            pimkit::Change::OtherKind { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    for answer in repository.fetch(collection, &fetch).await {
        match answer {
            pimkit::Fetched::Found(stored) => all.push((stored.record.clone(), *stored)),
            pimkit::Fetched::OtherKind { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    all
}

fn assert_equal<R: Record>(what: &str, a: &BTreeMap<String, Fields>, b: &BTreeMap<String, Fields>) {
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>(), "{what}");
    for (uid, fields) in a {
        let differing: Vec<_> = pimkit::diff_fields::<R>(fields, &b[uid]).into_iter().collect();
        assert!(differing.is_empty(), "{what}: {uid}: {differing:#?}");
    }
}

async fn arrives_and_rests<R: Record>(pipeline: &Pipeline, count: usize) {
    let [first, second] = pipeline.both::<R>(&[]).await;
    assert_eq!((first.sync.created.left as usize, first.sync.verdict()), (count, Verdict::Done), "{first:#?}");
    assert_eq!((second.sync.created.right as usize, second.sync.verdict()), (count, Verdict::Done), "{second:#?}");
    let (a, hub, b) = (records::<R>(&pipeline.first).await, records::<R>(&pipeline.crm).await, records::<R>(&pipeline.second).await);
    assert_eq!(a.len(), count);
    assert_equal::<R>("folder and app store", &a, &hub);
    assert_equal::<R>("folder and second folder", &a, &b);
    for report in pipeline.both::<R>(&[]).await {
        assert_eq!((report.sync.writes(), report.sync.verdict()), (0, Verdict::Done), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_cards_go_into_the_app_store_and_into_a_second_folder_equal_in_every_field() {
    let pipeline = Pipeline::new(lay_out_cards);
    arrives_and_rests::<Contact>(&pipeline, 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_calendar_resources_go_into_the_app_store_and_into_a_second_folder_equal_in_every_field() {
    let pipeline = Pipeline::new(lay_out_calendars);
    arrives_and_rests::<Event>(&pipeline, 700).await;
    arrives_and_rests::<Task>(&pipeline, 300).await;
}

#[tokio::test]
async fn edits_at_both_ends_arrive_and_a_conflict_follows_the_policy_and_keeps_the_loser() {
    let pipeline = Pipeline::new(|folder, _| {
        for n in 0..20 {
            write(folder, &format!("{n}.vcf"), fill(CARDS[1], n).as_bytes());
        }
    });
    pipeline.both::<Contact>(&[]).await;
    let second = pipeline.dir.path().join("second/home");
    let copies: Vec<_> = fs::read_dir(&second).unwrap().map(|e| e.unwrap().path()).collect();
    let copy_of = |n: u64| copies.iter().find(|p| fs::read_to_string(p).unwrap().contains(&format!("apple-{n}\r\n"))).unwrap().clone();
    // Different fields of one record, in two folders.
    let first = |n: u64| pipeline.dir.path().join(format!("first/home/{n}.vcf"));
    let edit = |path: &Path, from: &str, to: &str| {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    edit(&first(3), "Via Roma 3", "Via Po 33");
    edit(&copy_of(3), "https://example.org/3", "https://example.net/three");
    // One field, on both ends.
    edit(&first(4), "FN:Bianca Rossi 4", "FN:Bianca First");
    pipeline.run::<Contact>("first", &pipeline.first, &[]).await;
    edit(&copy_of(4), "FN:Bianca Rossi 4", "FN:Bianca Second");
    let report = pipeline.run::<Contact>("second", &pipeline.second, &[("conflicts", "right")]).await;
    assert_eq!(report.sync.conflicts, 1, "{report:#?}");
    for _ in 0..2 {
        pipeline.both::<Contact>(&[]).await;
    }
    let (a, hub, b) =
        (records::<Contact>(&pipeline.first).await, records::<Contact>(&pipeline.crm).await, records::<Contact>(&pipeline.second).await);
    assert_equal::<Contact>("folder and app store", &a, &hub);
    assert_equal::<Contact>("folder and second folder", &a, &b);
    let text = |uid: &str, field: &str| a[uid][&Field::from(field)].to_string();
    assert!(text("apple-3", "addresses").contains("Via Po 33") && text("apple-3", "links").contains("example.net/three"));
    assert_eq!(text("apple-4", "name.full"), "\"Bianca Second\"");
    use futures::TryStreamExt;
    let journal: Vec<_> = pipeline.state.journal(JournalQuery::default()).try_collect().await.unwrap();
    let lost: Vec<_> = journal.iter().flat_map(|row| &row.lost).map(|l| (l.field.to_string(), l.to.clone().unwrap())).collect();
    assert_eq!(lost, [("name.full".to_owned(), serde_json::json!("Bianca First"))]);
    // What neither side's model knows is still there, byte for byte.
    assert!(fs::read_to_string(first(3)).unwrap().contains("PRODID:-//Apple Inc.//macOS 14//EN\r\n"));
    for report in pipeline.both::<Contact>(&[]).await {
        assert_eq!(report.sync.writes(), 0, "{report:?}");
    }
}
