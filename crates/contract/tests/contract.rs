//! The behaviour suite over the in-memory connectors: the kind ones, and unpleasant ones of every sort.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use async_trait::async_trait;
use futures::executor::block_on;
use pimkit_contract::{
    FakeClock, MemoryHub, Worst, WorstOptions,
    suite::{self, BackDoor, Floor, Harness, Report, Stage},
    worst::{ByHand, Kept, Normalises, normalised},
};
use pimkit_core::*;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// An in-memory account on the stage.
struct Account {
    connector: Arc<dyn Connector>,
    contacts: Door<Contact>,
    events: Door<Event>,
    tasks: Door<Task>,
    mails: Box<dyn Fn() -> usize + Send + Sync>,
    clock: FakeClock,
}

struct Door<R>(ByHand<R>);

#[async_trait]
impl<R: Kept> BackDoor<R> for Door<R> {
    async fn edit(&self, item: &Stored<R>, record: &R) -> bool {
        let changes: Fields = diff(&item.record, record).into_iter().map(|d| (d.field, d.to.unwrap_or(Value::Null))).collect();
        self.0.edit(&item.id, |r| *r = r.with(&changes).unwrap())
    }
    async fn delete(&self, item: &Stored<R>) -> bool {
        self.0.delete(&item.id)
    }
    async fn damage(&self, item: &Stored<R>) -> bool {
        self.0.make_unreadable(&item.id, true)
    }
}

#[async_trait]
impl Stage for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::clone(&self.connector)
    }
    async fn second_collection(&self, kind: Kind) -> Option<CollectionId> {
        Some(match kind {
            Kind::Contact => self.contacts.0.make_collection("second"),
            Kind::Event => self.events.0.make_collection("second"),
            _ => self.tasks.0.make_collection("second"),
        })
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        Some(&self.contacts)
    }
    fn event_door(&self) -> Option<&dyn BackDoor<Event>> {
        Some(&self.events)
    }
    fn task_door(&self) -> Option<&dyn BackDoor<Task>> {
        Some(&self.tasks)
    }
    fn mails(&self) -> Option<usize> {
        Some((self.mails)())
    }
    async fn settle(&self) {
        self.clock.advance(Duration::from_secs(10));
    }
}

/// `worst` with these options, or the hub when there are none.
struct InMemory(Option<WorstOptions>);

impl InMemory {
    fn options(&self) -> WorstOptions {
        self.0.clone().unwrap_or_default()
    }
}

#[async_trait]
impl Harness for InMemory {
    fn name(&self) -> String {
        self.0.as_ref().map_or_else(|| "hub".to_owned(), |options| format!("worst ({options})"))
    }
    fn floor(&self) -> Floor {
        let writes = !self.options().read_only || !self.options().for_good;
        [Kind::Contact, Kind::Event, Kind::Task].into_iter().fold(Floor::default(), |floor, kind| floor.kind(kind, |c| c.write = writes))
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        let clock = FakeClock::default();
        Box::new(match &self.0 {
            Some(options) => {
                let worst = Worst::new(options.clone(), &clock);
                Account {
                    connector: Arc::new(worst.clone()),
                    contacts: Door(worst.by_hand()),
                    events: Door(worst.by_hand()),
                    tasks: Door(worst.by_hand()),
                    mails: Box::new(move || worst.outbox().len()),
                    clock,
                }
            }
            None => {
                let hub = MemoryHub::new(&clock);
                Account {
                    connector: Arc::new(hub.clone()),
                    contacts: Door(hub.by_hand()),
                    events: Door(hub.by_hand()),
                    tasks: Door(hub.by_hand()),
                    mails: Box::new(move || hub.outbox().len()),
                    clock,
                }
            }
        })
    }
    fn spelt(&self, kind: Kind, fields: Fields) -> Fields {
        fn spelt<R: Record>(fields: &Fields) -> Fields {
            normalised(&R::default().with(fields).unwrap()).fields()
        }
        match kind {
            _ if self.options().normalises == Normalises::Never => fields,
            Kind::Contact => spelt::<Contact>(&fields),
            Kind::Event => spelt::<Event>(&fields),
            _ => spelt::<Task>(&fields),
        }
    }
    fn late_rounds(&self) -> u32 {
        self.options().listing_lag_rounds + self.options().stale_rounds + 1
    }
    fn mails_guests(&self) -> bool {
        true
    }
}

/// Runs the suite, and says which cases were skipped.
fn skipped(options: Option<WorstOptions>) -> BTreeSet<String> {
    block_on(suite::run(&InMemory(options))).skipped.into_iter().map(|(name, _)| name).collect()
}

fn only(names: &[&str]) -> Option<WorstOptions> {
    Some(WorstOptions::only(names).unwrap())
}

/// What no in-memory account can be asked, however kind: it is written, has no search, no limits, and contacts neither
/// repeat nor have guests.
fn never_asked() -> BTreeSet<String> {
    let everywhere = ["a_side_that_is_only_read_refuses_writes", "search_finds_by_words", "what_is_over_a_limit_is_left_out"];
    let kinds = ["contacts", "events", "tasks"];
    let mut names: BTreeSet<String> = kinds.iter().flat_map(|kind| everywhere.iter().map(move |case| format!("{kind}::{case}"))).collect();
    names.insert("contacts::a_series_with_overrides_comes_back".to_owned());
    names.extend(["contacts", "tasks"].map(|kind| format!("{kind}::nobody_is_mailed_unless_wanted")));
    names
}

#[test]
fn the_hub_passes_with_nothing_skipped_that_can_be_asked() {
    assert_eq!(skipped(None), never_asked());
}

#[test]
fn the_kind_provider_passes_with_nothing_skipped_that_can_be_asked() {
    assert_eq!(skipped(Some(WorstOptions::kind())), never_asked());
}

#[test]
fn the_worst_provider_passes() {
    skipped(Some(WorstOptions::worst()));
}

#[test]
fn a_provider_that_keeps_marks_only_for_searching_passes() {
    let options = WorstOptions::only(&["server_made_ids", "two_calls", "write_batch"]).unwrap();
    skipped(Some(options.with(|o| o.create = Create::Findable { settles_after: Duration::from_secs(5) })));
}

#[test]
fn a_provider_that_normalises_at_once_passes() {
    skipped(Some(WorstOptions::kind().with(|o| o.normalises = Normalises::AtOnce)));
}

#[test]
fn a_provider_where_everything_is_missing_for_good_passes() {
    let missing = ["no_trash", "no_find", "no_move", "no_photos", "no_attachments", "no_exceptions", "no_custom_fields"];
    let roles = ["no_folders", "no_categories", "no_blobs", "for_good"];
    skipped(only(&[missing.as_slice(), &roles].concat()));
    let skips = skipped(only(&["read_only", "for_good"]));
    assert!(!skips.contains("contacts::a_side_that_is_only_read_refuses_writes"));
}

/// Every third switch from this one on, each alone; three tests, so that they run side by side.
fn each_third_switch(from: usize) {
    for name in WorstOptions::switches().iter().skip(from).step_by(3) {
        skipped(only(&[name.as_str()]));
    }
}

#[test]
fn each_switch_alone_passes_first_third() {
    each_third_switch(0);
}

#[test]
fn each_switch_alone_passes_second_third() {
    each_third_switch(1);
}

#[test]
fn each_switch_alone_passes_last_third() {
    each_third_switch(2);
}

/// A connector that breaks one promise, for one kind.
#[derive(Debug)]
struct Broken(&'static str, Arc<dyn Repository<Contact>>);

#[derive(Debug, Clone)]
struct Breaks(&'static str, Worst);

#[async_trait]
impl Connector for Breaks {
    fn info(&self) -> ConnectorInfo {
        self.1.info()
    }
    async fn account(&self) -> Result<pimkit_core::Account> {
        self.1.account().await
    }
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        self.1.contacts().map(|inner| Arc::new(Broken(self.0, inner)) as Arc<dyn Repository<Contact>>)
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        None
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        None
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        None
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        None
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        None
    }
}

impl Broken {
    fn does(&self, what: &str) -> bool {
        self.0 == what
    }
}

#[async_trait]
impl Repository<Contact> for Broken {
    async fn collections(&self) -> Result<Vec<Collection>> {
        self.1.collections().await
    }
    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Contact>> {
        let page = self.1.changes(collection, at, options).await;
        match page {
            Err(error) if self.does("a missing collection is empty") && error.kind() == ErrorKind::CollectionGone => {
                Ok(ChangePage { changes: Vec::new(), next: Next::Done { cursor: "x".into(), complete: true } })
            }
            Err(error) if self.does("a bad cursor starts anew") && error.kind() == ErrorKind::CursorExpired => {
                self.1.changes(collection, Position::Start, options).await
            }
            Ok(mut page) => {
                if self.does("a listing forgets its last line") {
                    page.changes.pop();
                }
                if self.does("an unreadable item is removed") {
                    for line in &mut page.changes {
                        if let Change::Unreadable { id, .. } = line {
                            *line = Change::Removed { id: id.clone(), reason: Removal::Deleted };
                        }
                    }
                }
                if self.does("deletions are not named") {
                    page.changes.retain(|line| !matches!(line, Change::Removed { .. }));
                }
                Ok(page)
            }
            page => page,
        }
    }
    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Contact>> {
        let mut answers = self.1.fetch(collection, ids).await;
        if self.does("answers come in another order") {
            answers.reverse();
        }
        if self.does("gone is left out") {
            answers.retain(|answer| !matches!(answer, Fetched::Gone));
        }
        answers
    }
    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Contact>>>> {
        if self.does("nothing is ever found") {
            return keys.iter().map(|_| Ok(Vec::new())).collect();
        }
        if self.does("findable, and marks are not searched for") {
            let mut answers = self.1.find(collection, keys).await;
            for (key, answer) in keys.iter().zip(&mut answers) {
                if matches!(key, Key::Mark(_)) && answer.is_ok() {
                    *answer = Err(pimkit_core::unsupported("find"));
                }
            }
            return answers;
        }
        self.1.find(collection, keys).await
    }
    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        self.1.fields(collection).await
    }
    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.1.ensure_field(collection, name).await
    }
    async fn write(&self, collection: &CollectionId, mut writes: Vec<Write<Contact>>, options: &WriteOptions) -> Vec<Outcome<Contact>> {
        for write in &mut writes {
            match write {
                Write::Create { record, .. } if self.does("nicknames are lost") => record.nicknames.clear(),
                Write::Create { mark, .. } if self.does("marks are not looked at") => *mark = Mark::from(format!("{mark}{:p}", &*mark)),
                Write::Update { id, base, target, .. } if self.does("an update writes the whole record") => {
                    let there = self.1.fetch(collection, std::slice::from_ref(id)).await.pop();
                    if let Some(Fetched::Found(stored)) = there {
                        let whole = stored.record.fields().into_keys().map(|f| (f, Value::Null)).collect();
                        let whole = stored.record.with(&whole).unwrap().with(&target.fields()).unwrap();
                        (*base, *target) = (Box::new(stored.record), Box::new(whole));
                    }
                }
                Write::Update { id, revision, .. } | Write::Delete { id, revision, .. } if self.does("revisions are not checked") => {
                    let there = self.1.fetch(collection, std::slice::from_ref(id)).await.pop();
                    if let Some(Fetched::Found(stored)) = there {
                        *revision = stored.revision;
                    }
                }
                Write::Delete { mode, .. } if self.does("trash is for good") => *mode = Delete::Permanent,
                _ => {}
            }
        }
        if self.does("a bad write stops the others") {
            for write in &writes {
                if let Write::Update { id, .. } = write
                    && matches!(self.1.fetch(collection, std::slice::from_ref(id)).await.pop(), Some(Fetched::Gone))
                {
                    return writes.iter().map(|_| Outcome::Conflict { now: None }).collect();
                }
            }
        }
        let creates: Vec<Contact> = writes
            .iter()
            .filter_map(|w| match w {
                Write::Update { target, .. } => Some((**target).clone()),
                _ => None,
            })
            .collect();
        let mut outcomes = self.1.write(collection, writes, options).await;
        if self.does("an update of nothing creates")
            && matches!(outcomes.as_slice(), [Outcome::Conflict { now: None }])
            && let Some(record) = creates.into_iter().next()
        {
            return self.1.write(collection, vec![Write::Create { mark: "again".into(), record }], options).await;
        }
        if self.does("outcomes come in another order") {
            outcomes.reverse();
        }
        outcomes
    }
    fn folders(&self) -> Option<&dyn Folders> {
        self.1.folders()
    }
    fn categories(&self) -> Option<&dyn Categories> {
        self.1.categories()
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        self.1.blobs()
    }
    fn search(&self) -> Option<&dyn Search<Contact>> {
        None
    }
}

struct BrokenHarness(&'static str);

struct BrokenStage(Breaks, Door<Contact>);

#[async_trait]
impl Stage for BrokenStage {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.0.clone())
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        Some(&self.1)
    }
}

#[async_trait]
impl Harness for BrokenHarness {
    fn name(&self) -> String {
        self.0.to_owned()
    }
    fn floor(&self) -> Floor {
        Floor::default().kind(Kind::Contact, |c| c.write = true)
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        let options = WorstOptions::only(&["no_trash"]).unwrap().with(|o| {
            if self.0.starts_with("findable") {
                o.create = Create::Findable { settles_after: Duration::ZERO };
            }
            o.no_find = self.0 == "findable, and nothing can be searched for";
        });
        let worst = Worst::new(options, &FakeClock::default());
        let door = Door(worst.by_hand());
        Box::new(BrokenStage(Breaks(self.0, worst), door))
    }
}

/// The suite is worth what it finds: each of these promises is broken on purpose, and a case names it.
#[test]
fn a_broken_promise_fails_the_case_that_is_named_after_it() {
    let found = |breaks: &'static str| -> Report { block_on(suite::observe(&BrokenHarness(breaks))) };
    for sound in ["nothing", "findable"] {
        let sound = found(sound);
        assert!(sound.failed.is_empty(), "{sound}");
    }
    let cases = [
        ("a missing collection is empty", "contacts::a_missing_collection_is_gone_in_every_method"),
        ("a bad cursor starts anew", "contacts::a_damaged_or_foreign_cursor_is_expired"),
        ("a listing forgets its last line", "contacts::a_first_round_names_everything"),
        ("an unreadable item is removed", "contacts::an_unreadable_item_is_there"),
        ("deletions are not named", "contacts::a_users_deletion_is_a_change"),
        ("answers come in another order", "contacts::fetch_answers_in_order"),
        ("gone is left out", "contacts::fetch_answers_in_order"),
        ("nothing is ever found", "contacts::items_are_found_by_mark_and_uid"),
        ("findable, and nothing can be searched for", "connector::a_findable_create_can_be_searched_for"),
        ("findable, and marks are not searched for", "contacts::items_are_found_by_mark_and_uid"),
        ("nicknames are lost", "contacts::field_nicknames"),
        ("marks are not looked at", "contacts::a_mark_stays_on_its_item"),
        ("an update writes the whole record", "contacts::an_update_writes_only_what_differs"),
        ("revisions are not checked", "contacts::an_update_of_a_superseded_version_is_a_conflict"),
        ("trash is for good", "contacts::trash_is_there_or_refused"),
        ("a bad write stops the others", "contacts::one_bad_write_does_not_stop_the_others"),
        ("an update of nothing creates", "contacts::an_update_of_a_deleted_item_makes_no_new_one"),
        ("outcomes come in another order", "contacts::outcomes_come_in_order"),
    ];
    for (breaks, case) in cases {
        let report = found(breaks);
        assert!(report.failed.iter().any(|(name, _)| name == case), "{breaks}: {report}");
    }
}
