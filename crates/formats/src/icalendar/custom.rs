//! Fields of the user's own making: `X-PIMKIT-<name>`.
//!
//! Property names are of no case and hold only letters, digits and `-` (RFC 5545 section 3.1): the parameter X-NAME says the
//! name where the property's own name, in lower case, does not; VALUE tells a number (`INTEGER`, `FLOAT`) or a flag
//! (`BOOLEAN`) from a text. Contacts are written the same way ([`crate::vcard`]).

use pimkit_core::{Custom, Value};

use super::Context;
use crate::text::{Component, ContentLine, Line};

const PREFIX: &str = "X-PIMKIT-";
const NAME: &str = "X-NAME";
const JSON: &str = "X-JSON";

fn property(name: &str) -> String {
    let safe: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    let safe = if safe.is_empty() { "CUSTOM".to_owned() } else { safe.to_ascii_uppercase() };
    format!("{PREFIX}{safe}")
}

fn read_one(line: &Line, context: &Context) -> Option<(String, Value)> {
    let own = line.name().get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
    own?;
    let content = line.content()?;
    let name = content.param_value(NAME).unwrap_or_else(|| line.name().get(PREFIX.len()..).unwrap_or_default().to_ascii_lowercase());
    if name.is_empty() {
        return None;
    }
    let text = content.value().trim();
    let value = match content.param_value("VALUE").unwrap_or_default().to_ascii_uppercase().as_str() {
        "BOOLEAN" if text.eq_ignore_ascii_case("TRUE") => Value::Bool(true),
        "BOOLEAN" if text.eq_ignore_ascii_case("FALSE") => Value::Bool(false),
        "INTEGER" | "FLOAT" => {
            serde_json::from_str::<serde_json::Number>(text).map(Value::Number).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
        JSON => serde_json::from_str(&content.text(context.dialect)).ok()?,
        _ => Value::String(content.text(context.dialect)),
    };
    (value != Value::String(String::new())).then_some((name, value))
}

pub(super) fn read(c: &Component, context: &Context) -> Custom {
    c.lines().filter_map(|line| read_one(line, context)).collect()
}

fn write_one(old: Option<ContentLine>, name: &str, value: &Value, context: &Context) -> ContentLine {
    let mut line = old.unwrap_or_else(|| {
        let property = property(name);
        let mut line = ContentLine::new(&property, "");
        let says_it = property.get(PREFIX.len()..).unwrap_or_default().to_ascii_lowercase() == name;
        if !says_it {
            line.set_param(NAME, [name]);
        }
        line
    });
    line.remove_param("VALUE");
    match value {
        Value::String(text) => {
            line.set_text(text, context.dialect);
        }
        Value::Bool(flag) => {
            line.set_param("VALUE", ["BOOLEAN"]).set_value(if *flag { "TRUE" } else { "FALSE" });
        }
        Value::Number(number) => {
            let kind = if number.is_f64() { "FLOAT" } else { "INTEGER" };
            line.set_param("VALUE", [kind]).set_value(&number.to_string());
        }
        other => {
            line.set_text(&other.to_string(), context.dialect).set_param("VALUE", [JSON]);
        }
    }
    line
}

fn is_there(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null() && **value != Value::String(String::new()))
}

pub(super) fn patch(c: &mut Component, base: &Custom, target: &Custom, context: &Context) {
    let names = base.keys().chain(target.keys().filter(|name| !base.contains_key(*name)));
    for name in names {
        let (old, new) = (is_there(base.get(name)), is_there(target.get(name)));
        if old == new {
            continue;
        }
        let holds = |line: &Line| read_one(line, context).is_some_and(|(known, _)| known == *name);
        let Some(value) = new else {
            c.remove_where(holds);
            continue;
        };
        let content = c.lines().find(|line| holds(line)).and_then(Line::content);
        let is_there = content.is_some();
        let content = write_one(content, name, value, context);
        if !is_there {
            c.add(content);
        } else if let Some(line) = c.lines_mut().find(|line| holds(line)) {
            line.set_content(content);
        }
    }
}
