//! Tasks. Due dates are days; what is written with a time becomes the day that it has in UTC.

use super::parts;
use crate::graph::answer::{Answer, Result, Says, invalid, no_such_method, no_such_path, not_found, refuse};
use crate::graph::attachments::{self, Owner};
use crate::graph::delta::Followed;
use crate::graph::events::{Rule, wall};
use crate::graph::odata::{Filter, View};
use crate::graph::store::{Item, Kind, Mailbox, Scope};
use crate::graph::world::Call;
use crate::graph::zones::{Zone, written};
use crate::graph::{extensions, show, strip_own, text};
use jiff::civil::{Date, Time};
use serde_json::{Map, Value, json};

const OF: &str = "todoTask";
const OWN: &[&str] = &["id", "createdDateTime", "lastModifiedDateTime", "bodyLastModifiedDateTime", "hasAttachments", "@odata.type"];
/// Times that are days.
const DAYS: &[&str] = &["dueDateTime", "startDateTime", "completedDateTime"];

/// Requests below `/tasks` of a list.
pub(super) fn tasks(call: &mut Call<'_>, list: u64, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => listed(call, list),
            "POST" => create(call, list),
            _ => Err(no_such_method()),
        };
    };
    if method == "GET" && rest.is_empty() && id.eq_ignore_ascii_case("delta") {
        return delta(call, list);
    }
    let key = call.key(id, Kind::Task)?;
    if call.item(key)?.parent != list {
        return Err(not_found());
    }
    match (method, rest) {
        ("GET", []) => answer(call, key, &View::read(call.ask, OF)?, 200),
        ("PATCH", []) => update(call, key),
        ("DELETE", []) => {
            checked(call, key)?;
            call.mailbox_mut()?.remove(key);
            Ok(Answer::empty(204))
        }
        (_, [name, rest @ ..]) => match name.to_lowercase().as_str() {
            "checklistitems" => parts::parts(call, key, "checklistItem", rest),
            "linkedresources" => parts::parts(call, key, "linkedResource", rest),
            "attachments" => attachments::attachments(call, Owner { kind: Kind::Task, key, day: None }, rest, true),
            "extensions" => extensions::extensions(call, key, rest),
            _ => Err(no_such_path(name)),
        },
        (_, []) => Err(no_such_method()),
    }
}

/// `If-Match`, where tasks look at it.
fn checked(call: &Call<'_>, key: u64) -> Result<()> {
    if call.rules().tasks.checks_versions { call.matches_item(key) } else { Ok(()) }
}

fn listed(call: &Call<'_>, list: u64) -> Result {
    let (mailbox, view) = (call.mailbox()?, View::read(call.ask, OF)?);
    let filter = call.ask.option("filter").map(|text| Filter::read(text, OF)).transpose()?;
    if filter.is_some_and(|filter| filter.paths().iter().any(|path| path.eq_ignore_ascii_case("linkedResources"))) {
        return refuse(400, "invalidRequest", "Filtering by linkedResources is not supported.");
    }
    let context = call.context(&format!("users('{}')/todo/lists/tasks", call.owner));
    let all = mailbox.of(Kind::Task, Some(list));
    show::listing(call.ask, OF, context, all, &|item, name| value(mailbox, item, name, &view), &|item| shown(mailbox, item, &view))
}

fn delta(call: &Call<'_>, list: u64) -> Result {
    let mailbox = call.mailbox()?;
    let scope = Scope { kind: Kind::Task, parent: Some(list) };
    let all = ["filter", "orderby", "search", "skip", "count", "expand"];
    let refused = if call.rules().delta.expands { all.get(..5) } else { Some(&all[..]) }.unwrap_or_default();
    let followed = Followed { scope, of: OF, refused, context: call.context("Collection(todoTask)") };
    let there = |key: u64| mailbox.items.get(&key).filter(|item| item.parent == list);
    followed.answer(call.world, mailbox, call.ask, &|key, view, _| there(key).map(|item| shown(mailbox, item, view)))
}

fn create(call: &mut Call<'_>, list: u64) -> Result {
    let mut body = call.ask.read(OF)?;
    if list == call.mailbox()?.known("flaggedemails") {
        return refuse(400, "invalidRequest", "Tasks cannot be made in the list of flagged e-mails.");
    }
    strip_own(call, &mut body, OWN);
    let kept = extensions::take(&mut body)?;
    let mut made = Vec::new();
    for (relation, of) in [("checklistItems", "checklistItem"), ("linkedResources", "linkedResource")] {
        for one in body.remove(relation).and_then(|all| all.as_array().cloned()).into_iter().flatten() {
            made.push(parts::made(call, of, one.as_object().cloned().unwrap_or_default())?);
        }
    }
    let mut properties = Map::new();
    apply(call, &mut properties, body)?;
    if properties.get("title").and_then(Value::as_str).is_none_or(|title| title.trim().is_empty()) {
        return refuse(400, "invalidRequest", "A task needs a title.");
    }
    let now = call.now;
    let key = call.mailbox_mut()?.add(Kind::Task, list, properties, now);
    let item = call.item_mut(key)?;
    (item.extensions, item.parts) = (kept, made);
    answer(call, key, &View::whole(call.ask), 201)
}

fn update(call: &mut Call<'_>, key: u64) -> Result {
    let mut body = call.ask.read(OF)?;
    checked(call, key)?;
    strip_own(call, &mut body, OWN);
    if body.get("title").is_some_and(|title| title.as_str().is_none_or(|title| title.trim().is_empty())) {
        return refuse(400, "invalidRequest", "A task needs a title.");
    }
    let before = call.item(key)?.clone();
    let mut properties = before.properties.clone();
    apply(call, &mut properties, body)?;
    let completes = before.text("status") != "completed" && properties.get("status") == Some(&json!("completed"));
    let recurs = before.properties.get("recurrence").is_some_and(Value::is_object);
    let moves = recurs && before.properties.get("dueDateTime") != properties.get("dueDateTime");
    if completes && recurs {
        // The one that is done is done for good; the next one takes the recurrence with it.
        next(call, &before)?;
        properties.remove("recurrence");
    } else if moves && call.rules().tasks.due_change_makes_another {
        let now = call.now;
        call.mailbox_mut()?.add(Kind::Task, before.parent, before.properties.clone(), now);
        properties.remove("recurrence");
    }
    call.item_mut(key)?.properties = properties;
    call.touch(key)?;
    answer(call, key, &View::whole(call.ask), 200)
}

/// Makes the task that comes after one that recurs.
fn next(call: &mut Call<'_>, done: &Item) -> Result<()> {
    let due = day(done.properties.get("dueDateTime"));
    let recurrence = done.properties.get("recurrence");
    let (Some(due), Some(recurrence)) = (due, recurrence) else { return Ok(()) };
    let start = recurrence.pointer("/range/startDate").and_then(Value::as_str).and_then(|text| text.parse::<Date>().ok()).unwrap_or(due);
    let Some(following) = Rule::read(recurrence, start)?.days().find(|day| *day > due) else { return Ok(()) };
    let mut properties = done.properties.clone();
    properties.insert("dueDateTime".to_owned(), midnight(following));
    properties.insert("status".to_owned(), json!("notStarted"));
    properties.remove("completedDateTime");
    let now = call.now;
    let key = call.mailbox_mut()?.add(Kind::Task, done.parent, properties, now);
    call.item_mut(key)?.parts = done.parts.clone();
    Ok(())
}

fn midnight(day: Date) -> Value {
    json!({"dateTime": written(day.to_datetime(Time::midnight())), "timeZone": "UTC"})
}

/// The day of a time that was kept.
fn day(kept: Option<&Value>) -> Option<Date> {
    kept.and_then(|kept| kept.get("dateTime")).and_then(Value::as_str).and_then(wall).map(|at| at.date())
}

/// Writes a body into the properties of a task.
fn apply(call: &Call<'_>, properties: &mut Map<String, Value>, body: Map<String, Value>) -> Result<()> {
    if let Some(name) = ["attachments", "attachmentSessions", "checklistItems", "extensions", "linkedResources"]
        .into_iter()
        .find(|name| body.contains_key(*name))
    {
        return Err(invalid(format!("The relation '{name}' cannot be written here.")));
    }
    let says_done = body.contains_key("completedDateTime");
    let status = body.get("status").cloned();
    for (name, value) in body {
        let value = if value.is_object() && (DAYS.contains(&name.as_str()) || name == "reminderDateTime") {
            moment(&value, DAYS.contains(&name.as_str()), call)?
        } else {
            value
        };
        if value.is_null() {
            properties.remove(&name)
        } else {
            properties.insert(name, value)
        };
    }
    match status.as_ref().and_then(Value::as_str) {
        Some("completed") if !says_done => {
            let today = Zone::utc().wall(call.now).date();
            properties.insert("completedDateTime".to_owned(), midnight(today));
        }
        Some(other) if other != "completed" => {
            properties.remove("completedDateTime");
        }
        _ => {}
    }
    if let Some(recurrence) = properties.get("recurrence").filter(|value| value.is_object()).cloned() {
        let start = recurrence.pointer("/range/startDate").and_then(Value::as_str).and_then(|text| text.parse::<Date>().ok());
        let Some(start) = start.or_else(|| day(properties.get("dueDateTime"))) else {
            return refuse(400, "invalidRequest", "A task that recurs needs a dueDateTime.");
        };
        let rule = Rule::read(&recurrence, start)?;
        properties.insert("recurrence".to_owned(), rule.written(&recurrence, "UTC"));
        properties.entry("dueDateTime").or_insert_with(|| midnight(rule.start));
    }
    Ok(())
}

/// A time as it is kept: in UTC, its day alone where only that counts.
fn moment(value: &Value, day: bool, call: &Call<'_>) -> Result<Value> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let zone = Zone::read(text("timeZone").unwrap_or("UTC"), &call.rules().events)?;
    let Some(at) = text("dateTime").and_then(wall) else { return refuse(400, "invalidRequest", "A dateTime is no time.") };
    let utc = Zone::utc().wall(zone.instant(at));
    Ok(if day { midnight(utc.date()) } else { json!({"dateTime": written(utc), "timeZone": "UTC"}) })
}

fn value(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    let set = |default: &str| item.properties.get(name).cloned().unwrap_or_else(|| Value::from(default));
    let parts = |of: &str| -> Value { item.parts.iter().filter(|part| part.of == of).map(parts::shown).collect() };
    match name {
        "status" => set("notStarted"),
        "importance" => set("normal"),
        "isReminderOn" => json!(item.is("isReminderOn")),
        "hasAttachments" => json!(item.parts.iter().any(|part| part.of == "taskFileAttachment")),
        // A task's body is text unless it was written as HTML.
        "body" => text::body(
            item.properties.get("body"),
            item.properties.get("body").is_none_or(|body| body.get("contentType") != Some(&json!("html"))),
        ),
        "bodyLastModifiedDateTime" => Value::from(show::whole_seconds(item.modified)),
        "checklistItems" => parts("checklistItem"),
        "linkedResources" => parts("linkedResource"),
        "attachments" => item.parts.iter().filter(|part| part.of == "taskFileAttachment").map(|part| attachments::shown(part, 0)).collect(),
        _ => show::kept(mailbox, item, name, view),
    }
}

fn shown(mailbox: &Mailbox, item: &Item, view: &View) -> Value {
    let mut out = show::entity(OF, view, &[], &|name| value(mailbox, item, name, view));
    out.insert("@odata.etag".to_owned(), Value::from(show::etag(mailbox, item)));
    if view.select.is_none() {
        // Dates that nobody set are not told.
        for name in ["dueDateTime", "startDateTime", "completedDateTime", "reminderDateTime", "recurrence"] {
            if out.get(name).is_some_and(Value::is_null) {
                out.remove(name);
            }
        }
    }
    show::relations(&mut out, view, &|name| value(mailbox, item, name, view));
    Value::Object(out)
}

fn answer(call: &Call<'_>, key: u64, view: &View, status: u16) -> Result {
    let mut body = shown(call.mailbox()?, call.item(key)?, view);
    if let Some(object) = body.as_object_mut() {
        object.insert("@odata.context".to_owned(), call.context(&format!("users('{}')/todo/lists/tasks/$entity", call.owner)));
    }
    Ok(Answer::json(status, body, Says::One(OF)))
}
