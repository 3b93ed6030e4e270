//! What the engine keeps, as rows. A store keeps and finds them; it does not understand them.

use crate::{
    Access, AccountId, CollectionId, Cursor, Field, Fields, ItemId, Json, Kind, Mark, PageToken, Removal, Revision, SyncId, Value,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One of the two ends of a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The hub: the app's records.
    Left,
    /// The far side: a mailbox, a calendar, a folder.
    Right,
}

impl Side {
    /// The other end.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// `left` or `right`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// Whether a sync runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// It runs.
    #[default]
    Active,
    /// It rests until it is resumed; links, bases and cursors stay, and what happens meanwhile is caught up on.
    Paused,
    /// It was ended.
    Disabled,
}

impl SyncState {
    /// The word used in messages and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

/// How a sync stands between its runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SyncRow {
    /// The sync.
    pub sync: SyncId,
    /// Whether it runs.
    pub state: SyncState,
    /// Since when.
    pub since: Timestamp,
    /// Why, for people.
    pub why: Option<String>,
    /// What the engine keeps of it (its container, its managed categories), in its own words.
    pub body: Value,
}

/// What is known of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountRow {
    /// The account.
    pub id: AccountId,
    /// Server clock minus ours, in seconds.
    pub skew: i64,
    /// Discovered endpoints, as the connector wrote them.
    pub endpoints: Option<Value>,
    /// Where [`App::events`](crate::App::events) goes on, for a hub.
    pub app_cursor: Option<Cursor>,
}

/// Streams and sightings are keyed by account, not by sync: syncs that share an account share what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamKey {
    /// The account.
    pub account: AccountId,
    /// The kind.
    pub kind: Kind,
    /// The collection.
    pub collection: CollectionId,
    /// What the round was asked to be like, as a number.
    pub options: u64,
}

/// Where reading a collection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRow {
    /// Whose.
    pub key: StreamKey,
    /// Where the next round starts; absent before the first is over.
    pub cursor: Option<Cursor>,
    /// Where the unfinished round goes on.
    pub page: Option<PageToken>,
    /// Number of the round under way, or the last one; each round is a new epoch.
    pub epoch: u64,
    /// The last epoch that named everything.
    pub listed: u64,
}

/// Whether an item is there, as far as known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    /// There, and read.
    Present,
    /// There, not read yet: its record is of an older revision, or none.
    Listed,
    /// Said to be gone, or not named by a whole listing: a suspicion.
    Missing {
        /// What the side said.
        reason: Removal,
    },
    /// Believed deleted.
    Gone,
    /// There, but not readable.
    Unreadable,
    /// There, but not for us.
    Hidden,
    /// There, but of another kind.
    OtherKind,
}

/// What was seen of one item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenRow {
    /// The account.
    pub account: AccountId,
    /// The kind.
    pub kind: Kind,
    /// The collection.
    pub collection: CollectionId,
    /// The item.
    pub item: ItemId,
    /// Its version when last seen.
    pub revision: Option<Revision>,
    /// What [`Record::fields`](crate::Record::fields) hashed to.
    pub hash: u64,
    /// The record as last read, encoded.
    pub record: Option<Vec<u8>>,
    /// Fields that were not readable.
    pub unread: Vec<Field>,
    /// What we may do with it.
    pub access: Access,
    /// The mark on it.
    pub mark: Option<Mark>,
    /// When the side says that it was changed.
    pub modified: Option<Timestamp>,
    /// The last round that named it.
    pub epoch: u64,
    /// Whether it is there.
    pub presence: Presence,
    /// The run in which anything of this row that matters last changed.
    pub changed: u64,
    /// When it was last seen as it was before.
    pub unchanged_at: Option<Timestamp>,
    /// When it was first seen as it is.
    pub changed_at: Timestamp,
    /// Revisions that it had before, newest last, and their hashes: a listing that lags names them again.
    pub superseded: Vec<(Option<Revision>, u64)>,
    /// Who deleted it, when known: the sync that carried a user's deletion over, or
    /// [`SeenRow::BY_ENGINE`] for a deletion that no user made.
    pub deleted_by: Option<String>,
    /// What it can be matched by; a store finds rows by these.
    pub keys: Vec<String>,
}

impl SeenRow {
    /// Says in [`deleted_by`](Self::deleted_by) that the engine took the item away for reasons of its own (teardown,
    /// undo): to every other sync it has left the scope, and nobody deleted it.
    pub const BY_ENGINE: &str = "engine:";

    /// Whether no user deleted the item, but the engine for reasons of its own.
    #[must_use]
    pub fn is_gone_by_engine(&self) -> bool {
        self.deleted_by.as_deref().is_some_and(|by| by.starts_with(Self::BY_ENGINE))
    }
}

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Both ends are there and follow each other.
    Live,
    /// One end is being made.
    Pending,
    /// One end is out of scope; re-entry is a merge.
    OutOfScope,
    /// One end was deleted, and the other is left alone for good.
    Suppressed,
    /// The hub record was merged into another, which has a link of its own.
    Shadowed,
    /// Waits for somebody.
    Held,
    /// Fails, and is tried again.
    Quarantined,
    /// The sync was ended.
    Archived,
}

impl LinkState {
    /// The word used in messages and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Pending => "pending",
            Self::OutOfScope => "out_of_scope",
            Self::Suppressed => "suppressed",
            Self::Shadowed => "shadowed",
            Self::Held => "held",
            Self::Quarantined => "quarantined",
            Self::Archived => "archived",
        }
    }

    /// True where the ends that the link names belong to it, so that neither may get another one. A
    /// shadowed link has given up its hub record and keeps its far item: it is not taken for new.
    #[must_use]
    pub fn claims(self) -> bool {
        self != Self::Archived
    }
}

/// Whose copy the far item is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkRole {
    /// The item itself.
    #[default]
    Owner,
    /// One attendee's copy: it yields only its own response, reminder and categories.
    Copy,
}

/// A hub record and a far item that are the same thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkRow {
    /// The link's own id.
    pub id: String,
    /// The sync.
    pub sync: SyncId,
    /// The kind.
    pub kind: Kind,
    /// The hub's account.
    pub hub_account: AccountId,
    /// Where the hub record is.
    pub hub_collection: CollectionId,
    /// The hub record; absent while it is being made.
    pub hub_item: Option<ItemId>,
    /// The far account.
    pub account: AccountId,
    /// Where the far item is.
    pub collection: CollectionId,
    /// The far item; absent while it is being made.
    pub item: Option<ItemId>,
    /// Whose copy the far item is.
    pub role: LinkRole,
    /// The side on which the record was first seen.
    pub origin: Side,
    /// How the link stands.
    pub state: LinkState,
    /// One more for each re-creation or copy.
    pub generation: u32,
    /// The mark on the far item, or on the item made last.
    pub mark: Option<Mark>,
    /// Hub revision that the bases speak of.
    pub hub_revision: Option<Revision>,
    /// Far revision that the bases speak of.
    pub revision: Option<Revision>,
    /// Why it stands so, for people.
    pub note: Option<String>,
    /// Looked at in the next run though neither end changed.
    pub again: bool,
    /// Nothing is done with it until somebody releases it: an undone change would only be made again.
    #[serde(default)]
    pub parked: bool,
    /// The hub record had changed when the far item's user deleted that one, and its user had not seen it.
    #[serde(default)]
    pub unseen: bool,
    /// Which side somebody chose to win what is in conflict; used up by the next merge.
    #[serde(default)]
    pub decision: Option<Side>,
    /// Grows with every change of link or base.
    pub version: u64,
}

/// The values last agreed, per side and field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BaseRow {
    /// The link.
    pub link: String,
    /// The hub's values, by hub field.
    pub hub: Fields,
    /// The far side's values as they were read back, by far field.
    pub far: Fields,
    /// Far fields that we wrote and have not read back since: what a slow server makes of them is
    /// no user's edit.
    #[serde(default)]
    pub sent: Vec<Field>,
    /// Far fields that came back other than we wrote them, each with a number for what was sent and
    /// what came, and how often; one that keeps doing so is left as it is on both sides.
    #[serde(default)]
    pub flips: BTreeMap<Field, u32>,
}

/// When a hub field was changed, and by whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// Last seen unchanged.
    pub after: Option<Timestamp>,
    /// First seen changed.
    pub until: Timestamp,
    /// The account that the change came from.
    pub origin: AccountId,
}

/// The stamps of one hub record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StampRow {
    /// The hub's account.
    pub account: AccountId,
    /// The kind.
    pub kind: Kind,
    /// The hub record.
    pub item: ItemId,
    /// By field.
    pub stamps: BTreeMap<Field, Stamp>,
}

/// What kind of write an intent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum IntentKind {
    Create,
    Update,
    Move,
    Delete,
    Container,
    Category,
}

/// A write that is about to leave, or has left without a known outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntentRow {
    /// Fresh for every try.
    pub id: String,
    /// The run.
    pub run: u64,
    /// The step of the run.
    pub step: u64,
    /// The sync.
    pub sync: SyncId,
    /// Where it is written to.
    pub side: Side,
    /// The account written to.
    pub account: AccountId,
    /// The kind.
    pub kind: Kind,
    /// The collection written to.
    pub collection: CollectionId,
    /// The link that it is for.
    pub link: Option<String>,
    /// What kind of write.
    pub write: IntentKind,
    /// The item; absent for a create.
    pub item: Option<ItemId>,
    /// The mark, where there is one.
    pub mark: Option<Mark>,
    /// The record before, encoded.
    pub before: Option<Vec<u8>>,
    /// The record that is to be, encoded.
    pub target: Option<Vec<u8>>,
    /// The revision that the write was planned against.
    pub revision: Option<Revision>,
    /// When it was written down.
    pub at: Timestamp,
    /// When "not found" counts as not made.
    pub settles: Timestamp,
    /// What else the engine needs to finish it, in its own words.
    pub body: Json,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRow {
    /// The run.
    pub run: u64,
    /// Its place.
    pub step: u64,
    /// The sync.
    pub sync: SyncId,
    /// What to do and why, in the engine's words.
    pub body: Json,
    /// Applied, dropped or held; absent while open.
    pub done: Option<String>,
}

/// One run of one sync.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRow {
    /// Its number: grows over all syncs of a state.
    pub run: u64,
    /// The sync.
    pub sync: SyncId,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; absent while under way, or when it was cut off.
    pub finished: Option<Timestamp>,
    /// `planned`, `held`, `done`, `partial`, `failed`.
    pub outcome: String,
    /// The report, in the engine's words.
    pub report: Json,
}

/// How far a sync has worked off what was seen in a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressRow {
    /// The sync.
    pub sync: SyncId,
    /// The stream.
    pub stream: StreamKey,
    /// Rows of [`SeenRow::changed`] up to this run are worked off.
    pub run: u64,
    /// What the work was done under: map and policies, as a number. Another number: start over.
    pub under: u64,
}

/// What was deleted, so that it is neither made again nor taken for new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TombstoneRow {
    /// The sync.
    pub sync: SyncId,
    /// The link that was.
    pub link: String,
    /// The kind.
    pub kind: Kind,
    /// The hub record.
    pub hub_item: Option<ItemId>,
    /// The far account.
    pub account: AccountId,
    /// The far collection.
    pub collection: CollectionId,
    /// The far item.
    pub item: Option<ItemId>,
    /// Which side deleted.
    pub side: Side,
    /// Hashes of uid and match keys; a store finds rows by these.
    pub keys: Vec<String>,
    /// Why the deletion is believed.
    pub evidence: String,
    /// When.
    pub at: Timestamp,
}

/// One field of a journal row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The side that was changed, or, for a loser, that had the value.
    pub side: Side,
    /// The field of that side.
    pub field: Field,
    /// Before.
    pub from: Option<Value>,
    /// After.
    pub to: Option<Value>,
}

/// What happened to one item, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JournalRow {
    /// Its place; the store gives it when 0.
    pub seq: u64,
    /// The run.
    pub run: u64,
    /// The sync.
    pub sync: SyncId,
    /// When.
    pub at: Timestamp,
    /// The kind.
    pub kind: Kind,
    /// The link.
    pub link: Option<String>,
    /// The hub record.
    pub hub_item: Option<ItemId>,
    /// The far account.
    pub account: AccountId,
    /// The far item.
    pub item: Option<ItemId>,
    /// What was done: `created`, `updated`, `deleted`, `linked`, `conflict`, `held`, `dropped`, ...
    pub action: String,
    /// The side that it was done to.
    pub side: Option<Side>,
    /// The policy that decided.
    pub policy: Option<String>,
    /// Why, for people: no personal data.
    pub why: String,
    /// Field by field.
    pub changes: Vec<FieldChange>,
    /// Values that lost a conflict, kept here.
    pub lost: Vec<FieldChange>,
    /// The whole record before, for undo.
    pub before: Option<Vec<u8>>,
    /// What else undo needs, in the engine's own words.
    #[serde(default)]
    pub body: Value,
}

/// Something that a guard held, and whether somebody allowed it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApprovalRow {
    /// What `--approve` takes.
    pub id: String,
    /// The sync.
    pub sync: SyncId,
    /// The run that was held.
    pub run: u64,
    /// Which guard.
    pub guard: String,
    /// Where it looked: a collection, a field of it, the whole hub. An approval says nothing of another place.
    #[serde(default)]
    pub scope: String,
    /// What the guard saw, for people.
    pub shown: String,
    /// The items that were shown; an approval covers no other.
    pub items: Vec<String>,
    /// The counts that were shown; an approval covers no more.
    pub ceilings: BTreeMap<String, u64>,
    /// When it was allowed; absent while it waits.
    pub granted: Option<Timestamp>,
    /// When it was refused; absent while it waits.
    #[serde(default)]
    pub rejected: Option<Timestamp>,
    /// When the run that did what was answered was over, or there was nothing left to answer.
    pub used: Option<Timestamp>,
}

/// An item that fails, and is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuarantineRow {
    /// The sync.
    pub sync: SyncId,
    /// The side that the item is on.
    pub side: Side,
    /// Its account.
    pub account: AccountId,
    /// Its kind.
    pub kind: Kind,
    /// Its collection.
    pub collection: CollectionId,
    /// The item.
    pub item: ItemId,
    /// Why, in one line.
    pub error: String,
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Not tried again before.
    pub next: Timestamp,
    /// It does not fail: somebody must say what it is.
    #[serde(default)]
    pub asks: bool,
}
