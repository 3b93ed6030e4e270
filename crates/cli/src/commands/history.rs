//! `history`: what was changed, by which run and why.

use crate::{
    accounts::{self, For},
    cli::History,
    config::Config,
    failure::{Exit, Failure, Result},
    output::{Out, shown, to_json},
};
use futures::StreamExt;
use pimkit::{FieldChange, JournalQuery, JournalRow, Side, State};
use serde_json::{Value, json};
use std::{
    fs,
    io::{self, BufWriter, Write},
    path::Path,
    sync::Arc,
};

pub(super) async fn run(args: &History, out: &mut Out) -> Result<Exit> {
    let config = Config::load(&args.config.config)?;
    if let Some(name) = &args.sync {
        config.chosen(Some(name))?;
    }
    let state = accounts::state(&config, For::Reading)?;
    if let Some(file) = &args.export {
        return export(args, file, state, out).await;
    }
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

/// Writes the journal to a file, one object per line; the file is there when it is whole.
async fn export(args: &History, file: &Path, state: Option<Arc<dyn State>>, out: &mut Out) -> Result<Exit> {
    let failed = |e: io::Error| Failure::machine(format!("{}: the journal cannot be written: {e}; name another file", file.display()));
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().ok_or_else(|| Failure::usage(format!("{}: name a file", file.display())))?;
    let part = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let mut count = 0_u64;
    let written = async {
        let mut to = BufWriter::new(fs::File::create(&part).map_err(failed)?);
        if let Some(state) = state {
            let mut rows = state.journal(JournalQuery { sync: args.sync.as_deref().map(Into::into), run: args.run, item: None });
            while let Some(row) = rows.next().await {
                writeln!(to, "{}", to_json(&object(&row?))?).map_err(failed)?;
                count += 1;
            }
        }
        to.into_inner().map_err(|e| failed(e.into_error()))?.sync_all().map_err(failed)?;
        fs::rename(&part, file).map_err(failed)
    }
    .await;
    if written.is_err() {
        // What is half written is of no use to anybody.
        let _ = fs::remove_file(&part);
    }
    written?;
    if out.is_json() {
        out.value(&json!({ "file": file, "entries": count }))?;
    } else {
        out.line(format_args!("{count} entries written to {}", file.display()))?;
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
