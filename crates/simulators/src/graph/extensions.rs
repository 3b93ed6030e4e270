//! Open extensions (<https://learn.microsoft.com/graph/api/resources/opentypeextension>).

use crate::graph::answer::{Answer, Result, Says, no_such_method, not_found, refuse};
use crate::graph::shape;
use crate::graph::store::Item;
use crate::graph::world::Call;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const OF: &str = "openTypeExtension";

/// Requests below `/extensions` of an item.
pub(crate) fn extensions(call: &mut Call<'_>, key: u64, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    match (method, rest) {
        ("GET", []) => {
            let all: Vec<Value> = call.item(key)?.extensions.values().cloned().map(Value::Object).collect();
            Ok(Answer::json(200, json!({"@odata.context": call.context("extensions"), "value": all}), Says::Many("extension")))
        }
        ("POST", []) => {
            let body = call.ask.read(OF)?;
            let (name, extension) = made(body)?;
            let item = call.item_mut(key)?;
            if item.extensions.contains_key(&name) {
                return refuse(409, "ErrorItemExists", "An extension of this name exists already.");
            }
            item.extensions.insert(name, extension.clone());
            call.touch(key)?;
            Ok(Answer::json(201, Value::Object(extension), Says::One("extension")))
        }
        ("GET", [name]) => match found(call.item(key)?, name) {
            Some((_, extension)) => Ok(Answer::json(200, Value::Object(extension), Says::One("extension"))),
            None => Err(not_found()),
        },
        ("PATCH", [name]) => {
            let body = call.ask.read(OF)?;
            let (name, mut extension) = found(call.item(key)?, name).ok_or_else(not_found)?;
            extension.extend(body.into_iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "extensionName" | "@odata.type")));
            extension.retain(|_, value| !value.is_null());
            call.item_mut(key)?.extensions.insert(name, extension.clone());
            call.touch(key)?;
            Ok(Answer::json(200, Value::Object(extension), Says::One("extension")))
        }
        ("DELETE", [name]) => {
            let (name, _) = found(call.item(key)?, name).ok_or_else(not_found)?;
            call.item_mut(key)?.extensions.remove(&name);
            call.touch(key)?;
            Ok(Answer::empty(204))
        }
        _ => Err(no_such_method()),
    }
}

fn found(item: &Item, name: &str) -> Option<(String, Map<String, Value>)> {
    let name = name.trim_start_matches("Microsoft.OutlookServices.OpenTypeExtension.");
    item.extensions.get(name).map(|extension| (name.to_owned(), extension.clone()))
}

fn made(mut body: Map<String, Value>) -> Result<(String, Map<String, Value>)> {
    let name = body.get("extensionName").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
    let Some(name) = name else { return refuse(400, "ErrorInvalidRequest", "An extension needs an extensionName.") };
    body.insert("@odata.type".to_owned(), Value::from("#microsoft.graph.openTypeExtension"));
    body.insert("id".to_owned(), Value::from(format!("Microsoft.OutlookServices.OpenTypeExtension.{name}")));
    body.retain(|_, value| !value.is_null());
    Ok((name, body))
}

/// Takes the extensions that a new item is to have out of its body.
///
/// # Errors
/// 400 for one without a name.
pub(crate) fn take(body: &mut Map<String, Value>) -> Result<BTreeMap<String, Map<String, Value>>> {
    let Some(Value::Array(written)) = body.remove("extensions") else { return Ok(BTreeMap::new()) };
    written.iter().map(|one| made(shape::read(one, OF)?)).collect()
}
