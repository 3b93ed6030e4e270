//! Folders of mail and messages (<https://learn.microsoft.com/graph/api/resources/message>): read, marked, moved and deleted. Nothing
//! is written or sent here.

mod messages;
mod mime;

pub(crate) use messages::messages;

use crate::graph::answer::{Answer, Result, Says, no_such_method, no_such_path, not_found, refuse};
use crate::graph::delta::Followed;
use crate::graph::odata::View;
use crate::graph::show;
use crate::graph::store::{Item, Kind, Mailbox, Scope};
use crate::graph::world::Call;
use serde_json::{Map, Value, json};

const OF: &str = "mailFolder";

/// Requests below `/mailFolders`, those of `parent`.
pub(crate) fn folders(call: &mut Call<'_>, parent: u64, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => {
                let (mailbox, view) = (call.mailbox()?, View::read(call.ask, OF)?);
                let hidden = call.ask.option("includehiddenfolders").is_some_and(|told| told.eq_ignore_ascii_case("true"));
                let context = call.context(&format!("users('{}')/mailFolders", call.owner));
                let all = mailbox.of(Kind::MailFolder, Some(parent)).into_iter().filter(|item| hidden || !item.is("isHidden")).collect();
                show::listing(call.ask, OF, context, all, &|item, name| value(mailbox, item, name, &view), &|item| {
                    shown(mailbox, item, &view)
                })
            }
            "POST" => create(call, parent),
            _ => Err(no_such_method()),
        };
    };
    if method == "GET" && rest.is_empty() && id.eq_ignore_ascii_case("delta") {
        let mailbox = call.mailbox()?;
        let scope = Scope { kind: Kind::MailFolder, parent: None };
        let refused = &["filter", "orderby", "search", "expand", "skip", "count"];
        let followed = Followed { scope, of: OF, refused, context: call.context("Collection(mailFolder)") };
        let there = |key: u64| mailbox.items.get(&key).filter(|item| item.parent != 0);
        return followed.answer(call.world, mailbox, call.ask, &|key, view, _| there(key).map(|item| shown(mailbox, item, view)));
    }
    let key = call.folder(id, Kind::MailFolder).map_err(|refusal| if refusal.status == 404 { gone() } else { refusal })?;
    match (method, rest) {
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("messages") => messages(call, Some(key), rest),
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("childFolders") => folders(call, key, rest),
        ("GET", []) => {
            let view = View::read(call.ask, OF)?;
            let mailbox = call.mailbox()?;
            let item = mailbox.items.get(&key).ok_or_else(not_found)?;
            Ok(Answer::json(200, shown(mailbox, item, &view), Says::One(OF)))
        }
        ("DELETE", []) => {
            if call.mailbox()?.known.values().any(|known| *known == key) {
                return refuse(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
            }
            call.mailbox_mut()?.remove(key);
            Ok(Answer::empty(204))
        }
        (_, []) => Err(no_such_method()),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

fn gone() -> Box<crate::graph::answer::Refusal> {
    crate::graph::answer::refusal(404, "ErrorFolderNotFound", "The specified folder could not be found in the store.")
}

fn create(call: &mut Call<'_>, parent: u64) -> Result {
    let body = call.ask.read(OF)?;
    let Some(name) = body.get("displayName").and_then(Value::as_str).filter(|name| !name.trim().is_empty()) else {
        return refuse(400, "ErrorInvalidRequest", "A folder needs a displayName.");
    };
    let all = call.mailbox()?.of(Kind::MailFolder, Some(parent));
    if all.iter().any(|item| item.text("displayName").eq_ignore_ascii_case(name)) {
        return refuse(409, "ErrorFolderExists", "A folder with the specified name already exists.");
    }
    let hidden = body.get("isHidden").cloned().filter(Value::is_boolean).unwrap_or(json!(false));
    let properties = Map::from_iter([("displayName".to_owned(), Value::from(name)), ("isHidden".to_owned(), hidden)]);
    let now = call.now;
    let key = call.mailbox_mut()?.add(Kind::MailFolder, parent, properties, now);
    let body = shown(call.mailbox()?, call.item(key)?, &View::whole(call.ask));
    Ok(Answer::json(201, body, Says::One(OF)))
}

fn value(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    let messages = || mailbox.of(Kind::Message, Some(item.key));
    match name {
        "childFolderCount" => Value::from(mailbox.of(Kind::MailFolder, Some(item.key)).len()),
        "totalItemCount" => Value::from(messages().len()),
        "unreadItemCount" => Value::from(messages().iter().filter(|message| !message.is("isRead")).count()),
        "isHidden" => json!(item.is("isHidden")),
        _ => show::kept(mailbox, item, name, view),
    }
}

fn shown(mailbox: &Mailbox, item: &Item, view: &View) -> Value {
    let mut out = show::entity(OF, view, &[], &|name| value(mailbox, item, name, view));
    show::relations(&mut out, view, &|name| show::kept(mailbox, item, name, view));
    Value::Object(out)
}
