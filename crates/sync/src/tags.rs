//! The keywords of far items that are the engine's: the category that is synced, and those that it
//! manages. They are kept beside the user's own keywords, which are merged like any other field and
//! never see them.

use crate::{map::FieldMap, merge::Merged, plan::Linked, policy::ManagedCategory, run::Run};
use pimkit_core::{BaseRow, Facts, Field, Fields, LinkRow, Record, Result, SeenRow, Side, Value};
use std::collections::BTreeSet;

/// The far field that holds the names of an item's categories.
pub(crate) const FIELD: &str = "keywords";

/// The names of the categories that an item is in.
pub(crate) fn names(fields: &Fields) -> BTreeSet<&str> {
    match fields.get(FIELD) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

/// Which names are the engine's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    /// Every name that is ours, those that a user gave our categories too.
    ours: BTreeSet<String>,
    /// The category that is synced.
    group: Option<String>,
    managed: Vec<ManagedCategory>,
    /// The far side's list could not be read: by which other names ours go is not known.
    pub(crate) unlisted: bool,
}

impl Tags {
    /// What a policy asks for, and by which other names it is known.
    pub(crate) fn new(group: Option<&String>, managed: &[ManagedCategory], aliases: impl IntoIterator<Item = String>) -> Self {
        let mut ours: BTreeSet<String> = managed.iter().map(|category| category.name.clone()).collect();
        ours.extend(group.cloned());
        ours.extend(aliases);
        Self { ours, group: group.cloned(), managed: managed.to_vec(), unlisted: false }
    }

    /// There is nothing of the engine's among the keywords.
    pub(crate) fn is_empty(&self) -> bool {
        self.ours.is_empty()
    }

    /// The engine's names that a far item is to have, for a hub record of which the app knows this.
    pub(crate) fn wanted(&self, collection: &str, facts: Option<&Facts>, fields: &Fields) -> BTreeSet<String> {
        let mut wanted: BTreeSet<String> = self.group.iter().cloned().collect();
        let Some(facts) = facts else { return wanted };
        let mut facts = facts.clone();
        // Where a record is, is a fact like any other, unless the app says it better.
        facts.more.entry("collection".to_owned()).or_insert_with(|| Value::from(collection));
        wanted.extend(self.managed.iter().filter(|category| category.holds(&facts, fields)).map(|category| category.name.clone()));
        wanted
    }

    /// The value without the engine's names.
    pub(crate) fn strip(&self, fields: &Fields, field: &str) -> Fields {
        let mut stripped = fields.clone();
        if let Some(Value::Array(list)) = stripped.get_mut(field) {
            list.retain(|name| name.as_str().is_none_or(|name| !self.ours.contains(name)));
            if list.is_empty() {
                stripped.remove(field);
            }
        }
        stripped
    }

    /// The engine's names that a value has.
    fn held(&self, fields: &Fields, field: &str) -> BTreeSet<String> {
        match fields.get(field) {
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_str).filter(|n| self.ours.contains(*n)).map(str::to_owned).collect()
            }
            _ => BTreeSet::new(),
        }
    }
}

/// A list of names and further ones, each once; none when there are none.
fn joined(own: Option<&Value>, more: &BTreeSet<String>) -> Option<Value> {
    let mut all: Vec<Value> = own.and_then(Value::as_array).cloned().unwrap_or_default();
    for name in more {
        if !all.iter().any(|there| there.as_str() == Some(name)) {
            all.push(Value::from(name.as_str()));
        }
    }
    (!all.is_empty()).then_some(Value::Array(all))
}

/// The hub's field that follows the far keywords; of their own name where none does.
fn left(map: &FieldMap) -> Field {
    let pair = map.listed().into_iter().find(|pair| pair.right.as_str() == FIELD);
    pair.map_or_else(|| Field::from(FIELD), |pair| pair.left)
}

/// What a merge sees of two items and their base: everything but the engine's names.
pub(crate) struct Plain {
    pub(crate) hub: Fields,
    pub(crate) far: Fields,
    pub(crate) base: Option<BaseRow>,
    /// The hub's field that follows the far one; the far one's own name where none does.
    left: Field,
}

impl<R: Record> Run<R> {
    /// The hub's field that goes with the far keywords between the collections of a link.
    fn left_of_tags(&self, link: &LinkRow) -> Field {
        self.map(&link.hub_collection, &link.collection).map_or_else(|| Field::from(FIELD), |map| left(&map))
    }

    /// What a merge is to see; none where nothing of it is the engine's.
    pub(crate) fn plain(&self, linked: &Linked, hub: &Fields, far: &Fields) -> Option<Plain> {
        if self.tags.is_empty() {
            return None;
        }
        let left = self.left_of_tags(&linked.link);
        let base = linked.base.as_ref().map(|base| BaseRow {
            hub: self.tags.strip(&base.hub, left.as_str()),
            far: self.tags.strip(&base.far, FIELD),
            ..base.clone()
        });
        Some(Plain { hub: self.tags.strip(hub, left.as_str()), far: self.tags.strip(far, FIELD), base, left })
    }

    /// What an end says without the engine's names.
    pub(crate) fn without_tags(&self, side: Side, linked: &Linked, fields: &Fields) -> Fields {
        if self.tags.is_empty() {
            return fields.clone();
        }
        match side {
            Side::Left => self.tags.strip(fields, self.left_of_tags(&linked.link).as_str()),
            Side::Right => self.tags.strip(fields, FIELD),
        }
    }

    /// Puts the engine's names back into what a merge came to: those that the app's facts ask for on the far side, and on
    /// the hub those that its own users gave. True when that alone is why the far item is written.
    pub(crate) fn tag(&self, plain: &Plain, hub: (&SeenRow, &Fields), far: (&SeenRow, &Fields), merged: &mut Merged) -> bool {
        if let Some(value) = merged.hub.get_mut(&plain.left) {
            let own = joined(Some(value), &self.tags.held(hub.1, plain.left.as_str()));
            *value = own.unwrap_or(Value::Null);
        }
        if !self.may_tag(far.0) {
            return false;
        }
        let facts = self.facts.get(&hub.0.item).and_then(Option::as_ref);
        let wanted = self.tags.wanted(hub.0.collection.as_str(), facts, hub.1);
        let own = merged.far.get(FIELD).or_else(|| plain.far.get(FIELD)).filter(|value| !value.is_null());
        let target = joined(own, &wanted);
        let set = |value: Option<&Value>| -> BTreeSet<String> {
            value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let alone = merged.far.is_empty();
        if set(target.as_ref()) == set(far.1.get(FIELD)) {
            // It has them all: nothing but the user's own is left to write.
            if merged.far.contains_key(FIELD) {
                merged.far.remove(FIELD);
            }
            return false;
        }
        merged.far.insert(Field::from(FIELD), target.unwrap_or(Value::Null));
        alone && merged.hub.is_empty()
    }

    /// The fields of an item of which nothing is known this time: of a far item its keywords too, where the far side did
    /// not say which of them are ours.
    pub(crate) fn unread_of(&self, side: Side, row: &SeenRow) -> Vec<Field> {
        let mut unread = row.unread.clone();
        if side == Side::Right && self.tags.unlisted && !unread.iter().any(|field| field.as_str() == FIELD) {
            unread.push(Field::from(FIELD));
        }
        unread
    }

    /// Whether the engine may write a far item's keywords, and knows which it has.
    pub(crate) fn may_tag(&self, row: &SeenRow) -> bool {
        let known = !self.unread_of(Side::Right, row).iter().any(|field| field.as_str() == FIELD);
        let held = self.far.fields.get(&row.collection).is_some_and(|fields| fields.iter().any(|f| f.field.as_str() == FIELD && f.write));
        known && held && self.may_write(Side::Right, row)
    }

    /// The keywords of an item that is made on a side: on the far side with the engine's names, on the hub without.
    pub(crate) fn tag_new(&self, on: Side, map: &FieldMap, source: &SeenRow, fields: &Fields, record: &mut Fields) {
        if self.tags.is_empty() {
            return;
        }
        match on {
            Side::Left => *record = self.tags.strip(record, left(map).as_str()),
            Side::Right => {
                let facts = self.facts.get(&source.item).and_then(Option::as_ref);
                let wanted = self.tags.wanted(source.collection.as_str(), facts, fields);
                let own = self.tags.strip(record, FIELD);
                if let Some(value) = joined(own.get(FIELD), &wanted) {
                    record.insert(Field::from(FIELD), value);
                }
            }
        }
    }

    /// Marks the links whose far item is not in the categories that the app's facts ask for, though neither end changed.
    pub(crate) async fn sweep_tags(&mut self, pairs: Vec<(SeenRow, LinkRow)>) -> Result<()> {
        if self.tags.managed.is_empty() && self.standing.aliases.is_empty() {
            return Ok(());
        }
        let (rows, links): (Vec<SeenRow>, Vec<LinkRow>) = pairs.into_iter().unzip();
        let far = self.ends(Side::Right, links.iter().map(|link| (&link.collection, link.item.as_ref()))).await?;
        for ((hub, link), far) in rows.into_iter().zip(links).zip(far) {
            let Some(far) = far.filter(|far| far.presence == pimkit_core::Presence::Present && self.may_tag(far)) else { continue };
            let fields = self.fields_of(&hub)?;
            let facts = self.facts.get(&hub.item).and_then(Option::as_ref);
            let wanted = self.tags.wanted(hub.collection.as_str(), facts, &fields);
            let held = self.tags.held(&self.fields_of(&far)?, FIELD);
            self.aliased |= held.iter().any(|name| self.standing.aliases.contains_key(name));
            if held != wanted {
                self.look_again(link);
            }
        }
        Ok(())
    }
}
