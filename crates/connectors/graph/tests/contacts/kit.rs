//! The steps that tests share.

use crate::common::{ALICE, Account};
use futures::TryStreamExt;
use pimkit_core::{
    Change, ChangeOptions, CollectionId, Connector, Contact, Cursor, EmailAddress, Error, Fetched, Field, Fields, ItemId, Mark, Next,
    Outcome, Position, Record, Repository, RepositoryExt, Stored, Value, Write, WriteOptions,
};
use pimkit_simulators::{Fault, FaultPlan, FaultRule};
use std::sync::Arc;

pub const HOME: CollectionId = CollectionId::of("contacts");

pub fn person(name: &str) -> Contact {
    Contact::build(|c| {
        c.name.full = Some(format!("{name} Example"));
        c.name.given = Some(name.to_owned());
        c.name.surname = Some("Example".to_owned());
        c.emails = vec![EmailAddress { address: format!("{}@example.org", name.to_lowercase()), ..EmailAddress::default() }];
    })
}

pub fn with(contact: &Contact, path: &'static str, value: impl Into<Value>) -> Contact {
    contact.with(&Fields::from([(Field::of(path), value.into())])).unwrap()
}

impl Account {
    pub fn items(&self) -> Arc<dyn Repository<Contact>> {
        self.graph.contacts().unwrap()
    }

    pub async fn write(&self, write: Write<Contact>) -> Outcome<Contact> {
        self.items().write(&HOME, vec![write], &WriteOptions::default()).await.pop().unwrap()
    }

    pub async fn make(&self, mark: &str, contact: &Contact) -> Stored<Contact> {
        let outcome = self.write(create(mark, contact)).await;
        let Outcome::Written { id, .. } = outcome else { panic!("{outcome:?}") };
        self.read(&id).await
    }

    pub async fn fetch(&self, id: &ItemId) -> Fetched<Contact> {
        self.items().fetch(&HOME, std::slice::from_ref(id)).await.pop().unwrap()
    }

    pub async fn read(&self, id: &ItemId) -> Stored<Contact> {
        match self.fetch(id).await {
            Fetched::Found(stored) => *stored,
            other => panic!("{other:?}"),
        }
    }

    pub async fn round(&self, at: Position<'_>) -> Result<(Vec<Change<Contact>>, Cursor, bool), Error> {
        self.round_in(&HOME, at, &ChangeOptions::default()).await
    }

    pub async fn round_in(
        &self,
        collection: &CollectionId,
        at: Position<'_>,
        options: &ChangeOptions,
    ) -> Result<(Vec<Change<Contact>>, Cursor, bool), Error> {
        let items = self.items();
        let mut pages: Vec<_> = items.pages(collection, at, options).try_collect().await?;
        match pages.last_mut().map(|page| page.next.clone()) {
            Some(Next::Done { cursor, complete }) => Ok((pages.into_iter().flat_map(|p| p.changes).collect(), cursor, complete)),
            _ => panic!("a round ends without Done"),
        }
    }

    pub fn fault(&self, rules: Vec<FaultRule>) {
        self.simulator.set_faults(FaultPlan { seed: 1, rules });
    }

    /// What the user's other client sees of an item.
    pub fn raw(&self, id: &ItemId) -> Value {
        self.simulator.get(ALICE, &format!("contacts/{id}")).unwrap()
    }

    pub fn count(&self) -> usize {
        self.simulator.list(ALICE, "contacts").len()
    }
}

pub fn create(mark: &str, contact: &Contact) -> Write<Contact> {
    Write::Create { mark: Mark::from(mark), record: contact.clone() }
}

pub fn update(stored: &Stored<Contact>, target: Contact) -> Write<Contact> {
    Write::Update {
        id: stored.id.clone(),
        revision: stored.revision.clone(),
        base: Box::new(stored.record.clone()),
        target: Box::new(target),
        mark: None,
    }
}

pub fn status_after(code: u16) -> Fault {
    Fault::StatusAfter { code }
}

pub fn status(code: u16, body: &str) -> Fault {
    Fault::Status { code, retry_after: None, body: body.to_owned() }
}

pub fn trouble(error: &Error) -> Option<&str> {
    error.context().iter().find(|(key, _)| *key == "trouble").map(|(_, value)| value.as_str())
}
