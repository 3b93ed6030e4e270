//! Recordings of Microsoft Graph: a first round as far as they answer it, and every list and item in them by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use pimkit_contract::replay::{Recording, Replay, Taken};
use pimkit_core::{CollectionId, Connector, Contact, Event, Fetched, ItemId, Message, Record, Repository, Result, Task, User};
use pimkit_graph::{Config, Graph, Quirks};
use serde_json::{Value, json};

use super::{Fed, journey, path};
use crate::scenarios::graph::over;

/// What is asked for where nobody's recording says otherwise.
const VERSION: &str = "/v1.0";

/// Whether an exchange is one with Microsoft Graph: JSON of OData below a version.
pub(super) fn is_one(taken: &Taken) -> bool {
    let version = path(&taken.target).split('/').nth(1).unwrap_or_default();
    matches!(version, "v1.0" | "beta") && (200..300).contains(&taken.status) && body(taken).is_some_and(|body| body.is_object())
}

fn body(taken: &Taken) -> Option<Value> {
    serde_json::from_slice(&taken.received).ok()
}

/// An account without batches, as others' programs ask one thing at a time.
fn open(base: &str) -> Result<Graph> {
    let mut quirks = Quirks::default();
    quirks.batch = 1;
    over::opening(Config::new(format!("{base}{VERSION}")).quirks(quirks), over::network()?).open()
}

/// A first round of every kind: how many exchanges were asked for, and where it stopped.
pub(super) async fn through(recording: Recording) -> (usize, Vec<String>) {
    let replay = Replay::loose(recording).await;
    let mut stops = Vec::new();
    match open(&replay.base()) {
        Ok(graph) => {
            journey::read(graph.contacts(), &[], &mut stops).await;
            journey::read(graph.events(), &[], &mut stops).await;
            journey::read(graph.tasks(), &[], &mut stops).await;
            journey::read(graph.messages(), &[], &mut stops).await;
            journey::read(graph.users(), &[], &mut stops).await;
        }
        Err(error) => stops.push(error.to_string()),
    }
    (replay.used().0, stops)
}

/// What an answer holds, by the last word of its path that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Contacts,
    Events,
    Tasks,
    Messages,
    Users,
}

impl Kind {
    fn of(target: &str) -> Option<Self> {
        let mut found = None;
        for word in path(target).split('/') {
            found = match word.split("('").next().unwrap_or_default() {
                "contacts" => Some(Self::Contacts),
                "events" | "calendarView" => Some(Self::Events),
                "tasks" => Some(Self::Tasks),
                "messages" => Some(Self::Messages),
                "users" | "me" if found.is_none() => Some(Self::Users),
                // Something else that is below one of them.
                "attachments" | "photo" | "photos" | "instances" | "checklistItems" | "linkedResources" | "manager" | "members"
                | "contactFolders" | "childFolders" | "calendars" | "calendarGroups" | "mailFolders" | "lists" | "outlook"
                | "mailboxSettings" | "extensions" => None,
                _ => found,
            };
        }
        found
    }

    /// Where items are asked for, and their list.
    fn places(self) -> (&'static str, &'static str) {
        match self {
            Self::Contacts => ("/me/contacts", "contacts"),
            Self::Events => ("/me/calendars/list/events", "list"),
            Self::Tasks => ("/me/todo/lists/list/tasks", "list"),
            Self::Messages => ("/me/messages", "list"),
            Self::Users => ("/users", "directory"),
        }
    }
}

/// Feeds one exchange.
pub(super) async fn one(taken: Taken) -> Fed {
    let Some(body) = body(&taken) else { return Fed::default() };
    let answers = match body.get("responses").and_then(Value::as_array) {
        // A batch: each of its answers by itself.
        Some(responses) if path(&taken.target).ends_with("/$batch") => {
            let asked: Value = serde_json::from_slice(&taken.sent).unwrap_or_default();
            let calls = asked.get("requests").and_then(Value::as_array).cloned().unwrap_or_default();
            let url = |id: &Value| calls.iter().find(|call| call.get("id") == Some(id)).and_then(|call| call.get("url")?.as_str());
            let good = responses.iter().filter(|one| one.get("status").and_then(Value::as_u64).is_some_and(|s| (200..300).contains(&s)));
            good.filter_map(|one| Some((format!("{VERSION}{}", url(one.get("id")?)?), one.get("body")?.clone()))).collect()
        }
        _ => vec![(taken.target.clone(), body)],
    };
    let mut fed = Fed::default();
    for (target, body) in answers {
        let Fed { answer, unreadable, read, unread } = answered(&target, body).await;
        fed.answer |= answer;
        fed.unreadable = fed.unreadable.or(unreadable);
        fed.read += read;
        fed.unread += unread;
    }
    fed
}

async fn answered(target: &str, body: Value) -> Fed {
    let Some(kind) = Kind::of(target) else { return Fed::default() };
    let is_list = body.get("value").is_some();
    let mut fed = Fed { answer: is_list, ..Fed::default() };
    let rows: Vec<Value> = match body.get("value") {
        Some(Value::Array(rows)) => rows.clone(),
        Some(Value::Null) => Vec::new(),
        Some(_) => {
            fed.unreadable = Some("the answer is no list of Microsoft Graph's".to_owned());
            return fed;
        }
        None => vec![body],
    };
    let rows = rows.into_iter().filter(|row| is_whole(kind, row)).map(without_its_place).collect::<Vec<_>>();
    let (read, unread) = items(kind, &rows).await;
    (fed.read, fed.unread) = (read, unread);
    fed
}

/// Whether a row says enough to be an item by itself: a row of a list may hold no more than what was asked for.
fn is_whole(kind: Kind, row: &Value) -> bool {
    let has = |name: &str| row.get(name).is_some_and(|value| !value.is_null());
    let says = match kind {
        Kind::Contacts => has("changeKey") && row.get("displayName").is_some(),
        // An occurrence is no item: its series is.
        Kind::Events => {
            has("changeKey") && has("start") && has("end") && row.get("type").is_none_or(|kind| kind != "occurrence" && kind != "exception")
        }
        Kind::Tasks => has("title"),
        Kind::Messages => has("changeKey") && row.get("subject").is_some(),
        Kind::Users => has("userPrincipalName"),
    };
    has("id") && says && !has("@removed")
}

/// Which folder it is in is of no matter here, nor are files that were not recorded.
fn without_its_place(mut row: Value) -> Value {
    if let Some(object) = row.as_object_mut() {
        object.remove("parentFolderId");
        object.remove("hasAttachments");
    }
    row
}

async fn items(kind: Kind, rows: &[Value]) -> (usize, usize) {
    let (place, list) = kind.places();
    let mut ids = BTreeSet::new();
    let answer = |target: String, body: &Value| Taken {
        method: "GET".to_owned(),
        target,
        status: 200,
        answered: vec![("content-type".to_owned(), "application/json".to_owned())],
        received: body.to_string().into_bytes(),
        ..Taken::default()
    };
    let mut exchanges = vec![
        answer(format!("{VERSION}/me/calendars/list"), &json!({ "id": "list", "name": "List", "canEdit": true })),
        answer(format!("{VERSION}/me/mailboxSettings"), &json!({ "timeZone": "UTC" })),
    ];
    // Short ids of our own: what is escaped how is not what is tried here.
    for (number, row) in rows.iter().enumerate() {
        let mut row = row.clone();
        if let Some(object) = row.as_object_mut() {
            object.insert("id".to_owned(), json!(format!("item-{number}")));
        }
        exchanges.push(answer(format!("{VERSION}{place}/item-{number}"), &row));
        ids.insert(ItemId::from(format!("item-{number}")));
    }
    let replay = Replay::loose(Recording::of(exchanges)).await;
    let Ok(graph) = open(&replay.base()) else { return (0, rows.len()) };
    let (at, ids) = (CollectionId::of(list), ids.into_iter().collect::<Vec<_>>());
    match kind {
        Kind::Contacts => counted::<Contact>(graph.contacts(), &at, &ids).await,
        Kind::Events => counted::<Event>(graph.events(), &at, &ids).await,
        Kind::Tasks => counted::<Task>(graph.tasks(), &at, &ids).await,
        Kind::Messages => counted::<Message>(graph.messages(), &at, &ids).await,
        Kind::Users => counted::<User>(graph.users(), &at, &ids).await,
    }
}

async fn counted<R: Record>(items: Option<Arc<dyn Repository<R>>>, at: &CollectionId, ids: &[ItemId]) -> (usize, usize) {
    let Some(items) = items.filter(|_| !ids.is_empty()) else { return (0, 0) };
    let read = items.fetch(at, ids).await.iter().filter(|fetched| matches!(fetched, Fetched::Found(_))).count();
    (read, ids.len() - read)
}

#[cfg(test)]
mod tests;
