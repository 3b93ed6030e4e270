//! Who changed what, and what becomes of it: the three-way merge of one pair of items.
//!
//! A side changed a field where it differs from its own base. One side changed: the other follows,
//! through what it can hold. Both changed: the elements of a set merge one by one, and what cannot
//! be merged is a conflict, which the policy decides; the loser is kept.

use crate::{
    map::{FieldMap, Pairing},
    policy::{Conflicts, Direction, Granularity, Policy},
    project::{degraded, elements, from_elements, lift, lift_element, project, value},
    step::Agreed,
};
use jiff::Timestamp;
use pimkit_core::{BaseRow, Field, FieldChange, Fields, Overrides, Shape, Side, Value, When, cursor::binding, series::shifted};
use std::collections::BTreeSet;

/// When a side was changed: after the first, not after the second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    pub(crate) after: Option<Timestamp>,
    pub(crate) until: Timestamp,
}

/// One side of a merge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half<'a> {
    /// What it says.
    pub(crate) fields: &'a Fields,
    /// What was not readable.
    pub(crate) unread: &'a [Field],
    /// When it was changed.
    pub(crate) change: Interval,
    /// Whether the item may be written.
    pub(crate) writable: bool,
}

/// What a merge comes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merged {
    /// What the hub is to say instead; null clears.
    pub(crate) hub: Fields,
    /// What the far side is to say instead; null clears.
    pub(crate) far: Fields,
    /// What becomes the base once written.
    pub(crate) agreed: Vec<Agreed>,
    /// Values that lost.
    pub(crate) lost: Vec<FieldChange>,
    /// Fields or groups that both sides had changed.
    pub(crate) conflicts: u64,
    /// What waits, for people.
    pub(crate) waiting: Vec<String>,
    /// The far record is to become a record of its own.
    pub(crate) keep_both: bool,
    /// Far fields that came back other than we wrote them: see [`flip`].
    pub(crate) flipped: Vec<Field>,
    /// Fields that keep coming back: both sides keep what they have.
    pub(crate) given_up: Vec<Field>,
}

impl Merged {
    /// Neither side is written, and nothing new is agreed.
    pub(crate) fn does_nothing(&self) -> bool {
        let nothing = self.hub.is_empty() && self.far.is_empty() && self.lost.is_empty();
        nothing && self.agreed.is_empty() && self.flipped.is_empty() && self.given_up.is_empty()
    }
}

/// How often a value that we write may come back as the same other value before it is left alone:
/// then it is no user's edit, but two programs that each insist.
const FLIPS: u32 = 2;

/// The name under which it is counted that what we sent of a field came back as something else.
fn flip(field: &Field, sent: Option<&Value>, came: Option<&Value>) -> Field {
    let text = |value: Option<&Value>| value.map(ToString::to_string).unwrap_or_default();
    Field(format!("{field} {:016x}", binding(&[text(sent), text(came)])))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    Nothing,
    Hub,
    Far,
    /// Both, to the same.
    Same,
    Both,
}

struct Case {
    pair: Pairing,
    h0: Option<Value>,
    h1: Option<Value>,
    f0: Option<Value>,
    f1: Option<Value>,
    /// What the sides really have: `h1` and `f1`, but where overrides were moved for comparing.
    h_now: Option<Value>,
    f_now: Option<Value>,
    changed: Changed,
}

impl Case {
    /// Whether the two values say the same, as far as each side can hold the other's.
    fn agrees(&self) -> bool {
        let far = project(self.pair.far_def, &self.pair.far, self.h1.as_ref(), self.f1.as_ref());
        if self.pair.far_def.same(far.as_ref(), self.f1.as_ref()) {
            return true;
        }
        let hub = project(self.pair.def, &self.pair.hub, self.f1.as_ref(), self.h1.as_ref());
        limited(&self.pair.hub) && self.pair.def.same(hub.as_ref(), self.h1.as_ref())
    }

    /// The far value that follows the hub's.
    fn for_far(&self, hub: Option<&Value>) -> Option<Value> {
        let whole = if limited(&self.pair.hub) { lift(self.pair.far_def, self.f1.as_ref(), self.h0.as_ref(), hub) } else { hub.cloned() };
        project(self.pair.far_def, &self.pair.far, whole.as_ref(), self.f1.as_ref())
    }

    /// The hub value that follows the far side, as if the hub had not changed its own.
    fn for_agreed_hub(&self) -> Option<Value> {
        let whole = lift(self.pair.def, self.h0.as_ref(), self.f0.as_ref(), self.f1.as_ref());
        project(self.pair.def, &self.pair.hub, whole.as_ref(), self.h1.as_ref())
    }

    /// The hub value that follows the far side's change.
    fn for_hub(&self, far: Option<&Value>) -> Option<Value> {
        let whole = lift(self.pair.def, self.h1.as_ref(), self.f0.as_ref(), far);
        project(self.pair.def, &self.pair.hub, whole.as_ref(), self.h1.as_ref())
    }
}

fn limited(support: &pimkit_core::FieldSupport) -> bool {
    support.many.is_some() || support.max_len.is_some() || support.precision.is_some()
}

/// Merges one pair of items. Without a base it is their first meeting: nothing that either side has
/// is overwritten silently.
pub(crate) fn merge(map: &FieldMap, policy: &Policy, base: Option<&BaseRow>, reread: bool, hub: Half<'_>, far: Half<'_>) -> Merged {
    let empty = BaseRow::default();
    let base = base.unwrap_or(&empty);
    let mut merged = Merged::default();
    let mut cases: Vec<Case> = Vec::new();
    let mut unknown: BTreeSet<&'static str> = BTreeSet::new();
    for pair in map.pairs(&[hub.fields, far.fields, &base.hub, &base.far]) {
        if pair.def.identity {
            continue;
        }
        let get = |fields: &Fields, field: &Field| value(fields, field).cloned();
        let mut case = Case {
            h0: get(&base.hub, &pair.left),
            h1: get(hub.fields, &pair.left),
            f0: get(&base.far, &pair.right),
            f1: get(far.fields, &pair.right),
            h_now: get(hub.fields, &pair.left),
            f_now: get(far.fields, &pair.right),
            changed: Changed::Nothing,
            pair,
        };
        let hub_changed = !case.pair.def.same(case.h0.as_ref(), case.h1.as_ref());
        let mut far_changed = !case.pair.far_def.same(case.f0.as_ref(), case.f1.as_ref());
        let unread = (hub.unread.contains(&case.pair.left), far.unread.contains(&case.pair.right));
        if unread != (false, false) {
            // Unknown, never empty, and not written; what the other side changed waits for it.
            if (hub_changed && !unread.0) || (far_changed && !unread.1) {
                merged.waiting.push(format!("{}: it could not be read this time", case.pair.left));
            }
            unknown.extend(case.pair.def.group);
            continue;
        }
        if far_changed && reread && base.sent.contains(&case.pair.right) {
            let flip = flip(&case.pair.right, case.f0.as_ref(), case.f1.as_ref());
            let by_itself = degraded(case.pair.far_def, case.f0.as_ref(), case.f1.as_ref());
            let again = base.flips.get(&flip).is_some_and(|n| n + 1 >= FLIPS);
            if by_itself || again {
                // The server's own doing: the hub keeps what it has, and the far value is the one to compare with.
                if !by_itself {
                    merged.given_up.push(case.pair.left.clone());
                }
                case.f0.clone_from(&case.f1);
                merged.agreed.push(agreed(&case.pair, case.h0.as_ref(), case.f1.as_ref()));
                far_changed = false;
            } else {
                merged.flipped.push(flip);
            }
        }
        case.changed = match (hub_changed, far_changed) {
            (false, false) => Changed::Nothing,
            _ if case.agrees() => Changed::Same,
            (true, false) => Changed::Hub,
            (false, true) => Changed::Far,
            (true, true) => Changed::Both,
        };
        cases.push(case);
    }
    // A group goes as a whole or not at all.
    for group in &unknown {
        if let Some(case) = cases.iter().find(|c| c.pair.def.group == Some(group) && c.changed != Changed::Nothing) {
            merged.waiting.push(format!("{}: what belongs to it could not be read this time", case.pair.left));
        }
    }
    cases.retain(|c| c.pair.def.group.is_none_or(|group| !unknown.contains(group)));
    let times_conflict = TIMES.is_in_conflict(&cases);
    if !times_conflict {
        reanchor(&mut cases);
    }
    let mut resolver = Resolver { policy, hub, far, merged };
    for group in groups(&cases, policy.granularity, times_conflict) {
        resolver.group(&group);
    }
    resolver.merged
}

/// An atomic group, by its name.
struct Group(&'static str);

/// When a thing takes place, and how it repeats.
const TIMES: Group = Group("times");

impl Group {
    /// Whether both sides changed something of it.
    fn is_in_conflict(&self, cases: &[Case]) -> bool {
        let any = |wanted: [Changed; 2]| cases.iter().any(|c| c.pair.def.group == Some(self.0) && wanted.contains(&c.changed));
        any([Changed::Hub, Changed::Both]) && any([Changed::Far, Changed::Both])
    }
}

/// Cases that go together: the fields of one atomic group; the whole record, where that is the
/// policy. Overrides name occurrences by their time: where both sides moved the series, they go with it.
fn groups(cases: &[Case], granularity: Granularity, times_conflict: bool) -> Vec<Vec<&Case>> {
    let mut groups: Vec<(Option<&str>, Vec<&Case>)> = Vec::new();
    for case in cases {
        let name = match granularity {
            Granularity::Record => Some("record"),
            Granularity::Field if times_conflict && case.pair.def.shape == Shape::Overrides => Some(TIMES.0),
            Granularity::Field => case.pair.def.group,
        };
        match groups.iter_mut().find(|(n, _)| n.is_some() && *n == name) {
            Some((_, members)) => members.push(case),
            None => groups.push((name, vec![case])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

fn agreed(pair: &Pairing, hub: Option<&Value>, far: Option<&Value>) -> Agreed {
    Agreed { left: pair.left.clone(), hub: hub.cloned(), right: pair.right.clone(), far: far.cloned() }
}

/// When one side alone moved the series, the other side's overrides move with it.
fn reanchor(cases: &mut [Case]) {
    let Some(start) = cases.iter().find(|c| c.pair.left.as_str() == "start") else { return };
    let time = |v: &Option<Value>| v.clone().and_then(|v| serde_json::from_value::<When>(v).ok());
    let (changed, from, to) = match start.changed {
        Changed::Hub => (Changed::Hub, time(&start.h0), time(&start.h1)),
        Changed::Far => (Changed::Far, time(&start.f0), time(&start.f1)),
        _ => return,
    };
    let (Some(from), Some(to)) = (from, to) else { return };
    let moved = |v: &Option<Value>| -> Option<Value> {
        let overrides: Overrides = serde_json::from_value(v.clone()?).ok()?;
        serde_json::to_value(shifted(&overrides, &from, &to)).ok()
    };
    for case in cases.iter_mut().filter(|c| c.pair.def.shape == Shape::Overrides && c.changed == Changed::Both) {
        if changed == Changed::Hub {
            case.h0 = moved(&case.h0);
            case.f0 = moved(&case.f0);
            case.f1 = moved(&case.f1);
        } else {
            case.f0 = moved(&case.f0);
            case.h0 = moved(&case.h0);
            case.h1 = moved(&case.h1);
        }
    }
}

struct Resolver<'a> {
    policy: &'a Policy,
    hub: Half<'a>,
    far: Half<'a>,
    merged: Merged,
}

impl Resolver<'_> {
    fn group(&mut self, group: &[&Case]) {
        let hub_changed = group.iter().any(|c| matches!(c.changed, Changed::Hub | Changed::Both));
        let far_changed = group.iter().any(|c| matches!(c.changed, Changed::Far | Changed::Both));
        for case in group.iter().filter(|c| c.changed == Changed::Same) {
            self.merged.agreed.push(agreed(&case.pair, case.h1.as_ref(), case.f1.as_ref()));
        }
        let open = || group.iter().filter(|c| !matches!(c.changed, Changed::Same | Changed::Nothing));
        match (hub_changed, far_changed) {
            (false, false) => {}
            (true, false) => open().for_each(|c| self.follow_hub(c)),
            (false, true) => open().for_each(|c| self.follow_far(c)),
            (true, true) => self.both(group),
        }
    }

    /// The far side follows the hub.
    fn follow_hub(&mut self, case: &Case) {
        if self.policy.direction == Direction::ToLeft {
            return;
        }
        let far = case.for_far(case.h1.as_ref());
        self.write_far(case, case.h1.as_ref(), far);
    }

    /// The hub follows the far side.
    fn follow_far(&mut self, case: &Case) {
        if self.policy.direction == Direction::ToRight {
            return;
        }
        let hub = case.for_hub(case.f1.as_ref());
        self.write_hub(case, hub, case.f1.as_ref());
    }

    /// False when it waits.
    fn write_far(&mut self, case: &Case, hub: Option<&Value>, far: Option<Value>) -> bool {
        let pair = &case.pair;
        if pair.far_def.same(far.as_ref(), case.f1.as_ref()) {
            self.merged.agreed.push(agreed(pair, hub, case.f1.as_ref()));
        } else if !pair.far.write {
            // The far side never takes this field: the hub keeps it, and it is not asked again.
            self.merged.agreed.push(agreed(pair, hub, case.f1.as_ref()));
        } else if self.far.writable {
            self.merged.far.insert(pair.right.clone(), far.clone().unwrap_or(Value::Null));
            self.merged.agreed.push(agreed(pair, hub, far.as_ref()));
        } else {
            self.merged.waiting.push(format!("{}: the right side may not be written here", pair.left));
            return false;
        }
        true
    }

    /// False when it waits.
    fn write_hub(&mut self, case: &Case, hub: Option<Value>, far: Option<&Value>) -> bool {
        let pair = &case.pair;
        if pair.def.same(hub.as_ref(), case.h1.as_ref()) {
            self.merged.agreed.push(agreed(pair, case.h1.as_ref(), far));
            return true;
        }
        if !pair.hub.write {
            self.merged.agreed.push(agreed(pair, case.h1.as_ref(), far));
        } else if self.hub.writable {
            // Where the far side never held what the hub has, its change is made in ignorance of it.
            let known = project(pair.far_def, &pair.far, case.h0.as_ref(), case.f0.as_ref());
            if case.h1.is_some() && !pair.far_def.same(known.as_ref(), case.f0.as_ref()) {
                self.lose(Side::Left, &pair.left, case.h0.as_ref(), case.h1.as_ref());
            }
            self.merged.hub.insert(pair.left.clone(), hub.clone().unwrap_or(Value::Null));
            self.merged.agreed.push(agreed(pair, hub.as_ref(), far));
        } else {
            self.merged.waiting.push(format!("{}: the left side may not be written here", pair.left));
            return false;
        }
        true
    }

    fn lose(&mut self, side: Side, field: &Field, base: Option<&Value>, value: Option<&Value>) {
        self.merged.lost.push(FieldChange { side, field: field.clone(), from: base.cloned(), to: value.cloned() });
    }

    /// Both sides changed something of the group.
    fn both(&mut self, group: &[&Case]) {
        let one_way = match self.policy.direction {
            Direction::TwoWay => None,
            Direction::ToRight => Some(Side::Left),
            Direction::ToLeft => Some(Side::Right),
        };
        let winner = one_way.or_else(|| self.winner());
        if let ([case], Granularity::Field, None) = (group, self.policy.granularity, one_way)
            && case.pair.def.mergeable()
        {
            return self.elements(case, winner);
        }
        self.merged.conflicts += 1;
        match winner {
            None => {
                for case in group.iter().filter(|c| !matches!(c.changed, Changed::Same | Changed::Nothing)) {
                    self.merged.waiting.push(format!("{}: both sides changed it; decide which one stays", case.pair.left));
                }
            }
            Some(side) => {
                let lost = self.merged.lost.len();
                self.take(group, side);
                let loses = self.merged.lost.len() > lost;
                self.merged.keep_both |= loses && one_way.is_none() && self.policy.conflicts == Conflicts::KeepBoth;
            }
        }
    }

    /// The whole group as one side has it. What the other had changed is kept as lost, unless it waits.
    fn take(&mut self, group: &[&Case], winner: Side) {
        for case in group.iter().filter(|c| !matches!(c.changed, Changed::Same | Changed::Nothing)) {
            let pair = &case.pair;
            match winner {
                Side::Left => {
                    let far = case.for_far(case.h1.as_ref());
                    if self.write_far(case, case.h1.as_ref(), far) && case.changed != Changed::Hub {
                        self.lose(Side::Right, &pair.right, case.f0.as_ref(), case.f1.as_ref());
                    }
                }
                Side::Right => {
                    // Over what was agreed last, not over what the hub made of it since: that has lost.
                    let hub = if case.changed == Changed::Far { case.for_hub(case.f1.as_ref()) } else { case.for_agreed_hub() };
                    if self.write_hub(case, hub, case.f1.as_ref()) && case.changed != Changed::Far {
                        self.lose(Side::Left, &pair.left, case.h0.as_ref(), case.h1.as_ref());
                    }
                }
            }
        }
    }

    /// Merges the elements of a set one by one.
    fn elements(&mut self, case: &Case, winner: Option<Side>) {
        let def = case.pair.def;
        let lost = self.merged.lost.len();
        let (h0, h1) = (elements(def, case.h0.as_ref()), elements(def, case.h1.as_ref()));
        let (f0, f1) = (elements(def, case.f0.as_ref()), elements(def, case.f1.as_ref()));
        let get = |list: &[(String, Value)], name: &str| list.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let mut result: Vec<(String, Value)> = Vec::new();
        let mut names: Vec<&String> = h1.iter().map(|(n, _)| n).collect();
        for (name, _) in f1.iter().chain(&h0).chain(&f0) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let mut conflicts = 0;
        for name in names {
            let (a0, a1, b0, b1) = (get(&h0, name), get(&h1, name), get(&f0, name), get(&f1, name));
            let element = match (a0 != a1, b0 != b1) {
                (_, false) => a1,
                (false, true) => match (&a1, &b0, &b1) {
                    // Held on the hub only: not the far side's to remove.
                    (Some(_), None, None) => a1,
                    (Some(whole), Some(was), Some(is)) => Some(lift_element(whole, was, is)),
                    _ => b1,
                },
                (true, true) if a1 == b1 => a1,
                (true, true) => {
                    // An edit is more than a removal: the edited element stays.
                    match (&a1, &b1) {
                        (None, Some(_)) => b1,
                        (Some(_), None) => a1,
                        _ => {
                            conflicts += 1;
                            match winner {
                                Some(Side::Left) => {
                                    self.lose(Side::Right, &case.pair.right, None, b1.as_ref());
                                    a1
                                }
                                Some(Side::Right) => {
                                    self.lose(Side::Left, &case.pair.left, None, a1.as_ref());
                                    b1
                                }
                                None => {
                                    self.merged.lost.truncate(lost);
                                    self.merged.conflicts += 1;
                                    self.merged
                                        .waiting
                                        .push(format!("{}: both sides changed one entry; decide which one stays", case.pair.left));
                                    return;
                                }
                            }
                        }
                    }
                }
            };
            if let Some(element) = element {
                result.push((name.clone(), element));
            }
        }
        self.merged.conflicts += conflicts;
        let hub = from_elements(def, result);
        let far = case.for_far(hub.as_ref());
        let hub_differs = !def.same(hub.as_ref(), case.h_now.as_ref());
        let far_differs = !case.pair.far_def.same(far.as_ref(), case.f_now.as_ref());
        let blocked = (hub_differs && !self.hub.writable) || (far_differs && !self.far.writable);
        if blocked {
            // Nothing is overwritten yet: nothing has lost.
            self.merged.lost.truncate(lost);
            self.merged.waiting.push(format!("{}: a side may not be written here", case.pair.left));
            return;
        }
        self.merged.keep_both |= conflicts > 0 && self.policy.conflicts == Conflicts::KeepBoth;
        if hub_differs && case.pair.hub.write {
            self.merged.hub.insert(case.pair.left.clone(), hub.clone().unwrap_or(Value::Null));
        }
        if far_differs && case.pair.far.write {
            self.merged.far.insert(case.pair.right.clone(), far.clone().unwrap_or(Value::Null));
        }
        let hub = if case.pair.hub.write { hub } else { case.h_now.clone() };
        let far = if case.pair.far.write { far } else { case.f_now.clone() };
        self.merged.agreed.push(agreed(&case.pair, hub.as_ref(), far.as_ref()));
    }

    /// Who wins a conflict; nobody, where somebody must decide.
    fn winner(&self) -> Option<Side> {
        match self.policy.conflicts {
            Conflicts::Left | Conflicts::KeepBoth => Some(Side::Left),
            Conflicts::Right => Some(Side::Right),
            Conflicts::Ask => None,
            Conflicts::Newest => {
                let later = |a: Interval, b: Interval| a.after.is_some_and(|after| after >= b.until);
                Some(if later(self.far.change, self.hub.change) && !later(self.hub.change, self.far.change) {
                    Side::Right
                } else {
                    Side::Left
                })
            }
        }
    }
}

#[cfg(test)]
mod tests;
