//! What the tests share: a store in memory and short words for calls.
#![allow(dead_code, unreachable_pub)]

use futures::{StreamExt, executor::block_on};
use pimkit_core::{
    Change, ChangeOptions, Clock, Connector, Contact, Cursor, EmailAddress, Event, Fetched, ItemId, Key, Next, Outcome, Position, Record,
    Repository, RepositoryExt, Revision, Stored, Write, WriteOptions,
};
use pimkit_local::{Local, Options};
use std::{sync::Arc, time::Duration};

#[derive(Debug)]
pub struct Noon;
impl Clock for Noon {
    fn now(&self) -> jiff::Timestamp {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }
    fn sleep(&self, _: Duration) -> futures::future::BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

pub fn options() -> Options {
    Options::default().account("test").clock(Arc::new(Noon))
}

pub fn store() -> Local {
    Local::in_memory(options()).unwrap()
}

pub fn repository<R: Record>(store: &Local) -> Arc<dyn Repository<R>> {
    R::repository(store).unwrap()
}

pub fn store_events(store: &Local) -> Arc<dyn Repository<Event>> {
    Connector::events(store).unwrap()
}

pub fn person(name: &str, email: &str) -> Contact {
    Contact::build(|c| {
        c.name.full = Some(name.to_owned());
        c.emails = vec![EmailAddress { address: email.to_owned(), ..EmailAddress::default() }];
    })
}

pub fn write_with<R: Record>(store: &Local, collection: &str, write: Write<R>, options: &WriteOptions) -> Outcome<R> {
    block_on(repository::<R>(store).write(&collection.into(), vec![write], options)).remove(0)
}

pub fn write<R: Record>(store: &Local, collection: &str, write: Write<R>) -> Outcome<R> {
    write_with(store, collection, write, &WriteOptions::default())
}

pub fn create<R: Record>(store: &Local, collection: &str, mark: &str, record: &R) -> (ItemId, Revision) {
    match write(store, collection, Write::Create { mark: mark.into(), record: record.clone() }) {
        Outcome::Written { id, revision, left_out, .. } if left_out.is_empty() => (id, revision.unwrap()),
        other => panic!("{other:?}"),
    }
}

pub fn fetch<R: Record>(store: &Local, collection: &str, id: &ItemId) -> Fetched<R> {
    block_on(repository::<R>(store).fetch(&collection.into(), std::slice::from_ref(id))).remove(0)
}

pub fn find<R: Record>(store: &Local, collection: &str, key: Key) -> Vec<Stored<R>> {
    block_on(repository::<R>(store).find(&collection.into(), &[key])).remove(0).unwrap()
}

/// One round in pages of two lines: its lines, the cursor, and whether everything was named.
pub fn round<R: Record>(store: &Local, collection: &str, since: Option<&Cursor>) -> (Vec<Change<R>>, Cursor, bool) {
    let (place, options) = (collection.into(), ChangeOptions::default().page_size(2));
    let at = since.map_or(Position::Start, Position::Since);
    let repository = repository::<R>(store);
    let pages: Vec<_> = block_on(repository.pages(&place, at, &options).collect::<Vec<_>>());
    let (mut changes, mut end) = (Vec::new(), None);
    for page in pages {
        let page = page.unwrap();
        assert!(page.changes.len() <= 2);
        changes.extend(page.changes);
        if let Next::Done { cursor, complete } = page.next {
            end = Some((cursor, complete));
        }
    }
    let (cursor, complete) = end.unwrap();
    (changes, cursor, complete)
}

/// Ids in order; a minus before those that are gone.
pub fn said<R>(changes: &[Change<R>]) -> Vec<String> {
    changes.iter().map(|c| if let Change::Removed { id, .. } = c { format!("-{id}") } else { c.id().to_string() }).collect()
}
