//! `history`: what was changed, by which run and why.

use crate::{
    accounts::{self, For},
    cli::History,
    config::Config,
    failure::{Exit, Result},
    output::{Out, shown, to_json},
};
use futures::StreamExt;
use pimkit::{FieldChange, JournalQuery, JournalRow, Side};
use serde_json::{Value, json};

pub(super) async fn run(args: &History, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    if let Some(name) = &args.sync {
        config.chosen(Some(name))?;
    }
    let state = accounts::state(&config, For::Reading)?;
    if out.is_json() {
        out.piece("{\"entries\":[")?;
    }
    let mut first = true;
    if let Some(state) = state {
        let query = JournalQuery { sync: args.sync.as_deref().map(Into::into), run: args.run, item: None };
        let mut rows = state.journal(query);
        while let Some(row) = rows.next().await {
            let row = row?;
            if out.is_json() {
                out.piece(if first { "" } else { "," })?;
                out.piece(to_json(&object(&row))?)?;
            } else {
                people(&row, out)?;
            }
            first = false;
        }
    }
    if out.is_json() {
        out.line("]}")?;
    } else if first {
        out.line("Nothing has happened yet: no sync has written or joined anything.")?;
    }
    Ok(Exit::Done)
}

fn object(row: &JournalRow) -> Value {
    json!({
        "seq": row.seq,
        "run": row.run,
        "sync": row.sync,
        "at": row.at,
        "kind": row.kind.plural(),
        "left": row.hub_item,
        "right": row.item,
        "action": row.action,
        "side": row.side.map(Side::word),
        "policy": row.policy,
        "why": row.why,
        "changes": row.changes,
        "lost": row.lost,
    })
}

fn people(row: &JournalRow, out: &mut Out) -> Result<()> {
    let side = row.side.map(|s| format!(" on the {} side", s.word())).unwrap_or_default();
    let left = row.hub_item.as_ref().map_or("-", |i| i.as_str());
    let right = row.item.as_ref().map_or("-", |i| i.as_str());
    let policy = row.policy.as_deref().map(|p| format!(" ({p})")).unwrap_or_default();
    let at = row.at.strftime("%Y-%m-%d %H:%M:%S UTC");
    out.line(format_args!("{at}  run {}  {}: {}{side}: {left} <-> {right}: {}{policy}", row.run, row.sync, row.action, row.why))?;
    let change = |c: &FieldChange| format!("    {} {}: {} -> {}", c.side.word(), c.field, shown(c.from.as_ref()), shown(c.to.as_ref()));
    for line in row.changes.iter().map(change) {
        out.line(line)?;
    }
    for lost in &row.lost {
        let value = shown(lost.to.as_ref().or(lost.from.as_ref()));
        out.line(format_args!("    lost: {} {}: {value}", lost.side.word(), lost.field))?;
    }
    Ok(())
}
