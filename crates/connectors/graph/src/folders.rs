//! Folders of contacts: which there are, making, renaming and deleting them.
//!
//! The default folder is called `contacts` whatever its id: no listing names it, and its items have a path of their own. What lies
//! below Deleted Items is in no listing, and gone.

use crate::{
    calls::{
        Call,
        contacts::DEFAULT,
        folders::{self as calls, Folder},
        odata::Page,
    },
    contacts::Contacts,
    error,
    pages::Pages,
    session::{answered, lock},
};
use async_trait::async_trait;
use pimkit_core::{
    Access, Capabilities, Collection, CollectionId, Error, ErrorKind, Folders, ItemId, Mark, Outcome, Result, Sharing, WriteOptions,
};
use pimkit_http::Failure;
use std::{collections::BTreeSet, sync::Arc};

/// Folders deeper than this are not looked for.
const DEEPEST: usize = 32;

/// The folders as they were listed last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// The default folder; its id is not known while it is empty, where it has no well-known name.
    default: Option<Folder>,
    folders: Vec<Folder>,
}

impl Tree {
    fn has(&self, id: &CollectionId) -> bool {
        id.as_str() == DEFAULT || self.folders.iter().any(|folder| folder.id == id.as_str())
    }
}

impl Contacts {
    /// Lists the folders anew.
    pub(crate) async fn list(&self) -> Result<Arc<Tree>> {
        let session = &self.session;
        let by_name = session.config.quirks.contacts_by_name;
        let mut calls = vec![calls::list(session.mailbox())];
        if by_name {
            calls.push(calls::default(session.mailbox()));
        }
        let mut replies = session.all(&calls).await.into_iter();
        let listed = replies.next().ok_or_else(unanswered)?.map_err(Failure::into_error)?;
        let mut tree = Tree::default();
        if let Some(reply) = replies.next() {
            let reply = reply.map_err(Failure::into_error)?;
            if reply.is_success() {
                tree.default = Folder::read(reply.json());
            } else if !error::is_missing(&reply) && reply.status != 400 {
                return Err(error::refused(&reply));
            }
        }
        if tree.default.is_none() {
            let page = Page::read(session.ask(&calls::someone(session.mailbox())).await?)?;
            let id = page.rows.first().and_then(|row| crate::calls::odata::text(row, "parentFolderId"));
            tree.default = id.map(|id| Folder { id: id.to_owned(), name: String::new(), parent: None });
        }
        let mut seen: BTreeSet<String> = tree.default.iter().map(|folder| folder.id.clone()).collect();
        let mut level: Vec<Folder> = Vec::new();
        self.take(Page::read(answered(listed)?)?, &mut seen, &mut level).await?;
        let mut parents: Vec<String> = tree.default.iter().map(|folder| folder.id.clone()).collect();
        for _ in 0..DEEPEST {
            parents.extend(level.iter().map(|folder| folder.id.clone()));
            tree.folders.append(&mut level);
            let calls: Vec<Call> = parents.iter().map(|id| calls::children(session.mailbox(), id)).collect();
            for (parent, reply) in parents.iter().zip(session.all(&calls).await) {
                let reply = reply.map_err(Failure::into_error)?;
                if error::is_missing(&reply) {
                    // It went while we were looking.
                    tree.folders.retain(|folder| folder.id != *parent);
                    continue;
                }
                self.take(Page::read(answered(reply)?)?, &mut seen, &mut level).await?;
            }
            if level.is_empty() {
                break;
            }
            parents.clear();
        }
        let tree = Arc::new(tree);
        *lock(&self.tree) = Some(Arc::clone(&tree));
        Ok(tree)
    }

    /// The folders of a page and of those that follow, without those that were seen.
    async fn take(&self, page: Page, seen: &mut BTreeSet<String>, into: &mut Vec<Folder>) -> Result<()> {
        let rows = Pages::named(&self.session, "graph.contactFolders.list").all(page).await?;
        into.extend(rows.iter().filter_map(Folder::read).filter(|folder| seen.insert(folder.id.clone())));
        Ok(())
    }

    /// The folders as they were listed last; lists them when they were not.
    pub(crate) async fn tree(&self) -> Result<Arc<Tree>> {
        let known = lock(&self.tree).clone();
        match known {
            Some(tree) => Ok(tree),
            None => self.list().await,
        }
    }

    /// Whether a folder is there, by a new listing.
    ///
    /// # Errors
    /// `CollectionGone` when it is not.
    pub(crate) async fn alive(&self, id: &CollectionId) -> Result<()> {
        let tree = self.list().await?;
        if tree.has(id) { Ok(()) } else { Err(error::collection_gone()) }
    }

    /// Whether a folder was there when they were listed last; of one that was not, a new listing tells.
    ///
    /// # Errors
    /// `CollectionGone` when it is not.
    pub(crate) async fn known(&self, id: &CollectionId) -> Result<()> {
        if self.tree().await?.has(id) { Ok(()) } else { self.alive(id).await }
    }

    /// Whether an item with this parent is in a collection. Items of a mailbox answer under their ids wherever they are, those in
    /// Deleted Items too.
    pub(crate) async fn is_in(&self, parent: Option<&str>, collection: &CollectionId) -> Result<bool> {
        let Some(parent) = parent else { return Ok(true) };
        if collection.as_str() != DEFAULT {
            return Ok(parent == collection.as_str());
        }
        let mut tree = self.tree().await?;
        if tree.default.is_none() {
            // It was empty when it was looked for.
            tree = self.list().await?;
        }
        Ok(tree.default.as_ref().is_some_and(|folder| folder.id == parent))
    }

    pub(crate) fn collection(&self, id: &str, name: &str) -> Collection {
        let name = if name.is_empty() { "Contacts" } else { name };
        Collection {
            id: CollectionId::from(id),
            name: name.to_owned(),
            owner: None,
            sharing: Sharing::Private,
            access: Access::Write,
            capabilities: self.can(),
        }
    }

    /// Every folder.
    pub(crate) async fn folders_now(&self) -> Result<Vec<Collection>> {
        let tree = self.list().await?;
        let name = tree.default.as_ref().map_or("", |folder| folder.name.as_str());
        let mut all = vec![self.collection(DEFAULT, name)];
        all.extend(tree.folders.iter().map(|folder| self.collection(&folder.id, &folder.name)));
        Ok(all)
    }

    fn can(&self) -> Capabilities {
        crate::contacts::capabilities(&self.session.config.quirks)
    }

    async fn make(&self, mark: &Mark, name: &str) -> Result<Collection, Outcome<Collection>> {
        let mailbox = || self.session.mailbox();
        if let Some(folder) = self.marked(mark).await.map_err(refused)? {
            return Ok(self.collection(&folder.id, &folder.name));
        }
        let reply = self.session.call(&calls::create(mailbox(), name, mark)).await.map_err(lost)?;
        if !reply.is_success() {
            return Err(refused(error::refused(&reply)));
        }
        let made = reply.into_object().ok().as_ref().and_then(Folder::read);
        let odd =
            || Error::new(ErrorKind::InvalidData, "the folder was made, and the answer does not say which it is; list the folders again");
        let folder = made.ok_or_else(|| Outcome::Unknown(odd().during("graph.folders")))?;
        *lock(&self.tree) = None;
        Ok(self.collection(&folder.id, name))
    }

    /// The folder with a mark, where there is one.
    async fn marked(&self, mark: &Mark) -> Result<Option<Folder>> {
        let reply = self.session.call(&calls::find(self.session.mailbox(), mark)).await.map_err(Failure::into_error)?;
        if reply.status == 400 {
            // A service that cannot search folders: a second one of the name is refused all the same.
            return Ok(None);
        }
        let page = Page::read(answered(reply)?)?;
        // Searches compare without case.
        let is_it = |row: &&serde_json::Value| crate::mapping::contact::mark(row).as_ref() == Some(mark);
        Ok(page.rows.iter().find(is_it).and_then(Folder::read))
    }

    /// The folder's id, when it may be renamed and deleted.
    fn own(id: &CollectionId) -> Result<&str, Outcome<Collection>> {
        if id.as_str() == DEFAULT {
            return Err(refused(error::unavailable("the mailbox's own folder of contacts stays as it is; use another folder")));
        }
        Ok(id.as_str())
    }
}

fn unanswered() -> Error {
    Error::new(ErrorKind::Unexpected, "the folders were asked for and not answered; try again")
}

fn refused(error: Error) -> Outcome<Collection> {
    Outcome::Refused(error.during("graph.folders"))
}

fn lost(failure: Failure) -> Outcome<Collection> {
    failure.into_outcome("graph.folders")
}

#[async_trait]
impl Folders for Contacts {
    async fn create(&self, mark: &Mark, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        match self.make(mark, name).await {
            Ok(collection) => Outcome::written(ItemId::from(collection.id.as_str()), None),
            Err(outcome) => outcome,
        }
    }

    async fn rename(&self, id: &CollectionId, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let step = async {
            let own = Self::own(id)?;
            let reply = self.session.call(&calls::rename(self.session.mailbox(), own, name)).await.map_err(lost)?;
            *lock(&self.tree) = None;
            if error::is_missing(&reply) {
                return Err(refused(error::collection_gone()));
            }
            if !reply.is_success() {
                return Err(refused(error::refused(&reply)));
            }
            Ok(own)
        };
        match step.await {
            Ok(own) => Outcome::written(ItemId::from(own), None),
            Err(outcome) => outcome,
        }
    }

    async fn delete(&self, id: &CollectionId, _: &WriteOptions) -> Outcome<Collection> {
        let step = async {
            let own = Self::own(id)?;
            // What lies in Deleted Items would be deleted once more, for good.
            if let Err(e) = self.alive(id).await {
                return Err(refused(e));
            }
            let reply = self.session.call(&calls::delete(self.session.mailbox(), own)).await.map_err(lost)?;
            *lock(&self.tree) = None;
            if error::is_missing(&reply) && !reply.maybe_done_before {
                return Err(refused(error::collection_gone()));
            }
            if !reply.is_success() && !error::is_missing(&reply) {
                return Err(refused(error::refused(&reply)));
            }
            Ok(own)
        };
        match step.await {
            Ok(own) => Outcome::written(ItemId::from(own), None),
            Err(outcome) => outcome,
        }
    }
}
