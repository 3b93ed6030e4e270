//! What people do at the provider: no request, no mail, no fault.

use super::{
    Core, Face, Keep, Kept, World,
    manners::hold,
    shelf::{Body, Folder, Generated},
    writing::whole,
};
use pimkit_core::{Access, BlobRef, Category, CategoryId, CollectionId, Field, ItemId, Mark, Removal, Sharing, Stored};
use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
    sync::Arc,
};

/// The hands of the provider's own user, on one kind of record. Nothing here is a request, meets a
/// fault or mails anybody. What is not there is left alone, and the answer says so.
#[derive(Clone, Debug)]
pub struct ByHand<R> {
    world: Arc<World>,
    kind: PhantomData<fn() -> R>,
}

/// Everything that is in a collection, hidden items too.
pub(super) fn inside<R: Keep>(core: &Core, collection: &CollectionId) -> Vec<(ItemId, R)> {
    let shelf = R::shelf(core);
    let untouched = shelf.generated.as_ref().filter(|g| g.collection == *collection).map_or(0, |g| g.count);
    let generated = (0..untouched).map(Generated::id).filter(|id| !shelf.is_kept(id));
    let kept = shelf.ids_after(None).cloned();
    generated
        .chain(kept)
        .filter_map(|id| {
            let version = shelf.version(&core.options, &id).filter(|v| v.collection == *collection)?;
            Some((id, version.body.as_ref()?.record.clone()))
        })
        .collect()
}

impl<R: Kept> ByHand<R> {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world, kind: PhantomData }
    }

    fn act<T>(&self, act: impl FnOnce(&mut Core) -> T) -> T {
        act(&mut self.world.core())
    }

    fn put_body(&self, collection: &CollectionId, record: R, mark: Option<Mark>) -> ItemId {
        let now = self.world.clock.now();
        self.act(|core| {
            let options = Arc::clone(&core.options);
            let custom: Vec<String> =
                record.fields().keys().filter_map(|f| f.as_str().strip_prefix("custom.").map(str::to_owned)).collect();
            let shelf = R::shelf_mut(core);
            shelf.custom.extend(custom);
            shelf.made += 1;
            shelf.by_hand += 1;
            let id = ItemId::from(format!("own-{}", shelf.made));
            let unreadable = options.unreadable_every.is_some_and(|n| shelf.by_hand.is_multiple_of(u64::from(n.max(1))));
            let body = Body {
                record: hold(&options, record),
                mark,
                access: Access::Write,
                hidden: false,
                unreadable,
                withheld: BTreeSet::new(),
                created: now,
            };
            shelf.push(&options, &id, collection, Ok(body), now);
            id
        })
    }

    /// Changes an item's body; false when it is not there.
    fn alter(&self, id: &ItemId, change: impl FnOnce(&mut Body<R>)) -> bool {
        let now = self.world.clock.now();
        self.act(|core| {
            let options = Arc::clone(&core.options);
            let Some(version) = R::shelf(core).version(&options, id) else { return false };
            let Some(mut body) = version.body.clone() else { return false };
            change(&mut body);
            body.record = hold(&options, body.record);
            R::shelf_mut(core).push(&options, id, &version.collection, Ok(body), now);
            true
        })
    }

    fn folder(&self, id: &CollectionId, change: impl FnOnce(&mut Folder)) -> bool {
        self.act(|core| R::shelf_mut(core).folders.get_mut(id).map(change).is_some())
    }

    /// The collections that are there.
    #[must_use]
    pub fn collections(&self) -> Vec<CollectionId> {
        self.act(|core| R::shelf(core).folders.iter().filter(|(_, f)| !f.vanished).map(|(id, _)| id.clone()).collect())
    }

    /// Makes a collection of this id and name.
    pub fn make_collection(&self, name: &str) -> CollectionId {
        let id = CollectionId::from(name);
        let folder = Folder::new(name, None);
        self.act(|core| R::shelf_mut(core).folders.insert(id.clone(), folder));
        id
    }

    /// So many resources of another kind lie in a collection from now on. Only a whole listing names them.
    pub fn put_strangers(&self, collection: &CollectionId, count: u32) -> bool {
        self.folder(collection, |folder| folder.strangers = Some(count))
    }

    /// Makes an item. It has no mark. Limits of the provider apply; its fields of the user's own making are made.
    pub fn put(&self, collection: &CollectionId, record: R) -> ItemId {
        self.put_body(collection, record, None)
    }

    /// Makes an item of the same content, uid and mark, as "duplicate" does at many providers.
    pub fn copy(&self, id: &ItemId) -> Option<ItemId> {
        let (collection, body) = self.act(|core| {
            let version = R::shelf(core).version(&core.options, id)?;
            Some((version.collection.clone(), version.body.clone()?))
        })?;
        Some(self.put_body(&collection, body.record, body.mark))
    }

    /// Edits an item; false when it is not there.
    pub fn edit(&self, id: &ItemId, edit: impl FnOnce(&mut R)) -> bool {
        self.alter(id, |body| edit(&mut body.record))
    }

    /// Deletes an item for good; false when it is not there.
    pub fn delete(&self, id: &ItemId) -> bool {
        let now = self.world.clock.now();
        self.act(|core| {
            let options = Arc::clone(&core.options);
            let Some(version) = R::shelf(core).version(&options, id).filter(|v| v.body.is_some()) else { return false };
            R::shelf_mut(core).push(&options, id, &version.collection, Err(Removal::Deleted), now);
            true
        })
    }

    /// Moves an item to another collection, under the same id; false when it is not there.
    pub fn move_to(&self, id: &ItemId, to: &CollectionId) -> bool {
        let now = self.world.clock.now();
        self.act(|core| {
            let options = Arc::clone(&core.options);
            let Some(body) = R::shelf(core).version(&options, id).and_then(|v| v.body.clone()) else { return false };
            R::shelf_mut(core).push(&options, id, to, Ok(body), now);
            true
        })
    }

    /// Takes an item out of our sight, or shows it again.
    pub fn hide(&self, id: &ItemId, hidden: bool) -> bool {
        self.alter(id, |body| body.hidden = hidden)
    }

    /// Keeps fields of an item from being read, until called with none.
    pub fn withhold(&self, id: &ItemId, fields: &[&str]) -> bool {
        self.alter(id, |body| body.withheld = fields.iter().copied().map(Field::from).collect())
    }

    /// Damages an item so that it cannot be read, or mends it.
    pub fn make_unreadable(&self, id: &ItemId, unreadable: bool) -> bool {
        self.alter(id, |body| body.unreadable = unreadable)
    }

    /// Lets us only read an item, or write it again.
    pub fn read_only(&self, id: &ItemId, read_only: bool) -> bool {
        self.alter(id, |body| body.access = if read_only { Access::Read } else { Access::Write })
    }

    /// Lets us only read a collection, or write it again.
    pub fn read_only_collection(&self, id: &CollectionId, read_only: bool) -> bool {
        self.folder(id, |folder| folder.read_only = read_only)
    }

    /// Shares a collection with others, or keeps it to the account alone again.
    pub fn share(&self, id: &CollectionId, sharing: Sharing) -> bool {
        self.folder(id, |folder| folder.sharing = sharing)
    }

    /// Gives a collection another name; its id stays.
    pub fn rename_collection(&self, id: &CollectionId, name: &str) -> bool {
        self.folder(id, |folder| name.clone_into(&mut folder.name))
    }

    /// The names of the collections that are there, by id.
    #[must_use]
    pub fn collection_names(&self) -> BTreeMap<CollectionId, String> {
        self.act(|core| R::shelf(core).folders.iter().filter(|(_, f)| !f.vanished).map(|(id, f)| (id.clone(), f.name.clone())).collect())
    }

    /// The categories on the provider's list.
    #[must_use]
    pub fn categories(&self) -> Vec<Category> {
        self.act(|core| R::shelf(core).categories.values().cloned().collect())
    }

    /// Puts a category on the provider's list.
    pub fn make_category(&self, name: &str) -> CategoryId {
        self.act(|core| {
            let shelf = R::shelf_mut(core);
            shelf.made += 1;
            let id = CategoryId::from(format!("category-{}", shelf.made));
            shelf.categories.insert(id.clone(), Category { id: id.clone(), name: name.to_owned() });
            id
        })
    }

    /// Gives a category another name, as a user can where programs cannot; items keep the name that they have.
    pub fn rename_category(&self, id: &CategoryId, name: &str) -> bool {
        self.act(|core| R::shelf_mut(core).categories.get_mut(id).map(|category| name.clone_into(&mut category.name)).is_some())
    }

    /// Takes a category off the provider's list; items keep the name that they have.
    pub fn remove_category(&self, id: &CategoryId) -> bool {
        self.act(|core| R::shelf_mut(core).categories.remove(id).is_some())
    }

    /// Deletes everything in a collection.
    pub fn empty(&self, collection: &CollectionId) {
        for (id, _) in self.act(|core| inside::<R>(core, collection)) {
            self.delete(&id);
        }
    }

    /// Takes a collection away with all that is in it, as lost rights or a deletion do; or brings it back as it was.
    pub fn vanish(&self, collection: &CollectionId, vanished: bool) -> bool {
        self.folder(collection, |folder| folder.vanished = vanished)
    }

    /// Undoes the last `writes` changes, whoever made them: the server was restored from a backup.
    pub fn rollback(&self, writes: u64) {
        self.act(|core| R::shelf_mut(core).roll_back(writes));
    }

    /// Everything that is there and was touched, with nothing kept back: hidden items and fields,
    /// unreadable items, marks. Generated items that nobody touched are not listed.
    #[must_use]
    pub fn items(&self) -> BTreeMap<ItemId, Stored<R>> {
        self.act(|core| {
            let shelf = R::shelf(core);
            shelf.ids_after(None).filter_map(|id| self.one(core, id).map(|stored| (id.clone(), stored))).collect()
        })
    }

    /// Shows everything that is there and was touched, as [`items`](Self::items) has it, one by one and without copying it.
    pub fn each(&self, mut see: impl FnMut(&ItemId, &R)) {
        self.act(|core| {
            for (id, version) in R::shelf(core).kept() {
                if let Some(body) = &version.body {
                    see(id, &body.record);
                }
            }
        });
    }

    /// One item, with nothing kept back.
    #[must_use]
    pub fn item(&self, id: &ItemId) -> Option<Stored<R>> {
        self.act(|core| self.one(core, id))
    }

    /// Shows the record of one item without copying it.
    pub fn see<T>(&self, id: &ItemId, see: impl FnOnce(&R) -> T) -> Option<T> {
        self.act(|core| {
            let version = R::shelf(core).version(&core.options, id)?;
            version.body.as_ref().map(|body| see(&body.record))
        })
    }

    fn one(&self, core: &Core, id: &ItemId) -> Option<Stored<R>> {
        let version = R::shelf(core).version(&core.options, id)?;
        let body = version.body.as_ref()?;
        Some(whole(id, &version, body))
    }

    /// The records that are there and were touched, in the order of their ids.
    #[must_use]
    pub fn records(&self) -> Vec<R> {
        self.items().into_values().map(|stored| stored.record).collect()
    }

    /// What lies in the trash.
    #[must_use]
    pub fn trash(&self) -> BTreeMap<ItemId, Stored<R>> {
        self.act(|core| R::shelf(core).trash.clone())
    }

    /// Whether a custom field of this name was made here.
    #[must_use]
    pub fn has_custom_field(&self, name: &str) -> bool {
        self.act(|core| R::shelf(core).custom.contains(name))
    }

    /// Keeps bytes at the provider, for a record's photo or attachment.
    pub fn upload(&self, media_type: &str, bytes: &[u8]) -> BlobRef {
        Face::<R> { world: Arc::clone(&self.world), kind: PhantomData }.keep(media_type.to_owned(), bytes.to_vec())
    }
}
