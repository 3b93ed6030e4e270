//! What a sync remembers between its runs beside its links: its container, whether it runs, and what
//! it began and must finish.

use crate::{pair::damaged, policy::Teardown, run::Run};
use pimkit_core::{Access, CategoryId, CollectionId, ItemId, Notice, Record, Result, StateChange, SyncRow, SyncState};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The body of a sync's row in the state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Standing {
    /// The far collection of the sync's own.
    pub(crate) container: Option<Own>,
    /// Its generation when it was made last: one that was deleted is another one when it is made again.
    pub(crate) containers: u32,
    /// The container whose links are to be those of the present one.
    pub(crate) moving: Option<Moving>,
    /// The managed categories, as the far side's list has them.
    pub(crate) categories: Vec<Kept>,
    /// Names of managed categories that they must not have any more: users' names for them, and those that the policy
    /// does not name any more. They come off the items; each with how many runs have found it on none.
    pub(crate) aliases: BTreeMap<String, u32>,
    /// Categories that come off the list once the items have been seen to.
    pub(crate) leaving: Vec<CategoryId>,
    /// The end of the sync that somebody agreed to and that is not finished: what is taken away at the far side.
    pub(crate) ending: Option<Teardown>,
    /// What is being done with the links of a sync that was ended.
    pub(crate) retiring: Option<Retiring>,
    /// A container that is gone with all that was in it: what was seen of it is forgotten.
    pub(crate) gone: Option<CollectionId>,
    /// The first run has come to its end: caps are those of later runs.
    pub(crate) begun: bool,
    /// How often the sync was begun again after it had ended.
    pub(crate) beginnings: u32,
    /// The sync was ended and goes on: links that were kept aside are looked at.
    pub(crate) reviving: bool,
    /// What the app's user is still to be told.
    pub(crate) notices: Vec<Notice>,
    /// How many records came in with the first run, of which the user is told once.
    pub(crate) came_first: u64,
    /// What the app is still to be told of which records may be changed.
    pub(crate) protect: BTreeMap<ItemId, Access>,
}

/// A far collection of a sync's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Own {
    pub(crate) id: CollectionId,
    /// The name that it has, as far as we know.
    pub(crate) name: String,
    /// The name that the policy asked for when it was made or renamed last.
    pub(crate) asked: String,
}

/// A managed category on the far side's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The name that the policy has for it.
    pub(crate) name: String,
    pub(crate) id: CategoryId,
    /// The name that a user gave it, where that is followed.
    #[serde(default)]
    pub(crate) called: Option<String>,
    /// The engine made it. One that was on the list before is its users', and never taken off.
    #[serde(default)]
    pub(crate) made: bool,
}

impl Kept {
    /// The name under which it is on the list and on the items.
    pub(crate) fn goes_by(&self) -> &str {
        self.called.as_deref().unwrap_or(&self.name)
    }
}

/// A container that gave way to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moving {
    pub(crate) from: CollectionId,
    /// Its items are gone with it and are made anew; else they are the same under the other id.
    pub(crate) anew: bool,
}

/// What becomes of the links of a sync that is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Retiring {
    /// They are forgotten.
    Forget,
    /// They are kept aside.
    Archive,
}

/// What a row of the state says of a sync.
pub(crate) fn read(row: Option<&SyncRow>) -> Result<Standing> {
    match row {
        Some(row) if !row.body.is_null() => serde_json::from_value(row.body.clone()).map_err(|_| damaged("what a sync remembers")),
        _ => Ok(Standing::default()),
    }
}

impl<R: Record> Run<R> {
    /// The row that says how the sync stands and what it remembers.
    pub(crate) fn standing_row(&self) -> StateChange {
        let (state, since, why) = match &self.row {
            Some(row) => (row.state, row.since, row.why.clone()),
            None => (SyncState::Active, self.started, None),
        };
        let body = serde_json::to_value(&self.standing).unwrap_or_default();
        StateChange::Sync(Box::new(SyncRow { sync: self.sync().clone(), state, since, why, body }))
    }

    /// Says from now on that the sync stands so.
    pub(crate) fn set_state(&mut self, state: SyncState, why: Option<String>) {
        let (sync, since) = (self.sync().clone(), self.now());
        self.row = Some(SyncRow { sync, state, since, why, body: pimkit_core::Value::Null });
    }
}
