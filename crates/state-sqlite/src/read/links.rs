//! Links.

use super::seen::place;
use crate::{
    codec::row as parse,
    fault::Fault,
    pages::{Page, ROWS, pages},
    sql::prepare,
    store::SqliteState,
};
use futures::stream::BoxStream;
use pimkit_core::{AccountId, CollectionId, ItemId, LinkQuery, LinkRow, Result, Side, SyncId};
use rusqlite::{CachedStatement, Connection, Params, Row, params};

/// Of a link: everything that its body leaves to the columns, then the body.
const COLUMNS: &str = "l.id, l.sync, h.account, h.collection, l.hub_item, f.account, f.collection, l.far_item, l.body";
const PLACES: &str = "CROSS JOIN place h ON h.id = l.hub CROSS JOIN place f ON f.id = l.far";

fn link(row: &Row<'_>) -> Result<LinkRow, Fault> {
    let mut link: LinkRow = parse("link", row.get_ref(8)?.as_str().map_err(rusqlite::Error::from)?)?;
    link.id = row.get(0)?;
    link.sync = SyncId::from(row.get::<_, String>(1)?);
    link.hub_account = AccountId::from(row.get::<_, String>(2)?);
    link.hub_collection = CollectionId::from(row.get::<_, String>(3)?);
    link.hub_item = row.get::<_, Option<String>>(4)?.map(ItemId::from);
    link.account = AccountId::from(row.get::<_, String>(5)?);
    link.collection = CollectionId::from(row.get::<_, String>(6)?);
    link.item = row.get::<_, Option<String>>(7)?.map(ItemId::from);
    Ok(link)
}

fn first(statement: &mut CachedStatement<'_>, params: impl Params) -> Result<Option<LinkRow>, Fault> {
    statement.query(params)?.next()?.map(link).transpose()
}

pub(super) fn one(conn: &Connection, id: &str) -> Result<Option<LinkRow>, Fault> {
    first(&mut prepare(conn, &format!("SELECT {COLUMNS} FROM link l {PLACES} WHERE l.id = ?1"))?, [id])
}

pub(super) fn of_hub(conn: &Connection, sync: &SyncId, items: &[ItemId]) -> Result<Vec<Option<LinkRow>>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM link l INDEXED BY link_hub {PLACES} WHERE l.sync = ?1 AND l.hub_item = ?2 AND l.claims = 1");
    let mut statement = prepare(conn, &sql)?;
    items.iter().map(|item| first(&mut statement, [sync.as_str(), item.as_str()])).collect()
}

pub(super) fn of_far(
    conn: &Connection,
    sync: &SyncId,
    account: &AccountId,
    collection: &CollectionId,
    items: &[ItemId],
) -> Result<Vec<Option<LinkRow>>, Fault> {
    let place = place(conn, account, collection)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM link l INDEXED BY link_far {PLACES} WHERE l.sync = ?1 AND l.far = ?2 AND l.far_item = ?3 AND l.claims = 1"
    );
    let mut statement = prepare(conn, &sql)?;
    items.iter().map(|item| first(&mut statement, params![sync.as_str(), place, item.as_str()])).collect()
}

/// The conditions of a query, after `l.sync = ?1`, and the index that they are read from.
struct Plan {
    index: &'static str,
    conditions: String,
}

impl Plan {
    /// `counting`: the order does not matter.
    fn of(conn: &Connection, query: &LinkQuery, counting: bool) -> Result<Self, Fault> {
        let mut index = "link_sync";
        let mut conditions = String::new();
        if let Some((side, collection)) = &query.collection {
            let mut statement = prepare(conn, "SELECT id FROM place WHERE collection = ?1")?;
            let places = statement.query_map([collection.as_str()], |row| row.get::<_, i64>(0).map(|id| id.to_string()))?;
            let places: Vec<String> = places.collect::<rusqlite::Result<_>>()?;
            let (column, its) = match side {
                Side::Left => ("hub", "link_at_hub"),
                Side::Right => ("far", "link_at_far"),
            };
            if counting {
                index = its;
            }
            // Two accounts may have a collection of one name. The plus keeps the order of ids where that matters.
            conditions += &format!(" AND {}l.{column} IN ({})", if counting { "" } else { "+" }, places.join(", "));
        }
        if query.again {
            index = "link_again";
            conditions += " AND l.again = 1";
        }
        if !query.states.is_empty() {
            let words: Vec<String> = query.states.iter().map(|state| format!("'{}'", state.word())).collect();
            conditions += &format!(" AND +l.state IN ({})", words.join(", "));
        }
        Ok(Self { index, conditions })
    }
}

pub(super) fn count(conn: &Connection, query: &LinkQuery) -> Result<u64, Fault> {
    let Plan { index, conditions } = Plan::of(conn, query, true)?;
    let sql = format!("SELECT count(*) FROM link l INDEXED BY {index} WHERE l.sync = ?1{conditions}");
    let count: i64 = prepare(conn, &sql)?.query_row([query.sync.as_str()], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

pub(super) fn rows(state: &SqliteState, query: LinkQuery) -> BoxStream<'static, Result<LinkRow>> {
    pages(state, "state.links", move |conn, last: Option<&String>| {
        let Plan { index, conditions } = Plan::of(conn, &query, false)?;
        let (sign, after) = last.map_or((">=", ""), |id| (">", id.as_str()));
        let sql = format!(
            "SELECT {COLUMNS} FROM link l INDEXED BY {index} {PLACES} WHERE l.sync = ?1 AND l.id {sign} ?2{conditions} ORDER BY l.id LIMIT {ROWS}"
        );
        let mut statement = prepare(conn, &sql)?;
        let mut found = statement.query([query.sync.as_str(), after])?;
        let mut page = Page::new();
        while let Some(row) = found.next()? {
            let link = link(row)?;
            if !page.push(link.id.clone(), link, 0) {
                break;
            }
        }
        Ok(page)
    })
}
