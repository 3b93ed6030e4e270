//! A fresh server: every user's principal, homes and first collections, where the personality has them.

use super::{Clock, Collection, Kind, Tree, User, World};
use crate::faults::{FaultPlan, Faults};
use crate::login::Nonces;
use crate::path::folder;
use crate::personality::{DefaultCollection, Personality};
use crate::xml::{DAV, Element, Name};
use jiff::Timestamp;

impl World {
    pub(crate) fn new(personality: Personality, users: Vec<User>, clock: Clock, plan: FaultPlan) -> Self {
        let now = clock();
        let mut tree = Tree::default();
        for user in &users {
            add_user(&mut tree, &personality, &user.name, now);
        }
        if !personality.layout.context.contains("{user}") {
            tree.collections.entry(folder(&personality.layout.context)).or_insert_with(|| Collection::new(Kind::Folder, None, now));
        }
        Self {
            personality,
            users,
            clock,
            tree,
            before: None,
            lagging: 0,
            faults: Faults::new(plan),
            outbox: Vec::new(),
            seen: Vec::new(),
            nonces: Nonces::default(),
        }
    }
}

fn add_user(tree: &mut Tree, personality: &Personality, user: &str, now: Timestamp) {
    let layout = &personality.layout;
    let mut add = |path: &str, kind: Kind| {
        let path = folder(path);
        tree.collections.entry(path).or_insert_with(|| Collection::new(kind, Some(user), now)).kind
    };
    add(&World::path_of(&layout.principal, user), Kind::Principal);
    for home in layout.calendar_homes.iter().chain(&layout.book_homes) {
        add(&World::path_of(home, user), Kind::Folder);
    }
    if let Some(home) = layout.calendar_homes.first() {
        let home = World::path_of(home, user);
        for (slug, kind) in [(&layout.inbox, Kind::Inbox), (&layout.outbox, Kind::Outbox)] {
            if let Some(slug) = slug {
                add(&format!("{home}{slug}"), kind);
            }
        }
        for collection in &layout.calendars {
            insert(tree, &home, collection, Kind::Calendar, user, now);
        }
    }
    if let Some(home) = layout.book_homes.first() {
        let home = World::path_of(home, user);
        for collection in &layout.books {
            insert(tree, &home, collection, Kind::AddressBook, user, now);
        }
    }
}

fn insert(tree: &mut Tree, home: &str, first: &DefaultCollection, kind: Kind, user: &str, now: Timestamp) {
    let mut collection = Collection::new(kind, Some(user), now);
    collection.components.clone_from(&first.components);
    collection.read_only = first.read_only;
    let name = Name::new(DAV, "displayname");
    collection.properties.insert(name.clone(), Element::empty(&name).text(&first.name));
    tree.collections.insert(format!("{home}{}/", first.slug), collection);
}
