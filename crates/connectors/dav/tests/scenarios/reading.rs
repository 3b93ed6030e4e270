//! What is only read.

use super::{Playable, Scene, odd, text};
use pimkit_contract::replay::told;
use pimkit_core::{CollectionId, Contact, Cursor, Event, ItemId, Result, Task};

impl Scene<'_> {
    pub(super) async fn endpoints(&self) -> Result<()> {
        let mut endpoints = self.dav.discover().await?;
        // The time of the recording.
        endpoints.skew = 0;
        self.notes.note("endpoints", told::value(&endpoints));
        Ok(())
    }

    pub(super) async fn discovery(&self) -> Result<()> {
        self.endpoints().await?;
        self.collections::<Contact>().await?;
        self.collections::<Event>().await?;
        self.collections::<Task>().await?;
        Ok(())
    }

    async fn collections<R: Playable>(&self) -> Result<Vec<CollectionId>> {
        self.notes.collections(&*self.items::<R>()?).await
    }

    /// One round: its lines, and what they name is read.
    pub(super) async fn round<R: Playable>(&self, collection: &CollectionId, since: Option<&Cursor>) -> Result<Cursor> {
        self.notes.round(&*self.items::<R>()?, collection, since).await
    }

    pub(super) async fn fetch<R: Playable>(&self, collection: &CollectionId, ids: &[ItemId]) -> Result<()> {
        self.notes.fetch(&*self.items::<R>()?, collection, ids).await;
        Ok(())
    }

    pub(super) async fn first<R: Playable>(&self) -> Result<()> {
        self.make::<R>().await?;
        self.four::<R>().await?;
        self.collections::<R>().await?;
        self.round::<R>(&CollectionId::from(self.folder::<R>()), None).await?;
        Ok(())
    }

    /// What is there of a kind, in every collection.
    pub(super) async fn all<R: Playable>(&self) -> Result<()> {
        for collection in self.collections::<R>().await? {
            self.round::<R>(&collection, None).await?;
        }
        Ok(())
    }

    pub(super) async fn incremental<R: Playable>(&self) -> Result<()> {
        self.four::<R>().await?;
        let collection = CollectionId::from(self.folder::<R>());
        let cursor = self.round::<R>(&collection, None).await?;
        self.put::<R>("s4", text(&R::sample(4))?).await?;
        let mut changed = R::sample(2);
        changed.rename("Changed elsewhere");
        self.put::<R>("s2", text(&changed)?).await?;
        self.remove::<R>(format!("{collection}s3.{}", R::EXTENSION)).await?;
        let cursor = self.round::<R>(&collection, Some(&cursor)).await?;
        self.round::<R>(&collection, Some(&cursor)).await?;
        Ok(())
    }

    pub(super) async fn forgotten<R: Playable>(&self) -> Result<()> {
        self.make::<R>().await?;
        self.put::<R>("s1", text(&R::sample(1))?).await?;
        let collection = CollectionId::from(self.folder::<R>());
        let cursor = self.round::<R>(&collection, None).await?;
        self.remove::<R>(self.folder::<R>()).await?;
        self.make::<R>().await?;
        self.put::<R>("s2", text(&R::sample(2))?).await?;
        match self.round::<R>(&collection, Some(&cursor)).await {
            Ok(_) => Err(odd("a token that was lost was taken")),
            Err(error) => {
                self.notes.note("the token", told::error(&error));
                // What the engine does then.
                self.round::<R>(&collection, None).await?;
                Err(error)
            }
        }
    }
}
