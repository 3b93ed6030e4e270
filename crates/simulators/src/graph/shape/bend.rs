//! Answers that are good and that nobody expects: nulls wherever they may be, members and properties of tomorrow.

use super::{is_a, members_of, shape};
use serde_json::{Value, json};

/// Sets whatever may be null to null: the properties of `value`, or if `deep` those of its properties.
pub(crate) fn nulls(value: &mut Value, of: &str, deep: bool) {
    each(value, of, &mut |inside, member, nullable| {
        if deep && inside.is_object() {
            nulls(inside, member, false);
        } else if deep && inside.is_array() {
            inside.as_array_mut().into_iter().flatten().for_each(|one| nulls(one, member, false));
        } else if !deep && nullable && !inside.is_array() {
            *inside = Value::Null;
        }
    });
}

/// Gives every enumeration a member, and every object a property, that is not in the table.
pub(crate) fn unknowns(value: &mut Value, of: &str) {
    each(value, of, &mut |inside, member, _| bent(inside, member));
    if let Some(object) = value.as_object_mut() {
        object.insert("propertyOfTomorrow".to_owned(), json!({"a": [1, null]}));
    }
}

fn bent(value: &mut Value, of: &str) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|one| bent(one, of)),
        Value::String(text) if members_of(of).is_some() => "memberOfTomorrow".clone_into(text),
        Value::Object(_) => unknowns(value, of),
        _ => {}
    }
}

/// Shows every property that the table knows, with its type and whether it may be null.
fn each(value: &mut Value, of: &str, show: &mut dyn FnMut(&mut Value, &str, bool)) {
    let told = value.get("@odata.type").and_then(Value::as_str).map(|told| told.trim_start_matches("#microsoft.graph.").to_owned());
    let of = told.filter(|told| is_a(told, of)).unwrap_or_else(|| of.to_owned());
    let (Some(object), Some(shape)) = (value.as_object_mut(), shape(&of)) else { return };
    for member in &shape.members {
        if let Some(inside) = object.get_mut(member.name) {
            show(inside, member.of, member.nullable);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_null_is_null_and_nothing_else() {
        let whole = json!({"id": "x", "subject": "s", "categories": ["a"], "start": {"dateTime": "d", "timeZone": "z"}});
        let (mut flat, mut deep) = (whole.clone(), whole);
        nulls(&mut flat, "event", false);
        nulls(&mut deep, "event", true);
        assert_eq!(flat, json!({"id": "x", "subject": null, "categories": ["a"], "start": null}));
        assert_eq!(deep, json!({"id": "x", "subject": "s", "categories": ["a"], "start": {"dateTime": "d", "timeZone": null}}));
    }

    #[test]
    fn enumerations_and_objects_have_what_nobody_knows() {
        let mut event = json!({"showAs": "busy", "body": {"contentType": "text"}, "recurrence": {"pattern": {"daysOfWeek": ["monday"]}}});
        unknowns(&mut event, "event");
        assert_eq!((&event["showAs"], &event["body"]["contentType"]), (&json!("memberOfTomorrow"), &json!("memberOfTomorrow")));
        assert_eq!(event["recurrence"]["pattern"]["daysOfWeek"], json!(["memberOfTomorrow"]));
        assert!(event["body"].get("propertyOfTomorrow").is_some() && event.get("propertyOfTomorrow").is_some());
    }
}
