//! The engine's memory with a probe in it: gives way at each commit, so that a run may be stopped
//! before and after it, fails commits on demand, and lets another process take the lease.

use crate::committed;
use async_trait::async_trait;
use futures::stream::BoxStream;
use pimkit_core::{
    AccountId, AccountRow, ApprovalRow, BaseRow, CollectionId, ComponentId, Error, ErrorKind, IntentRow, ItemId, JournalQuery, JournalRow,
    Kind, Lease, LinkQuery, LinkRow, ProgressRow, QuarantineRow, Result, RunRow, SeenQuery, SeenRow, StampRow, State, StateChange, StepRow,
    StreamKey, StreamRow, SyncId, SyncRow, TombstoneRow,
};
use std::{
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

/// Where a commit stands when the run gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtCommit {
    Before,
    After,
}

/// What a commit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitOf {
    /// Writes that are about to leave.
    Intents,
    /// What became of writes.
    Outcomes,
    Other,
}

#[derive(Debug, Default)]
struct Inner {
    /// Where the run just gave way, until it is asked.
    at: Option<(AtCommit, CommitOf)>,
    commits: u64,
    fail: Option<(u64, bool)>,
    failed: Option<CommitOf>,
    /// Commits that were not told yet.
    told: Vec<Commit>,
    deep: bool,
    in_words: bool,
    lease: Option<Lease>,
}

/// What was committed.
#[derive(Debug)]
pub(crate) struct Commit {
    /// How many changes.
    pub(crate) count: usize,
    /// What they hash to.
    pub(crate) hash: u64,
    /// What they say, where somebody looks.
    pub(crate) words: Vec<String>,
}

/// A state with a probe in it.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    state: Arc<dyn State>,
    inner: Arc<Mutex<Inner>>,
}

/// Lets go of what the probe keeps when the engine drops its lease.
struct Guard {
    inner: Arc<Mutex<Inner>>,
    token: u64,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let lease = {
            let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            if inner.lease.as_ref().is_some_and(|l| l.token == self.token) { inner.lease.take() } else { None }
        };
        drop(lease);
    }
}

fn of(changes: &[StateChange]) -> CommitOf {
    if changes.iter().any(|c| matches!(c, StateChange::Intent(_))) {
        CommitOf::Intents
    } else if changes.iter().any(|c| matches!(c, StateChange::Settled(_) | StateChange::StepDone { .. })) {
        CommitOf::Outcomes
    } else {
        CommitOf::Other
    }
}

impl Probe {
    /// `deep`: what commits hold is hashed whole, not only how much it is; `in_words`: it is told as well.
    pub(crate) fn new(state: Arc<dyn State>, deep: bool, in_words: bool) -> Self {
        Self { state, inner: Arc::new(Mutex::new(Inner { deep, in_words, ..Inner::default() })) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The commit of this number (from 1, counted from here) fails, with or without its effect.
    pub(crate) fn fail(&self, commit: Option<(u64, bool)>) {
        let mut inner = self.lock();
        inner.fail = commit;
        inner.commits = 0;
        inner.failed = None;
    }

    /// The commit that the run is about to make fails, with or without its effect.
    pub(crate) fn fail_next(&self, effect: bool) {
        let mut inner = self.lock();
        inner.fail = Some((inner.commits + 1, effect));
    }

    /// Where the run gave way at a commit since this was asked last.
    pub(crate) fn at(&self) -> Option<(AtCommit, CommitOf)> {
        self.lock().at.take()
    }

    /// Which commit failed as planned.
    pub(crate) fn failed(&self) -> Option<CommitOf> {
        self.lock().failed.take()
    }

    /// The commits since this was asked last.
    pub(crate) fn told(&self) -> Vec<Commit> {
        std::mem::take(&mut self.lock().told)
    }

    /// Another process takes the lease of whoever has it; true when somebody had.
    pub(crate) fn take_over(&self) -> bool {
        let lease = self.lock().lease.take();
        lease.is_some()
    }

    async fn give_way(&self, at: AtCommit, of: CommitOf) {
        let mut taken = false;
        poll_fn(|context| {
            if std::mem::replace(&mut taken, true) {
                return Poll::Ready(());
            }
            self.lock().at = Some((at, of));
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// Feeds what is serialised into a hash.
struct Hashing(u64);

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a value hashes to (FNV-1a over its JSON).
pub(crate) fn hash_of<T: serde::Serialize>(value: &T) -> u64 {
    let mut hashing = Hashing(0xcbf2_9ce4_8422_2325);
    if serde_json::to_writer(&mut hashing, value).is_err() {
        hashing.0 = 0;
    }
    hashing.0
}

#[async_trait]
impl State for Probe {
    async fn acquire(&self, component: &ComponentId) -> Result<Lease> {
        let lease = self.state.acquire(component).await?;
        let token = lease.token;
        self.lock().lease = Some(lease);
        Ok(Lease::new(component.clone(), token, Guard { inner: self.inner.clone(), token }))
    }

    async fn commit(&self, lease: &Lease, changes: Vec<StateChange>) -> Result<()> {
        let of = of(&changes);
        self.give_way(AtCommit::Before, of).await;
        let fault = {
            let mut inner = self.lock();
            inner.commits += 1;
            let hash = if inner.deep { hash_of(&changes) } else { 0 };
            let words = if inner.in_words { changes.iter().filter_map(committed::in_words).collect() } else { Vec::new() };
            inner.told.push(Commit { count: changes.len(), hash, words });
            let number = inner.commits;
            let fault = inner.fail.filter(|(n, _)| *n == number).map(|(_, effect)| effect);
            if fault.is_some() {
                inner.failed = Some(of);
            }
            fault
        };
        let error = || Err(Error::new(ErrorKind::Storage, "the disk is full, for once").during("state.commit"));
        if fault == Some(false) {
            return error();
        }
        self.state.commit(lease, changes).await?;
        self.give_way(AtCommit::After, of).await;
        if fault.is_some() { error() } else { Ok(()) }
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountRow>> {
        self.state.account(id).await
    }
    async fn stream(&self, key: &StreamKey) -> Result<Option<StreamRow>> {
        self.state.stream(key).await
    }
    async fn streams(&self, account: &AccountId, kind: Kind) -> Result<Vec<StreamRow>> {
        self.state.streams(account, kind).await
    }
    async fn seen(&self, account: &AccountId, kind: Kind, collection: &CollectionId, items: &[ItemId]) -> Result<Vec<Option<SeenRow>>> {
        self.state.seen(account, kind, collection, items).await
    }
    fn seen_rows(&self, query: SeenQuery) -> BoxStream<'static, Result<SeenRow>> {
        self.state.seen_rows(query)
    }
    async fn seen_by_keys(&self, account: &AccountId, kind: Kind, keys: &[String], limit: u32) -> Result<Vec<Vec<(CollectionId, ItemId)>>> {
        self.state.seen_by_keys(account, kind, keys, limit).await
    }
    async fn link(&self, id: &str) -> Result<Option<LinkRow>> {
        self.state.link(id).await
    }
    async fn links_of_hub(&self, sync: &SyncId, items: &[ItemId]) -> Result<Vec<Option<LinkRow>>> {
        self.state.links_of_hub(sync, items).await
    }
    async fn links_of_far(
        &self,
        sync: &SyncId,
        account: &AccountId,
        collection: &CollectionId,
        items: &[ItemId],
    ) -> Result<Vec<Option<LinkRow>>> {
        self.state.links_of_far(sync, account, collection, items).await
    }
    fn links(&self, query: LinkQuery) -> BoxStream<'static, Result<LinkRow>> {
        self.state.links(query)
    }
    async fn count_links(&self, query: LinkQuery) -> Result<u64> {
        self.state.count_links(query).await
    }
    async fn bases(&self, links: &[String]) -> Result<Vec<Option<BaseRow>>> {
        self.state.bases(links).await
    }
    async fn stamps(&self, account: &AccountId, kind: Kind, item: &ItemId) -> Result<Option<StampRow>> {
        self.state.stamps(account, kind, item).await
    }
    fn intents(&self, sync: &SyncId) -> BoxStream<'static, Result<IntentRow>> {
        self.state.intents(sync)
    }
    fn steps(&self, run: u64) -> BoxStream<'static, Result<StepRow>> {
        self.state.steps(run)
    }
    async fn last_run(&self) -> Result<u64> {
        self.state.last_run().await
    }
    fn runs(&self, sync: Option<&SyncId>) -> BoxStream<'static, Result<RunRow>> {
        self.state.runs(sync)
    }
    async fn progress(&self, sync: &SyncId, stream: &StreamKey) -> Result<Option<ProgressRow>> {
        self.state.progress(sync, stream).await
    }
    async fn tombstones(&self, sync: &SyncId, keys: &[String]) -> Result<Vec<TombstoneRow>> {
        self.state.tombstones(sync, keys).await
    }
    fn journal(&self, query: JournalQuery) -> BoxStream<'static, Result<JournalRow>> {
        self.state.journal(query)
    }
    async fn approval(&self, id: &str) -> Result<Option<ApprovalRow>> {
        self.state.approval(id).await
    }
    async fn approvals(&self, sync: &SyncId) -> Result<Vec<ApprovalRow>> {
        self.state.approvals(sync).await
    }
    fn quarantine(&self, sync: &SyncId) -> BoxStream<'static, Result<QuarantineRow>> {
        self.state.quarantine(sync)
    }
    async fn sync(&self, id: &SyncId) -> Result<Option<SyncRow>> {
        self.state.sync(id).await
    }
    async fn syncs(&self) -> Result<Vec<SyncId>> {
        self.state.syncs().await
    }
}
