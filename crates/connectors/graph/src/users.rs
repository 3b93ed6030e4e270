//! Users of the directory, who are only read: one collection, rounds by delta, users by batches with manager and picture.
//!
//! An account that is limited to groups lists their members anew each time, because a round of changes does not tell who came and
//! went there. Whoever is in none of them is hidden: that they exist is nobody's business here, and they were not deleted.

use crate::{
    asked,
    calls::{Call, odata, odata::Page, users as calls},
    contacts::Got,
    cursor, delta, error,
    mapping::{contact, user},
    pages::Pages,
    session::{Session, answered, lock},
};
use async_trait::async_trait;
use futures::StreamExt;
use pimkit_core::{
    Access, Blob, BlobId, BlobRef, Blobs, Capabilities, Categories, Change, ChangeOptions, ChangePage, Collection, CollectionId, Error,
    ErrorKind, Fetched, Field, FieldSupport, Folders, ItemId, Key, Kind, Next, Outcome, Position, Removal, Repository, Result, Revision,
    Search, Sharing, Stored, User, Write, WriteOptions, cursor::binding, unsupported,
};
use pimkit_http::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    ops::Bound,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// The one collection.
const DIRECTORY: &str = "directory";

/// The organisation's users.
#[derive(Debug)]
pub(crate) struct Users {
    pub(crate) session: Arc<Session>,
    /// Managers may not be asked for: that takes `User.Read.All`, and a sign-in asks for `User.ReadBasic.All`.
    no_managers: AtomicBool,
    /// Who is in the groups, as it was listed last.
    members: Mutex<Option<Arc<Members>>>,
}

/// Members by their ids.
type Members = BTreeSet<String>;

/// The most that can be done with users.
pub(crate) const fn most() -> Capabilities {
    let mut can = Capabilities::none();
    can.incremental = true;
    can.can_keep_silent = true;
    can.photos = true;
    can.find = true;
    can.keeps_as_written = true;
    can.keeps_ids = true;
    can
}

/// Between two listings of groups nothing has to be remembered.
#[derive(Debug, Serialize, Deserialize)]
struct Listed {}

/// Within one: the member behind whom it goes on.
#[derive(Debug, Serialize, Deserialize)]
struct Behind {
    /// An id; members come in the order of their ids.
    id: String,
}

impl Users {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { session, no_managers: AtomicBool::new(false), members: Mutex::default() }
    }

    fn groups(&self) -> &[String] {
        &self.session.config.groups
    }

    fn pictures(&self) -> bool {
        self.session.config.quirks.pictures_of_users
    }

    fn there(collection: &CollectionId) -> Result<()> {
        if collection.as_str() == DIRECTORY { Ok(()) } else { Err(error::collection_gone()) }
    }

    /// Lists the members of the groups anew.
    ///
    /// # Errors
    /// `Config` for a group that is not there: its members are not to be taken for gone.
    async fn listed(&self) -> Result<Arc<Members>> {
        let mut members = Members::new();
        for id in self.groups() {
            let reply = self.session.call(&calls::members(id)).await.map_err(Failure::into_error)?;
            if error::is_missing(&reply) {
                let gone = "a group that the account is limited to is not there; correct the list of groups";
                return Err(Error::new(ErrorKind::Config, gone).with("group", id));
            }
            for row in Pages::named(&self.session, "graph.groups.members").all_of(reply).await? {
                // Devices, contacts and groups are members too.
                let is_user = odata::text(&row, "@odata.type").is_none_or(|kind| kind.eq_ignore_ascii_case("#microsoft.graph.user"));
                members.extend(odata::text(&row, "id").filter(|_| is_user).map(str::to_owned));
            }
        }
        let members = Arc::new(members);
        *lock(&self.members) = Some(Arc::clone(&members));
        Ok(members)
    }

    /// Who is in the groups; nobody is asked where there are none.
    async fn members(&self) -> Result<Option<Arc<Members>>> {
        if self.groups().is_empty() {
            return Ok(None);
        }
        let known = lock(&self.members).clone();
        match known {
            Some(members) => Ok(Some(members)),
            None => self.listed().await.map(Some),
        }
    }

    async fn page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<User>> {
        Self::there(collection)?;
        if !self.groups().is_empty() {
            return self.members_page(collection, at, options).await;
        }
        let bound = cursor::bound(&self.session, Kind::User, collection, options, "all");
        let delta::Rows { rows, next } = delta::rows(&self.session, &bound, at, calls::delta(), options).await?;
        let one = |row: &Value| {
            let id = ItemId::from(contact::id(row)?);
            Ok(match odata::removed(row) {
                // Rows of later rounds say only what changed, and users have no version.
                None => Change::Listed { id, revision: None },
                // "changed": it can be brought back within thirty days.
                Some(reason) => {
                    Change::Removed { id, reason: if reason.eq_ignore_ascii_case("deleted") { Removal::Deleted } else { Removal::Unknown } }
                }
            })
        };
        Ok(ChangePage { changes: rows.iter().map(one).collect::<Result<_>>()?, next })
    }

    async fn members_page(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<User>> {
        let bound = cursor::bound(&self.session, Kind::User, collection, options, &format!("groups {}", self.groups().join(" ")));
        let behind = match at {
            Position::Start => None,
            // Nothing stands in it but what it is bound to.
            Position::Since(cursor) => {
                let Listed {} = bound.between(cursor)?;
                None
            }
            Position::Page(token) => Some(bound.within::<Behind>(token)?.id),
        };
        // Further pages are of the listing that the first one began; after a crash, of a new one.
        let members = match (&behind, self.members().await?) {
            (Some(_), Some(members)) => members,
            _ => self.listed().await?,
        };
        let size = options.page_size.unwrap_or(self.session.config.page_size).clamp(1, 1000);
        let size = usize::try_from(size).unwrap_or(1000);
        let after = behind.map_or(Bound::Unbounded, Bound::Excluded);
        let page: Vec<&String> = members.range((after, Bound::Unbounded)).take(size).collect();
        let last = page.last().filter(|last| members.last() != Some(**last));
        let next = match last {
            Some(last) => Next::More(bound.page(&Behind { id: (*last).clone() })?),
            None => Next::Done { cursor: bound.cursor(&Listed {})?, complete: true },
        };
        let changes = page.into_iter().map(|id| Change::Listed { id: ItemId::from(id.as_str()), revision: None }).collect();
        Ok(ChangePage { changes, next })
    }

    async fn fetched(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<User>> {
        let failed = |error: Error| ids.iter().map(|_| Fetched::Failed(error.clone().during("graph.fetch"))).collect();
        if let Err(error) = Self::there(collection) {
            return failed(error);
        }
        let members = match self.members().await {
            Ok(members) => members,
            Err(error) => return failed(error),
        };
        let (got, with_managers) = self.got(ids).await;
        let mut pictures = self.pictured(got.iter().filter_map(|got| odata::text(got.value()?, "id")).collect()).await.into_iter();
        let one = |(got, manager): (&Got, bool)| match got {
            Got::There(value) if odata::text(value, "id").is_none() => Fetched::Failed(asked::unanswered()),
            Got::There(value) => {
                let photo = pictures.next().flatten();
                let is_out = |members: &Arc<Members>| odata::text(value, "id").is_none_or(|id| !members.contains(id));
                if members.as_ref().is_some_and(is_out) { Fetched::Hidden } else { Self::understood(collection, value, photo, manager) }
            }
            Got::Gone => Fetched::Gone,
            Got::Hidden => Fetched::Hidden,
            Got::Failed(error) => Fetched::Failed(error.clone().during("graph.fetch")),
        };
        got.iter().zip(with_managers).map(one).collect()
    }

    /// The users with these ids, and of each whether the manager was asked for: who may not read it is asked without.
    async fn got(&self, ids: &[ItemId]) -> (Vec<Got>, Vec<bool>) {
        let manager = !self.no_managers.load(Ordering::Relaxed);
        let calls: Vec<Call> = ids.iter().map(|id| calls::get(id.as_str(), manager)).collect();
        let mut got: Vec<Got> = self.session.all(&calls).await.into_iter().map(asked::item).collect();
        let mut with: Vec<bool> = got.iter().map(|_| manager).collect();
        let is_denied = |got: &Got| match got {
            Got::Hidden => true,
            Got::Failed(error) => error.kind() == ErrorKind::PermissionDenied,
            Got::There(_) | Got::Gone => false,
        };
        let denied: Vec<usize> = got.iter().enumerate().filter(|(_, got)| manager && is_denied(got)).map(|(at, _)| at).collect();
        let again: Vec<Call> = denied.iter().filter_map(|at| ids.get(*at)).map(|id| calls::get(id.as_str(), false)).collect();
        for (at, reply) in denied.into_iter().zip(self.session.all(&again).await) {
            let answer = asked::item(reply);
            if let (Got::There(_), Some(slot), Some(with)) = (&answer, got.get_mut(at), with.get_mut(at)) {
                self.no_managers.store(true, Ordering::Relaxed);
                (*slot, *with) = (answer, false);
            }
        }
        (got, with)
    }

    /// What is known of the pictures of these users: none where it could not be asked for.
    async fn pictured(&self, ids: Vec<&str>) -> Vec<Option<Option<BlobRef>>> {
        if !self.pictures() {
            return ids.iter().map(|_| Some(None)).collect();
        }
        let calls: Vec<Call> = ids.iter().map(|id| calls::photo_said(id)).collect();
        let said = |reply| match reply {
            Ok(reply) if error::is_missing(&reply) => Some(None),
            Ok(reply) => answered(reply).ok().map(|said| Some(user::picture(&said))),
            Err(_) => None,
        };
        self.session.all(&calls).await.into_iter().map(said).collect()
    }

    fn understood(collection: &CollectionId, value: &Value, photo: Option<Option<BlobRef>>, manager: bool) -> Fetched<User> {
        let read = || -> Result<Stored<User>> {
            let mut record = user::read(value)?;
            let unread = [("photo", photo.is_none()), ("manager", !manager)];
            let unread = unread.into_iter().filter(|(_, is)| *is).map(|(field, _)| Field::of(field)).collect();
            record.photo = photo.flatten();
            // Users have no version: what is read of one is its version.
            let text = serde_json::to_string(&record)
                .map_err(|e| Error::new(ErrorKind::Unexpected, "the user cannot be written as JSON; report this").caused_by(e))?;
            let mut stored = Stored::new(contact::id(value)?, collection, Revision::from(format!("{:016x}", binding(&[&text]))), record);
            (stored.access, stored.unread) = (Access::Read, unread);
            Ok(stored)
        };
        match read() {
            Ok(stored) => Fetched::Found(Box::new(stored)),
            Err(error) => Fetched::Unreadable { revision: None, error },
        }
    }

    async fn with_id(&self, collection: &CollectionId, id: &str) -> Result<Vec<Stored<User>>> {
        // The uid is the id.
        match self.fetched(collection, &[ItemId::from(id)]).await.pop() {
            Some(Fetched::Found(stored)) if stored.id.as_str() == id => Ok(vec![*stored]),
            Some(Fetched::Failed(error) | Fetched::Unreadable { error, .. }) => Err(error),
            _ => Ok(Vec::new()),
        }
    }
}

#[async_trait]
impl Repository<User> for Users {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let capabilities = most().with(|can| {
            can.incremental = self.groups().is_empty();
            can.photos = self.pictures();
        });
        Ok(vec![Collection {
            id: CollectionId::from(DIRECTORY),
            name: "Directory".to_owned(),
            owner: None,
            sharing: Sharing::Public,
            access: Access::Read,
            capabilities,
        }])
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<User>> {
        self.page(collection, at, options).await.map_err(|e| e.during("graph.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<User>> {
        if ids.is_empty() { Vec::new() } else { self.fetched(collection, ids).await }
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<User>>>> {
        let mut answers = Vec::with_capacity(keys.len());
        for key in keys {
            answers.push(match (key, Self::there(collection)) {
                (_, Err(error)) => Err(error.during("graph.find")),
                (Key::Mark(_), _) => Err(unsupported("graph.find")),
                (Key::Uid(id), _) if id.is_empty() => Ok(Vec::new()),
                (Key::Uid(id), _) => self.with_id(collection, id).await.map_err(|e| e.during("graph.find")),
            });
        }
        answers
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        Self::there(collection).map_err(|e| e.during("graph.fields"))?;
        Ok(user::fields(self.pictures()))
    }

    async fn ensure_field(&self, _: &CollectionId, _: &str) -> Result<Field> {
        Err(unsupported("graph.ensure_field"))
    }

    async fn write(&self, _: &CollectionId, writes: Vec<Write<User>>, _: &WriteOptions) -> Vec<Outcome<User>> {
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
    fn search(&self) -> Option<&dyn Search<User>> {
        Some(self)
    }
}

#[async_trait]
impl Blobs for Users {
    async fn open(&self, collection: &CollectionId, item: &ItemId, _: &BlobId) -> Result<Blob> {
        let during = |e: Error| e.during("graph.blob");
        Self::there(collection).map_err(during)?;
        if self.members().await.map_err(during)?.is_some_and(|members| !members.contains(item.as_str())) {
            return Err(during(Error::new(
                ErrorKind::PermissionDenied,
                "the user is in none of the groups that the account is limited to",
            )));
        }
        let opened = self.session.open(&calls::photo_bytes(item.as_str())).await.map_err(during)?;
        let status = opened.status.as_u16();
        if matches!(status, 400 | 404 | 410) {
            return Err(during(Error::new(ErrorKind::InvalidData, "the user has no such picture any more; fetch it again")));
        }
        if !opened.status.is_success() {
            return Err(during(error::refused(&crate::calls::Reply { status, ..Default::default() })));
        }
        let header = |name: &str| opened.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let media_type = header("content-type").filter(|kind| kind.starts_with("image/")).unwrap_or_default();
        let size = header("content-length").and_then(|text| text.parse().ok());
        let bytes = opened.body.into_stream().map(|piece| piece.map_err(Failure::into_error)).boxed();
        Ok(Blob { media_type, size, bytes })
    }
}

#[async_trait]
impl Search<User> for Users {
    async fn search(&self, text: &str, limit: u32) -> Result<Vec<Stored<User>>> {
        let during = |e: Error| e.during("graph.search");
        if limit == 0 || text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let reply = self.session.call(&calls::search(text, limit)).await.map_err(|e| during(e.into_error()))?;
        let page = Page::read(answered(reply).map_err(during)?).map_err(during)?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let ids: Vec<ItemId> = page.rows.iter().filter_map(|row| odata::text(row, "id")).take(most).map(ItemId::from).collect();
        let mut found = Vec::with_capacity(ids.len());
        for answer in self.fetched(&CollectionId::from(DIRECTORY), &ids).await {
            match answer {
                Fetched::Found(stored) => found.push(*stored),
                Fetched::Failed(error) => return Err(during(error)),
                Fetched::Gone | Fetched::Hidden | Fetched::OtherKind { .. } | Fetched::Unreadable { .. } => {}
            }
        }
        Ok(found)
    }
}
