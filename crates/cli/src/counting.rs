//! Counts what is asked of a side: a layer around its repositories.

use async_trait::async_trait;
use pimkit::{
    Blob, BlobId, Blobs, Categories, Category, CategoryId, ChangeOptions, ChangePage, Collection, CollectionId, Connector, Fetched, Field,
    FieldSupport, Folders, ItemId, Key, Layer, Layered, Mark, Outcome, Position, Record, Repository, Search, Stored, Write, WriteOptions,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

type Result<T> = pimkit::Result<T>;

/// How many requests a side was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count(Arc<AtomicU64>);

impl Count {
    /// So many, so far.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The connector, counted. One that counts what it sends over a network stays as it is.
    pub(crate) fn around(&self, connector: Arc<dyn Connector>) -> Arc<dyn Connector> {
        if connector.requests().is_some() {
            return connector;
        }
        Arc::new(Layered::new(connector, self.clone()))
    }

    fn one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Layer for Count {
    fn repository<R: Record>(&self, inner: Arc<dyn Repository<R>>) -> Arc<dyn Repository<R>> {
        Arc::new(Counted { inner, count: self.clone() })
    }
}

#[derive(Debug)]
struct Counted<R: Record> {
    inner: Arc<dyn Repository<R>>,
    count: Count,
}

/// What a role that is gone between two questions answers.
fn gone<T>() -> Result<T> {
    Err(pimkit::unsupported("role"))
}

#[async_trait]
impl<R: Record> Repository<R> for Counted<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        self.count.one();
        self.inner.collections().await
    }
    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.count.one();
        self.inner.changes(collection, at, options).await
    }
    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        self.count.one();
        self.inner.fetch(collection, ids).await
    }
    async fn current_ids(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Result<ItemId>> {
        self.count.one();
        self.inner.current_ids(collection, ids).await
    }
    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        self.count.one();
        self.inner.find(collection, keys).await
    }
    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        self.count.one();
        self.inner.fields(collection).await
    }
    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.count.one();
        self.inner.ensure_field(collection, name).await
    }
    async fn write(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        self.count.one();
        self.inner.write(collection, writes, options).await
    }
    fn folders(&self) -> Option<&dyn Folders> {
        self.inner.folders().map(|_| self as &dyn Folders)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        self.inner.categories().map(|_| self as &dyn Categories)
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        self.inner.blobs().map(|_| self as &dyn Blobs)
    }
    fn search(&self) -> Option<&dyn Search<R>> {
        self.inner.search().map(|_| self as &dyn Search<R>)
    }
}

#[async_trait]
impl<R: Record> Folders for Counted<R> {
    async fn create(&self, mark: &Mark, name: &str, options: &WriteOptions) -> Outcome<Collection> {
        self.count.one();
        match self.inner.folders() {
            Some(folders) => folders.create(mark, name, options).await,
            None => Outcome::Refused(pimkit::unsupported("folders")),
        }
    }
    async fn rename(&self, id: &CollectionId, name: &str, options: &WriteOptions) -> Outcome<Collection> {
        self.count.one();
        match self.inner.folders() {
            Some(folders) => folders.rename(id, name, options).await,
            None => Outcome::Refused(pimkit::unsupported("folders")),
        }
    }
    async fn delete(&self, id: &CollectionId, options: &WriteOptions) -> Outcome<Collection> {
        self.count.one();
        match self.inner.folders() {
            Some(folders) => folders.delete(id, options).await,
            None => Outcome::Refused(pimkit::unsupported("folders")),
        }
    }
}

#[async_trait]
impl<R: Record> Categories for Counted<R> {
    async fn list(&self, collection: &CollectionId) -> Result<Vec<Category>> {
        self.count.one();
        match self.inner.categories() {
            Some(categories) => categories.list(collection).await,
            None => gone(),
        }
    }
    async fn ensure(&self, collection: &CollectionId, name: &str) -> Result<Category> {
        self.count.one();
        match self.inner.categories() {
            Some(categories) => categories.ensure(collection, name).await,
            None => gone(),
        }
    }
    async fn rename(&self, collection: &CollectionId, id: &CategoryId, name: &str) -> Result<Category> {
        self.count.one();
        match self.inner.categories() {
            Some(categories) => categories.rename(collection, id, name).await,
            None => gone(),
        }
    }
    async fn remove(&self, collection: &CollectionId, id: &CategoryId) -> Result<()> {
        self.count.one();
        match self.inner.categories() {
            Some(categories) => categories.remove(collection, id).await,
            None => gone(),
        }
    }
}

#[async_trait]
impl<R: Record> Blobs for Counted<R> {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        self.count.one();
        match self.inner.blobs() {
            Some(blobs) => blobs.open(collection, item, blob).await,
            None => gone(),
        }
    }
}

#[async_trait]
impl<R: Record> Search<R> for Counted<R> {
    async fn search(&self, text: &str, limit: u32) -> Result<Vec<Stored<R>>> {
        self.count.one();
        match self.inner.search() {
            Some(search) => search.search(text, limit).await,
            None => gone(),
        }
    }
}
