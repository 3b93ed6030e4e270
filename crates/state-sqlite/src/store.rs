//! The store: two connections, worked on where blocking is allowed.

use crate::{fault::Fault, file, lease};
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
/// in place where it does not. A call that is dropped while its work is under way is finished there: a commit is kept
/// whole or not at all, and its lease is held until then.
#[derive(Clone)]
pub struct SqliteState {
    inner: Arc<Inner>,
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
        f.debug_struct("SqliteState").field("path", path).field("read_only", &writer.is_none()).finish()
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
        Ok(Self { inner: Arc::new(Inner { path, writer: Some(Mutex::new(writer)), reader: Mutex::new(reader) }) })
    }

    /// Opens a state that is there, only to read it, also while a run writes to it: for a status or a history.
    /// Taking a lease and committing are refused with `Storage`.
    ///
    /// # Errors
    /// `Storage` when there is no state or it cannot be read; `Config` when the file is of something else, of a newer
    /// pimkit, or of an older one and not yet brought up to date.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        let (path, reader) = file::open_read_only(path.as_ref())?;
        Ok(Self { inner: Arc::new(Inner { path, writer: None, reader: Mutex::new(reader) }) })
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
        blocking(operation, move || {
            let mut conn = inner.reader.lock().unwrap_or_else(PoisonError::into_inner);
            // Ends with the transaction's drop, whatever happens in between.
            let moment = conn.transaction().map_err(Fault::from);
            moment.and_then(|tx| job(&tx)).map_err(|fault| fault.told(operation, &inner.path))
        })
        .await
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
            let newest: Option<i64> = tx.prepare_cached(sql)?.query_row([lease.component.as_str()], |row| row.get(0)).optional()?;
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
