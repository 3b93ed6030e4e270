//! The example host, driven as the engine drives it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../examples/plain_sql.rs"]
#[allow(dead_code, unreachable_pub)]
mod plain_sql;

use futures::executor::block_on;
use pimkit_core::{
    App, Change, Contact, Create, Delete, EmailAddress, ErrorKind, Fetched, ItemId, Key, Kind, Mark, Next, Outcome, Position, Record,
    Repository, RepositoryExt, Write,
};
use plain_sql::{People, TABLES, adapted};
use std::sync::Arc;

struct World {
    people: Arc<People>,
    contacts: Arc<dyn Repository<Contact>>,
}

fn world() -> World {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.execute_batch(TABLES).unwrap();
    let people = People::new(connection, "ann");
    let contacts = Contact::repository(&adapted(people.clone())).unwrap();
    World { people, contacts }
}

impl World {
    fn write(&self, write: Write<Contact>) -> Outcome<Contact> {
        block_on(self.contacts.write(&"people".into(), vec![write], &Default::default())).remove(0)
    }
    fn create(&self, mark: &str, record: Contact) -> (ItemId, pimkit_core::Revision) {
        match self.write(Write::Create { mark: mark.into(), record }) {
            Outcome::Written { id, revision, .. } => (id, revision.unwrap()),
            other => panic!("{other:?}"),
        }
    }
    fn fetch(&self, id: &ItemId) -> Fetched<Contact> {
        block_on(self.contacts.fetch(&"people".into(), std::slice::from_ref(id))).remove(0)
    }
    fn sql(&self, text: &str) {
        self.people.with(|tx| tx.execute(text, [])).unwrap();
    }
}

fn ada() -> Contact {
    Contact::build(|c| {
        c.uid = Some("u-1".into());
        c.name.given = Some("Ada".into());
        c.emails = vec![EmailAddress { address: "ada@example.org".into(), contexts: ["work".to_owned()].into(), ..Default::default() }];
        c.notes = vec!["first".into()];
    })
}

#[test]
fn the_example_fits_in_300_lines() {
    assert!(include_str!("../examples/plain_sql.rs").lines().count() < 300);
}

#[test]
fn what_is_created_comes_back_by_id_mark_and_uid_and_a_second_create_makes_no_second_person() {
    let world = world();
    let (id, _) = world.create("m1", ada());
    assert_eq!(world.create("m1", ada()).0, id);
    let Fetched::Found(stored) = world.fetch(&id) else { panic!("not found") };
    assert_eq!(stored.record, ada());
    assert_eq!(stored.mark, Some(Mark::from("m1")));
    for key in [Key::Mark("m1".into()), Key::Uid("u-1".into())] {
        let found = block_on(world.contacts.find(&"people".into(), &[key])).remove(0).unwrap();
        assert_eq!(found.len(), 1);
    }
    let capabilities = block_on(world.contacts.collections()).unwrap()[0].capabilities;
    assert_eq!(capabilities.create, Create::Repeatable);
    assert!(capabilities.incremental && capabilities.conditional && !capabilities.trash && !capabilities.photos);
}

#[test]
fn an_update_writes_what_differs_and_is_refused_when_the_row_moved_on() {
    let world = world();
    let (id, revision) = world.create("m1", ada());
    let target = ada().with(&[("name.surname".into(), "Lovelace".into())].into()).unwrap();
    let update = |revision: &pimkit_core::Revision| Write::Update {
        id: id.clone(),
        revision: revision.clone(),
        base: Box::new(ada()),
        target: Box::new(target.clone()),
        mark: None,
    };
    world.sql("UPDATE person SET note = 'the host wrote this', version = version + 1");
    let Outcome::Conflict { now: Some(now) } = world.write(update(&revision)) else { panic!("no conflict") };
    assert_eq!(now.record.notes, ["the host wrote this"]);
    assert!(matches!(world.write(update(&now.revision)), Outcome::Written { .. }));
    let Fetched::Found(stored) = world.fetch(&id) else { panic!("not found") };
    assert_eq!((stored.record.notes[0].as_str(), stored.record.name.surname.as_deref()), ("the host wrote this", Some("Lovelace")));

    let stale = Write::Delete { id: id.clone(), revision, mode: Delete::Permanent };
    assert!(matches!(world.write(stale), Outcome::Conflict { now: Some(_) }));
    let trash = Write::Delete { id: id.clone(), revision: stored.revision.clone(), mode: Delete::Trash };
    assert!(matches!(world.write(trash), Outcome::Refused(e) if e.kind() == ErrorKind::Unavailable));
    assert!(matches!(
        world.write(Write::Delete { id: id.clone(), revision: stored.revision, mode: Delete::Permanent }),
        Outcome::Written { .. }
    ));
    assert!(matches!(world.fetch(&id), Fetched::Gone));
}

#[test]
fn what_the_tables_cannot_hold_is_said_and_not_lost_in_silence() {
    let world = world();
    let rich =
        ada().with(&[("nicknames".into(), serde_json::json!(["A"])), ("notes".into(), serde_json::json!(["one", "two"]))].into()).unwrap();
    let Outcome::Written { left_out, now: Some(now), .. } = world.write(Write::Create { mark: "m".into(), record: rich }) else {
        panic!("not said")
    };
    assert_eq!(left_out.iter().map(|(f, _)| f.as_str()).collect::<Vec<_>>(), ["nicknames"]);
    assert_eq!(now.record.notes, ["one"]);
}

#[test]
fn what_the_host_does_in_sql_comes_out_of_the_outbox() {
    let world = world();
    let (id, _) = world.create("m1", ada());
    let (place, options) = ("people".into(), Default::default());
    let round = |at: Position<'_>| {
        let pages: Vec<_> = block_on(futures::StreamExt::collect::<Vec<_>>(world.contacts.pages(&place, at, &options)));
        let pages: Vec<_> = pages.into_iter().map(Result::unwrap).collect();
        let Next::Done { cursor, .. } = pages.last().unwrap().next.clone() else { panic!("unfinished") };
        (pages.into_iter().flat_map(|p| p.changes).collect::<Vec<_>>(), cursor)
    };
    let (first, cursor) = round(Position::Start);
    assert_eq!(first.len(), 1);
    let (nothing, cursor) = round(Position::Since(&cursor));
    assert!(nothing.is_empty());
    world.sql("INSERT INTO person (given) VALUES ('Grace')");
    world.sql("DELETE FROM person WHERE given = 'Ada'");
    let (changes, cursor) = round(Position::Since(&cursor));
    assert_eq!(changes.len(), 2);
    assert!(matches!(&changes[1], Change::Removed { id: gone, .. } if *gone == id));
    // A person who goes to another user is hidden, not deleted.
    let Change::Upserted(grace) = &changes[0] else { panic!("no Grace") };
    world.sql("UPDATE person SET owner = 'bob' WHERE given = 'Grace'");
    let (changes, _) = round(Position::Since(&cursor));
    assert!(matches!(&changes[0], Change::Removed { .. }));
    assert!(matches!(world.fetch(&grace.id), Fetched::Hidden));
    let facts = block_on(adapted(world.people.clone()).facts(Kind::Contact, &[grace.id.clone(), id])).unwrap();
    assert_eq!(facts[0].as_ref().map(|f| (f.owner.as_deref(), f.visible)), Some((Some("bob"), false)));
    assert_eq!(facts[1], None);
}
