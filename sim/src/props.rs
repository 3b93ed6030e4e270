//! What some policies are about and most plays do without: what the app knows of its records,
//! categories, containers, meetings and series, items that are there twice.

mod hands;

pub use hands::Stagehand;

use crate::{
    far::FarWorld,
    ledger::{Deletion, Ledger, Picked, picked},
    play::address,
    slot::{birth_field, thing_of},
};
use pimkit_core::{Facts, Fields, ItemId, Kind, Provenance, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The acting user of the app.
pub(crate) const USER: &str = "ada";
/// A saved view of the app.
pub(crate) const VIEW: &str = "Mine";
/// A category that far users put items into.
pub(crate) const CATEGORY: &str = "Team";
/// What the sync's own container is called.
pub(crate) const CONTAINER: &str = "CRM";
/// A far collection that others see too.
pub(crate) const ANNEX: &str = "annex";

/// What a play has beside users and sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Props {
    /// The engine asks the app, whose acting user is one of several.
    pub app: bool,
    /// Each far side has a second collection, which is shared.
    pub annex: bool,
    /// In the end the syncs are disabled.
    pub ends: bool,
}

impl Props {
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What the app comes to know of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum Fact {
    Others,
    Own,
    Hidden,
    Shown,
    Imported,
    MassUpdated,
    Listed,
    Unlisted,
    Big,
}

/// Who called a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Caller {
    /// The user, who asks two guests.
    Me,
    /// Somebody else, who asks the user.
    Another,
}

/// Where a far item lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// Where items are made.
    Home,
    /// In the sync's own container.
    Container,
    /// In the shared collection.
    Annex,
}

/// Which item it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    /// That of the thing of this number.
    Thing(u32),
    /// One of those that are there, picked by a number.
    Any(u32),
}

/// Something that is done with a prop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prop {
    /// The app comes to know something of a record.
    Fact(Fact),
    /// A far user puts an item into the category, or takes it out.
    Tagged(bool),
    /// A far user moves an item.
    Moved(Where),
    /// A user duplicates an item and leaves it as it is.
    Doubled,
    /// A thing that was just made is a meeting.
    Meeting(Caller),
    /// A thing that was just made is a series.
    Series,
    /// A far user gives the sync's container another name.
    ContainerRenamed,
    /// A far user deletes the sync's container, with all that is in it.
    ContainerRemoved,
    /// A far user gives the category of this name another one.
    CategoryRenamed,
    /// The app grants, or takes away, the right to change records.
    Allowed(bool),
}

/// The oracle's book of it.
#[derive(Debug, Default)]
pub(crate) struct Book {
    facts: BTreeMap<ItemId, Facts>,
    /// Things that a user duplicated and left as they are.
    pub(crate) doubled: BTreeSet<u32>,
    /// Things that were copied, and the copies: they say the same but for their names.
    copied: BTreeSet<u32>,
    /// Meetings that others called, and series from outside: what the hub's users do to them may be held.
    pub(crate) looked_at: BTreeSet<u32>,
    /// Far sides whose container was deleted: where that is taken as "stop", nothing more is synced with them.
    pub(crate) stopped: BTreeSet<u8>,
    /// Things that went with their container, by far side.
    pub(crate) removed: BTreeSet<(u32, u8)>,
    /// How often a thing was made, as one and the same, on several sides.
    pub(crate) twins: BTreeMap<u32, usize>,
}

impl Book {
    /// Whether a user made a thing on several sides.
    pub(crate) fn is_twin(&self, thing: u32) -> bool {
        self.twins.get(&thing).is_some_and(|n| *n > 1)
    }

    /// A thing was copied as another one.
    pub(crate) fn copied(&mut self, of: u32, copy: u32) {
        self.copied.extend([of, copy]);
        if self.looked_at.contains(&of) {
            self.looked_at.insert(copy);
        }
    }

    /// Whether a thing was copied.
    pub(crate) fn is_copied(&self, thing: u32) -> bool {
        self.copied.contains(&thing)
    }

    /// Whether another item says the same as one of this thing, or nearly so.
    pub(crate) fn is_alike(&self, thing: u32) -> bool {
        self.is_twin(thing) || self.doubled.contains(&thing) || self.copied.contains(&thing)
    }

    /// What the app knows of a record.
    pub(crate) fn facts(&self, id: &ItemId) -> Facts {
        self.facts.get(id).cloned().unwrap_or_else(|| Facts::own(Some(USER.to_owned())))
    }
}

fn set(facts: &mut Facts, fact: Fact) {
    match fact {
        Fact::Others => facts.owner = Some("bob".to_owned()),
        Fact::Own => facts.owner = Some(USER.to_owned()),
        Fact::Hidden => facts.visible = false,
        Fact::Shown => facts.visible = true,
        Fact::Imported => facts.provenance = Provenance::Imported,
        Fact::MassUpdated => facts.provenance = Provenance::MassUpdated,
        Fact::Listed => facts.views = vec![VIEW.to_owned()],
        Fact::Unlisted => facts.views.clear(),
        Fact::Big => drop(facts.more.insert("deals.active".to_owned(), Value::from(1))),
    }
}

/// The item that something is done to.
fn item(kind: Kind, world: &dyn FarWorld, on: On) -> Option<Picked> {
    match on {
        On::Any(pick) => picked(kind, world, pick),
        On::Thing(thing) => {
            let id = world.list(kind).into_iter().find(|entry| entry.thing == Some(thing))?.id;
            let before = world.look(kind, &id)?;
            Some(Picked { id, thing, before })
        }
    }
}

fn call(side: u8, caller: Caller) -> Fields {
    // What a user of the app calls is in the calendar of the first far side.
    let me = address(usize::from(side.max(1)));
    let guest = |address: &str| json!({ "address": address });
    let (by, asked) = match caller {
        Caller::Me => (me, vec![guest("guest1@example.net"), guest("guest2@example.net")]),
        Caller::Another => ("boss@outside.example".to_owned(), vec![guest(&me)]),
    };
    Fields::from([("organizer".into(), json!({ "address": by })), ("participants".into(), Value::Array(asked))])
}

impl Ledger {
    /// Somebody does something with a prop. Comes back with what happened; with nothing when it came to nothing.
    pub(crate) fn prop(&mut self, kind: Kind, sides: &[Box<dyn FarWorld>], side: u8, on: On, prop: Prop) -> Option<String> {
        let world = sides.get(usize::from(side))?.as_ref();
        match prop {
            Prop::Fact(fact) => {
                let item = item(kind, world, on)?;
                let mut facts = self.book.facts(&item.id);
                set(&mut facts, fact);
                world.know(kind, &item.id, facts.clone()).then(|| {
                    self.book.facts.insert(item.id, facts);
                    format!("of b{} the app knows: {fact:?}", item.thing)
                })
            }
            Prop::Tagged(tagged) => {
                let item = item(kind, world, on)?;
                let mut words = item.before.get("keywords").and_then(Value::as_array).cloned().unwrap_or_default();
                words.retain(|word| word != CATEGORY);
                if tagged {
                    words.push(CATEGORY.into());
                }
                let value = if words.is_empty() { Value::Null } else { Value::Array(words) };
                let fields = Fields::from([("keywords".into(), value)]);
                world.edit(kind, &item.id, &fields).then(|| format!("b{} is in the category: {tagged}", item.thing))
            }
            Prop::Moved(to) => {
                let item = item(kind, world, on)?;
                world.put_into(kind, &item.id, to).then(|| format!("b{} is moved: {to:?}", item.thing))
            }
            Prop::Doubled => {
                let item = item(kind, world, on).filter(|_| !self.is_unclear(side))?;
                world.copy(kind, &item.id)?;
                self.book.doubled.insert(item.thing);
                Some(format!("b{} is duplicated", item.thing))
            }
            Prop::Meeting(caller) => {
                let item = item(kind, world, on).filter(|_| kind == Kind::Event)?;
                world.edit(kind, &item.id, &call(side, caller)).then(|| {
                    // What would mail somebody is not written at all, and in other calendars it is somebody else's.
                    if caller == Caller::Another || sides.len() > 2 || sides.iter().any(|side| !side.can_keep_silent()) {
                        self.book.looked_at.insert(item.thing);
                    }
                    format!("b{} is a meeting, called by {caller:?}", item.thing)
                })
            }
            Prop::Series => {
                let item = item(kind, world, on).filter(|_| kind == Kind::Event)?;
                let rule = Fields::from([("recurrenceRules".into(), json!([{ "frequency": "weekly", "count": 5 }]))]);
                world.edit(kind, &item.id, &rule).then(|| {
                    if side > 0 {
                        self.book.looked_at.insert(item.thing);
                    }
                    format!("b{} is a series", item.thing)
                })
            }
            Prop::ContainerRenamed => world.rename_container(kind).then(|| "gives the container another name".to_owned()),
            Prop::ContainerRemoved => self.remove_container(kind, sides, side),
            Prop::CategoryRenamed => world.rename_category(kind).then(|| "gives a category another name".to_owned()),
            Prop::Allowed(may) => world.allow(kind, may).then(|| format!("may change records: {may}")),
        }
    }

    /// A user deletes the container, and sees all that goes with it.
    fn remove_container(&mut self, kind: Kind, sides: &[Box<dyn FarWorld>], side: u8) -> Option<String> {
        let world = sides.get(usize::from(side))?.as_ref();
        let mut inside: Vec<(u32, Fields)> = Vec::new();
        for entry in world.list(kind) {
            let fields = (world.place(kind, &entry.id) == Some(Where::Container)).then(|| world.look(kind, &entry.id)).flatten();
            inside.extend(fields.and_then(|fields| Some((thing_of(fields.get(birth_field(kind))?.as_str()?)?, fields))));
        }
        if !world.remove_container(kind) {
            return None;
        }
        self.book.stopped.insert(side);
        for (thing, fields) in &inside {
            let view = self.view(kind, *thing, fields);
            let having = (0_u8..).zip(sides).filter(|(_, w)| w.list(kind).iter().any(|e| e.thing == Some(*thing)));
            let on = having.map(|(n, _)| n).chain([side]).collect();
            self.deletions.push(Deletion {
                thing: *thing,
                side,
                act: self.acts,
                view,
                blind: BTreeSet::new(),
                on,
                brought: false,
                blurred: false,
            });
            self.book.removed.insert((*thing, side));
        }
        Some(format!("deletes the container with {} items", inside.len()))
    }
}
