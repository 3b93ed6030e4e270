//! Extended properties (<https://learn.microsoft.com/graph/api/resources/extended-properties-overview>): ids in their forms, values
//! of their types.

use crate::graph::answer::{Refusal, Result, invalid, refusal};
use crate::graph::shape::is_guid;
use crate::graph::store::Extended;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Types of a single value.
const TYPES: &[&str] = &["String", "Integer", "Boolean", "Double", "SystemTime", "Binary", "CLSID", "Short", "Long", "Float", "Currency"];

/// An id in the one spelling that ids are compared in: `TYPE {GUID} Name name`, `TYPE {GUID} Id 0x8012` or `TYPE 0x3A45`, with the
/// GUID in lower case and numbers without leading zeros. Names are case-sensitive.
///
/// # Errors
/// 400 if it has none of the forms.
pub(crate) fn canonical(id: &str) -> Result<String> {
    read(id).ok_or_else(|| {
        refusal(
            400,
            "ErrorInvalidProperty",
            "The property id is not valid: it must be '{type} {guid} Name {name}', '{type} {guid} Id {id}' or '{type} {tag}'.",
        )
    })
}

fn read(id: &str) -> Option<String> {
    let (of, rest) = id.trim().split_once(' ')?;
    let single = of.strip_suffix("Array").unwrap_or(of);
    let of = TYPES.iter().find(|known| known.eq_ignore_ascii_case(single))?;
    let array = if single.len() == of.len() && id.trim().split_once(' ')?.0.len() > of.len() { "Array" } else { "" };
    let rest = rest.trim();
    if !rest.starts_with('{') {
        return Some(format!("{of}{array} {}", number(rest)?));
    }
    let (guid, rest) = rest.strip_prefix('{')?.split_once('}')?;
    let guid = Some(guid.to_lowercase()).filter(|guid| is_guid(guid))?;
    let (form, name) = rest.trim_start().split_once(' ')?;
    match form.to_lowercase().as_str() {
        "name" => Some(name.trim()).filter(|name| !name.is_empty()).map(|name| format!("{of}{array} {{{guid}}} Name {name}")),
        "id" => Some(format!("{of}{array} {{{guid}}} Id {}", number(name.trim())?)),
        _ => None,
    }
}

fn number(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let number = digits.map_or_else(|| text.parse().ok(), |digits| u32::from_str_radix(digits, 16).ok())?;
    Some(format!("0x{number:x}"))
}

/// Takes what a body says of extended properties out of it and into `kept`; true if it said anything.
///
/// # Errors
/// 400 for ids without a form and values that are not of the type.
pub(crate) fn take(body: &mut Map<String, Value>, kept: &mut BTreeMap<String, Extended>) -> Result<bool> {
    let mut any = false;
    for name in ["singleValueExtendedProperties", "multiValueExtendedProperties"] {
        let Some(Value::Array(written)) = body.remove(name) else { continue };
        let many = name.starts_with("multi");
        for one in written {
            let id = one.get("id").and_then(Value::as_str).ok_or_else(|| invalid("An extended property needs an id."))?;
            let canonical = canonical(id)?;
            let value = one.get("value").cloned().unwrap_or(Value::Null);
            let of = canonical.split(' ').next().unwrap_or_default();
            if of.ends_with("Array") != many {
                return Err(invalid(format!("The property '{id}' does not belong into {name}.")));
            }
            if !fits(&value, of.trim_end_matches("Array"), many) {
                return Err(unfit(id));
            }
            // Nobody takes a property away again; one that is written as nothing has no value.
            match &value {
                Value::Null => kept.remove(&canonical),
                _ => kept.insert(canonical, Extended { id: spelled(id), value }),
            };
            any = true;
        }
    }
    Ok(any)
}

/// An id as answers spell it: as it was written, with the GUID in lower case.
fn spelled(id: &str) -> String {
    match id.split_once('{').and_then(|(head, rest)| Some((head, rest.split_once('}')?))) {
        Some((head, (guid, rest))) => format!("{head}{{{}}}{rest}", guid.to_lowercase()),
        None => id.to_owned(),
    }
}

fn unfit(id: &str) -> Box<Refusal> {
    refusal(400, "ErrorInvalidProperty", format!("The value of the property '{id}' is not of its type."))
}

fn fits(value: &Value, of: &str, many: bool) -> bool {
    match value {
        Value::Null => !many,
        Value::Array(values) => many && values.iter().all(|value| fits(value, of, false)),
        Value::String(text) => match of {
            "Integer" | "Short" | "Long" | "Currency" => text.parse::<i64>().is_ok(),
            "Boolean" => matches!(text.to_lowercase().as_str(), "true" | "false"),
            "Double" | "Float" => text.parse::<f64>().is_ok(),
            "SystemTime" => text.parse::<jiff::Timestamp>().is_ok(),
            "Binary" => crate::graph::bytes::decode(text).is_some(),
            "CLSID" => is_guid(text.trim_matches(['{', '}'])),
            _ => true,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_one_in_every_spelling_and_names_are_told_apart_by_case() {
        let one = canonical("String {00020329-0000-0000-C000-000000000046} Name Link").unwrap();
        assert_eq!(one, canonical("string {00020329-0000-0000-c000-000000000046} name Link").unwrap());
        assert_ne!(one, canonical("String {00020329-0000-0000-C000-000000000046} Name link").unwrap());
        assert_eq!(canonical("String 0x3A1F").unwrap(), canonical("String 0x03a1f").unwrap());
        assert_eq!(
            canonical("Boolean {00062008-0000-0000-C000-000000000046} Id 0x8506").unwrap(),
            "Boolean {00062008-0000-0000-c000-000000000046} Id 0x8506"
        );
        for bad in [
            "",
            "String",
            "Text 0x1",
            "String {x} Name a",
            "String {00020329-0000-0000-C000-000000000046} Name ",
            "String {00020329-0000-0000-C000-000000000046}",
        ] {
            assert!(canonical(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_must_be_of_the_type_that_the_id_says() {
        let mut kept = BTreeMap::new();
        let mut write = |name: &str, id: &str, value: Value| {
            let mut body = json!({name: [{"id": id, "value": value}]}).as_object().cloned().unwrap();
            take(&mut body, &mut kept).is_ok()
        };
        let single = "singleValueExtendedProperties";
        assert!(
            write(single, "Integer 0x1", json!("42"))
                && !write(single, "Integer 0x1", json!("x"))
                && !write(single, "Integer 0x1", json!(42))
        );
        assert!(write(single, "Boolean 0x2", json!("true")) && !write(single, "StringArray 0x2", json!(["a"])));
        assert!(write("multiValueExtendedProperties", "StringArray 0x2", json!(["a", "b"])));
        assert!(!write("multiValueExtendedProperties", "String 0x2", json!(["a", "b"])));
    }
}
