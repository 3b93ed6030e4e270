//! The list of categories of an address book: its groups; where it has none, the names that its cards say.

use super::{
    Grouped,
    book::{self, Book},
    members::{Edit, Step},
};
use crate::{
    calls::bodies,
    error,
    fetching::Got,
    href,
    known::{self, Known},
};
use async_trait::async_trait;
use pimkit_core::{Categories, Category, CategoryId, CollectionId, Contact, Error, ErrorKind, ItemId, Result};
use pimkit_formats::{GroupModel, TextRecord};
use std::{collections::BTreeSet, sync::Arc};

/// Longest name, in bytes.
const LONGEST: usize = 255;
/// How often a group is deleted that others write.
const TRIES: u32 = 3;

fn label(name: &str) -> Result<&str> {
    let name = name.trim();
    if name.is_empty() || name.len() > LONGEST || name.contains(char::is_control) {
        return Err(Error::new(ErrorKind::InvalidData, "a category needs a name of 1 to 255 bytes on one line"));
    }
    Ok(name)
}

fn unknown() -> Error {
    Error::new(ErrorKind::InvalidData, "there is no such category; list them again")
}

fn fixed() -> Error {
    error::unavailable("contacts carry the names of their categories here; change them on the contacts")
}

fn by_name(name: &str) -> Category {
    Category { id: CategoryId::from(name), name: name.to_owned() }
}

impl Grouped {
    fn category(&self, known: &Known, file: &str, title: &str) -> Category {
        Category { id: CategoryId::from(book::id(&known.id, file).as_str()), name: title.to_owned() }
    }

    async fn writable(&self, collection: &CollectionId) -> Result<Arc<Known>> {
        let known = self.items.member(collection).await?;
        if known.is_writable() { Ok(known) } else { Err(known::read_only()) }
    }

    /// The resource of the group of this id.
    fn file<'i>(known: &Known, book: &Book, id: &'i CategoryId) -> Option<&'i str> {
        let file = href::name(id.as_str());
        (href::is_member(known.id.as_str(), id.as_str()) && book.groups.contains_key(file)).then_some(file)
    }

    /// The names that cards say in CATEGORIES.
    async fn said(&self, known: &Arc<Known>) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let mut add = |bytes: &[u8]| names.extend(Contact::read(bytes).map(|record| record.keywords).unwrap_or_default());
        let may_search = known.quirks.finds_groups || known.quirks.finds_uids;
        let found = if may_search { self.query(known, bodies::cards_with(&[("CATEGORIES", None)])).await? } else { None };
        // A server that finds nothing, and was never seen to find any, may not search at all.
        if let Some(found) = found.filter(|found| known.quirks.finds_groups || !found.is_empty()) {
            found.iter().for_each(|(_, text)| add(&text.bytes));
            return Ok(names);
        }
        let ids: Vec<ItemId> = self.items.everything(known).await?.into_iter().map(|(id, _)| id).collect();
        let chunk = usize::try_from(known.quirks.multiget).unwrap_or(usize::MAX).max(1);
        for part in ids.chunks(chunk) {
            for got in self.items.texts(known, part).await {
                match got {
                    Got::Text(text) => add(&text.bytes),
                    Got::Failed(e) => return Err(e),
                    Got::Gone | Got::Hidden => {}
                }
            }
        }
        Ok(names)
    }

    async fn listed(&self, collection: &CollectionId) -> Result<Vec<Category>> {
        let known = self.items.member(collection).await?;
        let book = self.anew(&known).await?;
        let groups = book.groups.iter().filter(|(_, group)| !group.title.is_empty());
        let mut all: Vec<Category> = groups.map(|(file, group)| self.category(&known, file, &group.title)).collect();
        if book.model == GroupModel::Categories {
            let mut names = self.said(&known).await?;
            names.extend(self.session().ensured(collection));
            names.retain(|name| !all.iter().any(|category| category.name == *name));
            all.extend(names.iter().map(|name| by_name(name)));
        }
        Ok(all)
    }

    async fn ensured(&self, collection: &CollectionId, name: &str) -> Result<Category> {
        let known = self.items.member(collection).await?;
        let name = label(name)?;
        // Somebody may have made it since.
        let book = self.anew(&known).await?;
        if let Some((file, group)) = book.titled(name).next() {
            return Ok(self.category(&known, file, &group.title));
        }
        if !known.is_writable() {
            return Err(known::read_only());
        }
        if book.model == GroupModel::Categories {
            // It is there as soon as a card says it.
            self.session().ensure(collection, name);
            return Ok(by_name(name));
        }
        let made = self.change(&known, name, None, Edit::default()).await?;
        made.map(|(file, group)| self.category(&known, &file, &group.title)).ok_or_else(unknown)
    }

    async fn renamed(&self, collection: &CollectionId, id: &CategoryId, name: &str) -> Result<Category> {
        let known = self.writable(collection).await?;
        let name = label(name)?;
        let book = self.anew(&known).await?;
        let Some(file) = Self::file(&known, &book, id) else {
            return Err(if book.model == GroupModel::Categories { fixed() } else { unknown() });
        };
        let Some((file, group)) = book.groups.get_key_value(file) else { return Err(unknown()) };
        if book.titled(name).any(|(other, _)| other != file) {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "there is a category of this name; take another name, or put its contacts there",
            ));
        }
        let edit = Edit { title: Some(name.to_owned()), ..Edit::default() };
        let done = self.change(&known, &group.title, Some((file, group)), edit).await?;
        done.map(|(file, group)| self.category(&known, &file, &group.title)).ok_or_else(unknown)
    }

    async fn removed(&self, collection: &CollectionId, id: &CategoryId) -> Result<()> {
        let known = self.writable(collection).await?;
        let mut last = None;
        for _ in 0..TRIES {
            let book = self.anew(&known).await?;
            let Some(file) = Self::file(&known, &book, id) else {
                return Err(if book.model == GroupModel::Categories { fixed() } else { unknown() });
            };
            let revision = book.groups.get(file).and_then(|group| group.revision.clone()).ok_or_else(unknown)?;
            match self.delete_group(&known, file, revision).await {
                Step::Failed(e) => return Err(e),
                Step::Overtaken(e) => last = e,
                Step::Gone | Step::Stored(..) => {
                    let mut now = (*book).clone();
                    now.groups.remove(file);
                    now.settle();
                    self.session().keep_book(&known.id, now);
                    return Ok(());
                }
            }
        }
        let busy = || Error::new(ErrorKind::Unavailable, "others change the group at the same time; try again later");
        Err(last.unwrap_or_else(busy))
    }
}

#[async_trait]
impl Categories for Grouped {
    async fn list(&self, collection: &CollectionId) -> Result<Vec<Category>> {
        self.listed(collection).await.map_err(|e| e.during("dav.categories"))
    }
    async fn ensure(&self, collection: &CollectionId, name: &str) -> Result<Category> {
        self.ensured(collection, name).await.map_err(|e| e.during("dav.categories"))
    }
    async fn rename(&self, collection: &CollectionId, id: &CategoryId, name: &str) -> Result<Category> {
        self.renamed(collection, id, name).await.map_err(|e| e.during("dav.categories"))
    }
    async fn remove(&self, collection: &CollectionId, id: &CategoryId) -> Result<()> {
        self.removed(collection, id).await.map_err(|e| e.during("dav.categories"))
    }
}
