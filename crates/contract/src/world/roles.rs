//! The faces as connectors show them: the traits, and what a repository does beside items.

use super::{
    Core, Face, Keep, MailKind, Operation, cannot, gone,
    shelf::Folder,
    writing::{failed_folder, guests, mails, would_notify},
};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use pimkit_core::{
    Access, Blob, BlobId, Blobs, Categories, Category, CategoryId, ChangeOptions, ChangePage, Collection, CollectionId, Error, ErrorKind,
    Fetched, Field, FieldSupport, Folders, ItemId, Key, Mark, Outcome, Position, Removal, Repository, Result, Role, Search, Stored, Write,
    WriteOptions,
};
use std::{collections::BTreeSet, sync::Arc};

/// Blobs come in pieces of this many bytes.
const PIECE: usize = 16 * 1024;

#[async_trait]
impl<R: Keep> Repository<R> for Face<R> {
    async fn collections(&self) -> Result<Vec<Collection>> {
        self.read_collections().await
    }
    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<R>> {
        self.read_changes(collection, at, options).await
    }
    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<R>> {
        self.read_items(collection, ids).await
    }
    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<R>>>> {
        self.search_keys(collection, keys).await
    }
    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        self.read_fields(collection).await
    }
    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.make_field(collection, name).await
    }
    async fn write(&self, collection: &CollectionId, writes: Vec<Write<R>>, options: &WriteOptions) -> Vec<Outcome<R>> {
        self.write_all(collection, writes, options).await
    }
    fn folders(&self) -> Option<&dyn Folders> {
        self.has(Role::Folders).then_some(self)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        self.has(Role::Categories).then_some(self)
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        self.has(Role::Blobs).then_some(self)
    }
    fn search(&self) -> Option<&dyn Search<R>> {
        None
    }
}

impl<R: Keep> Face<R> {
    fn has(&self, role: Role) -> bool {
        self.world.core().options.roles().contains(&role)
    }

    fn collection(&self, core: &Core, id: &CollectionId) -> Option<Stored<Collection>> {
        let record = self.list_collections(core).into_iter().find(|c| c.id == *id)?;
        Some(Stored {
            id: ItemId::from(id.as_str()),
            collection: id.clone(),
            revision: super::revision::<R>(0, None),
            record,
            modified: None,
            mark: R::shelf(core).folders.get(id).and_then(|f| f.mark.clone()).filter(|_| !core.options.drops_marks),
            access: Access::Write,
            unread: Vec::new(),
        })
    }

    fn container(&self, core: &Core, id: &CollectionId) -> Outcome<Collection> {
        let now = self.collection(core, id).map(Box::new);
        Outcome::Written { id: ItemId::from(id.as_str()), revision: now.as_ref().map(|s| s.revision.clone()), now, left_out: Vec::new() }
    }

    /// A request about a collection, around what it does.
    async fn on_folders(
        &self,
        id: Option<&CollectionId>,
        act: impl FnOnce(&Self, &mut Core) -> Outcome<Collection> + Send,
    ) -> Outcome<Collection> {
        let fault = match self.world.ask(Operation::Folders, Some(R::KIND), id, 1).await {
            Ok(fault) => fault,
            Err(error) => return failed_folder(&error, false),
        };
        let outcome = act(self, &mut self.world.core());
        match self.world.answer(fault).await {
            Ok(()) => outcome,
            Err(error) => failed_folder(&error, true),
        }
    }
}

fn refuse_read_only(core: &Core) -> Option<Outcome<Collection>> {
    core.options.read_only.then(|| Outcome::Refused(cannot(&core.options, "memory.folders")))
}

#[async_trait]
impl<R: Keep> Folders for Face<R> {
    async fn create(&self, mark: &Mark, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        self.on_folders(None, |face, core| {
            if let Some(refused) = refuse_read_only(core) {
                return refused;
            }
            if name.trim().is_empty() {
                return Outcome::Refused(Error::new(ErrorKind::InvalidData, "a collection needs a name"));
            }
            let same = R::shelf(core).folders.iter().find(|(_, f)| !f.vanished && f.mark.as_ref() == Some(mark));
            if let Some(first) = same.map(|(id, _)| id.clone()) {
                return face.container(core, &first);
            }
            let shelf = R::shelf_mut(core);
            shelf.made += 1;
            let id = CollectionId::from(format!("folder-{}", shelf.made));
            let folder = Folder::new(name, Some(mark.clone()));
            shelf.folders.insert(id.clone(), folder);
            face.container(core, &id)
        })
        .await
    }

    async fn rename(&self, id: &CollectionId, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        self.on_folders(Some(id), |face, core| {
            if let Some(refused) = refuse_read_only(core) {
                return refused;
            }
            match R::shelf_mut(core).folders.get_mut(id).filter(|f| !f.vanished) {
                Some(folder) => name.clone_into(&mut folder.name),
                None => return Outcome::Refused(gone(Some(id))),
            }
            face.container(core, id)
        })
        .await
    }

    async fn delete(&self, id: &CollectionId, options: &WriteOptions) -> Outcome<Collection> {
        self.on_folders(Some(id), |face, core| {
            if let Some(refused) = refuse_read_only(core) {
                return refused;
            }
            if core.present::<R>(id).is_err() {
                return Outcome::Refused(gone(Some(id)));
            }
            let inside = super::by_hand::inside::<R>(core, id);
            let told: Vec<(ItemId, BTreeSet<String>)> =
                inside.iter().map(|(item, record)| (item.clone(), guests(core, record))).filter(|(_, g)| !g.is_empty()).collect();
            let everybody: BTreeSet<String> = told.iter().flat_map(|(_, guests)| guests.iter().cloned()).collect();
            if let Some(refusal) = would_notify(core, &everybody, options.notify) {
                return Outcome::Refused(refusal);
            }
            let now = face.world.clock.now();
            let own = Arc::clone(&core.options);
            for (item, _) in inside {
                R::shelf_mut(core).push(&own, &item, id, Err(Removal::Deleted), now);
            }
            if mails(core, options.notify) {
                for (item, guests) in told {
                    face.mail(core, &item, guests, MailKind::Cancellation);
                }
            }
            R::shelf_mut(core).folders.remove(id);
            Outcome::written(ItemId::from(id.as_str()), None)
        })
        .await
    }
}

impl<R: Keep> Face<R> {
    async fn on_categories<T: Send>(&self, collection: &CollectionId, act: impl FnOnce(&mut Core) -> Result<T> + Send) -> Result<T> {
        let fault = self.world.ask(Operation::Categories, Some(R::KIND), Some(collection), 1).await?;
        let done = {
            let mut core = self.world.core();
            core.present::<R>(collection).map(|_| ()).and_then(|()| act(&mut core))
        };
        self.world.answer(fault).await?;
        done
    }
}

fn no_category(id: &CategoryId) -> Error {
    Error::new(ErrorKind::InvalidData, "there is no such category; list them again").with("category", id)
}

#[async_trait]
impl<R: Keep> Categories for Face<R> {
    async fn list(&self, collection: &CollectionId) -> Result<Vec<Category>> {
        self.on_categories(collection, |core| Ok(R::shelf(core).categories.values().cloned().collect())).await
    }

    async fn ensure(&self, collection: &CollectionId, name: &str) -> Result<Category> {
        self.on_categories(collection, |core| {
            let read_only = core.options.read_only;
            let shelf = R::shelf_mut(core);
            if let Some(same) = shelf.categories.values().find(|c| c.name == name) {
                return Ok(same.clone());
            }
            if read_only {
                return Err(cannot(&core.options, "memory.categories"));
            }
            shelf.made += 1;
            let category = Category { id: CategoryId::from(format!("category-{}", shelf.made)), name: name.to_owned() };
            shelf.categories.insert(category.id.clone(), category.clone());
            Ok(category)
        })
        .await
    }

    async fn rename(&self, collection: &CollectionId, id: &CategoryId, name: &str) -> Result<Category> {
        self.on_categories(collection, |core| {
            if core.options.fixed_category_names || core.options.read_only {
                return Err(Error::new(ErrorKind::Unavailable, "the names of categories are fixed here; make another one"));
            }
            let category = R::shelf_mut(core).categories.get_mut(id).ok_or_else(|| no_category(id))?;
            name.clone_into(&mut category.name);
            Ok(category.clone())
        })
        .await
    }

    async fn remove(&self, collection: &CollectionId, id: &CategoryId) -> Result<()> {
        self.on_categories(collection, |core| {
            if core.options.read_only {
                return Err(cannot(&core.options, "memory.categories"));
            }
            R::shelf_mut(core).categories.remove(id).map(|_| ()).ok_or_else(|| no_category(id))
        })
        .await
    }
}

#[async_trait]
impl<R: Keep> Blobs for Face<R> {
    async fn open(&self, collection: &CollectionId, item: &ItemId, blob: &BlobId) -> Result<Blob> {
        let fault = self.world.ask(Operation::Blobs, Some(R::KIND), Some(collection), 1).await?;
        let opened = {
            let core = self.world.core();
            core.present::<R>(collection)?;
            let version = R::shelf(&core).version(&core.options, item);
            let body = version.as_ref().and_then(|v| v.seen_in(collection));
            let named = body.is_some_and(|body| body.record.blobs().iter().any(|b| b.id == *blob));
            match core.blobs.get(blob).filter(|_| named) {
                Some(kept) => {
                    let bytes = kept.bytes.clone();
                    let pieces: Vec<Result<Bytes>> = bytes.chunks(PIECE).map(|piece| Ok(bytes.slice_ref(piece))).collect();
                    Ok(Blob { media_type: kept.media_type.clone(), size: Some(bytes.len() as u64), bytes: stream::iter(pieces).boxed() })
                }
                None => Err(Error::new(ErrorKind::InvalidData, "the item names no such blob; read the item again").with("item", item)),
            }
        };
        self.world.answer(fault).await?;
        opened
    }
}
