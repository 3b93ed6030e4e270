//! Running the syncs of a configuration one after another: one that fails does not stop the others.

use crate::{
    accounts::{self, For, Missing},
    config::{AccountConfig, Config, SyncConfig, forest},
    counting::Count,
    failure::{Failure, Result},
    kinds::with_kind,
    outcome::{Ended, Goes, RunOutcome, failed},
    output::Bars,
    reading,
};
use futures::StreamExt;
use jiff::Timestamp;
use pimkit::{
    App, ApprovalRow, CollectionId, Connector, FieldSupport, LinkQuery, Record, State,
    sync::{Consent, Engine, FieldMap, Pair, PerSide, SystemClock},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// What was said to what guards held, by the ids that they printed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said<'a> {
    pub(crate) approve: &'a [String],
    pub(crate) reject: &'a [String],
}

/// Everything that is open while syncs run.
pub(crate) struct Runner {
    engine: Engine,
    state: Arc<dyn State>,
    connectors: BTreeMap<String, Arc<dyn Connector>>,
    /// Accounts that were there in an earlier run and are not there any more.
    vanished: BTreeMap<String, String>,
    /// The apps behind the accounts that are one.
    apps: BTreeMap<String, Arc<dyn App>>,
    /// What the user allowed, and what not.
    answers: [Vec<ApprovalRow>; 2],
    left: Count,
    right: Count,
    bars: Arc<Bars>,
}

impl Runner {
    /// Checks everything, then opens it.
    ///
    /// # Errors
    /// A failure, after which nothing is there that was not there before.
    pub(crate) async fn open(config: &Config, chosen: &[&SyncConfig], said: Said<'_>) -> Result<Self> {
        let mut absent: Vec<PathBuf> = vec![accounts::check_state(config)?.to_owned()];
        absent.extend(chosen.iter().flat_map(|s| [&s.left, &s.right]).filter_map(|n| config.accounts.get(n).and_then(|a| a.path.clone())));
        absent.retain(|path| !path.exists());
        let opened = Self::open_checked(config, chosen, said).await;
        if opened.is_err() {
            absent.iter().for_each(|path| remove(path));
        }
        opened
    }

    async fn open_checked(config: &Config, chosen: &[&SyncConfig], said: Said<'_>) -> Result<Self> {
        // A state that is there is read first: it knows what was there before.
        let known = accounts::state(config, For::Running)?;
        let answers = [
            answers(known.as_ref(), "--approve", said.approve, chosen).await?,
            answers(known.as_ref(), "--reject", said.reject, chosen).await?,
        ];
        let mut vanished = gone_stores(config, known.as_ref(), chosen).await?;
        let mut present: Vec<&AccountConfig> = Vec::new();
        for sync in chosen {
            for name in [&sync.left, &sync.right] {
                let account = config.account(name)?;
                if present.iter().any(|a| a.name == *name) || vanished.contains_key(name) {
                    continue;
                }
                match accounts::check(account, Missing::Make) {
                    Ok(()) => present.push(account),
                    Err(failure) if has_run(known.as_ref(), sync).await? => {
                        vanished.insert(name.clone(), failure.to_string());
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
        let (mut connectors, mut apps) = (BTreeMap::new(), BTreeMap::new());
        // What is not there yet is made last: a mistake of the configuration leaves nothing behind.
        for account in &present {
            let (connector, app) = if accounts::is_to_be_made(account) {
                (accounts::blank(account)?, None)
            } else {
                accounts::open_with_app(config, account, known.as_ref()).await?
            };
            connectors.insert(account.name.clone(), connector);
            apps.extend(app.map(|app| (account.name.clone(), app)));
        }
        let mut resolved = Vec::new();
        for sync in chosen {
            let mut sync = (*sync).clone();
            let has_run = has_run(known.as_ref(), &sync).await?;
            with_kind!(sync.kind, R => resolve::<R>(&mut sync, &connectors, has_run).await)?;
            resolved.push(sync);
        }
        // A collection may be called by its name here and by its id there.
        forest::check(&resolved, &config.accounts)?;
        for sync in chosen.iter().filter(|s| !s.fields.is_empty()) {
            if let (Some(left), Some(right)) = (connectors.get(&sync.left), connectors.get(&sync.right)) {
                with_kind!(sync.kind, R => check_map::<R>(sync, left.as_ref(), right.as_ref()).await)?;
            }
        }
        for account in present.into_iter().filter(|a| accounts::is_to_be_made(a)) {
            let (connector, app) = accounts::open_with_app(config, account, known.as_ref()).await?;
            connectors.insert(account.name.clone(), connector);
            apps.extend(app.map(|app| (account.name.clone(), app)));
        }
        let state = match known {
            Some(state) => state,
            None => accounts::make_state(config)?,
        };
        let bars = Arc::new(Bars::new());
        let engine = Engine::new(state.clone()).clock(Arc::new(SystemClock)).watch(bars.clone());
        Ok(Self { engine, state, connectors, vanished, apps, answers, left: Count::default(), right: Count::default(), bars })
    }

    /// Runs the syncs, in their order.
    pub(crate) async fn run(&self, chosen: &[&SyncConfig]) -> RunOutcome {
        let started = Timestamp::now();
        let mut syncs = Vec::new();
        for sync in chosen {
            self.bars.name(&sync.name);
            let ended = with_kind!(sync.kind, R => self.one::<R>(sync).await);
            self.bars.end();
            syncs.push(ended.unwrap_or_else(|failure| Ended { run: None, report: failed(sync, &failure) }));
        }
        RunOutcome { started, finished: Timestamp::now(), syncs, requests: self.requests(chosen) }
    }

    /// Takes back what a run of a sync did.
    pub(crate) async fn undo(&self, sync: &SyncConfig, run: u64) -> RunOutcome {
        let started = Timestamp::now();
        self.bars.name(&sync.name);
        let ended = with_kind!(sync.kind, R => self.undone::<R>(sync, run).await);
        self.bars.end();
        self.outcome_of(sync, started, ended)
    }

    /// Ends a sync.
    pub(crate) async fn disable(&self, sync: &SyncConfig, consent: Consent, why: Option<&str>) -> RunOutcome {
        let started = Timestamp::now();
        self.bars.name(&sync.name);
        let ended = with_kind!(sync.kind, R => self.ended::<R>(sync, consent, why).await);
        self.bars.end();
        self.outcome_of(sync, started, ended)
    }

    async fn ended<R: Record>(&self, sync: &SyncConfig, consent: Consent, why: Option<&str>) -> Result<Ended> {
        let report = self.pair::<R>(sync)?.disable(consent, why).await?;
        Ok(Ended { run: Some(report.run), report: report.sync })
    }

    /// The far copies that the end of a sync takes away.
    pub(crate) async fn goes<R: Record>(&self, sync: &SyncConfig) -> Result<Vec<Goes>> {
        let mut goes = Vec::new();
        let mut going = self.pair::<R>(sync)?.goes();
        while let Some(one) = going.next().await {
            let one = one?;
            let name = one.record.as_ref().map_or_else(|| "(no name)".to_owned(), reading::title);
            goes.push(Goes { left: one.hub_item, right_collection: one.collection, right: one.item, name });
        }
        Ok(goes)
    }

    /// What both sides were asked: over the network, requests; of folders and stores, calls.
    fn requests(&self, chosen: &[&SyncConfig]) -> PerSide {
        let sent = |names: BTreeSet<&String>| -> u64 {
            names.into_iter().filter_map(|name| self.connectors.get(name)).filter_map(|c| c.requests()).sum()
        };
        let left = self.left.get() + sent(chosen.iter().map(|s| &s.left).collect());
        let right = self.right.get() + sent(chosen.iter().map(|s| &s.right).collect());
        PerSide { left, right }
    }

    /// What became of the one sync that something was done with.
    fn outcome_of(&self, sync: &SyncConfig, started: Timestamp, ended: Result<Ended>) -> RunOutcome {
        let ended = ended.unwrap_or_else(|failure| Ended { run: None, report: failed(sync, &failure) });
        let requests = self.requests(&[sync]);
        RunOutcome { started, finished: Timestamp::now(), syncs: vec![ended], requests }
    }

    async fn undone<R: Record>(&self, sync: &SyncConfig, run: u64) -> Result<Ended> {
        let pair = self.pair::<R>(sync)?;
        let plan = pair.undo(run).await?;
        let report = pair.apply(plan).await?;
        Ok(Ended { run: Some(report.run), report: report.sync })
    }

    async fn one<R: Record>(&self, sync: &SyncConfig) -> Result<Ended> {
        let report = self.pair::<R>(sync)?.run().await?;
        Ok(Ended { run: Some(report.run), report: report.sync })
    }

    /// One sync as the engine has it.
    pub(crate) fn pair<R: Record>(&self, sync: &SyncConfig) -> Result<Pair<R>> {
        let connector = |name: &String| match (self.connectors.get(name), self.vanished.get(name)) {
            (Some(connector), _) => Ok(connector.clone()),
            (None, Some(line)) => Err(Failure::machine(line.clone())),
            (None, None) => Err(Failure::machine(format!("account \"{name}\" was not opened; report this as a bug"))),
        };
        let (left, right) = (connector(&sync.left)?, connector(&sync.right)?);
        let local = left.info().id == "local";
        let mut pair = self
            .engine
            .pair::<R>(&sync.name, self.left.around(left), self.right.around(right))
            .names(&sync.left, &sync.right)
            .policy(sync.policy.clone())
            .fields(sync.fields.clone())
            .collections(sync.collections.clone())
            .left_collections(sync.left_collections.clone());
        if local && R::KIND == pimkit::Kind::Contact {
            // The app store keeps companies in a collection of their own.
            pair = pair.home("kind", json!("org"), "companies");
        }
        if let Some(app) = self.apps.get(&sync.left) {
            pair = pair.app(app.clone());
        }
        let [yes, no] = &self.answers;
        for row in yes.iter().filter(|a| a.sync.as_str() == sync.name) {
            pair = pair.approve(&row.id);
        }
        for row in no.iter().filter(|a| a.sync.as_str() == sync.name) {
            pair = pair.reject(&row.id);
        }
        Ok(pair.build()?)
    }

    pub(crate) fn state(&self) -> &Arc<dyn State> {
        &self.state
    }

    pub(crate) fn bars(&self) -> &Bars {
        &self.bars
    }
}

/// What was held under these ids.
///
/// # Errors
/// A usage failure when an id was never printed, was used up, or is of a sync that does not run.
async fn answers(state: Option<&Arc<dyn State>>, option: &str, ids: &[String], chosen: &[&SyncConfig]) -> Result<Vec<ApprovalRow>> {
    let mut rows = Vec::new();
    for id in ids {
        let refuse = |what: &str| Failure::usage(format!("{option} {id}: {what}; `pimkit status` lists what waits"));
        let row = match state {
            Some(state) => state.approval(id).await?,
            None => None,
        };
        let row = row.ok_or_else(|| refuse("nothing with this id was held"))?;
        if row.used.is_some() {
            return Err(refuse("it was used up: a run followed it, or nothing was left to answer"));
        }
        if !chosen.iter().any(|s| s.name == row.sync.as_str()) {
            return Err(refuse("it belongs to another sync"));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Whether a sync has run before.
async fn has_run(state: Option<&Arc<dyn State>>, sync: &SyncConfig) -> Result<bool> {
    let Some(state) = state else { return Ok(false) };
    match state.runs(Some(&sync.name.as_str().into())).next().await {
        None => Ok(false),
        Some(row) => Ok(row.map(|_| true)?),
    }
}

/// Stores that are not there, though a sync has linked records of theirs: an empty one in their place would look as if
/// everything had been deleted.
async fn gone_stores(config: &Config, state: Option<&Arc<dyn State>>, chosen: &[&SyncConfig]) -> Result<BTreeMap<String, String>> {
    let mut gone = BTreeMap::new();
    let Some(state) = state else { return Ok(gone) };
    for name in chosen.iter().flat_map(|s| [&s.left, &s.right]) {
        let account = config.account(name)?;
        if !accounts::is_to_be_made(account) || gone.contains_key(name) {
            continue;
        }
        for sync in config.syncs.iter().filter(|s| s.left == *name || s.right == *name) {
            let links = state.count_links(LinkQuery::of(&sync.name.as_str().into())).await?;
            if links > 0 {
                let path = account.path.as_deref().unwrap_or(Path::new("")).display();
                let line = format!(
                    "there is no app store at {path}, and sync \"{}\" knows {links} records of it; restore it, correct the path, or start \
                     anew with another state file",
                    sync.name
                );
                gone.insert(name.clone(), account.blame(Failure::machine(line)).to_string());
                break;
            }
        }
    }
    Ok(gone)
}

/// Puts ids in place of the names of collections, each at most once.
///
/// # Errors
/// A usage failure when there is no collection of a name, unless the sync has run: then it is gone, and the run says so.
async fn resolve<R: Record>(sync: &mut SyncConfig, connectors: &BTreeMap<String, Arc<dyn Connector>>, has_run: bool) -> Result<()> {
    let [left_at, right_at] = sync.collections_at.clone();
    let sides = [
        (sync.left.clone(), "left_collections", left_at, &mut sync.left_collections),
        (sync.right.clone(), "collections", right_at, &mut sync.collections),
    ];
    for (account, key, place, names) in sides {
        let Some(connector) = connectors.get(&account).filter(|_| !names.is_empty()) else { continue };
        let repository = reading::repository::<R>(&account, connector.as_ref())?;
        let all = match repository.collections().await {
            Ok(all) => all,
            // One that cannot be reached is the run's to tell.
            Err(_) if has_run => continue,
            Err(error) => return Err(Failure::from(error).about(format!("{place}: account \"{account}\""))),
        };
        for name in names.iter_mut() {
            match all.iter().find(|c| c.id.as_str() == name).or_else(|| all.iter().find(|c| c.name == *name)) {
                Some(collection) => *name = collection.id.to_string(),
                None if has_run => {}
                None => {
                    let there: Vec<&str> = all.iter().map(|c| c.name.as_str()).collect();
                    let there = if there.is_empty() { "it has none".to_owned() } else { format!("there are: {}", there.join(", ")) };
                    return Err(Failure::usage(format!(
                        "{place}: {key}: account \"{account}\" has no collection \"{name}\" of {}; {there}",
                        R::KIND.plural()
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Takes away what this process made before it failed: the file of a store, and what SQLite keeps beside it.
fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // What is not there, or is a folder, stays as it is.
        let _ = std::fs::remove_file(name);
    }
}

/// The map of the configuration against what both sides really have.
async fn check_map<R: Record>(sync: &SyncConfig, left: &dyn Connector, right: &dyn Connector) -> Result<()> {
    let hub = fields::<R>(&sync.left, left).await?;
    let far = fields::<R>(&sync.right, right).await?;
    FieldMap::new(R::KIND, &hub, &far, &sync.fields)
        .map_err(|e| Failure::from(e).about(format!("{}: sync \"{}\"", sync.place, sync.name)))?;
    Ok(())
}

/// What an account holds of a kind: of all its collections together.
pub(crate) async fn fields<R: Record>(account: &str, connector: &dyn Connector) -> Result<Vec<FieldSupport>> {
    let repository = reading::repository::<R>(account, connector)?;
    let mut all: Vec<FieldSupport> = Vec::new();
    let mut collections: Vec<CollectionId> = Vec::new();
    for collection in reading::collections(account, repository.as_ref(), None).await? {
        collections.push(collection.id);
    }
    for collection in &collections {
        for field in repository.fields(collection).await? {
            if !all.iter().any(|f| f.field == field.field) {
                all.push(field);
            }
        }
    }
    Ok(all)
}
