//! Lists of tasks: which there are, making, renaming and deleting them.
//!
//! The mailbox's own list stays as it is. That of flagged mails is only read: its items are mails. What goes with a list is gone
//! for good.

use super::{Tasks, capabilities};
use crate::{
    calls::todo::{self as calls, List},
    error,
    pages::Pages,
    session::lock,
};
use async_trait::async_trait;
use pimkit_core::{Access, Collection, CollectionId, Error, ErrorKind, Folders, ItemId, Mark, Outcome, Result, Sharing, WriteOptions};
use pimkit_http::Failure;
use std::sync::Arc;

impl Tasks {
    /// Lists the lists anew.
    pub(super) async fn list(&self) -> Result<Arc<Vec<List>>> {
        let reply = self.session.call(&calls::all_lists(self.session.mailbox())).await.map_err(Failure::into_error)?;
        let rows = Pages::named(&self.session, "graph.todo.lists").all_of(reply).await?;
        let lists = Arc::new(rows.iter().filter_map(List::read).collect::<Vec<_>>());
        *lock(&self.lists) = Some(Arc::clone(&lists));
        Ok(lists)
    }

    /// A list, by a new listing.
    ///
    /// # Errors
    /// `CollectionGone` when it is not there.
    pub(super) async fn alive(&self, id: &CollectionId) -> Result<List> {
        self.list().await?.iter().find(|list| list.id == id.as_str()).cloned().ok_or_else(error::collection_gone)
    }

    /// A list as it was listed last, or as it is when it was not.
    pub(super) async fn known(&self, id: &CollectionId) -> Result<List> {
        let known = lock(&self.lists).clone();
        match known.and_then(|lists| lists.iter().find(|list| list.id == id.as_str()).cloned()) {
            Some(list) => Ok(list),
            None => self.alive(id).await,
        }
    }

    pub(super) fn collection(&self, list: &List) -> Collection {
        Collection {
            id: CollectionId::from(list.id.as_str()),
            name: list.name.clone(),
            owner: None,
            sharing: if list.shared { Sharing::Shared } else { Sharing::Private },
            access: if list.flagged { Access::Read } else { Access::Write },
            capabilities: capabilities(self.quirks(), !list.flagged),
        }
    }

    /// A list that is the user's to change.
    async fn own(&self, id: &CollectionId) -> Result<(), Outcome<Collection>> {
        let list = self.alive(id).await.map_err(refused)?;
        if list.own {
            return Err(refused(error::unavailable("the mailbox's own lists of tasks stay as they are; use another list")));
        }
        Ok(())
    }

    async fn make(&self, name: &str) -> Result<String, Outcome<Collection>> {
        let reply = self.session.call(&calls::create_list(self.session.mailbox(), name)).await.map_err(lost)?;
        if !reply.is_success() {
            return Err(refused(error::refused(&reply)));
        }
        *lock(&self.lists) = None;
        let odd = || Error::new(ErrorKind::InvalidData, "the list was made, and the answer does not say which it is; list the lists again");
        let made = reply.into_object().ok().as_ref().and_then(List::read);
        made.map(|list| list.id).ok_or_else(|| Outcome::Unknown(odd().during("graph.folders")))
    }
}

fn refused(error: Error) -> Outcome<Collection> {
    Outcome::Refused(error.during("graph.folders"))
}

fn lost(failure: Failure) -> Outcome<Collection> {
    failure.into_outcome("graph.folders")
}

#[async_trait]
impl Folders for Tasks {
    async fn create(&self, _: &Mark, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        match self.make(name).await {
            Ok(id) => Outcome::written(ItemId::from(id), None),
            Err(outcome) => outcome,
        }
    }

    async fn rename(&self, id: &CollectionId, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let step = async {
            self.own(id).await?;
            let reply = self.session.call(&calls::rename_list(self.session.mailbox(), id.as_str(), name)).await.map_err(lost)?;
            *lock(&self.lists) = None;
            if !reply.is_success() {
                return Err(refused(if error::is_missing(&reply) { error::collection_gone() } else { error::refused(&reply) }));
            }
            Ok(())
        };
        step.await.map_or_else(|outcome| outcome, |()| Outcome::written(ItemId::from(id.as_str()), None))
    }

    async fn delete(&self, id: &CollectionId, _: &WriteOptions) -> Outcome<Collection> {
        let step = async {
            self.own(id).await?;
            let reply = self.session.call(&calls::delete_list(self.session.mailbox(), id.as_str())).await.map_err(lost)?;
            *lock(&self.lists) = None;
            if error::is_missing(&reply) && !reply.maybe_done_before {
                return Err(refused(error::collection_gone()));
            }
            if !reply.is_success() && !error::is_missing(&reply) {
                return Err(refused(error::refused(&reply)));
            }
            Ok(())
        };
        step.await.map_or_else(|outcome| outcome, |()| Outcome::written(ItemId::from(id.as_str()), None))
    }
}
