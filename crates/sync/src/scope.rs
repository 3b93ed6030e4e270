//! What may be synced at all: an item outside of it keeps its link and its base, and is left alone.
//!
//! An item is in scope when its collection was chosen, it is of the kind, and we may see it.
//! Ownership, visibility, views, categories and provenance join here, as further reasons.

use pimkit_core::{Access, Collection, Presence, SeenRow};

/// Why an item is outside; absent when it is inside.
pub(crate) fn outside(row: &SeenRow) -> Option<&'static str> {
    match row.presence {
        Presence::Hidden => Some("it is hidden from this account"),
        Presence::OtherKind => Some("it is of another kind"),
        _ => None,
    }
}

/// Whether items of the collection may be written.
pub(crate) fn writable(collection: &Collection) -> bool {
    collection.access == Access::Write && collection.capabilities.write
}
