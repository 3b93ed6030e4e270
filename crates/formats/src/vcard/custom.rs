//! Custom fields: `X-PIMKIT-NAME:value`.
//!
//! Property names are letters, digits and hyphens, and of no case. A custom field's name that is more than that (or a
//! name in capitals) stands in the parameter X-NAME: `X-PIMKIT-SHOESIZE;X-NAME=shoeSize;VALUE=integer:43`. VALUE tells
//! a number (`integer`, `float`) or a flag (`boolean`) from a text.

use super::card::{Card, Plain};
use crate::text::ContentLine;
use pimkit_core::{Custom, Value};

pub(super) const PREFIX: &str = "X-PIMKIT-";
const NAME: &str = "X-NAME";
const JSON: &str = "X-JSON";

fn name(line: &ContentLine) -> Option<String> {
    let head = line.name().get(..PREFIX.len())?;
    let tail = line.name().get(PREFIX.len()..)?;
    if !head.eq_ignore_ascii_case(PREFIX) {
        return None;
    }
    let name = line.param_value(NAME).unwrap_or_else(|| tail.to_ascii_lowercase());
    (!name.is_empty()).then_some(name)
}

fn value(line: &ContentLine, card: &Card) -> Option<Value> {
    let text = line.plain(card.dialect);
    if text.is_empty() {
        return None;
    }
    let kind = line.param_value("VALUE").unwrap_or_default().to_ascii_lowercase();
    let stated = match kind.as_str() {
        "boolean" => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        "integer" | "float" => serde_json::from_str::<Value>(text.trim()).ok().filter(Value::is_number),
        "x-json" => serde_json::from_str(&text).ok(),
        _ => None,
    };
    Some(stated.unwrap_or(Value::String(text)))
}

/// The custom fields of the card; of two lines of one name the first.
pub(super) fn read(card: &Card) -> Custom {
    let mut custom = Custom::new();
    for (_, line) in card.lines() {
        if let (Some(name), Some(value)) = (name(line), value(line, card)) {
            custom.entry(name).or_insert(value);
        }
    }
    custom
}

/// Makes the card's custom fields these.
pub(super) fn write(card: &mut Card, wanted: &Custom) {
    let known = read(card);
    for gone in known.keys().filter(|name| !wanted.contains_key(*name)) {
        let lines: Vec<usize> = card.lines().filter(|(_, line)| name(line).as_ref() == Some(gone)).map(|(at, _)| at).collect();
        lines.into_iter().for_each(|at| card.remove(at));
    }
    for (field, value) in wanted {
        if known.get(field) == Some(value) {
            continue;
        }
        let at = card.lines().find(|(_, line)| name(line).as_ref() == Some(field)).map(|(at, _)| at);
        let mut line = match at.and_then(|at| card.line(at)) {
            Some(line) => line.clone(),
            None => named_line(field),
        };
        let (text, kind) = match value {
            Value::String(text) => (text.clone(), None),
            Value::Bool(flag) => (if *flag { "TRUE" } else { "FALSE" }.to_owned(), Some("boolean")),
            Value::Number(number) if number.is_f64() => (number.to_string(), Some("float")),
            Value::Number(number) => (number.to_string(), Some("integer")),
            other => (other.to_string(), Some(JSON)),
        };
        line.set_text(&text, card.dialect);
        line.set_param("VALUE", kind);
        match at {
            Some(at) => card.set(at, line),
            None => card.add(vec![line]),
        }
    }
}

fn named_line(field: &str) -> ContentLine {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let tail: String = field.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    let tail = if tail.is_empty() { "CUSTOM".to_owned() } else { tail.to_ascii_uppercase() };
    let line = ContentLine::new(&format!("{PREFIX}{tail}"), "");
    let same = field.chars().all(plain) && tail.eq_ignore_ascii_case(field);
    if same { line } else { line.with_param(NAME, field) }
}
