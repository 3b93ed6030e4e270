//! `undo` and `release`: taking back what a run did, and letting it be synced again.

use crate::{
    accounts::{self, For},
    cli::{Release, Undo},
    config::{Config, SyncConfig},
    failure::{Exit, Failure, Result},
    kinds::with_kind,
    output::Out,
    runner::{Runner, Said},
};
use futures::TryStreamExt;
use pimkit::{State, sync::Parked};
use serde_json::json;
use std::sync::Arc;

pub(super) async fn run(args: &Undo, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let sync = sync_of(&config, args.run).await?;
    let runner = Runner::open(&config, &[sync], Said { approve: &args.approve, reject: &[] }).await?;
    let outcome = runner.undo(sync, args.run).await;
    if out.is_json() {
        let mut value = outcome.json();
        super::sync::add_waiting(&mut value, &outcome, runner.state()).await?;
        out.value(&value)?;
    } else {
        super::sync::people(&outcome, &args.config.config.display().to_string(), runner.state(), out).await?;
        if outcome.writes() > 0 {
            let file = args.config.config.display();
            out.line(format_args!(
                "What was taken back rests, so that it is not done again: `pimkit release {} -c {file}` lets it be synced",
                args.run
            ))?;
        }
    }
    Ok(outcome.exit())
}

pub(super) async fn release(args: &Release, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let sync = sync_of(&config, args.run).await?;
    let runner = Runner::open(&config, &[sync], Said::default()).await?;
    let released = with_kind!(sync.kind, R => runner.pair::<R>(sync)?.release(&Parked::Run(args.run)).await)?;
    if out.is_json() {
        out.value(&json!({ "sync": sync.name, "released": released }))?;
    } else if released == 0 {
        out.line(format_args!("{}: nothing of run {} rests", sync.name, args.run))?;
    } else {
        out.line(format_args!("{}: {released} records are synced again from the next run on", sync.name))?;
    }
    Ok(Exit::Done)
}

/// The sync of a run.
async fn sync_of(config: &Config, run: u64) -> Result<&SyncConfig> {
    let state: Option<Arc<dyn State>> = accounts::state(config, For::Reading)?;
    let unknown = || Failure::usage(format!("there was no run {run}; `pimkit history` lists what each run did"));
    let mut runs = state.ok_or_else(unknown)?.runs(None);
    while let Some(row) = runs.try_next().await? {
        if row.run == run {
            return config.chosen(Some(row.sync.as_str()))?.into_iter().next().ok_or_else(unknown);
        }
    }
    Err(unknown())
}
