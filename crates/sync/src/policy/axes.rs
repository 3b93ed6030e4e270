//! The axes of taste, each a short list of words. Products disagree about every one of them.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$meta:meta])* $name:ident { $($(#[$word_meta:meta])* $word:ident),* $(,)? })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_meta])* $word),* }
    )*};
}

words! {
    /// Which side follows the other.
    Direction {
        /// Both follow each other.
        #[default]
        TwoWay,
        /// The hub follows the far side; the far side is never written.
        ToLeft,
        /// The far side follows the hub; the hub is never written.
        ToRight,
    }

    /// What becomes of an edit on the side that only follows.
    Drift {
        /// It stays there, until the leading side changes the same field.
        #[default]
        Keep,
        /// The leading side's value is put back.
        Restore,
    }

    /// Which value wins where both sides changed one field. The loser is kept in the journal.
    Conflicts {
        /// The one changed later; where that cannot be told, the left one.
        #[default]
        Newest,
        /// The hub's.
        Left,
        /// The far side's.
        Right,
        /// Of a meeting, its organiser's; of anything else as `newest`.
        Organiser,
        /// The left one stays, and the other side's record becomes a record of its own.
        KeepBoth,
        /// Neither: both sides stay as they are until somebody decides.
        Ask,
    }

    /// What a change is measured by.
    Granularity {
        /// Each field, or atomic group of fields, for itself.
        #[default]
        Field,
        /// The whole record is one field.
        Record,
    }

    /// Where a conflict's loser is kept beside the journal.
    Loser {
        /// In the journal only.
        #[default]
        Journal,
        /// In a custom field of the hub record too, made if need be.
        Field,
    }

    /// What a deletion on one side does to the other.
    Deletes {
        /// Nothing; a tombstone keeps the deleted one from coming back.
        Ignore,
        /// It is held and shown; an approval carries it over.
        Ask,
        /// The other goes to the trash; where there is none, it is held.
        #[default]
        Trash,
        /// The other is deleted for good; the journal keeps what it was.
        Delete,
    }

    /// Whether a deletion at a far side may reach the hub record, which other far sides may have too.
    HubDelete {
        /// Never: the link is detached, the record stays.
        Never,
        /// Only where no other far side has the record; else that link alone is detached.
        #[default]
        Last,
        /// Always, whoever else has it.
        Any,
    }

    /// Which hub records are synced, by the acting user's standing.
    Scope {
        /// All that the connector shows.
        #[default]
        All,
        /// Those that the acting user may see.
        Visible,
        /// Those that the acting user owns.
        Owned,
    }

    /// Which far collections may be synced.
    Folders {
        /// All that were chosen.
        #[default]
        Any,
        /// Only the account's own, private ones; a shared or public one is refused with its reason.
        Private,
    }

    /// Where the far items of a sync lie.
    Container {
        /// In the chosen collections.
        #[default]
        Selected,
        /// In a collection of the sync's own, made and kept by the engine.
        Dedicated,
        /// In place, told by their categories.
        Tag,
    }

    /// What happens when a user renames what the engine manages (its container, its categories).
    Renamed {
        /// The name is put back.
        #[default]
        Restore,
        /// The new name stays, and goes on to be managed: of a category also on the items.
        Follow,
    }

    /// What happens when a user deletes the sync's own container.
    Removed {
        /// It is taken as "stop": the sync is disabled, and its teardown runs.
        #[default]
        Disable,
        /// It is made again, with everything that was in it.
        Restore,
    }

    /// What becomes of several items of one side that say the same.
    Duplicates {
        /// Each is an item of its own on the other side too.
        #[default]
        Import,
        /// All but the first wait until somebody looks.
        Hold,
    }

    /// What to do with an item that several items of the other side fit.
    Ambiguous {
        /// It waits until somebody decides.
        #[default]
        Ask,
        /// The best scored one is taken, the first by id among equals.
        Best,
        /// It is taken for another thing.
        Make,
    }

    /// Whether records that came into the app in bulk are synced.
    Imported {
        /// As all others.
        #[default]
        Include,
        /// Never.
        Exclude,
        /// Not before they were changed by a mass update or one by one.
        ExcludeUntilChanged,
    }

    /// How series are taken that were made outside of the app, and what is changed there of single occurrences.
    Recurrence {
        /// As they are.
        #[default]
        Apply,
        /// The series is shown as it was made, for looking at only; what is changed of one occurrence stays at the far side.
        Ignore,
    }

    /// What the app's users may do with meetings that they are only invited to.
    Invited {
        /// The app offers to change them. What only the organiser may change is held and shown all the same.
        #[default]
        Write,
        /// Only look at them. An edit on the hub is held and shown.
        Read,
    }

    /// Who may switch the sync on.
    Enabling {
        /// Any user.
        #[default]
        Anybody,
        /// Those who may view, create, edit and delete records of the kind.
        Rights,
    }

    /// What becomes of the far copies when the sync is disabled.
    Teardown {
        /// They stay, and the links are forgotten: set up again, the sides are matched anew.
        #[default]
        Leave,
        /// They stay, and the links are kept aside: set up again, the sync goes on where it was.
        Archive,
        /// Those that the sync made are deleted.
        DeleteMade,
        /// The sync's own container is deleted, with all that is in it.
        DeleteContainer,
    }

    /// Of what the app's own user is told. Never mail to attendees.
    Notices {
        /// Of nothing.
        #[default]
        None,
        /// Of records that come in new.
        Created,
        /// Of records that come in new or changed.
        All,
    }

    /// What becomes of the attendees of an event that is copied to a far side.
    Attendees {
        /// They are attendees there too. A provider that cannot keep silent refuses.
        Real,
        /// They stand in the description, as text.
        AsText,
        /// They stay on the hub; nothing is sent of them.
        #[default]
        Hidden,
        /// They are kept on neither side's copy: what comes in from the far side comes without.
        Drop,
    }
}

/// One axis: its number in the comparison of products, its config key, and its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// `C1` to `C18`.
    pub id: &'static str,
    /// The key in a config.
    pub key: &'static str,
    /// The words that it takes; the first is not always the default.
    pub words: &'static [&'static str],
}

/// Every axis whose values are words.
pub const AXES: &[Axis] = &[
    Axis { id: "C1", key: "deletes", words: &["ignore", "ask", "trash", "delete"] },
    Axis { id: "C1", key: "deletes_left", words: &["ignore", "ask", "trash", "delete"] },
    Axis { id: "C1", key: "deletes_right", words: &["ignore", "ask", "trash", "delete"] },
    Axis { id: "C1", key: "hub_delete", words: &["never", "last", "any"] },
    Axis { id: "C2", key: "conflicts", words: &["newest", "left", "right", "organiser", "keep_both", "ask"] },
    Axis { id: "C2", key: "granularity", words: &["field", "record"] },
    Axis { id: "C2", key: "loser", words: &["journal", "field"] },
    Axis { id: "C3", key: "scope", words: &["all", "visible", "owned"] },
    Axis { id: "C3", key: "folders", words: &["any", "private"] },
    Axis { id: "C4", key: "container", words: &["selected", "dedicated", "tag"] },
    Axis { id: "C5", key: "duplicates", words: &["import", "hold"] },
    Axis { id: "C6", key: "imported", words: &["include", "exclude", "exclude_until_changed"] },
    Axis { id: "C8", key: "direction", words: &["two_way", "to_left", "to_right"] },
    Axis { id: "C8", key: "drift", words: &["keep", "restore"] },
    Axis { id: "C9", key: "recurrence", words: &["apply", "ignore"] },
    Axis { id: "C9", key: "invited", words: &["write", "read"] },
    Axis { id: "C10", key: "enabling", words: &["anybody", "rights"] },
    Axis { id: "C11", key: "teardown", words: &["leave", "archive", "delete_made", "delete_container"] },
    Axis { id: "C12", key: "renamed", words: &["restore", "follow"] },
    Axis { id: "C12", key: "removed", words: &["disable", "restore"] },
    Axis { id: "C13", key: "notices", words: &["none", "created", "all"] },
    Axis { id: "C15", key: "ambiguous", words: &["ask", "best", "make"] },
    Axis { id: "C18", key: "attendees", words: &["real", "as_text", "hidden", "drop"] },
];
