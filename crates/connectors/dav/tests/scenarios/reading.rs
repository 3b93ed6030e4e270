//! What is only read.

use super::{Playable, Scene, odd, text, told};
use pimkit_core::{Change, ChangeOptions, CollectionId, Contact, Cursor, Event, ItemId, Next, Position, Result, Task};
use serde_json::{Value, json};

impl Scene<'_> {
    pub(super) async fn endpoints(&self) -> Result<()> {
        let mut endpoints = self.dav.discover().await?;
        // The time of the recording.
        endpoints.skew = 0;
        self.note("endpoints", told::value(&endpoints));
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
        let all = self.items::<R>()?.collections().await?;
        self.note(&format!("collections of {}", R::KIND.plural()), told::value(&all));
        Ok(all.into_iter().map(|collection| collection.id).collect())
    }

    /// One round: its lines, and what they name is read.
    pub(super) async fn round<R: Playable>(&self, collection: &CollectionId, since: Option<&Cursor>) -> Result<Cursor> {
        let items = self.items::<R>()?;
        let (mut changes, mut token, mut ids) = (Vec::new(), None, Vec::new());
        let cursor = loop {
            let at = match (&token, since) {
                (Some(token), _) => Position::Page(token),
                (None, Some(cursor)) => Position::Since(cursor),
                (None, None) => Position::Start,
            };
            let page = items.changes(collection, at, &ChangeOptions::default()).await?;
            for change in &page.changes {
                changes.push(told::change(change));
                if let Change::Listed { id, .. } = change {
                    ids.push(id.clone());
                }
            }
            match page.next {
                Next::More(next) => token = Some(next),
                Next::Done { cursor, complete } => {
                    self.note("changes", json!({ "lines": changes, "complete": complete }));
                    break cursor;
                }
            }
        };
        if !ids.is_empty() {
            self.fetch::<R>(collection, &ids).await?;
        }
        Ok(cursor)
    }

    pub(super) async fn fetch<R: Playable>(&self, collection: &CollectionId, ids: &[ItemId]) -> Result<()> {
        let fetched: Vec<Value> = self.items::<R>()?.fetch(collection, ids).await.iter().map(told::fetched).collect();
        self.note("fetched", Value::from(fetched));
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
                self.note("the token", told::error(&error));
                // What the engine does then.
                self.round::<R>(&collection, None).await?;
                Err(error)
            }
        }
    }
}
