//! Change notifications (<https://learn.microsoft.com/graph/api/resources/subscription>).

use super::{Call, contacts, path::Path};
use jiff::Timestamp;
use pimkit_core::{CollectionId, Kind};
use serde_json::{Value, json};

fn all() -> Path {
    Path::of("subscriptions")
}

/// What is subscribed to for a collection, below the root of the version: the same for all calendars, because Graph has no
/// resource for a single one.
pub(crate) fn resource(mailbox: Path, kind: Kind, collection: &CollectionId) -> Path {
    match kind {
        Kind::Contact => contacts::members(mailbox, collection.as_str()),
        Kind::Event => mailbox.word("events"),
        Kind::Task => mailbox.word("todo/lists").id(collection.as_str()).word("tasks"),
        Kind::Message => mailbox.word("mailFolders").id(collection.as_str()).word("messages"),
        Kind::User => Path::of("users"),
    }
}

/// A new subscription. `lifecycle` cannot be added later.
pub(crate) fn create(resource: &Path, url: &str, lifecycle: &str, client_state: &str, expires: Timestamp) -> Call {
    let body = json!({
        "changeType": "created,updated,deleted",
        "notificationUrl": url,
        "lifecycleNotificationUrl": lifecycle,
        "resource": format!("/{}", resource.as_str()),
        "expirationDateTime": expires.to_string(),
        "clientState": client_state,
    });
    Call::post("graph.subscriptions.create", all(), body)
}

/// A longer life; it also says anew that the account may have the notices.
pub(crate) fn renew(id: &str, expires: Timestamp) -> Call {
    Call::patch("graph.subscriptions.renew", all().id(id), json!({ "expirationDateTime": expires.to_string() })).idempotent(true)
}

/// The end of a subscription.
pub(crate) fn delete(id: &str) -> Call {
    Call::delete("graph.subscriptions.delete", all().id(id))
}

/// Id and end of the subscription in an answer.
pub(crate) fn read(answer: &Value) -> Option<(String, Option<Timestamp>)> {
    let text = |name: &str| super::odata::text(answer, name);
    Some((text("id")?.to_owned(), text("expirationDateTime").and_then(|text| text.parse().ok())))
}
