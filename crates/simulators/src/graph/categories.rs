//! The list of a mailbox's categories (<https://learn.microsoft.com/graph/api/resources/outlookcategory>). Names are fixed once made.

use crate::graph::answer::{Answer, Result, Says, no_such_method, not_found, refuse};
use crate::graph::ids;
use crate::graph::odata::View;
use crate::graph::show;
use crate::graph::store::{Item, Kind};
use crate::graph::world::Call;
use serde_json::{Value, json};

const OF: &str = "outlookCategory";

/// Requests below `/outlook/masterCategories`.
pub(crate) fn categories(call: &mut Call<'_>, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    match (method, rest) {
        ("GET", []) => {
            let view = View::read(call.ask, OF)?;
            let context = call.context(&format!("users('{}')/outlook/masterCategories", call.owner));
            let all = call.mailbox()?.of(Kind::Category, None);
            show::listing(call.ask, OF, context, all, &|item, name| value(item, name), &|item| shown(item, &view))
        }
        ("POST", []) => create(call),
        ("GET", [id]) => {
            let view = View::read(call.ask, OF)?;
            let key = named(call, id)?;
            Ok(Answer::json(200, shown(call.item(key)?, &view), Says::One(OF)))
        }
        ("PATCH", [id]) => {
            let key = named(call, id)?;
            let body = call.ask.read(OF)?;
            let name = body.get("displayName").and_then(Value::as_str);
            if name.is_some_and(|name| call.item(key).is_ok_and(|item| item.text("displayName") != name)) {
                return refuse(400, "ErrorInvalidRequest", "The displayName of a category cannot be changed.");
            }
            if let Some(color) = body.get("color").filter(|color| !color.is_null()) {
                call.item_mut(key)?.properties.insert("color".to_owned(), color.clone());
                call.touch(key)?;
            }
            Ok(Answer::json(200, shown(call.item(key)?, &View::whole(call.ask)), Says::One(OF)))
        }
        ("DELETE", [id]) => {
            let key = named(call, id)?;
            call.mailbox_mut()?.remove(key);
            Ok(Answer::empty(204))
        }
        _ => Err(no_such_method()),
    }
}

fn create(call: &mut Call<'_>) -> Result {
    let body = call.ask.read(OF)?;
    let name = body.get("displayName").and_then(Value::as_str).filter(|name| !name.trim().is_empty());
    let Some(name) = name else { return refuse(400, "ErrorInvalidRequest", "A category needs a displayName.") };
    let all = call.mailbox()?.of(Kind::Category, None);
    if all.iter().any(|item| item.text("displayName").to_lowercase() == name.to_lowercase()) {
        return refuse(409, "ErrorCategoryAlreadyExists", "A category with the specified name already exists.");
    }
    let color = body.get("color").cloned().filter(|color| !color.is_null()).unwrap_or_else(|| json!("none"));
    let secret = call.mailbox()?.secret.clone();
    let now = call.now;
    let mailbox = call.mailbox_mut()?;
    let id = ids::guid(&secret, &format!("category {}", mailbox.mint()));
    let properties = json!({"id": id, "displayName": name, "color": color}).as_object().cloned().unwrap_or_default();
    let key = mailbox.add(Kind::Category, 0, properties, now);
    let body = shown(call.item(key)?, &View::whole(call.ask));
    Ok(Answer::json(201, body, Says::One(OF)))
}

fn named(call: &Call<'_>, id: &str) -> Result<u64> {
    let all = call.mailbox()?.of(Kind::Category, None);
    all.iter().find(|item| item.text("id").eq_ignore_ascii_case(id)).map(|item| item.key).ok_or_else(not_found)
}

fn value(item: &Item, name: &str) -> Value {
    item.properties.get(name).cloned().unwrap_or(Value::Null)
}

fn shown(item: &Item, view: &View) -> Value {
    Value::Object(show::entity(OF, view, &[], &|name| value(item, name)))
}
