//! `conflicts`: what waits for a decision, and deciding it.

use crate::{
    accounts::{self, For},
    cli::Conflicts,
    config::{Config, SyncConfig},
    failure::{Exit, Failure, Result},
    output::Out,
    undecided::{self, All},
};
use pimkit::{Side, State, sync::Engine};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) async fn run(args: &Conflicts, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(args.sync.as_deref())?;
    let purpose = if args.take.is_some() { For::Running } else { For::Reading };
    let state = accounts::state(&config, purpose)?;
    if let (Some(side), Some(record)) = (args.take, &args.record) {
        return decide(state, &chosen, side, record, out).await;
    }
    let mut all = Vec::new();
    if let Some(state) = &state {
        for sync in chosen {
            all.push((sync, state, All::read(state, &sync.name, sync.kind).await?));
        }
    }
    if out.is_json() {
        let mut syncs: Vec<Value> = Vec::new();
        for (sync, state, waits) in &all {
            syncs.push(waits.json(state.as_ref(), &sync.name, sync.kind).await?);
        }
        out.value(&json!({ "syncs": syncs }))?;
        return Ok(Exit::Done);
    }
    if all.iter().all(|(_, _, waits)| waits.is_empty()) {
        out.line("Nothing waits for a decision.")?;
    }
    let file = config.file.display().to_string();
    for (sync, state, waits) in &all {
        waits.tell(state.as_ref(), &sync.name, sync.kind, &file, out).await?;
    }
    Ok(Exit::Done)
}

async fn decide(state: Option<Arc<dyn State>>, chosen: &[&SyncConfig], side: Side, record: &str, out: &mut Out) -> Result<Exit> {
    let nothing = || Failure::usage(format!("nothing of a record \"{record}\" waits for a decision; `pimkit conflicts` lists what does"));
    let state = state.ok_or_else(nothing)?;
    let mut found = Vec::new();
    for sync in chosen {
        let waiting = undecided::waiting(&state, &sync.name, sync.kind).await?;
        found.extend(waiting.into_iter().filter(|one| one.is_of(record)).map(|one| (sync.name.clone(), one)));
    }
    let (sync, one) = match found.as_slice() {
        [] => return Err(nothing()),
        [(sync, one)] => (sync, one),
        [..] => return Err(Failure::usage(format!("several syncs have a record \"{record}\" that waits; say which with --sync NAME"))),
    };
    Engine::new(state).decide(one.link(), side).await?;
    if out.is_json() {
        out.value(&json!({ "sync": sync, "record": record, "take": side.word() }))?;
    } else {
        out.line(format_args!("{sync}: the next sync takes what the {} side has of {record}", side.word()))?;
    }
    Ok(Exit::Done)
}
