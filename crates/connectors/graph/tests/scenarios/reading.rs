//! What is only read.

use super::{HOME, Scene, odd};
use pimkit_contract::replay::told;
use pimkit_core::{CollectionId, Contact, ErrorKind, Fetched, ItemId, Message, Record, Repository, Result, Task, User};

/// Bytes that are read of a picture or a file.
const MOST: usize = 1 << 20;

impl Scene {
    /// What is there of a kind, in every collection.
    pub(super) async fn all<R: Record>(&self) -> Result<()> {
        let items = self.items::<R>()?;
        for collection in self.notes.collections(&*items).await? {
            self.notes.round(&*items, &collection, None).await?;
        }
        Ok(())
    }

    pub(super) async fn contacts_changes(&self) -> Result<()> {
        let items = self.items::<Contact>()?;
        let cursor = self.notes.round(&*items, &HOME, None).await?;
        let cursor = self.notes.round(&*items, &HOME, Some(&cursor)).await?;
        // What the engine asks before it believes a deletion.
        self.notes.fetch(&*items, &HOME, &[ItemId::of("contact-bruno")]).await;
        self.notes.round(&*items, &HOME, Some(&cursor)).await?;
        Ok(())
    }

    pub(super) async fn forgotten(&self) -> Result<()> {
        let items = self.items::<Contact>()?;
        let cursor = self.notes.round(&*items, &HOME, None).await?;
        match self.notes.round(&*items, &HOME, Some(&cursor)).await {
            Ok(_) => Err(odd("a token that was lost was taken")),
            Err(error) => {
                self.notes.note("the token", told::error(&error));
                // What the engine does then.
                self.notes.round(&*items, &HOME, None).await?;
                Err(error)
            }
        }
    }

    pub(super) async fn batch_throttled(&self) -> Result<()> {
        let items = self.items::<Contact>()?;
        let ids = ["contact-ana", "contact-bruno", "contact-chloe"].map(ItemId::of);
        self.notes.fetch(&*items, &HOME, &ids).await;
        Ok(())
    }

    pub(super) async fn photo(&self) -> Result<()> {
        let items = self.items::<Contact>()?;
        let stored = self.notes.stored(&*items, &HOME, &ItemId::of("contact-ana")).await?;
        self.bytes(&*items, &HOME, &stored.id, &stored.record).await
    }

    /// Reads the first picture or file of a record.
    async fn bytes<R: Record>(&self, items: &dyn Repository<R>, at: &CollectionId, id: &ItemId, record: &R) -> Result<()> {
        let blobs = items.blobs().ok_or_else(|| odd("the connector opens no bytes"))?;
        let blob = record.blobs().first().map(|blob| blob.id.clone()).ok_or_else(|| odd("the record has no picture and no file"))?;
        let opened = blobs.open(at, id, &blob).await?;
        let media_type = opened.media_type.clone();
        self.note_bytes(&media_type, &opened.collect(MOST).await?);
        Ok(())
    }

    pub(super) async fn tasks(&self) -> Result<()> {
        let items = self.items::<Task>()?;
        let all = self.notes.collections(&*items).await?;
        let first = all.first().ok_or_else(|| odd("there is no list"))?;
        let cursor = self.notes.round(&*items, first, None).await?;
        self.notes.round(&*items, first, Some(&cursor)).await?;
        Ok(())
    }

    pub(super) async fn messages(&self) -> Result<()> {
        let items = self.items::<Message>()?;
        let all = self.notes.collections(&*items).await?;
        let inbox = all.first().ok_or_else(|| odd("there is no folder"))?;
        self.notes.round(&*items, inbox, None).await?;
        let id = ItemId::of("message-invoice");
        match items.fetch(inbox, std::slice::from_ref(&id)).await.pop() {
            Some(Fetched::Found(stored)) => self.bytes(&*items, inbox, &id, &stored.record).await,
            _ => Err(odd("a message that was listed cannot be read")),
        }
    }

    pub(super) async fn users(&self) -> Result<()> {
        let items = self.items::<User>()?;
        let all = self.notes.collections(&*items).await?;
        let directory = all.first().ok_or_else(|| odd("there is no directory"))?;
        let cursor = self.notes.round(&*items, directory, None).await?;
        self.notes.round(&*items, directory, Some(&cursor)).await?;
        Ok(())
    }

    /// What is there of a kind, in an account of somebody's. A kind that it has no right to, no licence for or no place for is taken
    /// down as that; without a sign-in, or a network, there is nothing.
    pub(super) async fn allowed<R: Record>(&self) -> Result<()> {
        match self.all::<R>().await {
            Err(error) if matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::Transport | ErrorKind::Config) => Err(error),
            Err(error) => {
                self.notes.note(&format!("{} cannot be read", R::KIND.plural()), told::error(&error));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}
