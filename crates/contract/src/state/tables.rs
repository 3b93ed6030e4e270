//! The tables of the store in memory: one ordered map per kind of row, and the maps by which rows are found.

use pimkit_core::{
    AccountId, AccountRow, ApprovalRow, BaseRow, CollectionId, ComponentId, Error, ErrorKind, IntentRow, ItemId, JournalRow, Kind,
    LinkQuery, LinkRow, ProgressRow, QuarantineRow, Result, RunRow, SeenRow, Side, StampRow, StateChange, StepRow, StreamKey, StreamRow,
    SyncId, SyncRow, TombstoneRow,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

/// Rows that a stream takes at a time.
pub(super) const PAGE: usize = 64;
/// The same of rows with a whole report each, of which mostly the newest alone is looked at.
pub(super) const FEW: usize = 1;

/// Account, kind, collection, item.
pub(super) type SeenKey = (AccountId, Kind, CollectionId, ItemId);
/// Sync, hub item.
pub(super) type HubClaim = (SyncId, ItemId);
/// Sync, account, collection, far item.
pub(super) type FarClaim = (SyncId, AccountId, CollectionId, ItemId);
/// Sync, side, account, kind, collection, item.
pub(super) type QuarantineKey = (SyncId, Side, AccountId, Kind, CollectionId, ItemId);

/// Everything that is durable. Large rows lie in boxes, as changes bring them: what is moved about in a map is small.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tables {
    pub(super) tokens: BTreeMap<ComponentId, u64>,
    pub(super) accounts: BTreeMap<AccountId, AccountRow>,
    pub(super) streams: BTreeMap<StreamKey, StreamRow>,
    pub(super) seen: BTreeMap<SeenKey, Box<SeenRow>>,
    pub(super) seen_keys: BTreeMap<(AccountId, Kind, String), BTreeSet<(CollectionId, ItemId)>>,
    pub(super) links: BTreeMap<String, Box<LinkRow>>,
    pub(super) hub_claims: BTreeMap<HubClaim, String>,
    pub(super) far_claims: BTreeMap<FarClaim, String>,
    pub(super) bases: BTreeMap<String, Box<BaseRow>>,
    pub(super) stamps: BTreeMap<(AccountId, Kind, ItemId), StampRow>,
    /// By the place that each got when it was first written down.
    pub(super) intents: BTreeMap<u64, Box<IntentRow>>,
    pub(super) intent_places: BTreeMap<String, u64>,
    pub(super) last_intent: u64,
    pub(super) steps: BTreeMap<(u64, u64), Box<StepRow>>,
    pub(super) syncs: BTreeMap<SyncId, SyncRow>,
    pub(super) runs: BTreeMap<u64, RunRow>,
    pub(super) progress: BTreeMap<(SyncId, StreamKey), ProgressRow>,
    pub(super) tombstones: BTreeMap<(SyncId, String), Box<TombstoneRow>>,
    pub(super) journal: BTreeMap<u64, Box<JournalRow>>,
    /// The greatest place that a row ever had: no place is given twice.
    pub(super) last_entry: u64,
    pub(super) approvals: BTreeMap<String, ApprovalRow>,
    pub(super) quarantine: BTreeMap<QuarantineKey, Box<QuarantineRow>>,
}

/// What a link claims: its hub record and its far item, where it claims at all.
fn claims(link: &LinkRow) -> (Option<HubClaim>, Option<FarClaim>) {
    if !link.state.claims() {
        return (None, None);
    }
    let hub = link.hub_item.clone().map(|item| (link.sync.clone(), item));
    let far = link.item.clone().map(|item| (link.sync.clone(), link.account.clone(), link.collection.clone(), item));
    (hub, far)
}

/// Whether two rows claim one and the same: what finds the one finds the other.
fn claims_the_same(a: &LinkRow, b: &LinkRow) -> bool {
    a.state.claims() == b.state.claims()
        && a.sync == b.sync
        && a.hub_item == b.hub_item
        && a.account == b.account
        && a.collection == b.collection
        && a.item == b.item
}

impl Tables {
    /// Says whether every change of a batch is known and its links keep to the rule of one claiming link per end, change
    /// after change. Nothing else of a batch can be refused, so that a batch that passes is applied whole.
    pub(super) fn check(&self, changes: &[StateChange]) -> Result<()> {
        // What the batch has made of the links and claims so far; absent: as stored.
        let mut links: BTreeMap<&str, Option<&LinkRow>> = BTreeMap::new();
        let mut hubs: BTreeMap<HubClaim, Option<&str>> = BTreeMap::new();
        let mut fars: BTreeMap<FarClaim, Option<&str>> = BTreeMap::new();
        for change in changes {
            let (id, row) = match change {
                StateChange::Link(row) => (row.id.as_str(), Some(&**row)),
                StateChange::DropLink(id) => (id.as_str(), None),
                StateChange::Account(_)
                | StateChange::Stream(_)
                | StateChange::DropStream(_)
                | StateChange::Seen(_)
                | StateChange::Named { .. }
                | StateChange::DropSeen { .. }
                | StateChange::Base(_)
                | StateChange::Stamps(_)
                | StateChange::Intent(_)
                | StateChange::Settled(_)
                | StateChange::Step(_)
                | StateChange::StepDone { .. }
                | StateChange::DropSteps(_)
                | StateChange::Sync(_)
                | StateChange::Run(_)
                | StateChange::Progress(_)
                | StateChange::Tombstone(_)
                | StateChange::DropTombstone { .. }
                | StateChange::Journal(_)
                | StateChange::DropJournal(_)
                | StateChange::Approval(_)
                | StateChange::Quarantine(_)
                | StateChange::Released { .. } => continue,
                // Dropping a change that this version does not know would be losing it.
                _ => return Err(Error::new(ErrorKind::Unsupported, "this state does not know the change; update pimkit-contract")),
            };
            let old = links.get(id).copied().unwrap_or_else(|| self.links.get(id).map(|row| &**row));
            if let Some((hub, far)) = old.map(claims) {
                hub.and_then(|claim| hubs.insert(claim, None));
                far.and_then(|claim| fars.insert(claim, None));
            }
            if let Some((hub, far)) = row.map(claims) {
                let taken = hub.as_ref().and_then(|c| hubs.get(c).copied().unwrap_or_else(|| self.hub_claims.get(c).map(String::as_str)));
                if taken.is_some_and(|other| other != id) {
                    return Err(twice("hub record", id));
                }
                let taken = far.as_ref().and_then(|c| fars.get(c).copied().unwrap_or_else(|| self.far_claims.get(c).map(String::as_str)));
                if taken.is_some_and(|other| other != id) {
                    return Err(twice("far item", id));
                }
                hub.and_then(|claim| hubs.insert(claim, Some(id)));
                far.and_then(|claim| fars.insert(claim, Some(id)));
            }
            links.insert(id, row);
        }
        Ok(())
    }

    /// Applies a change of a batch that passed [`check`](Self::check).
    pub(super) fn apply(&mut self, change: StateChange) {
        match change {
            StateChange::Account(row) => drop(self.accounts.insert(row.id.clone(), row)),
            StateChange::Stream(row) => drop(self.streams.insert(row.key.clone(), row)),
            StateChange::DropStream(key) => drop(self.streams.remove(&key)),
            StateChange::Seen(row) => self.put_seen(row),
            StateChange::Named { account, kind, collection, items, epoch } => {
                for item in items {
                    if let Some(row) = self.seen.get_mut(&(account.clone(), kind, collection.clone(), item)) {
                        row.epoch = epoch;
                    }
                }
            }
            StateChange::DropSeen { account, kind, collection, item } => self.drop_seen(&(account, kind, collection, item)),
            StateChange::Link(row) => self.put_link(row),
            StateChange::DropLink(id) => {
                self.drop_link(&id);
                self.bases.remove(&id);
            }
            StateChange::Base(row) => drop(self.bases.insert(row.link.clone(), row)),
            StateChange::Stamps(row) => drop(self.stamps.insert((row.account.clone(), row.kind, row.item.clone()), row)),
            StateChange::Intent(row) => self.put_intent(row),
            StateChange::Settled(id) => {
                if let Some(place) = self.intent_places.remove(&id) {
                    self.intents.remove(&place);
                }
            }
            StateChange::Step(row) => drop(self.steps.insert((row.run, row.step), row)),
            StateChange::StepDone { run, step, done } => {
                if let Some(row) = self.steps.get_mut(&(run, step)) {
                    row.done = Some(done);
                }
            }
            StateChange::DropSteps(run) => self.steps.retain(|(of, _), _| *of != run),
            StateChange::Sync(row) => drop(self.syncs.insert(row.sync.clone(), *row)),
            StateChange::Run(row) => drop(self.runs.insert(row.run, row)),
            StateChange::Progress(row) => drop(self.progress.insert((row.sync.clone(), row.stream.clone()), row)),
            StateChange::Tombstone(row) => drop(self.tombstones.insert((row.sync.clone(), row.link.clone()), row)),
            StateChange::DropTombstone { sync, link } => drop(self.tombstones.remove(&(sync, link))),
            StateChange::Journal(mut row) => {
                if row.seq == 0 {
                    row.seq = self.last_entry.saturating_add(1);
                }
                self.last_entry = self.last_entry.max(row.seq);
                self.journal.insert(row.seq, row);
            }
            StateChange::DropJournal(rows) => self.journal.retain(|seq, _| !rows.contains(seq)),
            StateChange::Approval(row) => drop(self.approvals.insert(row.id.clone(), *row)),
            StateChange::Quarantine(row) => {
                let key = (row.sync.clone(), row.side, row.account.clone(), row.kind, row.collection.clone(), row.item.clone());
                self.quarantine.insert(key, row);
            }
            StateChange::Released { sync, side, account, kind, collection, item } => {
                self.quarantine.remove(&(sync, side, account, kind, collection, item));
            }
            // Refused by `check`.
            _ => {}
        }
    }

    fn put_seen(&mut self, row: Box<SeenRow>) {
        let key = (row.account.clone(), row.kind, row.collection.clone(), row.item.clone());
        // Mostly an item is found as before, whatever else changed of it.
        if let Some(old) = self.seen.get_mut(&key).filter(|old| old.keys == row.keys) {
            *old = row;
            return;
        }
        self.drop_seen(&key);
        for text in &row.keys {
            let places = self.seen_keys.entry((row.account.clone(), row.kind, text.clone())).or_default();
            places.insert((row.collection.clone(), row.item.clone()));
        }
        self.seen.insert(key, row);
    }

    fn drop_seen(&mut self, key: &SeenKey) {
        let Some(row) = self.seen.remove(key) else { return };
        let place = (row.collection, row.item);
        for text in row.keys {
            let key = (row.account.clone(), row.kind, text);
            if let Some(places) = self.seen_keys.get_mut(&key) {
                places.remove(&place);
                if places.is_empty() {
                    self.seen_keys.remove(&key);
                }
            }
        }
    }

    fn put_link(&mut self, row: Box<LinkRow>) {
        if let Some(old) = self.links.get_mut(&row.id).filter(|old| claims_the_same(old, &row)) {
            *old = row;
            return;
        }
        self.drop_link(&row.id);
        let (hub, far) = claims(&row);
        hub.and_then(|claim| self.hub_claims.insert(claim, row.id.clone()));
        far.and_then(|claim| self.far_claims.insert(claim, row.id.clone()));
        self.links.insert(row.id.clone(), row);
    }

    fn drop_link(&mut self, id: &str) {
        let Some((hub, far)) = self.links.remove(id).map(|row| claims(&row)) else { return };
        hub.and_then(|claim| self.hub_claims.remove(&claim));
        far.and_then(|claim| self.far_claims.remove(&claim));
    }

    fn put_intent(&mut self, row: Box<IntentRow>) {
        let place = self.intent_places.get(&row.id).copied().unwrap_or_else(|| {
            self.last_intent = self.last_intent.saturating_add(1);
            self.last_intent
        });
        self.intent_places.insert(row.id.clone(), place);
        self.intents.insert(place, row);
    }
}

fn twice(end: &str, link: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the {end} has a link already; archive or drop that one first")).with("link", link)
}

/// The rows of a map after a key, as many as a page has, that `wanted` lets through.
pub(super) fn after<K: Ord + Clone, V: Clone>(map: &BTreeMap<K, Box<V>>, last: Option<&K>, wanted: impl Fn(&V) -> bool) -> Vec<(K, V)> {
    let from = last.map_or(Bound::Unbounded, Bound::Excluded);
    map.range((from, Bound::Unbounded)).filter(|(_, v)| wanted(v)).take(PAGE).map(|(k, v)| (k.clone(), V::clone(v))).collect()
}

/// Whether a query finds a link.
pub(super) fn finds(query: &LinkQuery, link: &LinkRow) -> bool {
    link.sync == query.sync
        && (query.states.is_empty() || query.states.contains(&link.state))
        && (!query.again || link.again)
        && query.collection.as_ref().is_none_or(|(side, collection)| match side {
            Side::Left => link.hub_collection == *collection,
            Side::Right => link.collection == *collection,
        })
}
