//! `pause` and `resume`: whether a sync runs.

use crate::{
    accounts::{self, For},
    cli::ConfigFile,
    config::Config,
    failure::{Exit, Failure, Result},
    kinds::with_kind,
    output::Out,
    runner::{Runner, Said},
};
use pimkit::{SyncState, sync::Engine};
use serde_json::json;

/// Pauses a sync, for a reason or none; resumes it when nothing is said.
pub(super) async fn run(file: &ConfigFile, sync: &str, pause: Option<Option<&str>>, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&file.config)?;
    config.chosen(Some(sync))?;
    let state = match accounts::state(&config, For::Running)? {
        Some(state) => state,
        None if pause.is_some() => accounts::make_state(&config)?,
        None => return Err(Failure::usage(format!("sync \"{sync}\" has never run and is not paused: there is nothing to resume"))),
    };
    let ended = state.sync(&sync.into()).await?.is_some_and(|row| row.state == SyncState::Disabled);
    if pause.is_none() && ended {
        drop(state);
        let chosen = config.chosen(Some(sync))?;
        let runner = Runner::open(&config, &chosen, Said::default()).await?;
        for sync in &chosen {
            with_kind!(sync.kind, R => runner.pair::<R>(sync)?.enable().await)?;
        }
        return tell(sync, "active", &format!("{sync} begins again with the next `pimkit sync`"), out);
    }
    let engine = Engine::new(state);
    let (word, told) = match pause {
        Some(why) => {
            engine.pause(sync, why).await?;
            ("paused", format!("{sync} rests from now on; `pimkit resume {sync}` lets it go on"))
        }
        None => {
            engine.resume(sync).await?;
            ("active", format!("{sync} goes on: the next `pimkit sync` catches up on what happened meanwhile"))
        }
    };
    tell(sync, word, &told, out)
}

fn tell(sync: &str, word: &str, told: &str, out: &mut Out) -> Result<Exit> {
    if out.is_json() {
        out.value(&json!({ "sync": sync, "state": word }))?;
    } else {
        out.line(told)?;
    }
    Ok(Exit::Done)
}
