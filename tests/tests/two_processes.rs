//! Two processes on one state: the second says so, and one that lost its lease without knowing it does no more harm.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use futures::{executor::block_on, stream::BoxStream, task::noop_waker};
use pimkit::{
    AccountId, AccountRow, ApprovalRow, BaseRow, CollectionId, ComponentId, Contact, ErrorKind, IntentRow, ItemId, JournalQuery,
    JournalRow, Kind, Lease, LinkQuery, LinkRow, ProgressRow, QuarantineRow, Result, RunRow, SeenQuery, SeenRow, StampRow, State,
    StateChange, StepRow, StreamKey, StreamRow, SyncId, SyncRow, TombstoneRow,
    state_sqlite::SqliteState,
    sync::{Engine, Pair},
};
use pimkit_contract::{FakeClock, MemoryHub, SeededChance, Worst, WorstOptions, samples, state::MemoryState, worst::Operation};
use std::{
    future::Future,
    sync::Arc,
    task::{Context, Poll},
};

const ITEMS: u64 = 20;

/// A process that was stopped for so long that its lease was given to others: the store does not keep its place.
#[derive(Debug)]
struct Suspended(Arc<dyn State>);

#[async_trait::async_trait]
impl State for Suspended {
    async fn acquire(&self, component: &ComponentId) -> Result<Lease> {
        let lease = self.0.acquire(component).await?;
        Ok(Lease::new(lease.component.clone(), lease.token, ()))
    }
    async fn commit(&self, lease: &Lease, changes: Vec<StateChange>) -> Result<()> {
        self.0.commit(lease, changes).await
    }
    async fn account(&self, id: &AccountId) -> Result<Option<AccountRow>> {
        self.0.account(id).await
    }
    async fn stream(&self, key: &StreamKey) -> Result<Option<StreamRow>> {
        self.0.stream(key).await
    }
    async fn streams(&self, account: &AccountId, kind: Kind) -> Result<Vec<StreamRow>> {
        self.0.streams(account, kind).await
    }
    async fn seen(&self, account: &AccountId, kind: Kind, collection: &CollectionId, items: &[ItemId]) -> Result<Vec<Option<SeenRow>>> {
        self.0.seen(account, kind, collection, items).await
    }
    fn seen_rows(&self, query: SeenQuery) -> BoxStream<'static, Result<SeenRow>> {
        self.0.seen_rows(query)
    }
    async fn seen_by_keys(&self, account: &AccountId, kind: Kind, keys: &[String], limit: u32) -> Result<Vec<Vec<(CollectionId, ItemId)>>> {
        self.0.seen_by_keys(account, kind, keys, limit).await
    }
    async fn link(&self, id: &str) -> Result<Option<LinkRow>> {
        self.0.link(id).await
    }
    async fn links_of_hub(&self, sync: &SyncId, items: &[ItemId]) -> Result<Vec<Option<LinkRow>>> {
        self.0.links_of_hub(sync, items).await
    }
    async fn links_of_far(
        &self,
        sync: &SyncId,
        account: &AccountId,
        collection: &CollectionId,
        items: &[ItemId],
    ) -> Result<Vec<Option<LinkRow>>> {
        self.0.links_of_far(sync, account, collection, items).await
    }
    fn links(&self, query: LinkQuery) -> BoxStream<'static, Result<LinkRow>> {
        self.0.links(query)
    }
    async fn count_links(&self, query: LinkQuery) -> Result<u64> {
        self.0.count_links(query).await
    }
    async fn bases(&self, links: &[String]) -> Result<Vec<Option<BaseRow>>> {
        self.0.bases(links).await
    }
    async fn stamps(&self, account: &AccountId, kind: Kind, item: &ItemId) -> Result<Option<StampRow>> {
        self.0.stamps(account, kind, item).await
    }
    fn intents(&self, sync: &SyncId) -> BoxStream<'static, Result<IntentRow>> {
        self.0.intents(sync)
    }
    fn steps(&self, run: u64) -> BoxStream<'static, Result<StepRow>> {
        self.0.steps(run)
    }
    async fn last_run(&self) -> Result<u64> {
        self.0.last_run().await
    }
    fn runs(&self, sync: Option<&SyncId>) -> BoxStream<'static, Result<RunRow>> {
        self.0.runs(sync)
    }
    async fn progress(&self, sync: &SyncId, stream: &StreamKey) -> Result<Option<ProgressRow>> {
        self.0.progress(sync, stream).await
    }
    async fn tombstones(&self, sync: &SyncId, keys: &[String]) -> Result<Vec<TombstoneRow>> {
        self.0.tombstones(sync, keys).await
    }
    fn journal(&self, query: JournalQuery) -> BoxStream<'static, Result<JournalRow>> {
        self.0.journal(query)
    }
    async fn approval(&self, id: &str) -> Result<Option<ApprovalRow>> {
        self.0.approval(id).await
    }
    async fn approvals(&self, sync: &SyncId) -> Result<Vec<ApprovalRow>> {
        self.0.approvals(sync).await
    }
    fn quarantine(&self, sync: &SyncId) -> BoxStream<'static, Result<QuarantineRow>> {
        self.0.quarantine(sync)
    }
    async fn sync(&self, sync: &SyncId) -> Result<Option<SyncRow>> {
        self.0.sync(sync).await
    }
    async fn syncs(&self) -> Result<Vec<SyncId>> {
        self.0.syncs().await
    }
}

/// A hub with contacts, an empty far side, and a state as each of two processes has it.
struct Stage {
    clock: FakeClock,
    hub: MemoryHub,
    far: Worst,
    states: [Arc<dyn State>; 2],
    _folder: Option<tempfile::TempDir>,
}

impl Stage {
    /// On both kinds of state.
    fn both() -> [Self; 2] {
        let memory: Arc<dyn State> = Arc::new(MemoryState::new());
        let folder = tempfile::tempdir().unwrap();
        let open = || -> Arc<dyn State> { Arc::new(SqliteState::open(folder.path().join("sync.db")).unwrap()) };
        let files = [open(), open()];
        [Self::new([memory.clone(), memory], None), Self::new(files, Some(folder))]
    }

    fn new(states: [Arc<dyn State>; 2], folder: Option<tempfile::TempDir>) -> Self {
        let clock = FakeClock::default();
        let hub = MemoryHub::new(&clock);
        for n in 0..ITEMS {
            hub.by_hand::<Contact>().put(&"contacts".into(), samples::contact(n));
        }
        Self { hub, far: Worst::new(WorstOptions::kind(), &clock), states, clock, _folder: folder }
    }

    fn pair(&self, state: Arc<dyn State>, seed: u64) -> Pair<Contact> {
        let engine = Engine::new(state).clock(Arc::new(self.clock.clone())).chance(Arc::new(SeededChance::new(seed)));
        let pair = engine.pair::<Contact>("people", Arc::new(self.hub.clone()), Arc::new(self.far.clone()));
        pair.left_collections(vec!["contacts".to_owned()]).build().unwrap()
    }

    /// The first process, which loses its lease whenever another asks.
    fn suspended(&self) -> Pair<Contact> {
        self.pair(Arc::new(Suspended(self.states[0].clone())), 1)
    }

    fn second(&self) -> Pair<Contact> {
        self.pair(self.states[1].clone(), 2)
    }

    fn made(&self) -> usize {
        self.far.by_hand::<Contact>().records().len()
    }

    fn writes(&self) -> usize {
        self.far.requests().iter().filter(|r| r.operation == Operation::Write).count()
    }
}

#[test]
fn a_second_process_says_that_the_first_is_at_work() {
    for stage in Stage::both() {
        let plan = block_on(stage.pair(stage.states[0].clone(), 1).plan()).unwrap();
        let error = block_on(stage.second().run()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
        assert_eq!(stage.made(), 0);
        drop(plan);
        assert_eq!(block_on(stage.second().run()).unwrap().sync.created.right, ITEMS);
    }
}

#[test]
fn a_plan_whose_lease_was_taken_over_writes_nothing_any_more() {
    for stage in Stage::both() {
        let first = stage.suspended();
        let plan = block_on(first.plan()).unwrap();
        assert_eq!(block_on(stage.second().run()).unwrap().sync.created.right, ITEMS);
        let before = stage.writes();
        let error = block_on(first.apply(plan)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
        assert_eq!((stage.writes(), stage.made()), (before, ITEMS as usize));
        assert_eq!(block_on(stage.second().run()).unwrap().sync.writes(), 0);
    }
}

#[test]
fn a_write_in_flight_when_the_lease_is_taken_over_is_found_and_not_repeated() {
    for stage in Stage::both() {
        let first = stage.suspended();
        let mut run = Box::pin(async move { first.run().await });
        let waker = noop_waker();
        let mut context = Context::from_waker(&waker);
        // Until something of it has arrived, and its answer has not been heard.
        while stage.made() < 7 {
            assert!(run.as_mut().poll(&mut context).is_pending(), "the run was over before it could be stopped");
        }
        let report = block_on(stage.second().run()).unwrap();
        assert_eq!(stage.made(), ITEMS as usize, "{report:?}");
        // The first one wakes up: what it heard it cannot write down.
        let error = loop {
            if let Poll::Ready(outcome) = run.as_mut().poll(&mut context) {
                break outcome.unwrap_err();
            }
        };
        assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
        assert_eq!((stage.made(), stage.hub.by_hand::<Contact>().records().len()), (ITEMS as usize, ITEMS as usize));
        for _ in 0..2 {
            let report = block_on(stage.second().run()).unwrap();
            assert_eq!((report.sync.writes(), report.sync.verdict().exit_code()), (0, 0), "{report:?}");
        }
    }
}
