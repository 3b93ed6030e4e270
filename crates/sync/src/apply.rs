//! Does what a plan says: every write is noted before it leaves, and what it came to is recorded
//! with the item it was for.

use crate::{
    blobs::FromSide,
    guard,
    journal::agreed_before,
    planted::{Break, planted},
    record::arrived,
    report::Progress,
    run::Run,
    step::{Agreed, End, SideWrite, Step},
};
use futures::TryStreamExt;
use jiff::Timestamp;
use pimkit_core::{
    BaseRow, BlobId, CollectionId, Error, ErrorKind, Field, Fields, IntentKind, ItemId, LinkRow, Mark, Outcome, ProgressRow, Record,
    Result, Revision, SeenRow, Side, StateChange, Stored, StreamKey, Write, WriteOptions,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

/// How many steps are in hand at a time: each batch costs three commits that wait for the disk.
const BATCH: usize = 100;

/// A step in hand.
pub(crate) struct Task<R> {
    pub(crate) number: u64,
    pub(crate) step: Step,
    pub(crate) link: Option<LinkRow>,
    /// What the sides were, as far as the step writes them.
    pub(crate) hub: Option<SeenRow>,
    pub(crate) far: Option<SeenRow>,
    /// What the link's ends last agreed on.
    pub(crate) base: Option<BaseRow>,
    /// What came of the writes: absent, not written; false, failed.
    pub(crate) done: BTreeMap<Side, Wrote<R>>,
    /// What the link had agreed on before of the fields that the step is about.
    pub(crate) agreed_before: Vec<Agreed>,
    /// Its link is to be looked at again in the next run, whatever comes of it.
    pub(crate) again: bool,
    /// Nothing more is to be written for it in this run.
    pub(crate) stopped: bool,
}

/// What a write came to.
#[derive(Clone, Debug)]
pub(crate) struct Wrote<R> {
    pub(crate) item: ItemId,
    pub(crate) revision: Option<Revision>,
    pub(crate) mark: Option<Mark>,
    /// When the side says that it was changed last: what answers a write may have been edited since.
    pub(crate) modified: Option<Timestamp>,
    /// What it did not tell, and was not told by us.
    pub(crate) unread: Vec<Field>,
    /// The side did not answer with it: it was asked some time after, and a user may have been there in between.
    pub(crate) asked: bool,
    record: R,
    fields: OnceLock<Fields>,
}

impl<R: Record> Wrote<R> {
    pub(crate) fn new(item: ItemId, revision: Option<Revision>, record: R, mark: Option<Mark>) -> Self {
        Self { item, revision, mark, modified: None, unread: Vec::new(), asked: false, record, fields: OnceLock::new() }
    }

    /// What was read of an item after it was written.
    pub(crate) fn read(item: ItemId, stored: Stored<R>) -> Self {
        let unread = stored.unread;
        Self { modified: stored.modified, unread, ..Self::new(item, Some(stored.revision), stored.record, stored.mark) }
    }

    /// The record as it is there, when the side said it; what was sent, when not.
    pub(crate) fn record(&self) -> &R {
        &self.record
    }

    /// Its fields: base, journal and sighting are all made of them.
    pub(crate) fn fields(&self) -> &Fields {
        self.fields.get_or_init(|| self.record.fields())
    }

    pub(crate) fn set_record(&mut self, record: R) {
        self.record = record;
        self.fields = OnceLock::new();
    }
}

impl<R> Task<R> {
    pub(crate) fn end(&self, side: Side) -> &End {
        match side {
            Side::Left => &self.step.hub,
            Side::Right => &self.step.far,
        }
    }

    pub(crate) fn row(&self, side: Side) -> Option<&SeenRow> {
        match side {
            Side::Left => self.hub.as_ref(),
            Side::Right => self.far.as_ref(),
        }
    }
}

impl<R: Record> Run<R> {
    /// Applies every open step of the plan.
    pub(crate) async fn apply_all(&mut self) -> Result<()> {
        self.epochs.clear();
        self.progress(Progress::Stage { stage: "apply", of: (self.planned > 0).then_some(self.planned) });
        let mut rows = self.state().steps(self.run).try_chunks(BATCH);
        while let Some(chunk) = rows.try_next().await.map_err(|e| e.1)? {
            let mut tasks = Vec::with_capacity(chunk.len());
            for row in chunk {
                if row.done.is_some() {
                    continue;
                }
                let step = guard::body(&row)?;
                tasks.push((row.step, step));
            }
            let count = tasks.len() as u64;
            self.apply_batch(tasks).await?;
            self.progress(Progress::Items(count));
            if self.report.failed.is_some() {
                break;
            }
        }
        Ok(())
    }

    async fn apply_batch(&mut self, steps: Vec<(u64, Step)>) -> Result<()> {
        let mut open: Vec<(u64, Step, Option<LinkRow>)> = Vec::new();
        for (number, step) in steps {
            let link = match &step.link {
                Some(id) => self.state().link(id).await?,
                None => None,
            };
            // A link that moved on since, or is gone: the step no longer holds and is planned anew.
            let moved = step.link.is_some() && link.as_ref().is_none_or(|l| l.version != step.link_version);
            if moved {
                self.later([StateChange::StepDone { run: self.run, step: number, done: "dropped".to_owned() }]);
                continue;
            }
            if let Some(by) = &step.held {
                self.hold_back(number, &step, link, &by.clone()).await?;
                continue;
            }
            open.push((number, step, link));
        }
        // Everything that a batch is about is read at once.
        let hub = self.ends(Side::Left, open.iter().map(|(_, s, _)| (&s.hub.collection, s.hub.item.as_ref()))).await?;
        let far = self.ends(Side::Right, open.iter().map(|(_, s, _)| (&s.far.collection, s.far.item.as_ref()))).await?;
        let linked: Vec<String> = open.iter().filter_map(|(_, s, _)| s.link.clone()).collect();
        let bases = self.state().bases(&linked).await?.into_iter().flatten();
        let mut bases: BTreeMap<String, BaseRow> = bases.map(|base| (base.link.clone(), base)).collect();
        let mut tasks: Vec<Task<R>> = open
            .into_iter()
            .zip(hub.into_iter().zip(far))
            .map(|((number, step, link), (hub, far))| {
                let base = step.link.as_ref().and_then(|id| bases.remove(id));
                let agreed_before = agreed_before(&step.agreed, base.as_ref());
                Task { number, step, link, hub, far, base, done: BTreeMap::new(), agreed_before, again: false, stopped: false }
            })
            .collect();
        self.drop_moved(&mut tasks);
        self.drop_joined(&mut tasks).await?;
        self.make_copies(&mut tasks).await?;
        self.make_loser_fields(&mut tasks).await?;
        // The far side first: what it makes of a value is then what the base remembers.
        for side in [Side::Right, Side::Left] {
            let collections: Vec<CollectionId> = {
                let mut all: Vec<_> =
                    tasks.iter().filter(|t| t.end(side).write.is_some()).map(|t| t.end(side).collection.clone()).collect();
                all.sort();
                all.dedup();
                all
            };
            for collection in collections {
                if self.report.failed.is_none() {
                    self.write_side(side, &collection, &mut tasks, false).await?;
                }
                // Before the intents of the next collection are written down: what is settled with them is to be known.
                for task in tasks.iter_mut().filter(|t| t.end(side).write.is_some() && t.end(side).collection == collection) {
                    self.record_ready(side, task).await?;
                }
            }
            for task in tasks.iter_mut().filter(|t| t.end(side).write.is_none()) {
                self.record_ready(side, task).await?;
            }
        }
        // What was written counts for the guards of the next run, however this one ends.
        self.note_so_far("started", None);
        self.flush().await?;
        self.tell().await
    }

    /// What needs nothing of the other side is recorded before that is written to: a new item and its link are durable
    /// together.
    async fn record_ready(&mut self, side: Side, task: &mut Task<R>) -> Result<()> {
        if task.stopped {
            return Ok(());
        }
        let open = task.end(Side::Left).write.is_some() && !task.done.contains_key(&Side::Left);
        let unsent = task.end(Side::Right).write.is_some() && !task.done.contains_key(&Side::Right);
        if !open && !unsent {
            self.record(task).await?;
            task.stopped = true;
        } else if side == Side::Right && task.done.contains_key(&Side::Right) {
            // The hub is still to be written; what has arrived is agreed all the same, and what had to give way to it is kept.
            if let (Some(wrote), Some(base)) = (task.done.get(&Side::Right), &mut task.base)
                && arrived::<R>(&task.step, Side::Right, base, wrote.fields())
            {
                self.later([StateChange::Base(Box::new(base.clone()))]);
            }
            self.journal_lost(task, Side::Right);
            self.follow_new_id(task);
        }
        Ok(())
    }

    /// An item that is not at the revision that its step was planned against: planned anew.
    fn drop_moved(&mut self, tasks: &mut [Task<R>]) {
        for task in tasks.iter_mut() {
            let moved = [Side::Left, Side::Right].into_iter().any(|side| {
                let (end, row) = (task.end(side), task.row(side));
                end.item.is_some() && end.revision.is_some() && row.is_none_or(|row| row.revision != end.revision)
            });
            if moved {
                self.put_off(task, "dropped: changed meanwhile");
            }
        }
    }

    /// A far item that got another id with a write is linked under that one, though the hub is still to be written.
    fn follow_new_id(&mut self, task: &mut Task<R>) {
        if let (Some(wrote), Some(link)) = (task.done.get(&Side::Right), &mut task.link)
            && link.item.as_ref().is_some_and(|item| *item != wrote.item)
        {
            link.item = Some(wrote.item.clone());
            link.version += 1;
            self.later([StateChange::Link(Box::new(link.clone()))]);
        }
    }

    /// Leaves a step to the next run.
    pub(crate) fn put_off(&mut self, task: &mut Task<R>, why: &str) {
        let mut changes = vec![StateChange::StepDone { run: self.run, step: task.number, done: why.to_owned() }];
        if let Some(mut link) = task.link.clone() {
            link.again = true;
            link.version += 1;
            changes.push(StateChange::Link(Box::new(link)));
        }
        self.later(changes);
        task.stopped = true;
    }

    /// Makes the copies that keep both versions of a conflict, and only then settles it: where a
    /// copy cannot be made, its conflict stays as it is.
    async fn make_copies(&mut self, tasks: &mut [Task<R>]) -> Result<()> {
        let copies = |task: &Task<R>| task.step.is_copy() && !task.stopped;
        let mut collections: Vec<CollectionId> = tasks.iter().filter(|t| copies(t)).map(|t| t.end(Side::Left).collection.clone()).collect();
        collections.sort();
        collections.dedup();
        for collection in collections {
            self.write_side(Side::Left, &collection, tasks, true).await?;
        }
        for task in tasks.iter_mut().filter(|t| t.step.is_copy()) {
            if task.done.contains_key(&Side::Left) {
                self.record(task).await?;
                task.stopped = true;
            } else if let Some(item) = task.step.far.item.clone() {
                self.uncopied.insert((task.step.far.collection.clone(), item));
            }
        }
        for task in tasks.iter_mut().filter(|t| !t.stopped && t.step.conflicts > 0) {
            let far = (task.step.far.collection.clone(), task.step.far.item.clone().unwrap_or_default());
            if self.uncopied.contains(&far) {
                self.put_off(task, "dropped: its copy was not made");
            }
        }
        Ok(())
    }

    /// Sends the writes of one side and collection: the copies, or all else.
    async fn write_side(&mut self, side: Side, collection: &CollectionId, tasks: &mut [Task<R>], copies: bool) -> Result<()> {
        if !copies {
            self.look_before_updates(side, collection, tasks).await?;
        }
        let mut places = Vec::new();
        let mut writes = Vec::new();
        let mut intents = Vec::new();
        let mut changes = Vec::new();
        let mut blobs: BTreeMap<BlobId, (CollectionId, ItemId)> = BTreeMap::new();
        for (place, task) in tasks.iter_mut().enumerate() {
            let other = task.end(side).collection != *collection || task.end(side).write.is_none() || task.step.is_copy() != copies;
            if task.stopped || other {
                continue;
            }
            let (write, intent) = match self.prepare(side, task, &mut changes) {
                Ok(prepared) => prepared,
                Err(error) => {
                    // A record that cannot be made is this item's trouble, not the batch's.
                    self.refused(side, task, &error).await?;
                    continue;
                }
            };
            if let (true, Write::Update { id, target, .. }) = (self.undoes.is_some(), &write) {
                // What it had before may still be had where it is.
                blobs.extend(target.blobs().into_iter().map(|blob| (blob.id.clone(), (collection.clone(), id.clone()))));
            } else if let (true, Some(source)) = (speaks_of_blobs(&write), task.row(side.other())) {
                let record: R = self.record_of(source)?;
                for blob in record.blobs() {
                    blobs.insert(blob.id.clone(), (source.collection.clone(), source.item.clone()));
                }
            }
            places.push(place);
            writes.push(write);
            intents.push(intent.clone());
            if intent.write != IntentKind::Update || !planted(Break::UpdateIntents) {
                changes.push(StateChange::Intent(Box::new(intent)));
            }
        }
        if writes.is_empty() {
            return Ok(());
        }
        self.commit(changes).await?;
        let from = if self.undoes.is_some() { side } else { side.other() };
        let outcomes = self.send(side, collection, writes, from, blobs).await;
        let down = self.is_down(side, &outcomes).await;
        for ((place, intent), outcome) in places.into_iter().zip(intents).zip(outcomes) {
            let Some(task) = tasks.get_mut(place) else { continue };
            match outcome {
                // No item is to blame for a side that is down.
                Outcome::Refused(error) if down.is_some() && is_trouble(&error) => {
                    self.later([StateChange::Settled(intent.id)]);
                    self.put_off(task, "dropped: the side is down");
                }
                outcome => self.settle(side, task, &intent, outcome).await?,
            }
        }
        if let Some(error) = down {
            self.report.failed = Some(format!("{} side: {error}", side.word()));
        }
        Ok(())
    }

    /// Whether nothing at all got through: the side is down, and going on would only make more
    /// unknowns. Of a single write that is asked, lest one bad item stops all others.
    async fn is_down(&self, side: Side, outcomes: &[Outcome<R>]) -> Option<Error> {
        let mut last = None;
        for outcome in outcomes {
            match outcome {
                Outcome::Unknown(error) | Outcome::Refused(error) if is_trouble(error) => last = Some(error),
                _ => return None,
            }
        }
        let last = last?.clone();
        let alone = outcomes.len() == 1 && last.kind() != ErrorKind::Unauthenticated;
        if alone && self.half(side).repository.collections().await.is_ok() { None } else { Some(last) }
    }

    /// Sends writes, with the bytes behind their blobs from one of the sides.
    pub(crate) async fn send(
        &self,
        side: Side,
        collection: &CollectionId,
        writes: Vec<Write<R>>,
        from: Side,
        blobs: BTreeMap<BlobId, (CollectionId, ItemId)>,
    ) -> Vec<Outcome<R>> {
        let source = FromSide { repository: self.half(from).repository.clone(), items: blobs };
        let options = WriteOptions::default().blobs(Arc::new(source));
        let asked = writes.len();
        let mut outcomes = self.half(side).repository.write(collection, writes, &options).await;
        // One answer per write: a connector that answers fewer leaves the rest unknown.
        let missing =
            Error::new(ErrorKind::Unexpected, "the connector gave no answer for a write; its outcome is looked up in the next run");
        outcomes.resize_with(asked, || Outcome::Unknown(missing.clone()));
        outcomes
    }

    /// Every stream that was read to its end is worked off up to this run; but not while its new
    /// items had to wait for the other side.
    pub(crate) async fn close(&mut self) -> Result<()> {
        let under = self.planned_under;
        let mut changes = vec![StateChange::DropSteps(self.run)];
        if self.undoes.is_some() || self.has_lost_its_state() {
            // What was read for an undo, or before somebody was asked, is for the next run to work off.
            return self.commit(changes).await;
        }
        for side in [Side::Left, Side::Right] {
            let (half, other) = (self.half(side), self.half(side.other()));
            // A side that shows no collection at all for now has taken nothing.
            if self.report.failed.is_some() || other.is_incomplete() || other.collections.is_empty() || other.first_is_gone {
                continue;
            }
            // What users did to keywords meanwhile was not looked at, as nobody knows which of them are ours.
            if side == Side::Right && self.tags.unlisted {
                continue;
            }
            for collection in half.collections.iter().filter(|c| !half.failed.contains_key(&c.id)) {
                let stream: StreamKey = self.stream_key(side, &collection.id);
                changes.push(StateChange::Progress(ProgressRow { sync: self.sync().clone(), stream, run: self.run, under }));
            }
        }
        self.commit(changes).await
    }
}

/// Whether the record that is sent has bytes behind it.
fn speaks_of_blobs<R: Record>(write: &Write<R>) -> bool {
    match write {
        Write::Create { record, .. } => !record.blobs().is_empty(),
        Write::Update { target, .. } => !target.blobs().is_empty(),
        Write::Move { .. } | Write::Delete { .. } => false,
    }
}

/// What a side says when it is down, or will not have us for now.
fn is_trouble(error: &Error) -> bool {
    error.is_temporary() || error.kind() == ErrorKind::Unauthenticated
}

/// The fields that a step writes to a side.
pub(crate) fn written(end: &End) -> Option<&Fields> {
    match &end.write {
        Some(SideWrite::Fields { fields, .. }) => Some(fields),
        _ => None,
    }
}
