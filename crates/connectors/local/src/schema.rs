//! The file: what is in it, making it, and refusing what is not ours.

use crate::error::{Res, storage};
use pimkit_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig, params};
use std::{fs, io::Read as _, path::Path, time::Duration};

/// `pimL`: how the file says that it is ours (SQLite file format, header offset 68).
const APPLICATION: i32 = 0x7069_6d4c;
/// The newest schema that this program knows.
const VERSION: i32 = 2;

const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- Those with a rank belong to the app and stay; the one with the highest comes first.
CREATE TABLE collection (
    kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, rank INTEGER NOT NULL DEFAULT 0, mark TEXT,
    PRIMARY KEY (kind, id)) WITHOUT ROWID;
-- The places in the feed. What a place got by chance tells it from the place of the same number in another
-- copy of the file that went its own way.
CREATE TABLE place (seq INTEGER PRIMARY KEY, chance INTEGER NOT NULL);
-- One row per record of any kind. seq is its place in the feed; rev is another one with every change of the
-- record itself. rev and chance are drawn by chance: two copies of the file never give out the same.
CREATE TABLE item (
    id INTEGER PRIMARY KEY AUTOINCREMENT, chance TEXT NOT NULL, kind TEXT NOT NULL, collection TEXT NOT NULL, rev INTEGER NOT NULL,
    seq INTEGER NOT NULL, uid TEXT, name TEXT, search TEXT NOT NULL, owner TEXT, provenance TEXT NOT NULL, mark TEXT,
    created INTEGER NOT NULL, modified INTEGER NOT NULL, trashed INTEGER, record TEXT NOT NULL);
CREATE INDEX item_place ON item (kind, collection, id);
CREATE INDEX item_seq ON item (kind, collection, seq);
CREATE INDEX item_uid ON item (kind, uid) WHERE uid IS NOT NULL;
CREATE INDEX item_name ON item (kind, name);
CREATE INDEX item_owner ON item (owner);
CREATE TABLE email (item INTEGER NOT NULL REFERENCES item ON DELETE CASCADE, address TEXT NOT NULL);
CREATE INDEX email_item ON email (item);
CREATE INDEX email_address ON email (address);
CREATE TABLE item_keyword (item INTEGER NOT NULL REFERENCES item ON DELETE CASCADE, keyword TEXT NOT NULL);
CREATE INDEX item_keyword_item ON item_keyword (item);
CREATE INDEX item_keyword_keyword ON item_keyword (keyword);
-- What left a collection, and when: the feed's other half.
CREATE TABLE gone (
    kind TEXT NOT NULL, collection TEXT NOT NULL, item INTEGER NOT NULL, chance TEXT NOT NULL, seq INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (kind, collection, item)) WITHOUT ROWID;
CREATE INDEX gone_seq ON gone (kind, collection, seq);
-- Every mark that an item had, so that a create that is sent again never makes a second one while the item is there.
CREATE TABLE mark (
    kind TEXT NOT NULL, mark TEXT NOT NULL, item INTEGER NOT NULL REFERENCES item ON DELETE CASCADE, PRIMARY KEY (kind, mark)) WITHOUT ROWID;
CREATE INDEX mark_item ON mark (item);
CREATE TABLE category (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name));
CREATE TABLE custom_field (kind TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE blob (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE chunk (blob TEXT NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (blob, n));
CREATE TABLE staging (key TEXT PRIMARY KEY, started INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE item_blob (item INTEGER NOT NULL REFERENCES item ON DELETE CASCADE, digest TEXT NOT NULL);
CREATE INDEX item_blob_item ON item_blob (item);
CREATE INDEX item_blob_digest ON item_blob (digest);
CREATE TABLE deal (
    id INTEGER PRIMARY KEY AUTOINCREMENT, contact INTEGER NOT NULL REFERENCES item ON DELETE CASCADE, title TEXT NOT NULL, stage TEXT NOT NULL);
CREATE INDEX deal_contact ON deal (contact);
CREATE TABLE customer (contact INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE, status TEXT NOT NULL);
-- Mail, events and tasks that are about a contact.
CREATE TABLE about (
    activity INTEGER NOT NULL REFERENCES item ON DELETE CASCADE, contact INTEGER NOT NULL REFERENCES item ON DELETE CASCADE,
    PRIMARY KEY (activity, contact)) WITHOUT ROWID;
CREATE INDEX about_contact ON about (contact);
CREATE TABLE app_event (seq INTEGER PRIMARY KEY, event TEXT NOT NULL);
CREATE TABLE member (name TEXT PRIMARY KEY, role TEXT NOT NULL, team TEXT, emails TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE denied (user TEXT NOT NULL, kind TEXT NOT NULL, action TEXT NOT NULL, PRIMARY KEY (user, kind, action)) WITHOUT ROWID;
CREATE TABLE saved_view (kind TEXT NOT NULL, name TEXT NOT NULL, filter TEXT NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
CREATE TABLE notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user TEXT, topic TEXT NOT NULL, kind TEXT, item TEXT, text TEXT NOT NULL, at INTEGER NOT NULL);
";

/// What the second version added: records that the app's users may only look at.
const PROTECTED: &str = "CREATE TABLE protected (item INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE);";

/// The collections that every store has: kind, id, name, rank.
const COLLECTIONS: [(&str, &str, &str, u8); 7] = [
    ("contacts", "contacts", "Contacts", 3),
    ("contacts", "companies", "Companies", 2),
    ("contacts", "leads", "Leads", 1),
    ("events", "calendar", "Calendar", 1),
    ("tasks", "tasks", "Tasks", 1),
    ("messages", "activities", "Activities", 1),
    ("users", "users", "Users", 1),
];

fn config(message: &'static str, path: &Path) -> Error {
    Error::new(ErrorKind::Config, message).with("path", path.display())
}

/// Looks at the file's first bytes without touching it. True when there is nothing in it yet.
fn is_blank(path: &Path) -> Result<bool> {
    let mut header = Vec::with_capacity(100);
    match fs::File::open(path) {
        Ok(file) => {
            if file.metadata().is_ok_and(|m| m.is_dir()) {
                return Err(config("this is a folder; name a file for the app store", path));
            }
            file.take(100).read_to_end(&mut header).map_err(|e| config("the app store cannot be read", path).caused_by(e))?;
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.is_dir()) {
                return Err(config("the app store's folder is not there; make it first", path));
            }
            return Ok(true);
        }
        Err(e) => return Err(config("the app store cannot be opened; check the path and its permissions", path).caused_by(e)),
    }
    if header.is_empty() {
        return Ok(true);
    }
    // SQLite file format section 1.3: magic at 0, application id at 68, big-endian. The id is
    // written in the first transaction, before WAL is switched on, so it is in the file itself.
    let id = header.get(68..72).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(i32::from_be_bytes);
    if header.starts_with(b"SQLite format 3\0") && id == Some(APPLICATION) {
        return Ok(false);
    }
    Err(config("this file is not an app store of ours and was left as it is; name another file", path))
}

/// A file that nobody but its owner reads: there are people's addresses in it.
fn make(path: &Path) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|e| config("the app store cannot be made; check the folder's permissions", path).caused_by(e))
}

/// Opens the file, makes what is not there, refuses what is not ours. `account` names a store that is made.
pub(crate) fn open(path: &Path, busy: Duration, account: Option<&str>) -> Result<Connection> {
    if is_blank(path)? {
        make(path)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| storage(e).with("path", path.display()))?;
    prepare(connection, busy, account).map_err(|failure| failure.told("local.open").with("path", path.display()))
}

/// The same in memory, for trying things out.
pub(crate) fn in_memory(account: Option<&str>) -> Result<Connection> {
    let connection = Connection::open_in_memory().map_err(storage)?;
    prepare(connection, Duration::ZERO, account).map_err(|failure| failure.told("local.open"))
}

fn prepare(mut connection: Connection, busy: Duration, account: Option<&str>) -> Res<Connection> {
    connection.busy_timeout(busy)?;
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL;")?;
    connection.set_prepared_statement_cache_capacity(64);
    // Without it, every statement with a bound LIMIT is prepared again for every value that is bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let application: i32 = tx.query_row("PRAGMA application_id", [], |r| r.get(0))?;
    let version: i32 = tx.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if application == 0 && version == 0 && tables == 0 {
        tx.execute_batch(TABLES)?;
        tx.execute_batch(PROTECTED)?;
        tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION};"))?;
        tx.execute(
            "INSERT INTO meta (key, value) VALUES ('account', coalesce(?1, lower(hex(randomblob(10))))), ('rights', random())",
            [account],
        )?;
        tx.execute("INSERT INTO place (seq, chance) VALUES (0, random())", [])?;
        for (kind, id, name, rank) in COLLECTIONS {
            tx.execute("INSERT INTO collection (kind, id, name, rank) VALUES (?1, ?2, ?3, ?4)", params![kind, id, name, rank])?;
        }
    } else if application != APPLICATION {
        return Err(Error::new(ErrorKind::Config, "this file is not an app store of ours and was left as it is; name another file").into());
    } else if version == 1 {
        tx.execute_batch(PROTECTED)?;
        tx.pragma_update(None, "user_version", VERSION)?;
    } else if version != VERSION {
        return Err(Error::new(ErrorKind::Config, "the app store was written by another version of pimkit; use that version")
            .with("schema", version)
            .with("known", VERSION)
            .into());
    }
    tx.commit()?;
    // Readers do not wait for the writer. An in-memory database stays as it is.
    let _mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
    Ok(connection)
}
