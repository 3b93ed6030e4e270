//! Collections, items and what happened to them.

use crate::xml::{Element, Name};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What can be restored: all that is stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    /// By canonical path, with its trailing slash.
    pub(crate) collections: BTreeMap<String, Collection>,
    /// Goes up with every write, whatever is written.
    pub(crate) counter: u64,
    /// Goes up when all tokens expire.
    pub(crate) epoch: u64,
    /// The tokens that were given out, by collection and token, and the change up to which they tell.
    pub(crate) issued: BTreeMap<(String, String), u64>,
    /// How many collections each user has made.
    pub(crate) made: BTreeMap<String, u32>,
    /// Paths of deleted collections that stay taken.
    pub(crate) slugs: BTreeSet<String>,
}

/// What a collection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Homes, roots, and what a plain MKCOL makes.
    Folder,
    Principal,
    Calendar,
    AddressBook,
    Inbox,
    Outbox,
}

#[derive(Debug, Clone)]
pub(crate) struct Collection {
    /// None: everybody's.
    pub(crate) owner: Option<String>,
    pub(crate) kind: Kind,
    /// Component types of a calendar.
    pub(crate) components: Vec<String>,
    /// Dead properties, and those live ones that clients set.
    pub(crate) properties: BTreeMap<Name, Element>,
    pub(crate) items: BTreeMap<String, Item>,
    pub(crate) log: Vec<Change>,
    pub(crate) seq: u64,
    pub(crate) read_only: bool,
    /// Answers 403 to everything.
    pub(crate) hidden: bool,
    /// UIDs of deleted items.
    pub(crate) bin: BTreeSet<String>,
    pub(crate) created: Timestamp,
    /// When its members last changed.
    pub(crate) last: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) body: String,
    /// Without quotes.
    pub(crate) etag: String,
    /// What the schedule tag counts.
    pub(crate) schedule: u64,
    pub(crate) modified: Timestamp,
    pub(crate) seq: u64,
    pub(crate) revision: u32,
    pub(crate) uid: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) seq: u64,
    pub(crate) name: String,
    pub(crate) done: Done,
    pub(crate) at: Timestamp,
}

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Created,
    Changed,
    Removed,
    /// Nothing: the bytes are those that were there.
    Same,
}

impl Collection {
    pub(crate) fn new(kind: Kind, owner: Option<&str>, created: Timestamp) -> Self {
        Self {
            owner: owner.map(str::to_owned),
            kind,
            components: Vec::new(),
            properties: BTreeMap::new(),
            items: BTreeMap::new(),
            log: Vec::new(),
            seq: 0,
            read_only: false,
            hidden: false,
            bin: BTreeSet::new(),
            created,
            last: None,
        }
    }

    /// All but its items and what became of them: what properties are made of.
    pub(crate) fn outline(&self) -> Self {
        Self {
            owner: self.owner.clone(),
            components: self.components.clone(),
            properties: self.properties.clone(),
            items: BTreeMap::new(),
            log: Vec::new(),
            bin: BTreeSet::new(),
            ..*self
        }
    }

    /// Whether items may lie in it.
    pub(crate) const fn holds_items(&self) -> bool {
        matches!(self.kind, Kind::Calendar | Kind::AddressBook | Kind::Inbox | Kind::Outbox)
    }

    /// The text of a property that was set.
    pub(crate) fn text(&self, space: &str, local: &str) -> Option<String> {
        self.properties.get(&Name::new(space, local)).map(Element::content)
    }
}

impl Tree {
    /// The collections directly within `path`.
    pub(crate) fn within(&self, path: &str) -> Vec<String> {
        let from = path.to_owned();
        self.collections
            .range(from..)
            .map(|(inner, _)| inner)
            .take_while(|inner| inner.starts_with(path))
            .filter(|inner| inner.as_str() != path && crate::path::parent(inner) == path)
            .cloned()
            .collect()
    }

    /// Removes a collection and all within it.
    pub(crate) fn cut(&mut self, path: &str) {
        self.collections.retain(|inner, _| !inner.starts_with(path));
        self.issued.retain(|(inner, _), _| !inner.starts_with(path));
    }
}
