//! Who there is in the organisation.

use crate::graph::store::Photo;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Users and groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    /// By principal name in lower case.
    pub(crate) users: BTreeMap<String, User>,
    /// Members by the id of the group, as the keys of users.
    pub(crate) groups: BTreeMap<String, Vec<String>>,
    /// What happened: the number, the user's id, its key, whether it went.
    pub(crate) log: Vec<Happened>,
    pub(crate) seq: u64,
    /// Spans of changes that a restored backup undid.
    pub(crate) undone: Vec<(u64, u64)>,
}

/// A user.
#[derive(Debug, Clone, Default)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) properties: Map<String, Value>,
    pub(crate) photo: Option<Photo>,
    /// The key of the manager.
    pub(crate) manager: Option<String>,
    /// When it came, as a number of the log.
    pub(crate) seq: u64,
}

/// One change of the directory.
#[derive(Debug, Clone)]
pub(crate) struct Happened {
    pub(crate) seq: u64,
    pub(crate) id: String,
    /// None if the user went: whether it can be restored is said beside.
    pub(crate) key: Option<String>,
    pub(crate) restorable: bool,
    /// Which properties changed; none if it came.
    pub(crate) names: Vec<String>,
}

impl Directory {
    /// A user came or changed.
    pub(crate) fn touch(&mut self, key: &str, names: Vec<String>) {
        let Some(user) = self.users.get_mut(key) else { return };
        self.seq += 1;
        user.seq = self.seq;
        self.log.push(Happened { seq: self.seq, id: user.id.clone(), key: Some(key.to_owned()), restorable: false, names });
    }

    /// A user goes; one that is `restorable` can come back for thirty days.
    pub(crate) fn remove(&mut self, key: &str, restorable: bool) -> bool {
        let Some(user) = self.users.remove(key) else { return false };
        self.seq += 1;
        self.log.push(Happened { seq: self.seq, id: user.id, key: None, restorable, names: Vec::new() });
        true
    }
}
