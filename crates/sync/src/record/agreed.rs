//! What both sides agree on from here on: the link and its base.

use crate::{
    apply::{Task, Wrote, written},
    copied::names_another,
    project::{elements, from_elements},
    run::Run,
    step::{Action, SideWrite},
    stranger::note_uid,
};
use pimkit_core::{BaseRow, CollectionId, Field, FieldDef, Fields, LinkState, Record, Side, StateChange, Value};

impl<R: Record> Run<R> {
    /// The link and base of two items that agree now, as far as they do.
    pub(crate) fn live(&self, task: &Task<R>, mut link: pimkit_core::LinkRow) -> Vec<StateChange> {
        let step = &task.step;
        // What is made anew was agreed on whole: of what stood there before nothing is left to compare with.
        let made = matches!(step.action, Action::Create(_));
        let kept = task.base.clone().filter(|_| !made);
        let mut base = kept.unwrap_or_else(|| BaseRow { link: link.id.clone(), ..BaseRow::default() });
        let now = |side: Side| task.done.get(&side).map(Wrote::fields);
        let (hub_now, far_now) = (now(Side::Left), now(Side::Right));
        let far_written: Vec<Field> = match &step.far.write {
            Some(SideWrite::Fields { fields, .. }) => fields.keys().cloned().collect(),
            Some(SideWrite::Create { .. }) => step.agreed.iter().map(|a| a.right.clone()).collect(),
            _ => Vec::new(),
        };
        let hub_written: Vec<Field> = match &step.hub.write {
            Some(SideWrite::Fields { fields, .. }) => fields.keys().cloned().collect(),
            Some(SideWrite::Create { .. }) => step.agreed.iter().map(|a| a.left.clone()).collect(),
            _ => Vec::new(),
        };
        if step.reread {
            for field in std::mem::take(&mut base.sent) {
                // What came back is counted by field and by what was sent and came; another value starts anew.
                let flip = step.flipped.iter().find(|flip| flip_of(flip, &field)).cloned();
                base.flips.retain(|known, _| !flip_of(known, &field) || flip.as_ref() == Some(known));
                if let Some(flip) = flip {
                    *base.flips.entry(flip).or_insert(0) += 1;
                }
            }
        }
        for agreed in &step.agreed {
            // Where a side was written, the base remembers what the side has now.
            let pick = |fields: Option<&Fields>, written: &[Field], field: &Field, value: &Option<Value>| match fields {
                Some(fields) if written.contains(field) => fields.get(field).cloned(),
                _ => value.clone(),
            };
            put(&mut base.hub, &agreed.left, pick(hub_now, &hub_written, &agreed.left, &agreed.hub));
            put(&mut base.far, &agreed.right, pick(far_now, &far_written, &agreed.right, &agreed.far));
        }
        // What names the two records, so that another thing under one of their ids is told from an edit.
        for (side, fields) in [(Side::Left, &mut base.hub), (Side::Right, &mut base.far)] {
            match task.done.get(&side) {
                Some(wrote) => note_uid::<R>(fields, wrote.fields()),
                None => task.row(side).and_then(|row| self.fields_of(row).ok()).iter().for_each(|row| note_uid::<R>(fields, row)),
            }
        }
        if task.done.contains_key(&Side::Right) {
            for field in far_written {
                base.sent.retain(|f| *f != field);
                if self.may_change_later(Side::Right, &step.far.collection) {
                    base.sent.push(field);
                }
            }
        }
        for (side, wrote) in &task.done {
            match side {
                Side::Left => link.hub_item = Some(wrote.item.clone()),
                Side::Right => {
                    link.item = Some(wrote.item.clone());
                    link.mark = wrote.mark.clone().or(link.mark);
                }
            }
        }
        let revision =
            |side: Side| task.done.get(&side).and_then(|w| w.revision.clone()).or_else(|| task.row(side).and_then(|r| r.revision.clone()));
        link.hub_revision = revision(Side::Left).or(link.hub_revision);
        link.revision = revision(Side::Right).or(link.revision);
        let new = link.state == LinkState::Pending;
        // One whose record was merged away while the outcome of the write was open stays aside.
        if link.state != LinkState::Shadowed || link.hub_item.is_some() {
            link.state = if step.waiting.is_empty() { LinkState::Live } else { LinkState::Held };
            link.note = (!step.waiting.is_empty()).then(|| step.waiting.join("; "));
        }
        let copy = new && task.far.as_ref().is_some_and(|far| names_another(&link, far));
        link.again = task.again || copy || !step.waiting.is_empty();
        link.unseen = false;
        // Somebody's decision is good for one merge.
        link.decision = link.decision.filter(|_| !step.waiting.is_empty());
        link.version += 1;
        vec![StateChange::Link(Box::new(link)), StateChange::Base(Box::new(base))]
    }

    /// Whether a side may change what it was given some time after it answered.
    pub(crate) fn may_change_later(&self, side: Side, collection: &CollectionId) -> bool {
        self.half(side).collection(collection).is_none_or(|c| !c.capabilities.keeps_as_written)
    }
}

/// Whether a flip is one of this field.
fn flip_of(flip: &Field, field: &Field) -> bool {
    flip.as_str().rsplit_once(' ').is_some_and(|(of, _)| of == field.as_str())
}

/// Moves the base of the pairs that were written to one side only, and have arrived there: `now` is
/// what the side says. What comes later on either side is then an edit of that, not of what was before.
pub(crate) fn arrived<R: Record>(step: &crate::Step, side: Side, base: &mut BaseRow, now: &Fields) -> bool {
    let end = |side: Side| if side == Side::Left { &step.hub } else { &step.far };
    let (here, there) = (written(end(side)), written(end(side.other())));
    let mut moved = false;
    for agreed in &step.agreed {
        let (field, other) = if side == Side::Left { (&agreed.left, &agreed.right) } else { (&agreed.right, &agreed.left) };
        let Some(target) = here.and_then(|fields| fields.get(field)) else { continue };
        let Some(def) = R::catalogue().field(field.as_str()) else { continue };
        let same = def.same(now.get(field), Some(target));
        if there.is_some_and(|fields| fields.contains_key(other)) {
            // Both sides are written: of a set, what the other side gave has arrived; what it is to be given is still to come.
            if same && def.mergeable() {
                let given = given(step, side.other(), other);
                let (hub, far) = if side == Side::Left { (now.get(field), given) } else { (given, now.get(field)) };
                let on_hub = shared(def, base.hub.get(&agreed.left), hub, far);
                put(&mut base.hub, &agreed.left, on_hub);
                let there = shared(def, base.far.get(&agreed.right), far, hub);
                put(&mut base.far, &agreed.right, there);
                moved = true;
            }
            continue;
        }
        if same {
            let (hub, far) = match side {
                Side::Left => (now.get(field).cloned(), agreed.far.clone()),
                Side::Right => (agreed.hub.clone(), now.get(field).cloned()),
            };
            put(&mut base.hub, &agreed.left, hub);
            put(&mut base.far, &agreed.right, far);
            moved = true;
        } else if def.mergeable() && is_named_alike(def, agreed.hub.as_ref(), agreed.far.as_ref()) {
            // Somebody wrote there since: what of the set has arrived is agreed all the same, entry by entry. Where the two
            // sides call an entry by another name (cut, made smaller), it cannot be told which of them has.
            let (target, now) = (Some(target), now.get(field));
            let (hub, far) = if side == Side::Left { (now, agreed.far.as_ref()) } else { (agreed.hub.as_ref(), now) };
            let on_hub = arrived_of(def, base.hub.get(&agreed.left), hub, target, now);
            let there = arrived_of(def, base.far.get(&agreed.right), far, target, now);
            moved |= on_hub.as_ref() != base.hub.get(&agreed.left) || there.as_ref() != base.far.get(&agreed.right);
            put(&mut base.hub, &agreed.left, on_hub);
            put(&mut base.far, &agreed.right, there);
        }
    }
    moved
}

/// Whether two sets have entries of the same names.
fn is_named_alike(def: &FieldDef, one: Option<&Value>, other: Option<&Value>) -> bool {
    let names = |value| elements(def, value).into_iter().map(|(name, _)| name).collect::<std::collections::BTreeSet<_>>();
    names(one) == names(other)
}

/// What a side that a step writes to as well has by then: the far side is written first.
fn given<'s>(step: &'s crate::Step, side: Side, field: &Field) -> Option<&'s Value> {
    let fields = match (side, &step.hub.write, &step.far.write) {
        (Side::Left, Some(SideWrite::Fields { from, .. }), _) => from,
        (Side::Right, _, Some(SideWrite::Fields { fields, .. })) => fields,
        _ => return None,
    };
    fields.get(field)
}

/// The base of a set of which both sides share some elements by now: those as they are, all others as they were.
fn shared(def: &FieldDef, base: Option<&Value>, here: Option<&Value>, there: Option<&Value>) -> Option<Value> {
    arrived_of(def, base, here, here, there)
}

/// The base of a set of which some entries are `here` as they are `there`: those as `value` has them, all others as they were.
fn arrived_of(def: &FieldDef, base: Option<&Value>, value: Option<&Value>, here: Option<&Value>, there: Option<&Value>) -> Option<Value> {
    let (before, here, there) = (elements(def, base), elements(def, here), elements(def, there));
    let get = |list: &[(String, Value)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let is_shared = |name: &str| get(&here, name) == get(&there, name);
    let mut kept: Vec<(String, Value)> = elements(def, value).into_iter().filter(|(name, _)| is_shared(name)).collect();
    kept.extend(before.into_iter().filter(|(name, _)| !is_shared(name)));
    from_elements(def, kept)
}

pub(crate) fn put(fields: &mut Fields, field: &Field, value: Option<Value>) {
    match value {
        Some(value) if !value.is_null() => {
            fields.insert(field.clone(), value);
        }
        _ => {
            fields.remove(field);
        }
    }
}
