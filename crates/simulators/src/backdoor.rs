//! What happens to a server behind its clients' backs: other clients of the same user, administrators, backups.

use crate::answer::Answer;
use crate::content;
use crate::dav::Dav;
use crate::path;
use crate::personality::XmlStyle;
use crate::world::{Collection, Kind, Target, Tree, World};
use crate::xml::{self, DAV, Element, Inside, Name};

/// A collection as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionView {
    /// Its canonical path, not percent-encoded, with a slash at its end.
    pub path: String,
    /// What it is for.
    pub kind: CollectionKind,
    /// Its display name, if it has one.
    pub displayname: Option<String>,
    /// The component types of a calendar.
    pub components: Vec<String>,
    /// Whether writing is refused.
    pub read_only: bool,
    /// How many items lie in it.
    pub items: usize,
}

/// What a collection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollectionKind {
    /// Events, tasks, journals.
    Calendar,
    /// Contacts.
    AddressBook,
}

/// All that a server stores, at one moment.
#[derive(Clone)]
pub struct Snapshot(Tree);

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("collections", &self.0.collections.len()).finish()
    }
}

impl Dav {
    /// The calendars and address books of a user, by path.
    #[must_use]
    pub fn collections(&self, user: &str) -> Vec<CollectionView> {
        let world = self.world();
        let mine = world.tree.collections.iter().filter(|(_, collection)| collection.owner.as_deref() == Some(user));
        mine.filter_map(|(path, collection)| {
            let kind = match collection.kind {
                Kind::Calendar => CollectionKind::Calendar,
                Kind::AddressBook => CollectionKind::AddressBook,
                _ => return None,
            };
            Some(CollectionView {
                path: path.clone(),
                kind,
                displayname: collection.text(DAV, "displayname"),
                components: collection.components.clone(),
                read_only: collection.read_only,
                items: collection.items.len(),
            })
        })
        .collect()
    }

    /// The paths of a collection's items; empty if there is no such collection.
    #[must_use]
    pub fn list(&self, collection: &str) -> Vec<String> {
        let at = path::folder(collection);
        let world = self.world();
        world.tree.collections.get(&at).map(|place| place.items.keys().map(|name| format!("{at}{name}")).collect()).unwrap_or_default()
    }

    /// The entity tag, without quotes, and the body of an item.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<(String, String)> {
        let world = self.world();
        let Target::Item(collection, name) = world.target(&path::canonical(path)?) else { return None };
        let item = world.tree.collections.get(&collection)?.items.get(&name)?;
        Some((item.etag.clone(), item.body.clone()))
    }

    /// Stores a body as it is, as another client of the user would, without checks, rewriting or mails. The new entity tag; None
    /// if there is no such collection.
    pub fn put(&self, path: &str, body: &str) -> Option<String> {
        let mut world = self.world();
        let canonical = path::canonical(path)?;
        let (collection, name) = (path::parent(&canonical), path::last(&canonical).to_owned());
        let uid = content::parse(body).ok().and_then(|roots| roots.first().and_then(|root| content::uid(root).map(str::to_owned)));
        if !world.tree.collections.get(&collection).is_some_and(Collection::holds_items) {
            return None;
        }
        world.store(&collection, &name, body.to_owned(), uid, false)?;
        world.tree.collections.get(&collection)?.items.get(&name).map(|item| item.etag.clone())
    }

    /// Removes an item as another client would; false if it was not there.
    pub fn delete(&self, path: &str) -> bool {
        let mut world = self.world();
        let Some(path) = path::canonical(path) else { return false };
        world.remove(&path::parent(&path), path::last(&path))
    }

    /// A calendar in the user's first calendar home, called `name`, whose path is made from it. Its path; None if the server has
    /// no calendars or no such user.
    pub fn make_calendar(&self, user: &str, name: &str, components: &[&str]) -> Option<String> {
        let components = components.iter().map(|&component| component.to_owned()).collect();
        self.make(user, name, Kind::Calendar, components)
    }

    /// An address book in the user's first address book home, called `name`. Its path; None if the server has none or no such user.
    pub fn make_addressbook(&self, user: &str, name: &str) -> Option<String> {
        self.make(user, name, Kind::AddressBook, Vec::new())
    }

    fn make(&self, user: &str, name: &str, kind: Kind, components: Vec<String>) -> Option<String> {
        let mut world = self.world();
        world.users.iter().find(|known| known.name == user)?;
        let layout = &world.personality.layout;
        let homes = if kind == Kind::Calendar { &layout.calendar_homes } else { &layout.book_homes };
        let home = World::path_of(homes.first()?, user);
        let slug: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let mut at = format!("{home}{slug}/");
        while world.tree.collections.contains_key(&at) {
            at = format!("{home}{slug}-{}/", world.mint());
        }
        let mut collection = Collection::new(kind, Some(user), world.now());
        collection.components = components;
        let displayname = Name::new(DAV, "displayname");
        collection.properties.insert(displayname.clone(), Element::empty(&displayname).text(name));
        world.tree.collections.insert(at.clone(), collection);
        Some(at)
    }

    /// Removes a collection and all within it; false if it was not there.
    pub fn remove_collection(&self, path: &str) -> bool {
        let mut world = self.world();
        let at = path::folder(path);
        let there = world.tree.collections.contains_key(&at);
        world.tree.cut(&at);
        there
    }

    /// Whether writing to a collection is refused from now on; false if there is none.
    pub fn set_read_only(&self, path: &str, read_only: bool) -> bool {
        let mut world = self.world();
        let place = world.tree.collections.get_mut(&path::folder(path));
        place.map(|place| place.read_only = read_only).is_some()
    }

    /// Everything at or below `path` answers 403 from now on; false if there is no such collection.
    pub fn hide(&self, path: &str) -> bool {
        self.set_hidden(path, true)
    }

    /// Takes back [`Dav::hide`].
    pub fn show(&self, path: &str) -> bool {
        self.set_hidden(path, false)
    }

    fn set_hidden(&self, path: &str, hidden: bool) -> bool {
        let mut world = self.world();
        let place = world.tree.collections.get_mut(&path::folder(path));
        place.map(|place| place.hidden = hidden).is_some()
    }

    /// All sync tokens that were given out become unknown.
    pub fn expire_tokens(&self) {
        expire(&mut self.world());
    }

    /// The change logs are forgotten while the tokens stay good: what has changed is silently not told (nextcloud/server#36644).
    pub fn prune_changes(&self) {
        for collection in self.world().tree.collections.values_mut() {
            collection.log.clear();
        }
    }

    /// A backup is restored: the newest `items` items of each collection are as if they had never been, tokens included.
    pub fn roll_back(&self, items: usize) {
        let mut world = self.world();
        let mut reached = Vec::new();
        for (path, collection) in &mut world.tree.collections {
            let mut newest: Vec<(u64, String)> = collection.items.iter().map(|(name, item)| (item.seq, name.clone())).collect();
            newest.sort();
            for (_, name) in newest.into_iter().rev().take(items) {
                collection.items.remove(&name);
                collection.log.retain(|change| change.name != name);
            }
            let last = collection.log.last().map(|change| (change.seq, change.at));
            collection.seq = last.map_or(0, |(seq, _)| seq);
            collection.last = last.map(|(_, at)| at);
            reached.push((path.clone(), collection.seq));
        }
        world.tree.issued.retain(|(path, _), seq| reached.iter().any(|(other, reached)| other == path && *seq <= *reached));
    }

    /// All that is stored.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.world().tree.clone())
    }

    /// Goes back to what was stored; mails and requests stay as they are.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.world().tree = snapshot.0.clone();
    }
}

/// All tokens become unknown, and none that is given out later is one of them.
pub(crate) fn expire(world: &mut World) {
    world.tree.issued.clear();
    world.tree.epoch += 1;
    for collection in world.tree.collections.values_mut() {
        // Numbers start behind the highest that was given out.
        collection.seq += 1;
    }
}

/// The `Date` header.
pub(crate) fn date(world: &World) -> String {
    world.now().to_zoned(jiff::tz::TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A multistatus without its `index`th member, or with the first alone if it is the listing's own collection.
pub(crate) fn without_members(answer: Answer, index: Option<usize>, style: &XmlStyle) -> Answer {
    edited(answer, style, |root| {
        let (mut seen, multiget) = (0, index.is_some());
        root.inside.retain(|inside| {
            let Inside::Element(element) = inside else { return true };
            if !element.name.is(DAV, "response") {
                return true;
            }
            seen += 1;
            let href = element.child(DAV, "href").map(Element::content).unwrap_or_default();
            if multiget { Some(seen) != index } else { seen == 1 && href.ends_with('/') }
        });
    })
}

/// A multistatus without home sets.
pub(crate) fn without_homes(answer: Answer, style: &XmlStyle) -> Answer {
    edited(answer, style, strip_homes)
}

fn strip_homes(at: &mut Element) {
    at.inside.retain(|inside| match inside {
        Inside::Element(element) => element.name.local != "calendar-home-set" && element.name.local != "addressbook-home-set",
        Inside::Text(_) => true,
    });
    for inside in &mut at.inside {
        if let Inside::Element(element) = inside {
            strip_homes(element);
        }
    }
}

fn edited(answer: Answer, style: &XmlStyle, edit: impl FnOnce(&mut Element)) -> Answer {
    if answer.status != 207 {
        return answer;
    }
    match xml::read(answer.body.as_bytes()) {
        Ok(mut root) => {
            edit(&mut root);
            let body = xml::write(&root, style.spelling);
            answer.body(body)
        }
        Err(_) => answer,
    }
}
