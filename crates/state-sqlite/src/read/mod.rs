//! Reads, as the trait asks for them.

mod findings;
mod links;
mod runs;
mod seen;

use crate::{
    codec::{bits, row as parse, word},
    fault::Fault,
    sql::prepare,
    store::SqliteState,
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use pimkit_core::{
    AccountId, AccountRow, ApprovalRow, BaseRow, CollectionId, ComponentId, IntentRow, ItemId, JournalQuery, JournalRow, Kind, Lease,
    LinkQuery, LinkRow, ProgressRow, QuarantineRow, Result, RunRow, SeenQuery, SeenRow, StampRow, State, StateChange, StepRow, StreamKey,
    StreamRow, SyncId, SyncRow, TombstoneRow,
};
use rusqlite::{Connection, OptionalExtension, Params, params};
use serde::de::DeserializeOwned;

/// The one row that a statement finds, whose only column is a body of this table.
fn one<T: DeserializeOwned>(conn: &Connection, table: &'static str, sql: &str, params: impl Params) -> Result<Option<T>, Fault> {
    let body: Option<String> = prepare(conn, sql)?.query_row(params, |row| row.get(0)).optional()?;
    body.map(|body| parse(table, &body)).transpose()
}

/// Every row that a statement finds, whose only column is a body of this table.
fn many<T: DeserializeOwned>(conn: &Connection, table: &'static str, sql: &str, params: impl Params) -> Result<Vec<T>, Fault> {
    let mut statement = prepare(conn, sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(parse(table, row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(found)
}

#[async_trait]
impl State for SqliteState {
    async fn acquire(&self, component: &ComponentId) -> Result<Lease> {
        self.take(component).await
    }

    async fn commit(&self, lease: &Lease, changes: Vec<StateChange>) -> Result<()> {
        self.apply(lease, changes).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<AccountRow>> {
        let id = id.clone();
        self.read("state.account", move |conn| one(conn, "account", "SELECT body FROM account WHERE id = ?1", [id.as_str()])).await
    }

    async fn stream(&self, key: &StreamKey) -> Result<Option<StreamRow>> {
        let StreamKey { account, kind, collection, options } = key.clone();
        self.read("state.stream", move |conn| {
            let sql = "SELECT body FROM stream WHERE account = ?1 AND kind = ?2 AND collection = ?3 AND options = ?4";
            one(conn, "stream", sql, params![account.as_str(), word(kind), collection.as_str(), bits(options)])
        })
        .await
    }

    async fn streams(&self, account: &AccountId, kind: Kind) -> Result<Vec<StreamRow>> {
        let account = account.clone();
        self.read("state.streams", move |conn| {
            let sql = "SELECT body FROM stream WHERE account = ?1 AND kind = ?2 ORDER BY collection, options";
            many(conn, "stream", sql, params![account.as_str(), word(kind)])
        })
        .await
    }

    async fn seen(&self, account: &AccountId, kind: Kind, collection: &CollectionId, items: &[ItemId]) -> Result<Vec<Option<SeenRow>>> {
        let (account, collection, items) = (account.clone(), collection.clone(), items.to_vec());
        self.read("state.seen", move |conn| seen::by_id(conn, &account, kind, &collection, &items)).await
    }

    fn seen_rows(&self, query: SeenQuery) -> BoxStream<'static, Result<SeenRow>> {
        seen::rows(self, query)
    }

    async fn seen_by_keys(&self, account: &AccountId, kind: Kind, keys: &[String], limit: u32) -> Result<Vec<Vec<(CollectionId, ItemId)>>> {
        let (account, keys) = (account.clone(), keys.to_vec());
        self.read("state.seen_by_keys", move |conn| seen::by_key(conn, &account, kind, &keys, limit)).await
    }

    async fn link(&self, id: &str) -> Result<Option<LinkRow>> {
        let id = id.to_owned();
        self.read("state.link", move |conn| links::one(conn, &id)).await
    }

    async fn links_of_hub(&self, sync: &SyncId, items: &[ItemId]) -> Result<Vec<Option<LinkRow>>> {
        let (sync, items) = (sync.clone(), items.to_vec());
        self.read("state.links_of_hub", move |conn| links::of_hub(conn, &sync, &items)).await
    }

    async fn links_of_far(
        &self,
        sync: &SyncId,
        account: &AccountId,
        collection: &CollectionId,
        items: &[ItemId],
    ) -> Result<Vec<Option<LinkRow>>> {
        let (sync, account, collection, items) = (sync.clone(), account.clone(), collection.clone(), items.to_vec());
        self.read("state.links_of_far", move |conn| links::of_far(conn, &sync, &account, &collection, &items)).await
    }

    fn links(&self, query: LinkQuery) -> BoxStream<'static, Result<LinkRow>> {
        links::rows(self, query)
    }

    async fn count_links(&self, query: LinkQuery) -> Result<u64> {
        self.read("state.count_links", move |conn| links::count(conn, &query)).await
    }

    async fn bases(&self, links: &[String]) -> Result<Vec<Option<BaseRow>>> {
        let links = links.to_vec();
        self.read("state.bases", move |conn| {
            links.iter().map(|link| one(conn, "base", "SELECT body FROM base WHERE link = ?1", [link])).collect()
        })
        .await
    }

    async fn stamps(&self, account: &AccountId, kind: Kind, item: &ItemId) -> Result<Option<StampRow>> {
        let (account, item) = (account.clone(), item.clone());
        self.read("state.stamps", move |conn| {
            let sql = "SELECT body FROM stamps WHERE account = ?1 AND kind = ?2 AND item = ?3";
            one(conn, "stamps", sql, params![account.as_str(), word(kind), item.as_str()])
        })
        .await
    }

    fn intents(&self, sync: &SyncId) -> BoxStream<'static, Result<IntentRow>> {
        runs::intents(self, sync.clone())
    }

    fn steps(&self, run: u64) -> BoxStream<'static, Result<StepRow>> {
        runs::steps(self, run)
    }

    async fn last_run(&self) -> Result<u64> {
        self.read("state.last_run", runs::last).await
    }

    fn runs(&self, sync: Option<&SyncId>) -> BoxStream<'static, Result<RunRow>> {
        runs::newest_first(self, sync.cloned())
    }

    async fn progress(&self, sync: &SyncId, stream: &StreamKey) -> Result<Option<ProgressRow>> {
        let (sync, StreamKey { account, kind, collection, options }) = (sync.clone(), stream.clone());
        self.read("state.progress", move |conn| {
            let sql = "SELECT body FROM progress WHERE sync = ?1 AND account = ?2 AND kind = ?3 AND collection = ?4 AND options = ?5";
            one(conn, "progress", sql, params![sync.as_str(), account.as_str(), word(kind), collection.as_str(), bits(options)])
        })
        .await
    }

    async fn tombstones(&self, sync: &SyncId, keys: &[String]) -> Result<Vec<TombstoneRow>> {
        let (sync, keys) = (sync.clone(), keys.to_vec());
        self.read("state.tombstones", move |conn| findings::tombstones(conn, &sync, &keys)).await
    }

    fn journal(&self, query: JournalQuery) -> BoxStream<'static, Result<JournalRow>> {
        findings::journal(self, query)
    }

    async fn approval(&self, id: &str) -> Result<Option<ApprovalRow>> {
        let id = id.to_owned();
        self.read("state.approval", move |conn| one(conn, "approval", "SELECT body FROM approval WHERE id = ?1", [id])).await
    }

    async fn approvals(&self, sync: &SyncId) -> Result<Vec<ApprovalRow>> {
        let sync = sync.clone();
        self.read("state.approvals", move |conn| {
            let sql = "SELECT body FROM approval WHERE sync = ?1 AND used = 0 ORDER BY id";
            many(conn, "approval", sql, [sync.as_str()])
        })
        .await
    }

    fn quarantine(&self, sync: &SyncId) -> BoxStream<'static, Result<QuarantineRow>> {
        findings::quarantine(self, sync.clone())
    }

    async fn sync(&self, sync: &SyncId) -> Result<Option<SyncRow>> {
        let sync = sync.clone();
        self.read("state.sync", move |conn| one(conn, "sync", "SELECT body FROM sync WHERE sync = ?1", [sync.as_str()])).await
    }

    async fn syncs(&self) -> Result<Vec<SyncId>> {
        self.read("state.syncs", findings::syncs).await
    }
}
