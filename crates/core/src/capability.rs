//! What a connector, and a collection of it, can do.

use crate::{CategoryId, CollectionId, Field};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What can be done in one collection. Of a connector: the most it can ever do.
///
/// # Behavior
/// - What is false here is refused with `Unavailable` when the connector could do it elsewhere, and
///   with `Unsupported` when it never can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct Capabilities {
    /// Items can be made, changed and deleted.
    pub write: bool,
    /// A round after the first names only what changed.
    pub incremental: bool,
    /// An update or delete with a superseded revision is refused as a conflict.
    pub conditional: bool,
    /// Items can be moved between collections, keeping what they are.
    pub move_items: bool,
    /// Deleted items can go to a trash.
    pub trash: bool,
    /// What is known about a create whose answer was lost.
    pub create: Create,
    /// Writes can be kept from mailing anybody.
    pub can_keep_silent: bool,
    /// Photos are read and written.
    pub photos: bool,
    /// Attachments are read and written.
    pub attachments: bool,
    /// Series may have overrides.
    pub exceptions: bool,
    /// Items can be found by mark or uid.
    pub find: bool,
    /// What a write answers is what stays until somebody edits it. Without, the side may rewrite an
    /// item some time after it answered (trim, re-case, cut), and the first reading after a write
    /// tells what it made of it.
    pub keeps_as_written: bool,
    /// An item keeps its id through every edit, by whatever program, as long as it stays in its collection. Without, what
    /// comes under another id and another name may be the item that is missed there.
    pub keeps_ids: bool,
    /// An item keeps its id when it is moved to another collection of its kind, by whatever program: asked for by its id there, it
    /// is found.
    pub moves_keep_ids: bool,
    /// How many writes go into one request, when they are sent together.
    pub write_batch: Option<u32>,
}

impl Capabilities {
    /// Nothing at all.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            write: false,
            incremental: false,
            conditional: false,
            move_items: false,
            trash: false,
            create: Create::ByContent,
            can_keep_silent: false,
            photos: false,
            attachments: false,
            exceptions: false,
            find: false,
            keeps_as_written: false,
            keeps_ids: false,
            moves_keep_ids: false,
            write_batch: None,
        }
    }

    /// The same, with what `set` changes.
    #[must_use]
    pub fn with(mut self, set: impl FnOnce(&mut Self)) -> Self {
        set(&mut self);
        self
    }
}

/// What is known about a create whose answer was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Create {
    /// The same mark is refused, or gives back the first item: an unknown create may be sent again.
    Repeatable,
    /// The mark can be searched for; "not found" counts only after `settles_after`.
    Findable {
        /// How long a stored item may stay unseen.
        settles_after: Duration,
    },
    /// No place for a mark: only equal content made since the intent tells.
    #[default]
    ByContent,
}

impl Create {
    /// How long a stored item may stay unseen.
    #[must_use]
    pub fn settles_after(self) -> Duration {
        match self {
            Self::Findable { settles_after } => settles_after,
            _ => Duration::ZERO,
        }
    }
}

/// A place that holds each of its items once and has its own cursor. What an item can have several
/// of is a [`Category`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its name, for people.
    pub name: String,
    /// Whose it is, when it is not the account's own.
    pub owner: Option<String>,
    /// Who sees it.
    pub sharing: Sharing,
    /// What this account may do in it.
    pub access: Access,
    /// What this collection on this server really does.
    pub capabilities: Capabilities,
}

/// Who sees a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sharing {
    /// The account alone.
    Private,
    /// The account and some others.
    Shared,
    /// Everybody in the organisation, or in the world.
    Public,
}

/// What may be done with an item or a collection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// Read and written.
    #[default]
    Write,
    /// Only read.
    Read,
}

/// How finely a side keeps a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Precision {
    /// Only the day: the time of day is dropped.
    Day,
    /// Only the minute: seconds are dropped.
    Minute,
}

/// What of one field an account reads and writes here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldSupport {
    /// The field; [`FieldSupport::ANY_CUSTOM`] stands for custom fields of any name.
    pub field: Field,
    /// It is read.
    pub read: bool,
    /// It can be written, also when an item exists.
    pub write: bool,
    /// How many values it holds at most; the rest is left out. Of a one-valued field: absent.
    pub many: Option<u32>,
    /// How many characters (Unicode scalar values) a text holds at most; the rest is cut.
    pub max_len: Option<u32>,
    /// How finely a time is kept.
    pub precision: Option<Precision>,
}

impl FieldSupport {
    /// A field that is read and written without limits.
    pub fn full(field: impl Into<Field>) -> Self {
        Self { field: field.into(), read: true, write: true, many: None, max_len: None, precision: None }
    }

    /// Every field of a kind, and any custom field, without limits.
    #[must_use]
    pub fn all<R: crate::Record>() -> Vec<Self> {
        R::catalogue().fields().iter().map(|f| f.path).chain([Self::ANY_CUSTOM]).map(Self::full).collect()
    }

    /// Says all of it at the end of a text, briefly: for comparing, not for people.
    pub fn say(&self, text: &mut String) {
        let Self { field, read, write, many, max_len, precision } = self;
        text.push_str(field.as_str());
        text.push_str(match (read, write) {
            (true, true) => "\trw",
            (true, false) => "\tr",
            (false, true) => "\tw",
            (false, false) => "\t",
        });
        for (name, limit) in [("\tmany ", many), ("\tmost ", max_len)] {
            if let Some(limit) = limit {
                text.push_str(name);
                text.push_str(&limit.to_string());
            }
        }
        text.push_str(match precision {
            None => "\n",
            Some(Precision::Day) => "\tday\n",
            Some(Precision::Minute) => "\tminute\n",
        });
    }

    /// The name under which a side says that it holds custom fields of any name.
    pub const ANY_CUSTOM: &str = "custom";
}

/// What an item can have several of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// Its name, for people.
    pub name: String,
}
