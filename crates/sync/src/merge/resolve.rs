//! What becomes of a group of fields that one side changed, or both.

use super::{Case, Changed, Half, Interval, Merged, agreed, labels};
use crate::{
    map::Pass,
    policy::{Conflicts, Direction, Drift, Granularity, Policy},
    project::{elements, from_elements, is_beginning, lift_element, project},
    undecided::DECIDE,
};
use pimkit_core::{Field, FieldChange, Side, Value};

/// Settles the groups of one merge, one after the other.
pub(super) struct Resolver<'a> {
    pub(super) policy: &'a Policy,
    pub(super) hub: Half<'a>,
    pub(super) far: Half<'a>,
    pub(super) merged: Merged,
}

impl Resolver<'_> {
    pub(super) fn group(&mut self, group: &[&Case]) {
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
            if self.policy.drift == Drift::Restore {
                // As it was agreed: the far side has not changed it.
                let hub = case.for_agreed_hub();
                let written = self.merged.hub.len();
                if self.write_hub(case, hub, case.f1.as_ref()) && self.merged.hub.len() > written {
                    self.lose(Side::Left, &case.pair.left, case.h0.as_ref(), case.h1.as_ref());
                    self.merged.restored = true;
                }
            }
            return;
        }
        let far = case.for_far(case.h1.as_ref());
        self.write_far(case, case.h1.as_ref(), far);
    }

    /// The hub follows the far side.
    fn follow_far(&mut self, case: &Case) {
        if self.policy.direction == Direction::ToRight {
            if self.policy.drift == Drift::Restore {
                let far = case.for_far(case.h1.as_ref());
                let written = self.merged.far.len();
                if self.write_far(case, case.h1.as_ref(), far) && self.merged.far.len() > written {
                    self.lose(Side::Right, &case.pair.right, case.f0.as_ref(), case.f1.as_ref());
                    self.merged.restored = true;
                }
            }
            return;
        }
        let hub = case.for_hub(case.f1.as_ref());
        let far = self.room_filled(case, hub.as_ref());
        if self.write_hub(case, hub, far.as_ref().or(case.f1.as_ref()))
            && let Some(far) = far
        {
            self.merged.far.insert(case.pair.right.clone(), far);
        }
    }

    /// The far value with what the hub has more of: its user took something out of a list that was full, so that there is
    /// room for what did not fit before. Nothing where nothing comes in.
    fn room_filled(&self, case: &Case, hub: Option<&Value>) -> Option<Value> {
        let pair = &case.pair;
        let may = self.policy.direction == Direction::TwoWay && self.far.writable && pair.far.write && !matches!(pair.pass, Pass::Held(_));
        if !may || pair.far.many.is_none() || pair.far_def.same(case.f0.as_ref(), case.f1.as_ref()) {
            return None;
        }
        let has = elements(pair.far_def, case.f1.as_ref());
        let filled = case.for_far(hub)?;
        let more = elements(pair.far_def, Some(&filled));
        (more.len() > has.len() && has.iter().all(|(name, _)| more.iter().any(|(other, _)| other == name))).then_some(filled)
    }

    /// False when it waits.
    fn write_far(&mut self, case: &Case, hub: Option<&Value>, far: Option<Value>) -> bool {
        let pair = &case.pair;
        if pair.far_def.same(far.as_ref(), case.f1.as_ref()) {
            self.merged.agreed.push(agreed(pair, hub, case.f1.as_ref()));
        } else if !pair.far.write {
            // The far side never takes this field: the hub keeps it, and it is not asked again.
            self.merged.agreed.push(agreed(pair, hub, case.f1.as_ref()));
        } else if let Pass::Held(why) = pair.pass {
            self.merged.waiting.push(format!("{}: {why}", pair.left));
            return false;
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

    /// What both sides have of a field, for the one who decides.
    fn undecided(&mut self, case: &Case) {
        let change = |side, field: &Field, from: &Option<Value>, to: Option<&Value>| FieldChange {
            side,
            field: field.clone(),
            from: from.clone(),
            to: to.cloned(),
        };
        self.merged.undecided.push(change(Side::Left, &case.pair.left, &case.h0, self.hub.says(&case.pair.left)));
        self.merged.undecided.push(change(Side::Right, &case.pair.right, &case.f0, self.far.says(&case.pair.right)));
    }

    /// Both sides changed something of the group.
    fn both(&mut self, group: &[&Case]) {
        let one_way = match self.policy.direction {
            Direction::TwoWay => None,
            Direction::ToRight => Some(Side::Left),
            Direction::ToLeft => Some(Side::Right),
        };
        let winner = one_way.or_else(|| self.winner(group));
        if let ([case], Granularity::Field, None) = (group, self.policy.granularity, one_way)
            && case.pair.def.mergeable()
        {
            return self.elements(case, winner);
        }
        self.merged.conflicts += 1;
        match winner {
            None => {
                for case in group.iter().filter(|c| !matches!(c.changed, Changed::Same | Changed::Nothing)) {
                    self.merged.waiting.push(format!("{}: both sides changed it; {DECIDE}", case.pair.left));
                    self.undecided(case);
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
        let (mut h0, mut h1) = (elements(def, case.h0.as_ref()), elements(def, case.h1.as_ref()));
        let (mut f0, mut f1) = (elements(def, case.f0.as_ref()), elements(def, case.f1.as_ref()));
        name_cut(&h0, &mut f0, &mut f1);
        take_for_whole(case, &h1, &mut f1);
        labels::join(&mut h0, &mut h1, &mut f0, &mut f1);
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
                                    self.merged.waiting.push(format!("{}: both sides changed one entry; {DECIDE}", case.pair.left));
                                    self.undecided(case);
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
        let (hub_now, far_now) = (self.hub.says(&case.pair.left), self.far.says(&case.pair.right));
        let hub_differs = !def.same(hub.as_ref(), hub_now);
        let far_differs = !case.pair.far_def.same(far.as_ref(), far_now);
        let (hub_written, far_written) = (hub_differs && case.pair.hub.write, far_differs && case.pair.far.write);
        let why = match case.pair.pass {
            Pass::Held(why) if far_written => Some(why),
            _ if (hub_written && !self.hub.writable) || (far_written && !self.far.writable) => Some("a side may not be written here"),
            _ => None,
        };
        if let Some(why) = why {
            // Nothing is overwritten yet: nothing has lost.
            self.merged.lost.truncate(lost);
            self.merged.waiting.push(format!("{}: {why}", case.pair.left));
            return;
        }
        self.merged.keep_both |= conflicts > 0 && self.policy.conflicts == Conflicts::KeepBoth;
        if hub_written {
            self.merged.hub.insert(case.pair.left.clone(), hub.clone().unwrap_or(Value::Null));
        }
        if far_written {
            self.merged.far.insert(case.pair.right.clone(), far.clone().unwrap_or(Value::Null));
        }
        let hub = if case.pair.hub.write { hub.as_ref() } else { hub_now };
        let far = if case.pair.far.write { far.as_ref() } else { far_now };
        self.merged.agreed.push(agreed(&case.pair, hub, far));
    }

    /// Who wins a conflict; nobody, where somebody must decide.
    fn winner(&self, group: &[&Case]) -> Option<Side> {
        if group.iter().any(|c| c.pair.pass == Pass::Answer) {
            return Some(Side::Right);
        }
        match self.policy.conflicts {
            Conflicts::Organiser if self.far.leads => Some(Side::Right),
            Conflicts::Organiser if self.hub.leads => Some(Side::Left),
            Conflicts::Left | Conflicts::KeepBoth => Some(Side::Left),
            Conflicts::Right => Some(Side::Right),
            Conflicts::Ask => None,
            Conflicts::Newest | Conflicts::Organiser => {
                let later = |a: Interval, b: Interval| a.after.is_some_and(|after| after >= b.until);
                let changed = |by: Changed| group.iter().filter(move |c| c.changed == by || c.changed == Changed::Both);
                let hub = self.hub.times.latest(changed(Changed::Hub).map(|c| &c.pair.left));
                let far = self.far.times.latest(changed(Changed::Far).map(|c| &c.pair.right));
                Some(if later(far, hub) && !later(hub, far) { Side::Right } else { Side::Left })
            }
        }
    }
}

/// Gives an entry of which the far side holds the beginning alone the name of the whole one: where it was agreed on, it is that
/// one, and goes with it.
fn name_cut(h0: &[(String, Value)], f0: &mut [(String, Value)], f1: &mut [(String, Value)]) {
    for (name, whole) in h0 {
        if f0.iter().any(|(held, _)| held == name) {
            continue;
        }
        let begins = |(held, text): &&(String, Value)| !h0.iter().any(|(other, _)| other == held) && is_beginning(whole, text);
        let Some(cut) = f0.iter().find(begins).map(|(held, _)| held.clone()) else { continue };
        for (held, _) in f0.iter_mut().chain(f1.iter_mut()).filter(|(held, _)| *held == cut) {
            held.clone_from(name);
        }
    }
}

/// The same of an entry that nobody has agreed on yet, since what came of our write of it is not known: what the far side has of
/// it is just what it can hold.
fn take_for_whole(case: &Case, h1: &[(String, Value)], f1: &mut [(String, Value)]) {
    let def = case.pair.far_def;
    for (name, whole) in h1.iter().filter(|(_, whole)| whole.is_string()) {
        if f1.iter().any(|(held, _)| held == name) {
            continue;
        }
        let held = project(def, &case.pair.far, Some(&Value::Array(vec![whole.clone()])), None);
        let Some((cut, _)) = elements(def, held.as_ref()).into_iter().next() else { continue };
        if h1.iter().any(|(other, _)| *other == cut) {
            continue;
        }
        if let Some(entry) = f1.iter_mut().find(|(held, _)| *held == cut) {
            *entry = (name.clone(), whole.clone());
        }
    }
}
