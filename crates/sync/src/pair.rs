//! One sync: what it is set up as, its plans, and applying them.

use crate::{
    engine::Shared,
    ground::Ground,
    map::FieldPair,
    policy::Policy,
    report::{PerSide, Report, SyncReport},
    run::{Run, component},
    step::PlannedStep,
};
use futures::{StreamExt, stream::BoxStream};
use jiff::Timestamp;
use pimkit_core::{
    App, CollectionId, Connector, Error, ErrorKind, Field, Json, Lease, Record, Result, RunRow, Side, State, StateChange, SyncId, Value,
};
use std::{collections::BTreeMap, fmt, marker::PhantomData, sync::Arc};

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
    pub(crate) rejections: Vec<String>,
    pub(crate) app: Option<Arc<dyn App>>,
}

/// One sync, ready to run. Cheap to clone.
pub struct Pair<R: Record> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) setup: Arc<Setup>,
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
    pub(crate) sync: SyncId,
    pub(crate) carried: Carried,
    /// The sync rests: there is nothing to apply.
    pub(crate) idle: bool,
}

/// What applying a plan must know of how it came to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    /// Collections that were not read to the end.
    pub(crate) failed: [BTreeMap<CollectionId, String>; 2],
    /// What recovering earlier writes came to.
    pub(crate) recovered: [PerSide; 3],
    /// Answers of somebody that it carries out.
    pub(crate) answered: BTreeMap<String, Vec<String>>,
    /// The run that it takes back.
    pub(crate) undoes: Option<u64>,
    /// No run of the sync has ended before.
    pub(crate) first: bool,
    /// The maps and policies that it was planned under: they may be others by the time that it is applied.
    pub(crate) under: u64,
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
                let body = row.body.read().map_err(|_| damaged("a step"))?;
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

    pub(crate) fn parts(&self) -> (&Arc<Shared>, &Arc<Setup>) {
        (&self.shared, &self.setup)
    }

    /// Finds out what there is to do: recover, observe, match, merge, plan and guard. Neither side
    /// is written, but for what an earlier run left half done and for what the sync is to have of its own at the far side
    /// (its collection, its categories). A sync that was ended or paused does nothing and says so.
    ///
    /// # Errors
    /// `LeaseLost` when another run has the component; what the sides or the state say when one
    /// cannot be reached at all. One bad item or collection is no error: it is in the report.
    pub async fn plan(&self) -> Result<Plan> {
        Ok(self.prepare().await?.0)
    }

    /// A plan, and what it was made on.
    async fn prepare(&self) -> Result<(Plan, Option<Ground<R>>)> {
        let lease = self.shared.state.acquire(&component()).await?;
        if let Some(plan) = self.plan_of_pause(&lease).await? {
            return Ok((plan, None));
        }
        let mut run = Run::<R>::begin(&self.shared, &self.setup, lease).await?;
        if run.standing.ending.is_some() {
            let (plan, ground) = self.plan_end(run).await?;
            return Ok((plan, Some(ground)));
        }
        if let Some(why) = run.rests_as() {
            run.note(why);
            return Ok((run.planned(true, [PerSide::default(); 3]).0, None));
        }
        run.recover().await?;
        run.observe(Side::Left).await?;
        run.observe(Side::Right).await?;
        run.find_again().await?;
        run.revive().await?;
        run.take_app_events().await?;
        let recovered = run.take_counts();
        run.before_guards().await?;
        if !run.is_state_lost().await? {
            run.plan_all().await?;
        }
        run.guard().await?;
        run.cap().await?;
        run.note_run(if run.report.holds.is_empty() { "planned" } else { "held" }, None).await?;
        let (plan, ground) = run.planned(false, recovered);
        Ok((plan, Some(ground)))
    }

    /// Does what the plan says, as far as it still holds.
    ///
    /// # Errors
    /// `Config` when it is another sync's plan; `LeaseLost` when the component was taken over
    /// meanwhile; what the state says when it fails.
    pub async fn apply(&self, plan: Plan) -> Result<Report> {
        self.apply_on(plan, None).await
    }

    async fn apply_on(&self, plan: Plan, ground: Option<Ground<R>>) -> Result<Report> {
        if plan.sync != self.setup.sync || plan.report.kind != R::KIND.plural() {
            let error = Error::new(ErrorKind::Config, "this is the plan of another sync; apply it with the pair that made it");
            return Err(error.with("plan", &plan.sync).with("sync", &self.setup.sync));
        }
        if let Some(report) = self.paused(&plan) {
            return Ok(report);
        }
        if plan.idle {
            return self.rest(plan).await;
        }
        let mut run = Run::<R>::resume(&self.shared, &self.setup, plan, ground).await?;
        run.apply_all().await?;
        run.finish_ending().await?;
        run.finish().await
    }

    /// A run of a sync that does nothing, written down like any other.
    async fn rest(&self, plan: Plan) -> Result<Report> {
        let finished = self.shared.clock.now();
        let row = RunRow {
            run: plan.run,
            sync: plan.sync.clone(),
            started: plan.started,
            finished: Some(finished),
            outcome: "rests".to_owned(),
            report: Json::of(&plan.report)?,
        };
        self.shared.state.commit(&plan.lease, vec![StateChange::Run(row)]).await?;
        Ok(Report { run: plan.run, started: plan.started, finished, sync: plan.report })
    }

    /// Plans and applies. It asks the sides less than the two apart: what was found out for the plan holds for what is applied
    /// at once.
    ///
    /// # Errors
    /// As [`Pair::plan`] and [`Pair::apply`].
    pub async fn run(&self) -> Result<Report> {
        let (plan, ground) = self.prepare().await?;
        self.apply_on(plan, ground).await
    }
}
