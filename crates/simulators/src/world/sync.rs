//! Sync tokens: how they are spelt, what they stand for, what has changed since.

use super::{Collection, Done, World};
use crate::hash;
use crate::personality::Counter;
use std::collections::BTreeMap;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nothing is known yet.
    Start,
    /// All up to this change is known.
    Change(u64),
    /// All before this second is known.
    Second(i64),
}

/// What a sync has to tell, in the order of the changes.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    /// Change and name, and whether it is there.
    pub(crate) members: Vec<(u64, String, bool)>,
}

impl World {
    /// The token of `collection` as it is now, registered as given out; `offset` is what PROPFIND adds.
    pub(crate) fn token(&mut self, path: &str, offset: i64) -> Option<String> {
        let seq = self.tree.collections.get(path)?.seq;
        self.token_at(path, seq, offset)
    }

    /// The token of `collection` after its change `seq`.
    pub(crate) fn token_at(&mut self, path: &str, seq: u64, offset: i64) -> Option<String> {
        let counter = self.counter(path, seq, offset)?;
        let token = format!("{}{counter}", self.personality.sync.prefix);
        self.tree.issued.insert((path.to_owned(), token.clone()), seq);
        Some(token)
    }

    /// The token of a page that ends with the change `reached`: at Cyrus it has the counters of the page in it.
    pub(crate) fn page_token(&mut self, path: &str, reached: u64) -> Option<String> {
        if self.personality.sync.counter != Counter::ValidityModseq {
            return self.token_at(path, reached, 0);
        }
        let latest = self.tree.collections.get(path)?.seq;
        let whole = self.counter(path, latest, 0)?;
        let token = format!("{}{whole}-{}-{}", self.personality.sync.prefix, reached + 1, latest + 1);
        self.tree.issued.insert((path.to_owned(), token.clone()), reached);
        Some(token)
    }

    /// What a token counts, without its prefix.
    pub(crate) fn counter(&self, path: &str, seq: u64, offset: i64) -> Option<String> {
        let collection = self.tree.collections.get(path)?;
        Some(match self.personality.sync.counter {
            Counter::Number => (i64::try_from(seq + self.tree.epoch + 1).unwrap_or(i64::MAX) + offset).to_string(),
            Counter::Sha256 => hash::sha256(state(path, self.tree.epoch, collection, seq).as_bytes()),
            Counter::Sha1 => hash::sha256(state(path, self.tree.epoch, collection, seq).as_bytes()).chars().take(40).collect(),
            Counter::ValidityModseq => format!("{}-{}", 1_700_000_000 + self.tree.epoch, seq + 1),
            Counter::Second => {
                collection.last.filter(|_| seq > 0).map_or_else(|| "-1".to_owned(), |last| (last.as_second() + offset).to_string())
            }
        })
    }

    /// What `token` stands for; None if this server does not know it.
    pub(crate) fn since(&self, path: &str, token: &str) -> Option<Since> {
        if token.is_empty() {
            return Some(Since::Start);
        }
        if self.personality.sync.counter == Counter::Second {
            return token.strip_prefix(self.personality.sync.prefix.as_str())?.parse().ok().map(Since::Second);
        }
        self.tree.issued.get(&(path.to_owned(), token.to_owned())).copied().map(Since::Change)
    }
}

/// What a hashed token is made of: the members too, so that a restored server does not give out the tokens of another past.
fn state(path: &str, epoch: u64, collection: &Collection, seq: u64) -> String {
    let mut out = format!("{path}\n{epoch}\n{seq}\n");
    for (name, item) in collection.items.iter().filter(|(_, item)| item.seq <= seq) {
        out.push_str(name);
        out.push_str(&item.etag);
    }
    out
}

impl Collection {
    /// What has changed `since`; without `short_lived`, what came and went in between is not told.
    pub(crate) fn delta(&self, since: Since, short_lived: bool) -> Delta {
        let members = match since {
            Since::Start => {
                let mut members: Vec<_> = self.items.iter().map(|(name, item)| (item.seq, name.clone(), true)).collect();
                members.sort();
                members
            }
            Since::Change(_) | Since::Second(_) => {
                // By name: whether it was created within the delta, and its last change.
                let mut told: BTreeMap<&str, (bool, u64, bool)> = BTreeMap::new();
                let after = self.log.iter().filter(|change| match since {
                    Since::Change(seq) => change.seq > seq,
                    Since::Second(second) => change.at.as_second() >= second,
                    Since::Start => true,
                });
                for change in after {
                    let there = change.done != Done::Removed;
                    let entry = told.entry(&change.name).or_insert((change.done == Done::Created, change.seq, there));
                    entry.1 = change.seq;
                    entry.2 = there;
                }
                let mut members: Vec<_> = told
                    .into_iter()
                    .filter(|(_, (created, _, there))| *there || short_lived || !created)
                    .map(|(name, (_, seq, there))| (seq, name.to_owned(), there))
                    .collect();
                members.sort();
                members
            }
        };
        Delta { members }
    }
}
