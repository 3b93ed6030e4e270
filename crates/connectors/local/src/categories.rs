//! The list of keywords: those in use and those that were made for later. One list per kind.

use crate::{
    error::{Res, denied, invalid},
    repo::Items,
    row,
};
use async_trait::async_trait;
use pimkit_core::{Action, Categories, Category, CategoryId, CollectionId, Field, Fields, Record, Result, Value};
use rusqlite::{OptionalExtension, Transaction, params};

impl<R: Record> Items<R> {
    fn may_change_list(&self, tx: &Transaction<'_>) -> Res<()> {
        if self.local.rights(tx)?.allowed(R::KIND, Action::Edit) {
            return Ok(());
        }
        Err(denied("the user may not change categories; ask an admin"))
    }

    fn name_of(tx: &Transaction<'_>, id: &CategoryId) -> Res<String> {
        let name = tx
            .query_row("SELECT name FROM category WHERE kind = ?1 AND id = ?2", params![R::KIND.plural(), id.as_str()], |r| r.get(0))
            .optional()?;
        name.ok_or_else(|| invalid("there is no such category; list them anew").with("category", id).into())
    }

    /// Puts another keyword, or none, in place of one, on every record that has it.
    fn exchange(&self, tx: &Transaction<'_>, name: &str, with: Option<&str>) -> Res<()> {
        let mut ids = tx.prepare("SELECT k.item FROM item_keyword k JOIN item i ON i.id = k.item WHERE i.kind = ?1 AND k.keyword = ?2")?;
        let ids = ids.query_map(params![R::KIND.plural(), name], |r| r.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        for id in ids {
            let Some(raw) = row::get(tx, R::KIND, id)? else { continue };
            let record: R = raw.record()?;
            let field = Field::from("keywords");
            let Some(Value::Array(mut keywords)) = record.get("keywords") else { continue };
            keywords.retain(|k| k.as_str() != Some(name));
            keywords.extend(with.map(Value::from));
            let record = record.with(&Fields::from([(field, Value::Array(keywords))]))?;
            row::replace(tx, id, &record, self.local.db.now())?;
        }
        Ok(())
    }
}

fn check(name: &str) -> Res<()> {
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(invalid("a category's name has 1 to 200 characters and no line break").into());
    }
    Ok(())
}

#[async_trait]
impl<R: Record> Categories for Items<R> {
    async fn list(&self, collection: &CollectionId) -> Result<Vec<Category>> {
        self.local.db.read("local.categories", |tx| {
            self.exists(tx, collection)?;
            let mut rows = tx.prepare_cached("SELECT id, name FROM category WHERE kind = ?1 ORDER BY name")?;
            let rows = rows.query_map([R::KIND.plural()], |r| {
                Ok(Category { id: CategoryId::from(r.get::<_, i64>(0)?.to_string()), name: r.get(1)? })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn ensure(&self, collection: &CollectionId, name: &str) -> Result<Category> {
        self.local.db.write("local.ensure_category", |tx| {
            self.exists(tx, collection)?;
            self.may_change_list(tx)?;
            check(name)?;
            tx.execute("INSERT OR IGNORE INTO category (kind, name) VALUES (?1, ?2)", params![R::KIND.plural(), name])?;
            let id: i64 =
                tx.query_row("SELECT id FROM category WHERE kind = ?1 AND name = ?2", params![R::KIND.plural(), name], |r| r.get(0))?;
            Ok(Category { id: CategoryId::from(id.to_string()), name: name.to_owned() })
        })
    }

    async fn rename(&self, collection: &CollectionId, id: &CategoryId, name: &str) -> Result<Category> {
        self.local.db.write("local.rename_category", |tx| {
            self.exists(tx, collection)?;
            self.may_change_list(tx)?;
            check(name)?;
            let old = Self::name_of(tx, id)?;
            let kind = R::KIND.plural();
            if old != name {
                if tx.prepare_cached("SELECT 1 FROM category WHERE kind = ?1 AND name = ?2")?.exists(params![kind, name])? {
                    return Err(invalid("there is a category of that name; remove one of the two").into());
                }
                tx.execute("UPDATE category SET name = ?3 WHERE kind = ?1 AND id = ?2", params![kind, id.as_str(), name])?;
                self.exchange(tx, &old, Some(name))?;
            }
            Ok(Category { id: id.clone(), name: name.to_owned() })
        })
    }

    async fn remove(&self, collection: &CollectionId, id: &CategoryId) -> Result<()> {
        self.local.db.write("local.remove_category", |tx| {
            self.exists(tx, collection)?;
            self.may_change_list(tx)?;
            let name = Self::name_of(tx, id)?;
            self.exchange(tx, &name, None)?;
            tx.execute("DELETE FROM category WHERE kind = ?1 AND id = ?2", params![R::KIND.plural(), id.as_str()])?;
            Ok(())
        })
    }
}
