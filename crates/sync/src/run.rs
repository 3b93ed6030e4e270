//! One run of a sync: what it works with, from its beginning to its end.

use crate::{
    engine::Shared,
    ground::{self, Half},
    guard::Guarding,
    map::FieldMap,
    pair::Setup,
    planted::{Break, planted},
    quarantine::Quarantine,
    recover::OpenCreates,
    report::{PerSide, Progress, Report, SyncReport},
    scope,
    standing::{self, Standing},
    tags::Tags,
};
use futures::TryStreamExt;
use jiff::Timestamp;
use pimkit_core::{
    AccountRow, CollectionId, ComponentId, Error, ErrorKind, Field, IntentRow, ItemId, Json, Lease, LinkQuery, LinkState, Record, Result,
    RunRow, Side, State, StateChange, SyncId, SyncRow, SyncState,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

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
    /// What the guards know.
    pub(crate) guarding: Guarding,
    /// Answers that this run uses up when it is applied.
    pub(crate) answered: BTreeMap<String, Vec<String>>,
    /// The run that this one takes back.
    pub(crate) undoes: Option<u64>,
    /// Changes that wait for the next commit.
    pub(crate) waiting: Vec<StateChange>,
    /// Links with a write whose outcome is not known: left alone.
    pub(crate) open: BTreeSet<String>,
    /// What a create whose outcome is not known may have made: neither linked nor made on the other side.
    pub(crate) open_creates: OpenCreates,
    /// Intents that only what is read of the side can settle: the item is not there under its id, or a repeat was refused.
    pub(crate) to_find: BTreeSet<String>,
    /// What was made, or found made, in this run, and for which link: the links themselves are taken down later.
    pub(crate) claims: BTreeMap<(Side, ItemId), Option<String>>,
    /// Collections that were listed once more, from their beginning.
    pub(crate) listed_again: BTreeSet<(Side, CollectionId)>,
    /// Whether another listing may be asked for what the first one did not show.
    pub(crate) may_list_again: bool,
    /// Updates of hub records that a sync has sent, this one or another, and not taken down.
    pub(crate) unrecorded: Vec<IntentRow>,
    /// Intents that their side could not be asked for in this run.
    pub(crate) unasked: BTreeSet<String>,
    /// The maps and policies that the run was planned under, as a number.
    pub(crate) planned_under: u64,
    /// Updates whose outcome is open since an earlier run.
    pub(crate) open_updates: Vec<IntentRow>,
    /// Items that this run asked for and that were not told: what is known of them is out of date.
    pub(crate) not_read: BTreeSet<(Side, CollectionId, ItemId)>,
    /// Links whose end moved in this run: planned already, wherever else they turn up.
    pub(crate) repointed: BTreeSet<String>,
    /// Far items whose version of a conflict was to be copied and could not be: their conflict stays.
    pub(crate) uncopied: BTreeSet<(CollectionId, ItemId)>,
    /// Earlier runs of the sync that did not end: their steps are of no use any more.
    pub(crate) unfinished: Vec<u64>,
    /// How many writes the plan means to do.
    pub(crate) planned: u64,
    pub(crate) quarantine: Quarantine,
    /// Custom fields of the hub for losers that are known to be there.
    pub(crate) loser_fields: BTreeSet<(CollectionId, Field)>,
    /// What the app said of the records of the page at work.
    pub(crate) facts: scope::Known,
    /// Some item carries a name that none of ours is to have any more.
    pub(crate) aliased: bool,
    /// Which far keywords are the engine's.
    pub(crate) tags: Tags,
    /// How the sync stands, as the state has it; absent when nothing was said of it yet.
    pub(crate) row: Option<SyncRow>,
    /// What the sync remembers between its runs.
    pub(crate) standing: Standing,
    /// It has something to tell that is not written down yet.
    pub(crate) untold: bool,
    /// No run of the sync has ended before.
    pub(crate) first: bool,
    /// Other syncs between the same two accounts.
    pub(crate) siblings: Vec<SyncId>,
    /// The newest round of each collection, as far as it was asked for.
    pub(crate) epochs: BTreeMap<(Side, CollectionId), u64>,
    pub(crate) maps: BTreeMap<(CollectionId, CollectionId), Arc<FieldMap>>,
    /// What policy and maps come to: for [`fingerprint`](Self::fingerprint).
    pub(crate) prints: Vec<String>,
}

impl<R: Record> Run<R> {
    pub(crate) async fn begin(shared: &Arc<Shared>, setup: &Arc<Setup>, lease: Lease) -> Result<Self> {
        let sides = ground::sides(setup).await?;
        let [hub, far] = &sides;
        shared.forest.take(R::KIND, setup, Some([hub.account.id.clone(), far.account.id.clone()]))?;
        let run = shared.state.last_run().await? + 1;
        let (mut before, mut first) = (None, true);
        let mut unfinished = Vec::new();
        let mut runs = shared.state.runs(Some(&setup.sync));
        while let Some(row) = runs.try_next().await? {
            first &= row.finished.is_none();
            // A run that only adopted links looked at nothing.
            if row.finished.is_some() && row.outcome != crate::adopt::ADOPTED {
                before = Some(row.started);
                break;
            }
            unfinished.push(row.run);
        }
        drop(runs);
        let started = shared.clock.now();
        let mut run = Self::new(shared, setup, lease, run, started, sides).await?;
        if run.rests_as().is_none() {
            // A sync that rests or comes to its end needs neither its view nor its user's rights: it brings nothing in.
            scope::check_rights(setup, R::KIND).await?;
        }
        run.note_accounts().await?;
        // The number is taken from here on, whatever becomes of the run.
        run.unfinished = unfinished;
        run.before = before;
        run.first = first;
        run.check_accounts().await?;
        run.siblings = run.find_siblings().await?;
        run.unrecorded = run.find_unrecorded().await?;
        run.finish_retiring().await?;
        if run.rests_as().is_none() {
            run.set_up(true).await?;
            run.finish_retiring().await?;
        }
        run.tell().await?;
        run.note_run("started", None).await?;
        Ok(run)
    }

    pub(crate) async fn new(
        shared: &Arc<Shared>,
        setup: &Arc<Setup>,
        lease: Lease,
        run: u64,
        started: Timestamp,
        [hub, far]: [Half<R>; 2],
    ) -> Result<Self> {
        let report = SyncReport::new(setup.sync.as_str(), R::KIND, &setup.left_name, &setup.right_name);
        let mut run = Self {
            shared: shared.clone(),
            setup: setup.clone(),
            lease,
            run,
            started,
            before: None,
            hub,
            far,
            report,
            steps: 0,
            links: 0,
            touched: 0,
            guarding: Guarding::default(),
            answered: BTreeMap::new(),
            undoes: None,
            waiting: Vec::new(),
            open: BTreeSet::new(),
            open_creates: OpenCreates::default(),
            to_find: BTreeSet::new(),
            claims: BTreeMap::new(),
            listed_again: BTreeSet::new(),
            may_list_again: false,
            unrecorded: Vec::new(),
            unasked: BTreeSet::new(),
            planned_under: 0,
            open_updates: Vec::new(),
            not_read: BTreeSet::new(),
            repointed: BTreeSet::new(),
            uncopied: BTreeSet::new(),
            unfinished: Vec::new(),
            planned: 0,
            quarantine: Quarantine::default(),
            loser_fields: BTreeSet::new(),
            facts: scope::Known::new(),
            aliased: false,
            tags: Tags::new(setup.policy.category.as_ref(), &setup.policy.categories, []),
            siblings: Vec::new(),
            row: None,
            standing: Standing::default(),
            untold: false,
            first: false,
            epochs: BTreeMap::new(),
            maps: BTreeMap::new(),
            prints: Vec::new(),
        };
        run.row = run.state().sync(run.sync()).await?;
        run.standing = standing::read(run.row.as_ref())?;
        run.load_quarantine().await?;
        Ok(run)
    }

    /// Keeps what the sides said of their accounts.
    pub(crate) async fn note_accounts(&mut self) -> Result<()> {
        let mut changes = Vec::new();
        let sides = [(&self.hub.account, &self.setup.left), (&self.far.account, &self.setup.right)];
        for (account, connector) in sides {
            let kept = self.state().account(&account.id).await?;
            let row = AccountRow {
                id: account.id.clone(),
                skew: account.skew,
                endpoints: connector.endpoints().or_else(|| kept.as_ref().and_then(|k| k.endpoints.clone())),
                app_cursor: kept.and_then(|k| k.app_cursor),
            };
            changes.push(StateChange::Account(row));
        }
        self.commit(changes).await
    }

    /// Refuses to go on with another account than the one that the links are of: everything would
    /// look deleted, or nothing ever arrive.
    async fn check_accounts(&self) -> Result<()> {
        let Some(link) = self.state().links(LinkQuery::of(self.sync())).try_next().await? else { return Ok(()) };
        for (side, was, now) in [(Side::Left, &link.hub_account, &self.hub.account.id), (Side::Right, &link.account, &self.far.account.id)]
        {
            if was != now {
                return Err(Error::new(
                    ErrorKind::Config,
                    "this side is another account than the one that the sync was made with; point it back, or give the sync another name to start anew",
                )
                .with("sync", self.sync())
                .with("side", side.word())
                .with("was", was)
                .with("is", now));
            }
        }
        Ok(())
    }

    /// Why the sync does nothing, for people; absent when it runs.
    pub(crate) fn rests_as(&self) -> Option<String> {
        let row = self.row.as_ref().filter(|row| row.state != SyncState::Active)?;
        let why = row.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        let again = if row.state == SyncState::Paused { "resume" } else { "enable" };
        Some(format!("{RESTS}{} since {}{why} and does nothing; {again} it to go on", row.state.word(), row.since))
    }

    /// Refuses a wrong map before anything is read.
    pub(crate) fn check_maps(&mut self) -> Result<()> {
        let pairs: Vec<(CollectionId, CollectionId)> =
            self.hub.collections.iter().flat_map(|h| self.far.collections.iter().map(|f| (h.id.clone(), f.id.clone()))).collect();
        for (hub, far) in pairs {
            let empty = Vec::new();
            let hub_fields = self.hub.fields.get(&hub).unwrap_or(&empty);
            let far_fields = self.far.fields.get(&far).unwrap_or(&empty);
            let map = FieldMap::new(R::KIND, hub_fields, far_fields, &self.setup.own_pairs)?;
            self.maps.insert((hub, far), Arc::new(map));
        }
        self.prints = vec![format!("{:x}", self.setup.policy.fingerprint())];
        self.prints.extend(self.maps.iter().map(|((h, f), m)| format!("{h}\n{f}\n{:x}", m.fingerprint())));
        Ok(())
    }

    /// The map between two collections; none when one of them is not part of the run.
    pub(crate) fn map(&self, hub: &CollectionId, far: &CollectionId) -> Option<Arc<FieldMap>> {
        self.maps.get(&(hub.clone(), far.clone())).cloned()
    }

    /// A number that changes when maps or policies do.
    pub(crate) fn fingerprint(&self) -> u64 {
        // A sync that was ended and goes on looks at everything anew.
        let again = (self.standing.beginnings > 0).then(|| format!("begun again {}", self.standing.beginnings));
        let parts: Vec<&str> = self.prints.iter().chain(&again).map(String::as_str).collect();
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
        if std::mem::take(&mut self.untold) {
            let row = self.standing_row();
            self.waiting.push(row);
        }
        let changes = std::mem::take(&mut self.waiting);
        match self.shared.state.commit(&self.lease, changes).await {
            Err(error) if error.kind() == ErrorKind::LeaseLost && planted(Break::Lease) => Ok(()),
            done => done,
        }
    }

    pub(crate) fn progress(&self, progress: Progress) {
        self.shared.watch.progress(progress);
    }

    /// The counts of what was written so far; they start again.
    pub(crate) fn take_counts(&mut self) -> [PerSide; 3] {
        let report = &mut self.report;
        [&mut report.created, &mut report.updated, &mut report.deleted].map(std::mem::take)
    }

    /// Writes down how the run stands.
    pub(crate) async fn note_run(&mut self, outcome: &str, finished: Option<Timestamp>) -> Result<()> {
        self.note_so_far(outcome, finished);
        self.flush().await
    }

    /// The same, with the next commit.
    pub(crate) fn note_so_far(&mut self, outcome: &str, finished: Option<Timestamp>) {
        // Plain structures, which JSON can always say.
        let report = Json::of(&self.report).unwrap_or_default();
        let row =
            RunRow { run: self.run, sync: self.setup.sync.clone(), started: self.started, finished, outcome: outcome.to_owned(), report };
        self.later([StateChange::Run(row)]);
    }

    /// Counts the links that stand and were not written.
    pub(crate) async fn count_unchanged(&mut self) -> Result<()> {
        let mut query = LinkQuery::of(&self.setup.sync);
        query.states = vec![LinkState::Live];
        self.report.unchanged = self.state().count_links(query).await?.saturating_sub(self.touched);
        Ok(())
    }

    pub(crate) async fn finish(mut self) -> Result<Report> {
        let finished = self.now();
        self.count_unchanged().await?;
        self.take_off_list().await?;
        let outcome = match self.report.verdict() {
            crate::Verdict::Done => "done",
            crate::Verdict::LeftOver => "partial",
            crate::Verdict::Held => "held",
            crate::Verdict::Failed => "failed",
        };
        self.close().await?;
        self.note_begun();
        self.note_first();
        self.use_up().await?;
        self.forget_old().await?;
        self.note_run(outcome, Some(finished)).await?;
        self.tell().await?;
        Ok(Report { run: self.run, started: self.started, finished, sync: self.report })
    }
}

/// How the note begins that says that a sync does nothing.
pub(crate) const RESTS: &str = "the sync is ";

/// All syncs of a state are one component, and run one at a time: whatever accounts they share, no
/// two runs see one account at once, and run numbers never meet.
pub(crate) fn component() -> ComponentId {
    ComponentId::from("state")
}
