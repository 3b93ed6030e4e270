//! Connectors around connectors.

use crate::{
    Account, Blobs, Categories, ChangeOptions, ChangePage, Collection, CollectionId, Connector, ConnectorInfo, Contact, Error, ErrorKind,
    Event, Fetched, Field, FieldSupport, Folders, ItemId, Key, Message, Outcome, Position, Push, Record, Repository, Result, Search,
    Stored, Task, User, Value, Write, WriteOptions,
};
use async_trait::async_trait;
use std::{fmt::Debug, sync::Arc};

/// Something that stands around every repository of a connector.
pub trait Layer: Debug + Send + Sync + 'static {
    /// The repository as seen through the layer.
    fn repository<R: Record>(&self, inner: Arc<dyn Repository<R>>) -> Arc<dyn Repository<R>>;
}

/// A connector seen through a layer.
#[derive(Debug)]
pub struct Layered<L> {
    inner: Arc<dyn Connector>,
    layer: L,
}

impl<L: Layer> Layered<L> {
    /// Puts the layer around the connector.
    pub fn new(inner: Arc<dyn Connector>, layer: L) -> Self {
        Self { inner, layer }
    }
}

#[async_trait]
impl<L: Layer> Connector for Layered<L> {
    fn info(&self) -> ConnectorInfo {
        self.inner.info()
    }
    async fn account(&self) -> Result<Account> {
        self.inner.account().await
    }
    fn contacts(&self) -> Option<Arc<dyn Repository<Contact>>> {
        self.inner.contacts().map(|r| self.layer.repository(r))
    }
    fn events(&self) -> Option<Arc<dyn Repository<Event>>> {
        self.inner.events().map(|r| self.layer.repository(r))
    }
    fn tasks(&self) -> Option<Arc<dyn Repository<Task>>> {
        self.inner.tasks().map(|r| self.layer.repository(r))
    }
    fn messages(&self) -> Option<Arc<dyn Repository<Message>>> {
        self.inner.messages().map(|r| self.layer.repository(r))
    }
    fn users(&self) -> Option<Arc<dyn Repository<User>>> {
        self.inner.users().map(|r| self.layer.repository(r))
    }
    fn push(&self) -> Option<Arc<dyn Push>> {
        self.inner.push()
    }
    fn endpoints(&self) -> Option<Value> {
        self.inner.endpoints()
    }
    fn requests(&self) -> Option<u64> {
        self.inner.requests()
    }
}

/// Refuses every write, and says so in the capabilities.
#[derive(Clone, Copy, Debug)]
pub struct ReadOnly;

#[derive(Debug)]
struct ReadOnlyRepository<R: Record>(Arc<dyn Repository<R>>);

impl Layer for ReadOnly {
    fn repository<R: Record>(&self, inner: Arc<dyn Repository<R>>) -> Arc<dyn Repository<R>> {
        Arc::new(ReadOnlyRepository(inner))
    }
}

fn read_only() -> Error {
    Error::new(ErrorKind::Unavailable, "the account is read-only here; take the read-only layer off to write")
}

#[async_trait]
impl<R: Record> Repository<R> for ReadOnlyRepository<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        let mut collections = self.0.collections().await?;
        for collection in &mut collections {
            collection.capabilities.write = false;
        }
        Ok(collections)
    }
    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.0.changes(collection, at, options).await
    }
    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        self.0.fetch(collection, ids).await
    }
    async fn current_ids(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Result<ItemId>> {
        self.0.current_ids(collection, ids).await
    }
    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        self.0.find(collection, keys).await
    }
    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let mut fields = self.0.fields(collection).await?;
        for field in &mut fields {
            field.write = false;
        }
        Ok(fields)
    }
    async fn ensure_field(&self, _: &CollectionId, _: &str) -> Result<Field> {
        Err(read_only())
    }
    async fn write(&self, _: &CollectionId, writes: Vec<Write<R>>, _: &WriteOptions) -> Vec<Outcome<R>> {
        let refusal = read_only();
        writes.iter().map(|_| Outcome::Refused(refusal.clone())).collect()
    }
    fn folders(&self) -> Option<&dyn Folders> {
        None
    }
    fn categories(&self) -> Option<&dyn Categories> {
        None
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        self.0.blobs()
    }
    fn search(&self) -> Option<&dyn Search<R>> {
        self.0.search()
    }
}
