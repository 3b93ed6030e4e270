//! How much a run may do: caps that carry the rest over, and guards that stop and ask.

use pimkit_core::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A value for all kinds, or for some of them. A sync has one kind; a profile serves them all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByKind<T> {
    /// For kinds that are not named.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub all: Option<T>,
    /// By kind.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<Kind, T>,
}

impl<T> Default for ByKind<T> {
    fn default() -> Self {
        Self { all: None, kinds: BTreeMap::new() }
    }
}

impl<T> ByKind<T> {
    /// The same for every kind.
    pub fn every(value: T) -> Self {
        Self { all: Some(value), kinds: BTreeMap::new() }
    }

    /// The same, with another value for one kind.
    #[must_use]
    pub fn with(mut self, kind: Kind, value: T) -> Self {
        self.kinds.insert(kind, value);
        self
    }

    /// The value for a kind.
    pub fn of(&self, kind: Kind) -> Option<&T> {
        self.kinds.get(&kind).or(self.all.as_ref())
    }
}

/// What a capped run does first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// In the order of the plan.
    #[default]
    Plan,
    /// What lies in the future, nearest first; then what is past, latest first; then what has no time.
    FutureFirst,
}

/// How many items a run makes or changes at most, per side. The rest is carried over to the next
/// run, in the same order, and nothing of it is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// In the first run of a sync, items made or changed on the far side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_right: Option<u64>,
    /// In the first run of a sync, items made or changed on the hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_left: Option<u64>,
    /// In each later run, items made or changed on the far side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_right: Option<u64>,
    /// In each later run, items made or changed on the hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_left: Option<u64>,
    /// What comes first.
    pub order: Order,
}

/// When so many operations of one sort stop and ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limit {
    /// More than this share of the items that are linked there, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
    /// Fewer than this never count as a share: two of three items are no mass deletion.
    pub at_least: u64,
    /// More than this number, whatever the share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
}

impl Limit {
    /// Whether `count` operations on a collection of `linked` linked items are too many to go unasked.
    #[must_use]
    pub fn is_passed(&self, count: u64, linked: u64) -> bool {
        let by_share = self
            .percent
            .is_some_and(|percent| count >= self.at_least.max(1) && count.saturating_mul(100) > linked.saturating_mul(u64::from(percent)));
        by_share || self.number.is_some_and(|most| count > most)
    }
}

/// What stops and asks, counted over 24 hours, per collection and per hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guards {
    /// Items made.
    pub creates: Limit,
    /// Items deleted.
    pub deletes: Limit,
    /// Items changed.
    pub updates: Limit,
    /// Items of which one and the same field is cleared.
    pub cleared: Limit,
    /// So many items of one collection, or more, that stand as they were before, together with those that went at the
    /// same time, are a store that was put back from a backup; 0: never.
    pub rolled_back: u64,
    /// Two sides of at least so many items each, of which a first run recognises none on the other, are likely two that
    /// do not belong together; 0: never.
    pub matches_nothing: u64,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            creates: Limit { percent: Some(300), at_least: 500, number: None },
            deletes: Limit { percent: Some(33), at_least: 5, number: None },
            updates: Limit { percent: Some(90), at_least: 500, number: None },
            cleared: Limit { percent: Some(33), at_least: 5, number: None },
            rolled_back: 3,
            matches_nothing: 10,
        }
    }
}

impl Guards {
    /// Nothing stops by its number; a collection that lists none of its linked items still does.
    #[must_use]
    pub fn off() -> Self {
        let off = Limit::default();
        Self { creates: off, deletes: off, updates: off, cleared: off, rolled_back: 0, matches_nothing: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_passed_by_share_from_its_least_number_on_or_by_number() {
        let share = Limit { percent: Some(33), at_least: 5, number: None };
        for (count, linked, passed) in
            [(4, 4, false), (5, 10, true), (5, 15, true), (5, 16, false), (33, 100, false), (34, 100, true), (5, 0, true)]
        {
            assert_eq!(share.is_passed(count, linked), passed, "{count} of {linked}");
        }
        let number = Limit { percent: None, at_least: 0, number: Some(10) };
        assert!(!number.is_passed(10, 0) && number.is_passed(11, 1_000_000));
        assert!(!Limit::default().is_passed(u64::MAX, 0));
    }

    #[test]
    fn a_value_by_kind_falls_back_to_the_one_for_all() {
        let names = ByKind::every("CRM".to_owned()).with(Kind::Contact, "CRM Contacts".to_owned());
        assert_eq!(names.of(Kind::Contact).unwrap(), "CRM Contacts");
        assert_eq!(names.of(Kind::Event).unwrap(), "CRM");
    }
}
