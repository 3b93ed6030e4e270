//! What every case has in hand, and the steps that cases share.

use super::{Ask, Stage};
use crate::world::Kept;
use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream};
use pimkit_core::{
    Blob, BlobId, BlobRef, BlobSource, Capabilities, Change, ChangeOptions, ChangePage, Collection, CollectionId, Connector, Cursor,
    Digest, Error, ErrorKind, Fetched, Field, FieldSupport, Fields, ItemId, Mark, Next, Notify, Outcome, Position, Precision, Repository,
    RepositoryExt, Result, Revision, Shape, Stored, Value, When, Write, WriteOptions,
};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Why a case ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// It cannot be asked here.
    Skip(String),
    /// It fails.
    Fail(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Fail(format!("{}: {error}", error.kind().word()))
    }
}

pub(super) type Verdict = std::result::Result<(), Stop>;
pub(super) type Got<T> = std::result::Result<T, Stop>;

pub(super) fn skip<T>(why: impl Into<String>) -> Got<T> {
    Err(Stop::Skip(why.into()))
}

pub(super) fn fail<T>(why: impl Into<String>) -> Got<T> {
    Err(Stop::Fail(why.into()))
}

/// Fails with the words after it unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($words:tt)+) => {
        if !$condition {
            return $crate::suite::context::fail(format!($($words)+));
        }
    };
}
pub(super) use ensure;

/// True for the two ways to say "not here".
pub(super) fn says_missing(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Unavailable)
}

/// Bytes for the samples' blobs: `sample-1`, `sample-2`, ... are of different sizes and contents.
pub(super) struct SampleBytes;

impl SampleBytes {
    pub(super) fn bytes(n: u64) -> Vec<u8> {
        let start = [0xff, 0xd8, 0xff, 0xe0];
        let len = 1_000 + 12_000 * (n % 5);
        start.into_iter().chain((0..len).map(|i| (crate::clock::scramble(i / 7 + n) & 0xff) as u8)).chain([0xff, 0xd9]).collect()
    }

    pub(super) fn reference(n: u64) -> BlobRef {
        let bytes = Self::bytes(n);
        BlobRef {
            id: BlobId::from(format!("sample-{n}")),
            media_type: "image/jpeg".to_owned(),
            size: Some(bytes.len() as u64),
            digest: Some(Digest::of(&bytes)),
            uri: None,
        }
    }

    pub(super) fn options() -> WriteOptions {
        WriteOptions::default().blobs(Arc::new(Self))
    }
}

impl BlobSource for SampleBytes {
    fn open<'a>(&'a self, blob: &'a BlobRef) -> BoxFuture<'a, Result<Blob>> {
        async move {
            let number = blob.id.as_str().strip_prefix("sample-").and_then(|n| n.parse().ok());
            let Some(number) = number else {
                return Err(Error::new(ErrorKind::InvalidData, "the source has no such blob").with("blob", &blob.id));
            };
            let bytes = Self::bytes(number);
            let size = Some(bytes.len() as u64);
            let pieces: Vec<Result<Bytes>> = bytes.chunks(4096).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
            Ok(Blob { media_type: blob.media_type.clone(), size, bytes: stream::iter(pieces).boxed() })
        }
        .boxed()
    }
}

/// One kind of a fresh account.
pub(super) struct Context<'c, R: Kept> {
    pub(super) ask: &'c dyn Ask,
    pub(super) stage: &'c dyn Stage,
    pub(super) connector: Arc<dyn Connector>,
    pub(super) items: Arc<dyn Repository<R>>,
    pub(super) home: Collection,
    pub(super) fields: Vec<FieldSupport>,
    marks: AtomicU64,
}

impl<'c, R: Kept> Context<'c, R> {
    pub(super) async fn new(ask: &'c dyn Ask, stage: &'c dyn Stage) -> Got<Self> {
        let connector = stage.connector();
        let Some(items) = R::repository(&*connector) else { return skip("the connector has no such kind") };
        let collections = items.collections().await?;
        let home = collections.iter().find(|c| c.capabilities.write).or(collections.first()).cloned();
        let Some(home) = home else { return fail("a fresh account needs a collection of every kind") };
        let fields = items.fields(&home.id).await?;
        Ok(Self { ask, stage, connector, items, home, fields, marks: AtomicU64::new(1) })
    }

    pub(super) fn can(&self) -> Capabilities {
        self.home.capabilities
    }

    pub(super) fn writes(&self) -> Verdict {
        if self.can().write { Ok(()) } else { skip("the collection is only read") }
    }

    pub(super) fn id(&self) -> &CollectionId {
        &self.home.id
    }

    /// A mark that was not used before in this case, in the form that the engine gives marks.
    pub(super) fn mark(&self) -> Mark {
        Mark::from(format!("suite-{:04}", self.marks.fetch_add(1, Ordering::Relaxed)))
    }

    pub(super) fn support(&self, path: &str) -> Option<&FieldSupport> {
        let any = || self.fields.iter().find(|f| path.starts_with("custom.") && f.field.as_str() == FieldSupport::ANY_CUSTOM);
        self.fields.iter().find(|f| f.field.as_str() == path).or_else(any)
    }

    pub(super) fn holds(&self, path: &str) -> bool {
        self.support(path).is_some_and(|f| f.read && f.write)
    }

    /// The field in which a sample has its text for people.
    pub(super) fn note_field(&self) -> Option<&'static str> {
        ["notes", "description"].into_iter().find(|path| R::catalogue().field(path).is_some() && self.holds(path))
    }

    /// The field that names an item for people.
    pub(super) fn name_field(&self) -> Option<&'static str> {
        ["title", "name.given", "name.surname", "name.full"]
            .into_iter()
            .find(|path| R::catalogue().field(path).is_some() && self.holds(path))
    }

    /// A value of one text as the field has it.
    pub(super) fn text_value(path: &str, text: &str) -> Value {
        let list = R::catalogue().field(path).is_some_and(|def| def.shape == Shape::Texts);
        if list { Value::from(vec![text]) } else { Value::from(text) }
    }

    /// What this side can hold of a record, by its own word.
    pub(super) fn fit(&self, record: &R) -> Got<R> {
        let mut fields = Fields::new();
        for (field, value) in record.fields() {
            if let Some(support) = self.support(field.as_str()).filter(|f| f.read && f.write)
                && let Some(value) = within(support, value)
            {
                fields.insert(field, value);
            }
        }
        Ok(R::default().with(&self.ask.prepare(R::KIND, fields))?)
    }

    /// The fields of `sent` in which neither spelling of it is what came back.
    pub(super) fn differing(&self, sent: &R, got: &R) -> Got<Vec<Field>> {
        let spelt = R::default().with(&self.ask.spelt(R::KIND, sent.fields()))?;
        let other: BTreeSet<Field> = spelt.differing(got).into_iter().collect();
        Ok(sent.differing(got).into_iter().filter(|f| other.contains(f) && (sent.get(f.as_str()).is_some() || self.minted(f))).collect())
    }

    /// A field that must stay empty when it was not sent: what a provider makes of its own accord is left alone.
    fn minted(&self, field: &Field) -> bool {
        self.note_field() == Some(field.as_str())
    }

    /// Bytes for the samples, and nobody told; where a write to a meeting cannot be kept silent, the
    /// samples' guests (of a domain that never has mail, RFC 2606) are told.
    pub(super) fn options(&self) -> WriteOptions {
        let options = SampleBytes::options();
        if self.can().can_keep_silent { options } else { options.notify(Notify::Attendees) }
    }

    pub(super) async fn write(&self, write: Write<R>) -> Got<Outcome<R>> {
        self.write_with(write, &self.options()).await
    }

    pub(super) async fn write_with(&self, write: Write<R>, options: &WriteOptions) -> Got<Outcome<R>> {
        let mut outcomes = self.items.write(self.id(), vec![write], options).await;
        ensure!(outcomes.len() == 1, "one write has {} outcomes", outcomes.len());
        outcomes.pop().map_or_else(|| fail("no outcome"), Ok)
    }

    /// The item behind an outcome that must say it is stored.
    pub(super) async fn stored(&self, outcome: Outcome<R>) -> Got<Stored<R>> {
        match outcome {
            Outcome::Written { id, revision, left_out, .. } => {
                ensure!(left_out.is_empty(), "left out: {left_out:?}");
                let stored = self.read(&id).await?;
                ensure!(
                    revision.is_none_or(|r| r == stored.revision),
                    "the revision of the outcome is not that of the item read right after it"
                );
                Ok(stored)
            }
            other => fail(format!("not written: {}", words(&other))),
        }
    }

    /// A new item that says what can be held of the record.
    pub(super) async fn create(&self, record: &R) -> Got<Stored<R>> {
        let record = self.fit(record)?;
        let outcome = self.write(Write::Create { mark: self.mark(), record }).await?;
        self.stored(outcome).await
    }

    pub(super) fn update_of(stored: &Stored<R>, target: &R) -> Write<R> {
        Write::Update {
            id: stored.id.clone(),
            revision: stored.revision.clone(),
            base: Box::new(stored.record.clone()),
            target: Box::new(target.clone()),
            mark: None,
        }
    }

    pub(super) async fn update(&self, stored: &Stored<R>, target: &R) -> Got<Stored<R>> {
        let outcome = self.write(Self::update_of(stored, target)).await?;
        self.stored(outcome).await
    }

    /// The record with another text in the field.
    pub(super) fn with_text(record: &R, path: &str, text: &str) -> Got<R> {
        Ok(record.with(&Fields::from([(Field::from(path), Self::text_value(path, text))]))?)
    }

    pub(super) async fn fetch(&self, id: &ItemId) -> Got<Fetched<R>> {
        let mut answers = self.items.fetch(self.id(), std::slice::from_ref(id)).await;
        ensure!(answers.len() == 1, "one id has {} answers", answers.len());
        answers.pop().map_or_else(|| fail("no answer"), Ok)
    }

    /// The item, read until no field is missing; blobs with their digests.
    pub(super) async fn read(&self, id: &ItemId) -> Got<Stored<R>> {
        for _ in 0..20 {
            match self.fetch(id).await? {
                Fetched::Found(mut stored) if stored.unread.is_empty() => {
                    ensure!(stored.id == *id, "asked for {id}, got {}", stored.id);
                    self.digest(&mut stored).await?;
                    return Ok(*stored);
                }
                Fetched::Found(_) => {}
                other => return fail(format!("item {id} cannot be read: {}", said(&other))),
            }
        }
        fail(format!("item {id} is never read in full"))
    }

    async fn digest(&self, stored: &mut Stored<R>) -> Verdict {
        let (collection, id) = (stored.collection.clone(), stored.id.clone());
        for blob in stored.record.blobs_mut() {
            if blob.digest.is_some() || blob.uri.is_some() {
                continue;
            }
            let Some(blobs) = self.items.blobs() else { continue };
            let bytes = blobs.open(&collection, &id, &blob.id).await?.collect(64 * 1024 * 1024).await?;
            blob.digest = Some(Digest::of(&bytes));
        }
        Ok(())
    }

    pub(super) async fn pages(&self, at: Position<'_>, options: &ChangeOptions) -> Got<Vec<ChangePage<R>>> {
        // A round may start over when its tokens expire: that is said, and is no failure.
        for _ in 0..10 {
            match self.items.pages(self.id(), at, options).try_collect::<Vec<_>>().await {
                Err(error) if error.kind() == ErrorKind::CursorExpired => {}
                pages => return Ok(pages?),
            }
        }
        fail("a round never ends: its page tokens expire each time")
    }

    /// The lines of a round, where the next starts, and whether it was complete.
    pub(super) async fn round(&self, at: Position<'_>, options: &ChangeOptions) -> Got<(Vec<Change<R>>, Cursor, bool)> {
        let mut pages = self.pages(at, options).await?;
        match pages.last_mut().map(|page| page.next.clone()) {
            Some(Next::Done { cursor, complete }) => Ok((pages.into_iter().flat_map(|p| p.changes).collect(), cursor, complete)),
            _ => fail("a round ends without Done"),
        }
    }

    /// As many rounds as a change may be late: all their lines, and the last cursor.
    pub(super) async fn rounds_since(&self, cursor: &Cursor) -> Got<(Vec<Change<R>>, Cursor, bool)> {
        self.stage.settle().await;
        let (mut all, mut at, mut complete) = self.round(Position::Since(cursor), &ChangeOptions::default()).await?;
        for _ in 0..self.ask.late_rounds() {
            let (lines, next, whole) = self.round(Position::Since(&at), &ChangeOptions::default()).await?;
            if whole {
                all.clear();
            }
            all.extend(lines);
            (at, complete) = (next, whole);
        }
        Ok((all, at, complete))
    }

    /// The ids of every item of this kind that is there, by a listing that says it is complete.
    pub(super) async fn there(&self) -> Got<BTreeSet<ItemId>> {
        self.stage.settle().await;
        for _ in 0..self.ask.late_rounds() {
            self.round(Position::Start, &ChangeOptions::default()).await?;
        }
        let (lines, _, complete) = self.round(Position::Start, &ChangeOptions::default()).await?;
        ensure!(complete, "a round from the start does not say complete");
        Ok(present(&lines))
    }

    /// A collection that is not there.
    pub(super) fn nowhere() -> CollectionId {
        CollectionId::from("no-such-collection-4f1d")
    }

    pub(super) async fn second(&self) -> Got<CollectionId> {
        if let Some(id) = self.stage.second_collection(R::KIND).await {
            return Ok(id);
        }
        let Some(folders) = self.items.folders() else { return skip("there is no second collection, and none can be made") };
        match folders.create(&self.mark(), "Second", &WriteOptions::default()).await {
            Outcome::Written { id, .. } => Ok(CollectionId::from(id.as_str())),
            other => fail(format!("a collection cannot be made: {}", words(&other))),
        }
    }
}

/// The ids that the lines say are there, the later line counting.
pub(super) fn present<R>(lines: &[Change<R>]) -> BTreeSet<ItemId> {
    let mut there = BTreeSet::new();
    for line in lines {
        match line {
            Change::Upserted(_) | Change::Listed { .. } | Change::Unreadable { .. } => there.insert(line.id().clone()),
            Change::Removed { .. } | Change::OtherKind { .. } => there.remove(line.id()),
        };
    }
    there
}

/// The value cut to what the side holds.
fn within(support: &FieldSupport, mut value: Value) -> Option<Value> {
    if let (Some(most), Value::Array(list)) = (support.many, &mut value) {
        list.truncate(most as usize);
    }
    if let Some(most) = support.max_len {
        let cut = |text: &str| text.chars().take(most as usize).collect::<String>().trim_end().to_owned();
        match &mut value {
            Value::String(text) => *text = cut(text),
            Value::Array(list) => {
                for entry in list.iter_mut() {
                    if let Value::String(text) = entry {
                        *text = cut(text);
                    }
                }
            }
            _ => {}
        }
    }
    if let (Some(precision), Ok(time)) = (support.precision, serde_json::from_value::<When>(value.clone())) {
        let time = match precision {
            Precision::Day => When::all_day(time.date()),
            Precision::Minute => time.with_wall(time.wall().with().second(0).subsec_nanosecond(0).build().ok()?),
        };
        value = serde_json::to_value(time).ok()?;
    }
    Some(value)
}

/// An outcome without its record: what a record says does not belong in a report.
pub(super) fn words<T>(outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Written { left_out, .. } => format!("written, {} fields left out", left_out.len()),
        Outcome::Conflict { .. } => "conflict".to_owned(),
        Outcome::Refused(error) => format!("refused, {}: {error}", error.kind().word()),
        Outcome::Unknown(error) => format!("unknown, {}: {error}", error.kind().word()),
    }
}

/// An answer without its record.
pub(super) fn said<R>(answer: &Fetched<R>) -> String {
    match answer {
        Fetched::Found(_) => "found".to_owned(),
        Fetched::Gone => "gone".to_owned(),
        Fetched::Hidden => "hidden".to_owned(),
        Fetched::OtherKind { .. } => "of another kind".to_owned(),
        Fetched::Unreadable { error, .. } => format!("unreadable: {error}"),
        Fetched::Failed(error) => format!("failed, {}: {error}", error.kind().word()),
    }
}

/// A revision that no item has.
pub(super) fn no_revision() -> Revision {
    Revision::from("\"no-such-revision-4f1d\"")
}
