//! What a side says is there.

use crate::{Access, CollectionId, Cursor, Error, Event, Field, ItemId, Kind, Mark, PageToken, Record, Revision, When};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::any::Any;

/// One item as the side has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored<R> {
    /// Its id.
    pub id: ItemId,
    /// Where it is.
    pub collection: CollectionId,
    /// Its version.
    pub revision: Revision,
    /// What it says.
    pub record: R,
    /// When it was last changed, by the side's own clock.
    pub modified: Option<Timestamp>,
    /// The mark that it was made with, where the side keeps one.
    pub mark: Option<Mark>,
    /// What we may do with it.
    pub access: Access,
    /// Fields that were not readable this time: unknown, never empty, never written.
    pub unread: Vec<Field>,
}

impl<R> Stored<R> {
    /// A writable item without a mark, all of it read.
    pub fn new(id: impl Into<ItemId>, collection: &CollectionId, revision: impl Into<Revision>, record: R) -> Self {
        Self {
            id: id.into(),
            collection: collection.clone(),
            revision: revision.into(),
            record,
            modified: None,
            mark: None,
            access: Access::Write,
            unread: Vec::new(),
        }
    }
}

/// One line of a listing.
#[derive(Clone, Debug)]
pub enum Change<R> {
    /// New or changed, and the record came along.
    Upserted(Box<Stored<R>>),
    /// There, at this revision. Fetch it if you hold another, or none.
    Listed {
        /// The item.
        id: ItemId,
        /// Its version; absent where the side names none (a DAV server without ETags): fetch it.
        revision: Option<Revision>,
    },
    /// Gone from this collection.
    Removed {
        /// The item.
        id: ItemId,
        /// As far as the side says why.
        reason: Removal,
    },
    /// There, but of another kind, in a collection that holds several (VEVENT and VTODO). Neither
    /// unreadable nor absent.
    OtherKind {
        /// The item.
        id: ItemId,
        /// Its version.
        revision: Option<Revision>,
        /// Its kind, when that is one of ours.
        kind: Option<Kind>,
    },
    /// There, but we cannot read it. Never a deletion.
    Unreadable {
        /// The item.
        id: ItemId,
        /// Its version, when known.
        revision: Option<Revision>,
        /// Why not.
        error: Error,
    },
}

impl<R> Change<R> {
    /// The item that the line is about.
    pub fn id(&self) -> &ItemId {
        match self {
            Self::Upserted(stored) => &stored.id,
            Self::Listed { id, .. } | Self::Removed { id, .. } | Self::OtherKind { id, .. } | Self::Unreadable { id, .. } => id,
        }
    }
}

/// Why an item is gone from a collection, as far as the side says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Removal {
    /// Deleted. Still only a suspicion to the engine.
    Deleted,
    /// Moved elsewhere, or out of the view.
    Left,
    /// It does not say.
    Unknown,
}

/// How a round goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// There is another page.
    More(PageToken),
    /// The round is over.
    Done {
        /// Where the next round starts.
        cursor: Cursor,
        /// Every item there was named in this round: absence is a suspicion of deletion.
        complete: bool,
    },
}

/// One page of a round.
#[derive(Clone, Debug)]
pub struct ChangePage<R> {
    /// Its lines, in the side's order. An id may come twice; the later line counts.
    pub changes: Vec<Change<R>>,
    /// How the round goes on.
    pub next: Next,
}

/// Where to read from.
#[derive(Clone, Copy, Debug)]
pub enum Position<'a> {
    /// A new round that names everything.
    Start,
    /// A new round that names what changed since.
    Since(&'a Cursor),
    /// The next page of a round.
    Page(&'a PageToken),
}

/// What a round is asked to be like. Cursors and page tokens are bound to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ChangeOptions {
    /// Only events that touch this span.
    pub window: Option<(Timestamp, Timestamp)>,
    /// How many lines a page should have at most; a side may give fewer, or more.
    pub page_size: Option<u32>,
}

impl ChangeOptions {
    /// The same with this page size.
    #[must_use]
    pub fn page_size(mut self, lines: u32) -> Self {
        self.page_size = Some(lines);
        self
    }

    /// Whether a record belongs into the window, for sides that look through records themselves.
    /// Only events have a window. A series counts from its first occurrence on: when it ends takes
    /// its expansion, and one too many is nothing lost. What cannot be placed in time is in.
    #[must_use]
    pub fn admits<R: Record>(&self, record: &R) -> bool {
        let (Some((from, to)), Some(event)) = (self.window, (record as &dyn Any).downcast_ref::<Event>()) else { return true };
        let instant = |when: &When| when.instant().or_else(|| TimeZone::UTC.to_timestamp(when.wall()).ok());
        let Some(start) = event.start.as_ref().and_then(instant) else { return true };
        // Floating times and whole days are in the reader's zone, at most 14 hours off.
        let slack = if event.start.as_ref().is_some_and(|s| s.zone().is_none()) { 14 * 3600 } else { 0 };
        if start.as_second() - slack >= to.as_second() {
            return false;
        }
        if !event.recurrence_rules.is_empty() || !event.recurrence_overrides.is_empty() {
            return true;
        }
        let end = match event.end.as_ref().and_then(instant) {
            Some(end) => end.as_second(),
            None if event.start.as_ref().is_some_and(When::is_all_day) => start.as_second() + 86_400,
            None => start.as_second(),
        };
        end + slack >= from.as_second()
    }
}

/// What a fetch by id found.
#[derive(Clone, Debug)]
pub enum Fetched<R> {
    /// It is there.
    Found(Box<Stored<R>>),
    /// Not there, while account and collection still answer.
    Gone,
    /// There, but not for us: permission, hold, private.
    Hidden,
    /// There, but of another kind.
    OtherKind {
        /// Its version.
        revision: Option<Revision>,
        /// Its kind, when that is one of ours.
        kind: Option<Kind>,
    },
    /// There, but we cannot read what it says. Never a deletion.
    Unreadable {
        /// Its version, when known.
        revision: Option<Revision>,
        /// Why not.
        error: Error,
    },
    /// The question failed: nothing is known.
    Failed(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_admits_the_events_that_touch_it() {
        let window = ("2026-03-02T00:00:00Z".parse().unwrap(), "2026-03-09T00:00:00Z".parse().unwrap());
        let options = ChangeOptions { window: Some(window), page_size: None };
        for (start, end, rules, expected) in [
            ("2026-03-01T10:00", "2026-03-01T11:00", 0, false),
            ("2026-03-01T23:00", "2026-03-02T01:00", 0, true),
            ("2026-03-05T10:00", "2026-03-05T11:00", 0, true),
            ("2026-03-09T00:00", "2026-03-09T01:00", 0, false),
            ("2020-01-01T10:00", "2020-01-01T11:00", 1, true),
        ] {
            let event = Event::build(|e| {
                e.start = Some(When::zoned(start.parse().unwrap(), "UTC"));
                e.end = Some(When::zoned(end.parse().unwrap(), "UTC"));
                e.recurrence_rules = vec![Default::default(); rules];
            });
            assert_eq!(options.admits(&event), expected, "{start}");
        }
    }
}
