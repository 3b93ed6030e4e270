//! Everything the server knows, and what every request needs of it.

mod build;
mod deliver;
mod sync;
mod tree;

pub(crate) use sync::Since;
pub(crate) use tree::{Change, Collection, Done, Item, Kind, Tree};

use crate::faults::Faults;
use crate::login::Nonces;
use crate::outbox::Mail;
use crate::path;
use crate::personality::{EtagSource, EtagSpelling, Personality, Scheduling};
use crate::seen::Seen;
use jiff::Timestamp;
use std::sync::Arc;

/// Where the time comes from.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Somebody who may sign in.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
}

/// The server.
pub(crate) struct World {
    pub(crate) personality: Personality,
    pub(crate) users: Vec<User>,
    pub(crate) clock: Clock,
    pub(crate) tree: Tree,
    /// The tree before the last write, kept only if a fault may show it.
    pub(crate) before: Option<Tree>,
    /// How many reports still see it.
    pub(crate) lagging: u64,
    pub(crate) faults: Faults,
    pub(crate) outbox: Vec<Mail>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) nonces: Nonces,
}

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A collection, by its path.
    Collection(String),
    /// An item: its collection's path and its name.
    Item(String, String),
    /// Nothing: where it would be and how it would be called.
    Nothing(String, String),
}

impl World {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// What `path`, canonical, means to this server.
    pub(crate) fn target(&self, path: &str) -> Target {
        let folder = path::folder(path);
        let nothing = || Target::Nothing(path::parent(path), path::last(path).to_owned());
        if self.tree.collections.contains_key(&folder) {
            if self.personality.layout.slash_required && !path.ends_with('/') {
                return nothing();
            }
            return Target::Collection(folder);
        }
        let parent = path::parent(path);
        let name = path::last(path);
        let is_item = !path.ends_with('/') && self.tree.collections.get(&parent).is_some_and(|c| c.items.contains_key(name));
        if is_item { Target::Item(parent, name.to_owned()) } else { nothing() }
    }

    /// The addresses that a user is invited by (RFC 6638 section 2.4.1).
    pub(crate) fn address(user: &str) -> String {
        if user.contains('@') { user.to_owned() } else { format!("{user}@example.com") }
    }

    /// What an organizer is called who is this user, where that is not the mail address.
    pub(crate) fn alias(rules: &Scheduling, user: &str) -> Option<String> {
        rules.organizer_as.as_ref().map(|template| Self::path_of(template, user))
    }

    /// `template` for `user`.
    pub(crate) fn path_of(template: &str, user: &str) -> String {
        template.replace("{user}", user)
    }

    /// Stores `body` as `name` in `collection`, minting its tag; None if there is no such collection.
    pub(crate) fn store(&mut self, collection: &str, name: &str, body: String, uid: Option<String>, mild: bool) -> Option<Done> {
        let now = self.now();
        self.remember();
        let by_content = self.personality.etags.source == EtagSource::Content;
        let source = self.personality.etags.source;
        self.tree.counter += 1;
        let counter = self.tree.counter;
        let place = self.tree.collections.get_mut(collection)?;
        let old = place.items.get(name);
        if by_content && old.is_some_and(|old| old.body == body) {
            return Some(Done::Same);
        }
        let revision = old.map_or(0, |old| old.revision + 1);
        let schedule = old.filter(|_| mild).map_or(counter, |old| old.schedule);
        let etag = match source {
            EtagSource::Content => crate::hash::md5(body.as_bytes()),
            EtagSource::Change => crate::hash::md5(format!("{collection}{name}{counter}").as_bytes()),
            EtagSource::Revision => format!("gcs{revision:08}"),
        };
        let done = if old.is_some() { Done::Changed } else { Done::Created };
        place.seq += 1;
        let seq = place.seq;
        place.items.insert(name.to_owned(), Item { body, etag, schedule, modified: now, seq, revision, uid });
        place.log.push(Change { seq, name: name.to_owned(), done, at: now });
        place.last = Some(now);
        Some(done)
    }

    /// Removes an item; false if it was not there.
    pub(crate) fn remove(&mut self, collection: &str, name: &str) -> bool {
        let now = self.now();
        self.remember();
        let Some(place) = self.tree.collections.get_mut(collection) else { return false };
        let Some(item) = place.items.remove(name) else { return false };
        place.seq += 1;
        place.log.push(Change { seq: place.seq, name: name.to_owned(), done: Done::Removed, at: now });
        place.last = Some(now);
        place.bin.extend(item.uid);
        true
    }

    /// Keeps the tree as it is before a write, if a fault may show it.
    pub(crate) fn remember(&mut self) {
        if self.faults.lags() {
            self.before = Some(self.tree.clone());
        }
    }

    /// A UID or name of the server's own.
    pub(crate) fn mint(&mut self) -> String {
        self.tree.counter += 1;
        crate::hash::md5(format!("minted {}", self.tree.counter).as_bytes()).chars().take(16).collect()
    }

    /// The tag as headers and properties show it.
    pub(crate) fn spelt(&self, etag: &str) -> String {
        match self.personality.etags.spelling {
            EtagSpelling::Quoted => format!("\"{etag}\""),
            EtagSpelling::Bare => etag.to_owned(),
            EtagSpelling::Weak => format!("W/\"{etag}\""),
            EtagSpelling::Gzip => format!("\"{etag}-gzip\""),
        }
    }
}
