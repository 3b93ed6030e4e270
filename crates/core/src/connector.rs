//! The traits that a provider's connector implements.

use crate::{
    Blob, BlobId, Capabilities, Category, CategoryId, ChangeOptions, ChangePage, Collection, CollectionId, Contact, Error, ErrorKind,
    Event, Fetched, Field, FieldSupport, ItemId, Kind, Mark, Message, Outcome, Position, Record, Result, Stored, Task, User, Value, Write,
    WriteOptions,
};
use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, sync::Arc};

/// Which connector this is.
#[derive(Clone, Copy, Debug)]
pub struct ConnectorInfo {
    /// The name that configs use: `vdir`.
    pub id: &'static str,
    /// The most this connector can ever do, without asking anybody.
    pub kinds: &'static [(Kind, Capabilities)],
    /// Which roles its repositories may have beside reading and writing items.
    pub roles: &'static [Role],
}

/// What a repository may do beside reading and writing items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum Role {
    Folders,
    Categories,
    Blobs,
    Search,
    Push,
}

impl ConnectorInfo {
    /// The most it can do with a kind; absent when it has no such kind.
    #[must_use]
    pub fn kind(&self, kind: Kind) -> Option<Capabilities> {
        self.kinds.iter().find(|(k, _)| *k == kind).map(|(_, c)| *c)
    }
}

/// Whose account this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Stable: the state keeps what it knows under it.
    pub id: crate::AccountId,
    /// Who "I" am among attendees.
    pub addresses: Vec<String>,
    /// Server clock minus ours, in seconds.
    pub skew: i64,
}

/// What an item can be searched by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// The mark that it was made with.
    Mark(Mark),
    /// The globally unique id that the record carries.
    Uid(String),
}

/// One account at one provider. Repositories of one connector share its session: gates,
/// credentials, discovered endpoints.
///
/// # Behavior
/// - `info` and the kind methods do no I/O; a kind that is absent in `info` is `None`.
/// - `account` answers the same id in every run.
#[async_trait]
pub trait Connector: Debug + Send + Sync + 'static {
    /// Which connector this is.
    fn info(&self) -> ConnectorInfo;
    /// Whose account this is.
    async fn account(&self) -> Result<Account>;
    /// The account's contacts.
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>>;
    /// The account's events.
    fn events(&self) -> Option<Arc<dyn Repository<Event>>>;
    /// The account's tasks.
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>>;
    /// The account's mail.
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>>;
    /// The directory's users.
    fn users(&self) -> Option<Arc<dyn Repository<User>>>;
    /// Push, where the provider has it; one subscription may span kinds and collections.
    fn push(&self) -> Option<Arc<dyn Push>>;
    /// What was discovered of the account and would have to be discovered again: plain data without secrets, which a host keeps
    /// and hands back when it opens the account the next time. Absent where nothing is discovered, or was yet.
    fn endpoints(&self) -> Option<Value> {
        None
    }
    /// How many requests it has sent over a network since it was opened, repeated ones included; absent where it has no
    /// network.
    fn requests(&self) -> Option<u64> {
        None
    }
}

/// One kind of record in one account.
///
/// # Behavior
/// - A missing collection is `CollectionGone` (for `fetch`: `Failed` of that kind), never an empty one.
/// - Reading never changes anything, and may be repeated.
/// - Any future may be dropped at any await; see `write` for what that leaves open.
/// - A connector never decides: a 404 on update is a conflict that is reported, not a re-creation;
///   a move is never a delete and a create.
#[async_trait]
pub trait Repository<R: Record>: Debug + Send + Sync + 'static {
    /// Every collection, complete; one that is missing here is gone.
    async fn collections(&self) -> Result<Vec<Collection>>;

    /// One page of a round of changes.
    ///
    /// # Behavior
    /// - From `Start`, a round whose last page says `complete` names every item there.
    /// - From `Since`, it names at least every item changed since that cursor was made.
    /// - A token is safe to keep as soon as its page is: asking it again gives the same or newer lines.
    /// - A token that is too old, foreign or damaged is `CursorExpired`.
    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>>;

    /// One answer per id, in order.
    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>>;

    /// The ids under which this connector knows items, for ids that another program noted down: one answer per id, in order.
    ///
    /// Where a service has ids of several sorts, changes name only those of one. An id of which nothing is known stays as it is; a
    /// fetch says what is wrong with it.
    async fn current_ids(&self, _: &CollectionId, ids: &[ItemId]) -> Vec<Result<ItemId>> {
        ids.iter().cloned().map(Ok).collect()
    }

    /// One answer per key, in order: every item that carries it.
    ///
    /// # Behavior
    /// - Where items cannot be searched for: `Unsupported` or `Unavailable` per key.
    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>>;

    /// What can be mapped here.
    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>>;

    /// A custom field, made if need be; `Unsupported` where the provider has none.
    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field>;

    /// One answer per write, in order.
    ///
    /// # Behavior
    /// - An update writes only the fields in which base and target differ; everything else stays as
    ///   it is there, byte for byte where the protocol is text.
    /// - With `conditional`, an update or delete of another revision is `Conflict` and changes nothing.
    /// - What would mail somebody under `Notify::Nobody` is `Refused(WouldNotify)` before it is sent.
    /// - One bad write does not stop the others.
    /// - Dropping the future leaves every write without an answer unknown.
    async fn write(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>>;

    /// Making, renaming and deleting collections.
    fn folders(&self) -> Option<&dyn Folders>;
    /// The provider's own list of categories.
    fn categories(&self) -> Option<&dyn Categories>;
    /// Bytes of photos and attachments.
    fn blobs(&self) -> Option<&dyn Blobs>;
    /// Full-text search at the provider.
    fn search(&self) -> Option<&dyn Search<R>>;
}

/// Containers are written like items: with an intent, a mark and a word on notifying.
#[async_trait]
pub trait Folders: Send + Sync {
    /// Makes a collection; with the same mark again, gives back the first one where the provider can tell.
    async fn create(&self, mark: &Mark, name: &str, options: &WriteOptions) -> Outcome<Collection>;
    /// Gives a collection another name. Its id stays, or the outcome says the new one.
    async fn rename(&self, id: &CollectionId, name: &str, options: &WriteOptions) -> Outcome<Collection>;
    /// Deletes a collection with all that is in it. Refused with `WouldNotify` when it holds
    /// meetings whose removal would mail.
    async fn delete(&self, id: &CollectionId, options: &WriteOptions) -> Outcome<Collection>;
}

/// The provider's own list of categories.
#[async_trait]
pub trait Categories: Send + Sync {
    /// Every category. Providers with one list per mailbox answer the same for every collection.
    async fn list(&self, collection: &CollectionId) -> Result<Vec<Category>>;
    /// The category of this name, made if need be.
    async fn ensure(&self, collection: &CollectionId, name: &str) -> Result<Category>;
    /// Gives a category another name; `Unavailable` where names are fixed.
    async fn rename(&self, collection: &CollectionId, id: &CategoryId, name: &str) -> Result<Category>;
    /// Takes a category off the list; items keep or lose it as the provider does it.
    async fn remove(&self, collection: &CollectionId, id: &CategoryId) -> Result<()>;
}

/// Bytes of photos and attachments.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Opens the bytes of a blob that a record of this item names.
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob>;
}

/// Full-text search at the provider.
#[async_trait]
pub trait Search<R: Record>: Send + Sync {
    /// The best matches, at most `limit`.
    async fn search(&self, text: &str, limit: u32) -> Result<Vec<Stored<R>>>;
}

/// Where push notices go.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Deliver {
    /// To an address of the host's.
    Webhook {
        /// The address.
        url: String,
    },
    /// To a message topic.
    Topic {
        /// The topic.
        name: String,
    },
    /// Over a connection that we keep open.
    Stream,
}

/// One subscription to push notices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The provider's id.
    pub id: String,
    /// When it ends unless renewed.
    pub expires: Option<Timestamp>,
    /// What it covers.
    pub covers: Vec<(Kind, CollectionId)>,
}

/// "Look there": push notices.
#[async_trait]
pub trait Push: Debug + Send + Sync {
    /// Starts a subscription.
    async fn subscribe(&self, to: &[(Kind, CollectionId)], deliver: Deliver) -> Result<Subscription>;
    /// Makes it last longer.
    async fn renew(&self, subscription: &Subscription) -> Result<Subscription>;
    /// Ends it.
    async fn unsubscribe(&self, subscription: &Subscription) -> Result<()>;
    /// Notices of a [`Deliver::Stream`] subscription; webhooks have framework-free functions of their own.
    fn listen(&self, subscription: Subscription) -> BoxStream<'static, Result<(Kind, CollectionId)>>;
}

/// The refusal of what a connector never does.
#[must_use]
pub fn unsupported(operation: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported, "this connector does not do that; see its capabilities").during(operation)
}
