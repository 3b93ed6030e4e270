//! The far side of a rule test: mailboxes, and what their users do by hand.

use futures::{StreamExt, executor::block_on};
use pimkit::{
    Change, ChangeOptions, CollectionId, Connector, Fetched, ItemId, Mark, Outcome, Position, Record, Repository, RepositoryExt, Result,
    Sharing, State, Stored, WriteOptions, formats::TextRecord, unsupported,
};
use pimkit_contract::{FakeClock, state::MemoryState, worst::Kept};
use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

/// A kind of record that rule tests are about: contacts, events, tasks.
pub trait Item: Kept + TextRecord {}
impl<R: Kept + TextRecord> Item for R {}

/// One provider, with a mailbox for each user who asks for one.
pub trait FarSide: Sized + Debug {
    /// What it is called in skips.
    const NAME: &'static str;
    /// Whether guests are mailed for every write to their meeting, whatever the write asks for, and the connector does
    /// not know it. Then nobody is mailed only where nothing is written to a meeting with guests.
    const MAILS_UNASKED: bool = false;
    /// A user's mailbox.
    type Mailbox: Mailbox;

    /// A time that this provider can live with.
    #[must_use]
    fn clock() -> FakeClock {
        FakeClock::default()
    }
    /// A provider without mailboxes.
    fn open(clock: &FakeClock) -> Self;
    /// The mailbox of a user, made when it is asked for the first time.
    fn mailbox(&self, user: &str) -> Self::Mailbox;
    /// Where the engine keeps its state in tests over this provider.
    #[must_use]
    fn state(&self) -> Arc<dyn State> {
        Arc::new(MemoryState::new())
    }
}

/// The address of a user of the tests.
#[must_use]
pub fn address_of(user: &str) -> String {
    format!("{user}@example.com")
}

/// A user's mailbox: what its user does in it and sees of it. Nothing here asks the engine.
///
/// What is written over the connector here stands for another program of the user's, so a provider that has no other
/// way in needs to write nothing but [`connector`](Self::connector), [`put`](Self::put), [`edit`](Self::edit) and
/// [`delete`](Self::delete).
pub trait Mailbox: Clone + Debug {
    /// What the engine is given.
    fn connector(&self) -> Arc<dyn Connector>;
    /// Makes an item.
    fn put<R: Item>(&self, collection: &CollectionId, record: R) -> ItemId;
    /// Changes an item that is there.
    fn edit<R: Item>(&self, id: &ItemId, set: impl FnOnce(&mut R));
    /// Deletes an item that is there.
    fn delete<R: Item>(&self, id: &ItemId);
    /// The mails and invitations that the provider has sent, one line each.
    fn outbox(&self) -> Vec<String>;

    /// A folder that this user sees and that is not the user's own alone, with this one record in it, and what shows it; nothing
    /// where the provider, or its connector, has no such folders.
    fn foreign<R: Item>(&self, _: Sharing, _: R) -> Option<(Arc<dyn Connector>, CollectionId)> {
        None
    }

    /// Whether the list of categories can be had, from now on. Asked of mailboxes that have one.
    fn break_categories(&self, _broken: bool) {
        panic!("this mailbox has no list of categories");
    }

    /// Where a user's items lie when nobody says otherwise.
    fn home<R: Item>(&self) -> CollectionId {
        CollectionId::from(R::KIND.plural())
    }

    /// Whether a meeting can be written to there without mailing its guests, as the connector declares it.
    fn keeps_silent<R: Item>(&self, collection: &CollectionId) -> bool {
        let collections = block_on(repository::<R>(self.connector().as_ref()).collections()).unwrap();
        collections.into_iter().find(|c| c.id == *collection).unwrap().capabilities.can_keep_silent
    }

    /// Whether a meeting that its user organised in the mailbox can be written to without mailing its guests. Where the provider
    /// keeps silent only about what the connector made, it cannot.
    fn keeps_silent_of_own<R: Item>(&self, collection: &CollectionId) -> bool {
        self.keeps_silent::<R>(collection)
    }

    /// Everything of a kind, by collection and id.
    fn items<R: Item>(&self) -> Vec<Stored<R>> {
        everything(self.connector().as_ref())
    }

    /// Who sees the collections of a kind.
    fn sharing<R: Item>(&self) -> Vec<Sharing> {
        let collections = block_on(repository::<R>(self.connector().as_ref()).collections()).unwrap();
        collections.into_iter().map(|c| c.sharing).collect()
    }

    /// The items of one collection.
    fn items_in<R: Item>(&self, collection: &CollectionId) -> Vec<Stored<R>> {
        self.items().into_iter().filter(|stored: &Stored<R>| stored.collection == *collection).collect()
    }

    /// The collections of a kind, with their names.
    fn collections<R: Item>(&self) -> Vec<(CollectionId, String)> {
        let collections = block_on(repository::<R>(self.connector().as_ref()).collections()).unwrap();
        collections.into_iter().map(|c| (c.id, c.name)).collect()
    }

    /// The collection of this name, when there is exactly one.
    fn collection<R: Item>(&self, name: &str) -> Option<CollectionId> {
        let mut named = self.collections::<R>().into_iter().filter(|(_, n)| n == name);
        let first = named.next().map(|(id, _)| id);
        assert!(named.next().is_none(), "two collections are named {name}");
        first
    }

    /// Makes a collection.
    fn make_collection<R: Item>(&self, name: &str) -> CollectionId {
        let repository = repository::<R>(self.connector().as_ref());
        let mark = Mark::from(format!("by-hand-{name}"));
        let outcome = block_on(repository.folders().unwrap().create(&mark, name, &WriteOptions::default()));
        let Outcome::Written { id, .. } = outcome else { panic!("{outcome:?}") };
        CollectionId::from(id.as_str())
    }

    /// Gives a collection another name.
    fn rename_collection<R: Item>(&self, id: &CollectionId, name: &str) {
        let repository = repository::<R>(self.connector().as_ref());
        let outcome = block_on(repository.folders().unwrap().rename(id, name, &WriteOptions::default()));
        assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    }

    /// Deletes a collection with all that is in it.
    fn delete_collection<R: Item>(&self, id: &CollectionId) {
        let repository = repository::<R>(self.connector().as_ref());
        let outcome = block_on(repository.folders().unwrap().delete(id, &WriteOptions::default()));
        assert!(matches!(outcome, Outcome::Written { .. }), "{outcome:?}");
    }

    /// The names on the mailbox's own list of categories; the declared `Unsupported` where there is no such list.
    fn categories<R: Item>(&self) -> Result<Vec<String>> {
        let repository = repository::<R>(self.connector().as_ref());
        let categories = repository.categories().ok_or_else(|| unsupported("categories"))?;
        Ok(block_on(categories.list(&self.home::<R>()))?.into_iter().map(|c| c.name).collect())
    }

    /// Puts a name on the mailbox's own list of categories; nothing where there is no such list.
    fn make_category<R: Item>(&self, name: &str) {
        let repository = repository::<R>(self.connector().as_ref());
        if let Some(categories) = repository.categories() {
            block_on(categories.ensure(&self.home::<R>(), name)).unwrap();
        }
    }

    /// Gives a category on the list another name, on the list and on its items.
    fn rename_category<R: Item>(&self, from: &str, to: &str) {
        let (repository, home) = (repository::<R>(self.connector().as_ref()), self.home::<R>());
        let categories = repository.categories().unwrap();
        let listed = block_on(categories.list(&home)).unwrap();
        let category = listed.into_iter().find(|c| c.name.as_str() == from).unwrap();
        block_on(categories.rename(&home, &category.id, to)).unwrap();
        self.rename_keyword::<R>(from, to);
    }

    /// Puts another keyword in place of one, on every item that has it.
    fn rename_keyword<R: Item>(&self, from: &str, to: &str) {
        for stored in self.items::<R>() {
            let Some(pimkit::Value::Array(mut keywords)) = stored.record.get("keywords") else { continue };
            if let Some(place) = keywords.iter_mut().find(|k| k.as_str() == Some(from)) {
                *place = to.into();
                let record = stored.record.with(&[("keywords".into(), keywords.into())].into()).unwrap();
                self.edit::<R>(&stored.id, |r| *r = record);
            }
        }
    }
}

/// A kind of record of an account that has the kind.
///
/// # Panics
/// When the account does not have it.
#[must_use]
pub fn repository<R: Record>(connector: &dyn Connector) -> Arc<dyn Repository<R>> {
    R::repository(connector).unwrap()
}

/// Every record of a kind that an account shows, by collection and id.
///
/// # Panics
/// When the account cannot be read.
#[must_use]
pub fn everything<R: Record>(connector: &dyn Connector) -> Vec<Stored<R>> {
    let repository = repository::<R>(connector);
    let options = ChangeOptions::default();
    block_on(async {
        let mut all = Vec::new();
        for collection in repository.collections().await.unwrap() {
            let changes: Vec<_> = repository.items(&collection.id, Position::Start, &options).collect().await;
            let there = |change: &Change<R>| matches!(change, Change::Upserted(_) | Change::Listed { .. });
            // A listing may name an item twice.
            let ids: BTreeSet<ItemId> = changes.into_iter().map(Result::unwrap).filter(there).map(|change| change.id().clone()).collect();
            let ids: Vec<ItemId> = ids.into_iter().collect();
            for (id, fetched) in ids.iter().zip(repository.fetch(&collection.id, &ids).await) {
                match fetched {
                    Fetched::Found(stored) => all.push(*stored),
                    Fetched::OtherKind { .. } => {}
                    other => panic!("{id}: {other:?}"),
                }
            }
        }
        all
    })
}
