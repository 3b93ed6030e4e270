//! What is there: reads each chosen collection page by page into the state.
//!
//! Each round of a listing is an epoch. Only a round that named everything, to its end, makes the
//! absence of an item a suspicion; an item that is listed and cannot be fetched keeps the round's
//! old cursor, so that the next round names it again.

use crate::{
    planted::{Break, planted},
    record::UNNAMED,
    report::Progress,
    run::Run,
    sighting::{returned, same_row, superseded},
};
use futures::{StreamExt, TryStreamExt};
use pimkit_core::{
    Change, ChangeOptions, CollectionId, ErrorKind, Fetched, ItemId, LinkRow, LinkState, Next, Position, Presence, Record, Removal, Result,
    Revision, SeenQuery, SeenRow, Side, StateChange, Stored, StreamKey, StreamRow, cursor::binding,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many items are fetched at a time.
const FETCH: usize = 50;
/// How many items are asked for at most that no round named after we made them; the rest is in the next run.
const UNNAMED_AT_ONCE: usize = 5_000;
/// How many rows are committed at a time outside of pages.
const ROWS: usize = 500;

/// One page being worked in.
struct Page<'a> {
    side: Side,
    collection: &'a CollectionId,
    epoch: u64,
    known: BTreeMap<ItemId, SeenRow>,
    changes: Vec<StateChange>,
    named: Vec<ItemId>,
    /// Something listed was not read: the round keeps its old cursor.
    unread: bool,
    /// Items that no whole round has named before.
    first: BTreeSet<ItemId>,
}

impl Page<'_> {
    /// Leaves what was never named before as it was, and tells what that is: it counts as named when its round is whole. One that
    /// is cut off begins anew where it began, and what its user deletes before that, a side that tells only changes names no more.
    fn keep_unnamed(&mut self) -> Vec<ItemId> {
        let mut named: Vec<ItemId> = self.named.extract_if(.., |id| self.first.contains(id)).collect();
        for change in &mut self.changes {
            if let StateChange::Seen(row) = change
                && row.epoch == self.epoch
                && self.first.contains(&row.item)
            {
                row.epoch = UNNAMED;
                named.push(row.item.clone());
            }
        }
        named
    }
}

impl<R: Record> Run<R> {
    /// Reads every chosen collection of a side. A collection that fails is noted, and no deletion on
    /// this side is believed in this run.
    pub(crate) async fn observe(&mut self, side: Side) -> Result<()> {
        let stage = if side == Side::Left { "observe left" } else { "observe right" };
        self.progress(Progress::Stage { stage, of: None });
        let ids: Vec<CollectionId> = self.half(side).collections.iter().map(|c| c.id.clone()).collect();
        for id in ids {
            self.observe_one(side, id).await?;
        }
        Ok(())
    }

    /// Reads a collection. True when it was read to its end.
    async fn observe_one(&mut self, side: Side, id: CollectionId) -> Result<bool> {
        let read = match self.observe_collection(side, &id).await {
            Ok(()) => self.read_quarantined(side, &id).await,
            failed => failed,
        };
        match read {
            Ok(()) => Ok(true),
            Err(error) if is_own(&error) || error.kind() == ErrorKind::Unauthenticated => Err(error),
            Err(error) => {
                self.report.notes.push(format!("{} {id}: {error}", side.word()));
                self.half_mut(side).failed.insert(id, error.to_string());
                Ok(false)
            }
        }
    }

    /// Lists a collection once more, from its beginning. True when it was read to its end.
    pub(crate) async fn list_again(&mut self, side: Side, collection: &CollectionId) -> Result<bool> {
        self.listed_again.insert((side, collection.clone()));
        if let Some(row) = self.state().stream(&self.stream_key(side, collection)).await? {
            self.commit(vec![StateChange::Stream(StreamRow { cursor: None, page: None, ..row })]).await?;
        }
        self.observe_one(side, collection.clone()).await
    }

    pub(crate) fn stream_key(&self, side: Side, collection: &CollectionId) -> StreamKey {
        StreamKey {
            account: self.half(side).account.id.clone(),
            kind: R::KIND,
            collection: collection.clone(),
            options: binding(&["default"]),
        }
    }

    async fn observe_collection(&mut self, side: Side, collection: &CollectionId) -> Result<()> {
        let key = self.stream_key(side, collection);
        let repository = self.half(side).repository.clone();
        let options = ChangeOptions::default().page_size(self.setup.page_size);
        let kept = self.state().stream(&key).await?;
        let mut row = kept.unwrap_or(StreamRow { key, cursor: None, page: None, epoch: 0, listed: 0 });
        // Where the next run goes on; no two rounds have one epoch, whenever the first of them was cut off.
        let mut durable = row.clone();
        if row.page.is_none() {
            row.epoch += 1;
        }
        let mut restarted = false;
        let mut unread = false;
        // What this round is the first to name, where it names only changes.
        let mut named_first: BTreeSet<ItemId> = BTreeSet::new();
        // A round that an earlier run began names what was there then.
        let mut resumed = row.page.is_some();
        loop {
            let at = match (&row.page, &row.cursor) {
                (Some(page), _) => Position::Page(page),
                (None, Some(cursor)) => Position::Since(cursor),
                (None, None) => Position::Start,
            };
            let page = match repository.changes(collection, at, &options).await {
                Ok(page) => page,
                Err(error) if error.kind() == ErrorKind::CursorExpired && !restarted => {
                    restarted = true;
                    unread = false;
                    // The listing that follows tells anew what is there: what the lost round named may be gone by now.
                    named_first.clear();
                    row.cursor = None;
                    row.page = None;
                    row.epoch += u64::from(!planted(Break::Epochs));
                    durable = row.clone();
                    continue;
                }
                Err(error) => return Err(error),
            };
            let lines = page.changes.len() as u64;
            let mut work = Page {
                side,
                collection,
                epoch: row.epoch,
                known: BTreeMap::new(),
                changes: Vec::new(),
                named: Vec::new(),
                unread: false,
                first: BTreeSet::new(),
            };
            self.observe_page(&mut work, page.changes).await?;
            unread |= work.unread;
            if row.cursor.is_some() {
                named_first.extend(work.keep_unnamed());
            }
            let mut changes = std::mem::take(&mut work.changes);
            if !work.named.is_empty() {
                changes.push(StateChange::Named {
                    account: row.key.account.clone(),
                    kind: R::KIND,
                    collection: collection.clone(),
                    items: work.named,
                    epoch: row.epoch,
                });
            }
            let done = match page.next {
                Next::More(token) => {
                    row.page = Some(token);
                    None
                }
                Next::Done { cursor, complete } => Some((cursor, complete)),
            };
            if let Some((cursor, complete)) = done {
                let mut named = Vec::new();
                if !unread && !named_first.is_empty() {
                    let (account, items) = (row.key.account.clone(), named_first.iter().cloned().collect());
                    named.push(StateChange::Named { account, kind: R::KIND, collection: collection.clone(), items, epoch: row.epoch });
                }
                if complete {
                    // A side that lists everything after all: what is left unnamed now is missing.
                    changes.append(&mut named);
                }
                changes.push(StateChange::Stream(StreamRow { epoch: row.epoch, ..durable.clone() }));
                self.commit(changes).await?;
                if complete {
                    self.sweep(side, collection, row.epoch).await?;
                    row.listed = row.epoch;
                }
                if !complete && !unread {
                    self.ask_for_unnamed(side, collection, row.epoch, &named_first).await?;
                }
                // What was listed and not read must be named again.
                if unread {
                    self.half_mut(side).unread.insert(collection.clone());
                } else {
                    self.half_mut(side).unread.remove(collection);
                }
                if !unread {
                    row.cursor = Some(cursor);
                } else if restarted {
                    row.cursor = None;
                }
                row.page = None;
                let again = std::mem::take(&mut resumed) && !unread;
                named.push(StateChange::Stream(row.clone()));
                self.commit(named).await?;
                named_first.clear();
                durable = row.clone();
                self.progress(Progress::Items(lines));
                if !again {
                    return Ok(());
                }
                // What has come since is named by another one.
                row.epoch += 1;
                continue;
            }
            // A page with something unread in it is read again from the round's start.
            if !unread {
                durable = row.clone();
            }
            changes.push(StateChange::Stream(StreamRow { epoch: row.epoch, ..durable.clone() }));
            self.commit(changes).await?;
            self.progress(Progress::Items(lines));
        }
    }

    async fn observe_page(&mut self, page: &mut Page<'_>, lines: Vec<Change<R>>) -> Result<()> {
        // An id may come twice; the later line counts.
        let mut last: BTreeMap<ItemId, usize> = BTreeMap::new();
        for (n, line) in lines.iter().enumerate() {
            last.insert(line.id().clone(), n);
        }
        let ids: Vec<ItemId> = last.keys().cloned().collect();
        let account = self.half(page.side).account.id.clone();
        let rows = self.state().seen(&account, R::KIND, page.collection, &ids).await?;
        let new = ids.iter().zip(&rows).filter(|(_, row)| row.as_ref().is_none_or(|row| row.epoch == UNNAMED));
        page.first = new.map(|(id, _)| id.clone()).collect();
        page.known = ids.into_iter().zip(rows).filter_map(|(id, row)| row.map(|row| (id, row))).collect();
        let mut fetch: Vec<ItemId> = Vec::new();
        for (n, line) in lines.into_iter().enumerate() {
            if last.get(line.id()) != Some(&n) {
                continue;
            }
            match line {
                Change::Upserted(stored) => {
                    if self.is_stale(page, &stored) || is_partly_told(page, &stored) {
                        fetch.push(stored.id.clone());
                    } else {
                        self.observe_item(page, *stored).await?;
                    }
                }
                Change::Listed { id, revision } => {
                    let same = page.known.get(&id).is_some_and(|row| {
                        let told = row.epoch != UNNAMED || row.unread.is_empty();
                        let there = matches!(row.presence, Presence::Present | Presence::OtherKind);
                        told && there && revision.is_some() && row.revision == revision
                    });
                    if same { page.named.push(id) } else { fetch.push(id) }
                }
                Change::Removed { id, reason } => self.observe_absence(page, &id, Presence::Missing { reason }, None),
                Change::OtherKind { id, revision, .. } => self.observe_absence(page, &id, Presence::OtherKind, revision),
                Change::Unreadable { id, revision, error } => self.observe_unreadable(page, &id, revision, &error),
            }
        }
        self.fetch_into(page, &fetch).await
    }

    /// Fetches items by id, and works in what is found.
    async fn fetch_into(&mut self, page: &mut Page<'_>, fetch: &[ItemId]) -> Result<()> {
        for ids in fetch.chunks(FETCH) {
            let partly = self.fetch_once(page, ids, false).await?;
            // What does not tell all of itself is asked once more; what it keeps back then is unknown.
            if !partly.is_empty() {
                self.fetch_once(page, &partly, true).await?;
            }
        }
        Ok(())
    }

    /// Fetches these items. Comes back with those that changed and do not tell all, unless it is the `last` time.
    async fn fetch_once(&mut self, page: &mut Page<'_>, ids: &[ItemId], last: bool) -> Result<Vec<ItemId>> {
        let repository = self.half(page.side).repository.clone();
        let answers = repository.fetch(page.collection, ids).await;
        let mut partly = Vec::new();
        for (id, answer) in ids.iter().zip(answers) {
            self.not_read.remove(&(page.side, page.collection.clone(), id.clone()));
            match answer {
                Fetched::Found(stored) => {
                    if self.is_settling(page, &stored) {
                        // Our own write has not reached the readers yet, or a user took back what we wrote: it is asked again.
                        page.named.push(id.clone());
                        page.unread = true;
                        self.not_read.insert((page.side, page.collection.clone(), id.clone()));
                    } else {
                        let owes = !stored.unread.is_empty() && self.keeps_back(page.side, page.collection, id);
                        let keeps_back = owes || is_partly_told(page, &stored);
                        if keeps_back && !last {
                            partly.push(id.clone());
                            continue;
                        }
                        if !keeps_back {
                            self.release(page.side, page.collection, id);
                        }
                        self.observe_item(page, *stored).await?;
                        if keeps_back {
                            self.ask_later(page.side, page.collection, id);
                        }
                    }
                }
                Fetched::Gone => self.observe_absence(page, id, Presence::Missing { reason: Removal::Unknown }, None),
                Fetched::Hidden => self.observe_absence(page, id, Presence::Hidden, None),
                Fetched::OtherKind { revision, .. } => self.observe_absence(page, id, Presence::OtherKind, revision),
                Fetched::Unreadable { revision, error } => self.observe_unreadable(page, id, revision, &error),
                Fetched::Failed(error) => {
                    if error.kind() == ErrorKind::CollectionGone || error.kind() == ErrorKind::Unauthenticated {
                        return Err(error);
                    }
                    page.named.push(id.clone());
                    page.unread = true;
                    self.not_read.insert((page.side, page.collection.clone(), id.clone()));
                    self.left_over(page.side, page.collection, id, &error.to_string());
                }
            }
        }
        Ok(partly)
    }

    /// Items that could not be read are read again when their rest is over, though a listing that
    /// names only changes does not name them.
    async fn read_quarantined(&mut self, side: Side, collection: &CollectionId) -> Result<()> {
        let due = self.to_read_again(side, collection);
        let account = self.half(side).account.id.clone();
        let epoch = self.state().stream(&self.stream_key(side, collection)).await?.map_or(0, |row| row.epoch);
        for ids in due.chunks(FETCH) {
            // One that was never read at all has no row; it may be gone by now, and then nothing names it any more.
            let rows = self.state().seen(&account, R::KIND, collection, ids).await?;
            let links = self.links_of(side, collection, ids).await?;
            // One that is there, and whose link is in order, was not there to be read just once.
            let live = |link: Option<LinkRow>| link.is_some_and(|link| link.state == LinkState::Live);
            let mut again: Vec<(ItemId, Option<SeenRow>)> = Vec::new();
            for ((id, row), link) in ids.iter().cloned().zip(rows).zip(links) {
                let known = row.as_ref().is_some_and(|row| row.presence != Presence::Unreadable);
                if !known || live(link) {
                    again.push((id, row));
                }
            }
            let ids: Vec<ItemId> = again.iter().map(|(id, _)| id.clone()).collect();
            let known: BTreeMap<ItemId, SeenRow> = again.into_iter().filter_map(|(id, row)| Some((id, row?))).collect();
            let mut page =
                Page { side, collection, epoch, known, changes: Vec::new(), named: Vec::new(), unread: false, first: BTreeSet::new() };
            self.fetch_into(&mut page, &ids).await?;
            self.commit(page.changes).await?;
        }
        Ok(())
    }

    /// Reads a collection from its start, and asks for what is missing by its id: whatever was told of it before.
    pub(crate) async fn observe_whole(&mut self, side: Side, collection: &CollectionId) -> Result<()> {
        if !self.list_again(side, collection).await? {
            return Ok(());
        }
        let account = self.half(side).account.id.clone();
        let epoch = self.state().stream(&self.stream_key(side, collection)).await?.map_or(0, |row| row.epoch);
        let mut rows = self.state().seen_rows(SeenQuery::of(&account, R::KIND).within(collection)).try_chunks(FETCH);
        while let Some(chunk) = rows.try_next().await.map_err(|e| e.1)? {
            let missing = chunk.into_iter().filter(|row| matches!(row.presence, Presence::Missing { .. }));
            let known: BTreeMap<ItemId, SeenRow> = missing.map(|row| (row.item.clone(), row)).collect();
            let ids: Vec<ItemId> = known.keys().cloned().collect();
            let mut page =
                Page { side, collection, epoch, known, changes: Vec::new(), named: Vec::new(), unread: false, first: BTreeSet::new() };
            self.fetch_into(&mut page, &ids).await?;
            if page.unread {
                self.half_mut(side).unread.insert(collection.clone());
            }
            self.commit(page.changes).await?;
        }
        Ok(())
    }

    /// A revision or content that the item had before, and that was replaced since; or one that is older than what it had
    /// then, by its side's own clock: we may have been told of the newer one by an answer to a write.
    fn is_stale(&self, page: &Page<'_>, stored: &Stored<R>) -> bool {
        let known = page.known.get(&stored.id).filter(|_| !planted(Break::StaleCheck));
        let older = |row: &SeenRow| row.modified.zip(self.modified(page.side, stored)).is_some_and(|(known, now)| now < known);
        let replaced = |row: &SeenRow| superseded(row, stored) || older(row);
        known.is_some_and(|row| returned(row) || (is_another(row, stored) && replaced(row)))
    }

    /// Stale, and so soon after our own write that it is no edit yet.
    fn is_settling(&self, page: &Page<'_>, stored: &Stored<R>) -> bool {
        let Some(row) = page.known.get(&stored.id).filter(|_| !planted(Break::StaleCheck)) else { return false };
        let settles = self.half(page.side).settles(page.collection, &self.setup.policy);
        let stale = returned(row) || (is_another(row, stored) && superseded(row, stored));
        stale && self.now().duration_since(row.changed_at) < jiff::SignedDuration::try_from(settles).unwrap_or(jiff::SignedDuration::MAX)
    }

    async fn observe_item(&mut self, page: &mut Page<'_>, stored: Stored<R>) -> Result<()> {
        let known = page.known.get(&stored.id);
        let mut row = self.observed(page.side, page.epoch, known, stored).await?;
        let id = row.item.clone();
        if let Some(known) = known
            && self.is_our_open_write(page.side, known, &row)?
        {
            row.modified = known.modified;
        }
        match known {
            Some(old) if same_row(old, &mut row) => page.named.push(id),
            _ => {
                // Another one than the one that could not be read or written.
                self.release(page.side, page.collection, &id);
                page.changes.push(StateChange::Seen(Box::new(row.clone())));
                page.known.insert(id, row);
            }
        }
        Ok(())
    }

    /// Whether all that an item says now and did not before is what a write of ours made of it, of which nobody has learnt yet
    /// whether it came: the time of that is no time of its user's edits.
    fn is_our_open_write(&self, side: Side, known: &SeenRow, row: &SeenRow) -> Result<bool> {
        for intent in self.open_updates.iter().filter(|intent| intent.side == side && intent.collection == row.collection) {
            if intent.item.as_ref() == Some(&row.item) && Self::is_only_ours(intent, &self.fields_of(known)?, &self.fields_of(row)?)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The item is not there as one of ours: gone, hidden, or of another kind.
    fn observe_absence(&mut self, page: &mut Page<'_>, id: &ItemId, presence: Presence, revision: Option<Revision>) {
        let gone = matches!(presence, Presence::Missing { .. });
        if presence != Presence::Unreadable {
            // What could not be read once is not waited for any more, known or not.
            self.release(page.side, page.collection, id);
        }
        let row = match page.known.get(id) {
            Some(known) => {
                let settled = matches!(known.presence, Presence::Gone | Presence::Missing { .. }) && gone;
                if settled || (known.presence == presence && (revision.is_none() || known.revision == revision)) {
                    if !gone {
                        page.named.push(id.clone());
                    }
                    return;
                }
                let mut row = known.clone();
                row.presence = presence;
                row.revision = revision.or(row.revision);
                row.changed = self.run;
                row.unchanged_at = self.before.or(Some(row.changed_at));
                row.changed_at = self.now();
                if !gone {
                    row.epoch = page.epoch;
                }
                row
            }
            // Gone before we ever saw it.
            None if gone => return,
            None => self.bare_row(page, id, presence, revision),
        };
        page.changes.push(StateChange::Seen(Box::new(row.clone())));
        page.known.insert(id.clone(), row);
    }

    fn bare_row(&self, page: &Page<'_>, id: &ItemId, presence: Presence, revision: Option<Revision>) -> SeenRow {
        SeenRow {
            account: self.half(page.side).account.id.clone(),
            kind: R::KIND,
            collection: page.collection.clone(),
            item: id.clone(),
            revision,
            hash: 0,
            record: None,
            unread: Vec::new(),
            access: pimkit_core::Access::Write,
            mark: None,
            modified: None,
            epoch: page.epoch,
            presence,
            changed: self.run,
            unchanged_at: None,
            changed_at: self.now(),
            superseded: Vec::new(),
            deleted_by: None,
            keys: Vec::new(),
        }
    }

    /// Unreadable is present: the link and its base stay, and the reason is told.
    fn observe_unreadable(&mut self, page: &mut Page<'_>, id: &ItemId, revision: Option<Revision>, error: &pimkit_core::Error) {
        if planted(Break::UnreadableAsPresent) {
            return self.observe_absence(page, id, Presence::Missing { reason: Removal::Deleted }, None);
        }
        self.observe_absence(page, id, Presence::Unreadable, revision);
        self.left_over(page.side, page.collection, id, &error.to_string());
    }

    /// After a round that named only changes: what we made since the one before, or a round that was cut off named first, and
    /// this one did not name, is asked for. A side that tells of no item that came and went between two rounds (Graph's delta)
    /// would keep silent on it for ever.
    async fn ask_for_unnamed(&mut self, side: Side, collection: &CollectionId, epoch: u64, named: &BTreeSet<ItemId>) -> Result<()> {
        if side != Side::Right {
            return Ok(());
        }
        let settles = jiff::SignedDuration::try_from(self.half(side).settles(collection, &self.setup.policy)).unwrap_or_default();
        let account = self.half(side).account.id.clone();
        let mut query = SeenQuery::of(&account, R::KIND).within(collection);
        query.epoch_before = Some(UNNAMED + 1);
        let now = self.now();
        let unnamed: Vec<SeenRow> = self
            .state()
            .seen_rows(query)
            .try_filter(|row| {
                // What was made just now may still be on its way into listings.
                let settled = now.duration_since(row.changed_at) >= settles;
                let open = settled && row.presence == Presence::Present && row.unread.is_empty();
                std::future::ready(open && !named.contains(&row.item))
            })
            .take(UNNAMED_AT_ONCE)
            .try_collect()
            .await?;
        for rows in unnamed.chunks(FETCH) {
            let ids: Vec<ItemId> = rows.iter().map(|row| row.item.clone()).collect();
            let known = rows.iter().map(|row| (row.item.clone(), row.clone())).collect();
            let mut page =
                Page { side, collection, epoch, known, changes: Vec::new(), named: Vec::new(), unread: false, first: BTreeSet::new() };
            self.fetch_into(&mut page, &ids).await?;
            let mut changes = std::mem::take(&mut page.changes);
            if !page.named.is_empty() && !page.unread {
                let items = std::mem::take(&mut page.named);
                changes.push(StateChange::Named { account: account.clone(), kind: R::KIND, collection: collection.clone(), items, epoch });
            }
            self.commit(changes).await?;
        }
        Ok(())
    }

    /// After a round that named everything: what it did not name is missing.
    async fn sweep(&mut self, side: Side, collection: &CollectionId, epoch: u64) -> Result<()> {
        let mut query = SeenQuery::of(&self.half(side).account.id, R::KIND).within(collection);
        query.epoch_before = Some(epoch);
        let mut rows = self.state().seen_rows(query);
        let mut changes = Vec::new();
        while let Some(mut row) = rows.try_next().await? {
            if matches!(row.presence, Presence::Missing { .. } | Presence::Gone) {
                continue;
            }
            self.release(side, collection, &row.item);
            row.presence = Presence::Missing { reason: Removal::Unknown };
            row.changed = self.run;
            row.unchanged_at = self.before.or(Some(row.changed_at));
            row.changed_at = self.now();
            changes.push(StateChange::Seen(Box::new(row)));
            if changes.len() >= ROWS {
                self.commit(std::mem::take(&mut changes)).await?;
            }
        }
        self.commit(changes).await
    }
}

/// Whether an error came from our own state rather than from a side: then the run must end.
fn is_own(error: &pimkit_core::Error) -> bool {
    error.kind() == ErrorKind::LeaseLost || error.operation().is_some_and(|o| o.starts_with("state."))
}

/// Whether an item is told as another one than it was known as last: of another revision, or there though it was gone.
fn is_another<R: Record>(row: &SeenRow, stored: &Stored<R>) -> bool {
    row.presence == Presence::Gone || row.revision.as_ref() != Some(&stored.revision)
}

/// Whether an item changed, or was read before, and now does not tell all that it told.
fn is_partly_told<R: Record>(page: &Page<'_>, stored: &Stored<R>) -> bool {
    let known = page.known.get(&stored.id);
    let changed = known.is_none_or(|row| row.epoch == UNNAMED || row.revision.as_ref() != Some(&stored.revision));
    !planted(Break::UnreadAsUnknown) && stored.unread.iter().any(|field| changed || known.is_some_and(|row| !row.unread.contains(field)))
}
