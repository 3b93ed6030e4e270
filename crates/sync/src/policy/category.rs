//! Categories that the engine keeps on far items, by what the app knows of a record.

use pimkit_core::{Facts, Fields, Kind, Value};
use serde::{Deserialize, Serialize};

/// A category whose members follow from the app's facts. Its name is the engine's: it is ensured,
/// healed and never taken for a user's own category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedCategory {
    /// The name at the far side.
    pub name: String,
    /// All of these must hold for a record to be in it; none: every record is.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// It is for records of these kinds; none: of every kind that can be in a category.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
}

/// One condition on a fact of the app (`collection`, `deals.active`, `customer_status`, ...) or, with
/// `field:` before the path, on a field of the record (`field:kind`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Which fact.
    pub fact: String,
    /// Or one of these others: it is enough that it holds for one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<String>,
    /// It is one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<Value>,
    /// It is none of these. A fact that is absent is none of anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is_not: Vec<Value>,
    /// It is a number of at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<i64>,
}

impl Condition {
    /// The fact is one of these values.
    #[must_use]
    pub fn is(fact: &str, values: &[&str]) -> Self {
        let is = values.iter().map(|v| Value::from(*v)).collect();
        Self { fact: fact.to_owned(), or: Vec::new(), is, is_not: Vec::new(), at_least: None }
    }

    /// The fact is none of these values.
    #[must_use]
    pub fn is_not(fact: &str, values: &[&str]) -> Self {
        let is_not = values.iter().map(|v| Value::from(*v)).collect();
        Self { fact: fact.to_owned(), or: Vec::new(), is: Vec::new(), is_not, at_least: None }
    }

    /// The fact is a number of at least this.
    #[must_use]
    pub fn at_least(fact: &str, least: i64) -> Self {
        Self { fact: fact.to_owned(), or: Vec::new(), is: Vec::new(), is_not: Vec::new(), at_least: Some(least) }
    }

    /// The same, or for another fact.
    #[must_use]
    pub fn or(mut self, fact: &str) -> Self {
        self.or.push(fact.to_owned());
        self
    }

    /// Whether it holds for a record.
    #[must_use]
    pub fn holds(&self, facts: &Facts, fields: &Fields) -> bool {
        std::iter::once(&self.fact).chain(&self.or).any(|fact| self.holds_for(fact, facts, fields))
    }

    fn holds_for(&self, fact: &str, facts: &Facts, fields: &Fields) -> bool {
        let value = match fact.strip_prefix("field:") {
            Some(path) => fields.get(path),
            None => facts.more.get(fact),
        };
        let value = value.filter(|v| !v.is_null());
        (self.is.is_empty() || value.is_some_and(|v| self.is.contains(v)))
            && !value.is_some_and(|v| self.is_not.contains(v))
            && self.at_least.is_none_or(|least| value.and_then(Value::as_i64).is_some_and(|n| n >= least))
    }
}

impl ManagedCategory {
    /// A category for the records for which all of this holds.
    #[must_use]
    pub fn new(name: &str, when: Vec<Condition>) -> Self {
        Self { name: name.to_owned(), when, kinds: Vec::new() }
    }

    /// The same, for records of these kinds alone.
    #[must_use]
    pub fn of(mut self, kinds: &[Kind]) -> Self {
        self.kinds = kinds.to_vec();
        self
    }

    /// Whether a record belongs into it.
    #[must_use]
    pub fn holds(&self, facts: &Facts, fields: &Fields) -> bool {
        self.when.iter().all(|condition| condition.holds(facts, fields))
    }
}
