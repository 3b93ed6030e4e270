//! Opaque identifiers. Nobody but the side that made one may read meaning into it.
//!
//! Every row of the state says several of them, and every look-up makes one: short ones lie in place, longer ones are shared,
//! and a copy of either takes no memory.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

macro_rules! opaque {
    ($($(#[$meta:meta])* $name:ident),* $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// An id that the program itself names. It takes no memory.
            #[must_use]
            pub const fn of(text: &'static str) -> Self {
                Self(SmolStr::new_static(text))
            }

            /// The text as its maker wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(SmolStr::new(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(SmolStr::from(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        /// So that a map keyed by it can be asked with plain text; order and equality are the text's.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

opaque! {
    /// A place that holds each of its items once: folder, calendar, address book, task list.
    CollectionId,
    /// What an item can have several of: an Outlook category, a Google group, a Gmail label.
    CategoryId,
    /// One item within one account and kind.
    ItemId,
    /// Bytes that belong to an item. It changes when the bytes change.
    BlobId,
    /// Opaque version of one item; equal means "not edited since".
    Revision,
    /// Sync id, hub id and generation; the generation grows with each re-creation or copy. Minted
    /// before a create leaves. Where the provider has a place for it (property, resource name) it
    /// stays on the item and comes back in [`Stored::mark`](crate::Stored::mark).
    Mark,
    /// One account, as the state knows it.
    AccountId,
    /// Syncs that share an account form one component; one lease covers it.
    ComponentId,
    /// One configured sync: a hub, a far side and a kind.
    SyncId,
    /// A path in the field catalogue, such as `emails` or `name.given`; `custom.X` for a custom field.
    Field,
    /// Restart point inside a round. Versioned, serialisable, bound to the options of its round.
    PageToken,
    /// Restart point between rounds. Versioned, serialisable, bound to the options of its round.
    Cursor,
}
