//! Users and groups (<https://learn.microsoft.com/graph/api/resources/user>), as they are read.

mod delta;

use crate::graph::answer::{Answer, Result, Says, no_such_method, no_such_path, refusal, refuse};
use crate::graph::ask::Ask;
use crate::graph::contacts::{Pictured, metadata, picture};
use crate::graph::directory::{Directory, User};
use crate::graph::odata::View;
use crate::graph::show;
use crate::graph::world::World;
use serde_json::{Map, Value, json};

const OF: &str = "user";
/// What comes when nobody says what to show.
const BY_ITSELF: &[&str] = &[
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];
/// What is told of a single user alone.
const OF_ONE: &[&str] = &["aboutMe", "birthday", "mySite", "mailboxSettings"];
/// The most users of a page.
const MOST: usize = 999;

/// Requests below `/users`.
pub(crate) fn users(world: &mut World, ask: &Ask, rest: &[&str]) -> Result {
    if ask.method != "GET" {
        return refuse(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
    }
    match rest {
        [] => listed(world, ask, world.store.directory.users.values().collect(), Says::Many(OF)),
        [name] if name.eq_ignore_ascii_case("delta") => delta::delta(world, ask),
        [name] if name.eq_ignore_ascii_case("$count") => {
            eventual(ask, "$count")?;
            let view = View::whole(ask);
            let all: Vec<&User> = world.store.directory.users.values().collect();
            show::count(ask, OF, &all, &|user, name| value(user, name, &view))
        }
        [name, rest @ ..] => {
            let key = world.user_named(name).ok_or_else(|| missing(name))?;
            one(world, ask, &key, rest)
        }
    }
}

fn missing(name: &str) -> Box<crate::graph::answer::Refusal> {
    refusal(
        404,
        "Request_ResourceNotFound",
        format!("Resource '{name}' does not exist or one of its queried reference-property objects are not present."),
    )
}

/// Requests to a user and what lies below in the directory.
pub(crate) fn one(world: &World, ask: &Ask, key: &str, rest: &[&str]) -> Result {
    let directory = &world.store.directory;
    let user = directory.users.get(key).ok_or_else(|| missing(key))?;
    if ask.method != "GET" {
        return Err(no_such_method());
    }
    match rest {
        [] => {
            let view = View::read(ask, OF)?;
            let mut body = shown(user, &view);
            manager(&mut body, directory, user, &view);
            body.insert("@odata.context".to_owned(), Value::from(format!("{}/$metadata#users/$entity", ask.root)));
            Ok(Answer::json(200, Value::Object(body), Says::One(OF)))
        }
        [name] if name.eq_ignore_ascii_case("manager") => match user.manager.as_ref().and_then(|key| directory.users.get(key)) {
            Some(manager) => Ok(Answer::json(200, Value::Object(derived(manager, &View::read(ask, OF)?)), Says::One("directoryObject"))),
            None => Err(missing("manager")),
        },
        [name] if name.eq_ignore_ascii_case("directReports") => {
            let all = directory.users.values().filter(|other| other.manager.as_deref() == Some(key)).collect();
            listed(world, ask, all, Says::Many("directoryObject"))
        }
        [name, rest @ ..] if name.eq_ignore_ascii_case("photo") => {
            picture(ask, Pictured::User, user.photo.as_ref(), rest).map(|(answer, _)| answer)
        }
        [name, size, rest @ ..] if name.eq_ignore_ascii_case("photos") => {
            if !SIZES.contains(&size.to_lowercase().as_str()) {
                return refuse(404, "ErrorItemNotFound", "The specified object was not found in the store.");
            }
            picture(ask, Pictured::User, user.photo.as_ref(), rest).map(|(answer, _)| answer)
        }
        [name] if name.eq_ignore_ascii_case("photos") => {
            let all: Vec<Value> = user.photo.iter().map(|photo| Value::Object(metadata(photo))).collect();
            Ok(Answer::json(200, json!({"value": all}), Says::Many("profilePhoto")))
        }
        [name, ..] => Err(no_such_path(name)),
    }
}

/// Sizes in which photos are kept.
const SIZES: &[&str] = &["48x48", "64x64", "96x96", "120x120", "240x240", "360x360", "432x432", "504x504", "648x648"];

/// Requests below `/groups`: who is in one.
pub(crate) fn groups(world: &World, ask: &Ask, rest: &[&str]) -> Result {
    let directory = &world.store.directory;
    let ([id, name, rest @ ..], "GET") = (rest, ask.method.as_str()) else { return Err(no_such_path("groups")) };
    let Some(members) = directory.groups.get(&id.to_lowercase()) else { return Err(missing(id)) };
    let all = members.iter().filter_map(|key| directory.users.get(key)).collect();
    if !name.eq_ignore_ascii_case("members") && !name.eq_ignore_ascii_case("transitiveMembers") {
        return Err(no_such_path(name));
    }
    match rest {
        [] => listed(world, ask, all, Says::Many("directoryObject")),
        [cast] if cast.eq_ignore_ascii_case("user") => listed(world, ask, all, Says::Many(OF)),
        [name, ..] => Err(no_such_path(name)),
    }
}

/// What needs an index that is behind says so (<https://learn.microsoft.com/graph/aad-advanced-queries>).
fn eventual(ask: &Ask, what: &str) -> Result<()> {
    if ask.header("consistencylevel").is_some_and(|told| told.eq_ignore_ascii_case("eventual")) {
        return Ok(());
    }
    refuse(
        400,
        "Request_UnsupportedQuery",
        format!(
            "Request with {what} query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'"
        ),
    )
}

fn listed(world: &World, ask: &Ask, mut all: Vec<&User>, says: Says) -> Result {
    let view = View::read(ask, OF)?;
    only_of_one(&view)?;
    if let Some(searched) = ask.option("search") {
        eventual(ask, "$search")?;
        all.retain(|user| found(user, searched));
    }
    if ask.number("top")?.is_some_and(|top| top > MOST) {
        return refuse(400, "Request_BadRequest", format!("Invalid page size specified. Must be between 1 and {MOST} inclusive."));
    }
    if ask.option("skip").is_some() {
        return refuse(400, "Request_BadRequest", "The query parameter '$skip' is not supported.");
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    // Pages of the directory go on from a token, which holds how far they came.
    let mut paged = ask.clone();
    let from =
        ask.option("skiptoken").and_then(|token| usize::from_str_radix(token.trim_start_matches("RFNwdA"), 16).ok()).unwrap_or_default();
    paged.query.push(("skip".to_owned(), from.to_string()));
    if ask.option("top").is_none() {
        paged.query.push(("top".to_owned(), "100".to_owned()));
    }
    let directory = &world.store.directory;
    let row = |user: &&User| {
        let mut row = if says == Says::Many(OF) { shown(user, &view) } else { derived(user, &view) };
        manager(&mut row, directory, user, &view);
        Value::Object(row)
    };
    let context = Value::from(format!("{}/$metadata#users", ask.root));
    let mut answer = show::listing(&paged, OF, context, all, &|user, name| value(user, name, &view), &row)?;
    if let crate::graph::answer::Body::Json(Value::Object(body)) = &mut answer.body
        && body.remove("@odata.nextLink").is_some()
    {
        let size: usize = paged.option("top").and_then(|top| top.parse().ok()).unwrap_or(100);
        let kept = ask.query.iter().filter(|(name, _)| name != "skiptoken");
        let mut options: Vec<(String, String)> = kept.map(|(name, value)| (format!("${name}"), value.clone())).collect();
        options.push(("$skiptoken".to_owned(), format!("RFNwdA{:x}", from + size)));
        let options: Vec<(&str, String)> = options.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        body.insert("@odata.nextLink".to_owned(), Value::from(ask.with(&options)));
    }
    answer.says = says;
    Ok(answer)
}

/// `"property:word" AND …`: every part must be in its property.
fn found(user: &User, searched: &str) -> bool {
    searched.split(" AND ").all(|part| {
        let part = part.trim().trim_matches('"');
        let (name, word) = part.split_once(':').unwrap_or(("displayName", part));
        let value = user.properties.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        value.contains(&word.trim_matches('"').to_lowercase())
    })
}

/// # Errors
/// 501 for properties that lie in another store, where more than one user is asked for.
fn only_of_one(view: &View) -> Result<()> {
    match view.select.iter().flatten().find(|name| OF_ONE.contains(&name.as_str())) {
        Some(name) => refuse(501, "NotImplemented", format!("Not Implemented: '{name}' is told of a single user alone.")),
        None => Ok(()),
    }
}

fn value(user: &User, name: &str, view: &View) -> Value {
    let _ = view;
    match user.properties.get(name) {
        Some(value) => value.clone(),
        None if name == "birthday" => json!("0001-01-01T00:00:00Z"),
        None => show::unset(OF, name),
    }
}

fn shown(user: &User, view: &View) -> Map<String, Value> {
    let view = match &view.select {
        Some(_) => view.clone(),
        None => View { select: Some(BY_ITSELF.iter().map(|name| (*name).to_owned()).collect()), ..view.clone() },
    };
    show::entity(OF, &view, &[], &|name| value(user, name, &view))
}

/// A user where any directory object can stand.
fn derived(user: &User, view: &View) -> Map<String, Value> {
    let mut out = shown(user, view);
    out.insert("@odata.type".to_owned(), Value::from("#microsoft.graph.user"));
    out
}

fn manager(body: &mut Map<String, Value>, directory: &Directory, user: &User, view: &View) {
    let Some(expand) = view.expands("manager") else { return };
    if let Some(manager) = user.manager.as_ref().and_then(|key| directory.users.get(key)) {
        let view = View { select: expand.select.clone(), expand: Vec::new(), ..view.clone() };
        body.insert("manager".to_owned(), Value::Object(derived(manager, &view)));
    }
}
