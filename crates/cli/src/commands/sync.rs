//! `sync`: plan, guard, apply.

use crate::{
    cli::Sync,
    config::Config,
    failure::{Exit, Result},
    outcome::RunOutcome,
    output::{self, Out},
    runner::{Runner, Said},
    undecided,
};
use futures::StreamExt;
use pimkit::{JournalQuery, Kind, State, Value};
use std::sync::Arc;

pub(super) async fn run(args: &Sync, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(args.sync.as_deref())?;
    let runner = Runner::open(&config, &chosen, Said { approve: &args.approve, reject: &args.reject }).await?;
    let outcome = runner.run(&chosen).await;
    if out.is_json() {
        let mut value = outcome.json();
        add_waiting(&mut value, &outcome, runner.state()).await?;
        out.value(&value)?;
        for ended in &outcome.syncs {
            if let Some(failed) = &ended.report.failed {
                Out::note(format_args!("error: {}: {failed}", ended.report.name));
            }
        }
    } else {
        people(&outcome, &args.config.config.display().to_string(), runner.state(), out).await?;
    }
    Ok(outcome.exit())
}

/// Adds to each sync what waits for somebody's word: what both sides have, and which items are held.
pub(super) async fn add_waiting(value: &mut Value, outcome: &RunOutcome, state: &Arc<dyn State>) -> Result<()> {
    let Some(syncs) = value.get_mut("syncs").and_then(Value::as_array_mut) else { return Ok(()) };
    for (ended, sync) in outcome.syncs.iter().zip(syncs) {
        let (Some(kind), Some(sync)) = (Kind::parse(&ended.report.kind), sync.as_object_mut()) else { continue };
        let waiting = undecided::waiting(state, &ended.report.name, kind).await?;
        sync.insert("waiting".to_owned(), waiting.iter().map(undecided::Waiting::json).collect());
        for hold in sync.get_mut("holds").and_then(Value::as_array_mut).into_iter().flatten() {
            let id = hold.get("approve").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let (Some(row), Some(hold)) = (state.approval(&id).await?, hold.as_object_mut()) {
                hold.insert("held".to_owned(), undecided::held_json(state.as_ref(), &row.sync, kind, &row.items).await?);
            }
        }
    }
    Ok(())
}

/// The report for people: what was done, what became of conflicts, what to do next.
pub(super) async fn people(outcome: &RunOutcome, config: &str, state: &Arc<dyn State>, out: &mut Out) -> Result<()> {
    out.line(output::report(outcome))?;
    for ended in outcome.syncs.iter().filter(|e| e.report.conflicts > 0) {
        let mut rows = state.journal(JournalQuery { sync: Some(ended.report.name.as_str().into()), run: ended.run, item: None });
        while let Some(row) = rows.next().await {
            for line in output::conflicts(&row?) {
                out.line(format_args!("{}: conflict: {line}", ended.report.name))?;
            }
        }
    }
    for line in output::sentences(outcome, config) {
        out.line(line)?;
    }
    for ended in &outcome.syncs {
        let Some(kind) = Kind::parse(&ended.report.kind) else { continue };
        for hold in &ended.report.holds {
            if let Some(row) = state.approval(&hold.approve).await? {
                out.line(format_args!("{}: held for {}:", row.sync, row.id))?;
                undecided::tell_held(state.as_ref(), &row.sync, kind, &row.items, out).await?;
            }
        }
        if ended.report.held > 0 {
            undecided::tell(&ended.report.name, &undecided::waiting(state, &ended.report.name, kind).await?, out)?;
        }
    }
    let end = match outcome.exit() {
        Exit::Done if outcome.writes() == 0 => "Done: nothing had changed.".to_owned(),
        Exit::Done => format!("Done: {} written.", items(outcome.writes())),
        Exit::LeftOver => format!("Done but for what is left over: {} written.", items(outcome.writes())),
        Exit::Held => format!("Held: {} written, and something waits for your word (see above).", items(outcome.writes())),
        Exit::Failed | Exit::Usage => {
            format!("Failed: {} written before or beside it; run it again when the cause is gone.", items(outcome.writes()))
        }
    };
    out.line(end)?;
    for ended in &outcome.syncs {
        if let Some(failed) = &ended.report.failed {
            out.flush()?;
            Out::note(format_args!("error: {}: {failed}", ended.report.name));
        }
    }
    Ok(())
}

fn items(count: u64) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}
