//! The store: two connections, worked on where blocking is allowed.

use crate::{fault::Fault, file, lease, sql::prepare};
use pimkit_core::{ComponentId, Error, ErrorKind, Lease, Result, StateChange};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// The state of the engine in one SQLite file. Clones are handles to the same open file.
///
/// Work on the file is done on tokio's threads for blocking work where the caller runs on tokio, of either flavour, and
/// in place where it does not; reads are done in place everywhere when [`reading_in_place`](Self::reading_in_place) says so.
/// A call that is dropped while its work is under way is finished there: a commit is kept whole or not at all, and its lease
/// is held until then.
#[derive(Clone)]
pub struct SqliteState {
    inner: Arc<Inner>,
    /// Reads are done on the caller's thread.
    in_place: bool,
}

struct Inner {
    path: PathBuf,
    /// Absent when the file was opened to read.
    writer: Option<Mutex<Connection>>,
    /// Reads go on while a commit waits for the disk.
    reader: Mutex<Connection>,
}

impl fmt::Debug for SqliteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { path, writer, reader: _ } = &*self.inner;
        let (read_only, in_place) = (writer.is_none(), self.in_place);
        f.debug_struct("SqliteState").field("path", path).field("read_only", &read_only).field("in_place", &in_place).finish()
    }
}

impl SqliteState {
    /// Opens the state at `path`, making it where there is none; a state of an older pimkit is brought up to date.
    /// Blocks for as long as the disk needs.
    ///
    /// # Errors
    /// `Config` when the folder is missing, or when this is a folder, a file of something else or of a newer pimkit:
    /// it is then left as it is, byte for byte. `Storage` when the file or its folder cannot be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let (path, writer) = file::open(path.as_ref())?;
        let (path, reader) = file::open_read_only(&path)?;
        let inner = Inner { path, writer: Some(Mutex::new(writer)), reader: Mutex::new(reader) };
        Ok(Self { inner: Arc::new(inner), in_place: false })
    }

    /// Opens a state that is there, only to read it, also while a run writes to it: for a status or a history.
    /// Taking a lease and committing are refused with `Storage`.
    ///
    /// # Errors
    /// `Storage` when there is no state or it cannot be read; `Config` when the file is of something else, of a newer
    /// pimkit, or of an older one and not yet brought up to date.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        let (path, reader) = file::open_read_only(path.as_ref())?;
        Ok(Self { inner: Arc::new(Inner { path, writer: None, reader: Mutex::new(reader) }), in_place: false })
    }

    /// This state, with reads done on the thread that asks, for a program that has nothing else to do meanwhile: a read takes
    /// some microseconds, and handing it to another thread and back takes more. Commits, which wait for the disk, are done
    /// elsewhere all the same.
    ///
    /// A read waits for one that another clone has begun, and then the thread waits with it. What fails in it as it should not
    /// is not caught on the way to the caller.
    #[must_use]
    pub fn reading_in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// The file, as the operating system names it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Reads from one moment of the database.
    pub(crate) async fn read<T, F>(&self, operation: &'static str, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let read = move || {
            let mut conn = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            // Ends with the transaction's drop, whatever happens in between.
            let moment = conn.transaction().map_err(Fault::from);
            moment.and_then(|tx| job(&tx)).map_err(|fault| fault.told(operation, &inner.path))
        };
        if self.in_place { read() } else { blocking(operation, read).await }
    }

    /// Writes in one transaction, durable when this returns.
    async fn write<T, F>(&self, operation: &'static str, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &Path) -> Result<T, Fault> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        blocking(operation, move || inner.write(|tx| job(tx, &inner.path)).map_err(|fault| fault.told(operation, &inner.path))).await
    }

    pub(crate) async fn take(&self, component: &ComponentId) -> Result<Lease> {
        const DOING: &str = "state.acquire";
        let component = component.clone();
        let inner = Arc::clone(&self.inner);
        blocking(DOING, move || {
            inner.writer()?;
            let hold = lease::hold(&inner.path, &component).map_err(|e| e.during(DOING))?;
            let token = inner.write(|tx| {
                let sql =
                    "INSERT INTO component (id, token) VALUES (?1, 1) ON CONFLICT (id) DO UPDATE SET token = token + 1 RETURNING token";
                Ok(tx.query_row(sql, [component.as_str()], |row| row.get::<_, i64>(0))?)
            });
            let token = token.map_err(|fault| fault.told(DOING, &inner.path))?;
            Ok(Lease::new(component, token.cast_unsigned(), hold))
        })
        .await
    }

    pub(crate) async fn apply(&self, lease: &Lease, changes: Vec<StateChange>) -> Result<()> {
        // The clone keeps the component for as long as the work lasts, should the caller be dropped meanwhile.
        let lease = lease.clone();
        self.write("state.commit", move |tx, _| {
            let sql = "SELECT token FROM component WHERE id = ?1";
            let newest: Option<i64> = prepare(tx, sql)?.query_row([lease.component.as_str()], |row| row.get(0)).optional()?;
            if newest.map(i64::cast_unsigned) != Some(lease.token) {
                let error = Error::new(ErrorKind::LeaseLost, "another run took the component meanwhile; end this one");
                return Err(error.with("component", &lease.component).into());
            }
            crate::commit::apply(tx, changes)
        })
        .await
    }
}

impl Inner {
    fn writer(&self) -> Result<&Mutex<Connection>> {
        self.writer.as_ref().ok_or_else(|| {
            let error = Error::new(ErrorKind::Storage, "the state was opened only to be read; open it to write");
            error.during("state").with("file", self.path.display())
        })
    }

    fn write<T>(&self, job: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut conn = self.writer()?.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = job(&tx)?;
        tx.commit()?;
        Ok(value)
    }
}

/// Runs work that blocks, off the caller's thread where there is a runtime that has others.
async fn blocking<T, F>(operation: &'static str, job: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return job() };
    match runtime.spawn_blocking(job).await {
        Ok(outcome) => outcome,
        Err(e) if e.is_panic() => {
            Err(Error::new(ErrorKind::Unexpected, "the state failed in a way that it should not; please report it").during(operation))
        }
        Err(_) => Err(Error::new(ErrorKind::Storage, "the program is ending, and the state takes no more work").during(operation)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt};
    use pimkit_core::{AccountRow, ItemId, Kind, SeenQuery, State, StreamKey, StreamRow};

    fn open() -> (tempfile::TempDir, SqliteState, Lease) {
        let folder = tempfile::tempdir().unwrap();
        let state = SqliteState::open(folder.path().join("sync.db")).unwrap();
        let lease = now(state.acquire(&"c".into())).unwrap();
        (folder, state, lease)
    }

    /// Without a runtime the work is done in place.
    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("the state waited without a runtime")
    }

    fn account(id: &str) -> StateChange {
        StateChange::Account(AccountRow { id: id.into(), skew: 0, endpoints: None, app_cursor: None })
    }

    fn great(n: usize) -> StateChange {
        let key = StreamKey { account: "a".into(), kind: Kind::Contact, collection: n.to_string().into(), options: 0 };
        StateChange::Stream(StreamRow { key, cursor: Some("x".repeat(100_000).into()), page: None, epoch: 0, listed: 0 })
    }

    fn on_writer(state: &SqliteState, job: impl FnOnce(&Connection)) {
        job(&state.inner.writer().unwrap().lock().unwrap());
    }

    /// What another thread does is hardly ever done at the first look.
    #[test]
    fn reads_in_place_need_no_other_thread() {
        let (_folder, state, lease) = open();
        now(state.commit(&lease, vec![account("a")])).unwrap();
        let state = state.reading_in_place();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = runtime.block_on(async { state.account(&"a".into()).now_or_never() });
        assert!(read.expect("it was read elsewhere").unwrap().is_some());
    }

    #[test]
    fn a_full_disk_is_told_and_leaves_the_state_as_it_was() {
        let (_folder, state, lease) = open();
        now(state.commit(&lease, vec![account("a")])).unwrap();
        on_writer(&state, |conn| conn.pragma_update(None, "max_page_count", 100).unwrap());
        let batch: Vec<_> = [account("b")].into_iter().chain((0..20).map(great)).collect();
        let error = now(state.commit(&lease, batch.clone())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.to_string().starts_with("state.commit: the disk is full; make room, then run again (file "), "{error}");
        assert_eq!(now(state.account(&"b".into())).unwrap(), None, "half a batch was kept");
        on_writer(&state, |conn| conn.pragma_update(None, "max_page_count", 1_000_000).unwrap());
        now(state.commit(&lease, batch)).unwrap();
        assert_eq!(now(state.streams(&"a".into(), Kind::Contact)).unwrap().len(), 20);
    }

    #[test]
    fn a_file_that_another_program_keeps_locked_is_a_temporary_failure() {
        let (_folder, state, lease) = open();
        let other = Connection::open(state.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        on_writer(&state, |conn| conn.busy_timeout(std::time::Duration::ZERO).unwrap());
        let error = now(state.commit(&lease, vec![account("a")])).unwrap_err();
        assert!(error.to_string().contains("another program keeps the state file locked"), "{error}");
        assert!(error.is_temporary() && error.kind() == ErrorKind::Storage);
        assert_eq!(now(state.account(&"a".into())).unwrap(), None, "reading goes on");
        other.execute_batch("ROLLBACK").unwrap();
        now(state.commit(&lease, vec![account("a")])).unwrap();
    }

    #[test]
    fn a_row_that_somebody_else_wrote_is_an_error_that_does_not_repeat_it() {
        let (_folder, state, lease) = open();
        now(state.commit(&lease, vec![account("a")])).unwrap();
        on_writer(&state, |conn| conn.execute_batch(r#"UPDATE account SET body = '{"id": 1, "name": "Jane Doe"'"#).unwrap());
        let error = now(state.account(&"a".into())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage);
        assert!(error.to_string().contains("table account") && !format!("{error:?}").contains("Jane"), "{error:?}");
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused_with_its_batch() {
        let (_folder, state, lease) = open();
        let error = now(state.commit(&lease, vec![account("a"), StateChange::DropSteps(u64::MAX)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(now(state.account(&"a".into())).unwrap(), None);
        assert_eq!(now(state.steps(u64::MAX).count()), 0);
    }

    #[test]
    fn a_commit_is_flushed_to_the_disk() {
        let (_folder, state, _lease) = open();
        on_writer(&state, |conn| {
            let synchronous: i64 = conn.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
            let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
            assert_eq!((synchronous, mode.as_str()), (2, "wal"), "2 is FULL");
        });
    }

    #[test]
    fn a_page_ends_where_its_rows_are_great() {
        let (_folder, state, lease) = open();
        let row = |n: usize| {
            let json = serde_json::json!({
                "account": "a", "kind": "contact", "collection": "c", "item": format!("{n:03}"), "revision": null, "hash": 0, "record": null,
                "unread": [], "access": pimkit_core::Access::Read, "mark": null, "modified": null, "epoch": 1, "presence": "present",
                "changed": 1, "unchanged_at": null, "changed_at": "2026-11-22T00:00:00Z", "superseded": [], "deleted_by": null, "keys": [],
            });
            let mut row: pimkit_core::SeenRow = serde_json::from_value(json).unwrap();
            row.record = Some(vec![7; 1_000_000]);
            StateChange::Seen(Box::new(row))
        };
        now(state.commit(&lease, (0..12).map(row).collect())).unwrap();
        let mut rows = state.seen_rows(SeenQuery::of(&"a".into(), Kind::Contact));
        let first = now(rows.next()).unwrap().unwrap();
        assert_eq!(first.item, ItemId::from("000"));
        // Only what the first page took can still come once the table is empty.
        on_writer(&state, |conn| conn.execute_batch("DELETE FROM seen").unwrap());
        assert_eq!(now(rows.count()), 4, "a page of 4 MiB holds five rows of 1 MB");
    }
}
