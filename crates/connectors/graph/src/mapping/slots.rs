//! What a record puts into each property of a resource. Every property that a mapping manages has its slot, the empty ones too, so
//! that the difference of two records is the difference of their slots, and nothing else is ever written.

use super::extended;
use pimkit_exchange::property::{Property, Type};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The properties of one resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Slots {
    json: BTreeMap<&'static str, Value>,
    /// By the id that Graph gives them; with it what an empty one is written as.
    extended: BTreeMap<String, (Value, Value)>,
}

impl Slots {
    /// Puts a value; `Null` and `[]` are empty.
    pub(crate) fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.json.insert(name, value.into());
    }

    /// Puts a text, or null.
    pub(crate) fn text(&mut self, name: &'static str, text: Option<&str>) {
        self.put(name, text.map_or(Value::Null, Value::from));
    }

    /// Puts an extended property. One without a value is written as an empty text, because there is no other way to take one off;
    /// where its type has no empty text, as null.
    pub(crate) fn extend(&mut self, property: &Property, value: Option<&str>) {
        let empty = if property.kind == Type::String { Value::from("") } else { Value::Null };
        self.extended.insert(property.graph_id(), (value.map_or_else(|| empty.clone(), Value::from), empty));
    }

    /// The value in a slot.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.json.get(name)
    }

    /// The body of a new resource: what is not empty.
    pub(crate) fn whole(&self) -> Map<String, Value> {
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.values().all(Value::is_null),
            _ => false,
        };
        let mut body: Map<String, Value> =
            self.json.iter().filter(|(_, value)| !is_empty(value)).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let entries: Vec<Value> =
            self.extended.iter().filter(|(_, (value, empty))| value != empty).map(|(id, (value, _))| pair(id, value)).collect();
        if !entries.is_empty() {
            body.insert(extended::LIST.to_owned(), entries.into());
        }
        body
    }

    /// The body of a change from `base` to this: what differs.
    pub(crate) fn since(&self, base: &Self) -> Map<String, Value> {
        let mut body: Map<String, Value> = self
            .json
            .iter()
            .filter(|(name, value)| base.json.get(*name) != Some(value))
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let entries: Vec<Value> = self
            .extended
            .iter()
            .filter(|(id, value)| base.extended.get(*id) != Some(value))
            .map(|(id, (value, _))| pair(id, value))
            .collect();
        if !entries.is_empty() {
            body.insert(extended::LIST.to_owned(), entries.into());
        }
        body
    }
}

fn pair(id: &str, value: &Value) -> Value {
    serde_json::json!({ "id": id, "value": value })
}
