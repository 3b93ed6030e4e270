//! The file: is it ours, of a version that we know, and how it is opened.

use crate::fault::Fault;
use pimkit_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior, config::DbConfig};
use std::{
    fs::File,
    io::{ErrorKind as IoKind, Read},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// `pimk`: SQLite keeps it in the header of the file (offset 68), so that the file is known without being opened.
pub(crate) const APPLICATION: i32 = 0x7069_6d6b;

/// What brings a file of version n (its place here) to version n + 1. Only ever appended to.
const VERSIONS: &[&str] = &[include_str!("schema.sql"), include_str!("sync.sql")];

/// How long a commit waits for one of another component, in another process, to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a first look finds.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours,
}

/// Opens the file to write, making it where there is none.
pub(crate) fn open(path: &Path) -> Result<(PathBuf, Connection)> {
    const DOING: &str = "state.open";
    let found = look(path).map_err(|e| e.during(DOING))?;
    if found == Found::Nothing {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let error = Error::new(ErrorKind::Config, "the folder of the state file is not there; create it, or name another file");
            return Err(error.during(DOING).with("folder", folder.display()));
        }
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).map_err(|e| Fault::from(e).told(DOING, path))?;
    settle(&mut conn, path).map_err(|fault| fault.told(DOING, path))?;
    Ok((real(path)?, conn))
}

/// Opens a file that is there, to read.
pub(crate) fn open_read_only(path: &Path) -> Result<(PathBuf, Connection)> {
    const DOING: &str = "state.open_read_only";
    if look(path).map_err(|e| e.during(DOING))? == Found::Nothing {
        let error = Error::new(ErrorKind::Storage, "there is no state yet; run a sync first, or name another file");
        return Err(error.during(DOING).with("file", path.display()));
    }
    let told = |fault: Fault| fault.told(DOING, path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(|e| told(e.into()))?;
    common(&conn).map_err(|e| told(e.into()))?;
    let version = version(&conn).map_err(|e| told(e.into()))?;
    if version > VERSIONS.len() {
        return Err(newer(version, path).during(DOING));
    }
    if version < VERSIONS.len() {
        let error = Error::new(ErrorKind::Config, "the state was written by an older pimkit; run a sync once to bring it up to date");
        return Err(error.during(DOING).with("version", version).with("file", path.display()));
    }
    Ok((real(path)?, conn))
}

/// Reads the header without SQLite, which might write beside or into a file that is not ours.
fn look(path: &Path) -> Result<Found> {
    let failed = |e: std::io::Error| {
        let error = Error::new(ErrorKind::Storage, "the state file cannot be read; check its permissions");
        error.with("file", path.display()).caused_by(e)
    };
    if path.is_dir() {
        return Err(
            Error::new(ErrorKind::Config, "the state is to be a file, and this is a folder; name a file").with("folder", path.display())
        );
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == IoKind::NotFound => return Ok(Found::Nothing),
        Err(e) => return Err(failed(e)),
    };
    let mut header = Vec::with_capacity(100);
    file.take(100).read_to_end(&mut header).map_err(failed)?;
    if header.is_empty() {
        // SQLite makes the file before it writes to it: a process may have ended in between.
        return Ok(Found::Nothing);
    }
    let at = |offset: usize| header.get(offset..offset + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes);
    if !header.starts_with(b"SQLite format 3\0") || at(68) != Some(APPLICATION) {
        let error = Error::new(ErrorKind::Config, "this is not a state file of pimkit, and is left as it is; name another file");
        return Err(error.with("file", path.display()));
    }
    match at(60).and_then(|version| usize::try_from(version).ok()) {
        Some(version) if version <= VERSIONS.len() => Ok(Found::Ours),
        version => Err(newer(version.unwrap_or(usize::MAX), path)),
    }
}

fn newer(version: usize, path: &Path) -> Error {
    Error::new(ErrorKind::Config, "the state was written by a newer pimkit, and is left as it is; update pimkit, or name another file")
        .with("version", version)
        .with("known", VERSIONS.len())
        .with("file", path.display())
}

fn version(conn: &Connection) -> rusqlite::Result<usize> {
    conn.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map(|v| usize::try_from(v).unwrap_or(usize::MAX))
}

fn common(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(128);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Without it, every statement with a bound LIMIT is prepared again for every value that is bound.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "cache_size", -16_000)?;
    conn.pragma_update(None, "temp_store", "MEMORY")
}

/// Checks the version once more, now that the log is read too, and brings the file to ours.
fn settle(conn: &mut Connection, path: &Path) -> Result<(), Fault> {
    common(conn)?;
    if conn.is_readonly("main")? {
        let error = Error::new(ErrorKind::Storage, "the state file cannot be written; make it and its folder writable");
        return Err(error.with("file", path.display()).into());
    }
    // Durable on macOS too, where a plain flush stops at the drive's cache.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    if version(conn)? > VERSIONS.len() {
        // The last connection to go would copy the log into the file.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        return Err(newer(version(conn)?, path).into());
    }
    if version(conn)? < VERSIONS.len() {
        bring_up(conn, path)?;
    }
    // After the schema: it is then in the file itself, not only in the log, and so is the mark by which the file is known.
    let mode = write_ahead(conn)?;
    if mode != "wal" {
        let error = Error::new(ErrorKind::Storage, "this file system cannot hold a write-ahead log; put the state file on a local disk");
        return Err(error.with("file", path.display()).into());
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    // Pages of 4 KiB: a page that many commits write to is copied out of the log once for all of them.
    conn.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    conn.pragma_update(None, "journal_size_limit", 64_000_000)?;
    Ok(())
}

/// Switches to the write-ahead log. Another process may be doing the same: SQLite does not wait for it here, as it does
/// for a lock that somebody writes under (seen with eight that open a state at one moment; the test is
/// `many_open_one_state_at_the_same_moment`).
fn write_ahead(conn: &Connection) -> rusqlite::Result<String> {
    let began = Instant::now();
    loop {
        match conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            answer => return answer,
        }
    }
}

fn bring_up(conn: &mut Connection, path: &Path) -> Result<(), Fault> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been first.
    let from = version(&tx)?;
    if from > VERSIONS.len() {
        return Err(newer(from, path).into());
    }
    for (n, sql) in VERSIONS.iter().enumerate().skip(from) {
        tx.execute_batch(sql)?;
        tx.execute("INSERT INTO schema (version, written_by) VALUES (?1, ?2)", (bound(n + 1), env!("CARGO_PKG_VERSION")))?;
    }
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", bound(VERSIONS.len()))?;
    tx.commit()?;
    Ok(())
}

fn bound(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The one path of the file, however it was named: lock files must lie beside the same one for everybody.
fn real(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|e| {
        Error::new(ErrorKind::Storage, "the path of the state file cannot be resolved").with("file", path.display()).caused_by(e)
    })
}
