//! One kind of record as a repository.

use crate::{
    custom,
    error::{Failure, Res},
    row::{self, COLUMNS, Raw},
    store::Local,
};
use async_trait::async_trait;
use pimkit_core::{
    Access, Action, Blobs, Capabilities, Categories, ChangeOptions, ChangePage, Collection, CollectionId, Create, Error, ErrorKind,
    Fetched, Field, FieldSupport, Folders, ItemId, Key, Kind, Outcome, Position, Record, Repository, Result, Search, Sharing, Stored,
    Write, WriteOptions,
};
use rusqlite::{Transaction, params};
use std::marker::PhantomData;

/// One kind of record, as the acting user sees it.
#[derive(Debug)]
pub(crate) struct Items<R> {
    pub(crate) local: Local,
    kind: PhantomData<fn() -> R>,
}

/// What this store does with a kind.
pub(crate) const fn capabilities(kind: Kind) -> Capabilities {
    let mut c = Capabilities::none();
    c.write = true;
    c.incremental = true;
    c.conditional = true;
    // Logged mail stays where and as it is; there is one list of users.
    c.move_items = matches!(kind, Kind::Contact | Kind::Event | Kind::Task);
    c.trash = !matches!(kind, Kind::Message);
    c.create = Create::Repeatable;
    // Nothing here mails anybody.
    c.can_keep_silent = true;
    c.photos = matches!(kind, Kind::Contact | Kind::User);
    c.attachments = matches!(kind, Kind::Event | Kind::Task | Kind::Message);
    c.exceptions = matches!(kind, Kind::Event | Kind::Task);
    c.find = true;
    c.keeps_as_written = true;
    c.keeps_ids = true;
    c
}

impl<R: Record> Items<R> {
    pub(crate) fn new(local: Local) -> Self {
        Self { local, kind: PhantomData }
    }

    pub(crate) fn exists(&self, tx: &Transaction<'_>, collection: &CollectionId) -> Res<()> {
        exists(tx, R::KIND, collection)
    }

    fn fetched(&self, collection: &CollectionId, ids: &[ItemId]) -> Result<Vec<Fetched<R>>> {
        self.local.db.read("local.fetch", |tx| {
            self.exists(tx, collection)?;
            let rights = self.local.rights(tx)?;
            let one = |id: &ItemId| {
                Ok(match row::named(tx, R::KIND, id)? {
                    Some(raw) if raw.trashed || raw.collection != collection.as_str() => Fetched::Gone,
                    Some(raw) if !raw.seen_by(&rights) => Fetched::Hidden,
                    Some(raw) => match raw.stored(&rights) {
                        Ok(stored) => Fetched::Found(Box::new(stored)),
                        Err(error) => Fetched::Unreadable { revision: Some(raw.revision()), error },
                    },
                    None => Fetched::Gone,
                })
            };
            ids.iter().map(one).collect()
        })
    }

    fn found(&self, collection: &CollectionId, key: &Key) -> Result<Vec<Stored<R>>> {
        self.local.db.read("local.find", |tx| {
            self.exists(tx, collection)?;
            let rights = self.local.rights(tx)?;
            let (place, value) = match key {
                Key::Mark(mark) => ("mark", mark.as_str()),
                Key::Uid(uid) => ("uid", uid.as_str()),
            };
            let query =
                format!("SELECT {COLUMNS} FROM item WHERE kind = ?1 AND collection = ?2 AND {place} = ?3 AND trashed IS NULL ORDER BY id");
            let mut rows = tx.prepare_cached(&query)?;
            let rows = rows.query_map(params![R::KIND.plural(), collection.as_str(), value], Raw::of)?;
            let mut found = Vec::new();
            for raw in rows {
                let raw = raw?;
                if raw.seen_by(&rights) {
                    found.push(raw.stored(&rights)?);
                }
            }
            Ok(found)
        })
    }
}

pub(crate) fn exists(tx: &Transaction<'_>, kind: Kind, collection: &CollectionId) -> Res<()> {
    let mut there = tx.prepare_cached("SELECT 1 FROM collection WHERE kind = ?1 AND id = ?2")?;
    if there.exists(params![kind.plural(), collection.as_str()])? {
        return Ok(());
    }
    Err(Failure::Said(
        Error::new(ErrorKind::CollectionGone, "the app store has no such collection; list its collections").with("collection", collection),
    ))
}

#[async_trait]
impl<R: Record> Repository<R> for Items<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        self.local.db.read("local.collections", |tx| {
            let rights = self.local.rights(tx)?;
            let writable = rights.allowed(R::KIND, Action::Create) || rights.allowed(R::KIND, Action::Edit);
            let mut rows = tx.prepare_cached("SELECT id, name FROM collection WHERE kind = ?1 ORDER BY rank DESC, id")?;
            let rows = rows.query_map([R::KIND.plural()], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
            let mut collections = Vec::new();
            for row in rows {
                let (id, name) = row?;
                let mut capabilities = capabilities(R::KIND);
                capabilities.write = writable;
                collections.push(Collection {
                    id: id.into(),
                    name,
                    owner: None,
                    sharing: Sharing::Private,
                    access: if writable { Access::Write } else { Access::Read },
                    capabilities,
                });
            }
            Ok(collections)
        })
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.page(collection, at, options)
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        self.fetched(collection, ids).unwrap_or_else(|error| ids.iter().map(|_| Fetched::Failed(error.clone())).collect())
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        keys.iter().map(|key| self.found(collection, key)).collect()
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        self.local.db.read("local.fields", |tx| {
            self.exists(tx, collection)?;
            let custom = custom::defined(tx, R::KIND)?;
            let custom = custom.into_keys().map(|name| FieldSupport::full(format!("custom.{name}")));
            Ok(FieldSupport::all::<R>().into_iter().chain(custom).collect())
        })
    }

    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.local.db.write("local.ensure_field", |tx| {
            self.exists(tx, collection)?;
            custom::ensure(tx, R::KIND, name, custom::FieldType::Any)?;
            Ok(Field::from(format!("custom.{name}")))
        })
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        self.write_all(collection, writes, options).await
    }

    fn folders(&self) -> Option<&dyn Folders> {
        matches!(R::KIND, Kind::Event | Kind::Task).then_some(self as &dyn Folders)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        (R::KIND.catalogue().field("keywords").is_some() && R::KIND != Kind::Message).then_some(self as &dyn Categories)
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        Some(self)
    }
    fn search(&self) -> Option<&dyn Search<R>> {
        Some(self)
    }
}

#[async_trait]
impl<R: Record> Search<R> for Items<R> {
    /// Records in which every word of the text is part of a name, an address, an organisation or a title.
    async fn search(&self, text: &str, limit: u32) -> Result<Vec<Stored<R>>> {
        self.local.db.read("local.search", |tx| {
            let rights = self.local.rights(tx)?;
            let words: Vec<String> = text.to_lowercase().split_whitespace().map(like).collect();
            if words.is_empty() {
                return Ok(Vec::new());
            }
            let tests = " AND search LIKE ? ESCAPE '\\'".repeat(words.len());
            let query = format!("SELECT {COLUMNS} FROM item WHERE kind = ? AND trashed IS NULL{tests} ORDER BY name, id");
            let mut rows = tx.prepare(&query)?;
            let parameters = std::iter::once(R::KIND.plural().to_owned()).chain(words);
            let mut rows = rows.query(rusqlite::params_from_iter(parameters))?;
            let mut hits = Vec::new();
            while let Some(row) = rows.next()? {
                let raw = Raw::of(row)?;
                if hits.len() >= limit as usize {
                    break;
                }
                if raw.seen_by(&rights) {
                    hits.push(raw.stored(&rights)?);
                }
            }
            Ok(hits)
        })
    }
}

/// The word as a pattern of LIKE that finds it anywhere.
fn like(word: &str) -> String {
    format!("%{}%", word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}
