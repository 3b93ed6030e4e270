//! How much of each sort a run means to write, and how much was written in the last 24 hours.

use crate::{
    apply::Task,
    run::Run,
    step::{End, SideWrite, Step},
};
use futures::TryStreamExt;
use jiff::SignedDuration;
use pimkit_core::{AccountId, CollectionId, Field, LinkQuery, LinkState, Presence, Record, Result, RunRow, SeenQuery, Side, SyncId, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What one run wrote to one collection, without what somebody approved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// The account written to.
    pub account: AccountId,
    /// The collection written to.
    pub collection: CollectionId,
    /// Whether it is the hub.
    pub hub: bool,
    /// Items made.
    pub creates: u64,
    /// Items deleted.
    pub deletes: u64,
    /// Items changed.
    pub updates: u64,
    /// Items of which a field was cleared, by field.
    pub cleared: BTreeMap<Field, u64>,
}

/// What is read of the report of a run.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    tally: Vec<Tally>,
}

/// What a run wrote, as its report says.
pub(crate) fn written_by(row: &RunRow) -> Vec<Tally> {
    row.report.read::<Written>().unwrap_or_default().tally
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    Creates,
    Deletes,
    Cleared(Field),
    Updates,
}

/// Where it is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Collection(Side, CollectionId),
    /// All collections of the hub, and all syncs that write to it.
    Hub,
}

/// What of a link counts as linked: both ends are or were there.
pub(super) const LINKED: [LinkState; 4] = [LinkState::Live, LinkState::Held, LinkState::Quarantined, LinkState::Pending];

/// What a step's write to one end counts as.
pub(super) fn sorts(end: &End) -> Vec<Sort> {
    match &end.write {
        None => Vec::new(),
        Some(SideWrite::Create { .. }) => vec![Sort::Creates],
        Some(SideWrite::Delete(_)) => vec![Sort::Deletes],
        Some(SideWrite::Fields { fields, from }) => {
            let had = |field: &Field| from.get(field).is_some_and(|value| !is_empty(value));
            let cleared = fields.iter().filter(|(field, value)| is_empty(value) && had(field));
            std::iter::once(Sort::Updates).chain(cleared.map(|(field, _)| Sort::Cleared(field.clone()))).collect()
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

impl Tally {
    pub(super) fn of(&self, sort: &Sort) -> u64 {
        match sort {
            Sort::Creates => self.creates,
            Sort::Deletes => self.deletes,
            Sort::Updates => self.updates,
            Sort::Cleared(field) => self.cleared.get(field).copied().unwrap_or_default(),
        }
    }

    pub(super) fn add(&mut self, sort: Sort) {
        match sort {
            Sort::Creates => self.creates += 1,
            Sort::Deletes => self.deletes += 1,
            Sort::Updates => self.updates += 1,
            Sort::Cleared(field) => *self.cleared.entry(field).or_default() += 1,
        }
    }

    /// The sorts of which there is any.
    pub(super) fn sorts(&self) -> Vec<Sort> {
        let plain = [Sort::Creates, Sort::Deletes, Sort::Updates];
        let cleared = self.cleared.keys().cloned().map(Sort::Cleared);
        plain.into_iter().filter(|sort| self.of(sort) > 0).chain(cleared).collect()
    }
}

fn linked(sync: &SyncId) -> LinkQuery {
    LinkQuery { states: LINKED.to_vec(), ..LinkQuery::of(sync) }
}

impl<R: Record> Run<R> {
    fn tally_of<'a>(&self, tallies: &'a mut Vec<Tally>, side: Side, collection: &CollectionId) -> Option<&'a mut Tally> {
        let account = &self.half(side).account.id;
        if !tallies.iter().any(|t| t.account == *account && t.collection == *collection) {
            let (account, collection) = (account.clone(), collection.clone());
            tallies.push(Tally { account, collection, hub: side == Side::Left, ..Tally::default() });
        }
        tallies.iter_mut().find(|t| t.account == *account && t.collection == *collection)
    }

    /// Counts what a step means to write.
    pub(super) fn tally_planned(&mut self, step: &Step) {
        let mut planned = std::mem::take(&mut self.guarding.planned);
        for (side, end) in [(Side::Left, &step.hub), (Side::Right, &step.far)] {
            for sort in sorts(end) {
                if let Some(tally) = self.tally_of(&mut planned, side, &end.collection) {
                    tally.add(sort);
                }
            }
        }
        self.guarding.planned = planned;
    }

    /// Counts what was written; but not what somebody approved.
    pub(crate) fn tally_written(&mut self, side: Side, task: &Task<R>) {
        let mut done = std::mem::take(&mut self.report.tally);
        let end = task.end(side);
        let asked = |sort: &Sort| task.step.answered.iter().any(|(said, on)| said == sort && on.is_none_or(|on| on == side));
        for sort in sorts(end).into_iter().filter(|sort| !asked(sort)) {
            if let Some(tally) = self.tally_of(&mut done, side, &end.collection) {
                tally.add(sort);
            }
        }
        self.report.tally = done;
    }

    /// What the runs of the last 24 hours wrote, and this one so far, with the sync of each.
    pub(super) async fn day(&self) -> Result<Vec<(SyncId, Tally)>> {
        let mut day: Vec<(SyncId, Tally)> = self.report.tally.iter().map(|tally| (self.sync().clone(), tally.clone())).collect();
        let since = self.now().checked_sub(SignedDuration::from_hours(24)).unwrap_or(self.started);
        let mut runs = self.state().runs(None);
        while let Some(row) = runs.try_next().await? {
            if row.started < since {
                break;
            }
            if row.run == self.run {
                continue;
            }
            day.extend(written_by(&row).into_iter().map(|tally| (row.sync.clone(), tally)));
        }
        Ok(day)
    }

    /// How many of a sort were written in a place within the day. A collection is this sync's, the hub everybody's.
    pub(super) fn done(&self, day: &[(SyncId, Tally)], place: &Place, sort: &Sort) -> u64 {
        let here = |(sync, tally): &&(SyncId, Tally)| match place {
            Place::Collection(side, collection) => {
                sync == self.sync() && tally.account == self.half(*side).account.id && tally.collection == *collection
            }
            Place::Hub => tally.hub && tally.account == self.hub.account.id,
        };
        day.iter().filter(here).map(|(_, tally)| tally.of(sort)).sum()
    }

    /// How many items of a place are linked, at the least: of the hub, those of the sync that has most of it.
    pub(super) async fn linked_at_least(&self, place: &Place) -> Result<u64> {
        let Place::Collection(side, collection) = place else {
            let mut most = 0;
            for sync in self.state().syncs().await? {
                let links = self.state().links(LinkQuery::of(&sync)).try_next().await?;
                if links.is_some_and(|link| link.hub_account == self.hub.account.id) {
                    most = most.max(self.state().count_links(linked(&sync)).await?);
                }
            }
            return Ok(most);
        };
        let query = LinkQuery { collection: Some((*side, collection.clone())), ..linked(self.sync()) };
        self.state().count_links(query).await
    }

    /// How many items of a place are linked; a record of the hub counts once, whatever syncs have it.
    pub(super) async fn linked_in(&self, place: &Place) -> Result<u64> {
        if *place != Place::Hub {
            return self.linked_at_least(place).await;
        }
        let mut records: BTreeSet<u64> = BTreeSet::new();
        for sync in self.state().syncs().await? {
            let mut links = self.state().links(linked(&sync));
            while let Some(link) = links.try_next().await? {
                if link.hub_account != self.hub.account.id {
                    break;
                }
                let name = link.hub_item.map(|item| pimkit_core::cursor::binding(&[link.kind.plural(), item.as_str()]));
                records.extend(name);
            }
        }
        Ok(records.len() as u64)
    }

    /// Whether more is in a place than what is linked: then it was not empty when the sync came.
    pub(super) async fn holds_others(&self, place: &Place, linked: u64) -> Result<bool> {
        let collections: Vec<(Side, CollectionId)> = match place {
            Place::Collection(side, collection) => vec![(*side, collection.clone())],
            Place::Hub => self.hub.collections.iter().map(|c| (Side::Left, c.id.clone())).collect(),
        };
        let mut there = 0;
        for (side, collection) in collections {
            let mut rows = self.state().seen_rows(SeenQuery::of(&self.half(side).account.id, R::KIND).within(&collection));
            while let Some(row) = rows.try_next().await? {
                there += u64::from(row.presence == Presence::Present);
                if there > linked {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
