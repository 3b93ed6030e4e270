//! Mail, which is only read: folders, rounds by delta per folder, messages by batches, attachments as they come.
//!
//! A message that is not in the folder any more is gone from it, though it answers under its id wherever it is. Bodies may be
//! megabytes: what is too large for one answer is asked for by itself.

use crate::{
    asked,
    calls::{
        Call,
        messages::{self as calls, Folder},
        odata,
        odata::Page,
    },
    contacts::Got,
    cursor, delta, error,
    mapping::{contact, message},
    pages::Pages,
    session::{Session, answered, lock},
};
use async_trait::async_trait;
use futures::StreamExt;
use pimkit_core::{
    Access, Blob, BlobId, Blobs, Capabilities, Categories, Change, ChangeOptions, ChangePage, Collection, CollectionId, Error, ErrorKind,
    Fetched, Field, FieldSupport, Folders, ItemId, Key, Kind, Message, Outcome, Position, Removal, Repository, Result, Revision, Search,
    Sharing, Stored, Write, WriteOptions, unsupported,
};
use pimkit_http::Failure;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// Folders deeper than this are not looked for.
const DEEPEST: usize = 32;

/// Messages in one batch: their bodies come together, within the bound of one answer.
const TOGETHER: usize = 10;

/// The account's mail.
#[derive(Debug)]
pub(crate) struct Messages {
    pub(crate) session: Arc<Session>,
    /// The folders that were there when they were listed last.
    listed: Mutex<BTreeSet<String>>,
}

/// The most that can be done with messages.
pub(crate) const fn most() -> Capabilities {
    let mut can = Capabilities::none();
    can.incremental = true;
    can.can_keep_silent = true;
    can.attachments = true;
    can.find = true;
    can.keeps_ids = true;
    can
}

impl Messages {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, listed: Mutex::default() }
    }

    /// Every folder that is not hidden, with those below it.
    async fn folders_now(&self) -> Result<Vec<Folder>> {
        let mailbox = || self.session.mailbox();
        let listed = self.session.call(&calls::roots(mailbox())).await.map_err(Failure::into_error)?;
        let rows = Pages::named(&self.session, "graph.mailFolders.list").all_of(listed).await?;
        let mut level: Vec<Folder> = rows.iter().filter_map(Folder::read).collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        level.retain(|folder| seen.insert(folder.id.clone()));
        let mut all = Vec::new();
        for _ in 0..DEEPEST {
            let parents: Vec<&Folder> = level.iter().filter(|folder| folder.has_children).collect();
            let calls: Vec<Call> = parents.iter().map(|folder| calls::children(mailbox(), &folder.id)).collect();
            let mut below = Vec::new();
            for reply in self.session.all(&calls).await {
                let reply = reply.map_err(Failure::into_error)?;
                // It went while we were looking.
                if !error::is_missing(&reply) {
                    below.extend(
                        Pages::named(&self.session, "graph.mailFolders.children").all_of(reply).await?.iter().filter_map(Folder::read),
                    );
                }
            }
            below.retain(|folder| seen.insert(folder.id.clone()));
            all.append(&mut level);
            level = below;
            if level.is_empty() {
                break;
            }
        }
        *lock(&self.listed) = seen;
        Ok(all)
    }

    /// Whether a folder is there, by a new listing.
    ///
    /// # Errors
    /// `CollectionGone` when it is not.
    async fn alive(&self, id: &CollectionId) -> Result<()> {
        let there = self.folders_now().await?.iter().any(|folder| folder.id == id.as_str());
        if there { Ok(()) } else { Err(error::collection_gone()) }
    }

    /// The messages with these ids, as they are in this folder: one answer per id, in order.
    async fn got(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Got> {
        let mut all = Vec::with_capacity(ids.len());
        for part in ids.chunks(TOGETHER) {
            let calls: Vec<Call> = part.iter().map(|id| calls::get(self.session.mailbox(), id.as_str())).collect();
            for (call, reply) in calls.iter().zip(self.session.all(&calls).await) {
                let reply = match reply {
                    // Together they were too large.
                    Err(failure) if part.len() > 1 && failure.error().kind() == ErrorKind::InvalidData => self.session.call(call).await,
                    reply => reply,
                };
                all.push(match asked::item(reply) {
                    Got::There(value) if odata::text(&value, "parentFolderId").is_some_and(|parent| parent != collection.as_str()) => {
                        Got::Gone
                    }
                    got => got,
                });
            }
        }
        // Gone only while the folder is there.
        if all.iter().any(|got| matches!(got, Got::Gone))
            && let Err(error) = self.alive(collection).await
        {
            for got in all.iter_mut().filter(|got| matches!(got, Got::Gone)) {
                *got = Got::Failed(error.clone());
            }
        }
        all
    }

    /// What is attached to each of these messages, where something is; none where it could not be asked for.
    async fn attached(&self, values: &[&Value]) -> Vec<Option<Vec<Value>>> {
        let mut all: Vec<Option<Vec<Value>>> = values.iter().map(|_| Some(Vec::new())).collect();
        let asked: Vec<(usize, &str)> = values
            .iter()
            .enumerate()
            .filter(|(_, value)| message::has_attachments(value))
            .filter_map(|(place, value)| Some((place, odata::text(value, "id")?)))
            .collect();
        let calls: Vec<Call> = asked.iter().map(|(_, id)| calls::attached(self.session.mailbox(), id)).collect();
        for ((place, _), reply) in asked.into_iter().zip(self.session.all(&calls).await) {
            let rows = match reply {
                Ok(reply) => Pages::named(&self.session, "graph.messages.attachments").all_of(reply).await.ok(),
                Err(_) => None,
            };
            if let Some(slot) = all.get_mut(place) {
                *slot = rows;
            }
        }
        all
    }

    fn understood(collection: &CollectionId, value: &Value, attached: Option<&[Value]>) -> Result<Box<Stored<Message>>> {
        let none = || Error::new(ErrorKind::InvalidData, "the message has no version; report this");
        let (id, etag) = (contact::id(value)?, odata::etag(value).ok_or_else(none)?);
        let mut record = message::read(value)?;
        let mut unread = Vec::new();
        match attached {
            Some(rows) => record.attachments = message::attachments(rows)?,
            None => unread = message::unread(),
        }
        let mut stored = Stored::new(id, collection, Revision::from(etag), record);
        stored.modified = odata::text(value, "lastModifiedDateTime").and_then(|text| text.parse().ok());
        stored.access = Access::Read;
        stored.unread = unread;
        Ok(Box::new(stored))
    }

    async fn fetched(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Message>> {
        let got = self.got(collection, ids).await;
        let values: Vec<&Value> = got.iter().filter_map(Got::value).collect();
        let mut attached = self.attached(&values).await.into_iter();
        let one = |got: &Got| match got {
            Got::There(value) => match Self::understood(collection, value, attached.next().flatten().as_deref()) {
                Ok(stored) => Fetched::Found(stored),
                Err(error) => Fetched::Unreadable { revision: odata::etag(value).map(Revision::from), error },
            },
            Got::Gone => Fetched::Gone,
            Got::Hidden => Fetched::Hidden,
            Got::Failed(error) => Fetched::Failed(error.clone().during("graph.fetch")),
        };
        got.iter().map(one).collect()
    }

    async fn page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Message>> {
        let bound = cursor::bound(&self.session, Kind::Message, collection, options, "ids");
        let start = calls::delta(self.session.mailbox(), collection.as_str());
        let delta::Rows { rows, next } = delta::rows(&self.session, &bound, at, start, options).await?;
        let one = |row: &Value| {
            let id = ItemId::from(contact::id(row)?);
            Ok(match odata::removed(row) {
                None => Change::Listed { id, revision: odata::etag(row).map(Revision::from) },
                // Deleted, or moved to another folder: it does not say.
                Some(_) => Change::Removed { id, reason: Removal::Unknown },
            })
        };
        Ok(ChangePage { changes: rows.iter().map(one).collect::<Result<_>>()?, next })
    }

    /// One answer per key, in order.
    async fn found(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Message>>>> {
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            answers.push(match key {
                Key::Mark(_) => Err(unsupported("graph.find")),
                Key::Uid(id) if id.is_empty() => Ok(Vec::new()),
                Key::Uid(id) => self.with_id(collection, id).await,
            });
        }
        answers
    }

    async fn with_id(&self, collection: &CollectionId, message_id: &str) -> Result<Vec<Stored<Message>>> {
        let call = calls::find(self.session.mailbox(), collection.as_str(), message_id);
        let reply = self.session.call(&call).await.map_err(Failure::into_error)?;
        if error::is_missing(&reply) {
            return Err(error::collection_gone());
        }
        let rows = Pages::named(&self.session, "graph.messages.find").all_of(reply).await?;
        let ids: Vec<ItemId> = rows.iter().filter_map(|row| odata::text(row, "id")).map(ItemId::from).collect();
        let mut found = self.readable(collection, &ids).await?;
        // Servers compare without case: what counts is what a message says.
        found.retain(|stored| stored.record.message_id.as_deref() == Some(message_id));
        Ok(found)
    }

    /// The messages that are there; one that cannot be read is an error, because "not found" would be wrong.
    async fn readable(&self, collection: &CollectionId, ids: &[ItemId]) -> Result<Vec<Stored<Message>>> {
        let mut all = Vec::with_capacity(ids.len());
        for answer in self.fetched(collection, ids).await {
            match answer {
                Fetched::Found(stored) => all.push(*stored),
                Fetched::Failed(error) | Fetched::Unreadable { error, .. } => return Err(error),
                Fetched::Gone | Fetched::Hidden | Fetched::OtherKind { .. } => {}
            }
        }
        Ok(all)
    }
}

#[async_trait]
impl Repository<Message> for Messages {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let folders = self.folders_now().await.map_err(|e| e.during("graph.collections"))?;
        let collection = |folder: Folder| Collection {
            id: CollectionId::from(folder.id),
            name: folder.name,
            owner: None,
            sharing: Sharing::Private,
            access: Access::Read,
            capabilities: most(),
        };
        let all = folders.into_iter().map(collection).collect();
        self.session.owned(all).await.map_err(|e| e.during("graph.collections"))
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Message>> {
        self.page(collection, at, options).await.map_err(|e| e.during("graph.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Message>> {
        if ids.is_empty() { Vec::new() } else { self.fetched(collection, ids).await }
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Message>>>> {
        self.found(collection, keys).await.into_iter().map(|answer| answer.map_err(|e| e.during("graph.find"))).collect()
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let listed = lock(&self.listed).contains(collection.as_str());
        if !listed {
            self.alive(collection).await.map_err(|e| e.during("graph.fields"))?;
        }
        Ok(message::fields())
    }

    async fn ensure_field(&self, _: &CollectionId, _: &str) -> Result<Field> {
        Err(unsupported("graph.ensure_field"))
    }

    async fn write(&self, _: &CollectionId, writes: Vec<Write<Message>>, _: &WriteOptions) -> Vec<Outcome<Message>> {
        writes.iter().map(|_| Outcome::Refused(unsupported("graph.write"))).collect()
    }

    fn folders(&self) -> Option<&dyn Folders> {
        None
    }
    fn categories(&self) -> Option<&dyn Categories> {
        None
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        Some(self)
    }
    fn search(&self) -> Option<&dyn Search<Message>> {
        Some(self)
    }
}

#[async_trait]
impl Blobs for Messages {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let during = |e: Error| e.during("graph.blob");
        let opened = self.session.open(&calls::bytes(self.session.mailbox(), item.as_str(), blob.as_str())).await.map_err(during)?;
        let status = opened.status.as_u16();
        if matches!(status, 400 | 404 | 405 | 410) {
            self.alive(collection).await.map_err(during)?;
            return Err(during(Error::new(ErrorKind::InvalidData, "the message has no such attachment any more; fetch it again")));
        }
        if !opened.status.is_success() {
            return Err(during(error::refused(&crate::calls::Reply { status, ..Default::default() })));
        }
        let header = |name: &str| opened.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (media_type, size) = (header("content-type").unwrap_or_default(), header("content-length").and_then(|text| text.parse().ok()));
        let bytes = opened.body.into_stream().map(|piece| piece.map_err(Failure::into_error)).boxed();
        Ok(Blob { media_type, size, bytes })
    }
}

#[async_trait]
impl Search<Message> for Messages {
    async fn search(&self, text: &str, limit: u32) -> Result<Vec<Stored<Message>>> {
        let during = |e: Error| e.during("graph.search");
        if limit == 0 || text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let reply = self.session.call(&calls::search(self.session.mailbox(), text, limit)).await.map_err(|e| during(e.into_error()))?;
        let page = Page::read(answered(reply).map_err(during)?).map_err(during)?;
        let mut found = Vec::new();
        for row in page.rows.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            let (Some(id), Some(folder)) = (odata::text(row, "id"), odata::text(row, "parentFolderId")) else { continue };
            found.extend(self.readable(&CollectionId::from(folder), &[ItemId::from(id)]).await.map_err(during)?);
        }
        Ok(found)
    }
}
