//! The mailbox's list of categories, as events have it: the same for every kind.

use super::Events;
use crate::{categories, error};
use async_trait::async_trait;
use pimkit_core::{Categories, Category, CategoryId, CollectionId, Error, Result};

const NO_COLOUR: &str = "none";

fn during(e: Error) -> Error {
    e.during("graph.categories")
}

#[async_trait]
impl Categories for Events {
    async fn list(&self, _: &CollectionId) -> Result<Vec<Category>> {
        let all = categories::list(&self.session).await.map_err(during)?;
        Ok(all.into_iter().map(|(category, _)| category).collect())
    }

    async fn ensure(&self, _: &CollectionId, name: &str) -> Result<Category> {
        categories::ensure(&self.session, name, NO_COLOUR).await.map_err(during)
    }

    /// The name of a category is fixed, and to put another one on a meeting mails its guests.
    async fn rename(&self, _: &CollectionId, _: &CategoryId, _: &str) -> Result<Category> {
        let fixed = "the name of a category is fixed, and meetings that carry it would mail their guests; make another category";
        Err(during(error::unavailable(fixed)))
    }

    async fn remove(&self, _: &CollectionId, id: &CategoryId) -> Result<()> {
        categories::remove(&self.session, id).await.map_err(during)
    }
}
