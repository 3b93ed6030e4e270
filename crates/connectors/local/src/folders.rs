//! Calendars and task lists that users make beside the ones that are always there.

use crate::{
    error::{Res, denied, invalid},
    repo::{Items, capabilities},
    row::{self, COLUMNS, Raw},
    store::Place,
};
use async_trait::async_trait;
use pimkit_core::{
    Access, Action, Collection, CollectionId, Error, ErrorKind, Folders, ItemId, Mark, Outcome, Record, Removal, Result, Sharing,
    WriteOptions,
};
use rusqlite::{OptionalExtension, Transaction, params};

impl<R: Record> Items<R> {
    fn outcome(&self, work: Result<Outcome<Collection>>) -> Outcome<Collection> {
        work.unwrap_or_else(|error| match error.kind() {
            ErrorKind::Storage => Outcome::Unknown(error),
            _ => Outcome::Refused(error),
        })
    }

    fn may_make(&self, tx: &Transaction<'_>) -> Res<()> {
        if self.local.rights(tx)?.allowed(R::KIND, Action::Create) {
            return Ok(());
        }
        Err(denied("the user may not make or change collections; ask an admin"))
    }

    fn answer(id: &str, name: &str) -> Outcome<Collection> {
        let collection = Collection {
            id: id.into(),
            name: name.to_owned(),
            owner: None,
            sharing: Sharing::Private,
            access: Access::Write,
            capabilities: capabilities(R::KIND),
        };
        let stored = pimkit_core::Stored::new(ItemId::from(id), &CollectionId::from(id), name, collection);
        Outcome::Written { id: id.into(), revision: Some(name.into()), now: Some(Box::new(stored)), left_out: Vec::new() }
    }
}

fn check(name: &str) -> Res<()> {
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(invalid("a collection's name has 1 to 200 characters and no line break").into());
    }
    Ok(())
}

#[async_trait]
impl<R: Record> Folders for Items<R> {
    async fn create(&self, mark: &Mark, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let work = self.local.db.write("local.create_collection", |tx| {
            self.may_make(tx)?;
            check(name)?;
            let kind = R::KIND.plural();
            let first: Option<(String, String)> = tx
                .query_row("SELECT id, name FROM collection WHERE kind = ?1 AND mark = ?2", params![kind, mark.as_str()], |r| {
                    Ok((r.get(0)?, r.get(1)?))
                })
                .optional()?;
            if let Some((id, name)) = first {
                return Ok(Self::answer(&id, &name));
            }
            // The feed's own number and chance: never used twice, also after the collection is gone, and also
            // after an older copy of the file was put in its place.
            let place = Place::next(tx)?;
            let id = format!("{kind}-{}-{:016x}", place.seq, place.chance);
            tx.execute("INSERT INTO collection (kind, id, name, mark) VALUES (?1, ?2, ?3, ?4)", params![kind, id, name, mark.as_str()])?;
            Ok(Self::answer(&id, name))
        });
        self.outcome(work)
    }

    async fn rename(&self, id: &CollectionId, name: &str, _: &WriteOptions) -> Outcome<Collection> {
        let work = self.local.db.write("local.rename_collection", |tx| {
            self.may_make(tx)?;
            check(name)?;
            self.exists(tx, id)?;
            tx.execute("UPDATE collection SET name = ?3 WHERE kind = ?1 AND id = ?2", params![R::KIND.plural(), id.as_str(), name])?;
            Ok(Self::answer(id.as_str(), name))
        });
        self.outcome(work)
    }

    async fn delete(&self, id: &CollectionId, _: &WriteOptions) -> Outcome<Collection> {
        let work = self.local.db.write("local.delete_collection", |tx| {
            self.may_make(tx)?;
            self.exists(tx, id)?;
            let kind = R::KIND.plural();
            let fixed = "SELECT 1 FROM collection WHERE kind = ?1 AND id = ?2 AND rank > 0";
            if tx.prepare_cached(fixed)?.exists(params![kind, id.as_str()])? {
                return Err(
                    Error::new(ErrorKind::Unavailable, "this collection belongs to the app and stays; delete its items instead").into()
                );
            }
            let rights = self.local.rights(tx)?;
            let mut rows = tx.prepare(&format!("SELECT {COLUMNS} FROM item WHERE kind = ?1 AND collection = ?2"))?;
            let rows = rows.query_map(params![kind, id.as_str()], Raw::of)?.collect::<rusqlite::Result<Vec<_>>>()?;
            if rows.iter().any(|raw| !raw.may(&rights, Action::Delete)) {
                return Err(denied("the collection holds records that the user may not delete"));
            }
            for raw in &rows {
                row::purge(tx, raw, Removal::Deleted)?;
            }
            tx.execute("DELETE FROM collection WHERE kind = ?1 AND id = ?2", params![kind, id.as_str()])?;
            Ok(Outcome::written(id.as_str(), None))
        });
        self.outcome(work)
    }
}
