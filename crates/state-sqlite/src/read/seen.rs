//! Sightings.

use crate::{
    codec::{bound, number, row as parse, word},
    fault::Fault,
    pages::{Page, pages},
    sql::prepare,
    store::SqliteState,
};
use futures::stream::BoxStream;
use pimkit_core::{AccountId, CollectionId, ItemId, Kind, Result, SeenQuery, SeenRow};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Of a sighting: item, epoch, keys, body, record.
const COLUMNS: &str = "s.item, s.epoch, b.keys, b.body, b.record FROM seen s CROSS JOIN seen_body b ON b.seen = s.id";

/// The row and about how many bytes it has.
fn sighting(row: &Row<'_>, account: &AccountId, collection: &CollectionId) -> Result<(SeenRow, usize), Fault> {
    let body = row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?;
    let mut seen: SeenRow = parse("seen_body", body)?;
    seen.account = account.clone();
    seen.collection = collection.clone();
    seen.item = ItemId::from(row.get::<_, String>(0)?);
    seen.epoch = number(row.get(1)?);
    seen.keys = parse("seen_body", row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?)?;
    seen.record = row.get(4)?;
    let bytes = body.len() + seen.record.as_ref().map_or(0, Vec::len);
    Ok((seen, bytes))
}

pub(super) fn place(conn: &Connection, account: &AccountId, collection: &CollectionId) -> Result<Option<i64>, Fault> {
    let mut statement = prepare(conn, "SELECT id FROM place WHERE account = ?1 AND collection = ?2")?;
    Ok(statement.query_row([account.as_str(), collection.as_str()], |row| row.get(0)).optional()?)
}

pub(super) fn by_id(
    conn: &Connection,
    account: &AccountId,
    kind: Kind,
    collection: &CollectionId,
    items: &[ItemId],
) -> Result<Vec<Option<SeenRow>>, Fault> {
    let place = place(conn, account, collection)?;
    let mut statement = prepare(conn, &format!("SELECT {COLUMNS} WHERE s.place = ?1 AND s.kind = ?2 AND s.item = ?3"))?;
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        let mut rows = statement.query(params![place, word(kind), item.as_str()])?;
        let row = rows.next()?.map(|row| sighting(row, account, collection)).transpose()?;
        found.push(row.map(|(seen, _)| seen));
    }
    Ok(found)
}

pub(super) fn by_key(
    conn: &Connection,
    account: &AccountId,
    kind: Kind,
    keys: &[String],
    limit: u32,
) -> Result<Vec<Vec<(CollectionId, ItemId)>>, Fault> {
    let sql = "SELECT p.collection, s.item FROM seen_key k CROSS JOIN seen s ON s.id = k.seen CROSS JOIN place p ON p.id = s.place
               WHERE k.key = ?1 AND k.kind = ?2 AND p.account = ?3 ORDER BY p.collection, s.item LIMIT ?4";
    let mut statement = prepare(conn, sql)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let rows = statement.query_map(params![key, word(kind), account.as_str(), limit], |row| {
            Ok((CollectionId::from(row.get::<_, String>(0)?), ItemId::from(row.get::<_, String>(1)?)))
        })?;
        found.push(rows.collect::<rusqlite::Result<_>>()?);
    }
    Ok(found)
}

pub(super) fn rows(state: &SqliteState, query: SeenQuery) -> BoxStream<'static, Result<SeenRow>> {
    pages(state, "state.seen_rows", move |conn, last| page(conn, &query, last))
}

type Key = (CollectionId, ItemId);

/// Collection after collection, item after item, each from the index that has them in this order. A query for what
/// changed walks the same index: narrow rows, in one pass over all pages, whether few or all have changed.
fn page(conn: &Connection, query: &SeenQuery, last: Option<&Key>) -> Result<Page<SeenRow, Key>, Fault> {
    let from = last.map(|(collection, _)| collection).or(query.collection.as_ref()).map_or("", CollectionId::as_str);
    let mut statement = prepare(conn, "SELECT id, collection FROM place WHERE account = ?1 AND collection >= ?2 ORDER BY collection")?;
    let mut places = statement.query([query.account.as_str(), from])?;
    let mut page = Page::new();
    while let Some(row) = places.next()? {
        let (place, collection): (i64, CollectionId) = (row.get(0)?, CollectionId::from(row.get::<_, String>(1)?));
        if query.collection.as_ref().is_some_and(|within| *within != collection) {
            break;
        }
        let after = last.filter(|(at, _)| *at == collection).map(|(_, item)| item.as_str());
        let sql = format!(
            "SELECT {COLUMNS} WHERE s.place = ?1 AND s.kind = ?2 AND s.item {} ?3
             AND (?4 IS NULL OR s.changed > ?4) AND (?5 IS NULL OR s.epoch < ?5) ORDER BY s.item LIMIT ?6",
            if after.is_some() { ">" } else { ">=" }
        );
        let room = i64::try_from(page.room()).unwrap_or_default();
        // No epoch lies beyond the greatest that can be stored, so that a greater bound is none.
        let epoch_before = query.epoch_before.and_then(|epoch| i64::try_from(epoch).ok());
        let params = params![place, word(query.kind), after.unwrap_or_default(), query.changed_after.map(bound), epoch_before, room];
        let mut statement = prepare(conn, &sql)?;
        let mut found = statement.query(params)?;
        while let Some(row) = found.next()? {
            let (seen, bytes) = sighting(row, &query.account, &collection)?;
            if !page.push((collection.clone(), seen.item.clone()), seen, bytes) {
                break;
            }
        }
        if page.is_full() {
            break;
        }
    }
    Ok(page)
}
