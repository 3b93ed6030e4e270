//! A host with plain SQL tables of its own, adapted to pimkit.
//!
//! The tables are the host's: nothing in them is there for pimkit but `person_change` (an outbox,
//! filled by triggers, so that no line of the host's code changes) and the column `mark`.
//!
//! `cargo run -p pimkit-app --example plain_sql`
#![allow(clippy::print_stdout)]

use async_trait::async_trait;
use futures::future::BoxFuture;
use jiff::Timestamp;
use pimkit_app::{Abilities, Adapted, After, AppStore, Deleted, Feed, Guard, Line, Place, Row, Upsert, Upserted, What};
use pimkit_core::{
    Clock, CollectionId, Connector, Contact, Delete, EmailAddress, Error, ErrorKind, Facts, FieldSupport, ItemId, Key, Organization, Phone,
    Position, Record, Result, Revision,
};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The host's own tables.
pub const TABLES: &str = "
    CREATE TABLE person (
        id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT, given TEXT, surname TEXT, full_name TEXT, phone TEXT, company TEXT, note TEXT,
        owner TEXT NOT NULL DEFAULT 'ann', version INTEGER NOT NULL DEFAULT 1, mark TEXT UNIQUE);
    CREATE TABLE person_email (person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE, n INTEGER, address TEXT NOT NULL, work INTEGER);
    CREATE TABLE person_change (n INTEGER PRIMARY KEY AUTOINCREMENT, person INTEGER NOT NULL);
    CREATE TRIGGER person_new AFTER INSERT ON person BEGIN INSERT INTO person_change (person) VALUES (new.id); END;
    CREATE TRIGGER person_edit AFTER UPDATE ON person BEGIN INSERT INTO person_change (person) VALUES (new.id); END;
    CREATE TRIGGER person_gone AFTER DELETE ON person BEGIN INSERT INTO person_change (person) VALUES (old.id); END;
    PRAGMA foreign_keys = ON;";

/// The host's database, seen by one of its users.
#[derive(Debug)]
pub struct People {
    sql: Mutex<Connection>,
    user: String,
}

fn sql(error: rusqlite::Error) -> Error {
    Error::new(ErrorKind::Storage, "the people's tables cannot be read or written; see the source").caused_by(error)
}

/// Ids are the host's numbers, filled up so that their order as text is their order as numbers.
fn item(id: i64) -> ItemId {
    ItemId::from(format!("{id:012}"))
}

fn number(id: &ItemId) -> i64 {
    // What is not a number is not one of ours: no row has it.
    id.as_str().parse().unwrap_or(-1)
}

const COLUMNS: &str = "SELECT id, uid, given, surname, full_name, phone, company, note, version, mark FROM person";

fn read(connection: &Connection, id: i64) -> rusqlite::Result<Option<Row<Contact>>> {
    let row = connection
        .query_row(&format!("{COLUMNS} WHERE id = ?1"), [id], |row| {
            let mut contact = Contact::default();
            contact.uid = row.get("uid")?;
            contact.name.given = row.get("given")?;
            contact.name.surname = row.get("surname")?;
            contact.name.full = row.get("full_name")?;
            let phone: Option<String> = row.get("phone")?;
            contact.phones = phone.into_iter().map(|number| Phone { number, ..Phone::default() }).collect();
            let company: Option<String> = row.get("company")?;
            contact.organizations = company.into_iter().map(|name| Organization { name: Some(name), ..Organization::default() }).collect();
            contact.notes = row.get::<_, Option<String>>("note")?.into_iter().collect();
            let mut item = Row::new(item(row.get("id")?), contact);
            item.revision = Some(Revision::from(row.get::<_, i64>("version")?.to_string()));
            item.mark = row.get::<_, Option<String>>("mark")?.map(Into::into);
            Ok(item)
        })
        .optional()?;
    let Some(mut row) = row else { return Ok(None) };
    let mut emails = connection.prepare_cached("SELECT address, work FROM person_email WHERE person = ?1 ORDER BY n")?;
    row.record.emails = emails
        .query_map([id], |email| {
            let work: bool = email.get(1)?;
            let contexts = work.then(|| "work".to_owned()).into_iter().collect();
            Ok(EmailAddress { address: email.get(0)?, contexts, ..EmailAddress::default() })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(row))
}

/// Writes what the host keeps of a person; gives back the row as it stands then.
fn save(
    tx: &Transaction<'_>,
    id: Option<i64>,
    contact: &Contact,
    mark: Option<&str>,
    owner: &str,
) -> rusqlite::Result<Option<Row<Contact>>> {
    let id = match id {
        Some(id) => id,
        None => {
            tx.execute("INSERT INTO person (owner, version) VALUES (?1, 0)", [owner])?;
            tx.last_insert_rowid()
        }
    };
    let company = contact.organizations.first().and_then(|o| o.name.as_ref());
    tx.execute(
        "UPDATE person SET uid = ?2, given = ?3, surname = ?4, full_name = ?5, phone = ?6, company = ?7, note = ?8,
            mark = coalesce(?9, mark), version = version + 1 WHERE id = ?1",
        params![
            id,
            contact.uid,
            contact.name.given,
            contact.name.surname,
            contact.name.full,
            contact.phones.first().map(|p| &p.number),
            company,
            contact.notes.first(),
            mark
        ],
    )?;
    tx.execute("DELETE FROM person_email WHERE person = ?1", [id])?;
    for (n, email) in contact.emails.iter().enumerate() {
        let work = email.contexts.contains("work");
        tx.execute(
            "INSERT INTO person_email (person, n, address, work) VALUES (?1, ?2, ?3, ?4)",
            params![id, n as i64, email.address, work],
        )?;
    }
    read(tx, id)
}

impl People {
    /// The people in these tables, for this user.
    pub fn new(connection: Connection, user: &str) -> Arc<Self> {
        Arc::new(Self { sql: Mutex::new(connection), user: user.to_owned() })
    }

    /// Runs one transaction. The lock is never held across an await: nothing here waits.
    pub fn with<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T> {
        let mut connection = self.sql.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sql)?;
        let answer = work(&tx).map_err(sql)?;
        tx.commit().map_err(sql)?;
        Ok(answer)
    }

    fn rows(&self, query: &str, parameters: impl rusqlite::Params) -> Result<Vec<Row<Contact>>> {
        self.with(|tx| {
            let mut statement = tx.prepare_cached(query)?;
            let ids: Vec<i64> = statement.query_map(parameters, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok(ids.into_iter().map(|id| read(tx, id)).collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
        })
    }
}

#[async_trait]
impl AppStore<Contact> for People {
    fn abilities(&self) -> Abilities {
        // SQLite has one writer at a time: numbers are seen in the order in which they are given out.
        Abilities::new(Feed::Sequence { overlap: 0 }).with(|a| a.marks = true)
    }

    fn fields(&self) -> Vec<FieldSupport> {
        let one = |name: &str| FieldSupport { many: Some(1), ..FieldSupport::full(name) };
        let text = ["uid", "name.given", "name.surname", "name.full"].map(FieldSupport::full);
        text.into_iter().chain([one("phones"), one("organizations"), one("notes"), FieldSupport::full("emails")]).collect()
    }

    async fn places(&self) -> Result<Vec<Place>> {
        Ok(vec![Place::new("people", "People")])
    }

    async fn list(&self, _: &CollectionId, after: Option<&ItemId>, limit: usize) -> Result<Vec<Row<Contact>>> {
        self.rows(
            "SELECT id FROM person WHERE id > ?1 AND owner = ?2 ORDER BY id LIMIT ?3",
            params![after.map_or(0, number), self.user, limit as i64],
        )
    }

    async fn get(&self, _: &CollectionId, ids: &[ItemId]) -> Result<Vec<Option<Row<Contact>>>> {
        self.with(|tx| {
            let mut mine = tx.prepare_cached("SELECT 1 FROM person WHERE id = ?1 AND owner = ?2")?;
            ids.iter().map(|id| if mine.exists(params![number(id), self.user])? { read(tx, number(id)) } else { Ok(None) }).collect()
        })
    }

    async fn changed(&self, _: &CollectionId, after: After<'_>, limit: usize) -> Result<Vec<Line<Contact>>> {
        let from = if after.id.is_some() { after.position + 1 } else { after.position };
        self.with(|tx| {
            let mut lines = tx.prepare_cached("SELECT n, person FROM person_change WHERE n >= ?1 ORDER BY n LIMIT ?2")?;
            lines
                .query_map([from, limit as i64], |row| Ok(Line { position: row.get(0)?, id: item(row.get(1)?), what: What::Changed }))?
                .collect()
        })
    }

    async fn newest(&self, _: &CollectionId) -> Result<Option<i64>> {
        self.with(|tx| tx.query_row("SELECT max(n) FROM person_change", [], |row| row.get(0)))
    }

    async fn upsert(&self, _: &CollectionId, write: Upsert<'_, Contact>) -> Result<Upserted<Contact>> {
        let stored = self.with(|tx| match write {
            Upsert::Insert { mark, record } => {
                let first = tx.query_row("SELECT id FROM person WHERE mark = ?1", [mark.as_str()], |row| row.get(0)).optional()?;
                match first {
                    Some(first) => Ok(read(tx, first)?.ok_or(None)),
                    None => Ok(save(tx, None, record, Some(mark.as_str()), &self.user)?.ok_or(None)),
                }
            }
            Upsert::Update { id, guard, record, mark } => match read(tx, number(id))? {
                Some(now) if guard.holds(&now) => Ok(save(tx, Some(number(id)), record, mark.map(|m| m.as_str()), &self.user)?.ok_or(None)),
                now => Ok(Err(now)),
            },
        })?;
        Ok(match stored {
            Ok(row) => Upserted::Stored(Box::new(row)),
            Err(now) => Upserted::Superseded(now.map(Box::new)),
        })
    }

    async fn delete(&self, _: &CollectionId, id: &ItemId, guard: &Guard, _: Delete) -> Result<Deleted<Contact>> {
        self.with(|tx| match read(tx, number(id))? {
            Some(now) if guard.holds(&now) => {
                tx.execute("DELETE FROM person WHERE id = ?1", [number(id)])?;
                Ok(Deleted::Done)
            }
            now => Ok(Deleted::Superseded(now.map(Box::new))),
        })
    }

    async fn find(&self, _: &CollectionId, key: &Key) -> Result<Option<Vec<Row<Contact>>>> {
        let (query, value) = match key {
            Key::Mark(mark) => ("SELECT id FROM person WHERE mark = ?1 AND owner = ?2", mark.as_str()),
            Key::Uid(uid) => ("SELECT id FROM person WHERE uid = ?1 AND owner = ?2", uid.as_str()),
        };
        self.rows(query, params![value, self.user]).map(Some)
    }

    async fn facts(&self, ids: &[ItemId]) -> Result<Vec<Option<Facts>>> {
        self.with(|tx| {
            let mut owner = tx.prepare_cached("SELECT owner FROM person WHERE id = ?1")?;
            let facts = |owner: String| {
                let mine = owner == self.user;
                let mut facts = Facts::own(Some(owner));
                (facts.visible, facts.editable, facts.deletable) = (mine, mine, mine);
                facts
            };
            ids.iter().map(|id| Ok(owner.query_row([number(id)], |row| row.get(0)).optional()?.map(facts))).collect()
        })
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The host as pimkit sees it.
pub fn adapted(people: Arc<People>) -> Adapted {
    let account = format!("plain-sql/{}", people.user);
    Adapted::new("plain-sql", account, Arc::new(Machine)).with_contacts(people)
}

fn main() -> Result<()> {
    let connection = Connection::open_in_memory().map_err(sql)?;
    connection.execute_batch(TABLES).map_err(sql)?;
    connection.execute("INSERT INTO person (given, surname, phone) VALUES ('Ada', 'Lovelace', '+44 20 7946 0000')", []).map_err(sql)?;
    let host = adapted(People::new(connection, "ann"));
    let contacts = Contact::repository(&host).ok_or_else(|| pimkit_core::unsupported("example"))?;
    let page = futures::executor::block_on(contacts.changes(&"people".into(), Position::Start, &Default::default()))?;
    println!("{} {:?}: {} person(s)", host.info().id, page.next != pimkit_core::Next::More(Default::default()), page.changes.len());
    Ok(())
}
