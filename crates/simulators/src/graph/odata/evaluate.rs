//! What a filter says of an item.

use super::filter::{Comparison, Filter, Term, exact, is_exact};
use crate::graph::extended;
use jiff::Timestamp;
use serde_json::Value;
use std::cmp::Ordering;

/// Values of an item by the name of a property.
pub(crate) type Look<'a> = &'a dyn Fn(&str) -> Value;

impl Filter {
    /// Whether the item that `look` looks into is meant.
    pub(crate) fn holds(&self, look: Look<'_>) -> bool {
        self.under(look, &mut Vec::new())
    }

    fn under(&self, look: Look<'_>, bound: &mut Vec<(String, Value)>) -> bool {
        match self {
            Self::And(one, other) => one.under(look, bound) && other.under(look, bound),
            Self::Or(one, other) => one.under(look, bound) || other.under(look, bound),
            Self::Not(inside) => !inside.under(look, bound),
            Self::Is(term) => value(term, look, bound) == Value::Bool(true),
            Self::In(term, options) => {
                let found = value(term, look, bound);
                options.iter().any(|option| compare(&found, &value(option, look, bound)) == Some(Ordering::Equal))
            }
            Self::Compare(one, how, other) => {
                let (one, other) = (value(one, look, bound), value(other, look, bound));
                let order = compare(&one, &other);
                match how {
                    Comparison::Eq => order == Some(Ordering::Equal),
                    Comparison::Ne => order != Some(Ordering::Equal),
                    Comparison::Gt => order == Some(Ordering::Greater),
                    Comparison::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                    Comparison::Lt => order == Some(Ordering::Less),
                    Comparison::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                }
            }
            Self::Every { path, name, inside, all } => {
                let found = follow(path, look, bound);
                let values = found.as_array().cloned().unwrap_or_default();
                let extended = path.last().is_some_and(|last| last.to_lowercase().ends_with("valueextendedproperties"));
                let values = values.into_iter().map(|value| if extended { comparable(value) } else { value });
                let mut holds = |value: Value| {
                    bound.push((name.clone(), value));
                    let holds = inside.under(look, bound);
                    bound.pop();
                    holds
                };
                if *all { { values }.all(&mut holds) } else { { values }.any(&mut holds) }
            }
        }
    }
}

fn value(term: &Term, look: Look<'_>, bound: &[(String, Value)]) -> Value {
    match term {
        Term::Path(path) => follow(path, look, bound),
        Term::Text(text) => Value::from(text.as_str()),
        Term::Number(number) => Value::from(*number),
        Term::Boolean(yes) => Value::Bool(*yes),
        Term::Null => Value::Null,
        Term::Instant(instant) => Value::from(instant.to_string()),
        Term::Call(name, arguments) => {
            let values: Vec<Value> = arguments.iter().map(|argument| value(argument, look, bound)).collect();
            call(name, &values)
        }
    }
}

fn follow(path: &[String], look: Look<'_>, bound: &[(String, Value)]) -> Value {
    let Some((first, rest)) = path.split_first() else { return Value::Null };
    let start = bound.iter().rev().find(|(name, _)| name == first).map_or_else(|| look(first), |(_, value)| value.clone());
    rest.iter().fold(start, |at, name| at.get(name).cloned().unwrap_or(Value::Null))
}

/// An extended property with its id in the spelling that ids are compared in.
pub(crate) fn comparable(mut property: Value) -> Value {
    let id = property.get("id").and_then(Value::as_str).and_then(|id| extended::canonical(id).ok());
    if let (Some(id), Some(object)) = (id, property.as_object_mut()) {
        object.insert("id".to_owned(), Value::from(exact(&id)));
    }
    property
}

/// A function; text is compared without regard to case, as Exchange does.
fn call(name: &str, values: &[Value]) -> Value {
    let text = |at: usize| values.get(at).and_then(Value::as_str).map(str::to_lowercase);
    match (name, text(0), text(1)) {
        ("startswith", Some(one), Some(other)) => Value::Bool(one.starts_with(&other)),
        ("endswith", Some(one), Some(other)) => Value::Bool(one.ends_with(&other)),
        ("contains", Some(one), Some(other)) => Value::Bool(one.contains(&other)),
        ("tolower", Some(one), _) => Value::from(one),
        ("toupper", Some(one), _) => Value::from(one.to_uppercase()),
        ("cast", Some(one), Some(of)) if of.starts_with("edm.int") || of == "edm.double" => {
            one.parse::<f64>().map_or(Value::Null, Value::from)
        }
        ("cast", _, _) => values.first().cloned().unwrap_or(Value::Null),
        _ => Value::Bool(false),
    }
}

/// How two values are ordered; None where they cannot be.
pub(crate) fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) if is_exact(one) => Some(one.cmp(other)),
        (Value::String(one), Value::String(other)) => Some(match (instant(one), instant(other)) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => one.to_lowercase().cmp(&other.to_lowercase()),
        }),
        _ => None,
    }
}

/// An instant, or a wall time as it stands in `dateTimeTimeZone`, which is in UTC wherever filters look.
fn instant(text: &str) -> Option<Timestamp> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) || !text.contains('T') {
        return None;
    }
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_find_what_they_say() {
        let item = json!({
            "surname": "O'Neil", "isAllDay": false, "title": null, "start": {"dateTime": "2026-03-02T09:00:00.0000000"},
            "createdDateTime": "2026-03-01T00:00:00Z", "categories": ["Red"],
            "emailAddresses": [{"address": "a@example.com"}, {"address": "b@example.com"}],
            "singleValueExtendedProperties": [{"id": "String {00020329-0000-0000-c000-000000000046} Name L", "value": "Crm-1"}, {"id": "Integer {00020329-0000-0000-c000-000000000046} Name N", "value": "12"}]
        });
        let look = |name: &str| item.get(name).cloned().unwrap_or(Value::Null);
        let of = |text: &str| {
            let on = if text.contains("start/") || text.contains("isAllDay") { "event" } else { "contact" };
            Filter::read(text, on).unwrap().holds(&look)
        };
        for (text, holds) in [
            ("surname eq 'o''neil'", true),
            ("surname ne 'o''neil'", false),
            ("startswith(surname,'O')", true),
            ("contains(tolower(surname),'ne') and not (surname eq 'x')", true),
            ("title eq null", true),
            ("title ne null or surname in ('a','o''neil')", true),
            ("isAllDay eq false", true),
            ("start/dateTime ge '2026-03-02T09:00'", true),
            ("start/dateTime lt '2026-03-02T09:00:00Z'", false),
            ("createdDateTime ge 2026-03-01T00:00:00Z", true),
            ("createdDateTime gt 2026-03-01T00:00:00Z", false),
            ("emailAddresses/any(a:a/address eq 'B@example.com')", true),
            ("emailAddresses/all(a:a/address eq 'b@example.com')", false),
            ("categories/any(c:c eq 'red')", true),
            (
                "singleValueExtendedProperties/Any(ep: ep/id eq 'String {00020329-0000-0000-c000-000000000046} Name L' and ep/value eq 'crm-1')",
                true,
            ),
            (
                "singleValueExtendedProperties/any(ep: ep/id eq 'String {00020329-0000-0000-c000-000000000046} Name L' and ep/value eq 'crm-2')",
                false,
            ),
            (
                "singleValueExtendedProperties/any(ep: ep/id eq 'String {00020329-0000-0000-C000-000000000046} Name l' and ep/value eq 'crm-1')",
                false,
            ),
            (
                "singleValueExtendedProperties/any(ep: ep/id eq 'Integer {00020329-0000-0000-c000-000000000046} Name N' and cast(ep/value, Edm.Int32) gt 9)",
                true,
            ),
        ] {
            assert_eq!(of(text), holds, "{text}");
        }
    }
}
