//! The open store: one connection, one clock, one acting user.

use crate::{
    error::{Res, storage},
    rights::Rights,
    schema,
};
use jiff::Timestamp;
use pimkit_core::{AccountId, Clock, Error, ErrorKind, Provenance, Result};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How to open a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The acting user; `None` stands for the owner of the file, who may do everything.
    pub user: Option<String>,
    /// The account id of a store that is made; random when absent. Of a store that is there: ignored.
    pub account: Option<String>,
    /// How long to wait for another handle or process that writes.
    pub busy: Duration,
    /// What time it is; the machine's clock when absent.
    pub clock: Option<Arc<dyn Clock>>,
}

impl Default for Options {
    fn default() -> Self {
        Self { user: None, account: None, busy: Duration::from_secs(10), clock: None }
    }
}

impl Options {
    /// The same, acting for this user.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }
    /// The same, with this account id for a store that is made.
    #[must_use]
    pub fn account(mut self, id: impl Into<String>) -> Self {
        self.account = Some(id.into());
        self
    }
    /// The same, with this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
}

/// The database behind every view of it.
pub(crate) struct Db {
    sql: Mutex<Connection>,
    clock: Option<Arc<dyn Clock>>,
    pub(crate) id: String,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Db {
    /// Microseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.clock.as_ref().map_or_else(Timestamp::now, |clock| clock.now()).as_microsecond()
    }

    /// One consistent look at the database.
    pub(crate) fn read<T>(&self, operation: &'static str, work: impl FnOnce(&Transaction<'_>) -> Res<T>) -> Result<T> {
        self.transaction(operation, TransactionBehavior::Deferred, work)
    }

    /// One change of the database: all of it or nothing, durable when this returns.
    pub(crate) fn write<T>(&self, operation: &'static str, work: impl FnOnce(&Transaction<'_>) -> Res<T>) -> Result<T> {
        self.transaction(operation, TransactionBehavior::Immediate, work)
    }

    fn transaction<T>(
        &self,
        operation: &'static str,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Res<T>,
    ) -> Result<T> {
        // A panic elsewhere rolled its transaction back: the connection is as good as before.
        let mut connection = self.sql.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction_with_behavior(behavior).map_err(|e| storage(e).during(operation))?;
        let answer = work(&tx).map_err(|failure| failure.told(operation))?;
        tx.commit().map_err(|e| storage(e).during(operation))?;
        Ok(answer)
    }
}

/// The app store, as one acting user sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Local {
    pub(crate) db: Arc<Db>,
    pub(crate) user: Option<Arc<str>>,
    /// How records come that are made through the connector.
    pub(crate) bringing: Provenance,
}

impl Local {
    /// Opens the store in this file, or makes it.
    ///
    /// # Errors
    /// `Config` when the file is not an app store (it is left as it is), is of another version, or
    /// the user is unknown; `Storage` when the disk says no.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let connection = schema::open(path.as_ref(), options.busy, options.account.as_deref())?;
        Self::over(connection, options)
    }

    /// A store in memory, gone with its last handle.
    ///
    /// # Errors
    /// `Config` when the user is unknown: there are none yet.
    pub fn in_memory(options: Options) -> Result<Self> {
        Self::over(schema::in_memory(options.account.as_deref())?, options)
    }

    fn over(connection: Connection, options: Options) -> Result<Self> {
        let id = connection.query_row("SELECT value FROM meta WHERE key = 'account'", [], |r| r.get(0)).map_err(storage)?;
        let db = Db { sql: Mutex::new(connection), clock: options.clock, id };
        let local = Self { db: Arc::new(db), user: None, bringing: Provenance::Synced };
        local.sweep()?;
        match options.user {
            Some(user) => local.acting(&user),
            None => Ok(local),
        }
    }

    /// The same store for this user.
    ///
    /// # Errors
    /// `Config` when there is no such user.
    pub fn acting(&self, user: &str) -> Result<Self> {
        let known = self.db.read("local.acting", |tx| Ok(tx.prepare_cached("SELECT 1 FROM member WHERE name = ?1")?.exists([user])?))?;
        if !known {
            return Err(Error::new(ErrorKind::Config, "the app store has no such user; add the user first").with("users", "see `users`"));
        }
        Ok(Self { db: Arc::clone(&self.db), user: Some(user.into()), bringing: self.bringing })
    }

    /// The same store for a program that brings records in another way than a sync: what it makes
    /// through the connector has this provenance.
    #[must_use]
    pub fn bringing(&self, provenance: Provenance) -> Self {
        Self { bringing: provenance, ..self.clone() }
    }

    /// The account that this view stands for. Another user sees other records and is another account.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        AccountId::from(match &self.user {
            Some(user) => format!("local:{}:{user}", self.db.id),
            None => format!("local:{}", self.db.id),
        })
    }

    pub(crate) fn rights(&self, tx: &Transaction<'_>) -> Res<Rights> {
        Rights::load(tx, self.user.as_deref())
    }
}

/// A place in the feed of one history of the file.
///
/// Numbers alone do not tell histories apart: when an older copy of the file is put in its place, the
/// numbers that the lost part had are given out again, for other changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) seq: i64,
    pub(crate) chance: i64,
}

impl Place {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { seq: row.get(0)?, chance: row.get(1)? })
    }

    /// A new place at the end. Inside an immediate transaction, so places are seen in their order.
    pub(crate) fn next(tx: &Transaction<'_>) -> Res<Self> {
        Ok(tx.prepare_cached("INSERT INTO place (chance) VALUES (random()) RETURNING seq, chance")?.query_row([], Self::of)?)
    }

    /// The last place.
    pub(crate) fn last(tx: &Transaction<'_>) -> Res<Self> {
        Ok(tx.prepare_cached("SELECT seq, chance FROM place ORDER BY seq DESC LIMIT 1")?.query_row([], Self::of)?)
    }

    /// That this place, and so all before it, is in the history of this file.
    ///
    /// # Errors
    /// `CursorExpired` when it is not.
    pub(crate) fn check(&self, tx: &Transaction<'_>) -> Res<()> {
        if tx.prepare_cached("SELECT 1 FROM place WHERE seq = ?1 AND chance = ?2")?.exists([self.seq, self.chance])? {
            return Ok(());
        }
        let error = Error::new(ErrorKind::CursorExpired, "the cursor is not of this copy of the app store; read from the start");
        Err(error.with("seq", self.seq).into())
    }
}

/// The number of a new place at the end of the feed.
pub(crate) fn next_seq(tx: &Transaction<'_>) -> Res<i64> {
    Ok(Place::next(tx)?.seq)
}
