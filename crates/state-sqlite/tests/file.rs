//! The file: what is not ours is refused and stays as it is; what was committed survives what happens to files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use futures::{StreamExt, TryStreamExt};
use pimkit_core::{AccountRow, Error, ErrorKind, JournalQuery, RunRow, State, StateChange};
use pimkit_state_sqlite::SqliteState;
use rusqlite::{Connection, config::DbConfig};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Every file of a folder with its bytes; not the index of the log, which holds nothing of its own.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.map(|path| (name(&path), fs::read(&path).unwrap())).filter(|(name, _)| !name.ends_with("-shm")).collect()
}

fn account(id: &str, skew: i64) -> StateChange {
    StateChange::Account(AccountRow { id: id.into(), skew, endpoints: None, app_cursor: None })
}

async fn skew(state: &SqliteState, id: &str) -> Option<i64> {
    state.account(&id.into()).await.unwrap().map(|row| row.skew)
}

/// A state with accounts `a` of 1, closed.
async fn written(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("sync.db");
    let state = SqliteState::open(&path).unwrap();
    let lease = state.acquire(&"c".into()).await.unwrap();
    state.commit(&lease, vec![account("a", 1)]).await.unwrap();
    path
}

fn is_one_line(error: &Error, kind: ErrorKind, words: &str, path: &str) {
    let line = error.to_string();
    assert_eq!(error.kind(), kind, "{line}");
    assert!(line.contains(words), "{line:?} does not say {words:?}");
    assert!(line.contains(path), "{line:?} does not say where");
    assert!(!line.contains('\n'), "{line:?}");
}

/// A database of another application, with its mark or without, and a log that is not yet in the file.
fn foreign(path: &Path, mark: i32) {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "application_id", mark).unwrap();
    conn.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE account (id TEXT); INSERT INTO account VALUES ('x')").unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_ours_is_refused_and_stays_as_it_is() {
    type Make = fn(&Path);
    let table: [(&str, Make, &str); 8] = [
        ("text", |path| fs::write(path, "state = \"sync.db\"\n[accounts]\n").unwrap(), "not a state file of pimkit"),
        ("a single byte", |path| fs::write(path, "S").unwrap(), "not a state file of pimkit"),
        ("zeros", |path| fs::write(path, vec![0; 8192]).unwrap(), "not a state file of pimkit"),
        ("the first words of a database", |path| fs::write(path, "SQLite format 3\0").unwrap(), "not a state file of pimkit"),
        ("a database without a mark", |path| foreign(path, 0), "not a state file of pimkit"),
        ("a database with another mark", |path| foreign(path, 0x7069_6d6c), "not a state file of pimkit"),
        ("binary", |path| fs::write(path, (0..=255).cycle().take(9000).collect::<Vec<u8>>()).unwrap(), "not a state file of pimkit"),
        ("a folder", |path| fs::create_dir(path).unwrap(), "this is a folder"),
    ];
    for (what, make, words) in table {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.db");
        make(&path);
        let before = path.is_file().then(|| bytes(folder.path()));
        let names = fs::read_dir(folder.path()).unwrap().count();
        for outcome in [SqliteState::open(&path), SqliteState::open_read_only(&path)] {
            is_one_line(&outcome.expect_err(what), ErrorKind::Config, words, "sync.db");
        }
        assert_eq!(path.is_file().then(|| bytes(folder.path())), before, "{what} was changed");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), names, "{what}: files were left beside it");
    }
}

#[tokio::test]
async fn a_state_of_a_newer_pimkit_is_refused_and_stays_as_it_is() {
    // In the file itself.
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder).await;
    let mut file = fs::read(&path).unwrap();
    file[60..64].copy_from_slice(&99_i32.to_be_bytes());
    fs::write(&path, &file).unwrap();
    // Only in the log, as a newer pimkit leaves it that was killed.
    let other = tempfile::tempdir().unwrap();
    let log = written(&other).await;
    let conn = Connection::open(&log).unwrap();
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    assert!(fs::metadata(other.path().join("sync.db-wal")).unwrap().len() > 0);
    for (folder, path) in [(&folder, path), (&other, log)] {
        let before = bytes(folder.path());
        for outcome in [SqliteState::open(&path), SqliteState::open_read_only(&path)] {
            let error = outcome.expect_err("a newer version");
            is_one_line(&error, ErrorKind::Config, "newer pimkit", "version 99");
        }
        assert_eq!(bytes(folder.path()), before);
    }
}

#[tokio::test]
async fn a_missing_folder_and_a_missing_state_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let error = SqliteState::open(folder.path().join("none/sync.db")).unwrap_err();
    is_one_line(&error, ErrorKind::Config, "the folder of the state file is not there", "none");
    let error = SqliteState::open_read_only(folder.path().join("sync.db")).unwrap_err();
    is_one_line(&error, ErrorKind::Storage, "there is no state yet", "sync.db");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was made");
}

#[tokio::test]
async fn an_empty_file_and_one_that_was_cut_off_before_its_log_was_made_are_ours() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sync.db"), "").unwrap();
    let path = written(&folder).await;
    let conn = Connection::open(&path).unwrap();
    let mode: String = conn.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    drop(conn);
    let state = SqliteState::open(&path).unwrap();
    assert_eq!(skew(&state, "a").await, Some(1));
    let conn = Connection::open(&path).unwrap();
    let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder).await;
    let good = fs::read(&path).unwrap();
    for cut in [100, 512, 4096, 5000, good.len() / 2] {
        for garbage in [false, true] {
            let mut bad = good[..cut].to_vec();
            if garbage {
                bad.resize(good.len(), 0xa5);
            }
            fs::write(&path, &bad).unwrap();
            let outcome = match SqliteState::open(&path) {
                Ok(state) => state.account(&"a".into()).await.map(drop),
                Err(error) => Err(error),
            };
            // A cut behind the pages that are read goes unnoticed until they are.
            if let Err(error) = outcome {
                assert!(matches!(error.kind(), ErrorKind::Storage | ErrorKind::Config), "cut {cut}: {error}");
                assert!(!error.to_string().contains('\n'), "{error}");
            } else {
                assert!(cut > 512, "a file cut at {cut} was read");
            }
        }
    }
}

#[tokio::test]
async fn a_copy_taken_while_the_state_is_open_has_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let state = SqliteState::open(&path).unwrap();
    let lease = state.acquire(&"c".into()).await.unwrap();
    for n in 1..=20 {
        state.commit(&lease, vec![account("a", n), account("b", n)]).await.unwrap();
        let copy = tempfile::tempdir().unwrap();
        for name in ["sync.db", "sync.db-wal"] {
            fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        let other = SqliteState::open(copy.path().join("sync.db")).unwrap();
        assert_eq!([skew(&other, "a").await, skew(&other, "b").await], [Some(n); 2]);
        // The copy is a state of its own: its component is free, and its tokens go on.
        let next = other.acquire(&"c".into()).await.unwrap();
        assert!(next.token > lease.token);
    }
}

#[tokio::test]
async fn a_log_that_is_cut_anywhere_has_whole_batches_up_to_some_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let state = SqliteState::open(&path).unwrap();
    let lease = state.acquire(&"c".into()).await.unwrap();
    for n in 1..=12 {
        let run = RunRow {
            run: n,
            sync: "s".into(),
            started: jiff::Timestamp::UNIX_EPOCH,
            finished: None,
            outcome: "x".repeat(3000),
            report: pimkit_core::Json::default(),
        };
        let n = i64::try_from(n).unwrap();
        state.commit(&lease, vec![account("a", n), StateChange::Run(run), account("b", n)]).await.unwrap();
    }
    let (file, log) = (fs::read(&path).unwrap(), fs::read(folder.path().join("sync.db-wal")).unwrap());
    let mut found = Vec::new();
    for part in 0..=60 {
        let copy = tempfile::tempdir().unwrap();
        fs::write(copy.path().join("sync.db"), &file).unwrap();
        fs::write(copy.path().join("sync.db-wal"), &log[..log.len() * part / 60]).unwrap();
        let state = SqliteState::open(copy.path().join("sync.db")).unwrap();
        let (a, b) = (skew(&state, "a").await, skew(&state, "b").await);
        assert_eq!(a, b, "half a batch with {part}/60 of the log");
        let runs = state.runs(None).try_collect::<Vec<_>>().await.unwrap().len();
        assert_eq!(i64::try_from(runs).unwrap(), a.unwrap_or(0), "half a batch with {part}/60 of the log");
        found.push(a.unwrap_or(0));
    }
    assert!(found.is_sorted(), "{found:?}");
    assert_eq!((found[0], found[60]), (0, 12));
    found.dedup();
    assert!(found.len() > 6, "the cuts did not fall between commits: {found:?}");
}

#[tokio::test]
async fn a_state_opened_to_read_sees_a_run_at_work_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sync.db");
    let state = SqliteState::open(&path).unwrap();
    let lease = state.acquire(&"c".into()).await.unwrap();
    state.commit(&lease, vec![account("a", 1)]).await.unwrap();
    let reader = SqliteState::open_read_only(&path).unwrap();
    assert_eq!(skew(&reader, "a").await, Some(1));
    state.commit(&lease, vec![account("a", 2)]).await.unwrap();
    assert_eq!(skew(&reader, "a").await, Some(2), "what was committed is seen by every later read");
    assert_eq!(reader.journal(JournalQuery::default()).count().await, 0);
    for outcome in [reader.acquire(&"d".into()).await.map(drop), reader.commit(&lease, vec![account("a", 3)]).await] {
        is_one_line(&outcome.unwrap_err(), ErrorKind::Storage, "opened only to be read", "sync.db");
    }
    assert_eq!(skew(&state, "a").await, Some(2));
    // It can be read, too, when nobody has it open.
    drop((state, lease, reader));
    let reader = SqliteState::open_read_only(&path).unwrap();
    assert_eq!(skew(&reader, "a").await, Some(2));
}

#[test]
fn many_open_one_state_at_the_same_moment() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sync.db");
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for n in 0..8 {
                let (path, barrier) = (&path, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let state = SqliteState::open(path).unwrap();
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(async {
                        let lease = state.acquire(&format!("c{n}").into()).await.unwrap();
                        state.commit(&lease, vec![account(&n.to_string(), n)]).await.unwrap();
                    });
                });
            }
        });
        let state = SqliteState::open(&path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for n in 0..8 {
            assert_eq!(runtime.block_on(skew(&state, &n.to_string())), Some(n));
        }
    }
}
