//! Messages.

use super::mime;
use crate::graph::answer::{Answer, Result, Says, invalid, no_such_method, no_such_path, not_found, refuse};
use crate::graph::attachments::{self, Owner};
use crate::graph::delta::Followed;
use crate::graph::odata::{Filter, Order, View};
use crate::graph::store::{Gone, Item, Kind, Mailbox, Scope};
use crate::graph::world::Call;
use crate::graph::{extended, extensions, show, strip_own, text};
use serde_json::{Value, json};

const OF: &str = "message";
/// What comes only by its name.
const OPTIONAL: &[&str] = &["internetMessageHeaders", "uniqueBody"];
/// What a client may change of a message that was sent or received.
const WRITABLE: &[&str] = &["categories", "flag", "importance", "inferenceClassification", "isRead"];

/// Requests below `/messages`: of a folder, or of the whole mailbox.
pub(crate) fn messages(call: &mut Call<'_>, folder: Option<u64>, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => listed(call, folder),
            _ => Err(no_such_method()),
        };
    };
    match (method, id.to_lowercase().as_str(), rest, folder) {
        ("GET", "delta", [], Some(folder)) => return delta(call, folder),
        ("GET", "$count", [], _) => {
            let (mailbox, view) = (call.mailbox()?, View::whole(call.ask));
            return show::count(call.ask, OF, &mailbox.of(Kind::Message, folder), &|item, name| value(mailbox, item, name, &view));
        }
        _ => {}
    }
    let key = call.key(id, Kind::Message)?;
    if folder.is_some_and(|folder| call.item(key).is_ok_and(|item| item.parent != folder)) {
        return Err(not_found());
    }
    match (method, rest) {
        ("GET", []) => answer(call, key, &View::read(call.ask, OF)?, 200),
        ("GET", ["$value"]) => Ok(Answer::bytes(mime::written(call.item(key)?), "text/plain")),
        ("PATCH", []) => update(call, key),
        ("DELETE", []) => {
            call.matches_item(key)?;
            let (bin, lies) = (call.mailbox()?.known("deleteditems"), call.item(key)?.parent);
            // From Deleted Items there is no other place to go.
            if lies == bin {
                call.mailbox_mut()?.remove(key)
            } else {
                call.mailbox_mut()?.relocate(key, bin, Gone::Deleted)
            }
            Ok(Answer::empty(204))
        }
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("attachments") => {
            attachments::attachments(call, Owner { kind: Kind::Message, key, day: None }, rest, false)
        }
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("extensions") => extensions::extensions(call, key, rest),
        ("POST", [action]) => act(call, key, action),
        (_, []) => Err(no_such_method()),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

fn act(call: &mut Call<'_>, key: u64, action: &str) -> Result {
    match action.to_lowercase().as_str() {
        "permanentdelete" => {
            call.mailbox_mut()?.remove(key);
            Ok(Answer::empty(204))
        }
        "move" | "copy" => {
            let parameters = call.ask.parameters()?;
            let Some(to) = parameters.get("destinationid").and_then(Value::as_str) else {
                return Err(invalid("The parameter DestinationId is needed."));
            };
            let to = call.folder(to, Kind::MailFolder)?;
            let key = if action.eq_ignore_ascii_case("move") {
                call.mailbox_mut()?.relocate(key, to, Gone::Deleted);
                key
            } else {
                let item = call.item(key)?.clone();
                let now = call.now;
                let copy = call.mailbox_mut()?.add(Kind::Message, to, item.properties, now);
                let made = call.item_mut(copy)?;
                (made.parts, made.extended) = (item.parts, item.extended);
                copy
            };
            answer(call, key, &View::whole(call.ask), 201)
        }
        _ => Err(no_such_path(action)),
    }
}

fn update(call: &mut Call<'_>, key: u64) -> Result {
    let mut body = call.ask.read(OF)?;
    call.matches_item(key)?;
    let mut kept = call.item(key)?.extended.clone();
    extended::take(&mut body, &mut kept)?;
    strip_own(call, &mut body, &["@odata.type"]);
    if let Some(name) = body.keys().find(|name| !WRITABLE.contains(&name.as_str())) {
        return Err(invalid(format!("The property '{name}' cannot be changed in a message that was sent or received.")));
    }
    let item = call.item_mut(key)?;
    item.properties.extend(body);
    item.extended = kept;
    call.touch(key)?;
    answer(call, key, &View::whole(call.ask), 200)
}

fn listed(call: &Call<'_>, folder: Option<u64>) -> Result {
    let (mailbox, view) = (call.mailbox()?, View::read(call.ask, OF)?);
    let order = Order::read(call.ask, OF)?;
    if let Some(filter) = call.ask.option("filter").map(|text| Filter::read(text, OF)).transpose()? {
        // What is ordered by must be filtered by, in the same order and before all else.
        let ordered = order.0.iter().map(|(path, _)| path.join("/"));
        if filter.paths().iter().zip(ordered.clone()).any(|(one, other)| *one != other) || filter.paths().len() < ordered.count() {
            return refuse(400, "InefficientFilter", "The restriction or sort order is too complex for this operation.");
        }
    }
    let context = call.context(&format!("users('{}')/messages", call.owner));
    let word = call.ask.option("search").map(|word| word.trim_matches('"').to_lowercase());
    let found = |item: &&Item| {
        word.as_ref().is_none_or(|word| {
            let body = text::preview(item.properties.get("body")).to_lowercase();
            item.text("subject").to_lowercase().contains(word) || body.contains(word)
        })
    };
    let mut all: Vec<&Item> = mailbox.of(Kind::Message, folder).into_iter().filter(found).collect();
    if order.0.is_empty() {
        all.sort_by(|one, other| other.text("receivedDateTime").cmp(one.text("receivedDateTime")));
    }
    show::listing(call.ask, OF, context, all, &|item, name| value(mailbox, item, name, &view), &|item| shown(mailbox, item, &view))
}

/// Messages of a folder (<https://learn.microsoft.com/graph/api/message-delta>): of all filters only one by time is taken.
fn delta(call: &Call<'_>, folder: u64) -> Result {
    let filter = call.ask.option("filter").map(|text| Filter::read(text, OF)).transpose()?;
    let by_time = |filter: &Filter| {
        use crate::graph::odata::{Comparison, Term};
        matches!(filter, Filter::Compare(Term::Path(path), Comparison::Ge | Comparison::Gt, Term::Instant(_)) if *path == ["receivedDateTime"])
    };
    if filter.as_ref().is_some_and(|filter| !by_time(filter))
        || call.ask.option("orderby").is_some_and(|order| order != "receivedDateTime desc")
    {
        return refuse(
            400,
            "ErrorInvalidUrlQueryFilter",
            "Change tracking over messages takes a filter by receivedDateTime alone, and that order.",
        );
    }
    let mailbox = call.mailbox()?;
    let scope = Scope { kind: Kind::Message, parent: Some(folder) };
    let followed = Followed { scope, of: OF, refused: &["search", "skip", "count"], context: call.context("Collection(message)") };
    let there = |key: u64| mailbox.items.get(&key).filter(|item| item.parent == folder);
    followed.answer(call.world, mailbox, call.ask, &|key, view, filter| {
        let item = there(key)?;
        let wanted = filter.is_none_or(|filter| filter.holds(&|name| value(mailbox, item, name, view)));
        wanted.then(|| shown(mailbox, item, view))
    })
}

fn value(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    let set = |default: Value| item.properties.get(name).cloned().unwrap_or(default);
    match name {
        "body" | "uniqueBody" => text::body(item.properties.get("body"), view.text_body),
        "bodyPreview" => Value::from(text::preview(item.properties.get("body"))),
        "hasAttachments" => json!(item.parts.iter().any(|part| part.properties.get("isInline") != Some(&json!(true)))),
        "importance" => set(json!("normal")),
        "inferenceClassification" => set(json!("focused")),
        "isRead" | "isDraft" => json!(item.is(name)),
        "flag" => set(json!({"flagStatus": "notFlagged"})),
        "webLink" => Value::from(format!(
            "https://outlook.office365.com/owa/?ItemID={}&exvsurl=1&viewmodel=ReadMessageItem",
            mailbox.id_of(item, None, view.form)
        )),
        "attachments" => item.parts.iter().map(|part| attachments::shown(part, usize::MAX)).collect(),
        _ => show::kept(mailbox, item, name, view),
    }
}

fn shown(mailbox: &Mailbox, item: &Item, view: &View) -> Value {
    let mut out = show::entity(OF, view, OPTIONAL, &|name| value(mailbox, item, name, view));
    out.insert("@odata.etag".to_owned(), Value::from(show::etag(mailbox, item)));
    show::relations(&mut out, view, &|name| value(mailbox, item, name, view));
    Value::Object(out)
}

fn answer(call: &Call<'_>, key: u64, view: &View, status: u16) -> Result {
    let (mailbox, item) = (call.mailbox()?, call.item(key)?);
    let mut body = shown(mailbox, item, view);
    if let Some(object) = body.as_object_mut() {
        object.insert("@odata.context".to_owned(), call.context(&format!("users('{}')/messages/$entity", call.owner)));
    }
    Ok(Answer::json(status, body, Says::One(OF)).header("etag", show::etag(mailbox, item)))
}
