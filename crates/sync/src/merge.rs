//! Who changed what, and what becomes of it: the three-way merge of one pair of items.
//!
//! A side changed a field where it differs from its own base. One side changed: the other follows,
//! through what it can hold. Both changed: the elements of a set merge one by one, and what cannot
//! be merged is a conflict, which the policy decides; the loser is kept.

use crate::{
    map::{FieldMap, Pairing, Pass},
    planted::{Break, planted},
    policy::{Granularity, Policy},
    project::{degraded, lift, project, value},
    step::Agreed,
};
use jiff::Timestamp;
use pimkit_core::{BaseRow, Field, FieldChange, Fields, Overrides, Shape, Value, When, cursor::binding, series::shifted};
use resolve::Resolver;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// When a side was changed: after the first, not after the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) after: Option<Timestamp>,
    pub(crate) until: Timestamp,
}

/// When the fields of a side were changed.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    /// Those fields that are known one by one.
    pub(crate) fields: BTreeMap<Field, Interval>,
    /// All others.
    pub(crate) rest: Interval,
}

impl Times {
    /// The latest change of any of these fields.
    fn latest<'f>(&self, fields: impl Iterator<Item = &'f Field>) -> Interval {
        let each = fields.map(|field| self.fields.get(field).copied().unwrap_or(self.rest));
        each.max_by_key(|change| (change.until, change.after)).unwrap_or(self.rest)
    }
}

/// One side of a merge.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half<'a> {
    /// What it says.
    pub(crate) fields: &'a Fields,
    /// What was not readable.
    pub(crate) unread: &'a [Field],
    /// When it was changed.
    pub(crate) times: &'a Times,
    /// Whether the item may be written.
    pub(crate) writable: bool,
    /// Whether it is the organiser's.
    pub(crate) leads: bool,
}

impl<'a> Half<'a> {
    /// What it really says of a field: in a case, overrides may have been moved for comparing.
    fn says(&self, field: &Field) -> Option<&'a Value> {
        value(self.fields, field)
    }
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
    /// What each side has of the fields that somebody must decide on.
    pub(crate) undecided: Vec<FieldChange>,
    /// The far record is to become a record of its own.
    pub(crate) keep_both: bool,
    /// Far fields that came back other than we wrote them: see [`flip`].
    pub(crate) flipped: Vec<Field>,
    /// An edit on the side that only follows is put back.
    pub(crate) restored: bool,
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
    Field::from(format!("{field} {:016x}", binding(&[text(sent), text(came)])))
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
    pair: Arc<Pairing>,
    h0: Option<Value>,
    h1: Option<Value>,
    f0: Option<Value>,
    f1: Option<Value>,
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

pub(crate) fn limited(support: &pimkit_core::FieldSupport) -> bool {
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
            f0: if planted(Break::BasePerSide) { get(&base.hub, &pair.left) } else { get(&base.far, &pair.right) },
            f1: get(far.fields, &pair.right),
            changed: Changed::Nothing,
            pair,
        };
        let hub_changed = !case.pair.def.same(case.h0.as_ref(), case.h1.as_ref());
        let mut far_changed = !case.pair.far_def.same(case.f0.as_ref(), case.f1.as_ref());
        let unread = (hub.unread.contains(&case.pair.left), far.unread.contains(&case.pair.right));
        if case.pair.pass == Pass::Never {
            // Each side goes its own way; what it was like is remembered, should they follow each other again.
            if (hub_changed || far_changed) && unread == (false, false) {
                merged.agreed.push(agreed(&case.pair, case.h1.as_ref(), case.f1.as_ref()));
            }
            continue;
        }
        if unread != (false, false) && !planted(Break::UnreadAsUnknown) {
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

mod labels;
mod resolve;

#[cfg(test)]
mod tests;
