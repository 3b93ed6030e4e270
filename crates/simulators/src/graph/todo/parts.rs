//! Checklist items and linked resources of a task.

use crate::graph::answer::{Answer, Result, Says, no_such_method, not_found, refuse};
use crate::graph::ids;
use crate::graph::shape;
use crate::graph::show;
use crate::graph::store::Part;
use crate::graph::world::Call;
use serde_json::{Map, Value, json};

/// Requests below the parts of a task that are `of` a type.
pub(super) fn parts(call: &mut Call<'_>, key: u64, of: &'static str, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    match (method, rest) {
        ("GET", []) => {
            let all: Vec<Value> = call.item(key)?.parts.iter().filter(|part| part.of == of).map(shown).collect();
            let context = call.context(of);
            show::listing(call.ask, of, context, all, &|one, name| one.get(name).cloned().unwrap_or(Value::Null), &Clone::clone)
        }
        ("POST", []) => {
            let body = call.ask.read(of)?;
            let part = made(call, of, body)?;
            let body = shown(&part);
            call.item_mut(key)?.parts.push(part);
            call.touch(key)?;
            Ok(Answer::json(201, body, Says::One(of)))
        }
        ("GET", [id]) => {
            let part = call.item(key)?.parts.iter().find(|part| part.of == of && part.id == *id).ok_or_else(not_found)?;
            Ok(Answer::json(200, shown(part), Says::One(of)))
        }
        ("PATCH", [id]) => {
            let body = call.ask.read(of)?;
            let now = call.now;
            let item = call.item_mut(key)?;
            let part = item.parts.iter_mut().find(|part| part.of == of && part.id == *id).ok_or_else(not_found)?;
            write(part, body, now);
            let body = shown(part);
            call.touch(key)?;
            Ok(Answer::json(200, body, Says::One(of)))
        }
        ("DELETE", [id]) => {
            let item = call.item_mut(key)?;
            let before = item.parts.len();
            item.parts.retain(|part| part.of != of || part.id != *id);
            if item.parts.len() == before {
                return Err(not_found());
            }
            call.touch(key)?;
            Ok(Answer::empty(204))
        }
        _ => Err(no_such_method()),
    }
}

fn write(part: &mut Part, mut body: Map<String, Value>, now: jiff::Timestamp) {
    for own in ["id", "createdDateTime", "@odata.type"] {
        body.remove(own);
    }
    if part.of == "checklistItem" && !body.contains_key("checkedDateTime") {
        match body.get("isChecked") {
            Some(Value::Bool(true)) => body.insert("checkedDateTime".to_owned(), Value::from(show::whole_seconds(now))),
            Some(_) => body.insert("checkedDateTime".to_owned(), Value::Null),
            None => None,
        };
    }
    part.properties.extend(body);
}

/// Makes a part of a body.
///
/// # Errors
/// 400 without what its type needs.
pub(super) fn made(call: &mut Call<'_>, of: &'static str, body: Map<String, Value>) -> Result<Part> {
    let body = shape::read(&Value::Object(body), of)?;
    let needs = if of == "checklistItem" { "displayName" } else { "applicationName" };
    if body.get(needs).and_then(Value::as_str).is_none_or(str::is_empty) {
        return refuse(400, "invalidRequest", format!("A {of} needs a {needs}."));
    }
    let now = call.now;
    let mailbox = call.mailbox_mut()?;
    let number = mailbox.mint();
    let id = ids::guid(&mailbox.secret, &format!("part {number}"));
    let mut part = Part { of, id, properties: Map::new(), bytes: Vec::new(), created: now };
    write(&mut part, body, now);
    Ok(part)
}

/// A part as answers show it.
pub(super) fn shown(part: &Part) -> Value {
    let mut out = part.properties.clone();
    out.insert("id".to_owned(), Value::from(part.id.as_str()));
    if part.of == "checklistItem" {
        out.insert("createdDateTime".to_owned(), Value::from(show::whole_seconds(part.created)));
        out.entry("isChecked").or_insert(json!(false));
        if out.get("checkedDateTime").is_some_and(Value::is_null) {
            out.remove("checkedDateTime");
        }
    }
    Value::Object(out)
}
