//! Tasks of To Do: rounds by delta per list, tasks by batches with what hangs on them.
//!
//! A change of a task is on the version that was read for it, and no more conditional than that: To Do takes a condition and does not
//! hold to it (reported), so that the engine is told that nothing is checked. Tasks carry no named properties, so that a mark is a linked resource, and is looked for in the whole
//! list.

mod lists;
mod writing;

use crate::{
    asked,
    calls::{
        Call, odata,
        odata::Page,
        todo::{self as calls, LINKS, List, STEPS},
    },
    contacts::Got,
    cursor, delta, error,
    mapping::task,
    pages::Pages,
    quirks::Quirks,
    session::{Session, answered},
};
use async_trait::async_trait;
use pimkit_core::{
    Blobs, Capabilities, Categories, Change, ChangeOptions, ChangePage, Collection, CollectionId, Create, Error, ErrorKind, Fetched, Field,
    FieldSupport, Folders, ItemId, Key, Kind, Mark, Outcome, Persistence, Position, Removal, Repository, Result, Revision, Search, Stored,
    Task, Write, WriteOptions,
};
use pimkit_http::Failure;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

/// The account's tasks.
#[derive(Debug)]
pub(crate) struct Tasks {
    pub(crate) session: Arc<Session>,
    /// The lists as they were listed last.
    lists: Mutex<Option<Arc<Vec<List>>>>,
}

/// The most that can be done with tasks. There is no trash, and no move: a task that is moved in To Do has another id.
pub(crate) const fn most() -> Capabilities {
    let mut can = Capabilities::none();
    can.write = true;
    can.incremental = true;
    can.create = Create::Findable { settles_after: Duration::from_secs(60) };
    // Tasks mail nobody.
    can.can_keep_silent = true;
    can.find = true;
    can.keeps_ids = true;
    can.write_batch = Some(20);
    can
}

/// What can be done in a list.
fn capabilities(quirks: &Quirks, writes: bool) -> Capabilities {
    most().with(|can| {
        can.write = writes;
        can.create = Create::Findable { settles_after: Duration::from_secs(u64::from(quirks.settles_seconds)) };
        can.write_batch = Some(quirks.batch.clamp(1, 20));
    })
}

/// The version of a task. All have an etag; where one has none, when it was last changed is its version.
fn revision(value: &Value) -> Option<Revision> {
    odata::etag(value).or_else(|| odata::text(value, "lastModifiedDateTime").map(str::to_owned)).map(Revision::from)
}

impl Tasks {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, lists: Mutex::default() }
    }

    fn quirks(&self) -> &Quirks {
        &self.session.config.quirks
    }

    fn members(&self, collection: &CollectionId) -> crate::calls::path::Path {
        calls::members(self.session.mailbox(), collection.as_str())
    }

    /// What a resource, with what hangs on it, holds.
    fn understood(&self, collection: &CollectionId, value: &Value) -> Result<Box<Stored<Task>>> {
        let none = || Error::new(ErrorKind::InvalidData, "the task has no version; report this");
        let (id, revision) = (crate::mapping::contact::id(value)?, revision(value).ok_or_else(none)?);
        let record = task::read(value)?;
        let modified = record.updated;
        let mut stored = Stored::new(id, collection, revision, record);
        stored.modified = modified;
        stored.mark = task::hanging::mark(value);
        Ok(Box::new(stored))
    }

    /// The tasks with these ids, as they are there: one answer per id, in order.
    async fn got(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Got> {
        let expands = self.quirks().tasks_expand;
        let calls: Vec<Call> = ids.iter().map(|id| calls::get(self.members(collection), id.as_str(), expands)).collect();
        let mut all: Vec<Got> = self.session.all(&calls).await.into_iter().map(asked::item).collect();
        // What was brought along in part is asked for whole.
        let whole = |got: &Got, sort| got.value().is_none_or(|row| odata::rest(row, sort).is_none());
        let cut = |got: &&mut Got| !expands || !whole(got, LINKS) || !whole(got, STEPS);
        self.hang(collection, all.iter_mut().filter(cut).collect(), &[LINKS, STEPS]).await;
        // Gone only while the list is there.
        if all.iter().any(|got| matches!(got, Got::Gone))
            && let Err(error) = self.alive(collection).await
        {
            for got in all.iter_mut().filter(|got| matches!(got, Got::Gone)) {
                *got = Got::Failed(error.clone());
            }
        }
        all
    }

    /// Asks for what hangs on each task, and puts it there.
    async fn hang(&self, collection: &CollectionId, all: Vec<&mut Got>, sorts: &[&'static str]) {
        let mut calls = Vec::new();
        for id in all.iter().filter_map(|got| odata::text(got.value()?, "id")) {
            calls.extend(sorts.iter().map(|sort| calls::hanging(self.members(collection), id, sort)));
        }
        let mut replies = self.session.all(&calls).await.into_iter();
        for got in all {
            let Got::There(value) = got else { continue };
            if odata::text(value, "id").is_none() {
                continue;
            }
            let mut failed = None;
            for sort in sorts {
                let rows = match replies.next().unwrap_or_else(|| Err(Failure::unknown(asked::unanswered()))) {
                    Ok(reply) => Pages::named(&self.session, "graph.tasks.get").all_of(reply).await,
                    Err(failure) => Err(failure.into_error()),
                };
                match (rows, value.as_object_mut()) {
                    (Ok(rows), Some(object)) => {
                        object.insert((*sort).to_owned(), rows.into());
                    }
                    (Err(error), _) => failed = Some(error),
                    (Ok(_), None) => {}
                }
            }
            if let Some(error) = failed {
                *got = Got::Failed(error);
            }
        }
    }

    async fn fetched(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Task>> {
        let one = |got: Got| match got {
            Got::There(value) => match self.understood(collection, &value) {
                Ok(stored) => Fetched::Found(stored),
                Err(error) => Fetched::Unreadable { revision: revision(&value), error },
            },
            Got::Gone => Fetched::Gone,
            Got::Hidden => Fetched::Hidden,
            Got::Failed(error) => Fetched::Failed(error.during("graph.fetch")),
        };
        self.got(collection, ids).await.into_iter().map(one).collect()
    }

    async fn page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Task>> {
        let bound = cursor::bound(&self.session, Kind::Task, collection, options, "ids");
        let start = calls::delta(self.members(collection));
        let delta::Rows { rows, next } = delta::rows(&self.session, &bound, at, start, options).await?;
        let one = |row: &Value| {
            let id = ItemId::from(crate::mapping::contact::id(row)?);
            Ok(match odata::removed(row) {
                // Rows say less than the task: a recurrence is missing where completed tasks are listed (RogerSelwyn/MS365-ToDo).
                None => Change::Listed { id, revision: revision(row) },
                // One that was moved to another list has another id there.
                Some(_) => Change::Removed { id, reason: Removal::Unknown },
            })
        };
        Ok(ChangePage { changes: rows.iter().map(one).collect::<Result<_>>()?, next })
    }

    /// One answer per key, in order, by one look through the list.
    async fn found(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Task>>>> {
        let marks: Vec<&Mark> = keys.iter().filter_map(|key| if let Key::Mark(mark) = key { Some(mark) } else { None }).collect();
        let found = if marks.is_empty() { Ok(BTreeMap::new()) } else { self.marked(collection, &marks).await };
        let one = |key: &Key| match key {
            Key::Uid(_) => Err(error::unavailable("To Do keeps no uid; look for the mark")),
            Key::Mark(mark) => found.clone().map(|mut found| found.remove(mark).unwrap_or_default()),
        };
        keys.iter().map(one).collect()
    }

    async fn marked(&self, collection: &CollectionId, marks: &[&Mark]) -> Result<BTreeMap<Mark, Vec<Stored<Task>>>> {
        let reply = self.session.call(&calls::marked(self.members(collection))).await.map_err(Failure::into_error)?;
        if error::is_missing(&reply) {
            return Err(error::collection_gone());
        }
        let mut page = Page::read(answered(reply)?)?;
        let mut pages = Pages::named(&self.session, "graph.tasks.find");
        let mut ids = Vec::new();
        loop {
            let mut rows: Vec<Got> = page.rows.into_iter().map(Got::There).collect();
            let bare = |got: &Got| got.value().is_some_and(|row| row.get(LINKS).is_none() || odata::rest(row, LINKS).is_some());
            // What was not brought along is asked for: "not found" would let a create be repeated.
            self.hang(collection, rows.iter_mut().filter(|got| bare(got)).collect(), &[LINKS]).await;
            for got in &rows {
                match got {
                    Got::There(row) if task::hanging::mark(row).is_some_and(|mark| marks.contains(&&mark)) => {
                        ids.push(ItemId::from(crate::mapping::contact::id(row)?));
                    }
                    Got::Failed(error) => return Err(error.clone()),
                    Got::There(_) | Got::Gone | Got::Hidden => {}
                }
            }
            let Some(next) = page.next else { break };
            page = pages.at(&next).await?;
        }
        let mut found: BTreeMap<Mark, Vec<Stored<Task>>> = BTreeMap::new();
        for answer in self.fetched(collection, &ids).await {
            match answer {
                Fetched::Found(stored) => {
                    if let Some(mark) = stored.mark.clone() {
                        found.entry(mark).or_default().push(*stored);
                    }
                }
                Fetched::Failed(error) => return Err(error),
                Fetched::Unreadable { error, .. } => return Err(error.persistence(Persistence::Temporary)),
                Fetched::Gone | Fetched::Hidden | Fetched::OtherKind { .. } => {}
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl Repository<Task> for Tasks {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let lists = self.list().await.map_err(|e| e.during("graph.collections"))?;
        let all = lists.iter().map(|list| self.collection(list)).collect();
        self.session.owned(all).await.map_err(|e| e.during("graph.collections"))
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Task>> {
        self.page(collection, at, options).await.map_err(|e| e.during("graph.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Task>> {
        if ids.is_empty() { Vec::new() } else { self.fetched(collection, ids).await }
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Task>>>> {
        self.found(collection, keys).await.into_iter().map(|answer| answer.map_err(|e| e.during("graph.find"))).collect()
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let list = self.known(collection).await.map_err(|e| e.during("graph.fields"))?;
        Ok(task::fields(!list.flagged))
    }

    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.alive(collection).await.map_err(|e| e.during("graph.ensure_field"))?;
        if name == task::CHECKLIST {
            return Ok(Field::of("custom.checklist"));
        }
        Err(error::unavailable("tasks of To Do have no fields of the user's own; there is checklist alone").during("graph.ensure_field"))
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<Task>>, _: &WriteOptions) -> Vec<Outcome<Task>> {
        if writes.is_empty() { Vec::new() } else { writing::run(self, collection, writes).await }
    }

    fn folders(&self) -> Option<&dyn Folders> {
        Some(self)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        None
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        None
    }
    fn search(&self) -> Option<&dyn Search<Task>> {
        None
    }
}
