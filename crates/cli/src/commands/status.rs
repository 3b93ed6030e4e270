//! `status`: how each sync stands.

use crate::{
    accounts::{self, For},
    cli::Status,
    config::{Config, SyncConfig},
    failure::{Exit, Result},
    output::{Align, Out, table},
    undecided::{self, Waiting},
};
use futures::{StreamExt, TryStreamExt};
use pimkit::{ApprovalRow, LinkQuery, LinkState, QuarantineRow, RunRow, State, SyncRow, SyncState, sync};
use serde_json::{Value, json};
use std::sync::Arc;

/// What the state knows of a sync.
struct Standing {
    last: Option<RunRow>,
    /// The last run that ended without a failure.
    success: Option<RunRow>,
    /// Whether it runs, since when, and why not.
    stands: Option<SyncRow>,
    /// Pairs that rest after an undo.
    parked: u64,
    links: Vec<(LinkState, u64)>,
    intents: u64,
    quarantine: Vec<QuarantineRow>,
    approvals: Vec<ApprovalRow>,
    /// Of each approval, its items for programs.
    held: Vec<Value>,
    /// What is to be decided pair by pair.
    waiting: Vec<Waiting>,
}

const STATES: &[LinkState] = &[
    LinkState::Live,
    LinkState::Pending,
    LinkState::OutOfScope,
    LinkState::Suppressed,
    LinkState::Shadowed,
    LinkState::Held,
    LinkState::Quarantined,
    LinkState::Archived,
];

impl Standing {
    async fn read(state: Option<&Arc<dyn State>>, sync: &SyncConfig) -> Result<Self> {
        let Some(state) = state else {
            return Ok(Self {
                last: None,
                success: None,
                stands: None,
                parked: 0,
                links: Vec::new(),
                intents: 0,
                quarantine: Vec::new(),
                approvals: Vec::new(),
                held: Vec::new(),
                waiting: Vec::new(),
            });
        };
        let id = sync.name.as_str().into();
        let last = state.runs(Some(&id)).next().await.transpose()?;
        let mut success = None;
        let mut runs = state.runs(Some(&id));
        while let (None, Some(run)) = (&success, runs.try_next().await?) {
            success = (run.finished.is_some() && matches!(run.outcome.as_str(), "done" | "partial" | "held")).then_some(run);
        }
        drop(runs);
        let stands = state.sync(&id).await?;
        let mut parked = 0;
        let mut all = state.links(LinkQuery::of(&id));
        while let Some(link) = all.try_next().await? {
            parked += u64::from(link.parked);
        }
        drop(all);
        let mut links = Vec::new();
        for of in STATES {
            let mut query = LinkQuery::of(&id);
            query.states = vec![*of];
            let count = state.count_links(query).await?;
            if count > 0 {
                links.push((*of, count));
            }
        }
        let intents = state.intents(&id).try_fold(0, |n, _| async move { Ok(n + 1) }).await?;
        let quarantine = state.quarantine(&id).try_collect().await?;
        let approvals = sync::held(state.as_ref(), &id).await?;
        let mut held = Vec::new();
        for approval in &approvals {
            held.push(undecided::held_json(state.as_ref(), &id, sync.kind, &approval.items).await?);
        }
        let waiting = undecided::waiting(state, &sync.name, sync.kind).await?;
        Ok(Self { last, success, stands, parked, links, intents, quarantine, approvals, held, waiting })
    }

    fn result(&self) -> String {
        if let Some(row) = self.stands.as_ref().filter(|row| row.state != SyncState::Active) {
            return row.state.word().to_owned();
        }
        match &self.last {
            None => "never run".to_owned(),
            Some(run) if run.finished.is_none() => format!("run {} is under way, or was cut off", run.run),
            Some(run) => run.outcome.clone(),
        }
    }

    fn json(&self, sync: &SyncConfig) -> Value {
        let links: serde_json::Map<String, Value> = self.links.iter().map(|(state, n)| (state.word().to_owned(), json!(n))).collect();
        json!({
            "name": sync.name,
            "kind": sync.kind.plural(),
            "left": sync.left,
            "right": sync.right,
            "state": self.stands.as_ref().map_or(SyncState::Active, |row| row.state).word(),
            "since": self.stands.as_ref().map(|row| row.since),
            "why": self.stands.as_ref().and_then(|row| row.why.clone()),
            "last_success": self.success.as_ref().map(|run| json!({ "run": run.run, "finished": run.finished })),
            "parked": self.parked,
            "last": self.last.as_ref().map(|run| json!({
                "run": run.run, "started": run.started, "finished": run.finished, "outcome": run.outcome, "report": run.report,
            })),
            "links": links,
            "unresolved": self.intents,
            "quarantined": self.quarantine.iter().map(|q| json!({
                "id": q.item, "side": q.side.word(), "collection": q.collection, "error": q.error,
                "since": q.since, "tries": q.tries, "next": q.next,
            })).collect::<Vec<_>>(),
            "approvals": self.approvals.iter().zip(&self.held).map(|(a, held)| json!({
                "id": a.id, "run": a.run, "guard": a.guard, "shown": a.shown, "items": a.items.len(), "held": held,
            })).collect::<Vec<_>>(),
            "waiting": self.waiting.iter().map(Waiting::json).collect::<Vec<_>>(),
        })
    }
}

pub(super) async fn run(args: &Status, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    let chosen = config.chosen(None)?;
    let state = accounts::state(&config, For::Reading)?;
    let mut standings = Vec::new();
    for sync in chosen {
        standings.push((sync, Standing::read(state.as_ref(), sync).await?));
    }
    if out.is_json() {
        let syncs: Vec<Value> = standings.iter().map(|(sync, standing)| standing.json(sync)).collect();
        out.value(&json!({ "syncs": syncs }))?;
        return Ok(Exit::Done);
    }
    let headings = [
        ("sync", Align::Left),
        ("kind", Align::Left),
        ("left", Align::Left),
        ("right", Align::Left),
        ("last run (UTC)", Align::Left),
        ("result", Align::Left),
        ("links", Align::Left),
        ("left over", Align::Right),
        ("waits", Align::Right),
    ];
    let rows = standings.iter().map(|(sync, standing)| {
        let last = standing.last.as_ref().map_or_else(|| "-".to_owned(), |r| r.started.strftime("%Y-%m-%d %H:%M:%S").to_string());
        let links: Vec<String> = standing.links.iter().map(|(state, n)| format!("{n} {}", state.word().replace('_', " "))).collect();
        vec![
            sync.name.clone(),
            sync.kind.plural().to_owned(),
            sync.left.clone(),
            sync.right.clone(),
            last,
            standing.result(),
            if links.is_empty() { "-".to_owned() } else { links.join(", ") },
            standing.quarantine.len().to_string(),
            (standing.approvals.len() + standing.waiting.len()).to_string(),
        ]
    });
    out.line(table(&headings, rows.collect()))?;
    let file = config.file.display();
    for (sync, standing) in &standings {
        if let Some(row) = standing.stands.as_ref().filter(|row| row.state != SyncState::Active) {
            let why = row.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            let since = row.since.strftime("%Y-%m-%d %H:%M:%S");
            out.line(format_args!("{}: {} since {since} UTC{why}", sync.name, row.state.word()))?;
        }
        if let Some(success) = standing.success.as_ref().filter(|run| standing.last.as_ref().is_some_and(|last| last.run != run.run)) {
            let at = success.started.strftime("%Y-%m-%d %H:%M:%S");
            out.line(format_args!("{}: the last run that came to its end was run {} at {at} UTC", sync.name, success.run))?;
        }
        if standing.parked > 0 {
            out.line(format_args!(
                "{}: {} records rest after an undo; `pimkit release RUN` lets them be synced",
                sync.name, standing.parked
            ))?;
        }
        for waiting in &standing.approvals {
            if let Some(state) = &state {
                undecided::tell_approval(state.as_ref(), sync.kind, &file.to_string(), waiting, out).await?;
            }
        }
        undecided::tell(&sync.name, &standing.waiting, out)?;
        for left in &standing.quarantine {
            let next = left.next.strftime("%Y-%m-%d %H:%M:%S");
            let side = left.side.word();
            out.line(format_args!(
                "{}: left over on the {side} side: {}: {}; tried again after {next} UTC",
                sync.name, left.item, left.error
            ))?;
        }
        if standing.intents > 0 {
            out.line(format_args!(
                "{}: {} writes without a known outcome; the next sync looks what became of them",
                sync.name, standing.intents
            ))?;
        }
    }
    Ok(Exit::Done)
}
