//! `loser = field`: what lost a conflict is kept in the hub record too.
//!
//! For each field there is one custom field of the hub, `pimkit lost FIELD`, made when the first
//! loser comes. It holds the last [`KEPT`] losers, the newest first, a line each; the journal holds
//! them all. It is the hub's alone: no far side gets it, unless the map names it.

use crate::{
    apply::{Task, written},
    map::FieldMap,
    merge::Merged,
    policy::Loser,
    run::Run,
    step::SideWrite,
};
use pimkit_core::{Error, ErrorKind, Field, FieldSupport, Fields, Record, Result, SeenRow, Side, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What the names of these fields begin with.
const PREFIX: &str = "custom.pimkit lost ";
/// How many losers of one field are kept.
const KEPT: usize = 3;
/// How many characters of one loser are kept.
const LONG: usize = 500;

/// Whether a field is one of the engine's own.
pub(crate) fn is_for_losers(field: &Field) -> bool {
    field.as_str().starts_with(PREFIX)
}

/// A value in one line, for people.
fn line(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(line).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let said = ["address", "number", "full", "name", "uri", "at", "on"].into_iter().find_map(|key| map.get(key)?.as_str());
            said.map_or_else(|| value.to_string(), str::to_owned)
        }
        other => other.to_string(),
    };
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(LONG).collect()
}

/// The field's value with these losers in it, the last of them first.
fn with(before: Option<&Value>, losers: &[String]) -> Value {
    let old = before.and_then(Value::as_str).unwrap_or_default();
    let mut lines: Vec<&str> = Vec::new();
    for line in losers.iter().rev().map(String::as_str).chain(old.lines()) {
        if !line.is_empty() && !lines.contains(&line) && lines.len() < KEPT {
            lines.push(line);
        }
    }
    Value::String(lines.join("\n"))
}

impl<R: Record> Run<R> {
    /// Refuses `loser = field` where the hub has no custom fields.
    pub(crate) fn check_loser_fields(&self) -> Result<()> {
        if self.setup.policy.loser != Loser::Field {
            return Ok(());
        }
        let holds = |f: &FieldSupport| f.write && (f.field.as_str() == FieldSupport::ANY_CUSTOM || f.field.as_str().starts_with("custom."));
        match self.hub.collections.iter().find(|c| !self.hub.fields.get(&c.id).is_some_and(|all| all.iter().any(holds))) {
            Some(collection) => Err(Error::new(
                ErrorKind::Config,
                "loser = field keeps values in custom fields of the left side, which offers none here: make one there, or take loser = journal",
            )
            .with("collection", &collection.name)),
            None => Ok(()),
        }
    }

    /// Has a merge write its losers to the hub record as well.
    pub(crate) fn keep_losers(&self, map: &FieldMap, hub: &SeenRow, hub_fields: &Fields, merged: &mut Merged) {
        if self.setup.policy.loser != Loser::Field || merged.lost.is_empty() || !self.may_write(Side::Left, hub) {
            return;
        }
        let pairs = map.pairs(&[hub_fields]);
        let mut losers: BTreeMap<Field, Vec<String>> = BTreeMap::new();
        for lost in &merged.lost {
            let field = match lost.side {
                Side::Left => Some(&lost.field),
                Side::Right => pairs.iter().find(|pair| pair.right == lost.field).map(|pair| &pair.left),
            };
            if let (Some(field), Some(value)) = (field, lost.to.as_ref().filter(|v| !v.is_null())) {
                losers
                    .entry(Field::from(format!("{PREFIX}{}", field.as_str().trim_start_matches("custom."))))
                    .or_default()
                    .push(line(value));
            }
        }
        for (field, losers) in losers {
            let kept = with(hub_fields.get(&field), &losers);
            if hub_fields.get(&field) != Some(&kept) {
                merged.hub.insert(field, kept);
            }
        }
    }

    /// Makes the fields that the steps keep losers in. Where the hub will not have one, its losers are in the journal only.
    pub(crate) async fn make_loser_fields(&mut self, tasks: &mut [Task<R>]) -> Result<()> {
        let mut asked = BTreeSet::new();
        for task in tasks.iter().filter(|task| !task.stopped) {
            let fields = written(&task.step.hub).into_iter().flat_map(Fields::keys).filter(|field| is_for_losers(field));
            asked.extend(fields.map(|field| (task.step.hub.collection.clone(), field.clone())));
        }
        for (collection, field) in asked {
            if self.loser_fields.contains(&(collection.clone(), field.clone())) {
                continue;
            }
            let name = field.as_str().trim_start_matches("custom.");
            match self.hub.repository.clone().ensure_field(&collection, name).await {
                Ok(_) => drop(self.loser_fields.insert((collection, field))),
                Err(error) => {
                    for task in tasks.iter_mut().filter(|task| task.step.hub.collection == collection) {
                        if let Some(SideWrite::Fields { fields, from }) = &mut task.step.hub.write {
                            fields.remove(&field);
                            from.remove(&field);
                            if fields.is_empty() {
                                task.step.hub.write = None;
                            }
                        }
                    }
                    self.note(format!("the left side does not take {field} ({error}): its losers are kept in the journal only"));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_three_losers_are_kept_the_newest_first_a_line_each() {
        let mut kept = None;
        for n in 0..5 {
            kept = Some(with(kept.as_ref(), &[format!("v{n}")]));
        }
        assert_eq!(kept, Some(json!("v4\nv3\nv2")));
        assert_eq!(with(kept.as_ref(), &["v3".to_owned()]), json!("v3\nv4\nv2"), "one that loses again is not kept twice");
        assert_eq!(line(&json!({"address": "a@x.example", "contexts": ["work"]})), "a@x.example");
        assert_eq!(line(&json!(["two\nlines", {"odd": 1}])), "two lines, {\"odd\":1}");
        assert_eq!(line(&json!("x".repeat(900))).len(), LONG);
    }
}
