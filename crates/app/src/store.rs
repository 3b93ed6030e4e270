//! What a host implements for one kind of record.

use async_trait::async_trait;
use jiff::Timestamp;
use pimkit_core::{
    Access, Blob, BlobId, BlobRef, CollectionId, Delete, Error, ErrorKind, Facts, Field, FieldSupport, ItemId, Key, Mark, Record, Result,
    Revision, cursor, encode_record,
};
use std::{fmt::Debug, time::Duration};

/// How a host finds out what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feed {
    /// Every change, deletions included, has a number that grows: an outbox, a row version.
    Sequence {
        /// How many numbers may become visible late: a transaction takes its number when it writes,
        /// but shows it when it commits. 0 where numbers are given out under a lock that is held
        /// until the commit (SQLite; a counter row). Elsewhere more than can be open at once.
        overlap: u64,
    },
    /// Every item has the time of its last change.
    Updated {
        /// How long a transaction may take from setting the time to its commit. That far back every
        /// round reads again; what it has reported already it does not report again.
        overlap: Duration,
        /// Deletions are lines of [`AppStore::changed`]. Without them every round compares the ids
        /// that are there with those of the round before, which also finds changes that came later
        /// than the overlap.
        tombstones: bool,
    },
    /// Nothing but the items themselves: every round lists them all.
    Snapshot,
}

impl Feed {
    /// The overlap in the feed's own unit: numbers, or microseconds.
    pub(crate) fn overlap(self) -> i64 {
        match self {
            Self::Sequence { overlap } => i64::try_from(overlap).unwrap_or(i64::MAX),
            Self::Updated { overlap, .. } => i64::try_from(overlap.as_micros()).unwrap_or(i64::MAX),
            Self::Snapshot => 0,
        }
    }

    /// True when deletions show only as ids that are not there any more.
    pub(crate) fn compares_ids(self) -> bool {
        matches!(self, Self::Updated { tombstones: false, .. })
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sequence { .. } => "sequence",
            Self::Updated { tombstones: true, .. } => "updated+tombstones",
            Self::Updated { tombstones: false, .. } => "updated",
            Self::Snapshot => "snapshot",
        }
    }
}

/// What a store can do. What is false is declared as missing and never asked for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Abilities {
    /// How changes are found.
    pub feed: Feed,
    /// Items can be made, changed and deleted.
    pub write: bool,
    /// The store keeps the mark of an insert, and a second insert with it gives back the first item.
    pub marks: bool,
    /// Deleted items can go to a trash.
    pub trash: bool,
    /// Series may have overrides.
    pub exceptions: bool,
    /// The store keeps photos and attachments: [`AppStore::keep`] and [`AppStore::open`].
    pub blobs: bool,
}

impl Abilities {
    /// Writable, with this feed, and nothing else.
    #[must_use]
    pub fn new(feed: Feed) -> Self {
        Self { feed, write: true, marks: false, trash: false, exceptions: false, blobs: false }
    }

    /// The same, with what `set` changes.
    #[must_use]
    pub fn with(mut self, set: impl FnOnce(&mut Self)) -> Self {
        set(&mut self);
        self
    }
}

/// One collection of the host's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: CollectionId,
    /// Its name, for people.
    pub name: String,
    /// What the acting user may do in it.
    pub access: Access,
}

impl Place {
    /// A writable place.
    pub fn new(id: impl Into<CollectionId>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), access: Access::Write }
    }
}

/// One item as the host has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<R> {
    /// Its id: stable, never used again for another item.
    pub id: ItemId,
    /// What it says. Lists in a fixed order: without a version of the host's own, another order is another revision.
    pub record: R,
    /// The host's own version of the row; without one, a hash of the record's fields.
    pub revision: Option<Revision>,
    /// Where the row stands in the feed: the time of its last change in microseconds since 1970 for
    /// [`Feed::Updated`]; for [`Feed::Sequence`] its number, if it is kept with the row.
    pub position: Option<i64>,
    /// When it was last changed, if known.
    pub modified: Option<Timestamp>,
    /// The mark that it was inserted with.
    pub mark: Option<Mark>,
    /// What the acting user may do with it.
    pub access: Access,
}

impl<R: Record> Row<R> {
    /// A writable row without version, position, time and mark.
    pub fn new(id: impl Into<ItemId>, record: R) -> Self {
        Self { id: id.into(), record, revision: None, position: None, modified: None, mark: None, access: Access::Write }
    }

    /// The row's version: the host's, or a hash of its fields.
    #[must_use]
    pub fn version(&self) -> Revision {
        if let Some(revision) = &self.revision {
            return revision.clone();
        }
        // The record without its default parts, in a fixed order: equal records have equal bytes.
        let bytes = encode_record(&self.record).unwrap_or_default();
        Revision::from(format!("h{:016x}", cursor::binding(&[bytes])))
    }
}

/// Where to go on in the feed: lines with a greater position, or with this position and a greater id.
#[derive(Clone, Copy, Debug)]
pub struct After<'a> {
    /// The position.
    pub position: i64,
    /// The last id read at this position; `None`: every line at this position is still to come.
    pub id: Option<&'a ItemId>,
}

/// One line of the feed.
#[derive(Clone, Debug)]
pub struct Line<R> {
    /// Its number, or its time in microseconds since 1970.
    pub position: i64,
    /// The item.
    pub id: ItemId,
    /// What happened.
    pub what: What<R>,
}

/// What a line of the feed says.
#[derive(Clone, Debug)]
pub enum What<R> {
    /// The item as it is.
    Is(Box<Row<R>>),
    /// The item changed somehow, or is gone: it is looked up by its id.
    Changed,
    /// The item is gone; believed when a look-up finds nothing.
    Gone,
}

/// The version that a write was planned against. The store asks it inside its own transaction.
#[derive(Clone, Debug)]
pub struct Guard(pub(crate) Revision);

impl Guard {
    /// The version.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.0
    }

    /// Whether the row is still as the write was planned against.
    #[must_use]
    pub fn holds<R: Record>(&self, now: &Row<R>) -> bool {
        now.version() == self.0
    }
}

/// One write of a record.
#[derive(Clone, Copy, Debug)]
pub enum Upsert<'a, R> {
    /// A new item.
    Insert {
        /// To be kept with the item by a store with [`Abilities::marks`].
        mark: &'a Mark,
        /// What it says.
        record: &'a R,
    },
    /// The whole record of an item that is there: only the writable fields that were to change differ from what was read.
    Update {
        /// The item.
        id: &'a ItemId,
        /// To be checked in the same transaction as the write.
        guard: &'a Guard,
        /// What it shall say.
        record: &'a R,
        /// A new mark for it.
        mark: Option<&'a Mark>,
    },
}

/// What became of an [`Upsert`].
#[derive(Clone, Debug)]
pub enum Upserted<R> {
    /// The row as it is stored; of a second insert with one mark: the first one's row.
    Stored(Box<Row<R>>),
    /// The guard did not hold, or the row is gone: nothing was written.
    Superseded(Option<Box<Row<R>>>),
}

/// What became of a deletion.
#[derive(Clone, Debug)]
pub enum Deleted<R> {
    /// It is gone.
    Done,
    /// The guard did not hold, or the row was gone already: nothing was done.
    Superseded(Option<Box<Row<R>>>),
}

/// One kind of record in the host's database, as the acting user sees it.
///
/// # Behavior
/// - `list` and `changed` give at most `limit` rows, in a fixed order; an empty answer is the end.
/// - `upsert` and `delete` are one transaction each, in which the guard is asked; a mark is looked
///   up and kept in the same transaction.
/// - What was committed before a call is seen by it.
/// - An error of kind `Storage`, `Transport` or `Unexpected` from a write means that it may have
///   happened all the same; one of any other kind means that it did not.
#[async_trait]
pub trait AppStore<R: Record>: Debug + Send + Sync + 'static {
    /// What this store can do; the same answer every time.
    fn abilities(&self) -> Abilities;

    /// The fields that it keeps. What is not among them is never read as removed.
    fn fields(&self) -> Vec<FieldSupport>;

    /// Its collections.
    async fn places(&self) -> Result<Vec<Place>>;

    /// The rows with an id after this one, in the order of their ids.
    async fn list(&self, place: &CollectionId, after: Option<&ItemId>, limit: usize) -> Result<Vec<Row<R>>>;

    /// Rows by id, one answer per id, in order; `None` for what is not there or not visible.
    async fn get(&self, place: &CollectionId, ids: &[ItemId]) -> Result<Vec<Option<Row<R>>>>;

    /// The lines of the feed after a point, in the order of position and id. An outbox that was cut
    /// behind that point answers `CursorExpired`. Not asked of a [`Feed::Snapshot`] store.
    async fn changed(&self, _place: &CollectionId, _after: After<'_>, _limit: usize) -> Result<Vec<Line<R>>> {
        Err(missing("changed"))
    }

    /// The greatest position of the feed so far; `None` before the first. Not asked of a [`Feed::Snapshot`] store.
    async fn newest(&self, _place: &CollectionId) -> Result<Option<i64>> {
        Err(missing("newest"))
    }

    /// Ids and positions after this id, in the order of the ids. Asked only of [`Feed::Updated`]
    /// without tombstones; a store that can read ids without their records should say so here.
    async fn ids(&self, place: &CollectionId, after: Option<&ItemId>, limit: usize) -> Result<Vec<(ItemId, i64)>> {
        Ok(self.list(place, after, limit).await?.into_iter().map(|row| (row.id, row.position.unwrap_or_default())).collect())
    }

    /// Writes one record.
    async fn upsert(&self, place: &CollectionId, write: Upsert<'_, R>) -> Result<Upserted<R>>;

    /// Deletes one item.
    async fn delete(&self, place: &CollectionId, id: &ItemId, guard: &Guard, mode: Delete) -> Result<Deleted<R>>;

    /// Every row with this mark or uid; `None`: the store cannot search, and is read through instead.
    async fn find(&self, _place: &CollectionId, _key: &Key) -> Result<Option<Vec<Row<R>>>> {
        Ok(None)
    }

    /// What the app knows of these items beside their fields, one answer per id, in order. `None` for
    /// what is not there. An item that is there but not visible says so here; without this method
    /// whatever `get` finds is the acting user's own.
    async fn facts(&self, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        let mut found = vec![None; ids.len()];
        for place in self.places().await? {
            for (slot, row) in found.iter_mut().zip(self.get(&place.id, ids).await?) {
                if row.is_some() {
                    *slot = Some(Facts::own(None));
                }
            }
        }
        Ok(found)
    }

    /// A custom field, made if need be.
    async fn ensure_field(&self, _place: &CollectionId, _name: &str) -> Result<Field> {
        Err(Error::new(ErrorKind::Unsupported, "this app has no custom fields; map the field to one that it has"))
    }

    /// Keeps bytes; the answer goes into the record. Asked only of a store with [`Abilities::blobs`].
    async fn keep(&self, _blob: &BlobRef, _bytes: Blob) -> Result<BlobRef> {
        Err(missing("keep"))
    }

    /// Opens the bytes of a blob that the item's record names.
    async fn open(&self, _place: &CollectionId, _item: &ItemId, _blob: &BlobId) -> Result<Blob> {
        Err(missing("open"))
    }
}

fn missing(method: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "the store declares what it does not implement; implement the method or correct its abilities")
        .with("method", method)
}
