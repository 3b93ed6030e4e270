//! Calendars and their groups (<https://learn.microsoft.com/graph/api/resources/calendar>).

use crate::graph::answer::{Answer, Result, Says, no_such_method, no_such_path, refuse};
use crate::graph::odata::View;
use crate::graph::store::{Item, Kind, Mailbox};
use crate::graph::world::Call;
use crate::graph::{events, extended, show, strip_own};
use serde_json::{Map, Value, json};

const OF: &str = "calendar";
const GROUP: &str = "calendarGroup";
/// Properties of a calendar that are the service's own.
const OWN: &[&str] = &[
    "id",
    "changeKey",
    "canEdit",
    "canShare",
    "canViewPrivateItems",
    "hexColor",
    "isRemovable",
    "isTallyingResponses",
    "owner",
    "allowedOnlineMeetingProviders",
    "defaultOnlineMeetingProvider",
    "isDefaultCalendar",
    "@odata.type",
];

/// Requests below `/calendars`, of one group where `group` says which.
pub(crate) fn calendars(call: &mut Call<'_>, group: Option<u64>, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        let parent = group.unwrap_or(call.mailbox()?.known("calendargroup"));
        return match method {
            "GET" => list(call, group),
            "POST" => create(call, parent),
            _ => Err(no_such_method()),
        };
    };
    let key = call.folder(id, Kind::Calendar)?;
    one(call, key, rest)
}

/// Requests to a calendar and below it.
pub(crate) fn one(call: &mut Call<'_>, key: u64, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    match (method, rest) {
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("events") => events::events(call, key, false, rest),
        ("GET", [name]) if name.eq_ignore_ascii_case("calendarView") => events::calendar_view(call, key),
        ("GET", [name, delta]) if name.eq_ignore_ascii_case("calendarView") && delta.eq_ignore_ascii_case("delta") => {
            events::view_delta(call, key)
        }
        ("GET", []) => answer(call, key, &View::read(call.ask, OF)?, 200),
        ("PATCH", []) => update(call, key),
        ("DELETE", []) => remove(call, key),
        ("POST", [name]) if name.eq_ignore_ascii_case("permanentDelete") => remove(call, key),
        (_, []) => Err(no_such_method()),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

fn list(call: &Call<'_>, group: Option<u64>) -> Result {
    let (mailbox, view) = (call.mailbox()?, View::read(call.ask, OF)?);
    let context = call.context(&format!("users('{}')/calendars", call.owner));
    let all = mailbox.of(Kind::Calendar, group);
    show::listing(call.ask, OF, context, all, &|item, name| value(mailbox, item, name, &view), &|item| shown(mailbox, item, &view))
}

fn create(call: &mut Call<'_>, group: u64) -> Result {
    let mut body = call.ask.read(OF)?;
    let mut kept = std::collections::BTreeMap::new();
    extended::take(&mut body, &mut kept)?;
    strip_own(call, &mut body, OWN);
    let Some(name) = body.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty()).map(str::to_owned) else {
        return refuse(400, "ErrorInvalidRequest", "A calendar needs a name.");
    };
    taken(call, &name, None)?;
    let now = call.now;
    let key = call.mailbox_mut()?.add(Kind::Calendar, group, scalars(body)?, now);
    call.item_mut(key)?.extended = kept;
    let made = answer(call, key, &View::whole(call.ask), 201);
    if call.rules().events.new_calendars_change_ids {
        call.item_mut(key)?.generation += 1;
    }
    made
}

/// # Errors
/// 409 if another calendar has this name.
fn taken(call: &Call<'_>, name: &str, but: Option<u64>) -> Result<()> {
    let all = call.mailbox()?.of(Kind::Calendar, None);
    if all.iter().any(|item| Some(item.key) != but && item.text("name").eq_ignore_ascii_case(name)) {
        return refuse(409, "ErrorFolderExists", "A folder with the specified name already exists.");
    }
    Ok(())
}

/// A body without relations, which are not written here.
fn scalars(body: Map<String, Value>) -> Result<Map<String, Value>> {
    match ["calendarView", "events"].into_iter().find(|name| body.contains_key(*name)) {
        Some(name) => refuse(400, "ErrorInvalidRequest", format!("The relation '{name}' cannot be written here.")),
        None => Ok(body.into_iter().filter(|(_, value)| !value.is_null()).collect()),
    }
}

fn update(call: &mut Call<'_>, key: u64) -> Result {
    let mut body = call.ask.read(OF)?;
    events_writable(call, key)?;
    let mut kept = call.item(key)?.extended.clone();
    extended::take(&mut body, &mut kept)?;
    strip_own(call, &mut body, OWN);
    let is_default = key == call.mailbox()?.known("calendar");
    if let Some(name) = body.get("name").and_then(Value::as_str) {
        if is_default && name != call.item(key)?.text("name") {
            return refuse(400, "ErrorInvalidRequest", "The default calendar cannot be renamed.");
        }
        taken(call, name, Some(key))?;
    }
    let body = scalars(body)?;
    let item = call.item_mut(key)?;
    item.properties.extend(body);
    item.extended = kept;
    call.touch(key)?;
    answer(call, key, &View::whole(call.ask), 200)
}

fn events_writable(call: &Call<'_>, key: u64) -> Result<()> {
    if call.item(key)?.properties.get("canEdit") == Some(&Value::Bool(false)) {
        return refuse(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    }
    Ok(())
}

fn remove(call: &mut Call<'_>, key: u64) -> Result {
    if key == call.mailbox()?.known("calendar") {
        return refuse(403, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.");
    }
    // What is in it is deleted as if by itself: whoever was invited is told.
    for inside in call.mailbox()?.inside(key) {
        let item = call.item(inside)?.clone();
        if item.kind == Kind::Event {
            events::withdraw(call, &item, None)?;
        }
    }
    call.mailbox_mut()?.remove(key);
    Ok(Answer::empty(204))
}

fn value(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    let is_default = item.key == mailbox.known("calendar");
    let set = |default: Value| item.properties.get(name).cloned().unwrap_or(default);
    match name {
        "canEdit" => set(json!(true)),
        "canShare" | "canViewPrivateItems" => json!(true),
        "isDefaultCalendar" => json!(is_default),
        "isRemovable" => json!(!is_default),
        "isTallyingResponses" => json!(true),
        "color" => set(json!("auto")),
        "hexColor" => set(json!("")),
        "owner" => json!({"name": mailbox.owner, "address": mailbox.owner}),
        "allowedOnlineMeetingProviders" => json!(["teamsForBusiness"]),
        "defaultOnlineMeetingProvider" => json!("teamsForBusiness"),
        _ => show::kept(mailbox, item, name, view),
    }
}

fn shown(mailbox: &Mailbox, item: &Item, view: &View) -> Value {
    let mut out = show::entity(OF, view, &[], &|name| value(mailbox, item, name, view));
    show::relations(&mut out, view, &|name| value(mailbox, item, name, view));
    Value::Object(out)
}

fn answer(call: &Call<'_>, key: u64, view: &View, status: u16) -> Result {
    let mut body = shown(call.mailbox()?, call.item(key)?, view);
    if let Some(object) = body.as_object_mut() {
        object.insert("@odata.context".to_owned(), call.context(&format!("users('{}')/calendars/$entity", call.owner)));
    }
    Ok(Answer::json(status, body, Says::One(OF)))
}

/// Requests below `/calendarGroups`.
pub(crate) fn groups(call: &mut Call<'_>, rest: &[&str]) -> Result {
    let method = call.ask.method.as_str();
    let [id, rest @ ..] = rest else {
        return match method {
            "GET" => {
                let (mailbox, view) = (call.mailbox()?, View::read(call.ask, GROUP)?);
                let context = call.context(&format!("users('{}')/calendarGroups", call.owner));
                let all = mailbox.of(Kind::CalendarGroup, None);
                show::listing(call.ask, GROUP, context, all, &|item, name| group_value(mailbox, item, name, &view), &|item| {
                    Value::Object(show::entity(GROUP, &view, &[], &|name| group_value(mailbox, item, name, &view)))
                })
            }
            "POST" => {
                let body = call.ask.read(GROUP)?;
                let Some(name) = body.get("name").and_then(Value::as_str).filter(|name| !name.trim().is_empty()) else {
                    return refuse(400, "ErrorInvalidRequest", "A calendar group needs a name.");
                };
                let properties = Map::from_iter([("name".to_owned(), Value::from(name))]);
                let now = call.now;
                let key = call.mailbox_mut()?.add(Kind::CalendarGroup, 0, properties, now);
                group_answer(call, key, 201)
            }
            _ => Err(no_such_method()),
        };
    };
    let key = call.folder(id, Kind::CalendarGroup)?;
    match (method, rest) {
        (_, [name, rest @ ..]) if name.eq_ignore_ascii_case("calendars") => calendars(call, Some(key), rest),
        ("GET", []) => group_answer(call, key, 200),
        ("PATCH", []) => {
            let body = call.ask.read(GROUP)?;
            let name = body.get("name").filter(|name| name.is_string()).cloned();
            call.item_mut(key)?.properties.extend(name.map(|name| ("name".to_owned(), name)));
            call.touch(key)?;
            group_answer(call, key, 200)
        }
        ("DELETE", []) => {
            if !call.mailbox()?.inside(key).is_empty() {
                return refuse(400, "ErrorInvalidRequest", "A calendar group that holds calendars cannot be deleted.");
            }
            call.mailbox_mut()?.remove(key);
            Ok(Answer::empty(204))
        }
        (_, []) => Err(no_such_method()),
        (_, [name, ..]) => Err(no_such_path(name)),
    }
}

fn group_value(mailbox: &Mailbox, item: &Item, name: &str, view: &View) -> Value {
    match name {
        "classId" => json!("0006f0b7-0000-0000-c000-000000000046"),
        _ => show::kept(mailbox, item, name, view),
    }
}

fn group_answer(call: &Call<'_>, key: u64, status: u16) -> Result {
    let (mailbox, item, view) = (call.mailbox()?, call.item(key)?, View::whole(call.ask));
    let body = show::entity(GROUP, &view, &[], &|name| group_value(mailbox, item, name, &view));
    Ok(Answer::json(status, Value::Object(body), Says::One(GROUP)))
}
