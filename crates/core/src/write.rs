//! What we ask a side to do, and what it answers.

use crate::{BlobSource, CollectionId, Error, Field, ItemId, Mark, Revision, Stored};
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// One write.
#[derive(Clone, Debug)]
pub enum Write<R> {
    /// A new item.
    Create {
        /// Stays on the item where the side has a place for it.
        mark: Mark,
        /// What it says.
        record: R,
    },
    /// A change of the fields in which `base` and `target` differ, and of no other.
    Update {
        /// The item.
        id: ItemId,
        /// The version that the change was planned against.
        revision: Revision,
        /// The item at that version, as far as it was read.
        base: Box<R>,
        /// What it shall say.
        target: Box<R>,
        /// A new mark for it, where the side has a place for one.
        mark: Option<Mark>,
    },
    /// A move to another collection.
    Move {
        /// The item.
        id: ItemId,
        /// The version that the move was planned against.
        revision: Revision,
        /// Where to.
        to: CollectionId,
    },
    /// A deletion.
    Delete {
        /// The item.
        id: ItemId,
        /// The version that the deletion was planned against.
        revision: Revision,
        /// To the trash, or for good.
        mode: Delete,
    },
}

impl<R> Write<R> {
    /// The item that the write is about; none for a create.
    pub fn id(&self) -> Option<&ItemId> {
        match self {
            Self::Create { .. } => None,
            Self::Update { id, .. } | Self::Move { id, .. } | Self::Delete { id, .. } => Some(id),
        }
    }
}

/// How to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Delete {
    /// To the trash; refused with `Unavailable` where there is none.
    Trash,
    /// For good.
    Permanent,
}

/// Who is told of a write by the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Notify {
    /// Nobody. What would mail all the same is refused with `WouldNotify` before it is sent.
    #[default]
    Nobody,
    /// The attendees, as the provider does it.
    Attendees,
}

/// How to write.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct WriteOptions {
    /// Who is told.
    pub notify: Notify,
    /// Where the bytes behind the targets' blobs come from.
    pub blobs: Option<Arc<dyn BlobSource>>,
}

impl WriteOptions {
    /// The same, with blobs from this source.
    #[must_use]
    pub fn blobs(mut self, source: Arc<dyn BlobSource>) -> Self {
        self.blobs = Some(source);
        self
    }

    /// The same, telling these.
    #[must_use]
    pub fn notify(mut self, notify: Notify) -> Self {
        self.notify = notify;
        self
    }
}

impl fmt::Debug for WriteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteOptions").field("notify", &self.notify).field("blobs", &self.blobs.is_some()).finish()
    }
}

/// What became of a write.
#[derive(Clone, Debug)]
pub enum Outcome<R> {
    /// Stored.
    Written {
        /// The item; a move may give it a new id.
        id: ItemId,
        /// Its version after the write, when the side says it; absent after a deletion.
        revision: Option<Revision>,
        /// The item as it is there, when the side changed what we sent, or says it anyway.
        now: Option<Box<Stored<R>>>,
        /// Fields that the side did not take, and why.
        left_out: Vec<(Field, Error)>,
    },
    /// Not stored: the item is at another version, or gone.
    Conflict {
        /// The item as it is there, when the side says it.
        now: Option<Box<Stored<R>>>,
    },
    /// Not stored, and not stored the next time either unless something changes.
    Refused(Error),
    /// Perhaps stored. Probe as [`Create`](crate::Create) says; only a `Repeatable` create is sent again.
    Unknown(Error),
}

impl<R> Outcome<R> {
    /// Stored as sent.
    pub fn written(id: impl Into<ItemId>, revision: Option<Revision>) -> Self {
        Self::Written { id: id.into(), revision, now: None, left_out: Vec::new() }
    }
}
