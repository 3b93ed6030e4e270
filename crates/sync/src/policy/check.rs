//! Which policies cannot go together, each refused with a sentence that says why and what to take instead.

use super::{Conflicts, Container, Deletes, Direction, Drift, Enabling, Granularity, HubDelete, Loser, Policy, Teardown};
use pimkit_core::{Error, ErrorKind, Kind, Result, Side};

impl Policy {
    /// Whether these policies go together for a sync of this kind. `with_app`: whether the engine can ask an app.
    ///
    /// # Errors
    /// `Config` with one sentence about the first combination that makes no sense.
    pub fn check(&self, kind: Kind, with_app: bool) -> Result<()> {
        if let Some(sentence) = self.about(kind).contradiction(kind, with_app) {
            return Err(Error::new(ErrorKind::Config, sentence).with("kind", kind.plural()));
        }
        Ok(())
    }

    fn contradiction(&self, kind: Kind, with_app: bool) -> Option<&'static str> {
        let one_way = self.direction != Direction::TwoWay;
        let dedicated = self.container == Container::Dedicated;
        let caps = self.caps.of(kind);
        let zero = |cap: Option<u64>| cap == Some(0);
        let rules = [
            (
                self.drift == Drift::Restore && !one_way,
                "drift = restore needs a side that only follows: set direction = to_left or to_right, or take drift = keep",
            ),
            (
                one_way && self.conflicts == Conflicts::KeepBoth,
                "conflicts = keep_both needs both sides to be written: set direction = two_way, or take conflicts = left or right",
            ),
            (
                self.loser == Loser::Field && !self.writes(Side::Left),
                "loser = field writes to the hub, which direction = to_right never does: take loser = journal",
            ),
            (
                self.loser == Loser::Field && self.granularity == Granularity::Record,
                "loser = field keeps single values, and granularity = record has none: take loser = journal or granularity = field",
            ),
            (
                self.conflicts == Conflicts::Organiser && kind != Kind::Event,
                "conflicts = organiser is for events, which have one: take conflicts = newest",
            ),
            (
                self.hub_delete == HubDelete::Any && self.deletes_on(Side::Left) == Deletes::Ignore,
                "hub_delete = any deletes nothing while deletions are ignored on the hub: set deletes_left, or take hub_delete = last",
            ),
            (dedicated && self.container_name.of(kind).is_none(), "container = dedicated needs a container_name"),
            (
                dedicated && !self.writes(Side::Right),
                "container = dedicated is made at the far side, which direction = to_left never writes: take container = selected",
            ),
            (
                self.container == Container::Tag && self.categories.is_empty() && self.category.is_none(),
                "container = tag needs categories or a category to tag with",
            ),
            (
                self.teardown == Teardown::DeleteContainer && !dedicated,
                "teardown = delete_container needs a container of the sync's own: set container = dedicated, or take teardown = delete_made",
            ),
            (
                !self.categories.is_empty() && !self.writes(Side::Right),
                "categories are kept at the far side, which direction = to_left never writes: take the categories out",
            ),
            (
                !self.categories.is_empty() && matches!(kind, Kind::Message | Kind::User),
                "categories are kept on contacts, events and tasks: take them out",
            ),
            (self.categories.iter().any(|c| c.name.trim().is_empty()), "a managed category needs a name"),
            (
                !self.incoming.is_empty() && !self.writes(Side::Left),
                "incoming says what comes into the hub, which direction = to_right never writes: take incoming out",
            ),
            (
                !self.incoming.is_empty() && self.category.is_some(),
                "category says already which far items are synced: take incoming out, or category",
            ),
            (
                self.incoming.iter().any(|name| name.trim().is_empty()),
                "incoming names categories, each by its name: take out the empty one",
            ),
            (
                self.incoming.iter().any(|name| self.categories.iter().any(|managed| managed.name == *name)),
                "incoming names a category that the sync keeps itself: choose among the far side's own ones",
            ),
            (
                caps.is_some_and(|c| zero(c.initial_left) || zero(c.initial_right) || zero(c.run_left) || zero(c.run_right)),
                "a cap of 0 would never end: set direction to keep a side from being written",
            ),
            (
                self.enabling == Enabling::Rights && !with_app,
                "enabling = rights asks the app what its user may do: give the engine an app, or take enabling = anybody",
            ),
            (
                self.asks_the_app() && !with_app,
                "scope, view, imported and categories depend on what the app knows of its records: give the engine an app",
            ),
        ];
        rules.into_iter().find(|(wrong, _)| *wrong).map(|(_, sentence)| sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::super::PROFILES;
    use super::*;

    #[test]
    fn every_profile_and_the_default_go_together_for_contacts_events_and_tasks() {
        for kind in [Kind::Contact, Kind::Event, Kind::Task] {
            Policy::default().check(kind, false).unwrap();
            for name in PROFILES {
                Policy::profile(name).unwrap().check(kind, true).unwrap();
            }
        }
        assert!(Policy::profile("hubspot").unwrap_err().to_string().contains("there are: sell, zoho-office365"));
    }

    #[test]
    fn what_makes_no_sense_together_is_refused_with_a_sentence() {
        for (set, says) in [
            (&[("drift", "restore")][..], "needs a side that only follows"),
            (&[("direction", "to_left"), ("conflicts", "keep_both")], "needs both sides to be written"),
            (&[("direction", "to_right"), ("loser", "field")], "never does"),
            (&[("granularity", "record"), ("loser", "field")], "keeps single values"),
            (&[("conflicts", "organiser")], "for events"),
            (&[("hub_delete", "any"), ("deletes", "ignore")], "deletes nothing"),
            (&[("container", "dedicated")], "needs a container_name"),
            (&[("container", "dedicated"), ("container_name", "x"), ("direction", "to_left")], "never writes"),
            (&[("container", "tag")], "to tag with"),
            (&[("teardown", "delete_container")], "container of the sync's own"),
            (&[("scope", "owned")], "give the engine an app"),
        ] {
            let mut policy = Policy::default();
            set.iter().for_each(|(key, word)| policy.set(key, word).unwrap());
            let error = policy.check(Kind::Contact, false).unwrap_err();
            assert!(error.to_string().contains(says), "{set:?}: {error}");
        }
        for (set, picked, says) in [
            (&[("direction", "to_right")][..], "Friends", "never writes"),
            (&[("category", "Team")], "Friends", "says already"),
            (&[], " ", "take out the empty one"),
            (&[], "Base Lead", "the sync keeps itself"),
        ] {
            let mut policy = Policy { categories: Policy::profile("sell").unwrap().categories, ..Policy::default() };
            policy.incoming = vec![picked.to_owned()];
            set.iter().for_each(|(key, word)| policy.set(key, word).unwrap());
            let error = policy.check(Kind::Contact, true).unwrap_err();
            assert!(error.to_string().contains(says), "{set:?}: {error}");
        }
    }
}
