//! What becomes of the steps that guards have looked at.

use super::{
    kind::{Guard, end},
    tally::Sort,
};
use crate::step::{SideWrite, Step};
use pimkit_core::Side;
use std::collections::BTreeMap;

/// What becomes of one step, as the guards that look at it say one after the other.
#[derive(Debug, Default)]
pub(super) struct Fate {
    /// It waits for this answer.
    pub(super) held: Option<String>,
    /// The last answer that says yes to it.
    pub(super) allowed: Option<String>,
    /// What was answered with yes.
    pub(super) answered: Vec<(Sort, Option<Side>)>,
    /// What was answered with no, each with the answer.
    pub(super) refused: Vec<(String, Sort)>,
}

/// What becomes of the steps of a plan.
#[derive(Debug, Default)]
pub(super) struct Fates {
    by_step: BTreeMap<u64, Fate>,
    /// How many fields of a side a step writes that clears some, without those that are not to be cleared.
    fields: BTreeMap<(u64, Side), usize>,
    /// The steps that an answer is about, and the items by which they are shown.
    spoken: BTreeMap<String, Vec<(u64, String)>>,
}

impl Fates {
    /// Notes of a step what a later guard must know of it.
    pub(super) fn note(&mut self, guard: &Guard, number: u64, step: &Step) {
        if let Guard::Many(Sort::Cleared(_), _, side) = guard
            && let Some(SideWrite::Fields { fields, .. }) = &end(step, *side).write
        {
            self.fields.insert((number, *side), fields.len());
        }
    }

    /// Whether a guard is still to be asked about a step: it is not held, and nobody has answered what the guard is about.
    pub(super) fn is_open(&self, guard: &Guard, number: u64) -> bool {
        let Some(fate) = self.by_step.get(&number) else { return true };
        let ended = |sort: &Sort| !matches!(sort, Sort::Cleared(_)) || *sort == guard.sort();
        if fate.held.is_some() || fate.refused.iter().any(|(_, sort)| ended(sort)) {
            return false;
        }
        if let Guard::Many(Sort::Updates, _, side) = guard
            && self.fields.get(&(number, *side)) == Some(&0)
        {
            // All that it would have changed stays.
            return false;
        }
        let same = |(sort, side): &(Sort, Option<Side>)| {
            guard.about().is_some_and(|(asked, on)| *sort == asked && (side.is_none() || on.is_none() || *side == on))
        };
        !fate.answered.iter().any(same)
    }

    pub(super) fn is_held(&self, number: u64) -> bool {
        self.by_step.get(&number).is_some_and(|fate| fate.held.is_some())
    }

    pub(super) fn hold(&mut self, number: u64, id: &str) {
        self.by_step.entry(number).or_default().held = Some(id.to_owned());
    }

    pub(super) fn allow(&mut self, guard: &Guard, number: u64, item: &str, id: &str) {
        let fate = self.by_step.entry(number).or_default();
        fate.allowed = Some(id.to_owned());
        fate.answered.extend(guard.about());
        self.speak(number, item, id);
    }

    pub(super) fn refuse(&mut self, guard: &Guard, number: u64, item: &str, id: &str) {
        if matches!(guard, Guard::RolledBack(..)) {
            // What gets back the other side's values was planned so.
            return self.allow(guard, number, item, id);
        }
        if let Guard::Many(Sort::Cleared(_), _, side) = guard
            && let Some(left) = self.fields.get_mut(&(number, *side))
        {
            *left = left.saturating_sub(1);
        }
        self.by_step.entry(number).or_default().refused.push((id.to_owned(), guard.sort()));
        self.speak(number, item, id);
    }

    /// An answer is about a step.
    pub(super) fn speak(&mut self, number: u64, item: &str, id: &str) {
        self.spoken.entry(id.to_owned()).or_default().push((number, item.to_owned()));
    }

    /// The answers that are carried out, each with the items of it that wait for another one.
    pub(super) fn answers(&mut self) -> Vec<(String, Vec<String>)> {
        let spoken = std::mem::take(&mut self.spoken);
        let waiting = |steps: Vec<(u64, String)>| steps.into_iter().filter(|(n, _)| self.is_held(*n)).map(|(_, item)| item).collect();
        spoken.into_iter().map(|(id, steps)| (id, waiting(steps))).collect()
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Fate> {
        self.by_step.remove(&number)
    }
}
