//! Saved views: filters with a name.

use crate::{
    error::{Res, denied, invalid, not_there},
    row::Raw,
    store::Local,
};
use pimkit_core::{CollectionId, Error, ErrorKind, Fields, Kind, Provenance, Result, Value};
use rusqlite::{Transaction, params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Whose records a view shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The acting user's; without one, those that nobody owns.
    Me,
    /// Those of this user.
    User(String),
}

/// Which records a view shows: those that meet every condition. An empty list is no condition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// In one of these collections.
    pub collections: Vec<CollectionId>,
    /// Of one of these owners.
    pub owners: Vec<Who>,
    /// With at least one of these keywords.
    pub keywords: Vec<String>,
    /// With these values in custom fields, by name.
    pub custom: BTreeMap<String, Value>,
    /// That came into the app in one of these ways.
    pub provenance: Vec<Provenance>,
}

/// A saved view.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedView {
    /// Its name, one per kind.
    pub name: String,
    /// What it lists.
    pub kind: Kind,
    /// Which of them.
    pub filter: Filter,
}

impl Filter {
    pub(crate) fn admits(&self, raw: &Raw, fields: &Fields, user: Option<&str>) -> bool {
        let owner = raw.owner.as_deref();
        let owned = |who: &Who| match who {
            Who::Me => owner == user,
            Who::User(name) => owner == Some(name),
        };
        let keywords = fields.get("keywords").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let has = |keyword: &String| keywords.iter().any(|k| k.as_str() == Some(keyword));
        (self.collections.is_empty() || self.collections.iter().any(|c| c.as_str() == raw.collection))
            && (self.owners.is_empty() || self.owners.iter().any(owned))
            && (self.keywords.is_empty() || self.keywords.iter().any(has))
            && (self.provenance.is_empty() || self.provenance.contains(&raw.provenance))
            && self.custom.iter().all(|(name, value)| fields.get(format!("custom.{name}").as_str()) == Some(value))
    }
}

/// The saved views of a kind, by name.
pub(crate) fn of_kind(tx: &Transaction<'_>, kind: Kind) -> Res<Vec<SavedView>> {
    let mut rows = tx.prepare_cached("SELECT name, filter FROM saved_view WHERE kind = ?1 ORDER BY name")?;
    let rows = rows.query_map([kind.plural()], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
    let mut views = Vec::new();
    for row in rows {
        let (name, text) = row?;
        let filter = serde_json::from_str(&text).map_err(|e| {
            Error::new(ErrorKind::InvalidData, "a saved view cannot be read; save it again").with("view", &name).caused_by(e)
        })?;
        views.push(SavedView { name, kind, filter });
    }
    Ok(views)
}

impl Local {
    /// Saves a view, in place of one of the same kind and name.
    ///
    /// # Errors
    /// `InvalidData` for a view without a name.
    pub async fn save_view(&self, view: &SavedView) -> Result<()> {
        self.db.write("local.save_view", |tx| {
            self.rights(tx)?;
            if view.name.trim().is_empty() {
                return Err(invalid("a view needs a name").into());
            }
            let filter = serde_json::to_string(&view.filter)
                .map_err(|e| Error::new(ErrorKind::InvalidData, "the view's filter cannot be written as JSON").caused_by(e))?;
            tx.execute(
                "INSERT OR REPLACE INTO saved_view (kind, name, filter) VALUES (?1, ?2, ?3)",
                params![view.kind.plural(), view.name, filter],
            )?;
            Ok(())
        })
    }

    /// Forgets a view.
    ///
    /// # Errors
    /// `InvalidData` when there is none of that name; `PermissionDenied` for users who may change nothing.
    pub async fn remove_view(&self, kind: Kind, name: &str) -> Result<()> {
        self.db.write("local.remove_view", |tx| {
            if !self.rights(tx)?.allowed(kind, pimkit_core::Action::Edit) && kind != Kind::Message {
                return Err(denied("the user may not remove views; ask an admin"));
            }
            match tx.execute("DELETE FROM saved_view WHERE kind = ?1 AND name = ?2", params![kind.plural(), name])? {
                0 => Err(not_there(name)),
                _ => Ok(()),
            }
        })
    }
}
