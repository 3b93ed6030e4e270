//! Whether an answer names only what there is.

use super::{Member, is_a, members_of, shape};
use serde_json::Value;

/// What in `value`, which is said to be `of`, the table does not have; each with the place where it stands.
pub(crate) fn check(value: &Value, of: &str, at: &str, found: &mut Vec<String>) {
    if let Some(members) = members_of(of) {
        if !value.as_str().is_some_and(|name| members.contains(&name)) {
            found.push(format!("{at}: no member of {of}"));
        }
        return;
    }
    if shape(of).is_none() {
        if !primitive(value, of) {
            found.push(format!("{at}: not {of}"));
        }
        return;
    }
    let Some(object) = value.as_object() else {
        found.push(format!("{at}: not an object of {of}"));
        return;
    };
    let of = object.get("@odata.type").and_then(Value::as_str).map_or(of, |told| {
        let told = told.trim_start_matches("#microsoft.graph.");
        // What a notification is about is told with the name of its type, and with nothing else of it.
        if of != "resourceData" && !is_a(told, of) {
            found.push(format!("{at}: {told} is no {of}"));
        }
        if of == "resourceData" { of } else { told }
    });
    let Some(shape) = shape(of) else { return };
    for (name, inside) in object.iter().filter(|(name, _)| !name.contains('@')) {
        match shape.members.iter().find(|member| member.name == name) {
            Some(member) => check_member(inside, member, &format!("{at}/{name}"), found),
            // Open extensions and what a notification carries have names of their own.
            None if of == "openTypeExtension" || of == "resourceData" => {}
            None => found.push(format!("{at}/{name}: {of} has no such property")),
        }
    }
}

fn check_member(value: &Value, member: &Member, at: &str, found: &mut Vec<String>) {
    match (value, member.many) {
        (Value::Null, false) if member.nullable => {}
        (Value::Null, _) => found.push(format!("{at}: null")),
        (Value::Array(values), true) => values.iter().for_each(|value| check(value, member.of, at, found)),
        (_, true) => found.push(format!("{at}: not a collection")),
        (value, false) => check(value, member.of, at, found),
    }
}

/// Whether a value is of a primitive type.
pub(super) fn primitive(value: &Value, of: &str) -> bool {
    match of {
        "Boolean" => value.is_boolean(),
        "Int32" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Int64" => value.is_i64(),
        "Double" => value.is_number(),
        "Instant" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "Date" => value.as_str().is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok()),
        "TimeOfDay" => value.as_str().is_some_and(|text| text.parse::<jiff::civil::Time>().is_ok()),
        "Binary" => value.as_str().is_some_and(|text| crate::graph::bytes::decode(text).is_some()),
        "Guid" => value.as_str().is_some_and(is_guid),
        _ => value.is_string(),
    }
}

/// 8-4-4-4-12 digits of base 16.
pub(crate) fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(|g| g.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(value: &Value, of: &str) -> Vec<String> {
        let mut found = Vec::new();
        check(value, of, "", &mut found);
        found
    }

    #[test]
    fn what_the_table_has_is_found_good() {
        let contact = json!({"@odata.etag": "W/\"a\"", "id": "x", "birthday": "1980-02-29T11:59:00Z", "businessPhones": ["1"], "title": null,
            "homeAddress": {"city": "Oslo"}, "emailAddresses": [{"address": "a@example.com", "name": null}]});
        assert_eq!(found(&contact, "contact"), [""; 0]);
    }

    #[test]
    fn unknown_names_wrong_types_and_nulls_are_named_with_their_place() {
        let table = [
            (json!({"phones": []}), "contact", "/phones: contact has no such property"),
            (json!({"birthday": "1980-02-29"}), "contact", "/birthday: not Instant"),
            (json!({"businessPhones": null}), "contact", "/businessPhones: null"),
            (json!({"homeAddress": {"pobox": "1"}}), "contact", "/homeAddress/pobox: physicalAddress has no such property"),
            (json!({"id": null}), "contact", "/id: null"),
            (json!({"showAs": "away"}), "event", "/showAs: no member of freeBusyStatus"),
            (json!({"@odata.type": "#microsoft.graph.contact"}), "attachment", ": contact is no attachment"),
        ];
        for (value, of, says) in table {
            assert_eq!(found(&value, of), [says]);
        }
    }
}
