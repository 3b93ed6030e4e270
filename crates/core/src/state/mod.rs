//! Where the engine keeps what it knows: a trait, so that engine, stores and suite see only core.

mod rows;

pub use rows::*;

use crate::{AccountId, CollectionId, ComponentId, ItemId, Kind, Result, SyncId};
use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::{any::Any, fmt, sync::Arc};

/// Held while one worker runs one component. Dropping the last clone lets it go.
#[derive(Clone)]
pub struct Lease {
    /// What is held.
    pub component: ComponentId,
    /// Grows with every acquisition, so that a worker that lost its lease and does not know it is refused.
    pub token: u64,
    /// Whatever the store needs to be dropped when the lease is.
    guard: Arc<dyn Any + Send + Sync>,
}

impl Lease {
    /// A lease; `guard` is dropped with its last clone.
    pub fn new(component: ComponentId, token: u64, guard: impl Any + Send + Sync) -> Self {
        Self { component, token, guard: Arc::new(guard) }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _held = &self.guard;
        f.debug_struct("Lease").field("component", &self.component).field("token", &self.token).finish_non_exhaustive()
    }
}

/// What changes in the state, as data. A row replaces the row with the same key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StateChange {
    /// Key: id.
    Account(AccountRow),
    /// Key: stream.
    Stream(StreamRow),
    /// Forgets where reading stands.
    DropStream(StreamKey),
    /// Key: account, kind, collection, item.
    Seen(Box<SeenRow>),
    /// Sets only the epoch of these rows.
    Named {
        /// The stream's account.
        account: AccountId,
        /// The stream's kind.
        kind: Kind,
        /// The stream's collection.
        collection: CollectionId,
        /// The items that a round named as they were.
        items: Vec<ItemId>,
        /// The round.
        epoch: u64,
    },
    /// Forgets a sighting.
    DropSeen {
        /// Its account.
        account: AccountId,
        /// Its kind.
        kind: Kind,
        /// Its collection.
        collection: CollectionId,
        /// The item.
        item: ItemId,
    },
    /// Key: id. At most one claiming link ([`LinkState::claims`]) per (sync, hub item) and per
    /// (sync, account, far collection, far item): a second one is refused and nothing of the batch is kept.
    Link(Box<LinkRow>),
    /// Forgets a link and its base.
    DropLink(String),
    /// Key: link.
    Base(Box<BaseRow>),
    /// Key: account, kind, item.
    Stamps(StampRow),
    /// Key: id.
    Intent(Box<IntentRow>),
    /// Forgets an intent: its outcome is known.
    Settled(String),
    /// Key: run, step.
    Step(Box<StepRow>),
    /// Marks a step of a plan.
    StepDone {
        /// The run.
        run: u64,
        /// The step.
        step: u64,
        /// What became of it.
        done: String,
    },
    /// Forgets the steps of a run.
    DropSteps(u64),
    /// Key: sync.
    Sync(Box<SyncRow>),
    /// Key: run.
    Run(RunRow),
    /// Key: sync, stream.
    Progress(ProgressRow),
    /// Key: sync, link.
    Tombstone(Box<TombstoneRow>),
    /// Forgets a tombstone.
    DropTombstone {
        /// The sync.
        sync: SyncId,
        /// The link.
        link: String,
    },
    /// Appends; `seq` 0 is given a place.
    Journal(Box<JournalRow>),
    /// Forgets journal rows, by their places.
    DropJournal(Vec<u64>),
    /// Key: id.
    Approval(Box<ApprovalRow>),
    /// Key: sync, side, account, kind, collection, item.
    Quarantine(Box<QuarantineRow>),
    /// Forgets a quarantined item.
    Released {
        /// The sync.
        sync: SyncId,
        /// The side.
        side: Side,
        /// Its account.
        account: AccountId,
        /// Its kind.
        kind: Kind,
        /// Its collection.
        collection: CollectionId,
        /// The item.
        item: ItemId,
    },
}

/// Which sightings to read. Rows come in the order of collection and item.
#[derive(Clone, Debug)]
pub struct SeenQuery {
    /// Of this account.
    pub account: AccountId,
    /// Of this kind.
    pub kind: Kind,
    /// Of this collection only.
    pub collection: Option<CollectionId>,
    /// Only rows whose `changed` is greater.
    pub changed_after: Option<u64>,
    /// Only rows whose `epoch` is smaller.
    pub epoch_before: Option<u64>,
}

impl SeenQuery {
    /// All sightings of an account and kind.
    #[must_use]
    pub fn of(account: &AccountId, kind: Kind) -> Self {
        Self { account: account.clone(), kind, collection: None, changed_after: None, epoch_before: None }
    }

    /// Only this collection.
    #[must_use]
    pub fn within(mut self, collection: &CollectionId) -> Self {
        self.collection = Some(collection.clone());
        self
    }
}

/// Which links to read. Rows come in the order of their ids.
#[derive(Clone, Debug)]
pub struct LinkQuery {
    /// Of this sync.
    pub sync: SyncId,
    /// Only in one of these states; empty: any.
    pub states: Vec<LinkState>,
    /// Only those to be looked at again.
    pub again: bool,
    /// Only those whose far item is (or hub record, for the left side) in this collection.
    pub collection: Option<(Side, CollectionId)>,
}

impl LinkQuery {
    /// All links of a sync.
    #[must_use]
    pub fn of(sync: &SyncId) -> Self {
        Self { sync: sync.clone(), states: Vec::new(), again: false, collection: None }
    }
}

/// Which journal rows to read. Rows come oldest first.
#[derive(Clone, Debug, Default)]
pub struct JournalQuery {
    /// Only of this sync.
    pub sync: Option<SyncId>,
    /// Only of this run.
    pub run: Option<u64>,
    /// Only about this item, of the hub or of a far side.
    pub item: Option<ItemId>,
}

/// The engine's memory.
///
/// # Behavior
/// - `commit` is atomic, and durable when it returns; with a lease that is no longer the newest of
///   its component it is refused with `LeaseLost` and changes nothing.
/// - What `commit` returned for is seen by every later read.
/// - Streams read in pages of the store's own; they may be dropped at any time. Rows written while
///   a stream is read may or may not come; no row comes twice.
/// - No method keeps a transaction open across an await of its caller.
#[async_trait]
pub trait State: fmt::Debug + Send + Sync + 'static {
    /// Takes the component, or says who has it (`LeaseLost`).
    async fn acquire(&self, component: &ComponentId) -> Result<Lease>;
    /// Applies all changes, in order, or none.
    async fn commit(&self, lease: &Lease, changes: Vec<StateChange>) -> Result<()>;

    /// What is known of an account.
    async fn account(&self, id: &AccountId) -> Result<Option<AccountRow>>;
    /// Where reading a collection stands.
    async fn stream(&self, key: &StreamKey) -> Result<Option<StreamRow>>;
    /// Every stream of an account and kind.
    async fn streams(&self, account: &AccountId, kind: Kind) -> Result<Vec<StreamRow>>;
    /// Sightings by id, one answer per id, in order.
    async fn seen(&self, account: &AccountId, kind: Kind, collection: &CollectionId, items: &[ItemId]) -> Result<Vec<Option<SeenRow>>>;
    /// Sightings by query.
    fn seen_rows(&self, query: SeenQuery) -> BoxStream<'static, Result<SeenRow>>;
    /// Where items that have a key are: one answer per key, in order; at most `limit` each.
    async fn seen_by_keys(&self, account: &AccountId, kind: Kind, keys: &[String], limit: u32) -> Result<Vec<Vec<(CollectionId, ItemId)>>>;

    /// One link.
    async fn link(&self, id: &str) -> Result<Option<LinkRow>>;
    /// The claiming links of hub records, one answer per id, in order.
    async fn links_of_hub(&self, sync: &SyncId, items: &[ItemId]) -> Result<Vec<Option<LinkRow>>>;
    /// The claiming links of far items, one answer per id, in order.
    async fn links_of_far(
        &self,
        sync: &SyncId,
        account: &AccountId,
        collection: &CollectionId,
        items: &[ItemId],
    ) -> Result<Vec<Option<LinkRow>>>;
    /// Links by query.
    fn links(&self, query: LinkQuery) -> BoxStream<'static, Result<LinkRow>>;
    /// How many links a query finds.
    async fn count_links(&self, query: LinkQuery) -> Result<u64>;
    /// Bases by link, one answer per link, in order.
    async fn bases(&self, links: &[String]) -> Result<Vec<Option<BaseRow>>>;
    /// The stamps of a hub record.
    async fn stamps(&self, account: &AccountId, kind: Kind, item: &ItemId) -> Result<Option<StampRow>>;

    /// Open intents of a sync, oldest first.
    fn intents(&self, sync: &SyncId) -> BoxStream<'static, Result<IntentRow>>;
    /// The steps of a run, in order. A plan lives here: its steps are streamed, never held whole.
    fn steps(&self, run: u64) -> BoxStream<'static, Result<StepRow>>;
    /// The greatest run number so far; 0 before the first.
    async fn last_run(&self) -> Result<u64>;
    /// Runs, newest first; of one sync, or of all.
    fn runs(&self, sync: Option<&SyncId>) -> BoxStream<'static, Result<RunRow>>;
    /// How far a sync has worked off a stream.
    async fn progress(&self, sync: &SyncId, stream: &StreamKey) -> Result<Option<ProgressRow>>;

    /// Tombstones that have one of these keys, or are of one of these items.
    async fn tombstones(&self, sync: &SyncId, keys: &[String]) -> Result<Vec<TombstoneRow>>;
    /// Journal rows.
    fn journal(&self, query: JournalQuery) -> BoxStream<'static, Result<JournalRow>>;
    /// One approval.
    async fn approval(&self, id: &str) -> Result<Option<ApprovalRow>>;
    /// The approvals of a sync that are not used up.
    async fn approvals(&self, sync: &SyncId) -> Result<Vec<ApprovalRow>>;
    /// The quarantined items of a sync.
    fn quarantine(&self, sync: &SyncId) -> BoxStream<'static, Result<QuarantineRow>>;
    /// How a sync stands; absent before anything was said of it.
    async fn sync(&self, sync: &SyncId) -> Result<Option<SyncRow>>;
    /// Every sync that has a row here.
    async fn syncs(&self) -> Result<Vec<SyncId>>;
}
