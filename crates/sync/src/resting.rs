//! A sync that rests: somebody paused it. Its run does nothing and asks nobody; links, bases and cursors stay, and
//! once it is resumed it catches up on what happened meanwhile.

use crate::{
    Report,
    engine::{Engine, Shared},
    pair::{Carried, Pair, Plan},
    report::SyncReport,
    run::component,
};
use pimkit_core::{Error, ErrorKind, Lease, Record, Result, StateChange, SyncId, SyncRow, SyncState, Value};

impl Shared {
    /// Says how a sync is to stand from here on.
    async fn stand(&self, sync: &SyncId, to: SyncState, why: Option<String>) -> Result<()> {
        let lease = self.state.acquire(&component()).await?;
        let kept = self.state.sync(sync).await?;
        if kept.as_ref().is_some_and(|row| row.state == SyncState::Disabled) {
            let error = Error::new(ErrorKind::Config, "the sync was ended; enable it to begin again");
            return Err(error.with("sync", sync));
        }
        if kept.as_ref().map_or(SyncState::Active, |row| row.state) == to {
            return Ok(());
        }
        let body = kept.map_or(Value::Null, |row| row.body);
        let row = SyncRow { sync: sync.clone(), state: to, since: self.clock.now(), why, body };
        self.state.commit(&lease, vec![StateChange::Sync(Box::new(row))]).await
    }

    /// Why a sync does not run, when it is paused.
    async fn rests(&self, sync: &SyncId) -> Result<Option<String>> {
        let Some(row) = self.state.sync(sync).await?.filter(|row| row.state == SyncState::Paused) else { return Ok(None) };
        let why = row.why.map(|why| format!(": {why}")).unwrap_or_default();
        Ok(Some(format!("{} since {}{why}", row.state.word(), row.since.strftime("%Y-%m-%d %H:%M:%S UTC"))))
    }
}

impl Engine {
    /// Lets a sync rest until it is resumed. A run that is under way ends first.
    ///
    /// # Errors
    /// `LeaseLost` while a run is under way; `Config` when the sync was ended; what the state says when it fails.
    pub async fn pause(&self, sync: &str, why: Option<&str>) -> Result<()> {
        self.shared.stand(&SyncId::from(sync), SyncState::Paused, why.map(str::to_owned)).await
    }

    /// Lets a paused sync run again: its next run catches up.
    ///
    /// # Errors
    /// As [`pause`](Self::pause).
    pub async fn resume(&self, sync: &str) -> Result<()> {
        self.shared.stand(&SyncId::from(sync), SyncState::Active, None).await
    }
}

impl<R: Record> Pair<R> {
    /// As [`Engine::pause`], for this sync.
    ///
    /// # Errors
    /// As [`Engine::pause`].
    pub async fn pause(&self, why: Option<&str>) -> Result<()> {
        self.shared.stand(&self.setup.sync, SyncState::Paused, why.map(str::to_owned)).await
    }

    /// As [`Engine::resume`], for this sync.
    ///
    /// # Errors
    /// As [`Engine::pause`].
    pub async fn resume(&self) -> Result<()> {
        self.shared.stand(&self.setup.sync, SyncState::Active, None).await
    }

    /// The plan of a sync that is paused: nothing, and nobody is asked.
    pub(crate) async fn plan_of_pause(&self, lease: &Lease) -> Result<Option<Plan>> {
        let Some(rests) = self.shared.rests(&self.setup.sync).await? else { return Ok(None) };
        let setup = &self.setup;
        let mut report = SyncReport::new(setup.sync.as_str(), R::KIND, &setup.left_name, &setup.right_name);
        report.rests = Some(rests);
        Ok(Some(Plan {
            run: 0,
            report,
            started: self.shared.clock.now(),
            lease: lease.clone(),
            state: self.shared.state.clone(),
            sync: setup.sync.clone(),
            carried: Carried::default(),
            idle: true,
        }))
    }

    /// What applying the plan of a paused sync comes to.
    pub(crate) fn paused(&self, plan: &Plan) -> Option<Report> {
        plan.report.rests.as_ref()?;
        Some(Report { run: plan.run, started: plan.started, finished: self.shared.clock.now(), sync: plan.report.clone() })
    }
}
