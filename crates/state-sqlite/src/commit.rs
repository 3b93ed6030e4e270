//! Changes as statements, within the one transaction of their batch.

use crate::{
    codec::{bits, body, ordered, row as parse, word},
    fault::{Fault, twice},
    sql::prepare,
};
use pimkit_core::{
    AccountId, CollectionId, Error, ErrorKind, IntentRow, ItemId, JournalRow, Kind, LinkRow, SeenRow, StateChange, StreamKey, TombstoneRow,
};
use rusqlite::{Connection, OptionalExtension, Params, params};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem::take,
};

/// Applies a batch in order.
pub(crate) fn apply(conn: &Connection, changes: Vec<StateChange>) -> Result<(), Fault> {
    let mut batch = Batch { conn, places: BTreeMap::new() };
    changes.into_iter().try_for_each(|change| batch.apply(change))
}

struct Batch<'a> {
    conn: &'a Connection,
    /// The places that the batch has come by, so that a page of sightings asks once.
    places: BTreeMap<(AccountId, CollectionId), i64>,
}

impl Batch<'_> {
    fn run(&self, sql: &str, params: impl Params) -> Result<usize, Fault> {
        Ok(prepare(self.conn, sql)?.execute(params)?)
    }

    fn apply(&mut self, change: StateChange) -> Result<(), Fault> {
        match change {
            StateChange::Account(row) => {
                self.run("INSERT OR REPLACE INTO account (id, body) VALUES (?1, ?2)", params![row.id.as_str(), body(&row)?])?;
            }
            StateChange::Stream(row) => {
                let StreamKey { account, kind, collection, options } = &row.key;
                self.run(
                    "INSERT OR REPLACE INTO stream (account, kind, collection, options, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![account.as_str(), word(*kind), collection.as_str(), bits(*options), body(&row)?],
                )?;
            }
            StateChange::DropStream(StreamKey { account, kind, collection, options }) => {
                self.run(
                    "DELETE FROM stream WHERE account = ?1 AND kind = ?2 AND collection = ?3 AND options = ?4",
                    params![account.as_str(), word(kind), collection.as_str(), bits(options)],
                )?;
            }
            StateChange::Seen(row) => self.seen(*row)?,
            StateChange::Named { account, kind, collection, items, epoch } => {
                let place = self.place(&account, &collection)?;
                let epoch = ordered(epoch)?;
                let mut statement = prepare(self.conn, "UPDATE seen SET epoch = ?4 WHERE place = ?1 AND kind = ?2 AND item = ?3")?;
                for item in items {
                    statement.execute(params![place, word(kind), item.as_str(), epoch])?;
                }
            }
            StateChange::DropSeen { account, kind, collection, item } => self.drop_seen(&account, kind, &collection, &item)?,
            StateChange::Link(row) => self.link(*row)?,
            StateChange::DropLink(id) => {
                self.run("DELETE FROM link WHERE id = ?1", [&id])?;
                self.run("DELETE FROM base WHERE link = ?1", [&id])?;
            }
            StateChange::Base(row) => {
                self.run("INSERT OR REPLACE INTO base (link, body) VALUES (?1, ?2)", params![row.link, body(&row)?])?;
            }
            StateChange::Stamps(row) => {
                self.run(
                    "INSERT OR REPLACE INTO stamps (account, kind, item, body) VALUES (?1, ?2, ?3, ?4)",
                    params![row.account.as_str(), word(row.kind), row.item.as_str(), body(&row)?],
                )?;
            }
            StateChange::Intent(row) => self.intent(*row)?,
            StateChange::Settled(id) => {
                self.run("DELETE FROM intent WHERE id = ?1", [id])?;
            }
            StateChange::Step(mut row) => {
                let done = row.done.take();
                self.run(
                    "INSERT OR REPLACE INTO step (run, step, sync, done, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![ordered(row.run)?, ordered(row.step)?, row.sync.as_str(), done, body(&row)?],
                )?;
            }
            StateChange::StepDone { run, step, done } => {
                self.run("UPDATE step SET done = ?3 WHERE run = ?1 AND step = ?2", params![ordered(run)?, ordered(step)?, done])?;
            }
            StateChange::DropSteps(run) => {
                self.run("DELETE FROM step WHERE run = ?1", [ordered(run)?])?;
            }
            StateChange::Sync(row) => {
                self.run("INSERT OR REPLACE INTO sync (sync, body) VALUES (?1, ?2)", params![row.sync.as_str(), body(&row)?])?;
            }
            StateChange::Run(row) => {
                self.run(
                    "INSERT OR REPLACE INTO run (run, sync, body) VALUES (?1, ?2, ?3)",
                    params![ordered(row.run)?, row.sync.as_str(), body(&row)?],
                )?;
            }
            StateChange::Progress(row) => {
                let StreamKey { account, kind, collection, options } = &row.stream;
                self.run(
                    "INSERT OR REPLACE INTO progress (sync, account, kind, collection, options, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![row.sync.as_str(), account.as_str(), word(*kind), collection.as_str(), bits(*options), body(&row)?],
                )?;
            }
            StateChange::Tombstone(row) => self.tombstone(*row)?,
            StateChange::DropTombstone { sync, link } => {
                let sql = "DELETE FROM tombstone WHERE sync = ?1 AND link = ?2 RETURNING id";
                let id: Option<i64> = prepare(self.conn, sql)?.query_row(params![sync.as_str(), link], |row| row.get(0)).optional()?;
                self.run("DELETE FROM tombstone_key WHERE tombstone = ?1", [id])?;
            }
            StateChange::Journal(row) => self.journal(*row)?,
            StateChange::DropJournal(rows) => {
                let mut statement = prepare(self.conn, "DELETE FROM journal WHERE seq = ?1")?;
                for seq in rows {
                    statement.execute([ordered(seq)?])?;
                }
            }
            StateChange::Approval(row) => {
                self.run(
                    "INSERT OR REPLACE INTO approval (id, sync, used, body) VALUES (?1, ?2, ?3, ?4)",
                    params![row.id, row.sync.as_str(), row.used.is_some(), body(&row)?],
                )?;
            }
            StateChange::Quarantine(row) => {
                self.run(
                    "INSERT OR REPLACE INTO quarantine (sync, side, account, kind, collection, item, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        row.sync.as_str(),
                        row.side.word(),
                        row.account.as_str(),
                        word(row.kind),
                        row.collection.as_str(),
                        row.item.as_str(),
                        body(&row)?
                    ],
                )?;
            }
            StateChange::Released { sync, side, account, kind, collection, item } => {
                self.run(
                    "DELETE FROM quarantine WHERE sync = ?1 AND side = ?2 AND account = ?3 AND kind = ?4 AND collection = ?5 AND item = ?6",
                    params![sync.as_str(), side.word(), account.as_str(), word(kind), collection.as_str(), item.as_str()],
                )?;
            }
            // Dropping a change that this version does not know would be losing it.
            _ => return Err(Error::new(ErrorKind::Unsupported, "this state does not know the change; update pimkit-state-sqlite").into()),
        }
        Ok(())
    }

    /// The number of a collection of an account, given at its first use.
    fn place(&mut self, account: &AccountId, collection: &CollectionId) -> Result<i64, Fault> {
        let key = (account.clone(), collection.clone());
        if let Some(id) = self.places.get(&key) {
            return Ok(*id);
        }
        let params = params![account.as_str(), collection.as_str()];
        self.run("INSERT OR IGNORE INTO place (account, collection) VALUES (?1, ?2)", params)?;
        let mut statement = prepare(self.conn, "SELECT id FROM place WHERE account = ?1 AND collection = ?2")?;
        let id = statement.query_row(params, |row| row.get(0))?;
        self.places.insert(key, id);
        Ok(id)
    }

    fn seen(&mut self, mut row: SeenRow) -> Result<(), Fault> {
        let place = self.place(&row.account, &row.collection)?;
        let sql = "INSERT INTO seen (place, kind, item, epoch, changed) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (place, kind, item) DO UPDATE SET epoch = excluded.epoch, changed = excluded.changed RETURNING id";
        let params = params![place, word(row.kind), row.item.as_str(), ordered(row.epoch)?, ordered(row.changed)?];
        let id: i64 = prepare(self.conn, sql)?.query_row(params, |found| found.get(0))?;
        let old = self.keys_of(id)?;
        let new: BTreeSet<&str> = row.keys.iter().map(String::as_str).collect();
        for key in old.iter().filter(|key| !new.contains(key.as_str())) {
            self.run("DELETE FROM seen_key WHERE key = ?1 AND kind = ?2 AND seen = ?3", params![key, word(row.kind), id])?;
        }
        for key in new.into_iter().filter(|key| !old.contains(*key)) {
            self.run("INSERT INTO seen_key (key, kind, seen) VALUES (?1, ?2, ?3)", params![key, word(row.kind), id])?;
        }
        // What the columns say is not said again in the body.
        (row.account, row.collection, row.item) = (AccountId::default(), CollectionId::default(), ItemId::default());
        let (keys, record) = (body(&take(&mut row.keys))?, row.record.take());
        let sql = "INSERT OR REPLACE INTO seen_body (seen, keys, body, record) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![id, keys, body(&row)?, record])?;
        Ok(())
    }

    fn keys_of(&self, seen: i64) -> Result<BTreeSet<String>, Fault> {
        let mut statement = prepare(self.conn, "SELECT keys FROM seen_body WHERE seen = ?1")?;
        let keys: Option<String> = statement.query_row([seen], |row| row.get(0)).optional()?;
        keys.map_or_else(|| Ok(BTreeSet::new()), |keys| parse("seen_body", &keys))
    }

    fn drop_seen(&mut self, account: &AccountId, kind: Kind, collection: &CollectionId, item: &ItemId) -> Result<(), Fault> {
        let place = self.place(account, collection)?;
        let sql = "DELETE FROM seen WHERE place = ?1 AND kind = ?2 AND item = ?3 RETURNING id";
        let params = params![place, word(kind), item.as_str()];
        let id: Option<i64> = prepare(self.conn, sql)?.query_row(params, |row| row.get(0)).optional()?;
        let Some(id) = id else { return Ok(()) };
        for key in self.keys_of(id)? {
            self.run("DELETE FROM seen_key WHERE key = ?1 AND kind = ?2 AND seen = ?3", params![key, word(kind), id])?;
        }
        self.run("DELETE FROM seen_body WHERE seen = ?1", [id])?;
        Ok(())
    }

    fn link(&mut self, mut row: LinkRow) -> Result<(), Fault> {
        let (hub, far) = (self.place(&row.hub_account, &row.hub_collection)?, self.place(&row.account, &row.collection)?);
        (row.hub_account, row.account) = (AccountId::default(), AccountId::default());
        (row.hub_collection, row.collection) = (CollectionId::default(), CollectionId::default());
        let (id, sync, hub_item, far_item) = (take(&mut row.id), take(&mut row.sync), row.hub_item.take(), row.item.take());
        let hub_item = hub_item.as_ref().map(ItemId::as_str);
        let far_item = far_item.as_ref().map(ItemId::as_str);
        let (state, claims) = (row.state.word(), row.state.claims());
        let sql = "INSERT INTO link (id, sync, state, claims, again, hub, hub_item, far, far_item, body)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                   ON CONFLICT (id) DO UPDATE SET sync = excluded.sync, state = excluded.state, claims = excluded.claims,
                   again = excluded.again, hub = excluded.hub, hub_item = excluded.hub_item, far = excluded.far,
                   far_item = excluded.far_item, body = excluded.body";
        let params = params![id, sync.as_str(), state, claims, row.again, hub, hub_item, far, far_item, body(&row)?];
        match self.run(sql, params) {
            Err(Fault::Sql(error)) if twice(&error) => {
                let what = "the hub record or the far item has a link already; archive or drop that one first";
                Err(Error::new(ErrorKind::InvalidData, what).with("link", &id).into())
            }
            other => other.map(drop),
        }
    }

    fn intent(&self, mut row: IntentRow) -> Result<(), Fault> {
        let (before, target) = (row.before.take(), row.target.take());
        // Not "or replace", which would give it another place.
        let sql = "INSERT INTO intent (id, sync, before, target, body) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (id) DO UPDATE SET sync = excluded.sync, before = excluded.before, target = excluded.target,
                   body = excluded.body";
        self.run(sql, params![row.id, row.sync.as_str(), before, target, body(&row)?])?;
        Ok(())
    }

    fn tombstone(&self, row: TombstoneRow) -> Result<(), Fault> {
        let sql = "INSERT INTO tombstone (sync, link, body) VALUES (?1, ?2, ?3)
                   ON CONFLICT (sync, link) DO UPDATE SET body = excluded.body RETURNING id";
        let params = params![row.sync.as_str(), row.link, body(&row)?];
        let id: i64 = prepare(self.conn, sql)?.query_row(params, |found| found.get(0))?;
        self.run("DELETE FROM tombstone_key WHERE tombstone = ?1", [id])?;
        let items = [&row.hub_item, &row.item].into_iter().flatten().map(ItemId::as_str);
        for key in row.keys.iter().map(String::as_str).chain(items) {
            self.run(
                "INSERT OR IGNORE INTO tombstone_key (sync, key, tombstone) VALUES (?1, ?2, ?3)",
                params![row.sync.as_str(), key, id],
            )?;
        }
        Ok(())
    }

    fn journal(&self, mut row: JournalRow) -> Result<(), Fault> {
        let seq = (row.seq != 0).then(|| ordered(row.seq)).transpose()?;
        let before = row.before.take();
        let (hub_item, far_item) = (row.hub_item.as_ref().map(ItemId::as_str), row.item.as_ref().map(ItemId::as_str));
        self.run(
            "INSERT OR REPLACE INTO journal (seq, run, sync, hub_item, far_item, before, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![seq, ordered(row.run)?, row.sync.as_str(), hub_item, far_item, before, body(&row)?],
        )?;
        Ok(())
    }
}
