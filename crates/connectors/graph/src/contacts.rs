//! Contacts: rounds by delta per folder, items by batches, because extended properties come only with a question for one item.

use crate::{
    calls::{Call, Reply, contacts as calls, odata},
    cursor, delta, error,
    folders::Tree,
    mapping::{contact, extended},
    pages::Pages,
    quirks::Quirks,
    session::{Session, answered},
    writing,
};
use async_trait::async_trait;
use pimkit_core::{
    BlobId, BlobRef, Blobs, Capabilities, Categories, Change, ChangeOptions, ChangePage, Collection, CollectionId, Contact, Create, Error,
    ErrorKind, Fetched, Field, FieldSupport, Folders, ItemId, Key, Kind, Outcome, Persistence, Position, Removal, Repository, Result,
    Revision, Search, Stored, Write, WriteOptions,
};
use pimkit_exchange::property::{MARK, Property, UID};
use pimkit_http::Failure;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// The account's contacts.
#[derive(Debug)]
pub(crate) struct Contacts {
    pub(crate) session: Arc<Session>,
    /// The folders as they were listed last.
    pub(crate) tree: Mutex<Option<Arc<Tree>>>,
}

/// The most that can be done with contacts.
pub(crate) const fn most() -> Capabilities {
    let mut can = Capabilities::none();
    can.write = true;
    can.incremental = true;
    can.conditional = true;
    can.trash = true;
    can.create = Create::Findable { settles_after: Duration::from_secs(60) };
    // Contacts mail nobody.
    can.can_keep_silent = true;
    can.photos = true;
    can.find = true;
    can.moves_keep_ids = true;
    // Ids stay, and still other programs of a user's delete a contact and make it anew.
    can.write_batch = Some(20);
    can
}

/// What can be done with contacts in an account.
pub(crate) fn capabilities(quirks: &Quirks) -> Capabilities {
    most().with(|can| {
        can.create = Create::Findable { settles_after: Duration::from_secs(u64::from(quirks.settles_seconds)) };
        can.write_batch = Some(quirks.batch.clamp(1, 20));
        can.moves_keep_ids = quirks.immutable_ids;
    })
}

/// How the UID begins of a contact that has none: what other programs make has only its id, which stays through every move within
/// the mailbox, so that it can be asked for in any folder.
const BY_ID: &str = "outlook:";

/// What a resource is.
pub(crate) enum Held {
    Item(Box<Stored<Contact>>),
    Unreadable(Error),
}

impl Contacts {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, tree: Mutex::default() }
    }

    pub(crate) fn members(&self, collection: &CollectionId) -> crate::calls::path::Path {
        calls::members(self.session.mailbox(), collection.as_str())
    }

    /// What a resource holds. `photo` is what is known of its picture; absent when it could not be asked for.
    pub(crate) fn understood(&self, collection: &CollectionId, value: &Value, photo: Option<Option<BlobRef>>) -> Held {
        let read = || -> Result<Stored<Contact>> {
            let id = contact::id(value)?;
            let etag = odata::etag(value).ok_or_else(|| Error::new(ErrorKind::InvalidData, "the item has no version; report this"))?;
            let mut record = contact::read(value)?;
            if record.uid.is_none() && self.session.config.quirks.immutable_ids {
                record.uid = Some(format!("{BY_ID}{id}"));
            }
            let modified = record.updated;
            let unread = match photo {
                Some(photo) => {
                    record.photo = photo;
                    Vec::new()
                }
                None => vec![Field::of("photo")],
            };
            let mut stored = Stored::new(id, collection, Revision::from(etag), record);
            stored.modified = modified;
            stored.mark = contact::mark(value);
            stored.unread = unread;
            Ok(stored)
        };
        match read() {
            Ok(stored) => Held::Item(Box::new(stored)),
            Err(error) => Held::Unreadable(error),
        }
    }

    /// What is known of the pictures of these resources: one request for those that have one, all together.
    pub(crate) async fn pictures(&self, collection: &CollectionId, values: &[&Value]) -> Vec<Option<Option<BlobRef>>> {
        let asked: Vec<(usize, &str)> = values
            .iter()
            .enumerate()
            .filter(|(_, value)| !self.session.config.quirks.pictures_by_flag || contact::has_picture(value))
            .filter_map(|(place, value)| Some((place, odata::text(value, "id")?)))
            .collect();
        let calls: Vec<Call> = asked.iter().map(|(_, id)| calls::photo_said(self.members(collection), id)).collect();
        let mut all: Vec<Option<Option<BlobRef>>> = values.iter().map(|_| Some(None)).collect();
        for ((place, _), reply) in asked.into_iter().zip(self.session.all(&calls).await) {
            let said = match reply {
                Ok(reply) if reply.is_success() => Some(values.get(place).map(|value| picture(value, reply.json()))),
                Ok(reply) if error::is_missing(&reply) => Some(None),
                Ok(_) | Err(_) => None,
            };
            if let Some(slot) = all.get_mut(place) {
                *slot = said;
            }
        }
        all
    }

    /// The items with these ids, as they are there: one answer per id, in order.
    pub(crate) async fn got(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Got> {
        let calls: Vec<Call> = ids.iter().map(|id| calls::get(self.members(collection), id.as_str())).collect();
        let mut all = Vec::with_capacity(ids.len());
        let mut missing = false;
        for reply in self.session.all(&calls).await {
            let got = self.sorted(collection, reply).await;
            missing |= matches!(got, Got::Gone);
            all.push(got);
        }
        // Gone only while the folder is there.
        if missing && let Err(error) = self.alive(collection).await {
            for got in all.iter_mut().filter(|got| matches!(got, Got::Gone)) {
                *got = Got::Failed(error.clone());
            }
        }
        all
    }

    async fn sorted(&self, collection: &CollectionId, reply: Result<Reply, Failure>) -> Got {
        let reply = match reply {
            Ok(reply) => reply,
            Err(failure) => return Got::Failed(failure.into_error()),
        };
        if error::is_missing(&reply) {
            return Got::Gone;
        }
        if reply.status == 403 {
            return Got::Hidden;
        }
        let value = match answered(reply) {
            Ok(value) => value,
            Err(error) => return Got::Failed(error),
        };
        match self.is_in(odata::text(&value, "parentFolderId"), collection).await {
            Ok(true) => Got::There(value),
            Ok(false) => Got::Gone,
            Err(error) => Got::Failed(error),
        }
    }

    async fn fetched(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Contact>> {
        let got = self.got(collection, ids).await;
        let values: Vec<&Value> = got.iter().filter_map(Got::value).collect();
        let mut pictures = self.pictures(collection, &values).await.into_iter();
        got.iter()
            .map(|got| match got {
                Got::There(value) => match self.understood(collection, value, pictures.next().flatten()) {
                    Held::Item(stored) => Fetched::Found(stored),
                    Held::Unreadable(error) => Fetched::Unreadable { revision: odata::etag(value).map(Revision::from), error },
                },
                Got::Gone => Fetched::Gone,
                Got::Hidden => Fetched::Hidden,
                Got::Failed(error) => Fetched::Failed(error.clone().during("graph.fetch")),
            })
            .collect()
    }

    /// The items as they are there, where they can be read.
    pub(crate) async fn stored(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Result<Option<Box<Stored<Contact>>>>> {
        let answers = self.fetched(collection, ids).await;
        let one = |answer| match answer {
            Fetched::Found(stored) => Ok(Some(stored)),
            Fetched::Failed(error) => Err(error),
            Fetched::Gone | Fetched::Hidden | Fetched::OtherKind { .. } | Fetched::Unreadable { .. } => Ok(None),
        };
        answers.into_iter().map(one).collect()
    }

    async fn page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Contact>> {
        let everything = self.session.config.quirks.expands_in_delta;
        let bound = cursor::bound(&self.session, Kind::Contact, collection, options, if everything { "whole" } else { "ids" });
        let start = calls::delta(self.members(collection), everything);
        let delta::Rows { rows, next } = delta::rows(&self.session, &bound, at, start, options).await?;
        let there: Vec<&Value> = if everything { rows.iter().filter(|row| odata::removed(row).is_none()).collect() } else { Vec::new() };
        let mut pictures = self.pictures(collection, &there).await.into_iter();
        let mut changes = Vec::with_capacity(rows.len());
        for row in &rows {
            let id = ItemId::from(contact::id(row)?);
            let revision = odata::etag(row).map(Revision::from);
            changes.push(match odata::removed(row) {
                // "changed" is said of what can be brought back.
                Some(reason) => {
                    Change::Removed { id, reason: if reason.eq_ignore_ascii_case("deleted") { Removal::Unknown } else { Removal::Left } }
                }
                None if everything => match self.understood(collection, row, pictures.next().flatten()) {
                    Held::Item(stored) => Change::Upserted(stored),
                    Held::Unreadable(error) => Change::Unreadable { id, revision, error },
                },
                None => Change::Listed { id, revision },
            });
        }
        Ok(ChangePage { changes, next })
    }

    /// One answer per key, in order. Servers compare without case: what counts is what an item says.
    async fn found(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Contact>>>> {
        let wanted = |key: &Key| -> Option<(&'static Property, String)> {
            static BY: [Property; 2] = [MARK, UID];
            match key {
                Key::Mark(mark) => BY.first().map(|property| (property, mark.to_string())),
                Key::Uid(_) if named_id(key).is_some() => None,
                Key::Uid(uid) => BY.last().map(|property| (property, uid.clone())),
            }
            .filter(|(_, value)| !value.is_empty())
        };
        let asked: Vec<Option<(&Property, String)>> = keys.iter().map(wanted).collect();
        let calls: Vec<Call> =
            asked.iter().flatten().map(|(property, value)| calls::find(self.members(collection), property, value)).collect();
        let mut replies = self.session.all(&calls).await.into_iter();
        let by_id: Vec<ItemId> = keys.iter().filter_map(named_id).map(ItemId::from).collect();
        let mut there = self.stored(collection, &by_id).await.into_iter();
        let mut answers = Vec::with_capacity(keys.len());
        for (key, asked) in keys.iter().zip(&asked) {
            if named_id(key).is_some() {
                let stored = there.next().unwrap_or_else(|| Err(error::unavailable("the question was not answered; ask again")));
                answers.push(stored.map(|stored| stored.map(|stored| *stored).into_iter().collect()));
                continue;
            }
            let Some((property, value)) = asked else {
                answers.push(Ok(Vec::new()));
                continue;
            };
            let reply =
                replies.next().unwrap_or_else(|| Err(Failure::unknown(error::unavailable("the question was not answered; ask again"))));
            answers.push(match reply {
                Ok(reply) => self.carrying(collection, reply, property, value).await,
                Err(failure) => Err(failure.into_error()),
            });
        }
        answers
    }

    async fn carrying(&self, collection: &CollectionId, reply: Reply, property: &Property, value: &str) -> Result<Vec<Stored<Contact>>> {
        if error::is_missing(&reply) {
            return Err(error::collection_gone());
        }
        let mut rows = Pages::named(&self.session, "graph.contacts.find").all_of(reply).await?;
        rows.retain(|row| extended::read(row).iter().any(|(known, text)| known == property && *text == value));
        let values: Vec<&Value> = rows.iter().collect();
        let pictures = self.pictures(collection, &values).await;
        let mut found = Vec::with_capacity(rows.len());
        for (row, photo) in rows.iter().zip(pictures) {
            match self.understood(collection, row, photo) {
                Held::Item(stored) => found.push(*stored),
                // "Not found" would let a deletion be believed.
                Held::Unreadable(error) => return Err(error.persistence(Persistence::Temporary)),
            }
        }
        Ok(found)
    }
}

/// The id that a UID of ours is made of.
fn named_id(key: &Key) -> Option<&str> {
    match key {
        Key::Uid(uid) => uid.strip_prefix(BY_ID),
        Key::Mark(_) => None,
    }
}

/// What is there under an id.
pub(crate) enum Got {
    There(Value),
    Gone,
    Hidden,
    Failed(Error),
}

impl Got {
    pub(crate) fn value(&self) -> Option<&Value> {
        match self {
            Self::There(value) => Some(value),
            Self::Gone | Self::Hidden | Self::Failed(_) => None,
        }
    }
}

/// The reference to a picture. Its id is the version of the picture where the service says one, and else that of the contact, which
/// changes with it.
fn picture(contact: &Value, said: &Value) -> BlobRef {
    let id = match odata::text(said, "@odata.mediaEtag") {
        Some(etag) => format!("{PHOTO}{etag}"),
        None => format!("{PHOTO_OF}{}", odata::etag(contact).unwrap_or_default()),
    };
    let media_type = odata::text(said, "@odata.mediaContentType").filter(|kind| kind.starts_with("image/"));
    BlobRef { id: BlobId::from(id), media_type: media_type.unwrap_or_default().to_owned(), ..BlobRef::default() }
}

/// How the id of a picture begins that has a version of its own.
pub(crate) const PHOTO: &str = "photo ";
/// How the id of a picture begins that has the version of its contact.
pub(crate) const PHOTO_OF: &str = "photo of ";

#[async_trait]
impl Repository<Contact> for Contacts {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let listed = async { self.session.owned(self.folders_now().await?).await };
        listed.await.map_err(|e: Error| e.during("graph.collections"))
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Contact>> {
        self.page(collection, at, options).await.map_err(|e| e.during("graph.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Contact>> {
        if ids.is_empty() { Vec::new() } else { self.fetched(collection, ids).await }
    }

    async fn current_ids(&self, _: &CollectionId, ids: &[ItemId]) -> Vec<Result<ItemId>> {
        self.session.lasting("contacts", ids).await
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Contact>>>> {
        if keys.is_empty() {
            return Vec::new();
        }
        self.found(collection, keys).await.into_iter().map(|answer| answer.map_err(|e| e.during("graph.find"))).collect()
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        self.known(collection).await.map_err(|e| e.during("graph.fields"))?;
        Ok(contact::fields())
    }

    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.alive(collection).await.map_err(|e| e.during("graph.ensure_field"))?;
        if name.is_empty() || name.len() > 200 || name.contains(char::is_control) {
            return Err(Error::new(ErrorKind::InvalidData, "a custom field needs a name of 1 to 200 bytes on one line"));
        }
        Ok(Field::from(format!("{}.{name}", FieldSupport::ANY_CUSTOM)))
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<Contact>>, options: &WriteOptions) -> Vec<Outcome<Contact>> {
        if writes.is_empty() { Vec::new() } else { writing::run(self, collection, writes, options).await }
    }

    fn folders(&self) -> Option<&dyn Folders> {
        Some(self)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        Some(self)
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        Some(self)
    }
    fn search(&self) -> Option<&dyn Search<Contact>> {
        None
    }
}
