//! What is kept for people: journal, tombstones, quarantine; and which syncs there are.

use super::one;
use crate::{
    codec::row as parse,
    fault::Fault,
    pages::{Page, ROWS, pages},
    sql::prepare,
    store::SqliteState,
};
use futures::stream::BoxStream;
use pimkit_core::{JournalQuery, JournalRow, QuarantineRow, Result, SyncId, TombstoneRow};
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn tombstones(conn: &Connection, sync: &SyncId, keys: &[String]) -> Result<Vec<TombstoneRow>, Fault> {
    let mut ids: BTreeSet<i64> = BTreeSet::new();
    let mut statement = prepare(conn, "SELECT tombstone FROM tombstone_key WHERE sync = ?1 AND key = ?2")?;
    for key in keys {
        for id in statement.query_map([sync.as_str(), key], |row| row.get(0))? {
            ids.insert(id?);
        }
    }
    let mut found: BTreeMap<String, TombstoneRow> = BTreeMap::new();
    for id in ids {
        let row: Option<TombstoneRow> = one(conn, "tombstone", "SELECT body FROM tombstone WHERE id = ?1", [id])?;
        found.extend(row.map(|row| (row.link.clone(), row)));
    }
    Ok(found.into_values().collect())
}

pub(super) fn journal(state: &SqliteState, query: JournalQuery) -> BoxStream<'static, Result<JournalRow>> {
    pages(state, "state.journal", move |conn, last: Option<&i64>| {
        let mut page = Page::new();
        let run = query.run.map(i64::try_from);
        // A run beyond the greatest that can be stored has no rows.
        let Ok(run) = run.transpose() else { return Ok(page) };
        let mut sql = "SELECT seq, before, body FROM journal WHERE seq > ?".to_owned();
        let mut params: Vec<Value> = vec![last.copied().unwrap_or(0).into()];
        if let Some(item) = &query.item {
            sql += " AND seq IN (SELECT seq FROM journal WHERE hub_item = ? UNION ALL SELECT seq FROM journal WHERE far_item = ?)";
            params.extend([item.to_string().into(), item.to_string().into()]);
        }
        // The plus leaves the choice of the index to the condition that finds fewer rows.
        if let Some(run) = run {
            sql += if query.item.is_some() { " AND +run = ?" } else { " AND run = ?" };
            params.push(run.into());
        }
        if let Some(sync) = &query.sync {
            sql += if query.item.is_some() || run.is_some() { " AND +sync = ?" } else { " AND sync = ?" };
            params.push(sync.to_string().into());
        }
        sql += &format!(" ORDER BY seq LIMIT {ROWS}");
        let mut statement = prepare(conn, &sql)?;
        let mut found = statement.query(params_from_iter(params))?;
        while let Some(row) = found.next()? {
            let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            let mut entry: JournalRow = parse("journal", body)?;
            let seq: i64 = row.get(0)?;
            (entry.seq, entry.before) = (seq.unsigned_abs(), row.get(1)?);
            let bytes = body.len() + entry.before.as_ref().map_or(0, Vec::len);
            if !page.push(seq, entry, bytes) {
                break;
            }
        }
        Ok(page)
    })
}

pub(super) fn quarantine(state: &SqliteState, sync: SyncId) -> BoxStream<'static, Result<QuarantineRow>> {
    pages(state, "state.quarantine", move |conn, last: Option<&[String; 5]>| {
        let after = if last.is_some() { " AND (side, account, kind, collection, item) > (?2, ?3, ?4, ?5, ?6)" } else { "" };
        let sql = format!(
            "SELECT side, account, kind, collection, item, body FROM quarantine WHERE sync = ?1{after}
             ORDER BY side, account, kind, collection, item LIMIT {ROWS}"
        );
        let mut statement = prepare(conn, &sql)?;
        let key = last.map(|key| key.iter().map(String::as_str)).into_iter().flatten();
        let mut found = statement.query(params_from_iter(std::iter::once(sync.as_str()).chain(key)))?;
        let mut page = Page::new();
        while let Some(row) = found.next()? {
            let body = row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?;
            let key = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
            if !page.push(key, parse("quarantine", body)?, body.len()) {
                break;
            }
        }
        Ok(page)
    })
}

/// Every table with a sync, each with an index that begins with it.
const WITH_SYNC: [&str; 10] = ["link", "intent", "step", "sync", "run", "progress", "tombstone", "journal", "approval", "quarantine"];

/// From one sync to the next along the index, so that the rows between them are not read.
pub(super) fn syncs(conn: &Connection) -> Result<Vec<SyncId>, Fault> {
    let mut syncs = BTreeSet::new();
    for table in WITH_SYNC {
        let mut first = prepare(conn, &format!("SELECT sync FROM {table} ORDER BY sync LIMIT 1"))?;
        let mut next = prepare(conn, &format!("SELECT sync FROM {table} WHERE sync > ?1 ORDER BY sync LIMIT 1"))?;
        let mut sync: Option<String> = first.query_row([], |row| row.get(0)).optional()?;
        while let Some(found) = sync {
            sync = next.query_row([&found], |row| row.get(0)).optional()?;
            syncs.insert(SyncId::from(found));
        }
    }
    Ok(syncs.into_iter().collect())
}
