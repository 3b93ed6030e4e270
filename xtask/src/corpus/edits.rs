//! An edit of each field that a record has: one other value of the field's shape.

use pimkit_core::{Field, FieldDef, Fields, Shape, Value};
use pimkit_formats::resource::TextRecord;
use serde_json::json;

/// An edited record.
pub(super) struct Edit<R> {
    pub(super) field: String,
    pub(super) target: R,
}

/// One edit per field that is there; fields that name the record are never edited.
pub(super) fn of<R: TextRecord>(record: &R) -> Vec<Edit<R>> {
    let fields = record.fields();
    let edit = |(field, value): (&Field, &Value)| {
        let def = R::catalogue().field(field.as_str())?;
        if def.identity {
            return None;
        }
        let other = other(def, value)?;
        let target = record.with(&Fields::from([(field.clone(), other)])).ok()?;
        (!record.differing(&target).is_empty()).then(|| Edit { field: field.to_string(), target })
    };
    fields.iter().filter_map(edit).collect()
}

/// Another value of the same shape; `Null` clears the field.
fn other(def: &FieldDef, value: &Value) -> Option<Value> {
    Some(match (def.shape, value) {
        (Shape::Text | Shape::Any, Value::String(text)) => match def.path {
            "color" => json!(if text == "red" { "blue" } else { "red" }),
            // Whose child a task is, is a uid.
            "parent" => json!("another-parent"),
            _ => json!(format!("{text}, edited")),
        },
        (Shape::Choice(words), Value::String(text)) => json!(words.iter().find(|word| *word != text)?),
        (Shape::Number | Shape::Any, Value::Number(number)) => {
            let number = number.as_i64()?;
            json!(if number > 1 { number - 1 } else { number + 1 })
        }
        (Shape::Flag | Shape::Any, Value::Bool(flag)) => json!(!flag),
        (Shape::Instant, Value::String(text)) => {
            let time: jiff::Timestamp = text.parse().ok()?;
            json!(time.checked_sub(jiff::SignedDuration::from_hours(1)).ok()?.to_string())
        }
        // Earlier starts and later ends: an end before the start says nothing.
        (Shape::Time, value) => shifted(value, if def.path == "start" { -24 } else { 24 })?,
        (Shape::Texts, Value::Array(list)) => {
            let mut list = list.clone();
            list.push(json!("Edited, too"));
            list.sort_by_key(ToString::to_string);
            Value::Array(list)
        }
        // The first element goes; the last one leaves nothing behind.
        (Shape::List(_), Value::Array(list)) => Value::Array(list.get(1..)?.to_vec()),
        (Shape::Overrides, Value::Object(map)) => {
            let mut map = map.clone();
            let first = map.keys().next()?.clone();
            map.remove(&first);
            Value::Object(map)
        }
        (Shape::Structure(_) | Shape::Blob, _) => Value::Null,
        _ => return None,
    })
}

/// The same case of time, so many hours later.
fn shifted(value: &Value, hours: i64) -> Option<Value> {
    use pimkit_core::When;
    let time: When = serde_json::from_value(value.clone()).ok()?;
    let wall = time.wall().checked_add(jiff::SignedDuration::from_hours(hours)).ok()?;
    serde_json::to_value(time.with_wall(wall)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pimkit_core::{Contact, Event, Kind, Record, Task, When};
    use std::collections::BTreeSet;

    fn tried<R: TextRecord>(record: &R) -> BTreeSet<String> {
        of(record).into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn each_field_that_is_there_is_edited_and_no_other() {
        let contact = Contact::build(|c| {
            c.uid = Some("u".into());
            c.name.full = Some("Ada".into());
            c.kind = pimkit_core::ContactKind::Org;
            c.notes = vec!["n".into()];
            c.custom.insert("Region".into(), json!("x"));
        });
        assert_eq!(tried(&contact), ["custom.Region", "kind", "name.full", "notes"].map(str::to_owned).into());
        for Edit { field, target } in of(&contact) {
            assert_eq!(contact.differing(&target), [Field::from(field)]);
        }
    }

    #[test]
    fn times_are_shifted_within_their_case() {
        let day: When = serde_json::from_value(serde_json::to_value(When::AllDay { on: "2026-03-01".parse().unwrap() }).unwrap()).unwrap();
        let event = Event::build(|e| e.start = Some(day));
        let edited = of(&event);
        let start = edited.iter().find(|e| e.field == "start").unwrap().target.start.clone().unwrap();
        assert_eq!(start, When::AllDay { on: "2026-02-28".parse().unwrap() });
        assert_eq!(Task::KIND, Kind::Task);
    }
}
