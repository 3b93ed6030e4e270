//! Lists and tasks of To Do (<https://learn.microsoft.com/graph/api/resources/todo-overview>).

mod parts;
mod tasks;

use crate::graph::answer::{Answer, Result, Says, invalid, no_such_method, no_such_path, refuse};
use crate::graph::delta::Followed;
use crate::graph::odata::View;
use crate::graph::store::{Item, Kind, Mailbox, Scope};
use crate::graph::world::Call;
use crate::graph::{extensions, show, strip_own};
use serde_json::{Map, Value, json};

const OF: &str = "todoTaskList";
const OWN: &[&str] = &["id", "isOwner", "isShared", "wellknownListName", "@odata.type"];

/// Requests below `/todo/lists`.
pub(crate) fn lists(call: &mut Call<'_>, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => {
                let (mailbox, view) = (call.mailbox()?, View::read(call.ask, OF)?);
                let context = call.context(&format!("users('{}')/todo/lists", call.owner));
                let all = mailbox.of(Kind::TaskList, None);
                show::listing(call.ask, OF, context, all, &|item, name| value(mailbox, item, name, &view), &|item| {
                    shown(mailbox, item, &view)
                })
            }
            "POST" => create(call),
            _ => Err(no_such_method()),
        };
    };
    if method == "GET" && rest.is_empty() && id.eq_ignore_ascii_case("delta") {
        let mailbox = call.mailbox()?;
        let scope = Scope { kind: Kind::TaskList, parent: None };
        let refused = &["filter", "orderby", "search", "expand", "skip", "count"];
        let followed = Followed { scope, of: OF, refused, context: call.context("Collection(todoTaskList)") };
        return followed
            .answer(call.world, mailbox, call.ask, &|key, view, _| mailbox.items.get(&key).map(|item| shown(mailbox, item, view)));
    }
    let key = call.key(id, Kind::TaskList)?;
    match (method, rest) {
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("tasks") => tasks::tasks(call, key, rest),
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("extensions") => extensions::extensions(call, key, rest),
        ("GET", []) => answer(call, key, &View::read(call.ask, OF)?, 200),
        ("PATCH", []) => {
            let name = named(call)?;
            if is_made_by_the_service(call.mailbox()?, key) && name.is_some() {
                return Err(invalid("A list of the service cannot be renamed."));
            }
            call.item_mut(key)?.properties.extend(name.map(|name| ("displayName".to_owned(), Value::from(name))));
            call.touch(key)?;
            answer(call, key, &View::whole(call.ask), 200)
        }
        ("DELETE", []) => {
            if is_made_by_the_service(call.mailbox()?, key) {
                return Err(invalid("A list of the service cannot be deleted."));
            }
            call.mailbox_mut()?.remove(key);
            Ok(Answer::empty(204))
        }
        (_, []) => Err(no_such_method()),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

fn is_made_by_the_service(mailbox: &Mailbox, key: u64) -> bool {
    ["tasks", "flaggedemails"].into_iter().any(|name| mailbox.known(name) == key)
}

/// The name that a body gives a list.
fn named(call: &mut Call<'_>) -> Result<Option<String>> {
    let mut body = call.ask.read(OF)?;
    strip_own(call, &mut body, OWN);
    if let Some(name) = ["extensions", "tasks"].into_iter().find(|name| body.contains_key(*name)) {
        return Err(invalid(format!("The relation '{name}' cannot be written here.")));
    }
    match body.get("displayName").and_then(Value::as_str) {
        Some(name) if name.trim().is_empty() => refuse(400, "invalidRequest", "The displayName of a list must not be empty."),
        name => Ok(name.map(str::to_owned)),
    }
}

fn create(call: &mut Call<'_>) -> Result {
    let Some(name) = named(call)? else { return refuse(400, "invalidRequest", "A list needs a displayName.") };
    let now = call.now;
    let properties = Map::from_iter([("displayName".to_owned(), Value::from(name))]);
    let key = call.mailbox_mut()?.add(Kind::TaskList, 0, properties, now);
    answer(call, key, &View::whole(call.ask), 201)
}

fn value(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    match name {
        "isOwner" => json!(true),
        "isShared" => json!(item.is("isShared")),
        "wellknownListName" if item.key == mailbox.known("tasks") => json!("defaultList"),
        "wellknownListName" if item.key == mailbox.known("flaggedemails") => json!("flaggedEmails"),
        "wellknownListName" => json!("none"),
        _ => show::kept(mailbox, item, name, view),
    }
}

fn shown(mailbox: &Mailbox, item: &Item, view: &View) -> Value {
    let mut out = show::entity(OF, view, &[], &|name| value(mailbox, item, name, view));
    out.insert("@odata.etag".to_owned(), Value::from(show::etag(mailbox, item)));
    show::relations(&mut out, view, &|name| value(mailbox, item, name, view));
    Value::Object(out)
}

fn answer(call: &Call<'_>, key: u64, view: &View, status: u16) -> Result {
    let mut body = shown(call.mailbox()?, call.item(key)?, view);
    if let Some(object) = body.as_object_mut() {
        object.insert("@odata.context".to_owned(), call.context(&format!("users('{}')/todo/lists/$entity", call.owner)));
    }
    Ok(Answer::json(status, body, Says::One(OF)))
}
