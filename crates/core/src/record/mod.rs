//! The five kinds of record.
//!
//! Records are plain structs with public fields; they are made with [`Record::build`] and may gain
//! fields in a minor version. Every field that can be mapped, compared and merged has a path in the
//! kind's [`Catalogue`]; [`Record::fields`], [`Record::get`] and [`Record::with`] read and write a
//! record by these paths, so that engine, maps and programs need no code per field.

mod calendar;
mod contact;
mod event;
mod message;
mod task;
mod user;

pub use calendar::*;
pub use contact::*;
pub use event::Event;
pub use message::{Mailbox, Message};
pub use task::Task;
pub use user::User;

use crate::{BlobRef, Catalogue, Connector, Error, ErrorKind, Field, Repository, Result, catalogue, fields};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

/// The value of a field: JSON in the shape that the catalogue names. `Null` and "absent" are one.
pub type Value = serde_json::Value;

/// Values by field path.
pub type Fields = BTreeMap<Field, Value>;

/// Custom fields by name: text, number or flag.
pub type Custom = BTreeMap<String, Value>;

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person or company: [`Contact`].
    Contact,
    /// A calendar event: [`Event`].
    Event,
    /// Something to do: [`Task`].
    Task,
    /// A mail: [`Message`].
    Message,
    /// A user of the organisation: [`User`].
    User,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Contact, Self::Event, Self::Task, Self::Message, Self::User];

    /// The plural that configs and commands use: `contacts`.
    #[must_use]
    pub fn plural(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Event => "events",
            Self::Task => "tasks",
            Self::Message => "messages",
            Self::User => "users",
        }
    }

    /// The kind of a plural or singular word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.plural() == word || k.plural().strip_suffix('s') == Some(word))
    }

    /// The field catalogue of this kind.
    #[must_use]
    pub fn catalogue(self) -> &'static Catalogue {
        match self {
            Self::Contact => Contact::catalogue(),
            Self::Event => Event::catalogue(),
            Self::Task => Task::catalogue(),
            Self::Message => Message::catalogue(),
            Self::User => User::catalogue(),
        }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// One of the five kinds.
///
/// # Behavior
/// - `R::default()` is the empty record; it has no fields.
/// - `with(fields)` sets exactly the named fields; `Null` clears one. An unknown path or a value of
///   the wrong shape is `InvalidData` and changes nothing.
/// - `fields` names only what is there: never `Null`, never an empty list or text.
pub trait Record:
    sealed::Sealed + Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static
{
    /// Which kind this is.
    const KIND: Kind;

    /// The fields that a record of this kind can have.
    fn catalogue() -> &'static Catalogue;

    /// The connector's repository of this kind: lets the engine be generic over the kind.
    fn repository(connector: &dyn Connector) -> Option<Arc<dyn Repository<Self>>>;

    /// The globally unique id that the record itself carries.
    fn uid(&self) -> Option<&str>;

    /// Every blob that the record speaks of.
    fn blobs(&self) -> Vec<&BlobRef>;

    /// A record made by setting public fields: `Contact::build(|c| c.notes.push("…".into()))`.
    fn build(set: impl FnOnce(&mut Self)) -> Self {
        let mut record = Self::default();
        set(&mut record);
        record
    }

    /// Every field that is there, by path; custom fields as `custom.NAME`.
    fn fields(&self) -> Fields {
        fields::read(Self::catalogue(), self)
    }

    /// One field, when it is there.
    fn get(&self, field: &str) -> Option<Value> {
        fields::read_one(Self::catalogue(), self, field)
    }

    /// The same record with these fields in place of its own.
    ///
    /// # Errors
    /// `InvalidData` when a path is not of this kind, or a value not of the field's shape.
    fn with(&self, fields: &Fields) -> Result<Self> {
        fields::write(Self::catalogue(), self, fields)
    }

    /// The names of the fields in which two records differ, as the catalogue compares them.
    fn differing(&self, other: &Self) -> Vec<Field> {
        crate::diff(self, other).into_iter().map(|d| d.field).collect()
    }
}

macro_rules! records {
    ($($name:ident, $plural:ident, $catalogue:ident, $uid:ident, $blobs:expr;)*) => {$(
        impl sealed::Sealed for $name {}
        impl Record for $name {
            const KIND: Kind = Kind::$name;
            fn catalogue() -> &'static Catalogue {
                &catalogue::$catalogue
            }
            fn repository(connector: &dyn Connector) -> Option<Arc<dyn Repository<Self>>> {
                connector.$plural()
            }
            fn uid(&self) -> Option<&str> {
                self.$uid.as_deref()
            }
            fn blobs(&self) -> Vec<&BlobRef> {
                let blobs: fn(&Self) -> Vec<&BlobRef> = $blobs;
                blobs(self)
            }
        }
    )*};
}

records! {
    Contact, contacts, CONTACT, uid, |r| r.photo.iter().collect();
    Event, events, EVENT, uid, |r| r.attachments.iter().map(|a| &a.blob).collect();
    Task, tasks, TASK, uid, |r| r.attachments.iter().map(|a| &a.blob).collect();
    Message, messages, MESSAGE, message_id, |r| r.attachments.iter().map(|a| &a.blob).collect();
    User, users, USER, uid, |r| r.photo.iter().collect();
}

/// Reads a record back from what [`encode`] wrote.
///
/// # Errors
/// `InvalidData` when the bytes are not a record of this kind.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R> {
    serde_json::from_slice(bytes).map_err(|e| unreadable::<R>(&e))
}

/// The fields of a record that [`encode`] wrote: what [`decode`] and [`Record::fields`] give, without the record between them.
///
/// # Errors
/// `InvalidData` when the bytes are no record.
pub fn decode_fields<R: Record>(bytes: &[u8]) -> Result<Fields> {
    let json = serde_json::from_slice(bytes).map_err(|e| unreadable::<R>(&e))?;
    Ok(fields::read_object(R::catalogue(), json))
}

fn unreadable<R: Record>(error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::InvalidData, "a stored record cannot be read; it was written by another version or is damaged")
        .with("kind", R::KIND.plural())
        .with("byte", error.column())
}

/// A record as bytes for the state.
///
/// # Errors
/// `Unexpected` when a custom field holds something that JSON cannot say.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>> {
    serde_json::to_vec(record).map_err(|e| Error::new(ErrorKind::Unexpected, "a record cannot be written as JSON").caused_by(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_stored_bytes_are_those_of_the_record() {
        fn same<R: Record>(record: &R) {
            let bytes = encode(record).unwrap();
            assert_eq!(decode_fields::<R>(&bytes).unwrap(), decode::<R>(&bytes).unwrap().fields());
            assert_eq!(decode_fields::<R>(&bytes).unwrap(), record.fields());
        }
        same(&Contact::default());
        same(&Contact::build(|c| {
            c.name.full = Some("Ada Lovelace".into());
            c.emails.push(EmailAddress { address: "ada@x.example".into(), pref: Some(1), ..EmailAddress::default() });
            c.notes = vec!["first".into(), String::new()];
            c.custom.insert("Region".into(), serde_json::json!({ "share": 0.1, "of": [1, null] }));
        }));
        same(&Event::build(|e| {
            e.title = Some("Fair".into());
            e.start = Some(crate::When::all_day(jiff::civil::date(2030, 1, 2)));
        }));
        assert_eq!(decode_fields::<Contact>(b"[]").unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
