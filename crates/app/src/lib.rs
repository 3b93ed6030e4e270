//! The small port by which a host app adapts its own database to pimkit.
//!
//! A host that keeps people, events or tasks in tables of its own implements [`AppStore`] once per
//! kind (list, changed, get, upsert, delete, facts) and, where it has merges, rights, saved views or
//! notices, [`Host`]. [`Adapted`] makes a full [`Connector`](pimkit_core::Connector) and
//! [`App`](pimkit_core::App) of them: cursors, paging, look-ups, conditional writes, and one of
//! three kinds of change feed.
//!
//! | the host has | [`Feed`] | how a change is found | how a deletion is found |
//! |---|---|---|---|
//! | an outbox, or a number that grows with each change | `Sequence` | numbers after the last one read | a line of the outbox |
//! | `updated_at` | `Updated` | times after the last one read, less an overlap | tombstones, or ids that are not there any more |
//! | neither | `Snapshot` | a hash of each item's fields, every round | absence from a complete listing |
//!
//! Not offered: categories, folders and full-text search of the host; photos and attachments only
//! where the store says that it keeps blobs.

mod adapted;
mod blobs;
mod feed;
mod host;
mod repository;
mod store;

pub use adapted::Adapted;
pub use host::Host;
pub use store::{Abilities, After, AppStore, Deleted, Feed, Guard, Line, Place, Row, Upsert, Upserted, What};
