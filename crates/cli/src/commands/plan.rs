//! `plan`: what a sync would do, step by step.

use crate::{
    cli::Plan,
    config::{Config, SyncConfig},
    failure::{Exit, Failure, Result},
    kinds::with_kind,
    outcome::{self, Ended},
    output::{Out, shown, to_json},
    runner::{Runner, Said},
};
use futures::StreamExt;
use pimkit::{
    Field, Record, Side, Value,
    sync::{End, PlannedStep, SideWrite},
};
use serde_json::json;

pub(super) async fn run(args: &Plan, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(args.sync.as_deref())?;
    let runner = Runner::open(&config, &chosen, Said::default()).await?;
    if out.is_json() {
        out.piece("{\"syncs\":[")?;
    }
    let mut exit = Exit::Done;
    for (n, sync) in chosen.iter().enumerate() {
        if out.is_json() {
            out.piece(if n == 0 { "{\"steps\":[" } else { ",{\"steps\":[" })?;
        }
        runner.bars().name(&sync.name);
        let planned = with_kind!(sync.kind, R => plan::<R>(&runner, sync, out).await);
        runner.bars().end();
        let ended = match planned {
            Ok(ended) => ended,
            Err(Failure::NobodyReads) => return Err(Failure::NobodyReads),
            Err(failure) => Ended { run: None, report: outcome::failed(sync, &failure) },
        };
        exit = exit.worse(ended.exit());
        end(sync, &ended, out)?;
    }
    if out.is_json() {
        out.line("]}")?;
    }
    Ok(exit)
}

/// Closes the account of one sync: its counts, or why there are none.
fn end(sync: &SyncConfig, ended: &Ended, out: &mut Out) -> Result<()> {
    let report = &ended.report;
    if out.is_json() {
        // The object was opened with its steps; the report's own keys follow them.
        let mut value = serde_json::to_value(report).unwrap_or(Value::Null);
        if let Value::Object(map) = &mut value {
            map.insert("run".to_owned(), json!(ended.run));
            map.insert("exit".to_owned(), json!(ended.exit().code()));
        }
        let text = to_json(&value)?;
        out.piece("],")?;
        out.piece(text.strip_prefix('{').unwrap_or("}"))?;
    } else if report.failed.is_none() {
        let held = if report.held > 0 { format!(", {} held", report.held) } else { String::new() };
        out.line(format_args!(
            "{}: would create {}, update {}, delete {}; {} unchanged, {} in conflict{held}.",
            sync.name,
            report.created.total(),
            report.updated.total(),
            report.deleted.total(),
            report.unchanged,
            report.conflicts,
        ))?;
        for left in &report.quarantined {
            out.line(format_args!("{}: cannot be done, {} side: {}: {}", sync.name, left.side.word(), left.id, left.error))?;
        }
        for note in report.notes.iter().chain(&report.remarks) {
            out.line(format_args!("{}: {note}", sync.name))?;
        }
    }
    if let Some(failed) = &report.failed {
        out.flush()?;
        Out::note(format_args!("error: {}: {failed}", sync.name));
    }
    Ok(())
}

async fn plan<R: Record>(runner: &Runner, sync: &SyncConfig, out: &mut Out) -> Result<Ended> {
    let pair = runner.pair::<R>(sync)?;
    let plan = pair.plan().await?;
    runner.bars().end();
    let mut steps = plan.steps();
    let mut first = true;
    while let Some(step) = steps.next().await {
        let step = step?;
        if out.is_json() {
            out.piece(if first { "" } else { "," })?;
            out.piece(to_json(&object(&step))?)?;
        } else {
            people(sync, &step, out)?;
        }
        first = false;
    }
    Ok(Ended { run: Some(plan.run()), report: plan.report().clone() })
}

/// What is written to one end: field, before, after.
fn changes(end: &End) -> Vec<(Field, Option<Value>, Option<Value>)> {
    match &end.write {
        Some(SideWrite::Create { record, .. }) => match serde_json::from_slice::<Value>(record) {
            Ok(Value::Object(map)) => map.into_iter().map(|(key, value)| (Field::from(key), None, Some(value))).collect(),
            _ => Vec::new(),
        },
        Some(SideWrite::Fields { fields, from }) => {
            fields.iter().map(|(field, to)| (field.clone(), from.get(field).cloned(), Some(to.clone()).filter(|v| !v.is_null()))).collect()
        }
        _ => Vec::new(),
    }
}

fn ends(step: &PlannedStep) -> [(Side, &End); 2] {
    [(Side::Left, &step.body.hub), (Side::Right, &step.body.far)]
}

fn object(step: &PlannedStep) -> Value {
    let end = |end: &End| {
        let writes: Vec<Value> =
            changes(end).into_iter().map(|(field, from, to)| json!({ "field": field, "from": from, "to": to })).collect();
        json!({ "collection": end.collection, "item": end.item, "writes": writes })
    };
    json!({
        "step": step.step,
        "action": step.body.action.word(),
        "left": end(&step.body.hub),
        "right": end(&step.body.far),
        "reason": step.body.reason,
        "policy": step.body.policy,
        "conflicts": step.body.conflicts,
        "lost": step.body.lost,
        "held": step.body.held,
        "waiting": step.body.waiting,
        "undecided": step.body.undecided,
    })
}

fn people(sync: &SyncConfig, step: &PlannedStep, out: &mut Out) -> Result<()> {
    let body = &step.body;
    let place = |end: &End| match &end.item {
        Some(item) => format!("{}/{item}", end.collection),
        None => format!("{}/(to be made)", end.collection),
    };
    let policy = body.policy.as_deref().map(|p| format!(" ({p})")).unwrap_or_default();
    let held = body.held.as_deref().map(|h| format!(" [held: {h}]")).unwrap_or_default();
    let action = body.action.word();
    out.line(format_args!("{}: {action}: {} <-> {}: {}{policy}{held}", sync.name, place(&body.hub), place(&body.far), body.reason))?;
    for (side, end) in ends(step) {
        for (field, from, to) in changes(end) {
            out.line(format_args!("    {} {field}: {} -> {}", side.word(), shown(from.as_ref()), shown(to.as_ref())))?;
        }
    }
    for waits in &body.waiting {
        out.line(format_args!("    waits: {waits}"))?;
    }
    for has in &body.undecided {
        out.line(format_args!("    {} has {}: {}", has.side.word(), has.field, shown(has.to.as_ref())))?;
    }
    for lost in &body.lost {
        let value = shown(lost.to.as_ref().or(lost.from.as_ref()));
        out.line(format_args!("    lost: {} {}: {value}", lost.side.word(), lost.field))?;
    }
    Ok(())
}
