//! Deals, customer status, and what is about whom.

use crate::{
    error::{Res, denied, invalid, not_there},
    row::{self, Raw},
    store::Local,
};
use pimkit_core::{Action, ItemId, Kind, Result, Value};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

/// How far a deal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Stage {
    Active,
    Won,
    Lost,
    Unqualified,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Active, Self::Won, Self::Lost, Self::Unqualified];

    fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Unqualified => "unqualified",
        }
    }
}

/// What somebody is to the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum CustomerStatus {
    Prospect,
    Current,
    Past,
}

impl CustomerStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Prospect => "prospect",
            Self::Current => "current",
            Self::Past => "past",
        }
    }
}

/// A deal with a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deal {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// How far it is.
    pub stage: Stage,
}

fn editable(local: &Local, tx: &Transaction<'_>, contact: &ItemId) -> Res<Raw> {
    let rights = local.rights(tx)?;
    let raw = row::visible(tx, &rights, Kind::Contact, contact)?;
    if raw.may(&rights, Action::Edit) { Ok(raw) } else { Err(denied("the user may not change this record; ask its owner or an admin")) }
}

/// Deals by stage and the customer status, as facts.
pub(crate) fn facts(tx: &Transaction<'_>, contact: i64) -> Res<BTreeMap<String, Value>> {
    let mut facts = BTreeMap::new();
    let mut counts = tx.prepare_cached("SELECT stage, count(*) FROM deal WHERE contact = ?1 GROUP BY stage")?;
    let counts = counts.query_map([contact], |r| Ok((r.get(0)?, r.get(1)?)))?.collect::<rusqlite::Result<BTreeMap<String, i64>>>()?;
    for stage in Stage::ALL {
        facts.insert(format!("deals.{}", stage.word()), Value::from(counts.get(stage.word()).copied().unwrap_or_default()));
    }
    let status: Option<String> =
        tx.prepare_cached("SELECT status FROM customer WHERE contact = ?1")?.query_row([contact], |r| r.get(0)).optional()?;
    if let Some(status) = status {
        facts.insert("customer_status".to_owned(), Value::from(status));
    }
    Ok(facts)
}

/// Hands everything that hangs on one contact to another. What the other has stays.
pub(crate) fn hand_over(tx: &Transaction<'_>, from: i64, to: i64) -> Res<()> {
    tx.execute("UPDATE deal SET contact = ?2 WHERE contact = ?1", params![from, to])?;
    tx.execute("INSERT OR IGNORE INTO customer (contact, status) SELECT ?2, status FROM customer WHERE contact = ?1", params![from, to])?;
    tx.execute("INSERT OR IGNORE INTO about (activity, contact) SELECT activity, ?2 FROM about WHERE contact = ?1", params![from, to])?;
    Ok(())
}

impl Local {
    /// Starts a deal with a contact.
    ///
    /// # Errors
    /// `InvalidData` when the contact is not there, `PermissionDenied` when the user may not change it.
    pub async fn add_deal(&self, contact: &ItemId, title: &str, stage: Stage) -> Result<Deal> {
        self.db.write("local.add_deal", |tx| {
            let raw = editable(self, tx, contact)?;
            tx.execute("INSERT INTO deal (contact, title, stage) VALUES (?1, ?2, ?3)", params![raw.id, title, stage.word()])?;
            let id = tx.last_insert_rowid().to_string();
            row::touch(tx, raw.id)?;
            Ok(Deal { id, title: title.to_owned(), stage })
        })
    }

    /// Moves a deal to another stage.
    ///
    /// # Errors
    /// As [`Local::add_deal`].
    pub async fn set_stage(&self, deal: &str, stage: Stage) -> Result<()> {
        self.db.write("local.set_stage", |tx| {
            let contact: Option<i64> = tx.query_row("SELECT contact FROM deal WHERE id = ?1", [deal], |r| r.get(0)).optional()?;
            let contact = contact.ok_or_else(|| not_there(deal))?;
            let held = row::get(tx, Kind::Contact, contact)?.ok_or_else(|| not_there(deal))?;
            editable(self, tx, &held.item())?;
            tx.execute("UPDATE deal SET stage = ?2 WHERE id = ?1", params![deal, stage.word()])?;
            row::touch(tx, contact)
        })
    }

    /// The deals with a contact, oldest first.
    ///
    /// # Errors
    /// `InvalidData` when the contact is not there.
    pub async fn deals(&self, contact: &ItemId) -> Result<Vec<Deal>> {
        self.db.read("local.deals", |tx| {
            let raw = row::visible(tx, &self.rights(tx)?, Kind::Contact, contact)?;
            let mut rows = tx.prepare_cached("SELECT id, title, stage FROM deal WHERE contact = ?1 ORDER BY id")?;
            let rows = rows.query_map([raw.id], |r| Ok((r.get::<_, i64>(0)?, r.get(1)?, r.get::<_, String>(2)?)))?;
            let mut deals = Vec::new();
            for row in rows {
                let (id, title, word) = row?;
                let stage = Stage::ALL.into_iter().find(|s| s.word() == word);
                let stage = stage.ok_or_else(|| invalid("a deal's stage is unknown; it was written by another version"))?;
                deals.push(Deal { id: id.to_string(), title, stage });
            }
            Ok(deals)
        })
    }

    /// Says what somebody is to the company.
    ///
    /// # Errors
    /// As [`Local::add_deal`].
    pub async fn set_status(&self, contact: &ItemId, status: CustomerStatus) -> Result<()> {
        self.db.write("local.set_status", |tx| {
            let raw = editable(self, tx, contact)?;
            tx.execute("INSERT OR REPLACE INTO customer (contact, status) VALUES (?1, ?2)", params![raw.id, status.word()])?;
            row::touch(tx, raw.id)
        })
    }

    /// Says that a mail, an event or a task is about a contact.
    ///
    /// # Errors
    /// `InvalidData` when one of the two is not there.
    pub async fn relate(&self, kind: Kind, activity: &ItemId, contact: &ItemId) -> Result<()> {
        self.db.write("local.relate", |tx| {
            let rights = self.rights(tx)?;
            let activity = row::visible(tx, &rights, kind, activity)?;
            let contact = row::visible(tx, &rights, Kind::Contact, contact)?;
            tx.execute("INSERT OR IGNORE INTO about (activity, contact) VALUES (?1, ?2)", params![activity.id, contact.id])?;
            Ok(())
        })
    }

    /// The mail, events and tasks that are about a contact, oldest first.
    ///
    /// # Errors
    /// `InvalidData` when the contact is not there.
    pub async fn activities(&self, contact: &ItemId) -> Result<Vec<(Kind, ItemId)>> {
        self.db.read("local.activities", |tx| {
            let rights = self.rights(tx)?;
            let contact = row::visible(tx, &rights, Kind::Contact, contact)?;
            let query = "SELECT i.kind, i.id, i.owner, i.chance FROM about a JOIN item i ON i.id = a.activity
                         WHERE a.contact = ?1 AND i.trashed IS NULL ORDER BY i.id";
            let mut rows = tx.prepare_cached(query)?;
            let rows = rows.query_map([contact.id], |r| {
                let item = row::item(r.get(1)?, &r.get::<_, String>(3)?);
                Ok((r.get::<_, String>(0)?, item, r.get::<_, Option<String>>(2)?))
            })?;
            let mut activities = Vec::new();
            for row in rows {
                let (kind, item, owner) = row?;
                if let Some(kind) = Kind::parse(&kind).filter(|kind| rights.sees(*kind, owner.as_deref())) {
                    activities.push((kind, item));
                }
            }
            Ok(activities)
        })
    }
}
