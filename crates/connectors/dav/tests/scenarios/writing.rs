//! What is written.

use super::{Playable, Scene, odd, text};
use pimkit_contract::replay::told;
use pimkit_core::{CollectionId, Delete, ItemId, Mark, Outcome, Result, Revision, Stored, Write, WriteOptions};

impl Scene<'_> {
    async fn write<R: Playable>(&self, what: &str, collection: &CollectionId, write: Write<R>) -> Result<Outcome<R>> {
        self.notes.write(what, &*self.items::<R>()?, collection, write, &WriteOptions::default()).await
    }

    async fn stored<R: Playable>(&self, collection: &CollectionId, id: &ItemId) -> Result<Stored<R>> {
        self.notes.stored(&*self.items::<R>()?, collection, id).await
    }

    fn named<R: Playable>(stored: &Stored<R>, name: &str) -> Write<R> {
        let mut target = stored.record.clone();
        target.rename(name);
        let (id, revision) = (stored.id.clone(), stored.revision.clone());
        Write::Update { id, revision, base: Box::new(stored.record.clone()), target: Box::new(target), mark: None }
    }

    fn deletion<R: Playable>(id: &ItemId, revision: &Revision) -> Write<R> {
        Write::Delete { id: id.clone(), revision: revision.clone(), mode: Delete::Permanent }
    }

    pub(super) async fn writes<R: Playable>(&self) -> Result<()> {
        self.make::<R>().await?;
        let collection = CollectionId::from(self.folder::<R>());
        for (n, record) in [(1, R::sample(1)), (2, R::full(2))] {
            let create = || Write::Create { mark: Mark::from(format!("mark{n}")), record: record.clone() };
            let Outcome::Written { id, .. } = self.write("create", &collection, create()).await? else {
                return Err(odd("a create was not taken"));
            };
            self.write("the same create", &collection, create()).await?;
            let stored = self.stored::<R>(&collection, &id).await?;
            self.write("update", &collection, Self::named(&stored, "Renamed, by us")).await?;
            let stored = self.stored::<R>(&collection, &id).await?;
            self.write("delete", &collection, Self::deletion::<R>(&id, &stored.revision)).await?;
            self.fetch::<R>(&collection, &[id]).await?;
        }
        Ok(())
    }

    pub(super) async fn conflict<R: Playable>(&self) -> Result<()> {
        self.put::<R>("s1", text(&R::sample(1))?).await?;
        let collection = CollectionId::from(self.folder::<R>());
        let id = ItemId::from(format!("{collection}s1.{}", R::EXTENSION));
        let stored = self.stored::<R>(&collection, &id).await?;
        let mut theirs = stored.record.clone();
        theirs.rename("Theirs, in between");
        // Between our look at the item and our PUT, which only `If-Match` can tell.
        self.elsewhere.ahead_of("PUT", self.putting::<R>("s1", text(&theirs)?)).await?;
        let outcome = self.write("an update of what changed in between", &collection, Self::named(&stored, "Ours")).await?;
        if !matches!(outcome, Outcome::Conflict { .. }) {
            return Err(odd("an update of an item that changed in between is no conflict"));
        }
        self.write("an update of what changed before", &collection, Self::named(&stored, "Ours")).await?;
        self.write("a deletion of what changed", &collection, Self::deletion::<R>(&id, &stored.revision)).await?;
        self.stored::<R>(&collection, &id).await?;
        Ok(())
    }

    pub(super) async fn same_uid<R: Playable>(&self) -> Result<()> {
        self.put::<R>("s1", text(&R::sample(1))?).await?;
        let collection = CollectionId::from(self.folder::<R>());
        let write = Write::Create { mark: Mark::from("another"), record: R::sample(1) };
        self.write("create", &collection, write).await?;
        Ok(())
    }

    pub(super) async fn folders<R: Playable>(&self) -> Result<()> {
        let items = self.items::<R>()?;
        let folders = items.folders().ok_or_else(|| odd("the connector makes no collections"))?;
        let (mark, options) = (Mark::from(format!("made-{}", R::FOLDER)), WriteOptions::default());
        let made = folders.create(&mark, "Made here", &options).await;
        self.notes.note("make", told::outcome(&made));
        let Outcome::Written { id, .. } = made else { return Err(odd("a collection was not made")) };
        let id = CollectionId::from(id.as_str());
        self.notes.note("make again", told::outcome(&folders.create(&mark, "Made here", &options).await));
        self.notes.note("rename", told::outcome(&folders.rename(&id, "Renamed; & more", &options).await));
        self.notes.note("delete", told::outcome(&folders.delete(&id, &options).await));
        self.notes.note("collections", told::value(&items.collections().await?));
        Ok(())
    }
}
