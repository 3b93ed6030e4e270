//! The behaviour suite against the example host.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "../examples/plain_sql.rs"]
#[allow(dead_code, unreachable_pub)]
mod plain_sql;

use async_trait::async_trait;
use futures::executor::block_on;
use pimkit_contract::suite::{self, BackDoor, Floor, Harness, Stage};
use pimkit_core::{Connector, Contact, Create, Fields, Kind, Stored, Value};
use plain_sql::{People, TABLES, adapted};
use std::sync::Arc;

struct PlainSql;
struct Account(Arc<People>);

#[async_trait]
impl BackDoor<Contact> for Account {
    async fn edit(&self, item: &Stored<Contact>, record: &Contact) -> bool {
        // The host's own form: the columns that it shows.
        let id: i64 = item.id.as_str().parse().unwrap();
        let columns = (record.name.given.clone(), record.name.surname.clone(), record.notes.first().cloned());
        let text = "UPDATE person SET given = ?2, surname = ?3, note = ?4, full_name = ?5, version = version + 1 WHERE id = ?1";
        let changed = self.0.with(|tx| tx.execute(text, rusqlite::params![id, columns.0, columns.1, columns.2, record.name.full]));
        changed.unwrap() == 1
    }
    async fn delete(&self, item: &Stored<Contact>) -> bool {
        let id: i64 = item.id.as_str().parse().unwrap();
        self.0.with(|tx| tx.execute("DELETE FROM person WHERE id = ?1", [id])).unwrap() == 1
    }
    async fn damage(&self, _: &Stored<Contact>) -> bool {
        // Columns have no shape to break.
        false
    }
}

#[async_trait]
impl Stage for Account {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(adapted(self.0.clone()))
    }
    fn contact_door(&self) -> Option<&dyn BackDoor<Contact>> {
        Some(self)
    }
    fn mails(&self) -> Option<usize> {
        Some(0)
    }
}

#[async_trait]
impl Harness for PlainSql {
    fn name(&self) -> String {
        "plain_sql".to_owned()
    }
    fn floor(&self) -> Floor {
        Floor::default().kind(Kind::Contact, |c| {
            (c.write, c.incremental, c.conditional, c.find, c.can_keep_silent) = (true, true, true, true, true);
            c.create = Create::Repeatable;
        })
    }
    async fn fresh(&self) -> Box<dyn Stage> {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        Box::new(Account(People::new(connection, "ann")))
    }
    /// The tables keep of a number, an address and a company only the main thing.
    fn prepare(&self, _: Kind, mut fields: Fields) -> Fields {
        let keep = |value: &mut Value, keys: &[&str]| {
            for entry in value.as_array_mut().into_iter().flatten() {
                if let Some(object) = entry.as_object_mut() {
                    object.retain(|key, _| keys.contains(&key.as_str()));
                    if let Some(contexts) = object.get_mut("contexts").and_then(Value::as_array_mut) {
                        contexts.retain(|c| c == "work");
                    }
                    if object.get("contexts").is_some_and(|c| c.as_array().is_some_and(Vec::is_empty)) {
                        object.remove("contexts");
                    }
                }
            }
        };
        for (field, keys) in [("phones", &["number"][..]), ("organizations", &["name"]), ("emails", &["address", "contexts"])] {
            if let Some(value) = fields.get_mut(field) {
                keep(value, keys);
            }
        }
        fields
    }
}

#[test]
fn the_example_host_keeps_the_contract() {
    block_on(suite::run(&PlainSql));
}
