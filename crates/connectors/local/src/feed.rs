//! Rounds of changes: every change has a place in one sequence, given out inside the writer's
//! transaction, so that places become visible in their order.

use crate::{
    error::Res,
    repo::Items,
    rights::Rights,
    row::{self, COLUMNS, Raw},
    store::Place,
};
use pimkit_core::{Change, ChangeOptions, ChangePage, CollectionId, Cursor, Next, PageToken, Position, Record, Removal, Result, cursor};
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};

const TOKEN: &str = "local/2";
const PAGE: u32 = 200;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Going {
    /// Naming everything by id; the feed stood at `seq` when that began.
    List { after: i64, seq: i64 },
    /// Naming what has a later place.
    Since { seq: i64 },
}

impl<R: Record> Items<R> {
    pub(crate) fn page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.local.db.read("local.changes", |tx| {
            self.exists(tx, collection)?;
            let rights = self.local.rights(tx)?;
            let bound = self.bound(&rights, collection, options);
            let limit = options.page_size.unwrap_or(PAGE).clamp(1, 10_000) as usize;
            let last = Place::last(tx)?;
            // A token says how far the feed was when it was given out, which may be further than where it
            // goes on: what was told until then has to be part of this file's history.
            let going = match at {
                Position::Start => Going::List { after: 0, seq: last.seq },
                Position::Page(token) => {
                    let (read, going): (Place, Going) = cursor::decode(TOKEN, bound, token.as_str())?;
                    read.check(tx)?;
                    going
                }
                Position::Since(token) => {
                    let (read, seq): (Place, i64) = cursor::decode(TOKEN, bound, token.as_str())?;
                    read.check(tx)?;
                    Going::Since { seq }
                }
            };
            let (changes, next) = match going {
                Going::List { after, seq } => list(tx, &rights, collection, options, after, seq, limit)?,
                Going::Since { seq } => since(tx, &rights, collection, options, seq, limit)?,
            };
            let next = match next {
                Ok(going) => Next::More(PageToken::from(cursor::encode(TOKEN, bound, &(last, going))?)),
                Err((seq, complete)) => Next::Done { cursor: Cursor::from(cursor::encode(TOKEN, bound, &(last, seq))?), complete },
            };
            Ok(ChangePage { changes, next })
        })
    }

    /// Tokens are bound to the file, the collection, the window, and what the user may see: when
    /// rights change, everything is named anew.
    fn bound(&self, rights: &Rights, collection: &CollectionId, options: &ChangeOptions) -> u64 {
        let window = options.window.map(|(from, to)| format!("{from}/{to}")).unwrap_or_default();
        let user = rights.user.as_deref().unwrap_or_default();
        cursor::binding(&[&self.local.db.id, R::KIND.plural(), collection.as_str(), user, &rights.epoch.to_string(), &window])
    }
}

/// Another page, or the cursor and whether everything was named.
type After = std::result::Result<Going, (i64, bool)>;

fn list<R: Record>(
    tx: &Transaction<'_>,
    rights: &Rights,
    collection: &CollectionId,
    options: &ChangeOptions,
    after: i64,
    seq: i64,
    limit: usize,
) -> Res<(Vec<Change<R>>, After)> {
    let query =
        format!("SELECT {COLUMNS} FROM item WHERE kind = ?1 AND collection = ?2 AND id > ?3 AND trashed IS NULL ORDER BY id LIMIT ?4");
    let mut rows = tx.prepare_cached(&query)?;
    let rows = rows.query_map(params![R::KIND.plural(), collection.as_str(), after, limit as i64], Raw::of)?;
    let rows = rows.collect::<rusqlite::Result<Vec<Raw>>>()?;
    let next = match rows.last() {
        Some(last) if rows.len() == limit => Ok(Going::List { after: last.id, seq }),
        _ => Err((seq, true)),
    };
    let line = |raw: &Raw| match line(rights, options, raw) {
        // Naming everything, what is not in view is not named.
        Change::Removed { .. } => None,
        change => Some(change),
    };
    Ok((rows.iter().filter_map(line).collect(), next))
}

fn since<R: Record>(
    tx: &Transaction<'_>,
    rights: &Rights,
    collection: &CollectionId,
    options: &ChangeOptions,
    seq: i64,
    limit: usize,
) -> Res<(Vec<Change<R>>, After)> {
    let mut lines = tx.prepare_cached(
        "SELECT seq, id, chance, NULL FROM item WHERE kind = ?1 AND collection = ?2 AND seq > ?3 AND trashed IS NULL
         UNION ALL SELECT seq, item, chance, reason FROM gone WHERE kind = ?1 AND collection = ?2 AND seq > ?3
         ORDER BY 1 LIMIT ?4",
    )?;
    let parameters = params![R::KIND.plural(), collection.as_str(), seq, limit as i64];
    let lines = lines.query_map(parameters, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    let lines = lines.collect::<rusqlite::Result<Vec<(i64, i64, String, Option<String>)>>>()?;
    let mut changes = Vec::with_capacity(lines.len());
    let last = lines.last().map_or(seq, |(seq, ..)| *seq);
    let more = lines.len() == limit;
    for (_, id, chance, reason) in lines {
        changes.push(match reason {
            Some(reason) => Change::Removed {
                id: row::item(id, &chance),
                reason: if reason == row::reason_word(Removal::Left) { Removal::Left } else { Removal::Deleted },
            },
            None => match row::get(tx, R::KIND, id)? {
                Some(raw) => line(rights, options, &raw),
                None => continue,
            },
        });
    }
    Ok((changes, if more { Ok(Going::Since { seq: last }) } else { Err((last, false)) }))
}

fn line<R: Record>(rights: &Rights, options: &ChangeOptions, raw: &Raw) -> Change<R> {
    // Only the number of what is not the user's to see.
    let out_of_view = || Change::Removed { id: raw.item(), reason: Removal::Left };
    if !raw.seen_by(rights) {
        return out_of_view();
    }
    match raw.stored::<R>(rights) {
        Ok(stored) if options.admits(&stored.record) => Change::Upserted(Box::new(stored)),
        Ok(_) => out_of_view(),
        Err(error) => Change::Unreadable { id: raw.item(), revision: Some(raw.revision()), error },
    }
}
