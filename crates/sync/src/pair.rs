//! One sync: what it is set up as, and the state of one run of it.

use crate::{
    engine::Shared,
    map::{FieldMap, FieldPair},
    policy::Policy,
    quarantine::Quarantine,
    recover::OpenCreates,
    report::{PerSide, Progress, Report, SyncReport},
    step::PlannedStep,
};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use jiff::Timestamp;
use pimkit_core::{
    Account, AccountRow, Collection, CollectionId, ComponentId, Connector, Error, ErrorKind, Field, FieldSupport, ItemId, Lease, LinkQuery,
    LinkState, Record, Repository, Result, RunRow, Side, State, StateChange, SyncId, Value,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    marker::PhantomData,
    sync::Arc,
};

/// Which collection of the hub a far-born record goes to.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) field: Field,
    pub(crate) equals: Value,
    pub(crate) collection: String,
}

/// What a sync is set up as.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) sync: SyncId,
    pub(crate) left: Arc<dyn Connector>,
    pub(crate) right: Arc<dyn Connector>,
    pub(crate) left_name: String,
    pub(crate) right_name: String,
    pub(crate) policy: Policy,
    pub(crate) own_pairs: Vec<FieldPair>,
    pub(crate) collections: Vec<String>,
    pub(crate) left_collections: Vec<String>,
    pub(crate) homes: Vec<Home>,
    pub(crate) page_size: u32,
    pub(crate) approvals: Vec<String>,
}

/// One sync, ready to run. Cheap to clone.
pub struct Pair<R: Record> {
    shared: Arc<Shared>,
    setup: Arc<Setup>,
    kind: PhantomData<fn() -> R>,
}

impl<R: Record> Clone for Pair<R> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), setup: self.setup.clone(), kind: PhantomData }
    }
}

impl<R: Record> fmt::Debug for Pair<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("setup", &self.setup).finish_non_exhaustive()
    }
}

/// A dry run: what would be written, and why. Its steps lie in the state. While it lives, no other
/// run of the component can start.
pub struct Plan {
    pub(crate) run: u64,
    pub(crate) report: SyncReport,
    pub(crate) started: Timestamp,
    pub(crate) lease: Lease,
    pub(crate) state: Arc<dyn State>,
    sync: SyncId,
    carried: Carried,
}

/// What applying a plan must know of how it came to be.
#[derive(Clone, Debug, Default)]
struct Carried {
    /// Collections that were not read to the end.
    failed: [BTreeMap<CollectionId, String>; 2],
    /// What recovering earlier writes came to.
    recovered: [PerSide; 3],
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan").field("run", &self.run).field("report", &self.report).finish_non_exhaustive()
    }
}

impl Plan {
    /// The run's number.
    #[must_use]
    pub fn run(&self) -> u64 {
        self.run
    }

    /// What applying it would come to.
    #[must_use]
    pub fn report(&self) -> &SyncReport {
        &self.report
    }

    /// The steps, in order, read from the state page by page.
    #[must_use]
    pub fn steps(&self) -> BoxStream<'static, Result<PlannedStep>> {
        self.state
            .steps(self.run)
            .map(|row| {
                let row = row?;
                let body = serde_json::from_value(row.body).map_err(|_| damaged("a step"))?;
                Ok(PlannedStep { step: row.step, body })
            })
            .boxed()
    }
}

pub(crate) fn damaged(what: &'static str) -> Error {
    Error::new(ErrorKind::Storage, format!("{what} in the state cannot be read; it was written by another version or is damaged"))
}

impl<R: Record> Pair<R> {
    pub(crate) fn new(shared: Arc<Shared>, setup: Setup) -> Self {
        Self { shared, setup: Arc::new(setup), kind: PhantomData }
    }

    /// Finds out what there is to do: recover, observe, match, merge, plan and guard. Neither side
    /// is written, but for what an earlier run left half done.
    ///
    /// # Errors
    /// `LeaseLost` when another run has the component; what the sides or the state say when one
    /// cannot be reached at all. One bad item or collection is no error: it is in the report.
    pub async fn plan(&self) -> Result<Plan> {
        let mut run = Run::<R>::begin(&self.shared, &self.setup).await?;
        run.recover().await?;
        run.observe(Side::Left).await?;
        run.observe(Side::Right).await?;
        run.find_again().await?;
        let recovered = run.take_counts();
        run.plan_all().await?;
        run.guard().await?;
        let report = run.report.clone();
        run.note_run(if report.holds.is_empty() { "planned" } else { "held" }, None).await?;
        let carried = Carried { failed: [run.hub.failed, run.far.failed], recovered };
        let (state, sync) = (self.shared.state.clone(), self.setup.sync.clone());
        Ok(Plan { run: run.run, report, started: run.started, lease: run.lease, state, sync, carried })
    }

    /// Does what the plan says, as far as it still holds.
    ///
    /// # Errors
    /// `Config` when it is another sync's plan; `LeaseLost` when the component was taken over
    /// meanwhile; what the state says when it fails.
    pub async fn apply(&self, plan: Plan) -> Result<Report> {
        if plan.sync != self.setup.sync || plan.report.kind != R::KIND.plural() {
            let error = Error::new(ErrorKind::Config, "this is the plan of another sync; apply it with the pair that made it");
            return Err(error.with("plan", &plan.sync).with("sync", &self.setup.sync));
        }
        let mut run = Run::<R>::resume(&self.shared, &self.setup, plan).await?;
        run.apply_all().await?;
        run.finish().await
    }

    /// Plans and applies.
    ///
    /// # Errors
    /// As [`Pair::plan`] and [`Pair::apply`].
    pub async fn run(&self) -> Result<Report> {
        let plan = self.plan().await?;
        self.apply(plan).await
    }
}

/// One side during a run.
pub(crate) struct Half<R: Record> {
    pub(crate) account: Account,
    pub(crate) repository: Arc<dyn Repository<R>>,
    /// The chosen collections, in the order in which they were chosen.
    pub(crate) collections: Vec<Collection>,
    /// Every collection of the account.
    pub(crate) all: Vec<Collection>,
    /// Collections that were not read to the end this time, and why.
    pub(crate) failed: BTreeMap<CollectionId, String>,
    /// The collection that was chosen first, where new items belong, is not there.
    pub(crate) first_is_gone: bool,
    pub(crate) fields: BTreeMap<CollectionId, Vec<FieldSupport>>,
}

impl<R: Record> Half<R> {
    pub(crate) fn collection(&self, id: &CollectionId) -> Option<&Collection> {
        self.collections.iter().find(|c| c.id == *id)
    }

    /// Whether a collection that is there was not read to its end: an item that was not seen may be in it.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.collections.iter().any(|c| self.failed.contains_key(&c.id))
    }

    pub(crate) fn settles(&self, id: &CollectionId, policy: &Policy) -> std::time::Duration {
        match self.collection(id).map(|c| c.capabilities.create) {
            Some(pimkit_core::Create::Findable { settles_after }) => settles_after,
            Some(pimkit_core::Create::ByContent) => policy.settle(),
            _ => std::time::Duration::ZERO,
        }
    }
}

/// One run.
pub(crate) struct Run<R: Record> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) setup: Arc<Setup>,
    pub(crate) lease: Lease,
    pub(crate) run: u64,
    pub(crate) started: Timestamp,
    /// When the run before this one began: what was not named as changed since was as it was then.
    pub(crate) before: Option<Timestamp>,
    pub(crate) hub: Half<R>,
    pub(crate) far: Half<R>,
    pub(crate) report: SyncReport,
    pub(crate) steps: u64,
    pub(crate) links: u64,
    /// Links that the run writes, or means to write.
    pub(crate) touched: u64,
    /// Steps that take an item for deleted.
    pub(crate) losses: u64,
    /// Changes that wait for the next commit.
    waiting: Vec<StateChange>,
    /// Links with a write whose outcome is not known: left alone.
    pub(crate) open: BTreeSet<String>,
    /// What a create whose outcome is not known may have made: neither linked nor made on the other side.
    pub(crate) open_creates: OpenCreates,
    /// Links whose end moved in this run: planned already, wherever else they turn up.
    pub(crate) repointed: BTreeSet<String>,
    /// Far items whose version of a conflict was to be copied and could not be: their conflict stays.
    pub(crate) uncopied: BTreeSet<(CollectionId, ItemId)>,
    /// Earlier runs of the sync that did not end: their steps are of no use any more.
    pub(crate) unfinished: Vec<u64>,
    /// How many writes the plan means to do.
    pub(crate) planned: u64,
    pub(crate) quarantine: Quarantine,
    /// The newest round of each collection, as far as it was asked for.
    pub(crate) epochs: BTreeMap<(Side, CollectionId), u64>,
    maps: BTreeMap<(CollectionId, CollectionId), Arc<FieldMap>>,
}

impl<R: Record> Run<R> {
    async fn begin(shared: &Arc<Shared>, setup: &Arc<Setup>) -> Result<Self> {
        let (left, right) = accounts(setup).await?;
        let lease = shared.state.acquire(&component()).await?;
        let run = shared.state.last_run().await? + 1;
        let mut before = None;
        let mut unfinished = Vec::new();
        let mut runs = shared.state.runs(Some(&setup.sync));
        while let Some(row) = runs.try_next().await? {
            if row.finished.is_some() {
                before = Some(row.started);
                break;
            }
            unfinished.push(row.run);
        }
        drop(runs);
        let started = shared.clock.now();
        let mut run = Self::new(shared, setup, lease, run, started, before, left, right).await?;
        // The number is taken from here on, whatever becomes of the run.
        run.unfinished = unfinished;
        run.note_run("started", None).await?;
        Ok(run)
    }

    async fn resume(shared: &Arc<Shared>, setup: &Arc<Setup>, plan: Plan) -> Result<Self> {
        let (left, right) = accounts(setup).await?;
        let mut run = Self::new(shared, setup, plan.lease, plan.run, plan.started, None, left, right).await?;
        // Ids of links made while planning are taken.
        run.links = 1 << 31;
        let gone = std::mem::take(&mut run.report.notes);
        run.report = plan.report;
        gone.into_iter().for_each(|note| run.note(note));
        // What was not read then is not worked off, whatever is there by this time.
        let [left, right] = plan.carried.failed;
        run.hub.failed.extend(left);
        run.far.failed.extend(right);
        // Applying counts what is written; the plan counted what it meant to write.
        run.planned = run.report.writes();
        let [created, updated, deleted] = plan.carried.recovered;
        run.report.created = created;
        run.report.updated = updated;
        run.report.deleted = deleted;
        Ok(run)
    }

    #[allow(clippy::too_many_arguments)]
    async fn new(
        shared: &Arc<Shared>,
        setup: &Arc<Setup>,
        lease: Lease,
        run: u64,
        started: Timestamp,
        before: Option<Timestamp>,
        left: Account,
        right: Account,
    ) -> Result<Self> {
        let report = SyncReport::new(setup.sync.as_str(), R::KIND, &setup.left_name, &setup.right_name);
        let hub = half(Side::Left, left, setup.left.as_ref())?;
        let far = half(Side::Right, right, setup.right.as_ref())?;
        let mut run = Self {
            shared: shared.clone(),
            setup: setup.clone(),
            lease,
            run,
            started,
            before,
            hub,
            far,
            report,
            steps: 0,
            links: 0,
            touched: 0,
            losses: 0,
            waiting: Vec::new(),
            open: BTreeSet::new(),
            open_creates: OpenCreates::default(),
            repointed: BTreeSet::new(),
            uncopied: BTreeSet::new(),
            unfinished: Vec::new(),
            planned: 0,
            quarantine: Quarantine::default(),
            epochs: BTreeMap::new(),
            maps: BTreeMap::new(),
        };
        run.choose(Side::Left).await?;
        run.choose(Side::Right).await?;
        run.check_maps()?;
        run.load_quarantine().await?;
        let accounts = [&run.hub.account, &run.far.account];
        let mut changes = Vec::new();
        for account in accounts {
            let kept = run.state().account(&account.id).await?;
            let row = AccountRow {
                id: account.id.clone(),
                skew: account.skew,
                endpoints: kept.as_ref().and_then(|k| k.endpoints.clone()),
                app_cursor: kept.and_then(|k| k.app_cursor),
            };
            changes.push(StateChange::Account(row));
        }
        run.commit(changes).await?;
        Ok(run)
    }

    /// Takes the chosen collections, and finds those that are gone.
    async fn choose(&mut self, side: Side) -> Result<()> {
        let names = match side {
            Side::Left => self.setup.left_collections.clone(),
            Side::Right => self.setup.collections.clone(),
        };
        let half = self.half(side);
        let all = half.repository.collections().await?;
        let account = half.account.id.clone();
        let known: Vec<CollectionId> = self.state().streams(&account, R::KIND).await?.into_iter().map(|row| row.key.collection).collect();
        let mut chosen = Vec::new();
        let mut gone: Vec<(CollectionId, String)> = Vec::new();
        if names.is_empty() {
            chosen.clone_from(&all);
            for id in known.iter().filter(|id| !all.iter().any(|c| c.id == **id)) {
                gone.push((id.clone(), id.to_string()));
            }
        }
        for name in &names {
            match all.iter().find(|c| c.id.as_str() == name).or_else(|| all.iter().find(|c| c.name == *name)) {
                Some(collection) => chosen.push(collection.clone()),
                None if !known.is_empty() => {
                    let id = known.iter().find(|id| id.as_str() == name).cloned().unwrap_or_else(|| CollectionId(name.clone()));
                    gone.push((id, name.clone()));
                }
                None => {
                    let there: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
                    return Err(Error::new(ErrorKind::Config, "the account has no collection of this name; correct the config")
                        .with("side", side.word())
                        .with("collection", name)
                        .with("there are", there.join(", ")));
                }
            }
        }
        for (id, name) in gone {
            let why = "the collection is not there any more; what was linked to it is left alone".to_owned();
            self.report.notes.push(format!("{} {name}: {why}", side.word()));
            self.half_mut(side).failed.insert(id, why);
        }
        let repository = self.half(side).repository.clone();
        let mut fields = BTreeMap::new();
        for collection in &chosen {
            fields.insert(collection.id.clone(), repository.fields(&collection.id).await?);
        }
        let half = self.half_mut(side);
        half.first_is_gone = names.first().is_some_and(|first| !chosen.iter().any(|c| c.id.as_str() == first || c.name == *first));
        half.collections = chosen;
        half.all = all;
        half.fields = fields;
        Ok(())
    }

    /// Refuses a wrong map before anything is read.
    fn check_maps(&mut self) -> Result<()> {
        let pairs: Vec<(CollectionId, CollectionId)> =
            self.hub.collections.iter().flat_map(|h| self.far.collections.iter().map(|f| (h.id.clone(), f.id.clone()))).collect();
        for (hub, far) in pairs {
            let empty = Vec::new();
            let hub_fields = self.hub.fields.get(&hub).unwrap_or(&empty);
            let far_fields = self.far.fields.get(&far).unwrap_or(&empty);
            let map = FieldMap::new(R::KIND, hub_fields, far_fields, &self.setup.own_pairs)?;
            self.maps.insert((hub, far), Arc::new(map));
        }
        Ok(())
    }

    /// The map between two collections; none when one of them is not part of the run.
    pub(crate) fn map(&self, hub: &CollectionId, far: &CollectionId) -> Option<Arc<FieldMap>> {
        self.maps.get(&(hub.clone(), far.clone())).cloned()
    }

    /// A number that changes when maps or policies do.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut parts = vec![format!("{:x}", self.setup.policy.fingerprint())];
        parts.extend(self.maps.iter().map(|((h, f), m)| format!("{h}\n{f}\n{:x}", m.fingerprint())));
        pimkit_core::cursor::binding(&parts)
    }

    pub(crate) fn state(&self) -> &Arc<dyn State> {
        &self.shared.state
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(crate) fn sync(&self) -> &SyncId {
        &self.setup.sync
    }

    pub(crate) fn half(&self, side: Side) -> &Half<R> {
        match side {
            Side::Left => &self.hub,
            Side::Right => &self.far,
        }
    }

    pub(crate) fn half_mut(&mut self, side: Side) -> &mut Half<R> {
        match side {
            Side::Left => &mut self.hub,
            Side::Right => &mut self.far,
        }
    }

    /// Writes down changes, after those that wait.
    pub(crate) async fn commit(&mut self, changes: Vec<StateChange>) -> Result<()> {
        self.waiting.extend(changes);
        self.flush().await
    }

    /// Keeps changes until the next commit: what belongs together is durable together, and a page
    /// costs one commit.
    pub(crate) fn later(&mut self, changes: impl IntoIterator<Item = StateChange>) {
        self.waiting.extend(changes);
    }

    /// Writes down the changes that wait.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let changes = std::mem::take(&mut self.waiting);
        self.shared.state.commit(&self.lease, changes).await
    }

    pub(crate) fn progress(&self, progress: Progress) {
        self.shared.watch.progress(progress);
    }

    /// The counts of what was written so far; they start again.
    fn take_counts(&mut self) -> [PerSide; 3] {
        let report = &mut self.report;
        [&mut report.created, &mut report.updated, &mut report.deleted].map(std::mem::take)
    }

    /// Writes down how the run stands.
    pub(crate) async fn note_run(&mut self, outcome: &str, finished: Option<Timestamp>) -> Result<()> {
        let report = serde_json::to_value(&self.report).unwrap_or(Value::Null);
        let row =
            RunRow { run: self.run, sync: self.setup.sync.clone(), started: self.started, finished, outcome: outcome.to_owned(), report };
        self.commit(vec![StateChange::Run(row)]).await
    }

    /// Counts the links that stand and were not written.
    pub(crate) async fn count_unchanged(&mut self) -> Result<()> {
        let mut query = LinkQuery::of(&self.setup.sync);
        query.states = vec![LinkState::Live];
        self.report.unchanged = self.state().count_links(query).await?.saturating_sub(self.touched);
        Ok(())
    }

    async fn finish(mut self) -> Result<Report> {
        let finished = self.now();
        self.count_unchanged().await?;
        let outcome = match self.report.verdict() {
            crate::Verdict::Done => "done",
            crate::Verdict::LeftOver => "partial",
            crate::Verdict::Held => "held",
            crate::Verdict::Failed => "failed",
        };
        self.close().await?;
        self.note_run(outcome, Some(finished)).await?;
        Ok(Report { run: self.run, started: self.started, finished, sync: self.report })
    }
}

async fn accounts(setup: &Setup) -> Result<(Account, Account)> {
    let left = setup.left.account().await?;
    let right = setup.right.account().await?;
    if left.id == right.id {
        return Err(Error::new(ErrorKind::Config, "both sides of the sync are one account; choose two").with("account", &left.id));
    }
    Ok((left, right))
}

fn half<R: Record>(side: Side, account: Account, connector: &dyn Connector) -> Result<Half<R>> {
    let repository = R::repository(connector).ok_or_else(|| {
        Error::new(ErrorKind::Config, "the account has no records of this kind; choose another account or kind")
            .with("side", side.word())
            .with("kind", R::KIND.plural())
    })?;
    Ok(Half {
        account,
        repository,
        collections: Vec::new(),
        all: Vec::new(),
        failed: BTreeMap::new(),
        first_is_gone: false,
        fields: BTreeMap::new(),
    })
}

/// All syncs of a state are one component, and run one at a time: whatever accounts they share, no
/// two runs see one account at once, and run numbers never meet.
fn component() -> ComponentId {
    ComponentId::from("state")
}
