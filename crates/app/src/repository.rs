//! One store of a host as a repository.

use crate::{
    Abilities, AppStore, Deleted, Guard, Place, Row, Upsert, Upserted, blobs,
    feed::{BATCH, Round},
};
use async_trait::async_trait;
use pimkit_core::{
    Access, Blobs, Capabilities, Categories, ChangeOptions, ChangePage, Clock, Collection, CollectionId, Create, Delete, Error, ErrorKind,
    Facts, Fetched, Field, FieldSupport, Fields, Folders, ItemId, Key, Kind, Mark, Outcome, Position, Record, Repository, Result, Revision,
    Search, Sharing, Stored, Value, Write, WriteOptions, unsupported,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A host's store, adapted.
#[derive(Debug)]
pub(crate) struct Hosted<R: Record> {
    id: &'static str,
    store: Arc<dyn AppStore<R>>,
    clock: Arc<dyn Clock>,
}

/// The item as the engine sees it.
pub(crate) fn stored<R: Record>(place: &CollectionId, row: Row<R>) -> Stored<R> {
    let mut stored = Stored::new(row.id.clone(), place, row.version(), R::default());
    stored.modified = row.modified;
    stored.mark = row.mark;
    stored.access = row.access;
    stored.record = row.record;
    stored
}

/// What a store with these abilities does here.
pub(crate) fn capabilities<R: Record>(abilities: &Abilities) -> Capabilities {
    Capabilities::none().with(|c| {
        c.write = abilities.write;
        // Without tombstones the ids are compared inside the adapter: the round still names only changes.
        c.incremental = abilities.feed != crate::Feed::Snapshot;
        c.conditional = abilities.write;
        c.trash = abilities.write && abilities.trash;
        c.create = if abilities.marks { Create::Repeatable } else { Create::ByContent };
        // A host's own tables mail nobody.
        c.can_keep_silent = abilities.write;
        c.photos = abilities.blobs && matches!(R::KIND, Kind::Contact | Kind::User);
        c.attachments = abilities.blobs && matches!(R::KIND, Kind::Event | Kind::Task | Kind::Message);
        c.exceptions = abilities.exceptions && matches!(R::KIND, Kind::Event | Kind::Task);
        c.find = true;
    })
}

impl<R: Record> Hosted<R> {
    pub(crate) fn new(id: &'static str, store: Arc<dyn AppStore<R>>, clock: Arc<dyn Clock>) -> Self {
        Self { id, store, clock }
    }

    pub(crate) fn abilities(&self) -> Abilities {
        self.store.abilities()
    }

    pub(crate) fn store(&self) -> &dyn AppStore<R> {
        &*self.store
    }

    pub(crate) async fn facts(&self, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        same_length("facts", ids, self.store.facts(ids).await?)
    }

    async fn place(&self, id: &CollectionId) -> Result<Place> {
        self.store.places().await?.into_iter().find(|place| place.id == *id).ok_or_else(|| {
            Error::new(ErrorKind::CollectionGone, "the app has no such collection; list its collections").with("collection", id)
        })
    }

    async fn get(&self, place: &CollectionId, ids: &[ItemId]) -> Result<Vec<Option<Row<R>>>> {
        same_length("get", ids, self.store.get(place, ids).await?)
    }

    async fn get_one(&self, place: &CollectionId, id: &ItemId) -> Result<Option<Row<R>>> {
        Ok(self.get(place, std::slice::from_ref(id)).await?.pop().flatten())
    }

    /// Not there, or there for somebody else.
    async fn absent(&self, ids: &[ItemId]) -> Result<BTreeMap<ItemId, Fetched<R>>> {
        let facts = self.facts(ids).await?;
        let answer = |facts: Option<Facts>| match facts {
            Some(facts) if !facts.visible => Fetched::Hidden,
            _ => Fetched::Gone,
        };
        Ok(ids.iter().cloned().zip(facts.into_iter().map(answer)).collect())
    }

    async fn fetch_batch(&self, place: &CollectionId, ids: &[ItemId]) -> Result<Vec<Fetched<R>>> {
        let rows = self.get(place, ids).await?;
        let missing: Vec<ItemId> = ids.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(id, _)| id.clone()).collect();
        let mut absent = if missing.is_empty() { BTreeMap::new() } else { self.absent(&missing).await? };
        Ok(ids
            .iter()
            .zip(rows)
            .map(|(id, row)| match row {
                Some(row) => Fetched::Found(Box::new(stored(place, row))),
                None => absent.remove(id).unwrap_or(Fetched::Gone),
            })
            .collect())
    }

    /// Reads the whole collection once for all these keys.
    async fn scan(&self, place: &CollectionId, keys: &[&Key]) -> Result<Vec<Vec<Stored<R>>>> {
        let mut found = vec![Vec::new(); keys.len()];
        let mut after: Option<ItemId> = None;
        loop {
            let rows = self.store.list(place, after.as_ref(), BATCH).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            if after.as_ref() == Some(&last.id) {
                return Ok(found);
            }
            after = Some(last.id.clone());
            for row in rows {
                for (key, hits) in keys.iter().zip(&mut found) {
                    let hit = match key {
                        Key::Mark(mark) => row.mark.as_ref() == Some(mark),
                        Key::Uid(uid) => row.record.uid() == Some(uid),
                    };
                    if hit {
                        hits.push(stored(place, row.clone()));
                    }
                }
            }
        }
    }

    async fn write_one(&self, place: &Place, write: Write<R>, options: &WriteOptions) -> Result<Outcome<R>> {
        let abilities = self.abilities();
        if !abilities.write || place.access == Access::Read {
            let kind = if abilities.write { ErrorKind::PermissionDenied } else { ErrorKind::Unsupported };
            return Err(Error::new(kind, "the app does not let this user write here").with("collection", &place.id));
        }
        match write {
            Write::Create { mark, record } => self.create(place, &mark, record, options).await,
            Write::Update { id, revision, base, target, mark } => {
                self.update(place, &id, revision, &base, &target, mark.as_ref(), options).await
            }
            Write::Move { .. } => Err(unsupported("app.write").with("write", "move")),
            Write::Delete { id, revision, mode } => self.remove(place, &id, revision, mode).await,
        }
    }

    async fn create(&self, place: &Place, mark: &Mark, record: R, options: &WriteOptions) -> Result<Outcome<R>> {
        let (fields, left_out) = self.taken(record.fields(), &R::default(), options).await;
        // Beside the fields a record says when it was made: kept as it came.
        let blank: Fields = record.fields().into_keys().filter(|f| !fields.contains_key(f)).map(|f| (f, Value::Null)).collect();
        let to_write = record.with(&blank)?.with(&fields)?;
        match self.store.upsert(&place.id, Upsert::Insert { mark, record: &to_write }).await? {
            Upserted::Stored(row) => Ok(written(&place.id, *row, &record, left_out)),
            Upserted::Superseded(_) => {
                Err(Error::new(ErrorKind::Unexpected, "the store says that an insert was superseded; it has no guard"))
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the parts of one write")]
    async fn update(
        &self,
        place: &Place,
        id: &ItemId,
        revision: Revision,
        base: &R,
        target: &R,
        mark: Option<&Mark>,
        options: &WriteOptions,
    ) -> Result<Outcome<R>> {
        let Some(row) = self.get_one(&place.id, id).await? else { return Ok(Outcome::Conflict { now: None }) };
        let guard = Guard(revision);
        if !guard.holds(&row) {
            return Ok(conflict(&place.id, Some(row)));
        }
        if row.access == Access::Read {
            return Err(Error::new(ErrorKind::PermissionDenied, "the app does not let this user change the item").with("item", id));
        }
        let differing = pimkit_core::diff(base, target).into_iter().map(|d| (d.field, d.to.unwrap_or(Value::Null))).collect();
        let (fields, left_out) = self.taken(differing, &row.record, options).await;
        if fields.is_empty() && (mark.is_none() || !self.abilities().marks) {
            return Ok(written(&place.id, row, target, left_out));
        }
        let record = row.record.with(&fields)?;
        match self.store.upsert(&place.id, Upsert::Update { id, guard: &guard, record: &record, mark }).await? {
            Upserted::Stored(row) => Ok(written(&place.id, *row, target, left_out)),
            Upserted::Superseded(row) => Ok(conflict(&place.id, row.map(|row| *row))),
        }
    }

    async fn remove(&self, place: &Place, id: &ItemId, revision: Revision, mode: Delete) -> Result<Outcome<R>> {
        if mode == Delete::Trash && !self.abilities().trash {
            return Err(Error::new(ErrorKind::Unavailable, "the app has no trash; delete for good or not at all").with("item", id));
        }
        let guard = Guard(revision);
        match self.get_one(&place.id, id).await? {
            Some(row) if !guard.holds(&row) => return Ok(conflict(&place.id, Some(row))),
            Some(row) if row.access == Access::Read => {
                return Err(Error::new(ErrorKind::PermissionDenied, "the app does not let this user delete the item").with("item", id));
            }
            Some(_) => {}
            None => return Ok(Outcome::Conflict { now: None }),
        }
        match self.store.delete(&place.id, id, &guard, mode).await? {
            Deleted::Done => Ok(Outcome::written(id.clone(), None)),
            Deleted::Superseded(row) => Ok(conflict(&place.id, row.map(|row| *row))),
        }
    }

    /// The fields that the store takes, their blobs' bytes in it, and what it does not take.
    async fn taken(&self, wanted: Fields, held: &R, options: &WriteOptions) -> (Fields, Vec<(Field, Error)>) {
        let writable: BTreeSet<Field> = self.store.fields().into_iter().filter(|f| f.write).map(|f| f.field).collect();
        let (mut taken, mut left_out) = (Fields::new(), Vec::new());
        for (field, value) in wanted {
            let custom = field.as_str().starts_with("custom.") && writable.contains(FieldSupport::ANY_CUSTOM);
            if !custom && !writable.contains(&field) {
                left_out.push((field, Error::new(ErrorKind::Unsupported, "the app has no such field, or does not let it be written")));
            } else if matches!(field.as_str(), "photo" | "attachments") {
                let held = held.get(field.as_str());
                let (value, out) = blobs::kept(&*self.store, options.blobs.as_deref(), &field, value, held.as_ref()).await;
                left_out.extend(out);
                taken.insert(field, value);
            } else {
                taken.insert(field, value);
            }
        }
        (taken, left_out)
    }
}

fn written<R: Record>(place: &CollectionId, row: Row<R>, asked: &R, left_out: Vec<(Field, Error)>) -> Outcome<R> {
    let (id, revision) = (row.id.clone(), row.version());
    let now = (!left_out.is_empty() || !row.record.differing(asked).is_empty()).then(|| Box::new(stored(place, row)));
    Outcome::Written { id, revision: Some(revision), now, left_out }
}

fn conflict<R: Record>(place: &CollectionId, row: Option<Row<R>>) -> Outcome<R> {
    Outcome::Conflict { now: row.map(|row| Box::new(stored(place, row))) }
}

fn same_length<T>(method: &'static str, ids: &[ItemId], answers: Vec<T>) -> Result<Vec<T>> {
    if answers.len() == ids.len() {
        return Ok(answers);
    }
    Err(Error::new(ErrorKind::Unexpected, "the store must give one answer per id, in order")
        .with("method", method)
        .with("ids", ids.len())
        .with("answers", answers.len()))
}

#[async_trait]
impl<R: Record> Repository<R> for Hosted<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let abilities = self.abilities();
        let collection = |place: Place| {
            let mut capabilities = capabilities::<R>(&abilities);
            capabilities.write &= place.access == Access::Write;
            Collection { id: place.id, name: place.name, owner: None, sharing: Sharing::Private, access: place.access, capabilities }
        };
        Ok(self.store.places().await?.into_iter().map(collection).collect())
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.place(collection).await?;
        Round { store: &*self.store, clock: &*self.clock, place: collection, options }.page(at).await
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        if let Err(error) = self.place(collection).await {
            return ids.iter().map(|_| Fetched::Failed(error.clone())).collect();
        }
        let mut answers = Vec::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            match self.fetch_batch(collection, batch).await {
                Ok(found) => answers.extend(found),
                Err(error) => answers.extend(batch.iter().map(|_| Fetched::Failed(error.clone()))),
            }
        }
        answers
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        if let Err(error) = self.place(collection).await {
            return keys.iter().map(|_| Err(error.clone())).collect();
        }
        let mut answers: Vec<Option<Result<Vec<Stored<R>>>>> = Vec::with_capacity(keys.len());
        for key in keys {
            if matches!(key, Key::Mark(_)) && !self.abilities().marks {
                answers.push(Some(Err(Error::new(ErrorKind::Unavailable, "the app keeps no marks; look for the uid instead"))));
                continue;
            }
            answers.push(match self.store.find(collection, key).await {
                Ok(Some(rows)) => Some(Ok(rows.into_iter().map(|row| stored(collection, row)).collect())),
                Ok(None) => None,
                Err(error) => Some(Err(error)),
            });
        }
        let open: Vec<&Key> = keys.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(key, _)| key).collect();
        let mut scanned = match open.len() {
            0 => Ok(Vec::new()),
            _ => self.scan(collection, &open).await,
        }
        .map(Vec::into_iter);
        answers
            .into_iter()
            .map(|answer| match (answer, &mut scanned) {
                (Some(answer), _) => answer,
                (None, Ok(found)) => Ok(found.next().unwrap_or_default()),
                (None, Err(error)) => Err(error.clone()),
            })
            .collect()
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        self.place(collection).await?;
        Ok(self.store.fields())
    }

    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.place(collection).await?;
        self.store.ensure_field(collection, name).await
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        let place = match self.place(collection).await {
            Ok(place) => place,
            Err(error) => return writes.iter().map(|_| Outcome::Refused(error.clone())).collect(),
        };
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            outcomes.push(match self.write_one(&place, write, options).await {
                Ok(outcome) => outcome,
                // The store may have committed before it failed: only a look tells.
                Err(error) if matches!(error.kind(), ErrorKind::Storage | ErrorKind::Transport | ErrorKind::Unexpected) => {
                    Outcome::Unknown(error.with("app", self.id))
                }
                Err(error) => Outcome::Refused(error),
            });
        }
        outcomes
    }

    fn folders(&self) -> Option<&dyn Folders> {
        None
    }
    fn categories(&self) -> Option<&dyn Categories> {
        None
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        self.abilities().blobs.then_some(self as &dyn Blobs)
    }
    fn search(&self) -> Option<&dyn Search<R>> {
        None
    }
}
