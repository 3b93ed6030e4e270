//! Items that could not be done: told in every run, and tried again with growing pauses.
//!
//! The first tries follow run by run. From then on an item rests between two tries, for minutes at
//! first and for a day at most; an item that was changed meanwhile is tried at once. Only what goes
//! over the wire rests: what can be looked up in the state is looked up every time.
//!
//! Items that do not tell all of themselves are asked again in the same way. Nobody is told of them, for they are synced, and a
//! side that never tells is believed after a few days.

use crate::{plan::Linked, report::LeftOver, run::Run};
use futures::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use pimkit_core::{CollectionId, ItemId, Presence, QuarantineRow, Record, Result, SeenRow, Side, StateChange};
use std::collections::{BTreeMap, BTreeSet};

/// Why an item is asked again that was read, but for a part.
const KEEPS_BACK: &str = "it does not tell all of itself";

/// How often it is asked, run by run and with the pauses of everything else.
const ASKED: u32 = 10;

/// Where an item is.
type Place = (Side, CollectionId, ItemId);

/// How an item in quarantine stands.
#[derive(Clone, Debug)]
struct Standing {
    error: String,
    since: Timestamp,
    tries: u32,
    next: Timestamp,
}

/// The quarantine of one sync during a run: a line per item that could not be done.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    items: BTreeMap<Place, Standing>,
    /// Told in this run already, or tried in it.
    seen: BTreeSet<Place>,
}

/// How long an item rests after so many tries.
fn pause(tries: u32) -> SignedDuration {
    SignedDuration::from_mins(match tries {
        0..=2 => 0,
        3 => 5,
        4 => 15,
        5 => 60,
        6 => 4 * 60,
        _ => 24 * 60,
    })
}

impl Standing {
    /// When it was tried last.
    fn tried(&self) -> Timestamp {
        self.next.checked_sub(pause(self.tries)).unwrap_or(self.next)
    }

    /// It was read, but for a part.
    fn keeps_back(&self) -> bool {
        self.error == KEEPS_BACK
    }
}

impl<R: Record> Run<R> {
    /// Reads the sync's quarantine.
    pub(crate) async fn load_quarantine(&mut self) -> Result<()> {
        let mut rows = self.state().quarantine(self.sync());
        while let Some(row) = rows.try_next().await? {
            if row.kind == R::KIND && row.account == self.half(row.side).account.id {
                let standing = Standing { error: row.error, since: row.since, tries: row.tries, next: row.next };
                self.quarantine.items.insert((row.side, row.collection, row.item), standing);
            }
        }
        Ok(())
    }

    /// Quarantines an item, or keeps it there after another try.
    pub(crate) fn left_over(&mut self, side: Side, collection: &CollectionId, item: &ItemId, why: &str) {
        self.leave(side, collection, item, why, false);
    }

    /// The same, of an item that waits for somebody's word.
    pub(crate) fn ask_about(&mut self, side: Side, collection: &CollectionId, item: &ItemId, why: &str) {
        self.leave(side, collection, item, why, true);
    }

    fn leave(&mut self, side: Side, collection: &CollectionId, item: &ItemId, why: &str, asks: bool) {
        let place = (side, collection.clone(), item.clone());
        let now = self.now();
        let before = self.quarantine.items.get(&place);
        let (since, tries) = before.map_or((now, 1), |b| (b.since, b.tries.saturating_add(1)));
        let next = now.checked_add(pause(tries)).unwrap_or(now);
        let row = QuarantineRow {
            sync: self.sync().clone(),
            side,
            account: self.half(side).account.id.clone(),
            kind: R::KIND,
            collection: collection.clone(),
            item: item.clone(),
            error: why.to_owned(),
            since,
            tries,
            next,
            asks,
        };
        self.later([StateChange::Quarantine(Box::new(row))]);
        self.quarantine.items.insert(place.clone(), Standing { error: why.to_owned(), since, tries, next });
        self.quarantine.seen.insert(place);
        if why != KEEPS_BACK {
            self.report.quarantined.push(LeftOver { id: item.to_string(), side, error: why.to_owned() });
        }
    }

    /// An item was read, but for a part: it is asked again, until it is believed that it never tells.
    pub(crate) fn ask_later(&mut self, side: Side, collection: &CollectionId, item: &ItemId) {
        let place = (side, collection.clone(), item.clone());
        if self.quarantine.items.get(&place).is_some_and(|standing| standing.keeps_back() && standing.tries >= ASKED) {
            self.release(side, collection, item);
        } else {
            self.leave(side, collection, item, KEEPS_BACK, false);
        }
    }

    /// Whether an item is asked again for a part of it.
    pub(crate) fn keeps_back(&self, side: Side, collection: &CollectionId, item: &ItemId) -> bool {
        let place = (side, collection.clone(), item.clone());
        self.quarantine.items.get(&place).is_some_and(Standing::keeps_back)
    }

    /// An item that was left over is looked at in this run: if it cannot be done again, that is told anew.
    pub(crate) fn meet(&mut self, side: Side, row: &SeenRow) {
        let place = place(side, row);
        if self.quarantine.items.get(&place).is_some_and(|standing| !standing.keeps_back()) {
            self.quarantine.seen.insert(place);
        }
    }

    /// Whether an item is in quarantine for this very reason.
    pub(crate) fn is_left_over(&self, side: Side, row: &SeenRow, why: &str) -> bool {
        self.quarantine.items.get(&place(side, row)).is_some_and(|standing| standing.error == why)
    }

    /// Takes an item out of quarantine: it was read, written, or is gone.
    pub(crate) fn release(&mut self, side: Side, collection: &CollectionId, item: &ItemId) {
        if self.quarantine.items.remove(&(side, collection.clone(), item.clone())).is_some() {
            let released = StateChange::Released {
                sync: self.sync().clone(),
                side,
                account: self.half(side).account.id.clone(),
                kind: R::KIND,
                collection: collection.clone(),
                item: item.clone(),
            };
            self.later([released]);
        }
    }

    /// The same, where what was to be done with it is done: what it keeps back is asked for all the same.
    pub(crate) fn release_done(&mut self, side: Side, collection: &CollectionId, item: &ItemId) {
        if !self.keeps_back(side, collection, item) {
            self.release(side, collection, item);
        }
    }

    /// Whether the write that failed for a link's items rests. What does not rest is tried in this run.
    pub(crate) fn rests(&mut self, linked: &Linked) -> bool {
        let changed = [&linked.hub, &linked.far].into_iter().flatten().map(|row| row.changed_at).max();
        let mut rests = false;
        for side in [Side::Left, Side::Right] {
            let Some(place) = linked.end(side).map(|row| place(side, row)) else { continue };
            let Some(standing) = self.quarantine.items.get(&place).filter(|standing| !standing.keeps_back()) else { continue };
            if self.now() < standing.next && changed.is_none_or(|at| at <= standing.tried()) {
                rests = true;
            } else {
                self.quarantine.seen.insert(place);
            }
        }
        rests
    }

    /// Items of a collection that could not be read, whose rest is over, and that this run has not met.
    pub(crate) fn to_read_again(&self, side: Side, collection: &CollectionId) -> Vec<ItemId> {
        let now = self.now();
        let due = |(place, standing): (&Place, &Standing)| {
            let due = place.0 == side && place.1 == *collection && standing.next <= now && !self.quarantine.seen.contains(place);
            due.then(|| place.2.clone())
        };
        self.quarantine.items.iter().filter_map(due).collect()
    }

    /// Whether an item of a collection that came since a time was never read.
    pub(crate) async fn has_unread_since(&self, side: Side, collection: &CollectionId, at: Timestamp) -> Result<bool> {
        let since = |(place, standing): (&Place, &Standing)| {
            (place.0 == side && place.1 == *collection && standing.since >= at).then(|| place.2.clone())
        };
        let ids: Vec<ItemId> = self.quarantine.items.iter().filter_map(since).collect();
        let rows = self.state().seen(&self.half(side).account.id, R::KIND, collection, &ids).await?;
        Ok(rows.into_iter().any(|row| row.is_none_or(|row| row.presence == Presence::Unreadable)))
    }

    /// Whether a side has an item that nobody could ever read: nobody knows what it is.
    pub(crate) async fn has_never_read(&self, side: Side) -> Result<bool> {
        let mut places: BTreeMap<&CollectionId, Vec<ItemId>> = BTreeMap::new();
        for (_, collection, item) in self.quarantine.items.keys().filter(|place| place.0 == side) {
            places.entry(collection).or_default().push(item.clone());
        }
        for (collection, ids) in places {
            let rows = self.state().seen(&self.half(side).account.id, R::KIND, collection, &ids).await?;
            if rows.into_iter().any(|row| row.is_none_or(|row| row.presence == Presence::Unreadable && row.record.is_none())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets go of items that are not there any more, though it was another sync that saw them go: of what is said once this
    /// one is not told again.
    pub(crate) async fn release_gone(&mut self) -> Result<()> {
        let unmet: Vec<Place> = self.quarantine.items.keys().filter(|place| !self.quarantine.seen.contains(*place)).cloned().collect();
        for (side, collection, item) in unmet {
            let ids = [item];
            let row = self.state().seen(&self.half(side).account.id, R::KIND, &collection, &ids).await?.into_iter().flatten().next();
            if row.is_some_and(|row| matches!(row.presence, Presence::Missing { .. } | Presence::Gone)) {
                let [item] = ids;
                self.release(side, &collection, &item);
            }
        }
        self.flush().await
    }

    /// Tells what rests, and what nobody has met in this run.
    pub(crate) fn tell_resting(&mut self) {
        for (place, standing) in &self.quarantine.items {
            let (side, collection, item) = place;
            let is_told = !standing.keeps_back() && !self.quarantine.seen.contains(place);
            if is_told && self.half(*side).collection(collection).is_some() {
                let left = LeftOver { id: item.to_string(), side: *side, error: standing.error.clone() };
                self.report.quarantined.push(left);
            }
        }
    }
}

fn place(side: Side, row: &SeenRow) -> Place {
    (side, row.collection.clone(), row.item.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_none_to_a_day() {
        let minutes: Vec<i64> = (1..=8).map(|tries| pause(tries).as_mins()).collect();
        assert_eq!(minutes, [0, 0, 5, 15, 60, 240, 1440, 1440]);
    }
}
