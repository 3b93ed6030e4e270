//! What the rows are made of: every axis of the policies with its words, and those whose values are
//! no words, with a few that make a difference.

use crate::props::{CATEGORY, CONTAINER, VIEW};
use pimkit_core::{Error, ErrorKind, Kind, Value};
use pimkit_sync::{AXES, Policy};
use serde_json::json;
use std::collections::BTreeMap;

/// One value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    /// What it is called in a table.
    pub(crate) word: String,
    /// What it sets; absent: nothing, so that the default holds.
    pub(crate) value: Option<Value>,
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dimension {
    /// `C1` to `C18`.
    pub(crate) id: &'static str,
    /// The key in a config.
    pub(crate) key: &'static str,
    pub(crate) choices: Vec<Choice>,
}

/// What the users keep; it is no policy, but some words are about one kind only.
pub(crate) const KIND: &str = "kind";
/// Whether the engine can ask the app.
pub(crate) const APP: &str = "app";

/// The categories that are managed where some are.
pub(crate) const MANAGED: [&str; 2] = ["Base All", "Base Big"];

/// Axes whose values are no words of a list in the code.
fn others() -> Vec<Dimension> {
    let choice = |word: &str, value: Value| Choice { word: word.to_owned(), value: Some(value) };
    let none = |word: &str| Choice { word: word.to_owned(), value: None };
    let axis = |id, key, choices| Dimension { id, key, choices };
    vec![
        axis("C3", "view", vec![none("none"), choice(VIEW, json!(VIEW))]),
        axis("C3", "category", vec![none("none"), choice(CATEGORY, json!(CATEGORY))]),
        axis("C4", "container_name", vec![none("none"), choice(CONTAINER, json!({ "all": CONTAINER }))]),
        axis(
            "C4",
            "categories",
            vec![
                none("none"),
                choice(
                    "managed",
                    json!([{ "name": MANAGED[0] }, { "name": MANAGED[1], "when": [{ "fact": "deals.active", "at_least": 1 }] }]),
                ),
            ],
        ),
        axis(
            "C7",
            "caps",
            vec![
                none("none"),
                choice("initial", json!({ "all": { "initial_left": 2, "initial_right": 2 } })),
                choice("run", json!({ "all": { "run_left": 3, "run_right": 3 } })),
                choice(
                    "both, future first",
                    json!({ "all": { "initial_left": 3, "initial_right": 2, "run_left": 4, "run_right": 4, "order": "future_first" } }),
                ),
            ],
        ),
        axis("C15", "matches", vec![none("by all"), choice("uid", json!(["uid"])), choice("nothing", json!([]))]),
        axis("C16", KIND, ["contact", "event", "task"].map(|kind| choice(kind, json!(kind))).to_vec()),
        axis("C3", APP, vec![choice("there", json!(true)), choice("none", json!(false))]),
    ]
}

/// Every axis. Of the deletions of one side, that they are as `deletes` says is a value too: else that axis would never be
/// seen.
pub(crate) fn dimensions() -> Vec<Dimension> {
    let words = AXES.iter().map(|axis| {
        let unset = matches!(axis.key, "deletes_left" | "deletes_right").then(|| Choice { word: "as deletes".to_owned(), value: None });
        let words = axis.words.iter().map(|word| Choice { word: (*word).to_owned(), value: Some(json!(word)) });
        Dimension { id: axis.id, key: axis.key, choices: unset.into_iter().chain(words).collect() }
    });
    words.chain(others()).collect()
}

/// The row of the defaults.
pub(crate) fn plain(dimensions: &[Dimension]) -> Vec<usize> {
    let defaults = serde_json::to_value(Policy::default()).unwrap_or_default();
    let at = |d: &Dimension| d.choices.iter().position(|c| c.value.is_none() || c.value.as_ref() == defaults.get(d.key));
    dimensions.iter().map(|d| at(d).unwrap_or(0)).collect()
}

/// A row as what it sets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    pub(crate) kind: Kind,
    /// Whether the engine can ask the app.
    pub(crate) app: bool,
    /// The policies, by key.
    pub(crate) policies: BTreeMap<String, Value>,
}

/// What a row sets.
pub(crate) fn setting(dimensions: &[Dimension], row: &[usize]) -> Setting {
    let mut setting = Setting { kind: Kind::Contact, app: true, policies: BTreeMap::new() };
    for (dimension, at) in dimensions.iter().zip(row) {
        let Some(value) = dimension.choices.get(*at).and_then(|c| c.value.clone()) else { continue };
        match dimension.key {
            KIND => setting.kind = serde_json::from_value(value).unwrap_or(Kind::Contact),
            APP => setting.app = value == json!(true),
            key => drop(setting.policies.insert(key.to_owned(), value)),
        }
    }
    setting
}

impl Setting {
    /// The policy of these settings.
    ///
    /// # Errors
    /// `Config` when one of them cannot be set.
    pub(crate) fn policy(&self) -> Result<Policy, Error> {
        let all = self.policies.clone().into_iter().collect();
        serde_json::from_value(Value::Object(all)).map_err(|e| Error::new(ErrorKind::Config, "a policy cannot be read").caused_by(e))
    }

    /// Whether a policy is set at all.
    pub(crate) fn sets(&self, key: &str) -> bool {
        self.policies.contains_key(key)
    }

    /// Whether a policy has this word.
    pub(crate) fn has(&self, key: &str, word: &str) -> bool {
        self.policies.get(key).is_some_and(|value| value == word)
    }

    /// What the engine says against these settings.
    pub(crate) fn refusal(&self) -> Option<String> {
        match self.policy().and_then(|policy| policy.check(self.kind, self.app)) {
            Ok(()) => None,
            Err(error) => Some(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_of_the_policies_is_there_with_all_its_words_and_every_value_can_be_set() {
        let all = dimensions();
        for axis in AXES {
            let there = all.iter().find(|d| d.key == axis.key).unwrap();
            assert!(axis.words.iter().all(|word| there.choices.iter().any(|c| c.word == *word)), "{}", axis.key);
        }
        for (n, dimension) in all.iter().enumerate() {
            for at in 0..dimension.choices.len() {
                let mut row = vec![0; all.len()];
                row[n] = at;
                setting(&all, &row).policy().unwrap_or_else(|e| panic!("{} {at}: {e}", dimension.key));
            }
        }
    }

    #[test]
    fn the_plain_row_is_that_of_the_defaults() {
        let all = dimensions();
        let plain = setting(&all, &plain(&all));
        assert_eq!(plain.policy().unwrap(), Policy::default());
        assert_eq!((plain.kind, plain.app, plain.refusal()), (Kind::Contact, true, None));
    }

    #[test]
    fn the_policies_that_are_no_words_are_axes_too_or_are_none_of_taste() {
        // Guards, retention and settling are safety and book-keeping, not taste; what comes in by its categories is proven by the
        // tests of its rules, as the users of the plays pick none.
        let all = dimensions();
        for key in Policy::keys() {
            assert!(all.iter().any(|d| d.key == key) || ["guards", "incoming", "retention_days", "settle_seconds"].contains(&key), "{key}");
        }
    }
}
