//! What a body says, in the spelling that the service keeps it in.

use super::check::primitive;
use super::{Member, is_a, members_of, shape};
use serde_json::{Map, Value};

/// Why a body is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// In the words of the service.
    pub(crate) says: String,
}

/// The body of a request as `of`: enumerations in the case of the table, instants in UTC, without annotations but `@odata.type`.
pub(crate) fn read(body: &Value, of: &str) -> Result<Map<String, Value>, Wrong> {
    let Some(object) = body.as_object() else {
        return Err(Wrong { says: "A JSON object was expected, and another value was found.".to_owned() });
    };
    let told =
        object.get("@odata.type").and_then(Value::as_str).map(|told| told.trim_start_matches('#').trim_start_matches("microsoft.graph."));
    if let Some(told) = told.filter(|told| !is_a(told, of)) {
        return Err(Wrong { says: format!("The type 'microsoft.graph.{told}' is not assignable to the type 'microsoft.graph.{of}'.") });
    }
    let of = told.unwrap_or(of);
    let mut out = Map::new();
    for (name, value) in object {
        if name.contains('@') {
            if name == "@odata.type" {
                out.insert(name.clone(), value.clone());
            }
            continue;
        }
        // Names come in any case: the widest used client for Python writes some as `SingleValueExtendedProperties`.
        let known = shape(of).and_then(|shape| shape.members.iter().find(|member| member.name.eq_ignore_ascii_case(name)));
        let mut name = name.as_str();
        let value = match known {
            Some(member) => {
                name = member.name;
                read_member(value, member)?
            }
            None if of == "openTypeExtension" => value.clone(),
            None => {
                return Err(Wrong {
                    says: format!(
                        "The property '{name}' does not exist on type 'microsoft.graph.{of}'. Make sure to only use property names that are defined by the type."
                    ),
                });
            }
        };
        out.insert(name.to_owned(), value);
    }
    Ok(out)
}

fn read_member(value: &Value, member: &Member) -> Result<Value, Wrong> {
    let name = member.name;
    match (value, member.many) {
        (Value::Null, false) if member.nullable => Ok(Value::Null),
        // A collection that is set to null is emptied: writers of other languages send it so.
        (Value::Null, true) => Ok(Value::Array(Vec::new())),
        (Value::Null, false) => Err(Wrong {
            says: format!("The property '{name}' has a null value, which is not allowed for a property that is not nullable."),
        }),
        (Value::Array(values), true) => values.iter().map(|value| read_value(value, member)).collect::<Result<_, _>>().map(Value::Array),
        (_, true) => Err(Wrong { says: format!("The value of the property '{name}' must be an array.") }),
        (value, false) => read_value(value, member),
    }
}

fn read_value(value: &Value, member: &Member) -> Result<Value, Wrong> {
    let (name, of) = (member.name, member.of);
    if let Some(members) = members_of(of) {
        let found = value.as_str().and_then(|text| members.iter().find(|known| known.eq_ignore_ascii_case(text)));
        return match found {
            Some(known) => Ok(Value::String((*known).to_owned())),
            None => Err(Wrong { says: format!("Requested value for the property '{name}' was not found in 'microsoft.graph.{of}'.") }),
        };
    }
    if shape(of).is_some() {
        return read(value, of).map(Value::Object);
    }
    if of == "Instant" {
        let instant = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        return instant.map(|at| Value::String(at.to_string())).ok_or_else(|| unreadable(name, of));
    }
    // The same client writes `"false"`.
    if let (Some(text), "Boolean") = (value.as_str(), of) {
        return text.to_lowercase().parse().map(Value::Bool).map_err(|_| unreadable(name, of));
    }
    if primitive(value, of) { Ok(value.clone()) } else { Err(unreadable(name, of)) }
}

fn unreadable(name: &str, of: &str) -> Wrong {
    let edm = if of == "Instant" { "DateTimeOffset" } else { of };
    Wrong { says: format!("Cannot convert the value of the property '{name}' to the expected type 'Edm.{edm}'.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn enumerations_are_read_in_any_case_and_instants_with_any_offset() {
        let event =
            read(&json!({"@odata.type": "#microsoft.graph.event", "body": {"contentType": "HTML", "content": "x"}}), "event").unwrap();
        assert_eq!(event["body"], json!({"contentType": "html", "content": "x"}));
        let told = read(&json!({"isOnlineMeeting": "False", "isAllDay": true}), "event").unwrap();
        assert_eq!(Value::Object(told), json!({"isOnlineMeeting": false, "isAllDay": true}));
        assert!(read(&json!({"isAllDay": "perhaps"}), "event").is_err());
        let contact = read(&json!({"birthday": "1980-02-29T12:59:00+01:00", "x@odata.y": 1}), "contact").unwrap();
        assert_eq!(Value::Object(contact), json!({"birthday": "1980-02-29T11:59:00Z"}));
    }

    #[test]
    fn names_in_another_case_and_truths_as_text_are_read() {
        let event = read(&json!({"IsAllDay": "False", "subject": "x"}), "event").unwrap();
        assert_eq!(Value::Object(event), json!({"isAllDay": false, "subject": "x"}));
        assert!(read(&json!({"isAllDay": "no"}), "event").is_err());
    }

    #[test]
    fn what_is_not_of_the_type_is_refused_in_words_that_name_it() {
        for (body, says) in [
            (json!({"phones": []}), "'phones'"),
            (json!({"surname": 1}), "'surname'"),
            (json!({"emailAddresses": {}}), "'emailAddresses'"),
            (json!({"id": null}), "'id'"),
            (json!({"@odata.type": "#microsoft.graph.event"}), "not assignable"),
            (json!([]), "object"),
        ] {
            assert!(read(&body, "contact").unwrap_err().says.contains(says), "{body}");
        }
    }
}
