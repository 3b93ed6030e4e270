//! Mailboxes: items in folders, and what became of them.

mod item;
mod log;

pub(crate) use item::{Exception, Extended, Item, Kind, Part, Photo, Series};
pub(crate) use log::{Change, Gone, Row, Scope};

use crate::graph::Trouble;
use crate::graph::ids::{self, Form, Named};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    /// The user principal name of its owner.
    pub(crate) owner: String,
    pub(crate) secret: Vec<u8>,
    pub(crate) items: BTreeMap<u64, Item>,
    children: BTreeMap<u64, BTreeSet<u64>>,
    /// What happened, oldest first.
    pub(crate) log: Vec<Change>,
    /// The number of the last change.
    pub(crate) seq: u64,
    keys: u64,
    /// Folders that the service makes, by the names that stand for their ids.
    pub(crate) known: BTreeMap<&'static str, u64>,
    /// Events made under a `transactionId`, by calendar.
    pub(crate) transactions: BTreeMap<String, u64>,
    pub(crate) settings: Map<String, Value>,
    pub(crate) trouble: Option<Trouble>,
    /// Whose delegated tokens may read and write it, besides the owner's.
    pub(crate) shared_with: BTreeSet<String>,
    /// Spans of changes that a restored backup undid: tokens that saw one of them are of no use.
    pub(crate) undone: Vec<(u64, u64)>,
    /// Changes that delta forgot although its tokens stay good.
    pub(crate) forgotten: u64,
}

impl Mailbox {
    pub(crate) fn new(owner: &str, seed: u64) -> Self {
        let secret = ids::secret(seed, &owner.to_lowercase());
        Self {
            owner: owner.to_owned(),
            secret,
            items: BTreeMap::new(),
            children: BTreeMap::new(),
            log: Vec::new(),
            seq: 0,
            keys: 0,
            known: BTreeMap::new(),
            transactions: BTreeMap::new(),
            settings: Map::new(),
            trouble: None,
            shared_with: BTreeSet::new(),
            undone: Vec::new(),
            forgotten: 0,
        }
    }

    /// The key of a folder that the service made; 0 if there is none of this name.
    pub(crate) fn known(&self, name: &str) -> u64 {
        self.known.get(name).copied().unwrap_or_default()
    }

    /// Makes an item.
    pub(crate) fn add(&mut self, kind: Kind, parent: u64, properties: Map<String, Value>, now: Timestamp) -> u64 {
        self.keys += 1;
        let key = self.keys;
        let item = Item {
            key,
            kind,
            parent,
            generation: 0,
            version: 0,
            created: now,
            modified: now,
            properties,
            extended: BTreeMap::new(),
            extensions: BTreeMap::new(),
            photo: None,
            series: Series::default(),
            parts: Vec::new(),
        };
        self.items.insert(key, item);
        self.children.entry(parent).or_default().insert(key);
        self.tell(key, None, true);
        key
    }

    /// A number that nothing else here has.
    pub(crate) const fn mint(&mut self) -> u64 {
        self.keys += 1;
        self.keys
    }

    /// Something about an item has changed.
    pub(crate) fn touch(&mut self, key: u64, now: Timestamp) {
        if let Some(item) = self.items.get_mut(&key) {
            item.modified = now;
        }
        self.tell(key, None, false);
    }

    fn tell(&mut self, key: u64, gone: Option<Gone>, came: bool) {
        self.seq += 1;
        let seq = self.seq;
        let Some(item) = self.items.get_mut(&key) else { return };
        item.version = seq;
        let (kind, parent, generation) = (item.kind, item.parent, item.generation);
        self.log.push(Change { seq, key, kind, parent, generation, gone, came });
    }

    /// Puts an item into another folder; its default id is another one then.
    pub(crate) fn relocate(&mut self, key: u64, to: u64, reason: Gone) {
        self.tell(key, Some(reason), false);
        let Some(item) = self.items.get_mut(&key) else { return };
        let from = std::mem::replace(&mut item.parent, to);
        item.generation += 1;
        if let Some(inside) = self.children.get_mut(&from) {
            inside.remove(&key);
        }
        self.children.entry(to).or_default().insert(key);
        self.tell(key, None, true);
    }

    /// Removes an item and all that lies in it, for good.
    pub(crate) fn remove(&mut self, key: u64) {
        for child in self.inside(key) {
            self.remove(child);
        }
        self.tell(key, Some(Gone::Deleted), false);
        if let Some(item) = self.items.remove(&key)
            && let Some(inside) = self.children.get_mut(&item.parent)
        {
            inside.remove(&key);
        }
        self.children.remove(&key);
    }

    /// The keys of what lies in `parent`, oldest first.
    pub(crate) fn inside(&self, parent: u64) -> Vec<u64> {
        self.children.get(&parent).map(|keys| keys.iter().copied().collect()).unwrap_or_default()
    }

    /// What of a kind lies in `parent`, or anywhere but in the bin where that is None; oldest first.
    pub(crate) fn of(&self, kind: Kind, parent: Option<u64>) -> Vec<&Item> {
        match parent {
            Some(parent) => {
                let keys = self.children.get(&parent).into_iter().flatten();
                keys.filter_map(|key| self.items.get(key)).filter(|item| item.kind == kind).collect()
            }
            None => self.items.values().filter(|item| item.kind == kind && !self.in_bin(item)).collect(),
        }
    }

    /// Whether an item that is not mail lies in Deleted Items.
    pub(crate) fn in_bin(&self, item: &Item) -> bool {
        item.parent != 0 && item.parent == self.known("deleteditems") && !matches!(item.kind, Kind::Message | Kind::MailFolder)
    }

    /// The id of an item, or of an occurrence of one.
    pub(crate) fn id_of(&self, item: &Item, day: Option<Date>, form: Form) -> String {
        let form = if item.kind.is_container() { Form::Default } else { form };
        ids::write(&self.secret, item.key, day, item.generation, form)
    }

    /// The id of a container by its key; empty if there is none.
    pub(crate) fn container_id(&self, key: u64) -> String {
        self.items.get(&key).map(|item| self.id_of(item, None, Form::Default)).unwrap_or_default()
    }

    /// What an id is of. `Ok(None)` if it is well-formed and finds nothing.
    pub(crate) fn find(&self, id: &str) -> Result<Option<(&Item, Named)>, Malformed> {
        let named = ids::read(id).ok_or(Malformed)?;
        let item = self.items.get(&named.key);
        Ok(item.filter(|item| ids::write(&self.secret, named.key, named.day, item.generation, named.form) == id).map(|item| (item, named)))
    }

    pub(crate) fn change_key(&self, key: u64, version: u64) -> String {
        ids::change_key(&self.secret, key, version)
    }
}

/// An id that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;
