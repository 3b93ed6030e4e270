//! A state store in memory: deterministic, called inline, and stopped at any commit that a test names.

use super::tables::{FEW, PAGE, Tables, after, finds};
use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use pimkit_core::{
    AccountId, AccountRow, ApprovalRow, BaseRow, CollectionId, ComponentId, Error, ErrorKind, IntentRow, ItemId, JournalQuery, JournalRow,
    Kind, Lease, LinkQuery, LinkRow, ProgressRow, QuarantineRow, Result, RunRow, SeenQuery, SeenRow, StampRow, State, StateChange, StepRow,
    StreamKey, StreamRow, SyncId, SyncRow, TombstoneRow,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// On which side of its effect a commit is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopPoint {
    /// Nothing of the batch is kept.
    Before,
    /// The batch is durable, but the caller is not told.
    After,
}

/// What a test lets happen at a commit.
#[derive(Clone, Copy, Debug)]
struct Fault {
    at: StopPoint,
    /// Every later call fails too, as for a process that is dead.
    dead: bool,
}

type Hook = Arc<dyn Fn(u64, &[StateChange]) + Send + Sync>;

#[derive(Default)]
struct Inner {
    tables: Arc<Tables>,
    held: BTreeSet<ComponentId>,
    commits: u64,
    faults: BTreeMap<u64, Fault>,
    dead: bool,
    hook: Option<Hook>,
}

/// What was durable in a [`MemoryState`] at one moment. Cheap to keep: nothing is copied until the store goes on.
#[derive(Clone, Default, PartialEq)]
pub struct Snapshot(Arc<Tables>);

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("seen", &self.0.seen.len()).field("links", &self.0.links.len()).finish_non_exhaustive()
    }
}

/// A state store in memory. Clones are handles to the same store.
///
/// No method waits, starts a task or asks for the time, so that the same calls give the same store. What makes a test
/// unpleasant is asked for: [`crash_at`](Self::crash_at), [`fail_at`](Self::fail_at), [`on_commit`](Self::on_commit).
#[derive(Clone, Default)]
pub struct MemoryState {
    inner: Arc<Mutex<Inner>>,
}

impl fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("MemoryState").field("commits", &inner.commits).field("dead", &inner.dead).finish_non_exhaustive()
    }
}

/// Frees a component when the last clone of its lease is dropped.
struct Held {
    state: MemoryState,
    component: ComponentId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.state.lock().held.remove(&self.component);
    }
}

impl MemoryState {
    /// A store that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of its own that holds what was durable then: no lease, no fault, no commit counted yet.
    #[must_use]
    pub fn restore(snapshot: Snapshot) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { tables: snapshot.0, ..Inner::default() })) }
    }

    /// What is durable at this moment; also after a crash.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(Arc::clone(&self.lock().tables))
    }

    /// How many commits were asked for with a valid lease, those that faults stopped included.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.lock().commits
    }

    /// The `commit`th commit (the first is 1) fails with `Storage`, and so does every call after it: the process is
    /// dead. [`snapshot`](Self::snapshot) and [`restore`](Self::restore) are the restart.
    pub fn crash_at(&self, commit: u64, point: StopPoint) {
        self.lock().faults.insert(commit, Fault { at: point, dead: true });
    }

    /// The `commit`th commit (the first is 1) fails with `Storage`; the store goes on.
    pub fn fail_at(&self, commit: u64, point: StopPoint) {
        self.lock().faults.insert(commit, Fault { at: point, dead: false });
    }

    /// Called with each commit's number and changes before it takes effect. It must not call the store.
    pub fn on_commit(&self, hook: impl Fn(u64, &[StateChange]) + Send + Sync + 'static) {
        self.lock().hook = Some(Arc::new(hook));
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock can only be a hook's, which runs before anything is touched.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> Result<MutexGuard<'_, Inner>> {
        let inner = self.lock();
        if inner.dead { Err(stopped("the store was stopped at an earlier commit; restore it from its snapshot")) } else { Ok(inner) }
    }

    /// A stream in pages: `page` is given the key of the last row that was read, and gives keys and rows after it.
    fn stream<K, R, P>(&self, page: P) -> BoxStream<'static, Result<R>>
    where
        K: Send + 'static,
        R: Send + 'static,
        P: Fn(&Tables, Option<&K>) -> Vec<(K, R)> + Send + 'static,
    {
        struct Reading<K, R, P> {
            state: MemoryState,
            page: P,
            last: Option<K>,
            rows: VecDeque<(K, R)>,
            over: bool,
        }
        let reading = Reading { state: self.clone(), page, last: None, rows: VecDeque::new(), over: false };
        stream::unfold(reading, |mut reading| async move {
            if reading.over {
                return None;
            }
            if reading.rows.is_empty() {
                let page = reading.state.alive().map(|inner| (reading.page)(&inner.tables, reading.last.as_ref()));
                match page {
                    Ok(rows) => reading.rows = rows.into(),
                    Err(error) => {
                        reading.over = true;
                        return Some((Err(error), reading));
                    }
                }
            }
            let (key, row) = reading.rows.pop_front()?;
            reading.last = Some(key);
            Some((Ok(row), reading))
        })
        .boxed()
    }
}

fn stopped(why: &'static str) -> Error {
    Error::new(ErrorKind::Storage, why).during("state")
}

#[async_trait]
impl State for MemoryState {
    async fn acquire(&self, component: &ComponentId) -> Result<Lease> {
        let mut inner = self.alive()?;
        if !inner.held.insert(component.clone()) {
            return Err(Error::new(
                ErrorKind::LeaseLost,
                "another run of this process holds the component; wait until it ends, or stop it",
            )
            .during("state.acquire")
            .with("component", component));
        }
        let token = Arc::make_mut(&mut inner.tables).tokens.entry(component.clone()).or_default();
        *token = token.saturating_add(1);
        Ok(Lease::new(component.clone(), *token, Held { state: self.clone(), component: component.clone() }))
    }

    async fn commit(&self, lease: &Lease, changes: Vec<StateChange>) -> Result<()> {
        let mut inner = self.alive()?;
        if inner.tables.tokens.get(&lease.component) != Some(&lease.token) {
            return Err(Error::new(ErrorKind::LeaseLost, "another run took the component meanwhile; end this one")
                .during("state.commit")
                .with("component", &lease.component));
        }
        inner.commits = inner.commits.saturating_add(1);
        let number = inner.commits;
        if let Some(hook) = &inner.hook {
            hook(number, &changes);
        }
        let fault = inner.faults.get(&number).copied();
        inner.dead = fault.is_some_and(|f| f.dead);
        if fault.is_some_and(|f| f.at == StopPoint::Before) {
            return Err(stopped("stopped before the commit took effect, as the test asked"));
        }
        inner.tables.check(&changes).map_err(|e| e.during("state.commit"))?;
        let tables = Arc::make_mut(&mut inner.tables);
        changes.into_iter().for_each(|change| tables.apply(change));
        match fault {
            Some(_) => Err(stopped("stopped after the commit took effect, as the test asked")),
            None => Ok(()),
        }
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountRow>> {
        Ok(self.alive()?.tables.accounts.get(id).cloned())
    }

    async fn stream(&self, key: &StreamKey) -> Result<Option<StreamRow>> {
        Ok(self.alive()?.tables.streams.get(key).cloned())
    }

    async fn streams(&self, account: &AccountId, kind: Kind) -> Result<Vec<StreamRow>> {
        let of = |row: &&StreamRow| row.key.account == *account && row.key.kind == kind;
        Ok(self.alive()?.tables.streams.values().filter(of).cloned().collect())
    }

    async fn seen(&self, account: &AccountId, kind: Kind, collection: &CollectionId, items: &[ItemId]) -> Result<Vec<Option<SeenRow>>> {
        let inner = self.alive()?;
        let tables = &inner.tables;
        let key = |item: &ItemId| (account.clone(), kind, collection.clone(), item.clone());
        Ok(items.iter().map(|item| tables.seen.get(&key(item)).map(|row| SeenRow::clone(row))).collect())
    }

    fn seen_rows(&self, query: SeenQuery) -> BoxStream<'static, Result<SeenRow>> {
        let first = query.collection.clone().unwrap_or_default();
        self.stream(move |tables: &Tables, last| {
            let first = (query.account.clone(), query.kind, first.clone(), ItemId::default());
            let from = last.map_or(Bound::Included(&first), Bound::Excluded);
            let rows = tables.seen.range((from, Bound::Unbounded));
            rows.take_while(|((account, kind, collection, _), _)| {
                *account == query.account && *kind == query.kind && query.collection.as_ref().is_none_or(|c| c == collection)
            })
            .filter(|(_, row)| query.changed_after.is_none_or(|run| row.changed > run))
            .filter(|(_, row)| query.epoch_before.is_none_or(|epoch| row.epoch < epoch))
            .take(PAGE)
            .map(|(key, row)| (key.clone(), SeenRow::clone(row)))
            .collect()
        })
    }

    async fn seen_by_keys(&self, account: &AccountId, kind: Kind, keys: &[String], limit: u32) -> Result<Vec<Vec<(CollectionId, ItemId)>>> {
        let inner = self.alive()?;
        let tables = &inner.tables;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let places = |key: &String| tables.seen_keys.get(&(account.clone(), kind, key.clone()));
        Ok(keys.iter().map(|key| places(key).into_iter().flatten().take(limit).cloned().collect()).collect())
    }

    async fn link(&self, id: &str) -> Result<Option<LinkRow>> {
        Ok(self.alive()?.tables.links.get(id).map(|row| LinkRow::clone(row)))
    }

    async fn links_of_hub(&self, sync: &SyncId, items: &[ItemId]) -> Result<Vec<Option<LinkRow>>> {
        let inner = self.alive()?;
        let tables = &inner.tables;
        let link = |item: &ItemId| tables.links.get(tables.hub_claims.get(&(sync.clone(), item.clone()))?).map(|row| LinkRow::clone(row));
        Ok(items.iter().map(link).collect())
    }

    async fn links_of_far(
        &self,
        sync: &SyncId,
        account: &AccountId,
        collection: &CollectionId,
        items: &[ItemId],
    ) -> Result<Vec<Option<LinkRow>>> {
        let inner = self.alive()?;
        let tables = &inner.tables;
        let claim = |item: &ItemId| (sync.clone(), account.clone(), collection.clone(), item.clone());
        let link = |item: &ItemId| tables.links.get(tables.far_claims.get(&claim(item))?).map(|row| LinkRow::clone(row));
        Ok(items.iter().map(link).collect())
    }

    fn links(&self, query: LinkQuery) -> BoxStream<'static, Result<LinkRow>> {
        self.stream(move |tables: &Tables, last| after(&tables.links, last, |link| finds(&query, link)))
    }

    async fn count_links(&self, query: LinkQuery) -> Result<u64> {
        Ok(self.alive()?.tables.links.values().filter(|link| finds(&query, link)).count() as u64)
    }

    async fn bases(&self, links: &[String]) -> Result<Vec<Option<BaseRow>>> {
        let inner = self.alive()?;
        let tables = &inner.tables;
        Ok(links.iter().map(|link| tables.bases.get(link).map(|row| BaseRow::clone(row))).collect())
    }

    async fn stamps(&self, account: &AccountId, kind: Kind, item: &ItemId) -> Result<Option<StampRow>> {
        Ok(self.alive()?.tables.stamps.get(&(account.clone(), kind, item.clone())).cloned())
    }

    fn intents(&self, sync: &SyncId) -> BoxStream<'static, Result<IntentRow>> {
        let sync = sync.clone();
        self.stream(move |tables: &Tables, last| after(&tables.intents, last, |row| row.sync == sync))
    }

    fn steps(&self, run: u64) -> BoxStream<'static, Result<StepRow>> {
        self.stream(move |tables: &Tables, last| {
            let first = (run, 0);
            let from = last.map_or(Bound::Included(&first), Bound::Excluded);
            let rows = tables.steps.range((from, Bound::Included(&(run, u64::MAX))));
            rows.take(PAGE).map(|(key, row)| (*key, StepRow::clone(row))).collect()
        })
    }

    async fn last_run(&self) -> Result<u64> {
        Ok(self.alive()?.tables.runs.last_key_value().map_or(0, |(run, _)| *run))
    }

    fn runs(&self, sync: Option<&SyncId>) -> BoxStream<'static, Result<RunRow>> {
        let sync = sync.cloned();
        self.stream(move |tables: &Tables, last: Option<&u64>| {
            let to = last.map_or(Bound::Unbounded, Bound::Excluded);
            let rows = tables.runs.range((Bound::Unbounded, to)).rev();
            rows.filter(|(_, row)| sync.as_ref().is_none_or(|s| *s == row.sync)).take(FEW).map(|(k, r)| (*k, r.clone())).collect()
        })
    }

    async fn progress(&self, sync: &SyncId, stream: &StreamKey) -> Result<Option<ProgressRow>> {
        Ok(self.alive()?.tables.progress.get(&(sync.clone(), stream.clone())).cloned())
    }

    async fn tombstones(&self, sync: &SyncId, keys: &[String]) -> Result<Vec<TombstoneRow>> {
        let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
        let of = |row: &&TombstoneRow| {
            let ids = [&row.hub_item, &row.item].into_iter().flatten().map(ItemId::as_str);
            row.sync == *sync && row.keys.iter().map(String::as_str).chain(ids).any(|key| keys.contains(key))
        };
        Ok(self.alive()?.tables.tombstones.values().map(|row| &**row).filter(of).cloned().collect())
    }

    fn journal(&self, query: JournalQuery) -> BoxStream<'static, Result<JournalRow>> {
        self.stream(move |tables: &Tables, last| {
            after(&tables.journal, last, |row| {
                query.sync.as_ref().is_none_or(|sync| row.sync == *sync)
                    && query.run.is_none_or(|run| row.run == run)
                    && query.item.as_ref().is_none_or(|item| [&row.hub_item, &row.item].into_iter().flatten().any(|id| id == item))
            })
        })
    }

    async fn approval(&self, id: &str) -> Result<Option<ApprovalRow>> {
        Ok(self.alive()?.tables.approvals.get(id).cloned())
    }

    async fn approvals(&self, sync: &SyncId) -> Result<Vec<ApprovalRow>> {
        let open = |row: &&ApprovalRow| row.sync == *sync && row.used.is_none();
        Ok(self.alive()?.tables.approvals.values().filter(open).cloned().collect())
    }

    fn quarantine(&self, sync: &SyncId) -> BoxStream<'static, Result<QuarantineRow>> {
        let sync = sync.clone();
        self.stream(move |tables: &Tables, last| after(&tables.quarantine, last, |row| row.sync == sync))
    }

    async fn sync(&self, sync: &SyncId) -> Result<Option<SyncRow>> {
        Ok(self.alive()?.tables.syncs.get(sync).cloned())
    }

    async fn syncs(&self) -> Result<Vec<SyncId>> {
        let inner = self.alive()?;
        let tables = &inner.tables;
        let mut syncs: BTreeSet<&SyncId> = BTreeSet::new();
        syncs.extend(tables.links.values().map(|row| &row.sync));
        syncs.extend(tables.intents.values().map(|row| &row.sync));
        syncs.extend(tables.steps.values().map(|row| &row.sync));
        syncs.extend(tables.syncs.keys());
        syncs.extend(tables.runs.values().map(|row| &row.sync));
        syncs.extend(tables.progress.values().map(|row| &row.sync));
        syncs.extend(tables.tombstones.values().map(|row| &row.sync));
        syncs.extend(tables.journal.values().map(|row| &row.sync));
        syncs.extend(tables.approvals.values().map(|row| &row.sync));
        syncs.extend(tables.quarantine.values().map(|row| &row.sync));
        Ok(syncs.into_iter().cloned().collect())
    }
}
