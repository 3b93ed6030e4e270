//! Groups of contacts as categories ([`Groups::Categories`](crate::Groups::Categories)).
//!
//! ```text
//! the server's                    what a contact's keywords are               a new group
//! group cards, Apple's or KIND    names of the groups that name its UID       a card in the form of the others
//! lists (SOGo)                    names of the lists that name its resource   a list
//! neither                         CATEGORIES of its card                      a name that a card has
//! ```
//!
//! What a card says in CATEGORIES is a keyword in every model. The revision of a contact says its card's version and its groups,
//! so that a change of either is a change of the contact; groups themselves are no items.
//!
//! [`Grouped`] stands before [`Items`] and hands everything on. What it knows of the groups is kept in the session and in the
//! cursor, and found out again only when a round names something.

mod book;
mod cards;
mod finding;
mod lists;
mod members;
mod moving;
mod role;
mod round;
mod texts;
mod writing;

pub(crate) use book::Book;

use crate::{
    fetching::Got,
    href,
    items::{Items, Sight},
    known::Known,
    session::Session,
};
use async_trait::async_trait;
use book::Index;
use pimkit_core::{
    Blobs, Categories, ChangeOptions, ChangePage, Collection, CollectionId, Contact, Error, ErrorKind, Fetched, Field, FieldSupport,
    Folders, ItemId, Key, Outcome, Position, Repository, Result, Revision, Search, Stored, Write, WriteOptions,
};
use pimkit_formats::{CardVersion, GroupModel};
use std::sync::Arc;

/// The contacts of an account whose groups are categories.
#[derive(Debug)]
pub(crate) struct Grouped {
    items: Items<Contact>,
}

/// Adds what groups say to a contact.
fn decorate(stored: &mut Stored<Contact>, index: &Index<'_>) {
    let names = index.names(href::name(stored.id.as_str()), stored.record.uid.as_deref());
    stored.record.keywords.extend(names.iter().map(|name| (*name).to_owned()));
    stored.revision = book::joined(stored.revision.clone(), &names);
}

impl Grouped {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        Self { items: Items::seeing(session, Sight::Contacts) }
    }

    fn session(&self) -> &Session {
        &self.items.session
    }

    /// The repository of the group cards of a book.
    fn cards(&self, known: &Known, model: GroupModel) -> Items<Contact> {
        // KIND and MEMBER are of vCard 4.0 (RFC 6350 sections 6.1.4 and 6.6.5); a server that does not name it gets them in 3.0.
        let knows = known.props.card_versions.as_ref().is_some_and(|all| all.iter().any(|version| version == "4.0"));
        let version = if model == GroupModel::Kind && knows { CardVersion::V4 } else { CardVersion::V3 };
        Items::seeing(Arc::clone(&self.items.session), Sight::Groups(model, version))
    }

    /// Contacts as they were read, with what groups say.
    fn decorated(&self, book: &Book, answers: Vec<Fetched<Contact>>) -> Vec<Fetched<Contact>> {
        let index = Index::of(book);
        let decorated = |answer| match answer {
            Fetched::Found(mut stored) => {
                decorate(&mut stored, &index);
                Fetched::Found(stored)
            }
            other => other,
        };
        answers.into_iter().map(decorated).collect()
    }

    /// Contacts: what a round has read already is not read again.
    async fn fetched(&self, known: &Arc<Known>, ids: &[ItemId]) -> Vec<Fetched<Contact>> {
        let handed = self.session().handed(&known.id, ids);
        let open: Vec<ItemId> = ids.iter().filter(|id| !handed.contains_key(*id)).cloned().collect();
        if open.len() == ids.len() {
            return self.items.fetched(known, ids).await;
        }
        let mut read = if open.is_empty() { Vec::new() } else { self.items.fetched(known, &open).await }.into_iter();
        let unanswered = || Error::new(ErrorKind::Unexpected, "the item was asked for and not answered; report this");
        let answers = ids.iter().map(|id| match handed.get(id) {
            Some(text) => self.items.answer(known, id, Got::Text(Box::new(text.clone()))),
            None => read.next().unwrap_or_else(|| Fetched::Failed(unanswered())),
        });
        answers.collect()
    }

    /// Remembers at which version a contact is, after it was written.
    fn remember(&self, known: &Known, id: &ItemId, revision: &Revision, uid: Option<&str>) {
        let hash = uid.map(|uid| pimkit_core::cursor::binding(&[pimkit_formats::compose::plain_uid(uid)]));
        self.session().remember_uid(&known.id, "contacts", id, revision, hash);
    }
}

#[async_trait]
impl Repository<Contact> for Grouped {
    async fn collections(&self) -> Result<Vec<Collection>> {
        self.items.collections().await
    }

    async fn changes(&self, collection: &CollectionId, at: Position<'_>, options: &ChangeOptions) -> Result<ChangePage<Contact>> {
        self.round(collection, at, options).await.map_err(|e| e.during("dav.changes"))
    }

    async fn fetch(&self, collection: &CollectionId, ids: &[ItemId]) -> Vec<Fetched<Contact>> {
        if ids.is_empty() {
            return Vec::new();
        }
        let failed = |e: pimkit_core::Error| ids.iter().map(|_| Fetched::Failed(e.clone().during("dav.fetch"))).collect();
        let known = match self.items.member(collection).await {
            Ok(known) => known,
            Err(e) => return failed(e),
        };
        match self.book(&known).await {
            Ok(book) => self.decorated(&book, self.fetched(&known, ids).await),
            Err(e) => failed(e),
        }
    }

    async fn find(&self, collection: &CollectionId, keys: &[Key]) -> Vec<Result<Vec<Stored<Contact>>>> {
        if keys.is_empty() {
            return Vec::new();
        }
        let failed = |e: pimkit_core::Error| keys.iter().map(|_| Err(e.clone().during("dav.find"))).collect();
        let known = match self.items.member(collection).await {
            Ok(known) => known,
            Err(e) => return failed(e),
        };
        let book = match self.book(&known).await {
            Ok(book) => book,
            Err(e) => return failed(e),
        };
        let index = Index::of(&book);
        let mut answers = self.items.find(collection, keys).await;
        answers.iter_mut().flatten().flatten().for_each(|stored| decorate(stored, &index));
        answers
    }

    async fn fields(&self, collection: &CollectionId) -> Result<Vec<FieldSupport>> {
        let mut fields = self.items.fields(collection).await?;
        // Only a group has members.
        fields.retain(|field| field.field.as_str() != "members");
        Ok(fields)
    }

    async fn ensure_field(&self, collection: &CollectionId, name: &str) -> Result<Field> {
        self.items.ensure_field(collection, name).await
    }

    async fn write(&self, collection: &CollectionId, writes: Vec<Write<Contact>>, options: &WriteOptions) -> Vec<Outcome<Contact>> {
        if writes.is_empty() {
            return Vec::new();
        }
        self.written(collection, writes, options).await
    }

    fn folders(&self) -> Option<&dyn Folders> {
        Some(&self.items)
    }
    fn categories(&self) -> Option<&dyn Categories> {
        Some(self)
    }
    fn blobs(&self) -> Option<&dyn Blobs> {
        Some(&self.items)
    }
    fn search(&self) -> Option<&dyn Search<Contact>> {
        None
    }
}
