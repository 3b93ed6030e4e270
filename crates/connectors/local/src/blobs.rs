//! Photos and attachments: kept once per content, in pieces, streamed in and out.

use crate::{
    error::{Res, invalid},
    repo::Items,
    row,
    store::{Db, Local},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use pimkit_core::{
    Blob, BlobId, BlobRef, BlobSource, Blobs, CollectionId, Digest, Error, ErrorKind, Field, Fields, ItemId, Record, Result, Value, Write,
    WriteOptions,
};
use rusqlite::{OptionalExtension, Transaction, params};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, sync::Arc};

/// Bytes in one piece.
const PIECE: usize = 256 << 10;
/// The largest blob, in bytes.
const LARGEST: u64 = 256 << 20;
/// Pieces that no write took are forgotten after this many microseconds: their writer was stopped.
const STALE: i64 = 24 * 3600 * 1_000_000;

/// Bytes on their way to a record.
#[derive(Debug)]
enum Bring {
    /// A single piece, in memory.
    Small(Vec<u8>),
    /// In pieces in the database, under this key.
    Staged(String),
}

#[derive(Debug)]
struct Come {
    digest: Digest,
    size: u64,
    media_type: String,
    bytes: Bring,
}

/// The bytes that a write brings along, by the reference that speaks of them.
#[derive(Debug, Default)]
pub(crate) struct Brought(Vec<(BlobRef, Result<Come>)>);

impl Brought {
    /// Bytes held in memory.
    pub(crate) fn held(&self) -> usize {
        self.0.iter().map(|(_, come)| come.as_ref().map_or(0, |c| if let Bring::Small(b) = &c.bytes { b.len() } else { 0 })).sum()
    }
}

impl<R: Record> Items<R> {
    /// Fetches the bytes that a write speaks of and that are not here.
    pub(crate) async fn bring(&self, write: &Write<R>, options: &WriteOptions) -> Brought {
        let (target, base) = match write {
            Write::Create { record, .. } => (record, None),
            Write::Update { target, base, .. } => (&**target, Some(&**base)),
            Write::Move { .. } | Write::Delete { .. } => return Brought::default(),
        };
        let mut brought = Brought::default();
        let held = base.map(Record::blobs).unwrap_or_default();
        for blob in target.blobs() {
            if held.contains(&blob) || brought.0.iter().any(|(have, _)| have == blob) || needs_no_bytes(blob) {
                continue;
            }
            match self.local.db.read("local.write", |tx| ours(tx, blob)) {
                Ok(Some(_)) => {}
                Ok(None) => {
                    let come = match options.blobs.as_deref() {
                        Some(source) => self.local.take(blob, source).await,
                        None => Err(invalid("a blob came without its bytes; pass a blob source in the write options")),
                    };
                    brought.0.push((blob.clone(), come));
                }
                Err(error) => brought.0.push((blob.clone(), Err(error))),
            }
        }
        brought
    }
}

/// A picture that is given by its address only.
fn needs_no_bytes(blob: &BlobRef) -> bool {
    blob.uri.is_some()
}

/// The reference as ours, when the bytes are here.
fn ours(tx: &Transaction<'_>, blob: &BlobRef) -> Res<Option<BlobRef>> {
    let name = blob.digest.map_or_else(|| blob.id.as_str().to_owned(), |d| d.to_string());
    let row: Option<(String, i64)> = tx
        .prepare_cached("SELECT media_type, size FROM blob WHERE digest = ?1")?
        .query_row([&name], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()?;
    Ok(row.and_then(|(media_type, size)| {
        let digest = serde_json::from_value(Value::from(name.clone())).ok()?;
        let media_type = if blob.media_type.is_empty() { media_type } else { blob.media_type.clone() };
        Some(BlobRef { id: BlobId::from(name), media_type, size: u64::try_from(size).ok(), digest: Some(digest), uri: None })
    }))
}

impl Local {
    /// Takes the bytes in, piece by piece.
    async fn take(&self, blob: &BlobRef, source: &dyn BlobSource) -> Result<Come> {
        let opened = source.open(blob).await?;
        let come = self.take_in(&opened.media_type.clone(), opened).await?;
        if blob.digest.is_some_and(|said| said != come.digest) {
            if let Bring::Staged(key) = &come.bytes {
                self.db.write("local.write", |tx| unstage(tx, key))?;
            }
            return Err(invalid("the bytes of a blob are not those that were announced; read the item again"));
        }
        let media_type = if blob.media_type.is_empty() { come.media_type } else { blob.media_type.clone() };
        Ok(Come { media_type, ..come })
    }

    async fn take_in(&self, media_type: &str, mut blob: Blob) -> Result<Come> {
        let (mut hash, mut size, mut buffer, mut staged) = (Sha256::new(), 0_u64, Vec::new(), None::<Staging>);
        while let Some(piece) = blob.bytes.next().await {
            let piece = piece?;
            size += piece.len() as u64;
            if size > LARGEST {
                return Err(invalid("a blob is larger than the app store takes; leave it out").with("limit", LARGEST));
            }
            hash.update(&piece);
            buffer.extend_from_slice(&piece);
            while buffer.len() > PIECE {
                let rest = buffer.split_off(PIECE);
                let full = std::mem::replace(&mut buffer, rest);
                let staging = match &mut staged {
                    Some(staging) => staging,
                    None => staged.insert(Staging::begin(&self.db)?),
                };
                staging.add(&full)?;
            }
        }
        let digest = Digest(hash.finalize().into());
        let bytes = match staged {
            Some(mut staging) => {
                staging.add(&buffer)?;
                Bring::Staged(staging.keep())
            }
            None => Bring::Small(buffer),
        };
        Ok(Come { digest, size, media_type: media_type.to_owned(), bytes })
    }

    /// Puts bytes in, for the app's own user interface; they stay when a record names them.
    pub(crate) async fn put(&self, blob: Blob) -> Result<(BlobRef, Brought)> {
        let come = self.take_in(&blob.media_type.clone(), blob).await?;
        let digest = come.digest;
        let reference = BlobRef {
            id: BlobId::from(digest.to_string()),
            media_type: come.media_type.clone(),
            size: Some(come.size),
            digest: Some(digest),
            uri: None,
        };
        Ok((reference.clone(), Brought(vec![(reference, Ok(come))])))
    }

    /// Forgets pieces that a stopped writer left.
    pub(crate) fn sweep(&self) -> Result<()> {
        let before = self.db.now() - STALE;
        let stale = self.db.read("local.open", |tx| {
            let mut keys = tx.prepare_cached("SELECT key FROM staging WHERE started < ?1")?;
            Ok(keys.query_map([before], |r| r.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?)
        })?;
        stale.iter().try_for_each(|key| self.db.write("local.open", |tx| unstage(tx, key)))
    }
}

/// Pieces in the database that no record names yet. Dropped half way, they are taken out again.
struct Staging<'a> {
    db: &'a Arc<Db>,
    key: String,
    pieces: i64,
    kept: bool,
}

impl<'a> Staging<'a> {
    fn begin(db: &'a Arc<Db>) -> Result<Self> {
        let now = db.now();
        let key = db.write("local.write", |tx| {
            let key: String = tx.query_row("SELECT 'staged:' || lower(hex(randomblob(16)))", [], |r| r.get(0))?;
            tx.execute("INSERT INTO staging (key, started) VALUES (?1, ?2)", params![key, now])?;
            Ok(key)
        })?;
        Ok(Self { db, key, pieces: 0, kept: false })
    }

    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.db.write("local.write", |tx| {
            tx.prepare_cached("INSERT INTO chunk (blob, n, bytes) VALUES (?1, ?2, ?3)")?.execute(params![self.key, self.pieces, bytes])?;
            Ok(())
        })?;
        self.pieces += 1;
        Ok(())
    }

    fn keep(mut self) -> String {
        self.kept = true;
        self.key.clone()
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be taken out here is swept when the store is opened later.
            let _swept_later = self.db.write("local.write", |tx| unstage(tx, &self.key));
        }
    }
}

fn unstage(tx: &Transaction<'_>, key: &str) -> Res<()> {
    tx.execute("DELETE FROM chunk WHERE blob = ?1", [key])?;
    tx.execute("DELETE FROM staging WHERE key = ?1", [key])?;
    Ok(())
}

/// Puts every blob of these fields in its place, and takes out what has no bytes.
pub(crate) fn settle(tx: &Transaction<'_>, fields: &mut Fields, brought: &Brought, left_out: &mut Vec<(Field, Error)>) -> Res<()> {
    for name in ["photo", "attachments"] {
        let Some(value) = fields.get_mut(name) else { continue };
        let mut failed = None;
        match value {
            Value::Array(list) => {
                let mut kept = Vec::with_capacity(list.len());
                for mut attachment in std::mem::take(list) {
                    match attachment.get("blob").cloned().map(|blob| settle_one(tx, blob, brought)).transpose()? {
                        Some(Ok(blob)) => {
                            if let Some(object) = attachment.as_object_mut() {
                                object.insert("blob".to_owned(), blob);
                            }
                            kept.push(attachment);
                        }
                        Some(Err(error)) => left_out.push((Field::from(name), error)),
                        None => kept.push(attachment),
                    }
                }
                *list = kept;
            }
            Value::Null => {}
            blob => match settle_one(tx, blob.take(), brought)? {
                Ok(settled) => *blob = settled,
                Err(error) => failed = Some(error),
            },
        }
        if let Some(error) = failed {
            fields.remove(name);
            left_out.push((Field::from(name), error));
        }
    }
    Ok(())
}

fn settle_one(tx: &Transaction<'_>, value: Value, brought: &Brought) -> Res<Result<Value>> {
    let Ok(blob) = serde_json::from_value::<BlobRef>(value.clone()) else {
        return Ok(Err(invalid("a blob has not the shape of one; write the field anew")));
    };
    if needs_no_bytes(&blob) {
        return Ok(Ok(value));
    }
    let settled = match brought.0.iter().find(|(have, _)| *have == blob) {
        Some((_, Err(error))) => return Ok(Err(error.clone())),
        Some((_, Ok(come))) => Some(come.store(tx)?),
        None => ours(tx, &blob)?,
    };
    let missing = || invalid("a blob's bytes are not here, and nobody brought them; read the item again");
    Ok(settled.ok_or_else(missing).and_then(|blob| {
        serde_json::to_value(&blob).map_err(|e| Error::new(ErrorKind::Unexpected, "a blob cannot be written as JSON").caused_by(e))
    }))
}

impl Come {
    fn store(&self, tx: &Transaction<'_>) -> Res<BlobRef> {
        let name = self.digest.to_string();
        let size = i64::try_from(self.size).unwrap_or(i64::MAX);
        let fresh = tx.prepare_cached("INSERT OR IGNORE INTO blob (digest, media_type, size) VALUES (?1, ?2, ?3)")?.execute(params![
            name,
            self.media_type,
            size
        ])? == 1;
        match &self.bytes {
            Bring::Small(bytes) if fresh => {
                tx.prepare_cached("INSERT INTO chunk (blob, n, bytes) VALUES (?1, 0, ?2)")?.execute(params![name, bytes])?;
            }
            Bring::Staged(key) if fresh => {
                tx.execute("UPDATE chunk SET blob = ?2 WHERE blob = ?1", params![key, name])?;
                unstage(tx, key)?;
            }
            Bring::Staged(key) => unstage(tx, key)?,
            Bring::Small(_) => {}
        }
        Ok(BlobRef {
            id: BlobId::from(name),
            media_type: self.media_type.clone(),
            size: Some(self.size),
            digest: Some(self.digest),
            uri: None,
        })
    }
}

/// The blobs that an item names.
pub(crate) fn of_item(tx: &Transaction<'_>, item: i64) -> Res<BTreeSet<String>> {
    let mut digests = tx.prepare_cached("SELECT digest FROM item_blob WHERE item = ?1")?;
    Ok(digests.query_map([item], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Takes out those of these blobs that nobody names any more.
pub(crate) fn forget_unused(tx: &Transaction<'_>, digests: &BTreeSet<String>) -> Res<()> {
    for digest in digests {
        let gone = tx
            .prepare_cached("DELETE FROM blob WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM item_blob WHERE digest = ?1)")?
            .execute([digest])?;
        if gone == 1 {
            tx.prepare_cached("DELETE FROM chunk WHERE blob = ?1")?.execute([digest])?;
        }
    }
    Ok(())
}

#[async_trait]
impl<R: Record> Blobs for Items<R> {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let (media_type, size) = self.local.db.read("local.open_blob", |tx| {
            self.exists(tx, collection)?;
            let raw = row::visible(tx, &self.local.rights(tx)?, R::KIND, item)?;
            let named =
                "SELECT b.media_type, b.size FROM blob b JOIN item_blob i ON i.digest = b.digest WHERE i.item = ?1 AND b.digest = ?2";
            let row = tx.query_row(named, params![raw.id, blob.as_str()], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)));
            row.optional()?.ok_or_else(|| invalid("the item names no such blob; read the item again").with("item", item).into())
        })?;
        let size = u64::try_from(size).unwrap_or_default();
        let (db, digest) = (Arc::clone(&self.local.db), blob.as_str().to_owned());
        let pieces = stream::unfold((0_i64, 0_u64, false), move |(n, read, over)| {
            let (db, digest) = (Arc::clone(&db), digest.clone());
            async move {
                if over || read >= size {
                    return None;
                }
                let piece = db.read("local.open_blob", |tx| {
                    let mut piece = tx.prepare_cached("SELECT bytes FROM chunk WHERE blob = ?1 AND n = ?2")?;
                    Ok(piece.query_row(params![digest, n], |r| r.get::<_, Vec<u8>>(0)).optional()?)
                });
                Some(match piece {
                    Ok(Some(bytes)) => {
                        let read = read + bytes.len() as u64;
                        (Ok(Bytes::from(bytes)), (n + 1, read, false))
                    }
                    Ok(None) => (Err(invalid("the blob was deleted while it was read; read the item again")), (n, read, true)),
                    Err(error) => (Err(error), (n, read, true)),
                })
            }
        });
        Ok(Blob { media_type, size: Some(size), bytes: pieces.boxed() })
    }
}
