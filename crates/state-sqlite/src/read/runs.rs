//! Runs, their steps and their intents.

use crate::{
    codec::{number, row as parse},
    fault::Fault,
    pages::{Page, ROWS, pages},
    sql::prepare,
    store::SqliteState,
};
use futures::stream::BoxStream;
use pimkit_core::{IntentRow, Result, RunRow, StepRow, SyncId};
use rusqlite::{Connection, params, params_from_iter, types::Value};

pub(super) fn last(conn: &Connection) -> Result<u64, Fault> {
    let run: Option<i64> = prepare(conn, "SELECT max(run) FROM run")?.query_row([], |row| row.get(0))?;
    Ok(run.map_or(0, number))
}

pub(super) fn intents(state: &SqliteState, sync: SyncId) -> BoxStream<'static, Result<IntentRow>> {
    pages(state, "state.intents", move |conn, last: Option<&i64>| {
        let sql = format!("SELECT place, before, target, body FROM intent WHERE sync = ?1 AND place > ?2 ORDER BY place LIMIT {ROWS}");
        let mut statement = prepare(conn, &sql)?;
        let mut found = statement.query(params![sync.as_str(), last.copied().unwrap_or(0)])?;
        let mut page = Page::new();
        while let Some(row) = found.next()? {
            let body = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
            let mut intent: IntentRow = parse("intent", body)?;
            (intent.before, intent.target) = (row.get(1)?, row.get(2)?);
            let bytes = body.len() + [&intent.before, &intent.target].into_iter().flatten().map(Vec::len).sum::<usize>();
            if !page.push(row.get(0)?, intent, bytes) {
                break;
            }
        }
        Ok(page)
    })
}

pub(super) fn steps(state: &SqliteState, run: u64) -> BoxStream<'static, Result<StepRow>> {
    pages(state, "state.steps", move |conn, last: Option<&i64>| {
        let mut page = Page::new();
        // A run beyond the greatest that can be stored has no steps.
        let Ok(run) = i64::try_from(run) else { return Ok(page) };
        let sql = format!("SELECT step, done, body FROM step WHERE run = ?1 AND step > ?2 ORDER BY step LIMIT {ROWS}");
        let mut statement = prepare(conn, &sql)?;
        let mut found = statement.query(params![run, last.copied().unwrap_or(-1)])?;
        while let Some(row) = found.next()? {
            let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            let mut step: StepRow = parse("step", body)?;
            step.done = row.get(1)?;
            if !page.push(row.get(0)?, step, body.len()) {
                break;
            }
        }
        Ok(page)
    })
}

pub(super) fn newest_first(state: &SqliteState, sync: Option<SyncId>) -> BoxStream<'static, Result<RunRow>> {
    pages(state, "state.runs", move |conn, last: Option<&i64>| {
        let sign = if last.is_some() { "<" } else { "<=" };
        let mut params: Vec<Value> = vec![last.copied().unwrap_or(i64::MAX).into()];
        let mut of = "";
        if let Some(sync) = &sync {
            of = " AND sync = ?";
            params.push(sync.to_string().into());
        }
        let sql = format!("SELECT run, body FROM run WHERE run {sign} ?{of} ORDER BY run DESC LIMIT {ROWS}");
        let mut statement = prepare(conn, &sql)?;
        let mut found = statement.query(params_from_iter(params))?;
        let mut page = Page::new();
        while let Some(row) = found.next()? {
            let body = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            if !page.push(row.get(0)?, parse("run", body)?, body.len()) {
                break;
            }
        }
        Ok(page)
    })
}
