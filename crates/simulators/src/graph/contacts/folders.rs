//! Folders of contacts (<https://learn.microsoft.com/graph/api/resources/contactfolder>). The default folder holds the others, and no
//! listing names it.

use super::contacts;
use crate::graph::answer::{Answer, Result, Says, no_such_method, no_such_path, not_found, refuse};
use crate::graph::delta::Followed;
use crate::graph::odata::View;
use crate::graph::store::{Item, Kind, Mailbox, Scope};
use crate::graph::world::Call;
use crate::graph::{extended, show};
use serde_json::{Map, Value};

const OF: &str = "contactFolder";

/// Requests below `/contactFolders`.
pub(crate) fn folders(call: &mut Call<'_>, rest: &[&str]) -> Result {
    let home = call.mailbox()?.known("contacts");
    below(call, home, rest)
}

fn below(call: &mut Call<'_>, parent: u64, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => list(call, parent),
            "POST" => create(call, parent),
            _ => Err(no_such_method()),
        };
    };
    match (method, id.to_lowercase().as_str(), rest) {
        ("GET", "delta", []) => return delta(call),
        ("GET", "$count", []) => {
            let (mailbox, view) = (call.mailbox()?, View::whole(call.ask));
            let all = mailbox.of(Kind::ContactFolder, Some(parent));
            return show::count(call.ask, OF, &all, &|item, name| show::kept(mailbox, item, name, &view));
        }
        _ => {}
    }
    let key = call.folder(id, Kind::ContactFolder).map_err(|refusal| if refusal.status == 404 { gone() } else { refusal })?;
    match (method, rest) {
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("contacts") => contacts(call, Some(key), rest),
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("childFolders") => below(call, key, rest),
        ("GET", []) => answer(call, key, &View::read(call.ask, OF)?, 200),
        ("PATCH", []) => update(call, key),
        ("DELETE", []) => remove(call, key),
        ("POST", [action]) if action.eq_ignore_ascii_case("permanentDelete") => remove(call, key),
        (_, []) => Err(no_such_method()),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

fn gone() -> Box<crate::graph::answer::Refusal> {
    crate::graph::answer::refusal(404, "ErrorFolderNotFound", "The specified folder could not be found in the store.")
}

fn list(call: &Call<'_>, parent: u64) -> Result {
    let (mailbox, view) = (call.mailbox()?, View::read(call.ask, OF)?);
    let context = call.context(&format!("users('{}')/contactFolders", call.owner));
    let all = mailbox.of(Kind::ContactFolder, Some(parent));
    show::listing(call.ask, OF, context, all, &|item, name| show::kept(mailbox, item, name, &view), &|item| shown(mailbox, item, &view))
}

fn delta(call: &Call<'_>) -> Result {
    let mailbox = call.mailbox()?;
    let home = mailbox.known("contacts");
    let scope = Scope { kind: Kind::ContactFolder, parent: None };
    let refused = &["filter", "orderby", "search", "expand", "skip", "count"];
    let followed = Followed { scope, of: OF, refused, context: call.context("Collection(contactFolder)") };
    let there = |key: u64| mailbox.items.get(&key).filter(|_| key != home);
    followed.answer(call.world, mailbox, call.ask, &|key, view, _| there(key).map(|item| shown(mailbox, item, view)))
}

fn create(call: &mut Call<'_>, parent: u64) -> Result {
    let mut body = call.ask.read(OF)?;
    let mut kept = std::collections::BTreeMap::new();
    extended::take(&mut body, &mut kept)?;
    let name = named(call, parent, &body, None)?;
    let Some(name) = name else {
        return refuse(400, "ErrorInvalidRequest", "A folder needs a displayName.");
    };
    let properties = Map::from_iter([("displayName".to_owned(), Value::from(name))]);
    let now = call.now;
    let key = call.mailbox_mut()?.add(Kind::ContactFolder, parent, properties, now);
    call.item_mut(key)?.extended = kept;
    answer(call, key, &View::whole(call.ask), 201)
}

/// The name that a body gives a folder in `parent`.
fn named(call: &mut Call<'_>, parent: u64, body: &Map<String, Value>, but: Option<u64>) -> Result<Option<String>> {
    let mut own = body.clone();
    own.remove("displayName");
    crate::graph::strip_own(call, &mut own, &["id", "parentFolderId", "@odata.type"]);
    if let Some(name) = own.keys().next() {
        return refuse(400, "ErrorInvalidRequest", format!("The relation '{name}' cannot be written here."));
    }
    let Some(name) = body.get("displayName").and_then(Value::as_str).map(str::trim) else { return Ok(None) };
    if name.is_empty() {
        return refuse(400, "ErrorInvalidRequest", "The displayName of a folder must not be empty.");
    }
    let siblings = call.mailbox()?.of(Kind::ContactFolder, Some(parent));
    if siblings.iter().any(|item| Some(item.key) != but && item.text("displayName").eq_ignore_ascii_case(name)) {
        return refuse(409, "ErrorFolderExists", "A folder with the specified name already exists.");
    }
    Ok(Some(name.to_owned()))
}

fn update(call: &mut Call<'_>, key: u64) -> Result {
    let mut body = call.ask.read(OF)?;
    let mut kept = call.item(key)?.extended.clone();
    extended::take(&mut body, &mut kept)?;
    let target = match body.get("parentFolderId").and_then(Value::as_str) {
        Some(id) => call.folder(id, Kind::ContactFolder)?,
        None => call.item(key)?.parent,
    };
    let name = named(call, target, &body, Some(key))?;
    call.item_mut(key)?.extended = kept;
    if let Some(name) = name {
        call.item_mut(key)?.properties.insert("displayName".to_owned(), Value::from(name));
    }
    if target != call.item(key)?.parent {
        if inside(call.mailbox()?, target, key) {
            return refuse(400, "ErrorInvalidRequest", "A folder cannot be moved into itself.");
        }
        call.mailbox_mut()?.relocate(key, target, crate::graph::store::Gone::Deleted);
    } else {
        call.touch(key)?;
    }
    answer(call, key, &View::whole(call.ask), 200)
}

/// Whether `key` is `folder` or lies in it.
fn inside(mailbox: &Mailbox, key: u64, folder: u64) -> bool {
    let mut at = key;
    while at != 0 {
        if at == folder {
            return true;
        }
        at = mailbox.items.get(&at).map(|item| item.parent).unwrap_or_default();
    }
    false
}

fn remove(call: &mut Call<'_>, key: u64) -> Result {
    if key == call.mailbox()?.known("contacts") {
        return refuse(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
    }
    call.mailbox_mut()?.remove(key);
    Ok(Answer::empty(204))
}

fn shown(mailbox: &Mailbox, item: &Item, view: &View) -> Value {
    let mut out = show::entity(OF, view, &[], &|name| show::kept(mailbox, item, name, view));
    show::relations(&mut out, view, &|name| show::kept(mailbox, item, name, view));
    for (name, kind) in [("childFolders", Kind::ContactFolder), ("contacts", Kind::Contact)] {
        if view.expands(name).is_some() {
            let inside = mailbox.of(kind, Some(item.key)).into_iter();
            let view = View { select: None, expand: Vec::new(), ..view.clone() };
            let of = kind.of();
            let rows = inside.map(|item| Value::Object(show::entity(of, &view, &[], &|name| show::kept(mailbox, item, name, &view))));
            out.insert(name.to_owned(), rows.take(10).collect());
        }
    }
    Value::Object(out)
}

fn answer(call: &Call<'_>, key: u64, view: &View, status: u16) -> Result {
    let mailbox = call.mailbox()?;
    let item = mailbox.items.get(&key).ok_or_else(not_found)?;
    let mut body = shown(mailbox, item, view);
    if let Some(object) = body.as_object_mut() {
        object.insert("@odata.context".to_owned(), call.context(&format!("users('{}')/contactFolders/$entity", call.owner)));
    }
    Ok(Answer::json(status, body, Says::One(OF)))
}
