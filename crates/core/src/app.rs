//! What the engine asks of the host app beside its records: facts, merges, rights, notices.

use crate::{Access, AccountId, Cursor, ItemId, Kind, Result, Value};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Debug};

/// What the app knows of one of its records that is not a field of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Facts {
    /// The user who owns the record.
    pub owner: Option<String>,
    /// Whether the acting user may see it.
    pub visible: bool,
    /// Whether the acting user may change it.
    pub editable: bool,
    /// Whether the acting user may delete it.
    pub deletable: bool,
    /// How it came into the app.
    pub provenance: Provenance,
    /// The saved views that it is in, by name.
    pub views: Vec<String>,
    /// Everything else that categories may be derived from: `deals.active`, `customer_status`, ...
    pub more: BTreeMap<String, Value>,
}

impl Facts {
    /// A record that the acting user made and may do everything with.
    #[must_use]
    pub fn own(owner: Option<String>) -> Self {
        Self { owner, visible: true, editable: true, deletable: true, ..Self::default() }
    }
}

/// How a record came into the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Provenance {
    /// Somebody made it in the app, one at a time.
    #[default]
    Created,
    /// It was imported or migrated in bulk.
    Imported,
    /// It was imported and later changed by a mass update.
    MassUpdated,
    /// A sync made it.
    Synced,
}

/// Something that happened to the identity of records in the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum AppEvent {
    /// Records were merged: the losers are gone, the winner stands for them.
    Merged {
        /// Their kind.
        kind: Kind,
        /// The record that stays.
        winner: ItemId,
        /// The records that went.
        losers: Vec<ItemId>,
    },
    /// A record went on as another: a lead became a contact.
    Converted {
        /// Its kind.
        kind: Kind,
        /// What it was.
        from: ItemId,
        /// What it is.
        to: ItemId,
    },
}

/// A notice to one of the app's own users. Never mail to attendees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Whom to tell; the acting user when absent.
    pub user: Option<String>,
    /// What about: `event.created`, `sync.held`, `sync.reconnect`.
    pub topic: String,
    /// The record, when there is one.
    pub item: Option<(Kind, ItemId)>,
    /// One line for people.
    pub text: String,
}

/// What somebody wants to do in the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Action {
    View,
    Create,
    Edit,
    Delete,
}

/// A saved view of the app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name.
    pub name: String,
    /// What it lists.
    pub kind: Kind,
}

/// The host app, as the engine sees it beside its records.
///
/// # Behavior
/// - Every answer is for the acting user of the account that the app's connector stands for.
/// - `events` from a cursor names everything since, each at least once; from none, everything kept.
#[async_trait]
pub trait App: Debug + Send + Sync + 'static {
    /// The account whose records these are: the hub's.
    fn account(&self) -> AccountId;
    /// The acting user, as [`Facts::owner`] names users; absent for somebody who may see and do everything.
    fn user(&self) -> Option<String>;
    /// Facts of records, one answer per id, in order; `None` for a record that is not there.
    async fn facts(&self, kind: Kind, ids: &[ItemId]) -> Result<Vec<Option<Facts>>>;
    /// Merges and conversions since.
    async fn events(&self, since: Option<&Cursor>) -> Result<(Vec<AppEvent>, Cursor)>;
    /// Whether the acting user may do this with records of this kind at all.
    async fn allowed(&self, kind: Kind, action: Action) -> Result<bool>;
    /// The saved views.
    async fn views(&self) -> Result<Vec<View>>;
    /// Says which records the app's users may only look at from here on, and which they may change again: what the other
    /// end of a record does not take must not be offered. Says so for each record whenever it changes; an app that
    /// cannot keep its users from editing may ignore it, since the engine holds such edits all the same.
    async fn protect(&self, kind: Kind, records: &[(ItemId, Access)]) -> Result<()>;
    /// Tells one of the app's own users.
    async fn notify(&self, notice: Notice, at: Timestamp) -> Result<()>;
}
