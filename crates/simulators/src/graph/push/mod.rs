//! Subscriptions (<https://learn.microsoft.com/graph/change-notifications-overview>): made after a handshake, and dead when they expire.

mod courier;
mod notices;

pub use courier::Courier;
pub(crate) use courier::{deliver, loopback};
pub(crate) use notices::{Notice, due};

use crate::graph::answer::{Answer, Refusal, Result, Says, no_such_method, no_such_path, not_found, refusal, refuse};
use crate::graph::ask::{Ask, encode};
use crate::graph::ids;
use crate::graph::odata::View;
use crate::graph::show;
use crate::graph::store::{Kind, Scope};
use crate::graph::world::{Grant, World};
use bytes::Bytes;
use http::{Request, Response};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value, json};

const OF: &str = "subscription";
/// Minutes that a subscription lives at least.
const LEAST: i64 = 45;
/// Minutes for tasks, and for the directory.
const TASKS: i64 = 4_230;
const PEOPLE: i64 = 41_760;
/// Characters of a `clientState`.
const STATE: usize = 128;

/// A subscription.
#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) properties: Map<String, Value>,
    pub(crate) watched: Watched,
    pub(crate) immutable: bool,
    pub(crate) until: Timestamp,
    /// The last change that was notified.
    pub(crate) seen: u64,
    /// Whose tokens made it.
    pub(crate) app: String,
}

/// What a subscription looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Items of a mailbox.
    Items(String, Scope),
    /// Users: all of them, or one by id.
    Users(Option<String>),
}

/// An address that must answer before its subscription counts.
#[derive(Debug, Clone)]
pub(crate) struct Handshake {
    pub(crate) subscription: String,
    pub(crate) url: String,
    pub(crate) token: String,
}

/// The request that asks an address whether it wants a subscription.
pub(crate) fn question(shake: &Handshake) -> Option<Request<Bytes>> {
    let joint = if shake.url.contains('?') { '&' } else { '?' };
    let asked = format!("{}{joint}validationToken={}", shake.url, encode(&shake.token, false));
    Request::post(asked).header("content-type", "text/plain; charset=utf-8").body(Bytes::new()).ok()
}

/// Whether an answer is the token, as text.
pub(crate) fn agrees(answer: Option<&Response<Bytes>>, shake: &Handshake) -> bool {
    let is_text = |answer: &Response<Bytes>| {
        let told = answer.headers().get("content-type").and_then(|told| told.to_str().ok()).unwrap_or_default();
        told.to_lowercase().starts_with("text/plain")
    };
    answer.is_some_and(|answer| answer.status() == 200 && is_text(answer) && answer.body() == shake.token.as_bytes())
}

/// What a subscription is refused with whose address did not agree.
pub(crate) fn unanswered(shake: &Handshake) -> Box<Refusal> {
    let says = format!(
        "Subscription validation request failed. Notification endpoint must respond with 200 OK to validation request: {}",
        shake.url
    );
    refusal(400, "ValidationError", says)
}

/// Requests below `/subscriptions`.
pub(crate) fn subscriptions(world: &mut World, ask: &Ask, grant: &Grant, rest: &[&str]) -> Result {
    let now = world.now();
    world.store.subscriptions.retain(|_, subscription| subscription.until > now);
    match (ask.method.as_str(), rest) {
        ("GET", []) => {
            let view = View::read(ask, OF)?;
            let mine: Vec<&Subscription> =
                world.store.subscriptions.values().filter(|subscription| subscription.app == grant.app).collect();
            let context = Value::from(format!("{}/$metadata#subscriptions", ask.root));
            let look = |one: &&Subscription, name: &str| one.properties.get(name).cloned().unwrap_or(Value::Null);
            show::listing(ask, OF, context, mine, &look, &|one| shown(one, &view))
        }
        ("POST", []) => create(world, ask, grant),
        ("GET", [id]) => {
            let view = View::read(ask, OF)?;
            let one = world.store.subscriptions.get(*id).ok_or_else(not_found)?;
            Ok(Answer::json(200, shown(one, &view), Says::One(OF)))
        }
        ("PATCH", [id]) => {
            let body = ask.read(OF)?;
            if let Some(name) = body.keys().find(|name| !matches!(name.as_str(), "expirationDateTime" | "notificationUrl" | "@odata.type"))
            {
                return refuse(400, "InvalidRequest", format!("The property '{name}' of a subscription cannot be changed."));
            }
            let one = world.store.subscriptions.get(*id).cloned().ok_or_else(not_found)?;
            let until = expiry(&body, &one.watched, world, now)?;
            let one = world.store.subscriptions.get_mut(*id).ok_or_else(not_found)?;
            one.until = until;
            one.properties.insert("expirationDateTime".to_owned(), Value::from(until.to_string()));
            Ok(Answer::json(200, shown(one, &View::whole(ask)), Says::One(OF)))
        }
        ("DELETE", [id]) => {
            world.store.subscriptions.remove(*id).ok_or_else(not_found)?;
            Ok(Answer::empty(204))
        }
        ("POST", [id, action]) if action.eq_ignore_ascii_case("reauthorize") => {
            if !world.store.subscriptions.contains_key(*id) {
                return Err(not_found());
            }
            Ok(Answer::empty(204))
        }
        (_, [_, name, ..]) => Err(no_such_path(name)),
        _ => Err(no_such_method()),
    }
}

fn create(world: &mut World, ask: &Ask, grant: &Grant) -> Result {
    let body = ask.read(OF)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let changes: Vec<String> = text("changeType").split(',').map(|one| one.trim().to_lowercase()).collect();
    if changes.iter().any(|one| !matches!(one.as_str(), "created" | "updated" | "deleted")) {
        return refuse(400, "InvalidRequest", "Subscription needs a changeType of created, updated and deleted.");
    }
    for name in ["notificationUrl", "lifecycleNotificationUrl"] {
        let url = text(name);
        if (name == "notificationUrl" || !url.is_empty()) && !(url.starts_with("https://") || loopback(url)) {
            return refuse(400, "InvalidRequest", format!("The {name} must be an https address."));
        }
    }
    if text("clientState").chars().count() > STATE {
        return refuse(400, "InvalidRequest", format!("The clientState has more than {STATE} characters."));
    }
    let watched = watched(world, grant, ask, text("resource"))?;
    let now = world.now();
    let until = expiry(&body, &watched, world, now)?;
    let of_this = |one: &&Subscription| match (&one.watched, &watched) {
        (Watched::Items(one, _), Watched::Items(other, _)) => one == other,
        (one, other) => one == other,
    };
    if world.store.subscriptions.values().filter(of_this).count() >= world.rules.limits.subscriptions {
        return refuse(403, "ExtensionError", "The limit of subscriptions for this resource is reached.");
    }
    world.asked += 1;
    let id = ids::guid(&world.secret(), &format!("subscription {}", world.asked));
    let seen = match &watched {
        Watched::Items(owner, _) => world.store.mailboxes.get(owner).map(|mailbox| mailbox.seq).unwrap_or_default(),
        Watched::Users(_) => world.store.directory.seq,
    };
    let mut properties = body.clone();
    properties.remove("@odata.type");
    for (name, value) in
        [("id", id.as_str()), ("applicationId", grant.app.as_str()), ("creatorId", grant.user.as_deref().unwrap_or(&grant.app))]
    {
        properties.insert(name.to_owned(), Value::from(value));
    }
    properties.insert("expirationDateTime".to_owned(), Value::from(until.to_string()));
    for name in ["notificationUrl", "lifecycleNotificationUrl"].into_iter().filter(|name| !text(name).is_empty()) {
        let token = format!("Validation: Testing client application reachability for subscription Request-Id: {id}");
        world.handshakes.push(Handshake { subscription: id.clone(), url: text(name).to_owned(), token });
    }
    let one = Subscription { id: id.clone(), properties, watched, immutable: ask.prefer.immutable, until, seen, app: grant.app.clone() };
    let answer = Answer::json(201, shown(&one, &View::whole(ask)), Says::One(OF));
    world.store.subscriptions.insert(id, one);
    Ok(answer)
}

fn shown(one: &Subscription, view: &View) -> Value {
    let mut out = show::entity(OF, view, &[], &|name| one.properties.get(name).cloned().unwrap_or(Value::Null));
    if view.select.is_none() {
        // Who did not ask for data is told nothing of it.
        out.retain(|name, value| !(value.is_null() && (name.starts_with("encryption") || name == "includeResourceData")));
    }
    Value::Object(out)
}

/// Until when a subscription lives.
fn expiry(body: &Map<String, Value>, watched: &Watched, world: &World, now: Timestamp) -> Result<Timestamp> {
    let most = match watched {
        Watched::Items(_, Scope { kind: Kind::Task, .. }) => TASKS,
        Watched::Items(..) => world.rules.push.outlook_minutes,
        Watched::Users(_) => PEOPLE,
    };
    let Some(until) = body.get("expirationDateTime").and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok()) else {
        return refuse(400, "InvalidRequest", "Subscription needs an expirationDateTime.");
    };
    if until <= now {
        return refuse(400, "InvalidRequest", "Subscription expiration is in the past.");
    }
    if until.as_second() - now.as_second() > most * 60 {
        return refuse(400, "InvalidRequest", format!("Subscription expiration can only be {most} minutes in the future."));
    }
    let least = now.checked_add(LEAST.minutes()).unwrap_or(now);
    Ok(until.max(least))
}

/// What a resource is.
fn watched(world: &World, grant: &Grant, ask: &Ask, resource: &str) -> Result<Watched> {
    let asked = Ask::new("GET", ask.root.clone(), &format!("/{}", resource.trim_start_matches('/')), Vec::new(), Vec::new())?;
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let unknown = || refuse(400, "InvalidRequest", format!("The resource '{resource}' cannot be subscribed to."));
    let lower: Vec<String> = path.iter().map(|segment| segment.to_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let (owner, rest, raw) = match lower.as_slice() {
        ["users"] => return Ok(Watched::Users(None)),
        ["users", name] => {
            let key = world.user_named(name).ok_or_else(not_found)?;
            return Ok(Watched::Users(world.store.directory.users.get(&key).map(|user| user.id.clone())));
        }
        ["me", rest @ ..] => (grant.user.clone().ok_or_else(not_found)?, rest, path.get(1..)),
        ["users", name, rest @ ..] => (world.user_named(name).ok_or_else(not_found)?, rest, path.get(2..)),
        _ => return unknown(),
    };
    // A delegated token subscribes to its user's own mailbox alone.
    if grant.user.as_ref().is_some_and(|user| *user != owner) {
        return refuse(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
    }
    let mailbox = world.store.mailboxes.get(&owner).ok_or_else(not_found)?;
    let folder = |kind: Kind| {
        let id = raw.and_then(|raw| raw.iter().rev().nth(1)).copied().unwrap_or_default();
        let known = mailbox.known.iter().find(|(name, _)| name.eq_ignore_ascii_case(id)).map(|(_, key)| *key);
        let found = mailbox.find(id).ok().flatten().map(|(item, _)| item.key);
        known.or(found).filter(|key| mailbox.items.get(key).is_some_and(|item| item.kind == kind)).ok_or_else(not_found)
    };
    let scope = match rest {
        ["events"] => Scope { kind: Kind::Event, parent: None },
        ["contacts"] => Scope { kind: Kind::Contact, parent: None },
        ["messages"] => Scope { kind: Kind::Message, parent: None },
        ["contactfolders", _, "contacts"] => Scope { kind: Kind::Contact, parent: Some(folder(Kind::ContactFolder)?) },
        ["mailfolders", _, "messages"] => Scope { kind: Kind::Message, parent: Some(folder(Kind::MailFolder)?) },
        ["todo", "lists", _, "tasks"] => Scope { kind: Kind::Task, parent: Some(folder(Kind::TaskList)?) },
        _ => return unknown(),
    };
    Ok(Watched::Items(owner, scope))
}

/// A notification about a subscription itself.
pub(crate) fn lifecycle(one: &Subscription, event: &str, tenant: &str) -> Value {
    json!({"value": [{
        "subscriptionId": one.id, "subscriptionExpirationDateTime": one.until.to_string(), "tenantId": tenant,
        "clientState": one.properties.get("clientState").cloned().unwrap_or(Value::Null), "lifecycleEvent": event,
    }]})
}
