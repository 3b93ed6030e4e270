//! Custom fields: what the app's users added to a kind of record.

use crate::{
    error::{Failure, Res, denied, invalid},
    store::Local,
};
use pimkit_core::{Error, ErrorKind, Field, Fields, Kind, Result, Value};
use rusqlite::{Transaction, params};
use std::collections::BTreeMap;

/// What a custom field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// Any of them: fields that a sync made.
    Any,
}

impl FieldType {
    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Flag => "flag",
            Self::Any => "any",
        }
    }

    fn holds(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (_, Value::Null)
                | (Self::Text | Self::Any, Value::String(_))
                | (Self::Number | Self::Any, Value::Number(_))
                | (Self::Flag | Self::Any, Value::Bool(_))
        )
    }
}

/// The custom fields of a kind, by name.
pub(crate) fn defined(tx: &Transaction<'_>, kind: Kind) -> Res<BTreeMap<String, FieldType>> {
    let mut rows = tx.prepare_cached("SELECT name, type FROM custom_field WHERE kind = ?1 ORDER BY name")?;
    let rows = rows.query_map([kind.plural()], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)))?;
    let parse = |word: &str| {
        let types = [FieldType::Text, FieldType::Number, FieldType::Flag];
        types.into_iter().find(|t| t.word() == word).unwrap_or(FieldType::Any)
    };
    Ok(rows.map(|row| row.map(|(name, word)| (name, parse(&word)))).collect::<rusqlite::Result<_>>()?)
}

/// Makes the field unless it is there.
pub(crate) fn ensure(tx: &Transaction<'_>, kind: Kind, name: &str, of: FieldType) -> Res<()> {
    if name.trim().is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(invalid("a custom field's name has 1 to 200 characters and no line break").into());
    }
    tx.execute("INSERT OR IGNORE INTO custom_field (kind, name, type) VALUES (?1, ?2, ?3)", params![kind.plural(), name, of.word()])?;
    Ok(())
}

/// What becomes of a value for a custom field that is not defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undefined {
    /// The field is made: what a sync brings is not lost for want of a definition.
    Make,
    /// The value is left out: a person at the screen is told.
    LeaveOut,
}

/// Takes out of the wanted fields the custom ones that cannot be kept.
pub(crate) fn check(
    tx: &Transaction<'_>,
    kind: Kind,
    undefined: Undefined,
    wanted: &mut Fields,
    left_out: &mut Vec<(Field, Error)>,
) -> Res<()> {
    if !wanted.keys().any(|field| field.as_str().starts_with("custom.")) {
        return Ok(());
    }
    let mut defined = defined(tx, kind)?;
    if undefined == Undefined::Make {
        for (field, value) in wanted.iter() {
            let Some(name) = field.as_str().strip_prefix("custom.") else { continue };
            if !defined.contains_key(name)
                && !value.is_null()
                && FieldType::Any.holds(value)
                && ensure(tx, kind, name, FieldType::Any).is_ok()
            {
                defined.insert(name.to_owned(), FieldType::Any);
            }
        }
    }
    wanted.retain(|field, value| {
        let Some(name) = field.as_str().strip_prefix("custom.") else { return true };
        let error = match defined.get(name) {
            Some(of) if of.holds(value) => return true,
            Some(_) => invalid("the value is not of the custom field's type"),
            // Clearing what is not there is done.
            None if value.is_null() => return false,
            None => Error::new(ErrorKind::Unavailable, "the app store has no such custom field and cannot make it; define it first"),
        };
        left_out.push((field.clone(), error));
        false
    });
    Ok(())
}

impl Local {
    /// Defines a custom field of a kind.
    ///
    /// # Errors
    /// `InvalidData` for an unusable name, or when the field is there with another type;
    /// `PermissionDenied` for users who are not admins.
    pub async fn define_field(&self, kind: Kind, name: &str, of: FieldType) -> Result<Field> {
        self.db.write("local.define_field", |tx| {
            if !self.rights(tx)?.is_admin() {
                return Err(denied("only an admin defines custom fields"));
            }
            ensure(tx, kind, name, of)?;
            match defined(tx, kind)?.get(name) {
                Some(there) if *there == of => Ok(Field::from(format!("custom.{name}"))),
                _ => Err(Failure::Said(invalid("the custom field is there with another type; choose another name"))),
            }
        })
    }
}
