//! What the engine does where the answer is a matter of taste. Data: from a config, or from code.
//!
//! Policies compose in this order: safety and rights, guards, scope, direction, deletes, conflicts,
//! caps. Where two speak of one item the weaker action wins: nothing before hold before detach
//! before trash before delete.

mod axes;
mod category;
mod check;
mod limits;
mod matching;
mod profile;

pub use axes::{
    AXES, Ambiguous, Attendees, Axis, Conflicts, Container, Deletes, Direction, Drift, Duplicates, Enabling, Folders, Granularity,
    HubDelete, Imported, Invited, Loser, Notices, Recurrence, Removed, Renamed, Scope, Teardown,
};
pub use category::{Condition, ManagedCategory};
pub use limits::{ByKind, Caps, Guards, Limit, Order};
pub use matching::MatchKey;
pub use profile::PROFILES;

use pimkit_core::{Error, ErrorKind, Kind, Result, Side, Value};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything that is a matter of taste in one sync.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Policy {
    /// Which side follows the other.
    pub direction: Direction,
    /// What becomes of an edit on the side that only follows.
    pub drift: Drift,
    /// Which value wins.
    pub conflicts: Conflicts,
    /// What a change is measured by.
    pub granularity: Granularity,
    /// Where a loser is kept.
    pub loser: Loser,
    /// What a deletion does.
    pub deletes: Deletes,
    /// What a deletion at the far side does to the hub, where it is not as `deletes` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes_left: Option<Deletes>,
    /// What a deletion on the hub does to the far side, where it is not as `deletes` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletes_right: Option<Deletes>,
    /// Whether a deletion at a far side may reach a hub record that other far sides may have too.
    pub hub_delete: HubDelete,
    /// Which hub records are synced, by the acting user's standing.
    pub scope: Scope,
    /// Only hub records that this saved view of the app lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// Only far items that are in this category (a contact group, an Outlook category); what the engine makes there is put into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Only far items that are in one of these categories come into the hub; none: all do. What the hub has already is joined with
    /// them whatever they are in, and what is joined stays so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incoming: Vec<String>,
    /// Which far collections may be synced.
    pub folders: Folders,
    /// Where the far items lie.
    pub container: Container,
    /// The name of a dedicated container.
    pub container_name: ByKind<String>,
    /// Categories that the engine keeps on far items.
    pub categories: Vec<ManagedCategory>,
    /// What happens when a user renames what the engine manages.
    pub renamed: Renamed,
    /// What happens when a user deletes a dedicated container.
    pub removed: Removed,
    /// What becomes of several items of one side that say the same.
    pub duplicates: Duplicates,
    /// By what items are recognised on the other side; none: every item is another thing.
    pub matches: Vec<MatchKey>,
    /// What to do with an item that several items of the other side fit.
    pub ambiguous: Ambiguous,
    /// Whether records that came into the app in bulk are synced.
    pub imported: Imported,
    /// How many items a run makes or changes at most.
    pub caps: ByKind<Caps>,
    /// How changed occurrences of other people's series are taken.
    pub recurrence: Recurrence,
    /// What the app's users may do with meetings that they are only invited to.
    pub invited: Invited,
    /// Who may switch the sync on.
    pub enabling: Enabling,
    /// What becomes of the far copies when the sync is disabled.
    pub teardown: Teardown,
    /// Of what the app's own user is told.
    pub notices: Notices,
    /// What becomes of attendees.
    pub attendees: Attendees,
    /// What stops and asks.
    pub guards: Guards,
    /// How many days the journal is kept; absent: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// How long a store whose items cannot be searched for may take to show a new item, in
    /// seconds. Until then a create whose answer was lost is neither repeated nor given up.
    pub settle_seconds: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            direction: Direction::default(),
            drift: Drift::default(),
            conflicts: Conflicts::default(),
            granularity: Granularity::default(),
            loser: Loser::default(),
            deletes: Deletes::default(),
            deletes_left: None,
            deletes_right: None,
            hub_delete: HubDelete::default(),
            scope: Scope::default(),
            view: None,
            category: None,
            incoming: Vec::new(),
            folders: Folders::default(),
            container: Container::default(),
            container_name: ByKind::default(),
            categories: Vec::new(),
            renamed: Renamed::default(),
            removed: Removed::default(),
            duplicates: Duplicates::default(),
            matches: MatchKey::default_order(),
            ambiguous: Ambiguous::default(),
            imported: Imported::default(),
            caps: ByKind::default(),
            recurrence: Recurrence::default(),
            invited: Invited::default(),
            enabling: Enabling::default(),
            teardown: Teardown::default(),
            notices: Notices::default(),
            attendees: Attendees::default(),
            guards: Guards::default(),
            retention_days: None,
            settle_seconds: 600,
        }
    }
}

/// The keys whose values are no words of an axis.
const OTHER_KEYS: &[&str] =
    &["view", "category", "incoming", "container_name", "categories", "matches", "caps", "guards", "retention_days", "settle_seconds"];

impl Policy {
    /// The config keys of all policies.
    #[must_use]
    pub fn keys() -> Vec<&'static str> {
        AXES.iter().map(|axis| axis.key).chain(OTHER_KEYS.iter().copied()).collect()
    }

    /// Sets one policy by its config word.
    ///
    /// # Errors
    /// As [`set_value`](Self::set_value).
    pub fn set(&mut self, key: &str, word: &str) -> Result<()> {
        self.set_value(key, Value::String(word.to_owned()))
    }

    /// Sets one policy by its config value: a word, or for `caps`, `guards`, `categories`, `incoming`, `matches` and
    /// `container_name` what their types say. `caps` and `container_name` may be given for all kinds at once.
    ///
    /// # Errors
    /// `Config` when the key is no policy, or the value is none that it takes; the message names both and says what it takes.
    pub fn set_value(&mut self, key: &str, value: Value) -> Result<()> {
        let refuse = |line: String| Err(Error::new(ErrorKind::Config, line));
        if let Some(axis) = AXES.iter().find(|axis| axis.key == key) {
            let words = axis.words.join(", ");
            match &value {
                Value::String(word) if axis.words.contains(&word.as_str()) => {}
                Value::String(word) => return refuse(format!("the policy {key} has no word \"{word}\"; take one of: {words}")),
                _ => return refuse(format!("the policy {key} is a word; take one of: {words}")),
            }
        } else if !OTHER_KEYS.contains(&key) {
            return refuse(format!("there is no policy \"{key}\"; there are: {}", Self::keys().join(", ")));
        }
        let value = match (key, value) {
            ("container_name", Value::String(name)) => serde_json::json!({ "all": name }),
            ("caps", Value::Object(caps)) if !caps.contains_key("all") && !caps.contains_key("kinds") => serde_json::json!({ "all": caps }),
            (_, value) => value,
        };
        let Ok(Value::Object(mut all)) = serde_json::to_value(&*self) else {
            return Err(Error::new(ErrorKind::Unexpected, "the policies cannot be written as JSON; please report it"));
        };
        all.insert(key.to_owned(), value);
        match serde_json::from_value(Value::Object(all)) {
            Ok(policy) => {
                *self = policy;
                Ok(())
            }
            Err(why) => refuse(format!("the policy {key} cannot be read: {why}")),
        }
    }

    /// What a deletion on the other side does to an item of this side.
    #[must_use]
    pub fn deletes_on(&self, side: Side) -> Deletes {
        match side {
            Side::Left => self.deletes_left,
            Side::Right => self.deletes_right,
        }
        .unwrap_or(self.deletes)
    }

    /// Whether the engine may write to a side at all.
    #[must_use]
    pub fn writes(&self, side: Side) -> bool {
        match side {
            Side::Left => self.direction != Direction::ToRight,
            Side::Right => self.direction != Direction::ToLeft,
        }
    }

    /// What of these policies is about records of a kind: without the categories that are kept on records of other kinds. Where
    /// nothing is left to tag with, the chosen collections are all there is.
    #[must_use]
    pub fn about(&self, kind: Kind) -> Self {
        let mut own = self.clone();
        own.categories.retain(|category| category.kinds.is_empty() || category.kinds.contains(&kind));
        if own.container == Container::Tag
            && own.categories.len() < self.categories.len()
            && own.categories.is_empty()
            && own.category.is_none()
        {
            own.container = Container::Selected;
        }
        own
    }

    /// Whether what is synced depends on what the app knows of its records.
    #[must_use]
    pub fn asks_the_app(&self) -> bool {
        self.scope != Scope::All || self.view.is_some() || self.imported != Imported::Include || !self.categories.is_empty()
    }

    /// How long an item that cannot be searched for may stay unseen.
    #[must_use]
    pub fn settle(&self) -> Duration {
        Duration::from_secs(self.settle_seconds)
    }

    /// A number that changes when a policy changes: what was worked off under another is looked at again.
    #[must_use]
    pub(crate) fn fingerprint(&self) -> u64 {
        // Plain structures, which JSON can always say.
        pimkit_core::cursor::binding(&[serde_json::to_vec(self).unwrap_or_default()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_word_that_does_not_exist_is_refused_with_those_that_do() {
        let mut policy = Policy::default();
        policy.set("deletes", "ignore").unwrap();
        assert_eq!(policy.deletes, Deletes::Ignore);
        for (key, value, says) in [
            ("deletes", Value::from("burn"), "no word \"burn\""),
            ("deletes", Value::from(3), "is a word"),
            ("cap", Value::from("5"), "no policy \"cap\""),
            ("caps", serde_json::json!({ "often": 1 }), "cannot be read: unknown field `often`"),
            ("matches", serde_json::json!(["smell"]), "no match key \"smell\""),
        ] {
            let error = policy.set_value(key, value).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert_eq!(error.kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn every_word_of_every_axis_is_taken_and_read_back() {
        for axis in AXES {
            for word in axis.words {
                let mut policy = Policy::default();
                policy.set(axis.key, word).unwrap_or_else(|e| panic!("{e}"));
                let json = serde_json::to_value(&policy).unwrap();
                assert_eq!(json[axis.key], *word, "{}", axis.key);
                assert_eq!(serde_json::from_value::<Policy>(json).unwrap(), policy);
            }
        }
    }

    #[test]
    fn categories_for_one_kind_are_no_matter_of_another() {
        let sell = Policy::profile("sell").unwrap();
        assert_eq!(sell.about(Kind::Contact), sell);
        let events = sell.about(Kind::Event);
        assert_eq!((events.categories.len(), events.container), (0, Container::Selected));
        let mut own = sell.clone();
        own.categories.push(ManagedCategory::new("CRM", Vec::new()));
        assert_eq!(own.about(Kind::Event).categories.len(), 1);
        assert_eq!(own.about(Kind::Event).container, Container::Tag, "there is one to tag with");
        // What had none of its own is refused as before.
        let mut none = Policy::default();
        none.set("container", "tag").unwrap();
        assert_eq!(none.about(Kind::Event), none);
    }

    #[test]
    fn caps_and_names_may_be_given_for_all_kinds_at_once() {
        let mut policy = Policy::default();
        policy.set_value("caps", serde_json::json!({ "run_right": 5, "order": "future_first" })).unwrap();
        assert_eq!(policy.caps.of(Kind::Task).unwrap().run_right, Some(5));
        policy.set("container_name", "CRM").unwrap();
        assert_eq!(policy.container_name.of(Kind::Event).unwrap(), "CRM");
    }
}
