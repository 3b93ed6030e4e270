//! Where an undo takes old bytes from: the side that had them, where that keeps them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod world;

use async_trait::async_trait;
use futures::{executor::block_on, future::BoxFuture};
use pimkit_contract::{WorstOptions, worst::ByHand};
use pimkit_core::{
    Blob, BlobId, BlobRef, BlobSource, Blobs, Categories, ChangeOptions, ChangePage, Collection, CollectionId, Connector, Contact, Fetched,
    Field, FieldSupport, Folders, ItemId, Key, Layer, Layered, Outcome, Position, Record, Repository, Result, Search, Stored, Write,
    WriteOptions,
};
use pimkit_sync::Verdict;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use world::{World, named};

/// Keeps every photo that an item ever had, and opens it by the id that it had; whoever sends it again brings the bytes.
#[derive(Debug, Default)]
struct Versions(Old);

/// The bytes of before, by item and id.
type Old = Arc<Mutex<BTreeMap<(ItemId, BlobId), Vec<u8>>>>;

#[derive(Debug)]
struct VersionsRepository<R: Record> {
    inner: Arc<dyn Repository<R>>,
    old: Old,
}

/// What the ids of new bytes begin with while they are sent, so that nobody knows them already.
const SENT: &str = "sent:";

/// The bytes that the engine brings, by the ids that they are sent under.
struct Brought(Arc<dyn BlobSource>);

impl BlobSource for Brought {
    fn open<'a>(&'a self, blob: &'a BlobRef) -> BoxFuture<'a, Result<Blob>> {
        let id = BlobId::from(blob.id.as_str().trim_start_matches(SENT));
        Box::pin(async move { self.0.open(&BlobRef { id, ..blob.clone() }).await })
    }
}

impl Layer for Versions {
    fn repository<R: Record>(&self, inner: Arc<dyn Repository<R>>) -> Arc<dyn Repository<R>> {
        Arc::new(VersionsRepository { inner, old: Arc::clone(&self.0) })
    }
}

#[async_trait]
impl<R: Record> Repository<R> for VersionsRepository<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        self.inner.collections().await
    }
    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.inner.changes(collection, at, options).await
    }
    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        self.inner.fetch(collection, ids).await
    }
    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        self.inner.find(collection, keys).await
    }
    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        self.inner.fields(collection).await
    }
    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.inner.ensure_field(collection, name).await
    }
    async fn write(&self, collection: &CollectionId, mut writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        for write in &mut writes {
            let Write::Update { id, base, target, .. } = write else { continue };
            for blob in base.blobs() {
                let bytes = self.inner.blobs().unwrap().open(collection, id, &blob.id).await.unwrap().collect(1 << 20).await.unwrap();
                self.old.lock().unwrap().insert((id.clone(), blob.id.clone()), bytes);
            }
            let mut fields = target.fields();
            if let Some(photo) = fields.get_mut("photo").filter(|photo| base.blobs().iter().all(|b| photo["id"] != b.id.as_str())) {
                photo["id"] = format!("{SENT}{}", photo["id"].as_str().unwrap()).into();
                **target = target.with(&fields).unwrap();
            }
        }
        let options = match &options.blobs {
            Some(source) => options.clone().blobs(Arc::new(Brought(Arc::clone(source)))),
            None => options.clone(),
        };
        self.inner.write(collection, writes, &options).await
    }
    fn folders(&self) -> Option<&dyn Folders> {
        self.inner.folders()
    }
    fn categories(&self) -> Option<&dyn Categories> {
        self.inner.categories()
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        Some(self)
    }
    fn search(&self) -> Option<&dyn Search<R>> {
        self.inner.search()
    }
}

#[async_trait]
impl<R: Record> Blobs for VersionsRepository<R> {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let old = self.old.lock().unwrap().get(&(item.clone(), blob.clone())).cloned();
        match old {
            Some(bytes) => Ok(Blob::whole("image/png", bytes)),
            None => self.inner.blobs().unwrap().open(collection, item, blob).await,
        }
    }
}

#[test]
fn an_undo_takes_the_old_bytes_from_the_side_that_had_them() {
    for options in [WorstOptions::kind(), WorstOptions::only(&["no_digests"]).unwrap()] {
        for by_far in [true, false] {
            let said = format!("{options}, by the far side: {by_far}");
            let world = World::with(options.clone());
            let (hub, far): (ByHand<Contact>, ByHand<Contact>) = (world.hub_hand(), world.far_hand());
            let [left, right] = [world.hub.contacts().unwrap(), world.far.contacts().unwrap()];
            let sides: [Arc<dyn Connector>; 2] = [Arc::new(world.hub.clone()), Arc::new(world.far.clone())];
            let [with_left, with_right] = sides.map(|side| Arc::new(Layered::new(side, Versions::default())));
            let pair = world.engine().pair::<Contact>("contacts", with_left, with_right).build().unwrap();
            let mut ada = named("Ada");
            ada.photo = Some(hub.upload("image/png", b"old"));
            let id = hub.put(&World::home::<Contact>(), ada);
            world.run_pair(&pair).unwrap();
            let there = far.items().into_keys().next().unwrap();
            let photos = || [photo(&left, &hub.item(&id).unwrap()), photo(&right, &far.item(&there).unwrap())];
            let (user, theirs) = if by_far { (&far, &there) } else { (&hub, &id) };
            let new = user.upload("image/png", b"new");
            user.edit(theirs, |contact| contact.photo = Some(new));
            let run = world.run_pair(&pair).unwrap().run;
            assert_eq!(photos(), [b"new", b"new"], "{said}");

            world.clock.advance(Duration::from_secs(60));
            let report = block_on(pair.apply(block_on(pair.undo(run)).unwrap())).unwrap();
            assert_eq!((report.sync.updated.total(), report.sync.verdict()), (1, Verdict::Done), "{said}: {report:?}");
            assert_eq!(photos(), if by_far { [b"old", b"new"] } else { [b"new", b"old"] }, "{said}");
        }
    }
}

fn photo(repository: &Arc<dyn Repository<Contact>>, stored: &Stored<Contact>) -> Vec<u8> {
    let photo = stored.record.photo.as_ref().unwrap();
    let blob = block_on(repository.blobs().unwrap().open(&stored.collection, &stored.id, &photo.id)).unwrap();
    block_on(blob.collect(1 << 20)).unwrap()
}
